//! Schemas of scalars in manifests.

use radii_diagnostics::Span;
use radii_model::document::Node;
use radii_model::schema::{NumberBounds, Schema};
use serde_json::{Map, Value as Json};
use typespec::Program;
use typespec::program::TypeId;

use crate::emit::{Dialect, scalars};

/// Returns the schema of a scalar with the constraints of all that it extends.
pub(super) fn schema(program: &Program, scalar: TypeId, span: Span) -> Schema {
    let keywords = scalars::schema(program, scalar, Dialect::OpenApi30).unwrap_or_default();
    read(keywords, span)
}

/// Reads keywords of OpenAPI 3.0 as a schema; all of them stand at one place.
pub(super) fn read(keywords: Map<String, Json>, span: Span) -> Schema {
    let (mut schema, _) = Schema::from_node(&Node::from_json(&Json::Object(keywords), span), "");
    narrow(&mut schema);
    schema
}

/// Says in bounds what a format says that the registry does not know.
fn narrow(schema: &mut Schema) {
    let (minimum, maximum): (i64, i64) = match schema.format.as_deref() {
        Some("int8") => (i8::MIN.into(), i8::MAX.into()),
        Some("int16") => (i16::MIN.into(), i16::MAX.into()),
        Some("uint8") => (0, u8::MAX.into()),
        Some("uint16") => (0, u16::MAX.into()),
        Some("uint32") => (0, u32::MAX.into()),
        Some("uint64") => {
            schema.format = None;
            schema.number.minimum.get_or_insert_with(|| 0.into());
            return;
        }
        _ => return,
    };
    schema.format = None;
    let NumberBounds { minimum: low, maximum: high, .. } = &mut schema.number;
    low.get_or_insert_with(|| minimum.into());
    high.get_or_insert_with(|| maximum.into());
}
