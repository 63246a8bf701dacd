"""MedicationStatement: what patients take, and what they are given while they stay."""
from dosages import dosage, medicine
from hospital import first, refers, shows


def resources(hospital):
    for line in hospital.all('gnuhealth.patient.medication'):
        yield str(line.id), taken(line, first(line, 'patient', 'name')) + [
            refers('informationSource', 'Practitioner', line.healthprof)]
    for line in hospital.all('gnuhealth.inpatient.medication'):
        registration = first(line, 'registration', 'name')
        yield f'inpatient-{line.id}', taken(line, registration and registration.patient) + [
            shows('context.identifier.value', registration and registration.name)]


def taken(line, patient):
    return medicine(line) + dosage('dosage', line) + [
        refers('subject', 'Patient', patient),
        shows('reasonCode.coding.code', line.indication and line.indication.code),
        shows('effectivePeriod.start', line.start_treatment),
        shows('effectivePeriod.end', line.end_treatment),
        *([shows('status', 'active')] if line.is_active else []),
        *([shows('status', 'completed')] if line.course_completed and not line.is_active else []),
        *([shows('status', 'stopped')] if line.discontinued and not line.is_active else []),
    ]
