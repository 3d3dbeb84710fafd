//! Environments: `Applications.Core/environments` and `Radius.Core/environments`.

use std::collections::BTreeMap;

use async_trait::async_trait;
use radii_model::{ResourceId, TypeName};
use serde_json::{Map, Value as Json, json};

use super::shape;
use crate::Fault;
use crate::environment::{Environment, compute_kind};
use crate::fault::code;
use crate::host::{Host, Kind, Mode, Step, Work};
use crate::platform::ComputeKind;
use crate::recipe::{Recipe, Settings, check_backend};
use crate::store::{ListQuery, Record};

const APPLICATIONS_CORE: &str = "Applications.Core/environments";
const RADIUS_CORE: &str = "Radius.Core/environments";
/// Recipe kinds that may be bound: Radius' two, and the one that needs no external tool.
const RECIPE_KINDS: [&str; 3] = ["bicep", "terraform", "template"];

/// The behaviour of environments.
pub(super) struct Environments;

#[async_trait]
impl Kind for Environments {
    fn types(&self) -> &'static [&'static str] {
        &[APPLICATIONS_CORE, RADIUS_CORE]
    }

    fn mode(&self, _type_name: &str) -> Mode {
        Mode::Synchronous
    }

    fn check(&self, id: &ResourceId, type_name: &TypeName, body: &Map<String, Json>) -> Result<(), Fault> {
        shape::check_name(id)?;
        shape::check(type_name, body)
    }

    fn has_schema(&self) -> bool {
        false
    }

    async fn admit(&self, host: &Host, record: &mut Record, old: Option<&Record>) -> Result<(), Fault> {
        shape::strip(record);
        if record.properties.get("simulated") == Some(&Json::Bool(false)) {
            record.properties.shift_remove("simulated");
        }
        shape::complete_marks(&mut record.properties);
        check_compute(record)?;
        check_identity(record)?;
        check_for_platform(host, record)?;
        refuse_another_kind(host, record, old).await?;
        check_namespace_is_free(host, record).await?;
        if !is(record, RADIUS_CORE) {
            super::reserve(host, &Environment::of(record.clone()), None, "").await?;
        }
        if is(record, RADIUS_CORE) {
            complete_providers(record);
            check_provider_namespace(host, record).await?;
            resolve_packs(host, record).await?;
            check_settings(host, record).await
        } else {
            complete_recipes(record)?;
            match record.properties.get_mut("recipeConfig").and_then(Json::as_object_mut) {
                Some(config) if config.is_empty() => drop(record.properties.shift_remove("recipeConfig")),
                Some(config) => {
                    if let Some(backend) = config.get("terraform").and_then(|terraform| terraform.get("backend")) {
                        check_backend(backend, "$.properties.recipeConfig.terraform.backend")?;
                    }
                    config.entry("env").or_insert_with(|| json!({}));
                }
                None => {}
            }
            Ok(())
        }
    }

    async fn execute(&self, _work: &Work<'_>, _record: &mut Record) -> Result<Step, Fault> {
        Ok(Step::Done)
    }

    async fn act(&self, host: &Host, record: &Record, action: &str, body: &Json) -> Result<Option<Json>, Fault> {
        if is(record, APPLICATIONS_CORE) && action.eq_ignore_ascii_case("getMetadata") {
            return recipe_metadata(host, record, body).await.map(Some);
        }
        Ok(None)
    }
}

fn is(record: &Record, type_name: &str) -> bool {
    record.type_name.eq_ignore_ascii_case(type_name)
}

fn invalid(message: impl Into<String>) -> Fault {
    Fault::new(400, code::SPEC_VALIDATION, message)
}

fn check_compute(record: &Record) -> Result<(), Fault> {
    let Some(compute) = record.properties.get("compute") else { return Ok(()) };
    let kind = compute.get("kind").and_then(Json::as_str).unwrap_or_default();
    let Some(kind) = compute_kind(kind) else {
        let known = ComputeKind::ALL.map(ComputeKind::as_str).join(", ");
        return Err(invalid(format!("$.properties.compute.kind must be one of [{known}], not `{kind}`.")));
    };
    if kind == ComputeKind::Aci
        && !compute.get("resourceGroup").and_then(Json::as_str).is_some_and(|group| group.starts_with('/'))
    {
        return Err(invalid("$.properties.compute.resourceGroup must be the id of an Azure resource group."));
    }
    let namespace = compute.get("namespace").and_then(Json::as_str);
    let required = matches!(kind, ComputeKind::Kubernetes | ComputeKind::Knative);
    match namespace {
        Some(namespace) if is_label(namespace) => Ok(()),
        None if !required => Ok(()),
        // The words that clients know for every bad namespace, whatever is wrong with it.
        _ => Err(invalid("$.properties.compute.namespace must be 63 characters or less.")),
    }
}

/// Refuses another compute kind while something stands in the environment: nothing moves from one platform to another.
async fn refuse_another_kind(host: &Host, record: &Record, old: Option<&Record>) -> Result<(), Fault> {
    let kind = |record: &Record| Environment::of(record.clone()).kind();
    let Some(old) = old else { return Ok(()) };
    let (before, now) = (kind(old)?, kind(record)?);
    if before == now {
        return Ok(());
    }
    let Some(held) = super::holdings(host, &record.id).await? else { return Ok(()) };
    let message = format!(
        "the compute kind of `{}` cannot become `{}`: on `{}` it holds {held}; delete these first, or make another environment",
        record.id,
        now.as_str(),
        before.as_str(),
    );
    Err(Fault::conflict(message).target(record.id.to_string()))
}

/// Lets the platform check what is meant for it alone.
fn check_for_platform(host: &Host, record: &Record) -> Result<(), Fault> {
    let environment = Environment::of(record.clone());
    match host.platform(environment.kind()?) {
        Some(platform) => platform.check_compute(&environment.compute()),
        None => Ok(()),
    }
}

/// Checks what a kind of identity needs, in the words of Radius.
fn check_identity(record: &Record) -> Result<(), Fault> {
    let compute = record.properties.get("compute");
    let Some(identity) = compute.and_then(|compute| compute.get("identity")) else { return Ok(()) };
    let is_given = |name: &str| identity[name].as_str().is_some_and(|text| !text.is_empty());
    let is_kubernetes = compute.is_some_and(|compute| compute["kind"] == "kubernetes");
    let message = match identity["kind"].as_str().unwrap_or_default() {
        "azure.com.workload" if !is_given("oidcIssuer") => ".properties.oidcIssuer is required for workload identity",
        "azure.com.workload" if is_given("resource") => ".properties.resource is read-only property",
        // Identities of a machine mean nothing to pods, so Kubernetes never has any.
        "userAssigned" | "systemAssignedUserAssigned" if is_kubernetes || identity["managedIdentity"].is_null() => {
            ".properties.managedIdentity is required for user assigned identity"
        }
        "systemAssigned" if !is_kubernetes && !identity["managedIdentity"].is_null() => {
            "no managed identities can be set for system assigned identity"
        }
        _ => return Ok(()),
    };
    Err(Fault::bad_request(message))
}

/// Fills in what answers always show of the providers, and drops settings that name nothing.
fn complete_providers(record: &mut Record) {
    for name in ["terraformSettings", "bicepSettings"] {
        if record.properties.get(name).is_some_and(|id| id == "") {
            record.properties.shift_remove(name);
        }
    }
    let Some(providers) = record.properties.get_mut("providers").and_then(Json::as_object_mut) else { return };
    if let Some(namespace) = providers.get_mut("kubernetes").and_then(|kubernetes| kubernetes.get_mut("namespace"))
        && namespace == ""
    {
        *namespace = "default".into();
    }
    let Some(azure) = providers.get_mut("azure").and_then(Json::as_object_mut) else { return };
    azure.entry("resourceGroupName").or_insert_with(|| "".into());
    if let Some(identity) = azure.get_mut("identity").and_then(Json::as_object_mut) {
        for name in ["oidcIssuer", "resource"] {
            identity.entry(name).or_insert_with(|| "".into());
        }
    }
}

/// Refuses a namespace that no cluster can have, or that this cluster does not have as far as that can be told.
async fn check_provider_namespace(host: &Host, record: &Record) -> Result<(), Fault> {
    let kubernetes = record.properties.get("providers").and_then(|providers| providers.get("kubernetes"));
    let given = kubernetes.and_then(|kubernetes| kubernetes.get("namespace")).and_then(Json::as_str);
    let Some(namespace) = given.filter(|namespace| !namespace.is_empty()) else { return Ok(()) };
    let target = Environment::of(record.clone()).target(None)?;
    let is_there = match host.platform(target.kind) {
        Some(platform) if is_label(namespace) => platform.has_namespace(&target, namespace).await.unwrap_or(true),
        _ => is_label(namespace),
    };
    if is_there {
        return Ok(());
    }
    Err(Fault::bad_request(format!(
        "Namespace '{namespace}' does not exist in the Kubernetes cluster. Please create it before proceeding."
    )))
}

/// Whether a text is a DNS label (RFC 1123).
pub(super) fn is_label(text: &str) -> bool {
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    text.len() <= 63 && text.chars().all(inner) && edge(text.chars().next()) && edge(text.chars().last())
}

/// Refuses a second environment in the same namespace of the same platform.
async fn check_namespace_is_free(host: &Host, record: &Record) -> Result<(), Fault> {
    let own = Environment::of(record.clone());
    let (kind, namespace) = (own.kind()?, own.namespace());
    if !is_explicit(&own) {
        return Ok(());
    }
    let type_name: TypeName = record.type_name.parse().map_err(|_| Fault::internal("the record has no type"))?;
    for other in all_of(host, &record.id, type_name).await? {
        let other = Environment::of(other);
        let clashes = is_explicit(&other) && other.kind().is_ok_and(|other| other == kind);
        if clashes && *other.id() != record.id && other.namespace() == namespace {
            let id = other.id();
            return Err(Fault::conflict(format!(
                "Environment {id} with the same namespace ({namespace}) already exists"
            )));
        }
    }
    Ok(())
}

/// Whether an environment names its namespace itself.
fn is_explicit(environment: &Environment) -> bool {
    environment.compute().get("namespace").and_then(Json::as_str).is_some_and(|namespace| !namespace.is_empty())
}

/// Returns all resources of a type in the plane of `id`.
pub(super) async fn all_of(host: &Host, id: &ResourceId, kind: TypeName) -> Result<Vec<Record>, Fault> {
    let (plane_kind, plane) = id.plane().unwrap_or(("radius", "local"));
    let scope = format!("/planes/{plane_kind}/{plane}").parse().ok();
    let query = ListQuery { scope, recursive: true, kind: Some(kind), after: None, limit: None };
    Ok(host.parts.store.list(&query).await?.records)
}

/// Checks bound recipes and fills in what answers always show of them.
fn complete_recipes(record: &mut Record) -> Result<(), Fault> {
    let recipes = record.properties.get_mut("recipes").and_then(Json::as_object_mut);
    for (type_name, bound) in recipes.into_iter().flatten() {
        if type_name.split('/').filter(|part| !part.is_empty()).count() != 2 || type_name.matches('/').count() != 1 {
            return Err(Fault::bad_request(format!(
                "invalid resource type: \"{type_name}\". Must be in the format \"ResourceProvider.Namespace/resourceType\""
            )));
        }
        for entry in bound.as_object_mut().into_iter().flat_map(Map::values_mut).filter_map(Json::as_object_mut) {
            complete_recipe(entry)?;
        }
    }
    Ok(())
}

fn complete_recipe(entry: &mut Map<String, Json>) -> Result<(), Fault> {
    let kind = entry.get("templateKind").and_then(Json::as_str).unwrap_or_default().to_owned();
    let path = entry.get("templatePath").and_then(Json::as_str).unwrap_or_default();
    match kind.as_str() {
        "bicep" => {
            entry.entry("plainHttp").or_insert(Json::Bool(false));
            // The version of such a recipe is in its path.
            entry.shift_remove("templateVersion");
        }
        "terraform" if ["/", "./", "../"].iter().any(|start| path.starts_with(start)) => {
            return Err(Fault::bad_request(format!(
                "local module paths are not supported with Terraform Recipes. The 'templatePath' '{path}' was detected as \
                 a local module path because it begins with '/' or './' or '../'."
            )));
        }
        "terraform" => {
            entry.entry("templateVersion").or_insert_with(|| "".into());
        }
        "template" => {}
        _ => {
            let kinds = RECIPE_KINDS.map(|kind| format!("\"{kind}\"")).join(", ");
            return Err(Fault::bad_request(format!("invalid template kind. Allowed formats: {kinds}")));
        }
    }
    Ok(())
}

/// Turns names of recipe packs into ids, and refuses packs that are absent or overlap.
async fn resolve_packs(host: &Host, record: &mut Record) -> Result<(), Fault> {
    let given = record.properties.get("recipePacks").and_then(Json::as_array).cloned().unwrap_or_default();
    let mut resolved = Vec::new();
    let mut owners: BTreeMap<String, String> = BTreeMap::new();
    for name in given.iter().filter_map(Json::as_str) {
        let pack = find_pack(host, &record.id, name).await?;
        for type_name in pack.properties.get("recipes").and_then(Json::as_object).into_iter().flat_map(Map::keys) {
            let own = pack.id.to_string();
            let other = owners.insert(type_name.to_ascii_lowercase(), own.clone());
            if let Some(other) = other.filter(|other| *other != own) {
                return Err(Fault::conflict(format!(
                    "Resource type '{type_name}' is defined in multiple recipe packs: {other} and {own}"
                )));
            }
        }
        // Ids stay as they are written; names become ids.
        let id = if name.starts_with('/') { name.to_owned() } else { pack_id(&record.id, name).to_string() };
        resolved.push(Json::String(id));
    }
    match given.is_empty() {
        true => drop(record.properties.shift_remove("recipePacks")),
        false => drop(record.properties.insert("recipePacks".into(), Json::Array(resolved))),
    }
    Ok(())
}

/// The pack of a name: it lies in the group of the environment that names it.
fn pack_id(environment: &ResourceId, name: &str) -> ResourceId {
    environment.scope().resource(&TypeName::new("Radius.Core", "recipePacks"), name)
}

async fn find_pack(host: &Host, environment: &ResourceId, name: &str) -> Result<Record, Fault> {
    let kind = TypeName::new("Radius.Core", "recipePacks");
    let malformed = || {
        Fault::bad_request(format!(
            "Invalid recipe pack reference \"{name}\": provide a recipe pack name or a {kind} resource ID."
        ))
    };
    let id = match name.starts_with('/') {
        true => name.parse::<ResourceId>().ok().filter(ResourceId::is_resource).ok_or_else(malformed)?,
        false if name.is_empty() || name.contains('/') => return Err(malformed()),
        false => pack_id(environment, name),
    };
    if let Some(found) = id.resource_type().filter(|found| *found != kind) {
        return Err(Fault::bad_request(format!(
            "Referenced recipe pack \"{name}\" has type \"{found}\"; expected \"{kind}\"."
        )));
    }
    host.parts.store.find(&id).await?.ok_or_else(|| {
        Fault::bad_request(format!(
            "Referenced recipe pack \"{name}\" could not be found (resolved to \"{id}\"): the resource {id} was not found"
        ))
    })
}

/// Checks that the settings an environment refers to exist and are settings.
async fn check_settings(host: &Host, record: &Record) -> Result<(), Fault> {
    for property in ["terraformSettings", "bicepSettings"] {
        let Some(text) = record.properties.get(property).and_then(Json::as_str) else { continue };
        let kind = TypeName::new("Radius.Core", property);
        let Some(id) = text.parse::<ResourceId>().ok().filter(ResourceId::is_resource) else {
            return Err(Fault::bad_request(format!("Invalid {property} resource ID: {text}")));
        };
        if let Some(found) = id.resource_type().filter(|found| *found != kind) {
            return Err(Fault::bad_request(format!(
                "Referenced {property} resource \"{text}\" has type \"{found}\"; expected \"{kind}\"."
            )));
        }
        if host.parts.store.find(&id).await?.is_none() {
            return Err(Fault::bad_request(format!("Referenced {property} resource \"{text}\" does not exist.")));
        }
    }
    Ok(())
}

/// Answers `getMetadata`: a bound recipe, with its template's parameters.
async fn recipe_metadata(host: &Host, record: &Record, body: &Json) -> Result<Json, Fault> {
    let text = |key: &str| match body.get(key) {
        None | Some(Json::Null) => Ok(""),
        Some(Json::String(text)) => Ok(text.as_str()),
        Some(_) => Err(Fault::new(400, code::INVALID_CONTENT, format!("`{key}` must be a string"))),
    };
    let (type_name, name) = (text("resourceType")?, text("name")?);
    let recipes = record.properties.get("recipes");
    let Some(entry) = recipes.and_then(|recipes| recipes.get(type_name)).and_then(|bound| bound.get(name)) else {
        let message = format!(
            "Either recipe with name \"{name}\" or resource type \"{type_name}\" not found on environment with id \"{}\"",
            record.id
        );
        return Err(Fault::new(404, code::NOT_FOUND, message));
    };
    let member = |key: &str| entry.get(key).and_then(Json::as_str).unwrap_or_default().to_owned();
    let recipe = Recipe {
        name: name.to_owned(),
        kind: member("templateKind"),
        path: member("templatePath"),
        version: Some(member("templateVersion")).filter(|version| !version.is_empty()),
        plain_http: entry.get("plainHttp").and_then(Json::as_bool).unwrap_or(false),
        parameters: entry.get("parameters").and_then(Json::as_object).cloned().unwrap_or_default(),
        operators: None,
        outputs: Map::new(),
    };
    let driver = host.recipe_driver(&recipe.kind).ok_or_else(|| {
        let message = format!("could not find driver `{}`: this server cannot read such recipes", recipe.kind);
        Fault::new(400, code::DRIVER_NOT_FOUND, message)
    })?;
    let config = crate::recipe::written(host, &Environment::of(record.clone())).await?;
    let settings = Settings::load(host, &config, &recipe).await?;
    let mut parameters = driver.metadata(&recipe, &settings).await?;
    for (name, value) in &recipe.parameters {
        if let Some(parameter) = parameters.get_mut(name).and_then(Json::as_object_mut) {
            parameter.insert("value".into(), value.clone());
        }
    }
    let mut answer = json!({ "templateKind": recipe.kind, "templatePath": recipe.path, "parameters": parameters });
    if recipe.kind == "terraform" {
        answer["templateVersion"] = recipe.version.unwrap_or_default().into();
    }
    Ok(answer)
}
