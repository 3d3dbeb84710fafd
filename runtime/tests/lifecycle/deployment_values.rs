//! What goes into templates and comes out of them: parameters, outputs, and what nested templates see.

use serde_json::{Value as Json, json};

use crate::deployments::{DEPLOYMENT, deploy, notes, refused, text, world};
use crate::world::{V1, id};

#[tokio::test]
async fn parameters_are_checked_and_secret_ones_never_shown() {
    let world = world().await;
    let mut template = notes(json!({ "a": { "text": "[parameters('size')]", "password": "[parameters('password')]",
        "count": "[parameters('count')]" } }));
    template["definitions"] = json!({ "size": { "type": "string", "allowedValues": ["small", "large"] } });
    template["parameters"] = json!({
        "size": { "$ref": "#/definitions/size" },
        "count": { "type": "int", "minValue": 2, "defaultValue": "[add(parameters('later'), 1)]" },
        "later": { "type": "int", "defaultValue": 4 },
        "password": { "type": "securestring" },
        "now": { "type": "string", "defaultValue": "[utcNow('yyyy-MM-dd')]" },
    });
    let fault = refused(
        &world,
        json!({ "template": template, "parameters": {
        "size": { "value": "huge" }, "count": { "value": 1 }, "typo": { "value": 1 }, "later": { "value": "many" } } }),
    )
    .await;
    let seen: Vec<_> =
        fault.details.iter().map(|detail| (detail.target.clone().unwrap(), detail.message.clone())).collect();
    let expected = [
        ("parameters.typo", "the template has no such parameter; it has `size`, `count`, `later`, `password`, `now`"),
        ("parameters.size", "the value is not one of \"small\", \"large\""),
        ("parameters.count", "1 is less than `minValue`, 2"),
        ("parameters.later", "the value is a string, but the type is `int`"),
        ("parameters.password", "the parameter has no default, and no value was given"),
    ];
    assert_eq!(seen, expected.map(|(place, message)| (place.to_owned(), message.to_owned())));
    let given = json!({ "size": { "value": "small" }, "PASSWORD": { "value": "hunter2" }, "later": { "value": "7" } });
    let operation = deploy(&world, json!({ "template": template, "parameters": given })).await;
    assert_eq!(operation.error, None);
    assert_eq!(world.properties("Contoso.Data/notes/a").await["count"], json!(8));
    let record = world.stored(DEPLOYMENT).await.unwrap();
    assert_eq!(record.properties["parameters"]["password"], json!({ "type": "SecureString" }));
    assert_eq!(record.properties["parameters"]["now"]["value"], json!("1970-01-01"));
    assert!(!format!("{record:?}").contains("hunter2"), "nothing secret stays when the deployment has ended");
}

/// A nested deployment that puts one note, without a scope of its own unless `options` give it one.
fn module(name: &str, options: Json, text: &str, outputs: Json) -> Json {
    let note = json!({ "type": "Contoso.Data/notes", "apiVersion": V1, "name": format!("{name}-note"),
        "properties": { "text": text } });
    json!({ "type": "Microsoft.Resources/deployments", "apiVersion": "2025-04-01", "name": name, "properties": {
        "expressionEvaluationOptions": options, "mode": "Incremental",
        "template": { "resources": [note], "outputs": outputs } } })
}

#[tokio::test]
async fn nested_templates_without_a_scope_of_their_own_see_their_parent() {
    let world = world().await;
    let mut outer = module("outer", json!(null), "[concat(parameters('p'), variables('v'))]", json!({}));
    outer["properties"]["template"]["resources"].as_array_mut().unwrap().push(json!({
        "type": "Contoso.Data/notes", "apiVersion": V1, "copy": { "name": "each", "count": 2 },
        "name": "[concat('turn-', copyIndex('each'))]", "properties": { "text": "[concat('[', parameters('p'), ']')]" } }));
    let template = json!({
        "parameters": { "p": { "type": "string", "defaultValue": "from the " } },
        "variables": { "v": "parent" },
        "resources": [outer],
    });
    let operation = deploy(&world, json!({ "template": template })).await;
    assert_eq!(operation.error, None);
    assert_eq!(text(&world, "outer-note").await, json!("from the parent"));
    assert_eq!(text(&world, "turn-1").await, json!("[from the ]"), "what comes of an expression is not one");
    let mut inner = module("inner", json!({ "scope": "inner" }), "[parameters('p')]", json!({}));
    inner["name"] = json!("inner");
    let template = json!({ "parameters": { "p": { "type": "string", "defaultValue": "x" } }, "resources": [inner] });
    let fault = refused(&world, json!({ "template": template })).await;
    assert!(fault.message.contains("there is no parameter `p`"), "{}", fault.message);
}

#[tokio::test]
async fn a_module_in_another_group_sees_that_group_of_azure() {
    let world = world().await;
    let group = "/planes/radius/local/resourceGroups/other";
    world.store_record(group, "System.Resources/resourceGroups", json!({})).await;
    let outputs = json!({ "group": { "type": "string", "value": "[resourceGroup().id]" },
        "vault": { "type": "string", "value": "[resourceId('Microsoft.KeyVault/vaults', 'v')]" } });
    let mut elsewhere = module("elsewhere", json!({ "scope": "inner" }), "x", outputs);
    elsewhere["resourceGroup"] = json!("other");
    elsewhere["properties"]["template"]["resources"] = json!([]);
    let read = |name: &str| {
        let value = format!("[reference('elsewhere').outputs.{name}.value]");
        json!({ "type": "string", "value": value })
    };
    let template = json!({ "resources": [elsewhere], "outputs": { "group": read("group"), "vault": read("vault"),
        "own": { "type": "string", "value": "[resourceGroup().id]" } } });
    let azure = json!({ "az": { "value": { "scope": "/subscriptions/s/resourceGroups/mine" } } });
    let operation = deploy(&world, json!({ "template": template, "providerconfig": azure })).await;
    assert_eq!(operation.error, None);
    let outputs = &world.stored(DEPLOYMENT).await.unwrap().properties["outputs"];
    let values = ["own", "group", "vault"].map(|name| outputs[name]["value"].as_str().unwrap_or_default().to_owned());
    let other = "/subscriptions/s/resourceGroups/other";
    let vault = format!("{other}/providers/Microsoft.KeyVault/vaults/v");
    assert_eq!(values, ["/subscriptions/s/resourceGroups/mine", other, &vault]);
}

#[test]
fn templates_that_look_into_secrets_are_foreseen_with_these_left_as_they_are_written() {
    let note = json!({ "type": "Contoso.Data/notes", "apiVersion": V1, "name": "n", "properties": {
        "text": "[parameters('login').user]", "password": "[base64(variables('password'))]", "size": 3 } });
    let template = json!({
        "parameters": { "login": { "type": "secureObject" }, "plain": { "type": "object", "defaultValue": {} } },
        "variables": { "password": "[parameters('login').password]" },
        "resources": [note],
    });
    let given = json!({ "login": { "value": { "user": "u", "password": "hunter2" } } });
    let scope = "/planes/radius/local/resourceGroups/test".parse().unwrap();
    let foreseen = |template: &Json| radii_runtime::deployment::foresee(template, given.as_object().unwrap(), &scope);
    let all = foreseen(&template).unwrap();
    assert_eq!(all[0].body["properties"], template["resources"][0]["properties"]);
    assert!(!all[0].is_known);
    let mut wrong = template.clone();
    wrong["resources"][0]["properties"]["size"] = json!("[parameters('plain').size]");
    let fault = foreseen(&wrong).unwrap_err();
    assert_eq!(fault.message, "resources[0].properties.size: there is no property `size`; the object is empty");
}

#[tokio::test]
async fn secret_outputs_are_shown_to_nobody_but_the_parent() {
    let world = world().await;
    let outputs =
        json!({ "key": { "type": "securestring", "value": "hunter2" }, "plain": { "type": "string", "value": "y" } });
    let mut module = module("module", json!({ "scope": "inner" }), "x y", outputs);
    module["properties"]["template"]["languageVersion"] = json!("2.0");
    let template = json!({ "languageVersion": "2.0", "resources": { "module": module, "user": {
        "type": "Contoso.Data/notes", "apiVersion": V1, "name": "user", "properties": {
            "text": "[concat('it is ', reference('module').outputs.plain.value)]",
            "password": "[listOutputsWithSecureValues('module', '2025-04-01').key]", "size": "M" } } } });
    let operation = deploy(&world, json!({ "template": template })).await;
    assert_eq!(operation.error, None);
    assert_eq!(text(&world, "user").await, json!("it is y"));
    let shown = world.properties("Microsoft.Resources/deployments/module").await;
    assert_eq!(shown["outputs"]["key"], json!({ "type": "SecureString" }));
    assert!(!format!("{shown:?}").contains("hunter2"));
    let id = id("Microsoft.Resources/deployments/module");
    let all = world.host.act(&id, "listOutputsWithSecureValues", &Json::Null).await.unwrap();
    assert_eq!(all, json!({ "key": "hunter2", "plain": "y" }));
}

#[tokio::test]
async fn outputs_must_be_of_their_type() {
    let world = world().await;
    let mut template = notes(json!({}));
    template["outputs"] = json!({ "count": { "type": "int", "value": "[concat('a', 'b')]" } });
    let error = deploy(&world, json!({ "template": template })).await.error.unwrap();
    assert_eq!(error.code, "DeploymentOutputEvaluationFailed");
    assert_eq!(error.message, "outputs.count: the value is a string, but the type is `int`");
}

#[tokio::test]
async fn types_of_parameters_are_checked_to_their_depths() {
    let world = world().await;
    let mut template = notes(json!({}));
    template["definitions"] = json!({
        "pet": { "type": "object", "discriminator": { "propertyName": "kind", "mapping": {
            "cat": { "type": "object", "properties": { "kind": { "type": "string" }, "lives": { "type": "int" } } },
            "dog": { "type": "object", "properties": { "kind": { "type": "string" } }, "additionalProperties": false } } } },
        "tree": { "type": "object", "properties": {
            "left": { "$ref": "#/definitions/tree", "nullable": true }, "key": { "type": "securestring", "nullable": true } } },
    });
    template["parameters"] = json!({
        "pair": { "type": "array", "prefixItems": [{ "type": "int" }, { "type": "string" }], "items": false },
        "ages": { "type": "object", "additionalProperties": { "type": "int", "minValue": 1 } },
        "cat": { "$ref": "#/definitions/pet" },
        "dog": { "$ref": "#/definitions/pet" },
        "bird": { "$ref": "#/definitions/pet" },
        "tree": { "$ref": "#/definitions/tree" },
    });
    let given = json!({ "pair": { "value": [1, "a", 2] }, "ages": { "value": { "a": 0, "b": "x" } },
        "cat": { "value": { "kind": "cat" } }, "dog": { "value": { "kind": "dog", "lives": 9 } },
        "bird": { "value": { "kind": "bird" } }, "tree": { "value": { "left": { "left": { "left": 1 } } } } });
    let fault = refused(&world, json!({ "template": template, "parameters": given })).await;
    let seen: Vec<_> =
        fault.details.iter().map(|detail| format!("{}: {}", detail.target.clone().unwrap(), detail.message)).collect();
    let expected = [
        "parameters.pair: the array has 3 items, but at most 2 are allowed",
        "parameters.ages.a: 0 is less than `minValue`, 1",
        "parameters.ages.b: the value is a string, but the type is `int`",
        "parameters.cat: the property `lives` is missing",
        "parameters.dog: there is no property `lives`",
        "parameters.bird: `kind` must be one of `cat`, `dog`",
        "parameters.tree.left.left.left: the value is a number, but the type is `object`",
    ];
    assert_eq!(seen, expected);
    let given = json!({ "pair": { "value": [1, "a"] }, "ages": { "value": {} }, "tree": { "value": { "key": "s3cret" } },
        "cat": { "value": { "kind": "cat", "lives": 9 } }, "dog": { "value": { "kind": "dog" } },
        "bird": { "value": { "kind": "dog" } } });
    let operation = deploy(&world, json!({ "template": template, "parameters": given })).await;
    assert_eq!(operation.error, None);
    let shown = world.properties(DEPLOYMENT).await["parameters"].clone();
    assert_eq!(shown["tree"], json!({ "type": "Object" }), "an object with a secret inside is not shown");
}
