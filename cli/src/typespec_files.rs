//! TypeSpec on disk: what the compiler may read, and what `tspconfig.yaml` says.

use std::fs;

use camino::{Utf8Path, Utf8PathBuf};
use radii_diagnostics::{Code, Diagnostic, SourceMap};
use radii_model::document::{Limits, Node, Value, parse_yaml};
use typespec::{Compilation, Options, Registry, World};

/// The features of the language that a project may turn on.
const FEATURES: [&str; 5] =
    ["function-declarations", "auto-decorators", "declaration-expressions", "union-extends", "type-info-provider"];

/// The disk, read only.
pub struct Disk;

impl World for Disk {
    fn read(&self, path: &str) -> Option<String> {
        fs::read_to_string(path).ok()
    }

    fn is_file(&self, path: &str) -> bool {
        Utf8Path::new(path).is_file()
    }

    fn is_directory(&self, path: &str) -> bool {
        path.is_empty() || Utf8Path::new(path).is_dir()
    }

    fn real_path(&self, path: &str) -> String {
        Utf8Path::new(path).canonicalize_utf8().map_or_else(|_| path.to_owned(), Utf8PathBuf::into_string)
    }
}

/// Compiles a file, or the folder that it stands for, under the project's configuration.
///
/// The files join those that `sources` already holds.
pub fn compile(sources: SourceMap, entry: &Utf8Path, registry: &Registry) -> Compilation {
    compile_in(&Disk, sources, entry, registry)
}

/// As [`compile`], with files that need not be on disk as they are seen.
pub fn compile_in(world: &dyn World, mut sources: SourceMap, entry: &Utf8Path, registry: &Registry) -> Compilation {
    let (features, diagnostics) = project_features(world, &mut sources, entry);
    let mut compilation = typespec::compile_after(sources, world, entry.as_str(), &Options { features }, registry);
    compilation.diagnostics.splice(0..0, diagnostics);
    compilation
}

/// The nearest configuration from a file upwards.
fn find_config(entry: &Utf8Path) -> Option<Utf8PathBuf> {
    let absolute = entry.canonicalize_utf8().ok()?;
    let start = if absolute.is_dir() { Some(absolute.as_path()) } else { absolute.parent() };
    let found = start?.ancestors().map(|folder| folder.join("tspconfig.yaml")).find(|path| path.is_file())?;
    // As it would be typed, where it stands next to the file.
    let beside = entry.parent().unwrap_or(Utf8Path::new("")).join("tspconfig.yaml");
    Some(if beside.is_file() && !entry.is_dir() { beside } else { found })
}

fn project_features(world: &dyn World, sources: &mut SourceMap, entry: &Utf8Path) -> (Vec<String>, Vec<Diagnostic>) {
    let Some((path, text)) =
        find_config(entry).and_then(|path| Some((world.read(path.as_str())?, path))).map(|(text, path)| (path, text))
    else {
        return (Vec::new(), Vec::new());
    };
    let file = sources.add(path.as_str(), text.as_str());
    match parse_yaml(file, &text, Limits::default()) {
        Ok(config) => features(&config),
        Err(diagnostics) => (Vec::new(), diagnostics),
    }
}

fn features(config: &Node) -> (Vec<String>, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let is_project = config.get("kind").and_then(Node::as_str) == Some("project");
    for key in ["entrypoint", "features"] {
        let Some(entry) = config.as_object().and_then(|object| object.get(key)).filter(|_| !is_project) else {
            continue;
        };
        let message = format!("Property \"{key}\" can only be used in a project config (with `kind: project`).");
        let diagnostic = Diagnostic::error(Code::new("config-project-only-option"), message);
        diagnostics.push(diagnostic.at(entry.key_span).help("add `kind: project`"));
    }
    let mut known = Vec::new();
    let Some(Value::Array(items)) = config.get("features").map(|list| &list.value) else { return (known, diagnostics) };
    for item in items {
        match item.as_str() {
            Some(name) if FEATURES.contains(&name) => known.push(name.to_owned()),
            _ => {
                let name = item.as_str().unwrap_or("?");
                let message = format!("Unknown compiler feature \"{name}\".");
                let help = format!("the features are {}", FEATURES.join(", "));
                diagnostics
                    .push(Diagnostic::error(Code::new("config-unknown-feature"), message).at(item.span).help(help));
            }
        }
    }
    (known, diagnostics)
}
