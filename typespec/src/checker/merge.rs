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
