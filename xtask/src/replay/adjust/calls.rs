//! Changes within what Terraform was given.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value as Json};

use super::super::scenario::Scenario;
use super::Compared;
use super::bodies::remove;

/// Takes destructions out that we did not call for, where the module makes no resources.
pub(super) fn forget_needless_destructions(scenario: &Scenario, originals: &[Json], compared: &mut Compared) {
    let Some(ours) = &mut compared.ours.terraform else { return };
    let recorded = std::mem::take(&mut compared.step.terraform).into_iter().zip(std::mem::take(ours));
    let is_expected = |original: Option<&Json>, call: &Json, own: &Json| {
        call["command"][0] != "destroy" || !own.is_null() || !original.is_some_and(|call| makes_nothing(scenario, call))
    };
    let kept = recorded.enumerate().filter(|(at, (call, own))| is_expected(originals.get(*at), call, own));
    (compared.step.terraform, *ours) = kept.map(|(_, pair)| pair).unzip();
}

/// Whether the module of a call has no resources, or was only ever run for a resource that it failed for.
fn makes_nothing(scenario: &Scenario, call: &Json) -> bool {
    let modules = call["main.tf.json"]["module"].as_object();
    let Some(module) = modules.and_then(|modules| modules.values().next()) else { return false };
    if module.pointer("/context/resource/properties/recipe/recipeStatus").is_some_and(|status| status != "success") {
        return true;
    }
    let name = module["source"].as_str().and_then(|source| source.rsplit('/').next()?.split(".tar.gz").next());
    let files = name.and_then(|name| scenario.modules.get(name)?.as_object());
    files.is_some_and(|files| !files.values().any(|text| text.as_str().is_some_and(|it| it.contains("resource \""))))
}

/// Puts the values of variables that the environment gives into a root module, in the place of the variables.
pub(super) fn resolve_variables(call: &mut Json) {
    let Some(env) = call.get("env").and_then(Json::as_object) else { return };
    let given: Vec<(String, String)> = env
        .iter()
        .filter_map(|(name, value)| Some((name.strip_prefix("TF_VAR_")?.to_owned(), value.as_str()?.to_owned())))
        .collect();
    for (name, value) in given {
        let Some(main) = call.get_mut("main.tf.json") else { return };
        let quoted = |text: &str| Json::from(text).to_string();
        let text = main.to_string().replace(&quoted(&format!("${{var.{name}}}")), &quoted(&value));
        *main = serde_json::from_str(&text).unwrap_or_else(|_| main.clone());
        remove(main, &["variable", &name]);
        if main.get("variable").and_then(Json::as_object).is_some_and(Map::is_empty) {
            remove(main, &["variable"]);
        }
        remove(call, &["env", &format!("TF_VAR_{name}")]);
    }
}

/// Makes null of variables that tell a module the sensitive values of connected resources, where the recording has null.
pub(super) fn forget_told_secrets(recorded: &Json, call: &mut Json) {
    const CONNECTIONS: &str = "/context/resource/connections";
    let Some(expected) = module(recorded).and_then(|module| module.pointer(CONNECTIONS)) else { return };
    let modules = call.get_mut("main.tf.json").and_then(|main| main.get_mut("module")?.as_object_mut());
    let own = modules.and_then(|modules| modules.values_mut().next()?.pointer_mut(CONNECTIONS)?.as_object_mut());
    let mut told = Vec::new();
    for (name, connected) in own.into_iter().flatten() {
        let expected = expected[name.as_str()].get("properties").unwrap_or(&Json::Null);
        if let Some(properties) = connected.get_mut("properties") {
            take_variables(expected, properties, &mut told);
        }
    }
    for name in told {
        remove(call, &["main.tf.json", "variable", &name]);
        remove(call, &["env", &format!("TF_VAR_{name}")]);
    }
    if call["main.tf.json"]["variable"].as_object().is_some_and(Map::is_empty) {
        remove(call, &["main.tf.json", "variable"]);
    }
}

fn take_variables(recorded: &Json, ours: &mut Json, taken: &mut Vec<String>) {
    match (recorded, ours) {
        (Json::Object(members), Json::Object(ours)) => {
            for (name, own) in ours {
                if let Some(recorded) = members.get(name) {
                    take_variables(recorded, own, taken);
                }
            }
        }
        (Json::Null, own) => {
            let variable = own.as_str().and_then(|text| text.strip_prefix("${var.")?.strip_suffix('}'));
            if let Some(name) = variable.map(str::to_owned) {
                taken.push(name);
                *own = Json::Null;
            }
        }
        _ => {}
    }
}

fn module(call: &Json) -> Option<&Json> {
    call["main.tf.json"]["module"].as_object()?.values().next()
}

/// Returns the call of the recipe's module in a root module.
pub(super) fn only_module(call: &mut Json) -> Option<&mut Json> {
    call.get_mut("main.tf.json")?.get_mut("module")?.as_object_mut()?.values_mut().next()
}

/// Gives the one module of a root module the same name everywhere.
pub(super) fn rename_module(call: &mut Json) {
    let Some(modules) = call.get_mut("main.tf.json").and_then(|main| main.get_mut("module")?.as_object_mut()) else {
        return;
    };
    let Some((name, module)) = modules.iter().next().map(|(name, module)| (name.clone(), module.clone())) else {
        return;
    };
    *modules = std::iter::once(("module".to_owned(), module)).collect();
    let outputs = call.get_mut("main.tf.json").and_then(|main| main.get_mut("output")?.as_object_mut());
    for output in outputs.into_iter().flat_map(Map::values_mut) {
        let value = output["value"].as_str().unwrap_or_default();
        output["value"] = value.replace(&format!("${{module.{name}."), "${module.module.").into();
    }
}

/// Removes the places in generated files from Terraform's diagnostics.
pub(super) fn forget_lines(value: &mut Json) {
    static PLACE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?m)main\.tf\.json( line \d+|:\d+)|^ *\d+: .*$").expect("the expression is valid")
    });
    match value {
        Json::String(text) if text.contains("main.tf.json") => *text = PLACE.replace_all(text, "(place)").into_owned(),
        Json::Object(members) => members.values_mut().for_each(forget_lines),
        Json::Array(items) => items.iter_mut().for_each(forget_lines),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_only_we_tell_of_connected_resources_is_no_difference_and_nothing_else_is() {
        let call = |properties: Json| {
            json!({ "main.tf.json": { "module": { "m": { "context": { "resource": {
                "connections": { "c": { "properties": properties } } } } } } } })
        };
        let recorded = call(json!({ "pw": null, "host": "h" }));
        let mut ours = call(json!({ "pw": "${var.radii_secret_0}", "host": "h" }));
        ours["main.tf.json"]["variable"] = json!({ "radii_secret_0": { "type": "string" } });
        ours["env"] = json!({ "TF_VAR_radii_secret_0": "s" });
        forget_told_secrets(&recorded, &mut ours);
        let mut expected = recorded.clone();
        expected["env"] = json!({});
        assert_eq!(ours, expected);
        let mut clear = call(json!({ "pw": "s", "host": "${var.x}" }));
        forget_told_secrets(&recorded, &mut clear);
        assert_eq!(clear, call(json!({ "pw": "s", "host": "${var.x}" })));
    }

    #[test]
    fn secrets_that_are_given_by_the_environment_stand_in_their_place() {
        let mut call = json!({ "env": { "TF_VAR_a": "s\"1", "REC_B": "b" },
            "main.tf.json": { "provider": { "acme": [{ "token": "${var.a}" }] }, "variable": { "a": { "sensitive": true } } } });
        resolve_variables(&mut call);
        let expected =
            json!({ "env": { "REC_B": "b" }, "main.tf.json": { "provider": { "acme": [{ "token": "s\"1" }] } } });
        assert_eq!(call, expected);
    }
}
