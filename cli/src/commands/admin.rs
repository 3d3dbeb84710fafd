//! `rad admin`

mod archives;
mod secrets;

use std::path::PathBuf;

use clap::Subcommand;
use radii_registry_server::serve::Database;
use radii_registry_server::store::{self, Config};
use serde_json::json;

use super::serve::Keys;
use crate::args::Globals;
use crate::error::Error;
use crate::table::Table;

/// Looks after a server's database, on the machine that can reach it.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Brings the tables up to date, as a start of the server does
    Migrate(Migrate),
    /// Writes everything that the database holds into a file, beside a server that runs
    Backup(To),
    /// Brings a backup back into a database that holds nothing yet
    Restore(From),
    /// Writes planes, groups, registrations and resources into a file, to take them to another database
    Export(To),
    /// Adds what was exported to what a database holds
    Import(Import),
    /// Reads everything, opens every secret, and reports what must not be
    Verify(Verify),
    /// Puts every secret under the first of the keys
    RotateSecrets(Rotate),
    /// Prints a new key for secrets at rest
    GenerateKey(Generate),
}

/// Which database.
#[derive(Debug, clap::Args)]
pub struct Place {
    /// SQLite file, or `postgres://USER:PASSWORD@HOST/NAME`
    #[arg(long, value_name = "DATABASE", default_value = "radii.db", env = "RADII_DATABASE", hide_env_values = true)]
    database: Database,
    #[command(flatten)]
    keys: Keys,
}

impl Place {
    fn config(&self) -> Config {
        Config { database: self.database.clone(), keys: self.keys.source() }
    }
}

/// How to migrate.
#[derive(Debug, clap::Args)]
pub struct Migrate {
    #[command(flatten)]
    place: Place,
    /// Only says what would be done
    #[arg(long)]
    dry_run: bool,
}

/// Where to write.
#[derive(Debug, clap::Args)]
pub struct To {
    /// The file to write; it must not exist
    file: PathBuf,
    #[command(flatten)]
    place: Place,
}

/// What to read.
#[derive(Debug, clap::Args)]
pub struct From {
    /// The file to read
    file: PathBuf,
    /// Key file of the database that the file was made from, unless the same key is used
    #[arg(long, value_name = "FILE")]
    archive_key_file: Option<PathBuf>,
    #[command(flatten)]
    place: Place,
}

/// What to import.
#[derive(Debug, clap::Args)]
pub struct Import {
    #[command(flatten)]
    from: From,
    /// Replaces what is there already, instead of leaving it alone
    #[arg(long)]
    replace: bool,
}

/// What to verify.
#[derive(Debug, clap::Args)]
pub struct Verify {
    /// A backup or export; without it the database is read
    file: Option<PathBuf>,
    #[command(flatten)]
    place: Place,
}

/// How to rotate.
#[derive(Debug, clap::Args)]
pub struct Rotate {
    #[command(flatten)]
    place: Place,
    /// Makes a new key in the key file first, and removes the old ones from it afterwards
    #[arg(long)]
    new_key: bool,
}

/// Where to write a key.
#[derive(Debug, clap::Args)]
pub struct Generate {
    /// File to make, readable by this user only; without it the key is printed
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

/// Runs one of the commands.
pub async fn run(command: Command, globals: &Globals) -> Result<(), Error> {
    match command {
        Command::Migrate(args) => migrate(&args, globals).await,
        Command::Backup(args) => archives::backup(&args, globals).await,
        Command::Restore(args) => archives::restore(&args, globals).await,
        Command::Export(args) => archives::export(&args, globals).await,
        Command::Import(args) => archives::import(&args, globals).await,
        Command::Verify(args) => archives::verify(&args, globals).await,
        Command::RotateSecrets(args) => secrets::rotate(&args, globals).await,
        Command::GenerateKey(args) => secrets::generate(&args, globals),
    }
}

async fn migrate(args: &Migrate, globals: &Globals) -> Result<(), Error> {
    let pending = store::pending_migrations(&args.place.database).await.map_err(failed)?;
    if !args.dry_run {
        store::open(&args.place.config()).await.map_err(failed)?.close().await;
    }
    let output = globals.output();
    if !output.is_table() {
        let listed: Vec<_> =
            pending.iter().map(|(version, name)| json!({ "version": version, "description": name })).collect();
        return output.value(&json!({ "migrations": listed, "carriedOut": !args.dry_run }), || Table::new([]));
    }
    if pending.is_empty() {
        return output.done("The tables are up to date");
    }
    for (version, name) in &pending {
        let verb = if args.dry_run { "Would carry out" } else { "Carried out" };
        output.done(&format!("{verb} migration {version}: {name}"))?;
    }
    Ok(())
}

/// Returns a failure with its whole chain of causes.
fn failed(error: impl std::error::Error) -> Error {
    let mut message = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if !message.ends_with(&said) {
            message = format!("{message}: {said}");
        }
        cause = error.source();
    }
    Error::failed(message)
}
