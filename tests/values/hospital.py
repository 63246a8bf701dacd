"""What the files of `types` are written with: records as trytond's ORM gives them, and what they say about resources.

A file has a function `resources(hospital)` that yields for each resource its logical id and a list of checks. Paths are names
with dots; `[2]` takes one of a list, `[use=home]` those with this value.
"""
import datetime as dt
import re
import unicodedata
from decimal import Decimal, InvalidOperation

UCUM = 'http://unitsofmeasure.org'
LOINC = 'http://loinc.org'
SNOMED_CT = 'http://snomed.info/sct'
ICD_10 = 'http://hl7.org/fhir/sid/icd-10'
ABSENT = 'http://hl7.org/fhir/StructureDefinition/data-absent-reason'


class Hospital:
    def __init__(self, pool, base):
        self.pool = pool
        self.base = base

    def has(self, model):
        try:
            self.pool.get(model)
        except KeyError:
            return False
        return True

    def all(self, model, *domain):
        """The records of a model, inactive ones too; none where no module has it."""
        return self.pool.get(model).search(list(domain), order=[('id', 'ASC')]) if self.has(model) else []

    def system(self, name):
        """The system of codes or identifiers of this installation."""
        return f'{self.base}/{name}'


def first(record, *names):
    """The value of the first of these fields that there is: names differ between versions. None of a record that is not."""
    if record is None:
        return None
    for name in names:
        if name in record._fields:
            return getattr(record, name)
    return None


def label(record, field):
    """What a user reads for the value of a selection."""
    value = getattr(record, field)
    selection = type(record)._fields[field].selection
    if isinstance(selection, str):
        selection = getattr(type(record), selection)()
    return dict(selection).get(value)


# What a check may say of the values at a path.

def shows(path, *values):
    """Exactly these, in this order; None is no value."""
    return 'shows', path, [value for value in values if not nothing(value)]


def shows_all(path, values):
    """Exactly these, in any order."""
    return 'shows_all', path, [value for value in values if not nothing(value)]


def includes(path, *values):
    """These among others."""
    return 'includes', path, [value for value in values if not nothing(value)]


def counts(path, number):
    """So many."""
    return 'counts', path, number


def refers(path, type_, record):
    """A reference to the resource with the record's id."""
    return shows(f'{path}.reference', record and f'{type_}/{record.id}')


def quantity(path, value, unit=None, code=None):
    """A number with all its digits, its unit as it is printed and, where it is given, its UCUM code."""
    checks = [shows(f'{path}.value', number(value))]
    if unit is not None:
        checks.append(shows(f'{path}.unit', unit if value is not None else None))
    if code is not None:
        checks += [shows(f'{path}.code', code if value is not None else None), shows(f'{path}.system', UCUM if value is not None else None)]
    return checks


def number(value):
    """A number of the ORM with the digits that Python writes, which are those that tell it from any other."""
    return None if value is None else Decimal(repr(value)) if isinstance(value, float) else Decimal(value)


class Second:
    """A time of which the second is shown."""

    def __init__(self, moment):
        self.moment = moment.replace(microsecond=0)


def second(moment):
    return moment and Second(moment)


def nothing(value):
    return value is None or isinstance(value, str) and not text(value)


def text(value):
    """As FHIR lets a text be: no control characters but tab and ends of lines, no space around it."""
    return ''.join(letter for letter in value if unicodedata.category(letter) != 'Cc' or letter in '\t\n\r').strip()


STEP = re.compile(r'([\w]+)((?:\[[^\]]*\])*)(?:\.|$)')


def found(resource, path):
    """The values at a path; a list is all its values."""
    values, at = [resource], 0
    while at < len(path):
        step = STEP.match(path, at)
        if not step:
            raise ValueError(f'no path: {path}')
        at = step.end()
        values = [one for value in values if isinstance(value, dict) and step[1] in value for one in as_list(value[step[1]])]
        for condition in re.findall(r'\[([^\]]*)\]', step[2]):
            key, is_, wanted = condition.partition('=')
            values = [one for one in values if wanted in found(one, key)] if is_ else values[int(key):int(key) + 1]
    return values


def as_list(value):
    return value if isinstance(value, list) else [value]


def problem(resource, check):
    """What is wrong, or None."""
    kind, path, wanted = check
    values = found(resource, path)
    if kind == 'counts':
        right = len(values) == wanted
    elif kind == 'shows':
        right = len(values) == len(wanted) and all(map(same, values, wanted))
    else:
        left = list(values)
        right = all(take(left, value) for value in wanted) and (kind == 'includes' or not left)
    return None if right else f'{path} is {plain(values)}, and the record says {plain(wanted)}'


def take(values, wanted):
    for index, value in enumerate(values):
        if same(value, wanted):
            del values[index]
            return True
    return False


def same(value, wanted):
    if isinstance(wanted, bool) or isinstance(value, bool):
        return value is wanted
    if isinstance(wanted, Second):
        return moment(value) == wanted.moment and 'T' in value and '.' not in value
    if isinstance(wanted, dt.datetime):
        return moment(value) == wanted
    if isinstance(wanted, dt.date):
        return value == wanted.isoformat()
    if isinstance(wanted, (int, float, Decimal)):
        return isinstance(value, Decimal) and value == number(wanted)
    return isinstance(value, str) and value == text(wanted)


def moment(value):
    """A time that says its zone, as trytond has it: in UTC, without zone."""
    try:
        read = dt.datetime.fromisoformat(value.replace('Z', '+00:00'))
    except (ValueError, AttributeError):
        return None
    return read.tzinfo and read.astimezone(dt.timezone.utc).replace(tzinfo=None)


def plain(values):
    if isinstance(values, list):
        return '[' + ', '.join(map(plain, values)) + ']'
    if isinstance(values, Second):
        return f'{values.moment.isoformat()}Z'
    if isinstance(values, (dt.datetime, dt.date)):
        return values.isoformat()
    return str(values) if isinstance(values, Decimal) else repr(values)


def year_or_day(day, estimated):
    """Of an estimated day only the year is known."""
    return day and (f'{day.year:04}' if estimated else day)


def pathology_checks(path, pathology):
    """A concept of GNU Health's list of health conditions."""
    if pathology is None:
        return [counts(path, 0)]
    return [shows(f'{path}.coding.code', pathology.code), shows(f'{path}.text', pathology.name)]
