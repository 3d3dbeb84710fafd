//! `rad application`, also `rad app`

mod graph;

use clap::Subcommand;
use serde_json::json;

use crate::args::Globals;
use crate::client::{Client, Deleted};
use crate::confirm::{self, Answer};
use crate::deployment;
use crate::error::Error;
use crate::flavour::{Flavour, PreviewFlag};
use crate::output::{Output, resource_table, sorted, text, warn};
use crate::parameters;
use crate::registry::{checked, delete_all, list_resources, refers_to};
use crate::workspace::{Workspace, last_segment};

/// Works on applications.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Lists the applications of a resource group
    List(Scope),
    /// Shows an application
    Show(Which),
    /// Deletes an application and its resources
    Delete(Delete),
    /// Shows the resources of an application and their connections, stored or as a template would deploy them
    Graph(Graph),
    /// Shows how many resources an application has, and its gateways
    Status(Which),
}

/// Where to look.
#[derive(Debug, clap::Args)]
pub struct Scope {
    /// Resource group [default: the workspace's]
    #[arg(short, long)]
    group: Option<String>,
    #[command(flatten)]
    preview: PreviewFlag,
}

/// Which application.
#[derive(Debug, clap::Args)]
pub struct Which {
    /// Name or id of the application
    name: Option<String>,
    /// Name or id of the application
    #[arg(short, long, value_name = "NAME", conflicts_with = "name")]
    application: Option<String>,
    #[command(flatten)]
    scope: Scope,
}

/// What to delete.
#[derive(Debug, clap::Args)]
pub struct Delete {
    #[command(flatten)]
    which: Which,
    /// Does not ask
    #[arg(short, long)]
    yes: bool,
    /// Deletes resources also while they are being changed
    #[arg(long)]
    force: bool,
}

/// Which graph.
#[derive(Debug, clap::Args)]
pub struct Graph {
    #[command(flatten)]
    which: Which,
    /// Adds the icons of the types to the data (with --preview)
    #[arg(long)]
    include_icons: bool,
    /// Shows the graph of a template or a Bicep file before it is deployed; no server is asked
    #[arg(short, long, value_name = "FILE", conflicts_with_all = ["name", "application"])]
    template: Option<String>,
    /// Value for a parameter of the template: NAME=VALUE, NAME=@FILE or @FILE
    #[arg(short, long, value_name = "NAME=VALUE")]
    parameters: Vec<String>,
    /// Prints the graph for a program that draws it, or as a picture
    #[arg(long, value_enum, value_name = "mermaid|dot|svg", hide_possible_values = true)]
    draw: Option<graph::Drawing>,
}

impl Graph {
    /// The file that is meant: the stock command line takes it in place of a name.
    fn file(&self) -> Option<&str> {
        let ends = |name: &&str| name.ends_with(".bicep") || name.ends_with(".bicepparam") || name.ends_with(".json");
        self.template.as_deref().or_else(|| self.which.name.as_deref().filter(ends))
    }
}

struct Found {
    id: String,
    name: String,
    flavour: Flavour,
}

impl Which {
    fn resolve(&self, workspace: &Workspace) -> Result<Found, Error> {
        let named = self.name.as_deref().or(self.application.as_deref()).ok_or_else(|| {
            Error::usage("no application is named")
                .hint("name one with `--application NAME`, `rad app list` shows them")
        })?;
        if named.starts_with('/') {
            let flavour = Flavour::of_id(named);
            return Ok(Found { id: named.to_owned(), name: last_segment(named).to_owned(), flavour });
        }
        let name = checked("application", named)?.to_owned();
        let flavour = self.scope.preview.flavour();
        let scope = workspace.scope(self.scope.group.as_deref())?;
        Ok(Found { id: format!("{scope}/providers/{}/applications/{name}", flavour.namespace()), name, flavour })
    }
}

impl Found {
    async fn load(&self, client: &Client) -> Result<serde_json::Value, Error> {
        client.find(&self.id, self.flavour.api_version()).await?.ok_or_else(|| {
            Error::failed(format!("the application `{}` was not found or has been deleted", self.name))
                .hint("`rad app list` shows those there are")
        })
    }
}

/// Runs `rad application …`.
pub async fn run(command: Command, globals: &Globals) -> Result<(), Error> {
    if let Command::Graph(args) = &command
        && let Some(file) = args.file()
    {
        return show_planned(args, file, globals.output());
    }
    let workspace = Workspace::find(globals)?;
    let client = workspace.client(globals)?;
    let output = globals.output();
    match command {
        Command::List(args) => {
            let flavour = args.preview.flavour();
            let scope = workspace.scope(args.group.as_deref())?;
            let path = format!("{scope}/providers/{}/applications", flavour.namespace());
            let list = client.list(&path, flavour.api_version()).await?;
            output.value(&list.iter().map(sorted).collect(), || resource_table(&list))
        }
        Command::Show(args) => {
            let application = args.resolve(&workspace)?.load(&client).await?;
            output.value(&sorted(&application), || resource_table([&application]))
        }
        Command::Delete(args) => delete(args, &workspace, &client, output).await,
        Command::Graph(args) => show_graph(&args, &workspace, &client, output).await,
        Command::Status(args) => status(&args, &workspace, &client, output).await,
    }
}

async fn show_graph(args: &Graph, workspace: &Workspace, client: &Client, output: Output) -> Result<(), Error> {
    let found = args.which.resolve(workspace)?;
    found.load(client).await?;
    let body = match found.flavour {
        Flavour::Applications => json!({}),
        Flavour::Radius => json!({"includeIcons": args.include_icons}),
    };
    let graph = client.post(&format!("{}/getGraph", found.id), found.flavour.api_version(), &body).await?;
    print_graph(args, &found.name, &graph, output)
}

/// Shows what a template would deploy; its resources need not even be registered.
fn show_planned(args: &Graph, file: &str, output: Output) -> Result<(), Error> {
    let typed = parameters::read(&args.parameters)?;
    let (source, mut parameters) = match file.ends_with(".bicepparam") {
        true => deployment::bicep::compile_parameters(file)?,
        false => (deployment::read(file)?, parameters::Parameters::new()),
    };
    parameters.extend(typed);
    let deployment::Source::Template(template) = source else {
        return Err(Error::failed(format!("`{file}` is a list of resources, and only templates have a graph"))
            .hint("deploy it, and ask for the graph of the application"));
    };
    let graph = graph::planned(file, &template, parameters)?;
    print_graph(args, file, &graph, output)
}

fn print_graph(args: &Graph, name: &str, graph: &serde_json::Value, output: Output) -> Result<(), Error> {
    if let Some(drawing) = args.draw {
        return crate::output::write_stdout(&drawing.draw(graph));
    }
    if output.is_table() {
        return crate::output::write_stdout(&graph::render(name, graph));
    }
    output.value(&sorted(graph), || crate::table::Table::new([""]))
}

async fn resources_of(client: &Client, id: &str) -> Result<Vec<serde_json::Value>, Error> {
    let scope = id.split("/providers/").next().unwrap_or_default();
    let mut resources = list_resources(client, scope).await?;
    resources.retain(|resource| refers_to(resource, "application", id));
    Ok(resources)
}

async fn status(args: &Which, workspace: &Workspace, client: &Client, output: Output) -> Result<(), Error> {
    let found = args.resolve(workspace)?;
    let application = found.load(client).await?;
    let resources = resources_of(client, text(&application, "/id")).await?;
    let gateways: Vec<_> = resources
        .iter()
        .filter(|resource| text(resource, "/type").eq_ignore_ascii_case("Applications.Core/gateways"))
        .map(|gateway| (text(gateway, "/name"), text(gateway, "/properties/url")))
        .collect();
    let value = json!({
        "name": found.name,
        "resourceCount": resources.len(),
        "gateways": gateways.iter().map(|(name, url)| json!({"name": name, "endpoint": url})).collect::<Vec<_>>(),
    });
    output.value(&value, || {
        let mut table = crate::table::Table::new(["APPLICATION", "RESOURCES"]);
        table.row([&found.name, &resources.len().to_string()]);
        table
    })?;
    if output.is_table() && !gateways.is_empty() {
        let mut table = crate::table::Table::new(["GATEWAY", "ENDPOINT"]);
        for (name, url) in gateways {
            table.row([name, url]);
        }
        crate::output::write_stdout(&format!("\n{}", table.render()))?;
    }
    Ok(())
}

async fn delete(args: Delete, workspace: &Workspace, client: &Client, output: Output) -> Result<(), Error> {
    let found = args.which.resolve(workspace)?;
    let Some(application) = client.find(&found.id, found.flavour.api_version()).await? else {
        return output.done(&format!("Application '{}' does not exist or has already been deleted.", found.name));
    };
    let resources = resources_of(client, text(&application, "/id")).await?;
    let question = format!("Delete the application '{}' with {} resource(s)?", found.name, resources.len());
    if confirm::ask(&question, args.yes)? == Answer::No {
        return Ok(());
    }
    if args.force {
        warn("what a resource is creating at this moment may be left behind on its platform");
    }
    for resource in &resources {
        output.note(&format!("Deleting {}...", text(resource, "/id")));
    }
    delete_all(client, &resources, if args.force { "?force=true" } else { "" }).await?;
    let display = format!("{}/applications/{}", found.flavour.namespace(), found.name);
    match client.delete(&found.id, found.flavour.api_version()).await? {
        Deleted::Gone => output.done(&format!("{display} deleted")),
        Deleted::Absent => output.done(&format!("{display} not found")),
    }
}
