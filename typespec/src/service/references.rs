//! Where a name is used.

use radii_diagnostics::{FileId, Span};

use super::Service;
use super::subject::Subject;
use crate::ast::NodeId;

/// Whether the places of declaration are wanted as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Declarations {
    Included,
    Excluded,
}

impl Service<'_> {
    /// Every place in the program that names what is named at an offset, sorted; with `declarations` those too.
    pub fn references(&self, file: FileId, offset: u32, declarations: bool) -> Vec<Span> {
        let wanted = if declarations { Declarations::Included } else { Declarations::Excluded };
        match self.subject_at(file, offset) {
            Some((_, subject)) => self.uses(subject, wanted),
            None => Vec::new(),
        }
    }

    /// As [`Service::references`], those in the same file only: what an editor highlights.
    pub fn highlights(&self, file: FileId, offset: u32) -> Vec<Span> {
        let mut spans = self.references(file, offset, true);
        spans.retain(|span| span.file == file);
        spans
    }

    pub(super) fn uses(&self, subject: Subject, declarations: Declarations) -> Vec<Span> {
        let mut spans: Vec<Span> = match subject {
            Subject::File(file) => self.importing(file),
            _ => self.naming(subject),
        };
        if declarations == Declarations::Included && !matches!(subject, Subject::File(_)) {
            spans.extend(self.declarations(subject));
        }
        spans.sort_unstable();
        spans.dedup();
        spans
    }

    fn naming(&self, subject: Subject) -> Vec<Span> {
        let named = self.program.definitions.keys().copied();
        let named: Vec<NodeId> = named.filter(|name| self.subject_of(*name) == Some(subject)).collect();
        named.into_iter().map(|name| self.program.ast.span(name)).collect()
    }

    fn importing(&self, file: FileId) -> Vec<Span> {
        let imports = self.program.imports.iter().filter(|(_, loaded)| **loaded == file);
        imports.map(|(import, _)| self.program.ast.span(*import)).collect()
    }
}
