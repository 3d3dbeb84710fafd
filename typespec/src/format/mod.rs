//! The formatter: the layout that the reference formatter gives (TypeSpec reference, part 6.2).

mod comments;
mod declarations;
mod document;
mod expressions;
mod names;

use radii_diagnostics::{Code, Diagnostic, FileId, Severity, Span};

use crate::parser::repair;
use crate::syntax::scanner::Scanner;
use crate::syntax::{Node, NodeKind, TokenKind};
use comments::{Element, elements};
use document::{Doc, Fold, concat, hard, if_break, text};
pub(crate) use names::{Position, name};

/// How often a text is formatted until nothing changes any more.
const MAX_PASSES: usize = 4;

/// Formats a file.
///
/// What was formatted is formatted: where a line that had to be broken makes a blank line of the next pass, as it does with
/// the reference, that pass is made at once.
///
/// # Errors
/// What the parser says of a text with errors of syntax: what was meant is the author's to say, not the formatter's to
/// write down. A text whose comments would not all survive is refused as well.
pub fn format(file: FileId, source: &str) -> Result<String, Vec<Diagnostic>> {
    let parse = crate::parse(file, source);
    if parse.diagnostics.iter().any(is_fatal) {
        let mut told = repair::parse(file, source).diagnostics;
        told.retain(is_fatal);
        return Err(if told.is_empty() { parse.diagnostics } else { told });
    }
    if let Some(node) = find_unprintable(&parse.root) {
        let diagnostic = Diagnostic::error(Code::new("format-failed"), "this is no statement and no name");
        return Err(vec![diagnostic.at(Span::new(file, node.start, node.end))]);
    }
    let source_without_mark = source.strip_prefix('\u{FEFF}').unwrap_or(source);
    let mut output = print(source, &parse.root);
    for _ in 1..MAX_PASSES {
        let again = print(&output, &crate::parse(file, &output).root);
        if again == output {
            break;
        }
        output = again;
    }
    if comment_count(source_without_mark) != comment_count(&output) {
        let message = "a comment stands where the formatter cannot keep it; move it to a line of its own";
        return Err(vec![Diagnostic::error(Code::new("format-failed"), message).at(Span::new(file, 0, 0))]);
    }
    Ok(output)
}

fn print(source: &str, root: &Node) -> String {
    let mut output = document::print(Printer { source }.script(root));
    output.truncate(output.trim_end().len());
    if !output.is_empty() {
        output.push('\n');
    }
    output.trim_start_matches('\n').to_owned()
}

fn find_unprintable(node: &Node) -> Option<&Node> {
    if matches!(node.kind, NodeKind::InvalidStatement | NodeKind::MissingIdentifier) {
        return Some(node);
    }
    node.nodes().find_map(find_unprintable)
}

/// Unknown directives print as they are, and a separator that is missing is put in, as the reference does: nothing else
/// can have been meant. Every other error stops the formatter.
fn is_fatal(diagnostic: &Diagnostic) -> bool {
    let is_separator = diagnostic.code.as_str() == "token-expected"
        && matches!(diagnostic.message.as_str(), "';' expected." | "',' expected.");
    diagnostic.severity == Severity::Error && diagnostic.code.as_str() != "unknown-directive" && !is_separator
}

fn comment_count(source: &str) -> usize {
    let mut scanner = Scanner::new(FileId(0), source);
    let mut count = 0;
    loop {
        let token = scanner.next_token();
        match token.kind {
            TokenKind::EndOfFile => return count,
            kind if comments::is_comment(kind) => count += 1,
            _ => {}
        }
    }
}

pub(crate) struct Printer<'a> {
    source: &'a str,
}

/// Where a node stands, for what depends on it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// Whether model expressions separate their properties with commas.
    commas: bool,
    /// Whether the parent binds tighter than a union, or than an intersection.
    parent: Parent,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Parent {
    Other,
    Union,
    Intersection,
    Array,
}

impl Place {
    const VALUE: Place = Place { commas: true, parent: Parent::Other };
    const TYPE: Place = Place { commas: false, parent: Parent::Other };

    fn under(self, parent: Parent) -> Self {
        Self { parent, ..self }
    }
}

impl<'a> Printer<'a> {
    fn raw(&self, node: &Node) -> &'a str {
        &self.source[node.start..node.end]
    }

    fn script(&self, root: &Node) -> Doc {
        let (statements, alone) = elements(&root.children, self.source, |_| true);
        concat([comments::dangling(&alone, self.source), self.statements(&statements)])
    }

    fn statements(&self, statements: &[Element<'_>]) -> Doc {
        let last = statements.iter().rposition(|element| element.node.kind != NodeKind::EmptyStatement);
        let mut parts = Vec::new();
        for (at, element) in statements.iter().enumerate() {
            let printed =
                if element.node.kind == NodeKind::EmptyStatement { None } else { Some(self.statement(element.node)) };
            parts.push(comments::leading(&element.leading, self.source));
            let Some(printed) = printed else { continue };
            parts.push(printed);
            parts.push(comments::trailing(&element.trailing, self.source));
            if Some(at) != last {
                parts.push(hard());
                if comments::is_next_line_empty(self.source, element.node.end) {
                    parts.push(hard());
                }
            }
        }
        concat(parts)
    }

    /// Members between brackets: separators, and blank lines around those with docs or own-line decorators.
    fn members(&self, members: &[Element<'_>], separator: &Doc, line: &Doc, printed: impl Fn(&Node) -> Doc) -> Doc {
        let mut parts = vec![line.clone()];
        let mut blank_before_next = false;
        for (at, element) in members.iter().enumerate() {
            let wrap = !element.leading.is_empty()
                || self.has_inner_comments(element.node)
                || self.breaks_decorators(element.node);
            if at > 0 && (blank_before_next || wrap) {
                parts.push(hard());
                blank_before_next = false;
            }
            parts.push(comments::leading(&element.leading, self.source));
            parts.push(printed(element.node));
            parts.push(comments::trailing(&element.trailing, self.source));
            if at + 1 == members.len() {
                parts.push(if_break(separator.clone(), text("")));
            } else {
                parts.push(separator.clone());
                parts.push(line.clone());
                blank_before_next |= wrap;
            }
        }
        concat(parts)
    }

    /// Whether a doc comment stands between an element's annotations.
    fn has_inner_comments(&self, node: &Node) -> bool {
        !declarations::inner_comments(node).is_empty()
    }

    /// Whether decorators of a member stand on lines of their own: from three on, or if the source broke.
    fn breaks_decorators(&self, node: &Node) -> bool {
        if node.kind == NodeKind::Spread {
            return false;
        }
        let decorators: Vec<&Node> = node.nodes().filter(|child| child.kind == NodeKind::Decorator).collect();
        decorators.len() >= 3 || decorators.iter().any(|decorator| self.has_new_line_after(decorator.end))
    }

    fn has_new_line_after(&self, end: usize) -> bool {
        self.source[end..].trim_start_matches([' ', '\t']).starts_with(['\n', '\r'])
    }

    fn group_broken_if(&self, broken: bool, doc: Doc) -> Doc {
        Doc::Group(Box::new(doc), if broken { Fold::Broken } else { Fold::IfNeeded })
    }
}
