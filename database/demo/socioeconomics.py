"""Life style and social situation."""
from .world import UGLY_TEXT


def make(world):
    for number, patient in enumerate(world.patients, 1):
        values = {}
        if number % 2 and world.field('gnuhealth.patient', 'smoking'):
            values = dict(smoking=number % 4 == 1, smoking_number=10 if number % 4 == 1 else 0, ex_smoker=number % 4 == 3,
                          age_start_smoking=18, alcohol=number % 3 == 0, exercise=True, exercise_minutes_day=30,
                          sleep_hours=7, coffee=True, coffee_cups=0, number_of_meals=3, vegetarian_type=None,
                          lifestyle_info=UGLY_TEXT if number == 1 else None)
        if number % 5 == 0 and world.field('gnuhealth.patient', 'single_parent'):
            values.update(single_parent=True, hours_outside=0, works_at_home=True)
        if values:
            world.write(patient, **values)
        if number % 10 == 1 and world.has('gnuhealth.ses.assessment'):
            world.create('gnuhealth.ses.assessment', patient=patient, assessment_date=world.at(60 + number),
                         notes=UGLY_TEXT if number == 1 else None)
        if number % 20 == 1 and world.has('gnuhealth.patient.cage'):
            world.create('gnuhealth.patient.cage', patient=patient, evaluation_date=world.at(80), cage_c='1', cage_a='0',
                         cage_g='0', cage_e='0', cage_score=1)
    world.commit()
