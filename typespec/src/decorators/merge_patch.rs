//! Merge patches of the library for HTTP: what a patch of a model may hold, after RFC 7396.
//!
//! In a patch every property may be left out, and null takes a value away where there need not be one. What a patch
//! replaces as a whole, the items of a list say, is a value of its own and has all that it takes to make one.

use std::collections::HashMap;
use std::sync::Arc;

use crate::program::{
    Application, Argument, Entity, Indexer, Intrinsic, Program, Type, TypeId, TypeKind, Union, UnionVariant,
};
use crate::registry::{Context, Registry};

use super::visibility::{self, Filter};
use super::{arguments, discriminators, report_on};

const APPLY: &str = "TypeSpec.Http.Private.applyMergePatch";
const MODEL: &str = "TypeSpec.Http.Private.mergePatchModel";
const PROPERTY: &str = "TypeSpec.Http.Private.mergePatchProperty";
/// Keeps what was made of a type.
const KNOWN: &str = "TypeSpec.Http.mergePatches";
/// Marks properties that tell the variants of a union apart: no patch may leave them out.
const TELLING: &str = "TypeSpec.Http.mergePatchTelling";
const METADATA: [&str; 5] = ["path", "header", "cookie", "query", "statusCode"];

/// What a value in a patch does to what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Effect {
    /// It changes what is there.
    Update,
    /// It changes what is there, or makes it.
    CreateOrUpdate,
    /// It takes the place of what was there.
    Replace,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Plan {
    effect: Effect,
    /// How types are named, for each effect.
    names: [Arc<str>; 3],
}

type Made = HashMap<Plan, TypeId>;

pub(super) fn register(registry: &mut Registry) {
    registry
        .function("TypeSpec.Http.Private.applyMergePatchTransform", |context, given| {
            let source = arguments::ty(given, 0)?;
            transform(context, source, &given[1..]).map(Entity::Type)
        })
        .decorator(APPLY, |context, target, given| {
            let Some(source) = arguments::ty(given, 0) else { return };
            let made = transform(context, source, &given[1..]);
            let properties = made.and_then(|made| context.program.model(made)).map(|model| model.properties.clone());
            if let (Some(properties), Some(model)) = (properties, context.program.model_mut(target)) {
                model.properties = properties;
            }
        })
        .decorator(MODEL, |_, _, _| {})
        .decorator(PROPERTY, |_, _, _| {});
}

/// Whether a type is sent as a merge patch, or holds what is.
pub fn is_patch(program: &Program, ty: TypeId) -> bool {
    match &program[ty].kind {
        TypeKind::Model(model) => {
            is_patch_model(program, ty)
                || model.sources.iter().any(|source| is_patch_model(program, source.model))
                || model.properties.ids().any(|property| is_patch_property(program, property))
        }
        TypeKind::Union(union) => {
            union.variants.iter().filter_map(|id| program.variant(*id)).any(|it| is_patch_model(program, it.ty))
        }
        TypeKind::Tuple(items) => items.iter().any(|item| is_patch_model(program, *item)),
        _ => false,
    }
}

/// Whether a property is one of a merge patch, or of a type that is one.
pub fn is_patch_property(program: &Program, property: TypeId) -> bool {
    program.find_decorator(property, PROPERTY).is_some()
        || program.property(property).is_some_and(|it| is_patch_model(program, it.ty))
}

fn is_patch_model(program: &Program, ty: TypeId) -> bool {
    let mut current = ty;
    for _ in 0..1000 {
        let Some(model) = program.model(current) else { return false };
        if program.find_decorator(current, MODEL).is_some() || program.find_decorator(current, APPLY).is_some() {
            return true;
        }
        let Some(indexer) = model.indexer else { return false };
        current = indexer.value;
    }
    false
}

fn transform(context: &mut Context<'_>, source: TypeId, options: &[Argument]) -> Option<TypeId> {
    let name = arguments::text(context.program, options, 0)?.clone();
    let mode = arguments::field(context.program, arguments::value(options, 1)?, "visibilityMode")?;
    let mode = arguments::member(context.program, &Argument { entity: Entity::Value(mode), node: None })?;
    let (effect, below) = match &**context.program.name_of(mode)? {
        "Update" => (Effect::Update, "OrCreate"),
        _ => (Effect::CreateOrUpdate, ""),
    };
    let names = [name.clone(), format!("{name}{below}").into(), format!("{name}ReplaceOnly").into()];
    Some(patched(context, source, &Plan { effect, names }))
}

impl Plan {
    fn with(&self, effect: Effect) -> Self {
        Self { effect, names: self.names.clone() }
    }

    /// What is done to a value that there may not be yet.
    fn optional(&self) -> Self {
        match self.effect {
            Effect::Replace => self.clone(),
            _ => self.with(Effect::CreateOrUpdate),
        }
    }

    fn replaced(&self) -> Self {
        self.with(Effect::Replace)
    }

    fn filter(&self, program: &Program) -> Filter {
        // Where nothing led to the parts of life, nothing is said of them.
        if visibility::lifecycle(program).is_none() {
            return Filter::default();
        }
        let member = |name| visibility::lifecycle_member(program, name);
        let members = match self.effect {
            Effect::Update => vec![member("Update")],
            Effect::CreateOrUpdate => vec![member("Create"), member("Update")],
            Effect::Replace => vec![member("Create")],
        };
        Filter::any(members.into_iter().flatten().collect())
    }

    fn name_for(&self, name: &str) -> Arc<str> {
        self.names[self.effect as usize].replace("{name}", name).into()
    }
}

/// Whether there is anything in a type that a patch has otherwise.
fn is_subject(program: &Program, ty: TypeId) -> bool {
    matches!(program[ty].kind, TypeKind::Model(_) | TypeKind::Union(_) | TypeKind::Tuple(_))
}

fn patched(context: &mut Context<'_>, source: TypeId, plan: &Plan) -> TypeId {
    if let Some(known) = context.program.state.get::<Made>(KNOWN, source).and_then(|made| made.get(plan)) {
        return *known;
    }
    if !is_subject(context.program, source) {
        return source;
    }
    let mut copy = context.program[source].clone();
    copy.is_finished = false;
    let copy = context.program.add_type(copy);
    // Types that lead back to themselves find the copy.
    remember(context.program, source, plan, copy);
    let is_other = match context.program[source].kind {
        TypeKind::Model(_) => patch_model(context, source, copy, plan),
        TypeKind::Union(_) => patch_union(context, copy, plan),
        _ => patch_tuple(context, copy, plan),
    };
    if !is_other {
        remember(context.program, source, plan, source);
        return source;
    }
    context.finish(copy);
    copy
}

fn remember(program: &mut Program, source: TypeId, plan: &Plan, made: TypeId) {
    program.state.update::<Made>(KNOWN, source, |known| {
        known.insert(plan.clone(), made);
    });
}

/// Returns whether the copy differs from its source, as all but lists and maps of plain values do.
fn patch_model(context: &mut Context<'_>, source: TypeId, copy: TypeId, plan: &Plan) -> bool {
    let Some(model) = context.program.model(copy).cloned() else { return false };
    let is_plain = model.indexer.is_some() && matches!(&*model.name, "Array" | "Record");
    if let Some(indexer) = model.indexer.filter(|indexer| is_subject(context.program, indexer.value)) {
        let below = if context.program.is_array(source) { plan.replaced() } else { plan.optional() };
        let value = patched(context, indexer.value, &below);
        visibility::replace_element(context.program, copy, Indexer { key: indexer.key, value });
        if is_plain {
            return value != indexer.value;
        }
    } else if is_plain {
        return false;
    }
    let filter = plan.filter(context.program);
    let mut properties = model.properties.clone();
    for (name, property) in model.properties.iter() {
        if !filter.accepts(context.program, property) {
            properties.remove(name);
        } else if let Some(decorator) = metadata(context.program, property) {
            let message = format!(
                "The MergePatch transform does not operate on http envelope metadata.  Remove any http metadata decorators ('@query', '@header', '@path', '@cookie', '@statusCode') from the model passed to the MergePatch template. Found '@{decorator}' decorating property '{name}'"
            );
            report_on(context.program, property, "@typespec/http/merge-patch-contains-metadata", message);
        } else {
            properties.insert(name.clone(), patch_property(context, property, copy, plan));
        }
    }
    let mark = mark(context, MODEL, source);
    let program = &mut *context.program;
    program[copy].decorators.retain(|application| &*application.name != APPLY);
    program[copy].decorators.push(mark);
    if let Some(model) = program.model_mut(copy) {
        model.properties = properties;
        if !model.name.is_empty() {
            model.name = plan.name_for(&model.name);
        }
    }
    true
}

/// The decorator that takes a property out of the body.
fn metadata(program: &Program, property: TypeId) -> Option<&'static str> {
    let is_on = |name: &&str| program.find_decorator(property, &format!("TypeSpec.Http.{name}")).is_some();
    METADATA.into_iter().find(is_on)
}

/// A mark that copies of a type take over, as they do with decorators.
fn mark(context: &Context<'_>, name: &str, source: TypeId) -> Application {
    // Any declaration will do, and there need not be one of a decorator: a mark is known by its name, and nobody wrote it.
    let own = context.application.as_ref().map(|application| application.declaration);
    let declaration = own.unwrap_or(source);
    let arguments = vec![Argument { entity: Entity::Type(source), node: None }];
    Application { declaration, name: name.into(), arguments, node: None }
}

fn patch_property(context: &mut Context<'_>, property: TypeId, owner: TypeId, plan: &Plan) -> TypeId {
    let Some(known) = context.program.property(property).cloned() else { return property };
    let classes: Vec<TypeId> = visibility::lifecycle(context.program).into_iter().collect();
    let mut copy = context.program[property].clone();
    copy.is_finished = false;
    copy.decorators = visibility::without(context.program, &copy.decorators, &classes);
    copy.decorators.push(mark(context, PROPERTY, property));
    let copy = context.program.add_type(copy);
    let below = if known.optional { plan.optional() } else { plan.clone() };
    let mut ty = patched(context, known.ty, &below);
    let is_telling = context.program.state.has(TELLING, property);
    let (mut optional, mut default) = (known.optional, known.default);
    if plan.effect != Effect::Replace {
        if !is_telling && (known.optional || known.default.is_some()) {
            ty = or_null(context.program, ty);
        }
        optional = !is_telling && !is_discriminator(context.program, property);
        default = None;
    }
    if let Some(it) = context.program.property_mut(copy) {
        (it.ty, it.model, it.optional, it.default) = (ty, Some(owner), optional, default);
    }
    context.finish(copy);
    visibility::reset_all(context.program, copy, &classes);
    copy
}

fn is_discriminator(program: &Program, property: TypeId) -> bool {
    let Some(it) = program.property(property) else { return false };
    it.model.and_then(|model| discriminators::discriminator(program, model)) == Some(&it.name)
}

/// A union of a type and null.
fn or_null(program: &mut Program, ty: TypeId) -> TypeId {
    let made = |kind| Type { kind, node: None, decorators: Vec::new(), mapper: None, is_finished: true };
    let union = program.add_type(made(TypeKind::Union(Union { is_expression: true, ..Union::default() })));
    let null = program.intrinsic(Intrinsic::Null);
    let variants =
        [ty, null].map(|ty| program.add_type(made(TypeKind::UnionVariant(UnionVariant { name: None, union, ty }))));
    if let Some(union) = program.union_mut(union) {
        union.variants = variants.to_vec();
    }
    union
}

fn patch_union(context: &mut Context<'_>, copy: TypeId, plan: &Plan) -> bool {
    let Some(union) = context.program.union(copy).cloned() else { return false };
    let mut is_other = union.name.is_some();
    let telling = context.program.find_decorator(copy, "TypeSpec.discriminated").is_some();
    let telling = telling.then(|| discriminators::discriminated(context.program, copy)).flatten();
    let mut variants = Vec::new();
    for id in union.variants {
        let Some(ty) = context.program.variant(id).map(|variant| variant.ty) else { continue };
        let property = telling.as_ref().and_then(|it| context.program.model(ty)?.properties.get(&it.discriminator));
        if let Some(property) = property {
            context.program.state.set(TELLING, property, ());
        }
        let made = patched(context, ty, &plan.optional());
        is_other |= made != ty;
        let variant = context.program[id].clone();
        let variant = context.program.add_type(variant);
        if let Some(it) = context.program.variant_mut(variant) {
            (it.ty, it.union) = (made, copy);
        }
        variants.push(variant);
    }
    if let Some(union) = context.program.union_mut(copy) {
        union.variants = variants;
        union.name = union.name.as_ref().map(|name| plan.name_for(name));
    }
    is_other
}

fn patch_tuple(context: &mut Context<'_>, copy: TypeId, plan: &Plan) -> bool {
    let TypeKind::Tuple(items) = context.program[copy].kind.clone() else { return false };
    let made: Vec<TypeId> = items.iter().map(|item| patched(context, *item, &plan.replaced())).collect();
    let is_other = made != items;
    context.program[copy].kind = TypeKind::Tuple(made);
    is_other
}
