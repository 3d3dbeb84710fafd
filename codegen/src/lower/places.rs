//! Where the parts of a property stand that become keywords of its schema.

use radii_diagnostics::Span;
use typespec::Program;
use typespec::program::TypeId;
use typespec::syntax::NodeKind;

use super::span;

/// Where the type of a property is written; the whole property where that is not known.
pub(super) fn type_span(program: &Program, id: TypeId) -> Span {
    let part = property_part(program, id, 1);
    part.unwrap_or_else(|| span(program, id))
}

/// Where a part of a property stands: its name, its type, its default.
fn property_part(program: &Program, id: TypeId, at: usize) -> Option<Span> {
    let node = program[id].node?;
    let is_property = program.ast.kind(node) == NodeKind::ModelProperty;
    program.ast.parts(node).nth(at).filter(|_| is_property).map(|part| program.ast.span(part))
}

/// Where the parts of a property and the arguments of decorators that become keywords stand.
pub(super) fn keyword_spans(program: &Program, id: TypeId) -> Vec<(&'static str, Span)> {
    let own = [("type", 1), ("default", 2)]
        .into_iter()
        .filter_map(|(name, at)| Some((name, property_part(program, id, at)?)));
    let places = program[id].decorators.iter().filter_map(|application| {
        let keyword = match application.name.strip_prefix("TypeSpec.")? {
            "minValue" | "minValueExclusive" => "minimum",
            "maxValue" | "maxValueExclusive" => "maximum",
            "minLength" => "minLength",
            "maxLength" => "maxLength",
            "minItems" => "minItems",
            "maxItems" => "maxItems",
            "pattern" => "pattern",
            "format" => "format",
            "secret" => return Some(("x-radius-sensitive", program.ast.span(application.node?))),
            "example" => "example",
            _ => return None,
        };
        Some((keyword, program.ast.span(application.arguments.first()?.node?)))
    });
    own.chain(places).collect()
}
