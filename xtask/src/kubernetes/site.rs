//! Where a check happens: a group, an environment and an application of its own.

use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use serde_json::{Value as Json, json};

use super::Stage;
use super::api::MERGE_PATCH;
use crate::replay::wire;

/// How long an operation may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// Where the server's API begins.
const BASE: &str = "/apis/api.ucp.dev/v1alpha3";
const CLASSIC: &str = "2023-10-01-preview";
const NEWER: &str = "2025-08-01-preview";

/// Whether a namespace is one of the checks'.
pub fn is_ours(namespace: &str) -> bool {
    namespace.starts_with("radii-check-")
}

/// The place of one check.
pub struct Site<'a> {
    /// What all checks stand on.
    pub stage: &'a Stage,
    /// The server that deploys.
    pub authority: String,
    /// The environment's namespace.
    pub namespace: String,
    group: String,
}

/// How a change ended.
#[derive(Debug)]
pub struct Outcome {
    /// `Succeeded`, `Failed`, or the status of a refusal.
    pub status: String,
    /// Code and message of what went wrong.
    pub error: String,
}

impl Outcome {
    /// Fails unless the change succeeded.
    ///
    /// # Errors
    /// With what went wrong.
    pub fn succeeds(self) -> anyhow::Result<()> {
        ensure!(self.status == "Succeeded", "{}: {}", self.status, self.error);
        Ok(())
    }

    /// Fails unless the change failed with all of these words.
    ///
    /// # Errors
    /// With how it ended instead.
    pub fn fails_with(self, words: &[&str]) -> anyhow::Result<()> {
        ensure!(self.status != "Succeeded", "it succeeded, but should fail with {words:?}");
        for word in words {
            ensure!(self.error.contains(word), "the error lacks {word:?}: {}", self.error);
        }
        Ok(())
    }
}

impl<'a> Site<'a> {
    /// Makes group, environment and application of a check.
    ///
    /// # Errors
    /// When the server refuses them.
    pub fn open(stage: &'a Stage, number: usize) -> anyhow::Result<Self> {
        let namespace = format!("radii-check-{number}");
        let site = Self { stage, authority: stage.server.authority.clone(), namespace, group: format!("k{number}") };
        site.found(&json!({}))?;
        Ok(site)
    }

    /// The same place on another server, with further members of the environment's `compute`.
    ///
    /// # Errors
    /// When the server refuses them.
    pub fn on(&self, authority: &str, compute: &Json) -> anyhow::Result<Self> {
        let site = Self {
            stage: self.stage,
            authority: authority.to_owned(),
            namespace: self.namespace.clone(),
            group: self.group.clone(),
        };
        site.found(compute)?;
        Ok(site)
    }

    /// Makes or changes group, environment and application.
    ///
    /// # Errors
    /// When the server refuses them.
    pub fn found(&self, more: &Json) -> anyhow::Result<()> {
        let mut compute = json!({ "kind": "kubernetes", "resourceId": "self", "namespace": self.namespace });
        if let (Json::Object(compute), Json::Object(more)) = (&mut compute, more.clone()) {
            compute.extend(more);
        }
        self.ask("PUT", &format!("{}?api-version={CLASSIC}", self.scope()), Some(&json!({ "location": "global" })))?;
        self.put("Applications.Core/environments", "env", json!({ "compute": compute }))?.succeeds()?;
        let environment = self.id("Applications.Core/environments", "env");
        self.put("Applications.Core/applications", "app", json!({ "environment": environment }))?.succeeds()
    }

    fn scope(&self) -> String {
        format!("/planes/radius/local/resourceGroups/{}", self.group)
    }

    /// Returns the id of a resource in the group.
    pub fn id(&self, kind: &str, name: &str) -> String {
        format!("{}/providers/{kind}/{name}", self.scope())
    }

    /// The application's namespace.
    pub fn application_namespace(&self) -> String {
        format!("{}-app", self.namespace)
    }

    fn ask(&self, method: &str, path: &str, body: Option<&Json>) -> anyhow::Result<wire::Answer> {
        let headers = [("content-type".to_owned(), "application/json".to_owned())];
        let bytes = body.map(|body| body.to_string().into_bytes());
        wire::send(&self.authority, method, &format!("{BASE}{path}"), &headers, bytes.as_deref())
    }

    /// Puts a container of the application.
    ///
    /// # Errors
    /// When the server cannot be asked.
    pub fn container(&self, name: &str, container: Json, more: Json) -> anyhow::Result<Outcome> {
        let mut properties =
            json!({ "application": self.id("Applications.Core/applications", "app"), "container": container });
        if let (Json::Object(properties), Json::Object(more)) = (&mut properties, more) {
            properties.extend(more);
        }
        self.put("Applications.Core/containers", name, properties)
    }

    /// Puts a resource of the application.
    ///
    /// # Errors
    /// When the server cannot be asked.
    pub fn piece(&self, kind: &str, name: &str, mut properties: Json) -> anyhow::Result<Outcome> {
        properties["application"] = json!(self.id("Applications.Core/applications", "app"));
        properties["environment"] = json!(self.id("Applications.Core/environments", "env"));
        if kind.starts_with("Applications.Core/") && kind != "Applications.Core/secretStores" {
            properties.as_object_mut().map(|members| members.shift_remove("environment"));
        }
        self.put(kind, name, properties)
    }

    /// Puts a resource and waits for the end of its operation.
    ///
    /// # Errors
    /// When the server cannot be asked, or the operation does not end.
    pub fn put(&self, kind: &str, name: &str, properties: Json) -> anyhow::Result<Outcome> {
        let body = json!({ "location": "global", "properties": properties });
        let answer = self.ask("PUT", &self.path(kind, name), Some(&body))?;
        self.end_of(&answer)
    }

    /// Deploys a template, waits for its end, and returns the deployment.
    ///
    /// # Errors
    /// When the deployment fails, or does not end.
    pub fn deploy(&self, name: &str, properties: Json) -> anyhow::Result<Json> {
        let path = format!("{}?api-version=2020-10-01", self.id("Microsoft.Resources/deployments", name));
        let answer = self.ask("PUT", &path, Some(&json!({ "properties": properties })))?;
        ensure!(matches!(answer.status, 200..=202), "PUT {name}: {} {}", answer.status, answer.body);
        self.end_of(&answer)?.succeeds()?;
        Ok(serde_json::from_str(&self.ask("GET", &path, None)?.body)?)
    }

    /// Sends a PUT and returns the answer while the operation runs.
    ///
    /// # Errors
    /// When the server cannot be asked.
    pub fn begin(&self, kind: &str, name: &str, properties: Json) -> anyhow::Result<wire::Answer> {
        let body = json!({ "location": "global", "properties": properties });
        self.ask("PUT", &self.path(kind, name), Some(&body))
    }

    /// Deletes a resource and waits for the end of its operation.
    ///
    /// # Errors
    /// When the server cannot be asked, or the operation does not end.
    pub fn delete(&self, kind: &str, name: &str) -> anyhow::Result<Outcome> {
        let answer = self.ask("DELETE", &self.path(kind, name), None)?;
        self.end_of(&answer)
    }

    /// Returns a resource as the server shows it.
    ///
    /// # Errors
    /// When it is not there.
    pub fn get(&self, kind: &str, name: &str) -> anyhow::Result<Json> {
        let answer = self.ask("GET", &self.path(kind, name), None)?;
        ensure!(answer.status == 200, "GET {kind} {name}: {} {}", answer.status, answer.body);
        Ok(serde_json::from_str(&answer.body)?)
    }

    fn path(&self, kind: &str, name: &str) -> String {
        let version = if kind.starts_with("Radius.") { NEWER } else { CLASSIC };
        format!("{}?api-version={version}", self.id(kind, name))
    }

    /// Waits for the end of the operation that an answer names.
    ///
    /// # Errors
    /// When it does not end in time.
    pub fn end_of(&self, answer: &wire::Answer) -> anyhow::Result<Outcome> {
        let Some(url) = answer.header("azure-asyncoperation") else { return Ok(outcome(answer)) };
        let path =
            url.split_once("://").and_then(|(_, rest)| rest.find('/').map(|at| &rest[at..])).context("a path")?;
        let patience = Instant::now() + PATIENCE;
        loop {
            let polled = wire::send(&self.authority, "GET", path, &[], None)?;
            let body: Json = serde_json::from_str(&polled.body).unwrap_or_default();
            if let Some(status @ ("Succeeded" | "Failed" | "Canceled")) = body["status"].as_str() {
                let error =
                    format!("{}: {}", body["error"]["code"], body["error"]["message"].as_str().unwrap_or_default());
                return Ok(Outcome { status: status.to_owned(), error });
            }
            if Instant::now() > patience {
                bail!("the operation still runs after {} s: {}", PATIENCE.as_secs(), polled.body);
            }
            std::thread::sleep(Duration::from_millis(40));
        }
    }

    /// Returns an object of the application's namespace: `apps/v1/deployments/web`, `v1/services/web`.
    ///
    /// # Errors
    /// When it is not there.
    pub fn object(&self, path: &str) -> anyhow::Result<Json> {
        self.find(path)?.with_context(|| format!("`{path}` is not there"))
    }

    /// Returns an object of the application's namespace, if it is there.
    ///
    /// # Errors
    /// When the API server cannot be reached.
    pub fn find(&self, path: &str) -> anyhow::Result<Option<Json>> {
        let path = self.place(path)?;
        let answer = self.stage.cluster.api.send("GET", &path, "", None)?;
        Ok(answer.is_success().then(|| answer.json()))
    }

    /// The API server's path of an object in the application's namespace.
    ///
    /// # Errors
    /// When the path has not version, plural and name.
    pub fn place(&self, path: &str) -> anyhow::Result<String> {
        let mut parts = path.rsplitn(3, '/');
        let (name, plural) = (parts.next().context("a name")?, parts.next().context("a plural")?);
        let version = parts.next().context("a version")?;
        let root = if version == "v1" { "/api/v1".to_owned() } else { format!("/apis/{version}") };
        Ok(format!("{root}/namespaces/{}/{plural}/{name}", self.application_namespace()))
    }

    /// Creates an object in the application's namespace as somebody else.
    ///
    /// # Errors
    /// When the API server refuses it.
    pub fn create(&self, path: &str, object: &Json) -> anyhow::Result<Json> {
        let path = self.place(&format!("{path}/-"))?;
        let path = format!("{}?fieldManager=somebody", path.trim_end_matches("/-"));
        self.stage.cluster.api.write("POST", &path, "application/json", object)
    }

    /// Changes an object as somebody else.
    ///
    /// # Errors
    /// When the API server refuses it.
    pub fn patch(&self, path: &str, patch: &Json) -> anyhow::Result<Json> {
        let path = format!("{}?fieldManager=somebody", self.place(path)?);
        self.stage.cluster.api.write("PATCH", &path, MERGE_PATCH, patch)
    }

    /// Removes an object.
    ///
    /// # Errors
    /// When the API server cannot be reached.
    pub fn remove(&self, path: &str) -> anyhow::Result<()> {
        let path = self.place(path)?;
        self.stage.cluster.api.delete(&path)
    }

    /// Returns kinds and names of all that stands in the check's namespaces, the namespaces apart.
    ///
    /// # Errors
    /// When the API server cannot be reached.
    pub fn left(&self) -> anyhow::Result<Vec<String>> {
        let all = super::cluster::objects(&self.stage.cluster.api)?;
        let own = [self.namespace.clone(), self.application_namespace()];
        let is_own = |object: &&Json| own.iter().any(|one| object["metadata"]["namespace"] == one.as_str());
        let name = |object: &Json| {
            let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
            format!("{} {}", text(&object["kind"]), text(&object["metadata"]["name"]))
        };
        Ok(all.iter().filter(is_own).map(name).collect())
    }

    /// Puts pods whose names begin with `prefix` into a state; null makes them well.
    pub fn pods(&self, prefix: &str, state: Json) {
        self.stage.cluster.states.set(prefix, state);
    }
}

fn outcome(answer: &wire::Answer) -> Outcome {
    if matches!(answer.status, 200 | 201 | 204) {
        return Outcome { status: "Succeeded".to_owned(), error: String::new() };
    }
    Outcome { status: answer.status.to_string(), error: answer.body.clone() }
}

/// Checks that `wanted` is part of `found`: objects member by member, lists item by item, null as absence.
///
/// # Errors
/// With the first place that differs.
pub fn holds(found: &Json, wanted: &Json) -> anyhow::Result<()> {
    part_of(found, wanted, "$")
}

fn part_of(found: &Json, wanted: &Json, at: &str) -> anyhow::Result<()> {
    match (found, wanted) {
        (Json::Object(found), Json::Object(wanted)) => {
            for (name, wanted) in wanted {
                let place = format!("{at}.{name}");
                match (found.get(name), wanted) {
                    (None, Json::Null) => {}
                    (None, _) => bail!("{place} is missing, wanted {wanted}"),
                    (Some(found), _) => part_of(found, wanted, &place)?,
                }
            }
            Ok(())
        }
        (Json::Array(found), Json::Array(wanted)) => {
            ensure!(found.len() == wanted.len(), "{at} has {} items, wanted {}: {found:?}", found.len(), wanted.len());
            found
                .iter()
                .zip(wanted)
                .enumerate()
                .try_for_each(|(index, (found, wanted))| part_of(found, wanted, &format!("{at}[{index}]")))
        }
        _ => {
            ensure!(found == wanted, "{at} is {found}, wanted {wanted}");
            Ok(())
        }
    }
}
