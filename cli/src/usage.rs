//! What happens to a command line that cannot be read.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory as _, Parser as _};

use radii_model::closest;

use crate::args::Cli;
use crate::output::write_stdout;

/// Prints what is wrong with a command line; who names a command without its sub-command gets the help.
pub fn report(error: clap::Error, words: impl IntoIterator<Item = OsString>) -> ExitCode {
    let wants_help =
        matches!(error.kind(), ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand);
    if !wants_help {
        let error = explained(error);
        // A standard error that nobody reads any more changes nothing about the exit code.
        let _ = error.print();
        return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(crate::error::USAGE));
    }
    // Whether somebody reads it or not, the help was given.
    let _ = write_stdout(&help(words));
    ExitCode::SUCCESS
}

/// Reads a command line; a switch may also be written as `--switch=true` or `--switch=false`.
pub fn read(words: &[OsString]) -> Result<Cli, clap::Error> {
    let read = Cli::try_parse_from(words);
    match &read {
        Err(error) if error.kind() == ErrorKind::TooManyValues => {
            let words = without_values(words);
            Cli::try_parse_from(words).or(read)
        }
        _ => read,
    }
}

/// Leaves the values of switches out, and with `false` the switch, too.
fn without_values(words: &[OsString]) -> Vec<OsString> {
    let mut root = Cli::command();
    root.build();
    let mut command = &root;
    let mut kept = Vec::new();
    for word in words {
        let text = word.to_string_lossy();
        command = command.find_subcommand(text.as_ref()).unwrap_or(command);
        let switch = text.strip_prefix("--").and_then(|text| text.split_once('='));
        let is_switch = |name: &str| {
            let argument = command.get_arguments().find(|argument| argument.get_long() == Some(name));
            argument.is_some_and(|argument| !argument.get_action().takes_values())
        };
        match switch.filter(|(name, _)| is_switch(name)) {
            Some((name, "true")) => kept.push(format!("--{name}").into()),
            Some((_, "false")) => {}
            _ => kept.push(word.clone()),
        }
    }
    kept
}

/// Leaves one suggestion of several: the word that was most likely meant.
fn explained(mut error: clap::Error) -> clap::Error {
    let Some(ContextValue::String(typed)) = error.get(ContextKind::InvalidSubcommand) else { return error };
    let Some(ContextValue::Strings(suggested)) = error.get(ContextKind::SuggestedSubcommand) else { return error };
    // The parser lists what is alike by any letters at all, the most alike last.
    let best = closest(typed, suggested.iter().map(String::as_str)).or(suggested.last().map(String::as_str));
    if let Some(best) = best.map(str::to_owned) {
        error.insert(ContextKind::SuggestedSubcommand, ContextValue::Strings(vec![best]));
    }
    error
}

/// The help of the command that some words lead to.
fn help(words: impl IntoIterator<Item = OsString>) -> String {
    let mut root = Cli::command();
    root.build();
    let mut command = &mut root;
    for word in words {
        let name = word.to_string_lossy();
        if command.find_subcommand(name.as_ref()).is_some() {
            command = command.find_subcommand_mut(name.as_ref()).expect("it was found a line before");
        }
    }
    command.render_help().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn switches_may_have_a_value() {
        let words = ["rad", "group", "delete", "a", "--yes=true", "--quiet=false"].map(OsString::from);
        let kept = without_values(&words);
        assert_eq!(kept, ["rad", "group", "delete", "a", "--yes"].map(OsString::from));
        assert!(read(&words).is_ok());
    }

    #[test]
    fn the_help_is_that_of_the_deepest_command() {
        let text = help(["rad", "-o", "json", "rt"].map(OsString::from));
        assert!(text.contains("Usage: rad resource-type"), "{text}");
        assert!(help(["rad".into()]).contains("Usage: rad [OPTIONS] <COMMAND>"));
    }

    #[test]
    fn one_command_is_suggested() {
        let error = explained(Cli::try_parse_from(["rad", "envrionment", "list"]).unwrap_err());
        assert_eq!(
            error.get(ContextKind::SuggestedSubcommand),
            Some(&ContextValue::Strings(vec!["environment".to_owned()]))
        );
    }
}
