use std::path::Path;
use std::process::Command;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use radii_runtime::conformance::{self, operation, record};
use radii_runtime::store::{Batch, Error, Expect, Queue, State, Store, Write};
use radii_runtime::{Clock, SystemClock, Timestamp};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Row};
use uuid::Uuid;

use super::{PostgresStore, PostgresUrl};
use crate::store::keys::{KeySource, Keyring};
use crate::store::{Engine, OpenError};

const DB: &str = "/planes/radius/local/resourceGroups/g/providers/Contoso.Data/stores/db";

/// Returns the address of the tests' server; `None`, with the reason printed, where there can be none.
fn server() -> Option<&'static str> {
    static SERVER: OnceLock<Option<String>> = OnceLock::new();
    let started = SERVER.get_or_init(|| {
        if let Ok(given) = std::env::var("RADII_TEST_POSTGRES") {
            return Some(given);
        }
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/postgres/start");
        let folder = std::env::temp_dir().join(format!("radii-postgres-{}", std::process::id()));
        let started = Command::new(script).arg(&folder).arg(std::process::id().to_string()).output();
        let output = started.expect("the script of the repository runs");
        if !output.status.success() {
            eprintln!("SKIPPED: no PostgreSQL here: {}", String::from_utf8_lossy(&output.stderr).trim());
            return None;
        }
        String::from_utf8(output.stdout).ok()?.lines().last().map(str::to_owned)
    });
    started.as_deref()
}

/// An empty schema of its own in the tests' database.
pub(in crate::store) async fn scratch() -> Option<PostgresUrl> {
    let server = server()?;
    let schema = format!("test_{}", Uuid::now_v7().simple());
    let mut connection = server.parse::<PostgresUrl>().unwrap().options().connect().await.unwrap();
    let create = AssertSqlSafe(format!("CREATE SCHEMA {schema}"));
    sqlx::query(create).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let separator = if server.contains('?') { '&' } else { '?' };
    Some(format!("{server}{separator}options[search_path]={schema}").parse().unwrap())
}

/// A database of its own, whose connections can be cut without harm to other tests.
async fn scratch_database() -> Option<PostgresUrl> {
    let server = server()?;
    let name = format!("test_{}", Uuid::now_v7().simple());
    let mut connection = server.parse::<PostgresUrl>().unwrap().options().connect().await.unwrap();
    sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&mut connection).await.unwrap();
    let separator = if server.contains('?') { '&' } else { '?' };
    Some(format!("{server}{separator}dbname={name}").parse().unwrap())
}

fn keys() -> KeySource {
    static KEYS: OnceLock<String> = OnceLock::new();
    KeySource::Text(KEYS.get_or_init(|| Keyring::random().to_text().to_string()).clone().into())
}

async fn open(url: &PostgresUrl) -> PostgresStore {
    PostgresStore::open(url, &keys()).await.unwrap()
}

fn put(id: &str, expect: Expect) -> Write {
    Write::Put { record: Box::new(record(id)), expect }
}

#[tokio::test]
async fn it_behaves_as_every_store_does() {
    if server().is_none() {
        return;
    }
    conformance::store(async || open(&scratch().await.unwrap()).await).await;
}

#[tokio::test]
async fn servers_that_start_at_once_migrate_once() {
    let Some(url) = scratch().await else { return };
    let all = futures_util::future::join_all((0..4).map(|_| open(&url))).await;
    all[0].commit(vec![put(DB, Expect::Absent)]).await.unwrap();
    for store in &all {
        assert!(store.find(&DB.parse().unwrap()).await.unwrap().is_some());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_never_write_the_same_thing_twice_nor_interleave() {
    let Some(url) = scratch().await else { return };
    let stores = [Arc::new(open(&url).await), Arc::new(open(&url).await)];
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..200 {
        let store = Arc::clone(&stores[number % 2]);
        let id = format!("{DB}{}", number / 2);
        tasks.spawn(async move { store.commit(vec![put(&id, Expect::Absent)]).await.is_ok() });
    }
    let created = tasks.join_all().await.into_iter().filter(|created| *created).count();
    assert_eq!(created, 100, "of two creations of one id, one succeeds");
    for round in 0..20 {
        let group = format!("/planes/radius/local/resourceGroups/round{round}");
        stores[0].commit(vec![put(&group, Expect::Absent)]).await.unwrap();
        let child = format!("{group}/providers/Contoso.Data/stores/a");
        let id: radii_model::ResourceId = group.parse().unwrap();
        let create: Batch = vec![Write::Require { id: id.clone() }, put(&child, Expect::Absent)];
        let delete =
            vec![Write::RequireEmpty { scope: id.clone() }, Write::Delete { id: id.clone(), expect: Expect::Any }];
        let (created, deleted) = futures_util::future::join(stores[0].commit(create), stores[1].commit(delete)).await;
        assert!(created.is_ok() != deleted.is_ok(), "{created:?}, {deleted:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn workers_of_two_servers_share_the_queue_and_hear_of_work_at_once() {
    let Some(url) = scratch().await else { return };
    let stores = [Arc::new(open(&url).await), Arc::new(open(&url).await)];
    let wait = {
        let other = Arc::clone(&stores[1]);
        tokio::spawn(async move { other.wait(Duration::from_secs(3_600)).await })
    };
    let now = SystemClock.now();
    let work: Vec<_> = (0..50).map(|number| operation(&format!("{DB}{number}"), now)).collect();
    let batch = work.iter().map(|operation| Write::Enqueue(Box::new(operation.clone()))).collect();
    stores[0].commit(batch).await.unwrap();
    tokio::time::timeout(Duration::from_secs(60), wait).await.expect("the other server hears of it").unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..100 {
        let store = Arc::clone(&stores[number % 2]);
        tasks.spawn(async move { store.claim_next(Uuid::now_v7(), now, Duration::from_secs(15)).await.unwrap() });
    }
    let mut claimed: Vec<_> = tasks.join_all().await.into_iter().flatten().map(|operation| operation.id).collect();
    // A claim that only met rows which others were claiming comes back with nothing; the next one finds them.
    while let Some(operation) = stores[0].claim_next(Uuid::now_v7(), now, Duration::from_secs(15)).await.unwrap() {
        claimed.push(operation.id);
    }
    claimed.sort();
    let before = claimed.len();
    claimed.dedup();
    assert_eq!((claimed.len(), before), (50, 50), "each operation is claimed once");
}

#[tokio::test]
async fn what_one_server_registers_the_others_learn() {
    let Some(url) = scratch().await else { return };
    let (one, other) = (open(&url).await, open(&url).await);
    let begun = other.registrations_since(0).await.unwrap();
    let provider = "/planes/radius/local/providers/System.Resources/resourceProviders/Contoso.Data";
    one.commit(vec![put(provider, Expect::Absent), put(&format!("{provider}/resourceTypes/a"), Expect::Absent)])
        .await
        .unwrap();
    let heard = tokio::time::timeout(Duration::from_secs(60), async {
        loop {
            other.wait_for_registrations(Duration::from_secs(3_600)).await;
            let changes = other.registrations_since(begun.revision).await.unwrap();
            if !changes.providers.is_empty() {
                return changes;
            }
        }
    });
    let changes = heard.await.expect("it is announced");
    assert_eq!(changes.providers, [("local".to_owned(), "contoso.data".to_owned())]);
    assert_eq!(other.registrations_since(changes.revision).await.unwrap().providers, []);
}

/// The id of a provider's registration, and that of a type in it.
const PROVIDER: &str = "/planes/radius/local/providers/System.Resources/resourceProviders/Contoso.Data";

fn replace(id: &str) -> Batch {
    vec![put(id, Expect::Any)]
}

#[tokio::test]
async fn what_a_server_registers_itself_it_is_not_told_unless_others_changed_it_too() {
    let Some(url) = scratch().await else { return };
    let (one, other) = (open(&url).await, open(&url).await);
    let told = [("local".to_owned(), "contoso.data".to_owned())];
    one.commit(replace(PROVIDER)).await.unwrap();
    let own = one.registrations_since(0).await.unwrap();
    assert_eq!(own.providers, []);
    assert_eq!(other.registrations_since(0).await.unwrap().providers, told);
    assert_eq!(one.registrations_since(own.revision).await.unwrap(), own, "one goes on behind it");

    other.commit(replace(&format!("{PROVIDER}/resourceTypes/a"))).await.unwrap();
    one.commit(replace(&format!("{PROVIDER}/resourceTypes/b"))).await.unwrap();
    let both = one.registrations_since(own.revision).await.unwrap();
    assert_eq!(both.providers, told, "the own change came last, and hides no other");
    one.commit(replace(&format!("{PROVIDER}/resourceTypes/b"))).await.unwrap();
    assert_eq!(one.registrations_since(own.revision).await.unwrap().providers, told);
    assert_eq!(one.registrations_since(both.revision).await.unwrap().providers, []);
}

#[tokio::test]
async fn what_a_server_of_the_version_before_registers_is_told() {
    let Some(url) = scratch().await else { return };
    let one = open(&url).await;
    one.commit(replace(PROVIDER)).await.unwrap();
    let known = one.registrations_since(0).await.unwrap().revision;
    // As that version wrote it: it knows no names.
    let mut connection = url.options().connect().await.unwrap();
    let older = "UPDATE registration_change SET revision = revision + 1";
    sqlx::query(older).execute(&mut connection).await.unwrap();
    sqlx::query("UPDATE counter SET value = value + 1").execute(&mut connection).await.unwrap();
    assert_eq!(one.registrations_since(known).await.unwrap().providers.len(), 1);
    one.commit(replace(PROVIDER)).await.unwrap();
    assert_eq!(one.registrations_since(known).await.unwrap().providers.len(), 1, "nor does an own change hide it");
}

#[tokio::test]
async fn what_was_perhaps_registered_is_read_again_however_late_it_is_committed() {
    let Some(url) = scratch().await else { return };
    let one = open(&url).await;
    one.commit(replace(PROVIDER)).await.unwrap();
    let known = one.registrations_since(0).await.unwrap().revision;
    let provider = ("local".to_owned(), "contoso.data".to_owned());
    let before = one.own.name();
    one.own.doubt([provider.clone()].into());
    assert_eq!(one.registrations_since(known).await.unwrap().providers, std::slice::from_ref(&provider));
    assert_eq!(one.registrations_since(known).await.unwrap().providers, [], "it is told once");
    // The commit that nobody heard of, when the database goes on.
    let mut connection = url.options().connect().await.unwrap();
    let late = "UPDATE registration_change SET revision = revision + 1, told = told + 1, server = $1";
    sqlx::query(late).bind(before).execute(&mut connection).await.unwrap();
    assert_eq!(one.registrations_since(known).await.unwrap().providers, [provider]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_who_ask_at_once_each_get_what_they_asked_for() {
    let Some(url) = scratch().await else { return };
    let store = Arc::new(open(&url).await);
    let id = |number: usize| format!("{DB}{number}");
    store.commit((0..20).map(|number| put(&id(number), Expect::Absent)).collect()).await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..400 {
        let (store, id) = (Arc::clone(&store), id(number % 25));
        tasks.spawn(async move {
            let wanted: radii_model::ResourceId = id.parse().unwrap();
            let asked = store.find(&wanted);
            // Some leave before they are answered, and leave those alone who counted on them.
            match number % 7 {
                0 => drop(tokio::time::timeout(Duration::from_micros(200), asked).await),
                _ => {
                    let found = asked.await.unwrap().map(|record| record.id.to_string());
                    assert_eq!(found, (number % 25 < 20).then_some(id));
                }
            }
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_cannot_be_read_spoils_no_other_that_is_asked_for_at_once() {
    let Some(url) = scratch().await else { return };
    let store = Arc::new(open(&url).await);
    let id = |number: usize| format!("{DB}{number}");
    store.commit((0..10).map(|number| put(&id(number), Expect::Absent)).collect()).await.unwrap();
    let mut connection = url.options().connect().await.unwrap();
    let spoil = sqlx::query("UPDATE record SET properties = 'spoilt' WHERE key = lower($1)").bind(id(3));
    assert_eq!(spoil.execute(&mut connection).await.unwrap().rows_affected(), 1);
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..200 {
        let (store, id) = (Arc::clone(&store), id(number % 10));
        tasks.spawn(async move { (number % 10, store.find(&id.parse().unwrap()).await.is_ok()) });
    }
    for (number, is_read) in tasks.join_all().await {
        assert_eq!(is_read, number != 3, "{number}");
    }
}

#[tokio::test]
async fn the_last_page_of_registrations_is_read_without_the_resources_behind_it() {
    let Some(url) = scratch().await else { return };
    let mut connection = filled(&url).await;
    let explain = AssertSqlSafe(format!("EXPLAIN {}", super::read::LIST_TEXTS));
    let explained = sqlx::query_scalar(explain).bind("registration").bind(2_000_i64).bind(2_000_i64);
    let plan: Vec<String> = explained.fetch_all(&mut connection).await.unwrap();
    let plan = plan.join("\n");
    assert!(plan.contains("record_by_kind") && !plan.contains("Filter"), "{plan}");
}

#[tokio::test]
async fn a_page_of_a_kind_below_a_plane_is_read_without_collecting_all_that_are_there() {
    let Some(url) = scratch().await else { return };
    let mut connection = filled(&url).await;
    // One plan for all, as the server has after some pages.
    sqlx::query("SET plan_cache_mode = force_generic_plan").execute(&mut connection).await.unwrap();
    let prepare = format!("PREPARE page(text, bigint, bigint, text) AS {}", super::read::LIST_BELOW_OF_KIND);
    sqlx::raw_sql(AssertSqlSafe(prepare)).execute(&mut connection).await.unwrap();
    let explain = "EXPLAIN EXECUTE page('1', 2000, 21, 'registration')";
    let rows = sqlx::raw_sql(explain).fetch_all(&mut connection).await.unwrap();
    let plan: Vec<&str> = rows.iter().map(|row| row.try_get(0).unwrap()).collect();
    let plan = plan.join("\n");
    assert!(plan.contains("record_by_kind") && !plan.contains("Sort"), "{plan}");
}

/// Returns a connection to a new database with 3,000 registrations, and resources behind them.
async fn filled(url: &PostgresUrl) -> PgConnection {
    open(url).await;
    let mut connection = url.options().connect().await.unwrap();
    let fill =
        "INSERT INTO record (sequence, key, parent, kind, id, type_name, state, revision, created_at, updated_at,
                                    properties, private)
                SELECT n, n::text, '', CASE WHEN n <= 3000 THEN 'registration' ELSE 'resource' END, '', '', '', n, 0, 0,
                       repeat('x', 300), '{}'
                FROM generate_series(1, 30000) AS n";
    sqlx::query(fill).execute(&mut connection).await.unwrap();
    sqlx::query("ANALYZE record").execute(&mut connection).await.unwrap();
    connection
}

/// Ends every connection of the database, as an operator or a failing network does.
async fn cut_connections(url: &PostgresUrl) {
    let mut connection = url.options().connect().await.unwrap();
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
               WHERE datname = current_database() AND pid <> pg_backend_pid()";
    sqlx::query(cut).execute(&mut connection).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_are_cut_lose_nothing_that_was_acknowledged() {
    let Some(url) = scratch_database().await else { return };
    let store = Arc::new(open(&url).await);
    let mut tasks = tokio::task::JoinSet::new();
    for client in 0..8 {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            let mut acknowledged = Vec::new();
            for number in 0..50 {
                let id = format!("{DB}{client}x{number}");
                match store.commit(vec![put(&id, Expect::Absent)]).await {
                    Ok(()) => acknowledged.push(id),
                    Err(Error::Conflict { what }) => panic!("`{what}` was written although nobody was told"),
                    Err(Error::Unavailable { .. }) => {}
                }
            }
            acknowledged
        });
    }
    for _ in 0..10 {
        cut_connections(&url).await;
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    let acknowledged: Vec<String> = tasks.join_all().await.into_iter().flatten().collect();
    assert!(acknowledged.len() > 300, "most changes go through: {}", acknowledged.len());
    for id in acknowledged {
        assert!(store.find(&id.parse().unwrap()).await.unwrap().is_some(), "{id} was acknowledged");
    }
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused_and_left_alone() {
    let Some(url) = scratch().await else { return };
    open(&url).await.close().await;
    let mut connection = url.options().connect().await.unwrap();
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
                 VALUES (9999, 'from the future', true, '\\x00', 0)";
    sqlx::query(newer).execute(&mut connection).await.unwrap();
    let error = PostgresStore::open(&url, &keys()).await.err().unwrap();
    assert!(error.to_string().contains("written by a newer version (it has migration 9999"), "{error}");
    let error = super::pending_migrations(&url).await.err().unwrap();
    assert!(matches!(error, OpenError::Newer { version: 9999, .. }));
}

#[tokio::test]
async fn a_dry_run_names_the_migrations_and_carries_out_none() {
    let Some(url) = scratch().await else { return };
    let missing = super::pending_migrations(&url).await.unwrap();
    assert_eq!(missing.first().map(|(version, _)| *version), Some(1));
    assert!(PostgresStore::open_existing(&url, &keys()).await.is_err());
    assert_eq!(super::pending_migrations(&url).await.unwrap(), missing);
    open(&url).await;
    assert_eq!(super::pending_migrations(&url).await.unwrap(), []);
}

#[tokio::test]
async fn a_server_without_key_or_with_another_one_does_not_start() {
    let Some(url) = scratch().await else { return };
    let error = PostgresStore::open(&url, &KeySource::BesideDatabase).await.err().unwrap();
    assert!(error.to_string().contains("rad admin generate-key"), "{error}");
    let database = crate::serve::Database::Postgres(url.clone());
    crate::store::open(&crate::store::Config { database: database.clone(), keys: keys() }).await.unwrap();
    let other = KeySource::Text(Keyring::random().to_text().to_string().into());
    let error = crate::store::open(&crate::store::Config { database, keys: other }).await.err().unwrap();
    assert!(error.to_string().contains("not among those that were given"), "{error}");
}

#[tokio::test]
async fn what_a_worker_that_lost_its_lease_to_another_server_writes_is_refused() {
    let Some(url) = scratch().await else { return };
    let (one, other) = (open(&url).await, open(&url).await);
    let it = operation(DB, Timestamp(1));
    one.commit(vec![Write::Enqueue(Box::new(it.clone()))]).await.unwrap();
    let lease = Duration::from_secs(15);
    assert_eq!(one.claim_next(Uuid::now_v7(), Timestamp(1), lease).await.unwrap().unwrap().attempt, 1);
    assert_eq!(other.claim_next(Uuid::now_v7(), Timestamp(20_000), lease).await.unwrap().unwrap().attempt, 2);
    let end = |attempt| Write::Advance { id: it.id, attempt: Some(attempt), state: State::Succeeded, error: None };
    assert!(matches!(one.commit(vec![end(1)]).await, Err(Error::Conflict { .. })));
    other.commit(vec![end(2)]).await.unwrap();
}

#[tokio::test]
async fn who_follows_changes_of_several_servers_misses_none() {
    let Some(url) = scratch().await else { return };
    let mut engines: Vec<Arc<dyn Engine>> = Vec::new();
    for _ in 0..3 {
        engines.push(Arc::new(open(&url).await));
    }
    crate::store::tests::changes_are_complete(&engines).await;
    let known = engines[0].known_changes().await.unwrap();
    assert!(engines[0].prune_deletions(Timestamp(i64::MAX), 1_000).await.unwrap() > 0);
    assert!(engines[1].known_changes().await.unwrap().from > known.from);
}
