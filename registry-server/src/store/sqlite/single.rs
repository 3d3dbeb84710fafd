//! Single rows by their key, read on the thread that asks for them.
//!
//! The other statements go to threads that own a connection each: the way there and back costs several times what reading
//! a row does, which is three or four pages that mostly lie in memory. Here nobody is sent for. A thread that serves
//! requests waits for the disk meanwhile, if the system does not hold the pages: as long as one read takes.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, Row};

use super::read::FIND;
use crate::store::BoxError;
use crate::store::rows::Columns;

/// So many threads read at once.
const CONNECTIONS: usize = 2;

/// As long as the other connections wait for a lock.
const PATIENCE: Duration = Duration::from_secs(5);

/// Connections to a database file that read one row at a time.
pub(super) struct Single {
    connections: Vec<Mutex<Connection>>,
    turn: AtomicUsize,
}

impl Single {
    /// Opens connections to a file that others have opened; `cached` is what each keeps of it, as SQLite wants it told.
    pub(super) fn open(path: &Path, cached: &str) -> rusqlite::Result<Self> {
        let connections = (0..CONNECTIONS).map(|_| {
            // Writing is asked for because readers write the index of the log; the rows they may not.
            let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let connection = Connection::open_with_flags(path, flags)?;
            connection.busy_timeout(PATIENCE)?;
            connection.pragma_update(None, "cache_size", cached)?;
            connection.pragma_update(None, "query_only", "ON")?;
            Ok(Mutex::new(connection))
        });
        Ok(Self { connections: connections.collect::<rusqlite::Result<_>>()?, turn: AtomicUsize::new(0) })
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        let free = self.connections.iter().find_map(|connection| connection.try_lock().ok());
        free.unwrap_or_else(|| {
            let turn = self.turn.fetch_add(1, Ordering::Relaxed) % self.connections.len();
            self.connections[turn].lock().unwrap_or_else(PoisonError::into_inner)
        })
    }

    /// Returns what is made of the row of a key.
    pub(super) fn find<T>(
        &self,
        key: &str,
        make: impl FnOnce(&Row<'_>) -> Result<T, BoxError>,
    ) -> Result<Option<T>, BoxError> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached(FIND)?;
        let mut rows = statement.query([key])?;
        rows.next()?.map(make).transpose()
    }
}

impl Columns for Row<'_> {
    fn text(&self, at: usize) -> Result<&str, BoxError> {
        Ok(self.get_ref(at)?.as_str()?)
    }

    fn optional_text(&self, at: usize) -> Result<Option<&str>, BoxError> {
        Ok(self.get_ref(at)?.as_str_or_null()?)
    }

    fn number(&self, at: usize) -> Result<i64, BoxError> {
        Ok(self.get_ref(at)?.as_i64()?)
    }

    fn optional_number(&self, at: usize) -> Result<Option<i64>, BoxError> {
        Ok(self.get_ref(at)?.as_i64_or_null()?)
    }
}
