//! The project: what the nearest `tspconfig.yaml` says about a compilation (TypeSpec reference, part 5.2).
//!
//! What only emitters need (`emit`, `options`, `trace`) is checked in shape and left to them.

mod schema;
mod yaml;

use radii_diagnostics::{Code, Diagnostic, SourceMap, Span};

use crate::world::{self, World};
use schema::{FEATURES, PROJECT_ONLY};
use yaml::{Key, Node, Value};

/// What a configuration is called.
const FILE: &str = "tspconfig.yaml";

/// How far configurations may extend each other.
const MAX_BASES: usize = 16;

/// A name in the configuration, and where it stands.
pub(crate) type Named = (String, Span);

/// Which rules of linters are wanted.
#[derive(Clone, Debug, Default)]
pub(crate) struct LinterConfig {
    /// Sets of rules.
    pub extends: Vec<Named>,
    /// Rules that are switched on, and whether they are.
    pub enable: Vec<(Named, bool)>,
    /// Rules that are switched off.
    pub disable: Vec<Named>,
}

/// What a compilation takes from its configuration.
#[derive(Clone, Debug, Default)]
pub(crate) struct Project {
    /// The configuration's path; empty without one.
    pub path: String,
    /// The file that stands for the folder.
    pub entrypoint: Option<Named>,
    /// Features of the language that are turned on.
    pub features: Vec<String>,
    /// What is loaded beside the entry.
    pub imports: Vec<Named>,
    /// Whether warnings count as errors.
    pub warn_as_error: bool,
    /// Which rules of linters are wanted.
    pub linter: LinterConfig,
}

/// Reads the configuration that is nearest to an entry, upwards; what is wrong with it is in the diagnostics.
pub(crate) fn read(world: &dyn World, entry: &str, sources: &mut SourceMap) -> (Project, Vec<Diagnostic>) {
    let entry = world::normalise(entry);
    let Some(path) = find(world, &entry) else { return (Project::default(), Vec::new()) };
    let mut reader = Reader { world, sources, diagnostics: Vec::new() };
    let entries = reader.load(&path, MAX_BASES);
    let project = reader.project(path, &entries);
    (project, reader.diagnostics)
}

fn find(world: &dyn World, entry: &str) -> Option<String> {
    let is_folder = world.is_directory(entry);
    let mut folder = if is_folder { entry.to_owned() } else { world::folder(entry).to_owned() };
    loop {
        let path = world::join(&folder, FILE);
        if world.is_file(&path) {
            return Some(path);
        }
        folder = world::above(&folder)?;
    }
}

struct Reader<'a> {
    world: &'a dyn World,
    sources: &'a mut SourceMap,
    diagnostics: Vec<Diagnostic>,
}

impl Reader<'_> {
    fn report(&mut self, code: &'static str, message: impl Into<String>, span: Span, help: &str) {
        self.diagnostics.push(Diagnostic::error(Code::new(code), message).at(span).help(help));
    }

    /// The entries of a configuration and of those that it extends: its own replace theirs as a whole.
    fn load(&mut self, path: &str, bases: usize) -> Vec<(Key, Node)> {
        let Some(text) = self.world.read(path) else { return Vec::new() };
        let file = self.sources.add(path, text.as_str());
        let root = match yaml::parse(file, &text) {
            Ok(root) => root,
            Err(problem) => {
                self.diagnostics.push(*problem);
                return Vec::new();
            }
        };
        self.diagnostics.extend(schema::check(&root));
        let Value::Map(mut entries) = root.value else { return Vec::new() };
        let base = entries.iter().find(|(key, _)| key.text == "extends").map(|(_, node)| node.clone());
        let Some((base, span)) = base.as_ref().and_then(|node| Some((node.as_text()?, node.span))) else {
            return entries;
        };
        for (key, node) in self.base(path, base, span, bases) {
            // These belong to the configuration of the project itself.
            let is_own = key.text == "kind" || PROJECT_ONLY.contains(&key.text.as_str());
            if !is_own && !entries.iter().any(|(known, _)| known.text == key.text) {
                entries.push((key, node));
            }
        }
        entries
    }

    fn base(&mut self, path: &str, base: &str, span: Span, bases: usize) -> Vec<(Key, Node)> {
        let target = world::join(world::folder(path), base);
        if !self.world.is_file(&target) {
            self.report(
                "file-not-found",
                format!("File {target} not found."),
                span,
                "paths start at this file's folder",
            );
            return Vec::new();
        }
        if bases == 0 || target == path {
            let message = format!("`{base}` leads back here or through too many configurations.");
            self.report("radii/config-circular-extends", message, span, "end the chain of `extends`");
            return Vec::new();
        }
        self.load(&target, bases - 1)
    }

    fn project(&mut self, path: String, entries: &[(Key, Node)]) -> Project {
        let get = |key: &str| entries.iter().find(|(known, _)| known.text == key);
        let is_project = get("kind").is_some_and(|(_, node)| node.as_text() == Some("project"));
        for key in PROJECT_ONLY {
            if let (Some((key, _)), false) = (get(key), is_project) {
                let message =
                    format!("Property \"{}\" can only be used in a project config (with `kind: project`).", key.text);
                self.report("config-project-only-option", message, key.span, "add `kind: project`");
            }
        }
        let named = |node: &Node| node.texts().map(|(text, span)| (text.to_owned(), span)).collect::<Vec<Named>>();
        let mut project = Project { path, ..Project::default() };
        if let Some((_, node)) = get("features") {
            project.features = self.features(node);
        }
        project.entrypoint = get("entrypoint").filter(|_| is_project).and_then(|(_, node)| named(node).pop());
        project.imports = get("imports").map(|(_, node)| named(node)).unwrap_or_default();
        project.warn_as_error =
            get("warn-as-error").is_some_and(|(_, node)| matches!(node.value, Value::Boolean(true)));
        if let Some((_, node)) = get("linter") {
            project.linter = linter(node);
        }
        project
    }

    fn features(&mut self, node: &Node) -> Vec<String> {
        let mut known = Vec::new();
        for (name, span) in node.items().iter().filter_map(|item| Some((item.as_text()?, item.span))) {
            if FEATURES.contains(&name) {
                known.push(name.to_owned());
                continue;
            }
            let message = format!("Unknown compiler feature \"{name}\".");
            let help = format!("the features are {}", FEATURES.join(", "));
            let problem = Diagnostic::error(Code::new("config-unknown-feature"), message).at(span);
            self.diagnostics.push(match crate::checker::similar(name, FEATURES.into_iter()) {
                Some(meant) => schema::did_you_mean(problem, span, &meant),
                None => problem.help(help),
            });
        }
        known
    }
}

fn linter(node: &Node) -> LinterConfig {
    let list = |key: &str| node.get(key).map(Node::entries).unwrap_or_default().iter();
    let name = |key: &Key| (key.text.clone(), key.span);
    let extends = node.get("extends").into_iter().flat_map(|sets| sets.items().iter());
    LinterConfig {
        extends: extends.filter_map(|set| Some((set.as_text()?.to_owned(), set.span))).collect(),
        enable: list("enable").map(|(key, node)| (name(key), !matches!(node.value, Value::Boolean(false)))).collect(),
        disable: list("disable").map(|(key, _)| name(key)).collect(),
    }
}
