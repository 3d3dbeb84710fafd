//! Whatever is sent, the answer is never our own fault.

use http::Method;
use proptest::prelude::*;
use serde_json::json;

use crate::app::{BASE, TestApp};

/// Pieces of paths: the protocol's own words, in right and wrong places, and anything else.
fn segment() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => proptest::sample::select(vec![
            "planes", "radius", "local", "aws", "resourcegroups", "shop", "providers", "System.Resources",
            "resourceproviders", "Contoso.Data", "resourcetypes", "things", "apiversions", "2025-01-01-preview",
            "locations", "global", "operationStatuses", "operationResults", "Applications.Core", "environments",
            "Microsoft.Resources", "deployments", "operations", "icons", "resources", "one", "", "..", "%2F", "%ff",
        ])
        .prop_map(str::to_owned),
        1 => "[!-~]{1,12}".prop_filter("a path ends there", |text| !text.contains(['?', '#'])),
    ]
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        Just(Vec::new()),
        proptest::collection::vec(any::<u8>(), 0..64),
        proptest::sample::select(vec![
            "{}",
            "[]",
            "null",
            "{\"properties\":null}",
            "{\"properties\":{\"a\":1}}",
            "{\"location\":\"global\"}",
            "{\"location\":1,\"properties\":[]}",
            "{\"properties\":{\"schema\":{\"type\":\"object\"}}}",
            "{\"location\":\"global\",\"properties\":{\"compute\":{\"kind\":\"docker\",\"namespace\":\"x\"}}}",
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
    ]
}

fn request() -> impl Strategy<Value = (Method, String, bool, Vec<u8>)> {
    let method = proptest::sample::select(vec![
        Method::GET,
        Method::PUT,
        Method::DELETE,
        Method::POST,
        Method::PATCH,
        Method::HEAD,
        Method::OPTIONS,
    ]);
    let query = proptest::sample::select(vec![
        "",
        "?api-version=2023-10-01-preview",
        "?api-version=2025-01-01-preview",
        "?api-version=x&top=0",
        "?api-version=2023-10-01-preview&skipToken=x&top=7",
        "?%zz=1",
        "?force=true&api-version=2025-01-01-preview",
    ]);
    let path = (proptest::collection::vec(segment(), 0..11), query)
        .prop_map(|(segments, query)| format!("{BASE}/{}{query}", segments.join("/")));
    (method, path, any::<bool>(), body())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_request_is_answered_with_a_fault_of_ours(requests in proptest::collection::vec(request(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let schema = json!({ "type": "object", "properties": { "a": { "type": "integer" } } });
            let app = TestApp::new().await.with_things(&schema).await;
            for (method, path, is_json, body) in requests {
                let headers: &[(&str, &str)] = if is_json { &[("content-type", "application/json")] } else { &[] };
                let Ok(_) = path.parse::<http::Uri>() else { continue };
                let shown = format!("{method} {path} {:?}", String::from_utf8_lossy(&body));
                let answer = app.operator().send(method, &path, headers, body).await;
                assert!(answer.status < 500, "{shown}\n{answer:?}");
                app.work().await;
            }
        });
    }
}
