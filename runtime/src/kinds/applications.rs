//! Applications: `Applications.Core/applications` and `Radius.Core/applications`.

use async_trait::async_trait;
use radii_model::{ResourceId, TypeName};
use serde_json::{Map, Value as Json, json};

use super::environments::is_label;
use super::{refuse_moves, shape};
use crate::Fault;
use crate::environment::Environment;
use crate::graph;
use crate::host::{Host, Kind, Mode, Step, Work};
use crate::platform::ComputeKind;
use crate::store::{ListQuery, Record, Verb, Write};

/// Extensions of applications that mean something; others are dropped, as the contract says.
const EXTENSIONS: [&str; 3] = ["kubernetesNamespace", "kubernetesMetadata", "aci"];

/// The behaviour of applications.
pub(super) struct Applications;

#[async_trait]
impl Kind for Applications {
    fn types(&self) -> &'static [&'static str] {
        &["Applications.Core/applications", "Radius.Core/applications"]
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
        record.properties.insert("status".into(), json!({}));
        if !is_classic(record) {
            return Ok(());
        }
        keep_known_extensions(record);
        shape::complete_marks(&mut record.properties);
        refuse_moves(record, old)?;
        let environment = find_environment(host, record).await?;
        let is_environment =
            environment.id().types().last().is_some_and(|last| last.kind.eq_ignore_ascii_case("environments"));
        if is_environment {
            let kind = environment.kind()?;
            let namespace = environment.application_namespace(record);
            check_namespace(kind, &namespace)?;
            refuse_other_namespace(old, &namespace)?;
            if kind == ComputeKind::Kubernetes {
                check_namespace_is_free(host, record, &environment, &namespace).await?;
            }
            record.properties["status"] = json!({ "compute": { "kind": kind.as_str(), "namespace": namespace } });
            super::reserve(host, &environment, Some(record), &namespace).await?;
        }
        Ok(())
    }

    async fn execute(&self, _work: &Work<'_>, _record: &mut Record) -> Result<Step, Fault> {
        Ok(Step::Done)
    }

    async fn admit_delete(&self, host: &Host, record: &Record) -> Result<(), Fault> {
        let Some(held) = super::holdings(host, &record.id).await? else { return Ok(()) };
        let message = format!("`{}` still holds {held}; delete these first", record.id);
        Err(Fault::conflict(message).target(record.id.to_string()))
    }

    fn guards(&self, verb: Verb, record: &Record) -> Vec<Write> {
        match verb {
            Verb::Put => {
                let environment = record.properties.get("environment").and_then(Json::as_str);
                let id = environment.and_then(|text| text.parse().ok()).filter(ResourceId::is_resource);
                id.filter(|_| is_classic(record)).map(|id| Write::Require { id }).into_iter().collect()
            }
            Verb::Delete => vec![Write::RequireUnreferred { id: record.id.clone() }],
        }
    }

    async fn act(&self, host: &Host, record: &Record, action: &str, body: &Json) -> Result<Option<Json>, Fault> {
        if action.eq_ignore_ascii_case("getGraph") {
            return graph::of_application(host, record, body).await.map(Some);
        }
        Ok(None)
    }
}

/// Whether it is of `Applications.Core`, whose applications are checked against their environment.
fn is_classic(record: &Record) -> bool {
    !record.id.namespace().is_some_and(|namespace| namespace.eq_ignore_ascii_case("Radius.Core"))
}

/// Refuses to move an application to another namespace: what stands in the old one would be forgotten.
fn refuse_other_namespace(old: Option<&Record>, namespace: &str) -> Result<(), Fault> {
    let before = old.and_then(|old| old.properties.get("status")?.get("compute")?.get("namespace")?.as_str());
    match before {
        Some(before) if before != namespace => Err(Fault::bad_request(format!(
            "Updating an application's Kubernetes namespace from '{before}' to '{namespace}' requires the application to be deleted and redeployed. Please delete your application and try again."
        ))),
        _ => Ok(()),
    }
}

/// Refuses the namespace of another application or environment of the same group.
async fn check_namespace_is_free(
    host: &Host,
    record: &Record,
    environment: &Environment,
    namespace: &str,
) -> Result<(), Fault> {
    let taken =
        |what: String| Err(Fault::conflict(format!("{what} with the same namespace ({namespace}) already exists")));
    let of_type = async |id: &ResourceId, kind: TypeName| -> Result<Vec<Record>, Fault> {
        let scope = Some(id.scope());
        let query = ListQuery { scope, recursive: true, kind: Some(kind), after: None, limit: None };
        Ok(host.parts.store.list(&query).await?.records)
    };
    let namespace_of = |compute: Option<&Json>| compute?.get("namespace")?.as_str().map(str::to_owned);
    let environments = of_type(environment.id(), TypeName::new("Applications.Core", "environments")).await?;
    for other in environments {
        if namespace_of(other.properties.get("compute")).as_deref() == Some(namespace) {
            return taken(format!("Environment {}", environment.id().name().unwrap_or_default()));
        }
    }
    for other in of_type(&record.id, TypeName::new("Applications.Core", "applications")).await? {
        let is_other = other.id.key() != record.id.key();
        if is_other
            && namespace_of(other.properties.get("status").and_then(|status| status.get("compute"))).as_deref()
                == Some(namespace)
        {
            return taken(format!("Application {}", other.id));
        }
    }
    Ok(())
}

fn keep_known_extensions(record: &mut Record) {
    let Some(extensions) = record.properties.get_mut("extensions").and_then(Json::as_array_mut) else { return };
    extensions.retain(|entry| {
        let kind = entry.get("kind").and_then(Json::as_str).unwrap_or_default();
        EXTENSIONS.contains(&kind) && (kind != "kubernetesNamespace" || entry.get("namespace").is_some())
    });
    if extensions.is_empty() {
        record.properties.shift_remove("extensions");
    }
}

async fn find_environment(host: &Host, record: &Record) -> Result<Environment, Fault> {
    let text = record.properties.get("environment").and_then(Json::as_str).unwrap_or_default();
    let id = text.parse::<ResourceId>().ok().filter(ResourceId::is_resource);
    let Some(id) = id else {
        return Err(Fault::bad_request("invalid argument. 'id' must be a valid resource id").target(text));
    };
    match host.parts.store.find(&id).await? {
        Some(found) => Ok(Environment::of(found)),
        None => Err(Fault::bad_request(format!("the resource {text} was not found")).target(text)),
    }
}

fn check_namespace(kind: ComputeKind, namespace: &str) -> Result<(), Fault> {
    if !matches!(kind, ComputeKind::Kubernetes | ComputeKind::Knative) || is_label(namespace) {
        return Ok(());
    }
    if namespace.len() > 63 {
        return Err(Fault::bad_request(format!(
            "Application namespace '{namespace}' could not be created: must be no more than 63 characters"
        )));
    }
    Err(Fault::bad_request(format!(
        "'{namespace}' is an invalid namespace name: a lowercase RFC 1123 label must consist of lower case alphanumeric \
         characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used \
         for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?'). Please specify a valid namespace using 'kubernetesNamespace' \
         extension in '$.properties.extensions[*]'."
    )))
}
