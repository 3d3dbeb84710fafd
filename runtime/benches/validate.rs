//! Validation of the typical resource: 13 properties, an enum, a pattern, two nested objects, a map, two arrays.
//!
//! Budgets (`DESIGN.md`): 350 ns from a parsed body, 2 µs with parsing.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use radii_runtime::validate::Validator;
use serde_json::{Value as Json, json};

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
    criterion.bench_function("validate/compile", |b| b.iter(|| Validator::compile(black_box(&schema())).is_ok()));
}

criterion_group!(benches, validate);
criterion_main!(benches);
