//! The front end against what the reference said.

mod corpus;
mod formatting;
mod libraries;
mod numbers;
mod properties;
mod specs;
