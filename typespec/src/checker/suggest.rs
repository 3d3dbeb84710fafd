//! "Did you mean": the known name that is nearest to a misspelt one.

/// What other languages call our types.
const ELSEWHERE: &[(&str, &str)] = &[
    ("any", "unknown"),
    ("bool", "boolean"),
    ("byte", "uint8"),
    ("char", "string"),
    ("date", "plainDate"),
    ("datetime", "utcDateTime"),
    ("dict", "Record"),
    ("dictionary", "Record"),
    ("double", "float64"),
    ("float", "float32"),
    ("guid", "string"),
    ("int", "int32"),
    ("int128", "integer"),
    ("integer8", "int8"),
    ("integer16", "int16"),
    ("integer32", "int32"),
    ("integer64", "int64"),
    ("number32", "float32"),
    ("number64", "float64"),
    ("unsigned", "uint32"),
    ("ulong", "uint64"),
    ("ushort", "uint16"),
    ("single", "float32"),
    ("half", "float32"),
    ("list", "Array"),
    ("long", "int64"),
    ("map", "Record"),
    ("nil", "null"),
    ("none", "null"),
    ("number", "numeric"),
    ("short", "int16"),
    ("str", "string"),
    ("text", "string"),
    ("time", "plainTime"),
    ("timestamp", "utcDateTime"),
    ("object", "unknown"),
    ("hashmap", "Record"),
    ("hash", "Record"),
    ("seq", "Array"),
    ("sequence", "Array"),
    ("set", "Array"),
    ("vec", "Array"),
    ("vector", "Array"),
    ("uint", "uint32"),
    ("undefined", "null"),
    ("uri", "url"),
    ("uuid", "string"),
    ("bigint", "int64"),
    ("binary", "bytes"),
    ("blob", "bytes"),
    ("dynamic", "unknown"),
    ("email", "string"),
    ("f32", "float32"),
    ("f64", "float64"),
    ("i16", "int16"),
    ("i32", "int32"),
    ("i64", "int64"),
    ("i8", "int8"),
    ("instant", "utcDateTime"),
    ("json", "unknown"),
    ("localdate", "plainDate"),
    ("localtime", "plainTime"),
    ("money", "decimal"),
    ("offsetdate", "offsetDateTime"),
    ("real", "float64"),
    ("smallint", "int16"),
    ("timedelta", "duration"),
    ("timespan", "duration"),
    ("tinyint", "int8"),
    ("u16", "uint16"),
    ("u32", "uint32"),
    ("u64", "uint64"),
    ("u8", "uint8"),
    ("usize", "uint64"),
    ("varchar", "string"),
    ("partial", "OptionalProperties"),
    ("omit", "OmitProperties"),
    ("pick", "PickProperties"),
];

/// Returns the type that another language's word for it means.
pub(super) fn from_elsewhere(wanted: &str) -> Option<&'static str> {
    ELSEWHERE.iter().find(|(word, _)| word.eq_ignore_ascii_case(wanted)).map(|(_, name)| *name)
}

/// Returns the name most like `wanted`, if one is near enough to propose.
pub(crate) fn similar<'n>(wanted: &str, known: impl Iterator<Item = &'n str>) -> Option<String> {
    // Short names are near to everything: there only the case may differ.
    let limit = (wanted.chars().count() / 3).min(3);
    let mut best: Option<(usize, u64, &str)> = None;
    for name in known {
        let far = if is_same_but_written_otherwise(wanted, name) { Some(0) } else { distance(wanted, name, limit) };
        let Some(far) = far else { continue };
        // Of equals, the first in the alphabet: the answer must not depend on a hash.
        // Of names that differ in their number, the one whose number is nearest.
        let apart = number_of(wanted).abs_diff(number_of(name));
        if best.is_none_or(|(least, away, found)| (far, apart, name) < (least, away, found)) {
            best = Some((far, apart, name));
        }
    }
    best.map(|(.., name)| name.to_owned())
}

/// The digits of a name as a number; zero without any.
fn number_of(name: &str) -> u64 {
    let digits = name.bytes().filter(u8::is_ascii_digit).take(15);
    digits.fold(0, |number, digit| number * 10 + u64::from(digit - b'0'))
}

/// Whether two names differ in casing, `_` and `-` only.
fn is_same_but_written_otherwise(one: &str, other: &str) -> bool {
    let plain = |name: &str| {
        name.bytes().filter(|it| !matches!(it, b'_' | b'-')).map(|it| it.to_ascii_lowercase()).collect::<Vec<_>>()
    };
    one.len().abs_diff(other.len()) < 6
        && one.as_bytes().first().map(u8::to_ascii_lowercase) == other.as_bytes().first().map(u8::to_ascii_lowercase)
        && plain(one) == plain(other)
}

/// Returns the only name that goes on where `wanted` ends.
pub(super) fn begun<'n>(wanted: &str, known: impl Iterator<Item = &'n str>) -> Option<String> {
    let mut longer = known.filter(|name| wanted.len() > 3 && name.starts_with(wanted));
    let first = longer.next()?;
    longer.next().is_none().then(|| first.to_owned())
}

/// Returns the only name that `wanted` is a part of by its words, or that is a part of it: `lot` and `lotNumber`.
pub(super) fn part<'n>(wanted: &str, known: impl Iterator<Item = &'n str>) -> Option<String> {
    let begins = |long: &str, short: &str| {
        let is_start = long.get(..short.len()).is_some_and(|start| start.eq_ignore_ascii_case(short));
        is_start && long[short.len()..].starts_with(|next: char| next.is_ascii_uppercase() || next == '_')
    };
    let ends = |long: &str, short: &str| {
        let at = long.len().checked_sub(short.len()).filter(|at| *at > 0);
        let rest = at.and_then(|at| long.get(at..));
        rest.is_some_and(|rest| {
            rest.starts_with(|first: char| first.is_ascii_uppercase()) && rest.eq_ignore_ascii_case(short)
        })
    };
    let is_part = |long: &str, short: &str| short.len() > 2 && (begins(long, short) || ends(long, short));
    let mut found = known.filter(|name| is_part(name, wanted) || is_part(wanted, name));
    let first = found.next()?;
    found.next().is_none().then(|| first.to_owned())
}

/// Returns the decorator for what other schema languages and TypeScript call by another name.
pub(super) fn decorator_from_elsewhere(name: &str) -> Option<&'static str> {
    Some(match name {
        "minimum" | "min" | "gte" | "valueMin" => "minValue",
        "maximum" | "max" | "lte" | "valueMax" => "maxValue",
        "minLen" | "minSize" | "lengthMin" => "minLength",
        "maxLen" | "maxSize" | "lengthMax" => "maxLength",
        "exclusiveMinimum" | "gt" => "minValueExclusive",
        "exclusiveMaximum" | "lt" => "maxValueExclusive",
        "regex" | "regexp" | "matches" => "pattern",
        "description" | "describe" | "documentation" => "doc",
        "title" | "displayName" => "summary",
        "readonly" | "readOnly" | "output" => "visibility(Lifecycle.Read)",
        "writeonly" | "writeOnly" => "visibility(Lifecycle.Create, Lifecycle.Update)",
        "password" | "sensitive" | "confidential" => "secret",
        "examples" | "sample" => "example",
        "len" | "size" | "length" => "maxLength",
        "fmt" => "format",
        "uuid" | "guid" => "format(\"uuid\")",
        "immutableProperty" | "frozen" | "createOnly" | "final" => "immutable",
        "since" | "introducedIn" | "addedIn" => "added",
        "until" | "removedIn" | "deletedIn" => "removed",
        "jsonName" | "jsonProperty" | "serializedName" => "encodedName",
        _ => return None,
    })
}

/// Edits between two names, neighbours that changed places counting as one; `None` above the limit.
fn distance(a: &str, b: &str, limit: usize) -> Option<usize> {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.iter().zip(&b).all(|(a, b)| a.eq_ignore_ascii_case(b)) && a.len() == b.len() {
        return Some(limit.min(1));
    }
    if a.len().abs_diff(b.len()) > limit {
        return None;
    }
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for (at, row) in rows.iter_mut().enumerate() {
        row[0] = at;
    }
    rows[0] = (0..=b.len()).collect();
    for i in 1..=a.len() {
        for j in 1..=b.len() {
            let same = usize::from(a[i - 1] != b[j - 1]);
            let mut least = (rows[i - 1][j] + 1).min(rows[i][j - 1] + 1).min(rows[i - 1][j - 1] + same);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = least;
        }
    }
    Some(rows[a.len()][b.len()]).filter(|far| *far <= limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_proposed_and_far_ones_are_not() {
        let known = ["string", "int32", "Container", "boolean"];
        assert_eq!(similar("strnig", known.into_iter()).as_deref(), Some("string"));
        assert_eq!(similar("Contianer", known.into_iter()).as_deref(), Some("Container"));
        assert_eq!(similar("Boolean", known.into_iter()).as_deref(), Some("boolean"));
        assert_eq!(similar("Database", known.into_iter()), None);
    }
}
