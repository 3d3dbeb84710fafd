//! Which versions of other namespaces a namespace uses.

use std::collections::BTreeMap;

use crate::decorators::arguments;
use crate::program::{Program, TypeId};

use super::{USE_DEPENDENCY, Version, version_of_member, versions_of_namespace};

/// The version of another namespace that is used.
#[derive(Clone, Debug)]
pub(super) enum Dependency {
    /// Always the same one.
    Fixed(Version),
    /// By the index of the version that uses it.
    PerVersion(BTreeMap<usize, Version>),
}

impl Dependency {
    /// The version that is used from a version, if one is named for it.
    pub(super) fn at(&self, index: usize) -> Option<&Version> {
        match self {
            Self::Fixed(version) => Some(version),
            Self::PerVersion(by_version) => by_version.get(&index),
        }
    }
}

/// What namespaces use of each other.
#[derive(Debug, Default)]
pub(super) struct Dependencies {
    /// Namespaces whose types are referred to, by the namespace that refers to them.
    uses: BTreeMap<TypeId, Vec<TypeId>>,
}

impl Dependencies {
    /// Looks which namespaces the types of a program refer to.
    pub(super) fn of(program: &Program) -> Self {
        let mut found = Self::default();
        for id in crate::decorators::every_type(program) {
            let Some(namespace) = program.namespace_of(id) else { continue };
            for target in references_of(program, id) {
                if let Some(other) = program.namespace_of(target).filter(|other| *other != namespace) {
                    let known = found.uses.entry(namespace).or_default();
                    if !known.contains(&other) {
                        known.push(other);
                    }
                }
            }
        }
        found
    }

    /// What a namespace uses: what it says itself, and the newest version of all else that has versions.
    pub(super) fn of_namespace(&self, program: &Program, namespace: TypeId) -> BTreeMap<TypeId, Dependency> {
        let mut found = explicit(program, namespace);
        for other in self.uses.get(&namespace).into_iter().flatten() {
            if let Some(newest) = versions_of_namespace(program, *other).pop() {
                found.entry(*other).or_insert(Dependency::Fixed(newest));
            }
        }
        found
    }

    /// The versions in force when a namespace is looked at in one of its versions: by namespace, with those that
    /// dependencies use in turn.
    pub(super) fn resolve(&self, program: &Program, namespace: TypeId, version: Version) -> BTreeMap<TypeId, Version> {
        let mut found = BTreeMap::from([(namespace, version)]);
        let mut open = vec![namespace];
        while let Some(current) = open.pop() {
            let index = found[&current].index;
            for (other, dependency) in self.of_namespace(program, current) {
                if let Some(picked) = dependency.at(index).filter(|_| !found.contains_key(&other)) {
                    found.insert(other, picked.clone());
                    open.push(other);
                }
            }
        }
        found
    }
}

/// What `@useDependency` says of a namespace, on itself, on its versions, or on what is around it.
fn explicit(program: &Program, namespace: TypeId) -> BTreeMap<TypeId, Dependency> {
    let mut current = Some(namespace);
    while let Some(id) = current {
        let own = picked(program, id);
        if !own.is_empty() {
            return own.into_iter().map(|version| (version.namespace, Dependency::Fixed(version))).collect();
        }
        let mut found = BTreeMap::new();
        for version in versions_of_namespace(program, id) {
            for used in picked(program, version.member) {
                let entry = found.entry(used.namespace).or_insert_with(|| Dependency::PerVersion(BTreeMap::new()));
                if let Dependency::PerVersion(by_version) = entry {
                    by_version.insert(version.index, used);
                }
            }
        }
        if !found.is_empty() {
            return found;
        }
        current = program.namespace(id).and_then(|namespace| namespace.namespace);
    }
    BTreeMap::new()
}

/// The versions that the uses of `@useDependency` on something name.
pub(super) fn picked(program: &Program, target: TypeId) -> Vec<Version> {
    let uses = arguments::all(program, target, USE_DEPENDENCY);
    let members = uses.flat_map(|application| arguments::members(program, &application.arguments));
    members.filter_map(|member| version_of_member(program, member)).collect()
}

/// The types that a declaration refers to directly.
fn references_of(program: &Program, id: TypeId) -> Vec<TypeId> {
    if program.template_arguments(id).is_some() {
        return Vec::new();
    }
    if let Some(model) = program.model(id).filter(|model| !model.name.is_empty()) {
        let properties = model.properties.ids().filter_map(|id| program.property(id)).map(|property| property.ty);
        return model.source.into_iter().chain(model.base).chain(properties).collect();
    }
    if let Some(union) = program.union(id).filter(|union| union.name.is_some()) {
        return union.variants.iter().filter_map(|id| program.variant(*id)).map(|variant| variant.ty).collect();
    }
    program.operation(id).map(|it| it.source.into_iter().chain([it.return_type]).collect()).unwrap_or_default()
}
