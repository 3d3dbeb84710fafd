//! Bicep extensions by Radii's own rules.

use radii_codegen::{Compat, Input, Options, Output, Target, generator};
use radii_model::manifest::Manifest;
use serde_json::Value as Json;

use crate::{crate_path, folders, manifest};

fn bicep(manifests: &[Manifest], compat: Compat) -> Output {
    generator(Target::Bicep, &Options { compat, ..Options::default() }).generate(&Input::new(manifests))
}

fn text(output: &Output, path: &str) -> String {
    let bytes = output.artifacts.get(path).unwrap_or_else(|| panic!("there is no `{path}`"));
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn what_bicep_can_say_is_said() {
    let output = bicep(&[manifest(&crate_path("tests/fixtures/shop.yaml"))], Compat::Off);
    insta::assert_snapshot!(text(&output, "Contoso.Shop/types.md"));
}

#[test]
fn what_bicep_cannot_say_is_reported_with_its_place() {
    let output = bicep(&[manifest(&crate_path("tests/fixtures/shop.yaml"))], Compat::Off);
    let line = |diagnostic: &radii_diagnostics::Diagnostic| {
        assert!(diagnostic.primary.is_some(), "{diagnostic:?}");
        let path = diagnostic.path.as_deref().unwrap_or_default();
        format!("{:?} {}: {path}\n    {}", diagnostic.severity, diagnostic.code, diagnostic.message)
    };
    insta::assert_snapshot!(output.diagnostics.iter().map(line).collect::<Vec<_>>().join("\n"));
}

#[test]
fn every_reference_leads_to_a_type_and_every_resource_is_indexed() {
    let golden = crate_path("tests/golden");
    let cases = folders(&golden).into_iter().filter(|folder| folder.join("manifest.yaml").exists());
    for case in cases {
        let manifest = manifest(&case.join("manifest.yaml"));
        let namespace = manifest.namespace.value.clone();
        let output = bicep(&[manifest], Compat::Off);
        assert!(!output.has_errors(), "{case}: {:?}", output.diagnostics);
        let types: Vec<Json> = serde_json::from_str(&text(&output, &format!("{namespace}/types.json"))).unwrap();
        let index: Json = serde_json::from_str(&text(&output, &format!("{namespace}/index.json"))).unwrap();
        let resources: Vec<_> = types.iter().filter(|kind| kind["$type"] == "ResourceType").collect();
        let indexed = index["resources"].as_object().unwrap();
        assert_eq!(resources.len(), indexed.len());
        for (name, file) in indexed {
            let place = file["$ref"].as_str().unwrap().strip_prefix("types.json#/").unwrap();
            assert_eq!(types[place.parse::<usize>().unwrap()]["name"], **name);
        }
        for kind in &types {
            references(kind, &mut |place| assert!(place < types.len(), "{case}: #/{place}"));
        }
    }
}

fn references(value: &Json, found: &mut impl FnMut(usize)) {
    match value {
        Json::Object(members) => match members.get("$ref").and_then(Json::as_str) {
            Some(reference) => found(reference.strip_prefix("#/").unwrap().parse().unwrap()),
            None => members.values().for_each(|member| references(member, found)),
        },
        Json::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

#[test]
fn without_compatibility_mode_only_mended_faults_differ_from_upstream() {
    // The whole difference for a plain manifest: the name and the id are known at the start of a
    // deployment, and a bare object is open.
    let path = crate_path("tests/golden/Radius.Data.redisCaches/manifest.yaml");
    let [own, upstream] = [Compat::Off, Compat::Go].map(|compat| {
        let text = text(&bicep(&[manifest(&path)], compat), "Radius.Data/types.json");
        text.lines().map(str::to_owned).collect::<Vec<_>>()
    });
    assert_eq!(own.len(), upstream.len());
    let different: Vec<_> = own.iter().zip(&upstream).filter(|(own, upstream)| own != upstream).collect();
    let trimmed: Vec<_> = different.into_iter().map(|(own, upstream)| (upstream.trim(), own.trim())).collect();
    assert_eq!(trimmed, [("\"flags\": 2,", "\"flags\": 10,"), ("\"flags\": 17,", "\"flags\": 25,")]);
}

#[test]
fn an_archive_holds_the_index_first_and_is_always_the_same() {
    let make = || bicep(&[manifest(&crate_path("tests/fixtures/shop.yaml"))], Compat::Off);
    let output = make();
    let archive = output.artifacts.get("Contoso.Shop/types.tgz").unwrap();
    assert_eq!(Some(archive), make().artifacts.get("Contoso.Shop/types.tgz"));
    let expected = ["index.json", "types.json"]
        .map(|name| (name.to_owned(), text(&output, &format!("Contoso.Shop/{name}")).into_bytes()));
    assert_eq!(unpack(archive), expected);

    let package = radii_codegen::bicep::package::local_package(archive).unwrap();
    assert_eq!(unpack(&package), [("types.tgz".to_owned(), archive.to_vec())]);
}

fn unpack(archive: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(archive));
    let entries = archive.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        let mut content = Vec::new();
        std::io::Read::read_to_end(&mut entry, &mut content).unwrap();
        (entry.path().unwrap().to_str().unwrap().to_owned(), content)
    });
    entries.collect()
}
