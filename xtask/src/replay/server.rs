//! A fresh server for each scenario.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use camino::{Utf8Path, Utf8PathBuf};

use super::wire;
use crate::ports::free_address;

/// How often a server is started at most.
const ATTEMPTS: usize = 3;
/// How long the work of a server that was killed is waited for.
const LEASE: &str = "2";

/// What a scenario needs of its server.
#[derive(Clone, Debug, Default)]
pub struct Needs {
    /// It is killed and started again, or its cluster fails: database and cluster must be beside it.
    pub outage: bool,
    /// The program to run as Terraform.
    pub terraform: Option<PathBuf>,
}

/// A server of ours that ends with this value.
pub struct Server {
    process: Option<Child>,
    rad: Utf8PathBuf,
    arguments: Vec<String>,
    /// `host:port`.
    pub authority: String,
    /// `host:port` of the Kubernetes API of its cluster in memory.
    pub cluster: String,
    /// Database and kubeconfig, where they outlive the process.
    files: Option<tempfile::TempDir>,
    /// The server whose cluster in memory it deploys to.
    _beside: Option<Box<Server>>,
}

impl Server {
    /// Starts `rad serve` with an empty database on a free port.
    ///
    /// # Errors
    /// When it cannot be started or is not ready in time.
    pub fn start(rad: &Utf8Path, needs: &Needs) -> anyhow::Result<Self> {
        // Others may take a port between the moment it is found free and the moment it is listened on.
        for _ in 1..ATTEMPTS {
            if let Ok(server) = Self::try_start(rad, needs) {
                return Ok(server);
            }
        }
        Self::try_start(rad, needs)
    }

    fn try_start(rad: &Utf8Path, needs: &Needs) -> anyhow::Result<Self> {
        let authority = free_address()?;
        let mut arguments = vec!["serve".to_owned(), "--listen".to_owned(), authority.clone()];
        if let Some(program) = &needs.terraform {
            arguments.extend(["--terraform".to_owned(), program.display().to_string()]);
        }
        let mut server = if needs.outage {
            Self::beside_a_cluster(rad, authority, arguments)?
        } else {
            let cluster = free_address()?;
            arguments.extend(["--database", ":memory:", "--kubernetes"].map(str::to_owned));
            arguments.push(format!("memory={cluster}"));
            Self { process: None, rad: rad.to_owned(), arguments, authority, cluster, files: None, _beside: None }
        };
        server.spawn()?;
        Ok(server)
    }

    /// A server whose database and cluster outlive its process.
    fn beside_a_cluster(rad: &Utf8Path, authority: String, mut arguments: Vec<String>) -> anyhow::Result<Self> {
        let other = Box::new(Self::start(rad, &Needs::default())?);
        let folder = own_folder()?;
        let kubeconfig = folder.path().join("kubeconfig");
        let text = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: memory\n\
             clusters: [{{ name: memory, cluster: {{ server: 'http://{}' }} }}]\n\
             contexts: [{{ name: memory, context: {{ cluster: memory, user: nobody }} }}]\n\
             users: [{{ name: nobody, user: {{}} }}]\n",
            other.cluster
        );
        std::fs::write(&kubeconfig, text).context("cannot write the kubeconfig of a scenario")?;
        arguments.extend(lasting(&folder, &kubeconfig.display().to_string()));
        let cluster = other.cluster.clone();
        let (files, beside) = (Some(folder), Some(other));
        Ok(Self { process: None, rad: rad.to_owned(), arguments, authority, cluster, files, _beside: beside })
    }

    /// Starts `rad serve` on a real cluster; its database outlives the process.
    ///
    /// # Errors
    /// When it cannot be started or is not ready in time.
    pub fn start_on(rad: &Utf8Path, kubeconfig: &Utf8Path, terraform: Option<PathBuf>) -> anyhow::Result<Self> {
        let authority = free_address()?;
        let folder = own_folder()?;
        let mut arguments = vec!["serve".to_owned(), "--listen".to_owned(), authority.clone()];
        if let Some(program) = terraform {
            arguments.extend(["--terraform".to_owned(), program.display().to_string()]);
        }
        arguments.extend(lasting(&folder, kubeconfig.as_str()));
        let (rad, cluster) = (rad.to_owned(), String::new());
        let mut server = Self { process: None, rad, arguments, authority, cluster, files: Some(folder), _beside: None };
        server.spawn()?;
        Ok(server)
    }

    /// Starts the process, or starts it again.
    ///
    /// # Errors
    /// When it cannot be started or is not ready in time.
    pub fn spawn(&mut self) -> anyhow::Result<()> {
        let child = Command::new(&self.rad)
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start `{}`", self.rad))?;
        self.process = Some(child);
        self.wait()
    }

    /// Kills the process, which has no time to put anything in order.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.process.take() {
            // A server that ended by itself needs no killing.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Whether the server outlives its process.
    pub fn can_restart(&self) -> bool {
        self.files.is_some()
    }

    fn wait(&mut self) -> anyhow::Result<()> {
        let patience = Instant::now() + Duration::from_secs(60);
        loop {
            let answer = wire::send(&self.authority, "GET", "/readyz", &[], None);
            // Asked after the answer, which may be that of another server in whose way this one was.
            if let Some(status) = self.process.as_mut().map(Child::try_wait).transpose()?.flatten() {
                bail!("the server ended with {status} before it was ready");
            }
            if answer.is_ok_and(|answer| answer.status == 200) {
                return Ok(());
            }
            if Instant::now() > patience {
                bail!("the server is not ready after 60 s");
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

fn own_folder() -> anyhow::Result<tempfile::TempDir> {
    Ok(tempfile::Builder::new().prefix("replay-server-").tempdir()?)
}

/// What a server is told whose database and cluster outlive its process.
fn lasting(folder: &tempfile::TempDir, kubeconfig: &str) -> [String; 6] {
    let database = folder.path().join("radii.db").display().to_string();
    ["--database", &database, "--kubeconfig", kubeconfig, "--lease", LEASE].map(str::to_owned)
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
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
