//! Packages: what a folder or a `package.json` says is to be loaded.

use serde_json::Value as Json;

use crate::world::{self, World};

/// What an import leads to.
pub(super) enum Resolved {
    /// A TypeSpec file.
    File(String),
    /// A script, which has nothing to load.
    Script,
    /// A package that does not say what to load.
    Invalid {
        /// Why.
        reason: String,
        /// The path of its `package.json`.
        manifest: String,
    },
}

fn manifest(world: &dyn World, folder: &str) -> Option<Json> {
    let text = world.read(&world::join(folder, "package.json"))?;
    serde_json::from_str(&text).ok()
}

/// Returns what a folder stands for; `None` if the path is no folder, or one with nothing to load.
pub(super) fn resolve_folder(world: &dyn World, path: &str) -> Option<Resolved> {
    if !world.is_directory(path) {
        return None;
    }
    if let Some(manifest) = manifest(world, path)
        && let Some(main) = exported(&manifest, ".").or_else(|| manifest["tspMain"].as_str().map(str::to_owned))
    {
        let main = world::join(path, &main);
        if world.is_file(&main) {
            return Some(classify(main));
        }
    }
    let main = world::join(path, "main.tsp");
    if world.is_file(&main) {
        return Some(Resolved::File(main));
    }
    let has_script = ["index.mjs", "index.js"].iter().any(|name| world.is_file(&world::join(path, name)));
    has_script.then_some(Resolved::Script)
}

/// What is left of a package whose manifest leads nowhere.
fn invalid(package: &str, reason: String) -> Resolved {
    Resolved::Invalid { reason, manifest: world::join(package, "package.json") }
}

fn classify(path: String) -> Resolved {
    if path.ends_with(".tsp") { Resolved::File(path) } else { Resolved::Script }
}

/// The file that `exports` gives for a sub-path under the condition `typespec`.
fn exported(manifest: &Json, key: &str) -> Option<String> {
    let exports = manifest.get("exports")?;
    let entry = match exports.get(key) {
        Some(entry) => entry,
        None if key == "." && exports.get("typespec").is_some() => exports,
        None => return None,
    };
    entry.get("typespec")?.as_str().map(str::to_owned)
}

/// Returns the folder of the package that a file inside `node_modules` belongs to.
pub(super) fn package_folder(path: &str) -> Option<&str> {
    let at = path.rfind("node_modules/")? + "node_modules/".len();
    let scoped = path[at..].starts_with('@');
    let mut ends = path[at..].match_indices('/').map(|(end, _)| at + end);
    if scoped {
        ends.next();
    }
    ends.next().map(|end| &path[..end])
}

/// Returns what a package name leads to; `None` if no `node_modules` on the way up has the package.
pub(super) fn resolve_package(world: &dyn World, from: &str, specifier: &str) -> Option<Resolved> {
    let length = if specifier.starts_with('@') { 2 } else { 1 };
    let parts: Vec<&str> = specifier.split('/').collect();
    let name = parts.get(..length)?.join("/");
    let rest = parts[length..].join("/");
    let mut folder = world::folder(from).to_owned();
    loop {
        let package = world::join(&folder, &format!("node_modules/{name}"));
        if world.is_directory(&package) {
            return Some(resolve_in_package(world, &package, &name, &rest));
        }
        folder = world::above(&folder)?;
    }
}

fn resolve_in_package(world: &dyn World, package: &str, name: &str, rest: &str) -> Resolved {
    let Some(manifest) = manifest(world, package) else {
        return invalid(package, format!("Package {name} has no readable package.json."));
    };
    if manifest.get("exports").is_some() {
        let key = if rest.is_empty() { ".".to_owned() } else { format!("./{rest}") };
        return match exported(&manifest, &key) {
            Some(path) => existing(world, package, name, &path),
            None => {
                let specifier = if rest.is_empty() { name.to_owned() } else { format!("{name}/{rest}") };
                let reason = format!("Could not resolve import \"{specifier}\" using exports defined in {package}.");
                invalid(package, reason)
            }
        };
    }
    if !rest.is_empty() {
        let path = world::join(package, rest);
        return resolve_folder(world, &path).unwrap_or_else(|| existing(world, package, name, rest));
    }
    match manifest["tspMain"].as_str().or(manifest["main"].as_str()) {
        Some(main) => existing(world, package, name, main),
        None => resolve_folder(world, package)
            .unwrap_or_else(|| invalid(package, format!("Package {name} is missing a main file or exports field."))),
    }
}

fn existing(world: &dyn World, package: &str, name: &str, path: &str) -> Resolved {
    let full = world::join(package, path);
    if world.is_file(&full) {
        return classify(full);
    }
    invalid(package, format!("Package {name} main file \"{path}\" is not pointing to a valid file or directory."))
}
