//! `rad recipe register`

use camino::Utf8Path;
use clap::ValueEnum;
use serde_json::{Value as Json, json};

use super::Place;
use crate::client::Client;
use crate::error::Error;
use crate::output::{Output, warn};
use crate::parameters;
use crate::registry::{checked, parse_type};
use crate::workspace::Workspace;

/// What the recipe is.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Name of the recipe; `default` is the one that resources get without asking
    name: String,
    /// The type that the recipe makes, as NAMESPACE/TYPE
    #[arg(long, value_name = "TYPE")]
    resource_type: String,
    /// Kind of the template
    #[arg(long, value_enum, value_name = "KIND")]
    template_kind: Kind,
    /// Where the template is; of kind `template` a local file, whose text is sent
    #[arg(long, value_name = "PATH")]
    template_path: String,
    /// Version of a Terraform module
    #[arg(long, value_name = "VERSION")]
    template_version: Option<String>,
    /// Fetches a Bicep template over HTTP without TLS
    #[arg(long)]
    plain_http: bool,
    /// Value for a parameter: NAME=VALUE, NAME=@FILE or @FILE
    #[arg(short, long, value_name = "NAME=VALUE")]
    parameters: Vec<String>,
    #[command(flatten)]
    place: Place,
}

/// The kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// A Bicep module in an OCI registry
    Bicep,
    /// A Terraform module
    Terraform,
    /// A Handlebars template that Radii executes itself
    Template,
}

/// Adds the recipe to the environment.
pub async fn run(args: Args, workspace: &Workspace, client: &Client, output: Output) -> Result<(), Error> {
    let resource_type = parse_type(&args.resource_type)?.to_string();
    let name = checked("recipe", &args.name)?;
    let recipe = recipe(&args)?;
    let environment = args.place.resolve(workspace)?;
    let mut body = environment.load(client).await?;
    let types = &mut body["properties"]["recipes"];
    // One type, one entry: keys are compared without regard to casing.
    let known = types.as_object().and_then(|types| types.keys().find(|key| key.eq_ignore_ascii_case(&resource_type)));
    let key = known.cloned().unwrap_or(resource_type);
    types[key.as_str()][name] = recipe;
    environment.store(client, body).await?;
    output.done(&format!("Successfully linked recipe \"{name}\" to environment \"{}\"", environment.name))
}

fn recipe(args: &Args) -> Result<Json, Error> {
    let parameters = parameters::read(&args.parameters)?;
    let mut recipe = match args.template_kind {
        Kind::Bicep => {
            json!({"templateKind": "bicep", "templatePath": args.template_path, "plainHttp": args.plain_http})
        }
        Kind::Terraform => json!({
            "templateKind": "terraform",
            "templatePath": args.template_path,
            "templateVersion": args.template_version.as_deref().unwrap_or_default(),
        }),
        Kind::Template => json!({"templateKind": "template", "templatePath": template_text(&args.template_path)?}),
    };
    if args.plain_http && args.template_kind != Kind::Bicep {
        warn("`--plain-http` means nothing here: it is for templates of kind `bicep`");
    }
    if args.template_version.is_some() && args.template_kind != Kind::Terraform {
        warn("`--template-version` means nothing here: it is for templates of kind `terraform`");
    }
    if !parameters.is_empty() {
        recipe["parameters"] = parameters.into_iter().collect::<serde_json::Map<_, _>>().into();
    }
    Ok(recipe)
}

/// Returns the text of a local template; what is several lines long is the text already.
fn template_text(path: &str) -> Result<String, Error> {
    if path.contains('\n') {
        return Ok(path.to_owned());
    }
    if !Utf8Path::new(path).is_file() {
        return Err(Error::failed(format!("there is no template file `{path}`"))
            .hint("templates of kind `template` are sent as text: give a local file"));
    }
    std::fs::read_to_string(path).map_err(Error::file("read the template", path))
}
