//! Properties that the control plane adds to every resource of a user-defined type.

use std::sync::LazyLock;

use serde_json::{Map, Value as Json, json};

/// What stands in `properties` beside the author's own: provisioning state, recipe and status.
pub(crate) static MANAGED: LazyLock<Map<String, Json>> = LazyLock::new(|| {
    let managed = json!({
        "provisioningState": {
            "type": "string",
            "description": "State of the last operation on the resource.",
            "enum": ["Creating", "Updating", "Deleting", "Accepted", "Provisioning", "Succeeded", "Failed", "Canceled"],
            "readOnly": true
        },
        "recipe": {
            "type": "object",
            "description": "The recipe that provisions the resource; without it the environment's default one does.",
            "properties": {
                "name": {"type": "string", "description": "Name of a recipe of the environment."},
                "parameters": {
                    "type": "object",
                    "description": "Values that override the recipe's parameters.",
                    "additionalProperties": true
                },
                "recipeStatus": {
                    "type": "string",
                    "description": "How the recipe fared.",
                    "enum": ["success", "executionError", "setupError"],
                    "readOnly": true
                }
            }
        },
        "status": {
            "type": "object",
            "description": "What the recipe made.",
            "additionalProperties": true,
            "readOnly": true
        }
    });
    match managed {
        Json::Object(managed) => managed,
        _ => unreachable!("the literal above is an object"),
    }
});
