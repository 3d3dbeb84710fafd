//! Declarations as TypeSpec text: the head of what hovers and completions show.

use super::Service;
use super::subject::Subject;
use crate::ast::{Mark, NodeId};
use crate::checker::{identifier, name_node};
use crate::program::{Entity, EnumValue, SymbolId, TypeId, TypeKind};
use crate::syntax::NodeKind;

/// How many members a signature shows.
const MAX_MEMBERS: usize = 12;

impl Service<'_> {
    /// A subject's declaration in one or several lines of TypeSpec.
    pub(super) fn signature(&self, subject: Subject) -> Option<String> {
        match subject {
            Subject::File(_) => None,
            Subject::Namespace(symbol) => Some(format!("namespace {}", self.namespace_path(symbol))),
            Subject::Declaration(node) => Some(self.declaration_signature(node)),
        }
    }

    fn namespace_path(&self, symbol: SymbolId) -> String {
        let own = &self.program[symbol];
        match own.parent.map(|parent| self.namespace_path(parent)) {
            Some(above) if !above.is_empty() => format!("{above}.{}", own.name),
            _ => own.name.to_string(),
        }
    }

    /// The description of a subject.
    pub(super) fn description(&self, subject: Subject) -> Option<String> {
        let node = match subject {
            Subject::File(_) => return None,
            Subject::Declaration(node) => node,
            Subject::Namespace(symbol) => {
                let ty = self.program[symbol].declared?;
                return self.program.doc(ty).map(str::to_owned);
            }
        };
        let known = self.program.type_of_node(node).and_then(|ty| self.program.doc(ty)).map(str::to_owned);
        let text = known.unwrap_or_else(|| self.program.doc_comment(node).text);
        if !text.is_empty() {
            return Some(text);
        }
        self.parameter_description(node)
    }

    /// Parameters are described by a tag of the comment before what they belong to.
    fn parameter_description(&self, node: NodeId) -> Option<String> {
        let ast = &self.program.ast;
        let words: &[&str] = match ast.kind(node) {
            NodeKind::TemplateParameter => &["template"],
            NodeKind::FunctionParameter => &["param"],
            _ => return None,
        };
        let name = identifier(ast, name_node(self.program, node)?);
        let owner = ast.ancestors(node).nth(2)?;
        self.program.doc_comment(owner).tag(words, &name).map(str::to_owned)
    }

    fn declaration_signature(&self, node: NodeId) -> String {
        let ast = &self.program.ast;
        match ast.kind(node) {
            // What these mean is what was written.
            NodeKind::Alias | NodeKind::Const | NodeKind::DecoratorDeclaration | NodeKind::FunctionDeclaration => {
                self.written_head(node)
            }
            NodeKind::TemplateParameter | NodeKind::FunctionParameter => self.one_line(ast.text(node)),
            _ => match self.program.type_of_node(node) {
                Some(ty) => self.type_signature(ty, node),
                None => self.written_head(node),
            },
        }
    }

    /// The text of a declaration without what stands before its keyword, and without its body's end.
    fn written_head(&self, node: NodeId) -> String {
        let ast = &self.program.ast;
        let annotations =
            ast.children(node).filter(|child| matches!(ast.kind(*child), NodeKind::Decorator | NodeKind::Directive));
        let start = annotations.map(|child| ast.node(child).end).max().unwrap_or(ast.node(node).start);
        let mut span = ast.span(node);
        span.start = start;
        let text = ast.text_at(span).trim().trim_end_matches(';');
        // Comments between the annotations and the keyword are no part of it.
        let text = text.rsplit("*/").next().unwrap_or(text);
        self.one_line(text)
    }

    fn one_line(&self, text: &str) -> String {
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn type_signature(&self, ty: TypeId, node: NodeId) -> String {
        let program = self.program;
        let name = program.type_name(ty);
        match &program[ty].kind {
            TypeKind::Model(it) => {
                let heritage = match (it.source, it.base) {
                    (Some(source), _) => format!(" is {}", program.type_name(source)),
                    (None, Some(base)) => format!(" extends {}", program.type_name(base)),
                    (None, None) => String::new(),
                };
                let members = it.properties.ids().map(|property| self.property_line(property)).collect();
                format!("model {name}{heritage}{}", body(members, ";"))
            }
            TypeKind::ModelProperty(it) => {
                let owner = it.model.map(|model| format!("{}.", program.type_name(model)));
                let owner = owner.filter(|owner| !owner.starts_with('{')).unwrap_or_default();
                format!("{owner}{}", self.property_line(ty))
            }
            TypeKind::Scalar(it) => {
                let base = it.base.map(|base| format!(" extends {}", program.type_name(base))).unwrap_or_default();
                format!("scalar {name}{base}")
            }
            TypeKind::Enum(it) => {
                let members = it.members.ids().map(|member| self.member_line(member)).collect();
                format!("enum {name}{}", body(members, ","))
            }
            TypeKind::EnumMember(it) => {
                format!("{}.{}", program.type_name(it.enumeration), self.member_line(ty))
            }
            TypeKind::Union(it) => {
                let variants = it.variants.iter().map(|variant| self.variant_line(*variant)).collect();
                format!("union {name}{}", body(variants, ","))
            }
            TypeKind::UnionVariant(it) => format!("{}.{}", program.type_name(it.union), self.variant_line(ty)),
            TypeKind::Interface(it) => {
                let operations = it.operations.ids().map(|operation| self.operation_line(operation)).collect();
                format!("interface {name}{}", body(operations, ";"))
            }
            TypeKind::Operation(_) => format!("op {}", self.operation_line(ty)),
            TypeKind::ScalarConstructor(it) => {
                format!("init {}.{}", program.type_name(it.scalar), self.one_line(program.ast.text(node)))
            }
            _ => self.written_head(node),
        }
    }

    fn property_line(&self, id: TypeId) -> String {
        let Some(property) = self.program.property(id) else { return String::new() };
        let question = if property.optional { "?" } else { "" };
        let default = property.default.map(|value| format!(" = {}", self.program.value_name(value)));
        let ty = self.program.type_name(property.ty);
        format!("{}{question}: {ty}{}", property.name, default.unwrap_or_default())
    }

    fn member_line(&self, id: TypeId) -> String {
        let Some(member) = self.program.enum_member(id) else { return String::new() };
        match &member.value {
            Some(EnumValue::String(text)) => format!("{}: \"{text}\"", member.name),
            Some(EnumValue::Number(number)) => format!("{}: {number}", member.name),
            None => member.name.to_string(),
        }
    }

    fn variant_line(&self, id: TypeId) -> String {
        let Some(variant) = self.program.variant(id) else { return String::new() };
        let ty = self.program.type_name(variant.ty);
        match &variant.name {
            Some(name) => format!("{name}: {ty}"),
            None => ty,
        }
    }

    fn operation_line(&self, id: TypeId) -> String {
        let Some(operation) = self.program.operation(id) else { return String::new() };
        let parameters = self.program.model(operation.parameters).into_iter().flat_map(|it| it.properties.ids());
        let parameters: Vec<String> = parameters.map(|property| self.property_line(property)).collect();
        let returns = self.program.type_name(operation.return_type);
        format!("{}({}): {returns}", operation.name, parameters.join(", "))
    }

    /// What stands behind a symbol's name in lists.
    pub(super) fn detail(&self, symbol: SymbolId) -> Option<String> {
        let own = &self.program[symbol];
        let node = own.declarations.first().copied()?;
        if self.program.ast.kind(node) == NodeKind::Namespace {
            return Some(format!("namespace {}", self.namespace_path(symbol)));
        }
        if let Some(Entity::Value(value)) = own.resolved {
            return Some(format!("const {} = {}", own.name, self.program.value_name(value)));
        }
        let first = self.declaration_signature(node);
        let line = first.lines().next()?.trim_end_matches([' ', '{']).to_owned();
        Some(if self.program.ast.has(node, Mark::Internal) { format!("internal {line}") } else { line })
    }
}

/// Members between braces, cut off when there are many.
fn body(members: Vec<String>, separator: &str) -> String {
    if members.is_empty() {
        return String::new();
    }
    let hidden = members.len().saturating_sub(MAX_MEMBERS);
    let mut text = String::from(" {\n");
    for member in members.iter().take(MAX_MEMBERS) {
        text.push_str(&format!("  {member}{separator}\n"));
    }
    if hidden > 0 {
        text.push_str(&format!("  // {hidden} more\n"));
    }
    text.push('}');
    text
}
