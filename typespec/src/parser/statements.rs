//! Statements: what stands at the top of a file or of a namespace.

use radii_diagnostics::{Fix, Span};

use super::{Checkpoint, Parser, lists};
use crate::syntax::{Keyword, NodeKind, TokenKind};

use Keyword as K;
use TokenKind as T;

/// What a statement was, for the rules about their order.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Item {
    Import,
    Using,
    BlocklessNamespace,
    /// A semicolon alone.
    Empty,
    Declaration,
}

/// Annotations before a declaration.
#[derive(Default)]
pub(super) struct Annotations {
    /// Spans of the decorators.
    pub decorators: Vec<(usize, usize)>,
    /// Spans of the directives.
    pub directives: Vec<(usize, usize)>,
}

impl Annotations {
    /// Whether there is neither decorator nor directive.
    pub fn is_bare(&self) -> bool {
        self.decorators.is_empty() && self.directives.is_empty()
    }
}

impl Parser<'_> {
    pub(super) fn script(&mut self) {
        let mut seen: Vec<Item> = Vec::new();
        let mut stray = None;
        while !self.at(T::EndOfFile) {
            let from = self.checkpoint();
            let annotations = self.annotations(true);
            let item = self.statement(from, &annotations);
            let (start, end) = (from.start, self.previous_end);
            match item {
                Item::BlocklessNamespace => {
                    if seen.contains(&Item::BlocklessNamespace) {
                        let message = "Cannot use multiple blockless namespaces.";
                        self.error_at("multiple-blockless-namespace", message, start, end);
                    }
                    let message = "Blockless namespaces can't follow other declarations.";
                    match stray.take().filter(|_| !seen.contains(&Item::Declaration)) {
                        Some(place) => self.stray_semicolon("blockless-namespace-first", message, place),
                        None if seen.contains(&Item::Declaration) => {
                            self.error_at("blockless-namespace-first", message, start, end);
                        }
                        None => {}
                    }
                }
                Item::Import if seen.iter().any(|item| *item != Item::Import) => {
                    let message = "Imports must come prior to namespaces or other declarations.";
                    let is_other = |item: &Item| !matches!(item, Item::Import | Item::Empty);
                    match stray.take().filter(|_| !seen.iter().any(is_other)) {
                        Some(place) => self.stray_semicolon("import-first", message, place),
                        None if seen.iter().any(is_other) => self.error_at("import-first", message, start, end),
                        None => {}
                    }
                }
                Item::Empty if !seen.contains(&Item::Empty) => stray = Some((start, end)),
                _ => {}
            }
            if !seen.contains(&item) {
                seen.push(item);
            }
        }
    }

    /// A semicolon too many makes what follows come too late.
    fn stray_semicolon(&mut self, code: &'static str, message: &str, (start, end): (usize, usize)) {
        self.error_at(code, message, start, end);
        let title = "remove `;`".to_owned();
        let fix = Fix { title, span: Span::new(self.file, start, end), replacement: String::new(), sure: true };
        if let Some(diagnostic) = self.diagnostics.last_mut() {
            diagnostic.help =
                Some("remove the second `;`: it is a statement, and makes what follows come too late".to_owned());
            diagnostic.fixes = vec![fix];
        }
    }

    pub(super) fn block(&mut self) {
        self.deeper(|parser| {
            while !parser.at_any(&[T::CloseBrace, T::EndOfFile]) {
                let from = parser.checkpoint();
                let annotations = parser.annotations(true);
                if parser.at(T::EndOfFile) {
                    break;
                }
                let item = parser.statement(from, &annotations);
                let (start, end) = (from.start, parser.previous_end);
                match item {
                    Item::Import => {
                        let message = "Imports must be top-level and come prior to namespaces or other declarations.";
                        parser.error_at("import-first", message, start, end);
                    }
                    Item::BlocklessNamespace => {
                        let message = "Blockless namespace can only be top-level.";
                        parser.error_at("blockless-namespace-first", message, start, end);
                    }
                    _ => {}
                }
            }
        });
    }

    /// Parses one statement behind its annotations.
    fn statement(&mut self, from: Checkpoint, annotations: &Annotations) -> Item {
        match self.token.kind {
            T::Keyword(K::Import) => {
                self.refuse_decorators(annotations, "import statement");
                self.bump();
                if self.at(T::StringLiteral) {
                    self.string_literal();
                } else {
                    self.expect(T::StringLiteral);
                }
                self.expect(T::Semicolon);
                self.finish(NodeKind::Import, from);
                return Item::Import;
            }
            T::Keyword(K::Using) => {
                self.refuse_decorators(annotations, "using statement");
                self.bump();
                self.member_reference("Identifier expected.", false);
                self.expect(T::Semicolon);
                self.finish(NodeKind::Using, from);
                return Item::Using;
            }
            T::AtAt => self.augment_decorator(from, annotations),
            T::Semicolon => {
                self.refuse_decorators(annotations, "empty statement");
                self.bump();
                self.finish(NodeKind::EmptyStatement, from);
                return Item::Empty;
            }
            _ => return self.declaration(from, annotations),
        }
        Item::Declaration
    }

    fn declaration(&mut self, from: Checkpoint, annotations: &Annotations) -> Item {
        let modifiers = self.checkpoint();
        while self.token.kind.is_modifier() {
            self.bump();
        }
        if self.previous_end > modifiers.start {
            self.finish(NodeKind::Modifiers, modifiers);
        }
        match self.token.kind {
            T::Keyword(K::Namespace) => return self.namespace(from),
            T::Keyword(K::Model) => self.model(from),
            T::Keyword(K::Scalar) => self.scalar(from),
            T::Keyword(K::Interface) => self.interface(from),
            T::Keyword(K::Union) => self.union(from),
            T::Keyword(K::Op) => self.operation_statement(from),
            T::Keyword(K::Enum) => self.enumeration(from),
            T::Keyword(K::Alias) => {
                self.refuse_decorators(annotations, "alias statement");
                self.alias(from);
            }
            T::Keyword(K::Const) => {
                self.refuse_decorators(annotations, "const statement");
                self.constant(from);
            }
            T::Keyword(K::Dec) => self.decorator_declaration(from),
            T::Keyword(K::Fn) => self.function_declaration(from),
            _ => self.invalid_statement(from),
        }
        Item::Declaration
    }

    /// Skips what is no statement, and reports it once.
    fn invalid_statement(&mut self, from: Checkpoint) {
        loop {
            self.bump();
            let stops = self.token.kind.is_statement_keyword() || self.at_any(&[T::At, T::Semicolon, T::EndOfFile]);
            if stops {
                break;
            }
        }
        self.error_at("token-expected", "Statement expected.", from.start, self.previous_end);
        self.finish(NodeKind::InvalidStatement, from);
    }

    fn namespace(&mut self, from: Checkpoint) -> Item {
        self.bump();
        self.identifier("Identifier expected.");
        while self.eat(T::Dot) {
            self.identifier("Identifier expected.");
        }
        let blockless = self.expect_one_of(&[T::Semicolon, T::OpenBrace]) && self.at(T::Semicolon);
        if blockless {
            self.bump();
        } else if self.eat(T::OpenBrace) {
            self.block();
            self.expect(T::CloseBrace);
        } else {
            self.expect(T::OpenBrace);
        }
        self.finish(NodeKind::Namespace, from);
        if blockless { Item::BlocklessNamespace } else { Item::Declaration }
    }

    fn alias(&mut self, from: Checkpoint) {
        self.bump();
        self.identifier("Identifier expected.");
        self.template_parameters();
        self.expect(T::Equals);
        self.expression();
        self.expect(T::Semicolon);
        self.finish(NodeKind::Alias, from);
    }

    fn constant(&mut self, from: Checkpoint) {
        self.bump();
        self.identifier("Identifier expected.");
        if self.eat(T::Colon) {
            self.mixed_expression();
        }
        self.expect(T::Equals);
        self.expression();
        self.expect(T::Semicolon);
        self.finish(NodeKind::Const, from);
    }

    fn decorator_declaration(&mut self, from: Checkpoint) {
        self.bump();
        self.identifier("Identifier expected.");
        let parameters = self.function_parameters();
        let end = self.previous_end;
        match parameters.first() {
            None => {
                let message = "dec must have at least one parameter.";
                self.error_at("decorator-decl-target", message, from.start, end);
            }
            Some(first) if first.optional => {
                let message = "dec first parameter must be required.";
                self.error_at("decorator-decl-target", message, from.start, end);
            }
            Some(_) => {}
        }
        self.expect(T::Semicolon);
        self.finish(NodeKind::DecoratorDeclaration, from);
    }

    fn function_declaration(&mut self, from: Checkpoint) {
        self.bump();
        self.identifier("Identifier expected.");
        self.function_parameters();
        if self.eat(T::Colon) {
            self.mixed_expression();
        }
        self.expect(T::Semicolon);
        self.finish(NodeKind::FunctionDeclaration, from);
    }

    fn augment_decorator(&mut self, from: Checkpoint, annotations: &Annotations) {
        self.refuse_decorators(annotations, "augment decorator statement");
        self.bump();
        self.member_reference("Identifier expected.", true);
        let arguments = self.checkpoint();
        let has_target = self.at(T::OpenParen);
        let mut first = None;
        if has_target {
            self.list(&lists::ARGUMENTS, Parser::argument);
            self.finish(NodeKind::Arguments, arguments);
            first = self.first_argument_kind();
        }
        if first != Some(NodeKind::Reference) {
            let message = "Augment decorator first argument must be a type reference.";
            let at = if has_target { arguments.start } else { self.token.start };
            self.error_at("augment-decorator-target", message, at, self.previous_end.max(at));
        }
        self.expect(T::Semicolon);
        self.finish(NodeKind::AugmentDecorator, from);
    }

    /// The kind of the first argument of the list that was just finished.
    fn first_argument_kind(&self) -> Option<NodeKind> {
        match self.children.last() {
            Some(crate::syntax::Child::Node(arguments)) => arguments.nodes().next().map(|node| node.kind),
            _ => None,
        }
    }

    /// Parses decorators, directives and doc comments before a declaration or member.
    pub(super) fn annotations(&mut self, with_docs: bool) -> Annotations {
        let mut annotations = Annotations::default();
        if with_docs {
            self.docs();
        }
        loop {
            let from = self.checkpoint();
            match self.token.kind {
                T::Hash => {
                    self.directive(from);
                    annotations.directives.push((from.start, self.previous_end));
                }
                T::At => {
                    self.decorator(from);
                    annotations.decorators.push((from.start, self.previous_end));
                }
                _ => return annotations,
            }
            if with_docs {
                self.docs();
            }
        }
    }

    fn decorator(&mut self, from: Checkpoint) {
        self.bump();
        self.member_reference("Identifier expected.", true);
        if self.at(T::OpenParen) {
            let arguments = self.checkpoint();
            self.list(&lists::ARGUMENTS, Parser::argument);
            self.finish(NodeKind::Arguments, arguments);
        }
        self.finish(NodeKind::Decorator, from);
    }

    fn directive(&mut self, from: Checkpoint) {
        self.bump();
        // A deprecation without its message ends where its line does, so that this is what is told.
        let behind = self.text.get(self.token.end..).unwrap_or_default();
        let ends_line = behind.trim_start_matches([' ', '\t']).starts_with(['\n', '\r']);
        self.new_line_is_trivia = !(ends_line && self.text[self.token.start..].starts_with("deprecated"));
        let is_bare = !self.new_line_is_trivia;
        let name = self.identifier("Identifier expected.");
        if is_bare {
            let message = "#deprecation directive is expecting a message argument but none was provided.";
            self.error_at("invalid-deprecation-argument", message, from.start, self.previous_end);
        }
        if !matches!(name.as_str(), "suppress" | "deprecated") {
            // As many characters as the name has, from the sign on.
            let mut rest = self.text[from.start..].chars();
            let widths = name.chars().map(|_| rest.next().map_or(1, char::len_utf8));
            let end = from.start + widths.sum::<usize>();
            self.error_at("unknown-directive", &format!("Unknown directive '#{name}'"), from.start, end);
        }
        // The line break counts only behind the first token after the name; the reference does the same.
        self.new_line_is_trivia = false;
        while !self.at_any(&[T::NewLine, T::EndOfFile]) {
            match self.token.kind {
                T::Identifier => {
                    self.identifier("Identifier expected.");
                }
                T::StringLiteral => self.string_literal(),
                other => {
                    let message = format!("Unexpected token {}", other.internal_name());
                    self.error_here("token-expected", &message);
                    self.skip_directive_rest();
                }
            }
        }
        self.new_line_is_trivia = true;
        self.finish(NodeKind::Directive, from);
        self.read_past_new_line();
    }

    fn skip_directive_rest(&mut self) {
        loop {
            self.bump();
            let stops =
                self.token.kind.is_statement_keyword() || self.at_any(&[T::NewLine, T::At, T::Semicolon, T::EndOfFile]);
            if stops {
                return;
            }
        }
    }

    fn read_past_new_line(&mut self) {
        if self.at(T::NewLine) {
            self.trivia.push(self.token);
            self.read();
        }
    }

    /// Complains about decorators where none may stand.
    pub(super) fn refuse_decorators(&mut self, annotations: &Annotations, what: &str) {
        for (start, end) in &annotations.decorators {
            self.error_at("invalid-decorator-location", &format!("Cannot decorate {what}."), *start, *end);
        }
    }

    /// Complains about decorators and directives where none may stand.
    pub(super) fn refuse_annotations(&mut self, annotations: &Annotations, what: &str) {
        self.refuse_decorators(annotations, what);
        for (start, end) in &annotations.directives {
            let message = format!("Cannot place directive on {what}.");
            self.error_at("invalid-directive-location", &message, *start, *end);
        }
    }
}
