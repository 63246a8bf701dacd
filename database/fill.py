"""Fill a database of activated GNU Health modules with the demo hospital, through Tryton's own ORM.

    fill.py URL --gnuhealth 5.0|4.4 [--patients N]
"""
import argparse
import importlib
import sys
import time
import warnings
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parent))
warnings.filterwarnings('ignore', category=DeprecationWarning)

import demo.connect  # noqa: E402  (needs the path above)

# As the superuser: what a site sets up once.
SETUP = ['institution', 'professionals', 'access']
# As the user `doctor`: GNU Health signs what it creates with the health professional behind the user.
CLINICAL = ['patients', 'certificates', 'insurance', 'conditions', 'medications', 'vaccinations', 'labs', 'imaging',
            'evaluations', 'surgeries', 'inpatient', 'pregnancies', 'socioeconomics', 'others', 'edits']


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('url')
    parser.add_argument('--gnuhealth', choices=['5.0', '4.4'], default='5.0')
    parser.add_argument('--patients', type=int, default=60)
    options = parser.parse_args()
    database = urlsplit(options.url).path.lstrip('/')
    demo.connect.configure(options.url)

    from trytond.pool import Pool
    from trytond.transaction import Transaction
    Pool.start()
    Pool(database).init()
    # Only now: these import modules that must be loaded through the pool.
    from demo import institution
    from demo.world import World
    from demo import multiply

    def subjects(names):
        for name in names:
            began = time.monotonic()
            world.begin(name)
            importlib.import_module(f'demo.{name}').make(world)
            print(f'    {name}: {time.monotonic() - began:.1f} s', flush=True)

    with Transaction().start(database, 0, context={'language': 'en', 'active_test': False}):
        world = World(options.gnuhealth)
        world.patients_wanted = min(options.patients, 60)
        world.begin('company')
        institution.company(world)
        with Transaction().set_context(company=world.company.id):
            subjects(SETUP)
            with Transaction().set_user(world.doctor_user):
                subjects(CLINICAL)
    if options.patients > world.patients_wanted:
        began = time.monotonic()
        multiply.run(options.url, options.patients)
        print(f'    {options.patients} patients: {time.monotonic() - began:.1f} s', flush=True)


if __name__ == '__main__':
    main()
