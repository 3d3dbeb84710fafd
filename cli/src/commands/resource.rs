//! `rad resource`

mod dependents;

use camino::Utf8PathBuf;
use clap::Subcommand;
use futures_util::StreamExt as _;
use radii_model::TypeName;
use serde_json::{Value as Json, json};

use super::pods::{self, Pods};
use crate::args::Globals;
use crate::client::{Client, Deleted};
use crate::commands::watch;
use crate::confirm::{self, Answer};
use crate::error::Error;
use crate::flavour::PreviewFlag;
use crate::output::{Output, resource_table, sorted, text, warn, write_stdout};
use crate::parameters::read_data;
use crate::registry::{RegisteredType, checked, list_resources, load_type, parse_type, refers_to};
use crate::workspace::{Workspace, environment_id, last_segment};

/// Works on resources.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Creates a resource, or replaces it
    Create(Create),
    /// Lists resources of a type, an application or an environment
    List(List),
    /// Shows a resource
    Show(Show),
    /// Deletes a resource
    Delete(Delete),
    /// Deploys again what connects to a resource
    ///
    /// Containers and recipes that connect to it receive its values as they are now.
    RedeployDependents(Redeploy),
    /// Shows what a container writes
    Logs(Reach),
    /// Makes a port of a container reachable on this machine
    Expose(Reach),
}

/// Which resource.
#[derive(Debug, clap::Args)]
pub struct Which {
    /// The type, as NAMESPACE/TYPE
    #[arg(value_name = "TYPE")]
    kind: String,
    /// Name of the resource
    name: String,
    /// Resource group [default: the workspace's]
    #[arg(short, long)]
    group: Option<String>,
    /// API version to use [default: the type's default version]
    #[arg(long, value_name = "VERSION")]
    api_version: Option<String>,
}

/// Flags that the stock command line takes everywhere: type and name say enough.
#[derive(Debug, clap::Args)]
pub struct Unneeded {
    #[arg(short, long, hide = true, value_name = "NAME")]
    application: Option<String>,
}

/// What to create.
#[derive(Debug, clap::Args)]
pub struct Create {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    unneeded: Unneeded,
    /// The resource, as JSON or YAML with `properties` and, if wanted, `tags`
    #[arg(short, long, value_name = "FILE")]
    from_file: Utf8PathBuf,
    /// Deploys again what connects to the resource, once it is written
    #[arg(long)]
    redeploy_dependents: bool,
}

/// Whose dependents.
#[derive(Debug, clap::Args)]
pub struct Redeploy {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    unneeded: Unneeded,
    /// Does not wait until they are deployed
    #[arg(long)]
    no_wait: bool,
}

/// What to show.
#[derive(Debug, clap::Args)]
pub struct Show {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    unneeded: Unneeded,
}

/// What to list.
#[derive(Debug, clap::Args)]
pub struct List {
    /// The type, as NAMESPACE/TYPE [default: all types]
    #[arg(value_name = "TYPE")]
    kind: Option<String>,
    /// Only resources of this application
    #[arg(short, long, value_name = "NAME")]
    application: Option<String>,
    /// Only resources of this environment [default, without a type: the workspace's]
    #[arg(short, long, value_name = "NAME")]
    environment: Option<String>,
    /// Resource group [default: the workspace's]
    #[arg(short, long)]
    group: Option<String>,
    #[command(flatten)]
    preview: PreviewFlag,
    /// Goes on with what changes, until it is interrupted
    #[arg(long, conflicts_with_all = ["application", "environment"])]
    watch: bool,
}

/// Which container.
#[derive(Debug, clap::Args)]
pub struct Reach {
    #[command(flatten)]
    which: Which,
    /// Application [default: the container's]
    #[arg(short, long, value_name = "NAME")]
    application: Option<String>,
    /// Container of the pod
    #[arg(long, value_name = "NAME")]
    container: Option<String>,
    /// Goes on as more is written
    #[arg(short, long)]
    follow: bool,
    /// Port on this machine
    #[arg(short, long)]
    port: Option<u16>,
    /// Port of the container [default: the same]
    #[arg(long, value_name = "PORT")]
    remote_port: Option<u16>,
    /// Replica to reach
    #[arg(long, value_name = "NAME")]
    replica: Option<String>,
    /// Name of the container, as the stock command line takes it
    #[arg(short, long, hide = true, value_name = "NAME")]
    resource: Option<String>,
    /// Type of the container, as the stock command line takes it
    #[arg(id = "type", short = 't', long = "type", hide = true, value_name = "TYPE")]
    type_flag: Option<String>,
    #[command(flatten)]
    preview: PreviewFlag,
}

/// What to delete.
#[derive(Debug, clap::Args)]
pub struct Delete {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    unneeded: Unneeded,
    /// Does not ask
    #[arg(short, long)]
    yes: bool,
    /// Deletes also while the resource is being changed
    #[arg(long)]
    force: bool,
}

/// A resource that was named: its type as registered, its path, the version to talk in.
struct Found {
    display: String,
    path: String,
    version: String,
}

/// Refuses a version that the type does not have; versions of types that tell none are the server's matter.
fn known_version(registered: &RegisteredType, version: &str) -> Result<String, Error> {
    let versions = registered.api_versions();
    if versions.is_empty() || versions.iter().any(|known| known.eq_ignore_ascii_case(version)) {
        return Ok(version.to_owned());
    }
    let hint = format!("write `--api-version {}`; it has: {}", versions[versions.len() - 1], versions.join(", "));
    Err(Error::failed(format!("`{}` has no API version `{version}`", registered.name)).hint(hint))
}

impl Which {
    /// Reads type and name; a mistake there is told before any file is read.
    fn parse(&self) -> Result<(TypeName, &str), Error> {
        let kind = parse_type(&self.kind).map_err(|error| match parse_type(&self.name) {
            Ok(kind) => Error::usage(format!("`{}` is not a resource type", self.kind))
                .hint(format!("the type stands before the name: `{kind} {}`", self.kind)),
            Err(_) => error,
        })?;
        Ok((kind, checked("resource", &self.name)?))
    }

    async fn resolve(&self, workspace: &Workspace, client: &Client) -> Result<Found, Error> {
        let (kind, name) = self.parse()?;
        let scope = workspace.scope(self.group.as_deref())?;
        let registered = load_type(client, &kind).await?;
        let version = match &self.api_version {
            Some(version) => known_version(&registered, version)?,
            None => registered.api_version()?,
        };
        let kind = registered.name;
        Ok(Found { display: format!("{kind}/{name}"), path: format!("{scope}/providers/{kind}/{name}"), version })
    }
}

/// Runs `rad resource …`.
pub async fn run(command: Command, globals: &Globals) -> Result<(), Error> {
    let workspace = Workspace::find(globals)?;
    let client = workspace.client(globals)?;
    let output = globals.output();
    match command {
        Command::Create(args) => create(&args, &workspace, &client, output).await,
        Command::List(args) => list(&args, &workspace, &client, output).await,
        Command::Show(args) => {
            let found = args.which.resolve(&workspace, &client).await?;
            let resource = client.get(&found.path, &found.version).await?;
            output.value(&sorted(&resource), || resource_table([&resource]))
        }
        Command::Logs(args) => logs(&args, &workspace, &client, output).await,
        Command::Expose(args) => expose(&args, &workspace, &client, output).await,
        Command::Delete(args) => delete(&args, &workspace, &client, output).await,
        Command::RedeployDependents(args) => {
            let found = args.which.resolve(&workspace, &client).await?;
            dependents::redeploy(&client, &found.path, &found.version, !args.no_wait, output).await
        }
    }
}

impl Reach {
    fn pods(&self) -> pods::Which {
        pods::Which { replica: self.replica.clone(), container: self.container.clone() }
    }
}

/// Shows what the pods of a container write; what runs elsewhere is `rad run`'s to follow.
async fn logs(args: &Reach, workspace: &Workspace, client: &Client, output: Output) -> Result<(), Error> {
    let found = args.which.resolve(workspace, client).await?;
    let container = client.get(&found.path, &found.version).await?;
    let Some(deployed) = pods::deployed(&container).into_iter().next() else {
        return reach(args, workspace, client, output).await;
    };
    let pods = Pods::of_kubeconfig();
    if args.follow {
        let mut lines = futures_util::stream::select_all(pods.follow(&deployed, &args.pods()).await?);
        while let Some(line) = lines.next().await {
            write_stdout(&format!("{}\n", line?.trim_end()))?;
        }
        return Ok(());
    }
    for (_, text) in pods.logs(&deployed, &args.pods()).await? {
        write_stdout(&text)?;
    }
    Ok(())
}

/// Forwards a port of this machine to a pod of a container, through `kubectl`, until it is interrupted.
async fn expose(args: &Reach, workspace: &Workspace, client: &Client, output: Output) -> Result<(), Error> {
    let found = args.which.resolve(workspace, client).await?;
    let container = client.get(&found.path, &found.version).await?;
    let (Some(deployed), Some(port)) = (pods::deployed(&container).into_iter().next(), args.port.or(args.remote_port))
    else {
        return reach(args, workspace, client, output).await;
    };
    let pod = Pods::of_kubeconfig().one(&deployed, &args.pods()).await?;
    let ports = format!("{port}:{}", args.remote_port.unwrap_or(port));
    let arguments = ["port-forward", "--namespace", &deployed.namespace, &format!("pod/{pod}"), &ports];
    let ended = tokio::process::Command::new("kubectl").args(arguments).status().await;
    match ended {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Error::failed(format!("`kubectl port-forward` ended with {status}"))),
        Err(_) => Err(Error::failed("ports of pods are forwarded by `kubectl`, which is not on the PATH")
            .hint(format!("install it, or forward the port otherwise: `kubectl {}`", arguments.join(" ")))),
    }
}

/// Says where a container is reached: the command that watches containers is `rad run`.
async fn reach(args: &Reach, workspace: &Workspace, client: &Client, output: Output) -> Result<(), Error> {
    let found = args.which.resolve(workspace, client).await?;
    let container = client.get(&found.path, &found.version).await?;
    let endpoints = container.pointer("/properties/status/endpoints").and_then(Json::as_object);
    for (name, address) in endpoints.into_iter().flatten() {
        let wanted = args.remote_port.or(args.port).map(|port| format!(":{port}"));
        let address = address.as_str().unwrap_or_default();
        if wanted.is_none_or(|wanted| address.ends_with(&wanted)) {
            output.note(&format!("{name} is reached at {address}"));
        }
    }
    let application = args.application.as_deref().unwrap_or_else(|| {
        last_segment(container.pointer("/properties/application").and_then(Json::as_str).unwrap_or("NAME"))
    });
    let which = [&args.container, &args.replica].into_iter().flatten().next().map_or(&found.display, |name| name);
    let what = if args.follow { "followed" } else { "shown" };
    Err(Error::failed(format!("what `{which}` writes cannot be {what} by this command"))
        .hint(format!("`rad run FILE --application {application}` follows its containers")))
}

async fn create(args: &Create, workspace: &Workspace, client: &Client, output: Output) -> Result<(), Error> {
    args.which.parse()?;
    let body = read_body(&args.from_file)?;
    let found = args.which.resolve(workspace, client).await?;
    let resource = client.put(&found.path, &found.version, &body).await?;
    if output.is_table() {
        output.done(&format!("{} created", found.display))?;
    } else {
        output.value(&sorted(&resource), || resource_table([&resource]))?;
    }
    match args.redeploy_dependents {
        true => dependents::redeploy_beside(client, &found.path, &found.version, output).await,
        false => Ok(()),
    }
}

/// Reads a resource from a file; `location` is added when it is missing.
fn read_body(path: &Utf8PathBuf) -> Result<Json, Error> {
    let mut body = read_data(path.as_str())?;
    let Some(members) = body.as_object_mut() else {
        return Err(Error::failed(format!("`{path}` holds no resource")).hint("write an object with `properties`"));
    };
    const KNOWN: [&str; 8] = ["properties", "location", "tags", "id", "name", "type", "systemData", "apiVersion"];
    if let Some(key) = members.keys().find(|key| !KNOWN.contains(&key.as_str())) {
        return Err(Error::failed(format!("`{path}` has the unknown member `{key}`"))
            .hint("the type's own properties stand below `properties`"));
    }
    members.retain(|key, _| matches!(key.as_str(), "properties" | "location" | "tags"));
    members.entry("location").or_insert_with(|| "global".into());
    members.entry("properties").or_insert_with(|| json!({}));
    Ok(body)
}

async fn list(args: &List, workspace: &Workspace, client: &Client, output: Output) -> Result<(), Error> {
    let scope = workspace.scope(args.group.as_deref())?;
    if args.watch {
        let mut query = vec![("scope", scope)];
        if let Some(kind) = &args.kind {
            query.push(("type", load_type(client, &parse_type(kind)?).await?.name.to_string()));
        }
        return watch::follow(client, &query, None, output).await;
    }
    let flavour = args.preview.flavour();
    let mut resources = match &args.kind {
        Some(kind) => {
            let registered = load_type(client, &parse_type(kind)?).await?;
            client.list(&format!("{scope}/providers/{}", registered.name), &registered.api_version()?).await?
        }
        None => list_resources(client, &scope).await?,
    };
    if let Some(application) = &args.application {
        let name = checked("application", last_segment(application))?;
        let id = format!("{scope}/providers/{}/applications/{name}", flavour.namespace());
        if client.find(&id, flavour.api_version()).await?.is_none() {
            return Err(Error::failed(format!(
                "the application `{name}` could not be found in the workspace `{}`",
                workspace.display_name()
            ))
            .hint("`rad app list` shows those there are"));
        }
        resources.retain(|resource| refers_to(resource, "application", &id));
    }
    let environment = match (&args.environment, &args.kind, &args.application) {
        (Some(environment), _, _) => Some(environment.clone()),
        (None, None, None) if args.group.is_none() => Some(workspace.environment(None)?),
        _ => None,
    };
    if let Some(environment) = environment {
        let id = environment_id(&scope, &environment, flavour);
        resources.retain(|resource| refers_to(resource, "environment", &id));
    }
    output.value(&resources.iter().map(sorted).collect(), || resource_table(&resources))
}

async fn delete(args: &Delete, workspace: &Workspace, client: &Client, output: Output) -> Result<(), Error> {
    let found = args.which.resolve(workspace, client).await?;
    let absent = format!("{} not found", found.display);
    let Some(resource) = client.find(&found.path, &found.version).await? else { return output.done(&absent) };
    let part = |property: &str, words: &str| match text(&resource, &format!("/properties/{property}")) {
        "" => String::new(),
        id => format!(" {words} '{}'", last_segment(id)),
    };
    let place = format!("{}{}", part("application", "in application"), part("environment", "from environment"));
    if confirm::ask(&format!("Delete the resource '{}'{place}?", found.display), args.yes)? == Answer::No {
        return Ok(());
    }
    if args.force {
        warn("what the resource is creating at this moment may be left behind on its platform");
    }
    let query = if args.force { "?force=true" } else { "" };
    match client.delete(&format!("{}{query}", found.path), &found.version).await? {
        Deleted::Gone => output.done(&format!("{} deleted", found.display)),
        Deleted::Absent => output.done(&absent),
    }
}
