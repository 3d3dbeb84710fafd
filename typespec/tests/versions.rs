//! The types of each version against the documents that the reference writes for it.

use std::collections::BTreeSet;

use serde_json::Value as Json;
use typespec::program::{EnumValue, Program, TypeId};
use typespec::versioning::{self, Snapshot};

use crate::checking::compile;
use crate::formatting::specs;

/// The names and properties of a namespace's models, and the values of its enums, as a schema has them.
fn described(program: &Program, snapshot: &Snapshot) -> Vec<(String, BTreeSet<String>, BTreeSet<String>)> {
    let namespace = program.namespace(snapshot.namespace).expect("a namespace");
    let mut found = Vec::new();
    for id in namespace.models.iter().filter(|id| !program.is_template_declaration(**id)) {
        let model = program.model(*id).expect("a model");
        let properties = || model.properties.ids().filter_map(|id| program.property(id));
        let names = properties().map(|property| property.name.to_string()).collect();
        let required = properties().filter(|it| !it.optional).map(|property| property.name.to_string()).collect();
        found.push((model.name.to_string(), names, required));
    }
    for id in &namespace.enums {
        let it = program.enumeration(*id).expect("an enum");
        let values = it.members.ids().filter_map(|id| program.enum_member(id)).map(|member| match &member.value {
            Some(EnumValue::String(text)) => text.to_string(),
            Some(EnumValue::Number(number)) => number.to_string(),
            None => member.name.to_string(),
        });
        found.push((it.name.to_string(), values.collect(), BTreeSet::new()));
    }
    found.sort();
    found
}

fn texts<'j>(values: impl IntoIterator<Item = &'j Json>) -> BTreeSet<String> {
    values.into_iter().filter_map(Json::as_str).map(str::to_owned).collect()
}

/// The same of a document.
fn written(document: &Json) -> Vec<(String, BTreeSet<String>, BTreeSet<String>)> {
    let schemas = document["components"]["schemas"].as_object().expect("a document with schemas");
    let mut found = Vec::new();
    for (name, schema) in schemas.iter().filter(|(name, _)| !name.contains('.')) {
        if let Some(values) = schema["enum"].as_array() {
            found.push((name.clone(), texts(values), BTreeSet::new()));
        } else if schema["type"] == "object" && schema["discriminator"].is_null() {
            let names = schema["properties"].as_object().into_iter().flat_map(|it| it.keys().cloned()).collect();
            found.push((name.clone(), names, texts(schema["required"].as_array().into_iter().flatten())));
        }
    }
    found.sort();
    found
}

fn service(program: &Program) -> Option<TypeId> {
    let mut namespaces = program.user_namespaces().into_iter();
    namespaces.find(|id| typespec::decorators::documentation::is_service(program, *id))
}

#[test]
fn each_version_has_the_types_that_the_reference_writes() {
    let mut compared = 0;
    for (name, path, golden) in specs() {
        let Some(files) = golden["openapi3"]["3.0.0"]["files"].as_object() else { continue };
        if files.len() < 2 {
            continue;
        }
        let mut compilation = compile(&path);
        let Some(service) = service(&compilation.program) else { continue };
        for version in versioning::versions(&compilation.program, service) {
            let Some(document) = files.get(&format!("openapi.{}.json", version.value)) else { continue };
            let snapshot = versioning::snapshot(&mut compilation.program, service, &version);
            let (ours, theirs) = (described(&compilation.program, &snapshot), written(document));
            // Schemas of other namespaces, and unions of texts, are no declarations of the service's own.
            let own: BTreeSet<&str> = ours.iter().map(|it| it.0.as_str()).collect();
            let theirs: Vec<_> = theirs.into_iter().filter(|it| own.contains(it.0.as_str())).collect();
            assert_eq!(ours, theirs, "{} in version {}", name, version.value);
            compared += 1;
        }
    }
    assert!(compared >= 10, "the corpus holds versioned specs");
}
