//! Brackets and braces of YAML: what is not closed, or not separated.

use super::Edit;

/// The longest text between brackets that is looked through.
const LONGEST: usize = 4096;

/// `{ a: 1 b: 2 }` and `[{…} {…}]`: a comma between members, or items, from the bracket at a place on.
pub(super) fn between_members(text: &str, start: usize) -> Option<Edit> {
    // For each bracket that is open, whether what stands in it at last has its colon, and whether it has a comma.
    let mut open: Vec<(char, bool, bool)> = Vec::new();
    let mut quote = None;
    // Where the last word begins, and where what stands before it ends.
    let (mut word, mut before) = (start, start);
    let mut last = ' ';
    let mut end = start;
    let mut signs = text[start..].char_indices().take(LONGEST).peekable();
    while let Some((at, sign)) = signs.next() {
        let at = start + at;
        if let Some(own) = quote {
            if sign == own {
                quote = None;
            }
            (last, end) = (sign, at + sign.len_utf8());
            continue;
        }
        if !sign.is_whitespace() && (last.is_whitespace() || matches!(last, '{' | '[' | ',' | '}' | ']')) {
            (word, before) = (at, end);
        }
        let is_followed = signs.peek().is_none_or(|(_, next)| next.is_whitespace());
        match sign {
            '"' | '\'' if word == at => quote = Some(sign),
            '{' | '[' if word == at => {
                if text[..before].ends_with(['}', ']']) && before > start {
                    return Some(Edit::insert(text, before, ","));
                }
                open.push((sign, false, false));
            }
            '}' | ']' => {
                open.pop();
                if open.is_empty() {
                    return None;
                }
            }
            ',' => {
                if let Some(member) = open.last_mut() {
                    (member.1, member.2) = (false, true);
                }
            }
            ':' if is_followed => match open.last_mut()? {
                // Lines without any comma are a block, and the brace is what is too much.
                ('{', true, has_comma) if before < word && (*has_comma || !text[before..word].contains('\n')) => {
                    return Some(Edit::insert(text, before, ","));
                }
                (_, has_colon, _) => *has_colon = true,
            },
            _ => {}
        }
        last = sign;
        if !sign.is_whitespace() {
            end = at + sign.len_utf8();
        }
    }
    None
}

/// `"a" "b"` in brackets
pub(super) fn between_texts(value: &str, at: usize) -> Option<Edit> {
    let mut quote = None;
    let mut closed: Option<usize> = None;
    for (place, sign) in value.char_indices() {
        match (quote, sign) {
            (Some(own), _) if own == sign => (quote, closed) = (None, Some(place + 1)),
            (Some(_), _) => {}
            (None, '"' | '\'') => {
                if let Some(end) = closed.filter(|end| value[*end..place].trim().is_empty()) {
                    return Some(Edit::insert(value, end, ",")).map(|edit| Edit {
                        start: at + end,
                        end: at + end,
                        underlined: (at + end, at + end + 1),
                        ..edit
                    });
                }
                quote = Some(sign);
            }
            (None, ' ') => {}
            (None, _) => closed = None,
        }
    }
    None
}

/// Brackets of a line that lack their partners.
pub(super) fn unbalanced(value: &str, at: usize) -> Vec<Edit> {
    let mut open: Vec<(usize, char)> = Vec::new();
    let mut quote = None;
    for (place, sign) in value.char_indices() {
        match (quote, sign) {
            (Some(own), _) if own == sign => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(sign),
            (None, '[' | '{') => open.push((place, sign)),
            (None, ']' | '}') => match open.last() {
                Some((_, opened)) if (*opened == '[') == (sign == ']') => {
                    open.pop();
                }
                Some((start, opened)) => {
                    let right = if *opened == '[' { "]" } else { "}" };
                    let (start, place) = (at + start, at + place);
                    let told = format!("`{opened}` is closed with `{sign}`");
                    let close = Edit::replace(place, place, right, format!("close `{opened}` with `{right}`"));
                    let swap = Edit::replace(place, place + 1, right, format!("write `{right}`"));
                    let close = close.underline(start, start + 1).say(format!("`{opened}` is not closed"));
                    return vec![close, swap.say(told).sure()];
                }
                None => {
                    let place = at + place;
                    let edit = Edit::replace(place, place + 1, "", format!("remove `{sign}`"));
                    return vec![edit.say(format!("`{sign}` closes nothing")).sure()];
                }
            },
            _ => {}
        }
    }
    let Some((place, sign)) = open.first().copied() else { return Vec::new() };
    let close: String = open.iter().rev().map(|(_, sign)| if *sign == '[' { ']' } else { '}' }).collect();
    let end = at + value.find(" #").map_or(value.len(), |comment| value[..comment].trim_end().len());
    let edit = Edit::replace(end, end, close.clone(), format!("close `{sign}` with `{close}`"));
    let edit = edit.underline(at + place, at + place + 1).say(format!("`{sign}` is not closed"));
    let mut edits = vec![edit.clone()];
    if let Some(shorter) = value[..end - at].strip_suffix(',') {
        let end = at + shorter.len();
        edits.insert(0, Edit { start: end, end: end + 1, ..edit });
    }
    edits
}
