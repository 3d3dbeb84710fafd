//! Changes that meet a Terraform at work: they are told to come again, or interrupt it.

use radii_runtime::store::{OperationId, State};
use serde_json::json;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::server::{Server, accepted, id, modules};
use crate::terraform::{DB, entry, has};

/// A module whose second resource says that it is being made and then takes for ever.
fn slow_module(folder: &std::path::Path) -> String {
    let started = folder.join("started");
    format!(
        "variable \"context\" {{ type = any }}\nresource \"terraform_data\" \"quick\" {{ input = 1 }}\n\
         resource \"terraform_data\" \"slow\" {{\n  depends_on = [terraform_data.quick]\n  \
         provisioner \"local-exec\" {{ command = \"touch {} && sleep 1000\" }}\n}}\n",
        started.display()
    )
}

/// Waits until the slow module is at it. Terraform stores its state only now and then while it works, so the state
/// itself does not tell.
async fn wait_for(file: &std::path::Path) {
    while !file.exists() {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

fn run_workers(server: &Server) -> (CancellationToken, JoinHandle<()>) {
    let (host, stop) = (server.state.host.clone(), CancellationToken::new());
    let options = radii_runtime::worker::Options::default();
    (stop.clone(), tokio::spawn(radii_runtime::worker::run(host, options, stop)))
}

/// A server whose workers execute a module that waits.
struct Slow {
    server: Server,
    creation: OperationId,
    stop: CancellationToken,
    workers: JoinHandle<()>,
    /// Holds the module as long as it may run.
    _folder: tempfile::TempDir,
}

impl Slow {
    /// Returns when the module has begun to wait.
    async fn start() -> Self {
        let folder = modules(&[]);
        std::fs::create_dir(folder.path().join("m")).unwrap();
        std::fs::write(folder.path().join("m/main.tf"), slow_module(folder.path())).unwrap();
        let server = Server::new(folder.path()).await;
        server.bind(entry("./m", json!({})), json!({})).await;
        let environment = id("Radius.Core/environments/env").to_string();
        let creation = server.begin(DB, json!({ "environment": environment })).await;
        let (stop, workers) = run_workers(&server);
        wait_for(&folder.path().join("started")).await;
        Self { server, creation, stop, workers, _folder: folder }
    }
}

#[tokio::test]
async fn a_second_change_waits_for_nobody_and_is_told_to_come_again() {
    if !has("terraform", "a_second_change_waits_for_nobody_and_is_told_to_come_again") {
        return;
    }
    let Slow { server, stop, workers, .. } = Slow::start().await;
    let environment = id("Radius.Core/environments/env").to_string();
    let fault = server.put(DB, json!({ "environment": environment, "note": "second" })).await.unwrap_err();
    assert_eq!((fault.status, fault.code.as_str()), (409, "Conflict"));
    stop.cancel();
    workers.await.unwrap();
    assert_eq!(server.properties(DB).await.get("note"), None);
}

#[tokio::test]
async fn a_server_that_stops_interrupts_terraform_and_its_state_is_not_lost() {
    if !has("terraform", "a_server_that_stops_interrupts_terraform_and_its_state_is_not_lost") {
        return;
    }
    let Slow { server, stop, workers, .. } = Slow::start().await;
    stop.cancel();
    workers.await.unwrap();
    let state = server.states().await.remove(0);
    assert!(state.contains("quick") && state.contains("tainted"), "what was interrupted is marked: {state}");
    let deletion = accepted(server.ask_to_delete(DB, true).await);
    server.work().await;
    assert_eq!(server.operation(deletion).await.state, State::Succeeded);
    assert!(server.states().await.is_empty());
}

#[tokio::test]
async fn a_forced_deletion_interrupts_terraform_and_its_state_is_not_lost() {
    if !has("terraform", "a_forced_deletion_interrupts_terraform_and_its_state_is_not_lost") {
        return;
    }
    let Slow { server, stop, workers, creation, .. } = Slow::start().await;
    let deletion = accepted(server.ask_to_delete(DB, true).await);
    while !server.operation(deletion).await.state.is_terminal() {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    stop.cancel();
    workers.await.unwrap();
    assert!(server.operation(creation).await.state.is_terminal());
    assert_eq!(server.operation(deletion).await.state, State::Succeeded);
    assert!(server.stored(DB).await.is_none() && server.states().await.is_empty());
}
