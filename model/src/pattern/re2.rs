//! RE2 syntax as the syntax of the `regex` crate.

/// Rewrites what means something else in RE2.
///
/// # Errors
/// Constructs that RE2 does not have although the `regex` crate does.
pub(super) fn translate(pattern: &str) -> Result<String, String> {
    let mut scanner = Scanner { rest: pattern, out: String::with_capacity(pattern.len()) };
    while !scanner.rest.is_empty() {
        scanner.step()?;
    }
    Ok(scanner.out)
}

struct Scanner<'p> {
    rest: &'p str,
    out: String,
}

impl<'p> Scanner<'p> {
    fn step(&mut self) -> Result<(), String> {
        if self.rest.starts_with('\\') {
            return self.escape();
        }
        if self.rest.starts_with('[') {
            return self.class();
        }
        if self.rest.starts_with(['*', '+', '?', '{']) {
            return self.repetition();
        }
        // The `regex` crate has a flag `x` and names like `(?<n>…)` that RE2 has only since recently.
        if let Some(flags) = self.rest.strip_prefix("(?") {
            let end = flags.find([':', ')']).unwrap_or(0);
            if flags[..end].chars().all(|c| c.is_ascii_alphabetic() || c == '-')
                && flags[..end].contains(['x', 'u', 'R'])
            {
                return Err(format!("invalid or unsupported flags `(?{}`", &flags[..end]));
            }
        }
        self.copy();
        Ok(())
    }

    fn take(&mut self) -> char {
        let next = self.rest.chars().next().expect("callers look before they take");
        self.rest = &self.rest[next.len_utf8()..];
        next
    }

    fn copy(&mut self) {
        let next = self.take();
        self.out.push(next);
    }

    /// Copies `*`, `+`, `?` or `{2,3}`, lazy or not; a brace that counts nothing stands for itself.
    fn repetition(&mut self) -> Result<(), String> {
        let Some(length) = repetition_length(self.rest)? else {
            self.out.push('\\');
            self.copy();
            return Ok(());
        };
        let lazy = usize::from(self.rest[length..].starts_with('?'));
        let (operator, rest) = self.rest.split_at(length + lazy);
        if rest.starts_with(['*', '+', '?', '{']) && repetition_length(rest)?.is_some() {
            return Err(format!("invalid nested repetition operator: `{}{}`", operator, &rest[..1]));
        }
        self.out += operator;
        self.rest = rest;
        Ok(())
    }

    /// Translates an escape outside of classes.
    fn escape(&mut self) -> Result<(), String> {
        if let Some(literal) = self.rest.strip_prefix("\\Q") {
            let (literal, rest) = literal.split_once("\\E").unwrap_or((literal, ""));
            self.out += &regex::escape(literal);
            self.rest = rest;
            return Ok(());
        }
        let mut chars = self.rest.chars().skip(1);
        let Some(name) = chars.next() else { return Err("trailing backslash".to_owned()) };
        if let Some(class) = perl_class(name) {
            self.out += &format!("[{class}]");
        } else {
            match name {
                'b' | 'B' => self.out += if name == 'b' { "(?-u:\\b)" } else { "(?-u:\\B)" },
                'C' => return Err("`\\C` (one byte) is not supported".to_owned()),
                '<' | '>' => return Err(format!("invalid escape sequence `\\{name}`")),
                'p' | 'P' => return self.unicode_class(),
                'u' | 'U' | 'e' => return Err(format!("invalid escape sequence `\\{name}`")),
                '0'..='7' if octal(self.rest).is_some() => return self.octal_escape(),
                _ => self.out.extend(['\\', name]),
            }
        }
        self.rest = &self.rest[1 + name.len_utf8()..];
        Ok(())
    }

    fn octal_escape(&mut self) -> Result<(), String> {
        let (value, length) = octal(self.rest).expect("the caller has seen it");
        self.out += &format!("\\x{{{value:X}}}");
        self.rest = &self.rest[length..];
        Ok(())
    }

    fn unicode_class(&mut self) -> Result<(), String> {
        let length = match self.rest[2..].chars().next() {
            Some('{') => self.rest.find('}').map(|end| end + 1),
            Some(letter) => Some(2 + letter.len_utf8()),
            None => None,
        };
        let length = length.ok_or("a Unicode class needs a name, such as `\\p{L}`")?;
        // RE2 knows scripts and general categories by name, but no `key=value`.
        if self.rest[..length].contains(['=', ':']) {
            return Err(format!("invalid character class range `{}`", &self.rest[..length]));
        }
        self.out += &self.rest[..length];
        self.rest = &self.rest[length..];
        Ok(())
    }

    /// Translates `[…]`.
    fn class(&mut self) -> Result<(), String> {
        let whole = self.rest;
        self.copy();
        if self.rest.starts_with('^') {
            self.copy();
        }
        let mut first = true;
        while first || !self.rest.starts_with(']') {
            if self.rest.is_empty() {
                return Err(format!("missing closing ]: `{whole}`"));
            }
            first = false;
            self.class_item()?;
        }
        self.copy();
        Ok(())
    }

    fn class_item(&mut self) -> Result<(), String> {
        if let Some(end) = self.rest.strip_prefix("[:").and_then(|name| name.find(":]")) {
            self.out += &self.rest[..end + 4];
            self.rest = &self.rest[end + 4..];
            return Ok(());
        }
        if self.rest.starts_with('\\') {
            let name = self.rest.chars().nth(1);
            if let Some(class) = name.and_then(perl_class) {
                self.out +=
                    &if let Some(inner) = class.strip_prefix('^') { format!("[^{inner}]") } else { class.to_owned() };
                self.rest = &self.rest[2..];
                return Ok(());
            }
            if matches!(name, Some('p' | 'P')) {
                return self.unicode_class();
            }
        }
        let low = self.class_char()?;
        // A `-` before the closing bracket stands for itself.
        let is_range = self.rest.starts_with('-') && !self.rest[1..].starts_with(']') && self.rest.len() > 1;
        self.out += &low;
        if is_range {
            self.rest = &self.rest[1..];
            let high = self.class_char()?;
            self.out.push('-');
            self.out += &high;
        }
        Ok(())
    }

    /// Returns one character of a class so that it can only mean itself.
    fn class_char(&mut self) -> Result<String, String> {
        if !self.rest.starts_with('\\') {
            let next = self.take();
            let plain = next.is_alphanumeric() || next == ' ';
            return Ok(if plain { next.to_string() } else { format!("\\x{{{:X}}}", u32::from(next)) });
        }
        if let Some((value, length)) = octal(self.rest) {
            self.rest = &self.rest[length..];
            return Ok(format!("\\x{{{value:X}}}"));
        }
        let Some(name) = self.rest.chars().nth(1) else { return Err("trailing backslash".to_owned()) };
        let length = match name {
            'x' if self.rest[2..].starts_with('{') => self.rest.find('}').map(|end| end + 1),
            'x' => self.rest.get(..4).map(str::len),
            'a' | 'f' | 't' | 'n' | 'r' | 'v' => Some(2),
            _ if name.is_ascii_punctuation() => Some(2),
            _ => None,
        };
        let length = length.ok_or_else(|| format!("invalid escape sequence `\\{name}`"))?;
        let escape = self.rest[..length].to_owned();
        self.rest = &self.rest[length..];
        Ok(escape)
    }
}

/// Returns the length of the repetition operator at the start, if there is one.
fn repetition_length(text: &str) -> Result<Option<usize>, String> {
    let Some(counts) = text.strip_prefix('{') else { return Ok(Some(1)) };
    let Some(end) = counts.find('}') else { return Ok(None) };
    let (low, high) = counts[..end].split_once(',').unwrap_or((&counts[..end], ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if low.is_empty() || !is_number(low) || !is_number(high) {
        return Ok(None);
    }
    let too_many = |text: &str| !text.is_empty() && text.parse::<u32>().map_or(true, |count| count > 1000);
    if too_many(low) || too_many(high) {
        return Err(format!("invalid repeat count: `{}`", &text[..end + 2]));
    }
    Ok(Some(end + 2))
}

/// Returns what stands in the brackets of an ASCII class.
fn perl_class(name: char) -> Option<&'static str> {
    Some(match name {
        'd' => "0-9",
        'D' => "^0-9",
        's' => "\\t\\n\\x0C\\r ",
        'S' => "^\\t\\n\\x0C\\r ",
        'w' => "0-9A-Za-z_",
        'W' => "^0-9A-Za-z_",
        _ => return None,
    })
}

/// Reads `\123` or `\07`; single digits but `\0` are back-references, which RE2 lacks.
fn octal(text: &str) -> Option<(u32, usize)> {
    let digits: String = text.chars().skip(1).take(3).take_while(|digit| ('0'..='7').contains(digit)).collect();
    if digits.is_empty() || digits.len() == 1 && digits != "0" {
        return None;
    }
    u32::from_str_radix(&digits, 8).ok().map(|value| (value, 1 + digits.len()))
}

#[cfg(test)]
mod tests {
    use crate::pattern::compile;

    #[track_caller]
    fn check(pattern: &str, matching: &[&str], others: &[&str]) {
        let regex = compile(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
        for text in matching {
            assert!(regex.is_match(text), "`{pattern}` matches `{text}`");
        }
        for text in others {
            assert!(!regex.is_match(text), "`{pattern}` does not match `{text}`");
        }
    }

    #[test]
    fn perl_classes_are_ascii() {
        check(r"^\d{3}$", &["123"], &["12", "١٢٣", "123\n"]);
        check(r"^\w+$", &["a_1"], &["grün"]);
        check(r"^[\w.-]+$", &["a.b-c"], &["ü"]);
        check(r"^\W$", &["ü", "-"], &["a"]);
        check(r"^[\D]$", &["x"], &["1"]);
        check(r"\bx", &["ax x", "üx"], &["ax"]);
    }

    #[test]
    fn operators_of_other_dialects_are_plain_characters_in_classes() {
        check("^[a&&b]+$", &["a&b"], &["x"]);
        check("^[[]$", &["["], &["a"]);
        check("^[+--]+$", &["+,-"], &["a"]);
        check("^[]a]+$", &["]a"], &["b"]);
        check("^[a-c~~x-]+$", &["b~-x"], &["d"]);
        check("^[[:alpha:]]+$", &["ab"], &["1"]);
    }

    #[test]
    fn braces_that_count_nothing_are_plain_characters() {
        check("^a{2}$", &["aa"], &["a{2}"]);
        check("^a{,2}b{$", &["a{,2}b{"], &["aab"]);
        check("^a{1,2}?$", &["a", "aa"], &["aaa"]);
    }

    #[test]
    fn quoted_and_octal_text_is_literal() {
        check(r"^\Qa.b\E$", &["a.b"], &["axb"]);
        check(r"^\101$", &["A"], &["B"]);
    }

    #[test]
    fn what_re2_lacks_is_refused() {
        for pattern in [
            "(",
            "[",
            "a**",
            "^(?!x).*$",
            "(?<=a)b",
            r"(a)\1",
            r"\C",
            "(?x)a",
            r"a\",
            "[z-a]",
            "x{1001}",
            "a++",
            "x{9}{9}",
            "(?P=n)",
        ] {
            assert!(compile(pattern).is_err(), "{pattern}");
        }
    }
}
