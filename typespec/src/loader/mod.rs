//! Loading: the entry file, what it imports, and the libraries.

mod packages;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use radii_diagnostics::{Code, Diagnostic, FileId, Fix, Span};

use crate::ast::NodeId;
use crate::libraries::{self, Library};
use crate::program::{File, Origin, Program};
use crate::project::{Named, Project};
use crate::registry::Registry;
use crate::syntax::NodeKind;
use crate::world::{self, World};
use packages::Resolved;

/// What embedded files are called.
const EMBEDDED: &str = "library:";

/// Loads a program's files into it; what cannot be loaded is reported.
pub(crate) fn load(program: &mut Program, world: &dyn World, registry: &Registry, entry: &str, project: &Project) {
    let mut loader = Loader {
        program,
        world,
        registry,
        known: HashMap::new(),
        open: VecDeque::new(),
        packages: HashMap::new(),
        manifests: HashMap::new(),
    };
    loader.embedded(libraries::STANDARD, libraries::STANDARD.entry);
    loader.run();
    loader.entry(entry, project.entrypoint.as_ref(), &project.path);
    loader.run();
    loader.imports_of(project);
    loader.run();
}

struct Loader<'a> {
    program: &'a mut Program,
    world: &'a dyn World,
    registry: &'a Registry,
    /// Files by real path.
    known: HashMap<Arc<str>, FileId>,
    /// Files whose imports are still to be followed.
    open: VecDeque<FileId>,
    /// Packages by the folder of their `package.json`; 0 is the project.
    packages: HashMap<String, u32>,
    /// Manifests that diagnostics point into, by path.
    manifests: HashMap<String, FileId>,
}

impl Loader<'_> {
    fn run(&mut self) {
        while let Some(file) = self.open.pop_front() {
            self.follow_imports(file);
        }
    }

    /// Loads the entry; the configuration may say which file stands for its own folder.
    fn entry(&mut self, entry: &str, named: Option<&Named>, config: &str) {
        let path = world::normalise(entry);
        let named = named.filter(|_| self.world.is_directory(&path) && world::folder(config) == path);
        let path = match (named, packages::resolve_folder(self.world, &path)) {
            (Some((main, _)), _) => world::join(&path, main),
            (None, Some(Resolved::File(main))) => main,
            _ => path,
        };
        if !self.world.is_file(&path) {
            let diagnostic = Diagnostic::error(Code::new("file-not-found"), format!("File {path} not found."));
            let diagnostic = match named {
                Some((_, span)) => diagnostic.at(*span).help("paths start at the configuration's folder"),
                None => diagnostic.help("give a .tsp file, or a folder with `main.tsp`"),
            };
            return self.program.report(diagnostic);
        }
        if !path.ends_with(".tsp") {
            let message = "Entry file must either be a .tsp file or a .js file.";
            return self.program.report(Diagnostic::error(Code::new("invalid-main"), message));
        }
        self.file(&path, Origin::Project);
    }

    /// Loads what the configuration wants beside the entry.
    fn imports_of(&mut self, project: &Project) {
        for (specifier, span) in &project.imports {
            let importer = File {
                id: span.file,
                path: project.path.as_str().into(),
                root: NodeId(0),
                origin: Origin::Project,
                package: 0,
            };
            self.import(&importer, specifier, *span);
        }
    }

    /// Loads a file of the world once.
    fn file(&mut self, path: &str, origin: Origin) -> Option<FileId> {
        let real: Arc<str> = self.world.real_path(path).into();
        if let Some(known) = self.known.get(&real) {
            return Some(*known);
        }
        let text = self.world.read(path)?;
        let package = self.package_of(path, origin);
        let id = self.add(path, text, origin, package);
        self.known.insert(real, id);
        Some(id)
    }

    /// The number of the package that a file belongs to.
    fn package_of(&mut self, path: &str, origin: Origin) -> u32 {
        if origin == Origin::Project {
            return 0;
        }
        let folder = packages::package_folder(path).unwrap_or_default().to_owned();
        let next = self.packages.len() as u32 + 1;
        *self.packages.entry(folder).or_insert(next)
    }

    fn embedded(&mut self, library: Library, path: &str) -> Option<FileId> {
        let name: Arc<str> = format!("{EMBEDDED}{}/{path}", library.name).into();
        if let Some(known) = self.known.get(&name) {
            return Some(*known);
        }
        let text = library.find_file(path)?;
        let package = self.package_of(&format!("{EMBEDDED}node_modules/{}/x", library.name), Origin::Embedded);
        let id = self.add(&name, text.to_owned(), Origin::Embedded, package);
        self.known.insert(name, id);
        Some(id)
    }

    fn add(&mut self, path: &str, text: String, origin: Origin, package: u32) -> FileId {
        let text: Arc<str> = text.into();
        let id = self.program.sources.add(path, text.clone());
        let parse = crate::parser::repair::parse(id, &text);
        let root = self.program.ast.add(id, text, &parse.root);
        self.program.diagnostics.extend(parse.diagnostics);
        self.program.files.push(File { id, path: path.into(), root, origin, package });
        self.open.push_back(id);
        id
    }

    fn follow_imports(&mut self, file: FileId) {
        let Some(file) = self.program.file(file).cloned() else { return };
        let imports: Vec<NodeId> = self
            .program
            .ast
            .children(file.root)
            .filter(|node| self.program.ast.kind(*node) == NodeKind::Import)
            .collect();
        let mut seen: Vec<(FileId, NodeId)> = Vec::new();
        for import in imports {
            let Some(literal) = self.program.ast.find(import, NodeKind::StringLiteral) else { continue };
            let specifier = crate::checker::string_literal(&self.program.ast, literal);
            let span = self.program.ast.span(import);
            let Some(target) = self.import(&file, &specifier, span) else { continue };
            if target == file.id {
                self.warn("self-import", "A file cannot import itself.".to_owned(), span);
            } else if seen.iter().any(|(known, _)| *known == target) {
                self.warn("duplicate-import", format!("Duplicate import of \"{specifier}\""), span);
            }
            self.program.imports.insert(import, target);
            seen.push((target, import));
        }
    }

    fn warn(&mut self, code: &'static str, message: String, span: Span) {
        self.program.report(Diagnostic::warning(Code::new(code), message).at(span).help("remove the import"));
    }

    fn import(&mut self, file: &File, specifier: &str, span: Span) -> Option<FileId> {
        if file.origin == Origin::Embedded {
            return self.import_in_library(file, specifier);
        }
        if specifier.starts_with("./") || specifier.starts_with("../") || specifier.starts_with('/') {
            return self.import_path(file, specifier, span);
        }
        self.import_library(file, specifier, span)
    }

    fn import_in_library(&mut self, file: &File, specifier: &str) -> Option<FileId> {
        if !specifier.starts_with('.') {
            return self.import_embedded(specifier);
        }
        let path = file.path.strip_prefix(EMBEDDED)?;
        let library = self.library_at(path)?;
        let inner = path.strip_prefix(library.name)?.trim_start_matches('/');
        self.embedded(library, &world::join(world::folder(inner), specifier))
    }

    fn library_at(&self, path: &str) -> Option<Library> {
        let parts: Vec<&str> = path.split('/').collect();
        let length = if path.starts_with('@') { 2 } else { 1 };
        let name = parts.get(..length)?.join("/");
        self.registry.find_library(&name)
    }

    fn import_embedded(&mut self, specifier: &str) -> Option<FileId> {
        let library = self.library_at(specifier)?;
        let rest = specifier[library.name.len()..].trim_start_matches('/').to_owned();
        let entry = library.entry;
        let candidates = if rest.is_empty() {
            vec![entry.to_owned()]
        } else {
            vec![format!("{rest}/main.tsp"), format!("{rest}.tsp"), rest]
        };
        candidates.iter().find_map(|path| self.embedded(library, path))
    }

    fn import_path(&mut self, file: &File, specifier: &str, span: Span) -> Option<FileId> {
        let path = world::join(world::folder(&file.path), specifier);
        if let Some(resolved) = packages::resolve_folder(self.world, &path) {
            return self.take(resolved, file.origin, specifier, span);
        }
        let is_typespec = path.ends_with(".tsp");
        let is_script = path.ends_with(".js") || path.ends_with(".mjs");
        if !self.world.is_file(&path) {
            // A library's script may be built later; its declarations are all that counts here.
            if !(is_script && file.origin != Origin::Project) {
                self.not_found(specifier, span);
            }
            return None;
        }
        if is_typespec {
            return self.file(&path, file.origin);
        }
        if !is_script {
            let message = "Import paths must reference either a directory, a .tsp file, or .js file";
            self.program.report(Diagnostic::error(Code::new("invalid-import"), message).at(span));
        }
        None
    }

    fn import_library(&mut self, file: &File, specifier: &str, span: Span) -> Option<FileId> {
        match packages::resolve_package(self.world, &file.path, specifier) {
            Some(resolved) => self.take(resolved, Origin::Package, specifier, span),
            None => match self.import_embedded(specifier) {
                Some(found) => Some(found),
                None => {
                    self.not_found(specifier, span);
                    None
                }
            },
        }
    }

    fn take(&mut self, resolved: Resolved, origin: Origin, specifier: &str, span: Span) -> Option<FileId> {
        match resolved {
            Resolved::File(path) => self.file(&path, origin),
            Resolved::Script => None,
            Resolved::Invalid { reason, manifest } => {
                let message = format!("Library \"{specifier}\" is invalid: {reason}");
                let problem = Diagnostic::error(Code::new("library-invalid"), message).at(self.path_in(span));
                let problem = problem.help("import what the package exports, or mend its `package.json`");
                let manifest = self.manifest(&manifest);
                self.program.report(match manifest {
                    Some(manifest) => problem.also(manifest, "the package says so here"),
                    None => problem,
                });
                None
            }
        }
    }

    /// The beginning of a package's manifest, whose text joins the sources.
    fn manifest(&mut self, path: &str) -> Option<Span> {
        let known = self.manifests.get(path).copied();
        let file = match known {
            Some(file) => file,
            None => self.program.sources.add(path, self.world.read(path)?),
        };
        self.manifests.insert(path.to_owned(), file);
        Some(Span::new(file, 0, 0))
    }

    fn not_found(&mut self, specifier: &str, span: Span) {
        let message = format!("Couldn't resolve import \"{specifier}\"");
        let help = if specifier.starts_with('.') {
            "paths are relative to this file, and `.tsp` belongs to them"
        } else {
            "install the package, or write `./` before the path of a file"
        };
        let whole = span;
        let span = self.path_in(whole);
        let diagnostic = Diagnostic::error(Code::new("import-not-found"), message).at(span);
        let diagnostic = if span == whole { diagnostic } else { diagnostic.also(whole, "in this import") };
        let known = libraries::all().map(|library| library.name);
        let diagnostic = match crate::checker::similar(specifier, known) {
            Some(name) => {
                let title = format!("import `{name}`");
                let text = format!("\"{name}\"");
                let replacement = if span == whole { format!("import {text};") } else { text };
                diagnostic.help(format!("did you mean `{name}`?")).fix(Fix { title, span, replacement, sure: true })
            }
            None if !specifier.starts_with('.') && specifier.ends_with(".tsp") && span != whole => {
                let replacement = format!("\"./{specifier}\"");
                let title = format!("write `{replacement}`");
                diagnostic.help(help).fix(Fix { title, span, replacement, sure: false })
            }
            None => diagnostic.help(help),
        };
        self.program.report(diagnostic);
    }

    /// The text in quotes of an import: what is wrong when it leads nowhere.
    fn path_in(&self, import: Span) -> Span {
        let source = self.program.sources.file(import.file).map(|file| file.text()).unwrap_or_default();
        let text = source.get(import.start as usize..import.end as usize).unwrap_or_default();
        match (text.find('"'), text.rfind('"')) {
            (Some(first), Some(last)) if first < last => {
                let start = import.start as usize;
                Span::new(import.file, start + first, start + last + 1)
            }
            _ => import,
        }
    }
}
