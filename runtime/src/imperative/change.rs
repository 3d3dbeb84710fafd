//! One turn of a change at a provider: send what is to be sent, or look at what it became of, and come again later.

use std::time::Duration;

use async_trait::async_trait;
use radii_model::ResourceId;
use serde_json::Value as Json;

use super::note::{self, Note};
use super::progress::{Progress, Watch};
use super::{Answered, Ask, Method, Watched, answer};
use crate::fault::code;
use crate::host::{Host, Kind, Mode, Step, Work};
use crate::store::{OperationId, Record, State, Verb};
use crate::{Fault, Timestamp};

/// The behaviour of notes: a change of one is a change at its resource's provider.
pub(crate) struct Changes;

#[async_trait]
impl Kind for Changes {
    fn types(&self) -> &'static [&'static str] {
        &[note::TYPE]
    }

    fn mode(&self, _type_name: &str) -> Mode {
        Mode::Asynchronous
    }

    fn has_schema(&self) -> bool {
        false
    }

    async fn admit(&self, _host: &Host, record: &mut Record, _old: Option<&Record>) -> Result<(), Fault> {
        Err(Fault::bad_request("notes are written by the server alone").target(record.id.to_string()))
    }

    /// Safe to repeat: requests of the protocol are, and once one was accepted nothing more than looking is done.
    async fn execute(&self, work: &Work<'_>, record: &mut Record) -> Result<Step, Fault> {
        let Some(note) = note::read(record) else {
            return Err(Fault::internal(format!("the note `{}` says nothing", record.id)));
        };
        let now = work.host.parts.clock.now();
        let mut turn = Turn {
            host: work.host,
            verb: work.verb,
            operation: work.operation,
            progress: Progress::load(record, work.operation, now),
            now,
            note,
        };
        let end = turn.go(work.payload.get("body").unwrap_or(&Json::Null)).await;
        let Turn { progress, mut note, .. } = turn;
        match end {
            End::Later(pause) => {
                progress.save(record);
                return Ok(Step::Later(pause));
            }
            End::Done => note.is_going = false,
            // Whoever lists the group asks whether it is there.
            End::Refused(_) | End::Failed(_) => note.is_going |= progress.is_uncertain,
        }
        Progress::clear(record);
        note::write_on(record, &note);
        match end {
            End::Refused(fault) if !progress.is_uncertain => {
                if progress.is_new {
                    record.private.data.insert(UNMADE.into(), true.into());
                }
                Err(final_fault(fault))
            }
            End::Refused(fault) | End::Failed(fault) => Err(told(work.verb, &note.id, fault)),
            End::Done | End::Later(_) => Ok(Step::Done),
        }
    }

    fn forgets(&self, record: &Record) -> bool {
        record.private.data.contains_key(UNMADE)
    }

    async fn act(&self, _: &Host, _: &Record, _: &str, _: &Json) -> Result<Option<Json>, Fault> {
        Ok(None)
    }
}

/// Where a note says that its resource was never made.
const UNMADE: &str = "unmade";

/// What a turn led to.
enum End {
    /// The provider is at it, or does not answer at the moment.
    Later(Duration),
    Done,
    /// The request was not accepted.
    Refused(Fault),
    /// The change failed after it was accepted.
    Failed(Fault),
}

struct Turn<'a> {
    host: &'a Host,
    verb: Verb,
    operation: OperationId,
    progress: Progress,
    now: Timestamp,
    note: Note,
}

impl Turn<'_> {
    async fn go(&mut self, body: &Json) -> End {
        if self.progress.is_overdue(self.now) {
            return self.overdue();
        }
        let Some(address) = self.host.address_of(&self.note.id) else {
            return End::Refused(nobody(&self.note.id));
        };
        match self.progress.watch.clone() {
            None => self.send(&address, body).await,
            Some(watch) => self.look(&address, &watch).await,
        }
    }

    async fn ask(&self, address: &str, method: Method, target: &str, body: &Json) -> Result<Answered, Fault> {
        self.host.ask(&Ask { address, method, target, body, operation: Some(self.operation) }).await
    }

    /// The path and query of the resource itself.
    fn itself(&self) -> String {
        format!("{}?api-version={}", self.note.id, self.note.api_version)
    }

    /// Asks for the change.
    async fn send(&mut self, address: &str, body: &Json) -> End {
        let (method, body) = match self.verb {
            Verb::Put => (Method::Put, body),
            Verb::Delete => (Method::Delete, &Json::Null),
        };
        let answered = match self.ask(address, method, &self.itself(), body).await {
            Ok(answered) => answered,
            Err(fault) => return self.unanswered(fault),
        };
        match answered.status {
            200..300 => self.accepted(answered),
            404 if self.verb == Verb::Delete => End::Done,
            409 => self.conflict(address, &answered).await,
            status if answer::is_passing(status) => {
                // One that was too much for the provider did nothing.
                self.progress.is_uncertain |= status != 429;
                self.again(&answered)
            }
            _ => End::Refused(answer::fault(&answered, &self.note)),
        }
    }

    /// Reads what the provider says to a change that it accepted.
    fn accepted(&mut self, answered: Answered) -> End {
        self.progress.goes_well();
        let said = answer::provisioning_state(&answered.body);
        let ended = answer::state_of(said).filter(|_| self.verb == Verb::Put && answered.status != 202);
        if let Some(state) = ended {
            return self.ended(state, &answered.body);
        }
        let watch = match answered.watched {
            Some(Watched::Status(at)) => Watch::Status(at),
            // Where nothing is in progress, `Location` names what was made.
            Some(Watched::Result(at)) if answered.status == 202 => Watch::Result(at),
            _ if answered.status == 202 || (self.verb == Verb::Put && said.is_some()) => Watch::Resource,
            _ => return End::Done,
        };
        self.progress.watch = Some(watch);
        End::Later(self.progress.pause(self.now, answered.retry_after))
    }

    /// Looks at what is watched.
    async fn look(&mut self, address: &str, watch: &Watch) -> End {
        let itself = self.itself();
        let target = match watch {
            Watch::Status(at) | Watch::Result(at) => at.as_str(),
            Watch::Resource => itself.as_str(),
        };
        let answered = match self.ask(address, Method::Get, target, &Json::Null).await {
            Ok(answered) => answered,
            Err(fault) => return self.unanswered(fault),
        };
        if answer::is_passing(answered.status) {
            return self.again(&answered);
        }
        match (watch, answered.status) {
            (Watch::Resource, 404) | (Watch::Result(_), 404) if self.verb == Verb::Delete => End::Done,
            // What was accepted may not be there yet; what nobody knows any more may have ended.
            (Watch::Resource, 404) => self.again(&answered),
            (_, 404 | 410) => self.look_at_itself(),
            (Watch::Status(_), 200..300) => self.status(&answered),
            (Watch::Result(_), 202) => self.still(answered),
            (Watch::Result(_), 200..300) => self.result(&answered),
            (Watch::Resource, 200..300) => self.resource(&answered),
            _ => End::Failed(answer::fault(&answered, &self.note)),
        }
    }

    fn status(&mut self, answered: &Answered) -> End {
        let text = answered.body.get("status").and_then(Json::as_str);
        match answer::state_of(text) {
            Some(state) => self.ended(state, &answered.body),
            None if text.is_some() || answered.status == 202 => self.wait(answered.retry_after),
            None => self.look_at_itself(),
        }
    }

    /// Goes on looking, where the provider says now.
    fn still(&mut self, answered: Answered) -> End {
        if let Some(Watched::Result(at)) = answered.watched {
            self.progress.watch = Some(Watch::Result(at));
        }
        self.wait(answered.retry_after)
    }

    fn result(&mut self, answered: &Answered) -> End {
        let said = answer::provisioning_state(&answered.body);
        match answer::state_of(said) {
            Some(state) => self.ended(state, &answered.body),
            None if said.is_some() && self.verb == Verb::Put => self.look_at_itself(),
            None => End::Done,
        }
    }

    fn resource(&mut self, answered: &Answered) -> End {
        let said = answer::provisioning_state(&answered.body);
        match (self.verb, answer::state_of(said)) {
            (Verb::Put, Some(state)) => self.ended(state, &answered.body),
            (Verb::Put, None) if said.is_none() => End::Done,
            (Verb::Delete, Some(state @ (State::Failed | State::Canceled))) => self.ended(state, &answered.body),
            _ => self.wait(answered.retry_after),
        }
    }

    fn ended(&self, state: State, body: &Json) -> End {
        match state {
            State::Succeeded => End::Done,
            state => End::Failed(answer::failure(body, state, &self.note)),
        }
    }

    fn wait(&mut self, wish: Option<Duration>) -> End {
        self.progress.goes_well();
        End::Later(self.progress.pause(self.now, wish))
    }

    fn look_at_itself(&mut self) -> End {
        self.progress.watch = Some(Watch::Resource);
        End::Later(Duration::ZERO)
    }

    /// Waits for another change of the resource to end: one of somebody else's, or our own whose answer was lost.
    async fn conflict(&mut self, address: &str, refused: &Answered) -> End {
        let found = match self.ask(address, Method::Get, &self.itself(), &Json::Null).await {
            Ok(found) => found,
            Err(fault) => return self.unanswered(fault),
        };
        let said = answer::provisioning_state(&found.body).filter(|_| matches!(found.status, 200..300));
        if said.is_some() && answer::state_of(said).is_none() {
            return self.wait(refused.retry_after.or(found.retry_after));
        }
        // It may have ended between the two requests, so that a conflict counts when it comes again.
        if self.progress.failures() == 0
            && let Some(pause) = self.progress.fails(self.now, refused.retry_after)
        {
            return End::Later(pause);
        }
        End::Refused(answer::fault(refused, &self.note))
    }

    /// Comes again after a failure that may be gone then.
    fn again(&mut self, answered: &Answered) -> End {
        match self.progress.fails(self.now, answered.retry_after) {
            Some(pause) => End::Later(pause),
            None => self.give_up(answer::fault(answered, &self.note)),
        }
    }

    fn unanswered(&mut self, fault: Fault) -> End {
        self.progress.is_uncertain = true;
        if fault.status < 500 {
            return self.give_up(fault);
        }
        match self.progress.fails(self.now, None) {
            Some(pause) => End::Later(pause),
            None => self.give_up(fault),
        }
    }

    fn give_up(&self, fault: Fault) -> End {
        if self.progress.watch.is_some() { End::Failed(fault) } else { End::Refused(fault) }
    }

    fn overdue(&self) -> End {
        let message = format!("the provider has not ended the change of `{}` in {:?}", self.note.id, Progress::limit());
        End::Failed(Fault::new(500, code::CANCELED, message).target(self.note.id.to_string()))
    }
}

/// What a failed change is told as: a deployment's resource within the chain that clients know, a deletion as it is.
fn told(verb: Verb, id: &ResourceId, fault: Fault) -> Fault {
    match verb {
        Verb::Put => answer::in_resource(id, fault),
        Verb::Delete => final_fault(fault),
    }
}

/// A fault that no worker tries again: patience has ended.
fn final_fault(fault: Fault) -> Fault {
    if fault.is_transient() { Fault { status: 409, ..fault } } else { fault }
}

fn nobody(id: &ResourceId) -> Fault {
    let message = format!("`{id}` has no provider any more: the location of its type lost its address");
    Fault::bad_request(message).target(id.to_string())
}
