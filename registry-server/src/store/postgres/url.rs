//! Addresses of PostgreSQL databases, whose passwords are never shown.

use std::fmt;
use std::str::FromStr;

use sqlx::ConnectOptions;
use sqlx::postgres::PgConnectOptions;

/// A `postgres://…` address.
#[derive(Clone)]
pub struct PostgresUrl {
    text: String,
    options: Box<PgConnectOptions>,
}

/// The address is malformed; it is not repeated, because it may hold a password.
#[derive(Debug, thiserror::Error)]
#[error(
    "the address of the database is malformed; it looks like `postgres://user:password@host:5432/name?sslmode=require`"
)]
pub struct InvalidUrl {
    source: sqlx::Error,
}

impl FromStr for PostgresUrl {
    type Err = InvalidUrl;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let options: PgConnectOptions = text.parse().map_err(|source| InvalidUrl { source })?;
        Ok(Self { text: text.to_owned(), options: Box::new(options) })
    }
}

impl PostgresUrl {
    /// Whether a text is meant to be such an address.
    pub fn is_meant(text: &str) -> bool {
        text.starts_with("postgres://") || text.starts_with("postgresql://")
    }

    /// Returns the options of every connection.
    ///
    /// A server that stops between two statements would otherwise keep all others waiting until TCP notices.
    pub(super) fn options(&self) -> PgConnectOptions {
        (*self.options)
            .clone()
            .application_name("radii")
            .options([
                ("idle_in_transaction_session_timeout", "10s"),
                ("statement_timeout", "60s"),
                ("tcp_keepalives_idle", "5"),
                ("tcp_keepalives_interval", "2"),
                ("tcp_keepalives_count", "3"),
            ])
            .disable_statement_logging()
    }
}

impl PartialEq for PostgresUrl {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for PostgresUrl {}

impl fmt::Display for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (user, host) = (self.options.get_username(), self.options.get_host());
        let name = self.options.get_database().unwrap_or(user);
        write!(f, "postgres://{user}@{host}:{}/{name}", self.options.get_port())
    }
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_password() {
        let url: PostgresUrl = "postgres://radii:hunter2@db.example:6432/state".parse().unwrap();
        assert_eq!(url.to_string(), "postgres://radii@db.example:6432/state");
        assert!(!format!("{url:?}").contains("hunter2"));
        let error = "postgres://radii:hunter2@db:no-port/x".parse::<PostgresUrl>().unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
    }
}
