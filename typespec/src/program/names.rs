//! Names of types and values as messages print them.

use std::cell::{Cell, RefCell};

use super::*;

/// How deep anonymous types print before they are cut off.
const MAX_DEPTH: usize = 12;

/// How deep values print before they are cut off.
const MAX_VALUE_DEPTH: usize = 64;

/// How many types and values a name mentions before it is cut off. Aliases that use each other twice each would double it
/// with every step.
const MAX_PARTS: usize = 1_000;

/// What is known of a name as a whole while it is put together.
struct Whole {
    /// How many parts it may still have.
    left: Cell<usize>,
    /// The types that are being named, each within the one before: one that holds itself is not named twice.
    open: RefCell<Vec<TypeId>>,
}

impl Default for Whole {
    fn default() -> Self {
        Self { left: Cell::new(MAX_PARTS), open: RefCell::default() }
    }
}

/// Where a name stands within another one.
#[derive(Clone, Copy)]
struct Place<'a> {
    depth: usize,
    whole: &'a Whole,
}

impl<'a> Place<'a> {
    fn first(whole: &'a Whole) -> Self {
        Self { depth: 0, whole }
    }

    fn below(self) -> Self {
        Self { depth: self.depth + 1, ..self }
    }

    /// Takes one part of what the whole name may have; says whether there was one.
    fn take(self) -> bool {
        let left = self.whole.left.get();
        self.whole.left.set(left.saturating_sub(1));
        left > 0
    }
}

impl Program {
    /// The name of a type as messages print it: with namespace, except those of the standard library.
    pub fn type_name(&self, id: TypeId) -> String {
        self.type_name_within(id, Place::first(&Whole::default()))
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
        self.constraint_name_within(constraint, Place::first(&Whole::default()))
    }

    fn constraint_name_within(&self, constraint: Constraint, place: Place<'_>) -> String {
        let name = |id: TypeId| self.type_name_within(id, place);
        match (constraint.ty, constraint.value) {
            (Some(ty), Some(value)) => format!("{} | valueof {}", name(ty), name(value)),
            (Some(ty), None) => name(ty),
            (None, Some(value)) => format!("valueof {}", name(value)),
            (None, None) => "unknown".to_owned(),
        }
    }

    fn type_name_within(&self, id: TypeId, place: Place<'_>) -> String {
        if place.depth > MAX_DEPTH || !place.take() || place.whole.open.borrow().contains(&id) {
            return "...".to_owned();
        }
        place.whole.open.borrow_mut().push(id);
        let name = self.name_of_open(id, place);
        place.whole.open.borrow_mut().pop();
        name
    }

    fn name_of_open(&self, id: TypeId, place: Place<'_>) -> String {
        let below = |id: TypeId| self.type_name_within(id, place.below());
        match &self[id].kind {
            TypeKind::Namespace(_) => self.namespace_name(id),
            TypeKind::Model(model) => self.model_name(id, model, place),
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
            TypeKind::Scalar(it) => self.declared_name(id, &it.name, it.namespace, place),
            TypeKind::ScalarConstructor(it) => format!("{}.{}", below(it.scalar), it.name),
            TypeKind::Enum(it) => format!("{}{}", self.namespace_prefix(it.namespace), it.name),
            TypeKind::EnumMember(it) => format!("{}.{}", below(it.enumeration), it.name),
            TypeKind::Union(it) => self.union_name(it, place),
            TypeKind::UnionVariant(it) => below(it.ty),
            TypeKind::Interface(it) => self.declared_name(id, &it.name, it.namespace, place),
            TypeKind::Operation(it) => match it.interface {
                Some(interface) => format!("{}.{}", below(interface), it.name),
                None => {
                    let parameters = self.template_parameter_names(id);
                    let list =
                        if parameters.is_empty() { String::new() } else { format!("<{}>", parameters.join(", ")) };
                    format!("{}{}{list}", self.namespace_prefix(it.namespace), it.name)
                }
            },
            TypeKind::Tuple(items) => format!("[{}]", self.joined(items.iter().copied(), ", ", place)),
            TypeKind::String(text) => format!("\"{text}\""),
            TypeKind::Number(it) => it.text.to_string(),
            TypeKind::Boolean(truth) => truth.to_string(),
            TypeKind::StringTemplate(it) => it.text.as_ref().map_or("string".to_owned(), |text| format!("\"{text}\"")),
            TypeKind::Intrinsic(kind) => intrinsic_name(*kind).to_owned(),
            TypeKind::TemplateParameter(it) => it.name.to_string(),
            TypeKind::Decorator(it) => it.name.to_string(),
            TypeKind::Function(it) => self.function_name(it, place),
            TypeKind::FunctionParameter(it) => it.name.to_string(),
        }
    }

    fn joined(&self, ids: impl Iterator<Item = TypeId>, separator: &str, place: Place<'_>) -> String {
        ids.map(|id| self.type_name_within(id, place.below())).collect::<Vec<_>>().join(separator)
    }

    fn model_name(&self, id: TypeId, model: &Model, place: Place<'_>) -> String {
        if model.name.is_empty() {
            if let Some(operation) = self.operation_with_parameters(id) {
                return format!("{}::parameters", self.type_name_within(operation, place.below()));
            }
            if model.properties.is_empty() {
                return "{}".to_owned();
            }
            let properties = model.properties.iter().map(|(name, property)| {
                let ty = self.property(property).map(|it| self.type_name_within(it.ty, place.below()));
                format!("{name}: {}", ty.unwrap_or_default())
            });
            return format!("{{ {} }}", properties.collect::<Vec<_>>().join(", "));
        }
        if &*model.name == "Array"
            && self.is_standard_namespace(model.namespace)
            && let Some(Entity::Type(element) | Entity::Indeterminate(element)) =
                self.template_arguments(id).and_then(|arguments| arguments.first().copied())
        {
            return format!("{}[]", self.type_name_within(element, place.below()));
        }
        self.declared_name(id, &model.name, model.namespace, place)
    }

    /// The operation whose parameters a model is.
    fn operation_with_parameters(&self, id: TypeId) -> Option<TypeId> {
        let node = self[id].node.filter(|node| self.ast.kind(*node) == crate::syntax::NodeKind::OperationParameters)?;
        self.type_of_node(self.ast.parent(node)?)
    }

    fn declared_name(&self, id: TypeId, name: &str, namespace: Option<TypeId>, place: Place<'_>) -> String {
        let prefix = self.namespace_prefix(namespace);
        let has_arguments = matches!(self[id].kind, TypeKind::Model(_) | TypeKind::Interface(_));
        if !has_arguments {
            return format!("{prefix}{name}");
        }
        if let Some(arguments) = self.template_arguments(id) {
            let arguments: Vec<String> = arguments
                .iter()
                .map(|argument| match argument {
                    Entity::Type(ty) | Entity::Indeterminate(ty) => self.type_name_within(*ty, place.below()),
                    Entity::Value(value) => self.value_name_within(*value, place.below()),
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

    fn union_name(&self, union: &Union, place: Place<'_>) -> String {
        match &union.name {
            Some(name) => format!("{}{name}", self.namespace_prefix(union.namespace)),
            None => {
                let types = union.variants.iter().filter_map(|variant| self.variant(*variant)).map(|it| it.ty);
                self.joined(types, " | ", place)
            }
        }
    }

    fn function_name(&self, function: &FunctionDeclaration, place: Place<'_>) -> String {
        if !function.name.is_empty() {
            return function.name.to_string();
        }
        let parameters = function.parameters.iter().filter_map(|parameter| self.parameter(*parameter)).map(|it| {
            let dots = if it.rest { "..." } else { "" };
            let question = if it.optional { "?" } else { "" };
            format!("{dots}{}{question}: {}", it.name, self.constraint_name_within(it.constraint, place.below()))
        });
        let parameters: Vec<String> = parameters.collect();
        let returns = self.constraint_name_within(function.returns, place.below());
        format!("fn ({}) => {returns}", parameters.join(", "))
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
        self.value_name_within(id, Place::first(&Whole::default()))
    }

    fn value_name_within(&self, id: ValueId, place: Place<'_>) -> String {
        if place.depth > MAX_VALUE_DEPTH || !place.take() {
            return "...".to_owned();
        }
        let below = |id: ValueId| self.value_name_within(id, place.below());
        match &self[id].kind {
            ValueKind::String { text, .. } => format!("\"{text}\""),
            ValueKind::Number { number, .. } => number.to_string(),
            ValueKind::Boolean { truth, .. } => truth.to_string(),
            ValueKind::Null => "null".to_owned(),
            ValueKind::EnumMember(member) => self.type_name(*member),
            ValueKind::Object(properties) => {
                let properties: Vec<String> =
                    properties.iter().map(|property| format!("{}: {}", property.name, below(property.value))).collect();
                format!("#{{{}}}", properties.join(", "))
            }
            ValueKind::Array(items) => {
                let items: Vec<String> = items.iter().map(|item| below(*item)).collect();
                format!("#[{}]", items.join(", "))
            }
            ValueKind::Scalar { scalar, constructor, arguments } => {
                let arguments: Vec<String> = arguments.iter().map(|argument| below(*argument)).collect();
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
