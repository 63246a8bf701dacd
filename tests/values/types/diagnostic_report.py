"""DiagnosticReport: reports of the laboratory, and results of imaging."""
from hospital import first, refers, shows, shows_all


def resources(hospital):
    for lab in hospital.all('gnuhealth.lab'):
        yield f'lab-{lab.id}', [
            refers('subject', 'Patient', lab.patient),
            shows('code.text', lab.test.name),
            shows('code.coding.code', lab.test.code),
            shows('effectiveDateTime', lab.date_analysis or lab.date_requested),
            shows(f'identifier[system={hospital.system("lab-report")}].value', lab.name),
            shows('conclusionCode.coding.code', lab.pathology and lab.pathology.code),
            shows_all('resultsInterpreter.reference', {
                f'Practitioner/{who.id}' for who in (lab.pathologist, first(lab, 'validated_by')) if who}),
            shows_all('result.reference', [f'Observation/lab-{line.id}' for line in lab.critearea]),
        ]
    for result in hospital.all('gnuhealth.imaging.test.result'):
        yield f'imaging-{result.id}', [
            refers('subject', 'Patient', result.patient),
            shows('code.text', result.requested_test.name),
            shows('code.coding.code', result.requested_test.code),
            shows('effectiveDateTime', result.date),
            shows('conclusion', result.comment),
            refers('resultsInterpreter', 'Practitioner', result.doctor),
        ]
