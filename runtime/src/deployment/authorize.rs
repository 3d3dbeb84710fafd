//! What a deployment's caller may not do is refused before anything is created, as far as it can be foreseen.
//!
//! What only the run can know, such as an id that is another resource's output, is refused when the run comes to it:
//! everything goes through a host that acts for the caller.

use radii_model::ResourceId;
use serde_json::Map;

use super::admit::{self, Asked};
use super::cluster;
use super::foresee::Foresight;
use super::functions::Surroundings;
use super::template::Provider;
use crate::Fault;
use crate::access::{self, Right};
use crate::host::Host;

/// Checks that the caller may write what a template deploys, read what it reads, and list the secrets that it lists;
/// nested templates included.
///
/// # Errors
/// 403 with a detail and the place in the template for each refusal.
pub(super) fn check(host: &Host, asked: &Asked, around: &Surroundings) -> Result<(), Fault> {
    if !host.acts_for_somebody() {
        return Ok(());
    }
    let checked =
        admit::check_template(&asked.template, &asked.given, around).map_err(|problems| admit::invalid(&problems))?;
    let mut refusals = Vec::new();
    walk(host, Foresight::new(checked, around.clone(), ""), asked.granted.as_deref(), &mut refusals);
    let Some(first) = refusals.first().cloned() else { return Ok(()) };
    Err(if refusals.len() > 1 { first.details(refusals) } else { first })
}

fn walk(host: &Host, mut foresight: Foresight, granted: Option<&str>, refusals: &mut Vec<Fault>) {
    let wanted = foresight.plan.wanted();
    for at in foresight.plan.order() {
        let node = &foresight.plan.nodes[at];
        let resource = &foresight.template.resources[node.resource];
        if !node.active || (resource.existing && !wanted[at]) {
            continue;
        }
        let place = foresight.place(&resource.place);
        if resource.provider == Provider::Kubernetes {
            let right = if resource.existing { cluster::right_to_read(&node.id) } else { Right::Write };
            let refused = cluster::authorize(host, &node.id, right, granted).err();
            refusals.extend(refused.map(|fault| access::at(&place, fault)));
            if let Ok(Some(foreseen)) = foresight.resource(at) {
                foresight.settle(at, &foreseen, None, Map::new());
            }
            continue;
        }
        let mut demand = |right: Right<'_>, id: &ResourceId, place: &str| {
            refusals.extend(host.authorize(right, id).err().map(|fault| access::at(place, fault)));
        };
        demand(if resource.existing { Right::Read } else { Right::Write }, &node.id, &place);
        // A resource that cannot be evaluated yet is looked at again when it is put.
        let foreseen = foresight.resource(at).ok().flatten();
        for found in
            foreseen.iter().flat_map(|foreseen| host.references_of(&node.id, &foreseen.api_version, &foreseen.body))
        {
            demand(found.right, &found.id, &format!("{place}.{}", found.place));
        }
        for (right, id) in asked_for(&foresight) {
            demand(right.as_right(), &id, &place);
        }
        let Some(foreseen) = foreseen else { continue };
        if let Ok(Some(module)) = foresight.module(at, &foreseen) {
            walk(host, module, granted, refusals);
        }
        foresight.settle(at, &foreseen, None, Map::new());
    }
    // Outputs are evaluated for what they ask for; what is wrong with them, the run says.
    drop(foresight.outputs());
    let place = foresight.place("outputs");
    for (right, id) in asked_for(&foresight) {
        refusals.extend(host.authorize(right.as_right(), &id).err().map(|fault| access::at(&place, fault)));
    }
}

/// What an expression asks of a resource.
enum Wish {
    Reads,
    Calls(String),
}

impl Wish {
    fn as_right(&self) -> Right<'_> {
        match self {
            Wish::Reads => Right::Read,
            Wish::Calls(action) => Right::Act(action),
        }
    }
}

/// Returns what expressions have asked for since this was asked last.
fn asked_for(foresight: &Foresight) -> Vec<(Wish, ResourceId)> {
    let reads = foresight.wishes().into_iter().map(|id| (Wish::Reads, id));
    let calls = foresight.calls().into_iter().map(|(id, action)| (Wish::Calls(action), id));
    reads.chain(calls).filter_map(|(wish, id)| Some((wish, id.parse().ok()?))).collect()
}
