//! Expressions: what they stand for as types, as values, or as either.

use radii_diagnostics::{Code, Diagnostic, Fix, Span};

use super::literals::{string_literal, template_texts};
use super::{Checker, Scope};
use crate::ast::{Mark, NodeId};
use crate::program::{Constraint, Entity, Intrinsic, StringTemplate, TemplateSpan, TypeId, TypeKind};
use crate::syntax::NodeKind;

impl Checker<'_> {
    /// What an expression stands for.
    pub(super) fn entity(&mut self, scope: Scope, node: NodeId) -> Entity {
        self.entity_for(scope, node, None)
    }

    /// What an expression stands for where something of a constraint is wanted.
    pub(super) fn entity_for(&mut self, scope: Scope, node: NodeId, wanted: Option<Constraint>) -> Entity {
        let intrinsic = |checker: &Self, kind| Entity::Type(checker.program.intrinsic(kind));
        match self.program.ast.kind(node) {
            NodeKind::Reference => self.reference(scope, node),
            NodeKind::Call => self.call(scope, node),
            NodeKind::Parenthesized => match self.program.ast.children(node).next() {
                Some(inner) => self.entity_for(scope, inner, wanted),
                None => self.error_entity(),
            },
            NodeKind::StringLiteral => {
                let text = string_literal(&self.program.ast, node);
                Entity::Indeterminate(self.program.string_type(&text))
            }
            NodeKind::NumericLiteral => self.numeric_literal(node),
            NodeKind::BooleanLiteral => {
                Entity::Indeterminate(self.program.boolean_type(self.program.ast.has(node, Mark::True)))
            }
            NodeKind::StringTemplate => self.string_template(scope, node),
            NodeKind::ModelExpression => Entity::Type(self.model_expression(scope, node)),
            NodeKind::TupleExpression => Entity::Type(self.tuple(scope, node)),
            NodeKind::UnionExpression => Entity::Type(self.union_expression(scope, node)),
            NodeKind::IntersectionExpression => Entity::Type(self.intersection(scope, node)),
            NodeKind::ArrayExpression => Entity::Type(self.array(scope, node)),
            NodeKind::ObjectLiteral => self.object_literal(scope, node, wanted.and_then(|it| it.value)),
            NodeKind::ArrayLiteral => self.array_literal(scope, node, wanted.and_then(|it| it.value)),
            NodeKind::TypeOf => Entity::Type(self.type_of_value(scope, node)),
            NodeKind::FunctionType => Entity::Type(self.function_type(scope, node)),
            NodeKind::VoidKeyword => intrinsic(self, Intrinsic::Void),
            NodeKind::NeverKeyword => intrinsic(self, Intrinsic::Never),
            NodeKind::UnknownKeyword => intrinsic(self, Intrinsic::Unknown),
            NodeKind::ValueOf => {
                // Only constraints may say `valueof`; elsewhere the parser has complained.
                self.error_entity()
            }
            NodeKind::Model | NodeKind::Enum | NodeKind::Union | NodeKind::Scalar => {
                Entity::Type(self.declaration_expression(scope, node))
            }
            _ => self.error_entity(),
        }
    }

    /// The type that an expression stands for; a value is reported.
    pub(super) fn type_of(&mut self, scope: Scope, node: NodeId) -> TypeId {
        let entity = self.deeper(node, self.error_entity(), |checker| checker.entity(scope, node));
        match entity {
            Entity::Type(ty) if self.is_value_parameter(ty) => {
                let message = "Template parameter can be passed values but is used as a type.";
                self.error_at("value-in-type", message, node);
                self.error()
            }
            Entity::Type(ty) | Entity::Indeterminate(ty) => ty,
            Entity::Value(_) => self.refuse_value(scope, node),
        }
    }

    fn refuse_value(&mut self, scope: Scope, node: NodeId) -> TypeId {
        // An instance whose declaration was refused already says nothing new.
        if scope.mapper.is_some() && self.names_parameter(node) {
            let message = "Template parameter can be passed values but is used as a type.";
            self.error_at("value-in-type", message, node);
            return self.error();
        }
        if self.is_part_of_value(node) || self.propose_instead_of_value(node) {
            return self.error();
        }
        let span = self.program.ast.span(node);
        let help = "write the type, or `typeof` before the name of a constant";
        self.error_help("value-in-type", "A value cannot be used as a type.", span, help);
        self.error()
    }

    /// Whether a value stands in `{…}` or `[…]` where a value is wanted: there only the `#` before that is missing.
    fn is_part_of_value(&self, node: NodeId) -> bool {
        let ast = &self.program.ast;
        let is_inner = |node: &NodeId| {
            matches!(
                ast.kind(*node),
                NodeKind::ModelExpression | NodeKind::TupleExpression | NodeKind::ModelProperty | NodeKind::Members
            )
        };
        let holders: Vec<NodeId> = ast.ancestors(node).skip(1).take_while(is_inner).collect();
        let Some(last) = holders.last() else { return false };
        let holds_value = matches!(ast.kind(*last), NodeKind::ModelExpression | NodeKind::TupleExpression);
        holds_value
            && ast.parent(*last).is_some_and(|parent| {
                matches!(
                    ast.kind(parent),
                    NodeKind::Const | NodeKind::Arguments | NodeKind::ObjectProperty | NodeKind::ArrayLiteral
                )
            })
    }

    /// `int32(5)` as the type of a property is a default, the name of a constant is its type.
    fn propose_instead_of_value(&mut self, node: NodeId) -> bool {
        let message = "A value cannot be used as a type.".to_owned();
        let ast = &self.program.ast;
        let span = ast.span(node);
        let is_property = ast.parent(node).is_some_and(|parent| ast.kind(parent) == NodeKind::ModelProperty);
        match ast.kind(node) {
            NodeKind::Call if is_property => {
                let Some(list) = ast.find(node, NodeKind::Arguments) else { return false };
                let span = ast.span(list);
                let inner = ast.text(list).trim().trim_start_matches('(').trim_end_matches(')').trim();
                if inner.is_empty() {
                    return false;
                }
                let replacement = format!(" = {inner}");
                let title = format!("write `{}`", replacement.trim());
                self.error_fix("value-in-type", message, span, Fix { title, span, replacement, sure: true });
                true
            }
            NodeKind::Reference => {
                let span = Span { end: span.start, ..span };
                let replacement = "typeof ".to_owned();
                let fix = Fix { title: "write `typeof` before the name".to_owned(), span, replacement, sure: false };
                self.error_fix("value-in-type", message, ast.span(node), fix);
                true
            }
            _ => false,
        }
    }

    fn names_parameter(&mut self, node: NodeId) -> bool {
        let Some(head) = self.program.ast.children(node).next() else { return false };
        if self.program.ast.kind(head) != NodeKind::Identifier {
            return false;
        }
        let name = self.program.ast.text(head).to_owned();
        matches!(self.find_name(head, &name), super::resolve::Found::Parameter(_))
    }

    /// Whether a type is a parameter that only takes values.
    pub(super) fn is_value_parameter(&self, id: TypeId) -> bool {
        let constraint = self.program.template_parameter(id).and_then(|it| it.constraint);
        constraint.is_some_and(|it| it.value.is_some())
    }

    fn numeric_literal(&mut self, node: NodeId) -> Entity {
        let text = self.program.ast.text(node).to_owned();
        match self.program.number_type(&text) {
            Some(ty) => Entity::Indeterminate(ty),
            None => self.error_entity(),
        }
    }

    fn tuple(&mut self, scope: Scope, node: NodeId) -> TypeId {
        let items: Vec<TypeId> = self.program.ast.children(node).map(|item| self.type_of(scope, item)).collect();
        let id = self.new_type(TypeKind::Tuple(items), Some(node), scope.mapper);
        self.program[id].is_finished = !scope.in_template;
        id
    }

    /// `T[]`
    fn array(&mut self, scope: Scope, node: NodeId) -> TypeId {
        let Some(element_node) = self.program.ast.children(node).next() else { return self.error() };
        let element = self.type_of(scope, element_node);
        self.array_of(element, node)
    }

    /// The instance of the library's array for an element.
    pub(super) fn array_of(&mut self, element: TypeId, node: NodeId) -> TypeId {
        let template = self.program.standard.array.and_then(|it| self.program[it].declarations.first().copied());
        let Some(template) = template else { return self.error() };
        let parameters: Vec<TypeId> =
            self.template_parameters(template).into_iter().map(|parameter| self.parameter_type(parameter)).collect();
        match self.bound_scope(template, &parameters, vec![Entity::Type(element)], None, node) {
            Some(bound) => self.check_declaration(bound, template),
            None => self.error(),
        }
    }

    fn declaration_expression(&mut self, scope: Scope, node: NodeId) -> TypeId {
        if !self.is_enabled("declaration-expressions") {
            let message = "Declaration expressions require the 'declaration-expressions' feature to be enabled. Add 'declaration-expressions' to the 'features' list in your tspconfig.yaml.";
            let span = self.program.ast.span(node);
            let diagnostic = Diagnostic::error(Code::new("declaration-expression-disabled"), message).at(span);
            let diagnostic = match self.as_union(node) {
                _ if self.is_bare_model(node) => {
                    let keyword = Span { end: span.start + "model".len() as u32, ..span };
                    let (title, replacement) = ("remove `model`".to_owned(), String::new());
                    diagnostic.at(keyword).help(title.clone()).fix(Fix {
                        title,
                        span: keyword,
                        replacement,
                        sure: true,
                    })
                }
                Some(replacement) => {
                    let title = format!("write `{replacement}`");
                    diagnostic.help(title.clone()).fix(Fix { title, span, replacement, sure: false })
                }
                None => diagnostic.help("declare it beside the model, and write its name here"),
            };
            self.report_once("declaration-expression-disabled", diagnostic);
            if self.as_union(node).is_some() {
                // What is a value of it is seen when it is written as a union.
                return self.error();
            }
        }
        self.check_declaration(scope, node)
    }

    /// `model { … }` in the place of `{ … }`
    fn is_bare_model(&self, node: NodeId) -> bool {
        let text = self.program.ast.text(node);
        text.strip_prefix("model").is_some_and(|rest| rest.trim_start().starts_with('{'))
    }

    /// The members of an enum without name as a union of texts.
    fn as_union(&self, node: NodeId) -> Option<String> {
        let ast = &self.program.ast;
        let is_enum = ast.kind(node) == NodeKind::Enum || ast.text(node).trim_start().starts_with("enum");
        let text = ast.text(node).trim();
        let inner = text.split_once('{')?.1.strip_suffix('}')?;
        let names: Vec<&str> = inner.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
        let is_plain = |name: &&str| name.chars().all(|it| it.is_alphanumeric() || it == '_');
        (is_enum && !names.is_empty() && names.iter().all(is_plain))
            .then(|| names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(" | "))
    }

    /// `typeof value`
    fn type_of_value(&mut self, scope: Scope, node: NodeId) -> TypeId {
        let Some(target) = self.program.ast.children(node).next() else { return self.error() };
        match self.entity(scope, target) {
            Entity::Value(value) => self.program[value].ty,
            Entity::Indeterminate(ty) => ty,
            Entity::Type(ty) if self.program.is_error(ty) => ty,
            Entity::Type(ty) if self.is_value_parameter(ty) => self.bound_of(ty).value.unwrap_or(self.error()),
            entity => match self.value_from(entity, target, None) {
                Some(value) => self.program[value].ty,
                None => self.error(),
            },
        }
    }

    /// `"a ${b} c"`: values make a value, types make a type.
    fn string_template(&mut self, scope: Scope, node: NodeId) -> Entity {
        let texts = template_texts(&self.program.ast, node);
        let expressions: Vec<NodeId> = self.program.ast.children(node).collect();
        let entities: Vec<Entity> = expressions.iter().map(|it| self.entity(scope, *it)).collect();
        if entities.iter().any(|it| matches!(it, Entity::Type(ty) if self.is_value_parameter(*ty))) {
            // The text is known in each instance only.
            return self.error_entity();
        }
        if entities.iter().any(|it| self.is_loose(*it)) {
            // What is wrong was told at the name.
            return self.error_entity();
        }
        let holds_value = entities.iter().any(|it| matches!(it, Entity::Value(_)));
        let holds_constant = entities.iter().any(|it| matches!(it, Entity::Value(value) if !self.is_literal(*value)));
        let holds_type = entities.iter().any(|it| match it {
            Entity::Value(value) => self.is_literal(*value),
            Entity::Type(ty) | Entity::Indeterminate(ty) => !self.program.is_error(*ty),
        });
        if holds_constant && holds_type {
            let message = "String template is interpolating values and types. It must be either all values to produce a string value or or all types for string template type.";
            let span = self.program.ast.span(node);
            let help = "a literal counts as a type here, also as an argument: give it a name with `const`";
            self.error_help("mixed-string-template", message, span, help);
            return self.error_entity();
        }
        if holds_value {
            return self.template_value(&texts, &entities, &expressions, node);
        }
        let mut spans = Vec::new();
        for (at, text) in texts.iter().enumerate() {
            if !text.is_empty() {
                spans.push(TemplateSpan::Text(text.as_str().into()));
            }
            if let Some(ty) = entities.get(at).and_then(|it| it.as_type()) {
                spans.push(TemplateSpan::Type(ty));
            }
        }
        let text = self.template_text(&spans);
        if !self.is_text_small(text.as_ref().map_or(0, |text| text.len()), node) {
            return self.error_entity();
        }
        let id = self.new_type(TypeKind::StringTemplate(StringTemplate { spans, text }), Some(node), scope.mapper);
        self.program[id].is_finished = !scope.in_template;
        Entity::Indeterminate(id)
    }

    /// Whether a value stands for a literal that was an argument of a template.
    fn is_literal(&self, value: crate::program::ValueId) -> bool {
        self.literals.contains(&value)
    }

    fn template_text(&self, spans: &[TemplateSpan]) -> Option<std::sync::Arc<str>> {
        let mut joined = String::new();
        for span in spans {
            match span {
                TemplateSpan::Text(text) => joined.push_str(text),
                TemplateSpan::Type(ty) => joined.push_str(&self.literal_text(*ty)?),
            }
        }
        Some(joined.into())
    }

    /// The text of a literal type; `None` for what is none.
    pub(super) fn literal_text(&self, ty: TypeId) -> Option<String> {
        match &self.program[ty].kind {
            TypeKind::String(text) => Some(text.to_string()),
            TypeKind::Number(number) => Some(number.text.to_string()),
            TypeKind::Boolean(truth) => Some(truth.to_string()),
            TypeKind::StringTemplate(template) => template.text.as_ref().map(|text| text.to_string()),
            TypeKind::UnionVariant(variant) => self.literal_text(variant.ty),
            TypeKind::EnumMember(member) => match &member.value {
                Some(crate::program::EnumValue::String(text)) => Some(text.to_string()),
                Some(crate::program::EnumValue::Number(number)) => Some(number.to_string()),
                None => Some(member.name.to_string()),
            },
            _ => None,
        }
    }
}
