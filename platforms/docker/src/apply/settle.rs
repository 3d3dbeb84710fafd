//! Waiting until a container works, or cannot.

use std::time::Duration;

use bollard::Docker;
use bollard::container::LogOutput;
use bollard::models::ContainerInspectResponse;
use bollard::query_parameters::LogsOptionsBuilder;
use futures_util::StreamExt;
use radii_runtime::Fault;
use radii_runtime::platform::{Health, Observed};
use tokio::time::{Instant, sleep};

use super::container::inspect;
use crate::document::{Container, Probe, Role};
use crate::engine::Engine;
use crate::observe::{Phase, endpoints, phase};
use crate::probe;

/// Pause between two looks at a container.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// So many looks in a row must show a new container without probe running: picked by gut feeling, long
/// enough for a program that ends at once because its settings are wrong.
const STEADY: u32 = 3;
/// So many restarts while waiting are a crash loop.
const CRASH_LOOP: i64 = 3;
/// Lines of the container's output that a failure shows.
const LOG_LINES: &str = "5";

/// When a container was started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// By this call.
    Now,
    /// It ran already.
    Before,
}

/// Waits until a container works, cannot, or `within` has passed.
pub async fn wait(
    engine: &Engine,
    client: &Docker,
    document: &Container,
    start: Start,
    within: Duration,
) -> Result<Observed, Fault> {
    let waiting = Waiting { engine, client, document, deadline: Instant::now() + within };
    let verdict = waiting.until_steady(start).await?;
    let observed = match verdict {
        Ok(inspected) => match waiting.until_healthy(start).await? {
            Ok(message) => {
                let inspected = inspect(engine, client, &document.name).await?.unwrap_or(inspected);
                return Ok(Observed { health: Health::Ready, message, endpoints: endpoints(&inspected) });
            }
            Err(message) => message,
        },
        Err(message) => message,
    };
    let message = match waiting.output().await {
        Some(lines) => format!("{observed}; it said: {lines}"),
        None => observed,
    };
    Ok(Observed { health: Health::Failed, message, endpoints: Default::default() })
}

struct Waiting<'a> {
    engine: &'a Engine,
    client: &'a Docker,
    document: &'a Container,
    deadline: Instant,
}

impl Waiting<'_> {
    /// Waits until the container runs and goes on running; the inner error says why it does not.
    async fn until_steady(&self, start: Start) -> Result<Result<ContainerInspectResponse, String>, Fault> {
        let name = &self.document.name;
        let needed = if start == Start::Before || self.document.readiness.is_some() { 1 } else { STEADY };
        let (mut steady, mut restarts_before, mut since) = (0, None, None);
        loop {
            let Some(found) = inspect(self.engine, self.client, name).await? else {
                return Ok(Err(format!("container `{name}` was removed by somebody else")));
            };
            let restarts = found.restart_count.unwrap_or_default();
            let before = *restarts_before.get_or_insert(if start == Start::Now { 0 } else { restarts });
            match (phase(&found), &self.document.role) {
                (Phase::Ended { code: 0 }, Role::Init) => return Ok(Ok(found)),
                (Phase::Ended { code: 0 }, _) if may_end(self.document) => return Ok(Ok(found)),
                (Phase::Ended { code }, _) if restart_policy(self.document) == "no" => {
                    return Ok(Err(format!("container `{name}` ended with code {code}")));
                }
                (Phase::Ended { code }, _) if restarts - before >= CRASH_LOOP => {
                    return Ok(Err(format!("container `{name}` keeps ending with code {code}")));
                }
                _ if restarts - before >= CRASH_LOOP => {
                    return Ok(Err(format!("container `{name}` keeps ending, {restarts} times so far")));
                }
                (Phase::Running { since: started }, role) if *role != Role::Init => {
                    steady = if since.as_ref() == Some(&started) { steady + 1 } else { 1 };
                    since = Some(started);
                    if steady >= needed {
                        return Ok(Ok(found));
                    }
                }
                _ => steady = 0,
            }
            if !self.pause(LOOK_EVERY).await {
                return Ok(Err(format!("container `{name}` did not settle in time")));
            }
        }
    }

    /// Asks the probes; the inner error says what they found.
    async fn until_healthy(&self, start: Start) -> Result<Result<String, String>, Fault> {
        let mut message = match self.document.role {
            Role::Init => "ended with 0".to_owned(),
            _ => "running".to_owned(),
        };
        if let Some(readiness) = &self.document.readiness {
            if let Err(problem) = self.ask(readiness, start, None).await? {
                return Ok(Err(format!("container `{}` is not ready: {problem}", self.document.name)));
            }
            "ready".clone_into(&mut message);
        }
        if let Some(liveness) = &self.document.liveness {
            if let Err(problem) = self.ask(liveness, start, Some(liveness.failure_threshold.max(1))).await? {
                return Ok(Err(format!("container `{}` is not alive: {problem}", self.document.name)));
            }
            message.push_str("; liveness was checked once, the engine does not go on checking it");
        }
        Ok(Ok(message))
    }

    /// Asks one probe until it is content, the container ends, `failures` in a row were counted, or time is up.
    async fn ask(&self, probe: &Probe, start: Start, failures: Option<u32>) -> Result<Result<(), String>, Fault> {
        if start == Start::Now && !self.pause(seconds(probe.initial_delay_seconds)).await {
            return Ok(Err("the time was up before its first probe".to_owned()));
        }
        let period = seconds(probe.period_seconds).max(LOOK_EVERY);
        // The first ones follow each other quickly, so that a quick start is seen quickly.
        let mut pause = LOOK_EVERY.min(period);
        let mut failed = 0;
        loop {
            let Some(found) = inspect(self.engine, self.client, &self.document.name).await? else {
                return Ok(Err("it was removed by somebody else".to_owned()));
            };
            let restarts = found.restart_count.unwrap_or_default();
            let problem = match phase(&found) {
                Phase::Ended { code: 0 } if may_end(self.document) => return Ok(Ok(())),
                Phase::Ended { code } if restart_policy(self.document) == "no" || restarts >= CRASH_LOOP => {
                    return Ok(Err(format!("it ended with code {code}")));
                }
                Phase::Running { .. } => match probe::ask(self.client, &found, probe).await {
                    Ok(()) => return Ok(Ok(())),
                    Err(problem) => problem,
                },
                _ => "it does not run".to_owned(),
            };
            failed += 1;
            if failures.is_some_and(|limit| failed >= limit) || !self.pause(pause).await {
                return Ok(Err(problem));
            }
            pause = (pause * 2).min(period);
        }
    }

    /// Waits; `false` when the deadline has come.
    async fn pause(&self, pause: Duration) -> bool {
        let left = self.deadline.saturating_duration_since(Instant::now());
        sleep(pause.min(left)).await;
        Instant::now() < self.deadline
    }

    /// Returns the last lines that the container wrote, without its secrets.
    async fn output(&self) -> Option<String> {
        let options = LogsOptionsBuilder::default().stdout(true).stderr(true).tail(LOG_LINES).build();
        let mut stream = self.client.logs(&self.document.name, Some(options));
        let mut text = String::new();
        while let Some(Ok(chunk)) = stream.next().await {
            let (LogOutput::StdErr { message }
            | LogOutput::StdOut { message }
            | LogOutput::StdIn { message }
            | LogOutput::Console { message }) = chunk;
            text.push_str(&String::from_utf8_lossy(&message));
        }
        let text = without_secrets(text.trim(), self.document);
        (!text.is_empty()).then_some(text)
    }
}

/// Whether ending with 0 is success.
pub fn may_end(document: &Container) -> bool {
    restart_policy(document) != "always"
}

fn restart_policy(document: &Container) -> &str {
    document.create.get("HostConfig").and_then(|host| host.get("RestartPolicy")?.get("Name")?.as_str()).unwrap_or("no")
}

fn seconds(number: f64) -> Duration {
    Duration::from_secs_f64(number.clamp(0.0, 86_400.0))
}

/// Replaces the values of secret variables.
fn without_secrets(text: &str, document: &Container) -> String {
    let secrets = document.secret_env.values().map(String::as_str).filter(|value| !value.is_empty());
    secrets.fold(text.to_owned(), |text, secret| text.replace(secret, "***"))
}
