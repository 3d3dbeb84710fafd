use std::sync::Arc;
use std::time::Duration;

use radii_runtime::Timestamp;
use radii_runtime::conformance::{self, operation, record};
use radii_runtime::store::{Expect, Queue, State, Store, Write};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::{SqliteStore, group};
use crate::store::keys::{KeySource, Keyring};
use crate::store::plan::Head;
use crate::store::prepared::RecordRow;
use crate::store::vault::Vault;
use crate::store::{Engine, OpenError};

const DB: &str = "/planes/radius/local/resourceGroups/g/providers/Contoso.Data/stores/db";

async fn open(path: &std::path::Path) -> Result<SqliteStore, OpenError> {
    SqliteStore::open(path, &KeySource::BesideDatabase).await
}

fn put(id: &str, expect: Expect) -> Write {
    Write::Put { record: Box::new(record(id)), expect }
}

#[tokio::test]
async fn a_database_in_memory_behaves_as_every_store_does() {
    conformance::store(async || SqliteStore::in_memory().await.unwrap()).await;
}

#[tokio::test]
async fn a_database_file_behaves_as_every_store_does() {
    let folder = tempfile::tempdir().unwrap();
    conformance::store(async || {
        let path = folder.path().join(Uuid::now_v7().to_string());
        open(&path).await.unwrap()
    })
    .await;
}

#[tokio::test]
async fn what_was_committed_is_there_after_a_restart_and_leases_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("radii.db");
    let it = operation(DB, Timestamp(1));
    let store = open(&path).await.unwrap();
    store.commit(vec![put(DB, Expect::Absent), Write::Enqueue(Box::new(it.clone()))]).await.unwrap();
    let lease = Duration::from_secs(3_600);
    store.claim_next(Uuid::now_v7(), Timestamp(1), lease).await.unwrap().unwrap();
    // Dropped without `close`, as a killed process would leave it.
    drop(store);

    let store = reopen(&path).await;
    let before = store.find(&DB.parse().unwrap()).await.unwrap().unwrap();
    let again = store.claim_next(Uuid::now_v7(), Timestamp(1), lease).await.unwrap().unwrap();
    assert_eq!((again.id, again.attempt), (it.id, 2));
    store.commit(vec![put(DB, Expect::Revision(before.revision))]).await.unwrap();
    assert!(store.find(&DB.parse().unwrap()).await.unwrap().unwrap().revision > before.revision);
}

#[tokio::test]
async fn many_writers_at_once_all_succeed_and_share_transactions() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(open(&folder.path().join("radii.db")).await.unwrap());
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..500 {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            let it = operation(&format!("{DB}{number}"), Timestamp(1));
            let ended = Write::Advance { id: it.id, attempt: None, state: State::Succeeded, error: None };
            let id = format!("{DB}{number}");
            store.commit(vec![put(&id, Expect::Absent), Write::Enqueue(Box::new(it)), ended]).await
        });
    }
    while let Some(result) = tasks.join_next().await {
        result.unwrap().unwrap();
    }
    assert_eq!(store.recent_operations(1_000).await.unwrap().len(), 500);
}

#[tokio::test]
async fn a_second_server_on_the_same_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("radii.db");
    let first = open(&path).await.unwrap();
    let error = open(&path).await.err().unwrap();
    assert!(matches!(error, OpenError::InUse { .. }), "{error}");
    first.close().await;
    drop(first);
    reopen(&path).await;
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused() {
    use sqlx::ConnectOptions;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("radii.db");
    open(&path).await.unwrap().close().await;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path);
    let mut connection = options.connect().await.unwrap();
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
                 VALUES (9999, 'from the future', 1, x'00', 0)";
    sqlx::query(newer).execute(&mut connection).await.unwrap();
    drop(connection);
    let error = loop {
        match open(&path).await.err() {
            Some(OpenError::InUse { .. }) => tokio::task::yield_now().await,
            other => break other.unwrap(),
        }
    };
    assert!(error.to_string().contains("written by a newer version"), "{error}");
}

/// Writes a database as the first version did: without references, scopes, settings and keys.
async fn first_version(path: &std::path::Path, waiting: &radii_runtime::store::Operation) {
    use sqlx::ConnectOptions;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path).create_if_missing(true);
    let mut connection = options.connect().await.unwrap();
    super::open::MIGRATIONS.run_direct(Some(1), &mut connection, false).await.unwrap();
    let record =
        "INSERT INTO record (sequence, key, parent, kind, id, type_name, state, revision, created_at, updated_at,
                                      properties, private)
                  VALUES (1, lower(?1), '/planes/radius/local/resourcegroups/g', 'contoso.data/stores', ?1,
                          'Contoso.Data/stores', 'Succeeded', 1, 1, 1, ?2, '{\"data\":{\"password\":\"hunter2\"}}')";
    let properties = format!("{{\"application\":\"{DB}APP\"}}");
    sqlx::query(record).bind(DB).bind(properties).execute(&mut connection).await.unwrap();
    let operation =
        "INSERT INTO operation (sequence, id, resource, verb, state, attempt, run_after, payload, created_at)
                     VALUES (2, ?1, ?2, 'put', 'Accepted', 0, 1, '{\"password\":\"hunter2\"}', 1)";
    sqlx::query(operation).bind(waiting.id.to_string()).bind(DB).execute(&mut connection).await.unwrap();
    sqlx::query("UPDATE counter SET value = 2").execute(&mut connection).await.unwrap();
}

#[tokio::test]
async fn a_database_of_the_first_version_is_brought_up_to_date_and_sealed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("radii.db");
    let waiting = operation(DB, Timestamp(1));
    first_version(&path, &waiting).await;
    let database = crate::serve::Database::File(path.clone());
    let pending = crate::store::pending_migrations(&database).await.unwrap();
    assert_eq!(pending.iter().map(|(version, _)| *version).collect::<Vec<_>>(), [2, 3], "nothing is carried out yet");
    let config = crate::store::Config { database, keys: KeySource::BesideDatabase };
    let store = crate::store::open(&config).await.unwrap();
    let read = store.find(&DB.parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(read.private.data["password"], "hunter2");
    let referring = store.list_referring(&format!("{DB}app").parse().unwrap(), None, None).await.unwrap();
    assert_eq!(referring.records.len(), 1);
    let claimed = store.claim_next(Uuid::now_v7(), Timestamp(1), Duration::from_secs(15)).await.unwrap().unwrap();
    assert_eq!((claimed.id, &claimed.payload["password"]), (waiting.id, &serde_json::json!("hunter2")));
    let mut snapshot = store.snapshot().await.unwrap();
    for table in [crate::store::Table::Records, crate::store::Table::Operations] {
        let rows = snapshot.rows(table, 0, 10).await.unwrap().concat();
        assert!(rows.contains("sealed:1:") && !rows.contains("hunter2"), "{rows}");
    }
}

#[tokio::test]
async fn what_is_no_database_or_has_no_folder_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("notes.txt");
    std::fs::write(&text, "dear diary, today I was mistaken for a database".repeat(100)).unwrap();
    let error = open(&text).await.err().unwrap();
    assert!(error.to_string().contains("notes.txt"), "{error}");
    assert_eq!(std::fs::read_to_string(&text).unwrap().len(), 4_700, "it is left alone");
    let error = open(&folder.path().join("absent/radii.db")).await.err().unwrap();
    assert!(matches!(error, OpenError::Folder { .. }), "{error}");
}

#[tokio::test]
async fn a_closed_store_refuses_writes() {
    let store = SqliteStore::in_memory().await.unwrap();
    store.close().await;
    let error = store.commit(vec![put(DB, Expect::Any)]).await.unwrap_err();
    assert!(error.to_string().contains("unavailable"), "{error}");
}

/// Opens a file whose last store was dropped; its writer may need a moment to let go.
async fn reopen(path: &std::path::Path) -> SqliteStore {
    loop {
        match open(path).await {
            Err(OpenError::InUse { .. }) => tokio::task::yield_now().await,
            opened => return opened.unwrap(),
        }
    }
}

#[tokio::test]
async fn a_row_of_the_wrong_width_is_refused_and_leaves_nothing() {
    let store = SqliteStore::in_memory().await.unwrap();
    let connection = store.readers.shared();
    let mut connection = connection.lock().await;
    let vault = Vault::new(Keyring::random());
    let whole = |number: u64| {
        let record = record(&format!("/planes/radius/local/resourceGroups/g{number}"));
        let head = Head { sequence: number, revision: number };
        Json::from_iter(RecordRow::of(&vault, &record).unwrap().values(head).map(Json::from))
    };
    let mut short = whole(2);
    short.as_array_mut().unwrap().pop();
    let mut long = whole(2);
    long.as_array_mut().unwrap().push(Json::Null);
    for odd in [short, long, json!({ "sequence": 2 }), Json::Null] {
        // Beside whole rows too, whose columns its values would otherwise fill.
        for rows in [vec![odd.clone()], vec![whole(1), odd.clone(), whole(3), whole(4)]] {
            let refused = group::restore(&mut connection, &group::INSERT_RECORDS, rows).await.unwrap_err();
            assert!(refused.to_string().contains("18 values"), "{refused}");
        }
    }
    let count: i64 = sqlx::query_scalar("SELECT count(*) FROM record").fetch_one(&mut *connection).await.unwrap();
    assert_eq!(count, 0);
    group::restore(&mut connection, &group::INSERT_RECORDS, vec![whole(1)]).await.unwrap();
}
