//! Assignability: whether a type or a value may stand where another type is wanted.

use radii_diagnostics::Code;

use crate::ast::NodeId;
use crate::program::{Constraint, Entity, Intrinsic, Program, TypeId, TypeKind};

/// Why something is not assignable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelationFailure {
    /// The code of the reason: `unassignable`, `missing-property`, …
    pub code: Code,
    /// What is wrong, in one line.
    pub message: String,
    /// The part of the source that is to blame, where it is smaller than the whole: a nested value or a key.
    pub node: Option<NodeId>,
    /// The reasons behind it.
    pub causes: Vec<RelationFailure>,
}

impl RelationFailure {
    /// Returns a failure without reasons behind it.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code: Code::new(code), message: message.into(), node: None, causes: Vec::new() }
    }

    /// The message followed by the reasons, one a line, two more spaces per level.
    pub fn full_message(&self) -> String {
        let mut text = self.message.clone();
        for cause in &self.causes {
            for line in cause.full_message().lines() {
                text.push_str("\n  ");
                text.push_str(line);
            }
        }
        text
    }
}

/// Says whether a type is assignable to another one.
pub fn is_type_assignable(program: &Program, source: TypeId, target: TypeId) -> Result<(), RelationFailure> {
    is_assignable(program, Entity::Type(source), Constraint::of_type(target))
}

/// Says whether a type or value satisfies a constraint.
pub fn is_assignable(program: &Program, source: Entity, target: Constraint) -> Result<(), RelationFailure> {
    let wanted = match source {
        Entity::Type(_) => target.ty,
        Entity::Value(_) => target.value,
        Entity::Indeterminate(_) => target.ty.or(target.value),
    };
    let failure = || {
        let message = format!(
            "Type '{}' is not assignable to type '{}'",
            program.entity_name(source),
            program.constraint_name(target)
        );
        RelationFailure::new("unassignable", message)
    };
    let wanted = wanted.ok_or_else(failure)?;
    let source = match source {
        Entity::Type(ty) | Entity::Indeterminate(ty) => ty,
        Entity::Value(value) => program[value].ty,
    };
    if relates(program, source, wanted) { Ok(()) } else { Err(failure()) }
}

/// The rules that need no look inside: everything else is taken for assignable.
fn relates(program: &Program, source: TypeId, target: TypeId) -> bool {
    let unknown = program.intrinsic(Intrinsic::Unknown);
    if source == target || target == unknown || program.is_error(source) || program.is_error(target) {
        return true;
    }
    match (&program[source].kind, &program[target].kind) {
        (TypeKind::Intrinsic(Intrinsic::Never), _) => true,
        (TypeKind::String(_), TypeKind::Number(_) | TypeKind::Boolean(_)) => false,
        (TypeKind::Number(_), TypeKind::String(_) | TypeKind::Boolean(_)) => false,
        (TypeKind::Boolean(_), TypeKind::String(_) | TypeKind::Number(_)) => false,
        _ => true,
    }
}
