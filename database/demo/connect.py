"""Reaching the database: trytond's configuration, the module pool, and the passwords of users.json."""
import json
import os
import warnings
from pathlib import Path
from urllib.parse import urlsplit

USERS = Path(__file__).resolve().parent.parent / 'users.json'


def users():
    """The demo users: the one list that the installer, the demo data and the Rust side read."""
    return json.loads(USERS.read_text(encoding='utf-8'))


def password(login):
    return next(user['password'] for user in users() if user['login'] == login)


def configure(url):
    """Point trytond at the server of `url`, before anything else of it is imported."""
    parts = urlsplit(url)
    os.environ['TRYTOND_DATABASE_URI'] = f'postgresql://{parts.netloc}/'
    with warnings.catch_warnings():
        # passlib 1.7.4 is older than the Python that warns about what it imports
        warnings.simplefilter('ignore')
        import passlib.utils  # noqa: F401
    from trytond.config import config
    config.update_etc()
    config.set('database', 'uri', os.environ['TRYTOND_DATABASE_URI'])


def proteus(database):
    """The client library that trytond's importers of countries and currencies are written for."""
    from proteus import config
    return config.set_trytond(database)
