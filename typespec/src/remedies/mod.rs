//! Remedies: what to do about a problem, where that can be read off the place and what stands around it.
//!
//! The checker says what is wrong where it finds it out, and proposes what only it knows: what a type allows, which name
//! is near. What follows from the text alone is proposed here, once all is checked, for every report that has no fix.

mod declarations;
mod decorators;
mod order;
mod place;
mod references;
mod twins;
mod types;
mod values;
mod versions;

use radii_diagnostics::{Diagnostic, Fix, Span};

use crate::program::Program;
use place::Place;

pub(crate) use twins::joined;

/// Whether something is declared by a name in a file.
pub(crate) fn is_declared_below(ast: &crate::ast::Ast, root: crate::ast::NodeId, name: &str) -> bool {
    place::declared_below(ast, root, name).is_some()
}

/// What to do about a problem.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Remedy {
    help: String,
    /// What is written where, and whether nothing else can have been meant.
    fix: Option<(Span, String, bool)>,
    /// A better place than where the problem was found.
    place: Option<Span>,
}

impl Remedy {
    /// A remedy in words.
    fn say(help: impl Into<String>) -> Self {
        Self { help: help.into(), fix: None, place: None }
    }

    /// Writes something in place of a span; one of several things that can be done.
    fn maybe(mut self, span: Span, replacement: impl Into<String>) -> Self {
        self.fix = Some((span, replacement.into(), false));
        self
    }

    /// Writes something in place of a span; nothing else can have been meant.
    fn surely(mut self, span: Span, replacement: impl Into<String>) -> Self {
        self.fix = Some((span, replacement.into(), true));
        self
    }

    /// Underlines another place.
    fn at(mut self, span: Span) -> Self {
        self.place = Some(span);
        self
    }

    fn onto(self, diagnostic: &mut Diagnostic) {
        if let (Some(place), Some(label)) = (self.place, &mut diagnostic.primary) {
            label.span = place;
        }
        if let Some((span, replacement, sure)) = self.fix {
            diagnostic.fixes.push(Fix { title: self.help.clone(), span, replacement, sure });
        }
        diagnostic.help = Some(self.help);
    }
}

/// Adds remedies to the reports that have no fix yet.
pub(crate) fn propose(program: &Program, diagnostics: &mut [Diagnostic]) {
    for diagnostic in diagnostics.iter_mut().filter(|it| it.fixes.is_empty()) {
        let Some(place) = Place::of(program, diagnostic) else { continue };
        if let Some(remedy) = remedy(&place) {
            remedy.onto(diagnostic);
        }
    }
}

fn remedy(place: &Place<'_>) -> Option<Remedy> {
    match place.code {
        "import-first" => order::import(place),
        "blockless-namespace-first" => order::namespace(place),
        "multiple-blockless-namespace" => Some(order::second_namespace(place)),
        "invalid-template-default" | "default-required" => order::template_parameter(place),
        "rest-parameter-last" => order::rest_parameter(place),
        "required-parameter-first" => declarations::optional_too(place),
        "rest-parameter-required" | "decorator-decl-target" => declarations::question(place),
        "rest-parameter-array" => declarations::rest_of_array(place),
        "invalid-modifier" => declarations::modifier(place),
        "circular-op-signature"
        | "circular-constraint"
        | "circular-alias-type"
        | "circular-const"
        | "circular-prop" => declarations::circle(place),
        "interface-duplicate"
        | "constructor-duplicate"
        | "union-duplicate"
        | "enum-member-duplicate"
        | "extends-interface-duplicate" => declarations::twice(place),
        "override-property-mismatch" => declarations::overridden(place),
        "no-array-properties" => declarations::array_property(place),
        "incompatible-indexer" => declarations::indexed(place),
        "union-extends-disabled" | "auto-decorator-disabled" | "experimental-feature" => declarations::feature(place),
        "missing-paging-items" => Some(Remedy::say("put `@pageItems` before the property that holds the items")),
        "invalid-ref" => references::member(place),
        "ambiguous-symbol" => references::ambiguous(place),
        "using-invalid-ref" => references::using(place),
        "deprecated" => references::deprecated(place),
        "duplicate-suppression" | "suppress-error" => Some(references::directive(place)),
        "duplicate-deprecation" => references::second_deprecation(place),
        "invalid-deprecation-argument" => references::deprecation(place),
        "extend-model" | "is-model" => types::base(place),
        "is-operation" => types::signature(place),
        "extends-interface" => Some(types::interface(place)),
        "spread-model" | "spread-enum" | "spread-object" => types::spread(place),
        "intersect-non-model" | "intersect-invalid-index" => types::intersection(place),
        "intersect-duplicate-property" => types::shared_property(place),
        "invalid-template-args" => types::template_argument(place),
        "shadow" => types::shadow(place),
        "value-in-type" => values::as_type(place).or_else(|| values::value_parameter(place)),
        "expect-value" => values::of_type(place).or_else(|| values::of_enum(place)),
        "unexpected-property" => values::surplus(place),
        "named-init-required" | "invalid-primitive-init" | "non-callable" | "ambiguous-scalar-type" => {
            values::construction(place)
        }
        "invalid-discriminator-value" => values::discriminator(place),
        "decorator-wrong-target" | "decorator-conflict" => decorators::misplaced(place),
        "invalid-encode" => decorators::encode(place),
        "invalid-mime-type" | "no-mime-type-suffix" => decorators::media_type(place),
        "encoded-name-conflict" => decorators::encoded_name(place),
        "default-visibility-not-member" => decorators::default_visibility(place),
        "operation-visibility-constraint-empty" => decorators::empty_visibility(place),
        "@typespec/versioning/incompatible-versioned-reference" => versions::later(place),
        "@typespec/versioning/invalid-renamed-from-value" => Some(Remedy::say("write the name that it had before")),
        "@typespec/versioning/renamed-duplicate-property" => Some(versions::taken(place)),
        "unassignable" => values::constructed(place).or_else(|| values::other(place)),
        "invalid-argument" => values::example(place)
            .or_else(|| values::quoted_name(place))
            .or_else(|| values::spread_arguments(place))
            .or_else(|| values::texts(place))
            .or_else(|| values::type_by_name(place))
            .or_else(|| values::holder(place))
            .or_else(|| values::other(place)),
        "invalid-argument-count" => decorators::named(place),
        "invalid-pattern-regex" => decorators::pattern(place),
        "overload-same-parent" => Some(Remedy::say("declare the overload beside the operation that it overloads")),
        "augment-decorator-target" => decorators::augmented(place),
        "invalid-discriminated-union-variant" => decorators::variant(place),
        _ => None,
    }
}
