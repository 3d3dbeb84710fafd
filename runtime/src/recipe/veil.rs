//! Secrets in what programs say: errors go to whoever asked, and the rest to the log, so known secrets are struck out
//! of both.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json};

use crate::Fault;

/// What stands in place of a secret.
const VEIL: &str = "(sensitive value)";
/// Shorter texts are in everything that is said, and protect nothing.
const SHORTEST: usize = 4;

/// Returns the texts of a context that its stored form lacks: the sensitive ones.
pub(crate) fn hidden(told: &Json, stored: &Json) -> Vec<String> {
    let mut found = Vec::new();
    collect(told, stored, &mut found);
    found
}

fn collect(told: &Json, stored: &Json, found: &mut Vec<String>) {
    match (told, stored) {
        (Json::Object(told), Json::Object(stored)) => {
            for (name, value) in told {
                collect(value, stored.get(name).unwrap_or(&Json::Null), found);
            }
        }
        (Json::Array(told), Json::Array(stored)) => {
            for (at, value) in told.iter().enumerate() {
                collect(value, stored.get(at).unwrap_or(&Json::Null), found);
            }
        }
        (Json::Object(told), Json::Null) => told.values().for_each(|value| collect(value, &Json::Null, found)),
        (Json::Array(told), Json::Null) => told.iter().for_each(|value| collect(value, &Json::Null, found)),
        (Json::String(text), Json::Null) => found.push(text.clone()),
        _ => {}
    }
}

/// Returns a context with other texts in the place of those that its stored form lacks: what comes out differently with
/// it depends on a secret.
pub fn disguised(told: &Json, stored: &Json) -> Json {
    let inner = |members: Option<&Map<String, Json>>, name: &str| {
        members.and_then(|members| members.get(name)).cloned().unwrap_or_default()
    };
    match (told, stored) {
        (told, stored) if told == stored => told.clone(),
        (Json::Object(told), stored) => {
            let stored = stored.as_object();
            told.iter().map(|(name, value)| (name.clone(), disguised(value, &inner(stored, name)))).collect()
        }
        (Json::Array(told), stored) => {
            let at = |index: usize| stored.get(index).cloned().unwrap_or_default();
            told.iter().enumerate().map(|(index, value)| disguised(value, &at(index))).collect()
        }
        (Json::String(_), Json::Null) => VEIL.into(),
        (Json::Number(_), Json::Null) => (-1).into(),
        (Json::Bool(flag), Json::Null) => (!flag).into(),
        (told, _) => told.clone(),
    }
}

/// Makes null of the values that repeat what was told in confidence, under the same name; returns where they are.
///
/// A template that returns its context as it is does so. Values that are the same by chance have other names.
pub(crate) fn hide_echoes(values: &mut Map<String, Json>, told: &Json, stored: &Json) -> Vec<String> {
    let mut secrets = BTreeSet::new();
    collect_named(told, stored, "", &mut secrets);
    let mut found = Vec::new();
    if !secrets.is_empty() {
        values.iter_mut().for_each(|(name, value)| hide(value, name, name, &secrets, &mut found));
    }
    found
}

fn collect_named(told: &Json, stored: &Json, name: &str, found: &mut BTreeSet<(String, String)>) {
    match told {
        _ if told == stored => {}
        Json::Object(members) => members.iter().for_each(|(name, value)| {
            collect_named(value, stored.get(name).unwrap_or(&Json::Null), name, found);
        }),
        Json::Array(items) => items.iter().enumerate().for_each(|(index, value)| {
            collect_named(value, stored.get(index).unwrap_or(&Json::Null), name, found);
        }),
        Json::String(text) if stored.is_null() && !text.is_empty() => {
            found.insert((name.to_owned(), text.clone()));
        }
        _ => {}
    }
}

fn hide(value: &mut Json, name: &str, at: &str, secrets: &BTreeSet<(String, String)>, found: &mut Vec<String>) {
    match value {
        Json::String(text) if secrets.contains(&(name.to_owned(), text.clone())) => {
            *value = Json::Null;
            found.push(at.to_owned());
        }
        Json::Object(members) => {
            for (name, value) in members {
                let at = format!("{at}.{name}");
                hide(value, name, &at, secrets, found);
            }
        }
        Json::Array(items) => {
            for (index, value) in items.iter_mut().enumerate() {
                hide(value, name, &format!("{at}[{index}]"), secrets, found);
            }
        }
        _ => {}
    }
}

/// Strikes secrets out of a text, also where they are quoted as in JSON, and each line of those that have several:
/// programs escape what they print, or put something before each line.
pub fn struck_out(text: &str, secrets: &[String]) -> String {
    let mut text = text.to_owned();
    for secret in secrets {
        strike(&mut text, secret);
        if secret.contains(['\n', '\t', '\r', '"', '\\']) {
            // Without the quotes around it; one that the secret ends with stays.
            let quoted = Json::from(secret.as_str()).to_string();
            strike(&mut text, &quoted[1..quoted.len() - 1]);
            secret.lines().map(str::trim).for_each(|line| strike(&mut text, line));
        }
    }
    text
}

fn strike(text: &mut String, secret: &str) {
    if secret.chars().count() >= SHORTEST && text.contains(secret) {
        *text = text.replace(secret, VEIL);
    }
}

/// Strikes secrets out of a fault and its details.
pub(crate) fn over(mut fault: Fault, secrets: &[String]) -> Fault {
    fault.message = struck_out(&fault.message, secrets);
    fault.details = fault.details.into_iter().map(|detail| over(detail, secrets)).collect();
    fault
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn sensitive_texts_are_struck_out_everywhere() {
        let told = json!({ "name": "db", "password": "hunter22", "deep": { "keys": ["k-1234", "x"] } });
        let stored = json!({ "name": "db", "password": null, "deep": { "keys": null } });
        let secrets = hidden(&told, &stored);
        assert_eq!(secrets, ["hunter22", "k-1234", "x"]);
        let detail = Fault::bad_request("it was k-1234");
        let fault = over(Fault::bad_request("db said hunter22, hunter22, x").details(vec![detail]), &secrets);
        assert_eq!(fault.message, "db said (sensitive value), (sensitive value), x");
        assert_eq!(fault.details[0].message, "it was (sensitive value)");
    }

    #[test]
    fn what_repeats_a_secret_under_its_name_is_hidden_and_nothing_else() {
        let told = json!({ "user": "postgres", "password": "postgres", "keys": ["k1"], "empty": "" });
        let stored = json!({ "user": "postgres", "password": null, "keys": null, "empty": null });
        let values = json!({ "user": "postgres", "seen": told, "password": "other", "empty": "" });
        let Json::Object(mut values) = values else { unreachable!() };
        assert_eq!(hide_echoes(&mut values, &told, &stored), ["seen.password", "seen.keys[0]"]);
        assert_eq!(values["seen"], json!({ "user": "postgres", "password": null, "keys": [null], "empty": "" }));
        assert_eq!((&values["user"], &values["password"]), (&json!("postgres"), &json!("other")));
    }

    #[test]
    fn a_disguise_differs_wherever_something_is_secret_and_nowhere_else() {
        let told = json!({ "name": "db", "password": "p", "deep": { "port": 5, "on": true, "list": ["a", 1] } });
        let stored = json!({ "name": "db", "password": null, "deep": null });
        let expected =
            json!({ "name": "db", "password": VEIL, "deep": { "port": -1, "on": false, "list": [VEIL, -1] } });
        assert_eq!(disguised(&told, &stored), expected);
        assert_eq!(disguised(&told, &told), told);
    }

    #[test]
    fn secrets_of_several_lines_are_struck_out_however_they_are_printed() {
        let secrets =
            ["-----BEGIN KEY-----\nabcd1234\nefgh5678\n-----END KEY-----\n".to_owned(), "say \"friend\"".to_owned()];
        let said = struck_out(&format!("key {:?} and {:?}", secrets[0], secrets[1]), &secrets);
        assert_eq!(said, "key \"(sensitive value)\" and \"(sensitive value)\"");
        let said = struck_out("  | abcd1234\n  | efgh5678\n", &secrets);
        assert_eq!(said, "  | (sensitive value)\n  | (sensitive value)\n");
    }
}
