//! Validation of the typical resource: 13 properties, an enum, a pattern, two nested objects, a map, two arrays.
//!
//! Budgets (`DESIGN.md`): 350 ns from a parsed body, 2 µs with parsing.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use radii_runtime::validate::Validator;
use serde_json::{Value as Json, json};

/// That of `rad`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn schema() -> Json {
    json!({
        "type": "object",
        "required": ["environment", "size"],
        "properties": {
            "environment": {"type": "string"},
            "application": {"type": "string"},
            "size": {"type": "string", "enum": ["S", "M", "L"]},
            "name": {"type": "string", "pattern": "^[a-z][a-z0-9-]*$"},
            "version": {"type": "string"},
            "replicas": {"type": "integer", "minimum": 1, "maximum": 9},
            "public": {"type": "boolean"},
            "ratio": {"type": "number"},
            "storage": {"type": "object", "properties": {"gb": {"type": "integer"}, "class": {"type": "string"}}},
            "backup": {
                "type": "object",
                "properties": {"enabled": {"type": "boolean"}, "keep": {"type": "integer"}},
                "required": ["enabled"],
            },
            "labels": {"type": "object", "additionalProperties": {"type": "string"}},
            "zones": {"type": "array", "items": {"type": "string"}},
            "ports": {"type": "array", "items": {"type": "integer"}},
        },
    })
}

const BODY: &str = r#"{"environment":"/planes/radius/local/resourceGroups/g/providers/Applications.Core/environments/e","application":"app","size":"M","name":"orders-db","version":"16.3","replicas":3,"public":false,"ratio":0.75,"storage":{"gb":64,"class":"fast"},"backup":{"enabled":true,"keep":7},"labels":{"team":"a","tier":"b"},"zones":["1","2"],"ports":[5432]}"#;

fn validate(criterion: &mut Criterion) {
    let validator = Validator::compile(&schema()).expect("the schema is valid");
    let body: Json = serde_json::from_str(BODY).expect("the body is JSON");
    assert!(validator.validate(Some(&body)).is_empty());
    let mut wrong = body.clone();
    wrong["size"] = json!("XL");

    criterion.bench_function("validate/parsed", |b| b.iter(|| validator.validate(black_box(Some(&body))).len()));
    criterion.bench_function("validate/with parsing", |b| {
        b.iter(|| {
            let body: Json = serde_json::from_str(black_box(BODY)).expect("the body is JSON");
            validator.validate(Some(&body)).len()
        });
    });
    criterion.bench_function("validate/refused", |b| b.iter(|| validator.validate(black_box(Some(&wrong))).len()));
    let schema = schema();
    criterion.bench_function("validate/compile", |b| b.iter(|| Validator::compile(black_box(&schema)).is_ok()));
}

/// The rule of the authoring guide, and one over a list.
fn rules(criterion: &mut Criterion) {
    let mut with_rules = schema();
    with_rules["properties"]["replicas"]["default"] = json!(1);
    with_rules["properties"]["ports"]["maxItems"] = json!(100);
    with_rules["required"] = json!(["environment", "size", "ports"]);
    let compiled = |rule: &str| {
        let mut schema = with_rules.clone();
        schema["x-radii-validations"] = json!([{ "rule": rule }]);
        Validator::compile(&schema).expect("the schema is valid")
    };
    let body: Json = serde_json::from_str(BODY).expect("the body is JSON");
    for (name, rule) in [
        ("rules/enum and number", "self.replicas <= 5 || self.size == 'L'"),
        ("rules/number decides", "self.replicas > 5 || self.size == 'M'"),
        ("rules/each of a list", "self.ports.all(port, port > 1024)"),
    ] {
        let schema = {
            let mut schema = with_rules.clone();
            schema["x-radii-validations"] = json!([{ "rule": rule }]);
            let node = radii_model::document::Node::from_json(&schema, radii_diagnostics::Span::default());
            radii_model::schema::Schema::from_node(&node, "").0
        };
        let rules = radii_model::cel::Rules::compile(&schema);
        assert!(rules.broken(&body, None).is_empty());
        criterion.bench_function(name, |b| b.iter(|| rules.broken(black_box(&body), None).len()));
    }
    let with = compiled("self.replicas <= 5 || self.size == 'L'");
    let without = Validator::compile(&schema()).expect("the schema is valid");
    criterion.bench_function("rules/of a request", |b| b.iter(|| with.broken_rules(black_box(&body), None).len()));
    criterion.bench_function("rules/none", |b| b.iter(|| without.broken_rules(black_box(&body), None).len()));
}

criterion_group!(benches, validate, rules);
criterion_main!(benches);
