//! Storage behind the runtime core's `Store` and `Queue`.
//!
//! One engine for now: SQLite, in a file or in memory. PostgreSQL comes beside it, held to the same suite
//! (`radii_runtime::conformance`).

pub mod sqlite;
