//! From a request's path to what it is about: pure, without looking anything up.
//!
//! Upstream's routes compare the first `planes` and `resourcegroups` without regard to casing and
//! everything else of their own exactly (Radius HTTP contract, part 2.1); so do these.

use radii_model::ResourceId;

use crate::registry::Kind;

/// Where all routes of the protocol begin.
pub const BASE: &str = "/apis/api.ucp.dev/v1alpha3";

/// The kinds of planes.
pub const PLANE_KINDS: [&str; 3] = ["aws", "azure", "radius"];

/// What a path is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// [`BASE`] itself.
    Discovery,
    /// The aggregation layer's description: version 2 or 3.
    OpenApi(u8),
    /// All planes.
    Planes,
    /// A kind of planes that there is not; with its name.
    UnknownPlaneKind(String),
    /// A record of our own: a plane, a group or a registration.
    Native(Native),
    /// The resources of a group, of all types.
    TrackedResources {
        /// Name of the plane.
        plane: String,
        /// Name of the group.
        group: String,
    },
    /// All provider summaries of a plane.
    Summaries {
        /// Name of the plane.
        plane: String,
    },
    /// One provider's summary.
    Summary {
        /// Name of the plane.
        plane: String,
        /// The provider.
        namespace: String,
    },
    /// A type's icon.
    Icon {
        /// The plane, provider and type.
        names: Vec<String>,
        /// The icon's hash.
        hash: String,
    },
    /// `operationStatuses/{id}` or `operationResults/{id}`.
    Operation(OperationRoute),
    /// Resources of registered types.
    Generic(Generic),
    /// Anything else below an Azure plane: it is passed on to the address of that plane.
    Azure {
        /// Name of the plane.
        plane: String,
    },
    /// Resources of an AWS account.
    Aws(Aws),
    /// The providers of a group, or one of them: they are registered in the plane.
    ProvidersOfGroup,
    /// Nothing that we know.
    Unknown,
}

/// Where an operation is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperationRoute {
    /// Name of the plane.
    pub plane: String,
    /// The provider.
    pub namespace: String,
    /// The location.
    pub location: String,
    /// The operation, as the path names it.
    pub id: String,
    /// Whether the status is wanted, or the result.
    pub wants: OperationPart,
}

impl OperationRoute {
    /// The id of the location.
    pub fn below(&self) -> String {
        let Self { plane, namespace, location, .. } = self;
        format!("/planes/radius/{plane}/providers/{namespace}/locations/{location}")
    }
}

/// Which document of an operation is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperationPart {
    /// `operationStatuses`.
    Status,
    /// `operationResults`.
    Result,
}

/// A path of resources of registered types.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generic {
    /// The path, with `planes` and `resourcegroups` in lower case.
    pub id: String,
    /// How many segments follow the namespace.
    pub depth: usize,
}

/// A path of resources of an AWS account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aws {
    /// Name of the plane.
    pub plane: String,
    /// Whether the last segment is `:put`, `:get` or `:delete`, which take their names from a body.
    pub is_action: bool,
}

/// One record of our own, or the collection of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Native {
    /// What it is.
    pub kind: Kind,
    /// The names in the path, the plane's first; one fewer in collections. Planes and credentials begin with
    /// the plane's kind.
    pub names: Vec<String>,
    /// Whether the last name is missing.
    pub is_collection: bool,
}

impl Native {
    /// The id, in the path's casing.
    pub fn id(&self) -> String {
        let names: Vec<&str> = self.names.iter().map(String::as_str).collect();
        let [first, rest @ ..] = names.as_slice() else { return "/planes".into() };
        let mut id = match self.kind {
            Kind::Plane | Kind::Credential => format!("/planes/{first}"),
            _ => format!("/planes/radius/{first}"),
        };
        let mut kinds = match self.kind {
            Kind::Plane => [].as_slice(),
            Kind::Credential if *first == "aws" => &["", "providers/System.AWS/credentials"],
            Kind::Credential => &["", "providers/System.Azure/credentials"],
            Kind::Group => &["resourcegroups"],
            Kind::Location => &["providers/System.Resources/resourceproviders", "locations"],
            Kind::Provider | Kind::Type | Kind::Version => {
                &["providers/System.Resources/resourceproviders", "resourcetypes", "apiversions"]
            }
        }
        .iter();
        for name in rest {
            if let Some(kind) = kinds.next().filter(|kind| !kind.is_empty()) {
                id.extend(["/", kind]);
            }
            id.extend(["/", name]);
        }
        if let Some(kind) = kinds.next().filter(|_| self.is_collection) {
            id.extend(["/", kind]);
        }
        id
    }

    /// The path in the protocol's description, with its parameters.
    pub fn operation(&self) -> (String, Vec<(&'static str, &str)>) {
        const PROVIDERS: &str = "/planes/radius/{planeName}/providers/System.Resources/resourceproviders";
        const PLANE: &str = "planeName";
        const PROVIDER: &str = "resourceProviderName";
        let (collection, parameters): (String, Vec<&'static str>) = match self.kind {
            Kind::Plane => (format!("/planes/{}", self.names[0]), vec!["", PLANE]),
            Kind::Group => ("/planes/radius/{planeName}/resourcegroups".into(), vec![PLANE, "resourceGroupName"]),
            Kind::Credential => {
                let namespace = if self.names[0] == "aws" { "System.AWS" } else { "System.Azure" };
                let below = format!("/planes/{}/{{planeName}}/providers/{namespace}/credentials", self.names[0]);
                (below, vec!["", PLANE, "credentialName"])
            }
            Kind::Provider => (PROVIDERS.into(), vec![PLANE, PROVIDER]),
            Kind::Type => (
                format!("{PROVIDERS}/{{resourceProviderName}}/resourcetypes"),
                vec![PLANE, PROVIDER, "resourceTypeName"],
            ),
            Kind::Version => (
                format!("{PROVIDERS}/{{resourceProviderName}}/resourcetypes/{{resourceTypeName}}/apiversions"),
                vec![PLANE, PROVIDER, "resourceTypeName", "apiVersionName"],
            ),
            Kind::Location => {
                (format!("{PROVIDERS}/{{resourceProviderName}}/locations"), vec![PLANE, PROVIDER, "locationName"])
            }
        };
        let last = parameters.last().copied().unwrap_or_default();
        let template = if self.is_collection { collection } else { format!("{collection}/{{{last}}}") };
        (template, parameters.into_iter().zip(self.names.iter().map(String::as_str)).collect())
    }
}

fn native(kind: Kind, is_collection: bool, names: &[&str]) -> Route {
    let names = names.iter().map(|name| (*name).to_owned()).collect();
    Route::Native(Native { kind, names, is_collection })
}

/// Returns what the decoded segments of a path after [`BASE`] are about.
pub fn parse(segments: &[impl AsRef<str>]) -> Route {
    let segments: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
    match segments.as_slice() {
        [] => Route::Discovery,
        [planes, rest @ ..] if planes.eq_ignore_ascii_case("planes") => below_planes(rest),
        _ => Route::Unknown,
    }
}

fn below_planes(segments: &[&str]) -> Route {
    match segments {
        [] => Route::Planes,
        [kind, ..] if !PLANE_KINDS.contains(kind) => Route::UnknownPlaneKind((*kind).to_owned()),
        [kind] => native(Kind::Plane, true, &[kind]),
        [kind, name] => native(Kind::Plane, false, &[kind, name]),
        ["radius", plane, rest @ ..] => below_radius(plane, rest),
        ["aws", plane, "providers", "System.AWS", "credentials"] => native(Kind::Credential, true, &["aws", plane]),
        ["aws", plane, "providers", "System.AWS", "credentials", name] => {
            native(Kind::Credential, false, &["aws", plane, name])
        }
        ["azure", plane, "providers", "System.Azure", "credentials"] => {
            native(Kind::Credential, true, &["azure", plane])
        }
        ["azure", plane, "providers", "System.Azure", "credentials", name] => {
            native(Kind::Credential, false, &["azure", plane, name])
        }
        ["azure", plane, ..] => Route::Azure { plane: (*plane).to_owned() },
        ["aws", plane, "accounts", _, "regions", _, "providers", _, rest @ ..] => below_account(plane, rest),
        _ => Route::Unknown,
    }
}

fn below_account(plane: &str, segments: &[&str]) -> Route {
    let plane = plane.to_owned();
    match segments {
        [_, ":put" | ":get" | ":delete"] => Route::Aws(Aws { plane, is_action: true }),
        ["locations", _, part, _] if operation_part(part).is_some() => Route::Aws(Aws { plane, is_action: false }),
        [_] | [_, _] => Route::Aws(Aws { plane, is_action: false }),
        _ => Route::Unknown,
    }
}

fn below_radius(plane: &str, segments: &[&str]) -> Route {
    match segments {
        ["providers", rest @ ..] => below_providers(plane, rest),
        [groups, rest @ ..] if groups.eq_ignore_ascii_case("resourcegroups") => match rest {
            [] => native(Kind::Group, true, &[plane]),
            [group] => native(Kind::Group, false, &[plane, group]),
            [group, "resources"] => Route::TrackedResources { plane: plane.to_owned(), group: (*group).to_owned() },
            [_, "providers"] | [_, "providers", _] => Route::ProvidersOfGroup,
            [group, "providers", rest @ ..] => generic(&format!("/planes/radius/{plane}/resourcegroups/{group}"), rest),
            _ => Route::Unknown,
        },
        _ => Route::Unknown,
    }
}

fn below_providers(plane: &str, segments: &[&str]) -> Route {
    match segments {
        [] => Route::Summaries { plane: plane.to_owned() },
        ["System.Resources", rest @ ..] => registrations(plane, rest),
        [namespace] => Route::Summary { plane: plane.to_owned(), namespace: (*namespace).to_owned() },
        // Providers of resources know their own routes in any casing; those of registrations are known in one.
        [namespace, locations, location, part, id] if locations.eq_ignore_ascii_case("locations") => {
            match OPERATION_PARTS.into_iter().find(|known| known.eq_ignore_ascii_case(part)) {
                Some(part) => operation(plane, namespace, location, part, id),
                None => generic(&format!("/planes/radius/{plane}"), segments),
            }
        }
        rest => generic(&format!("/planes/radius/{plane}"), rest),
    }
}

fn registrations(plane: &str, segments: &[&str]) -> Route {
    use Kind::{Location, Provider, Type, Version};
    match segments {
        ["resourceproviders"] => native(Provider, true, &[plane]),
        ["resourceproviders", namespace] => native(Provider, false, &[plane, namespace]),
        ["resourceproviders", namespace, "resourcetypes"] => native(Type, true, &[plane, namespace]),
        ["resourceproviders", namespace, "resourcetypes", name] => native(Type, false, &[plane, namespace, name]),
        ["resourceproviders", namespace, "resourcetypes", name, "apiversions"] => {
            native(Version, true, &[plane, namespace, name])
        }
        ["resourceproviders", namespace, "resourcetypes", name, "apiversions", version] => {
            native(Version, false, &[plane, namespace, name, version])
        }
        ["resourceproviders", namespace, "resourcetypes", name, "icons", hash] => {
            let names = [plane, namespace, name].map(str::to_owned).to_vec();
            Route::Icon { names, hash: (*hash).to_owned() }
        }
        ["resourceproviders", namespace, "locations"] => native(Location, true, &[plane, namespace]),
        ["resourceproviders", namespace, "locations", name] => native(Location, false, &[plane, namespace, name]),
        ["locations", location, part, id] if operation_part(part).is_some() => {
            operation(plane, "System.Resources", location, part, id)
        }
        _ => Route::Unknown,
    }
}

const OPERATION_PARTS: [&str; 2] = ["operationStatuses", "operationResults"];

fn operation_part(segment: &str) -> Option<OperationPart> {
    let [status, result] = OPERATION_PARTS;
    match segment {
        _ if segment == status => Some(OperationPart::Status),
        _ if segment == result => Some(OperationPart::Result),
        _ => None,
    }
}

fn operation(plane: &str, namespace: &str, location: &str, part: &str, id: &str) -> Route {
    let wants = operation_part(part).unwrap_or(OperationPart::Status);
    let [plane, namespace, location, id] = [plane, namespace, location, id].map(str::to_owned);
    Route::Operation(OperationRoute { plane, namespace, location, id, wants })
}

fn generic(scope: &str, segments: &[&str]) -> Route {
    match segments {
        [namespace, rest @ ..] if !rest.is_empty() => Route::Generic(Generic {
            id: format!("{scope}/providers/{namespace}/{}", rest.join("/")),
            depth: rest.len(),
        }),
        _ => Route::Unknown,
    }
}

/// Reads an id that a route made.
pub fn resource_id(text: &str) -> Option<ResourceId> {
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(path: &str) -> Route {
        parse(&path.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect::<Vec<_>>())
    }

    fn record(path: &str) -> Native {
        match route(path) {
            Route::Native(native) => native,
            other => panic!("{path} is {other:?}"),
        }
    }

    #[test]
    fn registrations_print_back_as_their_path() {
        for path in [
            "/planes/radius/local",
            "/planes/aws",
            "/planes/radius/local/resourcegroups",
            "/planes/radius/local/resourcegroups/g",
            "/planes/aws/aws/providers/System.AWS/credentials",
            "/planes/azure/azurecloud/providers/System.Azure/credentials/default",
            "/planes/radius/local/providers/System.Resources/resourceproviders",
            "/planes/radius/local/providers/System.Resources/resourceproviders/A.B",
            "/planes/radius/local/providers/System.Resources/resourceproviders/A.B/resourcetypes",
            "/planes/radius/local/providers/System.Resources/resourceproviders/A.B/resourcetypes/t",
            "/planes/radius/local/providers/System.Resources/resourceproviders/A.B/resourcetypes/t/apiversions",
            "/planes/radius/local/providers/System.Resources/resourceproviders/A.B/resourcetypes/t/apiversions/v",
            "/planes/radius/local/providers/System.Resources/resourceproviders/A.B/locations",
            "/planes/radius/local/providers/System.Resources/resourceproviders/A.B/locations/global",
        ] {
            assert_eq!(record(path).id(), path);
        }
    }

    #[test]
    fn planes_and_groups_match_in_any_casing_and_nothing_else_does() {
        assert_eq!(record("/Planes/radius/local/resourceGroups/g").id(), "/planes/radius/local/resourcegroups/g");
        assert_eq!(route("/planes/RADIUS/local"), Route::UnknownPlaneKind("RADIUS".into()));
        assert_eq!(route("/planes/radius/local/Providers/A.B"), Route::Unknown);
        let providers = "/planes/radius/local/providers/System.Resources/resourceProviders/A.B";
        assert_eq!(route(providers), Route::Unknown);
        assert!(matches!(
            route("/planes/radius/l/providers/system.resources/resourceproviders/A.B"),
            Route::Generic(_)
        ));
    }

    #[test]
    fn a_group_has_no_providers_of_its_own() {
        assert_eq!(route("/planes/radius/l/resourcegroups/g/providers"), Route::ProvidersOfGroup);
        assert_eq!(route("/planes/radius/l/resourceGroups/g/providers/A.B"), Route::ProvidersOfGroup);
    }

    #[test]
    fn operations_are_told_from_resources() {
        let path = "/planes/radius/l/providers/A.B/locations/global/operationStatuses/1";
        assert!(matches!(route(path), Route::Operation(OperationRoute { wants: OperationPart::Status, .. })));
        let path = "/planes/radius/l/providers/System.Resources/locations/global/operationResults/1";
        assert!(matches!(route(path), Route::Operation(OperationRoute { wants: OperationPart::Result, .. })));
        let path = "/planes/radius/l/providers/A.B/LOCATIONS/global/operationresults/1";
        assert!(matches!(route(path), Route::Operation(OperationRoute { wants: OperationPart::Result, .. })));
        assert!(matches!(route("/planes/radius/l/providers/A.B/locations/global/things/1"), Route::Generic(_)));
        let path = "/planes/radius/l/providers/System.Resources/locations/global/OPERATIONSTATUSES/1";
        assert_eq!(route(path), Route::Unknown);
    }

    #[test]
    fn clouds_have_credentials_and_paths_of_their_own() {
        let other = "/planes/azure/c/subscriptions/s/resourceGroups/g";
        assert_eq!(route(other), Route::Azure { plane: "c".into() });
        let account = "/planes/aws/aws/accounts/1/regions/r/providers/AWS.S3";
        assert_eq!(route(account), Route::Unknown);
        let aws = |is_action| Route::Aws(Aws { plane: "aws".into(), is_action });
        assert_eq!(route(&format!("{account}/Bucket/one")), aws(false));
        assert_eq!(route(&format!("{account}/Bucket/:put")), aws(true));
        assert_eq!(route(&format!("{account}/locations/global/nothing/x")), Route::Unknown);
        assert_eq!(route("/planes/aws/aws/providers/System.Azure/credentials/default"), Route::Unknown);
    }

    #[test]
    fn the_description_knows_every_registration_path() {
        let body = serde_json::json!({});
        for path in [
            "/planes/radius/1",
            "/planes/radius/1/resourcegroups/1",
            "/planes/aws/1/providers/System.AWS/credentials/1",
        ] {
            let native = record(path);
            let (template, parameters) = native.operation();
            assert!(!crate::swagger::violations(&template, "PUT", &parameters, Some(&body)).is_empty(), "{path}");
        }
    }
}
