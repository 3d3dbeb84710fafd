//! The audit log: one JSON line for every change, every refusal and every look at secrets.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

/// What is written down.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry<'a> {
    /// When the answer was ready (RFC 3339).
    pub time: String,
    /// The request's `x-request-id`.
    pub request_id: &'a str,
    /// Who asked.
    pub actor: &'a str,
    /// The address that the request came from.
    pub from: &'a str,
    /// The method.
    pub method: &'a str,
    /// The path without its query, which may hold anything.
    pub path: &'a str,
    /// The `api-version`, if there was one.
    pub api_version: Option<&'a str>,
    /// What it demanded.
    pub action: &'a str,
    /// Whether it was let through.
    pub allowed: bool,
    /// The status of the answer.
    pub status: u16,
}

/// Where entries go.
#[derive(Debug, Default)]
pub struct Audit {
    file: Option<(PathBuf, Mutex<File>)>,
}

impl Audit {
    /// Returns a log that appends to a file, made when absent and readable by its owner only.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn to_file(path: &Path) -> std::io::Result<Self> {
        let mut options = OpenOptions::new();
        options.create(true).append(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path)?;
        Ok(Self { file: Some((path.to_owned(), Mutex::new(file))) })
    }

    /// Whether anything becomes of entries.
    pub fn is_kept(&self) -> bool {
        self.file.is_some() || tracing::enabled!(target: "radii::audit", tracing::Level::INFO)
    }

    /// Writes an entry: to the file if there is one, and to the log.
    pub fn write(&self, entry: &Entry<'_>) {
        let Entry { actor, from, method, path, action, allowed, status, .. } = *entry;
        tracing::info!(target: "radii::audit", actor, from, method, path, action, allowed, status, "Audit");
        let Some((name, file)) = &self.file else { return };
        let Ok(mut line) = serde_json::to_vec(entry) else { return };
        line.push(b'\n');
        // One write, so that lines of several processes do not mix.
        if let Err(error) = file.lock().unwrap_or_else(PoisonError::into_inner).write_all(&line) {
            tracing::error!(%error, "Cannot write to the audit log `{}`", name.display());
        }
    }
}
