//! Parameters of a recipe: who has a say, and in which order.

use serde_json::{Value as Json, json};

use crate::server::{Server, modules};
use crate::terraform::{DB, TYPE, has};

const MODULE: &str = r#"
variable "a" { type = any }
variable "b" { type = any }
variable "c" { type = any }
variable "port" { type = any }
output "result" {
  value = { values = { seen = jsonencode({ a = var.a, b = var.b, c = var.c, port = var.port }) } }
}
"#;

fn template() -> Json {
    let parameters =
        json!({ "a": { "type": "int" }, "b": { "type": "int" }, "c": { "type": "int" }, "port": { "type": "int" } });
    json!({
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "languageVersion": "2.1-experimental", "contentVersion": "1.0.0.0", "parameters": parameters, "resources": {},
        "outputs": { "result": { "type": "object", "value": { "values": { "seen": "[string(createObject('a', parameters('a'), 'b', parameters('b'), 'c', parameters('c'), 'port', parameters('port')))]" } } } },
    })
}

/// What a recipe of a kind is told when pack, environment and resource all have a say.
async fn told(kind: &str, source: &str) -> Json {
    let folder = modules(&[("m/main.tf", MODULE), ("r.json", &template().to_string())]);
    let server = Server::new(folder.path()).await;
    let of_pack = json!({ "a": 1, "b": 1, "port": "{{context.resource.properties.port}}" });
    let of_environment = json!({ "recipeParameters": { TYPE: { "b": 2 } } });
    let recipe = json!({ "kind": kind, "source": source, "parameters": of_pack });
    server.bind(json!({ TYPE: recipe }), of_environment).await;
    let of_resource = json!({ "port": 6379, "recipe": { "parameters": { "c": 3 } } });
    assert_eq!(server.settle(DB, of_resource).await.error, None);
    let seen = server.properties(DB).await["seen"].clone();
    serde_json::from_str(seen.as_str().unwrap()).unwrap()
}

fn expected() -> Json {
    json!({ "a": 1, "b": 2, "c": 3, "port": 6379 })
}

#[tokio::test]
async fn modules_of_terraform_get_the_resources_parameters_over_the_environments_over_the_packs() {
    if !has("terraform", "modules_of_terraform_get_the_resources_parameters_over_the_environments_over_the_packs") {
        return;
    }
    assert_eq!(told("terraform", "./m").await, expected());
}

#[tokio::test]
async fn templates_of_bicep_get_the_resources_parameters_over_the_environments_over_the_packs() {
    assert_eq!(told("bicep", "./r.json").await, expected());
}
