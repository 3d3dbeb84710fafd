//! `rad workspace`: the workspaces of the configuration file; nothing here talks to a server.

use camino::Utf8PathBuf;
use clap::Subcommand;
use serde_json::{Value as Json, json};

use crate::args::Globals;
use crate::client::Client;
use crate::config::{self, Config, Item};
use crate::confirm::{self, Answer};
use crate::error::Error;
use crate::flavour::PreviewFlag;
use crate::output::sorted;
use crate::table::Table;
use crate::workspace::{environment_id, group_scope, last_segment};

/// Works on workspaces.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Lists all workspaces
    List,
    /// Shows a workspace
    Show(Name),
    /// Adds a workspace that points at a server
    Create(Create),
    /// Makes a workspace the default one
    Switch(Name),
    /// Removes a workspace from the configuration; the server is not touched
    Delete(Delete),
}

/// Which workspace.
#[derive(Debug, clap::Args)]
pub struct Name {
    /// Name of the workspace [default: the current one]
    name: Option<String>,
}

/// What the new workspace is.
#[derive(Debug, clap::Args)]
pub struct Create {
    /// Kind of the connection
    #[arg(value_parser = ["kubernetes"])]
    kind: String,
    /// Name of the workspace
    #[arg(default_value = "default")]
    name: String,
    /// Kubernetes context, kept for tools that use it; Radii itself connects to the URL
    #[arg(short, long, default_value = "")]
    context: String,
    /// Resource group to work in
    #[arg(short, long)]
    group: Option<String>,
    /// Environment to deploy to, as name or id
    #[arg(short, long)]
    environment: Option<String>,
    /// Replaces a workspace of the same name
    #[arg(short, long)]
    force: bool,
    #[command(flatten)]
    preview: PreviewFlag,
}

/// What to delete.
#[derive(Debug, clap::Args)]
pub struct Delete {
    /// Name of the workspace [default: the current one]
    name: Option<String>,
    /// Does not ask
    #[arg(short, long)]
    yes: bool,
}

/// Runs `rad workspace …`.
pub fn run(command: Command, globals: &Globals) -> Result<(), Error> {
    let path = Config::path(globals.config.as_deref())?;
    match command {
        Command::List => list(path, globals),
        Command::Show(args) => show(path, args.name, globals),
        Command::Create(args) => create(&path, args, globals),
        Command::Switch(args) => switch(&path, args.name, globals),
        Command::Delete(args) => delete(&path, args, globals),
    }
}

fn list(path: Utf8PathBuf, globals: &Globals) -> Result<(), Error> {
    let items = Config::load(path)?.items();
    let value: Json = items.iter().map(|item| sorted(&Json::Object(item.body.clone()))).collect();
    globals.output().value(&value, || table(&items))
}

fn show(path: Utf8PathBuf, name: Option<String>, globals: &Globals) -> Result<(), Error> {
    let config = Config::load(path)?;
    let Some(name) = name.or_else(|| globals.workspace.clone()).or_else(|| config.default_workspace()) else {
        return globals.output().done(
            "There is no workspace currently set. Use `rad workspace switch` or `rad workspace create kubernetes` \
             to set a current workspace.",
        );
    };
    let item = config.load_item(&name)?;
    globals.output().value(&sorted(&Json::Object(item.body.clone())), || table(&[item]))
}

fn table(items: &[Item]) -> Table {
    let mut table = Table::new(["WORKSPACE", "KIND", "KUBECONTEXT", "GROUP", "ENVIRONMENT"]);
    for item in items {
        let member = |key| item.connection().and_then(|connection| connection.get(key)).and_then(Json::as_str);
        let group = shown(item.scope(), |id| Some(id.resource_group().unwrap_or_default().to_owned()));
        let environment =
            shown(item.environment(), |id| id.is_resource().then(|| id.name().map(str::to_owned)).flatten());
        table.row([
            &item.name,
            member("kind").unwrap_or_default(),
            member("context").unwrap_or_default(),
            &group,
            &environment,
        ]);
    }
    table
}

/// Returns a part of an id for a column; an id that is none is marked.
fn shown(id: Option<&str>, part: impl FnOnce(radii_model::ResourceId) -> Option<String>) -> String {
    match id {
        None => String::new(),
        Some(id) => id.parse().ok().and_then(part).unwrap_or_else(|| "<error>".to_owned()),
    }
}

fn create(path: &camino::Utf8Path, args: Create, globals: &Globals) -> Result<(), Error> {
    let url = globals.url.as_deref().ok_or_else(|| {
        Error::usage("a workspace needs the URL of its server").hint("add `--url http://127.0.0.1:8080`")
    })?;
    Client::new(url, false)?;
    let scope = args.group.as_deref().map(group_scope);
    let environment = match (&args.environment, &scope) {
        (Some(id), _) if id.starts_with('/') => Some(id.clone()),
        (Some(name), Some(scope)) => Some(environment_id(scope, name, args.preview.flavour())),
        (Some(name), None) => {
            return Err(Error::usage(format!("the environment `{name}` needs a resource group"))
                .hint("add `--group GROUP`, or give the environment's full id"));
        }
        (None, _) => None,
    };
    let mut body = json!({
        "connection": {"context": args.context, "kind": args.kind, "overrides": {"ucp": url.trim_end_matches('/')}},
    });
    if let Some(scope) = scope {
        body["scope"] = scope.into();
    }
    if let Some(environment) = environment {
        body["environment"] = environment.into();
    }
    let name = args.name.to_ascii_lowercase();
    let item = Item { name: name.clone(), body: body.as_object().cloned().unwrap_or_default() };
    let mut exists = false;
    Config::update(path, |config| {
        exists = config.items().iter().any(|known| known.name == name);
        if !exists || args.force {
            config.put_item(item);
            config.set_default(&name);
        }
        Ok(())
    })?;
    if exists && !args.force {
        return Err(Error::failed(format!("the workspace `{name}` exists already"))
            .hint("add `--force` to replace it, or choose another name"));
    }
    globals.output().done(&format!("Set '{name}' as current workspace"))
}

fn switch(path: &camino::Utf8Path, name: Option<String>, globals: &Globals) -> Result<(), Error> {
    let name = name
        .or_else(|| globals.workspace.clone())
        .ok_or_else(|| Error::usage("no workspace is named").hint("write `rad workspace switch NAME`"))?
        .to_ascii_lowercase();
    let mut before = None;
    Config::update(path, |config| {
        config.load_item(&name)?;
        before = config.default_workspace();
        config.set_default(&name);
        Ok(())
    })?;
    globals.output().done(&match before {
        Some(before) if before == name => format!("Default workspace is already set to {name}"),
        Some(before) => format!("Switching default workspace from {before} to {name}"),
        None => format!("Switching default workspace to {name}"),
    })
}

fn delete(path: &camino::Utf8Path, args: Delete, globals: &Globals) -> Result<(), Error> {
    let config = Config::load(path.to_owned())?;
    let name = args
        .name
        .or_else(|| globals.workspace.clone())
        .or_else(|| config.default_workspace())
        .ok_or(config::Error::NoWorkspace)?;
    let item = config.load_item(&name)?;
    let environment = item.environment().map_or(String::new(), |id| format!(" (environment {})", last_segment(id)));
    let question = format!("Delete the local workspace '{}'{environment}?", item.name);
    if confirm::ask(&question, args.yes)? == Answer::No {
        return Ok(());
    }
    Config::update(path, |config| {
        config.remove_item(&item.name);
        Ok(())
    })?;
    globals.output().done(&format!("Local workspace {} deleted", item.name))
}
