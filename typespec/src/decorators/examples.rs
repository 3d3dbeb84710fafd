//! Examples: values that show what a type is like.

use crate::program::{Argument, Entity, Program, TypeId, ValueId};
use crate::registry::{Context, Registry};
use crate::relation;

use super::arguments;
use super::visibility::is_filtered;

const EXAMPLE: &str = "TypeSpec.example";
const OPERATION_EXAMPLE: &str = "TypeSpec.opExample";

/// A value that shows what a type is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Example<'p> {
    /// The value.
    pub value: ValueId,
    /// Its title.
    pub title: Option<&'p str>,
    /// Its description.
    pub description: Option<&'p str>,
}

pub(super) fn register(registry: &mut Registry) {
    registry.decorator(EXAMPLE, check_example).decorator(OPERATION_EXAMPLE, check_operation_example);
}

/// The examples of a type, the lowest in the source first.
pub fn examples(program: &Program, target: TypeId) -> Vec<Example<'_>> {
    let uses = arguments::all(program, target, EXAMPLE);
    let examples = uses.filter_map(|application| {
        let given = &application.arguments;
        let options = arguments::value(given, 1);
        let field = |name| {
            let value = arguments::field(program, options?, name)?;
            arguments::value_text(program, value).map(|text| &**text)
        };
        Some(Example { value: arguments::value(given, 0)?, title: field("title"), description: field("description") })
    });
    examples.collect()
}

fn check_example(context: &mut Context<'_>, target: TypeId, given: &[Argument]) {
    // An example of a whole may name properties that a part of it lacks.
    if is_filtered(context.program, target) {
        return;
    }
    let ty = arguments::property_type(context.program, target);
    let ty = context.program.variant(ty).map_or(ty, |variant| variant.ty);
    if let Some(value) = arguments::value(given, 0) {
        check(context, value, ty, &given[0]);
    }
}

fn check_operation_example(context: &mut Context<'_>, target: TypeId, given: &[Argument]) {
    let program = &*context.program;
    let (Some(example), Some(operation)) = (arguments::value(given, 0), program.operation(target)) else { return };
    let (parameters, returns) = (operation.parameters, operation.return_type);
    let fields = ["parameters", "returnType"].map(|name| arguments::field(program, example, name));
    for (value, ty) in fields.into_iter().zip([parameters, returns]) {
        if let Some(value) = value
            && !check(context, value, ty, &given[0])
        {
            return;
        }
    }
}

fn check(context: &mut Context<'_>, value: ValueId, ty: TypeId, argument: &Argument) -> bool {
    let bound = crate::program::Constraint::of_value(ty);
    let Err(failure) = relation::is_assignable(context.program, Entity::Value(value), bound) else { return true };
    if let Some(node) = argument.node {
        let diagnostics = failure.diagnostics(context.program, node);
        diagnostics.into_iter().for_each(|diagnostic| context.report(diagnostic));
    }
    false
}
