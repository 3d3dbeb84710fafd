//! What each target costs for a provider of 500 types.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use radii_codegen::{Input, Options, Target, generate};
use radii_diagnostics::FileId;
use radii_model::manifest::{self, Manifest};

const TYPES: usize = 500;

/// The typical resource: 13 properties, an enum, a pattern, two nested objects, a map and two arrays.
const TYPE: &str = r#"
    description: One of many.
    apiVersions:
      '2025-01-01':
        schema:
          type: object
          properties:
            size: {type: string, enum: [S, M, L], default: S, description: How large it is.}
            name: {type: string, pattern: '^[a-z][a-z0-9-]*$', maxLength: 63, description: Name of the database.}
            replicas: {type: integer, minimum: 0, maximum: 15, default: 1}
            enabled: {type: boolean, default: true}
            version: {type: string, description: Version of the engine.}
            credentials:
              type: object
              description: Who may log in.
              properties:
                username: {type: string}
                password: {type: string, x-radius-sensitive: true}
              required: [username]
            backup:
              type: object
              properties:
                schedule: {type: string}
                keepDays: {type: integer, minimum: 1}
            labels: {type: object, additionalProperties: {type: string}}
            zones: {type: array, items: {type: string}}
            ports: {type: array, items: {type: integer}, maxItems: 5}
            host: {type: string, readOnly: true, description: Host to connect to.}
            port: {type: integer, readOnly: true}
            status2: {type: string, readOnly: true}
          required: [size, name]
"#;

fn provider() -> Manifest {
    let types: String = (0..TYPES).map(|number| format!("  database{number}:{TYPE}")).collect();
    let (manifest, diagnostics) = manifest::parse(FileId(0), &format!("namespace: Contoso.Data\ntypes:\n{types}"));
    assert!(diagnostics.iter().all(|diagnostic| !diagnostic.is_error()), "{diagnostics:?}");
    manifest.expect("the manifest above is one")
}

fn targets(criterion: &mut Criterion) {
    let manifests = [provider()];
    let input = Input::new(&manifests);
    let options = Options::default();
    let mut group = criterion.benchmark_group(format!("generate/{TYPES}-types"));
    group.sample_size(20);
    for target in Target::ALL {
        group.bench_function(target.as_str(), |bencher| {
            bencher.iter(|| generate(black_box(&input), &[target], &options));
        });
    }
    group.bench_function("every-target", |bencher| {
        bencher.iter(|| generate(black_box(&input), &Target::ALL, &options));
    });
    group.finish();
}

criterion_group!(benches, targets);
criterion_main!(benches);
