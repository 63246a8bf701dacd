//! Writes the elements of a struct as the members of a JSON object, by FHIR's rules: what is absent is left out,
//! a choice has the name of its type, a primitive's extensions stand in a sibling.
//!
//! Source: <https://hl7.org/fhir/R4/json.html>

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::{Extension, Primitive, Resource};

/// An object being written.
pub(super) struct Object<M>(M);

/// An element of several possible types, `value[x]`.
pub(super) trait Choice {
    fn write<M: SerializeMap>(&self, object: &mut Object<M>) -> Result<(), M::Error>;
}

impl<T: Choice> Choice for Option<T> {
    fn write<M: SerializeMap>(&self, object: &mut Object<M>) -> Result<(), M::Error> {
        match self {
            Some(choice) => choice.write(object),
            None => Ok(()),
        }
    }
}

impl<M: SerializeMap> Object<M> {
    pub(super) fn new<S>(serializer: S) -> Result<Self, S::Error>
    where
        S: Serializer<SerializeMap = M, Error = M::Error>,
    {
        serializer.serialize_map(None).map(Self)
    }

    /// An object that starts with `resourceType`.
    pub(super) fn resource<R, S>(serializer: S) -> Result<Self, S::Error>
    where
        R: Resource,
        S: Serializer<SerializeMap = M, Error = M::Error>,
    {
        let mut object = Self::new(serializer)?;
        object.required("resourceType", R::TYPE)?;
        Ok(object)
    }

    pub(super) fn required<T>(&mut self, name: &'static str, value: &T) -> Result<(), M::Error>
    where
        T: Serialize + ?Sized,
    {
        self.0.serialize_entry(name, value)
    }

    pub(super) fn optional<T: Serialize>(
        &mut self,
        name: &'static str,
        value: Option<&T>,
    ) -> Result<(), M::Error> {
        match value {
            Some(value) => self.required(name, value),
            None => Ok(()),
        }
    }

    pub(super) fn list<T: Serialize>(
        &mut self,
        name: &'static str,
        values: &[T],
    ) -> Result<(), M::Error> {
        if values.is_empty() {
            return Ok(());
        }
        self.required(name, values)
    }

    pub(super) fn choice(&mut self, choice: &impl Choice) -> Result<(), M::Error> {
        choice.write(self)
    }

    pub(super) fn primitive<T: Serialize>(
        &mut self,
        name: &'static str,
        sibling: &'static str,
        primitive: &Primitive<T>,
    ) -> Result<(), M::Error> {
        self.optional(name, primitive.value.as_ref())?;
        self.optional(sibling, Extensions::of(primitive).as_ref())
    }

    /// Both arrays have the length of the list, with `null` where a value or its extensions are absent;
    /// an array of nulls only is left out.
    pub(super) fn primitives<'p, T: Serialize>(
        &mut self,
        name: &'static str,
        sibling: &'static str,
        primitives: &'p [Primitive<T>],
    ) -> Result<(), M::Error> {
        if primitives.iter().any(|primitive| primitive.value.is_some()) {
            self.required(
                name,
                &Each(primitives, |primitive: &'p Primitive<T>| {
                    primitive.value.as_ref()
                }),
            )?;
        }
        if primitives
            .iter()
            .any(|primitive| !primitive.extension.is_empty())
        {
            self.required(sibling, &Each(primitives, Extensions::of))?;
        }
        Ok(())
    }

    pub(super) fn end(self) -> Result<M::Ok, M::Error> {
        self.0.end()
    }
}

/// The sibling of a primitive.
struct Extensions<'a>(&'a [Extension]);

impl<'a> Extensions<'a> {
    fn of<T>(primitive: &'a Primitive<T>) -> Option<Self> {
        (!primitive.extension.is_empty()).then_some(Self(&primitive.extension))
    }
}

impl Serialize for Extensions<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = Object::new(serializer)?;
        object.list("extension", self.0)?;
        object.end()
    }
}

/// An array of something made of each item.
struct Each<'a, T, F>(&'a [T], F);

impl<'a, T, F, U> Serialize for Each<'a, T, F>
where
    F: Fn(&'a T) -> U,
    U: Serialize,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(&self.1))
    }
}
