//! Tokens and trees.

mod identifier;
pub mod literal;
pub mod scanner;
mod token;
mod tree;

pub use token::{Keyword, KeywordClass, TokenKind};
pub use tree::{Child, Node, NodeKind};
