use std::collections::BTreeMap;

use axum::Router;
use axum::body::Body;
use http::Request;
use http_body_util::BodyExt;
use radii_runtime::worker;
use serde_json::{Value as Json, json};
use tower::ServiceExt;

use super::filter::Filter;
use crate::AppState;
use crate::access::policy::Actor;
use crate::serve::{Options, in_process};

const BASE: &str = "/apis/api.ucp.dev/v1alpha3";
const GROUPS: &str = "/planes/radius/local/resourceGroups";
const NATIVE: &str = "2023-10-01-preview";
const VERSION: &str = "2025-01-01";

struct App {
    router: Router,
    state: AppState,
}

/// An event as a client sees it: its name, its id, its data.
type Event = (String, String, Json);

/// An open watch.
struct Watch {
    body: Body,
    text: String,
}

impl App {
    async fn new() -> Self {
        let (router, state) = in_process(&Options::default(), Vec::new(), Vec::new()).await.unwrap();
        Self { router, state }
    }

    async fn send(&self, method: &str, path: &str, body: &Json) -> (u16, Json) {
        let version = if path.contains("System.") || path.contains("/resourceGroups/") && !path.contains("/providers/")
        {
            NATIVE
        } else {
            VERSION
        };
        let request = Request::builder()
            .method(method)
            .uri(format!("{BASE}{path}?api-version={version}"))
            .header("content-type", "application/json")
            .body(Body::from(body.to_string()))
            .unwrap();
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let status = answer.status().as_u16();
        let bytes = answer.into_body().collect().await.unwrap().to_bytes();
        while worker::run_once(&self.state.host, &worker::Options::default()).await.unwrap() {}
        (status, serde_json::from_slice(&bytes).unwrap_or_default())
    }

    async fn put(&self, path: &str, body: &Json) {
        let (status, answer) = self.send("PUT", path, body).await;
        assert!(status < 300, "{path}: {answer}");
    }

    async fn group(&self, name: &str, tag: &str) {
        self.put(&format!("{GROUPS}/{name}"), &json!({ "location": "global", "tags": { "tag": tag } })).await;
    }

    async fn ask(&self, query: &str, last: Option<&str>) -> Result<Watch, (u16, String)> {
        let mut request = Request::get(format!("{BASE}/watch?{query}"));
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let answer = self.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let status = answer.status().as_u16();
        if status == 200 {
            assert_eq!(answer.headers()["content-type"], "text/event-stream");
            return Ok(Watch { body: answer.into_body(), text: String::new() });
        }
        let bytes = answer.into_body().collect().await.unwrap().to_bytes();
        let body: Json = serde_json::from_slice(&bytes).unwrap();
        Err((status, body["error"]["message"].as_str().unwrap().to_owned()))
    }

    async fn watch(&self, query: &str) -> Watch {
        self.ask(query, None).await.unwrap_or_else(|refused| panic!("{refused:?}"))
    }
}

impl Watch {
    async fn next(&mut self) -> Event {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let event = read(event);
                self.text = rest.to_owned();
                return event;
            }
            let frame = self.body.frame().await.expect("the watch goes on").unwrap();
            self.text.push_str(std::str::from_utf8(&frame.into_data().unwrap()).unwrap());
        }
    }

    /// Returns the names of what is there, and the position from which changes come.
    async fn existing(&mut self) -> (Vec<String>, String) {
        let mut names = Vec::new();
        loop {
            let (event, id, data) = self.next().await;
            match event.as_str() {
                "bookmark" => return (names, id),
                _ => {
                    assert_eq!((event.as_str(), id.as_str()), ("added", ""));
                    names.push(data["resource"]["name"].as_str().unwrap().to_owned());
                }
            }
        }
    }

    /// Returns the next change as its event and the name of its record.
    async fn change(&mut self) -> (String, String) {
        let (event, _, data) = self.next().await;
        (event, data["resource"]["name"].as_str().unwrap_or_default().to_owned())
    }
}

fn read(text: &str) -> Event {
    let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().to_owned();
    (field("event: "), field("id: "), serde_json::from_str(&field("data: ")).unwrap())
}

fn pair(event: &str, name: &str) -> (String, String) {
    (event.to_owned(), name.to_owned())
}

const ONLY_GROUPS: &str = "type=System.Resources/resourceGroups";

#[tokio::test]
async fn a_watch_shows_what_is_there_and_then_what_changes() {
    let app = App::new().await;
    app.group("one", "a").await;
    let mut watch = app.watch(ONLY_GROUPS).await;
    assert_eq!(watch.existing().await.0, ["one"]);
    app.group("two", "a").await;
    assert_eq!(watch.change().await, pair("added", "two"));
    app.group("one", "b").await;
    let (event, id, data) = watch.next().await;
    assert_eq!((event.as_str(), &data["resource"]["tags"]), ("modified", &json!({ "tag": "b" })));
    assert_eq!(data["revision"], id);
    app.send("DELETE", &format!("{GROUPS}/two"), &json!({})).await;
    let (event, _, data) = watch.next().await;
    let gone = json!({ "id": "/planes/radius/local/resourcegroups/two", "name": "two", "type": "System.Resources/resourceGroups" });
    assert_eq!((event.as_str(), &data["resource"]), ("deleted", &gone));
}

#[tokio::test]
async fn a_watch_goes_on_behind_the_last_event_that_its_client_saw() {
    let app = App::new().await;
    let (_, id) = app.watch(ONLY_GROUPS).await.existing().await;
    app.group("one", "a").await;
    app.group("two", "a").await;
    let since = format!("{ONLY_GROUPS}&since={id}");
    let mut watch = app.watch(&since).await;
    assert_eq!(watch.change().await, pair("added", "one"));
    let mut watch = app.watch(&since).await;
    let (_, first, _) = watch.next().await;
    // What a browser sends when it comes back counts before the address that it comes back to.
    let mut again = app.ask(&since, Some(&first)).await.unwrap_or_else(|refused| panic!("{refused:?}"));
    assert_eq!(again.change().await, pair("added", "two"));
    let mut now = app.watch(&format!("{ONLY_GROUPS}&since=now")).await;
    app.group("three", "a").await;
    assert_eq!(now.change().await, pair("added", "three"));
}

#[tokio::test]
async fn a_position_that_this_store_never_gave_is_answered_with_how_to_begin_again() {
    let app = App::new().await;
    let (status, message) = app.ask("since=999999999", None).await.err().unwrap();
    assert_eq!(status, 410);
    assert!(message.contains("begin again without `since`"), "{message}");
}

#[tokio::test]
async fn what_means_nothing_is_refused_with_what_may_stand_there() {
    let app = App::new().await;
    for (query, expected) in [
        ("scpoe=/planes", "did you mean `scope`?"),
        ("scope=nowhere", "such as `/planes/radius/local/resourceGroups/shop`"),
        ("type=things", "such as `Applications.Core/containers`"),
        ("since=yesterday", "give the id of the last event, or `now`"),
        ("api-version=latest", "is not an API version"),
    ] {
        let (status, message) = app.ask(query, None).await.err().unwrap();
        assert_eq!(status, 400);
        assert!(message.contains(expected), "{query}: {message}");
    }
}

async fn with_things(app: &App) {
    let provider = "/planes/radius/local/providers/System.Resources/resourceproviders/Contoso.Data";
    app.put(provider, &json!({ "location": "global", "properties": {} })).await;
    let kind = json!({ "properties": { "capabilities": ["ManualResourceProvisioning"] } });
    app.put(&format!("{provider}/resourcetypes/things"), &kind).await;
    let schemas = [
        ("2024-01-01", json!({ "old": { "type": "string" }, "key": { "type": "string" } })),
        (
            VERSION,
            json!({ "new": { "type": "string", "x-radii-renamed-from": "old" }, "key": { "type": "string", "x-radius-sensitive": true } }),
        ),
    ];
    for (version, properties) in schemas {
        let schema = json!({ "properties": { "schema": { "type": "object", "properties": properties } } });
        app.put(&format!("{provider}/resourcetypes/things/apiversions/{version}"), &schema).await;
    }
    let versions = json!({ "2024-01-01": {}, VERSION: {} });
    let location = json!({ "properties": { "resourceTypes": { "things": { "apiVersions": versions } } } });
    app.put(&format!("{provider}/locations/global"), &location).await;
}

#[tokio::test]
async fn resources_are_shown_in_the_version_asked_for_and_without_secrets() {
    let app = App::new().await;
    with_things(&app).await;
    app.group("shop", "a").await;
    let thing = format!("{GROUPS}/shop/providers/Contoso.Data/things/one");
    let mut default = app.watch("type=Contoso.Data/things").await;
    let mut old = app.watch("type=Contoso.Data/things&api-version=2024-01-01").await;
    assert!(default.existing().await.0.is_empty() && old.existing().await.0.is_empty());
    app.put(&thing, &json!({ "properties": { "new": "x", "key": "hunter2" } })).await;
    let (_, _, data) = default.next().await;
    assert_eq!(
        (&data["resource"]["properties"]["new"], &data["resource"]["properties"]["key"]),
        (&json!("x"), &Json::Null)
    );
    let (_, _, data) = old.next().await;
    assert_eq!(
        (&data["resource"]["properties"]["old"], &data["resource"]["properties"]["key"]),
        (&json!("x"), &Json::Null)
    );
}

#[tokio::test]
async fn scopes_and_types_choose_what_is_sent() {
    let app = App::new().await;
    with_things(&app).await;
    for group in ["shop", "shopping"] {
        app.group(group, "a").await;
        app.put(&format!("{GROUPS}/{group}/providers/Contoso.Data/things/of-{group}"), &json!({ "properties": {} }))
            .await;
    }
    let names = async |query: &str| app.watch(query).await.existing().await.0;
    assert_eq!(names(&format!("scope={GROUPS}/SHOP")).await, ["shop", "of-shop"]);
    assert_eq!(names("type=contoso.data/THINGS").await, ["of-shop", "of-shopping"]);
    let registered = "scope=/planes/radius/local/providers/System.Resources/resourceProviders/Contoso.Data";
    assert_eq!(names(registered).await, ["Contoso.Data", "things", "2024-01-01", "2025-01-01", "global"]);
    let types = format!("{registered}&type=System.Resources/resourceProviders/resourceTypes");
    assert_eq!(names(&types).await, ["things"]);
}

#[test]
fn everybody_sees_what_a_get_would_show_them() {
    let actor = Actor {
        name: "token:shop".to_owned(),
        groups: Vec::new(),
        grants: serde_json::from_value(json!([{ "role": "reader", "scope": format!("{GROUPS}/shop") }])).unwrap(),
    };
    let filter = Filter { actor: Some(actor), ..Filter::default() };
    for (id, expected) in [
        ("/planes/radius/local/resourceGroups/shop", true),
        ("/planes/radius/local/resourceGroups/shop/providers/A.B/c/d", true),
        ("/planes/radius/local/resourceGroups/other/providers/A.B/c/d", false),
        ("/planes/radius/local/providers/System.Resources/resourceProviders/A.B", true),
        ("/planes/aws/aws/providers/System.AWS/credentials/default", false),
    ] {
        assert_eq!(filter.wants(&id.parse().unwrap(), "A.B/c"), expected, "{id}");
    }
}

/// A copy of what is there, kept by somebody whose connection breaks every few events, is right in the end.
#[tokio::test]
async fn a_cache_that_loses_its_connection_again_and_again_misses_nothing() {
    let app = App::new().await;
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    let (_, mut last) = app.watch(ONLY_GROUPS).await.existing().await;
    for round in 0..40_usize {
        for step in 0..3 {
            let name = format!("g{}", (round * 7 + step * 5) % 6);
            match (round + step) % 4 {
                0 => drop(app.send("DELETE", &format!("{GROUPS}/{name}"), &json!({})).await),
                _ => app.group(&name, &format!("{round}-{step}")).await,
            }
        }
        let mut watch = app.watch(&format!("{ONLY_GROUPS}&since={last}")).await;
        for _ in 0..1 + round % 2 {
            take(watch.next().await, &mut seen, &mut last);
        }
    }
    app.group("end", "end").await;
    let mut watch = app.watch(&format!("{ONLY_GROUPS}&since={last}")).await;
    while !seen.contains_key("end") {
        take(watch.next().await, &mut seen, &mut last);
    }
    let (_, list) = app.send("GET", "/planes/radius/local/resourceGroups/", &json!({})).await;
    let there = list["value"].as_array().unwrap().iter();
    let there: BTreeMap<String, String> = there
        .map(|group| (group["name"].as_str().unwrap().to_owned(), group["tags"]["tag"].as_str().unwrap().to_owned()))
        .collect();
    assert_eq!(seen, there);
}

fn take((event, id, data): Event, seen: &mut BTreeMap<String, String>, last: &mut String) {
    let text = |pointer: &str| data.pointer(pointer).and_then(Json::as_str).unwrap_or_default().to_owned();
    match event.as_str() {
        "deleted" => drop(seen.remove(&text("/resource/name"))),
        "bookmark" => {}
        _ => drop(seen.insert(text("/resource/name"), text("/resource/tags/tag"))),
    }
    *last = id;
}
