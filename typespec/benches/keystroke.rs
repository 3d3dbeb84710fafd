//! What a keystroke costs an editor in a file of 1,000 lines: `cargo bench -p typespec --bench keystroke`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use radii_diagnostics::Span;
use typespec::service::Service;
use typespec::{Compilation, Options, Registry};

/// How often each figure is taken.
const ROUNDS: usize = 50;

/// A file of so many lines, as authors write them.
fn file(lines: usize) -> String {
    let mut text = String::from(
        "import \"@radii/typespec\";\n\nusing Radii;\n\nnamespace Contoso;\n\nenum Size { small, large }\n",
    );
    let mut number = 0;
    while text.lines().count() < lines {
        let _ = write!(
            text,
            "\n/** Store {number}. */\nmodel Store{number} {{\n  /** Its name. */\n  @minLength(1) name: string;\n  \
             size?: Size = Size.small;\n  labels?: Record<string>;\n  next?: Store{number};\n}}\n"
        );
        number += 1;
    }
    text
}

fn compile(text: &str) -> Compilation {
    let world = BTreeMap::from([("main.tsp".to_owned(), text.to_owned())]);
    typespec::compile(&world, "main.tsp", &Options::default(), &Registry::standard())
}

/// The median and the worst of several times.
#[expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
fn measure(what: &str, mut round: impl FnMut(usize)) {
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|at| {
            let start = Instant::now();
            round(at);
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    println!("{what:<44} median {:>9.1?}, worst {:>9.1?}", times[ROUNDS / 2], times[ROUNDS - 1]);
}

fn main() {
    let text = file(1_000);
    let place = text.rfind("name: string").expect("the file has properties");
    measure("keystroke to diagnostics, 1,000 lines", |at| {
        // Every round is a text that was never seen: a name that grows.
        let mut typed = text.clone();
        typed.insert_str(place, &"x".repeat(at + 1));
        assert!(compile(&typed).diagnostics.is_empty());
    });
    measure("the same in a file of ten lines", |at| {
        let typed = format!("model Store {{\n  name{at}: string;\n}}\n");
        assert!(compile(&typed).diagnostics.is_empty());
    });
    let compilation = compile(&text);
    let service = Service::new(&compilation);
    let file = service.find_file("main.tsp").expect("the entry is loaded");
    let ty = text.rfind("string").expect("the file names types") as u32;
    measure("completion of a type", |_| assert!(service.completions(file, ty).len() > 100));
    measure("hover", |_| assert!(service.hover(file, ty).is_some()));
    measure("references of `string`", |_| assert!(service.references(file, ty, true).len() > 100));
    measure("outline", |_| assert!(!service.outline(file).is_empty()));
    measure("code actions", |_| assert!(service.actions(Span { file, start: 0, end: ty }).is_empty()));
}
