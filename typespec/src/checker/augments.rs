//! Augmenting decorators: `@@name(Target, …)` finds its target before anything is checked.

use super::{Checker, Scope, bind};
use crate::ast::{Mark, NodeId};
use crate::checker::literals::identifier;
use crate::program::SymbolKind;
use crate::syntax::NodeKind;

/// What an augmenting decorator is about.
enum Augmented {
    /// A declaration.
    Declaration(NodeId),
    /// A member, by the node that has it and its name.
    Member(NodeId, String),
}

impl Checker<'_> {
    /// Notes for every augmenting decorator what it is about.
    pub(super) fn collect_augments(&mut self) {
        for file in self.program.files.clone() {
            let mut open = vec![file.root];
            let mut found = Vec::new();
            while let Some(scope) = open.pop() {
                for node in self.program.ast.children(scope) {
                    match self.program.ast.kind(node) {
                        NodeKind::AugmentDecorator => found.push(node),
                        NodeKind::Namespace => open.push(node),
                        _ => {}
                    }
                }
            }
            found.sort_unstable_by_key(|node| self.program.ast.node(*node).start);
            for node in found {
                self.collect_augment(node);
            }
        }
    }

    fn augment_target(&self, node: NodeId) -> Option<NodeId> {
        let list = self.program.ast.find(node, NodeKind::Arguments)?;
        self.program.ast.children(list).next().filter(|target| self.program.ast.kind(*target) == NodeKind::Reference)
    }

    fn collect_augment(&mut self, node: NodeId) {
        let Some(target) = self.augment_target(node) else { return };
        if self.program.ast.find(target, NodeKind::TemplateArguments).is_some() {
            return self.error_at("augment-decorator-target", "Cannot reference template instances.", target);
        }
        let Some(head) = self.program.ast.children(target).next() else { return };
        match self.augmented(head) {
            Some(Augmented::Declaration(declaration)) => self.note_augment(declaration, node, target),
            Some(Augmented::Member(owner, name)) => {
                self.program.bindings.member_augments.entry((owner, name)).or_default().push(node);
            }
            None => {}
        }
    }

    fn note_augment(&mut self, declaration: NodeId, node: NodeId, target: NodeId) {
        let mut declaration = declaration;
        for _ in 0..64 {
            if self.program.ast.kind(declaration) != NodeKind::Alias {
                break;
            }
            let Some(value) = self.program.ast.parts(declaration).last() else { return };
            match self.program.ast.kind(value) {
                NodeKind::ModelExpression => {
                    return self.error_at("augment-decorator-target", "Cannot augment model expressions.", target);
                }
                NodeKind::UnionExpression => {
                    return self.error_at("augment-decorator-target", "Cannot augment union expressions.", target);
                }
                NodeKind::Reference if self.program.ast.find(value, NodeKind::TemplateArguments).is_some() => {
                    return self.error_at("augment-decorator-target", "Cannot reference template instances.", target);
                }
                _ => {}
            }
            match self.static_target(value, 0) {
                Some(next) => declaration = next,
                None => return,
            }
        }
        self.program.bindings.augments.entry(declaration).or_default().push(node);
    }

    /// What a name or a chain of members leads to, without checking anything.
    fn augmented(&mut self, node: NodeId) -> Option<Augmented> {
        if let Some(symbol) = self.static_symbol(node) {
            let declaration = self.program[symbol].declarations.first().copied()?;
            self.define(self.program.ast.children(node).nth(1).unwrap_or(node), declaration);
            if let Some(base) = self.program.ast.children(node).next() {
                self.augmented(base);
            }
            return Some(Augmented::Declaration(declaration));
        }
        if self.program.ast.kind(node) != NodeKind::MemberAccess {
            return None;
        }
        let mut parts = self.program.ast.children(node);
        let (base, member) = (parts.next()?, parts.next()?);
        let name = identifier(&self.program.ast, member).into_owned();
        let base = self.augmented(base)?;
        if self.program.ast.has(node, Mark::ColonColon) {
            return self.augmented_meta(base, &name);
        }
        let owner = match base {
            Augmented::Declaration(declaration) => self.owner_declaration(declaration)?,
            Augmented::Member(owner, property) => {
                let member = bind::find_member_node(self.program, owner, &property)?;
                match self.program.ast.kind(owner) {
                    NodeKind::Interface => member,
                    _ => self.type_owner(member)?,
                }
            }
        };
        if let Some(declaration) = bind::find_member_node(self.program, owner, &name) {
            self.define(member, declaration);
        }
        Some(Augmented::Member(owner, name))
    }

    /// The node that has the members of a declaration, followed through aliases.
    fn owner_declaration(&mut self, declaration: NodeId) -> Option<NodeId> {
        if self.program.ast.kind(declaration) != NodeKind::Alias {
            return Some(declaration);
        }
        let value = self.program.ast.parts(declaration).last()?;
        match self.program.ast.kind(value) {
            NodeKind::ModelExpression => Some(value),
            _ => self.static_target(value, 0),
        }
    }

    /// The node that has the members of a property's type.
    fn type_owner(&mut self, property: NodeId) -> Option<NodeId> {
        let ty = self.program.ast.part(property, 1)?;
        match self.program.ast.kind(ty) {
            NodeKind::ModelExpression => Some(ty),
            _ => self.static_target(ty, 0).and_then(|target| self.owner_declaration(target)),
        }
    }

    fn augmented_meta(&mut self, base: Augmented, name: &str) -> Option<Augmented> {
        let node = match base {
            Augmented::Declaration(declaration) => declaration,
            Augmented::Member(owner, member) => bind::find_member_node(self.program, owner, &member)?,
        };
        match name {
            "type" => self.type_owner(node).map(Augmented::Declaration),
            "parameters" => self.program.ast.find(node, NodeKind::OperationParameters).map(Augmented::Declaration),
            _ => None,
        }
    }

    /// Checks what an augmenting decorator says, and reports a target that does not exist.
    pub(super) fn check_augment(&mut self, node: NodeId) {
        if let Some(head) = self.program.ast.children(node).next() {
            self.decorator_of(head);
        }
        let Some(target) = self.augment_target(node) else { return };
        if self.program.ast.find(target, NodeKind::TemplateArguments).is_some() {
            return;
        }
        let Some(head) = self.program.ast.children(target).next() else { return };
        let is_template =
            self.static_symbol(head).is_some_and(|symbol| self.program[symbol].kind != SymbolKind::Namespace);
        if is_template {
            return;
        }
        // A member of a template is found through its declaration, which needs no arguments here.
        if self.names_template_member(head) {
            return;
        }
        self.target(Scope::PLAIN, head);
    }

    fn names_template_member(&mut self, head: NodeId) -> bool {
        if self.program.ast.kind(head) != NodeKind::MemberAccess {
            return false;
        }
        let Some(base) = self.program.ast.children(head).next() else { return false };
        match self.static_target(base, 0) {
            Some(declaration) => self.is_template(declaration),
            None => self.names_template_member(base),
        }
    }
}
