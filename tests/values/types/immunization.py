"""Immunization: gnuhealth.vaccination."""
from hospital import first, includes, number, quantity, refers, second, shows, shows_all

# HL7's v3 ActSite and RouteOfAdministration for what the form offers
SITES = {'lvl': 'LVL', 'rvl': 'RVL', 'ld': 'LD', 'rd': 'RD'}
ROUTES = {'im': 'IM', 'sc': 'SQ', 'id': 'IDINJ', 'po': 'PO'}


def resources(hospital):
    for given in hospital.all('gnuhealth.vaccination'):
        yield str(given.id), [
            refers('patient', 'Patient', first(given, 'patient', 'name')),
            shows('vaccineCode.text', first(given.vaccine, 'product', 'name').name),
            shows('occurrenceDateTime', given.date),
            shows('lotNumber', given.vaccine_lot),
            shows('expirationDate', given.vaccine_expiration_date),
            shows('recorded', second(given.create_date)),
            *quantity('doseQuantity', given.amount, code='mL'),
            includes('performer.actor.reference', given.healthprof and f'Practitioner/{given.healthprof.id}'),
            includes('site.coding.code', SITES.get(given.admin_site)),
            includes('route.coding.code', ROUTES.get(given.admin_route)),
            shows('protocolApplied.doseNumberPositiveInt', number(given.dose) if given.dose and given.dose > 0 else None),
            shows_all('note.text', [given.observations]),
        ]
