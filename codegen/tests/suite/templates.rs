//! Built-in and user templates.

use radii_codegen::templates::{Renderer, TemplateFolder, UserTemplates};
use radii_codegen::{Generator as _, Input, Options, Output, Target, generate, generator};

use crate::{builtin_manifests, crate_path, manifest};

fn render(files: &[(&str, &str)]) -> Output {
    let manifests = [manifest(&crate_path("tests/fixtures/shop.yaml"))];
    UserTemplates::new("mine", &TemplateFolder::from_files(files.iter().copied())).generate(&Input::new(&manifests))
}

fn files(output: &Output) -> Vec<(String, String)> {
    let text = |content: &[u8]| String::from_utf8(content.to_vec()).unwrap();
    output.artifacts.iter().map(|(path, content)| (path.to_string(), text(content))).collect()
}

#[test]
fn all_built_in_templates_compile() {
    let builtin = TemplateFolder::builtin();
    assert!(builtin.iter().count() >= 3);
    let renderer = Renderer::compile(&builtin);
    assert!(renderer.diagnostics().is_empty(), "{:?}", renderer.diagnostics());
}

#[test]
fn the_docs_of_all_built_in_providers_render() {
    let manifests = builtin_manifests();
    let output = generator(Target::Docs, &Options::default()).generate(&Input::new(&manifests));
    assert!(output.diagnostics.is_empty(), "{:?}", output.diagnostics);
    assert!(output.artifacts.get("Radius.Compute/containers.md").is_some());
}

#[test]
fn docs_read_well() {
    let manifests = [manifest(&crate_path("tests/fixtures/shop.yaml"))];
    let output = generator(Target::Docs, &Options::default()).generate(&Input::new(&manifests));
    let pages: Vec<String> = files(&output).into_iter().map(|(path, text)| format!("=== {path}\n{text}")).collect();
    insta::assert_snapshot!(pages.concat());
}

#[test]
fn the_path_of_a_template_says_how_often_it_is_rendered() {
    let output = render(&[
        ("all.txt.hbs", "{{#each providers}}{{slug}}{{/each}}"),
        ("{{provider.slug}}.txt.hbs", "{{#each provider.types}}{{name}} {{/each}}"),
        ("{{provider.slug}}/{{type.name}}.txt.hbs", "{{> greeting}} {{type.full_name}}"),
        ("{{type.name}}/{{version.version}}.txt.hbs", "{{version.full_name}} {{type.name}} {{provider.namespace}}"),
        ("_greeting.txt.hbs", "Hello"),
        ("static.css", "{{not a template}}"),
    ]);
    assert!(output.diagnostics.is_empty(), "{:?}", output.diagnostics);
    let expected = [
        ("all.txt", "contososhop"),
        ("carts/2024-06-01-preview.txt", "Contoso.Shop/carts@2024-06-01-preview carts Contoso.Shop"),
        ("carts/2025-01-01.txt", "Contoso.Shop/carts@2025-01-01 carts Contoso.Shop"),
        ("contososhop/carts.txt", "Hello Contoso.Shop/carts"),
        ("contososhop/vouchers.txt", "Hello Contoso.Shop/vouchers"),
        ("contososhop.txt", "carts vouchers "),
        ("static.css", "{{not a template}}"),
        ("vouchers/2025-01-01.txt", "Contoso.Shop/vouchers@2025-01-01 vouchers Contoso.Shop"),
    ];
    let mut expected: Vec<_> = expected.map(|(path, text)| (path.to_owned(), text.to_owned())).to_vec();
    let mut made = files(&output);
    expected.sort();
    made.sort();
    assert_eq!(made, expected);
}

#[test]
fn a_template_may_list_the_properties_itself() {
    let text = "{{#each version.properties}}{{path}}:{{type}}{{#if required}}!{{/if}} {{/each}}";
    let output = render(&[("{{type.name}}-{{version.version}}.txt.hbs", text)]);
    assert!(output.diagnostics.is_empty(), "{:?}", output.diagnostics);
    let made = std::str::from_utf8(output.artifacts.get("carts-2024-06-01-preview.txt").unwrap()).unwrap();
    assert!(
        made.starts_with("size:string application:string environment:string! connections:map of object "),
        "{made}"
    );
}

#[test]
fn a_field_that_is_not_in_the_model_is_an_error_that_names_it() {
    let output = render(&[("x.txt.hbs", "a\n{{#each providers}}{{nmespace}}{{/each}}")]);
    let messages: Vec<_> = output.diagnostics.iter().map(|error| error.message.as_str()).collect();
    assert_eq!(messages, ["template `x.txt.hbs:2:20` cannot be rendered: there is no `nmespace` in the model"]);
    assert!(output.has_errors() && output.artifacts.is_empty());
}

#[test]
fn a_template_with_a_syntax_error_is_reported_with_its_place() {
    let output = render(&[("x.txt.hbs", "ok\n{{#each providers}}"), ("y.txt.hbs", "fine")]);
    assert_eq!(output.diagnostics.len(), 1);
    let message = &output.diagnostics[0].message;
    assert!(message.starts_with("template `x.txt.hbs:2:"), "{message}");
    assert!(output.artifacts.get("y.txt").is_some(), "other templates are rendered all the same");
}

#[test]
fn two_outputs_of_one_path_are_an_error() {
    let output = render(&[("{{type.capabilities.length}}x{{provider.slug}}.txt.hbs", "{{type.name}}")]);
    assert!(output.has_errors());
    let output = render(&[("{{provider.slug}}.txt.hbs", "a{{#each provider.types}}{{/each}}")]);
    assert!(!output.has_errors(), "{:?}", output.diagnostics);
}

#[test]
fn a_users_file_replaces_the_built_in_template_of_the_same_path() {
    let folder = TemplateFolder::from_files([
        ("docs/{{provider.namespace}}/{{type.name}}.md.hbs", "# Ours: {{type.name}}\n"),
        ("extra.txt.hbs", "{{#each providers}}{{namespace}}{{/each}}"),
    ]);
    let manifests = [manifest(&crate_path("tests/fixtures/shop.yaml"))];
    let options = Options { templates: Some(folder), ..Options::default() };
    let output = generate(&Input::new(&manifests), &[Target::Docs], &options);
    assert_eq!(output.artifacts.get("docs/Contoso.Shop/carts.md"), Some(&b"# Ours: carts\n"[..]));
    assert!(output.artifacts.get("docs/README.md").is_some(), "the other pages stay");
    assert_eq!(output.artifacts.get("templates/extra.txt"), Some(&b"Contoso.Shop"[..]));
}

#[test]
fn a_folder_on_disk_is_read_with_all_that_is_below_it() {
    let folder = tempfile::tempdir().unwrap();
    let root = camino::Utf8Path::from_path(folder.path()).unwrap();
    std::fs::create_dir_all(root.join("docs/deep")).unwrap();
    std::fs::write(root.join("docs/deep/a.md.hbs"), "a").unwrap();
    std::fs::write(root.join("b.txt"), "b").unwrap();
    std::fs::write(root.join(".hidden"), "c").unwrap();
    let read = TemplateFolder::read(root).unwrap();
    assert_eq!(read.iter().collect::<Vec<_>>(), [("b.txt", "b"), ("docs/deep/a.md.hbs", "a")]);
}
