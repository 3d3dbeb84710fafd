//! Planning of large templates, with parsing and every expression (`DESIGN.md`: 500 resources in 20 ms, 5,000 in 1 s).

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
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

fn plan(criterion: &mut Criterion) {
    let scope = "/planes/radius/local/resourceGroups/g".parse().expect("the scope is an id");
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
