//! The front end against what the reference said.

mod advice;
mod checking;
mod corpus;
mod formatting;
mod graph;
mod libraries;
mod numbers;
mod project;
mod properties;
mod resources;
mod robustness;
mod service;
mod slips;
mod specs;
mod versions;
