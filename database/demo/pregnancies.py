"""Pregnancies, prenatal care, births and newborns."""
from .patients import picture
from .world import UGLY_TEXT


def make(world):
    if world.has('gnuhealth.patient.pregnancy'):
        pregnancies(world)
    if world.has('gnuhealth.newborn') and len(world.patients) >= 40:
        newborns(world)
    world.commit()


def pregnancies(world):
    def pregnancy(number, **values):
        return world.create('gnuhealth.patient.pregnancy', patient=world.patients[number - 1], healthprof=world.professionals[2],
                            fetuses=values.pop('fetuses', 1), **values)

    ended = pregnancy(1, gravida=1, lmp=world.day(4260), pregnancy_end_date=world.at(4260 - 270, 4), current_pregnancy=False,
                      reverse_weeks=38, pregnancy_end_result='live_birth')
    last = pregnancy(1, gravida=2, lmp=world.day(12 + 275), pregnancy_end_date=world.at(12, 4, 30), current_pregnancy=False,
                     reverse_weeks=39, pregnancy_end_result='live_birth', notes=UGLY_TEXT)
    if len(world.patients) >= 24:
        current = pregnancy(9, gravida=3, lmp=world.day(150), current_pregnancy=True, warning=True)
        pregnancy(15, gravida=1, lmp=world.day(60), current_pregnancy=True, fetuses=2, monozygotic=True)
        pregnancy(24, gravida=4, lmp=world.day(9000), pregnancy_end_date=world.at(8900), pregnancy_end_result='abortion',
                  current_pregnancy=False, reverse_weeks=14, iugr='symmetric')
        world.create('gnuhealth.patient.prenatal.evaluation', pregnancy=current, evaluation_date=world.at(20, 10),
                     fundal_height=18, fetus_heart_rate=140, fetal_bpd=45, fetal_hc=170, healthprof=world.professionals[2],
                     hypertension=True, notes=UGLY_TEXT)
    if world.has('gnuhealth.perinatal'):
        for one, days in ((ended, 4260 - 270), (last, 12)):
            world.create('gnuhealth.perinatal', pregnancy=one, admission_code=f'ADM-{days}', admission_date=world.at(days, 1),
                         gravida_number=1, placenta_incomplete=False)


def newborns(world):
    mother = world.patients[0]
    for number, name, sex, weight, length in ((4, 'Bebé Betz', 'm', 3420, 51), (40, None, 'f', 0, 0)):
        person = world.people[number - 1]
        newborn = world.create(
            'gnuhealth.newborn', patient=world.patients[number - 1], name=f'NB-{number:03}', newborn_name=name,
            mother=mother if number == 4 else None, birth_date=world.at(12 if number == 4 else 0, 4, 30), sex=sex,
            weight=weight, length=length, cephalic_perimeter=35 if weight else None, apgar1=8 if weight else 0,
            apgar5=10 if weight else None, healthprof=world.professionals[3], photo=picture() if number == 4 else None,
            meconium=False, test_metabolic=number == 4, notes=None if number == 4 else UGLY_TEXT)
        for minute, sign in ((1, '1'), (5, '2')):
            world.create('gnuhealth.neonatal.apgar', newborn=newborn, apgar_minute=minute, apgar_appearance=sign,
                         apgar_pulse='2', apgar_grimace=sign, apgar_activity='2', apgar_respiration='2',
                         apgar_score=6 + 2 * int(sign))
        if number == 4:
            world.press(newborn, 'sign_newborn')
        assert person['born'], 'a newborn has a birth date'
