"""What every subject of the demo hospital shares: the module pool, the random numbers, the fixed day, and one way to create records that works on GNU Health 5.0 and 4.4."""
import datetime as dt
import random
import string
import sys
import uuid

from trytond.pool import Pool
from trytond.transaction import Transaction

# "Today" in the demo hospital. Every date is relative to it, so that the data is the same whenever it is made.
TODAY = dt.date(2026, 11, 1)

# Text that breaks what quotes, escapes or renders badly. Tryton allows tabs and line ends in text fields only.
UGLY = 'O\'Brien "Bob" <b>&amp; \\ \' \'\' $1 {{x}} %s; DROP TABLE party_party;-- é漢'
UGLY_TEXT = UGLY + '\n\tnext line, after a tab\r\nand after CR LF\n'
LONG = ('Long text with every kind of mark: ' + UGLY_TEXT) * 60

# Fields that 5.0 renamed (its modules rename the column when a 4.4 database is updated): model -> {5.0: 4.4}.
RENAMED = {
    'gnuhealth.person_alternative_identification': {'party': 'name'},
    'gnuhealth.birth_certificate': {'party': 'name'},
    'gnuhealth.death_certificate': {'party': 'name'},
    'gnuhealth.family_member': {'family': 'name'},
    'gnuhealth.patient': {'party': 'name'},
    'gnuhealth.healthprofessional': {'party': 'name'},
    'gnuhealth.hp_specialty': {'healthprof': 'name'},
    'gnuhealth.institution': {'party': 'name'},
    'gnuhealth.institution.specialties': {'institution': 'name'},
    'gnuhealth.institution.operationalsector': {'institution': 'name'},
    'gnuhealth.hospital.bed': {'product': 'name'},
    'gnuhealth.patient.disease': {'patient': 'name'},
    'gnuhealth.medicament': {'product': 'name'},
    'gnuhealth.patient.medication': {'patient': 'name'},
    'gnuhealth.prescription.line': {'presc_order': 'name'},
    'gnuhealth.vaccination': {'patient': 'name'},
    'gnuhealth.patient.lab.test': {'test_type': 'name'},
    'gnuhealth.operation': {'surgery': 'name'},
    'gnuhealth.surgery_team': {'surgery': 'name'},
    'gnuhealth.patient.family.diseases': {'disease': 'name'},
    'gnuhealth.directions': {'evaluation': 'name'},
    'gnuhealth.patient.ecg': {'patient': 'name'},
    'gnuhealth.insurance': {'party': 'name'},
    'gnuhealth.insurance.plan': {'product': 'name'},
    'gnuhealth.bed.transfer': {'registration': 'name'},
    'gnuhealth.inpatient.medication': {'registration': 'name'},
    'gnuhealth.inpatient.diet': {'registration': 'name'},
    'gnuhealth.patient.rounding': {'registration': 'name'},
    'gnuhealth.patient.pregnancy': {'patient': 'name'},
    'gnuhealth.patient.prenatal.evaluation': {'pregnancy': 'name'},
    'gnuhealth.puerperium.monitor': {'pregnancy': 'name'},
    'gnuhealth.perinatal': {'pregnancy': 'name'},
    'gnuhealth.neonatal.apgar': {'newborn': 'name'},
    'gnuhealth.patient.cage': {'patient': 'name'},
    'gnuhealth.inpatient.icu': {'registration': 'name'},
    'gnuhealth.icu.glasgow': {'registration': 'name'},
    'gnuhealth.icu.apache2': {'registration': 'name'},
    'gnuhealth.icu.ventilation': {'admission': 'name'},
    'gnuhealth.health_service.line': {'service': 'name'},
    'gnuhealth.patient.menstrual_history': {'patient': 'name'},
    'gnuhealth.patient.mammography_history': {'patient': 'name'},
    'gnuhealth.patient.pap_history': {'patient': 'name'},
    'gnuhealth.patient.colposcopy_history': {'patient': 'name'},
}

# Fields that only 5.0 has, or a module that need not be active: left out where they are not. Any other unknown field
# is a mistake and fails.
OPTIONAL = {
    'party.party': {'homeless', 'proclaimed_ethnicity'},
    'gnuhealth.hp_specialty': {'mainsp'},
    'gnuhealth.imaging.test': {'aetitle'},
    'gnuhealth.lab': {'specimen_type', 'state', 'historize'},
    'gnuhealth.lab.test_type': {'category', 'gender', 'specimen_type', 'report_style'},
    'gnuhealth.patient.lab.test': {'comment', 'specimen_type'},
    'gnuhealth.surgery': {'incl_intervention', 'surgical_intervention'},
    'gnuhealth.patient.evaluation': {'body_fat', 'body_muscle', 'body_water', 'body_bone', 'procedures'},
    'gnuhealth.appointment': {'appointment_date_end'},
    'gnuhealth.ses.assessment': {'homeless'},
    'gnuhealth.prescription.order': {'allergy_warning'},
    'gnuhealth.patient.pregnancy': {'notes'},
    'res.group': {'parent'},
}


class World:
    """The demo hospital while it is being made."""

    def __init__(self, gnuhealth):
        self.gnuhealth = gnuhealth
        self.is_44 = gnuhealth == '4.4'
        self.pool = Pool()
        self.random = random.Random()
        self._uuids = random.Random('uuid')
        self._found = {}
        self._fix_uuids()

    def _fix_uuids(self):
        """GNU Health numbers pages of life with uuid4: take them from our random numbers, so that they repeat."""
        for name, module in list(sys.modules.items()):
            if name.startswith('trytond.modules.health') and hasattr(module, 'uuid4'):
                module.uuid4 = self.uuid

    def begin(self, subject):
        """Random numbers of its own for each subject: what one draws does not change the others, nor does the version."""
        self.random.seed(subject)

    # Making and finding records

    def has(self, model):
        """Whether the module that defines `model` is activated."""
        try:
            self.pool.get(model)
        except KeyError:
            return False
        return True

    def field(self, model, name):
        """The name that a field of 5.0 has in this database; None if it has none."""
        if self.is_44:
            name = RENAMED.get(model, {}).get(name, name)
        if name not in self.pool.get(model)._fields:
            return None
        return name

    def values(self, model, values):
        fields = self.pool.get(model)._fields
        result = {}
        for key, value in values.items():
            name = self.field(model, key)
            if name is None:
                if key in OPTIONAL.get(model, ()):
                    continue
                raise KeyError(f'{model} has no field {key}')
            if isinstance(value, (list, tuple)) and value and isinstance(value[0], dict):
                target = fields[name].model_name
                value = [('create', [self.values(target, one) for one in value])]
            elif hasattr(value, 'id') and hasattr(value, '__name__'):
                value = value.id
            result[name] = value
        return result

    def create(self, model, /, **values):
        record, = self.pool.get(model).create([self.values(model, values)])
        return record

    def write(self, record, **values):
        model = record.__name__
        self.pool.get(model).write([record], self.values(model, values))
        # read again: what a button of GNU Health looks at must not be an old copy
        return self.pool.get(model)(record.id)

    def press(self, record, *names):
        """Press a state button, as the client does; several names are that of 5.0 and that of 4.4."""
        Model = self.pool.get(record.__name__)
        button = next(name for name in names if hasattr(Model, name))
        getattr(Model, button)([Model(record.id)])
        return Model(record.id)

    def find(self, model, /, **where):
        """The one record with these values; asked once."""
        key = (model, tuple(sorted(where.items())))
        if key not in self._found:
            domain = [(self.field(model, name) or name, '=', value) for name, value in where.items()]
            records = self.pool.get(model).search(domain, limit=1, order=[('id', 'ASC')])
            if not records:
                raise LookupError(f'no {model} with {where}')
            self._found[key] = records[0].id
        return self.pool.get(model)(self._found[key])

    def search(self, model, domain, limit=None):
        return self.pool.get(model).search(domain, limit=limit, order=[('id', 'ASC')])

    def commit(self):
        """End the transaction: all rows of one transaction share their creation time to the microsecond."""
        Transaction().commit()

    # Values

    def uuid(self):
        return uuid.UUID(int=self._uuids.getrandbits(128), version=4)

    def puid(self):
        """A person identifier of GNU Health's form, XXXNNNXXX."""
        def some(letters):
            return ''.join(self.random.choice(letters) for _ in range(3))
        return some(string.ascii_uppercase) + some(string.digits) + some(string.ascii_uppercase)

    def day(self, days_ago):
        return TODAY - dt.timedelta(days=days_ago)

    def at(self, days_ago, hour=9, minute=0):
        """A time of a day, in UTC as GNU Health stores it."""
        return dt.datetime.combine(self.day(days_ago), dt.time(hour, minute))

    def line_text(self):
        """The ugliest text for fields that 4.4 has as a single line and 5.0 as a text."""
        return UGLY if self.is_44 else UGLY_TEXT

    def chance(self, probability):
        return self.random.random() < probability

    def pick(self, choices):
        return self.random.choice(choices)
