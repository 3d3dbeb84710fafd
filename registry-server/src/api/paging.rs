//! Pages of lists: `top`, `skipToken` and `nextLink`.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use radii_runtime::Fault;
use serde::Serialize;

use super::call::{Call, encode};
use super::route::BASE;

const DEFAULT: usize = 10;
const LIMITS: std::ops::RangeInclusive<i64> = 5..=20;

/// Which page is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paging {
    /// At most so many items.
    pub top: usize,
    /// Continue after this position.
    pub after: Option<u64>,
}

impl Paging {
    /// Reads `top` and `skipToken`.
    ///
    /// # Errors
    /// A `top` outside 5 to 20, and tokens that this server did not give.
    pub fn read(call: &Call) -> Result<Self, Fault> {
        let top = match call.query("top").filter(|top| !top.is_empty()) {
            None => DEFAULT,
            Some(text) => read_top(text)?,
        };
        let after = match call.query("skipToken").filter(|token| !token.is_empty()) {
            None => None,
            Some(token) => Some(read_token(token).ok_or_else(|| {
                Fault::bad_request(
                    "the skipToken is not one that this server gave; repeat the list without it, and follow `nextLink`",
                )
            })?),
        };
        Ok(Self { top, after })
    }

    /// Returns a list's body, with the link to the next page if there is one.
    pub fn body<T>(&self, call: &Call, value: Vec<T>, next: Option<u64>) -> Listing<T> {
        let next_link = next.map(|next| {
            let path = call.raw_path.strip_prefix(BASE).unwrap_or(&call.raw_path).trim_end_matches('/');
            let token = URL_SAFE_NO_PAD.encode(format!("after:{next}"));
            let version = encode(call.api_version());
            format!("{}{path}?api-version={version}&skipToken={token}&top={}", call.base(), self.top)
        });
        Listing { value, next_link }
    }
}

/// The body of a list.
#[derive(Debug, Serialize)]
pub struct Listing<T> {
    value: Vec<T>,
    #[serde(rename = "nextLink", skip_serializing_if = "Option::is_none")]
    next_link: Option<String>,
}

/// Returns the body of a list that is never paged.
pub fn unpaged<T>(value: Vec<T>) -> Listing<T> {
    Listing { value, next_link: None }
}

fn read_top(text: &str) -> Result<usize, Fault> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let fault = |reason: &str| Fault::bad_request(format!("unexpected error: {reason}"));
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(fault(&format!("strconv.Atoi: parsing {text:?}: invalid syntax")));
    }
    let Ok(top) = text.parse::<i64>() else {
        return Err(fault(&format!("strconv.Atoi: parsing {text:?}: value out of range")));
    };
    match usize::try_from(top) {
        Ok(size) if LIMITS.contains(&top) => Ok(size),
        _ => Err(fault("top query parameter is not within the limits")),
    }
}

fn read_token(token: &str) -> Option<u64> {
    let decoded = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    decoded.strip_prefix("after:")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use axum::body::Bytes;
    use http::{HeaderMap, Method};

    use super::super::call::Forwarded;
    use super::*;

    fn call(query: &str) -> Call {
        let uri = format!("{BASE}/planes/radius/local/x?api-version=v&{query}").parse().unwrap();
        let headers = HeaderMap::from_iter([(http::header::HOST, "h".parse().unwrap())]);
        Call::new(Method::GET, &uri, headers, Bytes::new(), Forwarded::Ignored).unwrap()
    }

    fn refused(query: &str) -> String {
        Paging::read(&call(query)).unwrap_err().message
    }

    #[test]
    fn top_has_limits_and_a_default() {
        assert_eq!(Paging::read(&call("")).unwrap().top, 10);
        assert_eq!(Paging::read(&call("top=")).unwrap().top, 10);
        assert_eq!(Paging::read(&call("top=20")).unwrap().top, 20);
        for outside in ["top=4", "top=21", "top=0", "top=-1"] {
            assert_eq!(refused(outside), "unexpected error: top query parameter is not within the limits");
        }
        assert_eq!(refused("top=abc"), "unexpected error: strconv.Atoi: parsing \"abc\": invalid syntax");
        let huge = "99999999999999999999";
        assert!(refused(&format!("top={huge}")).ends_with("value out of range"));
    }

    #[test]
    fn the_next_link_is_absolute_and_leads_on() {
        let first = call("top=5");
        let body = Paging::read(&first).unwrap().body(&first, vec![1], Some(17));
        let body = serde_json::to_value(&body).unwrap();
        assert_eq!(body["value"], serde_json::json!([1]));
        let link = body["nextLink"].as_str().unwrap();
        assert!(link.starts_with(&format!("http://h{BASE}/planes/radius/local/x?api-version=v&skipToken=")), "{link}");
        let uri = link.parse().unwrap();
        let next = Call::new(Method::GET, &uri, HeaderMap::new(), Bytes::new(), Forwarded::Ignored).unwrap();
        assert_eq!(Paging::read(&next).unwrap(), Paging { top: 5, after: Some(17) });
    }

    #[test]
    fn foreign_tokens_are_refused() {
        for token in ["abc", "%00", "bm90IGEgdG9rZW4=", "YWZ0ZXI6"] {
            assert!(refused(&format!("skipToken={token}")).starts_with("the skipToken is not one"), "{token}");
        }
    }
}
