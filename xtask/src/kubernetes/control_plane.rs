//! A control plane of our own: etcd, an API server and the controllers, in a folder that goes at the end.

use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use camino::{Utf8Path, Utf8PathBuf};
use serde_json::{Value as Json, json};

use crate::ports::free_port;

/// The programs of a control plane.
#[derive(Clone)]
pub struct Programs {
    /// `kube-apiserver`.
    pub api_server: Utf8PathBuf,
    /// `etcd`.
    pub etcd: Utf8PathBuf,
    /// `kube-controller-manager`.
    pub controllers: Utf8PathBuf,
    /// `kube-scheduler`; without it pods are on no node.
    pub scheduler: Option<Utf8PathBuf>,
}

/// A running control plane; it ends with this value.
pub struct ControlPlane {
    programs: Programs,
    folder: Utf8PathBuf,
    etcd_port: u16,
    port: u16,
    etcd: Child,
    api_server: Option<Child>,
    others: Vec<Child>,
}

/// User → token: who may do everything, and who may do nothing.
const TOKENS: [(&str, &str, &str); 2] = [("admin", "all", "system:masters"), ("nobody", "none", "strangers")];

impl ControlPlane {
    /// Starts all programs and waits until the API server is ready.
    ///
    /// # Errors
    /// When a program cannot be started, or is not ready in time.
    pub fn start(programs: Programs) -> anyhow::Result<Self> {
        Self::start_in(programs, &format!("radii-kubernetes-{}", std::process::id()))
    }

    /// Starts another control plane of the same programs, which knows nothing of this one.
    ///
    /// # Errors
    /// When a program cannot be started, or is not ready in time.
    pub fn start_another(&self) -> anyhow::Result<Self> {
        Self::start_in(self.programs.clone(), &format!("radii-kubernetes-{}-another", std::process::id()))
    }

    fn start_in(programs: Programs, name: &str) -> anyhow::Result<Self> {
        let folder = Utf8PathBuf::try_from(std::env::temp_dir())?.join(name);
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot make folder `{folder}`"))?;
        write_keys(&folder)?;
        let [etcd_port, peer_port, port] = [free_port()?, free_port()?, free_port()?];
        let client = format!("http://127.0.0.1:{etcd_port}");
        let peer = format!("http://127.0.0.1:{peer_port}");
        let etcd = spawn(
            &programs.etcd,
            &folder,
            &[
                format!("--data-dir={folder}/etcd"),
                format!("--listen-client-urls={client}"),
                format!("--advertise-client-urls={client}"),
                format!("--listen-peer-urls={peer}"),
                format!("--initial-advertise-peer-urls={peer}"),
                format!("--initial-cluster=default={peer}"),
                // What is lost with this machine is not missed.
                "--unsafe-no-fsync".to_owned(),
            ],
        )?;
        let mut plane = Self { programs, folder, etcd_port, port, etcd, api_server: None, others: Vec::new() };
        plane.write_kubeconfig()?;
        plane.wait_for_etcd()?;
        plane.start_api_server()?;
        plane.start_others()?;
        Ok(plane)
    }

    /// A kubeconfig with two contexts: `main`, the current one, and `stranger`, whose user may do nothing.
    pub fn kubeconfig(&self) -> Utf8PathBuf {
        self.folder.join("kubeconfig")
    }

    /// The folder of keys, certificates and data.
    pub fn folder(&self) -> &Utf8Path {
        &self.folder
    }

    /// The API server's port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Waits until the database listens: an API server without one ends.
    fn wait_for_etcd(&mut self) -> anyhow::Result<()> {
        let patience = Instant::now() + Duration::from_secs(60);
        while TcpStream::connect(("127.0.0.1", self.etcd_port)).is_err() {
            if let Some(status) = self.etcd.try_wait()? {
                bail!("etcd ended with {status}");
            }
            if Instant::now() > patience {
                bail!("etcd does not listen after 60 s");
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// Ends the API server at once.
    pub fn stop_api_server(&mut self) {
        if let Some(mut child) = self.api_server.take() {
            end(&mut child);
        }
    }

    /// Starts the API server, with what it knew before.
    ///
    /// # Errors
    /// When it is not ready in time.
    pub fn start_api_server(&mut self) -> anyhow::Result<()> {
        let folder = self.folder.clone();
        let arguments = [
            format!("--etcd-servers=http://127.0.0.1:{}", self.etcd_port),
            "--bind-address=127.0.0.1".to_owned(),
            format!("--secure-port={}", self.port),
            format!("--cert-dir={folder}/certificates"),
            "--advertise-address=127.0.0.1".to_owned(),
            "--endpoint-reconciler-type=none".to_owned(),
            "--service-cluster-ip-range=10.96.0.0/16".to_owned(),
            format!("--service-account-key-file={folder}/accounts.key"),
            format!("--service-account-signing-key-file={folder}/accounts.key"),
            "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
            format!("--token-auth-file={folder}/tokens.csv"),
            "--authorization-mode=RBAC".to_owned(),
            "--allow-privileged=true".to_owned(),
        ];
        self.api_server = Some(spawn(&self.programs.api_server, &folder, &arguments)?);
        let patience = Instant::now() + Duration::from_secs(120);
        // Its certificate is written before it listens; whether it is ready is asked through the client.
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            let child = self.api_server.as_mut().context("it was just started")?;
            if let Some(status) = child.try_wait()? {
                bail!("the API server ended with {status}; its words stand in `{folder}/kube-apiserver.log`");
            }
            if Instant::now() > patience {
                bail!("the API server does not listen after 120 s; its words stand in `{folder}/kube-apiserver.log`");
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }

    fn start_others(&mut self) -> anyhow::Result<()> {
        let folder = self.folder.clone();
        let kubeconfig = self.kubeconfig();
        let mut controllers = vec![
            format!("--kubeconfig={kubeconfig}"),
            "--bind-address=127.0.0.1".to_owned(),
            format!("--secure-port={}", free_port()?),
            format!("--service-account-private-key-file={folder}/accounts.key"),
            "--controllers=*,-ttl,-nodeipam,-nodelifecycle,-cloud-node-lifecycle,-route,-service,-attachdetach"
                .to_owned(),
            "--leader-elect=false".to_owned(),
            "--kube-api-qps=200".to_owned(),
            "--kube-api-burst=400".to_owned(),
        ];
        // Older ones listen without TLS as well, all on the same port, unless they are told not to.
        if knows(&self.programs.controllers, "--port int") {
            controllers.push("--port=0".to_owned());
        }
        let authority = folder.join("certificates/apiserver.crt");
        if authority.exists() {
            controllers.push(format!("--root-ca-file={authority}"));
        }
        self.others.push(spawn(&self.programs.controllers, &folder, &controllers)?);
        if let Some(scheduler) = &self.programs.scheduler {
            let arguments = [
                format!("--kubeconfig={kubeconfig}"),
                "--bind-address=127.0.0.1".to_owned(),
                format!("--secure-port={}", free_port()?),
                "--leader-elect=false".to_owned(),
            ];
            self.others.push(spawn(scheduler, &folder, &arguments)?);
        }
        Ok(())
    }

    fn write_kubeconfig(&self) -> anyhow::Result<()> {
        let server = format!("https://127.0.0.1:{}", self.port);
        let users: Vec<Json> =
            TOKENS.iter().map(|(user, token, _)| json!({ "name": user, "user": { "token": token } })).collect();
        let context = |name: &str, user: &str| json!({ "name": name, "context": { "cluster": "own", "user": user } });
        let kubeconfig = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{ "name": "own", "cluster": { "server": server, "insecure-skip-tls-verify": true } }],
            "users": users,
            "contexts": [context("main", "admin"), context("stranger", "nobody")],
            "current-context": "main",
        });
        let path = self.kubeconfig();
        std::fs::write(&path, kubeconfig.to_string()).with_context(|| format!("cannot write `{path}`"))
    }
}

impl Drop for ControlPlane {
    fn drop(&mut self) {
        self.others.iter_mut().for_each(end);
        self.stop_api_server();
        end(&mut self.etcd);
        // A folder that stays behind in the system's place for such things harms nobody.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Whether the help of a program speaks of a flag.
fn knows(program: &Utf8Path, flag: &str) -> bool {
    let help = Command::new(program).arg("--help").output();
    help.is_ok_and(|help| [help.stdout, help.stderr].iter().any(|text| String::from_utf8_lossy(text).contains(flag)))
}

fn end(child: &mut Child) {
    // One that ended by itself needs no killing.
    let _ = child.kill();
    let _ = child.wait();
}

fn spawn(program: &Utf8Path, folder: &Utf8Path, arguments: &[String]) -> anyhow::Result<Child> {
    let name = program.file_name().unwrap_or("program");
    let log = std::fs::File::options().create(true).append(true).open(folder.join(format!("{name}.log")))?;
    Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()
        .with_context(|| format!("cannot start `{program}`"))
}

/// Writes the tokens, and the key that service accounts' tokens are signed with.
fn write_keys(folder: &Utf8Path) -> anyhow::Result<()> {
    let lines: Vec<String> = TOKENS
        .iter()
        .enumerate()
        .map(|(at, (user, token, group))| format!("{token},{user},{at},\"{group}\""))
        .collect();
    std::fs::write(folder.join("tokens.csv"), lines.join("\n"))?;
    let key = folder.join("accounts.key");
    let status = Command::new("openssl")
        .args(["genrsa", "-out", key.as_str(), "2048"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .context("`openssl` makes the key of service accounts; install it")?;
    if !status.success() {
        bail!("`openssl genrsa` ended with {status}");
    }
    Ok(())
}
