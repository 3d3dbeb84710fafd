//! What diagnostics look like in each format.

use proptest::prelude::*;
use radii_diagnostics::render::{Colour, Format, render};
use radii_diagnostics::{Code, Diagnostic, FileId, Fix, Severity, SourceMap, Span};

const MANIFEST: &str = "namespace: Contoso.Data\ntypes:\n  db:\n    size: grün\n    port: x\n    size: M\n";

fn sources() -> SourceMap {
    let mut sources = SourceMap::new();
    sources.add("types/my db.yaml", MANIFEST);
    sources.add("base.yaml", "size: S\n");
    sources
}

fn span(file: u32, text: &str, part: &str) -> Span {
    let start = text.find(part).expect("the part is in the text");
    Span::new(FileId(file), start, start + part.len())
}

fn examples() -> Vec<Diagnostic> {
    let again = MANIFEST.rfind("size").unwrap();
    let twice = Diagnostic::error(Code::new("radii/duplicate-key"), "the key `size` stands here twice")
        .labelled(Span::new(FileId(0), again, again + 4), "again here")
        .also(span(0, MANIFEST, "size"), "first here")
        .also(span(1, "size: S\n", "size"), "and it is a base property")
        .path("types.db.size")
        .help("remove or rename one of the two");
    let place = span(0, MANIFEST, "port");
    let typo = Diagnostic::warning(Code::new("radii/unknown-property"), "unknown property `port`: 100% wrong,\nreally")
        .at(place)
        .fix(Fix { title: "rename to `ports`".into(), span: place, replacement: "ports".into(), sure: true });
    let note = Diagnostic::new(Code::new("radii/nothing"), Severity::Note, "no file was checked").help("name a file");
    vec![twice, typo, note]
}

fn rendered(format: Format) -> String {
    render(&examples(), &sources(), format, Colour::Off)
}

#[test]
fn people_see_the_lines_with_carets_path_and_help() {
    insta::assert_snapshot!(rendered(Format::Human));
}

#[test]
fn programs_get_one_json_object_per_line() {
    let text = rendered(Format::Json);
    assert_eq!(text.lines().filter(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()).count(), 3);
    insta::assert_snapshot!(text);
}

#[test]
fn code_scanning_gets_sarif() {
    insta::assert_snapshot!(rendered(Format::Sarif).replace(env!("CARGO_PKG_VERSION"), "VERSION"));
}

#[test]
fn workflows_get_commands_with_everything_escaped() {
    insta::assert_snapshot!(rendered(Format::Github));
}

#[test]
fn colour_is_written_only_when_asked_for() {
    assert!(render(&examples(), &sources(), Format::Human, Colour::On).contains('\u{1b}'));
    assert!(!rendered(Format::Human).contains('\u{1b}'));
}

#[test]
fn nothing_to_say_is_nothing_except_in_sarif() {
    for format in [Format::Human, Format::Json, Format::Github] {
        assert_eq!(render(&[], &sources(), format, Colour::Off), "");
    }
    let sarif: serde_json::Value = serde_json::from_str(&render(&[], &sources(), Format::Sarif, Colour::Off)).unwrap();
    assert_eq!(sarif["runs"][0]["results"], serde_json::json!([]));
}

#[test]
fn a_problem_at_the_end_of_a_text_is_shown() {
    let mut sources = SourceMap::new();
    let file = sources.add("a.json", "{\n");
    let problem = Diagnostic::error(Code::new("radii/json-syntax"), "the text ends").at(Span::new(file, 2, 2));
    insta::assert_snapshot!(render(&[problem], &sources, Format::Human, Colour::Off));
}

proptest! {
    #[test]
    fn any_place_in_any_text_is_rendered(text in "[a-zü\u{1F600}\t\r\n\u{7}]{0,40}", start in 0usize..60, length in 0usize..60, file in 0u32..2) {
        let mut sources = SourceMap::new();
        sources.add("a", text.clone());
        let span = Span::new(FileId(file), start, start + length);
        let problem = Diagnostic::error(Code::new("x"), text)
            .labelled(span, "here")
            .also(Span::new(FileId(0), length, start), "there")
            .fix(Fix { title: "mend".into(), span, replacement: "y".into(), sure: false });
        for format in [Format::Human, Format::Json, Format::Sarif, Format::Github] {
            render(std::slice::from_ref(&problem), &sources, format, Colour::Off);
        }
    }
}
