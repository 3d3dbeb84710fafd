//! Filters over visibility modifiers.

use crate::program::{Program, TypeId, ValueId, ValueKind};

use super::{arguments, class_of, modifiers};

/// Which properties to keep, by their modifiers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Filter {
    /// One of these at least, if there are any.
    pub any: Option<Vec<TypeId>>,
    /// All of these.
    pub all: Vec<TypeId>,
    /// None of these.
    pub none: Vec<TypeId>,
}

impl Filter {
    /// Returns a filter that wants all of some modifiers.
    pub fn all(members: Vec<TypeId>) -> Self {
        Self { all: members, ..Self::default() }
    }

    /// Returns a filter that wants one of some modifiers.
    pub fn any(members: Vec<TypeId>) -> Self {
        Self { any: Some(members), ..Self::default() }
    }

    /// Reads a filter from a value of `TypeSpec.VisibilityFilter`.
    pub(super) fn from_value(program: &Program, value: ValueId) -> Self {
        let members = |name: &str| {
            let list = arguments::field(program, value, name)?;
            let ValueKind::Array(items) = &program[list].kind else { return None };
            let members = items.iter().filter_map(|item| match program[*item].kind {
                ValueKind::EnumMember(member) => Some(member),
                _ => None,
            });
            Some(members.collect::<Vec<_>>())
        };
        Self { any: members("any"), all: members("all").unwrap_or_default(), none: members("none").unwrap_or_default() }
    }

    /// Whether a property passes.
    pub fn accepts(&self, program: &Program, property: TypeId) -> bool {
        let has = |member: &TypeId| {
            class_of(program, *member).is_some_and(|class| modifiers(program, property, class).contains(member))
        };
        self.all.iter().all(has)
            && !self.none.iter().any(has)
            && self.any.as_ref().is_none_or(|any| any.iter().any(has))
    }

    /// The classes of the modifiers.
    pub(super) fn classes(&self, program: &Program) -> Vec<TypeId> {
        let members = self.all.iter().chain(&self.none).chain(self.any.iter().flatten());
        let mut classes: Vec<TypeId> = members.filter_map(|member| class_of(program, *member)).collect();
        classes.sort_unstable();
        classes.dedup();
        classes
    }
}
