//! What can be imported: libraries, and the other files of the program.

use super::{Collector, CompletionKind};
use crate::libraries;
use crate::program::Origin;
use crate::world;

impl Collector<'_, '_> {
    /// The paths of imports, with quotes where none are written yet.
    pub(super) fn import_paths(&mut self, quote: &str) {
        let end = if quote.is_empty() { "" } else { "\";" };
        for library in libraries::all().filter(|library| library.name != libraries::STANDARD.name) {
            self.add(library.name, CompletionKind::Library, 2);
            self.quote(quote, end);
        }
        let program = self.service.program;
        let Some(own) = program.file(self.span.file).filter(|file| file.origin == Origin::Project) else { return };
        let folder = world::folder(&own.path);
        let others = program.files.iter().filter(|file| file.origin == Origin::Project && file.id != own.id);
        for path in others.map(|file| relative(folder, &file.path)) {
            self.add(&path, CompletionKind::File, 1);
            self.quote(quote, end);
        }
    }

    fn quote(&mut self, quote: &str, end: &str) {
        if let Some(last) = self.found.last_mut() {
            last.insert = format!("{quote}{}{end}", last.insert);
        }
    }
}

/// A path as an import in a folder writes it.
fn relative(folder: &str, path: &str) -> String {
    let from: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    let to: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let up = "../".repeat(from.len() - shared);
    let down = to[shared..].join("/");
    if up.is_empty() { format!("./{down}") } else { format!("{up}{down}") }
}
