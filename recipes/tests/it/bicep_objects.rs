//! Objects of a Kubernetes cluster in templates: of recipes, of modules inside them, and of deployments.

use std::sync::Arc;

use radii_platform_kubernetes::{Clusters, KubernetesPlatform, MemoryCluster, Options};
use radii_recipes::bicep::BicepDriver;
use radii_runtime::recipe::RecipeDriver;
use serde_json::{Value as Json, json};

use crate::server::{Server, failure, id, modules};

const DB: &str = "Test.Db/databases/db";
const DEPLOYMENT: &str = "Microsoft.Resources/deployments/d";

async fn server(template: &Json) -> (Server, MemoryCluster, tempfile::TempDir) {
    let folder = modules(&[("r.json", &template.to_string())]);
    let cluster = MemoryCluster::furnished();
    let namespace = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "ns" } });
    cluster.create(&namespace, "tests").unwrap();
    let platform = KubernetesPlatform::new(Clusters::Memory(cluster.clone()), Options::default());
    let bicep: Arc<dyn RecipeDriver> = Arc::new(BicepDriver::new().reading_from(Some(folder.path().to_owned())));
    let server = Server::on(vec![Arc::new(platform)], vec![bicep]).await;
    (server, cluster, folder)
}

async fn bind(server: &Server, parameters: Json) {
    let recipes = json!({ "Test.Db/databases": { "kind": "bicep", "source": "./r.json", "parameters": parameters } });
    server.bind(recipes, json!({})).await;
}

/// Kinds and names of the objects in a namespace, but for what controllers make.
fn objects(cluster: &MemoryCluster, namespace: &str) -> Vec<String> {
    let all = cluster.all().into_iter();
    let own = all.filter(|object| {
        object["metadata"]["namespace"] == namespace && object["metadata"].get("ownerReferences").is_none()
    });
    let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
    own.map(|object| format!("{}/{}", text(&object["kind"]), text(&object["metadata"]["name"]))).collect()
}

/// What Bicep makes of `extension kubernetes with { kubeConfig: '', namespace: … }`.
fn template(namespace: &str) -> Json {
    json!({
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "languageVersion": "2.1-experimental", "contentVersion": "1.0.0.0",
        "imports": { "kubernetes": { "provider": "Kubernetes", "version": "1.0",
            "config": { "kubeConfig": "", "namespace": namespace } } },
        "parameters": { "context": { "type": "object" }, "suffix": { "type": "string", "defaultValue": "a" } },
        "resources": {
            "deployment": { "import": "kubernetes", "type": "apps/Deployment@v1", "properties": {
                "metadata": { "name": "[format('redis-{0}', parameters('suffix'))]" },
                "spec": { "selector": { "matchLabels": { "app": "redis" } }, "template": {
                    "metadata": { "labels": { "app": "redis" } },
                    "spec": { "containers": [{ "name": "redis", "image": "redis:7" }] } } } } },
            "service": { "import": "kubernetes", "type": "core/Service@v1", "dependsOn": ["deployment"], "properties": {
                "metadata": { "name": "[reference('deployment').metadata.name]" },
                "spec": { "selector": { "app": "redis" }, "ports": [{ "port": 6379 }] } } },
        },
        "outputs": { "result": { "type": "object", "value": { "values": {
            "host": "[format('{0}.{1}.svc', reference('service').metadata.name, reference('service').metadata.namespace)]" } } } },
    })
}

#[tokio::test]
async fn objects_of_a_recipe_are_made_listed_replaced_and_removed() {
    // The name of the second object would need the first one; names are known before anything is made.
    let mut template = template("[parameters('context').runtime.kubernetes.namespace]");
    template["resources"]["service"]["properties"]["metadata"]["name"] =
        "[format('redis-{0}', parameters('suffix'))]".into();
    let (server, cluster, _folder) = server(&template).await;
    bind(&server, json!({})).await;
    assert_eq!(server.settle(DB, json!({})).await.error, None);
    let properties = server.properties(DB).await;
    assert_eq!(properties["host"], "redis-a.ns.svc");
    let listed: Vec<&str> = properties["status"]["outputResources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["id"].as_str().unwrap())
        .collect();
    let plane = "/planes/kubernetes/local/namespaces/ns/providers";
    assert_eq!(listed, [format!("{plane}/apps/Deployment/redis-a"), format!("{plane}/core/Service/redis-a")]);
    assert_eq!(objects(&cluster, "ns"), ["Service/redis-a", "Deployment/redis-a"]);

    // A second run changes nothing; another name leaves nothing of the first one.
    assert_eq!(server.settle(DB, json!({})).await.error, None);
    bind(&server, json!({ "suffix": "b" })).await;
    assert_eq!(server.settle(DB, json!({})).await.error, None);
    assert_eq!(objects(&cluster, "ns"), ["Service/redis-b", "Deployment/redis-b"]);
    assert_eq!(server.delete(DB).await.error, None);
    assert!(objects(&cluster, "ns").is_empty(), "{:?}", objects(&cluster, "ns"));
}

#[tokio::test]
async fn objects_of_a_recipe_stand_in_the_cluster_of_the_environment() {
    let mut template = template("");
    template["resources"]["service"]["properties"]["metadata"]["name"] = "redis".into();
    let folder = modules(&[("r.json", &template.to_string())]);
    let (own, west) = (MemoryCluster::furnished(), MemoryCluster::furnished());
    let namespace = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "ns" } });
    west.create(&namespace, "tests").unwrap();
    let clusters = [(String::new(), own.clone()), ("west".to_owned(), west.clone())].into();
    let platform = KubernetesPlatform::new(Clusters::Memories(clusters), Options::default());
    let bicep: Arc<dyn RecipeDriver> = Arc::new(BicepDriver::new().reading_from(Some(folder.path().to_owned())));
    let server = Server::on(vec![Arc::new(platform)], vec![bicep]).await;
    let recipes =
        json!({ "Test.Db/databases": { "default": { "templateKind": "bicep", "templatePath": "./r.json" } } });
    let compute = json!({ "kind": "kubernetes", "resourceId": "self", "namespace": "ns", "context": "west" });
    let environment = "Applications.Core/environments/env";
    server.put_in(environment, "2023-10-01-preview", json!({ "compute": compute, "recipes": recipes })).await.unwrap();
    let operation = server.begin(DB, json!({ "environment": id(environment).to_string() })).await;
    server.work().await;
    assert_eq!(server.operation(operation).await.error, None);
    let listed = server.properties(DB).await["status"]["outputResources"][0]["id"].clone();
    assert_eq!(listed, "/planes/kubernetes/west/namespaces/ns/providers/apps/Deployment/redis-a");
    assert_eq!(objects(&west, "ns"), ["Service/redis", "Deployment/redis-a"]);
    assert!(objects(&own, "ns").is_empty());
    assert_eq!(server.delete(DB).await.error, None);
    assert!(objects(&west, "ns").is_empty());
}

#[tokio::test]
async fn what_a_failed_recipe_made_goes_with_its_resource() {
    let mut broken = template("");
    broken["resources"]["service"]["properties"]["metadata"]["name"] = "redis".into();
    broken["resources"]["service"]["properties"]["spec"]["ports"] = json!([{ "port": 70000 }]);
    let (server, cluster, _folder) = server(&broken).await;
    bind(&server, json!({})).await;
    let operation = server.settle(DB, json!({})).await;
    assert_eq!(failure(&operation).0, "RecipeDeploymentFailed");
    let said = serde_json::to_string(&operation.error).unwrap();
    assert!(said.contains("must be between 1 and 65535"), "{said}");
    // Without a namespace of its own it goes where its recipe works.
    assert_eq!(objects(&cluster, "ns"), ["Deployment/redis-a"]);
    assert_eq!(server.delete(DB).await.error, None);
    assert!(objects(&cluster, "ns").is_empty());
}

#[tokio::test]
async fn modules_of_a_recipe_make_objects_that_are_removed_with_it() {
    let mut inner = template("");
    inner["resources"].as_object_mut().unwrap().remove("service");
    inner["outputs"] = json!({});
    inner["parameters"] = json!({ "suffix": { "type": "string" } });
    let outer = json!({
        "languageVersion": "2.0", "contentVersion": "1.0.0.0", "parameters": { "context": { "type": "object" } },
        "resources": { "inner": { "type": "Microsoft.Resources/deployments", "apiVersion": "2022-09-01", "name": "inner",
            "properties": { "mode": "Incremental", "expressionEvaluationOptions": { "scope": "inner" },
                "parameters": { "suffix": { "value": "m" } }, "template": inner } } },
        "outputs": { "result": { "type": "object", "value": { "values": { "host": "h" } } } },
    });
    let (server, cluster, _folder) = server(&outer).await;
    bind(&server, json!({})).await;
    assert_eq!(server.settle(DB, json!({})).await.error, None);
    assert_eq!(objects(&cluster, "ns"), ["Deployment/redis-m"]);
    assert_eq!(server.delete(DB).await.error, None);
    assert!(objects(&cluster, "ns").is_empty());
}

#[tokio::test]
async fn a_deployment_applies_objects_reads_existing_ones_and_lists_neither() {
    let template = json!({
        "languageVersion": "2.1-experimental", "contentVersion": "1.0.0.0",
        "extensions": { "k8s": { "name": "Kubernetes", "version": "1.0.0",
            "config": { "namespace": { "type": "string", "defaultValue": "ns" } } } },
        "resources": {
            "known": { "existing": true, "extension": "k8s", "type": "core/ConfigMap", "apiVersion": "v1",
                "properties": { "metadata": { "name": "known" } } },
            "made": { "extension": "k8s", "type": "core/ConfigMap", "apiVersion": "v1",
                "properties": { "metadata": { "name": "made" }, "data": { "copied": "[reference('known').data.a]" } } },
        },
        "outputs": { "copied": { "type": "string", "value": "[reference('made').data.copied]" } },
    });
    let (server, cluster, _folder) = server(&json!({})).await;
    let known = json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "known", "namespace": "ns" },
        "data": { "a": "1" } });
    cluster.create(&known, "tests").unwrap();
    let body = json!({ "mode": "Incremental", "template": template });
    let begun = server.deploy(DEPLOYMENT, body.clone()).await;
    server.work().await;
    assert_eq!(server.operation(begun).await.error, None);
    let shown = server.properties(DEPLOYMENT).await;
    assert_eq!(shown["outputs"]["copied"]["value"], "1");
    assert_eq!(shown["outputResources"], json!([]));
    assert_eq!(objects(&cluster, "ns"), ["ConfigMap/known", "ConfigMap/made"]);
    // What is there is as the template says: nothing would change.
    let answer = server.act(DEPLOYMENT, "whatIf", json!({ "properties": body })).await;
    let changes: Vec<&str> = answer["properties"]["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| change["changeType"].as_str().unwrap())
        .collect();
    assert_eq!(changes, ["Ignore", "NoChange"]);
}

#[tokio::test]
async fn what_cannot_be_an_object_is_refused_before_anything_is_made() {
    let (server, cluster, _folder) = server(&json!({})).await;
    let deploy = |type_name: &str, properties: Json, config: Json| {
        let template = json!({ "languageVersion": "2.1-experimental", "contentVersion": "1.0.0.0",
            "imports": { "k": { "provider": "Kubernetes", "version": "1.0", "config": config } },
            "resources": { "x": { "import": "k", "type": type_name, "properties": properties } } });
        server.refusal(DEPLOYMENT, json!({ "mode": "Incremental", "template": template }))
    };
    let named = json!({ "metadata": { "name": "x" } });
    let said = deploy("example.com/Thing@v1", named.clone(), json!({})).await;
    assert!(said.contains("the cluster does not know the kind `Thing` of `example.com`"), "{said}");
    let said = deploy("core/ConfigMap@v1", json!({ "metadata": {} }), json!({})).await;
    assert!(said.contains("`metadata.name` is missing"), "{said}");
    let said = deploy("core/ConfigMap@v1", named, json!({ "kubeConfig": "apiVersion: v1" })).await;
    assert!(said.contains("a kubeconfig in a template is not used"), "{said}");
    assert!(objects(&cluster, "default").is_empty());
}
