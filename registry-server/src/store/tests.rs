//! Whole databases: archives, rotation, and what their bytes give away.

use std::sync::Arc;

use radii_runtime::Timestamp;
use radii_runtime::conformance::{operation, record};
use radii_runtime::store::{Expect, Record, State, Write};
use serde_json::json;
use tempfile::TempDir;

use super::archive::{self, Archive, Content, Existing};
use super::keys::{KeySource, Keyring, file_beside};
use super::vault::Vault;
use super::{Config, Engine, open_with_vault, rotation, verify};
use crate::serve::Database;

const GROUP: &str = "/planes/radius/local/resourceGroups/g";
const SECRET: &str = "correct horse battery staple";

fn db(name: &str) -> String {
    format!("{GROUP}/providers/Contoso.Data/stores/{name}")
}

/// A database file and its folder.
struct Place {
    folder: TempDir,
    config: Config,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::File(folder.path().join("radii.db"));
        Self { config: Config { database, keys: KeySource::BesideDatabase }, folder }
    }

    /// Opens it, as soon as a former store has let go of it.
    async fn open(&self) -> (Arc<dyn Engine>, Arc<Vault>) {
        loop {
            match open_with_vault(&self.config).await {
                Err(super::OpenError::InUse { .. }) => tokio::task::yield_now().await,
                opened => return opened.unwrap(),
            }
        }
    }

    fn key_file(&self) -> std::path::PathBuf {
        file_beside(&self.folder.path().join("radii.db"))
    }

    /// Everything that lies in the folder, the key apart.
    fn bytes(&self) -> Vec<u8> {
        let files = std::fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().path());
        files.filter(|path| *path != self.key_file()).flat_map(|path| std::fs::read(path).unwrap()).collect()
    }
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

/// A plane, a group, resources with private data, an operation in progress and one that ended.
async fn fill(engine: &dyn Engine) {
    let put = |record: Record| Write::Put { record: Box::new(record), expect: Expect::Absent };
    let mut secretive = record(&db("secretive"));
    secretive.private.data.insert("password".into(), json!(SECRET));
    secretive.properties = json!({ "application": db("app"), "big": 9_007_199_254_740_993_u64, "nul": "a\u{0}b" })
        .as_object()
        .cloned()
        .unwrap();
    let (mut waiting, ended) = (operation(&db("busy"), Timestamp(5)), operation(&db("app"), Timestamp(5)));
    waiting.payload = json!({ "properties": { "password": SECRET } });
    let mut busy = record(&db("busy"));
    (busy.state, busy.operation) = (State::Accepted, Some(waiting.id));
    let end = Write::Advance { id: ended.id, attempt: None, state: State::Succeeded, error: None };
    let batch = vec![
        put(record("/planes/radius/local")),
        put(record(GROUP)),
        put(record(&db("app"))),
        put(secretive),
        put(busy),
        Write::Enqueue(Box::new(waiting)),
        Write::Enqueue(Box::new(ended)),
        end,
    ];
    engine.commit(batch).await.unwrap();
}

async fn archive_of(engine: &dyn Engine, vault: &Vault, content: Content) -> Vec<u8> {
    let mut written = Vec::new();
    archive::write(engine, vault, content, &mut written).await.unwrap();
    written
}

/// Everything that is stored, in the order of lists, revisions and secrets included.
async fn everything(engine: &dyn Engine) -> Vec<Record> {
    let query = radii_runtime::store::ListQuery { scope: None, recursive: true, kind: None, after: None, limit: None };
    engine.list(&query).await.unwrap().records
}

#[tokio::test]
async fn the_bytes_of_a_database_and_of_its_archives_give_no_secret_away() {
    let place = Place::new();
    let (engine, vault) = place.open().await;
    fill(&*engine).await;
    let backup = archive_of(&*engine, &vault, Content::Backup).await;
    assert!(!contains(&place.bytes(), SECRET), "while it runs, the write-ahead log included");
    engine.close().await;
    assert!(!contains(&place.bytes(), SECRET), "after it stopped");
    assert!(!contains(&backup, SECRET));
    assert!(contains(&backup, "sealed:1:"));
}

#[tokio::test]
async fn a_backup_brings_the_very_same_database_back() {
    let (from, to) = (Place::new(), Place::new());
    let (engine, vault) = from.open().await;
    fill(&*engine).await;
    let backup = archive_of(&*engine, &vault, Content::Backup).await;
    let (target, own) = to.open().await;
    let archive = Archive::read(&*backup).unwrap();
    let error = archive.clone().restore(&*target, &own).await.unwrap_err().to_string();
    assert!(error.contains(vault.current().as_str()), "the key of the old database is needed: {error}");
    let keys = KeySource::File(to.key_file()).load(None, true).unwrap();
    let both = Vault::new(keys.and(KeySource::File(from.key_file()).load(None, true).unwrap()));
    archive.clone().restore(&*target, &both).await.unwrap();
    assert_eq!(everything(&*target).await, everything(&*engine).await);
    assert_eq!(target.recent_operations(10).await.unwrap(), engine.recent_operations(10).await.unwrap());
    let report = verify::verify(&*target, &own).await.unwrap();
    assert_eq!((report.seen.records, report.seen.operations, report.problems), (5, 2, vec![]), "the new key opens all");
    assert!(archive.restore(&*target, &both).await.is_err(), "a database that holds something is left alone");
    let newest = everything(&*target).await.iter().map(|record| record.revision).max().unwrap();
    target.commit(vec![Write::Put { record: Box::new(record(&db("new"))), expect: Expect::Absent }]).await.unwrap();
    let created = target.find(&db("new").parse().unwrap()).await.unwrap().unwrap();
    assert!(created.revision > newest, "no number is given twice");
}

#[tokio::test]
async fn what_was_exported_from_sqlite_reads_the_same_in_postgresql() {
    let Some(url) = super::postgres::scratch_for_tests().await else { return };
    let from = Place::new();
    let (engine, vault) = from.open().await;
    fill(&*engine).await;
    let export = archive_of(&*engine, &vault, Content::Export).await;
    let keys = KeySource::File(from.key_file());
    let config = Config { database: Database::Postgres(url), keys };
    let (target, own) = open_with_vault(&config).await.unwrap();
    let archive = Archive::read(&*export).unwrap();
    let imported = archive.import(&*target, &own, Existing::Keep, Timestamp(9)).await.unwrap();
    assert_eq!((imported.created, imported.interrupted), (5, 1));
    let comparable = |mut record: Record| {
        record.revision = 0;
        record
    };
    for record in everything(&*engine).await {
        let mut expected = comparable(record);
        if !expected.state.is_terminal() {
            (expected.state, expected.operation, expected.updated_at) = (State::Failed, None, Timestamp(9));
        }
        let read = target.find(&expected.id).await.unwrap().unwrap();
        assert_eq!(comparable(read), expected);
    }
    let again = archive.import(&*target, &own, Existing::Keep, Timestamp(9)).await.unwrap();
    assert_eq!((again.created, again.kept), (0, 5));
    let replaced = archive.import(&*target, &own, Existing::Replace, Timestamp(9)).await.unwrap();
    assert_eq!(replaced.replaced, 5);
    assert_eq!(verify::verify(&*target, &own).await.unwrap().problems, [] as [String; 0]);
    // And back, by a backup of the other engine.
    let backup = archive_of(&*target, &own, Content::Backup).await;
    let home = Place::new();
    let (sqlite, new) = home.open().await;
    let keys = KeySource::File(home.key_file()).load(None, true).unwrap();
    let both = Vault::new(keys.and(KeySource::File(from.key_file()).load(None, true).unwrap()));
    Archive::read(&*backup).unwrap().restore(&*sqlite, &both).await.unwrap();
    assert_eq!(everything(&*sqlite).await, everything(&*target).await);
    assert_eq!(verify::verify(&*sqlite, &new).await.unwrap().problems, [] as [String; 0]);
}

#[tokio::test]
async fn an_archive_that_was_cut_off_or_changed_is_noticed() {
    let place = Place::new();
    let (engine, vault) = place.open().await;
    fill(&*engine).await;
    let backup = archive_of(&*engine, &vault, Content::Backup).await;
    let text = String::from_utf8(backup).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let cut = lines[..lines.len() - 1].join("\n");
    assert!(Archive::read(cut.as_bytes()).unwrap_err().to_string().contains("its end is missing"));
    let changed = text.replacen("Succeeded", "Succeedee", 1);
    assert!(Archive::read(changed.as_bytes()).unwrap_err().to_string().contains("checksum"));
    let shorter: Vec<&str> = lines.iter().enumerate().filter(|(at, _)| *at != 2).map(|(_, line)| *line).collect();
    assert!(Archive::read(shorter.join("\n").as_bytes()).unwrap_err().to_string().contains("as many rows"));
    assert!(Archive::read(&b"{}"[..]).is_err());
}

#[tokio::test]
async fn secrets_are_rotated_and_the_old_key_is_needed_no_more() {
    let place = Place::new();
    let (engine, old) = place.open().await;
    fill(&*engine).await;
    let before = everything(&*engine).await;
    engine.close().await;
    drop((engine, old));
    let old = KeySource::File(place.key_file()).load(None, true).unwrap();
    super::keys::replace(&place.key_file(), &Keyring::random().and(old)).unwrap();
    let (engine, vault) = place.open().await;
    assert_eq!(rotation::rotate(&*engine, &vault).await.unwrap(), 2, "private data and a payload");
    assert_eq!(rotation::rotate(&*engine, &vault).await.unwrap(), 0);
    engine.close().await;
    drop((engine, vault));
    let both = KeySource::File(place.key_file()).load(None, true).unwrap();
    super::keys::replace(&place.key_file(), &both.only_current()).unwrap();
    let (engine, vault) = place.open().await;
    assert_eq!(everything(&*engine).await, before);
    assert_eq!(verify::verify(&*engine, &vault).await.unwrap().problems, [] as [String; 0]);
}

#[tokio::test]
async fn verification_names_what_must_not_be() {
    let place = Place::new();
    let (engine, vault) = place.open().await;
    fill(&*engine).await;
    let mut lost = record("/planes/radius/local/resourceGroups/absent/providers/Contoso.Data/stores/orphan");
    (lost.state, lost.operation) = (State::Updating, Some(uuid::Uuid::now_v7()));
    engine.commit(vec![Write::Put { record: Box::new(lost), expect: Expect::Absent }]).await.unwrap();
    let report = verify::verify(&*engine, &vault).await.unwrap();
    let said = report.problems.join("\n");
    assert!(said.contains("resourcegroups/absent`, which is not stored"), "{said}");
    assert!(said.contains("orphan` waits for the operation"), "{said}");
    assert_eq!(report.problems.len(), 2, "{said}");
    let other = Vault::new(Keyring::random());
    let report = verify::verify(&*engine, &other).await.unwrap();
    assert!(report.problems[0].contains("is not among those that were given"), "{:?}", report.problems);
}

/// Follows changes from one database while several engines write, and compares the copy with the original.
pub(super) async fn changes_are_complete(engines: &[Arc<dyn Engine>]) {
    const WRITES: usize = 60;
    let writers = engines.iter().enumerate().map(|(writer, engine)| async move {
        for turn in 0..WRITES {
            let id = db(&format!("r{}", (turn * 7 + writer * 3) % 9));
            let write = match (turn + writer) % 3 {
                0 => Write::Delete { id: id.parse().unwrap(), expect: Expect::Any },
                _ => Write::Put { record: Box::new(record(&id)), expect: Expect::Any },
            };
            engine.commit(vec![write]).await.unwrap();
        }
    });
    let last = db("last");
    let write = async {
        futures_util::future::join_all(writers).await;
        let end = Write::Put { record: Box::new(record(&last)), expect: Expect::Any };
        engines[0].commit(vec![end]).await.unwrap();
    };
    let follow = async {
        let (mut at, mut copy) = (0, std::collections::BTreeMap::new());
        while !copy.contains_key(&last.parse::<radii_model::ResourceId>().unwrap().key()) {
            let changes = engines.last().unwrap().changes_since(at, 4).await.unwrap();
            for change in &changes {
                assert!(change.revision > at, "{} comes behind {at}", change.revision);
                at = change.revision;
                match &change.what {
                    super::What::Put(record) => drop(copy.insert(record.id.key(), record.revision)),
                    super::What::Deleted { id, .. } => drop(copy.remove(&id.key())),
                }
            }
            if changes.is_empty() {
                engines.last().unwrap().wait_for_changes(std::time::Duration::from_millis(20)).await;
            }
        }
        copy
    };
    let ((), copy) = tokio::join!(write, follow);
    let there: std::collections::BTreeMap<String, u64> =
        everything(&*engines[0]).await.into_iter().map(|record| (record.id.key(), record.revision)).collect();
    assert_eq!(copy, there);
}

#[tokio::test]
async fn who_follows_changes_misses_none() {
    let place = Place::new();
    changes_are_complete(&[place.open().await.0]).await;
}

#[tokio::test]
async fn nobody_can_go_on_from_before_what_was_forgotten() {
    let place = Place::new();
    let (engine, _) = place.open().await;
    assert_eq!(engine.known_changes().await.unwrap().from, 0);
    for name in ["a", "b"] {
        let id = db(name);
        engine.commit(vec![Write::Put { record: Box::new(record(&id)), expect: Expect::Any }]).await.unwrap();
        engine.commit(vec![Write::Delete { id: id.parse().unwrap(), expect: Expect::Any }]).await.unwrap();
    }
    let known = engine.known_changes().await.unwrap();
    assert_eq!(engine.prune_deletions(Timestamp(0), 10).await.unwrap(), 0, "they are not that old");
    assert_eq!(engine.prune_deletions(Timestamp(i64::MAX), 1).await.unwrap(), 1);
    let after = engine.known_changes().await.unwrap();
    assert!(after.from > known.from && after.from < known.to && after.to == known.to, "{after:?}");
    assert_eq!(engine.changes_since(after.from, 10).await.unwrap().len(), 1);
    assert_eq!(engine.prune_deletions(Timestamp(i64::MAX), 10).await.unwrap(), 1);
    assert_eq!(engine.known_changes().await.unwrap().from, known.to);
}
