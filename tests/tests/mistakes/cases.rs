//! Cases as changes of a good text, with the place and the mended text that an expert would name.
//!
//! A file holds sections that begin with `=== NAME`. The section `base` is a good text; every other one says how lines
//! of it are changed: `< ` is a line of the base (without its indentation), `> ` what stands there instead. In the new
//! lines `«…»` marks what is underlined, `⟦old→new⟧` what mends it (`«old→new»` is both), and `‹;›` a sign that is
//! missing: the character behind it is underlined, and the sign added.

/// One mistake.
pub struct Case {
    pub name: String,
    /// The text with the mistake.
    pub text: String,
    /// What is underlined.
    pub span: (usize, usize),
    /// The mended text; `None` where nobody can know it.
    pub mended: Option<String>,
}

/// Returns the good text and the cases of a file.
pub fn read(file: &str) -> (String, Vec<Case>) {
    let mut sections = file.split("=== ").skip(1).map(|section| section.split_once('\n').unwrap_or((section, "")));
    let (name, base) = sections.next().expect("the first section is the base");
    assert_eq!(name, "base");
    (base.to_owned(), sections.map(|(name, change)| case(base, name, change)).collect())
}

fn case(base: &str, name: &str, change: &str) -> Case {
    let mut lines: Vec<String> = base.lines().map(str::to_owned).collect();
    let mut change = change.lines().filter(|line| !line.is_empty()).peekable();
    while change.peek().is_some() {
        let mut old = Vec::new();
        while let Some(line) = change.next_if(|line| line.starts_with('<')) {
            old.push(line[2..].trim());
        }
        let mut new = Vec::new();
        while let Some(line) = change.next_if(|line| line.starts_with('>')) {
            new.push(line.get(2..).unwrap_or_default());
        }
        assert!(!old.is_empty(), "`{name}` names no line");
        let place = lines.windows(old.len()).position(|own| own.iter().zip(&old).all(|(own, old)| own.trim() == *old));
        let place = place.unwrap_or_else(|| panic!("`{name}`: no lines {old:?}"));
        let indent = lines[place].len() - lines[place].trim_start().len();
        let indent = lines[place][..indent].to_owned();
        lines.splice(place..place + old.len(), new.iter().map(|line| format!("{indent}{line}")));
    }
    read_marks(name, &(lines.join("\n") + "\n"))
}

/// Returns the cases of a file whose sections are whole texts.
pub fn read_whole(file: &str) -> Vec<Case> {
    let sections = file.split("=== ").skip(1).map(|section| section.split_once('\n').unwrap_or((section, "")));
    sections.map(|(name, text)| read_marks(name, text)).collect()
}

/// Takes the marks out.
fn read_marks(name: &str, marked: &str) -> Case {
    let (mut text, mut mended) = (String::new(), String::new());
    let (mut start, mut end) = (None, None);
    // Where in the mended text each open mark begins.
    let mut open: Vec<usize> = Vec::new();
    let (mut is_new, mut has_fix, mut lacks) = (false, false, false);
    for sign in marked.chars() {
        match sign {
            '«' => {
                start = Some(text.len());
                open.push(mended.len());
            }
            '⟦' => open.push(mended.len()),
            '→' => {
                mended.truncate(*open.last().unwrap_or_else(|| panic!("`{name}`: an arrow outside of marks")));
                (is_new, has_fix) = (true, true);
            }
            '»' | '⟧' => {
                if sign == '»' {
                    end = Some(text.len());
                }
                open.pop();
                is_new = false;
            }
            '‹' => (start, is_new, has_fix) = (Some(text.len()), true, true),
            '›' => (is_new, lacks) = (false, true),
            _ => {
                mended.push(sign);
                if !is_new {
                    text.push(sign);
                }
                if lacks && end.is_none() {
                    end = Some(text.len());
                }
            }
        }
    }
    let start = start.unwrap_or_else(|| panic!("`{name}` marks nothing"));
    let end = end.unwrap_or_else(|| panic!("`{name}`: the mark has no end"));
    Case { name: name.to_owned(), text, span: (start, end), mended: has_fix.then_some(mended) }
}
