//! What can go wrong with a request.

use reqwest::{Method, StatusCode, Url};
use serde::Deserialize;
use serde_json::Value as Json;

/// The `error` member of the envelope, and of a failed operation.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Problem {
    /// The code, such as `NotFound`.
    pub code: String,
    /// What happened.
    pub message: String,
    /// The id or path concerned.
    pub target: Option<String>,
    /// Single violations.
    #[serde(deserialize_with = "null_is_empty")]
    pub details: Vec<Problem>,
}

fn null_is_empty<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<Problem>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

impl Problem {
    /// Reads the problem from an envelope or from its `error` member; unfolds messages that are envelopes.
    pub fn from_json(body: &Json) -> Option<Self> {
        let error = body.get("error").unwrap_or(body);
        if !error.is_object() {
            return None;
        }
        let mut problem: Problem = serde_json::from_value(error.clone()).ok()?;
        problem.unfold();
        (!problem.code.is_empty() || !problem.message.is_empty()).then_some(problem)
    }

    /// Some servers pass the error of another one on as the text of a message.
    fn unfold(&mut self) {
        // Deployments list beside the failures what was deployed nevertheless.
        self.details.retain(|detail| detail.code != "OK");
        self.details.iter_mut().for_each(Problem::unfold);
        if self.message.trim_start().starts_with('{')
            && let Ok(inner) = serde_json::from_str::<Json>(&self.message)
            && let Some(inner) = Problem::from_json(&inner)
        {
            let target = self.target.take();
            let mut details = std::mem::take(&mut self.details);
            *self = inner;
            self.target = self.target.take().or(target);
            self.details.append(&mut details);
        }
    }

    /// Whether this, or a part of it, has the code.
    pub fn has_code(&self, code: &str) -> bool {
        self.code == code || self.details.iter().any(|detail| detail.has_code(code))
    }

    fn mentions(&self, text: &str) -> bool {
        self.message.contains(text) || self.details.iter().any(|detail| detail.mentions(text))
    }
}

/// Why a request did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The URL of the workspace cannot be used.
    #[error("`{url}` is not the URL of a server: {why}")]
    InvalidUrl {
        /// The URL.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// What should be shown to the server cannot be used.
    #[error("{why}")]
    Credentials {
        /// What is wrong.
        why: String,
    },
    /// No answer came.
    #[error("no server answers at {root}")]
    Unreachable {
        /// The server's root.
        root: String,
        /// What was asked.
        url: String,
        /// What happened to the connection.
        source: reqwest::Error,
    },
    /// The server refused, or the operation failed.
    #[error("{}", .problem.message)]
    Refused {
        /// HTTP status; `None` for an operation that failed after it was accepted.
        status: Option<u16>,
        /// The method of the request.
        method: String,
        /// The URL of the request.
        url: String,
        /// What the server said.
        problem: Box<Problem>,
    },
    /// Something answered, but not in the protocol.
    #[error("`{url}` answered {status}, and not as the Radius API does: {excerpt}")]
    Foreign {
        /// The URL of the request.
        url: String,
        /// HTTP status.
        status: u16,
        /// The start of the answer.
        excerpt: String,
    },
    /// An answer breaks the protocol.
    #[error("the server's answer cannot be followed: {what} ({url})")]
    Protocol {
        /// The URL of the request, or the link.
        url: String,
        /// What is wrong.
        what: String,
    },
}

impl Error {
    /// Returns the error of an answer with an error status.
    pub(super) fn refused(method: &Method, url: &Url, status: StatusCode, body: Json) -> Self {
        let problem = Problem::from_json(&body).unwrap_or_else(|| Problem {
            code: String::new(),
            message: format!("the server answered {status} to {method} {url}"),
            ..Problem::default()
        });
        Self::Refused {
            status: Some(status.as_u16()),
            method: method.to_string(),
            url: url.to_string(),
            problem: Box::new(problem),
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Credentials { .. } => "set `RADII_TOKEN`, `RADII_TOKEN_FILE` and `RADII_CA_FILE`, or unset them",
            // A host with a port and no scheme, or with the host for its scheme.
            Self::InvalidUrl { url, .. } if url.contains(':') && !url.contains("//") => {
                return Some(format!("write it like http://{url}"));
            }
            Self::InvalidUrl { .. } => "write it like http://127.0.0.1:8080",
            Self::Unreachable { .. } => {
                "start one with `rad serve`, or name another with `--url URL` or in the workspace"
            }
            Self::Foreign { .. } => {
                "is this the root URL of a Radii or Radius server? See `rad workspace show -o yaml`"
            }
            Self::Protocol { .. } => "run it again with `--verbose` to see every request",
            Self::Refused { problem, .. } => match problem_hint(problem) {
                Some(hint) => hint,
                None => return absent_hint(problem),
            },
        };
        Some(hint.to_owned())
    }
}

fn problem_hint(problem: &Problem) -> Option<&'static str> {
    let by_code = [
        ("RecipeNotFoundFailure", "`rad recipe register` adds one, `rad recipe list` shows those there are"),
        ("DriverNotFoundFailure", "register a recipe of a kind that the server has a driver for"),
        ("AuthenticationFailed", "set `RADII_TOKEN` or `RADII_TOKEN_FILE` to a token that the server knows"),
        ("PreconditionFailed", "somebody else changed it; look at it and repeat"),
    ];
    let by_text = [
        (
            "is not registered",
            "`rad resource-type create -f MANIFEST` registers types, `rad resource-type list` shows them",
        ),
        ("in progress state", "another change is running; wait for it and repeat"),
        ("resource group \"", "`rad group create NAME` makes a group, `rad group list` shows those there are"),
    ];
    by_code
        .iter()
        .find(|(code, _)| problem.has_code(code))
        .or_else(|| by_text.iter().find(|(text, _)| problem.mentions(text)))
        .map(|(_, hint)| *hint)
}

/// Names the command that lists what there is beside a thing that is absent.
fn absent_hint(problem: &Problem) -> Option<String> {
    if !problem.has_code("NotFound") {
        return None;
    }
    let id = problem.message.split('\'').find(|part| part.starts_with("/planes/"))?;
    let segments: Vec<&str> = id.trim_start_matches('/').split('/').collect();
    let at = |name: &str| segments.iter().position(|segment| segment.eq_ignore_ascii_case(name));
    match (at("providers"), at("resourcegroups")) {
        (Some(providers), _) => {
            let [namespace, kind, _] = segments.get(providers + 1..)? else { return None };
            Some(format!("`rad resource list {namespace}/{kind}` shows those there are"))
        }
        (None, Some(groups)) if groups + 2 == segments.len() => {
            Some("`rad group list` shows those there are".to_owned())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_envelope_inside_a_message_is_unfolded() {
        let body = json!({"error": {"code": "DeploymentFailed", "message": "failed", "details": [
            {"code": "BadRequest", "target": "/x",
             "message": "{\"error\": {\"code\": \"BadRequest\", \"message\": \"not registered\"}}"}]}});
        let problem = Problem::from_json(&body).unwrap();
        assert_eq!(problem.details[0].message, "not registered");
        assert_eq!(problem.details[0].target.as_deref(), Some("/x"));
    }

    #[test]
    fn a_body_without_envelope_is_no_problem_text() {
        assert_eq!(Problem::from_json(&json!({"value": []})), None);
        assert_eq!(Problem::from_json(&json!("no")), None);
    }
}
