//! `types.json` and `index.json`, byte for byte as the two upstream libraries write them (Bicep contract, part 1.4).

use std::fmt::Write as _;

use indexmap::IndexMap;

use super::types::{
    NamespaceFunction, ObjectType, Parameter, Property, ResourceType, Scopes, Type, TypeRef, TypeTable,
};

/// Whose order of keys and whose escapes are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Keys sorted by bytes; `<`, `>`, `&` and the line separators escaped; empty texts left out.
    Go,
    /// Keys in the order of creation; only what JSON demands is escaped.
    TypeScript,
}

/// A type in another file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRef {
    /// Path relative to `index.json`.
    pub path: String,
    /// The type's place in that file.
    pub type_ref: TypeRef,
}

/// A value of `settings`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Setting {
    /// Text.
    Text(String),
    /// Yes or no; the Go layout leaves out `false`.
    Flag(bool),
    /// A type.
    Type(FileRef),
}

/// The content of `index.json`.
#[derive(Clone, Debug, Default)]
pub struct Index {
    /// `<Type>@<version>` → its type.
    pub resources: IndexMap<String, FileRef>,
    /// Functions of the extension; `None` leaves the key out, as library versions before 2026 do.
    pub namespace_functions: Option<Vec<FileRef>>,
    /// Settings in the order in which the TypeScript layout writes them.
    pub settings: Vec<(&'static str, Setting)>,
    /// The type of resources that the extension does not define.
    pub fallback: Option<FileRef>,
}

/// Writes `types.json`, without a final newline.
pub fn types(table: &TypeTable, layout: Layout) -> String {
    let mut out = Writer { text: String::with_capacity(table.types().len() * 160), depth: 0, layout };
    out.list(table.types(), |out, kind| out.kind(kind));
    out.text
}

/// Writes `index.json`, without a final newline.
pub fn index(index: &Index, layout: Layout) -> String {
    let mut out = Writer { text: String::with_capacity(index.resources.len() * 100 + 200), depth: 0, layout };
    out.index(index);
    out.text
}

/// A member's value, borrowed from the type that is written.
enum Value<'a> {
    Text(&'a str),
    Number(i128),
    Flag(bool),
    Ref(TypeRef),
    Refs(&'a [TypeRef]),
    RefMap(&'a IndexMap<String, TypeRef>),
    Properties(&'a IndexMap<String, Property>),
    Parameters(&'a [Parameter]),
    Functions(&'a IndexMap<String, TypeRef>),
}

type Members<'a> = Vec<(&'static str, Value<'a>)>;

fn push<'a>(members: &mut Members<'a>, key: &'static str, value: Option<Value<'a>>) {
    members.extend(value.map(|value| (key, value)));
}

fn number<'a, T: Copy + Into<i128>>(value: &Option<T>) -> Option<Value<'a>> {
    value.map(|value| Value::Number(value.into()))
}

fn flag<'a>(value: bool) -> Option<Value<'a>> {
    value.then_some(Value::Flag(true))
}

/// Returns the discriminator and the members of a type, in the TypeScript library's order.
fn members(kind: &Type) -> (&'static str, Members<'_>) {
    let mut all = Members::new();
    let name = match kind {
        Type::Any => "AnyType",
        Type::Null => "NullType",
        Type::Boolean => "BooleanType",
        Type::Integer { min, max } => {
            push(&mut all, "minValue", number(min));
            push(&mut all, "maxValue", number(max));
            "IntegerType"
        }
        Type::String(text) => {
            push(&mut all, "sensitive", flag(text.sensitive));
            push(&mut all, "minLength", number(&text.min));
            push(&mut all, "maxLength", number(&text.max));
            push(&mut all, "pattern", text.pattern.as_deref().map(Value::Text));
            "StringType"
        }
        Type::StringLiteral { value, sensitive } => {
            all.push(("value", Value::Text(value)));
            push(&mut all, "sensitive", flag(*sensitive));
            "StringLiteralType"
        }
        Type::Array { item, min, max } => {
            all.push(("itemType", Value::Ref(*item)));
            push(&mut all, "minLength", number(min));
            push(&mut all, "maxLength", number(max));
            "ArrayType"
        }
        Type::Union(elements) => {
            all.push(("elements", Value::Refs(elements)));
            "UnionType"
        }
        Type::Object(object) => {
            object_members(&mut all, object);
            "ObjectType"
        }
        Type::Discriminated { name, discriminator, base, elements } => {
            all.push(("name", Value::Text(name)));
            all.push(("discriminator", Value::Text(discriminator)));
            all.push(("baseProperties", Value::Properties(base)));
            all.push(("elements", Value::RefMap(elements)));
            "DiscriminatedObjectType"
        }
        Type::Resource(resource) => {
            resource_members(&mut all, resource);
            "ResourceType"
        }
        Type::Function { parameters, output } => {
            all.push(("parameters", Value::Parameters(parameters)));
            all.push(("output", Value::Ref(*output)));
            "FunctionType"
        }
        Type::NamespaceFunction(function) => {
            namespace_function_members(&mut all, function);
            "NamespaceFunctionType"
        }
    };
    (name, all)
}

fn object_members<'a>(all: &mut Members<'a>, object: &'a ObjectType) {
    all.push(("name", Value::Text(&object.name)));
    all.push(("properties", Value::Properties(&object.properties)));
    push(all, "additionalProperties", object.additional.map(Value::Ref));
    push(all, "sensitive", flag(object.sensitive));
}

fn resource_members<'a>(all: &mut Members<'a>, resource: &'a ResourceType) {
    all.push(("name", Value::Text(&resource.name)));
    match resource.scopes {
        Scopes::Modern { readable, writable } => {
            all.push(("body", Value::Ref(resource.body)));
            all.push(("readableScopes", Value::Number(readable.into())));
            all.push(("writableScopes", Value::Number(writable.into())));
            if !resource.functions.is_empty() {
                all.push(("functions", Value::Functions(&resource.functions)));
            }
        }
        Scopes::Legacy { scope, flags } => {
            all.push(("scopeType", Value::Number(scope.into())));
            all.push(("body", Value::Ref(resource.body)));
            all.push(("flags", Value::Number(flags.into())));
            all.push(("functions", Value::Functions(&resource.functions)));
        }
    }
}

fn namespace_function_members<'a>(all: &mut Members<'a>, function: &'a NamespaceFunction) {
    all.push(("name", Value::Text(&function.name)));
    push(all, "description", function.description.as_deref().map(Value::Text));
    push(all, "evaluatedLanguageExpression", function.expression.as_deref().map(Value::Text));
    all.push(("parameters", Value::Parameters(&function.parameters)));
    all.push(("outputType", Value::Ref(function.output)));
    push(all, "visibleInFileKind", number(&function.visible_in));
}

struct Writer {
    text: String,
    depth: usize,
    layout: Layout,
}

impl Writer {
    fn kind(&mut self, kind: &Type) {
        let (name, mut all) = members(kind);
        all.insert(0, ("$type", Value::Text(name)));
        self.members(all);
    }

    fn members(&mut self, mut all: Members<'_>) {
        if self.layout == Layout::Go {
            all.retain(|(_, value)| !matches!(value, Value::Text("")));
            all.sort_by_key(|(key, _)| *key);
        }
        self.map(all.iter(), |(key, _)| key, |out, (_, value)| out.value(value));
    }

    fn value(&mut self, value: &Value<'_>) {
        match value {
            Value::Text(text) => self.string(text),
            Value::Number(number) => _ = write!(self.text, "{number}"),
            Value::Flag(flag) => self.text.push_str(if *flag { "true" } else { "false" }),
            Value::Ref(type_ref) => self.reference("", *type_ref),
            Value::Refs(refs) => self.list(refs, |out, type_ref| out.reference("", *type_ref)),
            Value::RefMap(refs) => self.sorted_map(refs, |out, type_ref| out.reference("", *type_ref)),
            Value::Properties(properties) => self.sorted_map(properties, |out, property| out.property(property)),
            Value::Parameters(parameters) => self.list(parameters, |out, parameter| out.parameter(parameter)),
            Value::Functions(functions) => {
                self.sorted_map(functions, |out, type_ref| out.members(vec![("type", Value::Ref(*type_ref))]));
            }
        }
    }

    fn property(&mut self, property: &Property) {
        let go = self.layout == Layout::Go;
        let description = property.description.as_deref().filter(|text| !(go && text.is_empty()));
        let is_first = go || property.description_first;
        self.text.push('{');
        self.depth += 1;
        if let Some(text) = description.filter(|_| is_first) {
            self.key(true, "description");
            self.string(text);
        }
        let order = if go { ["flags", "type"] } else { ["type", "flags"] };
        for (at, key) in order.into_iter().enumerate() {
            self.key(at == 0 && (!is_first || description.is_none()), key);
            match key {
                "type" => self.reference("", property.type_ref),
                _ => self.value(&Value::Number(property.flags.into())),
            }
        }
        if let Some(text) = description.filter(|_| !is_first) {
            self.key(false, "description");
            self.string(text);
        }
        self.depth -= 1;
        self.line();
        self.text.push('}');
    }

    fn parameter(&mut self, parameter: &Parameter) {
        let mut all = vec![("name", Value::Text(&parameter.name)), ("type", Value::Ref(parameter.type_ref))];
        push(&mut all, "description", parameter.description.as_deref().map(Value::Text));
        push(&mut all, "flags", number(&parameter.flags));
        self.members(all);
    }

    fn index(&mut self, index: &Index) {
        let functions = index.namespace_functions.as_ref();
        let go = self.layout == Layout::Go;
        let functions = functions.filter(|functions| !(go && functions.is_empty()));
        self.text.push('{');
        self.depth += 1;
        self.key(true, "resources");
        self.sorted_map(&index.resources, |out, file| out.file_reference(file));
        self.key(false, "resourceFunctions");
        self.text.push_str("{}");
        if let Some(functions) = functions {
            self.key(false, "namespaceFunctions");
            self.list(functions, |out, file| out.file_reference(file));
        }
        if go {
            self.fallback(index);
        }
        if !index.settings.is_empty() {
            self.key(false, "settings");
            self.settings(&index.settings);
        }
        if !go {
            self.fallback(index);
        }
        self.depth -= 1;
        self.line();
        self.text.push('}');
    }

    fn fallback(&mut self, index: &Index) {
        if let Some(fallback) = &index.fallback {
            self.key(false, "fallbackResourceType");
            self.file_reference(fallback);
        }
    }

    fn settings(&mut self, settings: &[(&'static str, Setting)]) {
        let go = self.layout == Layout::Go;
        let mut settings: Vec<_> =
            settings.iter().filter(|(_, value)| !(go && *value == Setting::Flag(false))).collect();
        if go {
            // The Go library's struct order, not the byte order of all else.
            let order = ["name", "isSingleton", "isPreview", "isDeprecated", "version", "configurationType"];
            settings.sort_by_key(|(key, _)| order.iter().position(|known| known == key));
        }
        self.map(
            settings.into_iter(),
            |(key, _)| key,
            |out, (_, value)| match value {
                Setting::Text(text) => out.string(text),
                Setting::Flag(flag) => out.value(&Value::Flag(*flag)),
                Setting::Type(file) => out.file_reference(file),
            },
        );
    }

    fn file_reference(&mut self, file: &FileRef) {
        self.reference(&file.path, file.type_ref);
    }

    fn reference(&mut self, path: &str, type_ref: TypeRef) {
        self.text.push('{');
        self.depth += 1;
        self.key(true, "$ref");
        self.string_with(path, |text| {
            _ = write!(text, "#/{}", type_ref.0);
        });
        self.depth -= 1;
        self.line();
        self.text.push('}');
    }

    fn sorted_map<T>(&mut self, map: &IndexMap<String, T>, write: impl FnMut(&mut Self, &T)) {
        let mut write = write;
        let mut entries: Vec<(&String, &T)> = map.iter().collect();
        if self.layout == Layout::Go && !entries.is_sorted_by_key(|(key, _)| *key) {
            entries.sort_by_key(|(key, _)| *key);
        }
        self.map(entries.into_iter(), |(key, _)| key, |out, (_, value)| write(out, value));
    }

    fn map<T>(
        &mut self,
        entries: impl ExactSizeIterator<Item = T>,
        key: impl Fn(&T) -> &str,
        mut write: impl FnMut(&mut Self, &T),
    ) {
        if entries.len() == 0 {
            self.text.push_str("{}");
            return;
        }
        self.text.push('{');
        self.depth += 1;
        for (at, entry) in entries.enumerate() {
            self.key(at == 0, key(&entry));
            write(self, &entry);
        }
        self.depth -= 1;
        self.line();
        self.text.push('}');
    }

    fn list<T>(&mut self, items: &[T], mut write: impl FnMut(&mut Self, &T)) {
        if items.is_empty() {
            self.text.push_str("[]");
            return;
        }
        self.text.push('[');
        self.depth += 1;
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                self.text.push(',');
            }
            self.line();
            write(self, item);
        }
        self.depth -= 1;
        self.line();
        self.text.push(']');
    }

    fn key(&mut self, first: bool, key: &str) {
        if !first {
            self.text.push(',');
        }
        self.line();
        self.string(key);
        self.text.push_str(": ");
    }

    fn line(&mut self) {
        const SPACES: &str = "                                ";
        self.text.push('\n');
        self.text.push_str(&SPACES[..self.depth * 2]);
    }

    fn string(&mut self, text: &str) {
        self.string_with(text, |_| {});
    }

    /// Writes a string that ends in what is plain by nature.
    fn string_with(&mut self, text: &str, end: impl FnOnce(&mut String)) {
        self.text.push('"');
        // Nearly all are names and sentences.
        let is_plain = |byte: u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\' | b'<' | b'>' | b'&');
        match text.bytes().all(is_plain) {
            true => self.text.push_str(text),
            false => self.escaped(text),
        }
        end(&mut self.text);
        self.text.push('"');
    }

    fn escaped(&mut self, text: &str) {
        let mut plain = 0;
        for (at, character) in text.char_indices() {
            let escape = match character {
                '"' => "\\\"",
                '\\' => "\\\\",
                '\u{8}' => "\\b",
                '\u{c}' => "\\f",
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                '\0'..='\u{1f}' => "",
                '<' | '>' | '&' | '\u{2028}' | '\u{2029}' if self.layout == Layout::Go => "",
                _ => continue,
            };
            self.text.push_str(&text[plain..at]);
            plain = at + character.len_utf8();
            if escape.is_empty() {
                self.text.push_str(&format!("\\u{:04x}", character as u32));
            } else {
                self.text.push_str(escape);
            }
        }
        self.text.push_str(&text[plain..]);
    }
}
