//! What a deployment would change, for people.

use std::fmt::Write as _;

use serde_json::Value as Json;

use super::name_and_type;
use crate::output::text;

/// Most characters of a value that are shown.
const SHOWN: usize = 120;

/// Returns the answer of `whatIf` as text: one paragraph per resource that changes, and a sum.
pub fn render(answer: &Json) -> String {
    let changes: Vec<&Json> =
        answer.pointer("/properties/changes").and_then(Json::as_array).into_iter().flatten().collect();
    let mut out = String::new();
    let mut counts = [0usize; 4];
    for change in changes {
        let (at, sign) = match text(change, "/changeType") {
            "Create" => (0, '+'),
            "Modify" => (1, '~'),
            "NoChange" | "Ignore" => (2, '='),
            _ => (3, '!'),
        };
        counts[at] += 1;
        if sign == '=' {
            continue;
        }
        let (name, kind) = name_and_type(text(change, "/resourceId"));
        let _ = writeln!(out, "{sign} {name} ({kind})");
        match sign {
            '+' => created(&mut out, "", &change["after"]),
            '~' => change["delta"].as_array().into_iter().flatten().for_each(|delta| changed(&mut out, delta)),
            _ => {
                let _ = writeln!(out, "    {}", text(change, "/unsupportedReason"));
            }
        }
        for object in change["objects"].as_array().into_iter().flatten() {
            let (name, kind) = name_and_type(text(object, "/id"));
            let change = &object["change"];
            let note = match text(change, "/changeType") {
                "Create" => ": created",
                "Modify" => ": changed",
                "NoChange" => ": unchanged",
                "Unsupported" => ": refused",
                _ => "",
            };
            let _ = writeln!(out, "    -> {name} ({kind}){note}");
            for said in ["/conflict", "/refusal"].map(|pointer| text(change, pointer)) {
                if !said.is_empty() {
                    let _ = writeln!(out, "       ! {said}");
                }
            }
            let mut inner = String::new();
            change["delta"].as_array().into_iter().flatten().for_each(|delta| changed(&mut inner, delta));
            for line in inner.lines() {
                let _ = writeln!(out, "   {line}");
            }
        }
        recipe(&mut out, &change["recipe"]);
        out.push('\n');
    }
    let [created, changed, unchanged, missing] = counts;
    let _ = write!(out, "{created} to create, {changed} to change, {unchanged} unchanged");
    if missing > 0 {
        let _ = write!(out, ", {missing} missing");
    }
    out.push('\n');
    out
}

/// Writes what a recipe would change, one line per object.
fn recipe(out: &mut String, recipe: &Json) {
    for change in recipe["changes"].as_array().into_iter().flatten() {
        let _ = writeln!(out, "    -> {} {}", text(change, "/action"), text(change, "/address"));
    }
    if let Some(message) = recipe["error"]["message"].as_str() {
        let _ = writeln!(out, "    ! the recipe cannot be planned: {}", message.trim().replace('\n', "\n      "));
    }
}

/// Writes the values of a new resource, one per line.
fn created(out: &mut String, path: &str, value: &Json) {
    match value {
        Json::Null => {}
        Json::Object(members) if !members.is_empty() => {
            for (name, value) in members {
                let inner = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                created(out, &inner, value);
            }
        }
        value => {
            let _ = writeln!(out, "    + {path}: {}", shown(value));
        }
    }
}

fn changed(out: &mut String, delta: &Json) {
    let path = text(delta, "/path");
    let _ = match text(delta, "/propertyChangeType") {
        "Create" => writeln!(out, "    + {path}: {}", shown(&delta["after"])),
        "Delete" => writeln!(out, "    - {path}: {}", shown(&delta["before"])),
        _ => writeln!(out, "    ~ {path}: {} -> {}", shown(&delta["before"]), shown(&delta["after"])),
    };
}

/// A value on one line; what only the deployment can tell is said to be so.
fn shown(value: &Json) -> String {
    if value.as_str().is_some_and(|text| text.starts_with('[') && text.ends_with(']') && text.contains('(')) {
        return format!("(known after deployment: {})", value.as_str().unwrap_or_default());
    }
    let text = value.to_string();
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn changes_are_shown_and_what_stays_is_counted() {
        let id = |name: &str| format!("/planes/radius/local/resourceGroups/g/providers/A.B/boxes/{name}");
        let answer = json!({"properties": {"changes": [
            {"resourceId": id("new"), "changeType": "Create", "after": {"tags": null, "properties":
                {"size": "S", "owner": {"name": "me"}, "host": "[reference('db').properties.host]"}},
             "objects": [{"id": "/planes/docker/local/namespaces/n/providers/docker/container/new"}],
             "recipe": {"kind": "terraform", "changes": [{"action": "create", "address": "terraform_data.db"}]}},
            {"resourceId": id("old"), "changeType": "Modify", "delta": [
                {"path": "properties.size", "propertyChangeType": "Modify", "before": "S", "after": "M"},
                {"path": "properties.label", "propertyChangeType": "Delete", "before": "x", "after": null}]},
            {"resourceId": id("same"), "changeType": "NoChange"},
            {"resourceId": id("gone"), "changeType": "Unsupported", "unsupportedReason": "it does not exist"}]}});
        let expected = "\
+ new (A.B/boxes)
    + properties.size: \"S\"
    + properties.owner.name: \"me\"
    + properties.host: (known after deployment: [reference('db').properties.host])
    -> new (docker/container)
    -> create terraform_data.db

~ old (A.B/boxes)
    ~ properties.size: \"S\" -> \"M\"
    - properties.label: \"x\"

! gone (A.B/boxes)
    it does not exist

1 to create, 1 to change, 1 unchanged, 1 missing
";
        assert_eq!(render(&answer), expected);
    }
}
