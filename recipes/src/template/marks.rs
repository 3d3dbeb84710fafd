//! Whose an object is: recipes need not say it.

use radii_runtime::platform::ComputeKind;
use radii_runtime::recipe::Context;
use serde_json::{Value as Json, json};

/// Adds the labels that name the resource to an object, where the platform has labels.
pub fn set(kind: ComputeKind, context: &Context, body: &mut Json) {
    let resource = |member: &str| context.pointer(&format!("/resource/{member}")).and_then(Json::as_str);
    let (Some(id), Some(name), Some(type_name)) = (resource("id"), resource("name"), resource("type")) else { return };
    let mut labels = vec![
        ("radapp.io/resource", name.to_owned()),
        ("radapp.io/resource-type", type_name.replace('/', "-").to_lowercase()),
    ];
    let place = match kind {
        ComputeKind::Docker => {
            labels.push(("radapp.io/resource-id", id.to_lowercase()));
            body
        }
        ComputeKind::Kubernetes | ComputeKind::Knative => {
            if !body.is_object() {
                return;
            }
            body.as_object_mut().expect("checked above").entry("metadata").or_insert_with(|| json!({}))
        }
        _ => return,
    };
    let Some(members) = place.as_object_mut() else { return };
    if let Some(all) = members.entry("labels").or_insert_with(|| json!({})).as_object_mut() {
        for (key, value) in labels {
            all.insert(key.to_owned(), json!(value));
        }
    }
}
