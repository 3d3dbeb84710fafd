//! Wrapping all secrets anew: under another key, or for the first time.

use radii_runtime::store::Error;
use serde_json::Value as Json;

use super::vault::Vault;
use super::{Engine, Resealed, Table, open, rows, unavailable};

/// So many rows are read at once.
const PAGE: usize = 500;

/// Where the sealed value stands in a row, its name, and the form that means that there is none.
const fn column(table: Table) -> (usize, usize, &'static str) {
    match table {
        Table::Records => (15, 1, "{}"),
        Table::Operations => (9, 1, "null"),
    }
}

/// Puts every secret under the vault's current key and returns how many were changed.
///
/// Safe to repeat after a crash, and beside servers that have both keys.
///
/// # Errors
/// A secret that no key opens; a store that fails.
pub async fn rotate(engine: &dyn Engine, vault: &Vault) -> Result<usize, Error> {
    let mut changed = 0;
    for table in [Table::Records, Table::Operations] {
        changed += reseal(engine, table, |context, stored| {
            vault.rewrap(context, stored).map_err(|error| unavailable("rotate secrets", error))
        })
        .await?;
    }
    let failed = |error: super::vault::Error| unavailable("rotate secrets", error);
    if let Some(proof) = engine.find_setting(open::CANARY).await?
        && let Some(proof) = open::rewrap_proof(vault, &proof).map_err(failed)?
    {
        engine.set_setting(open::CANARY, &proof).await?;
    }
    Ok(changed)
}

/// Seals what versions without encryption stored in clear.
pub(super) async fn seal_what_is_clear(engine: &dyn Engine, vault: &Vault) -> Result<usize, Error> {
    let mut changed = 0;
    for table in [Table::Records, Table::Operations] {
        changed += reseal(engine, table, |context, stored| {
            Ok((!Vault::is_sealed(stored)).then(|| vault.seal(context, stored)))
        })
        .await?;
    }
    if changed > 0 {
        tracing::warn!(changed, "Sealed what an earlier version had stored in clear");
    }
    Ok(changed)
}

async fn reseal(
    engine: &dyn Engine,
    table: Table,
    reseal: impl Fn(&str, &str) -> Result<Option<String>, Error>,
) -> Result<usize, Error> {
    let (value, name, nothing) = column(table);
    let mut snapshot = engine.snapshot().await?;
    let (mut after, mut changed) = (0, 0);
    loop {
        let page = snapshot.rows(table, after, PAGE).await?;
        let mut changes = Vec::new();
        for row in &page {
            let row: Json = serde_json::from_str(row).map_err(|error| unavailable("read a row", error))?;
            after = row[0].as_u64().unwrap_or(u64::MAX);
            let (Some(stored), Some(name)) = (row[value].as_str(), row[name].as_str()) else { continue };
            if stored == nothing {
                continue;
            }
            let context = match table {
                Table::Records => rows::private_context(name),
                Table::Operations => rows::payload_context(name),
            };
            if let Some(new) = reseal(&context, stored)? {
                changes.push(Resealed { sequence: after, before: stored.to_owned(), after: new });
            }
        }
        if !changes.is_empty() {
            changed += engine.replace_sealed(table, &changes).await?;
        }
        if page.len() < PAGE {
            return Ok(changed);
        }
    }
}
