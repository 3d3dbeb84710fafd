//! Requests against the protocol's own OpenAPI 2.0 description.
//!
//! The description of planes, groups and registrations is data (`swagger/`); this module finds the
//! operation of a request in it and reports what the request breaks, in the words of the Radius HTTP
//! contract, part 4.

mod check;
mod served;

use std::sync::LazyLock;

use radii_runtime::Fault;
use radii_runtime::fault::code;
use serde_json::Value as Json;

pub use check::undecodable;
pub use served::{Described, Registered};

/// What swagger violations have as their target.
pub const TARGET: &str = "ucp/openapi";

static UCP: LazyLock<Json> = LazyLock::new(|| parse(include_str!("../../swagger/ucp-2023-10-01-preview.json")));
/// Resources of registered types and operations, which upstream's description leaves out.
static RESOURCES: LazyLock<Json> = LazyLock::new(|| parse(include_str!("../../swagger/resources.json")));
static COMMON: LazyLock<Json> = LazyLock::new(|| parse(include_str!("../../swagger/common-types-v3.json")));

fn parse(text: &str) -> Json {
    serde_json::from_str(text).expect("the embedded description is valid JSON")
}

/// A parameter of a path, by the name that the description gives it.
pub type PathParameter<'a> = (&'static str, &'a str);

/// Returns every violation of a request; `None` as body stands for a request without one.
///
/// A path template or method that the description does not hold breaks nothing.
pub fn violations(template: &str, method: &str, path: &[PathParameter<'_>], body: Option<&Json>) -> Vec<Fault> {
    let operation = UCP.get("paths").and_then(|paths| paths.get(template));
    let operation = operation.and_then(|methods| methods.get(method.to_ascii_lowercase()));
    let Some(parameters) = operation.and_then(|operation| operation.get("parameters")).and_then(Json::as_array) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for parameter in parameters {
        let parameter = check::resolve(&UCP, parameter).1;
        let name = parameter.get("name").and_then(Json::as_str).unwrap_or_default();
        match parameter.get("in").and_then(Json::as_str) {
            Some("path") => {
                let value = path.iter().find(|(own, _)| *own == name).map(|(_, value)| *value);
                found.extend(value.and_then(|value| check::path_parameter(parameter, name, value)));
            }
            Some("body") => {
                if let (Some(body), Some(schema)) = (body, parameter.get("schema")) {
                    check::body(&UCP, schema, body, "$", &mut found);
                }
            }
            _ => {}
        }
    }
    found
}

/// Returns the fault of a request that breaks the description.
pub fn refusal(details: Vec<Fault>) -> Fault {
    let message = "HTTP request payload failed validation against API specification with one or more errors. \
                   Please see details for more information.";
    Fault::new(400, code::SPEC_VALIDATION, message).target(TARGET).details(details)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const GROUP: &str = "/planes/radius/{planeName}/resourcegroups/{resourceGroupName}";
    const PROVIDERS: &str = "/planes/radius/{planeName}/providers/System.Resources/resourceproviders";

    fn messages(template: &str, path: &[PathParameter<'_>], body: &Json) -> Vec<String> {
        violations(template, "PUT", path, Some(body)).into_iter().map(|fault| fault.message).collect()
    }

    #[test]
    fn a_group_needs_a_location_of_type_string() {
        assert_eq!(messages(GROUP, &[], &json!({})), ["$.location in body is required"]);
        assert_eq!(
            messages(GROUP, &[], &json!({"location": 1, "tags": {"a": 2}})),
            [
                "$.tags.a in body must be of type string: \"number\"",
                "$.location in body must be of type string: \"number\""
            ]
        );
        assert!(messages(GROUP, &[], &json!({"location": "global", "unknown": 1})).is_empty());
    }

    #[test]
    fn names_keep_pattern_and_length() {
        let long = "a".repeat(64);
        let body = json!({"location": "global"});
        assert_eq!(
            messages(GROUP, &[("planeName", "local"), ("resourceGroupName", "a_b")], &body),
            ["resourceGroupName in path should match '^[A-Za-z]([-A-Za-z0-9]*[A-Za-z0-9])?$'"]
        );
        assert_eq!(
            messages(GROUP, &[("resourceGroupName", &long)], &body),
            ["resourceGroupName in path should be at most 63 chars long"]
        );
    }

    #[test]
    fn keys_that_begin_with_resource_are_shortened_as_upstream_does() {
        let template = format!("{PROVIDERS}/{{resourceProviderName}}/locations/{{locationName}}");
        let body = json!({"properties": {"resourceTypes": {"things": {"apiVersions": {"v1": "x"}}}}});
        assert_eq!(
            messages(&template, &[], &body),
            ["$.properties.$Types.things.apiVersions.v1 in body must be of type object: \"string\""]
        );
    }

    #[test]
    fn values_of_the_wrong_type_are_held_against_the_enumeration_too() {
        let template = format!("{PROVIDERS}/{{resourceProviderName}}");
        let body = json!({"location": "global", "properties": {"provisioningState": 1}});
        assert_eq!(
            messages(&template, &[], &body),
            [
                "$.properties.provisioningState in body must be of type string: \"number\"",
                "$.properties.provisioningState in body should be one of \
                 [Creating Updating Deleting Accepted Provisioning Succeeded Failed Canceled]"
            ]
        );
    }

    #[test]
    fn items_are_named_by_their_array() {
        let template = format!("{PROVIDERS}/{{resourceProviderName}}/resourcetypes/{{resourceTypeName}}");
        let body = json!({"properties": {"capabilities": [null, "a-b"]}});
        assert_eq!(
            messages(&template, &[], &body),
            [
                "$.properties.capabilities in body must be of type string: \"null\"",
                "$.properties.capabilities in body should match '^[A-Za-z][A-Za-z0-9]*$'"
            ]
        );
    }
}
