//! Where modules come from. Terraform fetches them; paths of the server are checked first.

use std::path::{Path, PathBuf};

use radii_runtime::Fault;

/// Returns what Terraform is given as source.
///
/// # Errors
/// When the source is a path of the server that no operator allowed.
pub fn resolve(source: &str, folder: Option<&Path>) -> Result<String, Fault> {
    let Some(local) = local_path(source) else { return Ok(source.to_owned()) };
    let refuse = |why: String| {
        let message = format!("the module source `{source}` is a path of the server: {why}");
        Fault::new(400, "RecipeDownloadFailed", message).target(source)
    };
    let Some(folder) = folder else {
        return Err(refuse("it may only be used below the folder that `rad serve --recipes DIR` names".to_owned()));
    };
    let folder =
        std::fs::canonicalize(folder).map_err(|error| refuse(format!("the folder cannot be read: {error}")))?;
    let path = std::fs::canonicalize(folder.join(&local)).map_err(|error| refuse(error.to_string()))?;
    if !path.starts_with(&folder) {
        return Err(refuse("it does not lie below the folder that `rad serve --recipes DIR` names".to_owned()));
    }
    if source.starts_with('.') {
        let rest = source.split_once("//").map(|(_, inner)| format!("//{inner}")).unwrap_or_default();
        return Ok(format!("{}{rest}", path.display()));
    }
    Ok(source.to_owned())
}

/// Returns the path of a source that names one: plain, as URL, or as repository.
fn local_path(source: &str) -> Option<PathBuf> {
    let mut rest = source.trim();
    while let Some((scheme, behind)) = rest.split_once("::") {
        if !scheme.chars().all(|c| c.is_ascii_alphanumeric()) {
            break;
        }
        rest = behind;
    }
    let lower = rest.to_ascii_lowercase();
    let path = if lower.starts_with("file:") {
        rest["file:".len()..].trim_start_matches("//")
    } else if rest.starts_with(['/', '\\', '~'])
        || rest.starts_with("./")
        || rest.starts_with("../")
        || rest == "."
        || rest == ".."
    {
        rest
    } else {
        return None;
    };
    let path = path.split(['?', '#']).next().unwrap_or_default();
    // `//` separates the folder inside of a repository or archive.
    let path = path.split_once("//").map_or(path, |(outer, _)| outer);
    Some(PathBuf::from(if path.starts_with('/') || path.starts_with('.') {
        path.to_owned()
    } else {
        format!("/{path}")
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_known_in_every_spelling() {
        for (source, path) in [
            ("/modules/m", "/modules/m"),
            ("./m//inner", "./m"),
            ("file:///modules/m", "/modules/m"),
            ("git::file:///repos/r.git//sub?ref=v1", "/repos/r.git"),
            ("git::/repos/r", "/repos/r"),
            ("GIT::FILE:///repos/r", "/repos/r"),
        ] {
            assert_eq!(local_path(source), Some(PathBuf::from(path)), "{source}");
        }
        for source in
            ["ns/name/provider", "https://example.com/m.zip", "git::https://example.com/r.git", "git@example.com:o/r"]
        {
            assert_eq!(local_path(source), None, "{source}");
        }
    }

    #[test]
    fn only_what_lies_below_the_folder_may_be_used() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("m")).unwrap();
        let inside = std::fs::canonicalize(folder.path().join("m")).unwrap();
        let resolved = |source: &str| resolve(source, Some(folder.path()));
        assert_eq!(resolved("./m").unwrap(), inside.display().to_string());
        assert_eq!(resolved("./m//x").unwrap(), format!("{}//x", inside.display()));
        assert_eq!(resolved(&inside.display().to_string()).unwrap(), inside.display().to_string());
        for source in ["/etc", "./m/../..", "git::file:///etc", "file:///etc//x", "./absent"] {
            assert!(resolved(source).is_err(), "{source}");
        }
        assert!(resolve("/etc", None).unwrap_err().message.contains("--recipes"));
        assert_eq!(resolve("ns/name/provider", None).unwrap(), "ns/name/provider");
    }
}
