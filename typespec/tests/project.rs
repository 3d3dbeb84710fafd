//! What `tspconfig.yaml` turns on, and what is wrong with it.

use std::collections::BTreeMap;

use radii_diagnostics::Severity;
use typespec::{Compilation, Options, Registry};

fn compile(config: &str, text: &str) -> Compilation {
    let files = [("p/tspconfig.yaml", config), ("p/main.tsp", text), ("p/other.tsp", "model Other {}")];
    let world: BTreeMap<String, String> =
        files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    typespec::compile(&world, "p", &Options::default(), &Registry::standard())
}

/// Code and underlined text of what is said.
fn said(config: &str, text: &str) -> Vec<(String, String)> {
    let compilation = compile(config, text);
    let underlined = |diagnostic: &radii_diagnostics::Diagnostic| {
        let span = diagnostic.primary.as_ref().expect("it is about a place").span;
        let file = compilation.sources.file(span.file).expect("spans name files");
        file.text()[span.start as usize..span.end as usize].to_owned()
    };
    let row = |it: &radii_diagnostics::Diagnostic| (it.code.to_string(), underlined(it));
    compilation.diagnostics.iter().map(row).collect()
}

fn pairs(said: &[(String, String)]) -> Vec<(&str, &str)> {
    said.iter().map(|(code, text)| (code.as_str(), text.as_str())).collect()
}

const EMPTY: &str = "model A {}\n";

#[test]
fn what_no_configuration_may_hold_is_underlined() {
    let cases = [
        ("foo: 1\n", "invalid-schema", "foo"),
        ("warn-as-error: \"yes\"\n", "invalid-schema", "\"yes\""),
        ("kind: library\n", "invalid-schema", "library"),
        ("kind: project\nfeatures: union-extends\n", "invalid-schema", "union-extends"),
        ("- a\n", "invalid-schema", "- a\n"),
        ("output-dir: out\n", "config-path-absolute", "out"),
        ("parameters:\n  a.b:\n    default: x\n", "config-invalid-name", "a.b"),
        ("kind: project\nfeatures:\n  - union-extend\n", "config-unknown-feature", "union-extend"),
        ("entrypoint: other.tsp\n", "config-project-only-option", "entrypoint"),
        ("extends: ./none.yaml\n", "file-not-found", "./none.yaml"),
        ("extends: ./tspconfig.yaml\n", "radii/config-circular-extends", "./tspconfig.yaml"),
        ("imports:\n  - ./none.tsp\n", "import-not-found", "./none.tsp"),
        ("warn-as-error: true\nwarn-as-error: false\n", "yaml-duplicate-key", "warn-as-error"),
        ("kind: project\nentrypoint: none.tsp\n", "file-not-found", "none.tsp"),
    ];
    for (config, code, underlined) in cases {
        assert_eq!(pairs(&said(config, EMPTY)), [(code, underlined)], "{config}");
    }
    assert_eq!(said("a: [1\n", EMPTY)[0].0, "radii/yaml-syntax");
    for fine in ["", "emit:\n  - x\noptions:\n  x:\n    a: 1\ntrace: all\noutput-dir: \"{cwd}/x\"\n"] {
        assert_eq!(said(fine, EMPTY), [], "{fine}");
    }
}

#[test]
fn features_entry_and_imports_come_from_the_configuration() {
    let config =
        "kind: project\nentrypoint: other.tsp\nfeatures:\n  - declaration-expressions\nimports:\n  - ./main.tsp\n";
    let compilation = compile(config, "alias A = enum { a };\nmodel B extends Other {}\n");
    assert_eq!(compilation.diagnostics, []);
}

#[test]
fn warnings_count_as_errors_where_the_project_says_so() {
    let text = "#deprecated \"old\"\nmodel A {}\nmodel B extends A {}\n";
    assert!(!compile("", text).has_errors());
    let strict = compile("warn-as-error: true\n", text);
    assert_eq!(strict.diagnostics.iter().map(|it| it.severity).collect::<Vec<_>>(), [Severity::Error]);
}

#[test]
fn a_configuration_takes_what_it_does_not_say_from_its_base() {
    let files = [
        ("tspconfig.yaml", "kind: project\nfeatures:\n  - union-extends\nwarn-as-error: true\n"),
        ("p/tspconfig.yaml", "extends: ../tspconfig.yaml\n"),
        ("p/main.tsp", "#deprecated \"old\"\nmodel A {}\nmodel B extends A {}\nunion U extends string { \"a\" }\n"),
    ];
    let world: BTreeMap<String, String> =
        files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    let compilation = typespec::compile(&world, "p/main.tsp", &Options::default(), &Registry::standard());
    let codes: Vec<&str> = compilation.diagnostics.iter().map(|it| it.code.as_str()).collect();
    // Features are those of the project's own configuration.
    assert_eq!(codes, ["deprecated", "union-extends-disabled"]);
    assert!(compilation.diagnostics.iter().all(radii_diagnostics::Diagnostic::is_error));
}

const ALL: &str = "linter:\n  extends:\n    - \"@typespec/compiler/all\"\n";

#[test]
fn usings_that_bring_nothing_are_told_where_the_project_wants_it() {
    let text = "using Lib;\nusing Unused;\nusing Decs;\n\nnamespace Lib { model FromLib {} }\n\
                namespace Unused { model X {} }\nnamespace Decs { alias Y = string; }\n\
                namespace Own { using Inner; using Inner.Deep; model M { l: FromLib; y: Y; d: InDeep } }\n\
                namespace Inner { model N {} }\nnamespace Inner.Deep { model InDeep { n: N } }\n";
    assert_eq!(said("", text), []);
    let unused = "@typespec/compiler/unused-using";
    assert_eq!(pairs(&said(ALL, text)), [(unused, "using Unused;"), (unused, "using Inner;")]);
    let off = format!("{ALL}  disable:\n    \"@typespec/compiler/unused-using\": \"why\"\n");
    assert_eq!(said(&off, text), []);
    let on = "linter:\n  enable:\n    \"@typespec/compiler/unused-using\": true\n";
    assert_eq!(said(on, text).len(), 2);
    let silenced =
        text.replace("using Unused;", "#suppress \"@typespec/compiler/unused-using\" \"later\"\nusing Unused;");
    assert_eq!(pairs(&said(on, &silenced)), [(unused, "using Inner;")]);
}

#[test]
fn parameters_of_templates_that_nothing_names_are_told() {
    let text = "model A<T, U> { t: T }\nalias B<V> = string;\ninterface I<W> { f<X>(w: W): void; }\n\
                op g<Y extends string>(): Y;\nunion N<Z, Z2 = Z> { Z2 }\n\
                @doc(Text) model D<Text extends valueof string> {}\nscalar S<Q>;\nmodel Nested<P> { a: { b: P[] } }\n";
    let unused = "@typespec/compiler/unused-template-parameter";
    assert_eq!(pairs(&said(ALL, text)), [(unused, "U"), (unused, "V"), (unused, "X"), (unused, "Q")]);
    // Nothing is linted while there are errors.
    assert_eq!(said(ALL, &format!("{text}model E {{ x: Nope }}"))[0].0, "invalid-ref");
}

#[test]
fn rules_that_do_not_exist_are_told_with_what_was_meant() {
    let cases = [
        ("extends:\n    - \"@typespec/compiler/foo\"\n", "unknown-rule-set"),
        ("extends:\n    - \"@acme/none/all\"\n", "import-not-found"),
        ("enable:\n    \"@typespec/compiler/unused-usin\": true\n", "unknown-rule"),
        ("enable:\n    \"bad\": true\n", "invalid-rule-ref"),
    ];
    for (linter, code) in cases {
        let said = said(&format!("linter:\n  {linter}"), EMPTY);
        assert_eq!(said.iter().map(|(code, _)| code.as_str()).collect::<Vec<_>>(), [code], "{linter}");
    }
    let both = "linter:\n  enable:\n    \"@typespec/compiler/unused-using\": true\n  disable:\n    \
                \"@typespec/compiler/unused-using\": \"why\"\n";
    assert_eq!(said(both, EMPTY)[0].0, "rule-enabled-disabled");
}
