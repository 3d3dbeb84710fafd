//! What a deployment is doing, line by line: a tree, with modules around what they deploy.

use std::collections::BTreeMap;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget};
use serde_json::Value as Json;

use super::name_and_type;
use super::run::API_VERSION;
use crate::client::Client;
use crate::output::{Output, stderr_is_terminal, text};

/// Deepest module that is looked into.
const DEPTH: usize = 16;

/// What was already said about each resource.
pub struct Progress {
    bar: ProgressBar,
    output: Output,
    said: BTreeMap<String, &'static str>,
}

impl Progress {
    /// Begins to report; the last line moves on a terminal only.
    pub fn new(output: Output) -> Self {
        let moving = stderr_is_terminal() && !output.quiet;
        let bar = if moving { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
        if moving {
            bar.set_draw_target(ProgressDrawTarget::stderr());
            bar.set_message("Deployment in progress...");
            bar.enable_steady_tick(Duration::from_millis(100));
        }
        Self { bar, output, said: BTreeMap::new() }
    }

    /// Says what changed; that it cannot be asked is no failure of the deployment.
    pub async fn look(&mut self, client: &Client, path: &str) {
        let mut waiting = vec![(path.to_owned(), 0)];
        while let Some((path, depth)) = waiting.pop() {
            let Ok(operations) = client.list(&format!("{path}/operations"), API_VERSION).await else { continue };
            for operation in &operations {
                let id = text(operation, "/properties/targetResource/id");
                if id.is_empty() {
                    continue;
                }
                let (_, kind) = name_and_type(id);
                let is_module = kind.eq_ignore_ascii_case("Microsoft.Resources/deployments");
                if is_module && depth < DEPTH && self.said.get(id) != Some(&"Completed") {
                    waiting.push((id.to_owned(), depth + 1));
                }
                self.say(operation, id, depth);
            }
        }
    }

    fn say(&mut self, operation: &Json, id: &str, depth: usize) {
        let state = match text(operation, "/properties/provisioningState").to_ascii_lowercase().as_str() {
            "succeeded" => "Completed",
            "failed" => "Failed",
            "canceled" | "cancelled" => "Canceled",
            _ => "In progress",
        };
        if self.said.insert(id.to_owned(), state) == Some(state) {
            return;
        }
        let (name, kind) = name_and_type(id);
        let indent = "  ".repeat(depth);
        let took = match state {
            "Completed" | "Failed" => seconds(text(operation, "/properties/duration")),
            _ => String::new(),
        };
        let line = format!("{state:<12} {indent}{name:<20} {kind}{took}");
        self.bar.suspend(|| self.output.note(&line));
    }

    /// Removes the line that moves.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// Returns ` (1.5s)` for `PT1.5S`; nothing for what is no such time.
fn seconds(duration: &str) -> String {
    let number = duration.strip_prefix("PT").and_then(|rest| rest.strip_suffix('S')).and_then(|text| text.parse().ok());
    number.map_or_else(String::new, |seconds: f64| format!(" ({seconds:.1}s)"))
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn durations_are_shown_in_seconds() {
        assert_eq!(seconds("PT1.25S"), " (1.2s)");
        assert_eq!(seconds("PT90S"), " (90.0s)");
        assert_eq!(seconds(""), "");
    }
}
