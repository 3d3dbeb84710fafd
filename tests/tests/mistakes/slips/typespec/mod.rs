//! Slips in TypeSpec.

mod decorators;
mod habits;
mod meaning;
mod names;
mod signs;
mod types;

use std::path::Path;

use radii_codegen::lower;
use radii_diagnostics::{Diagnostic, FileId};

use super::Kind;
use super::judge::{Floor, Sort, judge};
use super::source::Source;
use crate::blind::{check_typespec, read};
use crate::cases;

/// Real specs, each whole in one file.
fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut texts = Vec::new();
    for folder in ["types", "typespec/tests/corpus/resource-types"] {
        collect(&root.join(folder), &mut texts);
    }
    let batches = ["typespec.txt", "typespec-third.txt", "typespec-fifth.txt", "typespec-sixth.txt"];
    texts.extend(batches.map(|name| cases::read(&read(name)).0));
    let docs = std::fs::read_to_string(root.join("docs/resource-types.md")).expect("the documentation is there");
    texts.extend(docs.split("```typespec\n").skip(1).filter_map(|rest| Some(rest.split_once("```")?.0.to_owned())));
    texts.retain(|text| !text.contains("extern dec") && check_typespec(text).is_empty());
    texts.into_iter().map(Source::new).collect()
}

fn collect(folder: &Path, texts: &mut Vec<String>) {
    let mut entries: Vec<_> =
        std::fs::read_dir(folder).expect("the folder is there").map(|it| it.unwrap().path()).collect();
    entries.sort();
    for entry in entries {
        if entry.is_dir() {
            collect(&entry, texts);
        } else if entry.file_name().is_some_and(|name| name == "main.tsp") {
            texts.push(std::fs::read_to_string(&entry).unwrap());
        }
    }
}

/// Whether two texts are written alike once they are formatted, or say the same of resource types.
fn is_same(source: &Source, mended: &str) -> bool {
    let plain = |text: &str| text.chars().filter(|sign| !sign.is_whitespace()).collect::<String>();
    if plain(&source.text) == plain(mended) {
        return true;
    }
    let formatted = |text: &str| typespec::format(FileId(0), text).ok();
    if formatted(mended).is_some_and(|own| formatted(&source.text) == Some(own)) {
        return true;
    }
    let manifest = |text: &str| {
        let world = std::collections::BTreeMap::from([("main.tsp".to_owned(), text.to_owned())]);
        let mut compiled = typespec::compile(&world, "main.tsp", &typespec::Options::default(), &lower::registry());
        let is_good = compiled.diagnostics.is_empty() && lower::has_resource_types(&compiled.program);
        let lowered = is_good.then(|| lower::lower(&mut compiled.program));
        lowered
            .filter(|it| it.diagnostics.is_empty())
            .map(|it| format!("{:?}", it.manifests.iter().map(|it| it.to_yaml()).collect::<Vec<_>>()))
    };
    manifest(mended).is_some_and(|own| manifest(&source.text) == Some(own))
}

#[test]
fn each_slip_in_typespec_is_underlined_mended_and_told_once() {
    let sources = sources();
    println!("typespec: {} good texts", sources.len());
    let check = |_: &Source, text: &str| -> Vec<Diagnostic> { check_typespec(text) };
    let sort = Sort { name: "typespec", sources: &sources, text: |it| &it.text, check: &check, is_same: &is_same };
    let all = [names::KINDS, signs::KINDS, habits::KINDS, types::KINDS, decorators::KINDS, meaning::KINDS];
    let kinds: Vec<Kind<Source>> = all.into_iter().flatten().map(|it| Kind { ..*it }).collect();
    judge(&sort, &kinds, &Floor { noticed: 96, exact: 93, fixed: 91, single: 95 });
}
