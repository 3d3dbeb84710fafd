//! Flags by other names, with one hyphen, with a value where they have none, or of other commands.

use clap::Command;
use clap::error::ContextKind;

use radii_model::closest;

use super::mend::{Step, text};
use super::place::{self, Place};
use super::synonyms;

/// How many commands are named that have a flag.
const OWNERS: usize = 3;

/// `-output json` instead of `--output json`.
pub fn with_one_hyphen(words: &[String], place: &Place<'_>) -> Option<Step> {
    let (at, name) = find_one_hyphen(words, place)?;
    Some(Step::replace(words, at, &[&format!("--{name}")]))
}

/// The long flag that is written with one hyphen.
pub fn find_one_hyphen<'a>(words: &'a [String], place: &Place<'_>) -> Option<(usize, &'a str)> {
    let end = words.iter().position(|word| word == "--").unwrap_or(words.len());
    words[..end].iter().enumerate().skip(1).find_map(|(at, word)| {
        let name = word.strip_prefix('-').filter(|name| !name.starts_with('-'))?;
        let own = name.split('=').next()?;
        let is_known = || synonyms::FLAGS.iter().any(|(names, _)| names.contains(&own));
        let is_long = own.len() > 2 && (place::long(place.command, own).is_some() || is_known());
        is_long.then_some((at, name))
    })
}

/// Finds the flag that was meant.
pub fn step(words: &[String], place: &Place<'_>, typed: &str, error: &clap::Error) -> Option<Step> {
    let name = typed.trim_start_matches('-').to_lowercase().replace('_', "-");
    let at = words.iter().position(|word| word == typed || word.starts_with(&format!("{typed}=")))?;
    let value = words[at].split_once('=').map(|(_, value)| value);
    let renamed = |name: &str| match value {
        Some(value) => {
            Step { instead: Some(format!("--{name}")), ..Step::replace(words, at, &[&format!("--{name}={value}")]) }
        }
        None => Step::replace(words, at, &[&format!("--{name}")]),
    };
    if place::long(place.command, &name).is_some() {
        return Some(renamed(&name));
    }
    if place.command.find_subcommand(&name).is_some() {
        return Some(Step::replace(words, at, &[&name]));
    }
    let following = value.or(words.get(at + 1).map(String::as_str)).unwrap_or_default();
    let rows = synonyms::FLAGS.iter().filter(|(names, _)| names.contains(&name.as_str()));
    for &meant in rows.flat_map(|(_, meant)| *meant) {
        match meant.split_once(' ') {
            _ if meant == "-" => return Some(Step::replace(words, at, &[])),
            _ if meant.is_empty() && names_argument(place, &name) && takes_another(place, words, at) => {
                return Some(Step::replace(words, at, value.as_slice()));
            }
            Some((flag, value)) if place::long(place.command, flag).is_some() => {
                let line = Step::replace(words, at, &[&format!("--{flag}"), value]);
                return Some(Step { instead: Some(format!("--{flag} {value}")), ..line });
            }
            None if meant == "parameters"
                && place::is_file(following)
                && value.is_none()
                && takes(words, place, meant, following) =>
            {
                let line = Step::replace(words, at + 1, &[&format!("@{following}")]);
                return Some(Step {
                    instead: Some("--parameters".to_owned()),
                    ..Step::replace(&line.words, at, &["--parameters"])
                });
            }
            None if takes(words, place, meant, following) => return Some(renamed(meant)),
            _ => {}
        }
    }
    // `--kubernetes` instead of `--kind kubernetes`.
    let is_value = |flag: &&clap::Arg| {
        let is_own = |value: &clap::builder::PossibleValue| value.get_name() == name;
        flag.get_long().is_some() && flag.get_possible_values().iter().any(is_own)
    };
    if let Some(flag) = place.command.get_arguments().find(is_value).and_then(clap::Arg::get_long) {
        let line = Step::replace(words, at, &[&format!("--{flag}"), &name]);
        return Some(Step { instead: Some(format!("--{flag} {name}")), ..line });
    }
    let alike = text(error, ContextKind::SuggestedArg)?.split(['=', ' ']).next()?.strip_prefix("--")?;
    let is_alike = alike.starts_with(&name) || name.starts_with(alike) || closest(&name, [alike]).is_some();
    is_alike.then(|| renamed(alike))
}

/// Whether what a flag names may be an argument of the command: a name only where one is wanted.
fn names_argument(place: &Place<'_>, flag: &str) -> bool {
    let is_name = |argument: &clap::Arg| argument.get_value_names().is_some_and(|names| names[0] == "NAME");
    !matches!(flag, "name" | "n" | "id") || place.command.get_positionals().any(is_name)
}

/// Whether the command has this flag, it was not given yet, and the word may be its value.
fn takes(words: &[String], place: &Place<'_>, name: &str, value: &str) -> bool {
    let Some(flag) = place::long(place.command, name) else { return false };
    let is_given =
        words.iter().any(|word| word.strip_prefix("--").and_then(|word| word.split('=').next()) == Some(name));
    let is_list = matches!(flag.get_action(), clap::ArgAction::Append);
    let known = flag.get_possible_values();
    let is_known = |value: &str| known.iter().any(|known| known.get_name().eq_ignore_ascii_case(value));
    let fits = known.is_empty() || value.is_empty() || is_known(value) || synonyms::values(value).any(is_known);
    (is_list || !is_given) && (fits || !place::is_valued(flag))
}

/// Whether the value of a flag that does not exist would be an argument of the command.
fn takes_another(place: &Place<'_>, words: &[String], flag: usize) -> bool {
    let wanted: Vec<_> = place.command.get_positionals().collect();
    let is_many = |argument: &&clap::Arg| argument.get_num_args().is_some_and(|count| count.max_values() > 1);
    let has_value = words[flag].contains('=') || words.get(flag + 1).is_some_and(|word| !word.starts_with('-'));
    // The value was taken for an argument already.
    let given = place.rest.len() + usize::from(words[flag].contains('='));
    has_value && (wanted.len() >= given || wanted.iter().any(is_many))
}

/// `--yes=please` instead of `--yes`.
pub fn without_value(words: &[String], place: &Place<'_>, error: &clap::Error) -> Option<Step> {
    let flag = text(error, ContextKind::InvalidArg)?.split(['=', ' ']).next()?;
    let is_it = |word: &String| {
        word.split_once('=').is_some_and(|(name, _)| place::flag(place.command, name).is_some() && name == flag)
    };
    let at = words.iter().position(is_it)?;
    Some(Step::replace(words, at, &[flag]))
}

/// The commands that have a flag.
pub fn owners(root: &Command, typed: &str) -> Vec<String> {
    let mut owners = Vec::new();
    let mut todo = vec![(root, String::from("rad"))];
    while let Some((command, name)) = todo.pop() {
        let below = command.get_subcommands().filter(|below| !below.is_hide_set() && below.get_name() != "help");
        todo.extend(below.map(|below| (below, format!("{name} {}", below.get_name()))));
        let has = place::long(command, typed.trim_start_matches('-')).is_some_and(|flag| !flag.is_hide_set());
        if has && typed.starts_with("--") && !command.has_subcommands() {
            owners.push(format!("`{name}`"));
        }
    }
    owners.sort();
    owners.truncate(OWNERS);
    owners
}
