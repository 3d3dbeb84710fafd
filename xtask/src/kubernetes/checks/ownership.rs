//! Whose a field is, and what becomes of drift.

use anyhow::ensure;
use serde_json::{Value as Json, json};

use super::{CONTAINERS, IMAGE};
use crate::kubernetes::Verdict;
use crate::kubernetes::site::{Site, holds};

fn image_of(site: &Site<'_>) -> anyhow::Result<Json> {
    let deployment = site.object("apps/v1/deployments/web")?;
    Ok(deployment.pointer("/spec/template/spec/containers/0/image").cloned().unwrap_or_default())
}

fn other_image() -> Json {
    json!({ "spec": { "template": { "spec": { "containers": [{ "name": "web", "image": "registry.example.com/other:9" }] } } } })
}

pub fn fields(site: &Site<'_>) -> anyhow::Result<Verdict> {
    site.container("web", json!({ "image": IMAGE }), json!({}))?.succeeds()?;
    let deployment = site.object("apps/v1/deployments/web")?;
    let managers = deployment["metadata"]["managedFields"].as_array().cloned().unwrap_or_default();
    let ours = managers.iter().find(|one| one["manager"] == "radii" && one["operation"] == "Apply");
    ensure!(ours.is_some(), "no fields are applied by `radii`: {managers:?}");
    let theirs = json!({ "metadata": { "labels": { "team": "blue" }, "annotations": { "seen": "yes" } }, "spec": { "paused": false } });
    site.patch("apps/v1/deployments/web", &theirs)?;
    site.container("web", json!({ "image": "registry.example.com/web:2" }), json!({}))?.succeeds()?;
    let kept = json!({ "metadata": { "labels": { "team": "blue" }, "annotations": { "seen": "yes" } } });
    holds(&site.object("apps/v1/deployments/web")?, &kept)?;
    Ok(Verdict::Held)
}

pub fn conflict(site: &Site<'_>) -> anyhow::Result<Verdict> {
    site.container("web", json!({ "image": IMAGE }), json!({}))?.succeeds()?;
    site.patch("apps/v1/deployments/web", &other_image())?;
    let outcome = site.container("web", json!({ "image": "registry.example.com/web:2" }), json!({}))?;
    outcome.fails_with(&["somebody", "image", "take"])?;
    ensure!(image_of(site)? == "registry.example.com/other:9", "what somebody else wrote is overwritten");
    // Deleting needs nobody's leave.
    site.delete(CONTAINERS, "web")?.succeeds()?;
    ensure!(site.left()?.is_empty(), "{:?} is left", site.left()?);
    Ok(Verdict::Held)
}

pub fn take_over(site: &Site<'_>) -> anyhow::Result<Verdict> {
    site.container("web", json!({ "image": IMAGE }), json!({}))?.succeeds()?;
    site.patch("apps/v1/deployments/web", &other_image())?;
    site.found(&json!({ "takeOver": true }))?;
    site.container("web", json!({ "image": "registry.example.com/web:2" }), json!({}))?.succeeds()?;
    ensure!(image_of(site)? == "registry.example.com/web:2", "the image is {}", image_of(site)?);
    Ok(Verdict::Held)
}

pub fn drift(site: &Site<'_>) -> anyhow::Result<Verdict> {
    let container = || json!({ "image": IMAGE, "ports": { "web": { "containerPort": 80 } } });
    site.container("web", container(), json!({}))?.succeeds()?;
    for gone in ["v1/services/web", "apps/v1/deployments/web", "v1/serviceaccounts/web"] {
        site.remove(gone)?;
    }
    site.container("web", container(), json!({}))?.succeeds()?;
    for back in ["v1/services/web", "apps/v1/deployments/web", "v1/serviceaccounts/web"] {
        site.object(back)?;
    }
    Ok(Verdict::Held)
}

pub fn existing(site: &Site<'_>) -> anyhow::Result<Verdict> {
    // The namespace is there once something was deployed.
    site.container("first", json!({ "image": IMAGE }), json!({}))?.succeeds()?;
    let labels = json!({ "mine": "yes" });
    let template = json!({
        "metadata": { "labels": labels },
        "spec": { "containers": [{ "name": "web", "image": "registry.example.com/mine:1" }] },
    });
    let theirs = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "web" },
        "spec": { "replicas": 1, "selector": { "matchLabels": labels }, "template": template },
    });
    site.create("apps/v1/deployments", &theirs)?;
    let outcome = site.container("web", json!({ "image": IMAGE }), json!({}))?;
    ensure!(outcome.status != "Succeeded", "somebody's Deployment is taken silently");
    ensure!(image_of(site)? == "registry.example.com/mine:1", "somebody's Deployment is changed");
    Ok(Verdict::Held)
}
