//! Resources and merge patches of the libraries for REST and HTTP: what is refused, with the reference's codes.

use typespec::{Options, Registry, World};

struct One<'t>(&'t str);

impl World for One<'_> {
    fn read(&self, path: &str) -> Option<String> {
        (path == "/main.tsp").then(|| self.0.to_owned())
    }

    fn is_file(&self, path: &str) -> bool {
        path == "/main.tsp"
    }

    fn is_directory(&self, path: &str) -> bool {
        path == "/"
    }
}

/// The codes that are told of a spec with the libraries for REST and HTTP, each with what is underlined.
fn told(text: &str) -> Vec<(String, String)> {
    let head =
        "import \"@typespec/rest\";\nusing TypeSpec.Http;\nusing TypeSpec.Rest;\nusing TypeSpec.Rest.Resource;\n";
    let text = format!("{head}{text}");
    let compilation = typespec::compile(&One(&text), "/main.tsp", &Options::default(), &Registry::standard());
    let told = compilation.diagnostics.iter().map(|diagnostic| {
        let span = diagnostic.primary.as_ref().expect("each has a place").span;
        (diagnostic.code.to_string(), text[span.start as usize..span.end as usize].to_owned())
    });
    told.collect()
}

fn one(code: &str, place: &str) -> Vec<(String, String)> {
    vec![(code.to_owned(), place.to_owned())]
}

const RESOURCES: &str = "
    model Shop { @key id: string; name: string }
    model Bare { name: string }
    @error model Failure { code: int32 }
    model NoFailure { code: int32 }
";

#[test]
fn a_key_that_nobody_may_set_is_no_part_of_an_update() {
    assert_eq!(told(&format!("{RESOURCES} interface Shops extends ResourceOperations<Shop, Failure> {{}}")), []);
    assert_eq!(
        told(&format!("{RESOURCES} interface Shops extends ResourceCreateOrUpdate<Shop, Failure> {{}}")),
        [],
        "the key is taken for readable only where nothing else is said of it"
    );
}

#[test]
fn a_resource_needs_a_key_and_an_error_its_decorator() {
    let bare = told(&format!("{RESOURCES} interface Bares extends ResourceRead<Bare, Failure> {{}}"));
    assert_eq!(bare, one("@typespec/rest/resource-missing-key", "Bare"));
    let failure = told(&format!("{RESOURCES} interface Shops extends ResourceRead<Shop, NoFailure> {{}}"));
    assert_eq!(failure, one("@typespec/rest/resource-missing-error", "NoFailure"));
    assert_eq!(told("@resource(\"a\") model A { b: string }"), one("@typespec/rest/resource-missing-key", "A"));
}

#[test]
fn a_resource_has_one_key_and_is_not_above_itself() {
    let two = "@resource(\"a\") model A { @key a: string; @key b: string }";
    assert_eq!(told(two), one("@typespec/rest/duplicate-key", "b"));
    let circle = "@parentResource(B) model A { @key a: string } @parentResource(A) model B { @key b: string }";
    let told = told(circle);
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0].0, "@typespec/rest/circular-parent-resource");
}

#[test]
fn an_action_has_a_name() {
    let told = told("@action(\"\") @route(\"/a\") op a(): void;");
    assert_eq!(told[0].0, "@typespec/rest/invalid-action-name");
}

#[test]
fn a_merge_patch_is_made_of_what_travels_in_bodies() {
    let header = "model A { @header h: string } @patch op change(@body patch: MergePatchUpdate<A>): void;";
    assert_eq!(told(header), one("@typespec/http/merge-patch-contains-metadata", "h"));
    let fine =
        "model A { self?: A; list: A[]; n: string | null } @patch op change(@body patch: MergePatchUpdate<A>): void;";
    assert_eq!(told(fine), []);
}
