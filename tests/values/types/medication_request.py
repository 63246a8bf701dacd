"""MedicationRequest: the lines of prescriptions."""
from dosages import dosage, medicine
from hospital import first, number, refers, shows


def resources(hospital):
    for line in hospital.all('gnuhealth.prescription.line'):
        order = first(line, 'presc_order', 'name')
        pharmacy = order and order.pharmacy
        yield str(line.id), medicine(line) + dosage('dosageInstruction', line) + [
            refers('subject', 'Patient', order and order.patient),
            refers('requester', 'Practitioner', order and order.healthprof),
            shows('authoredOn', order and order.prescription_date),
            shows('groupIdentifier.value', order and order.prescription_id),
            shows('dispenseRequest.quantity.value', number(line.quantity)),
            shows('dispenseRequest.numberOfRepeatsAllowed', number(line.refills)),
            shows('dispenseRequest.performer.reference', pharmacy and f'Organization/pharmacy-{pharmacy.id}'),
            shows('reasonCode.coding.code', line.indication and line.indication.code),
            shows('substitution.allowedBoolean', line.allow_substitution),
        ]
