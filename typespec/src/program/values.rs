//! Values: what defaults, decorator arguments and constants are made of.

use std::sync::Arc;

use super::{TypeId, ValueId};
use crate::ast::NodeId;
use crate::numeric::Numeric;

/// A value.
#[derive(Clone, Debug)]
pub struct Value {
    /// What it is.
    pub kind: ValueKind,
    /// Its type: the declared one if there is one, else its own literal type.
    pub ty: TypeId,
    /// Where it is written.
    pub node: Option<NodeId>,
}

/// The kinds of values.
#[derive(Clone, Debug)]
pub enum ValueKind {
    /// `"text"`
    String {
        /// The text.
        text: Arc<str>,
        /// The scalar that it stands for, if that is known: `string("a")`.
        scalar: Option<TypeId>,
    },
    /// `1.5`
    Number {
        /// The number.
        number: Numeric,
        /// The scalar that it stands for, if that is known: `int32(5)`.
        scalar: Option<TypeId>,
    },
    /// `true`
    Boolean {
        /// The truth.
        truth: bool,
        /// The scalar that it stands for, if that is known.
        scalar: Option<TypeId>,
    },
    /// `null`
    Null,
    /// `E.member`
    EnumMember(TypeId),
    /// `#{…}`
    Object(Vec<ObjectProperty>),
    /// `#[…]`
    Array(Vec<ValueId>),
    /// `plainDate.fromISO("…")`
    Scalar {
        /// The scalar that is made.
        scalar: TypeId,
        /// The constructor's name.
        constructor: Arc<str>,
        /// What it was given.
        arguments: Vec<ValueId>,
    },
    /// A function.
    Function(TypeId),
}

/// A property of an object value.
#[derive(Clone, Debug)]
pub struct ObjectProperty {
    /// Its name.
    pub name: Arc<str>,
    /// Its value.
    pub value: ValueId,
    /// Where it is written.
    pub node: Option<NodeId>,
}
