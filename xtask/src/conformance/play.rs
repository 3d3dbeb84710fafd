//! Runs the calls of a scenario in a home of their own.

use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};

use super::compare::{self, Judge, Ran};
use super::differences::{Call, Difference};
use super::proxy::Proxy;
use super::scenario::{Scenario, Step};
use super::terminal;
use crate::replay::server::{Needs, Server};
use crate::replay::wire;

/// How long a call may take: the upstream program sleeps half a minute when its first poll comes too early.
const PATIENCE: Duration = Duration::from_secs(180);
/// How long one that is recorded to go on for ever is watched.
const WATCHED: Duration = Duration::from_secs(15);

/// What became of a call.
#[derive(Debug)]
pub enum Verdict {
    /// As recorded.
    Equal,
    /// As differences want it; their indexes.
    Wanted(Vec<usize>),
    /// Not run, with the reason.
    Skipped(String),
    /// Otherwise.
    Different(Vec<String>),
}

/// What is played with what, and how it is judged.
pub struct Stage<'a> {
    /// The program under test.
    pub rad: &'a Utf8Path,
    /// The program that serves.
    pub server: &'a Utf8Path,
    /// The measure.
    pub judge: Judge,
    /// What may differ.
    pub differences: &'a [Difference],
}

impl Stage<'_> {
    /// Plays a scenario on a fresh server; a verdict for each call, with the time it took.
    pub fn play(&self, scenario: &Scenario) -> Vec<(Verdict, Duration)> {
        let place = match Place::new(scenario, self.rad, self.server) {
            Ok(place) => place,
            Err(error) => {
                let broken = || (Verdict::Different(vec![format!("{error:#}")]), Duration::ZERO);
                return scenario.steps.iter().map(|_| broken()).collect();
            }
        };
        let mut before = BTreeSet::new();
        let play = |step: &Step| {
            let begin = Instant::now();
            let verdict = match place.run(step, self.judge) {
                Ok(Some(ran)) => {
                    let (judge, scenario, fill) = (self.judge, scenario.name.as_str(), &|text: &str| place.fill(text));
                    self.judge(&Call { judge, scenario, before: &before, step, ran: &ran, fill })
                }
                Ok(None) => Verdict::Skipped("there is no `script` to make a terminal with".into()),
                Err(error) => Verdict::Different(vec![format!("{error:#}")]),
            };
            if let Verdict::Wanted(used) = &verdict {
                before.extend(used.iter().map(|at| self.differences[*at].name.clone()));
            }
            (verdict, begin.elapsed())
        };
        scenario.steps.iter().map(play).collect()
    }

    fn judge(&self, call: &Call) -> Verdict {
        let Call { step, ran, fill, .. } = *call;
        let found = compare::compare(step, ran, self.judge, fill);
        if found.is_empty() {
            return Verdict::Equal;
        }
        let about = |difference: &&Difference| difference.concerns(call);
        let (mut read, mut used) = (step.clone(), Vec::new());
        for (at, difference) in self.differences.iter().enumerate().filter(|(_, difference)| about(difference)) {
            if difference.excuses_all() && (difference.excuses_exit() || compare::ends_alike(step, ran, self.judge)) {
                return Verdict::Wanted(vec![at]);
            }
            if let Some(changed) = difference.read(&read) {
                read = changed;
                used.push(at);
            }
        }
        let left = compare::compare(&read, ran, self.judge, fill);
        if left.is_empty() { Verdict::Wanted(used) } else { Verdict::Different(left) }
    }
}

/// Home, folder and server of a scenario.
struct Place {
    root: Utf8PathBuf,
    rad: Utf8PathBuf,
    proxy: Proxy,
    _server: Server,
}

impl Place {
    fn new(scenario: &Scenario, rad: &Utf8Path, program: &Utf8Path) -> anyhow::Result<Self> {
        let server = Server::start(program, &Needs::default())?;
        let proxy = Proxy::start(&server.authority)?;
        let temporary = Utf8PathBuf::try_from(std::env::temp_dir())?;
        let root = temporary.join(format!("radii-conformance-{}-{}", std::process::id(), scenario.name));
        let _ = std::fs::remove_dir_all(&root);
        let place = Self { root, rad: rad.to_owned(), proxy, _server: server };
        for folder in [place.home().join(".rad"), place.home().join(".kube"), place.folder()] {
            std::fs::create_dir_all(folder)?;
        }
        let texts = [(".rad/config.yaml", &scenario.config), (".kube/config", &scenario.kubeconfig)];
        for (path, text) in texts {
            if let Some(text) = text {
                std::fs::write(place.home().join(path), place.fill(text))?;
            }
        }
        for (name, text) in &scenario.files {
            place.write(name, Some(text))?;
        }
        for request in &scenario.setup_http {
            let headers = [("content-type".to_owned(), "application/json".to_owned())];
            let body = place.fill(&request.body.to_string());
            let body = Some(body.as_bytes()).filter(|_| !request.body.is_null());
            wire::send(&place.proxy.authority, &request.method, &request.path, &headers, body)?;
        }
        Ok(place)
    }

    fn home(&self) -> Utf8PathBuf {
        self.root.join("home")
    }

    fn folder(&self) -> Utf8PathBuf {
        self.root.join("work")
    }

    /// Replaces what stands for places of this run.
    fn fill(&self, text: &str) -> String {
        text.replace("{base}", &format!("http://{}", self.proxy.authority))
            .replace("{base-host}", &self.proxy.authority)
            .replace("{host:ucp}", &self.proxy.authority)
            .replace("{home}", self.home().as_str())
            .replace("{cwd}", self.folder().as_str())
            // The discard port: nothing listens there.
            .replace("{closed}", "127.0.0.1:9")
            .replace("{proxy}", "127.0.0.1:9")
    }

    fn write(&self, name: &str, text: Option<&str>) -> anyhow::Result<()> {
        let name = self.fill(name);
        let path = if name.starts_with('/') { Utf8PathBuf::from(name) } else { self.folder().join(name) };
        let Some(text) = text else {
            // What is not there need not be removed.
            let _ = std::fs::remove_file(path);
            return Ok(());
        };
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        Ok(std::fs::write(path, self.fill(text))?)
    }

    /// Runs a call; `None` when it needs a terminal and there is none.
    fn run(&self, step: &Step, judge: Judge) -> anyhow::Result<Option<Ran>> {
        for (name, text) in &step.write {
            self.write(name, text.as_deref())?;
        }
        self.proxy.prepare(step, judge)?;
        let patience = if step.exit == "timeout" { WATCHED } else { PATIENCE };
        let arguments: Vec<String> = step.argv[1..].iter().map(|word| self.fill(word)).collect();
        if !step.tty {
            let mut command = Command::new(&self.rad);
            command.args(&arguments);
            self.surround(&mut command, step);
            return run_piped(command, step.stdin.as_deref(), patience).map(Some);
        }
        if !terminal::is_available() {
            return Ok(None);
        }
        let quoted: Vec<String> = arguments.iter().map(|word| format!("'{}'", word.replace('\'', r"'\''"))).collect();
        let mut command = Command::new("script");
        command.args([
            "-qefc",
            &format!("stty cols 300 rows 60; exec '{}' {}", self.rad, quoted.join(" ")),
            "/dev/null",
        ]);
        self.surround(&mut command, step);
        let keys: Vec<String> = match judge {
            Judge::Upstream => step.keys.clone(),
            // Ours asks with a letter where upstream has a menu.
            Judge::Ours => step.keys.iter().map(|keys| letter(keys)).collect(),
        };
        Ok(Some(terminal::run(command, &keys, patience)?))
    }

    fn surround(&self, command: &mut Command, step: &Step) {
        command.current_dir(self.folder()).env_clear();
        let path = std::env::var("PATH").unwrap_or_default();
        let own = [("HOME", self.home().to_string()), ("PATH", path), ("TERM", "xterm-256color".to_owned())];
        command.envs(own);
        // Nothing leaves the machine.
        for name in ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"] {
            command.env(name, "http://127.0.0.1:9");
        }
        command.env("NO_PROXY", "127.0.0.1,localhost").env("no_proxy", "127.0.0.1,localhost");
        command.envs(step.env.iter().map(|(name, value)| (name, self.fill(value))));
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.root);
    }
}

fn letter(keys: &str) -> String {
    match keys {
        // Giving up, by letter or by interrupt.
        "q" => "q\n".into(),
        "\u{3}" => keys.into(),
        _ if keys.contains("\u{1b}[B") => "y\n".into(),
        _ => "n\n".into(),
    }
}

fn run_piped(mut command: Command, stdin: Option<&str>, patience: Duration) -> anyhow::Result<Ran> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let mut input = child.stdin.take().expect("standard input is piped");
    let text = stdin.unwrap_or_default().to_owned();
    let writer = std::thread::spawn(move || {
        // A program that reads nothing closes its input.
        let _ = input.write_all(text.as_bytes());
    });
    let read = |mut stream: Box<dyn std::io::Read + Send>| {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let _ = stream.read_to_end(&mut bytes);
            String::from_utf8_lossy(&bytes).into_owned()
        })
    };
    let stdout = read(Box::new(child.stdout.take().expect("standard output is piped")));
    let stderr = read(Box::new(child.stderr.take().expect("standard error is piped")));
    let end = Instant::now() + patience;
    let mut ran = Ran::default();
    ran.exit = loop {
        if let Some(status) = child.try_wait()? {
            break status.code();
        }
        if Instant::now() > end {
            ran.timed_out = true;
            child.kill()?;
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    let _ = writer.join();
    ran.stdout = stdout.join().unwrap_or_default();
    ran.stderr = stderr.join().unwrap_or_default();
    Ok(ran)
}
