//! Whole runs, and files on disk.

use camino::Utf8Path;
use radii_codegen::{Artifacts, Input, Options, Target, generate, write};
use radii_diagnostics::FileId;

use crate::{builtin_manifests, crate_path, manifest};

#[test]
fn the_same_input_gives_the_same_bytes_for_every_target() {
    let make = || generate(&Input::new(&builtin_manifests()), &Target::ALL, &Options::default());
    let (first, second) = (make(), make());
    assert!(!first.has_errors(), "{:?}", first.diagnostics);
    assert!(first.artifacts.len() > 150, "{}", first.artifacts.len());
    assert_eq!(first.artifacts, second.artifacts);
}

#[test]
fn a_generated_manifest_says_what_its_source_says() {
    let source = manifest(&crate_path("tests/fixtures/shop.yaml"));
    let output = generate(&Input::new(&[source]), &[Target::Manifest], &Options::default());
    let text = std::str::from_utf8(output.artifacts.get("manifest/Contoso.Shop.yaml").unwrap()).unwrap();
    let (again, diagnostics) = radii_model::manifest::parse(FileId(0), text);
    assert!(diagnostics.iter().all(|diagnostic| !diagnostic.is_error()), "{diagnostics:?}");
    let rewritten = generate(&Input::new(&[again.unwrap()]), &[Target::Manifest], &Options::default());
    assert_eq!(rewritten.artifacts, output.artifacts);
}

#[test]
fn a_file_whose_content_would_not_change_is_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    let root = Utf8Path::from_path(folder.path()).unwrap();
    let mut artifacts = Artifacts::default();
    artifacts.insert("a/b.txt", "one");
    artifacts.insert("c.txt", "two");
    let first = write::folder(root, &artifacts).unwrap();
    assert_eq!(first.changed, [root.join("a/b.txt"), root.join("c.txt")]);

    let old = std::time::SystemTime::UNIX_EPOCH;
    std::fs::File::open(root.join("c.txt")).unwrap().set_modified(old).unwrap();
    artifacts.insert("a/b.txt", "changed");
    let second = write::folder(root, &artifacts).unwrap();
    assert_eq!((second.changed, second.unchanged), (vec![root.join("a/b.txt")], vec![root.join("c.txt")]));
    assert_eq!(std::fs::metadata(root.join("c.txt")).unwrap().modified().unwrap(), old);
    assert_eq!(std::fs::read_to_string(root.join("a/b.txt")).unwrap(), "changed");
    let left: Vec<_> = root.join("a").read_dir_utf8().unwrap().map(|entry| entry.unwrap().into_path()).collect();
    assert_eq!(left, [root.join("a/b.txt")], "no temporary file stays behind");
}

#[test]
fn paths_that_lead_out_of_the_folder_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let root = Utf8Path::from_path(folder.path()).unwrap();
    for path in ["../x", "/etc/x", "a/../../x"] {
        let mut artifacts = Artifacts::default();
        artifacts.insert(path, "x");
        assert!(matches!(write::folder(root, &artifacts), Err(write::Error::OutsideFolder { .. })), "{path}");
    }
}
