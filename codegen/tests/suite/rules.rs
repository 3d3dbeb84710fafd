//! Rules and other texts of decorators, from TypeSpec to bodies that are accepted or refused.

use std::collections::BTreeMap;

use radii_codegen::lower::{self, Lowered};
use radii_diagnostics::{Diagnostic, FileId};
use radii_model::body;
use radii_model::cel::Rules;
use radii_model::document::{Limits, parse_yaml};
use radii_model::schema::Schema;
use serde_json::{Value as Json, json};
use typespec::{Options, compile};

use crate::crate_path;

const HEAD: &str = r#"
import "@radii/typespec";
import "@typespec/versioning";
using Radii;
using TypeSpec.Versioning;

@resourceProvider
@versioned(ApiVersions)
namespace Contoso.Example;

enum ApiVersions {
  v2024_08_01: "2024-08-01",
  v2025_01_01: "2025-01-01",
}

enum Size { S, M, L }
"#;

fn lowered(text: &str) -> (Lowered, String) {
    let text = format!("{HEAD}{text}");
    let world = BTreeMap::from([("main.tsp".to_owned(), text.clone())]);
    let mut compilation = compile(&world, "main.tsp", &Options::default(), &lower::registry());
    assert!(compilation.diagnostics.is_empty(), "{:?}", compilation.diagnostics);
    (lower::lower(&mut compilation.program), text)
}

fn schema<'l>(lowered: &'l Lowered, version: &str) -> &'l Schema {
    &lowered.manifests[0].types[0].api_versions[&version.parse::<radii_model::ApiVersion>().unwrap()].schema
}

/// What a diagnostic underlines.
fn underlined<'t>(diagnostic: &Diagnostic, text: &'t str) -> &'t str {
    let span = diagnostic.primary.as_ref().expect("it has a place").span;
    &text[span.start as usize..span.end as usize]
}

const DATABASE: &str = r#"
@resourceType("postgreSqlDatabases")
@validate("self.replicas <= 5 || self.size == 'L'", "more than 5 replicas need size L", #{ path: "replicas", reason: "ReplicasNeedSizeL" })
@validate("has(self.replicas) ? self.size != 'S' : self.size != 'M'")
model PostgreSqlDatabase {
  size?: Size = Size.S;
  @added(ApiVersions.v2025_01_01) @minValue(0) @maxValue(15) replicas?: int32 = 0;
}
"#;

#[test]
fn a_rule_holds_in_the_versions_that_have_what_it_names() {
    let (lowered, _) = lowered(DATABASE);
    assert_eq!(lowered.diagnostics, []);
    let rules = |version: &str| schema(&lowered, version).extensions["x-radii-validations"].clone();
    assert_eq!(
        rules("2024-08-01"),
        json!([{"rule": "has(self.replicas) ? self.size != 'S' : self.size != 'M'", "absent": ["replicas"]}])
    );
    let newer = rules("2025-01-01");
    assert_eq!(newer.as_array().map(Vec::len), Some(2));
    let first = json!({
        "rule": "self.replicas <= 5 || self.size == 'L'", "message": "more than 5 replicas need size L",
        "path": "replicas", "reason": "ReplicasNeedSizeL",
    });
    assert_eq!(newer[0], first);
    // The manifest that Radius ignores these in says the same when it is read again.
    let yaml = lowered.manifests[0].to_yaml();
    let (again, diagnostics) = radii_model::manifest::parse(FileId(0), &yaml);
    assert_eq!(diagnostics, []);
    assert_eq!(again.unwrap().to_yaml(), yaml);
    let older = Rules::compile(schema(&lowered, "2024-08-01"));
    assert_eq!(older.broken(&json!({"size": "M"}), None).len(), 1);
    assert!(older.broken(&json!({"size": "S"}), None).is_empty());
}

#[test]
fn a_body_that_breaks_a_rule_is_told_with_the_rules_line() {
    let (lowered, text) = lowered(DATABASE);
    let body_text = "size: M\nreplicas: 7\n";
    let document = parse_yaml(FileId(9), body_text, Limits::default()).unwrap();
    let found = body::check(schema(&lowered, "2025-01-01"), &document, body_text);
    let [broken] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(broken.code.to_string(), "radii/rule-broken");
    assert_eq!(broken.message, "more than 5 replicas need size L");
    assert_eq!(underlined(broken, body_text), "7");
    let rule = broken.secondary.first().expect("the rule's line").span;
    assert_eq!(&text[rule.start as usize..rule.end as usize], "\"self.replicas <= 5 || self.size == 'L'\"");
}

#[test]
fn a_rule_that_names_what_no_version_has_is_told_once_at_the_name() {
    let text = DATABASE.replace("self.replicas <= 5", "self.repicas <= 5");
    let (lowered, text) = lowered(&text);
    let [told] = lowered.diagnostics.as_slice() else { panic!("{:?}", lowered.diagnostics) };
    assert_eq!((told.code.to_string().as_str(), underlined(told, &text)), ("radii/rule-unknown-property", "repicas"));
}

#[test]
fn a_value_that_only_some_versions_have_is_no_mistake() {
    let (lowered, _) = lowered(
        r#"
enum Kind { A, @added(ApiVersions.v2025_01_01) B }
@resourceType("things")
@validate("self.kind != 'B' || self.name != ''")
model Thing { kind?: Kind = Kind.A; name: string; }
"#,
    );
    assert_eq!(lowered.diagnostics, []);
}

#[test]
fn rules_stand_on_nested_models_and_properties_too() {
    let (lowered, _) = lowered(
        r#"
@resourceType("things")
model Thing {
  @validate("self.size() < 5", "short names only") name?: string;
  range?: Range;
  @maxItems(3) ranges?: Range[];
}
@validate("self.min <= self.max", "min is above max", #{ path: "min" })
model Range { min: int32; max: int32; }
"#,
    );
    assert_eq!(lowered.diagnostics, []);
    let rules = Rules::compile(schema(&lowered, "2025-01-01"));
    let body = json!({"name": "too long", "range": {"min": 2, "max": 1}, "ranges": [{"min": 1, "max": 1}, {"min": 3, "max": 1}]});
    let found: Vec<String> =
        rules.broken(&body, None).iter().map(|it| format!("{} {}", it.pointer, it.message)).collect();
    assert_eq!(found, ["/name short names only", "/range/min min is above max", "/ranges/1/min min is above max"]);
}

#[test]
fn names_of_variables_and_types_are_checked() {
    let cases = [
        (r#"@envName("DATABASE_URL")"#, None),
        (r#"@envName("database-url")"#, Some(("radii/invalid-env-name", "\"database-url\"", Some("\"DATABASE_URL\"")))),
        (r#"@envName("1ST")"#, Some(("radii/invalid-env-name", "\"1ST\"", None))),
        (r#"@resourceReference("Radius.Security/secrets")"#, None),
        (r#"@resourceReference("Microsoft.Storage/storageAccounts", "Contoso.Example/things")"#, None),
        (
            r#"@resourceReference("Radius.Security.secrets")"#,
            Some((
                "radii/invalid-resource-reference",
                "\"Radius.Security.secrets\"",
                Some("\"Radius.Security/secrets\""),
            )),
        ),
        (
            r#"@resourceReference("Radius.Security/secrets@2025-08-01-preview")"#,
            Some((
                "radii/invalid-resource-reference",
                "\"Radius.Security/secrets@2025-08-01-preview\"",
                Some("\"Radius.Security/secrets\""),
            )),
        ),
        (
            r#"@resourceReference("things")"#,
            Some(("radii/invalid-resource-reference", "\"things\"", Some("\"Contoso.Example/things\""))),
        ),
        (
            r#"@resourceReference("Contoso.Example/thing")"#,
            Some(("radii/invalid-resource-reference", "\"Contoso.Example/thing\"", Some("\"Contoso.Example/things\""))),
        ),
    ];
    for (decorator, expected) in cases {
        let text = format!("@resourceType(\"things\") model Thing {{ {decorator} other?: string; }}");
        let (lowered, text) = lowered(&text);
        let found = lowered.diagnostics.first().map(|it| {
            let fix = it.fixes.first().map(|fix| fix.replacement.as_str());
            (it.code.to_string(), underlined(it, &text), fix)
        });
        let found = found.as_ref().map(|(code, at, fix)| (code.as_str(), *at, *fix));
        assert_eq!(found, expected, "{decorator}");
        assert!(lowered.diagnostics.len() <= 1, "{:?}", lowered.diagnostics);
    }
}

fn catalogue_rules(file: &str, kind: &str) -> Rules {
    let manifest = crate::manifest(&crate_path(file));
    Rules::compile(&manifest.types[kind].api_versions[0].schema)
}

#[test]
fn types_of_the_catalogue_refuse_what_their_servers_would() {
    let queues = catalogue_rules("../manifests/catalogue/Contoso.Messaging.yaml", "queues");
    let databases = catalogue_rules("../manifests/catalogue/Contoso.Data.yaml", "postgreSqlDatabases");
    let stores = catalogue_rules("../manifests/catalogue/Contoso.Data.yaml", "keyValueStores");
    let cases: [(&Rules, Json, Option<Json>, Option<&str>); 9] = [
        (&queues, json!({"queueName": "orders"}), None, None),
        (&queues, json!({}), None, None),
        (&queues, json!({"queueName": "amq.direct"}), None, Some("/queueName")),
        (&databases, json!({"databaseName": "app"}), Some(json!({"databaseName": "app"})), None),
        (&databases, json!({"databaseName": "template1"}), None, Some("/databaseName")),
        (&databases, json!({"databaseName": "pg_own"}), None, Some("/databaseName")),
        (&databases, json!({"databaseName": "b"}), Some(json!({"databaseName": "a"})), Some("/databaseName")),
        (&stores, json!({"memoryInMib": 64}), None, None),
        (&stores, json!({"memoryInMib": 65}), None, Some("/memoryInMib")),
    ];
    for (rules, new, old, pointer) in cases {
        let broken = rules.broken(&new, old.as_ref());
        assert_eq!(broken.first().map(|it| it.pointer.as_str()), pointer, "{new}");
    }
}
