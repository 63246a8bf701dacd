"""Practitioner: gnuhealth.healthprofessional with its party."""
from hospital import shows, shows_all
from people import party_of, person


def resources(hospital):
    for professional in hospital.all('gnuhealth.healthprofessional'):
        party = party_of(professional)
        main = professional.main_specialty
        yield str(professional.id), person(hospital, party) + [
            shows('active', bool(professional.active and party.active)),
            shows(f'identifier[system={hospital.system("health-professional-license")}].value', professional.code),
            shows_all('qualification.code.text', [held.specialty.name for held in professional.specialties]),
            shows_all('qualification.code.coding.code', [held.specialty.code for held in professional.specialties]),
            shows('qualification[0].code.text', *[main.specialty.name] if main else [
                held.specialty.name for held in professional.specialties[:1]]),
        ]
