//! What a keystroke costs an editor in a file of 1,000 lines: `cargo bench -p typespec --bench keystroke`.
//!
//! Processor time stands beside the time on the clock: other work on the machine does not count in it.

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

/// Time that this process spent on processors, in ticks of 10 ms; `None` where the system does not say.
fn processor_time() -> Option<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The program's name stands in parentheses and may hold anything.
    let fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11).take(2);
    let ticks = fields.map(|field| field.parse::<u64>().ok()).sum::<Option<u64>>()?;
    Some(Duration::from_millis(ticks * 10))
}

/// The median and the worst of several times, and the processor time of one round.
#[expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
fn measure(what: &str, mut round: impl FnMut(usize)) {
    let before = processor_time();
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|at| {
            let start = Instant::now();
            round(at);
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    let spent = processor_time().zip(before).map(|(after, before)| (after - before) / ROUNDS as u32);
    let spent = spent.map_or_else(String::new, |spent| format!(", processor {spent:>9.1?}"));
    println!("{what:<52} median {:>9.1?}, worst {:>9.1?}{spent}", times[ROUNDS / 2], times[ROUNDS - 1]);
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
    // Half-written text, in the first line that has it and in the last: what is behind must still be understood.
    let slips = [
        ("a property without type", "name: string;", "name: ;"),
        ("a property that is being written", "name: string;", "name: string; na"),
        ("a missing semicolon", "name: string;", "name: string"),
        ("a text without end", "@minLength(1) name", "@doc(\"x) @minLength(1) name"),
        ("an open parenthesis", "@minLength(1) name", "@minLength(1 name"),
        ("an open brace", "labels?: Record<string>;", "labels?: { a: string;"),
        ("an open angle bracket", "Record<string>", "Record<string"),
        ("a misspelt keyword", "\nmodel Store", "\nmodle Store"),
        ("a closing brace too many", "labels?: Record<string>;", "labels?: Record<string>; }"),
        ("a comment without end", "size?: Size", "/* size?: Size"),
    ];
    for (what, from, to) in slips {
        for (side, at) in [("first", text.find(from)), ("last", text.rfind(from))] {
            let at = at.expect("the file has such a line");
            let typed = format!("{}{to}{}", &text[..at], &text[at + from.len()..]);
            measure(&format!("{what}, in the {side} line"), |_| assert!(compile(&typed).has_errors()));
        }
    }
    let mut many = text.clone();
    for (at, _) in text.match_indices("name: string;").collect::<Vec<_>>().into_iter().rev().step_by(4) {
        many.replace_range(at..at + "name: string;".len(), "name string;");
    }
    measure("a slip in every fourth model", |_| assert!(compile(&many).has_errors()));
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
