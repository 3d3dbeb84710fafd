//! Rules over several versions of a type: each holds where there is what it names.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::VALIDATIONS;
use super::rules::{Spot, Step, compile_at, has_rules, spots};
use super::written::written;
use crate::base;
use crate::schema::{Additional, Schema};

/// What is to be done with one rule in one version.
struct Verdict {
    version: usize,
    steps: Vec<Step>,
    index: usize,
    rule: String,
    place: radii_diagnostics::Span,
    outcome: Outcome,
}

enum Outcome {
    /// It names nothing that is missing.
    Applies,
    /// It asks whether there is something that is not there.
    Asks(Vec<String>),
    /// It names what this version does not have.
    Lacks,
}

/// Leaves rules that were written once for all versions out of those that lack what they name.
///
/// A rule that asks by `has(…)` stays, and notes what is absent. One that applies nowhere stays everywhere: what it
/// names is misspelt.
pub fn settle(versions: &mut [&mut Schema]) {
    if versions.len() < 2 || !versions.iter().any(|schema| has_rules(schema)) {
        return;
    }
    let names: Vec<BTreeSet<String>> = versions.iter().map(|schema| names_of(schema)).collect();
    let mut verdicts = Vec::new();
    for (version, schema) in versions.iter().enumerate() {
        let others = names.iter().enumerate().filter(|(other, _)| *other != version).flat_map(|(_, names)| names);
        let absent: BTreeSet<&String> = others.collect();
        let absent: Vec<String> = absent.into_iter().cloned().collect();
        let root = base::with_base_properties(schema);
        for spot in spots(&root) {
            judge(version, &spot, &root, &absent, &mut verdicts);
        }
    }
    let applies = |verdict: &Verdict| {
        verdicts.iter().any(|other| {
            other.place == verdict.place && other.rule == verdict.rule && !matches!(other.outcome, Outcome::Lacks)
        })
    };
    // From the last to the first, so that indices stay what they are.
    for verdict in verdicts.iter().rev() {
        let Some(schema) = at_mut(versions[verdict.version], &verdict.steps) else { continue };
        match &verdict.outcome {
            Outcome::Lacks if applies(verdict) => remove(schema, verdict.index),
            Outcome::Asks(names) => note(schema, verdict.index, names),
            _ => {}
        }
    }
}

fn judge(version: usize, spot: &Spot<'_>, root: &Schema, absent: &[String], verdicts: &mut Vec<Verdict>) {
    for (index, rule) in written(spot.schema).into_iter().enumerate() {
        let Some(rule) = rule else { continue };
        let compiled = compile_at(&rule, spot, root, absent);
        let lacks_target = rule.path.as_deref().is_some_and(|path| {
            let problem = super::path::parse(path, spot.schema, root).err();
            problem.is_some_and(|problem| absent.iter().any(|name| path.get(problem.at.clone()) == Some(name)))
        });
        let outcome = match compiled.missing {
            Some(_) => Outcome::Lacks,
            None if lacks_target => Outcome::Lacks,
            None if compiled.asks_absent.is_empty() => Outcome::Applies,
            None => Outcome::Asks(compiled.asks_absent),
        };
        let place = spot.schema.rule_places.get(index).map(|place| place.rule.span).unwrap_or_default();
        verdicts.push(Verdict { version, steps: spot.steps.clone(), index, rule: rule.rule, place, outcome });
    }
}

/// The names of all properties in a schema.
fn names_of(schema: &Schema) -> BTreeSet<String> {
    fn collect(schema: &Schema, names: &mut BTreeSet<String>) {
        for (name, property) in &schema.properties {
            names.insert(name.clone());
            collect(&property.schema, names);
        }
        schema.items.iter().for_each(|items| collect(items, names));
        if let Additional::Schema(values) = &schema.additional {
            collect(values, names);
        }
    }
    let mut names = BTreeSet::new();
    collect(schema, &mut names);
    names
}

fn at_mut<'s>(schema: &'s mut Schema, steps: &[Step]) -> Option<&'s mut Schema> {
    let Some((first, rest)) = steps.split_first() else { return Some(schema) };
    let next = match first {
        Step::Property(name) => schema.properties.get_mut(name).map(|property| &mut property.schema),
        Step::Items => schema.items.as_deref_mut(),
        Step::Values => match &mut schema.additional {
            Additional::Schema(values) => Some(&mut **values),
            _ => None,
        },
    };
    at_mut(next?, rest)
}

fn remove(schema: &mut Schema, index: usize) {
    if let Some(Json::Array(rules)) = schema.extensions.get_mut(VALIDATIONS) {
        rules.remove(index);
        if index < schema.rule_places.len() {
            schema.rule_places.remove(index);
        }
        if rules.is_empty() {
            schema.extensions.shift_remove(VALIDATIONS);
        }
    }
}

fn note(schema: &mut Schema, index: usize, names: &[String]) {
    let rule = schema.extensions.get_mut(VALIDATIONS).and_then(|rules| rules.get_mut(index));
    if let Some(Json::Object(rule)) = rule {
        rule.insert("absent".to_owned(), names.iter().cloned().collect());
    }
}
