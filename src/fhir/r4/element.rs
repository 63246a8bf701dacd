//! What a summary of a resource needs to know of its elements.

/// An element as its StructureDefinition has it.
#[derive(Debug)]
pub struct Element {
    /// Its name; of a choice the part before the type.
    pub name: &'static str,
    /// Whether its name in JSON ends in one of several types.
    pub choice: bool,
    /// Whether the resource cannot be without it.
    pub mandatory: bool,
    /// Whether it is marked as part of a summary.
    pub summary: bool,
    /// The elements that it has itself; none if it is of a datatype.
    pub inner: &'static [Self],
}

impl Element {
    pub(super) const fn new(name: &'static str) -> Self {
        Self {
            name,
            choice: false,
            mandatory: false,
            summary: false,
            inner: &[],
        }
    }

    pub(super) const fn choice(mut self) -> Self {
        self.choice = true;
        self
    }

    pub(super) const fn mandatory(mut self) -> Self {
        self.mandatory = true;
        self
    }

    pub(super) const fn summary(mut self) -> Self {
        self.summary = true;
        self
    }

    pub(super) const fn with(mut self, inner: &'static [Self]) -> Self {
        self.inner = inner;
        self
    }
}
