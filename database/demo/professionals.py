"""Eight health professionals with their specialties. The first is the user `doctor`."""

# given, family, gender, licence, main specialty, other specialties, prefix, unit
PEOPLE = [
    ('Cordara', 'Cameron', 'f', 'LIC-0001', 'INTERNAL', ['FAMILY'], 'Dr', 0),
    ('Gregorio', 'Casas', 'm', 'LIC-0002', 'GENERALSURG', ['TRAUMASURG'], 'Dr', 1),
    ('Lucía', 'Fernández Ñuño', 'f', 'LIC-0003', 'GYN', ['OBGYN'], 'Dr', 2),
    ('Ахмед', 'Каримов', 'm', 'LIC-0004', 'PEDIATRICS', [], None, None),
    ('Grace', 'Hopper-O\'Neill', 'f', 'LIC-0005', 'RADIO', [], 'Miss', None),
    ('Nadia', 'Benali', 'f', 'LIC-0006', 'NURSING', [], 'Mrs', 0),
    ('Takashi', '山田', 'm', 'LIC-0007', 'LAB', ['BIOCHEM', 'HEMATO'], 'Mr', None),
    ('Sam', 'Retired', 'nb', None, None, [], None, None),
]

# What is known of some beside that: telephones, the place of work, the language, and the code of the occupation.
MORE = {
    1: dict(occupation='129'),
    2: dict(occupation='568', phones=[('phone', '+34 928 555 002'), ('mobile', '+34 600 555 002')], lang='es',
            address=dict(street='Calle de la Salud 2\n1º Izq.', city='Telde', postal_code='35200', is_work=True)),
    6: dict(occupation='399', phones=[('mobile', '+34 600 555 006')], lang='fr'),
}


def make(world):
    world.professionals = []
    for number, (given, family, gender, licence, main, others, prefix, unit) in enumerate(PEOPLE, 1):
        puid = world.puid()
        party = world.create(
            'party.party', name=given, lastname=family, gender=gender, dob=world.day(12000 + 900 * number),
            is_person=True, is_healthprof=True, is_patient=False, create_target=False, ref=puid,
            federation_account='ESP' + puid, fed_country='ESP', code=f'{world.uuid()}-hp')
        if prefix:
            world.write(party.person_names[0], prefix=prefix)
        world.create('party.contact_mechanism', party=party, type='email', value=f'hp{number}@hospital.example.org')
        describe(world, party, **MORE.get(number, {}))
        professional = world.create(
            'gnuhealth.healthprofessional', party=party, code=licence,
            institution=None if number == 8 else (world.clinic if number == 4 else world.hospital),
            info=None if number % 2 else 'Speaks Spanish and English')
        specialties = []
        for specialty in ([main] if main else []) + others:
            specialties.append(world.create(
                'gnuhealth.hp_specialty', healthprof=professional,
                specialty=world.find('gnuhealth.specialty', code=specialty), mainsp=specialty == main))
        if specialties and world.is_44:
            world.write(professional, main_specialty=specialties[0])
        if unit is not None and not world.is_44:
            world.write(professional, institution_unit=world.units[unit])
        if number == 8:
            # one who no longer works here
            world.write(professional, active=False)
        world.professionals.append(professional)
    world.doctor = world.professionals[0]
    world.commit()


def describe(world, party, occupation=None, phones=(), lang=None, address=None):
    if occupation and world.field('party.party', 'occupation'):
        world.write(party, occupation=world.find('gnuhealth.occupation', code=occupation))
    for kind, value in phones:
        world.create('party.contact_mechanism', party=party, type=kind, value=value)
    if lang:
        world.write(party, lang=world.find('ir.lang', code=lang))
    if address:
        world.create('party.address', party=party, country=world.find('country.country', code='ES'),
                     subdivision=world.find('country.subdivision', code='ES-GC'), **address)
