//! One realistic mistake, or more, for each code: what is underlined, and what mends it.
//!
//! A case is called by its code and what happened; its text is whole, with the marks of [`crate::cases`].

use radii_diagnostics::FileId;
use radii_model::manifest;

use crate::blind::{check_body, check_typespec, definition, measure_cases, read};
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
