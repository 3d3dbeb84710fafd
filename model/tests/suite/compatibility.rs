//! Which changes of a schema break whom.

use radii_diagnostics::{FileId, Span};
use radii_model::compatibility::{Change, Severity, between_providers, between_schemas};
use radii_model::document::{Limits, Node, parse_yaml};
use radii_model::manifest::{self, Manifest};
use radii_model::schema::Schema;
use serde_json::Value as Json;

fn schema(text: &str) -> Schema {
    let node: Node = parse_yaml(FileId::default(), text, Limits::default()).unwrap();
    let (schema, diagnostics) = Schema::from_node(&node, "");
    assert!(diagnostics.is_empty(), "{text}: {diagnostics:?}");
    schema
}

fn listed(changes: &[Change]) -> Vec<String> {
    changes.iter().map(|change| format!("{} {} {}", change.severity, change.rule, change.path)).collect()
}

/// Cases read as: name, old schema, new schema, the changes.
#[test]
fn every_rule_has_a_case() {
    let cases: Json = serde_json::from_str(include_str!("../fixtures/compatibility.json")).unwrap();
    let mut rules = std::collections::BTreeSet::new();
    for case in cases.as_array().unwrap() {
        let text = |name: &str| case[name].as_str().unwrap();
        let changes = between_schemas(&schema(text("old")), &schema(text("new")), "schema");
        rules.extend(changes.iter().map(|change| change.rule));
        let expected: Vec<_> = case["changes"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
        assert_eq!(listed(&changes), expected, "{}", text("name"));
        for change in &changes {
            assert_eq!(change.why.is_some(), change.severity > Severity::Compatible, "{change:?}");
        }
    }
    assert!(rules.len() >= 30, "{} rules have a case: {rules:?}", rules.len());
}

fn provider(text: &str) -> Manifest {
    let (manifest, diagnostics) = manifest::parse(FileId::default(), text);
    assert!(!diagnostics.iter().any(radii_diagnostics::Diagnostic::is_error), "{diagnostics:?}");
    manifest.unwrap()
}

const OLD: &str = "
namespace: Contoso.Data
types:
  caches:
    apiVersions:
      '2025-01-01': {schema: {type: object, properties: {size: {type: string}}}}
  stores:
    capabilities: [ManualResourceProvisioning]
    apiVersions:
      '2024-01-01': {schema: {type: object, properties: {size: {type: string}}}}
      '2025-01-01': {schema: {type: object, properties: {size: {type: string}}}}
";

const NEW: &str = "
namespace: Contoso.Data
types:
  queues:
    apiVersions:
      '2025-01-01': {schema: {type: object, properties: {size: {type: string}}}}
  stores:
    apiVersions:
      '2025-01-01': {schema: {type: object, properties: {size: {type: integer}}}}
      '2026-01-01': {schema: {type: object, properties: {size: {type: string}}}}
";

#[test]
fn types_and_versions_that_go_break_and_those_that_come_do_not() {
    let changes = between_providers(&provider(OLD), &provider(NEW));
    assert_eq!(
        listed(&changes),
        [
            "breaking type-removed types.caches",
            "breaking capability-removed types.stores.capabilities",
            "breaking version-removed types.stores.apiVersions['2024-01-01']",
            "breaking type-changed types.stores.apiVersions['2025-01-01'].schema.properties.size.type",
            "compatible version-added types.stores.apiVersions['2026-01-01']",
            "risky default-version-changed types.stores.defaultApiVersion",
            "compatible type-added types.queues",
        ]
    );
}

#[test]
fn a_change_points_at_both_texts() {
    let (old, new) = (provider(OLD), provider(NEW));
    let changes = between_providers(&old, &new);
    let changed = changes.iter().find(|change| change.rule == "type-changed").unwrap();
    let text = |whole: &str, span: Span| whole[span.start as usize..span.end as usize].to_owned();
    assert_eq!(text(OLD, changed.old_span), "string");
    assert_eq!(text(NEW, changed.new_span), "integer");
    assert!(changed.to_diagnostic().is_error());
}

#[test]
fn nothing_changes_between_a_provider_and_itself() {
    for text in [OLD, NEW] {
        assert_eq!(between_providers(&provider(text), &provider(text)), []);
    }
}
