//! The libraries that come with the program are sound texts.

use std::path::Path;

use radii_diagnostics::FileId;
use typespec::libraries;

#[test]
fn every_library_parses_and_is_formatted() {
    for library in libraries::all() {
        assert!(library.find_file(library.entry).is_some(), "`{}` has no `{}`", library.name, library.entry);
        for (path, text) in library.files {
            let parse = typespec::parse(FileId(0), text);
            assert!(parse.diagnostics.is_empty(), "`{}` {path}: {:?}", library.name, parse.diagnostics);
            let formatted = typespec::format(FileId(0), text).expect("what parses can be formatted");
            assert_same(library.name, path, &formatted, text);
        }
    }
}

fn assert_same(library: &str, path: &str, formatted: &str, text: &str) {
    let differing = formatted.lines().zip(text.lines()).find(|(ours, theirs)| ours != theirs);
    assert_eq!(formatted, text, "`{library}` {path} is not formatted, first at {differing:?}");
}

#[test]
fn libraries_import_only_files_that_exist() {
    for library in libraries::all() {
        for (path, text) in library.files {
            for import in text.lines().filter_map(|line| line.strip_prefix("import \"")) {
                let name = import.trim_end_matches("\";");
                let found = match name.strip_prefix("./") {
                    Some(file) => file.ends_with(".js") || library.find_file(file).is_some(),
                    None => libraries::find(name).is_some(),
                };
                assert!(found, "`{}` {path} imports `{name}`", library.name);
            }
        }
    }
}

/// The package for the reference compiler names every decorator that the built-in text declares.
#[test]
fn the_package_implements_every_decorator_it_declares() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../types/lib");
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).expect("the package is in the repository");
    let library = libraries::find("@radii/typespec").expect("built in");
    assert_eq!(library.find_file("main.tsp"), Some(read("main.tsp").as_str()), "one text, two readers");

    let script = read("lib.js");
    let declared: Vec<&str> = library.files[0].1.lines().filter_map(|line| line.strip_prefix("extern dec ")).collect();
    for line in &declared {
        let name = line.split('(').next().unwrap_or_default();
        assert!(script.contains(&format!("  \"{name}\",\n")), "`lib.js` does not implement `@{name}`");
    }
    assert_eq!(script.lines().filter(|line| line.starts_with("  \"")).count(), declared.len());

    let package: serde_json::Value = serde_json::from_str(&read("package.json")).expect("JSON");
    assert_eq!(package["name"], library.name);
    assert_eq!(package["exports"]["."]["typespec"], "./main.tsp");
    assert_eq!(package["exports"]["."]["default"], "./lib.js");
}

fn diagnostics(text: &str) -> Vec<radii_diagnostics::Diagnostic> {
    let world = std::collections::BTreeMap::from([("main.tsp".to_owned(), text.to_owned())]);
    let registry = typespec::Registry::standard();
    typespec::compile(&world, "main.tsp", &typespec::Options::default(), &registry).diagnostics
}

#[test]
fn every_library_can_be_imported_without_installation() {
    let imports: String = libraries::all().map(|library| format!("import \"{}\";\n", library.name)).collect();
    let found = diagnostics(&imports);
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn a_service_of_http_and_resources_compiles() {
    let found = diagnostics(
        r#"
        import "@typespec/http";
        import "@typespec/rest";
        using TypeSpec.Http;
        using TypeSpec.Rest;

        @service(#{ title: "Widgets" })
        @server("https://example.org/{region}", "Endpoint", { region: string })
        @useAuth(ApiKeyAuth<ApiKeyLocation.header, "x-key"> | BearerAuth)
        namespace Widgets;

        @error model Failure { @statusCode status: 400; message: string; }
        @resource("widgets") model Widget { @key id: string; @visibility(Lifecycle.Read) made: utcDateTime; size?: int32; }
        @parentResource(Widget) @resource("parts") model Part { @key name: string; }

        interface WidgetOperations extends Resource.ResourceOperations<Widget, Failure> {}
        interface PartOperations extends Resource.ResourceRead<Part, Failure> {}

        @route("/search")
        interface Search {
          @get find(@query text: string, @header trace?: string, @path kind: string): Widget[] | NotFoundResponse;
          @post begin(@body request: { text: string }): { ...AcceptedResponse; ...LocationHeader };
          @put upload(@multipartBody parts: { file: HttpPart<File> }): OkResponse;
        }
        "#,
    );
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn an_operation_has_one_verb() {
    let found = diagnostics("import \"@typespec/http\";\n@TypeSpec.Http.get @TypeSpec.Http.post op twice(): void;\n");
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(found[0].code.as_str(), "@typespec/http/http-verb-duplicate");
}
