//! Replicas that follow the load: by the cluster's own scaler, or by KEDA where the measures are events.
//!
//! KEDA is chosen by a measure `keda:TYPE`, or by triggers of the author's own in `runtimes.kubernetes.scale`.

use radii_runtime::Fault;
use radii_runtime::fault::code;
use radii_runtime::platform::{Goal, Metric, Scaling, Workload};
use serde_json::{Map, Value as Json, json};

/// Before the type of a trigger in the name of a measure.
const KEDA: &str = "keda:";
/// What an author may set of a `ScaledObject` beside its triggers.
const SETTINGS: [&str; 8] = [
    "minReplicaCount",
    "maxReplicaCount",
    "idleReplicaCount",
    "pollingInterval",
    "cooldownPeriod",
    "initialCooldownPeriod",
    "fallback",
    "advanced",
];
/// Members of a rule that go into the trigger as they are.
const OF_TRIGGER: [&str; 5] = ["name", "metadata", "metricType", "authenticationRef", "useCachedMetrics"];
/// Type of a trigger → the member of its metadata that says how much one replica copes with.
const AMOUNTS: [(&str, &str); 10] = [
    ("activemq", "targetQueueSize"),
    ("aws-sqs-queue", "queueLength"),
    ("azure-queue", "queueLength"),
    ("azure-servicebus", "messageCount"),
    ("kafka", "lagThreshold"),
    ("mysql", "queryValue"),
    ("postgresql", "targetQueryValue"),
    ("prometheus", "threshold"),
    ("rabbitmq", "value"),
    ("redis", "listLength"),
];

/// An object that scales a workload.
pub struct Scaler {
    /// `apiVersion`.
    pub version: &'static str,
    /// Group and kind.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// Its specification.
    pub spec: Json,
}

/// Whether somebody else than the author chooses the number of replicas.
pub fn is_scaled(workload: &Workload) -> bool {
    workload.scaling.is_some() || given(&workload.punch_through).is_some()
}

/// Returns the objects that scale the Deployment `name`; none where its author says how many replicas there are.
///
/// # Errors
/// 400 naming the measure that cannot be followed.
pub fn scalers(name: &str, workload: &Workload) -> Result<Vec<Scaler>, Fault> {
    let metrics = workload.scaling.as_ref().map_or(&[][..], |scaling| &scaling.metrics);
    let is_of_events = metrics.iter().any(|metric| metric.custom && metric.name.starts_with(KEDA));
    let made = match (&workload.scaling, given(&workload.punch_through)) {
        (None, None) => Ok(Vec::new()),
        (Some(scaling), None) if !is_of_events => follow_load(name, scaling).map(|scaler| vec![scaler]),
        (scaling, rules) => follow_events(name, scaling.as_ref(), rules.unwrap_or(&Map::new())),
    };
    made.map_err(|message| Fault::new(400, code::PLATFORM_UNSUPPORTED, message).target(&workload.resource.id))
}

fn given(punch_through: &Map<String, Json>) -> Option<&Map<String, Json>> {
    punch_through.get("scale").and_then(Json::as_object)
}

/// Checks `runtimes.kubernetes.scale` before it is known where the container goes.
///
/// # Errors
/// 400 naming the member.
pub fn check(punch_through: &Map<String, Json>) -> Result<(), Fault> {
    let refuse = |place: &str, why: &str| {
        let target = format!("$.properties.runtimes.kubernetes.scale{place}");
        Err(Fault::new(400, code::INVALID_CONTENT, format!("{target} {why}.")).target(target))
    };
    let scale = match punch_through.get("scale") {
        None | Some(Json::Null) => return Ok(()),
        Some(Json::Object(scale)) => scale,
        Some(_) => return refuse("", "must be an object"),
    };
    if let Some(unknown) = scale.keys().find(|key| *key != "rules" && !SETTINGS.contains(&key.as_str())) {
        return refuse(&format!(".{unknown}"), &format!("is not known; known are rules, {}", SETTINGS.join(", ")));
    }
    let rules = match scale.get("rules") {
        Some(Json::Array(rules)) if !rules.is_empty() => rules,
        _ => return refuse(".rules", "must be a list of triggers, each with a `type`"),
    };
    for (at, rule) in rules.iter().enumerate() {
        let place = format!(".rules[{at}]");
        let Some(rule) = rule.as_object() else { return refuse(&place, "must be an object with a `type`") };
        if rule.get("type").and_then(Json::as_str).is_none_or(str::is_empty) {
            return refuse(&format!("{place}.type"), "is required");
        }
        let known = |key: &str| key == "type" || key == "secrets" || OF_TRIGGER.contains(&key);
        if let Some(unknown) = rule.keys().find(|key| !known(key)) {
            return refuse(
                &format!("{place}.{unknown}"),
                &format!("is not known; known are type, secrets, {}", OF_TRIGGER.join(", ")),
            );
        }
        let metadata = rule.get("metadata").map(Json::as_object);
        if metadata
            .is_some_and(|metadata| metadata.is_none_or(|members| members.values().any(|text| !text.is_string())))
        {
            return refuse(&format!("{place}.metadata"), "must be an object of texts");
        }
        let is_secret = |secret: &Json| ["parameter", "secret", "key"].iter().all(|member| secret[member].is_string());
        let secrets = rule.get("secrets").map(Json::as_array);
        if secrets.is_some_and(|secrets| secrets.is_none_or(|secrets| !secrets.iter().all(is_secret))) {
            return refuse(&format!("{place}.secrets"), "must be a list, each with `parameter`, `secret` and `key`");
        }
        if secrets.is_some() && rule.contains_key("authenticationRef") {
            return refuse(&place, "has `secrets` and an `authenticationRef`: choose one");
        }
    }
    Ok(())
}

/// The cluster's own scaler.
fn follow_load(name: &str, scaling: &Scaling) -> Result<Scaler, String> {
    if let Some(metric) = scaling.metrics.iter().find(|metric| metric.custom && metric.name == "tcp") {
        return Err(format!(
            "scaling by `{}` connections is not supported on Kubernetes (/properties/autoScaling/metrics): nothing counts them. \
             Scale by cpu, or by a measure that the application exposes",
            metric.name
        ));
    }
    let spec = json!({
        "scaleTargetRef": target(name),
        "minReplicas": scaling.least.max(1),
        "maxReplicas": scaling.most,
        "metrics": scaling.metrics.iter().map(metric).collect::<Vec<_>>(),
    });
    let kind = "autoscaling/HorizontalPodAutoscaler";
    Ok(Scaler { version: "autoscaling/v2", kind, name: name.to_owned(), spec })
}

fn target(name: &str) -> Json {
    json!({ "apiVersion": "apps/v1", "kind": "Deployment", "name": name })
}

fn metric(metric: &Metric) -> Json {
    let target = match metric.goal {
        Goal::Utilization(percent) => json!({ "type": "Utilization", "averageUtilization": percent }),
        Goal::Average(number) => json!({ "type": "AverageValue", "averageValue": number.to_string() }),
    };
    if metric.custom {
        return json!({ "type": "Pods", "pods": { "metric": { "name": metric.name }, "target": target } });
    }
    json!({ "type": "Resource", "resource": { "name": metric.name, "target": target } })
}

/// KEDA's scaler, with the logins that its triggers need before it.
fn follow_events(name: &str, scaling: Option<&Scaling>, scale: &Map<String, Json>) -> Result<Vec<Scaler>, String> {
    let mut rules: Vec<&Json> = scale.get("rules").and_then(Json::as_array).into_iter().flatten().collect();
    let mut triggers = Vec::new();
    let mut logins = Vec::new();
    let mut add = |mut trigger: Json, rule: &Json| {
        if let Some(secrets) = rule["secrets"].as_array() {
            let login = format!("{name}-{}", triggers.len() + 1);
            trigger["authenticationRef"] = json!({ "name": login });
            logins.push(authentication(login, secrets));
        }
        triggers.push(trigger);
    };
    for metric in scaling.map_or(&[][..], |scaling| &scaling.metrics) {
        let kind = match (metric.custom, metric.name.strip_prefix(KEDA)) {
            (false, _) => {
                add(of_resource(metric), &Json::Null);
                continue;
            }
            (true, Some(kind)) => kind,
            (true, None) => {
                return Err(format!(
                    "scaling by `{}` beside triggers of KEDA is not supported on Kubernetes (/properties/autoScaling/metrics): a \
                     Deployment has one scaler. Write it as a trigger of KEDA, such as `keda:prometheus`; or leave those out",
                    metric.name
                ));
            }
        };
        let rule = rules.iter().position(|rule| rule["type"] == kind).map(|at| rules.remove(at));
        add(of_event(kind, metric, rule.unwrap_or(&Json::Null))?, rule.unwrap_or(&Json::Null));
    }
    for rule in rules {
        add(trigger(rule["type"].as_str().unwrap_or_default(), rule), rule);
    }
    let mut spec = json!({ "scaleTargetRef": target(name) });
    if let Some(scaling) = scaling {
        spec["minReplicaCount"] = json!(scaling.least);
        spec["maxReplicaCount"] = json!(scaling.most);
    }
    for (member, value) in SETTINGS.iter().filter_map(|member| Some((member, scale.get(*member)?))) {
        spec[*member] = value.clone();
    }
    spec["triggers"] = Json::Array(triggers);
    let (version, kind) = ("keda.sh/v1alpha1", "keda.sh/ScaledObject");
    logins.push(Scaler { version, kind, name: name.to_owned(), spec });
    Ok(logins)
}

/// A trigger as its author wrote it.
fn trigger(kind: &str, rule: &Json) -> Json {
    let mut trigger = json!({ "type": kind, "metadata": {} });
    for (member, value) in OF_TRIGGER.iter().filter_map(|member| Some((member, rule.get(*member)?))) {
        trigger[*member] = value.clone();
    }
    trigger
}

fn of_resource(metric: &Metric) -> Json {
    let (kind, value) = match metric.goal {
        Goal::Utilization(percent) => ("Utilization", percent.to_string()),
        Goal::Average(number) => ("AverageValue", number.to_string()),
    };
    json!({ "type": metric.name, "metricType": kind, "metadata": { "value": value } })
}

/// The trigger of a measure: the author's rule of that type, with the measure's goal where the rule has none.
fn of_event(kind: &str, metric: &Metric, rule: &Json) -> Result<Json, String> {
    let mut trigger = trigger(kind, rule);
    let amount = AMOUNTS.iter().find(|(known, _)| *known == kind).map(|(_, member)| *member);
    match amount {
        Some(member) if trigger["metadata"].get(member).is_none() => {
            let number = match metric.goal {
                Goal::Average(number) => number.to_string(),
                Goal::Utilization(percent) => percent.to_string(),
            };
            trigger["metadata"][member] = json!(number);
        }
        Some(_) => {}
        None if rule.is_null() => {
            return Err(format!(
                "scaling by `{KEDA}{kind}` needs a rule on Kubernetes (/properties/autoScaling/metrics): say what the trigger looks at in \
                 `runtimes.kubernetes.scale.rules`, `{{ type: {kind}, metadata: … }}`"
            ));
        }
        None => {}
    }
    Ok(trigger)
}

/// Lets a trigger read keys of Secrets.
fn authentication(name: String, secrets: &[Json]) -> Scaler {
    let references: Vec<Json> = secrets
        .iter()
        .map(|secret| json!({ "parameter": secret["parameter"], "name": secret["secret"], "key": secret["key"] }))
        .collect();
    let (version, kind) = ("keda.sh/v1alpha1", "keda.sh/TriggerAuthentication");
    Scaler { version, kind, name, spec: json!({ "secretTargetRef": references }) }
}
