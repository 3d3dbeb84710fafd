//! Which members an API server knows: what it does not know, or has of another type, it refuses when it is applied.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ConfigMap, PodSpec, Secret, Service, ServiceAccount};
use k8s_openapi::api::rbac::v1::{Role, RoleBinding};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};

/// Members whose values are quantities, which may be written as numbers.
const QUANTITIES: [&str; 4] = ["limits", "requests", "overhead", "capacity"];
/// Members that are one quantity.
const QUANTITY: [&str; 2] = ["sizeLimit", "divisor"];

/// Checks the specification of a pod, or a part of one that is to be merged.
///
/// # Errors
/// Says which member is not known, or of another type.
pub fn check_pod(spec: &Map<String, Json>) -> Result<(), String> {
    // One by one, so that a wrong type can be told with its place.
    for (name, value) in spec.iter().filter(|(name, value)| !is_directive(name) && !value.is_null()) {
        let part = Json::Object(Map::from_iter([(name.clone(), value.clone())]));
        check::<PodSpec>(part).map_err(|problem| match problem {
            Problem::Unknown(path) => format!("a pod has no field `{}`", path.trim_start_matches('.')),
            Problem::Type(why) => format!("`{name}`: {why}"),
        })?;
    }
    Ok(())
}

/// Checks a manifest of one of the kinds that containers are made of.
///
/// # Errors
/// Says which member is not known, or of another type.
pub fn check_manifest(manifest: &Json) -> Result<(), String> {
    let kind = manifest["kind"].as_str().unwrap_or_default();
    check_object(kind, manifest).map_err(|problem| match problem {
        Problem::Unknown(path) => format!("a {kind} has no field `{}`", path.trim_start_matches('.')),
        Problem::Type(why) if why.contains("expected a string") && !why.contains("invalid type: map") => {
            format!("{why}; put quotes around texts that YAML reads otherwise, such as `y`, `yes`, `on` and `5`")
        }
        Problem::Type(why) => why,
    })
}

/// Returns what an object has that the API does not know, in the API server's words.
pub fn undeclared(object: &Json) -> Option<String> {
    match check_object(object["kind"].as_str().unwrap_or_default(), object) {
        Ok(()) => None,
        Err(Problem::Unknown(path)) => Some(format!("{path}: field not declared in schema")),
        Err(Problem::Type(why)) => Some(why),
    }
}

/// Checks an object of a kind that this crate makes; others are not known here.
fn check_object(kind: &str, object: &Json) -> Result<(), Problem> {
    match kind {
        "Deployment" => check::<Deployment>(object.clone()),
        "Service" => check::<Service>(object.clone()),
        "ServiceAccount" => check::<ServiceAccount>(object.clone()),
        "ConfigMap" => check::<ConfigMap>(object.clone()),
        "Secret" => check::<Secret>(object.clone()),
        "Role" => check::<Role>(object.clone()),
        "RoleBinding" => check::<RoleBinding>(object.clone()),
        _ => Ok(()),
    }
}

enum Problem {
    /// The path of a member.
    Unknown(String),
    /// What is said of a value.
    Type(String),
}

/// Reads the text as the API's own type, and looks what of it was not taken.
fn check<T: DeserializeOwned + Serialize>(mut given: Json) -> Result<(), Problem> {
    normalize(&mut given);
    let read: T = serde_json::from_value(given.clone()).map_err(|error| Problem::Type(error.to_string()))?;
    let read = serde_json::to_value(&read).map_err(|error| Problem::Type(error.to_string()))?;
    match first_missing(&given, &read) {
        Some(path) => Err(Problem::Unknown(path)),
        None => Ok(()),
    }
}

fn is_directive(name: &str) -> bool {
    name.starts_with('$')
}

/// Takes away what is no content, and writes quantities as text.
fn normalize(value: &mut Json) {
    match value {
        Json::Object(members) => {
            members.retain(|name, value| !is_directive(name) && !value.is_null());
            for (name, member) in members {
                if QUANTITY.contains(&name.as_str()) {
                    as_text(member);
                } else if QUANTITIES.contains(&name.as_str()) {
                    member.as_object_mut().into_iter().flat_map(Map::values_mut).for_each(as_text);
                }
                normalize(member);
            }
        }
        Json::Array(items) => items.iter_mut().for_each(normalize),
        _ => {}
    }
}

fn as_text(value: &mut Json) {
    if value.is_number() {
        *value = value.to_string().into();
    }
}

/// The path of the first member that `read` lacks.
fn first_missing(given: &Json, read: &Json) -> Option<String> {
    match (given, read) {
        (Json::Object(given), Json::Object(read)) => given.iter().find_map(|(name, value)| match read.get(name) {
            Some(known) => first_missing(value, known).map(|path| format!(".{name}{path}")),
            None => Some(format!(".{name}")),
        }),
        (Json::Array(given), Json::Array(read)) => {
            given.iter().zip(read).enumerate().find_map(|(at, (given, read))| {
                let key = match given.get("name") {
                    Some(name) => format!("[name={name}]"),
                    None => format!("[{at}]"),
                };
                first_missing(given, read).map(|path| format!("{key}{path}"))
            })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pod(given: &Json) -> Result<(), String> {
        check_pod(given.as_object().unwrap())
    }

    #[test]
    fn parts_of_a_pod_are_known_to_their_depths() {
        let given = json!({
            "hostNetwork": true,
            "containers": [
                { "name": "a", "resources": { "limits": { "cpu": 1, "memory": "1Gi" } }, "stdin": null },
                { "name": "b", "$patch": "delete" },
            ],
            "volumes": [{ "name": "v", "emptyDir": { "sizeLimit": 5 } }, { "name": "w", "emptyDir": {} }],
            "tolerations": [{ "key": "k", "operator": "Exists", "tolerationSeconds": 3 }],
            "securityContext": { "runAsUser": 0, "sysctls": [] },
            "$setElementOrder/containers": [],
        });
        assert_eq!(pod(&given), Ok(()));
    }

    #[test]
    fn texts_that_yaml_reads_otherwise_are_told_with_the_remedy() {
        let labels =
            json!({ "kind": "ConfigMap", "apiVersion": "v1", "metadata": { "name": "c", "labels": { "a": true } } });
        let why = check_manifest(&labels).unwrap_err();
        assert!(why.starts_with("invalid type: boolean `true`, expected a string; put quotes around texts"), "{why}");
        let unknown = json!({ "kind": "Service", "apiVersion": "v1", "spec": { "port": [] } });
        assert_eq!(check_manifest(&unknown), Err("a Service has no field `spec.port`".to_owned()));
        let mixed =
            json!({ "kind": "Secret", "apiVersion": "v1", "stringData": { "a": "b" }, "data": { "c": "ZA==" } });
        assert_eq!(check_manifest(&mixed), Ok(()));
    }

    #[test]
    fn what_the_api_does_not_know_is_named_with_its_place() {
        assert_eq!(pod(&json!({ "noSuchField": 1 })), Err("a pod has no field `noSuchField`".to_owned()));
        let deep = json!({ "containers": [{ "name": "a" }, { "name": "b", "livenessProb": {} }] });
        assert_eq!(pod(&deep), Err("a pod has no field `containers[name=\"b\"].livenessProb`".to_owned()));
        let typed = pod(&json!({ "hostNetwork": "yes" })).unwrap_err();
        assert!(typed.starts_with("`hostNetwork`: invalid type: string \"yes\""), "{typed}");
        let deployment = json!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "d" },
            "spec": { "template": { "spec": { "containers": [], "bogus": 1 } } } });
        let said = undeclared(&deployment).unwrap();
        assert_eq!(said, ".spec.template.spec.bogus: field not declared in schema");
    }
}
