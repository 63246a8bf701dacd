//! Resources inside of others.

use serde::{Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};

use super::Element;

/// A resource type.
pub trait Resource: Serialize {
    /// Its name, as in `resourceType` and in URLs.
    const TYPE: &'static str;
    /// Its elements, those aside that are never written.
    const ELEMENTS: &'static [Element];
}

/// A resource of any type, held as its JSON.
///
/// An enum of all types would link the code of all of them into each component.
#[derive(Debug, Clone)]
pub struct AnyResource(Box<RawValue>);

impl AnyResource {
    /// The resource as JSON.
    ///
    /// # Errors
    /// None in practice: the types here all have a JSON form.
    pub fn new<R: Resource>(resource: &R) -> serde_json::Result<Self> {
        to_raw_value(resource).map(Self)
    }

    /// A resource that is JSON already; that it is a valid resource is up to the caller.
    ///
    /// # Errors
    /// If the text is not JSON.
    pub fn from_json(json: String) -> serde_json::Result<Self> {
        RawValue::from_string(json).map(Self)
    }

    /// The JSON.
    #[must_use]
    pub fn as_json(&self) -> &str {
        self.0.get()
    }
}

/// A resource that was read as its JSON.
impl From<Box<RawValue>> for AnyResource {
    fn from(json: Box<RawValue>) -> Self {
        Self(json)
    }
}

impl PartialEq for AnyResource {
    fn eq(&self, other: &Self) -> bool {
        self.as_json() == other.as_json()
    }
}

impl Serialize for AnyResource {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}
