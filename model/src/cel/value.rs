//! Values while a rule is evaluated: borrowed from the body where they can be.

use std::cmp::Ordering;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map as JsonMap, Number, Value as Json};

use super::time::{Duration, Timestamp};

/// Bodies write `format: byte` in either alphabet of RFC 4648, padded or not.
const PADDING: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const PLAIN: GeneralPurpose = GeneralPurpose::new(&STANDARD, PADDING);
const OF_URLS: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, PADDING);

/// Why a rule has no answer for a body.
///
/// No variant holds a value of the body: it may be sensitive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// A property that is not there.
    Absent(Arc<str>),
    /// A key that the map does not have.
    NoKey,
    /// An index outside the list or text.
    NoItem,
    /// A result beyond 64 bits.
    Overflow,
    /// A division by zero.
    DivisionByZero,
    /// Values that an operator or function cannot take.
    Unfit(&'static str),
    /// A text that is not what a function reads.
    Unreadable(&'static str),
    /// The rule took too many steps.
    TooDear,
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Absent(name) => write!(out, "`{name}` is not given"),
            Failure::NoKey => out.write_str("a map does not have the key"),
            Failure::NoItem => out.write_str("an index is outside the list"),
            Failure::Overflow => out.write_str("a number is beyond 64 bits"),
            Failure::DivisionByZero => out.write_str("a division by zero"),
            Failure::Unfit(what) => write!(out, "{what} cannot take such a value"),
            Failure::Unreadable(what) => write!(out, "a text is no {what}"),
            Failure::TooDear => out.write_str("it takes too many steps for a body of this size"),
        }
    }
}

/// A value of the language.
#[derive(Clone, Debug)]
pub(super) enum Value<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    Text(Text<'a>),
    Bytes(Arc<[u8]>),
    Timestamp(Timestamp),
    Duration(Duration),
    List(List<'a>),
    Map(Map<'a>),
    Type(&'static str),
}

/// Text of the body, or made on the way.
#[derive(Clone, Debug)]
pub(super) enum Text<'a> {
    Given(&'a str),
    Made(Arc<str>),
}

#[derive(Clone, Debug)]
pub(super) enum List<'a> {
    Given(&'a [Json], Reading),
    Made(Rc<[Value<'a>]>),
}

#[derive(Clone, Debug)]
pub(super) enum Map<'a> {
    Given(&'a JsonMap<String, Json>, Reading),
    Made(Rc<[(Value<'a>, Value<'a>)]>),
}

/// What JSON stands for, as the schema tells it: the leaves below so many lists and maps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Reading {
    pub(super) depth: u8,
    pub(super) leaf: Leaf,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Leaf {
    /// As JSON writes it: whole numbers are integers.
    #[default]
    Plain,
    Int,
    Double,
    Timestamp,
    Bytes,
}

impl Reading {
    /// How what a list or map holds is read.
    pub(super) fn inner(self) -> Self {
        match self.depth {
            0 => Self::default(),
            depth => Self { depth: depth - 1, leaf: self.leaf },
        }
    }

    /// How a list or map of such values is read.
    pub(super) fn outer(self) -> Self {
        if self.leaf == Leaf::Plain { self } else { Self { depth: self.depth.saturating_add(1), leaf: self.leaf } }
    }
}

impl Text<'_> {
    pub(super) fn as_str(&self) -> &str {
        match self {
            Text::Given(text) => text,
            Text::Made(text) => text,
        }
    }
}

impl<'a> Value<'a> {
    pub(super) fn made(text: impl Into<Arc<str>>) -> Self {
        Value::Text(Text::Made(text.into()))
    }

    /// Reads a value of the body.
    pub(super) fn read(json: &'a Json, reading: Reading) -> Result<Self, Failure> {
        let leaf = if reading.depth == 0 { reading.leaf } else { Leaf::Plain };
        Ok(match json {
            Json::Null => Value::Null,
            Json::Bool(flag) => Value::Bool(*flag),
            Json::Number(number) => read_number(number, leaf)?,
            Json::String(text) => match leaf {
                Leaf::Timestamp => {
                    Value::Timestamp(Timestamp::parse(text).ok_or(Failure::Unreadable("date and time"))?)
                }
                Leaf::Bytes => Value::Bytes(decoded(text)?.into()),
                _ => Value::Text(Text::Given(text)),
            },
            Json::Array(items) => Value::List(List::Given(items, reading.inner())),
            Json::Object(members) => Value::Map(Map::Given(members, reading.inner())),
        })
    }

    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Value::Null => "null_type",
            Value::Bool(_) => "bool",
            Value::Int(_) => "int",
            Value::Uint(_) => "uint",
            Value::Double(_) => "double",
            Value::Text(_) => "string",
            Value::Bytes(_) => "bytes",
            Value::Timestamp(_) => "google.protobuf.Timestamp",
            Value::Duration(_) => "google.protobuf.Duration",
            Value::List(_) => "list",
            Value::Map(_) => "map",
            Value::Type(_) => "type",
        }
    }

    /// Whether two values are equal; numbers are compared by what they are worth.
    pub(super) fn equals(&self, other: &Self) -> Result<bool, Failure> {
        Ok(match (self, other) {
            (Value::Null, Value::Null) => true,
            (Value::Bool(one), Value::Bool(two)) => one == two,
            (Value::Text(one), Value::Text(two)) => one.as_str() == two.as_str(),
            (Value::Bytes(one), Value::Bytes(two)) => one == two,
            (Value::Timestamp(one), Value::Timestamp(two)) => one == two,
            (Value::Duration(one), Value::Duration(two)) => one == two,
            (Value::Type(one), Value::Type(two)) => one == two,
            (Value::List(one), Value::List(two)) => one.equals(two)?,
            (Value::Map(one), Value::Map(two)) => one.equals(two)?,
            _ => compare_numbers(self, other) == Some(Some(Ordering::Equal)),
        })
    }

    /// Says which of two values comes first; `None` where one of them is no number at all.
    pub(super) fn order(&self, other: &Self) -> Result<Option<Ordering>, Failure> {
        Ok(Some(match (self, other) {
            (Value::Bool(one), Value::Bool(two)) => one.cmp(two),
            (Value::Text(one), Value::Text(two)) => one.as_str().cmp(two.as_str()),
            (Value::Bytes(one), Value::Bytes(two)) => one.cmp(two),
            (Value::Timestamp(one), Value::Timestamp(two)) => one.cmp(two),
            (Value::Duration(one), Value::Duration(two)) => one.cmp(two),
            _ => return compare_numbers(self, other).ok_or(Failure::Unfit("a comparison")),
        }))
    }
}

fn read_number<'a>(number: &Number, leaf: Leaf) -> Result<Value<'a>, Failure> {
    if leaf == Leaf::Double {
        return Ok(Value::Double(number.as_f64().unwrap_or(f64::NAN)));
    }
    if let Some(whole) = number.as_i64() {
        return Ok(Value::Int(whole));
    }
    if let (Some(whole), Leaf::Plain) = (number.as_u64(), leaf) {
        return Ok(Value::Uint(whole));
    }
    let float = number.as_f64().unwrap_or(f64::NAN);
    if leaf == Leaf::Plain {
        return Ok(Value::Double(float));
    }
    whole(float).map(Value::Int).ok_or(Failure::Overflow)
}

/// Returns a float as an integer, where it is one of 64 bits.
pub(super) fn whole(float: f64) -> Option<i64> {
    // 2^63 is the first float beyond; -2^63 still fits.
    let fits = (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&float);
    (fits && float.fract() == 0.0).then_some(float as i64)
}

/// Compares numbers of any kind; the outer `None` where one is no number, the inner where one is not comparable.
fn compare_numbers(one: &Value<'_>, two: &Value<'_>) -> Option<Option<Ordering>> {
    Some(match (one, two) {
        (Value::Int(one), Value::Int(two)) => Some(one.cmp(two)),
        (Value::Double(one), Value::Double(two)) => one.partial_cmp(two),
        (Value::Double(one), other) => compare_to_whole(*one, integer(other)?),
        (other, Value::Double(two)) => compare_to_whole(*two, integer(other)?).map(Ordering::reverse),
        (one, two) => Some(integer(one)?.cmp(&integer(two)?)),
    })
}

fn integer(value: &Value<'_>) -> Option<i128> {
    match value {
        Value::Int(value) => Some(i128::from(*value)),
        Value::Uint(value) => Some(i128::from(*value)),
        _ => None,
    }
}

fn compare_to_whole(float: f64, whole: i128) -> Option<Ordering> {
    if float.is_nan() {
        return None;
    }
    // Beyond 2^65 no integer of ours is; below, the conversion of the whole part is exact.
    if float.abs() > 36_893_488_147_419_103_232.0 {
        return Some(if float > 0.0 { Ordering::Greater } else { Ordering::Less });
    }
    let part = (float.trunc() as i128).cmp(&whole);
    Some(part.then_with(|| float.fract().partial_cmp(&0.0).unwrap_or(Ordering::Equal)))
}

impl<'a> List<'a> {
    pub(super) fn len(&self) -> usize {
        match self {
            List::Given(items, _) => items.len(),
            List::Made(items) => items.len(),
        }
    }

    pub(super) fn get(&self, at: usize) -> Result<Value<'a>, Failure> {
        match self {
            List::Given(items, reading) => Value::read(items.get(at).ok_or(Failure::NoItem)?, *reading),
            List::Made(items) => items.get(at).cloned().ok_or(Failure::NoItem),
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Result<Value<'a>, Failure>> + '_ {
        (0..self.len()).map(|at| self.get(at))
    }

    /// All items, read.
    pub(super) fn items(&self) -> Result<Vec<Value<'a>>, Failure> {
        self.iter().collect()
    }

    fn equals(&self, other: &Self) -> Result<bool, Failure> {
        if self.len() != other.len() {
            return Ok(false);
        }
        for (one, two) in self.iter().zip(other.iter()) {
            if !one?.equals(&two?)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    pub(super) fn contains(&self, value: &Value<'_>) -> Result<bool, Failure> {
        for item in self.iter() {
            if item?.equals(value)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl<'a> Map<'a> {
    pub(super) fn len(&self) -> usize {
        match self {
            Map::Given(members, _) => members.len(),
            Map::Made(entries) => entries.len(),
        }
    }

    pub(super) fn find(&self, key: &Value<'_>) -> Result<Option<Value<'a>>, Failure> {
        match (self, key) {
            (Map::Given(members, reading), Value::Text(name)) => {
                members.get(name.as_str()).map(|json| Value::read(json, *reading)).transpose()
            }
            (Map::Given(..), _) => Ok(None),
            (Map::Made(entries), key) => {
                for (own, value) in entries.iter() {
                    if own.equals(key)? {
                        return Ok(Some(value.clone()));
                    }
                }
                Ok(None)
            }
        }
    }

    pub(super) fn keys(&self) -> Vec<Value<'a>> {
        match self {
            Map::Given(members, _) => members.keys().map(|name| Value::Text(Text::Given(name))).collect(),
            Map::Made(entries) => entries.iter().map(|(key, _)| key.clone()).collect(),
        }
    }

    fn equals(&self, other: &Self) -> Result<bool, Failure> {
        if self.len() != other.len() {
            return Ok(false);
        }
        for key in self.keys() {
            let (Some(one), Some(two)) = (self.find(&key)?, other.find(&key)?) else { return Ok(false) };
            if !one.equals(&two)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn decoded(text: &str) -> Result<Vec<u8>, Failure> {
    let engine = if text.contains(['-', '_']) { OF_URLS } else { PLAIN };
    engine.decode(text).map_err(|_| Failure::Unreadable("base64"))
}
