//! Ids of what a state holds, as far as others know it: objects of Kubernetes, resources of Azure and AWS.

use serde_json::Value as Json;

/// Kinds of Kubernetes by what Terraform calls them: name, API group, kind.
const KINDS: [(&str, &str, &str); 24] = [
    ("clusterrole", "rbac.authorization.k8s.io", "ClusterRole"),
    ("clusterrolebinding", "rbac.authorization.k8s.io", "ClusterRoleBinding"),
    ("configmap", "core", "ConfigMap"),
    ("cronjob", "batch", "CronJob"),
    ("daemonset", "apps", "DaemonSet"),
    ("deployment", "apps", "Deployment"),
    ("endpoints", "core", "Endpoints"),
    ("horizontalpodautoscaler", "autoscaling", "HorizontalPodAutoscaler"),
    ("ingress", "networking.k8s.io", "Ingress"),
    ("job", "batch", "Job"),
    ("limitrange", "core", "LimitRange"),
    ("namespace", "core", "Namespace"),
    ("networkpolicy", "networking.k8s.io", "NetworkPolicy"),
    ("persistentvolume", "core", "PersistentVolume"),
    ("persistentvolumeclaim", "core", "PersistentVolumeClaim"),
    ("pod", "core", "Pod"),
    ("poddisruptionbudget", "policy", "PodDisruptionBudget"),
    ("resourcequota", "core", "ResourceQuota"),
    ("role", "rbac.authorization.k8s.io", "Role"),
    ("rolebinding", "rbac.authorization.k8s.io", "RoleBinding"),
    ("secret", "core", "Secret"),
    ("service", "core", "Service"),
    ("serviceaccount", "core", "ServiceAccount"),
    ("statefulset", "apps", "StatefulSet"),
];

/// Returns the ids of the managed resources of `terraform show -json`, those of nested modules included.
pub fn ids(shown: &Json) -> Vec<String> {
    let mut found = Vec::new();
    collect(&shown["values"]["root_module"], &mut found, 0);
    found
}

fn collect(module: &Json, found: &mut Vec<String>, depth: usize) {
    for resource in module["resources"].as_array().into_iter().flatten() {
        if resource["mode"] == "managed" {
            found.extend(id(resource));
        }
    }
    for child in module["child_modules"].as_array().into_iter().flatten().filter(|_| depth < 64) {
        collect(child, found, depth + 1);
    }
}

fn id(resource: &Json) -> Option<String> {
    let kind = resource["type"].as_str()?;
    let values = &resource["values"];
    if let Some(kind) = kind.strip_prefix("kubernetes_") {
        return kubernetes(kind, values);
    }
    if kind.starts_with("azurerm_") || kind.starts_with("azapi_") {
        return values["id"].as_str().filter(|id| id.starts_with("/subscriptions/")).map(str::to_owned);
    }
    if kind.starts_with("aws_") {
        return aws(kind, values);
    }
    None
}

fn kubernetes(kind: &str, values: &Json) -> Option<String> {
    if kind == "manifest" {
        let manifest = if values["object"].is_object() { &values["object"] } else { &values["manifest"] };
        let group = match manifest["apiVersion"].as_str()?.split_once('/') {
            Some((group, _)) => group,
            None => "core",
        };
        return object(group, manifest["kind"].as_str()?, &manifest["metadata"]);
    }
    let metadata = values["metadata"].as_array().and_then(|list| list.first())?;
    let plain = kind.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches("_v").replace('_', "");
    match KINDS.iter().find(|(name, _, _)| *name == plain) {
        Some((_, group, kind)) => object(group, kind, metadata),
        None => object("core", &plain, metadata),
    }
}

fn object(group: &str, kind: &str, metadata: &Json) -> Option<String> {
    let name = metadata["name"].as_str()?;
    let namespace = metadata["namespace"].as_str().filter(|namespace| !namespace.is_empty());
    Some(match namespace {
        Some(namespace) => format!("/planes/kubernetes/local/namespaces/{namespace}/providers/{group}/{kind}/{name}"),
        None => format!("/planes/kubernetes/local/providers/{group}/{kind}/{name}"),
    })
}

fn aws(kind: &str, values: &Json) -> Option<String> {
    let arn = values["arn"].as_str()?;
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let [_, partition, _, region, account, _] = parts.as_slice() else { return None };
    let region = if region.is_empty() { "global" } else { region };
    let id = values["id"].as_str().unwrap_or(arn);
    Some(format!("/planes/aws/{partition}/accounts/{account}/regions/{region}/providers/Terraform.AWS/{kind}/{id}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(kind: &str, values: Json) -> Vec<String> {
        let resource = json!({ "mode": "managed", "type": kind, "values": values });
        ids(&json!({ "values": { "root_module": { "child_modules": [{ "resources": [resource] }] } } }))
    }

    #[test]
    fn objects_and_cloud_resources_have_ids_and_others_have_none() {
        let metadata = json!({ "metadata": [{ "name": "db", "namespace": "ns" }] });
        assert_eq!(
            of("kubernetes_deployment", metadata.clone()),
            ["/planes/kubernetes/local/namespaces/ns/providers/apps/Deployment/db"]
        );
        assert_eq!(
            of("kubernetes_service_v1", metadata.clone()),
            ["/planes/kubernetes/local/namespaces/ns/providers/core/Service/db"]
        );
        assert_eq!(
            of("kubernetes_odd_thing", metadata),
            ["/planes/kubernetes/local/namespaces/ns/providers/core/oddthing/db"]
        );
        let manifest = json!({ "manifest": { "apiVersion": "dapr.io/v1alpha1", "kind": "Component", "metadata": { "name": "c", "namespace": "n" } } });
        assert_eq!(
            of("kubernetes_manifest", manifest),
            ["/planes/kubernetes/local/namespaces/n/providers/dapr.io/Component/c"]
        );
        assert_eq!(of("azurerm_redis_cache", json!({ "id": "/subscriptions/s/x" })), ["/subscriptions/s/x"]);
        let arn = json!({ "arn": "arn:aws:rds:eu-west-1:123:db:x", "id": "x" });
        assert_eq!(
            of("aws_db_instance", arn),
            ["/planes/aws/aws/accounts/123/regions/eu-west-1/providers/Terraform.AWS/aws_db_instance/x"]
        );
        assert!(of("terraform_data", json!({ "id": "x" })).is_empty());
    }
}
