use radii_recipes::template::TemplateDriver;
use radii_runtime::fault::code;
use radii_runtime::platform::ComputeKind;
use radii_runtime::recipe::{RecipeDriver, Settings};
use serde_json::{Value as Json, json};

use crate::fakes::Case;

const DATABASE: &str = "
description: A database.
parameters:
  image: { type: string, default: 'localhost/radii/bb:1', description: The image. }
  size: { type: string, enum: [S, L], default: '{{default context.resource.properties.size \"S\"}}' }
  port: { type: integer, default: 5432 }
docker:
  - name: '{{uniqueName context.resource.name}}-data'
  - name: '{{uniqueName context.resource.name}}'
    image: '{{parameters.image}}'
    password: '{{password \"admin\"}}'
    size: '{{parameters.size}}'
kubernetes:
  objects: []
  result:
    values: { host: '{{context.resource.name}}.svc' }
result:
  values: { host: '{{context.resource.name}}', port: '{{parameters.port}}' }
  secrets: { password: '{{password \"admin\"}}' }
  resources: ['/planes/x/{{context.resource.name}}']";

#[tokio::test]
async fn objects_are_written_down_then_applied_in_order_and_the_result_is_returned() {
    let case = Case::new(DATABASE, json!({ "size": "L" }));
    let outcome = case.run().await.unwrap();
    let names: Vec<String> = case.applied().iter().map(|body| body["name"].as_str().unwrap().to_owned()).collect();
    let mut written = vec!["state true".to_owned()];
    written.extend(names.clone());
    assert_eq!(*case.journal.entries.lock().unwrap(), written);
    assert_eq!(names.len(), 2);
    assert_eq!(Json::Object(outcome.values), json!({ "host": "db", "port": 5432 }));
    assert_eq!(outcome.secrets["password"], case.applied()[1]["password"]);
    assert_eq!(outcome.resources, ["/planes/x/db"]);
    assert_eq!(case.applied()[1]["size"], "L");
    assert_eq!(case.applied()[1]["labels"]["radapp.io/resource"], "db");
}

const TELLING: &str = "
docker:
  - name: c
    secretEnv: { KEY: '{{context.resource.connections.db.properties.key}}' }
    create: { Cmd: ['{{upper context.resource.connections.db.properties.user}}'] }
kubernetes:
  - apiVersion: v1
    kind: Secret
    name: s
    metadata: { name: s }
    stringData: { url: 'db://{{context.resource.connections.db.properties.key}}@h' }
result:
  values: { user: '{{context.resource.connections.db.properties.user}}' }
  secrets: { copy: '{{base64 context.resource.connections.db.properties.key}}' }";

fn telling(text: &str, kind: ComputeKind) -> Case {
    let told = |key: Json| {
        let mut context = crate::fakes::context(json!({}));
        context["resource"]["connections"] = json!({ "db": { "properties": { "user": "u", "key": key } } });
        context
    };
    let mut case = Case::new(text, json!({}));
    (case.context, case.shown, case.kind) = (told(json!("planted")), Some(told(Json::Null)), kind);
    case
}

#[tokio::test]
async fn what_is_told_in_confidence_goes_where_the_platform_keeps_secrets() {
    let docker = telling(TELLING, ComputeKind::Docker);
    let outcome = docker.run().await.unwrap();
    assert_eq!(docker.applied()[0]["secretEnv"]["KEY"], "planted");
    assert_eq!((&outcome.values["user"], &outcome.secrets["copy"]), (&json!("u"), &json!("cGxhbnRlZA==")));
    let kubernetes = telling(TELLING, ComputeKind::Kubernetes);
    kubernetes.run().await.unwrap();
    assert_eq!(kubernetes.applied()[0]["stringData"]["url"], "db://planted@h");
}

#[tokio::test]
async fn a_recipe_that_would_show_a_secret_is_refused_with_the_place_before_anything_is_made() {
    for (kind, from, to, place) in [
        (ComputeKind::Docker, "db.properties.user}}'] }", "db.properties.key}}'] }", "docker[0].create.Cmd[0]"),
        (ComputeKind::Kubernetes, "kind: Secret", "kind: ConfigMap", "kubernetes[0].stringData.url"),
        (
            ComputeKind::Kubernetes,
            "name: s }",
            "name: '{{lower context.resource.connections.db.properties.key}}' }",
            "kubernetes[0].metadata.name",
        ),
        (
            ComputeKind::Docker,
            "values: { user:",
            "values: { key: '{{context.resource.connections.db.properties.key}}', user:",
            "result.values.key",
        ),
    ] {
        let case = telling(&TELLING.replace(from, to), kind);
        let fault = case.run().await.unwrap_err();
        assert_eq!(fault.code, "RecipeValidationFailed");
        assert!(fault.message.contains(&format!("`{place}` would show")), "{fault}");
        assert!(!fault.message.contains("planted") && case.applied().is_empty(), "{fault}");
    }
}

#[tokio::test]
async fn a_password_stays_the_same_on_updates() {
    let first = Case::new(DATABASE, json!({})).run().await.unwrap();
    let mut again = Case::new(DATABASE, json!({ "size": "L" }));
    again.previous = Some(first.state.clone());
    let second = again.run().await.unwrap();
    assert_eq!((first.secrets, first.state), (second.secrets, second.state));

    let mut other = Case::new(DATABASE, json!({}));
    other.previous = Some(json!({ "seed": "00".repeat(32) }));
    assert_ne!(other.run().await.unwrap().secrets, again.run().await.unwrap().secrets);
}

#[tokio::test]
async fn a_sections_result_goes_over_the_common_one() {
    let mut case = Case::new(DATABASE, json!({}));
    case.kind = ComputeKind::Kubernetes;
    assert_eq!(Json::Object(case.run().await.unwrap().values), json!({ "host": "db.svc", "port": 5432 }));
}

#[tokio::test]
async fn a_platform_without_section_is_refused_before_anything_is_made() {
    let mut case = Case::new(DATABASE, json!({}));
    case.kind = ComputeKind::Ecs;
    let fault = case.run().await.unwrap_err();
    assert_eq!(fault.code, code::PLATFORM_UNSUPPORTED);
    assert!(fault.message.contains("`ecs`") && fault.message.contains("kubernetes, docker"), "{fault}");
    assert!(case.journal.entries.lock().unwrap().is_empty());
}

#[tokio::test]
async fn parameters_are_checked_against_their_declarations() {
    for (parameters, words) in [
        (json!({ "imag": "x" }), "no parameter `imag`; did you mean `image`?"),
        (json!({ "port": "5432" }), "parameters.port: must be of type integer"),
        (json!({ "size": "XL" }), "parameters.size: must be one of \"S\", \"L\""),
    ] {
        let fault = Case::new(DATABASE, json!({})).parameters(parameters).run().await.unwrap_err();
        assert!(fault.message.contains(words), "{fault}");
    }
    let needs = Case::new("parameters: { image: { type: string } }", json!({})).run().await.unwrap_err();
    assert!(needs.message.contains("needs parameter `image` (string)"), "{needs}");
}

#[tokio::test]
async fn a_result_that_cannot_be_rendered_stops_the_recipe_before_anything_is_made() {
    let case = Case::new("docker: [{ name: a }]\nresult: { values: { x: '{{nothing}}' } }", json!({}));
    assert_eq!(case.run().await.unwrap_err().code, code::INVALID_RECIPE_OUTPUTS);
    assert!(case.applied().is_empty());
}

#[tokio::test]
async fn an_object_that_does_not_work_fails_the_recipe_and_stays_written_down() {
    let case = Case::new("docker: [{ name: a }, { name: broken }, { name: c }]", json!({}));
    let fault = case.run().await.unwrap_err();
    assert_eq!(fault.code, code::RECIPE_DEPLOYMENT);
    assert!(fault.message.contains("`broken` does not work: as told"), "{fault}");
    assert_eq!(case.applied().len(), 2);
    assert_eq!(case.journal.entries.lock().unwrap().len(), 4);
}

#[tokio::test]
async fn two_objects_of_one_name_and_objects_without_name_are_refused() {
    let fault = Case::new("docker: [{ name: a }, { name: a }]", json!({})).run().await.unwrap_err();
    assert!(fault.message.contains("twice"), "{fault}");
    let fault = Case::new("docker: [{ kind: b }]", json!({})).run().await.unwrap_err();
    assert!(fault.message.contains("object 1 of recipe `default` for docker"), "{fault}");
}

#[tokio::test]
async fn metadata_lists_the_parameters() {
    let metadata =
        TemplateDriver::new().metadata(&Case::new(DATABASE, json!({})).recipe, &Settings::default()).await.unwrap();
    insta::assert_json_snapshot!(metadata);
}

#[tokio::test]
async fn files_outside_the_folder_of_recipes_are_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("recipes");
    std::fs::create_dir(&inside).unwrap();
    std::fs::write(folder.path().join("outside.yaml"), "result: { values: { a: 1 } }").unwrap();
    let mut case = Case::new("", json!({}));
    for (allowed, words) in [(None, "--recipes DIR"), (Some(inside), "not in the server's folder")] {
        case.folder = allowed;
        for path in ["../outside.yaml".to_owned(), folder.path().join("outside.yaml").display().to_string()] {
            case.recipe.path = path;
            let fault = case.run().await.unwrap_err();
            assert_eq!(fault.code, "RecipeDownloadFailed");
            assert!(fault.message.contains(words), "{fault}");
        }
    }
}

#[tokio::test]
async fn a_recipe_is_inline_text_a_path_or_a_file_url() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("recipe.yaml");
    std::fs::write(&file, "result: { values: { a: 1 } }").unwrap();
    let mut case = Case::new("", json!({}));
    case.folder = Some(folder.path().to_owned());
    for path in [
        "recipe.yaml".to_owned(),
        file.display().to_string(),
        format!("file:{}", file.display()),
        format!("file://{}", file.display()),
    ] {
        case.recipe.path = path;
        assert_eq!(case.run().await.unwrap().values["a"], 1);
    }
    case.recipe.path = r#"{ "result": { "values": { "a": 1 } } }"#.to_owned();
    assert_eq!(case.run().await.unwrap().values["a"], 1);
    for (path, words) in
        [("", "is empty"), ("/no/such/file.yaml", "/no/such/file.yaml"), ("https://example.com/x.yaml", "is no file")]
    {
        case.recipe.path = path.to_owned();
        let fault = case.run().await.unwrap_err();
        assert_eq!(fault.code, "RecipeDownloadFailed");
        assert!(fault.message.contains(words), "{fault}");
    }
}
