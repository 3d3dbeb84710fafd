//! The same verdicts and words as Radius on every recorded body.
//!
//! `tests/fixtures/schema` holds one file per recorded scenario. `differences.json` names the cases in
//! which we want another answer, what it is, and why.

use std::fs;
use std::path::{Path, PathBuf};

use radii_diagnostics::Span;
use radii_model::document::Node;
use radii_model::pointer;
use radii_model::rules::{Strictness, check_schema};
use radii_model::schema::Schema;
use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::super::Validator;

#[derive(Deserialize)]
struct Scenario {
    schema: Json,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    properties: Option<Json>,
    verdict: String,
    #[serde(default)]
    message: String,
    defaulted: Option<Map<String, Json>>,
}

#[derive(Deserialize)]
struct Difference {
    scenario: String,
    case: String,
    /// `None` when the body is valid for us.
    message: Option<String>,
    #[serde(rename = "why")]
    _why: String,
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/schema")
}

fn scenarios() -> Vec<(String, Scenario)> {
    let files = fs::read_dir(fixtures()).expect("the fixtures are part of the repository");
    let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    let name = |path: &Path| path.file_stem().unwrap().to_string_lossy().into_owned();
    let scenarios = files.iter().filter(|path| name(path) != "differences");
    scenarios.map(|path| (name(path), serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap())).collect()
}

fn differences() -> Vec<Difference> {
    serde_json::from_str(&fs::read_to_string(fixtures().join("differences.json")).unwrap()).unwrap()
}

/// Whether the registry refuses the schema.
fn is_refused(schema: &Json) -> bool {
    let (schema, mut diagnostics) = Schema::from_node(&Node::from_json(schema, Span::default()), "schema");
    diagnostics.extend(check_schema(&schema, "schema", Strictness::Registry));
    diagnostics.iter().any(|diagnostic| diagnostic.is_error())
}

/// Returns the first violation in the words of the protocol, as the host writes it.
fn first_message(validator: &Validator, properties: &Option<Json>) -> Option<String> {
    let mut properties = properties.clone();
    if let Some(Json::Object(members)) = &mut properties {
        validator.apply_defaults(members);
    }
    let violation = validator.validate(properties.as_ref()).into_iter().next()?;
    let place = pointer::tokens(&violation.pointer).collect::<Vec<_>>().join(" ");
    let prefix = "code InvalidRequestContent: err Schema validation failed: resource data validation failed:";
    Some(format!("{prefix} Error at \"{place}\": {}", violation.message))
}

#[test]
fn recorded_bodies_get_the_recorded_verdict_in_the_recorded_words() {
    let differences = differences();
    let (mut same, mut wanted, mut all) = (0, 0, 0);
    let mut wrong = Vec::new();
    for (name, scenario) in scenarios() {
        let validator = Validator::compile(&scenario.schema);
        let schema_is_refused = is_refused(&scenario.schema);
        for case in &scenario.cases {
            all += 1;
            // Radius stores any schema and refuses every body of a broken one; we refuse the schema.
            let refused = schema_is_refused && !case.message.contains("resource data validation failed");
            let answer = match &validator {
                _ if refused => Some(case.message.clone()),
                Ok(validator) => first_message(validator, &case.properties),
                Err(error) => Some(error.clone()),
            };
            let recorded = (case.verdict == "Failed").then(|| case.message.clone());
            let difference = differences.iter().find(|d| d.scenario == name && d.case == case.name);
            match difference {
                Some(difference) if answer == difference.message => wanted += 1,
                None if answer == recorded => same += 1,
                _ => wrong.push(format!("{name}, {}: {answer:?} instead of {recorded:?}", case.name)),
            }
        }
    }
    println!("{same} of {all} as recorded, {wanted} by a wanted difference");
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(wanted, differences.len(), "a difference names no case");
}

#[test]
fn recorded_defaults_are_filled_in() {
    let mut compared = 0;
    for (name, scenario) in scenarios() {
        let Ok(validator) = Validator::compile(&scenario.schema) else { continue };
        for case in scenario.cases {
            let (Some(Json::Object(mut members)), Some(expected)) = (case.properties, case.defaulted) else { continue };
            validator.apply_defaults(&mut members);
            assert_eq!(Json::Object(members), Json::Object(expected), "{name}, {}", case.name);
            compared += 1;
        }
    }
    println!("{compared} bodies with defaults");
    assert_eq!(compared, 5);
}
