//! What each target costs for a provider of 500 types, in processor time: other work on the machine does not count.

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::measurement::{Measurement, ValueFormatter, WallTime};
use criterion::{Criterion, criterion_group, criterion_main};
use radii_codegen::{Input, Options, Target, generate};
use radii_diagnostics::FileId;
use radii_model::manifest::{self, Manifest};

/// That of `rad`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

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

fn written() -> String {
    let types: String = (0..TYPES).map(|number| format!("  database{number}:{TYPE}")).collect();
    format!("namespace: Contoso.Data\ntypes:\n{types}")
}

fn provider() -> Manifest {
    let (manifest, diagnostics) = manifest::parse(FileId(0), &written());
    assert!(diagnostics.iter().all(|diagnostic| !diagnostic.is_error()), "{diagnostics:?}");
    manifest.expect("the manifest above is one")
}

/// Time that all threads of this process spent on processors, in ticks of 10 ms; wall time where the system does not say.
struct ProcessorTime(Instant);

impl ProcessorTime {
    fn now(&self) -> Duration {
        let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
        // The program's name stands in parentheses and may hold anything.
        let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields).split_whitespace().skip(11).take(2);
        let ticks: u64 = fields.filter_map(|field| field.parse::<u64>().ok()).sum();
        if ticks == 0 { self.0.elapsed() } else { Duration::from_millis(ticks * 10) }
    }
}

impl Measurement for ProcessorTime {
    type Intermediate = Duration;
    type Value = Duration;

    fn start(&self) -> Duration {
        self.now()
    }

    fn end(&self, start: Duration) -> Duration {
        self.now() - start
    }

    fn add(&self, one: &Duration, other: &Duration) -> Duration {
        *one + *other
    }

    fn zero(&self) -> Duration {
        Duration::ZERO
    }

    fn to_f64(&self, value: &Duration) -> f64 {
        WallTime.to_f64(value)
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        WallTime.formatter()
    }
}

fn targets(criterion: &mut Criterion<ProcessorTime>) {
    let manifests = [provider()];
    let options = Options::default();
    let mut group = criterion.benchmark_group(format!("generate/{TYPES}-types"));
    group.sample_size(20);
    for target in Target::ALL {
        group.bench_function(target.as_str(), |bencher| {
            bencher.iter(|| generate(&Input::new(black_box(&manifests)), &[target], &options));
        });
    }
    group.bench_function("every-target", |bencher| {
        bencher.iter(|| generate(&Input::new(black_box(&manifests)), &Target::ALL, &options));
    });
    group.finish();
    let text = written();
    criterion.bench_function(&format!("read/{TYPES}-types"), |bencher| {
        bencher.iter(|| manifest::parse(FileId(0), black_box(&text)));
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().with_measurement(ProcessorTime(Instant::now()));
    targets = targets
}
criterion_main!(benches);
