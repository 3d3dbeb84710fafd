//! Waiting for long-running operations (Radius HTTP contract, part 3).

use std::time::Duration;

use reqwest::{Method, StatusCode, Url};
use serde_json::Value as Json;

use super::{Answer, Client, Error, Problem};

/// The first look comes at once: most operations are done by then.
const FIRST_LOOK: Duration = Duration::from_millis(20);
/// Between looks when the server does not say how long to wait.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// How far an operation is.
enum Progress {
    Running,
    Done,
}

/// What became of the operation that an answer began.
pub(super) enum Ended {
    /// The answer began none: it is the result.
    Already,
    /// It ended; the result is at the resource's own address.
    Unseen,
    /// It ended with this resource.
    With(Json),
}

/// Where an operation can be watched.
enum Watch {
    /// A status document with `status` and `error`.
    Status(Url),
    /// 202 while it runs.
    Location(Url),
    /// The resource's own `provisioningState`.
    Resource(Url),
}

impl Client {
    /// Waits until the operation that an answer began has ended.
    ///
    /// # Errors
    /// The operation's own error when it failed or was cancelled.
    pub(super) async fn finish(&self, answer: &Answer, method: &Method, url: &Url) -> Result<Ended, Error> {
        let Some(watch) = self.watch(answer, method, url)? else { return Ok(Ended::Already) };
        self.follow_to_the_end(&watch, answer.retry_after(), method, url).await
    }

    /// Waits until the operation with this status document has ended.
    ///
    /// # Errors
    /// The operation's own error when it failed or was cancelled.
    pub async fn wait(&self, status: &str, api_version: &str) -> Result<(), Error> {
        let url = self.url(status, api_version);
        self.follow_to_the_end(&Watch::Status(url.clone()), None, &Method::GET, &url).await.map(drop)
    }

    async fn follow_to_the_end(
        &self,
        watch: &Watch,
        mut advised: Option<Duration>,
        method: &Method,
        url: &Url,
    ) -> Result<Ended, Error> {
        let mut wait = FIRST_LOOK;
        loop {
            // The server's advice is a ceiling, approached step by step: short work should feel short.
            tokio::time::sleep(wait.min(advised.unwrap_or(LONGEST_WAIT))).await;
            wait = (wait * 2).min(super::LONGEST_PAUSE);
            let (progress, answer) = self.look(watch, method, url).await?;
            if matches!(progress, Progress::Done) {
                let tells_the_result = !matches!(watch, Watch::Status(_)) && answer.body.get("properties").is_some();
                return Ok(if tells_the_result { Ended::With(answer.body) } else { Ended::Unseen });
            }
            advised = answer.retry_after();
        }
    }

    fn watch(&self, answer: &Answer, method: &Method, url: &Url) -> Result<Option<Watch>, Error> {
        if let Some(link) = answer.header("azure-asyncoperation") {
            return Ok(Some(Watch::Status(self.localize(link)?)));
        }
        if let Some(link) = answer.header("location")
            && answer.status == StatusCode::ACCEPTED
        {
            return Ok(Some(Watch::Location(self.localize(link)?)));
        }
        let state = provisioning_state(&answer.body);
        if method == Method::PUT && is_failure(state) {
            return Err(failed(method, url, &answer.body, state));
        }
        if method == Method::PUT && !is_terminal(state) {
            return Ok(Some(Watch::Resource(url.clone())));
        }
        if answer.status == StatusCode::ACCEPTED {
            return Err(Error::Protocol {
                url: url.to_string(),
                what: "an operation was accepted, and nothing says where to watch it".to_owned(),
            });
        }
        Ok(None)
    }

    async fn look(&self, watch: &Watch, method: &Method, url: &Url) -> Result<(Progress, Answer), Error> {
        let at = match watch {
            Watch::Status(at) | Watch::Location(at) | Watch::Resource(at) => at,
        };
        let answer = self.send(Method::GET, at, None).await?;
        let answer = self.accepted(answer, &Method::GET, at)?;
        let state = match watch {
            Watch::Location(_) if answer.status == StatusCode::ACCEPTED => return Ok((Progress::Running, answer)),
            Watch::Location(_) => return Ok((Progress::Done, answer)),
            Watch::Status(_) => answer.body.get("status").and_then(Json::as_str).unwrap_or_default(),
            Watch::Resource(_) => provisioning_state(&answer.body),
        };
        match state {
            _ if is_failure(state) => Err(failed(method, url, &answer.body, state)),
            _ if is_terminal(state) => Ok((Progress::Done, answer)),
            _ => Ok((Progress::Running, answer)),
        }
    }
}

fn provisioning_state(body: &Json) -> &str {
    body.pointer("/properties/provisioningState").and_then(Json::as_str).unwrap_or_default()
}

fn is_terminal(state: &str) -> bool {
    is_failure(state) || ["", "succeeded"].iter().any(|end| state.eq_ignore_ascii_case(end))
}

fn is_failure(state: &str) -> bool {
    ["failed", "canceled", "cancelled"].iter().any(|end| state.eq_ignore_ascii_case(end))
}

fn failed(method: &Method, url: &Url, body: &Json, state: &str) -> Error {
    let error = body.get("error").or_else(|| body.pointer("/properties/error"));
    let problem = error.and_then(Problem::from_json).unwrap_or_else(|| Problem {
        code: state.to_owned(),
        message: format!("the operation ended as {state}, and the server does not say why"),
        ..Problem::default()
    });
    Error::Refused { status: None, method: method.to_string(), url: url.to_string(), problem: Box::new(problem) }
}
