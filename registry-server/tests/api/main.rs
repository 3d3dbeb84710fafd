//! The protocol through the router in one process, by actors with names.

mod app;
mod bodies;
mod conditions;
mod manifests;
mod registrations;
mod resources;
