//! The writer alone, against the baselines of the upstream library: every kind of type that it has.

use indexmap::IndexMap;
use radii_codegen::bicep::json::{self, FileRef, Index, Layout, Setting};
use radii_codegen::bicep::markdown;
use radii_codegen::bicep::types::{
    NamespaceFunction, ObjectType, Parameter, Property, ResourceType, Scopes, Sharing, StringType, Type, TypeRef,
    TypeTable,
};

use crate::{crate_path, read};

const MODERN: Scopes = Scopes::Modern { readable: 0, writable: 0 };

fn object(name: &str, properties: &[(&str, TypeRef, u8, &str)]) -> ObjectType {
    let property = |(name, type_ref, flags, description): &(&str, TypeRef, u8, &str)| {
        let description = Some((*description).to_owned());
        ((*name).to_owned(), Property { type_ref: *type_ref, flags: *flags, description, description_first: false })
    };
    let properties = properties.iter().map(property).collect();
    ObjectType { name: name.to_owned(), properties, ..ObjectType::default() }
}

fn resource(name: &str, body: TypeRef, functions: &[(&str, TypeRef)]) -> Type {
    let functions = functions.iter().map(|(name, type_ref)| ((*name).to_owned(), *type_ref)).collect();
    Type::Resource(ResourceType { name: name.to_owned(), body, scopes: MODERN, functions })
}

fn file(path: &str, type_ref: TypeRef) -> FileRef {
    FileRef { path: path.to_owned(), type_ref }
}

/// The table of `foo/types.json`; references to place 0 are those of the baseline itself.
fn shared_table() -> TypeTable {
    let mut table = TypeTable::new(Sharing::Scalars);
    let first = TypeRef(0);
    table.add(Type::Object(object("config", &[("configProp", first, 1, "Config property")])));
    let body = table.add(Type::Object(object("fallback body", &[("bodyProp", first, 1, "Body property")])));
    table.add(resource("fallback", body, &[]));
    table
}

/// The table of `foo/foo/types.json`, with its resource and its namespace function.
fn foo_table() -> (TypeTable, TypeRef, TypeRef) {
    let mut table = TypeTable::new(Sharing::Scalars);
    let text = table.add(Type::String(StringType::default()));
    let def = table.add(Type::Object(object("def", &[])));
    let boolean = table.add(Type::Boolean);
    let jkl = table.add(Type::Object(object("jkl", &[])));
    let any = table.add(Type::Any);
    let dictionary = ObjectType { additional: Some(any), sensitive: true, ..object("dictType", &[]) };
    let dictionary = table.add(Type::Object(dictionary));
    let array = table.add(Type::Array { item: any, min: Some(1), max: Some(10) });
    let properties = [
        ("abc", text, 0, "Abc prop"),
        ("def", def, 2, "Def prop"),
        ("ghi", boolean, 4, "Ghi prop"),
        ("jkl", jkl, 17, "Jkl prop"),
        ("dictType", dictionary, 0, "Dictionary of any"),
        ("arrayType", array, 0, "Array of any"),
    ];
    let body = table.add(Type::Object(object("foo", &properties)));
    let parameter = |name: &str| Parameter { name: name.to_owned(), type_ref: text, description: None, flags: None };
    let function = table.add(Type::Function { parameters: vec![parameter("arg"), parameter("arg2")], output: boolean });
    let binding = table.add(Type::NamespaceFunction(NamespaceFunction {
        name: "binding".to_owned(),
        description: Some("Binding function".to_owned()),
        expression: Some("[externalInput('binding', parameters('bindingKey'))]".to_owned()),
        parameters: vec![Parameter {
            description: Some("The binding key parameter".to_owned()),
            flags: Some(1),
            ..parameter("bindingKey")
        }],
        output: any,
        visible_in: Some(2),
    }));
    let versioned = table.add(resource("foo@v1", body, &[("doSomething", function)]));
    (table, versioned, binding)
}

#[test]
fn every_kind_of_type_is_written_as_the_upstream_library_does() {
    let golden = crate_path("tests/golden/_writer/foo");
    let shared = shared_table();
    let (table, resource, binding) = foo_table();
    assert_eq!(json::types(&shared, Layout::TypeScript), read(&golden.join("types.json")));
    assert_eq!(json::types(&table, Layout::TypeScript), read(&golden.join("foo/types.json")));
    assert_eq!(markdown::types(&shared), read(&golden.join("types.md")));
    assert_eq!(markdown::types(&table), read(&golden.join("foo/types.md")));

    let function = file("foo/types.json", binding);
    let index = Index {
        resources: IndexMap::from([("foo@v1".to_owned(), file("foo/types.json", resource))]),
        namespace_functions: Some(vec![function.clone()]),
        settings: vec![
            ("name", Setting::Text("Foo".to_owned())),
            ("isSingleton", Setting::Flag(true)),
            ("isPreview", Setting::Flag(true)),
            ("isDeprecated", Setting::Flag(false)),
            ("version", Setting::Text("0.1.2".to_owned())),
            ("configurationType", Setting::Type(file("types.json", TypeRef(0)))),
        ],
        fallback: Some(file("types.json", TypeRef(2))),
    };
    assert_eq!(json::index(&index, Layout::TypeScript), read(&golden.join("index.json")));
    assert_eq!(markdown::index(&index, &[("binding", &function)]), read(&golden.join("index.md")));
}

#[test]
fn scalars_with_bounds_are_written_as_the_upstream_library_does() {
    let golden = crate_path("tests/golden/_writer/http");
    let mut table = TypeTable::new(Sharing::Scalars);
    let literal = |value: &str| Type::StringLiteral { value: value.to_owned(), sensitive: false };
    let elements = ["raw", "json"].map(|value| table.add(literal(value))).to_vec();
    let format = table.add(Type::Union(elements));
    let text = table.add(Type::String(StringType::default()));
    let method = table.add(Type::String(StringType { min: Some(3), ..StringType::default() }));
    let status = table.add(Type::Integer { min: Some(100), max: Some(599) });
    let any = table.add(Type::Any);
    let body = object(
        "request@v1",
        &[
            ("uri", text, 1, "The HTTP request URI to submit a GET request to."),
            ("format", format, 0, "How to deserialize the response body."),
            ("method", method, 0, "The HTTP method to submit request to the given URI."),
            ("statusCode", status, 2, "The status code of the HTTP request."),
            ("body", any, 2, "The parsed request body."),
        ],
    );
    let body = table.add(Type::Object(body));
    let request = table.add(resource("request@v1", body, &[]));
    assert_eq!(json::types(&table, Layout::TypeScript), read(&golden.join("http/v1/types.json")));
    assert_eq!(markdown::types(&table), read(&golden.join("http/v1/types.md")));

    let index = Index {
        resources: IndexMap::from([("request@v1".to_owned(), file("http/v1/types.json", request))]),
        namespace_functions: Some(Vec::new()),
        ..Index::default()
    };
    assert_eq!(json::index(&index, Layout::TypeScript), read(&golden.join("index.json")));
    assert_eq!(markdown::index(&index, &[]), read(&golden.join("index.md")));
}

#[test]
fn the_go_layout_sorts_keys_and_leaves_out_what_is_empty() {
    let index = Index {
        namespace_functions: Some(Vec::new()),
        settings: vec![("version", Setting::Text("1".to_owned())), ("name", Setting::Text("x".to_owned()))],
        fallback: Some(file("types.json", TypeRef(7))),
        ..Index::default()
    };
    let text = json::index(&index, Layout::Go);
    let parsed: serde_json::Value = serde_json::from_str(&text).unwrap();
    let keys: Vec<_> = parsed.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["resources", "resourceFunctions", "fallbackResourceType", "settings"]);
    assert!(text.find("\"name\"") < text.find("\"version\""), "{text}");
}

#[test]
fn equal_scalars_share_a_place_only_in_the_typescript_table() {
    let text = || Type::String(StringType::default());
    for (sharing, expected) in [(Sharing::Scalars, 1), (Sharing::Singletons, 2)] {
        let mut table = TypeTable::new(sharing);
        table.add(text());
        table.add(text());
        assert_eq!(table.types().len(), expected);
    }
}
