//! Asking before something is lost.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use crate::error::Error;

/// What somebody said to a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Go on.
    Yes,
    /// Leave everything as it is.
    No,
}

/// Asks a question that is answered with yes or no; nothing typed means no.
///
/// # Errors
/// A usage error when there is no terminal to ask on: a pipe cannot answer by accident. A failure for `q`, which
/// gives up.
pub fn ask(question: &str, assume_yes: bool) -> Result<Answer, Error> {
    if assume_yes {
        return Ok(Answer::Yes);
    }
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Err(Error::usage(format!("{question} There is no terminal to answer on"))
            .hint("add `--yes` to go ahead without being asked"));
    }
    let mut stderr = io::stderr().lock();
    let _ = write!(stderr, "{question} [y/N] ");
    let _ = stderr.flush();
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).map_err(Error::file("read from", "the terminal"))?;
    if matches!(line.trim(), "q" | "Q" | "quit") {
        return Err(Error::failed("nothing was done"));
    }
    Ok(if matches!(line.trim().to_ascii_lowercase().as_str(), "y" | "yes") { Answer::Yes } else { Answer::No })
}
