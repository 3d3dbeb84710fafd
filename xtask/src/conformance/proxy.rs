//! Stands between the program and the server, and answers in the server's place where the recording did.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use regex::Regex;
use serde_json::Value as Json;

use super::compare::Judge;
use super::deployments::Deployments;
use super::scenario::{Injection, Step};
use crate::replay::stand_in::{Arrived, read};
use crate::replay::wire;

/// A proxy on a port of its own; it ends with the process.
#[derive(Clone)]
pub struct Proxy {
    /// `host:port`.
    pub authority: String,
    injections: Arc<Mutex<Vec<(Regex, Injection, usize)>>>,
    deployments: Arc<Mutex<Deployments>>,
}

impl Proxy {
    /// Starts a proxy of the server at `authority`.
    pub fn start(server: &str) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let proxy = Self {
            authority: listener.local_addr()?.to_string(),
            injections: Arc::default(),
            deployments: Arc::default(),
        };
        let (this, server) = (proxy.clone(), server.to_owned());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (this, server) = (this.clone(), server.clone());
                std::thread::spawn(move || this.serve(stream, &server));
            }
        });
        Ok(proxy)
    }

    /// Sets the answers that the server does not give in the next call.
    pub fn prepare(&self, step: &Step, judge: Judge) -> anyhow::Result<()> {
        let mut prepared = Vec::new();
        for injection in &step.inject {
            prepared.push((Regex::new(&injection.pattern)?, injection.clone(), 0));
        }
        *self.injections.lock().expect("no holder of the lock panics") = prepared;
        *self.deployments.lock().expect("no holder of the lock panics") = Deployments::of(step, judge);
        Ok(())
    }

    fn serve(&self, mut stream: TcpStream, server: &str) {
        let mut bytes = Vec::new();
        while let Some(request) = read(&mut stream, &mut bytes) {
            let answer = match self.injected(&request).or_else(|| self.deployed(&request)) {
                Some(answer) => answer,
                None => match pass(server, &request) {
                    Ok(answer) => answer,
                    Err(_) => return,
                },
            };
            let is_last = request
                .headers
                .iter()
                .any(|(name, value)| name.eq_ignore_ascii_case("connection") && value.eq_ignore_ascii_case("close"));
            // Who wants the connection closed reads until it is.
            if stream.write_all(&answer).is_err() || is_last {
                return;
            }
        }
    }

    fn injected(&self, request: &Arrived) -> Option<Vec<u8>> {
        let line = format!("{} {}", request.method, request.path);
        let mut injections = self.injections.lock().expect("no holder of the lock panics");
        let fits = |(pattern, injection, used): &&mut (Regex, Injection, usize)| {
            pattern.is_match(&line) && injection.times.is_none_or(|times| *used < times)
        };
        let (_, injection, used) = injections.iter_mut().find(fits)?;
        *used += 1;
        Some(self.write_out(injection))
    }

    fn deployed(&self, request: &Arrived) -> Option<Vec<u8>> {
        let answer = self.deployments.lock().expect("no holder of the lock panics").answer(request)?;
        Some(self.write_out(&answer))
    }

    fn write_out(&self, injection: &Injection) -> Vec<u8> {
        let base = format!("http://{}", self.authority);
        let fill = |text: &str| text.replace("{base}", &base);
        let (body, kind) = match &injection.body {
            Json::Null => (String::new(), None),
            Json::String(text) => (fill(text), Some("text/plain")),
            // With the blanks that the recorder's JSON has.
            json => (fill(&spaced(json)), Some("application/json")),
        };
        let mut headers: Vec<(String, String)> = Vec::new();
        for (name, value) in injection.headers.iter().flatten() {
            headers.push((name.clone(), fill(value.as_str().unwrap_or_default())));
        }
        if let Some(kind) = kind.filter(|_| !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")))
        {
            headers.push(("Content-Type".into(), kind.into()));
        }
        render(injection.status, &headers, &body)
    }
}

/// Writes JSON with a blank after each comma and colon.
fn spaced(value: &Json) -> String {
    match value {
        Json::Object(members) => {
            let members: Vec<String> = members
                .iter()
                .map(|(name, value)| format!("{}: {}", Json::from(name.as_str()), spaced(value)))
                .collect();
            format!("{{{}}}", members.join(", "))
        }
        Json::Array(items) => format!("[{}]", items.iter().map(spaced).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}

fn pass(server: &str, request: &Arrived) -> anyhow::Result<Vec<u8>> {
    const OF_CONNECTION: [&str; 3] = ["connection", "content-length", "accept-encoding"];
    let is_of_connection = |name: &str| OF_CONNECTION.iter().any(|own| own.eq_ignore_ascii_case(name));
    let headers: Vec<_> = request.headers.iter().filter(|(name, _)| !is_of_connection(name)).cloned().collect();
    let body = Some(request.body.as_bytes()).filter(|body| !body.is_empty());
    let answer = wire::send(server, &request.method, &request.path, &headers, body)?;
    let mut headers = answer.headers;
    headers.retain(|(name, _)| !matches!(name.as_str(), "connection" | "content-length" | "transfer-encoding"));
    Ok(render(answer.status, &headers, &answer.body))
}

/// The words that go with a status; the recorded program prints them.
fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        409 => "Conflict",
        412 => "Precondition Failed",
        413 => "Request Entity Too Large",
        415 => "Unsupported Media Type",
        418 => "I'm a teapot",
        422 => "Unprocessable Entity",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Status",
    }
}

fn render(status: u16, headers: &[(String, String)], body: &str) -> Vec<u8> {
    let mut text = format!("HTTP/1.1 {status} {}\r\n", reason(status));
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    if !matches!(status, 204 | 304) {
        text.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    text.push_str("\r\n");
    if !matches!(status, 204 | 304) {
        text.push_str(body);
    }
    text.into_bytes()
}
