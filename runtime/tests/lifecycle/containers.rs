//! Containers of both types, on a fake platform.

use radii_runtime::store::State;
use serde_json::{Value as Json, json};

use crate::world::{CORE, V1, World, application_id, environment_id, id};

const WEB: &str = "Applications.Core/containers/web";

fn container(extra: Json) -> Json {
    let mut container = json!({ "image": "nginx:1.25", "ports": { "http": { "containerPort": 80 } } });
    container.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    json!({ "application": application_id(), "container": container })
}

#[tokio::test]
async fn a_container_shows_what_was_made_and_how_it_is_reached() {
    let world = World::new().await;
    world.make_application(json!({})).await;
    assert_eq!(world.settle(WEB, CORE, container(json!({}))).await.error, None);
    assert_eq!(world.platform.names(), ["web", "web-service"]);
    let properties = world.properties(WEB).await;
    let base = "/planes/docker/local/namespaces/dev-app/providers/core";
    let expected = json!({
        "compute": { "kind": "docker", "namespace": "dev-app" },
        "outputResources": [
            { "id": format!("{base}/container/web"), "localId": "container" },
            { "id": format!("{base}/service/web-service"), "localId": "service" },
        ],
        "endpoints": { "web": "http://127.0.0.1:1" },
    });
    assert_eq!(properties["status"], expected);
    let shown = &properties["container"];
    assert_eq!(shown["ports"], json!({ "http": { "containerPort": 80, "protocol": "TCP", "port": 80 } }));
    assert_eq!((&shown["env"], &shown["workingDir"]), (&json!({}), &json!("")));
}

#[tokio::test]
async fn an_update_removes_what_it_no_longer_makes_and_a_deletion_removes_all() {
    let world = World::new().await;
    world.make_application(json!({})).await;
    world.settle(WEB, CORE, container(json!({}))).await;
    world.settle(WEB, CORE, container(json!({ "ports": {} }))).await;
    assert_eq!(world.platform.names(), ["web"]);
    world.settle_delete(WEB, CORE).await;
    assert!(world.platform.names().is_empty());
    assert!(world.stored(WEB).await.is_none());
}

#[tokio::test]
async fn connections_become_variables_and_the_authors_own_win() {
    let world = World::new().await;
    world.make_application(json!({})).await;
    world.settle("Contoso.Data/notes/one", V1, json!({ "text": "hello", "count": 3, "password": "hunter2" })).await;
    let mut body = container(json!({ "env": { "CONNECTION_NOTE_SIZE": { "value": "mine" } } }));
    let note = id("Contoso.Data/notes/one").to_string();
    body["connections"] = json!({
        "note": { "source": note },
        "back-end": { "source": "http://backend:3000" },
        "quiet": { "source": note, "disableDefaultEnvVars": true },
    });
    assert_eq!(world.settle(WEB, CORE, body).await.error, None);
    let expected = json!({
        "CONNECTION_NOTE_TEXT": "hello", "CONNECTION_NOTE_COUNT": "3", "CONNECTION_NOTE_SIZE": "mine",
        "CONNECTION_NOTE_PASSWORD": "Secret(\"hunter2\")",
        "CONNECTION_BACK_END_SCHEME": "http", "CONNECTION_BACK_END_HOSTNAME": "backend",
        "CONNECTION_BACK_END_PORT": "3000",
    });
    assert_eq!(world.platform.body("web")["env"], expected);
}

#[tokio::test]
async fn a_property_is_reached_through_the_variable_that_its_author_named() {
    let world = World::new().await;
    world.make_application(json!({})).await;
    world.settle("Contoso.Data/notes/one", V1, json!({ "text": "hello", "author": "ann" })).await;
    let source = id("Contoso.Data/notes/one").to_string();
    let mut body = container(json!({}));
    body["connections"] = json!({ "note": { "source": source } });
    assert_eq!(world.settle(WEB, CORE, body.clone()).await.error, None);
    let env = &world.platform.body("web")["env"];
    assert_eq!((&env["NOTE_AUTHOR"], env.get("CONNECTION_NOTE_AUTHOR")), (&json!("ann"), None));

    body["connections"]["again"] = json!({ "source": source });
    let message = world.settle(WEB, CORE, body.clone()).await.error.unwrap().message;
    assert!(
        message.starts_with("the connections `note` and `again` both give the variable `NOTE_AUTHOR`"),
        "{message}"
    );
    body["connections"]["again"]["disableDefaultEnvVars"] = json!(true);
    assert_eq!(world.settle(WEB, CORE, body).await.error, None);
}

#[tokio::test]
async fn what_connects_to_a_changed_resource_is_deployed_again_when_asked() {
    let world = World::new().await;
    world.make_application(json!({})).await;
    let note = id("Contoso.Data/notes/one");
    world.settle("Contoso.Data/notes/one", V1, json!({ "text": "old" })).await;
    let mut body = container(json!({}));
    body["connections"] = json!({ "note": { "source": note.to_string().to_lowercase() } });
    assert_eq!(world.settle(WEB, CORE, body).await.error, None);
    world.settle("Applications.Core/containers/other", CORE, container(json!({}))).await;
    world.settle("Contoso.Data/notes/one", V1, json!({ "text": "new" })).await;
    assert_eq!(world.platform.body("web")["env"]["CONNECTION_NOTE_TEXT"], "old");

    let answer = world.host.act(&note, "redeployDependents", &json!({})).await.unwrap();
    let begun = answer["value"].as_array().unwrap();
    assert_eq!(begun.len(), 1, "{answer}");
    assert_eq!(begun[0]["id"], id(WEB).to_string());
    world.work().await;
    let operation = world.operation(begun[0]["operation"].as_str().unwrap().parse().unwrap()).await;
    assert_eq!((operation.state, operation.error), (State::Succeeded, None));
    assert_eq!(world.platform.body("web")["env"]["CONNECTION_NOTE_TEXT"], "new");
    let absent = world.host.act(&id("Contoso.Data/notes/none"), "redeployDependents", &json!({})).await;
    assert_eq!(absent.unwrap_err().status, 404);
}

#[tokio::test]
async fn a_missing_connected_resource_fails_the_container_before_anything_is_made() {
    let world = World::new().await;
    world.make_application(json!({})).await;
    let mut body = container(json!({}));
    body["connections"] = json!({ "note": { "source": id("Contoso.Data/notes/none").to_string() } });
    let operation = world.settle(WEB, CORE, body).await;
    assert_eq!(operation.state, State::Failed);
    let message = operation.error.unwrap().message;
    assert!(
        message.starts_with("resource \"/planes/") && message.ends_with("notes/none\" does not exist"),
        "{message}"
    );
    assert!(world.platform.names().is_empty());
}

#[tokio::test]
async fn an_object_that_does_not_work_fails_the_operation_and_stays_in_the_journal() {
    let world = World::new().await;
    world.make_application(json!({})).await;
    world.platform.broken.lock().unwrap().push("web".to_owned());
    let operation = world.settle(WEB, CORE, container(json!({}))).await;
    assert_eq!(operation.error.unwrap().message, "the container `web` does not work: it said so");
    assert_eq!(world.stored(WEB).await.unwrap().private.journal.len(), 2);
    world.settle_delete(WEB, CORE).await;
    assert!(world.platform.names().is_empty());
}

#[tokio::test]
async fn a_platform_without_driver_is_named_with_the_remedy() {
    let world = World::new().await;
    world.put("Applications.Core/environments/env", CORE, json!({ "compute": { "kind": "ecs" } })).await.unwrap();
    let application = json!({ "environment": environment_id() });
    world.put("Applications.Core/applications/app", CORE, application).await.unwrap();
    let error = world.settle(WEB, CORE, container(json!({}))).await.error.unwrap();
    assert_eq!(error.code, "PlatformFeatureUnsupported");
    assert!(error.message.contains("`ecs`") && error.message.contains("`docker`"), "{}", error.message);
}

#[tokio::test]
async fn a_simulated_environment_shows_what_would_be_made() {
    let world = World::new().await;
    world.make_application(json!({})).await;
    let environment = json!({ "compute": { "kind": "docker", "namespace": "dev" }, "simulated": true });
    world.put("Applications.Core/environments/env", CORE, environment).await.unwrap();
    assert_eq!(world.settle(WEB, CORE, container(json!({}))).await.error, None);
    assert_eq!(world.properties(WEB).await["status"]["outputResources"].as_array().unwrap().len(), 2);
    assert!(world.platform.names().is_empty());
}

#[tokio::test]
async fn a_volume_goes_nowhere_without_its_application() {
    let world = World::new().await;
    world.make_application(json!({})).await;
    world.register("Applications.Core/volumes", CORE, json!({ "type": "object" }), &[]).await;
    let absent = crate::world::id("Applications.Core/applications/absent").to_string();
    let vault = "/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/v";
    let body = json!({ "application": absent, "kind": "azure.com.keyvault", "resource": vault });
    let operation = world.settle("Applications.Core/volumes/files", CORE, body).await;
    let error = operation.error.unwrap();
    let message = format!("linked resource {absent} does not exist");
    assert_eq!((error.code.as_str(), error.message), ("BadRequest", message));
    let body = json!({ "application": application_id(), "kind": "azure.com.keyvault", "resource": vault });
    assert_eq!(world.settle("Applications.Core/volumes/more", CORE, body).await.error, None);
}

#[tokio::test]
async fn moving_to_another_application_is_refused() {
    let world = World::new().await;
    world.make_application(json!({})).await;
    world.settle(WEB, CORE, container(json!({}))).await;
    let mut body = container(json!({}));
    body["application"] = json!(application_id().replace("/app", "/other"));
    let fault = world.put(WEB, CORE, body).await.unwrap_err();
    assert_eq!(fault.status, 400);
    assert!(fault.message.contains("different application and/or environment"), "{}", fault.message);
}

#[tokio::test]
async fn what_cannot_be_understood_is_refused_with_its_path() {
    let world = World::new().await;
    world.make_application(json!({})).await;
    for (extra, path) in [
        (json!({ "ports": { "web": { "containerPort": 70000 } } }), "`container.ports.web.containerPort`"),
        (json!({ "env": { "A": {} } }), "`container.env.A`"),
        (json!({ "volumes": { "v": { "kind": "floppy", "mountPath": "/a" } } }), "`container.volumes.v.kind`"),
        (json!({ "livenessProbe": { "kind": "exec" } }), "`container.livenessProbe.command`"),
        (
            json!({ "livenessProbe": { "kind": "tcp", "containerPort": 80, "failureThreshold": -1 } }),
            "`container.livenessProbe.failureThreshold`",
        ),
        (
            json!({ "volumes": { "v": { "kind": "persistent", "mountPath": "/a", "source": "c", "permission": "all" } } }),
            "`container.volumes.v.permission`",
        ),
        (
            json!({ "ports": { "a": { "containerPort": 80 }, "b": { "containerPort": 81, "port": 80 } } }),
            "`container.ports.b.port`: 80 is the port `a`",
        ),
    ] {
        let fault = world.put(WEB, CORE, container(extra)).await.unwrap_err();
        assert_eq!(fault.status, 400);
        assert!(fault.message.starts_with(path), "{}", fault.message);
    }
    let mut body = container(json!({}));
    body["extensions"] = json!([{ "kind": "daprSidecar", "appId": "a", "appPort": 70000 }]);
    let fault = world.put(WEB, CORE, body.clone()).await.unwrap_err();
    assert!(fault.message.starts_with("`extensions[daprSidecar].appPort`"), "{}", fault.message);
    let scaled = |replicas: u32| json!({ "kind": "manualScaling", "replicas": replicas });
    body["extensions"] = json!([scaled(2), scaled(3)]);
    let fault = world.put(WEB, CORE, body).await.unwrap_err();
    assert!(fault.message.contains("stands there twice"), "{}", fault.message);
}

#[tokio::test]
async fn what_counts_nothing_in_a_probe_or_port_counts_as_not_given() {
    let world = World::new().await;
    world.make_application(json!({})).await;
    let probe = json!({ "kind": "httpGet", "containerPort": 80, "periodSeconds": 0, "failureThreshold": 0.5 });
    let ports = json!({ "http": { "containerPort": 80, "port": 0, "scheme": "" } });
    let body = container(json!({ "livenessProbe": probe, "ports": ports }));
    assert_eq!(world.settle(WEB, CORE, body).await.error, None);
    let shown = &world.properties(WEB).await["container"];
    assert_eq!(shown["ports"], json!({ "http": { "containerPort": 80, "protocol": "TCP", "port": 80 } }));
    assert_eq!(shown["livenessProbe"]["path"], "");
}

#[tokio::test]
async fn containers_of_radius_compute_publish_their_hosts() {
    let world = World::new().await;
    world.make_application(json!({})).await;
    let body = json!({
        "environment": environment_id(), "application": application_id(), "replicas": 2,
        "containers": {
            "init": { "image": "busybox", "initContainer": true },
            "main": { "image": "nginx", "ports": { "web": { "containerPort": 80 } } },
        },
    });
    let path = "Radius.Compute/containers/web";
    assert_eq!(world.settle(path, "2025-08-01-preview", body).await.error, None);
    assert_eq!(world.properties(path).await["hosts"], json!({ "main": "web" }));
    assert_eq!(world.platform.body("web")["replicas"], json!(2));
    assert_eq!(world.platform.body("web")["image"], json!("nginx"));
}

/// Code and pointer of everything that a resource's status says has no effect, or less than its author may think.
async fn degradations(world: &World, path: &str) -> Vec<(String, String)> {
    let status = world.properties(path).await["status"].clone();
    let text = |entry: &Json, member: &str| entry[member].as_str().unwrap().to_owned();
    let entries = status["degradations"].as_array().cloned().unwrap_or_default();
    entries.iter().map(|entry| (text(entry, "code"), text(entry, "pointer"))).collect()
}

#[tokio::test]
async fn what_has_no_effect_is_said() {
    let world = World::new().await;
    world.make_application(json!({})).await;
    let mut body = container(json!({ "env": { "my-key": { "value": "1" }, "KEY": { "value": "1" } } }));
    let labels = json!({ "radapp.io/resource": "other", "team": "web" });
    body["extensions"] = json!([{ "kind": "kubernetesMetadata", "labels": labels }]);
    body["runtimes"] = json!({ "kubernetes": { "pod": { "hostNetwork": true } }, "nomad": { "priority": 1 } });
    assert_eq!(world.settle(WEB, CORE, body).await.error, None);
    let wanted = [
        ("PlatformOptionIgnored", "/properties/runtimes/nomad"),
        ("PlatformNameInvalid", "/properties/container/env/my-key"),
        ("PlatformOptionIgnored", "/properties/extensions"),
    ];
    assert_eq!(degradations(&world, WEB).await, wanted.map(|(code, at)| (code.to_owned(), at.to_owned())));
    assert_eq!(world.platform.body("web")["env"]["my-key"], "1");
}

#[tokio::test]
async fn a_variable_without_a_name_is_refused() {
    let world = World::new().await;
    world.make_application(json!({})).await;
    let answer = world.put(WEB, CORE, container(json!({ "env": { "": { "value": "1" } } }))).await;
    assert!(answer.unwrap_err().message.contains("a variable needs a name"));
}

#[tokio::test]
async fn an_environment_may_allow_no_fields_of_platforms() {
    let world = World::new().await;
    let path = "Radius.Compute/containers/web";
    let environment = id("Radius.Core/environments/strict").to_string();
    let deploy = async |allowed: bool| {
        let parameters = json!({ "Radius.Compute/containers": { "allowPlatformOptions": allowed } });
        let strict = json!({ "compute": { "kind": "docker" }, "recipeParameters": parameters });
        world.put("Radius.Core/environments/strict", "2025-08-01-preview", strict).await.unwrap();
        let body = json!({
            "environment": environment,
            "containers": { "main": { "image": "nginx" } },
            "platformOptions": { "docker": { "hostConfig": { "Privileged": true } } },
        });
        assert_eq!(world.settle(path, "2025-08-01-preview", body).await.error, None);
        (world.platform.body("web")["punchThrough"].clone(), degradations(&world, path).await)
    };
    let options = json!({ "hostConfig": { "Privileged": true } });
    assert_eq!(deploy(true).await, (options, Vec::new()));
    let said = ("PlatformOptionIgnored".to_owned(), "/properties/platformOptions/docker".to_owned());
    assert_eq!(deploy(false).await, (Json::Null, vec![said]));
}
