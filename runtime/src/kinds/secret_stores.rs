//! Secret stores: values that live in the platform's own secrets, and never in the registry.

use std::collections::BTreeMap;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use radii_model::{ResourceId, TypeName};
use serde_json::{Map, Value as Json, json};

use super::shape;
use crate::Fault;
use crate::environment::{Environment, load_application};
use crate::host::{Host, Kind, Mode, Step, Work};
use crate::objects;
use crate::platform::{Named, ObjectRef, Piece, Platform, Secret, Target};
use crate::store::Record;

/// Keys that a type of store must have, in the order in which they are asked for.
const REQUIRED: [(&str, &[&str]); 4] = [
    ("basicAuthentication", &["username", "password"]),
    ("azureWorkloadIdentity", &["clientId", "tenantId"]),
    ("awsIRSA", &["roleARN"]),
    ("certificate", &["tls.crt", "tls.key"]),
];
/// Where a record keeps the target that its secret was made in.
const TARGET: &str = "target";

/// The behaviour of secret stores.
pub(super) struct SecretStores;

#[async_trait]
impl Kind for SecretStores {
    fn types(&self) -> &'static [&'static str] {
        &["Applications.Core/secretStores"]
    }

    fn mode(&self, _type_name: &str) -> Mode {
        Mode::Synchronous
    }

    fn check(&self, id: &ResourceId, type_name: &TypeName, body: &Map<String, Json>) -> Result<(), Fault> {
        shape::check_name(id)?;
        shape::check(type_name, body)
    }

    fn has_schema(&self) -> bool {
        false
    }

    async fn admit(&self, host: &Host, record: &mut Record, old: Option<&Record>) -> Result<(), Fault> {
        shape::strip(record);
        check_type(record, old)?;
        let given = Given::read(record)?;
        let mut target = find_target(host, record).await.map_err(Fault::of_the_request)?;
        let platform = objects::driver(host, target.kind)?;
        let place = Place::find(record, &target)?;
        given.check_unchanged(&place, old)?;
        target.namespace.clone_from(&place.namespace);
        let is_ours = old.is_some_and(|old| !old.private.journal.is_empty());
        if !is_simulated(host, record).await.map_err(Fault::of_the_request)? {
            store(platform, &target, record, &given, &place, is_ours).await?;
        }
        show(record, &target, &place, given);
        Ok(())
    }

    async fn execute(&self, _work: &Work<'_>, _record: &mut Record) -> Result<Step, Fault> {
        Ok(Step::Done)
    }

    async fn tear_down(&self, host: &Host, record: &Record) -> Result<(), Fault> {
        objects::delete_all(host, &record.private.journal).await
    }

    async fn act(&self, host: &Host, record: &Record, action: &str, _: &Json) -> Result<Option<Json>, Fault> {
        if !action.eq_ignore_ascii_case("listSecrets") {
            return Ok(None);
        }
        let values = read_secret(host, record).await?;
        let keys = record.properties.get("data").and_then(Json::as_object).into_iter().flatten();
        let mut data = Map::new();
        for (key, entry) in keys {
            let bytes = values.get(key).ok_or_else(|| {
                let place = record.properties.get("resource").and_then(Json::as_str).unwrap_or_default();
                Fault::bad_request(format!("'{place}' resource does not have key, '{key}'."))
            })?;
            let is_text = entry["encoding"] == "raw";
            let (encoding, value) = match std::str::from_utf8(bytes) {
                Ok(text) if is_text => ("raw", text.to_owned()),
                _ => ("base64", STANDARD.encode(bytes)),
            };
            data.insert(key.clone(), json!({ "encoding": encoding, "value": value }));
        }
        let kind = record.properties.get("type").cloned().unwrap_or_default();
        Ok(Some(json!({ "type": kind, "data": data })))
    }
}

/// Refuses to make another type of a store.
fn check_type(record: &Record, old: Option<&Record>) -> Result<(), Fault> {
    let kind = |record: &Record| record.properties.get("type").and_then(Json::as_str).unwrap_or("generic").to_owned();
    let (Some(before), now) = (old.map(kind), kind(record)) else { return Ok(()) };
    if before == now {
        return Ok(());
    }
    Err(Fault::bad_request(format!("$.properties.type cannot change from '{before}' to '{now}'.")))
}

/// Loads a secret store by id.
///
/// # Errors
/// 400 in the words of Radius when there is none.
pub(crate) async fn load(host: &Host, id: &str) -> Result<Record, Fault> {
    let missing = || Fault::bad_request(format!("resource \"{id}\" does not exist"));
    let invalid = || Fault::bad_request(format!("'{id}' is not a valid resource id"));
    let parsed = id.parse::<ResourceId>().ok().filter(ResourceId::is_resource).ok_or_else(invalid)?;
    host.parts.store.find(&parsed).await?.ok_or_else(missing)
}

/// Returns namespace and name of the secret behind a store.
pub(crate) fn place_of(store: &Record) -> Option<(&str, &str)> {
    store.properties.get("resource").and_then(Json::as_str)?.split_once('/')
}

/// Returns the values of a store, as the platform holds them.
pub(crate) async fn read_secret(host: &Host, store: &Record) -> Result<BTreeMap<String, Vec<u8>>, Fault> {
    let target: Option<Target> =
        store.private.data.get(TARGET).cloned().and_then(|target| serde_json::from_value(target).ok());
    let lost = || Fault::internal(format!("the secret of `{}` is not known", store.id));
    let (target, (namespace, name)) = (target.ok_or_else(lost)?, place_of(store).ok_or_else(lost)?);
    let found = objects::driver(host, target.kind)?.read_secret(&target, namespace, name).await?;
    found.ok_or_else(|| Fault::bad_request(format!("'{namespace}/{name}' referenced resource does not exist.")))
}

/// What a request gives.
struct Given {
    kind: String,
    /// Key → encoding, and the bytes where they are given.
    data: BTreeMap<String, (String, Option<Vec<u8>>)>,
    is_reference: bool,
}

impl Given {
    fn read(record: &Record) -> Result<Self, Fault> {
        let text = |name: &str| record.properties.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
        let kind = Some(text("type")).filter(|kind| !kind.is_empty()).unwrap_or_else(|| "generic".to_owned());
        let usual = if kind == "certificate" { "base64" } else { "raw" };
        let mut data = BTreeMap::new();
        for (key, entry) in record.properties.get("data").and_then(Json::as_object).into_iter().flatten() {
            if entry.get("valueFrom").is_some_and(|from| from["name"].as_str().is_some_and(|name| !name.is_empty())) {
                return Err(Fault::bad_request(format!(
                    "$.properties.data[{key}].valueFrom.Name is specified. Kubernetes secret resource doesn't support secret reference. "
                )));
            }
            let encoding = entry["encoding"].as_str().filter(|text| !text.is_empty()).unwrap_or(usual).to_owned();
            if kind == "certificate" && encoding == "raw" {
                return Err(Fault::bad_request(format!(
                    "'{key}' encoding is not valid: \"certificate type doesn't support raw\""
                )));
            }
            let value = entry["value"].as_str().filter(|value| !value.is_empty());
            let bytes = value.map(|value| decode(&kind, key, value, &encoding)).transpose()?;
            data.insert(key.clone(), (encoding, bytes));
        }
        let is_reference = data.values().all(|(_, bytes)| bytes.is_none());
        let given = Self { kind, data, is_reference };
        given.check_keys()?;
        Ok(given)
    }

    fn check_keys(&self) -> Result<(), Fault> {
        let required = REQUIRED.iter().find(|(kind, _)| *kind == self.kind).map_or(&[][..], |(_, keys)| keys);
        match required.iter().find(|key| !self.data.contains_key(**key)) {
            // Values of a secret that is there already are nobody's to check; without keys there is no such secret.
            Some(key) if !self.is_reference || self.data.is_empty() => {
                Err(Fault::bad_request(format!("$.properties.data must contain '{key}' key for {} type.", self.kind)))
            }
            _ => Ok(()),
        }
    }

    fn check_unchanged(&self, place: &Place, old: Option<&Record>) -> Result<(), Fault> {
        let Some(old) = old else { return Ok(()) };
        let text = |name: &str| old.properties.get(name).and_then(Json::as_str).unwrap_or_default();
        if text("resource") != place.shown() {
            let message =
                format!("'{}' of $.properties.resource must be same as '{}'.", place.shown(), text("resource"));
            return Err(Fault::bad_request(message));
        }
        Ok(())
    }
}

fn decode(kind: &str, key: &str, value: &str, encoding: &str) -> Result<Vec<u8>, Fault> {
    if encoding != "base64" {
        return Ok(value.as_bytes().to_vec());
    }
    STANDARD.decode(value).map_err(|error| {
        let remedy = match kind {
            "certificate" => "encode the PEM text, as `base64 -w0 FILE` does",
            _ => "encode it, or say `encoding: raw`",
        };
        Fault::bad_request(format!("$.properties.data[{key}].value is not valid base64: {error}; {remedy}"))
    })
}

/// Where the secret stands.
struct Place {
    namespace: String,
    name: String,
    /// What the author named it, if anything.
    given: Option<String>,
}

impl Place {
    fn find(record: &Record, target: &Target) -> Result<Self, Fault> {
        let given = record.properties.get("resource").and_then(Json::as_str).unwrap_or_default();
        let own = record.id.name().unwrap_or_default().to_ascii_lowercase();
        let in_application = target.application.is_some();
        let parts: Vec<&str> = given.split('/').collect();
        let (namespace, name) = match parts.as_slice() {
            [""] if in_application => (target.namespace.clone(), own),
            [""] => {
                let message = "$.properties.resource cannot be empty for global scoped resource.";
                return Err(Fault::bad_request(message));
            }
            [name] => (target.namespace.clone(), (*name).to_owned()),
            [namespace, name] => ((*namespace).to_owned(), (*name).to_owned()),
            _ => return Err(Fault::bad_request(format!("'{given}' is the invalid resource id"))),
        };
        if name.is_empty() || !super::environments::is_label(&namespace) {
            return Err(Fault::bad_request(format!("'{given}' is the invalid resource id")));
        }
        if !name.split('.').all(super::environments::is_label) {
            return Err(Fault::bad_request(format!(
                "'{given}' of $.properties.resource names no secret: use lower-case letters, digits, hyphens and dots"
            )));
        }
        Ok(Self { namespace, name, given: Some(given.to_owned()).filter(|given| !given.is_empty()) })
    }

    fn shown(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }
}

/// Writes the secret, or checks the one that is referred to.
async fn store(
    platform: &dyn Platform,
    target: &Target,
    record: &mut Record,
    given: &Given,
    place: &Place,
    is_ours: bool,
) -> Result<(), Fault> {
    let found = platform.read_secret(target, &place.namespace, &place.name).await?;
    if given.is_reference && place.given.is_some() && !is_ours {
        let Some(found) = found else {
            let given = place.given.as_deref().unwrap_or_default();
            return Err(Fault::bad_request(format!("'{given}' referenced resource does not exist.")));
        };
        if let Some(key) = given.data.keys().find(|key| !found.contains_key(*key)) {
            return Err(Fault::bad_request(format!("'{}' resource does not have key, '{key}'.", place.shown())));
        }
        return Ok(());
    }
    let in_application = target.application.is_some();
    if let (Some(given), None, true) = (&place.given, &found, in_application && !is_ours) {
        return Err(Fault::bad_request(format!("'{given}' referenced resource does not exist.")));
    }
    if found.is_some() && !is_ours {
        return Err(Fault::conflict(format!(
            "the secret '{}' exists and was not made for this store: leave the values out to refer to it, or name another",
            place.shown()
        )));
    }
    let kept = found.unwrap_or_default();
    let mut data = BTreeMap::new();
    for (key, (_, bytes)) in &given.data {
        let value = bytes.clone().or_else(|| kept.get(key).cloned());
        let value = value.ok_or_else(|| match is_ours {
            true => Fault::bad_request(format!("'{}' resource does not have key, '{key}'.", place.shown())),
            false => Fault::bad_request(format!("$.properties.data[{key}].Value must be given to create the secret.")),
        })?;
        data.insert(key.clone(), value);
    }
    let resource = Named { id: record.id.to_string(), name: place.name.clone() };
    let piece = Piece::Secret(Secret { resource, is_certificate: given.kind == "certificate", data });
    let rendered = platform.render_piece(target, &piece)?;
    platform.prepare(target).await?;
    record.private.journal = rendered.iter().map(|object| object.reference.clone()).collect();
    for object in &rendered {
        platform.apply(target, object).await?;
    }
    Ok(())
}

/// What is stored and answered: no value of a secret.
fn show(record: &mut Record, target: &Target, place: &Place, given: Given) {
    let data: Map<String, Json> =
        given.data.into_iter().map(|(key, (encoding, _))| (key, json!({ "encoding": encoding }))).collect();
    let reference = ObjectRef {
        platform: target.kind,
        kind: "core/Secret".to_owned(),
        namespace: place.namespace.clone(),
        name: place.name.clone(),
        cluster: target.cluster().map(str::to_owned),
    };
    let properties = &mut record.properties;
    properties.shift_remove("environment");
    properties.entry("application").or_insert_with(|| "".into());
    if data.is_empty() {
        properties.shift_remove("data");
    } else {
        properties.insert("data".into(), data.into());
    }
    properties.insert("type".into(), given.kind.into());
    properties.insert("resource".into(), place.shown().into());
    let output = json!({ "id": reference.output_id(), "localId": "Secret" });
    properties.insert("status".into(), json!({ "outputResources": [output] }));
    record.private.data.insert(TARGET.into(), serde_json::to_value(target).unwrap_or_default());
}

/// Where a store belongs: to its application, its environment, or to the server's own cluster.
async fn find_target(host: &Host, record: &Record) -> Result<Target, Fault> {
    let application = load_application(host, record.properties.get("application")).await?;
    let own = record.properties.get("environment").filter(|id| id.as_str().is_some_and(|id| !id.is_empty()));
    let environment = own.or(application.as_ref().and_then(|application| application.properties.get("environment")));
    if environment.is_none() {
        return Ok(Target::of_server());
    }
    Environment::load(host, environment).await?.target(application.as_ref())
}

async fn is_simulated(host: &Host, record: &Record) -> Result<bool, Fault> {
    let application = load_application(host, record.properties.get("application")).await?;
    let own = record.properties.get("environment").filter(|id| id.as_str().is_some_and(|id| !id.is_empty()));
    match own.or(application.as_ref().and_then(|application| application.properties.get("environment"))) {
        Some(id) => Ok(Environment::load(host, Some(id)).await?.is_simulated()),
        None => Ok(false),
    }
}
