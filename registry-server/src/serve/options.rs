//! What an operator can choose.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use radii_runtime::worker;

use super::tls::Tls;
use crate::access::limit::Rate;
use crate::api::forward;
use crate::store::keys::KeySource;
use crate::store::postgres::{InvalidUrl, PostgresUrl};

/// Where state is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Database {
    /// In this process; gone when it ends.
    Memory,
    /// In a SQLite file, made when absent.
    File(PathBuf),
    /// In a PostgreSQL database, which other servers may use as well.
    Postgres(PostgresUrl),
}

impl std::str::FromStr for Database {
    type Err = InvalidUrl;

    /// Reads `:memory:`, a path, `sqlite:` and a path, or `postgres://…`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if PostgresUrl::is_meant(text) {
            return text.parse().map(Database::Postgres);
        }
        let path = text.strip_prefix("sqlite://").or_else(|| text.strip_prefix("sqlite:")).unwrap_or(text);
        Ok(if path == ":memory:" { Database::Memory } else { Database::File(path.into()) })
    }
}

impl std::fmt::Display for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Database::Memory => f.write_str(":memory:"),
            Database::File(path) => path.display().fmt(f),
            Database::Postgres(url) => url.fmt(f),
        }
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
    /// Who may do what; without it everybody may do everything.
    pub access: Option<PathBuf>,
    /// What changes and refusals are written to, beside the log.
    pub audit: Option<PathBuf>,
    /// How many requests each client may send.
    pub rate: Option<Rate>,
    /// Certificate and key; without them the server speaks plain HTTP.
    pub tls: Option<Tls>,
    /// Where the keys of secrets at rest come from.
    pub keys: KeySource,
    /// How long ended operations are kept; `None` keeps them for ever.
    pub keep_operations: Option<Duration>,
    /// How long deletions are remembered, so that watches can go on from before them.
    pub keep_changes: Duration,
    /// How workers behave.
    pub workers: worker::Options,
    /// Bodies above so many bytes are answered with 413.
    pub body_limit: usize,
    /// Requests that take longer are answered with 503.
    pub request_timeout: Duration,
    /// How long requests and operations in progress may take to finish when the server stops.
    pub grace: Duration,
    /// Proxies whose word about their clients' address is taken; nobody's by default.
    pub trusted_proxies: Vec<IpNet>,
    /// How long imperative providers may take.
    pub providers: forward::Limits,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            exposure: Exposure::Loopback,
            database: Database::Memory,
            access: None,
            audit: None,
            rate: None,
            tls: None,
            keys: KeySource::default(),
            keep_operations: Some(Duration::from_secs(30 * 24 * 60 * 60)),
            keep_changes: Duration::from_secs(24 * 60 * 60),
            workers: worker::Options::default(),
            body_limit: 16 * 1024 * 1024,
            request_timeout: Duration::from_secs(60),
            grace: Duration::from_secs(10),
            trusted_proxies: Vec::new(),
            providers: forward::Limits::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_memory_or_a_path_with_or_without_its_scheme() {
        let read = |text: &str| text.parse::<Database>().unwrap();
        assert_eq!(read(":memory:"), Database::Memory);
        assert_eq!(read("sqlite::memory:"), Database::Memory);
        for text in ["data/radii.db", "sqlite:data/radii.db", "sqlite://data/radii.db"] {
            assert_eq!(read(text), Database::File("data/radii.db".into()));
        }
        assert_eq!(read("sqlite:///var/radii.db"), Database::File("/var/radii.db".into()));
    }
}
