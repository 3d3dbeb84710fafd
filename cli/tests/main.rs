//! `rad` as a user meets it: the help, sessions without a server, sessions with one.

mod config;
mod definitions;
mod deploying;
mod following;
mod help;
mod language_server;
mod mistakes;
mod offline;
mod online;
mod recorded;
mod running;
mod server;
mod versions;
