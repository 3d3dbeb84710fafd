//! Schemas of API versions are checked before they are stored, so that every stored one can validate.

use radii_diagnostics::{Diagnostic, FileId, Severity, SourceFile};
use radii_model::cel;
use radii_model::compatibility::between_schemas;
use radii_model::document::{Limits, Node};
use radii_model::rules::{Strictness, check_schema};
use radii_model::schema::Schema;
use radii_model::{ResourceId, TypeName};
use radii_runtime::Fault;
use radii_runtime::fault::code;
use radii_runtime::store::ListQuery;
use serde_json::Value as Json;

use crate::AppState;

/// Checks the `schema` of a version's registration; `body` is the text that the node was read from.
///
/// # Errors
/// 400 with one detail for each rule that it breaks.
pub fn check(id: &str, schema: &Node, body: &str) -> Result<(), Fault> {
    const PATH: &str = "properties.schema";
    let (mut parsed, mut diagnostics) = Schema::from_node(schema, PATH);
    cel::locate(&mut parsed, body);
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

/// Whether a change that breaks clients is wanted all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Breaking {
    /// It is refused.
    Refused,
    /// `?force=true`: who asks knows.
    Forced,
}

/// Refuses a schema in the place of another that breaks those who use a stable version.
///
/// Preview versions may change at will, and so may versions of types that nothing exists of.
///
/// # Errors
/// 409 with one detail for each breaking change.
pub async fn check_change(state: &AppState, id: &ResourceId, new: &Json, breaking: Breaking) -> Result<(), Fault> {
    let is_stable = id.name().is_some_and(|version| !version.ends_with("-preview"));
    if !is_stable || breaking == Breaking::Forced {
        return Ok(());
    }
    let Some(old) = state.host.parts.store.find(id).await? else { return Ok(()) };
    let empty = Json::Object(serde_json::Map::new());
    let old = parse(old.properties.get("schema").unwrap_or(&empty));
    let changes = between_schemas(&old, &parse(new), "properties.schema");
    let breaking: Vec<_> = changes.into_iter().filter(radii_model::compatibility::Change::is_breaking).collect();
    if breaking.is_empty() || !has_resources(state, id).await? {
        return Ok(());
    }
    let details = breaking.iter().map(|change| {
        let why = change.why.map(|why| format!(": {why}")).unwrap_or_default();
        Fault::new(409, code::CONFLICT, format!("{}{why}", change.what)).target(format!("$.{}", change.path))
    });
    let message = format!(
        "`{id}` is a stable version of a type that resources exist of, and the new schema breaks their clients in {} \
         ways; register another version, or repeat the request with `force=true`",
        breaking.len()
    );
    Err(Fault::conflict(message).target(id.to_string()).details(details.collect()))
}

/// Reads a schema that was checked before; nothing can be said about what cannot be read.
fn parse(schema: &Json) -> Schema {
    let node = radii_model::document::parse_json(FileId(0), &schema.to_string(), Limits::default());
    node.map(|node| Schema::from_node(&node, "properties.schema").0).unwrap_or_default()
}

/// Whether a resource of the type exists that a version belongs to.
async fn has_resources(state: &AppState, version: &ResourceId) -> Result<bool, Fault> {
    let [provider, kind, _] = version.types() else { return Ok(false) };
    let (Some(namespace), Some(name), Some((plane_kind, plane))) = (&provider.name, &kind.name, version.plane()) else {
        return Ok(false);
    };
    let scope = format!("/planes/{plane_kind}/{plane}").parse().ok();
    let kind = Some(TypeName::new(namespace.clone(), name.clone()));
    let query = ListQuery { scope, recursive: true, kind, after: None, limit: Some(1) };
    Ok(!state.host.parts.store.list(&query).await?.records.is_empty())
}
