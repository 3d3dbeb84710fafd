//! What an API server refuses, in its words: the rules that container resources run into.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::Entry;
use super::kinds::Known;
use crate::cluster::{Address, Error, KindName};

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
    let found = match known.kind {
        "Deployment" => deployment(body, before),
        "Service" => service(body),
        "Secret" => immutable(body, before, "type"),
        "RoleBinding" => immutable(body, before, "roleRef"),
        _ => Vec::new(),
    };
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
    let pod = &spec["template"]["spec"];
    if let Some(policy) = pod["restartPolicy"].as_str().filter(|policy| *policy != "Always") {
        found.push(format!(
            "spec.template.spec.restartPolicy: Unsupported value: \"{policy}\": supported values: \"Always\""
        ));
    }
    for list in ["initContainers", "containers"] {
        for (at, container) in pod[list].as_array().into_iter().flatten().enumerate() {
            self::container(container, &format!("spec.template.spec.{list}[{at}]"), &mut found);
        }
    }
    found
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
        if let Some(number) = port["port"].as_i64().filter(|number| !(1..=65535).contains(number)) {
            found.push(format!(
                "spec.ports[{at}].port: Invalid value: {number}: must be between 1 and 65535, inclusive"
            ));
        }
    }
    found
}
