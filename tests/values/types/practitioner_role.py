"""PractitionerRole: where a health professional works, and as what."""
from hospital import first, refers, shows, shows_all
from people import party_of


def resources(hospital):
    for professional in hospital.all('gnuhealth.healthprofessional'):
        at, unit = professional.institution, first(professional, 'institution_unit')
        occupation = first(party_of(professional), 'occupation')
        yield str(professional.id), [
            refers('practitioner', 'Practitioner', professional),
            shows('organization.reference', at and f'Organization/institution-{at.id}'),
            shows('organization.display', at and first(at, 'party', 'name').name),
            shows_all('specialty.coding.code', [held.specialty.code for held in professional.specialties]),
            shows_all('specialty.text', [held.specialty.name for held in professional.specialties]),
            shows('location.display', unit and unit.name),
            shows_all('code.text', [occupation and occupation.name]),
            shows('active', bool(professional.active and party_of(professional).active)),
        ]
