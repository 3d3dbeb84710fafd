//! Calls: scalar constructors, scalars as functions, and declared functions.

use radii_diagnostics::{Fix, Span};

use super::references::Target;
use super::{Checker, Scope};
use crate::ast::NodeId;
use crate::program::{Argument, Constraint, Entity, SymbolId, SymbolKind, TypeId, TypeKind, Value, ValueId, ValueKind};
use crate::registry::Context;
use crate::syntax::NodeKind;

impl Checker<'_> {
    /// `name(arguments)`
    pub(super) fn call(&mut self, scope: Scope, node: NodeId) -> Entity {
        let Some(head) = self.program.ast.children(node).next() else { return self.error_entity() };
        let list = self.program.ast.find(node, NodeKind::Arguments);
        let arguments: Vec<NodeId> = list.into_iter().flat_map(|list| self.program.ast.children(list)).collect();
        let Some(target) = self.target(scope, head) else { return self.error_entity() };
        if let Target::Symbol(symbol) = target
            && self.program[symbol].kind == SymbolKind::Function
        {
            let function = self.declared_type(symbol);
            return self.call_function(scope, function, &arguments, node);
        }
        if let Target::Symbol(symbol) = target
            && matches!(self.program[symbol].kind, SymbolKind::Model | SymbolKind::Interface | SymbolKind::Union)
        {
            self.refuse_call(symbol, node, head);
            return self.error_entity();
        }
        let entity = self.instance(scope, target, None, head);
        let called = match entity {
            Entity::Type(ty) | Entity::Indeterminate(ty) => ty,
            Entity::Value(_) => {
                self.error_at("non-callable", "Type Value is not is not callable.", head);
                return self.error_entity();
            }
        };
        if self.program.is_error(called) || self.is_unbound(called) {
            return self.error_entity();
        }
        let value = match &self.program[called].kind {
            TypeKind::Scalar(_) => self.call_scalar(scope, called, &arguments, node, head),
            TypeKind::ScalarConstructor(_) => self.call_constructor(scope, called, &arguments, node),
            kind => {
                let message = format!("Type {} is not is not callable.", kind.name());
                self.error_at("non-callable", message, head);
                None
            }
        };
        value.map_or(self.error_entity(), Entity::Value)
    }

    /// `Page(Item)`: what is no scalar cannot be called; a template has its arguments in `<…>`.
    fn refuse_call(&mut self, symbol: SymbolId, node: NodeId, head: NodeId) {
        let kind = format!("{:?}", self.program[symbol].kind);
        let message = format!("Type {kind} is not is not callable.");
        let ast = &self.program.ast;
        let declared = self.program[symbol].declarations.first();
        let is_template = declared.is_some_and(|it| ast.find(*it, NodeKind::TemplateParameters).is_some());
        let Some(list) = ast.find(node, NodeKind::Arguments).filter(|_| is_template) else {
            return self.error_at("non-callable", message, head);
        };
        let span = ast.span(list);
        let inner = ast.text(list).trim().trim_start_matches('(').trim_end_matches(')');
        let replacement = format!("<{inner}>");
        let open = Span { end: span.start + 1, ..span };
        let fix = Fix { title: "write the arguments in `<…>`".to_owned(), span, replacement, sure: true };
        self.error_fix("non-callable", message, open, fix);
    }

    /// `int32(5)`
    fn call_scalar(
        &mut self,
        scope: Scope,
        scalar: TypeId,
        arguments: &[NodeId],
        node: NodeId,
        head: NodeId,
    ) -> Option<ValueId> {
        let Some(family) = self.primitive_family(scalar) else {
            let message = "Only scalar deriving from 'string', 'numeric' or 'boolean' can be instantited without a named constructor.";
            let span = self.program.ast.span(head);
            self.error_help(
                "named-init-required",
                message,
                span,
                "call one of its constructors: `name.constructor(…)`",
            );
            return None;
        };
        let [argument] = arguments else {
            let message =
                "Instantiating scalar deriving from 'string', 'numeric' or 'boolean' can only take a single argument.";
            let span = self.program.ast.span(node);
            self.error_span("invalid-primitive-init", message, span);
            return None;
        };
        let value = self.value_of(scope, *argument, Some(scalar))?;
        let found = match (&self.program[value].kind, family) {
            (ValueKind::String { text, .. }, "string") => {
                ValueKind::String { text: text.clone(), scalar: Some(scalar) }
            }
            (ValueKind::Number { number, .. }, "numeric") => {
                ValueKind::Number { number: number.clone(), scalar: Some(scalar) }
            }
            (ValueKind::Boolean { truth, .. }, "boolean") => ValueKind::Boolean { truth: *truth, scalar: Some(scalar) },
            (other, _) => {
                let message = format!(
                    "Expected a single argument of type {} but got {}.",
                    value_kind_of(family),
                    value_kind_name(other)
                );
                self.error_at("invalid-primitive-init", message, *argument);
                return None;
            }
        };
        if !self.check_assignable(Entity::Value(value), Constraint::of_value(scalar), *argument) {
            return None;
        }
        Some(self.program.add_value(Value { kind: found, ty: scalar, node: Some(node) }))
    }

    /// `string`, `numeric` or `boolean`, if a scalar derives from it.
    fn primitive_family(&self, scalar: TypeId) -> Option<&'static str> {
        let mut current = Some(scalar);
        for _ in 0..1_000 {
            let id = current?;
            for family in ["string", "numeric", "boolean"] {
                if self.program.standard_scalar(family) == Some(id) {
                    return Some(family);
                }
            }
            current = self.program.scalar(id)?.base;
        }
        None
    }

    /// `plainDate.fromISO("…")`
    fn call_constructor(
        &mut self,
        scope: Scope,
        constructor: TypeId,
        arguments: &[NodeId],
        node: NodeId,
    ) -> Option<ValueId> {
        let own = self.program.constructor(constructor)?.clone();
        let head = self.program.ast.children(node).next();
        let scalar = head.and_then(|head| self.scalar_named_by(scope, head)).unwrap_or(own.scalar);
        let given = self.call_arguments(scope, &own.parameters, arguments, node, CallPlace::Value)?;
        let values = given.iter().filter_map(|argument| argument.entity.as_value()).collect();
        let kind = ValueKind::Scalar { scalar, constructor: own.name, arguments: values };
        Some(self.program.add_value(Value { kind, ty: scalar, node: Some(node) }))
    }

    /// An inherited constructor makes the scalar that it was called on.
    fn scalar_named_by(&mut self, scope: Scope, head: NodeId) -> Option<TypeId> {
        let base = self.program.ast.children(head).next()?;
        let target = self.target(scope, base)?;
        let entity = self.instance(scope, target, None, base);
        entity.as_type().filter(|ty| self.program.scalar(*ty).is_some())
    }

    /// Checks the arguments of a call against its parameters; `None` after a report.
    fn call_arguments(
        &mut self,
        scope: Scope,
        parameters: &[TypeId],
        arguments: &[NodeId],
        node: NodeId,
        place: CallPlace,
    ) -> Option<Vec<Argument>> {
        if !self.check_count(parameters, arguments.len(), node) {
            return None;
        }
        let mut given = Vec::new();
        for (at, argument) in arguments.iter().enumerate() {
            let parameter = parameters.get(at).or(parameters.last()).copied()?;
            let mut constraint = self.program.parameter(parameter)?.constraint;
            if place == CallPlace::Value && constraint.value.is_none() {
                constraint = Constraint { ty: None, value: constraint.ty };
            }
            let entity = self.checked_call_argument(scope, *argument, constraint, place)?;
            given.push(Argument { entity, node: Some(*argument) });
        }
        Some(given)
    }

    fn checked_call_argument(
        &mut self,
        scope: Scope,
        node: NodeId,
        constraint: Constraint,
        place: CallPlace,
    ) -> Option<Entity> {
        let entity = self.entity_for(scope, node, Some(constraint));
        if self.is_loose(entity) {
            return None;
        }
        if let Entity::Type(ty) = entity
            && constraint.ty.is_none()
            && !self.is_unbound(ty)
        {
            let value = self.value_from(entity, node, constraint.value)?;
            return self.accepted(Entity::Value(value), constraint, node, place);
        }
        self.accepted(entity, constraint, node, place)
    }

    fn accepted(&mut self, entity: Entity, constraint: Constraint, node: NodeId, place: CallPlace) -> Option<Entity> {
        if let Err(failure) = self.assignable(entity, constraint) {
            if place == CallPlace::Function {
                self.report_failure(&failure, node);
                return None;
            }
            let wanted = constraint.value.or(constraint.ty);
            let message = format!(
                "Argument of type '{}' is not assignable to parameter of type '{}'",
                self.program.entity_name(entity),
                wanted.map(|ty| self.program.type_name(ty)).unwrap_or_default()
            );
            self.error_at("invalid-argument", message, node);
            return None;
        }
        Some(self.fitted(entity, constraint, node))
    }

    /// Checks how many arguments there are; says whether that many may be.
    pub(super) fn check_count(&mut self, parameters: &[TypeId], count: usize, node: NodeId) -> bool {
        let all: Vec<(bool, bool)> =
            parameters.iter().filter_map(|id| self.program.parameter(*id)).map(|it| (it.optional, it.rest)).collect();
        let least = all.iter().filter(|(optional, rest)| !optional && !rest).count();
        let has_rest = all.iter().any(|(_, rest)| *rest);
        let most = all.len();
        if count >= least && (has_rest || count <= most) {
            return true;
        }
        let span = self.program.ast.span(node);
        let message = if has_rest {
            format!("Expected at least {least} arguments, but got {count}.")
        } else if least == most {
            format!("Expected {least} arguments, but got {count}.")
        } else {
            format!("Expected {least}-{most} arguments, but got {count}.")
        };
        let surplus = if count > most && !has_rest { self.surplus_arguments(node, most) } else { None };
        match surplus {
            Some(fix) => {
                // What is too much stands behind the comma that goes with it.
                let text = self.program.sources.file(fix.span.file).map(|file| file.text()).unwrap_or_default();
                let own = text.get(fix.span.start as usize..fix.span.end as usize).unwrap_or_default();
                let skipped = own.len() - own.trim_start_matches([',', ' ', '\n', '\t', '\r']).len();
                let too_much = Span { start: fix.span.start + skipped as u32, ..fix.span };
                self.error_fix("invalid-argument-count", message, too_much, fix);
            }
            None => {
                let help = self.shown_parameters(parameters);
                self.error_help("invalid-argument-count", message, span, &help);
            }
        }
        false
    }

    /// What is to be given, in words.
    fn shown_parameters(&self, parameters: &[TypeId]) -> String {
        let shown: Vec<String> = parameters
            .iter()
            .filter_map(|id| self.program.parameter(*id))
            .map(|it| {
                let (dots, question) = (if it.rest { "..." } else { "" }, if it.optional { "?" } else { "" });
                format!("{dots}{}{question}: {}", it.name, self.program.constraint_name(it.constraint))
            })
            .collect();
        if shown.is_empty() { "it takes no arguments".to_owned() } else { format!("it takes `({})`", shown.join(", ")) }
    }

    /// The removal of the arguments behind the last one that is taken, with the parentheses if none is.
    fn surplus_arguments(&self, node: NodeId, most: usize) -> Option<Fix> {
        let ast = &self.program.ast;
        let list = ast.find(node, NodeKind::Arguments)?;
        let given: Vec<NodeId> = ast.children(list).collect();
        let (whole, last) = (ast.span(list), ast.span(*given.last()?));
        let span = match most.checked_sub(1).and_then(|at| given.get(at)) {
            Some(kept) => Span { start: ast.span(*kept).end, end: last.end, ..whole },
            None => whole,
        };
        Some(Fix { title: "remove what is too much".to_owned(), span, replacement: String::new(), sure: false })
    }

    fn call_function(&mut self, scope: Scope, function: TypeId, arguments: &[NodeId], node: NodeId) -> Entity {
        let Some(own) = self.program.function(function).cloned() else { return self.error_entity() };
        let Some(given) = self.call_arguments(scope, &own.parameters, arguments, node, CallPlace::Function) else {
            return self.error_entity();
        };
        // Inside a template's declaration there is nothing to work on yet.
        if scope.in_template || given.iter().any(|it| matches!(it.entity, Entity::Type(ty) if self.is_unbound(ty))) {
            return self.error_entity();
        }
        // Functions look into what they are given.
        self.drain();
        let name = self.program.full_name(function);
        let Some(implementation) = self.registry.find_function(&name) else {
            // A script has its behaviour: nothing more is said about what it returns.
            return self.error_entity();
        };
        let span = Some(self.program.ast.span(node));
        let mut context = Context { program: self.program, registry: self.registry, application: None, span };
        match implementation(&mut context, &given) {
            Some(result) => {
                if self.assignable(result, own.returns).is_err() {
                    let message = format!(
                        "Function '{}' returned '{}', which is not assignable to '{}'",
                        own.name,
                        self.program.entity_name(result),
                        self.program.constraint_name(own.returns)
                    );
                    self.error_at("function-return", message, node);
                    return self.error_entity();
                }
                result
            }
            None => self.error_entity(),
        }
    }
}

/// What is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CallPlace {
    /// A constructor: all arguments are values.
    Value,
    /// A declared function.
    Function,
}

fn value_kind_of(family: &str) -> &'static str {
    match family {
        "string" => "StringValue",
        "numeric" => "NumericValue",
        _ => "BooleanValue",
    }
}

fn value_kind_name(kind: &ValueKind) -> &'static str {
    match kind {
        ValueKind::String { .. } => "StringValue",
        ValueKind::Number { .. } => "NumericValue",
        ValueKind::Boolean { .. } => "BooleanValue",
        ValueKind::Null => "NullValue",
        ValueKind::EnumMember(_) => "EnumValue",
        ValueKind::Object(_) => "ObjectValue",
        ValueKind::Array(_) => "ArrayValue",
        ValueKind::Scalar { .. } => "ScalarValue",
        ValueKind::Function(_) => "Function",
    }
}
