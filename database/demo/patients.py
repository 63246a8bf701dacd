"""The patients: one list of people who each show something, then ordinary ones up to 60.

Their order is their id, patient 1 first. Tests name them by that id, so new ones go to the end.
"""
import datetime as dt
import struct
import zlib

from .world import LONG, UGLY, UGLY_TEXT

# Keys of a person: given, family, gender, born, then what is peculiar. `names` are further names, `telecom` contact
# mechanisms, `ids` alternative ids, `du` the number of the domiciliary unit, `langs` a language code.
ANA_TELECOM = [
    ('phone', '+34 928 000 001', {}), ('mobile', '+34 600 000 001', {'emergency': True, 'remarks': 'her own'}),
    ('fax', '+34 928 000 002', {}), ('email', 'ana.betz@example.org', {}), ('website', 'https://betz.example.org', {}),
    ('skype', 'ana.betz', {}), ('sip', 'sip:ana@example.org', {}), ('irc', 'irc.example.org/ana', {}),
    ('jabber', 'ana@jabber.example.org', {}), ('other', '@ana:example.org', {'comment': 'Matrix'}),
]

PEOPLE = [
    # 1: everything that a person can have
    dict(given='Ana Isabel', family='Betz', gender='f', born='1985-10-04', du=0, langs='es', marital='m', gp=1,
         prefix='Mrs', suffix='PhD', representation='pgfs', photo=True, blood=('A', '+'), occupation=6, ethnicity=3,
         education='5', citizenship='ES', residence='ES', biological_sex='f',
         names=[dict(use='maiden', given='Ana Isabel', family='Rodríguez', date_from='1985-10-04', date_to='2012-06-15'),
                dict(use='nickname', given='Anita'), dict(use='usual', given='Ana', family='Betz', prefix='Dr'),
                dict(use='old', given='Isabel', family='Rodríguez Pérez', prefix='Miss', date_to='2005-01-01'),
                dict(use='temp', given='Ana', family='Temporal', date_from='2026-01-01', date_to='2026-03-31'),
                dict(use='anonymous', given='Jane', family='Doe')],
         telecom=ANA_TELECOM,
         ids=[('country_id', 'X1234567L', '2030-01-31'), ('passport', 'PAA123456', '2028-05-20'),
              ('medical_record', 'MRN-000001', None), ('ghealth_federation', 'ESPOLD111OLD', None),
              ('other', 'DRV-99', None)],
         addresses=[dict(street='Calle Mayor 7\n3º B', city='Las Palmas', postal_code='35002', country='ES',
                         subdivision='ES-GC', name='Edificio Sol'),
                    dict(street='Work Street 9', city='Telde', postal_code='35200', country='ES', is_work=True)]),
    # 2: husband; prefix and suffix on the official name
    dict(given='Matías', family='Betz', gender='m', born='1983-02-28', du=0, langs='es', marital='m', gp=1, prefix='Mr',
         suffix='Jr.', telecom=[('mobile', '+34 600 000 002', {})], blood=('O', '-')),
    # 3: their daughter, with a birth certificate that names both
    dict(given='Lucía', family='Betz Rodríguez', gender='f', born='2015-03-03', du=0, langs='es', marital='s', gp=4),
    # 4: the newborn (pregnancies.py): twelve days old
    dict(given='Bebé', family='Betz', gender='m', born='2026-10-20', du=0, gp=4),
    # 5-16: other scripts
    dict(given='محمد', family='الحسن', gender='m', born='1970-01-01', du=1, marital='m', gp=2,
         telecom=[('mobile', '+963 11 222 3333', {})]),
    dict(given='فاطمه', family='رضایی', gender='f', born='1992-12-31', langs='fa', marital='w', gp=3),
    dict(given='小明', family='王', gender='m', born='1988-08-08', langs='zh_CN', representation='cjk', gp=2,
         addresses=[dict(street='南京东路 100 号', city='上海', postal_code='200001', country='CN', subdivision='CN-SH')]),
    dict(given='Иван Иванович', family='Петров', gender='m', born='1961-04-12', langs='ru', marital='d', gp=1,
         addresses=[dict(street='ул. Ленина, д. 5', city='Москва', postal_code='101000', country='RU')]),
    dict(given='Ελένη', family='Παπαδοπούλου', gender='f', born='1977-07-07', marital='x', gp=3),
    dict(given='さくら', family='山田', gender='f', born='1999-09-09', representation='cjk', marital='c'),
    dict(given='민준', family='김', gender='m', born='2001-01-31', representation='cjk', gp=2),
    dict(given='Øyvind Åge', family='Ångström-Æbelø', gender='m', born='1955-05-17', representation='fg', gp=1),
    dict(given='דוד', family='כהן', gender='m', born='1948-05-14', marital='m', gp=1),
    dict(given='สมชาย', family='ใจดี', gender='m', born='1980-04-13', marital='s', gp=2),
    dict(given='Thị Minh Khai', family='Nguyễn', gender='f', born='1994-06-01', representation='fg', marital='s', gp=3),
    dict(given='अनिता', family='शर्मा', gender='f', born='1966-11-14', marital='m', gp=3),
    # 17: quotes, tags, escapes, in the name itself
    dict(given='Bob "Bobby" \\ <i>x</i>', family='O\'Brien & Söhne', gender='m', born='1979-03-17', marital='s', gp=1,
         info=UGLY_TEXT, telecom=[('email', "o'brien+\"x\"@example.org", {}), ('other', UGLY, {})],
         ids=[('other', "ID'\"<&>|", None)]),
    # 18: one name only
    dict(given='Suharto', family=None, gender='m', born='1950-06-08', marital='m', gp=2),
    # 19: a family name only, and so no row of person names
    dict(given=None, family='Onlyfamily', gender='f', born='1990-02-02'),
    # 20: unidentified: no name, PUID NN-…
    dict(given=None, family=None, gender='u', born=None, unidentified=True),
    # 21: deceased, certificate signed; 22: deceased, no birth date; 23: certificate not signed, so alive
    dict(given='Rosa', family='Difunta', gender='f', born='1940-01-15', dies='2026-09-30 22:15', du=2, marital='w', gp=1),
    dict(given='Unknown', family='Age', gender='m', born=None, dies='2025-12-24 05:00', gp=2),
    dict(given='Almost', family='Dead', gender='m', born='1935-08-30', dies='2026-10-31 23:59', unsigned=True, gp=1),
    # 24: estimated birth date; 25: none
    dict(given='Estimated', family='Birth', gender='f', born='1961-11-01', est_dob=True, gp=3),
    dict(given='Nobirth', family='Date', gender='f', born=None, gp=3),
    # 26-29: every gender; 30: gender and biological sex differ; 31 the same the other way
    dict(given='Robin', family='Nonbinary', gender='nb', born='1998-02-14', marital='c', gp=1),
    dict(given='Alex', family='Other', gender='other', born='1997-03-15', gp=1),
    dict(given='Kim', family='Nondisclosed', gender='nd', born='1996-04-16', gp=2),
    dict(given='Chris', family='Unknown', gender='u', born='1995-05-17', gp=2),
    dict(given='Leo', family='Trans', gender='m', biological_sex='f', born='1993-06-18', gp=1),
    dict(given='Lea', family='Trans', gender='f', biological_sex='m', born='1991-07-19', gp=1),
    # 32-34: inactive patient, inactive party, both
    dict(given='Inactive', family='Patient', gender='m', born='1969-01-02', inactive='patient', gp=1),
    dict(given='Inactive', family='Party', gender='f', born='1968-02-03', inactive='party', gp=1),
    dict(given='Inactive', family='Both', gender='m', born='1967-03-04', inactive='both', gp=1),
    # 35: very long
    dict(given='Maximiliana ' * 20, family='von und zu ' * 20 + 'Langename', gender='f', born='1989-09-09', info=LONG,
         telecom=[('other', 'x' * 2000, {})]),
    # 36: names, but no official one
    dict(given='Nickonly', family='Unofficial', gender='m', born='1986-06-06', no_official=True,
         names=[dict(use='nickname', given='Nicky', family='Unofficial')]),
    # 37: inactive contact, inactive address, address without city, empty address
    dict(given='Carmen', family='Mudanza', gender='f', born='1972-02-29', du=3, marital='d', gp=3,
         telecom=[('phone', '+34 928 999 999', {'active': False}), ('phone', '0', {}), ('email', 'new@example.org', {}),
                  ('phone', None, {})],
         addresses=[dict(street='Old Street 1', city='Old Town', active=False), dict(street='Street only'),
                    dict(city='City only', country='PT'), dict()]),
    # 38: homeless, no address; 39: the oldest; 40: born on the day
    dict(given='Sin', family='Techo', gender='m', born='1964-09-01', homeless=True, gp=2),
    dict(given='Eldest', family='Person', gender='f', born='1905-01-01', marital='w', gp=1),
    dict(given='Just', family='Born', gender='f', born='2026-11-01', gp=4),
    # 41: leap day; 42: apostrophe and hyphen; 43: spaces at the ends and within
    dict(given='Leap', family='Day', gender='m', born='2000-02-29', gp=1),
    dict(given='Jean-Luc', family="d'Artagnan-O’Connor", gender='m', born='1976-07-13', marital='s', gp=2),
    dict(given='  Spaces   Within  ', family=' Trim ', gender='f', born='1987-10-10'),
    # 44: what LIKE takes for wildcards; 45: emoji and what is outside the BMP
    dict(given='100%_real', family='Wild\\_card%', gender='m', born='1975-05-05'),
    dict(given='Zoë 😀', family='𝒟rama 👩‍⚕️', gender='f', born='2003-03-03'),
    # 46/47: the same name composed and decomposed; 48/49: with and without accent
    dict(given='Jose\u0301', family='Nun\u0303ez', gender='m', born='1981-01-11'),
    dict(given='José', family='Nuñez', gender='m', born='1981-01-11'),
    dict(given='Jürgen', family='Müller', gender='m', born='1974-04-24', langs='de', gp=2),
    dict(given='Jurgen', family='Muller', gender='m', born='1974-04-25', langs='de', gp=2),
    # 50: no PUID, no federation account; 51: merged into patient 52 (replaced, inactive)
    dict(given='Noid', family='Anonymous', gender='f', born='1984-12-12', no_ids=True),
    dict(given='Dora', family='Duplicate', gender='f', born='1978-08-18', inactive='both', replaced_by=52),
    dict(given='Dora', family='Duplicada', gender='f', born='1978-08-18', du=4, marital='s', gp=3,
         names=[dict(use='old', given='Dora', family='Duplicate', date_to='2024-12-31')]),
]

GIVEN = {'f': ['María', 'Carmen', 'Laura', 'Fatou', 'Inés', 'Olga', 'Sofía', 'Noor'],
         'm': ['Juan', 'Pedro', 'Kwame', 'Luis', 'Omar', 'Pavel', 'Diego', 'Hugo']}
FAMILY = ['García', 'López', 'Díaz', 'Suárez', 'Santana', 'Mensah', 'Novák', 'Rossi', 'Hernández', 'Ortega']


def make(world):
    world.dus = [domiciliary_unit(world, number) for number in range(8)]
    world.family = world.create('gnuhealth.family', name='Betz', info='Demo family')
    world.patients = []
    world.people = []
    everybody = (PEOPLE + [ordinary(world) for _ in range(60 - len(PEOPLE))])[:world.patients_wanted]
    for person in everybody:
        world.people.append(person)
        world.patients.append(make_patient(world, person))
        world.commit()
    for person, patient in zip(world.people, world.patients):
        finish(world, person, patient)
    for patient, role in zip(world.patients[:4], ('mother', 'father', 'daughter', 'son')):
        world.create('gnuhealth.family_member', family=world.family, party=party_of(world, patient), role=role)
        world.write(patient, family=world.family)
    world.commit()


def party_of(world, patient):
    return getattr(patient, world.field('gnuhealth.patient', 'party'))


def clinical(world):
    """The patients who come to the hospital: with their person. The dead and the inactive have a history too."""
    return [(patient, person) for patient, person in zip(world.patients, world.people)]


def ordinary(world):
    gender = world.pick('fm')
    return dict(given=world.pick(GIVEN[gender]), family=f'{world.pick(FAMILY)} {world.pick(FAMILY)}', gender=gender,
                born=str(world.day(world.random.randint(400, 32000))), du=world.random.randrange(8),
                langs=world.pick(['es', 'en', 'fr', None]), marital=world.pick(['s', 'm', 'c', 'w', 'd', 'x', None]),
                gp=world.pick([1, 2, 3, 4, None]),
                telecom=[('mobile', f'+34 6{world.random.randrange(10**8):08}', {})],
                blood=(world.pick(['A', 'B', 'AB', 'O']), world.pick('+-')))


def domiciliary_unit(world, number):
    values = dict(
        name=f'ESP-LPA-{number:04}', desc=f'Demo house {number}', dwelling='apartment' if number % 2 else 'single_house',
        address_street='Calle del Mar', address_street_number=str(10 + number), address_street_bis='2 B',
        address_city='Las Palmas', address_district='Isleta', address_municipality='Las Palmas de Gran Canaria',
        address_zip=f'3500{number}', address_country=world.find('country.country', code='ES'),
        address_subdivision=world.find('country.subdivision', code='ES-GC'),
        operational_sector=world.sectors[number % 2], housing=str(number % 5), materials='concrete', roof_type='concrete',
        total_surface=80, bedrooms=3, bathrooms=1, electricity=True, water=True, sewers=number != 3)
    if number == 3:
        # what may be empty is empty
        for empty in ('address_street_number', 'address_street_bis', 'address_city', 'address_zip', 'address_subdivision'):
            values[empty] = None
    record = world.create('gnuhealth.du', **values)
    if number < 2:
        from decimal import Decimal
        # the equator and the meridian are valid places, and 0 is falsy
        place = [(Decimal('28.1235'), Decimal('-15.4363')), (Decimal('0'), Decimal('0'))][number]
        record = world.write(record, latitude=place[0], longitude=place[1])
    return record


def make_patient(world, person):
    puid = world.puid()
    unidentified = person.get('unidentified', False)
    values = dict(
        is_person=True, is_patient=True, create_target=False, gender=person['gender'], fed_country='ESP',
        ref=('NN-' if unidentified else '') + puid, federation_account=('XXX' if unidentified else 'ESP') + puid,
        code=f'{world.uuid()}-GNU Solidario Hospital', unidentified=unidentified,
        dob=person['born'] and dt.date.fromisoformat(person['born']), est_dob=person.get('est_dob', False),
        marital_status=person.get('marital'), name_representation=person.get('representation'),
        citizenship=None, residence=None, activation_date=world.day(900))
    for key in ('citizenship', 'residence'):
        if key in person:
            values[key] = world.find('country.country', code=person[key])
    if 'du' in person:
        values['du'] = world.dus[person['du']]
    if person.get('homeless'):
        values['homeless'] = True
    if person.get('photo'):
        values['photo'] = picture()
    if 'ethnicity' in person:
        values['ethnic_group'] = world.pool.get('gnuhealth.ethnicity')(person['ethnicity'])
    if 'ids' in person:
        values['alternative_identification'] = True
        values['alternative_ids'] = [
            dict(alternative_id_type=kind, code=code, expiration_date=expires and dt.date.fromisoformat(expires),
                 other_alternative_id_type='Driving licence' if kind == 'other' else None,
                 comments='Expires' if expires else None)
            for kind, code, expires in person['ids']]
    party = make_party(world, person, values)
    for key in ('occupation', 'education'):
        if key in person and world.field('party.party', key):
            world.write(party, **{key: person[key]})
    for address in person.get('addresses', ()):
        address = dict(address)
        for key, model in (('country', 'country.country'), ('subdivision', 'country.subdivision')):
            if key in address:
                address[key] = world.find(model, code=address[key])
        world.create('party.address', party=party, **address)
    for kind, value, more in person.get('telecom', ()):
        world.create('party.contact_mechanism', party=party, type=kind, value=value, **more)
    for name in person.get('names', ()):
        name = {key: dt.date.fromisoformat(value) if key.startswith('date') else value for key, value in name.items()}
        world.create('gnuhealth.person_name', party=party, **name)
    if 'langs' in person and person['langs']:
        world.write(party, lang=world.find('ir.lang', code=person['langs']))

    blood, rh = person.get('blood', (None, None))
    return world.create(
        'gnuhealth.patient', party=party, biological_sex=person.get('biological_sex'), blood_type=blood, rh=rh,
        primary_care_doctor=world.professionals[person['gp'] - 1] if person.get('gp') else None,
        general_info=person.get('info'), critical_info=UGLY_TEXT if person.get('info') else None)


def make_party(world, person, values):
    given, family = person['given'], person['family']
    if given:
        values['name'] = given
        values['lastname'] = family
        party = world.create('party.party', **values)
        if 'prefix' in person:
            world.write(party.person_names[0], prefix=person['prefix'], suffix=person.get('suffix'))
        return party
    # Without a given name GNU Health can write no row of person names. Front desks get there by making the party
    # first and marking it as a person afterwards.
    party = world.create('party.party', **dict(values, lastname=family, is_person=False, is_patient=False))
    return world.write(party, is_person=True, is_patient=True)


def finish(world, person, patient):
    """What can only be done when the patient is there."""
    party = party_of(world, patient)
    if person.get('no_official'):
        PersonName = world.pool.get('gnuhealth.person_name')
        PersonName.delete([name for name in party.person_names if name.use == 'official'])
    if person.get('no_ids'):
        world.write(party, ref='', federation_account='')
    if person.get('replaced_by') and person['replaced_by'] <= len(world.patients):
        world.write(party, replaced_by=party_of(world, world.patients[person['replaced_by'] - 1]))
    inactive = person.get('inactive')
    if inactive in ('patient', 'both'):
        world.write(patient, active=False)
    if inactive in ('party', 'both'):
        world.write(party, active=False)


def picture(width=8, height=8, rgb=(200, 30, 60)):
    """A real PNG: one colour."""
    def chunk(kind, data):
        return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))

    rows = b''.join(b'\0' + bytes(rgb) * width for _ in range(height))
    return (b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', width, height, 8, 2, 0, 0, 0))
            + chunk(b'IDAT', zlib.compress(rows)) + chunk(b'IEND', b''))
