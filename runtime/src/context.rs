//! The `context` object that recipes are told (Radius HTTP contract, part 5.6).

use serde_json::{Map, Value as Json, json};
use sha2::{Digest, Sha256};

use crate::Fault;
use crate::connections;
use crate::environment::Environment;
use crate::host::Host;
use crate::platform::{ComputeKind, Target};
use crate::recipe::Context;
use crate::store::Record;
use crate::told;

/// A context.
pub(crate) struct Told {
    /// As the recipe is told.
    pub(crate) whole: Context,
    /// Without what is sensitive: what may be stored, written and shown.
    pub(crate) shown: Context,
}

/// Returns the context of a resource's recipe; `record` holds the sensitive values that the recipe needs.
///
/// # Errors
/// When a connection's source is no id, or nothing is stored there.
pub(crate) async fn of(
    host: &Host,
    environment: &Environment,
    target: &Target,
    record: &Record,
) -> Result<Told, Fault> {
    let (connections, shown) = connections::context(host, &record.properties).await?;
    let properties = told::own(host, record);
    let shown = resource(record, told::without_sensitive(host, record, &properties), shown);
    let mut context = Map::new();
    context.insert("resource".into(), resource(record, properties, connections));
    // Modules may read the name of an application that is not there.
    let application = target.application.as_ref().map_or(("", ""), |named| (&named.name, &named.id));
    let environment_id = &target.environment;
    for (member, (name, id), property) in [
        ("application", application, "application"),
        ("environment", (environment_id.name.as_str(), environment_id.id.as_str()), "environment"),
    ] {
        // Ids have the spelling that the author gave them.
        let written =
            record.properties.get(property).and_then(Json::as_str).filter(|text| text.eq_ignore_ascii_case(id));
        context.insert(member.into(), json!({ "name": name, "id": written.unwrap_or(id) }));
    }
    context.insert("runtime".into(), runtime(target));
    if let Some(azure) = environment.provider("azure").and_then(|azure| azure_context(azure, record)) {
        context.insert("azure".into(), azure);
    }
    if let Some(aws) = environment.provider("aws").and_then(aws_context) {
        context.insert("aws".into(), aws);
    }
    let whole = Json::Object(context);
    let mut redacted = whole.clone();
    redacted["resource"] = shown;
    Ok(Told { whole, shown: redacted })
}

fn resource(record: &Record, properties: Map<String, Json>, connections: Map<String, Json>) -> Json {
    let mut resource = json!({
        "name": record.id.name(),
        "id": record.id.to_string(),
        "type": record.type_name,
        "properties": properties,
    });
    if !connections.is_empty() {
        resource["connections"] = Json::Object(connections);
    }
    resource
}

fn runtime(target: &Target) -> Json {
    let spaces = json!({ "namespace": target.namespace, "environmentNamespace": target.environment_namespace });
    match target.kind {
        ComputeKind::Aci => json!({ "azureContainerInstances": spaces }),
        // Recipes of every other kind find their namespaces where those of Kubernetes do.
        ComputeKind::Kubernetes => json!({ "kubernetes": spaces }),
        kind => json!({ "kubernetes": spaces, kind.as_str(): spaces }),
    }
}

/// Reads either form of an Azure provider: `scope`, or `subscriptionId` with `resourceGroupName`.
fn azure_context(azure: &Json, record: &Record) -> Option<Json> {
    let text = |key: &str| azure.get(key).and_then(Json::as_str).filter(|text| !text.is_empty());
    let (subscription, group) = match text("scope") {
        Some(scope) => (segment_after(scope, "subscriptions")?, segment_after(scope, "resourceGroups")),
        None => (text("subscriptionId")?.to_owned(), text("resourceGroupName").map(str::to_owned)),
    };
    let subscription_id = format!("/subscriptions/{subscription}");
    let group = group.map(|name| (format!("{subscription_id}/resourceGroups/{name}"), name));
    let scope = group.as_ref().map_or(&subscription_id, |(id, _)| id);
    let mut context = json!({
        "subscription": { "subscriptionId": subscription, "id": subscription_id },
        "resourceNameHash": name_hash(scope, &record.id.to_string()),
    });
    if let Some((id, name)) = group {
        context["resourceGroup"] = json!({ "name": name, "id": id });
    }
    Some(context)
}

fn aws_context(aws: &Json) -> Option<Json> {
    let text = |key: &str| aws.get(key).and_then(Json::as_str).map(str::to_owned);
    let (account, region) = match text("scope") {
        Some(scope) => (segment_after(&scope, "accounts")?, segment_after(&scope, "regions")?),
        None => (text("accountId")?, text("region")?),
    };
    Some(json!({ "account": account, "region": region }))
}

fn segment_after(scope: &str, name: &str) -> Option<String> {
    let mut segments = scope.split('/').skip_while(|segment| !segment.eq_ignore_ascii_case(name));
    segments.nth(1).map(str::to_owned)
}

/// First 16 hex digits of SHA-256 over scope and resource id, both in lower case.
fn name_hash(scope: &str, id: &str) -> String {
    let text = format!("{}\0{}", scope.to_ascii_lowercase(), id.to_ascii_lowercase());
    Sha256::digest(text.as_bytes()).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
