//! `rad recipe-pack`: packs of recipes that Radius.Core environments choose from.

use clap::Subcommand;
use serde_json::Value as Json;

use crate::args::Globals;
use crate::client::{Client, Deleted};
use crate::confirm::{self, Answer};
use crate::error::Error;
use crate::flavour::Flavour;
use crate::output::{Output, sorted, text, write_stdout};
use crate::registry::{PLANE, checked};
use crate::table::Table;
use crate::workspace::Workspace;

/// Works on recipe packs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Lists recipe packs, of all groups unless one is named
    List(List),
    /// Shows a recipe pack with its recipes
    Show(Which),
    /// Deletes a recipe pack, and takes it from the environments that use it
    Delete(Delete),
}

/// Which packs.
#[derive(Debug, clap::Args)]
pub struct List {
    /// Only packs of this resource group
    #[arg(short, long)]
    group: Option<String>,
}

/// Which pack.
#[derive(Debug, clap::Args)]
pub struct Which {
    /// Name of the recipe pack
    name: String,
    /// Resource group [default: the workspace's]
    #[arg(short, long)]
    group: Option<String>,
}

/// What to delete.
#[derive(Debug, clap::Args)]
pub struct Delete {
    #[command(flatten)]
    which: Which,
    /// Does not ask
    #[arg(short, long)]
    yes: bool,
}

const VERSION: &str = "2025-08-01-preview";

/// Runs `rad recipe-pack …`.
pub async fn run(command: Command, globals: &Globals) -> Result<(), Error> {
    let workspace = Workspace::find(globals)?;
    let client = workspace.client(globals)?;
    let output = globals.output();
    match command {
        Command::List(args) => {
            let scope = match &args.group {
                Some(_) => workspace.scope(args.group.as_deref())?,
                None => PLANE.to_owned(),
            };
            let packs = client.list(&format!("{scope}/providers/Radius.Core/recipePacks"), VERSION).await?;
            output.value(&packs.iter().map(sorted).collect(), || table(&packs))
        }
        Command::Show(args) => {
            let pack = args.load(&workspace, &client).await?;
            show(&pack, output)
        }
        Command::Delete(args) => delete(&args, &workspace, &client, output).await,
    }
}

impl Which {
    fn path(&self, workspace: &Workspace) -> Result<String, Error> {
        let name = checked("recipe pack", &self.name)?;
        Ok(format!("{}/providers/Radius.Core/recipePacks/{name}", workspace.scope(self.group.as_deref())?))
    }

    async fn load(&self, workspace: &Workspace, client: &Client) -> Result<Json, Error> {
        client.find(&self.path(workspace)?, VERSION).await?.ok_or_else(|| {
            Error::failed(format!("there is no recipe pack `{}`", self.name))
                .hint("`rad recipe-pack list` shows those there are, with their groups")
        })
    }
}

fn show(pack: &Json, output: Output) -> Result<(), Error> {
    output.value(&sorted(pack), || table([pack]))?;
    if !output.is_table() {
        return Ok(());
    }
    let mut lines = String::from("\nRECIPES:\n");
    for (kind, recipe) in pack.pointer("/properties/recipes").and_then(Json::as_object).into_iter().flatten() {
        lines.push_str(&format!(
            "{kind}\n   Kind: {}\n   Source: {}\n",
            text(recipe, "/kind"),
            text(recipe, "/source")
        ));
        for (name, value) in recipe.get("parameters").and_then(Json::as_object).into_iter().flatten() {
            lines.push_str(&format!("   {name}: {value}\n"));
        }
    }
    write_stdout(&lines)
}

fn table<'a>(packs: impl IntoIterator<Item = &'a Json>) -> Table {
    let mut table = Table::new(["RECIPE PACK", "GROUP"]);
    for pack in packs {
        let id = text(pack, "/id").parse().ok();
        let group = id.and_then(|id: radii_model::ResourceId| id.resource_group().map(str::to_owned));
        table.row([text(pack, "/name"), &group.unwrap_or_default()]);
    }
    table
}

async fn delete(args: &Delete, workspace: &Workspace, client: &Client, output: Output) -> Result<(), Error> {
    let pack = args.which.load(workspace, client).await?;
    let name = &args.which.name;
    if confirm::ask(&format!("Delete the recipe pack '{name}'?"), args.yes)? == Answer::No {
        return Ok(());
    }
    let users = pack.pointer("/properties/referencedBy").and_then(Json::as_array).into_iter().flatten();
    for environment in users.filter_map(Json::as_str) {
        forget(client, environment, text(&pack, "/id")).await?;
    }
    match client.delete(&args.which.path(workspace)?, VERSION).await? {
        Deleted::Gone => output.done(&format!("Radius.Core/recipePacks/{name} deleted")),
        Deleted::Absent => output.done(&format!("Radius.Core/recipePacks/{name} not found")),
    }
}

/// Takes a pack from the list of an environment; an environment that is gone uses nothing.
async fn forget(client: &Client, environment: &str, pack: &str) -> Result<(), Error> {
    let version = Flavour::Radius.api_version();
    let Some(mut body) = client.find(environment, version).await? else { return Ok(()) };
    let Some(packs) = body.pointer_mut("/properties/recipePacks").and_then(Json::as_array_mut) else { return Ok(()) };
    packs.retain(|own| !own.as_str().is_some_and(|own| own.eq_ignore_ascii_case(pack)));
    if let Some(members) = body.as_object_mut() {
        // The server alone writes these.
        members.remove("systemData");
    }
    client.put(environment, version, &body).await?;
    Ok(())
}
