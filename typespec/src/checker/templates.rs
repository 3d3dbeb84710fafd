//! Templates: parameters, arguments, instances (TypeSpec reference, part 2.4).

use super::{Checker, Pending, Scope, name_node, place};
use crate::ast::{Mark, NodeId};
use crate::checker::literals::identifier;
use crate::checker::resolve::Found;
use crate::program::{Constraint, Entity, Intrinsic, Mapper, MapperId, TemplateParameter, TypeId, TypeKind};
use crate::syntax::NodeKind;

/// How many instances may enclose each other.
const MAX_INSTANCE_DEPTH: u32 = 40;

/// From which depth on the instances of a template are counted.
const DEEP: u32 = 8;

/// How many instances with values a template may have: each value that is written is another one.
const MAX_VALUED_INSTANCES: u32 = 5_000;

/// How many deep instances a template may have: one that branches would fill the memory before it is deep enough.
const MAX_DEEP_INSTANCES: u32 = 400;

impl Checker<'_> {
    /// The parameters of a template's declaration.
    pub(super) fn template_parameters(&self, node: NodeId) -> Vec<NodeId> {
        let list = self.program.ast.find(node, NodeKind::TemplateParameters);
        list.into_iter().flat_map(|list| self.program.ast.children(list)).collect()
    }

    /// The declaration that a parameter belongs to.
    fn template_of(&self, parameter: NodeId) -> Option<NodeId> {
        self.program.ast.parent(self.program.ast.parent(parameter)?)
    }

    /// The type of a parameter without argument.
    pub(super) fn parameter_type(&mut self, node: NodeId) -> TypeId {
        if let Some(known) = self.declared.get(&(node, None)) {
            return *known;
        }
        let parameter = TemplateParameter { name: self.declared_name(node), constraint: None, default: None };
        let id = self.begin(Scope::PLAIN, node, TypeKind::TemplateParameter(parameter));
        let scope = Scope { mapper: None, in_template: true };
        if let Some(constraint) = self.constraint_node(node) {
            self.start(Pending::Constraint, node, None);
            let constraint = self.constraint(scope, constraint);
            self.stop(Pending::Constraint, node, None);
            if let Some(parameter) = self.program.template_parameter_mut(id) {
                parameter.constraint = Some(constraint);
            }
        }
        if let Some(default) = self.default_node(node) {
            let default = self.default_entity(scope, node, default);
            if let Some(parameter) = self.program.template_parameter_mut(id) {
                parameter.default = default;
            }
        }
        id
    }

    pub(super) fn constraint_node(&self, parameter: NodeId) -> Option<NodeId> {
        let parts: Vec<NodeId> = self.program.ast.parts(parameter).collect();
        let has_default = self.program.ast.has(parameter, Mark::Equals);
        match (parts.len(), has_default) {
            (3.., true) | (2, false) => parts.get(1).copied(),
            _ => None,
        }
    }

    fn default_node(&self, parameter: NodeId) -> Option<NodeId> {
        let has_default = self.program.ast.has(parameter, Mark::Equals);
        self.program.ast.parts(parameter).skip(1).last().filter(|_| has_default)
    }

    /// A default may name earlier parameters only, and must satisfy the constraint.
    fn default_entity(&mut self, scope: Scope, parameter: NodeId, node: NodeId) -> Option<Entity> {
        let template = self.template_of(parameter)?;
        let all = self.template_parameters(template);
        let own = all.iter().position(|known| *known == parameter)?;
        if let Some(wrong) = self.find_later_parameter(node, &all[own..]) {
            let message = "Template parameter defaults can only reference previously declared type parameters.";
            self.error_at("invalid-template-default", message, wrong);
            return None;
        }
        let id = self.declared.get(&(parameter, None)).copied()?;
        let constraint = self.program.template_parameter(id).and_then(|it| it.constraint);
        let entity = self.entity_for(scope, node, constraint);
        if let Some(constraint) = constraint
            && !self.is_loose(entity)
        {
            let entity = self.as_wanted(entity, constraint, node);
            self.check_assignable(entity, constraint, node);
        }
        Some(entity)
    }

    fn find_later_parameter(&mut self, node: NodeId, later: &[NodeId]) -> Option<NodeId> {
        let mut open = vec![node];
        while let Some(node) = open.pop() {
            if self.program.ast.kind(node) == NodeKind::Identifier {
                let name = identifier(&self.program.ast, node).into_owned();
                let named = later.iter().any(|parameter| *self.declared_name(*parameter) == *name);
                let is_head = self.program.ast.parent(node).is_some_and(|parent| {
                    let first = self.program.ast.children(parent).next();
                    first == Some(node) && self.program.ast.kind(parent) != NodeKind::TemplateArgument
                });
                if named
                    && is_head
                    && matches!(self.find_name(node, &name), Found::Parameter(found) if later.contains(&found))
                {
                    return Some(node);
                }
            }
            open.extend(self.program.ast.children(node));
        }
        None
    }

    /// What stands for a parameter under a scope.
    pub(super) fn parameter_entity(&mut self, scope: Scope, parameter: NodeId) -> Entity {
        let ty = self.parameter_type(parameter);
        self.map_parameter(scope.mapper, ty).unwrap_or(Entity::Type(ty))
    }

    fn map_parameter(&self, mapper: Option<MapperId>, parameter: TypeId) -> Option<Entity> {
        let mut current = mapper;
        while let Some(id) = current {
            let mapper = &self.program[id];
            if let Some(at) = mapper.parameters.iter().position(|known| *known == parameter) {
                return mapper.arguments.get(at).copied();
            }
            current = mapper.parent;
        }
        None
    }

    /// The instance scope of a template for the arguments at a reference.
    pub(super) fn instance_scope(
        &mut self,
        scope: Scope,
        template: NodeId,
        outer: Option<MapperId>,
        list: Option<NodeId>,
        reference: NodeId,
    ) -> Option<Scope> {
        let parameters = self.template_parameters(template);
        let types: Vec<TypeId> = parameters.iter().map(|node| self.parameter_type(*node)).collect();
        let before = self.program.diagnostics.len();
        let given = self.place_arguments(&parameters, list, reference);
        let mut arguments: Vec<Entity> = Vec::new();
        let mut missing = Vec::new();
        for (at, parameter) in parameters.iter().enumerate() {
            let so_far = self.make_mapper(template, &types[..at], &arguments, outer);
            let entity = match given[at] {
                Some(argument) => self.argument(scope, so_far, *parameter, argument),
                None => match self.default_node(*parameter) {
                    Some(_) if self.program.template_parameter(types[at]).is_some_and(|it| it.default.is_none()) => {
                        self.error_entity()
                    }
                    Some(default) => self.default_argument(so_far, *parameter, default),
                    None => {
                        missing.push(self.declared_name(*parameter));
                        self.error_entity()
                    }
                },
            };
            arguments.push(entity);
        }
        let is_broken = self.program.ast.node(reference).has_error;
        if !missing.is_empty() && !is_broken && self.program.diagnostics.len() == before {
            self.report_missing(&missing, reference);
        }
        self.bound_scope(template, &types, arguments, outer, reference)
    }

    fn report_missing(&mut self, missing: &[std::sync::Arc<str>], reference: NodeId) {
        let message = match missing {
            [one] => format!("Template argument '{one}' is required and not specified."),
            several => {
                let names: Vec<String> = several.iter().map(|name| format!("'{name}'")).collect();
                format!("Template arguments {} are required and not specified.", names.join(", "))
            }
        };
        let span = self.program.ast.span(reference);
        let ast = &self.program.ast;
        let is_argument = ast.parent(reference).is_some_and(|list| ast.kind(list) == NodeKind::Arguments);
        if is_argument && let Some(member) = crate::relation::written_member(self.program, ast.text(reference).trim()) {
            // The member of an enum, which has the template's name.
            let message = format!("{} is a template; the member of the enum is {member}.", ast.text(reference).trim());
            return self.error_with_hint("invalid-template-args", message, span, reference, Some(member));
        }
        self.error_help("invalid-template-args", message, span, "give the arguments in `<…>` behind the name");
    }

    /// The scope under which a template's arguments are in force; `None` for a template without end.
    pub(super) fn bound_scope(
        &mut self,
        template: NodeId,
        types: &[TypeId],
        arguments: Vec<Entity>,
        outer: Option<MapperId>,
        reference: NodeId,
    ) -> Option<Scope> {
        let mapper = self.make_mapper(template, types, &arguments, outer);
        let depth = self.program[mapper].depth;
        let by_value = arguments.iter().any(|argument| matches!(argument, Entity::Value(_)));
        let valued = self.valued_instances.entry(template).or_insert(0);
        *valued += u32::from(by_value && !self.declared.contains_key(&(template, Some(mapper))));
        let endless = *valued > MAX_VALUED_INSTANCES;
        let deep = self.deep_instances.entry(template).or_insert(0);
        *deep += u32::from(depth > DEEP);
        let limit =
            if *deep > MAX_DEEP_INSTANCES || self.runaway.contains(&template) { DEEP } else { MAX_INSTANCE_DEPTH };
        if (depth > limit || endless) && !self.declared.contains_key(&(template, Some(mapper))) {
            self.runaway.insert(template);
            let name = self.declared_name(template);
            let message = format!("Template '{name}' instantiates itself without end.");
            let span = self.program.ast.span(reference);
            let help = "an argument that grows with every step never ends; pass the parameter on as it is";
            self.error_help("template-recursion", message, span, help);
            return None;
        }
        Some(Scope { mapper: Some(mapper), in_template: self.program[mapper].is_partial })
    }

    fn make_mapper(
        &mut self,
        declaration: NodeId,
        parameters: &[TypeId],
        arguments: &[Entity],
        parent: Option<MapperId>,
    ) -> MapperId {
        let key = (declaration, arguments.to_vec(), parent);
        if let Some(known) = self.mappers.get(&key) {
            return *known;
        }
        let inner = arguments.iter().map(|argument| self.entity_depth(*argument)).max().unwrap_or(0);
        let above = parent.map_or((false, 0), |parent| (self.program[parent].is_partial, self.program[parent].depth));
        let is_partial = above.0 || arguments.iter().any(|argument| self.is_partial(*argument, 0));
        let mapper = self.program.add_mapper(Mapper {
            declaration,
            parameters: parameters.to_vec(),
            arguments: arguments.to_vec(),
            parent,
            is_partial,
            depth: 1 + inner.max(above.1),
        });
        self.mappers.insert(key, mapper);
        mapper
    }

    fn entity_depth(&self, entity: Entity) -> u32 {
        let depth = |ty: TypeId| self.program[ty].mapper.map_or(0, |mapper| self.program[mapper].depth);
        entity.as_type().map_or(0, depth)
    }

    /// Whether something still holds a parameter without argument.
    fn is_partial(&self, entity: Entity, depth: usize) -> bool {
        let Some(id) = entity.as_type() else { return false };
        if depth > 8 {
            return false;
        }
        let below = |id: TypeId| self.is_partial(Entity::Type(id), depth + 1);
        let ty = &self.program[id];
        if ty.mapper.is_some_and(|mapper| self.program[mapper].is_partial) {
            return true;
        }
        match &ty.kind {
            TypeKind::TemplateParameter(_) => true,
            TypeKind::Model(model) if model.name.is_empty() => model
                .properties
                .ids()
                .any(|property| self.program.property(property).is_some_and(|property| below(property.ty))),
            TypeKind::Union(union) if union.is_expression => {
                union.variants.iter().any(|it| self.program.variant(*it).is_some_and(|it| below(it.ty)))
            }
            TypeKind::Tuple(items) => items.iter().any(|item| below(*item)),
            _ => false,
        }
    }

    /// A parameter that hides one of the interface around it.
    pub(super) fn check_shadowing(&mut self, node: NodeId) {
        for parameter in self.template_parameters(node) {
            let name = self.declared_name(parameter);
            let outer = self.program.ast.parent(node).and_then(|parent| self.program.ast.parent(parent));
            let hidden = outer
                .map(|outer| self.template_parameters(outer))
                .unwrap_or_default()
                .into_iter()
                .any(|known| self.declared_name(known) == name);
            if hidden {
                let message = format!("Shadowing parent template parameter with the same name \"{name}\"");
                let span = place(self.program, parameter);
                self.warn_at("shadow", message, span);
            }
        }
        self.check_parameter_names(node);
    }

    fn check_parameter_names(&mut self, node: NodeId) {
        let parameters = self.template_parameters(node);
        let names: Vec<_> = parameters.iter().map(|parameter| self.declared_name(*parameter)).collect();
        for (at, parameter) in parameters.iter().enumerate() {
            let taken = !names[at].is_empty() && names.iter().filter(|name| **name == names[at]).count() > 1;
            if taken && let Some(name) = name_node(self.program, *parameter) {
                self.error_at("duplicate-symbol", format!("Duplicate name: \"{}\"", names[at]), name);
            }
            self.parameter_type(*parameter);
        }
    }

    /// A constraint: a type, `valueof` a type, or both.
    pub(super) fn constraint(&mut self, scope: Scope, node: NodeId) -> Constraint {
        match self.program.ast.kind(node) {
            NodeKind::ValueOf => {
                let inner = self.program.ast.children(node).next();
                Constraint::of_value(inner.map_or(self.error(), |inner| self.type_of(scope, inner)))
            }
            NodeKind::Parenthesized => match self.program.ast.children(node).next() {
                Some(inner) => self.constraint(scope, inner),
                None => self.unknown_constraint(),
            },
            NodeKind::UnionExpression if self.holds_value_of(node) => self.mixed_constraint(scope, node),
            _ => Constraint::of_type(self.type_of(scope, node)),
        }
    }

    fn holds_value_of(&self, node: NodeId) -> bool {
        self.program.ast.children(node).any(|option| match self.program.ast.kind(option) {
            NodeKind::ValueOf => true,
            NodeKind::Parenthesized | NodeKind::UnionExpression => self.holds_value_of(option),
            _ => false,
        })
    }

    fn mixed_constraint(&mut self, scope: Scope, node: NodeId) -> Constraint {
        let (mut types, mut values) = (Vec::new(), Vec::new());
        for option in self.program.ast.children(node) {
            let constraint = self.constraint(scope, option);
            types.extend(constraint.ty);
            values.extend(constraint.value);
        }
        let mut joined = |all: Vec<TypeId>| match all.as_slice() {
            [] => None,
            [one] => Some(*one),
            several => Some(self.union_of(scope, several, Some(node))),
        };
        Constraint { ty: joined(types), value: joined(values) }
    }

    /// The bound on a parameter's type, where only its declaration is known.
    pub(super) fn bound_of(&self, parameter: TypeId) -> Constraint {
        let unknown = Constraint::of_type(self.program.intrinsic(Intrinsic::Unknown));
        self.program.template_parameter(parameter).and_then(|it| it.constraint).unwrap_or(unknown)
    }
}
