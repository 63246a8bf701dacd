"""MedicationStatement: what a patient takes, gnuhealth.patient.medication."""
from dosages import dosage, medicine
from hospital import first, refers, shows


def resources(hospital):
    for line in hospital.all('gnuhealth.patient.medication'):
        yield str(line.id), medicine(line) + dosage('dosage', line) + [
            refers('subject', 'Patient', first(line, 'patient', 'name')),
            shows('effectivePeriod.start', line.start_treatment),
            shows('effectivePeriod.end', line.end_treatment),
            *([shows('status', 'active')] if line.is_active else []),
            *([shows('status', 'completed')] if line.course_completed and not line.is_active else []),
            *([shows('status', 'stopped')] if line.discontinued and not line.is_active else []),
        ]
