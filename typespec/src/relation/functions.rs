//! Function types: parameters may be wider, results narrower.

use crate::program::{Constraint, FunctionDeclaration, FunctionParameter, TypeId};

use super::RelationFailure;
use super::rules::{Outcome, Relation};

impl Relation<'_> {
    pub(super) fn relate_functions(
        &mut self,
        source: TypeId,
        function: &FunctionDeclaration,
        target: TypeId,
        wanted: &FunctionDeclaration,
    ) -> Outcome {
        self.assume(source, target, Ok(()));
        let mut failures = self.relate_parameters(&wanted.parameters, &function.parameters);
        failures.extend(self.bound_satisfies(function.returns, wanted.returns).err());
        if failures.is_empty() {
            return Ok(());
        }
        Err(self.unrelated(source, target).at(self.program[source].node).because(failures))
    }

    /// Whether what is passed to `given` may be passed on to `wanted`.
    fn relate_parameters(&mut self, given: &[TypeId], wanted: &[TypeId]) -> Vec<RelationFailure> {
        let program = self.program;
        let mut given = given.iter().filter_map(|id| program.parameter(*id)).peekable();
        let mut failures = Vec::new();
        for parameter in wanted.iter().filter_map(|id| program.parameter(*id)) {
            if parameter.rest {
                for passed in given.by_ref() {
                    failures.extend(self.bound_satisfies(passed.constraint, parameter.constraint).err());
                }
                return failures;
            }
            let Some(passed) = given.peek().copied() else {
                if !parameter.optional {
                    failures.push(missing(parameter, "is required, but missing in the target function."));
                }
                continue;
            };
            if passed.rest && !parameter.optional {
                let why = "is required and not satisfied by a rest parameter, as rest parameters are \
                           effectively optional.";
                failures.push(missing(passed, why));
            } else if !passed.rest && passed.optional && !parameter.optional {
                failures.push(missing(passed, "is required, but optional in the target function."));
            }
            failures.extend(self.relate_bounds(passed.constraint, parameter.constraint));
            if !passed.rest {
                given.next();
            }
        }
        failures
    }

    fn relate_bounds(&mut self, passed: Constraint, wanted: Constraint) -> Option<RelationFailure> {
        self.bound_satisfies(passed, wanted).err()
    }
}

fn missing(parameter: &FunctionParameter, why: &str) -> RelationFailure {
    RelationFailure::new("parameter-required", format!("Parameter '{}' {why}", parameter.name))
}
