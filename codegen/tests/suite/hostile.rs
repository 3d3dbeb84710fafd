//! Schemas and texts that nobody would write.

use proptest::prelude::*;
use radii_codegen::bicep::json::{self, Layout};
use radii_codegen::bicep::types::{Sharing, StringType, Type, TypeTable};
use radii_codegen::{Input, Options, Target, generate};
use radii_diagnostics::Span;
use radii_model::document::Node;
use radii_model::manifest::{Manifest, ResourceType, Spanned, VersionEntry};
use radii_model::schema::Schema;
use serde_json::{Value as Json, json};

fn keyword() -> impl Strategy<Value = (String, Json)> {
    let word = prop::sample::select(vec!["string", "number", "integer", "boolean", "object", "array", "any", "enum"]);
    prop_oneof![
        word.prop_map(|word| ("type".to_owned(), json!(word))),
        any::<String>().prop_map(|text| ("description".to_owned(), json!(text))),
        any::<String>().prop_map(|text| ("pattern".to_owned(), json!(text))),
        any::<f64>().prop_map(|bound| ("minimum".to_owned(), json!(bound))),
        any::<i64>().prop_map(|bound| ("maximum".to_owned(), json!(bound))),
        any::<bool>().prop_map(|yes| ("exclusiveMaximum".to_owned(), json!(yes))),
        any::<u64>().prop_map(|length| ("maxLength".to_owned(), json!(length))),
        any::<bool>().prop_map(|yes| ("nullable".to_owned(), json!(yes))),
        any::<bool>().prop_map(|yes| ("readOnly".to_owned(), json!(yes))),
        any::<bool>().prop_map(|yes| ("x-radius-sensitive".to_owned(), json!(yes))),
        prop::collection::vec(any::<String>(), 0..3).prop_map(|values| ("enum".to_owned(), json!(values))),
        prop::collection::vec(any::<String>(), 0..3).prop_map(|names| ("required".to_owned(), json!(names))),
        any::<String>().prop_map(|text| ("$ref".to_owned(), json!(text))),
        any::<String>().prop_map(|text| ("default".to_owned(), json!(text))),
    ]
}

fn schema() -> impl Strategy<Value = Json> {
    let members = || prop::collection::vec(keyword(), 0..4);
    let leaf = members().prop_map(|members| Json::Object(members.into_iter().collect()));
    leaf.prop_recursive(4, 24, 3, move |inner| {
        let named = prop::collection::vec((any::<String>(), inner.clone()), 0..3);
        let named = named.prop_map(|named| ("properties".to_owned(), Json::Object(named.into_iter().collect())));
        let below = prop_oneof![
            named,
            inner.clone().prop_map(|schema| ("items".to_owned(), schema)),
            inner.clone().prop_map(|schema| ("additionalProperties".to_owned(), schema)),
            prop::collection::vec(inner, 1..3).prop_map(|schemas| ("oneOf".to_owned(), json!(schemas))),
        ];
        (members(), prop::collection::vec(below, 0..3))
            .prop_map(|(own, below)| Json::Object(own.into_iter().chain(below).collect()))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_schema_that_can_be_read_becomes_artifacts_that_can_be_read(schema in schema()) {
        let (schema, _) = Schema::from_node(&Node::from_json(&schema, Span::default()), "schema");
        let mut widgets = ResourceType::default();
        let entry = VersionEntry { schema, ..VersionEntry::default() };
        widgets.api_versions.insert("2025-01-01".parse().unwrap(), entry);
        let namespace = Spanned { value: "Test.Hostile".to_owned(), span: Span::default() };
        let types = [("widgets".to_owned(), widgets)].into_iter().collect();
        let manifest = [Manifest { namespace, locations: Default::default(), types }];
        let output = generate(&Input::new(&manifest), &Target::ALL, &Options::default());
        for (path, content) in output.artifacts.iter().filter(|(path, _)| path.extension() == Some("json")) {
            let parsed = serde_json::from_slice::<Json>(content);
            prop_assert!(parsed.is_ok(), "{path}: {parsed:?}");
        }
    }

    #[test]
    fn every_text_survives_both_layouts(text in any::<String>()) {
        for layout in [Layout::Go, Layout::TypeScript] {
            let mut table = TypeTable::new(Sharing::Singletons);
            table.add(Type::String(StringType { pattern: Some(text.clone()), ..StringType::default() }));
            let written = json::types(&table, layout);
            let read: Json = serde_json::from_str(&written).unwrap();
            // The Go layout leaves out what is empty.
            let expected = if text.is_empty() && layout == Layout::Go { Json::Null } else { json!(text) };
            prop_assert_eq!(&read[0]["pattern"], &expected);
        }
    }
}
