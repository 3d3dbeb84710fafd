//! `index.md` and `types.md` as the upstream library writes them (Bicep contract, part 1.4).
//!
//! The two files are part of the extension's format, so they are code and not templates.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::rc::Rc;

use indexmap::IndexMap;

use super::json::{FileRef, Index};
use super::types::{ObjectType, Parameter, Property, Scopes, StringType, Type, TypeRef, TypeTable, flags};

/// Writes `index.md`; `functions` are the extension's own functions by name.
pub fn index(index: &Index, functions: &[(&str, &FileRef)]) -> String {
    type Versions<'a> = BTreeMap<&'a str, (&'a str, &'a FileRef)>;
    let mut namespaces: BTreeMap<String, BTreeMap<String, Versions<'_>>> = BTreeMap::new();
    for (full_name, file) in &index.resources {
        let lower = full_name.to_lowercase();
        let namespace = lower.split('/').next().unwrap_or(&lower).to_owned();
        let kind = lower.rsplit_once('@').map_or(lower.as_str(), |(kind, _)| kind).to_owned();
        let version = full_name.rsplit_once('@').map_or("", |(_, version)| version);
        namespaces.entry(namespace).or_default().entry(kind).or_default().insert(version, (full_name, file));
    }
    let mut text = String::from("# Bicep Types\n");
    for (namespace, kinds) in namespaces {
        _ = writeln!(text, "## {namespace}");
        for (kind, versions) in kinds {
            _ = writeln!(text, "### {kind}");
            for (version, (full_name, file)) in versions {
                link(&mut text, version, file, &format!("resource-{}", anchor(full_name)));
            }
            text.push('\n');
        }
    }
    if !functions.is_empty() {
        text.push_str("## Namespace Functions\n");
        for (name, file) in functions {
            _ = writeln!(text, "### {name}");
            link(&mut text, name, file, &format!("namespace-function-{}", anchor(name)));
            text.push('\n');
        }
    }
    text
}

fn link(text: &mut String, label: &str, file: &FileRef, anchor: &str) {
    let page = file.path.strip_suffix(".json").unwrap_or(&file.path);
    _ = writeln!(text, "* **Link**: [{label}]({page}.md#{anchor})");
}

/// Returns the fragment of a heading: lower case, letters, digits and hyphens only.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|character| character.is_ascii_alphanumeric() || *character == '-');
    kept.map(|character| character.to_ascii_lowercase()).collect()
}

/// Writes `types.md`: resources with their functions, functions of the extension, and all objects that they use.
pub fn types(table: &TypeTable) -> String {
    let text = String::from("# Bicep Types\n");
    let mut page = Page { table, text, pending: Vec::new(), seen: Vec::new(), labels: Vec::new() };
    page.write();
    page.text
}

struct Page<'a> {
    table: &'a TypeTable,
    text: String,
    /// Objects that something on the page refers to and that are not yet on it.
    pending: Vec<TypeRef>,
    seen: Vec<bool>,
    /// How types are written that were written before; most are many times.
    labels: Vec<Option<Rc<str>>>,
}

impl<'a> Page<'a> {
    fn write(&mut self) {
        self.seen = vec![false; self.table.types().len()];
        self.labels = vec![None; self.table.types().len()];
        let mut resources: Vec<_> = self.table.types().iter().filter_map(as_resource).collect();
        resources.sort_by_key(|resource| resource.name.to_lowercase());
        for resource in resources {
            self.resource(resource);
        }
        for kind in self.table.types() {
            if let Type::NamespaceFunction(function) = kind {
                self.namespace_function(function);
            }
        }
        let mut objects: Vec<(String, TypeRef)> = Vec::new();
        let mut next = 0;
        while next < self.pending.len() {
            let type_ref = self.pending[next];
            next += 1;
            objects.push((self.name_of(type_ref), type_ref));
            self.follow(type_ref);
        }
        objects.sort_by(|one, other| one.0.cmp(&other.0));
        self.objects(&objects);
        self.text.push('\n');
    }

    /// Writes the objects; equal ones of one name, as each resource has of its common properties, once.
    fn objects(&mut self, objects: &[(String, TypeRef)]) {
        let mut same_name: Vec<std::ops::Range<usize>> = Vec::new();
        let mut previous = "";
        for (name, type_ref) in objects {
            if name != previous {
                same_name.clear();
                previous = name;
            }
            let start = self.text.len();
            _ = writeln!(self.text, "\n## {name}");
            self.object(*type_ref);
            let section = start..self.text.len();
            if same_name.iter().any(|known| self.text[known.clone()] == self.text[section.clone()]) {
                self.text.truncate(start);
            } else {
                same_name.push(section);
            }
        }
    }

    fn resource(&mut self, resource: &'a super::types::ResourceType) {
        let (readable, writable) = match resource.scopes {
            Scopes::Modern { readable, writable } => (readable, writable),
            Scopes::Legacy { scope, .. } => (scope, scope),
        };
        _ = writeln!(self.text, "\n## Resource {}", resource.name);
        _ = writeln!(self.text, "* **Readable Scope(s)**: {}", scopes(readable));
        _ = writeln!(self.text, "* **Writable Scope(s)**: {}", scopes(writable));
        self.object(resource.body);
        for (name, type_ref) in &resource.functions {
            let Type::Function { parameters, output } = self.table.get(*type_ref) else { continue };
            let output = self.label(*output);
            _ = writeln!(self.text, "\n### Function {name}\n* **Output**: {output}\n#### Parameters");
            self.parameters(parameters, 0);
        }
    }

    fn namespace_function(&mut self, function: &'a super::types::NamespaceFunction) {
        _ = writeln!(self.text, "\n## Namespace Function {}", function.name);
        if let Some(description) = &function.description {
            _ = writeln!(self.text, "* **Description**: {description}");
        }
        if let Some(expression) = &function.expression {
            _ = writeln!(self.text, "* **Evaluated language expression**: `{expression}`");
        }
        if let Some(kind) = function.visible_in {
            let kind = if kind == 2 { "ParamsFile" } else { "BicepFile" };
            _ = writeln!(self.text, "* **Visible only in bicep file kind**: {kind}");
        }
        self.text.push_str("### Parameters\n");
        self.parameters(&function.parameters, 1);
        let output = self.label(function.output);
        _ = writeln!(self.text, "* **Output type**: {output}");
    }

    fn parameters(&mut self, parameters: &'a [Parameter], first: usize) {
        for (at, parameter) in parameters.iter().enumerate() {
            let label = self.label(parameter.type_ref);
            let required = if parameter.flags.is_some_and(|flags| flags & 1 != 0) { " (Required)" } else { "" };
            let description = parameter.description.as_ref().map_or_else(String::new, |text| format!(": {text}"));
            _ = writeln!(self.text, "{}. **{}**: {label}{required}{description}", first + at, parameter.name);
        }
    }

    fn object(&mut self, type_ref: TypeRef) {
        match self.table.get(type_ref) {
            Type::Object(object) => self.plain_object(object),
            Type::Discriminated { discriminator, base, elements, .. } => {
                _ = writeln!(self.text, "* **Discriminator**: {discriminator}\n\n### Base Properties");
                self.properties(base);
                for (value, element) in elements {
                    let label = self.label(*element);
                    _ = writeln!(self.text, "\n### {value}\n* **Type**: {label}");
                }
            }
            _ => {}
        }
    }

    fn plain_object(&mut self, object: &'a ObjectType) {
        if object.sensitive {
            self.text.push_str("*Sensitive*\n");
        }
        self.text.push_str("### Properties\n");
        self.properties(&object.properties);
        if let Some(additional) = object.additional {
            let label = self.label(additional);
            _ = writeln!(self.text, "### Additional Properties\n* **Additional Properties Type**: {label}");
        }
    }

    fn properties(&mut self, properties: &'a IndexMap<String, Property>) {
        let mut sorted: Vec<_> = properties.iter().collect();
        sorted.sort_by_key(|(name, _)| *name);
        for (name, property) in sorted {
            let label = self.label(property.type_ref);
            for part in ["* **", name, "**: ", &label, &property_flags(property.flags)] {
                self.text.push_str(part);
            }
            if let Some(description) = property.description.as_deref().filter(|text| !text.is_empty()) {
                self.text.push_str(": ");
                match description.contains('\n') {
                    true => self.text.push_str(description.replace('\n', " ").trim_end()),
                    false => self.text.push_str(description.trim_end()),
                }
            }
            self.text.push('\n');
        }
    }

    /// Returns how a type is written where it is used, and remembers objects for later.
    fn label(&mut self, type_ref: TypeRef) -> Rc<str> {
        if let Some(Some(known)) = self.labels.get(type_ref.0 as usize) {
            return known.clone();
        }
        let label: Rc<str> = self.new_label(type_ref).into();
        self.labels[type_ref.0 as usize] = Some(label.clone());
        label
    }

    fn new_label(&mut self, type_ref: TypeRef) -> String {
        match self.table.get(type_ref) {
            Type::Any => "any".to_owned(),
            Type::Null => "null".to_owned(),
            Type::Boolean => "bool".to_owned(),
            Type::Integer { min, max } => format!("int{}", bounds([("minValue", *min), ("maxValue", *max)])),
            Type::String(text) => string_label(text),
            Type::StringLiteral { value, .. } => format!("'{value}'"),
            Type::Array { item, min, max } => {
                let inner = self.label(*item);
                let is_union = matches!(self.table.get(*item), Type::Union(_));
                let inner = if is_union { format!("({inner})") } else { inner.to_string() };
                format!("{inner}[]{}", bounds([("minLength", *min), ("maxLength", *max)]))
            }
            Type::Union(elements) => {
                let mut labels: Vec<Rc<str>> = elements.iter().map(|element| self.label(*element)).collect();
                labels.sort();
                labels.join(" | ")
            }
            Type::Object(_) | Type::Discriminated { .. } => {
                if !std::mem::replace(&mut self.seen[type_ref.0 as usize], true) {
                    self.pending.push(type_ref);
                }
                let name = self.name_of(type_ref);
                format!("[{name}](#{})", anchor(&name))
            }
            Type::Resource(_) | Type::Function { .. } | Type::NamespaceFunction(_) => self.name_of(type_ref),
        }
    }

    /// Makes pending what an object refers to, so that the list of objects is complete before it is sorted.
    fn follow(&mut self, type_ref: TypeRef) {
        let refs: Vec<TypeRef> = match self.table.get(type_ref) {
            Type::Object(object) => {
                object.properties.values().map(|property| property.type_ref).chain(object.additional).collect()
            }
            Type::Discriminated { base, elements, .. } => {
                base.values().map(|property| property.type_ref).chain(elements.values().copied()).collect()
            }
            _ => Vec::new(),
        };
        for inner in refs {
            self.label(inner);
        }
    }

    fn name_of(&self, type_ref: TypeRef) -> String {
        match self.table.get(type_ref) {
            Type::Object(object) => object.name.clone(),
            Type::Discriminated { name, .. } => name.clone(),
            Type::Resource(resource) => resource.name.clone(),
            Type::NamespaceFunction(function) => function.name.clone(),
            _ => "function".to_owned(),
        }
    }
}

fn as_resource(kind: &Type) -> Option<&super::types::ResourceType> {
    match kind {
        Type::Resource(resource) => Some(resource),
        _ => None,
    }
}

fn string_label(text: &StringType) -> String {
    let sensitive = text.sensitive.then(|| "sensitive".to_owned());
    let pattern = text.pattern.as_ref().map(|pattern| format!("pattern: \"{}\"", pattern.replace('"', "\\\"")));
    let mut all: Vec<String> = sensitive.into_iter().collect();
    all.extend(named([("minLength", text.min), ("maxLength", text.max)]));
    all.extend(pattern);
    if all.is_empty() { "string".to_owned() } else { format!("string {{{}}}", all.join(", ")) }
}

fn bounds<T: ToString>(bounds: [(&str, Option<T>); 2]) -> String {
    let all: Vec<String> = named(bounds).collect();
    if all.is_empty() { String::new() } else { format!(" {{{}}}", all.join(", ")) }
}

fn named<T: ToString>(bounds: [(&str, Option<T>); 2]) -> impl Iterator<Item = String> {
    bounds.into_iter().filter_map(|(name, value)| Some(format!("{name}: {}", value?.to_string())))
}

fn property_flags(set: u8) -> String {
    let names = [
        (flags::REQUIRED, "Required"),
        (flags::READ_ONLY, "ReadOnly"),
        (flags::WRITE_ONLY, "WriteOnly"),
        (flags::DEPLOY_TIME_CONSTANT, "DeployTimeConstant"),
        (flags::IDENTIFIER, "Identifier"),
    ];
    let names: Vec<&str> = names.into_iter().filter(|(flag, _)| set & flag != 0).map(|(_, name)| name).collect();
    if names.is_empty() { String::new() } else { format!(" ({})", names.join(", ")) }
}

fn scopes(set: u32) -> String {
    let names = ["Tenant", "ManagementGroup", "Subscription", "ResourceGroup", "Extension"];
    let names: Vec<&str> =
        names.into_iter().enumerate().filter(|(bit, _)| set & (1 << bit) != 0).map(|(_, name)| name).collect();
    if names.is_empty() { "None".to_owned() } else { names.join(", ") }
}
