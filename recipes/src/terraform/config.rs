//! The generated root module: one call of the recipe's module, in Terraform's JSON syntax.
//!
//! Strings of that syntax are templates of their own, so every text that comes from elsewhere is escaped: data stays
//! data. Secrets of providers are root variables, whose values only the environment of the process holds.

use std::collections::BTreeMap;

use radii_runtime::Fault;
use radii_runtime::recipe::{Recipe, Settings};
use serde_json::{Map, Value as Json, json};

use super::module::Module;

/// Arguments of a `module` block that Terraform reads itself.
pub const RESERVED: [&str; 8] =
    ["source", "version", "providers", "count", "for_each", "depends_on", "lifecycle", "locals"];
/// The variable that tells a module about its surroundings.
pub const CONTEXT: &str = "context";

/// A root module, with the values that must not stand in it.
#[derive(Debug, Default, PartialEq)]
pub struct Root {
    /// `main.tf.json`.
    pub file: Json,
    /// Root variables and their secret values.
    pub secrets: BTreeMap<String, String>,
}

/// Refuses parameters that would be read as something else than arguments of the module.
///
/// # Errors
/// `RecipeValidationFailed` naming them.
pub fn check_parameters(recipe: &Recipe) -> Result<(), Fault> {
    let bad: Vec<&str> = recipe.parameters.keys().map(String::as_str).filter(|name| RESERVED.contains(name)).collect();
    if bad.is_empty() {
        return Ok(());
    }
    let message = format!(
        "the recipe `{}` cannot have parameters named `{}`: Terraform gives these names a meaning of its own; rename them",
        recipe.name,
        bad.join("`, `")
    );
    Err(Fault::new(400, "RecipeValidationFailed", message))
}

/// Returns the root module that only fetches the module.
pub fn fetching(key: &str, recipe: &Recipe, source: &str) -> Json {
    json!({ "terraform": {}, "module": { key: call(recipe, source) } })
}

/// Returns the root module of a run.
pub fn root(key: &str, recipe: &Recipe, source: &str, module: &Module, context: &Json, settings: &Settings) -> Root {
    let mut arguments = Map::new();
    if module.has_variable(CONTEXT) {
        arguments.insert(CONTEXT.into(), escaped(context));
    }
    for (name, value) in &recipe.parameters {
        if name != CONTEXT || !module.has_variable(CONTEXT) {
            arguments.insert(escape(name), escaped(value));
        }
    }
    arguments.extend(call(recipe, source));
    let mut root = providers(&module.providers, settings);
    let aliased = passed_providers(&module.aliases, settings);
    if !aliased.is_empty() {
        arguments.insert("providers".into(), Json::Object(aliased));
    }
    root.file["module"] = json!({ key: arguments });
    let outputs = outputs(key, recipe, module);
    if !outputs.is_empty() {
        root.file["output"] = Json::Object(outputs);
    }
    root
}

/// Returns a root module without the module: it is enough to destroy what a state holds.
pub fn without_module(required: &Map<String, Json>, settings: &Settings) -> Root {
    providers(required, settings)
}

fn call(recipe: &Recipe, source: &str) -> Map<String, Json> {
    let mut call = Map::new();
    call.insert("source".into(), escape(source).into());
    if let Some(version) = recipe.version.as_ref().filter(|version| !version.is_empty()) {
        call.insert("version".into(), escape(version).into());
    }
    call
}

/// Re-exports what the recipe takes: the outputs that its mapping names, else `result`, else all of them. The module
/// decides what is secret; the root must say it again.
fn outputs(key: &str, recipe: &Recipe, module: &Module) -> Map<String, Json> {
    let mapped = recipe.mapped_outputs();
    let has_result = module.outputs.iter().any(|(name, _)| name == "result");
    let wanted = |name: &str| {
        if !mapped.is_empty() { mapped.contains(&name) } else { !has_result || name == "result" }
    };
    let exported = module.outputs.iter().filter(|(name, _)| wanted(name));
    exported
        .map(|(name, _)| (name.clone(), json!({ "value": format!("${{module.{key}.{name}}}"), "sensitive": true })))
        .collect()
}

/// Begins a root module: backend, required providers, provider blocks and the variables of their secrets.
fn providers(required: &Map<String, Json>, settings: &Settings) -> Root {
    let mut terraform = json!({ "backend": { "http": {} } });
    if !required.is_empty() {
        terraform["required_providers"] = escaped(&Json::Object(required.clone()));
    }
    let mut root = Root { file: json!({ "terraform": terraform }), secrets: BTreeMap::new() };
    let mut blocks: Map<String, Json> = required.keys().filter_map(|name| generated(name, settings)).collect();
    for (name, own) in &settings.providers {
        let list = own.iter().map(|block| {
            let mut arguments = escaped(&Json::Object(block.arguments.clone()));
            for (argument, value) in &block.secrets {
                let variable = format!("radii_secret_{}", root.secrets.len());
                arguments[escape(argument)] = format!("${{var.{variable}}}").into();
                root.secrets.insert(variable, value.clone());
            }
            arguments
        });
        let list: Vec<Json> = list.collect();
        blocks.insert(escape(name), list.into());
    }
    if !root.secrets.is_empty() {
        let variable = json!({ "type": "string", "sensitive": true });
        let variables: Map<String, Json> = root.secrets.keys().map(|name| (name.clone(), variable.clone())).collect();
        root.file["variable"] = Json::Object(variables);
    }
    if !blocks.is_empty() {
        root.file["provider"] = Json::Object(blocks);
    }
    root
}

/// Returns the block of a provider whose scope the environment knows; credentials come from the environment's
/// variables or its own blocks.
fn generated(name: &str, settings: &Settings) -> Option<(String, Json)> {
    let scope = |cloud: &str| settings.scopes.get(cloud);
    let block = match name {
        "azurerm" => {
            let mut block = json!({ "features": {} });
            if let Some(subscription) =
                scope("azure").and_then(|azure| value_or_segment(azure, "subscriptionId", "subscriptions"))
            {
                block["subscription_id"] = escape(&subscription).into();
            }
            block
        }
        "aws" => {
            let region = scope("aws").and_then(|aws| value_or_segment(aws, "region", "regions"))?;
            json!({ "region": escape(&region) })
        }
        "kubernetes" => {
            let config = std::env::var("KUBECONFIG").ok()?;
            json!({ "config_path": escape(&config) })
        }
        _ => return None,
    };
    Some((name.to_owned(), json!([block])))
}

/// Reads `scope` (an id) or a property of its own: the two spellings of an environment's providers.
fn value_or_segment(provider: &Json, property: &str, segment: &str) -> Option<String> {
    if let Some(value) = provider[property].as_str() {
        return Some(value.to_owned());
    }
    let mut segments = provider["scope"].as_str()?.split('/').skip_while(|part| !part.eq_ignore_ascii_case(segment));
    segments.nth(1).map(str::to_owned)
}

/// Returns the `providers` argument: aliases that the module declares and the environment has.
fn passed_providers(aliases: &[String], settings: &Settings) -> Map<String, Json> {
    let exists = |alias: &&String| {
        let Some((name, own)) = alias.split_once('.') else { return false };
        let blocks = settings.providers.iter().filter(|(known, _)| known == name).flat_map(|(_, blocks)| blocks);
        blocks.into_iter().any(|block| block.arguments.get("alias").and_then(Json::as_str) == Some(own))
    };
    aliases.iter().filter(exists).map(|alias| (alias.clone(), alias.clone().into())).collect()
}

/// Escapes every text of a value, keys included.
pub fn escaped(value: &Json) -> Json {
    match value {
        Json::String(text) => escape(text).into(),
        Json::Array(items) => items.iter().map(escaped).collect(),
        Json::Object(members) => members.iter().map(|(name, value)| (escape(name), escaped(value))).collect(),
        other => other.clone(),
    }
}

/// Escapes the beginnings of expressions.
pub fn escape(text: &str) -> String {
    text.replace("${", "$${").replace("%{", "%%{")
}

#[cfg(test)]
mod tests {
    use radii_runtime::recipe::ProviderBlock;

    use super::*;

    fn recipe(parameters: Json) -> Recipe {
        Recipe {
            name: "default".into(),
            kind: "terraform".into(),
            path: "ns/name/provider".into(),
            version: Some("1.1.0".into()),
            plain_http: false,
            parameters: parameters.as_object().unwrap().clone(),
            outputs: Map::new(),
        }
    }

    fn module(variables: &[&str], outputs: &[&str]) -> Module {
        let variable =
            |name: &&str| super::super::module::Variable { name: (*name).to_owned(), description: Json::Null };
        Module {
            variables: variables.iter().map(variable).collect(),
            outputs: outputs.iter().map(|name| ((*name).to_owned(), false)).collect(),
            ..Module::default()
        }
    }

    #[test]
    fn the_module_is_called_with_context_and_parameters() {
        let module = module(&["context", "sku"], &["result", "other"]);
        let root = root(
            "default",
            &recipe(json!({ "sku": "P", "context": 1 })),
            "ns/name/provider",
            &module,
            &json!({ "a": "b" }),
            &Settings::default(),
        );
        let expected = json!({
            "terraform": { "backend": { "http": {} } },
            "module": { "default": { "context": { "a": "b" }, "sku": "P", "source": "ns/name/provider", "version": "1.1.0" } },
            "output": { "result": { "value": "${module.default.result}", "sensitive": true } },
        });
        assert_eq!(root.file, expected);
    }

    #[test]
    fn no_text_becomes_an_expression() {
        let parameters = json!({ "note": "${file(\"/etc/hostname\")} %{ if true }", "tags": { "${k}": ["$${x}"] } });
        let file = root("m", &recipe(parameters), "s", &module(&[], &[]), &json!({}), &Settings::default()).file;
        let arguments = &file["module"]["m"];
        assert_eq!(arguments["note"], "$${file(\"/etc/hostname\")} %%{ if true }");
        assert_eq!(arguments["tags"], json!({ "$${k}": ["$$${x}"] }));
    }

    #[test]
    fn names_that_terraform_reads_are_refused() {
        for name in RESERVED {
            let fault = check_parameters(&recipe(json!({ name: 1, "fine": 2 }))).unwrap_err();
            assert_eq!(fault.code, "RecipeValidationFailed");
            assert!(fault.message.contains(&format!("`{name}`")), "{fault}");
        }
        check_parameters(&recipe(json!({ "Source": 1 }))).unwrap();
    }

    #[test]
    fn provider_blocks_hold_no_secret() {
        let secrets = BTreeMap::from([("client_secret".to_owned(), "hunter2".to_owned())]);
        let arguments = json!({ "alias": "west", "region": "x" }).as_object().unwrap().clone();
        let settings = Settings {
            providers: vec![("acme".into(), vec![ProviderBlock { arguments, secrets }])],
            scopes: json!({ "azure": { "scope": "/subscriptions/s1/resourceGroups/g" }, "aws": { "region": "eu" } }),
            ..Settings::default()
        };
        let mut module = module(&[], &[]);
        module.aliases = vec!["acme.west".into(), "acme.east".into()];
        module.providers =
            json!({ "azurerm": { "source": "hashicorp/azurerm" }, "aws": {} }).as_object().unwrap().clone();
        let root = root("m", &recipe(json!({})), "s", &module, &json!({}), &settings);
        assert!(!root.file.to_string().contains("hunter2"));
        assert_eq!(root.secrets["radii_secret_0"], "hunter2");
        assert_eq!(
            root.file["provider"],
            json!({
                "azurerm": [{ "features": {}, "subscription_id": "s1" }], "aws": [{ "region": "eu" }],
                "acme": [{ "alias": "west", "region": "x", "client_secret": "${var.radii_secret_0}" }],
            })
        );
        assert_eq!(root.file["module"]["m"]["providers"], json!({ "acme.west": "acme.west" }));
        assert_eq!(root.file["variable"]["radii_secret_0"], json!({ "type": "string", "sensitive": true }));
    }
}
