//! Units as laboratories print them, and what they are in UCUM (<https://ucum.org>).

use serde::Deserialize;

use crate::fhir::r4::{Decimal, Quantity};
use crate::tryton::model::{Field, translated};

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
    let code = unit.as_deref().and_then(|unit| {
        let known = PRINTED.iter().find(|(printed, _)| *printed == unit);
        known.map(|(_, code)| *code)
    });
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
    fn no_unit_is_listed_twice() {
        for (index, (unit, _)) in PRINTED.iter().enumerate() {
            let again = PRINTED
                .iter()
                .skip(index + 1)
                .any(|(other, _)| other == unit);
            assert!(!again, "{unit}");
        }
    }
}
