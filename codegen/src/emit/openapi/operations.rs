//! Operations of one path and verb, with their answers, tags and security.

use serde_json::{Map, Value as Json, json};
use typespec::Program;
use typespec::decorators::documentation;
use typespec::program::TypeId;

use super::examples::Examples;
use super::{Emitter, external_docs};
use crate::emit::http::{self, HttpOperation, Payload, Response, Status, Visibility};
use crate::emit::{facts, report};

/// Operations by where they are reached; several of one path and verb are written as one.
pub(super) fn by_endpoint<'o>(program: &Program, operations: &'o [HttpOperation]) -> Vec<Vec<&'o HttpOperation>> {
    let mut found: Vec<Vec<&HttpOperation>> = Vec::new();
    for operation in operations {
        if is_overload_of_same_endpoint(program, operation, operations) {
            continue;
        }
        let is_same = |known: &Vec<&HttpOperation>| {
            known.first().is_some_and(|first| first.verb == operation.verb && first.path == operation.path)
        };
        match found.iter_mut().find(|known| is_same(known)) {
            Some(known) => known.push(operation),
            None => found.push(vec![operation]),
        }
    }
    found
}

fn is_overload_of_same_endpoint(program: &Program, operation: &HttpOperation, all: &[HttpOperation]) -> bool {
    let Some(base) = http::overloaded(program, operation.operation) else { return false };
    all.iter()
        .find(|known| known.operation == base)
        .is_none_or(|base| base.path == operation.path && base.verb == operation.verb)
}

impl Emitter<'_> {
    /// The operation that stands for one or several.
    pub(super) fn operation(&mut self, together: &[&HttpOperation]) -> Map<String, Json> {
        let program = self.program;
        let visibility = together.first().map_or(Visibility::READ, |first| first.visibility);
        let examples = Examples::new(program, together);
        let mut out = Map::new();
        out.insert("operationId".to_owned(), operation_ids(program, self.service, together).into());
        let ids: Vec<TypeId> = together.iter().map(|operation| operation.operation).collect();
        let joined = |texts: Vec<&str>| (!texts.is_empty()).then(|| Json::from(texts.join(" ")));
        let mut put = |key: &str, value: Option<Json>| drop(value.map(|value| out.insert(key.to_owned(), value)));
        put("summary", joined(ids.iter().filter_map(|id| documentation::summary(program, *id)).collect()));
        put("description", joined(ids.iter().filter_map(|id| program.doc(*id)).collect()));
        put("parameters", Some(self.endpoint_parameters(together, visibility).into()));
        put("responses", Some(Json::Object(self.responses(together, &examples))));
        let tags = self.operation_tags(&ids);
        put("tags", (!tags.is_empty()).then(|| tags.into()));
        put("externalDocs", ids.iter().rev().find_map(|id| external_docs(program, *id)));
        let mut bodies = Vec::new();
        for operation in together {
            bodies.extend(operation.body.as_ref().filter(|body| !bodies.contains(body)));
        }
        put("requestBody", self.request_body(&bodies, visibility, &examples));
        put("security", ids.first().and_then(|id| self.security.of(*id)).map(|needed| json!(needed)));
        let is_deprecated = ids.iter().any(|id| is_deprecated(program, *id));
        put("deprecated", is_deprecated.then_some(Json::Bool(true)));
        for id in ids {
            facts::extensions(program, id, self.dialect, &mut out);
        }
        out
    }

    /// All tags of operations, those of what holds them first; the document lists them too.
    fn operation_tags(&mut self, operations: &[TypeId]) -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        for operation in operations {
            let mut tags: Vec<&str> = Vec::new();
            for holder in holders(self.program, *operation) {
                // The lowest comes first, as decorators run.
                for tag in documentation::tags(self.program, holder).into_iter().rev() {
                    if !tags.contains(&tag) {
                        tags.push(tag);
                    }
                }
            }
            for tag in tags.into_iter().rev() {
                if all.iter().all(|known| known != tag) {
                    all.push(tag.to_owned());
                }
            }
        }
        for tag in &all {
            if !self.tags.contains(tag) {
                self.tags.push(tag.clone());
            }
        }
        all
    }

    /// The tags of the document: those that are only used, then those that `@tagMetadata` describes.
    pub(super) fn document_tags(&self, root: TypeId) -> Vec<Json> {
        let described = described_tags(self.program, root);
        let is_described = |tag: &String| described.iter().any(|known| known["name"] == tag.as_str());
        let used = self.tags.iter().filter(|tag| !is_described(tag)).map(|tag| json!({"name": tag}));
        used.chain(described.iter().cloned()).collect()
    }

    fn responses(&mut self, together: &[&HttpOperation], examples: &Examples) -> Map<String, Json> {
        let mut by_key: Vec<(String, Vec<&Response>)> = Vec::new();
        for response in together.iter().flat_map(|operation| &operation.responses) {
            let is_default = matches!(response.of, Payload::Type(ty)
                if self.program.find_decorator(ty, "TypeSpec.OpenAPI.defaultResponse").is_some());
            if let Status::Range(from, to) = response.status
                && !response.status.is_whole()
                && let Some(first) = together.first()
            {
                let message = format!(
                    "Status code range '{from} to '{to}' is not supported. OpenAPI 3.0 can only represent range 1XX, 2XX, 3XX, 4XX and 5XX. Example: `@minValue(400) @maxValue(499)` for 4XX."
                );
                let code = "@typespec/openapi3/unsupported-status-code-range";
                self.diagnostics.push(report(self.program, first.operation, code, message));
            }
            let keys = if is_default { vec!["default".to_owned()] } else { response.status.keys() };
            for key in keys {
                match by_key.iter_mut().find(|(known, _)| *known == key) {
                    Some((_, responses)) => responses.push(response),
                    None => by_key.push((key, vec![response])),
                }
            }
        }
        let mut out = Map::new();
        for (key, mut responses) in by_key {
            // Operations that answer the same need to say so only once.
            if together.len() > 1 && responses.iter().all(|response| response.of == responses[0].of) {
                responses.truncate(1);
            }
            let written = self.response(&key, &responses, examples);
            out.insert(key, written);
        }
        out
    }

    fn response(&mut self, key: &str, responses: &[&Response], examples: &Examples) -> Json {
        let mut out = Map::new();
        let (mut description, mut headers) = (String::new(), Map::new());
        let mut contents: Vec<(String, Vec<Map<String, Json>>)> = Vec::new();
        for response in responses {
            if let Payload::Type(ty) = response.of
                && let Some(given) = facts::text_of(self.program, ty, "TypeSpec.OpenAPI.useRef")
            {
                return json!({"$ref": given});
            }
            if let Some(own) = response.description.as_ref().filter(|own| **own != description) {
                let separator = if description.is_empty() { "" } else { " " };
                description = format!("{description}{separator}{own}");
            }
            for content in &response.contents {
                for (name, property) in &content.headers {
                    if !headers.contains_key(name) {
                        let header = self.parameter_base(*property, Visibility::READ);
                        headers.insert(name.clone(), Json::Object(header));
                    }
                }
                let Some(body) = &content.body else { continue };
                for content_type in &body.content_types {
                    let own = examples.response(key, content_type);
                    let entry = self.content(body, Visibility::READ, content_type, own);
                    match contents.iter_mut().find(|(known, _)| known == content_type) {
                        Some((_, entries)) => entries.push(entry),
                        None => contents.push((content_type.clone(), vec![entry])),
                    }
                }
            }
            if description.is_empty() {
                "An unexpected error response.".clone_into(&mut description);
            }
        }
        out.insert("description".to_owned(), description.into());
        if !headers.is_empty() {
            out.insert("headers".to_owned(), Json::Object(headers));
        }
        if !contents.is_empty() {
            out.insert("content".to_owned(), super::bodies::joined(contents));
        }
        Json::Object(out)
    }
}

/// The operation and all that it is in, inside out.
fn holders(program: &Program, operation: TypeId) -> Vec<TypeId> {
    let mut found = vec![operation];
    let mut current = program.operation(operation).and_then(|it| it.interface.or(it.namespace));
    while let Some(id) = current.filter(|_| found.len() < 1000) {
        found.push(id);
        current = program.namespace_of(id);
    }
    found
}

fn is_deprecated(program: &Program, operation: TypeId) -> bool {
    holders(program, operation).into_iter().any(|id| program.deprecation(id).is_some())
}

/// The name of one or several operations: all names, unless they have the same.
fn operation_ids(program: &Program, service: Option<TypeId>, together: &[&HttpOperation]) -> String {
    let ids: Vec<String> = together.iter().map(|it| operation_id(program, service, it.operation)).collect();
    match ids.split_first() {
        Some((first, rest)) if rest.iter().all(|id| id == first) => first.clone(),
        _ => ids.join("_"),
    }
}

fn operation_id(program: &Program, service: Option<TypeId>, operation: TypeId) -> String {
    if let Some(given) = facts::text_of(program, operation, "TypeSpec.OpenAPI.operationId") {
        return given.to_owned();
    }
    let Some(it) = program.operation(operation) else { return String::new() };
    let holder = it.interface.or_else(|| {
        it.namespace.filter(|namespace| {
            *namespace != program.global_namespace()
                && Some(*namespace) != service
                && !documentation::is_service(program, *namespace)
        })
    });
    match holder.and_then(|holder| program.name_of(holder)).filter(|name| !name.is_empty()) {
        Some(holder) => format!("{holder}_{}", it.name),
        None => it.name.to_string(),
    }
}

/// What `@tagMetadata` says, top-most first; keys that the format does not know are extensions.
fn described_tags(program: &Program, root: TypeId) -> Vec<Json> {
    let uses = program[root].decorators.iter().filter(|it| &*it.name == "TypeSpec.OpenAPI.tagMetadata");
    let mut tags = Vec::new();
    for application in uses {
        let value = |at| {
            let value = facts::value(application, at)?;
            crate::emit::values::json(program, value, None, None)
        };
        match value(0) {
            Some(Json::Array(all)) => tags.extend(all),
            Some(Json::String(name)) => {
                let mut tag = Map::from_iter([("name".to_owned(), Json::String(name))]);
                if let Some(Json::Object(said)) = value(1) {
                    tag.extend(said);
                }
                tags.push(Json::Object(tag));
            }
            _ => {}
        }
    }
    for tag in &mut tags {
        let Json::Object(tag) = tag else { continue };
        for key in ["parent", "summary", "kind"] {
            if let Some(value) = tag.shift_remove(key) {
                tag.insert(format!("x-oai-{key}"), value);
            }
        }
    }
    tags
}
