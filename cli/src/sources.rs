//! Manifests on disk: finding them, reading them, and printing what is wrong with them.

use std::fs;

use camino::{Utf8Path, Utf8PathBuf};
use radii_codegen::lower;
use radii_diagnostics::render::{self, Format};
use radii_diagnostics::{Code, Diagnostic, FileId, Severity, SourceMap};
use radii_model::document::{Limits, Node, parse_json, parse_yaml};
use radii_model::manifest::{self, Manifest};

use crate::error::Error;
use crate::output::{stderr_colour, write_stderr};
use crate::typespec_files;

const NO_UTF8: Code = Code::new("radii/invalid-utf8");
const NO_RESOURCE_TYPE: Code = Code::new("radii/no-resource-type");

/// Reads a manifest from a file's text.
pub type Reader = dyn Fn(FileId, &str) -> (Option<Manifest>, Vec<Diagnostic>);

/// Folders that never hold an author's manifests.
const SKIPPED_FOLDERS: [&str; 2] = ["node_modules", "target"];

/// Manifests that were read, with everything that is to be said about them.
#[derive(Debug, Default)]
pub struct Sources {
    /// The files' texts.
    pub map: SourceMap,
    /// The manifests, as far as they could be understood; those of TypeSpec are among them.
    pub manifests: Vec<Manifest>,
    /// TypeSpec programs without errors and without resource types: they are documents of models only.
    pub programs: Vec<typespec::Program>,
    /// What is wrong with them.
    pub diagnostics: Vec<Diagnostic>,
    /// How many files were read.
    pub files: usize,
    /// What they are read for.
    purpose: Purpose,
}

/// What files are read for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Purpose {
    /// To make something of the manifests.
    #[default]
    Artifacts,
    /// To make documents, for which models are enough.
    Documents,
    /// To say what is wrong with them.
    Check,
}

/// How a file came to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    /// It was named.
    Named,
    /// It lies in a folder that was named.
    InFolder,
}

impl Sources {
    /// Reads the given files, and all manifests below the given folders.
    ///
    /// # Errors
    /// A path that cannot be read, or a folder without manifests. What is wrong inside a file is a diagnostic.
    pub fn read(paths: &[Utf8PathBuf]) -> Result<Self, Error> {
        Self::read_by(paths, &manifest::parse)
    }

    /// As [`Sources::read`], with another reader of manifests.
    pub fn read_by(paths: &[Utf8PathBuf], reader: &Reader) -> Result<Self, Error> {
        Self::default().read_all(paths, reader)
    }

    /// Reads the given files and folders to say what is wrong with them; TypeSpec is among them.
    ///
    /// # Errors
    /// As [`Sources::read`].
    pub fn read_to_check(paths: &[Utf8PathBuf]) -> Result<Self, Error> {
        Self { purpose: Purpose::Check, ..Self::default() }.read_all(paths, &manifest::parse)
    }

    /// As [`Sources::read`], where TypeSpec needs no resource types.
    ///
    /// # Errors
    /// As [`Sources::read`].
    pub fn read_for_documents(paths: &[Utf8PathBuf]) -> Result<Self, Error> {
        Self { purpose: Purpose::Documents, ..Self::default() }.read_all(paths, &manifest::parse)
    }

    fn read_all(self, paths: &[Utf8PathBuf], reader: &Reader) -> Result<Self, Error> {
        let mut sources = self;
        for path in paths {
            if path.is_dir() {
                let before = sources.files;
                let entries = files_below(path, &["tsp"])?;
                let entries: Vec<_> = entries.iter().filter(|file| file.file_name() == Some("main.tsp")).collect();
                for file in &entries {
                    sources.files += 1;
                    sources.add_typespec(file, Found::InFolder);
                }
                for file in files_below(path, &["yaml", "yml", "json"])? {
                    // A manifest beside TypeSpec is what was made of it.
                    if entries.iter().any(|entry| entry.parent() == file.parent()) {
                        continue;
                    }
                    let bytes = fs::read(&file).map_err(Error::file("read", file.as_str()))?;
                    if looks_like_manifest(&file, &bytes) {
                        sources.add(&file, bytes, reader);
                    }
                }
                if sources.files == before {
                    return Err(Error::failed(format!("there is no manifest in `{path}`"))
                        .hint("a manifest is a YAML or JSON file with `namespace` and `types` at its top"));
                }
            } else {
                let bytes = fs::read(path).map_err(Error::file("read", path.as_str()))?;
                sources.add(path, bytes, reader);
            }
        }
        Ok(sources)
    }

    fn add(&mut self, path: &Utf8Path, bytes: Vec<u8>, reader: &Reader) {
        self.files += 1;
        let text = match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                self.diagnostics.push(
                    Diagnostic::error(NO_UTF8, format!("`{path}` is not UTF-8 text: byte {at} is the first wrong one"))
                        .help("save the file as UTF-8"),
                );
                return;
            }
        };
        if path.extension() == Some("tsp") {
            return self.add_typespec(path, Found::Named);
        }
        let file: FileId = self.map.add(path.as_str(), text.as_str());
        let (manifest, diagnostics) = reader(file, &text);
        self.manifests.extend(manifest);
        self.diagnostics.extend(diagnostics);
    }

    /// Compiles a TypeSpec file with all that it imports, and makes manifests of its resource types.
    fn add_typespec(&mut self, path: &Utf8Path, found: Found) {
        let sources = std::mem::take(&mut self.map);
        let mut compilation = typespec_files::compile(sources, path, &lower::registry());
        self.map = std::mem::take(&mut compilation.sources);
        let has_errors = compilation.has_errors();
        self.diagnostics.append(&mut compilation.diagnostics);
        if has_errors {
            return;
        }
        if lower::has_resource_types(&compilation.program) {
            let lowered = lower::lower(&mut compilation.program);
            self.diagnostics.extend(lowered.diagnostics);
            self.manifests.extend(lowered.manifests);
            return;
        }
        // Folders also hold libraries and parts of other programs.
        if self.purpose == Purpose::Artifacts && found == Found::Named {
            let message = format!("`{path}` declares no resource types");
            let help = "put `@resourceType(\"names\")` from `@radii/typespec` on a model; without resource types there are \
                        the targets `openapi` and `json-schema` only";
            self.diagnostics.push(Diagnostic::error(NO_RESOURCE_TYPE, message).help(help));
        }
        if found == Found::Named {
            self.programs.push(compilation.program);
        }
    }

    /// The paths of all files that were read.
    pub fn paths(&self) -> Vec<Utf8PathBuf> {
        self.map.iter().map(|file| file.path().into()).collect()
    }

    /// Whether something is wrong enough to stop.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }

    /// Returns how many diagnostics have a severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.diagnostics.iter().filter(|diagnostic| diagnostic.severity == severity).count()
    }

    /// Prints all diagnostics for people, to standard error.
    pub fn report(&self) {
        if !self.diagnostics.is_empty() {
            write_stderr(render::render(&self.diagnostics, &self.map, Format::Human, stderr_colour()).trim_end());
        }
    }

    /// Reads one manifest that must be free of errors; its diagnostics are printed.
    pub fn read_manifest(path: &Utf8Path) -> Result<Manifest, Error> {
        Self::read_text(path, fs::read(path).map_err(Error::file("read", path.as_str()))?)
    }

    /// As [`Sources::read_manifest`], of a text that was read already; `name` is shown, and its ending tells the format.
    pub fn read_text(name: &Utf8Path, bytes: Vec<u8>) -> Result<Manifest, Error> {
        let mut sources = Self::default();
        sources.add(name, bytes, &manifest::parse);
        sources.report();
        let count = sources.manifests.len();
        match sources.manifests.pop() {
            Some(_) if count > 1 && !sources.has_errors() => {
                Err(Error::failed(format!("`{name}` declares {count} resource providers where one is wanted"))
                    .hint("put each provider into a file of its own"))
            }
            Some(manifest) if !sources.has_errors() => Ok(manifest),
            _ => Err(Error::Reported),
        }
    }
}

/// Reads a file that must be UTF-8 text.
pub fn read_text(path: &Utf8Path) -> Result<String, Error> {
    fs::read_to_string(path).map_err(Error::file("read", path.as_str()))
}

/// A JSON or YAML file that is no manifest, with its places.
#[derive(Debug)]
pub struct Document {
    /// The file's text.
    pub map: SourceMap,
    /// What stands in it.
    pub root: Node,
}

impl Document {
    /// Reads a file: strict JSON when it is named so, else YAML. What is wrong with it is printed.
    pub fn read(path: &Utf8Path) -> Result<Self, Error> {
        let text = fs::read_to_string(path).map_err(Error::file("read", path.as_str()))?;
        let mut map = SourceMap::new();
        let file = map.add(path.as_str(), text.as_str());
        let parse = if path.extension() == Some("json") { parse_json } else { parse_yaml };
        match parse(file, &text, Limits::default()) {
            Ok(root) => Ok(Self { map, root }),
            Err(diagnostics) => {
                Self::report(&map, &diagnostics);
                Err(Error::Reported)
            }
        }
    }

    /// Prints diagnostics about the file.
    pub fn report(map: &SourceMap, diagnostics: &[Diagnostic]) {
        write_stderr(render::render(diagnostics, map, Format::Human, stderr_colour()).trim_end());
    }
}

/// Returns the given files, and all TypeSpec files below the given folders, sorted.
///
/// # Errors
/// A folder that cannot be read, or one without TypeSpec files.
pub fn typespec_files(paths: &[Utf8PathBuf]) -> Result<Vec<Utf8PathBuf>, Error> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let found = files_below(path, &["tsp"])?;
        if found.is_empty() {
            return Err(
                Error::failed(format!("there is no TypeSpec file in `{path}`")).hint("TypeSpec files end in .tsp")
            );
        }
        files.extend(found);
    }
    Ok(files)
}

/// Returns the YAML and JSON files below a folder, sorted by path; hidden ones are left out.
fn files_below(folder: &Utf8Path, extensions: &[&str]) -> Result<Vec<Utf8PathBuf>, Error> {
    let mut files = Vec::new();
    // Paths below the current folder are shown as they would be typed.
    let mut open = vec![if folder == "." { Utf8PathBuf::new() } else { folder.to_owned() }];
    while let Some(current) = open.pop() {
        let listed = if current.as_str().is_empty() { Utf8Path::new(".") } else { &current };
        let failed = || Error::file("read the folder", current.as_str());
        for entry in listed.read_dir_utf8().map_err(failed())? {
            let entry = entry.map_err(failed())?;
            let name = entry.file_name();
            if name.starts_with('.') {
                continue;
            }
            if entry.file_type().map_err(failed())?.is_dir() {
                if !SKIPPED_FOLDERS.contains(&name) {
                    open.push(current.join(entry.file_name()));
                }
            } else if entry.path().extension().is_some_and(|extension| extensions.contains(&extension)) {
                files.push(current.join(entry.file_name()));
            }
        }
    }
    files.sort();
    Ok(files)
}

/// Returns a folder and the folders below it in which authors' files are looked for.
///
/// # Errors
/// A folder that cannot be read.
pub fn folders_below(folder: &Utf8Path) -> Result<Vec<Utf8PathBuf>, Error> {
    let mut found = vec![folder.to_owned()];
    let mut next = 0;
    while let Some(current) = found.get(next).cloned() {
        next += 1;
        let failed = || Error::file("read the folder", current.as_str());
        for entry in current.read_dir_utf8().map_err(failed())? {
            let entry = entry.map_err(failed())?;
            let name = entry.file_name();
            let is_skipped = name.starts_with('.') || SKIPPED_FOLDERS.contains(&name);
            if !is_skipped && entry.file_type().map_err(failed())?.is_dir() {
                found.push(entry.into_path());
            }
        }
    }
    Ok(found)
}

/// Whether a file in a folder is meant to be a manifest: folders also hold examples, settings and generated files.
pub fn looks_like_manifest(path: &Utf8Path, bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let has_key = |key: &str| {
        if path.extension() == Some("json") {
            text.contains(&format!("\"{key}\""))
        } else {
            text.lines().any(|line| line.strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with(':')))
        }
    };
    has_key("namespace") && has_key("types")
}
