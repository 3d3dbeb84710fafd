//! `rad recipe`: the recipes of an Applications.Core environment.

mod register;
mod show;

use clap::Subcommand;
use serde_json::{Value as Json, json};

use crate::args::Globals;
use crate::client::{Client, NATIVE_VERSION};
use crate::error::Error;
use crate::flavour::Flavour;
use crate::output::{Output, text};
use crate::table::Table;
use crate::workspace::{Workspace, environment_id, last_segment};

/// Works on recipes.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Adds a recipe to an environment, or replaces it
    Register(register::Args),
    /// Lists the recipes of an environment
    List(Place),
    /// Shows a recipe with its parameters
    Show(Which),
    /// Removes a recipe from an environment
    Unregister(Which),
}

/// Which environment.
#[derive(Debug, clap::Args)]
pub struct Place {
    /// Environment [default: the workspace's]
    #[arg(short, long, value_name = "NAME")]
    environment: Option<String>,
    /// Resource group [default: the workspace's]
    #[arg(short, long)]
    group: Option<String>,
}

/// Which recipe.
#[derive(Debug, clap::Args)]
pub struct Which {
    /// Name of the recipe
    name: String,
    /// The type that the recipe makes, as NAMESPACE/TYPE
    #[arg(long, value_name = "TYPE")]
    resource_type: String,
    #[command(flatten)]
    place: Place,
}

/// The environment whose recipes are meant.
struct Environment {
    path: String,
    name: String,
}

impl Place {
    fn resolve(&self, workspace: &Workspace) -> Result<Environment, Error> {
        let named = workspace.environment(self.environment.as_deref())?;
        let name = last_segment(&named).to_owned();
        let path = match (&self.environment, named.starts_with('/')) {
            (Some(id), true) => id.clone(),
            // The workspace's environment may stand in another group than its scope; only the name counts.
            _ => environment_id(&workspace.scope(self.group.as_deref())?, &name, Flavour::Applications),
        };
        if Flavour::of_id(&path) == Flavour::Radius {
            return Err(Error::failed(format!(
                "`{name}` is a Radius.Core environment; its recipes come from recipe packs"
            ))
            .hint("`rad env update NAME --preview --recipe-packs PACK` chooses them"));
        }
        Ok(Environment { path, name })
    }
}

impl Environment {
    async fn load(&self, client: &Client) -> Result<Json, Error> {
        Ok(client.get(&self.path, NATIVE_VERSION).await?)
    }

    async fn store(&self, client: &Client, mut body: Json) -> Result<(), Error> {
        if let Some(members) = body.as_object_mut() {
            // The server alone writes these.
            members.remove("systemData");
        }
        client.put(&self.path, NATIVE_VERSION, &body).await?;
        Ok(())
    }
}

/// Runs `rad recipe …`.
pub async fn run(command: Command, globals: &Globals) -> Result<(), Error> {
    let workspace = Workspace::find(globals)?;
    let client = workspace.client(globals)?;
    let output = globals.output();
    match command {
        Command::Register(args) => register::run(args, &workspace, &client, output).await,
        Command::List(args) => {
            let environment = args.resolve(&workspace)?.load(&client).await?;
            let recipes = recipes(&environment);
            output.value(&recipes.clone().into(), || table(&recipes))
        }
        Command::Show(args) => show::run(&args, &workspace, &client, output).await,
        Command::Unregister(args) => unregister(&args, &workspace, &client, output).await,
    }
}

/// Returns the recipes of an environment, sorted by name and type, in the shape that is printed.
fn recipes(environment: &Json) -> Vec<Json> {
    let types = environment.pointer("/properties/recipes").and_then(Json::as_object);
    let mut recipes = Vec::new();
    for (resource_type, named) in types.into_iter().flatten() {
        for (name, recipe) in named.as_object().into_iter().flatten() {
            recipes.push(document(name, resource_type, recipe));
        }
    }
    recipes.sort_by_key(|recipe| (text(recipe, "/name").to_owned(), text(recipe, "/resourceType").to_owned()));
    recipes
}

fn document(name: &str, resource_type: &str, recipe: &Json) -> Json {
    json!({
        "name": name,
        "resourceType": resource_type,
        "templateKind": text(recipe, "/templateKind"),
        "templatePath": text(recipe, "/templatePath"),
        "templateVersion": text(recipe, "/templateVersion"),
        "plainHTTP": recipe.get("plainHttp").and_then(Json::as_bool).unwrap_or_default(),
    })
}

fn table(recipes: &[Json]) -> Table {
    let mut table = Table::new(["RECIPE", "TYPE", "TEMPLATE KIND", "TEMPLATE VERSION", "TEMPLATE"]);
    for recipe in recipes {
        let path = text(recipe, "/templatePath");
        // The template itself may stand in the place of its path.
        let template = if path.contains('\n') { "(inline)" } else { path };
        table.row([
            text(recipe, "/name"),
            text(recipe, "/resourceType"),
            text(recipe, "/templateKind"),
            text(recipe, "/templateVersion"),
            template,
        ]);
    }
    table
}

async fn unregister(args: &Which, workspace: &Workspace, client: &Client, output: Output) -> Result<(), Error> {
    let environment = args.place.resolve(workspace)?;
    let mut body = environment.load(client).await?;
    let types = body.pointer_mut("/properties/recipes").and_then(Json::as_object_mut);
    let entry = types.and_then(|types| {
        types.iter_mut().find(|(kind, _)| kind.eq_ignore_ascii_case(&args.resource_type)).map(|(_, named)| named)
    });
    let removed = entry.and_then(Json::as_object_mut).and_then(|named| named.shift_remove(&args.name));
    if removed.is_none() {
        return Err(Error::failed(format!(
            "the environment `{}` has no recipe `{}` for the resource type `{}`",
            environment.name, args.name, args.resource_type
        ))
        .hint("`rad recipe list` shows those there are"));
    }
    if let Some(types) = body.pointer_mut("/properties/recipes").and_then(Json::as_object_mut) {
        types.retain(|_, named| named.as_object().is_some_and(|named| !named.is_empty()));
    }
    environment.store(client, body).await?;
    output
        .done(&format!("Successfully unregistered recipe \"{}\" from environment \"{}\"", args.name, environment.name))
}
