//! Values: literals, constants, objects and arrays (TypeSpec reference, part 2.9).

use std::sync::Arc;

use radii_diagnostics::{Fix, Span};

use super::{Checker, Pending, Scope, place};
use crate::ast::{Mark, NodeId};
use crate::program::{
    Constraint, Entity, Intrinsic, Model, ModelProperty, ObjectProperty, TypeId, TypeKind, Value, ValueId, ValueKind,
};
use crate::relation;
use crate::syntax::NodeKind;

impl Checker<'_> {
    /// The value that an expression stands for; what is none is reported.
    pub(super) fn value_of(&mut self, scope: Scope, node: NodeId, wanted: Option<TypeId>) -> Option<ValueId> {
        let constraint = wanted.map(Constraint::of_value);
        self.value_wanted = wanted.map(|wanted| (node, wanted));
        let entity = self.deeper(node, self.error_entity(), |checker| checker.entity_for(scope, node, constraint));
        self.value_from(entity, node, wanted)
    }

    /// Turns what an expression stands for into a value; `None` after a report.
    pub(super) fn value_from(&mut self, entity: Entity, node: NodeId, wanted: Option<TypeId>) -> Option<ValueId> {
        match entity {
            Entity::Value(value) => Some(value),
            Entity::Type(ty) | Entity::Indeterminate(ty) => {
                if self.program.is_error(ty) {
                    return None;
                }
                self.literal_value(ty, node, wanted).or_else(|| {
                    self.report_expected_value(ty, node);
                    None
                })
            }
        }
    }

    /// The value of a type that is one value only.
    fn literal_value(&mut self, ty: TypeId, node: NodeId, wanted: Option<TypeId>) -> Option<ValueId> {
        let kind = match &self.program[ty].kind {
            TypeKind::String(text) => {
                let text = text.clone();
                ValueKind::String { text, scalar: self.scalar_for(ty, node, wanted) }
            }
            TypeKind::StringTemplate(template) => {
                let text = template.text.clone()?;
                ValueKind::String { text, scalar: self.scalar_for(ty, node, wanted) }
            }
            TypeKind::Number(number) => {
                let number = number.value.clone();
                ValueKind::Number { number, scalar: self.scalar_for(ty, node, wanted) }
            }
            TypeKind::Boolean(truth) => {
                let truth = *truth;
                ValueKind::Boolean { truth, scalar: self.scalar_for(ty, node, wanted) }
            }
            TypeKind::EnumMember(_) => ValueKind::EnumMember(ty),
            TypeKind::Intrinsic(Intrinsic::Null) => ValueKind::Null,
            TypeKind::UnionVariant(variant) => {
                let inner = variant.ty;
                return self.literal_value(inner, node, wanted);
            }
            _ => return None,
        };
        Some(self.program.add_value(Value { kind, ty, node: Some(node) }))
    }

    /// The scalar that a literal stands for, if what is wanted says which.
    fn scalar_for(&mut self, ty: TypeId, node: NodeId, wanted: Option<TypeId>) -> Option<TypeId> {
        let mut found = Vec::new();
        self.collect_scalars(ty, wanted?, &mut found, 0);
        match found.as_slice() {
            [] => None,
            [one] => Some(*one),
            several => {
                // A constraint of the standard library that takes several kinds of numbers decides nothing.
                let own = wanted.is_some_and(|wanted| {
                    self.program.namespace_of(wanted).is_none_or(|it| !self.program.is_standard_namespace(Some(it)))
                });
                if own && several.len() > 1 {
                    self.report_ambiguous_scalar(ty, several, node);
                }
                None
            }
        }
    }

    fn report_ambiguous_scalar(&mut self, ty: TypeId, scalars: &[TypeId], node: NodeId) {
        let value = self.program.type_name(ty);
        let names: Vec<String> = scalars.iter().map(|scalar| self.program.type_name(*scalar)).collect();
        let first = names.first().cloned().unwrap_or_default();
        let message = format!(
            "Value {value} type is ambiguous between {}. To resolve be explicit when instantiating this value(e.g. '{first}({value})').",
            names.join(", ")
        );
        let span = self.program.ast.span(node);
        let help = format!("say which, such as `{first}({value})`");
        self.error_help("ambiguous-scalar-type", message, span, &help);
    }

    fn collect_scalars(&self, ty: TypeId, wanted: TypeId, found: &mut Vec<TypeId>, depth: usize) {
        if depth > 16 {
            return;
        }
        match &self.program[wanted].kind {
            TypeKind::Scalar(_) => {
                let fits = relation::is_type_assignable(self.program, ty, wanted).is_ok();
                if fits && !found.contains(&wanted) {
                    found.push(wanted);
                }
            }
            TypeKind::Union(union) => {
                for variant in &union.variants {
                    if let Some(variant) = self.program.variant(*variant) {
                        self.collect_scalars(ty, variant.ty, found, depth + 1);
                    }
                }
            }
            _ => {}
        }
    }

    fn report_expected_value(&mut self, ty: TypeId, node: NodeId) {
        let name = self.program.type_name(ty);
        let span = self.program.ast.span(node);
        let open = Span { end: span.start, ..span };
        match self.program.ast.kind(node) {
            NodeKind::ModelExpression => {
                let message = format!(
                    "{name} refers to a model type, but is being used as a value here. Use #{{}} to create an object value."
                );
                let title = "write `#{` for an object value".to_owned();
                let fix = Fix { title, span: open, replacement: "#".to_owned(), sure: true };
                self.error_fix("expect-value", message, span, fix);
            }
            NodeKind::TupleExpression => {
                let message = "Is a tuple type, but is being used as a value here. Use #[] to create an array value.";
                let title = "write `#[` for an array value".to_owned();
                let fix = Fix { title, span: open, replacement: "#".to_owned(), sure: true };
                self.error_fix("expect-value", message.to_owned(), span, fix);
            }
            _ if self.is_value_parameter(ty) => {}
            _ if self.is_unbound(ty) => {
                let message = format!("{name} template parameter can be a type but is being used as a value here.");
                self.error_help("expect-value", message, span, "constrain the parameter with `extends valueof …`");
            }
            _ => {
                let message = format!("{name} refers to a type, but is being used as a value here.");
                self.error_help(
                    "expect-value",
                    message,
                    span,
                    "write a value of the type here, such as a member of an enum",
                );
            }
        }
    }

    /// The value of a constant.
    pub(super) fn constant(&mut self, node: NodeId) -> Option<ValueId> {
        if let Some(known) = self.copies.get(&node) {
            return Some(*known);
        }
        if self.entities.contains_key(&(node, None)) {
            return None;
        }
        if !self.start(Pending::Const, node, None) {
            let name = self.declared_name(node);
            self.error_at("circular-const", format!("const '{name}' recursively references itself."), node);
            return None;
        }
        let parts: Vec<NodeId> = self.program.ast.parts(node).skip(1).collect();
        let has_type = self.program.ast.has(node, Mark::Colon) && parts.len() > 1;
        let wanted = if has_type { Some(self.type_of(Scope::PLAIN, parts[0])) } else { None };
        let value = parts.last().and_then(|value| self.value_of(Scope::PLAIN, *value, wanted));
        self.stop(Pending::Const, node, None);
        let found = value.filter(|value| self.fits_constant(*value, wanted, parts.last().copied()));
        let found = found.map(|value| match wanted {
            Some(ty) => self.retyped(value, ty),
            None => value,
        });
        match found {
            Some(value) => {
                self.copies.insert(node, value);
            }
            None => {
                self.entities.insert((node, None), self.error_entity());
            }
        }
        found
    }

    fn fits_constant(&mut self, value: ValueId, wanted: Option<TypeId>, node: Option<NodeId>) -> bool {
        match (wanted, node) {
            (Some(wanted), Some(node)) => {
                self.check_assignable(Entity::Value(value), Constraint::of_value(wanted), node)
            }
            _ => true,
        }
    }

    /// The same value as one of another type.
    pub(super) fn retyped(&mut self, value: ValueId, ty: TypeId) -> ValueId {
        let copy = Value { ty, ..self.program[value].clone() };
        let id = self.program.add_value(copy);
        if let Some(size) = self.value_sizes.get(&value).copied() {
            self.value_sizes.insert(id, size);
        }
        id
    }

    /// `#{ a: 1, ...b }`
    pub(super) fn object_literal(&mut self, scope: Scope, node: NodeId, wanted: Option<TypeId>) -> Entity {
        let mut properties: Vec<ObjectProperty> = Vec::new();
        let mut complete = true;
        for member in self.program.ast.children(node) {
            match self.program.ast.kind(member) {
                NodeKind::ObjectProperty => {
                    complete &= self.object_property(scope, member, wanted, &mut properties);
                }
                NodeKind::Spread => complete &= self.object_spread(scope, member, &mut properties),
                _ => {}
            }
        }
        if !complete {
            return self.error_entity();
        }
        let ty = self.object_type(&properties, node);
        let kind = ValueKind::Object(properties);
        self.composed(Value { kind, ty, node: Some(node) }, node)
    }

    fn object_property(
        &mut self,
        scope: Scope,
        member: NodeId,
        wanted: Option<TypeId>,
        properties: &mut Vec<ObjectProperty>,
    ) -> bool {
        let name = self.declared_name(member);
        let Some(value_node) = self.program.ast.part(member, 1) else { return false };
        let inner = wanted.and_then(|wanted| self.wanted_of_property(wanted, &name, 0));
        let Some(value) = self.value_of(scope, value_node, inner) else { return false };
        if let Some(known) = properties.iter_mut().find(|known| known.name == name) {
            known.value = value;
            return true;
        }
        properties.push(ObjectProperty { name, value, node: Some(member) });
        true
    }

    /// The type that a property of an object value should have.
    fn wanted_of_property(&self, wanted: TypeId, name: &str, depth: usize) -> Option<TypeId> {
        match &self.program[wanted].kind {
            TypeKind::Model(model) => match self.program.find_property(wanted, name) {
                Some(property) => self.program.property(property).map(|property| property.ty),
                None => model.indexer.map(|indexer| indexer.value),
            },
            TypeKind::Union(union) if depth < 8 => {
                let mut found = union
                    .variants
                    .iter()
                    .filter_map(|it| self.program.variant(*it))
                    .filter_map(|it| self.wanted_of_property(it.ty, name, depth + 1));
                let first = found.next()?;
                found.next().is_none().then_some(first)
            }
            _ => None,
        }
    }

    fn object_spread(&mut self, scope: Scope, member: NodeId, properties: &mut Vec<ObjectProperty>) -> bool {
        let Some(target) = self.program.ast.part(member, 0) else { return false };
        let Some(value) = self.value_of(scope, target, None) else { return false };
        let ValueKind::Object(spread) = self.program[value].kind.clone() else {
            self.error_at("spread-object", "Cannot spread properties of non-object type.", target);
            return false;
        };
        for property in spread {
            match properties.iter_mut().find(|known| known.name == property.name) {
                Some(known) => known.value = property.value,
                None => properties.push(ObjectProperty { node: Some(member), ..property }),
            }
        }
        true
    }

    fn object_type(&mut self, properties: &[ObjectProperty], node: NodeId) -> TypeId {
        let id = self.new_type(TypeKind::Model(Model::default()), None, None);
        self.program[id].node = Some(node);
        for property in properties {
            let own = ModelProperty {
                name: property.name.clone(),
                model: Some(id),
                ty: self.program[property.value].ty,
                optional: false,
                default: None,
                source: None,
            };
            let own = self.new_type(TypeKind::ModelProperty(own), None, None);
            self.program[own].node = property.node;
            self.program[own].is_finished = true;
            self.add_property(id, own);
        }
        self.program[id].is_finished = true;
        id
    }

    /// `#[a, b]`
    pub(super) fn array_literal(&mut self, scope: Scope, node: NodeId, wanted: Option<TypeId>) -> Entity {
        let mut items = Vec::new();
        for (at, item) in self.program.ast.children(node).enumerate() {
            let inner = wanted.and_then(|wanted| self.wanted_of_item(wanted, at, 0));
            match self.value_of(scope, item, inner) {
                Some(value) => items.push(value),
                None => return self.error_entity(),
            }
        }
        let types = items.iter().map(|item| self.program[*item].ty).collect();
        let ty = self.new_type(TypeKind::Tuple(types), None, None);
        self.program[ty].node = Some(node);
        self.program[ty].is_finished = true;
        self.composed(Value { kind: ValueKind::Array(items), ty, node: Some(node) }, node)
    }

    fn wanted_of_item(&self, wanted: TypeId, at: usize, depth: usize) -> Option<TypeId> {
        match &self.program[wanted].kind {
            TypeKind::Model(model) => model.indexer.map(|indexer| indexer.value),
            TypeKind::Tuple(items) => items.get(at).copied(),
            TypeKind::Union(union) if depth < 8 => {
                let mut found = union
                    .variants
                    .iter()
                    .filter_map(|it| self.program.variant(*it))
                    .filter_map(|it| self.wanted_of_item(it.ty, at, depth + 1));
                let first = found.next()?;
                found.next().is_none().then_some(first)
            }
            _ => None,
        }
    }

    /// A string template of values is a text.
    pub(super) fn template_value(
        &mut self,
        texts: &[String],
        entities: &[Entity],
        nodes: &[NodeId],
        node: NodeId,
    ) -> Entity {
        let mut joined = String::new();
        for (at, text) in texts.iter().enumerate() {
            joined.push_str(text);
            let (Some(entity), Some(part)) = (entities.get(at), nodes.get(at)) else { continue };
            let Some(value) = self.value_from(*entity, *part, None) else { return self.error_entity() };
            match self.value_text(value) {
                Some(text) => joined.push_str(&text),
                None => {
                    let span = place(self.program, *part);
                    let message = "Value interpolated in this string template cannot be converted to a string. Only literal types can be automatically interpolated.";
                    self.error_span("non-literal-string-template", message, span);
                    return self.error_entity();
                }
            }
            if !self.is_text_small(joined.len(), node) {
                return self.error_entity();
            }
        }
        let ty = self.program.string_type(&joined);
        let text: Arc<str> = joined.into();
        let kind = ValueKind::String { text, scalar: None };
        Entity::Value(self.program.add_value(Value { kind, ty, node: Some(node) }))
    }

    fn value_text(&self, value: ValueId) -> Option<String> {
        match &self.program[value].kind {
            ValueKind::String { text, .. } => Some(text.to_string()),
            ValueKind::Number { number, .. } => Some(number.to_string()),
            ValueKind::Boolean { truth, .. } => Some(truth.to_string()),
            ValueKind::Null => Some("null".to_owned()),
            ValueKind::EnumMember(member) => self.literal_text(*member),
            _ => None,
        }
    }
}
