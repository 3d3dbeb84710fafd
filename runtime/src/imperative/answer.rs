//! What a provider's answer means.

use radii_model::ResourceId;
use serde_json::Value as Json;

use super::Answered;
use super::note::Note;
use crate::Fault;
use crate::fault::code;
use crate::store::State;

/// The code of a resource whose change was accepted and failed later; the cause is in `details`.
pub(crate) const RESOURCE_FAILED: &str = "ResourceDeploymentFailure";
/// The code of an answer that should be a resource and is none.
pub(super) const NO_RESOURCE: &str = "ProviderUnreadable";
/// The code of a refusal that has none.
const REFUSED: &str = "ProviderRefused";

/// Whether the same request may well succeed a little later.
pub(crate) fn is_passing(status: u16) -> bool {
    matches!(status, 408 | 429 | 500..)
}

/// Returns how a document says that a change ended; `None` where it goes on, or nothing is said.
pub(super) fn state_of(text: Option<&str>) -> Option<State> {
    let ended = [State::Succeeded, State::Failed, State::Canceled];
    let text = text?;
    // Both spellings are in use.
    let text = if text.eq_ignore_ascii_case("Cancelled") { "Canceled" } else { text };
    ended.into_iter().find(|state| state.as_str().eq_ignore_ascii_case(text))
}

/// The `provisioningState` of a resource.
pub(super) fn provisioning_state(resource: &Json) -> Option<&str> {
    resource.get("properties")?.get("provisioningState")?.as_str()
}

/// The fault of an answer that is none of success: in the provider's words, where it has some.
pub(super) fn fault(answered: &Answered, note: &Note) -> Fault {
    said(&answered.body, answered.status, note).unwrap_or_else(|| {
        let message = format!("the provider answered with status {} and said nothing about it", answered.status);
        Fault::new(answered.status, REFUSED, message).target(note.id.to_string())
    })
}

/// The fault of an operation that ended in another state than it should.
pub(super) fn failure(body: &Json, state: State, note: &Note) -> Fault {
    said(body, 409, note).unwrap_or_else(|| {
        let code = if state == State::Canceled { code::CANCELED } else { RESOURCE_FAILED };
        let message = format!("the provider says that the change ended as `{}`, and not why", state.as_str());
        Fault::new(409, code, message).target(note.id.to_string())
    })
}

fn said(body: &Json, status: u16, note: &Note) -> Option<Fault> {
    let error = body.get("error").filter(|error| error.is_object()).unwrap_or(body);
    let fault = parse(error, status)?;
    Some(Fault { target: fault.target.or_else(|| Some(note.id.to_string())), ..fault })
}

/// Reads an error as providers write it: of an error that lacks its code or message the other one is kept.
fn parse(error: &Json, status: u16) -> Option<Fault> {
    let text = |name: &str| error.get(name).and_then(Json::as_str).filter(|text| !text.is_empty());
    let (code, message) = (text("code"), text("message"));
    if code.is_none() && message.is_none() {
        return None;
    }
    let details = error.get("details").and_then(Json::as_array).into_iter().flatten();
    Some(Fault {
        status,
        code: code.unwrap_or(REFUSED).to_owned(),
        message: message.or(code).unwrap_or_default().to_owned(),
        target: text("target").map(str::to_owned),
        details: details.filter_map(|detail| parse(detail, status)).collect(),
    })
}

/// Wraps what a change failed with after it was accepted, as deployments tell it.
pub(super) fn in_resource(id: &ResourceId, fault: Fault) -> Fault {
    Fault::new(409, RESOURCE_FAILED, "Failed").target(id.to_string()).details(vec![fault])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn note() -> Note {
        let id = "/planes/radius/local/resourceGroups/g/providers/A.B/things/one".parse().unwrap();
        Note { id, api_version: "v".into(), is_going: false }
    }

    #[test]
    fn a_refusal_is_told_in_the_providers_words_however_few_they_are() {
        let refused = |body: Json| fault(&Answered { status: 400, body, ..Answered::default() }, &note());
        let whole = refused(json!({ "error": { "code": "TooBig", "message": "no disk holds it", "target": "/size",
            "details": [{ "code": "Limit", "message": "10 at most" }] } }));
        assert_eq!(
            (&*whole.code, &*whole.message, whole.target.as_deref()),
            ("TooBig", "no disk holds it", Some("/size"))
        );
        assert_eq!((whole.status, &*whole.details[0].message), (400, "10 at most"));
        let bare = refused(json!({ "code": "TooBig" }));
        assert_eq!((&*bare.code, &*bare.message), ("TooBig", "TooBig"));
        assert_eq!(refused(json!({ "error": { "message": "no" } })).code, "ProviderRefused");
        for body in [json!(null), json!("text"), json!({ "error": "text" }), json!([1]), json!({ "code": 7 })] {
            assert!(refused(body).message.contains("status 400"));
        }
    }

    #[test]
    fn states_are_read_in_any_casing_and_spelling() {
        assert_eq!(state_of(Some("succeeded")), Some(State::Succeeded));
        assert_eq!(state_of(Some("Cancelled")), Some(State::Canceled));
        assert_eq!(state_of(Some("InProgress")), None);
        assert_eq!(state_of(None), None);
    }
}
