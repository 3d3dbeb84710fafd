//! JSON Schema 2020-12, one document per declared type.

use std::collections::{BTreeMap, VecDeque};

use radii_diagnostics::{Code, Diagnostic};
use serde_json::{Map, Value as Json, json};
use typespec::Program;
use typespec::program::{Entity, Intrinsic, SourceUsage, TypeId, TypeKind, ValueId, ValueKind};
use typespec::syntax::NodeKind;

use super::{Dialect, Documents, facts, report, scalars, values};

const DIALECT: Dialect = Dialect::JsonSchema;
const DRAFT: &str = "https://json-schema.org/draft/2020-12/schema";

/// Returns a document for every type that the author's files declare, and for those that they use by name.
pub fn json_schema(program: &Program) -> Documents {
    let mut emitter = Emitter {
        program,
        names: BTreeMap::new(),
        waiting: VecDeque::new(),
        twins: Vec::new(),
        files: BTreeMap::new(),
        diagnostics: Vec::new(),
    };
    emitter.declared(program.global_namespace());
    Documents { files: emitter.files, diagnostics: emitter.diagnostics }
}

struct Emitter<'p> {
    program: &'p Program,
    names: BTreeMap<String, TypeId>,
    waiting: VecDeque<TypeId>,
    /// Types whose documents have the names of others.
    twins: Vec<TypeId>,
    files: BTreeMap<String, Json>,
    diagnostics: Vec<Diagnostic>,
}

impl Emitter<'_> {
    /// Gives every type that the author's files declare a document, those of inner namespaces first.
    fn declared(&mut self, namespace: TypeId) {
        let program = self.program;
        let Some(it) = program.namespace(namespace) else { return };
        for inner in &it.namespaces {
            // What is declared among the libraries' own namespaces is taken for theirs.
            let is_library =
                it.namespace.is_none() && program.name_of(*inner).is_some_and(|name| &**name == "TypeSpec");
            if !is_library {
                self.declared(*inner);
            }
        }
        for id in [&it.models, &it.enums, &it.unions, &it.scalars].into_iter().flatten().copied() {
            let is_template = program.is_template_declaration(id) && program.scalar(id).is_none();
            if !is_template && program.is_from_project(id) {
                self.reference(id);
                self.write();
            }
        }
    }

    /// Writes the documents that wait, and after each one those that it refers to: of two with one name, the last stays.
    fn write(&mut self) {
        while let Some(id) = self.waiting.pop_front() {
            let Some(name) = self.name(id) else { continue };
            let others = std::mem::take(&mut self.waiting);
            let key = self.id_of(id, &name);
            let mut document = Map::new();
            document.insert("$schema".to_owned(), DRAFT.into());
            document.insert("$id".to_owned(), key.clone().into());
            if let Json::Object(schema) = self.whole(id) {
                document.extend(schema);
            }
            let file = if key.ends_with(".json") { key } else { format!("{name}.json") };
            self.files.insert(file, Json::Object(document));
            self.waiting.extend(others);
        }
    }

    /// The name of a type's document; `None` for what is written where it is used.
    fn name(&self, id: TypeId) -> Option<String> {
        let program = self.program;
        match &program[id].kind {
            TypeKind::Model(model) => {
                if model.name.is_empty() || program.is_array(id) && program.is_standard_namespace(model.namespace) {
                    return None;
                }
                self.with_arguments(&model.name, id)
            }
            TypeKind::Scalar(scalar) => {
                let is_inline = scalars::is_standard(program, id) || program.template_arguments(id).is_some();
                Some(scalar.name.to_string()).filter(|name| !is_inline && !name.is_empty())
            }
            TypeKind::Enum(it) => Some(it.name.to_string()).filter(|name| !name.is_empty()),
            TypeKind::Union(union) => self.with_arguments(union.name.as_ref()?, id).filter(|name| !name.is_empty()),
            _ => None,
        }
    }

    fn with_arguments(&self, name: &str, id: TypeId) -> Option<String> {
        let mut out = name.to_owned();
        for argument in self.program.template_arguments(id).unwrap_or_default() {
            match argument {
                Entity::Type(ty) | Entity::Indeterminate(ty) => out.push_str(&self.argument_name(*ty)?),
                // A literal is no name; a value that was made leaves no trace in it.
                Entity::Value(value) if self.is_of_const(*value) => {}
                Entity::Value(value) => {
                    let ty = &self.program[self.program[*value].ty].kind;
                    let is_literal = matches!(ty, TypeKind::String(_) | TypeKind::Number(_) | TypeKind::Boolean(_));
                    if is_literal || matches!(self.program[*value].kind, ValueKind::EnumMember(_)) {
                        return None;
                    }
                }
            }
        }
        Some(out)
    }

    /// Whether a value was written as that of a `const`.
    fn is_of_const(&self, value: ValueId) -> bool {
        let ast = &self.program.ast;
        let mut node = self.program[value].node;
        // Brackets and the like may stand around it.
        for _ in 0..10 {
            match node {
                Some(id) if ast.kind(id) == NodeKind::Const => return true,
                Some(id) => node = ast.parent(id),
                None => break,
            }
        }
        false
    }

    fn argument_name(&self, id: TypeId) -> Option<String> {
        let program = self.program;
        let name = match &program[id].kind {
            TypeKind::Model(model) if !model.name.is_empty() => self.with_arguments(&model.name, id)?,
            TypeKind::Scalar(scalar) => self.with_arguments(&scalar.name, id)?,
            TypeKind::Intrinsic(Intrinsic::Unknown) => "Unknown".to_owned(),
            TypeKind::Intrinsic(Intrinsic::Never) => "Never".to_owned(),
            TypeKind::Intrinsic(Intrinsic::Null) => "Null".to_owned(),
            TypeKind::Intrinsic(Intrinsic::Void) => "Void".to_owned(),
            _ => self.name(id)?,
        };
        let mut letters = name.chars();
        Some(letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect())
    }

    fn id_of(&self, id: TypeId, name: &str) -> String {
        facts::text_of(self.program, id, "TypeSpec.JsonSchema.id").map_or_else(|| format!("{name}.json"), str::to_owned)
    }

    fn reference(&mut self, id: TypeId) -> Option<Json> {
        let name = self.name(id)?;
        let key = self.id_of(id, &name);
        match self.names.get(&key) {
            None => {
                self.names.insert(key.clone(), id);
                self.waiting.push_back(id);
            }
            Some(known) if *known != id => {
                let message = format!("There are multiple types with the same id \"{key}\".");
                self.diagnostics.push(report(self.program, id, "@typespec/json-schema/duplicate-id", message));
                // As with the reference, the last one is what stands in the file.
                if self.names.values().all(|known| *known != id) && !self.twins.contains(&id) {
                    self.twins.push(id);
                    self.waiting.push_back(id);
                }
            }
            Some(_) => {}
        }
        Some(json!({"$ref": key}))
    }

    fn schema(&mut self, id: TypeId) -> Json {
        if let Some(reference) = self.reference(id) {
            return reference;
        }
        self.whole(id)
    }

    /// The schema of a type, written in full.
    fn whole(&mut self, id: TypeId) -> Json {
        let program = self.program;
        match &program[id].kind {
            TypeKind::Model(_) => self.model(id),
            TypeKind::ModelProperty(property) => {
                let mut schema = self.schema(property.ty);
                if let Json::Object(schema) = &mut schema {
                    scalars::overlay(schema, facts::constraints(program, id, DIALECT), DIALECT);
                }
                schema
            }
            TypeKind::UnionVariant(variant) => self.schema(variant.ty),
            TypeKind::Scalar(_) => self.scalar(id),
            TypeKind::Enum(_) => self.enumeration(id),
            TypeKind::Union(_) => {
                let one_of = self.wants_one_of(id);
                let mut schema = self.variants(id, one_of);
                self.constrain(&mut schema, id);
                Json::Object(schema)
            }
            TypeKind::Tuple(items) => {
                let count = items.len();
                let items: Vec<Json> = items.iter().map(|item| self.schema(*item)).collect();
                json!({"type": "array", "prefixItems": items, "minItems": count, "maxItems": count})
            }
            TypeKind::StringTemplate(template) => match &template.text {
                Some(text) => json!({"type": "string", "const": &**text}),
                None => json!({"type": "string"}),
            },
            TypeKind::Intrinsic(Intrinsic::Never | Intrinsic::Void) => json!({"not": {}}),
            TypeKind::Intrinsic(Intrinsic::Null) => json!({"type": "null"}),
            TypeKind::String(_) | TypeKind::Number(_) | TypeKind::Boolean(_) | TypeKind::EnumMember(_) => {
                let value = values::literal(program, id).unwrap_or_default();
                let kind = match &value {
                    Json::String(_) => "string",
                    Json::Bool(_) => "boolean",
                    _ => "number",
                };
                json!({"type": kind, "const": value})
            }
            _ => json!({}),
        }
    }

    fn scalar(&mut self, id: TypeId) -> Json {
        match scalars::schema(self.program, id, DIALECT) {
            Some(schema) => Json::Object(schema),
            None => {
                let name = self.program.name_of(id).map_or("", |name| name);
                let message =
                    format!("Scalar '{name}' is not a known scalar type and doesn't extend a known scalar type.");
                let warning = Diagnostic::warning(Code::new("@typespec/json-schema/unknown-scalar"), message);
                self.diagnostics.push(match self.program.span_of(id) {
                    Some(span) => warning.at(span),
                    None => warning,
                });
                Json::Object(facts::constraints(self.program, id, DIALECT))
            }
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
        let kind = if let [kind] = kinds.as_slice() { Json::from(*kind) } else { kinds.into() };
        let mut schema = Map::new();
        schema.insert("type".to_owned(), kind);
        schema.insert("enum".to_owned(), Json::Array(values));
        self.constrain(&mut schema, id);
        Json::Object(schema)
    }

    fn wants_one_of(&self, target: TypeId) -> bool {
        self.program.find_decorator(target, "TypeSpec.JsonSchema.oneOf").is_some()
    }

    fn variants(&mut self, id: TypeId, one_of: bool) -> Map<String, Json> {
        let variants = self.program.union(id).map(|union| union.variants.clone()).unwrap_or_default();
        let mut list = Vec::new();
        for variant in variants {
            let Some(ty) = self.program.variant(variant).map(|variant| variant.ty) else { continue };
            let mut schema = self.schema(ty);
            if let Json::Object(schema) = &mut schema {
                self.constrain(schema, variant);
            }
            list.push(schema);
        }
        let mut schema = Map::new();
        schema.insert(if one_of { "oneOf" } else { "anyOf" }.to_owned(), Json::Array(list));
        schema
    }

    fn constrain(&mut self, schema: &mut Map<String, Json>, target: TypeId) {
        let program = self.program;
        scalars::overlay(schema, facts::constraints(program, target, DIALECT), DIALECT);
        for (keyword, decorator) in [("contains", "contains"), ("contentSchema", "contentSchema")] {
            let application = program.find_decorator(target, &format!("TypeSpec.JsonSchema.{decorator}"));
            if let Some(ty) = application.and_then(|application| facts::ty(application, 0)) {
                let below = self.schema(ty);
                schema.insert(keyword.to_owned(), below);
            }
        }
        let prefix = program.find_decorator(target, "TypeSpec.JsonSchema.prefixItems");
        if let Some(TypeKind::Tuple(items)) = prefix.and_then(|it| facts::ty(it, 0)).map(|ty| &program[ty].kind) {
            let items: Vec<Json> = items.iter().map(|item| self.schema(*item)).collect();
            schema.insert("prefixItems".to_owned(), Json::Array(items));
        }
    }

    fn model(&mut self, id: TypeId) -> Json {
        let program = self.program;
        let Some(model) = program.model(id) else { return json!({}) };
        let is_own = !program.is_standard_namespace(model.namespace);
        let mut schema = Map::new();
        if program.is_array(id) {
            let items = model.indexer.map(|indexer| self.schema(indexer.value)).unwrap_or_default();
            schema.insert("type".to_owned(), "array".into());
            schema.insert("items".to_owned(), items);
            if is_own {
                self.constrain(&mut schema, id);
            }
            return Json::Object(schema);
        }
        schema.insert("type".to_owned(), "object".into());
        let (mut properties, mut required) = (Map::new(), Vec::new());
        for property in model.properties.ids() {
            let Some(it) = program.property(property) else { continue };
            if !it.optional {
                required.push(it.name.to_string());
            }
            let below = self.property(property);
            properties.insert(it.name.to_string(), below);
        }
        if let Some(name) = facts::text_of(program, id, "TypeSpec.discriminator") {
            if !properties.contains_key(name) {
                let description = format!("Discriminator property for {}.", model.name);
                properties.insert(name.to_owned(), json!({"type": "string", "description": description}));
            }
            if !required.iter().any(|known| known == name) {
                required.push(name.to_owned());
            }
        }
        schema.insert("properties".to_owned(), Json::Object(properties));
        if !required.is_empty() {
            schema.insert("required".to_owned(), required.into());
        }
        if let Some(base) = model.base {
            schema.insert("allOf".to_owned(), json!([self.schema(base)]));
        }
        if let Some(values) = self.unevaluated(id) {
            schema.insert("unevaluatedProperties".to_owned(), values);
        }
        if is_own || model.name.is_empty() {
            self.constrain(&mut schema, id);
        }
        Json::Object(schema)
    }

    fn unevaluated(&mut self, id: TypeId) -> Option<Json> {
        let model = self.program.model(id)?;
        let indexer = model.indexer?;
        let from_base = model.base.and_then(|base| self.program.model(base)?.indexer) == Some(indexer);
        let own = model.sources.iter().any(|source| {
            source.usage != SourceUsage::Intersection
                && self.program.model(source.model).is_some_and(|it| it.indexer.is_some())
        });
        if from_base && !own { None } else { Some(self.schema(indexer.value)) }
    }

    fn property(&mut self, property: TypeId) -> Json {
        let program = self.program;
        let Some(it) = program.property(property) else { return json!({}) };
        let one_of = self.wants_one_of(property);
        let mut schema = match &program[it.ty].kind {
            TypeKind::Union(union) if union.name.is_none() => Json::Object(self.variants(it.ty, one_of)),
            _ => self.schema(it.ty),
        };
        let Json::Object(members) = &mut schema else { return schema };
        let encoding = facts::encoding(program, property);
        if let Some(default) =
            it.default.and_then(|default| values::json(program, default, Some(it.ty), encoding.as_ref()))
        {
            members.insert("default".to_owned(), default);
        }
        self.constrain(members, property);
        schema
    }
}
