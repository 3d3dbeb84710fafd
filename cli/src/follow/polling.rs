//! Changes found by looking: for systems that tell of none in a way that we know.

use std::collections::BTreeMap;
use std::io;
use std::time::{Duration, Instant, SystemTime};

use camino::{Utf8Path, Utf8PathBuf};

use super::{Changes, is_of_authors};

/// How long nobody looks between two looks.
const PERIOD: Duration = Duration::from_millis(100);

/// What was seen of a file: when it was written, and its length.
type Seen = (Option<SystemTime>, u64);

/// The files of some folders, as they were seen last.
#[derive(Debug, Default)]
pub(super) struct Polling {
    folders: Vec<Utf8PathBuf>,
    seen: BTreeMap<Utf8PathBuf, Seen>,
}

impl Polling {
    #[expect(clippy::unnecessary_wraps, reason = "where the system tells of changes, it may refuse to")]
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self::default())
    }

    fn look(folders: &[Utf8PathBuf]) -> BTreeMap<Utf8PathBuf, Seen> {
        // A folder that is gone has no files; that one cannot be read is no news.
        let entries = folders.iter().filter_map(|folder| folder.read_dir_utf8().ok()).flatten().flatten();
        let entries = entries.filter(|entry| is_of_authors(entry.file_name()));
        let seen = entries.filter_map(|entry| {
            let about = entry.metadata().ok()?;
            // What happens in a folder changes its time; that is told by its own entries.
            let seen = if about.is_dir() { (None, 0) } else { (about.modified().ok(), about.len()) };
            Some((entry.into_path(), seen))
        });
        seen.collect()
    }
}

impl Changes for Polling {
    fn add(&mut self, folder: &Utf8Path) -> io::Result<()> {
        self.folders.push(folder.to_owned());
        self.seen.extend(Self::look(&[folder.to_owned()]));
        Ok(())
    }

    fn wait(&mut self, at_most: Option<Duration>) -> io::Result<bool> {
        let start = Instant::now();
        loop {
            let now = Self::look(&self.folders);
            if now != self.seen {
                self.seen = now;
                return Ok(true);
            }
            let left = at_most.map(|limit| limit.saturating_sub(start.elapsed()));
            if left.is_some_and(|left| left.is_zero()) {
                return Ok(false);
            }
            std::thread::sleep(left.map_or(PERIOD, |left| left.min(PERIOD)));
        }
    }
}
