//! One run of Terraform: a folder that nobody else can read and that is gone afterwards, and the commands in it.

use std::path::Path;
use std::process::ExitStatus;

use radii_runtime::Fault;
use radii_runtime::recipe::{Cancel, Grant, Settings, Surroundings};
use serde_json::Value as Json;
use tempfile::TempDir;

use super::config::Root;
use super::module::{self, Dialect, Module};
use super::report::Report;
use super::surroundings;
use crate::tool::{self, Limits, Output, Tool};

/// The file that Terraform writes when it cannot store its state.
pub const ERRORED_STATE: &str = "errored.tfstate";

/// File that names the state a folder belongs to: other servers on this host know the same resources, too.
pub const MARK: &str = ".radii-state";

/// How the names of the folders begin in which a state is worked on.
pub fn folder_prefix(key: &str) -> String {
    format!("radii-terraform-{key}-")
}

/// A folder with Terraform in it.
pub struct Session {
    folder: TempDir,
    tool: Tool,
    cancel: Cancel,
}

/// Why a command did not do what it should.
#[derive(Debug)]
pub enum Failure {
    /// It was canceled.
    Canceled,
    /// It ended badly.
    Status {
        /// How.
        status: String,
        /// What it said.
        said: String,
        /// Whether it had begun to change anything.
        changing: bool,
    },
    /// It could not be run to its end.
    Tool(tool::Error),
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Failure::Canceled => f.write_str("canceled"),
            Failure::Status { status, said, .. } => write!(f, "{status}\n{said}"),
            Failure::Tool(error) => match std::error::Error::source(error) {
                Some(source) => write!(f, "{error}: {source}"),
                None => error.fmt(f),
            },
        }
    }
}

impl From<tool::Error> for Failure {
    fn from(error: tool::Error) -> Self {
        match error {
            tool::Error::Canceled { .. } => Failure::Canceled,
            other => Failure::Tool(other),
        }
    }
}

impl Session {
    /// Makes the folder with Terraform's configuration file in it, named after the state that it is for.
    pub fn open(
        program: &Path,
        limits: Limits,
        key: &str,
        settings: &Settings,
        cancel: &Cancel,
    ) -> Result<Self, Fault> {
        let made = tempfile::Builder::new().prefix(&folder_prefix(key)).tempdir();
        let folder = made.map_err(|error| Fault::internal(format!("cannot make a folder for Terraform: {error}")))?;
        let mut tool = Tool::new(program, folder.path(), limits);
        surroundings::set(&mut tool, settings, &folder.path().display().to_string())?;
        let session = Self { folder, tool, cancel: cancel.clone() };
        session.write_text(".terraformrc", &surroundings::configuration(settings))?;
        Ok(session)
    }

    /// Writes a JSON file.
    pub fn write(&self, name: &str, content: &Json) -> Result<(), Fault> {
        self.write_text(name, &format!("{content:#}\n"))
    }

    /// Writes a file.
    pub fn write_text(&self, name: &str, text: &str) -> Result<(), Fault> {
        let written = std::fs::write(self.folder.path().join(name), text);
        written.map_err(|error| Fault::internal(format!("cannot write `{name}` for Terraform: {error}")))
    }

    /// Writes the root module; its secrets go into the environment.
    pub fn configure(&mut self, root: &Root) -> Result<(), Fault> {
        for (name, value) in &root.secrets {
            self.tool.env(format!("TF_VAR_{name}"), value);
        }
        self.write("main.tf.json", &root.file)
    }

    /// Tells Terraform where its state is, and marks the folder as one in which that state is worked on.
    pub fn keep_state(&mut self, grant: &Grant) -> Result<(), Fault> {
        surroundings::set_state(&mut self.tool, grant);
        self.write_text(MARK, &grant.mark)
    }

    /// Reads what a fetched module declares; `None` when it declares nothing.
    pub async fn module(&self, key: &str) -> std::io::Result<Option<Module>> {
        let list = std::fs::read_to_string(self.folder.path().join(".terraform/modules/modules.json"))?;
        let list: Json = serde_json::from_str(&list)?;
        let entry = list["Modules"].as_array().into_iter().flatten().find(|entry| entry["Key"] == key);
        let Some(folder) = entry.and_then(|entry| entry["Dir"].as_str()) else { return Ok(None) };
        let path = self.folder.path().join(folder);
        // Asked only where it makes a difference: every command costs a moment.
        let dialect = match Dialect::matters(&module::names(&path)?) {
            true => Dialect::of(&self.version().await),
            false => Dialect::Terraform,
        };
        Module::read(&path, folder, dialect)
    }

    /// Returns what the program says about itself; nothing where it fails, which the next command will tell.
    async fn version(&self) -> String {
        let mut bytes = Vec::new();
        let _ = self.tool.run(&["version"], Output::Whole(&mut bytes), &self.cancel).await;
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Returns the state that Terraform wrote here because it could not store it.
    pub fn errored_state(&self) -> Option<String> {
        std::fs::read_to_string(self.folder.path().join(ERRORED_STATE)).ok()
    }

    /// Runs a command whose output nobody needs.
    pub async fn plain(&self, arguments: &[&str]) -> Result<(), Failure> {
        let mut ignore = |_: &str| {};
        let ended = self.tool.run(arguments, Output::Lines(&mut ignore), &self.cancel).await?;
        check(ended.status, ended.stderr, false)
    }

    /// Runs a command that reports as it goes.
    pub async fn reported(&self, arguments: &[&str], around: &Surroundings<'_>) -> Result<Report, Failure> {
        let mut report = Report::hiding(around.hidden);
        let mut each = |line: &str| report.read(line, around.resource);
        let ended = self.tool.run(arguments, Output::Lines(&mut each), &self.cancel).await?;
        let errors = report.errors();
        let said = if errors.is_empty() { ended.stderr } else { errors };
        check(ended.status, said, report.changing)?;
        Ok(report)
    }

    /// Returns what `show -json` says.
    pub async fn shown(&self) -> Result<Json, Failure> {
        let mut bytes = Vec::new();
        let ended = self.tool.run(&["show", "-json", "-no-color"], Output::Whole(&mut bytes), &self.cancel).await?;
        check(ended.status, ended.stderr, true)?;
        serde_json::from_slice(&bytes).map_err(|error| Failure::Status {
            status: "its answer is no JSON".to_owned(),
            said: error.to_string(),
            changing: true,
        })
    }
}

fn check(status: ExitStatus, said: String, changing: bool) -> Result<(), Failure> {
    if status.success() {
        return Ok(());
    }
    let status = match status.code() {
        Some(code) => format!("exit status {code}"),
        None => status.to_string(),
    };
    Err(Failure::Status { status, said, changing })
}
