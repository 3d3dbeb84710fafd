//! Single slips: every sound spec of the corpus with one token deleted, doubled, swapped or misspelt.
//!
//! One mistake should give one diagnostic. The figures say how often it does; `SLIPS=1` takes every token instead of a
//! sample, `SLIPS_TO=FOLDER` writes the texts with what is said of them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use radii_diagnostics::Diagnostic;
use typespec::syntax::scanner::{Token, tokens};
use typespec::{Options, Registry, World};

use crate::formatting::specs;

/// Of how many tokens one is mutated in an ordinary run.
const STRIDE: usize = 83;

/// The disk with another text for one file.
struct Overlay<'a> {
    path: &'a str,
    text: &'a str,
}

impl World for Overlay<'_> {
    fn read(&self, path: &str) -> Option<String> {
        if path == self.path { Some(self.text.to_owned()) } else { fs::read_to_string(path).ok() }
    }

    fn is_file(&self, path: &str) -> bool {
        Path::new(path).is_file()
    }

    fn is_directory(&self, path: &str) -> bool {
        Path::new(path).is_dir()
    }
}

fn check(path: &str, text: &str) -> Vec<Diagnostic> {
    let world = Overlay { path, text };
    typespec::compile(&world, path, &Options::default(), &Registry::standard()).diagnostics
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Slip {
    Delete,
    Double,
    Swap,
    Misspell,
}

const SLIPS: [Slip; 4] = [Slip::Delete, Slip::Double, Slip::Swap, Slip::Misspell];

/// The text with a slip at a token; `None` where the slip changes nothing.
fn slip(text: &str, tokens: &[Token], at: usize, slip: Slip) -> Option<String> {
    let token = tokens[at];
    let (before, own, after) = (&text[..token.start], &text[token.start..token.end], &text[token.end..]);
    match slip {
        Slip::Delete => Some(format!("{before}{after}")),
        Slip::Double => Some(format!("{before}{own} {own}{after}")),
        Slip::Swap => {
            let next = tokens.get(at + 1)?;
            let (between, other) = (&text[token.end..next.start], &text[next.start..next.end]);
            (own != other).then(|| format!("{before}{other}{between}{own}{}", &text[next.end..]))
        }
        Slip::Misspell => {
            let is_word = own.chars().count() > 3 && own.chars().all(|it| it.is_ascii_alphabetic());
            is_word.then(|| format!("{before}{}{}{after}", &own[..1], &own[2..]))
        }
    }
}

#[derive(Default)]
struct Figures {
    all: usize,
    /// How many gave no, one, two, three, and more diagnostics.
    counts: [usize; 5],
    /// How many are told on their line or beside it.
    near: usize,
    /// How many come with a fix, and how many of the fixes leave no error.
    offered: usize,
    fixed: usize,
    worst: Vec<(usize, String)>,
}

impl Figures {
    fn add(&mut self, count: usize, what: impl FnOnce() -> String) {
        self.all += 1;
        self.counts[count.min(4)] += 1;
        if count > 1 {
            self.worst.push((count, what()));
        }
    }

    /// Whether the first diagnostic is beside the slip, and what its fix leaves.
    fn judge(&mut self, path: &str, text: &str, line: usize, found: &[Diagnostic]) {
        let Some(first) = found.first() else { return };
        let own = first.primary.as_ref().map(|label| label.span).filter(|span| (span.start as usize) < text.len());
        let told = own.map(|span| text[..span.start as usize].matches('\n').count() + 1);
        self.near += usize::from(told.is_some_and(|told| told.abs_diff(line) <= 1));
        let Some(fix) = first.fixes.first() else { return };
        let mut mended = text.to_owned();
        let Some(_) = text.get(fix.span.start as usize..fix.span.end as usize) else { return };
        mended.replace_range(fix.span.start as usize..fix.span.end as usize, &fix.replacement);
        self.offered += 1;
        self.fixed += usize::from(!check(path, &mended).iter().any(Diagnostic::is_error));
    }

    /// Of those that are said at all, how many are said once, in percent.
    fn single(&self) -> f64 {
        let said = self.all - self.counts[0];
        100.0 * self.counts[1] as f64 / said.max(1) as f64
    }
}

#[test]
fn one_slip_gives_one_diagnostic_and_never_a_panic() {
    let stride = if std::env::var_os("SLIPS").is_some() { 1 } else { STRIDE };
    let target = std::env::var("SLIPS_TO").ok();
    let mut figures: BTreeMap<Slip, Figures> = BTreeMap::new();
    let mut written = Vec::new();
    for (name, path, _) in specs() {
        let path = path.to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).expect("the corpus can be read");
        if !check(&path, &text).is_empty() {
            continue;
        }
        let tokens = tokens(&text);
        for (turn, kind) in SLIPS.into_iter().enumerate() {
            for at in (turn * stride / SLIPS.len()..tokens.len()).step_by(stride) {
                let Some(changed) = slip(&text, &tokens, at, kind) else { continue };
                let found = check(&path, &changed);
                let line = text[..tokens[at].start].matches('\n').count() + 1;
                let own = &text[tokens[at].start..tokens[at].end];
                let said = |it: &Diagnostic| {
                    let help = it.help.as_deref().unwrap_or_default();
                    format!("\n      {} {} [{help}]", it.code, it.message.lines().next().unwrap_or_default())
                };
                let what = || format!("{kind:?} {name}:{line} `{own}`{}", found.iter().map(said).collect::<String>());
                let own = figures.entry(kind).or_default();
                own.add(found.len(), what);
                own.judge(&path, &changed, line, &found);
                if let Some(target) = &target {
                    written.push(write(target, &name, written.len(), &changed, &found));
                }
            }
        }
    }
    if let Some(target) = &target {
        fs::write(format!("{target}/index.jsonl"), written.join("\n")).expect("the folder can be written");
    }
    show(&mut figures);
    for (kind, level) in [(Slip::Delete, 92.0), (Slip::Double, 97.0), (Slip::Swap, 90.0), (Slip::Misspell, 95.0)] {
        let single = figures[&kind].single();
        assert!(single >= level, "{kind:?}: {single:.1} % of the slips that are noticed are told once");
        let Figures { all, counts, near, offered, fixed, .. } = &figures[&kind];
        // A misspelt declaration is told where its name is used.
        let wanted = if kind == Slip::Misspell { 75 } else { 90 };
        assert!(near * 100 >= wanted * (all - counts[0]), "{kind:?}: {near} of {all} slips are told beside them");
        assert!(fixed * 100 >= 75 * offered, "{kind:?}: {fixed} of {offered} fixes leave no error");
    }
}

fn write(target: &str, name: &str, number: usize, text: &str, found: &[Diagnostic]) -> String {
    let file = format!("{target}/{number:05}.tsp");
    fs::write(&file, text).expect("the folder can be written");
    let codes: Vec<&str> = found.iter().map(|it| it.code.as_str()).collect();
    let errors = found.iter().any(Diagnostic::is_error);
    serde_json::json!({ "file": file, "spec": name, "codes": codes, "errors": errors }).to_string()
}

#[expect(clippy::print_stdout, reason = "the suite prints its figures")]
fn show(figures: &mut BTreeMap<Slip, Figures>) {
    for (kind, figures) in figures.iter_mut() {
        let [none, one, two, three, more] = figures.counts;
        println!(
            "{kind:?}: {} slips: {none} unnoticed, one diagnostic {one} ({:.1} % of the noticed), two {two}, three {three}, more {more}; beside it {}; fixes {} without errors of {} offered",
            figures.all,
            figures.single(),
            figures.near,
            figures.fixed,
            figures.offered
        );
        figures.worst.sort_by(|left, right| right.0.cmp(&left.0).then_with(|| left.1.cmp(&right.1)));
        let shown = if std::env::var_os("SHOW").is_some() { usize::MAX } else { 0 };
        figures.worst.iter().take(shown).for_each(|(count, what)| println!("    {count} {what}"));
    }
}
