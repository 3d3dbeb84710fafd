//! What is proposed for mistakes around the standard library: where the error points, and what mends it.

use std::collections::BTreeMap;

use radii_diagnostics::Diagnostic;
use typespec::{Compilation, Options, Registry};

fn check(text: &str) -> Compilation {
    let world = BTreeMap::from([("main.tsp".to_owned(), text.to_owned())]);
    typespec::compile(&world, "main.tsp", &Options::default(), &Registry::standard())
}

/// The text after every fix is applied; the mistake must be one diagnostic with a fix.
fn mended(text: &str, code: &str) -> String {
    let compilation = check(text);
    let [Diagnostic { code: found, fixes, .. }] = compilation.diagnostics.as_slice() else {
        panic!("one mistake, one diagnostic: {:#?}", compilation.diagnostics);
    };
    assert_eq!(found.as_str(), code);
    let fix = fixes.first().unwrap_or_else(|| panic!("no fix: {:#?}", compilation.diagnostics));
    let mut mended = text.to_owned();
    mended.replace_range(fix.span.start as usize..fix.span.end as usize, &fix.replacement);
    mended
}

/// Checks that the fix of a spec's only mistake turns one text into another, which has no errors.
#[track_caller]
fn mends(code: &str, from: &str, to: &str) {
    assert_eq!(mended(from, code), to);
    let left = check(to).diagnostics;
    assert!(left.is_empty(), "the fix is no cure: {left:#?}");
}

#[test]
fn a_text_where_an_enum_is_wanted_becomes_its_member() {
    mends(
        "unassignable",
        "enum Size { small, large }\nmodel A { size?: Size = \"large\"; }\n",
        "enum Size { small, large }\nmodel A { size?: Size = Size.large; }\n",
    );
}

#[test]
fn numbers_and_truths_in_quotes_lose_them_and_texts_get_them() {
    mends("unassignable", "model A { a?: int32 = \"3\"; }\n", "model A { a?: int32 = 3; }\n");
    mends("unassignable", "model A { a?: boolean = \"true\"; }\n", "model A { a?: boolean = true; }\n");
    mends("unassignable", "model A { a?: string = 5; }\n", "model A { a?: string = \"5\"; }\n");
    mends("invalid-argument", "model A { @maxLength(\"5\") a: string; }\n", "model A { @maxLength(5) a: string; }\n");
}

#[test]
fn a_misspelt_variant_or_key_is_corrected_in_place() {
    mends(
        "unassignable",
        "model A { a?: \"memory\" | \"disk\" = \"memry\"; }\n",
        "model A { a?: \"memory\" | \"disk\" = \"memory\"; }\n",
    );
    mends(
        "unexpected-property",
        "model B { name?: string; }\nconst b: B = #{ nmae: \"x\" };\n",
        "model B { name?: string; }\nconst b: B = #{ name: \"x\" };\n",
    );
}

#[test]
fn a_date_as_text_is_made_with_its_constructor() {
    mends(
        "unassignable",
        "model A { a?: plainDate = \"2024-01-01\"; }\n",
        "model A { a?: plainDate = plainDate.fromISO(\"2024-01-01\"); }\n",
    );
}

#[test]
fn a_visibility_as_text_becomes_a_member_of_the_enum() {
    mends(
        "invalid-argument",
        "model A { @visibility(\"read\") a: string; }\n",
        "model A { @visibility(Lifecycle.Read) a: string; }\n",
    );
}

#[test]
fn a_constraint_of_another_kind_of_type_gets_the_right_name() {
    mends("decorator-wrong-target", "model A { @minLength(1) a: int32; }\n", "model A { @minValue(1) a: int32; }\n");
    mends("decorator-wrong-target", "model A { @maxValue(9) a: string; }\n", "model A { @maxLength(9) a: string; }\n");
    mends(
        "decorator-wrong-target",
        "model A { @maxLength(9) a: string[]; }\n",
        "model A { @maxItems(9) a: string[]; }\n",
    );
}

#[test]
fn an_encoding_that_gives_a_number_names_it() {
    mends(
        "invalid-encode",
        "model A { @encode(\"unixTimestamp\") a: utcDateTime; }\n",
        "model A { @encode(\"unixTimestamp\", int32) a: utcDateTime; }\n",
    );
}

#[test]
fn an_optional_key_is_made_required() {
    mends("no-optional-key", "model A { @key id?: string; }\n", "model A { @key id: string; }\n");
}

#[test]
fn a_derived_model_without_discriminator_gets_one() {
    mends(
        "missing-discriminator-property",
        "@discriminator(\"kind\") model A {}\nmodel Cat extends A {}\n",
        "@discriminator(\"kind\") model A {}\nmodel Cat extends A { kind: \"cat\";}\n",
    );
}

#[test]
fn versions_as_text_and_of_other_enums_become_versions_of_the_namespace() {
    let spec = |added: &str| {
        format!(
            "import \"@typespec/versioning\";\nusing TypeSpec.Versioning;\n@versioned(Versions)\nnamespace A;\n\
             enum Versions {{ v1: \"2024-01-01\" }}\nenum Other {{ v1 }}\n\
             model B {{ @added({added}) a: string; }}\n"
        )
    };
    mends("invalid-argument", &spec("\"2024-01-01\""), &spec("Versions.v1"));
    mends("@typespec/versioning/version-not-found", &spec("Other.v1"), &spec("Versions.v1"));
}

#[test]
fn made_optional_wants_a_question_mark_and_made_required_none() {
    let spec = |property: &str| {
        format!(
            "import \"@typespec/versioning\";\nusing TypeSpec.Versioning;\n@versioned(Versions)\nnamespace A;\n\
             enum Versions {{ v1, v2 }}\nmodel B {{ {property} }}\n"
        )
    };
    mends(
        "@typespec/versioning/made-optional-not-optional",
        &spec("@madeOptional(Versions.v2) a: string;"),
        &spec("@madeOptional(Versions.v2) a?: string;"),
    );
    mends(
        "@typespec/versioning/made-required-optional",
        &spec("@madeRequired(Versions.v2) a?: string;"),
        &spec("@madeRequired(Versions.v2) a: string;"),
    );
}

#[test]
fn an_error_in_a_nested_value_points_there() {
    let text =
        "model Inner { a: int32; }\nmodel Outer { inner: Inner; }\nconst c: Outer = #{ inner: #{ a: \"x\" } };\n";
    let compilation = check(text);
    let label = compilation.diagnostics[0].primary.as_ref().expect("errors have places");
    assert_eq!(compilation.diagnostics.len(), 1);
    assert_eq!(&text[label.span.start as usize..label.span.end as usize], "\"x\"");
}

#[test]
fn decorators_and_members_under_other_names_are_found() {
    mends("invalid-ref", "model A { @minimum(1) a: int32; }\n", "model A { @minValue(1) a: int32; }\n");
    mends("invalid-ref", "model A { @readonly a: string; }\n", "model A { @visibility(Lifecycle.Read) a: string; }\n");
    mends(
        "invalid-ref",
        "enum Size { small }\nmodel A { a?: Size = small; }\n",
        "enum Size { small }\nmodel A { a?: Size = Size.small; }\n",
    );
}

#[test]
fn surplus_arguments_are_removed() {
    mends("invalid-argument-count", "model A { @maxValue(5, 6) a: int32; }\n", "model A { @maxValue(5) a: int32; }\n");
    mends("invalid-argument-count", "model A { @secret(true) a: string; }\n", "model A { @secret a: string; }\n");
}

#[test]
fn an_enum_that_should_have_been_the_versions_is_one_mistake() {
    mends(
        "@typespec/versioning/version-not-found",
        "import \"@typespec/versioning\";\nusing TypeSpec.Versioning;\nnamespace A;\nenum V { v1, v2 }\n\
         model B { @added(V.v1) a: string; @added(V.v2) b: string; }\n",
        "import \"@typespec/versioning\";\nusing TypeSpec.Versioning;\n@versioned(V)\nnamespace A;\nenum V { v1, v2 }\n\
         model B { @added(V.v1) a: string; @added(V.v2) b: string; }\n",
    );
}

#[test]
fn a_model_that_does_not_parse_starts_no_errors_in_values() {
    let compilation = check("model A { size string; }\nconst a: A = #{ size: \"x\", other: 5 };\n");
    assert_eq!(compilation.diagnostics.len(), 1, "{:#?}", compilation.diagnostics);
}

#[test]
fn a_misspelt_key_of_a_required_property_is_one_mistake() {
    mends(
        "unexpected-property",
        "model B { name: string; }\nconst b: B = #{ nmae: \"x\" };\n",
        "model B { name: string; }\nconst b: B = #{ name: \"x\" };\n",
    );
}

#[test]
fn a_text_without_quotes_gets_them() {
    mends("invalid-ref", "model A { @format(email) a: string; }\n", "model A { @format(\"email\") a: string; }\n");
    mends(
        "invalid-ref",
        "model A { a?: \"fast\" | \"slow\" = fast; }\n",
        "model A { a?: \"fast\" | \"slow\" = \"fast\"; }\n",
    );
}

#[test]
fn missing_punctuation_is_added() {
    mends("token-expected", "model A {\n  a: string\n  b: string;\n}\n", "model A {\n  a: string;\n  b: string;\n}\n");
    mends("token-expected", "enum E { a b }\n", "enum E { a, b }\n");
    mends("token-expected", "model A {\n  a: string;\n", "model A {\n  a: string;}\n");
    mends("token-expected", "namespace A\nmodel B {}\n", "namespace A;\nmodel B {}\n");
}

#[test]
fn a_comment_that_goes_on_to_the_end_of_the_next_one_hides_nothing() {
    let text = "model A {\n  /** The first.\n  a: B;\n\n  /** The second. */\n  b: string;\n}\n\n/** Another. */\nmodel B {}\n";
    let compilation = check(text);
    assert!(!compilation.has_errors());
    mends("unterminated", text, &text.replace("The first.", "The first. */"));
    // One that only speaks of comments is left alone.
    let text = "/**\n * Says `/**`.\n */\nmodel A {}\n";
    assert_eq!(check(text).diagnostics, []);
}

#[test]
fn each_half_of_a_pair_of_quotes_may_be_missing() {
    let good = "@doc(\"a\", #{})\nmodel A {\n  size?: \"S\" | \"M\" | \"L\" = \"S\";\n}\n".replace(", #{}", "");
    mends("unterminated", &good.replace("\"M\"", "\"M"), &good);
    mends("unterminated", &good.replace("\"M\"", "M\""), &good);
    mends("unterminated", &good.replace("= \"S\"", "= S\""), &good);
    mends("unterminated", &good.replace("\"a\"", "\"a'"), &good);
}

#[test]
fn types_that_are_written_as_values_are_told_at_the_type() {
    mends("unassignable", "model A { a?: \"int32\" = 3; }\n", "model A { a?: int32 = 3; }\n");
    mends("unassignable", "model A { a?: [\"x\", \"y\"] = \"x\"; }\n", "model A { a?: \"x\" | \"y\" = \"x\"; }\n");
    mends("invalid-ref", "model A { a?: red | green; }\n", "model A { a?: \"red\" | \"green\"; }\n");
}

#[test]
fn a_member_of_another_enum_is_no_version() {
    let text = "import \"@typespec/versioning\";\nusing TypeSpec.Versioning;\n@versioned(V)\nnamespace A.B;\n\
                enum V { v1, v2 }\nenum K { one }\nmodel M { @added(K.one) a?: string; @added(V.v2) b?: string; }\n";
    let codes: Vec<String> = check(text).diagnostics.iter().map(|it| it.code.to_string()).collect();
    assert_eq!(codes, ["@typespec/versioning/version-not-found"]);
}
