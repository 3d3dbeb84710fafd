//! Parameters that tell a template secrets: the engine shows the values of secure ones to nobody.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json};

/// Deepest nesting of modules that is looked into; the engine allows fewer.
const DEPTH: usize = 32;

/// Makes these parameters of a template secure, and those of modules inside it that are made of them.
pub fn parameters(template: &mut Json, names: &[&str]) {
    let names = names.iter().map(|name| name.to_ascii_lowercase()).collect();
    secure(template, &names, DEPTH);
}

fn secure(template: &mut Json, names: &BTreeSet<String>, depth: usize) {
    if names.is_empty() || depth == 0 {
        return;
    }
    let definitions = template["definitions"].clone();
    let declared = template.get_mut("parameters").and_then(Json::as_object_mut);
    for (_, declared) in declared.into_iter().flatten().filter(|(name, _)| names.contains(&name.to_ascii_lowercase())) {
        make_secure(declared, &definitions);
    }
    let variables = template["variables"].as_object().cloned().unwrap_or_default();
    let secret = Secret { parameters: names, variables: secret_variables(&variables, names) };
    let resources = template.get_mut("resources");
    let resources: Vec<&mut Json> = match resources {
        Some(Json::Array(items)) => items.iter_mut().collect(),
        Some(Json::Object(members)) => members.values_mut().collect(),
        _ => Vec::new(),
    };
    for module in resources.into_iter().filter(|resource| is_module(resource)) {
        let given = module["properties"]["parameters"].as_object().into_iter().flatten();
        let told = given.filter(|(_, value)| secret.is_in(value)).map(|(name, _)| name.to_ascii_lowercase());
        let told: BTreeSet<String> = told.collect();
        if let Some(inner) = module["properties"].get_mut("template") {
            secure(inner, &told, depth - 1);
        }
    }
}

fn is_module(resource: &Json) -> bool {
    let kind = resource["type"].as_str().unwrap_or_default();
    kind.split('@').next().is_some_and(|kind| kind.eq_ignore_ascii_case("Microsoft.Resources/deployments"))
}

/// Makes a declaration secure; lists cannot be.
fn make_secure(declared: &mut Json, definitions: &Json) {
    let referred = declared["$ref"].as_str().and_then(|target| target.strip_prefix("#/definitions/"));
    if let Some(definition) = referred.and_then(|name| definitions.get(name)).cloned() {
        *declared = definition;
    }
    match declared["type"].as_str().unwrap_or_default().to_ascii_lowercase().as_str() {
        "string" => declared["type"] = "securestring".into(),
        "object" => declared["type"] = "secureObject".into(),
        _ => {}
    }
}

/// What holds secrets in one template.
struct Secret<'a> {
    parameters: &'a BTreeSet<String>,
    variables: BTreeSet<String>,
}

impl Secret<'_> {
    /// Whether an expression in a value reads one of them.
    fn is_in(&self, value: &Json) -> bool {
        reads(value, "parameters", self.parameters) || reads(value, "variables", &self.variables)
    }
}

/// Finds the variables that are made of secret parameters, through others as well.
fn secret_variables(variables: &Map<String, Json>, parameters: &BTreeSet<String>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    loop {
        let is_new = |(name, value): &(&String, &Json)| {
            !found.contains(&name.to_ascii_lowercase())
                && (reads(value, "parameters", parameters) || reads(value, "variables", &found))
        };
        let new: Vec<String> = variables.iter().filter(is_new).map(|(name, _)| name.to_ascii_lowercase()).collect();
        if new.is_empty() {
            return found;
        }
        found.extend(new);
    }
}

fn reads(value: &Json, function: &str, names: &BTreeSet<String>) -> bool {
    match value {
        Json::String(text) => {
            let text: String = text.to_ascii_lowercase().split_whitespace().collect();
            names.iter().any(|name| text.contains(&format!("{function}('{name}')")))
        }
        Json::Array(items) => items.iter().any(|item| reads(item, function, names)),
        Json::Object(members) => members.values().any(|member| reads(member, function, names)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_tells_secrets_is_secure_in_modules_as_well() {
        let inner = json!({ "parameters": { "key": { "type": "string" }, "told": { "type": "object" }, "size": { "type": "int" } } });
        let module = json!({ "type": "Microsoft.Resources/deployments", "properties": { "template": inner, "parameters": {
            "key": { "value": "[variables('second')]" }, "told": { "value": "[parameters('Context')]" }, "size": { "value": 1 } } } });
        let mut template = json!({
            "definitions": { "told": { "type": "object", "properties": {} } },
            "parameters": { "context": { "$ref": "#/definitions/told" }, "size": { "type": "int" } },
            "variables": { "first": "[parameters('context').key]", "second": "[concat(variables( 'first' ), 'x')]", "free": "f" },
            "resources": { "m": module },
        });
        parameters(&mut template, &["context"]);
        assert_eq!(template["parameters"]["context"], json!({ "type": "secureObject", "properties": {} }));
        let inner = &template["resources"]["m"]["properties"]["template"]["parameters"];
        assert_eq!(
            *inner,
            json!({ "key": { "type": "securestring" }, "told": { "type": "secureObject" }, "size": { "type": "int" } })
        );
        let untouched = template.clone();
        parameters(&mut template, &[]);
        assert_eq!(template, untouched);
    }
}
