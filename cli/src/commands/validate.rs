//! `rad validate`

use camino::Utf8PathBuf;
use radii_diagnostics::render::{self, Colour};
use radii_diagnostics::{Diagnostic, FileId};
use radii_model::document::{Limits, parse_json, parse_yaml};
use radii_model::manifest::{Manifest, ResourceType, VersionEntry};
use radii_model::{ApiVersion, body};

use super::check::Format;
use crate::error::Error;
use crate::output::{stderr_colour, write_stderr, write_stdout};
use crate::sources::{Sources, read_text};

/// Which bodies, and against what.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// JSON or YAML files, each with the body of one resource or with its properties alone
    #[arg(required = true, value_name = "BODY")]
    bodies: Vec<Utf8PathBuf>,
    /// The type that they should be of, such as Contoso.Data/postgreSqlDatabases@2025-01-01; the namespace may be left out
    /// where one type only has the name, the version where the type has a default
    #[arg(long = "type", short = 't', value_name = "TYPE[@VERSION]")]
    kind: String,
    /// File or folder with the type's definition
    #[arg(long, value_name = "PATH", default_value = ".")]
    from: Vec<Utf8PathBuf>,
    /// How problems are written; all but `human` go to standard output
    #[arg(long, value_enum, default_value = "human")]
    format: Format,
}

/// Checks bodies offline, as the server would, and points at the body and at the definition.
pub fn run(args: &Args) -> Result<(), Error> {
    let mut sources = Sources::read(&args.from)?;
    if sources.has_errors() {
        sources.report();
        return Err(Error::Reported);
    }
    let manifests = std::mem::take(&mut sources.manifests);
    let (type_name, version) = match args.kind.split_once('@') {
        Some((name, version)) => (name, Some(version)),
        None => (args.kind.as_str(), None),
    };
    let kind = find_type(&manifests, type_name)?;
    let entry = find_version(type_name, kind, version)?;
    let mut diagnostics: Vec<Diagnostic> = Vec::new();
    for path in &args.bodies {
        let text = read_text(path)?;
        let file: FileId = sources.map.add(path.as_str(), text.as_str());
        let parse = if path.extension() == Some("json") { parse_json } else { parse_yaml };
        match parse(file, &text, Limits::default()) {
            Ok(document) => diagnostics.extend(body::check(&entry.schema, &document, &text)),
            Err(said) => diagnostics.extend(said),
        }
    }
    let colour = if args.format == Format::Human { stderr_colour() } else { Colour::Off };
    let text = render::render(&diagnostics, &sources.map, args.format.into(), colour);
    match args.format {
        Format::Human if diagnostics.is_empty() => write_stderr(&format!("{}: valid", plural(args.bodies.len()))),
        Format::Human => write_stderr(text.trim_end()),
        _ => write_stdout(&text)?,
    }
    if diagnostics.iter().any(Diagnostic::is_error) { Err(Error::Reported) } else { Ok(()) }
}

fn plural(bodies: usize) -> String {
    if bodies == 1 { "1 body".to_owned() } else { format!("{bodies} bodies") }
}

fn is_named(all: &[(String, &ResourceType)], name: &str) -> bool {
    all.iter().any(|(full, _)| full.eq_ignore_ascii_case(name))
}

fn find_type<'m>(manifests: &'m [Manifest], wanted: &str) -> Result<&'m ResourceType, Error> {
    let all: Vec<(String, &ResourceType)> = manifests
        .iter()
        .flat_map(|manifest| {
            let namespace = &manifest.namespace.value;
            manifest.types.iter().map(move |(name, kind)| (format!("{namespace}/{name}"), kind))
        })
        .collect();
    let is_wanted = |full: &str| {
        full.eq_ignore_ascii_case(wanted)
            || full.split_once('/').is_some_and(|(_, name)| name.eq_ignore_ascii_case(wanted))
    };
    let found: Vec<&(String, &ResourceType)> = all.iter().filter(|(full, _)| is_wanted(full)).collect();
    match found.as_slice() {
        [(_, kind)] => Ok(kind),
        [] => {
            let names: Vec<&str> = all.iter().map(|(full, _)| full.as_str()).collect();
            let version = wanted.rsplit_once(':').filter(|(name, _)| is_named(&all, name));
            let hint = match radii_model::closest(wanted, names.iter().copied()) {
                _ if version.is_some() => {
                    let (name, version) = version.unwrap_or_default();
                    format!("a version stands behind `@`: write `{name}@{version}`")
                }
                Some(name) => format!("did you mean `{name}`?"),
                None if names.is_empty() => "name the definition's file or folder with `--from PATH`".to_owned(),
                None => format!("the types there are `{}`", names.join("`, `")),
            };
            Err(Error::failed(format!("no type `{wanted}` is defined here")).hint(hint))
        }
        several => {
            let names: Vec<&str> = several.iter().map(|(full, _)| full.as_str()).collect();
            Err(Error::failed(format!("`{wanted}` is the name of several types: {}", names.join(", ")))
                .hint("write the namespace, too"))
        }
    }
}

fn find_version<'t>(name: &str, kind: &'t ResourceType, wanted: Option<&str>) -> Result<&'t VersionEntry, Error> {
    let versions: Vec<String> = kind.api_versions.keys().map(ToString::to_string).collect();
    let version: Option<ApiVersion> = match wanted {
        Some(text) => text.parse().ok(),
        None => kind.default_version().cloned(),
    };
    version.and_then(|version| kind.api_versions.get(&version)).ok_or_else(|| {
        let wanted = wanted.unwrap_or("default");
        Error::failed(format!("`{name}` has no API version `{wanted}`"))
            .hint(format!("its versions are {}", versions.join(", ")))
    })
}
