//! The structural schema of a resource type: OpenAPI 3.0 schema objects, typed.
//!
//! Everything that Radii derives (JSON Schema, OpenAPI, Bicep types, validators, docs, defaulting,
//! redaction, diff) is derived from [`Schema`]. It can hold every construct of OpenAPI 3.0, also those
//! that manifests may not use: [`crate::rules`] refuses them, the model merely represents them.

mod defaults;
mod keywords;
mod misplaced;
mod read;
mod values;
mod write;

use indexmap::IndexMap;
use radii_diagnostics::{Diagnostic, Span};
use serde_json::Value as Json;

use crate::cel::RulePlace;
use crate::document::Node;
use crate::pointer;

pub(crate) use keywords::SENSITIVE;
pub(crate) use values::{boolean, only_text, wrong_type};

/// How many references are followed one after the other: rules refuse longer chains, which can only be circles.
const LONGEST_CHAIN: usize = 64;

/// One schema object (OpenAPI 3.0.3, "Schema Object") with its place in the author's file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Schema {
    /// The whole schema object.
    pub span: Span,
    /// The `type` keyword; `None` when absent.
    pub kind: Option<Kind>,
    /// `format`, as written.
    pub format: Option<String>,
    /// `title`.
    pub title: Option<String>,
    /// `description`.
    pub description: Option<String>,
    /// `default`.
    pub default: Option<Json>,
    /// `example`.
    pub example: Option<Json>,
    /// `enum`; an empty list is one that was written empty.
    pub enumeration: Option<Vec<Json>>,
    /// `nullable`.
    pub nullable: bool,
    /// `readOnly`: set by recipes and platforms, never by users.
    pub read_only: bool,
    /// `writeOnly`.
    pub write_only: bool,
    /// `deprecated`.
    pub deprecated: bool,
    /// `x-radius-sensitive: true`: encrypted at rest, redacted in answers.
    pub sensitive: bool,
    /// `minimum`, `maximum` and their kin.
    pub number: NumberBounds,
    /// `minLength`, in characters.
    pub min_length: Option<u64>,
    /// `maxLength`, in characters.
    pub max_length: Option<u64>,
    /// `pattern`, an RE2 expression.
    pub pattern: Option<String>,
    /// `items`.
    pub items: Option<Box<Schema>>,
    /// `minItems`.
    pub min_items: Option<u64>,
    /// `maxItems`.
    pub max_items: Option<u64>,
    /// `uniqueItems`.
    pub unique_items: bool,
    /// `properties`, in the order of the text.
    pub properties: IndexMap<String, Property>,
    /// Whether `properties` was written at all (it may be written empty).
    pub has_properties: bool,
    /// `required`, in the order of the text.
    pub required: Vec<String>,
    /// `additionalProperties`.
    pub additional: Additional,
    /// `minProperties`.
    pub min_properties: Option<u64>,
    /// `maxProperties`.
    pub max_properties: Option<u64>,
    /// `allOf`, `anyOf`, `oneOf`, `not`, `discriminator`.
    pub composition: Composition,
    /// `$ref`, as written; other keywords beside it are ignored by OpenAPI 3.0.
    pub reference: Option<String>,
    /// Vendor extensions (`x-…`) other than those with a field of their own; also `xml`, `externalDocs` and an
    /// `x-radius-sensitive` that is no boolean, all as written.
    pub extensions: IndexMap<String, Json>,
    /// Where the values of the keywords stand that were written.
    pub keyword_spans: Vec<(&'static str, Span)>,
    /// Where the items of `enum` and `required` stand, and the key `additionalProperties`.
    pub item_spans: Vec<(&'static str, Vec<Span>)>,
    /// Where the rules of `x-radii-validations` stand, as many as there are.
    pub rule_places: Vec<RulePlace>,
}

/// A named property of an object.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Property {
    /// Where the property's name stands.
    pub key_span: Span,
    /// Its schema.
    pub schema: Schema,
}

/// The `type` keyword.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `string`
    String,
    /// `number`
    Number,
    /// `integer`
    Integer,
    /// `boolean`
    Boolean,
    /// `object`
    Object,
    /// `array`
    Array,
    /// `any`: no type of OpenAPI; manifests may write it below `platformOptions` only.
    Any,
}

impl Kind {
    /// The keyword's value.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::String => "string",
            Kind::Number => "number",
            Kind::Integer => "integer",
            Kind::Boolean => "boolean",
            Kind::Object => "object",
            Kind::Array => "array",
            Kind::Any => "any",
        }
    }
}

/// Bounds of numbers; OpenAPI 3.0 makes the exclusive ones booleans.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NumberBounds {
    /// `minimum`
    pub minimum: Option<serde_json::Number>,
    /// `maximum`
    pub maximum: Option<serde_json::Number>,
    /// `exclusiveMinimum: true`
    pub exclusive_minimum: bool,
    /// `exclusiveMaximum: true`
    pub exclusive_maximum: bool,
    /// `multipleOf`
    pub multiple_of: Option<serde_json::Number>,
}

/// The `additionalProperties` keyword.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Additional {
    /// Not written. Radii treats unknown properties as errors in manifests' own types.
    #[default]
    Absent,
    /// `true` or `false`, with its place.
    Allowed(bool, Span),
    /// A schema for the values.
    Schema(Box<Schema>),
}

/// Keywords that combine schemas.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Composition {
    /// `allOf`
    pub all_of: Vec<Schema>,
    /// `anyOf`
    pub any_of: Vec<Schema>,
    /// `oneOf`
    pub one_of: Vec<Schema>,
    /// `not`
    pub not: Option<Box<Schema>>,
    /// `discriminator`, as written.
    pub discriminator: Option<Json>,
    /// Which keyword stands where, for those that were written.
    pub keywords: Vec<(String, Span)>,
}

impl Schema {
    /// Reads a schema object from a document.
    ///
    /// A keyword whose value is null counts as absent. A numeric `exclusiveMinimum` or `exclusiveMaximum`
    /// becomes a bound with its flag.
    ///
    /// # Errors
    /// A diagnostic for every keyword of a wrong JSON type, every unknown keyword and every unknown
    /// `type`. The schema is returned as far as it could be understood, so that later checks can
    /// report more; callers refuse it when a diagnostic is an error.
    pub fn from_node(node: &Node, path: &str) -> (Schema, Vec<Diagnostic>) {
        read::schema(node, path, "")
    }

    /// As [`Schema::from_node`], with the text that the node was read from, which some fixes need.
    ///
    /// # Errors
    /// As [`Schema::from_node`].
    pub(crate) fn from_text(node: &Node, path: &str, text: &str) -> (Schema, Vec<Diagnostic>) {
        read::schema(node, path, text)
    }

    /// Writes the schema as an OpenAPI 3.0 schema object, keywords in a fixed order.
    pub fn to_openapi(&self) -> Json {
        write::openapi(self)
    }

    /// Returns where the value of `keyword` stands, or the whole schema when that is not known.
    pub fn span_of(&self, keyword: &str) -> Span {
        self.keyword_spans.iter().find(|(name, _)| *name == keyword).map_or(self.span, |(_, span)| *span)
    }

    /// Returns where the item at an index of `keyword` stands, or the whole list when that is not known.
    pub fn span_of_item(&self, keyword: &str, at: usize) -> Span {
        let items = self.item_spans.iter().find(|(name, _)| *name == keyword);
        items.and_then(|(_, spans)| spans.get(at)).copied().unwrap_or_else(|| self.span_of(keyword))
    }

    /// Whether every value is valid, null included: no keyword here or below restricts anything.
    pub fn is_unrestricted(&self) -> bool {
        let own = matches!(self.kind, None | Some(Kind::Any))
            && self.format.is_none()
            && self.enumeration.as_ref().is_none_or(Vec::is_empty)
            && !(self.nullable || self.read_only || self.write_only || self.unique_items)
            && self.number == NumberBounds::default()
            && self.min_length.unwrap_or(0) == 0
            && self.max_length.is_none()
            && self.pattern.is_none()
            && self.min_items.unwrap_or(0) == 0
            && self.max_items.is_none()
            && self.required.is_empty()
            && self.min_properties.unwrap_or(0) == 0
            && self.max_properties.is_none()
            && self.reference.is_none();
        let additional = match &self.additional {
            Additional::Absent | Additional::Allowed(true, _) => true,
            Additional::Allowed(false, _) => false,
            Additional::Schema(schema) => schema.is_unrestricted(),
        };
        let combined = &self.composition;
        let mut below = (self.items.as_deref().into_iter())
            .chain(self.properties.values().map(|property| &property.schema))
            .chain([&combined.all_of, &combined.any_of, &combined.one_of].into_iter().flatten())
            .chain(combined.not.as_deref());
        own && additional && below.all(Schema::is_unrestricted)
    }

    /// Returns the schema that a `$ref` of the form `#/…` names, this schema being the document.
    ///
    /// References that lead through other references are not followed.
    pub fn resolve(&self, reference: &str) -> Option<&Schema> {
        let pointer = reference.strip_prefix('#')?;
        if pointer.is_empty() {
            return Some(self);
        }
        if !pointer.starts_with('/') {
            return None;
        }
        self.descend(&pointer::tokens(pointer).collect::<Vec<_>>())
    }

    /// Returns the schema itself, or what its chain of references leads to; `None` where it leads to nothing.
    pub fn followed<'s>(&'s self, root: &'s Schema) -> Option<&'s Schema> {
        let mut current = self;
        for _ in 0..LONGEST_CHAIN {
            match &current.reference {
                None => return Some(current),
                Some(reference) => current = root.resolve(reference)?,
            }
        }
        None
    }

    /// Returns the followed schema of a member: that of the property, or of the map's values.
    pub fn member<'s>(&'s self, name: &str, root: &'s Schema) -> Option<&'s Schema> {
        let own = self.properties.get(name).map(|property| &property.schema);
        let schema = own.or(match &self.additional {
            Additional::Schema(values) => Some(&**values),
            _ => None,
        });
        schema?.followed(root)
    }

    /// Returns the followed schema of a list's items.
    pub fn item<'s>(&'s self, root: &'s Schema) -> Option<&'s Schema> {
        self.items.as_deref()?.followed(root)
    }

    fn descend(&self, tokens: &[String]) -> Option<&Schema> {
        let Some((keyword, rest)) = tokens.split_first() else { return Some(self) };
        let nth = |schemas: &'_ [Schema]| -> Option<usize> {
            rest.first()?.parse::<usize>().ok().filter(|at| *at < schemas.len())
        };
        match keyword.as_str() {
            "items" => self.items.as_deref()?.descend(rest),
            "not" => self.composition.not.as_deref()?.descend(rest),
            "additionalProperties" => match &self.additional {
                Additional::Schema(schema) => schema.descend(rest),
                _ => None,
            },
            "properties" => self.properties.get(rest.first()?)?.schema.descend(&rest[1..]),
            "allOf" => self.composition.all_of[nth(&self.composition.all_of)?].descend(&rest[1..]),
            "anyOf" => self.composition.any_of[nth(&self.composition.any_of)?].descend(&rest[1..]),
            "oneOf" => self.composition.one_of[nth(&self.composition.one_of)?].descend(&rest[1..]),
            _ => None,
        }
    }

    /// Returns the schema at a path of property names; `*` stands for a map's values, `[]` for an array's items.
    pub fn at(&self, path: &[&str]) -> Option<&Schema> {
        let Some((first, rest)) = path.split_first() else { return Some(self) };
        let next = match *first {
            "[]" => self.items.as_deref(),
            "*" => match &self.additional {
                Additional::Schema(schema) => Some(&**schema),
                _ => None,
            },
            name => self.properties.get(name).map(|property| &property.schema),
        };
        next?.at(rest)
    }
}
