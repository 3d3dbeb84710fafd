//! What every store must do: one suite for all implementations of [`Store`] and [`Queue`].

mod queue;

use std::time::Duration;

use radii_model::ResourceId;
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use crate::Timestamp;
use crate::store::{
    Batch, Error, Expect, ListQuery, Name, Operation, Private, Queue, Record, State, Store, Texts, Verb, Write,
    parent_key,
};

const GROUP: &str = "/planes/radius/local/resourceGroups/Shop";
const LEASE: Duration = Duration::from_secs(15);
const NOW: Timestamp = Timestamp(1_000_000);

/// Runs the whole suite, each case against a store of its own that `make` returns empty.
///
/// # Panics
/// When the store breaks a promise of the traits.
pub async fn store<S: Store + Queue>(make: impl AsyncFn() -> S) {
    a_record_reads_back_as_it_was_written(&make().await).await;
    ids_compare_without_regard_to_casing(&make().await).await;
    expectations_protect_records(&make().await).await;
    revisions_are_never_used_twice(&make().await).await;
    a_failed_expectation_undoes_its_whole_batch(&make().await).await;
    writes_of_a_batch_see_those_before_them(&make().await).await;
    lists_are_scoped(&make().await).await;
    lists_page_in_order_of_creation(&make().await).await;
    names_are_those_of_lists(&make().await).await;
    texts_are_those_of_records(&make().await).await;
    many_readers_at_once_see_what_is_there(&make().await).await;
    records_are_found_by_what_they_refer_to(&make().await).await;
    a_required_record_must_be_there(&make().await).await;
    what_must_be_empty_holds_nothing(&make().await).await;
    what_must_be_unreferred_is_named_by_nothing(&make().await).await;
    creating_below_and_deleting_never_interleave(&make().await).await;
    concurrent_creates_of_one_id_succeed_once(&make().await).await;
    queue::operations_are_claimed_in_order_by_one_worker(&make().await).await;
    queue::scopes_take_turns(&make().await).await;
    queue::an_operation_whose_worker_died_is_claimed_again(&make().await).await;
    queue::a_worker_that_lost_its_lease_writes_nothing(&make().await).await;
    queue::a_released_operation_waits_for_its_time(&make().await).await;
    queue::a_clock_that_is_set_back_keeps_nothing_waiting(&make().await).await;
    queue::an_ended_operation_stays_ended(&make().await).await;
    queue::an_operation_that_is_recorded_as_ended_is_never_claimed(&make().await).await;
    queue::waiting_ends_when_an_operation_is_enqueued(&make().await).await;
}

/// Returns a record of type `Contoso.Data/stores` under `id`, with one property.
pub fn record(id: &str) -> Record {
    let id: ResourceId = id.parse().expect("the suite's ids are well formed");
    let type_name =
        id.resource_type().map_or_else(|| "System.Resources/resourceGroups".into(), |kind| kind.to_string());
    Record {
        type_name,
        api_version: Some("2025-01-01".parse().expect("a version")),
        location: Some("global".into()),
        tags: None,
        properties: properties(json!({ "size": "S" })),
        private: Private::default(),
        state: State::Succeeded,
        operation: None,
        revision: 0,
        created_at: NOW,
        updated_at: NOW,
        id,
    }
}

/// Returns a PUT operation of `resource` that is due at `run_after`.
pub fn operation(resource: &str, run_after: Timestamp) -> Operation {
    Operation {
        id: Uuid::now_v7(),
        resource: resource.parse().expect("the suite's ids are well formed"),
        verb: Verb::Put,
        api_version: None,
        state: State::Accepted,
        error: None,
        attempt: 0,
        run_after,
        payload: json!({ "note": "ünïcode \u{0} and \"quotes\"" }),
        created_at: NOW,
        ended_at: None,
    }
}

fn properties(value: Json) -> Map<String, Json> {
    value.as_object().expect("an object").clone()
}

fn resource(name: &str) -> String {
    format!("{GROUP}/providers/Contoso.Data/stores/{name}")
}

fn put(record: &Record, expect: Expect) -> Write {
    Write::Put { record: Box::new(record.clone()), expect }
}

fn enqueue(operation: &Operation) -> Write {
    Write::Enqueue(Box::new(operation.clone()))
}

async fn commit(store: &impl Store, batch: Batch) {
    store.commit(batch).await.expect("the batch is committed");
}

async fn conflicts(store: &impl Store, batch: Batch) {
    match store.commit(batch).await {
        Err(Error::Conflict { .. }) => {}
        other => panic!("expected a conflict, got {other:?}"),
    }
}

async fn find(store: &impl Store, id: &str) -> Option<Record> {
    store.find(&id.parse().expect("the suite's ids are well formed")).await.expect("the store answers")
}

async fn names(store: &impl Store, scope: Option<&str>, recursive: bool, kind: Option<&str>) -> Vec<String> {
    let query = ListQuery {
        scope: scope.map(|scope| scope.parse().expect("a scope")),
        recursive,
        kind: kind.map(|kind| kind.parse().expect("a type")),
        after: None,
        limit: None,
    };
    let page = store.list(&query).await.expect("the store answers");
    page.records.iter().map(|record| record.id.name().unwrap_or_default().to_owned()).collect()
}

async fn a_record_reads_back_as_it_was_written(store: &impl Store) {
    let mut written = record(&resource("db"));
    written.tags = Some(properties(json!({ "team": "a\u{0}b" })));
    written.properties =
        properties(json!({ "z": 1, "a": [null, true, 9_007_199_254_740_993_u64, 1.5], "nested": { "k": "\"'\\" } }));
    written.private.data.insert("kept".into(), json!([1]));
    written.state = State::Updating;
    written.operation = Some(Uuid::now_v7());
    commit(store, vec![put(&written, Expect::Absent)]).await;
    let read = find(store, &resource("db")).await.expect("it is stored");
    assert!(read.revision > 0);
    written.revision = read.revision;
    assert_eq!(read, written);
    assert_eq!(read.properties.keys().collect::<Vec<_>>(), ["z", "a", "nested"], "order is kept");

    let bare = Record { api_version: None, location: None, ..record(GROUP) };
    commit(store, vec![put(&bare, Expect::Any)]).await;
    let read = find(store, GROUP).await.expect("it is stored");
    assert_eq!((read.api_version, read.location, read.tags), (None, None, None));
}

async fn ids_compare_without_regard_to_casing(store: &impl Store) {
    commit(store, vec![put(&record(&resource("Db")), Expect::Absent)]).await;
    let read = find(store, &resource("dB").to_ascii_uppercase().replace("/PLANES", "/planes")).await;
    assert_eq!(read.expect("it is found").id.to_string(), resource("Db"));
    conflicts(store, vec![put(&record(&resource("DB")), Expect::Absent)]).await;
}

async fn expectations_protect_records(store: &impl Store) {
    let mut it = record(&resource("db"));
    conflicts(store, vec![put(&it, Expect::Revision(1))]).await;
    commit(store, vec![put(&it, Expect::Absent)]).await;
    let first = find(store, &resource("db")).await.expect("it is stored").revision;
    it.properties.insert("size".into(), json!("M"));
    commit(store, vec![put(&it, Expect::Revision(first))]).await;
    conflicts(store, vec![put(&it, Expect::Revision(first))]).await;
    conflicts(store, vec![Write::Delete { id: it.id.clone(), expect: Expect::Revision(first) }]).await;
    let second = find(store, &resource("db")).await.expect("it is stored");
    assert_eq!(second.properties["size"], "M");
    assert!(second.revision > first);
    commit(store, vec![Write::Delete { id: it.id.clone(), expect: Expect::Revision(second.revision) }]).await;
    assert_eq!(find(store, &resource("db")).await, None);
    commit(store, vec![Write::Delete { id: it.id.clone(), expect: Expect::Any }]).await;
    conflicts(store, vec![Write::Delete { id: it.id, expect: Expect::Revision(second.revision) }]).await;
}

async fn revisions_are_never_used_twice(store: &impl Store) {
    let it = record(&resource("db"));
    commit(store, vec![put(&it, Expect::Any)]).await;
    let first = find(store, &resource("db")).await.expect("it is stored").revision;
    commit(store, vec![Write::Delete { id: it.id.clone(), expect: Expect::Any }]).await;
    commit(store, vec![put(&it, Expect::Absent)]).await;
    assert!(find(store, &resource("db")).await.expect("it is stored").revision > first);
}

async fn a_failed_expectation_undoes_its_whole_batch(store: &impl Store) {
    let (a, b) = (record(&resource("a")), record(&resource("b")));
    let it = operation(&resource("a"), NOW);
    commit(store, vec![put(&b, Expect::Absent)]).await;
    let batch = vec![
        put(&a, Expect::Absent),
        enqueue(&it),
        Write::Delete { id: b.id.clone(), expect: Expect::Any },
        put(&a, Expect::Absent),
    ];
    conflicts(store, batch).await;
    assert_eq!(find(store, &resource("a")).await, None);
    assert!(find(store, &resource("b")).await.is_some());
    assert_eq!(store.find_operation(it.id).await.expect("the store answers"), None);
    commit(store, vec![enqueue(&it)]).await;
    conflicts(store, vec![put(&a, Expect::Any), enqueue(&it)]).await;
    assert_eq!(find(store, &resource("a")).await, None, "an operation is recorded once");
}

async fn writes_of_a_batch_see_those_before_them(store: &impl Store) {
    let it = record(&resource("db"));
    let other = Record { location: Some("west".into()), ..it.clone() };
    let delete = |expect| Write::Delete { id: it.id.clone(), expect };
    commit(store, vec![put(&it, Expect::Absent), delete(Expect::Any), put(&other, Expect::Absent)]).await;
    assert_eq!(find(store, &resource("db")).await.expect("it is stored").location.as_deref(), Some("west"));
    commit(store, vec![put(&it, Expect::Any), delete(Expect::Any)]).await;
    assert_eq!(find(store, &resource("db")).await, None);
}

async fn lists_are_scoped(store: &impl Store) {
    let providers = "/planes/radius/local/providers/System.Resources/resourceProviders";
    let ids = [
        "/planes/radius/local".to_owned(),
        GROUP.to_owned(),
        format!("{GROUP}2"),
        resource("one"),
        format!("{GROUP}/providers/Contoso.Data/storesMore/two"),
        format!("{GROUP}2/providers/Contoso.Data/stores/three"),
        format!("{providers}/A.B"),
        format!("{providers}/A.B/resourceTypes/types"),
        format!("{providers}/A.B/resourceTypes/types/apiVersions/2025-01-01"),
        format!("{providers}/A.BC/resourceTypes/typesMore"),
        "/planes/radius/other/resourceGroups/g".to_owned(),
    ];
    for id in &ids {
        let mut record = record(id);
        if id.split('/').count() == 4 {
            record.type_name = "System.Radius/planes".into();
        }
        commit(store, vec![put(&record, Expect::Absent)]).await;
    }
    let plane = Some("/planes/radius/local");
    let stores = Some("contoso.data/STORES");
    let groups = Some("System.Resources/resourceGroups");
    assert_eq!(names(store, None, false, None).await.len(), ids.len());
    assert_eq!(names(store, Some("/planes"), false, Some("System.Radius/planes")).await, ["local"]);
    assert_eq!(names(store, plane, false, None).await, ["Shop", "Shop2", "A.B"]);
    assert_eq!(names(store, plane, false, groups).await, ["Shop", "Shop2"]);
    assert_eq!(names(store, plane, true, stores).await, ["one", "three"]);
    assert_eq!(names(store, plane, false, stores).await, [] as [&str; 0]);
    assert_eq!(names(store, Some(GROUP), false, stores).await, ["one"]);
    assert_eq!(names(store, Some(GROUP), true, None).await, ["one", "two"]);
    let provider = format!("{providers}/a.b");
    assert_eq!(names(store, Some(&provider), false, None).await, ["types"]);
    assert_eq!(names(store, Some(&provider), true, None).await, ["types", "2025-01-01"]);
    for (id, parent) in [(&ids[0], "/planes"), (&ids[1], "/planes/radius/local"), (&ids[3], GROUP)] {
        let id: ResourceId = id.parse().expect("an id");
        assert_eq!(parent_key(&id), parent.to_ascii_lowercase());
    }
}

async fn names_are_those_of_lists(store: &(impl Store + Queue)) {
    let group: ResourceId = GROUP.parse().expect("an id");
    assert_eq!(store.list_names(&group).await.expect("the store answers"), []);
    let mut batch = vec![put(&record(GROUP), Expect::Any)];
    for name in ["b", "a", "ü", "a/things/inner"] {
        batch.push(put(&record(&resource(name)), Expect::Any));
    }
    batch.push(put(&record(&resource("x").replace("Shop", "Shop2")), Expect::Any));
    commit(store, batch).await;
    let query = ListQuery { scope: Some(group.clone()), recursive: true, kind: None, after: None, limit: None };
    let listed = store.list(&query).await.expect("the store answers").records;
    let expected: Vec<_> =
        listed.into_iter().map(|record| Name { id: record.id.to_string(), type_name: record.type_name }).collect();
    assert_eq!(expected.len(), 4);
    assert_eq!(store.list_names(&group).await.expect("the store answers"), expected);
}

async fn texts_are_those_of_records(store: &(impl Store + Queue)) {
    let kind = "Contoso.Data/STORES".parse().expect("a type");
    assert_eq!(store.list_texts(&kind, None, 2).await.expect("the store answers"), Texts::default());
    let mut batch = vec![put(&record(GROUP), Expect::Any)];
    for name in ["b", "a", "c", "d"] {
        let properties = properties(json!({ "name": name, "text": "line\none, \u{1e}\u{1f}" }));
        batch.push(put(&Record { properties, ..record(&resource(name)) }, Expect::Any));
    }
    commit(store, batch).await;
    let (mut names, mut after) = (Vec::new(), None);
    // The last page is full, too.
    for _ in 0..3 {
        let page = store.list_texts(&kind, after, 2).await.expect("the store answers");
        assert!(page.iter().count() <= 2);
        for text in page.iter() {
            let properties: Json = serde_json::from_str(text.properties).expect("properties are JSON");
            let name = properties["name"].as_str().expect("each has its own").to_owned();
            assert_eq!(text.id, resource(&name));
            assert_eq!(properties["text"], "line\none, \u{1e}\u{1f}");
            names.push(name);
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(names, ["b", "a", "c", "d"]);
    assert_eq!(after, None);
}

async fn many_readers_at_once_see_what_is_there(store: &(impl Store + Queue)) {
    let names: Vec<String> = (0..50).map(|number| resource(&format!("r{number}"))).collect();
    commit(store, names.iter().map(|name| put(&record(name), Expect::Any)).collect()).await;
    // Each is asked for twice, and beside each stands one that is absent.
    let asked = names.iter().chain(&names).map(|name| async move {
        let absent = format!("{name}-absent").parse().expect("an id");
        let id = name.parse().expect("an id");
        let (found, missing) = futures_util::join!(store.find_shared(&id), store.find_shared(&absent));
        let found = found.expect("the store answers").expect("it is there");
        assert_eq!(found.id.to_string(), *name);
        assert!(missing.expect("the store answers").is_none());
    });
    futures_util::future::join_all(asked).await;
}

async fn lists_page_in_order_of_creation(store: &impl Store) {
    for name in ["c", "a", "d", "b", "e"] {
        commit(store, vec![put(&record(&resource(name)), Expect::Absent)]).await;
    }
    commit(store, vec![put(&record(&resource("c")), Expect::Any)]).await;
    let mut query = ListQuery { scope: GROUP.parse().ok(), recursive: false, kind: None, after: None, limit: Some(2) };
    let mut pages = Vec::new();
    loop {
        let page = store.list(&query).await.expect("the store answers");
        pages.push(page.records.iter().filter_map(|record| record.id.name().map(str::to_owned)).collect::<String>());
        if pages.len() == 1 {
            let removed = record(&resource("a")).id;
            commit(store, vec![Write::Delete { id: removed, expect: Expect::Any }]).await;
        }
        let Some(next) = page.next else { break };
        query.after = Some(next);
    }
    assert_eq!(pages, ["ca", "db", "e"], "an update moves nothing, and a deletion skips nothing");
    let full = ListQuery { after: None, limit: Some(4), ..query };
    assert_eq!(store.list(&full).await.expect("the store answers").next, None, "a full last page is the last");
}

/// Returns a record that names `application` and `environment`.
fn member(name: &str, application: &str, environment: &str) -> Record {
    let properties = properties(json!({ "application": application, "environment": environment }));
    Record { properties, ..record(&resource(name)) }
}

async fn records_are_found_by_what_they_refer_to(store: &impl Store) {
    let (app, other) = (resource("App"), resource("app2"));
    let batch = ["a", "b", "c"].map(|name| put(&member(name, &app.to_uppercase(), &other), Expect::Absent));
    commit(store, batch.to_vec()).await;
    commit(store, vec![put(&member("d", "app", ""), Expect::Absent), put(&member("b", "", ""), Expect::Any)]).await;
    let find = async |to: &str, after, limit| {
        let to = to.parse().expect("the suite's ids are well formed");
        let page = store.list_referring(&to, after, limit).await.expect("the store answers");
        let names: Vec<_> = page.records.iter().filter_map(|record| record.id.name().map(str::to_owned)).collect();
        (names, page.next)
    };
    assert_eq!(find(&app, None, None).await, (vec!["a".to_owned(), "c".to_owned()], None));
    let (first, next) = find(&other, None, Some(1)).await;
    assert_eq!(first, ["a"]);
    assert_eq!(find(&other, next, Some(1)).await, (vec!["c".to_owned()], None));
    assert_eq!(find(&resource("d"), None, None).await.0, [] as [&str; 0]);
}

fn require(id: &str) -> Write {
    Write::Require { id: id.parse().expect("the suite's ids are well formed") }
}

fn require_empty(id: &str) -> Write {
    Write::RequireEmpty { scope: id.parse().expect("the suite's ids are well formed") }
}

fn require_unreferred(id: &str) -> Write {
    Write::RequireUnreferred { id: id.parse().expect("the suite's ids are well formed") }
}

async fn a_required_record_must_be_there(store: &impl Store) {
    let (group, child) = (record(GROUP), record(&resource("a")));
    conflicts(store, vec![require(GROUP), put(&child, Expect::Absent)]).await;
    assert_eq!(find(store, &resource("a")).await, None);
    commit(store, vec![put(&group, Expect::Absent), require(&GROUP.to_lowercase()), put(&child, Expect::Absent)]).await;
    let removal = Write::Delete { id: group.id.clone(), expect: Expect::Any };
    conflicts(store, vec![removal, require(GROUP)]).await;
    assert!(find(store, GROUP).await.is_some());
}

async fn what_must_be_empty_holds_nothing(store: &impl Store) {
    let (group, child) = (record(GROUP), record(&resource("a")));
    let remove = |record: &Record| Write::Delete { id: record.id.clone(), expect: Expect::Any };
    commit(store, vec![put(&group, Expect::Absent), put(&record(&format!("{GROUP}2")), Expect::Absent)]).await;
    commit(store, vec![require_empty(GROUP)]).await;
    conflicts(store, vec![put(&child, Expect::Absent), require_empty(GROUP)]).await;
    commit(store, vec![put(&child, Expect::Absent)]).await;
    conflicts(store, vec![require_empty(GROUP), remove(&group)]).await;
    conflicts(store, vec![require_empty("/planes/radius/local"), remove(&group)]).await;
    let deeper = format!("{}/inner/b", resource("a"));
    commit(store, vec![put(&record(&deeper), Expect::Absent)]).await;
    conflicts(store, vec![require_empty(&resource("a"))]).await;
    let all = vec![remove(&record(&deeper)), remove(&child), require_empty(GROUP), remove(&group)];
    commit(store, all).await;
    assert_eq!(find(store, GROUP).await, None);
}

async fn what_must_be_unreferred_is_named_by_nothing(store: &impl Store) {
    let app = resource("app");
    commit(store, vec![put(&record(&app), Expect::Absent), require_unreferred(&app)]).await;
    let own = member("a", &app.to_uppercase(), "");
    conflicts(store, vec![put(&own, Expect::Absent), require_unreferred(&app)]).await;
    commit(store, vec![put(&own, Expect::Absent)]).await;
    conflicts(store, vec![require_unreferred(&app)]).await;
    commit(store, vec![put(&member("a", "", ""), Expect::Any), require_unreferred(&app)]).await;
    commit(store, vec![put(&member("a", "", &app), Expect::Any)]).await;
    conflicts(store, vec![require_unreferred(&app)]).await;
    let removal = Write::Delete { id: own.id, expect: Expect::Any };
    commit(store, vec![removal, require_unreferred(&app)]).await;
}

async fn creating_below_and_deleting_never_interleave(store: &impl Store) {
    for round in 0..20 {
        let group = record(&format!("{GROUP}{round}"));
        let child = record(&format!("{GROUP}{round}/providers/Contoso.Data/stores/a"));
        commit(store, vec![put(&group, Expect::Absent)]).await;
        let create = vec![require(&group.id.to_string()), put(&child, Expect::Absent)];
        let delete =
            vec![require_empty(&group.id.to_string()), Write::Delete { id: group.id.clone(), expect: Expect::Any }];
        let (created, deleted) = futures_util::future::join(store.commit(create), store.commit(delete)).await;
        assert!(created.is_ok() != deleted.is_ok(), "one of the two must fail: {created:?}, {deleted:?}");
        let (group, child) = (group.id.to_string(), child.id.to_string());
        assert_eq!(find(store, &group).await.is_some(), find(store, &child).await.is_some());
    }
}

async fn concurrent_creates_of_one_id_succeed_once(store: &impl Store) {
    let it = record(&resource("db"));
    let attempts = (0..20).map(|_| store.commit(vec![put(&it, Expect::Absent)]));
    let results = futures_util::future::join_all(attempts).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
}
