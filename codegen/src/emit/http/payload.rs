//! Bodies: what of a request or a response is one, and in which media types.

use typespec::Program;
use typespec::decorators::{discriminators, encoding, merge_patch};
use typespec::program::{Intrinsic, TypeId, TypeKind};

use super::properties::{self, HttpProperty, Role};
use super::visibility::{Payloads, Visibility};
use super::{Disposition, files};
use crate::emit::facts;

/// What a body is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Payload {
    Type(TypeId),
    /// Some properties of a model.
    Properties(Vec<TypeId>),
    /// Either of several types that were not written as one union.
    Either(Vec<TypeId>),
}

/// A body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Body {
    pub(crate) payload: Payload,
    pub(crate) content_types: Vec<String>,
    /// The property that is the body.
    pub(crate) property: Option<TypeId>,
    pub(crate) kind: BodyKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum BodyKind {
    /// One value; `is_whole` where properties that would travel elsewhere stay in it.
    Single {
        is_whole: bool,
    },
    File,
    Multipart(Vec<Part>),
}

/// A part of a body of several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) name: Option<String>,
    pub(crate) property: Option<TypeId>,
    pub(crate) is_optional: bool,
    pub(crate) is_list: bool,
    pub(crate) body: Body,
    /// The names and properties of its headers.
    pub(crate) headers: Vec<(String, TypeId)>,
}

impl Body {
    /// Whether there is nothing in it.
    pub(crate) fn is_void(&self, program: &Program) -> bool {
        matches!(self.payload, Payload::Type(ty) if matches!(program[ty].kind, TypeKind::Intrinsic(Intrinsic::Void)))
    }
}

/// Finds out what of a type travels beside the body, and what is the body.
pub(super) fn resolve(
    payloads: &Payloads<'_>,
    program: &Program,
    ty: TypeId,
    visibility: Visibility,
    disposition: Disposition<'_>,
) -> (Vec<HttpProperty>, Option<Body>) {
    let metadata = properties::resolve(payloads, program, ty, visibility, disposition);
    let resolver = Resolver { payloads, program, visibility, disposition };
    let body = resolver.body(ty, &metadata);
    // A body of several parts is one only when it says so.
    let body = body.filter(|body| {
        matches!(body.kind, BodyKind::Multipart(_))
            || !body.content_types.iter().any(|content_type| content_type.starts_with("multipart/"))
    });
    (metadata, body)
}

#[derive(Clone, Copy)]
struct Resolver<'a> {
    payloads: &'a Payloads<'a>,
    program: &'a Program,
    visibility: Visibility,
    disposition: Disposition<'a>,
}

impl Resolver<'_> {
    fn body(&self, ty: TypeId, metadata: &[HttpProperty]) -> Option<Body> {
        let content_type = metadata.iter().find(|it| it.role == Role::ContentType).map(|it| it.property);
        if content_type.is_none()
            && let Some((content_type, contents)) = files::file(self.program, ty, metadata)
        {
            return Some(self.file(content_type, contents, None));
        }
        let single = |payload: Payload| Body {
            content_types: self.content_types(content_type, &payload),
            payload,
            property: None,
            kind: BodyKind::Single { is_whole: false },
        };
        let Some(model) = self.program.model(ty).filter(|_| !self.program.is_array(ty)) else {
            return Some(single(Payload::Type(ty)));
        };
        let explicit = self.explicit(metadata, content_type);
        if explicit.is_some() {
            return explicit;
        }
        // A type with a base or further properties has a body, if an empty one.
        let is_base = || !model.derived.is_empty() && discriminators::discriminator(self.program, ty).is_some();
        if model.base.is_some() || model.indexer.is_some() || is_base() {
            return Some(single(Payload::Type(ty)));
        }
        let is_in_body = |property: TypeId| {
            metadata.iter().any(|known| known.property == property && known.role == Role::BodyProperty)
        };
        let kept: Vec<TypeId> = model.properties.ids().filter(|property| is_in_body(*property)).collect();
        if kept.is_empty() {
            return None;
        }
        let payload = if kept.len() == model.properties.len() { Payload::Type(ty) } else { Payload::Properties(kept) };
        Some(single(payload))
    }

    /// The body that a decorator names.
    fn explicit(&self, metadata: &[HttpProperty], content_type: Option<TypeId>) -> Option<Body> {
        let body = metadata.iter().find(|it| matches!(it.role, Role::Body | Role::BodyRoot | Role::MultipartBody))?;
        let ty = self.program.property(body.property)?.ty;
        if body.role == Role::MultipartBody {
            return self.multipart(body.property, ty, content_type);
        }
        if content_type.is_none()
            && let Some((content_type, contents)) = files::file(self.program, ty, metadata)
        {
            return Some(self.file(content_type, contents, Some(body.property)));
        }
        let payload = Payload::Type(ty);
        Some(Body {
            content_types: self.content_types(content_type, &payload),
            payload,
            property: Some(body.property),
            kind: BodyKind::Single { is_whole: body.role == Role::Body && self.has_metadata(ty, &mut Vec::new()) },
        })
    }

    /// Whether a property that would travel elsewhere is anywhere in a type.
    fn has_metadata(&self, id: TypeId, seen: &mut Vec<TypeId>) -> bool {
        if seen.contains(&id) {
            return false;
        }
        seen.push(id);
        let program = self.program;
        match &program[id].kind {
            TypeKind::Model(model) => {
                let own = model.properties.ids().any(|property| {
                    self.travels(property)
                        || program.property(property).is_some_and(|property| self.has_metadata(property.ty, seen))
                });
                own || model.base.is_some_and(|base| self.has_metadata(base, seen))
                    || model.indexer.is_some_and(|indexer| self.has_metadata(indexer.value, seen))
            }
            TypeKind::Union(union) => union
                .variants
                .iter()
                .filter_map(|variant| program.variant(*variant))
                .any(|variant| self.has_metadata(variant.ty, seen)),
            TypeKind::Tuple(items) => items.iter().any(|item| self.has_metadata(*item, seen)),
            _ => false,
        }
    }

    fn travels(&self, property: TypeId) -> bool {
        use properties::Travels;
        let is_response = matches!(self.disposition, Disposition::Response { .. });
        let is_part = matches!(self.disposition, Disposition::Part);
        properties::metadata(self.program, property).is_some_and(|travels| match travels {
            Travels::Header => true,
            Travels::Cookie => !is_part,
            Travels::Query => !is_response,
            Travels::Path => !is_response && !is_part,
            Travels::StatusCode => is_response,
        })
    }

    fn file(&self, content_type: TypeId, contents: TypeId, property: Option<TypeId>) -> Body {
        Body {
            payload: Payload::Type(self.program.property(contents).map_or(contents, |contents| contents.ty)),
            content_types: content_types_of(self.program, content_type),
            property,
            kind: BodyKind::File,
        }
    }

    fn multipart(&self, property: TypeId, ty: TypeId, content_type: Option<TypeId>) -> Option<Body> {
        let parts = match &self.program[ty].kind {
            TypeKind::Model(model) => {
                let parts = model.properties.iter().filter_map(|(name, property)| {
                    let it = self.program.property(property)?;
                    let part = self.part_or_parts(it.ty)?;
                    let name = part.name.clone().unwrap_or_else(|| name.to_string());
                    Some(Part { name: Some(name), property: Some(property), is_optional: it.optional, ..part })
                });
                parts.collect()
            }
            TypeKind::Tuple(items) => items.iter().filter_map(|item| self.part_or_parts(*item)).collect(),
            _ => return None,
        };
        let content_types = match content_type {
            Some(property) => content_types_of(self.program, property),
            None => vec!["multipart/form-data".to_owned()],
        };
        let kind = BodyKind::Multipart(parts);
        Some(Body { payload: Payload::Type(ty), content_types, property: Some(property), kind })
    }

    fn part_or_parts(&self, ty: TypeId) -> Option<Part> {
        match self.program.model(ty).filter(|_| self.program.is_array(ty)).and_then(|model| model.indexer) {
            Some(indexer) => Some(Part { is_list: true, ..self.part(indexer.value)? }),
            None => self.part(ty),
        }
    }

    fn part(&self, ty: TypeId) -> Option<Part> {
        let application = self.program.find_decorator(ty, "TypeSpec.Http.Private.httpPart")?;
        let of = facts::ty(application, 0)?;
        let (metadata, body) = resolve(self.payloads, self.program, of, self.visibility, Disposition::Part);
        let mut body = body.filter(|body| !matches!(body.kind, BodyKind::Multipart(_)))?;
        if body.content_types.is_empty() {
            body.content_types = self.content_types(None, &body.payload);
        }
        let headers = metadata.iter().filter_map(|it| match &it.role {
            Role::Header { name, .. } => Some((name.clone(), it.property)),
            _ => None,
        });
        let name = facts::value(application, 1)
            .and_then(|options| crate::emit::values::json(self.program, options, None, None))
            .and_then(|options| options.get("name")?.as_str().map(str::to_owned));
        let headers = headers.collect();
        Some(Part { name, property: None, is_optional: false, is_list: false, body, headers })
    }

    fn content_types(&self, given: Option<TypeId>, payload: &Payload) -> Vec<String> {
        if let Some(property) = given {
            return content_types_of(self.program, property);
        }
        let is_patch = match payload {
            Payload::Type(ty) => merge_patch::is_patch(self.program, *ty),
            Payload::Properties(kept) => kept.iter().any(|id| merge_patch::is_patch_property(self.program, *id)),
            Payload::Either(_) => false,
        };
        if is_patch {
            return vec!["application/merge-patch+json".to_owned()];
        }
        match payload {
            Payload::Type(ty) => default_content_types(self.program, *ty),
            Payload::Properties(_) => vec!["application/json".to_owned()],
            Payload::Either(types) => either_content_types(self.program, types.iter().copied()),
        }
    }
}

/// The media types that a property for the content type lists.
fn content_types_of(program: &Program, property: TypeId) -> Vec<String> {
    let Some(it) = program.property(property) else { return Vec::new() };
    match &program[it.ty].kind {
        TypeKind::String(text) => vec![text.to_string()],
        TypeKind::Union(union) => {
            let variants = union.variants.iter().filter_map(|variant| program.variant(*variant));
            let texts = variants.filter_map(|variant| match &program[variant.ty].kind {
                TypeKind::String(text) => Some(text.to_string()),
                _ => None,
            });
            texts.collect()
        }
        TypeKind::Scalar(scalar) if &*scalar.name == "string" => vec!["*/*".to_owned()],
        _ => Vec::new(),
    }
}

/// The media types of several types, each once; with null among them they are JSON.
pub(super) fn either_content_types(program: &Program, types: impl Iterator<Item = TypeId> + Clone) -> Vec<String> {
    let is_null = |id: TypeId| matches!(program[id].kind, TypeKind::Intrinsic(Intrinsic::Null));
    if types.clone().any(is_null) {
        return vec!["application/json".to_owned()];
    }
    let mut found: Vec<String> = Vec::new();
    for content_type in types.flat_map(|ty| default_content_types(program, ty)) {
        if !found.contains(&content_type) {
            found.push(content_type);
        }
    }
    found
}

fn default_content_types(program: &Program, id: TypeId) -> Vec<String> {
    let one = |name: &str| vec![name.to_owned()];
    let mut ty = id;
    for _ in 0..100 {
        match encoding::encoding(program, ty) {
            Some(encoding) if program.scalar(ty).is_some() && encoding.scalar != ty => ty = encoding.scalar,
            _ => break,
        }
    }
    match &program[ty].kind {
        TypeKind::String(_) | TypeKind::Number(_) | TypeKind::Boolean(_) | TypeKind::StringTemplate(_) => {
            one("text/plain")
        }
        TypeKind::Union(union) => {
            let variants = union.variants.iter().filter_map(|variant| program.variant(*variant));
            either_content_types(program, variants.map(|variant| variant.ty))
        }
        TypeKind::Scalar(_) => one(hint(program, ty).unwrap_or("text/plain")),
        TypeKind::Model(_) | TypeKind::Enum(_) => one(hint(program, ty).unwrap_or("application/json")),
        _ => one("application/json"),
    }
}

fn hint(program: &Program, id: TypeId) -> Option<&str> {
    encoding::media_type_of(program, id)
}
