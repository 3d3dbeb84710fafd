//! Which program a document belongs to, and what its compilation said.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use camino::Utf8Path;
use radii_codegen::lower;
use radii_diagnostics::{FileId, SourceMap};
use radii_model::manifest::Manifest;
use radii_model::schema::Schema;
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
    compiled: BTreeMap<String, Option<Compiled>>,
}

/// What the compilation of a program said, and the manifests of its resource types.
#[derive(Clone, Debug)]
struct Compiled {
    compilation: Arc<Compilation>,
    manifests: Arc<[Manifest]>,
}

/// A document in the program that it belongs to.
#[derive(Clone, Debug)]
pub struct Place {
    /// What the compilation of its program said.
    pub compilation: Arc<Compilation>,
    /// The manifests of its resource types; none while there are errors.
    pub manifests: Arc<[Manifest]>,
    /// The document.
    pub file: FileId,
}

impl Place {
    /// The schemas of all resource types, the newest version of each first.
    pub fn schemas(&self) -> impl Iterator<Item = &Schema> {
        let versions = self.manifests.iter().flat_map(|it| it.types.values()).map(|it| &it.api_versions);
        versions.flat_map(|versions| versions.values().rev()).map(|version| &version.schema)
    }
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
            let Compiled { compilation, manifests } = self.compile(documents, &entry)?;
            let file = Service::new(&compilation).find_file(path)?;
            Some(Place { compilation, manifests, file })
        })
    }

    /// All programs of open documents, and those of the folders that the editor has open.
    pub fn all(&mut self, documents: &Documents) -> Vec<Arc<Compilation>> {
        let open: Vec<String> = documents.paths().filter(|path| path.ends_with(".tsp")).map(str::to_owned).collect();
        let mut found: Vec<Arc<Compilation>> =
            open.iter().filter_map(|path| self.find(documents, path)).map(|place| place.compilation).collect();
        for root in self.roots.clone() {
            if documents.is_file(&format!("{root}/main.tsp")) {
                found.extend(self.compile(documents, &root).map(|compiled| compiled.compilation));
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

    fn compile(&mut self, documents: &Documents, entry: &str) -> Option<Compiled> {
        if let Some(known) = self.compiled.get(entry) {
            return known.clone();
        }
        // A mistake of the compiler's own must not take the editor's session with it.
        let compiled = catch_unwind(AssertUnwindSafe(|| compile(documents, entry))).ok();
        self.compiled.insert(entry.to_owned(), compiled.clone());
        compiled
    }
}

fn compile(documents: &Documents, entry: &str) -> Compiled {
    let entry = Utf8Path::new(entry);
    let mut compilation = typespec_files::compile_in(documents, SourceMap::new(), entry, &lower::registry());
    let mut manifests = Vec::new();
    if !compilation.has_errors() && lower::has_resource_types(&compilation.program) {
        let lowered = lower::lower(&mut compilation.program);
        compilation.diagnostics.extend(lowered.diagnostics);
        manifests = lowered.manifests;
    }
    Compiled { compilation: Arc::new(compilation), manifests: manifests.into() }
}
