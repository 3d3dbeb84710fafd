//! What can be typed: the global flags and the tree of commands.

use camino::Utf8PathBuf;
use clap::{Parser, Subcommand};

use crate::commands::{
    admin, application, bicep, check, cluster, completion, convert, credential, deploy, diff, environment, explain,
    fmt, generate, group, lsp, recipe, recipe_pack, resource, resource_provider, resource_type, run, serve, token,
    validate, version, watch, workspace,
};
use crate::output::{Format, Output};

/// Resource types, from one definition to a running resource
///
/// Exit codes: 0 success; 1 failure (refused, not found, diagnostics with errors); 2 wrong usage; 3 no server answers.
#[derive(Debug, Parser)]
#[command(name = "rad", version, max_term_width = 100, propagate_version = false)]
pub struct Cli {
    /// The global flags.
    #[command(flatten)]
    pub globals: Globals,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Flags of every command.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Global options")]
pub struct Globals {
    /// Configuration file [default: $HOME/.rad/config.yaml]
    #[arg(long, global = true, value_name = "FILE", env = "RADII_CONFIG", hide_env_values = true)]
    pub config: Option<Utf8PathBuf>,
    /// How data is printed
    #[arg(
        short,
        long,
        global = true,
        value_enum,
        ignore_case = true,
        default_value = "table",
        value_name = "table|json|yaml|plain-text",
        hide_possible_values = true
    )]
    pub output: Format,
    /// Workspace to work in [default: the configuration's]
    #[arg(short, long, global = true, value_name = "NAME")]
    pub workspace: Option<String>,
    /// Server to talk to, instead of the workspace's
    #[arg(long, global = true, value_name = "URL", env = "RADII_URL", hide_env_values = true)]
    pub url: Option<String>,
    /// Prints data and errors only
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Prints every request to standard error
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    pub verbose: bool,
}

impl Globals {
    /// How this command prints.
    pub fn output(&self) -> Output {
        Output { format: self.output, quiet: self.quiet }
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Starts the registry server with the runtime core and the dashboard
    Serve(serve::Args),
    /// Checks manifests and reports every problem with its place
    Check(check::Args),
    /// Prints what the code of a problem means, and what to do
    Explain(explain::Args),
    /// Checks bodies of resources against a type, without a server
    Validate(validate::Args),
    /// Formats TypeSpec files
    Fmt(fmt::Args),
    /// Answers an editor that speaks the Language Server Protocol on standard input and output
    Lsp(lsp::Args),
    /// Generates artifacts from manifests
    Generate(generate::Args),
    /// Converts manifests to TypeSpec, and TypeSpec to manifests
    Convert(convert::Args),
    /// Lists what changed between two definitions, and whom it breaks
    Diff(diff::Args),
    /// Works on resource providers
    #[command(subcommand, name = "resource-provider", visible_aliases = ["resourceprovider", "rp"])]
    ResourceProvider(resource_provider::Command),
    /// Works on resource types
    #[command(subcommand, name = "resource-type", visible_aliases = ["resourcetype", "rt"])]
    ResourceType(resource_type::Command),
    /// Works on resources of any type
    #[command(subcommand)]
    Resource(resource::Command),
    /// Shows what is there and what changes, as it happens
    Watch(watch::Args),
    /// Works on resource groups
    #[command(subcommand)]
    Group(group::Command),
    /// Works on environments
    #[command(subcommand, name = "environment", visible_alias = "env")]
    Environment(environment::Command),
    /// Works on the recipes of an environment
    #[command(subcommand)]
    Recipe(recipe::Command),
    /// Works on recipe packs
    #[command(subcommand, name = "recipe-pack")]
    RecipePack(recipe_pack::Command),
    /// Works on credentials for clouds
    #[command(subcommand)]
    Credential(credential::Command),
    /// Works on Bicep files
    #[command(subcommand)]
    Bicep(bicep::Command),
    /// Works on applications
    #[command(subcommand, name = "application", visible_alias = "app")]
    Application(application::Command),
    /// Deploys a template or a list of resources
    Deploy(deploy::Args),
    /// Deploys a template or a list of resources, and shows the logs of its containers
    Run(run::Args),
    /// Works on the workspaces of the configuration file
    #[command(subcommand)]
    Workspace(workspace::Command),
    /// Works on the tokens that a server with access control knows
    #[command(subcommand)]
    Token(token::Command),
    /// Looks after a server's database
    #[command(subcommand)]
    Admin(admin::Command),
    /// Prints the versions of the command line and the server
    Version(version::Args),
    /// Prints a completion script
    Completion(completion::Args),
    /// Says how to install Radii where Radius has a cluster
    #[command(subcommand, hide = true)]
    Install(cluster::Target),
    /// Says how to upgrade Radii
    #[command(subcommand, hide = true)]
    Upgrade(cluster::Target),
    /// Says how to roll Radii back
    #[command(subcommand, hide = true)]
    Rollback(cluster::Target),
    /// Says how to uninstall Radii
    #[command(subcommand, hide = true)]
    Uninstall(cluster::Target),
    /// Says how to begin
    #[command(hide = true, alias = "init")]
    Initialize(cluster::Ignored),
    /// Says where state is kept
    #[command(hide = true)]
    Startup,
    /// Says where state is kept
    #[command(hide = true)]
    Shutdown,
    /// Says where the log is
    #[command(hide = true)]
    DebugLogs,
}
