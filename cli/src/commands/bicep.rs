//! `rad bicep`: files for and from the Bicep compiler.

use camino::{Utf8Path, Utf8PathBuf};
use clap::Subcommand;
use radii_codegen::bicep::package::local_package;
use radii_codegen::{Input, Options, Target, generate};
use radii_diagnostics::Severity;
use serde_json::{Map, Value as Json, json};

use crate::args::Globals;
use crate::error::Error;
use crate::output::sorted;
use crate::parameters::read_data;
use crate::sources::Sources;

/// Works on Bicep files.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Says where to get the Bicep compiler
    Download,
    /// Removes the Bicep compiler that the stock command line keeps
    Delete,
    /// Writes a DeploymentTemplate for GitOps from a compiled template
    GenerateKubernetesManifest(Manifest),
    /// Publishes a compiled template to a registry
    Publish(Publish),
    /// Makes a Bicep extension of a manifest
    PublishExtension(Extension),
}

/// What to write.
#[derive(Debug, clap::Args)]
pub struct Manifest {
    /// The compiled template (JSON)
    file: Utf8PathBuf,
    /// Resource group to deploy to
    #[arg(short, long, default_value = "", hide_default_value = true)]
    group: String,
    /// Parameter as NAME=VALUE, or @FILE with many
    #[arg(short, long, value_name = "PARAMETER")]
    parameters: Vec<String>,
    /// File to write [default: the template's name with `.yaml`]
    #[arg(short, long, value_name = "FILE")]
    destination_file: Option<Utf8PathBuf>,
    /// Scope for Azure resources
    #[arg(long, value_name = "SCOPE")]
    azure_scope: Option<String>,
    /// Scope for AWS resources
    #[arg(long, value_name = "SCOPE")]
    aws_scope: Option<String>,
}

/// What to publish.
#[derive(Debug, clap::Args)]
pub struct Publish {
    /// The Bicep file, or its compiled form
    #[arg(long)]
    file: Utf8PathBuf,
    /// Where to, as br:HOST/PATH:TAG
    #[arg(long)]
    target: String,
    /// Talks to the registry without TLS
    #[arg(long)]
    plain_http: bool,
}

/// What to make.
#[derive(Debug, clap::Args)]
pub struct Extension {
    /// The manifest
    #[arg(short, long, value_name = "FILE")]
    from_file: Utf8PathBuf,
    /// Archive to write (.tgz)
    #[arg(long)]
    target: String,
    /// Replaces what is there
    #[arg(long)]
    force: bool,
}

/// Runs `rad bicep …`.
pub fn run(command: Command, globals: &Globals) -> Result<(), Error> {
    let output = globals.output();
    match command {
        Command::Download => Err(Error::failed("nothing is downloaded behind your back")
            .hint("install the Bicep compiler by its own instructions; a `bicep` on the PATH is used")),
        Command::Delete => delete(globals),
        Command::GenerateKubernetesManifest(args) => {
            let path = write_manifest(&args)?;
            output.done(&format!("DeploymentTemplate file created at {path}"))
        }
        Command::Publish(args) => publish(&args),
        Command::PublishExtension(args) => publish_extension(&args),
    }
}

fn delete(globals: &Globals) -> Result<(), Error> {
    let home = std::env::var("HOME").unwrap_or_default();
    let path = Utf8Path::new(&home).join(".rad/bin/bicep");
    match std::fs::remove_file(&path) {
        Ok(()) => globals.output().done(&format!("removed {path}")),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => globals.output().done("bicep is not installed"),
        Err(source) => Err(Error::File { doing: "remove", path: path.to_string(), source }),
    }
}

fn write_manifest(args: &Manifest) -> Result<Utf8PathBuf, Error> {
    if args.group.is_empty() {
        return Err(Error::failed("the resource group to deploy to is missing").hint("add `--group NAME`"));
    }
    let destination = args.destination_file.clone().unwrap_or_else(|| args.file.with_extension("yaml"));
    if !matches!(destination.extension(), Some("yaml" | "yml")) {
        return Err(Error::failed(format!("`{destination}` is no name of a YAML file"))
            .hint("give a destination that ends in `.yaml`"));
    }
    let template = read_template(&args.file)?;
    let scope = format!("/planes/radius/local/resourceGroups/{}", args.group);
    let mut providers = Map::new();
    let mut add = |name: &str, kind: &str, scope: &str| {
        providers.insert(name.to_owned(), json!({ "type": kind, "value": { "scope": scope } }));
    };
    if let Some(scope) = &args.azure_scope {
        add("az", "AzureResourceManager", scope);
    }
    if let Some(scope) = &args.aws_scope {
        add("aws", "AWS", scope);
    }
    add("radius", "Radius", &scope);
    add("deployments", "Microsoft.Resources", &scope);
    let text =
        render(args.file.file_name().unwrap_or_default(), &parameters(args)?, &Json::Object(providers), &template);
    std::fs::write(&destination, text).map_err(Error::file("write", destination.as_str()))?;
    Ok(destination)
}

fn read_template(path: &Utf8Path) -> Result<Json, Error> {
    if path.extension() == Some("bicep") {
        return Err(Error::failed(format!("`{path}` is not compiled"))
            .hint(format!("`bicep build {path}` makes a JSON file of it, which is what this command reads")));
    }
    read_data(path.as_str())
}

fn parameters(args: &Manifest) -> Result<Map<String, Json>, Error> {
    let mut parameters = Map::new();
    for given in &args.parameters {
        if let Some(file) = given.strip_prefix('@') {
            let data = read_data(file)?;
            for (name, value) in data.get("parameters").and_then(Json::as_object).into_iter().flatten() {
                parameters.insert(name.clone(), value.get("value").cloned().unwrap_or_default());
            }
            continue;
        }
        let Some((name, value)) = given.split_once('=') else {
            return Err(Error::usage(format!("`{given}` is no parameter")).hint("write NAME=VALUE or @FILE"));
        };
        let value = match value.strip_prefix('@') {
            Some(file) => read_data(file)?,
            None => value.into(),
        };
        parameters.insert(name.to_owned(), value);
    }
    Ok(parameters)
}

/// Writes the object; template and provider configuration are JSON texts inside of it.
fn render(name: &str, parameters: &Map<String, Json>, providers: &Json, template: &Json) -> String {
    let mut text =
        format!("apiVersion: radapp.io/v1alpha3\nkind: DeploymentTemplate\nmetadata:\n  name: {name}\nspec:\n");
    if parameters.is_empty() {
        text.push_str("  parameters: {}\n");
    } else {
        text.push_str("  parameters:\n");
        for (name, value) in parameters {
            // The object's parameters are texts; anything else is written as JSON.
            let value = match value {
                Json::String(text) => Json::from(text.as_str()).to_string(),
                other => Json::from(other.to_string()).to_string(),
            };
            let plain = value.trim_matches('"');
            let is_plain = !plain.is_empty() && plain.chars().all(|c| c.is_ascii_alphabetic());
            text.push_str(&format!("    {name}: {}\n", if is_plain { plain } else { &value }));
        }
    }
    for (name, value) in [("providerConfig", providers.clone()), ("template", sorted(template))] {
        text.push_str(&format!("  {name}: |-\n"));
        for line in serde_json::to_string_pretty(&value).unwrap_or_default().lines() {
            text.push_str(&format!("    {line}\n"));
        }
    }
    text
}

fn publish(args: &Publish) -> Result<(), Error> {
    let target = args.target.strip_prefix("br:").filter(|rest| rest.contains('/') && rest.contains(':'));
    if target.is_none() {
        return Err(Error::usage(format!("`{}` is no target", args.target)).hint("write br:HOST/PATH:TAG"));
    }
    if !args.file.exists() {
        return Err(Error::failed(format!("there is no file `{}`", args.file)));
    }
    let flag = if args.plain_http { "--plain-http " } else { "" };
    Err(Error::failed("this version does not push templates to registries").hint(format!(
        "`oras push {flag}{} --config config.json:application/vnd.ms.bicep.module.config.v1+json \
         {}:application/vnd.ms.bicep.module.layer.v1+json` does, with `{{}}` in config.json",
        target.unwrap_or_default(),
        args.file.with_extension("json"),
    )))
}

fn publish_extension(args: &Extension) -> Result<(), Error> {
    let mut sources = Sources::read(std::slice::from_ref(&args.from_file))?;
    if sources.has_errors() {
        sources.report();
        return Err(Error::Reported);
    }
    if !args.target.ends_with(".tgz") {
        return Err(Error::failed(format!("`{}` is no archive that this version writes", args.target))
            .hint("give the name of a file that ends in `.tgz`, and push that with a tool for registries"));
    }
    let target = Utf8Path::new(&args.target);
    if target.exists() && !args.force {
        return Err(Error::failed(format!("`{target}` exists")).hint("add `--force` to replace it"));
    }
    let made = generate(&Input::new(&sources.manifests), &[Target::Bicep], &Options::default());
    let failed = made.has_errors();
    sources.diagnostics.extend(made.diagnostics.into_iter().filter(|found| found.severity != Severity::Note));
    sources.report();
    if failed {
        return Err(Error::Reported);
    }
    let types = made.artifacts.iter().find(|(path, _)| path.file_name() == Some("types.tgz"));
    let Some((_, types)) = types else {
        return Err(Error::failed(format!("`{}` declares no type that an extension could hold", args.from_file)));
    };
    let archive = local_package(types).map_err(Error::file("pack", target.as_str()))?;
    std::fs::write(target, archive).map_err(Error::file("write", target.as_str()))
}
