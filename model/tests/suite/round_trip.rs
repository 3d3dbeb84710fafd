//! What is written can be read again and means the same.

use indexmap::IndexMap;
use proptest::prelude::*;
use radii_diagnostics::{FileId, Span};
use radii_model::document::Node;
use radii_model::manifest::{self, Manifest, ResourceType, Spanned, VersionEntry};
use radii_model::schema::Schema;
use serde_json::{Map, Value as Json, json};

use crate::fixtures;

/// Returns the schema's meaning: what it writes, places left out.
fn read(document: &Json) -> (Schema, usize) {
    let (schema, diagnostics) = Schema::from_node(&Node::from_json(document, Span::default()), "");
    (schema, diagnostics.iter().filter(|it| it.is_error()).count())
}

/// Returns a manifest's meaning, places left out.
fn meaning(manifest: &Manifest) -> Json {
    let types = manifest.types.iter().map(|(name, resource_type)| {
        let versions = resource_type.api_versions.iter();
        let versions = versions.map(|(version, entry)| json!([version.to_string(), entry.schema.to_openapi()]));
        let capabilities = resource_type.capabilities.iter().map(|capability| capability.value.clone());
        json!([
            name,
            resource_type.description,
            capabilities.collect::<Vec<_>>(),
            resource_type.default_api_version.as_ref().map(|version| version.value.clone()),
            versions.collect::<Vec<_>>(),
        ])
    });
    json!([manifest.namespace.value, manifest.locations, types.collect::<Vec<_>>()])
}

#[test]
fn accepted_manifests_survive_writing_and_reading() {
    let files = fixtures::accepted();
    for (name, text) in &files {
        let (manifest, _) = manifest::parse(FileId(0), text);
        let manifest = manifest.expect("the manifest is accepted");
        let written = manifest.to_yaml();
        let (again, diagnostics) = manifest::parse(FileId(0), &written);
        assert!(
            !diagnostics.iter().any(radii_diagnostics::Diagnostic::is_error),
            "{name}: {diagnostics:#?}\n{written}"
        );
        let again = again.expect("what was written is a manifest");
        assert_eq!(meaning(&manifest), meaning(&again), "{name}:\n{written}");
        assert_eq!(written, again.to_yaml(), "{name}: writing twice gives the same bytes");
    }
    println!("{} manifests survive", files.len());
}

#[test]
fn keys_and_keywords_stand_in_a_fixed_order() {
    let text = fixtures::read("manifests-own/written.json");
    let (manifest, diagnostics) = manifest::parse(FileId(0), &text);
    assert!(diagnostics.is_empty(), "{diagnostics:#?}");
    insta::assert_snapshot!(manifest.unwrap().to_yaml());
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~]{0,12}",
        "\\PC{0,6}",
        "([a-z:#]{0,8}\n){1,3} ?[a-z]{0,4}",
        prop::sample::select(vec![
            "yes",
            "no",
            "1e3",
            "0x1F",
            "null",
            "~",
            "2025-01-01",
            "1:30",
            "- a",
            "? a",
            "!t",
            " a",
            "a ",
            "\t",
            "<<",
            "=",
            "."
        ])
        .prop_map(str::to_owned),
    ]
}

fn value() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<u64>().prop_map(Json::from),
        (-1e9_f64..1e9).prop_map(Json::from),
        text().prop_map(Json::from),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Json::from),
            prop::collection::vec((text(), inner), 0..3)
                .prop_map(|members| Json::Object(members.into_iter().collect())),
        ]
    })
}

fn keyword() -> impl Strategy<Value = (String, Json)> {
    let flags = [
        "nullable",
        "readOnly",
        "writeOnly",
        "deprecated",
        "x-radius-sensitive",
        "uniqueItems",
        "exclusiveMinimum",
        "exclusiveMaximum",
    ];
    let counts = ["minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"];
    let texts = ["format", "title", "description", "pattern"];
    let numbers = ["minimum", "maximum", "multipleOf"];
    let values = ["default", "example", "x-note"];
    let named = |names: &'static [&'static str], value: BoxedStrategy<Json>| (prop::sample::select(names), value);
    let leak = |names: Vec<&'static str>| -> &'static [&'static str] { Vec::leak(names) };
    prop_oneof![
        named(leak(flags.to_vec()), any::<bool>().prop_map(Json::from).boxed()),
        named(leak(counts.to_vec()), any::<u64>().prop_map(Json::from).boxed()),
        named(leak(texts.to_vec()), text().prop_map(Json::from).boxed()),
        named(
            leak(numbers.to_vec()),
            prop_oneof![any::<i64>().prop_map(Json::from), (-1e9_f64..1e9).prop_map(Json::from)].boxed()
        ),
        named(leak(values.to_vec()), value().boxed()),
        named(leak(vec!["enum"]), prop::collection::vec(value(), 0..3).prop_map(Json::from).boxed()),
        named(leak(vec!["required"]), prop::collection::vec(text(), 0..3).prop_map(Json::from).boxed()),
        named(
            leak(vec!["type"]),
            prop::sample::select(vec!["string", "number", "integer", "boolean", "object", "array"])
                .prop_map(Json::from)
                .boxed()
        ),
    ]
    .prop_map(|(name, value)| (name.to_owned(), value))
}

fn schema() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        9 => prop::collection::vec(keyword(), 0..5).prop_map(|keywords| Json::Object(keywords.into_iter().collect())),
        1 => text().prop_map(|reference| json!({"$ref": reference})),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        let list = prop::collection::vec(inner.clone(), 1..3).prop_map(Json::from);
        let members = prop::collection::vec((text(), inner.clone()), 0..3);
        let members = members.prop_map(|members| Json::Object(members.into_iter().collect()));
        let part = prop_oneof![
            (prop::sample::select(vec!["items", "not", "additionalProperties"]), inner.clone()),
            (prop::sample::select(vec!["allOf", "anyOf", "oneOf"]), list),
            (Just("properties"), members),
            (Just("additionalProperties"), any::<bool>().prop_map(Json::from)),
        ];
        (prop::collection::vec(keyword(), 0..3), prop::collection::vec(part, 1..3)).prop_map(|(keywords, parts)| {
            let parts = parts.into_iter().map(|(name, part)| (name.to_owned(), part));
            Json::Object(keywords.into_iter().chain(parts).collect::<Map<_, _>>())
        })
    })
}

proptest! {
    #[test]
    fn schemas_survive_writing_and_reading(document in schema()) {
        let (first, problems) = read(&document);
        prop_assert_eq!(problems, 0);
        let written = first.to_openapi();
        let (again, _) = read(&written);
        prop_assert_eq!(&written, &again.to_openapi());
        prop_assert_eq!(sorted(&document), sorted(&written));
    }

    #[test]
    fn generated_manifests_survive_writing_and_reading(
        document in schema(), description in prop::option::of(text()), address in prop::option::of("[a-z:/.0-9]{1,12}"),
    ) {
        let entry = VersionEntry { schema: read(&document).0, ..VersionEntry::default() };
        let resource_type = ResourceType {
            description,
            api_versions: IndexMap::from([("2025-01-01-preview".parse().unwrap(), entry)]),
            ..ResourceType::default()
        };
        let manifest = Manifest {
            namespace: Spanned { value: "Contoso.Data".to_owned(), span: Span::default() },
            locations: IndexMap::from([("global".to_owned(), address)]),
            types: IndexMap::from([("widgets".to_owned(), resource_type)]),
        };
        let written = manifest.to_yaml();
        let (again, diagnostics) = manifest::parse(FileId(0), &written);
        let again = again.ok_or_else(|| TestCaseError::fail(format!("{diagnostics:#?}\n{written}")))?;
        prop_assert_eq!(meaning(&manifest), meaning(&again), "{}", written);
    }
}

/// Returns the schema object without what means nothing: keywords that are false, empty lists of required names, the
/// order of keywords. References stand alone.
fn sorted(schema: &Json) -> Json {
    match schema {
        Json::Object(members) => {
            let mut kept: Vec<(String, Json)> =
                members.iter().map(|(name, value)| (name.clone(), sorted(value))).collect();
            kept.retain(|(name, value)| {
                let flag = [
                    "nullable",
                    "readOnly",
                    "writeOnly",
                    "deprecated",
                    "x-radius-sensitive",
                    "uniqueItems",
                    "exclusiveMinimum",
                    "exclusiveMaximum",
                ];
                !(flag.contains(&name.as_str()) && *value == json!(false) || name == "required" && *value == json!([]))
            });
            kept.sort_by(|(left, _), (right, _)| left.cmp(right));
            Json::Object(kept.into_iter().collect())
        }
        Json::Array(items) => items.iter().map(sorted).collect(),
        _ => schema.clone(),
    }
}
