//! Volumes: where files of containers come from. They are records; containers that mount them make the objects.

use async_trait::async_trait;
use radii_model::{ResourceId, TypeName};
use serde_json::{Map, Value as Json, json};

use super::{refuse_moves, shape};
use crate::Fault;
use crate::fault::code;
use crate::host::{Host, Kind, Mode, Step, Work};
use crate::platform::{ComputeKind, Target};
use crate::store::Record;

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
            ("certificates", &[("encoding", "utf-8"), ("format", "pem"), ("name", "")]),
        ] {
            let entries = properties.get_mut(list).and_then(Json::as_object_mut).into_iter().flat_map(Map::values_mut);
            for entry in entries.filter_map(Json::as_object_mut) {
                for (name, default) in defaults {
                    entry.entry(*name).or_insert_with(|| json!(default));
                }
            }
        }
        properties.entry("resource").or_insert_with(|| "".into());
        properties.insert("status".into(), json!({}));
        Ok(())
    }

    async fn execute(&self, _work: &Work<'_>, _record: &mut Record) -> Result<Step, Fault> {
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
