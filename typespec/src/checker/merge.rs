//! One mistake, one diagnostic: what says the same of the same name is told together.

use std::collections::{HashMap, HashSet};

use radii_diagnostics::{Diagnostic, FileId, SourceMap, Span};

/// Codes of names that lead nowhere.
const UNKNOWN: &str = "invalid-ref";

/// Joins the reports of one unknown name: the first place is told, the others are labels, and each has its fix.
pub(crate) fn merge(diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut merged: Vec<Diagnostic> = Vec::new();
    let mut known: HashMap<(String, Option<String>), usize> = HashMap::new();
    for diagnostic in diagnostics {
        let is_unknown = diagnostic.code.as_str() == UNKNOWN && diagnostic.message.starts_with("Unknown ");
        if !is_unknown {
            merged.push(diagnostic);
            continue;
        }
        let key = (diagnostic.message.clone(), diagnostic.help.clone());
        match known.get(&key) {
            Some(first) => {
                let first = &mut merged[*first];
                first.secondary.extend(diagnostic.primary.map(|mut label| {
                    label.message = "and here".to_owned();
                    label
                }));
                first.fixes.extend(diagnostic.fixes);
            }
            None => {
                known.insert(key, merged.len());
                merged.push(diagnostic);
            }
        }
    }
    merged
}

/// Leaves out what only says again, or only follows from, what another report says of the same declaration.
pub(crate) fn without_echoes(mut diagnostics: Vec<Diagnostic>, sources: &SourceMap) -> Vec<Diagnostic> {
    let mut seen = HashSet::new();
    diagnostics.retain(|it| {
        let place = it.primary.as_ref().map(|label| (label.span.file, label.span.start, label.span.end));
        place.is_none_or(|place| seen.insert((it.code.as_str().to_owned(), place)))
    });
    // Both sides of a merge are read: what the second one repeats is no mistake of its own.
    let is_conflict = |it: &&Diagnostic| it.code.as_str() == "conflict-marker";
    let merges: Vec<Span> =
        diagnostics.iter().filter(is_conflict).filter_map(|it| it.fixes.first()).map(|fix| fix.span).collect();
    diagnostics.retain(|it| {
        let Some(own) = span_of(it).filter(|_| it.code.as_str() != "conflict-marker") else { return true };
        !merges.iter().any(|merge| merge.file == own.file && merge.start <= own.start && own.end <= merge.end)
    });
    let lacks_versions = diagnostics.iter().any(|it| {
        let is_meant = it.help.as_deref().is_some_and(|help| help.contains("`versioned`"));
        it.code.as_str() == UNKNOWN && it.message.starts_with("Unknown decorator") && is_meant
    });
    let causes: Vec<Span> = diagnostics.iter().filter(|it| is_unknown_type(it)).filter_map(span_of).collect();
    let misplaced =
        diagnostics.iter().filter(|it| it.code.as_str() == WRONG_TARGET && it.message.ends_with(" Namespace"));
    let misplaced: Vec<Span> = misplaced.filter_map(span_of).collect();
    diagnostics.retain(|it| {
        if it.code.as_str() == "@typespec/versioning/version-not-found" {
            return !lacks_versions;
        }
        let Some(own) = span_of(it).filter(|_| it.code.as_str() == WRONG_TARGET) else { return true };
        let is_one_declaration = |start: u32, end: u32| {
            let text = sources.file(own.file).map(|file| file.text()).unwrap_or_default();
            let between = text.get(start as usize..end as usize);
            between.is_some_and(|between| !between.contains([';', '{', '}']))
        };
        let follows =
            causes.iter().any(|at| at.file == own.file && at.start >= own.end && is_one_declaration(own.end, at.start));
        let is_second = misplaced
            .iter()
            .any(|at| at.file == own.file && at.end <= own.start && is_one_declaration(at.end, own.start));
        !follows && !is_second
    });
    diagnostics
}

const WRONG_TARGET: &str = "decorator-wrong-target";

fn span_of(diagnostic: &Diagnostic) -> Option<Span> {
    diagnostic.primary.as_ref().map(|label| label.span)
}

/// Whether a report is about the type of what decorators stand on.
fn is_unknown_type(diagnostic: &Diagnostic) -> bool {
    match diagnostic.code.as_str() {
        UNKNOWN => diagnostic.message.starts_with("Unknown identifier"),
        "unassignable" => !diagnostic.message.starts_with("Type "),
        _ => false,
    }
}

/// What the parser says of tokens.
const SLIPS: [&str; 4] = ["token-expected", "reserved-identifier", "unterminated", "invalid-character"];

/// Leaves out what the checker says of lines that the parser complained about: it may only follow from that.
pub(crate) fn without_follow_ups(diagnostics: Vec<Diagnostic>, sources: &SourceMap) -> Vec<Diagnostic> {
    let is_slip = |it: &Diagnostic| SLIPS.contains(&it.code.as_str());
    let files: HashSet<FileId> =
        diagnostics.iter().filter(|it| is_slip(it)).filter_map(|it| Some(it.primary.as_ref()?.span.file)).collect();
    let starts: HashMap<FileId, Vec<usize>> =
        files.into_iter().map(|file| (file, line_starts(sources, file))).collect();
    let line = |span: Span| {
        let starts = starts.get(&span.file)?;
        Some((span.file, starts.partition_point(|start| *start <= span.start as usize)))
    };
    let labels = diagnostics.iter().filter(|it| is_slip(it)).flat_map(|it| it.primary.iter().chain(&it.secondary));
    let slips: HashSet<(FileId, usize)> = labels.filter_map(|label| line(label.span)).collect();
    if slips.is_empty() {
        return diagnostics;
    }
    let follows = |it: &Diagnostic| {
        let place = it.primary.as_ref().and_then(|label| line(label.span));
        !is_slip(it) && FOLLOW_UPS.contains(&it.code.as_str()) && place.is_some_and(|place| slips.contains(&place))
    };
    diagnostics.into_iter().filter(|it| !follows(it)).collect()
}

/// Where the lines of a file start.
fn line_starts(sources: &SourceMap, file: FileId) -> Vec<usize> {
    let text = sources.file(file).map(|file| file.text()).unwrap_or_default();
    std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect()
}

/// What often follows from a token too many or too few.
const FOLLOW_UPS: [&str; 23] = [
    "ambiguous-symbol",
    "decorator-wrong-target",
    "declaration-expression-disabled",
    "default-required",
    "duplicate-property",
    "duplicate-symbol",
    "expect-value",
    "extend-model",
    "import-not-found",
    "invalid-argument",
    "invalid-argument-count",
    "invalid-decorator-location",
    "invalid-encode",
    "invalid-ref",
    "invalid-template-args",
    "is-model",
    "missing-property",
    "mixed-string-template",
    "spread-model",
    "unassignable",
    "unexpected-property",
    "value-in-type",
    "templated-declaration-in-expression",
];
