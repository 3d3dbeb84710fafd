//! Developer commands: `cargo xtask COMMAND`.
#![expect(clippy::print_stdout, reason = "commands print their results")]

mod deny;
mod replay;

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
    /// Checks licences, bans and sources of all dependencies against `deny.toml`.
    Deny,
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::Replay(args) => replay::run(&args),
        Command::Deny => deny::run(),
    }
}
