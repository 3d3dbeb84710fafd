use serde_json::json;

use crate::app::{TestApp, thing, things_provider};

const GROUP: &str = "/planes/radius/local/resourcegroups/conditional";

#[tokio::test]
async fn a_stale_tag_is_refused_and_the_current_one_accepted() {
    let app = TestApp::new().await;
    let operator = app.operator();
    let body = |value: &str| json!({ "location": "global", "tags": { "a": value } });
    let absent = operator.put_with(GROUP, &body("1"), &[("if-match", "*")]).await;
    assert_eq!((absent.status, absent.error().1), (412, "requested resource does not exist".to_owned()));
    let created = operator.put_with(GROUP, &body("1"), &[("if-none-match", "*")]).await;
    assert_eq!(created.status, 200);
    let exists = operator.put_with(GROUP, &body("1"), &[("if-none-match", "*")]).await;
    assert_eq!((exists.status, exists.error().1), (412, "resource already exists".to_owned()));
    let first = created.header("etag").to_owned();
    let changed = operator.put_with(GROUP, &body("2"), &[("if-match", &first)]).await;
    assert_eq!(changed.status, 200);
    let stale = operator.put_with(GROUP, &body("3"), &[("if-match", &first)]).await;
    assert_eq!((stale.status, stale.error().1), (412, "etags do not match".to_owned()));
    assert_eq!(operator.delete_with(GROUP, &[("if-match", &first)]).await.status, 412);
    let current = changed.header("etag").to_owned();
    assert_eq!(operator.get(GROUP).await.header("etag"), current);
    assert_eq!(operator.delete_with(GROUP, &[("if-match", &current)]).await.status, 200);
    assert_eq!(operator.delete_with(GROUP, &[("if-match", "*")]).await.status, 204);
}

#[tokio::test]
async fn registrations_and_resources_keep_the_same_conditions() {
    let app = TestApp::new().await.with_things(&json!({})).await;
    let body = json!({ "location": "global" });
    let provider = app.operator().put_with(&things_provider(), &body, &[("if-none-match", "*")]).await;
    assert_eq!(provider.status, 412);
    let resource = app.developer().put_with(&thing("x"), &json!({ "properties": {} }), &[("if-match", "zzz")]).await;
    assert_eq!((resource.status, resource.error().0), (412, "PreconditionFailed".to_owned()));
}

#[tokio::test]
async fn writers_at_the_same_time_all_end_in_one_state() {
    let app = TestApp::new().await;
    let operator = app.operator();
    let bodies: Vec<_> = (0..8).map(|n| json!({ "location": "global", "tags": { "writer": n.to_string() } })).collect();
    let answers = futures_util::future::join_all(bodies.iter().map(|body| operator.put(GROUP, body))).await;
    assert!(answers.iter().any(|answer| answer.status == 200));
    assert!(answers.iter().all(|answer| matches!(answer.status, 200 | 409)));
    assert_eq!(operator.get(GROUP).await.status, 200);
}

#[tokio::test]
async fn who_has_an_answer_already_is_not_sent_it_again() {
    let app = TestApp::new().await.with_things(&json!({ "type": "object" })).await;
    app.developer().accepted(&thing("one"), &json!({ "properties": {} })).await;
    app.work().await;
    let (provider, plane) = (things_provider(), "/planes/radius/local");
    let icon =
        app.operator().get(&format!("{provider}/resourcetypes/things")).await.json()["properties"]["iconHash"].clone();
    let icon = format!("{provider}/resourcetypes/things/icons/{}", icon.as_str().unwrap());
    let lists = [
        "/planes".to_owned(),
        format!("{plane}/resourcegroups"),
        format!("{plane}/resourcegroups/shop/resources"),
        format!("{plane}/providers"),
        format!("{plane}/providers/Contoso.Data"),
        format!("{provider}/resourcetypes"),
        format!("{provider}/resourcetypes/things"),
        provider.clone(),
        icon,
    ];
    for path in lists {
        let first = app.operator().get(&path).await;
        let tag = first.header("etag").to_owned();
        assert!(first.status == 200 && !tag.is_empty(), "{path}: {first:?}");
        for (had, expected) in [(tag.as_str(), 304), ("\"other\"", 200), ("*", 304)] {
            let again = app.operator().get_with(&path, &[("if-none-match", had)]).await;
            assert_eq!((again.status, again.header("etag")), (expected, tag.as_str()), "{path}");
            assert_eq!(again.text.is_empty(), expected == 304, "{path}");
        }
    }
    let list = "/planes/radius/local/resourcegroups/shop/providers/Contoso.Data/things";
    let before = app.developer().get(list).await.header("etag").to_owned();
    app.developer().accepted(&thing("two"), &json!({ "properties": {} })).await;
    let changed = app.developer().get_with(list, &[("if-none-match", &before)]).await;
    assert_eq!(changed.status, 200, "the list is another now");
    let gone = app.developer().get_with(&thing("three"), &[("if-none-match", "*")]).await;
    assert_eq!(gone.status, 404);
}
