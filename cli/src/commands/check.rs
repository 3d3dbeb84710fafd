//! `rad check`

use std::fs;

use camino::{Utf8Path, Utf8PathBuf};
use clap::ValueEnum;
use radii_codegen::Input;
use radii_diagnostics::render::{self, Colour};
use radii_diagnostics::{Severity, SourceFile, apply_sure_fixes};

use crate::error::Error;
use crate::follow::{Followed, follow};
use crate::output::{write_stderr, write_stdout};
use crate::sources::Sources;

/// What to check.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Manifests, or folders to look for manifests in
    #[arg(value_name = "PATH", default_value = ".")]
    paths: Vec<Utf8PathBuf>,
    /// How problems are written; all but `human` go to standard output
    #[arg(long, value_enum, default_value = "human")]
    format: Format,
    /// Applies the fixes that are sure, and reports what is left
    #[arg(long)]
    fix: bool,
    /// Fails on these, too
    #[arg(long, value_enum, value_name = "WHAT")]
    deny: Option<Deny>,
    /// Goes on after every change of what was read, until it is interrupted
    #[arg(long, conflicts_with = "fix")]
    watch: bool,
}

/// The formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Excerpts of the file with a caret
    Human,
    /// One JSON object per line
    Json,
    /// SARIF 2.1.0
    Sarif,
    /// Workflow commands of GitHub Actions
    Github,
}

impl From<Format> for render::Format {
    fn from(format: Format) -> Self {
        match format {
            Format::Human => render::Format::Human,
            Format::Json => render::Format::Json,
            Format::Sarif => render::Format::Sarif,
            Format::Github => render::Format::Github,
        }
    }
}

/// What can be denied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Deny {
    /// Warnings
    Warnings,
}

/// Reads and checks manifests, and prints what is wrong with them; with `--watch` again and again.
pub fn run(args: &Args) -> Result<(), Error> {
    if !args.watch {
        return round(args, &mut Vec::new());
    }
    follow(Followed { paths: &args.paths, written: None }, || {
        let mut files = Vec::new();
        let result = round(args, &mut files);
        (files, result)
    })
}

/// Checks once; the files that were read are added to `files`.
fn round(args: &Args, files: &mut Vec<Utf8PathBuf>) -> Result<(), Error> {
    let mut sources = read(&args.paths)?;
    files.extend(sources.paths());
    if args.fix {
        sources = mend(sources, &args.paths)?;
    }
    print(&sources, args.format)?;
    let (errors, warnings) = (sources.count(Severity::Error), sources.count(Severity::Warning));
    if errors > 0 || (warnings > 0 && args.deny == Some(Deny::Warnings)) {
        return Err(Error::Reported);
    }
    Ok(())
}

fn read(paths: &[Utf8PathBuf]) -> Result<Sources, Error> {
    let mut sources = Sources::read_to_check(paths)?;
    let together = Input::new(&sources.manifests).diagnostics().to_vec();
    sources.diagnostics.extend(together);
    Ok(sources)
}

/// Applies sure fixes until none is left, and writes the files that changed.
fn mend(mut sources: Sources, paths: &[Utf8PathBuf]) -> Result<Sources, Error> {
    let mut applied = 0;
    // A mended file may show the next mistake; each round mends at least one, and nobody makes this many at once.
    for _ in 0..20 {
        let mut fixed = apply_sure_fixes(&sources.diagnostics, &sources.map);
        // Libraries that a program imports belong to others.
        let path = |file| sources.map.file(file).map(SourceFile::path).unwrap_or_default();
        fixed.texts.retain(|file, _| Utf8Path::new(path(*file)).is_file() && !path(*file).contains("node_modules"));
        if fixed.texts.is_empty() {
            break;
        }
        for (file, text) in &fixed.texts {
            fs::write(path(*file), text).map_err(Error::file("write", path(*file)))?;
        }
        applied += fixed.applied;
        sources = read(paths)?;
    }
    if applied > 0 {
        write_stderr(&format!("applied {applied} {}", if applied == 1 { "fix" } else { "fixes" }));
    }
    Ok(sources)
}

fn print(sources: &Sources, format: Format) -> Result<(), Error> {
    if format == Format::Human {
        sources.report();
        write_stderr(&summary(sources));
        return Ok(());
    }
    write_stdout(&render::render(&sources.diagnostics, &sources.map, format.into(), Colour::Off))
}

fn summary(sources: &Sources) -> String {
    let count = |number: usize, word: &str| format!("{number} {word}{}", if number == 1 { "" } else { "s" });
    format!(
        "checked {}: {}, {}",
        count(sources.files, "manifest"),
        count(sources.count(Severity::Error), "error"),
        count(sources.count(Severity::Warning), "warning")
    )
}
