"""Vaccinations: signed with GNU Health's button, or still in progress; with lot, dose 0, and almost nothing."""
from .world import UGLY_TEXT

VACCINES = ['influenza vaccine', 'tetanus vaccine', 'hepatitis B vaccine', 'measles vaccine']


def make(world):
    for number, patient in enumerate(world.patients, 1):
        for index in range(number % 3):
            vaccine = world.find('gnuhealth.medicament', active_component=VACCINES[(number + index) % len(VACCINES)])
            vaccination = world.create(
                'gnuhealth.vaccination', patient=patient, vaccine=vaccine, dose=1 + index,
                date=world.at(30 + 10 * number, 9, 15), vaccine_lot=f'LOT-{number:03}', amount=0.5, admin_route='im',
                admin_site='ld', vaccine_expiration_date=world.day(-300), healthprof=world.professionals[5],
                next_dose_date=world.at(-60) if index else None)
            if number % 5:
                world.press(vaccination, 'sign')
    vaccine = world.find('gnuhealth.medicament', active_component='rabies vaccine')
    world.create('gnuhealth.vaccination', patient=world.patients[0], vaccine=vaccine, dose=0, date=world.at(1),
                 healthprof=None, institution=None, amount=0.0, observations=UGLY_TEXT, next_dose_date=None)
    world.commit()
