//! Resources of types with several API versions, written through one and read through others.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use radii_runtime::store::Record;
use serde_json::{Value as Json, json};

use crate::app::{Answer, TestApp, thing, things_provider};

const FIRST: &str = "2024-08-01";
const SECOND: &str = "2025-01-01";
const PREVIEW: &str = "2025-06-01-preview";
const VERSIONS: [&str; 3] = [FIRST, SECOND, PREVIEW];

fn schemas() -> [(&'static str, Json); 3] {
    let text = || json!({ "type": "string" });
    [
        (
            FIRST,
            json!({ "type": "object", "deprecated": true, "properties": {
                "database": text(), "port": text(), "size": { "type": "string", "enum": ["S", "M"] },
                "legacy": text(), "token": { "type": "string", "x-radius-sensitive": true },
                "network": { "type": "object", "properties": { "cidr": text(), "dns": text() } },
            } }),
        ),
        (
            SECOND,
            json!({ "type": "object", "properties": {
                "name": { "type": "string", "x-radii-renamed-from": "database" }, "port": { "type": "integer" },
                "size": { "type": "string", "enum": ["small", "M", "L"], "x-radii-values-renamed-from": { "small": "S" } },
                "replicas": { "type": "integer" }, "token": text(),
                "host": { "type": "string", "readOnly": true },
                "network": { "type": "object", "properties": { "range": { "type": "string", "x-radii-renamed-from": "cidr" } } },
            } }),
        ),
        (
            PREVIEW,
            json!({ "type": "object", "properties": {
                "name": text(), "port": { "type": "integer" }, "replicas": { "type": "integer" },
                "size": { "type": "string", "enum": ["small", "M", "L"] },
                "labels": { "type": "object", "additionalProperties": { "type": "string" } },
                "key": { "type": "string", "x-radius-sensitive": true },
                "network": { "type": "object", "properties": { "range": text(), "dns": text() } },
            } }),
        ),
    ]
}

/// Registers `Contoso.Data/things` in all versions; `change` may change their schemas.
async fn app(default: Option<&str>, change: impl Fn(&mut Json)) -> TestApp {
    let app = TestApp::new().await;
    let (operator, provider) = (app.operator(), things_provider());
    operator.accepted(&provider, &json!({ "location": "global", "properties": {} })).await;
    let mut kind = json!({ "capabilities": ["ManualResourceProvisioning"] });
    if let Some(default) = default {
        kind["defaultApiVersion"] = default.into();
    }
    operator.accepted(&format!("{provider}/resourcetypes/things"), &json!({ "properties": kind })).await;
    for (version, mut schema) in schemas() {
        change(&mut schema);
        let body = json!({ "properties": { "schema": schema } });
        operator.accepted(&format!("{provider}/resourcetypes/things/apiversions/{version}"), &body).await;
    }
    let versions = json!({ FIRST: {}, SECOND: {}, PREVIEW: {} });
    let location = json!({ "properties": { "resourceTypes": { "things": { "apiVersions": versions } } } });
    operator.accepted(&format!("{provider}/locations/global"), &location).await;
    app
}

async fn things() -> TestApp {
    app(None, |_| {}).await
}

async fn put(app: &TestApp, version: &'static str, properties: &Json) -> Answer {
    let answer = app.through(version).accepted(&thing("one"), &json!({ "properties": properties })).await;
    app.work().await;
    answer
}

/// The properties as a version shows them.
async fn get(app: &TestApp, version: &'static str) -> Json {
    let answer = app.through(version).get(&thing("one")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let mut properties = answer.json()["properties"].clone();
    properties.as_object_mut().unwrap().remove("provisioningState");
    properties
}

async fn stored(app: &TestApp) -> Record {
    app.state.host.parts.store.find(&thing("one").parse().unwrap()).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_version_that_resources_are_stored_in_stays_until_none_needs_it() {
    let app = things().await;
    put(&app, PREVIEW, &json!({ "name": "orders" })).await;
    let registered = |version: &str| format!("{}/resourcetypes/things/apiversions/{version}", things_provider());
    let refused = app.operator().delete(&registered(SECOND)).await;
    let (code, said) = refused.error();
    assert_eq!((refused.status, code.as_str()), (409, "Conflict"), "{refused:?}");
    assert!(said.contains("/things/one`") && said.contains("defaultApiVersion"), "{said}");
    assert_eq!(app.operator().delete(&registered(FIRST)).await.status, 202, "nothing is stored in that one");
    assert_eq!(get(&app, PREVIEW).await, json!({ "name": "orders" }));

    let kind =
        json!({ "properties": { "capabilities": ["ManualResourceProvisioning"], "defaultApiVersion": PREVIEW } });
    app.operator().accepted(&format!("{}/resourcetypes/things", things_provider()), &kind).await;
    let refused = app.operator().delete(&registered(SECOND)).await;
    assert!(refused.error().1.contains("write these again"), "{refused:?}");
    put(&app, PREVIEW, &json!({ "name": "orders" })).await;
    assert_eq!(app.operator().delete(&registered(SECOND)).await.status, 202);
    assert_eq!(get(&app, PREVIEW).await, json!({ "name": "orders" }));
}

#[tokio::test]
async fn each_version_shows_the_resource_in_its_own_words() {
    let app = things().await;
    let written = json!({ "database": "orders", "size": "S", "port": "5432", "network": { "cidr": "10.0.0.0/8" } });
    let answer = put(&app, FIRST, &written).await;
    assert_eq!(answer.json()["properties"]["database"], "orders", "the answer is in the request's version");
    assert_eq!(get(&app, FIRST).await, written);
    let newer = json!({ "name": "orders", "size": "small", "port": 5432, "network": { "range": "10.0.0.0/8" } });
    assert_eq!(get(&app, SECOND).await, newer);
    assert_eq!(get(&app, PREVIEW).await, newer);
    let list = app.through(SECOND).get(thing("one").strip_suffix("/one").unwrap()).await.json();
    assert_eq!(list["value"][0]["properties"]["name"], "orders");
    let deleted = app.through(SECOND).delete(&thing("one")).await.json();
    assert_eq!(deleted["properties"]["name"], "orders");
}

#[tokio::test]
async fn a_put_through_an_old_version_keeps_what_only_newer_ones_know() {
    let app = things().await;
    let labels = json!({ "name": "orders", "replicas": 3, "size": "L", "labels": { "team": "shop" } });
    put(&app, PREVIEW, &labels).await;
    put(&app, FIRST, &json!({ "database": "renamed", "legacy": "yes" })).await;
    let mut expected = labels.clone();
    expected["name"] = "renamed".into();
    assert_eq!(get(&app, PREVIEW).await, expected);
    put(&app, SECOND, &json!({ "name": "renamed", "size": "M" })).await;
    assert_eq!(get(&app, FIRST).await, json!({ "database": "renamed", "size": "M", "legacy": "yes" }));
    assert_eq!(get(&app, PREVIEW).await["labels"], json!({ "team": "shop" }));
    assert_eq!(get(&app, PREVIEW).await.get("replicas"), None, "the version that knows it took it away");
}

#[tokio::test]
async fn secrets_of_any_version_are_shown_by_none_and_kept_by_none() {
    let app = things().await;
    put(&app, PREVIEW, &json!({ "name": "orders", "key": "hunter2" })).await;
    put(&app, SECOND, &json!({ "name": "orders", "token": "hunter3" })).await;
    for version in VERSIONS {
        let shown = get(&app, version).await.to_string();
        assert!(!shown.contains("hunter"), "{version}: {shown}");
    }
    let record = stored(&app).await;
    let everything = format!("{:?} {:?}", record.properties, record.private);
    assert!(!everything.contains("hunter"), "{everything}");
}

#[tokio::test]
async fn what_is_read_only_in_one_version_may_be_sent_back_through_it() {
    let app = things().await;
    put(&app, FIRST, &json!({ "database": "orders" })).await;
    let refused = app.through(SECOND).put(&thing("one"), &json!({ "properties": { "host": "mine" } })).await;
    assert_eq!(refused.status, 400, "{refused:?}");
    let back = get(&app, SECOND).await;
    put(&app, SECOND, &back).await;
    assert_eq!(get(&app, SECOND).await, back);
}

#[tokio::test]
async fn a_body_is_checked_by_the_version_it_is_sent_through() {
    let app = things().await;
    for (version, body) in [(FIRST, json!({ "port": 5432 })), (SECOND, json!({ "port": "5432" }))] {
        let refused = app.through(version).put(&thing("one"), &json!({ "properties": body })).await;
        assert_eq!(refused.status, 400, "{version}: {refused:?}");
    }
}

#[tokio::test]
async fn resources_are_stored_in_the_default_version() {
    for (default, expected) in [(None, SECOND), (Some(PREVIEW), PREVIEW), (Some("1999-01-01"), SECOND)] {
        let app = app(default, |_| {}).await;
        put(&app, FIRST, &json!({ "database": "orders" })).await;
        let record = stored(&app).await;
        assert_eq!(record.api_version.map(|version| version.to_string()).as_deref(), Some(expected));
        assert_eq!(record.properties["name"], "orders");
    }
}

#[tokio::test]
async fn tags_are_the_resources_and_tell_changes_of_what_is_kept_aside() {
    let app = things().await;
    put(&app, PREVIEW, &json!({ "labels": { "a": "1" } })).await;
    let tag = async |version| app.through(version).get(&thing("one")).await.header("etag").to_owned();
    let first = tag(FIRST).await;
    assert_eq!(first, tag(PREVIEW).await);
    let body = json!({ "properties": { "labels": { "a": "2" } } });
    let written = app.through(PREVIEW).put_with(&thing("one"), &body, &[("if-match", &first)]).await;
    assert_eq!(written.status, 201, "{written:?}");
    app.work().await;
    assert_ne!(first, tag(FIRST).await, "another version shows what changed");
}

#[tokio::test]
async fn types_that_declare_no_conversion_are_served_as_they_were_written() {
    let plain = |schema: &mut Json| {
        for property in schema["properties"].as_object_mut().unwrap().values_mut() {
            property.as_object_mut().unwrap().retain(|key, _| !key.starts_with("x-radii"));
        }
        schema["properties"]["network"] = json!({ "type": "object" });
    };
    let app = app(None, plain).await;
    put(&app, FIRST, &json!({ "database": "orders" })).await;
    assert_eq!(get(&app, SECOND).await, json!({ "database": "orders" }));
    put(&app, SECOND, &json!({ "name": "other" })).await;
    assert_eq!(get(&app, FIRST).await, json!({ "name": "other" }));
    let marked = self::app(None, |schema| {
        plain(schema);
        schema["x-radii-converted"] = true.into();
    });
    let app = marked.await;
    put(&app, PREVIEW, &json!({ "name": "orders", "labels": { "a": "1" } })).await;
    put(&app, FIRST, &json!({ "legacy": "yes" })).await;
    assert_eq!(get(&app, PREVIEW).await, json!({ "name": "orders", "labels": { "a": "1" } }));
}

#[tokio::test]
async fn deprecated_versions_say_so_and_name_their_successor() {
    let told = |schema: &mut Json| {
        if schema["deprecated"] == true {
            schema["x-radii-deprecated"] = "2025-02-01".into();
            schema["x-radii-sunset"] = "2026-06-30".into();
            schema["x-radii-deprecation-link"] = "https://contoso.example/migrate".into();
        }
    };
    let app = app(None, told).await;
    let created = put(&app, FIRST, &json!({ "database": "orders" })).await;
    let list = app.through(FIRST).get(thing("one").strip_suffix("/one").unwrap()).await;
    for answer in [&created, &list] {
        assert_eq!(answer.header("deprecation"), "@1738368000");
        assert_eq!(answer.header("sunset"), "Tue, 30 Jun 2026 00:00:00 GMT");
        let links: Vec<_> = answer.headers.get_all("link").iter().map(|link| link.to_str().unwrap()).collect();
        assert_eq!(links[0], "<https://contoso.example/migrate>; rel=\"deprecation\"; type=\"text/html\"");
        assert!(links[1].ends_with("?api-version=2025-01-01>; rel=\"successor-version\""), "{links:?}");
        assert!(links[1].starts_with("<http://radii.example.com/apis/"), "{links:?}");
    }
    assert_eq!(app.through(SECOND).get(&thing("one")).await.header("deprecation"), "");
    let wrong = json!({ "properties": { "schema": { "type": "object", "x-radii-sunset": "soon" } } });
    let version = format!("{}/resourcetypes/things/apiversions/2030-01-01", things_provider());
    assert_eq!(app.operator().put(&version, &wrong).await.status, 400);
}

#[tokio::test]
async fn a_version_that_is_gone_leaves_its_resources_readable() {
    let app = things().await;
    put(&app, FIRST, &json!({ "database": "orders", "legacy": "yes" })).await;
    let version = format!("{}/resourcetypes/things/apiversions/{SECOND}?force=true", things_provider());
    let deleted = app.operator().delete(&version).await;
    assert_eq!(deleted.status, 202, "{deleted:?}");
    assert!(get(&app, FIRST).await.to_string().contains("orders"));
}

fn body_of(version: &'static str) -> BoxedStrategy<Json> {
    let member = |name: &'static str, values: Vec<Json>| {
        proptest::option::of(prop::sample::select(values)).prop_map(move |value| value.map(|value| (name, value)))
    };
    let size = |small: &str| vec![json!(small), json!("M")];
    let members = match version {
        FIRST => vec![
            member("database", vec![json!("a"), json!("")]),
            member("port", vec![json!("5432"), json!("05432"), json!("http")]),
            member("size", size("S")),
            member("legacy", vec![json!("x")]),
            member("network", vec![json!({}), json!({ "cidr": "c" }), json!({ "cidr": "c", "dns": "d" })]),
        ],
        SECOND => vec![
            member("name", vec![json!("b")]),
            member("port", vec![json!(80), json!(0)]),
            member("size", [size("small"), vec![json!("L")]].concat()),
            member("replicas", vec![json!(1), json!(2)]),
            member("network", vec![json!({}), json!({ "range": "r" })]),
        ],
        _ => vec![
            member("name", vec![json!("c")]),
            member("size", [size("small"), vec![json!("L")]].concat()),
            member("labels", vec![json!({}), json!({ "k": "v", "l": "" })]),
            member("network", vec![json!({ "dns": "e" }), json!({ "range": "s", "dns": "e" })]),
        ],
    };
    members
        .prop_map(|members| {
            members
                .into_iter()
                .flatten()
                .map(|(name, value)| (name.to_owned(), value))
                .collect::<serde_json::Map<_, _>>()
                .into()
        })
        .boxed()
}

fn write() -> impl Strategy<Value = (&'static str, Json)> {
    prop::sample::select(VERSIONS.to_vec()).prop_flat_map(|version| (Just(version), body_of(version)))
}

#[test]
fn what_a_version_wrote_it_reads_and_writing_back_what_was_read_changes_nothing() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let app = runtime.block_on(things());
    let writes = prop::collection::vec(write(), 1..5);
    let config = Config { cases: 150, failure_persistence: None, ..Config::default() };
    let result = TestRunner::new(config).run(&writes, |writes| {
        runtime.block_on(async {
            for (version, body) in &writes {
                put(&app, version, body).await;
                prop_assert_eq!(&get(&app, version).await, body, "through {}", version);
            }
            let mut shown = Vec::new();
            for version in VERSIONS {
                shown.push(get(&app, version).await);
            }
            for (through, body) in VERSIONS.into_iter().zip(&shown) {
                put(&app, through, body).await;
                for (version, before) in VERSIONS.into_iter().zip(&shown) {
                    prop_assert_eq!(&get(&app, version).await, before, "{} after writing back {}", version, through);
                }
            }
            app.through(SECOND).delete(&thing("one")).await;
            app.work().await;
            Ok(())
        })
    });
    result.unwrap_or_else(|error| panic!("{error}"));
}
