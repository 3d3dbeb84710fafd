//! The parser against what the reference parser said.

mod corpus;
mod formatting;
mod properties;
mod specs;
