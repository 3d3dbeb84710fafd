//! Resources of imperative providers: they are read, and only what the template says of them is compared.

use serde_json::{Map, Value as Json, json};

use super::{Change, differences};
use crate::deployment::foresee::Foreseen;
use crate::host::Host;

/// Compares a resource with what its provider has. What the provider completes by itself is no difference; what the
/// template takes away again is not seen, because nobody here knows whether the provider wrote it.
pub(super) async fn compare(host: &Host, foreseen: &Foreseen) -> Change {
    let mut shown = json!({ "resourceId": foreseen.id.to_string(), "symbolicName": foreseen.symbol });
    let version = foreseen.api_version.parse().ok();
    let stored = match host.look(&foreseen.id, version.as_ref()).await {
        Ok(stored) => Some(stored),
        Err(fault) if fault.status == 404 => None,
        Err(fault) => {
            shown["changeType"] = if foreseen.existing { "Unsupported" } else { "Deploy" }.into();
            shown["unsupportedReason"] = format!("its provider does not say what is there: {}", fault.message).into();
            return Change { shown, stored: None };
        }
    };
    if foreseen.existing {
        shown["changeType"] = if stored.is_some() { "Ignore" } else { "Unsupported" }.into();
        if stored.is_none() {
            shown["unsupportedReason"] = super::ABSENT.into();
        }
        return Change { shown, stored };
    }
    let after = wanted(&foreseen.body);
    let Some(stored) = stored else {
        shown["changeType"] = "Create".into();
        shown["after"] = after;
        return Change { shown, stored: None };
    };
    let before = part_of(&stored, &after);
    let mut delta = Vec::new();
    differences("", &before, &after, &mut delta);
    let stays = delta.is_empty();
    shown["changeType"] = if stays { "NoChange" } else { "Modify" }.into();
    shown["before"] = before;
    shown["after"] = after;
    shown["delta"] = delta.into();
    Change { shown, stored: stays.then_some(stored) }
}

/// What a template says of a resource, but for its location, which is always the same.
fn wanted(body: &Map<String, Json>) -> Json {
    body.iter().filter(|(name, _)| *name != "location").map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// Returns of `whole` what `wanted` speaks of.
fn part_of(whole: &Json, wanted: &Json) -> Json {
    match (whole, wanted) {
        (Json::Object(whole), Json::Object(wanted)) => {
            let both = wanted.iter().filter_map(|(name, value)| Some((name, whole.get(name)?, value)));
            both.map(|(name, have, want)| (name.clone(), part_of(have, want))).collect()
        }
        _ => whole.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_provider_completes_is_no_difference_and_what_it_lacks_is_one() {
        let stored = json!({ "id": "/x", "properties": { "size": 1, "host": "h", "disk": { "gb": 2, "iops": 3 } } });
        let wanted = json!({ "properties": { "size": 1, "disk": { "gb": 4 }, "tier": "a" } });
        let mut delta = Vec::new();
        differences("", &part_of(&stored, &wanted), &wanted, &mut delta);
        let paths: Vec<_> = delta.iter().map(|entry| entry["path"].as_str().unwrap()).collect();
        assert_eq!(paths, ["properties.disk.gb", "properties.tier"]);
    }
}
