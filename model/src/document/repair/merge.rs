//! Marks that a merge leaves in a text where both sides changed the same lines.

use radii_diagnostics::{Diagnostic, Fix, Span};

use super::{Parsed, is_syntax};

/// What the lines of such marks begin with.
const MARKS: [&str; 4] = ["<<<<<<<", "|||||||", "=======", ">>>>>>>"];

/// How many marks are shown beside the first one.
const SHOWN: usize = 5;

/// A line with a mark.
struct Mark {
    start: usize,
    /// Where the next line begins.
    end: usize,
    sign: &'static str,
}

/// Returns the one thing to say about a text that cannot be read because of such marks.
pub(super) fn conflict(text: &str, said: &[Diagnostic], parse: impl Fn(&str) -> Parsed) -> Option<Diagnostic> {
    let problem = said.iter().find(|it| is_syntax(it))?;
    let noticed = problem.primary.as_ref()?.span;
    let marks = marks(text);
    let (first, last) = (marks.first()?, marks.last()?);
    // A line of equals signs alone may be text, if nothing is wrong with it.
    let is_noticed = (first.start..=first.end).contains(&(noticed.start as usize));
    if !is_noticed && marks.iter().all(|mark| mark.sign == "=======") {
        return None;
    }
    let span = |mark: &Mark| Span::new(noticed.file, mark.start, mark.start + mark.sign.len());
    let mut told = Diagnostic::error(problem.code.clone(), "a merge was not finished: its marks stand in the text")
        .at(span(first))
        .help("keep what is right of both sides, and remove the lines that begin with `<<<<<<<`, `=======`, `>>>>>>>`");
    for mark in marks.iter().skip(1).take(SHOWN) {
        told = told.also(span(mark), "another mark");
    }
    let whole = Span::new(noticed.file, first.start, last.end);
    let is_whole = first.sign == "<<<<<<<" && last.sign == ">>>>>>>" && marks.iter().any(|it| it.sign == "=======");
    let sides: &[(&str, Option<&str>)] = match is_whole {
        true => {
            &[("keep what stands above `=======`", Some("<<<<<<<")), ("keep what stands below it", Some("======="))]
        }
        false => &[("remove the mark", None)],
    };
    for (title, side) in sides {
        let replacement = kept(text, &marks, *side);
        let mended = [&text[..first.start], &replacement, &text[last.end..]].concat();
        if parse(&mended).is_ok() {
            told = told.fix(Fix { title: (*title).to_owned(), span: whole, replacement, sure: false });
        }
    }
    Some(told)
}

fn marks(text: &str) -> Vec<Mark> {
    let mut start = 0;
    let lines = text.split_inclusive('\n').filter_map(|line| {
        let place = start;
        start += line.len();
        let sign = MARKS.into_iter().find(|sign| line.starts_with(sign))?;
        let rest = line[sign.len()..].trim_end_matches(['\n', '\r']);
        let is_mark = rest.is_empty() || rest.starts_with(' ');
        is_mark.then_some(Mark { start: place, end: start, sign })
    });
    lines.collect()
}

/// The lines between the first and the last mark, without marks: those of one side, or all.
fn kept(text: &str, marks: &[Mark], side: Option<&str>) -> String {
    let mut kept = String::new();
    for pair in marks.windows(2) {
        let is_common = pair[0].sign == ">>>>>>>";
        if is_common || side.is_none_or(|side| side == pair[0].sign) {
            kept += &text[pair[0].end..pair[1].start];
        }
    }
    kept
}
