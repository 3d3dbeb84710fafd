//! Names of types and values as messages print them.

use super::*;

/// How deep anonymous types print before they are cut off.
const MAX_DEPTH: usize = 12;

impl Program {
    /// The name of a type as messages print it: with namespace, except those of the standard library.
    pub fn type_name(&self, id: TypeId) -> String {
        self.type_name_within(id, 0)
    }

    /// The name of a type, value or literal as messages print it.
    pub fn entity_name(&self, entity: Entity) -> String {
        match entity {
            Entity::Type(id) | Entity::Indeterminate(id) => self.type_name(id),
            Entity::Value(id) => self.value_name(id),
        }
    }

    /// A constraint as messages print it.
    pub fn constraint_name(&self, constraint: Constraint) -> String {
        match (constraint.ty, constraint.value) {
            (Some(ty), Some(value)) => format!("{} | valueof {}", self.type_name(ty), self.type_name(value)),
            (Some(ty), None) => self.type_name(ty),
            (None, Some(value)) => format!("valueof {}", self.type_name(value)),
            (None, None) => "unknown".to_owned(),
        }
    }

    fn type_name_within(&self, id: TypeId, depth: usize) -> String {
        if depth > MAX_DEPTH {
            return "...".to_owned();
        }
        let below = |id: TypeId| self.type_name_within(id, depth + 1);
        match &self[id].kind {
            TypeKind::Namespace(_) => self.namespace_name(id),
            TypeKind::Model(model) => self.model_name(id, model, depth),
            TypeKind::ModelProperty(it) => match it.model {
                Some(model) => format!("{}.{}", below(model), it.name),
                None => it.name.to_string(),
            },
            TypeKind::Scalar(it) if it.name.is_empty() => {
                format!("scalar extends {}", it.base.map(below).unwrap_or_default())
            }
            TypeKind::Enum(it) if it.name.is_empty() => {
                let names: Vec<&str> = it.members.iter().map(|(name, _)| &**name).collect();
                format!("{{ {} }}", names.join(", "))
            }
            TypeKind::Scalar(it) => self.declared_name(id, &it.name, it.namespace, depth),
            TypeKind::ScalarConstructor(it) => format!("{}.{}", below(it.scalar), it.name),
            TypeKind::Enum(it) => format!("{}{}", self.namespace_prefix(it.namespace), it.name),
            TypeKind::EnumMember(it) => format!("{}.{}", below(it.enumeration), it.name),
            TypeKind::Union(it) => self.union_name(it, depth),
            TypeKind::UnionVariant(it) => below(it.ty),
            TypeKind::Interface(it) => self.declared_name(id, &it.name, it.namespace, depth),
            TypeKind::Operation(it) => match it.interface {
                Some(interface) => format!("{}.{}", below(interface), it.name),
                None => {
                    let parameters = self.template_parameter_names(id);
                    let list =
                        if parameters.is_empty() { String::new() } else { format!("<{}>", parameters.join(", ")) };
                    format!("{}{}{list}", self.namespace_prefix(it.namespace), it.name)
                }
            },
            TypeKind::Tuple(items) => format!("[{}]", self.joined(items.iter().copied(), ", ", depth)),
            TypeKind::String(text) => format!("\"{text}\""),
            TypeKind::Number(it) => it.text.to_string(),
            TypeKind::Boolean(truth) => truth.to_string(),
            TypeKind::StringTemplate(it) => it.text.as_ref().map_or("string".to_owned(), |text| format!("\"{text}\"")),
            TypeKind::Intrinsic(kind) => intrinsic_name(*kind).to_owned(),
            TypeKind::TemplateParameter(it) => it.name.to_string(),
            TypeKind::Decorator(it) => it.name.to_string(),
            TypeKind::Function(it) => self.function_name(it),
            TypeKind::FunctionParameter(it) => it.name.to_string(),
        }
    }

    fn joined(&self, ids: impl Iterator<Item = TypeId>, separator: &str, depth: usize) -> String {
        ids.map(|id| self.type_name_within(id, depth + 1)).collect::<Vec<_>>().join(separator)
    }

    fn model_name(&self, id: TypeId, model: &Model, depth: usize) -> String {
        if model.name.is_empty() {
            if let Some(operation) = self.operation_with_parameters(id) {
                return format!("{}::parameters", self.type_name_within(operation, depth + 1));
            }
            if model.properties.is_empty() {
                return "{}".to_owned();
            }
            let properties = model.properties.iter().map(|(name, property)| {
                let ty = self.property(property).map(|it| self.type_name_within(it.ty, depth + 1));
                format!("{name}: {}", ty.unwrap_or_default())
            });
            return format!("{{ {} }}", properties.collect::<Vec<_>>().join(", "));
        }
        if &*model.name == "Array"
            && self.is_standard_namespace(model.namespace)
            && let Some(Entity::Type(element) | Entity::Indeterminate(element)) =
                self.template_arguments(id).and_then(|arguments| arguments.first().copied())
        {
            return format!("{}[]", self.type_name_within(element, depth + 1));
        }
        self.declared_name(id, &model.name, model.namespace, depth)
    }

    /// The operation whose parameters a model is.
    fn operation_with_parameters(&self, id: TypeId) -> Option<TypeId> {
        let node = self[id].node.filter(|node| self.ast.kind(*node) == crate::syntax::NodeKind::OperationParameters)?;
        self.type_of_node(self.ast.parent(node)?)
    }

    fn declared_name(&self, id: TypeId, name: &str, namespace: Option<TypeId>, depth: usize) -> String {
        let prefix = self.namespace_prefix(namespace);
        let has_arguments = matches!(self[id].kind, TypeKind::Model(_) | TypeKind::Interface(_));
        if !has_arguments {
            return format!("{prefix}{name}");
        }
        if let Some(arguments) = self.template_arguments(id) {
            let arguments: Vec<String> = arguments
                .iter()
                .map(|argument| match argument {
                    Entity::Type(ty) | Entity::Indeterminate(ty) => self.type_name_within(*ty, depth + 1),
                    Entity::Value(value) => self.value_name(*value),
                })
                .collect();
            return format!("{prefix}{name}<{}>", arguments.join(", "));
        }
        let parameters = self.template_parameter_names(id);
        if parameters.is_empty() {
            return format!("{prefix}{name}");
        }
        format!("{prefix}{name}<{}>", parameters.join(", "))
    }

    fn template_parameter_names(&self, id: TypeId) -> Vec<&str> {
        let Some(node) = self[id].node else { return Vec::new() };
        let Some(list) = self.ast.find(node, crate::syntax::NodeKind::TemplateParameters) else { return Vec::new() };
        self.ast
            .children(list)
            .filter_map(|parameter| self.ast.children(parameter).next())
            .map(|name| self.ast.text(name))
            .collect()
    }

    fn union_name(&self, union: &Union, depth: usize) -> String {
        match &union.name {
            Some(name) => format!("{}{name}", self.namespace_prefix(union.namespace)),
            None => {
                let types = union.variants.iter().filter_map(|variant| self.variant(*variant)).map(|it| it.ty);
                self.joined(types, " | ", depth)
            }
        }
    }

    fn function_name(&self, function: &FunctionDeclaration) -> String {
        if !function.name.is_empty() {
            return function.name.to_string();
        }
        let parameters = function.parameters.iter().filter_map(|parameter| self.parameter(*parameter)).map(|it| {
            let dots = if it.rest { "..." } else { "" };
            let question = if it.optional { "?" } else { "" };
            format!("{dots}{}{question}: {}", it.name, self.constraint_name(it.constraint))
        });
        let parameters: Vec<String> = parameters.collect();
        format!("fn ({}) => {}", parameters.join(", "), self.constraint_name(function.returns))
    }

    /// The full name of a namespace: `A.B`.
    pub fn namespace_name(&self, id: TypeId) -> String {
        match self.namespace(id) {
            Some(namespace) => match namespace.namespace.map(|parent| self.namespace_name(parent)) {
                Some(parent) if !parent.is_empty() => format!("{parent}.{}", namespace.name),
                _ => namespace.name.to_string(),
            },
            None => String::new(),
        }
    }

    /// The name of a type with all its namespaces, those of the standard library included, and without arguments.
    pub fn full_name(&self, id: TypeId) -> String {
        let name = self.name_of(id).map_or("", |name| name);
        match self.namespace_of(id).map(|namespace| self.namespace_name(namespace)) {
            Some(namespace) if !namespace.is_empty() => format!("{namespace}.{name}"),
            _ => name.to_owned(),
        }
    }

    fn namespace_prefix(&self, namespace: Option<TypeId>) -> String {
        match namespace {
            Some(id) if !self.is_standard_namespace(namespace) => {
                let name = self.namespace_name(id);
                if name.is_empty() { name } else { format!("{name}.") }
            }
            _ => String::new(),
        }
    }

    /// Whether a namespace is `TypeSpec` or `TypeSpec.Reflection`, which messages leave out.
    pub fn is_standard_namespace(&self, namespace: Option<TypeId>) -> bool {
        namespace.is_some_and(|id| matches!(self.namespace_name(id).as_str(), "TypeSpec" | "TypeSpec.Reflection"))
    }

    /// A value as messages print it.
    pub fn value_name(&self, id: ValueId) -> String {
        match &self[id].kind {
            ValueKind::String { text, .. } => format!("\"{text}\""),
            ValueKind::Number { number, .. } => number.to_string(),
            ValueKind::Boolean { truth, .. } => truth.to_string(),
            ValueKind::Null => "null".to_owned(),
            ValueKind::EnumMember(member) => self.type_name(*member),
            ValueKind::Object(properties) => {
                let properties: Vec<String> = properties
                    .iter()
                    .map(|property| format!("{}: {}", property.name, self.value_name(property.value)))
                    .collect();
                format!("#{{{}}}", properties.join(", "))
            }
            ValueKind::Array(items) => {
                let items: Vec<String> = items.iter().map(|item| self.value_name(*item)).collect();
                format!("#[{}]", items.join(", "))
            }
            ValueKind::Scalar { scalar, constructor, arguments } => {
                let arguments: Vec<String> = arguments.iter().map(|argument| self.value_name(*argument)).collect();
                format!("{}.{constructor}({})", self.type_name(*scalar), arguments.join(", "))
            }
            ValueKind::Function(function) => self.type_name(*function),
        }
    }
}

fn intrinsic_name(kind: Intrinsic) -> &'static str {
    match kind {
        Intrinsic::Unknown => "unknown",
        Intrinsic::Never => "never",
        Intrinsic::Void => "void",
        Intrinsic::Null => "null",
        Intrinsic::Error => "ErrorType",
    }
}
