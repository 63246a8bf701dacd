"""What patients take, and what was prescribed."""
from .conditions import pathology
from .world import UGLY_TEXT, UGLY


def medicament(world, name):
    return world.search('gnuhealth.medicament', [('active_component', '=', name), ('is_vaccine', '!=', True)], limit=1)[0]


DRUGS = [
    # active component, dose, unit, form, route, times per day, indication
    ('paracetamol', 500, 'mg', 'TAB', 'PO', 'tds', 'R51'), ('metformin', 850, 'mg', 'TAB', 'PO', 'bd', 'E11.9'),
    ('enalapril', 10, 'mg', 'TAB', 'PO', 'od', 'I10'), ('salbutamol', 0.1, 'mg', 'AEM', 'IH', 'qds', 'J45.9'),
    ('omeprazole', 20, 'mg', 'CAP', 'PO', 'od', 'K21.9'), ('amoxicillin', 1000, 'mg', 'TAB', 'PO', 'tds', 'N39.0'),
]


def optional(world, model, **where):
    try:
        return world.find(model, **where)
    except LookupError:
        return None


def dose(world, drug):
    """The fields that medications and prescription lines share."""
    name, amount, unit, form, route, times, indication = drug
    return dict(
        medicament=medicament(world, name), dose=amount, dose_unit=optional(world, 'gnuhealth.dose.unit', name=unit),
        form=optional(world, 'gnuhealth.drug.form', code=form), route=optional(world, 'gnuhealth.drug.route', code=route),
        common_dosage=optional(world, 'gnuhealth.medication.dosage', abbreviation=times), qty=1,
        indication=pathology(world, indication))


def times(index):
    """The frequency: at hours of the day, or every so many hours."""
    if index == 2:
        return dict(admin_times='08 13 18', frequency=0, frequency_unit='hours')
    return dict(frequency=8, frequency_unit='hours')


def ean(number):
    """An International Article Number with its check digit, which Tryton verifies."""
    digits = f'400638{number:06}'
    return digits + str(-sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits)) % 10)


def describe(world):
    """What GNU Health's list of essential medicines does not say of its drugs."""
    for number, (name, amount, unit, form, route, *_) in enumerate(DRUGS, 1):
        drug = world.write(
            medicament(world, name), strength=amount, unit=optional(world, 'gnuhealth.dose.unit', name=unit),
            form=optional(world, 'gnuhealth.drug.form', code=form), route=optional(world, 'gnuhealth.drug.route', code=route))
        product = getattr(drug, world.field('gnuhealth.medicament', 'product'))
        world.write(product, suffix_code=f'MED-{number:03}')
        world.create('product.identifier', product=product, type='ean', code=ean(number))
    world.write(
        medicament(world, 'azithromycin'), form=world.find('gnuhealth.drug.form', code='SUS'), strength=0,
        sol_conc=200, sol_conc_unit=world.find('gnuhealth.dose.unit', name='mg'),
        sol_vol=5, sol_vol_unit=world.find('gnuhealth.dose.unit', name='mL'))
    world.write(medicament(world, 'halothane'), active=False)


def make(world):
    describe(world)
    for number, patient in enumerate(world.patients, 1):
        for index in range(number % 4):
            drug = DRUGS[(number + index) % len(DRUGS)]
            state = ('active', 'completed', 'discontinued')[(number + index) % 3]
            world.create(
                'gnuhealth.patient.medication', patient=patient, start_treatment=world.at(100 + number),
                end_treatment=None if state == 'active' else world.at(60), duration=None if state == 'active' else 40,
                duration_period='indefinite' if state == 'active' else 'days', is_active=state == 'active',
                course_completed=state == 'completed', discontinued=state == 'discontinued',
                discontinued_reason='Nausea' if state == 'discontinued' else None,
                adverse_reaction='Nausea' if state == 'discontinued' else None, healthprof=world.doctor,
                frequency_prn=index == 1, **dose(world, drug), **times(index))
        if number % 3 == 1:
            prescribe(world, number, patient)
    world.create(
        'gnuhealth.patient.medication', patient=world.patients[0], medicament=medicament(world, 'oxygen'),
        start_treatment=world.at(3), dose=0, qty=0, frequency=0, frequency_unit='wr', infusion=True, infusion_rate=0.0,
        infusion_rate_units='mlhr', notes=UGLY_TEXT, admin_times=UGLY, healthprof=world.doctor, institution=None,
        duration_period=None)
    world.commit()


def prescribe(world, number, patient):
    order = world.create(
        'gnuhealth.prescription.order', patient=patient, prescription_date=world.at(number, 10, 30),
        healthprof=world.doctor, pharmacy=world.pharmacy if number % 2 else None,
        notes=UGLY_TEXT if number == 1 else None, prescription_warning_ack=True, pregnancy_warning=False)
    for index in range(1 + number % 2):
        world.create(
            'gnuhealth.prescription.line', presc_order=order, start_treatment=world.at(number, 11),
            end_treatment=world.at(number - 10, 11) if index else None, duration=10, duration_period='days',
            quantity=20, refills=index, allow_substitution=bool(index), prnt=True, frequency=8, frequency_unit='hours',
            add_to_history=number == 7 and not index, short_comment='After meals' if index else None,
            **dose(world, DRUGS[(number + index) % len(DRUGS)]))
    if number == 4:
        world.create(
            'gnuhealth.prescription.line', presc_order=order, medicament=medicament(world, 'glucose'),
            start_treatment=world.at(number, 11), review=world.at(-30, 11), duration_period='indefinite', qty=2, quantity=0,
            infusion=True, infusion_rate=62.5, infusion_rate_units='mlhr', frequency=None, frequency_unit='wr',
            route=world.find('gnuhealth.drug.route', code='IV'), form=world.find('gnuhealth.drug.form', code='SOL'))
    # half of them stay drafts
    if number % 2:
        world.press(order, 'create_prescription')
