//! `rad resource-type`

mod show;

use camino::Utf8PathBuf;
use clap::Subcommand;
use radii_model::TypeName;
use serde_json::{Value as Json, json};

use crate::args::Globals;
use crate::client::{Client, Deleted, NATIVE_VERSION};
use crate::commands::watch;
use crate::confirm::{self, Answer};
use crate::error::Error;
use crate::output::{Output, sorted};
use crate::registration::{self, type_path};
use crate::registry::{RegisteredType, checked, list_types, load_type, parse_type};
use crate::sources::Sources;
use crate::table::Table;
use crate::workspace::Workspace;

/// The largest icon that a server takes.
const LARGEST_ICON: usize = 32 * 1024;

/// Works on resource types.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Registers the types of a manifest, or one of them
    Create(Create),
    /// Lists all resource types
    List(List),
    /// Shows a resource type with its properties
    Show(Show),
    /// Deletes a resource type
    Delete(Delete),
}

/// What to register.
#[derive(Debug, clap::Args)]
pub struct Create {
    /// The one type of the manifest to register [default: all]
    name: Option<String>,
    /// Manifest, in YAML or JSON
    #[arg(short, long, value_name = "FILE")]
    from_file: Utf8PathBuf,
    /// Icon of the type, an SVG file
    #[arg(long, value_name = "FILE")]
    icon: Option<Utf8PathBuf>,
}

/// How to list.
#[derive(Debug, clap::Args)]
pub struct List {
    /// Goes on with what changes, until it is interrupted
    #[arg(long)]
    watch: bool,
}

/// What to show.
#[derive(Debug, clap::Args)]
pub struct Show {
    /// The type, as NAMESPACE/TYPE
    #[arg(value_name = "TYPE")]
    name: String,
}

/// What to delete.
#[derive(Debug, clap::Args)]
pub struct Delete {
    /// The type, as NAMESPACE/TYPE
    #[arg(value_name = "TYPE")]
    name: String,
    /// Does not ask
    #[arg(short, long)]
    yes: bool,
}

/// Runs `rad resource-type …`.
pub async fn run(command: Command, globals: &Globals) -> Result<(), Error> {
    let workspace = Workspace::find(globals)?;
    let client = workspace.client(globals)?;
    let output = globals.output();
    match command {
        Command::Create(args) => create(args, &client, output).await,
        Command::List(List { watch: true }) => {
            let types = watch::REGISTRATIONS[1..3].iter().map(|name| ("type", (*name).to_owned()));
            watch::follow(&client, &types.collect::<Vec<_>>(), None, output).await
        }
        Command::List(_) => {
            let types = list_types(&client).await?;
            output.value(&types.iter().map(list_entry).collect(), || table(&types))
        }
        Command::Show(args) => {
            let registered = load_type(&client, &parse_type(&args.name)?).await?;
            if output.is_table() {
                return crate::output::write_stdout(&show::render(&registered));
            }
            output.value(&document(&registered), || Table::new([""]))
        }
        Command::Delete(args) => delete(args, &client, output).await,
    }
}

async fn create(args: Create, client: &Client, output: Output) -> Result<(), Error> {
    let manifest = Sources::read_manifest(&args.from_file)?;
    let names: Vec<&str> = match &args.name {
        Some(name) if manifest.types.contains_key(name) => vec![name],
        Some(name) => {
            let known: Vec<_> = manifest.types.keys().map(String::as_str).collect();
            return Err(Error::failed(format!("the manifest has no type `{name}`"))
                .hint(format!("it has: {}", known.join(", "))));
        }
        None => manifest.types.keys().map(String::as_str).collect(),
    };
    let icon = match &args.icon {
        Some(_) if names.len() != 1 => {
            return Err(Error::usage(format!("`--icon` is for one type, and the manifest has {}", names.len()))
                .hint("name the type: `rad resource-type create NAME -f FILE --icon FILE`"));
        }
        Some(path) => Some(read_icon(path)?),
        None => None,
    };
    registration::types(client, &manifest, &names, icon.as_deref()).await?;
    for name in names {
        output.done(&format!("{}/{name} created", manifest.namespace.value))?;
    }
    Ok(())
}

/// Reads an icon; what may stand in it is checked by the server.
fn read_icon(path: &Utf8PathBuf) -> Result<String, Error> {
    let text = std::fs::read_to_string(path).map_err(Error::file("read the icon", path.as_str()))?;
    if text.len() > LARGEST_ICON {
        return Err(Error::failed(format!(
            "the icon `{path}` has {} bytes; at most {LARGEST_ICON} are allowed",
            text.len()
        )));
    }
    Ok(text)
}

async fn delete(args: Delete, client: &Client, output: Output) -> Result<(), Error> {
    let name = parse_type(&args.name)?;
    let (namespace, kind) = (checked("resource provider", name.namespace())?, checked("resource type", name.name())?);
    if confirm::ask(&format!("Delete the resource type '{name}'?"), args.yes)? == Answer::No {
        return Ok(());
    }
    let outcome = match client.delete(&type_path(namespace, kind), NATIVE_VERSION).await? {
        Deleted::Gone => "deleted",
        Deleted::Absent => "not found",
    };
    output.done(&format!("{} {outcome}", TypeName::new(namespace, kind)))
}

fn table(types: &[RegisteredType]) -> Table {
    let mut table = Table::new(["TYPE", "NAMESPACE", "APIVERSION"]);
    for registered in types {
        let versions = json!(registered.api_versions()).to_string();
        table.row([&registered.name.to_string(), registered.name.namespace(), &versions]);
    }
    table
}

/// Returns an entry of the list in the shape that the stock command line prints: a type with the names of its versions.
fn list_entry(registered: &RegisteredType) -> Json {
    let mut entry = document(registered);
    entry["APIVersionList"] = json!(registered.api_versions());
    entry
}

/// Returns a type in the shape that the stock command line prints.
fn document(registered: &RegisteredType) -> Json {
    let versions = registered.entry.get("apiVersions").and_then(Json::as_object);
    let versions: serde_json::Map<String, Json> = versions
        .into_iter()
        .flatten()
        .map(|(version, entry)| (version.clone(), json!({"Schema": entry.get("schema").map(sorted)})))
        .collect();
    json!({
        "Name": registered.name.to_string(),
        "Description": registered.entry.get("description").and_then(Json::as_str).unwrap_or_default(),
        "ResourceProviderNamespace": registered.name.namespace(),
        "APIVersions": sorted(&Json::Object(versions)),
    })
}
