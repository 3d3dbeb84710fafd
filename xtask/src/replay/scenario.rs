//! Recorded scenarios: what was asked, and what the upstream control plane answered.

use anyhow::Context;
use camino::Utf8Path;
use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::forwarded::Forwarded;

/// One file of recordings.
#[derive(Debug, Deserialize)]
pub struct Scenario {
    /// Number and name, such as `140-generic-crud`.
    pub scenario: String,
    /// The exchanges, in order.
    pub steps: Vec<Step>,
    /// Terraform modules by name: file → text.
    #[serde(default)]
    pub modules: Map<String, Json>,
}

/// One exchange.
#[derive(Clone, Debug, Deserialize)]
pub struct Step {
    /// What the recorder called it.
    pub name: String,
    /// Whether it polls an operation.
    #[serde(default)]
    pub poll: bool,
    /// Whether it was sent at once with its neighbour.
    #[serde(default)]
    pub parallel: bool,
    /// What was asked.
    #[serde(default)]
    pub request: Request,
    /// What was answered.
    #[serde(default)]
    pub response: Response,
    /// What arrived at the recorder's own service meanwhile.
    #[serde(default)]
    pub forwarded: Vec<Forwarded>,
    /// What was done to the surroundings instead.
    #[serde(default)]
    pub cluster: Option<Json>,
    /// The Kubernetes objects after the step.
    #[serde(default)]
    pub objects: Option<Vec<Json>>,
    /// What was given to Terraform during the step.
    #[serde(default)]
    pub terraform: Vec<Json>,
}

/// A recorded request.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Request {
    /// The method.
    pub method: String,
    /// Path and query, with placeholders.
    pub path: String,
    /// The headers that matter.
    pub headers: Map<String, Json>,
    /// JSON, raw text, or nothing.
    pub body: Json,
}

/// A recorded answer.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
pub struct Response {
    /// Status; 0 when the connection was closed without an answer.
    pub status: u16,
    /// All headers but a few volatile ones.
    pub headers: Map<String, Json>,
    /// JSON, raw text, or nothing.
    pub body: Json,
}

impl Response {
    /// Whether a header was recorded.
    pub fn has_header(&self, name: &str) -> bool {
        self.headers.keys().any(|known| known.eq_ignore_ascii_case(name))
    }
}

impl Scenario {
    /// Reads one file.
    pub fn read(path: &Utf8Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read scenario `{path}`"))?;
        let mut scenario: Self = serde_json::from_str(&text).with_context(|| format!("`{path}` is not a scenario"))?;
        // The number stands in the file's name only.
        scenario.scenario = path.file_stem().unwrap_or_default().to_owned();
        Ok(scenario)
    }

    /// Whether a process is killed in it, or the cluster is down for a while.
    pub fn has_outage(&self) -> bool {
        let actions = self.steps.iter().filter_map(|step| step.cluster.as_ref()?["action"].as_str());
        actions.into_iter().any(|action| matches!(action, "kill" | "stopApiServer"))
    }

    /// The number that ranges are made of.
    pub fn number(&self) -> u32 {
        let digits: String = self.scenario.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().unwrap_or(0)
    }

    /// Returns the recorded end of the operation that `step` began.
    pub fn operation_end(&self, step: &Step) -> Option<&Json> {
        let placeholder = step.operation()?;
        let polls = self.steps.iter().filter(|other| other.poll && other.request.path.contains(&placeholder));
        polls.map(|poll| &poll.response.body).rfind(|body| body.get("status").is_some())
    }
}

impl Step {
    /// The `{uuid:n}` of the operation that the step began.
    pub fn operation(&self) -> Option<String> {
        let header =
            self.response.headers.get("Azure-AsyncOperation").or_else(|| self.response.headers.get("Location"))?;
        let text = header.as_str()?;
        let start = text.find("{uuid:")?;
        let end = start + text[start..].find('}')?;
        Some(text[start..=end].to_owned())
    }

    /// Whether the recorder marked it as a poll that may be missing in another run.
    pub fn is_first_poll(&self) -> bool {
        self.poll && self.name.ends_with("(first poll)")
    }

    /// Whether the answer, or what Terraform was given, names a resource by its lower-cased id.
    pub fn mentions(&self, id: &str) -> bool {
        let calls = self.terraform.iter().map(Json::to_string);
        calls.chain([self.response.body.to_string()]).any(|text| text.to_ascii_lowercase().contains(id))
    }

    /// Whether it looks at the cluster as well.
    pub fn is_about_cluster(&self) -> bool {
        self.cluster.is_some() || self.objects.is_some()
    }

    /// Whether the recorder waited for the operation without recording its polls.
    pub fn is_awaited(&self) -> bool {
        self.name.starts_with("register") && matches!(self.response.status, 201 | 202)
    }

    /// The path without the query, lower-cased: what identifies a resource.
    pub fn resource(&self) -> String {
        self.request.path.split('?').next().unwrap_or_default().to_ascii_lowercase()
    }
}
