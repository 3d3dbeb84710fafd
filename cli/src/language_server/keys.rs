//! The keys of manifests, with what they mean.

/// A key.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// What it means, in a sentence.
    pub docs: &'static str,
    /// Whether its value goes on below.
    pub opens: bool,
}

const fn key(name: &'static str, docs: &'static str) -> Key {
    Key { name, docs, opens: false }
}

const fn block(name: &'static str, docs: &'static str) -> Key {
    Key { name, docs, opens: true }
}

/// A part of a manifest, by which keys fit there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// The whole.
    Root,
    /// A resource type.
    Type,
    /// A version of a type.
    Version,
    /// A schema.
    Schema,
    /// Names of the author's choice: of types, versions, properties.
    Names,
    /// Items of a list.
    List,
    /// What only its author knows: examples, defaults, extensions.
    Anything,
}

const ROOT: [Key; 3] = [
    key(
        "namespace",
        "Name of the resource provider: two or more words with dots between them, such as `Contoso.Data`.",
    ),
    block("location", "Where requests are passed on to, by location; without it the server itself provisions."),
    block("types", "The resource types, by name. Names are plural and in camelCase."),
];

const TYPE: [Key; 4] = [
    key("description", "What the type is, for those who use it."),
    block(
        "capabilities",
        "What the type opts in to, such as `ManualResourceProvisioning` for resources without a recipe.",
    ),
    key("defaultApiVersion", "The API version that is used where none is named."),
    block("apiVersions", "The API versions, each with a schema: `2025-01-01`, or with `-preview`."),
];

const VERSION: [Key; 1] = [block("schema", "Schema of the properties, in the words of OpenAPI 3.0.")];

const SCHEMA: [Key; 28] = [
    key("type", "`string`, `number`, `integer`, `boolean`, `object` or `array`."),
    key("description", "What the value is, for those who use it."),
    key("title", "A name for people."),
    key("format", "A closer look at a string or a number, such as `date-time` or `uri`."),
    key("default", "What the server fills in where nothing is given."),
    key("example", "A value that shows what is meant."),
    block("enum", "The values that are allowed."),
    key("nullable", "Whether `null` is a value too."),
    key("readOnly", "Whether only the server or a recipe sets it."),
    key("writeOnly", "Whether it is never shown."),
    key("deprecated", "Whether nobody should use it any more."),
    key("x-radius-sensitive", "Whether it is a secret: encrypted at rest and left out of answers."),
    key("minimum", "The smallest number."),
    key("exclusiveMinimum", "Whether the smallest number itself is too small."),
    key("maximum", "The largest number."),
    key("exclusiveMaximum", "Whether the largest number itself is too large."),
    key("multipleOf", "Numbers must be whole multiples of this."),
    key("minLength", "The fewest characters."),
    key("maxLength", "The most characters."),
    key("pattern", "A regular expression that the string must match."),
    block("items", "Schema of a list's items."),
    key("minItems", "The fewest items."),
    key("maxItems", "The most items."),
    key("uniqueItems", "Whether no item may be there twice."),
    block("properties", "The properties of an object, each with its schema."),
    block("required", "The properties that must be given."),
    block("additionalProperties", "Schema of the values of a map; `false` forbids properties that are not listed."),
    key("maxProperties", "The most properties."),
];

impl Section {
    /// The part that keys below a path are in.
    pub fn of(path: &[String]) -> Self {
        let Some((first, rest)) = path.split_first() else { return Self::Root };
        match (first.as_str(), rest) {
            ("types", [] | [_, _]) if rest.get(1).is_none_or(|key| key == "apiVersions") => Self::Names,
            ("types", [_]) => Self::Type,
            ("types", [_, key]) if key == "capabilities" => Self::List,
            ("types", [_, _, _]) => Self::Version,
            ("types", [_, _, _, schema, below @ ..]) if schema == "schema" => Self::of_schema(below),
            _ => Self::Anything,
        }
    }

    fn of_schema(path: &[String]) -> Self {
        let mut steps = path.iter();
        while let Some(step) = steps.next() {
            match step.as_str() {
                "properties" if steps.next().is_none() => return Self::Names,
                "properties" | "items" | "additionalProperties" | "not" => {}
                "required" | "enum" => return Self::List,
                _ => return Self::Anything,
            }
        }
        Self::Schema
    }

    /// The keys that fit.
    pub fn keys(self) -> &'static [Key] {
        match self {
            Self::Root => &ROOT,
            Self::Type => &TYPE,
            Self::Version => &VERSION,
            Self::Schema => &SCHEMA,
            Self::Names | Self::List | Self::Anything => &[],
        }
    }
}

/// The values that a key can have, where there are few.
pub fn values(section: Section, key: &str) -> impl Iterator<Item = &'static str> {
    let values: &[&str] = match (section, key) {
        (Section::Schema, "type") => &["string", "number", "integer", "boolean", "object", "array"],
        (Section::Schema, "format") => &[
            "date-time",
            "date",
            "uri",
            "email",
            "uuid",
            "hostname",
            "ipv4",
            "ipv6",
            "byte",
            "int32",
            "int64",
            "password",
        ],
        (
            Section::Schema,
            "nullable"
            | "readOnly"
            | "writeOnly"
            | "deprecated"
            | "x-radius-sensitive"
            | "uniqueItems"
            | "exclusiveMinimum"
            | "exclusiveMaximum"
            | "additionalProperties",
        ) => &["true", "false"],
        (Section::List, "capabilities") => &["ManualResourceProvisioning"],
        _ => &[],
    };
    values.iter().copied()
}
