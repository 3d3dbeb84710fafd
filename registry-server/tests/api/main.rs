//! The protocol through the router in one process, by actors with names.

mod access;
mod app;
mod bodies;
mod conditions;
mod credentials;
mod elsewhere;
mod evolution;
mod hostile;
mod manifests;
mod model;
mod providers;
mod reach;
mod registrations;
mod resources;
mod secrets;
mod versions;
