//! A deployment is checked whole before anything is created.

use std::collections::BTreeSet;

use radii_model::ResourceId;
use serde_json::{Map, Value as Json, json};

use super::expression::{Phase, Scope};
use super::functions::{Surroundings, resource_id};
use super::parameters::{self, Nothing};
use super::progress::Progress;
use super::template::{Problem, Provider, Template};
use super::{check, plan};
use crate::Fault;
use crate::fault::code;
use crate::host::Host;
use crate::store::Record;

/// The code of faults of templates.
pub(super) const INVALID_TEMPLATE: &str = "InvalidTemplate";

/// Checks the deployment that a record asks for, and keeps what its run needs apart from what is shown.
pub(super) async fn admit(host: &Host, record: &mut Record) -> Result<(), Fault> {
    let mut asked = std::mem::take(&mut record.properties);
    let mode = asked.get("mode").and_then(Json::as_str).unwrap_or("Incremental").to_owned();
    if !mode.eq_ignore_ascii_case("Incremental") {
        let message = format!("the mode `{mode}` is not supported: nothing is ever deleted; use `Incremental`");
        return Err(Fault::bad_request(message).target("properties.mode"));
    }
    let Some(source) = asked.shift_remove("template").filter(|template| !template.is_null()) else {
        return Err(Fault::bad_request("`properties.template` is missing; links are not followed")
            .target("properties.template"));
    };
    let given = match asked.shift_remove("parameters") {
        None | Some(Json::Null) => Map::new(),
        Some(Json::Object(given)) => given,
        Some(_) => {
            return Err(Fault::bad_request("`properties.parameters` is an object").target("properties.parameters"));
        }
    };
    let providers = asked.shift_remove("providerconfig").or_else(|| asked.shift_remove("providerConfig"));
    let providers = providers.unwrap_or(Json::Null);
    let now = host.parts.clock.now();
    let surroundings = surroundings(&record.id, &providers, now)?;
    let checked = check_template(&source, &given, &surroundings).map_err(|problems| invalid(&problems))?;
    check_types(host, &checked.template, &surroundings, "").await?;
    record.properties = shown(&checked, &mode);
    record.properties.insert("correlationId".into(), host.parts.ids.next().to_string().into());
    record.properties.insert("timestamp".into(), now.to_string().into());
    let (parameters, nodes, done) = (checked.parameters, Default::default(), Vec::new());
    Progress { template: source, parameters, providers, started: now, nodes, done }.save(record);
    Ok(())
}

/// A template whose parameters are bound.
struct Checked {
    template: Template,
    parameters: Map<String, Json>,
}

fn check_template(source: &Json, given: &Map<String, Json>, around: &Surroundings) -> Result<Checked, Vec<Problem>> {
    let template = Template::parse(source, "")?;
    let problems = check::check(&template, "");
    if !problems.is_empty() {
        return Err(problems);
    }
    let parameters = parameters::bind(&template, given, around)?;
    plan::plan(&Scope::new(&template, &parameters, Phase::Start, &Nothing, around))?;
    Ok(Checked { template, parameters })
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
    Ok(Surroundings {
        id: id.clone(),
        radius: scope("radius")?.unwrap_or_else(|| id.scope()),
        deployments: scope("deployments")?.unwrap_or_else(|| id.scope()),
        azure: scope("az")?,
        now: jiff::Timestamp::from_millisecond(now.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH),
    })
}

/// Checks that every type and version is registered, in nested templates too, before the first resource is touched.
async fn check_types(host: &Host, template: &Template, around: &Surroundings, place: &str) -> Result<(), Fault> {
    let mut faults = Vec::new();
    let mut seen = BTreeSet::new();
    for (place, resource) in all_resources(template, place) {
        if !seen.insert((resource.type_name.to_lowercase(), resource.api_version.clone())) {
            continue;
        }
        let fault = match resource.provider {
            Provider::Radius | Provider::Deployments => {
                let names = vec!["a"; resource.type_name.split('/').count().saturating_sub(1)].join("/");
                let id = resource_id(&around.radius, &resource.type_name, &names);
                match id {
                    Ok(id) => host.resolve(&id, Some(&resource.api_version)).await.err(),
                    Err(message) => Some(Fault::bad_request(message)),
                }
            }
            other => Some(unsupported(other, &resource.type_name)),
        };
        faults.extend(fault.map(|fault| Fault { message: format!("{place}: {}", fault.message), ..fault }));
    }
    let Some(first) = faults.first().cloned() else { return Ok(()) };
    Err(if faults.len() > 1 { first.details(faults) } else { first })
}

/// Lists the resources of a template and of those nested in it, with their places.
fn all_resources(template: &Template, place: &str) -> Vec<(String, super::template::Resource)> {
    let mut all = Vec::new();
    for resource in &template.resources {
        let place = if place.is_empty() { resource.place.clone() } else { format!("{place}.{}", resource.place) };
        let nested_place = format!("{place}.properties.template");
        if let Some(nested) = resource.nested().and_then(|nested| Template::parse(nested, "").ok()) {
            all.extend(all_resources(&nested, &nested_place));
        }
        all.push((place, resource.clone()));
    }
    all
}

fn unsupported(provider: Provider, type_name: &str) -> Fault {
    let message = match provider {
        Provider::Kubernetes => format!(
            "objects of Kubernetes such as `{type_name}` are not deployed from templates; put them into a recipe of kind `template`"
        ),
        Provider::Aws => format!("provider aws is not configured. cannot support resource type {type_name}"),
        _ => format!("provider azure is not configured. cannot support resource type {type_name}"),
    };
    Fault::new(400, code::BAD_REQUEST, message)
}

/// What a GET of the deployment answers while it runs: no template, no secrets.
fn shown(checked: &Checked, mode: &str) -> Map<String, Json> {
    let mut parameters = Map::new();
    for (name, value) in &checked.parameters {
        let Some(declared) = checked.template.parameters.get(name) else { continue };
        let kind = parameters::declaration(&checked.template, declared).get("type");
        let entry = match parameters::is_secure(kind) {
            true => json!({ "type": type_name(kind) }),
            false => json!({ "type": type_name(kind), "value": value }),
        };
        parameters.insert(name.clone(), entry);
    }
    let mut shown = Map::new();
    shown.insert("mode".into(), mode.into());
    shown.insert("parameters".into(), parameters.into());
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
