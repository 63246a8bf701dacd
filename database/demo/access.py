"""The users of users.json, their groups, and the rights that the tests of access need."""
from . import connect

MODELS_WITHOUT_LABS = {
    'gnuhealth.patient.disease': True, 'gnuhealth.patient.medication': True, 'gnuhealth.vaccination': True,
    'gnuhealth.prescription.order': True, 'gnuhealth.prescription.line': True,
    'gnuhealth.patient.evaluation': True, 'gnuhealth.appointment': True,
    'gnuhealth.lab': False, 'gnuhealth.patient.lab.test': False, 'gnuhealth.lab.test.critearea': False,
}

DENIED_FIELDS = [
    ('gnuhealth.patient.disease', 'short_comment'), ('gnuhealth.lab', 'diagnosis'),
    ('party.party', 'photo'), ('party.party', 'marital_status'),
]


def make(world):
    groups = groups_of(world)
    for user in connect.users():
        login = user['login']
        if login == 'admin':
            continue
        values = {
            'login': login, 'name': f'Demo {login}', 'password': user['password'],
            'email': f'{login}@hospital.example.org',
            'groups': [('add', [group.id for group in groups[login]])],
            'company': world.company.id, 'active': login != 'inactive'}
        if 'companies' in world.pool.get('res.user')._fields:
            values['companies'] = [('add', [world.company.id])]
        user, = world.pool.get('res.user').create([values])
        if login == 'doctor':
            party_field = world.field('gnuhealth.healthprofessional', 'party')
            world.write(getattr(world.doctor, party_field), internal_user=user)
            world.doctor_user = user.id
    admin = world.find('res.user', login='admin')
    Admin = world.pool.get('res.user')
    values = {'company': world.company.id, 'password': connect.password('admin')}
    if 'companies' in Admin._fields:
        values['companies'] = [('add', [world.company.id])]
    Admin.write([admin], values)
    world.commit()


def groups_of(world):
    """The groups of each user; those of our own are made here."""
    def shipped(name):
        return world.find('res.group', name=name)

    doctor = shipped('Health Doctor')
    without_labs = world.create('res.group', name='Demo: doctor without labs')
    for model, granted in MODELS_WITHOUT_LABS.items():
        model_access(world, model, without_labs, granted)
    restricted = world.create('res.group', name='Demo: denied fields')
    for model, field in DENIED_FIELDS:
        field_access(world, model, field, restricted)
    own = world.create('res.group', name='Demo: own patients')
    record_rule(world, own)
    child = world.create('res.group', name='Demo: child of doctor', parent=doctor)
    return {
        'doctor': [doctor], 'frontdesk': [shipped('Health Front Desk')], 'nurse': [shipped('Health Nursing' if world.is_44 else 'Health Nurse')],
        'lab': [shipped('Health Lab')], 'nogroup': [], 'nolab': [without_labs], 'restricted': [doctor, restricted],
        'ownpatients': [doctor, own],
        'child': [child],
        'inactive': [doctor],
    }


def model_access(world, model, group, granted):
    Access = world.pool.get('ir.model.access')
    Access.create([{
        'model': model_id(world, model), 'group': group.id, 'perm_read': granted,
        'perm_write': granted, 'perm_create': granted, 'perm_delete': False}])


def field_access(world, model, field, group):
    Access = world.pool.get('ir.model.field.access')
    record, = world.pool.get('ir.model.field').search([('model.model', '=', model), ('name', '=', field)])
    Access.create([{
        'field': record.id, 'group': group.id, 'perm_read': False, 'perm_write': False, 'perm_create': False,
        'perm_delete': False}])


def record_rule(world, group):
    """Only patients whose general practitioner is health professional 1."""
    RuleGroup = world.pool.get('ir.rule.group')
    RuleGroup.create([{
        'name': 'Demo own patients', 'model': model_id(world, 'gnuhealth.patient'),
        'global_p': False, 'default_p': False, 'perm_read': True, 'perm_write': True, 'perm_create': True,
        'perm_delete': True, 'groups': [('add', [group.id])],
        'rules': [('create', [{'domain': f'[["primary_care_doctor", "=", {world.doctor.id}]]'}])]}])


def model_id(world, model):
    return world.find('ir.model', model=model).id
