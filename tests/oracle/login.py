"""Tryton itself, asked by the tests of signing in and of translations.

    login.py URL

Reads a question per line from stdin, a JSON object, and writes the answer as a line of JSON. The answers come from
trytond's own functions; only its waiting is left out.
"""
import datetime
import json
import os
import random
import sys
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / 'database'))

from demo.connect import configure  # noqa: E402


class Tryton:
    def __init__(self, url, name):
        configure(url)
        from trytond import security
        from trytond.cache import Cache
        from trytond.exceptions import RateLimitException
        from trytond.pool import Pool
        from trytond.transaction import Transaction

        # the answer is delayed by randint(0, 2 ** count - 1) seconds
        random.randint = lambda least, most: least
        Pool.start()
        self.pool = Pool(name)
        self.pool.init()
        self.name, self.security, self.limited = name, security, RateLimitException
        self.transaction, self.cache = Transaction, Cache
        key = self.pool.get('res.user.application')
        # no module of GNU Health registers an application
        for application in ['fhir', 'other']:
            key.application.selection.append((application, application))

    def answer(self, question):
        # what the tests changed in SQL
        self.cache.drop(self.name)
        return getattr(self, question.pop('do'))(**question)

    def _start(self, user=0, address=None):
        context = {'_request': {'remote_addr': address}} if address else {}
        return self.transaction().start(self.name, user, context=context)

    def sign_in(self, login, password, address, session=False):
        """security.login: as a client of Tryton signs in."""
        try:
            found = self.security.login(
                self.name, login, {'password': password}, cache=session,
                context={'_request': {'remote_addr': address}})
        except self.limited:
            return {'limited': True}
        if session and found:
            return {'user': found[0], 'key': found[1]}
        return {'user': found}

    def attempts(self, login, address):
        with self._start(address=address):
            attempt = self.pool.get('res.user.login.attempt')
            return {'login': attempt.count(login), 'network': attempt.count_ip()}

    def fail(self, login, address):
        with self._start(address=address):
            self.pool.get('res.user.login.attempt').add(login)
        return {}

    def check(self, user, key):
        """Whether trytond takes a session for one of this user."""
        return {'user': self.security.check(self.name, user, key)}

    def is_fresh(self, user, key):
        return {'fresh': bool(self.security.check_timeout(self.name, user, key))}

    def log_out(self, user, key):
        self.security.logout(self.name, user, key)
        return {}

    def clear(self, user):
        with self._start():
            self.pool.get('ir.session').clear([user])
        return {}

    def write(self, login, values):
        with self._start(user=1):
            model = self.pool.get('res.user')
            with self.transaction().set_context(active_test=False):
                user, = model.search([('login', '=', login)])
            model.write([user], values)
        return {}

    def reset_password(self, login, password, seconds):
        """As User.reset_password leaves a user, but for the e-mail."""
        with self._start(user=1):
            model = self.pool.get('res.user')
            user, = model.search([('login', '=', login)])
            end = datetime.datetime.now() + datetime.timedelta(seconds=seconds)
            model.write([user], {'password_hash': None, 'password_reset': password, 'password_reset_expire': end})
        return {}

    def hash(self, password):
        return {'hash': self.pool.get('res.user').hash_password(password)}

    def application(self, login, application, state):
        with self._start(user=1):
            model, users = self.pool.get('res.user.application'), self.pool.get('res.user')
            user, = users.search([('login', '=', login)])
            key, = model.create([{'user': user.id, 'application': application, 'state': state}])
            return {'id': key.id, 'key': key.key}

    def cancel(self, id):
        with self._start(user=1):
            model = self.pool.get('res.user.application')
            model.cancel([model(id)])
        return {}

    def check_key(self, key, application):
        with self._start():
            found = self.pool.get('res.user.application').check(key, application)
            return {'user': found.user.id if found else None}

    def read(self, model, field, ids, language):
        """A field of records as someone with this language reads it."""
        with self.transaction().start(self.name, 1, context={'language': language}):
            rows = self.pool.get(model).read(ids, ['id', field])
        return {str(row['id']): row[field] for row in rows}

    def search(self, model, domain, language):
        """The records that someone with this language finds."""
        with self.transaction().start(self.name, 1, context={'language': language, 'active_test': False}):
            return {'ids': [record.id for record in self.pool.get(model).search(domain)]}


def main():
    url, = sys.argv[1:]
    # whatever trytond prints must not come between the answers
    answers = os.fdopen(os.dup(1), 'w', encoding='utf-8')
    os.dup2(2, 1)
    tryton = Tryton(url, urlsplit(url).path.lstrip('/'))
    for line in sys.stdin:
        try:
            answer = tryton.answer(json.loads(line))
        except Exception as error:
            answer = {'error': repr(error)}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == '__main__':
    main()
