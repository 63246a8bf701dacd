"""Births and deaths. A death is recorded as GNU Health does it: a certificate is written, then signed."""
import datetime as dt

from .patients import party_of


def make(world):
    spain = world.find('country.country', code='ES')
    if len(world.patients) >= 3:
        mother, father, child = (party_of(world, patient) for patient in world.patients[:3])
        birth = world.create(
            'gnuhealth.birth_certificate', party=child, code='BC-0001', mother=mother, father=father, dob=child.dob,
            country=spain, institution=world.hospital, observations='Born at term')
        sign(world, birth)
    number = 0
    for person, patient in zip(world.people, world.patients):
        if 'dies' not in person:
            continue
        number += 1
        party = party_of(world, patient)
        death = world.create(
            'gnuhealth.death_certificate', party=party, code=f'DC-{number:04}', country=spain,
            dod=dt.datetime.fromisoformat(person['dies']), type_of_death='natural', place_of_death='health_center',
            cod=world.find('gnuhealth.pathology', code='I46.9'), institution=world.hospital, autopsy=False,
            observations=None)
        world.create('gnuhealth.death_underlying_condition', death_certificate=death,
                     condition=world.find('gnuhealth.pathology', code='I25.1'), interval=5, unit_of_time='years')
        if not person.get('unsigned'):
            sign(world, death)
    world.commit()


def sign(world, certificate):
    world.press(certificate, 'sign')
