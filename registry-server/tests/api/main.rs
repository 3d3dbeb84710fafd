//! The protocol through the router in one process, by actors with names.

mod app;
mod bodies;
mod conditions;
mod hostile;
mod manifests;
mod registrations;
mod resources;
