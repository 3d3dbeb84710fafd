//! Where Terraform keeps its state when an environment does not leave that to the server.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use crate::Fault;

/// Kinds of backends, the argument that tells states apart in each, and what stands between the author's value of it
/// and the name of a state.
const KINDS: [(&str, &str, char); 9] = [
    ("azurerm", "key", '/'),
    ("consul", "path", '/'),
    ("cos", "key", '/'),
    ("gcs", "prefix", '/'),
    ("http", "address", '/'),
    ("kubernetes", "secret_suffix", '-'),
    ("oss", "key", '/'),
    ("pg", "schema_name", '_'),
    ("s3", "key", '/'),
];
/// Arguments of the backend `http` that are addresses of the same state.
const ADDRESSES: [&str; 2] = ["lock_address", "unlock_address"];

/// A backend of Terraform, as an environment describes it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Backend {
    /// Its type, such as `s3`.
    pub kind: String,
    /// Arguments as written.
    pub arguments: Map<String, Json>,
    /// Arguments whose values are secret.
    pub secrets: BTreeMap<String, String>,
}

impl Backend {
    /// Returns the `backend` block for one state: each resource has one of its own below what the author names.
    pub fn block(&self, state: &str) -> Json {
        let mut arguments = self.arguments.clone();
        arguments.extend(self.secrets.iter().map(|(name, value)| (name.clone(), value.clone().into())));
        if let Some((_, argument, between)) = KINDS.iter().find(|(kind, ..)| *kind == self.kind) {
            let named: Vec<&str> = match self.kind.as_str() {
                "http" => {
                    ADDRESSES.into_iter().filter(|name| arguments.contains_key(*name)).chain([*argument]).collect()
                }
                _ => vec![argument],
            };
            for name in named {
                let given = arguments.get(name).and_then(Json::as_str).unwrap_or("radii").trim_end_matches(*between);
                let placed = format!("{given}{between}{state}");
                arguments.insert(name.to_owned(), placed.into());
            }
        }
        json!({ &self.kind: arguments })
    }

    /// What tells this backend from others: kept with what a recipe made, so that no state is looked for elsewhere.
    pub fn place(&self) -> Json {
        json!({ "type": self.kind, "config": self.arguments })
    }
}

/// Whether what an environment says about executing recipes names a backend.
pub(crate) fn is_named(config: &Json) -> bool {
    [&config["terraform"]["backend"], &config["recipeConfig"]["terraform"]["backend"]]
        .iter()
        .any(|backend| backend.is_object())
}

/// Checks how settings describe a backend at `pointer`: `{type, config, secrets: {ARGUMENT: {source, key}}}`.
///
/// # Errors
/// 400 saying what may stand there.
pub(crate) fn check(given: &Json, pointer: &str) -> Result<(), Fault> {
    let refuse = |message: String| Err(Fault::bad_request(format!("{pointer}{message}")));
    let Some(members) = given.as_object() else { return refuse(": give `type` and `config`".to_owned()) };
    if let Some(name) = members.keys().find(|name| !matches!(name.as_str(), "type" | "config" | "secrets")) {
        return refuse(format!(": there is no `{name}`; it may have `type`, `config` and `secrets`"));
    }
    let kind = given["type"].as_str().unwrap_or_default();
    let kinds: Vec<&str> = KINDS.iter().map(|(kind, ..)| *kind).collect();
    if !kinds.contains(&kind) {
        let known = kinds.join("`, `");
        return refuse(format!(
            ".type: `{kind}` is none of `{known}`; without a backend the server keeps the state itself"
        ));
    }
    if given.get("config").is_some_and(|config| !config.is_object()) {
        return refuse(".config: must be an object of arguments".to_owned());
    }
    if kind == "http" && given["config"]["address"].as_str().is_none_or(str::is_empty) {
        return refuse(".config.address: is required: states stand below this address".to_owned());
    }
    for (name, entry) in given["secrets"].as_object().into_iter().flatten() {
        let is_named = |member: &str| entry[member].as_str().is_some_and(|text| !text.is_empty());
        if !is_named("source") || !is_named("key") {
            return refuse(format!(".secrets.{name}: give `source`, the id of a secret store, and `key`"));
        }
        if given["config"].get(name).is_some() {
            return refuse(format!(".secrets.{name}: stands in `config` as well; give one of them"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: &str = "$.properties.backend";

    fn backend(kind: &str, arguments: Json) -> Backend {
        let arguments = arguments.as_object().unwrap().clone();
        Backend { kind: kind.to_owned(), arguments, secrets: BTreeMap::from([("password".into(), "p".into())]) }
    }

    #[test]
    fn each_state_stands_below_what_the_author_names() {
        let s3 = backend("s3", json!({ "bucket": "b", "key": "team/" }));
        assert_eq!(s3.block("x1"), json!({ "s3": { "bucket": "b", "key": "team/x1", "password": "p" } }));
        assert_eq!(s3.place(), json!({ "type": "s3", "config": { "bucket": "b", "key": "team/" } }));
        let pg = backend("pg", json!({ "conn_str": "c" })).block("x1");
        assert_eq!(pg["pg"]["schema_name"], "radii_x1");
        let http = backend("http", json!({ "address": "http://a/s", "lock_address": "http://a/l" })).block("x1");
        assert_eq!(
            (&http["http"]["address"], &http["http"]["lock_address"]),
            (&json!("http://a/s/x1"), &json!("http://a/l/x1"))
        );
        assert!(http["http"].get("unlock_address").is_none());
    }

    #[test]
    fn what_is_no_backend_is_refused_with_what_may_stand_there() {
        check(&json!({ "type": "s3", "config": { "bucket": "b" }, "secrets": { "secret_key": { "source": "/s", "key": "k" } } }), AT).unwrap();
        check(&json!({ "type": "kubernetes" }), AT).unwrap();
        for (given, words) in [
            (json!("s3"), "$.properties.backend: give `type` and `config`"),
            (json!({ "type": "local" }), ".type: `local` is none of `azurerm`, `consul`"),
            (json!({ "type": "s3", "bucket": "b" }), "there is no `bucket`"),
            (json!({ "type": "s3", "config": [] }), ".config: must be an object"),
            (json!({ "type": "http", "config": {} }), ".config.address: is required"),
            (json!({ "type": "s3", "secrets": { "k": {} } }), ".secrets.k: give `source`"),
            (
                json!({ "type": "s3", "config": { "k": 1 }, "secrets": { "k": { "source": "s", "key": "k" } } }),
                "stands in `config` as well",
            ),
        ] {
            let fault = check(&given, AT).unwrap_err();
            assert!(fault.message.contains(words), "{fault}");
        }
    }
}
