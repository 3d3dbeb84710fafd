//! The rules of the two upstream converters, faults included (Bicep contract, parts 3.2 and 3.3).
//!
//! Faults kept on purpose: every constraint and default is dropped without a word; a schema without
//! type is an empty closed object (Go) or refused (TypeScript); a bare `type: object` accepts no
//! property; `number` is refused; literals of a sensitive enum carry a key that no reader knows (Go);
//! sensitivity, and everything but the properties of a top-level schema, is lost (TypeScript).

use indexmap::IndexMap;
use radii_diagnostics::{Code, Diagnostic, Span};
use radii_model::ApiVersion;
use radii_model::document::{Node, Value};
use radii_model::manifest::{Manifest, ResourceType, Spanned, VersionEntry};
use radii_model::schema::{Additional, Kind, Property as SchemaProperty, Schema};

use super::Compat;
use super::convert::{Converter, in_order};
use super::place::Place;
use super::types::{ObjectType, Property, StringType, Type, TypeRef, flags};

const REFUSED: Code = Code::new("radii/refused-upstream");

impl Converter {
    pub(super) fn upstream_root(
        &mut self,
        place: &Place<'_>,
        name: &str,
        schema: &Schema,
    ) -> Result<TypeRef, Box<Diagnostic>> {
        let is_object = matches!(schema.kind, None | Some(Kind::Object)) || self.compat == Compat::TypeScript;
        if is_object { self.upstream_object(place, name, schema) } else { self.upstream_type(place, name, schema) }
    }

    fn upstream_type(&mut self, place: &Place<'_>, name: &str, schema: &Schema) -> Result<TypeRef, Box<Diagnostic>> {
        let refused = |what: &str, help: &str| Err(refused(place, schema.span, what, help));
        let mended = "leave out `--compat`: then it is converted";
        Ok(match schema.kind {
            None if self.compat == Compat::TypeScript => return refused("has no type", mended),
            None | Some(Kind::Object) => return self.upstream_object(place, name, schema),
            Some(Kind::String) => self.upstream_string(schema),
            Some(Kind::Integer) => self.table.add(Type::Integer { min: None, max: None }),
            Some(Kind::Boolean) => self.table.add(Type::Boolean),
            Some(Kind::Number) => return refused("has type `number`", mended),
            Some(Kind::Array) => {
                let Some(items) = &schema.items else {
                    return refused("is an array without `items`", "say what the array holds");
                };
                let item = self.upstream_type(&place.items(), &format!("{name}Item"), items)?;
                self.table.add(Type::Array { item, min: None, max: None })
            }
            Some(Kind::Any) if self.compat == Compat::Go && place.is_below("platformOptions") => {
                self.table.add(Type::Any)
            }
            Some(Kind::Any) if self.compat == Compat::TypeScript => return refused("has type `any`", mended),
            Some(Kind::Any) => {
                return refused("has type `any`", "only `platformOptions` may hold anything; give it a type");
            }
        })
    }

    fn upstream_string(&mut self, schema: &Schema) -> TypeRef {
        let sensitive = schema.sensitive && self.compat == Compat::Go;
        let values: Vec<&str> = schema.enumeration.iter().flatten().filter_map(|value| value.as_str()).collect();
        if values.is_empty() {
            return self.table.add(Type::String(StringType { sensitive, ..StringType::default() }));
        }
        let literal = |value: &str| Type::StringLiteral { value: value.to_owned(), sensitive };
        let elements = values.into_iter().map(|value| self.table.add(literal(value))).collect();
        self.table.add(Type::Union(elements))
    }

    fn upstream_object(&mut self, place: &Place<'_>, name: &str, schema: &Schema) -> Result<TypeRef, Box<Diagnostic>> {
        // The order of these two decides the numbers of the types.
        let (properties, additional) = if self.compat == Compat::TypeScript {
            let additional = self.upstream_values(place, name, schema)?;
            (self.upstream_properties(place, schema)?, additional)
        } else {
            let properties = self.upstream_properties(place, schema)?;
            (properties, self.upstream_values(place, name, schema)?)
        };
        let sensitive = schema.sensitive && self.compat == Compat::Go;
        Ok(self.table.add(Type::Object(ObjectType { name: name.to_owned(), properties, additional, sensitive })))
    }

    fn upstream_properties(
        &mut self,
        place: &Place<'_>,
        schema: &Schema,
    ) -> Result<IndexMap<String, Property>, Box<Diagnostic>> {
        let mut properties = IndexMap::with_capacity(schema.properties.len());
        for (name, property) in in_order(&schema.properties, self.compat) {
            let type_ref = self.upstream_type(&place.property(name), name, &property.schema)?;
            let required = if schema.required.contains(name) { flags::REQUIRED } else { 0 };
            let read_only = if property.schema.read_only { flags::READ_ONLY } else { 0 };
            let description = property.schema.description.clone();
            let description_first = self.compat == Compat::TypeScript;
            let flags = required | read_only;
            properties.insert(name.clone(), Property { type_ref, flags, description, description_first });
        }
        Ok(properties)
    }

    fn upstream_values(
        &mut self,
        place: &Place<'_>,
        name: &str,
        schema: &Schema,
    ) -> Result<Option<TypeRef>, Box<Diagnostic>> {
        let values = match &schema.additional {
            Additional::Schema(values) => values,
            Additional::Allowed(allowed, span) if self.compat == Compat::Go || *allowed => {
                return Err(refused(
                    place,
                    *span,
                    "has `additionalProperties` that is no schema",
                    "write a schema there",
                ));
            }
            Additional::Absent | Additional::Allowed(..) => return Ok(None),
        };
        self.upstream_type(&place.values(), &format!("{name}AdditionalProperties"), values).map(Some)
    }
}

fn refused(place: impl ToString, span: Span, what: &str, help: &str) -> Box<Diagnostic> {
    let place = place.to_string();
    let message = format!("the upstream converter refuses this manifest: `{place}` {what}");
    Box::new(Diagnostic::error(REFUSED, message).at(span).path(place).help(help))
}

/// Reads a manifest as loosely as the upstream converters do: keywords that they do not know are skipped.
///
/// `rad generate --compat` reads manifests this way, so that what upstream accepts is accepted; the
/// strict reader is [`radii_model::manifest::parse`].
///
/// # Errors
/// The first thing that the upstream converter of that mode refuses.
pub fn read(document: &Node, compat: Compat) -> Result<Manifest, Box<Diagnostic>> {
    let namespace = document.get("namespace").and_then(|node| Some((node.as_str()?.to_owned(), node.span)));
    let Some((value, span)) = namespace.filter(|(text, _)| !text.is_empty()) else {
        return Err(refused("namespace", document.span, "is missing", "name the provider, as in `Contoso.Data`"));
    };
    let types = document.get("types").and_then(Node::as_object).filter(|types| !types.is_empty());
    let Some(types) = types else {
        return Err(refused("types", document.span, "is missing or empty", "define at least one type"));
    };
    let mut manifest =
        Manifest { namespace: Spanned { value, span }, locations: IndexMap::new(), types: IndexMap::new() };
    for (name, entry) in types {
        let reader = Reader { compat };
        let resource_type = reader.resource_type(name, &entry.node)?;
        manifest.types.insert(name.clone(), ResourceType { key_span: entry.key_span, ..resource_type });
    }
    Ok(manifest)
}

struct Reader {
    compat: Compat,
}

impl Reader {
    fn resource_type(&self, name: &str, node: &Node) -> Result<ResourceType, Box<Diagnostic>> {
        let versions = node.get("apiVersions").and_then(Node::as_object).filter(|versions| !versions.is_empty());
        let Some(versions) = versions else {
            return Err(refused(format!("types.{name}"), node.span, "has no version", "add one below `apiVersions`"));
        };
        let mut resource_type = ResourceType::default();
        for (version, entry) in versions {
            let path = format!("types.{name}.apiVersions['{version}']");
            let parsed: ApiVersion = version.parse().map_err(|error: radii_model::InvalidApiVersion| {
                Box::new(Diagnostic::error(REFUSED, error.to_string()).at(entry.key_span).path(path.clone()))
            })?;
            let schema = match entry.node.get("schema") {
                Some(schema) => self.schema(&format!("{path}.schema"), schema, true)?,
                None => Schema::default(),
            };
            resource_type.api_versions.insert(parsed, VersionEntry { key_span: entry.key_span, schema });
        }
        Ok(resource_type)
    }

    fn schema(&self, path: &str, node: &Node, checked: bool) -> Result<Schema, Box<Diagnostic>> {
        let text = |key: &str| node.get(key).and_then(Node::as_str).map(str::to_owned);
        let yes = |key: &str| node.get(key).is_some_and(|node| node.value == Value::Bool(true));
        let list = |key: &str| match node.get(key).map(|node| &node.value) {
            Some(Value::Array(items)) => Some(items.as_slice()),
            _ => None,
        };
        let mut schema = Schema {
            span: node.span,
            description: text("description"),
            read_only: yes("readOnly"),
            sensitive: yes("x-radius-sensitive"),
            enumeration: list("enum").map(|items| items.iter().map(Node::to_json).collect()),
            required: list("required").into_iter().flatten().filter_map(Node::as_str).map(str::to_owned).collect(),
            ..Schema::default()
        };
        schema.kind = self.kind(path, node, &schema)?;
        let can_be_sensitive = matches!(schema.kind, None | Some(Kind::String | Kind::Object));
        if self.compat == Compat::Go && checked && schema.sensitive && !can_be_sensitive {
            let help = "only text and objects can be sensitive";
            return Err(refused(path, node.span, "is sensitive and neither a string nor an object", help));
        }
        if let Some(properties) = node.get("properties").and_then(Node::as_object) {
            schema.has_properties = true;
            for (name, entry) in properties {
                let inner = self.schema(&format!("{path}.properties.{name}"), &entry.node, checked)?;
                schema.properties.insert(name.clone(), SchemaProperty { key_span: entry.key_span, schema: inner });
            }
        }
        if let Some(items) = node.get("items") {
            schema.items = Some(Box::new(self.schema(&format!("{path}.items"), items, checked)?));
        }
        schema.additional = match node.get("additionalProperties") {
            None => Additional::Absent,
            Some(Node { value: Value::Bool(allowed), span }) => Additional::Allowed(*allowed, *span),
            // The Go converter's checks stop here; only its conversion looks further.
            Some(values) => {
                Additional::Schema(Box::new(self.schema(&format!("{path}.additionalProperties"), values, false)?))
            }
        };
        Ok(schema)
    }

    fn kind(&self, path: &str, node: &Node, schema: &Schema) -> Result<Option<Kind>, Box<Diagnostic>> {
        let Some(word) = node.get("type") else { return Ok(None) };
        Ok(Some(match word.as_str().unwrap_or_default() {
            "string" => Kind::String,
            "number" => Kind::Number,
            "integer" => Kind::Integer,
            "boolean" => Kind::Boolean,
            "object" => Kind::Object,
            "array" => Kind::Array,
            "any" => Kind::Any,
            "enum" if schema.enumeration.as_ref().is_some_and(|values| !values.is_empty()) => Kind::String,
            "enum" => return Err(refused(path, word.span, "is an enum without values", "list its values as `enum`")),
            other => {
                let what = format!("has type `{other}`");
                return Err(refused(path, word.span, &what, "use string, integer, boolean, object or array"));
            }
        }))
    }
}
