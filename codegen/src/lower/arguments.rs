//! Texts in our decorators: where they stand, and whether they are what they have to be.

use radii_diagnostics::{Diagnostic, Fix, Span};
use radii_model::cel::TextPlace;
use radii_model::closest;
use radii_model::extension::{better_variable, is_type_name, is_variable};
use radii_model::rules::code::{INVALID_ENV_NAME, INVALID_EXTENSION, INVALID_RESOURCE_REFERENCE};
use typespec::Program;
use typespec::program::{Application, Entity, TypeId};

use super::provider;
use crate::emit::facts;

/// Where the text of an argument stands, character by character where it is written as one literal.
pub(super) fn literal_place(program: &Program, application: &Application, at: usize, value: &str) -> TextPlace {
    let argument = application.arguments.get(at);
    let node = argument.and_then(|argument| match (argument.node, argument.entity) {
        (Some(node), _) => Some(node),
        (None, Entity::Value(value)) => program[value].node,
        _ => None,
    });
    let whole = application.node.map(|node| program.ast.span(node)).unwrap_or_default();
    let Some(span) = node.map(|node| program.ast.span(node)) else { return TextPlace::of(whole) };
    match source(program, span).filter(|literal| literal.starts_with('"')) {
        Some(literal) => TextPlace::in_literal(span, literal, value),
        None => TextPlace::of(span),
    }
}

/// Where `path` stands among the options.
pub(super) fn path_place(program: &Program, application: &Application, path: &str) -> TextPlace {
    let options = literal_place(program, application, 2, "");
    let Some(text) = source(program, options.span) else { return options };
    let quoted = format!("\"{path}\"");
    let after = text.find("path").unwrap_or_default();
    let Some(at) = text.get(after..).and_then(|rest| rest.find(&quoted)) else { return options };
    let start = options.span.start + (after + at) as u32;
    let span = Span { start, end: start + quoted.len() as u32, ..options.span };
    TextPlace::in_literal(span, &quoted, path)
}

fn source(program: &Program, span: Span) -> Option<&str> {
    program.sources.file(span.file)?.text().get(span.start as usize..span.end as usize)
}

/// Checks the keys of `@extension`, which begin with `x-`; returns those that do not.
pub(super) fn check_extensions(program: &Program, property: TypeId, diagnostics: &mut Vec<Diagnostic>) -> Vec<String> {
    let all = program[property].decorators.iter().filter(|it| &*it.name == "TypeSpec.OpenAPI.extension");
    let wrong = all.filter_map(|it| Some((it, facts::text(program, it, 0).filter(|key| !key.starts_with("x-"))?)));
    let mut keys = Vec::new();
    for (application, key) in wrong {
        let span = literal_place(program, application, 0, key).span;
        let diagnostic = Diagnostic::error(INVALID_EXTENSION, format!("`{key}` is no key of an extension")).at(span);
        let diagnostic = diagnostic.help("keys of extensions begin with `x-`");
        diagnostics.push(offered(diagnostic, span, &format!("x-{key}")));
        keys.push(key.to_owned());
    }
    keys
}

/// Checks that no two properties are given to applications by one variable.
pub(super) fn check_variables(program: &Program, properties: &[TypeId], diagnostics: &mut Vec<Diagnostic>) {
    let mut taken: Vec<&str> = Vec::new();
    for property in properties {
        let Some(application) = program.find_decorator(*property, "Radii.envName") else { continue };
        let Some(name) = facts::text(program, application, 0) else { continue };
        if taken.contains(&name) {
            let span = literal_place(program, application, 0, name).span;
            let message = format!("the variable `{name}` is another property's already");
            let diagnostic = Diagnostic::error(INVALID_ENV_NAME, message).at(span);
            diagnostics.push(diagnostic.help("give each property a variable of its own"));
        }
        taken.push(name);
    }
}

/// Checks the argument of `@envName`: a name that every shell and platform takes.
pub(super) fn check_variable(program: &Program, property: TypeId, diagnostics: &mut Vec<Diagnostic>) {
    let Some(application) = program.find_decorator(property, "Radii.envName") else { return };
    let Some(name) = facts::text(program, application, 0) else { return };
    if is_variable(name) {
        return;
    }
    let message = format!("`{name}` cannot be the name of an environment variable");
    let span = literal_place(program, application, 0, name).span;
    let diagnostic = Diagnostic::error(INVALID_ENV_NAME, message).at(span);
    let diagnostic = diagnostic.help("write letters, digits and `_`, such as `DATABASE_URL`; the first is no digit");
    diagnostics.push(match better_variable(name) {
        Some(better) => offered(diagnostic, span, &better),
        None => diagnostic,
    });
}

/// Checks the arguments of `@resourceReference`: names of resource types.
pub(super) fn check_references(program: &Program, application: &Application, diagnostics: &mut Vec<Diagnostic>) {
    for at in 0..application.arguments.len() {
        let Some(name) = facts::text(program, application, at) else { continue };
        let known = known_types(program);
        let is_known = known.iter().any(|own| own.eq_ignore_ascii_case(name));
        if is_known {
            continue;
        }
        let span = literal_place(program, application, at, name).span;
        let near = closest(name, known.iter().map(String::as_str));
        if is_type_name(name) {
            // Types of other providers are not at hand; one of a provider that is should be there.
            let own = name.split('/').next().unwrap_or_default();
            let is_own =
                known.iter().any(|known| known.split('/').next().is_some_and(|it| it.eq_ignore_ascii_case(own)));
            if let Some(near) = near.filter(|_| is_own) {
                let message = format!("no type is named `{name}` here");
                let diagnostic = Diagnostic::warning(INVALID_RESOURCE_REFERENCE, message).at(span);
                diagnostics.push(offered(diagnostic.help(format!("did you mean `{near}`?")), span, near));
            }
            continue;
        }
        let message = format!("`{name}` is not the name of a resource type");
        let diagnostic = Diagnostic::error(INVALID_RESOURCE_REFERENCE, message).at(span);
        let help = "write the namespace, `/` and the type: `Radius.Security/secrets`";
        let better = near.map(str::to_owned).or_else(|| mended(name, &known));
        diagnostics.push(match better {
            Some(better) => {
                offered(diagnostic.help(format!("did you mean `{better}`? {}", capital(help))), span, &better)
            }
            None => diagnostic.help(help),
        });
    }
}

fn capital(text: &str) -> String {
    text[..1].to_ascii_uppercase() + &text[1..]
}

fn offered(diagnostic: Diagnostic, span: Span, better: &str) -> Diagnostic {
    let title = format!("write `{better}`");
    diagnostic.fix(Fix { title, span, replacement: format!("\"{better}\""), sure: false })
}

/// The types of the program, with their namespaces.
fn known_types(program: &Program) -> Vec<String> {
    provider::providers(program).iter().flat_map(|provider| provider.type_names(program)).collect()
}

/// What was likely meant: another separator, a version behind the name, or a type of the program without its namespace.
fn mended(name: &str, known: &[String]) -> Option<String> {
    let bare = name.trim().trim_start_matches('/').split('@').next().unwrap_or_default();
    if is_type_name(bare) {
        return Some(bare.to_owned());
    }
    if let Some(full) =
        known.iter().find(|full| full.split('/').nth(1).is_some_and(|own| own.eq_ignore_ascii_case(bare)))
    {
        return Some(full.clone());
    }
    let joined = bare.replace("::", "/").replace(':', "/");
    if is_type_name(&joined) {
        return Some(joined);
    }
    // `Contoso.Data.caches`: the last part is the type.
    let (namespace, last) = bare.rsplit_once('.')?;
    let better = format!("{namespace}/{last}");
    is_type_name(&better).then_some(better)
}
