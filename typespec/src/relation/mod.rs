//! Assignability: whether a type or a value may stand where another type is wanted.
//!
//! Rules and messages are those of the reference compiler (its guide, part 2.13). Recursive types end because
//! a pair that is being looked at counts as related; every question has its own memory, since types that are
//! still being checked may answer differently later.

mod failure;
mod functions;
mod hints;
mod models;
mod rules;
mod scalars;

pub use failure::RelationFailure;
pub use hints::Hint;
pub(crate) use hints::written_member;
pub use scalars::fits_scalar;

use crate::program::{Constraint, Entity, Program, TypeId};

use rules::{Relation, Source};

/// Says whether a type is assignable to another one.
///
/// # Errors
/// Why it is not; [`RelationFailure::diagnostics`] places the reasons.
pub fn is_type_assignable(program: &Program, source: TypeId, target: TypeId) -> Result<(), RelationFailure> {
    Relation::new(program).relate(Source::Type(source), target)
}

/// Says whether a type or value satisfies a constraint.
///
/// # Errors
/// Why it does not; [`RelationFailure::diagnostics`] places the reasons.
pub fn is_assignable(program: &Program, source: Entity, target: Constraint) -> Result<(), RelationFailure> {
    Relation::new(program).satisfies(source, target)
}

/// Whether a scalar is another one or derives from it.
pub fn derives_from(program: &Program, scalar: TypeId, ancestor: TypeId) -> bool {
    let mut current = Some(scalar);
    // Circular bases are reported elsewhere; here they only must end.
    for _ in 0..10_000 {
        match current {
            Some(id) if id == ancestor => return true,
            Some(id) => current = program.scalar(id).and_then(|scalar| scalar.base),
            None => return false,
        }
    }
    false
}

/// Whether a scalar is one of the standard library, by name, or derives from it.
pub fn derives_from_standard(program: &Program, scalar: TypeId, name: &str) -> bool {
    program.standard_scalar(name).is_some_and(|ancestor| derives_from(program, scalar, ancestor))
}
