//! Hostile and large programs: a diagnostic each, and never an overflow.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use radii_diagnostics::FileId;
use typespec::{Compilation, Options, Registry};

fn compile(files: &[(&str, String)]) -> Compilation {
    let world: BTreeMap<String, String> = files.iter().map(|(name, text)| ((*name).to_owned(), text.clone())).collect();
    typespec::compile(&world, "main.tsp", &Options::default(), &Registry::standard())
}

fn codes(text: impl Into<String>) -> Vec<String> {
    let compilation = compile(&[("main.tsp", text.into())]);
    compilation.diagnostics.iter().map(|diagnostic| diagnostic.code.to_string()).collect()
}

#[test]
fn nesting_without_end_is_refused() {
    for source in [
        format!("alias A = {}string{};", "(".repeat(100_000), ")".repeat(100_000)),
        format!("alias A = string{};", "[]".repeat(100_000)),
        format!("alias A = a{};", ".a".repeat(100_000)),
        format!("const a = {}1{};", "#[".repeat(100_000), "]".repeat(100_000)),
        format!("model M {{ p: {}string{}; }}", "{ p: ".repeat(100_000), " }".repeat(100_000)),
    ] {
        assert!(codes(source).iter().any(|code| code == "nesting-too-deep"));
    }
}

#[test]
fn templates_that_instantiate_themselves_without_end_are_refused() {
    let growing = "model A<T> { next?: A<T[]>; } model B { a: A<string>; }";
    assert_eq!(codes(growing), ["template-recursion"]);
    let twice = "model A<T> { a?: A<T[]>; b?: A<Record<T>>; } model B { a: A<string>; }";
    assert_eq!(codes(twice), ["template-recursion", "template-recursion"]);
    let alias = "alias A<T> = { next: A<T[]> }; alias B = A<string>;";
    assert!(codes(alias).iter().any(|code| code == "template-recursion" || code == "circular-alias-type"));
}

#[test]
fn a_type_whose_name_would_name_itself_is_reported_by_the_start_of_its_name() {
    let features = ["function-declarations", "declaration-expressions"].map(str::to_owned).to_vec();
    let world = |text: &str| BTreeMap::from([("main.tsp".to_owned(), text.to_owned())]);
    let text = "alias A = union { a: fn (x: A) => A, b: string }; const c: A = 1;";
    let compilation = typespec::compile(&world(text), "main.tsp", &Options { features }, &Registry::standard());
    let said: Vec<&str> = compilation.diagnostics.iter().map(|it| it.code.as_str()).collect();
    assert_eq!(said, ["unassignable"]);
    let message = &compilation.diagnostics[0].message;
    assert_eq!(message, "Type '1' is not assignable to type 'fn (x: ...) => ... | string'");
}

#[test]
fn a_string_template_whose_opening_quote_is_missing_before_wide_letters_is_read() {
    let said = codes("const size = g;\nmodel Disk {@key title«?→»size} ${Yord}\"»; }\n");
    assert!(!said.is_empty());
}

/// Lines that each use what the one before declares several times.
fn doubled(first: &str, steps: usize, line: impl Fn(usize) -> String, last: &str) -> String {
    let lines: Vec<String> = (1..=steps).map(line).collect();
    format!("{first}\n{}\n{last}", lines.join("\n"))
}

#[test]
fn what_doubles_with_every_line_is_refused_or_cut_off() {
    let before = |at: usize| at - 1;
    let values = doubled(
        "const c0 = #[1];",
        60,
        |at| format!("const c{at} = #[c{0}, #{{ a: c{0} }}];", before(at)),
        "model M { p: unknown = c60; }",
    );
    assert_eq!(codes(values), ["expansion-too-large"]);
    let texts = doubled(
        "const c0 = \"0123456789\";",
        60,
        |at| format!("const c{at} = \"${{c{0}}}${{c{0}}}\";", before(at)),
        "model M { p: string = c60; }",
    );
    assert_eq!(codes(texts), ["expansion-too-large"]);
    let literals = doubled(
        "alias A0 = \"0123456789\";",
        60,
        |at| format!("alias A{at} = \"${{A{0}}}${{A{0}}}\";", before(at)),
        "model M { p: A60; }",
    );
    assert_eq!(codes(literals), ["expansion-too-large"]);
    let unions = doubled(
        "alias A0 = \"x\" | \"y\";",
        40,
        |at| format!("alias A{at} = A{0} | \"{at}\" | A{0};", before(at)),
        "model M { p: A40; }",
    );
    assert_eq!(codes(unions), ["expansion-too-large"]);
}

#[test]
fn the_name_of_a_type_that_doubles_with_every_line_is_cut_off() {
    let wide = |at: usize| (0..10).map(|name| format!("p{name}: A{};", at - 1)).collect::<Vec<_>>().join(" ");
    let types = doubled(
        "alias A0 = { x: string };",
        14,
        |at| format!("alias A{at} = {{ {} }};", wide(at)),
        "const c: A14 = 1;",
    );
    let compilation = compile(&[("main.tsp", types)]);
    assert_eq!(compilation.diagnostics.len(), 1);
    assert!(compilation.diagnostics[0].message.len() < 100_000);
}

#[test]
fn templates_that_come_back_to_the_same_arguments_are_fine() {
    assert!(codes("model Node<T> { value: T; next?: Node<T>; } model B { a: Node<string>; }").is_empty());
    assert!(codes("model Tree { children: Tree[]; byName: Record<Tree>; either: Tree | string; }").is_empty());
}

#[test]
fn files_may_import_each_other_in_a_circle() {
    let a = ("main.tsp", "import \"./b.tsp\"; model A { b: B; }".to_owned());
    let b = ("b.tsp", "import \"./main.tsp\"; model B { a?: A; }".to_owned());
    assert!(compile(&[a, b]).diagnostics.is_empty());
}

#[test]
fn models_may_lead_into_each_other_far() {
    let mut text = String::new();
    for at in 0..3_000 {
        let _ = writeln!(text, "model M{at} {{ next: M{}; list: M{}[]; }}", at + 1, at + 1);
    }
    text.push_str("model M3000 {}");
    assert!(codes(text).is_empty());
}

#[test]
fn models_may_build_on_each_other_backwards() {
    let mut text = String::new();
    for at in 0..500 {
        let _ = writeln!(text, "model M{at} extends M{} {{ p{at}: string; }} alias A{at} = A{};", at + 1, at + 1);
    }
    text.push_str("model M500 {} alias A500 = string;");
    assert!(codes(text).is_empty());
}

#[test]
fn chains_that_are_too_long_are_refused_without_overflow() {
    let mut text = String::new();
    for at in 0..20_000 {
        let _ = writeln!(text, "alias A{at} = A{};", at + 1);
    }
    text.push_str("alias A20000 = string;");
    assert!(codes(text).iter().any(|code| code == "nesting-too-deep"));
}

#[test]
fn a_model_with_a_property_of_a_model_that_spreads_it_is_whole() {
    let compilation = compile(&[(
        "main.tsp",
        "model A { first: string; b?: B; last: string; } model B { ...A; own: int32; }".to_owned(),
    )]);
    assert!(compilation.diagnostics.is_empty());
    let models = compilation.program.user_models();
    let names: Vec<Vec<String>> = models
        .iter()
        .map(|id| {
            let model = compilation.program.model(*id).expect("it is a model");
            model.properties.iter().map(|(name, _)| name.to_string()).collect()
        })
        .collect();
    assert_eq!(names, [vec!["first", "b", "last"], vec!["first", "b", "last", "own"]]);
}

#[test]
fn missing_and_odd_files_are_told() {
    assert_eq!(compile(&[]).diagnostics[0].code.as_str(), "file-not-found");
    assert_eq!(codes("import \"./nowhere.tsp\";"), ["import-not-found"]);
    assert_eq!(codes("model M { a: strin; }"), ["invalid-ref"]);
    assert!(codes("/* never closed").contains(&"unterminated".to_owned()));
    assert!(codes(format!("// {}", "x".repeat(1_000_000))).is_empty());
}

#[test]
fn names_are_equal_however_they_are_composed() {
    assert!(codes("model Caf\u{e9} {} alias A = Cafe\u{301};").is_empty());
}

#[test]
fn a_misspelt_name_is_proposed_with_a_fix() {
    let compilation = compile(&[("main.tsp", "model Container {} model M { c: Contianer; }".to_owned())]);
    let diagnostic = &compilation.diagnostics[0];
    assert_eq!(diagnostic.help.as_deref(), Some("did you mean `Container`?"));
    assert_eq!(diagnostic.fixes[0].replacement, "Container");
}

/// A text after the first fix of its first diagnostic.
fn mended(text: &str) -> String {
    let compilation = compile(&[("main.tsp", text.to_owned())]);
    let fix = &compilation.diagnostics[0].fixes[0];
    let mut mended = text.to_owned();
    mended.replace_range(fix.span.start as usize..fix.span.end as usize, &fix.replacement);
    mended
}

#[test]
fn what_follows_from_a_syntax_error_stays_unsaid() {
    assert!(!codes("model A { required p: string; }").contains(&"invalid-ref".to_owned()));
}

#[test]
fn names_that_live_elsewhere_come_with_what_makes_them_known() {
    for (text, fixed) in [
        ("model M { a: int; }", "model M { a: int32; }"),
        ("model M { a: String; }", "model M { a: string; }"),
        ("import \"@typespec/versionning\";", "import \"@typespec/versioning\";"),
        ("@dok(\"x\") model M {}", "@doc(\"x\") model M {}"),
        (
            "import \"@typespec/versioning\";\n@versioned(V) namespace N { enum V { a } }",
            "import \"@typespec/versioning\";\nusing TypeSpec.Versioning;\n@versioned(V) namespace N { enum V { a } }",
        ),
        (
            "@resourceType(\"x\") model M {}",
            "import \"@radii/typespec\";\n\nusing Radii;\n\n@resourceType(\"x\") model M {}",
        ),
    ] {
        assert_eq!(mended(text), fixed);
    }
}

#[test]
fn templates_that_name_themselves_with_a_value_come_to_an_end() {
    let literal = "model Mirror<T extends valueof int32> { t: { m: Mirror<5> }; u?: Mirror<T>; }";
    assert_eq!(codes(format!("{literal} model A {{ m: Mirror<1>; }}")), Vec::<String>::new());
    let object = "model M<T extends valueof {}> { t: { m: M<#{a: 1}> }; } model A { m: M<#{}>; }";
    assert!(codes(object).len() <= 2);
}

#[test]
fn what_is_never_closed_is_told_once_and_names_its_opening() {
    for (text, opening) in [
        ("model A { a: \"text", "\"text"),
        ("model A { a: `name", "`name"),
        ("model A {}\n/* never", "/*"),
        ("model A {}\n/** never", "/**"),
        ("@doc(\"\"\"\n  never\n", "\"\"\"\n  never\n"),
    ] {
        let compilation = compile(&[("main.tsp", text.to_owned())]);
        let first = &compilation.diagnostics.iter().find(|it| it.code.as_str() == "unterminated").expect(text);
        let span = first.primary.as_ref().expect("it has a place").span;
        assert_eq!(&text[span.start as usize..span.end as usize], opening, "{text}");
        assert!(compilation.diagnostics.len() <= 2, "{text}: {:?}", compilation.diagnostics);
    }
}

#[test]
fn lines_of_a_megabyte_are_read_in_bounded_time() {
    let long = "a".repeat(1 << 20);
    assert_eq!(codes(format!("model M {{ {long}: string; }}")), Vec::<String>::new());
    assert_eq!(codes(format!("alias A = \"{long}\";")), Vec::<String>::new());
    assert_eq!(codes(format!("// {long}\nmodel M {{}}")), Vec::<String>::new());
    let members = (0..20_000).fold(String::new(), |mut text, at| {
        let _ = write!(text, "p{at}: string; ");
        text
    });
    assert_eq!(codes(format!("model M {{ {members} }}")), Vec::<String>::new());
    // One slip in such a line is told, too, although nothing is tried out there.
    assert_eq!(codes(format!("model M {{ {members} : string; }}")), ["token-expected"]);
    assert!(!codes("§ ".repeat(1 << 16)).is_empty());
    assert!(!codes("\"".repeat(1 << 16)).is_empty());
    assert!(!codes("@".repeat(1 << 14)).is_empty());
    assert!(!codes("}".repeat(1 << 16)).is_empty());
}

#[test]
fn what_is_missing_before_a_wide_character_is_told_at_the_whole_of_it() {
    let source = "model A { a: string 漢: string; }";
    let parse = typespec::parse(FileId(0), source);
    let span = parse.diagnostics[0].primary.as_ref().expect("an error has a place").span;
    assert!(source.get(span.start as usize..span.end as usize).is_some(), "{span:?}");
    let source = "model A { a: string(漢) }";
    for diagnostic in typespec::parse(FileId(0), source).diagnostics {
        let span = diagnostic.primary.expect("an error has a place").span;
        assert!(source.get(span.start as usize..span.end as usize).is_some(), "{span:?}");
    }
}
