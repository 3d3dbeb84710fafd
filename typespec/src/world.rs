//! What a compilation may ask of its surroundings.

/// The files that a compilation can see. The crate itself never touches a disk.
///
/// Paths are absolute or relative to wherever the implementation likes, use `/`, and are normalised: no `.`,
/// no `..` except at the front, no doubled slashes.
pub trait World {
    /// Returns the text of a file, or `None` if there is none or it is no text.
    fn read(&self, path: &str) -> Option<String>;

    /// Whether a path is a file.
    fn is_file(&self, path: &str) -> bool;

    /// Whether a path is a folder.
    fn is_directory(&self, path: &str) -> bool;

    /// Returns the path behind symbolic links; the path itself where there are none.
    fn real_path(&self, path: &str) -> String {
        path.to_owned()
    }
}

/// A world in memory: paths and texts.
impl World for std::collections::BTreeMap<String, String> {
    fn read(&self, path: &str) -> Option<String> {
        self.get(path).cloned()
    }

    fn is_file(&self, path: &str) -> bool {
        self.contains_key(path)
    }

    fn is_directory(&self, path: &str) -> bool {
        let prefix = format!("{path}/");
        path.is_empty() || self.range(prefix.clone()..).next().is_some_and(|(found, _)| found.starts_with(&prefix))
    }
}

/// Returns a path without `.`, `..` and doubled slashes.
pub fn normalise(path: &str) -> String {
    let absolute = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if absolute => {}
            other => parts.push(other),
        }
    }
    let joined = parts.join("/");
    if absolute { format!("/{joined}") } else { joined }
}

/// Returns `relative` as seen from `folder`.
pub fn join(folder: &str, relative: &str) -> String {
    if relative.starts_with('/') || folder.is_empty() {
        return normalise(relative);
    }
    normalise(&format!("{folder}/{relative}"))
}

/// Returns the folder that a path stands in; empty at the top.
pub fn folder(path: &str) -> &str {
    match path.rfind('/') {
        Some(0) => "/",
        Some(at) => &path[..at],
        None => "",
    }
}

/// The folder above another one. Relative ones go on above where they start, for a while.
pub(crate) fn above(folder: &str) -> Option<String> {
    let climbed = folder.split('/').take_while(|part| *part == "..").count();
    if folder == "/" || climbed > 32 {
        return None;
    }
    let is_top = folder.is_empty() || folder.split('/').count() == climbed;
    if is_top {
        return Some(join(folder, ".."));
    }
    Some(self::folder(folder).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_normalised_and_joined() {
        assert_eq!(normalise("/a/./b/../c//d"), "/a/c/d");
        assert_eq!(normalise("../a/../../b"), "../../b");
        assert_eq!(join("a/b", "../c.tsp"), "a/c.tsp");
        assert_eq!(join("", "./c.tsp"), "c.tsp");
        assert_eq!(folder("a/b.tsp"), "a");
        assert_eq!(folder("b.tsp"), "");
    }
}
