//! Where a parser stands in the tree, and the duplicate keys it has met.

use indexmap::IndexMap;
use radii_diagnostics::{Diagnostic, Span};

use super::{Entry, Node, code};
use crate::path::Path;

/// After so many duplicates the rest is only counted: nobody reads more, and a hostile text has millions.
const REPORTED_DUPLICATES: usize = 100;

/// One step from the root towards a value.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step<'a> {
    Key(&'a str),
    Index(usize),
}

/// Writes steps as a path for messages.
pub(super) fn path(steps: &[Step<'_>]) -> String {
    fn below(parent: &Path<'_>, steps: &[Step<'_>]) -> String {
        match steps.split_first() {
            None => parent.to_string(),
            Some((Step::Key(name), rest)) => below(&parent.key(name), rest),
            Some((Step::Index(at), rest)) => below(&parent.index(*at), rest),
        }
    }
    below(&Path::Root(""), steps)
}

/// The duplicate keys of one text.
#[derive(Debug, Default)]
pub(super) struct Duplicates {
    reported: Vec<Diagnostic>,
    more: usize,
}

impl Duplicates {
    /// Adds a member to a mapping; a second one of the same name is reported and dropped.
    pub(super) fn insert<'a>(
        &mut self,
        members: &mut IndexMap<String, Entry>,
        (key, key_span): (String, Span),
        node: Node,
        steps: impl FnOnce() -> Vec<Step<'a>>,
    ) {
        let Some(first) = members.get(&key) else {
            members.insert(key, Entry { key_span, node });
            return;
        };
        if self.reported.len() == REPORTED_DUPLICATES {
            self.more += 1;
            return;
        }
        let mut steps = steps();
        steps.push(Step::Key(&key));
        let diagnostic = Diagnostic::error(code::DUPLICATE_KEY, format!("the key `{key}` stands here twice"))
            .labelled(key_span, "again here")
            .also(first.key_span, "first here")
            .path(path(&steps))
            .help("remove or rename one of the two");
        self.reported.push(diagnostic);
    }

    /// Returns the tree when no key stands twice.
    pub(super) fn accept(self, root: Node) -> Result<Node, Vec<Diagnostic>> {
        if self.reported.is_empty() { Ok(root) } else { Err(self.into_diagnostics()) }
    }

    /// Returns the duplicates followed by the problem that ended the parsing.
    pub(super) fn before(self, problem: Diagnostic) -> Vec<Diagnostic> {
        let mut all = self.into_diagnostics();
        all.push(problem);
        all
    }

    fn into_diagnostics(self) -> Vec<Diagnostic> {
        let mut all = self.reported;
        if self.more > 0 {
            all.push(Diagnostic::error(code::DUPLICATE_KEY, format!("{} more keys stand twice", self.more)));
        }
        all
    }
}
