//! Replicas that follow the load.

use radii_runtime::platform::{Goal, Metric, Scaling};
use serde_json::{Value as Json, json};

/// Returns the specification of a scaler of the Deployment `name`.
pub fn scaler(name: &str, scaling: &Scaling) -> Json {
    json!({
        "scaleTargetRef": { "apiVersion": "apps/v1", "kind": "Deployment", "name": name },
        "minReplicas": scaling.least,
        "maxReplicas": scaling.most,
        "metrics": scaling.metrics.iter().map(metric).collect::<Vec<_>>(),
    })
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
