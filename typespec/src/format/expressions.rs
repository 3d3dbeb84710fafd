//! Expressions.

use super::comments::{self, Blank, elements, is_comment};
use super::document::{Doc, Line, concat, group, if_break, indent, join, nothing, text};
use super::names::{Position, name};
use super::{Parent, Place, Printer};
use crate::syntax::{Child, Node, NodeKind};

impl Printer<'_> {
    pub(super) fn expression(&self, node: &Node, place: Place) -> Doc {
        let inner = place.under(Parent::Other);
        match node.kind {
            NodeKind::Identifier | NodeKind::MissingIdentifier => text(name(self.raw(node), Position::Other)),
            NodeKind::MemberAccess => self.member_access(node),
            NodeKind::Reference | NodeKind::Call => self.reference(node, inner),
            NodeKind::Parenthesized => node.nodes().next().map_or_else(nothing, |child| self.expression(child, place)),
            NodeKind::UnionExpression => {
                parenthesize(self.union_expression(node, inner), place, &[Parent::Intersection, Parent::Array])
            }
            NodeKind::IntersectionExpression => {
                parenthesize(self.intersection(node, inner), place, &[Parent::Union, Parent::Array])
            }
            NodeKind::ArrayExpression => {
                let element = node
                    .nodes()
                    .next()
                    .map_or_else(nothing, |child| self.expression(child, place.under(Parent::Array)));
                concat([element, text("[]")])
            }
            NodeKind::ValueOf => {
                let target = node.nodes().next().map_or_else(nothing, |child| self.expression(child, inner));
                parenthesize(concat([text("valueof "), target]), place, &[Parent::Union, Parent::Array])
            }
            NodeKind::TypeOf => {
                let target = node.nodes().next().map_or_else(nothing, |child| self.expression(child, inner));
                concat([text("typeof "), target])
            }
            NodeKind::ModelExpression => self.properties(node, inner),
            NodeKind::TupleExpression => self.array("[", node, inner),
            NodeKind::ArrayLiteral => self.array("#[", node, Place::VALUE),
            NodeKind::ObjectLiteral => self.object(node),
            NodeKind::StringTemplate => self.string_template(node, inner),
            NodeKind::StringLiteral => self.string_literal(node),
            NodeKind::FunctionType => {
                let result = node.nodes().nth(1).map(|result| concat([text(" => "), self.expression(result, inner)]));
                let printed = concat([text("fn"), self.parameters(node), result.unwrap_or_else(nothing)]);
                parenthesize(printed, place, &[Parent::Union, Parent::Intersection, Parent::Array])
            }
            NodeKind::Model | NodeKind::Enum | NodeKind::Union | NodeKind::Scalar => self.declaration_expression(node),
            _ => text(self.raw(node)),
        }
    }

    /// A declaration written where it is used; its decorators stay on the line.
    fn declaration_expression(&self, node: &Node) -> Doc {
        let decorators = node.nodes().filter(|child| child.kind == NodeKind::Decorator);
        let decorators: Vec<Doc> = decorators.map(|decorator| concat([self.decorator(decorator), text(" ")])).collect();
        let body = match node.kind {
            NodeKind::Model => self.model(node, Place::TYPE),
            NodeKind::Enum => self.enumeration(node),
            NodeKind::Union => self.union(node),
            _ => self.scalar(node),
        };
        concat([concat(decorators), body])
    }

    fn member_access(&self, node: &Node) -> Doc {
        let mut parts = Vec::new();
        for child in &node.children {
            match child {
                Child::Node(child) if parts.is_empty() => parts.push(self.expression(child, Place::TYPE)),
                Child::Node(child) => parts.push(text(name(self.raw(child), Position::Member))),
                Child::Token(token) if token.kind.is_trivia() => {}
                Child::Token(token) => parts.push(text(&self.source[token.start..token.end])),
            }
        }
        concat(parts)
    }

    fn reference(&self, node: &Node, place: Place) -> Doc {
        let mut parts = Vec::new();
        for child in node.nodes() {
            parts.push(match child.kind {
                NodeKind::Arguments => self.arguments(child),
                NodeKind::TemplateArguments => self.template_arguments(child, place),
                _ => self.expression(child, place),
            });
        }
        concat(parts)
    }

    /// The elements of a list with the comments that belong to them.
    fn listed(&self, list: &Node, printed: impl Fn(&Node) -> Doc) -> Vec<Doc> {
        let (elements, _) = elements(&list.children, self.source, |_| true);
        let with_comments = elements.iter().map(|element| {
            let (leading, trailing) = (&element.leading, &element.trailing);
            if leading.is_empty() && trailing.is_empty() {
                return printed(element.node);
            }
            let is_union = unwrapped(element.node).kind == NodeKind::UnionExpression;
            let blank = if is_union { Blank::Dropped } else { Blank::Kept };
            let leading = comments::leading_before(leading, self.source, blank);
            concat([leading, printed(element.node), comments::trailing(trailing, self.source)])
        });
        with_comments.collect()
    }

    fn template_arguments(&self, list: &Node, place: Place) -> Doc {
        let is_single = list.nodes().count() == 1;
        let printed = self.listed(list, |argument| self.template_argument(argument, place, is_single));
        // A single argument hugs whatever it is, also when it has to break inside.
        if is_single {
            return concat([text("<"), join(&text(", "), printed), text(">")]);
        }
        // As with the reference, the space counts as part of the line, though a break makes it go.
        let separator = concat([text(", "), Doc::Line(Line::Soft)]);
        let body = indent(concat([Doc::Line(Line::Soft), join(&separator, printed)]));
        group(concat([text("<"), body, Doc::Line(Line::Soft), text(">")]))
    }

    fn template_argument(&self, node: &Node, place: Place, is_single: bool) -> Doc {
        let mut nodes = node.nodes();
        let (first, second) = (nodes.next(), nodes.next());
        match (first, second) {
            (Some(id), Some(value)) => concat([self.expression(id, place), text(" = "), self.expression(value, place)]),
            (Some(value), None) => match unwrapped(value) {
                // The list has the line break and the indentation already.
                union if union.kind == NodeKind::UnionExpression && !is_single => {
                    group(self.options(union, place, nothing()))
                }
                _ => self.expression(value, place),
            },
            _ => nothing(),
        }
    }

    /// Arguments of decorators and calls; a single value with brackets of its own hugs the parentheses.
    pub(super) fn arguments(&self, list: &Node) -> Doc {
        let nodes: Vec<&Node> = list.nodes().collect();
        let printed = self.listed(list, |argument| self.expression(argument, Place::VALUE));
        let hugs = matches!(nodes.as_slice(), [only] if matches!(only.kind,
            NodeKind::ModelExpression | NodeKind::StringLiteral | NodeKind::StringTemplate | NodeKind::ObjectLiteral | NodeKind::ArrayLiteral | NodeKind::TupleExpression));
        if hugs || printed.is_empty() {
            return concat([text("("), join(&text(", "), printed), text(")")]);
        }
        let separator = concat([text(","), Doc::Line(Line::Space)]);
        let body = indent(concat([Doc::Line(Line::Soft), join(&separator, printed)]));
        concat([text("("), group(concat([body, Doc::Line(Line::Soft)])), text(")")])
    }

    fn union_expression(&self, node: &Node, place: Place) -> Doc {
        group(indent(self.options(node, place, Doc::Line(Line::Space))))
    }

    /// The options of a union, with a sign before the first one where they stand on lines of their own.
    fn options(&self, node: &Node, place: Place, first: Doc) -> Doc {
        let mut options = Vec::new();
        collect_options(node, &mut options);
        let leading = if_break(concat([first, text("| ")]), nothing());
        let separator = concat([Doc::Line(Line::Space), text("| ")]);
        let printed =
            options.iter().map(|option| Doc::Align(2, Box::new(self.expression(option, place.under(Parent::Union)))));
        concat([leading, join(&separator, printed)])
    }

    fn intersection(&self, node: &Node, place: Place) -> Doc {
        let options: Vec<&Node> = node.nodes().collect();
        let is_model = |node: &Node| node.kind == NodeKind::ModelExpression;
        let mut parts = Vec::new();
        let mut was_indented = false;
        for (at, option) in options.iter().enumerate() {
            let printed = self.expression(option, place.under(Parent::Intersection));
            if at == 0 {
                parts.push(printed);
                continue;
            }
            match (is_model(options[at - 1]), is_model(option)) {
                (true, true) => parts.push(concat([text(" & "), if was_indented { indent(printed) } else { printed }])),
                (false, false) => parts.push(indent(concat([text(" &"), Doc::Line(Line::Space), printed]))),
                _ => {
                    was_indented |= at > 1;
                    parts.push(concat([text(" & "), if at > 1 { indent(printed) } else { printed }]));
                }
            }
        }
        group(concat(parts))
    }

    fn array(&self, open: &str, node: &Node, place: Place) -> Doc {
        let items = self.listed(node, |item| self.expression(item, place));
        if items.is_empty() {
            return text(format!("{open}]"));
        }
        let separator = concat([text(","), Doc::Line(Line::Space)]);
        let body = indent(concat([Doc::Line(Line::Soft), join(&separator, items)]));
        group(concat([text(open), body, Doc::Line(Line::Soft), text("]")]))
    }

    fn object(&self, node: &Node) -> Doc {
        let (members, alone) = elements(&node.children, self.source, |_| true);
        if members.is_empty() && alone.is_empty() {
            return text("#{}");
        }
        let separator = concat([text(","), if_break(nothing(), text(" "))]);
        let body = if members.is_empty() {
            concat([Doc::Line(Line::Soft), comments::dangling(&alone, self.source), Doc::BreakParent])
        } else {
            self.object_members(&members, &separator)
        };
        let space = if_break(nothing(), text(" "));
        group(concat([text("#{"), space.clone(), indent(body), Doc::Line(Line::Soft), space, text("}")]))
    }

    fn object_members(&self, members: &[comments::Element<'_>], separator: &Doc) -> Doc {
        let mut parts = vec![Doc::Line(Line::Soft)];
        let mut blank_before_next = false;
        for (at, element) in members.iter().enumerate() {
            let wrap = !element.leading.is_empty();
            if at > 0 && (blank_before_next || wrap) {
                parts.push(super::document::hard());
            }
            blank_before_next = wrap;
            parts.push(comments::leading(&element.leading, self.source));
            parts.push(self.object_property(element.node));
            parts.push(comments::trailing(&element.trailing, self.source));
            if at + 1 == members.len() {
                parts.push(if_break(text(","), nothing()));
            } else {
                parts.push(separator.clone());
                parts.push(Doc::Line(Line::Soft));
            }
        }
        concat(parts)
    }

    fn object_property(&self, node: &Node) -> Doc {
        let mut nodes = self.body_nodes(node);
        let first = nodes.next();
        if node.kind == NodeKind::Spread {
            return concat([text("..."), first.map_or_else(nothing, |target| self.expression(target, Place::VALUE))]);
        }
        let id = first.map_or_else(nothing, |id| text(name(self.raw(id), Position::Member)));
        let value = nodes.next().map_or_else(nothing, |value| self.expression(value, Place::VALUE));
        concat([id, text(": "), value])
    }

    /// As a string: its text stays, and that of a triple-quoted one moves to the indentation around it.
    fn string_template(&self, node: &Node, place: Place) -> Doc {
        let raw = self.raw(node);
        let is_tripled = raw.starts_with("\"\"\"");
        let old = if is_tripled { crate::syntax::literal::indentation(raw) } else { "" };
        let mut parts = Vec::new();
        for child in &node.children {
            match child {
                Child::Node(child) => parts.push(self.expression(child, place)),
                Child::Token(token) if is_comment(token.kind) || token.kind.is_trivia() => {}
                Child::Token(token) => {
                    let raw = &self.source[token.start..token.end];
                    parts.push(verbatim_lines(raw, old));
                    // Between two parts of one line the reference breaks where it changes nothing: inside the braces.
                    if is_tripled && raw.starts_with('}') && !raw.contains('\n') {
                        parts.push(concat([Doc::Line(Line::Verbatim), Doc::BreakParent]));
                    }
                }
            }
        }
        if is_tripled { indent(concat(parts)) } else { concat(parts) }
    }

    /// A string keeps its text; a triple-quoted one is moved to the indentation around it.
    fn string_literal(&self, node: &Node) -> Doc {
        let raw = self.raw(node);
        if !raw.starts_with("\"\"\"") {
            return text(raw);
        }
        indent(verbatim_lines(raw, crate::syntax::literal::indentation(raw)))
    }
}

/// Lines of a text between quotes: all but the first lose the indentation that they had, and keep all else.
fn verbatim_lines(raw: &str, old: &str) -> Doc {
    let line = concat([Doc::Line(Line::Verbatim), Doc::BreakParent]);
    let lines = raw.split('\n').enumerate().map(|(at, line)| {
        let line = line.strip_suffix('\r').unwrap_or(line);
        text(if at == 0 && line.starts_with("\"\"\"") && line.len() < raw.len() {
            line.trim_end()
        } else if at == 0 {
            line
        } else {
            line.strip_prefix(old).unwrap_or_else(|| line.trim_start())
        })
    });
    join(&line, lines)
}

/// An expression without the parentheses around it.
fn unwrapped(node: &Node) -> &Node {
    let mut inner = node;
    while inner.kind == NodeKind::Parenthesized {
        let Some(next) = inner.nodes().next() else { break };
        inner = next;
    }
    inner
}

/// The options of a union, those of nested unions included.
fn collect_options<'t>(node: &'t Node, options: &mut Vec<&'t Node>) {
    for child in node.nodes() {
        let inner = unwrapped(child);
        if inner.kind == NodeKind::UnionExpression { collect_options(inner, options) } else { options.push(inner) }
    }
}

fn parenthesize(printed: Doc, place: Place, tighter: &[Parent]) -> Doc {
    if tighter.contains(&place.parent) { concat([text("("), printed, text(")")]) } else { printed }
}
