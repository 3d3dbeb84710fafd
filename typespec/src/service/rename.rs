//! New names.

use std::fmt;

use radii_diagnostics::{FileId, Span};

use super::references::Declarations;
use super::subject::Subject;
use super::{Edit, Service};
use crate::ast::NodeId;
use crate::format::{Position, name as written_name};
use crate::program::{Origin, SymbolId, SymbolKind};
use crate::syntax::NodeKind;

/// Why a name cannot be changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There is no name at the place.
    Nothing,
    /// The declaration belongs to a library.
    Foreign(String),
    /// The new name is no name.
    Invalid(String),
    /// Something else has the new name.
    Taken(String),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("there is no name here that could be changed"),
            Self::Foreign(name) => write!(f, "`{name}` belongs to a library; only your own names can be changed"),
            Self::Invalid(name) => write!(f, "`{name}` is no name: it is empty or has a line break or a back-tick"),
            Self::Taken(name) => write!(f, "`{name}` is the name of something else here; choose another one"),
        }
    }
}

impl std::error::Error for Refusal {}

impl Service<'_> {
    /// The name at an offset, if it can be changed.
    ///
    /// # Errors
    /// Nothing is named there, or what is named belongs to a library.
    pub fn prepare_rename(&self, file: FileId, offset: u32) -> Result<Span, Refusal> {
        self.renameable(file, offset).map(|(name, _)| self.program.ast.span(name))
    }

    /// Every edit that gives what is named at an offset a new name.
    ///
    /// # Errors
    /// As [`Service::prepare_rename`], or the new name is no name or is taken.
    pub fn rename(&self, file: FileId, offset: u32, new: &str) -> Result<Vec<Edit>, Refusal> {
        let (_, subject) = self.renameable(file, offset)?;
        let plain = new.strip_prefix('`').and_then(|rest| rest.strip_suffix('`')).unwrap_or(new);
        if plain.trim().is_empty() || plain.contains(['`', '\n', '\r', '\\']) {
            return Err(Refusal::Invalid(new.to_owned()));
        }
        if self.is_taken(subject, plain) {
            return Err(Refusal::Taken(plain.to_owned()));
        }
        // Quoted, so that what is no identifier gets its back-ticks.
        let text = written_name(&format!("`{plain}`"), Position::Other);
        let spans = self.uses(subject, Declarations::Included);
        Ok(spans.into_iter().map(|span| Edit { span, text: text.clone() }).collect())
    }

    fn renameable(&self, file: FileId, offset: u32) -> Result<(NodeId, Subject), Refusal> {
        let (name, subject) = self.subject_at(file, offset).ok_or(Refusal::Nothing)?;
        if matches!(subject, Subject::File(_)) {
            return Err(Refusal::Nothing);
        }
        let own = |span: &Span| self.program.file(span.file).is_some_and(|file| file.origin == Origin::Project);
        if !self.declarations(subject).iter().all(own) {
            return Err(Refusal::Foreign(self.program.ast.text(name).to_owned()));
        }
        Ok((name, subject))
    }

    fn is_taken(&self, subject: Subject, name: &str) -> bool {
        match subject {
            Subject::File(_) => false,
            Subject::Namespace(symbol) => self.is_exported_beside(symbol, name),
            Subject::Declaration(node) => match self.program.bindings.symbol_of.get(&node) {
                Some(symbol) => self.is_exported_beside(*symbol, name),
                None => self.is_member_beside(node, name),
            },
        }
    }

    fn is_exported_beside(&self, symbol: SymbolId, name: &str) -> bool {
        let own = &self.program[symbol];
        let key = if own.kind == SymbolKind::Decorator { format!("@{name}") } else { name.to_owned() };
        own.parent.is_some_and(|parent| self.program[parent].exports.get(&*key).is_some_and(|found| *found != symbol))
    }

    fn is_member_beside(&self, node: NodeId, name: &str) -> bool {
        let ast = &self.program.ast;
        let Some(parent) = ast.parent(node) else { return false };
        ast.children(parent).filter(|other| *other != node && ast.kind(*other) != NodeKind::Spread).any(|other| {
            crate::checker::name_node(self.program, other).is_some_and(|id| crate::checker::identifier(ast, id) == name)
        })
    }
}
