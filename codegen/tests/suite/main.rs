//! What the generators write, compared with golden data, meta-schemas and snapshots.

mod catalogue;
mod documents;
mod evolution;
mod golden;
mod hostile;
mod json_schema;
mod openapi;
mod output;
mod own;
mod raised;
mod rules;
mod templates;
mod writer;

use std::fs;

use camino::{Utf8Path, Utf8PathBuf};
use radii_diagnostics::FileId;
use radii_model::document::{Limits, Node, parse_yaml};
use radii_model::manifest::{self, Manifest};

fn crate_path(path: &str) -> Utf8PathBuf {
    Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn read(path: &Utf8Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("cannot read `{path}`: {error}"))
}

fn document(path: &Utf8Path) -> Node {
    parse_yaml(FileId(0), &read(path), Limits::default()).unwrap_or_else(|error| panic!("`{path}`: {error:?}"))
}

/// Reads a manifest strictly; it must be without errors.
fn manifest(path: &Utf8Path) -> Manifest {
    let (manifest, diagnostics) = manifest::parse(FileId(0), &read(path));
    let errors: Vec<_> = diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).collect();
    assert!(errors.is_empty(), "`{path}`: {errors:?}");
    manifest.unwrap_or_else(|| panic!("`{path}` holds no manifest"))
}

/// Returns the folders in `folder`, sorted by name.
fn folders(folder: &Utf8Path) -> Vec<Utf8PathBuf> {
    let entries = folder.read_dir_utf8().unwrap_or_else(|error| panic!("cannot list `{folder}`: {error}"));
    let mut folders: Vec<_> = entries.map(|entry| entry.unwrap().into_path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

/// Reads the manifests of the built-in providers.
fn builtin_manifests() -> Vec<Manifest> {
    let folder = crate_path("../manifests/builtin");
    let mut paths: Vec<_> = folder.read_dir_utf8().unwrap().map(|entry| entry.unwrap().into_path()).collect();
    paths.retain(|path| path.extension() == Some("yaml"));
    paths.sort();
    paths.iter().map(|path| manifest(path)).collect()
}
