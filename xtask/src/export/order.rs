//! The types of an export, in an order in which what is referred to comes first: servers that check references refuse one
//! that leads nowhere yet.

use anyhow::{Result, ensure};

/// What others refer to. The types that are missing here follow, in the order of the server.
const FIRST: &[&str] = &[
    "Organization",
    "Practitioner",
    "PractitionerRole",
    "Patient",
    "Medication",
    "Observation",
    "DiagnosticReport",
];

/// The types that are wanted of those that are served; all if none is named.
pub(super) fn wanted(served: Vec<String>, named: &[String]) -> Result<Vec<String>> {
    for name in named {
        ensure!(
            served.contains(name),
            "the server does not serve {name}, only {}",
            served.join(", ")
        );
    }
    let mut wanted = served;
    wanted.retain(|name| named.is_empty() || named.contains(name));
    wanted.sort_by_key(|name| place(name));
    Ok(wanted)
}

fn place(name: &str) -> usize {
    let place = FIRST.iter().position(|first| *first == name);
    place.unwrap_or(FIRST.len())
}

#[cfg(test)]
mod tests {
    use super::wanted;

    fn names(list: &[&str]) -> Vec<String> {
        list.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_is_referred_to_comes_first_and_the_rest_as_served() {
        let served = names(&[
            "Zebra",
            "DiagnosticReport",
            "Ape",
            "Patient",
            "Organization",
        ]);
        assert_eq!(
            wanted(served.clone(), &[]).unwrap(),
            names(&[
                "Organization",
                "Patient",
                "DiagnosticReport",
                "Zebra",
                "Ape"
            ])
        );
        let named = names(&["Ape", "Patient", "Ape"]);
        assert_eq!(wanted(served, &named).unwrap(), names(&["Patient", "Ape"]));
    }

    #[test]
    fn a_type_that_is_not_served_is_an_error_that_names_those_that_are() {
        let error = wanted(names(&["Patient", "Condition"]), &names(&["Patients"]));
        let error = error.unwrap_err().to_string();
        assert_eq!(
            error,
            "the server does not serve Patients, only Patient, Condition"
        );
    }
}
