//! Rules of types, held against what a template would put before the first resource is touched.

use serde_json::{Map, Value as Json};

use super::admit::{self, Asked, Checked};
use super::foresee::{Foreseen, Foresight};
use super::functions::Surroundings;
use crate::Fault;
use crate::host::{Host, rules_fault};

/// Checks the bodies that are known already: those that wait for nothing else.
///
/// What depends on other resources, and rules about a change, are checked when their turn comes.
///
/// # Errors
/// One fault with a detail per resource that breaks rules of its type.
pub(super) fn check(host: &Host, checked: &Checked, asked: &Asked, around: &Surroundings) -> Result<(), Fault> {
    let resources = &checked.template.resources;
    let has_rules = checked.plan.nodes.iter().any(|node| {
        let version = resources[node.resource].api_version.parse();
        let validator = version.ok().and_then(|version| host.validator(&node.id, &version).ok().flatten());
        validator.is_some_and(|validator| validator.has_rules())
    });
    // Nobody thinks a template through whose types have nothing to say.
    if !has_rules {
        return Ok(());
    }
    let again = admit::check_template(&asked.template, &asked.given, around);
    let Ok(again) = again else { return Ok(()) };
    let mut foreseen = Vec::new();
    // What cannot be foreseen is told when its turn comes, as ever.
    if Foresight::new(again, around.clone(), "").alone(&mut foreseen).is_err() {
        return Ok(());
    }
    let faults: Vec<Fault> = foreseen.iter().filter_map(|resource| broken(host, resource)).collect();
    let Some(first) = faults.first().cloned() else { return Ok(()) };
    Err(if faults.len() > 1 { first.details(faults) } else { first })
}

fn broken(host: &Host, foreseen: &Foreseen) -> Option<Fault> {
    if foreseen.existing || !foreseen.is_known || !foreseen.depends_on.is_empty() {
        return None;
    }
    let validator = host.validator(&foreseen.id, &foreseen.api_version.parse().ok()?).ok().flatten()?;
    if !validator.has_rules() {
        return None;
    }
    let given = foreseen.body.get("properties").and_then(Json::as_object);
    let mut properties: Map<String, Json> = given.cloned().unwrap_or_default();
    validator.apply_defaults(&mut properties);
    let properties = Json::Object(properties);
    // The schema has its say at the PUT, in the words that are known from there.
    if !validator.validate(Some(&properties)).is_empty() {
        return None;
    }
    let broken = validator.broken_rules(&properties, None);
    let fault = (!broken.is_empty()).then(|| rules_fault(&broken, &foreseen.id))?;
    Some(Fault { message: format!("{}: {}", foreseen.symbol, fault.message), ..fault })
}
