"""Run role.sql on the demo database.

    role.py URL PASSWORD

psql would do, but is not everywhere where a Python with psycopg2 is.
"""
import contextlib
import sys
from pathlib import Path

import psycopg2
from psycopg2.extensions import adapt


def main():
    url, password = sys.argv[1:]
    script = (Path(__file__).resolve().parent / 'role.sql').read_text(encoding='utf-8')
    with contextlib.closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        literal = adapt(password)
        literal.prepare(connection)
        cursor.execute(script.replace(":'password'", literal.getquoted().decode()))


if __name__ == '__main__':
    main()
