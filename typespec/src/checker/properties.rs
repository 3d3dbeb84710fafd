//! Properties: written ones, spread ones, and what they must agree with.

use std::sync::Arc;

use radii_diagnostics::{Code, Diagnostic, Fix};

use super::{Checker, Pending, Scope, place};
use crate::ast::{Mark, NodeId};
use crate::program::{
    Constraint, Entity, Indexer, Model, ModelProperty, SourceModel, SourceUsage, TypeId, TypeKind, Union, UnionVariant,
};
use crate::relation;
use crate::syntax::NodeKind;

impl Checker<'_> {
    /// Checks properties and spreads, in order.
    pub(super) fn model_members(&mut self, scope: Scope, list: NodeId, id: TypeId) {
        let own_indexer = self.program.model(id).and_then(|model| model.indexer);
        let mut spread_indexers = Vec::new();
        for member in self.program.ast.children(list) {
            match self.program.ast.kind(member) {
                NodeKind::ModelProperty => {
                    self.check_directives(member);
                    let property = self.property(scope, member, id);
                    if self.define_property(id, property, member) {
                        self.check_indexer(own_indexer, property, member);
                    }
                }
                NodeKind::Spread => self.spread(scope, member, id, own_indexer, &mut spread_indexers),
                _ => {}
            }
        }
        self.set_spread_indexer(scope, id, &spread_indexers);
    }

    /// A written property; checked once per scope, or earlier if something names it.
    pub(super) fn property(&mut self, scope: Scope, node: NodeId, model: TypeId) -> TypeId {
        let key = (node, scope.mapper);
        if let Some(known) = self.declared.get(&key) {
            return *known;
        }
        if !self.start(Pending::Property, node, scope.mapper) {
            let name = self.declared_name(node);
            self.error_at("circular-prop", format!("Property '{name}' recursively references itself."), node);
            return self.error();
        }
        let mut parts = self.program.ast.parts(node).skip(1);
        let (ty_node, default_node) = (parts.next(), parts.next());
        drop(parts);
        let ty = ty_node.map_or(self.error(), |ty| self.type_of(scope, ty));
        self.stop(Pending::Property, node, scope.mapper);
        if let Some(known) = self.declared.get(&key) {
            return *known;
        }
        let property = ModelProperty {
            name: self.declared_name(node),
            model: Some(model),
            ty,
            optional: self.program.ast.has(node, Mark::Question),
            default: None,
            source: None,
        };
        let id = self.begin(scope, node, TypeKind::ModelProperty(property));
        if let Some(default) = default_node
            && !ty_node.is_some_and(|own| self.is_type_as_value(own, default))
        {
            self.property_default(scope, id, ty, default);
        }
        let decorators = self.member_decorators(scope, node, id);
        self.program[id].decorators = decorators;
        self.finish(scope, id);
        id
    }

    /// Reports a type that was written as a value, where the default shows it; `false` where it was not.
    ///
    /// `"int32" = 3` means the type of that name, `["a", "b"] = "a"` one of the texts.
    fn is_type_as_value(&mut self, own: NodeId, default: NodeId) -> bool {
        let ast = &self.program.ast;
        let (message, replacement) = match ast.kind(own) {
            NodeKind::StringLiteral if ast.text(own) != ast.text(default) => {
                let name = ast.text(own).trim_matches('"').to_owned();
                let is_access = ast.kind(default) == NodeKind::Reference;
                let is_name = name.starts_with(|it: char| it.is_ascii_alphabetic());
                let is_scalar = is_name && self.program.standard_scalar(&name).is_some();
                let is_found = |found: &super::resolve::Found| matches!(found, super::resolve::Found::Symbol(_));
                if !(is_scalar || is_name && is_access && is_found(&self.find_name(own, &name))) {
                    return false;
                }
                ("The name of a type has no quotes.", name)
            }
            NodeKind::TupleExpression => {
                let texts: Vec<NodeId> = ast.children(own).collect();
                let is_text = |it: &NodeId| ast.kind(*it) == NodeKind::StringLiteral;
                if texts.is_empty() || !texts.iter().all(is_text) || ast.kind(default) != NodeKind::StringLiteral {
                    return false;
                }
                let texts: Vec<&str> = texts.iter().map(|it| ast.text(*it).trim()).collect();
                ("The texts that a property may be are joined by `|`.", texts.join(" | "))
            }
            _ => return false,
        };
        let span = self.program.ast.span(own);
        let fix = Fix { title: format!("write `{replacement}`"), span, replacement, sure: true };
        self.error_fix("unassignable", message.to_owned(), span, fix);
        true
    }

    fn property_default(&mut self, scope: Scope, id: TypeId, ty: TypeId, node: NodeId) {
        let Some(value) = self.value_of(scope, node, Some(ty)) else { return };
        if self.check_assignable(Entity::Value(value), Constraint::of_value(ty), node)
            && let Some(property) = self.program.property_mut(id)
        {
            property.default = Some(value);
        }
    }

    /// Decorators of a member, with those that augment it from outside.
    pub(super) fn member_decorators(
        &mut self,
        scope: Scope,
        node: NodeId,
        id: TypeId,
    ) -> Vec<crate::program::Application> {
        let mut applications = self.decorator_applications(scope, node, id);
        let name = self.declared_name(node);
        let owner = self.owner_of_member(node);
        applications.extend(self.augmenting(scope, owner, &name, id));
        applications
    }

    /// The node that augmenting decorators name a member by: its declaration or expression.
    fn owner_of_member(&self, node: NodeId) -> Option<NodeId> {
        let holder = self.program.ast.parent(node)?;
        match self.program.ast.kind(holder) {
            NodeKind::Members => self.program.ast.parent(holder),
            _ => Some(holder),
        }
    }

    /// Adds a property; says whether it is the first of its name.
    fn define_property(&mut self, id: TypeId, property: TypeId, node: NodeId) -> bool {
        let Some(own) = self.program.property(property).cloned() else { return false };
        if self.program.is_array(id) {
            self.error_at("no-array-properties", "Array models cannot have any properties.", node);
            return false;
        }
        if self.program.model(id).is_some_and(|model| model.properties.contains(&own.name)) {
            self.duplicate_property(id, &own.name, node);
            return false;
        }
        self.check_override(id, &own, node);
        self.add_property(id, property);
        true
    }

    fn duplicate_property(&mut self, id: TypeId, name: &str, node: NodeId) {
        // Names that are missing are no names that are taken.
        if name.is_empty() {
            return;
        }
        let model = self.program.name_of(id).map(|name| format!(" {name}")).unwrap_or_default();
        let message = format!("Model{model} already has a property named {name}");
        let first = self.program.model(id).and_then(|model| model.properties.get(name));
        let first = first.and_then(|first| self.program[first].node).map(|first| place(self.program, first));
        let diagnostic = Diagnostic::error(Code::new("duplicate-property"), message)
            .at(place(self.program, node))
            .help("give it another name, or remove one of the two");
        let diagnostic = match first {
            Some(first) => diagnostic.also(first, "the first one"),
            None => diagnostic,
        };
        self.report_once("duplicate-property", diagnostic);
    }

    pub(super) fn add_property(&mut self, id: TypeId, property: TypeId) {
        let Some(name) = self.program.property(property).map(|property| property.name.clone()) else { return };
        if let Some(model) = self.program.model_mut(id) {
            model.properties.insert(name, property);
        }
    }

    /// A property that redefines an inherited one must fit it.
    fn check_override(&mut self, id: TypeId, own: &ModelProperty, node: NodeId) {
        let Some(base) = self.program.model(id).and_then(|model| model.base) else { return };
        let Some(inherited) = self.program.find_property(base, &own.name) else { return };
        let Some(inherited) = self.program.property(inherited).cloned() else { return };
        if self.type_assignable(own.ty, inherited.ty).is_err() {
            let (ty, parent) = (self.program.type_name(own.ty), self.program.type_name(inherited.ty));
            let message = format!(
                "Model has an inherited property named {} of type {ty} which cannot override type {parent}",
                own.name
            );
            self.error_at("override-property-mismatch", message, node);
        } else if own.optional && !inherited.optional {
            let message = format!(
                "Model has a required inherited property named {} which cannot be overridden as optional",
                own.name
            );
            self.error_at("override-property-mismatch", message, node);
        }
    }

    /// Own properties must fit the indexer that `is` and `extends` bring.
    fn check_indexer(&mut self, indexer: Option<Indexer>, property: TypeId, node: NodeId) {
        let Some(indexer) = indexer else { return };
        let Some(ty) = self.program.property(property).map(|property| property.ty) else { return };
        if self.program[indexer.value].kind_is_never() {
            return;
        }
        if let Err(failure) = self.type_assignable(ty, indexer.value) {
            let at = self.program.ast.part(node, 1).unwrap_or(node);
            self.report_indexer(&failure, at);
        }
    }

    pub(super) fn report_indexer(&mut self, failure: &relation::RelationFailure, node: NodeId) {
        let reason = failure.full_message().replace('\n', "\n  ");
        self.error_at("incompatible-indexer", format!("Property is incompatible with indexer:\n  {reason}"), node);
    }

    fn spread(
        &mut self,
        scope: Scope,
        node: NodeId,
        id: TypeId,
        own_indexer: Option<Indexer>,
        indexers: &mut Vec<TypeId>,
    ) {
        let Some(target_node) = self.program.ast.part(node, 0) else { return };
        let model_node = self.program[id].node;
        let target = self.static_target(target_node, 0);
        if target.is_some() && target == model_node {
            let span = self.program.ast.span(target_node);
            return self.error_help(
                "spread-model",
                "Cannot spread type within its own declaration.",
                span,
                "remove the spread: what a model has it need not bring",
            );
        }
        let source = self.type_of(scope, target_node);
        self.ensure(source);
        if source == id || self.building.contains(&source) {
            let span = self.program.ast.span(target_node);
            return self.error_help(
                "spread-model",
                "Cannot spread type within its own declaration.",
                span,
                "remove the spread: what a model has it need not bring",
            );
        }
        let Some(source) = self.spreadable(source, target_node) else { return };
        if let Some(indexer) = self.program.model(source).and_then(|model| model.indexer) {
            indexers.push(indexer.value);
        }
        if let Some(model) = self.program.model_mut(id) {
            model.sources.push(SourceModel { usage: SourceUsage::Spread, model: source });
        }
        for property in self.all_properties(source) {
            let copied = self.copy_property(scope, property, id, model_node);
            if self.define_property(id, copied, node) {
                self.check_indexer(own_indexer, copied, node);
            }
        }
    }

    /// The model that a spread copies; a parameter of a template stands for its constraint.
    fn spreadable(&mut self, source: TypeId, node: NodeId) -> Option<TypeId> {
        if self.program.is_error(source) {
            return None;
        }
        if let Some(parameter) = self.program.template_parameter(source) {
            let constraint = parameter.constraint.and_then(|constraint| constraint.ty)?;
            self.ensure(constraint);
            return Some(constraint).filter(|id| self.program.model(*id).is_some() && !self.is_reflection(*id));
        }
        if self.program.model(source).is_none() || self.program.is_array(source) {
            let span = place(self.program, node);
            let help = "spread a model; other types can be the type of a property";
            self.error_help("spread-model", "Cannot spread properties of non-model type.", span, help);
            return None;
        }
        Some(source)
    }

    pub(super) fn is_reflection(&self, id: TypeId) -> bool {
        let namespace = self.program.namespace_of(id);
        namespace.is_some_and(|id| self.program.namespace_name(id) == "TypeSpec.Reflection")
    }

    /// A model's properties and those of its bases: own ones first.
    pub(super) fn all_properties(&self, id: TypeId) -> Vec<TypeId> {
        let mut all = crate::program::Members::default();
        let mut current = Some(id);
        let mut steps = 0;
        while let Some(model) = current.and_then(|id| self.program.model(id)) {
            for (name, property) in model.properties.iter() {
                if !all.contains(name) {
                    all.insert(name.clone(), property);
                }
            }
            steps += 1;
            current = model.base.filter(|_| steps < 10_000);
        }
        all.ids().collect()
    }

    /// Copies a property into another model; its decorators run again.
    pub(super) fn copy_property(
        &mut self,
        scope: Scope,
        source: TypeId,
        model: TypeId,
        owner: Option<NodeId>,
    ) -> TypeId {
        let mut ty = self.program[source].clone();
        ty.is_finished = false;
        let mut name: Arc<str> = "".into();
        if let TypeKind::ModelProperty(property) = &mut ty.kind {
            property.model = Some(model);
            property.source = Some(source);
            name = property.name.clone();
        }
        let id = self.program.add_type(ty);
        if let Some(message) = self.program.deprecations.get(&source).cloned() {
            self.program.deprecations.insert(id, message);
        }
        let augmented = self.augmenting(scope, owner, &name, id);
        self.program[id].decorators.extend(augmented);
        self.finish(scope, id);
        id
    }

    /// Several spread records become one indexer whose value is any of theirs.
    fn set_spread_indexer(&mut self, scope: Scope, id: TypeId, values: &[TypeId]) {
        if values.is_empty() {
            return;
        }
        let mut values = values.to_vec();
        let own = self.program.model(id).and_then(|model| model.indexer);
        if let Some(own) = own {
            values.insert(0, own.value);
        }
        values.dedup();
        let Some(key) = self.program.standard_scalar("string") else { return };
        let value = match values.as_slice() {
            [one] => *one,
            several => self.union_of(scope, several, None),
        };
        if let Some(model) = self.program.model_mut(id) {
            model.indexer = Some(Indexer { key, value });
        }
    }

    /// Makes a union of types that no source wrote.
    pub(super) fn union_of(&mut self, scope: Scope, types: &[TypeId], node: Option<NodeId>) -> TypeId {
        let union = Union { is_expression: true, ..Union::default() };
        let id = self.new_type(TypeKind::Union(union), None, scope.mapper);
        self.program[id].node = node;
        for ty in types {
            let variant = UnionVariant { name: None, union: id, ty: *ty };
            let variant = self.new_type(TypeKind::UnionVariant(variant), None, scope.mapper);
            self.program[variant].is_finished = true;
            if let Some(union) = self.program.union_mut(id) {
                union.variants.push(variant);
            }
        }
        self.program[id].is_finished = !scope.in_template;
        id
    }

    /// `{ … }` as a type.
    pub(super) fn model_expression(&mut self, scope: Scope, node: NodeId) -> TypeId {
        if let Some(known) = self.declared.get(&(node, scope.mapper)) {
            return *known;
        }
        let model = Model { namespace: self.namespace_type(node), ..Model::default() };
        let id = self.begin(scope, node, TypeKind::Model(model));
        self.model_members(scope, node, id);
        self.finish(scope, id);
        id
    }

    /// `A & B`
    pub(super) fn intersection(&mut self, scope: Scope, node: NodeId) -> TypeId {
        let operands: Vec<NodeId> = self.program.ast.children(node).collect();
        let mut sources = Vec::new();
        for operand in operands {
            let ty = self.type_of(scope, operand);
            self.ensure(ty);
            if self.program.is_error(ty) {
                return ty;
            }
            if self.is_unbound(ty) {
                // What it is decides each instance.
                continue;
            }
            if self.program.model(ty).is_none() {
                let message = "Cannot intersect non-model types (including union types).";
                self.error_at("intersect-non-model", message, operand);
                return self.error();
            }
            if self.program.is_array(ty) {
                self.error_at("intersect-invalid-index", "Cannot intersect an array model.", operand);
                return self.error();
            }
            sources.push((ty, operand));
        }
        self.intersection_of(scope, &sources, node)
    }

    fn intersection_of(&mut self, scope: Scope, sources: &[(TypeId, NodeId)], node: NodeId) -> TypeId {
        let model = Model { namespace: self.namespace_type(node), ..Model::default() };
        let id = self.new_type(TypeKind::Model(model), Some(node), scope.mapper);
        let mut indexers: Vec<TypeId> = Vec::new();
        for (source, _) in sources {
            if let Some(model) = self.program.model_mut(id) {
                model.sources.push(SourceModel { usage: SourceUsage::Intersection, model: *source });
            }
            indexers.extend(self.program.model(*source).and_then(|model| model.indexer).map(|indexer| indexer.value));
            for property in self.all_properties(*source) {
                let name = self.program.property(property).map(|it| it.name.clone()).unwrap_or_else(|| "".into());
                if self.program.model(id).is_some_and(|model| model.properties.contains(&name)) {
                    let message = format!("Intersection contains duplicate property definitions for {name}");
                    self.error_at("intersect-duplicate-property", message, node);
                    continue;
                }
                let copied = self.copy_property(scope, property, id, None);
                self.add_property(id, copied);
            }
        }
        self.set_intersected_indexer(scope, id, &indexers, node);
        self.finish(scope, id);
        id
    }

    fn set_intersected_indexer(&mut self, scope: Scope, id: TypeId, values: &[TypeId], node: NodeId) {
        let Some(first) = values.first().copied() else { return };
        let Some(key) = self.program.standard_scalar("string") else { return };
        let value = if values.len() == 1 || values.iter().all(|value| *value == first) {
            first
        } else {
            let sources: Vec<(TypeId, NodeId)> = values
                .iter()
                .filter(|value| self.program.model(**value).is_some())
                .map(|value| (*value, node))
                .collect();
            if sources.len() < values.len() {
                self.program.intrinsic(crate::program::Intrinsic::Never)
            } else {
                self.intersection_of(scope, &sources, node)
            }
        };
        let indexer = Indexer { key, value };
        let properties: Vec<TypeId> =
            self.program.model(id).map(|it| it.properties.ids().collect()).unwrap_or_default();
        if let Some(model) = self.program.model_mut(id) {
            model.indexer = Some(indexer);
        }
        for property in properties {
            let Some(ty) = self.program.property(property).map(|it| it.ty) else { continue };
            if let Err(failure) = self.type_assignable(ty, value) {
                return self.report_indexer(&failure, node);
            }
        }
    }
}

impl crate::program::Type {
    fn kind_is_never(&self) -> bool {
        matches!(self.kind, TypeKind::Intrinsic(crate::program::Intrinsic::Never))
    }
}
