//! Everything that can end a command, with the exit code and the next step.
//!
//! This is the only place where errors of the libraries become something for a person to read.

use std::fmt::Write as _;
use std::io;
use std::process::ExitCode;

use crate::client::{self, Problem};
use crate::config;

/// Why a command did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The command line itself is wrong.
    #[error("{message}")]
    Usage {
        /// What is wrong with it.
        message: String,
        /// What to type instead.
        hint: Option<String>,
    },
    /// What was asked cannot be done.
    #[error("{message}")]
    Failed {
        /// Why not.
        message: String,
        /// What to do next.
        hint: Option<String>,
    },
    /// Diagnostics that were printed already.
    #[error("diagnostics were reported")]
    Reported,
    /// A file could not be read or written.
    #[error("cannot {doing} `{path}`")]
    File {
        /// What was being done: "read", "write".
        doing: &'static str,
        /// To which file.
        path: String,
        /// Why it failed.
        source: io::Error,
    },
    /// The configuration file is no good.
    #[error(transparent)]
    Config(#[from] config::Error),
    /// The server refused, or was not there.
    #[error(transparent)]
    Client(#[from] client::Error),
    /// Nobody reads our output any more.
    #[error("the output was closed")]
    OutputClosed,
}

/// The command worked.
pub const SUCCESS: u8 = 0;
/// The command failed: refused, not found, or diagnostics with errors.
pub const FAILED: u8 = 1;
/// The command line was wrong; clap uses the same code.
pub const USAGE: u8 = 2;
/// No server answered.
pub const UNREACHABLE: u8 = 3;

impl Error {
    /// Returns a failure without hint.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::Failed { message: message.into(), hint: None }
    }

    /// Returns a usage error without hint.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), hint: None }
    }

    /// Returns a function that wraps an I/O error of the file at `path`.
    pub fn file(doing: &'static str, path: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { doing, path, source }
    }

    /// Sets what to do next.
    #[must_use]
    pub fn hint(mut self, text: impl Into<String>) -> Self {
        if let Self::Usage { hint, .. } | Self::Failed { hint, .. } = &mut self {
            *hint = Some(text.into());
        }
        self
    }

    /// The exit code that scripts see.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Usage { .. } => USAGE,
            Self::Client(client::Error::Unreachable { .. }) => UNREACHABLE,
            Self::OutputClosed => SUCCESS,
            _ => FAILED,
        })
    }

    fn next_step(&self) -> Option<String> {
        match self {
            Self::Usage { hint, .. } | Self::Failed { hint, .. } => hint.clone(),
            Self::Client(error) => error.hint(),
            Self::Config(error) => error.hint(),
            Self::File { path, source, .. } if source.kind() == io::ErrorKind::NotFound => neighbour(path),
            _ => None,
        }
    }

    /// Returns the whole message: the chain of causes, the single violations, the next step.
    pub fn report(&self) -> Option<String> {
        let mut text = match self {
            Self::Reported | Self::OutputClosed => return None,
            Self::Client(client::Error::Refused { problem, .. }) => problem_text(problem),
            _ => self.to_string(),
        };
        let causes = std::iter::successors(std::error::Error::source(self), |error| error.source());
        match self {
            // The HTTP library wraps the cause in several layers that repeat the URL; only the last one tells anything.
            Self::Client(client::Error::Unreachable { .. }) => {
                let _ = causes.last().map(|cause| write!(text, ": {cause}"));
            }
            _ => causes.for_each(|cause| {
                let _ = write!(text, ": {cause}");
            }),
        }
        if let Some(hint) = self.next_step() {
            let _ = write!(text, "\nhint: {hint}");
        }
        Some(text)
    }
}

/// Names the file beside which an absent one would stand, if one has nearly its name.
fn neighbour(path: &str) -> Option<String> {
    let path = camino::Utf8Path::new(path);
    let folder = path.parent().filter(|folder| !folder.as_str().is_empty()).unwrap_or(camino::Utf8Path::new("."));
    let names: Vec<String> = folder.read_dir_utf8().ok()?.flatten().map(|entry| entry.file_name().to_owned()).collect();
    let stem = path.file_stem()?;
    let is_twin = |name: &&str| camino::Utf8Path::new(name).file_stem() == Some(stem);
    let close = radii_model::closest(path.file_name()?, names.iter().map(String::as_str))
        .or_else(|| names.iter().map(String::as_str).find(is_twin))?;
    Some(format!("did you mean `{}`?", path.with_file_name(close)))
}

/// Returns a problem of the error envelope as indented lines.
fn problem_text(problem: &Problem) -> String {
    let mut text = String::new();
    let mut todo = vec![(0, problem)];
    while let Some((depth, problem)) = todo.pop() {
        let indent = "  ".repeat(depth);
        if depth > 0 {
            let _ = write!(text, "\n{indent}- ");
        }
        text.push_str(problem.message.trim_end());
        if !problem.code.is_empty() {
            let _ = write!(text, " [{}]", problem.code);
        }
        if let Some(target) = &problem.target
            && !problem.message.contains(target.as_str())
        {
            let _ = write!(text, "\n{indent}  target: {target}");
        }
        todo.extend(problem.details.iter().rev().map(|detail| (depth + 1, detail)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_detail_of_a_refusal_is_printed() {
        let problem: Problem = serde_json::from_str(
            r#"{"code":"DeploymentFailed","message":"2 resources failed","details":[
                {"code":"BadRequest","message":"no such type","target":"/planes/x"},
                {"code":"Conflict","message":"busy"}]}"#,
        )
        .unwrap();
        assert_eq!(
            problem_text(&problem),
            "2 resources failed [DeploymentFailed]\n  - no such type [BadRequest]\n    target: /planes/x\n  - busy [Conflict]"
        );
    }
}
