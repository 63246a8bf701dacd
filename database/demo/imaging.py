"""Imaging: requests in all states, and the results that GNU Health's wizard makes."""
from trytond.transaction import Transaction

from .conditions import pathology
from .institution import product
from .patients import picture
from .world import UGLY_TEXT

STUDIES = [('Chest X-ray', 'XR-CHEST', 'xray'), ('Abdominal ultrasound', 'US-ABD', 'ultrasound'), ('Brain MRI', 'MR-BRAIN', 'mri')]


def make(world):
    kinds = world.search('gnuhealth.imaging.test.type', [])
    studies = [
        world.create('gnuhealth.imaging.test', name=name, code=code, test_type=kinds[index % len(kinds)],
                     product=product(world, name, f'IMG-{code}'))
        for index, (name, code, _) in enumerate(STUDIES)]
    for number, patient in enumerate(world.patients, 1):
        if number % 4 not in (0, 1):
            continue
        request = world.create(
            'gnuhealth.imaging.test.request', patient=patient, requested_test=studies[number % 3],
            date=world.at(15 + number, 11), doctor=world.doctor, urgent=number % 8 == 0,
            context=pathology(world, 'R05') if number % 2 else None, comment=UGLY_TEXT if number == 1 else None)
        if number % 12 == 0:
            continue
        request = world.press(request, 'requested')
        if number % 12 == 4:
            continue
        Wizard = world.pool.get('wizard.generate.result', type='wizard')
        session, _, _ = Wizard.create()
        with Transaction().set_context(active_ids=[request.id], active_id=request.id,
                                       active_model='gnuhealth.imaging.test.request'):
            Wizard.execute(session, {}, 'open_')
        Wizard.delete(session)
        result = world.search('gnuhealth.imaging.test.result', [('request', '=', request.id)])[0]
        world.write(result, date=world.at(14 + number, 16), doctor=world.professionals[4],
                    comment=UGLY_TEXT if number == 1 else 'No pathological findings')
        if number == 1:
            Attachment = world.pool.get('ir.attachment')
            Attachment.create([{'name': 'chest "x-ray".png', 'type': 'data', 'data': picture(4, 4, (90, 90, 90)),
                                'resource': str(result), 'description': 'One grey square'}])
    world.commit()
