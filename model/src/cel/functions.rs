//! The functions of rules: what they are called, what they take and what they give.

use super::time::Part;
use super::types::Type;

/// What a function does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Size,
    Contains,
    StartsWith,
    EndsWith,
    Matches,
    Find,
    FindAll,
    LowerAscii,
    UpperAscii,
    Trim,
    Replace,
    Split,
    Substring,
    CharAt,
    IndexOf,
    LastIndexOf,
    Join,
    Format,
    Reverse,
    IsSorted,
    Sum,
    Min,
    Max,
    Slice,
    Distinct,
    Sort,
    Greatest,
    Least,
    Abs,
    SetContains,
    SetIntersects,
    SetEquivalent,
    ToInt,
    ToUint,
    ToDouble,
    ToText,
    ToBool,
    ToBytes,
    ToTimestamp,
    ToDuration,
    TypeOf,
    Same,
    Part(Part),
    IsIp,
    IsUrl,
}

/// What an argument has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Takes {
    Any,
    Int,
    Number,
    Text,
    List,
    Texts,
    Numbers,
    Ordered,
    /// Text, list, map, object or bytes.
    Sized,
    /// What can be converted by the function.
    Of(&'static [Plain]),
}

/// A type without parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plain {
    Bool,
    Int,
    Uint,
    Double,
    Text,
    Bytes,
    Timestamp,
    Duration,
}

/// What a call gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gives {
    Bool,
    Int,
    Uint,
    Double,
    Text,
    Texts,
    Bytes,
    Timestamp,
    Duration,
    Type,
    Dyn,
    /// What the first argument is.
    First,
    /// What the first argument holds.
    Item,
}

/// How much work a call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Work {
    One,
    /// Each byte of the texts, each item of the lists.
    Linear,
    /// Each item with each other one.
    Square,
}

/// One way to call a function.
pub(super) struct Overload {
    pub(super) name: &'static str,
    /// Whether it is called on its first argument: `text.size()`.
    pub(super) is_member: bool,
    pub(super) takes: &'static [Takes],
    pub(super) gives: Gives,
    pub(super) function: Function,
    pub(super) work: Work,
}

const fn member(name: &'static str, takes: &'static [Takes], gives: Gives, function: Function, work: Work) -> Overload {
    Overload { name, is_member: true, takes, gives, function, work }
}

const fn global(name: &'static str, takes: &'static [Takes], gives: Gives, function: Function, work: Work) -> Overload {
    Overload { name, is_member: false, takes, gives, function, work }
}

use Function as F;
use Gives as G;
use Plain as P;
use Takes as T;
use Work::{Linear, One, Square};

const TIME: Takes = T::Of(&[P::Timestamp]);
const TIME_OR_SPAN: Takes = T::Of(&[P::Timestamp, P::Duration]);

/// Every way to call every function.
pub(super) const OVERLOADS: &[Overload] = &[
    global("size", &[T::Sized], G::Int, F::Size, Linear),
    member("size", &[T::Sized], G::Int, F::Size, Linear),
    member("contains", &[T::Text, T::Text], G::Bool, F::Contains, Linear),
    member("startsWith", &[T::Text, T::Text], G::Bool, F::StartsWith, One),
    member("endsWith", &[T::Text, T::Text], G::Bool, F::EndsWith, One),
    member("matches", &[T::Text, T::Text], G::Bool, F::Matches, Linear),
    global("matches", &[T::Text, T::Text], G::Bool, F::Matches, Linear),
    member("find", &[T::Text, T::Text], G::Text, F::Find, Linear),
    member("findAll", &[T::Text, T::Text], G::Texts, F::FindAll, Linear),
    member("findAll", &[T::Text, T::Text, T::Int], G::Texts, F::FindAll, Linear),
    member("lowerAscii", &[T::Text], G::First, F::LowerAscii, Linear),
    member("upperAscii", &[T::Text], G::First, F::UpperAscii, Linear),
    member("trim", &[T::Text], G::First, F::Trim, Linear),
    member("replace", &[T::Text, T::Text, T::Text], G::Text, F::Replace, Linear),
    member("replace", &[T::Text, T::Text, T::Text, T::Int], G::Text, F::Replace, Linear),
    member("split", &[T::Text, T::Text], G::Texts, F::Split, Linear),
    member("split", &[T::Text, T::Text, T::Int], G::Texts, F::Split, Linear),
    member("substring", &[T::Text, T::Int], G::First, F::Substring, Linear),
    member("substring", &[T::Text, T::Int, T::Int], G::First, F::Substring, Linear),
    member("charAt", &[T::Text, T::Int], G::Text, F::CharAt, Linear),
    member("indexOf", &[T::Text, T::Text], G::Int, F::IndexOf, Linear),
    member("indexOf", &[T::Text, T::Text, T::Int], G::Int, F::IndexOf, Linear),
    member("indexOf", &[T::List, T::Any], G::Int, F::IndexOf, Linear),
    member("lastIndexOf", &[T::Text, T::Text], G::Int, F::LastIndexOf, Linear),
    member("lastIndexOf", &[T::Text, T::Text, T::Int], G::Int, F::LastIndexOf, Linear),
    member("lastIndexOf", &[T::List, T::Any], G::Int, F::LastIndexOf, Linear),
    member("join", &[T::Texts], G::Text, F::Join, Linear),
    member("join", &[T::Texts, T::Text], G::Text, F::Join, Linear),
    member("format", &[T::Text, T::List], G::Text, F::Format, Linear),
    member("reverse", &[T::Text], G::First, F::Reverse, Linear),
    member("reverse", &[T::List], G::First, F::Reverse, Linear),
    member("isSorted", &[T::Ordered], G::Bool, F::IsSorted, Linear),
    member("sum", &[T::Numbers], G::Item, F::Sum, Linear),
    member("min", &[T::Ordered], G::Item, F::Min, Linear),
    member("max", &[T::Ordered], G::Item, F::Max, Linear),
    member("slice", &[T::List, T::Int, T::Int], G::First, F::Slice, Linear),
    member("distinct", &[T::List], G::First, F::Distinct, Square),
    member("sort", &[T::Ordered], G::First, F::Sort, Linear),
    global("math.greatest", &[T::Numbers], G::Item, F::Max, Linear),
    global("math.greatest", &[T::Number, T::Number], G::First, F::Greatest, One),
    global("math.greatest", &[T::Number, T::Number, T::Number], G::First, F::Greatest, One),
    global("math.least", &[T::Numbers], G::Item, F::Min, Linear),
    global("math.least", &[T::Number, T::Number], G::First, F::Least, One),
    global("math.least", &[T::Number, T::Number, T::Number], G::First, F::Least, One),
    global("math.abs", &[T::Number], G::First, F::Abs, One),
    global("sets.contains", &[T::List, T::List], G::Bool, F::SetContains, Square),
    global("sets.intersects", &[T::List, T::List], G::Bool, F::SetIntersects, Square),
    global("sets.equivalent", &[T::List, T::List], G::Bool, F::SetEquivalent, Square),
    global("int", &[T::Of(&[P::Int, P::Uint, P::Double, P::Text, P::Timestamp])], G::Int, F::ToInt, Linear),
    global("uint", &[T::Of(&[P::Int, P::Uint, P::Double, P::Text])], G::Uint, F::ToUint, Linear),
    global("double", &[T::Of(&[P::Int, P::Uint, P::Double, P::Text])], G::Double, F::ToDouble, Linear),
    global(
        "string",
        &[T::Of(&[P::Bool, P::Int, P::Uint, P::Double, P::Text, P::Bytes, P::Timestamp, P::Duration])],
        G::Text,
        F::ToText,
        Linear,
    ),
    global("bool", &[T::Of(&[P::Bool, P::Text])], G::Bool, F::ToBool, One),
    global("bytes", &[T::Of(&[P::Text, P::Bytes])], G::Bytes, F::ToBytes, Linear),
    global("timestamp", &[T::Of(&[P::Text, P::Timestamp, P::Int])], G::Timestamp, F::ToTimestamp, One),
    global("duration", &[T::Of(&[P::Text, P::Duration, P::Int])], G::Duration, F::ToDuration, One),
    global("type", &[T::Any], G::Type, F::TypeOf, One),
    global("dyn", &[T::Any], G::Dyn, F::Same, One),
    global("isIP", &[T::Text], G::Bool, F::IsIp, One),
    global("isURL", &[T::Text], G::Bool, F::IsUrl, Linear),
    member("getFullYear", &[TIME], G::Int, F::Part(Part::Year), One),
    member("getFullYear", &[TIME, T::Text], G::Int, F::Part(Part::Year), One),
    member("getMonth", &[TIME], G::Int, F::Part(Part::Month), One),
    member("getMonth", &[TIME, T::Text], G::Int, F::Part(Part::Month), One),
    member("getDate", &[TIME], G::Int, F::Part(Part::Date), One),
    member("getDate", &[TIME, T::Text], G::Int, F::Part(Part::Date), One),
    member("getDayOfMonth", &[TIME], G::Int, F::Part(Part::DayOfMonth), One),
    member("getDayOfMonth", &[TIME, T::Text], G::Int, F::Part(Part::DayOfMonth), One),
    member("getDayOfWeek", &[TIME], G::Int, F::Part(Part::DayOfWeek), One),
    member("getDayOfWeek", &[TIME, T::Text], G::Int, F::Part(Part::DayOfWeek), One),
    member("getDayOfYear", &[TIME], G::Int, F::Part(Part::DayOfYear), One),
    member("getDayOfYear", &[TIME, T::Text], G::Int, F::Part(Part::DayOfYear), One),
    member("getHours", &[TIME_OR_SPAN], G::Int, F::Part(Part::Hours), One),
    member("getHours", &[TIME, T::Text], G::Int, F::Part(Part::Hours), One),
    member("getMinutes", &[TIME_OR_SPAN], G::Int, F::Part(Part::Minutes), One),
    member("getMinutes", &[TIME, T::Text], G::Int, F::Part(Part::Minutes), One),
    member("getSeconds", &[TIME_OR_SPAN], G::Int, F::Part(Part::Seconds), One),
    member("getSeconds", &[TIME, T::Text], G::Int, F::Part(Part::Seconds), One),
    member("getMilliseconds", &[TIME_OR_SPAN], G::Int, F::Part(Part::Milliseconds), One),
    member("getMilliseconds", &[TIME, T::Text], G::Int, F::Part(Part::Milliseconds), One),
];

/// What other languages call things, and what they are called here; a sure one means exactly the same.
pub(super) const SYNONYMS: &[(&str, &str, bool)] = &[
    ("length", "size", true),
    ("len", "size", true),
    ("count", "size", true),
    ("includes", "contains", true),
    ("has", "contains", false),
    ("toLowerCase", "lowerAscii", true),
    ("toLower", "lowerAscii", true),
    ("lower", "lowerAscii", true),
    ("toUpperCase", "upperAscii", true),
    ("toUpper", "upperAscii", true),
    ("upper", "upperAscii", true),
    ("startswith", "startsWith", true),
    ("endswith", "endsWith", true),
    ("hasPrefix", "startsWith", true),
    ("hasSuffix", "endsWith", true),
    ("match", "matches", true),
    ("test", "matches", false),
    ("regex", "matches", false),
    ("every", "all", false),
    ("some", "exists", false),
    ("any", "exists", false),
    ("where", "filter", false),
    ("find", "filter", false),
    ("str", "string", true),
    ("toString", "string", false),
    ("float", "double", true),
    ("integer", "int", true),
    ("date", "timestamp", false),
    ("time", "timestamp", false),
    ("typeof", "type", true),
    ("max", "math.greatest", false),
    ("min", "math.least", false),
    ("abs", "math.abs", true),
    ("unique", "distinct", true),
    ("sorted", "isSorted", false),
    ("replaceAll", "replace", true),
    ("strip", "trim", true),
];

impl Plain {
    fn fits(self, ty: &Type<'_>) -> bool {
        matches!(
            (self, ty),
            (Plain::Bool, Type::Bool)
                | (Plain::Int, Type::Int)
                | (Plain::Uint, Type::Uint)
                | (Plain::Double, Type::Double)
                | (Plain::Text, Type::Text { .. })
                | (Plain::Bytes, Type::Bytes)
                | (Plain::Timestamp, Type::Timestamp)
                | (Plain::Duration, Type::Duration)
        )
    }

    fn name(self) -> &'static str {
        match self {
            Plain::Bool => "a boolean",
            Plain::Int => "an integer",
            Plain::Uint => "an unsigned integer",
            Plain::Double => "a number",
            Plain::Text => "a string",
            Plain::Bytes => "bytes",
            Plain::Timestamp => "a point in time",
            Plain::Duration => "a duration",
        }
    }
}

impl Takes {
    /// Whether an argument of a type can be given.
    pub(super) fn fits(self, ty: &Type<'_>) -> bool {
        if ty.is_dyn() {
            return true;
        }
        let item = match ty {
            Type::List { item, .. } => Some(&**item),
            _ => None,
        };
        match self {
            Takes::Any => true,
            Takes::Int => matches!(ty, Type::Int),
            Takes::Number => ty.is_number(),
            Takes::Text => matches!(ty, Type::Text { .. }),
            Takes::List => item.is_some(),
            Takes::Texts => item.is_some_and(|item| item.is_dyn() || matches!(item, Type::Text { .. })),
            Takes::Numbers => {
                item.is_some_and(|item| item.is_dyn() || item.is_number() || matches!(item, Type::Duration))
            }
            Takes::Ordered => item.is_some_and(Type::is_ordered),
            Takes::Sized => {
                matches!(ty, Type::Text { .. } | Type::Bytes | Type::List { .. } | Type::Map { .. } | Type::Object(_))
            }
            Takes::Of(plain) => plain.iter().any(|plain| plain.fits(ty)),
        }
    }

    /// What it is called in messages.
    pub(super) fn name(self) -> String {
        match self {
            Takes::Any => "anything".to_owned(),
            Takes::Int => "an integer".to_owned(),
            Takes::Number => "a number".to_owned(),
            Takes::Text => "a string".to_owned(),
            Takes::List => "a list".to_owned(),
            Takes::Texts => "a list of strings".to_owned(),
            Takes::Numbers => "a list of numbers".to_owned(),
            Takes::Ordered => "a list of values that have an order".to_owned(),
            Takes::Sized => "a string, a list or a map".to_owned(),
            Takes::Of(plain) => plain.iter().map(|plain| plain.name()).collect::<Vec<_>>().join(" or "),
        }
    }
}

impl Gives {
    /// The type that a call gives for its arguments.
    pub(super) fn of<'s>(self, arguments: &[Type<'s>]) -> Type<'s> {
        let most = arguments.iter().map(Type::size).sum::<u64>();
        let text = || Type::Text { most: Some(most), among: None };
        match self {
            Gives::Bool => Type::Bool,
            Gives::Int => Type::Int,
            Gives::Uint => Type::Uint,
            Gives::Double => Type::Double,
            Gives::Text => text(),
            Gives::Texts => Type::list(text(), Some(most.saturating_add(1))),
            Gives::Bytes => Type::Bytes,
            Gives::Timestamp => Type::Timestamp,
            Gives::Duration => Type::Duration,
            Gives::Type => Type::Meta,
            Gives::Dyn => Type::Dyn,
            Gives::First => match arguments.first() {
                // What is left of an enum's value is none of its values.
                Some(Type::Text { most, .. }) => Type::Text { most: *most, among: None },
                // Numbers of unlike kinds: one of them.
                Some(first) if first.is_number() && arguments.iter().any(|it| !same(first, it)) => Type::Dyn,
                Some(first) => first.clone(),
                None => Type::Dyn,
            },
            Gives::Item => match arguments.first() {
                Some(Type::List { item, .. }) => (**item).clone(),
                _ => Type::Dyn,
            },
        }
    }
}

fn same(one: &Type<'_>, two: &Type<'_>) -> bool {
    std::mem::discriminant(one) == std::mem::discriminant(two)
}
