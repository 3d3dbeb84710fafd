//! What arrived at the stand-in against what was recorded to arrive there.

use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::bindings::Bindings;
use super::scenario::{Request, Response};
use super::stand_in::{Arrived, Prepared};

/// Headers that HTTP libraries add by themselves.
const OF_LIBRARIES: [&str; 4] = ["accept", "accept-encoding", "connection", "traceparent"];

/// A request that upstream passed on, and how it was answered.
#[derive(Clone, Debug, Deserialize)]
pub struct Forwarded {
    /// What arrived.
    #[serde(flatten)]
    pub request: Request,
    /// What was answered.
    pub answer: Answer,
}

/// What the recorder's own service answered.
#[derive(Clone, Debug, Deserialize)]
pub struct Answer {
    /// Status; 0 when it hung up.
    pub status: u16,
    /// Its headers.
    #[serde(default)]
    pub headers: Map<String, Json>,
    /// JSON, raw text, or nothing.
    #[serde(default)]
    pub body: Json,
}

impl Forwarded {
    /// Whether upstream read the resource again for its own list, which no client asked for.
    fn is_own_read(&self) -> bool {
        !self.request.headers.keys().any(|name| name.eq_ignore_ascii_case("x-forwarded-host"))
    }

    /// Returns the answer as the stand-in gives it; the error is a placeholder without value.
    ///
    /// The recorder's service went on changing documents that it had answered with, so what the client
    /// was given is the better witness of what passed by unchanged.
    pub fn prepare(&self, passed_on: &Response, bindings: &Bindings) -> Result<Prepared, String> {
        let is_witness = !self.is_own_read() && passed_on.status == self.answer.status && passed_on.body.is_object();
        let body = if is_witness { &passed_on.body } else { &self.answer.body };
        let mut headers = Vec::new();
        for (name, value) in &self.answer.headers {
            headers.push((name.clone(), bindings.fill(value.as_str().unwrap_or_default())?));
        }
        let body = bindings.fill(&body.to_string())?;
        Ok(Prepared {
            method: self.request.method.clone(),
            path: bindings.fill(&self.request.path)?,
            status: self.answer.status,
            headers,
            body: serde_json::from_str(&body).unwrap_or(Json::Null),
        })
    }
}

/// What a rule wants of reads that no client asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnReads<'a> {
    /// Recorded ones are not expected.
    pub are_dropped: bool,
    /// Ours may come now at these paths, where a deletion was passed on before.
    pub late: Vec<&'a str>,
}

impl OwnReads<'_> {
    fn is_late(&self, arrived: &Arrived) -> bool {
        let is_for_client = arrived.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("x-forwarded-host"));
        let path = arrived.path.split('?').next().unwrap_or_default();
        arrived.method == "GET" && !is_for_client && self.late.contains(&path)
    }
}

/// Whether a request asks for the artifact of a recipe. Workers send it at a time of their own, before, in or behind the
/// step that is played, and recordings list only what providers were asked.
fn is_for_a_registry(arrived: &Arrived) -> bool {
    let is_for_client = arrived.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("x-forwarded-host"));
    arrived.method == "GET" && !is_for_client && arrived.path.starts_with("/v2/")
}

/// Compares what arrived with the recording, after the adjustments.
pub fn compare(
    bindings: &mut Bindings,
    recorded: &[Forwarded],
    arrived: &[Arrived],
    own: &OwnReads<'_>,
    differences: &mut Vec<String>,
) {
    let arrived: Vec<&Arrived> = arrived.iter().filter(|one| !own.is_late(one) && !is_for_a_registry(one)).collect();
    let drop_own = own.are_dropped;
    let recorded: Vec<&Forwarded> = recorded.iter().filter(|one| !drop_own || !one.is_own_read()).collect();
    if recorded.len() != arrived.len() {
        let shown: Vec<String> = arrived.iter().map(|one| format!("{} {}", one.method, one.path)).collect();
        differences.push(format!("forwarded: expected {} requests, got {shown:?}", recorded.len()));
    }
    for (at, (recorded, arrived)) in recorded.iter().zip(arrived).enumerate() {
        compare_one(bindings, &recorded.request, arrived, &format!("forwarded[{at}]"), differences);
    }
}

fn compare_one(
    bindings: &mut Bindings,
    recorded: &Request,
    arrived: &Arrived,
    at: &str,
    differences: &mut Vec<String>,
) {
    for (what, wanted, got) in [("method", &recorded.method, &arrived.method), ("path", &recorded.path, &arrived.path)]
    {
        if !bindings.accept(wanted, got) {
            differences.push(format!("{at} {what}: expected {wanted:?}, got {got:?}"));
        }
    }
    let of_library = |name: &str| OF_LIBRARIES.iter().any(|own| own.eq_ignore_ascii_case(name));
    for (name, wanted) in &recorded.headers {
        let wanted = wanted.as_str().unwrap_or_default();
        let is_length = name.eq_ignore_ascii_case("content-length");
        // The recorder wrote its JSON with other blanks than we do.
        let length = arrived.body.len().to_string();
        let wanted = if is_length { length.as_str() } else { wanted };
        let got = arrived.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value);
        match got {
            Some(got) if of_library(name) || bindings.accept(wanted, got) => {}
            None if name.eq_ignore_ascii_case("accept-encoding") => {}
            got => differences.push(format!("{at} header {name}: expected {wanted:?}, got {got:?}")),
        }
    }
    let is_recorded = |name: &str| recorded.headers.keys().any(|own| own.eq_ignore_ascii_case(name));
    for (name, value) in arrived.headers.iter().filter(|(name, _)| !is_recorded(name) && !of_library(name)) {
        differences.push(format!("{at} header {name}: not expected, got {value:?}"));
    }
    match &recorded.body {
        Json::Null if arrived.body.is_empty() => {}
        Json::String(text) if bindings.accept(text, &arrived.body) => {}
        body => {
            let ours = serde_json::from_str(&arrived.body).unwrap_or(Json::Null);
            bindings.accept_json(body, &ours, &format!("{at} body"), differences);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorded(forwarded_host: bool) -> Forwarded {
        let mut headers = serde_json::json!({ "Host": "{host:test-rp}", "Accept-Encoding": "gzip" });
        if forwarded_host {
            headers["X-Forwarded-Host"] = "h".into();
        }
        let answer = serde_json::json!({ "status": 200, "headers": {}, "body": null });
        let forwarded =
            serde_json::json!({ "method": "GET", "path": "/x", "headers": headers, "body": null, "answer": answer });
        serde_json::from_value(forwarded).unwrap()
    }

    fn arrived(extra: &[(&str, &str)]) -> Arrived {
        let own = [("host", "rp:1"), ("x-forwarded-host", "h"), ("accept", "*/*")];
        let headers = own.iter().chain(extra).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Arrived { method: "GET".into(), path: "/x".into(), headers, body: String::new() }
    }

    fn differences(recorded: &[Forwarded], arrived: &[Arrived], are_dropped: bool) -> Vec<String> {
        compared(recorded, arrived, &OwnReads { are_dropped, late: Vec::new() })
    }

    fn compared(recorded: &[Forwarded], arrived: &[Arrived], own: &OwnReads<'_>) -> Vec<String> {
        let mut bindings = Bindings::default();
        bindings.bind("{host:test-rp}", "rp:1");
        let mut found = Vec::new();
        compare(&mut bindings, recorded, arrived, own, &mut found);
        found
    }

    #[test]
    fn only_own_reads_of_what_is_being_deleted_may_come_late() {
        let mut own = arrived(&[]);
        own.headers.retain(|(name, _)| name != "x-forwarded-host");
        own.path = "/x?api-version=1".into();
        let late = |path| OwnReads { are_dropped: false, late: vec![path] };
        assert_eq!(compared(&[], std::slice::from_ref(&own), &late("/x")), Vec::<String>::new());
        assert_eq!(compared(&[], std::slice::from_ref(&own), &late("/y")).len(), 1);
        assert_eq!(compared(&[], &[arrived(&[])], &late("/x")).len(), 1, "a client asked for it");
    }

    #[test]
    fn what_workers_ask_a_registry_belongs_to_no_step() {
        let mut artifact = arrived(&[]);
        artifact.path = "/v2/recipes/cache/manifests/1".into();
        assert_eq!(differences(&[], std::slice::from_ref(&artifact), false).len(), 1, "a client asked for it");
        artifact.headers.retain(|(name, _)| name != "x-forwarded-host");
        assert_eq!(differences(&[], std::slice::from_ref(&artifact), false), Vec::<String>::new());
        artifact.method = "PUT".into();
        assert_eq!(differences(&[], &[artifact], false).len(), 1);
    }

    #[test]
    fn headers_are_equal_but_for_those_of_the_library() {
        assert_eq!(differences(&[recorded(true)], &[arrived(&[])], false), Vec::<String>::new());
        let invented = differences(&[recorded(true)], &[arrived(&[("x-new", "1")])], false);
        assert_eq!(invented, ["forwarded[0] header x-new: not expected, got \"1\""]);
    }

    #[test]
    fn own_reads_are_excused_only_where_a_rule_says_so() {
        let both = [recorded(true), recorded(false)];
        assert_eq!(differences(&both, &[arrived(&[])], false).len(), 1);
        assert_eq!(differences(&both, &[arrived(&[])], true), Vec::<String>::new());
    }
}
