//! The vendor extensions that carry what schemas have no keyword for. Radius ignores them.

pub use crate::cel::VALIDATIONS;
pub use crate::conversion::{CONVERTED, RENAMED_FROM, VALUES_RENAMED_FROM};
pub use crate::deprecation::{DEPRECATED, DEPRECATION_LINK, SUNSET};

/// On a property: may be set on create only. `true`.
pub const IMMUTABLE: &str = "x-radii-immutable";
/// On a property: holds the id of a resource of one of these types. A list of names; empty, or `true`, for any type.
pub const RESOURCE_REFERENCE: &str = "x-radii-resource-reference";
/// On a property of the resource itself: the environment variable of a connection that holds it.
pub const ENV_NAME: &str = "x-radii-env-name";
/// On a string property: values that are known, where others are allowed too. A list.
pub const KNOWN_VALUES: &str = "x-radii-known-values";
/// On a type's schema: how far it has come, one of [`MATURITIES`].
pub const MATURITY: &str = "x-radii-maturity";
/// On a type's schema: whom to ask.
pub const OWNER: &str = "x-radii-owner";
/// On a type's schema: the file of its picture.
pub const ICON: &str = "x-radii-icon";
/// On a type's schema: its category in the catalogue.
pub const CATEGORY: &str = "x-radii-category";
/// On a type's schema: recipes that come with it. A list of `{platform, kind, path}`.
pub const RECIPES: &str = "x-radii-recipes";

/// What [`MATURITY`] may say.
pub const MATURITIES: [&str; 3] = ["alpha", "beta", "stable"];

/// What all of them begin with.
pub const PREFIX: &str = "x-radii-";

/// All of them.
pub const ALL: [&str; 16] = [
    VALIDATIONS,
    CONVERTED,
    RENAMED_FROM,
    VALUES_RENAMED_FROM,
    DEPRECATED,
    DEPRECATION_LINK,
    SUNSET,
    IMMUTABLE,
    RESOURCE_REFERENCE,
    ENV_NAME,
    KNOWN_VALUES,
    MATURITY,
    OWNER,
    ICON,
    CATEGORY,
    RECIPES,
];

/// `Namespace.Name/type`, as Radius and Azure name types; deeper types have more segments.
pub fn is_type_name(name: &str) -> bool {
    let Some((namespace, types)) = name.split_once('/') else { return false };
    let is_word = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_alphabetic()) && word.chars().all(|c| c.is_ascii_alphanumeric())
    };
    namespace.contains('.') && namespace.split('.').all(is_word) && types.split('/').all(is_word)
}

/// Whether every shell and platform takes a name for an environment variable.
pub fn is_variable(name: &str) -> bool {
    let is_letter = |c: char| c == '_' || c.is_ascii_alphabetic();
    name.starts_with(is_letter) && name.chars().all(|c| is_letter(c) || c.is_ascii_digit())
}

/// Returns the variable that was likely meant.
pub fn better_variable(name: &str) -> Option<String> {
    let better: String =
        name.trim().chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect();
    (is_variable(&better) && better.chars().any(|c| c.is_ascii_alphanumeric())).then_some(better)
}
