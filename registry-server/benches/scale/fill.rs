//! What a full store holds, written as a server would have written it.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use radii_registry_server::serve::{self, Options};
use radii_registry_server::store::{self, Config};
use radii_runtime::Timestamp;
use radii_runtime::store::{Expect, Private, Record, State, Write};
use serde_json::{Map, Value as Json, json};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _};

use crate::Failure;

/// A version of every type.
pub const VERSION: &str = "2025-01-01";
/// The other versions.
const OLDER: [&str; 2] = ["2023-01-01", "2024-01-01"];
/// The key of databases on a server; nothing secret is in them.
pub const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const PLANE: &str = "/planes/radius/local";
/// So many types share a provider.
const TYPES: usize = 20;
/// So many resources share a group.
const GROUP: usize = 10_000;
const BATCH: usize = 1_000;

/// How much is in a store.
#[derive(Clone, Copy)]
pub struct Size {
    pub resources: usize,
    pub types: usize,
}

fn type_of(number: usize, size: Size) -> (String, String) {
    let kind = number / GROUP % size.types;
    (format!("Scale.P{}", kind / TYPES), format!("kind{kind}"))
}

/// The id of the collection that a resource is in.
pub fn collection(number: usize, size: Size) -> String {
    let (namespace, kind) = type_of(number, size);
    format!("{PLANE}/resourcegroups/g{}/providers/{namespace}/{kind}", number / GROUP)
}

/// The id of a resource.
pub fn resource(number: usize, size: Size) -> String {
    format!("{}/r{number}", collection(number, size))
}

/// A token that continues the first group's list about its middle.
pub fn token_in_the_middle(size: Size) -> String {
    // Registrations come first, five records for each type; then each group before its resources.
    let registered = size.types * 4 + size.types.div_ceil(TYPES) * 2;
    URL_SAFE_NO_PAD.encode(format!("after:{}", registered + GROUP.min(size.resources) / 2))
}

/// The body of a resource.
pub fn body() -> Json {
    json!({ "location": "global", "properties": {
        "size": "M", "code": "orders-db", "replicas": 3, "public": false,
        "database": { "name": "orders", "port": 5432 }, "labels": { "team": "shop", "tier": "data" },
        "zones": ["a", "b"],
    } })
}

fn schema() -> Json {
    let text = json!({ "type": "string" });
    json!({ "type": "object", "properties": {
        "environment": text, "application": text,
        "size": { "type": "string", "enum": ["S", "M", "L"], "default": "S" },
        "code": { "type": "string", "pattern": "^[a-z-]+$" },
        "replicas": { "type": "integer", "minimum": 0 }, "public": { "type": "boolean" },
        "database": { "type": "object", "properties": { "name": text, "port": { "type": "integer" } } },
        "labels": { "type": "object", "additionalProperties": text },
        "zones": { "type": "array", "items": text },
    } })
}

fn provider(namespace: &str) -> String {
    format!("{PLANE}/providers/System.Resources/resourceProviders/{namespace}")
}

/// The requests that register a type in a provider of its own.
pub fn registration(number: usize) -> Vec<(String, Json)> {
    let provider = format!("{PLANE}/providers/System.Resources/resourceproviders/Scale.New{number}");
    let kind = format!("{provider}/resourcetypes/things");
    let table = json!({ "things": { "apiVersions": { VERSION: {} } } });
    let with = |properties: Json| json!({ "location": "global", "properties": properties });
    vec![
        (provider.clone(), with(json!({}))),
        (kind.clone(), with(json!({ "capabilities": ["ManualResourceProvisioning"] }))),
        (format!("{kind}/apiversions/{VERSION}"), with(json!({ "schema": schema() }))),
        (format!("{provider}/locations/global"), with(json!({ "resourceTypes": table }))),
    ]
}

/// The collection of a type that [`registration`] made.
pub fn registered(number: usize) -> String {
    format!("{PLANE}/resourcegroups/g0/providers/Scale.New{number}/things")
}

/// Makes a database on the server that an address names, unless it is there, and returns its address.
pub async fn database_on(server: &str, name: &str) -> Result<String, Failure> {
    let mut connection = PgConnection::connect(server).await?;
    let known = sqlx::query("SELECT 1 FROM pg_database WHERE datname = $1").bind(name);
    if known.fetch_optional(&mut connection).await?.is_none() {
        // A name of this program's own.
        sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&mut connection).await?;
    }
    let (address, options) =
        server.split_once('?').map_or((server, String::new()), |(address, options)| (address, format!("?{options}")));
    let host = address.find("://").map_or(0, |at| at + 3);
    let end = address[host..].find('/').map_or(address.len(), |at| host + at);
    Ok(format!("{}/{name}{options}", &address[..end]))
}

/// Fills a store; one that was filled before stays as it is.
pub async fn fill(options: &Options, size: Size) -> Result<(), Failure> {
    // A server makes the planes first, on a runtime of its own: what it leaves running would keep the database.
    let of_planes = options.clone();
    let planes = std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().map_err(|error| error.to_string())?;
        let made = runtime.block_on(Box::pin(serve::in_process(&of_planes, Vec::new(), Vec::new())));
        made.map(drop).map_err(|error| error.to_string())
    });
    planes.join().map_err(|_| "making the planes panicked")??;
    let config = Config { database: options.database.clone(), keys: options.keys.clone() };
    let engine = loop {
        match store::open(&config).await {
            Ok(engine) => break engine,
            // The writer's thread may still be about to close it.
            Err(store::OpenError::InUse { .. }) => tokio::time::sleep(Duration::from_millis(5)).await,
            Err(error) => return Err(error.into()),
        }
    };
    let mut batch = Vec::with_capacity(BATCH);
    let mut all = registrations(size).chain(resources(size));
    if engine.find(&resource(0, size).parse()?).await?.is_none() {
        loop {
            batch.extend(all.by_ref().take(BATCH).map(put));
            if batch.is_empty() {
                break;
            }
            engine.commit(std::mem::take(&mut batch)).await?;
        }
    }
    engine.close().await;
    Ok(())
}

fn registrations(size: Size) -> impl Iterator<Item = Record> {
    let base = "System.Resources/resourceProviders";
    let providers = (0..size.types.div_ceil(TYPES)).flat_map(move |number| {
        let id = provider(&format!("Scale.P{number}"));
        let types = number * TYPES..((number + 1) * TYPES).min(size.types);
        let versions: Map<String, Json> =
            OLDER.iter().chain([&VERSION]).map(|version| ((*version).to_owned(), json!({}))).collect();
        let table: Map<String, Json> =
            types.map(|kind| (format!("kind{kind}"), json!({ "apiVersions": versions }))).collect();
        let location =
            record(&format!("{id}/locations/global"), &format!("{base}/locations"), json!({ "resourceTypes": table }));
        [record(&id, base, json!({})), location]
    });
    let types = (0..size.types).flat_map(move |kind| {
        let id = format!("{}/resourceTypes/kind{kind}", provider(&format!("Scale.P{}", kind / TYPES)));
        let versions = OLDER.into_iter().chain([VERSION]).map({
            let id = id.clone();
            move |version| {
                let kind = format!("{base}/resourceTypes/apiVersions");
                record(&format!("{id}/apiVersions/{version}"), &kind, json!({ "schema": schema() }))
            }
        });
        let own = json!({ "capabilities": ["ManualResourceProvisioning"] });
        std::iter::once(record(&id, &format!("{base}/resourceTypes"), own)).chain(versions).collect::<Vec<_>>()
    });
    providers.chain(types)
}

fn resources(size: Size) -> impl Iterator<Item = Record> {
    let properties = body()["properties"].clone();
    (0..size.resources).flat_map(move |number| {
        let group = number.is_multiple_of(GROUP).then(|| {
            let id = format!("{PLANE}/resourcegroups/g{}", number / GROUP);
            record(&id, "System.Resources/resourceGroups", json!({}))
        });
        let (namespace, kind) = type_of(number, size);
        let own = record(&resource(number, size), &format!("{namespace}/{kind}"), properties.clone());
        group.into_iter().chain([own])
    })
}

fn record(id: &str, kind: &str, properties: Json) -> Record {
    let now = Timestamp(1_700_000_000_000);
    Record {
        id: id.parse().expect("the ids of this file are well formed"),
        type_name: kind.to_owned(),
        api_version: VERSION.parse().ok(),
        location: Some("global".to_owned()),
        tags: None,
        properties: properties.as_object().cloned().unwrap_or_default(),
        private: Private::default(),
        state: State::Succeeded,
        operation: None,
        revision: 0,
        created_at: now,
        updated_at: now,
    }
}

fn put(record: Record) -> Write {
    Write::Put { record: Box::new(record), expect: Expect::Any }
}
