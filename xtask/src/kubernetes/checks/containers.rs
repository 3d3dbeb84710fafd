//! Containers: what becomes of their properties.

use anyhow::ensure;
use serde_json::{Value as Json, json};

use super::{CONTAINERS, IMAGE};
use crate::kubernetes::Verdict;
use crate::kubernetes::site::{Site, holds};

const COMPUTE: &str = "Radius.Compute/containers";

fn pod(deployment: &Json) -> Json {
    deployment.pointer("/spec/template/spec").cloned().unwrap_or_default()
}

pub fn every_property(site: &Site<'_>) -> anyhow::Result<Verdict> {
    let container = json!({
        "image": IMAGE,
        "imagePullPolicy": "Always",
        "command": ["/serve"],
        "args": ["--port", "8080"],
        "workingDir": "/srv",
        "env": { "LEVEL": { "value": "info" } },
        "ports": {
            "web": { "containerPort": 8080, "port": 80 },
            "dns": { "containerPort": 5353, "protocol": "UDP" },
        },
        "readinessProbe": { "kind": "httpGet", "containerPort": 8080, "path": "/ready", "headers": { "x-a": "b" } },
        "livenessProbe": { "kind": "exec", "command": "/alive now", "periodSeconds": 7 },
        "volumes": {
            "disk": { "kind": "ephemeral", "mountPath": "/disk", "managedStore": "disk" },
            "fast": { "kind": "ephemeral", "mountPath": "/fast", "managedStore": "memory" },
        },
    });
    site.container("web", container, json!({ "extensions": [{ "kind": "manualScaling", "replicas": 2 }] }))?
        .succeeds()?;
    let deployment = site.object("apps/v1/deployments/web")?;
    holds(&deployment, &json!({ "spec": { "replicas": 2 }, "status": { "readyReplicas": 2 } }))?;
    let wanted = json!({
        "serviceAccountName": "web",
        "enableServiceLinks": false,
        "containers": [{
            "name": "web", "image": IMAGE, "imagePullPolicy": "Always", "command": ["/serve"],
            "args": ["--port", "8080"], "workingDir": "/srv",
            "env": [{ "name": "LEVEL", "value": "info" }],
            "ports": [{ "containerPort": 8080, "protocol": "TCP" }, { "containerPort": 5353, "protocol": "UDP" }],
            "readinessProbe": {
                "httpGet": { "path": "/ready", "port": 8080, "httpHeaders": [{ "name": "x-a", "value": "b" }] },
                "periodSeconds": 10, "timeoutSeconds": 5, "failureThreshold": 3, "successThreshold": 1,
            },
            "livenessProbe": { "exec": { "command": ["/alive", "now"] }, "periodSeconds": 7 },
            "volumeMounts": [{ "name": "disk", "mountPath": "/disk" }, { "name": "fast", "mountPath": "/fast" }],
        }],
        "volumes": [{ "name": "disk", "emptyDir": {} }, { "name": "fast", "emptyDir": { "medium": "Memory" } }],
    });
    holds(&pod(&deployment), &wanted)?;
    let ports = json!([
        { "name": "web", "port": 80, "targetPort": 8080, "protocol": "TCP" },
        { "name": "dns", "port": 5353, "targetPort": 5353, "protocol": "UDP" },
    ]);
    let selector = json!({ "radapp.io/application": "app", "radapp.io/resource": "web" });
    let service = site.object("v1/services/web")?;
    holds(&service, &json!({ "spec": { "type": "ClusterIP", "selector": selector, "ports": ports } }))?;
    let role = site.object("rbac.authorization.k8s.io/v1/roles/web")?;
    holds(&role, &json!({ "rules": [{ "resources": ["secrets"], "verbs": ["get", "list"] }] }))?;
    site.object("rbac.authorization.k8s.io/v1/rolebindings/web")?;
    let labels = json!({
        "app.kubernetes.io/managed-by": "radius-rp", "app.kubernetes.io/name": "web", "app.kubernetes.io/part-of": "app",
        "radapp.io/application": "app", "radapp.io/resource": "web",
        "radapp.io/resource-type": "applications.core-containers",
    });
    for path in ["v1/serviceaccounts/web", "v1/services/web", "apps/v1/deployments/web"] {
        holds(&site.object(path)?, &json!({ "metadata": { "labels": labels } }))?;
    }
    Ok(Verdict::Held)
}

pub fn update_prunes(site: &Site<'_>) -> anyhow::Result<Verdict> {
    let rich = json!({
        "image": IMAGE,
        "command": ["/serve"],
        "env": { "A": { "value": "1" }, "B": { "value": "2" } },
        "ports": { "web": { "containerPort": 8080 }, "admin": { "containerPort": 9090 } },
        "volumes": { "tmp": { "kind": "ephemeral", "mountPath": "/tmp", "managedStore": "disk" } },
    });
    redis(site, "first")?;
    let source = site.id("Applications.Datastores/redisCaches", "cache");
    site.container("web", rich, json!({ "connections": { "cache": { "source": source } } }))?.succeeds()?;
    site.object("v1/secrets/web")?;
    site.container("web", json!({ "image": IMAGE, "env": { "B": { "value": "3" } } }), json!({}))?.succeeds()?;
    let deployment = site.object("apps/v1/deployments/web")?;
    let wanted = json!({
        "containers": [{
            "env": [{ "name": "B", "value": "3" }], "command": null, "ports": null, "volumeMounts": null,
        }],
        "volumes": null,
    });
    holds(&pod(&deployment), &wanted)?;
    let hash = deployment.pointer("/spec/template/metadata/annotations/radapp.io~1secret-hash");
    ensure!(hash.is_none(), "the hash of secrets that are gone stays: {hash:?}");
    for gone in ["v1/services/web", "v1/secrets/web"] {
        ensure!(site.find(gone)?.is_none(), "`{gone}` is still there");
    }
    Ok(Verdict::Held)
}

pub fn probes_change(site: &Site<'_>) -> anyhow::Result<Verdict> {
    let probe = |kind: Json| json!({ "image": IMAGE, "livenessProbe": kind });
    let kinds = [
        (json!({ "kind": "httpGet", "containerPort": 80, "path": "/" }), "httpGet"),
        (json!({ "kind": "tcp", "containerPort": 80 }), "tcpSocket"),
        (json!({ "kind": "exec", "command": "true" }), "exec"),
        (json!({ "kind": "httpGet", "containerPort": 81, "path": "/x" }), "httpGet"),
    ];
    for (given, member) in kinds {
        site.container("web", probe(given), json!({}))?.succeeds()?;
        let live = pod(&site.object("apps/v1/deployments/web")?)["containers"][0]["livenessProbe"].clone();
        let handlers: Vec<&str> =
            ["httpGet", "tcpSocket", "exec"].into_iter().filter(|handler| live.get(handler).is_some()).collect();
        ensure!(handlers == [member], "wanted {member} alone, found {handlers:?}");
    }
    site.container("web", json!({ "image": IMAGE }), json!({}))?.succeeds()?;
    holds(&pod(&site.object("apps/v1/deployments/web")?), &json!({ "containers": [{ "livenessProbe": null }] }))?;
    Ok(Verdict::Held)
}

pub fn scaling(site: &Site<'_>) -> anyhow::Result<Verdict> {
    let scaled = |replicas: i64| json!({ "extensions": [{ "kind": "manualScaling", "replicas": replicas }] });
    let plain = || json!({ "image": IMAGE });
    for replicas in [3, 0, 1] {
        site.container("web", plain(), scaled(replicas))?.succeeds()?;
        holds(&site.object("apps/v1/deployments/web")?, &json!({ "spec": { "replicas": replicas } }))?;
    }
    // Who says no number leaves it to others.
    site.container("free", plain(), json!({}))?.succeeds()?;
    site.patch("apps/v1/deployments/free", &json!({ "spec": { "replicas": 4 } }))?;
    let changed = json!({ "image": IMAGE, "args": ["again"] });
    site.container("free", changed, json!({}))?.succeeds()?;
    holds(&site.object("apps/v1/deployments/free")?, &json!({ "spec": { "replicas": 4 } }))?;
    Ok(Verdict::Held)
}

pub fn several(site: &Site<'_>) -> anyhow::Result<Verdict> {
    let container = |port: i64| json!({ "image": IMAGE, "ports": { "main": { "containerPort": port } } });
    let mut api = container(8080);
    api["resources"] =
        json!({ "limits": { "cpu": "500m", "memoryInMib": 256 }, "requests": { "cpu": "0.25", "memoryInMib": 128 } });
    api["volumeMounts"] = json!([{ "volumeName": "shared", "mountPath": "/shared" }]);
    let init = json!({ "image": IMAGE, "initContainer": true, "command": ["/prepare"], "volumeMounts": [{ "volumeName": "shared", "mountPath": "/shared" }] });
    let properties = json!({
        "containers": { "api": api, "side": container(9090), "prepare": init },
        "volumes": { "shared": { "emptyDir": { "medium": "disk" } } },
        "replicas": 2,
    });
    site.piece(COMPUTE, "web", properties)?.succeeds()?;
    let deployment = site.object("apps/v1/deployments/web")?;
    let wanted = json!({
        "containers": [
            { "name": "api", "resources": { "limits": { "cpu": "500m", "memory": "256Mi" }, "requests": { "cpu": "250m", "memory": "128Mi" } }, "volumeMounts": [{ "name": "shared" }] },
            { "name": "side" },
        ],
        "initContainers": [{ "name": "prepare", "command": ["/prepare"], "volumeMounts": [{ "name": "shared" }] }],
        "volumes": [{ "name": "shared" }],
    });
    holds(&pod(&deployment), &wanted)?;
    holds(&deployment, &json!({ "spec": { "replicas": 2 } }))?;
    for service in ["web-api", "web-side"] {
        site.object(&format!("v1/services/{service}"))?;
    }
    let hosts = site.get(COMPUTE, "web")?["properties"]["hosts"].clone();
    holds(&hosts, &json!({ "api": "web-api", "side": "web-side" }))?;
    Ok(Verdict::Held)
}

pub fn marks(site: &Site<'_>) -> anyhow::Result<Verdict> {
    let marks = |level: &str| {
        json!([{
            "kind": "kubernetesMetadata",
            "labels": { "level": level, format!("{level}-label"): "yes" },
            "annotations": { "note": level },
        }])
    };
    let compute = json!({ "kind": "kubernetes", "resourceId": "self", "namespace": site.namespace });
    site.put("Applications.Core/environments", "env", json!({ "compute": compute, "extensions": marks("env") }))?
        .succeeds()?;
    let application =
        json!({ "environment": site.id("Applications.Core/environments", "env"), "extensions": marks("app") });
    site.put("Applications.Core/applications", "app", application)?.succeeds()?;
    let container = json!({ "image": IMAGE, "ports": { "web": { "containerPort": 80 } } });
    site.container("web", container, json!({ "extensions": marks("ctr") }))?.succeeds()?;
    let deployment = site.object("apps/v1/deployments/web")?;
    let all = json!({
        "labels": { "level": "ctr", "env-label": "yes", "app-label": "yes", "ctr-label": "yes" },
        "annotations": { "note": "ctr" },
    });
    holds(&deployment["metadata"], &all)?;
    holds(&deployment["spec"]["template"]["metadata"], &all)?;
    let shared = json!({ "labels": { "level": "app", "env-label": "yes", "ctr-label": null }, "annotations": { "note": "app" } });
    holds(&site.object("v1/services/web")?["metadata"], &shared)?;
    Ok(Verdict::Held)
}

pub fn base_and_pod(site: &Site<'_>) -> anyhow::Result<Verdict> {
    let base = "
apiVersion: apps/v1
kind: Deployment
metadata: { name: web, annotations: { base: 'yes' } }
spec:
  minReadySeconds: 0
  revisionHistoryLimit: 3
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      terminationGracePeriodSeconds: 5
      containers:
        - { name: web, image: unused, securityContext: { readOnlyRootFilesystem: true } }
        - { name: extra, image: extra }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: settings }
data: { a: b }
";
    let pod_patch = json!({ "hostNetwork": false, "nodeSelector": { "disk": "ssd" }, "containers": [{ "name": "web", "tty": true }] });
    // A pod that no node suits is still called running by the stand-in.
    let runtimes = json!({ "runtimes": { "kubernetes": { "base": base, "pod": pod_patch } } });
    let container = json!({ "image": IMAGE, "env": { "A": { "value": "1" } } });
    site.container("web", container.clone(), runtimes)?.succeeds()?;
    let deployment = site.object("apps/v1/deployments/web")?;
    holds(
        &deployment,
        &json!({ "metadata": { "annotations": { "base": "yes" } }, "spec": { "revisionHistoryLimit": 3 } }),
    )?;
    let pod_spec = pod(&deployment);
    holds(&pod_spec, &json!({ "terminationGracePeriodSeconds": 5, "nodeSelector": { "disk": "ssd" } }))?;
    let containers = pod_spec["containers"].as_array().cloned().unwrap_or_default();
    let web = containers.iter().find(|one| one["name"] == "web").cloned().unwrap_or_default();
    holds(&web, &json!({ "image": IMAGE, "tty": true, "securityContext": { "readOnlyRootFilesystem": true } }))?;
    ensure!(containers.len() == 2, "the base's other container is lost");
    holds(&site.object("v1/configmaps/settings")?, &json!({ "data": { "a": "b" } }))?;
    site.delete(CONTAINERS, "web")?.succeeds()?;
    ensure!(site.find("v1/configmaps/settings")?.is_none(), "the base's ConfigMap stays");
    Ok(Verdict::Held)
}

/// A cache that is described by hand.
fn redis(site: &Site<'_>, password: &str) -> anyhow::Result<()> {
    let properties = json!({
        "resourceProvisioning": "manual", "host": "cache.example.com", "port": 6379, "username": "u",
        "secrets": { "password": password, "connectionString": "cs", "url": "redis://x" },
    });
    site.piece("Applications.Datastores/redisCaches", "cache", properties)?.succeeds()
}

pub fn connections_roll(site: &Site<'_>) -> anyhow::Result<Verdict> {
    let deploy = || {
        let source = site.id("Applications.Datastores/redisCaches", "cache");
        let more = json!({ "connections": { "cache": { "source": source } } });
        site.container("web", json!({ "image": IMAGE }), more)?.succeeds()?;
        let deployment = site.object("apps/v1/deployments/web")?;
        let hash = deployment.pointer("/spec/template/metadata/annotations/radapp.io~1secret-hash").cloned();
        let revision = deployment.pointer("/metadata/annotations/deployment.kubernetes.io~1revision").cloned();
        anyhow::Ok((hash, revision))
    };
    redis(site, "first")?;
    let first = deploy()?;
    let env = pod(&site.object("apps/v1/deployments/web")?)["containers"][0]["env"].clone();
    let password = env.as_array().into_iter().flatten().find(|one| one["name"] == "CONNECTION_CACHE_PASSWORD").cloned();
    let reference = json!({ "valueFrom": { "secretKeyRef": { "name": "web", "key": "CONNECTION_CACHE_PASSWORD" } } });
    holds(&password.unwrap_or_default(), &reference)?;
    // base64 of `cache.example.com`
    let host = json!({ "data": { "CONNECTION_CACHE_HOST": "Y2FjaGUuZXhhbXBsZS5jb20=" } });
    holds(&site.object("v1/secrets/web")?, &host)?;
    let again = deploy()?;
    ensure!(first == again, "nothing changed, yet the pods roll: {first:?} then {again:?}");
    redis(site, "second")?;
    let changed = deploy()?;
    ensure!(first.0 != changed.0 && first.1 != changed.1, "a changed password does not roll the pods: {changed:?}");
    Ok(Verdict::Held)
}

pub fn names(site: &Site<'_>) -> anyhow::Result<Verdict> {
    site.container("WebFront", json!({ "image": IMAGE }), json!({}))?.succeeds()?;
    holds(&pod(&site.object("apps/v1/deployments/webfront")?), &json!({ "containers": [{ "name": "webfront" }] }))?;
    let long = "n".repeat(63);
    site.container(&long, json!({ "image": IMAGE }), json!({}))?.succeeds()?;
    site.object(&format!("apps/v1/deployments/{long}"))?;
    let longer = "n".repeat(64);
    let refused = site.container(&longer, json!({ "image": IMAGE }), json!({}))?;
    ensure!(refused.status != "Succeeded", "a name of 64 characters is accepted");
    Ok(Verdict::Held)
}

pub fn autoscaling(site: &Site<'_>) -> anyhow::Result<Verdict> {
    let properties = json!({
        "containers": { "api": { "image": IMAGE, "resources": { "requests": { "cpu": "0.1", "memoryInMib": 64 } } } },
        "replicas": 2,
        "autoScaling": { "maxReplicas": 5, "metrics": [{ "kind": "cpu", "target": { "averageUtilization": 70 } }] },
    });
    site.piece(COMPUTE, "web", properties)?.succeeds()?;
    let scaler = site.object("autoscaling/v1/horizontalpodautoscalers/web")?;
    let wanted = json!({
        "minReplicas": 2, "maxReplicas": 5, "targetCPUUtilizationPercentage": 70,
        "scaleTargetRef": { "apiVersion": "apps/v1", "kind": "Deployment", "name": "web" },
    });
    holds(&scaler["spec"], &wanted)?;
    // The number is the scaler's: an update of ours leaves it.
    site.patch("apps/v1/deployments/web", &json!({ "spec": { "replicas": 4 } }))?;
    let fixed = json!({ "containers": { "api": { "image": IMAGE, "args": ["again"] } }, "replicas": 2 });
    let mut scaled = fixed.clone();
    scaled["autoScaling"] =
        json!({ "maxReplicas": 5, "metrics": [{ "kind": "cpu", "target": { "averageUtilization": 80 } }] });
    site.piece(COMPUTE, "web", scaled)?.succeeds()?;
    holds(&site.object("apps/v1/deployments/web")?, &json!({ "spec": { "replicas": 4 } }))?;
    // Whoever scaled last owns the number; the author takes it back.
    site.found(&json!({ "takeOver": true }))?;
    site.piece(COMPUTE, "web", fixed)?.succeeds()?;
    ensure!(site.find("autoscaling/v1/horizontalpodautoscalers/web")?.is_none(), "the scaler stays");
    Ok(Verdict::Held)
}

pub fn scaling_by_events(site: &Site<'_>) -> anyhow::Result<Verdict> {
    let secrets = json!([{ "parameter": "host", "secret": "rabbit", "key": "uri" }]);
    let rule =
        json!({ "type": "rabbitmq", "metadata": { "queueName": "orders", "mode": "QueueLength" }, "secrets": secrets });
    let metric = json!({ "kind": "custom", "customMetric": "keda:rabbitmq", "target": { "averageValue": 50 } });
    let by_events = json!({
        "containers": { "api": { "image": IMAGE } },
        "replicas": 0,
        "autoScaling": { "maxReplicas": 5, "metrics": [metric] },
        "platformOptions": { "kubernetes": { "scale": { "rules": [rule], "pollingInterval": 10 } } },
    });
    site.piece(COMPUTE, "worker", by_events.clone())?.succeeds()?;
    const SCALED: &str = "keda.sh/v1alpha1/scaledobjects/worker";
    let metadata = json!({ "queueName": "orders", "mode": "QueueLength", "value": "50" });
    let trigger = json!({ "type": "rabbitmq", "metadata": metadata, "authenticationRef": { "name": "worker-1" } });
    let wanted = json!({ "minReplicaCount": 0, "maxReplicaCount": 5, "pollingInterval": 10, "triggers": [trigger] });
    holds(&site.object(SCALED)?["spec"], &wanted)?;
    let login = json!({ "secretTargetRef": [{ "parameter": "host", "name": "rabbit", "key": "uri" }] });
    holds(&site.object("keda.sh/v1alpha1/triggerauthentications/worker-1")?["spec"], &login)?;
    // The number is KEDA's: an update of ours leaves it.
    site.patch("apps/v1/deployments/worker", &json!({ "spec": { "replicas": 3 } }))?;
    let mut changed = by_events;
    changed["containers"]["api"]["args"] = json!(["again"]);
    site.piece(COMPUTE, "worker", changed)?.succeeds()?;
    holds(&site.object("apps/v1/deployments/worker")?, &json!({ "spec": { "replicas": 3 } }))?;
    site.delete(COMPUTE, "worker")?.succeeds()?;
    ensure!(site.find(SCALED)?.is_none(), "the ScaledObject stays");
    Ok(Verdict::Held)
}
