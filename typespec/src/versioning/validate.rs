//! Whether what is said about versions can all be true.

use std::collections::BTreeMap;
use std::sync::Arc;

use radii_diagnostics::{Code, Diagnostic};

use crate::decorators::{arguments, every_type};
use crate::program::{Program, TypeId, TypeKind};

use super::availability::{Availability, availability};
use super::changes::name_at;
use super::dependencies::{Dependencies, Dependency, picked};
use super::references::References;
use super::{MADE_OPTIONAL, MADE_REQUIRED, own_versions, versions_of_namespace};

pub(super) fn validate(program: &mut Program) {
    let types = every_type(program);
    if !types.iter().any(|id| program.namespace(*id).is_some() && !versions_of_namespace(program, *id).is_empty()) {
        return;
    }
    let dependencies = Dependencies::of(program);
    let mut found = References::new(program, &dependencies);
    for id in types {
        if program.template_arguments(id).is_none() {
            found.check(id);
        }
        check_namespace(program, id, &dependencies, &mut found.problems);
        check_names(program, id, &mut found.problems);
        check_optionality(program, id, &mut found.problems);
    }
    let problems = std::mem::take(&mut found.problems);
    for problem in problems {
        let mut diagnostic = Diagnostic::error(Code::new(problem.code), problem.message);
        let own = program[problem.target].node.filter(|_| problem.code == DUPLICATE_CODE);
        let value = own.and_then(|node| program.ast.parts(node).nth(1)).map(|value| program.ast.span(value));
        if value.is_some() {
            diagnostic = diagnostic.help("give each version a date of its own");
        }
        if let Some(span) = value.or_else(|| arguments::name_span(program, problem.target)) {
            diagnostic = diagnostic.at(span);
        }
        let fix = match problem.code {
            MADE_OPTIONAL_CODE => arguments::with_question(program, problem.target),
            MADE_REQUIRED_CODE => arguments::without_question(program, problem.target),
            _ => None,
        };
        if let Some(fix) = fix {
            diagnostic = diagnostic.help(fix.title.clone()).fix(fix);
        }
        program.report(diagnostic);
    }
}

const DUPLICATE_CODE: &str = "@typespec/versioning/version-duplicate";
const MADE_OPTIONAL_CODE: &str = "@typespec/versioning/made-optional-not-optional";
const MADE_REQUIRED_CODE: &str = "@typespec/versioning/made-required-optional";

/// Something that cannot be.
pub(super) struct Problem {
    pub(super) target: TypeId,
    pub(super) code: &'static str,
    pub(super) message: String,
}

fn check_namespace(program: &Program, id: TypeId, dependencies: &Dependencies, found: &mut Vec<Problem>) {
    if program.namespace(id).is_none() {
        return;
    }
    let own = versions_of_namespace(program, id);
    let is_second = |at: usize| own[..at].iter().any(|other| other.value == own[at].value);
    if let Some(second) = (0..own.len()).find(|at| is_second(*at)) {
        let holder = own.first().and_then(|version| program.enum_member(version.member)).map(|it| it.enumeration);
        let name = holder.and_then(|holder| program.name_of(holder)).map(|name| name.to_string()).unwrap_or_default();
        let message = format!(
            "Multiple versions from '{name}' resolve to the same value. Version enums must resolve to unique values."
        );
        let target = own[second].member;
        found.push(Problem { target, code: DUPLICATE_CODE, message });
    }
    if !super::versions(program, id).is_empty() {
        if !picked(program, id).is_empty() {
            let message = "The useDependency decorator can only be used on a Namespace if the namespace is \
                           unversioned. For versioned namespaces, put the useDependency decorator on the version enum \
                           members.";
            let code = "@typespec/versioning/incompatible-versioned-namespace-use-dependency";
            found.push(Problem { target: id, code, message: message.to_owned() });
        }
        return;
    }
    for (other, dependency) in dependencies.of_namespace(program, id) {
        if matches!(dependency, Dependency::PerVersion(_)) {
            let name = program.namespace_name(other);
            let message =
                format!("The versionedDependency decorator must provide a version of the dependency '{name}'.");
            found.push(Problem { target: id, code: "@typespec/versioning/versioned-dependency-not-picked", message });
        }
    }
}

/// Two members must not have one name in any version.
fn check_names(program: &Program, id: TypeId, found: &mut Vec<Problem>) {
    let members: Vec<TypeId> = match &program[id].kind {
        TypeKind::Model(model) if !model.name.is_empty() && program.template_arguments(id).is_none() => {
            model.properties.ids().collect()
        }
        TypeKind::Enum(it) => it.members.ids().collect(),
        TypeKind::Union(union) if union.namespace.is_some() => union.variants.clone(),
        _ => return,
    };
    let versions = own_versions(program, id);
    for version in &versions {
        let mut names: BTreeMap<Arc<str>, usize> = BTreeMap::new();
        for member in &members {
            let known = own_versions(program, *member);
            let exists = availability(program, *member, &known)
                .is_none_or(|map| map.get(version.index).is_some_and(|it| it.exists()));
            if let Some(name) = name_at(program, *member, &known, version.index).filter(|_| exists) {
                *names.entry(name).or_default() += 1;
            }
        }
        for (name, _) in names.into_iter().filter(|(_, count)| *count > 1) {
            let message = format!(
                "Property '{name}' marked with '@renamedFrom' conflicts with existing property in version {}.",
                version.value
            );
            found.push(Problem { target: id, code: "@typespec/versioning/renamed-duplicate-property", message });
        }
    }
}

fn check_optionality(program: &Program, id: TypeId, found: &mut Vec<Problem>) {
    let Some(property) = program.property(id) else { return };
    let name = &property.name;
    if !property.optional && program.find_decorator(id, MADE_OPTIONAL).is_some() {
        let message = format!("Property '{name}' marked with @madeOptional but is required. Should be '{name}?'");
        found.push(Problem { target: id, code: MADE_OPTIONAL_CODE, message });
    }
    if property.optional && program.find_decorator(id, MADE_REQUIRED).is_some() {
        let message = format!("Property '{name}?' marked with @madeRequired but is optional. Should be '{name}'");
        found.push(Problem { target: id, code: MADE_REQUIRED_CODE, message });
    }
}

/// Whether something exists in every version.
pub(super) fn is_always_there(map: &[Availability]) -> bool {
    map.iter().all(|known| known.exists())
}
