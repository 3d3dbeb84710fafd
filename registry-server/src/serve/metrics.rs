//! `/metrics`: what Prometheus scrapes, in the OpenMetrics text format.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::CONTENT_TYPE;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use crate::AppState;
use crate::api::decoded_segments;
use crate::watch::Feed;

const TEXT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// Upper bounds of the buckets of durations, in seconds.
const BUCKETS: [f64; 12] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Asked {
    method: &'static str,
    route: &'static str,
    code: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Timed {
    method: &'static str,
    route: &'static str,
}

/// What is counted and measured.
pub(super) struct Metrics {
    registry: Registry,
    requests: Family<Asked, Counter>,
    durations: Family<Timed, Histogram>,
    in_flight: Gauge,
    providers: Gauge,
    types: Gauge,
    watchers: Gauge,
    memory: Gauge,
    open_files: Gauge,
    processor: Counter<f64, AtomicU64>,
}

impl Metrics {
    /// Returns metrics that stand at zero.
    pub(super) fn new() -> Arc<Self> {
        let mut registry = Registry::default();
        let requests = Family::<Asked, Counter>::default();
        registry.register("http_requests", "Requests that were answered", requests.clone());
        let durations = Family::<Timed, Histogram>::new_with_constructor(|| Histogram::new(BUCKETS));
        let help = "Time until the answer's head was ready";
        registry.register_with_unit("http_request_duration", help, Unit::Seconds, durations.clone());
        let mut gauge = |name: &str, help: &str| {
            let gauge = Gauge::<i64, AtomicI64>::default();
            registry.register(name, help, gauge.clone());
            gauge
        };
        let in_flight = gauge("http_requests_in_flight", "Requests that are being answered");
        let providers = gauge("radii_registered_providers", "Resource providers in all planes");
        let types = gauge("radii_registered_types", "Resource types in all planes");
        let watchers = gauge("radii_watchers", "Clients that follow the change feed");
        let memory = gauge("process_resident_memory_bytes", "Memory that is in use");
        let open_files = gauge("process_open_fds", "Open files and connections");
        let processor = Counter::<f64, AtomicU64>::default();
        registry.register("process_cpu_seconds", "Processor time that was used", processor.clone());
        registry.register("radii_build", "Which build this is", Info::new([("version", env!("CARGO_PKG_VERSION"))]));
        Arc::new(Self {
            registry,
            requests,
            durations,
            in_flight,
            providers,
            types,
            watchers,
            memory,
            open_files,
            processor,
        })
    }

    /// Notes that a request has come; the returned value notes that it was answered, or given up.
    pub(super) fn begin(self: &Arc<Self>) -> InFlight {
        self.in_flight.inc();
        InFlight(Arc::clone(self))
    }

    /// Notes an answer on one of the routes that [`route`] names.
    pub(super) fn answered(&self, method: &http::Method, route: &'static str, code: u16, took: Duration) {
        // Anything may be sent as a method; one label for what is none keeps the number of series bounded.
        const METHODS: [&str; 7] = ["GET", "PUT", "POST", "PATCH", "DELETE", "HEAD", "OPTIONS"];
        let method = METHODS.into_iter().find(|known| *known == method.as_str()).unwrap_or("other");
        self.durations.get_or_create(&Timed { method, route }).observe(took.as_secs_f64());
        self.requests.get_or_create(&Asked { method, route, code }).inc();
    }

    fn look(&self, state: &AppState, feed: &Feed) {
        self.watchers.set(i64::try_from(feed.watchers()).unwrap_or(i64::MAX));
        let providers = state.host.parts.catalog.all();
        self.providers.set(i64::try_from(providers.len()).unwrap_or(i64::MAX));
        let types: usize = providers.iter().map(|provider| provider.types.len()).sum();
        self.types.set(i64::try_from(types).unwrap_or(i64::MAX));
        if let Some(process) = Process::read() {
            self.memory.set(process.memory);
            self.open_files.set(process.open_files);
            let more = process.processor - self.processor.get();
            self.processor.inc_by(more.max(0.0));
        }
    }
}

/// A request that is being answered.
pub(super) struct InFlight(Arc<Metrics>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.in_flight.dec();
    }
}

/// What the system says about this process; only Linux tells it by files.
struct Process {
    memory: i64,
    open_files: i64,
    processor: f64,
}

impl Process {
    fn read() -> Option<Self> {
        // proc(5): pages in `statm`, ticks in the fields 14 and 15 of `stat`. Both have had these sizes on every
        // Linux for decades.
        const PAGE: i64 = 4096;
        const TICKS: f64 = 100.0;
        let pages = std::fs::read_to_string("/proc/self/statm").ok()?;
        let memory = pages.split(' ').nth(1)?.parse::<i64>().ok()? * PAGE;
        let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
        let after_name: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
        let ticks = |at: usize| after_name.get(at)?.parse::<f64>().ok();
        let processor = (ticks(11)? + ticks(12)?) / TICKS;
        let open_files = i64::try_from(std::fs::read_dir("/proc/self/fd").ok()?.count()).ok()?;
        Some(Self { memory, open_files, processor })
    }
}

/// Returns the kind of thing that a path is about: few, whatever is asked.
pub(super) fn route(path: &str) -> &'static str {
    let Some(segments) = decoded_segments(path) else {
        return match path {
            "/healthz" | "/readyz" | "/version" => "health",
            "/metrics" => "metrics",
            _ if path.starts_with("/dashboard") => "dashboard",
            _ => "other",
        };
    };
    // Names of our own, in any casing; compared in place, since every request is counted.
    let is = |at: usize, name: &str| segments.get(at).is_some_and(|segment| segment.eq_ignore_ascii_case(name));
    let count = segments.len();
    let is_operation = || is(count - 2, "operationstatuses") || is(count - 2, "operationresults");
    match count {
        0 => "discovery",
        1 if is(0, "watch") => "watch",
        _ if !is(0, "planes") => "other",
        1..=3 => "planes",
        4 | 5 if is(3, "resourcegroups") => "groups",
        _ if is_operation() => "operations",
        _ if is(3, "providers") && is(4, "system.resources") => "registrations",
        4 | 5 if is(3, "providers") => "summaries",
        _ if (0..count).any(|at| is(at, "microsoft.resources")) => "deployments",
        _ => "resources",
    }
}

/// Returns the route of the metrics.
pub(super) fn router(state: AppState, metrics: Arc<Metrics>, feed: Arc<Feed>) -> Router {
    Router::new().route("/metrics", get(show)).with_state((state, metrics, feed))
}

async fn show(State((state, metrics, feed)): State<(AppState, Arc<Metrics>, Arc<Feed>)>) -> Response {
    metrics.look(&state, &feed);
    let mut text = String::new();
    match encode(&mut text, &metrics.registry) {
        Ok(()) => ([(CONTENT_TYPE, TEXT)], text).into_response(),
        Err(error) => (http::StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_fall_into_a_bounded_number_of_routes() {
        const BASE: &str = "/apis/api.ucp.dev/v1alpha3";
        for (path, expected) in [
            (format!("{BASE}/planes/radius/local"), "planes"),
            (format!("{BASE}/planes/radius/local/resourceGroups/shop"), "groups"),
            (format!("{BASE}/planes/radius/local/resourcegroups/shop/resources"), "resources"),
            (format!("{BASE}/planes/radius/local/providers/System.Resources/resourceProviders/A.B"), "registrations"),
            (format!("{BASE}/planes/radius/local/providers/A.B"), "summaries"),
            (format!("{BASE}/planes/radius/local/providers/A.B/locations/global/operationStatuses/1"), "operations"),
            (format!("{BASE}/planes/radius/local/resourcegroups/g/providers/A.B/c/d"), "resources"),
            (
                format!("{BASE}/planes/radius/local/resourcegroups/g/providers/Microsoft.Resources/deployments/d"),
                "deployments",
            ),
            ("/dashboard/types".to_owned(), "dashboard"),
            ("/nothing/here".to_owned(), "other"),
        ] {
            assert_eq!(route(&path), expected, "{path}");
        }
    }

    #[test]
    fn answers_are_counted_by_method_route_and_code() {
        let metrics = Metrics::new();
        let begun = metrics.begin();
        let strange = http::Method::from_bytes(b"BREW").unwrap();
        metrics.answered(&http::Method::GET, route("/healthz"), 200, Duration::from_millis(2));
        metrics.answered(&strange, route("/healthz"), 405, Duration::ZERO);
        let text = |metrics: &Metrics| {
            let mut text = String::new();
            encode(&mut text, &metrics.registry).unwrap();
            text
        };
        let said = text(&metrics);
        for line in [
            "http_requests_total{method=\"GET\",route=\"health\",code=\"200\"} 1",
            "http_requests_total{method=\"other\",route=\"health\",code=\"405\"} 1",
            "http_request_duration_seconds_bucket{le=\"0.0025\",method=\"GET\",route=\"health\"} 1",
            "http_requests_in_flight 1",
        ] {
            assert!(said.contains(line), "{line} is missing in {said}");
        }
        drop(begun);
        assert!(text(&metrics).contains("http_requests_in_flight 0"));
    }
}
