//! Traces for operators: what requests and operations did, sent to a collector by OTLP over HTTP.
//!
//! A request goes on with the trace that its `traceparent` names; its context is stored with the operation, and the
//! worker's span belongs to the same trace, whichever server it runs in. What is exported is what is logged: spans
//! that the log's filter lets through.

mod export;
#[cfg(test)]
mod tests;

use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{TraceContextExt, TracerProvider};
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use radii_runtime::trace::Propagator;
use tokio::runtime::Handle;
use tracing::Subscriber;
use tracing_opentelemetry::{OpenTelemetryLayer, OpenTelemetrySpanExt};
use tracing_subscriber::registry::LookupSpan;

/// Traces cannot be sent.
#[derive(Debug, thiserror::Error)]
#[error("traces cannot be sent to `{endpoint}`")]
pub struct Error {
    endpoint: String,
    source: Box<dyn std::error::Error + Send + Sync>,
}

/// The way of traces out of this process.
pub struct Telemetry {
    endpoint: String,
    provider: SdkTracerProvider,
}

impl Telemetry {
    /// Returns the way to the collector at `endpoint`, such as `http://127.0.0.1:4318`; the requests run in `runtime`.
    ///
    /// `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`, `OTEL_TRACES_SAMPLER`, `OTEL_BSP_…` and
    /// `OTEL_EXPORTER_OTLP_HEADERS` mean what OpenTelemetry says.
    ///
    /// # Errors
    /// An endpoint that is no address.
    pub fn start(endpoint: &str, runtime: Handle) -> Result<Self, Error> {
        let failed = |source: Box<dyn std::error::Error + Send + Sync>| Error { endpoint: endpoint.to_owned(), source };
        let base = endpoint.trim_end_matches('/');
        let address = if base.ends_with("/v1/traces") { base.to_owned() } else { format!("{base}/v1/traces") };
        let client = export::Client::new(runtime).map_err(|error| failed(error.into()))?;
        let exporter = SpanExporter::builder().with_http().with_http_client(client).with_endpoint(address).build();
        let exporter = exporter.map_err(|error| failed(error.into()))?;
        let mut resource = Resource::builder();
        if std::env::var_os("OTEL_SERVICE_NAME").is_none() {
            resource = resource.with_service_name("radii");
        }
        let provider =
            SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource.build()).build();
        radii_runtime::trace::install(Traces);
        Ok(Self { endpoint: endpoint.to_owned(), provider })
    }

    /// Returns the layer that hands spans over.
    pub fn layer<S: Subscriber + for<'span> LookupSpan<'span>>(&self) -> OpenTelemetryLayer<S, SdkTracer> {
        tracing_opentelemetry::layer().with_tracer(self.provider.tracer("radii"))
    }

    /// Sends what is left and ends. Blocks; the runtime of [`Telemetry::start`] must still run.
    ///
    /// # Errors
    /// When the last traces could not be sent.
    pub fn stop(self) -> Result<(), Error> {
        let Self { endpoint, provider } = self;
        provider.shutdown().map_err(|error| Error { endpoint, source: error.into() })
    }
}

/// W3C Trace Context between spans and texts.
struct Traces;

/// One header in the place of a request's.
struct Carrier(Option<String>);

impl opentelemetry::propagation::Extractor for Carrier {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.as_deref().filter(|_| key == "traceparent")
    }

    fn keys(&self) -> Vec<&str> {
        vec!["traceparent"]
    }
}

impl opentelemetry::propagation::Injector for Carrier {
    fn set(&mut self, key: &str, value: String) {
        if key == "traceparent" {
            self.0 = Some(value);
        }
    }
}

impl Propagator for Traces {
    fn current(&self) -> Option<String> {
        let context = tracing::Span::current().context();
        if !context.span().span_context().is_sampled() {
            return None;
        }
        let mut carrier = Carrier(None);
        TraceContextPropagator::new().inject_context(&context, &mut carrier);
        carrier.0
    }

    fn begin(&self, span: &tracing::Span, parent: Option<&str>) -> Option<String> {
        if let Some(parent) = parent {
            let context = TraceContextPropagator::new().extract(&Carrier(Some(parent.to_owned())));
            // It fails where nobody exports spans, and then there is nothing to belong to.
            let _ = span.set_parent(context);
        }
        let context = span.context();
        let context = context.span().span_context().clone();
        context.is_valid().then(|| context.trace_id().to_string())
    }
}
