//! Which properties a request or a response carries.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::BitOr;

use typespec::Program;
use typespec::decorators::visibility;
use typespec::program::{TypeId, TypeKind};

use super::properties::{self, Travels};

/// Parts of a resource's life, and how a type is used in them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Visibility(u8);

impl Visibility {
    pub(crate) const READ: Self = Self(1);
    pub(crate) const CREATE: Self = Self(1 << 1);
    pub(crate) const UPDATE: Self = Self(1 << 2);
    pub(crate) const DELETE: Self = Self(1 << 3);
    pub(crate) const QUERY: Self = Self(1 << 4);
    /// Everything: types that no operation uses.
    pub(crate) const ALL: Self = Self(0b1_1111);
    /// The type is that of a list's items.
    pub(crate) const ITEM: Self = Self(1 << 5);
    /// Properties may be left out of an update.
    pub(crate) const PATCH: Self = Self(1 << 6);

    const NAMES: [(Self, &'static str); 5] = [
        (Self::READ, "Read"),
        (Self::CREATE, "Create"),
        (Self::UPDATE, "Update"),
        (Self::DELETE, "Delete"),
        (Self::QUERY, "Query"),
    ];

    fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The parts of life alone.
    fn parts(self) -> Self {
        Self(self.0 & Self::ALL.0)
    }

    /// How items of a list are seen; types that no operation uses are written once only.
    pub(crate) fn of_items(self) -> Self {
        if self.parts() == Self::ALL { self } else { self | Self::ITEM }
    }

    /// What distinguishes the name of a type's schema from that of what is read.
    pub(crate) fn suffix(self) -> String {
        let mut suffix = String::new();
        if self.parts() != Self::READ {
            let names: Vec<&str> =
                Self::NAMES.iter().filter(|(part, _)| self.has(*part)).map(|(_, name)| *name).collect();
            suffix = names.join("Or");
        }
        if self.has(Self::ITEM) {
            suffix.push_str("Item");
        }
        suffix
    }

    /// What the parameters of an operation carry: what its verb says, unless `@parameterVisibility` says otherwise.
    pub(crate) fn of_request(program: &Program, operation: TypeId, verb: &str) -> Self {
        let base = Self::given(program, operation).unwrap_or(match verb {
            "post" => Self::CREATE,
            "put" => Self::CREATE | Self::UPDATE,
            "patch" => Self::UPDATE,
            "delete" => Self::DELETE,
            _ => Self::QUERY,
        });
        if verb == "patch" && properties::has_implicit_optionality(program, operation) {
            return base | Self::PATCH;
        }
        base
    }

    fn given(program: &Program, operation: TypeId) -> Option<Self> {
        let application = program.find_decorator(operation, "TypeSpec.parameterVisibility")?;
        let names = application.arguments.iter().filter_map(|argument| {
            let member = match argument.entity {
                typespec::program::Entity::Value(value) => match &program[value].kind {
                    typespec::program::ValueKind::EnumMember(member) => *member,
                    _ => return None,
                },
                typespec::program::Entity::Type(ty) | typespec::program::Entity::Indeterminate(ty) => ty,
            };
            program.enum_member(member).map(|member| member.name.clone())
        });
        let parts =
            names.filter_map(|name| Self::NAMES.iter().find(|(_, known)| **known == *name).map(|(part, _)| *part));
        parts.reduce(|one, other| one | other)
    }
}

impl BitOr for Visibility {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Same,
    Changed,
    Emptied,
    /// It is being found out; a type that holds itself changes nothing by that.
    Open,
}

/// What is left of types in each visibility.
pub(crate) struct Payloads<'p> {
    program: &'p Program,
    states: RefCell<HashMap<(TypeId, Visibility), State>>,
    visible: RefCell<HashMap<TypeId, Visibility>>,
}

impl<'p> Payloads<'p> {
    pub(crate) fn new(program: &'p Program) -> Self {
        Self { program, states: RefCell::default(), visible: RefCell::default() }
    }

    /// The visibility in which a type must be written: where nothing of it changes, that of what is read.
    pub(crate) fn effective_visibility(&self, id: TypeId, visibility: Visibility) -> Visibility {
        if visibility == Visibility::READ || self.is_changed(id, visibility) { visibility } else { Visibility::READ }
    }

    /// Whether a type has other properties in a visibility than when it is read.
    pub(crate) fn is_changed(&self, id: TypeId, visibility: Visibility) -> bool {
        match self.state(id, visibility) {
            State::Changed => true,
            State::Emptied => visibility == Visibility::READ || self.state(id, Visibility::READ) != State::Emptied,
            State::Same | State::Open => false,
        }
    }

    fn state(&self, id: TypeId, visibility: Visibility) -> State {
        if let Some(state) = self.states.borrow().get(&(id, visibility)) {
            return *state;
        }
        self.states.borrow_mut().insert((id, visibility), State::Open);
        let state = self.find_state(id, visibility);
        self.states.borrow_mut().insert((id, visibility), state);
        state
    }

    fn find_state(&self, id: TypeId, visibility: Visibility) -> State {
        let program = self.program;
        match &program[id].kind {
            TypeKind::Model(model) => {
                let may_be_empty = model.base.is_none() && model.indexer.is_none() && !model.properties.is_empty();
                if may_be_empty && !model.properties.ids().any(|id| self.belongs(id, visibility, false, true)) {
                    return State::Emptied;
                }
                let below = model.indexer.is_some_and(|it| self.is_changed(it.value, visibility.of_items()))
                    || model.base.is_some_and(|base| self.is_changed(base, visibility));
                let own: Vec<TypeId> = model.properties.ids().collect();
                if below || self.changes(&own, visibility) { State::Changed } else { State::Same }
            }
            TypeKind::Union(union) => {
                let mut types = union.variants.iter().filter_map(|id| program.variant(*id)).map(|variant| variant.ty);
                if types.any(|ty| self.is_changed(ty, visibility)) { State::Changed } else { State::Same }
            }
            _ => State::Same,
        }
    }

    /// Whether properties, or what they are of, differ from when they are read.
    pub(crate) fn changes(&self, properties: &[TypeId], visibility: Visibility) -> bool {
        properties.iter().any(|property| {
            self.differs(*property, visibility)
                || self.program.property(*property).is_some_and(|it| self.is_changed(it.ty, visibility))
        })
    }

    fn differs(&self, property: TypeId, visibility: Visibility) -> bool {
        visibility != Visibility::READ
            && (self.is_optional(property, Visibility::READ) != self.is_optional(property, visibility)
                || self.belongs(property, visibility, false, true)
                    != self.belongs(property, Visibility::READ, false, true))
    }

    /// Whether a property may be left out; in a lenient update every one, but for those of a list's items.
    pub(crate) fn is_optional(&self, property: TypeId, visibility: Visibility) -> bool {
        let lenient = visibility.has(Visibility::UPDATE)
            && visibility.has(Visibility::PATCH)
            && !visibility.has(Visibility::ITEM);
        lenient || self.program.property(property).is_some_and(|property| property.optional)
    }

    /// Whether a property is part of what is carried.
    ///
    /// `is_whole_body` says that what is carried is a body as it stands, with what else would travel as a header.
    pub(crate) fn is_payload(&self, property: TypeId, visibility: Visibility, is_whole_body: bool) -> bool {
        self.belongs(property, visibility, is_whole_body, visibility == Visibility::READ)
    }

    /// `keeps_read_only` leaves properties that can only be read in: their keyword says enough.
    fn belongs(&self, property: TypeId, visibility: Visibility, is_whole_body: bool, keeps_read_only: bool) -> bool {
        let program = self.program;
        if !is_whole_body {
            let travels = properties::metadata(program, property);
            let is_elsewhere = travels.is_some_and(|travels| applies(travels, visibility));
            if is_elsewhere
                || program.find_decorator(property, "TypeSpec.Http.bodyIgnore").is_some()
                || travels.is_some() && !properties::is_kept_in_payload(program, property)
            {
                return false;
            }
        }
        self.is_visible(property, visibility) || keeps_read_only && visibility::is_read_only(program, property)
    }

    /// Whether a property can be seen in one of the parts of life.
    pub(crate) fn is_visible(&self, property: TypeId, visibility: Visibility) -> bool {
        let parts = visibility.parts();
        parts == Visibility::ALL || self.visible_parts(property).has(parts)
    }

    fn visible_parts(&self, property: TypeId) -> Visibility {
        if let Some(known) = self.visible.borrow().get(&property) {
            return *known;
        }
        let parts =
            Visibility::NAMES.iter().filter(|(_, name)| visibility::is_visible_on(self.program, property, name));
        let parts = parts.map(|(part, _)| *part).fold(Visibility(0), |one, other| one | other);
        self.visible.borrow_mut().insert(property, parts);
        parts
    }
}

/// Whether a property with metadata is taken out of the payload in a visibility.
fn applies(travels: Travels, visibility: Visibility) -> bool {
    if visibility.has(Visibility::ITEM) {
        return false;
    }
    match travels {
        Travels::Header => true,
        Travels::StatusCode => visibility.has(Visibility::READ),
        Travels::Cookie | Travels::Query | Travels::Path => !visibility.has(Visibility::READ),
    }
}

impl Payloads<'_> {
    /// The named model that properties are all of, but for those that are not carried.
    pub(crate) fn named(&self, program: &Program, properties: &[TypeId], visibility: Visibility) -> Option<TypeId> {
        let belongs = |property: &TypeId| self.belongs(*property, visibility, false, false);
        let kept: Vec<TypeId> = properties.iter().copied().filter(belongs).collect();
        let mut candidates: Option<Vec<TypeId>> = None;
        for property in &kept {
            let sources = named_sources(program, *property);
            candidates = Some(match candidates {
                None => sources,
                // A property of a base is also one of what extends it.
                Some(known) => {
                    let comes_from = |model: &TypeId| sources.iter().any(|source| extends(program, *model, *source));
                    known.into_iter().filter(comes_from).collect()
                }
            });
        }
        let candidates = candidates?;
        let count = |model: TypeId, filtered: bool| {
            let all = properties::inherited(program, model);
            all.iter().filter(|property| !filtered || belongs(property)).count()
        };
        let exact = candidates.iter().copied().find(|model| count(*model, false) == kept.len());
        exact.or_else(|| candidates.iter().copied().find(|model| count(*model, true) == kept.len()))
    }
}

/// The models with a name that a property is of, or was copied from.
fn named_sources(program: &Program, property: TypeId) -> Vec<TypeId> {
    let mut found = Vec::new();
    let mut current = Some(property);
    for _ in 0..1000 {
        let Some(it) = current.and_then(|id| program.property(id)) else { break };
        let model = it.model.filter(|model| program.name_of(*model).is_some_and(|name| !name.is_empty()));
        found.extend(model);
        current = it.source;
    }
    found
}

fn extends(program: &Program, model: TypeId, base: TypeId) -> bool {
    let mut current = Some(model);
    for _ in 0..1000 {
        match current {
            Some(id) if id == base => return true,
            Some(id) => current = program.model(id).and_then(|model| model.base),
            None => return false,
        }
    }
    false
}
