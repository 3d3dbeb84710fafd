//! What an operation answers, by status.

use typespec::Program;
use typespec::decorators::{discriminators, documentation};
use typespec::program::{Intrinsic, TypeId, TypeKind};

use super::Disposition;
use super::payload::{self, Body, BodyKind, Payload};
use super::properties::{HttpProperty, Role};
use super::status::{self, Status};
use super::visibility::{Payloads, Visibility};

/// The answers of one status.
#[derive(Clone, Debug)]
pub(crate) struct Response {
    pub(crate) status: Status,
    /// What the first of them was made of.
    pub(crate) of: Payload,
    pub(crate) description: Option<String>,
    pub(crate) contents: Vec<ResponseContent>,
}

/// One answer: headers, and perhaps a body.
#[derive(Clone, Debug)]
pub(crate) struct ResponseContent {
    pub(crate) headers: Vec<(String, TypeId)>,
    pub(crate) body: Option<Body>,
    pub(crate) properties: Vec<HttpProperty>,
}

struct Variant {
    payload: Payload,
    description: Option<String>,
}

/// The answers of an operation, in the order in which it names them.
pub(super) fn of(payloads: &Payloads<'_>, program: &Program, operation: TypeId, verb: &str) -> Vec<Response> {
    let Some(returns) = program.operation(operation).map(|operation| operation.return_type) else { return Vec::new() };
    let finder = Finder { payloads, program, operation, is_head: verb == "head" };
    let mut responses = Vec::new();
    for variant in finder.variants(returns, None) {
        finder.add(&variant, &mut responses);
    }
    responses
}

struct Finder<'a> {
    payloads: &'a Payloads<'a>,
    program: &'a Program,
    operation: TypeId,
    is_head: bool,
}

impl Finder<'_> {
    /// A union's variants that say something of the answer, each alone; all others together.
    fn variants(&self, id: TypeId, above: Option<String>) -> Vec<Variant> {
        let union = match &self.program[id].kind {
            TypeKind::Union(union) if discriminators::discriminated(self.program, id).is_none() => union,
            _ => return vec![Variant { payload: Payload::Type(id), description: above }],
        };
        let description = self.program.doc(id).map(str::to_owned).or(above);
        let (mut plain, mut envelopes) = (Vec::new(), Vec::new());
        for variant in &union.variants {
            let Some(ty) = self.program.variant(*variant).map(|it| it.ty) else { continue };
            if matches!(self.program[ty].kind, TypeKind::Intrinsic(Intrinsic::Null)) {
                continue;
            }
            let own = self.program.doc(*variant).map(str::to_owned).or_else(|| description.clone());
            for found in self.variants(ty, own) {
                match &found.payload {
                    Payload::Type(ty) if self.is_plain(*ty) => plain.push(*ty),
                    Payload::Either(types) => plain.extend(types.iter().copied()),
                    _ => envelopes.push(found),
                }
            }
        }
        let together = match plain.as_slice() {
            [] => None,
            [one] => Some(Payload::Type(*one)),
            _ if envelopes.is_empty() => Some(Payload::Type(id)),
            _ => Some(Payload::Either(plain)),
        };
        let together = together.map(|payload| Variant { payload, description });
        together.into_iter().chain(envelopes).collect()
    }

    /// Whether a type says nothing of the answer but what its body is.
    fn is_plain(&self, ty: TypeId) -> bool {
        let is_void = matches!(self.program[ty].kind, TypeKind::Intrinsic(Intrinsic::Void));
        if is_void || documentation::is_error(self.program, ty) || self.is_default(ty) {
            return false;
        }
        let disposition = Disposition::Response { is_head: false };
        let (metadata, _) = payload::resolve(self.payloads, self.program, ty, Visibility::READ, disposition);
        metadata.iter().all(|it| it.role == Role::BodyProperty)
    }

    fn is_default(&self, ty: TypeId) -> bool {
        self.program.find_decorator(ty, "TypeSpec.OpenAPI.defaultResponse").is_some()
    }

    fn resolve(&self, payload: &Payload) -> (Vec<HttpProperty>, Option<Body>) {
        let disposition = Disposition::Response { is_head: self.is_head };
        match payload {
            Payload::Type(ty) => payload::resolve(self.payloads, self.program, *ty, Visibility::READ, disposition),
            Payload::Either(types) => {
                let content_types = payload::either_content_types(self.program, types.iter().copied());
                let kind = BodyKind::Single { is_whole: false };
                (Vec::new(), Some(Body { payload: payload.clone(), content_types, property: None, kind }))
            }
            Payload::Properties(_) => (Vec::new(), None),
        }
    }

    fn add(&self, variant: &Variant, responses: &mut Vec<Response>) {
        let (metadata, mut body) = self.resolve(&variant.payload);
        let mut statuses = self.statuses(&variant.payload, &metadata);
        if statuses.is_empty() {
            let ty = if let Payload::Type(ty) = variant.payload { Some(ty) } else { None };
            let is_void = |ty: TypeId| matches!(self.program[ty].kind, TypeKind::Intrinsic(Intrinsic::Void));
            let status = match ty {
                Some(ty) if documentation::is_error(self.program, ty) => Status::Any,
                Some(ty) if is_void(ty) => {
                    body = None;
                    Status::Code(204)
                }
                _ => Status::Code(200),
            };
            statuses.push(status);
        }
        let body = body.filter(|body| !body.is_void(self.program));
        let headers = metadata.iter().filter_map(|it| match &it.role {
            Role::Header { name, .. } => Some((name.clone(), it.property)),
            _ => None,
        });
        let content = ResponseContent { headers: headers.collect(), body, properties: metadata.clone() };
        for status in statuses {
            match responses.iter_mut().find(|known| known.status == status) {
                Some(known) => known.contents.push(content.clone()),
                None => responses.push(Response {
                    status,
                    of: variant.payload.clone(),
                    description: self.description(variant, status, &metadata),
                    contents: vec![content.clone()],
                }),
            }
        }
    }

    fn statuses(&self, payload: &Payload, metadata: &[HttpProperty]) -> Vec<Status> {
        let with_code = metadata.iter().filter(|it| it.role == Role::StatusCode);
        let mut statuses: Vec<Status> =
            with_code.flat_map(|it| status::of_property(self.program, it.property)).collect();
        let mut current = if let Payload::Type(ty) = payload { Some(*ty) } else { None };
        for _ in 0..1000 {
            let Some(id) = current else { break };
            if self.is_default(id) {
                statuses.push(Status::Any);
            }
            current = self.program.model(id).and_then(|model| model.base);
        }
        statuses
    }

    fn description(&self, variant: &Variant, status: Status, metadata: &[HttpProperty]) -> Option<String> {
        let is_envelope = metadata
            .iter()
            .any(|it| matches!(it.role, Role::Body | Role::BodyRoot | Role::MultipartBody | Role::StatusCode));
        let ty = if let Payload::Type(ty) = variant.payload { Some(ty) } else { None };
        let own = || ty.filter(|_| is_envelope).and_then(|ty| self.program.doc(ty)).map(str::to_owned);
        let is_error = ty.is_some_and(|ty| documentation::is_error(self.program, ty));
        let key = if is_error { "TypeSpec.errorsDoc" } else { "TypeSpec.returnsDoc" };
        let said = || self.program.state.get::<String>(key, self.operation).cloned();
        let known = || status.description().map(str::to_owned);
        variant.description.clone().filter(|text| !text.is_empty()).or_else(own).or_else(said).or_else(known)
    }
}
