"""Stays in the hospital: beds, nursing rounds, medication, intensive care."""
import datetime as dt

from .conditions import pathology
from .medications import DRUGS, dose
from .world import UGLY_TEXT

# patient, bed, what becomes of the stay, days ago of admission and of (expected) discharge
STAYS = [
    (1, 0, 'discharged', 400, 395), (1, 6, 'hospitalized', 3, -4), (5, 3, 'hospitalized', 6, -1), (8, 4, 'cancelled', 50, 45),
    (9, 1, 'confirmed', -5, -9), (12, 9, 'hospitalized', 2, -20), (13, 5, 'cleaning', 20, 12), (16, 2, 'free', -30, -33),
    (17, 4, 'discharged', 33, 30), (21, 10, 'discharged', 40, 32), (25, 1, 'discharged', 90, 80),
]


def make(world):
    world.stays = []
    for number, bed, state, admitted, discharged in STAYS:
        if number <= len(world.patients):
            world.stays.append(stay(world, world.patients[number - 1], world.beds[bed], state, admitted, discharged))
    for registration in world.stays:
        if registration.state not in ('free', 'cancelled', 'confirmed'):
            rounds(world, registration)
    intensive_care(world)
    world.commit()


def stay(world, patient, bed, state, admitted, discharged):
    """GNU Health admits only today: so the stay begins today, and is moved to its day when its state is reached."""
    now = dt.datetime.now().replace(microsecond=0)
    today = state in ('hospitalized', 'discharged', 'cleaning')
    registration = world.create(
        'gnuhealth.inpatient.registration', patient=patient, bed=bed, institution=world.hospital,
        hospitalization_date=now if today else world.at(admitted, 14),
        discharge_date=now + dt.timedelta(days=1) if today else world.at(discharged, 11),
        admission_type='emergency' if bed.id % 2 else 'elective', attending_physician=world.doctor,
        operating_physician=world.professionals[1] if bed.id % 3 == 0 else None, admission_reason=pathology(world, 'J18.9'),
        info=UGLY_TEXT if patient.id == 1 else None, nursing_plan='Mobilise daily', discharge_plan=None)
    if state == 'free':
        return registration
    if state == 'cancelled':
        return world.press(registration, 'cancel')
    registration = world.press(registration, 'confirmed')
    if not today:
        return registration
    # the zone of the company decides what today is
    registration = world.write(registration, hospitalization_date=local_today(world))
    registration = world.press(registration, 'admission')
    if state != 'hospitalized':
        registration = world.write(registration, discharge_reason='home', discharge_dx=pathology(world, 'J18.9'))
        registration = world.press(registration, 'discharge')
    if state == 'discharged':
        registration = world.press(registration, 'bedclean')
    return world.write(registration, hospitalization_date=world.at(admitted, 14), discharge_date=world.at(discharged, 11))


def local_today(world):
    import pytz
    zone = pytz.timezone(world.company.timezone)
    return pytz.utc.localize(dt.datetime.utcnow()).astimezone(zone).replace(tzinfo=None, microsecond=0)


def rounds(world, registration):
    if world.has('gnuhealth.patient.rounding'):
        day = registration.hospitalization_date
        for index in range(3):
            values = dict(
                registration=registration, evaluation_start=day + dt.timedelta(hours=8 * (index + 1)),
                health_professional=world.professionals[5], systolic=110 + 5 * index, diastolic=70, bpm=72 + index,
                respiratory_rate=14, osat=97, temperature=36.5 + index / 2, diuresis=0 if index == 2 else 900,
                glycemia=105, weight=70, pain=index == 1, pain_level=4 if index == 1 else 0, evolution='niw'[index],
                position=True, potty=True, proximity=True, round_summary=UGLY_TEXT if index == 2 else None)
            rounding = world.create('gnuhealth.patient.rounding', **values)
            if index < 2:
                rounding = world.press(rounding, 'end_rounding')
                world.write(rounding, evaluation_end=values['evaluation_start'] + dt.timedelta(minutes=10))
    drug = dose(world, DRUGS[0])
    for empty in ('form', 'route', 'dose_unit'):
        model = {'form': 'gnuhealth.drug.form', 'route': 'gnuhealth.drug.route', 'dose_unit': 'gnuhealth.dose.unit'}[empty]
        # required here
        drug[empty] = drug[empty] or world.search(model, [], limit=1)[0]
    world.create('gnuhealth.inpatient.medication', registration=registration, frequency=8, frequency_unit='hours',
                 start_treatment=registration.hospitalization_date, is_active=True, **drug)
    diets = world.search('gnuhealth.diet.therapeutic', [], limit=3)
    if diets:
        world.create('gnuhealth.inpatient.diet', registration=registration, diet=diets[registration.id % len(diets)])


def intensive_care(world):
    if not world.has('gnuhealth.inpatient.icu'):
        return
    for registration in world.stays:
        if registration.bed not in world.beds[9:]:
            continue
        start = registration.hospitalization_date
        left = registration.state != 'hospitalized'
        admission = world.create(
            'gnuhealth.inpatient.icu', registration=registration, icu_admission_date=start, admitted=not left,
            discharged_from_icu=left, icu_discharge_date=start + dt.timedelta(days=2) if left else None)
        world.create('gnuhealth.icu.glasgow', registration=registration, evaluation_date=start, glasgow=11,
                     glasgow_eyes='3', glasgow_verbal='3', glasgow_motor='5')
        world.create('gnuhealth.icu.apache2', registration=registration, score_date=start, age=70, temperature=38.9,
                     mean_ap=70, heart_rate=118, respiratory_rate=28, fio2=0.4, pao2=75, paco2=38, ph=7.31,
                     serum_sodium=138, serum_potassium=4.1, serum_creatinine=1.4, hematocrit=36.0, wbc=14.2, gcs=11,
                     arf=False, apache_score=17)
        # 4.4 refuses every current one: it finds the new one itself
        current = not (left or world.is_44)
        world.create('gnuhealth.icu.ventilation', admission=admission, ventilation='ett', ett_size=8, mv_start=start,
                     current_mv=current, mv_end=None if current else start + dt.timedelta(days=1))
