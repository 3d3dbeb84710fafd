//! `rad lsp`

use crate::error::Error;
use crate::language_server;

/// How the editor and the server talk.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Talks over standard input and output, which is the only way; editors like to say so
    #[arg(long)]
    stdio: bool,
}

/// Serves one editor until it says goodbye.
pub fn run(args: &Args) -> Result<(), Error> {
    let Args { stdio: _ } = args;
    language_server::run()
}
