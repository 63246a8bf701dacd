//! Reference parameters: `id`, `Type/id`, or the URL of a resource of this server (R4, search, section "reference").

use super::declaration::{Declaration, Located};

/// A reference value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    /// The type, if it was named.
    pub(super) r#type: Option<String>,
    /// The logical id.
    pub(super) id: String,
    /// The base URL, if it is absolute.
    base: Option<String>,
}

impl Wanted {
    /// Understands a value; `None` if it can be no reference, or one of another type than `of`.
    pub(super) fn parse(value: &str, of: Option<&str>) -> Option<Self> {
        let value = value
            .split_once("/_history/")
            .map_or(value, |(value, _)| value);
        let (rest, id) = value
            .rsplit_once('/')
            .map_or((None, value), |(rest, id)| (Some(rest), id));
        let (base, r#type) = match rest.map(|rest| rest.rsplit_once('/').unwrap_or(("", rest))) {
            None => (None, None),
            Some(("", r#type)) => (None, Some(r#type)),
            Some((base, r#type)) => (Some(base), Some(r#type)),
        };
        let named = r#type.or(of);
        let wrong = |name: &str| !name.starts_with(|first: char| first.is_ascii_uppercase());
        if id.is_empty() || named != of.or(named) || r#type.is_some_and(wrong) {
            return None;
        }
        Some(Self {
            r#type: named.map(str::to_owned),
            id: id.to_owned(),
            base: base.map(str::to_owned),
        })
    }

    /// What it refers to, if that is of this type and of this server.
    pub(super) fn located(&self, declaration: &Declaration, base_url: &str) -> Option<Located> {
        let here = self.base.as_deref().is_none_or(|base| base == base_url);
        let named = self
            .r#type
            .as_deref()
            .is_none_or(|name| name == declaration.name);
        (here && named)
            .then(|| declaration.locate(&self.id))
            .flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(value: &str) -> Option<(Option<String>, String)> {
        Wanted::parse(value, None).map(|wanted| (wanted.r#type, wanted.id))
    }

    #[test]
    fn a_reference_is_an_id_with_or_without_type_and_base() {
        let patient = || Some("Patient".to_owned());
        assert_eq!(wanted("7"), Some((None, "7".into())));
        assert_eq!(wanted("Patient/7"), Some((patient(), "7".into())));
        assert_eq!(
            wanted("https://h/fhir/Patient/7/_history/3"),
            Some((patient(), "7".into()))
        );
        for value in ["", "Patient/", "patient/7", "/7", "https://h/x/7"] {
            assert_eq!(wanted(value), None, "{value}");
        }
        let typed = Wanted::parse("7", Some("Patient"));
        assert_eq!(typed.and_then(|wanted| wanted.r#type), patient());
        assert_eq!(Wanted::parse("Group/7", Some("Patient")), None);
    }
}
