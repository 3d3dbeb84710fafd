//! From a checked TypeSpec program to manifests: the same [`Manifest`] that YAML gives.
//!
//! A namespace with `@resourceProvider` (or with resource types in it) becomes a provider, a model with
//! `@resourceType` a type, and each version of the namespace an API version with a schema of its own. What a
//! manifest has no keyword for stands in vendor extensions that Radius ignores ([`radii_model::extension`]).
//!
//! The schemas of manifests are narrower than TypeSpec: no composition, no references. Bases are flattened, named
//! types written where they are used, unions of literals become `enum` and a union with `null` `nullable`; what has
//! no such form is an error at the author's text.

mod arguments;
mod places;
mod provider;
mod scalar;
mod schema;

use radii_diagnostics::{Code, Diagnostic, Fix, Span};
use radii_model::manifest::Manifest;
use radii_model::rules;
use typespec::program::TypeId;
use typespec::{Program, Registry};

/// The manifests of a program, with what is wrong with them.
#[derive(Clone, Debug, Default)]
pub struct Lowered {
    /// One manifest per provider, in the order of the source.
    pub manifests: Vec<Manifest>,
    /// What a manifest cannot hold, and what breaks its rules.
    pub diagnostics: Vec<Diagnostic>,
}

/// A construct that the schemas of resource types cannot hold.
pub const OUTSIDE_PROFILE: Code = Code::new("radii/outside-profile");
/// A resource type without API version.
pub const NO_API_VERSION: Code = Code::new("radii/no-api-version");
/// A type is declared twice.
pub const DUPLICATE_TYPE: Code = Code::new("radii/duplicate-type");

/// Returns the decorators that programs with resource types are compiled with.
pub fn registry() -> Registry {
    Registry::standard()
}

/// Whether a program declares resource types, so that it can become manifests.
pub fn has_resource_types(program: &Program) -> bool {
    !provider::providers(program).is_empty()
}

/// Turns a program without errors into manifests, and checks them.
pub fn lower(program: &mut Program) -> Lowered {
    let mut lowered = Lowered::default();
    for found in provider::providers(program) {
        let manifest = provider::lower(program, &found, &mut lowered.diagnostics);
        lowered.manifests.push(manifest);
    }
    // A rule that is broken because a construct was left out would only repeat what is known.
    if !lowered.diagnostics.iter().any(Diagnostic::is_error) {
        let told = lowered.manifests.iter().flat_map(rules::check_manifest);
        // What is no regular expression anywhere was told by the checker.
        let is_pattern = |it: &Diagnostic| {
            let is_default = it.code == rules::code::INVALID_DEFAULT && it.message.contains("the regular expression");
            it.code == rules::code::INVALID_PATTERN || is_default
        };
        let is_told = |it: &Diagnostic| is_pattern(it) && !is_expression(program, it);
        lowered.diagnostics.extend(told.filter(|it| !is_told(it)));
    }
    for diagnostic in &mut lowered.diagnostics {
        as_written(program, diagnostic);
    }
    // Each version has a schema; what is wrong in all of them is told once.
    let mut told: Vec<(Code, Option<Span>, String)> = Vec::new();
    lowered.diagnostics.retain(|it| {
        let key = (it.code.clone(), it.primary.as_ref().map(|label| label.span), it.message.clone());
        let is_new = !told.contains(&key);
        told.push(key);
        is_new
    });
    lowered
}

/// Whether the reference compiler reads the pattern that is told of.
fn is_expression(program: &Program, told: &Diagnostic) -> bool {
    let is_read = |pattern: &str| typespec::decorators::patterns::check(pattern).is_ok();
    // Where the pattern is another declaration's, the message has it: the default is in front, the pattern in quotes.
    let quoted = match told.code == rules::code::INVALID_DEFAULT {
        true => told.message.split_once("the regular expression \"").and_then(|(_, rest)| rest.strip_suffix('"')),
        false => told.message.split('`').nth(1),
    };
    if quoted.is_some_and(|pattern| !is_read(pattern)) {
        return false;
    }
    let Some(span) = told.primary.as_ref().map(|label| label.span) else { return true };
    let text = program.sources.file(span.file).and_then(|it| it.text().get(span.start as usize..span.end as usize));
    let plain = text.and_then(|text| text.strip_prefix('"')?.strip_suffix('"'));
    plain.is_none_or(|plain| is_read(&plain.replace("\\\\", "\\")))
}

/// Moves what is said about a version to its date, and puts replacements into the quotes that the text has.
fn as_written(program: &Program, diagnostic: &mut Diagnostic) {
    let Some(label) = diagnostic.primary.as_mut() else { return };
    let Some(source) = program.sources.file(label.span.file) else { return };
    let own = source.text().get(label.span.start as usize..label.span.end as usize).unwrap_or_default();
    let quotes = own.find('"').zip(own.rfind('"')).filter(|(open, close)| open < close);
    if diagnostic.code == rules::code::INVALID_API_VERSION
        && let Some((open, close)) = quotes
    {
        let start = label.span.start + open as u32;
        label.span = Span { start, end: start + (close - open) as u32 + 1, ..label.span };
        if let Some(version) = radii_model::likely_api_version(&own[open + 1..close]) {
            let title = format!("write `{version}`");
            let fix = Fix { title, span: label.span, replacement: version, sure: false };
            diagnostic.fixes.push(fix);
        }
    }
    let is_capability = [rules::code::UNKNOWN_CAPABILITY, rules::code::INVALID_CAPABILITY].contains(&diagnostic.code);
    if is_capability && own.contains('.') && !own.starts_with('"') {
        let replacement = "Capability.SupportsRecipes".to_owned();
        let title = format!("write `{replacement}` or `Capability.ManualResourceProvisioning`");
        diagnostic.help = Some(format!("`{own}` is a member of another enum; {title}"));
        diagnostic.fixes = vec![Fix { title, span: label.span, replacement, sure: false }];
        return;
    }
    // Recipes are what every type supports; a manifest does not say so, but authors do.
    if diagnostic.code == rules::code::UNKNOWN_CAPABILITY && diagnostic.fixes.is_empty() {
        let plain = own.trim_matches('"');
        let is_casing = plain.eq_ignore_ascii_case("SupportsRecipes");
        if let Some(meant) = radii_model::closest(plain, ["SupportsRecipes"]).or(is_casing.then_some("SupportsRecipes"))
        {
            diagnostic.help = Some(format!("did you mean `{meant}`?"));
            let title = format!("rename to `{meant}`");
            let replacement = if own.starts_with('"') { format!("\"{meant}\"") } else { meant.to_owned() };
            diagnostic.fixes.push(Fix { title, span: label.span, replacement, sure: true });
            return;
        }
    }
    radii_model::quote_alike(source.text(), std::slice::from_mut(diagnostic));
}

/// Where a type was written; a made-up one has no place.
fn span(program: &Program, id: TypeId) -> Span {
    program.span_of(id).unwrap_or_default()
}
