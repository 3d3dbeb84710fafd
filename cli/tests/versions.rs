//! A type with two API versions, from its TypeSpec to resources that are seen through both; and the change feed.

use serde_json::{Value as Json, json};

use crate::server::{Rad, Server};

const TYPE: &str = r#"import "@radii/typespec";
import "@typespec/versioning";

using Radii;
using TypeSpec.Versioning;

@resourceProvider
@versioned(ApiVersions)
namespace Contoso.Example;

enum ApiVersions {
  #deprecated "use 2025-01-01"
  v2024_08_01: "2024-08-01",
  v2025_01_01: "2025-01-01",
}

@resourceType("postgreSqlDatabases")
@capability(Capability.ManualResourceProvisioning)
model PostgreSqlDatabase {
  @added(ApiVersions.v2025_01_01)
  replicas?: int32 = 0;

  @renamedFrom(ApiVersions.v2025_01_01, "database")
  databaseName: string;
}
"#;

const KIND: &str = "Contoso.Example/postgreSqlDatabases";

fn settled(server: &Server) -> Rad {
    let rad = Rad::new(&server.url);
    rad.write("type.tsp", TYPE);
    rad.ok("workspace create kubernetes local --group default");
    rad.ok("group create default");
    rad.ok("env create default --simulated");
    rad.ok("env switch default");
    rad.ok("resource-type create -f type.tsp");
    rad
}

fn environment() -> String {
    "/planes/radius/local/resourceGroups/default/providers/Applications.Core/environments/default".to_owned()
}

fn properties(rad: &Rad, version: &str) -> Json {
    let shown: Json = serde_json::from_str(&rad.ok(&format!("resource show {KIND} orders {version} -o json"))).unwrap();
    let mut properties = shown["properties"].as_object().unwrap().clone();
    properties.retain(|name, _| !["environment", "provisioningState"].contains(&name.as_str()));
    properties.into()
}

#[test]
fn a_resource_written_by_one_version_is_read_by_the_other_and_back() {
    let server = Server::start();
    let rad = settled(&server);
    let old = json!({ "properties": { "environment": environment(), "database": "orders" } });
    rad.write("old.json", &old.to_string());
    rad.ok(&format!("resource create {KIND} orders -f old.json --api-version 2024-08-01"));
    assert_eq!(properties(&rad, ""), json!({ "databaseName": "orders" }), "the default is the newest stable version");
    let new = json!({ "properties": { "environment": environment(), "databaseName": "shop", "replicas": 3 } });
    rad.write("new.json", &new.to_string());
    rad.ok(&format!("resource create {KIND} orders -f new.json"));
    assert_eq!(properties(&rad, "--api-version 2024-08-01"), json!({ "database": "shop" }));
    rad.ok(&format!("resource create {KIND} orders -f old.json --api-version 2024-08-01"));
    let kept = json!({ "databaseName": "orders", "replicas": 3 });
    assert_eq!(properties(&rad, "--api-version 2025-01-01"), kept, "the old version took nothing away");
    let words: Vec<String> =
        ["resource", "show", KIND, "orders", "--api-version", "2024-08-01"].map(str::to_owned).to_vec();
    let (_, _, warning) = rad.run_words(&words);
    assert!(warning.contains("the API version `2024-08-01` is deprecated; use `2025-01-01`"), "{warning}");
}

#[test]
fn what_is_there_and_what_changes_is_watched() {
    let server = Server::start();
    let rad = settled(&server);
    let body = json!({ "properties": { "environment": environment(), "databaseName": "orders" } });
    rad.write("new.json", &body.to_string());
    rad.ok(&format!("resource create {KIND} orders -f new.json"));
    let lines = rad.ok(&format!("watch {KIND} --count 1 -o json"));
    let event: Json = serde_json::from_str(&lines).unwrap();
    assert_eq!((&event["event"], &event["resource"]["name"]), (&json!("added"), &json!("orders")));
    let since = event["revision"].as_str().unwrap().to_owned();
    rad.ok(&format!("resource create {KIND} more -f new.json"));
    let table = rad.ok(&format!("watch --since {since} --count 1"));
    assert!(table.starts_with("EVENT     RESOURCE") && table.contains("added     more"), "{table}");
    let types = rad.ok("watch --all System.Resources/resourceProviders/resourceTypes --count 3 -o json");
    assert_eq!(types.lines().count(), 3);
    assert!(rad.fails(1, "watch --since 999999").contains("begin again without `since`"));
    assert!(rad.fails(1, "watch Contoso.Example/nothing").contains("has no type `nothing`"));
}

#[test]
fn the_effective_configuration_is_printed_with_its_origin() {
    let rad = Rad::without_url();
    rad.write("radii.yaml", "listen: 127.0.0.1:0\ndatabase: postgres://radii:hunter2@db/radii\nworkers: 3\n");
    let shown: Json =
        serde_json::from_str(&rad.ok("serve --server-config radii.yaml --workers 7 --print-config -o json")).unwrap();
    assert_eq!(shown["listen"], json!({ "value": "127.0.0.1:0", "from": "file radii.yaml" }));
    assert_eq!(shown["workers"], json!({ "value": "7", "from": "flag --workers" }));
    assert!(!shown.to_string().contains("hunter2"), "{shown}");
    let table = rad.ok("serve --print-config");
    assert!(table.starts_with("SETTING") && table.contains("default"), "{table}");
    rad.write("wrong.yaml", "listen: 127.0.0.1:0\nworkres: 3\n");
    let said = rad.fails(1, "serve --server-config wrong.yaml");
    assert!(said.contains("wrong.yaml:2:1") && said.contains("did you mean `workers`?"), "{said}");
}
