//! What a recipe said, on the resource: read-only properties are filled and checked, the status is written.

use radii_model::base::BASIC_PROPERTIES;
use serde_json::{Map, Value as Json, json};

use super::managed_secrets::PROPERTY as SECRETS;
use super::provision::{Made, set_recipe};
use crate::Fault;
use crate::fault::code;
use crate::host::Host;
use crate::objects;
use crate::recipe::Recipe;
use crate::store::Record;

/// Puts values where the schema wants them and writes the status (contract, parts 5.2 and 5.7).
pub(super) fn store(host: &Host, record: &mut Record, made: &Made) -> Result<(), Fault> {
    check_resources(made)?;
    fill(host, record, made)?;
    record.properties.insert("status".into(), status(made));
    set_recipe(record, &made.snapshot.recipe.name, "success");
    Ok(())
}

/// Returns the `status` of what a recipe made.
pub(super) fn status(made: &Made) -> Json {
    let recipe = &made.snapshot.recipe;
    let mut status = json!({ "recipe": { "templateKind": recipe.kind, "templatePath": shown_path(recipe) } });
    if let Some(version) = recipe.version.as_ref().filter(|version| !version.is_empty()) {
        status["recipe"]["templateVersion"] = version.clone().into();
    }
    if !made.outcome.values.is_empty() {
        status["computedValues"] = Json::Object(made.outcome.values.clone());
    }
    if !made.echoed.is_empty() {
        let message = format!(
            "the recipe `{}` returned as values what it was told in confidence: `{}` are hidden; return them among `secrets`",
            recipe.name,
            made.echoed.join("`, `")
        );
        degrade(&mut status, "RecipeValuesHidden", &message);
    }
    let resources = objects::output_resources(&made.objects, &made.outcome.resources);
    if !resources.is_empty() {
        status["outputResources"] = resources.into();
    }
    status
}

/// Adds a warning to a status.
pub(super) fn degrade(status: &mut Json, code: &str, message: &str) {
    let entry = json!({ "code": code, "severity": "warning", "message": message });
    match status["degradations"].as_array_mut() {
        Some(list) => list.push(entry),
        None => status["degradations"] = json!([entry]),
    }
}

/// Returns the `status` of a portable resource: its values stand on its properties.
pub(super) fn status_of_portable(made: &Made) -> Json {
    let mut status = status(made);
    if let Some(status) = status.as_object_mut() {
        status.shift_remove("computedValues");
        let listed = status.get_mut("outputResources").and_then(Json::as_array_mut);
        for resource in listed.into_iter().flatten().filter_map(Json::as_object_mut) {
            resource.shift_remove("localID");
        }
    }
    status
}

/// Lists what the author of a resource says that it consists of.
///
/// # Errors
/// What is no id.
pub(super) fn add_referenced(record: &mut Record) -> Result<(), Fault> {
    let referenced = record.properties.get("resources").and_then(Json::as_array).cloned().unwrap_or_default();
    for entry in referenced {
        let id = entry["id"].as_str().unwrap_or_default();
        if !id.starts_with('/') || id.parse::<radii_model::ResourceId>().is_err() {
            return Err(Fault::internal(format!("resource id \"{id}\" is invalid")));
        }
        let status = record.properties.entry("status").or_insert_with(|| json!({}));
        let listed = json!({ "id": id, "radiusManaged": false });
        match status["outputResources"].as_array_mut() {
            Some(list) => list.push(listed),
            None => status["outputResources"] = json!([listed]),
        }
    }
    Ok(())
}

/// A template that is written into the recipe itself is not repeated on every resource.
fn shown_path(recipe: &Recipe) -> &str {
    if recipe.path.contains('\n') { "(inline)" } else { &recipe.path }
}

/// Refuses what is no id among the resources that a recipe names.
pub(super) fn check_resources(made: &Made) -> Result<(), Fault> {
    let is_id = |id: &String| id.parse::<radii_model::ResourceId>().is_ok();
    match made.outcome.resources.iter().find(|id| !is_id(id)) {
        None => Ok(()),
        Some(id) => {
            let message = format!("resource id \"{id}\" returned by recipe is invalid");
            Err(Fault::new(400, code::INVALID_RECIPE_OUTPUTS, message))
        }
    }
}

/// Fills read-only properties with the recipe's values, and checks the result against the schema.
fn fill(host: &Host, record: &mut Record, made: &Made) -> Result<(), Fault> {
    let Some(version) = record.api_version.clone() else { return Ok(()) };
    let (provider, kind) = host.registered(&record.id)?;
    if !host.kind_of(&crate::catalog::type_name(&provider, &kind)).has_schema() {
        return Ok(());
    }
    let schema = kind.api_versions.get(&version).map(|schema| schema.json()).unwrap_or_default();
    let Some(validator) = host.validator(&record.id, &version)? else { return Ok(()) };
    let recipe = &made.snapshot.recipe.name;
    let refuse = |message: String| Fault::new(400, code::INVALID_RECIPE_OUTPUTS, message);
    let outputs = validator.outputs();
    outputs.iter().for_each(|name| drop(record.properties.shift_remove(name)));
    for (name, value) in &made.outcome.values {
        let is_declared = schema["properties"].get(name).is_some();
        if !is_declared || BASIC_PROPERTIES.contains(&name.as_str()) || name == SECRETS {
            continue;
        }
        if !outputs.contains(name) && record.properties.get(name) != Some(value) {
            return Err(refuse(format!(
                "the recipe `{recipe}` returned the value `{name}`, but the property `{name}` of `{}` is not read-only: \
                 only its author may set it. Rename the value, or mark the property `readOnly`",
                record.type_name
            )));
        }
        record.properties.insert(name.clone(), value.clone());
    }
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Json::as_str);
    let missing = required.filter(|name| outputs.iter().any(|output| output == name));
    if let Some(name) = missing.into_iter().find(|name| !record.properties.contains_key(*name)) {
        return Err(refuse(format!(
            "the recipe `{recipe}` returned no value `{name}`, which `{}` requires: add `{name}` to the `values` of \
             its result, or map an output to it{}",
            record.type_name,
            returned(&made.outcome.values)
        )));
    }
    let properties = Json::Object(record.properties.clone());
    let violations = validator.validate(Some(&properties));
    let broken = validator.broken_rules(&properties, None);
    let broken = broken.into_iter().map(|rule| (rule.pointer, rule.message));
    let mut all = violations.into_iter().map(|first| (first.pointer, first.message)).chain(broken);
    let Some((pointer, message)) = all.next() else { return Ok(()) };
    Err(refuse(format!(
        "the values of the recipe `{recipe}` break the schema of `{}` at `{pointer}`: {message}",
        record.type_name
    )))
}

fn returned(values: &Map<String, Json>) -> String {
    let names: Vec<&str> = values.keys().map(String::as_str).collect();
    if names.is_empty() { "; it returned none".to_owned() } else { format!("; it returned `{}`", names.join("`, `")) }
}
