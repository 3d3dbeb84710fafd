//! Deployments: reading what is to be deployed, and having the server deploy it.

pub mod bicep;
mod expression;
mod list;
pub mod plan;
mod progress;
mod request;
mod run;

use camino::Utf8Path;
use serde_json::Value as Json;

pub use list::List;
pub use request::{Context, body, check_parameters};
pub use run::{Deployed, name_and_type, run, what_if};

use crate::error::Error;
use crate::sources::Document;

/// What a file holds.
#[derive(Debug)]
pub enum Source {
    /// A compiled ARM template.
    Template(Json),
    /// A plain list of resources.
    List(List),
}

/// Reads a file; a Bicep file is compiled with the `bicep` binary of this machine.
pub fn read(path: &str) -> Result<Source, Error> {
    if path.starts_with("http://") || path.starts_with("https://") {
        return Err(Error::failed(format!("`{path}` is not a local file"))
            .hint("download it first; nothing is fetched behind your back"));
    }
    if path.ends_with(".bicep") {
        return Ok(Source::Template(bicep::compile(path)?));
    }
    let document = Document::read(Utf8Path::new(path))?;
    if list::is_list(&document.root) {
        return List::parse(&document).map(Source::List).map_err(|diagnostics| {
            Document::report(&document.map, &diagnostics);
            Error::Reported
        });
    }
    let template = document.root.to_json();
    if !template.get("resources").is_some_and(|resources| resources.is_object() || resources.is_array()) {
        return Err(Error::failed(format!("`{path}` is neither a template nor a list of resources")).hint(
            "a template is an object with `$schema` and `resources`; a list has entries with `type`, `name` and `properties`",
        ));
    }
    Ok(Source::Template(template))
}
