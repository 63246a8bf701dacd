"""Compares what is served with what trytond's ORM says, value by value.

    run.py URL SYSTEM_BASE

On stdin a JSON object: for each declared resource type the pages of all its resources, bundles as they are served. Each type
has a file in `types`, named after it, which says from the records themselves what must be shown: see hospital.py for how. On
stdout one JSON object:
  checked      for each type how many resources, and how many values of them, were compared
  differences  what is not as the record says
  without      declared types that have no file
  undeclared   types that have a file and are not served, which are not checked
"""
import importlib.util
import json
import sys
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / 'database'))
sys.path.insert(0, str(HERE))

import demo.connect  # noqa: E402  (needs the path above)
from hospital import Hospital, problem  # noqa: E402


def main():
    url, base = sys.argv[1:]
    pages = json.load(sys.stdin, parse_float=Decimal, parse_int=Decimal)
    served = {
        name: {entry['resource']['id']: entry['resource'] for bundle in bundles for entry in bundle.get('entry', ())}
        for name, bundles in pages.items()}
    database = urlsplit(url).path.lstrip('/')
    demo.connect.configure(url)
    from trytond.pool import Pool
    from trytond.transaction import Transaction
    Pool.start()
    pool = Pool(database)
    pool.init()
    report = {'checked': {}, 'differences': [], 'without': [], 'undeclared': []}
    files = {path.stem.replace('_', '').lower(): path for path in (HERE / 'types').glob('*.py')}
    report['without'] = [name for name in served if name.lower() not in files]
    with Transaction().start(database, 0, readonly=True, context={'active_test': False, 'language': 'en'}) as transaction:
        hospital = Hospital(pool, base)
        # some fields have a value for each company
        with transaction.set_context(company=hospital.all('company.company')[0].id):
            for name, path in sorted(files.items()):
                type_ = next((one for one in served if one.lower() == name), None)
                if type_:
                    compare(hospital, type_, load(path), served[type_], report)
                else:
                    report['undeclared'].append(f'{name}: {sum(1 for _ in load(path).resources(hospital))} expected')
    print(json.dumps(report))


def load(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def compare(hospital, type_, module, served, report):
    resources = values = 0
    expected = set()
    for id_, checks in module.resources(hospital):
        expected.add(id_)
        resource = served.get(id_)
        if resource is None:
            report['differences'].append(f'{type_}/{id_} is not served')
            continue
        resources += 1
        for check in checks:
            values += 1
            if wrong := problem(resource, check):
                report['differences'].append(f'{type_}/{id_}: {wrong}')
    known = {prefix(id_) for id_ in expected}
    for id_ in served:
        if id_ not in expected:
            what = 'stands for no record' if prefix(id_) in known else 'is of a source that the file of its type does not know'
            report['differences'].append(f'{type_}/{id_} {what}')
    report['checked'][type_] = [resources, values]


def prefix(id_):
    """What a logical id begins with, if a record id follows."""
    before, dash, _ = id_.partition('-')
    return before if dash and not before.isdigit() else ''


if __name__ == '__main__':
    main()
