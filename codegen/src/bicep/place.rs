//! Where in a manifest the converter stands.

use std::fmt;

/// A step into a schema; the steps before it live on the stack of the callers.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    parent: Option<&'a Place<'a>>,
    step: Step<'a>,
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Version { type_name: &'a str, version: &'a str },
    Property(&'a str),
    Items,
    Values,
    Member(&'static str, usize),
}

impl<'a> Place<'a> {
    pub(super) fn version(type_name: &'a str, version: &'a str) -> Self {
        Self { parent: None, step: Step::Version { type_name, version } }
    }

    pub(super) fn property(&'a self, name: &'a str) -> Self {
        Self { parent: Some(self), step: Step::Property(name) }
    }

    pub(super) fn items(&'a self) -> Self {
        Self { parent: Some(self), step: Step::Items }
    }

    pub(super) fn values(&'a self) -> Self {
        Self { parent: Some(self), step: Step::Values }
    }

    pub(super) fn member(&'a self, keyword: &'static str, at: usize) -> Self {
        Self { parent: Some(self), step: Step::Member(keyword, at) }
    }

    /// Whether the place is a property of this name, or below one.
    pub(super) fn is_below(&self, name: &str) -> bool {
        matches!(self.step, Step::Property(step) if step == name) || self.parent.is_some_and(|up| up.is_below(name))
    }

    /// Whether the place is a property itself, whose description Bicep can hold.
    pub(super) fn is_property(&self) -> bool {
        matches!(self.step, Step::Property(_))
    }

    /// The names of the properties on the way, joined by dots: tells equal names apart.
    pub(super) fn qualified_name(&self) -> String {
        let mut name = self.parent.map(Place::qualified_name).unwrap_or_default();
        if !name.is_empty() {
            name.push('.');
        }
        match self.step {
            Step::Version { .. } => return String::new(),
            Step::Property(step) => name.push_str(step),
            Step::Items => name.push_str("Item"),
            Step::Values => name.push_str("AdditionalProperties"),
            Step::Member(keyword, at) => name.push_str(&format!("{keyword}{at}")),
        }
        name
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            write!(f, "{parent}")?;
        }
        match self.step {
            Step::Version { type_name, version } => write!(f, "types.{type_name}.apiVersions['{version}'].schema"),
            Step::Property(name) => write!(f, ".properties.{name}"),
            Step::Items => f.write_str(".items"),
            Step::Values => f.write_str(".additionalProperties"),
            Step::Member(keyword, at) => write!(f, ".{keyword}[{at}]"),
        }
    }
}
