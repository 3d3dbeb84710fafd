//! Unions and families of models that a property tells apart.

use std::collections::HashMap;
use std::sync::Arc;

use radii_diagnostics::{Code, Diagnostic, Fix, Span};

use crate::program::{Argument, EnumValue, Program, TypeId, TypeKind};
use crate::registry::{Context, Registry};
use crate::syntax::NodeKind;

use super::arguments;

const DISCRIMINATED: &str = "TypeSpec.discriminated";
const DISCRIMINATOR: &str = "TypeSpec.discriminator";

/// Whether a variant stands in an object of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Envelope {
    /// It does: `{kind: "a", value: …}`.
    Object,
    /// The variants carry the property themselves.
    None,
}

/// How the variants of a discriminated union are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discriminated {
    /// Whether a variant stands in an object of its own.
    pub envelope: Envelope,
    /// The property that says which variant it is.
    pub discriminator: Arc<str>,
    /// The property that holds the variant.
    pub value: Arc<str>,
}

pub(super) fn register(registry: &mut Registry) {
    registry.decorator(DISCRIMINATED, check_union).decorator(DISCRIMINATOR, |_, _, _| {}).on_checked(check_families);
}

/// The property of `@discriminator` on a model itself.
pub fn discriminator(program: &Program, model: TypeId) -> Option<&str> {
    arguments::text(program, arguments::of(program, model, DISCRIMINATOR)?, 0).map(|name| &**name)
}

/// How the variants of a union with `@discriminated` are written.
pub fn discriminated(program: &Program, union: TypeId) -> Option<Discriminated> {
    let options = arguments::value(arguments::of(program, union, DISCRIMINATED)?, 0);
    let field = |name: &str, default: &str| -> Arc<str> {
        let value = options.and_then(|options| arguments::field(program, options, name));
        value.and_then(|value| arguments::value_text(program, value)).cloned().unwrap_or_else(|| default.into())
    };
    Some(Discriminated {
        envelope: if &*field("envelope", "object") == "none" { Envelope::None } else { Envelope::Object },
        discriminator: field("discriminatorPropertyName", "kind"),
        value: field("envelopePropertyName", "value"),
    })
}

/// The models of a family by the texts of its discriminator, in the order of the source; models without derived
/// ones that set no text are left out.
pub fn family(program: &Program, model: TypeId) -> Vec<(Arc<str>, TypeId)> {
    discriminator(program, model).map(|property| Family::of(program, model, property).members).unwrap_or_default()
}

fn check_union(context: &mut Context<'_>, target: TypeId, _: &[Argument]) {
    let program = &*context.program;
    let (Some(options), Some(union)) = (discriminated(program, target), program.union(target)) else { return };
    let mut found = Vec::new();
    let mut has_default = false;
    for id in union.variants.clone() {
        let Some(variant) = program.variant(id) else { continue };
        let Some(name) = &variant.name else {
            if has_default {
                let union = union.name.as_deref().unwrap_or("(anonymous)");
                let message =
                    format!("Discriminated union {union} only allow a single default variant(Without a variant name).");
                found.push((id, message));
            }
            has_default = true;
            continue;
        };
        if options.envelope == Envelope::None {
            found.extend(check_bare_variant(program, id, variant.ty, name, &options.discriminator));
        }
    }
    for (target, message) in found {
        super::report_on(context.program, target, "invalid-discriminated-union-variant", message);
    }
}

fn check_bare_variant(
    program: &Program,
    variant: TypeId,
    ty: TypeId,
    name: &str,
    discriminator: &str,
) -> Option<(TypeId, String)> {
    if program.is_error(ty) {
        return None;
    }
    let Some(model) = program.model(ty) else {
        return Some((
            variant,
            format!("Union variant \"{name}\" must be a model type when the union has envelope: none."),
        ));
    };
    let property = program.property(model.properties.get(discriminator)?)?;
    let value = text_of(program, property.ty);
    if value.as_deref() == Some(name) {
        return None;
    }
    let value = value.as_deref().unwrap_or("undefined");
    let message = format!(
        "Variant \"{name}\" explicitly defines the discriminator property \"{discriminator}\" but the value \
         \"{value}\" do not match the variant name \"{name}\"."
    );
    Some((ty, message))
}

/// What is found in a family.
#[derive(Default)]
struct Family {
    members: Vec<(Arc<str>, TypeId)>,
    /// Code, type, message.
    problems: Vec<(&'static str, TypeId, String)>,
}

impl Family {
    fn of(program: &Program, model: TypeId, property: &str) -> Self {
        let mut family = Self::default();
        family.look_below(program, model, property, 0);
        family
    }

    fn look_below(&mut self, program: &Program, model: TypeId, property: &str, depth: usize) {
        if depth > 1000 {
            return;
        }
        for derived in program.model(model).map(|model| model.derived.as_slice()).unwrap_or_default() {
            if program.is_template_declaration(*derived) || program.template_arguments(*derived).is_some() {
                continue;
            }
            let Some(member) = program.model(*derived) else { continue };
            match member.properties.get(property) {
                Some(id) => self.take(program, *derived, id),
                None if member.derived.is_empty() => {
                    let message = format!(
                        "Each derived model of a discriminated model type should have set the discriminator \
                         property(\"{property}\") or have a derived model which has. Add `{property}: \
                         \"<discriminator-value>\"`"
                    );
                    self.problems.push(("missing-discriminator-property", *derived, message));
                }
                None => self.look_below(program, *derived, property, depth + 1),
            }
        }
    }

    fn take(&mut self, program: &Program, model: TypeId, id: TypeId) {
        const CODE: &str = "invalid-discriminator-value";
        let Some(property) = program.property(id) else { return };
        if property.optional {
            self.problems.push((CODE, id, "The discriminator property must be a required property.".to_owned()));
        }
        let texts = texts_of(program, property.ty);
        if texts.is_empty() && !program.is_error(property.ty) {
            let kind = program[property.ty].kind.name();
            let message =
                format!("Discriminator value should be a string, union of string or string enum but was {kind}.");
            self.problems.push((CODE, id, message));
        }
        self.members.extend(texts.into_iter().map(|text| (text, model)));
    }

    fn report(mut self, program: &mut Program, property: &str) {
        let mut users: HashMap<&Arc<str>, Vec<TypeId>> = HashMap::new();
        for (text, model) in &self.members {
            users.entry(text).or_default().push(*model);
        }
        let mut twice: Vec<_> = users.into_iter().filter(|(_, models)| models.len() > 1).collect();
        twice.sort();
        for (text, models) in twice {
            let message = format!("Discriminator value \"{text}\" is already used in another variant.");
            self.problems.extend(models.iter().map(|model| ("invalid-discriminator-value", *model, message.clone())));
        }
        for (code, target, message) in self.problems {
            let fix = match code {
                "missing-discriminator-property" => with_discriminator(program, target, property),
                _ => arguments::without_question(program, target),
            };
            let mut diagnostic = Diagnostic::error(Code::new(code), message);
            if let Some(span) = arguments::name_span(program, target) {
                diagnostic = diagnostic.at(span);
            }
            if let Some(fix) = fix {
                diagnostic = diagnostic.help(fix.title.clone()).fix(fix);
            }
            program.report(diagnostic);
        }
    }
}

fn check_families(program: &mut Program) {
    for model in super::every_type(program) {
        let Some(property) = discriminator(program, model).map(str::to_owned) else { continue };
        if !program.is_template_declaration(model) {
            Family::of(program, model, &property).report(program, &property);
        }
    }
}

/// The discriminator of a model that sets none, with a text made of the model's name.
fn with_discriminator(program: &Program, model: TypeId, property: &str) -> Option<Fix> {
    let node = program[model].node?;
    let members = program.ast.span(program.ast.find(node, NodeKind::Members)?);
    if !program.ast.text_at(members).starts_with('{') {
        return None;
    }
    let name = program.name_of(model)?;
    let mut letters = name.chars();
    let first = letters.next()?.to_lowercase();
    let text: String = first.chain(letters).collect();
    let replacement = format!(" {property}: \"{text}\";");
    let span = Span { start: members.start + 1, end: members.start + 1, ..members };
    Some(Fix { title: format!("add `{}`", replacement.trim()), span, replacement, sure: false })
}

/// The text that a type stands for, if it is one.
fn text_of(program: &Program, ty: TypeId) -> Option<Arc<str>> {
    match &program[ty].kind {
        TypeKind::String(text) => Some(text.clone()),
        TypeKind::EnumMember(member) => match &member.value {
            None => Some(member.name.clone()),
            Some(EnumValue::String(text)) => Some(text.clone()),
            Some(EnumValue::Number(_)) => None,
        },
        _ => None,
    }
}

fn texts_of(program: &Program, ty: TypeId) -> Vec<Arc<str>> {
    match &program[ty].kind {
        TypeKind::Union(union) => {
            let variants = union.variants.iter().filter_map(|id| program.variant(*id));
            variants.flat_map(|variant| texts_of(program, variant.ty)).collect()
        }
        TypeKind::UnionVariant(variant) => texts_of(program, variant.ty),
        _ => text_of(program, ty).into_iter().collect(),
    }
}
