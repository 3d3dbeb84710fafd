//! What goes wrong with Terraform itself: it hangs, floods, is killed, prints secrets, or finds its module gone.

use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use radii_runtime::store::State;
use serde_json::json;
use tempfile::TempDir;

use crate::server::{Server, failure, modules};
use crate::terraform::{DB, MODULE, entry, has};

/// A module that runs a command of the shell, whose parent is Terraform.
fn running(command: &str) -> String {
    let command = command.replace('\\', "\\\\").replace('"', "\\\"");
    format!(
        "variable \"context\" {{ type = any }}\nresource \"terraform_data\" \"r\" {{\n  provisioner \"local-exec\" {{\n    \
         command = \"{command}\"\n  }}\n}}\n"
    )
}

/// A server with the module `m`, and the folder that the module lies in.
async fn server(module: &str) -> (Server, TempDir) {
    let folder = modules(&[("m/main.tf", module)]);
    let server = Server::new(folder.path()).await;
    server.bind(entry("./m", json!({})), json!({})).await;
    (server, folder)
}

/// What was wrong with the module is mended; the resource is made then, and deleted without a trace.
async fn mend(server: &Server, folder: &Path) {
    std::fs::create_dir_all(folder.join("m")).unwrap();
    std::fs::write(folder.join("m/main.tf"), MODULE).unwrap();
    assert_eq!(server.settle(DB, json!({})).await.error, None);
    assert_eq!(server.states().await.len(), 1);
    assert_eq!(server.delete(DB).await.error, None);
    assert!(server.stored(DB).await.is_none() && server.states().await.is_empty());
}

#[tokio::test]
async fn a_terraform_that_hangs_and_hears_no_interrupt_is_killed() {
    if !has("terraform", "a_terraform_that_hangs_and_hears_no_interrupt_is_killed") {
        return;
    }
    let folder = modules(&[]);
    let pid = folder.path().join("pid");
    std::fs::create_dir(folder.path().join("m")).unwrap();
    let stop = running(&format!("echo $PPID > {}; kill -STOP $PPID; sleep 1000", pid.display()));
    std::fs::write(folder.path().join("m/main.tf"), stop).unwrap();
    let driver = crate::terraform::driver().reading_from(Some(folder.path().to_owned()));
    // The farewell of a process that was stopped is never heard. On a slow machine a command before the last is
    // given up instead, which says the same.
    let hasty = driver.clone().with_limit(Duration::from_secs(6)).with_farewell(Duration::from_millis(100));
    let server = Server::with(vec![Arc::new(hasty)]).await;
    server.bind(entry("./m", json!({})), json!({})).await;
    let (code, message) = failure(&server.settle(DB, json!({})).await);
    assert_eq!(code, "RecipeDeploymentFailed");
    assert!(message.ends_with("did not end within 6 s and was stopped"), "{message}");
    let Ok(pid) = std::fs::read_to_string(pid) else {
        eprintln!("SKIPPED in part: the machine was too slow for the module to run, so that nothing had to be killed");
        return;
    };
    // One that is dead but not buried yet works nowhere.
    assert!(std::fs::read_link(format!("/proc/{}/cwd", pid.trim())).is_err(), "terraform still runs");
    assert_eq!(server.delete(DB).await.error, None);
    assert!(server.stored(DB).await.is_none() && server.states().await.is_empty());
}

#[tokio::test]
async fn a_flood_of_a_hundred_megabytes_takes_no_memory() {
    if !has("terraform", "a_flood_of_a_hundred_megabytes_takes_no_memory") {
        return;
    }
    // Other tests take memory beside this one, so that it is measured in a process of its own.
    if std::env::var_os(ALONE).is_none() {
        let name = "terraform_faults::a_flood_of_a_hundred_megabytes_takes_no_memory";
        let mut again = Command::new(std::env::current_exe().unwrap());
        let ended = again.args(["--exact", name, "--nocapture"]).env(ALONE, "1").output().unwrap();
        let said = [ended.stdout, ended.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        println!("{}", said.lines().find(|line| line.starts_with("100 MB")).unwrap_or_default());
        assert!(ended.status.success(), "{said}");
        return;
    }
    let flood = "for end in 1 2; do head -c 50000000 /dev/zero | tr '\\0' x > /proc/$PPID/fd/$end; done; exit 3";
    let (server, folder) = server(&running(flood)).await;
    let before = most_memory();
    let (code, message) = failure(&server.settle(DB, json!({})).await);
    let taken = most_memory().saturating_sub(before);
    println!("100 MB of output took {taken} kB of memory");
    assert_eq!(code, "RecipeDeploymentFailed");
    assert!(message.len() < 100_000, "the error has {} bytes", message.len());
    assert!(taken < 20_000, "{taken} kB were kept");
    mend(&server, folder.path()).await;
}

/// Set for the process that measures.
const ALONE: &str = "RADII_TEST_FLOOD_ALONE";

/// The most memory that this process ever had, in kB.
fn most_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}

#[tokio::test]
async fn a_terraform_that_somebody_killed_is_named_with_the_signal() {
    if !has("terraform", "a_terraform_that_somebody_killed_is_named_with_the_signal") {
        return;
    }
    let (server, folder) = server(&running("kill -9 $PPID")).await;
    let (code, message) = failure(&server.settle(DB, json!({})).await);
    assert_eq!(code, "RecipeDeploymentFailed");
    assert!(message.starts_with("terraform apply failure: signal: 9 (SIGKILL)"), "{message}");
    // The lock that it held keeps nobody out.
    mend(&server, folder.path()).await;
}

/// What is logged in this process.
#[derive(Clone, Default)]
struct Logged(Arc<Mutex<Vec<u8>>>);

impl Write for Logged {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_secret_that_a_module_prints_is_in_nothing_that_is_shown_or_logged() {
    if !has("terraform", "a_secret_that_a_module_prints_is_in_nothing_that_is_shown_or_logged") {
        return;
    }
    let logged = Logged::default();
    let writer = logged.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_max_level(tracing::Level::DEBUG)
        .with_writer(move || writer.clone())
        .finish();
    // Not for this thread alone: what another thread logs first, without a subscriber, would never be asked for again.
    tracing::subscriber::set_global_default(subscriber).expect("nothing else in this process collects logs");
    // A module may say that it wants to show it.
    let password = "${nonsensitive(var.context.resource.properties.password)}";
    let said = format!("echo said {password}; echo 'and {password}' >&2; exit 3");
    let (server, _folder) = server(&running(&said)).await;
    let planted = "correct-horse-battery-staple";
    let operation = server.settle(DB, json!({ "password": planted })).await;
    let (_, message) = failure(&operation);
    assert!(message.contains("(sensitive value)") && !message.contains(planted), "{message}");
    let logged = String::from_utf8(logged.0.lock().unwrap().clone()).unwrap();
    assert!(logged.contains("said (sensitive value)"), "what the module says is not logged any more: {logged}");
    assert!(!logged.contains(planted), "{logged}");
    let record = server.stored(DB).await.unwrap();
    let mut shown = serde_json::to_string(&record.properties).unwrap();
    shown.push_str(&serde_json::to_string(&operation.error).unwrap());
    assert!(!shown.contains(planted), "{shown}");
}

#[tokio::test]
async fn a_module_that_vanished_fails_the_update_and_leaves_what_there_is() {
    if !has("terraform", "a_module_that_vanished_fails_the_update_and_leaves_what_there_is") {
        return;
    }
    let (server, folder) = server(MODULE).await;
    assert_eq!(server.settle(DB, json!({})).await.error, None);
    let before = server.states().await;
    std::fs::remove_dir_all(folder.path().join("m")).unwrap();
    let (code, message) = failure(&server.settle(DB, json!({ "note": "second" })).await);
    assert_eq!(code, "RecipeDownloadFailed");
    assert!(message.contains("./m"), "{message}");
    assert_eq!(server.states().await, before);
    assert_eq!(server.stored(DB).await.unwrap().state, State::Failed);
    mend(&server, folder.path()).await;
}
