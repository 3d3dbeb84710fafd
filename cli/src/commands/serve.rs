//! `rad serve`

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

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

use crate::args::Globals;
use crate::error::Error;

/// How to serve.
#[derive(Debug, clap::Args)]
pub struct Args {
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
    #[arg(long, value_name = "FILE", requires = "tls_key", env = "RADII_TLS_CERTIFICATE", hide_env_values = true)]
    tls_certificate: Option<PathBuf>,
    /// PEM file with the certificate's private key
    #[arg(long, value_name = "FILE", requires = "tls_certificate", env = "RADII_TLS_KEY", hide_env_values = true)]
    tls_key: Option<PathBuf>,
    /// Lets other machines in although there is no authentication
    #[arg(long)]
    allow_unauthenticated: bool,
    /// SQLite file that holds the state, made when absent, or `postgres://USER:PASSWORD@HOST/NAME`; `:memory:`
    /// forgets it at the end
    #[arg(long, value_name = "DATABASE", default_value = "radii.db", env = "RADII_DATABASE", hide_env_values = true)]
    database: Database,
    #[command(flatten)]
    keys: Keys,
    /// Days for which ended operations are kept; 0 keeps them for ever
    #[arg(long, value_name = "DAYS", default_value_t = 30)]
    keep_operations: u64,
    /// Socket of the Docker or Podman engine [default: DOCKER_HOST, else the engine's usual place]
    #[arg(long, value_name = "ADDRESS", env = "RADII_ENGINE", hide_env_values = true)]
    engine: Option<String>,
    /// Kubeconfig of the clusters that environments of kind `kubernetes` deploy to [default: KUBECONFIG, else ~/.kube/config, else the pod that the server runs in]
    #[arg(long, value_name = "FILE", env = "RADII_KUBECONFIG", hide_env_values = true)]
    kubeconfig: Option<PathBuf>,
    /// Takes over fields of Kubernetes objects that somebody else owns, instead of reporting the conflict
    #[arg(long)]
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
    #[arg(long, value_name = "SECONDS", default_value_t = 50)]
    provider_timeout: u64,
    /// How many operations run at once
    #[arg(long, value_name = "NUMBER", default_value_t = 10)]
    workers: usize,
    /// How log lines are written to standard error
    #[arg(long, value_enum, default_value = "text")]
    log_format: LogFormat,
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
    crate::install_tls_provider();
    start_log(args, globals);
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
        workers: worker::Options {
            concurrency: args.workers.max(1),
            lease: Duration::from_secs(args.lease.max(1)),
            ..worker::Options::default()
        },
        trusted_proxies: args.trusted_proxy.clone(),
        providers: Limits { answer: Duration::from_secs(args.provider_timeout.max(1)), ..Limits::default() },
        ..Options::default()
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Error::file("start", "the asynchronous runtime"))?;
    runtime.block_on(Box::pin(serve_until_signal(options, args, globals)))
}

async fn serve_until_signal(options: Options, args: &Args, globals: &Globals) -> Result<(), Error> {
    let memory = MemoryCluster::default();
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

fn start_log(args: &Args, globals: &Globals) {
    let default = if globals.verbose {
        "debug,hyper=info"
    } else if globals.quiet {
        "error"
    } else {
        "info"
    };
    let filter = EnvFilter::try_from_env("RADII_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match args.log_format {
        LogFormat::Text => {
            let colour = crate::output::stderr_colour() == radii_diagnostics::render::Colour::On;
            log.with_ansi(colour).init();
        }
        LogFormat::Json => log.json().init(),
    }
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
