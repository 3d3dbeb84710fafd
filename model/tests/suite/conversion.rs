//! Bodies that travel between API versions.

use proptest::prelude::*;
use radii_diagnostics::FileId;
use radii_model::ApiVersion;
use radii_model::conversion::{Conversions, Converted, KeptAside, RENAMED_FROM};
use radii_model::manifest::{self, Manifest};
use radii_model::schema::Schema;
use serde_json::{Map, Value as Json, json};

const DATABASES: &str = r"
namespace: Contoso.Data
types:
  databases:
    apiVersions:
      '2024-08-01':
        schema:
          type: object
          properties:
            database: {type: string}
            size: {type: string, enum: [S, M]}
            port: {type: string}
            network: {type: object, properties: {cidr: {type: string}, dns: {type: string}}}
      '2025-01-01':
        schema:
          type: object
          properties:
            name: {type: string, x-radii-renamed-from: database}
            size: {type: string, enum: [small, M, L], x-radii-values-renamed-from: {small: S}}
            port: {type: integer}
            replicas: {type: integer, default: 0}
            tier: {type: string, default: basic}
            network: {type: object, properties: {range: {type: string, x-radii-renamed-from: cidr}}}
          required: [tier]
      '2026-01-01':
        schema:
          type: object
          properties:
            title: {type: string, x-radii-renamed-from: name}
            replicas: {type: integer}
            network: {type: object, properties: {range: {type: string}, dns: {type: string}}}
";

fn databases() -> Manifest {
    let (manifest, diagnostics) = manifest::parse(FileId::default(), DATABASES);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    manifest.unwrap()
}

/// Converts through the versions given, storing what is kept aside as JSON on every way.
fn travel(manifest: &Manifest, body: &Json, way: &[&str]) -> Converted {
    let conversions = Conversions::of(&manifest.types[0]);
    let mut at = Converted { body: body.clone(), kept_aside: KeptAside::default() };
    for pair in way.windows(2) {
        let version = |text: &str| text.parse::<ApiVersion>().unwrap();
        let stored = serde_json::to_string(&at.kept_aside).unwrap();
        let kept = serde_json::from_str(&stored).unwrap();
        at = conversions.convert(&at.body, &kept, &version(pair[0]), &version(pair[1])).unwrap();
    }
    at
}

#[test]
fn renamed_properties_and_values_keep_their_data() {
    let body = json!({"database": "orders", "size": "S", "network": {"cidr": "10.0.0.0/8"}, "environment": "/e"});
    let newer = travel(&databases(), &body, &["2024-08-01", "2025-01-01"]);
    let expected = json!({"name": "orders", "size": "small", "network": {"range": "10.0.0.0/8"}, "environment": "/e", "tier": "basic"});
    assert_eq!(newer.body, expected);
    let newest = travel(&databases(), &body, &["2024-08-01", "2026-01-01"]);
    assert_eq!(newest.body, json!({"title": "orders", "network": {"range": "10.0.0.0/8"}, "environment": "/e"}));
}

#[test]
fn what_a_version_does_not_know_comes_back() {
    let body = json!({"name": "orders", "replicas": 3, "size": "L", "tier": "gold"});
    let manifest = databases();
    let older = travel(&manifest, &body, &["2025-01-01", "2024-08-01"]);
    assert_eq!(older.body, json!({"database": "orders"}));
    assert!(!older.kept_aside.is_empty());
    let back = travel(&manifest, &body, &["2025-01-01", "2024-08-01", "2026-01-01", "2024-08-01", "2025-01-01"]);
    assert_eq!(back.body, body);
    assert!(back.kept_aside.is_empty(), "{:?}", back.kept_aside);
}

#[test]
fn data_that_a_later_version_knows_again_is_there() {
    let body = json!({"network": {"cidr": "10.0.0.0/8", "dns": "10.0.0.2"}});
    let newest = travel(&databases(), &body, &["2024-08-01", "2025-01-01", "2026-01-01"]);
    assert_eq!(newest.body, json!({"network": {"range": "10.0.0.0/8", "dns": "10.0.0.2"}}));
}

#[test]
fn a_changed_type_is_spelled_differently_and_comes_back_as_it_was() {
    let manifest = databases();
    for (port, number) in [("5432", json!(5432)), ("05432", Json::Null), ("http", Json::Null)] {
        let body = json!({"port": port});
        let newer = travel(&manifest, &body, &["2024-08-01", "2025-01-01"]);
        assert_eq!(newer.body["port"], number, "{port}");
        assert_eq!(travel(&manifest, &body, &["2024-08-01", "2025-01-01", "2024-08-01"]).body, body);
    }
}

#[test]
fn a_change_made_in_between_wins_over_what_was_kept_aside() {
    let manifest = databases();
    let conversions = Conversions::of(&manifest.types[0]);
    let (old, new) = ("2024-08-01".parse().unwrap(), "2025-01-01".parse().unwrap());
    let body = json!({"port": "http", "database": "orders"});
    let mut newer = conversions.convert(&body, &KeptAside::default(), &old, &new).unwrap();
    newer.body["port"] = json!(80);
    newer.body["tier"] = json!("gold");
    let back = conversions.convert(&newer.body, &newer.kept_aside, &new, &old).unwrap();
    assert_eq!(back.body, json!({"port": "80", "database": "orders"}));
    let again = conversions.convert(&back.body, &back.kept_aside, &old, &new).unwrap();
    assert_eq!(again.body, json!({"port": 80, "name": "orders", "tier": "gold"}));
}

#[test]
fn a_removed_object_takes_with_it_what_was_kept_aside_of_it() {
    let manifest = databases();
    let conversions = Conversions::of(&manifest.types[0]);
    let (old, new) = ("2024-08-01".parse().unwrap(), "2025-01-01".parse().unwrap());
    let body = json!({"network": {"cidr": "10.0.0.0/8", "dns": "10.0.0.2"}});
    let mut newer = conversions.convert(&body, &KeptAside::default(), &old, &new).unwrap();
    newer.body.as_object_mut().unwrap().remove("network");
    let back = conversions.convert(&newer.body, &newer.kept_aside, &new, &old).unwrap();
    assert_eq!(back.body, json!({}));
    assert!(back.kept_aside.is_empty(), "{:?}", back.kept_aside);
}

#[test]
fn a_version_that_is_not_there_is_named_with_those_that_are() {
    let manifest = databases();
    let conversions = Conversions::of(&manifest.types[0]);
    let (old, absent) = ("2024-08-01".parse().unwrap(), "2030-01-01".parse().unwrap());
    let error = conversions.convert(&json!({}), &KeptAside::default(), &old, &absent).unwrap_err();
    let expected =
        "the type has no API version `2030-01-01`; its versions are `2024-08-01`, `2025-01-01`, `2026-01-01`";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn conversions_survive_being_written_as_yaml() {
    let manifest = databases();
    let (again, diagnostics) = manifest::parse(FileId::default(), &manifest.to_yaml());
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    let schemas = |manifest: &Manifest| -> Vec<Json> {
        manifest.types[0].api_versions.values().map(|entry| entry.schema.to_openapi()).collect()
    };
    assert_eq!(schemas(&manifest), schemas(&again.unwrap()));
}

#[test]
fn renames_that_cannot_be_carried_out_are_reported_where_they_stand() {
    let cases = [
        (
            "x: {type: string, x-radii-renamed-from: gone}",
            "`2024-01-01` has no property `gone` that could have become `x`",
        ),
        ("x: {type: string, x-radii-renamed-from: 1}", "`x-radii-renamed-from` must be a name"),
        (
            "a: {type: string}\n            x: {type: string, x-radii-renamed-from: a}",
            "`a` cannot become `x`: it becomes another property as well",
        ),
        (
            "s: {type: string, enum: [u], x-radii-values-renamed-from: {u: nowhere}}",
            "\"nowhere\" is no value that the preceding API version has",
        ),
        ("s: {type: string, enum: [u], x-radii-values-renamed-from: {v: t}}", "`v` is no value of the `enum`"),
    ];
    for (property, message) in cases {
        let text = format!(
            "namespace: Contoso.Data
types:
  things:
    apiVersions:
      '2024-01-01':
        schema:
          type: object
          properties:
            a: {{type: string}}
            s: {{type: string, enum: [t]}}
      '2025-01-01':
        schema:
          type: object
          properties:
            {property}
"
        );
        let (_, diagnostics) = manifest::parse(FileId::default(), &text);
        let messages: Vec<_> = diagnostics.iter().map(|diagnostic| diagnostic.message.as_str()).collect();
        assert_eq!(messages, [message]);
    }
}

const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];
const VERSIONS: [&str; 4] = ["2024-01-01", "2024-06-01-preview", "2024-06-01", "2025-01-01"];

fn leaf_schema() -> impl Strategy<Value = Json> {
    prop::sample::select(vec![
        json!({"type": "string"}),
        json!({"type": "string", "default": "x"}),
        json!({"type": "integer"}),
        json!({"type": "integer", "default": 1}),
        json!({"type": "number", "maximum": 5}),
        json!({"type": "boolean"}),
        json!({"type": "string", "nullable": true}),
        json!({"type": "string", "enum": ["x", "y"]}),
        json!({"type": "string", "enum": ["y", "z"], "default": "z"}),
        json!({"type": "array", "items": {"type": "string"}}),
        json!({"type": "array", "items": {"type": "object", "properties": {"a": {"type": "integer"}}}}),
        json!({"type": "object", "additionalProperties": {"type": "string"}}),
        json!({"type": "object"}),
        json!({"type": "string", "x-radius-sensitive": true}),
        json!({"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": false}),
    ])
}

fn object_schema(inner: BoxedStrategy<Json>) -> BoxedStrategy<Json> {
    let properties = prop::collection::btree_map(prop::sample::select(NAMES.to_vec()), inner, 0..4);
    (properties, prop::collection::vec(any::<bool>(), 5), any::<bool>())
        .prop_map(|(properties, required, closed)| {
            let required: Vec<_> =
                properties.keys().zip(required).filter(|(_, required)| *required).map(|(name, _)| *name).collect();
            let mut schema = json!({"type": "object", "properties": properties, "required": required});
            if closed {
                schema["additionalProperties"] = json!(false);
            }
            schema
        })
        .boxed()
}

fn root_schema() -> BoxedStrategy<Json> {
    object_schema(prop_oneof![3 => leaf_schema(), 1 => object_schema(leaf_schema().boxed())].boxed())
}

fn any_value() -> impl Strategy<Value = Json> {
    let leaf = prop::sample::select(vec![
        json!(null),
        json!(true),
        json!(1),
        json!(2.5),
        json!(7),
        json!("x"),
        json!("y"),
        json!("z"),
        json!("1"),
        json!("01"),
        json!("true"),
        json!([]),
        json!(["x"]),
        json!([1, "x"]),
        json!({}),
    ]);
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::btree_map(prop::sample::select(NAMES.to_vec()), inner.clone(), 0..4)
                .prop_map(|members| json!(members)),
            prop::collection::vec(inner, 0..3).prop_map(Json::Array),
        ]
    })
}

fn body() -> impl Strategy<Value = Json> {
    prop::collection::btree_map(prop::sample::select(NAMES.to_vec()), any_value(), 0..5)
        .prop_map(|members| json!(members))
}

/// Lets properties of a version be heirs of those of the version before, as far as the rules allow it.
fn rename(older: &Json, newer: &mut Json, picks: &[(usize, usize)]) {
    let old_names: Vec<String> = older["properties"].as_object().unwrap().keys().cloned().collect();
    for (new, old) in picks {
        let names: Vec<String> = newer["properties"].as_object().unwrap().keys().cloned().collect();
        if names.is_empty() || old_names.is_empty() {
            return;
        }
        let (new, old) = (&names[new % names.len()], &old_names[old % old_names.len()]);
        let taken = names.iter().any(|name| {
            let heir = newer["properties"][name].get(RENAMED_FROM).and_then(Json::as_str);
            heir == Some(old) || (name == old && heir.is_none())
        });
        // A property whose name lives on in a third one would have two heirs.
        if !taken && newer["properties"][new].get(RENAMED_FROM).is_none() {
            newer["properties"][new][RENAMED_FROM] = json!(old);
        }
    }
}

fn history() -> impl Strategy<Value = String> {
    let picks = prop::collection::vec((0usize..5, 0usize..5), 0..3);
    prop::collection::vec((root_schema(), picks), VERSIONS.len()).prop_map(|mut list| {
        for at in 1..list.len() {
            let (older, newer) = list.split_at_mut(at);
            let picks = newer[0].1.clone();
            rename(&older[at - 1].0, &mut newer[0].0, &picks);
        }
        let versions: Map<String, Json> = VERSIONS
            .iter()
            .zip(list)
            .map(|(version, (schema, _))| ((*version).to_owned(), json!({"schema": schema})))
            .collect();
        json!({"namespace": "Contoso.Data", "types": {"things": {"apiVersions": versions}}}).to_string()
    })
}

/// Returns the body as the server stores it: what is required and has a default is there.
fn complete(schema: &Schema, body: &mut Json) {
    let Json::Object(members) = body else { return };
    for (name, property) in &schema.properties {
        let default = property.schema.default.as_ref().filter(|_| schema.required.contains(name));
        if let (Some(default), false) = (default, members.contains_key(name)) {
            members.insert(name.clone(), default.clone());
        }
        members.get_mut(name).into_iter().for_each(|member| complete(&property.schema, member));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn a_body_survives_every_journey(
        history in history(),
        body in body(),
        way in prop::collection::vec(prop::sample::select(VERSIONS.to_vec()), 1..6),
    ) {
        let manifest = manifest::parse(FileId::default(), &history).0.unwrap();
        let (mut way, mut body) = (way, body);
        complete(&manifest.types[0].api_versions[&way[0].parse::<ApiVersion>().unwrap()].schema, &mut body);
        way.push(way[0]);
        let home = travel(&manifest, &body, &way);
        prop_assert_eq!(&home.body, &body, "kept aside: {:?}", home.kept_aside);
    }
}
