//! Changes within what Terraform was given.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value as Json};

use super::super::scenario::Scenario;
use super::Compared;

/// Takes destructions out that we did not call for, where the module makes no resources.
pub(super) fn forget_needless_destructions(scenario: &Scenario, compared: &mut Compared) {
    let Some(ours) = &mut compared.ours.terraform else { return };
    let makes_nothing = |call: &Json| {
        let modules = call["main.tf.json"]["module"].as_object();
        let mut sources = modules.into_iter().flat_map(Map::values).filter_map(|module| module["source"].as_str());
        let name = sources.next().and_then(|source| source.rsplit('/').next()?.split(".tar.gz").next());
        let files = name.and_then(|name| scenario.modules.get(name)?.as_object());
        files
            .is_some_and(|files| !files.values().any(|text| text.as_str().is_some_and(|it| it.contains("resource \""))))
    };
    let recorded = std::mem::take(&mut compared.step.terraform).into_iter().zip(std::mem::take(ours));
    let is_expected =
        |(call, own): &(Json, Json)| call["command"][0] != "destroy" || !own.is_null() || !makes_nothing(call);
    (compared.step.terraform, *ours) = recorded.filter(is_expected).unzip();
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
