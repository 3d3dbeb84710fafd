//! What holds for every text.

use proptest::prelude::*;
use radii_diagnostics::FileId;
use typespec::syntax::scanner::Scanner;
use typespec::syntax::{Node, TokenKind};

fn printed(source: &str) -> String {
    let mut text = String::new();
    typespec::parse(FileId(0), source).root.write_text(source, &mut text);
    text
}

fn assert_spans_nest(node: &Node) {
    for child in node.nodes() {
        assert!(child.start >= node.start && child.end <= node.end, "{:?} in {:?}", child.kind, node.kind);
        assert_spans_nest(child);
    }
}

proptest! {
    #[test]
    fn a_tree_prints_back_its_text(source in "\\PC{0,80}") {
        prop_assert_eq!(printed(&source), source);
    }

    #[test]
    fn words_of_the_language_in_any_order_never_panic(words in proptest::collection::vec(word(), 0..60)) {
        let source = words.concat();
        prop_assert_eq!(printed(&source), source.clone());
        assert_spans_nest(&typespec::parse(FileId(0), &source).root);
        // A text is formatted or refused; what comes out can be read again.
        if let Ok(formatted) = typespec::format(FileId(0), &source) {
            let again = typespec::format(FileId(0), &formatted);
            prop_assert_eq!(again.ok(), Some(formatted));
        }
    }

    #[test]
    fn tokens_follow_each_other_without_gaps(source in "[ -~\n§é\"`$#{}]{0,120}") {
        let mut scanner = Scanner::new(FileId(0), &source);
        let mut end = scanner.position();
        loop {
            let token = scanner.next_token();
            prop_assert_eq!(token.start, end);
            if token.kind == TokenKind::EndOfFile {
                break;
            }
            end = token.end;
        }
        prop_assert_eq!(end, source.len());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_words_compile_to_diagnostics_that_point_into_the_text(words in proptest::collection::vec(word(), 0..40)) {
        let source = words.concat();
        let world = std::collections::BTreeMap::from([("main.tsp".to_owned(), source.clone())]);
        let options = typespec::Options::default();
        let compilation = typespec::compile(&world, "main.tsp", &options, &typespec::Registry::standard());
        for diagnostic in &compilation.diagnostics {
            for label in diagnostic.primary.iter().chain(&diagnostic.secondary) {
                let text = compilation.sources.file(label.span.file).expect("spans name files").text();
                prop_assert!(label.span.start <= label.span.end, "{diagnostic:?}");
                prop_assert!(text.is_char_boundary(label.span.start as usize), "{diagnostic:?}");
            }
        }
    }
}

fn word() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(vec![
        "model ",
        "op ",
        "enum ",
        "union ",
        "scalar ",
        "alias ",
        "const ",
        "namespace ",
        "using ",
        "import ",
        "dec ",
        "fn ",
        "interface ",
        "extends ",
        "is ",
        "extern ",
        "init ",
        "valueof ",
        "typeof ",
        "void ",
        "prop ",
        "A",
        "b ",
        "{",
        "}",
        "(",
        ")",
        "[",
        "]",
        "<",
        ">",
        "=",
        ":",
        "::",
        ";",
        ",",
        ".",
        "...",
        "?",
        "|",
        "&",
        "@",
        "@@",
        "#",
        "#{",
        "#[",
        "=>",
        "\"x\"",
        "\"a${",
        "}b\"",
        "\"\"\"\n",
        "\n\"\"\"",
        "1",
        "-2.5e3",
        "0x",
        "`q`",
        "/** @param */",
        "// c\n",
        "\n",
        "é",
        "\\",
        "<<<<<<< a\n",
        "=======\n",
    ])
}

#[test]
fn deep_nesting_is_an_error_and_no_overflow() {
    for source in ["alias A = ", "model M { a: "].map(|start| format!("{start}{}", "(".repeat(20_000))) {
        let parse = typespec::parse(FileId(0), &source);
        assert!(parse.diagnostics.iter().any(|diagnostic| diagnostic.code.as_str() == "nesting-too-deep"));
    }
    let blocks = "namespace A { ".repeat(5_000);
    assert!(!typespec::parse(FileId(0), &blocks).diagnostics.is_empty());
}
