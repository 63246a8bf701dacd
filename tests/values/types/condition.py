"""Condition: the problem list, gnuhealth.patient.disease without allergies, and the diagnoses of evaluations."""
from hospital import SNOMED_CT, counts, first, label, number, pathology_checks, refers, second, shows, shows_all, year_or_day

SEVERITIES = {'Mild': '255604002', 'Moderate': '6736007', 'Severe': '24484000'}


def resources(hospital):
    for entry in hospital.all('gnuhealth.patient.disease', ('is_allergy', '!=', True)):
        severity = label(entry, 'disease_severity')
        healed = entry.healed_date or entry.status == 'h'
        yield str(entry.id), pathology_checks('code', entry.pathology) + [
            refers('subject', 'Patient', first(entry, 'patient', 'name')),
            refers('asserter', 'Practitioner', entry.healthprof),
            shows('onsetDateTime', year_or_day(entry.diagnosed_date, entry.est_dodx)),
            shows('onsetAge.value', number(entry.age) if entry.age and not entry.diagnosed_date else None),
            shows('abatementDateTime', entry.healed_date),
            shows('recordedDate', second(entry.create_date)),
            shows(f'severity.coding[system={SNOMED_CT}].code', SEVERITIES.get(severity)),
            shows_all('note.text', [entry.short_comment, entry.extra_info]),
            shows('category.coding.code', 'problem-list-item'),
            *([shows('clinicalStatus.coding.code', 'resolved')] if healed else []),
        ]
    for evaluation in hospital.all('gnuhealth.patient.evaluation', ('diagnosis', '!=', None)):
        yield f'eval-{evaluation.id}', of_evaluation(evaluation, evaluation.diagnosis)
    for kind, model, column in [('secondary', 'gnuhealth.secondary_condition', 'pathology'),
                                ('hypothesis', 'gnuhealth.diagnostic_hypothesis', 'pathology')]:
        for found in hospital.all(model):
            evaluation = first(found, 'evaluation', 'name')
            yield f'{kind}-{found.id}', of_evaluation(evaluation, getattr(found, column)) + [
                shows_all('note.text', [found.comments])]


def of_evaluation(evaluation, pathology):
    return pathology_checks('code', pathology) + [
        refers('subject', 'Patient', evaluation and evaluation.patient),
        shows('category.coding.code', 'encounter-diagnosis'),
        counts('subject', 1),
    ]
