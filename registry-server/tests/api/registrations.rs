use http::Method;
use serde_json::json;

use crate::app::{BASE, TestApp, VERSION, registration, thing, things_provider};

#[tokio::test]
async fn a_registration_is_complete_when_it_is_answered() {
    let app = TestApp::new().await;
    let operator = app.operator();
    let answer = operator.accepted(&things_provider(), &json!({ "location": "global" })).await;
    assert_eq!(answer.json()["properties"]["provisioningState"], "Accepted");
    assert_eq!(answer.header("retry-after"), "1");
    let status = operator.poll(&answer).await;
    assert_eq!(status["status"], "Succeeded");
    assert!(status["endTime"].is_string());
    let provider = operator.get(&things_provider()).await;
    assert_eq!(provider.json()["properties"]["provisioningState"], "Succeeded");
    assert!(!provider.header("etag").is_empty());
    let summary = operator.get("/planes/radius/local/providers/contoso.data").await;
    assert_eq!(summary.json(), json!({ "name": "Contoso.Data", "locations": {}, "resourceTypes": {} }));
}

#[tokio::test]
async fn nothing_is_registered_below_what_is_absent() {
    let app = TestApp::new().await;
    let operator = app.operator();
    let properties = json!({ "properties": {} });
    for path in [
        format!("{}/resourcetypes/things", things_provider()),
        format!("{}/locations/global", things_provider()),
        "/planes/radius/none/resourcegroups/g".to_owned(),
    ] {
        let body = json!({ "location": "global", "properties": {} });
        let answer = operator.put(&path, &body).await;
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(operator.get(&path).await.status, 404, "{path}");
    }
    operator.accepted(&things_provider(), &json!({ "location": "global" })).await;
    let version = format!("{}/resourcetypes/things/apiversions/{VERSION}", things_provider());
    let (code, message) = operator.put(&version, &properties).await.error();
    assert_eq!(code, "NotFound");
    assert!(message.contains("/resourcetypes/things' was not found"), "{message}");
}

#[tokio::test]
async fn lists_hold_the_children_of_their_parent_only_and_lead_from_page_to_page() {
    let app = TestApp::new().await;
    let operator = app.operator();
    for namespace in ["Contoso.Data", "Contoso.Other"] {
        operator.accepted(&registration(namespace), &json!({ "location": "global" })).await;
    }
    for number in 0..7 {
        let path = format!("{}/resourcetypes/type{number}", things_provider());
        operator.accepted(&path, &json!({ "properties": {} })).await;
    }
    let other = operator.get(&format!("{}/resourcetypes", registration("Contoso.Other"))).await;
    assert_eq!(other.json(), json!({ "value": [] }));
    let first = operator.get(&format!("{}/resourcetypes?top=5", things_provider())).await;
    assert_eq!(first.names(), ["type0", "type1", "type2", "type3", "type4"]);
    let link = first.json()["nextLink"].as_str().unwrap().to_owned();
    let path = link.strip_prefix("http://radii.example.com").expect("the link is absolute");
    let second = operator.send(Method::GET, path, &[], Vec::new()).await;
    assert_eq!(second.names(), ["type5", "type6"]);
    assert_eq!(second.json().get("nextLink"), None);
}

#[tokio::test]
async fn deleting_a_type_deletes_its_versions_and_resources_and_no_sibling() {
    let app = TestApp::new().await.with_things(&json!({ "type": "object" })).await;
    let operator = app.operator();
    let sibling = format!("{}/resourcetypes/thingsmore", things_provider());
    operator.accepted(&sibling, &json!({ "properties": {} })).await;
    let version = json!({ "properties": { "schema": { "type": "object" } } });
    operator.accepted(&format!("{sibling}/apiversions/{VERSION}"), &version).await;
    app.developer().accepted(&thing("one"), &json!({ "properties": {} })).await;
    app.work().await;
    let kind = format!("{}/resourcetypes/things", things_provider());
    assert_eq!(operator.delete(&kind).await.status, 202);
    app.work().await;
    assert_eq!(operator.get(&format!("{kind}/apiversions/{VERSION}")).await.status, 404);
    assert_eq!(operator.get(&format!("{sibling}/apiversions/{VERSION}")).await.status, 200);
    let tracked = operator.get("/planes/radius/local/resourcegroups/shop/resources").await;
    assert_eq!(tracked.json(), json!({ "value": [] }));
    assert_eq!(operator.delete(&kind).await.status, 204);
}

#[tokio::test]
async fn deleting_a_provider_leaves_the_others_alone() {
    let app = TestApp::new().await.with_things(&json!({ "type": "object" })).await;
    let operator = app.operator();
    operator.accepted(&registration("Contoso.Other"), &json!({ "location": "global" })).await;
    assert_eq!(operator.delete(&registration("Contoso.Other")).await.status, 202);
    assert_eq!(operator.get(&registration("Contoso.Other")).await.status, 404);
    assert_eq!(operator.get("/planes/radius/local/providers/Contoso.Other").await.status, 404);
    app.developer().accepted(&thing("one"), &json!({ "properties": {} })).await;
}

#[tokio::test]
async fn planes_and_groups_that_hold_something_are_kept() {
    let app = TestApp::new().await.with_things(&json!({ "type": "object" })).await;
    app.developer().accepted(&thing("one"), &json!({ "properties": {} })).await;
    for path in ["/planes/radius/local/resourcegroups/shop", "/planes/radius/local"] {
        let answer = app.operator().delete(path).await;
        assert_eq!(answer.status, 409);
        assert!(answer.error().1.contains("still holds"), "{answer:?}");
        assert_eq!(app.operator().get(path).await.status, 200);
    }
}

#[tokio::test]
async fn schemas_are_checked_before_they_are_stored() {
    let app = TestApp::new().await.with_things(&json!({ "type": "object" })).await;
    let version = format!("{}/resourcetypes/things/apiversions/2025-02-02", things_provider());
    let schema = json!({ "type": "object", "properties": { "a": { "type": "whatever" } } });
    let answer = app.operator().put(&version, &json!({ "properties": { "schema": schema } })).await;
    assert_eq!(answer.status, 400, "{answer:?}");
    let (code, message) = answer.error();
    assert_eq!(code, "InvalidRequestContent");
    assert!(message.contains("the schema of") && message.contains("line 1, column"), "{message}");
    assert!(!answer.details().is_empty());
    assert_eq!(app.operator().get(&version).await.status, 404);
}

#[tokio::test]
async fn an_icon_is_served_by_its_hash_and_stays_when_none_is_given() {
    let app = TestApp::new().await.with_things(&json!({})).await;
    let operator = app.operator();
    let kind = format!("{}/resourcetypes/things", things_provider());
    let svg = "<svg xmlns=\"http://www.w3.org/2000/svg\"/>";
    let answer = operator.accepted(&kind, &json!({ "properties": { "icon": svg } })).await;
    let hash = answer.json()["properties"]["iconHash"].as_str().unwrap().to_owned();
    operator.accepted(&kind, &json!({ "properties": { "description": "x" } })).await;
    let icon = operator.get(&format!("{kind}/icons/{hash}")).await;
    assert_eq!((icon.status, icon.text.as_str()), (200, svg));
    assert_eq!(icon.header("content-security-policy"), "default-src 'none'; style-src 'unsafe-inline'; sandbox");
    let bad = json!({ "properties": { "icon": "<svg><script/></svg>" } });
    assert_eq!(
        operator.put(&kind, &bad).await.error().1,
        "invalid icon: icon contains a <script> element, which is not allowed"
    );
    let summary = operator.get("/planes/radius/local/providers/Contoso.Data?includeIcons=TRUE").await;
    assert_eq!(summary.json()["resourceTypes"]["things"]["icon"], svg);
}

#[tokio::test]
async fn capabilities_are_known_ones() {
    let app = TestApp::new().await.with_things(&json!({})).await;
    let body = json!({ "properties": { "capabilities": ["Nope"] } });
    let answer = app.operator().put(&format!("{}/resourcetypes/things", things_provider()), &body).await;
    let message = "capability \"Nope\" is not recognized. Supported capabilities: ManualResourceProvisioning";
    assert_eq!(answer.error(), ("BadRequest".to_owned(), message.to_owned()));
}

#[tokio::test]
async fn paths_and_methods_that_lead_nowhere_say_so() {
    let app = TestApp::new().await;
    let operator = app.operator();
    let sent = async |method: Method, path: &str| operator.send(method, path, &[], Vec::new()).await;
    let unknown = sent(Method::GET, &format!("{BASE}/nothing?api-version=1")).await;
    let message = format!("The request 'GET {BASE}/nothing' is invalid.");
    assert_eq!((unknown.status, unknown.error().1), (404, message));
    let wrong = sent(Method::PATCH, &format!("{BASE}/planes/radius/local")).await;
    assert_eq!((wrong.status, wrong.error().1), (405, "The request method 'PATCH' is invalid.".to_owned()));
    let kind = sent(Method::GET, &format!("{BASE}/planes/RADIUS/local")).await;
    assert_eq!((kind.status, kind.error().0), (400, "InvalidPlaneType".to_owned()));
    let version = sent(Method::GET, &format!("{BASE}/planes")).await;
    assert_eq!((version.status, version.error().0), (400, "InvalidApiVersionParameter".to_owned()));
    let escape = sent(Method::GET, &format!("{BASE}/planes/radius/lo%zzcal")).await;
    assert_eq!(escape.status, 400);
    let root = sent(Method::GET, BASE).await;
    assert_eq!(root.json()["kind"], "APIResourceList");
}

#[tokio::test]
async fn the_first_casing_is_kept_and_a_proxy_may_tell_it() {
    let app = TestApp::new().await;
    let operator = app.operator();
    let body = json!({ "location": "global" });
    let referer =
        "https://front.example.com/x/planes/radius/local/providers/System.Resources/resourceProviders/Contoso.DATA";
    let answer = operator.put_with(&things_provider(), &body, &[("referer", referer)]).await;
    assert_eq!(answer.json()["type"], "System.Resources/resourceProviders");
    // Nobody said that this proxy is to be trusted, so links do not lead where it wants them.
    assert!(answer.header("location").starts_with("http://radii.example.com/"), "{answer:?}");
    let again = operator.accepted(&registration("contoso.data"), &body).await;
    assert_eq!(again.json()["name"], "Contoso.DATA");
}
