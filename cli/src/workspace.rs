//! The workspace that a command works in: which server, which scope, which environment.

use camino::Utf8PathBuf;
use radii_model::ResourceId;
use serde_json::Value as Json;

use crate::args::Globals;
use crate::client::{Client, Credentials};
use crate::config::{self, Config, Item};
use crate::error::Error;
use crate::flavour::Flavour;

/// Where `rad serve` listens unless told otherwise.
pub const LOCAL_URL: &str = "http://127.0.0.1:8080";

/// What the global flags and the configuration file say together.
#[derive(Clone, Debug)]
pub struct Workspace {
    /// The workspace's name; `None` when the file has none to offer.
    pub name: Option<String>,
    /// The configuration file.
    pub path: Utf8PathBuf,
    scope: Option<String>,
    environment: Option<String>,
    endpoint: Endpoint,
}

/// Which server a workspace talks to.
#[derive(Clone, Debug)]
enum Endpoint {
    Url(String),
    /// There is none; says why when somebody needs it.
    None(String),
}

impl Workspace {
    /// Finds the workspace: `--workspace`, else the file's default, else the server of this machine.
    pub fn find(globals: &Globals) -> Result<Self, Error> {
        let path = Config::path(globals.config.as_deref())?;
        let config = Config::load(path.clone())?;
        let item =
            match globals.workspace.clone().filter(|name| !name.is_empty()).or_else(|| config.default_workspace()) {
                Some(name) => Some(config.load_item(&name)?),
                None => None,
            };
        let endpoint = match (&globals.url, &item) {
            (Some(url), _) => Endpoint::Url(url.clone()),
            (None, Some(item)) => endpoint(item),
            (None, None) => Endpoint::Url(LOCAL_URL.to_owned()),
        };
        Ok(Self {
            name: item.as_ref().map(|item| item.name.clone()),
            path,
            scope: item.as_ref().and_then(Item::scope).map(str::to_owned),
            environment: item.as_ref().and_then(Item::environment).map(str::to_owned),
            endpoint,
        })
    }

    /// Returns a client for the workspace's server.
    pub fn client(&self, globals: &Globals) -> Result<Client, Error> {
        match &self.endpoint {
            Endpoint::Url(url) => {
                Ok(Client::new(url, globals.verbose)?.with_credentials(Credentials::from_environment()?))
            }
            Endpoint::None(why) => {
                Err(Error::failed(why.clone())
                    .hint("set `connection.overrides.ucp` in the workspace, or give `--url URL`"))
            }
        }
    }

    /// Returns the scope: the group's that was given, else the workspace's.
    pub fn scope(&self, group: Option<&str>) -> Result<String, Error> {
        match group {
            Some(group) => Ok(group_scope(group)),
            None => self.scope.clone().map(|scope| scope.trim_end_matches('/').to_owned()).ok_or_else(|| {
                Error::failed("no resource group is set")
                    .hint("name one with `--group GROUP`, or set one with `rad group switch GROUP`")
            }),
        }
    }

    /// Returns the name of the workspace's resource group, if its scope has one.
    pub fn group(&self) -> Option<String> {
        let id: ResourceId = self.scope.as_deref()?.parse().ok()?;
        id.resource_group().map(str::to_owned)
    }

    /// Returns the environment that was given, as name or id, or else the workspace's.
    pub fn find_environment(&self, given: Option<&str>) -> Option<String> {
        given.map(str::to_owned).or_else(|| self.environment.clone())
    }

    /// Like [`Workspace::find_environment`], for commands that cannot do without.
    pub fn environment(&self, given: Option<&str>) -> Result<String, Error> {
        self.find_environment(given).ok_or_else(|| {
            Error::failed("no environment is named and the workspace has none")
                .hint("name one with `--environment NAME`, or set one with `rad env switch NAME`")
        })
    }

    /// The name for messages.
    pub fn display_name(&self) -> &str {
        self.name.as_deref().unwrap_or("(none)")
    }

    /// Changes the workspace in the configuration file.
    pub fn update(&self, change: impl FnOnce(&mut Item)) -> Result<(), Error> {
        let name = self.name.as_deref().ok_or(config::Error::NoWorkspace)?;
        Config::update(&self.path, |config| {
            let mut item = config.load_item(name)?;
            change(&mut item);
            config.put_item(item);
            Ok(())
        })?;
        Ok(())
    }
}

/// Returns the scope of a resource group.
pub fn group_scope(group: &str) -> String {
    format!("/planes/radius/local/resourceGroups/{group}")
}

/// Returns an id as it is, and a name as the id of that environment in the scope.
pub fn environment_id(scope: &str, name_or_id: &str, flavour: Flavour) -> String {
    if name_or_id.starts_with('/') {
        name_or_id.to_owned()
    } else {
        format!("{scope}/providers/{}/environments/{name_or_id}", flavour.namespace())
    }
}

/// Returns the last segment of an id, or the name itself.
pub fn last_segment(name_or_id: &str) -> &str {
    name_or_id.rsplit('/').next().unwrap_or(name_or_id)
}

fn endpoint(item: &Item) -> Endpoint {
    let name = &item.name;
    let none = |why: String| Endpoint::None(format!("the workspace `{name}` cannot be connected to: {why}"));
    let Some(connection) = item.connection() else { return none("it has no `connection`".to_owned()) };
    let Json::Object(members) = connection else { return none("`connection` must be a mapping".to_owned()) };
    match members.get("kind") {
        Some(Json::String(kind)) if kind == "kubernetes" => {}
        Some(Json::String(kind)) => return none(format!("connections of kind `{kind}` are not supported")),
        Some(_) => return none("`connection.kind` must be a string".to_owned()),
        None => return none("`connection.kind` is missing".to_owned()),
    }
    if let Some(key) = members.keys().find(|key| !matches!(key.as_str(), "kind" | "context" | "overrides")) {
        return none(format!("`connection` has the unknown key `{key}`"));
    }
    match connection.pointer("/overrides/ucp").and_then(Json::as_str).filter(|url| !url.is_empty()) {
        Some(url) => Endpoint::Url(url.to_owned()),
        None => none("it names a Kubernetes context, which this version cannot reach".to_owned()),
    }
}
