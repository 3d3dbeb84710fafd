//! What each page shows.

use radii_model::{ResourceId, TypeName};
use radii_runtime::Fault;
use radii_runtime::catalog::{Provider, Schema, Type};
use radii_runtime::host::{Host, present};
use radii_runtime::store::{ListQuery, Operation, Record, State, Verb};
use serde::Serialize;
use serde_json::{Value as Json, json};

use super::{docs, markdown};

/// Resources of one group on the overview; the group's own page has all.
const PREVIEW: usize = 50;
/// Resources on one page of a group.
const PAGE: usize = 200;
/// Operations on the overview.
const OPERATIONS: usize = 25;
/// Operations among which a failed resource's last one is looked for.
const LOOK_BACK: usize = 500;

#[derive(Serialize)]
pub(super) struct Overview {
    title: &'static str,
    counts: Json,
    applications: Vec<ResourceRow>,
    groups: Vec<Group>,
    operations: Vec<OperationRow>,
    providers: Vec<ProviderRow>,
}

#[derive(Serialize)]
pub(super) struct Group {
    title: String,
    plane: String,
    name: String,
    resources: Vec<ResourceRow>,
    /// Address of the next page.
    more: Option<String>,
}

#[derive(Serialize)]
struct ResourceRow {
    name: String,
    type_name: String,
    group: String,
    state: &'static str,
    updated: String,
    href: String,
}

#[derive(Serialize)]
struct OperationRow {
    created: String,
    verb: &'static str,
    resource: String,
    href: String,
    state: &'static str,
    attempt: u32,
    error: Option<ErrorView>,
}

#[derive(Serialize)]
struct ErrorView {
    code: String,
    message: String,
    details: Vec<ErrorView>,
}

#[derive(Serialize)]
struct ProviderRow {
    namespace: String,
    plane: String,
    types: Vec<TypeRow>,
}

#[derive(Serialize)]
struct TypeRow {
    name: String,
    href: String,
    versions: String,
}

#[derive(Serialize)]
pub(super) struct TypePage {
    title: String,
    namespace: String,
    /// As HTML.
    docs: String,
    versions: Vec<VersionView>,
}

#[derive(Serialize)]
struct VersionView {
    version: String,
    schema: String,
}

#[derive(Serialize)]
pub(super) struct ResourcePage {
    title: String,
    name: String,
    group: String,
    type_name: String,
    type_href: Option<String>,
    state: &'static str,
    updated: String,
    error: Option<ErrorView>,
    graph: Vec<GraphRow>,
    /// The same as a picture: SVG.
    picture: String,
    content: String,
}

#[derive(Serialize)]
struct GraphRow {
    name: String,
    type_name: String,
    state: String,
    href: String,
    targets: Vec<Link>,
}

#[derive(Serialize)]
struct Link {
    name: String,
    href: String,
}

/// What is shown instead of a page.
pub(super) fn fault(fault: &Fault) -> Json {
    let title = if fault.status == 404 { "Not found" } else { "This page cannot be shown" };
    json!({ "title": title, "message": fault.message })
}

pub(super) async fn overview(host: &Host) -> Result<Overview, Fault> {
    let planes = host.parts.store.list(&below("/planes", Some("System.Radius/planes"), None)?).await?;
    let mut providers = Vec::new();
    let mut groups = Vec::new();
    let mut group_count = 0;
    for plane in &planes.records {
        let name = plane.id.name().unwrap_or_default();
        providers.extend(host.parts.catalog.list(name).iter().map(|provider| provider_row(provider)));
        let in_plane = below(&plane.id.to_string(), Some("System.Resources/resourceGroups"), None)?;
        for record in host.parts.store.list(&in_plane).await?.records {
            group_count += 1;
            if groups.len() < PREVIEW {
                groups.push(group_of(host, &record.id, None, PREVIEW).await?);
            }
        }
    }
    let operations = host.parts.store.recent_operations(OPERATIONS).await?;
    let applications = applications(host, &planes.records).await?;
    Ok(Overview {
        title: "Overview",
        counts: json!({
            "providers": providers.len(),
            "types": providers.iter().map(|provider| provider.types.len()).sum::<usize>(),
            "groups": group_count,
            "applications": applications.len(),
        }),
        applications,
        groups,
        operations: operations.iter().map(operation_row).collect(),
        providers,
    })
}

pub(super) async fn group(host: &Host, plane: &str, name: &str, after: Option<u64>) -> Result<Group, Fault> {
    let id: ResourceId = parse(&format!("/planes/radius/{plane}/resourceGroups/{name}"))?;
    let record = host.parts.store.find(&id).await?.ok_or_else(|| Fault::not_found(&id.to_string()))?;
    group_of(host, &record.id, after, PAGE).await
}

pub(super) fn kind(host: &Host, plane: &str, namespace: &str, name: &str) -> Result<TypePage, Fault> {
    let provider = host.parts.catalog.find(plane, namespace);
    let found = provider.as_ref().and_then(|provider| Some((provider, provider.find_type(name)?)));
    let (provider, kind) = found.ok_or_else(|| Fault::not_found(&format!("{namespace}/{name}")))?;
    let docs = docs::markdown(provider, kind).unwrap_or_else(|| kind.description.clone().unwrap_or_default());
    Ok(TypePage {
        title: kind.name.clone(),
        namespace: provider.namespace.clone(),
        docs: markdown::render(&docs),
        versions: versions(kind),
    })
}

pub(super) async fn resource(host: &Host, id: &str) -> Result<ResourcePage, Fault> {
    let record = host.get(&parse(id)?).await?;
    let failed = matches!(record.state, State::Failed | State::Canceled);
    let last = if failed { last_error(host, &record).await? } else { None };
    let (graph, picture) = match is_application(&record) {
        true => graph(host, &record).await,
        false => (Vec::new(), String::new()),
    };
    let content = serde_json::to_string_pretty(&present(&record));
    Ok(ResourcePage {
        title: record.id.name().unwrap_or_default().to_owned(),
        name: record.id.name().unwrap_or_default().to_owned(),
        group: record.id.resource_group().unwrap_or_default().to_owned(),
        type_href: type_href(host, &record),
        state: record.state.as_str(),
        updated: record.updated_at.to_string(),
        error: last,
        graph,
        picture,
        content: content.map_err(|error| Fault::internal(error.to_string()))?,
        type_name: record.type_name,
    })
}

fn versions(kind: &Type) -> Vec<VersionView> {
    let mut versions: Vec<_> = kind.api_versions.iter().collect();
    versions.sort_by(|(left, _), (right, _)| right.cmp(left));
    let view = |(version, schema): (&radii_model::ApiVersion, &std::sync::Arc<Schema>)| VersionView {
        version: version.to_string(),
        schema: serde_json::to_string_pretty(&*schema.json()).unwrap_or_default(),
    };
    versions.into_iter().map(view).collect()
}

async fn group_of(host: &Host, id: &ResourceId, after: Option<u64>, limit: usize) -> Result<Group, Fault> {
    let name = id.name().unwrap_or_default().to_owned();
    let plane = id.plane().map(|(_, name)| name.to_owned()).unwrap_or_default();
    let query = ListQuery { recursive: true, after, limit: Some(limit), ..below(&id.to_string(), None, None)? };
    let page = host.parts.store.list(&query).await?;
    let address = format!("/dashboard/groups/{}/{}", escape(&plane), escape(&name));
    Ok(Group {
        title: name.clone(),
        plane,
        name,
        resources: page.records.iter().map(resource_row).collect(),
        more: page.next.map(|next| format!("{address}?after={next}")),
    })
}

async fn applications(host: &Host, planes: &[Record]) -> Result<Vec<ResourceRow>, Fault> {
    let mut rows = Vec::new();
    for plane in planes {
        for kind in ["Applications.Core/applications", "Radius.Core/applications"] {
            let query = ListQuery { recursive: true, ..below(&plane.id.to_string(), Some(kind), Some(PAGE))? };
            rows.extend(host.parts.store.list(&query).await?.records.iter().map(resource_row));
        }
    }
    Ok(rows)
}

/// Returns the error of the newest operation of a resource that failed.
async fn last_error(host: &Host, record: &Record) -> Result<Option<ErrorView>, Fault> {
    let recent = host.parts.store.recent_operations(LOOK_BACK).await?;
    let last = recent.into_iter().find(|operation| operation.resource == record.id);
    Ok(last.and_then(|operation| operation.error).as_ref().map(error_view))
}

/// Returns the rows and the picture of an application's graph; none when it cannot be drawn, since the rest of the page can.
async fn graph(host: &Host, record: &Record) -> (Vec<GraphRow>, String) {
    let answer = match host.act(&record.id, "getGraph", &json!({})).await {
        Ok(answer) => answer,
        Err(error) => {
            tracing::warn!(resource = %record.id, %error, "Cannot show the graph of `{}`", record.id);
            return (Vec::new(), String::new());
        }
    };
    let text = |value: &Json, name: &str| value[name].as_str().unwrap_or_default().to_owned();
    let resources = answer["resources"].as_array().map(Vec::as_slice).unwrap_or_default();
    let row = |resource: &Json| GraphRow {
        name: text(resource, "name"),
        type_name: text(resource, "type"),
        state: text(resource, "provisioningState"),
        href: resource_href(&text(resource, "id")),
        targets: targets(resource),
    };
    let picture = if resources.is_empty() { String::new() } else { radii_runtime::graph::to_svg(&answer) };
    (resources.iter().map(row).collect(), picture)
}

fn targets(resource: &Json) -> Vec<Link> {
    let connections = resource["connections"].as_array().into_iter().flatten();
    let outbound = connections.filter(|connection| connection["direction"] != "Inbound");
    let ids = outbound.filter_map(|connection| connection["id"].as_str());
    ids.map(|id| Link { name: id.rsplit('/').next().unwrap_or(id).to_owned(), href: resource_href(id) }).collect()
}

fn is_application(record: &Record) -> bool {
    record.type_name.to_ascii_lowercase().ends_with(".core/applications")
}

fn resource_row(record: &Record) -> ResourceRow {
    ResourceRow {
        name: record.id.name().unwrap_or_default().to_owned(),
        type_name: record.type_name.clone(),
        group: record.id.resource_group().unwrap_or_default().to_owned(),
        state: record.state.as_str(),
        updated: record.updated_at.to_string(),
        href: resource_href(&record.id.to_string()),
    }
}

fn operation_row(operation: &Operation) -> OperationRow {
    OperationRow {
        created: operation.created_at.to_string(),
        verb: match operation.verb {
            Verb::Put => "create or update",
            Verb::Delete => "delete",
        },
        resource: operation.resource.name().unwrap_or_default().to_owned(),
        href: resource_href(&operation.resource.to_string()),
        state: operation.state.as_str(),
        attempt: operation.attempt,
        error: operation.error.as_ref().map(error_view),
    }
}

fn error_view(fault: &Fault) -> ErrorView {
    let details = fault.details.iter().map(error_view).collect();
    ErrorView { code: fault.code.clone(), message: fault.message.clone(), details }
}

fn provider_row(provider: &Provider) -> ProviderRow {
    let row = |kind: &Type| TypeRow {
        name: kind.name.clone(),
        href: kind_href(provider, kind),
        versions: kind.api_versions.keys().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    };
    ProviderRow {
        namespace: provider.namespace.clone(),
        plane: provider.plane.clone(),
        types: provider.types.values().map(|kind| row(kind)).collect(),
    }
}

fn type_href(host: &Host, record: &Record) -> Option<String> {
    let (_, plane) = record.id.plane()?;
    let name = record.id.resource_type()?;
    let provider = host.parts.catalog.find(plane, name.namespace())?;
    provider.find_type(name.name()).map(|kind| kind_href(&provider, kind))
}

fn kind_href(provider: &Provider, kind: &Type) -> String {
    let parts = [&provider.plane, &provider.namespace, &kind.name].map(|part| escape(part));
    format!("/dashboard/types/{}", parts.join("/"))
}

fn resource_href(id: &str) -> String {
    let segments: Vec<String> = id.split('/').map(escape).collect();
    format!("/dashboard/resource{}", segments.join("/"))
}

/// Escapes a path segment for an address.
fn escape(segment: &str) -> String {
    let mut escaped = String::with_capacity(segment.len());
    for byte in segment.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => escaped.push(byte.into()),
            byte => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}

fn parse(id: &str) -> Result<ResourceId, Fault> {
    id.parse().map_err(|_| Fault::not_found(id))
}

/// Returns the query of what lies directly below a scope.
fn below(scope: &str, kind: Option<&str>, limit: Option<usize>) -> Result<ListQuery, Fault> {
    let kind = kind.map(|kind| kind.parse::<TypeName>().expect("the types named here are well formed"));
    Ok(ListQuery { scope: Some(parse(scope)?), recursive: false, kind, after: None, limit })
}
