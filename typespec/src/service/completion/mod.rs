//! What could be written at a place.

mod keywords;
mod members;
mod paths;

use std::sync::Arc;

use radii_diagnostics::{FileId, Span};

use super::Service;
use super::cursor::{Block, Cursor, Inside};
use super::scope::Visible;
use super::subject::Subject;
use crate::ast::NodeId;
use crate::format::{Position, name as written_name};
use crate::program::{SymbolId, SymbolKind};
use crate::syntax::{Keyword, NodeKind, TokenKind};

/// What a completion names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "named after the things of the language")]
pub enum CompletionKind {
    Keyword,
    Namespace,
    Model,
    Scalar,
    Enum,
    Union,
    Interface,
    Operation,
    Alias,
    Const,
    Decorator,
    Function,
    TemplateParameter,
    Property,
    EnumMember,
    Variant,
    Constructor,
    Value,
    Library,
    File,
}

/// Something that could be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// What is shown.
    pub label: String,
    /// What it names.
    pub kind: CompletionKind,
    /// The declaration in one line.
    pub detail: Option<String>,
    /// The description, as Markdown.
    pub docs: Option<String>,
    /// What is written; the label where it is the same.
    pub insert: String,
    /// What is replaced: the word at the place.
    pub span: Span,
    /// How near it is: lower comes first.
    pub rank: u8,
    /// Whether it should not be used any more.
    pub is_deprecated: bool,
}

/// Gathers completions for one place.
pub(super) struct Collector<'s, 'a> {
    service: &'s Service<'a>,
    /// The innermost syntax at the place.
    at: NodeId,
    span: Span,
    found: Vec<Completion>,
}

impl Service<'_> {
    /// What could be written at an offset, the nearest first.
    pub fn completions(&self, file: FileId, offset: u32) -> Vec<Completion> {
        let offset = self.clamp(file, offset);
        let Some(at) = self.program.ast.node_at(file, offset) else { return Vec::new() };
        let cursor = Cursor::new(self.text(file), offset as usize);
        let start = match cursor.inside {
            Inside::Comment => return Vec::new(),
            Inside::String(start) => (start as u32).min(offset),
            Inside::Code => cursor.word,
        };
        let span = Span { file, start, end: offset };
        let mut collector = Collector { service: self, at, span, found: Vec::new() };
        collector.collect(&cursor);
        let mut found = collector.found;
        found.sort_by(|a, b| (a.rank, &a.label).cmp(&(b.rank, &b.label)));
        found
    }
}

impl Collector<'_, '_> {
    fn collect(&mut self, cursor: &Cursor<'_>) {
        use Keyword as K;
        use TokenKind as T;
        if matches!(cursor.inside, Inside::String(_)) {
            if cursor.back(0) == Some(T::Keyword(K::Import)) {
                self.import_paths("");
            }
            return;
        }
        match cursor.back(0) {
            Some(T::Dot) => {
                let (names, decorates) = cursor.path();
                self.members_of(&names, decorates);
            }
            Some(T::ColonColon) => self.keywords(&["type", "parameters", "returnType"]),
            Some(T::At | T::AtAt) => self.decorators(),
            Some(T::Hash) => self.keywords(&["suppress", "deprecated"]),
            Some(T::Keyword(K::Using)) => self.namespaces(),
            Some(T::Keyword(K::Import)) => self.import_paths("\""),
            Some(T::Keyword(
                K::Model | K::Enum | K::Union | K::Scalar | K::Interface | K::Alias | K::Const | K::Op,
            ))
            | Some(T::Keyword(K::Namespace | K::Dec | K::Fn | K::Init)) => {}
            Some(T::Identifier) => self.after_name(cursor),
            Some(T::Semicolon | T::OpenBrace | T::CloseBrace | T::Comma | T::CloseParen | T::HashBrace) | None => {
                self.between(cursor);
            }
            Some(T::Keyword(K::Extern)) => self.keywords(&["dec", "fn"]),
            _ => self.expressions(),
        }
    }

    /// Behind a name: what continues a declaration, or the next statement after a decorator.
    fn after_name(&mut self, cursor: &Cursor<'_>) {
        use Keyword as K;
        use TokenKind as T;
        match cursor.back(1) {
            Some(T::Keyword(K::Model)) => self.keywords(&["extends", "is"]),
            Some(T::Keyword(K::Scalar | K::Interface)) => self.keywords(&["extends"]),
            Some(T::Keyword(K::Op)) => self.keywords(&["is"]),
            Some(T::At | T::Dot) => self.between(cursor),
            Some(T::LessThan) => self.keywords(&["extends"]),
            _ => {}
        }
    }

    /// Between statements or members.
    fn between(&mut self, cursor: &Cursor<'_>) {
        match cursor.block() {
            Block::Statements => self.keywords(keywords::STATEMENTS),
            Block::Members(Some(Keyword::Interface)) => self.keywords(&["op"]),
            Block::Members(Some(Keyword::Scalar)) => self.keywords(&["init"]),
            Block::Members(Some(Keyword::Union)) => self.expressions(),
            Block::Members(_) => {}
            Block::Object => self.object_keys(),
            Block::List => self.expressions(),
        }
    }

    fn keywords(&mut self, words: &[&str]) {
        for word in words {
            self.add(word, CompletionKind::Keyword, 5);
        }
    }

    /// Types and values, those that are asked for first.
    fn expressions(&mut self) {
        self.expected_values();
        for (name, visible) in self.service.visible(self.at) {
            match visible {
                Visible::Parameter(node) => self.add_subject(&name, CompletionKind::TemplateParameter, 1, node),
                Visible::Symbol(symbol) if !name.starts_with('@') => self.add_symbol(symbol, &name, ""),
                Visible::Symbol(_) => {}
            }
        }
        self.keywords(keywords::EXPRESSIONS);
    }

    /// Decorators: those in scope by name, the others by their namespace.
    fn decorators(&mut self) {
        let visible = self.service.visible(self.at);
        let mut known: Vec<SymbolId> = Vec::new();
        for (name, found) in visible {
            let Visible::Symbol(symbol) = found else { continue };
            if name.starts_with('@') {
                known.push(symbol);
                self.add_symbol(symbol, name.trim_start_matches('@'), "");
            }
        }
        for namespace in self.service.namespaces_below(self.service.program.global) {
            let path = self.path_of(namespace);
            for symbol in self.service.program[namespace].order.clone() {
                let own = &self.service.program[symbol];
                let is_decorator = own.kind == SymbolKind::Decorator && !path.is_empty();
                if is_decorator && !known.contains(&symbol) && self.service.may_use(symbol, self.at) {
                    let name = own.name.clone();
                    self.add_symbol(symbol, name.trim_start_matches('@'), &format!("{path}."));
                }
            }
        }
    }

    fn namespaces(&mut self) {
        for namespace in self.service.namespaces_below(self.service.program.global) {
            let path = self.path_of(namespace);
            if !path.is_empty() {
                self.add_subject_of(Subject::Namespace(namespace), &path, CompletionKind::Namespace, 2);
            }
        }
    }

    fn path_of(&self, symbol: SymbolId) -> String {
        let signature = self.service.signature(Subject::Namespace(symbol)).unwrap_or_default();
        signature.trim_start_matches("namespace").trim().to_owned()
    }

    fn add_symbol(&mut self, symbol: SymbolId, name: &str, qualifier: &str) {
        let own = &self.service.program[symbol];
        let kind = completion_kind(own.kind);
        let node = own.declarations.first().copied();
        let is_own = node.is_some_and(|node| self.is_own(node));
        let rank = match (is_own, qualifier) {
            (true, "") => 2,
            (_, "") => 3,
            _ => 4,
        };
        let subject = match (own.kind, node) {
            (SymbolKind::Namespace, _) => Subject::Namespace(symbol),
            (_, Some(node)) => Subject::Declaration(node),
            (_, None) => return,
        };
        let label = format!("{qualifier}{name}");
        self.add(&label, kind, rank);
        let (detail, docs) = (self.service.detail(symbol), self.service.description(subject));
        let deprecation = node.and_then(|node| self.service.program.type_of_node(node));
        let is_deprecated = deprecation.is_some_and(|ty| self.service.program.deprecation(ty).is_some());
        if let Some(last) = self.found.last_mut() {
            (last.detail, last.docs, last.is_deprecated) = (detail, docs, is_deprecated);
            last.insert = format!("{qualifier}{}", written_name(&format!("`{name}`"), Position::Other));
        }
    }

    fn is_own(&self, node: NodeId) -> bool {
        let file = self.service.program.ast.node(node).file;
        self.service.program.file(file).is_some_and(|file| file.origin == crate::program::Origin::Project)
    }

    fn add_subject(&mut self, name: &str, kind: CompletionKind, rank: u8, node: NodeId) {
        self.add_subject_of(Subject::Declaration(node), name, kind, rank);
    }

    fn add_subject_of(&mut self, subject: Subject, name: &str, kind: CompletionKind, rank: u8) {
        self.add(name, kind, rank);
        let signature = self.service.signature(subject);
        let docs = self.service.description(subject);
        if let Some(last) = self.found.last_mut() {
            last.detail = signature.and_then(|text| text.lines().next().map(str::to_owned));
            last.docs = docs;
        }
    }

    fn add(&mut self, label: &str, kind: CompletionKind, rank: u8) {
        self.found.push(Completion {
            label: label.to_owned(),
            kind,
            detail: None,
            docs: None,
            insert: label.to_owned(),
            span: self.span,
            rank,
            is_deprecated: false,
        });
    }

    /// The name of a member, in back-ticks where it needs them.
    fn add_member(&mut self, name: &Arc<str>, kind: CompletionKind, node: Option<NodeId>) {
        match node.filter(|node| self.service.program.ast.kind(*node) != NodeKind::MissingIdentifier) {
            Some(node) => self.add_subject(name, kind, 1, node),
            None => self.add(name, kind, 1),
        }
        if let Some(last) = self.found.last_mut() {
            last.insert = written_name(&format!("`{name}`"), Position::Member);
        }
    }
}

fn completion_kind(kind: SymbolKind) -> CompletionKind {
    match kind {
        SymbolKind::Namespace => CompletionKind::Namespace,
        SymbolKind::Model => CompletionKind::Model,
        SymbolKind::Scalar => CompletionKind::Scalar,
        SymbolKind::Enum => CompletionKind::Enum,
        SymbolKind::Union => CompletionKind::Union,
        SymbolKind::Interface => CompletionKind::Interface,
        SymbolKind::Operation => CompletionKind::Operation,
        SymbolKind::Alias => CompletionKind::Alias,
        SymbolKind::Const => CompletionKind::Const,
        SymbolKind::Decorator => CompletionKind::Decorator,
        SymbolKind::Function => CompletionKind::Function,
    }
}
