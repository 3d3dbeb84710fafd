//! What to do about a problem: words for people, and where it is certain what was meant, the text to write.

use radii_diagnostics::{Diagnostic, Fix, Span};

/// The remedy of a diagnostic.
#[derive(Clone, Debug)]
pub(crate) struct Advice {
    help: String,
    fix: Option<Proposal>,
}

#[derive(Clone, Debug)]
struct Proposal {
    title: String,
    replacement: String,
    /// The text to be replaced, when it is not what the diagnostic is about.
    span: Option<Span>,
    sure: bool,
}

impl From<&str> for Advice {
    fn from(help: &str) -> Self {
        Self { help: help.to_owned(), fix: None }
    }
}

impl From<String> for Advice {
    fn from(help: String) -> Self {
        Self { help, fix: None }
    }
}

impl Advice {
    /// The author mistyped a name.
    pub(crate) fn rename(to: &str) -> Self {
        Self::from(format!("did you mean `{to}`?")).write(to).titled(format!("rename to `{to}`")).sure()
    }

    /// Adds the text that stands there when the problem is mended.
    pub(crate) fn write(mut self, replacement: impl Into<String>) -> Self {
        let replacement = replacement.into();
        let title = if replacement.is_empty() { "remove it".to_owned() } else { format!("write `{replacement}`") };
        self.fix = Some(Proposal { title, replacement, span: None, sure: false });
        self
    }

    /// As [`Advice::write`], in place of another text.
    pub(crate) fn write_at(self, span: Span, replacement: impl Into<String>) -> Self {
        let mut advice = self.write(replacement);
        if let Some(fix) = &mut advice.fix {
            fix.span = Some(span);
        }
        advice
    }

    /// Says what the replacement does.
    pub(crate) fn titled(mut self, title: impl Into<String>) -> Self {
        if let Some(fix) = &mut self.fix {
            fix.title = title.into();
        }
        self
    }

    /// The replacement is what every author would write.
    pub(crate) fn sure(mut self) -> Self {
        if let Some(fix) = &mut self.fix {
            fix.sure = true;
        }
        self
    }

    /// Gives a diagnostic about `span` this remedy.
    pub(crate) fn give(self, diagnostic: Diagnostic, span: Span) -> Diagnostic {
        let diagnostic = diagnostic.help(self.help);
        match self.fix {
            Some(Proposal { title, replacement, span: other, sure }) => {
                diagnostic.fix(Fix { title, span: other.unwrap_or(span), replacement, sure })
            }
            None => diagnostic,
        }
    }
}

/// Writes replacements of quoted text in the same quotes.
pub fn quote_alike(text: &str, diagnostics: &mut [Diagnostic]) {
    for fix in diagnostics.iter_mut().flat_map(|diagnostic| &mut diagnostic.fixes) {
        let old = text.get(fix.span.start as usize..fix.span.end as usize).unwrap_or_default();
        let Some(quote) = old.chars().next().filter(|first| matches!(first, '"' | '\'')) else { continue };
        let plain = fix.replacement.chars().all(|c| c.is_ascii_alphanumeric() || "-_.$".contains(c));
        // Numbers and booleans lose the quotes that were the mistake.
        let is_text = fix.replacement.parse::<f64>().is_err() && !matches!(fix.replacement.as_str(), "true" | "false");
        if plain && is_text && !fix.replacement.is_empty() && old.ends_with(quote) {
            fix.replacement = format!("{quote}{}{quote}", fix.replacement);
        }
    }
}
