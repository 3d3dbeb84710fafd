//! `runtimes.docker`: what a workload asks of this platform alone.

use std::collections::BTreeMap;

use radii_runtime::Fault;
use radii_runtime::platform::Workload;
use serde::Deserialize;
use serde_json::{Map, Value as Json};

/// What `runtimes.docker` says.
pub struct Settings {
    /// Which ports the host reaches.
    pub publish: Publish,
    host_config: Map<String, Json>,
    /// Whether ports may be bound to other addresses than loopback.
    non_loopback: bool,
}

/// Which ports the host reaches.
#[derive(Debug, PartialEq, Eq)]
pub enum Publish {
    /// All, at ports that the engine chooses.
    Everything,
    /// All, the named ones at the given ports.
    At(BTreeMap<String, u16>),
    /// None.
    Nothing,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Block {
    #[serde(default)]
    publish: Option<PublishBlock>,
    #[serde(default)]
    host_config: Map<String, Json>,
    #[serde(default)]
    allow_non_loopback: bool,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum PublishBlock {
    All(bool),
    At(BTreeMap<String, u16>),
}

impl Settings {
    /// Reads the block.
    pub fn read(workload: &Workload) -> Result<Self, Fault> {
        let block: Block = serde_json::from_value(Json::Object(workload.punch_through.clone())).map_err(|error| {
            let message = format!(
                "`runtimes.docker` cannot be read: {error}; it may have `hostConfig` (an object), `publish` (true, false, or host ports by port name) and `allowNonLoopback`"
            );
            Fault::bad_request(message).target(&workload.resource.id)
        })?;
        let publish = match block.publish {
            None | Some(PublishBlock::All(true)) => Publish::Everything,
            Some(PublishBlock::All(false)) => Publish::Nothing,
            Some(PublishBlock::At(ports)) => Publish::At(ports),
        };
        Ok(Self { publish, host_config: block.host_config, non_loopback: block.allow_non_loopback })
    }

    /// Merges `hostConfig` over what was rendered.
    pub fn merge_into(&self, workload: &Workload, host: &mut Map<String, Json>) -> Result<(), Fault> {
        check_protected(&self.host_config, self.non_loopback)
            .map_err(|message| Fault::new(400, "PlatformProtectedField", message).target(&workload.resource.id))?;
        merge(host, &self.host_config);
        Ok(())
    }
}

/// Checks that a `HostConfig` leaves alone what Radii itself decides.
pub fn check_protected(host: &Map<String, Json>, non_loopback: bool) -> Result<(), String> {
    if host.contains_key("NetworkMode") {
        return Err(
            "`HostConfig.NetworkMode` is Radii's: containers of an application share its network. Remove it".to_owned()
        );
    }
    let Some(bindings) = host.get("PortBindings").and_then(Json::as_object) else { return Ok(()) };
    for (port, targets) in bindings {
        let targets = targets.as_array().map_or(&[][..], Vec::as_slice);
        let outside = |target: &&Json| !matches!(target.get("HostIp").and_then(Json::as_str), Some(ip) if ip.starts_with("127.") || ip == "::1");
        if !non_loopback && targets.iter().any(|target| outside(&target)) {
            return Err(format!(
                "`HostConfig.PortBindings` binds {port} to an address that other machines reach; give `HostIp` 127.0.0.1, or set `runtimes.docker.allowNonLoopback`"
            ));
        }
    }
    Ok(())
}

/// Merges objects member by member; null removes, anything else replaces.
pub fn merge(into: &mut Map<String, Json>, patch: &Map<String, Json>) {
    for (key, value) in patch {
        match (into.get_mut(key), value) {
            (_, Json::Null) => {
                into.shift_remove(key);
            }
            (Some(Json::Object(old)), Json::Object(new)) => merge(old, new),
            (_, value) => {
                into.insert(key.clone(), value.clone());
            }
        }
    }
}
