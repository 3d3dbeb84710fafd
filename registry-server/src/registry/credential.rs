//! Credentials for clouds (Radius HTTP contract, part 2.9): what is shown of them, and what is only kept.

use radii_model::ResourceId;
use radii_runtime::Fault;
use radii_runtime::fault::code;
use serde_json::{Map, Value as Json, json};

use super::record::Draft;

/// One kind of credentials.
struct Form {
    kind: &'static str,
    shown: &'static [&'static str],
    secret: Option<&'static str>,
}

const FORMS: [Form; 4] = [
    Form { kind: "AccessKey", shown: &["accessKeyId"], secret: Some("secretAccessKey") },
    Form { kind: "IRSA", shown: &["roleARN"], secret: None },
    Form { kind: "ServicePrincipal", shown: &["clientId", "tenantId"], secret: Some("clientSecret") },
    Form { kind: "WorkloadIdentity", shown: &["clientId", "tenantId"], secret: None },
];

/// Returns what is to be stored of a credential; `body` keeps the protocol's description already.
///
/// # Errors
/// Storage that is not `Internal`, and values that are no texts.
pub fn draft(id: &ResourceId, body: &Map<String, Json>) -> Result<Draft, Fault> {
    let empty = Map::new();
    let given = body.get("properties").and_then(Json::as_object).unwrap_or(&empty);
    let kind = given.get("kind").and_then(Json::as_str).unwrap_or_default();
    let form = FORMS
        .iter()
        .find(|form| form.kind == kind)
        .ok_or_else(|| Fault::new(400, code::SPEC_VALIDATION, format!("$.properties.kind must not be `{kind}`.")))?;
    check_storage(given.get("storage"))?;
    let mut properties = Map::from_iter([("kind".to_owned(), Json::from(kind))]);
    for name in form.shown {
        properties.insert((*name).to_owned(), text(given, name, id)?.into());
    }
    properties.insert("storage".to_owned(), json!({ "kind": "Internal", "secretName": secret_name(id) }));
    let mut secrets = Map::new();
    if let Some(name) = form.secret {
        secrets.insert(name.to_owned(), text(given, name, id)?.into());
    }
    let tags = body.get("tags").and_then(Json::as_object).cloned().unwrap_or_default();
    Ok(Draft {
        id: id.clone(),
        type_name: id.resource_type().map(|name| name.to_string()).unwrap_or_default(),
        location: Some("global".to_owned()),
        tags: Some(tags),
        properties,
        secrets,
    })
}

fn check_storage(storage: Option<&Json>) -> Result<(), Fault> {
    let refuse = |message: &str| Err(Fault::new(400, code::SPEC_VALIDATION, message));
    match storage {
        None | Some(Json::Null) => refuse("$.properties.storage must be not nil."),
        Some(storage) if !storage.is_object() || storage.get("kind").is_some_and(|kind| !kind.is_string()) => {
            let message = "`properties.storage` must be an object whose `kind` is a string";
            Err(Fault::new(400, code::INVALID_CONTENT, message))
        }
        Some(storage) if storage.get("kind").and_then(Json::as_str) == Some("Internal") => Ok(()),
        Some(_) => refuse("$.properties.storage.kind must be one of [\"Internal\" \"string\"]."),
    }
}

/// Reads a text; what is missing is empty, as clients leave out what they do not know yet.
fn text(given: &Map<String, Json>, name: &str, id: &ResourceId) -> Result<String, Fault> {
    match given.get(name) {
        None | Some(Json::Null) => Ok(String::new()),
        Some(Json::String(text)) => Ok(text.clone()),
        Some(_) => {
            let message = format!("`properties.{name}` must be a string; mend the request body of `{id}`");
            Err(Fault::new(400, code::INVALID_CONTENT, message).target(id.to_string()))
        }
    }
}

/// The name that clients know the stored secret by.
fn secret_name(id: &ResourceId) -> String {
    let (kind, plane) = id.plane().unwrap_or_default();
    format!("{kind}-{plane}-{}", id.name().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drafted(id: &str, properties: Json) -> Result<Draft, Fault> {
        let body = json!({ "location": "global", "properties": properties });
        draft(&id.parse().unwrap(), body.as_object().unwrap())
    }

    const AWS: &str = "/planes/aws/aws/providers/System.AWS/credentials/default";

    #[test]
    fn key_material_is_kept_apart_from_what_is_shown() {
        let given = json!({ "kind": "AccessKey", "accessKeyId": "id", "secretAccessKey": "planted", "zzz": 1,
            "storage": { "kind": "Internal" } });
        let draft = drafted(AWS, given).unwrap();
        let shown = json!({ "kind": "AccessKey", "accessKeyId": "id",
            "storage": { "kind": "Internal", "secretName": "aws-aws-default" } });
        assert_eq!(Json::Object(draft.properties), shown);
        assert_eq!(draft.secrets["secretAccessKey"], "planted");
    }

    #[test]
    fn storage_and_values_are_checked_in_the_words_of_the_contract() {
        let message = |properties| drafted(AWS, properties).unwrap_err().message;
        assert_eq!(message(json!({ "kind": "IRSA" })), "$.properties.storage must be not nil.");
        assert_eq!(
            message(json!({ "kind": "IRSA", "storage": { "kind": "Vault" } })),
            "$.properties.storage.kind must be one of [\"Internal\" \"string\"]."
        );
        let wrong = json!({ "kind": "IRSA", "roleARN": 1, "storage": { "kind": "Internal" } });
        assert!(message(wrong).starts_with("`properties.roleARN` must be a string"));
    }
}
