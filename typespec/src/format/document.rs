//! A document printer after Wadler: text, possible line breaks and groups that break as a whole.

/// Widest line that is not broken.
const WIDTH: usize = 80;
/// Columns per level of indentation.
const INDENT: usize = 2;

/// A document: what is to be printed, with the places where lines may break.
#[derive(Clone, Debug)]
pub(super) enum Doc {
    /// Text without line breaks.
    Text(String),
    /// Several documents, one after the other.
    Concat(Vec<Doc>),
    /// One level deeper.
    Indent(Box<Doc>),
    /// So many columns deeper.
    Align(usize, Box<Doc>),
    /// Broken as a whole, or not at all.
    Group(Box<Doc>, Fold),
    /// A line break, or what stands in its place when the group is not broken.
    Line(Line),
    /// One document when the group around is broken, another when not.
    IfBreak(Box<Doc>, Box<Doc>),
    /// Printed before the next line break.
    LineSuffix(Box<Doc>),
    /// Makes every group around break.
    BreakParent,
}

/// Whether a group has to break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fold {
    /// Only when it does not fit.
    IfNeeded,
    /// In any case.
    Broken,
}

/// A line break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A space when not broken.
    Space,
    /// Nothing when not broken.
    Soft,
    /// Always broken.
    Hard,
    /// Always broken, without indentation; what stands before it keeps its trailing spaces.
    Literal,
    /// Always broken, with indentation; what stands before it keeps its trailing spaces.
    Verbatim,
}

pub(super) fn text(text: impl Into<String>) -> Doc {
    Doc::Text(text.into())
}

pub(super) fn concat(parts: impl Into<Vec<Doc>>) -> Doc {
    Doc::Concat(parts.into())
}

pub(super) fn nothing() -> Doc {
    Doc::Concat(Vec::new())
}

pub(super) fn indent(doc: Doc) -> Doc {
    Doc::Indent(Box::new(doc))
}

pub(super) fn group(doc: Doc) -> Doc {
    Doc::Group(Box::new(doc), Fold::IfNeeded)
}

pub(super) fn if_break(broken: Doc, flat: Doc) -> Doc {
    Doc::IfBreak(Box::new(broken), Box::new(flat))
}

pub(super) fn hard() -> Doc {
    Doc::Concat(vec![Doc::Line(Line::Hard), Doc::BreakParent])
}

pub(super) fn join(separator: &Doc, parts: impl IntoIterator<Item = Doc>) -> Doc {
    let mut joined = Vec::new();
    for part in parts {
        if !joined.is_empty() {
            joined.push(separator.clone());
        }
        joined.push(part);
    }
    Doc::Concat(joined)
}

/// Marks every group that holds a forced break as broken; says whether `doc` holds one.
fn propagate(doc: &mut Doc) -> bool {
    match doc {
        Doc::Text(_) => false,
        Doc::BreakParent => true,
        Doc::Line(line) => matches!(line, Line::Hard | Line::Literal | Line::Verbatim),
        Doc::Concat(parts) => parts.iter_mut().fold(false, |broken, part| propagate(part) | broken),
        Doc::Indent(inner) | Doc::Align(_, inner) | Doc::LineSuffix(inner) => propagate(inner),
        Doc::IfBreak(broken, flat) => propagate(broken) | propagate(flat),
        Doc::Group(inner, fold) => {
            if propagate(inner) {
                *fold = Fold::Broken;
            }
            *fold == Fold::Broken
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Flat,
    Broken,
}

/// Prints a document.
pub(super) fn print(mut doc: Doc) -> String {
    propagate(&mut doc);
    let mut output = String::new();
    let mut column = 0;
    let mut suffixes: Vec<(usize, &Doc)> = Vec::new();
    let mut stack: Vec<(usize, Mode, &Doc)> = vec![(0, Mode::Broken, &doc)];
    while let Some((indentation, mode, doc)) = stack.pop() {
        match doc {
            Doc::Text(text) => {
                output.push_str(text);
                column += text.chars().count();
            }
            Doc::Concat(parts) => stack.extend(parts.iter().rev().map(|part| (indentation, mode, part))),
            Doc::Indent(inner) => stack.push((indentation + INDENT, mode, inner)),
            Doc::Align(columns, inner) => stack.push((indentation + columns, mode, inner)),
            Doc::Group(inner, fold) => {
                let flat = (indentation, Mode::Flat, &**inner);
                let fits = *fold == Fold::IfNeeded && fits(flat, &stack, WIDTH.saturating_sub(column));
                let mode = if fits { Mode::Flat } else { Mode::Broken };
                stack.push((indentation, mode, inner));
            }
            Doc::IfBreak(broken, flat) => {
                stack.push((indentation, mode, if mode == Mode::Broken { broken } else { flat }));
            }
            Doc::LineSuffix(inner) => suffixes.push((indentation, inner)),
            Doc::BreakParent => {}
            Doc::Line(line) => match (mode, line) {
                (Mode::Flat, Line::Space) => {
                    output.push(' ');
                    column += 1;
                }
                (Mode::Flat, Line::Soft) => {}
                _ if !suffixes.is_empty() => {
                    // What waits for the end of the line comes first, then this break again.
                    stack.push((indentation, mode, doc));
                    stack.extend(suffixes.drain(..).rev().map(|(indentation, doc)| (indentation, mode, doc)));
                }
                _ => {
                    if !matches!(line, Line::Literal | Line::Verbatim) {
                        output.truncate(output.trim_end_matches([' ', '\t']).len());
                    }
                    output.push('\n');
                    column = if *line == Line::Literal { 0 } else { indentation };
                    output.push_str(&" ".repeat(column));
                }
            },
        }
    }
    let mut rest = suffixes;
    while !rest.is_empty() {
        let (_, doc) = rest.remove(0);
        output.push_str(&print(doc.clone()));
    }
    output
}

/// Whether what comes next fits into the rest of the line.
fn fits(next: (usize, Mode, &Doc), rest: &[(usize, Mode, &Doc)], width: usize) -> bool {
    let mut width = width;
    let mut rest = rest.iter().rev();
    let mut stack = vec![(next.1, next.2)];
    loop {
        let Some((mode, doc)) = stack.pop() else {
            let Some((_, mode, doc)) = rest.next() else { return true };
            stack.push((*mode, doc));
            continue;
        };
        match doc {
            Doc::Text(text) => {
                let columns = text.chars().count();
                if columns > width {
                    return false;
                }
                width -= columns;
            }
            Doc::Concat(parts) => stack.extend(parts.iter().rev().map(|part| (mode, part))),
            Doc::Indent(inner) | Doc::Align(_, inner) => stack.push((mode, inner)),
            Doc::Group(inner, fold) => {
                let mode = if *fold == Fold::Broken { Mode::Broken } else { mode };
                stack.push((mode, inner));
            }
            Doc::IfBreak(broken, flat) => stack.push((mode, if mode == Mode::Broken { broken } else { flat })),
            Doc::Line(line) => match (mode, line) {
                (Mode::Broken, _) | (_, Line::Hard | Line::Literal | Line::Verbatim) => return true,
                (Mode::Flat, Line::Space) => {
                    if width == 0 {
                        return false;
                    }
                    width -= 1;
                }
                (Mode::Flat, Line::Soft) => {}
            },
            Doc::LineSuffix(_) | Doc::BreakParent => {}
        }
    }
}
