//! Secrets in what programs say: errors go to whoever asked, so known secrets are struck out of them.

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

/// Strikes secrets out of a fault and its details.
pub(crate) fn over(mut fault: Fault, secrets: &[String]) -> Fault {
    for secret in secrets.iter().filter(|secret| secret.chars().count() >= SHORTEST) {
        fault.message = fault.message.replace(secret.as_str(), VEIL);
    }
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
}
