//! Developer commands: `cargo xtask COMMAND`.
#![expect(clippy::print_stdout, reason = "commands print their results")]

mod conformance;
mod crashes;
mod deny;
mod kubernetes;
mod ports;
mod replay;
mod tsp_diff;
mod tsp_schemas;

use clap::{Parser, Subcommand};

/// Developer commands of Radii.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Plays recorded HTTP scenarios against a server and prints what differs.
    Replay(replay::Args),
    /// Plays recordings of other programs than a mere HTTP client.
    Conformance(conformance::Args),
    /// Lets a worker die at every point of a deployment of a hundred resources.
    Crashes(crashes::Args),
    /// Deploys to a real Kubernetes API server and checks what became of it.
    Kubernetes(kubernetes::Args),
    /// Checks licences, bans and sources of all dependencies against `deny.toml`.
    Deny,
    /// Compiles TypeSpec with our compiler and the reference one, and prints what differs.
    TspDiff(tsp_diff::Args),
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::Replay(args) => replay::run(&args),
        Command::Conformance(args) => conformance::run(&args),
        Command::Crashes(args) => crashes::run(&args),
        Command::Kubernetes(args) => kubernetes::run(&args),
        Command::Deny => deny::run(),
        Command::TspDiff(args) => tsp_diff::run(&args),
    }
}
