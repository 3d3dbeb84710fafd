//! Words about a type: descriptions, titles, names for people.

use std::sync::Arc;

use crate::program::{Argument, Entity, EnumValue, Program, TypeId, TypeKind, ValueKind};
use crate::registry::{Context, Registry};
use crate::syntax::NodeKind;

use super::arguments;

const FRIENDLY_NAME: &str = "TypeSpec.friendlyName";

pub(super) fn register(registry: &mut Registry) {
    registry
        .decorator("TypeSpec.doc", doc)
        .decorator("TypeSpec.returnsDoc", returns_doc)
        .decorator("TypeSpec.errorsDoc", errors_doc)
        .decorator(FRIENDLY_NAME, friendly_name)
        .decorator("TypeSpec.service", |context, target, _| arguments::check_unique(context, target))
        .decorator("TypeSpec.error", |context, target, _| arguments::check_unique(context, target))
        .decorator("TypeSpec.secret", |context, target, _| arguments::check_unique(context, target))
        .decorator("TypeSpec.key", key);
    for name in ["summary", "tag", "inspectType", "inspectTypeName"] {
        registry.decorator(format!("TypeSpec.{name}"), |_, _, _| {});
    }
}

/// The title of `@summary`.
pub fn summary(program: &Program, target: TypeId) -> Option<&str> {
    arguments::text(program, arguments::of(program, target, "TypeSpec.summary")?, 0).map(|text| &**text)
}

/// The name of `@friendlyName`, filled in.
pub fn friendly_name_of(program: &Program, target: TypeId) -> Option<&str> {
    program.state.get::<Arc<str>>(FRIENDLY_NAME, target).map(|name| &**name)
}

/// Whether a type is marked with `@secret` itself.
pub fn is_secret(program: &Program, target: TypeId) -> bool {
    program.find_decorator(target, "TypeSpec.secret").is_some()
}

/// Whether a model, or one that it extends, describes an error.
pub fn is_error(program: &Program, model: TypeId) -> bool {
    let mut current = Some(model);
    for _ in 0..10_000 {
        let Some(id) = current else { return false };
        if program.find_decorator(id, "TypeSpec.error").is_some() {
            return true;
        }
        current = program.model(id).and_then(|model| model.base);
    }
    false
}

/// Whether a namespace is a service.
pub fn is_service(program: &Program, namespace: TypeId) -> bool {
    program.find_decorator(namespace, "TypeSpec.service").is_some()
}

/// The title of a service.
pub fn service_title(program: &Program, namespace: TypeId) -> Option<&str> {
    let options = arguments::value(arguments::of(program, namespace, "TypeSpec.service")?, 0)?;
    let title = arguments::field(program, options, "title")?;
    arguments::value_text(program, title).map(|text| &**text)
}

/// The tags of a namespace, an interface or an operation, the top-most first.
pub fn tags(program: &Program, target: TypeId) -> Vec<&str> {
    let uses = arguments::all(program, target, "TypeSpec.tag").rev();
    uses.filter_map(|tag| arguments::text(program, &tag.arguments, 0)).map(|text| &**text).collect()
}

/// The name of the key that a property is: its own unless `@key` gives another.
pub fn key_name(program: &Program, property: TypeId) -> Option<&str> {
    let given = arguments::of(program, property, "TypeSpec.key")?;
    arguments::text(program, given, 0).or_else(|| program.name_of(property)).map(|name| &**name)
}

fn doc(context: &mut Context<'_>, target: TypeId, given: &[Argument]) {
    arguments::check_unique(context, target);
    // What was taken over does not speak for a type that has a comment of its own.
    if !is_own(context, target) && context.program.has_doc_comment(target) {
        return;
    }
    let Some(text) = arguments::text(context.program, given, 0) else { return };
    let text = filled(context.program, text, given.get(1));
    context.program.set_doc(target, text);
}

fn returns_doc(context: &mut Context<'_>, target: TypeId, given: &[Argument]) {
    keep_text(context, "TypeSpec.returnsDoc", target, given);
}

fn errors_doc(context: &mut Context<'_>, target: TypeId, given: &[Argument]) {
    keep_text(context, "TypeSpec.errorsDoc", target, given);
}

fn keep_text(context: &mut Context<'_>, key: &'static str, target: TypeId, given: &[Argument]) {
    arguments::check_unique(context, target);
    if let Some(text) = arguments::text(context.program, given, 0) {
        let text = text.to_string();
        context.program.state.set(key, target, text);
    }
}

fn friendly_name(context: &mut Context<'_>, target: TypeId, given: &[Argument]) {
    if !is_own(context, target) {
        return;
    }
    let Some(name) = arguments::text(context.program, given, 0) else { return };
    let name: Arc<str> = filled(context.program, name, given.get(1)).into();
    context.program.state.set(FRIENDLY_NAME, target, name);
}

/// A model that `is` another one takes its decorators, but not its name.
fn is_own(context: &Context<'_>, target: TypeId) -> bool {
    let program = &*context.program;
    if !matches!(program[target].kind, TypeKind::Model(_) | TypeKind::Operation(_)) {
        return true;
    }
    let Some(node) = context.application.as_ref().and_then(|application| application.node) else { return true };
    match program.ast.kind(node) {
        NodeKind::Decorator => program.ast.parent(node) == program[target].node,
        // The name that is augmented is looked up by the checker; a copy has the same node as its source only
        // where it is the same declaration.
        _ => program.model(target).is_none_or(|model| model.source.is_none() || !is_copied(program, target, node)),
    }
}

/// Whether an augmenting decorator of a model was written for the model that it `is`.
fn is_copied(program: &Program, target: TypeId, augment: crate::ast::NodeId) -> bool {
    let mut current = program.model(target).and_then(|model| model.source);
    for _ in 0..100 {
        let Some(source) = current else { return false };
        if program[source].decorators.iter().any(|application| application.node == Some(augment)) {
            return true;
        }
        current = program.model(source).and_then(|model| model.source);
    }
    false
}

fn key(context: &mut Context<'_>, target: TypeId, _: &[Argument]) {
    let Some(property) = context.program.property(target).filter(|property| property.optional) else { return };
    let message = format!("Property '{}' marked as key cannot be optional.", property.name);
    let mut diagnostic = radii_diagnostics::Diagnostic::error(radii_diagnostics::Code::new("no-optional-key"), message);
    if let Some(span) = arguments::name_span(context.program, target) {
        diagnostic = diagnostic.at(span).help("remove the `?`, or the `@key`");
    }
    if let Some(fix) = arguments::without_question(context.program, target) {
        diagnostic = diagnostic.at(fix.span);
        diagnostic = diagnostic.fix(fix);
    }
    context.report(diagnostic);
}

/// Replaces every `{word}` by that field of a type or value.
fn filled(program: &Program, text: &str, source: Option<&Argument>) -> String {
    let Some(source) = source.map(|argument| argument.entity) else { return text.to_owned() };
    if source.as_type().is_some_and(|ty| program.template_parameter(ty).is_some()) {
        return text.to_owned();
    }
    let mut filled = String::new();
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        let (before, after) = rest.split_at(open);
        filled.push_str(before);
        let word = after[1..].split('}').next().unwrap_or_default();
        let is_word = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if is_word && after.len() > word.len() + 1 {
            // What is not there is printed as the reference prints it, so that the mistake is seen.
            filled.push_str(&field_of(program, source, word).unwrap_or_else(|| "undefined".to_owned()));
            rest = &after[word.len() + 2..];
        } else {
            filled.push('{');
            rest = &after[1..];
        }
    }
    filled.push_str(rest);
    filled
}

fn field_of(program: &Program, source: Entity, name: &str) -> Option<String> {
    let ty = match source {
        Entity::Value(value) => {
            let field = arguments::field(program, value, name)?;
            return Some(match &program[field].kind {
                ValueKind::String { text, .. } => text.to_string(),
                _ => program.value_name(field),
            });
        }
        Entity::Type(ty) | Entity::Indeterminate(ty) => ty,
    };
    match (name, &program[ty].kind) {
        ("name", TypeKind::Model(model)) => Some(model.name.to_string()),
        ("name", _) => program.name_of(ty).map(|name| name.to_string()),
        ("kind", kind) => Some(kind.name().to_owned()),
        ("value", TypeKind::String(text)) => Some(text.to_string()),
        ("value", TypeKind::Number(number)) => Some(number.value.to_string()),
        ("value", TypeKind::Boolean(truth)) => Some(truth.to_string()),
        ("value", TypeKind::EnumMember(member)) => Some(match member.value.as_ref()? {
            EnumValue::String(text) => text.to_string(),
            EnumValue::Number(number) => number.to_string(),
        }),
        _ => None,
    }
}
