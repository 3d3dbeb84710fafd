//! Operations as HTTP carries them: where they are reached, what travels where, and what comes back.
//!
//! The types stay as they are; a request or a response only names the properties that it carries, and how.

pub(crate) mod auth;
mod files;
mod payload;
pub(crate) mod properties;
mod responses;
mod route;
mod status;
mod usage;
mod visibility;

use typespec::Program;
use typespec::decorators::rest;
use typespec::program::TypeId;

pub(crate) use files::is_file;
pub(crate) use payload::{Body, BodyKind, Part, Payload};
pub(crate) use properties::{HttpProperty, PathStyle, Role};
pub(crate) use responses::Response;
pub(crate) use status::Status;
pub(crate) use usage::Usage;
pub(crate) use visibility::{Payloads, Visibility};

use route::UriTemplate;

/// What a payload is part of.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Disposition<'a> {
    /// A request to what the template leads to.
    Request { template: &'a UriTemplate },
    /// An answer; that to HEAD has headers where others have a body.
    Response { is_head: bool },
    /// A part of a body of several.
    Part,
}

/// An operation over HTTP.
#[derive(Clone, Debug)]
pub(crate) struct HttpOperation {
    pub(crate) operation: TypeId,
    pub(crate) verb: &'static str,
    pub(crate) path: String,
    /// Which properties its parameters carry.
    pub(crate) visibility: Visibility,
    /// All that its parameters consist of.
    pub(crate) properties: Vec<HttpProperty>,
    pub(crate) body: Option<Body>,
    pub(crate) responses: Vec<Response>,
}

const VERBS: [&str; 6] = ["get", "put", "post", "patch", "delete", "head"];

/// The operations of a service, those of the namespace itself first.
///
/// Without service the global namespace stands for it, and what is in other namespaces is not reached.
pub(crate) fn operations(payloads: &Payloads<'_>, program: &Program, service: Option<TypeId>) -> Vec<HttpOperation> {
    let mut found = Vec::new();
    collect(program, service.unwrap_or_else(|| program.global_namespace()), service.is_some(), &mut found);
    found.into_iter().filter_map(|operation| resolve(payloads, program, operation)).collect()
}

fn collect(program: &Program, namespace: TypeId, is_recursive: bool, found: &mut Vec<TypeId>) {
    let Some(it) = program.namespace(namespace) else { return };
    let is_concrete = |id: &TypeId| !program.is_template_declaration(*id) && program.template_arguments(*id).is_none();
    found.extend(it.operations.iter().copied().filter(is_concrete));
    if is_recursive {
        it.namespaces.iter().for_each(|nested| collect(program, *nested, true, found));
    }
    for interface in it.interfaces.iter().copied().filter(|id| !program.is_template_declaration(*id)) {
        let operations = program.interface(interface).map(|it| it.operations.ids().collect::<Vec<_>>());
        found.extend(operations.unwrap_or_default().into_iter().filter(is_concrete));
    }
}

fn resolve(payloads: &Payloads<'_>, program: &Program, operation: TypeId) -> Option<HttpOperation> {
    let it = program.operation(operation)?;
    let base = overloaded(program, operation);
    let is_auto = rest::is_auto_routed(program, operation);
    let template = match base.filter(|_| !route::has_own(program, operation)) {
        // What follows from the parameters cannot say what they are.
        _ if is_auto => String::new(),
        Some(base) => route::own_template(program, base),
        None => route::own_template(program, operation),
    };
    let parsed = UriTemplate::parse(&template);
    let request = |verb: &'static str| {
        let visibility = Visibility::of_request(program, operation, verb);
        let disposition = Disposition::Request { template: &parsed };
        let (properties, body) = payload::resolve(payloads, program, it.parameters, visibility, disposition);
        (verb, visibility, properties, body)
    };
    let given = verb_of(program, operation).or_else(|| rest::verb(program, operation));
    let given = given.or_else(|| verb_of(program, base.filter(|_| !is_auto)?));
    let (verb, visibility, mut properties, body) = match given {
        Some(verb) => request(verb),
        // What has a body is posted; all else is got.
        None => Some(request("post")).filter(|(.., body)| body.is_some()).unwrap_or_else(|| request("get")),
    };
    let template = match is_auto {
        true => route::from_parameters(program, operation, &mut properties),
        false => route::with_parameters(program, &template, &properties),
    };
    let path = route::path(&template);
    let responses = responses::of(payloads, program, operation, verb);
    Some(HttpOperation { operation, verb, path, visibility, properties, body, responses })
}

fn verb_of(program: &Program, operation: TypeId) -> Option<&'static str> {
    let decorators = program[operation].decorators.iter().rev();
    decorators
        .filter_map(|application| application.name.strip_prefix("TypeSpec.Http."))
        .find_map(|name| VERBS.into_iter().find(|verb| *verb == name))
}

/// The operation that an operation is an overload of.
pub(crate) fn overloaded(program: &Program, operation: TypeId) -> Option<TypeId> {
    let application = program.find_decorator(operation, "TypeSpec.overload")?;
    super::facts::ty(application, 0).filter(|base| program.operation(*base).is_some())
}
