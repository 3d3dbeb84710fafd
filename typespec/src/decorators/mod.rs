//! The decorators of the embedded libraries: what they check, and how to ask what they said.
//!
//! Most leave nothing behind but themselves: the functions here read the arguments of the decorator on the type.

pub(crate) mod arguments;
pub mod constraints;
pub mod discriminators;
pub mod documentation;
pub mod encoding;
pub mod examples;
pub mod libraries;
pub mod merge_patch;
mod operations;
pub mod patterns;
pub mod rest;
mod transformations;
pub mod visibility;

use radii_diagnostics::{Code, Diagnostic};

use crate::program::{Program, TypeId};
use crate::registry::Registry;

/// Registers every decorator, function and validation of the embedded libraries.
pub fn register(registry: &mut Registry) {
    constraints::register(registry);
    discriminators::register(registry);
    documentation::register(registry);
    encoding::register(registry);
    examples::register(registry);
    operations::register(registry);
    transformations::register(registry);
    visibility::register(registry);
    libraries::register(registry);
    rest::register(registry);
    merge_patch::register(registry);
    crate::versioning::register(registry);
}

/// Reports an error at the name of a type.
pub(crate) fn report_on(program: &mut Program, target: TypeId, code: &'static str, message: impl Into<String>) {
    let diagnostic = Diagnostic::error(Code::new(code), message);
    let span = arguments::name_span(program, target);
    program.report(match span {
        Some(span) => diagnostic.at(span),
        None => diagnostic,
    });
}

/// Every type that can be reached from the global namespace, in the order of the source; declarations of templates
/// are left out.
pub(crate) fn every_type(program: &Program) -> Vec<TypeId> {
    let mut found = Vec::new();
    let mut seen = vec![false; program.type_count()];
    let mut open = vec![program.global_namespace()];
    while let Some(id) = open.pop() {
        if std::mem::replace(&mut seen[id.index()], true) || program.is_template_declaration(id) {
            continue;
        }
        found.push(id);
        let below = types_below(program, id);
        open.extend(below.into_iter().rev());
    }
    found
}

fn types_below(program: &Program, id: TypeId) -> Vec<TypeId> {
    use crate::program::TypeKind;
    let mut below = Vec::new();
    match &program[id].kind {
        TypeKind::Namespace(it) => {
            for list in [&it.models, &it.scalars, &it.enums, &it.unions, &it.interfaces, &it.operations, &it.namespaces]
            {
                below.extend(list);
            }
        }
        TypeKind::Model(it) => {
            below.extend(it.properties.ids());
            below.extend(it.base);
            below.extend(it.indexer.map(|indexer| indexer.value));
            below.extend(&it.derived);
        }
        TypeKind::ModelProperty(it) => below.push(it.ty),
        TypeKind::Scalar(it) => below.extend(it.base),
        TypeKind::Enum(it) => below.extend(it.members.ids()),
        TypeKind::Union(it) => below.extend(&it.variants),
        TypeKind::UnionVariant(it) => below.push(it.ty),
        TypeKind::Interface(it) => below.extend(it.operations.ids()),
        TypeKind::Operation(it) => below.extend([it.parameters, it.return_type]),
        TypeKind::Tuple(items) => below.extend(items),
        _ => {}
    }
    below
}
