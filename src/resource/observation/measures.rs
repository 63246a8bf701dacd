//! What is measured: LOINC codes, names and units of R4's vital signs profiles
//! (<http://hl7.org/fhir/R4/observation-vitalsigns.html>); beyond them LOINC's.
//!
//! Each is given with the column that most tables have it in; [`in_column`] moves it to another.

use crate::search::declaration::Measure;

const fn measure(
    code: &'static str,
    display: &'static str,
    field: &'static str,
    unit: &'static str,
    printed: &'static str,
) -> Measure {
    Measure {
        code,
        display,
        field: Some(field),
        unit,
        printed,
        parts: &[],
    }
}

/// The same in another column.
pub(super) const fn in_column(measure: Measure, field: &'static str) -> Measure {
    Measure {
        field: Some(field),
        ..measure
    }
}

pub(super) const HEART_RATE: Measure =
    measure("8867-4", "Heart rate", "bpm", "/min", "beats/minute");

pub(super) const RESPIRATORY_RATE: Measure = measure(
    "9279-1",
    "Respiratory rate",
    "respiratory_rate",
    "/min",
    "breaths/minute",
);

pub(super) const TEMPERATURE: Measure =
    measure("8310-5", "Body temperature", "temperature", "Cel", "°C");

pub(super) const OXYGEN_SATURATION: Measure = measure(
    "2708-6",
    "Oxygen saturation in Arterial blood",
    "osat",
    "%",
    "%",
);

/// Its code: of a blood pressure both parts are always shown, for the profile demands them.
pub(super) const BLOOD_PRESSURE_CODE: &str = "85354-9";

/// The codes of its parts.
pub(super) const SYSTOLIC: &str = "8480-6";
pub(super) const DIASTOLIC: &str = "8462-4";

pub(super) const BLOOD_PRESSURE: Measure = Measure {
    code: BLOOD_PRESSURE_CODE,
    display: "Blood pressure panel with all children optional",
    field: None,
    unit: MMHG.0,
    printed: MMHG.1,
    parts: &[
        measure(
            SYSTOLIC,
            "Systolic blood pressure",
            "systolic",
            MMHG.0,
            MMHG.1,
        ),
        measure(
            DIASTOLIC,
            "Diastolic blood pressure",
            "diastolic",
            MMHG.0,
            MMHG.1,
        ),
    ],
};

const MMHG: (&str, &str) = ("mm[Hg]", "mmHg");

pub(super) const MEAN_PRESSURE: Measure =
    measure("8478-0", "Mean blood pressure", "mean_ap", MMHG.0, MMHG.1);

pub(super) const WEIGHT: Measure = measure("29463-7", "Body weight", "weight", "kg", "kg");

pub(super) const HEIGHT: Measure = measure("8302-2", "Body height", "height", "cm", "cm");

pub(super) const BODY_MASS_INDEX: Measure = measure(
    "39156-5",
    "Body mass index (BMI) [Ratio]",
    "bmi",
    "kg/m2",
    "kg/m2",
);

pub(super) const HEAD_CIRCUMFERENCE: Measure = measure(
    "9843-4",
    "Head Occipital-frontal circumference",
    "head_circumference",
    "cm",
    "cm",
);

pub(super) const WAIST: Measure = measure(
    "8280-0",
    "Waist Circumference at umbilicus by Tape measure",
    "abdominal_circ",
    "cm",
    "cm",
);

pub(super) const BODY_FAT: Measure = measure(
    "41982-0",
    "Percentage of body fat Measured",
    "body_fat",
    "%",
    "%",
);

/// The Glasgow coma score in these columns: the sum, and what it is of.
pub(super) const fn glasgow(field: &'static str, parts: &'static [Measure]) -> Measure {
    Measure {
        parts,
        ..measure(
            "9269-2",
            "Glasgow coma score total",
            field,
            SCORE.0,
            SCORE.1,
        )
    }
}

/// The parts of the score in these columns: eyes, verbal and motor.
pub(super) const fn glasgow_parts(
    eyes: &'static str,
    verbal: &'static str,
    motor: &'static str,
) -> [Measure; 3] {
    [
        measure(
            "9267-6",
            "Glasgow coma score eye opening",
            eyes,
            SCORE.0,
            SCORE.1,
        ),
        measure(
            "9270-0",
            "Glasgow coma score verbal",
            verbal,
            SCORE.0,
            SCORE.1,
        ),
        measure(
            "9268-4",
            "Glasgow coma score motor",
            motor,
            SCORE.0,
            SCORE.1,
        ),
    ]
}

const SCORE: (&str, &str) = ("{score}", "score");

pub(super) const GLUCOSE: Measure = measure(
    "2339-0",
    "Glucose [Mass/volume] in Blood",
    "glycemia",
    "mg/dL",
    "mg/dL",
);

pub(super) const HBA1C: Measure = measure(
    "59261-8",
    "Hemoglobin A1c/Hemoglobin.total in Blood by IFCC protocol",
    "hba1c",
    "mmol/mol",
    "mmol/mol",
);

pub(super) const CHOLESTEROL: Measure = measure(
    "2093-3",
    "Cholesterol [Mass/volume] in Serum or Plasma",
    "cholesterol_total",
    "mg/dL",
    "mg/dL",
);

pub(super) const HDL: Measure = measure(
    "2085-9",
    "Cholesterol in HDL [Mass/volume] in Serum or Plasma",
    "hdl",
    "mg/dL",
    "mg/dL",
);

pub(super) const LDL: Measure = measure(
    "2089-1",
    "Cholesterol in LDL [Mass/volume] in Serum or Plasma",
    "ldl",
    "mg/dL",
    "mg/dL",
);

pub(super) const TRIGLYCERIDE: Measure = measure(
    "2571-8",
    "Triglyceride [Mass/volume] in Serum or Plasma",
    "tag",
    "mg/dL",
    "mg/dL",
);

pub(super) const PAIN: Measure = measure(
    "72514-3",
    "Pain severity - 0-10 verbal numeric rating [Score] - Reported",
    "pain_level",
    SCORE.0,
    SCORE.1,
);

pub(super) const URINE: Measure = measure("9187-6", "Urine output", "diuresis", "mL", "ml");

/// In percent, as a whole number can only be.
pub(super) const INSPIRED_OXYGEN: Measure =
    measure("3150-6", "Inhaled oxygen concentration", "fio2", "%", "%");

/// As a part of 1: APACHE II counts from 0.5 on (health_icu, `on_change_with_apache_score`).
pub(super) const INSPIRED_OXYGEN_PART: Measure = Measure {
    unit: "1",
    printed: "fraction",
    ..INSPIRED_OXYGEN
};

pub(super) const ARTERIAL_OXYGEN: Measure = measure(
    "2703-7",
    "Oxygen [Partial pressure] in Arterial blood",
    "pao2",
    MMHG.0,
    MMHG.1,
);

pub(super) const ARTERIAL_CARBON_DIOXIDE: Measure = measure(
    "2019-8",
    "Carbon dioxide [Partial pressure] in Arterial blood",
    "paco2",
    MMHG.0,
    MMHG.1,
);

pub(super) const OXYGEN_GRADIENT: Measure = measure(
    "19991-9",
    "Alveolar-arterial oxygen Partial pressure difference",
    "aado2",
    MMHG.0,
    MMHG.1,
);

pub(super) const ARTERIAL_PH: Measure =
    measure("2744-1", "pH of Arterial blood", "ph", "[pH]", "pH");

pub(super) const SODIUM: Measure = measure(
    "2951-2",
    "Sodium [Moles/volume] in Serum or Plasma",
    "serum_sodium",
    "mmol/L",
    "mmol/L",
);

pub(super) const POTASSIUM: Measure = measure(
    "2823-3",
    "Potassium [Moles/volume] in Serum or Plasma",
    "serum_potassium",
    "mmol/L",
    "mmol/L",
);

pub(super) const CREATININE: Measure = measure(
    "2160-0",
    "Creatinine [Mass/volume] in Serum or Plasma",
    "serum_creatinine",
    "mg/dL",
    "mg/dL",
);

/// In thousands, as the help of the field says.
pub(super) const LEUKOCYTES: Measure = measure(
    "26464-8",
    "Leukocytes [#/volume] in Blood",
    "wbc",
    "10*3/uL",
    "10^3/uL",
);

pub(super) const HEMATOCRIT: Measure = measure(
    "20570-8",
    "Hematocrit [Volume Fraction] of Blood",
    "hematocrit",
    "%",
    "%",
);

pub(super) const APACHE_II: Measure = measure(
    "9264-3",
    "Apache II score",
    "apache_score",
    SCORE.0,
    SCORE.1,
);

/// Which codes are of which category. Vital signs are those of R4's value set (`observation-vitalsignresult`).
pub(super) const CATEGORIES: &[(&str, &[&str])] = &[
    (
        "vital-signs",
        &[
            HEART_RATE.code,
            RESPIRATORY_RATE.code,
            TEMPERATURE.code,
            OXYGEN_SATURATION.code,
            BLOOD_PRESSURE.code,
            MEAN_PRESSURE.code,
            WEIGHT.code,
            HEIGHT.code,
            BODY_MASS_INDEX.code,
            HEAD_CIRCUMFERENCE.code,
        ],
    ),
    (
        "exam",
        &[
            WAIST.code,
            BODY_FAT.code,
            glasgow("", &[]).code,
            PAIN.code,
            URINE.code,
            INSPIRED_OXYGEN.code,
            APACHE_II.code,
        ],
    ),
    (
        "laboratory",
        &[
            GLUCOSE.code,
            HBA1C.code,
            CHOLESTEROL.code,
            HDL.code,
            LDL.code,
            TRIGLYCERIDE.code,
            ARTERIAL_OXYGEN.code,
            ARTERIAL_CARBON_DIOXIDE.code,
            OXYGEN_GRADIENT.code,
            ARTERIAL_PH.code,
            SODIUM.code,
            POTASSIUM.code,
            CREATININE.code,
            LEUKOCYTES.code,
            HEMATOCRIT.code,
        ],
    ),
];
