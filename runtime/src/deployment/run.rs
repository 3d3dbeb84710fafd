//! One step of a deployment: look at what runs, begin what can be begun, and stop when nothing moves.

use std::time::Duration;

use radii_model::{ApiVersion, ResourceId};
use serde_json::{Map, Value as Json, json};

use super::admit::{self, INVALID_TEMPLATE};
use super::cluster;
use super::expression::{Need, Phase, Scope, Stop};
use super::functions::{Surroundings, guid};
use super::known::{Deployed, Known};
use super::outer;
use super::parameters::Nothing;
use super::plan::{self, Node, Plan, evaluator};
use super::progress::{Progress, Status, Task};
use super::template::{Provider, Resource, Template};
use crate::access::Right;
use crate::fault::code;
use crate::host::{Answer, Host, Preconditions, Put, Step, Work};
use crate::imperative::{self, Change, RESOURCE_FAILED, note};
use crate::recipe::Journal;
use crate::store::{OperationId, Record, State, Verb};
use crate::{Fault, Timestamp};

/// Most resources of one deployment that are in progress at once.
const PARALLEL: usize = 16;
/// How long a resource that somebody else changes, or a store that fails, is waited for.
const PATIENCE: Duration = Duration::from_secs(5 * 60);
/// Most resources and secrets that one expression may ask for.
const NEEDS: usize = 1_000;

/// Goes on with a deployment as far as possible without waiting.
///
/// Safe to repeat: the operation of a resource has an id that follows from the deployment's. One that was begun before
/// a crash, and not recorded, is found under it; and a worker that lost its lease cannot begin a second one.
pub(super) async fn step(work: &Work<'_>, record: &mut Record) -> Result<Step, Fault> {
    let host = work.host;
    let Some(progress) = Progress::load(record) else {
        return Err(Fault::internal(format!("the deployment `{}` has lost its template", record.id)));
    };
    let mut run = Run::resume(work, record, progress)?;
    loop {
        let seen = run.watch().await?;
        let begun = run.begin().await?;
        if seen + begun == 0 {
            break;
        }
    }
    let ended = run.plan.nodes.iter().all(|node| run.status(node).is_some_and(Status::is_terminal));
    if !ended {
        let pause = run.pause();
        run.progress.save(record);
        return Ok(Step::Later(pause));
    }
    let result = super::result::of(&mut run).await;
    super::result::show(record, run.progress, host.parts.clock.now(), result)
}

/// A deployment between two steps.
pub(super) struct Run<'a> {
    pub host: &'a Host,
    /// The operation that deploys; operations of resources are named after it.
    operation: OperationId,
    /// Whether any active node depends on a node.
    wanted: Vec<bool>,
    pub template: Template,
    pub surroundings: Surroundings,
    pub plan: Plan,
    pub progress: Progress,
    known: Known,
    /// Where objects of a cluster are written down first.
    journal: &'a dyn Journal,
}

impl<'a> Run<'a> {
    fn resume(work: &Work<'a>, record: &Record, progress: Progress) -> Result<Self, Fault> {
        let surroundings = admit::surroundings(&record.id, &progress.providers, progress.started)?;
        let template = Template::parse(&progress.template, "").map_err(|problems| admit::invalid(&problems))?;
        let scope = Scope::new(&template, &progress.parameters, Phase::Start, &Nothing, &surroundings);
        let plan = plan::plan(&scope).map_err(|problems| admit::invalid(&problems))?;
        let wanted = plan.wanted();
        let (host, operation, journal) = (work.host, work.operation, work.journal);
        let known = Known::default();
        Ok(Self { host, operation, template, surroundings, plan, wanted, progress, known, journal })
    }

    fn now(&self) -> Timestamp {
        self.host.parts.clock.now()
    }

    fn status(&self, node: &Node) -> Option<Status> {
        self.progress.nodes.get(&node.symbol).map(|task| task.status)
    }

    /// Looks at resources in progress; returns how many have ended.
    async fn watch(&mut self) -> Result<usize, Fault> {
        let running = self.progress.nodes.iter().filter(|(_, task)| task.status == Status::Running);
        let running: Vec<_> = running.map(|(symbol, task)| (symbol.clone(), task.clone())).collect();
        let mut ended = 0;
        for (symbol, task) in running {
            let Some(outcome) = self.outcome(&task).await? else { continue };
            let (status, error) = match outcome {
                Ok(()) => (Status::Succeeded, None),
                Err(Failure::Accepted(fault)) => (Status::Failed, Some(in_resource(&task, fault))),
                Err(Failure::Told(fault)) => (Status::Failed, Some(fault)),
                Err(Failure::Refused(fault)) => {
                    self.progress.nodes[&symbol].operation = None;
                    (Status::Failed, Some(fault))
                }
            };
            self.known.forget(&task.id);
            self.progress.finish(&symbol, status, error, self.now());
            ended += 1;
        }
        Ok(ended)
    }

    /// Returns how the operation on a resource ended, if it has.
    async fn outcome(&self, task: &Task) -> Result<Option<Result<(), Failure>>, Fault> {
        let lost = || Fault::internal(format!("the operation on `{}` is not recorded any more", task.id));
        let operation = match task.operation {
            Some(operation) => self.host.parts.store.find_operation(operation).await?,
            None => None,
        };
        let Some(operation) = operation else { return Ok(Some(Err(Failure::Accepted(lost())))) };
        let is_elsewhere = note::is_notes_id(&operation.resource);
        Ok(match operation.state {
            State::Succeeded => Some(Ok(())),
            State::Failed | State::Canceled => {
                let fault = operation.error.unwrap_or_else(lost);
                Some(Err(match is_elsewhere {
                    false => Failure::Accepted(fault),
                    // A fault of our own: what became of the resource is not known.
                    true if fault.code == code::INTERNAL => Failure::Accepted(fault),
                    true if fault.code == RESOURCE_FAILED => Failure::Told(fault),
                    true => Failure::Refused(fault),
                }))
            }
            _ => None,
        })
    }

    /// Begins every resource whose dependencies are done; returns how many ended at once.
    async fn begin(&mut self) -> Result<usize, Fault> {
        let mut moved = 0;
        let mut room = PARALLEL.saturating_sub(self.running());
        for at in 0..self.plan.nodes.len() {
            let node = &self.plan.nodes[at];
            if !matches!(self.status(node), None | Some(Status::Blocked)) {
                continue;
            }
            let mut ready = true;
            let mut failed = false;
            for dependency in &node.dependencies {
                let status = self.status(&self.plan.nodes[*dependency]);
                failed |= matches!(status, Some(Status::Failed | Status::Canceled));
                ready &= status.is_some_and(Status::is_terminal);
            }
            if !failed && node.active && !ready {
                continue;
            }
            let node = node.clone();
            if !node.active || (self.is_idle(at) && self.look(&node).await.is_err()) {
                self.note(&node, Status::Skipped);
                moved += 1;
            } else if failed {
                self.note(&node, Status::Canceled);
                moved += 1;
            } else if room > 0 {
                match self.start(&node).await? {
                    true => moved += 1,
                    false => room -= 1,
                }
            }
        }
        Ok(moved)
    }

    fn running(&self) -> usize {
        self.progress.nodes.values().filter(|task| task.status == Status::Running).count()
    }

    /// Writes down what is about to happen to a resource.
    fn note(&mut self, node: &Node, status: Status) {
        let now = self.now();
        let existing = self.template.resources[node.resource].existing;
        let ended = status.is_terminal().then_some(now);
        let task = self.progress.nodes.entry(node.symbol.clone()).or_insert_with(|| Task {
            id: node.id.clone(),
            status,
            operation: None,
            started: now,
            ended: None,
            error: None,
            existing,
        });
        (task.status, task.ended) = (status, ended);
    }

    /// Puts a resource, or reads an existing one; returns whether that has ended already.
    async fn start(&mut self, node: &Node) -> Result<bool, Fault> {
        let resource = self.template.resources[node.resource].clone();
        self.note(node, Status::Running);
        let result =
            if resource.existing { self.read(node).await.map(|()| None) } else { self.put(node, &resource).await };
        let now = self.now();
        let since = self.progress.nodes[&node.symbol].started;
        match result {
            Ok(Some(operation)) => {
                self.progress.nodes[&node.symbol].operation = Some(operation);
                return Ok(false);
            }
            Ok(None) => self.progress.finish(&node.symbol, Status::Succeeded, None, now),
            Err(fault) if is_passing(&fault) && now < since.after(PATIENCE) => {
                self.note(node, Status::Blocked);
                return Ok(false);
            }
            Err(fault) => self.progress.finish(&node.symbol, Status::Failed, Some(fault), now),
        }
        Ok(true)
    }

    /// Whether a resource is only mentioned: absent or not, it changes nothing.
    fn is_idle(&self, at: usize) -> bool {
        let node = &self.plan.nodes[at];
        self.template.resources[node.resource].existing && !self.wanted[at]
    }

    /// Looks whether an existing resource is there.
    async fn read(&mut self, node: &Node) -> Result<(), Fault> {
        if !cluster::is_object(&node.id) {
            return self.look(node).await.map(drop);
        }
        let right = cluster::right_to_read(&node.id);
        cluster::authorize(self.host, &node.id, right, self.progress.granted.as_deref())?;
        let object = cluster::read(self.host, &node.id).await?;
        self.known.learn(&node.id, object);
        Ok(())
    }

    /// Reads a resource through the version that the template speaks of it in.
    async fn look(&self, node: &Node) -> Result<Json, Fault> {
        let version = self.template.resources[node.resource].api_version.parse().ok();
        self.host.look(&node.id, version.as_ref()).await
    }

    /// Applies an object of a cluster.
    async fn apply(&mut self, node: &Node, resource: &Resource) -> Result<(), Fault> {
        cluster::authorize(self.host, &node.id, Right::Write, self.progress.granted.as_deref())?;
        let source = resource.body();
        let turn = node.turn.clone();
        let value = self.evaluate(&resource.place, |scope| evaluator(scope, turn.as_ref()).value(&source)).await?;
        let body = value.as_object().cloned().unwrap_or_default();
        let object = cluster::object(self.host, &node.id, &resource.api_version, &body)?;
        let applied = cluster::apply(self.host, self.journal, &object).await?;
        self.known.learn(&node.id, applied);
        Ok(())
    }

    async fn put(&mut self, node: &Node, resource: &Resource) -> Result<Option<OperationId>, Fault> {
        if resource.provider == Provider::Kubernetes {
            return self.apply(node, resource).await.map(|()| None);
        }
        let operation = self.operation_of(node);
        if let Some(begun) = self.host.parts.store.find_operation(operation).await? {
            return Ok(Some(begun.id));
        }
        let body = self.body(node, resource).await?;
        let version = &resource.api_version;
        let api_version =
            version.parse().map_err(|error| Fault::bad_request(format!("{}: {error}", resource.place)))?;
        self.known.forget(&node.id);
        if self.host.address_of(&node.id).is_some() {
            let (id, api_version) = (node.id.clone(), version.clone());
            let change = Change { id, api_version, verb: Verb::Put, body };
            return imperative::begin(self.host, &change, operation).await.map(Some);
        }
        let request = Put { id: node.id.clone(), api_version, body, preconditions: Preconditions::default() };
        match self.host.granting(self.progress.granted.as_deref()).put_once(request, operation).await? {
            Answer::Accepted { operation, .. } => Ok(Some(operation)),
            Answer::Done(_) | Answer::Absent => Ok(None),
        }
    }

    /// Returns the id of the operation that deploys a resource: the same for every attempt.
    fn operation_of(&self, node: &Node) -> OperationId {
        let text = guid(&[self.operation.to_string(), node.symbol.clone()]);
        text.parse().expect("`guid` writes a UUID")
    }

    /// Evaluates what is sent.
    async fn body(&mut self, node: &Node, resource: &Resource) -> Result<Map<String, Json>, Fault> {
        let source = resource.body();
        let turn = node.turn.clone();
        let value = self.evaluate(&resource.place, |scope| evaluator(scope, turn.as_ref()).value(&source)).await?;
        let Json::Object(mut body) = value else { return Ok(Map::new()) };
        // Bicep files leave the location out; some types demand one, and there is only this.
        body.entry("location").or_insert_with(|| "global".into());
        if resource.provider == Provider::Deployments {
            let nested = resource.nested().cloned().unwrap_or(Json::Null);
            let template = match resource.is_inner() {
                true => nested,
                false => {
                    let place = format!("{}.properties.template", resource.place);
                    let turn = node.turn.as_ref();
                    self.evaluate(&place, |scope| outer::bind(&mut evaluator(scope, turn), &nested)).await?
                }
            };
            let properties = body.entry("properties").or_insert_with(|| json!({}));
            properties["template"] = template;
            properties["providerconfig"] = self.providers_at(&node.id);
        }
        Ok(body)
    }

    /// Returns the scopes that a nested deployment works in: its parent's, or the group that it is deployed to.
    fn providers_at(&self, id: &ResourceId) -> Json {
        let mut providers = self.progress.providers.clone();
        let scope = id.scope();
        if scope != self.surroundings.deployments {
            for name in ["radius", "deployments"] {
                providers[name]["value"]["scope"] = scope.to_string().into();
            }
            if let Some(azure) = self.surroundings.azure_of(&scope) {
                providers["az"]["value"]["scope"] = azure.to_string().into();
            }
        }
        providers
    }

    /// Evaluates something that may use resources: whatever it needs is fetched, and then it is evaluated again.
    pub(super) async fn evaluate(
        &mut self,
        place: &str,
        evaluate: impl Fn(&Scope<'_>) -> Result<Json, Stop>,
    ) -> Result<Json, Fault> {
        let refuse = |message: String| Fault::new(400, INVALID_TEMPLATE, format!("{place}{message}")).target(place);
        for _ in 0..NEEDS {
            let result = {
                let (template, plan, progress, known) = (&self.template, &self.plan, &self.progress, &self.known);
                let deployed = Deployed { template, plan, progress, known };
                evaluate(&Scope::new(template, &progress.parameters, Phase::Run, &deployed, &self.surroundings))
            };
            let need = match result {
                Ok(value) => return Ok(value),
                Err(Stop::Error(message)) if message.starts_with('.') => return Err(refuse(message)),
                Err(Stop::Error(message)) => return Err(refuse(format!(": {message}"))),
                Err(Stop::Need(need)) => need,
            };
            let version = self.version_of(&need);
            let granted = self.progress.granted.clone();
            let fetched = self.known.fetch(self.host, &need, version.as_ref(), granted.as_deref()).await;
            fetched.map_err(|fault| Fault { message: format!("{place}: {}", fault.message), ..fault })?;
        }
        Err(refuse(format!(": more than {NEEDS} resources are needed")))
    }

    /// Returns the version in which the template speaks of a resource that it has.
    fn version_of(&self, need: &Need) -> Option<ApiVersion> {
        let Need::Resource(id) = need else { return None };
        let node = self.plan.nodes.iter().find(|node| node.id.to_string().eq_ignore_ascii_case(id))?;
        self.template.resources[node.resource].api_version.parse().ok()
    }

    /// Resources are looked at often at first, and less often the longer they take.
    fn pause(&self) -> Duration {
        let age = self.now().0.saturating_sub(self.progress.started.0);
        let milliseconds = match age {
            ..2_000 => 50,
            2_000..20_000 => 250,
            20_000..120_000 => 1_000,
            _ => 5_000,
        };
        Duration::from_millis(milliseconds)
    }
}

/// How the operation on a resource failed.
enum Failure {
    /// After it was accepted.
    Accepted(Fault),
    /// After a provider elsewhere accepted it; the fault says so already.
    Told(Fault),
    /// A provider elsewhere refused it: nothing was made.
    Refused(Fault),
}

/// Whether a refusal may be gone a moment later.
fn is_passing(fault: &Fault) -> bool {
    (fault.status == 409 && fault.code == code::CONFLICT) || fault.status >= 500
}

/// Wraps the fault that an operation ended with; a refusal at once stands for itself.
fn in_resource(task: &Task, fault: Fault) -> Fault {
    Fault::new(409, RESOURCE_FAILED, "Failed").target(task.id.to_string()).details(vec![fault])
}
