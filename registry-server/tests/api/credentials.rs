use serde_json::{Value as Json, json};

use crate::app::TestApp;

const PLANE: &str = "/planes/aws/aws";
const CREDENTIAL: &str = "/planes/aws/aws/providers/System.AWS/credentials/default";

async fn app() -> TestApp {
    let app = TestApp::new().await;
    let plane = json!({ "location": "global", "properties": {} });
    assert_eq!(app.operator().put(PLANE, &plane).await.status, 200);
    app
}

fn access_key() -> Json {
    json!({ "location": "global", "properties": { "kind": "AccessKey", "accessKeyId": "id",
        "secretAccessKey": "planted", "storage": { "kind": "Internal" } } })
}

#[tokio::test]
async fn a_credential_is_answered_without_what_it_keeps_secret() {
    let app = app().await;
    let operator = app.operator();
    let written = operator.put(CREDENTIAL, &access_key()).await;
    assert_eq!(written.status, 200, "{written:?}");
    let read = operator.get(CREDENTIAL).await;
    let listed = operator.get("/planes/aws/aws/providers/System.AWS/credentials").await;
    assert_eq!(listed.names(), ["default"]);
    for answer in [&written, &read, &listed] {
        assert!(!answer.text.contains("planted") && !answer.text.contains("secretAccessKey"), "{answer:?}");
    }
    let shown = json!({ "kind": "AccessKey", "accessKeyId": "id",
        "storage": { "kind": "Internal", "secretName": "aws-aws-default" } });
    assert_eq!(read.json()["properties"], shown);
    assert_eq!([operator.delete(CREDENTIAL).await.status, operator.delete(CREDENTIAL).await.status], [200, 204]);
}

#[tokio::test]
async fn credentials_need_their_plane_and_keep_its_kinds() {
    let app = app().await;
    let absent = CREDENTIAL.replace("/aws/aws/", "/aws/none/");
    assert_eq!(app.operator().put(&absent, &access_key()).await.status, 404);
    let other = json!({ "location": "global", "properties": { "kind": "ServicePrincipal" } });
    let refused = app.operator().put(CREDENTIAL, &other).await;
    assert_eq!(refused.details(), ["$.properties.kind in body should be one of [AccessKey IRSA]"]);
}

#[tokio::test]
async fn a_plane_that_has_credentials_is_not_deleted() {
    let app = app().await;
    app.operator().put(CREDENTIAL, &access_key()).await;
    assert_eq!(app.operator().delete(PLANE).await.status, 409);
}

#[tokio::test]
async fn the_public_azure_cloud_needs_no_plane_made_first() {
    let app = TestApp::new().await;
    let credential = "/planes/azure/azurecloud/providers/System.Azure/credentials/default";
    let body = json!({ "location": "global", "properties": { "kind": "WorkloadIdentity", "clientId": "c", "tenantId": "t",
        "storage": { "kind": "Internal" } } });
    assert_eq!(app.operator().put(credential, &body).await.status, 200);
    assert_eq!(app.operator().get("/planes/azure/azurecloud").await.status, 200);
    let elsewhere = credential.replace("azurecloud", "other");
    assert_eq!(app.operator().put(&elsewhere, &body).await.status, 404);
}
