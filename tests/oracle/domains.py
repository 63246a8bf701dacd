"""What trytond makes of PYSON and of domains: the answers that src/tryton/pyson.rs and src/tryton/compile are held to.

    domains.py URL LOGIN COUNT SEED [--threshold RECORDS] [--disturbed]

Makes domains on the models that clinical resources are read from, with values from the data and with values that must
not matter, stores them as record rules are stored, and asks trytond for the records as it asks in the evaluation of a
rule. One JSON object a line. The same seed gives the same lines for the same data. From RECORDS on trytond 7.0 joins a
related model (`subquery_threshold`). Disturbed, the data has first what the demo lacks: inactive records, relations that
are empty, empty texts, references to nowhere. How is said in lines of their own; nothing is kept.
"""
import argparse
import datetime
import itertools
import json
import random
import sys
import warnings
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / 'database'))

MODELS = """
    gnuhealth.patient party.party party.address party.contact_mechanism gnuhealth.person_name party.identifier
    gnuhealth.person_alternative_identification gnuhealth.du gnuhealth.healthprofessional gnuhealth.hp_specialty
    gnuhealth.institution gnuhealth.patient.disease gnuhealth.pathology gnuhealth.pathology.category gnuhealth.lab
    gnuhealth.lab.test.critearea gnuhealth.lab.test_type gnuhealth.patient.lab.test gnuhealth.patient.evaluation
    gnuhealth.appointment gnuhealth.vaccination gnuhealth.prescription.order gnuhealth.prescription.line
    gnuhealth.patient.medication gnuhealth.medicament gnuhealth.hospital.building gnuhealth.hospital.ward
    gnuhealth.hospital.bed gnuhealth.hospital.unit gnuhealth.inpatient.registration gnuhealth.surgery gnuhealth.operation
    gnuhealth.patient.pregnancy gnuhealth.newborn gnuhealth.imaging.test.result gnuhealth.patient.procedure
    gnuhealth.family gnuhealth.insurance gnuhealth.patient.rounding gnuhealth.patient.ambulatory_care
    gnuhealth.ses.assessment gnuhealth.health_service gnuhealth.family_member gnuhealth.operational_area
    country.country country.subdivision company.company company.employee res.user res.group product.product
    product.template product.category product.uom party.category stock.location stock.lot ir.attachment
    currency.currency
""".split()
COMPARISONS = ['=', '!=', '<', '<=', '>', '>=']
LISTS = ['in', 'not in']
LIKES = ['like', 'not like', 'ilike', 'not ilike']
TREES = ['child_of', 'not child_of', 'parent_of', 'not parent_of']
WHERES = ['where', 'not where']
TO_MANY = {'one2many', 'many2many', 'one2one'}
NO_ID = 987654


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    for name, type_ in [('url', str), ('login', str), ('count', int), ('seed', int), ('--threshold', str)]:
        parser.add_argument(name, type=type_)
    parser.add_argument('--disturbed', action='store_true')
    options = parser.parse_args()
    import demo.connect
    demo.connect.configure(options.url)
    from trytond.config import config
    if options.threshold:
        config.set('database', 'subquery_threshold', options.threshold)
    warnings.filterwarnings('ignore')
    from trytond.pool import Pool
    from trytond.transaction import Transaction
    database = urlsplit(options.url).path.lstrip('/')
    Pool.start()
    pool = Pool(database)
    pool.init()
    with Transaction().start(database, 0, readonly=not options.disturbed) as transaction:
        User = pool.get('res.user')
        user, = User.search([('login', '=', options.login)])
        with transaction.set_user(user.id), transaction.set_context(User.get_preferences(context_only=True)), \
                transaction.set_context(_check_access=True, language='en'):
            oracle = Oracle(pool, transaction, user.id, options.seed)
            if options.disturbed:
                oracle.disturb()
            else:
                oracle.pyson()
            oracle.domains(options.count)
        transaction.rollback()


class Oracle:
    def __init__(self, pool, transaction, user, seed):
        self.pool, self.transaction, self.user = pool, transaction, user
        self.random = random.Random(seed)
        cursor = transaction.connection.cursor()
        cursor.execute("SELECT relname FROM pg_class WHERE has_table_privilege('gnuhealth_fhir', oid, 'SELECT')")
        self.readable = {name for name, in cursor}
        self.known = {}
        # as `Rule._get_context` has them in the version at hand
        self.groups = pool.get('res.user').get_groups()
        self.companies = type(self.groups)([1])

    def pyson(self):
        from trytond.pyson import PYSONDecoder
        context = {'groups': self.groups, 'companies': self.companies, 'none': type(self.groups)(),
            'party': {'id': 7, 'name': 'Ana', 'inner': {'deep': 1}}, 'dotted.name': 'x'}
        for text in itertools.chain(PYSON_TEXTS, (json.dumps(self.expression(3)) for _ in range(1500))):
            line = {'kind': 'pyson', 'text': text, 'context': {name: tagged(value) for name, value in context.items()}}
            try:
                line['value'] = tagged(PYSONDecoder(context).decode(text))
            except Exception as error:
                line['error'] = type(error).__name__
            print(json.dumps(line))

    def expression(self, depth):
        pick = self.random
        if depth == 0 or pick.random() < 0.2:
            return pick.choice([None, True, False, 0, 1, -1, 2, 1.0, 1.5, 0.1, '', 'a', 'id', 'name', '12', [], [1], [1, 'a'],
                {}, {'id': 1}, {'x': 0}])
        inner = lambda: self.expression(depth - 1)
        name = pick.choice(['Eval', 'Eval', 'Not', 'Bool', 'And', 'Or', 'Equal', 'Equal', 'Greater', 'Less', 'If', 'Get', 'In',
            'In', 'Date', 'DateTime', 'TimeDelta', 'Len', 'list', 'dict', 'Other'])
        small = lambda: pick.choice([None, 0, 1, 2, 5, 11, 12, 30, 31])
        delta = lambda: pick.choice([0, 0, 1, -1, 13, -25, 40])
        start = {'__class__': 'DateTime', 'y': 2024, 'M': 2, 'd': 29, 'h': 5, 'm': 6, 's': 7, 'ms': 8, 'dy': 0, 'dM': 0, 'dd': 0,
            'dh': 0, 'dm': 0, 'ds': 0, 'dms': 0}
        members = {
            'Eval': lambda: {'v': pick.choice(['groups', 'companies', 'none', 'nothing', 'party.id', 'party.x', 'party.inner.deep',
                'party', 'dotted.name', 'groups.x', 'none.x', '', 'a.b.c', '_parent_x.y']), 'd': inner()},
            'Not': lambda: {'v': inner()}, 'Bool': lambda: {'v': inner()}, 'Len': lambda: {'v': inner()},
            'And': lambda: {'s': [inner() for _ in range(pick.randint(1, 3))]},
            'Or': lambda: {'s': [inner() for _ in range(pick.randint(1, 3))]},
            'Equal': lambda: {'s1': inner(), 's2': inner()},
            'Greater': lambda: {'s1': inner(), 's2': inner(), 'e': pick.random() < 0.5},
            'Less': lambda: {'s1': inner(), 's2': inner(), 'e': pick.random() < 0.5},
            'If': lambda: {'c': inner(), 't': inner(), 'e': inner()},
            'Get': lambda: {'v': pick.choice([inner(), {'id': 3}, {'__class__': 'Eval', 'v': 'party', 'd': {}}]),
                'k': pick.choice(['id', 'name', inner()]), 'd': inner()},
            'In': lambda: {'k': inner(), 'v': inner()},
            'Date': lambda: {'y': pick.choice([None, 2020, 1]), 'M': small(), 'd': small(), 'dy': delta(), 'dM': delta(),
                'dd': delta(), 'start': start},
            'DateTime': lambda: {'y': pick.choice([None, 2020]), 'M': small(), 'd': small(), 'h': small(), 'm': small(),
                's': small(), 'ms': small(), 'dy': delta(), 'dM': delta(), 'dd': delta(), 'dh': delta(), 'dm': delta(),
                'ds': delta(), 'dms': delta(), 'start': start},
            'TimeDelta': lambda: {'d': delta(), 's': delta(), 'm': delta()},
            'Other': lambda: {'v': inner()},
            }
        if name == 'list':
            return [inner() for _ in range(pick.randint(0, 3))]
        if name == 'dict':
            return {key: inner() for key in pick.sample(['id', 'name', 'x'], 2)}
        result = {'__class__': name, **members[name]()}
        if pick.random() < 0.05:
            del result[pick.choice(sorted(result))]
        return result

    def domains(self, count):
        made, seen = 0, set()
        models = [name for name in MODELS if self.columns(name) and self.pool.get(name)._table in self.readable]
        for number in itertools.count():
            if made == count:
                break
            name = models[number % len(models)]
            domain = self.domain(name, self.random.choice([0, 0, 1, 1, 2]))
            text = self.encoded(domain)
            if (name, text) in seen:
                continue
            seen.add((name, text))
            made += 1
            line = {'kind': 'domain', 'model': name, 'domain': text, 'user': self.user, 'groups': list(self.groups),
                'companies': list(self.companies)}
            line.update(self.ask(name, text))
            print(json.dumps(line))

    def ask(self, name, text):
        """As `ModelSQL.__check_domain_rule` asks for the records that `Rule.get` allows."""
        from trytond.model.modelsql import convert_from
        from trytond.pyson import PYSONDecoder
        Model = self.pool.get(name)
        cursor = self.transaction.connection.cursor()
        cursor.execute('SAVEPOINT oracle')
        try:
            domain = PYSONDecoder({'groups': self.groups, 'companies': self.companies}).decode(text)
            table = Model.__table__()
            tables, expression = Model.search_domain(
                ['OR', ['OR', domain]], active_test=False, tables={None: (table, None)})
            cursor.execute(*convert_from(None, tables).select(table.id, where=expression))
            return {'ids': sorted(id_ for id_, in cursor)}
        except Exception as error:
            cursor.execute('ROLLBACK TO SAVEPOINT oracle')
            return {'error': type(error).__name__}

    def disturb(self):
        """Makes what the demo data lacks, as far as the constraints let it."""
        cursor = self.transaction.connection.cursor()
        for name in MODELS:
            fields = self.columns(name)
            for number, (field_name, (field, special)) in enumerate(fields.items()):
                if special or field_name in {'id', 'create_uid', 'create_date'} or field._type in TO_MANY:
                    continue
                values = {'boolean': ['NULL', 'false'], 'char': ["''", "' x '", "'100%'"], 'selection': ["''", 'NULL'],
                    'reference': ["'party.party,-1'", "'res.user,1'", 'NULL']}.get(field._type, ['NULL'])
                for remainder, value in enumerate(values):
                    statement = (f'UPDATE "{self.pool.get(name)._table}" SET "{field_name}" = {value} '
                        f'WHERE (id + {number}) % 9 = {remainder * 3}')
                    cursor.execute('SAVEPOINT disturbed')
                    try:
                        cursor.execute(statement)
                    except Exception:
                        cursor.execute('ROLLBACK TO SAVEPOINT disturbed')
                    else:
                        print(json.dumps({'kind': 'disturbed', 'statement': statement}))
        self.known.clear()

    # What there is

    def columns(self, name):
        """The fields of a model with their columns and relations, and some values of each."""
        if name not in self.known:
            self.known[name] = self.describe(name)
        return self.known[name]

    def describe(self, name):
        from trytond.model import fields
        try:
            Model = self.pool.get(name)
        except KeyError:
            return {}
        described = {}
        for field_name, field in sorted(Model._fields.items()):
            special = isinstance(field, fields.Function) or getattr(field, 'translate', False)
            if not special and hasattr(field, 'get_target'):
                ends = [field.get_target()] + ([field.get_relation()] if hasattr(field, 'get_relation') else [])
                special = not all(End._table in self.readable for End in ends)
            described[field_name] = (field, special)
        return described

    def values(self, name, field_name):
        key = (name, field_name, 'values')
        if key not in self.known:
            cursor = self.transaction.connection.cursor()
            table = self.pool.get(name)._table
            cursor.execute(f'SELECT DISTINCT "{field_name}" FROM "{table}" ORDER BY 1 LIMIT 30')
            self.known[key] = [value for value, in cursor]
        return self.known[key]

    # Domains

    def domain(self, name, depth):
        pick = self.random
        parts = [self.part(name, depth) for _ in range(pick.choice([1, 1, 2, 2, 3]))]
        if pick.random() < 0.03:
            parts.append([])
        operator = pick.choice([[], [], ['AND'], ['OR'], ['OR']])
        return operator + parts

    def part(self, name, depth):
        if depth and self.random.random() < 0.5:
            return self.domain(name, depth - 1)
        return self.clause(name, 3)

    def clause(self, name, depth):
        pick = self.random
        described = self.columns(name)
        kinds = {'odd': [], 'plain': [], 'one': [], 'many': [], 'reference': []}
        for field_name, (field, special) in described.items():
            if special or field._type in {'dict', 'binary', 'multiselection'}:
                kinds['odd'].append(field_name)
            elif field._type == 'many2one':
                kinds['one'].append(field_name)
            elif field._type in TO_MANY:
                kinds['many'].append(field_name)
            elif field._type == 'reference':
                kinds['reference'].append(field_name)
            else:
                kinds['plain'].append(field_name)
        weights = {'odd': 0.05, 'plain': 1, 'one': 1, 'many': 0.9, 'reference': 0.7}
        kind = pick.choices([kind for kind in kinds if kinds[kind]], [weights[kind] for kind in kinds if kinds[kind]])[0]
        field_name = pick.choice(kinds[kind])
        field = described[field_name][0]
        if kind == 'odd':
            return [field_name, pick.choice(['=', '!=', 'ilike']), pick.choice([None, 'a'])]
        return getattr(self, kind)(name, field_name, field, depth)

    def plain(self, name, field_name, field, depth):
        pick = self.random
        operators = COMPARISONS + ['=', '!=', '=', '!='] + LISTS * 2
        if field._type in {'char', 'selection'}:
            operators += LIKES
        if field._type == 'text':
            operators += ['like', 'not like']
        if field._type == 'boolean':
            operators = ['=', '!=', '=', '!=', 'in', 'not in', '<']
        operator = pick.choice(operators)
        return [field_name, operator, self.wrapped(self.operand(name, field_name, field, operator))]

    def operand(self, name, field_name, field, operator):
        pick = self.random
        def one():
            if pick.random() < 0.15:
                return None
            if pick.random() < 0.1:
                return self.strange(field)
            return self.plainly(pick.choice(self.values(name, field_name) or [None]))
        if operator in LISTS:
            return [one() for _ in range(pick.choice([0, 1, 1, 2, 4]))]
        value = one()
        if operator in LIKES and isinstance(value, str):
            cut = value[:pick.randint(0, 4)].strip()
            return pick.choice([value, cut + '%', '%' + cut + '%', cut.upper() + '_%', cut.replace('a', '_'), r'%\_%', r'100\%'])
        return value

    def strange(self, field):
        pick = self.random
        if field._type in {'integer', 'many2one'}:
            return pick.choice([0, -1, NO_ID, 2 ** 40])
        if field._type in {'float', 'numeric'}:
            return pick.choice([0, 0.1, -1.5, 1e10, 3])
        if field._type == 'boolean':
            return pick.choice([0, 1, '', 'x', True, False])
        if field._type in {'char', 'text', 'selection', 'reference'}:
            return pick.choice(['', "O'Brien", '%', '_', '\\"', 'Ana', "'; DROP TABLE party_party; --", '$1', 'é', '😀'])
        if field._type == 'date':
            return pick.choice(['2020-01-01', datetime.date(1985, 10, 4)])
        if field._type in {'datetime', 'timestamp'}:
            return datetime.datetime(2024, 2, 29, 1, 2, 3)
        return None

    def plainly(self, value):
        from trytond.pyson import TimeDelta
        if isinstance(value, datetime.timedelta):
            return TimeDelta(value.days, value.seconds, value.microseconds)
        if isinstance(value, datetime.time):
            return value.isoformat('seconds')
        if isinstance(value, Decimal):
            return float(value)
        return value

    def one(self, name, field_name, field, depth):
        pick = self.random
        target = field.model_name
        choice = pick.random()
        if depth > 1 and choice < 0.5 and self.columns(target):
            return self.prefixed(field_name, self.clause(target, depth - 1))
        if choice < 0.6:
            return [field_name, pick.choice(WHERES), self.domain(target, 0)] if depth > 1 else [field_name, '!=', None]
        if choice < 0.75:
            parents = [parent for parent, (parent_field, special) in self.columns(target).items()
                if not special and parent_field._type == 'many2one' and parent_field.model_name == target]
            if parents and target != name:
                ids = self.ids(target)
                return [field_name, pick.choice(TREES), ids, pick.choice(parents)]
            if target == name:
                return [field_name, pick.choice(TREES), self.ids(target)]
        operator = pick.choice(['=', '!=', '=', '!=', 'in', 'not in', '<', '>='])
        return [field_name, operator, self.wrapped(self.operand(name, field_name, field, operator))]

    def ids(self, name):
        pick = self.random
        ids = self.values(name, 'id') or [NO_ID]
        return pick.choice([pick.choice(ids), [pick.choice(ids)], [pick.choice(ids), NO_ID], [], None, [None],
            pick.sample(ids, min(3, len(ids)))])

    def many(self, name, field_name, field, depth):
        pick = self.random
        target = field.get_target().__name__
        choice = pick.random()
        if depth > 1 and choice < 0.4 and self.columns(target):
            return self.prefixed(field_name, self.clause(target, depth - 1))
        if depth > 1 and choice < 0.6:
            return [field_name, pick.choice(WHERES), self.domain(target, 0)]
        if choice < 0.8:
            return [field_name, pick.choice(['=', '!=']), None]
        if field._type != 'one2many' and choice < 0.9:
            parents = [parent for parent, (parent_field, special) in self.columns(target).items()
                if not special and parent_field._type == 'many2one' and parent_field.model_name == target]
            if parents and target != name:
                return [field_name, pick.choice(TREES), self.ids(target), pick.choice(parents)]
        operator = pick.choice(['=', '!=', 'in', 'not in'])
        ids = [pick.choice(self.values(target, 'id') or [NO_ID]) for _ in range(3)] + [NO_ID]
        return [field_name, operator, pick.choice(ids) if operator in COMPARISONS else ids]

    def reference(self, name, field_name, field, depth):
        pick = self.random
        values = [value for value in self.values(name, field_name) if value and ',' in value]
        if depth > 1 and values and pick.random() < 0.6:
            target = pick.choice(values).split(',')[0]
            if self.columns(target):
                clause = self.prefixed(field_name, self.clause(target, 1))
                return clause[:3] + [target] + clause[3:]
        operator = pick.choice(['=', '!=', 'in', 'not in', 'like', 'not like'])
        value = self.operand(name, field_name, field, operator)
        return [field_name, operator, value]

    def prefixed(self, field_name, clause):
        return [f'{field_name}.{clause[0]}'] + clause[1:]

    def wrapped(self, value):
        """The value as a statement, sometimes."""
        from trytond.pyson import Bool, Equal, Eval, Get, If, In, Not
        pick = self.random
        choice = pick.random()
        if choice > 0.2 or isinstance(value, (datetime.date, type(None))) or hasattr(value, 'pyson'):
            return value
        other = type(value)()
        yes = pick.choice([In(1, Eval('companies', [])), Not(In(-1, Eval('groups', []))), Bool(Eval('groups', [])),
            Equal(Eval('nothing', 1), 1), Not(Equal('a', 'b'))])
        if choice < 0.1:
            return If(yes, value, other)
        if choice < 0.13:
            return Get(Eval('nothing', {'x': value}), 'x', other)
        return Eval('nothing', value)

    def encoded(self, domain):
        from trytond.pyson import PYSONEncoder
        return PYSONEncoder().encode(domain)


PYSON_TEXTS = [
    'null', 'true', '1', '-0.0', '1e3', '"a"', '[]', '{}', '[1, [2, [3]]]', '{"a": {"b": 1}}', '1 2', '', '[1,]', '{"a": 1, "a": 2}',
    '{"__class__": "Decimal", "decimal": "1.5"}', '{"__class__": "date", "year": 2020, "month": 1, "day": 1}',
    '{"__class__": 5}', '{"__class__": null}', '{"__class__": []}', '{"__class__": {}}', '{"__class__": "true"}',
    '{"__class__": "false"}', '{"__class__": "Id", "module": "res", "fs_id": "group_admin"}', '{"__class__": "Eval"}',
    '{"__class__": "Eval", "v": "groups"}', '{"__class__": "Eval", "v": 1, "d": 1}', '{"__class__": "Eval", "v": [], "d": 1}',
    '{"__class__": "Eval", "v": "groups", "d": {"__class__": "Eval", "v": "x"}}',
    '{"__class__": "And", "s": []}', '{"__class__": "Or", "s": 1}',
    '{"__class__": "Equal", "s1": {"__class__": "Eval", "v": "groups", "d": []}, "s2": [1]}',
    '{"__class__": "Equal", "s1": 9007199254740993, "s2": 9007199254740992.0}',
    '{"__class__": "Equal", "s1": 9007199254740992, "s2": 9007199254740992.0}',
    '{"__class__": "Equal", "s1": true, "s2": 1}', '{"__class__": "Equal", "s1": [1, 0], "s2": [true, false]}',
    '{"__class__": "Equal", "s1": {"a": 1}, "s2": {"a": 1.0}}', '{"__class__": "Equal", "s1": null, "s2": false}',
    '{"__class__": "Greater", "s1": null, "s2": 1}', '{"__class__": "Greater", "s1": "2", "s2": 1, "e": false}',
    '{"__class__": "Greater", "s1": 2, "s2": 2}', '{"__class__": "Less", "s1": true, "s2": 2, "e": true}',
    '{"__class__": "If", "c": true, "t": 1}', '{"__class__": "If", "c": false, "t": 1}', '{"__class__": "If", "c": "", "t": 1, "e": 2}',
    '{"__class__": "In", "k": "a", "v": "abc"}', '{"__class__": "In", "k": 1, "v": "abc"}', '{"__class__": "In", "v": []}',
    '{"__class__": "In", "k": 1.0, "v": {"__class__": "Eval", "v": "companies", "d": []}}',
    '{"__class__": "In", "k": [], "v": {"a": 1}}', '{"__class__": "In", "k": 1, "v": {"a": 1}}', '{"__class__": "In", "k": 1, "v": 5}',
    '{"__class__": "Get", "v": {}, "k": "a", "d": 1}', '{"__class__": "Get", "v": null, "k": "a", "d": 1}',
    '{"__class__": "Get", "v": {"a": 1}, "k": [], "d": 1}', '{"__class__": "Get", "v": {"a": 1}, "k": "a"}',
    '{"__class__": "Len", "v": "\\ud83d\\ude00é"}', '{"__class__": "Len", "v": null}',
    '{"__class__": "Len", "v": {"__class__": "Eval", "v": "groups", "d": []}}',
    '{"__class__": "TimeDelta", "d": 1, "s": -1, "m": 5}', '{"__class__": "TimeDelta", "d": 999999999, "s": 0, "m": 0}',
    '{"__class__": "TimeDelta", "d": 1000000000, "s": 0, "m": 0}',
    '{"__class__": "Greater", "s1": {"__class__": "TimeDelta", "d": 1, "s": 0, "m": 0}, "s2": 86399, "e": false}',
    '{"__class__": "Date", "y": 2023, "M": 1, "d": 31, "dy": 0, "dM": 1, "dd": 0}',
    '{"__class__": "Date", "y": 2024, "M": 2, "d": 29, "dy": 1, "dM": 0, "dd": 0}',
    '{"__class__": "Date", "y": 2024, "M": 13, "d": 1, "dy": 0, "dM": 0, "dd": 0}',
    '{"__class__": "Date", "y": 9999, "M": 12, "d": 31, "dy": 0, "dM": 0, "dd": 1}',
    '{"__class__": "Date", "y": 1, "M": 1, "d": 1, "dy": 0, "dM": 0, "dd": -1}',
    '{"__class__": "Date", "y": 2024, "M": 1, "d": 99, "dy": 0, "dM": 0, "dd": 0}',
    '{"__class__": "Date", "y": 2024, "M": 1, "d": -1, "dy": 0, "dM": 0, "dd": 0}',
    '{"__class__": "Date", "y": 0, "M": 0, "d": 0, "dy": 0, "dM": 0, "dd": 0, "start": {"__class__": "Date", "y": 2001, "M": 2, "d": 3, "dy": 0, "dM": 0, "dd": 0}}',
    '{"__class__": "Date", "y": "2024", "M": 1, "d": 1, "dy": 0, "dM": 0, "dd": 0}',
    '{"__class__": "Date", "y": 2024, "M": 1, "d": 1, "dy": null, "dM": 0, "dd": 0}',
    '{"__class__": "DateTime", "y": 2024, "M": 1, "d": 1, "h": 24, "m": 0, "s": 0, "ms": 0, "dy": 0, "dM": 0, "dd": 0, "dh": 0, "dm": 0, "ds": 0, "dms": 0}',
    '{"__class__": "DateTime", "y": 2024, "M": 1, "d": 1, "h": 0, "m": 0, "s": 0, "ms": 0, "dy": 0, "dM": 0, "dd": 0, "dh": 25, "dm": -61, "ds": 1, "dms": -1}',
    ]


def tagged(value):
    """A value in JSON with its type."""
    if isinstance(value, float):
        return {'float': repr(value)}
    if isinstance(value, list):
        return {'list': [tagged(item) for item in value]}
    if isinstance(value, tuple):
        return {'tuple': [tagged(item) for item in value]}
    if isinstance(value, dict):
        return {'dict': {name: tagged(item) for name, item in value.items()}}
    if isinstance(value, datetime.datetime):
        return {'datetime': value.isoformat(timespec='microseconds')}
    if isinstance(value, datetime.date):
        return {'date': value.isoformat()}
    if isinstance(value, datetime.timedelta):
        return {'timedelta': str(value // datetime.timedelta(microseconds=1))}
    return value


if __name__ == '__main__':
    main()
