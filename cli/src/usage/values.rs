//! Arguments that are missing, too many, or none of those that there are.

use clap::Arg;
use clap::error::{ContextKind, ContextValue};

use radii_model::{ResourceId, closest};

use super::mend::{Step, is_right, text};
use super::place::{self, Place, is_file};
use super::synonyms;

/// Flags that take a file, the likeliest first.
const FILES: [&str; 3] = ["from-file", "file", "out"];

/// An argument that the command has no room for.
pub fn surplus(words: &[String], place: &Place<'_>, typed: &str) -> Option<Step> {
    let at = place.rest.iter().copied().find(|&at| words[at] == typed)?;
    let has = |flag: &str| place::long(place.command, flag).is_some();
    if typed.contains('=') && has("parameters") {
        return Some(Step::replace(words, at, &["--parameters", typed]));
    }
    if let Some(flag) = FILES.into_iter().find(|flag| is_file(typed) && has(flag)) {
        let step = Step::replace(words, at, &[&format!("--{flag}"), typed]);
        let is_given = |word: &String| word == "-f" || word.starts_with(&format!("--{flag}"));
        if !words.iter().any(is_given) {
            return Some(step);
        }
    }
    if let Some(joined) = joined(words, place) {
        return Some(joined);
    }
    let takes = |flag: &&Arg| possible(flag).any(|value| value == typed) && !flag.is_positional();
    if let Some(flag) = place.command.get_arguments().find(takes).and_then(Arg::get_long) {
        return Some(Step::replace(words, at, &[&format!("--{flag}"), typed]));
    }
    if place.command.get_name() == "list" && place.command.get_positionals().next().is_none() {
        let list = *place.names.last()?;
        return Some(Step { instead: None, ..Step::replace(words, list, &["show"]) })
            .filter(|step| is_right(&step.words))
            .or_else(|| Some(Step::replace(words, at, &[])));
    }
    Some(Step::replace(words, at, &[]))
}

/// `Contoso.Data stores` instead of `Contoso.Data/stores`.
fn joined(words: &[String], place: &Place<'_>) -> Option<Step> {
    let (first, second) = (*place.rest.first()?, *place.rest.get(1)?);
    let is_type = place.command.get_positionals().next()?.get_value_names()?.first()? == "TYPE";
    let is_namespace = words[first].contains('.') && !words[first].contains('/') && !words[second].contains(['/', '.']);
    if !is_type || !is_namespace {
        return None;
    }
    let mut line = words.to_vec();
    let name = line.remove(second);
    line[first] = format!("{}/{name}", line[first]);
    Some(Step::of(line))
}

/// Arguments that the command cannot do without.
pub fn missing(words: &[String], place: &Place<'_>, error: &clap::Error) -> Option<Step> {
    let Some(ContextValue::Strings(missing)) = error.get(ContextKind::InvalidArg) else { return None };
    let file = place.rest.iter().copied().find(|&at| is_file(&words[at]));
    let wants_file = missing.iter().any(|flag| flag.starts_with("--from-file "));
    if let Some(at) = file.filter(|_| wants_file) {
        let because = Some(format!("`{}` is a file", words[at]));
        return Some(Step { because, ..Step::replace(words, at, &["--from-file", &words[at]]) });
    }
    if missing.iter().any(|name| name == "<NAME>")
        && let Some((at, kind, name)) =
            place.rest.iter().find_map(|&at| type_and_name(&words[at]).map(|(kind, name)| (at, kind, name)))
    {
        let because = Some(format!("`{}` is type and name in one word", words[at]));
        return Some(Step { because, ..Step::replace(words, at, &[&kind, &name]) });
    }
    let mut line = words.to_vec();
    if let Some(&first) = place.rest.first().filter(|&&at| is_name_for_type(place, &words[at])) {
        line.insert(first, "<TYPE>".to_owned());
        let because = Some(format!("`{}` is no type", words[first]));
        let given = missing.iter().filter(|argument| *argument != "<NAME>");
        line.extend(given.flat_map(|argument| example(place, argument)));
        return Some(Step { is_example: true, because, ..Step::of(line) });
    }
    for argument in missing {
        line.extend(example(place, argument));
    }
    Some(Step { is_example: true, ..Step::of(line) })
}

/// Whether a name stands where a type belongs.
fn is_name_for_type(place: &Place<'_>, word: &str) -> bool {
    let mut names = place.command.get_positionals().filter_map(|argument| argument.get_value_names()?.first());
    names.next().is_some_and(|name| name == "TYPE") && names.next().is_some() && !word.contains(['/', '.'])
}

/// An argument as it could be typed.
fn example(place: &Place<'_>, missing: &str) -> Vec<String> {
    let Some((flag, name)) = missing.split_once([' ', '=']) else { return vec![missing.to_owned()] };
    let known = place::flag(place.command, flag).and_then(|flag| possible(flag).next());
    vec![flag.to_owned(), known.unwrap_or_else(|| name.to_owned())]
}

/// Takes a type and a name out of an id, or out of `NAMESPACE/TYPE/NAME`.
fn type_and_name(word: &str) -> Option<(String, String)> {
    if word.starts_with('/') {
        let id: ResourceId = word.parse().ok()?;
        return Some((id.resource_type()?.to_string(), id.name()?.to_owned()));
    }
    let (kind, name) = word.rsplit_once('/')?;
    let (namespace, kind_name) = kind.split_once('/')?;
    let is_type = namespace.contains('.') && !kind_name.contains('/') && !name.is_empty();
    is_type.then(|| (kind.to_owned(), name.to_owned()))
}

/// A value that is none of those that there are, or none at all.
pub fn invalid(words: &[String], place: &Place<'_>, error: &clap::Error) -> Option<Step> {
    let shown = text(error, ContextKind::InvalidArg)?;
    let typed = text(error, ContextKind::InvalidValue)?;
    let name = shown.split([' ', '=', '[']).next()?;
    let argument = place::flag(place.command, name).filter(|_| name.starts_with("--"));
    if typed.is_empty() {
        return without(words, argument?, shown);
    }
    let (at, before) = words.iter().enumerate().find_map(|(at, word)| Some((at, word.strip_suffix(typed)?)))?;
    if let Some(other) = argument.and_then(|argument| other_flag(place, argument, typed)) {
        return moved(words, at, before, other, typed);
    }
    let known: Vec<String> = match error.get(ContextKind::ValidValue) {
        Some(ContextValue::Strings(known)) => known.clone(),
        _ => Vec::new(),
    };
    let lower = typed.to_lowercase().replace('_', "-");
    let meant = synonyms::values(&lower).find(|value| known.iter().any(|known| known == value));
    let meant = meant.or_else(|| closest(&lower, known.iter().map(String::as_str))).map(str::to_owned);
    if let ([only], None, None) = (known.as_slice(), &meant, argument) {
        let line = Step { instead: None, ..Step::replace(words, at, &[only, typed]) };
        if is_right(&line.words) {
            return Some(line);
        }
    }
    let meant = meant.or_else(|| said(error)).or_else(|| match known.as_slice() {
        [only] => Some(only.clone()),
        _ => None,
    });
    if let Some(meant) = meant {
        let line = Step::replace(words, at, &[&format!("{before}{meant}")]);
        return Some(Step { instead: Some(meant), ..line });
    }
    // Any value that the argument takes shows what one looks like.
    // Our own checks say themselves what there is.
    let is_number = std::error::Error::source(error).is_some_and(|cause| cause.is::<std::num::ParseIntError>());
    let placeholder = || argument.filter(|_| is_number).and(shown.split_once(' ')).map(|(_, name)| name.to_owned());
    let sample = known.first().cloned().or_else(|| default(argument?)).or_else(placeholder)?;
    let line = Step::replace(words, at, &[&format!("{before}{sample}")]);
    Some(Step { instead: None, is_example: true, ..line })
}

/// A flag without its value.
fn without(words: &[String], flag: &Arg, shown: &str) -> Option<Step> {
    let long = flag.get_long()?;
    let letter = flag.get_short().map(|letter| format!("-{letter}"));
    let is_it = |word: &String| {
        word.strip_prefix("--").is_some_and(|word| word.trim_end_matches('=') == long) || Some(word) == letter.as_ref()
    };
    let at = words.iter().rposition(is_it)?;
    let placeholder = shown.split_once([' ', '=']).map_or("<VALUE>", |(_, name)| name);
    let value = possible(flag).next().unwrap_or_else(|| placeholder.to_owned());
    let typed = words[at].trim_end_matches('=');
    Some(Step { is_example: true, ..Step::replace(words, at, &[typed, &value]) })
}

/// The flag with nearly the same purpose that takes a value which this one does not.
fn other_flag<'a>(place: &Place<'a>, wrong: &Arg, typed: &str) -> Option<&'a str> {
    let takes = |flag: &&Arg| flag.get_long() != wrong.get_long() && possible(flag).any(|value| value == typed);
    let other =
        place.command.get_arguments().filter(|flag| !flag.is_positional() && !flag.is_require_equals_set()).find(takes);
    let is_output =
        wrong.get_long() == Some("output") && closest(typed, ["table", "json", "yaml", "plain-text"]).is_none();
    let known = synonyms::values(typed).any(|value| possible(wrong).any(|known| known == value));
    let out = place::long(place.command, "out").filter(|_| is_output && !known);
    other.or(out).and_then(Arg::get_long)
}

/// Gives a value to another flag.
fn moved(words: &[String], at: usize, before: &str, flag: &str, typed: &str) -> Option<Step> {
    let flag = format!("--{flag}");
    let line = if before.is_empty() {
        let mut line = words.to_vec();
        *line.get_mut(at.checked_sub(1)?)? = flag.clone();
        line
    } else {
        Step::replace(words, at, &[&flag, typed]).words
    };
    Some(Step { instead: None, ..Step::of(line) })
}

/// The value that a check of ours proposes.
fn said(error: &clap::Error) -> Option<String> {
    let text = std::error::Error::source(error)?.to_string();
    let (_, rest) = text.split_once("did you mean `")?;
    rest.split_once('`').map(|(meant, _)| meant.to_owned())
}

fn default(flag: &Arg) -> Option<String> {
    Some(flag.get_default_values().first()?.to_string_lossy().into_owned())
}

/// The values that a flag may have, if they are few.
fn possible(flag: &Arg) -> impl Iterator<Item = String> {
    flag.get_possible_values().into_iter().filter(|value| !value.is_hide_set()).map(|value| value.get_name().to_owned())
}
