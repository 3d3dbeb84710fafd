//! What each word of a text is, for highlighting, and which lines belong together, for folding.

use std::collections::HashMap;

use radii_diagnostics::{FileId, Span};

use super::Service;
use super::subject::Subject;
use crate::ast::NodeId;
use crate::syntax::scanner::{Scanner, Token};
use crate::syntax::{NodeKind, TokenKind};

/// What a word is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "named after the declarations and tokens of the language")]
pub enum Role {
    Comment,
    Keyword,
    Text,
    Number,
    Operator,
    Namespace,
    Model,
    Scalar,
    Alias,
    Union,
    Enum,
    EnumMember,
    Interface,
    Operation,
    Function,
    Property,
    Parameter,
    TypeParameter,
    Constant,
    Decorator,
}

/// A word of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word {
    /// Where it stands; comments and texts may go over several lines.
    pub span: Span,
    /// What it is.
    pub role: Role,
    /// Whether it is the name that a declaration gives.
    pub is_declaration: bool,
}

/// Lines that can be hidden behind the first one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fold {
    /// From the first line's text to the last one's.
    pub span: Span,
    /// What they are.
    pub kind: FoldKind,
}

/// What folded lines are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FoldKind {
    /// What stands between braces, brackets or parentheses.
    Block,
    /// A comment.
    Comment,
    /// Imports and usings that follow each other.
    Imports,
}

impl Service<'_> {
    /// The words of a file in their order; punctuation is left out.
    pub fn words(&self, file: FileId) -> Vec<Word> {
        let text = self.text(file);
        let names = self.names(file);
        let mut words = Vec::new();
        let mut after_at = false;
        for token in tokens(file, text) {
            let span = Span::new(file, token.start, token.end);
            let word = |role| Word { span, role, is_declaration: false };
            let found = match token.kind {
                TokenKind::SingleLineComment | TokenKind::MultiLineComment => Some(word(Role::Comment)),
                TokenKind::StringLiteral
                | TokenKind::StringTemplateHead
                | TokenKind::StringTemplateMiddle
                | TokenKind::StringTemplateTail => Some(word(Role::Text)),
                TokenKind::NumericLiteral => Some(word(Role::Number)),
                TokenKind::At | TokenKind::AtAt => Some(word(Role::Decorator)),
                TokenKind::Bar
                | TokenKind::Ampersand
                | TokenKind::Equals
                | TokenKind::Question
                | TokenKind::Ellipsis => Some(word(Role::Operator)),
                TokenKind::Identifier | TokenKind::Keyword(_) => Some(self.named(&names, span, token, after_at)),
                _ => None,
            };
            if !token.kind.is_trivia() {
                after_at = matches!(token.kind, TokenKind::At | TokenKind::AtAt)
                    || after_at && matches!(token.kind, TokenKind::Identifier | TokenKind::Dot);
            }
            words.extend(found);
        }
        words
    }

    /// The nodes of names by where they start.
    fn names(&self, file: FileId) -> HashMap<u32, NodeId> {
        let ast = &self.program.ast;
        let mut names = HashMap::new();
        let mut open: Vec<NodeId> = ast.file(file).map(|file| file.root).into_iter().collect();
        while let Some(node) = open.pop() {
            if ast.kind(node) == NodeKind::Identifier {
                names.insert(ast.span(node).start, node);
            }
            open.extend(ast.children(node));
        }
        names
    }

    fn named(&self, names: &HashMap<u32, NodeId>, span: Span, token: Token, after_at: bool) -> Word {
        let node = names.get(&span.start).copied();
        let word = |role, is_declaration| Word { span, role, is_declaration };
        let Some(node) = node else {
            let role = if matches!(token.kind, TokenKind::Keyword(_)) { Role::Keyword } else { Role::Property };
            return word(role, false);
        };
        let ast = &self.program.ast;
        match self.subject_of(node) {
            Some(Subject::Namespace(_)) => word(Role::Namespace, false),
            Some(Subject::Declaration(declaration)) => {
                let is_declaration =
                    ast.parent(node) == Some(declaration) && !self.program.definitions.contains_key(&node);
                word(self.role(declaration), is_declaration)
            }
            _ if after_at => word(Role::Decorator, false),
            // What is named is unknown: most names are those of types.
            _ => word(Role::Model, false),
        }
    }

    fn role(&self, declaration: NodeId) -> Role {
        let ast = &self.program.ast;
        match ast.kind(declaration) {
            NodeKind::Namespace => Role::Namespace,
            NodeKind::Scalar => Role::Scalar,
            NodeKind::Alias => Role::Alias,
            NodeKind::Union => Role::Union,
            NodeKind::Enum => Role::Enum,
            NodeKind::EnumMember | NodeKind::UnionVariant => Role::EnumMember,
            NodeKind::Interface => Role::Interface,
            NodeKind::Operation => Role::Operation,
            NodeKind::FunctionDeclaration | NodeKind::ScalarConstructor => Role::Function,
            NodeKind::ModelProperty => Role::Property,
            NodeKind::FunctionParameter => Role::Parameter,
            NodeKind::TemplateParameter => Role::TypeParameter,
            NodeKind::Const => Role::Constant,
            NodeKind::DecoratorDeclaration => Role::Decorator,
            _ => Role::Model,
        }
    }

    /// What can be folded, sorted by where it starts.
    pub fn folds(&self, file: FileId) -> Vec<Fold> {
        let text = self.text(file);
        let mut folds = Vec::new();
        let mut open: Vec<usize> = Vec::new();
        // Line comments below each other are one.
        let mut comment: Option<(usize, usize)> = None;
        let mut breaks = 0;
        for token in tokens(file, text) {
            match token.kind {
                TokenKind::SingleLineComment => {
                    comment = match comment.filter(|_| breaks <= 1) {
                        Some((start, _)) => Some((start, token.end)),
                        None => {
                            folds.extend(comment.map(|(start, end)| (start, end, FoldKind::Comment)));
                            Some((token.start, token.end))
                        }
                    };
                    breaks = 0;
                    continue;
                }
                TokenKind::NewLine => breaks += 1,
                kind if kind.is_trivia() && kind != TokenKind::MultiLineComment => {}
                kind => {
                    folds.extend(comment.take().map(|(start, end)| (start, end, FoldKind::Comment)));
                    match kind {
                        TokenKind::MultiLineComment => folds.push((token.start, token.end, FoldKind::Comment)),
                        TokenKind::OpenBrace
                        | TokenKind::OpenBracket
                        | TokenKind::OpenParen
                        | TokenKind::HashBrace
                        | TokenKind::HashBracket => open.push(token.start),
                        TokenKind::CloseBrace | TokenKind::CloseBracket | TokenKind::CloseParen => {
                            folds.extend(open.pop().map(|start| (start, token.start, FoldKind::Block)));
                        }
                        _ => {}
                    }
                }
            }
        }
        folds.extend(comment.map(|(start, end)| (start, end, FoldKind::Comment)));
        folds.extend(self.import_fold(file));
        let mut folds: Vec<Fold> = folds
            .into_iter()
            .filter(|(start, end, _)| text[*start..*end].contains('\n'))
            .map(|(start, end, kind)| Fold { span: Span::new(file, start, end), kind })
            .collect();
        folds.sort_by_key(|fold| (fold.span.start, fold.span.end));
        folds
    }

    fn import_fold(&self, file: FileId) -> Option<(usize, usize, FoldKind)> {
        let ast = &self.program.ast;
        let root = ast.file(file)?.root;
        let is_import = |node: &NodeId| matches!(ast.kind(*node), NodeKind::Import | NodeKind::Using);
        let mut imports = ast.children(root).filter(is_import);
        let first = imports.next()?;
        let last = imports.next_back()?;
        Some((ast.span(first).start as usize, ast.span(last).end as usize, FoldKind::Imports))
    }
}

/// All tokens of a text; the parts of string templates are told from the braces between them.
fn tokens(file: FileId, text: &str) -> Vec<Token> {
    let mut scanner = Scanner::new(file, text);
    let mut tokens = Vec::new();
    // Of each template that is open: how many braces are open in its expression, and whether it has triple quotes.
    let mut templates: Vec<(usize, bool)> = Vec::new();
    loop {
        let mut token = scanner.next_token();
        match token.kind {
            TokenKind::EndOfFile => return tokens,
            TokenKind::StringTemplateHead => templates.push((0, text[token.start..].starts_with("\"\"\""))),
            TokenKind::OpenBrace | TokenKind::HashBrace => {
                if let Some((braces, _)) = templates.last_mut() {
                    *braces += 1;
                }
            }
            TokenKind::CloseBrace => match templates.last_mut() {
                Some((0, triple)) => {
                    token = scanner.rescan_template(token.start, *triple);
                    if token.kind == TokenKind::StringTemplateTail {
                        templates.pop();
                    }
                }
                Some((braces, _)) => *braces -= 1,
                None => {}
            },
            _ => {}
        }
        tokens.push(token);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::{Options, Registry, compile};

    const TEXT: &str = "import \"./a.tsp\";\nusing A;\n\n// one\n// two\n/** Docs. */\n@doc(\"x ${\"y\"} z\")\nmodel M<T> {\n  p?: T;\n  e: E.one;\n}\nenum E {\n  one,\n}\n";

    fn service<T>(text: &str, ask: impl FnOnce(Service<'_>, FileId) -> T) -> T {
        let world = BTreeMap::from([
            ("main.tsp".to_owned(), text.to_owned()),
            ("a.tsp".to_owned(), "namespace A;\n".to_owned()),
        ]);
        let compilation = compile(&world, "main.tsp", &Options::default(), &Registry::standard());
        let service = Service::new(&compilation);
        let file = service.find_file("main.tsp").unwrap();
        ask(service, file)
    }

    #[test]
    fn words_are_told_apart_by_what_they_stand_for() {
        let words: Vec<(String, Role)> = service(TEXT, |service, file| {
            let text = |word: &Word| TEXT[word.span.start as usize..word.span.end as usize].to_owned();
            service.words(file).iter().map(|word| (text(word), word.role)).collect()
        });
        let role = |wanted: &str| words.iter().find(|(text, _)| text == wanted).map(|(_, role)| *role);
        assert_eq!(role("import"), Some(Role::Keyword));
        assert_eq!(role("A"), Some(Role::Namespace));
        assert_eq!(role("doc"), Some(Role::Decorator));
        assert_eq!(role("M"), Some(Role::Model));
        assert_eq!(role("T"), Some(Role::TypeParameter));
        assert_eq!(role("p"), Some(Role::Property));
        assert_eq!(role("E"), Some(Role::Enum));
        assert_eq!(role("one"), Some(Role::EnumMember));
        assert_eq!(role("} z\""), Some(Role::Text));
        assert_eq!(role("// one"), Some(Role::Comment));
    }

    #[test]
    fn blocks_comments_and_imports_fold() {
        let folds: Vec<(usize, usize, FoldKind)> = service(TEXT, |service, file| {
            let line = |offset: u32| TEXT[..offset as usize].matches('\n').count();
            service.folds(file).iter().map(|fold| (line(fold.span.start), line(fold.span.end), fold.kind)).collect()
        });
        assert_eq!(
            folds,
            [(0, 1, FoldKind::Imports), (3, 4, FoldKind::Comment), (7, 10, FoldKind::Block), (11, 13, FoldKind::Block)]
        );
    }

    #[test]
    fn broken_texts_have_words_and_folds_too() {
        for text in ["model A {", "\"a ${b", "}}}", "@", "/*", "model A { x: \"${{}\n"] {
            service(text, |service, file| (service.words(file).len(), service.folds(file).len()));
        }
    }
}
