//! Visibility: in which part of a resource's life a property can be seen.
//!
//! A visibility class is any enum, and its members are the modifiers. A property that says nothing about a class
//! has the class's default: all members, or those of `@defaultVisibility`.

mod filter;
mod transform;

use std::collections::BTreeMap;

use crate::program::{Application, Argument, Program, TypeId};
use crate::registry::{Context, Registry};

use super::{arguments, transformations};

pub use filter::Filter;
pub(crate) use transform::{is_filtered, replace_element, without};

const STORE: &str = "TypeSpec.visibility";

/// What a property says itself: the modifiers that it has, by class.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Stored {
    classes: BTreeMap<TypeId, Vec<TypeId>>,
}

pub(super) fn register(registry: &mut Registry) {
    registry
        .decorator(STORE, visibility)
        .decorator("TypeSpec.removeVisibility", remove_visibility)
        .decorator("TypeSpec.invisible", invisible)
        .decorator("TypeSpec.defaultVisibility", default_visibility)
        .decorator("TypeSpec.withVisibility", with_visibility)
        .decorator("TypeSpec.withUpdateableProperties", with_updateable_properties)
        .decorator("TypeSpec.withDefaultKeyVisibility", with_default_key_visibility)
        .decorator("TypeSpec.parameterVisibility", |context, target, given| {
            let message = "Parameter visibility constraints with no arguments are not allowed. To disable effective \
                           PATCH optionality, use @patch(#{ implicitOptionality: false }) instead.";
            operation_visibility(context, target, given, message);
        })
        .decorator("TypeSpec.returnTypeVisibility", |context, target, given| {
            let message = "Return type visibility constraints with no arguments are not allowed.";
            operation_visibility(context, target, given, message);
        });
    transform::register(registry);
}

/// The enum `TypeSpec.Lifecycle`.
pub fn lifecycle(program: &Program) -> Option<TypeId> {
    let library = program.standard.namespace?;
    let symbol = program[library].exports.get("Lifecycle")?;
    program[*symbol].declared
}

/// A member of the enum `TypeSpec.Lifecycle`.
pub fn lifecycle_member(program: &Program, name: &str) -> Option<TypeId> {
    program.enumeration(lifecycle(program)?)?.members.get(name)
}

/// The modifiers of a class that a property has.
pub fn modifiers(program: &Program, property: TypeId, class: TypeId) -> Vec<TypeId> {
    let stored = program.state.get::<Stored>(STORE, property).and_then(|stored| stored.classes.get(&class));
    stored.cloned().unwrap_or_else(|| default_modifiers(program, class))
}

/// Whether a property can be seen in one part of a resource's life: `Create`, `Read`, `Update`, `Delete`, `Query`.
pub fn is_visible_on(program: &Program, property: TypeId, name: &str) -> bool {
    let (Some(class), Some(member)) = (lifecycle(program), lifecycle_member(program, name)) else { return true };
    modifiers(program, property, class).contains(&member)
}

/// Whether a property can be read and nothing else.
pub fn is_read_only(program: &Program, property: TypeId) -> bool {
    let (Some(class), Some(read)) = (lifecycle(program), lifecycle_member(program, "Read")) else { return false };
    modifiers(program, property, class) == [read]
}

fn default_modifiers(program: &Program, class: TypeId) -> Vec<TypeId> {
    let Some(enumeration) = program.enumeration(class) else { return Vec::new() };
    match arguments::of(program, class, "TypeSpec.defaultVisibility") {
        Some(given) => {
            let members = arguments::members(program, given);
            members.into_iter().filter(|member| enumeration.members.ids().any(|known| known == *member)).collect()
        }
        None => enumeration.members.ids().collect(),
    }
}

fn class_of(program: &Program, member: TypeId) -> Option<TypeId> {
    program.enum_member(member).map(|member| member.enumeration)
}

fn visibility(context: &mut Context<'_>, target: TypeId, given: &[Argument]) {
    add(context.program, target, &arguments::members(context.program, given));
}

fn add(program: &mut Program, target: TypeId, members: &[TypeId]) {
    for member in members {
        let Some(class) = class_of(program, *member) else { continue };
        program.state.update::<Stored>(STORE, target, |stored| {
            let known = stored.classes.entry(class).or_default();
            if !known.contains(member) {
                known.push(*member);
            }
        });
    }
}

fn remove_visibility(context: &mut Context<'_>, target: TypeId, given: &[Argument]) {
    let program = &mut *context.program;
    for member in arguments::members(program, given) {
        let Some(class) = class_of(program, member) else { continue };
        let mut left = modifiers(program, target, class);
        left.retain(|known| *known != member);
        program.state.update::<Stored>(STORE, target, |stored| {
            stored.classes.insert(class, left);
        });
    }
}

fn invisible(context: &mut Context<'_>, target: TypeId, given: &[Argument]) {
    if let Some(class) = arguments::ty(given, 0) {
        context.program.state.update::<Stored>(STORE, target, |stored| {
            stored.classes.insert(class, Vec::new());
        });
    }
}

/// Gives a property the defaults of a class again.
fn reset(program: &mut Program, property: TypeId, class: TypeId) {
    program.state.update::<Stored>(STORE, property, |stored| {
        stored.classes.remove(&class);
    });
}

/// Gives a property the defaults of several classes again.
pub(crate) fn reset_all(program: &mut Program, property: TypeId, classes: &[TypeId]) {
    classes.iter().for_each(|class| reset(program, property, *class));
}

fn default_visibility(context: &mut Context<'_>, target: TypeId, given: &[Argument]) {
    arguments::check_unique(context, target);
    let program = &*context.program;
    let members = arguments::members(program, given);
    let foreign = members.iter().filter(|member| class_of(program, **member) != Some(target)).count();
    for _ in 0..foreign {
        let message = "The default visibility modifiers of a class must be members of the class enum.";
        context.error("default-visibility-not-member", message);
    }
}

fn with_visibility(context: &mut Context<'_>, target: TypeId, given: &[Argument]) {
    let program = &mut *context.program;
    let filter = Filter::all(arguments::members(program, given));
    let classes = filter.classes(program);
    transformations::keep_properties(program, target, |program, _, property| filter.accepts(program, property));
    transformations::change_properties(program, target, |program, property| {
        classes.iter().for_each(|class| reset(program, property, *class));
    });
}

fn with_updateable_properties(context: &mut Context<'_>, target: TypeId, _: &[Argument]) {
    transformations::keep_properties(context.program, target, |program, _, property| {
        is_visible_on(program, property, "Update")
    });
}

fn with_default_key_visibility(context: &mut Context<'_>, target: TypeId, given: &[Argument]) {
    let members = arguments::members(context.program, given);
    let own = context.application.as_ref().map(|application| application.declaration);
    transformations::change_properties(context.program, target, |program, property| {
        let says_nothing = program.state.get::<Stored>(STORE, property).is_none_or(|stored| stored.classes.is_empty());
        if program.find_decorator(property, "TypeSpec.key").is_some() && says_nothing {
            add(program, property, &members);
            // Copies of the property take it over like what is written there.
            // What nobody wrote is not looked up; whose declaration it is then does not matter.
            if let Some(declaration) = declaration(program).or(own) {
                let arguments = given.to_vec();
                let application = Application { declaration, name: STORE.into(), arguments, node: None };
                program[property].decorators.push(application);
            }
        }
    });
}

/// The declaration of `@visibility`; `None` until something led to it.
pub(crate) fn declaration(program: &Program) -> Option<TypeId> {
    let symbol = program[program.standard.namespace?].exports.get("@visibility")?;
    program[*symbol].declared
}

fn operation_visibility(context: &mut Context<'_>, target: TypeId, given: &[Argument], message: &str) {
    arguments::check_unique(context, target);
    if given.is_empty() {
        context.error("operation-visibility-constraint-empty", message);
    }
}
