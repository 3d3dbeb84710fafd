//! `rad fmt`

use std::fs;

use camino::{Utf8Path, Utf8PathBuf};
use radii_diagnostics::SourceMap;
use radii_diagnostics::render::{self, Format};

use crate::args::Globals;
use crate::error::Error;
use crate::output::{stderr_colour, write_stderr, write_stdout};
use crate::sources::typespec_files;

/// What to format.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// TypeSpec files, or folders to look for them in
    #[arg(value_name = "PATH", default_value = ".")]
    paths: Vec<Utf8PathBuf>,
    /// Changes nothing; prints the files that are not formatted and fails if there are any
    #[arg(long)]
    check: bool,
}

/// What became of a file.
enum Outcome {
    Unchanged,
    Formatted,
    Refused,
}

/// Formats TypeSpec files as the reference formatter does.
pub fn run(args: &Args, globals: &Globals) -> Result<(), Error> {
    // A folder holds files of all kinds; a file that is named is meant.
    if let Some(path) = args.paths.iter().find(|path| path.is_file() && path.extension() != Some("tsp")) {
        return Err(Error::failed(format!("`{path}` is no TypeSpec"))
            .hint("only `.tsp` files are formatted; `rad convert` makes TypeSpec of a manifest"));
    }
    let files = typespec_files(&args.paths)?;
    let (mut formatted, mut refused) = (0, 0);
    for file in &files {
        match format(file, args.check)? {
            Outcome::Unchanged => {}
            Outcome::Refused => refused += 1,
            Outcome::Formatted => {
                formatted += 1;
                if args.check {
                    write_stdout(&format!("{file}\n"))?;
                }
            }
        }
    }
    let word = if args.check { "not formatted" } else { "formatted" };
    let plural = if files.len() == 1 { "" } else { "s" };
    globals.output().note(&format!("{} file{plural}, {formatted} {word}, {refused} refused", files.len()));
    if refused > 0 || (args.check && formatted > 0) { Err(Error::Reported) } else { Ok(()) }
}

fn format(path: &Utf8Path, check: bool) -> Result<Outcome, Error> {
    let text = fs::read_to_string(path).map_err(Error::file("read", path.as_str()))?;
    let mut sources = SourceMap::new();
    let file = sources.add(path.as_str(), text.as_str());
    let formatted = match typespec::format(file, &text) {
        Ok(formatted) => formatted,
        Err(diagnostics) => {
            write_stderr(render::render(&diagnostics, &sources, Format::Human, stderr_colour()).trim_end());
            return Ok(Outcome::Refused);
        }
    };
    if formatted == text {
        return Ok(Outcome::Unchanged);
    }
    if !check {
        // Written beside and moved into place, so that nobody ever sees half a file.
        let beside = Utf8PathBuf::from(format!("{path}.formatting"));
        fs::write(&beside, formatted).map_err(Error::file("write", beside.as_str()))?;
        fs::rename(&beside, path).map_err(Error::file("write", path.as_str()))?;
    }
    Ok(Outcome::Formatted)
}
