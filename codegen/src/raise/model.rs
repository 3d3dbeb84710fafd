//! Models, their properties and the types of these.

use std::collections::BTreeMap;

use radii_diagnostics::{Diagnostic, Span};
use radii_model::ApiVersion;
use radii_model::schema::{Additional, Kind, Schema};
use serde_json::Value as Json;

use super::decorators::string_scalar;
use super::history::{self, Lineage};
use super::text::{self, identifier, pascal, quoted, singular};
use super::{NOT_CONVERTED, member};
use radii_model::extension;

/// Names that the text needs for something else.
const TAKEN: [&str; 13] = [
    "ApiVersions",
    "Array",
    "Capability",
    "Lifecycle",
    "Maturity",
    "Radii",
    "Record",
    "TypeSpec",
    "Model",
    "Enum",
    "Union",
    "Scalar",
    "Namespace",
];

/// Extensions of a type's schema that have a decorator of their own.
pub(super) const CATALOGUE: [&str; 5] =
    [extension::MATURITY, extension::OWNER, extension::ICON, extension::CATEGORY, extension::RECIPES];

/// Writes models and remembers the types that they need.
pub(super) struct Writer<'v> {
    versions: &'v [ApiVersion],
    /// Declarations by name: the text after the name, and the whole.
    declared: BTreeMap<String, String>,
    order: Vec<String>,
    pub(super) uses_json_schema: bool,
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// A type where it is used.
struct Rendered {
    /// The type.
    ty: String,
    /// Decorators that say more about it.
    decorators: String,
    /// The enum that it is, for defaults.
    enumeration: Option<String>,
}

/// Where the description of an object stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Words {
    OnProperty,
    OnModel,
}

impl<'v> Writer<'v> {
    pub(super) fn new(versions: &'v [ApiVersion]) -> Self {
        Self {
            versions,
            declared: BTreeMap::new(),
            order: Vec::new(),
            uses_json_schema: false,
            diagnostics: Vec::new(),
        }
    }

    pub(super) fn index(&self, version: &ApiVersion) -> Option<usize> {
        self.versions.iter().position(|known| known == version)
    }

    pub(super) fn version_count(&self) -> usize {
        self.versions.len()
    }

    /// A version, as decorators name it.
    pub(super) fn version(&self, index: usize) -> String {
        format!("ApiVersions.{}", member(&self.versions[index]))
    }

    pub(super) fn lose(&mut self, span: Span, message: String) {
        self.diagnostics.push(Diagnostic::warning(NOT_CONVERTED, message).at(span));
    }

    /// The declarations that models turned out to need.
    pub(super) fn declarations(&self) -> String {
        self.order.iter().map(|name| self.declared[name].as_str()).collect::<Vec<_>>().join("\n")
    }

    /// Takes a name that nothing else has.
    pub(super) fn reserve(&mut self, wanted: &str) -> String {
        let name = self.free_name(wanted);
        self.declared.insert(name.clone(), String::new());
        name
    }

    fn free_name(&self, wanted: &str) -> String {
        let is_free = |name: &str| !self.declared.contains_key(name) && !TAKEN.contains(&name);
        let numbered = (2..).map(|number| format!("{wanted}{number}"));
        std::iter::once(wanted.to_owned()).chain(numbered).find(|name| is_free(name)).unwrap_or_default()
    }

    /// Declares something under a name, or finds the same declaration under it; `text` is made with the name.
    fn declare(&mut self, candidates: &[String], text: impl Fn(&str) -> String) -> String {
        let same = candidates.iter().find(|name| self.declared.get(*name) == Some(&text(name)));
        if let Some(name) = same {
            return name.clone();
        }
        let free = candidates.iter().find(|name| !self.declared.contains_key(*name) && !TAKEN.contains(&name.as_str()));
        let last = candidates.last().map_or("Value", String::as_str);
        let name = free.cloned().unwrap_or_else(|| self.free_name(last));
        self.declared.insert(name.clone(), text(&name));
        self.order.push(name.clone());
        name
    }

    /// The members of a model, given its schema in each version that has it.
    pub(super) fn body(&mut self, versions: &[(usize, &Schema)], owner: &str) -> String {
        let around: Vec<usize> = versions.iter().map(|(version, _)| *version).collect();
        let mut out = String::new();
        for lineage in history::lineages(versions) {
            out.push_str(&self.property(&lineage, &around, owner));
            out.push('\n');
        }
        if let Some((_, schema)) = versions.last() {
            match &schema.additional {
                Additional::Allowed(false, _) => out.push_str("...Record<never>;\n"),
                Additional::Allowed(true, _) => out.push_str("...Record<unknown>;\n"),
                Additional::Schema(values) => {
                    let values = self.part(values, owner, "Value");
                    out.push_str(&format!("...Record<{values}>;\n"));
                }
                Additional::Absent => {}
            }
        }
        out
    }

    fn property(&mut self, lineage: &Lineage<'_>, around: &[usize], owner: &str) -> String {
        let newest = lineage.newest();
        let schema = &newest.property.schema;
        let mut out = text::doc(schema.description.as_deref());
        if schema.deprecated {
            out.push_str("#deprecated \"deprecated\"\n");
        }
        out.push_str(&history::changes(self, lineage, around));
        let rendered = self.through_versions(lineage, owner, &mut out);
        out.push_str(&rendered.decorators);
        out.push_str(&self.property_decorators(newest.name, schema));
        let mark = if newest.required { "" } else { "?" };
        out.push_str(&format!("{}{mark}: {}", identifier(newest.name), rendered.ty));
        if let Some(default) = &schema.default {
            let value = match (&rendered.enumeration, default.as_str()) {
                (Some(name), Some(text)) => format!("{name}.{}", identifier(&enum_member(text))),
                _ => text::value(default),
            };
            out.push_str(&format!(" = {value}"));
        }
        out.push_str(";\n");
        out
    }

    /// The type of a property, with the types that it had before.
    fn through_versions(&mut self, lineage: &Lineage<'_>, owner: &str, out: &mut String) -> Rendered {
        let newest = lineage.newest();
        let schemas = lineage.schemas();
        if let Some(objects) = all(&schemas, |schema| is_model(schema).then_some(schema)) {
            let ty = self.model(&objects, newest.name, owner, Words::OnProperty);
            return Rendered {
                ty: nullable(&newest.property.schema, ty),
                decorators: self.constraints(&newest.property.schema),
                enumeration: None,
            };
        }
        if let Some(items) = all(&schemas, |schema| schema.items.as_deref().filter(|items| is_model(items))) {
            let ty = self.model(&items, &singular(newest.name), owner, Words::OnModel);
            let ty = format!("{}[]", nullable_part(items.last().map(|(_, items)| *items), ty));
            return Rendered {
                ty: nullable(&newest.property.schema, ty),
                decorators: self.constraints(&newest.property.schema),
                enumeration: None,
            };
        }
        let maps = all(&schemas, |schema| match &schema.additional {
            Additional::Schema(values) if schema.properties.is_empty() && is_model(values) => Some(&**values),
            _ => None,
        });
        if let Some(values) = maps {
            let ty = self.model(&values, &singular(newest.name), owner, Words::OnModel);
            let ty = format!("Record<{}>", nullable_part(values.last().map(|(_, values)| *values), ty));
            return Rendered {
                ty: nullable(&newest.property.schema, ty),
                decorators: self.constraints(&newest.property.schema),
                enumeration: None,
            };
        }
        let shape = |schema: &Schema| {
            // What stands on the property does not make another type.
            let bare = Schema {
                description: None,
                title: None,
                default: None,
                example: None,
                deprecated: false,
                ..schema.clone()
            };
            let mut bare = bare.to_openapi();
            if let Some(bare) = bare.as_object_mut() {
                bare.retain(|key, _| !key.starts_with("x-radii-"));
            }
            bare
        };
        let same = schemas.iter().all(|(_, schema)| shape(schema) == shape(&newest.property.schema));
        if same {
            return self.rendered(&newest.property.schema, newest.name, owner);
        }
        // Decorators of a property hold in all versions: here each type brings its own.
        let mut previous: Option<String> = None;
        for moment in &lineage.moments {
            let suffix = if moment.version == newest.version {
                String::new()
            } else {
                format!("Until{}", self.versions.get(moment.version + 1).map(member).unwrap_or_default().to_uppercase())
            };
            let ty = self.part_named(&moment.property.schema, owner, &format!("{}{suffix}", pascal(moment.name)));
            if let Some(previous) = previous.take().filter(|previous| *previous != ty) {
                out.push_str(&format!("@typeChangedFrom({}, {previous})\n", self.version(moment.version)));
            }
            previous = Some(ty);
        }
        Rendered { ty: previous.unwrap_or_default(), decorators: String::new(), enumeration: None }
    }

    /// Declares a model for objects, one for each version that has it.
    fn model(&mut self, versions: &[(usize, &Schema)], name: &str, owner: &str, words: Words) -> String {
        let wanted = pascal(name);
        let body = self.body(versions, &wanted);
        let newest =
            versions.last().map(|(_, schema)| *schema).unwrap_or_else(|| unreachable!("a model has a version"));
        let mut decorators = match words {
            Words::OnProperty => String::new(),
            Words::OnModel => text::doc(newest.description.as_deref()),
        };
        decorators.push_str(&self.model_decorators(newest, &[]));
        self.declare(&[wanted.clone(), format!("{owner}{wanted}")], |name| {
            format!("{decorators}model {name} {{\n{body}}}\n")
        })
    }

    /// A type in a place that can have no decorators, such as the items of a list.
    fn part(&mut self, schema: &Schema, owner: &str, name: &str) -> String {
        self.part_named(schema, owner, &format!("{owner}{name}"))
    }

    fn part_named(&mut self, schema: &Schema, owner: &str, name: &str) -> String {
        if is_model(schema) {
            let ty = self.model(&[(0, schema)], name, owner, Words::OnModel);
            return nullable(schema, ty);
        }
        let plain = Schema { nullable: false, ..schema.clone() };
        let rendered = self.rendered(&plain, name, owner);
        let mut above = text::doc(schema.description.as_deref());
        above.push_str(&rendered.decorators);
        if schema.sensitive {
            above.push_str("@secret\n");
        }
        if let Some(title) = &schema.title {
            above.push_str(&format!("@summary({})\n", quoted(title)));
        }
        if above.is_empty() {
            return nullable(schema, rendered.ty);
        }
        let ty = match schema.kind {
            Some(Kind::Array | Kind::Object) => {
                self.declare(&[name.to_owned()], |name| format!("{above}model {name} is {};\n", rendered.ty))
            }
            _ if schema.enumeration.is_some() => {
                let variants = rendered.ty.replace(" | ", ",\n");
                self.declare(&[name.to_owned()], |name| format!("{above}union {name} {{\n{variants},\n}}\n"))
            }
            None | Some(Kind::Any) => {
                self.declare(&[name.to_owned()], |name| format!("{above}union {name} {{\nunknown,\n}}\n"))
            }
            _ => self.declare(&[name.to_owned()], |name| format!("{above}scalar {name} extends {};\n", rendered.ty)),
        };
        nullable(schema, ty)
    }

    fn rendered(&mut self, schema: &Schema, name: &str, owner: &str) -> Rendered {
        let mut enumeration = None;
        let ty = match (&schema.enumeration, schema.kind) {
            (Some(values), _) if !values.is_empty() => {
                let (ty, declared) = self.enumeration(values, name, owner);
                enumeration = declared;
                ty
            }
            (_, Some(Kind::String)) => string_scalar(schema).to_owned(),
            (_, Some(Kind::Integer)) => match schema.format.as_deref() {
                Some("int32") => "int32".to_owned(),
                Some("int64") => "int64".to_owned(),
                _ => "integer".to_owned(),
            },
            (_, Some(Kind::Number)) => match schema.format.as_deref() {
                Some("float") => "float32".to_owned(),
                Some("double") => "float64".to_owned(),
                Some(format @ ("decimal" | "decimal128")) => format.to_owned(),
                _ => "float".to_owned(),
            },
            (_, Some(Kind::Boolean)) => "boolean".to_owned(),
            (_, Some(Kind::Array)) => match &schema.items {
                Some(items) => {
                    let item = self.part(items, owner, &pascal(&singular(name)));
                    if item.contains(" | ") { format!("({item})[]") } else { format!("{item}[]") }
                }
                None => "unknown[]".to_owned(),
            },
            (_, Some(Kind::Object)) => self.map(schema, name, owner),
            (_, None | Some(Kind::Any)) => "unknown".to_owned(),
        };
        let decorators = self.constraints(schema);
        Rendered { ty: nullable(schema, ty), decorators, enumeration }
    }

    fn map(&mut self, schema: &Schema, name: &str, owner: &str) -> String {
        match &schema.additional {
            Additional::Schema(values) => {
                let values = self.part(values, owner, &pascal(&singular(name)));
                format!("Record<{values}>")
            }
            Additional::Allowed(true, _) => "Record<unknown>".to_owned(),
            Additional::Allowed(false, _) => "Record<never>".to_owned(),
            Additional::Absent => "{}".to_owned(),
        }
    }

    /// A few values are written where they are used, many as an enum of their own.
    fn enumeration(&mut self, values: &[Json], name: &str, owner: &str) -> (String, Option<String>) {
        const INLINE: usize = 4;
        let texts: Option<Vec<&str>> = values.iter().map(Json::as_str).collect();
        if let Some(texts) = texts.filter(|texts| texts.len() > INLINE) {
            let members: String = texts
                .iter()
                .map(|text| {
                    let member = enum_member(text);
                    if member == *text {
                        format!("{},\n", identifier(&member))
                    } else {
                        format!("{}: {},\n", identifier(&member), quoted(text))
                    }
                })
                .collect();
            let wanted = pascal(name);
            let name = self.declare(&[wanted.clone(), format!("{owner}{wanted}")], |name| {
                format!("enum {name} {{\n{members}}}\n")
            });
            return (name.clone(), Some(name));
        }
        (values.iter().map(text::value).collect::<Vec<_>>().join(" | "), None)
    }
}

/// Returns the parts of all schemas, if all have one.
fn all<'s, T>(schemas: &[(usize, &'s Schema)], part: impl Fn(&'s Schema) -> Option<T>) -> Option<Vec<(usize, T)>> {
    schemas.iter().map(|(version, schema)| Some((*version, part(schema)?))).collect()
}

fn is_model(schema: &Schema) -> bool {
    schema.kind == Some(Kind::Object) && !schema.properties.is_empty()
}

fn nullable(schema: &Schema, ty: String) -> String {
    if schema.nullable { format!("{ty} | null") } else { ty }
}

fn nullable_part(schema: Option<&Schema>, ty: String) -> String {
    if schema.is_some_and(|schema| schema.nullable) { format!("({ty} | null)") } else { ty }
}

/// The member's name for a value.
fn enum_member(text: &str) -> String {
    if !text.is_empty() { text.to_owned() } else { "empty".to_owned() }
}
