//! `rad admin backup`, `restore`, `export`, `import` and `verify`

use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::Path;

use radii_registry_server::store::archive::{self, Archive, Content, Existing};
use radii_registry_server::store::keys::KeySource;
use radii_registry_server::store::vault::Vault;
use radii_registry_server::store::{self, verify as check};
use radii_runtime::{Clock, SystemClock};
use serde_json::json;

use super::{From, Import, To, Verify, failed};
use crate::args::Globals;
use crate::error::Error;
use crate::table::Table;

pub(super) async fn backup(args: &To, globals: &Globals) -> Result<(), Error> {
    write(args, globals, Content::Backup).await
}

pub(super) async fn export(args: &To, globals: &Globals) -> Result<(), Error> {
    write(args, globals, Content::Export).await
}

async fn write(args: &To, globals: &Globals, content: Content) -> Result<(), Error> {
    let (engine, vault) = store::read_only(&args.place.config()).await.map_err(failed)?;
    let shown = args.file.display().to_string();
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = BufWriter::new(options.open(&args.file).map_err(Error::file("write", &shown))?);
    let written = archive::write(&*engine, &vault, content, &mut file).await;
    let finished = file.flush().and_then(|()| file.get_ref().sync_all());
    let summary = match (written, finished) {
        (Ok(summary), Ok(())) => summary,
        (written, finished) => {
            // Half an archive would only be mistaken for one.
            let _ = std::fs::remove_file(&args.file);
            written.map_err(failed)?;
            return finished.map_err(Error::file("write", &shown));
        }
    };
    engine.close().await;
    globals.output().done(&format!(
        "Wrote {} records and {} operations to {shown}. Secrets in it are sealed with the key {}: keep that, too",
        summary.records,
        summary.operations,
        vault.current()
    ))
}

fn read(path: &Path) -> Result<Archive, Error> {
    let shown = path.display().to_string();
    let file = File::open(path).map_err(Error::file("read", shown))?;
    Archive::read(BufReader::new(file)).map_err(failed)
}

/// Returns what opens the archive's secrets and seals with the database's key.
fn vault(args: &From) -> Result<Vault, Error> {
    let beside = match &args.place.database {
        radii_registry_server::serve::Database::File(path) => Some(path.as_path()),
        _ => None,
    };
    let keys = args.place.keys.source().load(beside, false).map_err(failed)?;
    let Some(path) = &args.archive_key_file else { return Ok(Vault::new(keys)) };
    Ok(Vault::new(keys.and(KeySource::File(path.clone()).load(None, true).map_err(failed)?)))
}

pub(super) async fn restore(args: &From, globals: &Globals) -> Result<(), Error> {
    let archive = read(&args.file)?;
    if archive.content != Content::Backup {
        return Err(Error::failed("this is an export, not a backup; add it to a database with `rad admin import`"));
    }
    let vault = vault(args)?;
    archive.check(&vault).map_err(failed)?;
    let engine = store::open(&args.place.config()).await.map_err(failed)?;
    let restored = archive.restore(&*engine, &vault).await;
    engine.close().await;
    let summary = restored.map_err(failed)?;
    globals.output().done(&format!(
        "Restored {} records and {} operations into {}",
        summary.records, summary.operations, args.place.database
    ))
}

pub(super) async fn import(args: &Import, globals: &Globals) -> Result<(), Error> {
    let archive = read(&args.from.file)?;
    let vault = vault(&args.from)?;
    archive.check(&vault).map_err(failed)?;
    let engine = store::open(&args.from.place.config()).await.map_err(failed)?;
    let existing = if args.replace { Existing::Replace } else { Existing::Keep };
    let imported = archive.import(&*engine, &vault, existing, SystemClock.now()).await;
    engine.close().await;
    let imported = imported.map_err(failed)?;
    let output = globals.output();
    output.done(&format!(
        "Imported into {}: {} records created, {} replaced, {} left alone",
        args.from.place.database, imported.created, imported.replaced, imported.kept
    ))?;
    if imported.interrupted > 0 {
        output.note(&format!(
            "{} resources were being changed when they were exported; they are marked as failed: put them again",
            imported.interrupted
        ));
    }
    Ok(())
}

pub(super) async fn verify(args: &Verify, globals: &Globals) -> Result<(), Error> {
    let output = globals.output();
    let report = match &args.file {
        Some(path) => {
            let archive = read(path)?;
            let path = match &args.place.database {
                super::Database::File(path) => Some(path.as_path()),
                _ => None,
            };
            let keys = args.place.keys.source();
            let vault = Vault::new(keys.load(path, true).map_err(failed)?);
            let seen = archive.check(&vault).map_err(failed)?;
            check::Report { seen, problems: Vec::new() }
        }
        None => {
            let (engine, vault) = store::read_only(&args.place.config()).await.map_err(failed)?;
            let report = check::verify(&*engine, &vault).await.map_err(failed)?;
            engine.close().await;
            report
        }
    };
    let seen = report.seen;
    if !output.is_table() {
        let value = json!({ "records": seen.records, "operations": seen.operations, "problems": report.problems });
        output.value(&value, || Table::new([]))?;
    } else if report.problems.is_empty() {
        output.done(&format!("{} records and {} operations are sound", seen.records, seen.operations))?;
    }
    match report.problems.len() {
        0 => Ok(()),
        many => Err(Error::failed(format!("{many} problems were found:\n{}", report.problems.join("\n")))),
    }
}
