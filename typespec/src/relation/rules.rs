//! The rules, in the order in which the first that applies decides.

use std::collections::HashMap;

use crate::decorators::constraints;
use crate::program::{Constraint, Entity, Intrinsic, Program, TypeId, TypeKind, Union};

use super::RelationFailure;

/// How deep types may be nested before two of them are taken for related.
const MAX_DEPTH: usize = 200;

pub(super) type Outcome = Result<(), RelationFailure>;

/// What is asked to be assignable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Source {
    /// A type, or the type of a value.
    Type(TypeId),
    /// What a template's parameter may stand for.
    Bound(Constraint),
}

/// A question under way, with what is known so far.
pub(super) struct Relation<'a> {
    pub(super) program: &'a Program,
    pairs: HashMap<(TypeId, TypeId), Outcome>,
    depth: usize,
}

impl<'a> Relation<'a> {
    pub(super) fn new(program: &'a Program) -> Self {
        Self { program, pairs: HashMap::new(), depth: 0 }
    }

    /// Whether a type or value satisfies a constraint.
    pub(super) fn satisfies(&mut self, source: Entity, target: Constraint) -> Outcome {
        match source {
            Entity::Type(ty) => match self.program.template_parameter(ty) {
                Some(parameter) => match parameter.constraint {
                    Some(bound) => self.bound_satisfies(bound, target),
                    None => self.type_satisfies(self.program.intrinsic(Intrinsic::Unknown), target),
                },
                None if is_single_value(self.program, ty) => self.literal_satisfies(ty, target),
                None => self.type_satisfies(ty, target),
            },
            Entity::Indeterminate(ty) => self.literal_satisfies(ty, target),
            Entity::Value(value) => match target.value {
                Some(wanted) => self.relate(Source::Type(self.program[value].ty), wanted),
                None => Err(self.unlike(&self.program.value_name(value), &self.program.constraint_name(target))),
            },
        }
    }

    fn type_satisfies(&mut self, source: TypeId, target: Constraint) -> Outcome {
        if self.program.is_error(source) {
            return Ok(());
        }
        match (target.ty, target.value) {
            (Some(wanted), None) => self.relate(Source::Type(source), wanted),
            (Some(wanted), Some(_)) if self.relate(Source::Type(source), wanted).is_ok() => Ok(()),
            _ => Err(self.unlike(&self.program.type_name(source), &self.program.constraint_name(target))),
        }
    }

    fn literal_satisfies(&mut self, source: TypeId, target: Constraint) -> Outcome {
        let wanted = [target.ty, target.value];
        let mut wanted = wanted.into_iter().flatten();
        match (wanted.next(), wanted.next()) {
            (Some(only), None) => self.relate(Source::Type(source), only),
            (first, second) => {
                let related = first.is_some_and(|it| self.relate(Source::Type(source), it).is_ok())
                    || second.is_some_and(|it| self.relate(Source::Type(source), it).is_ok());
                let failure = || self.unlike(&self.program.type_name(source), &self.program.constraint_name(target));
                if related { Ok(()) } else { Err(failure()) }
            }
        }
    }

    /// Whether whatever satisfies one constraint satisfies another.
    pub(super) fn bound_satisfies(&mut self, source: Constraint, target: Constraint) -> Outcome {
        match (source.ty, target.ty, source.value, target.value) {
            (Some(ty), Some(wanted), ..) => self.relate(Source::Type(ty), wanted),
            (_, _, Some(value), Some(wanted)) => self.relate(Source::Type(value), wanted),
            _ => Err(self.unlike(&self.program.constraint_name(source), &self.program.constraint_name(target))),
        }
    }

    /// Whether a source is assignable to a type.
    pub(super) fn relate(&mut self, source: Source, target: TypeId) -> Outcome {
        let source = match source {
            Source::Bound(Constraint { ty: Some(ty), value: None }) | Source::Type(ty) => ty,
            Source::Bound(bound) => {
                return Err(self.unlike(&self.program.constraint_name(bound), &self.program.type_name(target)));
            }
        };
        if let Some(parameter) = self.program.template_parameter(source)
            && source != target
        {
            let unconstrained = Constraint::of_type(self.program.intrinsic(Intrinsic::Unknown));
            return self.relate(Source::Bound(parameter.constraint.unwrap_or(unconstrained)), target);
        }
        if let Some(known) = self.pairs.get(&(source, target)) {
            return known.clone();
        }
        if self.depth > MAX_DEPTH {
            return Ok(());
        }
        self.depth += 1;
        let outcome = self.decide(source, target);
        self.depth -= 1;
        self.pairs.insert((source, target), outcome.clone());
        outcome
    }

    /// Takes a pair for related, or not, until it is decided.
    pub(super) fn assume(&mut self, source: TypeId, target: TypeId, outcome: Outcome) {
        self.pairs.insert((source, target), outcome);
    }

    fn decide(&mut self, source: TypeId, target: TypeId) -> Outcome {
        let program = self.program;
        if source == target || program.is_error(source) || program.is_error(target) {
            return Ok(());
        }
        if let Some(kind) = reflected_kind(program, target) {
            let related = program[source].kind.name() == kind || is_intrinsic(program, source, Intrinsic::Never);
            return self.check(related, source, target);
        }
        if let Some(related) = self.decide_simple(source, target) {
            return self.check(related, source, target);
        }
        match (&program[source].kind, &program[target].kind) {
            (TypeKind::Union(_), TypeKind::Union(wanted)) if wants_unions(program, wanted) => Ok(()),
            (TypeKind::Union(union), _) => {
                self.assume(source, target, Ok(()));
                for variant in union.variants.iter().filter_map(|id| program.variant(*id)) {
                    if self.relate(Source::Type(variant.ty), target).is_err() {
                        return self.check(false, source, target);
                    }
                }
                Ok(())
            }
            (TypeKind::Model(_), TypeKind::Model(_)) => self.relate_models(source, target),
            (TypeKind::Tuple(items), TypeKind::Model(_)) if program.is_array(target) => {
                self.relate_tuple_to_array(source, items, target)
            }
            (TypeKind::Tuple(items), TypeKind::Tuple(wanted)) => self.relate_tuples(source, items, target, wanted),
            (_, TypeKind::Union(union)) => {
                let is_own_variant = union.variants.contains(&source);
                self.assume(source, target, self.check(false, source, target));
                let mut wanted = union.variants.iter().filter_map(|id| program.variant(*id)).map(|it| it.ty);
                let related = is_own_variant || wanted.any(|ty| self.relate(Source::Type(source), ty).is_ok());
                self.check(related, source, target)
            }
            (TypeKind::EnumMember(member), TypeKind::Enum(_)) => {
                self.check(member.enumeration == target, source, target)
            }
            (TypeKind::Function(function), TypeKind::Function(wanted)) => {
                self.relate_functions(source, function, target, wanted)
            }
            _ => self.check(false, source, target),
        }
    }

    /// Rules that need no look inside; `None` where none applies.
    fn decide_simple(&self, source: TypeId, target: TypeId) -> Option<bool> {
        let program = self.program;
        let is = |id, kind| is_intrinsic(program, id, kind);
        if is(source, Intrinsic::Never) {
            return Some(true);
        }
        if is(target, Intrinsic::Void) {
            return Some(is(source, Intrinsic::Void));
        }
        if is(target, Intrinsic::Unknown) {
            return Some(true);
        }
        match (&program[source].kind, &program[target].kind) {
            (TypeKind::Union(_), TypeKind::Scalar(_)) => None,
            (_, TypeKind::Scalar(_)) => Some(super::scalars::relates(program, source, target)),
            (TypeKind::Scalar(_), TypeKind::Model(_)) => Some(false),
            (TypeKind::Union(_), _) => None,
            (TypeKind::String(text), TypeKind::String(wanted)) => Some(text == wanted),
            (TypeKind::StringTemplate(template), TypeKind::String(wanted)) => {
                Some(template.text.as_ref() == Some(wanted))
            }
            (_, TypeKind::String(_)) => Some(false),
            (source, TypeKind::StringTemplate(wanted)) => {
                let wanted = wanted.text.as_ref()?;
                Some(match source {
                    TypeKind::String(text) => text == wanted,
                    TypeKind::StringTemplate(template) => template.text.as_ref() == Some(wanted),
                    _ => false,
                })
            }
            (TypeKind::Number(number), TypeKind::Number(wanted)) => Some(number.value == wanted.value),
            (_, TypeKind::Number(_)) => Some(false),
            _ => None,
        }
    }

    fn relate_tuple_to_array(&mut self, source: TypeId, items: &[TypeId], target: TypeId) -> Outcome {
        let program = self.program;
        let count = items.len() as i128;
        let wants = |bound: Option<&crate::numeric::Numeric>| bound.and_then(crate::numeric::Numeric::as_i128);
        if let Some(least) = wants(constraints::min_items(program, target)).filter(|least| count < *least) {
            return Err(self.miscounted(source, target, count, &format!("requires {least}")));
        }
        if let Some(most) = wants(constraints::max_items(program, target)).filter(|most| count > *most) {
            return Err(self.miscounted(source, target, count, &format!("only allows {most}")));
        }
        let Some(element) = program.model(target).and_then(|model| model.indexer) else { return Ok(()) };
        let wanted = std::iter::repeat(&element.value);
        self.relate_items(source, items.iter().zip(wanted))
    }

    /// Relates items one by one; that of a list which is written out is to blame itself.
    fn relate_items<'t>(&mut self, source: TypeId, items: impl Iterator<Item = (&'t TypeId, &'t TypeId)>) -> Outcome {
        let ast = &self.program.ast;
        let literal = self.program[source].node.filter(|node| ast.kind(*node) == crate::syntax::NodeKind::ArrayLiteral);
        for (at, (item, wanted)) in items.enumerate() {
            if let Err(failure) = self.relate(Source::Type(*item), *wanted) {
                let node = literal.and_then(|literal| ast.children(literal).nth(at));
                return Err(if failure.node.is_none() { failure.at(node) } else { failure });
            }
        }
        Ok(())
    }

    fn relate_tuples(&mut self, source: TypeId, items: &[TypeId], target: TypeId, wanted: &[TypeId]) -> Outcome {
        if items.len() != wanted.len() {
            let wants = format!("requires {}", wanted.len());
            return Err(self.miscounted(source, target, items.len() as i128, &wants));
        }
        self.relate_items(source, items.iter().zip(wanted))
    }

    fn miscounted(&self, source: TypeId, target: TypeId, count: i128, wants: &str) -> RelationFailure {
        let mut failure = self.unlike(&self.program.type_name(source), &self.program.type_name(target));
        failure.message.push_str(&format!("\n  Source has {count} element(s) but target {wants}."));
        failure
    }

    pub(super) fn check(&self, related: bool, source: TypeId, target: TypeId) -> Outcome {
        if related { Ok(()) } else { Err(self.unrelated(source, target)) }
    }

    pub(super) fn unrelated(&self, source: TypeId, target: TypeId) -> RelationFailure {
        let failure = self.unlike(&self.program.type_name(source), &self.program.type_name(target));
        failure.meaning(super::hints::hint(self.program, source, target))
    }

    fn unlike(&self, source: &str, target: &str) -> RelationFailure {
        RelationFailure::new("unassignable", format!("Type '{source}' is not assignable to type '{target}'"))
    }
}

pub(super) fn is_intrinsic(program: &Program, id: TypeId, kind: Intrinsic) -> bool {
    id == program.intrinsic(kind)
}

/// The kind that a model of `TypeSpec.Reflection` stands for.
fn reflected_kind(program: &Program, id: TypeId) -> Option<&str> {
    let model = program.model(id)?;
    let namespace = program.namespace(model.namespace?)?;
    let outer = program.namespace(namespace.namespace?)?;
    (&*namespace.name == "Reflection" && &*outer.name == "TypeSpec" && is_global(program, outer.namespace)).then_some(
        match &*model.name {
            // Nothing is ever of this kind, as the reference has it.
            "StringTemplate" => "",
            name => name,
        },
    )
}

/// Whether a union has any union among its variants.
fn wants_unions(program: &Program, union: &Union) -> bool {
    let mut variants = union.variants.iter().filter_map(|id| program.variant(*id));
    variants.any(|variant| reflected_kind(program, variant.ty) == Some("Union"))
}

/// Whether a type is one value only, and can be that value where one is wanted.
fn is_single_value(program: &Program, ty: TypeId) -> bool {
    matches!(program[ty].kind, TypeKind::EnumMember(_) | TypeKind::Intrinsic(Intrinsic::Null))
}

fn is_global(program: &Program, namespace: Option<TypeId>) -> bool {
    namespace.is_none_or(|id| id == program.global_namespace())
}
