"""What trytond lets each user read: the oracle of the tests of rights.

    rights.py URL LOGIN...

Prints one JSON object: `inherit` is `__access__` of each model, with the targets; `users` says for each login and model
whether model access lets it be read, which fields it may not read, and, where record rules restrict it, the ids of the
records that are left (null: all of them; "error": trytond itself fails at the rule).
"""
import json
import sys
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / 'database'))

import demo.connect  # noqa: E402  (needs the path above)

# Those that health records are built from.
MODULES = ('gnuhealth.', 'party.', 'country.', 'company.', 'product.', 'currency.', 'stock.', 'ir.lang')


def main():
    url, *logins = sys.argv[1:]
    database = urlsplit(url).path.lstrip('/')
    demo.connect.configure(url)

    from trytond.model import ModelSQL
    from trytond.pool import Pool
    from trytond.transaction import Transaction
    Pool.start()
    pool = Pool(database)
    pool.init()
    with Transaction().start(database, 0, readonly=True):
        models = sorted(
            name for name, Model in pool.iterobject()
            if name.startswith(MODULES) and issubclass(Model, ModelSQL) and not callable(getattr(Model, 'table_query', None)))
        inherit = {name: targets(pool.get(name)) for name in models}
        users = {user.login: user.id for user in pool.get('res.user').search([('login', 'in', logins)])}
    print(json.dumps({
        'inherit': inherit,
        'users': {login: rights(pool, database, users[login], models) for login in logins},
    }))


def targets(Model):
    return {name: getattr(Model, name).get_target().__name__ for name in Model.__access__}


def rights(pool, database, user, models):
    from trytond.transaction import Transaction

    with Transaction().start(database, user, readonly=True, context={'_check_access': True, 'active_test': False}):
        return {name: of_model(pool, name) for name in models}


def of_model(pool, name):
    read = pool.get('ir.model.access').get_access([name])[name]['read']
    # One model at a time: asked for several, trytond mixes up their fields.
    fields = pool.get('ir.model.field.access').get_access([name])[name]
    return {
        'read': bool(read),
        'closed_fields': sorted(field for field, rights in fields.items() if not rights['read']),
        'ids': visible(pool, name) if read else None,
    }


def visible(pool, name):
    try:
        if not pool.get('ir.rule').domain_get(name):
            return None
        return [record.id for record in pool.get(name).search([], order=[])]
    except Exception:
        return 'error'


if __name__ == '__main__':
    main()
