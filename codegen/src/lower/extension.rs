//! The vendor extensions that carry what manifests have no keyword for. Radius ignores them.

/// On a property: may be set on create only. `true`.
pub const IMMUTABLE: &str = "x-radii-immutable";
/// On a schema or property: rules in CEL. A list of `{rule, message?, path?, reason?, absent?}`.
pub use radii_model::cel::VALIDATIONS;
/// On a property: holds the id of a resource of one of these types. A list of names; empty for any type.
pub const RESOURCE_REFERENCE: &str = "x-radii-resource-reference";
/// On a property: the environment variable of a connection that holds it.
pub const ENV_NAME: &str = "x-radii-env-name";
/// On a string property: values that are known, where others are allowed too. A list.
pub const KNOWN_VALUES: &str = "x-radii-known-values";
/// On a type's schema: how far it has come: `alpha`, `beta` or `stable`.
pub const MATURITY: &str = "x-radii-maturity";
/// On a type's schema: whom to ask.
pub const OWNER: &str = "x-radii-owner";
/// On a type's schema: the file of its picture.
pub const ICON: &str = "x-radii-icon";
/// On a type's schema: its category in the catalogue.
pub const CATEGORY: &str = "x-radii-category";
/// On a type's schema: recipes that come with it. A list of `{platform, kind, path}`.
pub const RECIPES: &str = "x-radii-recipes";
