//! Models: what they extend, what they are, and what they hold.

use radii_diagnostics::{Code, Diagnostic};

use super::{Checker, Pending, Scope, place};
use crate::ast::NodeId;
use crate::program::{Indexer, Model, SourceModel, SourceUsage, TypeId, TypeKind};
use crate::syntax::NodeKind;

impl Checker<'_> {
    pub(super) fn model(&mut self, scope: Scope, node: NodeId) -> TypeId {
        let model = Model { name: self.declared_name(node), namespace: self.namespace_type(node), ..Model::default() };
        let id = self.begin(scope, node, TypeKind::Model(model));
        self.set_standard_indexer(scope, node, id);
        self.deferred.insert(id, (scope, node));
        self.queue.push_back(id);
        id
    }

    /// Checks the body of a model, unless that is done or under way.
    ///
    /// Bodies are put off until something looks inside: models may then name each other in any order and depth.
    pub(super) fn ensure(&mut self, id: TypeId) {
        let Some((scope, node)) = self.deferred.remove(&id) else { return };
        self.deeper(node, (), |checker| checker.model_body(scope, node, id));
    }

    /// Checks all bodies that were put off.
    pub(super) fn drain(&mut self) {
        while let Some(id) = self.queue.pop_front() {
            self.ensure(id);
        }
    }

    fn model_body(&mut self, scope: Scope, node: NodeId, id: TypeId) {
        let mut decorators = Vec::new();
        if let Some(clause) = self.program.ast.find(node, NodeKind::IsClause) {
            if let Some(source) = self.model_source(scope, node, clause) {
                decorators = self.program[source].decorators.clone();
                self.copy_deprecation(source, id);
                self.copy_source(scope, node, id, source);
            }
        } else if let Some(clause) = self.program.ast.find(node, NodeKind::ExtendsClause)
            && let Some(base) = self.model_base(scope, node, clause)
        {
            if let Some(model) = self.program.model_mut(id) {
                model.base = Some(base);
            }
            if !scope.in_template
                && let Some(base) = self.program.model_mut(base)
            {
                base.derived.push(id);
            }
            self.inherit_indexer(id, base);
            self.copy_deprecation(base, id);
        }
        if let Some(members) = self.program.ast.find(node, NodeKind::Members) {
            self.building.push(id);
            self.in_body(|checker| checker.model_members(scope, members, id));
            self.building.pop();
        }
        decorators.extend(self.decorator_applications(scope, node, id));
        self.program[id].decorators = decorators;
        self.finish(scope, id);
    }

    /// `Array` and `Record` of the standard library are what has an indexer from the start.
    fn set_standard_indexer(&mut self, scope: Scope, node: NodeId, id: TypeId) {
        let symbol = self.program.bindings.symbol_of.get(&node).copied();
        if symbol.is_none() {
            return;
        }
        let key = if symbol == self.program.standard.array {
            "integer"
        } else if symbol == self.program.standard.record {
            "string"
        } else {
            return;
        };
        let Some(key) = self.program.standard_scalar(key) else { return };
        let Some(parameter) = self.template_parameters(node).first().copied() else { return };
        let value = self.parameter_entity(scope, parameter).as_type().unwrap_or(self.error());
        if let Some(model) = self.program.model_mut(id) {
            model.indexer = Some(Indexer { key, value });
        }
    }

    /// What builds on something deprecated is deprecated itself.
    fn copy_deprecation(&mut self, source: TypeId, id: TypeId) {
        if let Some(message) = self.program.deprecations.get(&source).cloned() {
            self.program.deprecations.entry(id).or_insert(message);
        }
    }

    fn inherit_indexer(&mut self, id: TypeId, base: TypeId) {
        let indexer = self.program.model(base).and_then(|base| base.indexer);
        if let (Some(indexer), Some(model)) = (indexer, self.program.model_mut(id)) {
            model.indexer = Some(indexer);
        }
    }

    /// What a model is, if it may be that.
    fn model_source(&mut self, scope: Scope, node: NodeId, clause: NodeId) -> Option<TypeId> {
        let expression = self.program.ast.children(clause).next()?;
        if self.unparenthesised_kind(expression) == NodeKind::ModelExpression {
            let message = "Model `is` cannot specify a model expression.";
            let span = self.program.ast.span(expression);
            self.error_help("is-model", message, span, "write the properties in the body, without `is`");
            return None;
        }
        let source = self.heritage(scope, node, expression)?;
        if self.program.is_error(source) || self.is_unbound(source) {
            return None;
        }
        if self.program.model(source).is_none() {
            let span = self.program.ast.span(expression);
            let help = "name a model; an enum, a union or a scalar is the type of a property, or of an `alias`";
            self.error_help("is-model", "Model `is` must specify another model.", span, help);
            return None;
        }
        if self.is_anonymous_model(source) {
            self.error_at("is-model", "Model `is` cannot specify a model expression.", expression);
            return None;
        }
        Some(source)
    }

    fn model_base(&mut self, scope: Scope, node: NodeId, clause: NodeId) -> Option<TypeId> {
        let expression = self.program.ast.children(clause).next()?;
        if self.unparenthesised_kind(expression) == NodeKind::ModelExpression {
            let message = "Models cannot extend model expressions.";
            let span = self.program.ast.span(expression);
            self.error_help("extend-model", message, span, "name the model, or write its properties in the body");
            return None;
        }
        let base = self.heritage(scope, node, expression)?;
        if self.program.is_error(base) || self.is_unbound(base) {
            return None;
        }
        if self.program.model(base).is_none() {
            let span = place(self.program, expression);
            let help = "name a model; properties can refer to any type";
            self.error_help("extend-model", "Models must extend other models.", span, help);
            return None;
        }
        if self.is_anonymous_model(base) {
            let span = place(self.program, expression);
            let help = "give the model expression a name, and extend that";
            self.error_help("extend-model", "Models cannot extend model expressions.", span, help);
            return None;
        }
        Some(base)
    }

    fn is_anonymous_model(&self, id: TypeId) -> bool {
        self.program.model(id).is_some_and(|model| model.name.is_empty())
    }

    /// Whether a type is a template's parameter that has no argument yet.
    pub(super) fn is_unbound(&self, id: TypeId) -> bool {
        self.program.template_parameter(id).is_some()
    }

    pub(super) fn unparenthesised_kind(&self, node: NodeId) -> NodeKind {
        match self.program.ast.kind(node) {
            NodeKind::Parenthesized => self
                .program
                .ast
                .children(node)
                .next()
                .map_or(NodeKind::Parenthesized, |it| self.unparenthesised_kind(it)),
            kind => kind,
        }
    }

    /// Resolves what a declaration builds on; a circle is reported at the declaration that closes it.
    pub(super) fn heritage(&mut self, scope: Scope, node: NodeId, expression: NodeId) -> Option<TypeId> {
        self.start(Pending::Base, node, scope.mapper);
        let target = self.heritage_target(expression);
        let circular = target.is_some_and(|target| {
            self.pending.iter().any(|(what, pending, _)| *what == Pending::Base && *pending == target)
        });
        if circular {
            let target = target.unwrap_or(node);
            let name = self.declared_name(target);
            let span = place(self.program, target);
            let message = format!("Type '{name}' recursively references itself as a base type.");
            let clause = place(self.program, expression);
            let diagnostic = Diagnostic::error(Code::new("circular-base-type"), message)
                .at(clause)
                .also(span, "the declaration that needs itself")
                .help("extend another type, or write the properties out");
            self.report_once("circular-base-type", diagnostic);
            self.stop(Pending::Base, node, scope.mapper);
            return None;
        }
        let found = self.type_of(scope, expression);
        self.ensure(found);
        self.stop(Pending::Base, node, scope.mapper);
        Some(found)
    }

    /// The declaration that a heritage clause names, followed through aliases.
    fn heritage_target(&mut self, expression: NodeId) -> Option<NodeId> {
        self.static_target(expression, 0)
    }

    /// Copies what `is` brings: properties, indexer and base.
    fn copy_source(&mut self, scope: Scope, node: NodeId, id: TypeId, source: TypeId) {
        let Some(from) = self.program.model(source).cloned() else { return };
        if let Some(model) = self.program.model_mut(id) {
            model.source = Some(source);
            model.sources.push(SourceModel { usage: SourceUsage::Is, model: source });
            model.indexer = from.indexer;
            model.base = from.base;
        }
        if let Some(base) = from.base.filter(|_| !scope.in_template)
            && let Some(base) = self.program.model_mut(base)
        {
            base.derived.push(id);
        }
        for (_, property) in from.properties.iter() {
            let copied = self.copy_property(scope, property, id, Some(node));
            self.add_property(id, copied);
        }
    }
}
