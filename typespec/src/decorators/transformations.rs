//! Decorators that change the copy of a model: which properties it keeps, and what is said of them.

use std::collections::HashSet;
use std::sync::Arc;

use crate::program::{Argument, Program, TypeId, TypeKind};
use crate::registry::Registry;

use super::arguments;

pub(super) fn register(registry: &mut Registry) {
    registry
        .decorator("TypeSpec.withOptionalProperties", |context, target, _| {
            change_properties(context.program, target, |program, property| {
                if let Some(property) = program.property_mut(property) {
                    property.optional = true;
                }
            });
        })
        .decorator("TypeSpec.withoutDefaultValues", |context, target, _| {
            change_properties(context.program, target, |program, property| {
                if let Some(property) = program.property_mut(property) {
                    property.default = None;
                }
            });
        })
        .decorator("TypeSpec.withoutOmittedProperties", |context, target, given| {
            let names = names(context.program, given);
            keep_properties(context.program, target, |_, name, _| !names.contains(name));
        })
        .decorator("TypeSpec.withPickedProperties", |context, target, given| {
            let names = names(context.program, given);
            keep_properties(context.program, target, |_, name, _| names.contains(name));
        });
}

/// Changes every property of a model.
pub(super) fn change_properties(program: &mut Program, model: TypeId, change: impl Fn(&mut Program, TypeId)) {
    let properties: Vec<TypeId> =
        program.model(model).map(|model| model.properties.ids().collect()).unwrap_or_default();
    properties.into_iter().for_each(|property| change(program, property));
}

/// Drops the properties of a model that a condition does not hold for.
pub(super) fn keep_properties(program: &mut Program, model: TypeId, keep: impl Fn(&Program, &str, TypeId) -> bool) {
    let Some(mut properties) = program.model(model).map(|model| model.properties.clone()) else { return };
    properties.retain(|name, property| keep(program, name, property));
    if let Some(model) = program.model_mut(model) {
        model.properties = properties;
    }
}

/// The names that a text or a union of texts gives.
fn names(program: &Program, given: &[Argument]) -> HashSet<Arc<str>> {
    let Some(ty) = arguments::ty(given, 0) else { return HashSet::new() };
    match &program[ty].kind {
        TypeKind::String(text) => HashSet::from([text.clone()]),
        TypeKind::Union(union) => {
            let variants = union.variants.iter().filter_map(|id| program.variant(*id));
            let texts = variants.filter_map(|variant| match &program[variant.ty].kind {
                TypeKind::String(text) => Some(text.clone()),
                _ => None,
            });
            texts.collect()
        }
        _ => HashSet::new(),
    }
}
