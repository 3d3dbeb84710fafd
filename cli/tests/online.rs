//! Journeys against a real server: what is typed, what is seen.

use serde_json::{Value as Json, json};

use crate::server::{Rad, Server};

const MANIFEST: &str = "\
namespace: Contoso.Res
types:
  boxes:
    description: A box
    capabilities: [ManualResourceProvisioning]
    apiVersions:
      '2025-01-01-preview':
        schema:
          type: object
          properties:
            size: {type: string, enum: [S, M, L]}
            count: {type: integer}
            label: {type: string}
";

const ENVIRONMENT: &str =
    "/planes/radius/local/resourceGroups/default/providers/Applications.Core/environments/default";

/// A user with a group, an environment and the type `Contoso.Res/boxes`.
fn settled(server: &Server) -> Rad {
    let rad = Rad::new(&server.url);
    rad.write("types.yaml", MANIFEST);
    rad.ok("workspace create kubernetes local --group default");
    rad.ok("group create default");
    rad.ok("env create default --simulated");
    rad.ok("env switch default");
    rad.ok("resource-type create -f types.yaml");
    rad
}

fn json_of(text: &str) -> Json {
    serde_json::from_str(text).unwrap()
}

#[test]
fn groups_come_and_go() {
    let server = Server::start();
    let rad = Rad::new(&server.url);
    assert_eq!(rad.ok("group list"), "GROUP     ID\n");
    assert_eq!(rad.ok("group list -o json"), "[]\n");
    assert_eq!(rad.ok("group create one"), "System.Resources/resourceGroups/one created\n");
    assert_eq!(rad.ok("group create Two-2 --quiet"), "");
    assert_eq!(
        rad.ok("group list"),
        "GROUP     ID\n\
         one       /planes/radius/local/resourcegroups/one\n\
         Two-2     /planes/radius/local/resourcegroups/Two-2\n"
    );
    assert_eq!(
        json_of(&rad.ok("group show ONE -o json")),
        json!({"id": "/planes/radius/local/resourcegroups/one", "location": "global", "name": "one", "tags": {},
               "type": "System.Resources/resourceGroups"})
    );
    assert!(rad.ok("group show one -o yaml").contains("name: one\n"));
    assert!(rad.fails(1, "group show nope").contains("'/planes/radius/local/resourcegroups/nope' was not found"));
    assert!(rad.fails(1, "group create bad_name").contains("resourceGroupName in path should match"));
    assert_eq!(rad.ok("group delete Two-2 -y"), "System.Resources/resourceGroups/Two-2 deleted\n");
    assert_eq!(rad.ok("group delete Two-2 -y"), "System.Resources/resourceGroups/Two-2 not found\n");
}

#[test]
fn a_workspace_remembers_its_group_and_environment() {
    let server = Server::start();
    let rad = Rad::new(&server.url);
    rad.ok("workspace create kubernetes local");
    assert!(rad.fails(1, "env list").contains("no resource group is set"));
    rad.ok("group create one");
    assert_eq!(rad.ok("group switch one"), "Switched to resource group \"one\"\n");
    assert!(rad.fails(1, "group switch nope").contains("the resource group `nope` does not exist"));
    assert_eq!(rad.ok("env create dev"), "Applications.Core/environments/dev created\n");
    assert_eq!(rad.ok("env switch dev"), "Switching default environment to dev\n");
    assert_eq!(rad.ok("env switch"), "Default environment is already set to dev\n");
    assert_eq!(
        rad.ok("env show"),
        "RESOURCE  TYPE                            GROUP     STATE\n\
         dev       Applications.Core/environments  one       Succeeded\n"
    );
    assert!(rad.config().contains("scope: /planes/radius/local/resourceGroups/one"));
}

#[test]
fn environments_are_created_changed_and_deleted() {
    let server = Server::start();
    let rad = Rad::new(&server.url);
    rad.ok("workspace create kubernetes local --group default");
    assert!(rad.fails(1, "env create e1").contains("the resource group `default` could not be found"));
    rad.ok("group create default");
    rad.ok("env create e1 --azure-subscription-id 11111111-1111-1111-1111-111111111111 --azure-resource-group rg1");
    rad.ok("env create e2 --kubernetes-namespace e2-ns");
    assert!(rad.fails(1, "env create e3 --kubernetes-namespace e2-ns").contains("already exists [Conflict]"));
    assert!(rad.fails(2, "env create e3 --aws-region r").contains("--aws-account-id"));
    rad.ok("env update e1 --aws-region eu-1 --aws-account-id 99");
    rad.ok("env update e1 --clear-azure");
    let environment = json_of(&rad.ok("env show e1 -o json"));
    assert_eq!(
        environment["properties"]["providers"],
        json!({"aws": {"scope": "/planes/aws/aws/accounts/99/regions/eu-1"}})
    );
    assert!(rad.fails(2, "env update e1").contains("nothing to change"));
    assert!(rad.fails(1, "env show nope").contains("the environment `nope` was not found"));
    assert_eq!(rad.ok("env delete e2 -y"), "Applications.Core/environments/e2 deleted\n");
    assert_eq!(rad.ok("env delete e2 -y"), "Applications.Core/environments/e2 not found\n");
}

#[test]
fn types_are_registered_shown_and_deleted() {
    let server = Server::start();
    let rad = Rad::new(&server.url);
    rad.write("types.yaml", MANIFEST);
    assert_eq!(rad.ok("resource-type create -f types.yaml"), "Contoso.Res/boxes created\n");
    assert_eq!(rad.ok("resourcetype create boxes -f types.yaml"), "Contoso.Res/boxes created\n");
    assert!(rad.fails(1, "rt create nope -f types.yaml").contains("it has: boxes"));
    let list = rad.ok("resource-type list");
    assert!(list.starts_with("TYPE ") && list.contains("[\"2025-01-01-preview\"]"), "{list}");
    assert!(list.lines().any(|line| line.starts_with("Contoso.Res/boxes ")), "{list}");
    let shown = rad.ok("resource-type show Contoso.Res/boxes");
    assert!(shown.contains("size           string    false     false"), "{shown}");
    assert!(shown.contains("environment    string    true      false"), "{shown}");
    let document = json_of(&rad.ok("resource-type show contoso.res/BOXES -o json"));
    assert_eq!(document["Name"], "Contoso.Res/boxes");
    assert_eq!(
        document["APIVersions"]["2025-01-01-preview"]["Schema"]["properties"]["count"],
        json!({"type": "integer"})
    );
    assert!(rad.fails(2, "resource-type show nope").contains("write NAMESPACE/TYPE"));
    assert_eq!(rad.ok("resource-type delete Contoso.Res/boxes -y"), "Contoso.Res/boxes deleted\n");
    assert_eq!(rad.ok("resource-type delete Contoso.Res/boxes -y"), "Contoso.Res/boxes not found\n");
    let provider = "System.Resources/resourceProviders/Contoso.Res";
    assert_eq!(rad.ok("resource-provider create -f types.yaml"), format!("{provider} created\n"));
    assert!(rad.ok("resource-provider show Contoso.Res").contains("Contoso.Res"));
    assert_eq!(rad.ok("rp delete Contoso.Res -y"), format!("{provider} deleted\n"));
    assert!(rad.fails(1, "resourceprovider show Contoso.Res").contains("was not found"));
    assert!(rad.ok("resource-type list").contains("Applications.Core/containers"), "other providers stay");
}

#[test]
fn a_manifest_with_mistakes_causes_no_request() {
    let rad = Rad::new("http://127.0.0.1:1");
    rad.write("types.yaml", &MANIFEST.replace("boxes:", "Boxes:"));
    let said = rad.fails(1, "resource-type create -f types.yaml");
    assert!(said.contains("types.yaml:3:3") && !said.contains("no server"), "{said}");
}

#[test]
fn resources_are_created_listed_shown_and_deleted() {
    let server = Server::start();
    let rad = settled(&server);
    rad.write("a.json", &json!({"properties": {"environment": ENVIRONMENT, "size": "S", "count": 3}}).to_string());
    rad.write("b.yaml", &format!("tags: {{team: a}}\nproperties:\n  environment: {ENVIRONMENT}\n  size: M\n"));
    assert_eq!(rad.ok("resource list Contoso.Res/boxes"), "RESOURCE  TYPE      GROUP     STATE\n");
    assert_eq!(rad.ok("resource create Contoso.Res/boxes b1 -f a.json"), "Contoso.Res/boxes/b1 created\n");
    let created = json_of(&rad.ok("resource create contoso.res/boxes b2 -f b.yaml -o json"));
    assert_eq!(created["properties"]["size"], "M");
    assert_eq!(created["tags"], json!({"team": "a"}));
    let table = "RESOURCE  TYPE               GROUP     STATE\n\
                 b1        Contoso.Res/boxes  default   Succeeded\n\
                 b2        Contoso.Res/boxes  default   Succeeded\n";
    assert_eq!(rad.ok("resource list Contoso.Res/boxes"), table);
    assert_eq!(rad.ok("resource list"), table, "without a type the workspace's environment counts");
    assert_eq!(rad.ok("resource list Contoso.Res/boxes -e elsewhere"), "RESOURCE  TYPE      GROUP     STATE\n");
    assert_eq!(json_of(&rad.ok("resource show Contoso.Res/boxes B1 -o json"))["properties"]["count"], 3);
    assert_eq!(rad.ok("resource delete Contoso.Res/boxes b1 -y"), "Contoso.Res/boxes/b1 deleted\n");
    assert_eq!(rad.ok("resource delete Contoso.Res/boxes b1 -y"), "Contoso.Res/boxes/b1 not found\n");
    assert_eq!(rad.ok("group delete default -y"), "System.Resources/resourceGroups/default deleted\n");
}

#[test]
fn refusals_name_the_violations() {
    let server = Server::start();
    let rad = settled(&server);
    rad.write(
        "bad.json",
        &json!({"properties": {"environment": ENVIRONMENT, "size": "XXL", "count": "many"}}).to_string(),
    );
    let said = rad.fails(1, "resource create Contoso.Res/boxes b -f bad.json");
    assert!(said.contains("size") && said.contains("count"), "{said}");
    let said = rad.fails(1, "resource create Contoso.Nope/boxes b -f bad.json");
    assert!(said.contains("the resource provider `Contoso.Nope` is not registered"), "{said}");
    rad.write("odd.json", r#"{"size": "S"}"#);
    let said = rad.fails(1, "resource create Contoso.Res/boxes b -f odd.json");
    assert!(said.contains("unknown member `size`") && said.contains("below `properties`"), "{said}");
    assert!(rad.fails(2, "resource show Contoso.Res/boxes ../x").contains("is not a name"));
}

#[test]
fn lists_are_read_to_the_last_page() {
    let server = Server::start();
    let rad = settled(&server);
    rad.write("a.json", &json!({"properties": {"environment": ENVIRONMENT}}).to_string());
    for number in 0..23 {
        rad.ok(&format!("resource create Contoso.Res/boxes b{number:02} -f a.json"));
    }
    let list = json_of(&rad.ok("resource list Contoso.Res/boxes -o json"));
    assert_eq!(list.as_array().unwrap().len(), 23);
}

#[test]
fn recipes_are_registered_listed_and_removed() {
    let server = Server::start();
    let rad = settled(&server);
    rad.write("recipe.yaml", "objects: []\nresult: {}\n");
    assert_eq!(rad.ok("recipe list -o json"), "[]\n");
    rad.ok("recipe register tf --template-kind terraform --template-path a/b/c --template-version 1.0.0 \
            --resource-type Contoso.Data/postgres -p size=big");
    rad.ok(
        "recipe register own --template-kind template --template-path recipe.yaml --resource-type Contoso.Res/boxes",
    );
    assert_eq!(
        rad.ok("recipe list"),
        "RECIPE    TYPE                   TEMPLATE KIND  TEMPLATE VERSION  TEMPLATE\n\
         own       Contoso.Res/boxes      template                         (inline)\n\
         tf        Contoso.Data/postgres  terraform      1.0.0             a/b/c\n"
    );
    let environment = json_of(&rad.ok("env show -o json"));
    let recipes = &environment["properties"]["recipes"];
    assert_eq!(recipes["Contoso.Res/boxes"]["own"]["templatePath"], "objects: []\nresult: {}\n");
    assert_eq!(recipes["Contoso.Data/postgres"]["tf"]["parameters"], json!({"size": "big"}));
    let said = rad.fails(1, "recipe register x --template-kind template --template-path none --resource-type A.B/c");
    assert!(said.contains("there is no template file `none`"), "{said}");
    assert!(
        rad.fails(2, "recipe register x --template-kind helm --template-path p --resource-type A.B/c").contains("helm")
    );
    assert_eq!(
        rad.ok("recipe unregister tf --resource-type contoso.data/POSTGRES"),
        "Successfully unregistered recipe \"tf\" from environment \"default\"\n"
    );
    assert!(rad.fails(1, "recipe unregister tf --resource-type Contoso.Data/postgres").contains("has no recipe `tf`"));
}

#[test]
fn a_list_of_resources_is_deployed_with_its_references() {
    let server = Server::start();
    let rad = settled(&server);
    rad.write(
        "app.yaml",
        "- {type: Applications.Core/applications, name: shop}\n\
         - {type: Contoso.Res/boxes, name: first, properties: {application: '${shop.id}', size: S, count: 3}}\n\
         - {type: Contoso.Res/boxes, name: second, properties: {application: '${shop.id}',\n\
            label: 'next to ${first.name} of ${first.properties.count}, ${parameters.note}',\n\
            connections: {first: {source: '${first.id}'}}}}\n",
    );
    assert!(rad.fails(1, "deploy app.yaml").contains("--parameters note=VALUE"));
    let said = rad.ok("deploy app.yaml -p note=hello");
    assert!(said.starts_with("Deployment Complete\n\nResources:\n    first           Contoso.Res/boxes\n"), "{said}");
    let second = json_of(&rad.ok("resource show Contoso.Res/boxes second -o json"));
    assert_eq!(second["properties"]["label"], "next to first of 3, hello");
    let document = json_of(&rad.ok("deploy app.yaml -p note=again -o json"));
    assert_eq!(document["resources"].as_array().unwrap().len(), 3);
    let graph = rad.ok("app graph shop");
    assert!(graph.contains("second -> first (Contoso.Res/boxes)"), "{graph}");
    assert!(rad.ok("app status -a shop").contains("shop         2"));
    assert_eq!(rad.ok("app delete shop -y"), "Applications.Core/applications/shop deleted\n");
    assert_eq!(rad.ok("resource list Contoso.Res/boxes"), "RESOURCE  TYPE      GROUP     STATE\n");
    assert_eq!(rad.ok("app delete shop -y"), "Application 'shop' does not exist or has already been deleted.\n");
}

#[test]
fn a_failed_deployment_names_the_resource() {
    let server = Server::start();
    let rad = settled(&server);
    rad.write("app.yaml", "- {type: Contoso.Res/boxes, name: wrong, properties: {size: XXL}}\n");
    let said = rad.fails(1, "deploy app.yaml --quiet");
    assert!(said.contains("wrong") && said.contains("size"), "{said}");
    assert!(rad.fails(1, "deploy app.yaml -e nope").contains("the environment `nope` does not exist"));
}

#[test]
fn the_versions_of_both_sides_are_printed() {
    let server = Server::start();
    let version = json_of(&Rad::new(&server.url).ok("version -o json"));
    assert_eq!(version["controlPlane"]["status"], "Connected");
    let version = json_of(&Rad::new("http://127.0.0.1:1").ok("version -o json"));
    assert_eq!(version["controlPlane"]["status"], "Not connected");
}

#[test]
fn what_connects_to_a_resource_is_deployed_again_and_shown_with_its_state() {
    let server = Server::start();
    let rad = settled(&server);
    rad.write("box.yaml", &format!("properties: {{size: S, environment: {ENVIRONMENT}}}\n"));
    rad.write("app.yaml", &format!("properties: {{environment: {ENVIRONMENT}}}\n"));
    let group = "/planes/radius/local/resourceGroups/default/providers";
    rad.write(
        "web.yaml",
        &format!(
            "properties:\n  application: {group}/Applications.Core/applications/shop\n  container: {{image: x}}\n  \
             connections: {{box: {{source: {group}/Contoso.Res/boxes/one}}}}\n"
        ),
    );
    rad.ok("resource create Contoso.Res/boxes one -f box.yaml");
    assert_eq!(rad.ok("resource redeploy-dependents Contoso.Res/boxes one"), "RESOURCE  STATE\n");
    rad.ok("resource create Applications.Core/applications shop -f app.yaml");
    rad.ok("resource create Applications.Core/containers web -f web.yaml");
    let shown = rad.ok("resource redeploy-dependents Contoso.Res/boxes one");
    assert!(shown.contains("/Applications.Core/containers/web  Succeeded"), "{shown}");
    let shown = json_of(&rad.ok("resource redeploy-dependents Contoso.Res/boxes one --no-wait -o json"));
    assert_eq!((&shown[0]["state"], shown[0]["operation"].is_string()), (&json!("Accepted"), true));
    assert_eq!(
        rad.ok("resource create Contoso.Res/boxes one -f box.yaml --redeploy-dependents"),
        "Contoso.Res/boxes/one created\n"
    );
    assert!(rad.fails(1, "resource redeploy-dependents Contoso.Res/boxes two").contains("was not found"));
}
