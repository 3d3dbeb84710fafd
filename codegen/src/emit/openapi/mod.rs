//! OpenAPI 3.0 and 3.1 documents of a program: the schemas of its types and the paths of its operations.

mod bodies;
mod examples;
mod operations;
mod parameters;
mod schemas;
mod unions;

use std::collections::BTreeMap;

use radii_diagnostics::Diagnostic;
use serde_json::{Map, Value as Json, json};
use typespec::Program;
use typespec::program::{TypeId, ValueKind};
use typespec::versioning;

use super::http::auth::{self, Security};
use super::http::{self, HttpOperation, Payloads, Usage, Visibility};
use super::{Dialect, Documents, Revision, facts, report, values};

pub(crate) use schemas::texts;

/// Returns the documents of all services, one for each version, or of the global namespace where there is no service.
pub fn openapi(program: &Program, revision: Revision) -> Documents {
    let services: Vec<TypeId> = (program.user_namespaces().into_iter())
        .filter(|id| program.find_decorator(*id, "TypeSpec.service").is_some())
        .collect();
    let mut documents = Documents::default();
    if services.is_empty() {
        add(program, revision, None, "openapi", None, &mut documents);
    }
    for service in &services {
        let mut name = "openapi".to_owned();
        if services.len() > 1 {
            name = format!("{name}.{}", program.namespace_name(*service));
        }
        let versions = versioning::versions_of_namespace(program, *service);
        if versions.is_empty() {
            add(program, revision, Some(*service), &name, None, &mut documents);
        }
        for version in &versions {
            // The types of a version are made in a program of their own: they would be in each other's way.
            let mut copy = program.clone();
            let snapshot = versioning::snapshot(&mut copy, *service, version);
            add(&copy, revision, Some(snapshot.namespace), &name, Some(&version.value), &mut documents);
        }
    }
    if documents.diagnostics.iter().any(Diagnostic::is_error) {
        documents.files.clear();
    }
    documents
}

fn add(
    program: &Program,
    revision: Revision,
    root: Option<TypeId>,
    name: &str,
    version: Option<&str>,
    documents: &mut Documents,
) {
    let mut emitter = Emitter::new(program, revision.dialect(), root);
    let operations = http::operations(&emitter.payloads, program, root);
    let declared = emitter.declared(root.unwrap_or_else(|| program.global_namespace()));
    emitter.usage = Usage::new(&emitter.payloads, program, &operations, &declared);
    emitter.security = Security::new(program, root, &operations);
    emitter.write_operations(&operations);
    emitter.declare(&declared);
    emitter.finish();
    let file = version.map_or_else(|| format!("{name}.json"), |version| format!("{name}.{version}.json"));
    documents.files.insert(file, emitter.document(revision, version));
    documents.diagnostics.append(&mut emitter.diagnostics);
}

/// Writes one document.
pub(super) struct Emitter<'p> {
    pub(super) program: &'p Program,
    pub(super) dialect: Dialect,
    service: Option<TypeId>,
    payloads: Payloads<'p>,
    usage: Usage,
    security: Security,
    /// What the schemas that are being written are part of.
    visibility: Visibility,
    /// Whether they are a body as it stands, headers and all.
    is_whole: bool,
    /// Every type with a component.
    names: BTreeMap<String, TypeId>,
    /// Components that are still to be written.
    waiting: Vec<(String, TypeId, Visibility, bool)>,
    /// The inline types that are being written, outermost first.
    open: Vec<TypeId>,
    pub(super) components: BTreeMap<String, Json>,
    parameters: BTreeMap<String, Json>,
    /// Models whose properties became parameters.
    parameter_models: Vec<TypeId>,
    paths: BTreeMap<String, Map<String, Json>>,
    /// The tags that operations have, in the order in which they came.
    tags: Vec<String>,
    pub(super) diagnostics: Vec<Diagnostic>,
}

impl<'p> Emitter<'p> {
    fn new(program: &'p Program, dialect: Dialect, service: Option<TypeId>) -> Self {
        Self {
            program,
            dialect,
            service,
            payloads: Payloads::new(program),
            usage: Usage::default(),
            security: Security::default(),
            visibility: Visibility::READ,
            is_whole: false,
            names: BTreeMap::new(),
            waiting: Vec::new(),
            open: Vec::new(),
            components: BTreeMap::new(),
            parameters: BTreeMap::new(),
            parameter_models: Vec::new(),
            paths: BTreeMap::new(),
            tags: Vec::new(),
            diagnostics: Vec::new(),
        }
    }

    /// The declared types of a namespace.
    fn declared(&self, namespace: TypeId) -> Vec<TypeId> {
        let mut found = Vec::new();
        self.collect(namespace, &mut found);
        found
    }

    fn collect(&self, namespace: TypeId, found: &mut Vec<TypeId>) {
        let Some(it) = self.program.namespace(namespace) else { return };
        let lists = [&it.models, &it.scalars, &it.enums, &it.unions];
        for id in lists.into_iter().flatten().copied() {
            // The reference takes a scalar's template for a scalar.
            let is_template = self.program.is_template_declaration(id) && self.program.scalar(id).is_none();
            if !is_template && !self.is_inline(id) {
                found.push(id);
            }
        }
        if self.service.is_some() {
            for nested in &it.namespaces {
                self.collect(*nested, found);
            }
        }
    }

    /// Gives declared types that no operation uses a component.
    fn declare(&mut self, declared: &[TypeId]) {
        for id in declared {
            let is_elsewhere = self.usage.is_reachable(*id)
                || self.parameter_models.contains(id)
                || self.security.is_scheme(*id)
                || http::is_file(self.program, *id);
            if !is_elsewhere {
                self.seen_as(Visibility::ALL, |emitter| emitter.reference(*id));
            }
        }
    }

    fn finish(&mut self) {
        while let Some((name, id, visibility, is_whole)) = self.waiting.pop() {
            self.is_whole = is_whole;
            let schema = self.seen_as(visibility, |emitter| emitter.component(id));
            self.components.insert(name, schema);
        }
        self.is_whole = false;
    }

    fn write_operations(&mut self, operations: &[HttpOperation]) {
        for together in operations::by_endpoint(self.program, operations) {
            let Some(first) = together.first() else { continue };
            // A path with a query is none of OpenAPI's.
            if first.path.contains('?') && together.len() == 1 {
                let message = "OpenAPI does not allow paths containing a query string.".to_owned();
                let diagnostic = report(self.program, first.operation, "@typespec/openapi3/path-query", message);
                self.diagnostics.push(diagnostic);
                continue;
            }
            let written = self.operation(&together);
            self.paths.entry(first.path.clone()).or_default().insert(first.verb.to_owned(), Json::Object(written));
        }
    }

    fn document(&self, revision: Revision, version: Option<&str>) -> Json {
        let root = self.service.unwrap_or_else(|| self.program.global_namespace());
        let mut info = Map::new();
        info.insert("title".to_owned(), self.title().into());
        info.insert("version".to_owned(), version.unwrap_or("0.0.0").into());
        if let Some(given) = self.program.find_decorator(root, "TypeSpec.OpenAPI.info")
            && let Some(Json::Object(given)) =
                facts::value(given, 0).and_then(|value| values::json(self.program, value, None, None))
        {
            info.extend(given);
            if let Some(version) = version {
                info.insert("version".to_owned(), version.into());
            }
            if revision == Revision::V30
                && let Some(Json::Object(license)) = info.get_mut("license")
                && let Some(identifier) = license.shift_remove("identifier")
            {
                license.insert("x-oai-license-identifier".to_owned(), identifier);
            }
        }
        if let Some(doc) = self.program.doc(root) {
            info.insert("description".to_owned(), doc.into());
        }
        if let Some(summary) =
            facts::text_of(self.program, root, "TypeSpec.summary").filter(|_| revision == Revision::V31)
        {
            info.insert("summary".to_owned(), summary.into());
        }
        let components = [
            ("parameters", json!(self.parameters)),
            ("schemas", json!(self.components)),
            ("securitySchemes", Json::Object(self.security.schemes(self.program))),
        ];
        let components: Map<String, Json> = (components.into_iter())
            .filter(|(_, part)| part.as_object().is_some_and(|part| !part.is_empty()))
            .map(|(name, part)| (name.to_owned(), part))
            .collect();
        let mut document = Map::new();
        document.insert("openapi".to_owned(), revision.as_str().into());
        document.insert("info".to_owned(), Json::Object(info));
        if let Some(docs) = external_docs(self.program, root) {
            document.insert("externalDocs".to_owned(), docs);
        }
        document.insert("tags".to_owned(), self.document_tags(root).into());
        document.insert("paths".to_owned(), json!(self.paths));
        if !self.security.default.is_empty() {
            document.insert("security".to_owned(), json!(self.security.default));
        }
        document.insert("components".to_owned(), Json::Object(components));
        let servers = auth::servers(self.program, root);
        if !servers.is_empty() {
            document.insert("servers".to_owned(), servers.into());
        }
        let extensions = facts::constraints(self.program, root, self.dialect);
        document.extend(extensions.into_iter().filter(|(key, _)| key.starts_with("x-")));
        Json::Object(document)
    }

    fn title(&self) -> String {
        let given = || -> Option<String> {
            let application = self.program.find_decorator(self.service?, "TypeSpec.service")?;
            let ValueKind::Object(members) = &self.program[facts::value(application, 0)?].kind else { return None };
            let title = members.iter().find(|member| &*member.name == "title")?;
            match &self.program[title.value].kind {
                ValueKind::String { text, .. } => Some(text.to_string()),
                _ => None,
            }
        };
        given().unwrap_or_else(|| "(title)".to_owned())
    }
}

fn external_docs(program: &Program, target: TypeId) -> Option<Json> {
    let application = program.find_decorator(target, "TypeSpec.OpenAPI.externalDocs")?;
    let mut docs = json!({"url": facts::text(program, application, 0)?});
    if let Some(description) = facts::text(program, application, 1) {
        docs["description"] = description.into();
    }
    Some(docs)
}
