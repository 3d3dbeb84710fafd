//! Rollouts that fail, and what is said of them.

use std::time::{Duration, Instant};

use anyhow::ensure;
use serde_json::{Value as Json, json};

use super::{CONTAINERS, IMAGE};
use crate::kubernetes::Verdict;
use crate::kubernetes::site::{Outcome, Site, holds};

/// Deploys a container whose pods are in a state.
fn deploy_in(site: &Site<'_>, name: &str, state: Json) -> anyhow::Result<Outcome> {
    site.pods(name, state);
    let outcome = site.container(name, json!({ "image": IMAGE }), json!({}));
    site.pods(name, Json::Null);
    outcome
}

fn waiting(reason: &str, message: &str) -> Json {
    json!({ "waiting": { "reason": reason, "message": message } })
}

pub fn crash_loop(site: &Site<'_>) -> anyhow::Result<Verdict> {
    let outcome = deploy_in(site, "crashing", waiting("CrashLoopBackOff", "back-off 10s restarting failed container"))?;
    outcome.fails_with(&["Container state is 'Waiting' Reason: CrashLoopBackOff", "back-off 10s restarting"])?;
    let shown = site.get(CONTAINERS, "crashing")?;
    holds(&shown["properties"], &json!({ "provisioningState": "Failed" }))?;
    site.delete(CONTAINERS, "crashing")?.succeeds()?;
    ensure!(site.left()?.is_empty(), "what failed leaves {:?}", site.left()?);
    Ok(Verdict::Held)
}

pub fn image_pull(site: &Site<'_>) -> anyhow::Result<Verdict> {
    for reason in ["ErrImagePull", "ImagePullBackOff", "InvalidImageName"] {
        let outcome = deploy_in(site, "pulling", waiting(reason, "pull access denied"))?;
        outcome.fails_with(&[reason, "pull access denied"])?;
        site.delete(CONTAINERS, "pulling")?.succeeds()?;
    }
    Ok(Verdict::Held)
}

pub fn terminated(site: &Site<'_>) -> anyhow::Result<Verdict> {
    let state = json!({ "terminated": { "exitCode": 3, "reason": "Error", "message": "no such file" } });
    deploy_in(site, "ended", state)?.fails_with(&["Terminated", "Error", "no such file"])?;
    Ok(Verdict::Held)
}

pub fn init_container(site: &Site<'_>) -> anyhow::Result<Verdict> {
    // The stand-in has init containers end well; what fails behind one is still found.
    let properties = json!({
        "containers": { "api": { "image": IMAGE }, "prepare": { "image": IMAGE, "initContainer": true } },
    });
    site.pods("withinit", waiting("ImagePullBackOff", "back-off pulling"));
    let outcome = site.piece("Radius.Compute/containers", "withinit", properties);
    site.pods("withinit", Json::Null);
    outcome?.fails_with(&["ImagePullBackOff"])?;
    Ok(Verdict::Held)
}

pub fn waiting_is_awaited(site: &Site<'_>) -> anyhow::Result<Verdict> {
    for reason in ["ContainerCreating", "CreateContainerConfigError"] {
        site.pods("slow", waiting(reason, "not yet"));
        let answer = site.begin(CONTAINERS, "slow", properties(site, json!({ "image": IMAGE, "args": [reason] })))?;
        std::thread::sleep(Duration::from_millis(1500));
        let shown = site.get(CONTAINERS, "slow")?;
        site.pods("slow", Json::Null);
        ensure!(shown["properties"]["provisioningState"] != "Failed", "{reason} is no end: {shown}");
        site.end_of(&answer)?.succeeds()?;
    }
    Ok(Verdict::Held)
}

fn properties(site: &Site<'_>, container: Json) -> Json {
    json!({ "application": site.id("Applications.Core/applications", "app"), "container": container })
}

pub fn failed_update(site: &Site<'_>) -> anyhow::Result<Verdict> {
    site.container("web", json!({ "image": IMAGE }), json!({}))?.succeeds()?;
    site.pods("web", waiting("CrashLoopBackOff", "back-off"));
    // Pods of the old template crash too while the prefix is set; what counts is the new ones.
    let outcome = site.container("web", json!({ "image": "registry.example.com/web:2" }), json!({}));
    site.pods("web", Json::Null);
    outcome?.fails_with(&["CrashLoopBackOff"])?;
    site.container("web", json!({ "image": "registry.example.com/web:3" }), json!({}))?.succeeds()?;
    let deployment = site.object("apps/v1/deployments/web")?;
    let image = deployment.pointer("/spec/template/spec/containers/0/image").cloned().unwrap_or_default();
    ensure!(image == "registry.example.com/web:3", "the image is {image}");
    Ok(Verdict::Held)
}

pub fn refused_object(site: &Site<'_>) -> anyhow::Result<Verdict> {
    let extensions = json!({ "extensions": [{ "kind": "kubernetesMetadata", "labels": { "a": "not a label!" } }] });
    let outcome = site.container("web", json!({ "image": IMAGE }), extensions)?;
    outcome.fails_with(&["not a label!"])?;
    site.delete(CONTAINERS, "web")?.succeeds()?;
    ensure!(site.left()?.is_empty(), "what was refused leaves {:?}", site.left()?);
    Ok(Verdict::Held)
}

pub fn quota(site: &Site<'_>) -> anyhow::Result<Verdict> {
    site.container("first", json!({ "image": IMAGE }), json!({}))?.succeeds()?;
    let quota = json!({ "apiVersion": "v1", "kind": "ResourceQuota", "metadata": { "name": "few" }, "spec": { "hard": { "pods": "1" } } });
    site.create("v1/resourcequotas", &quota)?;
    let answer = site.begin(CONTAINERS, "second", properties(site, json!({ "image": IMAGE })))?;
    let patience = Instant::now() + Duration::from_secs(20);
    loop {
        let deployment = site.find("apps/v1/deployments/second")?.unwrap_or_default();
        let conditions = deployment["status"]["conditions"].as_array().cloned().unwrap_or_default();
        if conditions.iter().any(|one| one["type"] == "ReplicaFailure" && one["status"] == "True") {
            break;
        }
        ensure!(Instant::now() < patience, "the quota does not bite: {}", deployment["status"]);
        std::thread::sleep(Duration::from_millis(100));
    }
    site.remove("v1/resourcequotas/few")?;
    // The controller backs off for a while before it tries again.
    site.end_of(&answer)?.succeeds()?;
    Ok(Verdict::Held)
}

pub fn never_changed(site: &Site<'_>) -> anyhow::Result<Verdict> {
    let with = |kind: &str| {
        let base = format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{ name: login }}\ntype: {kind}\nstringData: {{ username: u, password: p }}\n"
        );
        json!({ "runtimes": { "kubernetes": { "base": base } } })
    };
    site.container("web", json!({ "image": IMAGE }), with("Opaque"))?.succeeds()?;
    let changed = site.container("web", json!({ "image": IMAGE }), with("kubernetes.io/basic-auth"))?;
    changed.fails_with(&["ReplacementRequired", "field is immutable", "delete the resource and deploy it again"])?;
    site.delete(CONTAINERS, "web")?.succeeds()?;
    site.container("web", json!({ "image": IMAGE }), with("kubernetes.io/basic-auth"))?.succeeds()?;
    Ok(Verdict::Held)
}
