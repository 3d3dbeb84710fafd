//! Environments in another cluster than the server's own: a second API server, beside the first.

use anyhow::{Context, ensure};
use camino::Utf8Path;
use serde_json::{Value as Json, json};

use super::{CONTAINERS, IMAGE};
use crate::kubernetes::Verdict;
use crate::kubernetes::cluster::Cluster;
use crate::kubernetes::server::Server;
use crate::kubernetes::site::Site;

/// The context of the second cluster.
const EAST: &str = "east";
/// A recipe that makes one object and returns its name.
const RECIPE: &str = "\
kubernetes:
  objects:
    - apiVersion: v1
      kind: ConfigMap
      metadata: { name: of-recipe }
      data: { resource: '{{context.resource.name}}' }
result:
  values: { made: of-recipe }
";

/// Containers, secret stores, objects of templates and objects of recipes stand in the environment's cluster, none in the
/// server's own, and go again.
pub fn everything(site: &Site<'_>) -> anyhow::Result<Verdict> {
    let Some(plane) = &site.stage.plane else {
        return Ok(Verdict::Skipped("a second control plane is started beside one of ours only".to_owned()));
    };
    let east = plane.lock().expect("no holder of the lock panics").start_another()?;
    let cluster = Cluster::reach(&east.kubeconfig())?;
    let kubeconfig = east.folder().join("both");
    std::fs::write(&kubeconfig, both(&site.stage.kubeconfig, &east.kubeconfig())?.to_string())?;
    let server = Server::start(&site.stage.rad, &kubeconfig)?;
    let there = site.on(&server.authority, &json!({ "context": EAST }))?;
    bind_recipe(&there)?;
    there
        .container("web", json!({ "image": IMAGE, "ports": { "http": { "containerPort": 80 } } }), json!({}))?
        .succeeds()?;
    there
        .piece(
            "Applications.Core/secretStores",
            "store",
            json!({ "type": "generic", "data": { "k": { "value": "v" } } }),
        )?
        .succeeds()?;
    let of = json!({
        "environment": there.id("Applications.Core/environments", "env"),
        "application": there.id("Applications.Core/applications", "app"),
    });
    there.put("Applications.Core/extenders", "made", of).context("the extender")?.succeeds().context("the extender")?;
    deploy(&there, "first").context("the template")?;
    let wanted = ["apps/v1/deployments/web", "v1/services/web", "v1/secrets/store", "v1/configmaps/of-recipe"];
    for path in wanted.into_iter().chain(["v1/configmaps/of-template"]) {
        ensure!(is_in(&cluster, &there, path)?, "`{path}` is not in the second cluster");
        ensure!(site.find(path)?.is_none(), "`{path}` is in the server's own cluster");
    }
    let shown = there.get(CONTAINERS, "web")?.to_string();
    ensure!(shown.contains("/planes/kubernetes/east/namespaces/"), "ids do not name the cluster: {shown}");
    // The same again changes nothing, and what another manager owns there is respected there.
    deploy(&there, "second")?;
    for (kind, name) in
        [(CONTAINERS, "web"), ("Applications.Core/secretStores", "store"), ("Applications.Core/extenders", "made")]
    {
        there.delete(kind, name)?.succeeds()?;
    }
    for path in wanted {
        ensure!(!is_in(&cluster, &there, path)?, "`{path}` is left in the second cluster");
    }
    Ok(Verdict::Held)
}

/// Returns a kubeconfig with the contexts of the server's own cluster, and `east`.
fn both(own: &Utf8Path, east: &Utf8Path) -> anyhow::Result<Json> {
    let read = |path: &Utf8Path| -> anyhow::Result<Json> {
        Ok(serde_json::from_str(&std::fs::read_to_string(path).with_context(|| format!("cannot read `{path}`"))?)?)
    };
    let (mut all, mut east) = (read(own)?, read(east)?);
    let mut cluster = east["clusters"][0].take();
    cluster["name"] = EAST.into();
    let mut user = east["users"][0].take();
    user["name"] = EAST.into();
    let context = json!({ "name": EAST, "context": { "cluster": EAST, "user": EAST } });
    for (list, entry) in [("clusters", cluster), ("users", user), ("contexts", context)] {
        all[list].as_array_mut().context("a kubeconfig has lists")?.push(entry);
    }
    Ok(all)
}

/// Binds the recipe to extenders, in the environment of the second cluster.
fn bind_recipe(there: &Site<'_>) -> anyhow::Result<()> {
    let recipe = json!({ "templateKind": "template", "templatePath": RECIPE });
    let compute = json!({ "kind": "kubernetes", "resourceId": "self", "namespace": there.namespace, "context": EAST });
    let properties = json!({ "compute": compute, "recipes": { "Applications.Core/extenders": { "default": recipe } } });
    there.put("Applications.Core/environments", "env", properties)?.succeeds()
}

/// Deploys a template with an object of the extension `kubernetes`, and reads it back.
fn deploy(there: &Site<'_>, name: &str) -> anyhow::Result<()> {
    let object = |more: Json| {
        let mut properties =
            json!({ "metadata": { "name": "of-template", "namespace": there.application_namespace() } });
        if let (Json::Object(properties), Json::Object(more)) = (&mut properties, more) {
            properties.extend(more);
        }
        properties
    };
    let template = json!({
        "languageVersion": "2.0",
        "imports": { "k8s": { "provider": "Kubernetes", "version": "1.0.0", "config": { "namespace": "default", "kubeConfig": "" } } },
        "resources": {
            "map": { "import": "k8s", "type": "core/ConfigMap@v1", "properties": object(json!({ "data": { "a": "b" } })) },
        },
        "outputs": { "a": { "type": "string", "value": "[reference('map').data.a]" } },
    });
    let scope = there.id("X", "y");
    let scope = scope.split("/providers/").next().unwrap_or_default();
    let radius = json!({ "value": { "scope": scope } });
    let providers = json!({
        "radius": radius, "deployments": radius,
        "kubernetes": { "type": "Kubernetes", "value": { "namespace": there.application_namespace(), "context": EAST } },
    });
    let properties = json!({ "mode": "Incremental", "template": template, "providerconfig": providers });
    let answer = there.deploy(name, properties)?;
    ensure!(answer["properties"]["outputs"]["a"]["value"] == "b", "the output is not read from the cluster: {answer}");
    Ok(())
}

fn is_in(cluster: &Cluster, there: &Site<'_>, path: &str) -> anyhow::Result<bool> {
    Ok(cluster.api.send("GET", &there.place(path)?, "", None)?.is_success())
}
