//! Sessions as Markdown, of commands that ask no server.

use trycmd::TestCases;

#[test]
fn sessions_without_a_server() {
    let cases = TestCases::new();
    cases.env("HOME", "/nonexistent").env("NO_COLOR", "1").env("COLUMNS", "100").env("RADIUS_PREVIEW", "");
    cases.case("tests/sessions/*.md");
}

#[test]
fn a_file_whose_content_would_not_change_is_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sessions/check.in/good.yaml");
    let generate = || {
        let out = folder.path().join("out");
        let answer = std::process::Command::new(crate::server::RAD)
            .args(["generate", manifest, "--target", "docs,bicep", "--out"])
            .arg(&out)
            .output()
            .unwrap();
        assert!(answer.status.success(), "{}", String::from_utf8_lossy(&answer.stderr));
        String::from_utf8(answer.stdout).unwrap()
    };
    let first = generate();
    assert!(first.ends_with(", 0 unchanged\n"), "{first}");
    let page = folder.path().join("out/docs/README.md");
    let before = std::fs::metadata(&page).unwrap().modified().unwrap();
    let second = generate();
    assert!(second.contains(": 0 written, "), "{second}");
    assert_eq!(std::fs::metadata(&page).unwrap().modified().unwrap(), before);
}
