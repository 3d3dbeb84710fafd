//! What an author reads: file, line, column, path and remedy.

use radii_diagnostics::render::{Colour, Format, render};
use radii_diagnostics::{Diagnostic, SourceMap};
use radii_model::manifest;

use crate::fixtures;

fn diagnostics(folder: &str) -> Vec<(String, Vec<Diagnostic>, SourceMap)> {
    let parse = |(name, text): (String, String)| {
        let mut sources = SourceMap::new();
        let file = sources.add(name.as_str(), text.as_str());
        let (_, diagnostics) = manifest::parse(file, &text);
        (name, diagnostics, sources)
    };
    fixtures::manifests(folder).into_iter().map(parse).collect()
}

fn text(folder: &str) -> String {
    let mut out = String::new();
    for (name, diagnostics, sources) in diagnostics(folder) {
        let human = render(&diagnostics, &sources, Format::Human, Colour::Off);
        out += &format!("===== {name}\n{}\n\n", human.trim_end());
    }
    out
}

#[test]
fn every_message_names_place_path_and_remedy() {
    for folder in ["manifests-bad", "manifests-own"] {
        for (name, diagnostics, sources) in diagnostics(folder) {
            for diagnostic in diagnostics {
                let label =
                    diagnostic.primary.as_ref().unwrap_or_else(|| panic!("{name}: {diagnostic:?} has no place"));
                let (file, _) = sources.locate(label.span).expect("the place is in the file");
                assert_eq!(file, name);
                assert!(diagnostic.help.is_some(), "{name}: {diagnostic:?} has no remedy");
                let about_the_file = ["radii/empty-manifest", "radii/yaml-syntax"].contains(&diagnostic.code.as_str())
                    || ["003-scalar.yaml", "004-list.yaml"].contains(&name.as_str());
                assert!(about_the_file || diagnostic.path.is_some(), "{name}: {diagnostic:?} has no path");
            }
        }
    }
}

#[test]
fn messages_of_recorded_manifests() {
    insta::assert_snapshot!(text("manifests-bad"));
}

#[test]
fn messages_of_rules_that_the_recordings_leave_out() {
    insta::assert_snapshot!(text("manifests-own"));
}
