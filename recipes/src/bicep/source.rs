//! Where templates come from: artifacts of OCI registries, as `rad bicep publish` makes them, or local files.

use std::path::Path;
use std::time::Duration;

use oci_client::client::{ClientConfig, ClientProtocol};
use oci_client::manifest::OciManifest;
use oci_client::secrets::RegistryAuth;
use oci_client::{Client, Reference};
use radii_runtime::Fault;
use radii_runtime::recipe::{Recipe, Settings};
use serde_json::Value as Json;

const DOWNLOAD_FAILED: &str = "RecipeDownloadFailed";
const LANGUAGE_FAILURE: &str = "RecipeLanguageFailure";
/// Largest template that is read.
const LIMIT: u64 = 32 << 20;
/// How long a registry may take to answer.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Returns the compiled template of a recipe.
///
/// # Errors
/// `RecipeDownloadFailed` with what the registry or the file system said.
pub async fn load(recipe: &Recipe, settings: &Settings, folder: Option<&Path>) -> Result<Json, Fault> {
    let bytes = match local(&recipe.path) {
        Some(path) => read(&recipe.path, path, folder)?,
        None => pull(recipe, settings).await?,
    };
    let template: Json = serde_json::from_slice(&bytes)
        .map_err(|error| download_failed(&recipe.path, &format!("it is no compiled template (ARM JSON): {error}")))?;
    if template.get("resources").is_none() && template.get("outputs").is_none() {
        return Err(download_failed(
            &recipe.path,
            "it is no compiled template (ARM JSON): it has neither `resources` nor `outputs`",
        ));
    }
    Ok(template)
}

fn download_failed(path: &str, why: &str) -> Fault {
    let message = format!("failed to fetch repository from the path \"{path}\": {why}");
    let detail = Fault::new(400, LANGUAGE_FAILURE, &message);
    Fault::new(400, DOWNLOAD_FAILED, format!("code {LANGUAGE_FAILURE}: err {message}")).details(vec![detail])
}

/// Returns the path of a recipe that names a file.
fn local(path: &str) -> Option<&str> {
    if let Some(path) = path.strip_prefix("file:") {
        return Some(path.trim_start_matches("//"));
    }
    (path.starts_with('/') || path.starts_with("./") || path.starts_with("../")).then_some(path)
}

fn read(shown: &str, path: &str, folder: Option<&Path>) -> Result<Vec<u8>, Fault> {
    let refuse = |why: &str| download_failed(shown, why);
    let Some(folder) = folder else {
        return Err(refuse("files are only read below the folder that `rad serve --recipes DIR` names"));
    };
    let folder = std::fs::canonicalize(folder).map_err(|error| refuse(&error.to_string()))?;
    let file = std::fs::canonicalize(folder.join(path)).map_err(|error| refuse(&error.to_string()))?;
    if !file.starts_with(&folder) {
        return Err(refuse("it does not lie below the folder that `rad serve --recipes DIR` names"));
    }
    if std::fs::metadata(&file).is_ok_and(|data| data.len() > LIMIT) {
        return Err(refuse("the file is too large"));
    }
    std::fs::read(&file).map_err(|error| refuse(&error.to_string()))
}

async fn pull(recipe: &Recipe, settings: &Settings) -> Result<Vec<u8>, Fault> {
    let refuse = |why: &str| download_failed(&recipe.path, why);
    let (scheme, bare) = match recipe.path.split_once("://") {
        Some((scheme, bare)) => (Some(scheme), bare),
        None => (None, recipe.path.as_str()),
    };
    let plain = match scheme {
        None | Some("oci" | "br") => recipe.plain_http,
        Some("http") if recipe.plain_http => true,
        Some("http") => return Err(refuse("a registry is asked without TLS only with `plainHttp: true`")),
        Some("https") => false,
        Some(other) => return Err(refuse(&format!("`{other}` is no scheme of registries"))),
    };
    let first = bare.split('/').next().unwrap_or_default();
    if !bare.contains('/') || !(first.contains(['.', ':']) || first == "localhost") {
        return Err(refuse(
            "write the registry, the repository and a tag or digest: `registry.example.com/recipes/redis:1.0`",
        ));
    }
    let reference: Reference = bare.parse().map_err(|error| refuse(&format!("{error}")))?;
    let protocol = if plain { ClientProtocol::Http } else { ClientProtocol::Https };
    let client = Client::new(ClientConfig {
        protocol,
        connect_timeout: Some(TIMEOUT),
        read_timeout: Some(TIMEOUT),
        ..ClientConfig::default()
    });
    let login = settings.registries.get(reference.registry());
    let auth = login
        .map_or(RegistryAuth::Anonymous, |login| RegistryAuth::Basic(login.username.clone(), login.password.clone()));
    let (manifest, _) = client.pull_manifest(&reference, &auth).await.map_err(|error| refuse(&explain(&error)))?;
    let OciManifest::Image(manifest) = manifest else {
        return Err(refuse("it is a list of images, not a recipe"));
    };
    let layer = manifest.layers.first().ok_or_else(|| refuse("it has no layer"))?;
    if u64::try_from(layer.size).is_ok_and(|size| size > LIMIT) {
        return Err(refuse("the template is too large"));
    }
    let mut bytes = Vec::new();
    client.pull_blob(&reference, layer, &mut bytes).await.map_err(|error| refuse(&explain(&error)))?;
    Ok(bytes)
}

/// Returns an error with its causes.
fn explain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
