//! The documents that the editor has open: they hide the files on disk.

use std::collections::BTreeMap;

use camino::Utf8Path;
use gen_lsp_types::TextDocumentContentChangeEvent;
use typespec::World;

use super::positions::Lines;
use crate::typespec_files::Disk;

/// Open documents by path, over the disk.
#[derive(Debug, Default)]
pub struct Documents {
    open: BTreeMap<String, Document>,
}

/// An open document.
#[derive(Debug)]
pub struct Document {
    /// What is in it now.
    pub text: String,
    /// The editor's number of this state.
    pub version: i32,
}

impl Documents {
    /// Takes a document that was opened.
    pub fn open(&mut self, path: String, text: String, version: i32) {
        self.open.insert(path, Document { text, version });
    }

    /// Forgets a document that was closed.
    pub fn close(&mut self, path: &str) {
        self.open.remove(path);
    }

    /// Applies changes in their order; `false` for a document that is not open.
    pub fn change(&mut self, path: &str, version: i32, changes: Vec<TextDocumentContentChangeEvent>) -> bool {
        let Some(document) = self.open.get_mut(path) else { return false };
        document.version = version;
        for change in changes {
            document.apply(change);
        }
        true
    }

    /// Returns an open document.
    pub fn find(&self, path: &str) -> Option<&Document> {
        self.open.get(path)
    }

    /// The paths of all open documents.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.open.keys().map(String::as_str)
    }
}

impl Document {
    fn apply(&mut self, change: TextDocumentContentChangeEvent) {
        match change {
            TextDocumentContentChangeEvent::TextDocumentContentChangePartial(part) => {
                let lines = Lines::new(&self.text);
                let start = lines.offset(part.range.start);
                let end = lines.offset(part.range.end).max(start);
                self.text.replace_range(start..end, &part.text);
            }
            TextDocumentContentChangeEvent::TextDocumentContentChangeWholeDocument(whole) => self.text = whole.text,
        }
    }
}

impl World for Documents {
    fn read(&self, path: &str) -> Option<String> {
        match self.open.get(path) {
            Some(document) => Some(document.text.clone()),
            None => Disk.read(path),
        }
    }

    fn is_file(&self, path: &str) -> bool {
        self.open.contains_key(path) || Disk.is_file(path)
    }

    fn is_directory(&self, path: &str) -> bool {
        Disk.is_directory(path) || self.open.keys().any(|open| Utf8Path::new(open).starts_with(path) && open != path)
    }

    fn real_path(&self, path: &str) -> String {
        // A document that was never saved is nowhere on the disk.
        Disk.real_path(path)
    }
}

#[cfg(test)]
mod tests {
    use gen_lsp_types::{TextDocumentContentChangeEvent, Uri};
    use serde_json::json;

    use super::*;

    #[test]
    fn changes_apply_in_order_and_wrong_ranges_do_no_harm() {
        let mut documents = Documents::default();
        documents.open("/a.tsp".to_owned(), "model A {}\n".to_owned(), 1);
        let changes: Vec<TextDocumentContentChangeEvent> = serde_json::from_value(json!([
            { "range": { "start": { "line": 0, "character": 6 }, "end": { "line": 0, "character": 7 } }, "text": "B" },
            { "range": { "start": { "line": 7, "character": 0 }, "end": { "line": 2, "character": 9 } }, "text": "// x" },
        ]))
        .unwrap();
        assert!(documents.change("/a.tsp", 2, changes));
        assert_eq!(documents.read("/a.tsp").as_deref(), Some("model B {}\n// x"));
        assert!(!documents.change("/unknown.tsp", 1, Vec::new()));
        assert_eq!(super::super::positions::path_of(&Uri("file:///a.tsp".to_owned())).as_deref(), Some("/a.tsp"));
    }
}
