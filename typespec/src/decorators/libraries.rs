//! Decorators of the libraries for OpenAPI, JSON Schema, HTTP and REST.
//!
//! Emitters and other readers take their arguments from the type; here stands what they check.

use radii_diagnostics::{Code, Diagnostic, Fix};

use crate::program::{Argument, Program, TypeId, ValueId};
use crate::registry::{Context, Registry};

use super::arguments;

const OPENAPI: &[&str] = &["operationId", "defaultResponse", "extension", "externalDocs", "oneOf", "useRef"];
const JSON_SCHEMA: &[&str] = &[
    "jsonSchema",
    "baseUri",
    "id",
    "oneOf",
    "multipleOf",
    "contains",
    "minContains",
    "maxContains",
    "uniqueItems",
    "minProperties",
    "maxProperties",
    "contentEncoding",
    "prefixItems",
    "contentMediaType",
    "contentSchema",
    "extension",
    "Private.validatesRawJson",
];
const HTTP: &[&str] = &[
    "header",
    "cookie",
    "query",
    "path",
    "body",
    "bodyRoot",
    "bodyIgnore",
    "multipartBody",
    "statusCode",
    "server",
    "useAuth",
    "route",
    "sharedRoute",
    "Private.plainData",
    "Private.httpFile",
    "Private.httpPart",
    "Private.includeInapplicableMetadataInPayload",
];
const VERBS: &[&str] = &["get", "put", "post", "patch", "delete", "head"];
const REST: &[&str] = &[
    "segment",
    "segmentOf",
    "actionSeparator",
    "readsResource",
    "createsResource",
    "createsOrReplacesResource",
    "createsOrUpdatesResource",
    "updatesResource",
    "deletesResource",
    "listsResource",
    "collectionAction",
    "Private.resourceLocation",
    "Private.actionSegment",
    "Private.resourceTypeForKeyParam",
];

/// What they mean is written where resource types are known; here they only may be used.
const RADII: &[&str] = &[
    "resourceProvider",
    "provider",
    "resourceType",
    "capability",
    "defaultApiVersion",
    "validate",
    "immutable",
    "sensitive",
    "source",
    "resourceReference",
    "resourceId",
    "connection",
    "envName",
    "platformOptions",
    "requiredWhen",
    "annotate",
    "maturity",
    "owner",
    "icon",
    "category",
    "recipe",
    "location",
];

pub(super) fn register(registry: &mut Registry) {
    let silent = [
        ("TypeSpec.OpenAPI", OPENAPI),
        ("TypeSpec.JsonSchema", JSON_SCHEMA),
        ("TypeSpec.Http", HTTP),
        ("TypeSpec.Rest", REST),
        ("Radii", RADII),
    ];
    for (namespace, names) in silent {
        for name in names {
            registry.decorator(format!("{namespace}.{name}"), |_, _, _| {});
        }
    }
    for verb in VERBS {
        registry.decorator(format!("TypeSpec.Http.{verb}"), check_verb);
    }
    registry.decorator("TypeSpec.OpenAPI.info", check_info).decorator("TypeSpec.OpenAPI.tagMetadata", check_tag);
}

/// The keys and values of `@extension` of the library for OpenAPI, in the order of the source.
pub fn extensions(program: &Program, target: TypeId) -> Vec<(&str, ValueId)> {
    let uses = arguments::all(program, target, "TypeSpec.OpenAPI.extension").rev();
    let pairs = uses.filter_map(|application| {
        let given = &application.arguments;
        Some((&**arguments::text(program, given, 0)?, arguments::value(given, 1)?))
    });
    pairs.collect()
}

/// What an object of a document may hold beside extension keys.
struct Shape {
    known: &'static [&'static str],
    nested: &'static [(&'static str, &'static [&'static str])],
}

const INFO: Shape = Shape {
    known: &["title", "summary", "version", "termsOfService", "contact", "license"],
    nested: &[("contact", &["name", "url", "email"]), ("license", &["name", "url", "identifier"])],
};
const TAG: Shape = Shape {
    known: &["name", "description", "externalDocs", "parent", "summary", "kind"],
    nested: &[("externalDocs", &["url", "description"])],
};

fn check_info(context: &mut Context<'_>, _: TypeId, given: &[Argument]) {
    let Some(value) = arguments::value(given, 0) else { return };
    if !check_keys(context, value, &given[0], &INFO) {
        return;
    }
    if !check_url(context, value, "termsOfService", "TermsOfService", &given[0]) {
        return;
    }
    let license = arguments::field(context.program, value, "license");
    let has = |name| license.is_some_and(|license| arguments::field(context.program, license, name).is_some());
    if has("url") && has("identifier") {
        let message = "The license url and identifier fields are mutually exclusive.";
        report_at(context, &given[0], "@typespec/openapi/license-url-identifier-conflict", message.to_owned());
    }
}

/// Keys that no document knows must be marked as extensions.
fn check_keys(context: &mut Context<'_>, value: ValueId, argument: &Argument, shape: &Shape) -> bool {
    let program = &*context.program;
    let unknown = |value: ValueId, known: &[&'static str]| {
        let keys = arguments::object(program, value).iter().map(|property| (property.name.clone(), property.node));
        let meant = |key: &str| crate::checker::similar(key, known.iter().copied());
        let unknown = keys.filter(|(key, _)| !known.contains(&&**key) && !key.starts_with("x-"));
        unknown.map(|(key, node)| (meant(&key), key, node)).collect::<Vec<_>>()
    };
    let mut found = unknown(value, shape.known);
    for (name, known) in shape.nested {
        if let Some(inner) = arguments::field(program, value, name) {
            found.extend(unknown(inner, known));
        }
    }
    for (meant, key, node) in &found {
        let message = format!("OpenAPI extension must start with 'x-' but was '{key}'");
        let name = node.and_then(|node| context.program.ast.part(node, 0));
        let Some(span) = name.map(|name| context.program.ast.span(name)) else {
            report_at(context, argument, "@typespec/openapi/invalid-extension-key", message);
            continue;
        };
        let replacement = meant.clone().unwrap_or_else(|| format!("`x-{key}`"));
        let title = match meant {
            Some(known) => format!("did you mean `{known}`?"),
            None => format!("write `x-{key}` in back-ticks, or remove it"),
        };
        let fix = Fix { title: title.clone(), span, replacement, sure: false };
        let code = Code::new("@typespec/openapi/invalid-extension-key");
        context.report(Diagnostic::error(code, message).at(span).help(title).fix(fix));
    }
    found.is_empty()
}

fn check_url(context: &mut Context<'_>, value: ValueId, field: &str, shown: &str, argument: &Argument) -> bool {
    let program = &*context.program;
    let text = arguments::field(program, value, field).and_then(|value| arguments::value_text(program, value));
    let Some(text) = text.filter(|text| !is_url(text)).cloned() else { return true };
    report_at(context, argument, "@typespec/openapi/not-url", format!("{shown}: {text} is not a valid URL."));
    false
}

fn is_url(text: &str) -> bool {
    text.split_once(':').is_some_and(|(scheme, rest)| {
        !rest.is_empty()
            && scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    })
}

fn report_at(context: &mut Context<'_>, argument: &Argument, code: &'static str, message: String) {
    let diagnostic = Diagnostic::error(Code::new(code), message);
    let span = context.argument_span(argument);
    context.report(match span {
        Some(span) => diagnostic.at(span),
        None => diagnostic,
    });
}

fn check_tag(context: &mut Context<'_>, target: TypeId, given: &[Argument]) {
    let program = &*context.program;
    let Some(name) = arguments::text(program, given, 0) else { return };
    let uses: Vec<_> = arguments::all(program, target, "TypeSpec.OpenAPI.tagMetadata")
        .filter(|application| arguments::text(program, &application.arguments, 0) == Some(name))
        .map(|application| application.node)
        .collect();
    // Decorators run from the lowest to the top-most; the second to run is one too many.
    let own = context.application.as_ref().map(|application| application.node);
    if uses.len() > 1 && uses.first().copied() != own {
        let message = format!("\"Metadata for tag '{name}' was specified twice.\"");
        return report_at(context, &given[0], "@typespec/openapi/duplicate-tag", message);
    }
    let Some(value) = arguments::value(given, 1) else { return };
    if check_keys(context, value, &given[1], &TAG)
        && let Some(docs) = arguments::field(context.program, value, "externalDocs")
    {
        check_url(context, docs, "url", "externalDocs.url", &given[1]);
    }
}

fn check_verb(context: &mut Context<'_>, target: TypeId, _: &[Argument]) {
    let program = &*context.program;
    let is_verb = |name: &str| name.strip_prefix("TypeSpec.Http.").is_some_and(|name| VERBS.contains(&name));
    let verbs = program[target].decorators.iter().filter(|application| is_verb(&application.name)).count();
    let is_last =
        program[target].decorators.iter().rev().find(|application| is_verb(&application.name)).map(|it| it.node)
            == context.application.as_ref().map(|application| application.node);
    if verbs > 1 && is_last {
        let name = program.name_of(target).map(|name| name.to_string()).unwrap_or_default();
        let message = format!("HTTP verb already applied to {name}");
        context.error("@typespec/http/http-verb-duplicate", message);
    }
}
