"""AllergyIntolerance: the allergies of the problem list."""
from hospital import first, label, pathology_checks, refers, second, shows, shows_all, year_or_day

# what the form calls the kind of an allergy; a "Misc" one may be anything
CATEGORIES = {'Drug Allergy': 'medication', 'Food Allergy': 'food'}


def resources(hospital):
    for entry in hospital.all('gnuhealth.patient.disease', ('is_allergy', '=', True)):
        kind = label(entry, 'allergy_type')
        yield str(entry.id), pathology_checks('code', entry.pathology) + [
            refers('patient', 'Patient', first(entry, 'patient', 'name')),
            refers('asserter', 'Practitioner', entry.healthprof),
            shows('category', CATEGORIES.get(kind)),
            shows('onsetDateTime', year_or_day(entry.diagnosed_date, entry.est_dodx)),
            shows('recordedDate', second(entry.create_date)),
            shows_all('note.text', [entry.short_comment, entry.extra_info]),
        ]
