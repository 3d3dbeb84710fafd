//! The syntax tree of a rule.

use super::problem::At;

/// An expression with its place.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Expr {
    pub(super) kind: Kind,
    pub(super) at: At,
    /// How many expressions stand inside each other here.
    pub(super) depth: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    Literal(Literal),
    Name(String),
    /// `of.field`
    Select {
        of: Box<Expr>,
        field: String,
        field_at: At,
    },
    /// `has(of.field)`
    Has {
        of: Box<Expr>,
        field: String,
        field_at: At,
    },
    Index {
        of: Box<Expr>,
        by: Box<Expr>,
    },
    /// `name(…)` or `receiver.name(…)`
    Call {
        receiver: Option<Box<Expr>>,
        name: String,
        name_at: At,
        arguments: Vec<Expr>,
    },
    List(Vec<Expr>),
    Map(Vec<(Expr, Expr)>),
    Not(Box<Expr>),
    Negate(Box<Expr>),
    Binary {
        operator: Operator,
        left: Box<Expr>,
        right: Box<Expr>,
    },
    If {
        condition: Box<Expr>,
        then: Box<Expr>,
        otherwise: Box<Expr>,
    },
    /// A macro over a list or the keys of a map.
    Fold {
        fold: Fold,
        over: Box<Expr>,
        variable: String,
        /// The condition on each item; `map` may do without.
        condition: Option<Box<Expr>>,
        /// What `map` makes of each item.
        result: Option<Box<Expr>>,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Literal {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    Text(String),
    Bytes(Vec<u8>),
}

/// The macros that walk over something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fold {
    All,
    Exists,
    ExistsOne,
    Filter,
    Map,
}

impl Fold {
    pub(super) fn of(name: &str) -> Option<Self> {
        Some(match name {
            "all" => Fold::All,
            "exists" => Fold::Exists,
            "exists_one" | "existsOne" => Fold::ExistsOne,
            "filter" => Fold::Filter,
            "map" => Fold::Map,
            _ => return None,
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Or,
    And,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Equal,
    NotEqual,
    In,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl Operator {
    /// How tightly it binds; higher is tighter.
    pub(super) fn strength(self) -> u8 {
        match self {
            Operator::Or => 1,
            Operator::And => 2,
            Operator::Add | Operator::Subtract => 4,
            Operator::Multiply | Operator::Divide | Operator::Remainder => 5,
            _ => 3,
        }
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Operator::Or => "||",
            Operator::And => "&&",
            Operator::Less => "<",
            Operator::LessEqual => "<=",
            Operator::Greater => ">",
            Operator::GreaterEqual => ">=",
            Operator::Equal => "==",
            Operator::NotEqual => "!=",
            Operator::In => "in",
            Operator::Add => "+",
            Operator::Subtract => "-",
            Operator::Multiply => "*",
            Operator::Divide => "/",
            Operator::Remainder => "%",
        }
    }
}

impl Expr {
    /// Returns the path that an expression is, such as `self.credentials.username`.
    pub(super) fn path(&self) -> Option<String> {
        match &self.kind {
            Kind::Name(name) => Some(name.clone()),
            Kind::Select { of, field, .. } => Some(format!("{}.{field}", of.path()?)),
            _ => None,
        }
    }
}
