//! Starting, running and stopping the server.

mod front;
mod health;
mod layers;
mod maintenance;
mod metrics;
mod options;
mod seed;
#[cfg(test)]
mod tests;
mod tls;

use std::convert::Infallible;
use std::future::{Future, ready};
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum_server::tls_rustls::RustlsConfig;
use radii_runtime::access::Authority;
use radii_runtime::catalog::Catalog;
use radii_runtime::host::{Host, Parts};
use radii_runtime::platform::Platform;
use radii_runtime::recipe::RecipeDriver;
use radii_runtime::{Fault, SystemClock, SystemIds, store, worker};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::access::audit::Audit;
use crate::access::config::ConfigError;
use crate::access::limit::Limiter;
use crate::access::{Directory, Gate};
use crate::states::StateBackend;
use crate::store::{Config, Engine, OpenError};
use crate::watch::Feed;
use crate::{AppState, api, dashboard};

use front::Front;
pub use health::Health;
use layers::Door;
pub(crate) use layers::envelope;
use metrics::Metrics;
pub use options::{Database, Exposure, Options};
pub use tls::Tls;

/// Why the server did not start, or ended.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address is taken, or not ours.
    #[error("cannot listen at `{address}`; give another address with `--listen`")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The listen address is reachable from other machines, and nobody said that it may be.
    #[error(
        "`{address}` can be reached from other machines and the server has no authentication; \
         name an access file with `--access`, listen at 127.0.0.1, or add `--allow-unauthenticated`"
    )]
    Exposed {
        /// Where.
        address: SocketAddr,
    },
    /// The access file is wrong.
    #[error(transparent)]
    Access(#[from] ConfigError),
    /// A file that the server was told to use cannot be used.
    #[error("cannot use {what} `{}`", path.display())]
    File {
        /// What for.
        what: &'static str,
        /// Which.
        path: std::path::PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The database cannot be used.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The store failed while the server started.
    #[error("cannot read what is registered")]
    Store(#[from] store::Error),
    /// A built-in provider was refused: a fault of this program.
    #[error("cannot register the built-in provider of `{file}`")]
    Builtin {
        /// Its manifest.
        file: String,
        /// Why.
        source: Box<Fault>,
    },
    /// The listener failed while the server ran.
    #[error("the server stopped listening at `{address}`")]
    Serve {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// A task ended that must not: a fault of this program.
    #[error("the server's {task} ended unexpectedly; its log says why")]
    Ended {
        /// Which.
        task: &'static str,
    },
}

/// A server that listens.
///
/// Stop it with [`Server::stop`] or [`Server::run_until_signal`]; one that is dropped keeps its tasks until
/// the runtime ends, and loses nothing either.
pub struct Server {
    address: SocketAddr,
    options: Options,
    store: Arc<dyn Engine>,
    health: Arc<Health>,
    stop_listening: CancellationToken,
    stop_working: CancellationToken,
    http: JoinHandle<std::io::Result<()>>,
    workers: JoinHandle<()>,
    /// Tasks that follow files; they have nothing to finish.
    followers: Vec<JoinHandle<()>>,
    /// Keeps the catalogue current and forgets old operations.
    maintenance: JoinHandle<()>,
    feed: Arc<Feed>,
}

impl Server {
    /// Opens the store, answers whether it lives, reads what is registered, registers what is built in, and starts
    /// workers. Requests that come meanwhile wait.
    ///
    /// # Errors
    /// When any of it is impossible; nothing keeps running then.
    pub async fn start(
        options: Options,
        platforms: Vec<Arc<dyn Platform>>,
        recipes: Vec<Arc<dyn RecipeDriver>>,
    ) -> Result<Server, Error> {
        // First, so that a wrong address leaves no database behind.
        let listener = listen(&options).await?;
        let address = listener.local_addr().map_err(|source| Error::Listen { address: options.listen, source })?;
        let mut followers = Vec::new();
        let gate = gate(&options, &mut followers)?;
        let tls = load_tls(&options, &mut followers).await?;
        let (state, store) = open(&options, platforms, recipes, gate.authority()).await?;
        let health = Arc::clone(&state.health);
        let (stop_listening, stop_working) = (CancellationToken::new(), CancellationToken::new());
        let front = front(state.clone(), &store.feed, &options, gate);
        let scheme = if tls.is_some() { "https" } else { "http" };
        let http = listening(listener, tls, front, stop_listening.clone(), options.grace)
            .map_err(|source| Error::Listen { address, source })?;
        let registrations = match load(&state, &*store.engine).await {
            Ok(registrations) => registrations,
            Err(error) => {
                http.abort();
                store.engine.close().await;
                return Err(error);
            }
        };
        let workers = tokio::spawn(work(state.clone(), options.workers.clone(), stop_working.clone()));
        let upkeep = maintenance::Maintenance {
            state: state.clone(),
            engine: Arc::clone(&store.engine),
            keep_operations: options.keep_operations,
            keep_changes: options.keep_changes,
        };
        let maintenance = tokio::spawn(upkeep.run(registrations, stop_working.clone()));
        followers.push(tokio::spawn(Arc::clone(&store.feed).follow()));
        let (store, feed) = (store.engine, store.feed);
        tracing::info!(%address, database = %options.database, "Serving at {scheme}://{address}");
        Ok(Server {
            address,
            options,
            store,
            health,
            stop_listening,
            stop_working,
            http,
            workers,
            maintenance,
            feed,
            followers,
        })
    }

    /// Where it is: scheme and address.
    pub fn url(&self) -> String {
        let scheme = if self.options.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// The address it listens at.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops taking requests, lets those in progress finish, gives operations back, closes the store.
    ///
    /// # Errors
    /// When the server had failed before.
    pub async fn stop(mut self) -> Result<(), Error> {
        self.shut_down(None).await
    }

    /// Serves until the process gets SIGTERM or an interrupt, then stops as [`Server::stop`] does.
    ///
    /// # Errors
    /// When the server fails.
    pub async fn run_until_signal(self) -> Result<(), Error> {
        self.run_until(signal()).await
    }

    /// Serves until `end` is there, then stops as [`Server::stop`] does.
    ///
    /// # Errors
    /// When the server fails.
    pub async fn run_until(mut self, end: impl Future<Output = ()>) -> Result<(), Error> {
        let ended = tokio::select! {
            () = end => None,
            result = &mut self.http => Some(match result {
                Ok(Err(source)) => Error::Serve { address: self.address, source },
                _ => Error::Ended { task: "listener" },
            }),
            _ = &mut self.workers => Some(Error::Ended { task: "workers" }),
        };
        self.shut_down(ended).await
    }

    async fn shut_down(&mut self, failure: Option<Error>) -> Result<(), Error> {
        tracing::info!("Stopping: finishing requests, giving operations back");
        self.health.stopping();
        // Otherwise open watches would be requests in progress until the end of the grace.
        self.feed.close();
        self.followers.iter().for_each(JoinHandle::abort);
        self.stop_listening.cancel();
        finish(&mut self.http, "requests", self.options.grace).await;
        self.stop_working.cancel();
        finish(&mut self.workers, "operations", self.options.grace).await;
        finish(&mut self.maintenance, "maintenance", self.options.grace).await;
        self.store.close().await;
        failure.map_or(Ok(()), Err)
    }
}

/// Starts a server and serves until a signal ends it.
///
/// # Errors
/// When it cannot start, or fails.
pub async fn run(
    options: Options,
    platforms: Vec<Arc<dyn Platform>>,
    recipes: Vec<Arc<dyn RecipeDriver>>,
) -> Result<(), Error> {
    Server::start(options, platforms, recipes).await?.run_until_signal().await
}

/// Returns everything that answers requests, without a listener: what tests and benchmarks call in-process.
///
/// Workers do not run; drive them with [`worker::run_once`] over the returned state.
///
/// # Errors
/// When the database cannot be used.
pub async fn in_process(
    options: &Options,
    platforms: Vec<Arc<dyn Platform>>,
    recipes: Vec<Arc<dyn RecipeDriver>>,
) -> Result<(Router, AppState), Error> {
    let gate = gate(options, &mut Vec::new())?;
    let (state, opened) = prepare(options, platforms, recipes, gate.authority()).await?;
    tokio::spawn(Arc::clone(&opened.feed).follow());
    Ok((router(front(state.clone(), &opened.feed, options, gate)), state))
}

/// Returns the gate that the options describe; what follows its files is added to the followers.
fn gate(options: &Options, followers: &mut Vec<JoinHandle<()>>) -> Result<Arc<Gate>, Error> {
    let directory = options.access.as_deref().map(Directory::open).transpose()?.map(Arc::new);
    followers.extend(directory.as_ref().map(|directory| tokio::spawn(Arc::clone(directory).follow())));
    let audit = match &options.audit {
        Some(path) => {
            Audit::to_file(path).map_err(|source| Error::File { what: "the audit log", path: path.clone(), source })?
        }
        None => Audit::default(),
    };
    Ok(Arc::new(Gate { directory, limiter: options.rate.map(Limiter::new), audit }))
}

async fn load_tls(options: &Options, followers: &mut Vec<JoinHandle<()>>) -> Result<Option<RustlsConfig>, Error> {
    let Some(tls) = &options.tls else { return Ok(None) };
    let failed = |source| Error::File { what: "the certificate", path: tls.certificate.clone(), source };
    let config = tls.load().await.map_err(failed)?;
    followers.push(tokio::spawn(tls.clone().follow(config.clone())));
    Ok(Some(config))
}

/// Serves until told to stop; requests in progress get some time to finish.
fn listening(
    listener: TcpListener,
    tls: Option<RustlsConfig>,
    front: Front,
    stop: CancellationToken,
    grace: std::time::Duration,
) -> std::io::Result<JoinHandle<std::io::Result<()>>> {
    let front = Arc::new(front);
    let Some(tls) = tls else { return Ok(tokio::spawn(front::serve(listener, front, stop))) };
    let handle = axum_server::Handle::new();
    let server = axum_server::from_tcp_rustls(listener.into_std()?, tls)?.handle(handle.clone());
    tokio::spawn(async move {
        stop.cancelled().await;
        handle.graceful_shutdown(Some(grace));
    });
    let connect = move |peer: SocketAddr| ready(Ok::<_, Infallible>(front::Connection::new(&front, peer)));
    Ok(tokio::spawn(server.serve(tower::service_fn(connect))))
}

async fn listen(options: &Options) -> Result<TcpListener, Error> {
    let address = options.listen;
    if options.exposure == Exposure::Loopback && options.access.is_none() && !address.ip().is_loopback() {
        return Err(Error::Exposed { address });
    }
    TcpListener::bind(address).await.map_err(|source| Error::Listen { address, source })
}

/// An open store, and who follows its changes.
struct Opened {
    engine: Arc<dyn Engine>,
    feed: Arc<Feed>,
}

/// Opens the store, reads what is registered, and registers what is built in.
async fn prepare(
    options: &Options,
    platforms: Vec<Arc<dyn Platform>>,
    recipes: Vec<Arc<dyn RecipeDriver>>,
    authority: Option<Arc<dyn Authority>>,
) -> Result<(AppState, Opened), Error> {
    let (state, opened) = open(options, platforms, recipes, authority).await?;
    load(&state, &*opened.engine).await?;
    Ok((state, opened))
}

/// Opens the store. The catalogue is empty still, so requests wait for [`load`].
async fn open(
    options: &Options,
    platforms: Vec<Arc<dyn Platform>>,
    recipes: Vec<Arc<dyn RecipeDriver>>,
    authority: Option<Arc<dyn Authority>>,
) -> Result<(AppState, Opened), Error> {
    let config = Config { database: options.database.clone(), keys: options.keys.clone() };
    let store = crate::store::open(&config).await?;
    let providers = Arc::new(api::forward::Providers::new(options.providers));
    let parts = Parts {
        store: store.clone(),
        queue: store.clone(),
        clock: Arc::new(SystemClock),
        ids: Arc::new(SystemIds),
        catalog: Arc::new(Catalog::default()),
        platforms,
        recipes,
        states: Some(StateBackend::new(store.clone(), Arc::new(SystemClock))),
        providers: Some(providers.clone()),
    };
    let state = AppState {
        host: Host::guarded(parts, authority).eager(),
        health: Arc::new(Health::default()),
        providers,
        rendered: Arc::default(),
        described: Arc::default(),
        trusted_proxies: options.trusted_proxies.clone().into(),
    };
    let feed = Feed::new(Arc::clone(&store));
    Ok((state, Opened { engine: store, feed }))
}

/// Reads what is registered, registers what is built in, and lets requests in; returns up to where registrations are
/// in the catalogue.
async fn load(state: &AppState, engine: &dyn Engine) -> Result<u64, Error> {
    // Before the catalogue is read: what others register meanwhile is read again.
    let registrations = engine.registrations_since(0).await?.revision;
    state.host.parts.catalog.load(&*state.host.parts.store).await?;
    seed::seed(state).await?;
    state.health.loaded();
    Ok(registrations)
}

fn front(state: AppState, feed: &Arc<Feed>, options: &Options, gate: Arc<Gate>) -> Front {
    let metrics = Metrics::new();
    let routes = api::router(state.clone())
        .merge(api::watch::router(state.clone(), Arc::clone(feed)))
        .merge(health::router(state.clone()))
        .merge(metrics::router(state.clone(), Arc::clone(&metrics), Arc::clone(feed)))
        .merge(dashboard::router(state.clone()));
    let is_open = gate.directory.is_none() && gate.limiter.is_none();
    let door = Door::new(routes, state, options, gate, metrics);
    Front { door, is_open, silence: front::SILENCE }
}

/// Returns a router whose requests pass the door as those of connections do.
fn router(front: Front) -> Router {
    let front = Arc::new(front);
    let answer = move |request: Request| {
        let front = Arc::clone(&front);
        async move { front.door.answer(request).await }
    };
    Router::new().fallback(answer)
}

async fn work(state: AppState, options: worker::Options, stop: CancellationToken) {
    let _working = state.health.working();
    worker::run(Arc::clone(&state.host), options, stop).await;
}

/// Waits for a task, but not for ever.
async fn finish<T>(task: &mut JoinHandle<T>, what: &'static str, grace: std::time::Duration) {
    if !task.is_finished() && tokio::time::timeout(grace, &mut *task).await.is_err() {
        // Nothing is lost: clients see a closed connection, operations are claimed again.
        tracing::warn!("Not all {what} finished within {} s", grace.as_secs());
        task.abort();
    }
}

async fn signal() {
    let interrupt = async { drop(tokio::signal::ctrl_c().await) };
    #[cfg(unix)]
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! {
        () = interrupt => {}
        () = terminate => {}
    }
}
