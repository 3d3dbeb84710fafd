//! `rad environment`, also `rad env`

mod create;
mod default_pack;
mod delete;
mod show;
mod update;

use clap::Subcommand;
use serde_json::Value as Json;

use crate::args::Globals;
use crate::client::Client;
use crate::error::Error;
use crate::flavour::{Flavour, PreviewFlag};
use crate::output::{resource_table, sorted};
use crate::registry::checked;
use crate::workspace::{Workspace, environment_id, last_segment};

/// Works on environments.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Creates an environment, or replaces its settings
    Create(create::Args),
    /// Lists the environments of a resource group
    List(List),
    /// Shows an environment
    Show(Which),
    /// Changes settings of an environment
    Update(update::Args),
    /// Deletes an environment with its applications and resources
    Delete(delete::Args),
    /// Makes an environment the workspace's default
    Switch(Which),
}

/// Where to list.
#[derive(Debug, clap::Args)]
pub struct List {
    #[command(flatten)]
    scope: Scope,
    /// Taken as the stock command line takes it; all environments are listed anyway
    #[arg(short, long, hide = true, value_name = "NAME")]
    environment: Option<String>,
}

/// Where to look.
#[derive(Debug, clap::Args)]
pub struct Scope {
    /// Resource group [default: the workspace's]
    #[arg(short, long)]
    pub group: Option<String>,
    #[command(flatten)]
    preview: PreviewFlag,
}

/// Which environment.
#[derive(Debug, clap::Args)]
pub struct Which {
    /// Name or id of the environment [default: the workspace's]
    name: Option<String>,
    /// Name or id of the environment
    #[arg(short, long, value_name = "NAME", conflicts_with = "name")]
    environment: Option<String>,
    #[command(flatten)]
    scope: Scope,
}

/// An environment that was asked for: where it stands and how it is called.
pub struct Found {
    /// The path of the resource.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its family.
    pub flavour: Flavour,
}

impl Which {
    /// Returns the environment that is meant; whether it exists is not asked.
    fn resolve(&self, workspace: &Workspace) -> Result<Found, Error> {
        let given = self.name.as_deref().or(self.environment.as_deref());
        let named = workspace.environment(given)?;
        if given.is_some_and(|given| given.starts_with('/')) {
            let flavour = Flavour::of_id(&named);
            return Ok(Found { name: last_segment(&named).to_owned(), flavour, id: named });
        }
        // The workspace's environment may stand in another group than its scope; here only the name counts.
        let name = checked("environment", last_segment(&named))?.to_owned();
        let flavour = self.scope.preview.flavour();
        let scope = workspace.scope(self.scope.group.as_deref())?;
        Ok(Found { id: environment_id(&scope, &name, flavour), name, flavour })
    }
}

impl Found {
    /// Returns the environment.
    ///
    /// # Errors
    /// When it does not exist.
    pub async fn load(&self, client: &Client) -> Result<Json, Error> {
        client.find(&self.id, self.flavour.api_version()).await?.ok_or_else(|| {
            Error::failed(format!("the environment `{}` was not found or has been deleted", self.name))
                .hint("`rad env list` shows those there are, `rad env create` makes one")
        })
    }

    /// The `type/name` for messages.
    pub fn display(&self) -> String {
        format!("{}/environments/{}", self.flavour.namespace(), self.name)
    }
}

/// Runs `rad environment …`.
pub async fn run(command: Command, globals: &Globals) -> Result<(), Error> {
    let workspace = Workspace::find(globals)?;
    let client = workspace.client(globals)?;
    let output = globals.output();
    match command {
        Command::Create(args) => create::run(args, &workspace, &client, output).await,
        Command::List(args) => {
            let (scope, flavour) = (workspace.scope(args.scope.group.as_deref())?, args.scope.preview.flavour());
            let path = format!("{scope}/providers/{}/environments", flavour.namespace());
            let list = client.list(&path, flavour.api_version()).await?;
            output.value(&list.iter().map(sorted).collect(), || resource_table(&list))
        }
        Command::Show(args) => {
            let found = args.resolve(&workspace)?;
            show::run(&found, &client, output).await
        }
        Command::Update(args) => update::run(args, &workspace, &client, output).await,
        Command::Delete(args) => delete::run(args, &workspace, &client, output).await,
        Command::Switch(args) => {
            let found = args.resolve(&workspace)?;
            let current = workspace.find_environment(None);
            if current.is_some_and(|current| current.eq_ignore_ascii_case(&found.id)) {
                return output.done(&format!("Default environment is already set to {}", found.name));
            }
            found.load(&client).await?;
            workspace.update(|item| {
                item.body.insert("environment".to_owned(), found.id.clone().into());
            })?;
            output.done(&format!("Switching default environment to {}", found.name))
        }
    }
}
