"""Surgeries in their states, and the procedures of a patient."""
from .conditions import pathology
from .world import UGLY_TEXT, UGLY

# ICD-10-PCS. The module with all 72,589 of them is left out; these are what the demo uses.
PROCEDURES = [
    ('0DTJ4ZZ', 'Resection of appendix, percutaneous endoscopic approach'),
    ('0FT44ZZ', 'Resection of gallbladder, percutaneous endoscopic approach'),
    ('10D00Z1', 'Extraction of products of conception, low, open approach'),
    ('0QSH04Z', 'Reposition left tibia with internal fixation device, open approach'),
    ('4A02X4Z', 'Measurement of cardiac electrical activity, external approach'),
    ('BW03ZZZ', 'Plain radiography of chest'),
    ('3E0234Z', 'Introduction of serum, toxoid and vaccine into muscle, percutaneous approach'),
]


def make(world):
    world.procedures = [
        world.create('gnuhealth.procedure', name=code, description=description) for code, description in PROCEDURES]
    anaesthetist = world.professionals[2]
    for number, patient in enumerate(world.patients, 1):
        if number % 6 != 1:
            continue
        procedure = world.procedures[number // 6 % 4]
        days = 30 + number
        surgery = world.create(
            'gnuhealth.surgery', patient=patient, surgery_date=world.at(days, 8), surgery_end_date=world.at(days, 9, 30),
            surgeon=world.professionals[1], anesthetist=anaesthetist, operating_room=None,
            pathology=pathology(world, 'K35.9'), description='Surgery "planned"' if number == 1 else None,
            surgical_intervention=procedure, main_procedure=procedure, incl_intervention=True, institution=world.hospital,
            classification='oru'[number % 3], anesthesia_type='general', approach='laparoscopic', surgical_wound='I',
            specialty=world.find('gnuhealth.specialty', code='GENERALSURG'), extra_info=UGLY_TEXT if number == 1 else None)
        # not with the rest: 4.4 fails on a new surgery with a room that is an id, as the client sends it
        surgery = world.write(surgery, operating_room=world.rooms[number % 2])
        world.create('gnuhealth.operation', surgery=surgery, procedure=procedure, notes='Main intervention')
        world.create('gnuhealth.surgery_team', surgery=surgery, team_member=world.professionals[5], notes='Instruments')
        finish(world, surgery, number // 6 % 6, days)
    if world.has('gnuhealth.patient.procedure'):
        for number, evaluation in enumerate(world.evaluations, 1):
            if evaluation and number % 5 == 0:
                world.create(
                    'gnuhealth.patient.procedure', patient=evaluation.patient, procedure=world.procedures[4],
                    ctx='evaluation', reference=str(evaluation), pdate=world.at(5 + number, 10), comments=UGLY)
        world.create('gnuhealth.patient.procedure', patient=world.patients[0], procedure=world.procedures[6], ctx=None,
                     pdate=None, comments=None)
    else:
        for number, evaluation in enumerate(world.evaluations, 1):
            if evaluation and number % 5 == 0:
                world.create('gnuhealth.directions', evaluation=evaluation, procedure=world.procedures[4], comments=UGLY)
    world.commit()


def finish(world, surgery, state, days):
    """0 draft, 1 confirmed, 2 cancelled, 3 in progress, 4 done, 5 signed."""
    if state == 0:
        return
    if state == 2:
        world.press(surgery, 'cancel')
        return
    surgery = world.press(surgery, 'confirmed')
    for button in ('start', 'done')[:max(0, state - 2)]:
        surgery = world.press(surgery, button)
    if state > 2:
        # the buttons write the time at which they are pressed, and nothing can be changed once it is signed
        surgery = world.write(surgery, surgery_date=world.at(days, 8), surgery_end_date=world.at(days, 9, 30))
    if state == 5:
        world.press(surgery, 'signsurgery')
