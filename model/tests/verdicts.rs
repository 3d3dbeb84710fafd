//! The same verdict as Radius' command line on every recorded manifest.

use std::fs;
use std::path::{Path, PathBuf};

use radii_diagnostics::FileId;
use radii_model::manifest::{self, Manifest};

pub fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// Returns the manifests of a folder by name, in order.
pub fn manifests(folder: &str) -> Vec<(String, String)> {
    let entries = fs::read_dir(fixtures().join(folder)).expect("the fixtures are part of the repository");
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "yaml" || extension == "json"));
    files.sort();
    let read = |path: PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        (name, fs::read_to_string(&path).unwrap())
    };
    files.into_iter().map(read).collect()
}

/// Returns the manifest if it is accepted, else the messages.
pub fn verdict(text: &str) -> Result<Manifest, Vec<String>> {
    let (manifest, diagnostics) = manifest::parse(FileId(0), text);
    let errors: Vec<_> = diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).collect();
    if errors.is_empty() {
        return Ok(manifest.expect("a manifest without errors was understood"));
    }
    let messages = errors.iter().map(|d| format!("{} [{}] {}", d.code, d.path.as_deref().unwrap_or(""), d.message));
    Err(messages.collect())
}

#[test]
fn what_radius_refuses_is_refused_with_one_diagnostic_per_mistake() {
    let files = manifests("manifests-bad");
    let mut same = 0;
    for (name, text) in &files {
        match verdict(text) {
            Ok(_) => println!("{name}: accepted"),
            Err(messages) => {
                same += 1;
                println!("{name}: {messages:#?}");
            }
        }
    }
    println!("{same} of {} refused", files.len());
    assert_eq!(same, files.len());
}

#[test]
fn what_radius_accepts_is_accepted() {
    let mut files = manifests("manifests-good");
    files.extend(manifests("builtin-manifests/self-hosted"));
    files.extend(manifests("builtin-manifests/dev"));
    let mut same = 0;
    for (name, text) in &files {
        match verdict(text) {
            Ok(_) => same += 1,
            Err(messages) => println!("{name}: {messages:#?}"),
        }
    }
    println!("{same} of {} accepted", files.len());
    assert_eq!(same, files.len());
}
