//! Conditional GET (RFC 9110, section 13): who has an answer already is told so instead of being sent it again.
//!
//! Resources bring a tag of their own; every other answer that we make gets one of its bytes.

use std::hash::{DefaultHasher, Hasher};

use axum::body::{Body, HttpBody, to_bytes};
use axum::response::Response;
use http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use http::{Method, StatusCode};

use super::answer::{self, Ours};
use super::call::Call;

/// Puts a tag on an answer to a GET, or 304 in its place when its client has it.
pub async fn apply(call: &Call, response: Response) -> Response {
    if call.method != Method::GET || response.status() != StatusCode::OK {
        return response;
    }
    let response = tagged(response).await;
    let Some(tag) = response.headers().get(ETAG).and_then(|tag| tag.to_str().ok()) else { return response };
    if !call.headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok()).any(|had| matches(had, tag))
    {
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

async fn tagged(response: Response) -> Response {
    let is_ours = response.extensions().get::<Ours>().is_some();
    if response.headers().contains_key(ETAG) || !is_ours || response.body().size_hint().exact().is_none() {
        return response;
    }
    let (head, body) = response.into_parts();
    // Its size is known and in memory already.
    let Ok(bytes) = to_bytes(body, usize::MAX).await else { return Response::from_parts(head, Body::empty()) };
    let tag = tag_of(&bytes);
    let mut response = Response::from_parts(head, Body::from(bytes));
    answer::set(&mut response, ETAG, &tag);
    if !response.headers().contains_key(CACHE_CONTROL) {
        // It may be kept, and must be asked for each time.
        answer::set(&mut response, CACHE_CONTROL, "private, no-cache");
    }
    response
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
