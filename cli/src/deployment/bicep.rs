//! Bicep files, through the compiler of this machine.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value as Json;

use super::Source;
use crate::error::Error;
use crate::parameters::{Parameters, read_entries};

const REMEDY: &str =
    "install the Bicep compiler and put it on the PATH, or compile elsewhere (`bicep build`) and deploy the JSON";

/// Compiles a `.bicep` file to a template.
pub fn compile(path: &str) -> Result<Json, Error> {
    let compiled = run(path, &["build", "--stdout", path])?;
    parse(path, &compiled)
}

/// Compiles a `.bicepparam` file to the template that it uses, and the parameters that it gives.
pub fn compile_parameters(path: &str) -> Result<(Source, Parameters), Error> {
    let compiled = parse(path, &run(path, &["build-params", "--stdout", path])?)?;
    let part = |name: &str| -> Result<Json, Error> {
        let text = compiled.get(name).and_then(Json::as_str).ok_or_else(|| {
            Error::failed(format!("`bicep` wrote no `{name}` for `{path}`"))
                .hint("a parameter file says which template it is for: `using './main.bicep'`")
        })?;
        parse(path, text.as_bytes())
    };
    let mut parameters = Parameters::new();
    read_entries(path, &part("parametersJson")?, &mut parameters)?;
    Ok((Source::Template(part("templateJson")?), parameters))
}

/// Compiles a `.bicepparam` file to the parameters that it gives.
pub fn only_parameters(path: &str) -> Result<Json, Error> {
    let compiled = parse(path, &run(path, &["build-params", "--stdout", path])?)?;
    match compiled.get("parametersJson").and_then(Json::as_str) {
        Some(text) => parse(path, text.as_bytes()),
        None => Err(Error::failed(format!("`bicep` wrote no `parametersJson` for `{path}`"))),
    }
}

fn parse(path: &str, text: &[u8]) -> Result<Json, Error> {
    serde_json::from_slice(text)
        .map_err(|error| Error::failed(format!("`bicep` wrote something for `{path}` that is no JSON: {error}")))
}

/// Runs the compiler; what it says of the file goes to standard error.
fn run(path: &str, arguments: &[&str]) -> Result<Vec<u8>, Error> {
    std::fs::metadata(path).map_err(Error::file("read", path))?;
    let Output { status, stdout, stderr } = Command::new(compiler()).args(arguments).output().map_err(|error| {
        Error::failed(format!("`{path}` cannot be compiled: running `bicep` failed: {error}")).hint(REMEDY)
    })?;
    let said = String::from_utf8_lossy(&stderr);
    if !said.trim().is_empty() {
        crate::output::write_stderr(said.trim_end());
    }
    if !status.success() {
        return Err(Error::failed(format!("`bicep` does not compile `{path}`")));
    }
    Ok(stdout)
}

/// The compiler on the PATH, else where the stock command line keeps its own.
fn compiler() -> OsString {
    let on_path = std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join("bicep").is_file()));
    let own = std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".rad/bin/bicep"));
    match own.filter(|own| !on_path && own.is_file()) {
        Some(own) => own.into_os_string(),
        None => "bicep".into(),
    }
}
