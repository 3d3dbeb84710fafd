//! Text that means harm: answered with diagnostics, never with a panic or a long wait.

use proptest::prelude::*;
use radii_diagnostics::FileId;
use radii_model::manifest;

use crate::fixtures;

/// Returns the codes of the errors.
fn codes(text: &str) -> Vec<String> {
    let (_, diagnostics) = manifest::parse(FileId(0), text);
    diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).map(|error| error.code.to_string()).collect()
}

#[test]
fn a_manifest_of_ten_megabytes_is_read() {
    let head = "namespace: Contoso.Data\ntypes:\n  widgets:\n    apiVersions:\n      '2025-01-01':\n        schema:\n          type: object\n          properties:\n";
    let mut text = head.to_owned();
    for at in 0.. {
        if text.len() > 10 << 20 {
            break;
        }
        let words = "one word and another ".repeat(20);
        text += &format!("            property{at}: {{type: string, description: {words}}}\n");
    }
    assert_eq!(codes(&text), Vec::<String>::new());
}

#[test]
fn nesting_of_ten_thousand_levels_is_refused() {
    let depth = 10_000;
    let flow = format!("namespace: Contoso.Data\ntypes: {}{}", "{a: ".repeat(depth), "}".repeat(depth));
    let sequences = format!("namespace: {}{}", "[".repeat(depth), "]".repeat(depth));
    let block: String = (0..depth).map(|level| format!("{}a:\n", " ".repeat(level % 500))).collect();
    for text in [flow, sequences, block] {
        assert!(!codes(&text).is_empty());
    }
}

#[test]
fn aliases_that_explode_are_refused() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let below = format!("*a{}, ", level - 1).repeat(10);
        text += &format!("a{level}: &a{level} [{}]\n", below.trim_end_matches(", "));
    }
    assert!(!codes(&text).is_empty());
}

#[test]
fn schemas_that_repeat_names_without_end_take_no_quadratic_time() {
    let names = (0..20_000).map(|at| format!("n{at}")).collect::<Vec<_>>().join(", ");
    let schema = format!("{{type: object, properties: {{}}, required: [{names}, {names}]}}");
    let text =
        format!("namespace: Contoso.Data\ntypes: {{widgets: {{apiVersions: {{'2025-01-01': {{schema: {schema}}}}}}}}}");
    assert!(!codes(&text).is_empty());
}

/// Replaces a few pieces of a real manifest.
fn mutated() -> impl Strategy<Value = String> {
    let files: Vec<String> =
        fixtures::accepted().into_iter().map(|(_, text)| text).filter(|text| text.len() < 4_000).collect();
    let piece = prop_oneof![
        "[ -~]{0,6}",
        Just("\n".to_owned()),
        Just("null".to_owned()),
        Just("[]".to_owned()),
        Just("{}".to_owned()),
        Just(": &a *a".to_owned()),
        Just("🦀\u{feff}\u{85}".to_owned()),
    ];
    let edits = prop::collection::vec((any::<prop::sample::Index>(), 0_usize..8, piece), 1..4);
    (prop::sample::select(files), edits).prop_map(|(mut text, edits)| {
        for (at, length, piece) in edits {
            let bounds: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
            let from = at.index(bounds.len());
            let to = (from + length).min(bounds.len() - 1);
            text.replace_range(bounds[from]..bounds[to], &piece);
        }
        text
    })
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = codes(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn damaged_manifests_never_panic(text in mutated()) {
        let (manifest, diagnostics) = manifest::parse(FileId(0), &text);
        let refused = diagnostics.iter().any(radii_diagnostics::Diagnostic::is_error);
        prop_assert!(manifest.is_some() || refused, "nothing was said about what was not understood");
        for diagnostic in &diagnostics {
            if let Some(label) = &diagnostic.primary {
                prop_assert!(label.span.start <= label.span.end && label.span.end as usize <= text.len(), "{:?}", diagnostic);
            }
        }
    }
}
