//! How callers prove who they are, and where a service is found.

use serde_json::{Map, Value as Json, json};
use typespec::Program;
use typespec::program::{TypeId, TypeKind};

use super::HttpOperation;
use crate::emit::{facts, values};

const USE_AUTH: &str = "TypeSpec.Http.useAuth";

/// A way to prove it: its name in the document, and what it is.
#[derive(Clone, Debug, PartialEq)]
struct Scheme {
    id: String,
    model: TypeId,
    data: Map<String, Json>,
}

/// Ways of which one is enough; each a list of schemes that are all needed.
type Options = Vec<Vec<Scheme>>;

/// The schemes of a document, and what each operation needs.
#[derive(Debug, Default)]
pub(crate) struct Security {
    schemes: Vec<Scheme>,
    /// What all operations need that say nothing themselves.
    pub(crate) default: Vec<Json>,
    operations: Vec<(TypeId, Vec<Json>)>,
}

impl Security {
    /// Reads what a service and its operations say.
    pub(crate) fn new(program: &Program, service: Option<TypeId>, operations: &[HttpOperation]) -> Self {
        let mut security = Self::default();
        if let Some(options) = service.and_then(|service| own(program, service)) {
            security.default = security.gather(&options);
        }
        for operation in operations {
            if let Some(options) = of_operation(program, operation.operation) {
                let needed = security.gather(&options);
                security.operations.push((operation.operation, needed));
            }
        }
        security
    }

    /// What an operation needs, where that is not what all need.
    pub(crate) fn of(&self, operation: TypeId) -> Option<&[Json]> {
        let (_, needed) = self.operations.iter().find(|(known, _)| *known == operation)?;
        (*needed != self.default && !needed.is_empty()).then_some(needed.as_slice())
    }

    /// Whether a model describes a scheme, and so is none of the payload's.
    pub(crate) fn is_scheme(&self, model: TypeId) -> bool {
        self.schemes.iter().any(|scheme| scheme.model == model)
    }

    /// The schemes as OpenAPI writes them.
    pub(crate) fn schemes(&self, program: &Program) -> Map<String, Json> {
        let written = self.schemes.iter().filter_map(|scheme| {
            let mut json = written(&scheme.data)?;
            if let Some(doc) = program.doc(scheme.model).filter(|doc| !doc.is_empty()) {
                json.insert("description".to_owned(), doc.into());
            }
            facts::extensions(program, scheme.model, crate::emit::Dialect::OpenApi31, &mut json);
            Some((scheme.id.clone(), Json::Object(json)))
        });
        written.collect()
    }

    fn gather(&mut self, options: &Options) -> Vec<Json> {
        let mut needed = Vec::new();
        for option in options {
            let mut all = Map::new();
            for scheme in option {
                let id = self.add(scheme);
                match scheme.data.get("type").and_then(Json::as_str) {
                    Some("noAuth") => {}
                    Some("oauth2") => drop(all.insert(id, scopes(&scheme.data).into())),
                    Some("openIdConnect") => {
                        drop(all.insert(id, scheme.data.get("scopes").cloned().unwrap_or_else(|| json!([]))));
                    }
                    _ => drop(all.insert(id, json!([]))),
                }
            }
            needed.push(Json::Object(all));
        }
        needed
    }

    /// Adds a scheme under a name of its own; the scopes of one that is known already join.
    fn add(&mut self, scheme: &Scheme) -> String {
        let mut id = scheme.id.clone();
        loop {
            let Some(known) = self.schemes.iter_mut().find(|known| known.id == id) else {
                self.schemes.push(Scheme { id: id.clone(), ..scheme.clone() });
                return id;
            };
            if without_scopes(&known.data) == without_scopes(&scheme.data) {
                join_scopes(&mut known.data, &scheme.data);
                return id;
            }
            id.push('_');
        }
    }
}

fn own(program: &Program, target: TypeId) -> Option<Options> {
    let ty = facts::ty(program.find_decorator(target, USE_AUTH)?, 0)?;
    Some(match &program[ty].kind {
        TypeKind::Union(union) => {
            let variants = union.variants.iter().filter_map(|variant| program.variant(*variant));
            variants.map(|variant| option(program, variant.ty)).filter(|option| !option.is_empty()).collect()
        }
        _ => vec![option(program, ty)],
    })
}

fn option(program: &Program, id: TypeId) -> Vec<Scheme> {
    match &program[id].kind {
        TypeKind::Tuple(items) => items.iter().filter_map(|item| scheme(program, *item)).collect(),
        _ => scheme(program, id).into_iter().collect(),
    }
}

fn scheme(program: &Program, model: TypeId) -> Option<Scheme> {
    let Some(Json::Object(data)) = values::plain(program, model) else { return None };
    let kind = data.get("type").and_then(Json::as_str).unwrap_or_default();
    let name = program.name_of(model).map(|name| name.to_string()).filter(|name| !name.is_empty());
    Some(Scheme { id: name.unwrap_or_else(|| kind.to_owned()), model, data })
}

/// What an operation says, else what the nearest thing that it is in says.
fn of_operation(program: &Program, operation: TypeId) -> Option<Options> {
    let mut current = Some(operation);
    for _ in 0..1000 {
        let id = current?;
        if let Some(options) = own(program, id) {
            return Some(options);
        }
        current = match program.operation(id) {
            Some(it) => it.interface.or(it.namespace),
            None => program.namespace_of(id),
        };
    }
    None
}

fn flow_scopes(data: &Map<String, Json>, flow: &Json) -> Vec<String> {
    let given = flow.get("scopes").or_else(|| data.get("defaultScopes")).and_then(Json::as_array);
    given.into_iter().flatten().filter_map(Json::as_str).map(str::to_owned).collect()
}

fn flows(data: &Map<String, Json>) -> impl Iterator<Item = &Json> {
    data.get("flows").and_then(Json::as_array).into_iter().flatten()
}

fn scopes(data: &Map<String, Json>) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for scope in flows(data).flat_map(|flow| flow_scopes(data, flow)) {
        if !all.contains(&scope) {
            all.push(scope);
        }
    }
    all
}

fn without_scopes(data: &Map<String, Json>) -> Map<String, Json> {
    let mut rest = data.clone();
    rest.shift_remove("scopes");
    rest.shift_remove("defaultScopes");
    for flow in rest.get_mut("flows").and_then(Json::as_array_mut).into_iter().flatten() {
        if let Json::Object(flow) = flow {
            flow.shift_remove("scopes");
        }
    }
    rest
}

fn join_scopes(known: &mut Map<String, Json>, more: &Map<String, Json>) {
    let joined: Vec<Vec<String>> = flows(known)
        .zip(flows(more))
        .map(|(own, other)| {
            let mut scopes = flow_scopes(known, own);
            scopes
                .extend(flow_scopes(more, other).into_iter().filter(|scope| !flow_scopes(known, own).contains(scope)));
            scopes
        })
        .collect();
    let flows = known.get_mut("flows").and_then(Json::as_array_mut).into_iter().flatten();
    for (flow, scopes) in flows.zip(joined) {
        flow["scopes"] = scopes.into();
    }
}

fn written(data: &Map<String, Json>) -> Option<Map<String, Json>> {
    let kind = data.get("type")?.as_str()?;
    let mut json = Map::from_iter([("type".to_owned(), kind.into())]);
    let fields: &[&str] = match kind {
        "http" => &["scheme"],
        "apiKey" => &["in", "name"],
        "openIdConnect" => &["openIdConnectUrl"],
        "oauth2" => {
            let all = flows(data).filter_map(|flow| {
                let mut written = Map::new();
                for field in ["authorizationUrl", "tokenUrl", "refreshUrl"] {
                    if let Some(value) = flow.get(field) {
                        written.insert(field.to_owned(), value.clone());
                    }
                }
                let scopes: Map<String, Json> =
                    flow_scopes(data, flow).into_iter().map(|scope| (scope, "".into())).collect();
                written.insert("scopes".to_owned(), Json::Object(scopes));
                Some((flow.get("type")?.as_str()?.to_owned(), Json::Object(written)))
            });
            json.insert("flows".to_owned(), Json::Object(all.collect()));
            &[]
        }
        _ => return None,
    };
    for field in fields {
        if let Some(value) = data.get(*field) {
            json.insert((*field).to_owned(), value.clone());
        }
    }
    Some(json)
}

/// The addresses of `@server`, in the order in which the decorators ran.
pub(crate) fn servers(program: &Program, service: TypeId) -> Vec<Json> {
    let uses = program[service].decorators.iter().filter(|it| &*it.name == "TypeSpec.Http.server");
    let servers = uses.filter_map(|application| {
        let mut server = Map::new();
        server.insert("url".to_owned(), facts::text(program, application, 0)?.into());
        if let Some(description) = facts::text(program, application, 1) {
            server.insert("description".to_owned(), description.into());
        }
        let parameters = facts::ty(application, 2).and_then(|ty| program.model(ty));
        let parameters = parameters.map(|model| model.properties.iter().collect::<Vec<_>>()).unwrap_or_default();
        let variables: Map<String, Json> = parameters
            .into_iter()
            .filter_map(|(name, property)| Some((name.to_string(), variable(program, property)?)))
            .collect();
        server.insert("variables".to_owned(), Json::Object(variables));
        Some(Json::Object(server))
    });
    servers.collect()
}

fn variable(program: &Program, property: TypeId) -> Option<Json> {
    let it = program.property(property)?;
    let default = it.default.and_then(|default| values::json(program, default, Some(it.ty), None));
    let mut variable = Map::new();
    variable.insert("default".to_owned(), default.unwrap_or_else(|| "".into()));
    if let Some(doc) = program.doc(property) {
        variable.insert("description".to_owned(), doc.into());
    }
    match &program[it.ty].kind {
        TypeKind::Enum(_) => drop(variable.insert("enum".to_owned(), facts::enum_values(program, it.ty).into())),
        TypeKind::Union(_) => {
            let texts = crate::emit::openapi::texts(program, it.ty);
            if !texts.is_empty() {
                variable.insert("enum".to_owned(), texts.into());
            }
        }
        TypeKind::String(text) => drop(variable.insert("enum".to_owned(), json!([&**text]))),
        TypeKind::Scalar(_) => {}
        _ => return None,
    }
    facts::extensions(program, property, crate::emit::Dialect::OpenApi31, &mut variable);
    Some(Json::Object(variable))
}
