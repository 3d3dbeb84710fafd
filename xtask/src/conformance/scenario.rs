//! Recorded command lines.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use camino::Utf8Path;
use serde::Deserialize;
use serde_json::{Map, Value as Json};

/// One file of recordings: its steps share home, folder and server.
#[derive(Debug, Deserialize)]
pub struct Scenario {
    /// Number and name, such as `101-group-basic`.
    #[serde(skip)]
    pub name: String,
    /// Configuration at the start.
    pub config: Option<String>,
    /// Kubeconfig at the start.
    pub kubeconfig: Option<String>,
    /// Files of the working folder.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
    /// Requests that are sent before the first step.
    #[serde(default)]
    pub setup_http: Vec<Setup>,
    /// The calls.
    pub steps: Vec<Step>,
}

/// A request that prepares the server.
#[derive(Debug, Deserialize)]
pub struct Setup {
    /// The method.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// The body.
    pub body: Json,
}

/// One call.
#[derive(Clone, Debug, Deserialize)]
pub struct Step {
    /// Program and arguments.
    pub argv: Vec<String>,
    /// Variables of its environment.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// What it reads; nothing is an empty input that is no terminal.
    pub stdin: Option<String>,
    /// Files written before it; none are removed.
    #[serde(default)]
    pub write: BTreeMap<String, Option<String>>,
    /// Answers given in the server's place.
    #[serde(default)]
    pub inject: Vec<Injection>,
    /// What was sent and answered meanwhile.
    #[serde(default)]
    pub http: Vec<Json>,
    /// Whether it ran on a terminal.
    #[serde(default)]
    pub tty: bool,
    /// What was typed at the prompt.
    #[serde(default)]
    pub keys: Vec<String>,
    /// Exit code, or `timeout`.
    pub exit: Json,
    /// Standard output.
    #[serde(default)]
    pub stdout: String,
    /// Standard error.
    #[serde(default)]
    pub stderr: String,
    /// Lines of the terminal.
    #[serde(default)]
    pub screen: Vec<String>,
}

/// An answer in the server's place.
#[derive(Clone, Debug, Deserialize)]
pub struct Injection {
    /// Fits `METHOD path`.
    #[serde(rename = "match")]
    pub pattern: String,
    /// How often at most.
    pub times: Option<usize>,
    /// The status.
    pub status: u16,
    /// Its headers.
    pub headers: Option<Map<String, Json>>,
    /// JSON, raw text, or nothing.
    #[serde(default)]
    pub body: Json,
}

impl Step {
    /// The call as one would type it.
    pub fn call(&self) -> String {
        self.argv.join(" ")
    }

    /// All that was recorded as one text: exit code, standard output, standard error, screen.
    pub fn transcript(&self) -> String {
        format!("exit {}\n{}{}{}", self.exit, self.stdout, self.stderr, self.screen.join("\n"))
    }

    /// Whether the recorded program crashed, whatever it exited with.
    pub fn crashed(&self) -> bool {
        self.stdout.contains("{stack}") || self.stderr.contains("{stack}")
    }
}

/// Reads the scenarios of a folder whose names contain one of the given texts; all, when there is none.
pub fn read_all(dir: &Utf8Path, only: &[String]) -> anyhow::Result<Vec<Scenario>> {
    let mut scenarios = Vec::new();
    let mut paths: Vec<_> = dir
        .read_dir_utf8()
        .with_context(|| format!("cannot read folder `{dir}`"))?
        .filter_map(|entry| Some(entry.ok()?.into_path()))
        .filter(|path| path.extension() == Some("json"))
        .collect();
    paths.sort();
    for path in paths {
        let name = path.file_stem().unwrap_or_default();
        let is_scenario = name.starts_with(|first: char| first.is_ascii_digit());
        let is_asked_for = only.is_empty() || only.iter().any(|only| name.contains(only.as_str()));
        if !is_scenario || !is_asked_for {
            continue;
        }
        let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read scenario `{path}`"))?;
        let mut scenario: Scenario =
            serde_json::from_str(&text).with_context(|| format!("`{path}` is not a scenario"))?;
        name.clone_into(&mut scenario.name);
        scenarios.push(scenario);
    }
    if scenarios.is_empty() {
        bail!("no scenario in `{dir}` is asked for");
    }
    Ok(scenarios)
}
