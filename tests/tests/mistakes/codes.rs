//! One realistic mistake, or more, for each code: what is underlined, and what mends it.
//!
//! A case is called by its code and what happened; its text is whole, with the marks of [`crate::cases`].

use radii_diagnostics::FileId;
use radii_model::manifest;

use crate::blind::{check_body, check_typespec, definition, measure_cases, mended, read};
use crate::cases::{self, Case};

/// Cases whose first diagnostic has another code than they are called by.
fn assert_codes(cases: &[Case], check: impl Fn(&str) -> Vec<radii_diagnostics::Diagnostic>) {
    let other: Vec<String> = cases
        .iter()
        .filter_map(|case| {
            let wanted = case.name.split(": ").next()?;
            let found = check(&case.text);
            let own = found.first().map_or("nothing", |first| first.code.as_str());
            (own != wanted).then(|| format!("`{}` is told as {own}", case.name))
        })
        .collect();
    assert!(other.is_empty(), "{}", other.join("\n"));
}

#[test]
fn each_code_of_typespec_has_its_place_and_its_remedy() {
    let cases = cases::read_whole(&read("../codes/typespec.txt"));
    measure_cases("codes of typespec", false, &cases, check_typespec);
    assert_codes(&cases, check_typespec);
}

#[test]
fn each_code_of_providers_has_its_place_and_its_remedy() {
    let (_, cases) = cases::read(&read("../codes/providers.txt"));
    measure_cases("codes of providers", false, &cases, check_typespec);
    assert_codes(&cases, check_typespec);
}

#[test]
fn each_code_of_manifests_has_its_place_and_its_remedy() {
    let (_, cases) = cases::read(&read("../codes/manifests.txt"));
    let check = |text: &str| manifest::parse(FileId(0), text).1;
    measure_cases("codes of manifests", true, &cases, check);
    assert_codes(&cases, check);
}

#[test]
fn each_code_of_bodies_has_its_place_and_its_remedy() {
    let (type_of, cases) = definition(&read("../codes/bodies.txt"));
    let (_, cases) = cases::read(&cases);
    let check = |text: &str| check_body(&type_of, text);
    measure_cases("codes of bodies", true, &cases, check);
    assert_codes(&cases, check);
}

/// Files of TypeSpec whose sections change a good text.
const OF_TYPESPEC: [&str; 15] = [
    "typespec.txt",
    "typespec-third.txt",
    "typespec-fifth.txt",
    "typespec-sixth.txt",
    "typespec-seventh.txt",
    "typespec-eighth.txt",
    "typespec-ninth.txt",
    "typespec-tenth.txt",
    "typespec-eleventh.txt",
    "typespec-twelfth.txt",
    "typespec-late-1.txt",
    "typespec-late-2.txt",
    "typespec-late-3.txt",
    "typespec-late-4.txt",
    "typespec-late-5.txt",
];

/// How many of 100 first fixes leave no error; some mend a part only, since another one is missing as well.
const CURED: usize = 97;

#[test]
fn a_first_fix_leaves_no_error() {
    let whole = ["../codes/typespec.txt"].map(|name| cases::read_whole(&read(name))).into_iter().flatten();
    let changed = OF_TYPESPEC.iter().flat_map(|name| cases::read(&read(name)).1);
    let (mut offered, mut cured) = (0, 0);
    for case in whole.chain(changed) {
        let found = check_typespec(&case.text);
        let Some(text) = found.first().and_then(|first| mended(&case.text, first)) else { continue };
        offered += 1;
        let left = check_typespec(&text);
        // What was wrong besides is not what this fix is for; a script is needed for some.
        let is_new = |it: &&radii_diagnostics::Diagnostic| {
            it.code.as_str() != "missing-implementation"
                && !found.iter().skip(1).any(|other| other.message == it.message)
        };
        match left.iter().filter(|it| it.is_error()).find(is_new) {
            None => cured += 1,
            Some(other) => println!("{}: {} → {}: {}", case.name, found[0].message, other.code, other.message),
        }
    }
    println!("first fixes: {offered}, leaving no error: {cured}");
    assert!(cured * 100 >= CURED * offered, "{cured} of {offered}");
}

#[test]
fn a_member_is_taken_for_the_missing_one_only_where_its_value_fits() {
    let (type_of, cases) = definition(&read("../codes/bodies.txt"));
    let base = cases.split("=== ").nth(1).and_then(|base| base.split_once('\n')).expect("the base stands first").1;
    for (written, count) in [("access: reader", 1), ("access: owner", 2), ("access: [reader]", 2)] {
        let text = base.replace("role: reader", written);
        assert_ne!(text, base);
        let found = check_body(&type_of, &text);
        assert_eq!(found.len(), count, "{written}: {found:?}");
        let renamed = found.iter().flat_map(|it| &it.fixes).any(|fix| fix.replacement == "role");
        assert_eq!(renamed, count == 1, "{written}");
    }
}

#[test]
fn a_second_body_behind_the_first_is_told_of() {
    let (type_of, cases) = definition(&read("../codes/bodies.txt"));
    let base = cases.split("=== ").nth(1).and_then(|base| base.split_once('\n')).expect("the base stands first").1;
    assert_eq!(check_body(&type_of, base), []);
    let text = format!("{base}---\nproperties: {{}}\n");
    let found = check_body(&type_of, &text);
    let codes: Vec<&str> = found.iter().map(|it| it.code.as_str()).collect();
    assert_eq!(codes, ["radii/several-documents"]);
}
