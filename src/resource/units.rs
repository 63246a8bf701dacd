//! Units as laboratories and prescriptions print them, and what they are in UCUM (<https://ucum.org>).

use serde::Deserialize;

use crate::fhir::r4::{Decimal, Quantity};
use crate::tryton::model::{Field, plain, translated};

use super::person::{filled, renamed};

/// The system of UCUM codes.
pub(super) const UCUM: &str = "http://unitsofmeasure.org";

/// The units that GNU Health comes with (health_lab/data/lab_test_data.xml, the same in 4.4 and 5.0), and others that
/// laboratories often add. `aTU/ml` is not here: UCUM has no such unit. Case counts, as it does in UCUM.
pub(super) const PRINTED: &[(&str, &str)] = &[
    ("Millions/cc", "10*6/mL"),
    ("mmol/L", "mmol/L"),
    ("mmol/24h", "mmol/(24.h)"),
    ("g/dL", "g/dL"),
    ("g/L", "g/L"),
    ("10^3/uL", "10*3/uL"),
    ("10^9/L", "10*9/L"),
    ("10^6/uL", "10*6/uL"),
    ("10^12/L", "10*12/L"),
    ("%", "%"),
    ("fl", "fL"),
    ("pg", "pg"),
    ("mm/hr", "mm/h"),
    ("mg/dl", "mg/dL"),
    ("U/L", "U/L"),
    ("/hpf", "/[HPF]"),
    ("IU/l", "[IU]/L"),
    ("mIU/l", "m[IU]/L"),
    ("ng/ml", "ng/mL"),
    ("pg/ml", "pg/mL"),
    // not from GNU Health
    ("/uL", "/uL"),
    ("/µL", "/uL"),
    ("/mm3", "/mm3"),
    ("/lpf", "/[LPF]"),
    ("10^3/µL", "10*3/uL"),
    ("10^6/µL", "10*6/uL"),
    ("IU/L", "[IU]/L"),
    ("IU/ml", "[IU]/mL"),
    ("IU/mL", "[IU]/mL"),
    ("U/l", "U/L"),
    ("U/ml", "U/mL"),
    ("U/mL", "U/mL"),
    ("fL", "fL"),
    ("g/24h", "g/(24.h)"),
    ("g/dl", "g/dL"),
    ("g/l", "g/L"),
    ("mEq/L", "meq/L"),
    ("mEq/l", "meq/L"),
    ("mIU/L", "m[IU]/L"),
    ("mIU/mL", "m[IU]/mL"),
    ("mIU/ml", "m[IU]/mL"),
    ("mg/24h", "mg/(24.h)"),
    ("mg/L", "mg/L"),
    ("mg/dL", "mg/dL"),
    ("mg/l", "mg/L"),
    ("mL/min", "mL/min"),
    ("ml/min", "mL/min"),
    ("mm/h", "mm/h"),
    ("mmHg", "mm[Hg]"),
    ("mmol/l", "mmol/L"),
    ("mmol/mol", "mmol/mol"),
    ("mOsm/kg", "mosm/kg"),
    ("ng/L", "ng/L"),
    ("ng/dL", "ng/dL"),
    ("ng/dl", "ng/dL"),
    ("ng/mL", "ng/mL"),
    ("nmol/L", "nmol/L"),
    ("pg/mL", "pg/mL"),
    ("pmol/L", "pmol/L"),
    ("uIU/mL", "u[IU]/mL"),
    ("µIU/mL", "u[IU]/mL"),
    ("ug/L", "ug/L"),
    ("ug/dL", "ug/dL"),
    ("ug/mL", "ug/mL"),
    ("umol/L", "umol/L"),
    ("µg/L", "ug/L"),
    ("µg/dL", "ug/dL"),
    ("µg/mL", "ug/mL"),
    ("µmol/L", "umol/L"),
];

/// The units of doses that GNU Health comes with (health/data/dose_units.xml), and others that hospitals often add. `unit`
/// is not here: it may be one of insulin or a tablet.
const DOSES: &[(&str, &str)] = &[
    ("mL", "mL"),
    ("mg", "mg"),
    ("L", "L"),
    ("kg", "kg"),
    ("mmol", "mmol"),
    ("ug", "ug"),
    // not from GNU Health
    ("IU", "[IU]"),
    ("cc", "mL"),
    ("dL", "dL"),
    ("g", "g"),
    ("l", "L"),
    ("mEq", "meq"),
    ("mcg", "ug"),
    ("mg/mL", "mg/mL"),
    ("mg/ml", "mg/mL"),
    ("ml", "mL"),
    ("ng", "ng"),
    ("µg", "ug"),
];

/// The fields of a unit whose name Tryton translates, for [`Unit`]. [`PRINTED`] knows it as it is.
pub(super) const NAMES: &[Field] = &[translated(&["name"]), renamed("original", &["name"])];

/// A row of [`NAMES`].
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Unit {
    name: Option<String>,
    original: Option<String>,
}

impl Unit {
    /// A number with this unit, in the language that its name is shown in.
    pub(super) fn quantity(&self, value: Decimal) -> Quantity {
        Quantity {
            unit: filled(self.name.as_ref()),
            ..printed(value, self.original.as_ref())
        }
    }
}

/// A number with a unit as it is printed, and its UCUM code if it is known.
pub(super) fn printed(value: Decimal, unit: Option<&String>) -> Quantity {
    let unit = filled(unit);
    let code = unit.as_deref().and_then(|unit| known(PRINTED, unit));
    quantity(value, unit, code)
}

/// The fields of a unit of doses, for [`DoseUnit`]. 4.4 has no codes of them, so that the name tells what it is.
pub(super) const DOSE_UNIT: &[Field] = &[
    plain(&["code"]),
    translated(&["name"]),
    renamed("original", &["name"]),
];

/// A row of [`DOSE_UNIT`].
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct DoseUnit {
    code: Option<String>,
    name: Option<String>,
    original: Option<String>,
}

impl DoseUnit {
    /// Its name, in the language in which it is shown.
    pub(super) fn name(&self) -> Option<String> {
        filled(self.name.as_ref())
    }

    /// A dose with this unit.
    pub(super) fn quantity(&self, value: Decimal) -> Quantity {
        let mut texts = [&self.code, &self.original].into_iter().flatten();
        let code = texts.find_map(|text| known(DOSES, text.trim()));
        let name = self.name().or_else(|| filled(self.code.as_ref()));
        quantity(value, name, code)
    }
}

fn known(units: &[(&str, &'static str)], unit: &str) -> Option<&'static str> {
    let known = units.iter().find(|(printed, _)| *printed == unit);
    known.map(|(_, code)| *code)
}

fn quantity(value: Decimal, unit: Option<String>, code: Option<&str>) -> Quantity {
    Quantity {
        value: Some(value),
        unit,
        system: code.map(|_| UCUM.to_owned()),
        code: code.map(Into::into),
        ..Quantity::default()
    }
}

/// A number in a unit of UCUM.
pub(super) fn measured(value: Decimal, code: &str, unit: &str) -> Quantity {
    Quantity {
        value: Some(value),
        unit: Some(unit.to_owned()),
        system: Some(UCUM.to_owned()),
        code: Some(code.to_owned()),
        ..Quantity::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(unit: Option<&str>) -> serde_json::Value {
        let unit = unit.map(str::to_owned);
        let quantity = Decimal::parse("4.50").map(|value| printed(value, unit.as_ref()));
        serde_json::to_value(quantity.ok()).unwrap_or_default()
    }

    #[test]
    fn the_printed_unit_is_kept_beside_its_code() {
        assert_eq!(
            shown(Some("mg/dl")),
            serde_json::json!({"value": 4.50, "unit": "mg/dl", "system": UCUM, "code": "mg/dL"})
        );
    }

    #[test]
    fn a_translated_unit_has_the_code_of_the_original() {
        let unit = Unit {
            name: Some("Millones/cc".to_owned()),
            original: Some("Millions/cc".to_owned()),
        };
        let quantity = Decimal::parse("4").map(|value| unit.quantity(value));
        let shown = serde_json::to_value(quantity.ok()).unwrap_or_default();
        assert_eq!(
            shown,
            serde_json::json!({"value": 4, "unit": "Millones/cc", "system": UCUM, "code": "10*6/mL"})
        );
    }

    #[test]
    fn an_unknown_unit_has_no_code_and_none_is_none() {
        assert_eq!(
            shown(Some("aTU/ml")),
            serde_json::json!({"value": 4.50, "unit": "aTU/ml"})
        );
        assert_eq!(shown(Some(" ")), serde_json::json!({"value": 4.50}));
        assert_eq!(shown(None), serde_json::json!({"value": 4.50}));
    }

    #[test]
    fn a_dose_has_the_unit_that_its_code_or_its_name_says() {
        let shown = |row: serde_json::Value| {
            let unit: DoseUnit = serde_json::from_value(row).unwrap();
            let quantity = unit.quantity(Decimal::parse("0").unwrap());
            (quantity.unit.unwrap_or_default(), quantity.code)
        };
        let ucum = |unit: &str, code: &str| (unit.to_owned(), Some(code.to_owned()));
        let json = |code: Option<&str>, name: Option<&str>, original: Option<&str>| {
            shown(serde_json::json!({"code": code, "name": name, "original": original}))
        };
        assert_eq!(json(Some("mg"), Some("мг"), None), ucum("мг", "mg"));
        assert_eq!(json(None, Some("мг"), Some("mg ")), ucum("мг", "mg"));
        assert_eq!(json(Some("own"), Some("mL"), Some("mL")), ucum("mL", "mL"));
        assert_eq!(json(Some("mL"), None, None), ucum("mL", "mL"));
        let unit = Some("unit");
        assert_eq!(json(unit, unit, unit), ("unit".to_owned(), None));
        assert_eq!(json(None, None, None), (String::new(), None));
    }

    #[test]
    fn no_unit_is_listed_twice() {
        for units in [PRINTED, DOSES] {
            for (index, (unit, _)) in units.iter().enumerate() {
                let again = units.iter().skip(index + 1).any(|(other, _)| other == unit);
                assert!(!again, "{unit}");
            }
        }
    }
}
