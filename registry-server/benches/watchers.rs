//! A thousand clients follow the change feed of one server: what that costs, and how late the last one learns of a change.
//!
//! `cargo bench -p radii-registry-server --bench watchers [WATCHERS]` prints the figures; it judges nothing. Both ends of
//! every connection are files of this process: `ulimit -n` must allow more than twice as many.

#![expect(clippy::print_stdout, reason = "the figures are what this program is for")]

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use radii_registry_server::serve::{Database, Options, Server};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

const BASE: &str = "/apis/api.ucp.dev/v1alpha3";
const WATCHERS: usize = 1_000;
const CHANGES: usize = 50;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // Without `--bench` the program runs as a test: every path once, no figures worth reading.
    let usual = if arguments.iter().any(|argument| argument == "--bench") { WATCHERS } else { 10 };
    let asked = arguments.iter().find_map(|argument| argument.parse().ok());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime can be built");
    runtime.block_on(measure(asked.unwrap_or(usual)));
}

async fn measure(watchers: usize) {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let options = Options {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        database: Database::File(folder.path().join("radii.db")),
        ..Options::default()
    };
    let server = Server::start(options, Vec::new(), Vec::new()).await.expect("the server starts");
    let address = server.address();
    put(address, "first").await;
    let (memory, connected) = (resident(), Instant::now());
    let (seen, mut arrivals) = mpsc::unbounded_channel();
    for _ in 0..watchers {
        let stream = open(address).await;
        tokio::spawn(follow(stream, seen.clone()));
    }
    println!("{watchers} watches opened in {} ms", connected.elapsed().as_millis());
    println!("memory per watch, its client included: {:.1} KiB", (resident() - memory) / watchers as f64 / 1024.0);
    let (mut late, before) = (Vec::new(), processor());
    for change in 0..CHANGES {
        let begun = Instant::now();
        put(address, &format!("g{change}")).await;
        for _ in 0..watchers {
            arrivals.recv().await.expect("every watch goes on");
        }
        late.push(begun.elapsed());
    }
    late.sort();
    let of = |part: f64| late[((late.len() - 1) as f64 * part) as usize].as_secs_f64() * 1_000.0;
    println!("from the request until the last of {watchers} knows: p50 {:.1} ms, p99 {:.1} ms", of(0.5), of(0.99));
    let events = (CHANGES * watchers) as f64;
    println!(
        "processor time per event, its client included: {:.1} µs",
        (processor() - before).as_secs_f64() * 1e6 / events
    );
    server.stop().await.expect("the server stops");
}

async fn open(address: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.expect("the server accepts");
    let request =
        format!("GET {BASE}/watch?since=now&type=System.Resources/resourceGroups HTTP/1.1\r\nHost: radii\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("the request is sent");
    let mut head = Vec::new();
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        stream.read_buf(&mut head).await.expect("the answer begins");
    }
    stream
}

/// Tells of every event; it arrives in one piece here.
async fn follow(mut stream: TcpStream, seen: mpsc::UnboundedSender<()>) {
    let mut buffer = vec![0; 4 * 1024];
    while let Ok(read @ 1..) = stream.read(&mut buffer).await {
        let text = String::from_utf8_lossy(&buffer[..read]);
        for _ in 0..text.matches("event: added").count() {
            let _ = seen.send(());
        }
    }
}

async fn put(address: SocketAddr, name: &str) {
    let body = r#"{"location":"global"}"#;
    let mut stream = TcpStream::connect(address).await.expect("the server accepts");
    let request = format!(
        "PUT {BASE}/planes/radius/local/resourceGroups/{name}?api-version=2023-10-01-preview HTTP/1.1\r\nHost: radii\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.expect("the request is sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("the answer is read");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

/// Memory in use by this process, in bytes; 0 where the system does not tell.
fn resident() -> f64 {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    pages.split(' ').nth(1).and_then(|pages| pages.parse::<f64>().ok()).unwrap_or(0.0) * 4096.0
}

/// Processor time of this process; 0 where the system does not tell.
fn processor() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit_once(") ").map_or("", |(_, rest)| rest).split(' ').collect();
    let ticks = |at: usize| fields.get(at).and_then(|ticks| ticks.parse::<f64>().ok()).unwrap_or(0.0);
    Duration::from_secs_f64((ticks(11) + ticks(12)) / 100.0)
}
