//! The checker: what a rule's names stand for, whether its types go together, and what it costs.

mod calls;
mod folds;
mod operators;

use std::sync::Arc;

use super::ast::{Expr, Kind, Literal};
use super::code;
use super::node::Node;
use super::problem::{At, Problem};
use super::types::Type;
use crate::schema::{Additional, Schema};
use crate::suggest::closest;

/// What a rule may speak of.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'s> {
    /// The document that references lead into.
    pub root: &'s Schema,
    /// What `self` is.
    pub this: &'s Schema,
    /// Whether there is an `oldSelf`.
    pub old: Old,
    /// Properties that other versions of the type have and this one does not.
    pub absent: &'s [String],
}

/// Whether there is an `oldSelf`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Old {
    /// On updates.
    OnUpdate,
    /// Never: items of a list are not followed from one state to the next.
    InList,
}

/// A checked expression.
pub(super) struct Checked<'s> {
    pub(super) node: Node,
    pub(super) ty: Type<'s>,
    /// Steps at most.
    pub(super) cost: u64,
    /// What it is in every body of this version.
    pub(super) known: Option<bool>,
}

/// What made a rule dear: a value without bound.
#[derive(Clone, Debug)]
pub(super) struct Blame {
    pub(super) at: At,
    pub(super) keyword: &'static str,
    pub(super) steps: u64,
}

pub(super) struct Checker<'s, 't> {
    pub(super) text: &'t str,
    pub(super) scope: Scope<'s>,
    pub(super) problems: Vec<Problem>,
    /// Variables of the macros around.
    locals: Vec<(String, Type<'s>)>,
    /// Paths of optional properties that are known to be there.
    facts: Vec<String>,
    pub(super) uses_old: bool,
    /// Properties of other versions that are used unguarded.
    pub(super) missing: Option<String>,
    /// Properties of other versions that are asked for by `has`.
    pub(super) asks_absent: Vec<String>,
    pub(super) blames: Vec<Blame>,
}

impl<'s, 't> Checker<'s, 't> {
    pub(super) fn new(text: &'t str, scope: Scope<'s>) -> Self {
        Self {
            text,
            scope,
            problems: Vec::new(),
            locals: Vec::new(),
            facts: Vec::new(),
            uses_old: false,
            missing: None,
            asks_absent: Vec::new(),
            blames: Vec::new(),
        }
    }

    /// Checks a whole rule; it has to say yes or no.
    pub(super) fn rule(&mut self, expr: &Expr) -> Checked<'s> {
        let checked = self.expr(expr);
        if !matches!(checked.ty, Type::Bool | Type::Dyn) {
            let message = format!("the rule is {}, not a condition", checked.ty.name());
            let problem = Problem::error(code::RULE_TYPE, expr.at.clone(), message, condition_help(&checked.ty));
            self.problems.push(problem);
        }
        checked
    }

    fn source(&self, at: &At) -> &'t str {
        self.text.get(at.clone()).unwrap_or_default()
    }

    fn wrong(&mut self, problem: Problem) -> Checked<'s> {
        self.problems.push(problem);
        self.poison()
    }

    /// Stands for what is wrong, so that nothing is told twice.
    fn poison(&self) -> Checked<'s> {
        leaf(Node::Literal(Literal::Null), Type::Dyn)
    }

    pub(super) fn expr(&mut self, expr: &Expr) -> Checked<'s> {
        match &expr.kind {
            Kind::Literal(literal) => literal_of(literal),
            Kind::Name(name) => self.name(name, &expr.at),
            Kind::Select { of, field, field_at } => self.select(expr, of, field, field_at),
            Kind::Has { of, field, field_at } => self.has(of, field, field_at),
            Kind::Index { of, by } => self.index(expr, of, by),
            Kind::Call { receiver, name, name_at, arguments } => {
                self.call(expr, receiver.as_deref(), name, name_at, arguments)
            }
            Kind::List(items) => self.list(items),
            Kind::Map(entries) => self.map(entries),
            Kind::Not(of) => self.not(of),
            Kind::Negate(of) => self.negate(of),
            Kind::Binary { operator, left, right } => self.binary(*operator, left, right),
            Kind::If { condition, then, otherwise } => self.condition(condition, then, otherwise),
            Kind::Fold { fold, over, variable, condition, result } => {
                self.fold(*fold, over, variable, condition.as_deref(), result.as_deref())
            }
        }
    }

    fn name(&mut self, name: &str, at: &At) -> Checked<'s> {
        if let Some(slot) = self.locals.iter().rposition(|(own, _)| own == name) {
            return leaf(Node::Local(slot), self.locals[slot].1.clone());
        }
        match name {
            "self" => {
                let ty = Type::of(self.scope.this, self.scope.root);
                return leaf(Node::This(ty.reading()), ty);
            }
            "oldSelf" => return self.old_self(at),
            _ => {}
        }
        let types = [
            ("int", "int"),
            ("uint", "uint"),
            ("double", "double"),
            ("bool", "bool"),
            ("string", "string"),
            ("bytes", "bytes"),
            ("list", "list"),
            ("map", "map"),
            ("null_type", "null_type"),
            ("type", "type"),
        ];
        if let Some((_, name)) = types.into_iter().find(|(own, _)| *own == name) {
            return leaf(Node::Type(name), Type::Meta);
        }
        let problem = self.unknown_name(name, at);
        self.wrong(problem)
    }

    fn old_self(&mut self, at: &At) -> Checked<'s> {
        self.uses_old = true;
        if self.scope.old == Old::InList {
            let help = "put the rule on the list's property: there `oldSelf` is the whole old list";
            let message = "`oldSelf` is not known inside a list: its items are not followed from one state to the next";
            return self.wrong(Problem::error(code::RULE_TRANSITION, at.clone(), message, help));
        }
        let ty = Type::of(self.scope.this, self.scope.root);
        if self.scope.this.followed(self.scope.root).is_some_and(|schema| schema.sensitive) {
            return self.old_secret(at, "the old value");
        }
        leaf(Node::Old(ty.reading()), ty)
    }

    fn old_secret(&mut self, at: &At, what: &str) -> Checked<'s> {
        let help = "compare something that is not sensitive, such as a version or a name";
        let message = format!("{what} is sensitive: it is not kept where rules can read it");
        self.wrong(Problem::error(code::RULE_TRANSITION, at.clone(), message, help))
    }

    fn unknown_name(&self, name: &str, at: &At) -> Problem {
        let message = format!("nothing is called `{name}` here");
        let problem = |help: String| Problem::error(code::RULE_UNKNOWN_NAME, at.clone(), message.clone(), help);
        let same = |known: &str| known.eq_ignore_ascii_case(name);
        let sure = match name {
            "True" | "TRUE" => Some("true"),
            "False" | "FALSE" => Some("false"),
            "None" | "nil" | "undefined" | "NULL" | "Null" => Some("null"),
            "this" => Some("self"),
            "old" | "oldself" | "old_self" | "previous" => Some("oldSelf"),
            _ => ["self", "oldSelf"].into_iter().find(|known| same(known)),
        };
        if let Some(known) = sure {
            return problem(format!("did you mean `{known}`?")).surely(known);
        }
        let schema = self.scope.this.followed(self.scope.root).unwrap_or(self.scope.this);
        if schema.properties.contains_key(name) {
            let better = format!("self.{name}");
            return problem(format!("did you mean `{better}`? Properties are read of `self`")).surely(better);
        }
        if self.is_value(name) {
            let better = format!("'{name}'");
            return problem(format!("did you mean the text `{better}`?")).surely(better);
        }
        let locals = self.locals.iter().map(|(name, _)| name.as_str());
        if let Some(known) = closest(name, locals.chain(["self", "oldSelf"])) {
            return problem(format!("did you mean `{known}`?")).surely(known);
        }
        if let Some(known) = closest(name, schema.properties.keys().map(String::as_str)) {
            let better = format!("self.{known}");
            return problem(format!("did you mean `{better}`?")).perhaps(better);
        }
        problem("the value is called `self`, what it was before an update `oldSelf`; text stands in `'…'`".to_owned())
    }

    /// Whether a name is a value of any enum of the properties.
    fn is_value(&self, name: &str) -> bool {
        let schema = self.scope.this.followed(self.scope.root).unwrap_or(self.scope.this);
        let own = [schema].into_iter().chain(schema.properties.values().map(|property| &property.schema));
        own.filter_map(|schema| schema.enumeration.as_ref()).flatten().any(|value| value.as_str() == Some(name))
    }

    fn select(&mut self, expr: &Expr, of: &Expr, field: &str, field_at: &At) -> Checked<'s> {
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

    fn has(&mut self, of: &Expr, field: &str, at: &At) -> Checked<'s> {
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

    fn index(&mut self, expr: &Expr, of: &Expr, by: &Expr) -> Checked<'s> {
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

    fn list(&mut self, items: &[Expr]) -> Checked<'s> {
        let checked: Vec<Checked<'s>> = items.iter().map(|item| self.expr(item)).collect();
        let cost = checked.iter().fold(1_u64, |sum, item| sum.saturating_add(item.cost).saturating_add(1));
        let mut types = checked.iter().map(|item| &item.ty);
        let item = match types.next() {
            Some(first) if types.all(|ty| std::mem::discriminant(ty) == std::mem::discriminant(first)) => match first {
                Type::Text { .. } => {
                    let most = checked.iter().map(|item| item.ty.size()).max();
                    Type::Text { most, among: None }
                }
                first => first.clone(),
            },
            _ => Type::Dyn,
        };
        let most = Some(checked.len() as u64);
        let node = Node::List(checked.into_iter().map(|item| item.node).collect());
        Checked { node, ty: Type::list(item, most), cost, known: None }
    }

    fn map(&mut self, entries: &[(Expr, Expr)]) -> Checked<'s> {
        let mut nodes = Vec::with_capacity(entries.len());
        let mut cost = 1_u64;
        let mut value_type: Option<Type<'s>> = None;
        let mut key_type: Option<Type<'s>> = None;
        for (key, value) in entries {
            let (key_checked, value_checked) = (self.expr(key), self.expr(value));
            if !matches!(key_checked.ty, Type::Text { .. } | Type::Int | Type::Uint | Type::Bool | Type::Dyn) {
                let message = format!("{} cannot be the key of a map", key_checked.ty.name());
                let help = "keys are strings, whole numbers or booleans";
                self.problems.push(Problem::error(code::RULE_TYPE, key.at.clone(), message, help));
            }
            cost = cost.saturating_add(key_checked.cost).saturating_add(value_checked.cost).saturating_add(1);
            value_type = Some(joined(value_type, &value_checked.ty));
            key_type = Some(joined(key_type, &key_checked.ty));
            nodes.push((key_checked.node, value_checked.node));
        }
        let (key, value) = (key_type.unwrap_or(Type::Dyn), value_type.unwrap_or(Type::Dyn));
        let most = Some(entries.len() as u64);
        let ty = Type::Map { key: Box::new(key), value: Box::new(value), most };
        Checked { node: Node::Map(nodes), ty, cost, known: None }
    }

    /// Reports what a value without bound makes dear.
    fn blame(&mut self, at: &At, ty: &Type<'_>, steps: u64) {
        let keyword = match ty {
            Type::List { most: None, .. } => "@maxItems",
            Type::Text { most: None, .. } | Type::Bytes => "@maxLength",
            Type::Map { most: None, .. } => "maxProperties",
            _ => return,
        };
        self.blames.push(Blame { at: at.clone(), keyword, steps });
    }
}

/// A member of something.
struct Member<'s> {
    ty: Type<'s>,
    /// Whether it may be absent from valid bodies.
    is_optional: bool,
}

fn joined<'s>(known: Option<Type<'s>>, other: &Type<'s>) -> Type<'s> {
    match known {
        None => other.clone(),
        Some(known) if std::mem::discriminant(&known) == std::mem::discriminant(other) => known,
        Some(_) => Type::Dyn,
    }
}

pub(super) fn leaf<'s>(node: Node, ty: Type<'s>) -> Checked<'s> {
    Checked { node, ty, cost: 1, known: None }
}

fn literal_of<'s>(literal: &Literal) -> Checked<'s> {
    let known = match literal {
        Literal::Bool(flag) => Some(*flag),
        _ => None,
    };
    let ty = match literal {
        Literal::Null => Type::Null,
        Literal::Bool(_) => Type::Bool,
        Literal::Int(_) => Type::Int,
        Literal::Uint(_) => Type::Uint,
        Literal::Double(_) => Type::Double,
        Literal::Text(text) => Type::Text { most: Some(text.len() as u64), among: None },
        Literal::Bytes(_) => Type::Bytes,
    };
    Checked { node: Node::Literal(literal.clone()), ty, cost: 0, known }
}

/// How a member of this name is written after a dot.
fn name_of_field(name: &str) -> String {
    let is_plain = name.chars().all(|c| c == '_' || c.is_ascii_alphanumeric())
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && !matches!(name, "in" | "true" | "false" | "null");
    if is_plain { name.to_owned() } else { format!("`{name}`") }
}

fn condition_help(ty: &Type<'_>) -> String {
    let example = match ty {
        Type::Text { .. } => "compare it, as in `self.name != ''`",
        Type::List { .. } | Type::Map { .. } => "ask about what it holds, as in `list.all(item, item > 0)`",
        _ => "compare it, as in `self.count > 0`",
    };
    format!("a rule is true of what is allowed: {example}")
}

/// Paths of properties that are there when an expression is what `truth` says.
pub(super) fn facts(expr: &Expr, truth: bool, found: &mut Vec<String>) {
    match &expr.kind {
        Kind::Has { of, field, .. } if truth => {
            found.extend(of.path().map(|path| format!("{path}.{field}")));
        }
        Kind::Not(of) => facts(of, !truth, found),
        Kind::Binary { operator: super::ast::Operator::And, left, right, .. } if truth => {
            facts(left, truth, found);
            facts(right, truth, found);
        }
        Kind::Binary { operator: super::ast::Operator::Or, left, right, .. } if !truth => {
            facts(left, truth, found);
            facts(right, truth, found);
        }
        _ => {}
    }
}
