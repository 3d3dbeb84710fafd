//! What happens to a command line that cannot be read.

mod flags;
mod mend;
mod names;
mod place;
mod synonyms;
mod values;

use std::ffi::OsString;
use std::io::Write as _;
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
        let is_wrong = error.use_stderr();
        let words: Vec<String> = words.into_iter().map(|word| word.to_string_lossy().into_owned()).collect();
        let (error, text) = if is_wrong { explained(error, &words) } else { (error, None) };
        // A standard error that nobody reads any more changes nothing about the exit code.
        let _ = match text {
            Some(text) => write!(anstream::stderr(), "{}", with_help(&error, &text)),
            None => error.print(),
        };
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

/// Suggests the word that was most likely meant, and returns what to do in one line.
fn explained(mut error: clap::Error, words: &[String]) -> (clap::Error, Option<String>) {
    let root = mend::tree();
    let place = place::find(&root, words);
    if let Some((at, _)) = flags::find_one_hyphen(words, &place) {
        // The parser takes the second letter for a value and would complain about that.
        error = clap::Error::new(ErrorKind::UnknownArgument).with_cmd(place.command);
        error.insert(ContextKind::InvalidArg, ContextValue::String(words[at].clone()));
    }
    let remedy = mend::remedy(words, &error);
    let (kind, value) = match error.kind() {
        ErrorKind::InvalidSubcommand => {
            let found = remedy.instead.or_else(|| best(&error).filter(|_| remedy.text.is_none()));
            (ContextKind::SuggestedSubcommand, found.map(|name| ContextValue::Strings(vec![name])))
        }
        ErrorKind::UnknownArgument => (ContextKind::SuggestedArg, remedy.instead.map(ContextValue::String)),
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            (ContextKind::SuggestedValue, remedy.instead.map(ContextValue::String))
        }
        _ => (ContextKind::Custom, None),
    };
    // Two guesses that differ are worse than none: the line that is shown whole counts.
    if remedy.text.is_some() {
        error.remove(kind);
        error.remove(ContextKind::Suggested);
    }
    if let Some(value) = value {
        error.insert(kind, value);
    }
    if error.get(ContextKind::Usage).is_some() {
        // The parser's own lists flags that the environment has set, and the guess that was not taken.
        error.insert(ContextKind::Usage, ContextValue::StyledStr(place.command.clone().render_usage()));
    }
    (error, remedy.text)
}

/// The most alike of the commands that the parser suggests: alike by any letters at all, the most alike last.
fn best(error: &clap::Error) -> Option<String> {
    let Some(ContextValue::String(typed)) = error.get(ContextKind::InvalidSubcommand) else { return None };
    let Some(ContextValue::Strings(suggested)) = error.get(ContextKind::SuggestedSubcommand) else { return None };
    closest(typed, suggested.iter().map(String::as_str)).map(str::to_owned).or_else(|| suggested.last().cloned())
}

/// Writes an error with what to do above its usage.
fn with_help(error: &clap::Error, text: &str) -> String {
    let said = error.render().ansi().to_string();
    let is_end = |line: &str| line.contains("Usage:") || line.contains("For more information");
    let style = anstyle::AnsiColor::Green.on_default();
    let help = format!("  {style}help:{style:#} {text}\n\n");
    let end = said.split_inclusive('\n').take_while(|line| !is_end(line)).map(str::len).sum::<usize>();
    format!("{}{help}{}", &said[..end], &said[end..])
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

    /// What a line is answered with, without colours.
    fn answer(line: &str) -> String {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        let error = Cli::try_parse_from(&words).unwrap_err();
        let (error, text) = explained(error, &words);
        let said = text.map(|text| with_help(&error, &text)).unwrap_or_else(|| error.render().to_string());
        anstream::adapter::strip_str(&said).to_string()
    }

    #[test]
    fn one_command_is_suggested() {
        let said = answer("rad envrionment list");
        assert!(said.contains("similar subcommand exists: 'environment'"), "{said}");
        assert_eq!(said.matches("exists").count(), 1, "{said}");
    }

    #[test]
    fn the_line_that_was_meant_is_written_out() {
        for (typed, meant) in [
            ("rad list resource types", "rad resource-type list"),
            ("rad resource types list", "rad resource-type list"),
            ("rad Group list", "rad group list"),
            ("rad rad group list", "rad group list"),
            ("rad create-group dev", "rad group create dev"),
            ("rad env default show", "rad env show default"),
            ("rad get envs", "rad env list"),
            ("rad app deploy app.bicep", "rad deploy app.bicep"),
            ("rad group --list", "rad group list"),
            ("rad deploy app.bicep -env dev", "rad deploy app.bicep --environment dev"),
            ("rad diff --old a.yaml --new b.yaml", "rad diff a.yaml b.yaml"),
            ("rad bicep pub --file a.bicep --target br:b", "rad bicep publish --file a.bicep --target br:b"),
            ("rad env set dev", "rad env switch dev"),
            ("rad resource-type update -f types.yaml", "rad resource-type create -f types.yaml"),
            ("rad token create dev --role reader", "rad token new dev --role reader"),
            ("rad workspace create local", "rad workspace create kubernetes local"),
            ("rad deploy app.bicep --parameter-file p.json", "rad deploy app.bicep --parameters @p.json"),
            ("rad generate types.yaml --format bicep", "rad generate types.yaml --target bicep"),
            ("rad check types.yaml --json", "rad check types.yaml --format json"),
            ("rad convert types.yaml types.tsp", "rad convert types.yaml --out types.tsp"),
            ("rad fmt --write types.tsp", "rad fmt types.tsp"),
            (
                "rad register recipe x --type A.B/c --kind tf --path p",
                "rad recipe register x --resource-type A.B/c --template-kind terraform --template-path p",
            ),
            ("rad get env dev", "rad env show dev"),
            ("rad delete Contoso.Res/boxes one", "rad resource delete Contoso.Res/boxes one"),
            (
                "rad recipe add x --type A.B/c --kind tf --path p",
                "rad recipe register x --resource-type A.B/c --template-kind terraform --template-path p",
            ),
            ("rad recipe rm x --type A.B/c", "rad recipe unregister x --resource-type A.B/c"),
            ("rad deploy -f app.bicep", "rad deploy app.bicep"),
            ("rad deploy app.bicep size=3", "rad deploy app.bicep --parameters size=3"),
            ("rad group create --name dev", "rad group create dev"),
            ("rad group delete dev --force", "rad group delete dev --yes"),
            ("rad group delete dev --yes=please", "rad group delete dev --yes"),
            ("rad env create dev docker", "rad env create dev --kind docker"),
            ("rad group list dev", "rad group show dev"),
            ("rad resource show A.B c d", "rad resource show A.B/c d"),
            ("rad resource create A.B/c d e.yaml", "rad resource create A.B/c d --from-file e.yaml"),
            ("rad resource list --resource_group dev", "rad resource list --group dev"),
        ] {
            let said = answer(typed);
            assert!(said.contains(&format!("help: did you mean `{meant}`?")), "{typed}\n{said}");
        }
    }

    #[test]
    fn what_is_missing_is_shown_by_an_example() {
        for (typed, example) in [
            ("rad env create", "rad env create <NAME>"),
            ("rad group list -o", "rad group list -o table"),
            ("rad serve --rate-limit", "rad serve --rate-limit <NUMBER>"),
            ("rad resource expose A.B/c d --port http", "rad resource expose A.B/c d --port <PORT>"),
            ("rad resource show A.B/c", "rad resource show A.B/c <NAME>"),
        ] {
            let said = answer(typed);
            assert!(said.contains(&format!("help: write it like `{example}`")), "{typed}\n{said}");
        }
    }

    #[test]
    fn the_wrong_word_is_named_where_the_message_does_not() {
        let said = answer("rad resource show A.B/c/d");
        assert!(
            said.contains("`A.B/c/d` is type and name in one word; did you mean `rad resource show A.B/c d`?"),
            "{said}"
        );
        let said = answer("rad resource delete one");
        assert!(said.contains("`one` is no type; write it like `rad resource delete <TYPE> one`"), "{said}");
    }

    #[test]
    fn flags_of_other_commands_are_told() {
        let said = answer("rad resource list --namespace dev");
        assert!(!said.contains("--workspace"), "{said}");
        let said = answer("rad group list --simulated");
        assert!(said.contains("help: `--simulated` is a flag of `rad environment create`"), "{said}");
    }
}
