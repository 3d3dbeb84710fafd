//! What Terraform says while it works, as JSON lines: progress for the log, diagnostics for the error.

use radii_runtime::recipe::struck_out;
use serde_json::Value as Json;

/// Most diagnostics that are kept.
const LIMIT: usize = 50;
/// Longest text of one diagnostic.
const TEXT_LIMIT: usize = 8 * 1024;
/// The width at which Terraform breaks its lines.
const WIDTH: usize = 78;

/// What one command said.
#[derive(Default)]
pub struct Report {
    /// Secrets that are neither logged nor kept.
    hidden: Vec<String>,
    errors: Vec<String>,
    /// Whether anything began to be changed.
    pub changing: bool,
    /// Planned changes, as `{action, address}`.
    pub changes: Vec<Json>,
}

impl Report {
    /// Returns an empty report of a program that was told these secrets.
    pub fn hiding(hidden: &[String]) -> Self {
        Self { hidden: hidden.to_vec(), ..Self::default() }
    }

    /// Reads one line of output.
    pub fn read(&mut self, line: &str, resource: &str) {
        let Ok(mut event) = serde_json::from_str::<Json>(line) else { return };
        // Before the text is broken into lines, which would break the secrets in it, too.
        if !self.hidden.is_empty() {
            strike(&mut event, &self.hidden);
        }
        let said = event["@message"].as_str().unwrap_or_default();
        match event["type"].as_str().unwrap_or_default() {
            "diagnostic" => {
                let diagnostic = &event["diagnostic"];
                if diagnostic["severity"] == "error" && self.errors.len() < LIMIT {
                    self.errors.push(text(diagnostic));
                }
            }
            "apply_start" => {
                self.changing = true;
                tracing::info!("Terraform for `{resource}`: {said}");
            }
            "apply_progress" | "apply_complete" | "apply_errored" | "change_summary" => {
                tracing::info!("Terraform for `{resource}`: {said}");
            }
            "planned_change" => {
                let change = &event["change"];
                let (action, address) = (change["action"].clone(), change["resource"]["addr"].clone());
                self.changes.push(serde_json::json!({ "action": action, "address": address }));
                tracing::debug!("Terraform for `{resource}`: {said}");
            }
            _ => tracing::debug!("Terraform for `{resource}`: {said}"),
        }
    }

    /// Returns the errors as Terraform prints them.
    pub fn errors(&self) -> String {
        self.errors.concat()
    }
}

/// Strikes secrets out of every text of an event.
fn strike(event: &mut Json, hidden: &[String]) {
    match event {
        Json::String(text) => *text = struck_out(text, hidden),
        Json::Array(items) => items.iter_mut().for_each(|item| strike(item, hidden)),
        Json::Object(fields) => fields.values_mut().for_each(|field| strike(field, hidden)),
        _ => {}
    }
}

/// Writes a diagnostic as Terraform does on a terminal without colours.
fn text(diagnostic: &Json) -> String {
    let field = |name: &str| diagnostic[name].as_str().unwrap_or_default();
    let mut text = format!("\nError: {}\n", field("summary"));
    let range = &diagnostic["range"];
    let mut place = String::new();
    if !field("address").is_empty() {
        place.push_str(&format!("  with {},\n", field("address")));
    }
    if let (Some(file), Some(line)) = (range["filename"].as_str(), range["start"]["line"].as_u64()) {
        let snippet = &diagnostic["snippet"];
        let context = snippet["context"].as_str().map(|context| format!(", in {context}")).unwrap_or_default();
        place.push_str(&format!("  on {file} line {line}{context}:\n"));
        let first = snippet["start_line"].as_u64().unwrap_or(line);
        for (at, code) in snippet["code"].as_str().unwrap_or_default().lines().enumerate() {
            place.push_str(&format!("{:>4}: {code}\n", first + at as u64));
        }
        place.push_str(&values(snippet));
    }
    if !place.is_empty() {
        text.push_str(&format!("\n{place}"));
    }
    if !field("detail").is_empty() {
        text.push_str(&format!("\n{}\n", wrapped(field("detail"))));
    }
    if text.len() > TEXT_LIMIT {
        let end = (0..=TEXT_LIMIT).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(end);
        text.push_str("…\n");
    }
    text
}

/// The values of the expressions in a snippet; Terraform leaves sensitive ones out by itself.
fn values(snippet: &Json) -> String {
    let entries = snippet["values"].as_array().map(Vec::as_slice).unwrap_or_default();
    if entries.is_empty() {
        return String::new();
    }
    let mut text = format!("    ├{}\n", "─".repeat(16));
    for entry in entries {
        let field = |name: &str| entry[name].as_str().unwrap_or_default();
        text.push_str(&format!("    │ {} {}\n", field("traversal"), field("statement")));
    }
    text
}

/// Breaks the lines of running text; indented ones are left alone.
fn wrapped(text: &str) -> String {
    let mut lines = Vec::new();
    for line in text.split('\n') {
        if line.starts_with([' ', '\t']) {
            lines.push(line.to_owned());
            continue;
        }
        let mut current = String::new();
        for word in line.split(' ') {
            let is_long = current.chars().count() + 1 + word.chars().count() > WIDTH;
            if is_long && !current.is_empty() {
                lines.push(std::mem::take(&mut current));
            } else if !current.is_empty() {
                current.push(' ');
            }
            current.push_str(word);
        }
        lines.push(current);
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_diagnostic_reads_as_terraform_prints_it() {
        let line = json!({ "@message": "Error: x", "type": "diagnostic", "diagnostic": {
            "severity": "error", "summary": "Resource precondition failed", "detail": "asked to fail",
            "range": { "filename": ".terraform/modules/fail/main.tf", "start": { "line": 7 } },
            "snippet": { "context": "resource \"terraform_data\" \"r\"", "code": "      condition     = var.x == \"never\"",
                "start_line": 7, "values": [{ "traversal": "var.x", "statement": "is \"fail\"" }] } } });
        let mut report = Report::default();
        report.read(&line.to_string(), "db");
        let expected = "\nError: Resource precondition failed\n\n  on .terraform/modules/fail/main.tf line 7, in resource \
                        \"terraform_data\" \"r\":\n   7:       condition     = var.x == \"never\"\n    ├────────────────\n    \
                        │ var.x is \"fail\"\n\nasked to fail\n";
        assert_eq!(report.errors(), expected);
    }

    #[test]
    fn a_secret_that_would_be_broken_into_lines_is_struck_out_first() {
        let secret = "correct horse ".repeat(8);
        let detail = format!("it was {secret} all the time");
        let line =
            json!({ "type": "diagnostic", "diagnostic": { "severity": "error", "summary": "s", "detail": detail } });
        let mut report = Report::hiding(&[secret]);
        report.read(&line.to_string(), "db");
        assert_eq!(report.errors(), "\nError: s\n\nit was (sensitive value) all the time\n");
    }

    #[test]
    fn long_details_are_broken_and_floods_are_cut() {
        let long = "word ".repeat(40);
        assert!(wrapped(&long).lines().all(|line| line.len() <= WIDTH));
        let mut report = Report::default();
        let line = json!({ "type": "diagnostic", "diagnostic": { "severity": "error", "summary": "s", "detail": "é".repeat(100_000) } });
        for _ in 0..1_000 {
            report.read(&line.to_string(), "db");
        }
        assert!(report.errors().len() <= LIMIT * (TEXT_LIMIT + 8));
        report.read("not json", "db");
    }
}
