//! Doc comments: their text, their tags, and what they describe.

use crate::ast::NodeId;
use crate::syntax::NodeKind;

use super::*;

/// A doc comment, taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DocComment {
    /// The text before the first tag.
    pub text: String,
    /// Tags in order: the word, the name it is about (empty where there is none), the text.
    pub tags: Vec<(String, String, String)>,
}

impl DocComment {
    /// Takes a comment apart; `source` goes from `/**` to `*/`.
    pub fn parse(source: &str) -> Self {
        let body = source.strip_prefix("/**").unwrap_or(source);
        let body = body.strip_suffix("*/").unwrap_or(body);
        Self::from_lines(&undecorated(body))
    }

    fn from_lines(text: &str) -> Self {
        let mut doc = Self::default();
        let mut current = String::new();
        let mut tag: Option<(String, String)> = None;
        let mut fence: Option<usize> = None;
        let mut rest = text;
        while let Some(character) = rest.chars().next() {
            let ticks = rest.bytes().take_while(|byte| *byte == b'`').count();
            if ticks > 0 {
                fence = match fence {
                    None => Some(ticks),
                    Some(open) if open == ticks => None,
                    open => open,
                };
                current.push_str(&rest[..ticks]);
                rest = &rest[ticks..];
                continue;
            }
            if fence.is_none() && rest.starts_with("\\@") {
                current.push('@');
                rest = &rest[2..];
                continue;
            }
            if fence.is_none() && character == '@' {
                doc.take(tag.take(), &mut current);
                let (found, after) = tag_head(&rest[1..]);
                tag = Some(found);
                rest = after;
                continue;
            }
            if fence == Some(1) && character == '\n' {
                fence = None;
            }
            current.push(character);
            rest = &rest[character.len_utf8()..];
        }
        doc.take(tag, &mut current);
        doc
    }

    fn take(&mut self, tag: Option<(String, String)>, text: &mut String) {
        let text = std::mem::take(text);
        match tag {
            None => self.text = text.trim().to_owned(),
            Some((word, name)) => {
                let text = text.trim();
                let text = if name.is_empty() { text } else { text.strip_prefix('-').unwrap_or(text).trim_start() };
                self.tags.push((word, name, text.to_owned()));
            }
        }
    }

    /// The text of the first tag of a word about a name.
    pub fn tag(&self, words: &[&str], name: &str) -> Option<&str> {
        let found = self.tags.iter().find(|(word, about, _)| words.contains(&word.as_str()) && about == name);
        found.map(|(.., text)| text.as_str())
    }
}

/// Reads a tag's word, and the name behind it where the tag is about one.
fn tag_head(text: &str) -> ((String, String), &str) {
    let is_part = |character: char| character.is_alphanumeric() || matches!(character, '_' | '$');
    let end = text.find(|character| !is_part(character)).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    if !matches!(word, "param" | "prop" | "template") {
        return ((word.to_owned(), String::new()), rest);
    }
    let rest = rest.trim_start_matches([' ', '\t']);
    if let Some((name, after)) = rest.strip_prefix('`').and_then(|quoted| quoted.split_once('`')) {
        return ((word.to_owned(), name.to_owned()), after);
    }
    let end = rest.find(|character| !is_part(character)).unwrap_or(rest.len());
    let (name, rest) = rest.split_at(end);
    ((word.to_owned(), name.to_owned()), rest)
}

/// Removes the stars at the beginning of the lines.
fn undecorated(body: &str) -> String {
    let body = body.replace("\r\n", "\n").replace('\r', "\n");
    let mut text = String::new();
    let mut in_fence = false;
    for (at, line) in body.split('\n').enumerate() {
        let trimmed = line.trim_start();
        let content = match trimmed.strip_prefix('*') {
            Some(rest) if at > 0 && in_fence => rest.strip_prefix([' ', '\t']).unwrap_or(rest),
            Some(rest) if at > 0 => rest.trim_start(),
            None if in_fence => line,
            _ => trimmed,
        };
        if content.trim_start().starts_with("```") {
            in_fence = !in_fence;
        }
        if at > 0 {
            text.push('\n');
        }
        text.push_str(content);
    }
    text
}

impl Program {
    /// The doc comments before a declaration or member, joined.
    pub fn doc_comment(&self, node: NodeId) -> DocComment {
        let file = self.ast.node(node).file;
        let mut joined = DocComment::default();
        for (start, end) in self.ast.doc_comments(node) {
            let doc = DocComment::parse(self.ast.text_at(Span { file, start: *start, end: *end }));
            joined.text.push_str(&doc.text);
            joined.tags.extend(doc.tags);
        }
        joined
    }

    /// Sets the description of a type from the comment before it, or from a tag of what it belongs to.
    pub(crate) fn apply_doc_comment(&mut self, id: TypeId) {
        if let Some(source) = self.inherits_doc_from(id)
            && let Some(text) = self.docs.get(&source).cloned()
        {
            self.docs.insert(id, text);
        }
        let Some(node) = self[id].node else { return };
        if matches!(self[id].kind, TypeKind::Namespace(_)) {
            return self.apply_namespace_docs(id);
        }
        let doc = self.doc_comment(node);
        let text = if doc.text.is_empty() { self.doc_from_owner(id, node) } else { Some(doc.text.clone()) };
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            self.set_doc(id, text);
        }
        if matches!(self[id].kind, TypeKind::Operation(_)) {
            for (key, words) in
                [("TypeSpec.returnsDoc", ["return", "returns"]), ("TypeSpec.errorsDoc", ["errors", "errors"])]
            {
                if let Some(text) = doc.tag(&words, "") {
                    self.state.set(key, id, text.to_owned());
                }
            }
        }
    }

    /// Whether a comment before a type describes it.
    pub(crate) fn has_doc_comment(&self, id: TypeId) -> bool {
        self[id].node.is_some_and(|node| !self.doc_comment(node).text.is_empty())
    }

    fn apply_namespace_docs(&mut self, id: TypeId) {
        let Some(symbol) = self.symbol_of_namespace(id) else { return };
        let texts: Vec<String> = self[symbol]
            .declarations
            .iter()
            // The comment before `namespace A.B` is about `B`.
            .filter(|node| self.bindings.symbol_of.get(node) == Some(&symbol))
            .map(|node| self.doc_comment(*node).text)
            .filter(|text| !text.is_empty())
            .collect();
        if !texts.is_empty() {
            self.set_doc(id, texts.concat());
        }
    }

    /// `is` hands the description on, but not that of arrays and records as such.
    fn inherits_doc_from(&self, id: TypeId) -> Option<TypeId> {
        let source = match &self[id].kind {
            TypeKind::Model(model) => model.source?,
            TypeKind::Operation(operation) => operation.source?,
            _ => return None,
        };
        let is_list = self.is_standard_namespace(self.namespace_of(source))
            && matches!(self.name_of(source).map(|name| &**name), Some("Array" | "Record"));
        (!is_list).then_some(source)
    }

    fn doc_from_owner(&self, id: TypeId, node: NodeId) -> Option<String> {
        let (words, name): (&[&str], _) = match &self[id].kind {
            TypeKind::ModelProperty(property) => (&["prop", "param"], &property.name),
            TypeKind::FunctionParameter(parameter) => (&["param"], &parameter.name),
            _ => return None,
        };
        let owner = self.ast.ancestors(node).skip(1).find(|ancestor| {
            !matches!(
                self.ast.kind(*ancestor),
                NodeKind::Members | NodeKind::OperationParameters | NodeKind::Arguments | NodeKind::ModelExpression
            )
        })?;
        self.doc_comment(owner).tag(words, name).map(str::to_owned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_go_and_tags_are_taken_apart() {
        let doc = DocComment::parse(
            "/**\n * First line,\n * `@code` and \\@home.\n * @param a - the first\n * @returns it\n */",
        );
        assert_eq!(doc.text, "First line,\n`@code` and @home.");
        assert_eq!(doc.tag(&["param"], "a"), Some("the first"));
        assert_eq!(doc.tag(&["returns"], ""), Some("it"));
    }

    #[test]
    fn indentation_inside_fences_stays() {
        let doc = DocComment::parse("/**\n * Use:\n * ```\n *   @x\n * ```\n */");
        assert_eq!(doc.text, "Use:\n```\n  @x\n```");
    }
}
