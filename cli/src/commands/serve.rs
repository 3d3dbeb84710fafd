//! `rad serve`

mod config;

use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use camino::Utf8PathBuf;
use clap::FromArgMatches as _;
use radii_platform_kubernetes::cluster::Ownership;
use radii_platform_kubernetes::{self as kubernetes, Clusters, KubernetesPlatform, MemoryCluster};
use radii_registry_server::access::limit::Rate;
use radii_registry_server::api::forward::Limits;
use radii_registry_server::serve::{self, Database, Exposure, Options, Tls};
use radii_registry_server::store::keys::KeySource;
use radii_runtime::platform::Platform;
use radii_runtime::recipe::RecipeDriver;
use radii_runtime::worker;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::args::Globals;
use crate::error::Error;

/// How to serve.
///
/// Every flag can also be a setting of the configuration file; most have a variable of the environment. A flag counts
/// before the environment, that before the file, and the file before the default.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// YAML file with settings: each flag is one, such as `listen: 127.0.0.1:8080`
    #[arg(long, value_name = "FILE", env = "RADII_SERVER_CONFIG", hide_env_values = true)]
    server_config: Option<Utf8PathBuf>,
    /// Prints all settings as they are effective, and where each comes from, instead of serving
    #[arg(long)]
    print_config: bool,
    /// Address to listen at; port 0 lets the system choose one, which is printed
    #[arg(
        long,
        value_name = "ADDRESS",
        default_value = "127.0.0.1:8080",
        env = "RADII_LISTEN",
        hide_env_values = true
    )]
    listen: SocketAddr,
    /// File that says who may do what; without it everybody who reaches the server may do everything
    #[arg(long, value_name = "FILE", env = "RADII_ACCESS", hide_env_values = true)]
    access: Option<PathBuf>,
    /// File that a line is appended to for every change, refusal and look at secrets
    #[arg(long, value_name = "FILE", env = "RADII_AUDIT_LOG", hide_env_values = true)]
    audit_log: Option<PathBuf>,
    /// Requests per second that each client may send in the long run; twice as many at once
    #[arg(long, value_name = "NUMBER", env = "RADII_RATE_LIMIT", hide_env_values = true)]
    rate_limit: Option<u32>,
    /// PEM file with the certificate; the server then speaks HTTPS only, and reads it again when it changes
    #[arg(long, value_name = "FILE", env = "RADII_TLS_CERTIFICATE", hide_env_values = true)]
    tls_certificate: Option<PathBuf>,
    /// PEM file with the certificate's private key
    #[arg(long, value_name = "FILE", env = "RADII_TLS_KEY", hide_env_values = true)]
    tls_key: Option<PathBuf>,
    /// Lets other machines in although there is no authentication
    #[arg(long, env = "RADII_ALLOW_UNAUTHENTICATED", hide_env_values = true)]
    allow_unauthenticated: bool,
    /// SQLite file that holds the state, made when absent, or `postgres://USER:PASSWORD@HOST/NAME`; `:memory:`
    /// forgets it at the end
    #[arg(long, value_name = "DATABASE", default_value = "radii.db", env = "RADII_DATABASE", hide_env_values = true)]
    database: Database,
    #[command(flatten)]
    keys: Keys,
    /// Days for which ended operations are kept; 0 keeps them for ever
    #[arg(long, value_name = "DAYS", default_value_t = 30, env = "RADII_KEEP_OPERATIONS", hide_env_values = true)]
    keep_operations: u64,
    /// Hours for which deletions are remembered, so that a watch can go on from before them
    #[arg(long, value_name = "HOURS", default_value_t = 24, env = "RADII_KEEP_CHANGES", hide_env_values = true)]
    keep_changes: u64,
    /// Socket of the Docker or Podman engine [default: DOCKER_HOST, else the engine's usual place]
    #[arg(long, value_name = "ADDRESS", env = "RADII_ENGINE", hide_env_values = true)]
    engine: Option<String>,
    /// Kubeconfig of the clusters that environments of kind `kubernetes` deploy to [default: KUBECONFIG, else ~/.kube/config, else the pod that the server runs in]
    #[arg(long, value_name = "FILE", env = "RADII_KUBECONFIG", hide_env_values = true)]
    kubeconfig: Option<PathBuf>,
    /// Takes over fields of Kubernetes objects that somebody else owns, instead of reporting the conflict
    #[arg(long, env = "RADII_TAKE_OVER", hide_env_values = true)]
    take_over: bool,
    /// `memory` keeps Kubernetes objects in memory instead of a cluster, `memory=ADDRESS` also serves them there
    /// as a Kubernetes API: for developers, nothing runs
    #[arg(long, value_name = "memory[=ADDRESS]", value_parser = parse_memory, hide = true)]
    kubernetes: Option<Memory>,
    /// Folder whose templates and modules recipes may name by path; without it no path of this machine is a source
    #[arg(long, value_name = "DIR", env = "RADII_RECIPES", hide_env_values = true)]
    recipes: Option<PathBuf>,
    /// Program that executes recipes of kind `terraform` [default: `terraform`, else `tofu`, on the PATH]
    #[arg(long, value_name = "FILE", env = "RADII_TERRAFORM", hide_env_values = true)]
    terraform: Option<PathBuf>,
    /// Proxy whose X-Forwarded-Host, X-Forwarded-Proto and Referer are believed: an address or a range of them
    /// such as 10.0.0.0/8; may be given several times
    #[arg(long, value_name = "ADDRESS", env = "RADII_TRUSTED_PROXIES", hide_env_values = true, value_delimiter = ',',
          value_parser = radii_registry_server::api::trust::parse_range)]
    trusted_proxy: Vec<radii_registry_server::api::trust::Range>,
    /// Seconds until a provider with an address of its own must have answered
    #[arg(long, value_name = "SECONDS", default_value_t = 50, env = "RADII_PROVIDER_TIMEOUT", hide_env_values = true)]
    provider_timeout: u64,
    /// How many operations run at once
    #[arg(long, value_name = "NUMBER", default_value_t = 10, env = "RADII_WORKERS", hide_env_values = true)]
    workers: usize,
    /// How log lines are written to standard error
    #[arg(long, value_enum, default_value = "text", env = "RADII_LOG_FORMAT", hide_env_values = true)]
    log_format: LogFormat,
    /// Collector of OpenTelemetry that traces are sent to by OTLP over HTTP, such as http://127.0.0.1:4318
    #[cfg(feature = "otel")]
    #[arg(long, value_name = "URL", env = "OTEL_EXPORTER_OTLP_ENDPOINT", hide_env_values = true)]
    otlp_endpoint: Option<String>,
    /// Megabytes that the body of a request may have
    #[arg(long, value_name = "MEGABYTES", default_value_t = 16, env = "RADII_BODY_LIMIT", hide_env_values = true,
          value_parser = clap::value_parser!(u64).range(1..=256))]
    body_limit: u64,
    /// Seconds after which a request that is not answered yet is given up
    #[arg(long, value_name = "SECONDS", default_value_t = 60, env = "RADII_REQUEST_TIMEOUT", hide_env_values = true)]
    request_timeout: u64,
    /// Seconds that requests and operations in progress get to finish when the server stops
    #[arg(long, value_name = "SECONDS", default_value_t = 10, env = "RADII_GRACE", hide_env_values = true)]
    grace: u64,
    /// Seconds until the work of a worker that died is taken over
    #[arg(long, value_name = "SECONDS", default_value_t = 15, hide = true)]
    lease: u64,
}

/// A cluster in memory, and where it is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Memory(Option<SocketAddr>);

fn parse_memory(text: &str) -> Result<Memory, String> {
    let address = match text.split_once('=') {
        None if text == "memory" => None,
        Some(("memory", address)) => Some(address.parse().map_err(|_| format!("`{address}` is no address"))?),
        _ => return Err("write `memory` or `memory=127.0.0.1:8001`".to_owned()),
    };
    Ok(Memory(address))
}

/// Where the keys of secrets at rest come from.
#[derive(Clone, Debug, clap::Args)]
#[group(multiple = false)]
pub struct Keys {
    /// File with the keys of secrets at rest, one per line; the first one seals, all open [default: a file beside
    /// the SQLite database, made when absent]
    #[arg(long, value_name = "FILE", env = "RADII_SECRET_KEY_FILE", hide_env_values = true)]
    pub secret_key_file: Option<PathBuf>,
    /// Command that prints these keys
    #[arg(long, value_name = "COMMAND", env = "RADII_SECRET_KEY_COMMAND", hide_env_values = true)]
    pub secret_key_command: Option<String>,
}

impl Keys {
    /// What was given, or RADII_SECRET_KEY, or the file beside the database.
    pub fn source(&self) -> KeySource {
        match (&self.secret_key_file, &self.secret_key_command) {
            (Some(path), _) => KeySource::File(path.clone()),
            (None, Some(command)) => KeySource::Command(command.clone()),
            (None, None) => match std::env::var("RADII_SECRET_KEY") {
                Ok(text) if !text.trim().is_empty() => KeySource::Text(text.into()),
                _ => KeySource::BesideDatabase,
            },
        }
    }
}

/// The formats of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum LogFormat {
    /// Lines for people
    Text,
    /// One JSON object per line
    Json,
}

/// Starts the server and serves until the process is told to stop.
pub fn run(args: &Args, globals: &Globals) -> Result<(), Error> {
    if args.server_config.is_none() && !args.print_config {
        return serve(args, globals);
    }
    let effective = config::read(args.server_config.as_deref())?;
    if args.print_config {
        let settings = effective.describe();
        return globals.output().value(&settings, || config::table(&settings));
    }
    let args = Args::from_arg_matches(&effective.matches).map_err(|error| Error::usage(error.to_string()))?;
    serve(&args, globals)
}

fn serve(args: &Args, globals: &Globals) -> Result<(), Error> {
    if args.tls_certificate.is_some() != args.tls_key.is_some() {
        return Err(Error::usage("a certificate and its key belong together")
            .hint("give both `--tls-certificate` and `--tls-key`, or neither"));
    }
    crate::install_tls_provider();
    let options = Options {
        listen: args.listen,
        exposure: if args.allow_unauthenticated { Exposure::Anyone } else { Exposure::Loopback },
        database: args.database.clone(),
        access: args.access.clone(),
        audit: args.audit_log.clone(),
        rate: args.rate_limit.map(|rate| Rate { per_second: rate.max(1).into(), burst: f64::from(rate.max(1)) * 2.0 }),
        tls: args.tls_certificate.clone().zip(args.tls_key.clone()).map(|(certificate, key)| Tls { certificate, key }),
        keys: args.keys.source(),
        keep_operations: (args.keep_operations > 0).then(|| Duration::from_secs(args.keep_operations * 24 * 60 * 60)),
        keep_changes: Duration::from_secs(args.keep_changes.max(1) * 60 * 60),
        body_limit: usize::try_from(args.body_limit).unwrap_or(256) << 20,
        request_timeout: Duration::from_secs(args.request_timeout.max(1)),
        grace: Duration::from_secs(args.grace),
        workers: worker::Options {
            concurrency: args.workers.max(1),
            lease: Duration::from_secs(args.lease.max(1)),
            ..worker::Options::default()
        },
        trusted_proxies: args.trusted_proxy.clone(),
        providers: Limits { answer: Duration::from_secs(args.provider_timeout.max(1)), ..Limits::default() },
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Error::file("start", "the asynchronous runtime"))?;
    traced(args, globals, &runtime, serve_until_signal(options, args, globals))
}

async fn serve_until_signal(options: Options, args: &Args, globals: &Globals) -> Result<(), Error> {
    let memory = MemoryCluster::furnished();
    if let Some(Memory(Some(address))) = args.kubernetes {
        let listener = tokio::net::TcpListener::bind(address).await;
        let listener = listener.map_err(|error| Error::failed(format!("cannot listen at `{address}`: {error}")))?;
        // It ends with the process: nothing in it outlives a request.
        tokio::spawn(radii_platform_kubernetes::memory::serve::serve(memory.clone(), listener));
    }
    let server = serve::Server::start(options, platforms(args, &memory), recipe_drivers(args)).await.map_err(failed)?;
    // Standard output, so that a script that chose port 0 can read where the server is.
    globals.output().done(&format!("Radii listens at {}", server.url()))?;
    server.run_until_signal().await.map_err(failed)
}

fn failed(error: serve::Error) -> Error {
    let mut message = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        message = format!("{message}: {error}");
        cause = error.source();
    }
    Error::failed(message)
}

fn start_log(args: &Args, globals: &Globals, exported: Exported<'_>) {
    let default = if globals.verbose {
        "debug,hyper=info"
    } else if globals.quiet {
        "error"
    } else {
        "info"
    };
    let filter = EnvFilter::try_from_env("RADII_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    let registry = tracing_subscriber::registry().with(filter);
    #[cfg(feature = "otel")]
    let registry = registry.with(exported.map(radii_registry_server::telemetry::Telemetry::layer));
    #[cfg(not(feature = "otel"))]
    let () = exported;
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    match args.log_format {
        LogFormat::Text => {
            let colour = crate::output::stderr_colour() == radii_diagnostics::render::Colour::On;
            registry.with(lines.with_ansi(colour)).init();
        }
        LogFormat::Json => registry.with(lines.json()).init(),
    }
}

/// Where spans go beside the log.
#[cfg(feature = "otel")]
type Exported<'t> = Option<&'t radii_registry_server::telemetry::Telemetry>;
#[cfg(not(feature = "otel"))]
type Exported<'t> = ();

/// Runs the server while traces are exported, if they are wanted.
#[cfg(feature = "otel")]
fn traced(
    args: &Args,
    globals: &Globals,
    runtime: &tokio::runtime::Runtime,
    serve: impl Future<Output = Result<(), Error>>,
) -> Result<(), Error> {
    use radii_registry_server::telemetry::Telemetry;
    let telemetry = args.otlp_endpoint.as_deref().filter(|endpoint| !endpoint.is_empty());
    let telemetry = telemetry.map(|endpoint| Telemetry::start(endpoint, runtime.handle().clone())).transpose();
    let telemetry = telemetry.map_err(|error| {
        let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
        Error::failed(format!("{error}{cause}")).hint("give an address such as http://127.0.0.1:4318")
    })?;
    start_log(args, globals, telemetry.as_ref());
    let ended = runtime.block_on(Box::pin(serve));
    if let Some(telemetry) = telemetry {
        // The exporter waits for requests that run in the runtime.
        let stopped = runtime.block_on(tokio::task::spawn_blocking(|| telemetry.stop()));
        if let Ok(Err(error)) = stopped {
            crate::output::warn(&format!("the last spans were not sent: {error}"));
        }
    }
    ended
}

#[cfg(not(feature = "otel"))]
fn traced(
    args: &Args,
    globals: &Globals,
    runtime: &tokio::runtime::Runtime,
    serve: impl Future<Output = Result<(), Error>>,
) -> Result<(), Error> {
    start_log(args, globals, ());
    runtime.block_on(Box::pin(serve))
}

fn kubernetes(args: &Args, memory: &MemoryCluster) -> KubernetesPlatform {
    let clusters = match args.kubernetes {
        Some(_) => Clusters::Memory(memory.clone()),
        None => Clusters::Kubeconfig(args.kubeconfig.clone()),
    };
    let ownership = if args.take_over { Ownership::TakeOver } else { Ownership::Respect };
    KubernetesPlatform::new(clusters, kubernetes::Options { ownership, ..kubernetes::Options::default() })
}

fn platforms(args: &Args, memory: &MemoryCluster) -> Vec<Arc<dyn Platform>> {
    let mut platforms: Vec<Arc<dyn Platform>> = vec![Arc::new(kubernetes(args, memory))];
    #[cfg(feature = "docker")]
    {
        use radii_platform_docker::{DockerPlatform, Engine};
        let engine = args.engine.as_ref().map_or_else(Engine::from_environment, Engine::at);
        platforms.push(Arc::new(DockerPlatform::new(engine)));
    }
    #[cfg(not(feature = "docker"))]
    let _ = (&mut platforms, args);
    platforms
}

fn recipe_drivers(args: &Args) -> Vec<Arc<dyn RecipeDriver>> {
    use radii_recipes::{bicep::BicepDriver, template::TemplateDriver, terraform::TerraformDriver};
    let terraform = TerraformDriver::default().with_program(args.terraform.clone()).reading_from(args.recipes.clone());
    vec![
        Arc::new(TemplateDriver::new().reading_from(args.recipes.clone())),
        Arc::new(terraform),
        Arc::new(BicepDriver::new().reading_from(args.recipes.clone())),
    ]
}
