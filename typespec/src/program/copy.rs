//! Copies of types.

use super::*;

/// The members that belong to a type: properties, enum members, variants, operations and their parameters.
pub(crate) fn member_types(program: &Program, id: TypeId) -> Vec<TypeId> {
    match &program[id].kind {
        TypeKind::Model(model) => model.properties.ids().collect(),
        TypeKind::Enum(it) => it.members.ids().collect(),
        TypeKind::Union(union) => union.variants.clone(),
        TypeKind::Interface(interface) => interface.operations.ids().collect(),
        TypeKind::Operation(operation) => vec![operation.parameters],
        _ => Vec::new(),
    }
}

/// Returns a copy of a type, with copies of its members that belong to it, not yet finished.
pub(crate) fn copy(program: &mut Program, source: TypeId) -> TypeId {
    let mut ty = program[source].clone();
    ty.is_finished = false;
    if let TypeKind::ModelProperty(property) = &mut ty.kind {
        property.source = Some(source);
    }
    if let TypeKind::EnumMember(member) = &mut ty.kind {
        member.source = Some(source);
    }
    let id = program.add_type(ty);
    if let Some(text) = program.deprecations.get(&source).cloned() {
        program.deprecations.insert(id, text);
    }
    copy_members(program, id);
    id
}

impl Program {
    /// Gives a type what decorators, comments and directives left at another.
    pub(crate) fn copy_facts(&mut self, from: TypeId, to: TypeId) {
        self.state.copy(from, to);
        if let Some(text) = self.docs.get(&from).cloned() {
            self.docs.insert(to, text);
        }
        if let Some(text) = self.deprecations.get(&from).cloned() {
            self.deprecations.insert(to, text);
        }
    }
}

fn copy_members(program: &mut Program, id: TypeId) {
    match program[id].kind.clone() {
        TypeKind::Model(model) => {
            for (name, property) in model.properties.iter() {
                let copied = copy(program, property);
                set_owner(program, copied, id);
                if let Some(model) = program.model_mut(id) {
                    model.properties.insert(name.clone(), copied);
                }
            }
        }
        TypeKind::Enum(it) => {
            for (name, member) in it.members.iter() {
                let copied = copy(program, member);
                set_owner(program, copied, id);
                if let Some(it) = program.enumeration_mut(id) {
                    it.members.insert(name.clone(), copied);
                }
            }
        }
        TypeKind::Union(union) => {
            let copied: Vec<TypeId> = union.variants.iter().map(|variant| copy(program, *variant)).collect();
            copied.iter().for_each(|variant| set_owner(program, *variant, id));
            if let Some(union) = program.union_mut(id) {
                union.variants = copied;
            }
        }
        TypeKind::Interface(interface) => {
            for (name, operation) in interface.operations.iter() {
                let copied = copy(program, operation);
                set_owner(program, copied, id);
                if let Some(interface) = program.interface_mut(id) {
                    interface.operations.insert(name.clone(), copied);
                }
            }
        }
        TypeKind::Operation(operation) => {
            let parameters = copy(program, operation.parameters);
            if let Some(operation) = program.operation_mut(id) {
                operation.parameters = parameters;
            }
        }
        _ => {}
    }
}

/// Makes a member belong to another type.
fn set_owner(program: &mut Program, member: TypeId, owner: TypeId) {
    match &mut program[member].kind {
        TypeKind::ModelProperty(it) => it.model = Some(owner),
        TypeKind::EnumMember(it) => it.enumeration = owner,
        TypeKind::UnionVariant(it) => it.union = owner,
        TypeKind::Operation(it) => it.interface = Some(owner),
        _ => {}
    }
}
