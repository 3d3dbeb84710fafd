//! Manifests in an editor: what their keys mean, which ones fit, what is in them.
//!
//! A text that is being typed is no document yet. So a place is known by its line and by the keys above that are
//! indented less, as people write YAML in blocks.

use gen_lsp_types::{CompletionItemKind, Position, SymbolKind, TextEdit};
use radii_diagnostics::{FileId, SourceMap, Span};
use radii_model::manifest;
use radii_model::schema::Schema;
use serde_json::{Value as Json, json};

use super::keys::{self, Key, Section};
use super::positions::{Lines, uri_of};
use super::publish;

/// Where in a manifest a line stands.
#[derive(Debug, PartialEq, Eq)]
struct Context {
    /// The keys that it is below, outermost first.
    path: Vec<String>,
    /// The key of the line, if it has one.
    key: Option<String>,
    /// Whether the place is behind the key's colon.
    is_value: bool,
    /// The word at the place.
    word: (usize, usize),
}

/// The key of a line, with its indentation; a dash counts as white space.
fn key_of(line: &str) -> (usize, Option<&str>) {
    let indentation = line.len() - line.trim_start_matches([' ', '-']).len();
    let rest = &line[indentation..];
    let key = rest.find(':').filter(|at| rest[at + 1..].is_empty() || rest[at + 1..].starts_with([' ', '\r']));
    let key = key.map(|at| rest[..at].trim_matches(['"', '\'', ' '])).filter(|key| !key.is_empty());
    (indentation, key.filter(|_| !rest.starts_with('#')))
}

fn context(text: &str, offset: usize) -> Context {
    let start = text[..offset].rfind('\n').map_or(0, |end| end + 1);
    let end = text[offset..].find('\n').map_or(text.len(), |end| offset + end);
    let line = text[start..end].trim_end_matches('\r');
    let (mut level, key) = key_of(line);
    if line.trim().is_empty() {
        level = offset - start;
    }
    let colon = key.and_then(|_| line.find(':')).map(|at| start + at);
    let is_value = colon.is_some_and(|colon| offset > colon);
    let in_word = |letter: char| letter.is_alphanumeric() || "-_$.".contains(letter);
    let before = text[start..offset]
        .rfind(|letter| !in_word(letter))
        .map_or(start, |at| start + at + text[start + at..].chars().next().map_or(1, char::len_utf8));
    let after = text[offset..end].find(|letter| !in_word(letter)).map_or(end, |at| offset + at);
    let mut path = Vec::new();
    for line in text[..start].lines().rev() {
        let (indentation, above) = key_of(line);
        if let Some(above) = above.filter(|_| indentation < level) {
            path.push(above.to_owned());
            level = indentation;
        }
    }
    path.reverse();
    Context { path, key: key.map(str::to_owned), is_value, word: (before, after) }
}

/// What a key means.
pub fn hover(text: &str, position: Position) -> Json {
    let lines = Lines::new(text);
    let context = context(text, lines.offset(position));
    let (Some(name), false) = (&context.key, context.is_value) else { return Json::Null };
    let section = Section::of(&context.path);
    let known = section.keys().iter().find(|key| key.name == name);
    let value = match known {
        Some(key) => format!("`{name}`: {}", key.docs),
        None => match described(text, &context.path, name) {
            Some(described) => described,
            None => return Json::Null,
        },
    };
    json!({ "contents": { "kind": "markdown", "value": value } })
}

/// What the manifest itself says of a type or a property.
fn described(text: &str, path: &[String], name: &str) -> Option<String> {
    let (manifest, _) = manifest::parse(FileId(0), text);
    let manifest = manifest?;
    let (first, rest) = path.split_first()?;
    if first != "types" {
        return None;
    }
    let Some((of, rest)) = rest.split_first() else {
        let described = manifest.types.get(name)?.description.clone()?;
        return Some(format!("**{}/{name}**\n\n{described}", manifest.namespace.value));
    };
    let [_, version, _, rest @ ..] = rest else { return None };
    let versions = &manifest.types.get(of)?.api_versions;
    let (_, entry) = versions.iter().find(|(known, _)| known.to_string() == *version)?;
    let mut schema: &Schema = &entry.schema;
    let mut steps = rest.iter();
    while let Some(step) = steps.next() {
        schema = match step.as_str() {
            "properties" => match steps.next() {
                Some(name) => &schema.properties.get(name)?.schema,
                None => break,
            },
            "items" => schema.items.as_deref()?,
            _ => return None,
        };
    }
    let property = &schema.properties.get(name)?.schema;
    let kind = property.kind.map_or("any value", |kind| kind.as_str());
    let description = property.description.as_deref().unwrap_or_default();
    Some(format!("**{name}**: {kind}\n\n{description}").trim_end().to_owned())
}

/// The keys or values that fit a place.
pub fn completion(text: &str, position: Position) -> Json {
    let lines = Lines::new(text);
    let context = context(text, lines.offset(position));
    let range = lines.range(Span::new(FileId(0), context.word.0, context.word.1));
    let section = Section::of(&context.path);
    let item = |label: &str, insert: String, kind: CompletionItemKind, docs: &str| {
        json!({
            "label": label,
            "kind": kind,
            "textEdit": TextEdit { range, new_text: insert },
            "documentation": { "kind": "markdown", "value": docs },
        })
    };
    let items: Vec<Json> = if context.is_value {
        let values = context.key.iter().flat_map(|key| keys::values(section, key));
        values.map(|value| item(value, value.to_owned(), CompletionItemKind::Value, "")).collect()
    } else if section == Section::List {
        let values = context.path.last().into_iter().flat_map(|key| keys::values(section, key));
        values.map(|value| item(value, value.to_owned(), CompletionItemKind::Value, "")).collect()
    } else {
        let has_colon = context.key.is_some();
        let insert = |key: &Key| match (has_colon, key.opens) {
            (true, _) => key.name.to_owned(),
            (false, true) => format!("{}:", key.name),
            (false, false) => format!("{}: ", key.name),
        };
        section.keys().iter().map(|key| item(key.name, insert(key), CompletionItemKind::Property, key.docs)).collect()
    };
    json!({ "isIncomplete": false, "items": items })
}

/// The provider, its types and their versions.
pub fn symbols(text: &str) -> Json {
    let lines = Lines::new(text);
    let (Some(manifest), _) = manifest::parse(FileId(0), text) else { return json!([]) };
    let symbol = |name: &str, kind: SymbolKind, span: Span, children: Vec<Json>| {
        let range = lines.range(span);
        json!({ "name": name, "kind": kind, "range": range, "selectionRange": range, "children": children })
    };
    let types = manifest.types.iter().map(|(name, it)| {
        let versions = it.api_versions.iter();
        let versions = versions
            .map(|(version, entry)| symbol(&version.to_string(), SymbolKind::Constant, entry.schema.span, Vec::new()));
        let versions: Vec<Json> = versions.collect();
        symbol(name, SymbolKind::Class, place_of(text, name), versions)
    });
    let types: Vec<Json> = types.collect();
    json!([symbol(&manifest.namespace.value, SymbolKind::Namespace, Span::new(FileId(0), 0, text.len()), types)])
}

/// The line of a key.
fn place_of(text: &str, name: &str) -> Span {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let (indentation, key) = key_of(line.trim_end());
        if key == Some(name) {
            return Span::new(FileId(0), start + indentation, start + line.trim_end().len());
        }
        start += line.len();
    }
    Span::new(FileId(0), 0, 0)
}

/// The fixes of what is wrong within a range.
pub fn actions(path: &str, text: &str, from: Position, to: Position) -> Json {
    let mut sources = SourceMap::new();
    let file = sources.add(path, text);
    let (_, diagnostics) = manifest::parse(file, text);
    let lines = Lines::new(text);
    let (from, to) = (lines.offset(from) as u32, lines.offset(to) as u32);
    let mut actions = Vec::new();
    for diagnostic in &diagnostics {
        let Some(place) = diagnostic.primary.as_ref().map(|label| label.span) else { continue };
        if place.start > to || from > place.end {
            continue;
        }
        for fix in &diagnostic.fixes {
            let edit = TextEdit { range: lines.range(fix.span), new_text: fix.replacement.clone() };
            actions.push(json!({
                "title": fix.title,
                "kind": "quickfix",
                "isPreferred": fix.sure,
                "diagnostics": [publish::convert(diagnostic, &sources)],
                "edit": { "changes": { uri_of(path).0: [edit] } },
            }));
        }
    }
    Json::Array(actions)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "namespace: A.B\ntypes:\n  boxes:\n    description: Boxes\n    apiVersions:\n      '2025-01-01':\n        schema:\n          type: object\n          properties:\n            size:\n              \n";

    #[test]
    fn a_place_is_known_by_the_keys_above_it() {
        let at = |marked: &str| context(TEXT, TEXT.find(marked).unwrap() + marked.len());
        assert_eq!(at("desc").path, ["types", "boxes"]);
        assert!(!at("desc").is_value && at("description: B").is_value);
        let below = context(TEXT, TEXT.len() - 1);
        assert_eq!(below.path, ["types", "boxes", "apiVersions", "2025-01-01", "schema", "properties", "size"]);
        assert_eq!(Section::of(&below.path), Section::Schema);
        assert_eq!(Section::of(&at("size").path), Section::Names);
    }

    #[test]
    fn any_place_of_any_text_has_an_answer() {
        for text in [TEXT, "", "a", "- - x:\n   é: y\n", "{\"namespace\": 1}", "\u{1F600}:\r\n  b: "] {
            for offset in (0..=text.len()).filter(|offset| text.is_char_boundary(*offset)) {
                let position = Lines::new(text).position(offset);
                let _ = (hover(text, position), completion(text, position), symbols(text));
            }
        }
    }
}
