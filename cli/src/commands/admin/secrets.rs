//! `rad admin rotate-secrets` and `generate-key`

use std::path::PathBuf;

use radii_registry_server::serve::Database;
use radii_registry_server::store::keys::{self, KeySource, Keyring};
use radii_registry_server::store::{self, rotation};

use super::{Generate, Rotate, failed};
use crate::args::Globals;
use crate::error::Error;
use crate::output::write_stdout;

pub(super) async fn rotate(args: &Rotate, globals: &Globals) -> Result<(), Error> {
    let file = if args.new_key { Some(prepare_new_key(args)?) } else { None };
    let (engine, vault) = store::open_with_vault(&args.place.config()).await.map_err(failed)?;
    let rotated = rotation::rotate(&*engine, &vault).await;
    engine.close().await;
    let changed = rotated.map_err(failed)?;
    if let Some(path) = file {
        let keys = KeySource::File(path.clone()).load(None, true).map_err(failed)?;
        keys::replace(&path, &keys.only_current()).map_err(failed)?;
    }
    globals.output().done(&format!("{changed} secrets were put under the key {}", vault.current()))?;
    if !args.new_key {
        globals.output().note("Older keys may be taken away once every server was started with the new one first");
    }
    Ok(())
}

/// Puts a new key in front of those in the key file, where the old ones stay until nothing needs them.
fn prepare_new_key(args: &Rotate) -> Result<PathBuf, Error> {
    let path = match (args.place.keys.source(), &args.place.database) {
        (KeySource::File(path), _) => path,
        (KeySource::BesideDatabase, Database::File(database)) => keys::file_beside(database),
        _ => {
            return Err(Error::usage(
                "`--new-key` changes a key file; with other sources put the new key first there, and rotate then",
            ));
        }
    };
    let old = KeySource::File(path.clone()).load(None, true).map_err(failed)?;
    keys::replace(&path, &Keyring::random().and(old)).map_err(failed)?;
    Ok(path)
}

pub(super) fn generate(args: &Generate, globals: &Globals) -> Result<(), Error> {
    let key = Keyring::random();
    match &args.file {
        Some(path) => {
            keys::write_new(path, &key).map_err(failed)?;
            globals.output().done(&format!("Made the key file {}", path.display()))
        }
        None => write_stdout(&key.to_text()),
    }
}
