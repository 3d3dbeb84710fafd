//! How each property of a request or a response travels.

use serde_json::Value as Json;
use typespec::Program;
use typespec::program::{Application, Entity, TypeId, TypeKind, ValueKind};

use super::Disposition;
use super::route::UriTemplate;
use super::visibility::{Payloads, Visibility};
use crate::emit::facts;

/// The places beside the body where a decorator puts a property.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Travels {
    Header,
    Cookie,
    Query,
    Path,
    StatusCode,
}

/// What a property is of a request or a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Header { name: String, explode: bool },
    ContentType,
    Cookie { name: String },
    Query { name: String, explode: bool },
    Path { name: String, explode: bool, style: PathStyle, allow_reserved: bool },
    StatusCode,
    Body,
    BodyRoot,
    MultipartBody,
    BodyProperty,
}

/// How a parameter is set apart from the path before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PathStyle {
    Simple,
    Label,
    Matrix,
    Fragment,
    Path,
}

/// A property, what it is, and the names on the way to it.
#[derive(Clone, Debug)]
pub(crate) struct HttpProperty {
    pub(crate) property: TypeId,
    pub(crate) role: Role,
    pub(crate) path: Vec<String>,
}

impl HttpProperty {
    /// The name of a parameter, and where OpenAPI says that it is.
    pub(crate) fn parameter(&self) -> Option<(&str, &'static str)> {
        match &self.role {
            Role::Header { name, .. } => Some((name, "header")),
            Role::Cookie { name } => Some((name, "cookie")),
            Role::Query { name, .. } => Some((name, "query")),
            Role::Path { name, .. } => Some((name, "path")),
            _ => None,
        }
    }
}

fn http<'p>(program: &'p Program, target: TypeId, name: &str) -> Option<&'p Application> {
    program.find_decorator(target, &format!("TypeSpec.Http.{name}"))
}

/// Where a decorator puts a property beside the body.
pub(crate) fn metadata(program: &Program, property: TypeId) -> Option<Travels> {
    program[property].decorators.iter().find_map(|application| {
        Some(match application.name.strip_prefix("TypeSpec.Http.")? {
            "header" => Travels::Header,
            "cookie" => Travels::Cookie,
            "query" => Travels::Query,
            "path" => Travels::Path,
            "statusCode" => Travels::StatusCode,
            _ => return None,
        })
    })
}

/// Whether metadata that does not travel elsewhere stays in the payload.
pub(crate) fn is_kept_in_payload(program: &Program, property: TypeId) -> bool {
    let owner = program.property(property).and_then(|property| property.model);
    let said = [Some(property), owner].into_iter().flatten().find_map(|target| {
        let application = http(program, target, "Private.includeInapplicableMetadataInPayload")?;
        match application.arguments.first()?.entity {
            Entity::Value(value) => match program[value].kind {
                ValueKind::Boolean { truth, .. } => Some(truth),
                _ => None,
            },
            Entity::Type(_) | Entity::Indeterminate(_) => None,
        }
    });
    said.unwrap_or(true)
}

/// Whether `@patch` makes every property optional.
pub(crate) fn has_implicit_optionality(program: &Program, operation: TypeId) -> bool {
    http(program, operation, "patch").is_some_and(|it| field_bool(program, it, "implicitOptionality") == Some(true))
}

/// A text that a decorator was given: as it stands, or as a field of an object.
fn named(program: &Program, application: &Application) -> Option<String> {
    facts::text(program, application, 0)
        .map(str::to_owned)
        .or_else(|| field(program, application, "name")?.as_str().map(str::to_owned))
}

fn field(program: &Program, application: &Application, name: &str) -> Option<Json> {
    let ValueKind::Object(members) = &program[facts::value(application, 0)?].kind else { return None };
    let member = members.iter().find(|member| &*member.name == name)?;
    crate::emit::values::json(program, member.value, None, None)
}

fn field_bool(program: &Program, application: &Application, name: &str) -> Option<bool> {
    field(program, application, name)?.as_bool()
}

/// Puts a mark between words that a capital letter begins, and writes all small.
fn separated(name: &str, mark: char) -> String {
    let mut out = String::new();
    let mut before_is_small = false;
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && before_is_small {
            out.push(mark);
        }
        before_is_small = letter.is_ascii_lowercase();
        out.extend(letter.to_lowercase());
    }
    out
}

/// What a property's decorators, or the route that names it, make of it.
fn role(program: &Program, property: TypeId, template: Option<&UriTemplate>, is_top: bool) -> Option<Role> {
    let it = program.property(property)?;
    let own = it.name.to_string();
    let (path, query) = (http(program, property, "path"), http(program, property, "query"));
    if let Some(template) = template {
        let name = [path, query].into_iter().flatten().find_map(|given| named(program, given)).unwrap_or(own.clone());
        if let Some(role) = template.find(&name).filter(|_| is_top) {
            return Some(role.role());
        }
        if path.is_some() && it.optional {
            return Some(Role::Path { name, explode: false, style: PathStyle::Path, allow_reserved: false });
        }
    }
    if let Some(given) = http(program, property, "header") {
        let name = named(program, given).unwrap_or_else(|| separated(&own, '-'));
        let explode = field_bool(program, given, "explode").unwrap_or(false);
        return Some(Role::Header { name, explode });
    }
    if let Some(given) = http(program, property, "cookie") {
        return Some(Role::Cookie { name: named(program, given).unwrap_or_else(|| separated(&own, '_')) });
    }
    if let Some(given) = query {
        let explode = field_bool(program, given, "explode").unwrap_or(false);
        return Some(Role::Query { name: named(program, given).unwrap_or(own), explode });
    }
    if let Some(given) = path {
        let style = match field(program, given, "style").as_ref().and_then(Json::as_str) {
            Some("label") => PathStyle::Label,
            Some("matrix") => PathStyle::Matrix,
            Some("fragment") => PathStyle::Fragment,
            Some("path") => PathStyle::Path,
            _ => PathStyle::Simple,
        };
        return Some(Role::Path {
            name: named(program, given).unwrap_or(own),
            explode: field_bool(program, given, "explode").unwrap_or(false),
            style,
            allow_reserved: field_bool(program, given, "allowReserved").unwrap_or(false),
        });
    }
    let has = |name: &str| http(program, property, name).is_some();
    Some(match () {
        () if has("statusCode") => Role::StatusCode,
        () if has("body") => Role::Body,
        () if has("bodyRoot") => Role::BodyRoot,
        () if has("multipartBody") => Role::MultipartBody,
        () if has("bodyIgnore") => return None,
        () => Role::BodyProperty,
    })
}

/// Finds out how each property of a type travels, with those of the models inside.
pub(crate) fn resolve(
    payloads: &Payloads<'_>,
    program: &Program,
    ty: TypeId,
    visibility: Visibility,
    disposition: Disposition<'_>,
) -> Vec<HttpProperty> {
    let mut walk =
        Walk { payloads, program, visibility, disposition, root: ty, visited: Vec::new(), found: Vec::new() };
    if program.model(ty).is_some_and(|model| !model.properties.is_empty() || model.base.is_some()) {
        walk.model(ty, &[]);
    }
    walk.found
}

struct Walk<'a> {
    payloads: &'a Payloads<'a>,
    program: &'a Program,
    visibility: Visibility,
    disposition: Disposition<'a>,
    root: TypeId,
    visited: Vec<TypeId>,
    found: Vec<HttpProperty>,
}

impl Walk<'_> {
    /// Whether the model holds a body and nothing else that a body would hold.
    fn model(&mut self, model: TypeId, above: &[String]) -> bool {
        self.visited.push(model);
        let (mut has_body, mut has_property) = (false, false);
        for property in inherited(self.program, model) {
            if !self.payloads.is_visible(property, self.visibility) {
                continue;
            }
            let Some(it) = self.program.property(property) else { continue };
            let mut path = above.to_vec();
            path.push(it.name.to_string());
            let role = self.role(property, model == self.root);
            if role.is_none() && matches!(self.disposition, Disposition::Response { .. }) && self.is_cookie(property) {
                continue;
            }
            if matches!(role, Some(Role::Body | Role::BodyRoot | Role::MultipartBody)) {
                has_body = true;
            }
            let opens = !matches!(role, Some(Role::Body | Role::MultipartBody));
            if opens
                && is_model_with_properties(self.program, it.ty)
                && !self.visited.contains(&it.ty)
                && self.model(it.ty, &path)
            {
                has_body = true;
                continue;
            }
            has_property |= role == Some(Role::BodyProperty);
            if let Some(role) = role
                && self.found.iter().all(|known| known.property != property)
            {
                self.found.push(HttpProperty { property, role, path });
            }
        }
        has_body && !has_property
    }

    fn is_cookie(&self, property: TypeId) -> bool {
        http(self.program, property, "cookie").is_some()
    }

    fn role(&self, property: TypeId, is_top: bool) -> Option<Role> {
        let template = match self.disposition {
            Disposition::Request { template } => Some(template),
            _ => None,
        };
        let role = role(self.program, property, template, is_top)?;
        let is_response = matches!(self.disposition, Disposition::Response { .. });
        let is_part = matches!(self.disposition, Disposition::Part);
        Some(match role {
            Role::Header { name, .. } if self.is_content_type(&name) => Role::ContentType,
            Role::StatusCode if !is_response => Role::BodyProperty,
            Role::Query { .. } | Role::Path { .. } if is_response || is_part => Role::BodyProperty,
            Role::Cookie { .. } if is_response => return None,
            role => role,
        })
    }

    fn is_content_type(&self, name: &str) -> bool {
        name.eq_ignore_ascii_case("content-type")
            && !matches!(self.disposition, Disposition::Response { is_head: true })
    }
}

/// A model's properties: its own, then those of its bases that it does not override.
pub(crate) fn inherited(program: &Program, model: TypeId) -> Vec<TypeId> {
    let mut found: Vec<TypeId> = Vec::new();
    let mut current = Some(model);
    for _ in 0..10_000 {
        let Some(it) = current.and_then(|id| program.model(id)) else { break };
        for (name, property) in it.properties.iter() {
            let is_overridden =
                found.iter().any(|known| program.property(*known).is_some_and(|known| known.name == *name));
            if !is_overridden {
                found.push(property);
            }
        }
        current = it.base;
    }
    found
}

fn is_model_with_properties(program: &Program, id: TypeId) -> bool {
    match &program[id].kind {
        TypeKind::Model(model) => model.indexer.is_none() && !model.properties.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_separated_where_a_capital_follows_a_small_letter() {
        assert_eq!(separated("ifMatch", '-'), "if-match");
        assert_eq!(separated("requestID", '-'), "request-id");
        assert_eq!(separated("authToken", '_'), "auth_token");
    }
}
