//! Questions that several commands ask the server: which types there are, in which versions, and what exists of them.

use futures_util::future::join_all;
use radii_model::{ApiVersion, ResourceId, TypeName, closest};
use serde_json::Value as Json;

use crate::client::{Client, Deleted, Error as ClientError, NATIVE_VERSION};
use crate::error::Error;
use crate::output::{text, warn};

/// The plane that the command line works in.
pub const PLANE: &str = "/planes/radius/local";

/// Types that hold or run others; a walk over "all resources" leaves them out.
const NOT_WALKED: [&str; 5] = [
    "microsoft.resources/deployments",
    "applications.core/environments",
    "applications.core/applications",
    "radius.core/environments",
    "radius.core/applications",
];

/// A registered type, as the server's summaries describe it.
#[derive(Clone, Debug)]
pub struct RegisteredType {
    /// Its name in the casing of the registration.
    pub name: TypeName,
    /// Its entry in the summary.
    pub entry: Json,
}

impl RegisteredType {
    /// The registered API versions, oldest first.
    pub fn api_versions(&self) -> Vec<String> {
        let versions = self.entry.get("apiVersions").and_then(Json::as_object);
        let mut versions: Vec<String> = versions.into_iter().flatten().map(|(version, _)| version.clone()).collect();
        versions.sort();
        versions
    }

    /// The version to use when none is asked for: the declared default, else the newest stable, else the newest preview.
    pub fn default_api_version(&self) -> Option<String> {
        let versions = self.api_versions();
        let declared = text(&self.entry, "/defaultApiVersion");
        if versions.iter().any(|version| version == declared) {
            return Some(declared.to_owned());
        }
        let parsed = versions.iter().filter_map(|version| version.parse::<ApiVersion>().ok());
        parsed.max_by_key(|version| (!version.is_preview(), version.clone())).map(|version| version.to_string())
    }

    /// Like [`RegisteredType::default_api_version`], for commands that cannot do without.
    pub fn api_version(&self) -> Result<String, Error> {
        self.default_api_version().ok_or_else(|| {
            Error::failed(format!("the resource type `{}` has no API version", self.name))
                .hint("register one with `rad resource-type create -f MANIFEST`")
        })
    }
}

/// Reads a type from the command line.
pub fn parse_type(text: &str) -> Result<TypeName, Error> {
    if let Some((name, version)) = text.split_once('@') {
        return Err(Error::usage(format!("`{text}` is not a resource type: `@{version}` is an API version"))
            .hint(format!("write `{name}`")));
    }
    match text.parse::<TypeName>() {
        Ok(name) if !name.name().contains('/') => Ok(name),
        _ => Err(Error::usage(format!("`{text}` is not a resource type")).hint(match type_within(text) {
            Some(name) => format!("write `{name}`"),
            None => "write NAMESPACE/TYPE, such as Applications.Core/containers".to_owned(),
        })),
    }
}

/// The type that an id, or a type with more behind it or a dot for its slash, tells of.
fn type_within(text: &str) -> Option<TypeName> {
    if let Ok(id) = text.parse::<ResourceId>() {
        return match id.types() {
            [provider, kind] if provider.kind.eq_ignore_ascii_case("resourceProviders") => {
                format!("{}/{}", provider.name.as_deref()?, kind.name.as_deref()?).parse().ok()
            }
            _ => id.resource_type(),
        };
    }
    let parts: Vec<&str> = text.split(['/', '.', '\\', ':']).collect();
    match parts.as_slice() {
        [first, second, kind] | [first, second, kind, _] => format!("{first}.{second}/{kind}").parse().ok(),
        _ => None,
    }
}

/// Checks that a name from the command line stays one segment of a path.
pub fn checked<'a>(what: &str, name: &'a str) -> Result<&'a str, Error> {
    let refused = name.is_empty() || name == "." || name == ".." || name.contains(['/', '?', '#', '%', '\\']);
    if refused {
        return Err(Error::usage(format!("`{name}` is not a name of a {what}"))
            .hint("names are made of letters, digits and hyphens"));
    }
    Ok(name)
}

/// Returns the summary of a provider, if it is registered.
pub async fn find_provider(client: &Client, namespace: &str) -> Result<Option<Json>, Error> {
    let namespace = checked("resource provider", namespace)?;
    Ok(client.find(&format!("{PLANE}/providers/{namespace}"), NATIVE_VERSION).await?)
}

/// Returns all registered types, sorted by name.
pub async fn list_types(client: &Client) -> Result<Vec<RegisteredType>, Error> {
    let providers = client.list(&format!("{PLANE}/providers"), NATIVE_VERSION).await?;
    let mut types: Vec<RegisteredType> = providers.iter().flat_map(types_of).collect();
    types.sort_by_key(|registered| registered.name.key());
    Ok(types)
}

/// Returns the types of a provider's summary.
pub fn types_of(provider: &Json) -> Vec<RegisteredType> {
    let types = provider.get("resourceTypes").and_then(Json::as_object);
    let namespace = text(provider, "/name");
    types
        .into_iter()
        .flatten()
        .map(|(name, entry)| RegisteredType { name: TypeName::new(namespace, name.as_str()), entry: entry.clone() })
        .collect()
}

/// Returns a registered type; the casing does not matter.
pub async fn load_type(client: &Client, name: &TypeName) -> Result<RegisteredType, Error> {
    let Some(provider) = find_provider(client, name.namespace()).await? else {
        let providers = client.list(&format!("{PLANE}/providers"), NATIVE_VERSION).await.unwrap_or_default();
        let known = providers.iter().map(|provider| text(provider, "/name"));
        return Err(Error::failed(format!("the resource provider `{}` is not registered", name.namespace()))
            .hint(meant(name.namespace(), known, "`rad resource-provider list` shows those there are")));
    };
    let types = types_of(&provider);
    if let Some(registered) = types.iter().find(|registered| registered.name == *name) {
        return Ok(registered.clone());
    }
    let known = types.iter().map(|registered| registered.name.name());
    let others = "`rad resource-type list` shows those there are, `rad resource-type create` adds one";
    Err(Error::failed(format!("the resource provider `{}` has no type `{}`", name.namespace(), name.name()))
        .hint(meant(name.name(), known, others)))
}

/// A hint that begins with the name that was probably meant.
fn meant<'n>(name: &str, known: impl Iterator<Item = &'n str>, others: &str) -> String {
    match closest(name, known) {
        Some(close) => format!("did you mean `{close}`? {others}"),
        None => others.to_owned(),
    }
}

/// Returns every resource of a scope, type by type; a type that cannot be listed is a warning.
///
/// # Errors
/// The first one, when not a single type could be listed.
pub async fn list_resources(client: &Client, scope: &str) -> Result<Vec<Json>, Error> {
    let walked = |name: &TypeName| !NOT_WALKED.contains(&name.key().as_str());
    let types: Vec<_> = list_types(client).await?.into_iter().filter(|registered| walked(&registered.name)).collect();
    let lists = types.iter().map(|registered| async move {
        let version = registered.default_api_version()?;
        Some(client.list(&format!("{scope}/providers/{}", registered.name), &version).await)
    });
    let (mut resources, mut failed, mut worked) = (Vec::new(), Vec::new(), false);
    for (registered, list) in types.iter().zip(join_all(lists).await) {
        match list {
            Some(Ok(list)) => {
                worked = true;
                resources.extend(list);
            }
            Some(Err(error @ ClientError::Unreachable { .. })) => return Err(error.into()),
            Some(Err(error)) => failed.push((registered, error)),
            None => {}
        }
    }
    if !worked && !failed.is_empty() {
        // Nothing about the types: the resource group is not there, say.
        return Err(failed.swap_remove(0).1.into());
    }
    for (registered, error) in failed {
        warn(&format!("resources of type `{}` cannot be listed: {error}", registered.name));
    }
    Ok(resources)
}

/// Whether a property of a resource names the given id.
pub fn refers_to(resource: &Json, property: &str, id: &str) -> bool {
    let value = text(resource, &format!("/properties/{property}"));
    value.eq_ignore_ascii_case(id)
}

/// Deletes resources side by side and waits for all; the first failure is returned when all are through.
pub async fn delete_all(client: &Client, resources: &[Json], query: &str) -> Result<(), Error> {
    let deletions = resources.iter().map(|resource| async move {
        let id = text(resource, "/id");
        let name: TypeName = text(resource, "/type")
            .parse()
            .map_err(|_| Error::failed(format!("the server lists `{id}` without a usable type")))?;
        let version = load_type(client, &name).await?.api_version()?;
        client.delete(&format!("{id}{query}"), &version).await.map_err(Error::from)
    });
    let outcomes: Vec<Result<Deleted, Error>> = join_all(deletions).await;
    outcomes.into_iter().collect::<Result<Vec<_>, _>>().map(drop)
}
