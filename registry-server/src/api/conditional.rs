//! Conditional GET (RFC 9110, section 13): who has an answer already is told so instead of being sent it again.
//!
//! Resources bring a tag of their own; every other answer that we make gets one of its bytes.

use std::hash::{DefaultHasher, Hasher};

use axum::body::{Body, HttpBody, to_bytes};
use axum::response::Response;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use super::answer::Ours;
use super::rendered::MadeFrom;

/// Answers a GET with 304 in the place of what its client has.
pub fn apply(method: &Method, asked: &HeaderMap, response: Response) -> Response {
    if method != Method::GET || response.status() != StatusCode::OK || !asked.contains_key(IF_NONE_MATCH) {
        return response;
    }
    let Some(tag) = response.headers().get(ETAG).and_then(|tag| tag.to_str().ok()) else { return response };
    if !asked.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok()).any(|had| matches(had, tag)) {
        return response;
    }
    let (mut head, _) = response.into_parts();
    head.status = StatusCode::NOT_MODIFIED;
    head.headers.remove(CONTENT_TYPE);
    head.headers.remove(CONTENT_LENGTH);
    Response::from_parts(head, Body::empty())
}

/// Whether a list of tags, quoted or not as those of resources are, names a tag.
fn matches(list: &str, tag: &str) -> bool {
    let bare = |tag: &str| {
        let tag = tag.trim();
        tag.strip_prefix("W/").unwrap_or(tag).trim_matches('"').to_owned()
    };
    let tag = bare(tag);
    list.trim() == "*" || list.split(',').any(|had| bare(had) == tag)
}

/// Puts a tag on an answer to a GET, and hands the whole of it over if it says what it was made from.
pub async fn tagged(
    method: &Method,
    response: Response,
    remember: impl FnOnce(MadeFrom, &HeaderMap, &Bytes),
) -> Response {
    let is_ours = response.extensions().get::<Ours>().is_some();
    let is_found = method == Method::GET && response.status() == StatusCode::OK;
    if !is_found || !is_ours || response.body().size_hint().exact().is_none() {
        return response;
    }
    let made = response.extensions().get::<MadeFrom>().cloned();
    if made.is_none() && response.headers().contains_key(ETAG) {
        return response;
    }
    let (mut head, body) = response.into_parts();
    // Its size is known and in memory already.
    let Ok(bytes) = to_bytes(body, usize::MAX).await else { return Response::from_parts(head, Body::empty()) };
    if let (false, Ok(tag)) = (head.headers.contains_key(ETAG), HeaderValue::from_str(&tag_of(&bytes))) {
        head.headers.insert(ETAG, tag);
        // It may be kept, and must be asked for each time.
        head.headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("private, no-cache"));
    }
    if let Some(made) = made {
        remember(made, &head.headers, &bytes);
    }
    Response::from_parts(head, Body::from(bytes))
}

/// The tag of an answer's bytes: it need not withstand anybody, since a client fools only itself.
fn tag_of(bytes: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    format!("\"{:x}-{:016x}\"", bytes.len(), hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_match_in_lists_weak_strong_and_bare() {
        for had in ["12-ab", "\"12-ab\"", "W/\"12-ab\"", "\"other\", \"12-ab\"", "*", " 12-ab "] {
            assert!(matches(had, "12-ab"), "{had}");
            assert!(matches(had, "\"12-ab\""), "{had}");
        }
        for had in ["", "12-a", "\"12-abc\"", "\"*\""] {
            assert!(!matches(had, "12-ab"), "{had}");
        }
    }
}
