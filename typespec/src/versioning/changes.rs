//! What something was called and what type it had.

use std::sync::Arc;

use crate::decorators::arguments;
use crate::program::{Program, TypeId};

use super::{
    MADE_OPTIONAL, MADE_REQUIRED, RENAMED_FROM, RETURN_TYPE_CHANGED_FROM, TYPE_CHANGED_FROM, Version, index_of, indices,
};

/// The name that something has in a version.
pub fn name_at(program: &Program, target: TypeId, versions: &[Version], index: usize) -> Option<Arc<str>> {
    let uses = arguments::all(program, target, RENAMED_FROM).filter_map(|application| {
        let given = &application.arguments;
        let change = index_of(versions, arguments::member(program, given.first()?)?)?;
        Some((change, arguments::text(program, given, 1)?))
    });
    let earlier = uses.filter(|(change, _)| *change > index).min_by_key(|(change, _)| *change);
    earlier.map(|(_, name)| name.clone()).or_else(|| program.name_of(target).cloned())
}

/// The type that a property has in a version.
pub fn type_at(program: &Program, property: TypeId, versions: &[Version], index: usize) -> Option<TypeId> {
    let earlier = changed_type(program, property, TYPE_CHANGED_FROM, versions, index);
    earlier.or_else(|| program.property(property).map(|property| property.ty))
}

/// What an operation returns in a version.
pub fn return_type_at(program: &Program, operation: TypeId, versions: &[Version], index: usize) -> Option<TypeId> {
    let earlier = changed_type(program, operation, RETURN_TYPE_CHANGED_FROM, versions, index);
    earlier.or_else(|| program.operation(operation).map(|operation| operation.return_type))
}

/// Of several changes the earliest after the version decides.
fn changed_type(program: &Program, target: TypeId, name: &str, versions: &[Version], index: usize) -> Option<TypeId> {
    let uses = arguments::all(program, target, name).filter_map(|application| {
        let given = &application.arguments;
        let change = index_of(versions, arguments::member(program, given.first()?)?)?;
        Some((change, arguments::ty(given, 1)?))
    });
    uses.filter(|(change, _)| *change > index).min_by_key(|(change, _)| *change).map(|(_, ty)| ty)
}

/// Whether a property may be left out in a version.
pub fn is_optional_at(program: &Program, property: TypeId, versions: &[Version], index: usize) -> bool {
    let is_before = |name| indices(program, property, name, versions).last().is_some_and(|change| index < *change);
    let optional = program.property(property).is_some_and(|property| property.optional);
    (optional && !is_before(MADE_OPTIONAL)) || is_before(MADE_REQUIRED)
}
