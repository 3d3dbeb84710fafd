//! Planes, groups and the registration of resource providers.
//!
//! All of it is records in the store (Radius HTTP contract, parts 2.3 to 2.5). The runtime core's
//! catalogue takes over every change of a registration.

mod credential;
pub mod icon;
mod manifest;
mod needed;
pub mod record;
mod registration;
mod schema;
mod summary;

pub use manifest::register_manifest;
pub use registration::{delete, find, put, reload};
pub use schema::{Breaking, check as check_schema, check_change};
pub use summary::{Icons, summarize};

/// Kinds of records of our own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A plane; its kind is the first name.
    Plane,
    /// A resource group.
    Group,
    /// A credential for a cloud; the kind of its plane is the first name.
    Credential,
    /// A provider's registration.
    Provider,
    /// A type's registration.
    Type,
    /// A registered API version.
    Version,
    /// A registered location.
    Location,
}

/// Serializes changes of registrations with their way into the catalogue.
///
/// Otherwise a change could be overtaken between commit and catalogue, which would be left with the older state. Registrations are rare; resources never pass here.
static REGISTRATIONS: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
