"""Activate GNU Health in an empty PostgreSQL database, through trytond's own update run.

    install.py URL

URL names server, role and database: postgres://user:password@host:port/name. The database is made if it is not there.

The order is what makes it bearable: trytond creates its SQL indexes only at the end of an update run,
and PostgreSQL plans well only after ANALYZE. So there are three runs with an ANALYZE after each:
`ir` and `res`, then `health`, then the other modules. All in one run is quadratic.
"""
import argparse
import contextlib
import importlib.util
import io
import os
import secrets
import sys
import tempfile
import time
import traceback
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import demo.connect  # noqa: E402  (needs the path above)

# What the FHIR app serves, and what those modules need. Left out on purpose: genes, UniProt variants,
# ICD-10-PCS and ICD-11, which are most of the size and time of a full installation and which no
# resource depends on.
MODULES = [
    'health_icd10', 'health_who_essential_medicines', 'health_lab', 'health_imaging', 'health_surgery',
    'health_inpatient', 'health_nursing', 'health_icu', 'health_lifestyle', 'health_socioeconomics',
    'health_gyneco', 'health_pediatrics', 'health_stock', 'health_services', 'health_insurance',
    'health_federation', 'health_ems', 'health_dentistry', 'health_disability', 'health_ophthalmology',
    'health_contact_tracing',
]


class Kept:
    """The ids that an update run has not met yet, as trytond's XML reader uses them.

    trytond 6.0 keeps them in a list, searches and removes each record of the file in it, and so takes
    quadratic time: minutes for ICD-10. A dict keeps the order and finds at once.
    """

    def __init__(self, ids):
        self._ids = dict.fromkeys(ids)

    def __contains__(self, fs_id):
        return fs_id in self._ids

    def __iter__(self):
        return iter(self._ids)

    def __len__(self):
        return len(self._ids)

    def remove(self, fs_id):
        del self._ids[fs_id]


def speed_up_converter():
    """Make the look-up constant in time where the installed trytond still uses a list."""
    from trytond import convert

    populate = convert.TrytondXmlHandler.populate_to_delete
    post_import = convert.post_import

    def populate_to_delete(self):
        ids = populate(self)
        return Kept(ids) if isinstance(ids, list) else ids

    def post_import_list(pool, module, to_delete):
        return post_import(pool, module, list(to_delete))

    convert.TrytondXmlHandler.populate_to_delete = populate_to_delete
    convert.post_import = post_import_list


def update(database, modules):
    """One run of what `trytond-admin -u … --activate-dependencies` does."""
    from trytond import admin

    # TRYTONPASSFILE is how trytond-admin takes the first password without a terminal; the demo data sets another.
    with tempfile.NamedTemporaryFile('w', suffix='.pass') as passfile:
        passfile.write(secrets.token_hex() + '\n')
        passfile.flush()
        os.environ['TRYTONPASSFILE'] = passfile.name
        admin.run(SimpleNamespace(
            database_names=[database], update=modules, languages=['en'], activatedeps=True,
            update_modules_list=False, email='admin@example.org', password=False,
            reset_password=False, hostname=None, test_email=None, validate=None,
            validate_percentage=None, indexes=None))


def create(url):
    """The database itself, unless it is there."""
    import psycopg2

    parts = urlsplit(url)
    connection = psycopg2.connect(parts._replace(path='/postgres').geturl())
    connection.autocommit = True
    name = parts.path.lstrip('/')
    with contextlib.closing(connection), connection.cursor() as cursor:
        cursor.execute('SELECT FROM pg_database WHERE datname = %s', (name,))
        if not cursor.fetchone():
            cursor.execute(f'CREATE DATABASE "{name}"')


def analyze(database):
    import psycopg2

    connection = psycopg2.connect(os.environ['TRYTOND_DATABASE_URI'].rstrip('/') + '/' + database)
    connection.autocommit = True
    with contextlib.closing(connection), connection.cursor() as cursor:
        cursor.execute('ANALYZE')


def known_subdivisions(importer):
    """Spare the importer kinds of subdivisions that are younger than it: that of trytond 6.0 fails at them."""
    import pycountry
    from proteus import Model

    allowed = {kind for kind, _ in Model.get('country.subdivision')._fields['type']['selection']}
    importer.pycountry = SimpleNamespace(
        countries=pycountry.countries, LOCALES_DIR=pycountry.LOCALES_DIR, subdivisions=[
            SimpleNamespace(
                code=one.code, country_code=one.country_code, name=one.name, parent=one.parent,
                type=one.type if one.type.lower() in allowed else 'Region')
            for one in pycountry.subdivisions])


def step(what, work):
    """Run `work` in a process of its own, for a module pool can be loaded only once per set of modules."""
    began = time.monotonic()
    pid = os.fork()
    if pid == 0:
        status = 1
        said = io.StringIO()
        try:
            # the importers are talkative: what they say is of interest only if they fail
            with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
                work()
            status = 0
        except BaseException:
            print(said.getvalue(), file=sys.stderr)
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(status)
    _, status = os.waitpid(pid, 0)
    if status:
        sys.exit(f'{what}: failed, see above')
    print(f'    {what}: {time.monotonic() - began:.1f} s', flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('url')
    options = parser.parse_args()
    database = urlsplit(options.url).path.lstrip('/')
    demo.connect.configure(options.url)
    create(options.url)

    def run(modules):
        def work():
            from trytond.pool import Pool
            speed_up_converter()
            Pool.start()
            update(database, modules)
            analyze(database)
        return work

    step('Tryton kernel', run(['ir', 'res']))
    step('GNU Health core', run(['health']))
    # which there are is decided by the list of requirements: not all were ever released for 4.4
    more = [name for name in MODULES if importlib.util.find_spec(f'trytond.modules.{name}')]
    step(f'{len(more)} more GNU Health modules', run(more))

    def countries():
        from trytond.modules.country.scripts import import_countries
        demo.connect.proteus(database)
        known_subdivisions(import_countries)
        import_countries.do_import()

    def currencies():
        from trytond.modules.currency.scripts import import_currencies
        demo.connect.proteus(database)
        import_currencies.update_currencies(import_currencies.get_currencies())

    step('Countries', countries)
    step('Currencies', currencies)
    step('ANALYZE', lambda: analyze(database))


if __name__ == '__main__':
    main()
