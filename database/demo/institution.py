"""The hospital: the company, two institutions with their units, wards, beds and operating rooms, a pharmacy and two insurers."""

CITY = {'country': 'ES', 'subdivision': 'ES-GC'}


def country(world, code):
    return world.find('country.country', code=code)


def company(world):
    """The hospital as Tryton's company: prices and sequences of everything else belong to it."""
    spain = country(world, 'ES')
    canary = world.find('country.subdivision', code='ES-GC')

    party = organisation(world, 'GNU Solidario Hospital', is_institution=True, addresses=[{
        'street': 'Calle de la Solidaridad 1\n2nd floor', 'city': 'Las Palmas de Gran Canaria', 'postal_code': '35001',
        'country': spain.id, 'subdivision': canary.id}])
    for kind, value in [('phone', '+34 928 123 456'), ('email', 'info@hospital.example.org'),
                        ('website', 'https://hospital.example.org')]:
        world.create('party.contact_mechanism', party=party, type=kind, value=value)
    world.company = world.create(
        'company.company', party=party, currency=world.find('currency.currency', code='EUR'),
        timezone='Atlantic/Canary')
    world.company_party = party


def make(world):
    """Create the organisation; the records that other subjects need hang on `world`."""
    world.hospital = world.create(
        'gnuhealth.institution', party=world.company_party, code='HOSP', institution_type='hospital', public_level='public',
        teaching=True, heliport=True, trauma_center=True, trauma_level='one', operating_room=True, or_number=2,
        beds=12, extra_info='General hospital of the demo')

    village = organisation(world, 'Centro de Salud Ñandú & Söhne "El Olivo"', is_institution=True)
    world.clinic = world.create(
        'gnuhealth.institution', party=village, code='CLINIC', institution_type='primary_care',
        public_level='mixed', beds=0)

    specialty = world.create('gnuhealth.institution.specialties', institution=world.hospital,
                             specialty=world.find('gnuhealth.specialty', code='INTERNAL'))
    world.write(world.hospital, main_specialty=specialty)

    area = world.create('gnuhealth.operational_area', name='North')
    world.sectors = [
        world.create('gnuhealth.operational_sector', name=name, operational_area=area)
        for name in ('Harbour', 'Old town')]

    building = world.create('gnuhealth.hospital.building', name='Main building', code='MAIN',
                            institution=world.hospital)
    world.units = [
        world.create('gnuhealth.hospital.unit', name=name, code=code, institution=world.hospital)
        for name, code in [('Internal medicine', 'INT'), ('Surgery', 'SUR'), ('Maternity', 'MAT'),
                           ('Intensive care', 'ICU')]]
    world.rooms = [
        world.create('gnuhealth.hospital.or', name=name, institution=world.hospital, building=building,
                     unit=world.units[1], timeslot=60)
        for name in ('Operating room 1', 'Operating room 2')]

    wards = [('Ward A (women)', 'women', 1, 0), ('Ward B (men)', 'men', 1, 0), ('Maternity', 'women', 2, 2),
             ('Intensive care', 'unisex', 0, 3)]
    world.beds = []
    world.wards = []
    for number, (name, gender, floor, unit) in enumerate(wards, 1):
        ward = world.create(
            'gnuhealth.hospital.ward', name=name, gender=gender, floor=floor, unit=world.units[unit],
            building=building, institution=world.hospital, number_of_beds=3, state='beds_available',
            private=number == 3, internet=True, bio_hazard=number == 4)
        world.wards.append(ward)
        for bed in 'ABC':
            world.beds.append(world.create(
                'gnuhealth.hospital.bed', ward=ward, institution=world.hospital,
                product=product(world, f'Bed {number}{bed}', f'BED-{number}{bed}', is_bed=True),
                bed_type='electric' if number == 4 else 'gatch', telephone_number=f'10{number}{ord(bed) - 64}'))

    stock = {}
    if world.has('stock.location') and world.field('party.party', 'warehouse'):
        stock = {'warehouse': world.find('stock.location', type='warehouse')}
    world.pharmacy = organisation(world, 'Farmacia del Puerto', is_pharmacy=True, **stock)
    world.insurers = [
        organisation(world, 'Seguridad Social', is_insurance_company=True, insurance_company_type='state'),
        organisation(world, 'Mutua Ibérica', is_insurance_company=True, insurance_company_type='private')]
    world.plans = [
        world.create('gnuhealth.insurance.plan', product=product(world, name, code, is_insurance_plan=True),
                     company=company, is_default=not number)
        for number, (name, code, company) in enumerate([
            ('Public health plan', 'PLAN-PUB', world.insurers[0]),
            ('Mutua Oro', 'PLAN-GOLD', world.insurers[1])])]
    world.commit()


def organisation(world, name, **values):
    number = world.puid()
    return world.create('party.party', name=name, is_person=False, is_patient=False, ref='NP-' + number,
                        code=f'{world.uuid()}-{name}', federation_account=None, fed_country=None, **values)


def product(world, name, code, kind='service', **flags):
    """A product, for what GNU Health sells or stores: beds, plans, lab and imaging studies."""
    template = world.create(
        'product.template', name=name, type=kind, default_uom=world.find('product.uom', symbol='u'), **list_price(world))
    return world.create('product.product', template=template, code=code, **flags)


def list_price(world):
    fields = world.pool.get('product.template')._fields
    return {'list_price': 10} if 'list_price' in fields else {}
