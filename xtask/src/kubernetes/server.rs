//! Servers of ours that deploy to the cluster.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use camino::Utf8Path;

use crate::ports::free_address;
use crate::replay::wire;

/// A server of ours that ends with this value.
pub struct Server {
    child: Child,
    /// `host:port`.
    pub authority: String,
}

impl Server {
    /// Starts `rad serve` with an empty database on a cluster.
    ///
    /// # Errors
    /// When it cannot be started, or is not ready in time.
    pub fn start(rad: &Utf8Path, kubeconfig: &Utf8Path) -> anyhow::Result<Self> {
        let authority = free_address()?;
        let all = ["serve", "--database", ":memory:", "--listen", &authority, "--kubeconfig", kubeconfig.as_str()];
        Self::run(rad.as_str(), &all, authority.clone(), &[])
    }

    /// Starts `rad serve` on a database that outlives it.
    ///
    /// # Errors
    /// When it cannot be started, or is not ready in time.
    pub fn on_database(rad: &Utf8Path, database: &Utf8Path, arguments: &[String]) -> anyhow::Result<Self> {
        let authority = free_address()?;
        let mut all = vec!["serve", "--database", database.as_str(), "--listen", &authority];
        all.extend(arguments.iter().map(String::as_str));
        Self::run(rad.as_str(), &all, authority.clone(), &[])
    }

    /// Runs a program that serves at `authority`, and waits until it does.
    ///
    /// # Errors
    /// When it cannot be started, or is not ready in time.
    pub fn run(
        program: &str,
        arguments: &[&str],
        authority: String,
        variables: &[(&str, &str)],
    ) -> anyhow::Result<Self> {
        let child = Command::new(program)
            .args(arguments)
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start `{program}`"))?;
        let mut server = Self { child, authority };
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

impl Drop for Server {
    fn drop(&mut self) {
        // A server that ended by itself needs no killing.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
