//! Schemas of API versions are checked before they are stored, so that every stored one can validate.

use radii_diagnostics::{Diagnostic, Severity, SourceFile};
use radii_model::document::Node;
use radii_model::rules::{Strictness, check_schema};
use radii_model::schema::Schema;
use radii_runtime::Fault;
use radii_runtime::fault::code;

/// Checks the `schema` of a version's registration; `body` is the text that the node was read from.
///
/// # Errors
/// 400 with one detail for each rule that it breaks.
pub fn check(id: &str, schema: &Node, body: &str) -> Result<(), Fault> {
    const PATH: &str = "properties.schema";
    let (parsed, mut diagnostics) = Schema::from_node(schema, PATH);
    if !diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error) {
        diagnostics.extend(check_schema(&parsed, PATH, Strictness::Registry));
    }
    diagnostics.retain(|diagnostic| diagnostic.severity == Severity::Error);
    let Some(first) = diagnostics.first() else { return Ok(()) };
    let source = SourceFile::new("body", body);
    let message = format!("the schema of `{id}` is not valid: {}", describe(first, &source));
    let details = diagnostics.iter().map(|diagnostic| {
        let fault = Fault::new(400, code::INVALID_PROPERTIES, describe(diagnostic, &source));
        match &diagnostic.path {
            Some(path) => fault.target(format!("$.{path}")),
            None => fault,
        }
    });
    Err(Fault::new(400, code::INVALID_CONTENT, message).target(id).details(details.collect()))
}

fn describe(diagnostic: &Diagnostic, source: &SourceFile) -> String {
    let mut text = String::new();
    if let Some(label) = &diagnostic.primary {
        let place = source.line_column(label.span.start);
        text.push_str(&format!("line {}, column {}: ", place.line, place.column));
    }
    if let Some(path) = &diagnostic.path {
        text.push_str(&format!("`$.{path}`: "));
    }
    text.push_str(&diagnostic.message);
    if let Some(help) = &diagnostic.help {
        text.push_str(&format!("; {help}"));
    }
    text
}
