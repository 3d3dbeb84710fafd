//! Volumes: where files of containers come from. They are records; containers that mount them make the objects.

use async_trait::async_trait;
use radii_model::{ResourceId, TypeName};
use serde_json::{Map, Value as Json, json};

use super::containers::find_target;
use super::{refuse_moves, shape};
use crate::Fault;
use crate::fault::code;
use crate::host::{Host, Kind, Mode, Step, Work};
use crate::platform::{ComputeKind, Identity, Target, Vault, VaultObject};
use crate::store::{Record, Verb};

/// The only kind that Radius has: an Azure Key Vault.
const KEY_VAULT: &str = "azure.com.keyvault";
/// What a cluster knows that can mount one.
const PROVIDER_CLASS: &str = "secrets-store.csi.x-k8s.io/SecretProviderClass";

/// The behaviour of volumes.
pub(super) struct Volumes;

#[async_trait]
impl Kind for Volumes {
    fn types(&self) -> &'static [&'static str] {
        &["Applications.Core/volumes"]
    }

    fn mode(&self, _type_name: &str) -> Mode {
        Mode::Asynchronous
    }

    fn check(&self, id: &ResourceId, type_name: &TypeName, body: &Map<String, Json>) -> Result<(), Fault> {
        shape::check_name(id)?;
        shape::check(type_name, body)
    }

    fn has_schema(&self) -> bool {
        false
    }

    async fn admit(&self, host: &Host, record: &mut Record, old: Option<&Record>) -> Result<(), Fault> {
        record.properties.shift_remove("environment");
        refuse_moves(record, old)?;
        let properties = &mut record.properties;
        let kind = properties.get("kind").and_then(Json::as_str).unwrap_or_default();
        if kind != KEY_VAULT {
            return Err(Fault::new(400, code::BAD_REQUEST, format!("invalid resource kind: {kind}")));
        }
        check_driver(host).await?;
        for (list, defaults) in [
            ("secrets", &[("encoding", "utf-8"), ("name", "")][..]),
            ("keys", &[("name", "")]),
            ("certificates", &[("encoding", "utf-8"), ("name", "")]),
        ] {
            let entries = properties.get_mut(list).and_then(Json::as_object_mut).into_iter().flat_map(Map::values_mut);
            for entry in entries.filter_map(Json::as_object_mut) {
                for (name, default) in defaults {
                    entry.entry(*name).or_insert_with(|| json!(default));
                }
                check_choices(list, entry)?;
            }
        }
        properties.entry("resource").or_insert_with(|| "".into());
        properties.insert("status".into(), json!({}));
        Ok(())
    }

    async fn execute(&self, work: &Work<'_>, record: &mut Record) -> Result<Step, Fault> {
        if work.verb == Verb::Put {
            // A volume goes where its application goes, and that must be somewhere.
            find_target(work.host, record).await?;
        }
        Ok(Step::Done)
    }

    async fn act(&self, _: &Host, _: &Record, _: &str, _: &Json) -> Result<Option<Json>, Fault> {
        Ok(None)
    }
}

/// Refuses key vaults where the cluster lacks the driver that mounts them.
async fn check_driver(host: &Host) -> Result<(), Fault> {
    let Some(platform) = host.platform(ComputeKind::Kubernetes) else { return Ok(()) };
    if platform.knows(&Target::of_server(), PROVIDER_CLASS).await != Some(false) {
        return Ok(());
    }
    Err(Fault::bad_request(
        "Your volume requires secret store CSI driver. Please install it by following \
         https://secrets-store-csi-driver.sigs.k8s.io/.",
    ))
}

/// Reads the vault behind a volume.
///
/// # Errors
/// 400 when the volume names no vault.
pub(super) fn vault(volume: &Record) -> Result<Vault, Fault> {
    let resource = volume.properties.get("resource").and_then(Json::as_str).unwrap_or_default();
    let name = resource.starts_with('/').then(|| resource.rsplit('/').next()).flatten().unwrap_or_default();
    if name.is_empty() {
        let message = format!("`{}`: its `resource` is no id of a key vault: `{resource}`", volume.id);
        return Err(Fault::bad_request(message));
    }
    let mut objects = Vec::new();
    for (list, kind) in [("secrets", "secret"), ("keys", "key"), ("certificates", "cert")] {
        for (key, given) in volume.properties.get(list).and_then(Json::as_object).into_iter().flatten() {
            objects.push(object(kind, key, given));
        }
    }
    let volume = volume.id.name().unwrap_or_default().to_owned();
    Ok(Vault { volume, vault: name.to_owned(), objects })
}

/// Refuses a choice that the driver does not have.
fn check_choices(list: &str, entry: &Map<String, Json>) -> Result<(), Fault> {
    for (name, choices) in [
        ("encoding", &["utf-8", "hex", "base64"]),
        ("certType", &["certificate", "privatekey", "publickey"]),
        ("format", &["pem", "pfx", ""]),
    ] {
        let Some(given) = entry.get(name).and_then(Json::as_str) else { continue };
        if !choices.contains(&given) {
            let known: Vec<_> = choices.iter().filter(|choice| !choice.is_empty()).copied().collect();
            let message = format!("{list}: `{name}` is `{given}`, and may be {}", known.join(", "));
            return Err(Fault::new(400, code::BAD_REQUEST, message));
        }
    }
    Ok(())
}

/// Reads one object of a vault; the driver fetches parts of a certificate as objects of other kinds.
fn object(kind: &str, key: &str, given: &Json) -> VaultObject {
    let text = |name: &str| given[name].as_str().unwrap_or_default().to_owned();
    let kind = match (kind, text("certType").as_str()) {
        ("cert", "privatekey") => "secret",
        ("cert", "publickey") => "key",
        (kind, _) => kind,
    };
    let is_certificate = given.get("format").is_some();
    let alias = Some(text("alias")).filter(|alias| !alias.is_empty()).unwrap_or_else(|| key.to_owned());
    VaultObject {
        name: text("name"),
        alias,
        kind: kind.to_owned(),
        version: text("version"),
        // Only what is fetched as a secret has a choice.
        encoding: if kind == "secret" { text("encoding") } else { String::new() },
        format: if is_certificate { text("format") } else { String::new() },
    }
}

/// The identity of an environment's workloads: `compute.identity` of kind `azure.com.workload`, where it says who.
pub(super) fn identity(target: &Target) -> Option<Identity> {
    let identity = target.compute.get("identity").filter(|identity| identity["kind"] == "azure.com.workload")?;
    let text = |name: &str| identity[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    Some(Identity { client: text("clientId")?, tenant: text("tenantId")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_certificate_are_fetched_as_what_they_are() {
        let of = |kind: &str| {
            object("cert", "c", &json!({ "name": "n", "certType": kind, "format": "pem", "encoding": "hex" }))
        };
        let gist = |object: VaultObject| (object.kind, object.alias, object.encoding, object.format);
        let text = str::to_owned;
        assert_eq!(gist(of("certificate")), (text("cert"), text("c"), String::new(), text("pem")));
        assert_eq!(gist(of("privatekey")), (text("secret"), text("c"), text("hex"), text("pem")));
        assert_eq!(gist(of("publickey")), (text("key"), text("c"), String::new(), text("pem")));
    }
}
