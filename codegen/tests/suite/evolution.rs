//! Histories written with the decorators of versions: what they say arrives, and no journey loses anything.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use proptest::prelude::*;
use proptest::sample::Index;
use radii_codegen::lower;
use radii_model::ApiVersion;
use radii_model::conversion::{Conversions, Converted, KeptAside};
use radii_model::manifest::Manifest;
use serde_json::{Map, Value as Json, json};
use typespec::{Options, compile};

const VERSIONS: [&str; 4] = ["2024-01-01", "2024-06-01-preview", "2025-01-01", "2025-06-01"];

/// Types with a value each.
const TYPES: [&str; 6] = ["string", "int32", "boolean", "string[]", "Record<int32>", "Inner"];

fn value(ty: &str, at: usize) -> Json {
    match ty {
        "string" => json!(format!("text {at}")),
        "int32" => json!(40 + at),
        "boolean" => json!(true),
        "string[]" => json!(["one", "two"]),
        "Record<int32>" => json!({"a": 1, "b": at}),
        _ => json!({}),
    }
}

/// What became of a property over the versions.
#[derive(Clone, Debug)]
struct History {
    /// The version that adds it; 0 when it was always there.
    added: usize,
    /// The version that removes it.
    removed: Option<usize>,
    /// The versions that rename it.
    renamed: Vec<usize>,
    /// The versions that change its type, with the type before.
    changed: Vec<(usize, &'static str)>,
    ty: &'static str,
    optional: bool,
    /// The version that made it optional, or required, as it is now.
    made: Option<usize>,
}

impl History {
    fn exists(&self, version: usize) -> bool {
        self.added <= version && self.removed.is_none_or(|removed| version < removed)
    }

    /// The names before renames say until when they were in use.
    fn name(&self, own: &str, version: usize) -> String {
        match self.renamed.iter().find(|renamed| **renamed > version) {
            Some(renamed) => format!("{own}Until{renamed}"),
            None => own.to_owned(),
        }
    }

    fn ty(&self, version: usize) -> &'static str {
        self.changed.iter().find(|(changed, _)| *changed > version).map_or(self.ty, |(_, before)| before)
    }

    fn write(&self, own: &str, text: &mut String) {
        if self.added > 0 {
            _ = writeln!(text, "  @added(ApiVersions.v{})", self.added);
        }
        if let Some(removed) = self.removed {
            _ = writeln!(text, "  @removed(ApiVersions.v{removed})");
        }
        for renamed in &self.renamed {
            _ = writeln!(text, "  @renamedFrom(ApiVersions.v{renamed}, \"{own}Until{renamed}\")");
        }
        for (changed, before) in &self.changed {
            _ = writeln!(text, "  @typeChangedFrom(ApiVersions.v{changed}, {before})");
        }
        if let Some(made) = self.made {
            _ = writeln!(text, "  @made{}(ApiVersions.v{made})", if self.optional { "Optional" } else { "Required" });
        }
        _ = writeln!(text, "  {own}{}: {};", if self.optional { "?" } else { "" }, self.ty);
    }
}

fn history() -> impl Strategy<Value = History> {
    let last = VERSIONS.len();
    let ty = || prop::sample::select(TYPES.to_vec());
    let versions = prop::collection::btree_set(1..last, 0..3);
    let changes = prop::collection::btree_map(1..last, ty(), 0..3);
    let made = prop::option::of(1..last);
    (0..last, prop::option::of(1..=last), versions, changes, ty(), any::<bool>(), made).prop_map(
        |(added, removed, renamed, changed, ty, optional, made)| {
            // Two in three are there from the start.
            let added = if added < 2 { 0 } else { added };
            let removed = removed.filter(|removed| *removed > added && *removed < VERSIONS.len());
            let lives = |version: &usize| *version > added && removed.is_none_or(|removed| *version < removed);
            History {
                added,
                removed,
                renamed: renamed.into_iter().filter(lives).collect(),
                changed: changed.into_iter().filter(|(version, _)| lives(version)).collect(),
                ty,
                optional,
                made: made.filter(lives),
            }
        },
    )
}

fn spec(outer: &[History], inner: &[History]) -> String {
    let mut text = String::from(
        "import \"@radii/typespec\";\nimport \"@typespec/versioning\";\nusing Radii;\nusing TypeSpec.Versioning;\n\n\
         @resourceProvider\n@versioned(ApiVersions)\nnamespace Contoso.Data;\n\nenum ApiVersions {\n",
    );
    for (at, version) in VERSIONS.iter().enumerate() {
        _ = writeln!(text, "  v{at}: \"{version}\",");
    }
    text.push_str("}\n\n@resourceType(\"things\")\nmodel Thing {\n");
    outer.iter().enumerate().for_each(|(at, property)| property.write(&format!("outer{at}"), &mut text));
    text.push_str("}\n\nmodel Inner {\n");
    inner.iter().enumerate().for_each(|(at, property)| property.write(&format!("inner{at}"), &mut text));
    text.push_str("}\n");
    text
}

/// The manifest of a spec that must be free of errors.
fn lowered(text: &str) -> Manifest {
    let world = BTreeMap::from([("main.tsp".to_owned(), text.to_owned())]);
    let mut compilation = compile(&world, "main.tsp", &Options::default(), &lower::registry());
    assert!(!compilation.has_errors(), "{text}\n{:?}", compilation.diagnostics);
    let mut lowered = lower::lower(&mut compilation.program);
    let errors: Vec<_> = lowered.diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).collect();
    assert!(errors.is_empty(), "{text}\n{errors:?}");
    lowered.manifests.remove(0)
}

/// A body of a version with most of its properties.
fn body(histories: &[History], prefix: &str, inner: &Json, version: usize, picks: u32) -> Json {
    let properties = histories.iter().enumerate().filter(|(at, it)| it.exists(version) && picks >> at & 3 != 3);
    let members = properties.map(|(at, it)| {
        let own = format!("{prefix}{at}");
        let ty = it.ty(version);
        (it.name(&own, version), if ty == "Inner" { inner.clone() } else { value(ty, at) })
    });
    Json::Object(members.collect::<Map<_, _>>())
}

fn travel(manifest: &Manifest, body: &Json, way: &[usize]) -> Converted {
    let conversions = Conversions::of(&manifest.types[0]);
    let mut at = Converted { body: body.clone(), kept_aside: KeptAside::default() };
    for pair in way.windows(2) {
        let version = |at: usize| VERSIONS[at].parse::<ApiVersion>().unwrap();
        at = conversions.convert(&at.body, &at.kept_aside, &version(pair[0]), &version(pair[1])).unwrap();
    }
    at
}

fn histories() -> impl Strategy<Value = (Vec<History>, Vec<History>)> {
    let plain = history().prop_map(|mut it| {
        // A model within itself would have to end somewhere.
        let no_inner = |ty: &mut &'static str| *ty = if *ty == "Inner" { "string" } else { *ty };
        no_inner(&mut it.ty);
        it.changed.iter_mut().for_each(|(_, ty)| no_inner(ty));
        it
    });
    (prop::collection::vec(history(), 1..6), prop::collection::vec(plain, 0..4))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn each_version_is_what_its_history_says((outer, inner) in histories()) {
        let text = spec(&outer, &inner);
        let manifest = lowered(&text);
        for (version, date) in VERSIONS.iter().enumerate() {
            let schema = &manifest.types[0].api_versions[&date.parse::<ApiVersion>().unwrap()].schema;
            let alive = outer.iter().enumerate().filter(|(_, it)| it.exists(version));
            let expected: Vec<String> = alive.map(|(at, it)| it.name(&format!("outer{at}"), version)).collect();
            let found: Vec<&String> = schema.properties.keys().collect();
            prop_assert_eq!(found, expected.iter().collect::<Vec<_>>(), "{} in\n{}", date, text);
            for (at, it) in outer.iter().enumerate().filter(|(_, it)| it.exists(version)) {
                let is_optional = if it.made.is_some_and(|made| version < made) { !it.optional } else { it.optional };
                let name = it.name(&format!("outer{at}"), version);
                prop_assert_eq!(schema.required.contains(&name), !is_optional, "{} of {} in\n{}", name, date, text);
            }
        }
    }

    #[test]
    fn no_journey_loses_anything(
        (outer, inner) in histories(),
        way in prop::collection::vec(0..VERSIONS.len(), 2..6),
        picks in any::<(u32, u32)>(),
        look in any::<Index>(),
    ) {
        let text = spec(&outer, &inner);
        let manifest = lowered(&text);
        let start = way[0];
        let part = body(&inner, "inner", &json!({}), start, picks.1);
        let body = body(&outer, "outer", &part, start, picks.0);
        let mut way = way;
        way.push(start);
        let home = travel(&manifest, &body, &way);
        prop_assert_eq!(&home.body, &body, "by {:?}, kept aside {:?}, of\n{}", way, home.kept_aside, text);

        // On the way a value stands under the name that its property has there.
        let stop = look.index(way.len());
        let there = travel(&manifest, &body, &way[..=stop]).body;
        let version = way[stop];
        for (at, it) in outer.iter().enumerate().filter(|(_, it)| it.exists(start) && it.exists(version)) {
            let own = format!("outer{at}");
            let (before, now) = (&body[it.name(&own, start)], &there[it.name(&own, version)]);
            let passes = way[..=stop].iter().all(|version| it.ty(*version) == it.ty(start));
            if passes && it.ty(start) != "Inner" {
                prop_assert_eq!(now, before, "{} by {:?} of\n{}", own, &way[..=stop], text);
            }
        }
    }
}

#[test]
fn values_of_an_enum_follow_its_renamed_members() {
    let manifest = lowered(
        "import \"@radii/typespec\";\nimport \"@typespec/versioning\";\nusing Radii;\nusing TypeSpec.Versioning;\n\
         @resourceProvider\n@versioned(ApiVersions)\nnamespace Contoso.Data;\n\
         enum ApiVersions { v0: \"2024-01-01\", v1: \"2024-06-01-preview\", v2: \"2025-01-01\", v3: \"2025-06-01\" }\n\
         enum Size {\n  @renamedFrom(ApiVersions.v1, \"S\") @renamedFrom(ApiVersions.v3, \"little\") small,\n  \
         @added(ApiVersions.v2) huge,\n  large,\n}\n\
         @resourceType(\"things\")\nmodel Thing { size?: Size; sizes?: Size[]; }\n",
    );
    let old = json!({"size": "S", "sizes": ["S", "large"]});
    assert_eq!(travel(&manifest, &old, &[0, 1]).body, json!({"size": "little", "sizes": ["little", "large"]}));
    assert_eq!(travel(&manifest, &old, &[0, 1, 3]).body, json!({"size": "small", "sizes": ["small", "large"]}));
    assert_eq!(travel(&manifest, &old, &[0, 3]).body, travel(&manifest, &old, &[0, 1, 2, 3]).body);
    let new = json!({"size": "huge", "sizes": ["small", "huge"]});
    for way in [vec![3, 0, 3], vec![3, 2, 1, 0, 3], vec![3, 1, 2, 3]] {
        assert_eq!(travel(&manifest, &new, &way).body, new, "{way:?}");
    }
}
