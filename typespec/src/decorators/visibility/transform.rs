//! Copies of models without the properties that fail a filter, through all types below them.

use std::collections::HashMap;
use std::sync::Arc;

use crate::program::{Application, Argument, Entity, Indexer, Mapper, Program, TypeId, TypeKind};
use crate::registry::{Context, Registry};

use super::{Filter, STORE, arguments, lifecycle_member, reset};

/// Marks what was made.
const MADE: &str = "TypeSpec.filteredByVisibility";
/// Keeps what was made of a type.
const KNOWN: &str = "TypeSpec.visibilityFilters";

/// What to do to a type; types are the same for the same plan.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Plan {
    filter: Filter,
    /// The filter for what is below, if that is another one.
    below: Option<Box<Plan>>,
    /// How changed types are named.
    name: Option<Arc<str>>,
}

/// Types that were made, by plan; kept at the type that they were made from.
type Made = HashMap<Plan, TypeId>;

pub(super) fn register(registry: &mut Registry) {
    registry
        .function("TypeSpec.applyVisibilityFilter", |context, given| {
            let plan = filter_plan(context.program, given)?;
            apply(context, given, &plan)
        })
        .function("TypeSpec.applyLifecycleUpdate", |context, given| {
            let plan = update_plan(context.program, given.get(1))?;
            apply(context, given, &plan)
        })
        .decorator("TypeSpec.withVisibilityFilter", |context, target, given| {
            let model = Argument { entity: Entity::Type(target), node: None };
            let all: Vec<Argument> = std::iter::once(model).chain(given.iter().cloned()).collect();
            if let Some(plan) = filter_plan(context.program, &all) {
                replace_properties(context, target, &plan);
            }
        })
        .decorator("TypeSpec.withLifecycleUpdate", |context, target, given| {
            if let Some(plan) = update_plan(context.program, given.first()) {
                replace_properties(context, target, &plan);
            }
        });
}

/// Whether a type is a copy that a filter made: what was said of its source may not hold for it.
pub(crate) fn is_filtered(program: &Program, target: TypeId) -> bool {
    program.state.has(MADE, target)
}

fn filter_plan(program: &Program, given: &[Argument]) -> Option<Plan> {
    let filter = Filter::from_value(program, arguments::value(given, 1)?);
    Some(Plan { filter, below: None, name: arguments::text(program, given, 2).cloned() })
}

fn update_plan(program: &Program, name: Option<&Argument>) -> Option<Plan> {
    let name = name.and_then(|name| arguments::text(program, std::slice::from_ref(name), 0).cloned());
    let (create, update) = (lifecycle_member(program, "Create")?, lifecycle_member(program, "Update")?);
    let below = Plan { filter: Filter::any(vec![create, update]), below: None, name: name.clone() };
    Some(Plan { filter: Filter::all(vec![update]), below: Some(Box::new(below)), name })
}

fn apply(context: &mut Context<'_>, given: &[Argument], plan: &Plan) -> Option<Entity> {
    let source = arguments::ty(given, 0)?;
    Some(Entity::Type(transformed(context, source, plan)))
}

fn replace_properties(context: &mut Context<'_>, target: TypeId, plan: &Plan) {
    let made = transformed(context, target, plan);
    let properties = context.program.model(made).map(|model| model.properties.clone());
    if let (Some(properties), Some(model)) = (properties, context.program.model_mut(target)) {
        model.properties = properties;
    }
}

/// Returns what a plan makes of a type: the type itself where nothing changes.
fn transformed(context: &mut Context<'_>, source: TypeId, plan: &Plan) -> TypeId {
    if let Some(known) = context.program.state.get::<Made>(KNOWN, source).and_then(|made| made.get(plan)) {
        return *known;
    }
    if !matches!(context.program[source].kind, TypeKind::Model(_) | TypeKind::Union(_) | TypeKind::Tuple(_)) {
        return source;
    }
    let mut copy = context.program[source].clone();
    copy.is_finished = false;
    let copy = context.program.add_type(copy);
    // Types that lead back to themselves find the copy.
    remember(context.program, source, plan, copy);
    let changed = match context.program[source].kind {
        TypeKind::Model(_) => transform_model(context, copy, plan),
        TypeKind::Union(_) => transform_union(context, copy, plan),
        _ => transform_tuple(context, copy, plan),
    };
    if !changed {
        remember(context.program, source, plan, source);
        return source;
    }
    context.program.state.set(MADE, copy, ());
    rename(context.program, copy, plan);
    context.finish(copy);
    copy
}

fn remember(program: &mut Program, source: TypeId, plan: &Plan, made: TypeId) {
    program.state.update::<Made>(KNOWN, source, |known| {
        known.insert(plan.clone(), made);
    });
}

fn transform_model(context: &mut Context<'_>, copy: TypeId, plan: &Plan) -> bool {
    let Some(model) = context.program.model(copy).cloned() else { return false };
    let mut changed = false;
    if let Some(indexer) = model.indexer {
        let value = transformed(context, indexer.value, below(plan));
        if value != indexer.value {
            changed = true;
            replace_element(context.program, copy, Indexer { key: indexer.key, value });
        }
    }
    let mut properties = model.properties.clone();
    for (name, property) in model.properties.iter() {
        if !plan.filter.accepts(context.program, property) {
            properties.remove(name);
            changed = true;
            continue;
        }
        let kept = transform_property(context, property, copy, plan);
        changed |= kept != property;
        properties.insert(name.clone(), kept);
    }
    if let Some(model) = context.program.model_mut(copy) {
        model.properties = properties;
    }
    let is_filter = |application: &Application| {
        matches!(&*application.name, "TypeSpec.withVisibilityFilter" | "TypeSpec.withLifecycleUpdate")
    };
    context.program[copy].decorators.retain(|application| !is_filter(application));
    changed
}

/// Changes the element of an array or record, and the argument of the template that it is an instance of.
pub(crate) fn replace_element(program: &mut Program, model: TypeId, indexer: Indexer) {
    if let Some(model) = program.model_mut(model) {
        model.indexer = Some(indexer);
    }
    let is_instance = program.template_arguments(model).is_some_and(|arguments| arguments.len() == 1);
    if let Some(mapper) = program[model].mapper.filter(|_| is_instance) {
        let mapper = Mapper { arguments: vec![Entity::Type(indexer.value)], ..program[mapper].clone() };
        program[model].mapper = Some(program.add_mapper(mapper));
    }
}

fn transform_property(context: &mut Context<'_>, property: TypeId, owner: TypeId, plan: &Plan) -> TypeId {
    let Some(known) = context.program.property(property).cloned() else { return property };
    let classes = plan.filter.classes(context.program);
    let before = &context.program[property].decorators;
    let after = without(context.program, before, &classes);
    let count = |list: &[Application]| list.iter().map(|it| it.arguments.len() + 1).sum::<usize>();
    let says_less = count(&after) != count(before);
    let ty = transformed(context, known.ty, below(plan));
    if !says_less && ty == known.ty {
        return property;
    }
    let mut copy = context.program[property].clone();
    copy.is_finished = false;
    copy.decorators = after;
    let copy = context.program.add_type(copy);
    if let Some(it) = context.program.property_mut(copy) {
        (it.ty, it.model, it.source) = (ty, Some(owner), Some(property));
    }
    context.program.state.set(MADE, copy, ());
    context.finish(copy);
    classes.iter().for_each(|class| reset(context.program, copy, *class));
    copy
}

/// Decorators as a copy has them: nothing is left to say of some classes.
pub(crate) fn without(program: &Program, decorators: &[Application], classes: &[TypeId]) -> Vec<Application> {
    decorators.iter().filter_map(|application| without_classes(program, application, classes)).collect()
}

/// A decorator as the copy has it: nothing is left to say of the classes that were looked at.
fn without_classes(program: &Program, application: &Application, classes: &[TypeId]) -> Option<Application> {
    match &*application.name {
        "TypeSpec.invisible" => None,
        STORE | "TypeSpec.removeVisibility" => {
            let mut application = application.clone();
            application.arguments.retain(|argument| {
                let member = arguments::member(program, argument);
                let class = member.and_then(|member| super::class_of(program, member));
                class.is_some_and(|class| !classes.contains(&class))
            });
            (!application.arguments.is_empty()).then_some(application)
        }
        _ => Some(application.clone()),
    }
}

fn transform_union(context: &mut Context<'_>, copy: TypeId, plan: &Plan) -> bool {
    let Some(union) = context.program.union(copy).cloned() else { return false };
    let mut changed = false;
    let mut variants = Vec::new();
    for id in union.variants {
        let Some(ty) = context.program.variant(id).map(|variant| variant.ty) else { continue };
        let made = transformed(context, ty, plan);
        if made == ty {
            variants.push(id);
            continue;
        }
        changed = true;
        let variant = context.program[id].clone();
        let variant = context.program.add_type(variant);
        if let Some(it) = context.program.variant_mut(variant) {
            (it.ty, it.union) = (made, copy);
        }
        variants.push(variant);
    }
    if let Some(union) = context.program.union_mut(copy) {
        union.variants = variants;
    }
    changed
}

fn transform_tuple(context: &mut Context<'_>, copy: TypeId, plan: &Plan) -> bool {
    let TypeKind::Tuple(items) = context.program[copy].kind.clone() else { return false };
    let made: Vec<TypeId> = items.iter().map(|item| transformed(context, *item, plan)).collect();
    let changed = made != items;
    context.program[copy].kind = TypeKind::Tuple(made);
    changed
}

fn below(plan: &Plan) -> &Plan {
    plan.below.as_deref().unwrap_or(plan)
}

fn rename(program: &mut Program, target: TypeId, plan: &Plan) {
    let Some(template) = &plan.name else { return };
    let Some(name) = program.name_of(target).map(|name| template.replace("{name}", name)) else { return };
    match &mut program[target].kind {
        // The arrays and maps of the library stay what they are.
        TypeKind::Model(model) if model.indexer.is_some() && matches!(&*model.name, "Array" | "Record") => {}
        TypeKind::Model(model) => model.name = name.into(),
        TypeKind::Union(union) => union.name = Some(name.into()),
        _ => {}
    }
}
