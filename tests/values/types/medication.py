"""Medication: gnuhealth.medicament."""
from hospital import first, includes, quantity, shows


def resources(hospital):
    for medicament in hospital.all('gnuhealth.medicament'):
        product = first(medicament, 'product', 'name')
        yield str(medicament.id), [
            shows('code.text', product.name),
            shows('status', 'active' if first(medicament, 'active') is not False else 'inactive'),
            shows('form.text', medicament.form and medicament.form.name),
            *quantity('ingredient.strength.numerator', medicament.strength or None),
            includes('ingredient.itemCodeableConcept.text', medicament.active_component),
        ]
