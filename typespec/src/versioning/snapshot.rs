//! The types of one version: copies without what does not exist there, under the names and with the types that
//! they have there.

use std::collections::{BTreeMap, HashMap};

use crate::program::{
    Entity, Indexer, Mapper, Members, Model, ModelProperty, Namespace, Program, TypeId, TypeKind, ValueKind,
};

use super::dependencies::Dependencies;
use super::{Version, exists_at, is_optional_at, name_at, return_type_at, type_at, versions};

/// A namespace as it is in one of its versions.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The version.
    pub version: Version,
    /// The namespace, with only what exists in the version.
    pub namespace: TypeId,
    made: HashMap<TypeId, TypeId>,
}

impl Snapshot {
    /// Returns what a type of the program is in the version; `None` if it is not there or nothing refers to it.
    pub fn find(&self, original: TypeId) -> Option<TypeId> {
        self.made.get(&original).copied()
    }
}

/// Makes the types of a namespace as they are in one of its versions.
///
/// What dependencies have is taken from the version that `@useDependency` names, else from their newest one.
pub fn snapshot(program: &mut Program, namespace: TypeId, version: &Version) -> Snapshot {
    let dependencies = Dependencies::of(program);
    let moments = dependencies.resolve(program, version.namespace, version.clone());
    let mut maker = Maker { program, moments, made: HashMap::new() };
    let copy = maker.namespace(namespace);
    Snapshot { version: version.clone(), namespace: copy, made: maker.made }
}

struct Maker<'a> {
    program: &'a mut Program,
    /// The version in force, by the namespace that declares it.
    moments: BTreeMap<TypeId, Version>,
    made: HashMap<TypeId, TypeId>,
}

impl Maker<'_> {
    fn namespace(&mut self, id: TypeId) -> TypeId {
        let Some(original) = self.program.namespace(id).cloned() else { return id };
        let copy = self.copy(id);
        let namespace = Namespace {
            namespaces: original.namespaces.iter().map(|inner| self.namespace(*inner)).collect(),
            models: self.existing(&original.models),
            scalars: self.existing(&original.scalars),
            enums: self.existing(&original.enums),
            unions: self.existing(&original.unions),
            interfaces: self.existing(&original.interfaces),
            operations: self.existing(&original.operations),
            ..original
        };
        let lists = [&namespace.models, &namespace.scalars, &namespace.enums, &namespace.unions, &namespace.interfaces];
        for member in lists.into_iter().flatten().chain(&namespace.operations).chain(&namespace.namespaces) {
            if !self.program.is_template_declaration(*member) {
                set_namespace(self.program, *member, copy);
            }
        }
        self.program[copy].kind = TypeKind::Namespace(Box::new(namespace));
        copy
    }

    fn existing(&mut self, ids: &[TypeId]) -> Vec<TypeId> {
        let kept: Vec<TypeId> = ids.iter().copied().filter(|id| self.exists(*id)).collect();
        kept.into_iter()
            .map(|id| if self.program.is_template_declaration(id) { id } else { self.declared(id) })
            .collect()
    }

    /// A declaration always gets a copy, so that it stands in the copy of its namespace.
    fn declared(&mut self, id: TypeId) -> TypeId {
        match self.made.get(&id) {
            Some(known) => *known,
            None => self.make(id),
        }
    }

    /// The versions of what a type lives in, and the one that is in force.
    fn moment(&self, id: TypeId) -> Option<(Vec<Version>, usize)> {
        let versions = versions(self.program, id);
        let index = self.moments.get(&versions.first()?.namespace)?.index;
        Some((versions, index))
    }

    fn exists(&self, id: TypeId) -> bool {
        self.moment(id).is_none_or(|(versions, index)| exists_at(self.program, id, &versions, index))
    }

    /// Returns a type as it is in the version: itself where no version can make a difference.
    fn ty(&mut self, id: TypeId) -> TypeId {
        if let Some(known) = self.made.get(&id) {
            return *known;
        }
        if !self.may_differ(id) {
            return id;
        }
        match &self.program[id].kind {
            TypeKind::EnumMember(member) => {
                let holder = member.enumeration;
                self.ty(holder);
                self.made.get(&id).copied().unwrap_or(id)
            }
            TypeKind::UnionVariant(variant) => {
                let holder = variant.union;
                self.ty(holder);
                self.made.get(&id).copied().unwrap_or(id)
            }
            _ => self.make(id),
        }
    }

    fn may_differ(&self, id: TypeId) -> bool {
        match &self.program[id].kind {
            TypeKind::Model(_)
            | TypeKind::ModelProperty(_)
            | TypeKind::Scalar(_)
            | TypeKind::Enum(_)
            | TypeKind::EnumMember(_)
            | TypeKind::Union(_)
            | TypeKind::UnionVariant(_)
            | TypeKind::Interface(_)
            | TypeKind::Operation(_) => {
                self.program.namespace_of(id).is_none_or(|_| self.moment(id).is_some())
                    || self.program[id].mapper.is_some()
                    || self.program.name_of(id).is_none()
            }
            TypeKind::Tuple(_) => true,
            _ => false,
        }
    }

    /// Copies a type itself, with what decorators left at it.
    fn copy(&mut self, id: TypeId) -> TypeId {
        let ty = self.program[id].clone();
        let copy = self.program.add_type(ty);
        self.program.copy_facts(id, copy);
        self.made.insert(id, copy);
        copy
    }

    fn make(&mut self, id: TypeId) -> TypeId {
        let copy = self.copy(id);
        self.map_arguments(id, copy);
        let moment = self.moment(id);
        let name = moment.as_ref().and_then(|(versions, index)| name_at(self.program, id, versions, *index));
        let kind = match self.program[id].kind.clone() {
            TypeKind::Model(model) => TypeKind::Model(self.model(model, copy)),
            TypeKind::Scalar(mut scalar) => {
                scalar.base = scalar.base.map(|base| self.ty(base));
                TypeKind::Scalar(scalar)
            }
            TypeKind::Enum(mut it) => {
                it.members = self.members(&it.members, copy);
                TypeKind::Enum(it)
            }
            TypeKind::Union(mut union) => {
                let variants: Vec<TypeId> = union.variants.into_iter().filter(|id| self.exists(*id)).collect();
                union.variants = variants.into_iter().map(|variant| self.member(variant, copy)).collect();
                TypeKind::Union(union)
            }
            TypeKind::Interface(mut interface) => {
                interface.operations = self.members(&interface.operations, copy);
                TypeKind::Interface(interface)
            }
            TypeKind::Operation(mut operation) => {
                let returns =
                    moment.as_ref().and_then(|(versions, index)| return_type_at(self.program, id, versions, *index));
                operation.parameters = self.ty(operation.parameters);
                operation.return_type = self.ty(returns.unwrap_or(operation.return_type));
                TypeKind::Operation(operation)
            }
            TypeKind::Tuple(items) => TypeKind::Tuple(items.into_iter().map(|item| self.ty(item)).collect()),
            other => other,
        };
        self.program[copy].kind = kind;
        if let Some(name) = name {
            rename(self.program, copy, name);
        }
        copy
    }

    /// The arguments of an instance are those of the version too, since its name tells them.
    fn map_arguments(&mut self, id: TypeId, copy: TypeId) {
        let Some(arguments) = self.program.template_arguments(id).map(<[Entity]>::to_vec) else { return };
        let Some(mapper) = self.program[id].mapper.map(|mapper| self.program[mapper].clone()) else { return };
        let arguments = arguments.into_iter().map(|argument| match argument {
            Entity::Type(ty) => Entity::Type(self.ty(ty)),
            other => other,
        });
        let mapper = Mapper { arguments: arguments.collect(), ..mapper };
        self.program[copy].mapper = Some(self.program.add_mapper(mapper));
    }

    fn model(&mut self, mut model: Model, copy: TypeId) -> Model {
        model.base = model.base.map(|base| self.ty(base));
        model.source = model.source.map(|source| self.ty(source));
        model.indexer = model.indexer.map(|it| Indexer { key: it.key, value: self.ty(it.value) });
        let derived: Vec<TypeId> = model.derived.into_iter().filter(|id| self.exists(*id)).collect();
        model.derived = derived.into_iter().map(|id| self.ty(id)).collect();
        model.properties = self.members(&model.properties, copy);
        model
    }

    fn members(&mut self, members: &Members, owner: TypeId) -> Members {
        let mut kept = Members::default();
        for member in members.ids() {
            if !self.exists(member) {
                continue;
            }
            let copy = self.member(member, owner);
            if let Some(name) = self.program.name_of(copy).cloned() {
                kept.insert(name, copy);
            }
        }
        kept
    }

    fn member(&mut self, id: TypeId, owner: TypeId) -> TypeId {
        if matches!(self.program[id].kind, TypeKind::Operation(_)) {
            let copy = self.declared(id);
            if let Some(operation) = self.program.operation_mut(copy) {
                operation.interface = Some(owner);
            }
            return copy;
        }
        let copy = self.copy(id);
        let moment = self.moment(id);
        match self.program[id].kind.clone() {
            TypeKind::ModelProperty(property) => {
                let property = self.property(id, property, owner, moment.as_ref());
                self.program[copy].kind = TypeKind::ModelProperty(property);
            }
            TypeKind::EnumMember(mut member) => {
                member.enumeration = owner;
                self.program[copy].kind = TypeKind::EnumMember(member);
            }
            TypeKind::UnionVariant(mut variant) => {
                (variant.union, variant.ty) = (owner, self.ty(variant.ty));
                self.program[copy].kind = TypeKind::UnionVariant(variant);
            }
            _ => {}
        }
        if let Some(name) = moment.and_then(|(versions, index)| name_at(self.program, id, &versions, index)) {
            rename(self.program, copy, name);
        }
        copy
    }

    fn property(
        &mut self,
        id: TypeId,
        mut property: ModelProperty,
        owner: TypeId,
        moment: Option<&(Vec<Version>, usize)>,
    ) -> ModelProperty {
        let mut ty = property.ty;
        if let Some((versions, index)) = moment {
            ty = type_at(self.program, id, versions, *index).unwrap_or(ty);
            property.optional = is_optional_at(self.program, id, versions, *index);
        }
        // A default of the type that the property has later says nothing here.
        if ty != property.ty {
            property.default = None;
        }
        property.ty = self.ty(ty);
        property.model = Some(owner);
        if let Some(default) = property.default
            && let ValueKind::EnumMember(member) = self.program[default].kind
        {
            let member = self.ty(member);
            let mut value = self.program[default].clone();
            (value.kind, value.ty) = (ValueKind::EnumMember(member), self.ty(value.ty));
            property.default = Some(self.program.add_value(value));
        }
        property
    }
}

fn set_namespace(program: &mut Program, target: TypeId, namespace: TypeId) {
    let place = match &mut program[target].kind {
        TypeKind::Namespace(it) => &mut it.namespace,
        TypeKind::Model(it) => &mut it.namespace,
        TypeKind::Scalar(it) => &mut it.namespace,
        TypeKind::Enum(it) => &mut it.namespace,
        TypeKind::Union(it) => &mut it.namespace,
        TypeKind::Interface(it) => &mut it.namespace,
        TypeKind::Operation(it) => &mut it.namespace,
        _ => return,
    };
    *place = Some(namespace);
}

fn rename(program: &mut Program, target: TypeId, name: std::sync::Arc<str>) {
    match &mut program[target].kind {
        TypeKind::Model(it) => it.name = name,
        TypeKind::ModelProperty(it) => it.name = name,
        TypeKind::Scalar(it) => it.name = name,
        TypeKind::Enum(it) => it.name = name,
        TypeKind::EnumMember(it) => it.name = name,
        TypeKind::Union(it) => it.name = Some(name),
        TypeKind::UnionVariant(it) => it.name = Some(name),
        TypeKind::Interface(it) => it.name = name,
        TypeKind::Operation(it) => it.name = name,
        _ => {}
    }
}
