//! Bounds of values: lengths, numbers of items, least and greatest values, formats and patterns.

use radii_diagnostics::{Code, Diagnostic, Fix};

use crate::numeric::Numeric;
use crate::program::{Argument, Program, TypeId, TypeKind, ValueId};
use crate::registry::{Context, Registry};
use crate::relation;

use super::{arguments, patterns};

/// A least or greatest value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound<'p> {
    /// A number.
    Number(&'p Numeric),
    /// A date, a time or a span of time: a scalar made by one of its constructors.
    Moment(ValueId),
}

impl<'p> Bound<'p> {
    /// The number, if it is one.
    pub fn as_number(self) -> Option<&'p Numeric> {
        match self {
            Self::Number(number) => Some(number),
            Self::Moment(_) => None,
        }
    }
}

macro_rules! counts {
    ($($(#[$doc:meta])* $get:ident $name:literal;)*) => {
        $($(#[$doc])*
        pub fn $get(program: &Program, target: TypeId) -> Option<&Numeric> {
            arguments::number(program, arguments::of(program, target, $name)?, 0)
        })*
    };
}

counts! {
    /// The bound of `@minLength` on a type itself; likewise below.
    min_length "TypeSpec.minLength";
    /// The bound of `@maxLength`.
    max_length "TypeSpec.maxLength";
    /// The bound of `@minItems`.
    min_items "TypeSpec.minItems";
    /// The bound of `@maxItems`.
    max_items "TypeSpec.maxItems";
}

macro_rules! bounds {
    ($($(#[$doc:meta])* $get:ident $name:literal;)*) => {
        $($(#[$doc])*
        pub fn $get(program: &Program, target: TypeId) -> Option<Bound<'_>> {
            bound(program, arguments::of(program, target, $name)?)
        })*
    };
}

bounds! {
    /// The bound of `@minValue`.
    min_value "TypeSpec.minValue";
    /// The bound of `@maxValue`.
    max_value "TypeSpec.maxValue";
    /// The bound of `@minValueExclusive`.
    min_value_exclusive "TypeSpec.minValueExclusive";
    /// The bound of `@maxValueExclusive`.
    max_value_exclusive "TypeSpec.maxValueExclusive";
}

fn bound<'p>(program: &'p Program, given: &[Argument]) -> Option<Bound<'p>> {
    let value = arguments::value(given, 0)?;
    Some(arguments::value_number(program, value).map_or(Bound::Moment(value), Bound::Number))
}

/// The format of `@format`.
pub fn format(program: &Program, target: TypeId) -> Option<&str> {
    arguments::text(program, arguments::of(program, target, "TypeSpec.format")?, 0).map(|text| &**text)
}

/// The expression of `@pattern`, and what to say to those whose text does not match.
pub fn pattern(program: &Program, target: TypeId) -> Option<(&str, Option<&str>)> {
    let given = arguments::of(program, target, "TypeSpec.pattern")?;
    Some((arguments::text(program, given, 0)?, arguments::text(program, given, 1).map(|text| &**text)))
}

pub(super) fn register(registry: &mut Registry) {
    registry
        .decorator("TypeSpec.format", |context, target, _| {
            arguments::check_unique(context, target);
            check_text(context, target, "format");
        })
        .decorator("TypeSpec.pattern", check_pattern)
        .decorator("TypeSpec.minLength", |context, target, _| check_length(context, target, "minLength"))
        .decorator("TypeSpec.maxLength", |context, target, _| check_length(context, target, "maxLength"))
        .decorator("TypeSpec.minItems", |context, target, _| check_items(context, target, "minItems"))
        .decorator("TypeSpec.maxItems", |context, target, _| check_items(context, target, "maxItems"))
        .decorator("TypeSpec.minValue", |context, target, given| {
            check_value(context, target, given, Side::Least, false)
        })
        .decorator("TypeSpec.maxValue", |context, target, given| {
            check_value(context, target, given, Side::Greatest, false);
        })
        .decorator("TypeSpec.minValueExclusive", |context, target, given| {
            check_value(context, target, given, Side::Least, true);
        })
        .decorator("TypeSpec.maxValueExclusive", |context, target, given| {
            check_value(context, target, given, Side::Greatest, true);
        });
}

/// Standard scalars whose values have an order.
const COMPARABLE: [&str; 6] = ["numeric", "utcDateTime", "offsetDateTime", "plainDate", "plainTime", "duration"];

/// On which side a bound is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Least,
    Greatest,
}

fn check_text(context: &mut Context<'_>, target: TypeId, name: &str) -> bool {
    let program = &*context.program;
    let ty = arguments::property_type(program, target);
    if program.is_error(ty) || has_text(program, ty) {
        return true;
    }
    let why = if program.union(ty).is_some() {
        "a union type that is not string compatible. The union must explicitly include a string type, and all \
         union values should be strings. For example: union Test { string, \"A\", \"B\" }"
    } else {
        "type it is not a string"
    };
    let message = format!("Cannot apply @{name} decorator to {why}");
    report_target(context, target, name, message);
    false
}

/// Reports a constraint on a type that it says nothing about, with the one that was meant.
fn report_target(context: &mut Context<'_>, target: TypeId, name: &str, message: String) {
    let program = &*context.program;
    let ty = arguments::property_type(program, target);
    if name.ends_with("Items") && report_tuple(context, ty, &message) {
        return;
    }
    let program = &*context.program;
    let is_least = name.starts_with("min");
    let side = if is_least { "min" } else { "max" };
    let is_bound = is_least || name.starts_with("max");
    let meant = if !is_bound {
        None
    } else if has_text(program, ty) {
        Some(format!("{side}Length"))
    } else if arguments::is_any(program, ty, |ty| program.is_array(ty)) {
        Some(format!("{side}Items"))
    } else if arguments::is_any(program, ty, |ty| is_scalar(program, ty, &COMPARABLE)) {
        Some(format!("{side}Value"))
    } else {
        None
    };
    let mut diagnostic = Diagnostic::error(Code::new("decorator-wrong-target"), message);
    if let Some(span) = context.span {
        diagnostic = diagnostic.at(span);
    }
    if let (Some(meant), Some(span)) = (meant, arguments::decorator_name_span(context)) {
        let title = format!("write `@{meant}` for a `{}`", context.program.type_name(ty));
        diagnostic = diagnostic.help(title.clone()).fix(Fix { title, span, replacement: meant, sure: true });
    }
    if diagnostic.fixes.is_empty()
        && let Some(span) = context.span
    {
        let fix = Fix { title: format!("remove `@{name}`"), span, replacement: String::new(), sure: false };
        diagnostic = diagnostic.help(format!("remove it; `@{name}` says nothing about such a type")).fix(fix);
    }
    context.report(diagnostic);
}

/// Reports `[T]` in the place of `T[]`, once for all decorators; `false` where nothing of the kind is written.
fn report_tuple(context: &mut Context<'_>, ty: TypeId, message: &str) -> bool {
    let program = &*context.program;
    let TypeKind::Tuple(items) = &program[ty].kind else { return false };
    let ([item], Some(node)) = (items.as_slice(), program[ty].node) else { return false };
    let (span, code) = (program.ast.span(node), "decorator-wrong-target");
    let is_told = program
        .diagnostics
        .iter()
        .any(|it| it.code.as_str() == code && it.primary.as_ref().is_some_and(|label| label.span == span));
    if !is_told {
        let name = program.name_of(*item).map_or_else(|| program.type_name(*item), |name| name.to_string());
        let replacement = format!("{name}[]");
        let title = format!("write `{replacement}`");
        let diagnostic = Diagnostic::error(Code::new(code), message).at(span).help("brackets around types are a tuple");
        context.report(diagnostic.fix(Fix { title, span, replacement, sure: true }));
    }
    true
}

/// Whether a type is a string scalar, or a union with one.
fn has_text(program: &Program, ty: TypeId) -> bool {
    arguments::is_any(program, ty, |ty| is_scalar(program, ty, &["string"]))
}

/// Whether a type is a scalar that derives from one of some standard ones.
fn is_scalar(program: &Program, ty: TypeId, names: &[&str]) -> bool {
    program.scalar(ty).is_some() && names.iter().any(|name| relation::derives_from_standard(program, ty, name))
}

fn check_pattern(context: &mut Context<'_>, target: TypeId, given: &[Argument]) {
    arguments::check_unique(context, target);
    if !check_text(context, target, "pattern") {
        return;
    }
    let Some(text) = arguments::text(context.program, given, 0).cloned() else { return };
    let Err(why) = patterns::check(&text) else { return };
    let message = "@pattern decorator expects a valid regular expression pattern.";
    let code = Code::new("invalid-pattern-regex");
    let mut diagnostic = Diagnostic::warning(code, message).help(why);
    if let Some(span) = context.argument_span(&given[0]) {
        diagnostic = diagnostic.at(span);
    }
    context.report(diagnostic);
}

fn check_length(context: &mut Context<'_>, target: TypeId, name: &str) {
    arguments::check_unique(context, target);
    if check_text(context, target, name) {
        let (least, most) = (min_length(context.program, target), max_length(context.program, target));
        let (least, most) = (least.cloned(), most.cloned());
        check_range(context, target, ("minLength", least), ("maxLength", most));
    }
}

fn check_items(context: &mut Context<'_>, target: TypeId, name: &str) {
    arguments::check_unique(context, target);
    let program = &*context.program;
    let ty = arguments::property_type(program, target);
    if !program.is_error(ty) && !arguments::is_any(program, ty, |ty| program.is_array(ty)) {
        let message = format!("Cannot apply @{name} decorator to non Array type");
        report_target(context, target, name, message);
        return;
    }
    let (least, most) = (min_items(program, target).cloned(), max_items(program, target).cloned());
    check_range(context, target, ("minItems", least), ("maxItems", most));
}

fn check_value(context: &mut Context<'_>, target: TypeId, given: &[Argument], side: Side, exclusive: bool) {
    let (name, other) = match (side, exclusive) {
        (Side::Least, false) => ("minValue", "TypeSpec.minValueExclusive"),
        (Side::Least, true) => ("minValueExclusive", "TypeSpec.minValue"),
        (Side::Greatest, false) => ("maxValue", "TypeSpec.maxValueExclusive"),
        (Side::Greatest, true) => ("maxValueExclusive", "TypeSpec.maxValue"),
    };
    arguments::check_unique(context, target);
    arguments::check_conflict(context, target, other);
    let program = &*context.program;
    let ty = arguments::property_type(program, target);
    if program.is_error(ty) {
        return;
    }
    if !arguments::is_any(program, ty, |ty| is_scalar(program, ty, &COMPARABLE)) {
        let message = format!("Cannot apply @{name} decorator to type it must be a numeric or comparable type");
        report_target(context, target, name, message);
        return;
    }
    if !check_assignable(context, ty, given) {
        return;
    }
    let program = &*context.program;
    let number = |bound: Option<Bound<'_>>| bound.and_then(Bound::as_number).cloned();
    let least = number(min_value(program, target)).or_else(|| number(min_value_exclusive(program, target)));
    let most = number(max_value(program, target)).or_else(|| number(max_value_exclusive(program, target)));
    check_range(context, target, ("minValue", least), ("maxValue", most));
}

/// Whether a bound could be a value of what it bounds.
fn check_assignable(context: &mut Context<'_>, ty: TypeId, given: &[Argument]) -> bool {
    let Some(argument) = given.first() else { return false };
    let Some(value) = argument.entity.as_value() else { return true };
    let program = &mut *context.program;
    // The bounds that the scalar has itself are no matter here, only what it can hold.
    let source = match arguments::value_number(program, value) {
        Some(number) => {
            let text = number.to_string();
            program.number_type(&text).unwrap_or(program[value].ty)
        }
        None => program[value].ty,
    };
    let Err(failure) = relation::is_type_assignable(program, source, ty) else { return true };
    let diagnostics = match argument.node {
        Some(node) => failure.diagnostics(program, node),
        None => Vec::new(),
    };
    diagnostics.into_iter().for_each(|diagnostic| context.report(diagnostic));
    false
}

/// Reports bounds that no value lies between, once: at the decorator that runs last.
fn check_range(
    context: &mut Context<'_>,
    target: TypeId,
    (least_name, least): (&str, Option<Numeric>),
    (most_name, most): (&str, Option<Numeric>),
) {
    let (Some(least), Some(most)) = (least, most) else { return };
    if least <= most || !is_last(context, target, least_name, most_name) {
        return;
    }
    let message = format!("Range \"{least}..{most}\" is invalid.");
    let help = format!("nothing is both {least} at least and {most} at most; swap the two bounds or widen one");
    let mut diagnostic = Diagnostic::error(Code::new("invalid-range"), message).help(help);
    if let Some(span) = context.span {
        diagnostic = diagnostic.at(span);
    }
    context.report(diagnostic);
}

/// Whether of the decorators of two names on a type this one runs last.
fn is_last(context: &Context<'_>, target: TypeId, one: &str, other: &str) -> bool {
    let is_about = |name: &str| {
        let name = name.strip_prefix("TypeSpec.").unwrap_or(name);
        let name = name.strip_suffix("Exclusive").unwrap_or(name);
        name == one || name == other
    };
    let Some(application) = &context.application else { return true };
    let last = context.program[target].decorators.iter().rev().find(|known| is_about(&known.name));
    last.is_none_or(|last| last.node == application.node && last.name == application.name)
}
