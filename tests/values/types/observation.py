"""Observation: results of laboratories, and what was measured in evaluations, nursing rounds, ambulatory care and ICU."""
from hospital import LOINC, UCUM, counts, first, nothing, quantity, refers, shows, shows_all

# LOINC's codes and units, as R4's vital signs profiles and the help texts of GNU Health's fields say.
VITAL_SIGNS = {
    'bpm': ('8867-4', '/min'), 'respiratory_rate': ('9279-1', '/min'), 'temperature': ('8310-5', 'Cel'),
    'osat': ('2708-6', '%'), 'weight': ('29463-7', 'kg'), 'height': ('8302-2', 'cm'), 'bmi': ('39156-5', 'kg/m2'),
    'head_circumference': ('9843-4', 'cm'),
}
OTHERS = {
    'abdominal_circ': ('8280-0', 'cm'), 'body_fat': ('41982-0', '%'), 'glycemia': ('2339-0', 'mg/dL'),
    'hba1c': ('59261-8', 'mmol/mol'), 'cholesterol_total': ('2093-3', 'mg/dL'), 'hdl': ('2085-9', 'mg/dL'),
    'ldl': ('2089-1', 'mg/dL'), 'tag': ('2571-8', 'mg/dL'),
}
# A level of pain is from 0 to 10, a diuresis in millilitres, the oxygen of a nursing round in per cent.
NURSING = {'pain_level': ('72514-3', '{score}'), 'diuresis': ('9187-6', 'mL'), 'fio2': ('3150-6', '%')}
# In the units of the thresholds of the score; the oxygen is a fraction there.
APACHE = {
    'heart_rate': ('8867-4', '/min'), 'respiratory_rate': ('9279-1', '/min'), 'temperature': ('8310-5', 'Cel'),
    'mean_ap': ('8478-0', 'mm[Hg]'), 'gcs': ('9269-2', '{score}'), 'fio2': ('3150-6', '1'), 'apache_score': ('9264-3', '{score}'),
    'pao2': ('2703-7', 'mm[Hg]'), 'paco2': ('2019-8', 'mm[Hg]'), 'aado2': ('19991-9', 'mm[Hg]'), 'ph': ('2744-1', '[pH]'),
    'serum_sodium': ('2951-2', 'mmol/L'), 'serum_potassium': ('2823-3', 'mmol/L'), 'serum_creatinine': ('2160-0', 'mg/dL'),
    'wbc': ('26464-8', '10*3/uL'), 'hematocrit': ('20570-8', '%'),
}


def resources(hospital):
    for line in hospital.all('gnuhealth.lab.test.critearea', ('gnuhealth_lab_id', '!=', None)):
        yield f'lab-{line.id}', laboratory(hospital, line)
    for evaluation in hospital.all('gnuhealth.patient.evaluation'):
        yield from measured('eval', evaluation, evaluation.patient, evaluation.evaluation_start, VITAL_SIGNS | OTHERS)
    for round_ in hospital.all('gnuhealth.patient.rounding'):
        admission = first(round_, 'registration', 'name')
        yield from measured('rounding', round_, admission.patient, round_.evaluation_start, VITAL_SIGNS | OTHERS | NURSING)
    for session in hospital.all('gnuhealth.patient.ambulatory_care'):
        yield from measured('ambulatory', session, session.patient, session.session_start, VITAL_SIGNS | OTHERS | NURSING)
    for score in hospital.all('gnuhealth.icu.glasgow'):
        yield from measured('glasgow', score, first(score, 'registration', 'name').patient, score.evaluation_date, {})
    for score in hospital.all('gnuhealth.icu.apache2'):
        patient = first(score, 'registration', 'name').patient
        yield from measured('apache', score, patient, score.score_date, APACHE)


def laboratory(hospital, line):
    lab = line.gnuhealth_lab_id
    unit = line.units and line.units.name
    checks = [
        refers('subject', 'Patient', lab.patient),
        shows('effectiveDateTime', lab.date_analysis or lab.date_requested),
        shows('code.text', line.name),
        shows(f'code.coding[system={hospital.system("lab-analyte")}].code', line.code),
        shows('category.coding.code', 'laboratory'),
        *quantity('valueQuantity', line.result, unit or ''),
        shows('valueString', line.result_text if line.result is None else None),
        shows_all('note.text', [line.result_text if line.result is not None else None, line.remarks]),
        *quantity('referenceRange.low', line.lower_limit, unit or ''),
        *quantity('referenceRange.high', line.upper_limit, unit or ''),
        shows('referenceRange.text', line.normal_range),
        shows('method.text', first(line, 'test_method')),
        shows_all('performer.reference', {f'Practitioner/{who.id}' for who in (
            first(lab, 'pathologist'), first(lab, 'done_by'), first(lab, 'validated_by')) if who}),
        counts('dataAbsentReason', 1 if line.result is None and nothing(line.result_text) else 0),
    ]
    if hasattr(line, 'get_report_warn_indicator') and line.result is not None:
        # as the printed report marks it
        arrow = line.get_report_warn_indicator()
        if arrow in ('↓', '↑'):
            checks.append(shows('interpretation.coding.code', {'↓': 'L', '↑': 'H'}[arrow]))
    return checks


def measured(kind, record, patient, moment, measures):
    about = [refers('subject', 'Patient', patient), shows('effectiveDateTime', moment), counts('dataAbsentReason', 0)]
    for field, (code, unit) in measures.items():
        value = first(record, field)
        if value is not None:
            yield f'{kind}-{record.id}-{code}', about + [
                shows(f'code.coding[system={LOINC}].code', code), *quantity('valueQuantity', value, code=unit)]
    if first(record, 'systolic') is not None or first(record, 'diastolic') is not None:
        yield f'{kind}-{record.id}-85354-9', about + part('8480-6', first(record, 'systolic')) + part('8462-4', first(record, 'diastolic'))
    scores = {'9269-2': first(record, 'loc', 'glasgow'), '9267-6': first(record, 'loc_eyes', 'glasgow_eyes'),
              '9270-0': first(record, 'loc_verbal', 'glasgow_verbal'), '9268-4': first(record, 'loc_motor', 'glasgow_motor')}
    if any(value is not None for value in scores.values()):
        total = scores.pop('9269-2')
        yield f'{kind}-{record.id}-9269-2', about[:2] + quantity('valueQuantity', total, code='{score}') + [
            shows(f'component[code.coding.code={code}].valueQuantity.value', value and int(value)) for code, value in scores.items()]


def part(code, value):
    path = f'component[code.coding.code={code}]'
    return quantity(f'{path}.valueQuantity', value, code='mm[Hg]') + [counts(f'{path}.dataAbsentReason', 1 if value is None else 0)]
