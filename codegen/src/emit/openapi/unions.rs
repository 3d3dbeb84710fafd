//! Unions in OpenAPI.

use serde_json::{Map, Value as Json, json};
use typespec::program::{Intrinsic, TypeId, TypeKind};

use super::Emitter;
use crate::emit::{Dialect, facts, report, scalars, values};

/// A variant of a union, or several literals of one kind.
struct Member {
    schema: Json,
    /// The type that the schema is of, if it is one only.
    ty: Option<TypeId>,
}

impl Emitter<'_> {
    /// Whether exactly one variant must match.
    pub(super) fn wants_one_of(&self, target: TypeId) -> bool {
        self.program.find_decorator(target, "TypeSpec.OpenAPI.oneOf").is_some()
    }

    /// The whole schema of a union.
    pub(super) fn union(&mut self, id: TypeId) -> Json {
        match typespec::decorators::discriminators::discriminated(self.program, id) {
            Some(options) => self.discriminated(id, &options),
            None => {
                let one_of = self.wants_one_of(id);
                self.variants(id, one_of)
            }
        }
    }

    /// A union without envelope, with what its decorators say.
    pub(super) fn variants(&mut self, id: TypeId, one_of: bool) -> Json {
        let variants = self.program.union(id).map(|union| union.variants.clone()).unwrap_or_default();
        let types: Vec<TypeId> =
            variants.iter().filter_map(|variant| self.program.variant(*variant)).map(|variant| variant.ty).collect();
        let (mut members, null_at) = self.members(&types);
        let mut own = facts::constraints(self.program, id, self.dialect);
        if members.is_empty() {
            if null_at.is_none() {
                let message = "Empty unions are not supported for OpenAPI v3 - unions must have at least one variant.";
                self.diagnostics.push(report(self.program, id, "@typespec/openapi3/empty-union", message.to_owned()));
                return json!({});
            }
            if self.dialect == Dialect::OpenApi30 {
                let message = "Cannot have a union containing only null types.".to_owned();
                self.diagnostics.push(report(self.program, id, "@typespec/openapi3/union-null", message));
                return json!({});
            }
            return self.with_extras(json!({"type": "null"}), own);
        }
        let keyword = if one_of { "oneOf" } else { "anyOf" };
        if self.dialect == Dialect::OpenApi31 {
            if let Some(at) = null_at {
                members.insert(at.min(members.len()), Member { schema: json!({"type": "null"}), ty: None });
            }
            if members.len() == 1 {
                return self.with_extras(members.remove(0).schema, own);
            }
            let schemas: Vec<Json> = members.into_iter().map(|member| member.schema).collect();
            return self.with_extras(json!({keyword: schemas}), own);
        }
        if members.len() == 1 {
            let member = members.remove(0);
            if null_at.is_none() {
                return self.with_extras(member.schema, own);
            }
            let mut extras = std::mem::take(&mut own);
            extras.insert("nullable".to_owned(), true.into());
            return self.wrapped(member, extras);
        }
        self.several(members, null_at.is_some(), own, keyword)
    }

    /// Either of several types, which were not written as one union.
    pub(super) fn either(&mut self, types: &[TypeId]) -> Json {
        let (mut members, _) = self.members(types);
        match members.len() {
            1 => members.remove(0).schema,
            _ => json!({"anyOf": members.into_iter().map(|member| member.schema).collect::<Vec<_>>()}),
        }
    }

    /// Several variants in 3.0, where null is a keyword of each schema.
    fn several(&self, members: Vec<Member>, nullable: bool, own: Map<String, Json>, keyword: &str) -> Json {
        let by_reference = members.iter().any(|member| member.schema.get("$ref").is_some());
        let mut schemas = Vec::new();
        for member in members {
            if nullable && by_reference {
                let mut extras = own.clone();
                extras.insert("nullable".to_owned(), true.into());
                schemas.push(self.wrapped(member, extras));
            } else {
                schemas.push(member.schema);
            }
        }
        let mut schema = Map::new();
        schema.insert(keyword.to_owned(), Json::Array(schemas));
        if nullable && !by_reference {
            schema.insert("nullable".to_owned(), true.into());
        }
        schema.extend(own);
        Json::Object(schema)
    }

    /// A variant with further keywords; a reference is wrapped and says its type again.
    fn wrapped(&self, member: Member, extras: Map<String, Json>) -> Json {
        let is_reference = member.schema.get("$ref").is_some();
        if !is_reference {
            return self.with_extras(member.schema, extras);
        }
        let mut wrapper = Map::new();
        let kind = match member.ty.map(|ty| (&self.program[ty].kind, ty)) {
            Some((TypeKind::Model(_), ty)) => Some(json!(if self.program.is_array(ty) { "array" } else { "object" })),
            Some((TypeKind::Scalar(_), ty)) => {
                scalars::schema(self.program, ty, self.dialect).and_then(|schema| schema.get("type").cloned())
            }
            _ => None,
        };
        if let Some(kind) = kind {
            wrapper.insert("type".to_owned(), kind);
        }
        wrapper.insert("allOf".to_owned(), json!([member.schema]));
        wrapper.extend(extras);
        Json::Object(wrapper)
    }

    /// The variants other than null, literals of one kind together; and where null stands.
    fn members(&mut self, types: &[TypeId]) -> (Vec<Member>, Option<usize>) {
        let mut members: Vec<Member> = Vec::new();
        let mut null_at = None;
        // Where the list of each kind of literals is.
        let mut lists: Vec<(&'static str, usize)> = Vec::new();
        for ty in types.iter().copied() {
            let kind = match &self.program[ty].kind {
                TypeKind::Intrinsic(Intrinsic::Null) => {
                    null_at.get_or_insert(members.len());
                    continue;
                }
                TypeKind::Intrinsic(Intrinsic::Never) => continue,
                TypeKind::String(_) => Some("string"),
                TypeKind::Number(_) => Some("number"),
                TypeKind::Boolean(_) => Some("boolean"),
                _ => None,
            };
            let Some(kind) = kind else {
                let schema = self.schema(ty);
                members.push(Member { schema, ty: Some(ty) });
                continue;
            };
            let value = values::literal(self.program, ty).unwrap_or_default();
            match lists.iter().find(|(known, _)| *known == kind) {
                Some((_, at)) => {
                    if let Some(Json::Array(list)) = members[*at].schema.get_mut("enum")
                        && !list.contains(&value)
                    {
                        list.push(value);
                    }
                }
                None => {
                    lists.push((kind, members.len()));
                    members.push(Member { schema: json!({"type": kind, "enum": [value]}), ty: None });
                }
            }
        }
        (members, null_at)
    }

    fn discriminated(&mut self, id: TypeId, options: &typespec::decorators::discriminators::Discriminated) -> Json {
        use typespec::decorators::discriminators::Envelope;
        let union = self.program.name_of(id).map_or_else(String::new, |name| name.to_string());
        let variants = self.program.union(id).map(|union| union.variants.clone()).unwrap_or_default();
        let (mut named, mut default) = (Vec::new(), None);
        for variant in variants {
            let Some(it) = self.program.variant(variant) else { continue };
            match &it.name {
                Some(name) => named.push((name.to_string(), it.ty)),
                None => default = Some(it.ty),
            }
        }
        let (mut list, mut mapping) = (Vec::new(), Map::new());
        for (name, ty) in named {
            let reference = match options.envelope {
                Envelope::None => self.schema(ty),
                Envelope::Object => self.envelope(&union, &name, ty, options),
            };
            if let Some(target) = reference.get("$ref") {
                mapping.insert(name, target.clone());
            }
            list.push(reference);
        }
        if let Some(ty) = default {
            let reference = self.schema(ty);
            let property = self.program.find_property(ty, &options.discriminator);
            let texts = property.and_then(|property| self.program.property(property));
            let texts = texts.map(|property| super::texts(self.program, property.ty)).unwrap_or_default();
            for text in texts {
                if let Some(target) = reference.get("$ref") {
                    mapping.insert(text, target.clone());
                }
            }
            list.push(reference);
        }
        let mut schema = Map::new();
        schema.insert("type".to_owned(), "object".into());
        schema.insert("oneOf".to_owned(), Json::Array(list));
        let discriminator = json!({"propertyName": &*options.discriminator, "mapping": mapping});
        schema.insert("discriminator".to_owned(), discriminator);
        schema.extend(facts::constraints(self.program, id, self.dialect));
        Json::Object(schema)
    }

    fn envelope(
        &mut self,
        union: &str,
        name: &str,
        ty: TypeId,
        options: &typespec::decorators::discriminators::Discriminated,
    ) -> Json {
        let mut letters = name.chars();
        let capital: String = letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect();
        let component = format!("{union}{capital}");
        let value = self.schema(ty);
        let schema = json!({
            "type": "object",
            "required": [&*options.discriminator, &*options.value],
            "properties": {
                &*options.discriminator: {"type": "string", "enum": [name]},
                &*options.value: value,
            },
        });
        self.components.insert(component.clone(), schema);
        json!({"$ref": format!("#/components/schemas/{component}")})
    }
}
