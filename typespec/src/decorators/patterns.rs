//! Whether a text is a regular expression as ECMAScript has it.
//!
//! Only the syntax is looked at, by the lenient rules that hold without flags: what JavaScript would refuse to
//! compile is refused here.

/// Checks an expression.
///
/// # Errors
/// What is wrong with it, in words.
pub fn check(pattern: &str) -> Result<(), String> {
    let mut parser = Parser { rest: pattern.chars().collect(), at: 0, open: 0, names: Vec::new() };
    parser.rest.push('\0');
    parser.alternatives()
}

struct Parser {
    /// The characters, with a zero at the end.
    rest: Vec<char>,
    at: usize,
    open: usize,
    names: Vec<String>,
}

impl Parser {
    fn next(&self) -> Option<char> {
        (self.at + 1 < self.rest.len()).then(|| self.rest[self.at])
    }

    fn eat(&mut self, wanted: char) -> bool {
        let found = self.next() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    fn eat_text(&mut self, wanted: &str) -> bool {
        let found = wanted.chars().enumerate().all(|(at, character)| self.rest.get(self.at + at) == Some(&character));
        if found {
            self.at += wanted.chars().count();
        }
        found
    }

    fn alternatives(&mut self) -> Result<(), String> {
        // Whether what stands before can be repeated.
        let mut repeatable = false;
        while let Some(character) = self.next() {
            self.at += 1;
            match character {
                '(' => {
                    self.group_head()?;
                    self.open += 1;
                    repeatable = false;
                }
                ')' if self.open == 0 => return Err("a `)` closes nothing; write `\\)` for the character".to_owned()),
                ')' => {
                    self.open -= 1;
                    repeatable = true;
                }
                '[' => {
                    self.class()?;
                    repeatable = true;
                }
                '\\' => {
                    if self.next().is_none() {
                        return Err("a `\\` stands at the end; write `\\\\` for the character".to_owned());
                    }
                    self.at += 1;
                    repeatable = true;
                }
                '*' | '+' | '?' => repeatable = self.repeated(repeatable, character)?,
                '{' => repeatable = self.counted(repeatable)?,
                '|' | '^' | '$' => repeatable = false,
                _ => repeatable = true,
            }
        }
        if self.open > 0 { Err("a `(` is never closed".to_owned()) } else { Ok(()) }
    }

    fn repeated(&mut self, repeatable: bool, sign: char) -> Result<bool, String> {
        if !repeatable {
            return Err(format!("there is nothing before `{sign}` to repeat; write `\\{sign}` for the character"));
        }
        self.eat('?');
        Ok(false)
    }

    /// `{2}`, `{2,}`, `{2,5}`; a brace that is none of these stands for itself.
    fn counted(&mut self, repeatable: bool) -> Result<bool, String> {
        let start = self.at;
        let least = self.digits();
        let most = if self.eat(',') { self.digits() } else { least.clone() };
        if least.is_empty() || !self.eat('}') {
            self.at = start;
            return Ok(true);
        }
        if !repeatable {
            return Err("there is nothing before `{` to repeat; write `\\{` for the character".to_owned());
        }
        let number = |digits: &str| digits.parse::<u64>().unwrap_or(u64::MAX);
        if !most.is_empty() && number(&least) > number(&most) {
            return Err(format!("`{{{least},{most}}}` asks for more than it allows"));
        }
        self.eat('?');
        Ok(false)
    }

    fn digits(&mut self) -> String {
        let mut digits = String::new();
        while let Some(digit) = self.next().filter(char::is_ascii_digit) {
            digits.push(digit);
            self.at += 1;
        }
        digits
    }

    fn group_head(&mut self) -> Result<(), String> {
        if !self.eat('?') {
            return Ok(());
        }
        for known in [":", "=", "!", "<=", "<!"] {
            if self.eat_text(known) {
                return Ok(());
            }
        }
        if !self.eat('<') {
            return Err("`(?` begins no group that is known; there are `(?:`, `(?=`, `(?!`, `(?<=`, `(?<!` and \
                        `(?<name>`"
                .to_owned());
        }
        let mut name = String::new();
        while let Some(character) = self.next().filter(|character| *character != '>') {
            name.push(character);
            self.at += 1;
        }
        let is_name = !name.starts_with(|first: char| first.is_ascii_digit())
            && !name.is_empty()
            && name.chars().all(|character| character.is_alphanumeric() || matches!(character, '_' | '$'));
        if !self.eat('>') || !is_name {
            return Err(format!("`{name}` is no name for a group"));
        }
        if self.names.contains(&name) {
            return Err(format!("two groups are named `{name}`"));
        }
        self.names.push(name);
        Ok(())
    }

    /// `[a-z]`, from behind the bracket.
    fn class(&mut self) -> Result<(), String> {
        self.eat('^');
        let mut before: Option<char> = None;
        loop {
            let Some(character) = self.next() else { return Err("a `[` is never closed".to_owned()) };
            self.at += 1;
            if character == ']' {
                return Ok(());
            }
            if character == '-'
                && let Some(first) = before
                && self.next().is_some_and(|next| next != ']')
            {
                let last = self.class_character()?;
                if last.is_some_and(|last| first > last) {
                    return Err(format!("the range `{first}-{}` runs backwards", last.unwrap_or_default()));
                }
                before = None;
                continue;
            }
            self.at -= 1;
            before = self.class_character()?;
        }
    }

    /// One character of a class; `None` for what stands for several.
    fn class_character(&mut self) -> Result<Option<char>, String> {
        let Some(character) = self.next() else { return Err("a `[` is never closed".to_owned()) };
        self.at += 1;
        if character != '\\' {
            return Ok(Some(character));
        }
        let Some(escaped) = self.next() else { return Err("a `[` is never closed".to_owned()) };
        self.at += 1;
        Ok(match escaped {
            'd' | 'D' | 'w' | 'W' | 's' | 'S' | 'u' | 'x' | 'c' | 'p' | 'P' | '0'..='9' => None,
            'n' => Some('\n'),
            't' => Some('\t'),
            'r' => Some('\r'),
            'b' => Some('\u{8}'),
            'f' => Some('\u{c}'),
            'v' => Some('\u{b}'),
            other => Some(other),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn what_javascript_compiles_is_accepted() {
        for pattern in [
            "",
            "^[a-z][a-z0-9_]{0,62}$",
            "a|b",
            "(?:x)(?<n>y)(?=z)(?!z)(?<=z)(?<!z)",
            "a{",
            "a{2,}",
            "a{,2}",
            "[]a]?",
            "[^]]*",
            "[a-]",
            "[-a]",
            r"\d+\.\d*?",
            "[\\w-]+",
            "}",
            "]",
            "a{2}?",
            r"[\]]",
            "x{2,3}y*",
            "(a)*",
            "{",
            "/planes/.+",
        ] {
            assert_eq!(check(pattern), Ok(()), "{pattern}");
        }
    }

    #[test]
    fn what_javascript_refuses_is_refused() {
        for pattern in [
            "(",
            ")",
            "[a",
            "*",
            "a**",
            "+a",
            "a{2,1}",
            "[z-a]",
            "\\",
            "(?x)",
            "(?<1>a)",
            "(?<a>)(?<a>)",
            "a|*",
            "(*)",
            "{2}",
        ] {
            assert!(check(pattern).is_err(), "{pattern}");
        }
    }
}
