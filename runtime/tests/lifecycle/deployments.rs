//! Deployments: templates become resources.

use std::time::Duration;

use radii_runtime::Fault;
use radii_runtime::deployment::operations;
use radii_runtime::store::{Operation, State};
use serde_json::{Value as Json, json};

use crate::world::{V1, World, accepted, id};

pub const DEPLOYMENT: &str = "Microsoft.Resources/deployments/app";
pub const API: &str = "2020-10-01";

pub async fn world() -> World {
    with_deployments(World::new().await).await
}

pub async fn with_deployments(world: World) -> World {
    let versions = [API, "2022-09-01", "2025-04-01"];
    for version in versions {
        world.register("Microsoft.Resources/deployments", version, json!({}), &[]).await;
    }
    let all: serde_json::Map<_, _> = versions.map(|version| (version.to_owned(), json!({}))).into_iter().collect();
    let location =
        "/planes/radius/local/providers/System.Resources/resourceProviders/Microsoft.Resources/locations/global";
    let table = json!({ "resourceTypes": { "deployments": { "apiVersions": all } } });
    world.store_record(location, "System.Resources/resourceProviders/locations", table).await;
    world.host.parts.catalog.refresh(&*world.store, "local", "Microsoft.Resources").await.unwrap();
    world
}

/// A template of notes by symbolic name; each note is `(text, dependsOn)`.
pub fn notes(resources: Json) -> Json {
    let mut template =
        json!({ "languageVersion": "2.0", "imports": { "radius": { "provider": "Radius" } }, "resources": {} });
    for (symbol, properties) in resources.as_object().unwrap() {
        let mut resource =
            json!({ "import": "radius", "type": format!("Contoso.Data/notes@{V1}"), "properties": { "name": symbol } });
        for (key, value) in properties.as_object().unwrap() {
            match key.as_str() {
                "dependsOn" | "condition" | "copy" | "existing" => resource[key] = value.clone(),
                "name" => resource["properties"]["name"] = value.clone(),
                _ => resource["properties"]["properties"][key] = value.clone(),
            }
        }
        template["resources"][symbol] = resource;
    }
    template
}

pub async fn refused(world: &World, body: Json) -> Fault {
    world.put(DEPLOYMENT, API, body).await.expect_err("the deployment is refused")
}

/// Sends a deployment and lets the workers and the clock go on until it has ended.
pub async fn deploy(world: &World, body: Json) -> Operation {
    let operation = accepted(world.put(DEPLOYMENT, API, body).await.unwrap());
    world.ended(operation).await
}

pub async fn text(world: &World, name: &str) -> Json {
    world.properties(&format!("Contoso.Data/notes/{name}")).await["text"].clone()
}

fn targets(record: &radii_runtime::store::Record) -> Vec<(String, String)> {
    let shown = operations(record);
    let value = shown["value"].as_array().unwrap().iter();
    let text = |value: &Json| value.as_str().unwrap().to_owned();
    value
        .map(|entry| &entry["properties"])
        .map(|entry| (text(&entry["targetResource"]["resourceName"]), text(&entry["provisioningState"])))
        .collect()
}

#[tokio::test]
async fn resources_are_deployed_in_the_order_of_their_references() {
    let world = world().await;
    let mut template = notes(json!({
        "last": { "text": "[format('{0} and {1}', reference('first').properties.text, reference('first').id)]" },
        "first": { "text": "[concat(parameters('greeting'), variables('end'))]" },
    }));
    template["parameters"] = json!({ "greeting": { "type": "string", "defaultValue": "hello" } });
    template["variables"] = json!({ "end": "[toUpper('world')]" });
    template["outputs"] = json!({ "text": { "type": "string", "value": "[reference('last').properties.text]" } });
    let operation = deploy(&world, json!({ "template": template, "mode": "Incremental" })).await;
    assert_eq!((operation.state, &operation.error), (State::Succeeded, &None));
    let expected = format!("helloWORLD and {}", id("Contoso.Data/notes/first"));
    assert_eq!(text(&world, "last").await, json!(expected));
    let properties = world.properties(DEPLOYMENT).await;
    assert_eq!(properties["outputs"], json!({ "text": { "type": "String", "value": expected } }));
    let ids = ["first", "last"].map(|name| json!({ "id": id(&format!("Contoso.Data/notes/{name}")).to_string() }));
    assert_eq!(properties["outputResources"], json!(ids));
    assert_eq!(properties["parameters"], json!({ "greeting": { "type": "String", "value": "hello" } }));
    assert!(properties["timestamp"].is_string() && properties["correlationId"].is_string());
    assert_eq!(properties["mode"], json!("Incremental"));
    assert!(!properties.contains_key("template"));
    let record = world.stored(DEPLOYMENT).await.unwrap();
    assert_eq!(targets(&record), [("first".into(), "Succeeded".into()), ("last".into(), "Succeeded".into())]);
    let answer = world.host.act(&id(DEPLOYMENT), "operations", &Json::Null).await.unwrap();
    assert_eq!(answer, operations(&record));
}

#[tokio::test]
async fn templates_of_real_compilers_are_deployed() {
    let world = world().await;
    world.register("Radius.Core/applications", "2025-08-01-preview", json!({}), &[]).await;
    let template = |name: &str| -> Json {
        let path = format!("{}/tests/fixtures/templates/{name}.json", env!("CARGO_MANIFEST_DIR"));
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    };
    let mut source = template("module-0.32");
    // The recorded template asks for a cluster; the world has only docker.
    source["resources"]["env"]["properties"]["properties"]["compute"] =
        json!({ "kind": "docker", "namespace": "[parameters('namespace')]" });
    source["outputs"] = json!({ "app": { "type": "string", "value": "[reference('module').outputs.appId.value]" } });
    let parameters = json!({ "name": { "value": "shop" }, "namespace": { "value": "dev" } });
    let operation = deploy(&world, json!({ "template": source, "parameters": parameters })).await;
    assert_eq!(operation.error, None);
    let properties = world.properties(DEPLOYMENT).await;
    let app = id("Applications.Core/applications/shop-app").to_string();
    assert_eq!(properties["outputs"]["app"]["value"], json!(app));
    let made = properties["outputResources"].as_array().unwrap();
    assert_eq!(made[1], json!({ "id": app }));
    assert_eq!(made.len(), 2);
    for name in ["app-0.42", "recipe-0.32", "env-0.32", "interpolation-0.32", "flux-basic-0.33", "flux-update-1-0.33"] {
        let source = template(name);
        let declared = source["parameters"].as_object().cloned().unwrap_or_default();
        let open = declared.iter().filter(|(_, declared)| declared.get("defaultValue").is_none());
        let given: serde_json::Map<_, _> = open.map(|(name, _)| (name.clone(), json!({ "value": "given" }))).collect();
        let path = format!("Microsoft.Resources/deployments/{}", name.replace('.', "-"));
        let answer = world.put(&path, API, json!({ "template": source, "parameters": given })).await;
        accepted(answer.unwrap_or_else(|fault| panic!("{name}: {fault}")));
    }
}

#[tokio::test]
async fn conditions_loops_and_existing_resources_are_understood() {
    let world = world().await;
    world.settle("Contoso.Data/notes/old", V1, json!({ "text": "from before" })).await;
    let mut template = notes(json!({
        "old": { "existing": true },
        "never": { "condition": "[equals(1, 2)]", "text": "x" },
        "web": { "copy": { "name": "web", "count": "[length(parameters('names'))]" },
            "name": "[format('web-{0}', parameters('names')[copyIndex()])]",
            "text": "[if(equals(copyIndex(), 0), reference('old').properties.text, reference(format('web[{0}]', sub(copyIndex(), 1))).properties.text)]",
            "dependsOn": ["never"] },
    }));
    template["parameters"] = json!({ "names": { "type": "array", "defaultValue": ["a", "b"] } });
    template["outputs"] = json!({
        "ids": { "type": "array", "copy": { "count": 2, "input": "[reference(format('web[{0}]', copyIndex())).name]" } },
        "all": { "type": "array", "value": "[map(references('web'), lambda('r', lambdaVariables('r').properties.text))]" },
        "none": { "condition": false, "type": "string", "value": "[reference('never').id]" },
    });
    let operation = deploy(&world, json!({ "template": template })).await;
    assert_eq!(operation.error, None);
    let outputs = world.properties(DEPLOYMENT).await["outputs"].clone();
    assert_eq!(outputs["ids"]["value"], json!(["web-a", "web-b"]));
    assert_eq!(outputs["all"]["value"], json!(["from before", "from before"]));
    assert!(outputs.get("none").is_none());
    assert!(world.stored("Contoso.Data/notes/never").await.is_none());
    let made = world.properties(DEPLOYMENT).await["outputResources"].clone();
    assert_eq!(made.as_array().unwrap().len(), 2, "what existed before is not listed");
}

#[tokio::test]
async fn a_failure_stops_what_depends_on_it_and_nothing_else() {
    let world = world().await;
    let template = notes(json!({
        "bad": { "text": 7 },
        "after": { "text": "x y", "dependsOn": ["bad"] },
        "good": { "text": "fine" },
        "missing": { "existing": true },
        "needs": { "text": "[reference('missing').id]" },
    }));
    let operation = deploy(&world, json!({ "template": template })).await;
    let error = operation.error.unwrap();
    assert_eq!((operation.state, error.code.as_str()), (State::Failed, "DeploymentFailed"));
    let details: Vec<_> =
        error.details.iter().map(|detail| (detail.code.as_str(), detail.target.clone().unwrap())).collect();
    let note = |name: &str| id(&format!("Contoso.Data/notes/{name}")).to_string();
    let expected = [("InvalidRequestContent", note("bad")), ("NotFound", note("missing")), ("OK", note("good"))];
    assert_eq!(details, expected);
    assert_eq!(text(&world, "good").await, json!("fine"));
    let record = world.stored(DEPLOYMENT).await.unwrap();
    let mut states = targets(&record);
    states.sort();
    let expected =
        [("after", "Canceled"), ("bad", "Failed"), ("good", "Succeeded"), ("missing", "Failed"), ("needs", "Canceled")];
    assert_eq!(states, expected.map(|(name, state)| (name.to_owned(), state.to_owned())));
    assert!(record.properties.get("outputs").is_none());
    assert_eq!(record.properties["error"]["code"], json!("DeploymentFailed"));
    assert_eq!(record.properties["outputResources"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_resource_that_fails_later_says_why_inside() {
    let world = world().await;
    world.make_application(json!({})).await;
    let mut template = notes(json!({}));
    template["resources"]["db"] = json!({ "import": "radius", "type": format!("Contoso.Data/postgres@{V1}"),
        "properties": { "name": "db", "properties": { "environment": crate::world::environment_id() } } });
    let error = deploy(&world, json!({ "template": template })).await.error.unwrap();
    let inner = &error.details[0];
    assert_eq!(
        (inner.code.as_str(), inner.details[0].code.as_str()),
        ("ResourceDeploymentFailure", "RecipeNotFoundFailure")
    );
}

#[tokio::test]
async fn templates_are_refused_whole_before_anything_is_created() {
    let world = world().await;
    let cases = [
        (
            json!({ "a": { "text": "[formt('x')]" } }),
            "resources.a.properties.properties.text: there is no function `formt`; did you mean `format`?",
        ),
        (
            json!({ "a": { "text": "[concat('x']" } }),
            "resources.a.properties.properties.text: `[concat('x']` is no expression",
        ),
        (
            json!({ "a": { "text": "[parameters('p')]" } }),
            "resources.a.properties.properties.text: there is no parameter `p`",
        ),
        (
            json!({ "a": { "text": "[reference('b').id]" } }),
            "resources.a.properties.properties.text: there is no resource `b` in the template",
        ),
        (
            json!({ "a": { "text": "x", "dependsOn": ["b"] } }),
            "resources.a.dependsOn[0]: there is no resource `b` in the template",
        ),
        (
            json!({ "a": { "text": "[reference('b').id]" }, "b": { "text": "x", "dependsOn": ["a"] } }),
            "Circular dependency detected on resource: `a` → `b` → `a`",
        ),
        (
            json!({ "a": { "text": "x", "name": "n" }, "b": { "text": "x", "name": "N" } }),
            "resources.b: `b` and `a` are both `",
        ),
        (
            json!({ "a": { "text": "x", "name": "[reference('b').name]" }, "b": { "text": "x" } }),
            "resources.a.name: `reference` is not known before the deployment begins",
        ),
        (
            json!({ "a": { "text": "x", "copy": { "name": "a", "count": 801 } } }),
            "resources.a.copy.count: the count of the loop `a` is 801; it must be from 0 to 800",
        ),
        (
            json!({ "a": { "text": "[newGuid()]" } }),
            "resources.a.properties.properties.text: `newGuid` is allowed in defaults of parameters only",
        ),
    ];
    for (resources, message) in cases {
        let fault = refused(&world, json!({ "template": notes(resources) })).await;
        assert_eq!((fault.status, fault.code.as_str()), (400, "InvalidTemplate"));
        assert!(fault.message.contains(message), "{}", fault.message);
        assert!(!fault.details.is_empty());
    }
    let mut template = notes(json!({ "good": { "text": "fine" } }));
    template["resources"]["odd"] =
        json!({ "import": "radius", "type": "Contoso.Data/nothing@2025-01-01", "properties": { "name": "x" } });
    let fault = refused(&world, json!({ "template": template })).await;
    assert!(
        fault.message.starts_with("resources.odd: resource type \"Contoso.Data/nothing\" is not registered"),
        "{}",
        fault.message
    );
    template["resources"]["odd"] =
        json!({ "type": "Microsoft.Storage/storageAccounts", "apiVersion": "2025-01-01", "name": "x" });
    let fault = refused(&world, json!({ "template": template })).await;
    assert!(
        fault.message.contains(
            "provider azure is not configured. cannot support resource type Microsoft.Storage/storageAccounts"
        )
    );
    assert!(world.stored("Contoso.Data/notes/good").await.is_none());
    assert!(world.stored(DEPLOYMENT).await.is_none());
}

#[tokio::test]
async fn structures_that_are_no_template_are_refused() {
    let world = world().await;
    let cases = [
        (json!({}), "`properties.template` is missing"),
        (json!({ "template": "x" }), "template: a template is an object"),
        (json!({ "template": { "resurces": {} } }), "resurces: this is no section of a template"),
        (json!({ "template": { "resources": [], "outputs": [] } }), "outputs: this section is an object"),
        (
            json!({ "template": { "resources": { "a": { "type": "A.B/c" } } } }),
            "resources.a: the API version is missing",
        ),
        (
            json!({ "template": { "resources": { "a": { "import": "x", "type": "A.B/c@1" } } } }),
            "resources.a: `x` is not imported",
        ),
        (json!({ "template": { "resources": {} }, "mode": "Complete" }), "the mode `Complete` is not supported"),
        (
            json!({ "template": { "resources": {} }, "providerconfig": { "radius": { "value": { "scope": "x" } } } }),
            "`x` is not a resource id",
        ),
    ];
    for (body, message) in cases {
        let fault = refused(&world, body).await;
        assert_eq!(fault.status, 400);
        assert!(fault.message.contains(message), "{}", fault.message);
    }
}

#[tokio::test]
async fn a_resource_that_others_change_is_waited_for() {
    let world = world().await;
    let template = notes(json!({ "a": { "text": "new text" } }));
    // A change that no worker has begun yet.
    accepted(world.put("Contoso.Data/notes/a", V1, json!({ "text": "old text" })).await.unwrap());
    let operation = deploy(&world, json!({ "template": template })).await;
    assert_eq!(operation.error, None);
    assert_eq!(text(&world, "a").await, json!("new text"));
}

#[tokio::test]
async fn serial_loops_begin_a_batch_when_the_one_before_has_ended() {
    for (batch, copy) in [(1, json!({ "mode": "serial" })), (2, json!({ "mode": "Serial", "batchSize": 2 }))] {
        let world = world().await;
        let mut copy = copy;
        (copy["name"], copy["count"]) = ("x".into(), 5.into());
        let template = notes(json!({ "x": { "copy": copy, "name": "[format('x{0}', copyIndex())]", "text": "x y" } }));
        let operation = accepted(world.put(DEPLOYMENT, API, json!({ "template": template })).await.unwrap());
        let mut begun = Vec::new();
        while !world.operation(operation).await.state.is_terminal() {
            if !radii_runtime::worker::run_once(&world.host, &world.options).await.unwrap() {
                world.clock.advance(Duration::from_secs(1));
            }
            let record = world.stored(DEPLOYMENT).await.unwrap();
            let states = targets(&record);
            let running = states.iter().filter(|(_, state)| state == "Running").count();
            assert!(running <= batch, "{states:?}");
            for (name, _) in states {
                if !begun.contains(&name) {
                    begun.push(name);
                }
            }
        }
        assert_eq!(world.operation(operation).await.error, None);
        assert_eq!(begun, ["x0", "x1", "x2", "x3", "x4"]);
    }
}

#[tokio::test]
async fn classic_templates_name_resources_by_id() {
    let world = world().await;
    let template = json!({ "resources": [
        { "type": "Contoso.Data/notes", "apiVersion": V1, "name": "two", "properties": {
            "text": "[reference(resourceId('Contoso.Data/notes', 'one'), '2025-01-01').text]" },
          "dependsOn": ["[resourceId('Contoso.Data/notes', 'one')]"] },
        { "type": "Contoso.Data/notes", "apiVersion": V1, "name": "one", "properties": { "text": "[resourceGroup().name]" } },
    ] });
    let operation = deploy(&world, json!({ "template": template })).await;
    assert_eq!(operation.error, None);
    assert_eq!(text(&world, "two").await, json!("test"));
}

#[tokio::test]
async fn a_deployment_survives_a_crash_at_every_step() {
    for crash in 1..12 {
        let world = world().await;
        let template =
            notes(json!({ "one": { "text": "1 2 3" }, "two": { "text": "[reference('one').properties.text]" } }));
        let operation = accepted(world.put(DEPLOYMENT, API, json!({ "template": template })).await.unwrap());
        let mut polls = 0;
        for _ in 0..60 {
            // Every store call gives way twice; the process dies after so many polls, and starts again.
            let mut step = Box::pin(radii_runtime::worker::run_once(&world.host, &world.options));
            std::future::poll_fn(|context| {
                polls += 1;
                if polls % (crash * 3) == 0 {
                    return std::task::Poll::Ready(());
                }
                step.as_mut().poll(context).map(|_| ())
            })
            .await;
            drop(step);
            world.clock.advance(Duration::from_secs(20));
        }
        world.work().await;
        let ended = world.operation(operation).await;
        if ended.state == State::Succeeded {
            assert_eq!(text(&world, "two").await, json!("1 2 3"));
        } else {
            // Too many crashes in a row end an operation; then it says so.
            assert!(ended.error.is_some() || !ended.state.is_terminal(), "crash {crash}");
        }
    }
}

#[tokio::test]
async fn deleting_a_deployment_leaves_what_it_deployed() {
    let world = world().await;
    assert_eq!(deploy(&world, json!({ "template": notes(json!({ "a": { "text": "stay" } })) })).await.error, None);
    world.settle_delete(DEPLOYMENT, API).await;
    assert!(world.stored(DEPLOYMENT).await.is_none());
    assert_eq!(text(&world, "a").await, json!("stay"));
}

#[tokio::test]
async fn ordinary_names_may_be_those_of_sections() {
    let world = world().await;
    let operation =
        deploy(&world, json!({ "template": notes(json!({ "parameters": { "text": "[[not an expression]" } })) })).await;
    assert_eq!(operation.error, None);
    assert_eq!(text(&world, "parameters").await, json!("[not an expression]"));
}

#[tokio::test]
async fn names_of_modules_fit_and_longer_ones_are_refused() {
    let world = world().await;
    let body = json!({ "template": notes(json!({})) });
    let path = |length: usize| format!("Microsoft.Resources/deployments/{}", "m".repeat(length));
    accepted(world.put(&path(64), API, body.clone()).await.unwrap());
    for path in [path(65), "Microsoft.Resources/deployments/a b".to_owned()] {
        let fault = world.put(&path, API, body.clone()).await.unwrap_err();
        assert!(fault.message.contains("use at most 64 letters"), "{}", fault.message);
    }
}

#[tokio::test]
async fn children_written_inside_their_parents_go_on_with_type_and_name() {
    let world = world().await;
    let child = json!({ "type": "pages", "apiVersion": V1, "name": "one", "properties": {} });
    let template = json!({ "resources": [{ "type": "Contoso.Data/notes", "apiVersion": V1, "name": "[concat('n', 'ote')]",
        "properties": { "text": "x y" }, "resources": [child] }] });
    let fault = refused(&world, json!({ "template": template })).await;
    assert!(fault.message.starts_with("resources[0].resources[0]: "), "{}", fault.message);
    assert!(
        fault.message.contains("notes/note/pages") || fault.message.contains("Contoso.Data/notes"),
        "{}",
        fault.message
    );
}

#[tokio::test]
async fn unknown_types_and_versions_come_with_what_was_probably_meant() {
    let world = world().await;
    let resource = |kind: &str| {
        json!({ "imports": { "radius": { "provider": "Radius" } }, "resources": { "a": { "import": "radius", "type": kind,
            "properties": { "name": "a", "properties": {} } } } })
    };
    let fault = refused(&world, json!({ "template": resource("Contoso.Data/ntoes@2025-01-01") })).await;
    assert!(fault.message.ends_with("; did you mean `Contoso.Data/notes`?"), "{}", fault.message);
    let fault = refused(&world, json!({ "template": resource("Contoso.Data/notes@2024-01-01") })).await;
    assert!(fault.message.ends_with("; there are the versions `2025-01-01`"), "{}", fault.message);
}

#[tokio::test]
async fn assertions_are_checked_before_anything_is_created() {
    let world = world().await;
    let mut template = notes(json!({ "a": { "text": "x y" } }));
    template["asserts"] = json!({ "good": "[equals(1, 1)]", "bad": "[equals(1, 2)]" });
    let fault = refused(&world, json!({ "template": template })).await;
    assert!(fault.message.contains("asserts.bad: the assertion does not hold"), "{}", fault.message);
    assert!(world.stored("Contoso.Data/notes/a").await.is_none());
}
