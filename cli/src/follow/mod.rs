//! Following files: a command that is done again whenever something that it read has changed.
//!
//! Linux tells of changes; elsewhere the files are looked at several times a second.

#[cfg(target_os = "linux")]
mod inotify;
#[cfg(any(test, not(target_os = "linux")))]
mod polling;

use std::collections::BTreeSet;
use std::io;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};

use crate::error::Error;
use crate::output;
use crate::sources::folders_below;

#[cfg(target_os = "linux")]
use inotify::Inotify as System;
#[cfg(not(target_os = "linux"))]
use polling::Polling as System;

/// A save is several events: how long nothing must happen before it is taken for whole.
const PAUSE: Duration = Duration::from_millis(5);

/// Endings of what authors write: manifests, TypeSpec, its packages and configurations, templates.
const ENDINGS: [&str; 5] = ["tsp", "yaml", "yml", "json", "hbs"];

/// What is followed.
#[derive(Clone, Copy, Debug)]
pub struct Followed<'a> {
    /// Files, and folders with all below them.
    pub paths: &'a [Utf8PathBuf],
    /// A folder that the command writes to: what happens there is nobody's change.
    pub written: Option<&'a Utf8Path>,
}

/// Tells of changes in folders.
trait Changes {
    /// Follows a folder, without those below it.
    ///
    /// # Errors
    /// The system refuses.
    fn add(&mut self, folder: &Utf8Path) -> io::Result<()>;

    /// Waits for changes, at most so long; `None` waits for ever. Returns whether something that authors write changed.
    ///
    /// # Errors
    /// The system refuses.
    fn wait(&mut self, at_most: Option<Duration>) -> io::Result<bool>;
}

/// Does something at once, and again after every change, until the process is ended.
///
/// `round` returns the files that it read, which are followed as well. A round that fails is reported, and the next
/// change starts another one.
///
/// # Errors
/// The system cannot tell of changes, or a followed folder cannot be read.
pub fn follow(
    followed: Followed<'_>,
    mut round: impl FnMut() -> (Vec<Utf8PathBuf>, Result<(), Error>),
) -> Result<(), Error> {
    let mut folders = Folders { changes: System::new().map_err(refused)?, known: BTreeSet::new() };
    // From before the first round: what is saved while it runs must not be lost.
    folders.add(followed, &[])?;
    loop {
        let (read, result) = round();
        match result {
            Err(Error::OutputClosed) => return Ok(()),
            Err(error) => output::report(&error),
            Ok(()) => {}
        }
        // A folder that is followed only now may have changed after it was read.
        if folders.add(followed, &read)? {
            continue;
        }
        while !folders.changes.wait(None).map_err(refused)? {}
        // What comes in one go is one change.
        while folders.changes.wait(Some(PAUSE)).map_err(refused)? {}
    }
}

fn refused(source: io::Error) -> Error {
    Error::failed(format!("files cannot be followed: {source}"))
        .hint("on Linux, `fs.inotify.max_user_watches` says how many folders can be; run the command without `--watch`")
}

struct Folders<C> {
    changes: C,
    /// The folders that are followed, each without those below it.
    known: BTreeSet<Utf8PathBuf>,
}

impl<C: Changes> Folders<C> {
    /// Follows the folders of everything; returns whether one of them is new.
    ///
    /// Editors save by moving another file into the place, so folders are followed rather than files.
    fn add(&mut self, followed: Followed<'_>, read: &[Utf8PathBuf]) -> Result<bool, Error> {
        let written = followed.written.and_then(|folder| folder.canonicalize_utf8().ok());
        // A folder that is made again is another one.
        self.known.retain(|folder| folder.is_dir());
        let mut is_new = false;
        for path in followed.paths {
            if path.is_dir() {
                for folder in folders_below(path)? {
                    is_new |= self.folder(&folder, written.as_deref())?;
                }
            } else {
                is_new |= self.folder(parent(path), written.as_deref())?;
            }
        }
        for path in read {
            is_new |= self.folder(parent(path), written.as_deref())?;
        }
        Ok(is_new)
    }

    fn folder(&mut self, folder: &Utf8Path, written: Option<&Utf8Path>) -> Result<bool, Error> {
        // What is embedded in the program has no folder, and what is gone cannot change.
        let Ok(real) = folder.canonicalize_utf8() else { return Ok(false) };
        if self.known.contains(&real) || written.is_some_and(|written| real.starts_with(written)) {
            return Ok(false);
        }
        self.changes.add(&real).map_err(refused)?;
        self.known.insert(real);
        Ok(true)
    }
}

fn parent(path: &Utf8Path) -> &Utf8Path {
    path.parent().filter(|parent| !parent.as_str().is_empty()).unwrap_or(Utf8Path::new("."))
}

/// Whether authors write files of a name; a name without ending may be that of a folder.
fn is_of_authors(name: &str) -> bool {
    let extension = Utf8Path::new(name).extension();
    !name.starts_with('.') && extension.is_none_or(|extension| ENDINGS.contains(&extension))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn only_what_authors_write_is_a_change() {
        let names = ["main.tsp", "types.yaml", "tspconfig.yaml", "page.md.hbs", "folder"];
        assert!(names.into_iter().all(is_of_authors));
        assert!(![".main.tsp.swp", "main.tsp~", "notes.txt", ".types.yaml.17.new"].into_iter().any(is_of_authors));
    }

    fn tells_of_changes(mut changes: impl Changes) {
        let folder = tempfile::tempdir().unwrap();
        let path = Utf8Path::from_path(folder.path()).unwrap();
        let file = path.join("types.yaml");
        fs::write(&file, "a").unwrap();
        changes.add(path).unwrap();
        let briefly = Some(Duration::from_millis(1));
        assert!(!changes.wait(briefly).unwrap());
        fs::write(path.join("notes.txt"), "a").unwrap();
        assert!(!changes.wait(briefly).unwrap());
        fs::write(&file, "other").unwrap();
        assert!(changes.wait(None).unwrap());
        while changes.wait(briefly).unwrap() {}
        fs::remove_file(&file).unwrap();
        assert!(changes.wait(None).unwrap());
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn linux_tells_of_changes() {
        tells_of_changes(inotify::Inotify::new().unwrap());
    }

    #[test]
    fn looking_at_files_tells_of_changes() {
        tells_of_changes(polling::Polling::new().unwrap());
    }
}
