//! Decorators: what they may stand on, and what they may be given (TypeSpec reference, part 2.10).

use std::sync::Arc;

use super::references::Target;
use super::resolve::Found;
use super::{Checker, Scope};
use crate::ast::NodeId;
use crate::checker::literals::identifier;
use crate::program::{Application, Argument, Constraint, DecoratorDeclaration, Entity, SymbolKind, TypeId, TypeKind};
use crate::relation;
use crate::syntax::NodeKind;

impl Checker<'_> {
    /// The decorators of a node in the order in which they run, with those that augment its declaration.
    pub(super) fn decorator_applications(&mut self, scope: Scope, node: NodeId, target: TypeId) -> Vec<Application> {
        let written: Vec<NodeId> = self
            .program
            .ast
            .children(node)
            .filter(|child| self.program.ast.kind(*child) == NodeKind::Decorator)
            .collect();
        let mut applications = Vec::new();
        for decorator in written {
            applications.extend(self.application(scope, decorator, target));
        }
        applications.reverse();
        let augments = self.program.bindings.augments.get(&node).cloned().unwrap_or_default();
        for augment in augments {
            applications.extend(self.application(scope, augment, target));
        }
        applications
    }

    /// The decorators that augment a member, by its owner and name.
    pub(super) fn augmenting(
        &mut self,
        scope: Scope,
        owner: Option<NodeId>,
        name: &str,
        target: TypeId,
    ) -> Vec<Application> {
        let Some(owner) = owner else { return Vec::new() };
        if self.program.bindings.member_augments.is_empty() {
            return Vec::new();
        }
        let augments = self.program.bindings.member_augments.get(&(owner, name.to_owned())).cloned();
        augments
            .unwrap_or_default()
            .into_iter()
            .filter_map(|augment| self.application(scope, augment, target))
            .collect()
    }

    /// Checks one use of a decorator; `None` if it must not run.
    fn application(&mut self, scope: Scope, node: NodeId, target: TypeId) -> Option<Application> {
        let is_augment = self.program.ast.kind(node) == NodeKind::AugmentDecorator;
        let head = self.program.ast.children(node).next()?;
        let declaration = self.decorator_of(head)?;
        let own = self.program.decorator(declaration)?.clone();
        let list = self.program.ast.find(node, NodeKind::Arguments);
        let skipped = usize::from(is_augment);
        let nodes: Vec<NodeId> =
            list.into_iter().flat_map(|list| self.program.ast.children(list)).skip(skipped).collect();
        let mut fits = self.check_target(&own, target, node);
        fits &= self.check_decorator_count(&own, nodes.len(), node);
        let mut arguments = Vec::new();
        for (at, argument) in nodes.iter().enumerate() {
            let rest = own.parameters.last().filter(|last| self.program.parameter(**last).is_some_and(|it| it.rest));
            let Some(parameter) = own.parameters.get(at).or(rest).copied() else { continue };
            match self.decorator_argument(scope, parameter, *argument) {
                Some(entity) => arguments.push(Argument { entity, node: Some(*argument) }),
                None => {
                    fits = false;
                    // One wrong argument moves the others: what is said of them may only follow.
                    break;
                }
            }
        }
        if !fits {
            return None;
        }
        let name: Arc<str> = self.program.full_name(declaration).into();
        if own.is_auto {
            self.warn_if_twice(&own, node);
        }
        Some(Application { declaration, name, arguments, node: Some(node) })
    }

    /// The declaration that a decorator's name leads to.
    pub(super) fn decorator_of(&mut self, head: NodeId) -> Option<TypeId> {
        let symbol = match self.program.ast.kind(head) {
            NodeKind::Identifier => {
                let name = format!("@{}", identifier(&self.program.ast, head));
                match self.find_name(head, &name) {
                    Found::Symbol(symbol) => symbol,
                    Found::Nothing => {
                        self.unknown_identifier(head, &name);
                        return None;
                    }
                    _ => return None,
                }
            }
            NodeKind::MemberAccess => {
                let mut parts = self.program.ast.children(head);
                let (base, member) = (parts.next()?, parts.next()?);
                let Some(Target::Symbol(namespace)) = self.target(Scope::PLAIN, base) else { return None };
                let name = format!("@{}", identifier(&self.program.ast, member));
                match self.program[namespace].exports.get(&*name).copied() {
                    Some(symbol) => symbol,
                    None if self.program[namespace].kind == SymbolKind::Namespace => {
                        self.unknown_in_namespace(namespace, member, &name);
                        return None;
                    }
                    None => return None,
                }
            }
            _ => return None,
        };
        let at = self.program.ast.children(head).nth(1).unwrap_or(head);
        self.use_symbol(symbol, at)?;
        let declaration = self.program[symbol].declarations.first().copied()?;
        self.check_deprecated(declaration, head);
        Some(self.declared_type(symbol)).filter(|ty| self.program.decorator(*ty).is_some())
    }

    /// Checks what a decorator stands on.
    fn check_target(&mut self, own: &DecoratorDeclaration, target: TypeId, node: NodeId) -> bool {
        if self.program.is_error(own.target) || self.is_unbound(target) {
            return true;
        }
        let alternatives: Vec<TypeId> = match self.program.union(own.target) {
            Some(union) => union.variants.iter().filter_map(|it| self.program.variant(*it)).map(|it| it.ty).collect(),
            None => Vec::new(),
        };
        // A union as target may be meant itself, not each of its variants.
        if self.type_assignable(target, own.target).is_ok()
            || alternatives.iter().any(|wanted| self.type_assignable(target, *wanted).is_ok())
        {
            return true;
        }
        let shown = match &self.program[target].kind {
            TypeKind::ModelProperty(_) | TypeKind::Model(_) => self.target_name(target),
            _ => self.program.type_name(target),
        };
        let message = format!(
            "Cannot apply @{} decorator to {shown} since it is not assignable to {}",
            own.name,
            self.program.type_name(own.target)
        );
        let span = self.program.ast.span(node);
        let wanted = self.program.type_name(own.target);
        let help = match wanted.as_str() {
            "Namespace" => "write the namespace that it is for behind it: `namespace Name;`".to_owned(),
            _ => format!("move it to what it is for ({wanted}), or remove it"),
        };
        self.error_help("decorator-wrong-target", message, span, &help);
        false
    }

    fn target_name(&self, target: TypeId) -> String {
        match self.program.property(target) {
            Some(property) => {
                let model = property.model.map(|model| self.program.type_name(model)).unwrap_or_default();
                format!("{model}.{}", property.name)
            }
            None => self.program.type_name(target),
        }
    }

    fn check_decorator_count(&mut self, own: &DecoratorDeclaration, count: usize, node: NodeId) -> bool {
        self.check_count(&own.parameters, count, node)
    }

    /// Checks one argument; `None` after a report.
    fn decorator_argument(&mut self, scope: Scope, parameter: TypeId, node: NodeId) -> Option<Entity> {
        let constraint = self.program.parameter(parameter)?.constraint;
        self.value_wanted = constraint.value.map(|wanted| (node, wanted));
        let entity = self.entity_for(scope, node, Some(constraint));
        if self.is_loose(entity) {
            return None;
        }
        if let Entity::Type(ty) = entity
            && self.is_unbound(ty)
        {
            return self.unbound_argument(ty, constraint, node);
        }
        let entity = match entity {
            Entity::Type(ty) if constraint.ty.is_none() && !self.is_only_type(ty) => {
                Entity::Value(self.value_from(entity, node, constraint.value)?)
            }
            Entity::Type(_) if constraint.ty.is_none() => {
                if matches!(self.program.ast.kind(node), NodeKind::ModelExpression | NodeKind::TupleExpression) {
                    self.value_from(entity, node, constraint.value)?;
                    return None;
                }
                entity
            }
            other => other,
        };
        let entity = self.as_wanted(entity, constraint, node);
        if let Entity::Indeterminate(ty) = entity
            && let Some(wanted) = constraint.value
            && self.type_assignable(ty, wanted).is_ok()
        {
            // A decorator that takes either gets the value.
            return self.value_from(entity, node, Some(wanted)).map(Entity::Value);
        }
        match self.assignable(entity, constraint) {
            Ok(()) => Some(self.fitted(entity, constraint, node)),
            Err(failure) => {
                self.report_argument(entity, constraint, &failure, node);
                None
            }
        }
    }

    /// Whether a type stands for no single value.
    pub(super) fn is_only_type(&self, ty: TypeId) -> bool {
        !matches!(
            self.program[ty].kind,
            TypeKind::String(_)
                | TypeKind::Number(_)
                | TypeKind::Boolean(_)
                | TypeKind::StringTemplate(_)
                | TypeKind::EnumMember(_)
                | TypeKind::UnionVariant(_)
                | TypeKind::Intrinsic(crate::program::Intrinsic::Null)
        )
    }

    /// A parameter of an enclosing template: its constraint must fit.
    fn unbound_argument(&mut self, ty: TypeId, wanted: Constraint, node: NodeId) -> Option<Entity> {
        let bound = self.bound_of(ty);
        let fits = match (bound.value, bound.ty, wanted.value, wanted.ty) {
            (Some(value), None, Some(wanted), _) => self.type_assignable(value, wanted).is_ok(),
            (None, Some(ty), _, Some(wanted)) => self.type_assignable(ty, wanted).is_ok(),
            (None, Some(_), Some(_), None) => {
                let name = self.program.type_name(ty);
                let message = format!("{name} template parameter can be a type but is being used as a value here.");
                let span = self.program.ast.span(node);
                self.error_help("expect-value", message, span, "constrain the parameter with `extends valueof …`");
                return None;
            }
            _ => true,
        };
        if !fits {
            let message = format!(
                "Argument of type '{}' is not assignable to parameter of type '{}'",
                self.program.constraint_name(bound),
                self.program.constraint_name(wanted)
            );
            self.error_at("invalid-argument", message, node);
            return None;
        }
        Some(Entity::Type(ty))
    }

    fn report_argument(
        &mut self,
        entity: Entity,
        constraint: Constraint,
        failure: &relation::RelationFailure,
        node: NodeId,
    ) {
        let shown = match entity {
            Entity::Value(value) => self.program.type_name(self.program[value].ty),
            other => self.program.entity_name(other),
        };
        let wanted = match entity {
            Entity::Value(_) => constraint.value.map(|ty| self.program.type_name(ty)),
            _ => None,
        };
        let wanted = wanted.unwrap_or_else(|| self.program.constraint_name(constraint));
        let message = format!("Argument of type '{shown}' is not assignable to parameter of type '{wanted}'");
        if let Entity::Type(ty) | Entity::Indeterminate(ty) = entity
            && let TypeKind::Enum(own) = &self.program[ty].kind
            && wanted.contains("EnumMember")
            && let Some((member, _)) = own.members.iter().last()
        {
            let help = format!("name one of its members, such as `{}.{member}`", own.name);
            return self.error_help("invalid-argument", message, self.program.ast.span(node), &help);
        }
        self.report_refused(message, failure, node);
    }

    /// A decorator without implementation may stand once on a declaration.
    fn warn_if_twice(&mut self, own: &DecoratorDeclaration, node: NodeId) {
        let Some(holder) = self.program.ast.parent(node) else { return };
        let ast = &self.program.ast;
        let head = |node: NodeId| ast.children(node).next().map(|head| ast.text(head));
        let decorators = ast.children(holder).filter(|child| ast.kind(*child) == NodeKind::Decorator);
        let same: Vec<NodeId> = decorators.filter(|child| head(*child) == head(node)).collect();
        let Some((last, others)) = same.split_last().filter(|(last, others)| **last == node && !others.is_empty())
        else {
            return;
        };
        let others: Vec<_> = others.iter().map(|other| ast.span(*other)).collect();
        let diagnostic = crate::decorators::arguments::duplicate(&own.name, ast.span(*last), &others);
        self.report_once("duplicate-decorator", diagnostic);
    }
}
