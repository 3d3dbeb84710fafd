//! What can be done about problems at a place.

use radii_diagnostics::{Diagnostic, Severity, Span};

use super::{Edit, Service};
use crate::syntax::NodeKind;

/// Something that can be done about a problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// What it does, as an imperative.
    pub title: String,
    /// What it changes.
    pub edits: Vec<Edit>,
    /// The problem, as an index into the compilation's diagnostics.
    pub diagnostic: usize,
    /// Whether it is right beyond doubt.
    pub sure: bool,
}

impl Service<'_> {
    /// What can be done about the problems that touch a span.
    pub fn actions(&self, span: Span) -> Vec<Action> {
        let mut actions = Vec::new();
        for (at, diagnostic) in self.compilation.diagnostics.iter().enumerate() {
            let Some(place) = diagnostic.primary.as_ref().map(|label| label.span) else { continue };
            if place.file != span.file || place.start > span.end || span.start > place.end {
                continue;
            }
            actions.extend(diagnostic.fixes.iter().map(|fix| Action {
                title: fix.title.clone(),
                edits: vec![Edit { span: fix.span, text: fix.replacement.clone() }],
                diagnostic: at,
                sure: fix.sure,
            }));
            actions.extend(self.suppression(diagnostic, place, at));
        }
        actions
    }

    /// Warnings can be silenced, with a reason, before the statement or member that they are about.
    fn suppression(&self, diagnostic: &Diagnostic, place: Span, at: usize) -> Option<Action> {
        if diagnostic.severity != Severity::Warning {
            return None;
        }
        let ast = &self.program.ast;
        let node = ast.node_at(place.file, place.start)?;
        let holder = ast.ancestors(node).find(|node| {
            let parent = ast.parent(*node).map(|parent| ast.kind(parent));
            matches!(parent, Some(NodeKind::Script | NodeKind::Namespace | NodeKind::Members))
                && ast.kind(*node) != NodeKind::Identifier
        })?;
        let start = ast.node(holder).start as usize;
        let text = self.text(place.file);
        let line = text[..start].rfind('\n').map_or(0, |end| end + 1);
        let indentation = text[line..start].chars().take_while(|character| character.is_whitespace());
        let indentation: String = indentation.collect();
        let code = diagnostic.code.as_str();
        let insert = format!("#suppress \"{code}\" \"say why\"\n{indentation}");
        let span = Span { file: place.file, start: start as u32, end: start as u32 };
        let title = format!("suppress `{code}` here");
        Some(Action { title, edits: vec![Edit { span, text: insert }], diagnostic: at, sure: false })
    }
}
