//! `rad diff`

use std::process;

use camino::Utf8PathBuf;
use clap::ValueEnum;
use radii_diagnostics::Span;
use radii_model::ApiVersion;
use radii_model::base::with_base_properties;
use radii_model::compatibility::{Change, Severity, between_providers, between_schemas};
use radii_model::document::Node;
use radii_model::manifest::{Manifest, ResourceType, Spanned, VersionEntry};
use radii_model::schema::Schema;
use serde_json::{Value as Json, json};

use crate::args::Globals;
use crate::error::Error;
use crate::online;
use crate::output::text;
use crate::registry::{find_provider, types_of};
use crate::sources::Sources;
use crate::table::Table;
use crate::workspace::Workspace;

/// What to compare.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The old definition: a manifest or TypeSpec file, REVISION:MANIFEST from Git, or registry:NAMESPACE
    old: String,
    /// The new one; left out, OLD is the new one and is compared with what is registered
    #[arg(required_unless_present_any = ["registry", "versions"])]
    new: Option<String>,
    /// Compares FILE with what is registered under its namespace
    #[arg(long, conflicts_with_all = ["new", "versions"])]
    registry: bool,
    /// Compares two API versions of FILE, such as 2024-08-01..2025-01-01
    #[arg(long, value_name = "OLD..NEW", conflicts_with = "new")]
    versions: Option<String>,
    /// Fails when there is a change this bad
    #[arg(long, value_enum, value_name = "SEVERITY")]
    fail_on: Option<FailOn>,
}

/// From which severity on the command fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FailOn {
    /// Somebody is broken for certain
    Breaking,
    /// Somebody may be broken
    Risky,
    /// Anything changed
    Any,
}

/// Lists what changed, with whom it hurts.
pub fn run(args: &Args, globals: &Globals) -> Result<(), Error> {
    let changes = match (&args.new, &args.versions) {
        (Some(new), _) => {
            let (mut one, mut other) = (read(&args.old, globals)?, read(new, globals)?);
            if [&args.old, new].into_iter().any(|source| source.starts_with("registry:")) {
                add_base_properties(&mut one);
                add_base_properties(&mut other);
            }
            between_providers(&one, &other)
        }
        (None, Some(versions)) => between_versions(&read(&args.old, globals)?, versions)?,
        (None, None) => against_registry(&read(&args.old, globals)?, globals)?,
    };
    print(&changes, globals)?;
    let worst = changes.iter().map(|change| change.severity).max();
    let limit = match args.fail_on {
        None => return Ok(()),
        Some(FailOn::Breaking) => Severity::Breaking,
        Some(FailOn::Risky) => Severity::Risky,
        Some(FailOn::Any) => Severity::Compatible,
    };
    if worst.is_some_and(|worst| worst >= limit) { Err(Error::Reported) } else { Ok(()) }
}

/// Reads a definition: from the registry, from Git, or from a file.
fn read(source: &str, globals: &Globals) -> Result<Manifest, Error> {
    let path = Utf8PathBuf::from(source);
    if path.exists() {
        return Sources::read_manifest(&path);
    }
    match source.split_once(':') {
        Some(("registry", namespace)) => registered(namespace, globals)?.ok_or_else(|| not_registered(namespace)),
        Some((revision, file)) if !revision.is_empty() => Sources::read_text(&path, git_show(revision, file)?),
        _ => Sources::read_manifest(&path),
    }
}

fn git_show(revision: &str, file: &str) -> Result<Vec<u8>, Error> {
    let file = if file.starts_with(['/', '.']) { file.to_owned() } else { format!("./{file}") };
    // The revision and the path are one argument that cannot be taken for a flag.
    let shown = process::Command::new("git").args(["show", "--end-of-options", &format!("{revision}:{file}")]).output();
    let shown = shown.map_err(Error::file("run", "git"))?;
    if shown.status.success() {
        return Ok(shown.stdout);
    }
    let reason = String::from_utf8_lossy(&shown.stderr);
    let reason = reason.trim().trim_start_matches("fatal: ").to_owned();
    Err(Error::failed(format!("git cannot show `{revision}:{file}`: {reason}"))
        .hint("write REVISION:FILE, such as main:types/queues.yaml, with the file as seen from the current folder"))
}

fn not_registered(namespace: &str) -> Error {
    Error::failed(format!("the resource provider `{namespace}` is not registered"))
        .hint("`rad resource-provider list` shows those there are")
}

/// Compares only the types that the file has: the registry may hold others of the same provider.
fn against_registry(new: &Manifest, globals: &Globals) -> Result<Vec<Change>, Error> {
    let namespace = &new.namespace.value;
    let mut old = registered(namespace, globals)?.ok_or_else(|| not_registered(namespace))?;
    old.namespace = new.namespace.clone();
    old.locations = new.locations.clone();
    old.types.retain(|name, _| new.types.contains_key(name));
    let mut new = new.clone();
    add_base_properties(&mut new);
    Ok(between_providers(&old, &new))
}

/// Adds what every registered type has.
fn add_base_properties(manifest: &mut Manifest) {
    for entry in manifest.types.values_mut().flat_map(|it| it.api_versions.values_mut()) {
        entry.schema = with_base_properties(&entry.schema);
    }
}

fn registered(namespace: &str, globals: &Globals) -> Result<Option<Manifest>, Error> {
    let summary = online(async {
        let client = Workspace::find(globals)?.client(globals)?;
        find_provider(&client, namespace).await
    })?;
    let Some(summary) = summary else { return Ok(None) };
    let name = Spanned { value: text(&summary, "/name").to_owned(), span: Span::default() };
    let mut manifest = Manifest { namespace: name, locations: Default::default(), types: Default::default() };
    for registered in types_of(&summary) {
        manifest.types.insert(registered.name.name().to_owned(), resource_type(&registered.entry));
    }
    Ok(Some(manifest))
}

/// Reads a type of a provider's summary.
fn resource_type(entry: &Json) -> ResourceType {
    let spanned = |value: &str| Spanned { value: value.to_owned(), span: Span::default() };
    let mut read = ResourceType {
        description: entry.get("description").and_then(Json::as_str).map(str::to_owned),
        default_api_version: entry.get("defaultApiVersion").and_then(Json::as_str).map(spanned),
        ..ResourceType::default()
    };
    let capabilities = entry.get("capabilities").and_then(Json::as_array).into_iter().flatten();
    read.capabilities = capabilities.filter_map(Json::as_str).map(spanned).collect();
    for (version, entry) in entry.get("apiVersions").and_then(Json::as_object).into_iter().flatten() {
        let Ok(version) = version.parse::<ApiVersion>() else { continue };
        let schema = entry.get("schema").cloned().unwrap_or_else(|| json!({}));
        // The server refuses schemas that cannot be read; one that is stored can.
        let (schema, _) = Schema::from_node(&Node::from_json(&schema, Span::default()), "");
        read.api_versions.insert(version, VersionEntry { key_span: Span::default(), schema });
    }
    read
}

/// Compares one API version of every type with another.
fn between_versions(manifest: &Manifest, versions: &str) -> Result<Vec<Change>, Error> {
    let hint = "write two of its API versions as OLD..NEW, such as 2024-08-01..2025-01-01";
    let pair = versions
        .split_once("..")
        .and_then(|(old, new)| Some((old.parse::<ApiVersion>().ok()?, new.parse::<ApiVersion>().ok()?)));
    let (old, new) = pair.ok_or_else(|| Error::usage(format!("`{versions}` is no pair of API versions")).hint(hint))?;
    let mut changes = Vec::new();
    let mut compared = 0;
    for (name, resource_type) in &manifest.types {
        if let (Some(was), Some(is)) = (resource_type.api_versions.get(&old), resource_type.api_versions.get(&new)) {
            compared += 1;
            changes.extend(between_schemas(&was.schema, &is.schema, &format!("types.{name}.schema")));
        }
    }
    if compared == 0 {
        return Err(Error::failed(format!("no type has both `{old}` and `{new}`")).hint(hint));
    }
    Ok(changes)
}

fn print(changes: &[Change], globals: &Globals) -> Result<(), Error> {
    let output = globals.output();
    if output.is_table() && changes.is_empty() {
        return output.done("nothing changed");
    }
    let value = serde_json::to_value(changes).expect("changes can always be written as JSON");
    output.value(&value, || {
        let mut table = Table::new(["SEVERITY", "PATH", "CHANGE", "WHY"]);
        for change in changes {
            table.row([change.severity.as_str(), &change.path, &change.what, change.why.unwrap_or_default()]);
        }
        table
    })?;
    if output.is_table() {
        let count = |severity| changes.iter().filter(|change| change.severity == severity).count();
        let (breaking, risky, rest) = (count(Severity::Breaking), count(Severity::Risky), count(Severity::Compatible));
        output.note(&format!("{breaking} breaking, {risky} risky, {rest} compatible"));
    }
    Ok(())
}
