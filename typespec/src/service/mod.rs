//! What editors ask of a compiled program: what a place means, where it is declared and used, what could stand there.
//!
//! Everything here is pure and speaks of byte offsets; protocols and files are somebody else's. The program may
//! be as broken as a text is while it is being typed.

mod actions;
mod call;
mod completion;
mod cursor;
mod expected;
mod hover;
mod outline;
mod references;
mod rename;
mod scope;
mod signature;
mod subject;
mod tokens;

use radii_diagnostics::{FileId, Span};

use crate::compile::Compilation;
use crate::program::Program;

pub use actions::Action;
pub use call::Call;
pub use completion::{Completion, CompletionKind};
pub use hover::Hover;
pub use outline::{OutlineItem, OutlineKind};
pub use rename::Refusal;
pub use tokens::{Fold, FoldKind, Role, Word};

/// A replacement of text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// What is replaced.
    pub span: Span,
    /// What stands there afterwards.
    pub text: String,
}

/// Answers about one compilation.
#[derive(Clone, Copy, Debug)]
pub struct Service<'a> {
    compilation: &'a Compilation,
    program: &'a Program,
}

impl<'a> Service<'a> {
    /// Returns a service over a compilation.
    pub fn new(compilation: &'a Compilation) -> Self {
        Self { compilation, program: &compilation.program }
    }

    /// Returns a file of the program by its path.
    pub fn find_file(&self, path: &str) -> Option<FileId> {
        self.program.files.iter().find(|file| &*file.path == path).map(|file| file.id)
    }

    /// The text of a file; empty for one that is not part of the program.
    fn text(&self, file: FileId) -> &'a str {
        self.program.ast.file(file).map_or("", |file| &file.text)
    }

    /// An offset that is inside a file's text and between two characters.
    fn clamp(&self, file: FileId, offset: u32) -> u32 {
        let text = self.text(file);
        let mut offset = (offset as usize).min(text.len());
        while !text.is_char_boundary(offset) {
            offset -= 1;
        }
        offset as u32
    }
}
