//! One request, read: path, query, body and the address that its client used.

use std::borrow::Cow;

use axum::body::Bytes;
use http::header::{HOST, REFERER};
use http::{HeaderMap, Method, Uri};
use radii_diagnostics::{Diagnostic, FileId, SourceFile};
use radii_model::document::{self, Limits, Node};
use radii_runtime::Fault;
use radii_runtime::host::Preconditions;
use serde_json::Value as Json;

use super::route::BASE;

/// A request as the routes see it.
#[derive(Clone, Debug)]
pub struct Call {
    /// The method.
    pub method: Method,
    /// The whole path, decoded.
    pub path: String,
    /// The whole path as it was sent.
    pub raw_path: String,
    /// The query as it was sent.
    pub raw_query: Option<String>,
    /// The query's parameters in order, decoded.
    pub query: Vec<(String, String)>,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// Whether headers that tell the client's own address count.
    pub forwarded: Forwarded,
}

/// What becomes of headers in which a proxy tells the address that its client used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forwarded {
    /// A proxy that the operator trusts has sent them.
    Believed,
    /// Anyone may have sent them.
    Ignored,
}

/// The path or query holds an escape that means nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadEscape;

impl Call {
    /// Reads the parts of a request.
    ///
    /// # Errors
    /// Escapes in the path that are no bytes, or bytes that are no UTF-8.
    pub fn new(
        method: Method,
        uri: &Uri,
        headers: HeaderMap,
        body: Bytes,
        forwarded: Forwarded,
    ) -> Result<Self, BadEscape> {
        let raw_path = uri.path().to_owned();
        let path = decode(&raw_path, Plus::Itself).ok_or(BadEscape)?.into_owned();
        let pairs = uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
        let query = pairs.filter_map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((decode(name, Plus::Space)?.into_owned(), decode(value, Plus::Space)?.into_owned()))
        });
        let query = query.collect();
        let raw_query = uri.query().map(str::to_owned);
        Ok(Self { method, path, raw_path, raw_query, query, headers, body, forwarded })
    }

    /// The decoded segments after [`BASE`]; `None` outside of it. One trailing slash is dropped.
    pub fn segments(&self) -> Option<Vec<Cow<'_, str>>> {
        decoded_segments(&self.raw_path)
    }

    /// The first value of a query parameter; names are compared exactly.
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// The `api-version`, empty when it is missing.
    pub fn api_version(&self) -> &str {
        self.query("api-version").unwrap_or_default()
    }

    /// The first value of a header, if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// What `If-Match` and `If-None-Match` demand; other values of the latter than `*` demand nothing.
    pub fn preconditions(&self) -> Preconditions {
        Preconditions {
            if_match: self.header("if-match").map(str::to_owned),
            if_none_match: self.header("if-none-match") == Some("*"),
        }
    }

    /// The address of [`BASE`] as the client sees it: what absolute links begin with.
    ///
    /// A `Referer` that names a path of the protocol comes from a proxy and tells the client's own
    /// address; otherwise it is `X-Forwarded-Host` and `X-Forwarded-Proto`. From anyone but a trusted
    /// proxy all three are ignored, and it is `Host`.
    pub fn base(&self) -> String {
        if let (Forwarded::Believed, Some((base, _))) = (self.forwarded, self.referer()) {
            return base;
        }
        let (scheme, host) = self.client_address();
        format!("{scheme}://{host}{BASE}")
    }

    /// Scheme and host that the client used, without regard to a `Referer`.
    pub fn client_address(&self) -> (String, String) {
        let first = |name: &str| self.header(name).and_then(|value| value.split(',').next()).map(str::trim);
        let told = |name: &str| first(name).filter(|_| self.forwarded == Forwarded::Believed);
        let host = told("x-forwarded-host").or_else(|| first(HOST.as_str())).unwrap_or("localhost");
        (told("x-forwarded-proto").unwrap_or("http").to_owned(), host.to_owned())
    }

    /// Address and id that a `Referer` of a proxy names.
    fn referer(&self) -> Option<(String, String)> {
        let referer = self.header(REFERER.as_str())?;
        let scheme = referer.find("://")? + 3;
        let path = scheme + referer[scheme..].find('/')?;
        let planes = path + referer[path..].to_ascii_lowercase().find("/planes/")?;
        let id = referer[planes..].split(['?', '#']).next().unwrap_or_default();
        Some((referer[..planes].to_owned(), decode(id, Plus::Itself)?.into_owned()))
    }

    /// Returns `id` in the casing of the `Referer`, if that names the same resource.
    pub fn in_casing_of_referer(&self, id: String) -> String {
        match self.referer() {
            Some((_, other)) if other.trim_end_matches('/').eq_ignore_ascii_case(&id) => {
                other.trim_end_matches('/').to_owned()
            }
            _ => id,
        }
    }

    /// Refuses bodies that are not declared to be JSON; parameters such as a charset are ignored.
    pub fn check_content_type(&self) -> Result<(), Fault> {
        let declared = self.header("content-type").unwrap_or_default();
        let essence = declared.split(';').next().unwrap_or_default().trim();
        if essence.eq_ignore_ascii_case("application/json") {
            return Ok(());
        }
        let what =
            if declared.is_empty() { "no Content-Type".to_owned() } else { format!("Content-Type `{declared}`") };
        let message = format!("unsupported Content-Type: the request has {what}; send `application/json`");
        Err(Fault::new(415, radii_runtime::fault::code::BAD_REQUEST, message))
    }

    /// Parses the body, with the places of all that is in it; the error says where and why that is impossible.
    pub fn json(&self) -> Result<Node, String> {
        let text = self.text()?;
        document::parse_json_plainly(FileId(0), text, Limits::default()).map_err(|found| explained(text, &found))
    }

    /// Parses the body to what it says alone; the error says where and why that is impossible.
    pub fn value(&self) -> Result<Json, String> {
        let text = self.text()?;
        document::parse_json_value(FileId(0), text, Limits::default()).map_err(|found| explained(text, &found))
    }

    fn text(&self) -> Result<&str, String> {
        let text = std::str::from_utf8(&self.body)
            .map_err(|error| format!("The body is not UTF-8 from byte {} on.", error.valid_up_to()))?;
        if text.starts_with('\u{feff}') {
            return Err(
                "line 1, column 1: the body begins with a byte order mark, which JSON does not allow".to_owned()
            );
        }
        Ok(text)
    }
}

/// Says where and why a text is no JSON.
fn explained(text: &str, diagnostics: &[Diagnostic]) -> String {
    let source = SourceFile::new("body", text);
    let said = diagnostics.iter().take(5).map(|diagnostic| {
        let place = diagnostic.primary.as_ref().map(|label| source.line_column(label.span.start));
        match place {
            Some(place) => format!("line {}, column {}: {}", place.line, place.column, diagnostic.message),
            None => diagnostic.message.clone(),
        }
    });
    said.collect::<Vec<_>>().join("; ")
}

/// The decoded segments of a path after [`BASE`]; `None` outside of it. One trailing slash is dropped.
pub fn decoded_segments(raw_path: &str) -> Option<Vec<Cow<'_, str>>> {
    let rest = raw_path.strip_prefix(BASE)?;
    if rest.is_empty() {
        return Some(Vec::new());
    }
    let rest = rest.strip_prefix('/').filter(|rest| !rest.is_empty())?;
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let mut segments = Vec::with_capacity(16);
    let mut start = 0;
    // Looking at each byte of such short texts is cheaper than searching them.
    for (at, byte) in rest.bytes().enumerate() {
        if byte == b'/' {
            segments.push(decode(&rest[start..at], Plus::Itself)?);
            start = at + 1;
        }
    }
    segments.push(decode(&rest[start..], Plus::Itself)?);
    Some(segments)
}

/// What a plus sign means.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Plus {
    Itself,
    Space,
}

/// Decodes percent escapes; `None` when an escape is malformed or the bytes are no UTF-8.
fn decode(text: &str, plus: Plus) -> Option<Cow<'_, str>> {
    if !text.bytes().any(|byte| byte == b'%' || byte == b'+') {
        return Some(Cow::Borrowed(text));
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
                let (high, low) = (digit(rest.next())?, digit(rest.next())?);
                (high * 16 + low) as u8
            }
            b'+' if plus == Plus::Space => b' ',
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok().map(Cow::Owned)
}

/// Escapes a text as value of a query parameter.
pub fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => encoded.push(byte.into()),
            byte => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(uri: &str, headers: &[(&str, &str)]) -> Call {
        call_through(Forwarded::Believed, uri, headers)
    }

    fn call_through(forwarded: Forwarded, uri: &str, headers: &[(&str, &str)]) -> Call {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(http::HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
        }
        Call::new(Method::GET, &uri.parse().unwrap(), map, Bytes::new(), forwarded).unwrap()
    }

    #[test]
    fn one_trailing_slash_is_dropped_except_at_the_base() {
        let segments = |path: &str| {
            let call = call(&format!("{BASE}{path}"), &[]);
            Some(call.segments()?.into_iter().map(Cow::into_owned).collect::<Vec<String>>())
        };
        assert_eq!(segments(""), Some(vec![]));
        assert_eq!(segments("/"), None);
        assert_eq!(segments("/planes/"), Some(vec!["planes".to_owned()]));
        assert_eq!(segments("//planes"), Some(vec![String::new(), "planes".to_owned()]));
        assert_eq!(segments("/a%2Fb"), Some(vec!["a/b".to_owned()]));
        assert_eq!(call("/apis", &[]).segments(), None);
    }

    #[test]
    fn escapes_that_are_no_bytes_are_refused() {
        let new = |uri: &str| {
            Call::new(Method::GET, &uri.parse().unwrap(), HeaderMap::new(), Bytes::new(), Forwarded::Ignored)
        };
        assert_eq!(new("/lo%zzcal").err(), Some(BadEscape));
        assert_eq!(new("/%ff").err(), Some(BadEscape));
    }

    #[test]
    fn the_first_of_equal_parameters_counts_and_names_are_exact() {
        let call = call("/x?top=5&top=7&API-Version=1&skipToken=a+b%20c", &[]);
        assert_eq!(call.query("top"), Some("5"));
        assert_eq!(call.api_version(), "");
        assert_eq!(call.query("skipToken"), Some("a b c"));
    }

    #[test]
    fn links_begin_with_what_the_client_called() {
        assert_eq!(call("/", &[("host", "h:1")]).base(), format!("http://h:1{BASE}"));
        let forwarded = [("host", "h"), ("x-forwarded-host", "front.example.com, x"), ("x-forwarded-proto", "https")];
        assert_eq!(call("/", &forwarded).base(), format!("https://front.example.com{BASE}"));
        let referer = format!("https://front.example.com/prefix{BASE}/planes/radius/local?x=1");
        let proxied = call("/", &[("host", "h"), ("referer", &referer)]);
        assert_eq!(proxied.base(), format!("https://front.example.com/prefix{BASE}"));
        assert_eq!(proxied.in_casing_of_referer("/Planes/radius/LOCAL".into()), "/planes/radius/local");
        assert_eq!(proxied.in_casing_of_referer("/planes/radius/other".into()), "/planes/radius/other");
        let page = call("/", &[("host", "h"), ("referer", "https://other.example.com/dashboard")]);
        assert_eq!(page.base(), format!("http://h{BASE}"));
    }

    #[test]
    fn anyone_elses_word_about_the_clients_address_is_ignored() {
        let referer = format!("https://evil.example.com{BASE}/planes/radius/LOCAL");
        let headers =
            [("host", "h:1"), ("x-forwarded-host", "evil"), ("x-forwarded-proto", "https"), ("referer", &referer)];
        let call = call_through(Forwarded::Ignored, "/", &headers);
        assert_eq!(call.base(), format!("http://h:1{BASE}"));
        // The casing that a proxy's client used harms nobody.
        assert_eq!(call.in_casing_of_referer("/planes/radius/local".into()), "/planes/radius/LOCAL");
    }

    #[test]
    fn json_is_declared_in_any_casing_and_with_parameters() {
        for good in ["application/json", "APPLICATION/JSON", "application/json; charset=utf-8"] {
            assert!(call("/", &[("content-type", good)]).check_content_type().is_ok());
        }
        for bad in ["", "text/json", "application/merge-patch+json", "garbage"] {
            let fault = call("/", &[("content-type", bad)]).check_content_type().unwrap_err();
            assert_eq!(fault.status, 415);
        }
    }
}
