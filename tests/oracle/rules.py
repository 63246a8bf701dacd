"""Record rules of many shapes, each for a user of its own, made through Tryton's ORM so that trytond accepts them.

    rules.py URL users       makes the users `rule-…`, each in a group with the rules of a shape; prints their logins as JSON
    rules.py URL everyone    makes a global and a default rule, which concern everybody
    rules.py URL remove      removes those two again
"""
import json
import sys
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / 'database'))

import demo.connect  # noqa: E402  (needs the path above)

PATIENT, PARTY = 'gnuhealth.patient', 'party.party'
NAME = 'Rule test'


def date(year, month, day):
    return {'__class__': 'Date', 'y': year, 'M': month, 'd': day, 'dy': 0, 'dM': 0, 'dd': 0}


def evaluated(name):
    return {'__class__': 'Eval', 'v': name, 'd': []}


def shapes(pool):
    """For each shape: rule groups, each a model and its domains, which are alternatives."""
    party = 'party' if 'party' in pool.get(PATIENT)._fields else 'name'
    Subdivision = pool.get('country.subdivision')
    top = Subdivision.search([('parent', '=', None), ('country.code', '=', 'ES')], limit=1)[0].id

    def patients(*domains):
        return [(PATIENT, list(domains))]

    found = {
        'own': patients([['primary_care_doctor', '=', 1]]),
        'others': patients([['primary_care_doctor', '!=', 1]]),
        'no-doctor': patients([['primary_care_doctor', '=', None]]),
        'with-doctor': patients([['primary_care_doctor', '!=', None]]),
        'in': patients([['id', 'in', [1, 2, 3, 5, 999999]]]),
        'not-in': patients([['id', 'not in', [1, 2, 3]]]),
        'less': patients([['id', '<', 10]]),
        'at-most': patients([['id', '<=', 10]]),
        'greater': patients([['id', '>', 10]]),
        'at-least': patients([['id', '>=', 10]]),
        'active': patients([['active', '=', True]]),
        'inactive': patients([['active', '=', False]]),
        'not-active': patients([['active', '!=', True]]),
        'everything': patients([]),
        'nothing': patients([['id', 'in', []]]),
        'women': patients([[f'{party}.gender', '=', 'f']]),
        'like': patients([[f'{party}.lastname', 'like', 'B%']]),
        'not-like': patients([[f'{party}.lastname', 'not like', 'B%']]),
        'ilike': patients([[f'{party}.lastname', 'ilike', '%ü%']]),
        'not-ilike': patients([[f'{party}.lastname', 'not ilike', '%E%']]),
        'quoted': patients([[f'{party}.lastname', 'ilike', "%'%"]]),
        'born-later': patients([[f'{party}.dob', '>=', date(1980, 1, 1)]]),
        'born-between': patients([[f'{party}.dob', '>', date(1960, 1, 1)], [f'{party}.dob', '<', date(1990, 1, 1)]]),
        'country': patients([[f'{party}.addresses.country.code', '=', 'ES']]),
        'region': patients([[f'{party}.addresses.subdivision', 'child_of', [top], 'parent']]),
        'mail': patients([[f'{party}.contact_mechanisms.type', '=', 'email']]),
        'no-contact': patients([[f'{party}.contact_mechanisms', '=', None]]),
        'where': patients([[party, 'where', [['gender', '=', 'm'], ['lastname', '!=', None]]]]),
        'nested': patients([
            'OR', [['id', '<', 5], ['active', '=', True]],
            ['AND', [f'{party}.gender', '=', 'f'], ['OR', ['id', '>', 50], ['primary_care_doctor', '=', 2]]]]),
        'member': patients([['id', 'in', {
            '__class__': 'If', 'c': {'__class__': 'In', 'k': 'GROUP', 'v': evaluated('groups')}, 't': [1, 2, 3], 'e': [4]}]]),
        'no-member': patients([['id', 'in', {
            '__class__': 'If', 'c': {'__class__': 'In', 'k': -1, 'v': evaluated('groups')}, 't': [1, 2, 3], 'e': [4]}]]),
        'company': patients([{
            '__class__': 'If', 'c': {'__class__': 'In', 'k': 'COMPANY', 'v': evaluated('companies')},
            't': ['id', '<', 8], 'e': ['id', '=', -1]}]),
        'alternatives': patients([['id', '=', 1]], [['id', '=', 2]]),
        'two-groups': patients([['id', '=', 1]]) + patients([['id', '=', 3]]),
        'group-without-rule': patients([['id', '=', 1]]) + patients(),
        'persons': [(PARTY, [[['gender', '=', 'f']]])],
        'persons-and-patients': [(PARTY, [[['gender', '=', 'f']]]), (PATIENT, [[['id', '<', 30]]])],
        'addresses': [('party.address', [[['country', '=', None]]])],
        'names': [('gnuhealth.person_name', [[['use', '!=', 'maiden']]])],
        'contacts': [('party.contact_mechanism', [[['type', '=', 'phone']]])],
        'doctors': [('gnuhealth.healthprofessional', [[['id', '!=', 1]]])],
        'houses': [('gnuhealth.du', [[['id', '=', -1]]])],
        # trytond can search it, in the code of a function: not here, so that it grants nothing
        'function': patients([['rec_name', 'ilike', '%a%']]),
        'function-or-own': patients([['rec_name', 'ilike', '%a%']], [['primary_care_doctor', '=', 1]]),
    }
    return found


def make_users(pool):
    company, = pool.get('company.company').search([], limit=1)
    logins = []
    for shape, rules in shapes(pool).items():
        make_user(pool, company, shape, rules)
        logins.append(f'rule-{shape}')
    # What a user has through an inactive group, through the parent of a group, and for writing only.
    own = [(PATIENT, [[['id', '<', 4]]])]
    make_user(pool, company, 'inactive-group', own, active=False)
    make_user(pool, company, 'parent-group', own, parent=True)
    make_user(pool, company, 'for-writing', own, perm_read=False)
    return logins + ['rule-inactive-group', 'rule-parent-group', 'rule-for-writing']


def make_user(pool, company, shape, rules, active=True, parent=False, perm_read=True):
    Group, User = pool.get('res.group'), pool.get('res.user')
    group, = Group.create([{'name': f'{NAME} {shape}', 'active': active}])
    for model, domains in rules:
        make_rules(pool, shape, model, domains, group, company, perm_read=perm_read, groups=[('add', [group.id])])
    member = group
    if parent:
        member, = Group.create([{'name': f'{NAME} {shape} child', 'parent': group.id}])
    # Whatever the rules leave, they may read the models: that of clinical records is denied to users in no group.
    doctors, = Group.search([('name', '=', 'Health Doctor')])
    values = {
        'login': f'rule-{shape}', 'name': f'{NAME} {shape}', 'groups': [('add', [member.id, doctors.id])],
        'company': company.id}
    if 'companies' in User._fields:
        values['companies'] = [('add', [company.id])]
    User.create([values])


def make_rules(pool, shape, model, domains, group, company, perm_read=True, **kind):
    def written(domain):
        text = json.dumps(domain)
        if group:
            text = text.replace('"GROUP"', str(group.id))
        return text.replace('"COMPANY"', str(company.id))

    RuleGroup = pool.get('ir.rule.group')
    model, = pool.get('ir.model').search([('model', '=', model)])
    RuleGroup.create([{
        'name': f'{NAME} {shape}', 'model': model.id, 'global_p': False, 'default_p': False, 'perm_read': perm_read,
        'perm_write': True, 'perm_create': True, 'perm_delete': True,
        'rules': [('create', [{'domain': written(domain)} for domain in domains])], **kind}])


def make_for_everyone(pool):
    company, = pool.get('company.company').search([], limit=1)
    make_rules(pool, 'global', PATIENT, [[['id', '!=', 1]], [['id', '=', -1]]], None, company, global_p=True)
    make_rules(pool, 'default', PATIENT, [[['id', '=', 55]]], None, company, default_p=True)


def remove_for_everyone(pool):
    RuleGroup = pool.get('ir.rule.group')
    RuleGroup.delete(RuleGroup.search([
        ('name', 'like', f'{NAME} %'), ['OR', ('global_p', '=', True), ('default_p', '=', True)]]))


def main():
    url, act = sys.argv[1:]
    database = urlsplit(url).path.lstrip('/')
    demo.connect.configure(url)

    from trytond.pool import Pool
    from trytond.transaction import Transaction
    Pool.start()
    pool = Pool(database)
    pool.init()
    with Transaction().start(database, 0, context={'active_test': False}) as transaction:
        acts = {'users': make_users, 'everyone': make_for_everyone, 'remove': remove_for_everyone}
        print(json.dumps(acts[act](pool)))
        transaction.commit()


if __name__ == '__main__':
    main()
