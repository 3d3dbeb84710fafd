//! Schemas of types, as components or where they are used.

use radii_diagnostics::{Code, Diagnostic};
use serde_json::{Map, Value as Json, json};
use typespec::Program;
use typespec::program::{Intrinsic, SourceUsage, TypeId, TypeKind};

use super::{Emitter, external_docs};
use crate::emit::http::Visibility;
use crate::emit::{Dialect, facts, report, scalars, values};

impl Emitter<'_> {
    /// The name of a type's component.
    pub(super) fn name(&self, id: TypeId) -> String {
        let full = match typespec::decorators::documentation::friendly_name_of(self.program, id) {
            Some(name) => name.to_owned(),
            None => {
                let has_name = self.program.name_of(id).is_some_and(|name| !name.is_empty());
                let full = if has_name { self.program.full_name(id) } else { self.program.type_name(id) };
                let prefix = self.service.map(|service| format!("{}.", self.program.namespace_name(service)));
                let short = prefix.and_then(|prefix| full.strip_prefix(&prefix).map(str::to_owned));
                short.unwrap_or_else(|| full.strip_prefix("TypeSpec.").unwrap_or(&full).to_owned())
            }
        };
        full.chars().map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' }).collect()
    }

    /// Whether a type is written where it is used.
    pub(super) fn is_inline(&self, id: TypeId) -> bool {
        let program = self.program;
        let is_instance = || program.template_arguments(id).is_some();
        let has_name = || typespec::decorators::documentation::friendly_name_of(program, id).is_some();
        match &program[id].kind {
            TypeKind::Model(model) => {
                model.name.is_empty()
                    || program.is_standard_namespace(model.namespace) && is_instance()
                    || is_instance() && !has_name()
            }
            // A scalar without a name is called as it is written, unless another one is called so.
            TypeKind::Scalar(it) if it.name.is_empty() => {
                !has_name() && self.names.get(&self.name(id)).is_some_and(|known| *known != id)
            }
            TypeKind::Scalar(_) => scalars::is_standard(program, id) || is_instance() && !has_name(),
            TypeKind::Enum(it) => it.name.is_empty(),
            TypeKind::Union(union) => union.name.as_deref().is_none_or(str::is_empty),
            _ => true,
        }
    }

    pub(super) fn reference(&mut self, id: TypeId) -> Json {
        if let Some(given) = facts::text_of(self.program, id, "TypeSpec.OpenAPI.useRef") {
            return json!({"$ref": given});
        }
        let visibility = self.payloads.effective_visibility(id, self.visibility);
        let mut name = self.name(id);
        if self.usage.has_several(id) {
            name.push_str(&visibility.suffix());
        }
        match self.names.get(&name) {
            None => {
                self.names.insert(name.clone(), id);
                self.waiting.push((name.clone(), id, visibility, self.is_whole));
            }
            Some(known) if *known != id => {
                let message = format!(
                    "Duplicate type name: '{name}'. Check @friendlyName decorators and overlap with types in TypeSpec or service namespace."
                );
                self.diagnostics.push(report(self.program, id, "@typespec/openapi/duplicate-type-name", message));
            }
            Some(_) => {}
        }
        json!({"$ref": format!("#/components/schemas/{name}")})
    }

    /// The schema of a type where it is used: a reference, or the whole.
    pub(super) fn schema(&mut self, id: TypeId) -> Json {
        let program = self.program;
        match &program[id].kind {
            TypeKind::Model(_) | TypeKind::Scalar(_) | TypeKind::Enum(_) | TypeKind::Union(_) => {
                if self.is_inline(id) {
                    self.inline(id)
                } else {
                    self.reference(id)
                }
            }
            TypeKind::ModelProperty(_) => self.property(id),
            TypeKind::UnionVariant(variant) => self.schema(variant.ty),
            TypeKind::Tuple(items) => match self.dialect {
                Dialect::OpenApi31 => {
                    let items: Vec<Json> = items.iter().map(|item| self.schema(*item)).collect();
                    json!({"type": "array", "prefixItems": items})
                }
                _ => json!({"type": "array", "items": {}}),
            },
            TypeKind::String(_) | TypeKind::Number(_) | TypeKind::Boolean(_) | TypeKind::EnumMember(_) => {
                literal(program, id)
            }
            TypeKind::StringTemplate(template) => match &template.text {
                Some(text) => json!({"type": "string", "enum": [&**text]}),
                None => json!({"type": "string"}),
            },
            TypeKind::Intrinsic(Intrinsic::Unknown | Intrinsic::Error) => json!({}),
            TypeKind::Intrinsic(Intrinsic::Null) => match self.dialect {
                Dialect::OpenApi30 => json!({"nullable": true}),
                _ => json!({"type": "null"}),
            },
            TypeKind::Intrinsic(Intrinsic::Never | Intrinsic::Void) => {
                let message = format!("Couldn't get schema for type {}", program.type_name(id));
                self.diagnostics.push(Diagnostic::error(Code::new("@typespec/openapi3/invalid-schema"), message));
                json!({})
            }
            _ => json!({}),
        }
    }

    fn inline(&mut self, id: TypeId) -> Json {
        if self.open.contains(&id) {
            let name = self.program.type_name(id);
            let message = format!(
                "Cycle detected in '{name}'. Use @friendlyName decorator to assign an OpenAPI definition name and make it non-inline."
            );
            self.diagnostics.push(report(self.program, id, "@typespec/openapi3/inline-cycle", message));
            return json!({});
        }
        self.open.push(id);
        let schema = self.component(id);
        self.open.pop();
        schema
    }

    /// Writes schemas as they are in another visibility.
    pub(super) fn seen_as<T>(&mut self, visibility: Visibility, write: impl FnOnce(&mut Self) -> T) -> T {
        let before = std::mem::replace(&mut self.visibility, visibility);
        let written = write(self);
        self.visibility = before;
        written
    }

    /// The whole schema of a type.
    pub(super) fn component(&mut self, id: TypeId) -> Json {
        let program = self.program;
        match &program[id].kind {
            TypeKind::Model(_) => self.model(id),
            TypeKind::Scalar(_) => match scalars::schema(program, id, self.dialect) {
                Some(schema) => Json::Object(schema),
                None => Json::Object(facts::constraints(program, id, self.dialect)),
            },
            TypeKind::Enum(_) => self.enumeration(id),
            TypeKind::Union(_) => self.union(id),
            _ => self.schema(id),
        }
    }

    fn enumeration(&mut self, id: TypeId) -> Json {
        let values = facts::enum_values(self.program, id);
        let mut kinds: Vec<&str> = Vec::new();
        for value in &values {
            let kind = if value.is_number() { "number" } else { "string" };
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        let mut schema = Map::new();
        match kinds.as_slice() {
            [] => {
                let message = "Empty enums are not supported for OpenAPI v3 - enums must have at least one value.";
                self.diagnostics.push(report(self.program, id, "@typespec/openapi3/empty-enum", message.to_owned()));
                return json!({});
            }
            [kind] => schema.insert("type".to_owned(), (*kind).into()),
            [kind, ..] if self.dialect == Dialect::OpenApi30 => {
                let message = "Enums are not supported unless all options are literals of the same type.";
                self.diagnostics.push(report(
                    self.program,
                    id,
                    "@typespec/openapi3/enum-unique-type",
                    message.to_owned(),
                ));
                schema.insert("type".to_owned(), (*kind).into())
            }
            kinds => schema.insert("type".to_owned(), kinds.into()),
        };
        schema.insert("enum".to_owned(), Json::Array(values));
        schema.extend(facts::constraints(self.program, id, self.dialect));
        Json::Object(schema)
    }

    pub(super) fn model(&mut self, id: TypeId) -> Json {
        let program = self.program;
        let Some(model) = program.model(id) else { return json!({}) };
        if program.is_array(id) {
            let inner = self.visibility.of_items();
            let items = model.indexer.map(|indexer| self.seen_as(inner, |emitter| emitter.schema(indexer.value)));
            let items = items.unwrap_or_default();
            let mut schema = Map::new();
            schema.insert("type".to_owned(), "array".into());
            schema.insert("items".to_owned(), items);
            if !program.is_standard_namespace(model.namespace) {
                schema.extend(facts::constraints(program, id, self.dialect));
            }
            return Json::Object(schema);
        }
        let mut schema = Map::new();
        schema.insert("type".to_owned(), "object".into());
        let (mut properties, mut required) = (Map::new(), Vec::new());
        for property in model.properties.ids() {
            self.member(property, &mut properties, &mut required);
        }
        self.derived(id);
        self.discriminator(id, &mut schema, &mut properties, &mut required);
        let additional = self.additional(id);
        if let Some(base) = model.base
            && self.dialect == Dialect::OpenApi30
            && additional.as_ref().is_some_and(|schema| *schema == json!({"not": {}}))
        {
            for inherited in program.effective_properties(base) {
                let name = facts::wire_name(program, inherited);
                properties.entry(name).or_insert_with(|| json!({}));
            }
        }
        if !required.is_empty() {
            schema.insert("required".to_owned(), required.into());
        }
        if !properties.is_empty() {
            schema.insert("properties".to_owned(), Json::Object(properties));
        }
        if let Some(additional) = additional {
            let keyword =
                if self.dialect == Dialect::OpenApi30 { "additionalProperties" } else { "unevaluatedProperties" };
            schema.insert(keyword.to_owned(), additional);
        }
        if let Some(docs) = external_docs(program, id) {
            schema.insert("externalDocs".to_owned(), docs);
        }
        if let Some(base) = model.base {
            schema.insert("allOf".to_owned(), json!([self.schema(base)]));
        }
        if !program.is_standard_namespace(model.namespace) || model.name.is_empty() {
            schema.extend(facts::constraints(program, id, self.dialect));
        }
        Json::Object(schema)
    }

    /// The schema of properties without a name, where the model itself says something of them.
    fn additional(&mut self, id: TypeId) -> Option<Json> {
        let model = self.program.model(id)?;
        let indexer = model.indexer?;
        let from_base = model.base.and_then(|base| self.program.model(base)?.indexer) == Some(indexer);
        let own = model.sources.iter().any(|source| {
            source.usage != SourceUsage::Intersection
                && self.program.model(source.model).is_some_and(|it| it.indexer.is_some())
        });
        if from_base && !own {
            return None;
        }
        Some(match &self.program[indexer.value].kind {
            TypeKind::Intrinsic(Intrinsic::Never) => json!({"not": {}}),
            _ => self.schema(indexer.value),
        })
    }

    /// Sees to it that what extends a model has a component.
    fn derived(&mut self, id: TypeId) {
        let program = self.program;
        for derived in program.model(id).map(|model| model.derived.clone()).unwrap_or_default() {
            let is_instance = program.template_arguments(derived).is_some()
                && program.model(derived).is_some_and(|model| model.derived.is_empty());
            if program.is_template_declaration(derived) || is_instance || self.is_inline(derived) {
                continue;
            }
            let visibility = if self.usage.is_reachable(derived) { self.visibility } else { Visibility::ALL };
            self.seen_as(visibility, |emitter| emitter.reference(derived));
        }
    }

    /// An object of some properties of a model.
    pub(super) fn object(&mut self, members: &[TypeId]) -> Json {
        let (mut properties, mut required) = (Map::new(), Vec::new());
        for property in members {
            self.member(*property, &mut properties, &mut required);
        }
        let mut schema = Map::new();
        schema.insert("type".to_owned(), "object".into());
        if !properties.is_empty() {
            schema.insert("properties".to_owned(), Json::Object(properties));
        }
        if !required.is_empty() {
            schema.insert("required".to_owned(), required.into());
        }
        Json::Object(schema)
    }

    fn member(&mut self, property: TypeId, properties: &mut Map<String, Json>, required: &mut Vec<String>) {
        let program = self.program;
        let Some(it) = program.property(property) else { return };
        let is_never = matches!(program[it.ty].kind, TypeKind::Intrinsic(Intrinsic::Never));
        if is_never || !self.payloads.is_payload(property, self.visibility, self.is_whole) {
            return;
        }
        let name = facts::wire_name(program, property).to_owned();
        if !self.payloads.is_optional(property, self.visibility) {
            required.push(name.clone());
        }
        let schema = self.property(property);
        properties.insert(name, schema);
    }

    pub(super) fn property(&mut self, property: TypeId) -> Json {
        let program = self.program;
        let Some(it) = program.property(property) else { return json!({}) };
        let mut extras = facts::constraints(program, property, self.dialect);
        let encoding = facts::encoding(program, property);
        if let Some(default) = it.default {
            match values::json(program, default, Some(it.ty), encoding.as_ref()) {
                Some(default) => {
                    extras.insert("default".to_owned(), default);
                }
                None => {
                    let message = "Default value is not supported in OpenAPI 3".to_owned();
                    let warning = Diagnostic::warning(Code::new("@typespec/openapi3/default-not-supported"), message);
                    self.diagnostics.push(match program.span_of(property) {
                        Some(span) => warning.at(span),
                        None => warning,
                    });
                }
            }
        }
        if typespec::decorators::visibility::is_read_only(program, property) {
            extras.insert("readOnly".to_owned(), true.into());
        }
        if let Some(docs) = external_docs(program, property) {
            extras.insert("externalDocs".to_owned(), docs);
        }
        let one_of = self.wants_one_of(property);
        let schema = match &program[it.ty].kind {
            TypeKind::Union(union) if union.name.is_none() => self.variants(it.ty, one_of),
            TypeKind::Scalar(_) if encoding.is_some() => {
                let mut schema = scalars::schema(program, it.ty, self.dialect).unwrap_or_default();
                scalars::encode(program, property, self.dialect, &mut schema);
                Json::Object(schema)
            }
            _ if encoding.is_some() => {
                let mut schema = self.schema(it.ty);
                if let Json::Object(schema) = &mut schema {
                    scalars::encode(program, property, self.dialect, schema);
                }
                schema
            }
            _ => self.schema(it.ty),
        };
        self.with_extras(schema, extras)
    }

    /// Puts keywords beside a schema; beside a reference they need a wrapper in 3.0.
    pub(super) fn with_extras(&self, schema: Json, extras: Map<String, Json>) -> Json {
        let Json::Object(mut schema) = schema else { return schema };
        if extras.is_empty() {
            return Json::Object(schema);
        }
        if schema.contains_key("$ref") && self.dialect == Dialect::OpenApi30 {
            let mut wrapper = Map::new();
            wrapper.insert("allOf".to_owned(), json!([Json::Object(schema)]));
            wrapper.extend(extras);
            return Json::Object(wrapper);
        }
        scalars::overlay(&mut schema, extras, self.dialect);
        Json::Object(schema)
    }

    fn discriminator(
        &mut self,
        id: TypeId,
        schema: &mut Map<String, Json>,
        properties: &mut Map<String, Json>,
        required: &mut Vec<String>,
    ) {
        let program = self.program;
        let Some(name) = facts::text_of(program, id, "TypeSpec.discriminator") else { return };
        if !properties.contains_key(name) {
            let description = format!("Discriminator property for {}.", program.name_of(id).map_or("", |name| name));
            properties.insert(name.to_owned(), json!({"type": "string", "description": description}));
        }
        if !required.iter().any(|known| known == name) {
            required.push(name.to_owned());
        }
        let mut mapping = Map::new();
        self.family(id, name, &mut mapping);
        let mut discriminator = json!({"propertyName": name});
        if !mapping.is_empty() {
            discriminator["mapping"] = Json::Object(mapping);
        }
        schema.insert("discriminator".to_owned(), discriminator);
    }

    fn family(&mut self, id: TypeId, name: &str, mapping: &mut Map<String, Json>) {
        for derived in self.program.model(id).map(|model| model.derived.clone()).unwrap_or_default() {
            if self.program.is_template_declaration(derived) {
                continue;
            }
            let own = self.program.model(derived).and_then(|model| model.properties.get(name));
            let own = own.and_then(|property| self.program.property(property));
            if let Some(property) = own {
                for value in texts(self.program, property.ty) {
                    let reference = self.schema(derived);
                    if let Some(target) = reference.get("$ref") {
                        mapping.insert(value, target.clone());
                    }
                }
            }
            self.family(derived, name, mapping);
        }
    }
}

/// The texts that a discriminating property may have.
pub(crate) fn texts(program: &Program, id: TypeId) -> Vec<String> {
    match &program[id].kind {
        TypeKind::Union(union) => {
            let variants = union.variants.iter().filter_map(|variant| program.variant(*variant));
            variants.flat_map(|variant| texts(program, variant.ty)).collect()
        }
        _ => values::literal(program, id).and_then(|value| value.as_str().map(str::to_owned)).into_iter().collect(),
    }
}

/// A literal as a schema of one value.
pub(super) fn literal(program: &Program, id: TypeId) -> Json {
    let value = values::literal(program, id).unwrap_or_default();
    let kind = match &value {
        Json::String(_) => "string",
        Json::Bool(_) => "boolean",
        _ => "number",
    };
    json!({"type": kind, "enum": [value]})
}
