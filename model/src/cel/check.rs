//! The checker: what a rule's names stand for, whether its types go together, and what it costs.

mod calls;
mod folds;
mod members;
mod operators;

use super::ast::{Expr, Kind, Literal};
use super::code;
use super::node::Node;
use super::problem::{At, Problem};
use super::types::Type;
use crate::schema::Schema;
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

    /// Makes a variable known, as a macro does.
    pub(super) fn bind(&mut self, name: String, ty: Type<'s>) {
        self.locals.push((name, ty));
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
