//! Arguments of templates: which parameter each stands for, and whether it fits.

use radii_diagnostics::{Code, Diagnostic, Fix, Span};

use super::{Checker, Scope};
use crate::ast::{Mark, NodeId};
use crate::program::{Constraint, Entity, MapperId};

impl Checker<'_> {
    /// Which argument stands for which parameter.
    pub(super) fn place_arguments(
        &mut self,
        parameters: &[NodeId],
        list: Option<NodeId>,
        reference: NodeId,
    ) -> Vec<Option<NodeId>> {
        let mut given = vec![None; parameters.len()];
        let mut named_before = false;
        let arguments: Vec<NodeId> = list.into_iter().flat_map(|list| self.program.ast.children(list)).collect();
        for (at, argument) in arguments.into_iter().enumerate() {
            let parts: Vec<NodeId> = self.program.ast.parts(argument).collect();
            let (name, value) = match parts.as_slice() {
                [name, value, ..] if self.program.ast.has(argument, Mark::Equals) => (Some(*name), *value),
                [value, ..] => (None, *value),
                [] => continue,
            };
            let Some(name) = name else {
                if named_before {
                    let message =
                        "Positional template arguments cannot follow named arguments in the same argument list.";
                    self.error_at("invalid-template-args", message, argument);
                } else if at < given.len() {
                    given[at] = Some(value);
                } else {
                    self.report_surplus(argument, list, reference);
                    break;
                }
                continue;
            };
            named_before = true;
            self.place_named(parameters, &mut given, argument, name, value);
        }
        given
    }

    /// Reports the first argument that no parameter takes, with all behind it.
    fn report_surplus(&mut self, first: NodeId, list: Option<NodeId>, reference: NodeId) {
        let ast = &self.program.ast;
        let all: Vec<NodeId> = list.into_iter().flat_map(|list| ast.children(list)).collect();
        let at = all.iter().position(|argument| *argument == first).unwrap_or_default();
        let span = all.last().map_or(ast.span(first), |last| ast.span(first).to(ast.span(*last)));
        let start = at.checked_sub(1).map_or(span.start, |before| ast.span(all[before]).end);
        let mut fix = Fix {
            title: "remove what no parameter takes".to_owned(),
            span: Span { start, ..span },
            replacement: String::new(),
            sure: false,
        };
        // The keys of a record are texts anyhow: what is too much is the type of the keys.
        if let [key, value] = all.as_slice()
            && ast.text(reference).starts_with("Record<")
            && ast.text(*key).trim() == "string"
        {
            fix.span = Span { end: ast.span(*value).start, ..ast.span(*key) };
            fix.title = format!("write `Record<{}>`: the keys are texts anyhow", ast.text(*value).trim());
        }
        let code = Code::new("invalid-template-args");
        let diagnostic = Diagnostic::error(code, "Too many template arguments provided.").at(span);
        let diagnostic = diagnostic.also(ast.span(reference), "for this template").help(fix.title.clone()).fix(fix);
        self.report_once("invalid-template-args", diagnostic);
    }

    fn place_named(
        &mut self,
        parameters: &[NodeId],
        given: &mut [Option<NodeId>],
        argument: NodeId,
        name: NodeId,
        value: NodeId,
    ) {
        let text = self.program.ast.text(name).to_owned();
        if text.is_empty() {
            return;
        }
        let found = parameters.iter().position(|parameter| *self.declared_name(*parameter) == *text);
        match found {
            Some(at) if given[at].is_some() => {
                let message = format!("Cannot specify template argument '{text}' again.");
                self.error_at("invalid-template-args", message, argument);
            }
            Some(at) => given[at] = Some(value),
            None => {
                let known: Vec<String> = parameters.iter().map(|it| self.declared_name(*it).to_string()).collect();
                let hint = super::suggest::similar(&text, known.iter().map(String::as_str));
                let message = format!("No parameter named '{text}' exists in the target template.");
                let span = self.program.ast.span(name);
                self.error_with_hint("invalid-template-args", message, span, name, hint);
            }
        }
    }

    /// Checks an argument against its parameter's constraint.
    pub(super) fn argument(&mut self, scope: Scope, so_far: MapperId, parameter: NodeId, node: NodeId) -> Entity {
        let constraint = match self.constraint_node(parameter) {
            Some(constraint) => {
                let bound = Scope { mapper: Some(so_far), in_template: scope.in_template };
                Some(self.constraint(bound, constraint))
            }
            None => None,
        };
        let entity = self.entity_for(scope, node, constraint);
        let Some(constraint) = constraint else {
            if matches!(entity, Entity::Value(_)) {
                let message = "Template parameter has no constraint but a value is passed. Add `extends valueof unknown` to accept any value.";
                self.error_at("value-in-type", message, node);
                return self.error_entity();
            }
            return match entity {
                Entity::Indeterminate(ty) => Entity::Type(ty),
                other => other,
            };
        };
        self.checked_argument(entity, constraint, node)
    }

    fn checked_argument(&mut self, entity: Entity, constraint: Constraint, node: NodeId) -> Entity {
        if self.is_loose(entity) {
            return entity;
        }
        let entity = self.as_wanted(entity, constraint, node);
        if let Err(failure) = self.assignable(entity, constraint) {
            let message = format!(
                "Argument of type '{}' is not assignable to parameter of type '{}'",
                self.program.entity_name(entity),
                self.program.constraint_name(constraint)
            );
            self.report_refused(message, &failure, node);
            return self.error_entity();
        }
        self.fitted(entity, constraint, node)
    }

    /// Takes a type that is one value for that value, where only the value will do.
    pub(super) fn as_wanted(&mut self, entity: Entity, constraint: Constraint, node: NodeId) -> Entity {
        let (Entity::Type(ty), Some(wanted)) = (entity, constraint.value) else { return entity };
        if self.is_only_type(ty) || constraint.ty.is_some_and(|bound| self.type_assignable(ty, bound).is_ok()) {
            return entity;
        }
        self.value_from(entity, node, Some(wanted)).map_or(entity, Entity::Value)
    }

    /// Turns a literal into what its constraint wants.
    pub(super) fn fitted(&mut self, entity: Entity, constraint: Constraint, node: NodeId) -> Entity {
        match (entity, constraint.ty, constraint.value) {
            (Entity::Indeterminate(ty), Some(wanted), _) if self.type_assignable(ty, wanted).is_ok() => {
                Entity::Type(ty)
            }
            (Entity::Indeterminate(ty), _, Some(wanted)) | (Entity::Type(ty), None, Some(wanted)) => {
                // Equal literals are one argument: a template that names itself with one comes back to itself.
                if let Some(known) = self.literal_arguments.get(&(ty, wanted)) {
                    return Entity::Value(*known);
                }
                match self.value_from(entity, node, Some(wanted)) {
                    Some(value) => {
                        self.literals.insert(value);
                        self.literal_arguments.insert((ty, wanted), value);
                        Entity::Value(value)
                    }
                    None => entity,
                }
            }
            _ => entity,
        }
    }

    pub(super) fn default_argument(&mut self, so_far: MapperId, parameter: NodeId, node: NodeId) -> Entity {
        let scope = Scope { mapper: Some(so_far), in_template: self.program[so_far].is_partial };
        let constraint = self.constraint_node(parameter).map(|constraint| self.constraint(scope, constraint));
        let entity = self.entity_for(scope, node, constraint);
        match constraint {
            Some(constraint) if !self.is_loose(entity) => {
                let entity = self.as_wanted(entity, constraint, node);
                self.fitted(entity, constraint, node)
            }
            None => match entity {
                Entity::Indeterminate(ty) => Entity::Type(ty),
                other => other,
            },
            _ => entity,
        }
    }

    /// Whether nothing can be said about an entity yet: an error, or a parameter without argument.
    pub(super) fn is_loose(&self, entity: Entity) -> bool {
        match entity {
            Entity::Type(ty) => self.program.is_error(ty),
            _ => false,
        }
    }
}
