"""Procedure: surgeries with their operations, and what was done in evaluations, nursing rounds and ambulatory care."""
from hospital import first, includes, label, nothing, refers, shows, shows_all

STATES = {'Cancelled': 'not-done', 'In Progress': 'in-progress', 'Done': 'completed', 'Signed': 'completed',
          'Draft': 'preparation', 'Confirmed': 'preparation'}


def resources(hospital):
    for surgery in hospital.all('gnuhealth.surgery'):
        yield f'surgery-{surgery.id}', of_surgery(surgery)
    for operation in hospital.all('gnuhealth.operation'):
        surgery = first(operation, 'surgery', 'name')
        if surgery and not is_main(surgery, operation.procedure, operation.notes):
            yield f'operation-{operation.id}', code(operation.procedure) + [
                refers('subject', 'Patient', surgery.patient),
                shows('partOf.reference', f'Procedure/surgery-{surgery.id}'),
                shows_all('note.text', [operation.notes]),
            ]
    for done in hospital.all('gnuhealth.patient.procedure'):
        origin = done.reference if done.reference and not isinstance(done.reference, str) else None
        if origin and origin.__name__ == 'gnuhealth.surgery' and is_main(origin, done.procedure, done.comments):
            continue
        yield f'procedure-{done.id}', code(done.procedure) + [
            refers('subject', 'Patient', done.patient),
            shows('performedDateTime', done.pdate),
            shows_all('note.text', [done.comments]),
        ]
    for kind, model, parents in [
            ('directions', 'gnuhealth.directions', ('evaluation', 'name')),
            ('rounding', 'gnuhealth.rounding_procedure', ('rounding', 'name')),
            ('ambulatory', 'gnuhealth.ambulatory_care_procedure', ('ambcare', 'name'))]:
        for done in hospital.all(model):
            parent = first(done, *parents)
            if parent:
                admission = first(parent, 'registration', 'name') if kind == 'rounding' else parent
                yield f'{kind}-{done.id}', code(done.procedure) + [
                    refers('subject', 'Patient', admission and admission.patient),
                    shows_all('note.text', [first(done, 'comments', 'notes')]),
                ]


def is_main(surgery, procedure, words):
    """What is listed once more, with nothing to say, is the surgery itself."""
    return nothing(words) and procedure == (surgery.surgical_intervention or surgery.main_procedure)


def code(procedure):
    return [shows('code.coding.code', procedure.name), shows('code.text', procedure.description)]


def of_surgery(surgery):
    state = label(surgery, 'state')
    team = [member.team_member for member in surgery.surgery_team]
    return code(surgery.surgical_intervention or surgery.main_procedure) + [
        refers('subject', 'Patient', surgery.patient),
        shows('status', STATES.get(state)),
        shows('performedPeriod.start', surgery.surgery_date),
        # the button that begins a surgery writes the time of the beginning there
        *([] if state == 'In Progress' else [shows('performedPeriod.end', surgery.surgery_end_date)]),
        includes('performer.actor.reference', *{
            f'Practitioner/{who.id}' for who in (surgery.surgeon, surgery.anesthetist, *team) if who}),
        shows('reasonCode.coding.code', surgery.pathology and surgery.pathology.code),
        shows('reasonCode.text', surgery.pathology and surgery.pathology.name),
    ]
