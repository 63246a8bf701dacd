"""Organization: the institutions, and the insurers, pharmacies and units that other resources refer to."""
from hospital import counts, first, shows, shows_all


def resources(hospital):
    for institution in hospital.all('gnuhealth.institution'):
        party = first(institution, 'party', 'name')
        contacts = [contact for contact in party.contact_mechanisms if contact.value]
        yield f'institution-{institution.id}', [
            shows('name', party.name),
            shows_all('telecom.value', [contact.value for contact in contacts]),
            shows_all('address.city', [address.city for address in party.addresses]),
            shows_all('address.country', [address.country and address.country.code for address in party.addresses]),
            shows('active', bool(party.active)),
            counts('name', 1),
        ]
    for unit in hospital.all('gnuhealth.hospital.unit'):
        yield f'unit-{unit.id}', [
            shows('name', unit.name),
            shows('partOf.reference', unit.institution and f'Organization/institution-{unit.institution.id}'),
        ]
    for party in hospital.all('party.party', ('is_insurance_company', '=', True)):
        yield f'insurer-{party.id}', [shows('name', party.name)]
    for party in hospital.all('party.party', ('is_pharmacy', '=', True)):
        yield f'pharmacy-{party.id}', [shows('name', party.name)]
