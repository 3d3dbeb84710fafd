//! Operations: overloads and paging.

use crate::program::{Argument, Program, TypeId};
use crate::registry::{Context, Registry};
use crate::relation;

use super::arguments;

/// Properties of a page, which an operation has once at most.
const PAGE_PARAMETERS: [&str; 3] = ["offset", "pageIndex", "pageSize"];
const PAGE_RESULTS: [&str; 5] = ["pageItems", "nextLink", "prevLink", "firstLink", "lastLink"];

pub(super) fn register(registry: &mut Registry) {
    registry.decorator("TypeSpec.overload", overload).decorator("TypeSpec.list", |_, _, _| {}).on_validate(check_lists);
    for name in PAGE_PARAMETERS.iter().chain(&PAGE_RESULTS).chain(&["continuationToken"]) {
        registry.decorator(format!("TypeSpec.{name}"), |_, _, _| {});
    }
}

fn overload(context: &mut Context<'_>, target: TypeId, given: &[Argument]) {
    let program = &*context.program;
    let Some(base) = arguments::ty(given, 0) else { return };
    let (Some(own), Some(wanted)) = (program.operation(target), program.operation(base)) else { return };
    let mut diagnostics = Vec::new();
    if let Some(node) = program[target].node {
        for (source, target) in [(own.parameters, wanted.parameters), (own.return_type, wanted.return_type)] {
            if let Err(failure) = relation::is_type_assignable(program, source, target) {
                diagnostics.extend(failure.diagnostics(program, node));
            }
        }
    }
    let is_together = match (own.interface, wanted.interface) {
        (None, None) => own.namespace == wanted.namespace,
        (one, other) => one.and_then(|id| program[id].node) == other.and_then(|id| program[id].node),
    };
    diagnostics.into_iter().for_each(|diagnostic| context.report(diagnostic));
    if !is_together {
        let message = "Overload must be in the same interface or namespace.";
        context.error("overload-same-parent", message);
    }
}

fn check_lists(program: &mut Program) {
    for operation in super::every_type(program) {
        if program.operation(operation).is_some() && program.find_decorator(operation, "TypeSpec.list").is_some() {
            check_list(program, operation);
        }
    }
}

fn check_list(program: &mut Program, operation: TypeId) {
    let Some((parameters, returns)) = program.operation(operation).map(|it| (it.parameters, it.return_type)) else {
        return;
    };
    let (inputs, outputs) = (properties_below(program, parameters), properties_below(program, returns));
    let mut found = Vec::new();
    for (names, properties) in [(&PAGE_PARAMETERS[..], &inputs), (&PAGE_RESULTS[..], &outputs)] {
        for name in names {
            let full = format!("TypeSpec.{name}");
            let users: Vec<TypeId> =
                properties.iter().copied().filter(|id| program.find_decorator(*id, &full).is_some()).collect();
            if users.len() > 1 {
                let message =
                    format!("Duplicate property paging '{name}' for operation {}.", name_of(program, operation));
                found.extend(users.into_iter().map(|user| ("duplicate-paging-prop", user, message.clone())));
            }
        }
    }
    for (properties, misplaced, place) in [
        (&inputs, &PAGE_RESULTS[..], "the parameters of an operation"),
        (&outputs, &PAGE_PARAMETERS[..], "the return type of an operation"),
    ] {
        for name in misplaced {
            let full = format!("TypeSpec.{name}");
            let message = format!("Paging property '{name}' cannot be used in {place}.");
            let users = properties.iter().filter(|id| program.find_decorator(**id, &full).is_some());
            found.extend(users.map(|user| ("invalid-paging-prop", *user, message.clone())));
        }
    }
    let has_items = outputs.iter().any(|id| program.find_decorator(*id, "TypeSpec.pageItems").is_some());
    if !has_items && !program.is_array(returns) && !program.is_error(returns) {
        let message = format!(
            "Paged operation '{}' return type must have a property annotated with @pageItems.",
            name_of(program, operation)
        );
        found.push(("missing-paging-items", operation, message));
    }
    for (code, target, message) in found {
        super::report_on(program, target, code, message);
    }
}

fn name_of(program: &Program, operation: TypeId) -> String {
    program.name_of(operation).map(|name| name.to_string()).unwrap_or_default()
}

/// The properties of a type and of those that it holds directly or in variants.
fn properties_below(program: &Program, ty: TypeId) -> Vec<TypeId> {
    let (mut open, mut seen, mut found) = (vec![ty], Vec::new(), Vec::new());
    while let Some(id) = open.pop() {
        if seen.contains(&id) {
            continue;
        }
        seen.push(id);
        if let Some(union) = program.union(id) {
            open.extend(union.variants.iter().filter_map(|id| program.variant(*id)).map(|variant| variant.ty));
        } else if !program.is_array(id) && program.model(id).is_some() {
            for property in program.effective_properties(id) {
                found.push(property);
                open.extend(program.property(property).map(|property| property.ty));
            }
        }
    }
    found
}
