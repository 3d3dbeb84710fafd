//! `rad __complete`: what shells ask that were set up with the script of the stock command line.
//!
//! Its scripts pass the words typed so far, the last one being the one to complete, and read a candidate a line,
//! a tab, its description; the last line is a directive for the shell.

use clap::{Command, CommandFactory as _};

use crate::args::Cli;
use crate::error::Error;
use crate::output::{write_stderr, write_stdout};

/// The words typed so far.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<String>,
}

/// What the shell does when there are no candidates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Directive {
    /// It offers files.
    Default,
    /// It offers nothing.
    NoFiles,
}

/// Prints the candidates for the last word.
pub fn run(args: &Args) -> Result<(), Error> {
    let mut root = Cli::command();
    root.build();
    let (candidates, directive) = complete(&root, &args.words);
    let mut text = String::new();
    for (name, about) in candidates {
        text.push_str(&if about.is_empty() { name } else { format!("{name}\t{about}") });
        text.push('\n');
    }
    let (number, name) = match directive {
        Directive::Default => (0, "ShellCompDirectiveDefault"),
        Directive::NoFiles => (4, "ShellCompDirectiveNoFileComp"),
    };
    write_stdout(&format!("{text}:{number}\n"))?;
    write_stderr(&format!("Completion ended with directive: {name}"));
    Ok(())
}

fn complete(root: &Command, words: &[String]) -> (Vec<(String, String)>, Directive) {
    let (last, before) = match words.split_last() {
        Some((last, before)) => (last.as_str(), before),
        None => ("", [].as_slice()),
    };
    let mut command = root;
    let mut value_of_flag = false;
    for word in before {
        let flag = word.strip_prefix('-').and_then(|_| find_flag(command, word));
        value_of_flag = flag.is_some_and(|flag| flag.get_action().takes_values());
        if let Some(sub) = command.find_subcommand(word) {
            command = sub;
        }
    }
    if value_of_flag {
        return (Vec::new(), Directive::Default);
    }
    if last.starts_with('-') {
        return (flags(command, last), Directive::NoFiles);
    }
    let visible = command.get_subcommands().filter(|sub| !sub.is_hide_set() && sub.get_name().starts_with(last));
    let mut found: Vec<_> = visible.map(|sub| (sub.get_name().to_owned(), about(sub.get_about()))).collect();
    found.sort();
    let directive = if command.has_subcommands() { Directive::NoFiles } else { Directive::Default };
    (found, directive)
}

fn flags(command: &Command, typed: &str) -> Vec<(String, String)> {
    let visible = command.get_arguments().filter(|argument| !argument.is_hide_set());
    let mut found: Vec<_> = visible
        .filter_map(|argument| Some((format!("--{}", argument.get_long()?), about(argument.get_help()))))
        .filter(|(name, _)| name.starts_with(typed))
        .collect();
    found.sort();
    found
}

fn find_flag<'a>(command: &'a Command, word: &str) -> Option<&'a clap::Arg> {
    if word.contains('=') {
        return None;
    }
    let mut arguments = command.get_arguments();
    match word.strip_prefix("--") {
        Some(long) => arguments.find(|argument| argument.get_long() == Some(long)),
        None => arguments.find(|argument| argument.get_short() == word.chars().last()),
    }
}

fn about(text: Option<&clap::builder::StyledStr>) -> String {
    text.map(|text| text.to_string().lines().next().unwrap_or_default().to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(words: &[&str]) -> (Vec<String>, Directive) {
        let mut root = Cli::command();
        root.build();
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let (found, directive) = complete(&root, &words);
        (found.into_iter().map(|(name, _)| name).collect(), directive)
    }

    #[test]
    fn commands_flags_and_files_are_completed() {
        assert_eq!(names(&["resource-ty"]), (vec!["resource-type".to_owned()], Directive::NoFiles));
        let (found, _) = names(&["rt", ""]);
        assert!(["create", "delete", "list", "show"].iter().all(|name| found.iter().any(|found| found == name)));
        let (found, directive) = names(&["group", "list", "--"]);
        let wanted = ["--config", "--help", "--output", "--workspace"];
        assert!(wanted.iter().all(|name| found.iter().any(|found| found == name)), "{found:?}");
        assert_eq!(directive, Directive::NoFiles);
        assert_eq!(names(&["resource-type", "create", "-f", ""]), (vec![], Directive::Default));
    }
}
