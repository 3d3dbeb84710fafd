//! What every queue must do: operations are claimed, released and ended.

use std::time::Duration;

use serde_json::Value as Json;
use uuid::Uuid;

use super::{GROUP, LEASE, NOW, commit, conflicts, enqueue, find, operation, put, record, resource};
use crate::store::{Expect, Operation, Queue, State, Store, Write};
use crate::{Fault, Timestamp};

pub(super) async fn operations_are_claimed_in_order_by_one_worker<S: Store + Queue>(store: &S) {
    let later = operation(&resource("later"), Timestamp(NOW.0 + 5));
    let (first, second) = (operation(&resource("a"), NOW), operation(&resource("b"), NOW));
    commit(store, vec![enqueue(&later), enqueue(&first), enqueue(&second)]).await;
    let claim = async |now| store.claim_next(Uuid::now_v7(), now, LEASE).await.expect("the store answers");
    let claimed = claim(NOW).await.expect("the first is runnable");
    assert_eq!(claimed, Operation { attempt: 1, ..first.clone() });
    assert_eq!(claim(NOW).await.expect("the second is runnable").id, second.id);
    assert_eq!(claim(NOW).await, None);
    assert_eq!(claim(later.run_after).await.expect("it is due").id, later.id);
    let newest = store.recent_operations(2).await.expect("the store answers");
    assert_eq!(newest.iter().map(|operation| operation.id).collect::<Vec<_>>(), [second.id, first.id]);
}

pub(super) async fn scopes_take_turns<S: Store + Queue>(store: &S) {
    let in_group = |group: &str, number: i64| {
        let id = format!("/planes/radius/local/resourceGroups/{group}/providers/Contoso.Data/stores/{number}");
        operation(&id, Timestamp(NOW.0 + number))
    };
    let busy: Vec<Operation> = (0..50).map(|number| in_group("busy", number)).collect();
    let calm = in_group("calm", 60);
    commit(store, busy.iter().map(enqueue).collect()).await;
    commit(store, vec![enqueue(&calm)]).await;
    let now = Timestamp(NOW.0 + 1_000);
    let mut claimed = Vec::new();
    for _ in 0..3 {
        let next = store.claim_next(Uuid::now_v7(), now, LEASE).await.expect("the store answers");
        claimed.push(next.expect("plenty is runnable").id);
    }
    assert!(claimed.contains(&calm.id), "the calm group waits for one operation of the busy one at most");
    let of_busy: Vec<_> = claimed.into_iter().filter(|id| *id != calm.id).collect();
    assert_eq!(of_busy, [busy[0].id, busy[1].id], "within a group the oldest comes first");
}

pub(super) async fn an_operation_whose_worker_died_is_claimed_again<S: Store + Queue>(store: &S) {
    let it = operation(&resource("a"), NOW);
    commit(store, vec![enqueue(&it)]).await;
    let claim = async |now| store.claim_next(Uuid::now_v7(), now, LEASE).await.expect("the store answers");
    claim(NOW).await.expect("it is runnable");
    assert_eq!(claim(NOW.after(LEASE)).await, None, "its lease still holds");
    let half = Timestamp(NOW.0 + 7_500);
    assert!(store.renew(it.id, 1, half, LEASE).await.expect("the store answers"));
    assert_eq!(claim(Timestamp(NOW.0 + 15_001)).await, None, "its lease was prolonged");
    let again = claim(Timestamp(NOW.0 + 22_501)).await.expect("its lease has run out");
    assert_eq!((again.id, again.attempt), (it.id, 2));
    assert!(!store.renew(it.id, 1, half, LEASE).await.expect("the store answers"));
}

pub(super) async fn a_worker_that_lost_its_lease_writes_nothing<S: Store + Queue>(store: &S) {
    let it = operation(&resource("a"), NOW);
    commit(store, vec![enqueue(&it)]).await;
    store.claim_next(Uuid::now_v7(), NOW, LEASE).await.expect("the store answers").expect("it is runnable");
    let later = Timestamp(NOW.0 + 15_001);
    store.claim_next(Uuid::now_v7(), later, LEASE).await.expect("the store answers").expect("it is runnable");
    let written = put(&record(&resource("a")), Expect::Any);
    let advance = |attempt, state| Write::Advance { id: it.id, attempt: Some(attempt), state, error: None };
    conflicts(store, vec![written.clone(), advance(1, State::Succeeded)]).await;
    assert_eq!(find(store, &resource("a")).await, None);
    store.release(it.id, 1, NOW).await.expect("giving back what is lost does nothing");
    commit(store, vec![written, advance(2, State::Updating)]).await;
    store.release(it.id, 2, NOW).await.expect("the store answers");
    conflicts(store, vec![advance(2, State::Succeeded)]).await;
}

pub(super) async fn a_released_operation_waits_for_its_time<S: Store + Queue>(store: &S) {
    let it = operation(&resource("a"), NOW);
    commit(store, vec![enqueue(&it)]).await;
    let claim = async |now| store.claim_next(Uuid::now_v7(), now, LEASE).await.expect("the store answers");
    claim(NOW).await.expect("it is runnable");
    store.release(it.id, 1, Timestamp(NOW.0 + 100)).await.expect("the store answers");
    assert_eq!(claim(Timestamp(NOW.0 + 99)).await, None);
    assert_eq!(claim(Timestamp(NOW.0 + 100)).await.expect("it is due").attempt, 2);
}

pub(super) async fn a_clock_that_is_set_back_keeps_nothing_waiting<S: Store + Queue>(store: &S) {
    const DAY: i64 = 24 * 60 * 60 * 1_000;
    let tomorrow = Timestamp(NOW.0 + DAY);
    let (waiting, held) = (operation(&resource("a"), tomorrow), operation(&resource("b"), NOW));
    commit(store, vec![enqueue(&held)]).await;
    let claim = async |now| store.claim_next(Uuid::now_v7(), now, LEASE).await.expect("the store answers");
    claim(tomorrow).await.expect("it is runnable");
    commit(store, vec![enqueue(&waiting)]).await;
    // Yesterday again: one was enqueued and the other leased in what is the future now.
    let mut claimed = [claim(NOW).await, claim(NOW).await].map(|found| found.expect("it is runnable").id);
    claimed.sort();
    let mut both = [waiting.id, held.id];
    both.sort();
    assert_eq!(claimed, both);
    assert_eq!(claim(NOW).await, None, "each is leased again");
    assert!(store.renew(held.id, 2, NOW, LEASE).await.expect("the store answers"));
    assert!(!store.renew(held.id, 1, NOW, LEASE).await.expect("the store answers"), "the first attempt has lost it");
}

pub(super) async fn an_ended_operation_stays_ended<S: Store + Queue>(store: &S) {
    let it = operation(&resource("a"), NOW);
    commit(store, vec![enqueue(&it)]).await;
    store.claim_next(Uuid::now_v7(), NOW, LEASE).await.expect("the store answers").expect("it is runnable");
    let fault = Fault::bad_request("size is missing").target("$.size").details(vec![Fault::conflict("too late")]);
    let failed = Write::Advance { id: it.id, attempt: Some(1), state: State::Failed, error: Some(fault.clone()) };
    commit(store, vec![failed]).await;
    let ended = store.find_operation(it.id).await.expect("the store answers").expect("it is kept");
    let error = ended.error.expect("it failed");
    assert_eq!((ended.state, &error.code, &error.message), (State::Failed, &fault.code, &fault.message));
    assert_eq!(error.details.len(), 1);
    assert!(ended.ended_at.is_some());
    assert_eq!(ended.payload, Json::Null, "the payload may hold secrets and is forgotten with the end");
    let far = Timestamp(NOW.0 + 1_000_000);
    assert_eq!(store.claim_next(Uuid::now_v7(), far, LEASE).await.expect("the store answers"), None);
    for attempt in [None, Some(1)] {
        let revived = Write::Advance { id: it.id, attempt, state: State::Accepted, error: None };
        conflicts(store, vec![revived]).await;
    }
    assert!(!store.renew(it.id, 1, far, LEASE).await.expect("the store answers"));
    let unknown = Write::Advance { id: Uuid::now_v7(), attempt: None, state: State::Canceled, error: None };
    conflicts(store, vec![unknown]).await;
}

pub(super) async fn an_operation_that_is_recorded_as_ended_is_never_claimed(store: &(impl Store + Queue)) {
    let it = Operation { state: State::Succeeded, ended_at: Some(NOW), payload: Json::Null, ..operation(GROUP, NOW) };
    commit(store, vec![enqueue(&it)]).await;
    assert_eq!(store.claim_next(Uuid::now_v7(), NOW, LEASE).await.expect("the store answers"), None);
    assert_eq!(store.find_operation(it.id).await.expect("the store answers"), Some(it));
}

pub(super) async fn waiting_ends_when_an_operation_is_enqueued<S: Store + Queue>(store: &S) {
    store.wait(Duration::ZERO).await;
    commit(store, vec![enqueue(&operation(&resource("a"), NOW))]).await;
    let wake = store.wait(Duration::from_secs(3_600));
    tokio::time::timeout(Duration::from_secs(60), wake).await.expect("it was enqueued before the wait began");
}
