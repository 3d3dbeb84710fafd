//! Plain calls of a real API server, through `kubectl proxy`.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use anyhow::{Context, bail};
use camino::Utf8Path;
use serde_json::Value as Json;

use crate::replay::wire;

/// Media type of merge patches.
pub const MERGE_PATCH: &str = "application/merge-patch+json";

/// An API server; clones share one proxy, which ends with the last of them.
#[derive(Clone)]
pub struct Api {
    authority: String,
    _proxy: Arc<Proxy>,
}

/// A process of `kubectl proxy`, which knows of certificates and tokens.
struct Proxy {
    child: Mutex<Child>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let mut child = self.child.lock().expect("no holder of the lock panics");
        // One that ended by itself needs no killing.
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// An answer of an API server.
pub struct Answered {
    /// HTTP status.
    pub status: u16,
    /// The body.
    pub body: String,
}

impl Answered {
    /// Returns the body as JSON; null when it is something else.
    pub fn json(&self) -> Json {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// Whether the API server did what was asked.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

impl Api {
    /// Returns the API server of a kubeconfig's current context.
    ///
    /// # Errors
    /// When `kubectl` is not there, or cannot read the file.
    pub fn connect(kubeconfig: &Utf8Path) -> anyhow::Result<Self> {
        let mut child = Command::new("kubectl")
            .args(["proxy", "--port=0", "--kubeconfig", kubeconfig.as_str()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("`kubectl` reaches the API server; install it")?;
        let mut line = String::new();
        let out = child.stdout.take().context("its output is piped")?;
        BufReader::new(out).read_line(&mut line)?;
        let Some(authority) = line.trim().rsplit(' ').next().filter(|text| text.contains(':')) else {
            bail!("`kubectl proxy` cannot serve the cluster of `{kubeconfig}`");
        };
        let authority = authority.to_owned();
        Ok(Self { authority, _proxy: Arc::new(Proxy { child: Mutex::new(child) }) })
    }

    /// Sends one request; whatever the API server answers is no error.
    ///
    /// # Errors
    /// When the proxy does not answer.
    pub fn send(&self, method: &str, path: &str, kind: &str, body: Option<&Json>) -> anyhow::Result<Answered> {
        let headers = if kind.is_empty() { vec![] } else { vec![("content-type".to_owned(), kind.to_owned())] };
        let bytes = body.map(|body| body.to_string().into_bytes());
        let answer = wire::send(&self.authority, method, path, &headers, bytes.as_deref())?;
        Ok(Answered { status: answer.status, body: answer.body })
    }

    /// Reads JSON.
    ///
    /// # Errors
    /// When it cannot be reached, or refuses.
    pub fn get(&self, path: &str) -> anyhow::Result<Json> {
        let answer = self.send("GET", path, "", None)?;
        anyhow::ensure!(answer.is_success(), "GET {path}: {}", answer.body);
        Ok(answer.json())
    }

    /// Sends JSON.
    ///
    /// # Errors
    /// When it cannot be reached, or refuses.
    pub fn write(&self, method: &str, path: &str, kind: &str, body: &Json) -> anyhow::Result<Json> {
        let answer = self.send(method, path, kind, Some(body))?;
        anyhow::ensure!(answer.is_success(), "{method} {path}: {}", answer.body);
        Ok(answer.json())
    }

    /// Removes an object; one that is not there is no error.
    ///
    /// # Errors
    /// When it cannot be reached.
    pub fn delete(&self, path: &str) -> anyhow::Result<()> {
        self.send("DELETE", path, "", None).map(drop)
    }
}
