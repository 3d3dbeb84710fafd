//! Key vaults whose objects are files of pods, and the identity that opens them.
//!
//! The secrets store driver reads a class that names vault, objects and identity; pods mount the class. Classes
//! are a container's own, since the identity in them is.

use radii_runtime::Fault;
use radii_runtime::fault::code;
use radii_runtime::platform::{Identity, Vault, VaultObject, Volume, Workload};
use serde_json::{Map, Value as Json, json};

/// The label by which pods ask for the token of their identity.
pub const USES_IDENTITY: &str = "azure.workload.identity/use";

/// Returns the name of the class of a workload's vault.
pub fn class_name(workload: &Workload, vault: &Vault) -> String {
    format!("{}-{}", workload.resource.name, vault.volume).to_lowercase()
}

/// Returns names and specifications of the classes that a workload's volumes need, each once.
///
/// # Errors
/// A vault that no identity opens.
pub fn classes(workload: &Workload) -> Result<Vec<(String, Json)>, Fault> {
    let mut classes: Vec<(String, Json)> = Vec::new();
    for (mount, volume) in &workload.volumes {
        let Volume::Vault(vault) = volume else { continue };
        let identity = workload.identity.as_ref().ok_or_else(|| unopened(workload, mount))?;
        let name = class_name(workload, vault);
        if !classes.iter().any(|(known, _)| *known == name) {
            classes.push((name, class(vault, identity)));
        }
    }
    Ok(classes)
}

fn unopened(workload: &Workload, mount: &str) -> Fault {
    let message = format!(
        "container.volumes.{mount}: nothing opens its key vault: the environment has no identity. Give its `compute.identity` \
         the kind `azure.com.workload` with `clientId` and `tenantId` of an identity that may read the vault and trusts the \
         service account `{}`; or put the values into a secret store, or name a PersistentVolumeClaim as `source`",
        workload.resource.name.to_lowercase()
    );
    Fault::new(400, code::PLATFORM_UNSUPPORTED, message).target(&workload.resource.id)
}

fn class(vault: &Vault, identity: &Identity) -> Json {
    json!({
        "provider": "azure",
        "parameters": {
            "usePodIdentity": "false",
            "keyvaultName": vault.vault,
            "clientID": identity.client,
            "tenantID": identity.tenant,
            "objects": objects(&vault.objects),
        },
    })
}

/// Writes the objects as the driver reads them: a list of YAML texts, itself as YAML.
fn objects(objects: &[VaultObject]) -> String {
    let mut text = "array:\n".to_owned();
    for object in objects {
        text.push_str("  - |\n");
        let members = [
            ("objectName", &object.name),
            ("objectAlias", &object.alias),
            ("objectType", &object.kind),
            ("objectVersion", &object.version),
            ("objectEncoding", &object.encoding),
            ("objectFormat", &object.format),
        ];
        for (name, value) in members.into_iter().filter(|(_, value)| !value.is_empty()) {
            // A JSON string is a YAML string, whatever it holds.
            text.push_str(&format!("    {name}: {}\n", json!(value)));
        }
    }
    if objects.is_empty() { "array: []\n".to_owned() } else { text }
}

/// Marks a service account as an identity's.
pub fn mark_account(metadata: &mut Map<String, Json>, identity: &Identity) {
    let mut put = |member: &str, name: &str, value: &str| {
        let entries = metadata.entry(member).or_insert_with(|| json!({}));
        entries[name] = json!(value);
    };
    put("labels", USES_IDENTITY, "true");
    put("annotations", "azure.workload.identity/client-id", &identity.client);
    put("annotations", "azure.workload.identity/tenant-id", &identity.tenant);
}
