"""Patient: gnuhealth.patient with its party."""
from hospital import counts, label, refers, shows
from people import party_of, person

# HL7's v3 code for what the form of a person calls the marital status
MARITAL = {'Single': 'S', 'Married': 'M', 'Concubinage': 'T', 'Widowed': 'W', 'Divorced': 'D', 'Separated': 'L'}


def resources(hospital):
    for patient in hospital.all('gnuhealth.patient'):
        party = party_of(patient)
        marital = label(party, 'marital_status')
        died = party.death_certificate if party.deceased else None
        told = died and died.state in ('signed', 'done') and died.dod
        yield str(patient.id), person(hospital, party) + [
            shows('active', bool(patient.active and party.active)),
            shows('maritalStatus.coding.code', MARITAL.get(marital)),
            shows('deceasedDateTime', told or None),
            shows('deceasedBoolean', True if party.deceased and not told else None),
            refers('generalPractitioner', 'Practitioner', patient.primary_care_doctor),
            shows('generalPractitioner.identifier.value', patient.primary_care_doctor and patient.primary_care_doctor.code),
            shows('communication.language.coding.code', party.lang and party.lang.code.replace('_', '-')),
            counts('photo', 1 if party.photo else 0),
        ]
