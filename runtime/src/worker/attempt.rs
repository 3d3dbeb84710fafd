//! One attempt at an operation: from the claim to the batch that ends it.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use serde_json::{Map, Value as Json};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::Options;
use super::journal::RecordJournal;
use crate::Fault;
use crate::fault::code;
use crate::host::{Host, Kind, Step, Work};
use crate::objects::{RECIPE_RUN, RECIPE_STATE};
use crate::platform::ObjectRef;
use crate::recipe::Cancel;
use crate::store::{self, Batch, Expect, Operation, Record, State, Verb, Write};
use crate::trace;

/// Where a record remembers how many attempts at its operation were given back in good order:
/// those do not count against the limit.
const ORDERLY: &str = "orderlyAttempts";

/// How long programs may take to end after they were told to.
const FAREWELL: Duration = Duration::from_secs(30);

/// How an attempt ended.
enum End {
    /// The kind said so.
    Step(Step),
    /// It failed for good.
    Failed(Fault),
    /// It took too long.
    TimedOut(Duration),
    /// The server stops; somebody else goes on.
    Stopped,
    /// Another worker has the operation, or it was ended from outside: nothing may be written.
    Lost,
}

/// Carries a claimed operation out, and ends it unless it is to be continued by somebody.
///
/// Every write names the attempt, so that a worker whose lease ran out writes nothing.
pub(super) async fn carry_out(host: &Host, options: &Options, operation: Operation, stop: &CancellationToken) {
    let span = tracing::info_span!(
        "operation",
        operation.id = %operation.id,
        resource = %operation.resource,
        verb = ?operation.verb,
        attempt = operation.attempt,
        trace_id = tracing::field::Empty,
    );
    trace::begin(&span, trace::of(&operation.payload));
    carry_out_in_span(host, options, operation, stop).instrument(span).await;
}

async fn carry_out_in_span(host: &Host, options: &Options, operation: Operation, stop: &CancellationToken) {
    let acting = host.carrying_out(&operation);
    if let Err(error) = try_carry_out(host, acting, options, &operation, stop).await {
        // The lease runs out and the operation is claimed again: by whoever can reach the store then.
        tracing::error!(
            operation.id = %operation.id,
            error = &error as &dyn std::error::Error,
            "Cannot record the end of the operation on `{}`", operation.resource
        );
    }
}

async fn try_carry_out(
    host: &Host,
    acting: Result<Host, Fault>,
    options: &Options,
    operation: &Operation,
    stop: &CancellationToken,
) -> Result<(), store::Error> {
    let found = host.parts.store.find(&operation.resource).await?;
    let Some(stored) = found.filter(|record| record.operation == Some(operation.id)) else {
        let fault = Fault::internal("the operation failed due to a concurrency conflict");
        return commit(host, vec![advance(operation, State::Failed, Some(fault))]).await;
    };
    if begun_in_vain(operation, &stored) > u64::from(options.attempts) {
        let fault = Fault::internal(format!(
            "exceeded max retry count to process async operation message: {}",
            operation.attempt
        ));
        return end(host, operation, ended(stored, State::Failed), State::Failed, Some(fault)).await;
    }
    let Some(type_name) = stored.id.resource_type() else {
        let fault = Fault::internal(format!("`{}` is not a resource", stored.id));
        return end(host, operation, ended(stored, State::Failed), State::Failed, Some(fault)).await;
    };
    // From here on everything is done as whoever asked for it, with the rights that they have now.
    let host = match acting.and_then(|acting| acting.authorize_still(operation, &stored).map(|()| acting)) {
        Ok(acting) => &acting.clone(),
        Err(fault) => return end(host, operation, ended(stored, State::Failed), State::Failed, Some(fault)).await,
    };
    let kind = host.kind_of(&type_name);
    let begun = begin(host, kind, operation, stored).await?;
    let Some(begun) = begun else { return Ok(()) };
    let journal = RecordJournal::new(&*host.parts.store, operation, begun.clone());
    let mut record = with_payload(begun, &operation.payload);
    let result = supervise(host, options, operation, kind, &journal, &mut record, stop).await;
    finish(host, operation, kind, &journal, record, result, options.attempts.into()).await
}

/// How often the operation was begun, attempts that were given back in good order apart.
fn begun_in_vain(operation: &Operation, stored: &Record) -> u64 {
    let orderly = stored.private.data.get(ORDERLY).and_then(Json::as_u64).unwrap_or(0);
    u64::from(operation.attempt).saturating_sub(orderly)
}

/// How long what failed for a passing reason waits: twice as long each time, a minute at most.
fn backoff(attempts: u64) -> Duration {
    let doublings = u32::try_from(attempts.saturating_sub(1)).unwrap_or(u32::MAX).min(6);
    Duration::from_secs(1 << doublings).min(Duration::from_secs(60))
}

/// Shows that a worker is at it; `None` when the operation was lost already.
async fn begin(
    host: &Host,
    kind: &dyn Kind,
    operation: &Operation,
    mut record: Record,
) -> Result<Option<Record>, store::Error> {
    if kind.is_inert(host, &record) {
        return Ok(Some(record));
    }
    // Clients know this one state of what is in progress, deletions included.
    record.state = State::Updating;
    let batch = vec![
        advance(operation, record.state, None),
        Write::Put { record: Box::new(record.clone()), expect: Expect::Any },
    ];
    match host.parts.store.commit(batch).await {
        Ok(()) => Ok(Some(record)),
        Err(store::Error::Conflict { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Gives the worker the sensitive values that the stored record lacks.
fn with_payload(mut record: Record, payload: &Json) -> Record {
    if let Some(properties) = payload.get("properties").and_then(Json::as_object) {
        record.properties = properties.clone();
    }
    record
}

/// Runs the kind under its deadline while the lease is kept; stops it when either is gone.
async fn supervise(
    host: &Host,
    options: &Options,
    operation: &Operation,
    kind: &dyn Kind,
    journal: &RecordJournal<'_>,
    record: &mut Record,
    stop: &CancellationToken,
) -> End {
    let limit = options.timeout.min(kind.timeout());
    let work = Work {
        host,
        verb: operation.verb,
        operation: operation.id,
        api_version: operation.api_version.clone(),
        journal,
        payload: &operation.payload,
        cancel: Cancel::default(),
    };
    let mut execution = Box::pin(AssertUnwindSafe(kind.execute(&work, record)).catch_unwind());
    let (end, ended) = tokio::select! {
        biased;
        () = stop.cancelled() => (End::Stopped, false),
        result = &mut execution => match result {
            Err(panic) => (End::Failed(panic_fault(&*panic)), true),
            Ok(Err(fault)) => (End::Failed(fault), true),
            Ok(Ok(step)) => (End::Step(step), true),
        },
        () = tokio::time::sleep(limit) => (End::TimedOut(limit), false),
        () = lose_lease(host, options, operation) => (End::Lost, false),
    };
    if !ended {
        work.cancel.cancel();
        if work.cancel.is_held() {
            // A program that is told to end writes down how far it came; the lease is kept meanwhile.
            let _ = tokio::time::timeout(FAREWELL, &mut execution).await;
        }
    }
    drop(execution);
    if journal.is_lost() { End::Lost } else { end }
}

/// Renews the lease at a third of its time; returns when it is lost.
async fn lose_lease(host: &Host, options: &Options, operation: &Operation) {
    loop {
        tokio::time::sleep(options.lease / 3).await;
        let now = host.parts.clock.now();
        match host.parts.queue.renew(operation.id, operation.attempt, now, options.lease).await {
            Ok(true) => {}
            Ok(false) => return,
            // Not reached is not lost: writes are fenced, and there are two more thirds.
            Err(error) => tracing::warn!(
                operation.id = %operation.id,
                error = &error as &dyn std::error::Error,
                "Cannot renew the lease of the operation on `{}`", operation.resource
            ),
        }
    }
}

fn panic_fault(panic: &(dyn std::any::Any + Send)) -> Fault {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    let text = text.unwrap_or("no message");
    tracing::error!("An operation panicked: {text}");
    Fault::internal(format!("unexpected error while processing async operation: {text}"))
}

async fn finish(
    host: &Host,
    operation: &Operation,
    kind: &dyn Kind,
    journal: &RecordJournal<'_>,
    mut record: Record,
    result: End,
    attempts: u64,
) -> Result<(), store::Error> {
    host.redact(&mut record);
    hide_payload(&mut record, &journal.stored(), &operation.payload);
    match result {
        End::Lost => {
            tracing::warn!(operation.id = %operation.id, "Lost the operation on `{}` to another worker", operation.resource);
            Ok(())
        }
        End::Step(Step::Done) if operation.verb == Verb::Delete => {
            let removal = Write::Delete { id: record.id, expect: Expect::Any };
            commit(host, vec![advance(operation, State::Succeeded, None), removal]).await
        }
        End::Step(Step::Done) => end(host, operation, ended(record, State::Succeeded), State::Succeeded, None).await,
        End::Step(Step::Later(pause)) => give_back(host, operation, record, pause).await,
        End::Stopped => give_back(host, operation, journal.stored(), Duration::ZERO).await,
        End::Failed(fault) if fault.is_transient() && begun_in_vain(operation, &journal.stored()) < attempts => {
            let pause = backoff(begun_in_vain(operation, &journal.stored()));
            tracing::warn!(operation.id = %operation.id, "Trying `{}` again in {pause:?}: {fault}", operation.resource);
            let written = vec![advance(operation, journal.stored().state, None)];
            commit(host, written).await?;
            let run_after = host.parts.clock.now().after(pause);
            host.parts.queue.release(operation.id, operation.attempt, run_after).await
        }
        End::Failed(fault) if kind.forgets(&record) => {
            let removal = Write::Delete { id: record.id, expect: Expect::Any };
            commit(host, vec![advance(operation, State::Failed, Some(fault)), removal]).await
        }
        End::Failed(fault) => {
            record.private.journal = union(journal.objects(), record.private.journal);
            keep_run(&mut record, &journal.stored());
            end(host, operation, ended(record, State::Failed), State::Failed, Some(fault)).await
        }
        End::TimedOut(limit) => {
            let fault = timeout_fault(operation, limit);
            end(host, operation, ended(journal.stored(), State::Canceled), State::Canceled, Some(fault)).await
        }
    }
}

/// Keeps what is known of a run that did not end, unless the recipe worked and something after it failed.
fn keep_run(record: &mut Record, stored: &Record) {
    let has_ended = record.private.recipe != stored.private.recipe;
    for key in [RECIPE_RUN, RECIPE_STATE] {
        if let Some(kept) = stored.private.data.get(key).filter(|_| !has_ended) {
            record.private.data.insert(key.to_owned(), kept.clone());
        }
    }
}

fn union(mut objects: Vec<ObjectRef>, more: Vec<ObjectRef>) -> Vec<ObjectRef> {
    for object in more {
        if !objects.contains(&object) {
            objects.push(object);
        }
    }
    objects
}

fn timeout_fault(operation: &Operation, limit: Duration) -> Fault {
    let verb = match operation.verb {
        Verb::Put => "PUT",
        Verb::Delete => "DELETE",
    };
    let kind = operation.resource.resource_type().map(|name| name.to_string().to_ascii_uppercase()).unwrap_or_default();
    let seconds = limit.as_secs();
    let message = format!("Operation ({kind}|{verb}) has timed out because it was processing longer than {seconds} s.");
    Fault::new(500, code::CANCELED, message).target(operation.resource.to_string())
}

/// Puts back what is stored for every property that still holds the payload's value: should the schema
/// that says what is sensitive be gone meanwhile, nothing of the payload reaches the store.
fn hide_payload(record: &mut Record, stored: &Record, payload: &Json) {
    for (name, secret) in payload.get("properties").and_then(Json::as_object).into_iter().flatten() {
        if let (Some(value), Some(hidden)) = (record.properties.get_mut(name), stored.properties.get(name))
            && value == secret
        {
            *value = hidden.clone();
        }
    }
}

fn ended(mut record: Record, state: State) -> Record {
    record.state = state;
    record.operation = None;
    record.private.data.shift_remove(ORDERLY);
    record
}

fn advance(operation: &Operation, state: State, error: Option<Fault>) -> Write {
    Write::Advance { id: operation.id, attempt: Some(operation.attempt), state, error }
}

/// Commits the final record together with the end of the operation.
async fn end(
    host: &Host,
    operation: &Operation,
    mut record: Record,
    state: State,
    error: Option<Fault>,
) -> Result<(), store::Error> {
    record.updated_at = host.parts.clock.now();
    let write = Write::Put { record: Box::new(record), expect: Expect::Any };
    commit(host, vec![advance(operation, state, error), write]).await
}

/// Commits the record as far as it is and lets somebody else go on after `pause`.
async fn give_back(
    host: &Host,
    operation: &Operation,
    mut record: Record,
    pause: Duration,
) -> Result<(), store::Error> {
    let data: &mut Map<String, Json> = &mut record.private.data;
    data.insert(ORDERLY.into(), operation.attempt.into());
    let state = record.state;
    let write = Write::Put { record: Box::new(record), expect: Expect::Any };
    commit(host, vec![advance(operation, state, None), write]).await?;
    let run_after = host.parts.clock.now().after(pause);
    host.parts.queue.release(operation.id, operation.attempt, run_after).await
}

/// Commits a fenced batch; a lost fence means that somebody else ends the operation.
async fn commit(host: &Host, batch: Batch) -> Result<(), store::Error> {
    match host.parts.store.commit(batch).await {
        Err(store::Error::Conflict { what }) => {
            tracing::warn!("Lost `{what}` to another worker while its operation ended");
            Ok(())
        }
        other => other,
    }
}
