//! Bicep extensions, byte for byte as the two upstream converters write them.

use std::io::Write as _;

use camino::Utf8Path;
use radii_codegen::bicep::read_as_upstream;
use radii_codegen::{Artifacts, Compat, Input, Options, Target, generator};
use radii_diagnostics::Diagnostic;
use radii_model::manifest::Manifest;

use crate::{crate_path, document, folders, read};

const CONVERTERS: [(&str, Compat); 2] = [("go", Compat::Go), ("ts", Compat::TypeScript)];

/// Converts as the upstream converter does; the first error ends it.
fn convert(manifests: &[Manifest], compat: Compat) -> Result<Artifacts, Box<Diagnostic>> {
    let input = Input::new(manifests);
    let output = generator(Target::Bicep, &Options { compat, ..Options::default() }).generate(&input);
    let mut diagnostics = input.diagnostics().iter().cloned().chain(output.diagnostics);
    diagnostics.find(Diagnostic::is_error).map_or(Ok(output.artifacts), |error| Err(Box::new(error)))
}

/// Returns how the three files of `expected` differ from the artifacts; empty when they do not.
fn differences(expected: &Utf8Path, namespace: &str, artifacts: &Artifacts) -> Vec<String> {
    let differs = |name: &&str| {
        let made = artifacts.get(format!("{namespace}/{name}")).map(String::from_utf8_lossy);
        made.as_deref() != Some(read(&expected.join(name)).as_str())
    };
    let names = ["index.json", "types.json", "index.md"];
    names.into_iter().filter(differs).map(|name| format!("{}: not the same", expected.join(name))).collect()
}

fn compare(case: &Utf8Path, converter: &str, compat: Compat) -> Vec<String> {
    let expected = case.join(converter);
    let document = document(&case.join("manifest.yaml"));
    let read = read_as_upstream(&document, compat);
    let namespace = read.as_ref().map_or_else(|_| String::new(), |manifest| manifest.namespace.value.clone());
    let converted = read.and_then(|manifest| convert(&[manifest], compat));
    let refusal = expected.join("ERROR.txt");
    match converted {
        Ok(_) if refusal.exists() => vec![format!("{refusal}: was not refused")],
        Ok(artifacts) => differences(&expected, &namespace, &artifacts),
        Err(error) if refusal.exists() => {
            let complete = error.help.is_some() && error.path.is_some() && error.primary.is_some();
            if complete { Vec::new() } else { vec![format!("{refusal}: no place or no help in {error:?}")] }
        }
        Err(error) => vec![format!("{expected}: refused: {}", error.message)],
    }
}

fn compare_all(cases: &[camino::Utf8PathBuf]) -> (usize, Vec<String>) {
    let compared = cases
        .iter()
        .map(|case| CONVERTERS.into_iter().flat_map(|(name, compat)| compare(case, name, compat)).collect::<Vec<_>>());
    let failures: Vec<Vec<String>> = compared.collect();
    let passed = failures.iter().filter(|failures| failures.is_empty()).count();
    (passed, failures.concat())
}

#[test]
fn upstream_output_is_reproduced_for_every_manifest_and_construct() {
    let golden = crate_path("tests/golden");
    let mut manifests = folders(&golden);
    manifests.retain(|folder| !folder.file_name().unwrap_or_default().starts_with('_'));
    let constructs = folders(&golden.join("_constructs"));
    let (manifests_passed, mut failures) = compare_all(&manifests);
    let (constructs_passed, more) = compare_all(&constructs);
    failures.extend(more);
    // Straight to the terminal: this line is the figure that people ask for.
    let summary = format!(
        "golden: {manifests_passed} of {} manifests, {constructs_passed} of {} constructs\n",
        manifests.len(),
        constructs.len()
    );
    std::io::stderr().write_all(summary.as_bytes()).unwrap();
    assert!(manifests.len() >= 11 && constructs.len() >= 21, "golden data is missing: {summary}");
    assert!(failures.is_empty(), "{summary}{}", failures.join("\n"));
}

#[test]
fn manifests_of_one_namespace_become_one_extension() {
    let golden = crate_path("tests/golden");
    for (namespace, types) in [
        ("Radius.Compute", vec!["routes", "containerImages", "containers", "persistentVolumes"]),
        (
            "Radius.Data",
            vec!["mongoDatabases", "mySqlDatabases", "postgreSqlDatabases", "redisCaches", "sqlServerDatabases"],
        ),
    ] {
        let read = |name: &&str| {
            let document = document(&golden.join(format!("{namespace}.{name}/manifest.yaml")));
            read_as_upstream(&document, Compat::Go).unwrap()
        };
        let manifests: Vec<Manifest> = types.iter().map(read).collect();
        let artifacts = convert(&manifests, Compat::Go).unwrap();
        assert_eq!(differences(&golden.join(format!("_merged/{namespace}/go")), namespace, &artifacts), [""; 0]);
    }
}

#[test]
fn a_type_that_two_manifests_define_is_refused() {
    let document = document(&crate_path("tests/golden/Radius.Data.redisCaches/manifest.yaml"));
    let manifest = read_as_upstream(&document, Compat::Go).unwrap();
    let error = convert(&[manifest.clone(), manifest], Compat::Go).unwrap_err();
    assert_eq!(error.message, "type `Radius.Data/redisCaches` is defined twice");
}

#[test]
fn what_the_upstream_converters_refuse_is_named_with_its_place() {
    let refused = |construct: &str, compat| {
        let document = document(&crate_path("tests/golden/_constructs").join(construct).join("manifest.yaml"));
        let error = read_as_upstream(&document, compat).and_then(|manifest| convert(&[manifest], compat)).unwrap_err();
        format!("{}\n  help: {}", error.message, error.help.unwrap_or_default())
    };
    let cases = [
        ("90-error-any", Compat::Go),
        ("91-error-number", Compat::Go),
        ("92-error-array-without-items", Compat::Go),
        ("93-error-enum-without-values", Compat::Go),
        ("94-error-additional-properties-true", Compat::Go),
        ("95-error-sensitive-integer", Compat::Go),
        ("96-oneof-becomes-object", Compat::TypeScript),
        ("97-error-no-namespace", Compat::Go),
    ];
    let messages: Vec<String> = cases.into_iter().map(|(construct, compat)| refused(construct, compat)).collect();
    insta::assert_snapshot!(messages.join("\n"));
}
