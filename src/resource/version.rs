//! The version of a resource: when the record, or any that is shown with it, was last written.

use std::fmt;

use chrono::{Datelike, NaiveDateTime, SubsecRound};
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::fhir::r4::{Instant, Meta};
use crate::tryton::projection::CHANGED;

/// A time in UTC, to the microsecond. Tryton keeps no history, so there is no version but the current.
///
/// A record that is deleted counts by the write of the one that it belonged to, which Tryton's clients do together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(NaiveDateTime);

impl Version {
    /// The latest change in the JSON of a record, related ones included; `None` if none is shown.
    ///
    /// # Errors
    /// If this is no JSON, or a change is no text.
    pub fn latest(json: &str) -> serde_json::Result<Option<Self>> {
        let mut latest = None;
        let mut json = serde_json::Deserializer::from_str(json);
        Walk(&mut latest).deserialize(&mut json)?;
        json.end()?;
        Ok(latest.map(|(_, version)| version))
    }

    /// A time as PostgreSQL writes it in JSON. What no Tryton wrote and no `instant` can hold is none: `infinity`, years
    /// of more than four digits or before Christ, and all before 1970.
    fn parse(text: &str) -> Option<Self> {
        let time: NaiveDateTime = text.parse().ok()?;
        (1970..=9999).contains(&time.year()).then_some(Self(time))
    }

    /// `meta.versionId`: microseconds since 1970.
    #[must_use]
    pub fn id(self) -> String {
        self.0.and_utc().timestamp_micros().to_string()
    }

    /// The weak `ETag` (R4, RESTful API, section "versioning").
    #[must_use]
    pub fn etag(self) -> String {
        format!("W/\"{}\"", self.id())
    }

    /// The time for `Last-Modified`, to the second.
    #[must_use]
    pub fn last_modified(self) -> std::time::SystemTime {
        self.0.trunc_subsecs(0).and_utc().into()
    }

    /// Whether it was made at this time, in UTC, or later.
    #[must_use]
    pub fn is_since(self, time: NaiveDateTime) -> bool {
        self.0 >= time
    }

    /// The `meta` element.
    #[must_use]
    pub fn meta(self) -> Meta {
        let moment = self.0.format("%Y-%m-%dT%H:%M:%S%.fZ").to_string();
        Meta {
            version_id: Some(self.id()),
            last_updated: Instant::parse(moment).ok(),
            ..Meta::default()
        }
    }
}

/// The latest [`CHANGED`] so far, as it was written, and what it is. PostgreSQL writes times so that the later text is the later
/// time: most need not be understood.
type Latest<'de> = Option<(&'de str, Version)>;

/// Walks through a value without keeping anything but the latest change.
struct Walk<'w, 'de>(&'w mut Latest<'de>);

impl<'de> Walk<'_, 'de> {
    fn see(&mut self, time: &'de str) {
        if self.0.is_some_and(|(latest, _)| time <= latest) {
            return;
        }
        if let Some(version) = Version::parse(time) {
            *self.0 = Some((time, version));
        }
    }
}

impl<'de> DeserializeSeed<'de> for Walk<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_, 'de> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the JSON of a record")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<&str>()? {
            if key == CHANGED {
                let time: Option<&str> = map.next_value()?;
                time.into_iter().for_each(|time| self.see(time));
            } else {
                map.next_value_seed(Walk(self.0))?;
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<(), A::Error> {
        while sequence.next_element_seed(Walk(self.0))?.is_some() {}
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_that_cannot_be_is_none() {
        for time in [
            "infinity",
            "-infinity",
            "4713-01-01T00:00:00 BC",
            "0001-01-01T00:00:00",
            "10000-01-01T00:00:00",
            "",
        ] {
            let json = format!(r#"{{"changed": "{time}"}}"#);
            assert_eq!(Version::latest(&json).unwrap(), None, "{time}");
        }
    }

    #[test]
    fn the_latest_change_counts_wherever_it_is() {
        let json = r#"{"changed": "2026-11-01T10:00:00.5", "n": 1, "f": -1.5, "b": true, "s": "x", "party": {
            "changed": null, "names": [{"changed": "2026-11-02T10:00:00.000001"}, {"given": "\"changed\":1"}]}}"#;
        let meta = Version::latest(json).unwrap().map(Version::meta).unwrap();
        assert_eq!(meta.version_id.as_deref(), Some("1793613600000001"));
        let moment = meta.last_updated.as_ref().map(Instant::as_str);
        assert_eq!(moment, Some("2026-11-02T10:00:00.000001Z"));
        assert_eq!(Version::latest("{}").unwrap(), None);
        assert!(Version::latest(r#"{"changed": 1}"#).is_err());
    }

    #[test]
    fn the_later_of_two_times_of_the_same_second_counts_in_either_order() {
        for (earlier, later) in [
            ("00", "00.000001"),
            ("00.45", "00.5"),
            ("00.5", "01"),
            ("59.999999", "59.9999991"),
        ] {
            for [first, second] in [[earlier, later], [later, earlier]] {
                let time = |second| format!("2026-11-01T10:00:{second}");
                let json = format!(
                    r#"[{{"changed": "{}"}}, {{"changed": "{}"}}]"#,
                    time(first),
                    time(second)
                );
                let alone = Version::parse(&time(later));
                assert_eq!(Version::latest(&json).unwrap(), alone, "{json}");
            }
        }
    }
}
