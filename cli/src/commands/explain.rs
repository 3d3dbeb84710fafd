//! `rad explain`

use radii_model::closest;
use serde_json::json;

use crate::args::Globals;
use crate::error::Error;
use crate::output::write_stdout;
use crate::table::Table;

/// The page of every code; users read it in the documentation, too.
const PAGES: &str = include_str!("../../../docs/codes.md");

/// Which problem.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Code of a problem, such as radii/unknown-property; without one, all codes are listed
    #[arg(value_name = "CODE")]
    code: Option<String>,
}

/// Prints what a code means and what to do.
pub fn run(args: &Args, globals: &Globals) -> Result<(), Error> {
    let output = globals.output();
    let Some(wanted) = &args.code else {
        let codes: Vec<&str> = pages().map(|(code, _)| code).collect();
        return output.value(&json!(codes), || {
            let mut table = Table::new(["CODE"]);
            codes.iter().for_each(|code| table.row([*code]));
            table
        });
    };
    let (code, text) = find(wanted).ok_or_else(|| unknown(wanted))?;
    if output.is_table() {
        return write_stdout(&format!("{code}\n\n{text}\n"));
    }
    output.value(&json!({ "code": code, "text": text }), || Table::new(["CODE"]))
}

/// Returns codes with their pages, in the order of the documentation.
fn pages() -> impl Iterator<Item = (&'static str, &'static str)> {
    let sections = PAGES.split("\n## ").skip(1);
    sections.filter_map(|section| section.split_once('\n')).map(|(code, text)| (code.trim(), text.trim()))
}

/// Finds a page by its code, or by the end of it: `unknown-property` is as good as `radii/unknown-property`.
fn find(wanted: &str) -> Option<(&'static str, &'static str)> {
    let ends = |code: &str| code.rsplit_once('/').is_some_and(|(_, end)| end == wanted);
    pages().find(|(code, _)| *code == wanted).or_else(|| pages().find(|(code, _)| ends(code)))
}

fn unknown(wanted: &str) -> Error {
    let names = pages().flat_map(|(code, _)| [code, code.rsplit('/').next().unwrap_or(code)]);
    let hint = match closest(wanted, names) {
        Some(code) => format!("did you mean `{code}`?"),
        None => "`rad explain` lists all codes".to_owned(),
    };
    Error::failed(format!("there is no code `{wanted}`")).hint(hint)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    /// Adds every `radii/…` code that a source file names.
    fn add_codes(folder: &Path, codes: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                add_codes(&path, codes);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let named = text.split("Code::new(\"").skip(1).filter_map(|rest| rest.split('"').next());
                codes.extend(named.filter(|code| code.starts_with("radii/")).map(str::to_owned));
            }
        }
    }

    #[test]
    fn every_code_of_ours_has_a_page() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let mut codes = BTreeSet::new();
        for folder in ["model/src", "codegen/src", "cli/src", "typespec/src"] {
            add_codes(&root.join(folder), &mut codes);
        }
        assert!(codes.len() > 60, "{codes:?}");
        let without: Vec<_> = codes.iter().filter(|code| pages().all(|(own, _)| own != code.as_str())).collect();
        assert!(without.is_empty(), "docs/codes.md lacks {without:?}");
    }

    #[test]
    fn every_code_of_the_typespec_corpus_has_a_page() {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../typespec/tests/corpus");
        let rows = std::fs::read_to_string(corpus.join("parse-err.jsonl")).unwrap();
        let codes: BTreeSet<&str> = rows
            .split("\"code\":")
            .skip(1)
            .filter_map(|rest| rest.trim_start().trim_start_matches('"').split('"').next())
            .collect();
        assert!(codes.len() > 10, "{codes:?}");
        for code in codes {
            assert!(find(code).is_some(), "docs/codes.md lacks {code}");
        }
    }

    #[test]
    fn pages_stand_once_and_say_something() {
        let codes: Vec<&str> = pages().map(|(code, _)| code).collect();
        assert_eq!(codes.iter().collect::<BTreeSet<_>>().len(), codes.len());
        assert!(pages().all(|(_, text)| text.len() > 10));
        assert_eq!(find("unknown-property").unwrap().0, "radii/unknown-property");
        assert!(find("nothing-at-all").is_none());
    }
}
