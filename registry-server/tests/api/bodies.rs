use http::Method;
use serde_json::json;

use crate::app::{TestApp, thing, things_provider};

const GROUP: &str = "/planes/radius/local/resourcegroups/bodies";

#[tokio::test]
async fn bodies_that_are_no_json_are_refused_with_the_place() {
    let app = TestApp::new().await.with_things(&json!({})).await;
    for (body, place) in [
        (&b"{\"location\":\"glo"[..], "line 1, column"),
        (b"{\"location\":\"a\",\n}", "line 2, column 1"),
        (b"{\"location\":\"a\",\"location\":\"b\"}", "line 1, column 17"),
        (b"\xef\xbb\xbf{}", "byte order mark"),
        (b"{\"location\":\"\xff\"}", "not UTF-8"),
        (b"{} x", "line 1, column 4"),
    ] {
        let answer = app.operator().put_raw(GROUP, body, &[]).await;
        assert_eq!(answer.status, 400, "{answer:?}");
        assert_eq!(answer.error().0, "HttpRequestPayloadAPISpecValidationFailed");
        assert!(answer.details()[0].contains(place), "{answer:?}");
        let answer = app.developer().put_raw(&thing("x"), body, &[]).await;
        assert_eq!((answer.status, answer.error().0), (400, "InvalidRequestContent".to_owned()));
        assert!(answer.error().1.contains(place), "{answer:?}");
    }
}

#[tokio::test]
async fn bottomless_nesting_is_refused() {
    let app = TestApp::new().await;
    let deep = format!("{{\"location\":\"global\",\"x\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
    assert_eq!(app.operator().put_raw(GROUP, deep.as_bytes(), &[]).await.status, 400);
}

#[tokio::test]
async fn the_description_is_kept_before_anything_is_stored() {
    let app = TestApp::new().await;
    let operator = app.operator();
    assert_eq!(operator.put(GROUP, &json!({})).await.details(), ["$.location in body is required"]);
    assert_eq!(operator.put_raw(GROUP, b"", &[]).await.details(), ["$.location in body is required"]);
    let bad_name = operator.put("/planes/radius/local/resourcegroups/a_b", &json!({ "location": "global" })).await;
    assert_eq!(bad_name.details(), ["resourceGroupName in path should match '^[A-Za-z]([-A-Za-z0-9]*[A-Za-z0-9])?$'"]);
    operator.accepted(&things_provider(), &json!({ "location": "global" })).await;
    let kind = operator.put(&format!("{}/resourcetypes/things", things_provider()), &json!({})).await;
    assert_eq!((kind.status, kind.details()), (400, vec!["$.properties in body is required".to_owned()]));
    assert_eq!(operator.get(GROUP).await.status, 404);
}

#[tokio::test]
async fn only_json_is_a_supported_media_type() {
    let app = TestApp::new().await.with_things(&json!({})).await;
    let uri = |path: &str, version: &str| format!("{}{path}?api-version={version}", crate::app::BASE);
    for (client, path) in
        [(app.operator(), uri(GROUP, crate::app::NATIVE)), (app.developer(), uri(&thing("x"), crate::app::VERSION))]
    {
        for media in ["text/plain", "application/yaml", "application/merge-patch+json"] {
            let body = br#"{"location":"global"}"#.to_vec();
            let answer = client.send(Method::PUT, &path, &[("content-type", media)], body).await;
            assert_eq!(answer.status, 415, "{answer:?}");
            assert!(answer.error().1.contains("send `application/json`"), "{answer:?}");
        }
    }
}

#[tokio::test]
async fn every_violation_of_a_schema_is_reported() {
    let schema = json!({
        "type": "object",
        "properties": { "size": { "type": "string", "enum": ["S", "M"] }, "count": { "type": "integer" } },
        "required": ["size"],
    });
    let app = TestApp::new().await.with_things(&schema).await;
    let body = json!({ "properties": { "size": "XL", "count": "many" } });
    let answer = app.developer().put(&thing("x"), &body).await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.details().len(), 2, "{answer:?}");
    assert_eq!(app.developer().get(&thing("x")).await.status, 404);
}
