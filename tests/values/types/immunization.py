"""Immunization: gnuhealth.vaccination."""
from hospital import first, number, quantity, refers, shows, shows_all


def resources(hospital):
    for given in hospital.all('gnuhealth.vaccination'):
        yield str(given.id), [
            refers('patient', 'Patient', first(given, 'patient', 'name')),
            shows('vaccineCode.text', first(given.vaccine, 'product', 'name').name),
            shows('occurrenceDateTime', given.date),
            shows('lotNumber', given.vaccine_lot),
            shows('expirationDate', given.vaccine_expiration_date),
            *quantity('doseQuantity', given.amount),
            shows('protocolApplied.doseNumberPositiveInt', number(given.dose) if given.dose and given.dose > 0 else None),
            shows_all('note.text', [given.observations]),
        ]
