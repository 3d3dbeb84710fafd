//! Unions and enums.

use radii_diagnostics::{Code, Diagnostic, Fix};

use super::{Checker, Scope, place};
use crate::ast::NodeId;
use crate::program::{Enum, EnumMember, EnumValue, Intrinsic, TypeId, TypeKind, Union, UnionVariant};
use crate::syntax::NodeKind;

impl Checker<'_> {
    pub(super) fn union(&mut self, scope: Scope, node: NodeId) -> TypeId {
        let name = self.declared_name(node);
        let union = Union {
            name: (!name.is_empty()).then_some(name),
            namespace: self.namespace_type(node),
            ..Union::default()
        };
        let id = self.begin(scope, node, TypeKind::Union(union));
        self.in_body(|checker| checker.union_body(scope, node, id));
        id
    }

    fn union_body(&mut self, scope: Scope, node: NodeId, id: TypeId) {
        let base = self.program.ast.find(node, NodeKind::ExtendsClause).and_then(|it| self.union_base(scope, node, it));
        if let Some(union) = self.program.union_mut(id) {
            union.base = base;
        }
        if let Some(members) = self.program.ast.find(node, NodeKind::Members) {
            for member in self.program.ast.children(members) {
                if self.program.ast.kind(member) == NodeKind::UnionVariant {
                    self.variant(scope, member, id, base);
                }
            }
        }
        let decorators = self.decorator_applications(scope, node, id);
        self.program[id].decorators = decorators;
        self.finish(scope, id);
    }

    fn union_base(&mut self, scope: Scope, node: NodeId, clause: NodeId) -> Option<TypeId> {
        let expression = self.program.ast.children(clause).next()?;
        if !self.is_enabled("union-extends") {
            let message = "Union `extends` clauses require the 'union-extends' feature to be enabled. Add 'union-extends' to the 'features' list in your tspconfig.yaml.";
            self.error_at("union-extends-disabled", message, expression);
            return None;
        }
        if self.unparenthesised_kind(expression) == NodeKind::ModelExpression {
            self.error_at("extend-union", "Unions cannot extend model expressions.", expression);
            return None;
        }
        self.heritage(scope, node, expression).filter(|base| !self.program.is_error(*base))
    }

    fn variant(&mut self, scope: Scope, node: NodeId, union: TypeId, base: Option<TypeId>) {
        self.check_directives(node);
        let parts: Vec<NodeId> = self.program.ast.parts(node).collect();
        let (name, value) = match parts.as_slice() {
            [name, value, ..] => (Some(self.variant_name(*name)), *value),
            [value] => (None, *value),
            [] => return,
        };
        let ty = self.type_of(scope, value);
        if let Some(name) = &name {
            let variants = self.program.union(union).map(|it| it.variants.clone()).unwrap_or_default();
            let taken =
                variants.iter().filter_map(|it| self.program.variant(*it)).any(|it| it.name.as_ref() == Some(name));
            if taken {
                let message = format!("Union already has a variant named {name}");
                let span = parts.first().map_or(self.program.ast.span(node), |name| self.program.ast.span(*name));
                return self.error_help(
                    "union-duplicate",
                    message,
                    span,
                    "give it another name, or remove one of the two",
                );
            }
        }
        if let Some(base) = base
            && let Err(failure) = self.type_assignable(ty, base)
        {
            self.report_failure(&failure, value);
        }
        let variant = UnionVariant { name: name.clone(), union, ty };
        let id = self.begin(scope, node, TypeKind::UnionVariant(variant));
        if let Some(union) = self.program.union_mut(union) {
            union.variants.push(id);
        }
        let mut decorators = self.decorator_applications(scope, node, id);
        let owner = self.program[union].node;
        decorators.extend(self.augmenting(scope, owner, name.as_deref().unwrap_or(""), id));
        self.program[id].decorators = decorators;
        self.finish(scope, id);
    }

    /// A variant's name: parsed as an expression, it is a reference or a string.
    fn variant_name(&self, node: NodeId) -> std::sync::Arc<str> {
        let inner = match self.program.ast.kind(node) {
            NodeKind::Reference => self.program.ast.children(node).next().unwrap_or(node),
            _ => node,
        };
        super::literals::identifier(&self.program.ast, inner).into()
    }

    /// Reports a union of words that nothing is called, as texts without their quotes; `false` for any other one.
    fn is_union_of_bare_words(&mut self, node: NodeId) -> bool {
        let ast = &self.program.ast;
        let options: Vec<NodeId> = ast.children(node).collect();
        let mut names = Vec::new();
        for option in &options {
            let mut parts = ast.children(*option);
            let is_name = ast.kind(*option) == NodeKind::Reference;
            match (parts.next().filter(|it| is_name && ast.kind(*it) == NodeKind::Identifier), parts.next()) {
                (Some(name), None) => names.push((name, ast.text(name).to_owned())),
                _ => return false,
            }
        }
        if names.len() < 2 || ast.node(node).has_error || self.is_inside_error(node) {
            return false;
        }
        for (node, name) in &names {
            if !matches!(self.find_name(*node, name), super::resolve::Found::Nothing) {
                return false;
            }
        }
        let texts: Vec<String> = names.iter().map(|(_, name)| format!("\"{}\"", name.trim_matches('`'))).collect();
        let span = self.program.ast.span(node);
        let fix =
            Fix { title: format!("write `{}`", texts.join(" | ")), span, replacement: texts.join(" | "), sure: false };
        let message = format!("Unknown identifier {}", names[0].1);
        self.error_fix("invalid-ref", message, span, fix);
        true
    }

    /// `A | B`
    pub(super) fn union_expression(&mut self, scope: Scope, node: NodeId) -> TypeId {
        if self.is_union_of_bare_words(node) {
            return self.error();
        }
        let mut types = Vec::new();
        for option in self.program.ast.children(node) {
            let ty = self.type_of(scope, option);
            match self.program.union(ty) {
                Some(inner) if inner.is_expression => {
                    types.extend(inner.variants.iter().filter_map(|it| self.program.variant(*it)).map(|it| it.ty));
                }
                _ if ty == self.program.intrinsic(Intrinsic::Never) => {}
                _ => types.push(ty),
            }
            if !self.is_union_small(&types, node) {
                return self.error();
            }
        }
        let id = self.union_of(scope, &types, Some(node));
        let namespace = self.namespace_type(node);
        if let Some(union) = self.program.union_mut(id) {
            union.namespace = namespace;
        }
        id
    }

    pub(super) fn enumeration(&mut self, scope: Scope, node: NodeId) -> TypeId {
        let it = Enum { name: self.declared_name(node), namespace: self.namespace_type(node), ..Enum::default() };
        let id = self.begin(scope, node, TypeKind::Enum(it));
        if let Some(members) = self.program.ast.find(node, NodeKind::Members) {
            for member in self.program.ast.children(members) {
                match self.program.ast.kind(member) {
                    NodeKind::EnumMember => self.enum_member(scope, member, id),
                    NodeKind::Spread => self.enum_spread(scope, member, id),
                    _ => {}
                }
            }
        }
        let decorators = self.decorator_applications(scope, node, id);
        self.program[id].decorators = decorators;
        self.finish(scope, id);
        id
    }

    fn enum_member(&mut self, scope: Scope, node: NodeId, id: TypeId) {
        self.check_directives(node);
        let name = self.declared_name(node);
        if !name.is_empty() && self.program.enumeration(id).is_some_and(|it| it.members.contains(&name)) {
            return self.duplicate_member(&name, node, id);
        }
        let value = self.program.ast.part(node, 1).and_then(|value| self.enum_value(value));
        let member = EnumMember { name: name.clone(), enumeration: id, value, source: None };
        let member = self.begin(scope, node, TypeKind::EnumMember(member));
        if let Some(it) = self.program.enumeration_mut(id) {
            it.members.insert(name, member);
        }
        let decorators = self.member_decorators(scope, node, member);
        self.program[member].decorators = decorators;
        self.finish(scope, member);
    }

    /// Reports a member that is there already. The reference underlines the enum; what is wrong is the member.
    fn duplicate_member(&mut self, name: &str, node: NodeId, enumeration: TypeId) {
        let message = format!("Enum already has a member named {name}");
        let diagnostic = Diagnostic::error(Code::new("enum-member-duplicate"), message)
            .at(place(self.program, node))
            .help("give it another name, or remove one of the two");
        let diagnostic = match self.program[enumeration].node {
            Some(whole) => diagnostic.also(place(self.program, whole), "in this enum"),
            None => diagnostic,
        };
        self.report_once("enum-member-duplicate", diagnostic);
    }

    fn enum_value(&mut self, node: NodeId) -> Option<EnumValue> {
        match self.program.ast.kind(node) {
            NodeKind::StringLiteral => Some(EnumValue::String(super::string_literal(&self.program.ast, node).into())),
            NodeKind::NumericLiteral => {
                crate::numeric::Numeric::parse(self.program.ast.text(node)).map(EnumValue::Number)
            }
            _ => None,
        }
    }

    fn enum_spread(&mut self, scope: Scope, node: NodeId, id: TypeId) {
        let Some(target) = self.program.ast.part(node, 0) else { return };
        let source = self.type_of(scope, target);
        if self.program.is_error(source) {
            return;
        }
        let Some(members) = self.program.enumeration(source).map(|it| it.members.clone()) else {
            return self.error_at("spread-enum", "Cannot spread members of non-enum type.", target);
        };
        for (name, member) in members.iter() {
            if self.program.enumeration(id).is_some_and(|it| it.members.contains(name)) {
                self.duplicate_member(name, node, id);
                continue;
            }
            let copied = crate::program::copy(self.program, member);
            if let Some(it) = self.program.enum_member_mut(copied) {
                it.enumeration = id;
            }
            if let Some(it) = self.program.enumeration_mut(id) {
                it.members.insert(name.clone(), copied);
            }
            let owner = self.program[id].node;
            let augmented = self.augmenting(scope, owner, name, copied);
            self.program[copied].decorators.extend(augmented);
            self.finish(scope, copied);
        }
    }
}
