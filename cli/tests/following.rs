//! `--watch`: saving a file is enough.

use std::fs;
use std::io::{BufRead as _, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};

use tempfile::TempDir;

use crate::server::RAD;

const MANIFEST: &str = "namespace: Contoso.Data\ntypes:\n  stores:\n    apiVersions:\n      '2025-01-01':\n        schema:\n          \
                        type: object\n          properties:\n            size: {type: string}\n";

const SPEC: &str = "import \"./parts/size.tsp\";\n\nmodel Store {\n  size: Size;\n}\n";

/// A command that follows files; it ends with the test.
struct Following {
    folder: TempDir,
    process: Child,
    stdout: Lines<BufReader<ChildStdout>>,
    stderr: Lines<BufReader<ChildStderr>>,
}

impl Following {
    fn start(files: &[(&str, &str)], words: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            save(folder.path(), path, text);
        }
        let mut process = Command::new(RAD)
            .args(words)
            .current_dir(folder.path())
            .env("NO_COLOR", "1")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(process.stdout.take().unwrap()).lines();
        let stderr = BufReader::new(process.stderr.take().unwrap()).lines();
        Self { folder, process, stdout, stderr }
    }

    fn save(&self, path: &str, text: &str) {
        save(self.folder.path(), path, text);
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.folder.path().join(path)).unwrap()
    }

    /// The next line of standard output that holds a text.
    fn out(&mut self, wanted: &str) -> String {
        next(&mut self.stdout, wanted)
    }

    /// The next line of standard error that holds a text.
    fn err(&mut self, wanted: &str) -> String {
        next(&mut self.stderr, wanted)
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn save(folder: &Path, path: &str, text: &str) {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    // As editors do: another file takes the place of the old one.
    let beside = path.with_extension("saving");
    fs::write(&beside, text).unwrap();
    fs::rename(beside, path).unwrap();
}

fn next(lines: &mut impl Iterator<Item = std::io::Result<String>>, wanted: &str) -> String {
    lines.map(Result::unwrap).find(|line| line.contains(wanted)).unwrap_or_else(|| panic!("nobody said `{wanted}`"))
}

#[test]
fn artifacts_follow_what_is_saved() {
    let words = ["generate", ".", "--target", "json-schema", "--watch"];
    let mut following = Following::start(&[("types.yaml", MANIFEST)], &words);
    following.out("1 written, 0 unchanged");
    let artifact = "generated/json-schema/Contoso.Data/stores/2025-01-01.json";
    assert!(!following.read(artifact).contains("colour"));

    following.save("types.yaml", &MANIFEST.replace("size:", "colour:"));
    following.out("1 written, 0 unchanged");
    assert!(following.read(artifact).contains("colour"));

    // A mistake is told, and the artifacts of before stay.
    following.save("types.yaml", &MANIFEST.replace("string", "strin"));
    following.err("radii/unknown-type");
    assert!(following.read(artifact).contains("colour"));

    following.save("types.yaml", MANIFEST);
    following.out("1 written, 0 unchanged");

    // A folder that is new is followed like those of before.
    following.save("more/other.yaml", &MANIFEST.replace("stores", "shelves"));
    following.out("1 written, 1 unchanged");
    following.save("more/other.yaml", &MANIFEST.replace("stores", "shelves").replace("size", "height"));
    following.out("1 written, 1 unchanged");
    assert!(following.read("generated/json-schema/Contoso.Data/shelves/2025-01-01.json").contains("height"));
}

#[test]
fn a_check_follows_what_a_file_imports() {
    let size = "enum Size { small, large }\n";
    let mut following = Following::start(
        &[("spec/main.tsp", SPEC), ("spec/parts/size.tsp", size)],
        &["check", "spec/main.tsp", "--watch"],
    );
    following.err("0 errors");
    following.save("spec/parts/size.tsp", "enum Sise { small, large }\n");
    following.err("invalid-ref");
    following.err("1 error");
    following.save("spec/parts/size.tsp", size);
    following.err("0 errors");
}
