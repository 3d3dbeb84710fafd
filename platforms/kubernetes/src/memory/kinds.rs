//! The kinds that a cluster in memory knows.

use crate::cluster::KindName;

/// A kind with its REST names.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// The API group; empty for the core group.
    pub group: &'static str,
    /// Its version.
    pub version: &'static str,
    /// The kind.
    pub kind: &'static str,
    /// Its name in paths.
    pub plural: &'static str,
    /// Whether its objects stand in namespaces.
    pub namespaced: bool,
}

impl Known {
    /// The kind's name.
    pub fn name(&self) -> KindName {
        KindName::new(self.group, self.kind)
    }

    /// `apiVersion` of its objects.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.to_owned() } else { format!("{}/{}", self.group, self.version) }
    }
}

const fn inside(group: &'static str, version: &'static str, kind: &'static str, plural: &'static str) -> Known {
    Known { group, version, kind, plural, namespaced: true }
}

const fn outside(group: &'static str, version: &'static str, kind: &'static str, plural: &'static str) -> Known {
    Known { group, version, kind, plural, namespaced: false }
}

const RBAC: &str = "rbac.authorization.k8s.io";

/// All known kinds: the usual ones, and those of the operators that Radius knows.
pub const KINDS: [Known; 37] = [
    outside("", "v1", "Namespace", "namespaces"),
    outside("", "v1", "Node", "nodes"),
    outside("", "v1", "PersistentVolume", "persistentvolumes"),
    inside("", "v1", "ConfigMap", "configmaps"),
    inside("", "v1", "Event", "events"),
    inside("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims"),
    inside("", "v1", "Pod", "pods"),
    inside("", "v1", "ResourceQuota", "resourcequotas"),
    inside("", "v1", "Secret", "secrets"),
    inside("", "v1", "Service", "services"),
    inside("", "v1", "ServiceAccount", "serviceaccounts"),
    inside("apps", "v1", "DaemonSet", "daemonsets"),
    inside("apps", "v1", "Deployment", "deployments"),
    inside("apps", "v1", "ReplicaSet", "replicasets"),
    inside("apps", "v1", "StatefulSet", "statefulsets"),
    inside("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers"),
    inside("batch", "v1", "CronJob", "cronjobs"),
    inside("batch", "v1", "Job", "jobs"),
    inside("coordination.k8s.io", "v1", "Lease", "leases"),
    inside("dapr.io", "v1alpha1", "Component", "components"),
    inside("dapr.io", "v1alpha1", "Configuration", "configurations"),
    inside("gateway.networking.k8s.io", "v1", "Gateway", "gateways"),
    inside("gateway.networking.k8s.io", "v1", "HTTPRoute", "httproutes"),
    inside("gateway.networking.k8s.io", "v1beta1", "ReferenceGrant", "referencegrants"),
    inside("gateway.networking.k8s.io", "v1", "TLSRoute", "tlsroutes"),
    inside("keda.sh", "v1alpha1", "ScaledObject", "scaledobjects"),
    inside("keda.sh", "v1alpha1", "TriggerAuthentication", "triggerauthentications"),
    inside("networking.k8s.io", "v1", "Ingress", "ingresses"),
    inside("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies"),
    inside("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets"),
    inside("projectcontour.io", "v1", "HTTPProxy", "httpproxies"),
    inside("secrets-store.csi.x-k8s.io", "v1", "SecretProviderClass", "secretproviderclasses"),
    inside(RBAC, "v1", "Role", "roles"),
    inside(RBAC, "v1", "RoleBinding", "rolebindings"),
    outside(RBAC, "v1", "ClusterRole", "clusterroles"),
    outside(RBAC, "v1", "ClusterRoleBinding", "clusterrolebindings"),
    outside("storage.k8s.io", "v1", "StorageClass", "storageclasses"),
];

/// Returns a kind by its name.
pub fn find(kind: &KindName) -> Option<&'static Known> {
    KINDS.iter().find(|known| known.group == kind.group && known.kind == kind.kind)
}

/// Returns a kind by its place in paths.
pub fn find_plural(group: &str, plural: &str) -> Option<&'static Known> {
    KINDS.iter().find(|known| known.group == group && known.plural == plural)
}
