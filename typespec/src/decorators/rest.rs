//! Resources of the library for REST: what their keys are, and what operations do to them.
//!
//! Decorators leave their arguments on types; the functions here read them as routes and verbs need them.

use std::sync::Arc;

use crate::program::{Application, Argument, Program, TypeId};
use crate::registry::{Context, Registry};

use super::{arguments, documentation, report_on};

const AUTO_ROUTE: &str = "TypeSpec.Rest.autoRoute";
const SEGMENT: &str = "TypeSpec.Rest.segment";
const RESOURCE: &str = "TypeSpec.Rest.resource";
const PARENT: &str = "TypeSpec.Rest.parentResource";
const ACTION: &str = "TypeSpec.Rest.action";
const COLLECTION_ACTION: &str = "TypeSpec.Rest.collectionAction";
const KEY: &str = "TypeSpec.key";
/// Marks what was told of a type, so that it is told once.
const TOLD: &str = "TypeSpec.Rest.told";
/// Longest way up that is followed: resources above resources, models above models.
const HEIGHT: usize = 1000;

/// What decorators say that an operation does to a resource, and the verb for it.
const VERBS: [(&str, &str); 7] = [
    ("TypeSpec.Rest.readsResource", "get"),
    ("TypeSpec.Rest.createsResource", "post"),
    ("TypeSpec.Rest.createsOrUpdatesResource", "patch"),
    ("TypeSpec.Rest.createsOrReplacesResource", "put"),
    ("TypeSpec.Rest.updatesResource", "patch"),
    ("TypeSpec.Rest.deletesResource", "delete"),
    ("TypeSpec.Rest.listsResource", "get"),
];

pub(super) fn register(registry: &mut Registry) {
    registry
        .decorator(AUTO_ROUTE, auto_route)
        .decorator(RESOURCE, resource)
        .decorator(PARENT, parent_resource)
        .decorator(ACTION, |context, _, given| {
            if arguments::text(context.program, given, 0).is_some_and(|name| name.is_empty()) {
                context.error("@typespec/rest/invalid-action-name", "Action name cannot be empty string.");
            }
        })
        .decorator("TypeSpec.Rest.copyResourceKeyParameters", copy_keys)
        .decorator("TypeSpec.Rest.Private.validateHasKey", |context, _, given| {
            if let Some(model) = arguments::ty(given, 0) {
                check_key(context.program, model);
            }
        })
        .decorator("TypeSpec.Rest.Private.validateIsError", check_error);
}

/// Whether an operation's route follows from its parameters.
pub fn is_auto_routed(program: &Program, operation: TypeId) -> bool {
    program.find_decorator(operation, AUTO_ROUTE).is_some()
}

/// The verb that follows from what an operation does to a resource; `None` where nothing is said of that.
pub fn verb(program: &Program, operation: TypeId) -> Option<&'static str> {
    let uses = program[operation].decorators.iter().rev();
    let resource =
        uses.filter_map(|it| VERBS.iter().find(|(name, _)| *name == &*it.name)).map(|(_, verb)| *verb).next();
    let is_action = || action_segment(program, operation).is_some();
    resource.or_else(|| (is_auto_routed(program, operation) && is_action()).then_some("post"))
}

/// The segment that stands before a parameter, or at the end of an operation's route.
pub fn segment(program: &Program, target: TypeId) -> Option<&str> {
    // The last one that ran counts.
    program[target].decorators.iter().rev().find_map(|application| {
        let given = &application.arguments;
        match &*application.name {
            SEGMENT => arguments::text(program, given, 0).map(|text| &**text),
            "TypeSpec.Rest.segmentOf"
            | "TypeSpec.Rest.createsResource"
            | "TypeSpec.Rest.listsResource"
            | COLLECTION_ACTION => segment_of_resource(program, arguments::ty(given, 0)?),
            _ => None,
        }
    })
}

fn segment_of_resource(program: &Program, resource: TypeId) -> Option<&str> {
    match key_of(program, resource) {
        Some(key) => segment(program, key).or_else(|| collection(program, resource)),
        None => program.model(resource).and_then(|_| segment(program, resource)),
    }
}

/// The name of a resource's collection.
fn collection(program: &Program, resource: TypeId) -> Option<&str> {
    let given = arguments::of(program, resource, RESOURCE)?;
    arguments::text(program, given, 0).map(|text| &**text)
}

/// The segment that an action has for itself, with a small letter in front.
pub fn action_segment(program: &Program, operation: TypeId) -> Option<String> {
    let uses = program[operation].decorators.iter().rev();
    let named = uses.filter_map(|application| {
        let given = &application.arguments;
        let at = match &*application.name {
            ACTION => 0,
            COLLECTION_ACTION => 1,
            "TypeSpec.Rest.Private.actionSegment" => {
                return arguments::text(program, given, 0).map(ToString::to_string);
            }
            _ => return None,
        };
        let name = arguments::text(program, given, at).or_else(|| program.name_of(operation))?;
        let mut letters = name.chars();
        letters.next().map(|first| first.to_lowercase().chain(letters).collect())
    });
    named.into_iter().next()
}

/// What stands before the name of an action: as the operation says, or the nearest of what holds it.
pub fn action_separator(program: &Program, operation: TypeId) -> &str {
    let mut current = Some(operation);
    for _ in 0..HEIGHT {
        let Some(id) = current else { break };
        let given = arguments::of(program, id, "TypeSpec.Rest.actionSeparator");
        if let Some(separator) = given.and_then(|given| arguments::text(program, given, 0)) {
            return separator;
        }
        current = match program.operation(id) {
            Some(it) => it.interface.or(it.namespace),
            None => program.namespace_of(id),
        };
    }
    "/"
}

/// The property that is a resource's key: the first of its own, else that of its base.
fn key_of(program: &Program, resource: TypeId) -> Option<TypeId> {
    let mut current = Some(resource);
    for _ in 0..HEIGHT {
        let model = program.model(current?)?;
        if let Some(key) = model.properties.ids().find(|id| program.find_decorator(*id, KEY).is_some()) {
            return Some(key);
        }
        current = model.base;
    }
    None
}

/// The route of each operation of an interface follows from its parameters, and so does that of what `is` one of them.
fn auto_route(context: &mut Context<'_>, target: TypeId, _: &[Argument]) {
    let Some(application) = context.application.clone() else { return };
    let operations = context.program.interface(target).map(|it| it.operations.ids().collect::<Vec<_>>());
    for operation in operations.unwrap_or_default() {
        context.program[operation].decorators.push(application.clone());
    }
}

/// Puts the name of the collection before the key, wherever the key goes.
fn resource(context: &mut Context<'_>, target: TypeId, given: &[Argument]) {
    if !check_key(context.program, target) {
        return;
    }
    let (Some(key), Some(application)) = (key_of(context.program, target), context.application.clone()) else { return };
    let segment = Application { name: SEGMENT.into(), arguments: given.to_vec(), ..application };
    context.program[key].decorators.push(segment);
}

/// Reports a resource without key, or with two, and returns whether it has one.
fn check_key(program: &mut Program, resource: TypeId) -> bool {
    let Some(model) = program.model(resource) else { return true };
    let keys = model.properties.ids().filter(|id| program.find_decorator(*id, KEY).is_some());
    let keys: Vec<TypeId> = keys.collect();
    let has_key = !keys.is_empty() || key_of(program, resource).is_some();
    let name = program.type_name(resource);
    if program.state.has(TOLD, resource) {
        return has_key;
    }
    program.state.set(TOLD, resource, ());
    if !has_key {
        let message = format!(
            "Type '{name}' is used as a resource and therefore must have a key. Use @key to designate a property as the key."
        );
        report_on(program, resource, "@typespec/rest/resource-missing-key", message);
    }
    for second in keys.iter().skip(1) {
        let message = format!("More than one key found on model type {name}");
        report_on(program, *second, "@typespec/rest/duplicate-key", message);
    }
    has_key
}

fn check_error(context: &mut Context<'_>, _: TypeId, given: &[Argument]) {
    let program = &mut *context.program;
    let Some(error) = arguments::ty(given, 0).filter(|id| !program.is_error(*id)) else { return };
    let mut current = Some(error);
    for _ in 0..HEIGHT {
        let Some(id) = current else { break };
        if program.find_decorator(id, "TypeSpec.error").is_some() {
            return;
        }
        current = program.model(id).and_then(|model| model.base);
    }
    if program.state.has(TOLD, error) {
        return;
    }
    program.state.set(TOLD, error, ());
    let name = program.type_name(error);
    let message = format!("Type '{name}' is used as an error and therefore must have the @error decorator applied.");
    report_on(program, error, "@typespec/rest/resource-missing-error", message);
}

fn parent_of(program: &Program, resource: TypeId) -> Option<TypeId> {
    arguments::ty(arguments::of(program, resource, PARENT)?, 0)
}

/// The resources above a resource, the nearest first; a circle is followed once.
fn parents(program: &Program, resource: TypeId) -> Vec<TypeId> {
    let mut found = Vec::new();
    let mut current = parent_of(program, resource);
    while let Some(id) = current.filter(|id| !found.contains(id)) {
        found.push(id);
        current = parent_of(program, id);
    }
    found
}

fn parent_resource(context: &mut Context<'_>, target: TypeId, _: &[Argument]) {
    let program = &mut *context.program;
    let above = parents(program, target);
    let Some(end) = above.iter().position(|id| *id == target) else { return };
    if above[..=end].iter().any(|id| program.state.has(TOLD, *id)) {
        return;
    }
    program.state.set(TOLD, target, ());
    let circle = std::iter::once(target).chain(above[..=end].iter().copied());
    let names: Vec<String> = circle.map(|id| program.type_name(id)).collect();
    let message = format!("Resource has a parent cycle ({})", names.join(" -> "));
    report_on(program, target, "@typespec/rest/circular-parent-resource", message);
}

/// Copies the keys of a resource, and of those above it, as parameters of a path.
fn copy_keys(context: &mut Context<'_>, target: TypeId, given: &[Argument]) {
    let only_parents = arguments::text(context.program, given, 0).is_some_and(|filter| &**filter == "parent");
    let source = context.program.template_arguments(target).and_then(|given| given.first()?.as_type());
    let resource = source.filter(|id| context.program.model(*id).is_some());
    let Some(resource) = resource else {
        if !source.is_some_and(|id| context.program.is_error(id)) {
            let message = "Cannot copy keys from a non-key type (KeysOf<T> or ParentKeysOf<T>)";
            report_on(context.program, target, "@typespec/rest/not-key-type", message);
        }
        return;
    };
    let mut resources = parents(context.program, resource);
    resources.reverse();
    if !only_parents {
        resources.push(resource);
    }
    for resource in resources {
        copy_key(context, target, resource);
    }
}

fn copy_key(context: &mut Context<'_>, target: TypeId, resource: TypeId) {
    let Some(key) = key_of(context.program, resource) else { return };
    let name: Option<Arc<str>> = documentation::key_name(context.program, key).map(Into::into);
    let (Some(name), Some(own)) = (name, context.application.clone()) else { return };
    let copy = context.copy(key);
    let program = &mut *context.program;
    // What is said of the property's visibility is about bodies.
    program[copy]
        .decorators
        .retain(|it| !matches!(&*it.name, "TypeSpec.visibility" | "TypeSpec.invisible" | "TypeSpec.removeVisibility"));
    let mark = |name: &str, arguments: Vec<Argument>| Application { name: name.into(), arguments, ..own.clone() };
    if program.find_decorator(copy, SEGMENT).is_none()
        && let Some(given) = arguments::of(program, resource, RESOURCE)
    {
        let segment = mark(SEGMENT, given.to_vec());
        program[copy].decorators.push(segment);
    }
    if program.find_decorator(copy, "TypeSpec.Http.path").is_none() {
        program[copy].decorators.push(mark("TypeSpec.Http.path", Vec::new()));
    }
    if let Some(property) = program.property_mut(copy) {
        (property.name, property.model) = (name.clone(), Some(target));
        (property.optional, property.source) = (false, None);
    }
    context.finish(copy);
    if let Some(model) = context.program.model_mut(target) {
        model.properties.insert(name, copy);
    }
}
