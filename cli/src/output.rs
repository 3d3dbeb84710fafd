//! What a command prints: data to standard output, everything else to standard error.

use std::io::{self, IsTerminal as _, Write as _};

use anstyle::{AnsiColor, Style};
use radii_diagnostics::render::Colour;
use serde_json::Value as Json;

use crate::error::Error;
use crate::table::Table;

/// How data is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Columns for people.
    #[default]
    Table,
    /// JSON for programs.
    Json,
    /// YAML for both.
    Yaml,
    /// The same as `table`.
    PlainText,
}

/// Where a command prints to, and how.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    /// How data is printed.
    pub format: Format,
    /// Whether messages about success and progress are left out.
    pub quiet: bool,
}

impl Output {
    /// Prints a value: as a table, or as it is.
    pub fn value(&self, value: &Json, table: impl FnOnce() -> Table) -> Result<(), Error> {
        match self.format {
            Format::Table | Format::PlainText => write_stdout(&table().render()),
            Format::Json => write_stdout(&pretty(value)),
            Format::Yaml => write_stdout(&yaml(value, 2)),
        }
    }

    /// Prints several values after each other: tables with an empty line between, or documents.
    pub fn values(&self, values: Vec<(Json, Table)>) -> Result<(), Error> {
        let between = if self.format == Format::Yaml { "---\n" } else { "\n" };
        let texts: Vec<String> = values
            .into_iter()
            .map(|(value, table)| match self.format {
                Format::Table | Format::PlainText => table.render(),
                Format::Json => pretty(&value),
                Format::Yaml => yaml(&value, 2),
            })
            .collect();
        write_stdout(&texts.join(between))
    }

    /// Whether data is printed for people.
    pub fn is_table(&self) -> bool {
        matches!(self.format, Format::Table | Format::PlainText)
    }

    /// Prints that something was done, unless `--quiet`.
    pub fn done(&self, message: &str) -> Result<(), Error> {
        if self.quiet { Ok(()) } else { write_stdout(&format!("{message}\n")) }
    }

    /// Prints a remark about progress to standard error, unless `--quiet`.
    pub fn note(&self, message: &str) {
        if !self.quiet {
            write_stderr(message);
        }
    }
}

/// Prints text as it is to standard output.
pub fn write_stdout(text: &str) -> Result<(), Error> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(Error::OutputClosed),
        Err(source) => Err(Error::File { doing: "write to", path: "standard output".to_owned(), source }),
    }
}

/// Prints a line to standard error; that it cannot be printed is nobody's news.
pub fn write_stderr(line: &str) {
    let _ = writeln!(anstream::stderr(), "{line}");
}

/// Prints a warning.
pub fn warn(message: &str) {
    write_stderr(&format!("{}: {message}", role("warning", AnsiColor::Yellow)));
}

/// Prints how a command failed.
pub fn report(error: &Error) {
    let Some(text) = error.report() else { return };
    let text = match text.rsplit_once("\nhint: ") {
        Some((text, hint)) => format!("{text}\n{}: {hint}", role("hint", AnsiColor::Cyan)),
        None => text,
    };
    write_stderr(&format!("{}: {text}", role("error", AnsiColor::Red)));
}

fn role(word: &str, colour: AnsiColor) -> String {
    let style = Style::new().bold().fg_color(Some(colour.into()));
    format!("{style}{word}{style:#}")
}

/// Whether colours may be written to standard error.
pub fn stderr_colour() -> Colour {
    match anstream::AutoStream::choice(&io::stderr()) {
        anstream::ColorChoice::Never => Colour::Off,
        _ => Colour::On,
    }
}

/// Whether standard error is a terminal, so that progress may move on it.
pub fn stderr_is_terminal() -> bool {
    io::stderr().is_terminal()
}

fn pretty(value: &Json) -> String {
    // A `Value` has only string keys and finite numbers, so writing it cannot fail.
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}

/// Writes a value as YAML, each level indented by so many blanks.
///
/// Long texts stay on their line, where ids can be searched and copied.
pub fn yaml(value: &Json, indent_step: usize) -> String {
    let options = serde_saphyr::ser_options! { indent_step: indent_step, folded_wrap_chars: usize::MAX };
    let mut text = serde_saphyr::to_string_with_options(value, options).unwrap_or_default();
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

/// Returns the value with the keys of every object sorted, as the stock command line prints resources.
pub fn sorted(value: &Json) -> Json {
    match value {
        Json::Array(items) => items.iter().map(sorted).collect(),
        Json::Object(members) => {
            let mut members: Vec<_> = members.iter().map(|(key, value)| (key.clone(), sorted(value))).collect();
            members.sort_by(|(a, _), (b, _)| a.cmp(b));
            Json::Object(members.into_iter().collect())
        }
        other => other.clone(),
    }
}

/// Returns the columns RESOURCE, TYPE, GROUP and STATE of some resources.
pub fn resource_table<'a>(resources: impl IntoIterator<Item = &'a Json>) -> Table {
    let mut table = Table::new(["RESOURCE", "TYPE", "GROUP", "STATE"]);
    for resource in resources {
        let id = text(resource, "/id");
        let group = id.parse().ok().and_then(|id: radii_model::ResourceId| id.resource_group().map(str::to_owned));
        let group = group.unwrap_or_default();
        table.row([
            text(resource, "/name"),
            text(resource, "/type"),
            &group,
            text(resource, "/properties/provisioningState"),
        ]);
    }
    table
}

/// Returns the text at a JSON pointer, or nothing.
pub fn text<'a>(value: &'a Json, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Json::as_str).unwrap_or_default()
}
