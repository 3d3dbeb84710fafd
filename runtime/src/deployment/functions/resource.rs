//! What a deployment knows: parameters, variables, loops, scopes and resources.

use radii_model::{ResourceId, TypeName};
use serde_json::{Value as Json, json};

use super::super::expression::{Evaluator, Expr, Phase, Stop};
use super::{ANY, Function, as_integer, as_text, special};

pub(super) const TABLE: &[Function] = &[
    special("parameters", 1, 1, |evaluator, _, args| {
        let name = text(evaluator, &args[0])?;
        evaluator.parameter(&name)
    }),
    special("variables", 1, 1, |evaluator, _, args| {
        let name = text(evaluator, &args[0])?;
        evaluator.variable(&name)
    }),
    special("copyIndex", 0, 2, copy_index),
    special("reference", 1, 3, reference),
    special("references", 1, 2, references),
    special("resourceInfo", 1, 1, resource_info),
    special("deployment", 0, 0, deployment),
    special("resourceGroup", 0, 0, resource_group),
    special("resourceId", 2, ANY, |evaluator, _, args| scoped_id(evaluator, args)),
    special("subscriptionResourceId", 2, ANY, subscription_id),
    special("tenantResourceId", 2, ANY, tenant_id),
    special("extensionResourceId", 3, ANY, extension_id),
    special("invokeResourceMethod", 2, 3, |evaluator, name, args| {
        only_when_deployed(evaluator, name)?;
        let (target, method) = (text(evaluator, &args[0])?, text(evaluator, &args[1])?);
        evaluator.scope.resources.action(&target, &method)
    }),
    special("extensions", 1, 1, extensions),
    special("externalInputs", 1, 1, |evaluator, name, args| {
        let key = text(evaluator, &args[0])?;
        Err(Stop::Error(format!("`{name}`: the value of `{key}` is given to the compiler, not to a deployment")))
    }),
];

/// What a module is told about an extension: `extensions('kubernetes').config`.
fn extensions(evaluator: &mut Evaluator<'_, '_>, _: &str, args: &[Expr]) -> Result<Json, Stop> {
    let alias = text(evaluator, &args[0])?;
    let config = super::find_member(&evaluator.scope.template.configurations, &alias).cloned();
    let config = config.ok_or_else(|| format!("there is no extension `{alias}` in the template"))?;
    let mut values = serde_json::Map::new();
    for (name, entry) in config.as_object().into_iter().flatten() {
        let value = entry.get("defaultValue").unwrap_or(entry);
        values.insert(name.clone(), json!({ "value": evaluator.value(value)? }));
    }
    Ok(json!({ "config": values }))
}

/// `listSecrets`, `listKeys` and all others that begin with `list`.
pub(super) const LIST: Function = special("list*", 1, 3, list);

fn text(evaluator: &mut Evaluator<'_, '_>, arg: &Expr) -> Result<String, Stop> {
    let value = evaluator.eval(arg)?;
    Ok(as_text(&value)?.to_owned())
}

fn only_when_deployed(evaluator: &Evaluator<'_, '_>, name: &str) -> Result<(), Stop> {
    if evaluator.scope.phase == Phase::Run {
        return Ok(());
    }
    Err(Stop::Error(format!(
        "`{name}` is not known before the deployment begins; names, conditions, counts and defaults cannot use it"
    )))
}

fn copy_index(evaluator: &mut Evaluator<'_, '_>, _: &str, args: &[Expr]) -> Result<Json, Stop> {
    let values = args.iter().map(|arg| evaluator.eval(arg)).collect::<Result<Vec<_>, _>>()?;
    let name = values.first().and_then(Json::as_str);
    let offset = values.iter().find(|value| value.is_number()).map_or(Ok(0), as_integer)?;
    let found = match name {
        Some(name) => evaluator.loops.iter().rev().find(|(own, _)| own.eq_ignore_ascii_case(name)),
        // Without a name the resource's or output's own loop is meant: the outermost.
        None => evaluator.loops.first(),
    };
    let Some((_, index)) = found else {
        let wanted = name.map_or_else(String::new, |name| format!(" called `{name}`"));
        return Err(Stop::Error(format!("`copyIndex` stands in no loop{wanted}")));
    };
    Ok((*index as i64 + offset).into())
}

fn reference(evaluator: &mut Evaluator<'_, '_>, name: &str, args: &[Expr]) -> Result<Json, Stop> {
    only_when_deployed(evaluator, name)?;
    let target = text(evaluator, &args[0])?;
    let full = args.get(2).map(|arg| text(evaluator, arg)).transpose()?;
    evaluator.scope.resources.reference(&target, full.is_some_and(|full| full.eq_ignore_ascii_case("full")))
}

fn references(evaluator: &mut Evaluator<'_, '_>, name: &str, args: &[Expr]) -> Result<Json, Stop> {
    only_when_deployed(evaluator, name)?;
    let target = text(evaluator, &args[0])?;
    evaluator.scope.resources.references(&target)
}

fn list(evaluator: &mut Evaluator<'_, '_>, name: &str, args: &[Expr]) -> Result<Json, Stop> {
    only_when_deployed(evaluator, name)?;
    let target = text(evaluator, &args[0])?;
    evaluator.scope.resources.action(&target, name)
}

fn resource_info(evaluator: &mut Evaluator<'_, '_>, _: &str, args: &[Expr]) -> Result<Json, Stop> {
    let target = text(evaluator, &args[0])?;
    let id = evaluator.scope.resources.id(&target)?;
    let parsed: ResourceId = id.parse().map_err(|error| Stop::Error(format!("{error}")))?;
    let kind = parsed.resource_type().map(|kind| kind.to_string());
    Ok(json!({ "id": id, "name": parsed.name(), "type": kind }))
}

fn deployment(evaluator: &mut Evaluator<'_, '_>, _: &str, _: &[Expr]) -> Result<Json, Stop> {
    let id = &evaluator.scope.surroundings.id;
    let parameters = &evaluator.scope.template.parameters_shown;
    Ok(
        json!({ "name": id.name(), "id": id.to_string(), "location": "global", "properties": { "parameters": parameters } }),
    )
}

fn resource_group(evaluator: &mut Evaluator<'_, '_>, _: &str, _: &[Expr]) -> Result<Json, Stop> {
    let surroundings = evaluator.scope.surroundings;
    let scope = surroundings.azure.as_ref().unwrap_or(&surroundings.radius);
    let Some(name) = scope.resource_group() else {
        return Err(Stop::Error(format!("the scope `{scope}` of the deployment is no resource group")));
    };
    Ok(
        json!({ "id": scope.to_string(), "name": name, "type": "Microsoft.Resources/resourceGroups", "location": "global",
            "tags": {}, "properties": { "provisioningState": "Succeeded" } }),
    )
}

pub(super) fn texts(evaluator: &mut Evaluator<'_, '_>, args: &[Expr]) -> Result<Vec<String>, Stop> {
    args.iter().map(|arg| text(evaluator, arg)).collect()
}

/// `resourceId([subscription,] [group,] type, name…)`: ids of Azure types lie in the Azure scope, all others in Radius'.
fn scoped_id(evaluator: &mut Evaluator<'_, '_>, args: &[Expr]) -> Result<Json, Stop> {
    let args = texts(evaluator, args)?;
    let Some(at) = args.iter().position(|arg| arg.contains('/')) else {
        return Err(Stop::Error("`resourceId` has no argument that is a resource type".into()));
    };
    let surroundings = evaluator.scope.surroundings;
    let azure = args[at].to_ascii_lowercase().starts_with("microsoft.");
    let scope = surroundings.azure.as_ref().filter(|_| azure).unwrap_or(&surroundings.radius);
    let scope = match &args[..at] {
        [] => scope.clone(),
        [group] => replace_scope(scope, "resourceGroups", group),
        [subscription, group] => {
            replace_scope(&replace_scope(scope, "subscriptions", subscription), "resourceGroups", group)
        }
        _ => return Err(Stop::Error("`resourceId` takes subscription and group before the type, and no more".into())),
    };
    Ok(resource_id(&scope, &args[at], &args[at + 1..].join("/"))?.to_string().into())
}

/// `subscriptionResourceId([subscription,] type, name…)`: a resource that belongs to a subscription, and to no group in it.
fn subscription_id(evaluator: &mut Evaluator<'_, '_>, name: &str, args: &[Expr]) -> Result<Json, Stop> {
    let given = texts(evaluator, args)?;
    let Some(at) = given.iter().position(|arg| arg.contains('/')).filter(|at| *at <= 1) else {
        return Err(Stop::Error(format!("`{name}` takes a resource type, and before it a subscription at most")));
    };
    let surroundings = evaluator.scope.surroundings;
    let scope = surroundings.azure.as_ref().unwrap_or(&surroundings.radius);
    let own = scope.scopes().iter().find(|segment| segment.kind.eq_ignore_ascii_case("subscriptions"));
    let own = own.and_then(|segment| segment.name.as_deref());
    let subscription = if at == 1 { Some(given[0].as_str()) } else { own };
    // Radius' own scopes have no subscriptions; what is asked for lies in the group there.
    let Some(subscription) = subscription else { return scoped_id(evaluator, args) };
    Ok(format!("/subscriptions/{subscription}{}", unscoped_id(&given[at], &given[at + 1..])?).into())
}

/// Returns a scope with one of its parts exchanged, or with that part below it.
pub(in crate::deployment) fn replace_scope(scope: &ResourceId, kind: &str, name: &str) -> ResourceId {
    let old = scope.scopes().iter().find(|segment| segment.kind.eq_ignore_ascii_case(kind));
    let old = old.and_then(|segment| Some(format!("/{}/{}", segment.kind, segment.name.as_deref()?)));
    let Some(old) = old else { return scope.child(kind, name) };
    let text = scope.to_string().replacen(&old, &format!("/{kind}/{name}"), 1);
    text.parse().unwrap_or_else(|_| scope.clone())
}

fn tenant_id(evaluator: &mut Evaluator<'_, '_>, _: &str, args: &[Expr]) -> Result<Json, Stop> {
    let args = texts(evaluator, args)?;
    Ok(unscoped_id(&args[0], &args[1..])?.into())
}

/// Returns `/providers/…` of a type and its names.
pub(in crate::deployment) fn unscoped_id(kind: &str, names: &[String]) -> Result<String, String> {
    let (namespace, kinds) = split_type(kind)?;
    Ok(format!("/providers/{namespace}{}", pairs(kinds, &names.join("/"))?))
}

fn extension_id(evaluator: &mut Evaluator<'_, '_>, _: &str, args: &[Expr]) -> Result<Json, Stop> {
    let args = texts(evaluator, args)?;
    let (namespace, kinds) = split_type(&args[1])?;
    let pairs = pairs(kinds, &args[2..].join("/"))?;
    Ok(format!("{}/providers/{namespace}{pairs}", args[0].trim_end_matches('/')).into())
}

fn split_type(kind: &str) -> Result<(&str, &str), String> {
    // Templates that are in use end types with a slash; nothing follows it.
    kind.trim_end_matches('/')
        .split_once('/')
        .ok_or_else(|| format!("`{kind}` is not a resource type such as `Contoso.Data/postgres`"))
}

/// Returns `/parents/p/children/c` for `parents/children` and `p/c`.
fn pairs(kinds: &str, names: &str) -> Result<String, String> {
    let (kinds, names): (Vec<&str>, Vec<&str>) = (kinds.split('/').collect(), names.split('/').collect());
    if kinds.len() != names.len() {
        return Err(format!("the type has {} segments, but {} names were given", kinds.len(), names.len()));
    }
    Ok(kinds.iter().zip(&names).map(|(kind, name)| format!("/{kind}/{name}")).collect())
}

/// Returns the id of a resource at a scope; nested types take as many names, separated by slashes.
pub(in crate::deployment) fn resource_id(scope: &ResourceId, kind: &str, name: &str) -> Result<ResourceId, String> {
    let (namespace, kinds) = split_type(kind)?;
    pairs(kinds, name)?;
    let kind = format!("{namespace}/{kinds}");
    let kind: TypeName = kind.parse().map_err(|_| format!("`{kind}` is not a resource type"))?;
    let id = scope.resource(&kind, name);
    let again = id.to_string().parse::<ResourceId>().ok().filter(|again| *again == id);
    again.ok_or_else(|| format!("`{name}` cannot be the name of a resource"))
}
