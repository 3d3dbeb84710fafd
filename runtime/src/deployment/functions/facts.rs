//! Holds the functions to what others wrote down of them: `tests/fixtures/functions/`, a file per source.
//!
//! A file has `values` (an expression and what it is), `refused` (expressions that are mistakes), `templates` (whole ones,
//! with the outputs and resources that they have) and `notFollowed`: what the source says and we do not do, with the reason.

use std::fmt::Write as _;

use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use super::tests::{surroundings, template};
use super::*;
use crate::deployment::expression::{Phase, Scope};
use crate::deployment::parameters::Nothing;
use crate::deployment::{Foreseen, foresee, foresee_outputs};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Facts {
    source: String,
    /// When the expressions are evaluated.
    now: Option<jiff::Timestamp>,
    values: Vec<Value>,
    refused: Vec<String>,
    templates: Vec<Whole>,
    not_followed: Vec<Difference>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Value {
    expression: String,
    value: Json,
}

/// A template that is evaluated whole.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Whole {
    name: String,
    template: Json,
    #[serde(default)]
    parameters: Map<String, Json>,
    scope: Option<String>,
    outputs: Map<String, Json>,
    /// Resources as they would be put: `id`, and members of the body.
    #[serde(default)]
    resources: Vec<Map<String, Json>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Difference {
    expression: String,
    /// What the source says; null where it refuses the expression.
    there: Json,
    why: String,
}

/// Functions that ask for what only a deployment or Azure knows, or that nobody else wrote down; tests of ours have them.
const ASKING: [&str; 16] = [
    "references",
    "resourceInfo",
    "invokeResourceMethod",
    "extensions",
    "externalInputs",
    "subscription",
    "tenant",
    "managementGroup",
    "deployer",
    "pickZones",
    "providers",
    "roleDefinitions",
    "toLogicalZone",
    "toLogicalZones",
    "toPhysicalZone",
    "toPhysicalZones",
];

const FILES: [(&str, &str); 6] = [
    ("compiler-literals", include_str!("../../../tests/fixtures/functions/compiler-literals.json")),
    ("compiler-parameters", include_str!("../../../tests/fixtures/functions/compiler-parameters.json")),
    ("compiler-evaluation", include_str!("../../../tests/fixtures/functions/compiler-evaluation.json")),
    ("documentation", include_str!("../../../tests/fixtures/functions/documentation.json")),
    ("psrule", include_str!("../../../tests/fixtures/functions/psrule.json")),
    ("dotnet", include_str!("../../../tests/fixtures/functions/dotnet.json")),
];

fn read(text: &str) -> Facts {
    serde_json::from_str(text).expect("the fixture is a file of facts")
}

fn evaluate(expression: &str, now: Option<jiff::Timestamp>) -> Result<Json, String> {
    let (template, parameters) = (template(), Map::new());
    let mut surroundings = surroundings();
    surroundings.now = now.unwrap_or(surroundings.now);
    // Defaults of parameters may use every function that needs no cloud, those of time as well.
    let scope = Scope::new(&template, &parameters, Phase::Default, &Nothing, &surroundings);
    Evaluator::new(&scope).value(&json!(format!("[{expression}]"))).map_err(|stop| match stop {
        Stop::Error(message) => message,
        Stop::Need(need) => format!("{need:?}"),
    })
}

impl Whole {
    fn check(&self) -> Result<(), String> {
        let scope = self.scope.as_deref().unwrap_or("/planes/radius/local/resourceGroups/g").parse().unwrap();
        let given = self.parameters.iter().map(|(name, value)| (name.clone(), json!({ "value": value }))).collect();
        let outputs = foresee_outputs(&self.template, &given, &scope).map_err(|fault| fault.message)?;
        if outputs != self.outputs {
            return Err(format!("has the outputs {}, not {}", Json::from(outputs), Json::from(self.outputs.clone())));
        }
        let all = foresee(&self.template, &given, &scope).map_err(|fault| fault.message)?;
        self.resources.iter().try_for_each(|wanted| has(&all, wanted))
    }
}

fn has(all: &[Foreseen], wanted: &Map<String, Json>) -> Result<(), String> {
    let found = all.iter().find(|resource| wanted["id"] == resource.id.to_string());
    let found = found.ok_or_else(|| format!("has no resource {}", wanted["id"]))?;
    let other = wanted.iter().find(|(name, value)| *name != "id" && found.body.get(*name) != Some(value));
    other.map_or(Ok(()), |(name, value)| Err(format!("`{name}` of {} is not {value}: {:?}", found.id, found.body)))
}

#[test]
fn what_others_say_of_the_functions_is_so() {
    let mut wrong = String::new();
    for (name, text) in FILES {
        let facts = read(text);
        let (mut right, mut all) = (0, 0);
        let mut count = |is_right: bool, said: &dyn std::fmt::Display| {
            all += 1;
            right += usize::from(is_right);
            if !is_right {
                let _ = writeln!(wrong, "{name}: {said}");
            }
        };
        for fact in &facts.values {
            let value = evaluate(&fact.expression, facts.now);
            count(value.as_ref() == Ok(&fact.value), &format!("{} is {value:?}, not {}", fact.expression, fact.value));
        }
        for expression in &facts.refused {
            let value = evaluate(expression, facts.now);
            count(value.is_err(), &format!("{expression} is {value:?}, and should be refused"));
        }
        for whole in &facts.templates {
            let checked = whole.check();
            count(checked.is_ok(), &format!("{}: {checked:?}", whole.name));
        }
        println!("{name}: {right} of {all} facts hold ({})", facts.source);
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn what_is_not_followed_differs_indeed_and_has_a_reason() {
    for (name, text) in FILES {
        let facts = read(text);
        for difference in facts.not_followed {
            let value = evaluate(&difference.expression, facts.now);
            assert_ne!(value, Ok(difference.there), "{name}: {}", difference.expression);
            assert!(!difference.why.is_empty(), "{name}: {}", difference.expression);
        }
    }
}

#[test]
fn every_function_that_asks_nobody_stands_in_a_fact() {
    let all = FILES.map(|(_, text)| text.to_lowercase()).concat();
    let names = TABLES.into_iter().flatten().map(|function| function.name);
    let missing = names.filter(|name| !all.contains(&format!("{}(", name.to_lowercase())));
    let missing: Vec<&str> = missing.filter(|name| !ASKING.contains(name)).collect();
    assert!(missing.is_empty(), "no fact of others for {missing:?}");
}
