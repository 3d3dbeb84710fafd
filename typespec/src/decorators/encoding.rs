//! How values are written: encodings, names on the wire, media types.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use radii_diagnostics::{Code, Diagnostic, Fix, Span};

use crate::program::{Argument, EnumValue, Members, Program, TypeId};
use crate::registry::{Context, Registry};
use crate::relation;

use super::arguments;

const ENCODE: &str = "TypeSpec.encode";
const ENCODED_NAME: &str = "TypeSpec.encodedName";

/// How a value is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoding {
    /// The encoding's name; `None` where the value is only written as another scalar.
    pub name: Option<Arc<str>>,
    /// The scalar that is written.
    pub scalar: TypeId,
}

pub(super) fn register(registry: &mut Registry) {
    registry
        .decorator(ENCODE, encode)
        .decorator(ENCODED_NAME, encoded_name)
        .decorator("TypeSpec.mediaTypeHint", media_type_hint)
        .on_validate(check_encoded_names);
}

/// The encoding of `@encode` on a scalar or property itself.
pub fn encoding(program: &Program, target: TypeId) -> Option<&Encoding> {
    program.state.get(ENCODE, target)
}

/// The name of something in a media type: that of `@encodedName`, else its own.
///
/// A type with a suffix such as `application/merge-patch+json` takes the names of its suffix's type.
pub fn encoded_name_of<'p>(program: &'p Program, target: TypeId, media_type: &str) -> Option<&'p str> {
    let wanted = match media_type.split_once('/') {
        Some((kind, subtype)) => match subtype.rsplit_once('+') {
            Some((_, suffix)) => format!("{kind}/{suffix}"),
            None => media_type.to_owned(),
        },
        None => media_type.to_owned(),
    };
    let given = names_of(program, target).rev().find(|(media, _)| ***media == *wanted).map(|(_, name)| name);
    given.or_else(|| program.name_of(target)).map(|name| &**name)
}

/// The media type of `@mediaTypeHint`, the type's own or that of a base.
pub fn media_type_of(program: &Program, target: TypeId) -> Option<&str> {
    let mut current = Some(target);
    for _ in 0..10_000 {
        let id = current?;
        if let Some(given) = arguments::of(program, id, "TypeSpec.mediaTypeHint") {
            return arguments::text(program, given, 0).map(|text| &**text);
        }
        if program.standard_scalar("string") == Some(id) {
            return Some("text/plain");
        }
        current = match (program.model(id), program.scalar(id)) {
            (Some(model), _) => model.base,
            (_, Some(scalar)) => scalar.base,
            _ => None,
        };
    }
    None
}

fn names_of(program: &Program, target: TypeId) -> impl DoubleEndedIterator<Item = (&Arc<str>, &Arc<str>)> {
    arguments::all(program, target, ENCODED_NAME).filter_map(|application| {
        let given = &application.arguments;
        Some((arguments::text(program, given, 0)?, arguments::text(program, given, 1)?))
    })
}

fn encode(context: &mut Context<'_>, target: TypeId, given: &[Argument]) {
    arguments::check_unique(context, target);
    let Some(encoding) = compute(context, given) else { return };
    check_encoding(context, target, &encoding);
    context.program.state.set(ENCODE, target, encoding);
}

fn compute(context: &mut Context<'_>, given: &[Argument]) -> Option<Encoding> {
    let program = &*context.program;
    let string = program.standard_scalar("string")?;
    let scalar = arguments::ty(given, 1).unwrap_or(string);
    if let Some(name) = arguments::text(program, given, 0) {
        return Some(Encoding { name: Some(name.clone()), scalar });
    }
    if let Some(id) = arguments::member(program, given.first()?) {
        let name = match program.enum_member(id).and_then(|member| member.value.as_ref()) {
            Some(EnumValue::String(text)) => text.clone(),
            _ => program.type_name(id).into(),
        };
        return Some(Encoding { name: Some(name), scalar });
    }
    let first = arguments::ty(given, 0)?;
    if first == string {
        return Some(Encoding { name: None, scalar: string });
    }
    let name = program.type_name(first);
    let message = "First argument of \"@encode\" must be the encoding name or the string type when encoding \
                   numeric or boolean types.";
    let help = format!("write `@encode(\"…\", {name})` with the name of an encoding before `{name}`");
    let mut diagnostic = Diagnostic::error(Code::new("invalid-encode"), message).help(help);
    if let Some(span) = context.argument_span(&given[0]) {
        diagnostic = diagnostic.at(span);
    }
    context.report(diagnostic);
    None
}

/// What an encoding can be used on, and what it gives.
fn rules(name: Option<&str>) -> Option<(&'static [&'static str], &'static [&'static str])> {
    Some(match name {
        Some("rfc3339" | "rfc7231") => (&["utcDateTime", "offsetDateTime"], &["string"]),
        Some("unixTimestamp") => (&["utcDateTime"], &["integer"]),
        Some("seconds" | "milliseconds") => (&["duration"], &["numeric"]),
        Some("base64" | "base64url") => (&["bytes"], &["string"]),
        None => (&["numeric", "boolean"], &["string"]),
        Some(_) => return None,
    })
}

fn check_encoding(context: &mut Context<'_>, target: TypeId, encoding: &Encoding) {
    let name = encoding.name.as_deref();
    let Some((targets, results)) = rules(name) else { return };
    let program = &*context.program;
    let ty = arguments::property_type(program, target);
    if program.is_error(ty) || program.is_error(encoding.scalar) {
        return;
    }
    let is_one = |ty: TypeId, names: &[&str]| {
        let scalars = names.iter().filter_map(|name| program.standard_scalar(name));
        scalars.into_iter().any(|wanted| relation::is_type_assignable(program, ty, wanted).is_ok())
    };
    let shown = name.unwrap_or("string").to_owned();
    let type_name = program.type_name(ty);
    let fits = arguments::is_any(program, ty, |ty| is_one(ty, targets));
    let gives = is_one(encoding.scalar, results);
    let actual = program.type_name(encoding.scalar);
    if !fits {
        let expected = targets.join(", ");
        let message = format!("Encoding '{shown}' cannot be used on type '{type_name}'. Expected: {expected}.");
        context.error("invalid-encode", message);
    }
    // One mistake at a time: what does not fit at all need not give the right thing.
    if fits && !gives {
        let expected = results.join(", ");
        let mut message = format!(
            "Encoding '{shown}' on type '{type_name}' is expected to be serialized as '{expected}' but got '{actual}'."
        );
        let wants_number = matches!(name, Some("unixTimestamp" | "seconds" | "milliseconds"));
        if wants_number {
            message.push_str(&format!(
                " Set '@encode' 2nd parameter to be of type {expected}. e.g. '@encode(\"{shown}\", int32)'"
            ));
        }
        let scalar = if wants_number { "int32" } else { "string" };
        let mut diagnostic = Diagnostic::error(Code::new("invalid-encode"), message);
        if let Some(span) = context.span {
            diagnostic = diagnostic.at(span);
        }
        if let Some(fix) = encoded_as(context, scalar) {
            diagnostic = diagnostic.help(fix.title.clone()).fix(fix);
        }
        context.report(diagnostic);
    }
}

/// The scalar that an encoding gives, written as the second argument.
fn encoded_as(context: &Context<'_>, scalar: &str) -> Option<Fix> {
    let given = &context.application.as_ref()?.arguments;
    let title = format!("encode as `{scalar}`");
    let (span, replacement) = match given.as_slice() {
        [only] => {
            let first = context.program.ast.span(only.node?);
            (Span { start: first.end, ..first }, format!(", {scalar}"))
        }
        [_, second, ..] => (context.program.ast.span(second.node?), scalar.to_owned()),
        [] => return None,
    };
    Some(Fix { title, span, replacement, sure: false })
}

fn encoded_name(context: &mut Context<'_>, _: TypeId, given: &[Argument]) {
    let Some(media_type) = arguments::text(context.program, given, 0).cloned() else { return };
    let Some(subtype) = check_media_type(context, &given[0], &media_type) else { return };
    let Some((_, suffix)) = subtype.split_once('+') else { return };
    let message = format!(
        "Cannot use mime type '{media_type}' with suffix '{suffix}'. Use a simple mime `type/subtype` instead."
    );
    report_at(context, &given[0], "no-mime-type-suffix", message);
}

fn media_type_hint(context: &mut Context<'_>, target: TypeId, given: &[Argument]) {
    arguments::check_unique(context, target);
    if let Some(media_type) = arguments::text(context.program, given, 0).cloned() {
        check_media_type(context, &given[0], &media_type);
    }
}

/// Reports what is no media type; returns the part behind the slash.
fn check_media_type<'t>(context: &mut Context<'_>, argument: &Argument, media_type: &'t str) -> Option<&'t str> {
    let subtype = subtype_of(media_type);
    if subtype.is_none() {
        report_at(context, argument, "invalid-mime-type", format!("Invalid mime type '{media_type}'"));
    }
    subtype
}

fn subtype_of(media_type: &str) -> Option<&str> {
    const KINDS: [&str; 10] =
        ["application", "audio", "font", "example", "image", "message", "model", "multipart", "text", "video"];
    let is_token = |text: &str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+.^_`|~-".contains(&byte))
    };
    let (kind, subtype) = media_type.split_once('/')?;
    let known = KINDS.contains(&kind) || kind.strip_prefix("x-").is_some_and(is_token);
    (known && is_token(subtype)).then_some(subtype)
}

fn report_at(context: &mut Context<'_>, argument: &Argument, code: &'static str, message: String) {
    let diagnostic = Diagnostic::error(Code::new(code), message);
    let span = context.argument_span(argument);
    context.report(match span {
        Some(span) => diagnostic.at(span),
        None => diagnostic,
    });
}

/// Reports names on the wire that are taken twice, or that another member has in the source.
fn check_encoded_names(program: &mut Program) {
    let mut found = Vec::new();
    for owner in super::every_type(program) {
        let Some(members) = members_of(program, owner) else { continue };
        if !members.ids().any(|member| program.find_decorator(member, ENCODED_NAME).is_some()) {
            continue;
        }
        let mut taken: HashMap<(Arc<str>, Arc<str>), Vec<TypeId>> = HashMap::new();
        for member in members.ids() {
            let names: HashMap<&Arc<str>, &Arc<str>> = names_of(program, member).collect();
            let mut names: Vec<_> = names.into_iter().collect();
            names.sort();
            for (media_type, name) in names {
                taken.entry((media_type.clone(), name.clone())).or_default().push(member);
                if members.get(name).is_some_and(|other| other != member || program.name_of(member) == Some(name)) {
                    let message = format!(
                        "Encoded name '{name}' conflicts with existing member name for mime type '{media_type}'"
                    );
                    found.push((member, message));
                }
            }
        }
        let mut taken: Vec<_> = taken.into_iter().filter(|(_, members)| members.len() > 1).collect();
        taken.sort();
        for ((media_type, name), members) in taken {
            let message = format!("Same encoded name '{name}' is used for {} members '{media_type}'", members.len());
            found.extend(members.into_iter().map(|member| (member, message.clone())));
        }
    }
    for (member, message) in found {
        super::report_on(program, member, "encoded-name-conflict", message);
    }
}

/// The members of a type by name; those of unions that have one.
fn members_of(program: &Program, owner: TypeId) -> Option<Cow<'_, Members>> {
    if let Some(model) = program.model(owner) {
        return Some(Cow::Borrowed(&model.properties));
    }
    if let Some(it) = program.enumeration(owner) {
        return Some(Cow::Borrowed(&it.members));
    }
    let mut members = Members::default();
    for id in &program.union(owner)?.variants {
        if let Some(name) = program.variant(*id).and_then(|variant| variant.name.clone()) {
            members.insert(name, *id);
        }
    }
    Some(Cow::Owned(members))
}
