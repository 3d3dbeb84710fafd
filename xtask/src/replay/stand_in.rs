//! The service that recorded locations have as their address: it answers as the recorded one did, and
//! keeps what it was asked.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Context;
use serde_json::Value as Json;

/// A request that arrived, or that was recorded to arrive; texts are filled in.
#[derive(Clone, Debug, Default)]
pub struct Arrived {
    /// The method.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Headers as they came.
    pub headers: Vec<(String, String)>,
    /// The body's text.
    pub body: String,
}

/// An answer that is waiting for its request.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The method that it belongs to.
    pub method: String,
    /// Path and query that it belongs to.
    pub path: String,
    /// Status; 0 hangs up.
    pub status: u16,
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// JSON, raw text, or nothing.
    pub body: Json,
}

/// What the recorder's service took its time for, so that operations could be seen in progress.
const SLOW: &str = "/slow/";
/// How long it takes here.
const DELAY: Duration = Duration::from_millis(1500);

#[derive(Default)]
struct Script {
    prepared: Vec<Prepared>,
    arrived: Vec<Arrived>,
}

/// A service on a port of its own; it ends with the process.
#[derive(Clone)]
pub struct StandIn {
    /// `host:port`.
    pub authority: String,
    script: Arc<Mutex<Script>>,
}

impl StandIn {
    /// Starts a service that knows nothing yet.
    pub fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").context("the stand-in finds no free port")?;
        let stand_in = Self { authority: listener.local_addr()?.to_string(), script: Arc::default() };
        let script = Arc::clone(&stand_in.script);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let script = Arc::clone(&script);
                std::thread::spawn(move || serve(stream, &script));
            }
        });
        Ok(stand_in)
    }

    /// Prepares the answers of one step, and forgets those of the one before.
    pub fn prepare(&self, prepared: Vec<Prepared>) {
        *self.script.lock().expect("no holder of the lock panics") = Script { prepared, arrived: Vec::new() };
    }

    /// Returns what arrived since the step was prepared.
    pub fn arrived(&self) -> Vec<Arrived> {
        self.script.lock().expect("no holder of the lock panics").arrived.clone()
    }
}

fn serve(mut stream: TcpStream, script: &Mutex<Script>) {
    let _ = stream.set_read_timeout(Some(Duration::from_secs(60)));
    let mut bytes = Vec::new();
    while let Some(request) = read(&mut stream, &mut bytes) {
        let is_head = request.method == "HEAD";
        let is_last = request
            .headers
            .iter()
            .any(|(name, value)| name.eq_ignore_ascii_case("connection") && value.eq_ignore_ascii_case("close"));
        if request.path.contains(SLOW) {
            std::thread::sleep(DELAY);
        }
        let answer = script.lock().expect("no holder of the lock panics").answer(request);
        if answer.status == 0 || stream.write_all(&render(&answer, is_head)).is_err() || is_last {
            return;
        }
    }
}

impl Script {
    /// Returns the answer of a request: each prepared one once, then the last one of its kind.
    fn answer(&mut self, request: Arrived) -> Prepared {
        let fits = |prepared: &Prepared| prepared.method == request.method && prepared.path == request.path;
        let asked = self.arrived.iter().filter(|other| other.method == request.method && other.path == request.path);
        let at = asked.count();
        let fitting: Vec<&Prepared> = self.prepared.iter().filter(|prepared| fits(prepared)).collect();
        let found = fitting.get(at).or(fitting.last()).map(|prepared| (*prepared).clone());
        let answer = found.unwrap_or_else(|| Prepared {
            method: request.method.clone(),
            path: request.path.clone(),
            status: 404,
            headers: Vec::new(),
            body: serde_json::json!({ "error": { "code": "NotFound", "message": "the recording has no such request" } }),
        });
        self.arrived.push(request);
        answer
    }
}

/// Reads the next request of a connection; `None` at its end.
pub fn read(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Option<Arrived> {
    loop {
        if let Some((request, length)) = parse(bytes) {
            bytes.drain(..length);
            return Some(request);
        }
        let mut chunk = [0; 8192];
        match stream.read(&mut chunk) {
            Ok(0) | Err(_) => return None,
            Ok(read) => bytes.extend_from_slice(&chunk[..read]),
        }
    }
}

/// Reads one request with its body, if it is there as a whole; also says how many bytes it has.
fn parse(bytes: &[u8]) -> Option<(Arrived, usize)> {
    let mut slots = [httparse::EMPTY_HEADER; 64];
    let mut head = httparse::Request::new(&mut slots);
    let httparse::Status::Complete(start) = head.parse(bytes).ok()? else { return None };
    let headers: Vec<(String, String)> = head
        .headers
        .iter()
        .map(|header| (header.name.to_owned(), String::from_utf8_lossy(header.value).into_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let end = start + length.and_then(|(_, value)| value.parse::<usize>().ok()).unwrap_or(0);
    let body = String::from_utf8_lossy(bytes.get(start..end)?).into_owned();
    let (method, path) = (head.method?.to_owned(), head.path?.to_owned());
    Some((Arrived { method, path, headers, body }, end))
}

fn render(answer: &Prepared, is_head: bool) -> Vec<u8> {
    let (body, kind) = match &answer.body {
        Json::Null => (String::new(), None),
        Json::String(text) => (text.clone(), None),
        json => (json.to_string(), Some("application/json")),
    };
    // These never have a body, whatever the recorder's own server tried to send.
    let has_body = !is_head && !matches!(answer.status, 204 | 304);
    let mut text = format!("HTTP/1.1 {} Recorded\r\n", answer.status);
    let is_given = |name: &str| answer.headers.iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
    if let Some(kind) = kind.filter(|_| !is_given("content-type")) {
        text.push_str(&format!("Content-Type: {kind}\r\n"));
    }
    for (name, value) in &answer.headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    if has_body {
        text.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    text.push_str("\r\n");
    if has_body {
        text.push_str(&body);
    }
    text.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::super::wire;
    use super::*;

    #[test]
    fn it_answers_as_prepared_and_keeps_what_it_was_asked() {
        let stand_in = StandIn::start().unwrap();
        let answer = |status| Prepared {
            method: "PUT".into(),
            path: "/a?b=c".into(),
            status,
            headers: vec![("X-Test".into(), "yes".into())],
            body: serde_json::json!({ "ok": true }),
        };
        stand_in.prepare(vec![answer(201), answer(200)]);
        let put = || wire::send(&stand_in.authority, "PUT", "/a?b=c", &[], Some(b"x")).unwrap();
        let first = put();
        assert_eq!((first.status, first.header("x-test"), first.body.as_str()), (201, Some("yes"), r#"{"ok":true}"#));
        assert_eq!([put().status, put().status], [200, 200]);
        assert_eq!(wire::send(&stand_in.authority, "GET", "/a?b=c", &[], None).unwrap().status, 404);
        let arrived = stand_in.arrived();
        assert_eq!((arrived.len(), arrived[0].body.as_str()), (4, "x"));
    }
}
