//! `rad group`

use clap::Subcommand;
use serde_json::{Value as Json, json};

use crate::args::Globals;
use crate::client::{Client, Deleted, NATIVE_VERSION};
use crate::confirm::{self, Answer};
use crate::error::Error;
use crate::output::{sorted, text};
use crate::registry::{PLANE, checked, delete_all, list_resources};
use crate::table::Table;
use crate::workspace::{Workspace, group_scope};

/// Works on resource groups.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Creates a resource group
    Create(Name),
    /// Lists all resource groups
    List,
    /// Shows a resource group
    Show(Name),
    /// Deletes a resource group and everything in it
    Delete(Delete),
    /// Makes a resource group the workspace's scope
    Switch(Name),
}

/// Which group.
#[derive(Debug, clap::Args)]
pub struct Name {
    /// Name of the group [default: the workspace's]
    name: Option<String>,
    /// Name of the group
    #[arg(short, long, value_name = "NAME", conflicts_with = "name")]
    group: Option<String>,
}

/// What to delete.
#[derive(Debug, clap::Args)]
pub struct Delete {
    #[command(flatten)]
    name: Name,
    /// Does not ask
    #[arg(short, long)]
    yes: bool,
}

impl Name {
    fn given(self) -> Option<String> {
        self.name.or(self.group)
    }

    fn required(self) -> Result<String, Error> {
        let name = self.given().ok_or_else(|| {
            Error::usage("no resource group is named").hint("name one: `NAME` behind the command, or `--group NAME`")
        })?;
        checked("resource group", &name).map(str::to_owned)
    }

    fn or_current(self, workspace: &Workspace) -> Result<String, Error> {
        let name = self.given().or_else(|| workspace.group()).ok_or_else(|| {
            Error::usage("no resource group is named and the workspace has none")
                .hint("`rad group list` shows those there are")
        })?;
        checked("resource group", &name).map(str::to_owned)
    }
}

/// Runs `rad group …`.
pub async fn run(command: Command, globals: &Globals) -> Result<(), Error> {
    let workspace = Workspace::find(globals)?;
    let client = workspace.client(globals)?;
    let output = globals.output();
    match command {
        Command::Create(name) => {
            let name = name.required()?;
            client.put(&path(&name), NATIVE_VERSION, &json!({"location": "global"})).await?;
            output.done(&format!("System.Resources/resourceGroups/{name} created"))
        }
        Command::List => {
            let groups = client.list(&format!("{PLANE}/resourcegroups"), NATIVE_VERSION).await?;
            output.value(&groups.iter().map(sorted).collect(), || table(&groups))
        }
        Command::Show(name) => {
            let group = client.get(&path(&name.or_current(&workspace)?), NATIVE_VERSION).await?;
            output.value(&sorted(&group), || table(std::slice::from_ref(&group)))
        }
        Command::Delete(args) => delete(args, &client, globals).await,
        Command::Switch(name) => switch(&name.required()?, &workspace, &client, globals).await,
    }
}

fn path(name: &str) -> String {
    format!("{PLANE}/resourcegroups/{name}")
}

fn table(groups: &[Json]) -> Table {
    let mut table = Table::new(["GROUP", "ID"]);
    for group in groups {
        table.row([text(group, "/name"), text(group, "/id")]);
    }
    table
}

async fn delete(args: Delete, client: &Client, globals: &Globals) -> Result<(), Error> {
    let output = globals.output();
    let name = args.name.required()?;
    let absent = format!("System.Resources/resourceGroups/{name} not found");
    if client.find(&path(&name), NATIVE_VERSION).await?.is_none() {
        return output.done(&absent);
    }
    let content = content(client, &group_scope(&name)).await?;
    let count: usize = content.iter().map(Vec::len).sum();
    let question = match count {
        0 => format!("Delete the empty resource group '{name}'?"),
        count => format!("Delete the resource group '{name}' with {count} resource(s) in it?"),
    };
    if confirm::ask(&question, args.yes)? == Answer::No {
        return Ok(());
    }
    for resources in &content {
        for resource in resources {
            output.note(&format!("Deleting {}...", text(resource, "/id")));
        }
        delete_all(client, resources, "").await?;
    }
    match client.delete(&path(&name), NATIVE_VERSION).await? {
        Deleted::Gone => output.done(&format!("System.Resources/resourceGroups/{name} deleted")),
        Deleted::Absent => output.done(&absent),
    }
}

/// Returns what stands in a group, in the order in which it has to go: resources, applications, environments.
async fn content(client: &Client, scope: &str) -> Result<[Vec<Json>; 3], Error> {
    use crate::flavour::Flavour::{Applications, Radius};
    let mut content = [list_resources(client, scope).await?, Vec::new(), Vec::new()];
    for flavour in [Applications, Radius] {
        for (place, kind) in [(1, "applications"), (2, "environments")] {
            let path = format!("{scope}/providers/{}/{kind}", flavour.namespace());
            match client.list(&path, flavour.api_version()).await {
                Ok(list) => content[place].extend(list),
                // A server without this family has nothing of it.
                Err(crate::client::Error::Refused { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(content)
}

async fn switch(name: &str, workspace: &Workspace, client: &Client, globals: &Globals) -> Result<(), Error> {
    if client.find(&path(name), NATIVE_VERSION).await?.is_none() {
        return Err(Error::failed(format!("the resource group `{name}` does not exist"))
            .hint(format!("`rad group create {name}` makes it")));
    }
    workspace.update(|item| {
        item.body.insert("scope".to_owned(), group_scope(name).into());
    })?;
    globals.output().done(&format!("Switched to resource group \"{name}\""))
}
