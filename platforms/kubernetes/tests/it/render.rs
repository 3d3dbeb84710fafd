use radii_platform_kubernetes::KubernetesPlatform;
use radii_runtime::Fault;
use radii_runtime::fault::code;
use radii_runtime::platform::{
    Check, ComputeKind, Container, EnvValue, Mount, Named, Object, Platform, Port, Probe, Protocol, Restart, Target,
    Volume, Workload,
};
use serde_json::{Map, Value as Json, json};

use crate::schema;

const GROUP: &str = "/planes/radius/local/resourceGroups/g/providers/Applications.Core";

pub fn target(namespace: &str) -> Target {
    Target {
        kind: ComputeKind::Kubernetes,
        environment: Named { id: format!("{GROUP}/environments/env"), name: "env".to_owned() },
        application: Some(Named { id: format!("{GROUP}/applications/app"), name: "app".to_owned() }),
        environment_namespace: "env".to_owned(),
        namespace: namespace.to_owned(),
        compute: Map::new(),
    }
}

/// The container resource `ctr`, as the recordings have it.
pub fn plain() -> Workload {
    let container = Container { name: "ctr".to_owned(), image: "nginx:1.25".to_owned(), ..Container::default() };
    let resource = Named { id: format!("{GROUP}/containers/ctr"), name: "ctr".to_owned() };
    Workload::new(resource, vec![container])
}

pub fn render_in(namespace: &str, workload: &Workload) -> Result<Vec<Object>, Fault> {
    KubernetesPlatform::default().render(&target(namespace), workload)
}

pub fn render(workload: &Workload) -> Result<Vec<Object>, Fault> {
    render_in("env-app", workload)
}

fn everything() -> Workload {
    let mut all = plain();
    let main = &mut all.containers[0];
    main.command = vec!["serve".to_owned()];
    main.args = vec!["-v".to_owned()];
    main.working_dir = Some("/srv".to_owned());
    main.env = vec![
        ("PASSWORD".to_owned(), EnvValue::Secret("p".to_owned())),
        ("A".to_owned(), EnvValue::Plain("1".to_owned())),
        ("A".to_owned(), EnvValue::Plain("2".to_owned())),
        ("REF".to_owned(), EnvValue::SecretRef { secret: "s".to_owned(), key: "k".to_owned() }),
    ];
    main.ports = vec![
        Port { name: "web".to_owned(), container_port: 8080, port: 80, protocol: Protocol::Tcp },
        Port { name: "dns".to_owned(), container_port: 53, port: 53, protocol: Protocol::Udp },
    ];
    let mount =
        |volume: &str| Mount { volume: volume.to_owned(), path: format!("/{volume}"), read_only: volume == "secret" };
    main.mounts = ["disk", "memory", "claim", "secret"].map(mount).to_vec();
    let probe = |check| Probe {
        check,
        initial_delay: 0.5,
        period: 0.2,
        timeout: 1.5,
        failures: 3,
        successes: None,
        grace: None,
    };
    let headers = [("X".to_owned(), "y".to_owned())].into();
    main.readiness = Some(probe(Check::Http { port: 8080, path: "/ready".to_owned(), headers, tls: false }));
    main.liveness = Some(probe(Check::Exec { command: vec!["true".to_owned()] }));
    main.cpu = Some(0.25);
    main.memory = Some(64 << 20);
    let side = Container {
        name: "side".to_owned(),
        image: "side:1".to_owned(),
        ports: vec![Port { name: "metrics".to_owned(), container_port: 9100, port: 9100, protocol: Protocol::Tcp }],
        readiness: Some(probe(Check::Tcp { port: 9100 })),
        ..Container::default()
    };
    let init = Container { name: "init".to_owned(), image: "init:1".to_owned(), init: true, ..Container::default() };
    all.containers.extend([init, side]);
    all.volumes = [
        ("disk".to_owned(), Volume::Ephemeral { memory: false }),
        ("memory".to_owned(), Volume::Ephemeral { memory: true }),
        ("claim".to_owned(), Volume::Persistent { source: "pvc".to_owned() }),
        ("secret".to_owned(), Volume::Secret { secret: "s".to_owned() }),
    ]
    .into();
    all
}

#[test]
fn everything_becomes_objects_that_the_api_takes() {
    let objects = render(&everything()).unwrap();
    schema::check(&objects);
    insta::assert_json_snapshot!(objects);
}

#[test]
fn a_plain_container_needs_neither_secret_nor_service() {
    let objects = render(&plain()).unwrap();
    schema::check(&objects);
    let kinds: Vec<&str> = objects.iter().map(|object| object.reference.kind.as_str()).collect();
    assert_eq!(
        kinds,
        [
            "core/ServiceAccount",
            "rbac.authorization.k8s.io/Role",
            "rbac.authorization.k8s.io/RoleBinding",
            "apps/Deployment"
        ]
    );
    assert_eq!(
        objects[3].reference.output_id(),
        "/planes/kubernetes/local/namespaces/env-app/providers/apps/Deployment/ctr"
    );
}

#[test]
fn a_changed_secret_rolls_the_pods() {
    let hash = |value: &str| {
        let mut workload = plain();
        workload.containers[0].env.push(("A".to_owned(), EnvValue::Secret(value.to_owned())));
        let objects = render(&workload).unwrap();
        assert!(!objects[4].body.to_string().contains(value));
        objects[4].body["spec"]["template"]["metadata"]["annotations"]["radapp.io/secret-hash"].clone()
    };
    assert_eq!(hash("old-secret"), hash("old-secret"));
    assert_ne!(hash("old-secret"), hash("new-secret"));
}

fn pod_with(patch: Json) -> Result<Json, Fault> {
    let mut workload = everything();
    workload.punch_through = json!({ "pod": patch }).as_object().unwrap().clone();
    let objects = render(&workload)?;
    schema::check(&objects);
    Ok(objects[4].body["spec"]["template"]["spec"].clone())
}

#[test]
fn a_pod_patch_is_merged_strategically() {
    let pod = pod_with(json!({
        "nodeSelector": { "disk": "ssd" },
        "enableServiceLinks": null,
        "containers": [
            { "name": "ctr", "args": ["-q"], "env": [{ "name": "A", "value": "3" }, { "name": "B", "value": "4" }] },
            { "name": "extra", "image": "extra:1" },
            { "name": "side", "$patch": "delete" },
        ],
    }))
    .unwrap();
    let names: Vec<&Json> = pod["containers"].as_array().unwrap().iter().map(|container| &container["name"]).collect();
    assert_eq!(names, ["ctr", "extra"]);
    let ctr = &pod["containers"][0];
    assert_eq!((&ctr["args"], &ctr["image"]), (&json!(["-q"]), &json!("nginx:1.25")));
    let env: Vec<&Json> = ctr["env"].as_array().unwrap().iter().map(|variable| &variable["name"]).collect();
    assert_eq!(env, ["A", "B", "PASSWORD", "REF"]);
    assert_eq!(ctr["env"][0]["value"], "3");
    assert_eq!(pod["nodeSelector"], json!({ "disk": "ssd" }));
    assert!(pod.get("enableServiceLinks").is_none());
}

#[test]
fn patches_that_cannot_be_merged_are_refused() {
    for (patch, words) in [
        (json!([]), "must be an object"),
        (json!({ "containers": [{ "image": "x" }] }), "lacks `name`"),
        (json!({ "containers": [{ "name": "a" }, { "name": "a" }] }), "two elements"),
        (json!({ "$setElementOrder/containers": {} }), "must be a list"),
        (json!({ "$move": [] }), "the directive `$move` is not known"),
    ] {
        let fault = pod_with(patch).unwrap_err();
        assert!(fault.message.contains(words), "{fault}");
    }
    let mut workload = plain();
    workload.punch_through.insert("pods".to_owned(), json!({}));
    assert!(render(&workload).unwrap_err().message.contains("knows no `pods`"));
}

#[test]
fn what_a_deployment_cannot_do_is_refused() {
    let mut never = plain();
    never.restart = Restart::Never;
    let fault = render(&never).unwrap_err();
    assert_eq!(fault.code, code::PLATFORM_UNSUPPORTED);
    assert!(fault.message.starts_with("restartPolicy 'Never' is not supported on Kubernetes"), "{fault}");
    let mut long = plain();
    long.resource.name = "x".repeat(64);
    assert_eq!(render(&long).unwrap_err().code, "PlatformNameInvalid");
}

#[test]
fn a_recipes_object_is_put_into_the_applications_namespace() {
    let adopt = |body: Json| KubernetesPlatform::default().adopt(&target("env-app"), body);
    let service = adopt(json!({ "apiVersion": "v1", "kind": "Service", "metadata": { "name": "db" } })).unwrap();
    assert_eq!(service.reference.kind, "core/Service");
    assert_eq!(service.body["metadata"]["namespace"], "env-app");
    assert_eq!(service.body["metadata"]["labels"]["radapp.io/application"], "app");
    for (body, words) in [
        (json!({ "kind": "Service" }), "`apiVersion`"),
        (json!({ "apiVersion": "v1", "kind": "Service", "metadata": {} }), "`metadata.name`"),
        (json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "x" } }), "whole cluster"),
        (json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "x", "namespace": "y" } }), "`y`"),
    ] {
        let fault = adopt(body).unwrap_err();
        assert!(fault.message.contains(words), "{fault}");
    }
}

#[test]
fn every_container_of_a_resource_that_may_have_several_has_the_service_that_hosts_names() {
    let mut workload = plain();
    workload.resource.id = "/planes/radius/local/resourceGroups/g/providers/Radius.Compute/containers/ctr".to_owned();
    workload.containers[0].name = "Web".to_owned();
    let port = Port { name: "http".to_owned(), container_port: 80, port: 80, protocol: Protocol::Tcp };
    workload.containers[0].ports.push(port);
    let services = |workload: &Workload| {
        let objects = render(workload).unwrap();
        let services = objects.iter().filter(|object| object.reference.kind == "core/Service");
        services.map(|object| object.reference.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(services(&workload), ["ctr", "ctr-web"]);
    workload.resource.id = plain().resource.id;
    assert_eq!(services(&workload), ["ctr"]);
}

#[test]
fn fields_that_no_pod_has_are_refused_before_anything_is_made() {
    let platform = KubernetesPlatform::default();
    let refused = |pod: Json| {
        let runtime = Map::from_iter([("pod".to_owned(), pod)]);
        platform.check_punch_through("ctr", &runtime).unwrap_err()
    };
    let fault = refused(json!({ "tolerations": [{ "key": "a", "efect": "NoSchedule" }] }));
    assert_eq!(fault.message, "Invalid PodSpec for patching: a pod has no field `tolerations[0].efect`.");
    assert_eq!(fault.target.as_deref(), Some("$.properties.runtimes.kubernetes.pod"));
    let fault = refused(json!({ "hostNetwork": "yes" }));
    assert!(fault.message.contains("`hostNetwork`: invalid type: string \"yes\", expected a boolean"), "{fault}");
    let good =
        json!({ "hostNetwork": true, "containers": [{ "name": "ctr", "resources": { "limits": { "cpu": 1 } } }] });
    platform.check_punch_through("ctr", &Map::from_iter([("pod".to_owned(), good)])).unwrap();
}
