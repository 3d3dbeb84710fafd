use radii_platform_docker::{DockerPlatform, Engine};
use radii_runtime::Fault;
use radii_runtime::platform::{Object, Platform};
use serde_json::{Value as Json, json};

use crate::fixture::target;

fn adopt(body: Json) -> Result<Object, Fault> {
    DockerPlatform::new(Engine::at("unix:///not/asked")).adopt(&target("dev-todo"), body)
}

#[test]
fn a_recipes_container_joins_the_applications_network_under_its_names() {
    let object = adopt(json!({
        "kind": "container",
        "name": "db-1a2b",
        "aliases": ["db"],
        "env": { "PORT": 5432 },
        "secretEnv": { "PASSWORD": "p" },
        "ports": { "sql": 5432 },
        "publish": true,
        "mounts": [{ "volume": "db-data", "path": "/data" }],
        "readiness": { "tcpSocket": { "port": 5432 }, "periodSeconds": 1 },
        "create": { "Image": "localhost/radii/bb:1", "User": "70" },
    }))
    .unwrap();
    insta::assert_json_snapshot!(object);
}

#[test]
fn volumes_and_networks_are_named_below_the_namespace() {
    let volume = adopt(json!({ "kind": "volume", "name": "data", "retain": true })).unwrap();
    assert_eq!(volume.body["name"], "dev-todo-data");
    assert_eq!(volume.body["labels"]["radapp.io/retain"], "true");
    let network = adopt(json!({ "kind": "network", "name": "side" })).unwrap();
    assert_eq!(network.reference.name, "dev-todo-side");
}

#[test]
fn documents_without_name_or_kind_and_unknown_fields_are_refused() {
    for (body, word) in [
        (json!({ "name": "x" }), "kind"),
        (json!({ "kind": "container" }), "name"),
        (json!({ "kind": "pod", "name": "x" }), "pod"),
        (json!({ "kind": "container", "name": "x", "imagee": "y" }), "imagee"),
        (json!({ "kind": "container", "name": "x", "create": { "image": "y" } }), "`image`"),
        (json!({ "kind": "container", "name": "a b" }), "`a b`"),
        (
            json!({ "kind": "container", "name": "x", "create": { "HostConfig": { "NetworkMode": "host" } } }),
            "NetworkMode",
        ),
        (json!({ "kind": "container", "name": "x", "create": { "NetworkingConfig": {} } }), "aliases"),
    ] {
        let fault = adopt(body.clone()).expect_err(&body.to_string());
        assert!(fault.message.contains(word), "{fault}");
    }
}
