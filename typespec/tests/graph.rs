//! Checked types as JSON, in the shape of the goldens.

use serde_json::{Map, Value as Json, json};
use typespec::program::{Entity, EnumValue, Program, TypeId, TypeKind, ValueId, ValueKind};

/// What differs between a program and the graph of a golden.
pub fn differences(program: &Program, expected: &Json) -> Vec<String> {
    let ours = graph(program, expected);
    let mut differences = Vec::new();
    compare("", expected, &ours, &mut differences);
    differences
}

fn compare(path: &str, expected: &Json, ours: &Json, differences: &mut Vec<String>) {
    match (expected, ours) {
        (Json::Object(expected), Json::Object(ours)) => {
            for (key, value) in expected {
                match ours.get(key) {
                    Some(own) => compare(&format!("{path}/{key}"), value, own, differences),
                    None => differences.push(format!("{path}/{key} is missing: {value}")),
                }
            }
            for (key, value) in ours {
                if !expected.contains_key(key) {
                    differences.push(format!("{path}/{key} is too much: {value}"));
                }
            }
        }
        (Json::Array(expected), Json::Array(ours)) if expected.len() == ours.len() => {
            for (at, (expected, ours)) in expected.iter().zip(ours).enumerate() {
                compare(&format!("{path}/{at}"), expected, ours, differences);
            }
        }
        _ if expected == ours => {}
        _ => differences.push(format!("{path}: expected {expected}, found {ours}")),
    }
}

fn graph(program: &Program, expected: &Json) -> Json {
    let mut graph = Map::new();
    let mut put = |part: &str, name: String, value: Json| {
        let entry = graph.entry(part.to_owned()).or_insert_with(|| json!({}));
        entry[name] = value;
    };
    for id in program.user_namespaces() {
        let own = common(program, id);
        if id != program.global_namespace() && !own.is_empty() {
            put("namespaces", program.type_name(id), Json::Object(own));
        }
        let namespace = program.namespace(id).expect("namespaces are namespaces").clone();
        let lists = [
            ("models", &namespace.models),
            ("scalars", &namespace.scalars),
            ("enums", &namespace.enums),
            ("unions", &namespace.unions),
            ("operations", &namespace.operations),
            ("interfaces", &namespace.interfaces),
        ];
        for (part, ids) in lists {
            for id in ids.iter().filter(|id| program.is_from_project(**id)) {
                put(part, program.type_name(*id), declaration(program, *id));
            }
        }
    }
    // Only the instances that the reference lists are compared.
    for name in expected["instances"].as_object().into_iter().flat_map(|it| it.keys()) {
        let found = program.types().filter(|id| {
            program[*id].is_finished
                && program.template_arguments(*id).is_some()
                && !matches!(program[*id].kind, TypeKind::Operation(_) | TypeKind::Interface(_))
                && program.type_name(*id) == *name
        });
        let found = found.last();
        if let Some(id) = found {
            put("instances", name.clone(), declaration(program, id));
        }
    }
    Json::Object(graph)
}

fn common(program: &Program, id: TypeId) -> Map<String, Json> {
    let mut map = Map::new();
    if let Some(text) = program.deprecation(id) {
        map.insert("deprecated".into(), json!(text));
    }
    if let Some(text) = program.doc(id) {
        map.insert("doc".into(), json!(text));
    }
    let decorators: Vec<Json> = program[id]
        .decorators
        .iter()
        .map(|application| {
            let arguments: Vec<Json> = application.arguments.iter().map(|it| entity(program, it.entity)).collect();
            let mut own = json!({ "name": *application.name });
            if !arguments.is_empty() {
                own["args"] = Json::Array(arguments);
            }
            own
        })
        .collect();
    if !decorators.is_empty() {
        map.insert("decorators".into(), Json::Array(decorators));
    }
    map
}

fn declaration(program: &Program, id: TypeId) -> Json {
    if program.is_template_declaration(id) && program.scalar(id).is_none() {
        let node = program[id].node.expect("declarations have nodes");
        let list = program.ast.find(node, typespec::syntax::NodeKind::TemplateParameters).expect("it is a template");
        let names = program.ast.children(list).filter_map(|it| program.ast.children(it).next());
        let names: Vec<&str> = names.map(|name| program.ast.text(name)).collect();
        return json!({ "template": names });
    }
    let mut map = common(program, id);
    match &program[id].kind {
        TypeKind::Model(model) => {
            if let Some(base) = model.base {
                map.insert("base".into(), json!(program.type_name(base)));
            }
            if let Some(source) = model.source {
                map.insert("is".into(), json!(program.type_name(source)));
            }
            members_of_model(program, id, &mut map);
        }
        TypeKind::Scalar(scalar) => {
            if let Some(base) = scalar.base {
                map.insert("base".into(), json!(program.type_name(base)));
            }
            let constructors: Vec<Json> = scalar.constructors.ids().map(|it| constructor(program, it)).collect();
            if !constructors.is_empty() {
                map.insert("constructors".into(), Json::Array(constructors));
            }
        }
        TypeKind::Enum(it) => {
            let members = it.members.ids().map(|member| enum_member(program, member)).collect();
            map.insert("members".into(), Json::Array(members));
        }
        TypeKind::Union(union) => {
            let variants = union.variants.iter().map(|variant| union_variant(program, *variant)).collect();
            map.insert("variants".into(), Json::Array(variants));
        }
        TypeKind::Operation(_) => operation(program, id, &mut map),
        TypeKind::Interface(interface) => {
            let operations: Map<String, Json> = interface
                .operations
                .iter()
                .map(|(name, id)| {
                    let mut own = common(program, id);
                    operation(program, id, &mut own);
                    (name.to_string(), Json::Object(own))
                })
                .collect();
            map.insert("operations".into(), Json::Object(operations));
        }
        _ => {}
    }
    Json::Object(map)
}

fn members_of_model(program: &Program, id: TypeId, map: &mut Map<String, Json>) {
    let model = program.model(id).expect("it is a model");
    if let Some(indexer) = model
        .indexer
        .filter(|_| model.base.is_none_or(|base| program.model(base).is_none_or(|it| it.indexer.is_none())))
    {
        let key = program.type_name(indexer.key);
        map.insert("indexer".into(), json!({ "key": key, "value": type_reference(program, indexer.value) }));
    }
    let properties: Vec<Json> = model.properties.ids().map(|id| property(program, id)).collect();
    if !properties.is_empty() {
        map.insert("properties".into(), Json::Array(properties));
    }
}

fn type_reference(program: &Program, id: TypeId) -> Json {
    let mut own = json!({ "type": program.type_name(id) });
    match &program[id].kind {
        TypeKind::Model(model) if model.name.is_empty() => {
            let mut inline = common(program, id);
            members_of_model(program, id, &mut inline);
            own["inline"] = Json::Object(inline);
        }
        TypeKind::Union(union) if union.name.is_none() => {
            let types = union.variants.iter().filter_map(|it| program.variant(*it));
            own["union"] = types.map(|it| type_reference(program, it.ty)).collect();
        }
        _ => {}
    }
    own
}

fn property(program: &Program, id: TypeId) -> Json {
    let property = program.property(id).expect("models have properties");
    let mut map = common(program, id);
    map.insert("name".into(), json!(*property.name));
    if let Json::Object(reference) = type_reference(program, property.ty) {
        map.extend(reference);
    }
    if property.optional {
        map.insert("optional".into(), json!(true));
    }
    if let Some(default) = property.default {
        map.insert("default".into(), value(program, default));
    }
    Json::Object(map)
}

fn constructor(program: &Program, id: TypeId) -> Json {
    let own = program.constructor(id).expect("scalars have constructors");
    let parameters: Vec<String> = own
        .parameters
        .iter()
        .filter_map(|it| program.parameter(*it))
        .map(|it| {
            let question = if it.optional { "?" } else { "" };
            format!("{}{question}: {}", it.name, program.constraint_name(it.constraint))
        })
        .collect();
    json!({ "name": *own.name, "parameters": parameters })
}

fn enum_member(program: &Program, id: TypeId) -> Json {
    let member = program.enum_member(id).expect("enums have members");
    let mut map = common(program, id);
    map.insert("name".into(), json!(*member.name));
    match &member.value {
        Some(EnumValue::String(text)) => map.insert("value".into(), json!(**text)),
        Some(EnumValue::Number(number)) => map.insert("value".into(), numeric(number)),
        None => None,
    };
    Json::Object(map)
}

fn union_variant(program: &Program, id: TypeId) -> Json {
    let variant = program.variant(id).expect("unions have variants");
    let mut map = common(program, id);
    map.insert("name".into(), variant.name.as_ref().map_or(Json::Null, |name| json!(**name)));
    if let Json::Object(reference) = type_reference(program, variant.ty) {
        map.extend(reference);
    }
    Json::Object(map)
}

fn operation(program: &Program, id: TypeId, map: &mut Map<String, Json>) {
    let operation = program.operation(id).expect("it is an operation");
    let parameters = program.model(operation.parameters).into_iter().flat_map(|it| it.properties.ids());
    map.insert("parameters".into(), parameters.map(|id| property(program, id)).collect());
    map.insert("returnType".into(), type_reference(program, operation.return_type));
    if let Some(source) = operation.source {
        map.insert("is".into(), json!(program.type_name(source)));
    }
}

fn numeric(number: &typespec::numeric::Numeric) -> Json {
    let text = number.to_string();
    let double = number.as_f64();
    let exact = typespec::numeric::Numeric::parse(&format!("{double:e}")).is_some_and(|it| it == *number);
    match (exact, text.parse::<i64>()) {
        (true, Ok(integer)) => json!(integer),
        (true, Err(_)) => json!(double),
        (false, _) => json!({ "$numeric": text }),
    }
}

fn entity(program: &Program, entity: Entity) -> Json {
    match entity {
        Entity::Value(id) => value(program, id),
        Entity::Type(id) | Entity::Indeterminate(id) => {
            json!({ "$type": program.type_name(id), "kind": program[id].kind.name() })
        }
    }
}

fn value(program: &Program, id: ValueId) -> Json {
    match &program[id].kind {
        ValueKind::String { text, .. } => json!(**text),
        ValueKind::Number { number, .. } => numeric(number),
        ValueKind::Boolean { truth, .. } => json!(truth),
        ValueKind::Null => Json::Null,
        ValueKind::EnumMember(member) => json!({ "$enum": program.type_name(*member) }),
        ValueKind::Object(properties) => {
            Json::Object(properties.iter().map(|it| (it.name.to_string(), value(program, it.value))).collect())
        }
        ValueKind::Array(items) => items.iter().map(|item| value(program, *item)).collect(),
        ValueKind::Scalar { scalar, constructor, arguments } => {
            let name = format!("{}.{constructor}", program.type_name(*scalar));
            let arguments: Vec<Json> = arguments.iter().map(|it| value(program, *it)).collect();
            json!({ "$scalar": name, "args": arguments })
        }
        ValueKind::Function(function) => json!({ "$function": program.type_name(*function) }),
    }
}
