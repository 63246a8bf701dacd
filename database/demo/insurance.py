"""Insurances: none, one, two, an expired one, one without a plan."""
from .patients import party_of


def make(world):
    for number, patient in enumerate(world.patients, 1):
        if number % 3 == 0:
            continue
        state = number % 2
        insurance = world.create(
            'gnuhealth.insurance', party=party_of(world, patient), number=f'INS-{number:05}',
            company=world.insurers[1 - state], plan_id=None if number % 5 == 0 else world.plans[1 - state],
            insurance_type='state' if state else 'private', member_since=world.day(2000),
            member_exp=world.day(30) if number % 7 == 0 else (None if number % 4 == 0 else world.day(-400)),
            category=None, notes=None)
        world.write(patient, current_insurance=insurance)
        if number == 1:
            world.create(
                'gnuhealth.insurance', party=party_of(world, patient), number='GOLD-"1"\'<&>', company=world.insurers[1],
                plan_id=world.plans[1], insurance_type='private', category='Gold', notes='Second insurance')
    world.commit()
