"""Reads everything with FHIR clients that others have written in Python, as somebody would who knows nothing of this server.

    python_clients.py CLIENT

CLIENT is fhirclient, fhirpy or fhir-pyrate. On stdin a JSON object: `base`, the server; `authorization`, the header; `types`,
the resource types. On stdout one JSON object: `read`, the names of all resources of each type, as the client found them page
after page; `followed`, the names of those that it got by following references; and `columns`, how many columns the client's
table of each type has, if it makes tables.
"""
import contextlib
import io
import json
import sys
import warnings

# Several pages of what there is more of.
PAGE = 250
# How many references are followed, of each type to each type.
FOLLOWED = 3


def main():
    question = json.load(sys.stdin)
    client = {'fhirclient': fhirclient, 'fhirpy': fhirpy, 'fhir-pyrate': fhir_pyrate}[sys.argv[1]]
    # fhir-pyrate draws its progress there
    with contextlib.redirect_stderr(io.StringIO()):
        answer = client(**question)
    print(json.dumps(answer))


def some(references):
    """A few references, to different targets."""
    by_type = {}
    for reference in sorted({reference for reference in references if '/' in reference}):
        by_type.setdefault(reference.split('/')[0], []).append(reference)
    return [reference for found in by_type.values() for reference in found[:FOLLOWED]]


def inner_references(value):
    if isinstance(value, dict):
        if isinstance(value.get('reference'), str):
            yield value['reference']
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from inner_references(inner)


def fhirclient(base, authorization, types):
    """The SMART client. Its models are strict: they take no element, type or cardinality that R4 does not have."""
    import importlib
    from fhirclient import client
    from fhirclient.models.fhirreference import FHIRReference

    smart = client.FHIRClient(settings={'app_id': 'reader', 'api_base': base})
    server = smart.server
    server.session.headers['Authorization'] = authorization
    server.get_capability()

    def model(name):
        return getattr(importlib.import_module(f'fhirclient.models.{name.lower()}'), name)

    read, followed = {}, []
    for name in types:
        found = list(model(name).where({'_count': str(PAGE)}).perform_resources_iter(server))
        read[name] = [f'{one.resource_type}/{one.id}' for one in found]
        for reference in some(inner_references([one.as_json() for one in found])):
            pointer = FHIRReference({'reference': reference})
            pointer._owner = found[0]
            target = pointer.resolved(model(reference.split('/')[0]))
            followed.append(f'{target.resource_type}/{target.id}')
    return {'read': read, 'followed': followed, 'columns': {}}


def fhirpy(base, authorization, types):
    from fhirpy import SyncFHIRClient

    client = SyncFHIRClient(base, authorization=authorization)
    read, followed = {}, []
    for name in types:
        found = client.resources(name).limit(PAGE).fetch_all()
        read[name] = [f'{one.resource_type}/{one.id}' for one in found]
        for reference in some(inner_references([one.serialize() for one in found])):
            target = client.reference(reference=reference).to_resource()
            followed.append(f'{target.resource_type}/{target.id}')
    return {'read': read, 'followed': followed, 'columns': {}}


def fhir_pyrate(base, authorization, types):
    """Makes a table of each type, and of the resources that its rows refer to."""
    import requests
    from fhir_pyrate import Pirate

    warnings.filterwarnings('ignore')
    session = requests.Session()
    session.headers['Authorization'] = authorization
    pirate = Pirate(base_url=base, auth=session, num_processes=1)
    read, followed, columns = {}, [], {}
    for name in types:
        table = pirate.steal_bundles_to_dataframe(resource_type=name, request_params={'_count': PAGE})
        read[name] = [f'{row.resourceType}/{row.id}' for row in table[['resourceType', 'id']].itertuples()] if len(table) else []
        columns[name] = len(table.columns)
        pointing = [column for column in table.columns if column.endswith('reference')]
        references = some(str(value) for column in pointing for value in table[column].dropna())
        for reference in references:
            target_type, id_ = reference.split('/')
            target = pirate.steal_bundles_to_dataframe(resource_type=target_type, request_params={'_id': id_})
            followed += [f'{row.resourceType}/{row.id}' for row in target[['resourceType', 'id']].itertuples()]
    return {'read': read, 'followed': followed, 'columns': columns}


if __name__ == '__main__':
    main()
