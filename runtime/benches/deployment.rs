//! Planning of large templates, with parsing and every expression (`DESIGN.md`: 500 resources in 20 ms, 5,000 in 1 s).
//!
//! Beside the times it prints how much memory the largest takes at most.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use radii_model::ResourceId;
use radii_runtime::deployment::foresee;
use serde_json::{Map, Value as Json, json};

/// A template in which each resource refers to one before it.
fn template(count: usize) -> Json {
    let resources: Map<String, Json> = (0..count)
        .map(|at| {
            let before = match at {
                0 => json!("first"),
                at => json!(format!("[format('after {{0}}', reference('n{}').properties.text)]", at / 2)),
            };
            let before = if at < 2 { json!("first") } else { before };
            let resource = json!({ "import": "radius", "type": "Contoso.Data/notes@2025-01-01", "properties": {
                "name": format!("[format('{{0}}-{at}', parameters('name'))]"),
                "properties": { "text": before, "label": "[toUpper(concat(parameters('name'), variables('end')))]" } } });
            (format!("n{at}"), resource)
        })
        .collect();
    json!({ "languageVersion": "2.0", "imports": { "radius": { "provider": "Radius" } },
        "parameters": { "name": { "type": "string", "defaultValue": "note" } },
        "variables": { "end": "[uniqueString('a', 'b')]" }, "resources": resources })
}

/// Reads a line of what the system tells of this process, in KiB.
fn kibibytes(line: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let found = status.lines().find_map(|text| text.strip_prefix(line)?.strip_prefix(':'))?;
    found.split_whitespace().next()?.parse().ok()
}

/// Prints the most memory that planning takes, on top of the template itself.
fn print_memory(count: usize, template: &Json, scope: &ResourceId) {
    // Forgets the peak so far.
    let is_reset = std::fs::write("/proc/self/clear_refs", "5").is_ok();
    let before = kibibytes("VmRSS").filter(|_| is_reset);
    let planned = foresee(template, &Map::new(), scope).map(|foreseen| foreseen.len());
    assert_eq!(planned.ok(), Some(count));
    match (before, kibibytes("VmHWM")) {
        (Some(before), Some(peak)) => {
            let (used, text) = (peak.saturating_sub(before), template.to_string().len());
            println!(
                "planning {count} resources takes {:.1} MiB at most, for a template of {:.1} MiB of text",
                used as f64 / 1024.0,
                text as f64 / 1_048_576.0
            );
        }
        _ => println!("the memory of planning is not measured: this system does not tell it"),
    }
}

fn plan(criterion: &mut Criterion) {
    let scope: ResourceId = "/planes/radius/local/resourceGroups/g".parse().expect("the scope is an id");
    print_memory(5_000, &template(5_000), &scope);
    let mut group = criterion.benchmark_group("plan");
    group.sample_size(10);
    for count in [500, 5_000] {
        let template = template(count);
        group.bench_with_input(BenchmarkId::from_parameter(count), &template, |bencher, template| {
            bencher.iter(|| foresee(black_box(template), &Map::new(), &scope).map(|foreseen| foreseen.len()));
        });
    }
    group.finish();
}

criterion_group!(benches, plan);
criterion_main!(benches);
