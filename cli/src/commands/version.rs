//! `rad version`

use std::process::Command;

use serde_json::{Value as Json, json};

use crate::args::Globals;
use crate::error::Error;
use crate::output::text;
use crate::table::Table;
use crate::workspace::Workspace;

/// What to print.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Args {
    /// Prints the version of the command line only
    #[arg(long)]
    cli: bool,
}

const NO_BICEP: &str = "not installed";

/// Prints the versions of the command line and, unless `--cli`, of the server.
pub fn run(args: Args, globals: &Globals) -> Result<(), Error> {
    let output = globals.output();
    let cli = json!({
        "release": env!("CARGO_PKG_VERSION"),
        "version": concat!("v", env!("CARGO_PKG_VERSION")),
        "bicep": bicep_version(),
        "commit": option_env!("RADII_COMMIT").unwrap_or("unknown"),
    });
    if args.cli {
        return output.value(&cli, || cli_table(&cli));
    }
    let server = crate::online(server_version(globals))?;
    let both = json!({"cli": cli, "controlPlane": server});
    if !output.is_table() {
        return output.value(&both, || Table::new([""]));
    }
    let mut table = Table::new(["STATUS", "VERSION"]);
    table.row([text(&server, "/status"), text(&server, "/version")]);
    crate::output::write_stdout(&format!(
        "CLI Version Information:\n{}\nControl Plane Information:\n{}",
        cli_table(&both["cli"]).render(),
        table.render()
    ))
}

fn cli_table(cli: &Json) -> Table {
    let mut table = Table::new(["RELEASE", "VERSION", "BICEP", "COMMIT"]);
    table.row([text(cli, "/release"), text(cli, "/version"), text(cli, "/bicep"), text(cli, "/commit")]);
    table
}

/// Asks the server; that it cannot be asked is an answer, too.
async fn server_version(globals: &Globals) -> Result<Json, Error> {
    let not_connected = || json!({"version": "unknown", "status": "Not connected"});
    let Ok(client) = Workspace::find(globals).and_then(|workspace| workspace.client(globals)) else {
        return Ok(not_connected());
    };
    Ok(match client.impatient().server_version().await {
        Ok(version) => json!({
            "version": version.get("version").or_else(|| version.get("release")).cloned().unwrap_or("unknown".into()),
            "status": "Connected",
        }),
        Err(_) => not_connected(),
    })
}

fn bicep_version() -> String {
    let Ok(answer) = Command::new("bicep").arg("--version").output() else { return NO_BICEP.to_owned() };
    let line = String::from_utf8_lossy(&answer.stdout);
    // Bicep CLI version 0.42.1 (…)
    line.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit())).unwrap_or(NO_BICEP).to_owned()
}
