//! Mistakes in command lines: one message each, which names what is wrong and what to type instead.

use std::fmt::Write as _;
use std::path::Path;

use serde::Deserialize;

use crate::server::{Rad, Server};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    line: String,
    exit: i32,
    names: String,
    remedy: String,
}

/// A user with a group, an environment, the type `Contoso.Res/boxes` and the files of the corpus.
fn settled(server: &Server, corpus: &Path) -> Rad {
    let rad = Rad::new(&server.url);
    for entry in std::fs::read_dir(corpus.join("command-lines")).unwrap() {
        let path = entry.unwrap().path();
        rad.write(path.file_name().unwrap().to_str().unwrap(), &std::fs::read_to_string(&path).unwrap());
    }
    rad.ok("workspace create kubernetes local --group default");
    rad.ok("group create default");
    rad.ok("env create default --simulated");
    rad.ok("env switch default");
    rad.ok("resource-type create -f types.yaml");
    rad
}

/// How often an answer named the place, offered the remedy, was one message, and what was wrong otherwise.
#[derive(Default)]
struct Figures {
    total: usize,
    named: usize,
    mended: usize,
    single: usize,
    failed: String,
}

#[expect(clippy::print_stdout, reason = "figures are printed")]
fn measure(name: &str) -> Figures {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/mistakes");
    let text = std::fs::read_to_string(corpus.join(name)).unwrap();
    let cases: Vec<Case> = serde_saphyr::from_str(&text).unwrap();
    let server = Server::start();
    let rad = settled(&server, &corpus);
    let mut figures = Figures { total: cases.len(), ..Figures::default() };
    for case in &cases {
        let words: Vec<String> = case.line.split_whitespace().map(str::to_owned).collect();
        let (exit, stdout, stderr) = rad.run_words(&words);
        let is_single = stderr.lines().filter(|line| line.starts_with("error")).count() == 1 && stdout.is_empty();
        let (has_name, has_remedy) = (stderr.contains(&case.names), stderr.contains(&case.remedy));
        figures.named += usize::from(has_name);
        figures.mended += usize::from(has_remedy);
        figures.single += usize::from(is_single);
        if !(is_single && has_name && has_remedy && exit == case.exit) {
            let _ = write!(figures.failed, "rad {}\nended with {exit}\n{stdout}{stderr}\n", case.line);
        }
    }
    let Figures { total, named, mended, single, .. } = &figures;
    println!("{name}: {total} mistakes: named {named}, remedy {mended}, one message {single}");
    figures
}

#[test]
fn each_mistake_in_a_command_line_has_one_message_with_place_and_remedy() {
    let Figures { failed, .. } = measure("command-lines.yaml");
    assert!(failed.is_empty(), "{failed}");
}

/// What was written down before it was seen how it is answered, and the share that each figure reaches at the least, in
/// percent. Some of the lines turned out to be right, or are told of another thing first; they stay as they were written.
const BLIND: [(&str, usize); 8] = [
    ("command-lines", 95),
    ("command-lines-second", 80),
    ("command-lines-third", 90),
    ("command-lines-fourth", 80),
    ("command-lines-fifth", 80),
    ("command-lines-sixth", 80),
    ("command-lines-late", 60),
    ("command-lines-ordinary", 80),
];

#[test]
fn mistakes_that_were_written_down_first_have_one_message_with_place_and_remedy() {
    let mut missed = String::new();
    for (batch, share) in BLIND {
        let Figures { total, named, mended, single, failed } = measure(&format!("blind/{batch}.yaml"));
        for (what, reached) in [("places", named), ("remedies", mended), ("single messages", single)] {
            if reached * 100 < share * total {
                let _ = write!(missed, "{batch}: {what}: {reached} of {total}\n{failed}");
            }
        }
    }
    assert!(missed.is_empty(), "{missed}");
}
