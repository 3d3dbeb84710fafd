//! Rules over bodies where they stand in a schema: which are enforced, refused, or spared to a version.

use radii_model::cel::{self, Rules};
use radii_model::schema::Schema;
use serde_json::{Value as Json, json};

use crate::cel::schema;

#[test]
fn rules_are_enforced_wherever_they_stand() {
    let of = schema(&json!({
        "type": "object",
        "properties": {
            "replicas": {"type": "integer", "x-radii-validations": [{"rule": "self >= oldSelf", "message": "never fewer"}]},
            "nodes": {"type": "array", "maxItems": 10, "items": {
                "type": "object", "properties": {"min": {"type": "integer"}, "max": {"type": "integer"}}, "required": ["min", "max"],
                "x-radii-validations": [{"rule": "self.min <= self.max", "path": "max", "reason": "MaxBelowMin"}],
            }},
            "labels": {"type": "object", "additionalProperties": {"type": "string", "x-radii-validations": [{"rule": "self != ''"}]}},
        },
        "x-radii-validations": [{"rule": "self.replicas < 5", "message": "too many"}],
    }));
    assert_eq!(cel::check(&of, "").iter().filter(|it| it.is_error()).count(), 0, "{:?}", cel::check(&of, ""));
    let rules = Rules::compile(&of);
    let found = |new: Json, old: Option<Json>| -> Vec<String> {
        rules.broken(&new, old.as_ref()).iter().map(|it| format!("{} {}", it.pointer, it.message)).collect()
    };
    let good = json!({"replicas": 3, "nodes": [{"min": 1, "max": 2}], "labels": {"a/b": "x"}});
    assert!(found(good.clone(), None).is_empty());
    let bad = json!({"replicas": 7, "nodes": [{"min": 1, "max": 2}, {"min": 3, "max": 2}], "labels": {"a/b": ""}});
    assert_eq!(
        found(bad, None),
        [
            " too many",
            "/nodes/1/max the rule `self.min <= self.max` does not hold",
            "/labels/a~1b the rule `self != ''` does not hold",
        ]
    );
    assert_eq!(found(json!({"replicas": 2}), Some(good)), ["/replicas never fewer"]);
    assert_eq!(found(json!({}), None), [" too many (the rule has no answer: `replicas` is not given)"]);
    assert!(Rules::compile(&schema(&json!({"type": "object"}))).is_empty());
}

#[test]
fn a_rule_that_cannot_be_enforced_is_refused() {
    let cases = [
        (json!({"x-radii-validations": "self"}), "radii/rule-form"),
        (json!({"x-radii-validations": ["self"]}), "radii/rule-form"),
        (json!({"x-radii-validations": [{"rule": "true", "mesage": "m"}]}), "radii/rule-form"),
        (json!({"x-radii-validations": [{"rule": "true", "reason": "two words"}]}), "radii/rule-form"),
        (json!({"x-radii-validations": [{"rule": "true", "path": "b"}]}), "radii/rule-place"),
        (json!({"anyOf": [{"x-radii-validations": [{"rule": "true"}]}]}), "radii/rule-place"),
        (
            json!({"properties": {"l": {"type": "array", "maxItems": 3, "items": {"type": "integer", "x-radii-validations": [{"rule": "self > oldSelf"}]}}}}),
            "radii/rule-transition",
        ),
    ];
    for (mut value, code) in cases {
        value["type"] = "object".into();
        if value.get("properties").is_none() {
            value["properties"] = json!({"a": {"type": "string"}});
        }
        let found = cel::check(&schema(&value), "schema");
        assert_eq!(found.iter().map(|it| it.code.to_string()).collect::<Vec<_>>(), [code], "{value}");
    }
}

#[test]
fn versions_without_a_property_are_spared_the_rules_that_name_it() {
    let older = json!({"type": "object", "properties": {"size": {"type": "string"}}, "required": ["size"]});
    let newer = json!({"type": "object", "properties": {"size": {"type": "string"}, "replicas": {"type": "integer", "default": 0}}, "required": ["size"]});
    let with = |base: &Json, rules: &[&str]| {
        let mut value = base.clone();
        value["x-radii-validations"] = rules.iter().map(|rule| json!({"rule": rule})).collect();
        schema(&value)
    };
    let rules = [
        "self.replicas <= 5 || self.size == 'L'",
        "has(self.replicas) ? self.replicas > 0 : self.size != 'L'",
        "self.size != ''",
        "self.relicas > 1",
    ];
    let (mut old, mut new) = (with(&older, &rules), with(&newer, &rules));
    cel::settle(&mut [&mut old, &mut new]);
    let kept = |schema: &Schema| schema.extensions["x-radii-validations"].clone();
    assert_eq!(
        kept(&old),
        json!([
            {"rule": rules[1], "absent": ["replicas"]}, {"rule": rules[2]}, {"rule": rules[3]},
        ])
    );
    assert_eq!(kept(&new).as_array().map(Vec::len), Some(4));
    let codes: Vec<String> = cel::check(&old, "").iter().map(|it| it.code.to_string()).collect();
    assert_eq!(codes, ["radii/rule-unknown-property"], "only the misspelt one");
    let compiled = Rules::compile(&old);
    assert_eq!(compiled.broken(&json!({"size": "L"}), None).len(), 1, "what is absent decides the condition");
    assert!(compiled.broken(&json!({"size": "S"}), None).is_empty());
}
