//! A tree prints back its text, and every node lies within the one that holds it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use radii_diagnostics::FileId;
use typespec::syntax::Node;

fn assert_nested(node: &Node) {
    for child in node.nodes() {
        assert!(node.start <= child.start && child.end <= node.end, "{:?} in {:?}", child.kind, node.kind);
        assert_nested(child);
    }
}

fuzz_target!(|text: &str| {
    let parse = typespec::parse(FileId(0), text);
    let mut printed = String::new();
    parse.root.write_text(text, &mut printed);
    assert_eq!(printed, text, "the tree holds the whole text");
    assert_nested(&parse.root);
});
