//! Ways through a program: kinds, parents, members, namespaces.

use std::sync::Arc;

use super::*;

macro_rules! accessors {
    ($($(#[$doc:meta])* $get:ident $get_mut:ident $variant:ident $ty:ty;)*) => {
        impl Program {
            $($(#[$doc])*
            pub fn $get(&self, id: TypeId) -> Option<&$ty> {
                match &self[id].kind { TypeKind::$variant(inner) => Some(inner), _ => None }
            }

            /// As the accessor of the same name, to change it.
            pub fn $get_mut(&mut self, id: TypeId) -> Option<&mut $ty> {
                match &mut self[id].kind { TypeKind::$variant(inner) => Some(inner), _ => None }
            })*
        }
    };
}

accessors! {
    /// The type as a namespace.
    namespace namespace_mut Namespace Namespace;
    /// The type as a model.
    model model_mut Model Model;
    /// The type as a property.
    property property_mut ModelProperty ModelProperty;
    /// The type as a scalar.
    scalar scalar_mut Scalar Scalar;
    /// The type as a scalar's constructor.
    constructor constructor_mut ScalarConstructor ScalarConstructor;
    /// The type as an enum.
    enumeration enumeration_mut Enum Enum;
    /// The type as a member of an enum.
    enum_member enum_member_mut EnumMember EnumMember;
    /// The type as a union.
    union union_mut Union Union;
    /// The type as a variant of a union.
    variant variant_mut UnionVariant UnionVariant;
    /// The type as an interface.
    interface interface_mut Interface Interface;
    /// The type as an operation.
    operation operation_mut Operation Operation;
    /// The type as a parameter of a template.
    template_parameter template_parameter_mut TemplateParameter TemplateParameter;
    /// The type as a decorator's declaration.
    decorator decorator_mut Decorator DecoratorDeclaration;
    /// The type as a function's declaration.
    function function_mut Function FunctionDeclaration;
    /// The type as a function's parameter.
    parameter parameter_mut FunctionParameter FunctionParameter;
}

impl TypeKind {
    /// The kind's name, as messages and graphs write it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Namespace(_) => "Namespace",
            Self::Model(_) => "Model",
            Self::ModelProperty(_) => "ModelProperty",
            Self::Scalar(_) => "Scalar",
            Self::ScalarConstructor(_) => "ScalarConstructor",
            Self::Enum(_) => "Enum",
            Self::EnumMember(_) => "EnumMember",
            Self::Union(_) => "Union",
            Self::UnionVariant(_) => "UnionVariant",
            Self::Interface(_) => "Interface",
            Self::Operation(_) => "Operation",
            Self::Tuple(_) => "Tuple",
            Self::String(_) => "String",
            Self::Number(_) => "Number",
            Self::Boolean(_) => "Boolean",
            Self::StringTemplate(_) => "StringTemplate",
            Self::Intrinsic(_) => "Intrinsic",
            Self::TemplateParameter(_) => "TemplateParameter",
            Self::Decorator(_) => "Decorator",
            Self::Function(_) => "Function",
            Self::FunctionParameter(_) => "FunctionParameter",
        }
    }
}

impl Program {
    /// Every type there is, in the order in which they were made.
    pub fn types(&self) -> impl Iterator<Item = TypeId> + use<> {
        (0..self.types.len() as u32).map(TypeId)
    }

    /// The global namespace's type.
    pub fn global_namespace(&self) -> TypeId {
        self[self.global].declared.unwrap_or(self.error_type())
    }

    /// The name of a type itself, without namespace; `None` for what has none.
    pub fn name_of(&self, id: TypeId) -> Option<&Arc<str>> {
        let name = match &self[id].kind {
            TypeKind::Namespace(it) => &it.name,
            TypeKind::Model(it) => &it.name,
            TypeKind::ModelProperty(it) => &it.name,
            TypeKind::Scalar(it) => &it.name,
            TypeKind::ScalarConstructor(it) => &it.name,
            TypeKind::Enum(it) => &it.name,
            TypeKind::EnumMember(it) => &it.name,
            TypeKind::Union(it) => it.name.as_ref()?,
            TypeKind::UnionVariant(it) => it.name.as_ref()?,
            TypeKind::Interface(it) => &it.name,
            TypeKind::Operation(it) => &it.name,
            TypeKind::TemplateParameter(it) => &it.name,
            TypeKind::Decorator(it) => &it.name,
            TypeKind::Function(it) => &it.name,
            TypeKind::FunctionParameter(it) => &it.name,
            _ => return None,
        };
        (!name.is_empty()).then_some(name)
    }

    /// The namespace that a type is declared in.
    pub fn namespace_of(&self, id: TypeId) -> Option<TypeId> {
        match &self[id].kind {
            TypeKind::Namespace(it) => it.namespace,
            TypeKind::Model(it) => it.namespace,
            TypeKind::Scalar(it) => it.namespace,
            TypeKind::Enum(it) => it.namespace,
            TypeKind::Union(it) => it.namespace,
            TypeKind::Interface(it) => it.namespace,
            TypeKind::Operation(it) => it.namespace.or_else(|| self.namespace_of(it.interface?)),
            TypeKind::Decorator(it) => it.namespace,
            TypeKind::Function(it) => it.namespace,
            TypeKind::ModelProperty(it) => self.namespace_of(it.model?),
            TypeKind::EnumMember(it) => self.namespace_of(it.enumeration),
            TypeKind::UnionVariant(it) => self.namespace_of(it.union),
            TypeKind::ScalarConstructor(it) => self.namespace_of(it.scalar),
            _ => None,
        }
    }

    /// The arguments of a template's instance; `None` for what is none.
    pub fn template_arguments(&self, id: TypeId) -> Option<&[Entity]> {
        let ty = &self[id];
        let mapper = &self[ty.mapper?];
        (Some(mapper.declaration) == ty.node).then_some(&mapper.arguments)
    }

    /// Whether a type is a template's declaration, with its parameters unbound.
    pub fn is_template_declaration(&self, id: TypeId) -> bool {
        let ty = &self[id];
        let may_be = matches!(
            ty.kind,
            TypeKind::Model(_)
                | TypeKind::Scalar(_)
                | TypeKind::Union(_)
                | TypeKind::Interface(_)
                | TypeKind::Operation(_)
        );
        let Some(node) = ty.node.filter(|_| may_be) else { return false };
        let bound = ty.mapper.is_some_and(|mapper| self[mapper].declaration == node);
        !bound && self.ast.find(node, crate::syntax::NodeKind::TemplateParameters).is_some()
    }

    /// Whether a type is an array, named ones included.
    pub fn is_array(&self, id: TypeId) -> bool {
        self.indexer_key(id).is_some_and(|key| &**key == "integer")
    }

    /// Whether a type has an indexer for any name.
    pub fn is_record(&self, id: TypeId) -> bool {
        self.indexer_key(id).is_some_and(|key| &**key == "string")
    }

    fn indexer_key(&self, id: TypeId) -> Option<&Arc<str>> {
        let indexer = self.model(id)?.indexer?;
        self.scalar(indexer.key).map(|key| &key.name)
    }

    /// A model's properties with those of its bases: bases first, an own one in place of the inherited one.
    pub fn effective_properties(&self, model: TypeId) -> Vec<TypeId> {
        let mut chain = vec![model];
        while let Some(base) = chain.last().and_then(|last| self.model(*last)).and_then(|last| last.base) {
            if chain.contains(&base) {
                break;
            }
            chain.push(base);
        }
        let mut all = Members::default();
        for id in chain.into_iter().rev() {
            for (name, property) in self.model(id).into_iter().flat_map(|model| model.properties.iter()) {
                all.insert(name.clone(), property);
            }
        }
        all.ids().collect()
    }

    /// Returns a property of a model or of its bases.
    pub fn find_property(&self, model: TypeId, name: &str) -> Option<TypeId> {
        let mut current = Some(model);
        // Circular bases are reported elsewhere; here they only must end.
        for _ in 0..10_000 {
            let model = self.model(current?)?;
            if let Some(found) = model.properties.get(name) {
                return Some(found);
            }
            current = model.base;
        }
        None
    }

    /// The namespaces that the author's own files declare something in, outermost first, in the order of the source.
    pub fn user_namespaces(&self) -> Vec<TypeId> {
        let mut found = Vec::new();
        let mut open = vec![self.global_namespace()];
        while let Some(id) = open.pop() {
            let Some(namespace) = self.namespace(id) else { continue };
            if self.is_user_namespace(id) {
                found.push(id);
            }
            open.extend(namespace.namespaces.iter().rev());
        }
        found
    }

    fn is_user_namespace(&self, id: TypeId) -> bool {
        let Some(namespace) = self.namespace(id) else { return false };
        let mut members = [&namespace.models, &namespace.scalars, &namespace.enums, &namespace.unions]
            .into_iter()
            .chain([&namespace.interfaces, &namespace.operations, &namespace.decorator_declarations])
            .flatten();
        id == self.global_namespace()
            || members.any(|member| self.is_from_project(*member))
            || self
                .symbol_of_namespace(id)
                .is_some_and(|symbol| self[symbol].declarations.iter().any(|node| self.is_node_from_project(*node)))
    }

    pub(crate) fn symbol_of_namespace(&self, id: TypeId) -> Option<SymbolId> {
        let namespace = self.namespace(id)?;
        match namespace.namespace {
            None => Some(self.global),
            Some(parent) => self[self.symbol_of_namespace(parent)?].exports.get(&namespace.name).copied(),
        }
    }

    /// Whether a type was written in the author's own files.
    pub fn is_from_project(&self, id: TypeId) -> bool {
        self[id].node.is_some_and(|node| self.is_node_from_project(node))
    }

    fn is_node_from_project(&self, node: NodeId) -> bool {
        self.file(self.ast.node(node).file).is_some_and(|file| file.origin == Origin::Project)
    }

    /// The models that the author's own files declare, template declarations left out, in the order of the source.
    pub fn user_models(&self) -> Vec<TypeId> {
        let namespaces = self.user_namespaces();
        let all = namespaces.iter().filter_map(|id| self.namespace(*id)).flat_map(|namespace| &namespace.models);
        all.copied().filter(|id| self.is_from_project(*id) && !self.is_template_declaration(*id)).collect()
    }

    /// The decorator of a full name on a type; the top-most one.
    pub fn find_decorator(&self, id: TypeId, name: &str) -> Option<&Application> {
        self[id].decorators.iter().rev().find(|application| &*application.name == name)
    }
}
