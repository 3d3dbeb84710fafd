//! Files of `tests/fixtures`.
//!
//! `manifests-bad` and `manifests-good` are what Radius' command line refused and accepted when it was
//! recorded; `builtin-manifests` are Radius' own; `manifests-own` shows rules that those leave out.

use std::fs;
use std::path::{Path, PathBuf};

/// Returns the text of one file.
pub fn read(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Returns the manifests of a folder as name and text, in order.
pub fn manifests(folder: &str) -> Vec<(String, String)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(folder);
    let entries = fs::read_dir(path).expect("the fixtures are part of the repository");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "yaml" || extension == "json"));
    files.sort();
    let read = |path: PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        (name, fs::read_to_string(&path).unwrap())
    };
    files.into_iter().map(read).collect()
}

/// Returns all manifests that Radius accepts.
pub fn accepted() -> Vec<(String, String)> {
    ["manifests-good", "builtin-manifests/self-hosted", "builtin-manifests/dev"]
        .into_iter()
        .flat_map(manifests)
        .collect()
}
