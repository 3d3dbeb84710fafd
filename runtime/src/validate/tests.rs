//! Validators on recorded bodies, and on what the recordings leave open.

mod agreement;
mod recorded;

use serde_json::{Value as Json, json};

use super::*;

fn validator(schema: Json) -> Validator {
    Validator::compile(&schema).unwrap_or_else(|error| panic!("{error}"))
}

fn messages(schema: &Validator, body: &Json) -> Vec<String> {
    schema
        .validate(Some(body))
        .into_iter()
        .map(|violation| format!("{} {}", violation.pointer, violation.message))
        .collect()
}

fn object(value: Json) -> Map<String, Json> {
    serde_json::from_value(value).expect("the test writes an object")
}

#[test]
fn every_violation_is_reported_given_properties_first() {
    let schema = validator(json!({
        "type": "object",
        "properties": {
            "b": {"type": "string", "minLength": 3, "pattern": "^x"},
            "a": {"type": "object", "properties": {"n": {"type": "integer", "maximum": 5}}, "required": ["m"]},
        },
        "required": ["z", "y"],
    }));
    let found = messages(&schema, &json!({"b": "ab", "a": {"n": 6}}));
    let expected = [
        "/a/n number must be at most 5",
        "/a/m property \"m\" is missing",
        "/b minimum string length is 3",
        "/b string doesn't match the regular expression \"^x\"",
        "/z property \"z\" is missing",
        "/y property \"y\" is missing",
    ];
    assert_eq!(found, expected);
}

#[test]
fn absent_properties_are_not_nullable_unless_anything_goes() {
    let schema = validator(json!({"type": "object"}));
    assert_eq!(schema.validate(None)[0].message, "Value is not nullable");
    assert_eq!(validator(json!({})).validate(None), []);
}

#[test]
fn unknown_properties_are_refused_only_where_the_schema_forbids_them() {
    let open = validator(json!({"type": "object", "properties": {"size": {"type": "string"}}}));
    assert_eq!(open.validate(Some(&json!({"sice": 1}))), []);

    let closed = json!({"type": "object", "properties": {"size": {"type": "string"}}, "additionalProperties": false});
    let violations = validator(closed).validate(Some(&json!({"sice": "S"})));
    assert_eq!(violations[0].message, "property \"sice\" is unsupported");
    assert_eq!(violations[0].hint.as_deref(), Some("did you mean `size`?"));
}

#[test]
fn what_the_control_plane_writes_is_never_unknown() {
    for additional in [json!(false), json!({"type": "string"})] {
        let schema = validator(json!({"type": "object", "properties": {}, "additionalProperties": additional}));
        let body = json!({
            "recipe": {"name": "small"}, "status": {"outputResources": []}, "provisioningState": "Succeeded",
        });
        assert_eq!(schema.validate(Some(&body)), []);
    }
}

#[test]
fn a_closed_schema_refuses_what_it_does_not_declare_whatever_others_call_by_that_name() {
    let closed =
        json!({"type": "object", "properties": {"environment": {"type": "string"}}, "additionalProperties": false});
    let found = messages(&validator(closed), &json!({"environment": "e", "application": "a", "connections": {}}));
    assert_eq!(found, [" property \"application\" is unsupported", " property \"connections\" is unsupported"]);
    let of_numbers = validator(json!({"type": "object", "additionalProperties": {"type": "integer"}}));
    assert_eq!(messages(&of_numbers, &json!({"application": "a"})), ["/application value must be an integer"]);
}

#[test]
fn int32_is_checked_and_other_formats_of_numbers_are_not() {
    let schema = validator(json!({"properties": {
        "i": {"type": "integer", "format": "int32"}, "l": {"type": "integer", "format": "int64"},
    }}));
    let found = messages(&schema, &json!({"i": 2_147_483_648_i64, "l": u64::MAX}));
    let words = "/i integer doesn't match the format \"int32\" (value should be between -2147483648 and 2147483647)";
    assert_eq!(found, [words]);
}

#[test]
fn bounds_are_written_as_the_protocol_writes_numbers() {
    let schema = validator(json!({"properties": {
        "a": {"type": "integer", "minimum": 1_000_000}, "b": {"type": "number", "multipleOf": 0.5},
        "c": {"type": "number", "maximum": 0.000_01}, "d": {"type": "integer", "maximum": 10, "exclusiveMaximum": true},
    }}));
    let found = messages(&schema, &json!({"a": 1, "b": 0.3, "c": 1, "d": 10}));
    let expected = [
        "/a number must be at least 1e+06",
        "/b number must be a multiple of 0.5",
        "/c number must be at most 1e-05",
        "/d number must be less than 10",
    ];
    assert_eq!(found, expected);
}

#[test]
fn references_inside_the_schema_are_followed_also_in_circles_through_values() {
    let schema = validator(json!({
        "type": "object",
        "properties": {"name": {"type": "string"}, "child": {"$ref": "#"}, "other": {"$ref": "#/properties/name"}},
        "required": ["name"],
    }));
    let found = messages(&schema, &json!({"name": "a", "child": {"name": "b", "child": {}}, "other": 1}));
    assert_eq!(found, ["/child/child/name property \"name\" is missing", "/other value must be a string"]);
}

#[test]
fn references_in_circles_without_a_step_are_refused() {
    for schema in [
        json!({"$ref": "#"}),
        json!({"properties": {"a": {"$ref": "#/properties/b"}, "b": {"$ref": "#/properties/a"}}}),
        json!({"properties": {"a": {"allOf": [{"$ref": "#/properties/a"}]}}}),
        json!({"properties": {"a": {"$ref": "#/properties/missing"}}}),
    ] {
        let error = Validator::compile(&schema).expect_err("a circle or a dead end");
        assert!(error.contains("write the schema in place of the reference"), "{error}");
    }
}

#[test]
fn read_only_properties_may_be_repeated_and_not_changed() {
    let schema = validator(json!({"properties": {
        "host": {"type": "string", "readOnly": true},
        "nodes": {"type": "array", "items": {"type": "object", "properties": {"id": {"type": "string", "readOnly": true}}}},
        "key": {"type": "string", "readOnly": true},
    }, "required": ["key"]}));
    let stored = object(json!({"host": "db", "nodes": [{"id": "1"}], "key": "k"}));
    let read_only = |new: Json, stored: Option<&Map<String, Json>>| -> Vec<String> {
        let violations = schema.validate_read_only(&object(new), stored);
        violations.into_iter().map(|violation| format!("{} {}", violation.pointer, violation.message)).collect()
    };
    assert!(read_only(Json::Object(stored.clone()), Some(&stored)).is_empty());
    assert!(read_only(json!({}), Some(&stored)).is_empty());
    assert!(read_only(json!({"key": "given once"}), None).is_empty(), "required, and nobody else can set it");
    let changed = json!({"host": "other", "nodes": [{"id": "2"}], "key": "k"});
    let expected = ["/host property \"host\" is read-only", "/nodes/0/id property \"id\" is read-only"];
    assert_eq!(read_only(changed, Some(&stored)), expected);
    assert_eq!(read_only(json!({"host": "db"}), None), ["/host property \"host\" is read-only"]);
}

#[test]
fn sensitive_values_are_redacted_wherever_they_stand() {
    let schema = validator(json!({"properties": {
        "p": {"type": "string", "x-radius-sensitive": true},
        "o": {"type": "object", "properties": {"u": {"type": "string"}}, "x-radius-sensitive": true},
        "l": {"type": "array", "items": {"type": "object", "properties": {"k": {"type": "string", "x-radius-sensitive": true}}}},
        "m": {"type": "object", "additionalProperties": {"type": "string", "x-radius-sensitive": true}},
        "v": {"oneOf": [{"type": "object", "properties": {"s": {"type": "string", "x-radius-sensitive": true}}}]},
        "n": {"type": "string"},
    }}));
    assert!(schema.has_sensitive());
    let mut body = object(json!({
        "p": "a", "o": {"u": "b"}, "l": [{"k": "c", "x": 1}, {"k": ""}], "m": {"y": "d"}, "v": {"s": "e"}, "n": "plain", "extra": "f",
    }));
    schema.redact(&mut body);
    let expected = json!({
        "p": null, "o": null, "l": [{"k": null, "x": 1}, {"k": ""}], "m": {"y": null}, "v": {"s": null}, "n": "plain", "extra": "f",
    });
    assert_eq!(Json::Object(body), expected);
    assert!(!validator(json!({"properties": {"n": {"type": "string"}}})).has_sensitive());
}

#[test]
fn outputs_are_the_read_only_properties_of_the_first_level() {
    let schema = validator(json!({"properties": {
        "host": {"type": "string", "readOnly": true}, "size": {"type": "string"},
        "secrets": {"type": "object", "readOnly": true}, "port": {"type": "integer", "readOnly": true},
    }}));
    assert_eq!(schema.outputs(), ["host", "port"]);
}

#[test]
fn a_schema_is_compiled_once_and_a_changed_one_again() {
    let validators = Validators::default();
    let schema = catalog::Schema::from(json!({"type": "object"}));
    let first = validators.get(&schema).unwrap();
    assert!(Arc::ptr_eq(&first, &validators.get(&schema).unwrap()));
    let changed = validators.get(&catalog::Schema::from(json!({"type": "string"}))).unwrap();
    assert!(!Arc::ptr_eq(&first, &changed));
}

#[test]
fn validators_that_were_not_made_lately_are_let_go_and_made_again() {
    let validators = Validators::default();
    let schemas: Vec<catalog::Schema> = (0..=KEPT).map(|_| catalog::Schema::from(json!({"type": "object"}))).collect();
    let first = Arc::downgrade(&validators.get(&schemas[0]).unwrap());
    for schema in &schemas[1..] {
        validators.get(schema).unwrap();
    }
    assert!(first.upgrade().is_none());
    assert!(validators.get(&schemas[0]).unwrap().validate(Some(&json!({}))).is_empty());
}
