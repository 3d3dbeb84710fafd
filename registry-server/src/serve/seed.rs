//! What a new database begins with: planes and built-in providers.

use std::borrow::Cow;

use radii_diagnostics::{Diagnostic, SourceMap};
use radii_model::manifest::{self, Manifest};
use radii_runtime::store::{self, Expect, Private, Record, State, Write};
use radii_runtime::{Fault, Timestamp};
use rust_embed::RustEmbed;
use serde_json::{Map, Value as Json, json};
use sha2::{Digest, Sha256};

use super::Error;
use crate::{AppState, registry};

/// Manifests of the providers that every server has.
#[derive(RustEmbed)]
#[folder = "../manifests/builtin"]
struct Builtin;

/// The plane that resources live in, and that built-in providers are registered in.
const LOCAL: &str = "local";
/// Where the local plane's record remembers which built-in providers it was given.
const SEEDED: &str = "builtin";

/// How often seeding is tried again when another server seeds the same database at the same moment.
const RACES: usize = 10;

/// Makes the default planes and registers the built-in providers, as far as they are missing.
pub(super) async fn seed(state: &AppState) -> Result<(), Error> {
    for _ in 0..RACES {
        match try_seed(state).await {
            Err(error) if is_lost_race(&error) => {
                // The other one may have registered what this catalogue does not hold yet.
                state.host.parts.catalog.load(&*state.host.parts.store).await?;
            }
            other => return other,
        }
    }
    try_seed(state).await
}

fn is_lost_race(error: &Error) -> bool {
    match error {
        Error::Store(store::Error::Conflict { .. }) => true,
        Error::Builtin { source, .. } => source.status == 409,
        _ => false,
    }
}

async fn try_seed(state: &AppState) -> Result<(), Error> {
    let radius = json!({ "resourceProviders": {} });
    let local = ensure_plane(state, "/planes/radius/local", "System.Radius/planes", &radius).await?;
    ensure_plane(state, "/planes/aws/aws", "System.AWS/planes", &json!({})).await?;
    let digest = digest();
    if is_seeded(state, &local, &digest) {
        return Ok(());
    }
    let mut namespaces = Vec::new();
    for (file, text) in files() {
        let manifest = read(&file, &text)?;
        registry::register_manifest(state, LOCAL, &manifest)
            .await
            .map_err(|source| Error::Builtin { file: file.clone(), source: Box::new(source) })?;
        namespaces.push(manifest.namespace.value);
    }
    remember(state, local, json!({ "digest": digest, "namespaces": namespaces })).await?;
    tracing::info!(providers = namespaces_count(&namespaces), "Registered the built-in providers");
    Ok(())
}

fn namespaces_count(namespaces: &[String]) -> usize {
    namespaces.iter().collect::<std::collections::BTreeSet<_>>().len()
}

/// Returns the built-in manifests in the order of their names.
fn files() -> impl Iterator<Item = (String, Cow<'static, [u8]>)> {
    let mut names: Vec<Cow<'static, str>> = Builtin::iter().filter(|name| name.ends_with(".yaml")).collect();
    names.sort();
    names.into_iter().filter_map(|name| Builtin::get(&name).map(|file| (name.into_owned(), file.data)))
}

/// Reads a built-in manifest. Its location's address is that of another system's server: ours has none.
fn read(file: &str, text: &[u8]) -> Result<Manifest, Error> {
    let refused = |said: String| Error::Builtin { file: file.to_owned(), source: Box::new(Fault::internal(said)) };
    let text = std::str::from_utf8(text).map_err(|error| refused(error.to_string()))?;
    let mut sources = SourceMap::new();
    let (manifest, diagnostics) = manifest::parse(sources.add(file, text), text);
    match manifest {
        Some(mut manifest) if !diagnostics.iter().any(Diagnostic::is_error) => {
            manifest.locations.values_mut().for_each(|address| *address = None);
            Ok(manifest)
        }
        _ => {
            let said: Vec<&str> = diagnostics.iter().map(|diagnostic| diagnostic.message.as_str()).collect();
            Err(refused(said.join("; ")))
        }
    }
}

/// Identifies the embedded manifests: a new version of this program registers what it changed.
fn digest() -> String {
    let mut hash = Sha256::new();
    for (name, text) in files() {
        hash.update(name.as_bytes());
        hash.update(text.len().to_le_bytes());
        hash.update(text);
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether exactly these manifests were registered before, and none of their providers was deleted since.
fn is_seeded(state: &AppState, local: &Record, digest: &str) -> bool {
    let Some(seeded) = local.private.data.get(SEEDED) else { return false };
    let namespaces = seeded["namespaces"].as_array().map(Vec::as_slice).unwrap_or_default();
    let registered =
        |name: &Json| name.as_str().is_some_and(|name| state.host.parts.catalog.find(LOCAL, name).is_some());
    seeded["digest"] == digest && namespaces.iter().all(registered)
}

async fn remember(state: &AppState, mut local: Record, seeded: Json) -> Result<(), Error> {
    local.private.data.insert(SEEDED.to_owned(), seeded);
    let expect = Expect::Revision(local.revision);
    Ok(state.host.parts.store.commit(vec![Write::Put { record: Box::new(local), expect }]).await?)
}

async fn ensure_plane(state: &AppState, id: &str, kind: &str, properties: &Json) -> Result<Record, store::Error> {
    let parts = &state.host.parts;
    let id = id.parse().expect("the default planes have well-formed ids");
    if let Some(plane) = parts.store.find(&id).await? {
        return Ok(plane);
    }
    let plane = plane(id, kind, properties, parts.clock.now());
    let write = Write::Put { record: Box::new(plane.clone()), expect: Expect::Absent };
    parts.store.commit(vec![write]).await?;
    Ok(parts.store.find(&plane.id).await?.unwrap_or(plane))
}

fn plane(id: radii_model::ResourceId, kind: &str, properties: &Json, now: Timestamp) -> Record {
    Record {
        id,
        type_name: kind.to_owned(),
        api_version: None,
        location: Some("global".to_owned()),
        tags: Some(Map::new()),
        properties: properties.as_object().cloned().unwrap_or_default(),
        private: Private::default(),
        state: State::Succeeded,
        operation: None,
        revision: 0,
        created_at: now,
        updated_at: now,
    }
}
