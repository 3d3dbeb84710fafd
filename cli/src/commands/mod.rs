//! One module per command; the arguments' documentation is the help that users read.

pub mod admin;
pub mod application;
pub mod bicep;
pub mod check;
pub mod cluster;
pub mod completion;
pub mod convert;
pub mod credential;
pub mod deploy;
pub mod diff;
pub mod environment;
pub mod explain;
pub mod fmt;
pub mod generate;
pub mod group;
pub mod recipe;
pub mod recipe_pack;
pub mod resource;
pub mod resource_provider;
pub mod resource_type;
pub mod run;
pub mod serve;
pub mod token;
pub mod validate;
pub mod version;
pub mod workspace;
