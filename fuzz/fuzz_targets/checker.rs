//! Any text compiles to a program with diagnostics that point into files and can be shown.
#![no_main]

use std::collections::BTreeMap;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use radii_diagnostics::render::{Colour, Format, render};
use typespec::{Options, Registry};

static REGISTRY: LazyLock<Registry> = LazyLock::new(Registry::standard);

fuzz_target!(|text: &str| {
    let world = BTreeMap::from([("main.tsp".to_owned(), text.to_owned())]);
    let features = ["function-declarations", "auto-decorators", "declaration-expressions", "union-extends"];
    let options = Options { features: features.map(str::to_owned).to_vec() };
    let compilation = typespec::compile(&world, "main.tsp", &options, &REGISTRY);
    for diagnostic in &compilation.diagnostics {
        let labels = diagnostic.primary.iter().chain(&diagnostic.secondary);
        for span in labels.map(|label| label.span).chain(diagnostic.fixes.iter().map(|fix| fix.span)) {
            let file = compilation.sources.file(span.file).expect("spans name files");
            assert!(span.start <= span.end, "{diagnostic:?}");
            assert!(span.start as usize <= file.text().len(), "{diagnostic:?} starts behind its file");
            assert!(file.text().is_char_boundary(span.start as usize), "{diagnostic:?} starts inside a character");
        }
    }
    let shown = render(&compilation.diagnostics, &compilation.sources, Format::Human, Colour::Off);
    assert_eq!(shown.is_empty(), compilation.diagnostics.is_empty());
});
