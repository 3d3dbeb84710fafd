//! What environments say about executing recipes: variables, providers, and secrets for private sources.
//!
//! Two spellings mean the same: `recipeConfig` of `Applications.Core/environments`, and
//! `Radius.Core/terraformSettings` with `Radius.Core/bicepSettings`.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use radii_model::ResourceId;
use serde_json::{Map, Value as Json, json};

use crate::access::Right;
use crate::environment::{Environment, load_resource};
use crate::host::Host;
use crate::recipe::{Backend, Recipe};
use crate::{Fault, sensitive};

/// Code of secrets that cannot be read.
const LOAD_SECRETS_FAILED: &str = "LoadSecretsFailed";
/// The type whose resources hold secrets, in lower case; any other is asked to list its own.
const SECRETS: &str = "radius.security/secrets";

/// Where the credentials of clouds are registered.
const CREDENTIALS: [(&str, &str); 2] = [
    ("azure", "/planes/azure/azurecloud/providers/System.Azure/credentials/default"),
    ("aws", "/planes/aws/aws/providers/System.AWS/credentials/default"),
];
/// What of them nobody may see.
const SECRETS_OF_CLOUDS: [&str; 2] = ["clientSecret", "secretAccessKey"];

/// What an environment says about executing recipes, with its secrets: never stored, never shown.
#[derive(Clone, Default)]
pub struct Settings {
    /// Variables for programs.
    pub env: BTreeMap<String, String>,
    /// Variables whose values are secret.
    pub secret_env: BTreeMap<String, String>,
    /// Terraform provider → its blocks.
    pub providers: Vec<(String, Vec<ProviderBlock>)>,
    /// Host of git repositories → login.
    pub git: BTreeMap<String, Login>,
    /// Host of module and provider registries → token.
    pub tokens: BTreeMap<String, String>,
    /// `providerInstallation` of the Terraform settings.
    pub installation: Json,
    /// Host of OCI registries → login.
    pub registries: BTreeMap<String, Login>,
    /// `providers` of the environment: the scopes of clouds.
    pub scopes: Json,
    /// Cloud (`azure`, `aws`) → its credentials, as they were registered, secrets included.
    pub credentials: BTreeMap<String, BTreeMap<String, String>>,
    /// Where Terraform keeps its state; with `None` the server keeps it.
    pub backend: Option<Backend>,
}

/// A name with a password.
#[derive(Clone, Default)]
pub struct Login {
    /// The name; empty where only the password counts.
    pub username: String,
    /// The password or token.
    pub password: String,
}

/// A `provider` block of Terraform.
#[derive(Clone, Default)]
pub struct ProviderBlock {
    /// Arguments as written.
    pub arguments: Map<String, Json>,
    /// Arguments whose values are secret.
    pub secrets: BTreeMap<String, String>,
}

impl Settings {
    /// Returns every secret, so that none of them is ever printed.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        let blocks = self.providers.iter().flat_map(|(_, blocks)| blocks).flat_map(|block| block.secrets.values());
        let clouds = self.credentials.values().flat_map(|credentials| {
            let is_secret = |(name, _): &(&String, &String)| SECRETS_OF_CLOUDS.contains(&name.as_str());
            credentials.iter().filter(is_secret).map(|(_, secret)| secret)
        });
        let logins = self.git.values().chain(self.registries.values()).map(|login| &login.password);
        let named = self.secret_env.values().chain(self.tokens.values());
        let backend = self.backend.iter().flat_map(|backend| backend.secrets.values());
        named.chain(blocks).chain(logins).chain(clouds).chain(backend).map(String::as_str)
    }

    /// Reads the settings that [`written`] returned, as far as they concern a recipe, and asks secret stores for what they
    /// name. A login for a host that the recipe does not name is left out where its store does not give it.
    ///
    /// # Errors
    /// `LoadSecretsFailed` naming the store and the key.
    pub(crate) async fn load(host: &Host, config: &Json, recipe: &Recipe) -> Result<Self, Fault> {
        let mut stores = Stores { host, known: BTreeMap::new() };
        let mut settings = Settings { scopes: config["providers"].clone(), ..Settings::default() };
        stores.read_terraform(&config["terraform"], &mut settings).await?;
        for backend in [&config["terraform"]["backend"], &config["recipeConfig"]["terraform"]["backend"]] {
            stores.read_backend(backend, &mut settings).await?;
        }
        stores.read_providers(&config["recipeConfig"]["terraform"]["providers"], &mut settings).await?;
        let git = &config["recipeConfig"]["terraform"]["authentication"]["git"]["pat"];
        for (host, entry) in members(git) {
            let login = stores.git_login(text(&entry["secret"])).await;
            settings.git.extend(if_needed(login, host, recipe)?.map(|login| (host.clone(), login)));
        }
        for (name, value) in members(&config["recipeConfig"]["env"]) {
            settings.env.insert(name.clone(), text(value).to_owned());
        }
        for (name, entry) in members(&config["recipeConfig"]["envSecrets"]) {
            let value = stores.value(entry).await?;
            settings.secret_env.insert(name.clone(), value);
        }
        stores.read_registries(config, recipe, &mut settings).await?;
        for (cloud, id) in CREDENTIALS {
            if let Some(found) = credentials(host, id).await? {
                settings.credentials.insert(cloud.to_owned(), found);
            }
        }
        Ok(settings)
    }
}

/// Returns what an environment says about executing recipes, as it is kept with what they make.
///
/// # Errors
/// When settings that it refers to are gone.
pub(crate) async fn written(host: &Host, environment: &Environment) -> Result<Json, Fault> {
    let mut config = json!({});
    for (member, property) in [("recipeConfig", "recipeConfig"), ("providers", "providers")] {
        if let Some(value) = environment.property(property) {
            config[member] = value.clone();
        }
    }
    for (member, property) in [("terraform", "terraformSettings"), ("bicep", "bicepSettings")] {
        if let Some(id) = environment.property(property).and_then(Json::as_str) {
            let failed = |fault: Fault| Fault { code: "RecipeConfigurationFailure".into(), ..fault };
            config[member] = Json::Object(load_resource(host, id).await.map_err(failed)?.properties);
        }
    }
    Ok(config)
}

/// Returns registered credentials of a cloud; `None` when there are none.
async fn credentials(host: &Host, id: &str) -> Result<Option<BTreeMap<String, String>>, Fault> {
    let id = id.parse().map_err(|error| Fault::internal(format!("{error}")))?;
    let Some(record) = host.parts.store.find(&id).await? else { return Ok(None) };
    let secrets = SECRETS_OF_CLOUDS.iter().filter_map(|name| {
        let found = record.private.data.get(*name).or_else(|| record.private.data.get("secrets")?.get(*name))?;
        Some(((*name).to_owned(), text(found).to_owned()))
    });
    let shown = record.properties.iter().filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
    Ok(Some(shown.chain(secrets).collect()))
}

/// Secret stores, each asked once.
struct Stores<'a> {
    host: &'a Host,
    known: BTreeMap<String, BTreeMap<String, String>>,
}

impl Stores<'_> {
    async fn read_terraform(&mut self, terraform: &Json, settings: &mut Settings) -> Result<(), Fault> {
        settings.installation = terraform["terraformrc"]["providerInstallation"].clone();
        for (host, entry) in members(&terraform["terraformrc"]["credentials"]) {
            let data = self.read(text(&entry["secret"])).await?;
            settings.tokens.insert(host.clone(), required(&data, "token", text(&entry["secret"]))?);
        }
        for (name, value) in members(&terraform["env"]) {
            settings.env.insert(name.clone(), text(value).to_owned());
        }
        Ok(())
    }

    async fn read_backend(&mut self, given: &Json, settings: &mut Settings) -> Result<(), Fault> {
        let Some(kind) = given["type"].as_str() else { return Ok(()) };
        let arguments = given["config"].as_object().cloned().unwrap_or_default();
        let mut secrets = BTreeMap::new();
        for (name, entry) in members(&given["secrets"]) {
            secrets.insert(name.clone(), self.value(entry).await?);
        }
        settings.backend = Some(Backend { kind: kind.to_owned(), arguments, secrets });
        Ok(())
    }

    async fn read_providers(&mut self, providers: &Json, settings: &mut Settings) -> Result<(), Fault> {
        for (name, blocks) in members(providers) {
            let mut read = Vec::new();
            for block in blocks.as_array().into_iter().flatten().filter_map(Json::as_object) {
                let mut arguments = block.clone();
                let mut secrets = BTreeMap::new();
                let named = arguments.shift_remove("secrets").unwrap_or_default();
                for (name, entry) in members(&named) {
                    secrets.insert(name.clone(), self.value(entry).await?);
                }
                read.push(ProviderBlock { arguments, secrets });
            }
            settings.providers.push((name.clone(), read));
        }
        Ok(())
    }

    async fn read_registries(&mut self, config: &Json, recipe: &Recipe, settings: &mut Settings) -> Result<(), Fault> {
        if recipe.kind == "terraform" {
            return Ok(());
        }
        let classic = members(&config["recipeConfig"]["bicep"]["authentication"]);
        let mut named: Vec<(&String, &str)> = classic.map(|(host, entry)| (host, text(&entry["secret"]))).collect();
        for (host, entry) in members(&config["bicep"]["registryAuthentications"]) {
            let method = text(&entry["authenticationMethod"]);
            if method != "BasicAuth" && !names(recipe, host) {
                continue;
            }
            if method != "BasicAuth" {
                let message = format!(
                    "the authentication method `{method}` of the registry `{host}` is not supported by this server; use `BasicAuth`"
                );
                return Err(Fault::new(400, LOAD_SECRETS_FAILED, message));
            }
            named.push((host, text(&entry["basicAuthSecretId"])));
        }
        for (host, store) in named {
            let login = self.registry_login(store).await;
            settings.registries.extend(if_needed(login, host, recipe)?.map(|login| (host.clone(), login)));
        }
        Ok(())
    }

    async fn git_login(&mut self, store: &str) -> Result<Login, Fault> {
        let data = self.read(store).await?;
        let username = data.get("username").cloned().unwrap_or_default();
        Ok(Login { username, password: required(&data, "pat", store)? })
    }

    async fn registry_login(&mut self, store: &str) -> Result<Login, Fault> {
        let data = self.read(store).await?;
        Ok(Login { username: required(&data, "username", store)?, password: required(&data, "password", store)? })
    }

    /// Returns the value that `{source, key}` names.
    async fn value(&mut self, entry: &Json) -> Result<String, Fault> {
        let data = self.read(text(&entry["source"])).await?;
        required(&data, text(&entry["key"]), text(&entry["source"]))
    }

    async fn read(&mut self, store: &str) -> Result<BTreeMap<String, String>, Fault> {
        if let Some(known) = self.known.get(store) {
            return Ok(known.clone());
        }
        let failed = |why: String| {
            let message = format!("failed to fetch secrets of the secret store `{store}`: {why}");
            Fault::new(400, LOAD_SECRETS_FAILED, message).target(store)
        };
        let id: ResourceId = store.parse().map_err(|error| failed(format!("{error}")))?;
        let data = match id.resource_type().is_some_and(|kind| kind.key() == SECRETS) {
            true => self.kept(&id, store).await,
            false => self.host.act(&id, "listSecrets", &json!({})).await.map(|mut answer| answer["data"].take()),
        };
        let data = data.map_err(|fault| failed(fault.message))?;
        let data = members(&data).filter_map(|(name, entry)| {
            let value = entry.as_str().or_else(|| entry["value"].as_str())?;
            Some((name.clone(), value.to_owned()))
        });
        let data: BTreeMap<String, String> = data.collect();
        self.known.insert(store.to_owned(), data.clone());
        Ok(data)
    }
}

impl Stores<'_> {
    /// Returns the data of a resource of the type for secrets, whose values no answer shows. Whoever may list the secrets
    /// of a store may have them used.
    async fn kept(&self, id: &ResourceId, store: &str) -> Result<Json, Fault> {
        self.host.authorize(Right::Act("listSecrets"), id)?;
        let record = load_resource(self.host, store).await?;
        let mut data = sensitive::whole(&record).shift_remove("data").unwrap_or_default();
        for entry in
            data.as_object_mut().into_iter().flat_map(Map::values_mut).filter(|one| one["encoding"] == "base64")
        {
            let bytes = STANDARD.decode(text(&entry["value"])).unwrap_or_default();
            entry["value"] = String::from_utf8_lossy(&bytes).into();
        }
        Ok(data)
    }
}

/// Whether a recipe is fetched from a host, as far as its address tells.
fn names(recipe: &Recipe, host: &str) -> bool {
    let host = host.strip_prefix("www.").unwrap_or(host);
    recipe.path.to_ascii_lowercase().contains(&host.to_ascii_lowercase())
}

/// Lets a login be absent that the recipe will not use.
fn if_needed(login: Result<Login, Fault>, host: &str, recipe: &Recipe) -> Result<Option<Login>, Fault> {
    match login {
        Err(fault) if !names(recipe, host) => {
            tracing::warn!("There is no login for `{host}`, which the recipe `{}` does not name: {fault}", recipe.name);
            Ok(None)
        }
        login => login.map(Some),
    }
}

fn required(data: &BTreeMap<String, String>, key: &str, store: &str) -> Result<String, Fault> {
    data.get(key).cloned().ok_or_else(|| {
        let message = format!("the secret store `{store}` has no key `{key}`; add it");
        Fault::new(400, LOAD_SECRETS_FAILED, message).target(store)
    })
}

fn members(value: &Json) -> impl Iterator<Item = (&String, &Json)> {
    value.as_object().into_iter().flatten()
}

fn text(value: &Json) -> &str {
    value.as_str().unwrap_or_default()
}
