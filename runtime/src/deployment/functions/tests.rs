//! Every function once with what it returns, and once with what it refuses.

use serde_json::{Map, Value as Json, json};

use super::*;
use crate::deployment::expression::{Phase, Scope};
use crate::deployment::parameters::Nothing;
use crate::deployment::template::Template;

pub(super) fn surroundings() -> Surroundings {
    let group: ResourceId = "/planes/radius/local/resourceGroups/g".parse().unwrap();
    Surroundings {
        id: group.resource(&"Microsoft.Resources/deployments".parse().unwrap(), "app"),
        radius: group.clone(),
        deployments: group,
        azure: Some("/subscriptions/s/resourceGroups/r".parse().unwrap()),
        namespace: None,
        cluster: None,
        now: "2025-03-04T05:06:07Z".parse().unwrap(),
    }
}

pub(super) fn template() -> Template {
    let template = json!({
        "variables": { "self": "[variables('self')]", "object": { "A": 1, "b": { "c": [1, 2] } },
            "copy": [{ "name": "squares", "count": 3, "input": "[mul(copyIndex('squares'), copyIndex('squares'))]" }] },
        "functions": [{ "namespace": "my", "members": { "twice": { "parameters": [{ "name": "x", "type": "string" }],
            "output": { "type": "string", "value": "[concat(parameters('x'), parameters('x'))]" } } } }],
        "extensions": { "cluster": { "name": "Kubernetes", "version": "1.0.0",
            "config": { "namespace": { "type": "string", "defaultValue": "dev" } } } },
        "resources": {},
    });
    Template::parse(&template, "").unwrap()
}

fn evaluate(text: &str, phase: Phase) -> Result<Json, String> {
    let template = template();
    let parameters = Map::from_iter([("Name".to_owned(), json!("shop"))]);
    let surroundings = surroundings();
    let scope = Scope::new(&template, &parameters, phase, &Nothing, &surroundings);
    Evaluator::new(&scope).value(&Json::from(text)).map_err(|stop| match stop {
        Stop::Error(message) => message,
        Stop::Need(need) => format!("{need:?}"),
    })
}

fn check(cases: &[(&str, Json)]) {
    for (text, expected) in cases {
        assert_eq!(evaluate(&format!("[{text}]"), Phase::Run).as_ref(), Ok(expected), "{text}");
    }
}

#[test]
fn logic_and_arithmetic() {
    check(&[
        ("if(true(), 'a', fail('never'))", json!("a")),
        ("and(true(), not(false()), equals(1, 1))", json!(true)),
        ("or(false(), equals('a', 'A'))", json!(false)),
        ("coalesce(null(), null(), 'x')", json!("x")),
        ("less('a', 'b')", json!(true)),
        ("greaterOrEquals(2, 2)", json!(true)),
        ("lessOrEquals(3, 2)", json!(false)),
        ("float('2.5')", json!(2.5)),
        ("add(2, sub(3, mul(4, 5)))", json!(-15)),
        ("div(-7, 2)", json!(-3)),
        ("mod(-7, 2)", json!(-1)),
        ("max(createArray(1, 5, 3))", json!(5)),
        ("min(4, 2)", json!(2)),
        ("int('42')", json!(42)),
        ("bool('True')", json!(true)),
    ]);
}

#[test]
fn strings() {
    check(&[
        ("format('{0}-{1}-{{x}}', 'a', 7)", json!("a-7-{x}")),
        ("format('{0:D3}|{1,4}|{1,-4}|{2:X2}', 7, 'ab', 10)", json!("007|  ab|ab  |0A")),
        ("format('{0:D3}|{1:D}', -7, json('-9223372036854775808'))", json!("-007|-9223372036854775808")),
        ("format('{0}', true())", json!("True")),
        ("toUpper('ü')", json!("Ü")),
        ("trim(' a ')", json!("a")),
        ("startsWith('Abc', 'aB')", json!(true)),
        ("endsWith('Abc', 'BC')", json!(true)),
        ("split('a,b;c', createArray(',', ';'))", json!(["a", "b", "c"])),
        ("split('abc', ',')", json!(["abc"])),
        ("join(createArray('a', 1, true()), '-')", json!("a-1-True")),
        ("replace('a-b-c', '-', '')", json!("abc")),
        ("substring('hällo', 1, 3)", json!("äll")),
        ("substring('abc', 1)", json!("bc")),
        ("padLeft(7, 3, '0')", json!("007")),
        ("string(createObject('a', createArray(1, null())))", json!("{\"a\":[1,null]}")),
        ("like('Hello.TXT', 'he*.t*t')", json!(true)),
        ("like('Hello.TXT', 'he*.t?t')", json!(false)),
        ("padLeft('a', 20, '-')", json!("-------------------a")),
        ("toUpper('straße')", json!("STRAßE")),
        ("split('a--b-c', createArray('--', '-'))", json!(["a", "b", "c"])),
        ("split('a--b-c', createArray('-', '--'))", json!(["a", "", "b", "c"])),
        ("indexOf('abcABC', 'B')", json!(1)),
        ("lastIndexOf('abcABC', 'b')", json!(4)),
        ("uniqueString('test')", json!("rbgf3xv4ufgzg")),
    ]);
}

#[test]
fn arrays_and_objects() {
    check(&[
        ("concat(createArray(1), createArray(2, 3))", json!([1, 2, 3])),
        ("concat('a', 1, 'b')", json!("a1b")),
        ("length(createObject('a', 1))", json!(1)),
        ("empty('')", json!(true)),
        ("contains(createObject('Key', 1), 'kEY')", json!(true)),
        ("contains(createArray('a'), 'A')", json!(false)),
        ("first(createArray())", json!(null)),
        ("last('abc')", json!("c")),
        ("take('abc', 9)", json!("abc")),
        ("skip(range(1, 4), 2)", json!([3, 4])),
        ("flatten(createArray(createArray(1), createArray(2)))", json!([1, 2])),
        (
            "union(createObject('a', createObject('x', 1)), createObject('a', createObject('y', 2)))",
            json!({ "a": { "x": 1, "y": 2 } }),
        ),
        ("shallowMerge(createArray(createObject('a', createObject('x', 1)), createObject('a', 2)))", json!({ "a": 2 })),
        ("intersection(range(0, 3), range(2, 3))", json!([2])),
        ("distinct(createArray(1, 1, 2))", json!([1, 2])),
        ("items(createObject('b', 1, 'a', 2))", json!([{ "key": "a", "value": 2 }, { "key": "b", "value": 1 }])),
        ("objectKeys(createObject('b', 1, 'a', 2))", json!(["a", "b"])),
        (
            "objectKeys(createObject('GHI', 1, 'ghi', 1, 'ABC', 1, 'abc', 1, '12', 1))",
            json!(["12", "ABC", "abc", "GHI", "ghi"]),
        ),
        ("tryGet(variables('object'), 'b', 'c', 5)", json!(null)),
        ("tryGet(variables('object'), 'B', 'c', 1)", json!(2)),
        ("indexFromEnd(range(0, 3), 1)", json!(2)),
        ("tryIndexFromEnd(range(0, 3), 9)", json!(null)),
        ("variables('object').b.c[1]", json!(2)),
        ("map(range(0, 3), lambda('i', mul(lambdaVariables('i'), 2)))", json!([0, 2, 4])),
        ("filter(range(0, 4), lambda('i', 'at', greater(lambdaVariables('at'), 1)))", json!([2, 3])),
        (
            "reduce(range(1, 3), 10, lambda('sum', 'next', add(lambdaVariables('sum'), lambdaVariables('next'))))",
            json!(16),
        ),
        (
            "sort(createArray(3, 1, 2), lambda('a', 'b', less(lambdaVariables('a'), lambdaVariables('b'))))",
            json!([1, 2, 3]),
        ),
        ("toObject(createArray('a'), lambda('k', lambdaVariables('k')), lambda('v', 1))", json!({ "a": 1 })),
        (
            "groupBy(range(0, 3), lambda('i', if(equals(mod(lambdaVariables('i'), 2), 0), 'even', 'odd')))",
            json!({ "even": [0, 2], "odd": [1] }),
        ),
        ("mapValues(createObject('a', 1), lambda('v', add(lambdaVariables('v'), 1)))", json!({ "a": 2 })),
    ]);
}

#[test]
fn values_inside_text_and_lambdas_inside_lambdas_are_as_upstream_evaluates_them() {
    check(&[
        (
            "format('>{0}<>{1}<', createObject('a', 'b', '!c', 2), createArray(true(), 2893, 'it''s \"so\"', null()))",
            json!(">{'a':'b','!c':2}<>[true,2893,'it\\'s \"so\"',null]<"),
        ),
        (
            "map(filter(range(0, 4), lambda('i', contains(filter(range(0, 4), lambda('j', equals(0, mod(lambdaVariables('j'), 2)))), lambdaVariables('i')))), lambda('x', format('n{0}', lambdaVariables('x'))))",
            json!(["n0", "n2"]),
        ),
        (
            "toObject(createArray(123, 456, 789), lambda('i', format('{0}', div(lambdaVariables('i'), 100))))",
            json!({ "1": 123, "4": 456, "7": 789 }),
        ),
        (
            "reduce(createArray('abc', 'def', 'ghi'), '', lambda('all', 'next', 'at', if(equals(mod(lambdaVariables('at'), 2), 0), concat(lambdaVariables('all'), lambdaVariables('next')), lambdaVariables('all'))))",
            json!("abcghi"),
        ),
        (
            "sort(createArray(createObject('k', 24), createObject('k', 3)), lambda('x', 'y', less(int(lambdaVariables('x').k), int(lambdaVariables('y').k))))",
            json!([{ "k": 3 }, { "k": 24 }]),
        ),
        ("flatten(createArray())", json!([])),
        ("reduce(createArray(), 0, lambda('a', 'b', lambdaVariables('a')))", json!(0)),
        ("indexOf(createArray('FOO', 'BAR'), 'foo')", json!(-1)),
        ("contains('FOOBAR', 'foo')", json!(false)),
        ("indexOf('FOOBAR', 'bar')", json!(3)),
    ]);
}

#[test]
fn encodings_and_time() {
    check(&[
        ("json('{\"a\": 1.5}').a", json!(1.5)),
        ("base64('hi')", json!("aGk=")),
        ("base64ToString(base64('ü'))", json!("ü")),
        ("base64ToString('aG\n k=')", json!("hi")),
        ("base64ToJson('WzFd')", json!([1])),
        ("dataUriToString(dataUri('x y'))", json!("x y")),
        ("uriComponentToString(uriComponent('a b/ü'))", json!("a b/ü")),
        ("uriComponentToString('%+1%2')", json!("%+1%2")),
        ("uri('http://h/a/b', 'c')", json!("http://h/a/c")),
        ("uri('http://h/a/', '/c')", json!("http://h/c")),
        ("uri('http://h', 'c')", json!("http://h/c")),
        ("uri('http://h/a/b/c', '../d')", json!("http://h/a/d")),
        ("uri('http://h/a/b/', './../../../d/.')", json!("http://h/d/")),
        ("uri('http://h/a?sig=x', 'b?c=/d')", json!("http://h/b?c=/d")),
        ("uri('http://h/a', '?c')", json!("http://h/a?c")),
        ("uri('http://h/a', '//other/b')", json!("http://other/b")),
        ("uri('http://h/a', 'https://other/b')", json!("https://other/b")),
        ("dateTimeAdd('2025-01-31T00:00:00Z', 'P1M')", json!("2025-03-02T00:00:00Z")),
        ("dateTimeToEpoch('1970-01-02T00:00:00Z')", json!(86400)),
        ("dateTimeFromEpoch(86400)", json!("1970-01-02T00:00:00Z")),
    ]);
    assert_eq!(evaluate("[utcNow()]", Phase::Default), Ok(json!("20250304T050607Z")));
    assert_eq!(evaluate("[utcNow('yyyy-MM-dd')]", Phase::Default), Ok(json!("2025-03-04")));
    assert!(evaluate("[newGuid()]", Phase::Start).unwrap_err().contains("defaults of parameters only"));
}

#[test]
fn deployments_scopes_and_ids() {
    check(&[
        ("parameters('name')", json!("shop")),
        ("variables('squares')", json!([0, 1, 4])),
        ("my.twice('ab')", json!("abab")),
        ("deployment().name", json!("app")),
        ("resourceGroup().name", json!("r")),
        ("subscription().subscriptionId", json!("s")),
        ("resourceId('A.B/c', 'd')", json!("/planes/radius/local/resourceGroups/g/providers/A.B/c/d")),
        ("resourceId('A.B/c/e/', 'd', 'f')", json!("/planes/radius/local/resourceGroups/g/providers/A.B/c/d/e/f")),
        (
            "resourceId('other', 'A.B/c/e', 'd', 'f')",
            json!("/planes/radius/local/resourceGroups/other/providers/A.B/c/d/e/f"),
        ),
        ("resourceId('Microsoft.X/y', 'z')", json!("/subscriptions/s/resourceGroups/r/providers/Microsoft.X/y/z")),
        ("extensionResourceId('/x', 'A.B/c', 'd')", json!("/x/providers/A.B/c/d")),
        ("tenantResourceId('A.B/c', 'd')", json!("/providers/A.B/c/d")),
        ("subscriptionResourceId('Microsoft.X/y', 'z')", json!("/subscriptions/s/providers/Microsoft.X/y/z")),
        (
            "subscriptionResourceId('other', 'Microsoft.X/y/v', 'z', 'w')",
            json!("/subscriptions/other/providers/Microsoft.X/y/z/v/w"),
        ),
        ("extensions('cluster').config.namespace.value", json!("dev")),
    ]);
    for (text, message) in [
        (
            "subscriptionResourceId('a', 'b', 'A.B/c', 'd')",
            "takes a resource type, and before it a subscription at most",
        ),
        ("externalInputs('x')", "the value of `x` is given to the compiler, not to a deployment"),
        ("extensions('other')", "there is no extension `other` in the template"),
        ("resourceInfo('x')", "the resource `x`"),
        ("invokeResourceMethod('x', 'listKeys')", "the resource `x` is not known"),
        ("listKeys('x', '2023-01-01')", "the resource `x` is not known"),
        ("listSecrets('x')", "the resource `x` is not known"),
        ("references('x')", "the resource `x` is not known"),
        ("toLogicalZone('s', 'l', '1')", "asks Azure"),
        ("toLogicalZones('s', 'l', createArray('1'))", "asks Azure"),
        ("toPhysicalZone('s', 'l', '1')", "asks Azure"),
        ("toPhysicalZones('s', 'l', createArray('1'))", "asks Azure"),
    ] {
        let refused = evaluate(&format!("[{text}]"), Phase::Run).unwrap_err();
        assert!(refused.contains(message), "{text}: {refused}");
    }
}

#[test]
fn every_function_stands_in_a_test() {
    let tested = include_str!("tests.rs").to_lowercase();
    let lists = ["listSecrets", "listKeys"];
    let names = TABLES.into_iter().flatten().map(|function| function.name).chain(lists);
    let missing: Vec<&str> = names.filter(|name| !tested.contains(&format!("{}(", name.to_lowercase()))).collect();
    assert!(missing.is_empty(), "no test calls {missing:?}");
}

#[test]
fn networks_and_addresses() {
    check(&[
        (
            "parseCidr('10.144.0.7/20')",
            json!({ "network": "10.144.0.0", "netmask": "255.255.240.0", "broadcast": "10.144.15.255",
                "firstUsable": "10.144.0.1", "lastUsable": "10.144.15.254", "cidr": 20 }),
        ),
        (
            "parseCidr('fdad:3236:5555::/48')",
            json!({ "network": "fdad:3236:5555::", "netmask": "ffff:ffff:ffff::",
                "firstUsable": "fdad:3236:5555::", "lastUsable": "fdad:3236:5555:ffff:ffff:ffff:ffff:ffff", "cidr": 48 }),
        ),
        ("cidrSubnet('10.144.0.0/20', 24, 3)", json!("10.144.3.0/24")),
        ("cidrSubnet('fdad:3236:5555::/48', 52, 1)", json!("fdad:3236:5555:1000::/52")),
        ("cidrHost('10.144.3.0/24', 0)", json!("10.144.3.1")),
        ("cidrHost('10.144.3.0/24', 253)", json!("10.144.3.254")),
        ("cidrHost('fdad:3236:5555:3030::/64', 4)", json!("fdad:3236:5555:3030::5")),
        (
            "parseUri('https://Host:8443/a/b?c=d#e')",
            json!({ "scheme": "https", "host": "host", "port": 8443, "path": "/a/b", "query": "?c=d" }),
        ),
        ("parseUri('http://h').port", json!(80)),
        ("buildUri(parseUri('https://h/a?b=c'))", json!("https://h/a?b=c")),
        (
            "buildUri(createObject('scheme', 'http', 'host', 'h', 'port', 81, 'path', 'x', 'query', 'a=b'))",
            json!("http://h:81/x?a=b"),
        ),
    ]);
    for (text, message) in [
        ("cidrHost('10.0.0.0/24', 254)", "`cidrHost`: the network has no host 254"),
        ("cidrSubnet('10.0.0.0/24', 25, 2)", "`cidrSubnet`: the network has no subnet 2 of prefix 25"),
        ("cidrSubnet('10.0.0.0/24', 20, 0)", "`cidrSubnet`: the new prefix must be from 24 to 32"),
        ("parseCidr('10.0.0.0')", "`parseCidr`: `10.0.0.0` is no network such as `10.0.0.0/16` or `fd00::/48`"),
        ("parseUri('x')", "`parseUri`: `x` is no absolute address such as `https://host:8080/path?query`"),
    ] {
        assert_eq!(evaluate(&format!("[{text}]"), Phase::Run), Err(message.to_owned()), "{text}");
    }
}

#[test]
fn what_only_azure_knows_is_known_as_far_as_it_is_the_same_for_all() {
    check(&[
        ("environment().suffixes.storage", json!("core.windows.net")),
        ("tenant().tenantId", json!("00000000-0000-0000-0000-000000000000")),
        ("managementGroup('m').id", json!("/providers/Microsoft.Management/managementGroups/m")),
        (
            "managementGroupResourceId('m', 'A.B/c', 'd')",
            json!("/providers/Microsoft.Management/managementGroups/m/providers/A.B/c/d"),
        ),
        ("sys.concat('a', az.resourceGroup().name)", json!("ar")),
    ]);
    for text in
        ["deployer()", "pickZones('a', 'b', 'c')", "providers('a')", "roleDefinitions('Reader')", "managementGroup()"]
    {
        let message = evaluate(&format!("[{text}]"), Phase::Run).unwrap_err();
        assert!(message.ends_with("which this control plane does not do; give the value as a parameter"), "{message}");
    }
}

#[test]
fn moments_are_written_by_the_letters_of_dotnet() {
    let cases = [
        ("d", "03/04/2025"),
        ("D", "Tuesday, 04 March 2025"),
        ("r", "Tue, 04 Mar 2025 05:06:07 GMT"),
        ("s", "2025-03-04T05:06:07"),
        ("u", "2025-03-04 05:06:07Z"),
        ("o", "2025-03-04T05:06:07.0000000Z"),
        ("yyMMdd-HHmm", "250304-0506"),
        ("d/M/yyyy h:m tt", "4/3/2025 5:6 AM"),
        ("yyyy 'year' fff", "2025 year 000"),
    ];
    for (pattern, expected) in cases {
        let text = format!("[utcNow('{}')]", pattern.replace('\'', "''"));
        assert_eq!(evaluate(&text, Phase::Default), Ok(json!(expected)), "{pattern}");
    }
    check(&[
        ("dateTimeAdd('20250304T050607Z', 'PT1H')", json!("2025-03-04T06:06:07Z")),
        ("dateTimeAdd('2020-04-07 14:53:14Z', '-P9D', 'yyyy-MM-dd')", json!("2020-03-29")),
        ("dateTimeToEpoch('2022-12-25')", json!(1_671_926_400)),
    ]);
    let refused = evaluate("[utcNow('Q')]", Phase::Default);
    assert_eq!(refused, Err("the letter `Q` is no time format by itself".into()));
}

#[test]
fn mistakes_are_explained() {
    let cases = [
        ("add('1', 2)", "`add`: a string stands where an integer is expected"),
        ("div(1, 0)", "`div`: `1` and `0` have no result that fits an integer"),
        ("variables('self')", "in the variable `self`: the variable `self` is defined by itself"),
        ("createObject('a', 1).b", "there is no property `b`; there are `a`"),
        ("createObject().b", "there is no property `b`; the object is empty"),
        ("range(0, 3)[3]", "there is no item 3; the array has 3"),
        ("substring('abc', 2, 5)", "`substring`: characters 2 to 7 are asked of 3"),
        ("format('{1}', 'a')", "`format`: `{1}` has no value; there are 1"),
        ("json('{')", "`json`: the text is no JSON: EOF while parsing an object at line 1 column 1"),
        ("copyIndex()", "`copyIndex` stands in no loop"),
        ("fail('because')", "`fail`: because"),
        ("padLeft('a', 131073)", "`padLeft`: the width 131073 is more than 131072"),
        ("range(2147483000, 648)", "`range`: start and count of a range are 2147483647 together at most"),
        ("not(1)", "`not`: a number stands where a boolean is expected"),
        ("reference('x')", "the resource `x` is not known before the deployment begins"),
        ("toLower()", "`toLower` takes 1 arguments, not 0"),
    ];
    for (text, message) in cases {
        assert_eq!(evaluate(&format!("[{text}]"), Phase::Run), Err(message.to_owned()), "{text}");
    }
}

#[test]
fn data_that_doubles_again_and_again_is_stopped() {
    let mut variables = Map::from_iter([("v0".to_owned(), json!("xxxxxxxxxxxxxxxx"))]);
    for level in 1..60 {
        let before = level - 1;
        variables.insert(
            format!("v{level}"),
            json!(format!("[createArray(variables('v{before}'), variables('v{before}'))]")),
        );
    }
    let template = Template::parse(&json!({ "variables": variables, "resources": {} }), "").unwrap();
    let (parameters, surroundings) = (Map::new(), surroundings());
    let scope = Scope::new(&template, &parameters, Phase::Start, &Nothing, &surroundings);
    let result = Evaluator::new(&scope).value(&json!("[variables('v59')]"));
    let Err(Stop::Error(message)) = result else { panic!("it must be stopped") };
    assert!(message.ends_with("the template computes more data than a deployment may"), "{message}");
}

#[test]
fn values_that_nest_deeper_again_and_again_are_stopped() {
    let nest = |turns: u32| {
        let lambda = "lambda('all', 'next', createArray(lambdaVariables('all')))";
        evaluate(&format!("[reduce(range(0, {turns}), createArray(), {lambda})]"), Phase::Run)
    };
    assert!(nest(98).is_ok());
    for turns in [100, 10_000] {
        let message = nest(turns).unwrap_err();
        assert!(message.ends_with("a value is nested more than 100 deep"), "{message}");
    }
    // What the template itself nests counts as well.
    let mut value = json!("[createArray(createArray())]");
    for _ in 0..99 {
        value = json!([value]);
    }
    let (template, parameters, surroundings) = (template(), Map::new(), surroundings());
    let scope = Scope::new(&template, &parameters, Phase::Run, &Nothing, &surroundings);
    assert!(matches!(Evaluator::new(&scope).value(&value), Err(Stop::Error(message)) if message.ends_with("100 deep")));
    assert!(Evaluator::new(&scope).value(&value[0]).is_ok());
    let text = format!("[json('{}{}')]", "[[".repeat(60), "]]".repeat(60));
    assert!(evaluate(&text, Phase::Run).unwrap_err().ends_with("a value is nested more than 100 deep"));
}

/// Functions of the compiler that never stand in a template.
const ABSENT: [&str; 11] = [
    "any",
    "nameof",
    "loadTextContent",
    "loadFileAsBase64",
    "loadJsonContent",
    "loadYamlContent",
    "loadDirectoryFileInfo",
    "readEnvironmentVariable",
    "readEnvVar",
    "readCliArg",
    "externalInput",
];

#[test]
fn every_function_of_the_compiler_is_known_or_absent_on_purpose() {
    for list in
        [include_str!("../../../tests/data/functions-sys.json"), include_str!("../../../tests/data/functions-az.json")]
    {
        let all: Vec<Json> = serde_json::from_str(list).unwrap();
        for function in all {
            let name = function["name"].as_str().unwrap();
            let known = find(name);
            assert_eq!(known.is_none(), ABSENT.contains(&name), "{name}");
            let (Some(known), Some(min)) = (known, function["minimumArgumentCount"].as_u64()) else { continue };
            let optional = name.starts_with("dateTime"); // The list calls their only argument optional.
            assert!(known.min as u64 <= min || optional, "{name} takes at least {min} arguments");
        }
    }
}
