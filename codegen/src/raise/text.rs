//! Pieces of TypeSpec text.

use serde_json::Value as Json;

/// Words that no declaration or member may be called without back-ticks.
const KEYWORDS: [&str; 29] = [
    "import",
    "model",
    "scalar",
    "namespace",
    "using",
    "op",
    "enum",
    "alias",
    "is",
    "interface",
    "union",
    "projection",
    "else",
    "if",
    "dec",
    "const",
    "init",
    "extends",
    "fn",
    "true",
    "false",
    "return",
    "void",
    "never",
    "unknown",
    "valueof",
    "typeof",
    "extern",
    "internal",
];

/// Returns a member's name, in back-ticks where it needs them.
pub(super) fn identifier(name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || c == '$')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '$')
        && !KEYWORDS.contains(&name);
    if plain { name.to_owned() } else { format!("`{}`", escaped(name).replace('`', "\\`")) }
}

/// Returns text as a string literal.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", escaped(text).replace('"', "\\\""))
}

fn escaped(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace("${", "\\${");
    text.replace('\n', "\\n").replace('\r', "\\r").replace('\t', "\\t")
}

/// Returns a description as a doc comment, or as `@doc` where a comment would lose something of it.
pub(super) fn doc(text: Option<&str>) -> String {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else { return String::new() };
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let survives = |line: &str| !line.starts_with([' ', '\t', '*']);
    let is_plain = !text.contains(['@', '\\', '\r']) && !text.contains("*/") && lines.iter().all(|line| survives(line));
    if !is_plain {
        let body: String = text.lines().map(|line| format!("{}\n", escape_block(line))).collect();
        return format!("@doc(\"\"\"\n{body}\"\"\")\n");
    }
    if let [line] = lines.as_slice() {
        return format!("/** {line} */\n");
    }
    let body: String = lines.iter().map(|line| format!(" * {line}").trim_end().to_owned() + "\n").collect();
    format!("/**\n{body} */\n")
}

fn escape_block(line: &str) -> String {
    line.replace('\\', "\\\\").replace("${", "\\${").replace("\"\"\"", "\\\"\"\"")
}

/// Returns JSON as a value.
pub(super) fn value(json: &Json) -> String {
    match json {
        Json::Array(items) => format!("#[{}]", items.iter().map(value).collect::<Vec<_>>().join(", ")),
        Json::Object(members) => {
            let members = members.iter().map(|(name, member)| format!("{}: {}", identifier(name), value(member)));
            format!("#{{ {} }}", members.collect::<Vec<_>>().join(", "))
        }
        Json::String(text) => quoted(text),
        other => other.to_string(),
    }
}

/// Returns a name in Pascal case, made of letters and digits.
pub(super) fn pascal(name: &str) -> String {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let capital = |word: &str| word[..1].to_ascii_uppercase() + &word[1..];
    let joined: String = words.map(capital).collect();
    match joined.chars().next() {
        Some(first) if first.is_ascii_digit() => format!("V{joined}"),
        Some(_) => joined,
        None => "Value".to_owned(),
    }
}

/// Returns what one of several is called.
pub(super) fn singular(name: &str) -> String {
    if let Some(stem) = name.strip_suffix("ies").filter(|stem| stem.len() > 1) {
        return format!("{stem}y");
    }
    if let Some(stem) = name.strip_suffix("sses") {
        return format!("{stem}ss");
    }
    match name.strip_suffix('s') {
        Some(stem) if stem.len() > 1 && !stem.ends_with(['s', 'u', 'i']) => stem.to_owned(),
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_singular_where_that_is_plain() {
        for (many, one) in [
            ("postgreSqlDatabases", "postgreSqlDatabase"),
            ("policies", "policy"),
            ("classes", "class"),
            ("kafka", "kafka"),
            ("address", "address"),
            ("status", "status"),
            ("redisCaches", "redisCache"),
            ("ports", "port"),
        ] {
            assert_eq!(singular(many), one);
        }
    }

    #[test]
    fn text_that_a_comment_would_change_becomes_a_decorator() {
        assert_eq!(doc(Some("Plain.")), "/** Plain. */\n");
        assert_eq!(doc(Some("Two\nlines\n")), "/**\n * Two\n * lines\n */\n");
        assert_eq!(doc(Some("who@where")), "@doc(\"\"\"\nwho@where\n\"\"\")\n");
        assert_eq!(doc(Some("a\n  b ${c}")), "@doc(\"\"\"\na\n  b \\${c}\n\"\"\")\n");
    }
}
