"""How a medicine is taken, which medications and prescriptions say in the same fields."""
from hospital import first, quantity, shows


def dosage(path, line):
    return [
        *quantity(f'{path}.doseAndRate.doseQuantity', line.dose, line.dose_unit.name if line.dose_unit else ''),
        shows(f'{path}.timing.code.text', line.common_dosage and line.common_dosage.name),
        shows(f'{path}.route.text', line.route and line.route.name),
    ]


def medicine(line):
    product = first(line.medicament, 'product', 'name')
    return [
        shows('medicationReference.reference', f'Medication/{line.medicament.id}'),
        shows('medicationReference.display', product.name),
    ]
