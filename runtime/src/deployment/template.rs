//! Templates as they are written: ARM JSON with either import dialect, `resources` as list or by symbol.

use indexmap::IndexMap;
use serde_json::{Map, Value as Json, json};

use super::expression::{Evaluator, Stop, Text};
use super::functions::find_member;
use super::outer::is_inner;

/// One thing that is wrong with a template, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    /// Such as `resources.db.properties.name`.
    pub place: String,
    /// What is wrong there.
    pub message: String,
}

impl Problem {
    pub(super) fn new(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self { place: place.into(), message: message.into() }
    }
}

/// A template, taken apart but not evaluated.
#[derive(Clone, Debug, Default)]
pub(super) struct Template {
    /// `parameters`, as written.
    pub parameters: Map<String, Json>,
    /// What `deployment().properties.parameters` shows; nothing, because parameters may be secret.
    pub parameters_shown: Map<String, Json>,
    /// `definitions`, as written.
    pub definitions: Map<String, Json>,
    /// `variables`, as written.
    pub variables: Map<String, Json>,
    /// `config` of imports and extensions, by alias.
    pub configurations: Map<String, Json>,
    /// `asserts`, as written.
    pub asserts: Map<String, Json>,
    /// User functions by `namespace.name`.
    pub functions: Map<String, Json>,
    /// `resources`.
    pub resources: Vec<Resource>,
    /// `outputs`, as written.
    pub outputs: Map<String, Json>,
}

/// Who takes care of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Provider {
    /// Types of the Radius plane.
    Radius,
    /// Nested deployments.
    Deployments,
    /// Azure.
    Azure,
    /// AWS.
    Aws,
    /// Objects of a Kubernetes cluster.
    Kubernetes,
}

/// How a resource is written, and so what `reference` of it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// With an import: name and body stand under `properties`; `reference` is the whole resource.
    Extensible,
    /// Without: `reference` is the resource's `properties`.
    Plain,
}

/// A resource of a template.
#[derive(Clone, Debug)]
pub(super) struct Resource {
    /// Its symbolic name, or `resources[0]` where the template has none.
    pub symbol: String,
    /// Its place in the template.
    pub place: String,
    pub provider: Provider,
    pub form: Form,
    /// The import or extension that it belongs to.
    pub alias: Option<String>,
    /// Type without version.
    pub type_name: String,
    pub api_version: String,
    pub existing: bool,
    /// `name`, as written.
    pub name: Json,
    pub condition: Option<Json>,
    pub copy: Option<Json>,
    /// `scope`, as written: what an extension resource belongs to, or where a module is deployed.
    pub scope: Option<Json>,
    /// The whole resource, as written.
    pub source: Map<String, Json>,
    pub depends_on: Vec<Json>,
}

const SECTIONS: [&str; 14] = [
    "$schema",
    "languageVersion",
    "contentVersion",
    "apiProfile",
    "metadata",
    "definitions",
    "functions",
    "parameters",
    "variables",
    "imports",
    "extensions",
    "resources",
    "outputs",
    "asserts",
];

impl Template {
    /// Takes a template apart.
    ///
    /// # Errors
    /// Everything whose structure is wrong.
    pub(super) fn parse(template: &Json, place: &str) -> Result<Self, Vec<Problem>> {
        let mut reader = Reader { problems: Vec::new(), place: place.to_owned() };
        let parsed = reader.template(template);
        if reader.problems.is_empty() { Ok(parsed) } else { Err(reader.problems) }
    }

    /// Finds a user function by `namespace.name`.
    pub(super) fn function(&self, name: &str) -> Option<&Json> {
        find_member(&self.functions, name)
    }

    /// Whether a variable is defined, as value or as loop.
    pub(super) fn find_variable(&self, name: &str) -> Option<&Json> {
        let looped = self.variables.get("copy").and_then(Json::as_array);
        let looped = looped.and_then(|loops| loops.iter().find(|entry| named(entry, name)));
        find_member(&self.variables, name).filter(|_| !name.eq_ignore_ascii_case("copy")).or(looped)
    }

    /// Evaluates a variable.
    pub(super) fn variable(&self, name: &str, evaluator: &mut Evaluator<'_, '_>) -> Result<Json, Stop> {
        let value = self.find_variable(name).ok_or_else(|| format!("there is no variable `{name}`"))?;
        let is_loop = find_member(&self.variables, name).is_none() || name.eq_ignore_ascii_case("copy");
        if is_loop {
            let name = value["name"].as_str().unwrap_or_default();
            return evaluator.copy(name, &value["count"], &value["input"]);
        }
        evaluator.value(value)
    }
}

fn named(entry: &Json, name: &str) -> bool {
    entry["name"].as_str().is_some_and(|own| own.eq_ignore_ascii_case(name))
}

struct Reader {
    problems: Vec<Problem>,
    place: String,
}

impl Reader {
    fn refuse(&mut self, place: &str, message: impl Into<String>) {
        let place = match self.place.is_empty() {
            true => place.to_owned(),
            false => format!("{}.{place}", self.place),
        };
        self.problems.push(Problem::new(place, message));
    }

    fn template(&mut self, template: &Json) -> Template {
        let Some(members) = template.as_object() else {
            self.refuse("template", "a template is an object; compile the Bicep file first");
            return Template::default();
        };
        for key in members.keys().filter(|key| !SECTIONS.contains(&key.as_str())) {
            self.refuse(key, "this is no section of a template");
        }
        self.language(members.get("languageVersion"));
        let imports = self.imports(members);
        Template {
            configurations: self.configurations(members),
            asserts: self.section(members, "asserts"),
            parameters: self.section(members, "parameters"),
            parameters_shown: Map::new(),
            definitions: self.section(members, "definitions"),
            variables: self.section(members, "variables"),
            functions: self.functions(members.get("functions")),
            resources: self.resources(members.get("resources"), &imports),
            outputs: self.section(members, "outputs"),
        }
    }

    fn language(&mut self, version: Option<&Json>) {
        let known = |text: &str| ["1.", "2."].iter().any(|known| text.starts_with(known));
        match version {
            None => {}
            Some(Json::String(text)) if known(text) => {}
            Some(other) => self.refuse("languageVersion", format!("{other} is not known; there are 1.x and 2.x")),
        }
    }

    fn configurations(&mut self, members: &Map<String, Json>) -> Map<String, Json> {
        let entries = ["imports", "extensions"].map(|section| self.section(members, section));
        let entries = entries.into_iter().flatten();
        entries.map(|(alias, entry)| (alias, entry.get("config").cloned().unwrap_or_else(|| json!({})))).collect()
    }

    fn section(&mut self, members: &Map<String, Json>, name: &str) -> Map<String, Json> {
        match members.get(name) {
            None | Some(Json::Null) => Map::new(),
            Some(Json::Object(section)) => section.clone(),
            Some(_) => {
                self.refuse(name, "this section is an object");
                Map::new()
            }
        }
    }

    /// Reads `imports` (`{provider}`) and `extensions` (`{name}`): alias → provider.
    fn imports(&mut self, members: &Map<String, Json>) -> IndexMap<String, Provider> {
        let mut providers = IndexMap::new();
        for (section, member) in [("imports", "provider"), ("extensions", "name")] {
            for (alias, import) in self.section(members, section) {
                let Some(provider) = import[member].as_str() else {
                    self.refuse(&format!("{section}.{alias}"), format!("`{member}` is missing"));
                    continue;
                };
                let provider = match provider.to_ascii_lowercase().as_str() {
                    "aws" => Provider::Aws,
                    "kubernetes" => Provider::Kubernetes,
                    "azureresourcemanager" => Provider::Azure,
                    "microsoft.resources" => Provider::Deployments,
                    _ => Provider::Radius,
                };
                providers.insert(alias, provider);
            }
        }
        providers
    }

    fn functions(&mut self, section: Option<&Json>) -> Map<String, Json> {
        let mut functions = Map::new();
        for namespace in section.and_then(Json::as_array).into_iter().flatten() {
            let name = namespace["namespace"].as_str().unwrap_or_default();
            for (member, function) in namespace["members"].as_object().into_iter().flatten() {
                functions.insert(format!("{name}.{member}"), function.clone());
            }
        }
        functions
    }

    fn resources(&mut self, section: Option<&Json>, imports: &IndexMap<String, Provider>) -> Vec<Resource> {
        let entries: Vec<(String, String, &Json)> = match section {
            None => Vec::new(),
            Some(Json::Object(by_symbol)) => {
                by_symbol.iter().map(|(name, value)| (name.clone(), format!("resources.{name}"), value)).collect()
            }
            Some(Json::Array(list)) => {
                let name = |at: usize| format!("resources[{at}]");
                list.iter().enumerate().map(|(at, value)| (name(at), name(at), value)).collect()
            }
            Some(_) => {
                self.refuse("resources", "resources are an object by symbolic name, or an array");
                Vec::new()
            }
        };
        let mut resources = Vec::new();
        for (symbol, place, source) in entries {
            self.family(symbol, place, source, imports, &mut resources);
        }
        resources
    }

    /// Reads a resource, and those written inside it: `type` and `name` of a child go on where its parent's end.
    fn family(
        &mut self,
        symbol: String,
        place: String,
        source: &Json,
        imports: &IndexMap<String, Provider>,
        into: &mut Vec<Resource>,
    ) {
        let children = source.get("resources").and_then(Json::as_array).cloned().unwrap_or_default();
        into.extend(self.resource(symbol.clone(), place.clone(), source, imports));
        for (at, mut child) in children.into_iter().enumerate() {
            let (symbol, place) = (format!("{symbol}.resources[{at}]"), format!("{place}.resources[{at}]"));
            let names = (source["type"].as_str(), child["type"].as_str());
            if let (Some(of), Some(own)) = names
                && own.split('/').next().is_some_and(|first| !first.contains('.'))
            {
                child["type"] = format!("{of}/{own}").into();
                child["name"] = below(&source["name"], &child["name"]);
            }
            self.family(symbol, place, &child, imports, into);
        }
    }

    fn resource(
        &mut self,
        symbol: String,
        place: String,
        source: &Json,
        imports: &IndexMap<String, Provider>,
    ) -> Option<Resource> {
        let Some(source) = source.as_object() else {
            self.refuse(&place, "a resource is an object");
            return None;
        };
        let Some(type_text) = find_member(source, "type").and_then(Json::as_str) else {
            self.refuse(&place, "`type` is missing");
            return None;
        };
        let (type_name, api_version) = self.type_and_version(&place, type_text, source)?;
        self.resource_members(&place, source);
        let alias = source.get("import").or_else(|| source.get("extension")).and_then(Json::as_str);
        let provider = self.provider(&place, alias, type_name, imports)?;
        let form = if alias.is_some() { Form::Extensible } else { Form::Plain };
        let name = self.name(&place, provider, form, source)?;
        Some(Resource {
            symbol,
            provider,
            form,
            alias: alias.map(str::to_owned),
            type_name: type_name.to_owned(),
            api_version: api_version.to_owned(),
            existing: source.get("existing").and_then(Json::as_bool).unwrap_or(false),
            name,
            condition: source.get("condition").cloned(),
            copy: source.get("copy").cloned(),
            scope: source.get("scope").cloned(),
            depends_on: self.depends_on(&place, source.get("dependsOn")),
            source: source.clone(),
            place,
        })
    }

    fn type_and_version<'s>(
        &mut self,
        place: &str,
        text: &'s str,
        source: &'s Map<String, Json>,
    ) -> Option<(&'s str, &'s str)> {
        let (type_name, version) = match text.split_once('@') {
            Some((type_name, version)) => (type_name, Some(version)),
            None => (text, None),
        };
        let version = version.or_else(|| find_member(source, "apiVersion").and_then(Json::as_str));
        if version.is_none() {
            self.refuse(place, "the API version is missing: write `apiVersion`, or `TYPE@VERSION` for imported types");
        }
        Some((type_name, version?))
    }

    /// Finds who takes care of a resource: whose import it names, or whose type it has.
    fn provider(
        &mut self,
        place: &str,
        alias: Option<&str>,
        type_name: &str,
        imports: &IndexMap<String, Provider>,
    ) -> Option<Provider> {
        let Some(alias) = alias else { return Some(provider_of(type_name)) };
        let provider = imports.get(alias).copied();
        if provider.is_none() {
            self.refuse(place, format!("`{alias}` is not imported; add it to `imports` or `extensions`"));
        }
        provider
    }

    /// Finds a resource's name where its form has it; null for objects of a cluster, which may be named inside.
    fn name(&mut self, place: &str, provider: Provider, form: Form, source: &Map<String, Json>) -> Option<Json> {
        let properties = source.get("properties");
        if provider == Provider::Kubernetes {
            let name = properties.and_then(|of| of.get("metadata")?.get("name"));
            return Some(name.cloned().unwrap_or(Json::Null));
        }
        let (name, missing) = match form {
            Form::Extensible => (properties.and_then(|of| of.get("name")), "`properties.name` is missing"),
            Form::Plain => (source.get("name"), "`name` is missing"),
        };
        if name.is_none() {
            self.refuse(place, missing);
        }
        name.cloned()
    }

    /// Refuses what would be dropped in silence.
    fn resource_members(&mut self, place: &str, source: &Map<String, Json>) {
        for name in source.keys().filter(|name| name.starts_with('@')) {
            self.refuse(&format!("{place}.{name}"), "this option of a resource is not supported; leave it out");
        }
        let method = source.get("method").and_then(Json::as_str);
        if method.is_some_and(|method| !method.eq_ignore_ascii_case("PUT")) {
            self.refuse(&format!("{place}.method"), "resources are only put");
        }
    }

    fn depends_on(&mut self, place: &str, value: Option<&Json>) -> Vec<Json> {
        match value {
            None | Some(Json::Null) => Vec::new(),
            Some(Json::Array(items)) => items.clone(),
            Some(_) => {
                self.refuse(&format!("{place}.dependsOn"), "dependencies are an array of names");
                Vec::new()
            }
        }
    }
}

/// Removes templates with a scope of their own from a resource, and from templates inside it that have none.
fn leave_own_scopes(resource: &mut Json) {
    let Some(properties) = resource.get_mut("properties").filter(|properties| properties.get("template").is_some())
    else {
        return;
    };
    if is_inner(properties) {
        properties.as_object_mut().map(|properties| properties.shift_remove("template"));
        return;
    }
    match &mut properties["template"]["resources"] {
        Json::Array(list) => list.iter_mut().for_each(leave_own_scopes),
        Json::Object(by_symbol) => by_symbol.values_mut().for_each(leave_own_scopes),
        _ => {}
    }
}

/// Returns the name `parent/child`, where either may be an expression.
fn below(parent: &Json, child: &Json) -> Json {
    let expression = |name: &Json| match Text::of(name.as_str().unwrap_or_default()) {
        Text::Expression(inner) => inner.to_owned(),
        Text::Plain(text) => format!("'{}'", text.replace('\'', "''")),
    };
    format!("[concat({}, '/', {})]", expression(parent), expression(child)).into()
}

fn provider_of(type_name: &str) -> Provider {
    let lower = type_name.to_ascii_lowercase();
    match lower.as_str() {
        "microsoft.resources/deployments" => Provider::Deployments,
        _ if lower.starts_with("microsoft.") => Provider::Azure,
        _ => Provider::Radius,
    }
}

impl Resource {
    /// The template inside a nested deployment.
    pub(super) fn nested(&self) -> Option<&Json> {
        if self.provider != Provider::Deployments {
            return None;
        }
        self.source.get("properties")?.get("template")
    }

    /// Whether the template inside a nested deployment has a scope of its own; otherwise its expressions belong here.
    pub(super) fn is_inner(&self) -> bool {
        self.source.get("properties").is_some_and(is_inner)
    }

    /// The resource's text without what is evaluated apart: children, and a nested template with a scope of its own.
    pub(super) fn own_text(&self) -> Json {
        let mut source = self.source.clone();
        source.shift_remove("resources");
        let mut source = Json::Object(source);
        leave_own_scopes(&mut source);
        source.as_object_mut().map(|source| source.shift_remove("metadata"));
        source
    }

    /// What of the resource is sent, before it is evaluated: `location`, `tags` and `properties`; of an object of a
    /// cluster all.
    pub(super) fn body(&self) -> Json {
        let nothing = json!({});
        if self.provider == Provider::Kubernetes {
            return self.source.get("properties").unwrap_or(&nothing).clone();
        }
        let members = match self.form {
            Form::Extensible => self.source.get("properties").unwrap_or(&nothing).as_object(),
            Form::Plain => Some(&self.source),
        };
        let wanted = ["location", "tags", "properties"];
        let members = members.into_iter().flatten().filter(|(name, _)| wanted.contains(&name.as_str()));
        let mut body: Map<String, Json> = members.map(|(name, value)| (name.clone(), value.clone())).collect();
        if self.nested().is_some()
            && let Some(properties) = body.get_mut("properties").and_then(Json::as_object_mut)
        {
            properties.shift_remove("template");
        }
        body.into()
    }
}
