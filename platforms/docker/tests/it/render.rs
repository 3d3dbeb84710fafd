use radii_platform_docker::{DockerPlatform, Engine};
use radii_runtime::Fault;
use radii_runtime::fault::code;
use radii_runtime::platform::{Check, EnvValue, Mount, Object, Platform, Probe, Protocol, Restart, Volume, Workload};
use serde_json::{Value as Json, json};

use crate::fixture::{port, shell, target, web, workload};

fn render(workload: &Workload) -> Result<Vec<Object>, Fault> {
    DockerPlatform::new(Engine::at("unix:///not/asked")).render(&target("dev-todo"), workload)
}

fn names(objects: &[Object]) -> Vec<String> {
    objects.iter().map(|object| format!("{} {}", object.reference.kind, object.reference.name)).collect()
}

fn find<'a>(objects: &'a [Object], name: &str) -> &'a Json {
    &objects.iter().find(|object| object.reference.name == name && object.reference.kind == "container").unwrap().body
}

fn hash(objects: &[Object], name: &str) -> String {
    find(objects, name)["create"]["Labels"]["radapp.io/rendered-hash"].as_str().unwrap().to_owned()
}

/// Everything that a container resource can ask of this platform.
fn everything() -> Workload {
    let mut main = web("demo");
    main.command = vec!["/bin/httpd".to_owned()];
    main.args = vec!["-f".to_owned()];
    main.working_dir = Some("/www".to_owned());
    main.env = vec![
        ("CONNECTION_DB_PASSWORD".to_owned(), EnvValue::Secret("s3cret".to_owned())),
        ("CONNECTION_DB_HOST".to_owned(), EnvValue::Plain("db".to_owned())),
        ("CONNECTION_DB_HOST".to_owned(), EnvValue::Plain("mine".to_owned())),
    ];
    main.ports.push(port("dns", 53, Protocol::Udp));
    main.mounts = vec![
        Mount { volume: "scratch".to_owned(), path: "/scratch".to_owned(), read_only: false },
        Mount { volume: "memory".to_owned(), path: "/memory".to_owned(), read_only: false },
        Mount { volume: "kept".to_owned(), path: "/kept".to_owned(), read_only: true },
    ];
    main.readiness = Some(Probe {
        check: Check::Http {
            port: 8080,
            path: "/".to_owned(),
            headers: [("X".to_owned(), "y".to_owned())].into(),
            tls: false,
        },
        initial_delay: 1.0,
        period: 2.0,
        timeout: 3.0,
        failures: 4,
        successes: None,
        grace: None,
    });
    main.cpu = Some(0.5);
    main.memory = Some(64 << 20);
    let mut init = shell("prepare", "true");
    init.init = true;
    let mut sidecar = shell("logs", "sleep 1000");
    sidecar.mounts = vec![Mount { volume: "scratch".to_owned(), path: "/in".to_owned(), read_only: true }];
    let mut all = workload("Demo", main);
    all.containers = vec![init, all.containers.remove(0), sidecar];
    all.volumes = [
        ("scratch".to_owned(), Volume::Ephemeral { memory: false }),
        ("memory".to_owned(), Volume::Ephemeral { memory: true }),
        ("kept".to_owned(), Volume::Persistent { source: "archive".to_owned() }),
    ]
    .into();
    all
}

#[test]
fn a_workload_becomes_network_volume_init_main_and_sidecar_in_this_order() {
    let objects = render(&everything()).unwrap();
    assert_eq!(
        names(&objects),
        ["network dev-todo", "volume demo-scratch", "container demo-prepare", "container demo", "container demo-logs"]
    );
    insta::assert_json_snapshot!(objects);
}

#[test]
fn rendering_twice_gives_the_same() {
    assert_eq!(render(&everything()).unwrap(), render(&everything()).unwrap());
}

#[test]
fn secret_variables_stand_apart_and_never_in_labels() {
    let objects = render(&everything()).unwrap();
    let demo = find(&objects, "demo");
    assert_eq!(demo["secretEnv"], json!({ "CONNECTION_DB_PASSWORD": "s3cret" }));
    assert!(!demo["create"].to_string().contains("s3cret"));
}

#[test]
fn a_change_of_one_container_is_a_change_of_all() {
    let before = render(&everything()).unwrap();
    let mut changed = everything();
    changed.containers[2].args = vec!["sleep 2000".to_owned()];
    let after = render(&changed).unwrap();
    for name in ["demo-prepare", "demo", "demo-logs"] {
        assert_ne!(hash(&before, name), hash(&after, name));
    }
    assert_eq!(hash(&after, "demo"), hash(&after, "demo-logs"));
}

#[test]
fn replicas_are_numbered_and_share_one_alias() {
    let mut two = workload("demo", web("demo"));
    two.replicas = Some(2);
    let objects = render(&two).unwrap();
    assert_eq!(names(&objects), ["network dev-todo", "container demo-1", "container demo-2"]);
    let aliases = &find(&objects, "demo-2")["create"]["NetworkingConfig"]["EndpointsConfig"]["dev-todo"]["Aliases"];
    assert_eq!(*aliases, json!(["demo"]));
    two.replicas = Some(0);
    assert!(render(&two).unwrap().is_empty());
}

#[test]
fn ports_are_published_on_loopback_unless_asked_otherwise() {
    let binding =
        |workload: &Workload| find(&render(workload).unwrap(), "demo")["create"]["HostConfig"]["PortBindings"].clone();
    let mut demo = workload("demo", web("demo"));
    assert_eq!(binding(&demo), json!({ "8080/tcp": [{ "HostIp": "127.0.0.1", "HostPort": "" }] }));
    demo.punch_through = json!({ "publish": { "web": 9090 } }).as_object().unwrap().clone();
    assert_eq!(binding(&demo), json!({ "8080/tcp": [{ "HostIp": "127.0.0.1", "HostPort": "9090" }] }));
    demo.punch_through = json!({ "publish": false }).as_object().unwrap().clone();
    assert_eq!(binding(&demo), Json::Null);
}

#[test]
fn host_config_is_merged_over_what_is_rendered() {
    let mut demo = workload("demo", web("demo"));
    demo.restart = Restart::OnFailure;
    demo.punch_through =
        json!({ "hostConfig": { "CapAdd": ["NET_ADMIN"], "RestartPolicy": { "MaximumRetryCount": 3 } } })
            .as_object()
            .unwrap()
            .clone();
    let host = find(&render(&demo).unwrap(), "demo")["create"]["HostConfig"].clone();
    assert_eq!(host["RestartPolicy"], json!({ "Name": "on-failure", "MaximumRetryCount": 3 }));
    assert_eq!(host["CapAdd"], json!(["NET_ADMIN"]));
}

/// Renders a changed workload, and returns code and message of the refusal.
#[track_caller]
fn refusal(change: impl FnOnce(&mut Workload)) -> (String, String) {
    let mut demo = workload("demo", web("demo"));
    change(&mut demo);
    let fault = render(&demo).unwrap_err();
    assert_eq!(fault.target.as_deref(), Some(demo.resource.id.as_str()));
    (fault.code, fault.message)
}

#[test]
fn what_the_platform_cannot_do_is_refused_with_reason_and_alternative() {
    let (code, message) = refusal(|demo| {
        let reference = EnvValue::SecretRef { secret: "s".to_owned(), key: "k".to_owned() };
        demo.containers[0].env.push(("A".to_owned(), reference));
    });
    assert_eq!(code, code::PLATFORM_UNSUPPORTED);
    assert_eq!(
        message,
        "variable `A` from key `k` of the platform's secret `s` is not supported on Docker: the engine keeps no secrets. \
         To deploy `demo`, refer to a secret store by its resource id."
    );

    let (code, message) = refusal(|demo| {
        demo.volumes.insert("m".to_owned(), Volume::Ephemeral { memory: true });
        let mount = Mount { volume: "m".to_owned(), path: "/m".to_owned(), read_only: false };
        demo.containers[0].mounts.push(mount.clone());
        let mut other = shell("other", "sleep 1");
        other.mounts.push(mount);
        demo.containers.push(other);
    });
    assert_eq!(code, code::PLATFORM_UNSUPPORTED);
    assert!(message.contains("memory is not shared"), "{message}");

    let (_, message) = refusal(|demo| {
        demo.volumes.insert("s".to_owned(), Volume::Secret { secret: "x".to_owned() });
    });
    assert!(message.contains("`env`"), "{message}");
}

#[test]
fn protected_fields_of_host_config_are_refused() {
    let block = |value: Json| value.as_object().unwrap().clone();
    let (code, message) =
        refusal(|demo| demo.punch_through = block(json!({ "hostConfig": { "NetworkMode": "host" } })));
    assert_eq!(code, "PlatformProtectedField");
    assert!(message.contains("NetworkMode"), "{message}");
    let open = json!({ "hostConfig": { "PortBindings": { "8080/tcp": [{ "HostIp": "0.0.0.0", "HostPort": "80" }] } } });
    let (code, message) = refusal(|demo| demo.punch_through = block(open));
    assert_eq!(code, "PlatformProtectedField");
    assert!(message.contains("allowNonLoopback"), "{message}");
}

#[test]
fn misspelt_settings_are_named() {
    let block = |value: Json| value.as_object().unwrap().clone();
    let (_, message) = refusal(|demo| demo.punch_through = block(json!({ "publsh": false })));
    assert!(message.contains("publsh") && message.contains("`publish`"), "{message}");
    let (_, message) = refusal(|demo| demo.punch_through = block(json!({ "publish": { "wbe": 80 } })));
    assert!(message.contains("wbe") && message.contains("ports are: web"), "{message}");
    let (_, message) = refusal(|demo| demo.punch_through = block(json!({ "hostConfig": { "Privilegd": true } })));
    assert!(message.contains("`HostConfig.Privilegd`"), "{message}");
}

#[test]
fn two_containers_on_one_port_are_refused() {
    let (_, message) = refusal(|demo| demo.containers.push(web("other")));
    assert!(message.contains("`demo` and `other`") && message.contains("8080/tcp"), "{message}");
}

#[test]
fn a_mount_without_volume_is_refused() {
    let (_, message) = refusal(|demo| {
        demo.containers[0].mounts.push(Mount { volume: "x".to_owned(), path: "/x".to_owned(), read_only: false });
    });
    assert!(message.contains("`x`") && message.contains("`volumes`"), "{message}");
}

#[test]
fn a_probe_cannot_smuggle_request_lines() {
    let (_, message) = refusal(|demo| {
        demo.containers[0].readiness = Some(Probe {
            check: Check::Http { port: 8080, path: "/\r\nX: y".to_owned(), headers: Default::default(), tls: false },
            initial_delay: 0.0,
            period: 1.0,
            timeout: 1.0,
            failures: 1,
            successes: None,
            grace: None,
        });
    });
    assert!(message.contains("line breaks"), "{message}");
}
