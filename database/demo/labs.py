"""Laboratory: ordered, made into a report by GNU Health's wizard, filled in, and closed by its buttons."""
from trytond.transaction import Transaction

from .conditions import pathology
from .institution import product
from .world import LONG, UGLY_TEXT


def make(world):
    culture = own_test_type(world)
    for number, patient in enumerate(world.patients, 1):
        tests = [world.find('gnuhealth.lab.test_type', code=code)
                 for every, code in enumerate(('CBC', 'LFT', 'RFT', 'UA', 'EGY'), 2) if number % every == 0]
        for index, test in enumerate(tests):
            lab = ordered(world, patient, test, days_ago=20 + 3 * number + index, urgent=number % 7 == 0)
            results(world, lab, number)
            close(world, lab, number)
    first = world.patients[0]
    lab = ordered(world, first, world.find('gnuhealth.lab.test_type', code='CBC'), days_ago=10)
    edges(world, lab)
    close(world, lab, 2)
    lab = ordered(world, first, culture, days_ago=5)
    world.write(lab, results=UGLY_TEXT + LONG, diagnosis=UGLY_TEXT, pathology=pathology(world, 'N39.0'))
    for line, text in zip(lab.critearea, ('Negative', None, world.line_text())):
        world.write(line, result_text=text)
    close(world, lab, 2)
    # ordered, not made yet; and cancelled
    for state in ('draft', 'cancel'):
        order = world.create(
            'gnuhealth.patient.lab.test', patient_id=first, test_type=culture, date=world.at(1), doctor_id=world.doctor,
            urgent=True, context=pathology(world, 'R51'))
        if state == 'cancel':
            world.write(order, state='cancel')
    world.commit()


def own_test_type(world):
    """A qualitative test of our own: those shipped are mostly numeric."""
    test = world.create(
        'gnuhealth.lab.test_type', name='URINE CULTURE', code='UCULT', category='microbiological', specimen_type='Urine',
        product_id=product(world, 'Urine culture', 'LAB-UCULT'), info='Qualitative')
    for sequence, name in enumerate(('Bacteria', 'Fungi', 'Remark'), 1):
        world.create('gnuhealth.lab.test.critearea', test_type_id=test, name=name, code=name.upper(), sequence=sequence,
                     normal_range='Negative')
    return test


def ordered(world, patient, test, days_ago, urgent=False):
    """An order, and the report that the wizard makes of it."""
    order = world.create(
        'gnuhealth.patient.lab.test', patient_id=patient, test_type=test, date=world.at(days_ago, 8, 30), urgent=urgent,
        doctor_id=world.doctor)
    Wizard = world.pool.get('gnuhealth.lab.test.create', type='wizard')
    session, _, _ = Wizard.create()
    with Transaction().set_context(active_ids=[order.id], active_model='gnuhealth.patient.lab.test', active_id=order.id):
        Wizard.execute(session, {'start': {}}, 'create_lab_test')
    Wizard.delete(session)
    return world.search('gnuhealth.lab', [('patient', '=', patient.id), ('test', '=', test.id)])[-1]


def results(world, lab, number):
    """Values within the limits, now and then beyond; words where there are no limits."""
    Line = world.pool.get('gnuhealth.lab.test.critearea')
    changes = []
    for index, line in enumerate(lab.critearea):
        low, high = line.lower_limit, line.upper_limit
        if low is not None and high:
            value = round(low + (high - low) * world.random.random(), 2)
            kind = (number + index) % 11
            if kind == 0:
                value = round(high * 1.5, 2)
            elif kind == 1 and low:
                value = round(low * 0.6, 2)
            changes += [[line], {'result': value, 'warning': kind == 0 or (kind == 1 and bool(low))}]
        elif line.normal_range:
            changes += [[line], {'result_text': line.normal_range}]
    if changes:
        Line.write(*changes)


def edges(world, lab):
    """The ends of what a result can be: 0, negative, tiny, huge, many digits, both or neither kind, left out."""
    values = [dict(result=0.0), dict(result=-1.5), dict(result=1e-9), dict(result=123456789012.0),
              dict(result=5.123456789012345), dict(result=7.0, result_text='about seven'), dict(),
              dict(result_text='>1000', excluded=True), dict(result=11.0, remarks=world.line_text()),
              dict(result=0.1 + 0.2), dict(result=11.0), dict(result=4.5), dict(result=99.9, warning=True)]
    for line, change in zip(lab.critearea, values):
        if change:
            world.write(line, **change)


def close(world, lab, number):
    days = 1 + number % 3
    lab = world.write(lab, date_analysis=lab.date_requested, pathologist=world.professionals[6] if number % 2 == 0 else None)
    state = number % 4
    if world.is_44 or state == 3:
        return
    lab = world.press(lab, 'generate_document')
    world.write(lab, done_date=world.at(days))
    if state == 2 and hasattr(world.pool.get('gnuhealth.lab'), 'validated_by'):
        validate(world, lab, days)


def validate(world, lab, days):
    # The button comes with health_crypto_lab, which is not activated; what it writes is this.
    world.write(lab, state='validated', validated_by=world.professionals[6], validation_date=world.at(days, 12))
