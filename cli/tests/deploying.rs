//! Journeys of those who deploy: plans, graphs of templates, compiled Bicep files.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value as Json, json};

use crate::server::{Rad, Server};

const MANIFEST: &str = "\
namespace: Contoso.Dep
types:
  boxes:
    description: A box
    capabilities: [ManualResourceProvisioning]
    apiVersions:
      '2025-01-01-preview':
        schema:
          type: object
          properties:
            size: {type: string, enum: [S, M, L], default: S}
            label: {type: string}
            next: {type: string}
";

fn template() -> Json {
    let resource = |name: &str, mut properties: Json| {
        properties["environment"] = json!("[parameters('environment')]");
        json!({ "import": "radius", "type": "Contoso.Dep/boxes@2025-01-01-preview",
            "properties": { "name": name, "properties": properties } })
    };
    json!({
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "languageVersion": "2.0",
        "contentVersion": "1.0.0.0",
        "imports": { "radius": { "provider": "Radius", "version": "latest" } },
        "parameters": { "environment": { "type": "string" }, "size": { "type": "string" }, "label": { "type": "string", "defaultValue": "plain" } },
        "resources": {
            "one": resource("one", json!({ "size": "[parameters('size')]", "label": "[parameters('label')]" })),
            "two": resource("two", json!({ "next": "[reference('one').id]" })),
        },
    })
}

fn settled(server: &Server) -> Rad {
    let rad = Rad::new(&server.url);
    rad.write("types.yaml", MANIFEST);
    rad.write("t.json", &template().to_string());
    rad.ok("workspace create kubernetes local --group default");
    rad.ok("group create default");
    rad.ok("env create default --simulated");
    rad.ok("env switch default");
    rad.ok("resource-type create -f types.yaml");
    rad
}

#[test]
fn a_plan_is_what_a_deployment_does_and_empty_after_it() {
    let server = Server::start();
    let rad = settled(&server);
    let plan = rad.ok("deploy t.json -p SIZE=M --dry-run");
    let one = "+ one (Contoso.Dep/boxes)\n    + properties.size: \"M\"\n    + properties.label: \"plain\"\n";
    assert!(plan.starts_with(one), "{plan}");
    assert!(plan.ends_with("2 to create, 0 to change, 0 unchanged\n"), "{plan}");
    assert_eq!(rad.ok("resource list Contoso.Dep/boxes -o json"), "[]\n", "nothing was created");
    rad.ok("deploy t.json -p size=M");
    assert_eq!(rad.ok("deploy t.json -p size=M --dry-run"), "0 to create, 0 to change, 2 unchanged\n");
    assert_eq!(
        rad.ok("deploy t.json -p size=M -p label=fine --dry-run"),
        "~ one (Contoso.Dep/boxes)\n    ~ properties.label: \"plain\" -> \"fine\"\n\n0 to create, 1 to change, 1 unchanged\n"
    );
    let answer: Json = serde_json::from_str(&rad.ok("deploy t.json -p size=M --dry-run -o json")).unwrap();
    assert_eq!(answer["changes"][1]["changeType"], json!("NoChange"));
    assert!(rad.fails(1, "deploy t.json -p size=XL --dry-run").contains("one: "));
}

#[test]
fn bicep_files_are_compiled_by_the_compiler_of_the_machine() {
    let server = Server::start();
    let rad = settled(&server);
    rad.write("main.bicep", "// compiled by a stand-in\n");
    rad.write("main.bicepparam", "using './main.bicep'\n");
    let said = rad.fails(1, "deploy main.bicep -p size=M");
    assert!(said.contains("running `bicep` failed") && said.contains("install the Bicep compiler"), "{said}");
    // A stand-in for the compiler, where the stock command line keeps its own.
    let parameters = json!({ "parameters": { "size": { "value": "L" }, "label": { "value": "given" } } });
    let both = json!({ "templateJson": template().to_string(), "parametersJson": parameters.to_string() });
    rad.write("both.json", &both.to_string());
    let folder = format!("{}/.rad/bin", rad.home());
    std::fs::create_dir_all(&folder).unwrap();
    rad.write(
        ".rad/bin/bicep",
        "#!/bin/sh\necho 'a warning' >&2\nif [ \"$1\" = build ]; then cat t.json; else cat both.json; fi\n",
    );
    std::fs::set_permissions(format!("{folder}/bicep"), std::fs::Permissions::from_mode(0o755)).unwrap();
    assert!(rad.ok("deploy main.bicep -p size=M --dry-run").contains("properties.size: \"M\""));
    let plan = rad.ok("deploy main.bicepparam -p label=typed --dry-run");
    assert!(plan.contains("properties.size: \"L\"") && plan.contains("properties.label: \"typed\""), "{plan}");
    let plan = rad.ok("deploy t.json -p @main.bicepparam --dry-run");
    assert!(plan.contains("properties.size: \"L\"") && plan.contains("properties.label: \"given\""), "{plan}");
}

#[test]
fn a_template_has_a_graph_without_any_server() {
    let rad = Rad::without_url();
    rad.write("t.json", &template().to_string());
    let said = rad.fails(1, "app graph t.json");
    assert!(said.contains("parameters.size: the parameter has no default, and no value was given"), "{said}");
    assert_eq!(
        rad.ok("app graph t.json -p size=M"),
        "Displaying application: t.json\n\n\
         Name: one (Contoso.Dep/boxes)\nConnections:\n  two (Contoso.Dep/boxes) -> one\nResources: (none)\n\n\
         Name: two (Contoso.Dep/boxes)\nConnections:\n  two -> one (Contoso.Dep/boxes)\nResources: (none)\n\n"
    );
    assert!(rad.ok("app graph --template t.json -p size=M --draw mermaid").contains("n1 -.-> n0"));
    assert!(rad.ok("app graph --template t.json -p size=M --draw dot").contains("n1 -> n0 [style=dashed]"));
    assert!(rad.ok("app graph --template t.json -p size=M --draw svg").starts_with("<svg "));
    let graph: Json = serde_json::from_str(&rad.ok("app graph t.json -p size=M -o json")).unwrap();
    assert_eq!(graph["resources"][0]["provisioningState"], json!("NotDeployed"));
}

#[test]
fn what_runs_needs_an_application() {
    let rad = Rad::without_url();
    rad.write("t.json", &template().to_string());
    assert!(rad.fails(2, "run t.json").contains("no application is named"));
}
