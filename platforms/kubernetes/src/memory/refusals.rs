//! What an API server refuses, in its words: the rules that container resources run into.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::Entry;
use super::kinds::Known;
use crate::cluster::{Address, Error, KindName};

/// What an API server says of names that are no labels.
const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
/// What it says of those that are no names of Services.
const HOST: &str = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
/// What it says of other names.
const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

/// What it says of keys of labels.
const KEY: &str = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

/// Checks an object that is about to be stored.
///
/// # Errors
/// 422 or 403, as an API server says it.
pub fn check(
    known: &Known,
    address: &Address,
    body: &Json,
    before: Option<&Json>,
    all: &BTreeMap<Address, Entry>,
) -> Result<(), Error> {
    if before.is_none() {
        check_quota(known, address, all)?;
    }
    let mut found = name(known, &address.name);
    found.extend(labels(body, "metadata.labels", "/metadata/labels"));
    found.extend(match known.kind {
        "Deployment" => deployment(body, before),
        "Service" => service(body),
        "Secret" => immutable(body, before, "type"),
        "RoleBinding" => immutable(body, before, "roleRef"),
        _ => Vec::new(),
    });
    if found.is_empty() {
        return Ok(());
    }
    let group = if known.group.is_empty() { String::new() } else { format!(".{}", known.group) };
    let list = match found.as_slice() {
        [one] => one.clone(),
        several => format!("[{}]", several.join(", ")),
    };
    let message = format!("{}{group} \"{}\" is invalid: {list}", known.kind, address.name);
    Err(Error::Refused { status: 422, reason: "Invalid".to_owned(), message })
}

/// Says what is wrong with an object's name; names of roles are free.
fn name(known: &Known, name: &str) -> Vec<String> {
    let rule = match known.kind {
        "Role" | "RoleBinding" | "ClusterRole" | "ClusterRoleBinding" => return Vec::new(),
        "Namespace" if is_label(name) => return Vec::new(),
        "Service" if is_label(name) && !name.starts_with(|c: char| c.is_ascii_digit()) => return Vec::new(),
        "Namespace" => LABEL,
        "Service" => HOST,
        _ if name.len() <= 253 && name.split('.').all(is_part) => return Vec::new(),
        _ => SUBDOMAIN,
    };
    vec![format!("metadata.name: Invalid value: {name:?}: {rule}")]
}

/// Says which keys of labels are none.
fn labels(body: &Json, path: &str, pointer: &str) -> Vec<String> {
    let keys = body.pointer(pointer).and_then(Json::as_object).into_iter().flat_map(|labels| labels.keys());
    let wrong = keys.filter(|key| !is_key(key.rsplit('/').next().unwrap_or_default()));
    wrong.map(|key| format!("{path}: Invalid value: {key:?}: {KEY}")).collect()
}

fn is_key(name: &str) -> bool {
    let is_end = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    name.len() <= 63 && is_end(name.chars().next()) && is_end(name.chars().last()) && name.chars().all(inner)
}

fn is_label(name: &str) -> bool {
    name.len() <= 63 && is_part(name)
}

fn is_part(part: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !part.is_empty() && part.chars().all(inner) && !part.starts_with('-') && !part.ends_with('-')
}

fn check_quota(known: &Known, address: &Address, all: &BTreeMap<Address, Entry>) -> Result<(), Error> {
    let counted = match known.group {
        "" => format!("count/{}", known.plural),
        group => format!("count/{}.{group}", known.plural),
    };
    let quotas = KindName::new("", "ResourceQuota");
    for (quota, entry) in all.iter().filter(|(one, _)| one.kind == quotas && one.namespace == address.namespace) {
        let Some(hard) = entry.body["spec"]["hard"][&counted].as_str() else { continue };
        let used = all.keys().filter(|one| one.kind == address.kind && one.namespace == address.namespace).count();
        if hard.parse::<usize>().is_ok_and(|hard| used >= hard) {
            let group = if known.group.is_empty() { String::new() } else { format!(".{}", known.group) };
            let message = format!(
                "{}{group} \"{}\" is forbidden: exceeded quota: {}, requested: {counted}=1, used: {counted}={used}, limited: {counted}={hard}",
                known.plural, address.name, quota.name
            );
            return Err(Error::Refused { status: 403, reason: "Forbidden".to_owned(), message });
        }
    }
    Ok(())
}

fn immutable(body: &Json, before: Option<&Json>, field: &str) -> Vec<String> {
    match before {
        Some(before) if before[field] != body[field] => {
            vec![format!("{field}: Invalid value: {}: field is immutable", body[field])]
        }
        _ => Vec::new(),
    }
}

fn deployment(body: &Json, before: Option<&Json>) -> Vec<String> {
    let mut found = Vec::new();
    let spec = &body["spec"];
    if let Some(replicas) = spec["replicas"].as_i64().filter(|replicas| *replicas < 0) {
        found.push(format!("spec.replicas: Invalid value: {replicas}: must be greater than or equal to 0"));
    }
    if before.is_some_and(|before| before["spec"]["selector"] != spec["selector"]) {
        found.push(format!("spec.selector: Invalid value: {}: field is immutable", spec["selector"]));
    }
    found.extend(labels(body, "spec.template.labels", "/spec/template/metadata/labels"));
    let pod = &spec["template"]["spec"];
    if let Some(policy) = pod["restartPolicy"].as_str().filter(|policy| *policy != "Always") {
        found.push(format!(
            "spec.template.spec.restartPolicy: Unsupported value: \"{policy}\": supported values: \"Always\""
        ));
    }
    let mut volumes = Vec::new();
    for (at, volume) in pod["volumes"].as_array().into_iter().flatten().enumerate() {
        let name = volume["name"].as_str().unwrap_or_default();
        match is_label(name) {
            true => volumes.push(name),
            false => found.push(format!("spec.template.spec.volumes[{at}].name: Invalid value: {name:?}: {LABEL}")),
        }
    }
    for list in ["initContainers", "containers"] {
        for (at, container) in pod[list].as_array().into_iter().flatten().enumerate() {
            let path = format!("spec.template.spec.{list}[{at}]");
            self::container(container, &path, &mut found);
            mounts(container, &path, &volumes, &mut found);
        }
    }
    found
}

fn mounts(container: &Json, path: &str, volumes: &[&str], found: &mut Vec<String>) {
    let mut paths = Vec::new();
    for (at, mount) in container["volumeMounts"].as_array().into_iter().flatten().enumerate() {
        let (name, place) = (mount["name"].as_str().unwrap_or_default(), &mount["mountPath"]);
        if !volumes.contains(&name) {
            found.push(format!("{path}.volumeMounts[{at}].name: Not found: {name:?}"));
        }
        if paths.contains(&place) {
            found.push(format!("{path}.volumeMounts[{at}].mountPath: Invalid value: {place}: must be unique"));
        }
        paths.push(place);
    }
}

fn container(container: &Json, path: &str, found: &mut Vec<String>) {
    if container["image"].as_str().is_none_or(str::is_empty) {
        found.push(format!("{path}.image: Required value"));
    }
    for (at, port) in container["ports"].as_array().into_iter().flatten().enumerate() {
        if let Some(number) = port["containerPort"].as_i64().filter(|number| !(1..=65535).contains(number)) {
            found.push(format!(
                "{path}.ports[{at}].containerPort: Invalid value: {number}: must be between 1 and 65535, inclusive"
            ));
        }
    }
    for probe in ["livenessProbe", "readinessProbe"] {
        let Some(given) = container.get(probe) else { continue };
        if ["httpGet", "tcpSocket", "exec", "grpc"].iter().all(|kind| given.get(kind).is_none()) {
            found.push(format!("{path}.{probe}: Required value: must specify a handler type"));
        }
    }
}

fn service(body: &Json) -> Vec<String> {
    let ports = body["spec"]["ports"].as_array().cloned().unwrap_or_default();
    let mut found = Vec::new();
    for (at, port) in ports.iter().enumerate() {
        if ports.len() > 1 && port["name"].as_str().is_none_or(str::is_empty) {
            found.push(format!("spec.ports[{at}].name: Required value"));
        }
        if let Some(name) = port["name"].as_str().filter(|name| !name.is_empty() && !is_label(name)) {
            found.push(format!("spec.ports[{at}].name: Invalid value: {name:?}: {LABEL}"));
        }
        if let Some(number) = port["port"].as_i64().filter(|number| !(1..=65535).contains(number)) {
            found.push(format!(
                "spec.ports[{at}].port: Invalid value: {number}: must be between 1 and 65535, inclusive"
            ));
        }
    }
    found
}
