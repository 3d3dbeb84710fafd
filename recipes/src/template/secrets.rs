//! Where a recipe may put what it is told in confidence: where the platform keeps secrets, and nowhere else.
//!
//! A recipe is rendered a second time with other texts in the place of the secrets. What comes out differently was made
//! of them, whatever helpers did to it.

use radii_runtime::Fault;
use radii_runtime::platform::ComputeKind;
use radii_runtime::recipe::Recipe;
use serde_json::{Map, Value as Json};

use super::{Rendered, VALIDATION_FAILED};

/// Refuses a recipe that would show secrets.
///
/// # Errors
/// Names the places, and where secrets may stand instead.
pub fn check(recipe: &Recipe, kind: ComputeKind, rendered: &Rendered, disguised: &Rendered) -> Result<(), Fault> {
    let mut places = Vec::new();
    for (index, object) in rendered.objects.iter().enumerate() {
        let other = disguised.objects.get(index).unwrap_or(&Json::Null);
        differences(
            &without_secret_places(kind, object),
            &without_secret_places(kind, other),
            &format!("{}[{index}]", kind.as_str()),
            &mut places,
        );
    }
    if rendered.objects.len() != disguised.objects.len() {
        places.push(kind.as_str().to_owned());
    }
    let object = |members: &Map<String, Json>| Json::Object(members.clone());
    let (values, other) = (object(&rendered.result.values), object(&disguised.result.values));
    differences(&values, &other, "result.values", &mut places);
    if rendered.result.resources != disguised.result.resources {
        places.push("result.resources".to_owned());
    }
    if places.is_empty() {
        return Ok(());
    }
    let message = format!(
        "recipe `{}`: `{}` would show what the recipe is told in confidence; {}, or return it among `result.secrets`",
        recipe.name,
        places.join("`, `"),
        remedy(kind)
    );
    Err(Fault::new(400, VALIDATION_FAILED, message))
}

fn remedy(kind: ComputeKind) -> &'static str {
    match kind {
        ComputeKind::Kubernetes | ComputeKind::Knative => {
            "put it into an object of kind `Secret` and refer to that with `secretKeyRef`"
        }
        ComputeKind::Docker => "give it to containers through `secretEnv`",
        _ => "this platform has no place for it in a recipe",
    }
}

/// Returns an object without the members that the platform keeps secret.
fn without_secret_places(kind: ComputeKind, object: &Json) -> Json {
    let mut object = object.clone();
    let places: &[&str] = match kind {
        ComputeKind::Docker => &["secretEnv"],
        ComputeKind::Kubernetes | ComputeKind::Knative if object["kind"] == "Secret" => &["data", "stringData"],
        _ => &[],
    };
    for place in places {
        object.as_object_mut().map(|members| members.shift_remove(*place));
    }
    object
}

fn differences(one: &Json, other: &Json, at: &str, found: &mut Vec<String>) {
    match (one, other) {
        _ if one == other => {}
        (Json::Object(members), Json::Object(others)) if members.keys().eq(others.keys()) => {
            members.iter().for_each(|(name, value)| differences(value, &others[name], &format!("{at}.{name}"), found));
        }
        (Json::Array(items), Json::Array(others)) if items.len() == others.len() => {
            let pairs = items.iter().zip(others).enumerate();
            pairs.for_each(|(index, (item, other))| differences(item, other, &format!("{at}[{index}]"), found));
        }
        _ => found.push(at.to_owned()),
    }
}
