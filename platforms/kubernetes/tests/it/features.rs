//! Scaling, amounts, key vaults and identities; and whose an object is.

use radii_platform_kubernetes::cluster::{Address, Cluster, KindName};
use radii_platform_kubernetes::{Clusters, KubernetesPlatform, MemoryCluster, Options};
use radii_runtime::platform::{
    Check, Goal, Identity, Metric, Mount, Object, Platform, Probe, Scaling, Vault, VaultObject, Volume, Workload,
};
use serde_json::{Value as Json, json};

use crate::render::{plain, render, target};
use crate::schema;

fn of_kind<'a>(objects: &'a [Object], kind: &str) -> &'a Json {
    &objects.iter().find(|object| object.body["kind"] == kind).unwrap_or_else(|| panic!("no {kind}")).body
}

fn scaled() -> Workload {
    let mut workload = plain();
    workload.replicas = Some(2);
    let metric = |name: &str, custom, goal| Metric { name: name.to_owned(), custom, goal };
    let metrics = vec![
        metric("cpu", false, Goal::Utilization(70)),
        metric("memory", false, Goal::Average(1 << 30)),
        metric("requests_per_second", true, Goal::Average(100)),
    ];
    workload.scaling = Some(Scaling { least: 2, most: 5, metrics });
    workload
}

#[test]
fn a_scaler_has_the_number_of_replicas_to_itself() {
    let objects = render(&scaled()).unwrap();
    schema::check(&objects);
    assert!(of_kind(&objects, "Deployment")["spec"].get("replicas").is_none());
    insta::assert_json_snapshot!(of_kind(&objects, "HorizontalPodAutoscaler")["spec"], @r#"
    {
      "scaleTargetRef": {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "name": "ctr"
      },
      "minReplicas": 2,
      "maxReplicas": 5,
      "metrics": [
        {
          "type": "Resource",
          "resource": {
            "name": "cpu",
            "target": {
              "type": "Utilization",
              "averageUtilization": 70
            }
          }
        },
        {
          "type": "Resource",
          "resource": {
            "name": "memory",
            "target": {
              "type": "AverageValue",
              "averageValue": "1073741824"
            }
          }
        },
        {
          "type": "Pods",
          "pods": {
            "metric": {
              "name": "requests_per_second"
            },
            "target": {
              "type": "AverageValue",
              "averageValue": "100"
            }
          }
        }
      ]
    }
    "#);
}

/// The triggers of the scaler that events drive.
fn scaled_by_events(metrics: &[(&str, Goal)], scale: Json) -> Result<Vec<Object>, radii_runtime::Fault> {
    let mut workload = plain();
    let custom = |name: &str| name.contains(':') || name.contains('_');
    let metrics = metrics
        .iter()
        .map(|(name, goal)| Metric { name: (*name).to_owned(), custom: custom(name), goal: *goal })
        .collect();
    workload.scaling = Some(Scaling { least: 0, most: 20, metrics });
    workload.punch_through.insert("scale".to_owned(), scale);
    KubernetesPlatform::default().check_punch_through("ctr", &workload.punch_through)?;
    render(&workload)
}

#[test]
fn events_scale_a_container_to_nothing_and_back() {
    let secrets = json!([{ "parameter": "host", "secret": "rabbit", "key": "uri" }]);
    let rabbit =
        json!({ "type": "rabbitmq", "metadata": { "queueName": "orders", "mode": "QueueLength" }, "secrets": secrets });
    let cron = json!({ "type": "cron", "metadata": { "timezone": "UTC", "start": "0 6 * * *", "end": "0 20 * * *", "desiredReplicas": "2" } });
    let scale = json!({ "rules": [cron, rabbit], "cooldownPeriod": 60 });
    let metrics = [("keda:rabbitmq", Goal::Average(50)), ("cpu", Goal::Utilization(70))];
    let objects = scaled_by_events(&metrics, scale).unwrap();
    schema::check(&objects);
    assert!(of_kind(&objects, "Deployment")["spec"].get("replicas").is_none());
    assert!(objects.iter().all(|object| object.body["kind"] != "HorizontalPodAutoscaler"));
    let made = ["TriggerAuthentication", "ScaledObject"].map(|kind| &of_kind(&objects, kind)["spec"]);
    insta::assert_json_snapshot!(made);
}

#[test]
fn triggers_that_cannot_be_followed_are_refused_with_the_place() {
    let rules = |rule: Json| json!({ "rules": [rule] });
    let cron = json!({ "type": "cron", "metadata": {} });
    let events = ("keda:rabbitmq", Goal::Average(50));
    for (metrics, scale, said) in [
        (vec![events], json!({}), "scale.rules must be a list"),
        (vec![events], json!({ "rules": [{}] }), "scale.rules[0].type is required"),
        (vec![events], json!({ "rules": [cron], "pollInterval": 1 }), "scale.pollInterval is not known"),
        (
            vec![events],
            rules(json!({ "type": "cron", "metadata": { "n": 1 } })),
            "rules[0].metadata must be an object of texts",
        ),
        (vec![events], rules(json!({ "type": "cron", "secrets": [{}] })), "rules[0].secrets must be a list"),
        (vec![("keda:mystery", Goal::Average(1))], rules(cron.clone()), "`keda:mystery` needs a rule"),
        (vec![("requests_per_second", Goal::Average(1))], rules(cron), "a Deployment has one scaler"),
    ] {
        let fault = scaled_by_events(&metrics, scale).unwrap_err();
        assert!(fault.message.contains(said), "{}", fault.message);
    }
}

#[test]
fn requests_limits_and_every_member_of_a_probe_are_rendered() {
    let mut workload = plain();
    let main = &mut workload.containers[0];
    (main.cpu, main.memory) = (Some(0.5), Some(256 << 20));
    (main.cpu_request, main.memory_request) = (Some(0.25), Some(128 << 20));
    let check = Check::Http { port: 8443, path: "/".to_owned(), headers: Default::default(), tls: true };
    let numbers = (Some(2), Some(30));
    main.readiness = Some(Probe {
        check,
        initial_delay: 0.0,
        period: 10.0,
        timeout: 1.0,
        failures: 3,
        successes: numbers.0,
        grace: numbers.1,
    });
    let objects = render(&workload).unwrap();
    schema::check(&objects);
    let container = &of_kind(&objects, "Deployment")["spec"]["template"]["spec"]["containers"][0];
    let amounts = |cpu: &str, memory: &str| json!({ "cpu": cpu, "memory": memory });
    let resources = json!({ "limits": amounts("500m", "256Mi"), "requests": amounts("250m", "128Mi") });
    assert_eq!(container["resources"], resources);
    let probe = &container["readinessProbe"];
    assert_eq!(probe["httpGet"], json!({ "path": "/", "port": 8443, "scheme": "HTTPS" }));
    assert_eq!((&probe["successThreshold"], &probe["terminationGracePeriodSeconds"]), (&json!(2), &json!(30)));
}

fn with_vault() -> Workload {
    let mut workload = plain();
    let object = VaultObject {
        name: "password".to_owned(),
        alias: "pass \"word\"".to_owned(),
        kind: "secret".to_owned(),
        encoding: "utf-8".to_owned(),
        ..VaultObject::default()
    };
    let vault = Vault { volume: "Vol".to_owned(), vault: "kv".to_owned(), objects: vec![object] };
    workload.volumes = [("files".to_owned(), Volume::Vault(vault))].into();
    let mount = Mount { volume: "files".to_owned(), path: "/files".to_owned(), read_only: false };
    workload.containers[0].mounts = vec![mount];
    workload.identity = Some(Identity { client: "client-1".to_owned(), tenant: "tenant-1".to_owned() });
    workload
}

#[test]
fn a_vault_is_mounted_through_a_class_under_the_workloads_identity() {
    let objects = render(&with_vault()).unwrap();
    let class = of_kind(&objects, "SecretProviderClass");
    assert_eq!(class["metadata"]["name"], "ctr-vol");
    let parameters = &class["spec"]["parameters"];
    assert_eq!((&parameters["clientID"], &parameters["tenantID"]), (&json!("client-1"), &json!("tenant-1")));
    let listed: Json = serde_saphyr::from_str(parameters["objects"].as_str().unwrap()).unwrap();
    let first: Json = serde_saphyr::from_str(listed["array"][0].as_str().unwrap()).unwrap();
    let wanted = json!({
        "objectName": "password", "objectAlias": "pass \"word\"", "objectType": "secret", "objectEncoding": "utf-8",
    });
    assert_eq!(first, wanted);
    let template = &of_kind(&objects, "Deployment")["spec"]["template"];
    assert_eq!(template["metadata"]["labels"]["azure.workload.identity/use"], "true");
    let csi = &template["spec"]["volumes"][0]["csi"];
    assert_eq!(csi["volumeAttributes"]["secretProviderClass"], "ctr-vol");
    assert_eq!(template["spec"]["containers"][0]["volumeMounts"][0]["readOnly"], true);
    let account = &of_kind(&objects, "ServiceAccount")["metadata"];
    assert_eq!(account["annotations"]["azure.workload.identity/client-id"], "client-1");
    assert!(of_kind(&objects, "Deployment")["spec"]["selector"]["matchLabels"].as_object().unwrap().len() == 2);
}

#[test]
fn a_vault_that_nothing_opens_is_refused_with_a_remedy() {
    let mut workload = with_vault();
    workload.identity = None;
    let fault = render(&workload).unwrap_err();
    assert_eq!(fault.code, "PlatformFeatureUnsupported");
    assert!(fault.message.contains("`clientId` and `tenantId`"), "{fault}");
}

async fn apply(platform: &KubernetesPlatform, workload: &Workload) -> Result<Vec<Object>, radii_runtime::Fault> {
    let target = target("env-app");
    platform.prepare(&target).await?;
    let objects = platform.render(&target, workload)?;
    for object in &objects {
        platform.apply(&target, object).await?;
    }
    Ok(objects)
}

fn on_memory() -> (MemoryCluster, KubernetesPlatform) {
    let memory = MemoryCluster::default();
    (memory.clone(), KubernetesPlatform::new(Clusters::Memory(memory), Options::default()))
}

#[tokio::test]
async fn a_number_that_a_scaler_chose_is_kept() {
    let (memory, platform) = on_memory();
    let mut fixed = plain();
    fixed.replicas = Some(3);
    apply(&platform, &fixed).await.unwrap();
    apply(&platform, &scaled()).await.unwrap();
    let address = Address::new(KindName::new("apps", "Deployment"), "env-app", "ctr");
    let replicas = async || memory.get(&address).await.unwrap().unwrap()["spec"]["replicas"].clone();
    assert_eq!(replicas().await, 3);
    memory.merge_patch(&address, &json!({ "spec": { "replicas": 5 } }), "scaler").unwrap();
    apply(&platform, &scaled()).await.unwrap();
    assert_eq!(replicas().await, 5);
}

#[tokio::test]
async fn an_object_that_we_never_wrote_is_not_removed() {
    let (memory, platform) = on_memory();
    platform.prepare(&target("env-app")).await.unwrap();
    let labels = json!({ "mine": "yes" });
    let template =
        json!({ "metadata": { "labels": labels }, "spec": { "containers": [{ "name": "x", "image": "x" }] } });
    let theirs = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "ctr", "namespace": "env-app" },
        "spec": { "selector": { "matchLabels": labels }, "template": template },
    });
    memory.create(&theirs, "somebody").unwrap();
    apply(&platform, &plain()).await.unwrap_err();
    for object in render(&plain()).unwrap().iter().rev() {
        platform.delete(&object.reference).await.unwrap();
    }
    let kinds: Vec<Json> = memory.all().iter().map(|object| object["kind"].clone()).collect();
    assert!(kinds.contains(&json!("Deployment")), "{kinds:?}");
    assert!(!kinds.contains(&json!("Role")), "{kinds:?}");
}

#[tokio::test]
async fn a_rehearsal_says_what_would_change_and_changes_nothing() {
    let (memory, platform) = on_memory();
    let objects = render(&plain()).unwrap();
    let deployment =
        |objects: &[Object]| objects.iter().position(|object| object.body["kind"] == "Deployment").unwrap();
    let at = deployment(&objects);
    assert_eq!(platform.compare(&objects[at]).await.unwrap()["changeType"], "Create");
    apply(&platform, &plain()).await.unwrap();
    assert_eq!(platform.compare(&objects[at]).await.unwrap(), json!({ "changeType": "NoChange", "delta": [] }));
    let mut changed = plain();
    changed.containers[0].image = "nginx:1.26".to_owned();
    let objects = render(&changed).unwrap();
    let change = platform.compare(&objects[deployment(&objects)]).await.unwrap();
    let delta = json!([{
        "path": "spec.template.spec.containers.0.image", "propertyChangeType": "Modify",
        "before": "nginx:1.25", "after": "nginx:1.26",
    }]);
    assert_eq!(change, json!({ "changeType": "Modify", "delta": delta }));
    assert_eq!(platform.compare(&render(&plain()).unwrap()[at]).await.unwrap()["changeType"], "NoChange");
    drop(memory);
}
