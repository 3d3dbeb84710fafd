//! Against a real engine. Skipped, with the reason, where none answers at `RADII_TEST_DOCKER_HOST` or `DOCKER_HOST`.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bollard::query_parameters::RemoveVolumeOptions;
use radii_platform_docker::{DockerPlatform, Engine};
use radii_runtime::Fault;
use radii_runtime::platform::{
    Check, Container, EnvValue, Health, Mount, Object, Observed, Platform, Probe, Protocol, Pull, Restart, Target,
    Volume, Workload,
};
use serde_json::json;

use crate::fixture::{self, port, shell, target, web};

/// An engine with a namespace of its own; what a test applied is removed at its end.
struct Bench {
    platform: DockerPlatform,
    target: Target,
}

impl Bench {
    /// Returns `None`, and says why, when no engine answers.
    async fn new() -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let variable = |name| std::env::var(name).ok().filter(|value: &String| !value.is_empty());
        let Some(address) = variable("RADII_TEST_DOCKER_HOST").or_else(|| variable("DOCKER_HOST")) else {
            eprintln!(
                "skipped: neither RADII_TEST_DOCKER_HOST nor DOCKER_HOST is set; `tests/engine/start` starts an engine"
            );
            return None;
        };
        let engine = Engine::at(address);
        match engine.greet().await {
            Ok(greeting) => eprintln!("engine: {greeting}"),
            Err(fault) => {
                eprintln!("skipped: {fault}");
                return None;
            }
        }
        let namespace = format!("t{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let platform = DockerPlatform::new(engine).ready_within(Duration::from_secs(20));
        Some(Self { platform, target: target(&namespace) })
    }

    async fn apply_all(&self, objects: &[Object]) -> Result<Observed, Fault> {
        let mut last = None;
        for object in objects {
            let observed = self.platform.apply(&self.target, object).await?;
            if observed.health == Health::Failed {
                return Ok(observed);
            }
            last = Some(observed);
        }
        Ok(last.expect("a workload has objects"))
    }

    async fn deploy(&self, workload: &Workload) -> Result<Observed, Fault> {
        self.apply_all(&self.platform.render(&self.target, workload)?).await
    }

    async fn remove(&self, workload: &Workload) {
        let objects = self.platform.render(&self.target, workload).unwrap();
        for object in objects.iter().rev() {
            self.platform.delete(&object.reference).await.unwrap();
        }
        for object in objects.iter().filter(|object| object.reference.kind == "container") {
            assert_eq!(self.platform.observe(&object.reference).await.unwrap().health, Health::Absent);
        }
    }

    /// Returns the engine's id of a container.
    async fn id(&self, name: &str) -> String {
        let client = self.platform.engine().client().await.unwrap();
        let name = format!("{}-{name}", self.target.namespace);
        client.inspect_container(&name, None).await.unwrap().id.unwrap()
    }
}

/// A workload whose containers end at once when they are told to: the engine's small init passes the signal on.
fn workload(name: &str, container: Container) -> Workload {
    let mut workload = fixture::workload(name, container);
    workload.punch_through.insert("hostConfig".to_owned(), json!({ "Init": true }));
    workload
}

/// GETs a path of a published endpoint; returns status line and body.
fn get(endpoint: &str, path: &str) -> String {
    let address = endpoint.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.0\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn probe(check: Check) -> Probe {
    Probe { check, initial_delay: 0.0, period: 0.5, timeout: 2.0, failures: 2, successes: None, grace: None }
}

#[tokio::test]
async fn a_container_serves_on_its_endpoint_and_is_gone_after_delete() {
    let Some(bench) = Bench::new().await else { return };
    let mut web = web("web");
    web.readiness = Some(probe(Check::Http {
        port: 8080,
        path: "/index.html".to_owned(),
        headers: Default::default(),
        tls: false,
    }));
    let web = workload("web", web);

    let observed = bench.deploy(&web).await.unwrap();
    assert_eq!(observed.health, Health::Ready, "{}", observed.message);
    assert!(get(&observed.endpoints["web"], "/").contains("hello"));
    let seen = bench.platform.observe(&bench.platform.render(&bench.target, &web).unwrap()[1].reference).await.unwrap();
    assert_eq!((seen.health, &seen.endpoints), (Health::Ready, &observed.endpoints));

    bench.remove(&web).await;
    bench.remove(&web).await;
}

#[tokio::test]
async fn an_unchanged_container_is_kept_and_a_changed_one_made_anew() {
    let Some(bench) = Bench::new().await else { return };
    let mut web = workload("web", web("web"));
    bench.deploy(&web).await.unwrap();
    let first = bench.id("web").await;
    bench.deploy(&web).await.unwrap();
    assert_eq!(bench.id("web").await, first);

    web.containers[0].env.push(("A".to_owned(), EnvValue::Plain("1".to_owned())));
    bench.deploy(&web).await.unwrap();
    assert_ne!(bench.id("web").await, first);
    bench.remove(&web).await;
}

#[tokio::test]
async fn a_container_that_was_stopped_by_hand_is_started_again() {
    let Some(bench) = Bench::new().await else { return };
    let calm = workload("calm", shell("calm", "trap 'exit 0' TERM; while true; do sleep 1 & wait $!; done"));
    bench.deploy(&calm).await.unwrap();
    let first = bench.id("calm").await;
    bench.platform.engine().client().await.unwrap().stop_container(&first, None).await.unwrap();
    let observed = bench.deploy(&calm).await.unwrap();
    assert_eq!(observed.health, Health::Ready, "{}", observed.message);
    assert_eq!(bench.id("calm").await, first);
    bench.remove(&calm).await;
}

#[tokio::test]
async fn variables_volumes_init_containers_and_sidecars_work_together() {
    let Some(bench) = Bench::new().await else { return };
    let mount = |read_only| Mount { volume: "pages".to_owned(), path: "/pages".to_owned(), read_only };
    let mut init = shell("write", "echo \"$WHO from init\" > /pages/init.txt");
    init.init = true;
    init.env = vec![("WHO".to_owned(), EnvValue::Secret("greetings".to_owned()))];
    init.mounts = vec![mount(false)];
    let mut sidecar = shell("side", "wget -q -O /pages/side.txt http://127.0.0.1:8080/init.txt; sleep 1000");
    sidecar.mounts = vec![mount(false)];
    sidecar.readiness = Some(probe(Check::Exec { command: vec!["cat".to_owned(), "/pages/side.txt".to_owned()] }));
    let mut main = web("web");
    main.command = ["/bin/httpd", "-f", "-p", "8080", "-h", "/pages"].map(str::to_owned).to_vec();
    main.mounts = vec![mount(true)];
    let mut pod = workload("web", main);
    pod.containers.extend([init, sidecar]);
    pod.volumes.insert("pages".to_owned(), Volume::Ephemeral { memory: false });

    let observed = bench.deploy(&pod).await.unwrap();
    assert_eq!(observed.health, Health::Ready, "{}", observed.message);
    let main = &bench.platform.render(&bench.target, &pod).unwrap()[3].reference;
    let endpoint = bench.platform.observe(main).await.unwrap().endpoints["web"].clone();
    assert!(get(&endpoint, "/side.txt").contains("greetings from init"));

    // The main container goes although the sidecar hangs on it, and both come back.
    pod.containers[0].env.push(("A".to_owned(), EnvValue::Plain("1".to_owned())));
    assert_eq!(bench.deploy(&pod).await.unwrap().health, Health::Ready);
    bench.remove(&pod).await;
}

#[tokio::test]
async fn siblings_reach_each_other_by_resource_name() {
    let Some(bench) = Bench::new().await else { return };
    let server = workload("server", web("server"));
    bench.deploy(&server).await.unwrap();
    let mut client = workload("client", shell("client", "until wget -q -O - http://server:8080/; do sleep 0.2; done"));
    client.restart = Restart::Never;
    let observed = bench.deploy(&client).await.unwrap();
    assert_eq!(observed.health, Health::Ready, "{}", observed.message);
    bench.remove(&client).await;
    // The network stayed while the server used it.
    assert_eq!(bench.deploy(&server).await.unwrap().health, Health::Ready);
    bench.remove(&server).await;
}

#[tokio::test]
async fn a_container_that_ends_is_reported_with_its_output_but_without_its_secrets() {
    let Some(bench) = Bench::new().await else { return };
    let mut broken = workload("broken", shell("broken", "echo cannot log in with $PASSWORD; exit 3"));
    broken.containers[0].env = vec![("PASSWORD".to_owned(), EnvValue::Secret("s3cret".to_owned()))];
    broken.restart = Restart::Never;
    let observed = bench.deploy(&broken).await.unwrap();
    assert_eq!(observed.health, Health::Failed);
    assert!(observed.message.contains("ended with code 3"), "{}", observed.message);
    assert!(observed.message.contains("cannot log in with ***"), "{}", observed.message);

    broken.restart = Restart::Always;
    let observed = bench.deploy(&broken).await.unwrap();
    assert_eq!(observed.health, Health::Failed);
    assert!(observed.message.contains("keeps ending"), "{}", observed.message);
    bench.remove(&broken).await;
}

#[tokio::test]
async fn a_probe_that_never_succeeds_fails_the_container_in_time() {
    let Some(mut bench) = Bench::new().await else { return };
    bench.platform = bench.platform.ready_within(Duration::from_secs(2));
    let mut web = web("web");
    web.readiness = Some(probe(Check::Tcp { port: 9999 }));
    let web = workload("web", web);
    let observed = bench.deploy(&web).await.unwrap();
    assert_eq!(observed.health, Health::Failed);
    assert!(observed.message.contains("is not ready"), "{}", observed.message);
    bench.remove(&web).await;
}

#[tokio::test]
async fn a_missing_image_is_explained_by_pull_policy() {
    let Some(bench) = Bench::new().await else { return };
    let missing = |pull| {
        let container = Container { pull, image: "localhost/radii/none:1".to_owned(), ..Container::default() };
        workload("missing", container)
    };
    let fault = bench.deploy(&missing(Pull::Never)).await.unwrap_err();
    assert!(fault.message.contains("localhost/radii/none:1") && fault.message.contains("`Never`"), "{fault}");
    let fault = bench.deploy(&missing(Pull::IfNotPresent)).await.unwrap_err();
    assert!(fault.message.contains("load the image"), "{fault}");
    bench.remove(&missing(Pull::Never)).await;
}

#[tokio::test]
async fn a_taken_host_port_is_explained() {
    let Some(bench) = Bench::new().await else { return };
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = listener.local_addr().unwrap().port();
    let mut web = workload("web", web("web"));
    web.punch_through.insert("publish".to_owned(), json!({ "web": taken }));
    let fault = bench.deploy(&web).await.unwrap_err();
    assert!(fault.message.contains("in use") && fault.message.contains("runtimes.docker.publish"), "{fault}");
    bench.remove(&web).await;
}

#[tokio::test]
async fn a_foreign_container_of_the_same_name_is_neither_replaced_nor_removed() {
    let Some(bench) = Bench::new().await else { return };
    let mine = workload("web", web("web"));
    bench.deploy(&mine).await.unwrap();
    let first = bench.id("web").await;
    let mut other = mine.clone();
    other.resource.id = other.resource.id.replace("Applications.Core", "Radius.Compute");
    let fault = bench.deploy(&other).await.unwrap_err();
    assert!(fault.message.contains("applications.core/containers/web"), "{fault}");
    assert_eq!(bench.id("web").await, first);
    bench.remove(&mine).await;
}

#[tokio::test]
async fn a_recipes_objects_are_applied_and_what_is_retained_survives() {
    let Some(bench) = Bench::new().await else { return };
    let bodies = [
        json!({ "kind": "volume", "name": "db-data", "retain": true }),
        json!({
            "kind": "container", "name": "db-1", "aliases": ["db"], "ports": { "web": 8080 }, "publish": true,
            "mounts": [{ "volume": "db-data", "path": "/data" }],
            "readiness": { "httpGet": { "port": 8080 }, "periodSeconds": 0.5 },
            "create": { "Image": "localhost/radii/bb:1", "HostConfig": { "Init": true } },
        }),
    ];
    let objects: Vec<Object> =
        bodies.into_iter().map(|body| bench.platform.adopt(&bench.target, body).unwrap()).collect();
    let observed = bench.apply_all(&objects).await.unwrap();
    assert_eq!(observed.health, Health::Ready, "{}", observed.message);
    assert!(get(&observed.endpoints["web"], "/").contains("hello"));
    for object in objects.iter().rev() {
        bench.platform.delete(&object.reference).await.unwrap();
    }
    assert_eq!(bench.platform.observe(&objects[1].reference).await.unwrap().health, Health::Absent);
    assert_eq!(bench.platform.observe(&objects[0].reference).await.unwrap().health, Health::Ready);
    let client = bench.platform.engine().client().await.unwrap();
    client.remove_volume(&format!("{}-db-data", bench.target.namespace), None::<RemoveVolumeOptions>).await.unwrap();
    // The network went with its last container.
    let network = &bench.platform.render(&bench.target, &workload("x", web("x"))).unwrap()[0];
    assert_eq!(bench.platform.observe(&network.reference).await.unwrap().health, Health::Absent);
}

#[tokio::test]
async fn udp_ports_are_published_as_udp() {
    let Some(bench) = Bench::new().await else { return };
    let mut echo = shell("echo", "sleep 1000");
    echo.ports = vec![port("dns", 5353, Protocol::Udp)];
    let echo = workload("echo", echo);
    let observed = bench.deploy(&echo).await.unwrap();
    assert!(observed.endpoints["dns"].starts_with("udp://127.0.0.1:"), "{:?}", observed.endpoints);
    bench.remove(&echo).await;
}
