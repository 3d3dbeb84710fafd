//! In which visibilities the types of a service are used.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use typespec::Program;
use typespec::program::{TypeId, TypeKind};

use super::payload::{BodyKind, Payload};
use super::properties;
use super::visibility::{Payloads, Visibility};
use super::{Body, HttpOperation};

/// The visibilities of each type that operations use; of all others, all.
#[derive(Clone, Debug, Default)]
pub(crate) struct Usage {
    known: BTreeMap<TypeId, BTreeSet<Visibility>>,
    reachable: HashSet<TypeId>,
}

impl Usage {
    /// Follows what operations carry, then the declared types that they do not reach.
    pub(crate) fn new(
        payloads: &Payloads<'_>,
        program: &Program,
        operations: &[HttpOperation],
        declared: &[TypeId],
    ) -> Self {
        let mut usage = Self::default();
        if operations.is_empty() {
            return usage;
        }
        let mut walk = Walk { payloads, program, usage: &mut usage, visited: HashSet::new(), is_exact: false };
        for operation in operations {
            walk.visited.clear();
            walk.operation(operation);
        }
        usage.reachable = usage.known.keys().copied().collect();
        for id in declared {
            if !usage.known.contains_key(id) {
                let visited = HashSet::new();
                Walk { payloads, program, usage: &mut usage, visited, is_exact: true }.follow(*id, Visibility::ALL);
            }
        }
        usage
    }

    /// Whether an operation uses a type.
    pub(crate) fn is_reachable(&self, id: TypeId) -> bool {
        self.reachable.contains(&id)
    }

    /// Whether a type is used in several ways, so that its schemas need several names.
    pub(crate) fn has_several(&self, id: TypeId) -> bool {
        self.known.get(&id).is_some_and(|known| known.len() > 1)
    }
}

struct Walk<'a> {
    payloads: &'a Payloads<'a>,
    program: &'a Program,
    usage: &'a mut Usage,
    visited: HashSet<(TypeId, Visibility)>,
    /// Whether only the types themselves are used, not what they stand for.
    is_exact: bool,
}

impl Walk<'_> {
    fn operation(&mut self, operation: &HttpOperation) {
        if let Some(body) = &operation.body {
            self.body(body, operation.visibility);
        }
        for parameter in &operation.properties {
            if parameter.parameter().is_some()
                && let Some(property) = self.program.property(parameter.property)
            {
                self.follow(property.ty, operation.visibility);
            }
        }
        if let Some(it) = self.program.operation(operation.operation) {
            self.follow(it.return_type, Visibility::READ);
        }
    }

    fn body(&mut self, body: &Body, visibility: Visibility) {
        match &body.payload {
            Payload::Type(ty) => self.follow(*ty, visibility),
            Payload::Either(types) => types.iter().for_each(|ty| self.follow(*ty, visibility)),
            Payload::Properties(kept) => {
                if let Some(named) = self.payloads.named(self.program, kept, visibility) {
                    self.track(named, visibility);
                }
                self.properties(kept, visibility);
            }
        }
        if let BodyKind::Multipart(parts) = &body.kind {
            parts.iter().for_each(|part| self.body(&part.body, visibility));
        }
    }

    fn properties(&mut self, properties: &[TypeId], visibility: Visibility) {
        for property in properties {
            if let Some(property) = self.program.property(*property) {
                self.follow(property.ty, visibility);
            }
        }
    }

    fn track(&mut self, id: TypeId, visibility: Visibility) {
        self.usage.known.entry(id).or_default().insert(visibility);
    }

    fn follow(&mut self, id: TypeId, visibility: Visibility) {
        if !self.visited.insert((id, visibility)) {
            return;
        }
        self.track(id, visibility);
        match &self.program[id].kind {
            TypeKind::Model(model) => {
                if !self.is_exact && model.name.is_empty() {
                    let all = properties::inherited(self.program, id);
                    if let Some(named) = self.payloads.named(self.program, &all, visibility) {
                        self.track(named, visibility);
                    }
                }
                let own: Vec<TypeId> = model.properties.ids().collect();
                self.properties(&own, visibility);
                for other in model.base.iter().chain(&model.derived) {
                    self.follow(*other, visibility);
                }
                if let Some(indexer) = model.indexer {
                    let inner = if self.program.is_array(id) { visibility.of_items() } else { visibility };
                    self.follow(indexer.value, inner);
                }
            }
            TypeKind::Union(union) => {
                for variant in union.variants.iter().filter_map(|id| self.program.variant(*id)) {
                    self.follow(variant.ty, visibility);
                }
            }
            _ => {}
        }
    }
}
