//! Statements and members.

use std::collections::BTreeMap;

use super::comments::{self, elements, is_comment};
use super::document::{Doc, Line, concat, group, hard, if_break, indent, join, nothing, text};
use super::names::{Position, name};
use super::{Place, Printer};
use crate::syntax::scanner::Token;
use crate::syntax::{Child, Node, NodeKind, TokenKind};

/// Comments between the annotations of a declaration and the declaration itself.
pub(super) fn inner_comments(node: &Node) -> Vec<Token> {
    let mut comments = Vec::new();
    for child in &node.children {
        match child {
            Child::Node(child) if matches!(child.kind, NodeKind::Decorator | NodeKind::Directive) => {}
            Child::Token(token) if token.kind.is_trivia() => {
                if is_comment(token.kind) {
                    comments.push(*token);
                }
            }
            _ => break,
        }
    }
    comments
}

impl Printer<'_> {
    pub(super) fn statement(&self, node: &Node) -> Doc {
        let annotations = self.annotations(node);
        let body = match node.kind {
            NodeKind::Import => concat([text("import "), self.import_path(node), text(";")]),
            NodeKind::Using => concat([text("using "), self.first(node, Place::TYPE), text(";")]),
            NodeKind::Namespace => self.namespace(node),
            NodeKind::Model => concat([self.modifiers(node), self.model(node, Place::TYPE)]),
            NodeKind::Scalar => concat([self.modifiers(node), self.scalar(node), self.scalar_body(node)]),
            NodeKind::Interface => concat([self.modifiers(node), self.interface(node)]),
            NodeKind::Operation => concat([self.modifiers(node), text("op "), self.operation(node), text(";")]),
            NodeKind::Union => concat([self.modifiers(node), self.union(node)]),
            NodeKind::Enum => concat([self.modifiers(node), self.enumeration(node)]),
            NodeKind::Alias => concat([self.modifiers(node), self.alias(node)]),
            NodeKind::Const => concat([self.modifiers(node), self.constant(node)]),
            NodeKind::DecoratorDeclaration | NodeKind::FunctionDeclaration => self.function(node),
            NodeKind::AugmentDecorator => self.augment(node),
            _ => text(self.raw(node)),
        };
        concat([annotations, body])
    }

    /// Docs, then directives, then decorators, each on lines of their own unless the kind keeps them inline.
    fn annotations(&self, node: &Node) -> Doc {
        let (docs, behind) = self.comments_of_annotations(node);
        let mut parts = vec![comments::leading(&docs, self.source)];
        let behind = |annotation: &Node| {
            let comments = behind.get(&annotation.start);
            comments.map_or_else(nothing, |comments| comments::trailing(comments, self.source))
        };
        for directive in node.nodes().filter(|child| child.kind == NodeKind::Directive) {
            let words: Vec<Doc> = directive.nodes().map(|word| text(self.raw(word))).collect();
            parts.push(concat([text("#"), join(&text(" "), words), behind(directive), hard()]));
        }
        let inline = matches!(
            node.kind,
            NodeKind::Operation | NodeKind::ModelProperty | NodeKind::EnumMember | NodeKind::UnionVariant
        );
        let broken = !inline || self.breaks_decorators(node);
        let decorators: Vec<Doc> = node
            .nodes()
            .filter(|child| child.kind == NodeKind::Decorator)
            .map(|decorator| {
                let space = if_break(Doc::Line(Line::Space), text(" "));
                concat([self.decorator(decorator), behind(decorator), space])
            })
            .collect();
        if !decorators.is_empty() {
            parts.push(self.group_broken_if(broken, concat(decorators)));
        }
        concat(parts)
    }

    /// Comments between annotations: docs, which come first, and others by where the annotation before them starts.
    fn comments_of_annotations(&self, node: &Node) -> (Vec<Token>, BTreeMap<usize, Vec<Token>>) {
        let (mut docs, mut behind) = (Vec::new(), BTreeMap::<usize, Vec<Token>>::new());
        let annotations = node.nodes().filter(|it| matches!(it.kind, NodeKind::Decorator | NodeKind::Directive));
        let starts: Vec<usize> = annotations.map(|it| it.start).collect();
        for comment in inner_comments(node) {
            let before = starts.iter().rfind(|start| **start < comment.start);
            match before {
                Some(start) if !self.source[comment.start..].starts_with("/**") => {
                    behind.entry(*start).or_default().push(comment);
                }
                _ => docs.push(comment),
            }
        }
        (docs, behind)
    }

    /// What a decorator is called: it may be called like words that are kept for later.
    fn decorator_name(&self, node: &Node) -> Doc {
        match node.nodes().next() {
            Some(id) if id.kind == NodeKind::Identifier => text(name(self.raw(id), Position::Member)),
            Some(target) => self.expression(target, Place::VALUE),
            None => nothing(),
        }
    }

    pub(super) fn decorator(&self, node: &Node) -> Doc {
        let target = self.decorator_name(node);
        let arguments = node.find(NodeKind::Arguments).filter(|arguments| arguments.nodes().count() > 0);
        let arguments = arguments.map_or_else(nothing, |arguments| self.arguments(arguments));
        concat([text("@"), target, arguments])
    }

    fn augment(&self, node: &Node) -> Doc {
        let target = self.decorator_name(node);
        let arguments = node.find(NodeKind::Arguments).map_or_else(nothing, |arguments| self.arguments(arguments));
        concat([text("@@"), target, arguments, text(";")])
    }

    fn import_path(&self, node: &Node) -> Doc {
        text(node.find(NodeKind::StringLiteral).map_or("\"\"", |path| self.raw(path)))
    }

    fn modifiers(&self, node: &Node) -> Doc {
        let Some(modifiers) = node.find(NodeKind::Modifiers) else { return nothing() };
        concat(
            modifiers
                .tokens()
                .map(|token| text(format!("{} ", &self.source[token.start..token.end])))
                .collect::<Vec<_>>(),
        )
    }

    /// The first node that is no annotation and no modifier.
    fn first(&self, node: &Node, place: Place) -> Doc {
        self.body_nodes(node).next().map_or_else(nothing, |child| self.expression(child, place))
    }

    /// The nodes of a declaration behind its annotations and modifiers.
    pub(super) fn body_nodes<'t>(&self, node: &'t Node) -> impl Iterator<Item = &'t Node> {
        node.nodes()
            .filter(|child| !matches!(child.kind, NodeKind::Decorator | NodeKind::Directive | NodeKind::Modifiers))
    }

    fn namespace(&self, node: &Node) -> Doc {
        let names =
            node.nodes().filter(|child| matches!(child.kind, NodeKind::Identifier | NodeKind::MissingIdentifier));
        let names = join(&text("."), names.map(|part| text(name(self.raw(part), Position::Other))));
        if node.has_token(TokenKind::Semicolon) {
            return concat([text("namespace "), names, text(";")]);
        }
        let body = node
            .children
            .iter()
            .position(|child| matches!(child, Child::Token(token) if token.kind == TokenKind::OpenBrace));
        let (statements, alone) = elements(&node.children[body.unwrap_or(0)..], self.source, |_| true);
        let inner = concat([comments::dangling(&alone, self.source), self.statements(&statements)]);
        concat([text("namespace "), names, text(" {"), indent(concat([hard(), inner])), hard(), text("}")])
    }

    fn identifier(&self, node: &Node) -> Doc {
        let id = self
            .body_nodes(node)
            .find(|child| matches!(child.kind, NodeKind::Identifier | NodeKind::MissingIdentifier));
        id.map_or_else(nothing, |id| text(name(self.raw(id), Position::Other)))
    }

    fn heritage(&self, clause: Option<&Node>, word: &str, place: Place) -> Doc {
        let Some(clause) = clause else { return nothing() };
        let target = self.first(clause, place);
        let breaks_inside = clause.nodes().next().and_then(|reference| reference.find(NodeKind::TemplateArguments));
        if breaks_inside.is_some_and(|arguments| arguments.nodes().count() > 1) {
            return concat([text(format!(" {word} ")), target]);
        }
        group(indent(concat([if_break(Doc::Line(Line::Space), text(" ")), text(format!("{word} ")), target])))
    }

    pub(super) fn model(&self, node: &Node, place: Place) -> Doc {
        let is = node.find(NodeKind::IsClause);
        let members = node.find(NodeKind::Members);
        let is_empty = members.is_none_or(|members| {
            members.nodes().next().is_none()
                && !members.children.iter().any(|child| matches!(child, Child::Token(token) if is_comment(token.kind)))
        });
        let body = match members {
            Some(members) if !(is_empty && is.is_some()) => concat([text(" "), self.properties(members, place)]),
            _ => text(";"),
        };
        let id = self.identifier(node);
        let separator = if self.is_anonymous(node) { "model" } else { "model " };
        concat([
            text(separator),
            id,
            self.template_parameters(node),
            self.heritage(node.find(NodeKind::ExtendsClause), "extends", place),
            self.heritage(is, "is", place),
            body,
        ])
    }

    /// `{ … }` with one property per line.
    pub(super) fn properties(&self, members: &Node, place: Place) -> Doc {
        let separator = if place.commas { "," } else { ";" };
        self.block(members, separator, &|member| self.property(member, place))
    }

    /// `{…}` on one line where it fits: the constraint or the default of a template's parameter.
    fn inline_properties(&self, members: &Node, place: Place) -> Doc {
        let separator = if place.commas { "," } else { ";" };
        let (members, alone) = elements(&members.children, self.source, |_| true);
        if members.is_empty() {
            let comments = comments::dangling(&alone, self.source);
            let is_empty = alone.is_empty();
            return if is_empty {
                text("{}")
            } else {
                concat([text("{"), indent(concat([hard(), comments])), hard(), text("}")])
            };
        }
        let between = if_break(text(separator), text(format!("{separator} ")));
        let line = Doc::Line(Line::Soft);
        let body = self.members(&members, &between, &line, |member| self.property(member, place));
        group(concat([text("{"), indent(body), Doc::Line(Line::Soft), text("}")]))
    }

    fn block(&self, members: &Node, separator: &str, printed: &dyn Fn(&Node) -> Doc) -> Doc {
        let (members, alone) = elements(&members.children, self.source, |_| true);
        if members.is_empty() && alone.is_empty() {
            return text("{}");
        }
        let body = if members.is_empty() {
            concat([hard(), comments::dangling(&alone, self.source)])
        } else {
            self.members(&members, &text(separator), &hard(), printed)
        };
        group(concat([text("{"), indent(body), hard(), text("}")]))
    }

    pub(super) fn property(&self, node: &Node, place: Place) -> Doc {
        if node.kind == NodeKind::Spread {
            return concat([self.annotations(node), text("..."), self.first(node, place)]);
        }
        let mut nodes = self.body_nodes(node);
        let id = nodes.next().map_or_else(nothing, |id| text(name(self.raw(id), Position::Member)));
        let value = nodes.next().map_or_else(nothing, |value| self.expression(value, place));
        let default = nodes.next().map(|default| concat([text(" = "), self.expression(default, place)]));
        let colon = if node.has_token(TokenKind::Question) { "?: " } else { ": " };
        concat([self.annotations(node), id, text(colon), value, default.unwrap_or_else(nothing)])
    }

    pub(super) fn scalar(&self, node: &Node) -> Doc {
        let id = self.identifier(node);
        let heritage = self.heritage(node.find(NodeKind::ExtendsClause), "extends", Place::VALUE);
        let word = if self.is_anonymous(node) { "scalar" } else { "scalar " };
        concat([text(word), id, self.template_parameters(node), heritage])
    }

    fn scalar_body(&self, node: &Node) -> Doc {
        match node.find(NodeKind::Members) {
            Some(members) if members.nodes().next().is_some() => {
                concat([text(" "), self.block(members, ";", &|member| self.constructor(member))])
            }
            _ => text(";"),
        }
    }

    fn constructor(&self, node: &Node) -> Doc {
        concat([text("init "), self.identifier(node), self.parameters(node)])
    }

    fn interface(&self, node: &Node) -> Doc {
        let extends = node.find(NodeKind::Heritage).map_or_else(nothing, |heritage| {
            let parents: Vec<Doc> = heritage.nodes().map(|parent| self.expression(parent, Place::VALUE)).collect();
            let separator = concat([text(","), Doc::Line(Line::Space)]);
            let parents = indent(join(&separator, parents));
            group(indent(concat([Doc::Line(Line::Space), text("extends "), parents])))
        });
        let head =
            concat([text("interface "), self.identifier(node), self.template_parameters(node), extends, text(" ")]);
        let Some(members) = node.find(NodeKind::Members) else { return head };
        let (operations, alone) = elements(&members.children, self.source, |_| true);
        if operations.is_empty() && alone.is_empty() {
            return concat([head, text("{}")]);
        }
        let mut parts = vec![hard(), comments::dangling(&alone, self.source)];
        for (at, element) in operations.iter().enumerate() {
            parts.push(comments::leading(&element.leading, self.source));
            parts.push(concat([self.annotations(element.node), self.operation(element.node), text(";")]));
            parts.push(comments::trailing(&element.trailing, self.source));
            if at + 1 < operations.len() {
                parts.push(hard());
                if comments::is_next_line_empty(self.source, element.node.end) {
                    parts.push(hard());
                }
            }
        }
        concat([head, text("{"), indent(concat(parts)), hard(), text("}")])
    }

    fn operation(&self, node: &Node) -> Doc {
        let head = concat([self.identifier(node), self.template_parameters(node)]);
        if let Some(is) = node.find(NodeKind::IsClause) {
            return concat([head, text(" is "), self.first(is, Place::TYPE)]);
        }
        let parameters =
            node.find(NodeKind::OperationParameters).map_or_else(|| text("()"), |list| self.operation_parameters(list));
        let result = self.body_nodes(node).last().map_or_else(nothing, |result| self.expression(result, Place::TYPE));
        concat([head, parameters, text(": "), result])
    }

    fn operation_parameters(&self, list: &Node) -> Doc {
        let (members, alone) = elements(&list.children, self.source, |_| true);
        if members.is_empty() {
            let comments = comments::dangling(&alone, self.source);
            return concat([text("("), group(concat([indent(comments), Doc::Line(Line::Soft)])), text(")")]);
        }
        let flat_or_broken = concat([text(","), if_break(nothing(), text(" "))]);
        let mut parts = vec![Doc::Line(Line::Soft)];
        let mut blank_before_next = false;
        for (at, element) in members.iter().enumerate() {
            let wrap = !element.leading.is_empty()
                || self.has_inner_comments(element.node)
                || self.breaks_decorators(element.node);
            if at > 0 && (blank_before_next || wrap) {
                parts.push(hard());
            }
            blank_before_next = wrap && at + 1 < members.len();
            parts.push(comments::leading(&element.leading, self.source));
            parts.push(self.property(element.node, Place::TYPE));
            parts.push(comments::trailing(&element.trailing, self.source));
            if at + 1 == members.len() {
                parts.push(if_break(text(","), nothing()));
            } else {
                parts.push(flat_or_broken.clone());
                parts.push(Doc::Line(Line::Soft));
            }
        }
        group(concat([text("("), indent(concat(parts)), Doc::Line(Line::Soft), text(")")]))
    }

    pub(super) fn union(&self, node: &Node) -> Doc {
        let heritage = self.heritage(node.find(NodeKind::ExtendsClause), "extends", Place::VALUE);
        let body = node
            .find(NodeKind::Members)
            .map_or_else(nothing, |members| self.block(members, ",", &|variant| self.variant(variant)));
        let space = if node.find(NodeKind::ExtendsClause).is_none() && self.is_anonymous(node) { "" } else { " " };
        concat([text("union "), self.identifier(node), self.template_parameters(node), heritage, text(space), body])
    }

    fn variant(&self, node: &Node) -> Doc {
        let annotations = self.annotations(node);
        let nodes: Vec<&Node> = self.body_nodes(node).collect();
        match nodes.as_slice() {
            [value] => concat([annotations, self.expression(value, Place::VALUE)]),
            [id, value, ..] => {
                let id = text(name(self.raw(id), Position::Member));
                concat([annotations, id, text(": "), self.expression(value, Place::VALUE)])
            }
            [] => annotations,
        }
    }

    pub(super) fn enumeration(&self, node: &Node) -> Doc {
        let body = node
            .find(NodeKind::Members)
            .map_or_else(nothing, |members| self.block(members, ",", &|member| self.enum_member(member)));
        concat([text("enum "), self.name_and_space(node), body])
    }

    /// Whether a declaration in an expression has no name.
    fn is_anonymous(&self, node: &Node) -> bool {
        !self.body_nodes(node).any(|child| child.kind == NodeKind::Identifier)
    }

    fn name_and_space(&self, node: &Node) -> Doc {
        if self.is_anonymous(node) { nothing() } else { concat([self.identifier(node), text(" ")]) }
    }

    fn enum_member(&self, node: &Node) -> Doc {
        if node.kind == NodeKind::Spread {
            return concat([self.annotations(node), text("..."), self.first(node, Place::VALUE)]);
        }
        let mut nodes = self.body_nodes(node);
        let id = nodes.next().map_or_else(nothing, |id| text(name(self.raw(id), Position::Member)));
        let value = nodes.next().map(|value| concat([text(": "), self.expression(value, Place::VALUE)]));
        concat([self.annotations(node), id, value.unwrap_or_else(nothing)])
    }

    fn alias(&self, node: &Node) -> Doc {
        let value = self.body_nodes(node).last().map_or_else(nothing, |value| self.expression(value, Place::TYPE));
        concat([text("alias "), self.identifier(node), self.template_parameters(node), text(" = "), value, text(";")])
    }

    fn constant(&self, node: &Node) -> Doc {
        let nodes: Vec<&Node> = self.body_nodes(node).collect();
        let kind = match nodes.as_slice() {
            [_, kind, _] => concat([text(": "), self.expression(kind, Place::VALUE)]),
            _ => nothing(),
        };
        let value = nodes.last().map_or_else(nothing, |value| self.expression(value, Place::VALUE));
        concat([text("const "), self.identifier(node), kind, text(" = "), value, text(";")])
    }

    fn function(&self, node: &Node) -> Doc {
        let word = if node.kind == NodeKind::DecoratorDeclaration { "dec " } else { "fn " };
        let parameters = self.parameters(node);
        let result = self.body_nodes(node).skip_while(|child| child.kind != NodeKind::Arguments).nth(1);
        let result = result.map_or_else(nothing, |result| concat([text(": "), self.expression(result, Place::VALUE)]));
        concat([self.modifiers(node), text(word), self.identifier(node), parameters, result, text(";")])
    }

    /// Parameters of `dec`, `fn` and `init`.
    pub(super) fn parameters(&self, node: &Node) -> Doc {
        let Some(list) = node.find(NodeKind::Arguments) else { return text("()") };
        let parameters: Vec<Doc> = list.nodes().map(|parameter| self.parameter(parameter)).collect();
        if parameters.is_empty() {
            return text("()");
        }
        let separator = concat([text(","), Doc::Line(Line::Space)]);
        let body = indent(concat([Doc::Line(Line::Soft), join(&separator, parameters)]));
        group(concat([text("("), body, Doc::Line(Line::Soft), text(")")]))
    }

    fn parameter(&self, node: &Node) -> Doc {
        let mut nodes = node.nodes();
        let rest = if node.has_token(TokenKind::Ellipsis) { "..." } else { "" };
        let id = nodes.next().map_or_else(nothing, |id| text(name(self.raw(id), Position::Member)));
        let optional = if node.has_token(TokenKind::Question) { "?" } else { "" };
        let kind = nodes.next().map(|kind| concat([text(": "), self.expression(kind, Place::VALUE)]));
        concat([text(rest), id, text(optional), kind.unwrap_or_else(nothing)])
    }

    pub(super) fn template_parameters(&self, node: &Node) -> Doc {
        let Some(list) = node.find(NodeKind::TemplateParameters) else { return nothing() };
        let nodes: Vec<&Node> = list.nodes().collect();
        let place = match node.kind {
            NodeKind::Model | NodeKind::Alias | NodeKind::Operation => Place::TYPE,
            _ => Place::VALUE,
        };
        let parameters: Vec<Doc> = nodes.iter().map(|parameter| self.template_parameter(parameter, place)).collect();
        let is_whole = |parameter: &Node| parameter.nodes().skip(1).all(is_unbreakable);
        if matches!(nodes.as_slice(), [only] if is_whole(only)) {
            return concat([text("<"), join(&text(", "), parameters), text(">")]);
        }
        let separator = concat([text(","), Doc::Line(Line::Space)]);
        let body = indent(concat([Doc::Line(Line::Soft), join(&separator, parameters)]));
        group(concat([text("<"), body, Doc::Line(Line::Soft), text(">")]))
    }

    fn template_parameter(&self, node: &Node, place: Place) -> Doc {
        let mut parts = Vec::new();
        let mut next = "";
        for child in &node.children {
            match child {
                Child::Token(token) if token.kind == TokenKind::Equals => next = " = ",
                Child::Token(token) if matches!(token.kind, TokenKind::Keyword(_)) => next = " extends ",
                Child::Node(child) if parts.is_empty() => parts.push(text(name(self.raw(child), Position::Other))),
                Child::Node(child) if child.kind == NodeKind::ModelExpression => {
                    parts.push(concat([text(next), self.inline_properties(child, place)]));
                }
                Child::Node(child) => parts.push(concat([text(next), self.expression(child, place)])),
                Child::Token(_) => {}
            }
        }
        concat(parts)
    }
}

/// Whether an expression always stands on one line.
fn is_unbreakable(node: &Node) -> bool {
    match node.kind {
        NodeKind::Identifier
        | NodeKind::MemberAccess
        | NodeKind::StringLiteral
        | NodeKind::NumericLiteral
        | NodeKind::BooleanLiteral
        | NodeKind::VoidKeyword
        | NodeKind::NeverKeyword
        | NodeKind::UnknownKeyword => true,
        NodeKind::Reference => match node.find(NodeKind::TemplateArguments) {
            Some(list) => list.nodes().count() == 1 && list.nodes().flat_map(Node::nodes).all(is_unbreakable),
            None => true,
        },
        NodeKind::ArrayExpression | NodeKind::ValueOf | NodeKind::TypeOf | NodeKind::Parenthesized => {
            node.nodes().all(is_unbreakable)
        }
        _ => false,
    }
}
