//! Looking for what must not be in a database.

use std::collections::{HashMap, HashSet};

use radii_runtime::store::{OperationId, parent_key};
use serde_json::Value as Json;

use super::archive::{self, Error, Summary};
use super::vault::Vault;
use super::{Engine, Snapshot, Table};

/// So many rows are read at once, and so many findings are shown at most.
const PAGE: usize = 500;
const SHOWN: usize = 100;

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// How much was looked at.
    pub seen: Summary,
    /// What is wrong, one sentence each; the first hundred.
    pub problems: Vec<String>,
}

impl Report {
    fn add(&mut self, problem: String) {
        if self.problems.len() < SHOWN {
            self.problems.push(problem);
        }
    }
}

/// What is remembered of all rows.
#[derive(Default)]
struct Known {
    keys: HashSet<String>,
    parents: HashMap<String, String>,
    /// Operation → the resource that says that it is in progress.
    expected: HashMap<OperationId, String>,
    greatest: u64,
}

/// Reads every row, opens every secret, and checks what rows say of each other.
///
/// # Errors
/// When the database fails; what is wrong with its content is in the report.
pub async fn verify(engine: &dyn Engine, vault: &Vault) -> Result<Report, Error> {
    let mut report = Report { problems: engine.check().await?, ..Report::default() };
    let mut known = Known::default();
    let mut snapshot = engine.snapshot().await?;
    let counter = snapshot.counter().await?;
    records(&mut *snapshot, vault, &mut known, &mut report).await?;
    operations(&mut *snapshot, vault, &mut known, &mut report).await?;
    let mut orphans: Vec<_> = known.parents.iter().filter(|(_, parent)| !known.keys.contains(*parent)).collect();
    orphans.sort();
    for (key, parent) in orphans {
        report.add(format!("`{key}` lies below `{parent}`, which is not stored"));
    }
    let mut lost: Vec<_> = known.expected.iter().collect();
    lost.sort();
    for (operation, key) in lost {
        report.add(format!("`{key}` waits for the operation {operation}, which does not exist or has ended"));
    }
    if known.greatest > counter {
        report.add(format!("the counter stands at {counter}, but {} was given already", known.greatest));
    }
    Ok(report)
}

async fn records(
    snapshot: &mut dyn Snapshot,
    vault: &Vault,
    known: &mut Known,
    report: &mut Report,
) -> Result<(), Error> {
    let mut after = 0;
    loop {
        let page = snapshot.rows(Table::Records, after, PAGE).await?;
        for row in &page {
            let row = parse(row)?;
            after = row[0].as_u64().unwrap_or(u64::MAX);
            report.seen.records += 1;
            let record = match archive::record(vault, &row) {
                Ok(record) => record,
                Err(error) => {
                    report.add(error.to_string());
                    continue;
                }
            };
            let key = record.id.key();
            let references = record.references();
            let columns = [&row[1], &row[2], &row[3], &row[16], &row[17]].map(Json::as_str);
            let kind = record.type_name.to_ascii_lowercase();
            let parent = parent_key(&record.id);
            let derived = [Some(&key), Some(&parent), Some(&kind), references[0].as_ref(), references[1].as_ref()]
                .map(|text| text.map(String::as_str));
            if columns != derived {
                report.add(format!("the columns of `{}` do not say what its content says", record.id));
            }
            known.greatest = known.greatest.max(after).max(record.revision);
            if parent.starts_with("/planes/") {
                known.parents.insert(key.clone(), parent);
            }
            if let Some(operation) = record.operation.filter(|_| !record.state.is_terminal()) {
                known.expected.insert(operation, key.clone());
            }
            known.keys.insert(key);
        }
        if page.len() < PAGE {
            return Ok(());
        }
    }
}

async fn operations(
    snapshot: &mut dyn Snapshot,
    vault: &Vault,
    known: &mut Known,
    report: &mut Report,
) -> Result<(), Error> {
    let mut after = 0;
    loop {
        let page = snapshot.rows(Table::Operations, after, PAGE).await?;
        for row in &page {
            let row = parse(row)?;
            after = row[0].as_u64().unwrap_or(u64::MAX);
            known.greatest = known.greatest.max(after);
            report.seen.operations += 1;
            match archive::operation(vault, &row) {
                Ok(operation) if operation.ended_at.is_none() => drop(known.expected.remove(&operation.id)),
                Ok(_) => {}
                Err(error) => report.add(error.to_string()),
            }
        }
        if page.len() < PAGE {
            return Ok(());
        }
    }
}

fn parse(row: &str) -> Result<Json, Error> {
    serde_json::from_str(row).map_err(|error| Error::Unreadable { reason: error.to_string() })
}
