//! The types of expressions, as the schema tells them.

use serde_json::Value as Json;

use super::value::{Leaf, Reading};
use crate::schema::{Additional, Kind, Schema};

/// Bytes of a body; what no bound limits is taken to fill one.
pub(super) const BODY: u64 = 1 << 20;

/// The type of an expression; a bound that is `None` is not known.
#[derive(Clone, Debug)]
pub(super) enum Type<'s> {
    /// Anything; decided when the rule is evaluated.
    Dyn,
    Null,
    Bool,
    Int,
    Uint,
    Double,
    Text {
        most: Option<u64>,
        among: Option<&'s [Json]>,
    },
    Bytes,
    Timestamp,
    Duration,
    /// A type as a value.
    Meta,
    List {
        item: Box<Type<'s>>,
        most: Option<u64>,
    },
    Map {
        key: Box<Type<'s>>,
        value: Box<Type<'s>>,
        most: Option<u64>,
    },
    Object(&'s Schema),
}

impl<'s> Type<'s> {
    pub(super) const TEXT: Type<'s> = Type::Text { most: None, among: None };

    pub(super) fn list(item: Type<'s>, most: Option<u64>) -> Self {
        Type::List { item: Box::new(item), most }
    }

    /// The type of the values of a schema in the document `root`.
    pub(super) fn of(schema: &'s Schema, root: &'s Schema) -> Self {
        let Some(schema) = schema.followed(root) else { return Type::Dyn };
        let combined = &schema.composition;
        let has_variants = !combined.any_of.is_empty() || !combined.one_of.is_empty() || !combined.all_of.is_empty();
        match schema.kind {
            Some(Kind::String) => match schema.format.as_deref() {
                Some("date-time") => Type::Timestamp,
                Some("byte") => Type::Bytes,
                _ => text(schema),
            },
            Some(Kind::Integer) => Type::Int,
            Some(Kind::Number) => Type::Double,
            Some(Kind::Boolean) => Type::Bool,
            Some(Kind::Array) => {
                let item = schema.items.as_deref().map_or(Type::Dyn, |items| Type::of(items, root));
                Type::list(item, schema.max_items)
            }
            Some(Kind::Object) => object(schema, root, has_variants),
            None | Some(Kind::Any) if !schema.properties.is_empty() => object(schema, root, has_variants),
            None if !has_variants => match schema.enumeration.as_deref() {
                Some(values) if !values.is_empty() && values.iter().all(Json::is_string) => text(schema),
                _ => Type::Dyn,
            },
            None | Some(Kind::Any) => Type::Dyn,
        }
    }

    /// What the type is called in messages.
    pub(super) fn name(&self) -> String {
        match self {
            Type::Dyn => "any value".to_owned(),
            Type::Null => "null".to_owned(),
            Type::Bool => "a boolean".to_owned(),
            Type::Int => "an integer".to_owned(),
            Type::Uint => "an unsigned integer".to_owned(),
            Type::Double => "a number".to_owned(),
            Type::Text { .. } => "a string".to_owned(),
            Type::Bytes => "bytes".to_owned(),
            Type::Timestamp => "a point in time".to_owned(),
            Type::Duration => "a duration".to_owned(),
            Type::Meta => "a type".to_owned(),
            Type::List { item, .. } if matches!(**item, Type::Dyn) => "a list".to_owned(),
            Type::List { item, .. } => format!("a list whose items are each {}", item.name()),
            Type::Map { .. } => "a map".to_owned(),
            Type::Object(_) => "an object".to_owned(),
        }
    }

    pub(super) fn is_dyn(&self) -> bool {
        matches!(self, Type::Dyn)
    }

    pub(super) fn is_number(&self) -> bool {
        matches!(self, Type::Int | Type::Uint | Type::Double)
    }

    /// Whether values of both types can be equal.
    pub(super) fn is_comparable(&self, other: &Type<'_>) -> bool {
        match (self, other) {
            (Type::Dyn | Type::Null, _) | (_, Type::Dyn | Type::Null) => true,
            (one, two) if one.is_number() => two.is_number(),
            (Type::List { item: one, .. }, Type::List { item: two, .. }) => one.is_comparable(two),
            (Type::Map { value: one, .. }, Type::Map { value: two, .. }) => one.is_comparable(two),
            (Type::Map { .. } | Type::Object(_), Type::Map { .. } | Type::Object(_)) => true,
            (one, two) => std::mem::discriminant(one) == std::mem::discriminant(two),
        }
    }

    /// Whether values have an order among each other.
    pub(super) fn is_ordered(&self) -> bool {
        matches!(self, Type::Dyn | Type::Bool | Type::Text { .. } | Type::Bytes | Type::Timestamp | Type::Duration)
            || self.is_number()
    }

    /// How JSON of this type is read.
    pub(super) fn reading(&self) -> Reading {
        let leaf = match self {
            Type::Int => Leaf::Int,
            Type::Double => Leaf::Double,
            Type::Timestamp => Leaf::Timestamp,
            Type::Bytes => Leaf::Bytes,
            Type::List { item: inner, .. } | Type::Map { value: inner, .. } => return inner.reading().outer(),
            _ => Leaf::Plain,
        };
        Reading { depth: 0, leaf }
    }

    /// The most that a list holds, a map, a text; assumed where nothing bounds it.
    pub(super) fn size(&self) -> u64 {
        match self {
            Type::Text { most, .. } => most.unwrap_or(BODY),
            Type::List { item, most } => most.unwrap_or_else(|| BODY / (item.least_bytes() + 1)),
            Type::Map { value, most, .. } => most.unwrap_or_else(|| BODY / (value.least_bytes() + 5)),
            Type::Object(schema) => schema.properties.len() as u64,
            Type::Bytes => BODY,
            // Whatever it is, it is mostly small: what is not is stopped when the rule is evaluated.
            Type::Dyn => BODY / 64,
            _ => 1,
        }
    }

    /// Whether nothing says how much there can be.
    pub(super) fn is_unbounded(&self) -> bool {
        match self {
            Type::Text { most, .. } | Type::List { most, .. } | Type::Map { most, .. } => most.is_none(),
            Type::Dyn | Type::Bytes => true,
            _ => false,
        }
    }

    /// Bytes that the shortest JSON of such a value takes.
    fn least_bytes(&self) -> u64 {
        match self {
            Type::Text { .. } | Type::Bytes | Type::List { .. } | Type::Map { .. } => 2,
            Type::Bool => 4,
            Type::Timestamp => 22,
            Type::Object(schema) => 2 + schema.required.iter().map(|name| name.len() as u64 + 5).sum::<u64>(),
            _ => 1,
        }
    }

    /// The type of an item among `count` of them: texts share what the body can hold.
    pub(super) fn shared_by(self, count: u64) -> Self {
        match self {
            Type::Text { most: None, among } => Type::Text { most: Some(BODY / count.max(1)), among },
            other => other,
        }
    }
}

fn text(schema: &Schema) -> Type<'_> {
    let values = schema.enumeration.as_deref().filter(|values| !values.is_empty());
    let longest = values.map(|values| values.iter().filter_map(Json::as_str).map(str::len).max().unwrap_or(0) as u64);
    Type::Text { most: longest.or(schema.max_length), among: values }
}

fn object<'s>(schema: &'s Schema, root: &'s Schema, has_variants: bool) -> Type<'s> {
    if !schema.properties.is_empty() {
        return Type::Object(schema);
    }
    let value = match &schema.additional {
        Additional::Schema(values) => Type::of(values, root),
        Additional::Allowed(false, _) if !has_variants => return Type::Object(schema),
        _ if has_variants => return Type::Dyn,
        _ => Type::Dyn,
    };
    Type::Map { key: Box::new(Type::TEXT), value: Box::new(value), most: schema.max_properties }
}
