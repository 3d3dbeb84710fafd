//! What is said about a name that the pointer rests on.

use radii_diagnostics::{FileId, Span};

use super::Service;
use super::subject::Subject;

/// What is said about a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hover {
    /// The name.
    pub span: Span,
    /// The declaration, as TypeSpec.
    pub signature: String,
    /// The description, as Markdown.
    pub docs: Option<String>,
    /// Why not to use it.
    pub deprecation: Option<String>,
}

impl Service<'_> {
    /// What is to be said about the name at an offset.
    pub fn hover(&self, file: FileId, offset: u32) -> Option<Hover> {
        let (name, subject) = self.subject_at(file, offset)?;
        let span = self.program.ast.span(name);
        if let Subject::File(loaded) = subject {
            let path = &self.program.file(loaded)?.path;
            let signature = format!("import \"{}\"", path.strip_prefix("library:").unwrap_or(path));
            return Some(Hover { span, signature, docs: None, deprecation: None });
        }
        let signature = self.signature(subject)?;
        Some(Hover { span, signature, docs: self.description(subject), deprecation: self.deprecation(subject) })
    }

    fn deprecation(&self, subject: Subject) -> Option<String> {
        let Subject::Declaration(node) = subject else { return None };
        self.program.deprecation(self.program.type_of_node(node)?).map(str::to_owned)
    }
}
