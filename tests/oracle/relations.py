"""What trytond knows of its models and the database does not: the source of src/tryton/relations.rs, and its proof.

    relations.py URL                        what the modules that are activated there know, as JSON
    relations.py write FACTS_6_0 FACTS_7_0  the Rust file, from what was asked of GNU Health 4.4 and of 5.0
"""
import json
import sys
import warnings
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / 'database'))

TO_MANY = {'one2many', 'many2many', 'one2one'}
# Their `search` differs for the user who asks, not within the search of another model.
HARMLESS = {'trytond.res.user', 'trytond.ir.resource'}
# Only their definition for clients differs from the class they are derived from.
PLAIN = {'Monetary'}


def ask(url):
    import demo.connect
    demo.connect.configure(url)
    warnings.filterwarnings('ignore')
    from trytond.model import ModelSQL, fields
    from trytond.pool import Pool
    from trytond.transaction import Transaction
    database = urlsplit(url).path.lstrip('/')
    Pool.start()
    pool = Pool(database)
    pool.init()
    usual = {value for value in vars(fields).values() if isinstance(value, type)}
    facts = {name: [] for name in [
        'tables', 'closed', 'translated', 'computed', 'trees', 'many', 'links', 'refused']}
    with Transaction().start(database, 0, context={'language': 'en'}) as transaction:
        cursor = transaction.connection.cursor()
        cursor.execute("SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'")
        columns = set(cursor.fetchall())
        for name, Model in pool.iterobject('model'):
            if issubclass(Model, ModelSQL):
                model(name, Model, facts, columns, usual, ModelSQL, fields)
    return {name: sorted(rows) for name, rows in facts.items()}


def model(name, Model, facts, columns, usual, ModelSQL, fields):
    if Model._table != name.replace('.', '_'):
        facts['tables'].append([name, Model._table])
    own = [method for method in ['search', 'search_domain', '_search_domain_active', 'estimated_count']
        if hasattr(ModelSQL, method)
        and getattr(Model, method).__func__ is not getattr(ModelSQL, method).__func__
        and getattr(Model, method).__func__.__module__ not in HARMLESS]
    if own or callable(getattr(Model, 'table_query', None)):
        facts['closed'].append([name])
    for field_name, field in Model._fields.items():
        function = isinstance(field, fields.Function)
        own = hasattr(Model, f'domain_{field_name}') or (
            type(field) not in usual and type(field).__name__ not in PLAIN)
        if field._type in TO_MANY:
            to_many(name, field_name, field, facts, function or own, fields)
            continue
        if (function or own) and (Model._table, field_name) in columns:
            facts['computed'].append([name, field_name])
        if function:
            continue
        if getattr(field, 'translate', False):
            facts['translated'].append([name, field_name])
        if field._type == 'many2one':
            assert getattr(field, 'target_search', 'join') == 'join', (name, field_name)
            assert not getattr(field, 'path', None), (name, field_name)
            if field.left:
                facts['trees'].append([name, field_name, field.left, field.right])


def to_many(name, field_name, field, facts, special, fields):
    if special or field.filter:
        facts['refused'].append([name, field_name])
    elif field._type == 'one2many':
        inverse = field.get_target()._fields[field.field]
        assert inverse._type in {'many2one', 'reference'} and not isinstance(inverse, fields.Function)
        facts['many'].append([name, field_name, field.model_name, field.field])
    else:
        Link = field.get_relation()
        origin, target = Link._fields[field.origin], Link._fields[field.target]
        if isinstance(origin, fields.Function) or isinstance(target, fields.Function) or {
                origin._type, target._type} != {'many2one'}:
            facts['refused'].append([name, field_name])
        else:
            facts['links'].append([name, field_name, field.relation_name, field.origin, field.target])


HEAD = '''\
//! What trytond knows of its models and the database does not, for the modules of GNU Health 4.4 (trytond 6.0) and 5.0
//! (trytond 7.0). Made by tests/oracle/relations.py, which asks trytond itself; a test compares it with both versions.

use super::schema::Version::{self, V6_0, V7_0};

/// Where the other end of a relation to many is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ToMany {
    /// In a field of the other model (one2many).
    Inverse {
        /// The other model.
        target: &'static str,
        /// Its many2one or reference field.
        field: &'static str,
    },
    /// In a model between them (many2many, one2one).
    Link {
        /// The model between them.
        link: &'static str,
        /// Its many2one to this model.
        origin: &'static str,
        /// Its many2one to the other.
        target: &'static str,
    },
}

/// The other end of a relation to many; `None` if it is not known, computed or filtered.
#[must_use]
pub fn to_many(version: Version, model: &str, field: &str) -> Option<ToMany> {
    let from = TO_MANY.partition_point(|(m, f, _, _)| (*m, *f) < (model, field));
    let rest = TO_MANY.get(from..)?.iter();
    rest.take_while(|(m, f, _, _)| (*m, *f) == (model, field))
        .find(|(_, _, versions, _)| versions.contains(&version))
        .map(|(_, _, _, to_many)| *to_many)
}

/// The table of a model.
#[must_use]
pub fn table(model: &str) -> String {
    match TABLES.binary_search_by_key(&model, |(name, _)| *name) {
        Ok(at) => TABLES.get(at).map_or_else(String::new, |(_, table)| (*table).to_owned()),
        Err(_) => model.replace('.', "_"),
    }
}

/// Whether trytond searches the model in a way of its own, or it has no table.
#[must_use]
pub fn is_closed(model: &str) -> bool {
    CLOSED.binary_search(&model).is_ok()
}

/// Whether the values of a field are translated.
#[must_use]
pub fn is_translated(model: &str, field: &str) -> bool {
    TRANSLATED.binary_search(&(model, field)).is_ok()
}

/// Whether a field is not what its column says, or is searched in a way of its own.
#[must_use]
pub fn is_computed(model: &str, field: &str) -> bool {
    COMPUTED.binary_search(&(model, field)).is_ok()
}

/// The fields that number a tree, of the field that refers to the parent (modified preorder tree traversal).
#[must_use]
pub fn numbers(model: &str, field: &str) -> Option<(&'static str, &'static str)> {
    let tree = TREES.iter().find(|(m, f, _, _)| (*m, *f) == (model, field))?;
    Some((tree.2, tree.3))
}

const fn inverse(target: &'static str, field: &'static str) -> ToMany {
    ToMany::Inverse { target, field }
}

const fn link(link: &'static str, origin: &'static str, target: &'static str) -> ToMany {
    ToMany::Link { link, origin, target }
}

const BOTH: &[Version] = &[V6_0, V7_0];
const OLD: &[Version] = &[V6_0];
const NEW: &[Version] = &[V7_0];
'''


def write(old, new):
    def literal(row):
        texts = ', '.join(f'"{text}"' for text in row)
        return texts if len(row) == 1 else f'({texts})'

    def rows(kind):
        return sorted({tuple(row) for facts in (old, new) for row in facts[kind]})

    print(HEAD)
    for kind, type_ in [('tables', '(&str, &str)'), ('closed', '&str'), ('translated', '(&str, &str)'),
            ('computed', '(&str, &str)'), ('trees', '(&str, &str, &str, &str)')]:
        print(f'const {kind.upper()}: &[{type_}] = &[')
        for row in rows(kind):
            print(f'    {literal(row)},')
        print('];\n')
    ends = [('inverse', row) for row in rows('many')] + [('link', row) for row in rows('links')]
    print('const TO_MANY: &[(&str, &str, &[Version], ToMany)] = &[')
    for call, row in sorted(ends, key=lambda end: end[1]):
        kind = {'inverse': 'many', 'link': 'links'}[call]
        known = [list(row) in facts[kind] for facts in (old, new)]
        versions = {(True, True): 'BOTH', (True, False): 'OLD', (False, True): 'NEW'}[tuple(known)]
        arguments = ', '.join(f'"{text}"' for text in row[2:])
        print(f'    ("{row[0]}", "{row[1]}", {versions}, {call}({arguments})),')
    print('];')


def main():
    if sys.argv[1] == 'write':
        write(*[json.loads(Path(path).read_text(encoding='utf-8')) for path in sys.argv[2:]])
    else:
        print(json.dumps(ask(sys.argv[1])))


if __name__ == '__main__':
    main()
