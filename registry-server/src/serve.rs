//! Starting, running and stopping the server.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use radii_runtime::platform::Platform;
use radii_runtime::recipe::RecipeDriver;
use radii_runtime::worker;

/// Where state is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Database {
    /// In this process; gone when it ends.
    Memory,
    /// In a SQLite file, made when absent.
    File(PathBuf),
}

impl std::str::FromStr for Database {
    type Err = std::convert::Infallible;

    /// Reads `:memory:`, a path, or `sqlite:` and a path.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let path = text.strip_prefix("sqlite://").or_else(|| text.strip_prefix("sqlite:")).unwrap_or(text);
        Ok(if path == ":memory:" { Database::Memory } else { Database::File(path.into()) })
    }
}

/// Who may reach the server while it has no authentication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exposure {
    /// Only processes of this machine; any other listen address is refused.
    Loopback,
    /// Whoever can reach the address: the operator said so explicitly.
    Anyone,
}

/// How the server is started.
#[derive(Clone, Debug)]
pub struct Options {
    /// The address to listen at; port 0 lets the system choose.
    pub listen: SocketAddr,
    /// Who may reach it.
    pub exposure: Exposure,
    /// Where state is kept.
    pub database: Database,
    /// How workers behave.
    pub workers: worker::Options,
    /// Bodies above so many bytes are answered with 413.
    pub body_limit: usize,
    /// Requests that take longer are answered with 503.
    pub request_timeout: Duration,
    /// How long requests and operations in progress may take to finish when the server stops.
    pub grace: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            exposure: Exposure::Loopback,
            database: Database::Memory,
            workers: worker::Options::default(),
            body_limit: 16 * 1024 * 1024,
            request_timeout: Duration::from_secs(60),
            grace: Duration::from_secs(10),
        }
    }
}

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
         listen at 127.0.0.1, or add `--allow-unauthenticated`"
    )]
    Exposed {
        /// Where.
        address: SocketAddr,
    },
}

/// What `/readyz` reports.
#[derive(Debug, Default)]
pub struct Health {}

/// A server that listens.
pub struct Server {
    address: SocketAddr,
}

impl Server {
    /// Opens the store, registers what is built in, starts workers and listens.
    ///
    /// # Errors
    /// When any of it is impossible; nothing keeps running then.
    pub async fn start(
        _options: Options,
        _platforms: Vec<Arc<dyn Platform>>,
        _recipes: Vec<Arc<dyn RecipeDriver>>,
    ) -> Result<Server, Error> {
        todo!()
    }

    /// The address it listens at.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops taking requests, lets those in progress finish, gives operations back, closes the store.
    ///
    /// # Errors
    /// When the server had failed before.
    pub async fn stop(self) -> Result<(), Error> {
        todo!()
    }

    /// Serves until the process gets SIGTERM or an interrupt, then stops as [`Server::stop`] does.
    ///
    /// # Errors
    /// When the server fails.
    pub async fn run_until_signal(self) -> Result<(), Error> {
        todo!()
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
