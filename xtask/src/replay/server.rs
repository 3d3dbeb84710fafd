//! A fresh server for each scenario.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use camino::{Utf8Path, Utf8PathBuf};

use super::wire;

/// A server of ours that ends with this value.
pub struct Server {
    child: Child,
    /// `host:port`.
    pub authority: String,
    /// `host:port` of the Kubernetes API of its cluster in memory.
    pub cluster: String,
}

impl Server {
    /// Starts `rad serve` with an empty database on a free port.
    pub fn start(rad: &Utf8Path) -> anyhow::Result<Self> {
        let (authority, cluster) = (free_address()?, free_address()?);
        let memory = format!("memory={cluster}");
        let child = Command::new(rad)
            .args(["serve", "--database", ":memory:", "--listen", &authority, "--kubernetes", &memory])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start `{rad}`"))?;
        let mut server = Self { child, authority, cluster };
        server.wait()?;
        Ok(server)
    }

    fn wait(&mut self) -> anyhow::Result<()> {
        let patience = Instant::now() + Duration::from_secs(20);
        loop {
            if wire::send(&self.authority, "GET", "/readyz", &[], None).is_ok_and(|answer| answer.status == 200) {
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("the server ended with {status} before it was ready");
            }
            if Instant::now() > patience {
                bail!("the server is not ready after 20 s");
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

fn free_address() -> anyhow::Result<String> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
}

impl Drop for Server {
    fn drop(&mut self) {
        // The scenario is over; a server that ended by itself needs no killing.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Builds `rad` and returns the program's path.
pub fn build() -> anyhow::Result<Utf8PathBuf> {
    let status = Command::new("cargo").args(["build", "--quiet", "--package", "radii-cli"]).status()?;
    if !status.success() {
        bail!("`cargo build --package radii-cli` failed");
    }
    let own = Utf8PathBuf::try_from(std::env::current_exe()?)?;
    let folder = own.parent().context("a program lies in a folder")?;
    Ok(folder.join("rad"))
}
