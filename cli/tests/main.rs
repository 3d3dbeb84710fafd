//! `rad` as a user meets it: the help, sessions without a server, sessions with one.

mod config;
mod deploying;
mod help;
mod language_server;
mod offline;
mod online;
mod recorded;
mod server;
