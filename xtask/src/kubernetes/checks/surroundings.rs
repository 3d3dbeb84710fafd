//! Namespaces, users, contexts, and programs that end.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use camino::Utf8Path;
use serde_json::{Value as Json, json};

use super::{CONTAINERS, IMAGE};
use crate::kubernetes::Verdict;
use crate::kubernetes::server::Server;
use crate::kubernetes::site::Site;
use crate::ports::free_address;

pub fn nothing_is_left(site: &Site<'_>) -> anyhow::Result<Verdict> {
    let store = json!({ "type": "generic", "data": { "a": { "value": "1" } } });
    site.piece("Applications.Core/secretStores", "store", store)?.succeeds()?;
    let container = json!({ "image": IMAGE, "ports": { "web": { "containerPort": 80 } } });
    for name in ["one", "two"] {
        site.container(name, container.clone(), json!({}))?.succeeds()?;
    }
    let gateway = json!({
        "hostname": { "fullyQualifiedHostname": "left.example.com" },
        "routes": [{ "path": "/", "destination": "http://one:80" }],
    });
    site.piece("Applications.Core/gateways", "gate", gateway)?.succeeds()?;
    ensure!(site.left()?.len() >= 13, "too little was made: {:?}", site.left()?);
    let all = [
        ("Applications.Core/gateways", "gate"),
        (CONTAINERS, "one"),
        (CONTAINERS, "two"),
        ("Applications.Core/secretStores", "store"),
        ("Applications.Core/applications", "app"),
        ("Applications.Core/environments", "env"),
    ];
    for (kind, name) in all {
        site.delete(kind, name)?.succeeds()?;
    }
    ensure!(site.left()?.is_empty(), "{:?} is left", site.left()?);
    Ok(Verdict::Held)
}

pub fn namespace_gone(site: &Site<'_>) -> anyhow::Result<Verdict> {
    site.container("web", json!({ "image": IMAGE }), json!({}))?.succeeds()?;
    let namespace = site.application_namespace();
    site.stage.cluster.clear(|name| name == namespace)?;
    site.container("web", json!({ "image": IMAGE }), json!({}))?.succeeds()?;
    site.object("apps/v1/deployments/web")?;
    site.stage.cluster.clear(|name| name == namespace)?;
    // What is gone with its namespace needs no deleting.
    site.delete(CONTAINERS, "web")?.succeeds()?;
    Ok(Verdict::Held)
}

pub fn without_rights(site: &Site<'_>) -> anyhow::Result<Verdict> {
    if site.stage.plane.is_none() {
        return Ok(Verdict::Skipped("the cluster's users are not ours".to_owned()));
    }
    let outcome = site
        .on(&site.authority, &json!({ "context": "stranger" }))
        .and_then(|other| other.container("web", json!({ "image": IMAGE }), json!({})));
    match outcome {
        Ok(outcome) => outcome.fails_with(&["forbidden", "nobody"])?,
        // The environment's namespace is made early, and that is refused already.
        Err(error) => ensure!(format!("{error:#}").contains("forbidden"), "{error:#}"),
    }
    Ok(Verdict::Held)
}

pub fn contexts(site: &Site<'_>) -> anyhow::Result<Verdict> {
    if site.stage.plane.is_none() {
        return Ok(Verdict::Skipped("the kubeconfig's contexts are not ours".to_owned()));
    }
    site.on(&site.authority, &json!({ "context": "main" }))?
        .container("web", json!({ "image": IMAGE }), json!({}))?
        .succeeds()?;
    let absent = site.on(&site.authority, &json!({ "context": "nowhere" }))?;
    absent.container("other", json!({ "image": IMAGE }), json!({}))?.fails_with(&["nowhere"])?;
    Ok(Verdict::Held)
}

pub fn two_applications(site: &Site<'_>) -> anyhow::Result<Verdict> {
    let environment = site.id("Applications.Core/environments", "env");
    let in_namespace = |namespace: String| {
        let own = json!([{ "kind": "kubernetesNamespace", "namespace": namespace }]);
        json!({ "environment": environment, "extensions": own })
    };
    let taken = in_namespace(site.application_namespace());
    site.put("Applications.Core/applications", "second", taken)?.fails_with(&["same namespace"])?;
    let free = in_namespace(format!("{}-second", site.namespace));
    site.put("Applications.Core/applications", "second", free)?.succeeds()?;
    site.container("one", json!({ "image": IMAGE }), json!({}))?.succeeds()?;
    let application = site.id("Applications.Core/applications", "second");
    let properties = json!({ "application": application, "container": { "image": IMAGE } });
    site.put(CONTAINERS, "one2", properties)?.succeeds()?;
    ensure!(site.find("apps/v1/deployments/one2")?.is_none(), "it stands in the other application's namespace");
    site.delete(CONTAINERS, "one")?.succeeds()?;
    site.delete(CONTAINERS, "one2")?.succeeds()?;
    Ok(Verdict::Held)
}

fn properties(site: &Site<'_>, image: &str) -> Json {
    json!({
        "application": site.id("Applications.Core/applications", "app"),
        "container": { "image": image, "ports": { "web": { "containerPort": 80 } } },
    })
}

pub fn many_at_once(site: &Site<'_>) -> anyhow::Result<Verdict> {
    let mut answers = Vec::new();
    for number in 0..20 {
        answers.push(site.begin(CONTAINERS, &format!("many{number}"), properties(site, IMAGE))?);
    }
    for answer in &answers {
        site.end_of(answer)?.succeeds()?;
    }
    for number in 0..20 {
        site.delete(CONTAINERS, &format!("many{number}"))?.succeeds()?;
    }
    ensure!(site.left()?.is_empty(), "{:?} is left", site.left()?);
    Ok(Verdict::Held)
}

/// Waits until a Deployment is there.
fn await_deployment(site: &Site<'_>, name: &str) -> anyhow::Result<()> {
    let patience = Instant::now() + Duration::from_secs(20);
    while site.find(&format!("apps/v1/deployments/{name}"))?.is_none() {
        ensure!(Instant::now() < patience, "the Deployment `{name}` was not applied within 20 s");
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

pub fn api_server_restarts(site: &Site<'_>) -> anyhow::Result<Verdict> {
    let Some(plane) = &site.stage.plane else {
        return Ok(Verdict::Skipped("the control plane is not ours to stop".to_owned()));
    };
    site.pods("held", json!({ "waiting": { "reason": "ContainerCreating" } }));
    let answer = site.begin(CONTAINERS, "held", properties(site, IMAGE))?;
    await_deployment(site, "held")?;
    {
        let mut plane = plane.lock().expect("no holder of the lock panics");
        plane.stop_api_server();
        std::thread::sleep(Duration::from_secs(3));
        plane.start_api_server()?;
    }
    site.stage.cluster.wait_until_ready()?;
    site.pods("held", Json::Null);
    site.end_of(&answer)?.succeeds()?;
    Ok(Verdict::Held)
}

/// Starts a server on a database of its own that outlives it.
fn start_on(site: &Site<'_>, database: &Utf8Path) -> anyhow::Result<Server> {
    let arguments =
        ["--kubeconfig".to_owned(), site.stage.kubeconfig.to_string(), "--lease".to_owned(), "2".to_owned()];
    Server::on_database(&site.stage.rad, database, &arguments)
}

pub fn server_killed(site: &Site<'_>) -> anyhow::Result<Verdict> {
    let folder = std::env::temp_dir().join(format!("radii-kubernetes-killed-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let database = camino::Utf8PathBuf::try_from(folder.join("state.db"))?;
    let first = start_on(site, &database)?;
    let there = site.on(&first.authority, &json!({}))?;
    site.pods("killed", json!({ "waiting": { "reason": "ContainerCreating" } }));
    there.begin(CONTAINERS, "killed", properties(&there, IMAGE))?;
    await_deployment(site, "killed")?;
    drop(first);
    let second = start_on(site, &database)?;
    site.pods("killed", Json::Null);
    let again = site.on(&second.authority, &json!({}))?;
    let patience = Instant::now() + Duration::from_secs(40);
    loop {
        let state = again.get(CONTAINERS, "killed")?["properties"]["provisioningState"].clone();
        if state == "Succeeded" {
            break;
        }
        ensure!(state != "Failed" && Instant::now() < patience, "the container is {state}");
        std::thread::sleep(Duration::from_millis(100));
    }
    again.delete(CONTAINERS, "killed")?.succeeds()?;
    drop(second);
    std::fs::remove_dir_all(&folder)?;
    ensure!(site.left()?.is_empty(), "{:?} is left", site.left()?);
    Ok(Verdict::Held)
}

pub fn cluster_away(site: &Site<'_>) -> anyhow::Result<Verdict> {
    let folder = std::env::temp_dir().join(format!("radii-kubernetes-away-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let path = camino::Utf8PathBuf::try_from(folder.join("kubeconfig"))?;
    let kubeconfig = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "away",
        "clusters": [{ "name": "away", "cluster": { "server": format!("http://{}", free_address()?) } }],
        "users": [{ "name": "away", "user": {} }],
        "contexts": [{ "name": "away", "context": { "cluster": "away", "user": "away" } }],
    });
    std::fs::write(&path, kubeconfig.to_string())?;
    let server = Server::start(&site.stage.rad, &path)?;
    let there = site.on(&server.authority, &json!({}))?;
    there
        .container("web", json!({ "image": IMAGE }), json!({}))?
        .fails_with(&["PlatformUnavailable", "cannot reach"])?;
    there.get("Applications.Core/environments", "env")?;
    std::fs::remove_dir_all(&folder)?;
    Ok(Verdict::Held)
}

/// Waits for the token of a service account that may do everything.
fn account_token(site: &Site<'_>) -> anyhow::Result<String> {
    let api = &site.stage.cluster.api;
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": { "name": "radii-check" },
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin" },
        "subjects": [{ "kind": "ServiceAccount", "name": "web", "namespace": site.application_namespace() }],
    });
    let path = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings";
    api.delete(&format!("{path}/radii-check"))?;
    api.write("POST", path, "application/json", &binding)?;
    let request = json!({ "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": { "audiences": ["https://kubernetes.default.svc"] } });
    let path = format!("/api/v1/namespaces/{}/serviceaccounts/web/token", site.application_namespace());
    let answer = api.write("POST", &path, "application/json", &request)?;
    Ok(answer["status"]["token"].as_str().context("a token")?.to_owned())
}

pub fn in_cluster(site: &Site<'_>) -> anyhow::Result<Verdict> {
    let Some(plane) = &site.stage.plane else {
        return Ok(Verdict::Skipped("the API server's address and certificate are not known".to_owned()));
    };
    let isolates = Command::new("unshare").args(["-m", "mount", "-t", "tmpfs", "tmpfs", "/run"]).output();
    if !isolates.is_ok_and(|output| output.status.success()) {
        return Ok(Verdict::Skipped("`unshare -m` is not allowed here".to_owned()));
    }
    site.container("web", json!({ "image": IMAGE }), json!({}))?.succeeds()?;
    let token = account_token(site)?;
    let (port, certificate) = {
        let plane = plane.lock().expect("no holder of the lock panics");
        (plane.port().to_string(), plane.folder().join("certificates/apiserver.crt"))
    };
    let folder = plane.lock().expect("no holder of the lock panics").folder().to_owned();
    std::fs::write(folder.join("token"), token)?;
    // A pod finds its account in a folder that this machine does not have: a mount that only the server sees.
    let script = format!(
        "mount -t tmpfs tmpfs /run && d=/run/secrets/kubernetes.io/serviceaccount && mkdir -p $d && \
         cp {folder}/token $d/token && cp {certificate} $d/ca.crt && printf {} > $d/namespace && exec \"$@\"",
        site.application_namespace()
    );
    let authority = free_address()?;
    let rad = site.stage.rad.as_str();
    let arguments = ["-m", "sh", "-c", &script, "sh", rad, "serve", "--database", ":memory:", "--listen", &authority];
    let variables = [
        ("KUBERNETES_SERVICE_HOST", "127.0.0.1"),
        ("KUBERNETES_SERVICE_PORT", &port),
        ("KUBECONFIG", "/nonexistent"),
        ("HOME", "/nonexistent"),
    ];
    let server = Server::run("unshare", &arguments, authority.clone(), &variables)?;
    let there = site.on(&server.authority, &json!({}))?;
    there.container("inside", json!({ "image": IMAGE }), json!({}))?.succeeds()?;
    site.object("apps/v1/deployments/inside")?;
    there.delete(CONTAINERS, "inside")?.succeeds()?;
    Ok(Verdict::Held)
}
