//! Pods that run on real nodes, from an image with BusyBox in it.

use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use serde_json::{Value as Json, json};

use super::{CONTAINERS, Check};
use crate::kubernetes::Verdict;
use crate::kubernetes::site::{Site, holds};

const COMPUTE: &str = "Radius.Compute/containers";
/// How long something that runs may take to show what it does.
const PATIENCE: Duration = Duration::from_secs(60);

/// The checks that need nodes.
pub const ALL: &[Check] = &[
    Check { name: "a container serves behind its service", run: serves },
    Check { name: "connections and secrets arrive as variables", run: variables },
    Check { name: "an init container prepares what the other one reads", run: shared_volume },
    Check { name: "an update replaces the pods, and the service never rests", run: rolls },
    Check { name: "three replicas are three pods", run: replicas },
    Check { name: "a container that crashes fails with the node's words", run: crashes },
    Check { name: "an image that nobody has fails with the node's words", run: unknown_image },
    Check { name: "a command that the image lacks fails with the node's words", run: unknown_command },
    Check { name: "`rad resource logs` shows what pods say", run: logs },
    Check { name: "deleting leaves no pod", run: nothing_is_left },
];

/// What every container here is made of; `script` runs in its shell. Without a cluster's names a pod asks its node.
fn shell(site: &Site<'_>, script: &str) -> Json {
    let image = site.stage.image.as_deref().unwrap_or_default();
    json!({ "image": image, "imagePullPolicy": "IfNotPresent", "command": ["/bin/busybox"], "args": ["sh", "-c", script] })
}

fn own_names() -> Json {
    json!({ "runtimes": { "kubernetes": { "pod": { "dnsPolicy": "Default", "terminationGracePeriodSeconds": 1 } } } })
}

/// A container that serves a page with `text` on it.
fn server(site: &Site<'_>, text: &str) -> Json {
    let script = format!("mkdir -p /srv && echo {text} > /srv/page && exec /bin/busybox httpd -f -p 8080 -h /srv");
    let mut container = shell(site, &script.replace("mkdir", "/bin/busybox mkdir"));
    container["ports"] = json!({ "web": { "containerPort": 8080 } });
    container["readinessProbe"] =
        json!({ "kind": "httpGet", "containerPort": 8080, "path": "/page", "periodSeconds": 1 });
    container
}

fn serve(site: &Site<'_>, name: &str, text: &str) -> anyhow::Result<()> {
    site.container(name, server(site, text), own_names())?.succeeds()
}

/// The page that a service shows, from inside the cluster's network.
fn page(site: &Site<'_>, service: &str) -> anyhow::Result<String> {
    let service = site.object(&format!("v1/services/{service}"))?;
    let address = service["spec"]["clusterIP"].as_str().context("the service has an address")?;
    let mut stream = std::net::TcpStream::connect_timeout(&format!("{address}:8080").parse()?, Duration::from_secs(5))?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    std::io::Write::write_all(&mut stream, b"GET /page HTTP/1.0\r\n\r\n")?;
    let mut answer = String::new();
    std::io::Read::read_to_string(&mut stream, &mut answer)?;
    let (_, page) = answer.split_once("\r\n\r\n").with_context(|| format!("no page, but {answer:?}"))?;
    ensure!(!page.is_empty(), "an empty page: {answer:?}");
    Ok(page.trim().to_owned())
}

/// Waits until a service shows `wanted`: the network learns of its pods a moment after they are ready.
fn await_page(site: &Site<'_>, service: &str, wanted: &str) -> anyhow::Result<()> {
    let patience = Instant::now() + PATIENCE;
    loop {
        let seen = page(site, service);
        if seen.as_ref().is_ok_and(|page| page == wanted) {
            return Ok(());
        }
        if Instant::now() > patience {
            bail!("`{service}` does not show `{wanted}`, but {seen:?}");
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn pods(site: &Site<'_>, resource: &str) -> anyhow::Result<Vec<Json>> {
    let path = format!(
        "/api/v1/namespaces/{}/pods?labelSelector=radapp.io%2Fresource%3D{resource}",
        site.application_namespace()
    );
    Ok(site.stage.cluster.api.get(&path)?["items"].as_array().cloned().unwrap_or_default())
}

/// Waits until a container's pod has said `wanted`.
fn await_words(site: &Site<'_>, resource: &str, wanted: &[&str]) -> anyhow::Result<()> {
    let patience = Instant::now() + PATIENCE;
    loop {
        let mut said = String::new();
        for pod in pods(site, resource)? {
            let name = pod["metadata"]["name"].as_str().unwrap_or_default();
            let path = format!("/api/v1/namespaces/{}/pods/{name}/log", site.application_namespace());
            said += &site.stage.cluster.api.send("GET", &path, "", None)?.body;
        }
        let Some(missing) = wanted.iter().find(|words| !said.contains(**words)) else { return Ok(()) };
        if Instant::now() > patience {
            bail!("`{resource}` did not say `{missing}`, but: {said}");
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

fn serves(site: &Site<'_>) -> anyhow::Result<Verdict> {
    serve(site, "web", "welcome")?;
    await_page(site, "web", "welcome")?;
    Ok(Verdict::Held)
}

fn variables(site: &Site<'_>) -> anyhow::Result<Verdict> {
    serve(site, "web", "welcome")?;
    let store = json!({ "type": "generic", "data": { "password": { "value": "hunter2" } } });
    site.piece("Applications.Core/secretStores", "store", store)?.succeeds()?;
    let mut client = shell(site, "/bin/busybox env | /bin/busybox sort; /bin/busybox sleep 3600");
    let source = site.id("Applications.Core/secretStores", "store");
    client["env"] = json!({
        "LEVEL": { "value": "info" },
        "PASSWORD": { "valueFrom": { "secretRef": { "source": source, "key": "password" } } },
    });
    let mut more = own_names();
    more["connections"] = json!({ "web": { "source": "http://web:8080" } });
    site.container("client", client, more)?.succeeds()?;
    await_words(
        site,
        "client",
        &["LEVEL=info", "PASSWORD=hunter2", "CONNECTION_WEB_HOSTNAME=web", "CONNECTION_WEB_PORT=8080"],
    )?;
    let deployment = site.object("apps/v1/deployments/client")?.to_string();
    ensure!(!deployment.contains("hunter2"), "the secret stands in the deployment");
    Ok(Verdict::Held)
}

fn shared_volume(site: &Site<'_>) -> anyhow::Result<Verdict> {
    let image = site.stage.image.as_deref().unwrap_or_default();
    let mount = json!([{ "volumeName": "work", "mountPath": "/shared" }]);
    let one = |script: &str, is_init: bool| {
        json!({
            "image": image, "command": ["/bin/busybox"], "args": ["sh", "-c", script], "volumeMounts": mount,
            "initContainer": is_init,
        })
    };
    let properties = json!({
        "containers": {
            "prepare": one("echo prepared > /shared/note", true),
            "main": one("/bin/busybox cat /shared/note; exec /bin/busybox sleep 3600", false),
        },
        "volumes": { "work": { "emptyDir": {} } },
    });
    site.piece(COMPUTE, "pair", properties)?.succeeds()?;
    await_words(site, "pair", &["prepared"])?;
    site.delete(COMPUTE, "pair")?.succeeds()?;
    Ok(Verdict::Held)
}

fn rolls(site: &Site<'_>) -> anyhow::Result<Verdict> {
    serve(site, "web", "first")?;
    await_page(site, "web", "first")?;
    let before = pods(site, "web")?;
    let ended = AtomicBool::new(false);
    let (updated, asked) = std::thread::scope(|scope| {
        let asker = scope.spawn(|| {
            let (mut all, mut refused) = (0, 0);
            while !ended.load(Ordering::Relaxed) {
                all += 1;
                refused += usize::from(page(site, "web").is_err());
                std::thread::sleep(Duration::from_millis(20));
            }
            (all, refused)
        });
        let updated = serve(site, "web", "second");
        ended.store(true, Ordering::Relaxed);
        (updated, asker.join())
    });
    updated?;
    await_page(site, "web", "second")?;
    let (all, refused) = asked.map_err(|_| anyhow::anyhow!("the asker panicked"))?;
    // A pod that ends is still asked until every node knows: nobody drains it.
    ensure!(refused * 5 <= all, "{refused} of {all} requests found nobody during the update");
    let kept = pods(site, "web")?
        .iter()
        .filter(|pod| {
            before.iter().any(|old| {
                old["metadata"]["uid"] == pod["metadata"]["uid"] && pod["metadata"].get("deletionTimestamp").is_none()
            })
        })
        .count();
    ensure!(kept == 0, "{kept} pods are the old ones");
    Ok(Verdict::Held)
}

fn replicas(site: &Site<'_>) -> anyhow::Result<Verdict> {
    let mut more = own_names();
    more["extensions"] = json!([{ "kind": "manualScaling", "replicas": 3 }]);
    site.container("web", server(site, "welcome"), more)?.succeeds()?;
    let running = pods(site, "web")?.iter().filter(|pod| pod["status"]["phase"] == "Running").count();
    ensure!(running == 3, "{running} pods run");
    Ok(Verdict::Held)
}

fn crashes(site: &Site<'_>) -> anyhow::Result<Verdict> {
    // Nobody calls it ready in the instant before it ends.
    let mut container = shell(site, "echo no database; exit 3");
    container["readinessProbe"] = json!({ "kind": "tcp", "containerPort": 8080, "periodSeconds": 1 });
    let outcome = site.container("crashing", container, own_names())?;
    ensure!(
        ["CrashLoopBackOff", "Terminated"].iter().any(|word| outcome.error.contains(word)),
        "the error does not say that it crashed: {}",
        outcome.error
    );
    outcome.fails_with(&["exit code 3"])?;
    holds(&site.get(CONTAINERS, "crashing")?["properties"], &json!({ "provisioningState": "Failed" }))?;
    site.delete(CONTAINERS, "crashing")?.succeeds()?;
    Ok(Verdict::Held)
}

fn unknown_image(site: &Site<'_>) -> anyhow::Result<Verdict> {
    let mut container = shell(site, "true");
    container["image"] = json!("127.0.0.1:1/nobody/has:1");
    let outcome = site.container("unknown", container, own_names())?;
    ensure!(
        ["ErrImagePull", "ImagePullBackOff"].iter().any(|word| outcome.error.contains(word)),
        "the error does not say that the image is missing: {}",
        outcome.error
    );
    outcome.fails_with(&["127.0.0.1:1/nobody/has:1"])?;
    Ok(Verdict::Held)
}

fn unknown_command(site: &Site<'_>) -> anyhow::Result<Verdict> {
    let mut container = shell(site, "true");
    container["command"] = json!(["/no/such/program"]);
    site.container("commandless", container, own_names())?.fails_with(&["/no/such/program"])?;
    Ok(Verdict::Held)
}

fn logs(site: &Site<'_>) -> anyhow::Result<Verdict> {
    site.container("talker", shell(site, "echo hello from the pod; exec /bin/busybox sleep 3600"), own_names())?
        .succeeds()?;
    await_words(site, "talker", &["hello from the pod"])?;
    let id = site.id(CONTAINERS, "talker");
    let group = id.split('/').nth(5).unwrap_or_default();
    let output = Command::new(&site.stage.rad)
        .args(["resource", "logs", CONTAINERS, "talker", "--group", group])
        .env("RADII_URL", format!("http://{}", site.authority))
        .env("KUBECONFIG", &site.stage.kubeconfig)
        .output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(
        output.status.success() && said.contains("hello from the pod"),
        "it said {said:?} and {:?}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(Verdict::Held)
}

fn nothing_is_left(site: &Site<'_>) -> anyhow::Result<Verdict> {
    serve(site, "web", "welcome")?;
    site.delete(CONTAINERS, "web")?.succeeds()?;
    let left = pods(site, "web")?;
    ensure!(left.is_empty(), "{} pods are left", left.len());
    ensure!(site.left()?.is_empty(), "{:?} is left", site.left()?);
    Ok(Verdict::Held)
}
