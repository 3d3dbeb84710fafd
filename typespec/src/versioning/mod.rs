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

use std::collections::HashSet;
use std::sync::Arc;

use radii_diagnostics::{Code, Diagnostic, Fix};

use crate::ast::NodeId;
use crate::decorators::arguments;
use crate::program::{Argument, EnumValue, Program, TypeId, TypeKind};
use crate::registry::{Context, Registry};
use crate::syntax::NodeKind;

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

/// Decorators whose first argument is a version.
const NAMING_VERSIONS: [&str; 7] =
    [ADDED, REMOVED, RENAMED_FROM, MADE_OPTIONAL, MADE_REQUIRED, TYPE_CHANGED_FROM, RETURN_TYPE_CHANGED_FROM];

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
        .on_checked(check_versions)
        .on_validate(validate::validate);
    for name in NAMING_VERSIONS.iter().filter(|name| **name != RENAMED_FROM) {
        registry.decorator(*name, |_, _, _| {});
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

/// Reports members of enums that are no versions, once for each place.
///
/// It waits for the end of checking, since the enum may belong to a namespace that is decorated last.
fn check_versions(program: &mut Program) {
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    let mut has_right_one = false;
    for id in crate::decorators::every_type(program) {
        for application in &program[id].decorators {
            let count = match &*application.name {
                USE_DEPENDENCY => usize::MAX,
                name if NAMING_VERSIONS.contains(&name) => 1,
                _ => continue,
            };
            for argument in application.arguments.iter().take(count) {
                let wrong = arguments::member(program, argument).filter(|id| version_of_member(program, *id).is_none());
                has_right_one |= wrong.is_none();
                if let Some(member) = wrong.filter(|_| argument.node.is_none_or(|node| seen.insert(node))) {
                    found.push((member, argument.node, id));
                }
            }
        }
    }
    if !has_right_one && report_wrong_enum(program, &found) {
        return;
    }
    let mut told = HashSet::new();
    for (member, node, target) in found {
        let enumeration = program.enum_member(member).map(|member| member.enumeration);
        // An enum that should have been the versions is one mistake, however often its members are named.
        let is_told = is_decorated_wrongly(program, target)
            || (versions(program, target).is_empty() && enumeration.is_some_and(|it| !told.insert(it)));
        if !is_told {
            report_unknown_version(program, member, node, target);
        }
    }
}

/// Where every version that is named is a member of one enum, and the namespace takes another one for its versions, it
/// is the latter that is wrong; returns whether it is so.
fn report_wrong_enum(program: &mut Program, found: &[(TypeId, Option<NodeId>, TypeId)]) -> bool {
    let holders: HashSet<Option<TypeId>> =
        found.iter().map(|(member, ..)| program.enum_member(*member).map(|member| member.enumeration)).collect();
    let [(first, _, target), _, ..] = found else { return false };
    let namespace = namespace_of(program, *target);
    let application = namespace.and_then(|namespace| program.find_decorator(namespace, VERSIONED));
    let place = application.and_then(|it| it.arguments.first()?.node).map(|node| program.ast.span(node));
    let (Some(span), Some(member), 1) = (place, program.enum_member(*first), holders.len()) else { return false };
    let Some(holder) = program.name_of(member.enumeration).map(|name| name.to_string()) else { return false };
    let message = format!(
        "The provided version '{}' from '{holder}' is not declared as a version enum. Use '@versioned({holder})' on \
         the containing namespace.",
        member.name
    );
    let title = format!("write `{holder}`, whose members are named as versions");
    let fix = Fix { title: title.clone(), span, replacement: holder, sure: false };
    let diagnostic = Diagnostic::error(Code::new("@typespec/versioning/version-not-found"), message).at(span);
    program.report(diagnostic.help(title).fix(fix));
    true
}

fn report_unknown_version(program: &mut Program, id: TypeId, node: Option<NodeId>, target: TypeId) {
    let Some(member) = program.enum_member(id) else { return };
    let holder = program.name_of(member.enumeration).map(|name| name.to_string()).unwrap_or_default();
    let message = format!(
        "The provided version '{}' from '{holder}' is not declared as a version enum. Use '@versioned({holder})' on \
         the containing namespace.",
        member.name
    );
    let mut diagnostic = Diagnostic::error(Code::new("@typespec/versioning/version-not-found"), message);
    let meant = meant_version(program, &member.name, target);
    if let Some(node) = node {
        let span = program.ast.span(node);
        diagnostic = diagnostic.at(span);
        if let Some(meant) = meant {
            let title = format!("write `{meant}`");
            diagnostic = diagnostic.help(title.clone()).fix(Fix { title, span, replacement: meant, sure: true });
        } else if let Some(fix) =
            made_versioned(program, target, &holder).filter(|_| versions(program, target).is_empty())
        {
            diagnostic = diagnostic.help(fix.title.clone()).fix(fix);
        } else {
            let known = versions(program, target).into_iter().take(8);
            let names: Vec<String> = known
                .filter_map(|version| Some(format!("`{}.{}`", versions_name(program, version.member)?, version.name)))
                .collect();
            diagnostic = diagnostic.help(format!("the versions are {}", names.join(", ")));
        }
    }
    program.report(diagnostic);
}

/// The name of the enum that a version is a member of.
fn versions_name(program: &Program, member: TypeId) -> Option<String> {
    program.name_of(program.enum_member(member)?.enumeration).map(|name| name.to_string())
}

/// Whether a namespace around a type is decorated with `@versioned`, but with something that was refused.
fn is_decorated_wrongly(program: &Program, target: TypeId) -> bool {
    let mut current = namespace_of(program, target);
    while let Some(namespace) = current {
        // The segments of a dotted name share their statement; its decorators are the last one's.
        if program.find_decorator(namespace, VERSIONED).is_some() {
            return false;
        }
        if let Some(node) = program[namespace].node {
            let mut decorators =
                program.ast.children(node).filter(|child| program.ast.kind(*child) == NodeKind::Decorator);
            let is_written = decorators.any(|decorator| {
                let head = program.ast.children(decorator).next().map_or("", |head| program.ast.text(head));
                head.rsplit('.').next() == Some("versioned")
            });
            if is_written {
                return true;
            }
        }
        current = program.namespace(namespace).and_then(|namespace| namespace.namespace);
    }
    false
}

/// The decorator that makes an enum the versions of a type's namespace.
fn made_versioned(program: &Program, target: TypeId, holder: &str) -> Option<Fix> {
    let namespace = namespace_of(program, target)?;
    let span = program.ast.span(program[namespace].node?);
    let title = format!("decorate the namespace with `@versioned({holder})`");
    let span = radii_diagnostics::Span { end: span.start, ..span };
    Some(Fix { title, span, replacement: format!("@versioned({holder})\n"), sure: false })
}

/// The version of a type's namespace that a member of another enum was taken for.
fn meant_version(program: &Program, name: &str, target: TypeId) -> Option<String> {
    let known = versions(program, target);
    let meant = known.iter().find(|version| &*version.name == name || &*version.value == name)?;
    let holder = program.enum_member(meant.member)?.enumeration;
    Some(format!("{}.{}", program.name_of(holder)?, meant.name))
}

fn renamed_from(context: &mut Context<'_>, target: TypeId, given: &[Argument]) {
    if arguments::text(context.program, given, 1).is_some_and(|name| name.is_empty()) {
        let message = "@renamedFrom.oldName cannot be empty string.";
        let code = "@typespec/versioning/invalid-renamed-from-value";
        crate::decorators::report_on(context.program, target, code, message);
    }
}
