//! Examples of operations, taken apart into those of bodies, answers and media types.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};
use typespec::Program;
use typespec::program::{TypeId, ValueId, ValueKind};

use crate::emit::http::{Body, HttpOperation, HttpProperty, Payload, Response, Role, Status};
use crate::emit::{facts, values};

/// One example.
#[derive(Clone, Debug)]
struct Example {
    value: Json,
    title: Option<String>,
    description: Option<String>,
}

/// Examples that are shown at one place.
#[derive(Clone, Debug, Default)]
pub(super) struct Shown(Vec<Example>);

impl Shown {
    /// Adds them to what they are examples of: one without name alone, others under names.
    pub(super) fn add_to(&self, out: &mut Map<String, Json>) {
        match self.0.as_slice() {
            [] => {}
            [Example { value, title: None, description: None }] => {
                drop(out.insert("example".to_owned(), value.clone()))
            }
            all => {
                let mut named = Map::new();
                for (at, example) in all.iter().enumerate() {
                    let mut entry = Map::new();
                    for (key, text) in [("summary", &example.title), ("description", &example.description)] {
                        if let Some(text) = text {
                            entry.insert(key.to_owned(), text.as_str().into());
                        }
                    }
                    entry.insert("value".to_owned(), example.value.clone());
                    let name = example.title.clone().unwrap_or_else(|| format!("example{at}"));
                    named.insert(name, Json::Object(entry));
                }
                out.insert("examples".to_owned(), Json::Object(named));
            }
        }
    }
}

/// The examples of operations that are written as one.
#[derive(Debug, Default)]
pub(super) struct Examples {
    requests: BTreeMap<String, Shown>,
    responses: BTreeMap<(String, String), Shown>,
    none: Shown,
}

impl Examples {
    /// Reads `@opExample`, the lowest first.
    pub(super) fn new(program: &Program, together: &[&HttpOperation]) -> Self {
        let mut examples = Self::default();
        for operation in together {
            let uses = program[operation.operation].decorators.iter().filter(|it| &*it.name == "TypeSpec.opExample");
            for application in uses {
                let Some(example) = facts::value(application, 0) else { continue };
                let option = |name: &str| {
                    let value = field(program, facts::value(application, 1)?, name)?;
                    values::json(program, value, None, None)?.as_str().map(str::to_owned)
                };
                let texts = (option("title"), option("description"));
                if let (Some(parameters), Some(body)) = (field(program, example, "parameters"), &operation.body) {
                    examples.add_request(program, parameters, &operation.properties, body, &texts);
                }
                if let Some(returned) = field(program, example, "returnType") {
                    examples.add_response(program, returned, &operation.responses, &texts);
                }
            }
        }
        examples
    }

    /// Those of a request's body in a media type.
    pub(super) fn request(&self, content_type: &str) -> &Shown {
        self.requests.get(content_type).unwrap_or(&self.none)
    }

    /// Those of an answer in a media type.
    pub(super) fn response(&self, status: &str, content_type: &str) -> &Shown {
        self.responses.get(&(status.to_owned(), content_type.to_owned())).unwrap_or(&self.none)
    }

    fn add_request(
        &mut self,
        program: &Program,
        given: ValueId,
        properties: &[HttpProperty],
        body: &Body,
        texts: &(Option<String>, Option<String>),
    ) {
        let content_type = text_at(program, given, properties, &Role::ContentType);
        let content_type = content_type.unwrap_or_else(|| "application/json".to_owned());
        if let Some(value) = body_value(program, given, properties, body) {
            let (title, description) = texts.clone();
            self.requests.entry(content_type).or_default().0.push(Example { value, title, description });
        }
    }

    fn add_response(
        &mut self,
        program: &Program,
        given: ValueId,
        responses: &[Response],
        texts: &(Option<String>, Option<String>),
    ) {
        let mut best: Option<(u8, &Response, usize, String)> = None;
        for response in responses {
            for (at, content) in response.contents.iter().enumerate() {
                let Some(body) = &content.body else { continue };
                let Some((score, content_type)) = fit(program, given, response.status, &content.properties, body)
                else {
                    continue;
                };
                if best.as_ref().is_none_or(|(known, ..)| score > *known) {
                    best = Some((score, response, at, content_type));
                }
            }
        }
        let Some((_, response, at, content_type)) = best else { return };
        let content = &response.contents[at];
        let Some(body) = &content.body else { return };
        let Some(value) = body_value(program, given, &content.properties, body) else { return };
        for status in response.status.keys() {
            let (title, description) = texts.clone();
            let example = Example { value: value.clone(), title, description };
            self.responses.entry((status, content_type.clone())).or_default().0.push(example);
        }
    }
}

/// How well an example fits an answer, and in which media type.
fn fit(
    program: &Program,
    given: ValueId,
    status: Status,
    properties: &[HttpProperty],
    body: &Body,
) -> Option<(u8, String)> {
    let has = |role: &Role| properties.iter().any(|it| it.role == *role);
    let content_type = text_at(program, given, properties, &Role::ContentType);
    let own_status = number_at(program, given, properties);
    let same_status = own_status.map(|code| match status {
        Status::Any => true,
        Status::Code(known) => u64::from(known) == code,
        Status::Range(from, to) => (u64::from(from)..=u64::from(to)).contains(&code),
    });
    let same_type = content_type.filter(|content_type| body.content_types.contains(content_type));
    let json = || "application/json".to_owned();
    match (same_status, same_type) {
        (Some(true), Some(content_type)) => Some((2, content_type)),
        (Some(true), None) if !has(&Role::ContentType) => Some((1, json())),
        (None, Some(content_type)) => Some((1, content_type)),
        _ if !has(&Role::ContentType) && !has(&Role::StatusCode) => Some((0, json())),
        _ => None,
    }
}

fn field(program: &Program, value: ValueId, name: &str) -> Option<ValueId> {
    let ValueKind::Object(members) = &program[value].kind else { return None };
    members.iter().find(|member| &*member.name == name).map(|member| member.value)
}

fn at_path(program: &Program, value: ValueId, path: &[String]) -> Option<ValueId> {
    path.iter().try_fold(value, |value, name| field(program, value, name))
}

fn value_at(program: &Program, given: ValueId, properties: &[HttpProperty], role: &Role) -> Option<ValueId> {
    let property = properties.iter().find(|it| it.role == *role)?;
    at_path(program, given, &property.path)
}

fn text_at(program: &Program, given: ValueId, properties: &[HttpProperty], role: &Role) -> Option<String> {
    let value = value_at(program, given, properties, role)?;
    values::json(program, value, None, None)?.as_str().map(str::to_owned)
}

fn number_at(program: &Program, given: ValueId, properties: &[HttpProperty]) -> Option<u64> {
    let value = value_at(program, given, properties, &Role::StatusCode)?;
    values::json(program, value, None, None)?.as_u64()
}

/// The part of an example that is the body; the whole where nothing else is.
fn body_value(program: &Program, given: ValueId, properties: &[HttpProperty], body: &Body) -> Option<Json> {
    let explicit = properties.iter().find(|it| matches!(it.role, Role::Body | Role::BodyRoot));
    let value = match explicit {
        Some(property) => at_path(program, given, &property.path)?,
        None => given,
    };
    match &body.payload {
        Payload::Type(ty) => values::json(program, value, Some(*ty), None),
        Payload::Either(_) => values::json(program, value, None, None),
        Payload::Properties(kept) => object(program, value, kept),
    }
}

/// The members of an example that are in the body.
fn object(program: &Program, value: ValueId, kept: &[TypeId]) -> Option<Json> {
    let mut out = Map::new();
    for property in kept {
        let it = program.property(*property)?;
        let Some(member) = field(program, value, &it.name) else { continue };
        let encoding = facts::encoding(program, *property);
        let json = values::json(program, member, Some(it.ty), encoding.as_ref())?;
        out.insert(facts::wire_name(program, *property).to_owned(), json);
    }
    Some(Json::Object(out))
}
