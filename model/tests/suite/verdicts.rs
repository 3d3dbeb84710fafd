//! The same verdict as Radius' command line on every recorded manifest.

use std::collections::BTreeMap;

use radii_diagnostics::FileId;
use radii_model::manifest;

use crate::fixtures;

fn errors(text: &str) -> Vec<String> {
    let (manifest, diagnostics) = manifest::parse(FileId(0), text);
    let errors: Vec<_> = diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).collect();
    assert!(manifest.is_some() || !errors.is_empty(), "a manifest without errors is understood");
    errors.iter().map(|error| format!("{} [{}]", error.code, error.path.as_deref().unwrap_or(""))).collect()
}

/// `manifests-bad-mistakes.json` counts the mistakes of files that have several, and gives notes where Radius'
/// own verdict was no verdict.
#[test]
fn what_radius_refuses_is_refused_with_one_diagnostic_per_mistake() {
    let several: BTreeMap<String, serde_json::Value> =
        serde_json::from_str(&fixtures::read("manifests-bad-mistakes.json")).unwrap();
    let files = fixtures::manifests("manifests-bad");
    let mut wrong = Vec::new();
    for (name, text) in &files {
        let expected = several.get(name).map_or(1, |mistakes| mistakes["mistakes"].as_u64().unwrap());
        let found = errors(text);
        if found.len() as u64 != expected {
            wrong.push(format!("{name}: {expected} mistakes, {found:?}"));
        }
    }
    println!("{} of {} refused as often as they are wrong", files.len() - wrong.len(), files.len());
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn what_radius_accepts_is_accepted() {
    let files = fixtures::accepted();
    let refused: Vec<_> =
        files.iter().map(|(name, text)| (name, errors(text))).filter(|(_, errors)| !errors.is_empty()).collect();
    println!("{} of {} accepted", files.len() - refused.len(), files.len());
    assert!(refused.is_empty(), "{refused:#?}");
}

#[test]
fn manifests_of_radius_itself_cause_no_warnings() {
    for folder in ["builtin-manifests/self-hosted", "builtin-manifests/dev"] {
        for (name, text) in fixtures::manifests(folder) {
            let (_, diagnostics) = manifest::parse(FileId(0), &text);
            assert!(diagnostics.is_empty(), "{name}: {diagnostics:#?}");
        }
    }
}
