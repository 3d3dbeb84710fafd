//! Applying the fixes of diagnostics to texts.

use std::collections::BTreeMap;

use crate::{Diagnostic, FileId, Fix, SourceMap};

/// Texts after the sure fixes of diagnostics were applied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fixed {
    /// The new text of each file that changes.
    pub texts: BTreeMap<FileId, String>,
    /// How many fixes were applied.
    pub applied: usize,
}

/// Applies every fix that is sure; of fixes that overlap, the first one only.
///
/// A text that was mended is read again by the caller: one fix may reveal the next mistake, never make one.
pub fn apply_sure_fixes(diagnostics: &[Diagnostic], sources: &SourceMap) -> Fixed {
    let mut by_file: BTreeMap<FileId, Vec<&Fix>> = BTreeMap::new();
    // One problem is mended once, however many ways there are.
    for fix in diagnostics.iter().filter_map(|diagnostic| diagnostic.fixes.iter().find(|fix| fix.sure)) {
        by_file.entry(fix.span.file).or_default().push(fix);
    }
    let mut fixed = Fixed::default();
    for (file, mut fixes) in by_file {
        let Some(source) = sources.file(file) else { continue };
        fixes.sort_by_key(|fix| (fix.span.start, fix.span.end));
        let (mut text, mut done) = (String::with_capacity(source.text().len()), 0);
        for fix in fixes {
            let (start, end) = (fix.span.start as usize, fix.span.end as usize);
            let Some(kept) = source.text().get(done..start).filter(|_| source.text().is_char_boundary(end)) else {
                continue;
            };
            text += kept;
            text += &fix.replacement;
            done = end;
            fixed.applied += 1;
        }
        text += &source.text()[done..];
        if text != source.text() {
            fixed.texts.insert(file, text);
        }
    }
    fixed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Code, Span};

    fn fix(start: usize, end: usize, replacement: &str, sure: bool) -> Diagnostic {
        let span = Span::new(FileId(0), start, end);
        let fix = Fix { title: "mend it".into(), span, replacement: replacement.into(), sure };
        Diagnostic::error(Code::new("radii/test"), "wrong").at(span).fix(fix)
    }

    fn applied(text: &str, diagnostics: &[Diagnostic]) -> (String, usize) {
        let mut sources = SourceMap::new();
        let file = sources.add("a.yaml", text);
        let mut fixed = apply_sure_fixes(diagnostics, &sources);
        (fixed.texts.remove(&file).unwrap_or_else(|| text.to_owned()), fixed.applied)
    }

    #[test]
    fn sure_fixes_are_applied_from_front_to_back_whatever_their_order() {
        let diagnostics = [fix(4, 7, "THREE", true), fix(0, 3, "1", true), fix(8, 8, "!", true)];
        assert_eq!(applied("one two ", &diagnostics), ("1 THREE !".to_owned(), 3));
    }

    #[test]
    fn unsure_and_overlapping_fixes_change_nothing() {
        assert_eq!(applied("one", &[fix(0, 3, "two", false)]), ("one".to_owned(), 0));
        assert_eq!(applied("one", &[fix(0, 2, "x", true), fix(1, 3, "y", true)]), ("xe".to_owned(), 1));
        assert_eq!(applied("ö", &[fix(1, 2, "x", true)]), ("ö".to_owned(), 0));
    }
}
