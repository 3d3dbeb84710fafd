//! Commands by other names: misspelt, in the plural, as other command lines call them, in another order.

use clap::Command;

use radii_model::closest;

use super::mend::Step;
use super::place::{Place, is_file};
use super::synonyms;

/// Finds the command that was meant by the first word that names none.
pub fn step(root: &Command, words: &[String], place: &Place<'_>) -> Option<Step> {
    let at = *place.rest.first()?;
    let typed = normal(&words[at]);
    let others = place.rest.len() > 1;
    let found = match place.names.last() {
        None => at_the_root(root, words, place, &typed),
        Some(&group) => joined(root, words, place, group, &typed)
            .or_else(|| swapped(words, place).filter(|_| is_swapped(words, place)))
            .or_else(|| verb(place.command, &typed, others).map(|verb| Step::replace(words, at, &[verb])))
            .or_else(|| swapped(words, place)),
    };
    let found = found.or_else(|| alike(place.command, &typed).map(|name| Step::replace(words, at, &[name])));
    found.or_else(|| above(root, words, place, &typed))
}

/// `app deploy app.bicep` instead of `deploy app.bicep`.
fn above(root: &Command, words: &[String], place: &Place<'_>, typed: &str) -> Option<Step> {
    let group = *place.names.last()?;
    root.find_subcommand(typed)?;
    Some(Step { instead: None, ..Step::replace(words, group, &[]) })
}

fn at_the_root(root: &Command, words: &[String], place: &Place<'_>, typed: &str) -> Option<Step> {
    let at = *place.rest.first()?;
    if typed == "rad" || typed == "radii" {
        return Some(Step::replace(words, at, &[]));
    }
    if let Some(group) = group(root, typed) {
        return Some(Step::replace(words, at, &[group]));
    }
    if let Some((one, other)) = typed.split_once('-')
        && let Some(verb) = synonyms::verbs(one).next()
        && let Some(group) = group(root, other)
    {
        return Some(Step::replace(words, at, &[group, verb]));
    }
    if synonyms::verbs(typed).next().is_some()
        && let Some(step) = verb_first(root, words, place, typed)
    {
        return Some(step);
    }
    synonyms::command(typed).map(|command| Step::replace(words, at, &[command]))
}

/// `create group dev` instead of `group create dev`, `get Contoso.Data/stores orders`, `apply -f types.yaml`.
fn verb_first(root: &Command, words: &[String], place: &Place<'_>, typed: &str) -> Option<Step> {
    let at = *place.rest.first()?;
    let others = &place.rest[1..];
    let two = others.get(..2).map(|two| format!("{}-{}", normal(&words[two[0]]), normal(&words[two[1]])));
    let (group, count) = match two.and_then(|name| group(root, &name)) {
        Some(group) => (group, 2),
        None => match others.first().map(|&at| normal(&words[at])).and_then(|name| group(root, &name)) {
            Some(group) => (group, 1),
            None => return without_group(words, at, others, typed),
        },
    };
    let verb = verb(root.find_subcommand(group)?, typed, others.len() > count)?;
    let taken = &others[..count];
    let kept = words.iter().enumerate().filter(|(at, _)| !taken.contains(at)).map(|(_, word)| word.clone());
    let line = Step::replace(&kept.collect::<Vec<_>>(), at, &[group, verb]);
    Some(Step { instead: None, ..line })
}

/// A verb whose group is told by what follows: a type, or a file with a definition.
fn without_group(words: &[String], at: usize, others: &[usize], typed: &str) -> Option<Step> {
    let makes = synonyms::verbs(typed).any(|verb| verb == "create");
    let file = words.iter().find(|word| is_file(word));
    if makes && file.is_some_and(|path| is_definition(path)) {
        return Some(Step::replace(words, at, &["resource-type", "create"]));
    }
    if makes && file.is_some() && others.len() < 2 {
        return Some(Step::replace(words, at, &["deploy"]));
    }
    let is_type = others.first().is_some_and(|&at| words[at].contains('/') && !is_file(&words[at]));
    let verb = synonyms::verbs(typed).find(|verb| ["create", "delete", "show", "list"].contains(verb));
    verb.filter(|_| is_type).map(|verb| Step::replace(words, at, &["resource", verb]))
}

/// Whether a file defines types.
fn is_definition(path: &str) -> bool {
    let is_manifest = |text: String| text.lines().any(|line| line.starts_with("namespace:"));
    path.ends_with(".tsp") || std::fs::read_to_string(path).is_ok_and(is_manifest)
}

/// The verb of a group that a word means; one that shows a thing lists all where none is named.
fn verb(command: &Command, typed: &str, has_more: bool) -> Option<&'static str> {
    let has = |verb: &&'static str| command.find_subcommand(verb).is_some();
    if typed == "get" && !has_more && has(&"list") {
        return Some("list");
    }
    synonyms::verbs(typed).find(has)
}

/// The group that a word means, as it is called by the user: `envs` is `env`, not `environment`.
fn group<'a>(root: &'a Command, typed: &str) -> Option<&'a str> {
    let named = |name: &str| {
        let command = root.find_subcommand(name).filter(|command| command.has_subcommands())?;
        command.get_all_aliases().chain([command.get_name()]).find(|known| *known == name)
    };
    let known = named(typed).or_else(|| synonyms::singular(typed).and_then(named));
    known.or_else(|| synonyms::group(typed).and_then(named))
}

/// `resource type list` instead of `resource-type list`.
fn joined(root: &Command, words: &[String], place: &Place<'_>, first: usize, typed: &str) -> Option<Step> {
    let at = *place.rest.first()?;
    let name = format!("{}-{typed}", normal(&words[first]));
    let name = group(root, &name).filter(|_| place.names.len() == 1)?;
    let mut words = words.to_vec();
    words.remove(at);
    Some(Step { instead: None, ..Step::replace(&words, first, &[name]) })
}

/// Whether the word after the unknown one is the command.
fn is_swapped(words: &[String], place: &Place<'_>) -> bool {
    place.rest.get(1).is_some_and(|&next| place.command.find_subcommand(&words[next]).is_some())
}

/// `env default show` instead of `env show default`.
fn swapped(words: &[String], place: &Place<'_>) -> Option<Step> {
    let (at, next) = (*place.rest.first()?, *place.rest.get(1)?);
    let verb = verb(place.command, &normal(&words[next]), true)?;
    let mut words = words.to_vec();
    words.remove(next);
    words.insert(at, verb.to_owned());
    Some(Step::of(words))
}

/// The command whose name is nearly the word.
fn alike<'a>(command: &'a Command, typed: &str) -> Option<&'a str> {
    let visible = command.get_subcommands().filter(|command| !command.is_hide_set());
    let names: Vec<&str> =
        visible.flat_map(|command| command.get_visible_aliases().chain([command.get_name()])).collect();
    let longer = || names.iter().copied().filter(|name| typed.len() > 1 && name.starts_with(typed));
    let shortest = longer().min_by_key(|name| name.len());
    shortest
        .filter(|name| longer().all(|other| other.starts_with(name)))
        .or_else(|| closest(typed, names.iter().copied()))
}

fn normal(word: &str) -> String {
    word.to_lowercase().replace('_', "-")
}
