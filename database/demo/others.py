"""One or two of the rest: ambulatory care, ECG, health services, ambulances, contact tracing, disability, eyes, teeth."""
from .conditions import pathology
from .patients import party_of
from .world import UGLY_TEXT


def make(world):
    first = world.patients[0]
    second = world.patients[min(1, len(world.patients) - 1)]
    if world.has('gnuhealth.patient.ambulatory_care'):
        for index, patient in enumerate((first, second)):
            session = world.create(
                'gnuhealth.patient.ambulatory_care', patient=patient, session_start=world.at(9 - index, 15),
                health_professional=world.professionals[5], ordering_professional=world.doctor, session_number=index,
                base_condition=pathology(world, 'E11.9'), systolic=130, diastolic=0, bpm=70, temperature=36.6, osat=98,
                glycemia=140, weight=68, evolution='i', session_notes=UGLY_TEXT)
            if index:
                session = world.press(session, 'end_session')
                world.write(session, session_end=world.at(9 - index, 16))
    for index, patient in enumerate((first, second)):
        world.create(
            'gnuhealth.patient.ecg', patient=patient, ecg_date=world.at(7 + index), axis='normal', rate=72 * index,
            pacemaker='sa', rhythm='regular', pr=160, qrs=90, qt=400, st_segment='normal', twave_inversion=False,
            interpretation='Sinus rhythm' if index else world.line_text(), healthprof=world.doctor, lead='ii')
    if world.has('gnuhealth.health_service'):
        service = world.create('gnuhealth.health_service', patient=first, service_date=world.day(8), desc='Check-up',
                               institution=world.hospital, company=world.company)
        world.create('gnuhealth.health_service.line', service=service, desc='Consultation', qty=1, to_invoice=True,
                     product=world.search('product.product', [], limit=1)[0])
    if world.has('gnuhealth.ambulance'):
        world.create('gnuhealth.ambulance', vehicle_identifier='1234-BCD', vehicle_type='van', vehicle_brand='Demo',
                     vehicle_function='patient_transport', vehicle_station=world.hospital)
        world.create('gnuhealth.support_request', request_date=world.at(4, 3), patient=second, urgency='emergency',
                     event_type='event1', operator=world.doctor, healthcenter=world.hospital,
                     request_extra_info=UGLY_TEXT, place_occurrance='home')
    if world.has('gnuhealth.contact_tracing'):
        world.create('gnuhealth.contact_tracing', patient=first, contact=party_of(world, second), contact_date=world.at(6),
                     pathology=pathology(world, 'B34.2'), exposure_risk='high', status='unreached', exposure_time=0)
    if world.has('gnuhealth.patient.disability_assessment'):
        world.create('gnuhealth.patient.disability_assessment', patient=second, assessment='DA-1',
                     assessment_date=world.day(70), hand_function='0', hearing_function='2', wheelchair=False)
    if world.has('gnuhealth.ophthalmology.evaluation'):
        world.create('gnuhealth.ophthalmology.evaluation', patient=first, visit_date=world.at(11), rdva='6_6', ldva='6_9',
                     rspherical=0.0, lspherical=-1.25, health_professional=world.doctor, notes=UGLY_TEXT)
    if world.has('gnuhealth.dentistry.treatment'):
        world.create('gnuhealth.dentistry.treatment', patient=first, treatment_date=world.day(13), notes='Cleaning')
    world.commit()
