"""Procedure: surgeries with their operations, and what was done in evaluations, nursing rounds and ambulatory care."""
from hospital import first, includes, label, refers, shows, shows_all

STATES = {'Cancelled': 'not-done', 'In Progress': 'in-progress', 'Done': 'completed', 'Signed': 'completed',
          'Draft': 'preparation', 'Confirmed': 'preparation'}


def resources(hospital):
    for surgery in hospital.all('gnuhealth.surgery'):
        yield f'surgery-{surgery.id}', of_surgery(surgery)
    for operation in hospital.all('gnuhealth.operation'):
        surgery = first(operation, 'surgery', 'name')
        yield f'operation-{operation.id}', of_surgery(surgery) + code(operation.procedure) + [
            shows_all('note.text', [operation.notes])]
    for done in hospital.all('gnuhealth.patient.procedure'):
        yield f'procedure-{done.id}', code(done.procedure) + [
            refers('subject', 'Patient', done.patient),
            shows('performedDateTime', done.pdate),
            shows_all('note.text', [done.comments]),
        ]
    for order in hospital.all('gnuhealth.directions'):
        evaluation = first(order, 'evaluation', 'name')
        yield f'directions-{order.id}', code(order.procedure) + [
            refers('subject', 'Patient', evaluation and evaluation.patient),
            shows_all('note.text', [order.comments]),
        ]
    for done in hospital.all('gnuhealth.rounding_procedure'):
        registration = first(first(done, 'rounding', 'name'), 'registration', 'name')
        yield f'rounding-{done.id}', code(done.procedure) + [refers('subject', 'Patient', registration and registration.patient)]
    for done in hospital.all('gnuhealth.ambulatory_care_procedure'):
        session = first(done, 'ambcare', 'name')
        yield f'ambulatory-{done.id}', code(done.procedure) + [refers('subject', 'Patient', session and session.patient)]


def code(procedure):
    return [shows('code.coding.code', procedure.name), shows('code.text', procedure.description)]


def of_surgery(surgery):
    state = label(surgery, 'state')
    return [
        refers('subject', 'Patient', surgery.patient),
        shows('status', STATES.get(state)),
        shows('performedPeriod.start', surgery.surgery_date),
        shows('performedPeriod.end', surgery.surgery_end_date),
        includes('performer.actor.reference', *[f'Practitioner/{who.id}' for who in (surgery.surgeon, surgery.anesthetist) if who]),
    ]
