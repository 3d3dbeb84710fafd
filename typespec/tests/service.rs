//! Answers to editors. In the texts, `¦` marks the place that is asked about.

use std::collections::BTreeMap;

use radii_diagnostics::{FileId, Span};
use typespec::service::{OutlineItem, Refusal, Service};
use typespec::{Compilation, Options, Registry};

/// A program of one file, and a place in it.
struct Asked {
    compilation: Compilation,
    file: FileId,
    offset: u32,
}

fn ask(marked: &str) -> Asked {
    ask_with(marked, &[])
}

fn ask_with(marked: &str, others: &[(&str, &str)]) -> Asked {
    let offset = marked.find('¦').expect("a place is marked") as u32;
    let mut world: BTreeMap<String, String> =
        others.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    world.insert("main.tsp".to_owned(), marked.replace('¦', ""));
    let compilation = typespec::compile(&world, "main.tsp", &Options::default(), &Registry::standard());
    let file = Service::new(&compilation).find_file("main.tsp").expect("the entry is loaded");
    Asked { compilation, file, offset }
}

impl Asked {
    fn service(&self) -> Service<'_> {
        Service::new(&self.compilation)
    }

    fn text(&self, span: Span) -> String {
        let file = self.compilation.sources.file(span.file).unwrap();
        let position = file.line_column(span.start);
        let text = &file.text()[span.start as usize..span.end as usize];
        format!("{}:{}:{} {text}", file.path(), position.line, position.column)
    }

    fn definition(&self) -> Vec<String> {
        self.service().definition(self.file, self.offset).into_iter().map(|span| self.text(span)).collect()
    }

    fn references(&self) -> Vec<String> {
        self.service().references(self.file, self.offset, true).into_iter().map(|span| self.text(span)).collect()
    }

    fn labels(&self) -> Vec<String> {
        self.service().completions(self.file, self.offset).into_iter().map(|item| item.label).collect()
    }

    fn signature(&self) -> String {
        self.service().hover(self.file, self.offset).map(|hover| hover.signature).unwrap_or_default()
    }

    fn offers(&self, names: &[&str]) -> bool {
        let labels = self.labels();
        names.iter().all(|name| labels.iter().any(|label| label == name))
    }
}

#[test]
fn names_lead_to_their_declarations() {
    assert_eq!(ask("model A {}\nmodel B { a: ¦A }").definition(), ["main.tsp:1:7 A"]);
    assert_eq!(ask("model A<T> { a: T¦ }").definition(), ["main.tsp:1:9 T"]);
    assert_eq!(ask("enum E { a, b }\nmodel M { e: E = E.¦b }").definition(), ["main.tsp:1:13 b"]);
    assert_eq!(ask("namespace A.B { model C {} }\nmodel D { c: A.¦B.C }").definition(), ["main.tsp:1:13 B"]);
    assert_eq!(ask("namespace A.B { model C {} }\nusing ¦A.B;\nmodel D { c: C }").definition(), ["main.tsp:1:11 A"]);
    assert_eq!(ask("model A {¦}").definition(), Vec::<String>::new());
}

#[test]
fn decorators_and_imports_lead_into_their_files() {
    let decorator = ask("@d¦oc(\"x\")\nmodel A {}").definition();
    assert_eq!(decorator.len(), 1);
    assert!(decorator[0].starts_with("library:@typespec/compiler/") && decorator[0].ends_with(" doc"), "{decorator:?}");
    let import = ask_with("import \"./o¦ther.tsp\";", &[("other.tsp", "model O {}")]).definition();
    assert_eq!(import, ["other.tsp:1:1 "]);
}

#[test]
fn every_use_of_a_name_is_found() {
    let asked = ask("model ¦A {}\nalias B = A;\nmodel C extends A { a: A[]; b: Record<A> }\n@@doc(A, \"x\");");
    assert_eq!(
        asked.references(),
        [
            "main.tsp:1:7 A",
            "main.tsp:2:11 A",
            "main.tsp:3:17 A",
            "main.tsp:3:24 A",
            "main.tsp:3:39 A",
            "main.tsp:4:7 A"
        ]
    );
    let augmented = ask("namespace N { model A { ¦x: string } }\n@@doc(N.A.x, \"x\");");
    assert_eq!(augmented.references(), ["main.tsp:1:25 x", "main.tsp:2:11 x"]);
    let namespace = ask("namespace N¦ { model A {} }\nnamespace N { model B {} }\nmodel C { a: N.A }");
    assert_eq!(namespace.references(), ["main.tsp:1:11 N", "main.tsp:2:11 N", "main.tsp:3:14 N"]);
}

#[test]
fn a_name_is_changed_everywhere_it_is_used() {
    let asked = ask_with("import \"./o.tsp\";\nmodel B { a: A¦ }", &[("o.tsp", "model A { self?: A }")]);
    let edits = asked.service().rename(asked.file, asked.offset, "a b").unwrap();
    let places: Vec<String> = edits.iter().map(|edit| format!("{} -> {}", asked.text(edit.span), edit.text)).collect();
    assert_eq!(places, ["main.tsp:2:14 A -> `a b`", "o.tsp:1:7 A -> `a b`", "o.tsp:1:18 A -> `a b`"]);
}

#[test]
fn names_that_cannot_be_changed_say_why() {
    let refusal = |marked: &str, new: &str| {
        let asked = ask(marked);
        asked.service().rename(asked.file, asked.offset, new).unwrap_err()
    };
    assert_eq!(refusal("model A { x: str¦ing }", "text"), Refusal::Foreign("string".to_owned()));
    assert_eq!(refusal("model A¦ {}\nmodel B {}", "B"), Refusal::Taken("B".to_owned()));
    assert_eq!(refusal("model A { a¦: string; b: string }", "b"), Refusal::Taken("b".to_owned()));
    assert_eq!(refusal("model A¦ {}", " "), Refusal::Invalid(" ".to_owned()));
    assert_eq!(refusal("model A {}¦", "B"), Refusal::Nothing);
}

#[test]
fn hovers_show_the_declaration_and_its_description() {
    let asked =
        ask("/** What it is. */\nmodel A<T> extends B { x?: int32 = 1; y: T }\nmodel B {}\nalias C = ¦A<string>;");
    assert_eq!(asked.signature(), "model A<T> extends B {\n  x?: int32 = 1;\n  y: T;\n}");
    let hover = asked.service().hover(asked.file, asked.offset).unwrap();
    assert_eq!(hover.docs.as_deref(), Some("What it is."));
    assert_eq!(ask("model A { /** Its size. */ ¦x?: int32 = 1 }").signature(), "A.x?: int32 = 1");
    assert_eq!(ask("enum E { ¦a: \"1\" }").signature(), "E.a: \"1\"");
    assert_eq!(ask("namespace A.¦B;").signature(), "namespace A.B");
    assert_eq!(ask("op ¦f(x: string): void;").signature(), "op f(x: string): void");
    assert_eq!(ask("@doc(\"x\")\nalias ¦X = string | int32;").signature(), "alias X = string | int32");
    assert_eq!(ask("scalar ¦S extends string;").signature(), "scalar S extends string");
    assert_eq!(ask("model A<T¦ extends string = \"x\"> { t: T }").signature(), "T extends string = \"x\"");
    let decorator = ask("@min¦Length(1) scalar S extends string;").signature();
    assert!(decorator.starts_with("extern dec minLength(target:"), "{decorator}");
}

#[test]
fn what_is_deprecated_says_so() {
    let asked = ask("#deprecated \"use B\"\nmodel A {}\nmodel C { a: A¦ }");
    assert_eq!(asked.service().hover(asked.file, asked.offset).unwrap().deprecation.as_deref(), Some("use B"));
}

#[test]
fn members_are_completed_behind_a_dot() {
    assert_eq!(ask("enum E { a, b }\nmodel M { e: E = E.¦ }").labels(), ["a", "b"]);
    assert_eq!(ask("enum E { a, b }\nmodel M { e: E = E.a¦ }").labels(), ["a", "b"]);
    assert_eq!(ask("namespace A.B { model C {} }\nmodel D { c: A.B.¦").labels(), ["C"]);
    assert_eq!(ask("model A { x: string }\nmodel B extends A { y: string }\nalias C = B.¦;").labels(), ["x", "y"]);
    assert_eq!(ask("namespace N { model A {} extern dec d(target: unknown); }\n@N.¦\nmodel B {}").labels(), ["d"]);
    assert_eq!(ask("model A { x: Nowhere.¦ }").labels(), Vec::<String>::new());
}

#[test]
fn types_are_completed_where_types_stand() {
    let asked = ask("namespace N { model Inner {} }\nmodel Own<Item> { x: ¦ }");
    assert!(asked.offers(&["Own", "Item", "N", "string", "Record", "unknown"]));
    assert!(!asked.offers(&["model"]) && !asked.offers(&["Inner"]) && !asked.offers(&["doc"]));
    assert!(ask("using N;\nnamespace N { model Inner {} }\nmodel Own { x: In¦ }").offers(&["Inner"]));
    assert!(ask("model A {}\nmodel B extends ¦").offers(&["A"]));
    assert_eq!(ask("model B ¦").labels(), ["extends", "is"]);
    assert_eq!(ask("model ¦").labels(), Vec::<String>::new());
}

#[test]
fn decorators_are_completed_behind_an_at_sign() {
    let asked = ask("import \"@radii/typespec\";\n@¦\nmodel A {}");
    assert!(asked.offers(&["doc", "minLength", "Radii.resourceType"]), "{:?}", asked.labels());
    assert!(ask("import \"@radii/typespec\";\nusing Radii;\n@re¦\nmodel A {}").offers(&["resourceType"]));
    let items = asked.service().completions(asked.file, asked.offset);
    let doc = items.iter().find(|item| item.label == "doc").unwrap();
    assert!(doc.detail.as_deref().is_some_and(|detail| detail.contains("dec doc(")) && doc.docs.is_some(), "{doc:?}");
}

#[test]
fn statements_imports_and_usings_are_completed() {
    assert!(ask("¦").offers(&["model", "import", "namespace"]));
    assert!(ask("model A {}\nmo¦").offers(&["model"]));
    assert!(ask("namespace N {\n  ¦\n}").offers(&["enum"]));
    assert!(ask("import \"¦\";").offers(&["@radii/typespec", "@typespec/versioning"]));
    let with_other = ask_with("import \"./part/o.tsp\";\nimport \"¦\";", &[("part/o.tsp", "")]);
    assert!(with_other.offers(&["./part/o.tsp"]), "{:?}", with_other.labels());
    assert!(ask("namespace A.B {}\nusing ¦").offers(&["A", "A.B"]));
    assert_eq!(ask("// mo¦").labels(), Vec::<String>::new());
    assert_eq!(ask("model A { x: \"mo¦\" }").labels(), Vec::<String>::new());
}

#[test]
fn values_that_are_asked_for_come_first() {
    assert_eq!(ask("enum E { a, b }\nmodel M { e: E = ¦ }").labels()[..2], ["E.a", "E.b"]);
    assert_eq!(ask("model M { e: \"x\" | \"y\" = ¦ }").labels()[..2], ["\"x\"", "\"y\""]);
    let keys = ask(
        "model O { min: int32; max?: int32 }\nextern dec d(target: unknown, o: valueof O);\n@d(#{ min: 1, ¦ })\nmodel A {}",
    );
    assert_eq!(keys.labels(), ["max"]);
}

#[test]
fn the_parameters_of_what_is_being_written_are_shown() {
    let shown = |marked: &str| {
        let asked = ask(marked);
        let call = asked.service().call(asked.file, asked.offset)?;
        let active = call.parameters.get(call.active).map_or("", |range| &call.label[range.clone()]).to_owned();
        Some((call.label, active))
    };
    let some = |label: &str, active: &str| Some((label.to_owned(), active.to_owned()));
    assert_eq!(
        shown("extern dec d(target: unknown, a: valueof string, b?: valueof int32);\n@d(\"x\", ¦1)\nmodel A {}"),
        some("@d(a: valueof string, b?: valueof int32)", "b?: valueof int32")
    );
    assert_eq!(shown("@minLength(¦)\nmodel A {}").map(|(_, active)| active), Some("value: valueof integer".to_owned()));
    assert_eq!(
        shown("model P<T, U extends string = \"x\"> {}\nalias Q = P<int32, ¦\"y\">;"),
        some("P<T, U extends string = \"x\">", "U extends string = \"x\"")
    );
    assert_eq!(shown("@doc(\"x\")¦\nmodel A {}"), None);
    assert_eq!(shown("model ¦A {}"), None);
}

fn shape(items: &[OutlineItem]) -> String {
    let shown = items.iter().map(|item| match item.children.is_empty() {
        true => item.name.clone(),
        false => format!("{}({})", item.name, shape(&item.children)),
    });
    shown.collect::<Vec<_>>().join(" ")
}

#[test]
fn outlines_nest_as_the_text_does() {
    let asked = ask(
        "¦namespace A.B;\nmodel M { x: { y: string } }\nenum E { a }\nunion U { string, n: int32 }\nop f(p: string): void;",
    );
    assert_eq!(shape(&asked.service().outline(asked.file)), "A.B(M(x(y)) E(a) U(string n) f)");
    assert_eq!(shape(&ask("¦model A { x: ").service().outline(ask("¦model A { x: ").file)), "A(x)");
}

#[test]
fn fixes_and_suppressions_are_offered_where_the_problem_is() {
    let asked = ask("model Store {}\nmodel B { s: Stro¦e }");
    let span = Span { file: asked.file, start: asked.offset, end: asked.offset };
    let actions = asked.service().actions(span);
    assert_eq!(actions.first().map(|action| action.edits[0].text.as_str()), Some("Store"), "{actions:?}");

    let warned = ask("#deprecated \"no\"\nmodel A {}\nmodel B {\n  a: ¦A;\n}");
    let actions = warned.service().actions(Span { file: warned.file, start: warned.offset, end: warned.offset });
    assert_eq!(
        actions.last().map(|action| action.edits[0].text.as_str()),
        Some("#suppress \"deprecated\" \"say why\"\n  ")
    );
}

#[test]
fn no_place_in_a_broken_text_is_too_odd_to_be_asked_about() {
    let texts = [
        "model A { x: \"${B}ä\" } @@doc(A., ) namespace .. { using ; op <>; #",
        "enum { a: , , } union U { \"x\", y: } scalar S { init f( } const = #{ a: #[ } @",
        "import \"; model \u{1F600} extends `a b` is & | valueof typeof (",
    ];
    for text in texts {
        let asked = ask(&format!("{text}¦"));
        for offset in 0..=text.len() as u32 + 5 {
            let (service, file) = (asked.service(), asked.file);
            service.completions(file, offset);
            service.call(file, offset);
            service.hover(file, offset);
            service.references(file, offset, true);
            let _ = service.rename(file, offset, "x");
            service.actions(Span { file, start: offset, end: offset });
        }
        asked.service().outline(asked.file);
        asked.service().completions(FileId(99), 0);
    }
}
