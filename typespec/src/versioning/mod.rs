//! Versions: which types, members and names a namespace has in each of its versions.
//!
//! What `@added`, `@removed`, `@renamedFrom`, `@typeChangedFrom`, `@madeOptional` and `@madeRequired` say can be
//! asked ([`Availability`], [`name_at`], [`type_at`], [`is_optional_at`]), and [`snapshot`] makes the types of one
//! version.

mod availability;
mod changes;
mod dependencies;
mod references;
mod snapshot;
mod validate;

use std::sync::Arc;

use radii_diagnostics::{Code, Diagnostic};

use crate::decorators::arguments;
use crate::program::{Argument, EnumValue, Program, TypeId, TypeKind};
use crate::registry::{Context, Registry};

pub use availability::{Availability, availability, exists_at};
pub use changes::{is_optional_at, name_at, return_type_at, type_at};
pub use snapshot::{Snapshot, snapshot};

const VERSIONED: &str = "TypeSpec.Versioning.versioned";
const ADDED: &str = "TypeSpec.Versioning.added";
const REMOVED: &str = "TypeSpec.Versioning.removed";
const RENAMED_FROM: &str = "TypeSpec.Versioning.renamedFrom";
const MADE_OPTIONAL: &str = "TypeSpec.Versioning.madeOptional";
const MADE_REQUIRED: &str = "TypeSpec.Versioning.madeRequired";
const TYPE_CHANGED_FROM: &str = "TypeSpec.Versioning.typeChangedFrom";
const RETURN_TYPE_CHANGED_FROM: &str = "TypeSpec.Versioning.returnTypeChangedFrom";
const USE_DEPENDENCY: &str = "TypeSpec.Versioning.useDependency";

/// A version of a namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// The namespace that has it.
    pub namespace: TypeId,
    /// The member of the enum of versions.
    pub member: TypeId,
    /// The member's name.
    pub name: Arc<str>,
    /// What the version is called: the member's value, else its name.
    pub value: Arc<str>,
    /// How many versions come before it.
    pub index: usize,
}

pub(crate) fn register(registry: &mut Registry) {
    registry
        .decorator(VERSIONED, |_, _, _| {})
        .decorator(RENAMED_FROM, renamed_from)
        .decorator(USE_DEPENDENCY, |context, _, given| {
            given.iter().for_each(|argument| check_version(context, argument));
        })
        .on_validate(validate::validate);
    for name in [ADDED, REMOVED, MADE_OPTIONAL, MADE_REQUIRED, TYPE_CHANGED_FROM, RETURN_TYPE_CHANGED_FROM] {
        registry.decorator(name, |context, _, given| {
            given.iter().take(1).for_each(|argument| check_version(context, argument));
        });
    }
}

/// The versions that a namespace declares itself, oldest first; none for one without `@versioned`.
pub fn versions_of_namespace(program: &Program, namespace: TypeId) -> Vec<Version> {
    let enumeration = arguments::of(program, namespace, VERSIONED).and_then(|given| arguments::ty(given, 0));
    let Some(enumeration) = enumeration.and_then(|id| program.enumeration(id)) else { return Vec::new() };
    let members = enumeration.members.iter().enumerate().filter_map(|(index, (name, member))| {
        let value = match &program.enum_member(member)?.value {
            Some(EnumValue::String(text)) => text.clone(),
            Some(EnumValue::Number(number)) => number.to_string().into(),
            None => name.clone(),
        };
        Some(Version { namespace, member, name: name.clone(), value, index })
    });
    members.collect()
}

/// The versions that a type lives in: those of its namespace or of the nearest one around it that has any.
pub fn versions(program: &Program, target: TypeId) -> Vec<Version> {
    let mut current = namespace_of(program, target);
    while let Some(namespace) = current {
        let versions = versions_of_namespace(program, namespace);
        if !versions.is_empty() {
            return versions;
        }
        current = program.namespace(namespace).and_then(|namespace| namespace.namespace);
    }
    Vec::new()
}

/// The namespace whose versions count for a type: for a property that was copied, that of its first source.
fn namespace_of(program: &Program, target: TypeId) -> Option<TypeId> {
    let mut current = target;
    for _ in 0..1000 {
        match program.property(current).and_then(|property| property.source) {
            Some(source) => current = source,
            None => break,
        }
    }
    match &program[current].kind {
        TypeKind::Namespace(_) => Some(current),
        _ => program.namespace_of(current),
    }
}

/// The versions of a type whose own namespace declares them; the checks go no further.
fn own_versions(program: &Program, target: TypeId) -> Vec<Version> {
    namespace_of(program, target).map(|namespace| versions_of_namespace(program, namespace)).unwrap_or_default()
}

/// The version that a member of an enum is.
fn version_of_member(program: &Program, member: TypeId) -> Option<Version> {
    let namespace = program.enumeration(program.enum_member(member)?.enumeration)?.namespace?;
    versions_of_namespace(program, namespace).into_iter().find(|version| version.member == member)
}

/// The indices that the uses of a decorator name, in ascending order.
fn indices(program: &Program, target: TypeId, name: &str, versions: &[Version]) -> Vec<usize> {
    let uses = arguments::all(program, target, name);
    let members = uses.filter_map(|application| arguments::member(program, application.arguments.first()?));
    let mut found: Vec<usize> = members.filter_map(|member| index_of(versions, member)).collect();
    found.sort_unstable();
    found
}

fn index_of(versions: &[Version], member: TypeId) -> Option<usize> {
    versions.iter().position(|version| version.member == member)
}

fn check_version(context: &mut Context<'_>, argument: &Argument) {
    let program = &*context.program;
    let Some(id) = arguments::member(program, argument) else { return };
    if version_of_member(program, id).is_some() {
        return;
    }
    let Some(member) = program.enum_member(id) else { return };
    let holder = program.name_of(member.enumeration).map(|name| name.to_string()).unwrap_or_default();
    let message = format!(
        "The provided version '{}' from '{holder}' is not declared as a version enum. Use '@versioned({holder})' on \
         the containing namespace.",
        member.name
    );
    let diagnostic = Diagnostic::error(Code::new("@typespec/versioning/version-not-found"), message);
    let span = context.argument_span(argument);
    context.report(match span {
        Some(span) => diagnostic.at(span),
        None => diagnostic,
    });
}

fn renamed_from(context: &mut Context<'_>, target: TypeId, given: &[Argument]) {
    given.iter().take(1).for_each(|argument| check_version(context, argument));
    if arguments::text(context.program, given, 1).is_some_and(|name| name.is_empty()) {
        let message = "@renamedFrom.oldName cannot be empty string.";
        let code = "@typespec/versioning/invalid-renamed-from-value";
        crate::decorators::report_on(context.program, target, code, message);
    }
}
