//! `rad`: thin commands over the libraries of Radii, or over HTTP.

mod args;
mod client;
mod commands;
mod config;
mod confirm;
mod deployment;
mod error;
mod flavour;
mod follow;
mod language_server;
mod output;
mod parameters;
mod registration;
mod registry;
mod sources;
mod table;
mod typespec_files;
mod usage;
mod workspace;

use std::future::Future;
use std::process::ExitCode;

use crate::args::{Command, Globals};
use crate::commands::{
    admin, application, bicep, check, cluster, complete, completion, convert, credential, deploy, diff, environment,
    explain, fmt, generate, group, lsp, recipe, recipe_pack, resource, resource_provider, resource_type,
    run as deploy_and_follow, serve, token, validate, version, watch, workspace as workspaces,
};
use crate::error::Error;

/// Requests are read on one thread and committed on another, where nearly a third of a PUT went to the system's
/// allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let words: Vec<_> = std::env::args_os().collect();
    let cli = match usage::read(&words) {
        Ok(cli) => cli,
        Err(error) => return usage::report(error, words),
    };
    match run(cli.command, &cli.globals) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::report(&error);
            error.exit_code()
        }
    }
}

fn run(command: Command, globals: &Globals) -> Result<(), Error> {
    match command {
        Command::Serve(args) => serve::run(&args, globals),
        Command::Check(args) => check::run(&args),
        Command::Explain(args) => explain::run(&args, globals),
        Command::Validate(args) => validate::run(&args),
        Command::Fmt(args) => fmt::run(&args, globals),
        Command::Lsp(args) => lsp::run(&args),
        Command::Generate(args) => generate::run(&args, globals),
        Command::Convert(args) => convert::run(&args, globals),
        Command::Diff(args) => diff::run(&args, globals),
        Command::ResourceProvider(command) => online(resource_provider::run(command, globals)),
        Command::ResourceType(command) => online(resource_type::run(command, globals)),
        Command::Watch(args) => online(watch::run(&args, globals)),
        Command::Resource(command) => online(resource::run(command, globals)),
        Command::Group(command) => online(group::run(command, globals)),
        Command::Environment(command) => online(environment::run(command, globals)),
        Command::RecipePack(command) => online(recipe_pack::run(command, globals)),
        Command::Credential(command) => online(credential::run(command, globals)),
        Command::Bicep(command) => bicep::run(command, globals),
        Command::Install(_) => cluster::run(cluster::Task::Install("install")),
        Command::Upgrade(_) => cluster::run(cluster::Task::Install("upgrade")),
        Command::Rollback(_) => cluster::run(cluster::Task::Install("rollback")),
        Command::Uninstall(_) => cluster::run(cluster::Task::Install("uninstall")),
        Command::Initialize(_) => cluster::run(cluster::Task::Initialize),
        Command::Startup => cluster::run(cluster::Task::Archive("startup")),
        Command::Shutdown => cluster::run(cluster::Task::Archive("shutdown")),
        Command::DebugLogs => cluster::run(cluster::Task::Logs),
        Command::Recipe(command) => online(recipe::run(command, globals)),
        Command::Application(command) => online(application::run(command, globals)),
        Command::Deploy(args) => online(deploy::run(&args, globals)),
        Command::Run(args) => online(deploy_and_follow::run(&args, globals)),
        Command::Workspace(command) => workspaces::run(command, globals),
        Command::Token(command) => token::run(command, globals),
        Command::Admin(command) => online(admin::run(command, globals)),
        Command::Version(args) => version::run(args, globals),
        Command::Completion(args) => completion::run(&args),
        Command::Complete(args) => complete::run(&args),
    }
}

/// Runs a command that talks to a server; commands that do not never pay for this.
fn online<T>(command: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    install_tls_provider();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Error::file("start", "the asynchronous runtime"))?;
    // Boxed: the states of all commands together would not fit on the stack comfortably.
    runtime.block_on(Box::pin(command))
}

/// Makes aws-lc-rs the cryptography of every TLS connection of this process.
fn install_tls_provider() {
    // An error says that one is installed already, which is what is wanted.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}
