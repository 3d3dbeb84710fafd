//! Secrets of portable resources: kept apart from the record, and listed by `listSecrets` only.

use serde_json::{Map, Value as Json, json};

use crate::Fault;
use crate::fault::code;
use crate::store::Record;

/// Where a record keeps what only `listSecrets` answers.
const KEPT: &str = "secrets";

/// Moves given secrets to where no answer shows them; they replace all that were kept before.
///
/// # Errors
/// Secrets that are no texts.
pub(super) fn take(record: &mut Record) -> Result<(), Fault> {
    let given = record.properties.shift_remove("secrets");
    record.private.data.shift_remove(KEPT);
    let Some(Json::Object(given)) = given else { return Ok(()) };
    if let Some((name, _)) = given.iter().find(|(_, value)| !value.is_string()) {
        let message = format!("secret '{name}' must be of type string");
        return Err(Fault::new(400, code::INVALID_CONTENT, message).target(record.id.to_string()));
    }
    if !given.is_empty() {
        record.private.data.insert(KEPT.to_owned(), Json::Object(given));
    }
    Ok(())
}

/// Returns the secrets that are kept.
pub(super) fn taken(record: &Record) -> Map<String, Json> {
    record.private.data.get(KEPT).and_then(Json::as_object).cloned().unwrap_or_default()
}

/// Keeps these secrets and no others.
pub(super) fn put(record: &mut Record, secrets: Map<String, Json>) {
    record.private.data.shift_remove(KEPT);
    if !secrets.is_empty() {
        record.private.data.insert(KEPT.to_owned(), secrets.into());
    }
}

/// Returns the secrets that were given for a resource, each of its type's; what follows from others is empty.
pub(crate) fn given(record: &Record) -> Json {
    let mut all = list(record);
    let kept = record.private.data.get(KEPT);
    for (name, value) in all.as_object_mut().into_iter().flatten() {
        *value = kept.and_then(|kept| kept.get(name)).cloned().unwrap_or_else(|| "".into());
    }
    all
}

/// Returns the secrets of a resource: those that were given, and those that follow from its properties.
pub(crate) fn list(record: &Record) -> Json {
    let empty = Map::new();
    let kept = record.private.data.get(KEPT).and_then(Json::as_object).unwrap_or(&empty);
    let parts = Parts { properties: &record.properties, kept };
    let kind = record.id.resource_type().map(|kind| kind.name().to_ascii_lowercase()).unwrap_or_default();
    match kind.as_str() {
        "rediscaches" => json!({
            "connectionString": parts.kept_or("connectionString", Parts::redis_connection),
            "password": parts.kept("password"),
            "url": parts.kept_or("url", Parts::redis_url),
        }),
        "mongodatabases" => json!({
            "connectionString": parts.kept_or("connectionString", Parts::mongo),
            "password": parts.kept("password"),
        }),
        "sqldatabases" => json!({
            "connectionString": parts.kept_or("connectionString", Parts::sql),
            "password": parts.kept("password"),
        }),
        "rabbitmqqueues" => json!({
            "password": parts.kept("password"),
            "uri": parts.kept_or("uri", Parts::rabbit),
        }),
        _ => Json::Object(kept.clone()),
    }
}

/// What addresses are made of.
struct Parts<'a> {
    properties: &'a Map<String, Json>,
    kept: &'a Map<String, Json>,
}

impl Parts<'_> {
    fn kept(&self, name: &str) -> String {
        self.kept.get(name).and_then(Json::as_str).unwrap_or_default().to_owned()
    }

    fn text(&self, name: &str) -> &str {
        self.properties.get(name).and_then(Json::as_str).unwrap_or_default()
    }

    fn port(&self) -> i64 {
        self.properties.get("port").and_then(Json::as_i64).unwrap_or(0)
    }

    fn is_tls(&self) -> bool {
        self.properties.get("tls").and_then(Json::as_bool).unwrap_or(false)
    }

    /// Returns a kept secret, or what the others make; nothing as long as nobody knows the host.
    fn kept_or(&self, name: &str, make: fn(&Self) -> String) -> String {
        let given = self.kept(name);
        let is_known = self.port() != 0 && !(self.text("host").is_empty() && self.text("server").is_empty());
        if given.is_empty() && is_known { make(self) } else { given }
    }

    fn redis_connection(&self) -> String {
        let mut text = format!("{}:{},abortConnect=False", self.text("host"), self.port());
        if self.is_tls() {
            text.push_str(",ssl=True");
        }
        for (name, value) in [("user", self.text("username").to_owned()), ("password", self.kept("password"))] {
            if !value.is_empty() {
                text.push_str(&format!(",{name}={value}"));
            }
        }
        text
    }

    fn redis_url(&self) -> String {
        let scheme = if self.is_tls() { "rediss" } else { "redis" };
        format!("{scheme}://{}{}:{}/0?", self.login(), self.text("host"), self.port())
    }

    fn mongo(&self) -> String {
        format!("mongodb://{}{}:{}/{}", self.login(), self.text("host"), self.port(), self.text("database"))
    }

    fn sql(&self) -> String {
        let named = |name: &str, value: &str| if value.is_empty() { String::new() } else { format!("{name}={value}") };
        format!(
            "Data Source=tcp:{},{};Initial Catalog={};{};{};Encrypt=True;TrustServerCertificate=True",
            self.text("server"),
            self.port(),
            self.text("database"),
            named("User Id", self.text("username")),
            named("Password", &self.kept("password")),
        )
    }

    fn rabbit(&self) -> String {
        let scheme = if self.is_tls() { "amqps" } else { "amqp" };
        format!("{scheme}://{}{}:{}/{}", self.login(), self.text("host"), self.port(), self.text("vHost"))
    }

    /// User and password as they stand before a host.
    fn login(&self) -> String {
        match (self.text("username"), self.kept("password").as_str()) {
            ("", "") => String::new(),
            (user, "") => format!("{user}@"),
            (user, password) => format!("{user}:{password}@"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(kind: &str, properties: &Json, secrets: &Json) -> Json {
        let id = format!("/planes/radius/local/resourceGroups/g/providers/Applications.Datastores/{kind}/x");
        let mut record = crate::store::Record {
            id: id.parse().unwrap(),
            type_name: format!("Applications.Datastores/{kind}"),
            api_version: None,
            location: None,
            tags: None,
            properties: properties.as_object().unwrap().clone(),
            private: crate::store::Private::default(),
            state: crate::store::State::Succeeded,
            operation: None,
            revision: 0,
            created_at: crate::Timestamp::default(),
            updated_at: crate::Timestamp::default(),
        };
        record.properties.insert("secrets".into(), secrets.clone());
        take(&mut record).unwrap();
        assert!(!Json::Object(record.properties.clone()).to_string().contains("secrets"));
        list(&record)
    }

    #[test]
    fn addresses_follow_from_the_properties() {
        let redis = json!({ "host": "h", "port": 6380, "tls": true, "username": "u" });
        let secrets = listed("redisCaches", &redis, &json!({ "password": "p" }));
        assert_eq!(secrets["connectionString"], "h:6380,abortConnect=False,ssl=True,user=u,password=p");
        assert_eq!(secrets["url"], "rediss://u:p@h:6380/0?");
        let mongo = json!({ "host": "h", "port": 27017, "database": "d", "username": "u" });
        assert_eq!(
            listed("mongoDatabases", &mongo, &json!({ "password": "p" }))["connectionString"],
            "mongodb://u:p@h:27017/d"
        );
    }

    #[test]
    fn what_is_given_wins_and_an_unknown_host_has_no_address() {
        let redis = json!({ "host": "h", "port": 1 });
        assert_eq!(listed("redisCaches", &redis, &json!({ "url": "mine" }))["url"], "mine");
        let unknown = json!({ "host": "", "port": 0 });
        let expected = json!({ "connectionString": "", "password": "", "url": "" });
        assert_eq!(listed("redisCaches", &unknown, &json!({})), expected);
    }
}
