//! What holds for every text.

use proptest::prelude::*;
use radii_diagnostics::FileId;
use typespec::syntax::Node;

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
            prop_assert!(typespec::format(FileId(0), &formatted).is_ok(), "{formatted}");
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
