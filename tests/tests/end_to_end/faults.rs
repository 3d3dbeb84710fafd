//! What goes wrong around a server: a full disk, clients that dawdle or say nothing, a thousand that watch.
//!
//! `RADII_FAULTS=full` asks for as much as the machine allows in the place of a short slice. Figures are printed.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value as Json, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::api::Api;
use crate::program::Server;

const VERSION: &str = "2025-01-01";
const GROUP: &str = "/planes/radius/local/resourcegroups/faults";
/// Nothing of these tests takes longer unless it never comes.
const PATIENCE: Duration = Duration::from_secs(60);

fn is_full() -> bool {
    std::env::var("RADII_FAULTS").is_ok_and(|value| value == "full")
}

fn path(number: usize) -> String {
    format!("{GROUP}/providers/Test.Kill/inerts/r{number}")
}

fn body(text: &str) -> Json {
    json!({ "location": "global", "properties": { "round": text } })
}

async fn prepare(api: &Api) {
    api.register("inerts", VERSION, &["ManualResourceProvisioning"]).await;
    api.put(GROUP, "2023-10-01-preview", &json!({ "location": "global" })).await;
}

/// A file system of its own that is soon full; unmounted when dropped.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount(size: &str) -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", size, "tmpfs"]).arg(folder.path()).output();
        match mounted {
            Ok(output) if output.status.success() => Ok(Self(folder)),
            Ok(output) => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
            Err(error) => Err(format!("`mount` does not run: {error}")),
        }
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.0.path()).output();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_loses_nothing_and_space_brings_the_server_back() {
    let disk = match SmallDisk::mount("size=8m") {
        Ok(disk) => disk,
        Err(reason) => return eprintln!("SKIPPED: a small file system cannot be mounted here: {reason}"),
    };
    // Space that can be given back.
    let ballast = disk.path().join("ballast");
    std::fs::write(&ballast, vec![0; 2 << 20]).expect("there is room for it");
    let database = disk.path().join("radii.db");
    let logs = tempfile::tempdir().expect("a folder can be made");
    let start = || Server::start_on(database.as_os_str(), &logs.path().join("log"), &["--lease", "1"].map(OsStr::new));
    let mut server = start();
    let api = Api::new(&server.url);
    prepare(&api).await;
    let text = "x".repeat(20_000);
    let (acknowledged, refused) = fill(&api, &text).await;
    assert!(api.find(&path(acknowledged[0]), VERSION).await.is_some(), "what is there can be read while nothing fits");
    std::fs::remove_file(&ballast).expect("it was made");
    let begun = Instant::now();
    loop {
        let answer = api.send(Method::PUT, &path(100_000), VERSION, Some(&body("again"))).await;
        if matches!(answer.expect("it is answered").status, 200 | 201) {
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "it never writes again");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let recovered = begun.elapsed();
    server.kill();
    let server = start();
    let api = Api::new(&server.url);
    for number in &acknowledged {
        let found = api.find(&path(*number), VERSION).await.expect("what was acknowledged is there");
        assert_eq!(found["properties"]["round"].as_str().map(str::len), Some(text.len()));
    }
    eprintln!(
        "full disk: {} acknowledged, 0 lost, {refused} refused; writes again {recovered:.1?} after there was space",
        acknowledged.len()
    );
}

/// Creates resources until the disk is full: which were acknowledged, and how many were refused.
async fn fill(api: &Api, text: &str) -> (Vec<usize>, usize) {
    let (mut acknowledged, mut refused) = (Vec::new(), 0);
    for number in 0..10_000 {
        let answer = api.send(Method::PUT, &path(number), VERSION, Some(&body(text))).await.expect("it is answered");
        match answer.status {
            200 | 201 => acknowledged.push(number),
            503 => {
                assert_eq!(answer.body["error"]["code"], "ServiceUnavailable", "{answer:?}");
                refused += 1;
            }
            _ => panic!("PUT was answered with {answer:?}"),
        }
        if refused == 3 {
            return (acknowledged, refused);
        }
    }
    panic!("the disk never fills");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_dawdle_or_say_nothing_keep_nobody_waiting() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let server = Server::start(&folder.path().join("radii.db"));
    let api = Api::new(&server.url);
    prepare(&api).await;
    let address = server.url.trim_start_matches("http://").to_owned();
    let wanted = if is_full() { 10_000 } else { 400 };
    let (mut idle, mut limit) = (Vec::new(), String::new());
    for number in 0..wanted {
        match TcpStream::connect(&address).await {
            Ok(mut stream) => {
                // Every fourth begins a request and never ends it: in its head, or in its body.
                let begun: &[u8] = match number % 8 {
                    0 => b"GET /apis/api.ucp.dev/v1alpha3/planes HTTP/1.1\r\nhost: h\r\nx-slow: ",
                    4 => b"PUT /apis/api.ucp.dev/v1alpha3/planes/radius/x HTTP/1.1\r\nhost: h\r\ncontent-length: 9\r\n\r\n{",
                    _ => b"",
                };
                let _ = stream.write_all(begun).await;
                idle.push(stream);
            }
            Err(error) => {
                limit = format!(", which is what the machine allows ({error})");
                break;
            }
        }
    }
    let mut times = Vec::new();
    for number in 0..50 {
        let begun = Instant::now();
        api.put(&path(number), VERSION, &body("between")).await;
        assert!(api.find(&path(number), VERSION).await.is_some());
        times.push(begun.elapsed());
    }
    times.sort();
    eprintln!(
        "{} connections that ask for nothing{limit}; PUT and GET beside them: median {:.1?}, slowest {:.1?}",
        idle.len(),
        times[times.len() / 2],
        times[times.len() - 1]
    );
    assert!(idle.len() > 200, "this machine allows next to no connections");
    drop(idle);
    api.put(&path(1_000), VERSION, &body("after")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_watcher_learns_of_every_change_and_none_slows_the_others() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let server = Server::start(&folder.path().join("radii.db"));
    let api = Api::new(&server.url);
    prepare(&api).await;
    let address = server.url.trim_start_matches("http://").to_owned();
    let (watchers, changes) = if is_full() { (1_000, 50) } else { (100, 5) };
    // These ask for everything and never read an answer.
    let mut deaf = Vec::new();
    for _ in 0..watchers / 10 {
        deaf.push(watch(&address).await);
    }
    let mut followers = JoinSet::new();
    for _ in 0..watchers {
        let mut lines = BufReader::new(watch(&address).await).lines();
        // The head of the answer: the watch has begun.
        while lines.next_line().await.expect("the watch goes on").is_some_and(|line| !line.is_empty()) {}
        followers.spawn(async move {
            let last = path(changes - 1);
            while let Some(line) = lines.next_line().await.expect("the watch goes on") {
                if line.contains(&last) {
                    return;
                }
            }
            panic!("the watch ended");
        });
    }
    let begun = Instant::now();
    for number in 0..changes {
        api.put(&path(number), VERSION, &body("watched")).await;
    }
    let written = begun.elapsed();
    let all = async { while followers.join_next().await.is_some_and(|ended| ended.is_ok()) {} };
    timeout(PATIENCE, all).await.expect("every watcher learns of the last change");
    assert!(followers.is_empty(), "every watch went on");
    eprintln!(
        "{watchers} watchers, {} more that never read: {changes} changes written in {written:.1?}, known to all after \
         {:.1?}",
        deaf.len(),
        begun.elapsed()
    );
}

/// Opens a watch that begins now.
async fn watch(address: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.expect("the server takes connections");
    let request = "GET /apis/api.ucp.dev/v1alpha3/watch?since=now HTTP/1.1\r\nhost: localhost\r\n\r\n";
    stream.write_all(request.as_bytes()).await.expect("the server takes requests");
    stream
}
