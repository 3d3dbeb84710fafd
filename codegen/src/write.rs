//! Generated files on disk.

use std::fs;
use std::io::{self, Write as _};

use camino::{Utf8Path, Utf8PathBuf};

use crate::Artifacts;

/// What writing a folder did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Files that are new or have new content.
    pub changed: Vec<Utf8PathBuf>,
    /// Files that had the right content already and were not touched.
    pub unchanged: Vec<Utf8PathBuf>,
}

/// A file could not be written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The folder cannot be made.
    #[error("cannot create folder `{path}`")]
    CreateFolder {
        /// The folder.
        path: Utf8PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file cannot be written or put into its place.
    #[error("cannot write `{path}`")]
    WriteFile {
        /// The file.
        path: Utf8PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The path would leave the folder.
    #[error("refusing to write `{path}`: it leads out of the output folder; template paths must not contain `..`")]
    OutsideFolder {
        /// The path.
        path: Utf8PathBuf,
    },
}

/// Writes all files below `folder`.
///
/// # Guarantees
/// A file whose content would not change is not touched, so its time stamp stays. A reader sees the
/// old content or the new, never a part: each file is written beside its place and then renamed.
/// Files that are not among the artifacts are left alone.
///
/// # Errors
/// The first file that cannot be written; files before it have been.
pub fn folder(folder: &Utf8Path, artifacts: &Artifacts) -> Result<Written, Error> {
    let mut written = Written::default();
    for (path, content) in artifacts.iter() {
        if !is_inside(path) {
            return Err(Error::OutsideFolder { path: path.to_owned() });
        }
        let place = folder.join(path);
        if file(&place, content)? {
            written.changed.push(place);
        } else {
            written.unchanged.push(place);
        }
    }
    Ok(written)
}

/// Writes one file unless it has that content already; returns whether it did.
///
/// # Errors
/// The file or its folder cannot be written.
pub fn file(path: &Utf8Path, content: &[u8]) -> Result<bool, Error> {
    if fs::read(path).is_ok_and(|current| current == content) {
        return Ok(false);
    }
    let parent = path.parent().filter(|parent| !parent.as_str().is_empty()).unwrap_or(Utf8Path::new("."));
    fs::create_dir_all(parent).map_err(|source| Error::CreateFolder { path: parent.to_owned(), source })?;
    replace(path, parent, content).map_err(|source| Error::WriteFile { path: path.to_owned(), source })?;
    Ok(true)
}

fn replace(path: &Utf8Path, parent: &Utf8Path, content: &[u8]) -> io::Result<()> {
    let name = path.file_name().unwrap_or("artifact");
    let temporary = parent.join(format!(".{name}.{}.new", std::process::id()));
    let mut file = fs::File::create(&temporary)?;
    let result = file.write_all(content).and_then(|()| fs::rename(&temporary, path));
    if result.is_err() {
        // The half-written file is of no use to anybody; the first error is the one to report.
        let _ = fs::remove_file(&temporary);
    }
    result
}

fn is_inside(path: &Utf8Path) -> bool {
    use camino::Utf8Component;
    path.components().all(|part| matches!(part, Utf8Component::Normal(_)))
}
