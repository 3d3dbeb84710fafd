//! Where a recipe's text comes from.

use std::path::Path;

/// Largest recipe that is read.
pub const LARGEST: u64 = 1 << 20;

/// A recipe's text with the name under which messages speak of it.
pub struct Source {
    /// Path, or `inline`.
    pub name: String,
    /// The text.
    pub text: String,
}

/// Returns the text that a template path means: the text itself, or what a file holds.
///
/// A path that has several lines, or begins as JSON does, is the text. Files are read below `folder` only.
pub fn load(path: &str, folder: Option<&Path>) -> Result<Source, String> {
    let trimmed = path.trim();
    if trimmed.is_empty() {
        return Err("its template path is empty; give the text, or the path of a file".to_owned());
    }
    if path.contains('\n') || trimmed.starts_with('{') {
        return Ok(Source { name: "inline".to_owned(), text: path.to_owned() });
    }
    let file = match trimmed.strip_prefix("file:") {
        Some(rest) => rest.strip_prefix("//").unwrap_or(rest),
        None if trimmed.contains("://") => {
            return Err(format!(
                "`{trimmed}` is no file; recipes of kind `template` are files of the server or inline text"
            ));
        }
        None => trimmed,
    };
    let Some(folder) = folder else {
        return Err(format!(
            "`{file}` would be a file of the server, which reads none; send the text, as `rad recipe register` does, or \
             start the server with `--recipes DIR`"
        ));
    };
    read(folder, Path::new(file))
}

fn read(folder: &Path, path: &Path) -> Result<Source, String> {
    let name = path.display().to_string();
    let failed = |error: std::io::Error| format!("file `{name}`: {error}");
    // Links and `..` are resolved before the folder counts.
    let folder = folder.canonicalize().map_err(failed)?;
    let path = &folder.join(path).canonicalize().map_err(failed)?;
    if !path.starts_with(&folder) {
        return Err(format!("file `{name}` is not in the server's folder of recipes"));
    }
    let size = std::fs::metadata(path).map_err(failed)?.len();
    if size > LARGEST {
        return Err(format!("file `{name}` has {size} bytes; at most {LARGEST} are read"));
    }
    let bytes = std::fs::read(path).map_err(failed)?;
    let text = radii_model::document::decode_utf8(&bytes)
        .map_err(|diagnostic| format!("file `{name}`: {}", diagnostic.message))?;
    Ok(Source { text: text.to_owned(), name: name.clone() })
}
