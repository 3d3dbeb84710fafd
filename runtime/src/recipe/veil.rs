//! Secrets in what programs say: errors go to whoever asked, and the rest to the log, so known secrets are struck out
//! of both.

use serde_json::Value as Json;

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
    fn secrets_of_several_lines_are_struck_out_however_they_are_printed() {
        let secrets =
            ["-----BEGIN KEY-----\nabcd1234\nefgh5678\n-----END KEY-----\n".to_owned(), "say \"friend\"".to_owned()];
        let said = struck_out(&format!("key {:?} and {:?}", secrets[0], secrets[1]), &secrets);
        assert_eq!(said, "key \"(sensitive value)\" and \"(sensitive value)\"");
        let said = struck_out("  | abcd1234\n  | efgh5678\n", &secrets);
        assert_eq!(said, "  | (sensitive value)\n  | (sensitive value)\n");
    }
}
