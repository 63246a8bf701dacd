"""Organization: the institutions, and the units, insurers and pharmacies that other resources refer to."""
from hospital import first, includes, label, nothing, shows, shows_all


def resources(hospital):
    for institution in hospital.all('gnuhealth.institution'):
        yield f'institution-{institution.id}', of_party(hospital, first(institution, 'party', 'name')) + [
            shows(f'identifier[system={hospital.system("institution")}].value', institution.code),
            shows(f'type.coding[system={hospital.system("institution-type")}].code', institution.institution_type),
            shows(f'type.coding[system={hospital.system("institution-type")}].display', label(institution, 'institution_type')),
            includes('type.coding.code', 'prov'),
        ]
    for unit in hospital.all('gnuhealth.hospital.unit'):
        yield f'unit-{unit.id}', [
            shows('name', unit.name),
            shows('identifier.value', unit.code),
            shows('partOf.reference', unit.institution and f'Organization/institution-{unit.institution.id}'),
            shows('type.coding.code', 'dept'),
        ]
    for party in hospital.all('party.party', ('is_insurance_company', '=', True)):
        yield f'insurer-{party.id}', of_party(hospital, party) + [includes('type.coding.code', 'ins')]
    for party in hospital.all('party.party', ('is_pharmacy', '=', True)):
        yield f'pharmacy-{party.id}', of_party(hospital, party)


def of_party(hospital, party):
    return [
        shows('name', party.name),
        shows('active', bool(party.active)),
        shows(f'identifier[system={hospital.system("puid")}].value', party.ref),
        shows_all('telecom.value', [contact.value for contact in party.contact_mechanisms]),
        shows_all('address.city', [address.city for address in party.addresses]),
        shows_all('address.line', [line for address in party.addresses for line in (address.street or '').splitlines() if not nothing(line)]),
        shows_all('address.country', [address.country and address.country.code for address in party.addresses]),
    ]
