use radii_diagnostics::SourceMap;
use radii_model::document::{Limits, parse_yaml};

use super::*;

fn parse(text: &str) -> Result<List, Vec<String>> {
    let mut map = SourceMap::new();
    let file = map.add("app.yaml", text);
    let root = parse_yaml(file, text, Limits::default()).unwrap();
    List::parse(&Document { map, root })
        .map_err(|diagnostics| diagnostics.into_iter().map(|diagnostic| diagnostic.message).collect())
}

fn template(text: &str, application: bool) -> Json {
    let versions = BTreeMap::from([("contoso.data/postgres".to_owned(), "2025-01-01".to_owned())]);
    parse(text).unwrap().to_template(&versions, &Parameters::new(), application)
}

#[test]
fn references_become_expressions_and_dependencies() {
    let template = template(
        r#"
- {type: Contoso.Data/postgres, name: my-db, properties: {size: S}}
- type: Applications.Core/containers
  name: web
  apiVersion: "2023-10-01-preview"
  tags: {team: a}
  properties:
    application: "${application}"
    container: {image: nginx, env: {URL: {value: "db://${my-db.properties.host}/${parameters.path}"}}}
    connections: {db: {source: "${my-db.id}"}}
"#,
        false,
    );
    assert_eq!(
        template["resources"]["web"],
        json!({
            "import": "Radius",
            "type": "Applications.Core/containers@2023-10-01-preview",
            "properties": {"name": "web", "location": "global", "properties": {
                "application": "[parameters('application')]",
                "container": {"image": "nginx", "env": {"URL": {"value":
                    "[format('db://{0}/{1}', reference('my_db').properties.host, parameters('path'))]"}}},
                "connections": {"db": {"source": "[reference('my_db').id]"}},
                "environment": "[parameters('environment')]",
            }, "tags": {"team": "a"}},
            "dependsOn": ["my_db"],
        })
    );
    assert_eq!(template["resources"]["my_db"]["type"], "Contoso.Data/postgres@2025-01-01");
    let parameters: Vec<_> = template["parameters"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(parameters, ["environment", "application", "path"]);
}

#[test]
fn environment_and_application_are_added_where_they_belong() {
    let template = template(
        "- {type: Applications.Core/environments, name: dev}\n\
         - {type: Applications.Core/applications, name: shop}\n\
         - {type: Contoso.Data/postgres, name: db, properties: {environment: own}}",
        true,
    );
    let properties = |symbol: &str| template["resources"][symbol]["properties"]["properties"].clone();
    assert_eq!(properties("dev"), json!({}));
    assert_eq!(properties("shop"), json!({"environment": "[parameters('environment')]"}));
    assert_eq!(properties("db"), json!({"environment": "own", "application": "[parameters('application')]"}));
}

#[test]
fn equal_names_of_different_types_are_told_apart() {
    let text = "- {type: A.B/ones, name: x}\n- {type: A.B/twos, name: x, properties: {a: \"${ones/x.id}\"}}";
    let template = template(text, false);
    assert_eq!(template["resources"]["twos_x"]["properties"]["properties"]["a"], "[reference('x').id]");
    let ambiguous = parse(&text.replace("ones/x", "x")).unwrap_err();
    assert_eq!(ambiguous, ["`x` may mean several resources of the list"]);
}

#[test]
fn everything_wrong_with_a_list_is_reported_at_once() {
    let errors = parse(
        "- {type: nope, name: a}\n- {name: b}\n- 3\n- {type: A.B/cs, name: c, colour: red}\n\
         - {type: A.B/cs, name: C}\n- {type: A.B/cs, name: d, properties: {x: \"${e.id}\", y: \"${c.host}\"}}",
    )
    .unwrap_err();
    for expected in [
        "`nope` is not a resource type",
        "a resource needs `type` as text",
        "an entry of the list is no resource",
        "a resource has no member `colour`",
        "`A.B/cs/C` is in the list twice",
        "there is no resource `e` in the list",
        "`${c.host}` cannot be followed; after the name stands `id`, `name`, `type` or `properties.…`",
    ] {
        assert!(errors.iter().any(|error| error == expected), "{expected} is missing from {errors:#?}");
    }
}

#[test]
fn circles_are_named() {
    let errors = parse(
        "- {type: A.B/cs, name: a, properties: {x: \"${b.id}\"}}\n\
         - {type: A.B/cs, name: b, properties: {x: \"${c.id}\"}}\n\
         - {type: A.B/cs, name: c, properties: {x: \"${b.id}\"}}",
    )
    .unwrap_err();
    assert_eq!(errors, ["resources refer to each other in a circle: `b` -> `c` -> `b`"]);
}
