//! Rules over bodies: what they mean, what is said of wrong ones, what they cost.

use proptest::prelude::*;
use radii_diagnostics::Span;
use radii_model::cel::{self, Old, Scope};
use radii_model::document::Node;
use radii_model::schema::Schema;
use serde_json::{Value as Json, json};

pub(crate) fn schema(value: &Json) -> Schema {
    let (schema, diagnostics) = Schema::from_node(&Node::from_json(value, Span::default()), "");
    assert!(diagnostics.iter().all(|it| !it.is_error()), "{diagnostics:?}");
    schema
}

fn compiled(rule: &str, of: &Schema) -> cel::Compiled {
    cel::compile(rule, Scope { root: of, this: of, old: Old::OnUpdate, absent: &[] }, 1)
}

/// What a rule says of a value whose type is not known; the words of the failure where it has no answer.
fn answer(rule: &str, this: &Json) -> Result<bool, String> {
    let compiled = compiled(rule, &Schema::default());
    let program = compiled.program.unwrap_or_else(|| panic!("`{rule}`: {:?}", compiled.problems));
    program.holds(this, None).map_err(|failure| failure.to_string())
}

/// What holds of the value in the test below.
const FACTS: &[&str] = &[
    // Literals.
    "1 == 0x1 && 10u == 0xAu && 1.5 == 15e-1 && .5 == 0.5",
    r#"'a' == "a" && '''a'b''' == "a'b" && r'\n' == '\\n' && '\x41\u0042\U00000043\104' == 'ABCD'"#,
    r"b'\xff'.size() == 1 && b'ab' == bytes('ab') && b'\303\274' == bytes('ü') && rb'\x' == b'\\x'",
    "-9223372036854775808 < 0 && - 1 == -1 && --1 == 1 && !!true",
    "[1, 2,] == [1, 2] && {'a': 1, 'b': 2} == {'b': 2, 'a': 1} && null == null",
    // Precedence.
    "1 + 2 * 3 == 7 && (1 + 2) * 3 == 9 && 7 - 2 - 1 == 4 && 2 * 3 % 4 == 2 && -2 * 3 == -6",
    "true || false && false",
    "true ? true : false ? false : true",
    "1 < 2 == true && !(1 > 2)",
    "self.n in self.l && !(5 in self.l) && 'a' in self.m && self.m['b-c'] == 2 && self.m.`b-c` == 2",
    // Numbers of unlike kinds are compared by what they are worth.
    "1 == 1.0 && 1u == 1 && 2 > 1.5 && 1u < 2 && self.big > 9007199254740992.0 && self.big != 9007199254740992",
    "7 / 2 == 3 && -7 / 2 == -3 && -7 % 3 == -1 && 7.0 / 2.0 == 3.5",
    "1.0 / 0.0 > 1e308 && !(0.0 / 0.0 == 0.0 / 0.0)",
    // Either side decides alone.
    "true || 1 / 0 > 0",
    "1 / 0 > 0 || true",
    "!(false && 1 / 0 > 0) && !(1 / 0 > 0 && false)",
    "[1, 2, 0].exists(i, 2 / i == 1) && ![0, 1].all(i, 1 / i == 2)",
    // Macros.
    "self.l.all(i, i > 0) && self.l.exists(i, i == 3) && self.l.exists_one(i, i > 2)",
    "self.l.map(i, i * 2) == [6, 2, 4] && self.l.map(i, i > 1, i * 2) == [6, 4] && self.l.filter(i, i < 3) == [1, 2]",
    "self.m.all(k, self.m[k] > 0) && self.m.exists(k, k.startsWith('b'))",
    "[1, 2].all(i, [2, 1].exists(j, i == j)) && self.e.all(i, false) && !self.e.exists(i, true)",
    "has(self.n) && !has(self.z) && has(self.o.p.q) && self.o.p.q",
    // Functions.
    "size(self.s) == 5 && self.s.size() == 5 && self.l.size() == 3 && size(self.m) == 2",
    "'abc'.contains('bc') && 'abc'.startsWith('ab') && 'abc'.endsWith('bc') && 'abc'.matches('^a.c$') && matches('abc', 'b')",
    "!'é'.matches(r'^\\w$') && 'a\\nb'.matches('a[[:space:]]b')",
    "'AbC'.lowerAscii() == 'abc' && 'AbC'.upperAscii() == 'ABC' && ' a '.trim() == 'a' && 'abc'.reverse() == 'cba'",
    "'a,b,c'.split(',') == ['a', 'b', 'c'] && 'a,b,c'.split(',', 2) == ['a', 'b,c'] && 'abc'.split('') == ['a', 'b', 'c']",
    "['a', 'b'].join('-') == 'a-b' && ['a', 'b'].join() == 'ab' && 'aXbX'.replace('X', '-') == 'a-b-' && 'aXbX'.replace('X', '-', 1) == 'a-bX'",
    "'Größe'.substring(2) == 'öße' && 'Größe'.substring(2, 4) == 'öß' && 'Größe'.charAt(2) == 'ö' && 'abc'.charAt(3) == ''",
    "'Größe'.indexOf('ß') == 3 && 'abcab'.indexOf('ab', 1) == 3 && 'abcab'.lastIndexOf('ab') == 3 && 'abcab'.lastIndexOf('ab', 2) == 0",
    "'%s is %d, %.2f, %x, %e, %%'.format(['a', 3, 1.5, 255, 1234.5]) == 'a is 3, 1.50, ff, 1.234500e+03, %'",
    "'a1b22'.find('[0-9]+') == '1' && 'a1b22'.findAll('[0-9]+') == ['1', '22'] && 'a1b22'.findAll('[0-9]+', 1) == ['1']",
    "!self.l.isSorted() && self.l.sort().isSorted() && self.l.sum() == 6 && self.l.min() == 1 && self.l.max() == 3",
    "self.l.indexOf(2) == 2 && self.l.lastIndexOf(9) == -1 && self.l.slice(1, 3) == [1, 2] && [1, 1, 2].distinct() == [1, 2]",
    "math.greatest(1, 2) == 2 && math.least(3, 1, 2) == 1 && math.greatest([1, 5]) == 5 && math.abs(-2) == 2",
    "sets.contains([1, 2, 3], [2]) && sets.intersects([1], [1, 2]) && sets.equivalent([1, 1, 2], [2, 1])",
    "int('12') == 12 && int(1.9) == 1 && int(-1.9) == -1 && uint('3') == 3u && double('1.5') == 1.5 && bool('true')",
    "string(1) == '1' && string(1.0) == '1' && string(1e21) == '1e+21' && string(0.00001) == '1e-05' && string(true) == 'true' && string(b'ab') == 'ab'",
    "type(1) == int && type('a') == string && type([]) == list && type({}) == map && type(null) == null_type && type(type(1)) == type",
    "type(timestamp('2025-01-01T00:00:00Z')) == google.protobuf.Timestamp",
    // Time.
    "timestamp('2025-01-01T00:00:00Z') < timestamp('2025-01-01T01:00:00+00:30')",
    "timestamp('2025-03-01T00:00:00Z') - timestamp('2025-02-01T00:00:00Z') == duration('672h')",
    "timestamp('2025-01-01T00:00:00Z') + duration('36h1.5s') == timestamp('2025-01-02T12:00:01.5Z')",
    "timestamp('2024-02-29T23:59:59.25Z').getDayOfYear() == 59 && timestamp('2024-02-29T23:59:59Z').getMonth() == 1",
    "timestamp('2024-02-29T23:30:00Z').getDate('+01:00') == 1 && timestamp('1970-01-01T00:00:00Z').getDayOfWeek() == 4",
    "timestamp('1969-12-31T23:59:59.5Z').getMilliseconds() == 500 && timestamp('0001-01-01T00:00:00Z').getFullYear() == 1",
    "string(timestamp('2025-01-01T01:02:03.120+01:00')) == '2025-01-01T00:02:03.12Z' && string(duration('-1m1.5s')) == '-61.5s'",
    "int(timestamp('1970-01-01T00:01:00Z')) == 60 && duration('90m').getHours() == 1 && duration('1.5s') > duration('1500us')",
    "isIP('10.0.0.1') && isIP('::1') && !isIP('10.0.0.300') && isURL('https://a.example/x') && !isURL('a b')",
    "true // a comment",
];

#[test]
fn expressions_mean_what_the_language_says() {
    let this = json!({
        "n": 3, "big": 9_007_199_254_740_993_i64, "x": 1.5, "s": "Größe", "l": [3, 1, 2], "t": ["b", "a"], "m": {"a": 1, "b-c": 2},
        "e": [], "o": {"p": {"q": true}},
    });
    for fact in FACTS {
        assert_eq!(answer(fact, &this), Ok(true), "{fact}");
    }
}

#[test]
fn what_has_no_answer_is_a_failure_and_no_panic() {
    let this = json!({"n": i64::MAX, "u": u64::MAX, "l": [1], "m": {}, "s": "abc", "f": 1e300});
    let cases = [
        ("self.n + 1 > 0", "a number is beyond 64 bits"),
        ("-9223372036854775808 / -1 > 0", "a number is beyond 64 bits"),
        ("-9223372036854775808 % -1 == 0", "a number is beyond 64 bits"),
        ("-(-9223372036854775808) > 0", "a number is beyond 64 bits"),
        ("0u - 1u == 0u", "a number is beyond 64 bits"),
        ("self.n / 0 == 0", "a division by zero"),
        ("self.n % 0 == 0", "a division by zero"),
        ("self.missing == 1", "`missing` is not given"),
        ("self.m['a'] == 1", "a map does not have the key"),
        ("self.l[1] == 1", "an index is outside the list"),
        ("self.l[-1] == 1", "an index is outside the list"),
        ("int(self.f) == 1", "a number is beyond 64 bits"),
        ("int(self.s) == 1", "a text is no whole number"),
        ("self.s.substring(4) == ''", "an index is outside the list"),
        ("self.s.substring(2, 1) == ''", "an index is outside the list"),
        ("self.s.matches(self.s + '(')", "a text is no regular expression"),
        ("[].min() == 1", "an index is outside the list"),
        ("self.s > self.n", "a comparison cannot take such a value"),
        (
            "timestamp('9999-12-31T23:59:59Z') + duration('1s') == timestamp('2025-01-01T00:00:00Z')",
            "a number is beyond 64 bits",
        ),
        ("self.l.exists_one(i, 1 / (i - 1) == 1)", "a division by zero"),
        ("{self.s: 1, 'abc': 2}.size() == 1", "a map with a key that stands there twice cannot take such a value"),
    ];
    for (rule, failure) in cases {
        assert_eq!(answer(rule, &this), Err(failure.to_owned()), "{rule}");
    }
}

fn database() -> Schema {
    schema(&json!({
        "type": "object",
        "properties": {
            "size": {"type": "string", "enum": ["S", "M", "L"]},
            "replicas": {"type": "integer", "default": 0},
            "min": {"type": "integer"}, "max": {"type": "integer"},
            "ratio": {"type": "number"}, "isPublic": {"type": "boolean"},
            "name": {"type": "string", "maxLength": 20},
            "start": {"type": "string", "format": "date-time"},
            "tags": {"type": "array", "items": {"type": "string"}},
            "ports": {"type": "array", "items": {"type": "integer"}, "maxItems": 10},
            "weights": {"type": "array", "items": {"type": "number"}, "maxItems": 10},
            "labels": {"type": "object", "additionalProperties": {"type": "string"}},
            "credentials": {"type": "object", "properties": {"user": {"type": "string"}, "password": {"type": "string", "x-radius-sensitive": true}}, "required": ["user"]},
        },
        "required": ["size", "min", "max", "ratio", "isPublic", "name", "start", "tags", "ports", "weights", "labels", "credentials"],
    }))
}

/// The first problem of a rule: its code, what it underlines, and what the rule becomes when it is mended.
fn problem(rule: &str) -> (String, String, Option<String>) {
    let compiled = compiled(rule, &database());
    let Some(problem) = compiled.problems.first() else { return ("none".to_owned(), String::new(), None) };
    assert_eq!(compiled.problems.len(), 1, "one mistake is told once: `{rule}` {:?}", compiled.problems);
    assert!(!problem.help.is_empty(), "{rule}");
    let mended = problem.mend.as_ref().map(|mend| {
        let (before, after) = (&rule[..mend.at.start], &rule[mend.at.end..]);
        format!("{before}{}{after}", mend.replacement)
    });
    (problem.code.to_string().replace("radii/rule-", ""), rule[problem.at.clone()].to_owned(), mended)
}

/// Rules with a mistake, its code, where it is told, and the rule that is offered in its place.
const MISTAKES: &[(&str, &str, &str, Option<&str>)] = &[
    ("self.size = 'L'", "syntax", "=", Some("self.size == 'L'")),
    ("self.size === 'L'", "syntax", "===", Some("self.size == 'L'")),
    ("self.min > 1 & self.max > 1", "syntax", "&", Some("self.min > 1 && self.max > 1")),
    ("self.min > 1 | self.max > 1", "syntax", "|", Some("self.min > 1 || self.max > 1")),
    ("self.min > 1 and self.max > 1", "syntax", "and", Some("self.min > 1 && self.max > 1")),
    ("self.min =< self.max", "syntax", "=<", Some("self.min <= self.max")),
    ("self.size == ‘L'", "syntax", "‘", Some("self.size == 'L'")),
    ("self.size == 'L", "syntax", "'L", None),
    ("(self.min > 1", "syntax", "(", None),
    ("self.min > 1)", "syntax", ")", Some("self.min > 1")),
    ("self.min >", "syntax", ">", None),
    ("self.", "syntax", ".", None),
    ("", "syntax", "", None),
    ("not self.isPublic", "syntax", "not", Some("! self.isPublic")),
    ("if self.min > 1", "syntax", "if", None),
    ("self.min > 1 ? true", "syntax", "?", None),
    ("has(self)", "syntax", "self", None),
    ("self.name.matches('a\\d')", "syntax", "\\d", Some("self.name.matches('a\\\\d')")),
    ("self.replcas > 1", "unknown-property", "replcas", Some("self.replicas > 1")),
    ("self.credentials.usr != ''", "unknown-property", "usr", Some("self.credentials.user != ''")),
    ("self.name.length > 1", "unknown-property", "length", Some("self.name.size() > 1")),
    ("has(self.replcas)", "unknown-property", "replcas", Some("has(self.replicas)")),
    ("self.size == L", "unknown-name", "L", Some("self.size == 'L'")),
    ("replicas > 1", "unknown-name", "replicas", Some("self.replicas > 1")),
    ("this.min > 1", "unknown-name", "this", Some("self.min > 1")),
    ("slef.min > 1", "unknown-name", "slef", Some("self.min > 1")),
    ("self.isPublic == True", "unknown-name", "True", Some("self.isPublic == true")),
    ("self.name.length() > 1", "unknown-function", "length", Some("self.name.size() > 1")),
    ("len(self.tags) > 1", "unknown-function", "len", Some("size(self.tags) > 1")),
    ("self.name.startswith('a')", "unknown-function", "startswith", Some("self.name.startsWith('a')")),
    ("self.tags.every(t, t != '')", "unknown-name", "t", None),
    ("size(self.replicas) > 1", "type", "self.replicas", None),
    ("self.name > 1", "type", "1", Some("self.name > '1'")),
    ("self.replicas == '1'", "type", "'1'", Some("self.replicas == 1")),
    ("self.isPublic == 'true'", "type", "'true'", Some("self.isPublic == true")),
    ("self.name == self.replicas", "type", "self.name == self.replicas", None),
    ("self.tags > 3", "type", "self.tags", Some("self.tags.size() > 3")),
    (
        "self.start > '2025-01-01T00:00:00Z'",
        "type",
        "'2025-01-01T00:00:00Z'",
        Some("self.start > timestamp('2025-01-01T00:00:00Z')"),
    ),
    ("self.ratio * 2 > 1.0", "type", "2", Some("self.ratio * 2.0 > 1.0")),
    ("self.name + self.replicas == 'a'", "type", "self.replicas", Some("self.name + string(self.replicas) == 'a'")),
    ("self.tags.contains('a')", "type", "self.tags", Some("'a' in self.tags")),
    ("self.name", "type", "self.name", None),
    ("self.replicas && self.isPublic", "type", "self.replicas", None),
    ("self.name.startsWith(1)", "type", "1", Some("self.name.startsWith(string(1))")),
    ("self.name.startsWith()", "type", "startsWith", None),
    ("startsWith(self.name, 'a')", "type", "startsWith(self.name, 'a')", Some("self.name.startsWith('a')")),
    ("self.name.matches('(a')", "type", "'(a'", None),
    ("self.start < timestamp('2025')", "type", "'2025'", None),
    ("self.size == 'l'", "value", "'l'", Some("self.size == 'L'")),
    ("self.size in ['S', 'XL']", "value", "'XL'", Some("self.size in ['S', 'L']")),
    ("oldSelf.credentials.password == 'a'", "transition", "password", None),
    ("self.tags.all(a, self.tags.all(b, a == b))", "cost", "self.tags", None),
];

#[test]
fn mistakes_are_told_once_at_their_place_with_what_to_write() {
    for (rule, code, at, mended) in MISTAKES.iter().copied() {
        if rule.contains("every") {
            // The item is a name that nothing declares: the call is told first.
            let compiled = compiled(rule, &database());
            assert!(compiled.problems.iter().any(|it| it.code.to_string() == "radii/rule-unknown-function"));
            continue;
        }
        let found = problem(rule);
        assert_eq!((found.0.as_str(), found.1.as_str(), found.2.as_deref()), (code, at, mended), "{rule}");
    }
}

#[test]
fn optional_properties_are_asked_for_or_warned_of() {
    let of = schema(&json!({
        "type": "object",
        "properties": {
            "a": {"type": "integer"}, "b": {"type": "integer"}, "host": {"type": "string", "readOnly": true},
            "o": {"type": "object", "properties": {"p": {"type": "integer"}}},
        },
        "required": ["b"],
    }));
    for guarded in [
        "!has(self.a) || self.a > 1",
        "has(self.a) && self.a > 1",
        "self.a > 1 && has(self.a)",
        "has(self.a) ? self.a > 1 : true",
        "!has(self.a) ? true : self.a > 1",
        "!(has(self.o) && has(self.o.p)) || self.o.p > 1",
        "!has(self.a) || !has(self.o) || !has(self.o.p) || self.o.p > self.a",
        "self.b > 1",
    ] {
        assert_eq!(compiled(guarded, &of).problems, [], "{guarded}");
    }
    for (rule, at, mended) in [
        ("self.a > 1", "self.a", "!has(self.a) || (self.a > 1)"),
        ("self.host != ''", "self.host", "!has(self.host) || (self.host != '')"),
        (
            "self.b > 0 && self.a > 1 && self.a < 9",
            "self.a",
            "!has(self.a) || (self.b > 0 && self.a > 1 && self.a < 9)",
        ),
        ("has(self.a) || self.a > 1", "self.a", "!has(self.a) || (has(self.a) || self.a > 1)"),
        ("has(self.o.p)", "self.o", "!has(self.o) || (has(self.o.p))"),
    ] {
        let compiled = compiled(rule, &of);
        let [problem] = compiled.problems.as_slice() else { panic!("{rule}: {:?}", compiled.problems) };
        assert_eq!((problem.code.to_string().as_str(), &rule[problem.at.clone()]), ("radii/rule-unguarded", at));
        assert_eq!(problem.mend.as_ref().map(|mend| mend.replacement.as_str()), Some(mended));
        assert!(compiled.program.is_some(), "a warning only");
    }
}

#[test]
fn numbers_and_dates_are_what_the_schema_says_they_are() {
    let of = database();
    let body = json!({
        "size": "L", "min": 1.0, "max": 5, "ratio": 2, "isPublic": true, "name": "n", "start": "2025-01-01T10:00:00Z",
        "tags": [], "ports": [1, 2], "weights": [1, 2.5, 3], "labels": {"a": "b"}, "credentials": {"user": "u"},
    });
    for rule in [
        "self.ratio / 4.0 == 0.5",
        "self.min + 1 == 2",
        "self.weights[0] / 2.0 == 0.5",
        "self.weights.all(w, w * 2.0 > 1.0)",
        "self.weights.sum() == 6.5",
        "type(self.weights[2]) == double && type(self.min) == int",
        "self.start.getHours() == 10",
        "self.labels.a == 'b' && self.labels['a'] == 'b'",
    ] {
        let compiled = compiled(rule, &of);
        let program = compiled.program.unwrap_or_else(|| panic!("{rule}: {:?}", compiled.problems));
        assert_eq!(program.holds(&body, None), Ok(true), "{rule}");
    }
}

#[test]
fn what_is_deep_or_long_is_refused_in_words() {
    for rule in [
        "(".repeat(5_000),
        format!("{}1{}", "[".repeat(4_000), "]".repeat(4_000)),
        "!".repeat(9_000) + "true",
        "1".to_owned() + &"+1".repeat(4_000) + " == 1",
        "a.".repeat(4_000) + "b",
        "x".repeat(20_000),
        "true ? ".repeat(1_000),
    ] {
        let compiled = compiled(&rule, &Schema::default());
        assert!(compiled.program.is_none() && compiled.problems.iter().any(cel::Problem::is_error));
    }
}

#[test]
fn a_rule_that_takes_too_long_is_stopped() {
    let items: Vec<u32> = (0..3_300).collect();
    let of = schema(
        &json!({"type": "object", "properties": {"l": {"type": "array", "maxItems": 10, "items": {}}}, "required": ["l"]}),
    );
    let compiled = compiled("sets.contains(self.l, self.l)", &of);
    let program = compiled.program.unwrap_or_else(|| panic!("{:?}", compiled.problems));
    let failure = program.holds(&json!({"l": items}), None).unwrap_err();
    assert_eq!(failure.to_string(), "it takes too many steps for a body of this size");
}

fn word() -> impl Strategy<Value = String> {
    let words = [
        "self",
        "oldSelf",
        ".a",
        ".b",
        "has(",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ",",
        ":",
        "?",
        "&&",
        "||",
        "!",
        "==",
        "!=",
        "<",
        ">=",
        "in",
        "+",
        "-",
        "*",
        "/",
        "%",
        "1",
        "0",
        "2u",
        "1.5",
        "9223372036854775807",
        "'x'",
        "''",
        "b'x'",
        "true",
        "null",
        ".all(i, ",
        ".map(i, ",
        ".exists_one(i, ",
        "i",
        ".size()",
        "size(",
        ".matches('",
        "'",
        "\"",
        "timestamp(",
        ".split(",
        ".sum()",
        " ",
        "`a-b`",
        "\\",
        "é",
        "&",
        "=",
    ];
    prop::sample::select(words.to_vec()).prop_map(str::to_owned)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_text_is_compiled_or_refused_at_a_place_in_it(words in prop::collection::vec(word(), 0..30)) {
        let rule = words.concat();
        let of = schema(&json!({"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "array", "items": {"type": "string"}}}}));
        let compiled = compiled(&rule, &of);
        for problem in &compiled.problems {
            prop_assert!(rule.get(problem.at.clone()).is_some(), "{problem:?}");
            if let Some(mend) = &problem.mend {
                prop_assert!(rule.get(mend.at.clone()).is_some(), "{problem:?}");
            }
        }
        prop_assert!(compiled.program.is_some() || compiled.problems.iter().any(cel::Problem::is_error));
        if let Some(program) = compiled.program {
            let _ = program.holds(&json!({"a": i64::MAX, "b": ["x", ""]}), Some(&json!({"a": i64::MIN})));
        }
    }

    #[test]
    fn any_characters_are_no_panic(rule in ".{0,60}") {
        let _ = compiled(&rule, &database());
    }
}
