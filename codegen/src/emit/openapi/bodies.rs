//! Bodies of requests and answers, by media type.

use serde_json::{Map, Value as Json, json};
use typespec::program::TypeId;

use super::Emitter;
use super::examples::{Examples, Shown};
use crate::emit::http::{Body, BodyKind, Part, Payload, Visibility};
use crate::emit::{Dialect, facts};

/// Contents by media type; of several, any may come.
pub(super) fn joined(contents: Vec<(String, Vec<Map<String, Json>>)>) -> Json {
    let mut out = Map::new();
    for (content_type, mut entries) in contents {
        if entries.len() == 1 {
            out.insert(content_type, Json::Object(entries.remove(0)));
            continue;
        }
        let mut entry = entries[0].clone();
        let schemas: Vec<Json> = entries.into_iter().filter_map(|mut entry| entry.shift_remove("schema")).collect();
        entry.insert("schema".to_owned(), json!({"anyOf": schemas}));
        out.insert(content_type, Json::Object(entry));
    }
    Json::Object(out)
}

impl Emitter<'_> {
    /// The body of a request; none where all bodies are void.
    pub(super) fn request_body(
        &mut self,
        bodies: &[&Body],
        visibility: Visibility,
        examples: &Examples,
    ) -> Option<Json> {
        let program = self.program;
        let bodies: Vec<&Body> = bodies.iter().copied().filter(|body| !body.is_void(program)).collect();
        if bodies.is_empty() {
            return None;
        }
        let is_required = |body: &Body| {
            let property = body.property.and_then(|property| program.property(property));
            property.is_none_or(|property| !property.optional)
        };
        let mut out = Map::new();
        out.insert("required".to_owned(), bodies.iter().all(|body| is_required(body)).into());
        let docs: Vec<&str> =
            bodies.iter().filter_map(|body| body.property).filter_map(|property| program.doc(property)).collect();
        if docs.iter().any(|doc| !doc.is_empty()) {
            out.insert("description".to_owned(), docs.join(" ").into());
        }
        let mut contents: Vec<(String, Vec<Map<String, Json>>)> = Vec::new();
        for body in bodies {
            let json = ["application/json".to_owned()];
            let content_types = if body.content_types.is_empty() { &json[..] } else { &body.content_types };
            for content_type in content_types {
                let entry = self.content(body, visibility, content_type, examples.request(content_type));
                match contents.iter_mut().find(|(known, _)| known == content_type) {
                    Some((_, entries)) => entries.push(entry),
                    None => contents.push((content_type.clone(), vec![entry])),
                }
            }
        }
        for (_, entries) in contents.iter_mut().filter(|(_, entries)| entries.len() > 1) {
            for entry in entries {
                entry.retain(|key, _| key == "schema" || key == "encoding");
            }
        }
        out.insert("content".to_owned(), joined(contents));
        Some(Json::Object(out))
    }

    /// A body in one media type.
    pub(super) fn content(
        &mut self,
        body: &Body,
        visibility: Visibility,
        content_type: &str,
        shown: &Shown,
    ) -> Map<String, Json> {
        let mut out = Map::new();
        if self.is_binary(&body.payload, content_type) || body.kind == BodyKind::File {
            out.insert("schema".to_owned(), self.raw(Some(content_type)));
            return out;
        }
        match &body.kind {
            BodyKind::Multipart(parts) => out = self.parts(&body.payload, parts, visibility),
            _ => {
                let schema = self.body_schema(body, visibility);
                out.insert("schema".to_owned(), schema);
            }
        }
        shown.add_to(&mut out);
        out
    }

    fn is_binary(&self, payload: &Payload, content_type: &str) -> bool {
        let Payload::Type(ty) = payload else { return false };
        self.program.scalar(*ty).is_some_and(|scalar| &*scalar.name == "bytes")
            && content_type != "application/json"
            && content_type != "text/plain"
    }

    /// Bytes as they are.
    fn raw(&self, content_type: Option<&str>) -> Json {
        match (self.dialect, content_type) {
            (Dialect::OpenApi30, _) => json!({"type": "string", "format": "binary"}),
            (_, Some(content_type)) => json!({"contentMediaType": content_type}),
            (_, None) => json!({}),
        }
    }

    fn body_schema(&mut self, body: &Body, visibility: Visibility) -> Json {
        let program = self.program;
        let is_whole = body.kind == BodyKind::Single { is_whole: true };
        let before = std::mem::replace(&mut self.is_whole, is_whole);
        let schema = self.seen_as(visibility, |emitter| match &body.payload {
            Payload::Either(types) => emitter.either(types),
            Payload::Properties(kept) => match emitter.payloads.named(program, kept, visibility) {
                Some(named) => emitter.top(named),
                None => {
                    let own = emitter.visibility_of_object(kept);
                    emitter.seen_as(own, |emitter| emitter.object(kept))
                }
            },
            Payload::Type(ty) => {
                let is_anonymous = program.model(*ty).is_some_and(|model| model.name.is_empty());
                let all = crate::emit::http::properties::inherited(program, *ty);
                let named = is_anonymous.then(|| emitter.payloads.named(program, &all, visibility)).flatten();
                emitter.top(named.unwrap_or(*ty))
            }
        });
        self.is_whole = before;
        schema
    }

    /// A type that nothing else stands around.
    pub(super) fn top(&mut self, id: TypeId) -> Json {
        let visibility = self.payloads.effective_visibility(id, self.visibility);
        self.seen_as(visibility, |emitter| emitter.schema(id))
    }

    /// The visibility in which an object of some properties is written.
    fn visibility_of_object(&self, properties: &[TypeId]) -> Visibility {
        let visibility = self.visibility;
        if self.payloads.changes(properties, visibility) { visibility } else { Visibility::READ }
    }

    fn parts(&mut self, of: &Payload, parts: &[Part], visibility: Visibility) -> Map<String, Json> {
        let (mut properties, mut required, mut encodings) = (Map::new(), Vec::new(), Map::new());
        for (at, part) in parts.iter().enumerate() {
            let name = part.name.clone().unwrap_or_else(|| format!("part{at}"));
            let mut schema = self.part_schema(part, visibility);
            if part.is_list {
                schema = json!({"type": "array", "items": schema});
            }
            if let Some(property) = part.property {
                let mut extras = Map::new();
                if let Some(doc) = self.program.doc(property) {
                    extras.insert("description".to_owned(), doc.into());
                    schema = match schema.get("$ref") {
                        Some(_) => json!({"allOf": [schema]}),
                        None => schema,
                    };
                }
                facts::extensions(self.program, property, self.dialect, &mut extras);
                if let Json::Object(schema) = &mut schema {
                    schema.extend(extras);
                }
            }
            let encoding = self.part_encoding(part, visibility, &schema);
            if !encoding.is_empty() {
                encodings.insert(name.clone(), Json::Object(encoding));
            }
            if !part.is_optional {
                required.push(name.clone());
            }
            properties.insert(name, schema);
        }
        let mut schema = json!({"type": "object", "properties": properties, "required": required});
        if let Payload::Type(ty) = of
            && self.program.name_of(*ty).is_some_and(|name| !name.is_empty())
        {
            let name = self.name(*ty);
            let whole = std::mem::replace(&mut schema, json!({"$ref": format!("#/components/schemas/{name}")}));
            self.components.insert(name.clone(), whole);
            self.names.insert(name, *ty);
        }
        let mut out = Map::new();
        out.insert("schema".to_owned(), schema);
        if !encodings.is_empty() {
            out.insert("encoding".to_owned(), Json::Object(encodings));
        }
        out
    }

    fn part_schema(&mut self, part: &Part, visibility: Visibility) -> Json {
        let is_raw = match &part.body.payload {
            Payload::Type(ty) => {
                self.program.scalar(*ty).is_some_and(|scalar| &*scalar.name == "bytes")
                    && facts::encoding(self.program, *ty).is_none()
            }
            _ => false,
        };
        if part.body.kind == BodyKind::File || is_raw {
            return self.raw(None);
        }
        self.body_schema(&part.body, visibility)
    }

    fn part_encoding(&mut self, part: &Part, visibility: Visibility, schema: &Json) -> Map<String, Json> {
        let mut out = Map::new();
        if !self.is_default_content_type(&part.body.content_types, schema) {
            out.insert("contentType".to_owned(), part.body.content_types.join(", ").into());
        }
        if !part.headers.is_empty() {
            let mut headers = Map::new();
            for (name, property) in &part.headers {
                headers.insert(name.clone(), Json::Object(self.parameter_base(*property, visibility)));
            }
            out.insert("headers".to_owned(), Json::Object(headers));
        }
        out
    }

    /// Whether a part's media type is the one that its schema implies.
    fn is_default_content_type(&self, content_types: &[String], schema: &Json) -> bool {
        let [content_type] = content_types else { return false };
        let kind = schema.get("type").and_then(Json::as_str);
        let is_raw = |schema: &Json| match self.dialect {
            Dialect::OpenApi30 => *schema == self.raw(None),
            _ => schema.get("type").is_none(),
        };
        match content_type.as_str() {
            "text/plain" => matches!(kind, Some("string" | "number")),
            "application/octet-stream" => is_raw(schema) || kind == Some("array") && is_raw(&schema["items"]),
            "application/json" => kind == Some("object"),
            _ => false,
        }
    }
}
