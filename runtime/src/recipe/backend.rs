//! Where Terraform keeps its state when an environment does not leave that to the server.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use crate::Fault;

/// Kinds of backends, the argument that tells states apart in each, and what stands between the author's value of it
/// and the name of a state.
const KINDS: [(&str, &str, char); 10] = [
    ("azurerm", "key", '/'),
    ("consul", "path", '/'),
    ("cos", "key", '/'),
    ("gcs", "prefix", '/'),
    ("http", "address", '/'),
    ("kubernetes", "secret_suffix", '-'),
    ("local", "path", '/'),
    ("oss", "key", '/'),
    ("pg", "schema_name", '_'),
    ("s3", "key", '/'),
];
/// Arguments of backends that may be given as secrets, with the variable by which Terraform takes each from its
/// environment: a value that stood in a file would stay in what Terraform keeps of it. The rest may stand in clear.
const SECRETS: [(&str, &str, &str, Clear); 25] = [
    ("azurerm", "access_key", "ARM_ACCESS_KEY", Clear::Never),
    ("azurerm", "client_certificate_password", "ARM_CLIENT_CERTIFICATE_PASSWORD", Clear::Never),
    ("azurerm", "client_secret", "ARM_CLIENT_SECRET", Clear::Never),
    ("azurerm", "sas_token", "ARM_SAS_TOKEN", Clear::Never),
    ("consul", "access_token", "CONSUL_HTTP_TOKEN", Clear::Never),
    ("consul", "http_auth", "CONSUL_HTTP_AUTH", Clear::Never),
    ("cos", "secret_id", "TENCENTCLOUD_SECRET_ID", Clear::Fine),
    ("cos", "secret_key", "TENCENTCLOUD_SECRET_KEY", Clear::Never),
    ("cos", "security_token", "TENCENTCLOUD_SECURITY_TOKEN", Clear::Never),
    ("gcs", "access_token", "GOOGLE_OAUTH_ACCESS_TOKEN", Clear::Never),
    ("gcs", "credentials", "GOOGLE_BACKEND_CREDENTIALS", Clear::Never),
    ("gcs", "encryption_key", "GOOGLE_ENCRYPTION_KEY", Clear::Never),
    ("http", "password", "TF_HTTP_PASSWORD", Clear::Never),
    ("http", "username", "TF_HTTP_USERNAME", Clear::Fine),
    ("kubernetes", "client_key", "KUBE_CLIENT_KEY_DATA", Clear::Never),
    ("kubernetes", "password", "KUBE_PASSWORD", Clear::Never),
    ("kubernetes", "token", "KUBE_TOKEN", Clear::Never),
    ("oss", "access_key", "ALICLOUD_ACCESS_KEY", Clear::Fine),
    ("oss", "secret_key", "ALICLOUD_SECRET_KEY", Clear::Never),
    ("oss", "security_token", "ALICLOUD_SECURITY_TOKEN", Clear::Never),
    ("pg", "conn_str", "PG_CONN_STR", Clear::WithoutPassword),
    ("s3", "access_key", "AWS_ACCESS_KEY_ID", Clear::Fine),
    ("s3", "secret_key", "AWS_SECRET_ACCESS_KEY", Clear::Never),
    ("s3", "sse_customer_key", "AWS_SSE_CUSTOMER_KEY", Clear::Never),
    ("s3", "token", "AWS_SESSION_TOKEN", Clear::Never),
];

/// Whether an argument may stand in clear among the others.
#[derive(Clone, Copy, PartialEq)]
enum Clear {
    Fine,
    Never,
    /// As an address without a password.
    WithoutPassword,
}

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
    /// Returns the `backend` block for one state: each resource has one of its own below what the author names. No
    /// secret is in it.
    pub fn block(&self, state: &str) -> Json {
        let mut arguments = self.arguments.clone();
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

    /// Returns the variables by which Terraform takes the secrets.
    pub fn variables(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let given = secrets_of(&self.kind).map(|(argument, variable, _)| (variable, self.secrets.get(argument)));
        given.filter_map(|(variable, secret)| Some((variable, secret?.as_str())))
    }

    /// What tells this backend from others: kept with what a recipe made, so that no state is looked for elsewhere.
    pub fn place(&self) -> Json {
        json!({ "type": self.kind, "config": self.arguments })
    }
}

fn secrets_of(kind: &str) -> impl Iterator<Item = (&'static str, &'static str, Clear)> {
    let own = SECRETS.iter().filter(move |(known, ..)| *known == kind);
    own.map(|(_, argument, variable, clear)| (*argument, *variable, *clear))
}

/// Whether an address of PostgreSQL, in either form, has a password in it.
fn has_password(address: &str) -> bool {
    let authority = address.split_once("://").map_or("", |(_, rest)| rest.split(['/', '?']).next().unwrap_or_default());
    let login = authority.rsplit_once('@').map_or("", |(login, _)| login);
    login.contains(':') || address.to_ascii_lowercase().replace(' ', "").contains("password=")
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
    for (argument, _, clear) in secrets_of(kind) {
        let Some(value) = given["config"].get(argument) else { continue };
        if clear == Clear::Never || clear == Clear::WithoutPassword && value.as_str().is_some_and(has_password) {
            return refuse(format!(
                ".config.{argument}: would stand in clear; give it in `secrets`, as `{{source, key}}` of a secret store"
            ));
        }
    }
    for (name, entry) in given["secrets"].as_object().into_iter().flatten() {
        if !secrets_of(kind).any(|(argument, ..)| argument == name) {
            let may: Vec<&str> = secrets_of(kind).map(|(argument, ..)| argument).collect();
            let may = if may.is_empty() { "it has none".to_owned() } else { format!("it has `{}`", may.join("`, `")) };
            return refuse(format!(".secrets.{name}: is no secret of the backend `{kind}`; {may}"));
        }
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
        let secrets = BTreeMap::from([("password".into(), "p".into()), ("secret_key".into(), "k".into())]);
        Backend { kind: kind.to_owned(), arguments, secrets }
    }

    #[test]
    fn each_state_stands_below_what_the_author_names() {
        let s3 = backend("s3", json!({ "bucket": "b", "key": "team/" }));
        assert_eq!(s3.block("x1"), json!({ "s3": { "bucket": "b", "key": "team/x1" } }));
        assert_eq!(s3.variables().collect::<Vec<_>>(), [("AWS_SECRET_ACCESS_KEY", "k")]);
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
        check(&json!({ "type": "pg", "config": { "conn_str": "postgres://u@h:5432/d?sslmode=disable" } }), AT).unwrap();
        for (given, words) in [
            (json!("s3"), "$.properties.backend: give `type` and `config`"),
            (json!({ "type": "remote" }), ".type: `remote` is none of `azurerm`, `consul`"),
            (json!({ "type": "s3", "config": { "secret_key": "k" } }), ".config.secret_key: would stand in clear"),
            (json!({ "type": "pg", "config": { "conn_str": "postgres://u:p@h/d" } }), "conn_str: would stand in clear"),
            (json!({ "type": "pg", "config": { "conn_str": "host=h password=p" } }), "conn_str: would stand in clear"),
            (
                json!({ "type": "s3", "secrets": { "bucket": { "source": "/s", "key": "k" } } }),
                ".secrets.bucket: is no secret of the backend `s3`; it has `access_key`, `secret_key`",
            ),
            (json!({ "type": "s3", "bucket": "b" }), "there is no `bucket`"),
            (json!({ "type": "s3", "config": [] }), ".config: must be an object"),
            (json!({ "type": "http", "config": {} }), ".config.address: is required"),
            (json!({ "type": "s3", "secrets": { "token": {} } }), ".secrets.token: give `source`"),
            (json!({ "type": "local", "secrets": { "k": {} } }), "no secret of the backend `local`; it has none"),
            (
                json!({ "type": "s3", "config": { "access_key": "1" },
                    "secrets": { "access_key": { "source": "s", "key": "k" } } }),
                "stands in `config` as well",
            ),
        ] {
            let fault = check(&given, AT).unwrap_err();
            assert!(fault.message.contains(words), "{fault}");
        }
    }
}
