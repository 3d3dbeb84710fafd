use proptest::prelude::*;
use radii_diagnostics::{Diagnostic, FileId, Span};

use super::*;

const FILE: FileId = FileId(0);

fn yaml(text: &str) -> Result<Node, Vec<Diagnostic>> {
    parse_yaml(FILE, text, Limits::default())
}

fn json(text: &str) -> Result<Node, Vec<Diagnostic>> {
    parse_json(FILE, text, Limits::default())
}

fn read(text: &str) -> serde_json::Value {
    yaml(text).unwrap_or_else(|problems| panic!("{text}: {problems:#?}")).to_json()
}

fn problem(result: Result<Node, Vec<Diagnostic>>) -> Diagnostic {
    let problems = result.expect_err("the text is bad");
    assert!(problems.iter().all(Diagnostic::is_error));
    problems.into_iter().next_back().expect("there is a problem")
}

fn at(text: &str, span: Span) -> &str {
    &text[span.start as usize..span.end as usize]
}

fn place(problem: &Diagnostic) -> Span {
    problem.primary.as_ref().expect("the problem has a place").span
}

#[test]
fn nodes_and_keys_know_where_they_stand() {
    let text =
        "types:\n  db: # comment\n    size: \"S\"\n    ports: [80, 443]\n    none:\n  list:\n  - a\n  - b\n\nend: 1\n";
    let root = yaml(text).unwrap();
    let types = root.get("types").unwrap();
    assert_eq!(at(text, types.span), &text[9..text.find("\n\nend").unwrap()]);
    let db = types.get("db").unwrap();
    assert_eq!(at(text, db.get("size").unwrap().span), "\"S\"");
    assert_eq!(at(text, db.get("ports").unwrap().span), "[80, 443]");
    assert_eq!(at(text, db.as_object().unwrap()["ports"].key_span), "ports");
    let none = db.get("none").unwrap();
    assert_eq!((at(text, none.span), none.span.start as usize), ("", text.find("none").unwrap() + 4));
    assert_eq!(at(text, types.get("list").unwrap().span), "- a\n  - b");
}

#[test]
fn places_in_json_cover_the_values_and_nothing_else() {
    let text = r#" { "a" : [ 1 , {"b": "ü"} ] } "#;
    let root = json(text).unwrap();
    assert_eq!(at(text, root.span), text.trim());
    assert_eq!(at(text, root.as_object().unwrap()["a"].key_span), "\"a\"");
    let Value::Array(items) = &root.get("a").unwrap().value else { panic!() };
    assert_eq!(at(text, items[1].get("b").unwrap().span), "\"ü\"");
    assert_eq!(yaml(text).unwrap(), root);
}

#[test]
fn quoted_scalars_are_text_and_keys_are_their_text() {
    assert_eq!(
        read("99999999999999999999: w\na: '1'\nb: \"true\"\nc: no\n200: x\ntrue: y\n~: z\nd: |\n  12\n"),
        serde_json::json!({"99999999999999999999": "w", "a": "1", "b": "true", "c": "no", "200": "x", "true": "y", "~": "z", "d": "12\n"})
    );
}

#[test]
fn only_the_first_document_is_read() {
    assert_eq!(read("a: 1\n---\na: 2\na: 3\n"), serde_json::json!({"a": 1}));
    assert_eq!(read("--- x\n...\nrubbish: ["), serde_json::json!("x"));
    assert_eq!(read(""), serde_json::Value::Null);
    assert_eq!(problem(yaml("[1] 2")).code, code::YAML_SYNTAX);
}

#[test]
fn aliases_and_merge_keys_are_resolved() {
    let text = "base: &b {x: 1, y: 2}\nmore: &m\n  z: 3\n  x: 9\none: {<<: *b, y: 5}\ntwo:\n  <<: [*b, *m]\n  w: 0\nsame: *b\n&k key: v\nlist: [*k]\n";
    let root = read(text);
    assert_eq!(root["one"], serde_json::json!({"y": 5, "x": 1}));
    assert_eq!(root["two"], serde_json::json!({"w": 0, "x": 1, "y": 2, "z": 3}));
    assert_eq!(root["same"], serde_json::json!({"x": 1, "y": 2}));
    assert_eq!(root["list"], serde_json::json!(["key"]));
    assert_eq!(read("'<<': 1"), serde_json::json!({"<<": 1}));
    assert_eq!(problem(yaml("<<: 1")).code, code::MERGE_KEY);
    assert_eq!(problem(yaml("<<: [1]")).code, code::MERGE_KEY);
}

#[test]
fn aliases_that_lead_nowhere_or_in_a_circle_are_refused() {
    let text = "a: *nothing\n";
    let missing = problem(yaml(text));
    assert_eq!((missing.code.clone(), at(text, place(&missing))), (code::UNKNOWN_ALIAS, "*nothing"));
    assert_eq!(problem(yaml("&a [*a]")).code, code::UNKNOWN_ALIAS);
    assert_eq!(problem(yaml("x: &a {b: {<<: *a}}")).code, code::UNKNOWN_ALIAS);
}

#[test]
fn aliases_that_explode_are_refused() {
    let mut laughs = String::from("a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n");
    for level in 1..20 {
        let before = level - 1;
        laughs += &format!("a{level}: &a{level} [{}]\n", vec![format!("*a{before}"); 9].join(", "));
    }
    assert_eq!(problem(yaml(&laughs)).code, code::ALIAS_EXPLOSION);
    let text = format!("a: &a {}\nb: [{}]\n", "x".repeat(1 << 20), vec!["*a"; 100].join(","));
    assert_eq!(problem(yaml(&text)).code, code::ALIAS_EXPLOSION);
}

#[test]
fn aliases_cannot_nest_past_the_limit() {
    let limits = Limits { depth: 4, ..Limits::default() };
    assert!(parse_yaml(FILE, "a: &a [[1]]\nb: [*a]\n", limits).is_ok());
    assert_eq!(problem(parse_yaml(FILE, "a: &a [[1]]\nb: [[*a]]\n", limits)).code, code::NESTING_TOO_DEEP);
}

#[test]
fn every_duplicate_key_is_reported_with_both_places() {
    let text = "a: 1\nb: {c: 1, c: 2}\na: 3\n";
    let problems = yaml(text).unwrap_err();
    let seen: Vec<_> =
        problems.iter().map(|p| (p.path.as_deref().unwrap(), place(p).start, p.secondary[0].span.start)).collect();
    assert_eq!(seen, [("b.c", 15, 9), ("a", 21, 0)]);
    let problems = json(r#"{"x": [{"y": 1, "y": 2}]}"#).unwrap_err();
    assert_eq!(problems[0].path.as_deref(), Some("x[0].y"));
    assert_eq!(problems[0].code, code::DUPLICATE_KEY);
}

#[test]
fn a_flood_of_duplicates_is_counted_not_listed() {
    let text = "a: 1\n".repeat(5_000);
    let problems = yaml(&text).unwrap_err();
    assert_eq!(problems.len(), 101);
    assert_eq!(problems[100].message, "4899 more keys stand twice");
}

#[test]
fn keys_that_are_collections_and_foreign_tags_are_refused() {
    for text in ["? [a]\n: 1\n", "{[a]: 1}", "{{a: 1}: 1}", "x: &a [1]\n*a : 2\n"] {
        assert_eq!(problem(yaml(text)).code, code::COMPLEX_KEY, "{text}");
    }
    for text in ["!custom x", "!!omap [a]", "!!binary aGk=", "!!map [a]", "!!int x", "!!bool 1"] {
        assert_eq!(problem(yaml(text)).code, code::YAML_TAG, "{text}");
    }
    assert_eq!(
        read("[!!str 1, !!int '7', !!float 1, ! 5, !!null '', !!seq [], !!map {}]"),
        serde_json::json!(["1", 7, 1.0, "5", null, [], {}])
    );
}

#[test]
fn ten_thousand_levels_are_refused_without_harm() {
    let flow = "[".repeat(10_000);
    let braces = "{\"a\":".repeat(10_000);
    let block: String = (0..10_000).map(|level| format!("{}a:\n", " ".repeat(level))).take(400).collect();
    let dashes = "- ".repeat(10_000);
    for text in [&flow, &braces, &block, &dashes] {
        assert_eq!(problem(yaml(text)).code, code::NESTING_TOO_DEEP);
    }
    assert_eq!(problem(json(&flow)).code, code::NESTING_TOO_DEEP);
    assert_eq!(problem(json(&braces)).code, code::NESTING_TOO_DEEP);
}

#[test]
fn the_deepest_allowed_nesting_is_read() {
    let text = "[".repeat(128) + &"]".repeat(128);
    assert!(json(&text).is_ok());
    assert!(yaml(&text).is_ok());
    let text = format!("[{text}]");
    assert_eq!(problem(json(&text)).code, code::NESTING_TOO_DEEP);
    assert_eq!(problem(yaml(&text)).code, code::NESTING_TOO_DEEP);
}

#[test]
fn texts_past_the_limits_are_refused() {
    let limits = Limits { bytes: 10, depth: 9, nodes: 4 };
    assert_eq!(problem(parse_yaml(FILE, "12345678901", limits)).code, code::DOCUMENT_TOO_LARGE);
    assert_eq!(problem(parse_json(FILE, "[1,2,3,4]", limits)).code, code::DOCUMENT_TOO_LARGE);
    assert_eq!(problem(parse_yaml(FILE, "[1,2,3,4]", limits)).code, code::DOCUMENT_TOO_LARGE);
    assert!(parse_json(FILE, "[1,2,3]", limits).is_ok());
}

#[test]
fn numbers_that_would_lose_digits_are_refused_with_their_place() {
    for read in [yaml, json] {
        let text = "[18446744073709551615, 18446744073709551616]";
        let problem = problem(read(text));
        assert_eq!((problem.code.clone(), at(text, place(&problem))), (code::NUMBER_RANGE, "18446744073709551616"));
    }
    assert_eq!(problem(json("1e999")).code, code::NUMBER_RANGE);
}

#[test]
fn json_is_read_strictly() {
    let bad = [
        "",
        " ",
        "{",
        "[1,]",
        "{\"a\":1,}",
        "{a:1}",
        "{'a':1}",
        "01",
        "-",
        "1.",
        ".5",
        "+1",
        "1e",
        "NaN",
        "nul",
        "tru e",
        "[1 2]",
        "{\"a\" 1}",
        "\"\t\"",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\ud800\"",
        "\"\\udc00\"",
        "\"\\ud800\\u0041\"",
        "\"abc",
        "1 2",
        "// c\n1",
        "\"a\nb\"",
        "{} x",
        "\u{a0}1",
    ];
    for text in bad {
        let problem = problem(json(text));
        assert_eq!(problem.code, code::JSON_SYNTAX, "{text}");
        assert!(problem.help.is_some(), "{text}");
    }
    assert_eq!(json("\u{feff}[\"\\ud834\\udd1e\"]").unwrap().to_json(), serde_json::json!(["𝄞"]));
}

#[test]
fn yaml_problems_say_what_to_do() {
    let cases = [
        ("a:\n\tb: 1\n", "a tab stands where YAML allows spaces only"),
        ("a: b: c\n", "a text with `: ` in it needs quotes"),
        ("a: \"x\n", "a quote is not closed"),
        ("a: {b: [1, 2}\n", "`[` is not closed"),
        ("a: 1\n b: 2\n", "the line is not aligned with its siblings"),
        ("a: @x\n", "a text that begins with `@` needs quotes"),
    ];
    for (text, message) in cases {
        let problem = problem(yaml(text));
        assert_eq!((problem.code.as_str(), problem.message.as_str()), ("radii/yaml-syntax", message), "{text}");
        assert!(problem.help.is_some() && problem.primary.is_some());
    }
}

#[test]
fn a_tab_is_replaced_for_sure_only_where_one_indentation_can_be_meant() {
    let cases = [
        ("a:\n\tb: 1\n", "  ", true),
        ("a:\n  b: 1\n\tc: 2\n  d: 3\n", "  ", true),
        ("a:\n  b: 1\n  \tc: 2\n", "  ", true),
        // Below a key: a member of it, or the next key beside it.
        ("a:\n  b:\n\tc: 1\n", "    ", false),
        ("a:\n  b:\n\tc: 1\n    d: 2\n", "    ", true),
        ("- a:\n\tb: 1\n", "  ", false),
    ];
    for (text, indent, sure) in cases {
        let problem = problem(yaml(text));
        let fix = &problem.fixes[0];
        assert_eq!((fix.replacement.as_str(), fix.sure), (indent, sure), "{text}");
    }
}

#[test]
fn bytes_that_are_no_text_are_named_by_line() {
    let problem = decode_utf8(b"a: 1\nb: \xff\n").unwrap_err();
    assert_eq!(problem.message, "byte 8 (0xff), on line 2, is not UTF-8");
    assert!(decode_utf8(b"\xff\xfea\0").unwrap_err().help.unwrap().contains("UTF-16"));
    assert_eq!(decode_utf8("ü".as_bytes()), Ok("ü"));
}

fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<u64>().prop_map(Into::into),
        any::<f64>().prop_filter("finite", |value| value.is_finite()).prop_map(Into::into),
        any::<String>().prop_map(Into::into),
        "[a-z0-9:#\\-\\[\\]{}&*!|>'\"%@`?, ~.<=]{0,8}".prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
            prop::collection::vec((any::<String>(), inner), 0..6)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused_without_panic(text in any::<String>()) {
        let _ = yaml(&text);
        let _ = json(&text);
    }

    #[test]
    fn any_yaml_like_text_is_read_or_refused_without_panic(text in "[a&*<:\\-\\[\\]{},'\"|>!%#? \n\t0.ex]{0,60}") {
        if let Ok(root) = yaml(&text) {
            prop_assert!(spans_nest(&root, &text));
        }
        let _ = json(&text);
    }

    #[test]
    fn json_is_read_as_serde_writes_it(value in any_json(), pretty in any::<bool>()) {
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
        let node = json(&text).unwrap();
        prop_assert!(spans_nest(&node, &text));
        prop_assert_eq!(node.to_json(), value);
    }

    #[test]
    fn json_means_the_same_to_both_parsers(value in any_json(), pretty in any::<bool>()) {
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
        prop_assert_eq!(yaml(&text).unwrap().to_json(), json(&text).unwrap().to_json());
    }

    #[test]
    fn json_that_serde_refuses_is_refused(text in "[\\[\\]{},:\"\\\\a0-9.eEu+\\- tfn]{0,16}") {
        if serde_json::from_str::<serde_json::Value>(&text).is_err() {
            prop_assert!(json(&text).is_err());
        }
    }

    #[test]
    fn any_bytes_are_text_or_refused_without_panic(bytes in any::<Vec<u8>>()) {
        prop_assert_eq!(decode_utf8(&bytes).is_ok(), std::str::from_utf8(&bytes).is_ok());
    }
}

fn spans_nest(node: &Node, text: &str) -> bool {
    let span = node.span;
    let fits = span.start <= span.end && text.get(span.start as usize..span.end as usize).is_some();
    fits && match &node.value {
        Value::Array(items) => items.iter().all(|item| spans_nest(item, text)),
        Value::Object(members) => members.values().all(|entry| spans_nest(&entry.node, text)),
        _ => true,
    }
}

#[test]
fn marks_of_a_merge_are_told_once_with_both_sides() {
    let text = "{\n<<<<<<< HEAD\n  \"size\": 1\n=======\n  \"size\": 2\n>>>>>>> other\n}\n";
    for said in [json(text).unwrap_err(), yaml(text).unwrap_err()] {
        let [told] = said.as_slice() else { panic!("{said:#?}") };
        assert_eq!(at(text, place(told)), "<<<<<<<");
        let kept: Vec<&str> = told.fixes.iter().map(|fix| fix.replacement.as_str()).collect();
        assert_eq!(kept, ["  \"size\": 1\n", "  \"size\": 2\n"]);
    }
    // Neither side can be read.
    let text = "a: 1\n<<<<<<< HEAD\nb: [1\n=======\nb: {2\n>>>>>>> other\n";
    let told = problem(yaml(text));
    assert_eq!((at(text, place(&told)), told.fixes.len()), ("<<<<<<<", 0));
}

#[test]
fn lines_that_only_look_like_marks_are_text() {
    let text = "title: |\n  Heading\n  =======\n  <<<<<<< arrows\nsize: [1\n";
    assert_eq!(problem(yaml(text)).message, "`[` is not closed");
}

#[test]
fn a_second_document_is_told_of_where_it_holds_something() {
    let told = |text: &str| check_single(FILE, text).map(|told| place(&told).start);
    assert_eq!(told("a: 1\n---\nb: 2\n"), Some(5));
    assert_eq!(told("# head\n---\na: 1\n...\n---\n- b\n---\nc\n"), Some(20));
    for single in ["a: 1\n", "---\na: 1\n", "# head\n---\na: 1\n---\n", "a: |\n  ---\n  b\n", "a: 1\n---\n# end\n"] {
        assert_eq!(told(single), None, "{single}");
    }
}
