"""More patients than the ORM makes in reasonable time: copies, in SQL, of rows that the ORM wrote.

Each round copies the same source patients with everything that hangs on them. A copy has ids, identifiers and names of
its own, other dates and slightly other values; references among the copied rows lead to the copies. What a table is
copied from is found through its foreign keys; only what must differ is written down here.

Not copied, for it is nothing that the app serves: pages of life, the federation's queue, and the translations of result
lines (whose English is in the line itself). Stays in the hospital are not copied either: there are only twelve beds.
"""
import contextlib

import psycopg2

# The patients that are copied, and the names that their copies get: those with peculiarities stay unique.
SOURCES = {
    'arabic': [5], 'persian': [6], 'chinese': [7], 'russian': [8], 'greek': [9], 'japanese': [10], 'korean': [11],
    'latin': [2, 12, 24, 26, 27, 28, 29, 30, 31, 42, 48, 49] + list(range(53, 61)),
}

NAMES = {
    'latin': (
        'Ana María Carmen Laura Fatou Inés Olga Sofía Noor Elena Julia Marta Lucía Irene Paula Aisha Chiara Emma Zoë Ingrid'
        ' Nadia Rosa Teresa Beatriz Amélie Katarína Grace Ruth Daniela Valentina',
        'Juan Pedro Kwame Luis Omar Pavel Diego Hugo Carlos Andrés Mateo Lucas Thomas Jürgen Björn Marek Samuel David Kofi'
        ' Antonio Manuel Javier Rafael Émile François Giovanni Peter John William Søren',
        'García López Díaz Suárez Santana Mensah Novák Rossi Hernández Ortega Müller Schmidt Silva Santos Pereira Dubois'
        ' Moreau Kowalski Nowak Jensen Hansen Larsson Okafor Mwangi Diallo Traoré Smith Jones Brown Walker O\'Neill Murphy'
        ' Romero Navarro Castro Molina Ibáñez Núñez Peña Vega'),
    'arabic': ('فاطمة مريم ليلى سارة هدى', 'محمد أحمد علي يوسف خالد', 'الحسن المصري العلي حداد الخطيب'),
    'persian': ('فاطمه زهرا مریم نرگس', 'علی رضا حسین مهدی', 'رضایی محمدی احمدی کریمی'),
    'chinese': ('小红 丽娟 秀英 敏', '小明 伟 强 建国', '王 李 张 刘 陈 杨'),
    'russian': ('Анна Мария Ольга Елена Наталья', 'Иван Пётр Сергей Алексей Дмитрий', 'Петренко Коваленко Шевченко Ткаченко Бондаренко'),
    'greek': ('Ελένη Μαρία Κατερίνα Σοφία', 'Γιώργος Νίκος Κώστας Δημήτρης', 'Παππάς Βλάχος Αγγελής Ζέρβας'),
    'japanese': ('さくら 花子 美咲 陽子', '太郎 翔 健一 大輔', '山田 佐藤 鈴木 高橋 田中'),
    'korean': ('서연 지우 민서 하은', '민준 서준 도윤 지호', '김 이 박 최 정'),
}

# Tables in an order in which parents come first: name, and the column and table of the parent whose rows it follows.
TABLES = [
    ('party_party', None, None), ('gnuhealth_patient', 'party', 'party_party'),
    ('gnuhealth_person_name', 'party', 'party_party'), ('party_contact_mechanism', 'party', 'party_party'),
    ('party_address', 'party', 'party_party'), ('party_party_lang', 'party', 'party_party'),
    ('party_party_location', 'party', 'party_party'), ('party_party_payment_term', 'party', 'party_party'),
    ('party_party_account', 'party', 'party_party'),
    ('gnuhealth_person_alternative_identification', 'party', 'party_party'),
    ('gnuhealth_insurance', 'party', 'party_party'),
    ('gnuhealth_patient_disease', 'patient', 'gnuhealth_patient'),
    ('gnuhealth_patient_family_diseases', 'patient', 'gnuhealth_patient'),
    ('gnuhealth_prescription_order', 'patient', 'gnuhealth_patient'),
    ('gnuhealth_prescription_line', 'presc_order', 'gnuhealth_prescription_order'),
    ('gnuhealth_patient_medication', 'patient', 'gnuhealth_patient'),
    ('gnuhealth_vaccination', 'patient', 'gnuhealth_patient'),
    ('gnuhealth_patient_lab_test', 'patient_id', 'gnuhealth_patient'), ('gnuhealth_lab', 'patient', 'gnuhealth_patient'),
    ('gnuhealth_lab_test_critearea', 'gnuhealth_lab_id', 'gnuhealth_lab'),
    ('gnuhealth_imaging_test_request', 'patient', 'gnuhealth_patient'),
    ('gnuhealth_imaging_test_result', 'patient', 'gnuhealth_patient'),
    ('gnuhealth_appointment', 'patient', 'gnuhealth_patient'), ('gnuhealth_patient_evaluation', 'patient', 'gnuhealth_patient'),
    ('gnuhealth_secondary_condition', 'evaluation', 'gnuhealth_patient_evaluation'),
    ('gnuhealth_diagnostic_hypothesis', 'evaluation', 'gnuhealth_patient_evaluation'),
    ('gnuhealth_signs_and_symptoms', 'evaluation', 'gnuhealth_patient_evaluation'),
    ('gnuhealth_directions', 'evaluation', 'gnuhealth_patient_evaluation'),
    ('gnuhealth_surgery', 'patient', 'gnuhealth_patient'), ('gnuhealth_operation', 'surgery', 'gnuhealth_surgery'),
    ('gnuhealth_surgery_team', 'surgery', 'gnuhealth_surgery'),
    ('gnuhealth_patient_procedure', 'patient', 'gnuhealth_patient'),
    ('gnuhealth_ses_assessment', 'patient', 'gnuhealth_patient'),
]

# Numbers that GNU Health draws from a sequence: table, column, the sequence's name.
NUMBERS = [
    ('gnuhealth_prescription_order', 'prescription_id', 'Prescription'), ('gnuhealth_lab', 'name', 'Lab Test'),
    ('gnuhealth_patient_lab_test', 'request', 'Lab Request'),
    ('gnuhealth_imaging_test_request', 'request', 'Imaging Test Request'),
    ('gnuhealth_imaging_test_result', 'number', 'Imaging Test'), ('gnuhealth_appointment', 'name', 'Appointment'),
    ('gnuhealth_patient_evaluation', 'code', 'Patient Evaluation'), ('gnuhealth_surgery', 'code', 'Surgery'),
]

# 26**6 * 1000 identifiers of the form XXXNNNXXX: an odd factor that is no multiple of 5 or 13 visits each of them once.
PUIDS = 26 ** 6 * 1000


def run(url, patients):
    """Copy until there are `patients` patients."""
    with contextlib.closing(psycopg2.connect(url)) as connection, connection:
        with connection.cursor() as cursor:
            Multiplier(cursor).run(patients)
    with contextlib.closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute('VACUUM (ANALYZE)')


class Multiplier:
    def __init__(self, cursor):
        self.cursor = cursor
        # table -> (highest id before, source rows)
        self.copied = {}

    def query(self, sql, values=None):
        self.cursor.execute(sql, values)
        return self.cursor.fetchall()

    def run(self, patients):
        # the copies are consistent by construction; checking each reference would take longer than writing it
        self.cursor.execute("SET LOCAL session_replication_role = replica")
        self.cursor.execute("SET LOCAL work_mem = '256MB'")
        (have,), = self.query('SELECT count(*) FROM gnuhealth_patient')
        self.missing = patients - have
        self.sources()
        self.rounds = -(-self.missing // self.copied['gnuhealth_patient'][1])
        self.houses()
        for table, column, parent in TABLES:
            if self.exists(table):
                self.copy(table)
        self.sequences()

    def exists(self, table):
        return table in self.copied

    def sources(self):
        """Which rows are copied: a temporary table for each table, with the row, its number, and whose it is."""
        party = self.column('gnuhealth_patient', 'party', 'name')
        wanted = [patient for patients in SOURCES.values() for patient in patients]
        self.cursor.execute(
            f'CREATE TEMP TABLE from_party_party ON COMMIT DROP AS SELECT "{party}" AS src,'
            ' row_number() OVER (ORDER BY id)::int AS rank, row_number() OVER (ORDER BY id)::int AS root, id AS patient'
            ' FROM gnuhealth_patient WHERE id = ANY (%s)', (wanted,))
        self.count('party_party')
        for table, column, parent in TABLES[1:]:
            column = self.column(table, column, 'name')
            if not column or parent not in self.copied:
                continue
            self.cursor.execute(
                f'CREATE TEMP TABLE "from_{table}" ON COMMIT DROP AS SELECT t.id AS src,'
                ' row_number() OVER (ORDER BY p.rank, t.id)::int AS rank, p.root'
                f' FROM "{table}" t JOIN "from_{parent}" p ON p.src = t."{column}"')
            self.count(table)
        self.cursor.execute('CREATE TEMP TABLE pool (party int, female text[], male text[], family text[], latin bool) ON COMMIT DROP')
        for script, patients in SOURCES.items():
            female, male, family = (names.split() for names in NAMES[script])
            self.cursor.execute('INSERT INTO pool SELECT src, %s, %s, %s, %s FROM from_party_party WHERE patient = ANY (%s)',
                                (female, male, family, script == 'latin', patients))

    def houses(self):
        """A domiciliary unit houses a family, not thousands: they are copied too, all of them in each round."""
        self.cursor.execute('CREATE TEMP TABLE from_gnuhealth_du ON COMMIT DROP AS SELECT id AS src,'
                            ' row_number() OVER (ORDER BY id)::int AS rank, 0 AS root FROM gnuhealth_du')
        self.count('gnuhealth_du')
        self.copy('gnuhealth_du')

    def count(self, table):
        (highest,), = self.query(f'SELECT coalesce(max(id), 0) FROM "{table}"')
        (rows,), = self.query(f'SELECT count(*) FROM "from_{table}"')
        self.cursor.execute(f'ANALYZE "from_{table}"')
        self.copied[table] = (highest, rows)

    def column(self, table, *names):
        """The first of these columns that the table has: 5.0 renamed some."""
        columns = self.columns(table)
        return next((name for name in names if name in columns), None)

    def columns(self, table):
        return dict(self.query(
            "SELECT attname, format_type(atttypid, NULL) FROM pg_attribute WHERE attrelid = to_regclass(%s)"
            " AND attnum > 0 AND NOT attisdropped ORDER BY attnum", (f'"{table}"',)))

    def references(self, table):
        """Columns that lead to a table whose rows are copied too."""
        rows = self.query(
            "SELECT a.attname, c.confrelid::regclass::text FROM pg_constraint c"
            " JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]"
            " WHERE c.contype = 'f' AND c.conrelid = to_regclass(%s)", (f'"{table}"',))
        return {column: target for column, target in rows if target in self.copied}

    def new_id(self, table, alias):
        highest, rows = self.copied[table]
        return f'({highest} + (c.n - 1) * {rows} + {alias}.rank)'

    def copy(self, table):
        columns = self.columns(table)
        expressions = {}
        joins = []
        new = self.new_id(table, 'm')
        who = f'((c.n - 1) * {self.copied["party_party"][1]} + m.root)'
        for column, kind in columns.items():
            if column in ('create_date', 'write_date'):
                # spread over the year before the source was written
                expressions[column] = f"s.\"{column}\" - ({who}::bigint * 7919 %% 31536000) * interval '1 second'"
            elif kind == 'date':
                expressions[column] = f's."{column}" - ({who}::bigint * 104729 %% 700)::int'
            elif kind.startswith('timestamp'):
                expressions[column] = f"s.\"{column}\" - ({who}::bigint * 104729 %% 700) * interval '1 day'"
            else:
                expressions[column] = f's."{column}"'
        for number, (column, target) in enumerate(self.references(table).items()):
            joins.append(f'LEFT JOIN "from_{target}" r{number} ON r{number}.src = s."{column}"')
            expressions[column] = f'coalesce({self.new_id(target, f"r{number}")}, s."{column}")'
        expressions['id'] = new
        for one, column, _ in NUMBERS:
            if one == table and columns.get(column) == 'integer':
                expressions[column] = f'CASE WHEN s."{column}" IS NOT NULL THEN {new} END'
            elif one == table and column in columns:
                expressions[column] = numbered(f's."{column}"', new)
        special = getattr(self, table, None)
        if special:
            special(columns, expressions, joins, new, who)
        names = ', '.join(f'"{column}"' for column in columns)
        values = ', '.join(expressions[column] for column in columns)
        limit = f'WHERE {who} <= {self.missing}' if table != 'gnuhealth_du' else ''
        overriding = 'OVERRIDING SYSTEM VALUE' if self.identity(table) else ''
        self.cursor.execute(
            f'INSERT INTO "{table}" ({names}) {overriding} SELECT {values} FROM "{table}" s JOIN "from_{table}" m ON m.src = s.id'
            f' CROSS JOIN generate_series(1, {self.rounds}) AS c(n) {" ".join(joins)} {limit} ORDER BY 1'.replace('%%', '%'))

    def identity(self, table):
        (identity,), = self.query("SELECT attidentity <> '' FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attname = 'id'",
                                  (f'"{table}"',))
        return identity

    # What must differ, table by table: the methods are called as the tables.

    def gnuhealth_du(self, columns, expressions, joins, new, who):
        expressions['name'] = f"'ESP-LPA-' || lpad({new}::text, 6, '0')"
        expressions['address_street_number'] = f'({new} %% 200)::text'

    def party_party(self, columns, expressions, joins, new, who):
        joins.append('JOIN pool ON pool.party = s.id')
        given = ("CASE WHEN s.gender = 'f' OR (s.gender <> 'm' AND " + who + " %% 2 = 0)"
                 f' THEN {chosen("pool.female", who, 7919)} ELSE {chosen("pool.male", who, 7919)} END')
        family = (f"{chosen('pool.family', who, 104729)} || CASE WHEN pool.latin AND {who} %% 3 > 0"
                  f" THEN ' ' || {chosen('pool.family', who, 1299709)} ELSE '' END")
        puid = self.puid(new)
        expressions.update(
            name=given, lastname=family, ref=puid, federation_account=f"'ESP' || {puid}", internal_user='NULL',
            code=f"md5('party' || {new})::uuid || '-GNU Solidario Hospital'",
            dob=f's.dob - ({who}::bigint * 15485863 %% 9000)::int', replaced_by='NULL')

    @staticmethod
    def puid(new):
        number = f'(({new}::bigint * 136117223861 + 271828182845) %% {PUIDS})'

        def letter(place):
            return f'chr(65 + ({number} / {26 ** place * 1000} %% 26)::int)'

        return ' || '.join([letter(0), letter(1), letter(2), f"lpad(({number} %% 1000)::text, 3, '0')",
                            letter(3), letter(4), letter(5)])

    def gnuhealth_person_name(self, columns, expressions, joins, new, who):
        joins.append(f'JOIN party_party np ON np.id = {self.new_id("party_party", "pm")}')
        joins.insert(0, 'JOIN from_party_party pm ON pm.src = s.party')
        expressions.update(given="CASE WHEN s.use = 'official' THEN np.name ELSE s.given END",
                           family="CASE WHEN s.use = 'official' THEN np.lastname ELSE s.family END")

    def party_contact_mechanism(self, columns, expressions, joins, new, who):
        number = f"lpad(({new}::bigint * 15485863 %% 100000000)::text, 8, '0')"
        for column, prefix in (('value', '+34 6'), ('value_compact', '+346')):
            expressions[column] = (
                f"CASE WHEN s.type IN ('phone', 'mobile', 'fax') THEN '{prefix}' || {number}"
                f" WHEN s.type = 'email' THEN 'person' || {new} || '@example.org' ELSE s.\"{column}\" END")

    def gnuhealth_insurance(self, columns, expressions, joins, new, who):
        expressions['number'] = f"'INS-' || lpad({new}::text, 7, '0')"

    def gnuhealth_lab(self, columns, expressions, joins, new, who):
        if columns.get('request_order') == 'integer':
            joins.append('LEFT JOIN from_gnuhealth_patient_lab_test o ON o.src = s.request_order')
            expressions['request_order'] = self.new_id('gnuhealth_patient_lab_test', 'o')

    def gnuhealth_lab_test_critearea(self, columns, expressions, joins, new, who):
        value = f'round((s.result * (0.9 + ({new} %% 21) / 100.0))::numeric, 2)::float'
        expressions['result'] = value
        expressions['warning'] = (f'CASE WHEN s.result IS NULL OR s.lower_limit IS NULL THEN s.warning'
                                  f' ELSE {value} < s.lower_limit OR {value} > s.upper_limit END')

    def gnuhealth_imaging_test_request(self, columns, expressions, joins, new, who):
        if 'request_line' in columns:
            expressions['request_line'] = f"lpad({new}::text, greatest(3, length({new}::text)), '0') || '-01-01'"

    def gnuhealth_imaging_test_result(self, columns, expressions, joins, new, who):
        joins.append('LEFT JOIN from_gnuhealth_imaging_test_request o ON o.src = s.request')
        order = self.new_id('gnuhealth_imaging_test_request', 'o')
        expressions['order'] = f"lpad({order}::text, greatest(3, length({order}::text)), '0')"

    def gnuhealth_patient_evaluation(self, columns, expressions, joins, new, who):
        for column, spread in (('systolic', 21), ('diastolic', 13), ('bpm', 17)):
            expressions[column] = f'CASE WHEN s.{column} > 0 THEN s.{column} + {new} %% {spread} - {spread // 2} END'
        expressions['temperature'] = f'CASE WHEN s.temperature > 0 THEN round((s.temperature + ({new} %% 9) / 10.0)::numeric, 1)::float END'

    def gnuhealth_patient_procedure(self, columns, expressions, joins, new, who):
        joins.append("LEFT JOIN from_gnuhealth_patient_evaluation o ON s.reference = 'gnuhealth.patient.evaluation,' || o.src")
        joins.append("LEFT JOIN from_gnuhealth_surgery u ON s.reference = 'gnuhealth.surgery,' || u.src")
        expressions['reference'] = (
            f"coalesce('gnuhealth.patient.evaluation,' || {self.new_id('gnuhealth_patient_evaluation', 'o')},"
            f" 'gnuhealth.surgery,' || {self.new_id('gnuhealth_surgery', 'u')}, s.reference)")

    def sequences(self):
        """The next row that the ORM creates must get a free id, and a free number."""
        for table in self.copied:
            self.cursor.execute(f"""SELECT setval('"{table}_id_seq"', (SELECT max(id) FROM "{table}"))""")
        for table, column, name in NUMBERS:
            if table in self.copied and column in self.columns(table):
                self.cursor.execute(
                    f"SELECT setval('ir_sequence_' || id, (SELECT max(id) FROM \"{table}\") + 1, false)"
                    ' FROM ir_sequence WHERE name = %s', (name,))


def chosen(names, who, factor):
    """One of an array of names, scattered: neighbours are not alike, and given and family names do not go together."""
    return f'{names}[1 + ({who}::bigint * {factor} %% 1000003 * 48271 %% 999983 %% cardinality({names}))::int]'


def numbered(column, new):
    """A code with its last digits replaced by a number that has at least as many."""
    digits = f"length(substring({column} from '[0-9]+$'))"
    return (f"regexp_replace({column}, '[0-9]+$', '')"
            f" || lpad({new}::text, greatest({digits}, length({new}::text)), '0')")
