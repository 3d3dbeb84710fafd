//! The schema of a resource's `properties` as its author meets it.

use radii_diagnostics::Span;
use radii_model::base::with_base_properties;
use radii_model::manifest::Manifest;
use radii_model::schema::{Additional, Kind, Schema};

/// Returns a version's schema together with the base properties.
///
/// A schema that says nothing accepts everything, so it stays open; and when another server serves the
/// type, that server alone knows its properties, the base ones included.
pub(crate) fn effective(provider: &Manifest, schema: &Schema) -> Schema {
    let says_nothing = schema.is_unrestricted() && !schema.has_properties;
    let mut effective =
        if says_nothing && provider.location().1.is_some() { schema.clone() } else { with_base_properties(schema) };
    if says_nothing {
        effective.additional = Additional::Allowed(true, Span::default());
    }
    if effective.kind.is_none() {
        effective.kind = Some(Kind::Object);
    }
    effective
}
