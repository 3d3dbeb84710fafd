//! Files in memory.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use radii_diagnostics::Diagnostic;

/// Generated files by path, relative to a folder that the caller chooses; paths use `/`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Artifacts {
    files: BTreeMap<Utf8PathBuf, Vec<u8>>,
}

impl Artifacts {
    /// Adds a file; a file of the same path is replaced and returned.
    pub fn insert(&mut self, path: impl Into<Utf8PathBuf>, content: impl Into<Vec<u8>>) -> Option<Vec<u8>> {
        self.files.insert(path.into(), content.into())
    }

    /// Returns the content of a file.
    pub fn get(&self, path: impl AsRef<Utf8Path>) -> Option<&[u8]> {
        self.files.get(path.as_ref()).map(Vec::as_slice)
    }

    /// Returns the files, ordered by path.
    pub fn iter(&self) -> impl Iterator<Item = (&Utf8Path, &[u8])> {
        self.files.iter().map(|(path, content)| (path.as_path(), content.as_slice()))
    }

    /// Moves the files of `other` below the folder `prefix`.
    pub fn nest(&mut self, prefix: &str, other: Artifacts) {
        let nested = other.files.into_iter().map(|(path, content)| (Utf8Path::new(prefix).join(path), content));
        // Both are in order: put together they need fewer looks at paths than one after the other.
        self.files.append(&mut nested.collect());
    }

    /// How many files there are.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether there is no file.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }
}

/// What a generator made, and what it has to say about it.
#[derive(Clone, Debug, Default)]
pub struct Output {
    /// The files; incomplete when a diagnostic is an error.
    pub artifacts: Artifacts,
    /// What could not be expressed (warnings and notes) and what could not be generated (errors).
    pub diagnostics: Vec<Diagnostic>,
}

impl Output {
    /// Whether a diagnostic is an error.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }
}
