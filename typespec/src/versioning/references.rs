//! References between types that come and go: what is referred to must be there whenever the referrer is.

use std::sync::Arc;

use crate::decorators::arguments;
use crate::program::{Entity, Program, TypeId, TypeKind};

use super::availability::{Availability, availability, parent_of};
use super::changes::type_at;
use super::dependencies::{Dependencies, Dependency};
use super::validate::{Problem, is_always_there};
use super::{ADDED, REMOVED, TYPE_CHANGED_FROM, Version, namespace_of, own_versions};

const CODE: &str = "@typespec/versioning/incompatible-versioned-reference";
const MAX_DEPTH: usize = 50;

/// When a type exists, by the names of versions.
#[derive(Clone, Debug)]
struct Timeline(Vec<(Arc<str>, Availability)>);

impl Timeline {
    fn at(&self, name: &str) -> Option<Availability> {
        self.0.iter().find(|(known, _)| &**known == name).map(|(_, known)| *known)
    }

    /// The first version after another in which something happens.
    fn after(&self, name: &str, wanted: Availability) -> Option<&str> {
        let later = self.0.iter().skip_while(|(known, _)| &**known != name).skip(1);
        later.clone().find(|(_, known)| *known == wanted).map(|(name, _)| &**name)
    }

    /// The first version up to another in which something happens, once it was there.
    fn up_to(&self, name: &str, wanted: Availability) -> Option<&str> {
        let mut was_there = false;
        for (known, state) in &self.0 {
            was_there |= *state == Availability::Added;
            if was_there && *state == wanted {
                return Some(known);
            }
            if &**known == name {
                break;
            }
        }
        None
    }
}

/// The check of all references of a program.
pub(super) struct References<'a> {
    program: &'a Program,
    dependencies: &'a Dependencies,
    pub(super) problems: Vec<Problem>,
}

impl<'a> References<'a> {
    pub(super) fn new(program: &'a Program, dependencies: &'a Dependencies) -> Self {
        Self { program, dependencies, problems: Vec::new() }
    }

    /// Checks what a declaration refers to.
    pub(super) fn check(&mut self, id: TypeId) {
        let program = self.program;
        match &program[id].kind {
            TypeKind::Model(model) if !model.name.is_empty() => {
                for property in model.properties.ids() {
                    self.check_member(id, property);
                    self.check_property(&[property], property);
                }
            }
            TypeKind::Operation(operation) => {
                if let Some(interface) = operation.interface {
                    self.check_member(interface, id);
                }
                self.check_reference(&[id], operation.return_type, 0);
                let parameters = program.model(operation.parameters);
                for source in parameters.into_iter().flat_map(|model| &model.sources) {
                    self.check_reference(&[id], source.model, 0);
                }
                for property in parameters.into_iter().flat_map(|model| model.properties.ids()) {
                    self.check_member(id, property);
                    self.check_property(&[property, id], property);
                }
            }
            TypeKind::Interface(interface) => {
                interface.sources.iter().for_each(|source| self.check_reference(&[id], *source, 0));
            }
            _ => {}
        }
    }

    fn check_property(&mut self, sources: &[TypeId], property: TypeId) {
        let Some(ty) = self.program.property(property).map(|property| property.ty) else { return };
        if self.program.find_decorator(property, TYPE_CHANGED_FROM).is_some() {
            self.check_types_by_version(property);
        } else {
            self.check_reference(sources, ty, 0);
        }
    }

    /// A property whose type changes: each type must be there in the versions that have it.
    fn check_types_by_version(&mut self, property: TypeId) {
        let program = self.program;
        let versions = own_versions(program, property);
        let map = availability(program, property, &versions);
        for version in versions.iter().rev() {
            let exists = map.as_ref().is_none_or(|map| map[version.index].exists());
            if let Some(ty) = type_at(program, property, &versions, version.index).filter(|_| exists) {
                self.check_exists(version, ty, property, 0);
            }
        }
    }

    fn check_exists(&mut self, version: &Version, ty: TypeId, source: TypeId, depth: usize) {
        let program = self.program;
        let known = own_versions(program, ty);
        let at = known.iter().position(|other| other.name == version.name);
        let state = availability(program, ty, &known).zip(at).map(|(map, at)| map[at]);
        if state.is_some_and(|state| !state.exists()) {
            let (from, to) = (program.type_name(source), program.type_name(ty));
            let message =
                format!("'{from}' is referencing type '{to}' which does not exist in version '{}'.", version.value);
            self.problems.push(Problem { target: source, code: CODE, message });
        }
        if depth > MAX_DEPTH {
            return;
        }
        let mut below = argument_types(program, ty);
        match &program[ty].kind {
            TypeKind::Union(union) if union.is_expression => {
                below.extend(union.variants.iter().filter_map(|id| program.variant(*id)).map(|variant| variant.ty));
            }
            TypeKind::Tuple(items) => below.extend(items),
            _ => {}
        }
        below.into_iter().for_each(|ty| self.check_exists(version, ty, source, depth + 1));
    }

    /// Checks a reference; of several sources, from the inside out, the first that says when it exists counts.
    fn check_reference(&mut self, sources: &[TypeId], target: TypeId, depth: usize) {
        let program = self.program;
        if depth > MAX_DEPTH {
            return;
        }
        self.check_one(sources, target);
        for argument in argument_types(program, target) {
            self.check_reference(sources, argument, depth + 1);
        }
        match &program[target].kind {
            TypeKind::Model(model) if model.name.is_empty() => {
                for property in model.properties.ids() {
                    let Some(ty) = program.property(property).map(|property| property.ty) else { continue };
                    let stack: Vec<TypeId> = std::iter::once(property).chain(sources.iter().copied()).collect();
                    self.check_reference(&stack, ty, depth + 1);
                }
            }
            TypeKind::Union(union) if union.name.is_none() => {
                for variant in union.variants.iter().filter_map(|id| program.variant(*id)) {
                    self.check_reference(sources, variant.ty, depth + 1);
                }
            }
            TypeKind::Tuple(items) => items.iter().for_each(|item| self.check_reference(sources, *item, depth + 1)),
            _ => {}
        }
    }

    fn check_one(&mut self, sources: &[TypeId], target: TypeId) {
        let program = self.program;
        let source = sources[0];
        let Some(mut to) = self.timeline(&[target]) else { return };
        let from = self.timeline(sources);
        let (own, other) = (namespace_of(program, source), namespace_of(program, target));
        if own != other {
            let Some(translated) = self.translated(own, other, &to, source, target) else { return };
            to = translated;
        }
        let (source_name, target_name) = (program.type_name(source), program.type_name(target));
        let Some(from) = from else {
            let states: Vec<Availability> = to.0.iter().map(|(_, state)| *state).collect();
            if !is_always_there(&states) {
                let message = format!(
                    "'{source_name}' is referencing versioned type '{target_name}' but is not versioned itself."
                );
                self.problems.push(Problem { target: source, code: CODE, message });
            }
            return;
        };
        for (name, state) in &from.0 {
            let wanted = to.at(name);
            let message = match (state, wanted) {
                (Availability::Added, Some(Availability::Removed | Availability::Unavailable)) => {
                    let since = to.after(name, Availability::Added).unwrap_or("undefined");
                    format!(
                        "'{source_name}' was added in version '{name}' but referencing type '{target_name}' added in \
                         version '{since}'."
                    )
                }
                (Availability::Removed, Some(Availability::Unavailable)) => {
                    let until = to.up_to(name, Availability::Removed).unwrap_or("undefined");
                    format!(
                        "'{source_name}' was removed in version '{name}' but referencing type '{target_name}' removed \
                         in version '{until}'."
                    )
                }
                _ => continue,
            };
            self.problems.push(Problem { target: source, code: CODE, message });
        }
    }

    /// When a type of another namespace exists, in the versions of the namespace that uses it.
    fn translated(
        &mut self,
        own: Option<TypeId>,
        other: Option<TypeId>,
        to: &Timeline,
        source: TypeId,
        target: TypeId,
    ) -> Option<Timeline> {
        let program = self.program;
        let own = own?;
        let dependency = self.dependencies.of_namespace(program, own).remove(&other?)?;
        match dependency {
            Dependency::Fixed(version) => {
                self.check_fixed(&version, to, source, target);
                None
            }
            Dependency::PerVersion(by_version) => {
                let versions = super::versions_of_namespace(program, own);
                let known = by_version
                    .iter()
                    .filter_map(|(index, used)| Some((versions.get(*index)?.name.clone(), to.at(&used.name)?)));
                Some(Timeline(known.collect()))
            }
        }
    }

    fn check_fixed(&mut self, version: &Version, to: &Timeline, source: TypeId, target: TypeId) {
        if to.at(&version.name).is_none_or(Availability::exists) {
            return;
        }
        let (from, name) = (self.program.type_name(source), self.program.type_name(target));
        let events = [
            ("added", to.after(&version.name, Availability::Added)),
            ("removed", to.up_to(&version.name, Availability::Removed)),
        ];
        for (event, when) in events {
            if let Some(when) = when {
                let message = format!(
                    "'{from}' is referencing type '{name}' {event} in version '{when}' but version used is '{}'.",
                    version.value
                );
                self.problems.push(Problem { target: source, code: CODE, message });
            }
        }
    }

    /// A member cannot be there before or after what it stands in.
    fn check_member(&mut self, holder: TypeId, member: TypeId) {
        let program = self.program;
        if namespace_of(program, holder) != namespace_of(program, member) {
            return;
        }
        let (Some(outer), Some(inner)) = (self.timeline(&[holder]), self.timeline(&[member])) else { return };
        let (holder_name, member_name) = (program.type_name(holder), program.type_name(member));
        for (name, state) in &inner.0 {
            let around = outer.at(name);
            let comes_early = *state == Availability::Added
                && matches!(around, Some(Availability::Removed | Availability::Unavailable))
                && !is_inherited(program, member, ADDED);
            let stays_late =
                state.exists() && around == Some(Availability::Removed) && !is_inherited(program, member, REMOVED);
            if comes_early {
                let since = outer.up_to(name, Availability::Added).or_else(|| outer.after(name, Availability::Added));
                let message = format!(
                    "'{holder_name}' was added in version '{}' but contains type '{member_name}' added in version \
                     '{name}'.",
                    since.unwrap_or("undefined")
                );
                self.problems.push(Problem { target: member, code: CODE, message });
            }
            if stays_late {
                let until = inner.after(name, Availability::Removed).unwrap_or("undefined");
                let message = format!(
                    "'{holder_name}' was removed in version '{name}' but contains type '{member_name}' removed in \
                     version '{until}'."
                );
                self.problems.push(Problem { target: member, code: CODE, message });
            }
        }
    }

    /// When the first of some types that says so exists; a member takes the word of what it stands in.
    fn timeline(&self, types: &[TypeId]) -> Option<Timeline> {
        let program = self.program;
        types.iter().find_map(|id| self.own_timeline(*id).or_else(|| self.own_timeline(parent_of(program, *id)?)))
    }

    fn own_timeline(&self, id: TypeId) -> Option<Timeline> {
        let versions = own_versions(self.program, id);
        let map = availability(self.program, id, &versions)?;
        Some(Timeline(versions.into_iter().map(|version| version.name).zip(map).collect()))
    }
}

/// Whether a copied property has all its decorators of a name from its source.
fn is_inherited(program: &Program, member: TypeId, name: &str) -> bool {
    let Some(source) = program.property(member).and_then(|property| property.source) else { return false };
    arguments::all(program, member, name)
        .all(|own| arguments::all(program, source, name).any(|theirs| theirs.node == own.node))
}

/// The types that an instance of a template was given.
fn argument_types(program: &Program, id: TypeId) -> Vec<TypeId> {
    let given = program.template_arguments(id).unwrap_or_default();
    let types = given.iter().filter_map(|argument| match argument {
        Entity::Type(ty) | Entity::Indeterminate(ty) => Some(*ty),
        Entity::Value(_) => None,
    });
    types.collect()
}
