//! `rad completion`

use clap::CommandFactory as _;

use crate::args::Cli;
use crate::error::Error;
use crate::output::write_stdout;

/// Which shell.
#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true)]
pub struct Args {
    /// The shell that will read the script
    #[arg(value_enum)]
    shell: clap_complete::Shell,
}

/// Prints the completion script of a shell.
pub fn run(args: &Args) -> Result<(), Error> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "rad", &mut script);
    write_stdout(&String::from_utf8_lossy(&script))
}
