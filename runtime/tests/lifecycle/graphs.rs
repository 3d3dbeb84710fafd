//! Graphs of applications.

use std::sync::Arc;

use radii_runtime::deployment::foresee;
use radii_runtime::graph::{Lookup, Question, Shape, build, of_application, of_template, to_dot, to_mermaid, to_svg};
use radii_runtime::store::Record;
use serde_json::{Value as Json, json};

use crate::world::{World, application_id, environment_id, id};

const GROUP: &str = "/planes/radius/local/resourcegroups/g";

fn record(path: &str, properties: Json) -> Record {
    let mut record = radii_runtime::conformance::record(&format!("{GROUP}/providers/{path}"));
    record.type_name = record.id.resource_type().unwrap().to_string();
    record.properties = properties.as_object().unwrap().clone();
    record
}

fn member(path: &str, mut properties: Json) -> Record {
    properties["application"] = json!(format!("{GROUP}/providers/Radius.Core/applications/APP"));
    properties["environment"] = json!("/planes/radius/local/resourcegroups/g/providers/Radius.Core/environments/env");
    record(path, properties)
}

fn graph(records: &[Record], shape: Shape, depends_on: &[(&str, &str)]) -> Json {
    let application = record("Radius.Core/applications/app", json!({ "environment": "/x/env" }));
    let depends_on = depends_on.iter().map(|(from, to)| ((*from).to_owned(), (*to).to_owned())).collect();
    build(&application, records, &Question { shape, include_icons: false, depends_on }, &Lookup::none())
}

fn edges(graph: &Json) -> Vec<String> {
    let name = |id: &Json| id.as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let nodes = graph["resources"].as_array().unwrap();
    let edges = nodes.iter().flat_map(|node| {
        let own = name(&node["id"]);
        node["connections"].as_array().unwrap().iter().map(move |edge| {
            let sign = if edge["direction"] == "Outbound" { ">" } else { "<" };
            format!("{own} {sign} {}", name(&edge["id"]))
        })
    });
    edges.collect()
}

fn shop() -> Vec<Record> {
    let db = "/planes/radius/local/resourceGroups/g/providers/Contoso.Data/nodes/db";
    vec![
        member(
            "Contoso.Data/nodes/web",
            json!({ "connections": {
            "db": { "source": db }, "ext": { "source": "http://db:80" },
            "cloud": { "source": "/subscriptions/s/resourceGroups/r/providers/Microsoft.Cache/redis/c" },
            "bad": { "source": "elsewhere" }, "worse": {} } }),
        ),
        member(
            "Contoso.Data/nodes/db",
            json!({ "host": "h", "status": { "outputResources": [
            { "id": "/planes/kubernetes/local/namespaces/n/providers/core/Service/db" },
            { "id": "/planes/kubernetes/local/namespaces/n/providers/apps/Deployment/db" }] } }),
        ),
        record("Contoso.Data/nodes/idle", json!({ "environment": "/x/env" })),
        member("Applications.Core/gateways/gw", json!({ "routes": [{ "path": "/", "destination": "http://web:80" }] })),
        record("Contoso.Data/nodes/foreign", json!({ "application": "/x/other" })),
    ]
}

#[test]
fn connections_and_routes_become_edges_in_both_directions() {
    let graph = graph(&shop(), Shape::Preview, &[]);
    let expected = ["gw > web", "db < web", "db < web", "web < gw", "web > db", "web > db", "web > c", "c < web"];
    assert_eq!(edges(&graph), expected);
    let db = &graph["resources"][1];
    assert_eq!(
        db["id"],
        json!("/planes/radius/local/resourcegroups/g/providers/Contoso.Data/nodes/db"),
        "the stored casing"
    );
    let made = db["outputResources"].as_array().unwrap();
    assert_eq!((&made[0]["type"], &made[1]["type"]), (&json!("apps/Deployment"), &json!("core/Service")));
    assert_eq!(
        db["properties"].as_object().unwrap().keys().collect::<Vec<_>>(),
        ["host", "application", "environment"]
    );
    let cloud = &graph["resources"][3];
    assert_eq!((&cloud["type"], &cloud["provisioningState"]), (&json!("Microsoft.Cache/redis"), &json!("Succeeded")));
    assert!(cloud.get("outputResources").is_none());
    assert_eq!(cloud["connections"][0]["kind"], json!("Connection"));
}

#[test]
fn shared_resources_appear_when_something_reaches_them() {
    let mut records = shop();
    records[1]
        .properties
        .insert("connections".into(), json!([{ "source": format!("{GROUP}/providers/Contoso.Data/nodes/idle") }]));
    let graph = graph(&records, Shape::Classic, &[]);
    let names: Vec<_> =
        graph["resources"].as_array().unwrap().iter().map(|node| node["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["gw", "db", "idle", "web", "c"]);
    assert!(graph["resources"][0].get("iconHash").is_none());
}

#[test]
fn dependencies_join_nodes_that_nothing_connects() {
    let name = |name: &str| format!("{GROUP}/providers/Contoso.Data/nodes/{name}").to_uppercase();
    let gateway = format!("{GROUP}/providers/Applications.Core/gateways/gw");
    let (db, web, absent) = (name("db"), name("web"), name("absent"));
    let graph = graph(&shop(), Shape::Preview, &[(&gateway, &db), (&web, &db), (&web, &absent)]);
    let all: Vec<String> = edges(&graph);
    assert_eq!(all.iter().filter(|edge| edge.starts_with("gw")).collect::<Vec<_>>(), ["gw > db", "gw > web"]);
    assert_eq!(all.iter().filter(|edge| **edge == "web > db").count(), 2);
    assert_eq!(graph["resources"][0]["connections"][0]["kind"], json!("Dependency"));
}

#[test]
fn environment_variables_stay_out_of_the_newer_shape() {
    let container = member(
        "Applications.Core/containers/c",
        json!({ "container": { "image": "i", "env": { "A": { "value": "secret" } } },
        "containers": { "main": { "image": "i", "env": {} } } }),
    );
    let graph = graph(&[container], Shape::Preview, &[]);
    assert_eq!(graph["resources"][0]["properties"]["container"], json!({ "image": "i" }));
    assert_eq!(graph["resources"][0]["properties"]["containers"], json!({ "main": { "image": "i" } }));
}

#[test]
fn graphs_are_drawn_by_other_programs() {
    let graph = graph(&shop(), Shape::Preview, &[]);
    insta::assert_snapshot!(format!("{}\n{}", to_mermaid(&graph), to_dot(&graph)));
}

#[test]
fn properties_that_the_schema_marks_as_ids_become_edges() {
    let db = format!("{GROUP}/providers/Contoso.Data/nodes/db");
    let records = vec![
        member(
            "Contoso.Data/nodes/web",
            json!({ "database": db, "other": db, "list": [{ "id": db }], "note": "text" }),
        ),
        member("Contoso.Data/nodes/db", json!({})),
    ];
    let mark = json!({ "type": "string", "x-radii-resource-reference": ["Contoso.Data/nodes"] });
    let schema = Arc::new(json!({ "type": "object", "properties": { "database": mark, "note": mark,
        "list": { "type": "array", "items": { "type": "object", "properties": { "id": mark } } } } }));
    let application = record("Radius.Core/applications/app", json!({}));
    let question = Question { shape: Shape::Preview, include_icons: false, depends_on: Vec::new() };
    let lookup = Lookup { icon: &|_| None, schema: &|_| Some(schema.clone()) };
    let graph = build(&application, &records, &question, &lookup);
    assert_eq!(edges(&graph), ["db < web", "web > db"], "once, however often it is named");
}

fn template() -> Json {
    json!({
        "languageVersion": "2.0",
        "imports": { "radius": { "provider": "Radius" } },
        "parameters": { "password": { "type": "securestring" } },
        "resources": {
            "app": { "import": "radius", "type": "Radius.Core/applications@2025-08-01-preview",
                "properties": { "name": "shop", "properties": { "environment": "/x/env" } } },
            "db": { "import": "radius", "type": "Contoso.Data/postgres@2025-01-01", "properties": { "name": "db",
                "properties": { "application": "[reference('app').id]", "password": "[parameters('password')]", "apiKey": "k" } } },
            "web": { "import": "radius", "type": "Applications.Core/containers@2023-10-01-preview", "dependsOn": ["db"],
                "properties": { "name": "web", "properties": { "application": "[reference('app').id]",
                    "container": { "image": "nginx", "env": { "HOST": { "value": "[reference('db').properties.host]" } } },
                    "connections": { "db": { "source": "[reference('db').id]" } } } } },
            "job": { "import": "radius", "type": "Applications.Core/containers@2023-10-01-preview",
                "copy": { "name": "job", "count": 2 }, "dependsOn": ["web"],
                "properties": { "name": "[format('job-{0}', copyIndex())]", "properties": { "container": { "image": "x" } } } },
        },
    })
}

#[test]
fn a_template_has_a_graph_before_it_is_deployed() {
    let given = json!({ "password": { "value": "hunter2" } });
    let foreseen = foresee(&template(), given.as_object().unwrap(), &GROUP.parse().unwrap()).unwrap();
    let web = foreseen.iter().find(|foreseen| foreseen.symbol == "web").unwrap();
    assert!(!web.is_known);
    let env = &web.body["properties"]["container"]["env"];
    assert_eq!(
        env["HOST"]["value"],
        json!("[reference('db').properties.host]"),
        "what is not known stays as it is asked for"
    );
    let graph = of_template(&foreseen, &Lookup::none());
    let mut all = edges(&graph);
    all.sort();
    assert_eq!(all, ["db < web", "job-0 > web", "job-1 > web", "web < job-0", "web < job-1", "web > db"]);
    let text = graph.to_string();
    assert!(!text.contains("hunter2") && !text.contains("\"k\""), "{text}");
    let db = graph["resources"].as_array().unwrap().iter().find(|node| node["name"] == "db").unwrap();
    assert_eq!((&db["provisioningState"], &db["symbolicName"]), (&json!("NotDeployed"), &json!("db")));
    assert_eq!(db["diffHash"].as_str().unwrap().len(), 64);
    let svg = to_svg(&graph);
    assert!(svg.starts_with("<svg ") && svg.matches("<rect ").count() == 4 && svg.matches("marker-end").count() == 3);
}

#[tokio::test]
async fn an_application_shows_what_is_stored_even_when_its_type_is_gone() {
    let world = World::new().await;
    world.make_application(json!({})).await;
    let application = world.stored("Applications.Core/applications/app").await.unwrap();
    assert_eq!(of_application(&world.host, &application, &json!({})).await, Ok(json!({ "resources": [] })));
    let properties = json!({ "application": application_id(), "environment": environment_id() });
    world.store_record(&id("Gone.Data/things/one").to_string(), "Gone.Data/things", properties).await;
    let graph = of_application(&world.host, &application, &json!({})).await.unwrap();
    assert_eq!(graph["resources"][0]["name"], json!("one"));
    let fault = of_application(&world.host, &application, &json!({ "includeIcons": "yes" })).await.unwrap_err();
    assert_eq!((fault.status, fault.target.as_deref()), (400, Some("includeIcons")));
}
