//! Repair: a slip of JSON or YAML is found by taking it back.
//!
//! Small changes around the place where the parser stumbled are tried, and the first after which the text goes on best
//! tells what was meant: the diagnostic then underlines the slip itself and carries the fix.

mod flow;
mod json;
mod merge;
mod yaml;

use radii_diagnostics::{Diagnostic, Fix, Span};

use super::{Node, code};

/// The longest text that is parsed anew for every change.
const MAX_TEXT: usize = 128 * 1024;

/// How many changes are tried.
const MAX_EDITS: usize = 48;

/// A change that may take a slip back.
#[derive(Clone, Debug)]
struct Edit {
    start: usize,
    end: usize,
    text: String,
    /// What is wrong.
    underlined: (usize, usize),
    /// What the change does, as an imperative.
    title: String,
    /// What says it better than the parser does.
    message: Option<String>,
    /// Whether nothing else can have been meant.
    sure: bool,
}

impl Edit {
    /// A replacement of what is wrong.
    fn replace(start: usize, end: usize, text: impl Into<String>, title: impl Into<String>) -> Self {
        let (text, title) = (text.into(), title.into());
        Self { start, end, text, underlined: (start, end), title, message: None, sure: false }
    }

    /// A sign that is missing; the character behind the place is underlined.
    fn insert(own: &str, at: usize, sign: &str) -> Self {
        let width = own[at..].chars().next().map_or(0, char::len_utf8);
        let mut edit = Self::replace(at, at, sign, format!("add `{}`", sign.trim()));
        edit.underlined = (at, at + width);
        edit.message = Some(format!("`{}` is missing", sign.trim()));
        edit
    }

    fn underline(mut self, start: usize, end: usize) -> Self {
        self.underlined = (start, end);
        self
    }

    fn say(mut self, message: impl Into<String>) -> Self {
        self.message = Some(message.into());
        self
    }

    fn sure(mut self) -> Self {
        self.sure = true;
        self
    }

    fn apply(&self, text: &str) -> String {
        let mut changed = text.to_owned();
        changed.replace_range(self.start..self.end, &self.text);
        changed
    }
}

type Parsed = Result<Node, Vec<Diagnostic>>;

/// Adds to a syntax error of JSON what was meant, if that can be found out.
pub(super) fn json(text: &str, said: Vec<Diagnostic>, parse: impl Fn(&str) -> Parsed) -> Vec<Diagnostic> {
    explained(text, said, parse, json::around)
}

/// Adds to a syntax error of YAML what was meant, if that can be found out.
pub(super) fn yaml(text: &str, said: Vec<Diagnostic>, parse: impl Fn(&str) -> Parsed) -> Vec<Diagnostic> {
    explained(text, said, parse, yaml::around)
}

fn explained(
    text: &str,
    mut said: Vec<Diagnostic>,
    parse: impl Fn(&str) -> Parsed,
    around: fn(&str, usize, &Diagnostic) -> Vec<Edit>,
) -> Vec<Diagnostic> {
    if let Some(told) = merge::conflict(text, &said, &parse) {
        return vec![told];
    }
    let Some(problem) = said.last_mut().filter(|it| is_syntax(it) && text.len() <= MAX_TEXT) else { return said };
    let Some(span) = problem.primary.as_ref().map(|label| label.span) else { return said };
    let at = span.start as usize;
    let mut best: Option<(usize, Edit)> = None;
    for edit in around(text, at, problem).into_iter().take(MAX_EDITS) {
        let reach = reach(&edit, parse(&edit.apply(text)));
        if reach > at && best.as_ref().is_none_or(|(farthest, _)| reach > *farthest) {
            best = Some((reach, edit));
        }
    }
    if let Some((_, edit)) = best {
        tell(problem, span, edit);
    }
    said
}

fn is_syntax(diagnostic: &Diagnostic) -> bool {
    [code::JSON_SYNTAX, code::YAML_SYNTAX].contains(&diagnostic.code)
}

/// How far a text goes on well behind a change, in places of the text as it is.
fn reach(edit: &Edit, parsed: Parsed) -> usize {
    let Err(said) = parsed else { return usize::MAX };
    let Some(syntax) = said.iter().find(|it| is_syntax(it)) else { return usize::MAX - 1 };
    let place = syntax.primary.as_ref().map_or(0, |label| label.span.start as usize);
    if place <= edit.start + edit.text.len() {
        return 0;
    }
    place + (edit.end - edit.start) - edit.text.len()
}

fn tell(problem: &mut Diagnostic, noticed: Span, edit: Edit) {
    let span = |(start, end): (usize, usize)| Span::new(noticed.file, start, end);
    let fix =
        Fix { title: edit.title.clone(), span: span((edit.start, edit.end)), replacement: edit.text, sure: edit.sure };
    let underlined = span(edit.underlined);
    let mut told = std::mem::replace(problem, Diagnostic::error(code::JSON_SYNTAX, "")).at(underlined).help(edit.title);
    if underlined.end < noticed.start || noticed.end < underlined.start {
        told = told.also(noticed, "noticed here");
    }
    if let Some(message) = edit.message {
        told.message = message;
    }
    *problem = told.fix(fix);
}
