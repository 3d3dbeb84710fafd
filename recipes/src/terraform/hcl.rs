//! Just enough of Terraform's language to see what a module declares: blocks with their labels, and the text of
//! their attributes. Expressions are not evaluated; constants are read.

use serde_json::{Map, Number, Value as Json};

/// A block, such as `variable "size" { … }`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Block {
    /// The first word.
    pub kind: String,
    /// The labels behind it.
    pub labels: Vec<String>,
    /// The line of the first word, from 1.
    pub line: usize,
    /// Attributes: name, text of the expression.
    pub attributes: Vec<(String, String)>,
    /// Blocks inside.
    pub blocks: Vec<Block>,
}

impl Block {
    /// Returns the text of an attribute.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, text)| text.as_str())
    }

    /// Returns the constant value of an attribute.
    pub fn constant(&self, name: &str) -> Option<Json> {
        constant(self.attribute(name)?)
    }
}

/// How deeply blocks and values may be nested.
const DEPTH: usize = 64;

/// Reads the blocks of a file; what cannot be read is passed over, Terraform itself complains about it.
pub fn parse(text: &str) -> Vec<Block> {
    let mut reader = Reader { text: text.as_bytes(), at: 0, line: 1 };
    let mut file = Block::default();
    reader.body(&mut file, 0);
    file.blocks
}

/// Returns the value of an expression that is a constant.
pub fn constant(text: &str) -> Option<Json> {
    let mut reader = Reader { text: text.as_bytes(), at: 0, line: 1 };
    let value = reader.value(0)?;
    reader.blank(true);
    (reader.at == reader.text.len()).then_some(value)
}

struct Reader<'t> {
    text: &'t [u8],
    at: usize,
    line: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn starts(&self, with: &str) -> bool {
        self.text[self.at..].starts_with(with.as_bytes())
    }

    fn step(&mut self) {
        if self.peek() == Some(b'\n') {
            self.line += 1;
        }
        self.at += 1;
    }

    fn slice(&self, from: usize) -> String {
        String::from_utf8_lossy(&self.text[from..self.at.min(self.text.len())]).into_owned()
    }

    /// Passes over blanks and comments, and over line ends where they mean nothing.
    fn blank(&mut self, lines: bool) {
        while let Some(byte) = self.peek() {
            if byte == b'\n' && !lines {
                return;
            } else if byte.is_ascii_whitespace() {
                self.step();
            } else if self.starts("/*") {
                while self.peek().is_some() && !self.starts("*/") {
                    self.step();
                }
                self.at = (self.at + 2).min(self.text.len());
            } else if byte == b'#' || self.starts("//") {
                while self.peek().is_some_and(|byte| byte != b'\n') {
                    self.step();
                }
            } else {
                return;
            }
        }
    }

    fn word(&mut self) -> Option<String> {
        let from = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-') || byte >= 128)
        {
            self.at += 1;
        }
        (self.at > from).then(|| self.slice(from))
    }

    /// Reads attributes and blocks until the closing brace or the end.
    fn body(&mut self, into: &mut Block, depth: usize) {
        loop {
            self.blank(true);
            let Some(byte) = self.peek() else { return };
            if byte == b'}' {
                return self.step();
            }
            let line = self.line;
            let Some(kind) = self.word() else {
                self.step();
                continue;
            };
            let mut block = Block { kind, line, ..Block::default() };
            loop {
                self.blank(false);
                match self.peek() {
                    Some(b'=') => {
                        self.step();
                        self.blank(false);
                        let text = self.expression();
                        into.attributes.push((block.kind, text));
                        break;
                    }
                    Some(b'{') => {
                        self.step();
                        if depth < DEPTH {
                            self.body(&mut block, depth + 1);
                        }
                        into.blocks.push(block);
                        break;
                    }
                    Some(b'"') => {
                        let from = self.at;
                        self.string();
                        let text = self.slice(from);
                        block.labels.push(text.trim_matches('"').to_owned());
                    }
                    Some(_) => match self.word() {
                        Some(label) => block.labels.push(label),
                        None => {
                            self.step();
                            break;
                        }
                    },
                    None => return,
                }
            }
        }
    }

    /// Passes over an expression, to the end of the line outside of brackets; returns its text.
    fn expression(&mut self) -> String {
        let from = self.at;
        let mut open = 0_usize;
        let mut end = self.at;
        while let Some(byte) = self.peek() {
            match byte {
                b'\n' if open == 0 => break,
                b'#' => self.blank(false),
                b'/' if self.starts("//") || self.starts("/*") => self.blank(false),
                b'<' if self.starts("<<") && self.heredoc().is_some() => end = self.at,
                b'"' => {
                    self.string();
                    end = self.at;
                }
                b'}' | b']' | b')' if open == 0 => break,
                _ => {
                    match byte {
                        b'{' | b'[' | b'(' => open += 1,
                        b'}' | b']' | b')' => open -= 1,
                        _ => {}
                    }
                    self.step();
                    if !byte.is_ascii_whitespace() {
                        end = self.at;
                    }
                }
            }
        }
        String::from_utf8_lossy(&self.text[from..end.min(self.text.len())]).into_owned()
    }

    /// Passes over a quoted template with everything nested in it.
    fn string(&mut self) {
        self.step();
        let mut open: Vec<u8> = Vec::new();
        while let Some(byte) = self.peek() {
            match (byte, open.last()) {
                (b'\\', None | Some(b'"')) => self.step(),
                (b'"', None) => return self.step(),
                (b'"', Some(b'"')) => drop(open.pop()),
                (b'"', Some(_)) => open.push(b'"'),
                (b'$' | b'%', None | Some(b'"')) if self.text.get(self.at + 1) == Some(&b'{') => {
                    if self.text.get(self.at.wrapping_sub(1)) != Some(&byte) {
                        open.push(b'{');
                    }
                    self.step();
                }
                (b'{', Some(b'{')) => open.push(b'{'),
                (b'}', Some(b'{')) => drop(open.pop()),
                (b'\n', None) => return,
                _ => {}
            }
            self.step();
        }
    }

    /// Passes over `<<EOT` or `<<-EOT` up to the line of its mark; returns the text between.
    fn heredoc(&mut self) -> Option<String> {
        let (at, line) = (self.at, self.line);
        self.at += 2;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        let Some(mark) = self.word().filter(|_| matches!(self.peek(), Some(b'\n' | b'\r'))) else {
            (self.at, self.line) = (at, line);
            return None;
        };
        while self.peek().is_some_and(|byte| byte != b'\n') {
            self.step();
        }
        self.step();
        let from = self.at;
        loop {
            let begin = self.at;
            while self.peek().is_some_and(|byte| byte != b'\n') {
                self.at += 1;
            }
            if self.slice(begin).trim() == mark || self.peek().is_none() {
                return Some(String::from_utf8_lossy(&self.text[from..begin]).into_owned());
            }
            self.step();
        }
    }

    /// Reads a constant.
    fn value(&mut self, depth: usize) -> Option<Json> {
        self.blank(true);
        if depth > DEPTH {
            return None;
        }
        match self.peek()? {
            b'"' => self.literal(),
            b'[' => {
                self.step();
                let mut items = Vec::new();
                loop {
                    self.blank(true);
                    match self.peek()? {
                        b']' => break self.step(),
                        b',' => self.step(),
                        _ => items.push(self.value(depth + 1)?),
                    }
                }
                Some(Json::Array(items))
            }
            b'{' => self.object(depth),
            b'<' => self.heredoc().filter(|text| !text.contains("${") && !text.contains("%{")).map(Json::String),
            _ => self.scalar(),
        }
    }

    fn object(&mut self, depth: usize) -> Option<Json> {
        self.step();
        let mut members = Map::new();
        loop {
            self.blank(true);
            let key = match self.peek()? {
                b'}' => {
                    self.step();
                    return Some(Json::Object(members));
                }
                b',' => {
                    self.step();
                    continue;
                }
                b'"' => self.literal()?.as_str()?.to_owned(),
                _ => self.word()?,
            };
            self.blank(true);
            if !matches!(self.peek()?, b'=' | b':') {
                return None;
            }
            self.step();
            let value = self.value(depth + 1)?;
            members.insert(key, value);
        }
    }

    fn scalar(&mut self) -> Option<Json> {
        let from = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'+' | b'_'))
        {
            self.at += 1;
        }
        match self.slice(from).as_str() {
            "true" => Some(Json::Bool(true)),
            "false" => Some(Json::Bool(false)),
            "null" => Some(Json::Null),
            number => serde_json::from_str::<Number>(number).ok().map(Json::Number),
        }
    }

    /// Reads a quoted text without expressions in it.
    fn literal(&mut self) -> Option<Json> {
        let from = self.at;
        self.string();
        let quoted = self.slice(from);
        let inner = quoted.strip_prefix('"')?.strip_suffix('"')?;
        let plain = inner.replace("$${", "\u{1}").replace("%%{", "\u{2}");
        if plain.contains("${") || plain.contains("%{") {
            return None;
        }
        let text = unescape(&plain).replace('\u{1}', "${").replace('\u{2}', "%{");
        Some(Json::String(text))
    }
}

fn unescape(text: &str) -> String {
    let mut result = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            result.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => result.push('\n'),
            Some('r') => result.push('\r'),
            Some('t') => result.push('\t'),
            Some(long @ ('u' | 'U')) => {
                let digits: String = chars.by_ref().take(if long == 'u' { 4 } else { 8 }).collect();
                result.extend(u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32));
            }
            Some(other) => result.push(other),
            None => {}
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn blocks_have_labels_lines_and_attributes() {
        let text = "# a comment\nvariable \"size\" {\n  type = object({ a = string, b = optional(number) })\n  \
                    default = { a = \"x\" } // why\n  validation {\n    condition = length(var.size.a) > 0\n  }\n}\n\
                    /* more */ terraform { required_version = \">= 1\" }\noutput \"o\" { value = \"${a.b[\"}\"]}\" }\n";
        let blocks = parse(text);
        let shown: Vec<_> =
            blocks.iter().map(|block| (block.kind.as_str(), block.labels.join(","), block.line)).collect();
        assert_eq!(
            shown,
            [("variable", "size".to_owned(), 2), ("terraform", String::new(), 9), ("output", "o".to_owned(), 10)]
        );
        assert_eq!(blocks[0].attribute("type"), Some("object({ a = string, b = optional(number) })"));
        assert_eq!(blocks[0].constant("default"), Some(json!({ "a": "x" })));
        assert_eq!(blocks[0].blocks[0].kind, "validation");
        assert_eq!(blocks[1].constant("required_version"), Some(json!(">= 1")));
        assert_eq!(blocks[2].attribute("value"), Some("\"${a.b[\"}\"]}\""));
    }

    #[test]
    fn constants_are_read_and_nothing_else() {
        for (text, value) in [
            ("3", json!(3)),
            ("-1.5", json!(-1.5)),
            ("[\"x\", true, null,]", json!(["x", true, null])),
            ("{\n  a = 1\n  \"b c\" : [2]\n}", json!({ "a": 1, "b c": [2] })),
            ("\"a\\n\\\"\\u00e9 $${x}\"", json!("a\n\"é ${x}")),
            ("<<-EOT\n  text\n  EOT", json!("  text\n")),
        ] {
            assert_eq!(constant(text), Some(value), "{text}");
        }
        for text in ["var.x", "\"${var.x}\"", "1 + 1", "f(1)", "[var.x]", "", "{ a }"] {
            assert_eq!(constant(text), None, "{text}");
        }
    }

    #[test]
    fn heredocs_and_nested_templates_do_not_end_blocks() {
        let text = "locals {\n  a = <<EOT\n}\nvariable \"no\" {}\nEOT\n  b = \"${join(\",\", [for x in y : \"${x}\"])}\"\n}\nvariable \"yes\" {}\n";
        let blocks = parse(text);
        let kinds: Vec<_> = blocks.iter().map(|block| (block.kind.as_str(), block.line)).collect();
        assert_eq!(kinds, [("locals", 1), ("variable", 8)]);
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(text in "[a-z{}\\[\\]()\"$%<\\-=#/*\\\\\n ]{0,80}") {
            parse(&text);
            constant(&text);
        }
    }
}
