//! Which program a document belongs to, and what its compilation said.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use camino::Utf8Path;
use radii_codegen::lower;
use radii_diagnostics::{FileId, SourceMap};
use typespec::service::Service;
use typespec::world::folder;
use typespec::{Compilation, World};

use super::documents::Documents;
use crate::typespec_files;

/// How many folders above a document are searched for its program.
const MAX_LEVELS: usize = 16;

/// Compilations by entry point, kept until something changes.
#[derive(Debug)]
pub struct Projects {
    /// The folders that the editor has open.
    pub roots: Vec<String>,
    compiled: BTreeMap<String, Option<Arc<Compilation>>>,
}

/// A document in the program that it belongs to.
#[derive(Clone, Debug)]
pub struct Place {
    /// What the compilation of its program said.
    pub compilation: Arc<Compilation>,
    /// The document.
    pub file: FileId,
}

impl Projects {
    /// Returns what is known at the start: the folders that the editor has open.
    pub fn new(roots: Vec<String>) -> Self {
        Self { roots, compiled: BTreeMap::new() }
    }

    /// Forgets what was compiled: some file is another now.
    pub fn forget(&mut self) {
        self.compiled.clear();
    }

    /// Finds the program of a document: that of the nearest entry point which reaches it, else the document's own.
    pub fn find(&mut self, documents: &Documents, path: &str) -> Option<Place> {
        self.entries(documents, path).into_iter().find_map(|entry| {
            let compilation = self.compile(documents, &entry)?;
            let file = Service::new(&compilation).find_file(path)?;
            Some(Place { compilation, file })
        })
    }

    /// All programs of open documents, and those of the folders that the editor has open.
    pub fn all(&mut self, documents: &Documents) -> Vec<Arc<Compilation>> {
        let open: Vec<String> = documents.paths().filter(|path| path.ends_with(".tsp")).map(str::to_owned).collect();
        let mut found: Vec<Arc<Compilation>> =
            open.iter().filter_map(|path| self.find(documents, path)).map(|place| place.compilation).collect();
        for root in self.roots.clone() {
            if documents.is_file(&format!("{root}/main.tsp")) {
                found.extend(self.compile(documents, &root));
            }
        }
        let mut distinct: Vec<Arc<Compilation>> = Vec::new();
        for compilation in found {
            if !distinct.iter().any(|known| Arc::ptr_eq(known, &compilation)) {
                distinct.push(compilation);
            }
        }
        distinct
    }

    /// The possible entry points of a document, the nearest first, itself last.
    fn entries(&self, documents: &Documents, path: &str) -> Vec<String> {
        let mut entries = Vec::new();
        let mut current = folder(path);
        for _ in 0..MAX_LEVELS {
            let main = ["main.tsp", "package.json"].iter().any(|name| documents.is_file(&format!("{current}/{name}")));
            if main {
                entries.push(current.to_owned());
            }
            let is_project = documents.is_file(&format!("{current}/tspconfig.yaml"));
            if current == "/" || (is_project && main) || self.roots.iter().any(|root| root == current) {
                break;
            }
            current = folder(current);
        }
        entries.push(path.to_owned());
        entries
    }

    fn compile(&mut self, documents: &Documents, entry: &str) -> Option<Arc<Compilation>> {
        if let Some(known) = self.compiled.get(entry) {
            return known.clone();
        }
        // A mistake of the compiler's own must not take the editor's session with it.
        let compiled = catch_unwind(AssertUnwindSafe(|| compile(documents, entry))).ok().map(Arc::new);
        self.compiled.insert(entry.to_owned(), compiled.clone());
        compiled
    }
}

fn compile(documents: &Documents, entry: &str) -> Compilation {
    let entry = Utf8Path::new(entry);
    let mut compilation = typespec_files::compile_in(documents, SourceMap::new(), entry, &lower::registry());
    if !compilation.has_errors() && lower::has_resource_types(&compilation.program) {
        let lowered = lower::lower(&mut compilation.program);
        compilation.diagnostics.extend(lowered.diagnostics);
    }
    compilation
}
