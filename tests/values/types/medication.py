"""Medication: gnuhealth.medicament."""
from hospital import first, includes, quantity, shows


def resources(hospital):
    for medicament in hospital.all('gnuhealth.medicament'):
        product = first(medicament, 'product', 'name')
        yield str(medicament.id), [
            shows('code.text', product.name),
            shows('status', 'active' if first(medicament, 'active') is not False else 'inactive'),
            shows('form.text', medicament.form and medicament.form.name),
            *quantity('ingredient.strength.numerator', concentration(medicament)),
            includes('ingredient.itemCodeableConcept.text', medicament.active_component),
        ]


def concentration(medicament):
    """Of a solution what is in its volume, of others the strength of one."""
    if first(medicament, 'sol_vol'):
        return medicament.sol_conc
    return medicament.strength or None
