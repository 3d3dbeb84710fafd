//! What is said of each of several things of which one is too much, told once: at the last one.

use std::collections::HashMap;

use radii_diagnostics::{Diagnostic, Span};

use crate::program::Program;
use crate::syntax::NodeKind;

use super::place::Place;

/// Joins the reports of things that are in each other's way.
pub(crate) fn joined(program: &Program, diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let diagnostics = without_values_in_models(without_missing_scripts(program, diagnostics));
    let mut groups: HashMap<String, usize> = HashMap::new();
    let mut told: Vec<Diagnostic> = Vec::new();
    for diagnostic in diagnostics {
        let Some(key) = key(program, &diagnostic) else {
            told.push(diagnostic);
            continue;
        };
        match groups.get(&key) {
            None => {
                groups.insert(key, told.len());
                told.push(diagnostic);
            }
            Some(at) => join(&mut told[*at], diagnostic),
        }
    }
    told
}

/// A declaration that is wrong itself is mended before anybody implements it.
fn without_missing_scripts(program: &Program, mut diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let is_missing = |it: &Diagnostic| it.code.as_str() == "missing-implementation";
    if !diagnostics.iter().any(is_missing) {
        return diagnostics;
    }
    let places: Vec<Span> = diagnostics
        .iter()
        .filter(|it| !is_missing(it) && it.is_error())
        .filter_map(|it| Some(it.primary.as_ref()?.span))
        .collect();
    diagnostics.retain(|it| {
        if !is_missing(it) {
            return true;
        }
        let declaration = Place::of(program, it).and_then(|place| {
            let kinds = [NodeKind::DecoratorDeclaration, NodeKind::FunctionDeclaration];
            kinds.into_iter().find_map(|kind| place.around(kind)).map(|node| program.ast.span(node))
        });
        !declaration.is_some_and(|own| {
            places.iter().any(|at| at.file == own.file && own.start <= at.start && at.end <= own.end)
        })
    });
    diagnostics
}

/// An object that lacks its `#` is read as a model: the values in it are no types because of that.
fn without_values_in_models(mut diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let outer: Vec<Span> = diagnostics
        .iter()
        .filter(|it| it.code.as_str() == "expect-value" && it.fixes.first().is_some_and(|fix| fix.replacement == "#"))
        .filter_map(|it| Some(it.primary.as_ref()?.span))
        .collect();
    diagnostics.retain(|it| {
        let Some(own) = it.primary.as_ref().map(|label| label.span) else { return true };
        let is_inner = |at: &Span| at.file == own.file && at.start <= own.start && own.end <= at.end && *at != own;
        it.code.as_str() != "value-in-type" || !outer.iter().any(is_inner)
    });
    diagnostics
}

/// What the reports of one conflict have in common.
fn key(program: &Program, diagnostic: &Diagnostic) -> Option<String> {
    let (code, message) = (diagnostic.code.as_str(), diagnostic.message.as_str());
    let is_shared = match code {
        "invalid-discriminator-value" => message.ends_with("already used in another variant."),
        "encoded-name-conflict" => message.starts_with("Same encoded name"),
        "duplicate-paging-prop" | "@typespec/json-schema/duplicate-id" => true,
        "decorator-conflict" => {
            let place = Place::of(program, diagnostic)?;
            let holder = program.ast.parent(place.node)?;
            return Some(format!("{code} {}", holder.0));
        }
        "duplicate-symbol" => {
            let place = Place::of(program, diagnostic)?;
            let is_parameter = program.ast.kind(program.ast.parent(place.node)?) == NodeKind::TemplateParameter;
            if !is_parameter {
                return None;
            }
            let list = program.ast.parent(program.ast.parent(place.node)?)?;
            return Some(format!("{code} {} {message}", list.0));
        }
        _ => false,
    };
    is_shared.then(|| format!("{code} {message}"))
}

/// The one that stands last is told; the others are shown beside it.
fn join(told: &mut Diagnostic, mut other: Diagnostic) {
    let is_behind = match (&told.primary, &other.primary) {
        (Some(own), Some(next)) => (own.span.file.0, own.span.start) < (next.span.file.0, next.span.start),
        _ => false,
    };
    if is_behind {
        std::mem::swap(told, &mut other);
        let seen = std::mem::take(&mut other.secondary);
        told.secondary.extend(seen);
    }
    if let Some(label) = other.primary {
        *told = told.clone().also(label.span, "it stands here, too");
    }
    if told.help.is_none() {
        told.help = Some("change one of the two".to_owned());
    }
}
