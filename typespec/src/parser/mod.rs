//! The parser: recursive descent over the grammar of the TypeSpec reference, part 1.3, with the
//! reference compiler's error recovery (part 1.4).
//!
//! Parsing cannot fail: it returns a whole tree, in which the nodes around a mistake are marked.

mod docs;
mod expressions;
mod lists;
mod members;
pub(crate) mod repair;
mod statements;

use radii_diagnostics::{Code, Diagnostic, FileId, Fix, Severity, Span};

use crate::syntax::literal::{self, Shape};
use crate::syntax::scanner::{Scanner, Token};
use crate::syntax::{Child, Node, NodeKind, TokenKind};

/// How deep expressions and blocks may nest before the parser gives up on going deeper.
const MAX_DEPTH: usize = 128;

/// What parsing a text gave.
#[derive(Clone, Debug)]
pub struct Parse {
    /// The whole text as a tree.
    pub root: Node,
    /// What is wrong with it, in the order in which it was noticed.
    pub diagnostics: Vec<Diagnostic>,
}

/// Parses one file.
pub fn parse(file: FileId, text: &str) -> Parse {
    let mut parser = Parser::new(file, text);
    // The root takes everything, the trivia before the first token too.
    let start = Checkpoint { child: 0, start: 0, errors: 0 };
    parser.script();
    parser.eat_trivia();
    let mut root = parser.close(NodeKind::Script, start);
    (root.start, root.end) = (0, text.len());
    Parse { root, diagnostics: parser.diagnostics }
}

/// What to write where something is missing that cannot be guessed.
fn advice(message: &str) -> Option<&'static str> {
    Some(match message {
        "Statement expected." => "a declaration begins with a word such as `model`, `enum`, `union`, `alias` or `op`",
        "Expression expected." => "write a type or a value here",
        "Identifier expected." => "write a name here",
        "Property expected." => "write `name: type;` here",
        "Enum member expected." => "write the name of a member here",
        "Cannot decorate empty statement." => "remove the `;` behind the decorator",
        _ => return None,
    })
}

/// Where a node begins: its first child, and how many errors there were.
#[derive(Clone, Copy)]
struct Checkpoint {
    child: usize,
    start: usize,
    errors: usize,
}

struct Parser<'a> {
    file: FileId,
    text: &'a str,
    scanner: Scanner<'a>,
    /// The token at hand.
    token: Token,
    /// Trivia read before the token at hand, not yet in the tree.
    trivia: Vec<Token>,
    /// Children that no node has taken yet.
    children: Vec<Child>,
    previous_end: usize,
    /// Whether a line break is skipped; it ends directives.
    new_line_is_trivia: bool,
    last_error_at: Option<usize>,
    errors: usize,
    missing_identifiers: usize,
    depth: usize,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Parser<'a> {
    fn new(file: FileId, text: &'a str) -> Self {
        let mut scanner = Scanner::new(file, text);
        let start = scanner.position();
        let token = Token { kind: TokenKind::EndOfFile, start, end: start, unterminated: false };
        // The byte order mark is trivia, so that the tree prints back exactly.
        let mark = Token { kind: TokenKind::Whitespace, start: 0, end: start, unterminated: false };
        let trivia = if start > 0 { vec![mark] } else { Vec::new() };
        scanner.diagnostics.clear();
        let mut parser = Self {
            file,
            text,
            scanner,
            token,
            trivia,
            children: Vec::new(),
            previous_end: start,
            new_line_is_trivia: true,
            last_error_at: None,
            errors: 0,
            missing_identifiers: 0,
            depth: 0,
            diagnostics: Vec::new(),
        };
        parser.read();
        parser
    }

    fn at(&self, kind: TokenKind) -> bool {
        self.token.kind == kind
    }

    fn at_any(&self, kinds: &[TokenKind]) -> bool {
        kinds.contains(&self.token.kind)
    }

    /// Reads trivia and the next token.
    fn read(&mut self) {
        loop {
            let token = self.scanner.next_token();
            self.take_scanner_errors();
            let ends_directive = token.kind == TokenKind::NewLine && !self.new_line_is_trivia;
            if token.kind.is_trivia() && !ends_directive {
                self.trivia.push(token);
            } else {
                self.token = token;
                return;
            }
        }
    }

    /// Errors of the scanner do not hide each other, nor those of the parser.
    fn take_scanner_errors(&mut self) {
        self.errors += self.scanner.diagnostics.len();
        self.diagnostics.append(&mut self.scanner.diagnostics);
    }

    /// Puts the token at hand into the tree and reads the next one.
    fn bump(&mut self) {
        self.eat_trivia();
        self.previous_end = self.token.end;
        if self.token.kind != TokenKind::EndOfFile {
            self.children.push(Child::Token(self.token));
        }
        self.read();
    }

    fn eat_trivia(&mut self) {
        self.children.extend(self.trivia.drain(..).map(Child::Token));
    }

    /// Marks where a node begins: at the token at hand, behind its trivia.
    fn checkpoint(&mut self) -> Checkpoint {
        self.eat_trivia();
        Checkpoint { child: self.children.len(), start: self.token.start, errors: self.errors }
    }

    fn close(&mut self, kind: NodeKind, from: Checkpoint) -> Node {
        let children = self.children.split_off(from.child);
        // A missing name stands at the token that came instead, which may lie behind the token before.
        let last = children.iter().rev().find_map(|child| match child {
            Child::Node(node) => Some(node.end),
            Child::Token(_) => None,
        });
        let end = self.previous_end.max(from.start).max(last.unwrap_or(0));
        Node { kind, start: from.start, end, has_error: self.errors > from.errors, children }
    }

    /// Makes a node of everything since the checkpoint.
    fn finish(&mut self, kind: NodeKind, from: Checkpoint) {
        let node = self.close(kind, from);
        self.children.push(Child::Node(node));
    }

    fn eat(&mut self, kind: TokenKind) -> bool {
        let found = self.at(kind);
        if found {
            self.bump();
        }
        found
    }

    /// Takes a token that must be there; missing punctuation is reported right behind the token before.
    fn expect(&mut self, kind: TokenKind) -> bool {
        if self.eat(kind) {
            return true;
        }
        self.error_expected(kind, &format!("{} expected.", kind.display()));
        false
    }

    /// Checks that one of several tokens is at hand, without taking it.
    fn expect_one_of(&mut self, kinds: &[TokenKind]) -> bool {
        if self.at_any(kinds) {
            return true;
        }
        let mut names: Vec<String> = kinds.iter().map(|kind| kind.display()).collect();
        if let Some(last) = names.last_mut() {
            *last = format!("or {last}");
        }
        self.error_expected(kinds[0], &format!("{} expected.", names.join(", ")));
        false
    }

    /// Where the character at a place ends; one past the end at the end of the text.
    fn behind(&self, at: usize) -> usize {
        at + self.text.get(at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8)
    }

    fn error_expected(&mut self, kind: TokenKind, message: &str) {
        let (start, end) = if kind.is_punctuation() {
            (self.previous_end, self.behind(self.previous_end))
        } else {
            (self.token.start, self.token.end)
        };
        let told = self.diagnostics.len();
        self.report("token-expected", message, start, end, self.token.start);
        if kind.is_punctuation() && self.diagnostics.len() > told {
            self.propose_punctuation(kind);
        }
    }

    /// Adds to the last error the punctuation that is missing behind the token before.
    fn propose_punctuation(&mut self, kind: TokenKind) {
        let at = self.previous_end;
        let sign = kind.display();
        let sign = sign.trim_matches('\'');
        let title = format!("add `{sign}`");
        // At the end of a line nothing else can have been meant.
        let ends_line = self.text[at..self.token.start.max(at)].contains(['\n', '\r']);
        let sure = ends_line && matches!(kind, TokenKind::Semicolon | TokenKind::Comma);
        let fix = Fix { title, span: Span::new(self.file, at, at), replacement: sign.to_owned(), sure };
        if let Some(diagnostic) = self.diagnostics.last_mut() {
            diagnostic.help.get_or_insert_with(|| fix.title.clone());
            diagnostic.fixes.push(fix);
        }
    }

    /// Reports an error at the token at hand.
    fn error_here(&mut self, code: &'static str, message: &str) {
        self.report(code, message, self.token.start, self.token.end, self.token.start);
    }

    /// Reports an error at a place of its own.
    fn error_at(&mut self, code: &'static str, message: &str, start: usize, end: usize) {
        self.report(code, message, start, end, start);
    }

    /// Reports an error unless the one before was at the same real position.
    fn report(&mut self, code: &'static str, message: &str, start: usize, end: usize, real: usize) {
        self.errors += 1;
        if self.last_error_at == Some(real) {
            return;
        }
        self.last_error_at = Some(real);
        let span = Span::new(self.file, start, end);
        let diagnostic = Diagnostic::error(Code::new(code), message).at(span);
        self.diagnostics.push(match advice(message) {
            Some(help) => diagnostic.help(help),
            None => diagnostic,
        });
    }

    fn warn(&mut self, code: &'static str, message: &str, start: usize, end: usize) {
        let span = Span::new(self.file, start, end);
        self.diagnostics.push(Diagnostic::new(Code::new(code), Severity::Warning, message).at(span));
    }

    /// Runs a rule one level deeper; past the limit the rest is refused instead of the stack overflowing.
    fn deeper(&mut self, rule: impl FnOnce(&mut Self)) {
        if self.depth >= MAX_DEPTH {
            self.error_here(
                "nesting-too-deep",
                &format!("Nested deeper than {MAX_DEPTH} levels; name the inner parts."),
            );
            while !self.at(TokenKind::EndOfFile) {
                self.bump();
            }
            return;
        }
        self.depth += 1;
        rule(self);
        self.depth -= 1;
    }

    /// Counts the links of a chain, each of which nests the tree once more; past the limit the rest is refused.
    fn may_go_on(&mut self, links: &mut usize) -> bool {
        *links += 1;
        if *links <= MAX_DEPTH {
            return true;
        }
        let message = format!("Nested deeper than {MAX_DEPTH} levels; name the inner parts.");
        self.error_here("nesting-too-deep", &message);
        while !self.at(TokenKind::EndOfFile) {
            self.bump();
        }
        false
    }

    /// Takes a string token and checks its escapes and quotes.
    fn string_part(&mut self, shape: Shape, indentation: &str) {
        let (start, end) = (self.token.start, self.token.end);
        let (_, mut diagnostics) = literal::string_value(self.file, self.text, (start, end), shape, indentation);
        self.errors += diagnostics.len();
        self.diagnostics.append(&mut diagnostics);
        self.bump();
    }

    fn string_literal(&mut self) {
        let from = self.checkpoint();
        let text = &self.text[self.token.start..self.token.end];
        let triple = text.starts_with("\"\"\"");
        let shape = Shape { triple, opens: true, closes: true, unterminated: self.token.unterminated };
        let indentation = literal::indentation(text);
        self.string_part(shape, indentation);
        self.finish(NodeKind::StringLiteral, from);
    }

    fn missing_identifier(&mut self) -> String {
        self.missing_identifiers += 1;
        let from = self.checkpoint();
        self.previous_end = self.token.start;
        self.finish(NodeKind::MissingIdentifier, from);
        format!("<missing identifier>{}", self.missing_identifiers)
    }
}
