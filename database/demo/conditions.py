"""Conditions, allergies and the diseases of the family."""
import datetime as dt

from .world import LONG, TODAY, UGLY, UGLY_TEXT

# ICD-10 code, how long ago it was found, status
CONDITIONS = [
    ('E11.9', 2400, 'c'), ('I10', 3000, 'c'), ('J45.9', 5000, 'i'), ('J06.9', 40, 'h'), ('M54.5', 200, 'u'),
    ('N39.0', 25, 'a'), ('F32.9', 700, 'i'), ('K21.9', 900, 'c'), ('A09.9', 60, 'h'), ('S52.5', 120, 'h'),
    ('E78.5', 1500, 'c'), ('D50.9', 400, 'w'), ('B34.2', 1700, 'h'), ('Z34.9', 100, None),
]

ALLERGIES = [('T88.7', 'da', '3_sv'), ('T78.1', 'fa', '2_mo'), ('J30.1', 'ma', '1_mi'), ('Z88.0', 'mc', None)]


def pathology(world, code):
    """The ICD-10 entry; GNU Health leaves out some four-character codes, then the category stands for it."""
    try:
        return world.find('gnuhealth.pathology', code=code)
    except LookupError:
        return world.find('gnuhealth.pathology', code=code.split('.')[0])


def make(world):
    # on 4.4 these are part of the genetics module, which brings its genes along
    has_family = world.has('gnuhealth.patient.family.diseases')
    for number, (patient, person) in enumerate(zip(world.patients, world.people), 1):
        # nobody was ill before they were born
        age = (TODAY - dt.date.fromisoformat(person['born'])).days if person['born'] else 30000
        for index in world.random.sample(range(len(CONDITIONS)), number % 5):
            code, days, status = CONDITIONS[index]
            healed = status == 'h'
            days = min(days, age)
            world.create(
                'gnuhealth.patient.disease', patient=patient, pathology=pathology(world, code), status=status,
                diagnosed_date=world.day(days), healed_date=world.day(max(days - 14, 0)) if healed else None,
                is_active=not healed, disease_severity=world.pick(['1_mi', '2_mo', '3_sv', None]),
                is_infectious=code in ('A09.9', 'B34.2'), healthprof=world.professionals[number % 4],
                is_on_treatment=not healed, date_start_treatment=world.day(days),
                short_comment=world.pick([None, 'Follow up in a month', 'Stable']), age=None)
        if number % 4 == 1:
            code, kind, severity = ALLERGIES[number // 4 % len(ALLERGIES)]
            world.create(
                'gnuhealth.patient.disease', patient=patient, pathology=pathology(world, code), is_allergy=True,
                allergy_type=kind, disease_severity=severity, diagnosed_date=world.day(min(1000 + number, age)),
                status='c', is_active=True, healthprof=world.doctor)
            world.write(patient, crit_allergic=True)
        if number % 6 == 0 and has_family:
            for relative, side in (('mother', 'm'), ('uncle', 'f'), ('sister', 's'))[:number // 6 % 3 + 1]:
                world.create('gnuhealth.patient.family.diseases', patient=patient, relative=relative, xory=side,
                             disease=pathology(world, 'E11.9'))
    patient = world.patients[0]
    # what may be empty is empty: no date, status, severity, professional
    world.create('gnuhealth.patient.disease', patient=patient, pathology=pathology(world, 'R51'), healthprof=None,
                 institution=None, is_active=False)
    world.create('gnuhealth.patient.disease', patient=patient, pathology=pathology(world, 'R05'), short_comment=UGLY,
                 extra_info=UGLY_TEXT + LONG, treatment_description=UGLY, healthprof=world.doctor, age=0,
                 weeks_of_pregnancy=0, est_dodx=True, diagnosed_date=world.day(0), status='a', lab_confirmed=True)
    if has_family:
        world.create('gnuhealth.patient.family.diseases', patient=patient, relative='father', xory=None,
                     disease=pathology(world, 'I21.9'))
    world.commit()
