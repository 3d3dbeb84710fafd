//! Members of what a rule speaks of: whether they are there, and of which type.

use std::sync::Arc;

use super::super::ast::{Expr, Kind, Literal};
use super::super::code;
use super::super::node::Node;
use super::super::problem::{At, Problem};
use super::super::types::Type;
use super::{Checked, Checker, leaf, name_of_field};
use crate::schema::{Additional, Schema};
use crate::suggest::closest;

/// A member of something.
struct Member<'s> {
    ty: Type<'s>,
    /// Whether it may be absent from valid bodies.
    is_optional: bool,
}

impl<'s> Checker<'s, '_> {
    pub(super) fn select(&mut self, expr: &Expr, of: &Expr, field: &str, field_at: &At) -> Checked<'s> {
        if let Some(path) = expr.path()
            && let Some(name) = match path.as_str() {
                "google.protobuf.Timestamp" => Some("google.protobuf.Timestamp"),
                "google.protobuf.Duration" => Some("google.protobuf.Duration"),
                _ => None,
            }
        {
            return leaf(Node::Type(name), Type::Meta);
        }
        let of_checked = self.expr(of);
        let Some(found) = self.member(of, of_checked.ty.clone(), field, field_at) else { return self.poison() };
        let is_guarded = expr.path().is_some_and(|path| self.facts.contains(&path));
        if found.is_optional && !is_guarded {
            self.unguarded(expr, field);
        }
        let reading = found.ty.reading();
        let node = Node::Select { of: Box::new(of_checked.node), field: field.into(), reading };
        Checked { node, ty: found.ty, cost: of_checked.cost + 1, known: None }
    }

    /// The type of a member, or a problem.
    fn member(&mut self, of: &Expr, ty: Type<'s>, field: &str, at: &At) -> Option<Member<'s>> {
        let is_old = of.path().is_some_and(|path| path == "oldSelf" || path.starts_with("oldSelf."));
        match ty {
            Type::Dyn => Some(Member { ty: Type::Dyn, is_optional: false }),
            Type::Map { value, .. } => Some(Member { ty: *value, is_optional: false }),
            Type::Object(schema) => {
                let found = self.property(schema, field, at)?;
                let below = schema.properties.get(field).and_then(|it| it.schema.followed(self.scope.root));
                if is_old && below.is_some_and(|schema| schema.sensitive) {
                    self.old_secret(at, &format!("`{field}`"));
                    return None;
                }
                Some(found)
            }
            other => {
                let is_size = matches!(field, "length" | "size" | "count" | "len");
                let message = format!("`{}` is {} and has no properties", self.source(&of.at), other.name());
                let sized = matches!(other, Type::Text { .. } | Type::List { .. } | Type::Bytes);
                let problem = if is_size && sized {
                    Problem::error(code::RULE_UNKNOWN_PROPERTY, at.clone(), message, "how much it holds is `size()`")
                        .surely("size()")
                } else {
                    Problem::error(code::RULE_UNKNOWN_PROPERTY, at.clone(), message, "compare the value itself")
                };
                self.problems.push(problem);
                None
            }
        }
    }

    fn property(&mut self, schema: &'s Schema, field: &str, at: &At) -> Option<Member<'s>> {
        if let Some(property) = schema.properties.get(field) {
            let own = property.schema.followed(self.scope.root).unwrap_or(&property.schema);
            let is_given =
                !own.read_only && (own.default.is_some() || schema.required.iter().any(|name| name == field));
            let ty = Type::of(&property.schema, self.scope.root);
            return Some(Member { ty, is_optional: !is_given });
        }
        if let Additional::Schema(values) = &schema.additional {
            return Some(Member { ty: Type::of(values, self.scope.root), is_optional: false });
        }
        let combined = &schema.composition;
        let is_open = matches!(schema.additional, Additional::Allowed(true, _))
            || [&combined.all_of, &combined.any_of, &combined.one_of].into_iter().any(|list| !list.is_empty());
        if is_open {
            return Some(Member { ty: Type::Dyn, is_optional: false });
        }
        if self.scope.absent.iter().any(|name| name == field) {
            self.missing.get_or_insert_with(|| field.to_owned());
            return None;
        }
        let message = format!("there is no property `{field}`");
        let known = schema.properties.keys().map(String::as_str);
        let problem = match closest(field, known.clone()) {
            Some(known) => {
                let help = format!("did you mean `{known}`?");
                Problem::error(code::RULE_UNKNOWN_PROPERTY, at.clone(), message, help).surely(name_of_field(known))
            }
            None => {
                let shown: Vec<String> = known.take(12).map(|name| format!("`{name}`")).collect();
                let help = match shown.is_empty() {
                    true => "it has no properties".to_owned(),
                    false => format!("its properties are {}", shown.join(", ")),
                };
                Problem::error(code::RULE_UNKNOWN_PROPERTY, at.clone(), message, help)
            }
        };
        self.problems.push(problem);
        None
    }

    fn unguarded(&mut self, expr: &Expr, field: &str) {
        let Some(path) = expr.path().filter(|path| path.starts_with("self.")) else { return };
        if self.problems.iter().any(|it| it.code == code::RULE_UNGUARDED && it.message.contains(&format!("`{path}`"))) {
            return;
        }
        let message = format!("`{path}` may be absent, and then the body is refused");
        let help = format!("ask first: `!has({path}) || …`; or give `{field}` a default");
        let whole = self.text.trim();
        let guarded = format!("!has({path}) || ({whole})");
        let start = self.text.len() - self.text.trim_start().len();
        let problem = Problem::warning(code::RULE_UNGUARDED, expr.at.clone(), message, help);
        self.problems.push(problem.mended(start..start + whole.len(), guarded, false));
    }

    pub(super) fn has(&mut self, of: &Expr, field: &str, at: &At) -> Checked<'s> {
        let of_checked = self.expr(of);
        let is_absent = match &of_checked.ty {
            Type::Object(schema) => {
                !schema.properties.contains_key(field) && self.scope.absent.iter().any(|name| name == field)
            }
            _ => false,
        };
        if is_absent {
            if !self.asks_absent.iter().any(|name| name == field) {
                self.asks_absent.push(field.to_owned());
            }
            let node = Node::Literal(Literal::Bool(false));
            return Checked { node, ty: Type::Bool, cost: 0, known: Some(false) };
        }
        if self.member(of, of_checked.ty.clone(), field, at).is_none() {
            return self.poison();
        }
        let node = Node::Has { of: Box::new(of_checked.node), field: field.into() };
        Checked { node, ty: Type::Bool, cost: of_checked.cost + 1, known: None }
    }

    pub(super) fn index(&mut self, expr: &Expr, of: &Expr, by: &Expr) -> Checked<'s> {
        let of_checked = self.expr(of);
        if let (Type::Object(_), Kind::Literal(Literal::Text(field))) = (&of_checked.ty, &by.kind) {
            let Some(found) = self.member(of, of_checked.ty.clone(), field, &by.at) else { return self.poison() };
            let (field, reading): (Arc<str>, _) = (field.as_str().into(), found.ty.reading());
            let node = Node::Select { of: Box::new(of_checked.node), field, reading };
            return Checked { node, ty: found.ty, cost: of_checked.cost + 1, known: None };
        }
        let by_checked = self.expr(by);
        let (wanted, ty) = match &of_checked.ty {
            Type::Dyn => (None, Type::Dyn),
            Type::List { item, .. } => (Some(Type::Int), (**item).clone()),
            Type::Map { key, value, .. } => (Some((**key).clone()), (**value).clone()),
            Type::Object(_) => (Some(Type::TEXT), Type::Dyn),
            other => {
                let message = format!("{} has no items", other.name());
                let help = "lists and maps have items; a character of a string is `text.charAt(0)`";
                return self.wrong(Problem::error(code::RULE_TYPE, expr.at.clone(), message, help));
            }
        };
        if let Some(wanted) = wanted.filter(|wanted| !wanted.is_comparable(&by_checked.ty)) {
            let message = format!("the index has to be {}, not {}", wanted.name(), by_checked.ty.name());
            let help = "items of lists are counted from 0; those of maps have names, such as `map['name']`";
            return self.wrong(Problem::error(code::RULE_TYPE, by.at.clone(), message, help));
        }
        let cost = of_checked.cost.saturating_add(by_checked.cost).saturating_add(1);
        let reading = ty.reading();
        let node = Node::Index { of: Box::new(of_checked.node), by: Box::new(by_checked.node), reading };
        Checked { node, ty, cost, known: None }
    }
}
