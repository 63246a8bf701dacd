"""FamilyMemberHistory: one for each relative of a patient, with all conditions that are known of them."""
from hospital import first, label, refers, shows, shows_all

# HL7's v3 RoleCode for what the form calls a relative: on no side, on the mother's, on the father's.
RELATIVES = {
    'Mother': ('MTH', 'MTH', 'MTH'), 'Father': ('FTH', 'FTH', 'FTH'), 'Brother': ('BRO', 'BRO', 'BRO'),
    'Sister': ('SIS', 'SIS', 'SIS'), 'Daughter': ('DAUC', 'DAUC', 'DAUC'), 'Son': ('SONC', 'SONC', 'SONC'),
    'Aunt': ('AUNT', 'MAUNT', 'PAUNT'), 'Uncle': ('UNCLE', 'MUNCLE', 'PUNCLE'), 'Nephew': ('NEPHEW', 'NEPHEW', 'NEPHEW'),
    'Niece': ('NIECE', 'NIECE', 'NIECE'), 'Grandfather': ('GRFTH', 'MGRFTH', 'PGRFTH'),
    'Grandmother': ('GRMTH', 'MGRMTH', 'PGRMTH'), 'Cousin': ('COUSN', 'MCOUSN', 'PCOUSN'),
}
SIDES = {'Maternal': 1, 'Paternal': 2}


def resources(hospital):
    relatives = {}
    for entry in hospital.all('gnuhealth.patient.family.diseases', ('patient', '!=', None)):
        relatives.setdefault((entry.patient, role(entry)), []).append(first(entry, 'disease', 'name'))
    for (patient, code), diseases in relatives.items():
        yield f'{patient.id}-{code}', [
            refers('patient', 'Patient', patient),
            shows('relationship.coding.code', code),
            shows_all('condition.code.coding.code', [disease.code for disease in diseases]),
            shows_all('condition.code.text', [disease.name for disease in diseases]),
        ]


def role(entry):
    relative = label(entry, 'relative')
    side = label(entry, 'xory')
    return RELATIVES[relative][SIDES.get(side, 0)]
