//! Container resources of either type as one [`Workload`].

mod classic;
mod compute;

pub(crate) use classic::marks;

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json, json};

use crate::Fault;
use crate::connections::Carrier;
use crate::environment::Environment;
use crate::fault::code;
use crate::platform::{
    ComputeKind, Container, DaprSidecar, EnvValue, Marks, Named, Pull, Restart, Scaling, Target, Volume, Workload,
};
use crate::store::Record;

/// A container resource as its author wrote it, before it is known where it goes.
#[derive(Debug)]
pub(crate) struct Draft {
    resource: Named,
    containers: Vec<Container>,
    volumes: BTreeMap<String, Volume>,
    restart: Restart,
    replicas: Option<u32>,
    /// The resource's type.
    kind: String,
    /// Platform → the author's own fields for it.
    runtimes: Map<String, Json>,
    /// The property in which they stand.
    options: &'static str,
    marks: Marks,
    dapr: Option<DaprSidecar>,
    scaling: Option<Scaling>,
    /// What no platform can do yet, as entries of `status.degradations`.
    pub(crate) degradations: Vec<Json>,
}

impl Draft {
    /// Reads a container resource.
    ///
    /// # Errors
    /// 400 naming the property that cannot be understood, or that nothing here can do.
    pub(crate) fn parse(record: &Record) -> Result<Self, Fault> {
        let is_classic = record.id.namespace().is_some_and(|name| name.eq_ignore_ascii_case("Applications.Core"));
        let draft = if is_classic { classic::parse(record) } else { compute::parse(record) };
        draft.map_err(|fault| match fault.code.as_str() {
            // Clients of Radius know these without a target.
            crate::fault::code::BAD_REQUEST => fault,
            _ => Fault { target: fault.target.or_else(|| Some(record.id.to_string())), ..fault },
        })
    }

    /// A draft without containers.
    fn empty(record: &Record) -> Self {
        Self {
            resource: Named { id: record.id.to_string(), name: record.id.name().unwrap_or_default().to_owned() },
            containers: Vec::new(),
            volumes: BTreeMap::new(),
            restart: Restart::Always,
            replicas: None,
            kind: record.type_name.clone(),
            runtimes: Map::new(),
            options: "runtimes",
            marks: Marks::default(),
            dapr: None,
            scaling: None,
            degradations: Vec::new(),
        }
    }

    fn degrade(&mut self, pointer: &str, message: &str) {
        let entry = json!({
            "code": "PlatformFeatureDegraded", "severity": "warning", "pointer": pointer, "message": message,
        });
        self.degradations.push(entry);
    }

    /// Says that something which the author wrote has no effect.
    pub(crate) fn ignore(&mut self, pointer: &str, message: &str) {
        let entry = json!({
            "code": "PlatformOptionIgnored", "severity": "warning", "pointer": pointer, "message": message,
        });
        self.degradations.push(entry);
    }

    /// Says what the target's platform cannot do, and what of the author's means nothing there.
    pub(crate) fn settle(&mut self, environment: &Environment, target: &Target) {
        self.settle_options(environment, target);
        for container in &self.containers {
            for (name, _) in container.env.iter().filter(|(name, _)| !is_variable(name)) {
                let message = format!("no shell can read a variable of this name: write `{}`", as_variable(name));
                let pointer = format!("/properties/{}/env/{name}", self.place_of(&container.name));
                self.degradations.push(json!({
                    "code": "PlatformNameInvalid", "severity": "warning", "pointer": pointer, "message": message,
                }));
            }
        }
        if self.scaling.is_some() && target.kind != ComputeKind::Kubernetes {
            self.scaling = None;
            self.degrade(
                "/properties/autoScaling",
                "the platform has no autoscaler: the number of `replicas` is kept; set it, or deploy to Kubernetes",
            );
        }
    }

    /// Keeps of the author's own fields for platforms those that count.
    fn settle_options(&mut self, environment: &Environment, target: &Target) {
        let kind = target.kind.as_str();
        if !environment.allows_platform_options(&self.kind) && self.runtimes.shift_remove(kind).is_some() {
            let message = format!(
                "the environment `{}` allows no fields of platforms (`allowPlatformOptions`): they have no effect",
                target.environment.name
            );
            self.ignore(&format!("/properties/{}/{kind}", self.options), &message);
        }
        let others: Vec<String> = self.runtimes.keys().filter(|other| *other != kind).cloned().collect();
        for other in others {
            if crate::environment::compute_kind(&other).is_some() {
                tracing::info!("`{}` of `{}` means nothing on {kind}", other, self.resource.id);
                continue;
            }
            let known = ComputeKind::ALL.map(ComputeKind::as_str).join(", ");
            let message =
                format!("no platform is called `{other}`, so its fields have no effect: choose among {known}");
            self.ignore(&format!("/properties/{}/{other}", self.options), &message);
        }
    }

    /// Where a container stands among the properties.
    fn place_of(&self, container: &str) -> String {
        match self.options {
            "runtimes" => "container".to_owned(),
            _ => format!("containers/{container}"),
        }
    }

    /// Returns the workload for a target; connection variables come first, so that the author's own win.
    pub(crate) fn into_workload(
        mut self,
        target: &Target,
        variables: &BTreeMap<String, EnvValue>,
        shared: Marks,
    ) -> Workload {
        // Where there are secrets, values that the author overrides stay in them: other containers may read them.
        let keeps = Carrier::of(target.kind) == Carrier::Secret;
        for container in &mut self.containers {
            let own = std::mem::take(&mut container.env);
            let connected = variables.iter().filter(|(name, _)| keeps || !own.iter().any(|(known, _)| known == *name));
            container.env = connected.map(|(name, value)| (name.clone(), value.clone())).collect();
            container.env.extend(own);
        }
        let punch_through = self.runtimes.get(target.kind.as_str()).and_then(Json::as_object).cloned();
        let labelled = matches!(target.kind, ComputeKind::Kubernetes | ComputeKind::Knative);
        let mut marks = shared.clone();
        marks.overlay(&self.marks);
        Workload {
            resource: self.resource,
            containers: self.containers,
            volumes: self.volumes,
            restart: self.restart,
            replicas: self.replicas,
            punch_through: punch_through.unwrap_or_default(),
            marks: if labelled { marks } else { Marks::default() },
            shared: if labelled { shared } else { Marks::default() },
            dapr: self.dapr,
            scaling: self.scaling,
            identity: None,
        }
    }
}

/// Returns the names under which others reach the containers that have ports.
pub(crate) fn hosts(target: &Target, workload: &Workload) -> Map<String, Json> {
    let resource = workload.resource.name.to_ascii_lowercase();
    let several = workload.containers.iter().filter(|container| !container.init).count() > 1;
    let own_service = several || target.kind == ComputeKind::Kubernetes;
    let reachable = workload.containers.iter().filter(|container| !container.init && !container.ports.is_empty());
    reachable
        .map(|container| {
            let host = match own_service {
                true => format!("{resource}-{}", container.name.to_ascii_lowercase()),
                false => resource.clone(),
            };
            (container.name.clone(), Json::String(host))
        })
        .collect()
}

/// Whether shells can read a variable of this name.
fn is_variable(name: &str) -> bool {
    let is_inner = |c: char| c == '_' || c.is_ascii_alphanumeric();
    name.chars().all(is_inner) && !name.starts_with(|c: char| c.is_ascii_digit())
}

/// The name that is nearest to one that shells can read.
fn as_variable(name: &str) -> String {
    let inner: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    if inner.starts_with(|c: char| c.is_ascii_digit()) { format!("_{inner}") } else { inner }
}

/// Refuses a variable that has no name.
fn named_variable(name: &str, pointer: &str) -> Result<(), Fault> {
    if name.is_empty() { Err(invalid(pointer, "a variable needs a name")) } else { Ok(()) }
}

fn invalid(pointer: &str, message: impl std::fmt::Display) -> Fault {
    Fault::new(400, code::INVALID_CONTENT, format!("`{pointer}`: {message}"))
}

/// Reads a property into a typed shape.
fn read<T: DeserializeOwned>(value: &Json, pointer: &str) -> Result<T, Fault> {
    serde_json::from_value(value.clone()).map_err(|error| invalid(pointer, error))
}

fn port_number(number: i64, pointer: &str) -> Result<u16, Fault> {
    match u16::try_from(number) {
        Ok(port) if port > 0 => Ok(port),
        _ => Err(invalid(pointer, format!("{number} is not a port number between 1 and 65535"))),
    }
}

fn pull(policy: Option<&str>) -> Pull {
    match policy {
        Some("Always") => Pull::Always,
        Some("Never") => Pull::Never,
        Some("IfNotPresent") => Pull::IfNotPresent,
        _ => Pull::Usual,
    }
}

fn restart(policy: Option<&str>) -> Restart {
    match policy {
        Some("OnFailure") => Restart::OnFailure,
        Some("Never") => Restart::Never,
        _ => Restart::Always,
    }
}

/// The last name of a resource id, or the text itself.
fn last_name(text: &str) -> String {
    text.rsplit('/').next().unwrap_or(text).to_owned()
}

type Entries<T> = IndexMap<String, T>;
