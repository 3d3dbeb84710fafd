//! The generated root module: one call of the recipe's module, in Terraform's JSON syntax.
//!
//! Strings of that syntax are templates of their own, so every text that comes from elsewhere is escaped: data stays
//! data. Whatever is secret, of providers or of what the module is told, is a root variable, whose value only the
//! environment of the process holds; Terraform knows it as sensitive, and shows it nowhere.

use std::collections::BTreeMap;

use radii_runtime::Fault;
use radii_runtime::recipe::{Recipe, Settings};
use serde_json::{Map, Value as Json, json};

use super::module::Module;
use crate::direct;

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

/// What a module is called with.
pub struct Told {
    whole: Map<String, Json>,
    /// The same without what is sensitive.
    shown: Map<String, Json>,
}

impl Told {
    /// Returns the arguments for a context, and for the same without what is sensitive. Modules without a variable for
    /// it have expressions in their parameters instead.
    pub fn of(recipe: &Recipe, module: &Module, context: &Json, shown: &Json) -> Self {
        let arguments = |context: &Json| {
            if !module.has_variable(CONTEXT) {
                return direct::resolve(&recipe.parameters, context);
            }
            let mut arguments = recipe.parameters.clone();
            arguments.shift_insert(0, CONTEXT.to_owned(), context.clone());
            arguments
        };
        Self { whole: arguments(context), shown: arguments(shown) }
    }
}

/// Returns the root module of a run.
pub fn root(key: &str, recipe: &Recipe, source: &str, module: &Module, told: &Told, settings: &Settings) -> Root {
    let mut root = providers(&module.providers, settings);
    let mut arguments = Map::new();
    for (name, value) in &told.whole {
        let shown = told.shown.get(name).unwrap_or(&Json::Null);
        arguments.insert(escape(name), veiled(value, shown, &mut root.secrets));
    }
    arguments.extend(call(recipe, source));
    let aliased = passed_providers(&module.aliases, settings);
    if !aliased.is_empty() {
        arguments.insert("providers".into(), Json::Object(aliased));
    }
    root.file["module"] = json!({ key: arguments });
    let outputs = outputs(key, recipe, module);
    if !outputs.is_empty() {
        root.file["output"] = Json::Object(outputs);
    }
    declare(&mut root);
    root
}

/// Returns a root module without the module: it is enough to destroy what a state holds.
pub fn without_module(required: &Map<String, Json>, settings: &Settings) -> Root {
    let mut root = providers(required, settings);
    declare(&mut root);
    root
}

/// Escapes a value, with variables in the place of what is not in its shown form.
fn veiled(value: &Json, shown: &Json, secrets: &mut BTreeMap<String, String>) -> Json {
    match value {
        value if value == shown => escaped(value),
        Json::Object(members) => {
            let shown = |name: &str| shown.get(name).unwrap_or(&Json::Null);
            members.iter().map(|(name, value)| (escape(name), veiled(value, shown(name), secrets))).collect()
        }
        Json::Array(items) => {
            let shown = |index: usize| shown.get(index).unwrap_or(&Json::Null);
            items.iter().enumerate().map(|(index, value)| veiled(value, shown(index), secrets)).collect()
        }
        Json::String(text) => variable(text, secrets, |name| name),
        Json::Number(number) => variable(&number.to_string(), secrets, |name| format!("tonumber({name})")),
        Json::Bool(flag) => variable(&flag.to_string(), secrets, |name| format!("tobool({name})")),
        Json::Null => Json::Null,
    }
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

/// Begins a root module: backend, required providers and provider blocks.
fn providers(required: &Map<String, Json>, settings: &Settings) -> Root {
    let mut terraform = json!({ "backend": { "http": {} } });
    if !required.is_empty() {
        terraform["required_providers"] = escaped(&Json::Object(required.clone()));
    }
    let mut root = Root { file: json!({ "terraform": terraform }), secrets: BTreeMap::new() };
    let mut blocks = Map::new();
    for name in required.keys().filter(|name| !settings.providers.iter().any(|(own, _)| own == *name)) {
        if let Some(block) = generated(name, settings, &mut root.secrets) {
            blocks.insert(name.clone(), json!([block]));
        }
    }
    for (name, own) in &settings.providers {
        let list = own.iter().map(|block| {
            let mut arguments = escaped(&Json::Object(block.arguments.clone()));
            for (argument, value) in &block.secrets {
                arguments[escape(argument)] = variable(value, &mut root.secrets, |name| name);
            }
            arguments
        });
        let list: Vec<Json> = list.collect();
        blocks.insert(escape(name), list.into());
    }
    if !blocks.is_empty() {
        root.file["provider"] = Json::Object(blocks);
    }
    root
}

/// Declares the variables of the secrets.
fn declare(root: &mut Root) {
    if !root.secrets.is_empty() {
        let variable = json!({ "type": "string", "sensitive": true });
        let variables: Map<String, Json> = root.secrets.keys().map(|name| (name.clone(), variable.clone())).collect();
        root.file["variable"] = Json::Object(variables);
    }
}

/// Makes a root variable of a secret, and returns the expression that reads it.
fn variable(secret: &str, secrets: &mut BTreeMap<String, String>, read: fn(String) -> String) -> Json {
    let name = format!("radii_secret_{}", secrets.len());
    secrets.insert(name.clone(), secret.to_owned());
    format!("${{{}}}", read(format!("var.{name}"))).into()
}

/// Where the platform puts the tokens of workload identities.
const AZURE_TOKEN: &str = "/var/run/secrets/azure/tokens/azure-identity-token";
const AWS_TOKEN: &str = "/var/run/secrets/eks.amazonaws.com/serviceaccount/token";

/// Returns the block of a provider that the server knows: the scope of the environment, and the credentials that are
/// registered for its cloud. Blocks that the environment has itself stand in its place.
fn generated(name: &str, settings: &Settings, secrets: &mut BTreeMap<String, String>) -> Option<Json> {
    match name {
        "azurerm" => Some(azure(settings, secrets)),
        "aws" => aws(settings, secrets),
        "kubernetes" => {
            let config = std::env::var("KUBECONFIG").ok()?;
            Some(json!({ "config_path": escape(&config) }))
        }
        _ => None,
    }
}

fn azure(settings: &Settings, secrets: &mut BTreeMap<String, String>) -> Json {
    let mut block = json!({ "features": {} });
    let scope = settings.scopes.get("azure");
    if let Some(subscription) = scope.and_then(|azure| value_or_segment(azure, "subscriptionId", "subscriptions")) {
        block["subscription_id"] = escape(&subscription).into();
    }
    let Some(known) = settings.credentials.get("azure") else { return block };
    let given = |name: &str| known.get(name).filter(|value| !value.is_empty());
    let (Some(client), Some(tenant)) = (given("clientId"), given("tenantId")) else { return block };
    let is_workload = known.get("kind").is_some_and(|kind| kind == "WorkloadIdentity");
    if !is_workload && given("clientSecret").is_none() {
        return block;
    }
    block["client_id"] = escape(client).into();
    block["tenant_id"] = escape(tenant).into();
    match given("clientSecret").filter(|_| !is_workload) {
        Some(secret) => block["client_secret"] = variable(secret, secrets, |name| name),
        None => {
            block["use_oidc"] = true.into();
            block["use_cli"] = false.into();
            block["oidc_token_file_path"] = AZURE_TOKEN.into();
        }
    }
    block
}

fn aws(settings: &Settings, secrets: &mut BTreeMap<String, String>) -> Option<Json> {
    let mut block = json!({});
    let scope = settings.scopes.get("aws");
    if let Some(region) = scope.and_then(|aws| value_or_segment(aws, "region", "regions")) {
        block["region"] = escape(&region).into();
    }
    let known = settings.credentials.get("aws");
    let given = |name: &str| known.and_then(|known| known.get(name)).filter(|value| !value.is_empty());
    if let (Some(key), Some(secret)) = (given("accessKeyId"), given("secretAccessKey")) {
        block["access_key"] = escape(key).into();
        block["secret_key"] = variable(secret, secrets, |name| name);
    } else if let Some(role) = given("roleARN") {
        block["assume_role_with_web_identity"] = json!({ "role_arn": escape(role), "session_name": "radii-terraform", "web_identity_token_file": AWS_TOKEN });
    }
    block.as_object().is_some_and(|block| !block.is_empty()).then_some(block)
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
            operators: None,
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
        let recipe = recipe(json!({ "sku": "P", "context": 1 }));
        let told = Told::of(&recipe, &module, &json!({ "a": "b" }), &json!({ "a": "b" }));
        let root = root("default", &recipe, "ns/name/provider", &module, &told, &Settings::default());
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
        let (recipe, module) = (recipe(parameters), module(&[], &[]));
        let told = Told::of(&recipe, &module, &json!({}), &json!({}));
        let file = root("m", &recipe, "s", &module, &told, &Settings::default()).file;
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
    fn registered_credentials_of_clouds_reach_their_providers() {
        let known = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        let mut settings = Settings {
            scopes: json!({ "azure": { "subscriptionId": "s1" }, "aws": { "region": "eu" } }),
            ..Settings::default()
        };
        let principal =
            [("kind", "ServicePrincipal"), ("clientId", "c"), ("tenantId", "t"), ("clientSecret", "hunter2")];
        settings.credentials.insert("azure".into(), known(&principal));
        settings.credentials.insert(
            "aws".into(),
            known(&[("kind", "AccessKey"), ("accessKeyId", "id"), ("secretAccessKey", "hunter3")]),
        );
        let required = json!({ "azurerm": {}, "aws": {} }).as_object().unwrap().clone();
        let root = without_module(&required, &settings);
        let azure = json!([{ "features": {}, "subscription_id": "s1", "client_id": "c", "tenant_id": "t",
            "client_secret": "${var.radii_secret_0}" }]);
        let aws = json!([{ "region": "eu", "access_key": "id", "secret_key": "${var.radii_secret_1}" }]);
        assert_eq!(root.file["provider"], json!({ "azurerm": azure, "aws": aws }));
        assert_eq!((&*root.secrets["radii_secret_0"], &*root.secrets["radii_secret_1"]), ("hunter2", "hunter3"));
        settings
            .credentials
            .insert("azure".into(), known(&[("kind", "WorkloadIdentity"), ("clientId", "c"), ("tenantId", "t")]));
        settings.credentials.insert("aws".into(), known(&[("kind", "IRSA"), ("roleARN", "arn:role")]));
        let root = without_module(&required, &settings);
        assert_eq!(root.file["provider"]["azurerm"][0]["oidc_token_file_path"], AZURE_TOKEN);
        assert_eq!(root.file["provider"]["aws"][0]["assume_role_with_web_identity"]["role_arn"], "arn:role");
        assert!(root.secrets.is_empty());
        // A module that asks for neither gets neither.
        assert!(without_module(&Map::new(), &settings).file.get("provider").is_none());
    }

    #[test]
    fn what_is_told_in_confidence_is_a_variable_and_keeps_its_type() {
        let context = json!({ "name": "db", "password": "hunter2", "deep": { "port": 7, "on": true, "key": "k${x}" } });
        let shown = json!({ "name": "db", "password": null, "deep": null });
        let recipe = recipe(json!({ "size": 1 }));
        let module = module(&["context"], &[]);
        let told = Told::of(&recipe, &module, &context, &shown);
        let root = root("m", &recipe, "s", &module, &told, &Settings::default());
        let expected = json!({ "name": "db", "password": "${var.radii_secret_0}", "deep": {
            "port": "${tonumber(var.radii_secret_1)}", "on": "${tobool(var.radii_secret_2)}", "key": "${var.radii_secret_3}" } });
        assert_eq!(root.file["module"]["m"]["context"], expected);
        let values: Vec<&str> = root.secrets.values().map(String::as_str).collect();
        assert_eq!(values, ["hunter2", "7", "true", "k${x}"]);
        assert_eq!(root.file["variable"].as_object().unwrap().len(), 4);
    }

    #[test]
    fn texts_made_of_secrets_are_variables_as_a_whole() {
        let recipe = recipe(json!({ "url": "redis://:{{context.resource.properties.key}}@h", "host": "h" }));
        let context = json!({ "resource": { "properties": { "key": "hunter2" } } });
        let shown = json!({ "resource": { "properties": { "key": null } } });
        let module = module(&[], &[]);
        let told = Told::of(&recipe, &module, &context, &shown);
        let root = root("m", &recipe, "s", &module, &told, &Settings::default());
        assert_eq!(root.file["module"]["m"]["url"], "${var.radii_secret_0}");
        assert_eq!(root.file["module"]["m"]["host"], "h");
        assert_eq!(root.secrets["radii_secret_0"], "redis://:hunter2@h");
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
        let recipe = recipe(json!({}));
        let told = Told::of(&recipe, &module, &json!({}), &json!({}));
        let root = root("m", &recipe, "s", &module, &told, &settings);
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
