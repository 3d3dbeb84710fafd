//! The formatter against the reference formatter's output.

use std::fs;
use std::path::{Path, PathBuf};

use radii_diagnostics::FileId;
use serde_json::Value as Json;

/// Entry files of the corpus that are not formatted as the reference does, each with the reason.
const KNOWN: &[(&str, &str)] = &[];

/// Every spec of the corpus: its name, its entry file and what the reference said of it.
pub fn specs() -> Vec<(String, PathBuf, Json)> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut specs = Vec::new();
    for part in ["check", "resource-types"] {
        for entry in fs::read_dir(corpus.join(part)).expect("the corpus is there") {
            let path = entry.expect("the corpus can be read").path();
            let name = format!("{part}/{}", path.file_name().expect("entries have names").to_string_lossy());
            let (source, golden) = if path.is_dir() {
                (path.join("main.tsp"), path.join("golden.json"))
            } else if path.extension().is_some_and(|extension| extension == "tsp") {
                (path.clone(), path.with_extension("golden.json"))
            } else {
                continue;
            };
            let golden = fs::read_to_string(golden).expect("every spec has a golden");
            specs.push((name, source, serde_json::from_str(&golden).expect("goldens are JSON")));
        }
    }
    specs.sort_by(|left, right| left.0.cmp(&right.0));
    specs
}

#[test]
fn every_entry_file_is_formatted_as_the_reference_does() {
    let mut failed = Vec::new();
    let specs = specs();
    for (name, path, golden) in &specs {
        let source = fs::read_to_string(path).expect("the corpus can be read");
        let expected = match &golden["format"] {
            Json::String(text) if text == "unchanged" => Some(source.clone()),
            Json::String(text) => Some(text.clone()),
            _ => None,
        };
        let ours = typespec::format(FileId(0), &source);
        let known = KNOWN.iter().any(|(known, _)| name == known);
        match (ours, expected) {
            (Ok(ours), Some(expected)) if ours == expected => {
                assert!(!known, "{name} is formatted well now: strike it off")
            }
            (Err(_), None) => {}
            _ if known => {}
            (Ok(ours), Some(expected)) => failed.push(format!("{name}:\n{}", first_difference(&expected, &ours))),
            (Ok(_), None) => failed.push(format!("{name}: the reference refuses it")),
            (Err(diagnostics), Some(_)) => failed.push(format!("{name}: refused, {:?}", diagnostics[0].message)),
        }
    }
    println!("formatter: {}/{}", specs.len() - failed.len() - KNOWN.len(), specs.len());
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

fn first_difference(expected: &str, ours: &str) -> String {
    let (expected, ours): (Vec<_>, Vec<_>) = (expected.lines().collect(), ours.lines().collect());
    let at = (0..expected.len().max(ours.len())).find(|at| expected.get(*at) != ours.get(*at)).unwrap_or(0);
    let show = |lines: &[&str]| {
        lines.iter().skip(at.saturating_sub(1)).take(6).map(|line| format!("    |{line}\n")).collect::<String>()
    };
    format!("  line {}\n  expected\n{}  ours\n{}", at + 1, show(&expected), show(&ours))
}

#[test]
fn formatting_twice_changes_nothing() {
    for (name, path, _) in specs() {
        let source = fs::read_to_string(path).expect("the corpus can be read");
        let Ok(once) = typespec::format(FileId(0), &source) else { continue };
        assert_eq!(typespec::format(FileId(0), &once).as_deref(), Ok(once.as_str()), "{name}");
    }
}

#[test]
fn a_text_with_an_error_of_syntax_is_left_to_its_author() {
    let broken = [
        "model A {",
        "model A { a: string",
        "model A { a: string; } }",
        "namespace N { model A {}",
        "model A { a: string = \"x }",
        "@doc(\"x\" model A {}",
        "alias A = ",
        "op f(",
        "interface I { f(): void; ",
        "alias A = string; }",
    ];
    for text in broken {
        let told = typespec::format(FileId(0), text).expect_err(text);
        assert!(told.iter().all(radii_diagnostics::Diagnostic::is_error), "{text}: {told:?}");
        assert!(!told.is_empty(), "{text}");
    }
}

/// Pairs of a text and what the reference makes of it.
const LAYOUTS: &[(&str, &str)] = &[
    // Decorators may be called like words that are kept for later.
    ("@package @`trait`(1) model A {}", "@package\n@trait(1)\nmodel A {}\n"),
    ("@@scenario(A);", "@@scenario(A);\n"),
    // A text keeps its trailing spaces, and its blank lines are as deep as the others; a line goes on within the next part.
    (
        "@doc(\"\"\"\n    one  \n\n      two\n    \"\"\")\nmodel A {}",
        "@doc(\"\"\"\n  one  \n  \n    two\n  \"\"\")\nmodel A {}\n",
    ),
    (
        "const a = \"\"\"\n    one ${b} two ${c}\n    three \n    \"\"\";",
        "const a = \"\"\"\n  one ${b} two ${\n  c}\n  three \n  \"\"\";\n",
    ),
    // Comments stay behind their decorators.
    (
        "@get // first\n// second\n@route(\"/\")\n// third\nop f(): void;",
        "@get // first\n// second\n@route(\"/\")\n// third\nop f(): void;\n",
    ),
    ("@d(\n  // why\n  1, 2)\nmodel A {}", "@d(\n  // why\n  1,\n  2\n)\nmodel A {}\n"),
    // Without parameters the parentheses can be broken, so decorators stay on their line.
    (
        "@route(\"/channel/no-terminal\") @get op subscribeToTheChannel(): SSEStream<ChannelEventsNoTerminal>;",
        "@route(\"/channel/no-terminal\") @get op subscribeToTheChannel(\n): SSEStream<ChannelEventsNoTerminal>;\n",
    ),
    // A union among several arguments has the indentation of the list.
    (
        "alias A = Template<Something, FirstOptionOfTheUnion | SecondOptionOfTheUnion | ThirdOption, Other>;",
        "alias A = Template<\n  Something,\n  FirstOptionOfTheUnion | SecondOptionOfTheUnion | ThirdOption,\n  Other\n>;\n",
    ),
    (
        "alias A = Template<Something, FirstOptionOfTheUnion | SecondOptionOfTheUnion | ThirdOptionOfTheWholeLongUnion, Other>;",
        "alias A = Template<\n  Something,\n  | FirstOptionOfTheUnion\n  | SecondOptionOfTheUnion\n  | ThirdOptionOfTheWholeLongUnion,\n  \
         Other\n>;\n",
    ),
    // Commas where no model, alias or operation is around.
    (
        "interface I extends Base<{ a: string; }, {}> {}",
        "interface I\n  extends Base<\n      {\n        a: string,\n      },\n      {}\n    > {}\n",
    ),
    ("model A<T extends {a: string; b: int32}> {}", "model A<T extends {a: string; b: int32}> {}\n"),
    // A separator that is missing is put in.
    ("op f(): void\nmodel A { a: string b: int32 }", "op f(): void;\nmodel A {\n  a: string;\n  b: int32;\n}\n"),
];

#[test]
fn layouts_are_those_of_the_reference() {
    for (text, expected) in LAYOUTS {
        assert_eq!(typespec::format(FileId(0), text).as_deref(), Ok(*expected), "{text}");
        assert_eq!(typespec::format(FileId(0), expected).as_deref(), Ok(*expected), "{expected}");
    }
}

#[test]
fn a_line_that_had_to_be_broken_is_laid_out_once_and_for_all() {
    let text =
        "op f(...Headers, @header @encode(DateTimeKnownEncoding.unixTimestamp, int64) timestamp?: utcDateTime): void;";
    let once = typespec::format(FileId(0), text).unwrap();
    assert_eq!(typespec::format(FileId(0), &once), Ok(once.clone()), "{once}");
}
