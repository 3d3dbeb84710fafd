//! A checked rule: names are resolved, functions chosen.

use std::sync::Arc;

use regex::Regex;

use super::ast::{Fold, Literal, Operator};
use super::functions::Function;
use super::value::Reading;

/// What is to be computed.
#[derive(Clone, Debug)]
pub(super) enum Node {
    Literal(Literal),
    /// A type as a value, by the name that `type()` gives.
    Type(&'static str),
    This(Reading),
    Old(Reading),
    /// The variable of a macro.
    Local(usize),
    Select {
        of: Box<Node>,
        field: Arc<str>,
        reading: Reading,
    },
    Has {
        of: Box<Node>,
        field: Arc<str>,
    },
    Index {
        of: Box<Node>,
        by: Box<Node>,
        reading: Reading,
    },
    Not(Box<Node>),
    Negate(Box<Node>),
    And(Box<Node>, Box<Node>),
    Or(Box<Node>, Box<Node>),
    If(Box<Node>, Box<Node>, Box<Node>),
    /// A comparison.
    Compare(Operator, Box<Node>, Box<Node>),
    In(Box<Node>, Box<Node>),
    Arithmetic(Operator, Box<Node>, Box<Node>),
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
    Call(Function, Vec<Node>),
    /// `matches` with an expression that is known.
    Matches(Box<Node>, Regex),
    Fold {
        fold: Fold,
        over: Box<Node>,
        slot: usize,
        condition: Option<Box<Node>>,
        result: Option<Box<Node>>,
    },
}
