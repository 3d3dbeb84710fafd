//! `-p NAME=VALUE`, `-p NAME=@FILE` and `-p @FILE`.

use indexmap::IndexMap;
use serde_json::Value as Json;

use crate::error::Error;
use crate::sources::Document;

/// Values by name; of several for one name the last one counts.
pub type Parameters = IndexMap<String, Json>;

/// Reads parameters in the order in which they were typed.
///
/// `NAME=VALUE` is text, `NAME=@FILE` the JSON or YAML content of the file, `@FILE` the `parameters` of an ARM
/// parameter file; a `.bicepparam` file is compiled to one.
pub fn read(arguments: &[String]) -> Result<Parameters, Error> {
    let mut parameters = Parameters::new();
    for argument in arguments {
        if let Some(path) = argument.strip_prefix('@') {
            read_parameter_file(path, &mut parameters)?;
            continue;
        }
        let Some((name, value)) = argument.split_once('=').filter(|(name, _)| !name.is_empty()) else {
            return Err(Error::usage(format!("`{argument}` is not a parameter")).hint(meant(argument)));
        };
        let value = match value.strip_prefix('@') {
            Some(path) => read_data(path)?,
            None => value.into(),
        };
        parameters.insert(name.to_owned(), value);
    }
    Ok(parameters)
}

/// What to write instead of what is no parameter.
fn meant(argument: &str) -> String {
    let ending = camino::Utf8Path::new(argument).extension();
    if ending.is_some_and(|ending| matches!(ending, "json" | "yaml" | "yml" | "bicepparam")) {
        return format!(
            "write `@{argument}` for the parameters in a file, or `NAME=@{argument}` for its content as one"
        );
    }
    match argument.split_once(':').filter(|(name, _)| !name.is_empty()) {
        Some((name, value)) => format!("write NAME=VALUE: `{name}={}`", value.trim_start()),
        None => "write NAME=VALUE, NAME=@FILE or @FILE".to_owned(),
    }
}

fn read_parameter_file(path: &str, parameters: &mut Parameters) -> Result<(), Error> {
    let file = match path.ends_with(".bicepparam") {
        true => crate::deployment::bicep::only_parameters(path)?,
        false => read_data(path)?,
    };
    read_entries(path, &file, parameters)
}

/// Takes the values out of an ARM parameter file.
pub fn read_entries(path: &str, file: &Json, parameters: &mut Parameters) -> Result<(), Error> {
    let Some(entries) = file.get("parameters").and_then(Json::as_object) else {
        return Err(Error::failed(format!("`{path}` is no parameter file: it has no `parameters`"))
            .hint("write {\"parameters\": {\"NAME\": {\"value\": …}}}"));
    };
    for (name, entry) in entries {
        let value = entry.get("value").ok_or_else(|| {
            let why = if entry.get("reference").is_some() { "; references to key vaults are not followed" } else { "" };
            Error::failed(format!("`{path}`: the parameter `{name}` has no `value`{why}"))
        })?;
        parameters.insert(name.clone(), value.clone());
    }
    Ok(())
}

/// Reads a JSON or YAML file as data; what is wrong with it is printed.
pub fn read_data(path: &str) -> Result<Json, Error> {
    Ok(Document::read(path.as_ref())?.root.to_json())
}
