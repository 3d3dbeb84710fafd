//! Members behind a dot, properties of values, and the values that a place asks for.

use std::sync::Arc;

use super::{Collector, CompletionKind};
use crate::ast::NodeId;
use crate::program::{Entity, SymbolId, SymbolKind, TypeId, TypeKind};
use crate::service::scope::Visible;
use crate::syntax::NodeKind;

impl Collector<'_, '_> {
    /// What stands behind `A.B.`; of decorators where they are meant.
    pub(super) fn members_of(&mut self, names: &[String], decorates: bool) {
        match self.resolve(names) {
            Some(Owner::Namespace(symbol)) => self.exports(symbol, decorates),
            Some(Owner::Type(ty)) if !decorates => self.type_members(ty),
            _ => {}
        }
    }

    fn resolve(&self, names: &[String]) -> Option<Owner> {
        let program = self.service.program;
        let (head, rest) = names.split_first()?;
        let mut owner = match self.service.find_visible(self.at, head) {
            Some(Visible::Symbol(symbol)) => self.owner(symbol)?,
            Some(Visible::Parameter(node)) => {
                let parameter = program.template_parameter(program.type_of_node(node)?)?;
                Owner::Type(parameter.constraint?.ty?)
            }
            None if head == "global" => Owner::Namespace(program.global),
            None => return None,
        };
        for name in rest {
            owner = match owner {
                Owner::Namespace(symbol) => self.owner(program[symbol].exports.get(name.as_str()).copied()?)?,
                Owner::Type(ty) => Owner::Type(self.member(ty, name)?),
            };
        }
        Some(owner)
    }

    fn owner(&self, symbol: SymbolId) -> Option<Owner> {
        let own = &self.service.program[symbol];
        if own.kind == SymbolKind::Namespace {
            return Some(Owner::Namespace(symbol));
        }
        own.resolved.and_then(Entity::as_type).or(own.declared).map(Owner::Type)
    }

    fn member(&self, owner: TypeId, name: &str) -> Option<TypeId> {
        let program = self.service.program;
        let found = match &program[owner].kind {
            TypeKind::Model(_) => program.find_property(owner, name),
            TypeKind::Enum(it) => it.members.get(name),
            TypeKind::Interface(it) => it.operations.get(name),
            _ => None,
        }?;
        Some(found)
    }

    fn exports(&mut self, symbol: SymbolId, decorates: bool) {
        for export in self.service.program[symbol].order.clone() {
            let own = &self.service.program[export];
            let (name, is_namespace) = (own.name.clone(), own.kind == SymbolKind::Namespace);
            let fits = if decorates { name.starts_with('@') || is_namespace } else { !name.starts_with('@') };
            if fits && self.service.may_use(export, self.at) {
                self.add_symbol(export, name.trim_start_matches('@'), "");
            }
        }
    }

    fn type_members(&mut self, ty: TypeId) {
        let program = self.service.program;
        let (members, kind): (Vec<TypeId>, _) = match &program[ty].kind {
            TypeKind::Model(_) => (program.effective_properties(ty), CompletionKind::Property),
            TypeKind::Enum(it) => (it.members.ids().collect(), CompletionKind::EnumMember),
            TypeKind::Union(it) => (it.variants.clone(), CompletionKind::Variant),
            TypeKind::Interface(it) => (it.operations.ids().collect(), CompletionKind::Operation),
            TypeKind::Scalar(it) => (it.constructors.ids().collect(), CompletionKind::Constructor),
            TypeKind::ModelProperty(it) if program.model(it.ty).is_some_and(|model| model.name.is_empty()) => {
                (program.effective_properties(it.ty), CompletionKind::Property)
            }
            _ => return,
        };
        for member in members {
            let node = program[member].node;
            if let Some(name) = program.name_of(member).cloned() {
                self.add_member(&name, kind, node);
            }
        }
    }

    /// The properties that an object value may still be given.
    pub(super) fn object_keys(&mut self) {
        let program = self.service.program;
        let ast = &program.ast;
        let Some(object) = ast.ancestors(self.at).find(|node| ast.kind(*node) == NodeKind::ObjectLiteral) else {
            return;
        };
        let Some(ty) = self.service.expected_type(object) else { return };
        let taken: Vec<String> = ast
            .children(object)
            .filter(|child| {
                let node = ast.node(*child);
                // The one that is being written is not taken.
                node.end < self.span.start || node.start > self.span.end
            })
            .filter_map(|child| crate::checker::name_node(program, child))
            .map(|name| crate::checker::identifier(ast, name).into_owned())
            .collect();
        for property in program.effective_properties(ty) {
            let node = program[property].node;
            let Some(name) = program.name_of(property).cloned().filter(|name| !taken.contains(&name.to_string()))
            else {
                continue;
            };
            self.add_member(&name, CompletionKind::Property, node);
            if let Some(last) = self.found.last_mut() {
                last.insert.push_str(": ");
            }
        }
    }

    /// The members of the enum or the literals of the union that a value must be one of.
    pub(super) fn expected_values(&mut self) {
        let program = self.service.program;
        let Some(ty) = self.value_type() else { return };
        match &program[ty].kind {
            TypeKind::Enum(it) => {
                let name = it.name.clone();
                for (member, id) in it.members.iter() {
                    let label: Arc<str> = format!("{name}.{member}").into();
                    match program[id].node {
                        Some(node) => self.add_subject(&label, CompletionKind::EnumMember, 0, node),
                        None => self.add(&label, CompletionKind::EnumMember, 0),
                    }
                }
            }
            TypeKind::Union(it) => {
                for variant in it.variants.iter().filter_map(|variant| program.variant(*variant)) {
                    let literal = matches!(
                        program[variant.ty].kind,
                        TypeKind::String(_) | TypeKind::Number(_) | TypeKind::Boolean(_)
                    );
                    if literal {
                        self.add(&program.type_name(variant.ty), CompletionKind::Value, 0);
                    }
                }
            }
            TypeKind::Scalar(it) if &*it.name == "boolean" => {
                self.add("true", CompletionKind::Value, 0);
                self.add("false", CompletionKind::Value, 0);
            }
            _ => {}
        }
    }

    /// The type of the value at the place: a property's default, or an argument that may not be begun yet.
    fn value_type(&self) -> Option<TypeId> {
        let program = self.service.program;
        let ast = &program.ast;
        for node in ast.ancestors(self.at) {
            match ast.kind(node) {
                NodeKind::Arguments => return self.service.parameter_type_at(node, self.argument_number(node)),
                NodeKind::ModelProperty => {
                    let text = ast.text(node);
                    let before = self.span.start.checked_sub(ast.node(node).start)? as usize;
                    let is_default = text.get(..before)?.trim_end().ends_with('=');
                    let ty = is_default.then(|| program.type_of_node(node)).flatten()?;
                    return program.property(ty).map(|property| property.ty);
                }
                NodeKind::ObjectProperty => {
                    let value = ast.part(node, 1)?;
                    return self.service.expected_type(value);
                }
                NodeKind::Members | NodeKind::Model | NodeKind::ObjectLiteral => return None,
                _ => {}
            }
        }
        None
    }

    /// Which argument of a list the place is in.
    fn argument_number(&self, list: NodeId) -> usize {
        let ast = &self.service.program.ast;
        ast.children(list).filter(|child| ast.node(*child).end < self.span.start).count()
    }
}

/// What a name before a dot stands for.
#[derive(Clone, Copy)]
enum Owner {
    Namespace(SymbolId),
    Type(TypeId),
}
