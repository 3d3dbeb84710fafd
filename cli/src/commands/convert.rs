//! `rad convert`

use std::fs;

use camino::{Utf8Path, Utf8PathBuf};
use radii_codegen::raise;
use radii_diagnostics::SourceMap;
use radii_diagnostics::render::{self, Format};
use radii_model::manifest::{self, Manifest};

use crate::args::Globals;
use crate::error::Error;
use crate::output::{stderr_colour, write_stderr, write_stdout};
use crate::sources::Sources;

/// What to convert.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A manifest in YAML or JSON, which becomes TypeSpec, or a TypeSpec file, which becomes YAML
    #[arg(value_name = "FILE")]
    file: Utf8PathBuf,
    /// File to write instead of standard output; a folder gets one file per provider
    #[arg(long, value_name = "PATH")]
    out: Option<Utf8PathBuf>,
}

/// Converts a manifest to TypeSpec, or TypeSpec to manifests.
pub fn run(args: &Args, globals: &Globals) -> Result<(), Error> {
    let converted = if args.file.extension() == Some("tsp") { to_yaml(args)? } else { vec![to_typespec(args)?] };
    let folder = args.out.as_deref().filter(|out| out.is_dir());
    match (&args.out, folder, converted.as_slice()) {
        (_, Some(folder), all) => {
            for (name, text) in all {
                write(&folder.join(name), text)?;
                globals.output().done(folder.join(name).as_str())?;
            }
            Ok(())
        }
        (Some(out), None, [(_, text)]) => write(out, text),
        (None, None, [(_, text)]) => write_stdout(text),
        (_, None, all) => {
            let names: Vec<&str> = all.iter().map(|(name, _)| name.as_str()).collect();
            Err(Error::failed(format!("`{}` gives {} files: {}", args.file, all.len(), names.join(", ")))
                .hint("name an existing folder with `--out`"))
        }
    }
}

/// Returns the name and text of each manifest.
fn to_yaml(args: &Args) -> Result<Vec<(String, String)>, Error> {
    let sources = Sources::read(std::slice::from_ref(&args.file))?;
    sources.report();
    if sources.has_errors() {
        return Err(Error::Reported);
    }
    if sources.manifests.is_empty() {
        return Err(Error::failed(format!("`{}` has no resource types", args.file))
            .hint("put `@resourceType(\"names\")` from `@radii/typespec` on a model"));
    }
    let named = |manifest: &Manifest| (format!("{}.yaml", manifest.namespace.value), manifest.to_yaml());
    Ok(sources.manifests.iter().map(named).collect())
}

fn to_typespec(args: &Args) -> Result<(String, String), Error> {
    let text = fs::read_to_string(&args.file).map_err(Error::file("read", args.file.as_str()))?;
    if is_template(&text) {
        return Err(Error::failed(format!("`{}` is a deployment template, not a manifest", args.file))
            .hint(format!("name a file with `namespace` and `types`; `rad deploy {}` deploys a template", args.file)));
    }
    let mut map = SourceMap::new();
    let file = map.add(args.file.as_str(), text.as_str());
    let (manifest, mut diagnostics) = manifest::parse(file, &text);
    let failed = diagnostics.iter().any(radii_diagnostics::Diagnostic::is_error);
    let raised =
        manifest.filter(|_| !failed).map(|manifest| (manifest.namespace.value.clone(), raise::raise(&manifest)));
    let (name, raised) = raised.unzip();
    let raised = raised.inspect(|raised| diagnostics.extend(raised.diagnostics.clone()));
    if !diagnostics.is_empty() {
        write_stderr(render::render(&diagnostics, &map, Format::Human, stderr_colour()).trim_end());
    }
    match (name, raised) {
        (Some(name), Some(raised)) => Ok((format!("{name}.tsp"), raised.text)),
        _ => Err(Error::Reported),
    }
}

/// Whether a file is what Bicep compiles to.
fn is_template(text: &str) -> bool {
    let document = serde_json::from_str::<serde_json::Value>(text).unwrap_or_default();
    document.get("resources").is_some() && document.get("namespace").is_none() && document.get("types").is_none()
}

fn write(path: &Utf8Path, text: &str) -> Result<(), Error> {
    fs::write(path, text).map_err(Error::file("write", path.as_str()))
}
