"""Appointments and evaluations with vital signs."""
from .conditions import pathology
from .world import LONG, UGLY, UGLY_TEXT

STATES = ['confirmed', 'checked_in', 'no_show', 'user_cancelled', 'center_cancelled', 'done', 'free']


def make(world):
    world.evaluations = []
    for number, patient in enumerate(world.patients, 1):
        world.evaluations.append(None)
        appointment = make_appointment(world, number, patient)
        if number % 3 == 0:
            continue
        evaluation = evaluate(world, number, patient, appointment)
        world.evaluations[-1] = evaluation
        if number % 4 != 1:
            evaluation = world.press(evaluation, 'end_evaluation')
            world.write(evaluation, evaluation_endtime=world.at(5 + number, 10, 20))
    edges(world)
    world.commit()


def make_appointment(world, number, patient):
    state = STATES[number % len(STATES)]
    appointment = world.create(
        'gnuhealth.appointment', patient=None if state == 'free' else patient,
        appointment_date=world.at(5 + number if number % 2 else -number, 9, 30),
        appointment_date_end=world.at(5 + number if number % 2 else -number, 10), state='free' if state == 'free' else 'confirmed',
        healthprof=world.professionals[number % 4], institution=world.hospital, visit_type=('new', 'followup', 'well_child')[number % 3],
        appointment_type=('outpatient', 'telemedicine', 'homecare', 'inpatient')[number % 4], urgency='abc'[number % 3],
        speciality=world.find('gnuhealth.specialty', code='INTERNAL'), comments=UGLY_TEXT if number == 1 else None)
    if state == 'checked_in':
        appointment = world.press(appointment, 'check_in', 'checked_in')
        world.write(appointment, checked_in_date=world.at(5 + number, 9, 25))
    elif state == 'no_show':
        appointment = world.press(appointment, 'miss_out', 'no_show')
    elif state not in ('confirmed', 'free'):
        # cancelled and done: the client sets these in the form
        appointment = world.write(appointment, state=state)
    return appointment


def evaluate(world, number, patient, appointment):
    child = number in (3, 4, 40)
    weight, height = (3.4, 51.0) if child else (55.0 + number % 40, 150.0 + number % 45)
    values = dict(
        patient=patient, evaluation_start=world.at(5 + number, 9, 40), healthprof=world.doctor,
        appointment=appointment if appointment.patient else None, institution=world.hospital,
        visit_type=('new', 'followup', 'well_child')[number % 3], urgency='abc'[number % 3],
        evaluation_type=('outpatient', 'homecare', 'telemedicine')[number % 3],
        specialty=world.find('gnuhealth.specialty', code='INTERNAL'), chief_complaint='Cough and fever',
        present_illness='Three days', diagnosis=pathology(world, 'J06.9'), directions='Rest and drink',
        systolic=100 + number % 50, diastolic=60 + number % 30, bpm=55 + number % 60, respiratory_rate=12 + number % 10,
        osat=90 + number % 10, temperature=round(36.0 + number % 30 / 10, 1), weight=weight, height=height,
        bmi=round(weight / (height / 100) ** 2, 2), glycemia=90.0 + number % 80, hba1c=5.0 + number % 4,
        abdominal_circ=80.5, head_circumference=35.0 if child else None, cholesterol_total=180, hdl=50, ldl=110,
        loc=15, loc_eyes='4', loc_verbal='5', loc_motor='6', mood='n', discharge_reason='home')
    evaluation = world.create('gnuhealth.patient.evaluation', **values)
    if number % 5 == 0:
        world.create('gnuhealth.secondary_condition', evaluation=evaluation, pathology=pathology(world, 'I10'))
        world.create('gnuhealth.diagnostic_hypothesis', evaluation=evaluation, pathology=pathology(world, 'J18.9'),
                     comments='To be excluded')
        world.create('gnuhealth.signs_and_symptoms', evaluation=evaluation, clinical=pathology(world, 'R05'),
                     sign_or_symptom='symptom', comments=UGLY)
    return evaluation


def edges(world):
    """Zeros, which are false in Python; nothing at all; and everything far too long."""
    patient = world.patients[0]
    world.create('gnuhealth.patient.evaluation', patient=patient, evaluation_start=world.at(2), healthprof=world.doctor,
                 systolic=0, diastolic=0, bpm=0, respiratory_rate=0, osat=0, temperature=0.0, weight=0.0, height=0.0,
                 bmi=0.0, glycemia=0.0, hba1c=0.0, abdominal_circ=0.0, loc=3, loc_eyes='1', loc_verbal='1', loc_motor='1',
                 discharge_reason='death')
    world.create('gnuhealth.patient.evaluation', patient=patient, evaluation_start=world.at(1), healthprof=world.doctor,
                 institution=None, visit_type=None, urgency=None, evaluation_type=None, discharge_reason='home',
                 loc=None, chief_complaint=UGLY, notes=LONG, present_illness=UGLY_TEXT, directions=UGLY_TEXT,
                 systolic=120, diastolic=None, temperature=37.123456789)
