//! What can be typed: the global flags and the tree of commands.

use camino::Utf8PathBuf;
use clap::{Parser, Subcommand};

use crate::commands::{
    admin, application, bicep, check, cluster, complete, completion, convert, credential, deploy, diff, environment,
    explain, fmt, generate, group, lsp, recipe, recipe_pack, resource, resource_provider, resource_type, run, serve,
    token, validate, version, watch, workspace,
};
use crate::output::{Format, Output};

/// Resource types, from one definition to a running resource
///
/// Exit codes: 0 success; 1 failure (refused, not found, diagnostics with errors); 2 wrong usage; 3 no server answers.
#[derive(Debug, Parser)]
#[command(name = "rad", version, max_term_width = 100, propagate_version = false, args_override_self = true)]
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
    Serve(Box<serve::Args>),
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
    /// Answers shells that were set up with the stock command line's script
    #[command(name = "__complete", hide = true)]
    Complete(complete::Args),
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

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;
    use serde_json::Value as Json;

    use super::*;

    /// Every command, alias and flag of the stock command line, as it was recorded.
    fn recorded() -> Vec<Json> {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/conformance/cli/commands.json");
        let mut recorded: Json = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        recorded["commands"].as_array_mut().map(std::mem::take).unwrap()
    }

    /// Why a flag is not ours, or not of that form.
    fn complaint(command: &clap::Command, flag: &Json) -> Option<String> {
        let name = flag["name"].as_str().unwrap();
        let Some(argument) = command.get_arguments().find(|argument| argument.get_long() == Some(name)) else {
            return Some(format!("--{name} is missing"));
        };
        let short = flag["short"].as_str().and_then(|short| short.chars().next());
        if argument.get_short() != short {
            return Some(format!("--{name} is -{:?} there and -{:?} here", short, argument.get_short()));
        }
        // A switch may take `=false`, too; it must not demand it.
        let needs_value = argument.get_num_args().is_none_or(|values| values.min_values() > 0)
            && argument.get_action().takes_values();
        let wants_value = flag["type"] != "bool";
        let repeats = matches!(argument.get_action(), clap::ArgAction::Append);
        let is_list = matches!(flag["type"].as_str(), Some("stringArray" | "strings"));
        match (needs_value == wants_value, repeats == is_list) {
            (false, _) => Some(format!("--{name} takes a value on one side only")),
            (_, false) => Some(format!("--{name} can be repeated on one side only")),
            _ => None,
        }
    }

    #[test]
    fn every_command_and_flag_of_the_stock_command_line_is_here() {
        let mut root = Cli::command();
        root.build();
        let (mut total, mut complaints) = (0, Vec::new());
        for entry in recorded() {
            let line = entry["command"].as_str().unwrap();
            // The help of the help has no flags here.
            if line == "rad help" {
                continue;
            }
            total += 1;
            let mut words = line.split(' ').skip(1);
            let Some(command) = words.try_fold(&root, |command, word| command.find_subcommand(word)) else {
                // A shell is an argument here.
                if !line.starts_with("rad completion ") {
                    complaints.push(format!("{line} is missing"));
                }
                continue;
            };
            for alias in entry["aliases"].as_array().unwrap() {
                total += 1;
                if !command.get_all_aliases().any(|own| *alias == own) {
                    complaints.push(format!("{line}: the alias {alias} is missing"));
                }
            }
            // Flags of a command that only has sub-commands stand on these again.
            let flags =
                entry["flags"].as_array().unwrap().iter().filter(|_| !command.has_subcommands() || line == "rad");
            for flag in flags {
                total += 1;
                complaints.extend(complaint(command, flag).map(|complaint| format!("{line}: {complaint}")));
            }
        }
        println!("{} of {total} commands, aliases and flags", total - complaints.len());
        assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    }
}
