//! What is wrong with a recipe, and where.

use radii_diagnostics::{Diagnostic, SourceFile, Span};

use super::source::Source;

/// One mistake.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// Where, in the recipe's text; `None` for what stands elsewhere.
    pub span: Option<Span>,
    /// The member concerned, as `docker[0].create.Image`.
    pub path: String,
    /// What is wrong, with the remedy.
    pub message: String,
}

/// All mistakes that were found at once; never empty.
#[derive(Clone, Debug, PartialEq)]
pub struct Problems(pub Vec<Problem>);

impl Problems {
    /// A single mistake.
    pub fn one(span: Option<Span>, path: impl Into<String>, message: impl Into<String>) -> Self {
        Self(vec![Problem { span, path: path.into(), message: message.into() }])
    }

    /// Returns one line each: `file:line:column: path: message`.
    pub fn explain(&self, source: &Source) -> Vec<String> {
        let file = SourceFile::new(source.name.as_str(), source.text.as_str());
        let line = |problem: &Problem| {
            let mut text = String::new();
            if let Some(span) = problem.span {
                let at = file.line_column(span.start);
                text.push_str(&format!("{}:{}:{}: ", source.name, at.line, at.column));
            }
            if !problem.path.is_empty() {
                text.push_str(&format!("{}: ", problem.path));
            }
            text + &problem.message
        };
        self.0.iter().map(line).collect()
    }
}

impl From<Vec<Diagnostic>> for Problems {
    fn from(diagnostics: Vec<Diagnostic>) -> Self {
        let problem = |diagnostic: Diagnostic| {
            let help = diagnostic.help.iter().map(|help| format!("; {help}")).collect::<String>();
            Problem {
                span: diagnostic.primary.as_ref().map(|label| label.span),
                path: diagnostic.path.clone().unwrap_or_default(),
                message: format!("{}{help}", diagnostic.message),
            }
        };
        Self(diagnostics.into_iter().map(problem).collect())
    }
}

/// Collects the mistakes of several steps, so that one run reports them all.
#[derive(Default)]
pub struct Collected(Vec<Problem>);

impl Collected {
    /// Keeps the value, or the mistakes instead.
    pub fn keep<T>(&mut self, result: Result<T, Problems>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(problems) => {
                self.0.extend(problems.0);
                None
            }
        }
    }

    /// Adds a mistake.
    pub fn add(&mut self, span: Option<Span>, path: impl Into<String>, message: impl Into<String>) {
        self.0.push(Problem { span, path: path.into(), message: message.into() });
    }

    /// Returns `value` when there were no mistakes.
    pub fn finish<T>(self, value: T) -> Result<T, Problems> {
        if self.0.is_empty() { Ok(value) } else { Err(Problems(self.0)) }
    }
}
