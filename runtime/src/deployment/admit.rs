//! A deployment is checked whole before anything is created.

use radii_model::ResourceId;
use serde_json::{Map, Value as Json, json};

use super::expression::{Evaluator, Phase, Scope};
use super::functions::Surroundings;
use super::parameters::{self, Nothing};
use super::plan::{self, Plan};
use super::progress::Progress;
use super::template::{Problem, Template};
use crate::Fault;
use crate::host::Host;
use crate::store::Record;

/// The code of faults of templates.
pub(super) const INVALID_TEMPLATE: &str = "InvalidTemplate";

/// What a request asks to be deployed.
pub(super) struct Asked {
    pub mode: String,
    /// The template, as written.
    pub template: Json,
    /// Parameters, as given: `{name: {value}}`.
    pub given: Map<String, Json>,
    /// `providerconfig`.
    pub providers: Json,
    /// Whether outputs are kept for a recipe instead of being shown.
    pub private_outputs: bool,
    /// The namespace whose objects may be written without rights in the cluster.
    pub granted: Option<String>,
}

impl Asked {
    /// Takes what is asked for out of a request's `properties`.
    ///
    /// # Errors
    /// A mode other than `Incremental`; no template; parameters that are no object.
    pub(super) fn read(properties: &mut Map<String, Json>) -> Result<Self, Fault> {
        let mode = properties.get("mode").and_then(Json::as_str).unwrap_or("Incremental").to_owned();
        if !mode.eq_ignore_ascii_case("Incremental") {
            let message = format!("the mode `{mode}` is not supported: nothing is ever deleted; use `Incremental`");
            return Err(Fault::bad_request(message).target("properties.mode"));
        }
        let Some(template) = properties.shift_remove("template").filter(|template| !template.is_null()) else {
            return Err(Fault::bad_request("`properties.template` is missing; links are not followed")
                .target("properties.template"));
        };
        let given = match properties.shift_remove("parameters") {
            None | Some(Json::Null) => Map::new(),
            Some(Json::Object(given)) => given,
            Some(_) => {
                return Err(Fault::bad_request("`properties.parameters` is an object").target("properties.parameters"));
            }
        };
        let providers = ["providerconfig", "providerConfig"].into_iter().find_map(|name| properties.shift_remove(name));
        let private_outputs = properties.shift_remove("privateOutputs") == Some(Json::Bool(true));
        Ok(Self { mode, template, given, providers: providers.unwrap_or(Json::Null), private_outputs, granted: None })
    }
}

/// A deployment that may begin.
pub(super) struct Admitted {
    /// Values of the parameters.
    pub values: Map<String, Json>,
    /// What is shown of the parameters.
    pub parameters: Map<String, Json>,
    /// Ids of what is deployed, in the order of the template.
    pub resources: Vec<ResourceId>,
}

/// Checks the deployment that a record asks for, and keeps what its run needs apart from what is shown.
pub(super) async fn admit(host: &Host, record: &mut Record) -> Result<(), Fault> {
    let mut asked = Asked::read(&mut std::mem::take(&mut record.properties))?;
    asked.granted = host.granted.as_deref().map(str::to_owned);
    let admitted = check(host, &record.id, &asked).await?;
    let now = host.parts.clock.now();
    record.properties.insert("mode".into(), asked.mode.into());
    record.properties.insert("parameters".into(), admitted.parameters.into());
    record.properties.insert("correlationId".into(), host.parts.ids.next().to_string().into());
    record.properties.insert("timestamp".into(), now.to_string().into());
    let progress = Progress {
        template: asked.template,
        parameters: admitted.values,
        providers: asked.providers,
        started: now,
        nodes: Default::default(),
        done: Vec::new(),
        secure_outputs: None,
        private_outputs: asked.private_outputs,
        granted: asked.granted,
        exported: Json::Null,
    };
    progress.save(record);
    Ok(())
}

/// Checks a deployment whole: structure, expressions, parameters, names, circles, assertions, registered types.
///
/// # Errors
/// Everything that can be known to be wrong before anything is created.
pub(super) async fn check(host: &Host, id: &ResourceId, asked: &Asked) -> Result<Admitted, Fault> {
    let around = surroundings(id, &asked.providers, host.parts.clock.now())?;
    let checked = check_template(&asked.template, &asked.given, &around).map_err(|problems| invalid(&problems))?;
    super::types::check(host, &checked.template, &around).await?;
    super::rules::check(host, &checked, asked, &around)?;
    super::authorize::check(host, asked, &around)?;
    let nodes = checked.plan.nodes.iter();
    let deployed = nodes.filter(|node| node.active && !checked.template.resources[node.resource].existing);
    let (resources, parameters) = (deployed.map(|node| node.id.clone()).collect(), shown(&checked));
    Ok(Admitted { values: checked.parameters, parameters, resources })
}

/// A template whose parameters are bound, with the resources that come of it.
pub(super) struct Checked {
    pub template: Template,
    pub parameters: Map<String, Json>,
    pub plan: Plan,
}

impl Checked {
    /// Forgets the values of parameters that hold secrets.
    pub(super) fn without_secrets(mut self) -> Self {
        for (name, value) in &mut self.parameters {
            let declared = self.template.parameters.get(name);
            if declared.is_some_and(|declared| parameters::has_secrets(&self.template, declared)) {
                *value = Json::Null;
            }
        }
        self
    }
}

/// Checks everything about a template that needs no registry.
pub(super) fn check_template(
    source: &Json,
    given: &Map<String, Json>,
    around: &Surroundings,
) -> Result<Checked, Vec<Problem>> {
    let template = readable(source)?;
    let parameters = parameters::bind(&template, given, around)?;
    planned(template, parameters, around)
}

/// As [`check_template`], but values of parameters may be expressions whose values are not known yet.
pub(super) fn check_loosely(
    source: &Json,
    given: &Map<String, Json>,
    around: &Surroundings,
) -> Result<Checked, Vec<Problem>> {
    let template = readable(source)?;
    let parameters = parameters::bind_unchecked(&template, given, around)?;
    planned(template, parameters, around)
}

fn readable(source: &Json) -> Result<Template, Vec<Problem>> {
    let template = Template::parse(source, "")?;
    let problems = super::check::check(&template, "");
    if problems.is_empty() { Ok(template) } else { Err(problems) }
}

fn planned(template: Template, parameters: Map<String, Json>, around: &Surroundings) -> Result<Checked, Vec<Problem>> {
    let scope = Scope::new(&template, &parameters, Phase::Start, &Nothing, around);
    let plan = plan::plan(&scope)?;
    let problems = broken_assertions(&scope);
    if problems.is_empty() { Ok(Checked { template, parameters, plan }) } else { Err(problems) }
}

fn broken_assertions(scope: &Scope<'_>) -> Vec<Problem> {
    let check = |(name, assertion): (&String, &Json)| {
        let message = match Evaluator::new(scope).value(assertion) {
            Ok(Json::Bool(true)) => return None,
            Ok(Json::Bool(false)) => "the assertion does not hold".to_owned(),
            Ok(other) => format!("the assertion is {other}, not true or false"),
            Err(stop) => parameters::message(stop),
        };
        Some(Problem::new(format!("asserts.{name}"), message))
    };
    scope.template.asserts.iter().filter_map(check).collect()
}

/// Returns the fault of a template that is wrong, with one detail per problem.
pub(super) fn invalid(problems: &[Problem]) -> Fault {
    let text = |problem: &Problem| format!("{}: {}", problem.place, problem.message);
    let details = problems
        .iter()
        .map(|problem| Fault::new(400, INVALID_TEMPLATE, problem.message.clone()).target(problem.place.clone()));
    let first = problems.first().map(text).unwrap_or_default();
    Fault::new(400, INVALID_TEMPLATE, format!("Deployment template validation failed: '{first}'"))
        .details(details.collect())
}

/// Reads the scopes of `providerconfig`; what it does not name lies where the deployment lies.
pub(super) fn surroundings(id: &ResourceId, providers: &Json, now: crate::Timestamp) -> Result<Surroundings, Fault> {
    let scope = |name: &str| -> Result<Option<ResourceId>, Fault> {
        let Some(text) = providers[name]["value"]["scope"].as_str().filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        let parsed = text.parse().map(Some);
        parsed
            .map_err(|error| Fault::bad_request(format!("{error}")).target(format!("properties.providerconfig.{name}")))
    };
    let of_cluster = |name: &str| {
        let given = providers["kubernetes"]["value"][name].as_str().filter(|text| !text.is_empty());
        given.map(str::to_owned)
    };
    Ok(Surroundings {
        id: id.clone(),
        radius: scope("radius")?.unwrap_or_else(|| id.scope()),
        deployments: scope("deployments")?.unwrap_or_else(|| id.scope()),
        azure: scope("az")?,
        namespace: of_cluster("namespace"),
        cluster: of_cluster("context"),
        now: jiff::Timestamp::from_millisecond(now.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH),
    })
}

/// What a GET of the deployment answers of its parameters: types, and values that are not secret.
fn shown(checked: &Checked) -> Map<String, Json> {
    let mut shown = Map::new();
    for (name, value) in &checked.parameters {
        let Some(declared) = checked.template.parameters.get(name) else { continue };
        let kind = type_name(parameters::declaration(&checked.template, declared).get("type"));
        let entry = match parameters::has_secrets(&checked.template, declared) {
            true => json!({ "type": kind }),
            false => json!({ "type": kind, "value": value }),
        };
        shown.insert(name.clone(), entry);
    }
    shown
}

/// Returns the name of a type as answers spell it: `String`, `SecureString`, `Array` …
pub(super) fn type_name(kind: Option<&Json>) -> &'static str {
    match kind.and_then(Json::as_str).unwrap_or_default().to_ascii_lowercase().as_str() {
        "string" => "String",
        "securestring" => "SecureString",
        "int" => "Int",
        "bool" => "Bool",
        "array" => "Array",
        "secureobject" => "SecureObject",
        _ => "Object",
    }
}
