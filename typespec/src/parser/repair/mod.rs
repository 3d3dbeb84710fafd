//! Repair: a slip (a token too many, one too few, a wrong one) is found by taking it back.
//!
//! Where the parser stumbles, small changes of the text around are tried, and the one after which the text goes on best
//! tells what was meant: one diagnostic with a fix, and a tree for the checker in which what follows is understood.
//! Positions of that tree are those of the text as it is; what was added has no width.

mod candidates;
mod declarations;
mod foreign;
mod habits;
mod idioms;
mod long_texts;
mod members;
mod models;
mod origin;
mod quotes;
mod signs;
mod values;

use std::collections::HashSet;

use radii_diagnostics::{Code, Diagnostic, FileId, Fix, Span};

use super::{Parse, Parser};
use crate::syntax::{Child, Node, NodeKind, TokenKind};
use candidates::Edit;
use origin::Origin;

/// With more slips than these a text is hardly TypeSpec, and nothing is tried.
const MAX_SLIPS: usize = 500;

/// How many slips are looked at, whether or not they can be taken back.
const MAX_TRIES: usize = 32;

/// How many slips of a file are taken back.
const MAX_REPAIRS: usize = 12;

/// How far behind a slip the text must go on well, in bytes.
const LOOK_AHEAD: usize = 1_200;

/// How far the text must go on well behind a change that leaves other slips as they are, in bytes.
const MIN_REACH: usize = 4;

/// The longest text that is tried anew for every change.
const MAX_WINDOW: usize = 8_192;

/// Parses a file; slips are taken back and told once.
pub(crate) fn parse(file: FileId, text: &str) -> Parse {
    match quotes::comment_that_goes_on(text) {
        None => parse_from(file, text, None),
        Some(edit) => {
            let mut repair = Repair::new(file, text);
            repair.close_comment(&edit);
            let text = repair.text.clone();
            parse_from(file, &text, Some(repair))
        }
    }
}

/// Parses a file of which something may have been taken back already.
fn parse_from(file: FileId, text: &str, begun: Option<Repair>) -> Parse {
    let mut parse = super::parse(file, text);
    foreign::explain(&mut parse.diagnostics, text);
    for told in parse.diagnostics.iter_mut().filter(|it| it.code.as_str() == "default-required") {
        told.help = Some("give it a default, too, or move it before those that have one".to_owned());
    }
    let slips = parse.diagnostics.iter().filter(|it| is_slip(it)).count();
    if slips == 0 && begun.is_none() {
        return parse;
    }
    if slips > MAX_SLIPS && begun.is_none() {
        return Parse { diagnostics: one_for_each_statement(&parse), ..parse };
    }
    let mut repair = begun.unwrap_or_else(|| Repair::new(file, text));
    if slips <= MAX_SLIPS {
        parse = repair.run(parse);
    }
    repair.finish(parse)
}

/// Whether an error is about a token, not about a rule.
fn is_slip(diagnostic: &Diagnostic) -> bool {
    matches!(
        diagnostic.code.as_str(),
        "token-expected"
            | "reserved-identifier"
            | "unterminated"
            | "invalid-character"
            | "invalid-decorator-location"
            | "unknown-directive"
    ) && diagnostic.primary.is_some()
}

fn is_unterminated(diagnostic: &Diagnostic) -> bool {
    diagnostic.code.as_str() == "unterminated" && diagnostic.primary.is_some()
}

fn start_of(diagnostic: &Diagnostic) -> usize {
    diagnostic.primary.as_ref().map_or(0, |label| label.span.start as usize)
}

struct Repair {
    file: FileId,
    /// The text with the slips taken back so far.
    text: String,
    /// Where its bytes come from.
    origin: Origin,
    /// What was taken back, each with its fix.
    told: Vec<Diagnostic>,
}

/// A part of the text that is parsed on its own.
struct Window {
    start: usize,
    end: usize,
    /// How many blocks of namespaces are open where it starts.
    blocks: usize,
}

impl Repair {
    fn new(file: FileId, text: &str) -> Self {
        Self { file, text: text.to_owned(), origin: Origin::of(text), told: Vec::new() }
    }

    fn run(&mut self, mut parse: Parse) -> Parse {
        // What is never closed takes everything behind it along, so it comes first.
        for is_wanted in [is_unterminated, is_slip] {
            parse = self.take_back(parse, is_wanted);
        }
        parse
    }

    /// Ends a comment where its line does; what it would have hidden is seen.
    fn close_comment(&mut self, edit: &Edit) {
        let (start, end, replacement) = edit.whole(&self.text);
        let span = Span::new(self.file, start, end);
        let fix = Fix { title: edit.title.clone(), span, replacement, sure: edit.sure };
        let (from, to) = edit.underlined.unwrap_or((start, end));
        let message = "This comment goes on to the end of the next one.";
        let told = Diagnostic::warning(Code::new("unterminated"), message).at(Span::new(self.file, from, to));
        self.told.push(told.help(edit.title.clone()).fix(fix));
        self.apply(edit);
    }

    /// Takes back the slips of a kind, one after the other.
    fn take_back(&mut self, mut parse: Parse, is_wanted: fn(&Diagnostic) -> bool) -> Parse {
        let mut from = 0;
        for _ in 0..MAX_TRIES {
            if self.told.len() >= MAX_REPAIRS {
                break;
            }
            let slips = parse.diagnostics.iter().filter(|it| is_wanted(it));
            let found = slips.map(|it| (noticed(&parse.root, start_of(it)), it)).filter(|(start, _)| *start >= from);
            let Some((start, error)) = found.min_by_key(|(start, _)| *start) else { break };
            let error = error.clone();
            match self.mend(&parse, &error, start) {
                Some(edit) => {
                    let told = self.tell(&error, &edit);
                    self.told.push(told);
                    self.apply(&edit);
                    parse = super::parse(self.file, &self.text);
                    from = start.min(self.text.len());
                }
                None => from = start + 1,
            }
        }
        parse
    }

    fn finish(self, parse: Parse) -> Parse {
        let mut rest = one_for_each_statement(&parse);
        for diagnostic in &mut rest {
            without_idle_fix(diagnostic, &self.text);
            without_decorator(diagnostic);
        }
        if self.told.is_empty() {
            without_order(&mut rest);
            return Parse { diagnostics: rest, ..parse };
        }
        rest.iter_mut().for_each(|diagnostic| self.origin.map(diagnostic));
        let mut diagnostics = self.told;
        diagnostics.append(&mut rest);
        diagnostics.sort_by_key(start_of);
        without_order(&mut diagnostics);
        let mut root = parse.root;
        self.origin.map_tree(&mut root);
        Parse { root, diagnostics }
    }

    /// The change after which the text goes on best; `None` if none makes it better.
    fn mend(&self, parse: &Parse, error: &Diagnostic, at: usize) -> Option<Edit> {
        let window = self.window(&parse.root, at)?;
        let text = &self.text[window.start..window.end];
        let is_cut = window.end < self.text.len();
        let (before, _) = errors(text, window.blocks, is_cut);
        let candidates = candidates::around(text, &self.text, at - window.start, error);
        // Where the parser went on as well as can be, only what is beyond doubt is better.
        let only_sure = before == 1 && went_on(error);
        let mut best: Option<((usize, usize, u16), Edit)> = None;
        for edit in candidates.into_iter().filter(|edit| edit.sure || !only_sure) {
            let changed = edit.apply(text);
            let (after, first) = errors(&changed, window.blocks, is_cut);
            // How far the text goes on well, in the places of the text as it is.
            let reach = first.map_or(usize::MAX, |first| window.start + edit.place_before(first));
            let is_better = after < before || (after == before && edit.sure && reach > at + MIN_REACH);
            if !is_better || reach <= at {
                continue;
            }
            let score = (usize::MAX - reach, after, edit.cost);
            if best.as_ref().is_none_or(|(least, _)| score < *least) {
                best = Some((score, edit));
            }
        }
        best.map(|(_, edit)| edit.moved(window.start))
    }

    /// The statement that a place belongs to, the one before it, and what comes behind.
    fn window(&self, root: &Node, at: usize) -> Option<Window> {
        let (mut node, mut start, mut blocks) = (root, 0, 0);
        loop {
            let is_block = node.kind == NodeKind::Script || node.has_token(TokenKind::OpenBrace);
            if node.kind == NodeKind::Namespace && is_block {
                blocks += 1;
            }
            let statements = node.nodes().filter(|it| !matches!(it.kind, NodeKind::Identifier) && it.start <= at);
            let mut last = [None, None];
            for statement in statements {
                last = [last[1], Some(statement)];
            }
            start = last[0].or(last[1]).map_or(start, |statement: &Node| statement.start);
            match last[1] {
                Some(inner)
                    if inner.kind == NodeKind::Namespace && inner.has_token(TokenKind::OpenBrace) && at < inner.end =>
                {
                    start = inner.start;
                    node = inner;
                }
                _ => break,
            }
        }
        if node.kind == NodeKind::Namespace && start == node.start {
            // The block's own head opens it again.
            blocks -= 1;
        }
        let mut end = (at + LOOK_AHEAD).min(self.text.len());
        end += self.text.as_bytes()[end..].iter().take_while(|byte| **byte != b'\n').count();
        (end - start <= MAX_WINDOW && start <= at).then_some(Window { start, end, blocks })
    }

    fn tell(&self, error: &Diagnostic, edit: &Edit) -> Diagnostic {
        let mut told = error.clone();
        let (start, end, replacement) = edit.whole(&self.text);
        let span = Span::new(self.file, start, end);
        let fix = Fix { title: edit.title.clone(), span, replacement, sure: edit.sure };
        told.help = Some(edit.title.clone());
        told.fixes = vec![fix];
        self.origin.map(&mut told);
        if let Some((start, end)) = edit.underlined {
            let (start, end) = self.origin.range(start, end);
            let tight = Span::new(self.file, start, end);
            let noticed = told.primary.as_ref().map(|label| label.span).filter(|span| span.start != tight.start);
            told = told.at(tight);
            if let Some(noticed) = noticed {
                // Where it was noticed is a point; what was skipped from there on says nothing.
                told = told.also(Span { end: noticed.end.min(self.behind(noticed.start)), ..noticed }, "noticed here");
            }
        }
        if let Some(message) = &edit.message {
            told.message.clone_from(message);
        }
        told
    }

    /// Where the character at a place ends.
    fn behind(&self, start: u32) -> u32 {
        let width = self.text.get(start as usize..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8);
        start + width as u32
    }

    fn apply(&mut self, edit: &Edit) {
        for change in edit.changes.iter().rev() {
            self.text.replace_range(change.start..change.end, &change.text);
            self.origin.replace(change.start, change.end, change.text.len());
        }
    }
}

/// A sign before the end of a member leaves it without its type or value: only its author knows that.
fn without_idle_fix(diagnostic: &mut Diagnostic, text: &str) {
    let is_idle = diagnostic.fixes.first().is_some_and(|fix| {
        let rest = text.get(fix.span.end as usize..).unwrap_or_default().trim_start();
        matches!(fix.replacement.trim(), ":" | "=") && (rest.is_empty() || rest.starts_with([';', '}', ',']))
    });
    if is_idle {
        let what = if diagnostic.fixes[0].replacement == ":" { "`:` and a type" } else { "`=` and what it is" };
        diagnostic.fixes.clear();
        diagnostic.help = Some(format!("write {what} behind the name"));
    }
}

/// A decorator where none may stand can go.
fn without_decorator(diagnostic: &mut Diagnostic) {
    let Some(span) = diagnostic.primary.as_ref().map(|label| label.span) else { return };
    if diagnostic.code.as_str() == "invalid-decorator-location" && diagnostic.fixes.is_empty() {
        let title = "remove the decorator".to_owned();
        diagnostic.help = Some(title.clone());
        diagnostic.fixes = vec![Fix { title, span, replacement: String::new(), sure: false }];
    }
}

/// Whether the parser goes on as well as can be behind an error: a sign is missing, or a whole operand.
fn went_on(error: &Diagnostic) -> bool {
    let is_sign = error.code.as_str() == "token-expected" && !error.fixes.is_empty();
    is_sign || matches!(error.message.as_str(), "Expression expected." | "Identifier expected.")
}

/// How many errors a part of a text has, and where the first one is.
fn errors(text: &str, blocks: usize, is_cut: bool) -> (usize, Option<usize>) {
    let mut parser = Parser::new(FileId(0), text);
    for _ in 0..blocks {
        parser.block();
        if !parser.eat(TokenKind::CloseBrace) {
            break;
        }
    }
    parser.script();
    // Where the text was cut off, much is missing.
    let end = if is_cut { text.trim_end().len().saturating_sub(1) } else { usize::MAX };
    let places = parser.diagnostics.iter().filter(|it| it.is_error()).map(start_of).filter(|start| *start < end);
    places.fold((0, None), |(count, first), place| (count + 1, Some(first.map_or(place, |it: usize| it.min(place)))))
}

/// What is left unmended is told once for each statement: the rest may only follow from it.
fn one_for_each_statement(parse: &Parse) -> Vec<Diagnostic> {
    let mut groups = Vec::new();
    collect_groups(&parse.root, &mut groups);
    let mut kept: Vec<Diagnostic> = Vec::new();
    let mut seen: HashSet<usize> = HashSet::new();
    let mut sorted: Vec<&Diagnostic> = parse.diagnostics.iter().collect();
    sorted.sort_by_key(|diagnostic| start_of(diagnostic));
    // What is never closed takes everything behind it along.
    let open = parse.diagnostics.iter().filter(|it| it.code.as_str() == "unterminated").filter_map(|it| {
        let span = it.primary.as_ref()?.span;
        (span.end as usize + 1 >= parse.root.end).then_some((span.start as usize, it))
    });
    let open = open.min_by_key(|(start, _)| *start);
    for diagnostic in sorted {
        if open.is_some_and(|(start, it)| start_of(diagnostic) >= start && diagnostic != it) {
            continue;
        }
        let follows = is_slip(diagnostic) && diagnostic.code.as_str() != "unterminated";
        if follows && diagnostic.is_error() {
            let group = groups.partition_point(|start| *start <= start_of(diagnostic));
            if !seen.insert(group) {
                continue;
            }
        }
        kept.push(diagnostic.clone());
    }
    kept
}

/// Where statements start; what is no statement belongs to the one before it, unless that has its end.
fn collect_groups(node: &Node, groups: &mut Vec<usize>) {
    let mut goes_on = false;
    for statement in node.nodes() {
        match statement.kind {
            NodeKind::Identifier => continue,
            NodeKind::EmptyStatement if goes_on => continue,
            NodeKind::InvalidStatement if goes_on => continue,
            _ => groups.push(statement.start),
        }
        goes_on = statement.kind == NodeKind::InvalidStatement || (statement.has_error && !has_end(statement));
        if statement.kind == NodeKind::Namespace {
            collect_groups(statement, groups);
        }
    }
}

/// Whether a statement ends as statements do.
fn has_end(statement: &Node) -> bool {
    match statement.children.last() {
        Some(Child::Token(token)) => matches!(token.kind, TokenKind::Semicolon | TokenKind::CloseBrace),
        Some(Child::Node(inner)) => has_end(inner),
        None => false,
    }
}

/// Where an error is noticed: what is no statement is so behind its decorators.
fn noticed(root: &Node, start: usize) -> usize {
    let mut node = root;
    loop {
        let inner = node.nodes().find(|inner| inner.start <= start && start < inner.end);
        match inner {
            Some(inner) if inner.kind == NodeKind::InvalidStatement && inner.start == start => {
                return inner.tokens().next().map_or(inner.end, |token| token.start);
            }
            Some(inner) => node = inner,
            None => return start,
        }
    }
}

/// The rules about the order of statements say nothing where something before was no statement.
fn without_order(diagnostics: &mut Vec<Diagnostic>) {
    let first = diagnostics.iter().filter(|it| is_slip(it)).map(start_of).min();
    diagnostics.retain(|diagnostic| {
        let is_order = matches!(diagnostic.code.as_str(), "import-first" | "blockless-namespace-first");
        !is_order || first.is_none_or(|first| start_of(diagnostic) < first)
    });
}
