use proptest::prelude::*;
use serde_json::{Value as Json, json};

use crate::fakes::{Case, refusal, values};

#[tokio::test]
async fn a_scalar_that_is_one_expression_keeps_its_type() {
    let text = "
result:
  values:
    number: '{{context.resource.properties.number}}'
    object: '{{ context.resource.properties.object }}'
    list: '{{{context.resource.properties.list}}}'
    truth: '{{eq context.resource.properties.number 5432}}'
    text: 'port {{context.resource.properties.number}}'
    spaced: ' {{context.resource.properties.number}}'
    plain: 5432";
    let properties = json!({ "number": 5432, "object": { "a": [1] }, "list": [true, null] });
    assert_eq!(
        values(text, properties).await,
        json!({
            "number": 5432, "object": { "a": [1] }, "list": [true, null], "truth": true,
            "text": "port 5432", "spaced": " 5432", "plain": 5432,
        })
    );
}

#[tokio::test]
async fn numbers_keep_all_their_digits() {
    let text = "result:\n  values:\n    id: '{{context.resource.properties.id}}'";
    let id: Json = serde_json::from_str("9007199254740993").unwrap();
    assert_eq!(values(text, json!({ "id": id })).await, json!({ "id": id }));
}

#[tokio::test]
async fn absent_values_have_a_default_and_conditions_leave_out() {
    let text = "
result:
  values:
    size: '{{default context.resource.properties.size \"S\"}}'
    here: { $if: '{{context.resource.properties.on}}', a: 1 }
    gone: { $if: '{{context.resource.properties.off}}', a: 1 }
    text: '{{#if context.resource.properties.on}}yes{{else}}no{{/if}}'";
    let values = values(text, json!({ "on": true, "off": false })).await;
    assert_eq!(values, json!({ "size": "S", "here": { "a": 1 }, "text": "yes" }));
}

#[tokio::test]
async fn helpers_make_names_and_texts() {
    let text = "
result:
  values:
    name: '{{uniqueName context.resource.name}}'
    short: '{{uniqueName \"a-rather-long-name\" max=16}}'
    hash: '{{hash}}'
    url: 'x://{{urlEncode context.resource.properties.user}}@h'
    upper: '{{upper context.resource.name}}'
    list: '{{join context.resource.properties.list \" \"}}'
    bytes: '{{multiply 64 1048576}}'
    base64: '{{base64 \"hello\"}}'";
    let values = values(text, json!({ "user": "a b/c@d", "list": ["x", 1] })).await;
    let hash = values["hash"].as_str().unwrap();
    assert_eq!(hash.len(), 8);
    assert_eq!(values["name"], format!("db-{hash}"));
    assert_eq!(values["short"], format!("a-rathe-{hash}"));
    assert_eq!(values["bytes"], 67_108_864);
    assert_eq!(values["url"], "x://a%20b%2Fc%40d@h");
    assert_eq!(
        (&values["upper"], &values["list"], &values["base64"]),
        (&json!("DB"), &json!("x 1"), &json!("aGVsbG8="))
    );
}

#[tokio::test]
async fn a_literal_brace_pair_can_be_written() {
    assert_eq!(values("result:\n  values:\n    a: '\\{{x}}'", json!({})).await, json!({ "a": "{{x}}" }));
}

#[tokio::test]
async fn what_is_not_there_is_named_with_its_place_and_what_is() {
    let message =
        refusal("result:\n  values:\n    a: '{{context.resource.properties.siz}}'", json!({ "size": 1 })).await;
    assert_eq!(
        message,
        "recipe `default`: inline:3:8: result.values.a: there is no `context.resource.properties.siz`; \
         `context.resource.properties` may name: size; what may be absent is written \
         `{{default context.resource.properties.siz \"…\"}}`"
    );
    let message = refusal("result:\n  values:\n    a: '{{uniqueNam context.resource.name}}'", json!({})).await;
    assert!(message.contains("did you mean `uniqueName`?"), "{message}");
    let message = refusal("result:\n  values:\n    a: '{{upper context.nothing}}'", json!({})).await;
    assert!(message.contains("there is no `context.nothing`"), "{message}");
}

#[tokio::test]
async fn all_mistakes_are_reported_at_once() {
    let fault = Case::new("result:\n  values:\n    a: '{{x}}'\n    b: '{{y'\n    c: '{{#if z}}'", json!({}))
        .run()
        .await
        .unwrap_err();
    assert_eq!(fault.details.len(), 3, "{fault}");
    assert!(fault.details.iter().all(|detail| detail.message.starts_with("inline:")), "{fault}");
}

#[tokio::test]
async fn texts_that_are_no_recipe_are_refused_with_their_place() {
    for (text, words) in [
        ("- a\n- b", "inline:1:1"),
        ("a: [1\nb: 2", "inline:"),
        ("a: 1\na: 2", "inline:2:1"),
        ("dokcer: []", "did you mean `docker`?"),
        ("docker: 7", "a section is a list of objects"),
        ("docker: {objcts: []}", "did you mean `objects`?"),
        ("result: {value: {}}", "did you mean `values`?"),
        ("result: {values: 7}", "result.values: must be a mapping"),
        ("result: {resources: [1]}", "must be a list of resource ids"),
        ("parameters: {a: {}}", "needs a `type`"),
        ("parameters: {a: {type: strng}}", "needs a `type`"),
        ("parameters: {a: {type: string, defualt: x}}", "did you mean `default`?"),
        ("x: &a [1]\ny: [*b]", "inline:"),
    ] {
        let message = refusal(&format!("{text}\n"), json!({})).await;
        assert!(message.contains(words), "{text}: {message}");
    }
}

/// A recipe whose every place for data is filled from one property.
const PLACES: &str = "
docker:
  - name: thing
    '{{context.resource.properties.key}}': 1
    plain: '{{context.resource.properties.text}}'
    inside: 'a {{context.resource.properties.text}} b'
    list: ['{{context.resource.properties.text}}']
result:
  values: { text: '{{context.resource.properties.text}}' }";

#[tokio::test]
async fn data_stays_data() {
    for text in [
        "x\nname: other",
        "x\", \"name\": \"other",
        "{{context.resource.id}}",
        "{{password \"admin\"}}",
        "- name: other",
        "*alias",
        "!!int 7",
        "7",
        "true",
        "null",
        "",
    ] {
        check(text).await;
    }
}

/// Checks that a text comes out of every place as the text that it is.
async fn check(text: &str) {
    let case = Case::new(PLACES, json!({ "text": text, "key": format!("k{text}") }));
    let outcome = case.run().await.unwrap();
    assert_eq!(outcome.values["text"], text);
    let applied = case.applied();
    let object = applied[0].as_object().unwrap();
    assert_eq!(applied.len(), 1);
    assert_eq!(object.len(), 6, "{object:?}");
    assert_eq!(object["name"], "thing");
    assert_eq!(object["plain"], text);
    assert_eq!(object["inside"], format!("a {text} b"));
    assert_eq!(object["list"], json!([text]));
    assert_eq!(object[&format!("k{text}")], 1);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn no_text_breaks_out_of_its_place(text in ".*") {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(check(&text));
    }

    #[test]
    fn no_recipe_panics(text in "[\\-a-z{}#:/\" '\\n&*!$]{0,80}") {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let _ = runtime.block_on(Case::new(&text, json!({})).run());
        let _ = runtime.block_on(Case::new(&format!("result:\n  values:\n    a: \"{{{{{text}}}}}\""), json!({})).run());
    }
}
