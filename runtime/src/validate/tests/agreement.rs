//! The compiled JSON Schema and the walk that explains agree on every body.

use proptest::prelude::*;
use radii_diagnostics::Span;
use radii_model::body::READ_ONLY_PROPERTY;
use radii_model::document::Node;
use radii_model::schema::Schema;
use serde_json::{Map, Value as Json, json};

use super::super::Validator;

fn scalar() -> impl Strategy<Value = Json> {
    prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        (-3_i64..8).prop_map(Json::from),
        (-3_i64..8).prop_map(|number| Json::from(number as f64)),
        (-6_i64..16).prop_map(|number| Json::from(number as f64 / 2.0)),
        Just(json!(12_345_678_901_234_567_890_123.0)),
        "[a-cX]{0,3}".prop_map(Json::from),
        Just(json!("2025-01-31")),
    ]
}

fn value() -> impl Strategy<Value = Json> {
    scalar().prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            prop::collection::vec(("[abk]", inner), 0..4)
                .prop_map(|members| Json::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// Keywords for any type, some of which say nothing about the type that they stand beside.
fn keyword() -> impl Strategy<Value = (String, Json)> {
    let number = || (-3_i64..8).prop_map(Json::from);
    let count = || (0_u64..4).prop_map(Json::from);
    let named = |name: &'static str, strategy: BoxedStrategy<Json>| {
        strategy.prop_map(move |value| (name.to_owned(), value)).boxed()
    };
    prop_oneof![
        named("minimum", number().boxed()),
        named("maximum", number().boxed()),
        named("exclusiveMinimum", prop_oneof![any::<bool>().prop_map(Json::from), number()].boxed()),
        named("exclusiveMaximum", any::<bool>().prop_map(Json::from).boxed()),
        named(
            "multipleOf",
            prop::sample::select(vec![json!(2), json!(0.5), json!(-2), json!(-0.5), json!(0), json!(0.0)]).boxed()
        ),
        named("minLength", count().boxed()),
        named("maxLength", count().boxed()),
        named("pattern", prop_oneof![Just("^a"), Just("b$"), Just(r"\w{2}")].prop_map(Json::from).boxed()),
        named(
            "format",
            prop_oneof![Just("date"), Just("byte"), Just("int32"), Just("uuid")].prop_map(Json::from).boxed()
        ),
        named("minItems", count().boxed()),
        named("maxItems", count().boxed()),
        named("uniqueItems", any::<bool>().prop_map(Json::from).boxed()),
        named("minProperties", count().boxed()),
        named("maxProperties", count().boxed()),
        named("required", prop::collection::vec("[abk]", 0..3).prop_map(Json::from).boxed()),
        named("enum", prop::collection::vec(scalar(), 0..4).prop_map(Json::from).boxed()),
        named("nullable", any::<bool>().prop_map(Json::from).boxed()),
        named("additionalProperties", any::<bool>().prop_map(Json::from).boxed()),
    ]
}

fn schema() -> impl Strategy<Value = Json> {
    let kinds =
        || prop_oneof![Just("string"), Just("number"), Just("integer"), Just("boolean"), Just("object"), Just("array")];
    let leaf = (prop::option::of(kinds()), prop::collection::vec(keyword(), 0..4)).prop_map(|(kind, keywords)| {
        let mut schema: Map<String, Json> = keywords.into_iter().collect();
        if let Some(kind) = kind {
            schema.insert("type".to_owned(), kind.into());
        }
        if kind == Some("array") {
            schema.insert("items".to_owned(), json!({}));
        }
        Json::Object(schema)
    });
    leaf.prop_recursive(3, 24, 4, |inner| {
        let with = |base: BoxedStrategy<Json>, name: &'static str, part: BoxedStrategy<Json>| {
            (base, part)
                .prop_map(move |(mut base, part)| {
                    base[name] = part;
                    base
                })
                .boxed()
        };
        let base = || inner.clone().boxed();
        let list = || prop::collection::vec(inner.clone(), 1..3).prop_map(Json::from).boxed();
        let members = || {
            prop::collection::vec(("[abk]", inner.clone()), 0..3)
                .prop_map(|members| Json::Object(members.into_iter().collect()))
                .boxed()
        };
        prop_oneof![
            with(base(), "items", base()),
            with(base(), "properties", members()),
            with(base(), "additionalProperties", base()),
            with(base(), "allOf", list()),
            with(base(), "anyOf", list()),
            with(base(), "oneOf", list()),
            with(base(), "not", base()),
            with(members(), "x-none", Just(json!(1)).boxed()).prop_map(|members| json!({"properties": members})),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]
    #[test]
    fn both_ways_of_validating_agree(schema in schema(), bodies in prop::collection::vec(value(), 1..6)) {
        let Ok(validator) = Validator::compile(&schema) else { return Ok(()) };
        let Some(compiled) = &validator.compiled else { return Ok(()) };
        for body in bodies {
            let matches = |pattern: &str, text: &str| validator.patterns[pattern].is_match(text);
            let violations = radii_model::value::violations_with(&validator.schema, &validator.schema, &body, &matches);
            prop_assert_eq!(compiled.is_valid(&body), violations.is_empty(), "{} with {}: {:?}", schema, body, violations);
            let resource = Node::from_json(&json!({ "properties": body }), Span::default());
            let explained = radii_model::body::check(&Schema::from_node(&Node::from_json(&schema, Span::default()), "").0, &resource, "");
            let explained: Vec<_> = explained.into_iter().filter(|said| said.is_error() && said.code != READ_ONLY_PROPERTY).collect();
            prop_assert_eq!(violations.is_empty(), explained.is_empty(), "{} with {}: {:?}", schema, body, explained);
        }
    }
}
