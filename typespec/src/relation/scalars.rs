//! What may stand where a scalar is wanted.

use crate::decorators::constraints::{self, Bound};
use crate::numeric::Numeric;
use crate::program::{Program, TypeId, TypeKind};

use super::{derives_from, derives_from_standard};

/// The least and the greatest number of a scalar, and whether it has to be whole.
const RANGES: [(&str, &str, &str, bool); 11] = [
    ("int8", "-128", "127", true),
    ("int16", "-32768", "32767", true),
    ("int32", "-2147483648", "2147483647", true),
    ("int64", "-9223372036854775808", "9223372036854775807", true),
    ("uint8", "0", "255", true),
    ("uint16", "0", "65535", true),
    ("uint32", "0", "4294967295", true),
    ("uint64", "0", "18446744073709551615", true),
    ("safeint", "-9007199254740991", "9007199254740991", true),
    ("float32", "-3.4e38", "3.4e38", false),
    ("float64", "-1.7976931348623157e308", "1.7976931348623157e308", false),
];

/// Whether a type is assignable to a scalar. Unions are looked into elsewhere.
pub(super) fn relates(program: &Program, source: TypeId, target: TypeId) -> bool {
    match &program[source].kind {
        TypeKind::Number(number) => {
            fits_scalar(program, &number.value, target) && is_in_range(program, &number.value, target)
        }
        TypeKind::String(text) => {
            derives_from_standard(program, target, "string") && fits_length(program, text, target)
        }
        TypeKind::StringTemplate(_) => derives_from_standard(program, target, "string"),
        TypeKind::Boolean(_) => derives_from_standard(program, target, "boolean"),
        TypeKind::Scalar(_) => derives_from(program, source, target),
        _ => false,
    }
}

/// Whether a number is one that a numeric scalar, or the standard scalar that it derives from, can hold.
pub fn fits_scalar(program: &Program, number: &Numeric, scalar: TypeId) -> bool {
    if !derives_from_standard(program, scalar, "numeric") {
        return false;
    }
    let Some(name) = standard_ancestor(program, scalar) else { return false };
    match name {
        "numeric" | "decimal" | "decimal128" | "float" => true,
        "integer" => number.is_integer(),
        name => RANGES.iter().find(|range| range.0 == name).is_some_and(|(_, least, most, whole)| {
            let bound = |text| Numeric::parse(text).expect("the table holds numbers");
            *number >= bound(least) && *number <= bound(most) && (!whole || number.is_integer())
        }),
    }
}

/// Whether a scalar holds whole numbers only.
pub(super) fn is_whole(program: &Program, scalar: TypeId) -> bool {
    let name = standard_ancestor(program, scalar);
    name.is_some_and(|name| name == "integer" || RANGES.iter().any(|range| range.0 == name && range.3))
}

/// The least and the greatest number of the standard scalar that a scalar is or derives from, as texts.
pub(super) fn range_of(program: &Program, scalar: TypeId) -> Option<(&'static str, &'static str)> {
    let name = standard_ancestor(program, scalar)?;
    RANGES.iter().find(|range| range.0 == name).map(|range| (range.1, range.2))
}

/// The name of the nearest scalar of the standard library that a scalar is or derives from.
fn standard_ancestor(program: &Program, scalar: TypeId) -> Option<&str> {
    let mut current = Some(scalar);
    for _ in 0..10_000 {
        let scalar = program.scalar(current?)?;
        if program.standard_scalar(&scalar.name) == current {
            return Some(&scalar.name);
        }
        current = scalar.base;
    }
    None
}

fn is_in_range(program: &Program, number: &Numeric, scalar: TypeId) -> bool {
    let bound = |bound: Option<Bound<'_>>| bound.and_then(Bound::as_number).cloned();
    bound(constraints::min_value(program, scalar)).is_none_or(|least| *number >= least)
        && bound(constraints::max_value(program, scalar)).is_none_or(|most| *number <= most)
        && bound(constraints::min_value_exclusive(program, scalar)).is_none_or(|below| *number > below)
        && bound(constraints::max_value_exclusive(program, scalar)).is_none_or(|above| *number < above)
}

fn fits_length(program: &Program, text: &str, scalar: TypeId) -> bool {
    // The reference counts UTF-16 units.
    let length = Numeric::from_integer(text.encode_utf16().count() as i128);
    constraints::min_length(program, scalar).is_none_or(|least| length >= *least)
        && constraints::max_length(program, scalar).is_none_or(|most| length <= *most)
}
