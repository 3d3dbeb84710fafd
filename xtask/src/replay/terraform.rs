//! What the server gives to Terraform: commands, files and variables, written down by a program that stands in
//! front of the real one.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context;
use serde_json::{Map, Value as Json, json};

use super::bindings::Bindings;

/// Beginnings of the names of variables that were recorded.
const RECORDED: [&str; 5] = ["TF_", "REC_", "GIT_", "AWS_", "ARM_"];
/// The program in front: it keeps what it is given and then becomes the real one.
const SCRIPT: &str = r#"#!/bin/sh
case "$1" in
init|plan|apply|destroy)
  call="$(mktemp -d '@FOLDER@/.call-XXXXXX')"
  printf '%s\n' "$@" > "$call/command"
  cat main.tf.json > "$call/main.tf.json"
  cat .terraformrc > "$call/terraformrc" 2>/dev/null
  env > "$call/env"
  pwd > "$call/workdir"
  mv "$call" "@FOLDER@/$(date +%s%N)-$$" ;;
show)
  '@PROGRAM@' state pull > '@FOLDER@/.state' && mv '@FOLDER@/.state' '@FOLDER@/state' ;;
esac
exec '@PROGRAM@' "$@"
"#;

/// What was given to Terraform since it was last asked for.
pub struct Calls {
    folder: tempfile::TempDir,
}

impl Calls {
    /// Puts a program in front of Terraform; `None` where there is no Terraform.
    ///
    /// # Errors
    /// When the program cannot be written.
    pub fn listen() -> anyhow::Result<Option<Self>> {
        let Some(program) = find() else { return Ok(None) };
        let folder = tempfile::Builder::new().prefix("replay-terraform-").tempdir()?;
        let calls = Self { folder };
        let script = SCRIPT
            .replace("@FOLDER@", &calls.folder.path().display().to_string())
            .replace("@PROGRAM@", &program.display().to_string());
        std::fs::write(calls.program(), script).context("cannot write the program in front of Terraform")?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(calls.program(), std::fs::Permissions::from_mode(0o755))?;
        }
        Ok(Some(calls))
    }

    /// The program to run instead of Terraform.
    pub fn program(&self) -> PathBuf {
        self.folder.path().join("terraform")
    }

    /// Returns the calls since the last time.
    pub fn take(&self) -> Vec<Json> {
        let entries = self.folder.path().read_dir().into_iter().flatten().flatten().map(|entry| entry.path());
        let mut folders: Vec<PathBuf> = entries.filter(|path| path.is_dir() && !name(path).starts_with('.')).collect();
        folders.sort();
        let calls: Vec<Json> = folders.iter().filter_map(|folder| read(folder)).collect();
        // Whatever could not be removed would be found again.
        folders.iter().for_each(|folder| drop(std::fs::remove_dir_all(folder)));
        calls
    }

    /// Returns the state after the last change, decoded.
    pub fn state(&self) -> Option<Json> {
        let text = std::fs::read_to_string(self.folder.path().join("state")).ok()?;
        serde_json::from_str(&text).ok()
    }

    /// Waits until Terraform was called, for those who must know that it runs.
    pub fn wait_for_apply(&self, patience: Duration) {
        let until = Instant::now() + patience;
        let has_apply = || {
            let folders =
                self.folder.path().read_dir().into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
            let mut commands = folders.filter_map(|folder| std::fs::read_to_string(folder.join("command")).ok());
            commands.any(|command| command.starts_with("apply"))
        };
        while !has_apply() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Returns the real program.
pub fn find() -> Option<PathBuf> {
    let paths = std::env::var_os("PATH")?;
    let mut found = std::env::split_paths(&paths).flat_map(|path| [path.join("terraform"), path.join("tofu")]);
    found.find(|program| program.is_file())
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Reads one call in the recorder's form.
fn read(folder: &Path) -> Option<Json> {
    let text = |file: &str| std::fs::read_to_string(folder.join(file)).unwrap_or_default();
    let command: Vec<String> = text("command").lines().map(str::to_owned).collect();
    let workdir = text("workdir").trim().to_owned();
    let main: Json = serde_json::from_str(&text("main.tf.json")).ok()?;
    let mut env = Map::new();
    for line in text("env").lines() {
        let Some((name, value)) = line.split_once('=') else { continue };
        if RECORDED.iter().any(|prefix| name.starts_with(prefix)) {
            env.insert(name.to_owned(), value.replace(&workdir, "{host:workdir}").into());
        }
    }
    let mut call = json!({ "command": command, "main.tf.json": main, "env": env });
    let settings = text("terraformrc");
    if !settings.trim().is_empty() {
        call[".terraformrc"] = settings.into();
    }
    Some(call)
}

/// What was called and not yet found in the recording. What runs beside what a step waits for may be recorded at an
/// earlier or a later step.
#[derive(Default)]
pub struct Pending(Vec<Json>);

impl Pending {
    /// Adds calls.
    pub fn add(&mut self, calls: Vec<Json>) {
        self.0.extend(calls);
    }

    /// Returns our calls that correspond to recorded ones: the same command about the same resource; null where there
    /// is none yet.
    pub fn find(&self, recorded: &[Json], bindings: &Bindings) -> Vec<(Option<usize>, Json)> {
        let mut used: Vec<usize> = Vec::new();
        let mut found = Vec::new();
        for call in recorded {
            let wanted = bindings.fill(&key(call)).unwrap_or_default();
            let at = (0..self.0.len()).find(|at| !used.contains(at) && key(&self.0[*at]) == wanted);
            used.extend(at);
            found.push((at, at.map_or(Json::Null, |at| self.0[at].clone())));
        }
        found
    }

    /// Forgets what was found.
    pub fn remove(&mut self, mut found: Vec<usize>) {
        found.sort_unstable();
        found.into_iter().rev().for_each(|at| drop(self.0.remove(at)));
    }

    /// Returns the changes that nothing recorded stands for. We destroy more than upstream does, and `init` comes with
    /// every change.
    pub fn left(&self) -> Vec<String> {
        let is_change = |call: &&Json| !matches!(call["command"][0].as_str(), Some("init" | "destroy"));
        self.0.iter().filter(is_change).map(key).collect()
    }
}

/// What a call is about: the command, and the resource that the context names, or else the module's source.
fn key(call: &Json) -> String {
    let command = call["command"][0].as_str().unwrap_or_default();
    let module = call["main.tf.json"]["module"].as_object().and_then(|modules| modules.values().next());
    let module = module.unwrap_or(&Json::Null);
    let resource = module["context"]["resource"]["id"].as_str().or_else(|| module["source"].as_str());
    format!("{command} {}", resource.unwrap_or_default().to_ascii_lowercase())
}

/// Compares our calls with the recorded ones.
pub fn compare(bindings: &Bindings, recorded: &[Json], ours: &[Json]) -> Vec<String> {
    let mut differences = Vec::new();
    bindings.clone().accept_json(&recorded.into(), &ours.into(), "terraform", &mut differences);
    differences
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_read_as_they_were_recorded_and_found_by_what_they_are_about() {
        let Some(calls) = Calls::listen().unwrap() else {
            eprintln!("skipped: this test needs `terraform`, which is not installed");
            return;
        };
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("main.tf.json"), r#"{ "output": { "a": { "value": 1 } } }"#).unwrap();
        for arguments in [&["init", "-no-color"][..], &["apply", "-no-color", "-auto-approve"], &["show", "-json"]] {
            let mut command = std::process::Command::new(calls.program());
            let home = folder.path().join("x");
            command.args(arguments).current_dir(folder.path()).env("REC_A", "1").env("TF_CLI_CONFIG_FILE", home);
            assert!(command.output().unwrap().status.success());
        }
        let taken = calls.take();
        assert_eq!(taken.len(), 2, "{taken:?}");
        assert_eq!(taken[1]["command"], json!(["apply", "-no-color", "-auto-approve"]));
        assert_eq!(taken[1]["main.tf.json"]["output"]["a"]["value"], 1);
        assert_eq!(taken[1]["env"]["TF_CLI_CONFIG_FILE"], "{host:workdir}/x");
        let mut pending = Pending::default();
        pending.add(taken.clone());
        let found =
            pending.find(&[json!({ "command": ["apply"] }), json!({ "command": ["destroy"] })], &Bindings::default());
        assert_eq!(found, [(Some(1), taken[1].clone()), (None, Json::Null)]);
        assert_eq!(pending.left().len(), 1);
        pending.remove(vec![1]);
        assert!(pending.left().is_empty());
        assert_eq!(calls.state().unwrap()["outputs"]["a"]["value"], 1);
        assert!(calls.take().is_empty());
    }
}
