//! Slips made by rule: one author's slip of a named kind in a good text, whose place and remedy are known.
//!
//! A kind looks through a good text for all places where its slip can happen. A seeded sample of them is judged: whether
//! the first diagnostic underlines exactly what was slipped, whether its fix gives back the good text (or a text that
//! means the same, or its words name what stood there), and whether it is the only one. A slip that nobody notices is
//! none: another good text came out.
//!
//! `SLIPS=200` takes so many places of each kind, `ONLY=WORDS` only the kinds with the words in class or name, `SHOW=WORDS`
//! prints what falls short in kinds whose name has the words, `SLIPS_TO=FOLDER` writes the texts for another judge.

mod bodies;
mod judge;
mod manifests;
mod source;
mod typespec;
mod words;

use rand::rngs::StdRng;

/// One slip in a good text.
#[derive(Clone, Debug)]
pub struct Slip {
    /// The part of the good text that is replaced, and by what.
    pub start: usize,
    pub end: usize,
    pub text: String,
    /// What an expert underlines, as places of the text with the slip; several where experts differ.
    pub spans: Vec<(usize, usize)>,
    /// What a remedy may name, when it cannot give the good text back.
    pub meant: Vec<String>,
}

impl Slip {
    /// A replacement that is wrong as a whole.
    pub fn new(good: &str, (start, end): (usize, usize), text: impl Into<String>) -> Self {
        let text = text.into();
        let spans = vec![(start, start + text.len())];
        Self { start, end, text, spans, meant: vec![good[start..end].to_owned()] }
    }

    /// Underlines only a part of the replacement.
    pub fn under(mut self, part: &str) -> Self {
        let at = self.start + self.text.find(part).unwrap_or_else(|| panic!("`{part}` is no part of `{}`", self.text));
        self.spans = vec![(at, at + part.len())];
        self
    }

    /// Underlines a place of the new text.
    pub fn at(mut self, start: usize, end: usize) -> Self {
        self.spans = vec![(start, end)];
        self
    }

    /// Another place that is as good.
    pub fn or(mut self, start: usize, end: usize) -> Self {
        self.spans.push((start, end));
        self
    }

    /// What a remedy may name.
    pub fn meaning<T: Into<String>>(mut self, words: impl IntoIterator<Item = T>) -> Self {
        self.meant = words.into_iter().map(Into::into).collect();
        self
    }

    pub fn apply(&self, good: &str) -> String {
        format!("{}{}{}", &good[..self.start], self.text, &good[self.end..])
    }
}

/// A kind of slips in texts of one sort.
pub struct Kind<S> {
    /// What kinds are summed up under.
    pub class: &'static str,
    pub name: &'static str,
    /// Every place where the slip can happen.
    pub slips: fn(&S, &mut StdRng) -> Vec<Slip>,
}
