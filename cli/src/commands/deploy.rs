//! `rad deploy`

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use crate::args::Globals;
use crate::client::{Client, NATIVE_VERSION};
use crate::deployment::{self, Context, Deployed, Source};
use crate::error::Error;
use crate::flavour::{Flavour, PreviewFlag};
use crate::output::{Output, text, warn, write_stdout};
use crate::parameters;
use crate::registry::{checked, load_type};
use crate::workspace::{Workspace, environment_id, last_segment};

/// What to deploy, and where.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// ARM template (JSON), list of resources (YAML or JSON), or Bicep file (`.bicep`, `.bicepparam`)
    file: String,
    /// Value for a parameter: NAME=VALUE, NAME=@FILE or @FILE; of several the last one counts
    #[arg(short, long, value_name = "NAME=VALUE")]
    parameters: Vec<String>,
    /// Environment to deploy to, as name or id [default: the workspace's]
    #[arg(short, long, value_name = "NAME")]
    environment: Option<String>,
    /// Application to deploy to; it is created when it is absent
    #[arg(short, long, value_name = "NAME")]
    pub application: Option<String>,
    /// Resource group [default: the workspace's]
    #[arg(short, long)]
    group: Option<String>,
    /// Shows what would change, and changes nothing
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    preview: PreviewFlag,
}

/// Deploys a file and prints what came of it, or what would.
pub async fn run(args: &Args, globals: &Globals) -> Result<(), Error> {
    let output = globals.output();
    if !args.dry_run {
        let deployed = deploy(args, globals).await?;
        let client = Workspace::find(globals)?.client(globals)?;
        return present(&deployed, &client, output).await;
    }
    let Prepared { client, context, body, .. } = prepare(args, globals).await?;
    let answer = deployment::what_if(&client, &context.scope, &body).await?;
    if output.is_table() {
        return write_stdout(&deployment::plan::render(&answer));
    }
    output.value(&answer["properties"], || crate::table::Table::new([""]))
}

/// Deploys a file.
pub async fn deploy(args: &Args, globals: &Globals) -> Result<Deployed, Error> {
    let output = globals.output();
    let Prepared { workspace, client, context, body } = prepare(args, globals).await?;
    announce(args, &context, &workspace, output);
    deployment::run(&client, &context.scope, &body, output).await
}

/// A request that may be sent.
struct Prepared {
    workspace: Workspace,
    client: Client,
    context: Context,
    body: Json,
}

/// Reads everything that a deployment needs, and finds what it is about.
async fn prepare(args: &Args, globals: &Globals) -> Result<Prepared, Error> {
    // Everything that can be wrong here is found before the server hears of it.
    let typed = parameters::read(&args.parameters)?;
    let (source, mut parameters) = match args.file.ends_with(".bicepparam") {
        true => deployment::bicep::compile_parameters(&args.file)?,
        false => (deployment::read(&args.file)?, parameters::Parameters::new()),
    };
    parameters.extend(typed);
    let workspace = Workspace::find(globals)?;
    let client = workspace.client(globals)?;
    let scope = workspace.scope(args.group.as_deref())?;
    let environment = find_environment(args, &workspace, &client, &scope).await?;
    let mut context = Context { scope, environment, application: None };
    context.application = find_application(args, &client, &context).await?;
    let template = match source {
        Source::Template(template) => template,
        Source::List(list) => {
            let mut versions = BTreeMap::new();
            for kind in list.types_without_version() {
                versions.insert(kind.key(), load_type(&client, &kind).await?.api_version()?);
            }
            let template = list.to_template(&versions, &parameters, context.application.is_some());
            parameters.retain(|name, _| {
                let used = template["parameters"].get(name).is_some();
                if !used {
                    warn(&format!("`{}` does not use the parameter `{name}`", args.file));
                }
                used
            });
            template
        }
    };
    let parameters = deployment::check_parameters(&args.file, &template, parameters, &context)?;
    let body = deployment::body(template, parameters, &context);
    Ok(Prepared { workspace, client, context, body })
}

/// Returns the environment that is meant, as the server has it; a name may be of either family.
async fn find_environment(
    args: &Args,
    workspace: &Workspace,
    client: &Client,
    scope: &str,
) -> Result<Option<Json>, Error> {
    let Some(named) = workspace.find_environment(args.environment.as_deref()) else { return Ok(None) };
    if named.starts_with('/') {
        let found = client.find(&named, Flavour::of_id(&named).api_version()).await?;
        return match (found, &args.environment) {
            (None, Some(_)) => Err(absent_environment(&named, scope)),
            (found, _) => Ok(found),
        };
    }
    let name = checked("environment", &named)?;
    let mut found = Vec::new();
    for flavour in [Flavour::Applications, Flavour::Radius] {
        let id = environment_id(scope, name, flavour);
        match client.find(&id, flavour.api_version()).await {
            Ok(environment) => found.extend(environment),
            // A server may know only one of the families.
            Err(crate::client::Error::Refused { status: Some(400), .. }) if flavour == Flavour::Radius => {}
            Err(error) => return Err(error.into()),
        }
    }
    match found.len() {
        0 => Err(absent_environment(name, scope)),
        1 => Ok(found.pop()),
        _ => Err(Error::failed(format!("there are two environments `{name}` in {scope}")).hint(format!(
            "name one by its id: {}",
            found.iter().map(|environment| text(environment, "/id")).collect::<Vec<_>>().join(" or ")
        ))),
    }
}

fn absent_environment(name: &str, scope: &str) -> Error {
    Error::failed(format!("the environment `{name}` does not exist in the scope {scope}"))
        .hint("`rad env create` makes one; an environment of another group is named by its id")
}

/// Returns the id of the application; makes it when it is absent, unless nothing is to be changed.
async fn find_application(args: &Args, client: &Client, context: &Context) -> Result<Option<String>, Error> {
    let Some(named) = &args.application else { return Ok(None) };
    let flavour = args.preview.flavour();
    let id = if named.starts_with('/') {
        named.clone()
    } else {
        format!("{}/providers/{}/applications/{}", context.scope, flavour.namespace(), checked("application", named)?)
    };
    let flavour = if named.starts_with('/') { Flavour::of_id(named) } else { flavour };
    if !args.dry_run && client.find(&id, flavour.api_version()).await?.is_none() {
        let Some(environment) = &context.environment else {
            return Err(Error::failed(format!("the application `{}` does not exist", last_segment(named)))
                .hint("name an environment with `--environment NAME`, so that it can be made there"));
        };
        let body = json!({"location": "global", "properties": {"environment": text(environment, "/id")}});
        client.put(&id, flavour.api_version(), &body).await?;
    }
    Ok(Some(id))
}

fn announce(args: &Args, context: &Context, workspace: &Workspace, output: Output) {
    let application = context.application.as_deref().map(|id| format!(" for application '{}'", last_segment(id)));
    let environment =
        context.environment.as_ref().map(|environment| format!(" into environment '{}'", text(environment, "/id")));
    output.note(&format!(
        "Deploying '{}'{}{} from workspace '{}'...",
        args.file,
        application.unwrap_or_default(),
        environment.unwrap_or_default(),
        workspace.display_name()
    ));
}

/// Prints what a deployment made.
pub async fn present(deployed: &Deployed, client: &Client, output: Output) -> Result<(), Error> {
    if !output.is_table() {
        return output.value(&deployed.document(), || crate::table::Table::new([""]));
    }
    output.done("Deployment Complete")?;
    let mut lines = String::new();
    let mut resources: Vec<_> = deployed.resources.iter().map(|id| deployment::name_and_type(id)).collect();
    resources.sort();
    if !resources.is_empty() {
        lines.push_str("\nResources:\n");
    }
    for (name, kind) in resources {
        lines.push_str(&format!("    {name:<15} {kind}\n"));
    }
    let outputs = deployed.public_outputs();
    if !outputs.is_empty() {
        lines.push_str("\nOutputs:\n");
    }
    for (name, value) in outputs {
        lines.push_str(&format!("    {name:<15} {value}\n"));
    }
    let endpoints = endpoints(deployed, client).await;
    if !endpoints.is_empty() {
        lines.push_str("\nPublic Endpoints:\n");
    }
    for (name, url) in endpoints {
        lines.push_str(&format!("    {name:<15} Applications.Core/gateways {url}\n"));
    }
    write_stdout(&lines)
}

/// Returns the addresses of the gateways; one that does not tell is left out.
async fn endpoints(deployed: &Deployed, client: &Client) -> Vec<(String, String)> {
    let mut endpoints = Vec::new();
    for id in &deployed.resources {
        let (name, kind) = deployment::name_and_type(id);
        if kind.eq_ignore_ascii_case("Applications.Core/gateways")
            && let Ok(gateway) = client.get(id, NATIVE_VERSION).await
        {
            endpoints.push((name, text(&gateway, "/properties/url").to_owned()));
        }
    }
    endpoints.retain(|(_, url)| !url.is_empty());
    endpoints
}
