//! Embedded libraries as files, so that an editor can show where their names are declared.

use std::fs;

use camino::Utf8PathBuf;

/// The folder that embedded libraries are laid out in; `None` where there is no home folder.
pub fn folder() -> Option<Utf8PathBuf> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| value.starts_with('/'));
    let cache = variable("XDG_CACHE_HOME").or_else(|| variable("HOME").map(|home| format!("{home}/.cache")))?;
    Some(Utf8PathBuf::from(cache).join("radii/libraries").join(env!("CARGO_PKG_VERSION")))
}

/// Whether a file is one of those that [`lay_out`] wrote: nobody's own work, so nothing is said about it.
pub fn is_laid_out(path: &str) -> bool {
    folder().is_some_and(|folder| path.starts_with(folder.as_str()))
}

/// Returns the file of an embedded library's text, which is written if it is not there yet.
pub fn lay_out(name: &str, text: &str) -> Option<String> {
    let path = folder()?.join(name.strip_prefix("library:")?);
    if fs::read_to_string(&path).is_ok_and(|known| known == text) {
        return Some(path.into_string());
    }
    fs::create_dir_all(path.parent()?).ok()?;
    // Written beside and moved into place, so that nobody ever sees half a file.
    let beside = format!("{path}.writing");
    fs::write(&beside, text).ok()?;
    fs::rename(&beside, &path).ok()?;
    Some(path.into_string())
}
