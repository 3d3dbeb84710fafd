//! Modules of a repository that git reaches over SSH: a server of its own, keys from files and from an agent, and hosts that
//! nobody knows.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use tempfile::TempDir;

use crate::server::{Server, failure, id, modules};
use crate::terraform::{DB, MODULE, TYPE, has};
use crate::terraform_git::{CORE, make_repository};

/// Where Debian, Alpine and Fedora have it; it must be started by its whole path.
const SSHD: [&str; 2] = ["/usr/sbin/sshd", "/usr/bin/sshd"];

/// A process that ends with the test.
struct Owned(Child);

impl Drop for Owned {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A folder with a repository, a server of SSH in front of it, and keys: `host`, `known` and `stranger`.
struct Forge {
    folder: TempDir,
    port: u16,
    _server: Owned,
}

impl Forge {
    /// Starts a forge; says why it cannot, where it cannot.
    fn start(test: &str) -> Option<Self> {
        let Some(sshd) = SSHD.iter().find(|path| Path::new(path).exists()) else {
            eprintln!("skipped: {test} needs `sshd` (Debian: openssh-server), which is not installed");
            return None;
        };
        if !["terraform", "git"].iter().all(|program| has(program, test)) {
            return None;
        }
        let folder = modules(&[("work/inner/main.tf", MODULE)]);
        make_repository(folder.path());
        for name in ["host", "known", "stranger"] {
            let mut keygen = Command::new("ssh-keygen");
            keygen.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(folder.path().join(name));
            assert!(run(&mut keygen), "keys are made");
        }
        if rustix::process::getuid().is_root() {
            // The server gives its rights up into this folder; its service makes it, where there is one.
            fs::create_dir_all("/run/sshd").expect("the administrator may make folders");
        }
        let port = free_port();
        let config = folder.path().join("sshd_config");
        let at = |name: &str| folder.path().join(name).display().to_string();
        let text = format!(
            "ListenAddress 127.0.0.1\nPort {port}\nHostKey {}\nAuthorizedKeysFile {}\nPidFile none\nStrictModes no\nUsePAM no\n\
             PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\n",
            at("host"),
            at("known.pub"),
        );
        fs::write(&config, text).unwrap();
        let log = fs::File::create(folder.path().join("sshd.log")).unwrap();
        let child = Command::new(sshd).args(["-D", "-e", "-f"]).arg(&config).stderr(log).stdin(Stdio::null()).spawn();
        let server = Owned(child.expect("the server of SSH starts"));
        let forge = Self { folder, port, _server: server };
        forge.wait();
        Some(forge)
    }

    fn wait(&self) {
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            let log = fs::read_to_string(self.path("sshd.log")).unwrap_or_default();
            assert!(began.elapsed() < Duration::from_secs(20), "the server of SSH does not answer: {log}");
            std::thread::yield_now();
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The address of the module, as an operator writes it.
    fn source(&self) -> String {
        let user = Command::new("id").arg("-un").output().expect("the user has a name").stdout;
        let user = String::from_utf8(user).unwrap();
        let repository = self.path("modules.git");
        format!("git::ssh://{}@127.0.0.1:{}{}//inner?ref=v1", user.trim(), self.port, repository.display())
    }

    /// Writes down the key of the host where `ssh` looks for it.
    fn know_host(&self) {
        let key = fs::read_to_string(self.path("host.pub")).unwrap();
        fs::write(self.path("known_hosts"), format!("[127.0.0.1]:{} {key}", self.port)).unwrap();
    }

    /// Returns what git is told to call: `ssh` with nothing of the user's, and the key of that name, if any.
    fn command(&self, key: Option<&str>) -> String {
        let hosts = self.path("known_hosts");
        let key = match key {
            Some(key) => format!("-i {} -o IdentitiesOnly=yes -o IdentityAgent=none", self.path(key).display()),
            None => "-o IdentityFile=none".to_owned(),
        };
        format!("ssh -F none -o UserKnownHostsFile={} -o GlobalKnownHostsFile=none {key}", hosts.display())
    }
}

fn run(command: &mut Command) -> bool {
    command.status().is_ok_and(|status| status.success())
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("there is a free port").port()
}

/// Starts a control plane whose environment has the module of the forge, and these variables.
async fn plane(forge: &Forge, env: Json) -> Server {
    let server = Server::new(forge.folder.path()).await;
    bind(&server, forge, env).await;
    server
}

async fn bind(server: &Server, forge: &Forge, env: Json) {
    let recipe = json!({ "templateKind": "terraform", "templatePath": forge.source(), "parameters": { "size": 4 } });
    let environment = json!({ "compute": { "kind": "kubernetes", "namespace": "ns" }, "recipeConfig": { "env": env },
        "recipes": { TYPE: { "default": recipe } } });
    server.put_in("Applications.Core/environments/old", CORE, environment).await.unwrap();
}

/// Puts the resource of the module; returns what the operation failed with, if it did.
async fn put(server: &Server) -> Option<(String, String)> {
    let database = json!({ "environment": id("Applications.Core/environments/old").to_string() });
    let operation = server.begin(DB, database).await;
    server.work().await;
    let operation = server.operation(operation).await;
    operation.error.is_some().then(|| failure(&operation))
}

async fn is_there(server: &Server) {
    let properties = server.properties(DB).await;
    assert_eq!((&properties["host"], &properties["size"]), (&json!("db-old.local"), &json!(4)));
}

#[tokio::test]
async fn a_module_comes_over_ssh_from_a_known_host_with_a_key_that_it_knows() {
    let Some(forge) = Forge::start("a_module_comes_over_ssh_from_a_known_host_with_a_key_that_it_knows") else {
        return;
    };

    // Nobody is there to be asked about a host that is not known.
    let server = plane(&forge, json!({ "GIT_SSH_COMMAND": forge.command(Some("known")) })).await;
    let (code, message) = put(&server).await.expect("the host is not known");
    assert_eq!(code, "RecipeDeploymentFailed");
    assert!(message.starts_with("code RecipeDownloadFailed"), "{message}");
    assert!(message.contains("Host key verification failed"), "{message}");

    forge.know_host();
    bind(&server, &forge, json!({ "GIT_SSH_COMMAND": forge.command(Some("stranger")) })).await;
    let (_, message) = put(&server).await.expect("the key is not known");
    assert!(message.contains("Permission denied (publickey)"), "{message}");

    bind(&server, &forge, json!({ "GIT_SSH_COMMAND": forge.command(Some("known")) })).await;
    assert_eq!(put(&server).await, None);
    is_there(&server).await;

    // Another host in its place is not taken for it.
    fs::copy(forge.path("stranger.pub"), forge.path("host.pub")).unwrap();
    forge.know_host();
    let (_, message) = put(&server).await.expect("the host is another one");
    assert!(message.contains("Host key verification failed"), "{message}");

    // Its state is enough to delete what was made.
    assert_eq!(server.delete(DB).await.error, None);
    assert!(server.stored(DB).await.is_none() && server.states().await.is_empty());
}

/// Set in the process that plays the server: the module's source.
const INSIDE: &str = "RADII_TEST_INSIDE";
/// Set there too when the module cannot be had: what is said then.
const REFUSED: &str = "RADII_TEST_REFUSED";
/// The test that such a process runs.
const TEST: &str = "terraform_ssh::inside_a_server_of_its_own";

/// What the other tests run in a process of its own, whose variables and terminal are the server's.
#[tokio::test]
async fn inside_a_server_of_its_own() {
    let Ok(source) = std::env::var(INSIDE) else { return };
    let folder = modules(&[]);
    let server = Server::new(folder.path()).await;
    let recipe = json!({ "templateKind": "terraform", "templatePath": source, "parameters": { "size": 4 } });
    let environment = json!({ "compute": { "kind": "kubernetes", "namespace": "ns" },
        "recipes": { TYPE: { "default": recipe } } });
    server.put_in("Applications.Core/environments/old", CORE, environment).await.unwrap();
    let failed = put(&server).await;
    if let Ok(words) = std::env::var(REFUSED) {
        let (_, message) = failed.expect("the module cannot be had");
        return assert!(message.contains(&words), "{message}");
    }
    assert_eq!(failed, None);
    is_there(&server).await;
    assert_eq!(server.delete(DB).await.error, None);
}

/// Runs a program with a server in it; fails with what it printed.
fn inside(program: &mut Command) {
    let output = program.output().expect("the program starts");
    let said = String::from_utf8_lossy(&output.stdout);
    let passed = output.status.success() && said.contains("1 passed");
    assert!(passed, "{said}{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_agent_and_the_command_of_the_server_are_used() {
    let Some(forge) = Forge::start("the_agent_and_the_command_of_the_server_are_used") else { return };
    forge.know_host();
    let socket = forge.path("agent");
    let agent = Command::new("ssh-agent").arg("-D").arg("-a").arg(&socket).stdout(Stdio::null()).spawn();
    let _agent = Owned(agent.expect("the agent starts"));
    let mut add = Command::new("ssh-add");
    add.arg("-q").arg(forge.path("known")).env("SSH_AUTH_SOCK", &socket).stderr(Stdio::null());
    let began = Instant::now();
    while !run(&mut add) {
        assert!(began.elapsed() < Duration::from_secs(20), "the agent takes the key");
        std::thread::yield_now();
    }
    let mut program = Command::new(std::env::current_exe().unwrap());
    program.args(["--exact", TEST, "--nocapture"]);
    inside(
        program.env(INSIDE, forge.source()).env("SSH_AUTH_SOCK", &socket).env("GIT_SSH_COMMAND", forge.command(None)),
    );
}

#[test]
fn nobody_is_asked_at_the_terminal_of_the_server() {
    let test = "nobody_is_asked_at_the_terminal_of_the_server";
    let Some(forge) = Forge::start(test) else { return };
    if !run(Command::new("script").arg("--version").stdout(Stdio::null()).stderr(Stdio::null())) {
        eprintln!("skipped: {test} needs `script` (Debian: bsdutils), which is not installed");
        return;
    }
    let command = format!("'{}' --exact {TEST} --nocapture", std::env::current_exe().unwrap().display());
    for given in [None, Some(forge.command(Some("known")))] {
        // A process that asks at a terminal that is not its own is stopped, and waits for ever.
        let mut program = Command::new("timeout");
        program.args(["120", "script", "-qec", &command, "/dev/null"]).stdin(Stdio::null());
        program.env(INSIDE, forge.source()).env(REFUSED, "Host key verification failed").env_remove("GIT_SSH_COMMAND");
        inside(program.envs(given.map(|command| ("GIT_SSH_COMMAND", command))));
    }
}
