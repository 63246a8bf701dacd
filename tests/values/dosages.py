"""How a medicine is taken, which medications and prescriptions say in the same fields."""
from hospital import first, quantity, shows


def dosage(path, line):
    return [
        *amount(f'{path}.doseAndRate.doseQuantity', line),
        shows(f'{path}.timing.code.text', line.common_dosage and line.common_dosage.name),
        shows(f'{path}.route.text', line.route and line.route.name),
    ]


def amount(path, line):
    """The dose; of more than one unit how many, since the dose is that of one. A lone 1 is what the client starts with."""
    form = line.form.name if line.form else ''
    if (line.qty or 0) > 1 or (line.qty == 1 and line.form and line.dose is None):
        return quantity(path, line.qty, form)
    return quantity(path, line.dose, line.dose_unit.name if line.dose_unit else '')


def medicine(line):
    product = first(line.medicament, 'product', 'name')
    return [
        shows('medicationReference.reference', f'Medication/{line.medicament.id}'),
        shows('medicationReference.display', product.name),
    ]
