//! Definitions compared with what is registered and with Git's history, and bodies checked without a server.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value as Json;

use crate::server::{Rad, Server};

const OLD: &str = "\
namespace: Contoso.Res
types:
  boxes:
    apiVersions:
      '2025-01-01':
        schema:
          type: object
          properties:
            environment: {type: string}
            size: {type: string, enum: [S, M, L]}
            label: {type: string}
";

/// A value of an enum is gone, which breaks whoever has it.
fn new() -> String {
    OLD.replace("[S, M, L]", "[S, M]")
}

fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(str::to_owned).collect()
}

fn changes(rad: &Rad, line: &str) -> Vec<Json> {
    serde_json::from_str(&rad.ok(&format!("{line} -o json"))).unwrap()
}

#[test]
fn a_definition_is_compared_with_what_is_registered() {
    let server = Server::start();
    let rad = Rad::new(&server.url);
    rad.write("types.yaml", OLD);
    rad.write("new.yaml", &new());
    assert!(rad.fails(1, "diff new.yaml --registry").contains("`Contoso.Res` is not registered"));
    rad.ok("resource-type create -f types.yaml");
    assert_eq!(changes(&rad, "diff types.yaml --registry"), Vec::<Json>::new());
    let found = changes(&rad, "diff new.yaml --registry");
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found, changes(&rad, "diff registry:Contoso.Res new.yaml"));
    let (code, ..) = rad.run_words(&words("diff new.yaml --registry --fail-on breaking"));
    assert_eq!(code, 1);
    let (code, ..) = rad.run_words(&words("diff types.yaml --registry --fail-on any"));
    assert_eq!(code, 0);
}

fn git(rad: &Rad, line: &str) -> bool {
    let mut command = Command::new("git");
    command.current_dir(rad.home()).env("HOME", rad.home());
    command.args(["-c", "user.name=A", "-c", "user.email=a@example.com"]).args(line.split_whitespace());
    command.output().is_ok_and(|output| output.status.success())
}

#[test]
fn a_definition_is_compared_with_a_revision_of_git() {
    let rad = Rad::new("http://127.0.0.1:1");
    if !git(&rad, "init -q -b main .") {
        return println!("skipped: there is no `git`");
    }
    rad.write("types.yaml", OLD);
    assert!(git(&rad, "add types.yaml") && git(&rad, "commit -q -m one"));
    rad.write("types.yaml", &new());
    let found = changes(&rad, "diff HEAD:types.yaml types.yaml");
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(git(&rad, "commit -q -a -m two"));
    assert_eq!(changes(&rad, "diff HEAD~1:types.yaml HEAD:types.yaml"), found);
    assert_eq!(changes(&rad, "diff main:types.yaml types.yaml"), Vec::<Json>::new());
    let absent = rad.fails(1, "diff nope:types.yaml types.yaml");
    assert!(absent.contains("`nope:./types.yaml`") && absent.contains("write REVISION:FILE"), "{absent}");
    let absent = rad.fails(1, "diff HEAD:nope.yaml types.yaml");
    assert!(absent.contains("`HEAD:./nope.yaml`"), "{absent}");
}

fn examples(types: &Path) -> Vec<(PathBuf, PathBuf)> {
    let folders = |path: &Path| -> Vec<PathBuf> {
        std::fs::read_dir(path).map(|it| it.map(|entry| entry.unwrap().path()).collect()).unwrap_or_default()
    };
    let all = folders(types).into_iter().flat_map(|provider| folders(&provider));
    let mut found: Vec<(PathBuf, PathBuf)> = all
        .flat_map(|kind| folders(&kind.join("examples")).into_iter().map(move |example| (kind.clone(), example)))
        .collect();
    found.sort();
    found
}

#[test]
fn every_example_of_a_type_is_valid() {
    let rad = Rad::new("http://127.0.0.1:1");
    let types = Path::new(env!("CARGO_MANIFEST_DIR")).join("../types");
    let mut checked = 0;
    for (folder, example) in examples(&types) {
        let text = std::fs::read_to_string(&example).unwrap();
        let list: Vec<Json> = serde_saphyr::from_str(&text).unwrap();
        let namespace = folder.parent().and_then(Path::file_name).unwrap().to_str().unwrap();
        let own = list.iter().filter(|entry| entry["type"].as_str().is_some_and(|kind| kind.starts_with(namespace)));
        for entry in own {
            // A deployment adds the environment that it goes to.
            let mut body = entry["properties"].clone();
            body["environment"] = "/planes/radius/local/resourceGroups/a/providers/Radius.Core/environments/b".into();
            rad.write("body.json", &body.to_string());
            let manifest = folder.join("manifest.yaml");
            let line = format!("validate body.json --type {} --from", entry["type"].as_str().unwrap());
            let mut line = words(&line);
            line.push(manifest.to_str().unwrap().to_owned());
            let (code, _, stderr) = rad.run_words(&line);
            assert_eq!(code, 0, "{}: {stderr}", example.display());
            checked += 1;
        }
    }
    assert!(checked >= 3, "{checked}");
}
