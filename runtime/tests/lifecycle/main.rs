//! The lifecycle of resources over the in-memory store, with fakes for what would be outside.

mod authorization;
mod compiled;
mod connected_elsewhere;
mod containers;
mod crashes;
mod deployment_actions;
mod deployment_values;
mod deployments;
mod elsewhere;
mod environments;
mod fakes;
mod graphs;
mod large;
mod recipes;
mod resolving;
mod rules;
mod what_if;
mod workers;
mod world;
mod writes;
