//! What is said of a command line that cannot be understood.

use clap::error::{ContextKind, ContextValue};
use radii_model::closest;

/// Leaves one suggestion of several: the word that was most likely meant.
pub fn explained(mut error: clap::Error) -> clap::Error {
    let Some(ContextValue::String(typed)) = error.get(ContextKind::InvalidSubcommand) else { return error };
    let Some(ContextValue::Strings(suggested)) = error.get(ContextKind::SuggestedSubcommand) else { return error };
    // The parser lists what is alike by any letters at all, the most alike last.
    let best = closest(typed, suggested.iter().map(String::as_str)).or(suggested.last().map(String::as_str));
    if let Some(best) = best.map(str::to_owned) {
        error.insert(ContextKind::SuggestedSubcommand, ContextValue::Strings(vec![best]));
    }
    error
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::args::Cli;

    #[test]
    fn one_command_is_suggested() {
        let error = explained(Cli::try_parse_from(["rad", "envrionment", "list"]).unwrap_err());
        assert_eq!(
            error.get(ContextKind::SuggestedSubcommand),
            Some(&ContextValue::Strings(vec!["environment".to_owned()]))
        );
    }
}
