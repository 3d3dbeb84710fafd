//! How long programs of several sizes take to compile: `cargo bench -p typespec` prints figures.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Instant;

use typespec::{Options, Registry};

/// A program of so many models, as authors write them.
fn program(models: usize) -> String {
    let mut text = String::from("using TypeSpec.Reflection;\nnamespace Demo.Types;\n\nenum Tier { basic, premium }\n");
    for at in 0..models {
        let next = (at + 1) % models;
        let _ = write!(
            text,
            "/** Resource {at}. */\nmodel Resource{at} {{\n  /** Its name. */\n  @minLength(1) @maxLength(64) name: string;\n  \
             @minValue(1) size?: int32 = 5;\n  tier?: Tier = Tier.basic;\n  labels?: Record<string>;\n  \
             next?: Resource{next};\n  items: Item{at}[];\n  @visibility(Lifecycle.Read) id: string;\n}}\n\
             model Item{at} {{ key: string; value: string | int32 | null; }}\n"
        );
    }
    text
}

#[expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
fn main() {
    for models in [1, 500, 1_000, 2_500, 5_000] {
        let text = program(models);
        let size = text.len();
        let world = BTreeMap::from([("main.tsp".to_owned(), text)]);
        let start = Instant::now();
        let compilation = typespec::compile(&world, "main.tsp", &Options::default(), &Registry::standard());
        let took = start.elapsed();
        let found = compilation.diagnostics.len();
        println!("{models:>6} models twice, {size:>8} bytes: {took:>10.1?}, {found} diagnostics");
    }
}
