//! `rad generate`

use camino::Utf8PathBuf;
use clap::ValueEnum;
use radii_codegen::emit::{self, Documents, Revision};
use radii_codegen::templates::TemplateFolder;
use radii_codegen::{Compat, Input, Options, Output, Target, bicep, generate, write};
use radii_diagnostics::{Diagnostic, FileId, Severity};
use radii_model::document::{Limits, parse_yaml};
use radii_model::manifest::Manifest;

use crate::args::Globals;
use crate::error::Error;
use crate::follow::{Followed, follow};
use crate::sources::Sources;

/// What to generate.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Manifests and TypeSpec files, or folders to look for them in
    #[arg(value_name = "PATH", default_value = ".")]
    paths: Vec<Utf8PathBuf>,
    /// Targets: bicep, json-schema, openapi, docs, manifest [default: all]
    #[arg(short, long = "target", value_delimiter = ',', value_name = "TARGET")]
    targets: Vec<Target>,
    /// Folder to write to; each target has a folder of its own there
    #[arg(long, value_name = "DIR", default_value = "generated")]
    out: Utf8PathBuf,
    /// Folder of Handlebars templates that replace or add to the built-in ones
    #[arg(long, value_name = "DIR")]
    templates: Option<Utf8PathBuf>,
    /// Version of OpenAPI to write [default: 3.0; of TypeSpec models without resource types: both]
    #[arg(long, value_enum, value_name = "VERSION")]
    openapi_version: Option<OpenApiVersion>,
    /// Reproduces the faults of an upstream Bicep converter
    #[arg(long, value_enum, num_args = 0..=1, require_equals = true, default_missing_value = "go", value_name = "CONVERTER")]
    compat: Option<Converter>,
    /// Goes on after every change of what was read, until it is interrupted
    #[arg(long)]
    watch: bool,
}

/// The converters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Converter {
    /// The one built into Radius' command line
    Go,
    /// Its predecessor
    Typescript,
}

/// The versions of OpenAPI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum OpenApiVersion {
    #[value(name = "3.0")]
    V30,
    #[value(name = "3.1")]
    V31,
}

impl From<OpenApiVersion> for Revision {
    fn from(version: OpenApiVersion) -> Self {
        match version {
            OpenApiVersion::V30 => Revision::V30,
            OpenApiVersion::V31 => Revision::V31,
        }
    }
}

/// Generates the artifacts of all manifests and writes those that changed; with `--watch` again and again.
pub fn run(args: &Args, globals: &Globals) -> Result<(), Error> {
    if !args.watch {
        return round(args, globals, &mut Vec::new());
    }
    let templates = args.templates.iter().cloned();
    let paths: Vec<Utf8PathBuf> = args.paths.iter().cloned().chain(templates).collect();
    follow(Followed { paths: &paths, written: Some(&args.out) }, || {
        let mut read = Vec::new();
        let result = round(args, globals, &mut read);
        (read, result)
    })
}

/// Generates once; the files that were read are added to `read`.
fn round(args: &Args, globals: &Globals, read: &mut Vec<Utf8PathBuf>) -> Result<(), Error> {
    let compat = match args.compat {
        None => Compat::Off,
        Some(Converter::Go) => Compat::Go,
        Some(Converter::Typescript) => Compat::TypeScript,
    };
    let targets = if args.targets.is_empty() { Target::ALL.to_vec() } else { args.targets.clone() };
    let documents_only = targets.iter().all(|target| matches!(target, Target::OpenApi | Target::JsonSchema));
    let mut sources = match compat {
        Compat::Off if documents_only => Sources::read_for_documents(&args.paths)?,
        Compat::Off => Sources::read(&args.paths)?,
        // What the upstream converter accepts is more, and sometimes less, than what the registry accepts.
        compat => Sources::read_by(&args.paths, &move |file, text| read_as_upstream(file, text, compat))?,
    };
    read.extend(sources.paths());
    if sources.has_errors() {
        sources.report();
        return Err(Error::Reported);
    }
    let templates = match &args.templates {
        Some(folder) => {
            Some(TemplateFolder::read(folder).map_err(Error::file("read the templates in", folder.as_str()))?)
        }
        None => None,
    };
    let revision = args.openapi_version.map(Revision::from);
    let options = Options { compat, openapi: revision.unwrap_or_default(), templates };
    let mut made = generate(&Input::new(&sources.manifests), &targets, &options);
    for program in &sources.programs {
        documents(program, &targets, revision, &mut made);
    }
    let failed = made.has_errors();
    sources.diagnostics.extend(made.diagnostics);
    let notes = sources.count(Severity::Note);
    if !globals.verbose {
        sources.diagnostics.retain(|diagnostic| diagnostic.severity != Severity::Note);
    }
    sources.report();
    if notes > 0 && !globals.verbose {
        globals.output().note(&format!("{notes} notes about what a target cannot express; `--verbose` shows them"));
    }
    if failed {
        return Err(Error::Reported);
    }
    let written = write::folder(&args.out, &made.artifacts).map_err(written_badly)?;
    let output = globals.output();
    if globals.verbose {
        written.changed.iter().for_each(|path| output.note(path.as_str()));
    }
    output.done(&format!("{}: {} written, {} unchanged", args.out, written.changed.len(), written.unchanged.len()))
}

/// Adds the documents of a program of models.
fn documents(program: &typespec::Program, targets: &[Target], revision: Option<Revision>, made: &mut Output) {
    let mut add = |folder: &str, documents: Documents| {
        for (name, document) in documents.files {
            let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
            text.push('\n');
            made.artifacts.insert(format!("{folder}/{name}"), text);
        }
        made.diagnostics.extend(documents.diagnostics);
    };
    if targets.contains(&Target::OpenApi) {
        let all = [("openapi/3.0", Revision::V30), ("openapi/3.1", Revision::V31)];
        for (folder, own) in all.into_iter().filter(|(_, own)| revision.is_none_or(|wanted| wanted == *own)) {
            add(folder, emit::openapi(program, own));
        }
    }
    if targets.contains(&Target::JsonSchema) {
        add("json-schema", emit::json_schema(program));
    }
}

fn read_as_upstream(file: FileId, text: &str, compat: Compat) -> (Option<Manifest>, Vec<Diagnostic>) {
    match parse_yaml(file, text, Limits::default()) {
        Err(diagnostics) => (None, diagnostics),
        Ok(document) => match bicep::read_as_upstream(&document, compat) {
            Ok(manifest) => (Some(manifest), Vec::new()),
            Err(diagnostic) => (None, vec![*diagnostic]),
        },
    }
}

fn written_badly(error: write::Error) -> Error {
    match error {
        write::Error::CreateFolder { path, source } => Error::file("create the folder", path.as_str())(source),
        write::Error::WriteFile { path, source } => Error::file("write", path.as_str())(source),
        error @ write::Error::OutsideFolder { .. } => Error::failed(error.to_string()),
    }
}
