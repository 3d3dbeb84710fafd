//! Positions as editors count them (lines from 0, UTF-16 units), and URIs of files.

use gen_lsp_types::{Position, Range, Uri};
use radii_diagnostics::Span;

/// A text with the offsets of its lines.
#[derive(Debug)]
pub struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    /// Finds the lines of a text.
    pub fn new(text: &'a str) -> Self {
        let starts = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        Self { text, starts: std::iter::once(0).chain(starts).collect() }
    }

    /// The byte offset of a position; what is past the end of its line or of the text becomes that end.
    pub fn offset(&self, position: Position) -> usize {
        let line = position.line as usize;
        let Some(start) = self.starts.get(line).copied() else { return self.text.len() };
        let end = self.starts.get(line + 1).copied().unwrap_or(self.text.len());
        let content = self.text[start..end].trim_end_matches(['\n', '\r']);
        let mut units = 0;
        for (at, character) in content.char_indices() {
            if units >= position.character as usize {
                return start + at;
            }
            units += character.len_utf16();
        }
        start + content.len()
    }

    /// The position of a byte offset.
    pub fn position(&self, offset: usize) -> Position {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let line = self.starts.partition_point(|start| *start <= offset) - 1;
        let units = self.text[self.starts[line]..offset].encode_utf16().count();
        Position { line: line as u32, character: units as u32 }
    }

    /// The range of a span.
    pub fn range(&self, span: Span) -> Range {
        Range { start: self.position(span.start as usize), end: self.position(span.end as usize) }
    }

    /// The range of the whole text.
    pub fn whole(&self) -> Range {
        Range { start: Position { line: 0, character: 0 }, end: self.position(self.text.len()) }
    }
}

/// The path that a `file:` URI names; `None` for other URIs.
pub fn path_of(uri: &Uri) -> Option<String> {
    let rest = uri.as_ref().strip_prefix("file://")?;
    // A host is only ever the local one.
    let path = rest.strip_prefix("localhost").unwrap_or(rest);
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits = [rest.next()?, rest.next()?];
        bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
    }
    let path = String::from_utf8(bytes).ok()?;
    path.starts_with('/').then(|| typespec::world::normalise(&path))
}

/// The URI of a file.
pub fn uri_of(path: &str) -> Uri {
    let mut uri = String::from("file://");
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~@".contains(&byte) {
            uri.push(byte as char);
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    Uri(uri)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn position(line: u32, character: u32) -> Position {
        Position { line, character }
    }

    #[test]
    fn columns_count_utf_16_units_and_stop_at_the_end_of_the_line() {
        let text = "a\u{1F600}b\r\nné";
        let lines = Lines::new(text);
        assert_eq!(lines.offset(position(0, 3)), 5);
        assert_eq!(lines.position(5), position(0, 3));
        assert_eq!(lines.offset(position(0, 99)), 6);
        assert_eq!(lines.offset(position(1, 2)), text.len());
        assert_eq!(lines.offset(position(9, 0)), text.len());
        assert_eq!(lines.position(999), position(1, 2));
    }

    #[test]
    fn uris_and_paths_are_each_others_inverse() {
        let path = "/a b/ü#%.tsp";
        assert_eq!(path_of(&uri_of(path)).as_deref(), Some(path));
        assert_eq!(uri_of(path).as_ref(), "file:///a%20b/%C3%BC%23%25.tsp");
        for foreign in ["untitled:Untitled-1", "file:///%zz", "file:///%", "http://x/y.tsp", "file://relative"] {
            assert_eq!(path_of(&Uri(foreign.to_owned())), None, "{foreign}");
        }
    }
}
