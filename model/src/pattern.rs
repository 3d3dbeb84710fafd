//! Regular expressions of schemas: RE2 syntax, run by the `regex` crate.
//!
//! The two dialects look alike and differ in details that change what matches: classes such as `\d`
//! are ASCII in RE2, and `[`, `&&`, `--` and `~~` inside a class are plain characters there.

mod re2;

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use regex::Regex;

/// How many compiled expressions are kept; types and their versions share most of theirs.
const MOST_KEPT: usize = 1024;

/// Compiles an RE2 expression.
///
/// # Errors
/// Says what RE2 does not know: look-around, back-references, unbalanced brackets, …
pub fn compile(pattern: &str) -> Result<Regex, String> {
    static KEPT: LazyLock<Mutex<HashMap<String, Regex>>> = LazyLock::new(Mutex::default);
    let kept = || KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = kept().get(pattern) {
        return Ok(known.clone());
    }
    let translated = re2::translate(pattern)?;
    let compiled = Regex::new(&translated).map_err(|error| first_cause(&error))?;
    let mut kept = kept();
    if kept.len() >= MOST_KEPT {
        kept.clear();
    }
    kept.insert(pattern.to_owned(), compiled.clone());
    Ok(compiled)
}

/// Returns the expression behind a `format`; formats without one are not checked.
pub fn of_format(format: &str) -> Option<&'static Regex> {
    static DATE: LazyLock<Regex> = LazyLock::new(|| fixed("^[0-9]{4}-(0[1-9]|10|11|12)-(0[1-9]|[12][0-9]|3[01])$"));
    static DATE_TIME: LazyLock<Regex> = LazyLock::new(|| {
        let date = "[0-9]{4}-(0[1-9]|10|11|12)-(0[1-9]|[12][0-9]|3[01])";
        let time = r"([0-1][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]+)?(Z|(\+|-)[0-9]{2}:[0-9]{2})";
        fixed(&format!("^{date}T{time}$"))
    });
    static BYTE: LazyLock<Regex> = LazyLock::new(|| fixed(r"(^$|^[a-zA-Z0-9+/\-_]*=*$)"));
    match format {
        "date" => Some(&DATE),
        "date-time" => Some(&DATE_TIME),
        "byte" => Some(&BYTE),
        _ => None,
    }
}

fn fixed(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the expressions of formats are constants that a test compiles")
}

/// The last line of the library's message says what is wrong; the others draw the expression.
fn first_cause(error: &regex::Error) -> String {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default();
    last.strip_prefix("error: ").unwrap_or(last).to_owned()
}

/// Returns a pattern, as it is written, whose bracket or parenthesis is closed; `None` where that is not what it lacks.
pub(crate) fn closed(written: &str) -> Option<String> {
    let quote = written.chars().next().filter(|sign| matches!(sign, '"' | '\''));
    let own = quote.map_or(Some(written), |quote| written.strip_prefix(quote)?.strip_suffix(quote))?;
    let is_sound = |text: &String| {
        let plain = if quote == Some('"') { text.replace("\\\\", "\\") } else { text.clone() };
        compile(&plain).is_ok()
    };
    let anchor = own.len() - usize::from(own.ends_with('$') && !own.ends_with("\\$"));
    let repeated = own[..anchor].trim_end_matches(['+', '*', '?']).len();
    let counted = own[..anchor].rfind('{').filter(|_| own[..anchor].ends_with('}')).unwrap_or(repeated);
    let places = [counted, repeated, anchor, own.len()];
    let tried = [(']', '['), (')', '(')].into_iter().filter(|(_, opens)| own.contains(*opens));
    let mut tried = tried.flat_map(|(sign, _)| places.map(|at| format!("{}{sign}{}", &own[..at], &own[at..])));
    let found = tried.find(is_sound)?;
    Some(match quote {
        Some(quote) => format!("{quote}{found}{quote}"),
        None => found,
    })
}

/// Returns the expression between the slashes of other languages, `/^…$/` or `/^…$/i`; `None` where a pattern may be
/// meant as it is, since texts match it.
pub(crate) fn between_slashes(pattern: &str) -> Option<String> {
    let (own, flags) = pattern.strip_prefix('/')?.rsplit_once('/')?;
    let is_anchored = own.starts_with('^') || own.ends_with('$') && !own.ends_with("\\$");
    let known = flags.chars().all(|flag| matches!(flag, 'g' | 'i' | 'm' | 's' | 'u' | 'y'));
    let flags: String = flags.chars().filter(|flag| matches!(flag, 'i' | 'm' | 's')).collect();
    let own = if flags.is_empty() { own.to_owned() } else { format!("(?{flags}){own}") };
    (is_anchored && known && compile(&own).is_ok()).then_some(own)
}

/// As [`between_slashes`], for a pattern as it is written in YAML.
pub(crate) fn written_between_slashes(written: &str) -> Option<String> {
    let quote = written.chars().next().filter(|sign| matches!(sign, '"' | '\''));
    if let Some(quote) = quote {
        let own = written.strip_prefix(quote)?.strip_suffix(quote)?;
        let (own, flags) = own.strip_prefix('/')?.rsplit_once('/')?;
        let flags: String = flags.chars().filter(|flag| matches!(flag, 'i' | 'm' | 's')).collect();
        let flags = if flags.is_empty() { flags } else { format!("(?{flags})") };
        return Some(format!("{quote}{flags}{own}{quote}"));
    }
    let own = between_slashes(written)?;
    let is_plain = own.starts_with(['^', '(', '.', '\\']) || own.starts_with(|it: char| it.is_ascii_alphanumeric());
    match is_plain && !own.contains(": ") && !own.contains(" #") {
        true => Some(own),
        false => Some(format!("'{}'", own.replace('\'', "''"))),
    }
}

#[cfg(test)]
mod tests {
    use super::{between_slashes, written_between_slashes};

    #[test]
    fn slashes_around_an_expression_are_told_from_slashes_in_it() {
        assert_eq!(between_slashes("/^[a-z/]+$/").as_deref(), Some("^[a-z/]+$"));
        assert_eq!(between_slashes("/^[a-z]+/gi").as_deref(), Some("(?i)^[a-z]+"));
        for meant in ["/[a-z]+/", "^/[a-z]+/$", "/srv/data", "/", "//", "/a\\$/", "/^(/", "/^a$/or"] {
            assert_eq!(between_slashes(meant), None, "{meant}");
        }
    }

    #[test]
    fn what_stands_between_slashes_is_written_as_yaml_reads_it() {
        assert_eq!(written_between_slashes("'/^a$/'").as_deref(), Some("'^a$'"));
        assert_eq!(written_between_slashes(r#""/^\\d$/i""#).as_deref(), Some(r#""(?i)^\\d$""#));
        assert_eq!(written_between_slashes("/[a-z]$/").as_deref(), Some("'[a-z]$'"));
    }
}
