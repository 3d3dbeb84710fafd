//! `rad token`

use clap::Subcommand;
use radii_registry_server::access::policy::Scope;
use radii_registry_server::access::{hash_of, new_token};
use serde_json::json;

use crate::args::Globals;
use crate::error::Error;
use crate::output::write_stdout;
use crate::table::Table;

/// Works on the tokens of an access file.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Prints a new token, and the entry of the server's access file that knows it
    ///
    /// The token is shown this once; the file holds only its hash. Give it to `rad` as RADII_TOKEN.
    New(New),
}

/// Whose token, and what for.
#[derive(Debug, clap::Args)]
pub struct New {
    /// Name for the audit log
    name: String,
    /// What its bearer may do
    #[arg(long, value_enum)]
    role: Role,
    /// Where; everything at and below this path
    #[arg(long, value_name = "PATH", default_value = "/")]
    scope: String,
}

/// The roles.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Role {
    /// Reads everything but secrets
    Reader,
    /// Also registers resource providers and types
    Author,
    /// Also works with groups, environments, resources and deployments, and lists secrets
    Operator,
    /// Also manages planes and credentials
    Admin,
}

/// Carries the command out.
pub fn run(command: Command, globals: &Globals) -> Result<(), Error> {
    let Command::New(New { name, role, scope }) = command;
    let scope = Scope::try_from(scope).map_err(|error| Error::usage(error.to_string()))?;
    let token = new_token();
    let role = format!("{role:?}").to_lowercase();
    let entry = json!({
        "name": name,
        "sha256": hash_of(&token),
        "grants": [{ "role": role, "scope": scope.to_string() }],
    });
    let text = format!(
        "Token: {token}\n\nAdd to `tokens` in the access file:\n- name: {name}\n  sha256: {}\n  grants:\n  - role: {role}\n    scope: {scope}",
        entry["sha256"].as_str().unwrap_or_default(),
    );
    let output = globals.output();
    if output.is_table() {
        return write_stdout(&format!("{text}\n"));
    }
    output.value(&json!({ "token": token, "entry": entry }), || Table::new([]))
}
