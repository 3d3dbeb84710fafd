//! Finds out which command line was meant, one mistake after the other.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, CommandFactory as _, Parser as _};

use super::place::{self, Place};
use super::{flags, names, synonyms, values};
use crate::args::Cli;

/// How many mistakes in one line are looked at.
const MISTAKES: usize = 5;

/// A command line with one mistake less.
#[derive(Debug, PartialEq, Eq)]
pub struct Step {
    /// All its words.
    pub words: Vec<String>,
    /// What stands now where the wrong word stood, if one word does.
    pub instead: Option<String>,
    /// Whether a word of the user's has still to be put in.
    pub is_example: bool,
    /// What is wrong with a word that the parser's message does not name.
    pub because: Option<String>,
}

impl Step {
    /// Puts other words in the place of one.
    pub fn replace(words: &[String], at: usize, with: &[&str]) -> Self {
        let mut all = words.to_vec();
        all.splice(at..=at, with.iter().map(|&word| word.to_owned()));
        let instead = if with.len() == 1 { Some(with[0].to_owned()) } else { None };
        Self { words: all, instead, is_example: false, because: None }
    }

    /// Makes of these words the line.
    pub fn of(words: Vec<String>) -> Self {
        Self { words, instead: None, is_example: false, because: None }
    }
}

/// What to type instead.
pub struct Remedy {
    /// The right word for the first wrong one.
    pub instead: Option<String>,
    /// What to do, in one line.
    pub text: Option<String>,
}

/// The whole tree of commands, with what the global flags add to each.
pub fn tree() -> Command {
    let mut root = Cli::command();
    root.build();
    root
}

/// The mistake that the parser stumbles over afterwards.
fn next_error(words: &[String]) -> Option<clap::Error> {
    let is_help = |kind| {
        matches!(
            kind,
            ErrorKind::MissingSubcommand
                | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
                | ErrorKind::DisplayHelp
                | ErrorKind::DisplayVersion
        )
    };
    Cli::try_parse_from(words).err().filter(|error| !is_help(error.kind()))
}

/// Whether a command line can be read.
pub fn is_right(words: &[String]) -> bool {
    next_error(words).is_none()
}

/// Finds out what was meant.
pub fn remedy(words: &[String], error: &clap::Error) -> Remedy {
    let root = tree();
    let first = step(&root, words, error);
    let instead = first.as_ref().and_then(|first| first.instead.clone());
    let because = first.as_ref().and_then(|first| first.because.clone());
    let text = first.and_then(|first| completed(&root, first)).map(|text| match because {
        Some(because) => format!("{because}; {text}"),
        None => text,
    });
    let text = text.or_else(|| other(&root, words, error));
    Remedy { instead, text }
}

/// Takes the other mistakes out, too; a line that is wrong even then is nobody's remedy.
fn completed(root: &Command, first: Step) -> Option<String> {
    let mut line = first;
    for _ in 0..MISTAKES {
        let error = next_error(&line.words).filter(|error| !(line.is_example && is_about_placeholder(error)));
        let Some(error) = error else {
            let text = shown(&line.words);
            return Some(if line.is_example {
                format!("write it like `{text}`")
            } else {
                format!("did you mean `{text}`?")
            });
        };
        let next = step(root, &line.words, &error)?;
        line = Step { is_example: line.is_example || next.is_example, ..next };
    }
    None
}

/// Whether an error is that `<NUMBER>` is no number.
fn is_about_placeholder(error: &clap::Error) -> bool {
    text(error, ContextKind::InvalidValue).is_some_and(|value| value.starts_with('<') && value.ends_with('>'))
}

fn step(root: &Command, words: &[String], error: &clap::Error) -> Option<Step> {
    let place = place::find(root, words);
    if let Some(step) = flags::with_one_hyphen(words, &place) {
        return Some(step);
    }
    match error.kind() {
        ErrorKind::InvalidSubcommand => names::step(root, words, &place),
        ErrorKind::UnknownArgument => match text(error, ContextKind::InvalidArg)? {
            flag if flag.starts_with('-') => flags::step(words, &place, flag, error),
            word => values::surplus(words, &place, word),
        },
        ErrorKind::MissingRequiredArgument => values::missing(words, &place, error),
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => values::invalid(words, &place, error),
        ErrorKind::TooManyValues => flags::without_value(words, &place, error),
        _ => None,
    }
}

/// A remedy that is no command line.
fn other(root: &Command, words: &[String], error: &clap::Error) -> Option<String> {
    let place = place::find(root, words);
    let name = shown(&command_words(words, &place));
    match error.kind() {
        ErrorKind::InvalidSubcommand => Some(unknown_command(words, &place, &name)),
        ErrorKind::UnknownArgument => {
            let typed = text(error, ContextKind::InvalidArg)?;
            if !typed.starts_with('-') {
                return Some(format!("leave `{typed}` out"));
            }
            Some(match flags::owners(root, typed).as_slice() {
                [] => format!("`{name} --help` lists the flags that there are"),
                owners => format!("`{typed}` is a flag of {}", owners.join(", ")),
            })
        }
        ErrorKind::ArgumentConflict => Some("leave one of the two out".to_owned()),
        _ => None,
    }
}

/// What to do about a command that nobody can guess.
fn unknown_command(words: &[String], place: &Place<'_>, name: &str) -> String {
    let typed = place.rest.first().map(|&at| words[at].to_lowercase()).unwrap_or_default();
    if place.names.is_empty() {
        return match synonyms::verbs(&typed).next() {
            Some(verb) => {
                let has_verb = |group: &&Command| group.find_subcommand(verb).is_some() && !group.is_hide_set();
                let mut groups: Vec<&str> =
                    place.command.get_subcommands().filter(has_verb).map(Command::get_name).collect();
                groups.sort_by_key(|name| (*name != "resource-type", *name));
                let group = groups.first().copied().unwrap_or("resource-type");
                format!("say of what, such as `rad {group} {verb}`; `rad --help` lists what there is")
            }
            None => "`rad --help` lists the commands".to_owned(),
        };
    }
    let below = place.command.get_subcommands().filter(|below| !below.is_hide_set() && below.get_name() != "help");
    let below: Vec<String> = below.map(|below| format!("`{name} {}`", below.get_name())).collect();
    format!("there are {}", below.join(", "))
}

/// The words of a line that name its command.
pub fn command_words(words: &[String], place: &Place<'_>) -> Vec<String> {
    let names = place.names.iter().map(|&at| words[at].clone());
    std::iter::once("rad".to_owned()).chain(names).collect()
}

/// What an error says about one thing.
pub fn text(error: &clap::Error, kind: ContextKind) -> Option<&str> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text),
        _ => None,
    }
}

/// Writes a command line as it is typed.
fn shown(words: &[String]) -> String {
    let is_plain = |word: &str| {
        let is_placeholder = word.starts_with('<') && word.trim_end_matches('.').ends_with('>');
        is_placeholder
            || (!word.is_empty()
                && !word.contains(|sign: char| sign.is_whitespace() || "'\"$`\\|&;<>()*?!#".contains(sign)))
    };
    let quoted =
        |word: &String| if is_plain(word) { word.clone() } else { format!("'{}'", word.replace('\'', r"'\''")) };
    let rest = words.iter().skip(1).map(quoted);
    std::iter::once("rad".to_owned()).chain(rest).collect::<Vec<_>>().join(" ")
}
