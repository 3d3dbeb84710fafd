//! Archives: everything that a database holds, as lines of JSON that any engine reads.
//!
//! A head names format, content and key; each further line is one row as both engines write it, its secrets
//! still sealed; the foot counts the rows and holds a checksum, so that an archive that was cut off or changed is
//! noticed before anything of it is used.

use std::io::{BufRead, Write};

use radii_runtime::store::{Error as StoreError, Expect, Operation, Record, State, Store, Write as Change};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use super::rows::{self, Columns};
use super::vault::{self, Vault};
use super::{BoxError, Engine, Rows, Table};

const FORMAT: &str = "radii-archive";
const VERSION: u32 = 1;
/// So many rows are read or written at once.
const PAGE: usize = 500;

/// What an archive holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Content {
    /// All rows, to bring the very same database back.
    Backup,
    /// Records only, to take them elsewhere.
    Export,
}

/// How much was written or read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Planes, groups, registrations and resources.
    pub records: usize,
    /// Operations.
    pub operations: usize,
}

/// What an import did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Records that were not there before.
    pub created: usize,
    /// Records that were there and were replaced.
    pub replaced: usize,
    /// Records that were there and were left alone.
    pub kept: usize,
    /// Resources whose operation had not ended; they are marked as failed, to be put again.
    pub interrupted: usize,
}

/// What an import does about records that are there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// They stay as they are.
    Keep,
    /// The archive's take their place.
    Replace,
}

/// Why an archive could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read or written.
    #[error("cannot {doing} the archive")]
    Io {
        /// `read` or `write`.
        doing: &'static str,
        /// Why.
        source: std::io::Error,
    },
    /// It is no archive, or not one that this version reads.
    #[error("this is no archive that this version of Radii reads: {reason}")]
    Unreadable {
        /// What is wrong with it.
        reason: String,
    },
    /// It is not what was written.
    #[error("the archive is damaged in line {line}: {reason}; take another copy")]
    Damaged {
        /// The line, counted from one.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// A secret cannot be opened.
    #[error(transparent)]
    Secret(#[from] vault::Error),
    /// The database failed, or refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

#[derive(Serialize, Deserialize)]
struct Head {
    format: String,
    version: u32,
    content: Content,
    counter: u64,
    key: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Line {
    Record(Json),
    Operation(Json),
    End { records: usize, operations: usize, sha256: String },
}

/// Writes all rows of a database as they are at this moment.
///
/// # Errors
/// When the database or the file fails.
pub async fn write(
    engine: &dyn Engine,
    vault: &Vault,
    content: Content,
    to: &mut (dyn Write + Send),
) -> Result<Summary, Error> {
    let mut snapshot = engine.snapshot().await?;
    let mut file = Checked { to, digest: Sha256::new() };
    let head = Head {
        format: FORMAT.to_owned(),
        version: VERSION,
        content,
        counter: snapshot.counter().await?,
        key: vault.current().to_string(),
    };
    file.line(&head)?;
    let mut summary = Summary::default();
    for table in [Table::Records, Table::Operations] {
        if (content, table) == (Content::Export, Table::Operations) {
            continue;
        }
        let mut after = 0;
        loop {
            let page = snapshot.rows(table, after, PAGE).await?;
            for row in &page {
                let row: Json = serde_json::from_str(row).map_err(|error| unreadable(&error))?;
                after = row[0].as_u64().unwrap_or(u64::MAX);
                match table {
                    Table::Records => (summary.records, _) = (summary.records + 1, file.line(&Line::Record(row))?),
                    Table::Operations => {
                        (summary.operations, _) = (summary.operations + 1, file.line(&Line::Operation(row))?);
                    }
                }
            }
            if page.len() < PAGE {
                break;
            }
        }
    }
    let sha256 = hex(&file.digest.clone().finalize());
    file.line(&Line::End { records: summary.records, operations: summary.operations, sha256 })?;
    file.to.flush().map_err(|source| Error::Io { doing: "write", source })?;
    Ok(summary)
}

/// Writes lines and remembers what was written.
struct Checked<'a> {
    to: &'a mut (dyn Write + Send),
    digest: Sha256,
}

impl Checked<'_> {
    fn line(&mut self, line: &impl Serialize) -> Result<(), Error> {
        let mut text = serde_json::to_string(line).map_err(|error| unreadable(&error))?;
        text.push('\n');
        self.digest.update(text.as_bytes());
        self.to.write_all(text.as_bytes()).map_err(|source| Error::Io { doing: "write", source })
    }
}

fn unreadable(error: &dyn std::error::Error) -> Error {
    Error::Unreadable { reason: error.to_string() }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// An archive that was read whole and is what was written.
#[derive(Clone, Debug)]
pub struct Archive {
    /// What it holds.
    pub content: Content,
    rows: Rows,
}

impl Archive {
    /// Reads an archive and checks it.
    ///
    /// # Errors
    /// When it is no archive, was cut off or changed.
    pub fn read(from: impl BufRead) -> Result<Self, Error> {
        let mut digest = Sha256::new();
        let mut lines = from.lines().enumerate();
        let mut next = |digest: &mut Sha256, is_last: &dyn Fn(&str) -> bool| {
            let Some((at, line)) = lines.next() else { return Ok(None) };
            let line = line.map_err(|source| Error::Io { doing: "read", source })?;
            if !is_last(&line) {
                digest.update(line.as_bytes());
                digest.update(b"\n");
            }
            Ok::<_, Error>(Some((at + 1, line)))
        };
        let (_, head) =
            next(&mut digest, &|_| false)?.ok_or_else(|| Error::Unreadable { reason: "it is empty".into() })?;
        let head: Head = serde_json::from_str(&head).map_err(|error| unreadable(&error))?;
        if head.format != FORMAT || head.version != VERSION {
            let reason = format!("it is `{}` version {}, not `{FORMAT}` version {VERSION}", head.format, head.version);
            return Err(Error::Unreadable { reason });
        }
        let mut rows = Rows { counter: head.counter, ..Rows::default() };
        let mut last = 1;
        while let Some((at, line)) = next(&mut digest, &|line| line.starts_with("{\"end\""))? {
            last = at;
            let damaged = |reason: String| Error::Damaged { line: at, reason };
            match serde_json::from_str(&line).map_err(|error| damaged(error.to_string()))? {
                Line::Record(row) => rows.records.push(row),
                Line::Operation(row) => rows.operations.push(row),
                Line::End { records, operations, sha256 } => {
                    if (records, operations) != (rows.records.len(), rows.operations.len()) {
                        return Err(damaged("it does not hold as many rows as it says".into()));
                    }
                    if sha256 != hex(&digest.finalize()) {
                        return Err(damaged("its checksum is wrong".into()));
                    }
                    return Ok(Self { content: head.content, rows });
                }
            }
        }
        Err(Error::Damaged { line: last, reason: "its end is missing".into() })
    }

    /// How many rows it holds.
    pub fn summary(&self) -> Summary {
        Summary { records: self.rows.records.len(), operations: self.rows.operations.len() }
    }

    /// Opens every secret and reads every row, without writing anything.
    ///
    /// # Errors
    /// The first row that cannot be read.
    pub fn check(&self, vault: &Vault) -> Result<Summary, Error> {
        for row in &self.rows.records {
            record(vault, row)?;
        }
        for row in &self.rows.operations {
            operation(vault, row)?;
        }
        Ok(self.summary())
    }

    /// Brings a backup back into a database that holds nothing yet; its secrets come under the vault's key.
    ///
    /// # Errors
    /// When the database is not empty, or the vault lacks the archive's key.
    pub async fn restore(self, engine: &dyn Engine, vault: &Vault) -> Result<Summary, Error> {
        let summary = self.check(vault)?;
        let mut rows = self.rows;
        for row in &mut rows.records {
            reseal(vault, row, 15, rows::private_context, "{}")?;
        }
        for row in &mut rows.operations {
            reseal(vault, row, 9, rows::payload_context, "null")?;
        }
        engine.restore(rows).await?;
        Ok(summary)
    }

    /// Adds the archive's records to those of a database, in their order.
    ///
    /// # Errors
    /// When the vault lacks the archive's key, or the database fails; what was added before stays.
    pub async fn import(
        &self,
        store: &dyn Store,
        vault: &Vault,
        existing: Existing,
        now: radii_runtime::Timestamp,
    ) -> Result<Imported, Error> {
        self.check(vault)?;
        let mut imported = Imported::default();
        for page in self.rows.records.chunks(PAGE) {
            let mut batch = Vec::new();
            for row in page {
                let mut record = record(vault, row)?;
                let there = store.find(&record.id).await?;
                match (&there, existing) {
                    (Some(_), Existing::Keep) => {
                        imported.kept += 1;
                        continue;
                    }
                    (Some(_), Existing::Replace) => imported.replaced += 1,
                    (None, _) => imported.created += 1,
                }
                if !record.state.is_terminal() {
                    (record.state, record.operation, record.updated_at) = (State::Failed, None, now);
                    imported.interrupted += 1;
                }
                let expect = there.map_or(Expect::Absent, |there| Expect::Revision(there.revision));
                batch.push(Change::Put { record: Box::new(record), expect });
            }
            if !batch.is_empty() {
                store.commit(batch).await?;
            }
        }
        Ok(imported)
    }
}

fn reseal(
    vault: &Vault,
    row: &mut Json,
    at: usize,
    context: impl Fn(&str) -> String,
    nothing: &str,
) -> Result<(), Error> {
    let (Some(stored), Some(name)) = (row[at].as_str(), row[1].as_str()) else { return Ok(()) };
    if stored != nothing
        && let Some(new) = vault.rewrap(&context(name), stored)?
    {
        row[at] = Json::String(new);
    }
    Ok(())
}

/// A row of an archive, whose values are read in another order than they are written in.
struct Reordered<'a> {
    values: &'a Json,
    order: &'static [usize],
}

impl Reordered<'_> {
    fn value(&self, at: usize) -> Result<&Json, BoxError> {
        let found = self.order.get(at).and_then(|at| self.values.get(at));
        found.ok_or_else(|| format!("column {at} is missing").into())
    }
}

impl Columns for Reordered<'_> {
    fn text(&self, at: usize) -> Result<&str, BoxError> {
        self.value(at)?.as_str().ok_or_else(|| format!("column {at} is no text").into())
    }

    fn optional_text(&self, at: usize) -> Result<Option<&str>, BoxError> {
        if self.value(at)?.is_null() { Ok(None) } else { self.text(at).map(Some) }
    }

    fn number(&self, at: usize) -> Result<i64, BoxError> {
        self.value(at)?.as_i64().ok_or_else(|| format!("column {at} is no number").into())
    }

    fn optional_number(&self, at: usize) -> Result<Option<i64>, BoxError> {
        if self.value(at)?.is_null() { Ok(None) } else { self.number(at).map(Some) }
    }
}

/// Reads a row of records.
///
/// # Errors
/// Names the row.
pub(super) fn record(vault: &Vault, row: &Json) -> Result<Record, Error> {
    let order = &[4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
    rows::record(vault, &Reordered { values: row, order }).map_err(|error| in_row(row, error))
}

/// Reads a row of operations.
///
/// # Errors
/// Names the row.
pub(super) fn operation(vault: &Vault, row: &Json) -> Result<Operation, Error> {
    let order = &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
    rows::operation(vault, &Reordered { values: row, order }).map_err(|error| in_row(row, error))
}

fn in_row(row: &Json, error: BoxError) -> Error {
    match error.downcast::<vault::Error>() {
        Ok(error) => Error::Secret(*error),
        Err(error) => Error::Unreadable { reason: format!("`{}`: {error}", row[1].as_str().unwrap_or_default()) },
    }
}
