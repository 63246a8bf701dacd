"""What patients and health professionals share: the person."""
from hospital import counts, first, label, nothing, shows, shows_all, text, year_or_day

# What the form calls a gender, and FHIR's word for it: who does not say theirs has one that is not known.
GENDERS = {'Male': 'male', 'Female': 'female', 'Non-binary': 'other', 'Other': 'other', 'Non disclosed': 'unknown',
           'Unknown': 'unknown'}
CONTACTS = {'phone': 'phone', 'mobile': 'phone', 'fax': 'fax', 'email': 'email', 'website': 'url'}


def party_of(record):
    return first(record, 'party', 'name')


def display(party):
    """How a reference names a person: family name first, as the lists of GNU Health do."""
    parts = [text(part) for part in (party.lastname, party.name) if not nothing(part)]
    return ', '.join(parts) or None


def person(hospital, party):
    names = [name for name in party.person_names if not (nothing(name.family) and nothing(name.given))]
    own = [] if party.person_names else [party]
    contacts = [contact for contact in party.contact_mechanisms if not nothing(contact.value)]
    checks = [
        shows(f'identifier[system={hospital.system("puid")}].value', party.ref),
        shows(f'identifier[system={hospital.system("federation-account")}].value', party.federation_account),
        shows('gender', GENDERS.get(label(party, 'gender'))),
        shows('birthDate', year_or_day(party.dob, party.est_dob)),
        shows_all('name.family', [name.family for name in names] + [party.lastname for party in own]),
        shows_all('name.given', [name.given for name in names] + [party.name for party in own]),
        shows_all('name.prefix', [name.prefix for name in names]),
        shows_all('name.suffix', [name.suffix for name in names]),
        shows_all('name.use', [name.use for name in names]),
        shows_all('name.period.start', [name.date_from for name in names]),
        shows_all('name.period.end', [name.date_to for name in names]),
        counts('telecom', len(contacts)),
        shows_all('telecom.value', [contact.value for contact in contacts]),
        shows_all('telecom.system', [CONTACTS.get(contact.type, 'other') for contact in contacts]),
        counts('telecom[use=mobile]', sum(contact.type == 'mobile' and contact.active for contact in contacts)),
        counts('telecom[use=old]', sum(not contact.active for contact in contacts)),
    ]
    official = [name for name in names if name.use == 'official']
    # trytond's own name of a person is made of the first of the names
    if len(official) == 1 and party.person_names[0] == official[0]:
        # of this record alone: trytond fails on a person without a given name
        shown = party.get_rec_name('rec_name')
        # which writes the comma even where nothing follows it
        if nothing(official[0].given) or nothing(official[0].family):
            shown = shown.strip(', ')
        if tidy(official[0]):
            checks.append(shows('name[use=official].text', shown))
    for kind in {one.alternative_id_type for one in party.alternative_ids}:
        ids = [one for one in party.alternative_ids if one.alternative_id_type == kind]
        path = f'identifier[system={hospital.system("alternative-id")}/{kind}]'
        checks += [shows_all(f'{path}.value', [one.code for one in ids]),
                   shows_all(f'{path}.period.end', [one.expiration_date for one in ids])]
    checks += addresses(party)
    return checks


def tidy(name):
    """Whether no part of a name has spaces around it, which are not shown."""
    return all(part is None or part == text(part) for part in (name.given, name.family, name.prefix, name.suffix))


def addresses(party):
    known = [address for address in party.addresses if not all(map(nothing, [
        address.name, address.street, address.city, postal_code(address),
        address.country and address.country.code, address.subdivision and address.subdivision.name]))]
    checks = [
        shows_all('address.postalCode', [postal_code(address) for address in known] + [party.du and party.du.address_zip]),
        shows_all('address.city', [address.city for address in known] + [party.du and party.du.address_city]),
        shows_all('address.country', [address.country and address.country.code for address in known]
                  + [party.du and party.du.address_country and party.du.address_country.code]),
        counts('address[use=old]', sum(not address.active for address in known)),
    ]
    if party.du and party.du.latitude is not None and party.du.longitude is not None:
        place = 'address.extension[url=http://hl7.org/fhir/StructureDefinition/geolocation].extension'
        checks += [shows(f'{place}[url=latitude].valueDecimal', party.du.latitude),
                   shows(f'{place}[url=longitude].valueDecimal', party.du.longitude)]
    return checks


def postal_code(address):
    return first(address, 'postal_code', 'zip')
