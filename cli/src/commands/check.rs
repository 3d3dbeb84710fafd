//! `rad check`

use camino::Utf8PathBuf;
use clap::ValueEnum;
use radii_codegen::Input;
use radii_diagnostics::Severity;
use radii_diagnostics::render::{self, Colour};

use crate::error::Error;
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
    /// Fails on these, too
    #[arg(long, value_enum, value_name = "WHAT")]
    deny: Option<Deny>,
}

/// The formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Excerpts of the file with a caret
    Human,
    /// One JSON object per line
    Json,
    /// SARIF 2.1.0
    Sarif,
    /// Workflow commands of GitHub Actions
    Github,
}

/// What can be denied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Deny {
    /// Warnings
    Warnings,
}

/// Reads and checks manifests, and prints what is wrong with them.
pub fn run(args: &Args) -> Result<(), Error> {
    let mut sources = Sources::read_to_check(&args.paths)?;
    let together = Input::new(&sources.manifests).diagnostics().to_vec();
    sources.diagnostics.extend(together);
    print(&sources, args.format)?;
    let (errors, warnings) = (sources.count(Severity::Error), sources.count(Severity::Warning));
    if errors > 0 || (warnings > 0 && args.deny == Some(Deny::Warnings)) {
        return Err(Error::Reported);
    }
    Ok(())
}

fn print(sources: &Sources, format: Format) -> Result<(), Error> {
    let machine = |format| render::render(&sources.diagnostics, &sources.map, format, Colour::Off);
    match format {
        Format::Human => {
            sources.report();
            write_stderr(&summary(sources));
            Ok(())
        }
        Format::Json => write_stdout(&machine(render::Format::Json)),
        Format::Sarif => write_stdout(&machine(render::Format::Sarif)),
        Format::Github => write_stdout(&machine(render::Format::Github)),
    }
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
