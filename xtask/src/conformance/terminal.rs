//! Calls on a terminal, by way of `script`.

use std::io::{self, Read, Write};
use std::process::{Command, Stdio};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, Instant};

use regex::Regex;

use super::compare::Ran;

/// How long a question must stand still before somebody types.
const STILL: Duration = Duration::from_millis(300);

/// Whether calls can run on a terminal here.
pub fn is_available() -> bool {
    Command::new("script").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

/// What a terminal showed, without control sequences.
pub fn plain(text: &str) -> String {
    static CONTROL: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b\[[<=>?]?[0-9;]*[ $]?[@-~]|\x1b[=>]|\r")
            .expect("the expression is valid")
    });
    CONTROL.replace_all(text, "").into_owned()
}

/// Runs a command on a terminal, and types `keys` when its prompt stands.
pub fn run(mut command: Command, keys: &[String], patience: Duration) -> io::Result<Ran> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let shown = Arc::new(Mutex::new(String::new()));
    let reader = {
        let (mut stdout, shown) = (child.stdout.take().expect("standard output is piped"), Arc::clone(&shown));
        std::thread::spawn(move || {
            let mut chunk = [0; 4096];
            while let Ok(read @ 1..) = stdout.read(&mut chunk) {
                shown.lock().expect("no holder of the lock panics").push_str(&String::from_utf8_lossy(&chunk[..read]));
            }
        })
    };
    let end = Instant::now() + patience;
    let mut typist = Typist { stdin: child.stdin.take().expect("standard input is piped"), answered: 0 };
    let mut keys = keys.iter();
    let (mut before, mut since) = (0, Instant::now());
    let mut ran = Ran::default();
    ran.exit = loop {
        if let Some(status) = child.try_wait()? {
            break status.code();
        }
        let text = shown.lock().expect("no holder of the lock panics").clone();
        if text.len() != before {
            (before, since) = (text.len(), Instant::now());
            typist.answer(&text)?;
        } else if since.elapsed() > STILL && plain(&text).contains('?') {
            if let Some(keys) = keys.next() {
                typist.type_in(keys)?;
            }
            since = Instant::now();
        }
        if Instant::now() > end {
            ran.timed_out = true;
            child.kill()?;
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    drop(typist);
    let _ = reader.join();
    ran.stdout = shown.lock().expect("no holder of the lock panics").clone();
    Ok(ran)
}

/// Who sits at the terminal, and the terminal itself, which knows the answers to a program's questions about it.
struct Typist {
    stdin: std::process::ChildStdin,
    answered: usize,
}

impl Typist {
    /// Answers the questions that programs ask a terminal before they take any key: its background and its kind.
    fn answer(&mut self, shown: &str) -> io::Result<()> {
        const QUESTIONS: [(&str, &str); 2] =
            [("\x1b]11;?", "\x1b]11;rgb:0000/0000/0000\x1b\\"), ("\x1b[c", "\x1b[?62;22c")];
        let new = &shown[self.answered..];
        let mut asked: Vec<(usize, &str)> = QUESTIONS
            .iter()
            .flat_map(|(question, answer)| new.match_indices(question).map(move |(at, _)| (at, *answer)))
            .collect();
        asked.sort_unstable();
        let Some((last, _)) = asked.last() else { return Ok(()) };
        self.answered += last + 1;
        asked.iter().try_for_each(|(_, answer)| self.type_in(answer))
    }

    fn type_in(&mut self, keys: &str) -> io::Result<()> {
        self.stdin.write_all(keys.as_bytes())?;
        self.stdin.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_sequences_are_not_shown() {
        assert_eq!(
            plain("\x1b]11;?\x07\x1b[c\x1b[?2026$p\x1b[>4;2mDelete?\r\n\x1b[38;5;170m> No\x1b[m"),
            "Delete?\n> No"
        );
    }
}
