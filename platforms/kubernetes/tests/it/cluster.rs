//! Applying, watching and removing, on a cluster in memory: directly, and through the real client over HTTP.

use std::time::Duration;

use radii_platform_kubernetes::cluster::{Address, Cluster, Error, KindName, Ownership};
use radii_platform_kubernetes::{
    Clusters, KubernetesPlatform, MemoryCluster, Options, memory::serve::serve, plain_kubeconfig,
};
use radii_runtime::platform::{Health, Platform, Port, Protocol, Workload};
use serde_json::{Value as Json, json};

use crate::render::{plain, target};

fn deployments() -> KindName {
    KindName::new("apps", "Deployment")
}

fn with_port() -> Workload {
    let mut workload = plain();
    let port = Port { name: "web".to_owned(), container_port: 80, port: 80, protocol: Protocol::Tcp };
    workload.containers[0].ports.push(port);
    workload
}

/// A driver that reaches a cluster in memory as it reaches any other: through a kubeconfig and HTTP.
async fn over_http(memory: &MemoryCluster) -> (KubernetesPlatform, tempfile::NamedTempFile) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), plain_kubeconfig(listener.local_addr().unwrap()).to_string()).unwrap();
    tokio::spawn(serve(memory.clone(), listener));
    // A provider that was installed before serves as well.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let clusters = Clusters::Kubeconfig(Some(file.path().to_owned()));
    (KubernetesPlatform::new(clusters, Options::default()), file)
}

async fn deploy(platform: &KubernetesPlatform, workload: &Workload) -> Result<Vec<Health>, radii_runtime::Fault> {
    let target = target("env-app");
    platform.prepare(&target).await?;
    let mut seen = Vec::new();
    for object in platform.render(&target, workload)? {
        seen.push(platform.apply(&target, &object).await?.health);
    }
    Ok(seen)
}

async fn find(memory: &MemoryCluster, kind: KindName) -> Option<Json> {
    memory.get(&Address::new(kind, "env-app", "ctr")).await.unwrap()
}

async fn a_workload_lives_and_goes(memory: &MemoryCluster, platform: &KubernetesPlatform) {
    let seen = deploy(platform, &with_port()).await.unwrap();
    assert_eq!(seen, [Health::Ready; 5]);
    let deployment = find(memory, deployments()).await.unwrap();
    assert_eq!(deployment["spec"]["strategy"]["type"], "RollingUpdate");
    assert_eq!(deployment["metadata"]["annotations"]["deployment.kubernetes.io/revision"], "1");
    let namespace = memory.get(&Address::new(KindName::new("", "Namespace"), "", "env-app")).await.unwrap().unwrap();
    assert_eq!(namespace["metadata"]["labels"]["app.kubernetes.io/managed-by"], "radius-rp");
    for object in platform.render(&target("env-app"), &with_port()).unwrap().iter().rev() {
        assert_eq!(platform.observe(&object.reference).await.unwrap().health, Health::Ready);
        platform.delete(&object.reference).await.unwrap();
        assert_eq!(platform.observe(&object.reference).await.unwrap().health, Health::Absent);
        platform.delete(&object.reference).await.unwrap();
    }
    let left: Vec<Json> = memory.all().into_iter().filter(|object| object["kind"] != "Namespace").collect();
    assert_eq!(left, Vec::<Json>::new());
}

#[tokio::test]
async fn a_workload_is_applied_observed_and_removed() {
    let memory = MemoryCluster::default();
    let platform = KubernetesPlatform::new(Clusters::Memory(memory.clone()), Options::default());
    a_workload_lives_and_goes(&memory, &platform).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workload_is_applied_observed_and_removed_through_the_real_client() {
    let memory = MemoryCluster::default();
    let (platform, _file) = over_http(&memory).await;
    a_workload_lives_and_goes(&memory, &platform).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_of_somebody_else_are_left_alone_unless_they_are_taken_over() {
    let memory = MemoryCluster::default();
    let (platform, file) = over_http(&memory).await;
    deploy(&platform, &plain()).await.unwrap();
    let address = Address::new(deployments(), "env-app", "ctr");
    memory.merge_patch(&address, &json!({ "spec": { "replicas": 2 } }), "autoscaler").unwrap();
    deploy(&platform, &plain()).await.unwrap();
    assert_eq!(find(&memory, deployments()).await.unwrap()["spec"]["replicas"], 2);
    let mut scaled = plain();
    scaled.replicas = Some(3);
    let fault = deploy(&platform, &scaled).await.unwrap_err();
    assert!(fault.message.contains("conflict with \"autoscaler\" using apps/v1: .spec.replicas"), "{fault}");
    assert!(fault.message.contains("--take-over"), "{fault}");
    let options = Options { ownership: Ownership::TakeOver, ..Options::default() };
    let taking = KubernetesPlatform::new(Clusters::Kubeconfig(Some(file.path().to_owned())), options);
    deploy(&taking, &scaled).await.unwrap();
    assert_eq!(find(&memory, deployments()).await.unwrap()["spec"]["replicas"], 3);
}

#[tokio::test]
async fn what_is_no_longer_said_is_removed() {
    let memory = MemoryCluster::default();
    let platform = KubernetesPlatform::new(Clusters::Memory(memory.clone()), Options::default());
    let mut first = plain();
    let check = radii_runtime::platform::Check::Tcp { port: 80 };
    let probe = radii_runtime::platform::Probe {
        check,
        initial_delay: 0.0,
        period: 10.0,
        timeout: 1.0,
        failures: 3,
        successes: None,
        grace: None,
    };
    first.containers[0].liveness = Some(probe);
    first.marks.labels.insert("team".to_owned(), "a".to_owned());
    deploy(&platform, &first).await.unwrap();
    deploy(&platform, &plain()).await.unwrap();
    let deployment = find(&memory, deployments()).await.unwrap();
    let container = &deployment["spec"]["template"]["spec"]["containers"][0];
    assert!(container.get("livenessProbe").is_none(), "{container}");
    assert!(deployment["metadata"]["labels"].get("team").is_none());
    assert_eq!(deployment["metadata"]["annotations"]["deployment.kubernetes.io/revision"], "2");
}

#[tokio::test]
async fn a_rollout_that_cannot_work_fails_with_the_reason_of_its_pods() {
    let memory = MemoryCluster::default();
    let platform = KubernetesPlatform::new(Clusters::Memory(memory.clone()), Options::default());
    for (reason, state) in [
        ("CrashLoopBackOff", json!({ "waiting": { "reason": "CrashLoopBackOff", "message": "back-off" } })),
        ("ImagePullBackOff", json!({ "waiting": { "reason": "ImagePullBackOff", "message": "no such image" } })),
        ("Error", json!({ "terminated": { "reason": "Error", "exitCode": 1, "message": "boom" } })),
    ] {
        memory.set_state("ctr", Some(state));
        let fault = deploy(&platform, &plain()).await.unwrap_err();
        assert!(fault.message.starts_with("Container state is '") && fault.message.contains(reason), "{fault}");
    }
    memory.set_state("ctr", None);
    deploy(&platform, &plain()).await.unwrap();
}

#[tokio::test]
async fn a_rollout_that_never_ends_says_what_it_waits_for() {
    let memory = MemoryCluster::default();
    memory.set_state(
        "ctr",
        Some(json!({ "waiting": { "reason": "CreateContainerConfigError", "message": "no secret" } })),
    );
    let options = Options { patience: Duration::ZERO, ..Options::default() };
    let platform = KubernetesPlatform::new(Clusters::Memory(memory), options);
    let fault = deploy(&platform, &plain()).await.unwrap_err();
    assert!(fault.message.contains("is not ready after 0 s") && fault.message.contains("no secret"), "{fault}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kind_that_is_not_installed_is_named() {
    let memory = MemoryCluster::default();
    memory.remove_definitions("dapr.io");
    let (platform, _file) = over_http(&memory).await;
    let cluster = platform.cluster(None);
    let body = json!({ "apiVersion": "dapr.io/v1alpha1", "kind": "Component", "metadata": { "name": "c", "namespace": "env-app" } });
    let error = cluster.apply(&body, Ownership::Respect).await.unwrap_err();
    assert!(matches!(error, Error::NoSuchKind { .. }), "{error}");
    cluster.delete(&Address::of(&body).unwrap()).await.unwrap();
}

#[tokio::test]
async fn what_kubernetes_never_changes_says_that_another_object_is_needed() {
    let memory = MemoryCluster::default();
    let platform = KubernetesPlatform::new(Clusters::Memory(memory), Options::default());
    let with_secret = |kind: &str| {
        let mut workload = plain();
        let base = format!("apiVersion: v1\nkind: Secret\nmetadata: {{ name: login }}\ntype: {kind}\n");
        workload.punch_through.insert("base".to_owned(), json!(base));
        workload
    };
    deploy(&platform, &with_secret("Opaque")).await.unwrap();
    let fault = deploy(&platform, &with_secret("kubernetes.io/basic-auth")).await.unwrap_err();
    assert_eq!((fault.status, fault.code.as_str()), (409, "ReplacementRequired"));
    assert!(fault.message.contains("delete the resource and deploy it again"), "{}", fault.message);
}

#[tokio::test]
async fn a_cluster_that_cannot_be_reached_is_named() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let nowhere = plain_kubeconfig("127.0.0.1:9".parse().unwrap());
    std::fs::write(file.path(), nowhere.to_string()).unwrap();
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let platform = KubernetesPlatform::new(Clusters::Kubeconfig(Some(file.path().to_owned())), Options::default());
    let fault = deploy(&platform, &plain()).await.unwrap_err();
    assert_eq!((fault.status, fault.code.as_str()), (503, "PlatformUnavailable"));
    let mut elsewhere = target("env-app");
    elsewhere.compute.insert("context".to_owned(), json!("absent"));
    let fault = platform.prepare(&elsewhere).await.unwrap_err();
    assert!(fault.message.contains("`absent`"), "{fault}");
}

#[tokio::test]
async fn members_that_the_api_does_not_know_are_refused_once_and_for_all() {
    let memory = MemoryCluster::furnished();
    let object = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "d", "namespace": "default" },
        "spec": {
            "selector": { "matchLabels": { "a": "b" } },
            "template": { "spec": { "containers": [{ "name": "c", "image": "i", "imagePullPolice": "Always" }] } },
        },
    });
    let error = memory.apply(&object, Ownership::Respect).await.unwrap_err();
    let expected = "failed to create typed patch object: .spec.template.spec.containers[name=\"c\"].imagePullPolice: \
                    field not declared in schema";
    assert_eq!(error.to_string(), expected);
    assert!(!error.is_passing(), "trying again makes no sense");
}
