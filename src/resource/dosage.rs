//! How a drug is taken: how much, when, and by which route. What medications of patients (`gnuhealth.patient.medication`),
//! of inpatients (`gnuhealth.inpatient.medication`) and lines of prescriptions (`gnuhealth.prescription.line`) share.

use serde::Deserialize;

use crate::fhir::concept::{coding, concept};
use crate::fhir::r4::{
    CodeableConcept, Decimal, Dosage, DosageAsNeeded, DosageDoseAndRate, DosageDoseAndRateDose,
    DosageDoseAndRateRate, Period, Quantity, Time, Timing, TimingRepeat, TimingRepeatBounds,
    UnitsOfTime,
};
use crate::fhir::text::is_code;
use crate::tryton::model::{Node, Read, Relation, leaf, plain, read_as, translated};

use super::Record;
use super::drug_form::DrugForm;
use super::person::{filled, moment};
use super::units::{self, DoseUnit};

pub(super) const DOSE_UNIT: Node = leaf("gnuhealth.dose.unit", units::DOSE_UNIT);

/// The unit of a dose.
pub(super) const TO_DOSE_UNIT: Relation = Relation {
    key: "dose_unit",
    columns: &["dose_unit"],
    node: &DOSE_UNIT,
};

/// The route.
pub(super) const TO_ROUTE: Relation = Relation {
    key: "route",
    columns: &["route"],
    node: &leaf(
        "gnuhealth.drug.route",
        &[plain(&["code"]), translated(&["name"])],
    ),
};

/// A frequency that is often prescribed.
pub(super) const TO_COMMON_DOSAGE: Relation = Relation {
    key: "common_dosage",
    columns: &["common_dosage"],
    node: &leaf(
        "gnuhealth.medication.dosage",
        &[plain(&["code"]), translated(&["name"])],
    ),
};

/// When an inpatient is given it.
pub(super) const ADMIN_TIMES: Relation = Relation {
    key: "times",
    columns: &["medication", "name"],
    node: &Node {
        model: "gnuhealth.inpatient.medication.admin_time",
        fields: &[
            plain(&["admin_time"]),
            read_as(&["dose"], Read::Text),
            plain(&["remarks"]),
        ],
        one: &[TO_DOSE_UNIT],
        many: &[],
        subject: None,
    },
};

const SNOMED_CT: &str = "http://snomed.info/sct";

/// SNOMED CT's code for "as needed".
const AS_NEEDED: &str = "420449005";

/// HL7's table of routes, from which GNU Health's are (health/data/drug_administration_routes.xml).
const ROUTE: &str = "http://terminology.hl7.org/CodeSystem/v2-0162";

/// Its codes, and what it calls them.
const ROUTES: &[(&str, &str)] = &[
    ("AP", "Apply Externally"),
    ("B", "Buccal"),
    ("DT", "Dental"),
    ("EP", "Epidural"),
    ("ET", "Endotrachial Tube"),
    ("GTT", "Gastrostomy Tube"),
    ("GU", "GU Irrigant"),
    ("IA", "Intra-arterial"),
    ("IB", "Intrabursal"),
    ("IC", "Intracardiac"),
    ("ICV", "Intracervical (uterus)"),
    ("ID", "Intradermal"),
    ("IH", "Inhalation"),
    ("IHA", "Intrahepatic Artery"),
    ("IM", "Intramuscular"),
    ("IMR", "Immerse (Soak) Body Part"),
    ("IN", "Intranasal"),
    ("IO", "Intraocular"),
    ("IP", "Intraperitoneal"),
    ("IS", "Intrasynovial"),
    ("IT", "Intrathecal"),
    ("IU", "Intrauterine"),
    ("IV", "Intravenous"),
    ("MM", "Mucous Membrane"),
    ("MTH", "Mouth/Throat"),
    ("NG", "Nasogastric"),
    ("NP", "Nasal Prongs"),
    ("NS", "Nasal"),
    ("NT", "Nasotrachial Tube"),
    ("OP", "Ophthalmic"),
    ("OT", "Otic"),
    ("OTH", "Other/Miscellaneous"),
    ("PF", "Perfusion"),
    ("PO", "Oral"),
    ("PR", "Rectal"),
    ("RM", "Rebreather Mask"),
    ("SC", "Subcutaneous"),
    ("SD", "Soaked Dressing"),
    ("SL", "Sublingual"),
    ("TD", "Transdermal"),
    ("TL", "Translingual"),
    ("TP", "Topical"),
    ("TRA", "Tracheostomy"),
    ("UR", "Urethral"),
    ("VG", "Vaginal"),
    ("VM", "Ventimask"),
    ("WND", "Wound"),
];

/// Something with a code and a name.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Coded {
    code: Option<String>,
    name: Option<String>,
}

/// What the three models share of their columns.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Taken {
    dose: Option<String>,
    dose_unit: Option<DoseUnit>,
    qty: Option<i64>,
    form: Option<DrugForm>,
    route: Option<Coded>,
    common_dosage: Option<Coded>,
    admin_times: Option<String>,
    times: Option<Vec<AdminTime>>,
    frequency: Option<i64>,
    frequency_unit: Option<String>,
    frequency_prn: Option<bool>,
    duration: Option<i64>,
    duration_period: Option<String>,
    infusion: Option<bool>,
    infusion_rate: Option<String>,
    infusion_rate_units: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct AdminTime {
    admin_time: Option<String>,
    dose: Option<String>,
    dose_unit: Option<DoseUnit>,
    remarks: Option<String>,
}

impl Coded {
    pub(super) fn name(coded: Option<&Self>) -> Option<String> {
        filled(coded?.name.as_ref())
    }

    fn code(&self) -> Option<&str> {
        self.code.as_deref().filter(|code| is_code(code))
    }
}

/// A number of this unit.
pub(super) fn dose(number: Decimal, unit: Option<&DoseUnit>) -> Quantity {
    match unit {
        Some(unit) => unit.quantity(number),
        None => Quantity {
            value: Some(number),
            ..Quantity::default()
        },
    }
}

impl Taken {
    /// The instructions. `bounds` are the start and end of the treatment, where they stand in no other element; else it
    /// lasts as long as the duration says.
    pub(super) fn dosage(&self, bounds: Option<Period>, record: &Record<'_>) -> Option<Dosage> {
        let dosage = Dosage {
            text: self.text(),
            timing: self.timing(bounds, record),
            as_needed: self.is_as_needed().then_some(DosageAsNeeded::Boolean(true)),
            route: self.route(record),
            dose_and_rate: self.dose_and_rate(record).into_iter().collect(),
            ..Dosage::default()
        };
        (dosage != Dosage::default()).then_some(dosage)
    }

    /// How long the patient must take it.
    pub(super) fn duration(&self) -> Option<Quantity> {
        let number = self.duration.filter(|number| *number > 0)?;
        let period = self.duration_period.as_deref()?;
        let unit = unit_of_time(period)?.as_str();
        let number = Decimal::parse(number.to_string()).ok()?;
        Some(units::measured(number, unit, period))
    }

    /// Whether the patient must take it for good.
    pub(super) fn is_indefinite(&self) -> bool {
        self.duration_period.as_deref() == Some("indefinite")
    }

    pub(super) fn form(&self) -> Option<&DrugForm> {
        self.form.as_ref()
    }

    /// What GNU Health prints on a prescription of how much and when to take it (`get_report_common_usage_str`), as its
    /// data has it: `500 mg x 2 Tablet, 3 times per day (08 13 18)`. One of what is not said is nothing: Tryton's clients
    /// fill in 1 from the start.
    fn text(&self) -> Option<String> {
        let dose = dose_text(self.dose.as_ref(), self.dose_unit.as_ref());
        let form = self.form.as_ref().and_then(DrugForm::name);
        let said = dose.is_some() || form.is_some();
        let number = self.qty.filter(|number| said || *number > 1);
        let units =
            number.map(|number| joined([Some(number.to_string()), form], " ").unwrap_or_default());
        let times = self.times_text().map(|times| format!("({times})"));
        let common = Coded::name(self.common_dosage.as_ref());
        joined(
            [joined([dose, units], " x "), joined([common, times], " ")],
            ", ",
        )
    }

    fn times_text(&self) -> Option<String> {
        let mut times: Vec<&AdminTime> = self.times.iter().flatten().collect();
        times.sort_by_key(|time| time.admin_time.as_deref());
        let times = times.into_iter().filter_map(AdminTime::text);
        let times = joined(times.map(Some), ", ");
        filled(self.admin_times.as_ref()).or(times)
    }

    fn timing(&self, bounds: Option<Period>, record: &Record<'_>) -> Option<Timing> {
        let repeat = self.repeat(bounds);
        let timing = Timing {
            repeat: (repeat != TimingRepeat::default()).then_some(repeat),
            code: self
                .common_dosage
                .as_ref()
                .and_then(|common| common.frequency(record)),
            ..Timing::default()
        };
        (timing != Timing::default()).then_some(timing)
    }

    /// Every so many hours, or at these times of the day: R4 does not allow both (Timing.repeat.timeOfDay), and GNU Health
    /// only suggests the times.
    fn repeat(&self, bounds: Option<Period>) -> TimingRepeat {
        let bounds = bounds.map(TimingRepeatBounds::Period);
        let bounds = bounds.or_else(|| self.duration().map(TimingRepeatBounds::Duration));
        match self.interval() {
            Some((period, unit)) => TimingRepeat {
                bounds,
                frequency: Some(1),
                period: Some(period),
                period_unit: Some(unit),
                ..TimingRepeat::default()
            },
            None => TimingRepeat {
                bounds,
                time_of_day: self.times_of_day(),
                ..TimingRepeat::default()
            },
        }
    }

    /// The time between doses. None is said with 0, which is what the field has from the start in Tryton's clients.
    fn interval(&self) -> Option<(Decimal, UnitsOfTime)> {
        let number = self.frequency.filter(|number| *number > 0)?;
        let unit = unit_of_time(self.frequency_unit.as_deref()?)?;
        Some((Decimal::parse(number.to_string()).ok()?, unit))
    }

    /// The hours, where they are nothing but hours, and no time has a dose of its own.
    fn times_of_day(&self) -> Vec<Time> {
        let times: Option<Vec<Time>> = match (&self.admin_times, &self.times) {
            (Some(text), _) => times_of_day(text),
            (None, Some(times)) => times.iter().map(AdminTime::time).collect(),
            (None, None) => None,
        };
        let mut times = times.unwrap_or_default();
        times.sort_by(|one, other| one.as_str().cmp(other.as_str()));
        times.dedup();
        times
    }

    fn is_as_needed(&self) -> bool {
        let common = self.common_dosage.as_ref();
        self.frequency_prn == Some(true)
            || self.frequency_unit.as_deref() == Some("wr")
            || common.and_then(Coded::code) == Some(AS_NEEDED)
    }

    fn route(&self, record: &Record<'_>) -> Option<CodeableConcept> {
        let route = self.route.as_ref()?;
        let name = filled(route.name.as_ref());
        let coding = route.code().map(|code| {
            let known = ROUTES.iter().find(|(known, _)| *known == code);
            match known {
                Some((code, display)) => coding(ROUTE, *code, Some((*display).to_owned())),
                None => coding(&record.system("drug-route"), code, name.clone()),
            }
        });
        (coding.is_some() || name.is_some()).then(|| concept(coding, name))
    }

    fn dose_and_rate(&self, record: &Record<'_>) -> Option<DosageDoseAndRate> {
        let amount = DosageDoseAndRate {
            dose: self.amount(record).map(DosageDoseAndRateDose::Quantity),
            rate: self.rate().map(DosageDoseAndRateRate::Quantity),
            ..DosageDoseAndRate::default()
        };
        (amount != DosageDoseAndRate::default()).then_some(amount)
    }

    /// The dose. GNU Health fills it in with the strength of the medicament, which is that of one tablet: of several, the
    /// number of tablets is what is taken, and the text says of how much.
    fn amount(&self, record: &Record<'_>) -> Option<Quantity> {
        let units = || {
            let number = Decimal::parse(self.qty?.to_string()).ok()?;
            Some(match &self.form {
                Some(form) => form.quantity(number, record),
                None => Quantity {
                    value: Some(number),
                    ..Quantity::default()
                },
            })
        };
        let amount = || {
            let number = Decimal::parse(self.dose.as_ref()?.as_str()).ok()?;
            Some(dose(number, self.dose_unit.as_ref()))
        };
        match self.qty {
            Some(2..) => units(),
            Some(1) if self.form.is_some() => amount().or_else(units),
            _ => amount(),
        }
    }

    /// The rate of an infusion. Of what is none, Tryton's clients do not show it.
    fn rate(&self) -> Option<Quantity> {
        let rate = self.infusion_rate.as_ref();
        let rate = rate.filter(|_| self.infusion == Some(true))?;
        let number = Decimal::parse(rate.as_str()).ok()?;
        Some(match self.infusion_rate_units.as_deref() {
            Some("mlhr") => units::measured(number, "mL/h", "mL/hour"),
            _ => Quantity {
                value: Some(number),
                ..Quantity::default()
            },
        })
    }
}

impl AdminTime {
    /// `None` if it has a dose of its own, or is no time.
    fn time(&self) -> Option<Time> {
        let time = self.admin_time.as_ref().filter(|_| self.dose.is_none())?;
        Time::parse(time.as_str()).ok()
    }

    fn text(&self) -> Option<String> {
        let time = self.admin_time.as_deref();
        let time = time.map(|time| time.get(.."00:00".len()).unwrap_or(time).to_owned());
        let dose = dose_text(self.dose.as_ref(), self.dose_unit.as_ref());
        joined([time, dose, filled(self.remarks.as_ref())], " ")
    }
}

impl Coded {
    /// A frequency: GNU Health's codes are those of SNOMED CT, and a hospital may add its own.
    fn frequency(&self, record: &Record<'_>) -> Option<CodeableConcept> {
        let name = filled(self.name.as_ref());
        let coding = self.code().map(|code| {
            if is_snomed_ct(code) {
                coding(SNOMED_CT, code, None)
            } else {
                coding(&record.system("medication-frequency"), code, name.clone())
            }
        });
        (coding.is_some() || name.is_some()).then(|| concept(coding, name))
    }
}

/// Whether a code has the form of a concept of SNOMED CT: 6 to 18 digits, those before the last `00` or `10` (SNOMED CT,
/// SCTID, partition identifier).
fn is_snomed_ct(code: &str) -> bool {
    let digits = code.bytes().all(|byte| byte.is_ascii_digit());
    let partition = code
        .len()
        .checked_sub(3)
        .and_then(|from| code.get(from..from + 2));
    digits && (6..=18).contains(&code.len()) && matches!(partition, Some("00" | "10"))
}

fn unit_of_time(name: &str) -> Option<UnitsOfTime> {
    Some(match name {
        "seconds" => UnitsOfTime::S,
        "minutes" => UnitsOfTime::Min,
        "hours" => UnitsOfTime::H,
        "days" => UnitsOfTime::D,
        "weeks" => UnitsOfTime::Wk,
        "months" => UnitsOfTime::Mo,
        "years" => UnitsOfTime::A,
        _ => return None,
    })
}

/// Hours as GNU Health suggests to write them, `08 13 18`, or with minutes. `None` if there is anything else.
fn times_of_day(text: &str) -> Option<Vec<Time>> {
    let separated = |letter: char| letter.is_whitespace() || matches!(letter, ',' | ';');
    let hours = text.split(separated).filter(|hour| !hour.is_empty());
    hours.map(time_of_day).collect()
}

fn time_of_day(hour: &str) -> Option<Time> {
    let (hour, minute) = hour.split_once(':').unwrap_or((hour, "00"));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !(1..=2).contains(&hour.len()) || !digits(hour) {
        return None;
    }
    Time::parse(format!("{hour:0>2}:{minute}:00")).ok()
}

fn dose_text(dose: Option<&String>, unit: Option<&DoseUnit>) -> Option<String> {
    let dose = dose.filter(|dose| Decimal::parse(dose.as_str()).is_ok())?;
    joined([Some(dose.clone()), unit.and_then(DoseUnit::name)], " ")
}

/// The texts that there are.
fn joined(texts: impl IntoIterator<Item = Option<String>>, separator: &str) -> Option<String> {
    let texts: Vec<String> = texts.into_iter().flatten().collect();
    (!texts.is_empty()).then(|| texts.join(separator))
}

/// From one time of the database to another. A period that ends before it starts has no end (R4, per-1).
pub(super) fn period(start: Option<&String>, end: Option<&String>) -> Option<Period> {
    // written alike, so texts compare as times
    let ends = end.filter(|end| start.is_none_or(|start| start <= *end));
    let (start, end) = (moment(start), moment(ends));
    (start.is_some() || end.is_some()).then(|| Period {
        start,
        end,
        ..Period::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::medication_statement::DECLARATION;
    use serde_json::{Value, json};

    fn shown(row: Value) -> Value {
        let taken: Taken = serde_json::from_value(row).unwrap();
        let record = Record {
            id: "5".to_owned(),
            version: None,
            system_base: "https://h/ns",
            source: &DECLARATION.sources[0],
            measure: None,
        };
        serde_json::to_value(taken.dosage(None, &record)).unwrap()
    }

    fn mg(value: u32) -> Value {
        json!({"value": value, "unit": "mg", "system": "http://unitsofmeasure.org", "code": "mg"})
    }

    #[test]
    fn a_dosage_says_how_much_how_often_how_long_and_how() {
        let row = json!({"dose": "500", "dose_unit": {"code": "mg", "name": "mg"}, "qty": 1,
            "form": {"code": "TAB", "name": "Tablet"}, "route": {"code": "PO", "name": "Oral"},
            "common_dosage": {"code": "229798009", "name": "3 times per day"}, "admin_times": "08 13 18",
            "frequency": 8, "frequency_unit": "hours", "frequency_prn": false, "duration": 10, "duration_period": "days"});
        assert_eq!(
            shown(row),
            json!({"text": "500 mg x 1 Tablet, 3 times per day (08 13 18)",
                "timing": {
                    "repeat": {"boundsDuration": {"value": 10, "unit": "days", "system": "http://unitsofmeasure.org",
                        "code": "d"}, "frequency": 1, "period": 8, "periodUnit": "h"},
                    "code": {"coding": [{"system": "http://snomed.info/sct", "code": "229798009"}],
                        "text": "3 times per day"}},
                "route": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0162", "code": "PO",
                    "display": "Oral"}], "text": "Oral"},
                "doseAndRate": [{"doseQuantity": mg(500)}]})
        );
        assert_eq!(shown(json!({})), Value::Null);
        assert_eq!(
            shown(json!({"dose": null, "frequency": 0, "duration": 0})),
            Value::Null
        );
    }

    #[test]
    fn of_several_units_their_number_is_the_dose() {
        let dose = |qty: Value, dose: Value| {
            let row = json!({"dose": dose, "dose_unit": {"name": "mg", "original": "mg"}, "qty": qty, "form": {"code": "TAB", "name": "Tablet"}});
            shown(row)["doseAndRate"][0]["doseQuantity"].clone()
        };
        let tablets = |number: u32| {
            json!({"value": number, "unit": "Tablet", "code": "TAB",
                "system": "http://terminology.hl7.org/CodeSystem/v3-orderableDrugForm"})
        };
        assert_eq!(dose(json!(2), json!("500")), tablets(2));
        assert_eq!(dose(json!(1), json!("500")), mg(500));
        assert_eq!(dose(json!(1), Value::Null), tablets(1));
        assert_eq!(dose(json!(0), json!("0")), mg(0));
        assert_eq!(dose(Value::Null, json!("500")), mg(500));
        assert_eq!(dose(Value::Null, json!("NaN")), Value::Null);
        let row = json!({"dose": "500", "dose_unit": {"name": "mg", "original": "mg"}, "qty": 2});
        let found = shown(row);
        assert_eq!(found["doseAndRate"][0]["doseQuantity"], json!({"value": 2}));
        assert_eq!(found["text"], "500 mg x 2");
        assert_eq!(shown(json!({"qty": 2}))["text"], "2");
        assert_eq!(shown(json!({"qty": 1})), Value::Null);
    }

    #[test]
    fn only_an_infusion_has_a_rate_and_zero_is_one() {
        let rate = |row: Value| shown(row)["doseAndRate"][0]["rateQuantity"].clone();
        let per_hour = json!({"value": 0, "unit": "mL/hour", "system": "http://unitsofmeasure.org", "code": "mL/h"});
        let row = |infusion: Value| json!({"infusion": infusion, "infusion_rate": "0", "infusion_rate_units": "mlhr"});
        assert_eq!(rate(row(json!(true))), per_hour);
        assert_eq!(rate(row(json!(false))), Value::Null);
        let unknown = json!({"infusion": true, "infusion_rate": "1.5"});
        assert_eq!(rate(unknown), json!({"value": 1.5}));
    }

    #[test]
    fn hours_count_where_there_is_no_interval_and_nothing_else_in_the_text() {
        let times = |text: &str| {
            let found = shown(json!({"admin_times": text}));
            assert_eq!(found["text"], format!("({})", text.trim()));
            found["timing"]["repeat"]["timeOfDay"].clone()
        };
        assert_eq!(
            times("08 13 18"),
            json!(["08:00:00", "13:00:00", "18:00:00"])
        );
        assert_eq!(times("20:30, 8;8"), json!(["08:00:00", "20:30:00"]));
        for text in [
            "morning", "08 or 9", "24", "8:5", "008", "+8", "8:60", "8-20", "08:00:00",
        ] {
            assert_eq!(times(text), Value::Null, "{text}");
        }
        let both = shown(json!({"admin_times": "08", "frequency": 2, "frequency_unit": "weeks"}));
        let interval = json!({"frequency": 1, "period": 2, "periodUnit": "wk"});
        assert_eq!(both["timing"]["repeat"], interval);
    }

    #[test]
    fn an_inpatient_is_given_it_at_times_that_may_have_doses_of_their_own() {
        let times = |dose: Value| {
            let times = json!([{"admin_time": "20:00:00"}, {"admin_time": null},
                {"admin_time": "08:30:00", "dose": dose, "dose_unit": {"name": "mg", "original": "mg"}, "remarks": "with water"}]);
            let times = if dose.is_null() {
                json!([times[0], times[2]])
            } else {
                times
            };
            shown(json!({"times": times}))
        };
        let found = times(Value::Null);
        let hours = json!(["08:30:00", "20:00:00"]);
        assert_eq!(found["timing"]["repeat"]["timeOfDay"], hours);
        assert_eq!(found["text"], "(08:30 with water, 20:00)");
        let found = times(json!("250"));
        assert!(found.get("timing").is_none());
        assert_eq!(found["text"], "(08:30 250 mg with water, 20:00)");
    }

    #[test]
    fn no_interval_is_none_and_when_required_is_as_needed() {
        for frequency in [json!(0), json!(-1), Value::Null] {
            let found =
                shown(json!({"frequency": frequency, "frequency_unit": "hours", "dose": "1"}));
            assert!(found.get("timing").is_none());
            assert!(found.get("asNeededBoolean").is_none());
        }
        for row in [
            json!({"frequency": 0, "frequency_unit": "wr"}),
            json!({"frequency_prn": true}),
            json!({"common_dosage": {"code": "420449005"}}),
        ] {
            assert_eq!(shown(row)["asNeededBoolean"], true);
        }
    }

    #[test]
    fn a_frequency_or_route_of_the_hospital_has_a_system_of_its_own() {
        let found = shown(
            json!({"common_dosage": {"code": "TWICE", "name": "Twice"}, "route": {"code": "XX", "name": "Own"}}),
        );
        assert_eq!(
            found["timing"]["code"]["coding"],
            json!([{"system": "https://h/ns/medication-frequency", "code": "TWICE", "display": "Twice"}])
        );
        assert_eq!(
            found["route"]["coding"],
            json!([{"system": "https://h/ns/drug-route", "code": "XX", "display": "Own"}])
        );
        for code in [
            "229798009",
            "20050000",
            "900000000000003001",
            "999991000119105",
        ] {
            assert!(is_snomed_ct(code), "{code}");
        }
        for code in [
            "TDS",
            "12345",
            "229798119",
            "1234567890123456001",
            "2297980O9",
            "",
        ] {
            assert!(!is_snomed_ct(code), "{code}");
        }
    }

    #[test]
    fn a_period_does_not_end_before_it_starts() {
        let shown = |start: Option<&str>, end: Option<&str>| {
            let text = |text: Option<&str>| text.map(str::to_owned);
            let period = period(text(start).as_ref(), text(end).as_ref());
            serde_json::to_value(period).unwrap()
        };
        let (one, two) = ("2026-10-01T09:00:00", "2026-10-02T09:00:00");
        assert_eq!(
            shown(Some(one), Some(two)),
            json!({"start": "2026-10-01T09:00:00Z", "end": "2026-10-02T09:00:00Z"})
        );
        assert_eq!(
            shown(Some(two), Some(one)),
            json!({"start": "2026-10-02T09:00:00Z"})
        );
        assert_eq!(
            shown(None, Some(one)),
            json!({"end": "2026-10-01T09:00:00Z"})
        );
        assert_eq!(shown(Some(one), Some(one))["end"], "2026-10-01T09:00:00Z");
        assert_eq!(shown(Some("infinity"), None), Value::Null);
    }
}
