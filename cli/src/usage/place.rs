//! Where in a command line its command ends and its arguments stand.

use clap::{Arg, Command};

/// A command that was named, and which words are what.
pub struct Place<'a> {
    /// The deepest command that is named.
    pub command: &'a Command,
    /// Where the names of the command stand.
    pub names: Vec<usize>,
    /// Where the words stand that are neither names, flags nor their values.
    pub rest: Vec<usize>,
}

/// Finds out which command is named, and what its arguments are.
pub fn find<'a>(root: &'a Command, words: &[String]) -> Place<'a> {
    let mut place = Place { command: root, names: Vec::new(), rest: Vec::new() };
    let mut at = 1;
    while let Some(word) = words.get(at) {
        if word == "--" {
            place.rest.extend(at + 1..words.len());
            break;
        }
        if word.starts_with('-') && word.len() > 1 {
            let is_followed = flag(place.command, word).is_some_and(|flag| is_valued(flag) && !has_value(word));
            at += usize::from(is_followed);
        } else if let Some(below) = place.command.find_subcommand(word).filter(|_| place.rest.is_empty()) {
            place.command = below;
            place.names.push(at);
        } else {
            place.rest.push(at);
        }
        at += 1;
    }
    place
}

/// The flag of a command that a word names.
pub fn flag<'a>(command: &'a Command, word: &str) -> Option<&'a Arg> {
    match word.strip_prefix("--") {
        Some(name) => long(command, name.split('=').next()?),
        None => {
            let letter = word.strip_prefix('-')?.chars().next()?;
            command.get_arguments().find(|flag| flag.get_short() == Some(letter))
        }
    }
}

/// The flag of a command with this long name.
pub fn long<'a>(command: &'a Command, name: &str) -> Option<&'a Arg> {
    command.get_arguments().find(|flag| {
        flag.get_long() == Some(name) || flag.get_all_aliases().is_some_and(|aliases| aliases.contains(&name))
    })
}

/// Whether a flag is followed by a value.
pub fn is_valued(flag: &Arg) -> bool {
    flag.get_action().takes_values() && flag.get_num_args().is_none_or(|count| count.min_values() > 0)
}

fn has_value(word: &str) -> bool {
    match word.strip_prefix("--") {
        Some(name) => name.contains('='),
        None => word.len() > 2,
    }
}

/// Whether a word looks like the name of a file that Radii reads.
pub fn is_file(word: &str) -> bool {
    let ending = camino::Utf8Path::new(word).extension();
    ending.is_some_and(|ending| ["yaml", "yml", "json", "tsp", "bicep", "bicepparam"].contains(&ending))
}
