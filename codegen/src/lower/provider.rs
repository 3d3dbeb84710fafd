//! Providers, types and versions.

use indexmap::IndexMap;
use radii_diagnostics::{Diagnostic, Span};
use radii_model::ApiVersion;
use radii_model::cel;
use radii_model::conversion::{self, CONVERTED, RENAMED_FROM, VALUES_RENAMED_FROM};
use radii_model::extension;
use radii_model::manifest::{Manifest, ResourceType, Spanned, VersionEntry};
use radii_model::schema::{Additional, Schema};
use serde_json::{Map, Value as Json};
use typespec::Program;
use typespec::program::{Entity, TypeId, ValueKind};
use typespec::versioning::{self, Version};

use super::schema::{Lowering, Moment};
use super::{DUPLICATE_TYPE, NO_API_VERSION, span};
use crate::emit::{facts, values};

/// A provider of the program.
pub(super) struct Provider {
    /// Its name.
    name: String,
    /// The namespaces that have it, outermost first.
    namespaces: Vec<TypeId>,
}

/// Returns the providers of a program, in the order of the source.
pub(super) fn providers(program: &Program) -> Vec<Provider> {
    let mut found: Vec<Provider> = Vec::new();
    for namespace in program.user_namespaces() {
        let is_marked = program.find_decorator(namespace, "Radii.resourceProvider").is_some();
        if !is_marked && resource_types(program, namespace).is_empty() {
            continue;
        }
        let name = name(program, namespace);
        match found.iter_mut().find(|provider| provider.name == name) {
            Some(provider) => provider.namespaces.push(namespace),
            None => found.push(Provider { name, namespaces: vec![namespace] }),
        }
    }
    found
}

impl Provider {
    /// The full names of its types.
    pub(super) fn type_names(&self, program: &Program) -> Vec<String> {
        let models = self.namespaces.iter().flat_map(|namespace| resource_types(program, *namespace));
        models.filter_map(|model| Some(format!("{}/{}", self.name, type_name(program, model)?))).collect()
    }
}

/// The provider's name: that of `@provider` or of the namespace that is marked, here or further out.
fn name(program: &Program, namespace: TypeId) -> String {
    let mut current = Some(namespace);
    while let Some(id) = current {
        if let Some(name) = facts::text_of(program, id, "Radii.provider") {
            return name.to_owned();
        }
        if program.find_decorator(id, "Radii.resourceProvider").is_some() {
            return program.namespace_name(id);
        }
        current = program.namespace(id).and_then(|it| it.namespace);
    }
    program.namespace_name(namespace)
}

fn resource_types(program: &Program, namespace: TypeId) -> Vec<TypeId> {
    let models = program.namespace(namespace).map(|it| it.models.clone()).unwrap_or_default();
    models.into_iter().filter(|model| program.find_decorator(*model, "Radii.resourceType").is_some()).collect()
}

/// Lowers a provider with all its types.
pub(super) fn lower(program: &mut Program, provider: &Provider, diagnostics: &mut Vec<Diagnostic>) -> Manifest {
    let first = provider.namespaces[0];
    let namespace = Spanned { value: provider.name.clone(), span: span(program, first) };
    let mut manifest = Manifest { namespace, locations: locations(program, provider), types: IndexMap::new() };
    for namespace in &provider.namespaces {
        for model in resource_types(program, *namespace) {
            let Some(name) = type_name(program, model) else { continue };
            let lowered = resource_type(program, *namespace, model, diagnostics);
            let key_span = lowered.key_span;
            if let Some(known) = manifest.types.insert(name.clone(), lowered) {
                let message = format!("the provider has two types named `{name}`");
                let help = "give one of them another name in `@resourceType`, or put it into another provider";
                // The one that comes later is the one too many.
                let is_later = (key_span.file, key_span.start) > (known.key_span.file, known.key_span.start);
                let (own, other) = if is_later { (key_span, known.key_span) } else { (known.key_span, key_span) };
                let diagnostic = Diagnostic::error(DUPLICATE_TYPE, message).at(own).help(help);
                diagnostics.push(diagnostic.also(other, "the other one"));
            }
        }
    }
    manifest
}

fn locations(program: &Program, provider: &Provider) -> IndexMap<String, Option<String>> {
    let mut locations = IndexMap::new();
    for namespace in &provider.namespaces {
        for application in program[*namespace].decorators.iter().filter(|it| &*it.name == "Radii.location") {
            if let Some(name) = facts::text(program, application, 0) {
                locations.insert(name.to_owned(), facts::text(program, application, 1).map(str::to_owned));
            }
        }
    }
    locations
}

/// The name of `@resourceType`: that of its options where they have one.
fn type_name(program: &Program, model: TypeId) -> Option<String> {
    let application = program.find_decorator(model, "Radii.resourceType")?;
    let plural = option(program, model, "plural").and_then(|plural| plural.as_str().map(str::to_owned));
    plural.or_else(|| facts::text(program, application, 0).map(str::to_owned))
}

fn option(program: &Program, model: TypeId, name: &str) -> Option<Json> {
    let application = program.find_decorator(model, "Radii.resourceType")?;
    let options = values::json(program, facts::value(application, 1)?, None, None)?;
    options.get(name).cloned()
}

fn resource_type(
    program: &mut Program,
    namespace: TypeId,
    model: TypeId,
    diagnostics: &mut Vec<Diagnostic>,
) -> ResourceType {
    let key_span = name_span(program, model);
    let mut lowered = ResourceType {
        key_span,
        description: program.doc(model).map(str::to_owned),
        capabilities: capabilities(program, model),
        default_api_version: default_version(program, namespace, model),
        api_versions: IndexMap::new(),
    };
    let about = about(program, namespace, model);
    let versions = versioning::versions(program, model);
    if versions.is_empty() {
        let Some(default) = lowered.default_api_version.take() else {
            let help = "add an enum of versions and `@versioned` to the namespace, or `@defaultApiVersion(\"2025-01-01\")` \
                        where there is one version only";
            let name = program.name_of(model).map_or_else(String::new, |name| name.to_string());
            let message = format!("the resource type `{name}` has no API version");
            diagnostics.push(Diagnostic::error(NO_API_VERSION, message).at(key_span).help(help));
            return lowered;
        };
        let moment = Moment { versions: &[], index: 0 };
        let entry = entry(program, model, model, &moment, &about, default.span, diagnostics);
        insert(&mut lowered, &default, entry, diagnostics);
        return lowered;
    }
    for version in &versions {
        // The decorators of copies may look around: they get a program of their own.
        let snapshot = versioning::snapshot(program, version.namespace, version);
        let Some(copy) = snapshot.find(model) else { continue };
        let name = Spanned { value: version.value.to_string(), span: span(program, version.member) };
        let moment = Moment { versions: &versions, index: version.index };
        let mut entry = entry(program, copy, model, &moment, &about, name.span, diagnostics);
        entry.schema.deprecated |= program.deprecation(version.member).is_some();
        insert(&mut lowered, &name, entry, diagnostics);
    }
    check_order(program, &versions, diagnostics);
    keep_possible(&mut lowered);
    let mut schemas: Vec<&mut Schema> = lowered.api_versions.values_mut().map(|entry| &mut entry.schema).collect();
    cel::settle(&mut schemas);
    declare_conversions(&mut lowered);
    lowered
}

/// Leaves out what was renamed where the preceding version has no such place: the type around it is new there.
fn keep_possible(lowered: &mut ResourceType) {
    let mut versions: Vec<(&ApiVersion, &mut Schema)> =
        lowered.api_versions.iter_mut().map(|(version, entry)| (version, &mut entry.schema)).collect();
    versions.sort_by_key(|(version, _)| *version);
    // The newest first: what is compared with is as it was written.
    while let Some((_, newer)) = versions.pop() {
        keep_possible_since(versions.last().map(|(_, older)| &**older), newer);
    }
}

fn keep_possible_since(older: Option<&Schema>, newer: &mut Schema) {
    let known = older.and_then(|older| older.enumeration.as_ref());
    if let Some(Json::Object(values)) = newer.extensions.get_mut(VALUES_RENAMED_FROM) {
        values.retain(|_, before| known.is_some_and(|known| known.contains(before)));
        if values.is_empty() {
            newer.extensions.shift_remove(VALUES_RENAMED_FROM);
        }
    }
    for (name, property) in &mut newer.properties {
        let before = property.schema.extensions.get(RENAMED_FROM).and_then(Json::as_str).map(str::to_owned);
        let counterpart = older.and_then(|older| older.properties.get(before.as_deref().unwrap_or(name)));
        if before.is_some() && counterpart.is_none() {
            property.schema.extensions.shift_remove(RENAMED_FROM);
        }
        keep_possible_since(counterpart.map(|it| &it.schema), &mut property.schema);
    }
    if let Some(items) = &mut newer.items {
        keep_possible_since(older.and_then(|older| older.items.as_deref()), items);
    }
    if let Additional::Schema(values) = &mut newer.additional {
        let before = older.and_then(|older| match &older.additional {
            Additional::Schema(values) => Some(&**values),
            _ => None,
        });
        keep_possible_since(before, values);
    }
}

/// Says that resources are converted between the versions of a type, where no rename says so already.
///
/// `@extension("x-radii-converted", false)` on the model asks for what Radius does instead.
fn declare_conversions(lowered: &mut ResourceType) {
    let is_refused = |entry: &VersionEntry| entry.schema.extensions.get(CONVERTED) == Some(&Json::Bool(false));
    let is_refused = lowered.api_versions.values().any(is_refused);
    lowered.api_versions.values_mut().for_each(|entry| drop(entry.schema.extensions.shift_remove(CONVERTED)));
    let is_declared = |entry: &VersionEntry| conversion::is_declared(&entry.schema.to_openapi());
    if is_refused || lowered.api_versions.len() < 2 || lowered.api_versions.values().any(is_declared) {
        return;
    }
    for entry in lowered.api_versions.values_mut() {
        entry.schema.extensions.insert(CONVERTED.to_owned(), true.into());
    }
}

fn entry(
    program: &Program,
    model: TypeId,
    original: TypeId,
    moment: &Moment<'_>,
    about: &Map<String, Json>,
    version: Span,
    diagnostics: &mut Vec<Diagnostic>,
) -> VersionEntry {
    let mut lowering = Lowering::new(program, moment, diagnostics);
    let mut schema = lowering.resource(model);
    schema.span = span(program, original);
    schema.extensions.extend(about.clone());
    VersionEntry { key_span: version, schema }
}

fn insert(
    lowered: &mut ResourceType,
    version: &Spanned<String>,
    entry: VersionEntry,
    diagnostics: &mut Vec<Diagnostic>,
) {
    match version.value.parse::<ApiVersion>() {
        Ok(version) => {
            lowered.api_versions.insert(version, entry);
        }
        Err(error) => {
            let help = "give the member a date as its value, such as `v2025_01_01: \"2025-01-01\"`";
            let diagnostic = Diagnostic::error(rules_code(), error.to_string()).at(version.span).help(help);
            if !diagnostics.iter().any(|known| known.primary == diagnostic.primary) {
                diagnostics.push(diagnostic);
            }
        }
    }
}

fn rules_code() -> radii_diagnostics::Code {
    radii_model::rules::code::INVALID_API_VERSION
}

/// Versions must be written in the order of their dates: conversions go by the dates.
fn check_order(program: &Program, versions: &[Version], diagnostics: &mut Vec<Diagnostic>) {
    for pair in versions.windows(2) {
        let (Ok(older), Ok(newer)) = (pair[0].value.parse::<ApiVersion>(), pair[1].value.parse::<ApiVersion>()) else {
            continue;
        };
        if older > newer {
            let message = format!("`{newer}` stands after `{older}` and is older");
            let help = "write the versions in the order of their dates, the oldest first";
            let diagnostic = Diagnostic::error(rules_code(), message).at(span(program, pair[1].member)).help(help);
            if !diagnostics.iter().any(|known| known.primary == diagnostic.primary) {
                diagnostics.push(diagnostic);
            }
        }
    }
}

/// What `@capability` and the options say; that recipes are supported goes without saying.
fn capabilities(program: &Program, model: TypeId) -> Vec<Spanned<String>> {
    let mut found: Vec<Spanned<String>> = Vec::new();
    let mut add = |value: String, span: Span| {
        if value != "SupportsRecipes" && !found.iter().any(|known| known.value == value) {
            found.push(Spanned { value, span });
        }
    };
    // Decorators run from the lowest to the topmost; people read the other way.
    for application in program[model].decorators.iter().rev().filter(|it| &*it.name == "Radii.capability") {
        let place = application.node.map(|node| program.ast.span(node)).unwrap_or_default();
        for (at, argument) in application.arguments.iter().enumerate() {
            if let Some(name) = facts::text(program, application, at) {
                add(name.to_owned(), argument.node.map_or(place, |node| program.ast.span(node)));
            }
        }
    }
    let options = option(program, model, "capabilities");
    for name in options.iter().filter_map(Json::as_array).flatten().filter_map(Json::as_str) {
        add(name.to_owned(), span(program, model));
    }
    found
}

fn default_version(program: &Program, namespace: TypeId, model: TypeId) -> Option<Spanned<String>> {
    let mut current = Some(namespace);
    let mut application = program.find_decorator(model, "Radii.defaultApiVersion");
    while let (None, Some(id)) = (application, current) {
        application = program.find_decorator(id, "Radii.defaultApiVersion");
        current = program.namespace(id).and_then(|it| it.namespace);
    }
    let application = application?;
    let argument = application.arguments.first().and_then(|argument| argument.node);
    let place = argument.or(application.node).map(|node| program.ast.span(node)).unwrap_or_default();
    Some(Spanned { value: facts::text(program, application, 0)?.to_owned(), span: place })
}

/// What the catalogue says about a type, from the type or from its provider.
fn about(program: &Program, namespace: TypeId, model: TypeId) -> Map<String, Json> {
    let mut about = Map::new();
    for (key, decorator) in [
        (extension::MATURITY, "Radii.maturity"),
        (extension::OWNER, "Radii.owner"),
        (extension::ICON, "Radii.icon"),
        (extension::CATEGORY, "Radii.category"),
    ] {
        let text = [model, namespace].into_iter().find_map(|target| facts::text_of(program, target, decorator));
        if let Some(text) = text {
            about.insert(key.to_owned(), text.into());
        }
    }
    if let Some(owner) = option(program, model, "owner") {
        about.insert(extension::OWNER.to_owned(), owner);
    }
    let recipes: Vec<Json> = (program[model].decorators.iter().rev())
        .filter(|application| &*application.name == "Radii.recipe")
        .filter_map(|application| {
            let source = values::json(program, facts::value(application, 1)?, None, None)?;
            let mut recipe = Map::new();
            recipe.insert("platform".to_owned(), facts::text(program, application, 0)?.into());
            recipe.extend(source.as_object()?.clone());
            Some(Json::Object(recipe))
        })
        .collect();
    if !recipes.is_empty() {
        about.insert(extension::RECIPES.to_owned(), Json::Array(recipes));
    }
    about
}

/// Where a type's name stands: in `@resourceType`, where that is at hand.
fn name_span(program: &Program, model: TypeId) -> Span {
    let application = program.find_decorator(model, "Radii.resourceType");
    let argument = application.and_then(|application| application.arguments.first());
    let node = match argument.map(|argument| (argument.node, argument.entity)) {
        Some((Some(node), _)) => Some(node),
        Some((None, Entity::Value(value))) if matches!(program[value].kind, ValueKind::String { .. }) => {
            program[value].node
        }
        _ => None,
    };
    node.map_or_else(|| span(program, model), |node| program.ast.span(node))
}
