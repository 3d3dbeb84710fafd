//! The description as it is served: one document, with what is registered here.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use radii_runtime::catalog::Provider;
use serde_json::{Map, Value as Json, json};

use super::{COMMON, RESOURCES, UCP};

/// The version of the routes of planes, groups and registrations.
const NATIVE: &str = "2023-10-01-preview";
/// What names of resources look like.
const NAME: &str = "^[A-Za-z0-9]([-_.A-Za-z0-9]*[A-Za-z0-9])?$";
/// So many types have routes of their own in the description; with more nobody could read it.
const TYPES: usize = 100;

/// What can be asked for at this moment.
#[derive(Default)]
pub struct Registered {
    /// Kind and name of each plane.
    pub planes: Vec<(String, String)>,
    /// The providers of the plane of each.
    pub providers: Vec<Arc<Provider>>,
}

/// The description as it was served last: making it takes milliseconds, and hardly anything changes in it.
#[derive(Debug, Default)]
pub struct Described(Mutex<Option<Served>>);

/// A description, and what it was made from.
#[derive(Clone, Debug)]
struct Served {
    generation: u64,
    planes: Vec<(String, String)>,
    text: Bytes,
}

impl Described {
    /// Returns the description's text; it is made anew when the planes, or what is registered, changed.
    ///
    /// # Assumptions
    /// `generation` was read before what is registered.
    pub fn text(&self, base: &str, generation: u64, registered: &Registered) -> Bytes {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(known) = known.filter(|known| known.generation == generation && known.planes == registered.planes) {
            return known.text;
        }
        // A value has no key that is not text, and so cannot fail to be written.
        let text = Bytes::from(serde_json::to_vec(&document(base, registered)).unwrap_or_default());
        let served = Served { generation, planes: registered.planes.clone(), text: text.clone() };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(served);
        text
    }
}

/// Returns the description as one that stands on its own: where it is served, with everything that it refers to.
pub fn document(base: &str, registered: &Registered) -> Json {
    let mut document = UCP.clone();
    document["basePath"] = base.into();
    if let Some(members) = document.as_object_mut() {
        // These speak of another cloud's front door.
        members.retain(|name, _| !matches!(name.as_str(), "host" | "schemes" | "security" | "securityDefinitions"));
    }
    for place in ["paths", "definitions"] {
        for (name, entry) in RESOURCES[place].as_object().into_iter().flatten() {
            document[place][name] = entry.clone();
        }
    }
    // Declared upstream, and served nowhere.
    for methods in
        document["paths"].as_object_mut().into_iter().flat_map(Map::values_mut).filter_map(Json::as_object_mut)
    {
        methods.shift_remove("patch");
    }
    for place in ["definitions", "parameters"] {
        if document.get(place).is_none() {
            document[place] = json!({});
        }
        for (name, entry) in COMMON[place].as_object().into_iter().flatten() {
            if document[place].get(name).is_none() {
                document[place][name] = entry.clone();
            }
        }
    }
    point_inside(&mut document);
    document["parameters"]["ApiVersionParameter"]["enum"] = json!([NATIVE]);
    if let Some(paths) = document["paths"].as_object_mut() {
        add_types(paths, registered);
        for (path, methods) in paths {
            narrow_all(path, methods, registered);
        }
    }
    for (name, kind) in [("AwsPlaneNameParameter", "aws"), ("AzurePlaneNameParameter", "azure")] {
        narrow(&mut document["parameters"][name], &Place { kind, is_below: true }, registered);
    }
    document
}

/// Lets references into other files lead into this one.
fn point_inside(value: &mut Json) {
    match value {
        Json::Object(members) => {
            members.retain(|name, _| name != "x-ms-examples");
            for (name, member) in members {
                match (name.as_str(), member.as_str().and_then(|text| text.split_once('#'))) {
                    ("$ref", Some((_, pointer))) => *member = format!("#{pointer}").into(),
                    _ => point_inside(member),
                }
            }
        }
        Json::Array(items) => items.iter_mut().for_each(point_inside),
        _ => {}
    }
}

/// Adds the routes of each registered type, which name the versions that it has.
fn add_types(paths: &mut Map<String, Json>, registered: &Registered) {
    const ANY: &str = "{namespace}/{typeName}";
    let of_any = |path: &&String| path.contains(ANY) && !path.ends_with("{action}");
    let templates: Vec<String> = paths.keys().filter(of_any).cloned().collect();
    let types = registered.providers.iter().flat_map(|provider| {
        let simple = provider.types.values().filter(|kind| !kind.name.contains('/') && !kind.api_versions.is_empty());
        simple.map(move |kind| (provider, kind))
    });
    for (provider, kind) in types.take(TYPES) {
        let name = format!("{}/{}", provider.namespace, kind.name);
        let versions: Vec<String> = kind.api_versions.keys().map(ToString::to_string).collect();
        for template in &templates {
            let mut methods = paths[template].clone();
            for operation in methods.as_object_mut().into_iter().flat_map(Map::values_mut) {
                let id = operation["operationId"].as_str().unwrap_or_default();
                operation["operationId"] = format!("{id}_{}", name.replace(['.', '/'], "_")).into();
                let Some(parameters) = operation["parameters"].as_array_mut() else { continue };
                parameters.retain(|parameter| parameter["name"] != "namespace" && parameter["name"] != "typeName");
                for parameter in parameters.iter_mut().filter(|parameter| parameter["name"] == "api-version") {
                    parameter["enum"] = json!(versions);
                }
                let plane = parameters.iter_mut().find(|parameter| parameter["name"] == "planeName");
                plane.into_iter().for_each(|plane| plane["enum"] = json!([provider.plane]));
            }
            paths.insert(template.replace(ANY, &name), methods);
        }
    }
}

/// Where a parameter stands.
struct Place<'p> {
    /// The kind of the plane.
    kind: &'p str,
    /// Whether the path goes on behind the plane, which therefore must be there.
    is_below: bool,
}

fn narrow_all(path: &str, methods: &mut Json, registered: &Registered) {
    let mut segments = path.split('/').skip(2);
    let place = Place { kind: segments.next().unwrap_or_default(), is_below: segments.nth(1).is_some() };
    for operation in methods.as_object_mut().into_iter().flat_map(Map::values_mut) {
        let parameters = operation.get_mut("parameters").and_then(Json::as_array_mut);
        parameters.into_iter().flatten().for_each(|parameter| narrow(parameter, &place, registered));
    }
}

/// Says what a parameter may be, as far as the server knows, and gives an example.
fn narrow(parameter: &mut Json, place: &Place<'_>, registered: &Registered) {
    let Some(name) = parameter["name"].as_str().map(str::to_owned) else { return };
    if !matches!(parameter["in"].as_str(), Some("path" | "query")) {
        return;
    }
    if name == "planeName" && place.is_below && parameter.get("enum").is_none() {
        let planes = registered.planes.iter().filter(|(kind, _)| kind == place.kind);
        let mut planes: Vec<&str> = planes.map(|(_, name)| name.as_str()).collect();
        if planes.is_empty() && place.kind == "azure" {
            // The first credential makes it.
            planes.push("azurecloud");
        }
        if !planes.is_empty() {
            parameter["enum"] = json!(planes);
        }
    }
    let (pattern, example) = match name.as_str() {
        "planeName" => (None, if place.kind == "aws" { "aws" } else { "local" }),
        "resourceGroupName" => (Some("^[A-Za-z]([-A-Za-z0-9]*[A-Za-z0-9])?$"), "default"),
        "namespace" => (Some("^[A-Za-z][-A-Za-z0-9]*\\.[A-Za-z][-A-Za-z0-9]*$"), "Applications.Core"),
        "typeName" => (Some("^[A-Za-z][-A-Za-z0-9]*$"), "environments"),
        "name" => (Some(NAME), "demo"),
        "action" => (Some("^[A-Za-z]+$"), "listSecrets"),
        "location" => (Some("^global$"), "global"),
        "operationId" => (Some("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"), "0190a9f4-3b5c-7cc0-8000-000000000000"),
        "api-version" => (Some("^[0-9]{4}-[0-9]{2}-[0-9]{2}(-preview)?$"), NATIVE),
        "resourceProviderName" => (None, "Applications.Core"),
        "resourceTypeName" => (None, "environments"),
        "apiVersionName" => (None, NATIVE),
        "locationName" => (None, "global"),
        "credentialName" => (None, "default"),
        _ => return,
    };
    if let Some(pattern) = pattern.filter(|_| parameter.get("pattern").is_none()) {
        parameter["pattern"] = pattern.into();
    }
    if matches!(name.as_str(), "name" | "resourceGroupName" | "namespace" | "typeName") {
        parameter["minLength"] = 1.into();
        parameter["maxLength"] = 63.into();
    }
    let example = parameter["enum"].get(0).cloned().unwrap_or_else(|| example.into());
    parameter["x-example"] = example;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn provider() -> Provider {
        let mut kind = radii_runtime::catalog::Type { name: "things".to_owned(), ..Default::default() };
        kind.api_versions.insert("2025-01-01".parse().unwrap(), Arc::default());
        let mut provider = Provider { namespace: "Contoso.Data".into(), plane: "local".into(), ..Provider::default() };
        provider.types.insert("things".to_owned(), Arc::new(kind));
        provider
    }

    fn parameter<'d>(document: &'d Json, path: &str, method: &str, name: &str) -> &'d Json {
        let parameters = document["paths"][path][method]["parameters"].as_array().unwrap();
        parameters.iter().find(|parameter| parameter["name"] == name).unwrap()
    }

    #[test]
    fn the_served_description_stands_on_its_own() {
        fn check(root: &Json, value: &Json) {
            match value {
                Json::Object(members) => {
                    if let Some(reference) = members.get("$ref").and_then(Json::as_str) {
                        let pointer = reference.strip_prefix('#').expect("references stay inside");
                        assert!(root.pointer(pointer).is_some(), "{reference} leads nowhere");
                    }
                    members.values().for_each(|member| check(root, member));
                }
                Json::Array(items) => items.iter().for_each(|item| check(root, item)),
                _ => {}
            }
        }
        let document = document("/base", &Registered::default());
        assert_eq!(document["basePath"], "/base");
        check(&document, &document);
    }

    #[test]
    fn the_description_is_made_again_when_something_changed() {
        let described = Described::default();
        let mut registered = Registered::default();
        let first = described.text("/base", 1, &registered);
        assert_eq!(described.text("/base", 1, &registered).as_ptr(), first.as_ptr(), "it is the same text");
        registered.planes.push(("radius".into(), "local".into()));
        let with_plane = described.text("/base", 1, &registered);
        assert_ne!(with_plane, first);
        registered.providers.push(Arc::new(provider()));
        let with_type = described.text("/base", 2, &registered);
        assert!(String::from_utf8_lossy(&with_type).contains("Contoso.Data/things"));
    }

    #[test]
    fn registered_types_have_routes_with_their_versions() {
        let registered = Registered {
            planes: vec![("radius".into(), "local".into()), ("aws".into(), "aws".into())],
            providers: vec![Arc::new(provider())],
        };
        let document = document("/base", &registered);
        let path = "/planes/radius/{planeName}/resourcegroups/{resourceGroupName}/providers/Contoso.Data/things/{name}";
        assert_eq!(parameter(&document, path, "put", "api-version")["enum"], json!(["2025-01-01"]));
        assert_eq!(parameter(&document, path, "put", "name")["pattern"], NAME);
        let group = "/planes/radius/{planeName}/resourcegroups/{resourceGroupName}";
        assert_eq!(parameter(&document, group, "get", "planeName")["enum"], json!(["local"]));
        let plane = "/planes/radius/{planeName}";
        assert!(parameter(&document, plane, "put", "planeName").get("enum").is_none(), "a new one may be made");
        assert_eq!(document["parameters"]["AzurePlaneNameParameter"]["enum"], json!(["azurecloud"]));
        let operations =
            document["paths"].as_object().unwrap().values().flat_map(|it| it.as_object().unwrap().values());
        let mut ids: Vec<&str> = operations.filter_map(|operation| operation["operationId"].as_str()).collect();
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), count, "each operation has a name of its own");
    }
}
