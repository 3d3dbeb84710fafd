//! `rad resource-provider`

use camino::Utf8PathBuf;
use clap::Subcommand;
use serde_json::Value as Json;

use crate::args::Globals;
use crate::client::{Deleted, NATIVE_VERSION};
use crate::confirm::{self, Answer};
use crate::error::Error;
use crate::output::{sorted, text};
use crate::registration::{self, provider_path};
use crate::registry::{PLANE, checked, find_provider};
use crate::sources::Sources;
use crate::table::Table;
use crate::workspace::Workspace;

/// Works on resource providers.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Registers a resource provider with all types of a manifest
    Create(Create),
    /// Lists all resource providers
    List,
    /// Shows a resource provider
    Show(Show),
    /// Deletes a resource provider with its types
    Delete(Delete),
}

/// What to register.
#[derive(Debug, clap::Args)]
pub struct Create {
    /// Manifest, in YAML or JSON
    #[arg(short, long, value_name = "FILE")]
    from_file: Utf8PathBuf,
}

/// What to show.
#[derive(Debug, clap::Args)]
pub struct Show {
    /// Namespace of the provider
    namespace: String,
}

/// What to delete.
#[derive(Debug, clap::Args)]
pub struct Delete {
    /// Namespace of the provider
    namespace: String,
    /// Does not ask
    #[arg(short, long)]
    yes: bool,
}

/// Runs `rad resource-provider …`.
pub async fn run(command: Command, globals: &Globals) -> Result<(), Error> {
    let workspace = Workspace::find(globals)?;
    let client = workspace.client(globals)?;
    let output = globals.output();
    match command {
        Command::Create(args) => {
            let manifest = Sources::read_manifest(&args.from_file)?;
            let provider = registration::provider(&client, &manifest).await?;
            output.done(&format!("System.Resources/resourceProviders/{} created", text(&provider, "/name")))
        }
        Command::List => {
            let mut providers = client.list(&format!("{PLANE}/providers"), NATIVE_VERSION).await?;
            providers.sort_by_key(|provider| text(provider, "/name").to_ascii_lowercase());
            output.value(&providers.iter().map(sorted).collect(), || table(&providers))
        }
        Command::Show(args) => {
            let provider = find_provider(&client, &args.namespace).await?.ok_or_else(|| {
                Error::failed(format!("the resource provider `{}` was not found or has been deleted", args.namespace))
                    .hint("`rad resource-provider list` shows those there are")
            })?;
            output.value(&sorted(&provider), || table(std::slice::from_ref(&provider)))
        }
        Command::Delete(args) => {
            let namespace = checked("resource provider", &args.namespace)?;
            let question = format!("Delete the resource provider '{namespace}' and all its types?");
            if confirm::ask(&question, args.yes)? == Answer::No {
                return Ok(());
            }
            let outcome = match client.delete(&provider_path(namespace), NATIVE_VERSION).await? {
                Deleted::Gone => "deleted",
                Deleted::Absent => "not found",
            };
            output.done(&format!("System.Resources/resourceProviders/{namespace} {outcome}"))
        }
    }
}

/// Returns the stock command line's columns; the two that it leaves empty are filled here.
fn table(providers: &[Json]) -> Table {
    let mut table = Table::new(["RESOURCE", "TYPE", "STATE"]);
    for provider in providers {
        table.row([text(provider, "/name"), "System.Resources/resourceProviders", "Registered"]);
    }
    table
}
