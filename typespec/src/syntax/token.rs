//! Kinds of tokens.

/// A kind of token or trivia.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// The end of the text.
    EndOfFile,
    /// A character that starts no token.
    Invalid,
    /// `// …`
    SingleLineComment,
    /// `/* … */`, doc comments included.
    MultiLineComment,
    /// A line break.
    NewLine,
    /// Other white space.
    Whitespace,
    /// What version control leaves behind when a merge fails.
    ConflictMarker,
    /// A number.
    NumericLiteral,
    /// A string without interpolation.
    StringLiteral,
    /// `"…${`
    StringTemplateHead,
    /// `}…${`
    StringTemplateMiddle,
    /// `}…"`
    StringTemplateTail,
    /// A name, with or without back-ticks.
    Identifier,
    /// A reserved word.
    Keyword(Keyword),
    /// `{`
    OpenBrace,
    /// `}`
    CloseBrace,
    /// `(`
    OpenParen,
    /// `)`
    CloseParen,
    /// `[`
    OpenBracket,
    /// `]`
    CloseBracket,
    /// `.`
    Dot,
    /// `...`
    Ellipsis,
    /// `;`
    Semicolon,
    /// `,`
    Comma,
    /// `<`
    LessThan,
    /// `>`
    GreaterThan,
    /// `=`
    Equals,
    /// `&`
    Ampersand,
    /// `|`
    Bar,
    /// `?`
    Question,
    /// `::`
    ColonColon,
    /// `:`
    Colon,
    /// `@`
    At,
    /// `@@`
    AtAt,
    /// `#`
    Hash,
    /// `#{`
    HashBrace,
    /// `#[`
    HashBracket,
    /// `*`
    Star,
    /// `/`
    ForwardSlash,
    /// `+`
    Plus,
    /// `-`
    Hyphen,
    /// `!`
    Exclamation,
    /// `<=`
    LessThanEquals,
    /// `>=`
    GreaterThanEquals,
    /// `&&`
    AmpersandAmpersand,
    /// `||`
    BarBar,
    /// `==`
    EqualsEquals,
    /// `!=`
    ExclamationEquals,
    /// `=>`
    EqualsGreaterThan,
}

/// How a keyword may be used as a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeywordClass {
    /// Starts a statement; error recovery stops there.
    Statement,
    /// May be a member's name.
    Modifier,
    /// Means something inside statements.
    Other,
    /// Means nothing yet.
    Reserved,
}

macro_rules! keywords {
    ($($class:ident: $($name:ident $text:literal),*;)*) => {
        /// Every reserved word.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[expect(missing_docs, reason = "the word itself says all")]
        pub enum Keyword { $($($name,)*)* }

        impl Keyword {
            /// Returns the keyword that a text spells.
            pub fn find(text: &str) -> Option<Self> {
                match text { $($($text => Some(Self::$name),)*)* _ => None }
            }

            /// The word.
            pub fn text(self) -> &'static str {
                match self { $($(Self::$name => $text,)*)* }
            }

            /// How it may be used as a name.
            pub fn class(self) -> KeywordClass {
                match self { $($(Self::$name => KeywordClass::$class,)*)* }
            }
        }
    };
}

keywords! {
    Statement: Import "import", Model "model", Scalar "scalar", Namespace "namespace", Using "using", Op "op",
        Enum "enum", Alias "alias", Is "is", Interface "interface", Union "union", Projection "projection",
        Else "else", If "if", Dec "dec", Const "const", Init "init";
    Modifier: Extern "extern", Internal "internal", Auto "auto";
    Other: Extends "extends", Fn "fn", True "true", False "false", Return "return", Void "void", Never "never",
        Unknown "unknown", ValueOf "valueof", TypeOf "typeof";
    Reserved: StateMachine "statemachine", Macro "macro", Package "package", Metadata "metadata", Env "env",
        Arg "arg", Declare "declare", Array "array", Struct "struct", Record "record", Module "module", Mod "mod",
        Sym "sym", Context "context", Prop "prop", Property "property", Scenario "scenario", Pub "pub", Sub "sub",
        TypeRef "typeref", Trait "trait", This "this", Self_ "self", Super "super", KeyOf "keyof", With "with",
        Implements "implements", Impl "impl", Satisfies "satisfies", Flag "flag", Partial "partial",
        Private "private", Public "public", Protected "protected", Sealed "sealed", Local "local", Async "async";
}

impl TokenKind {
    /// Whether the parser never sees it.
    pub fn is_trivia(self) -> bool {
        use TokenKind::{ConflictMarker, MultiLineComment, NewLine, SingleLineComment, Whitespace};
        matches!(self, SingleLineComment | MultiLineComment | NewLine | Whitespace | ConflictMarker)
    }

    /// Whether it is punctuation: what is missing then belongs right behind the token before.
    pub fn is_punctuation(self) -> bool {
        use TokenKind as T;
        !self.is_trivia()
            && !matches!(
                self,
                T::EndOfFile
                    | T::Invalid
                    | T::NumericLiteral
                    | T::StringLiteral
                    | T::StringTemplateHead
                    | T::StringTemplateMiddle
                    | T::StringTemplateTail
                    | T::Identifier
                    | T::Keyword(_)
            )
    }

    /// Whether error recovery stops at it.
    pub fn is_statement_keyword(self) -> bool {
        matches!(self, TokenKind::Keyword(word) if word.class() == KeywordClass::Statement)
    }

    /// Whether it is a word that can be no name at all.
    pub fn is_keyword(self) -> bool {
        matches!(self, TokenKind::Keyword(word) if word.class() != KeywordClass::Reserved)
    }

    /// Whether it is a word kept for later.
    pub fn is_reserved_keyword(self) -> bool {
        matches!(self, TokenKind::Keyword(word) if word.class() == KeywordClass::Reserved)
    }

    /// Whether it is a modifier, which may name members.
    pub fn is_modifier(self) -> bool {
        matches!(self, TokenKind::Keyword(word) if word.class() == KeywordClass::Modifier)
    }

    /// The token as "unexpected token" messages show it: the kind's name.
    pub fn internal_name(self) -> String {
        match self {
            TokenKind::Keyword(word) => format!("{word:?}Keyword"),
            other => format!("{other:?}"),
        }
    }

    /// The token as messages show it: punctuation and keywords in quotes, others by name.
    pub fn display(self) -> String {
        let text = match self {
            TokenKind::Keyword(word) => word.text(),
            TokenKind::OpenBrace => "{",
            TokenKind::CloseBrace => "}",
            TokenKind::OpenParen => "(",
            TokenKind::CloseParen => ")",
            TokenKind::OpenBracket => "[",
            TokenKind::CloseBracket => "]",
            TokenKind::Dot => ".",
            TokenKind::Ellipsis => "...",
            TokenKind::Semicolon => ";",
            TokenKind::Comma => ",",
            TokenKind::LessThan => "<",
            TokenKind::GreaterThan => ">",
            TokenKind::Equals => "=",
            TokenKind::Ampersand => "&",
            TokenKind::Bar => "|",
            TokenKind::Question => "?",
            TokenKind::ColonColon => "::",
            TokenKind::Colon => ":",
            TokenKind::At => "@",
            TokenKind::AtAt => "@@",
            TokenKind::Hash => "#",
            TokenKind::HashBrace => "#{",
            TokenKind::HashBracket => "#[",
            TokenKind::EqualsGreaterThan => "=>",
            TokenKind::Identifier => return "identifier".to_owned(),
            TokenKind::StringLiteral => return "string literal".to_owned(),
            TokenKind::NumericLiteral => return "numeric literal".to_owned(),
            TokenKind::StringTemplateHead => return "string template head".to_owned(),
            TokenKind::StringTemplateMiddle => return "string template middle".to_owned(),
            TokenKind::StringTemplateTail => return "string template tail".to_owned(),
            other => return format!("{other:?}"),
        };
        format!("'{text}'")
    }
}
