//! The `result` contract: what templates of every kind return.

use radii_runtime::Fault;
use radii_runtime::fault::code;
use serde_json::{Map, Value as Json};

/// What a template returned, sorted.
#[derive(Debug, Default, PartialEq)]
pub struct Returned {
    /// For properties.
    pub values: Map<String, Json>,
    /// For the secret store.
    pub secrets: Map<String, Json>,
    /// Ids.
    pub resources: Vec<String>,
}

/// Sorts the outputs of a template.
///
/// The mapping of a recipe pack names single outputs, so then all of them are returned as they are. Otherwise an
/// output `result` says what is what; without one every output is a value, or a secret when it is marked so.
///
/// # Errors
/// `InvalidRecipeOutputs` when `result` is not written as the contract says.
pub fn sort(outputs: Map<String, Json>, is_sensitive: impl Fn(&str) -> bool, mapped: bool) -> Result<Returned, Fault> {
    match outputs.get("result") {
        Some(result) if !mapped => of_result(result),
        _ => {
            let (secrets, values) = outputs.into_iter().partition(|(name, _)| is_sensitive(name));
            Ok(Returned { values, secrets, resources: Vec::new() })
        }
    }
}

/// Reads an output `result`. What is no object returns nothing.
fn of_result(result: &Json) -> Result<Returned, Fault> {
    let refuse = |why: String| {
        let message = format!("failed to read the recipe output \"result\": {why}");
        Fault::new(400, code::INVALID_RECIPE_OUTPUTS, message)
    };
    let mut returned = Returned::default();
    for (name, value) in result.as_object().into_iter().flatten() {
        let object = || match value {
            Json::Null => Ok(Map::new()),
            Json::Object(members) => Ok(members.clone()),
            _ => Err(refuse(format!("`{name}` must be an object"))),
        };
        match name.as_str() {
            "values" => returned.values = object()?,
            "secrets" => returned.secrets = object()?,
            "resources" => {
                let items = match value {
                    Json::Null => &Vec::new(),
                    Json::Array(items) => items,
                    _ => return Err(refuse("`resources` must be a list of ids".to_owned())),
                };
                for item in items {
                    // Null is no id either; whoever checks ids says so.
                    let id = if item.is_null() { Some("") } else { item.as_str() };
                    let id = id.ok_or_else(|| refuse("`resources` must be a list of ids".to_owned()))?;
                    returned.resources.push(id.to_owned());
                }
            }
            other => {
                return Err(refuse(format!(
                    "json: unknown field \"{other}\"; it may have `values`, `secrets` and `resources`"
                )));
            }
        }
    }
    Ok(returned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sorted(outputs: Json, mapped: bool) -> Result<Returned, String> {
        let Json::Object(outputs) = outputs else { panic!("outputs are an object") };
        sort(outputs, |name| name.starts_with("secret"), mapped).map_err(|fault| fault.message)
    }

    #[test]
    fn a_result_says_what_is_what() {
        let result = json!({ "values": { "host": "h" }, "secrets": { "password": 1 }, "resources": ["/planes/a"] });
        let returned = sorted(json!({ "result": result, "other": 1 }), false).unwrap();
        assert_eq!(Json::Object(returned.values), json!({ "host": "h" }));
        assert_eq!(Json::Object(returned.secrets), json!({ "password": 1 }));
        assert_eq!(returned.resources, ["/planes/a"]);
    }

    #[test]
    fn without_result_every_output_counts_by_its_own_mark() {
        let returned = sorted(json!({ "host": "h", "secretKey": "k" }), false).unwrap();
        assert_eq!(
            (Json::Object(returned.values), Json::Object(returned.secrets)),
            (json!({ "host": "h" }), json!({ "secretKey": "k" }))
        );
        let returned = sorted(json!({ "result": { "any": "thing" } }), true).unwrap();
        assert_eq!(Json::Object(returned.values), json!({ "result": { "any": "thing" } }));
    }

    #[test]
    fn what_breaks_the_contract_is_named_and_what_is_no_object_is_nothing() {
        for result in [json!(null), json!("text"), json!([1]), json!({ "values": null, "resources": null })] {
            assert_eq!(sorted(json!({ "result": result }), false), Ok(Returned::default()));
        }
        for (result, words) in [
            (json!({ "values": {}, "error": 1 }), "unknown field \"error\""),
            (json!({ "values": [] }), "`values` must be an object"),
            (json!({ "secrets": "x" }), "`secrets` must be an object"),
            (json!({ "resources": "x" }), "list of ids"),
            (json!({ "resources": [1] }), "list of ids"),
        ] {
            let message = sorted(json!({ "result": result }), false).unwrap_err();
            assert!(
                message.starts_with("failed to read the recipe output \"result\": ") && message.contains(words),
                "{message}"
            );
        }
    }
}
