//! What this server registered itself, and need not read again to know it.
//!
//! Every change of a registration is marked with the name of the server that made it, which takes it over into its
//! catalogue as soon as it is told that it was committed. Where it is not told, because the connection broke during the
//! commit, nobody takes anything over: the server then gives up its name, under which the change may stand or come to
//! stand, and reads again what that was about.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

/// Plane and namespace of a provider.
pub(super) type Provider = (String, String);

/// The name that changes of this server are marked with.
pub(super) struct Own(Mutex<State>);

struct State {
    name: Uuid,
    doubtful: BTreeSet<Provider>,
}

impl Own {
    /// Returns a name that no server has had.
    pub(super) fn new() -> Self {
        Self(Mutex::new(State { name: Uuid::now_v7(), doubtful: BTreeSet::new() }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The name as it stands in the database.
    pub(super) fn name(&self) -> String {
        self.state().name.to_string()
    }

    /// Notes that these may have been changed under the name without anybody being told.
    pub(super) fn doubt(&self, providers: BTreeSet<Provider>) {
        if !providers.is_empty() {
            let mut state = self.state();
            // What is committed later still, by a database that nobody hears, is that of a stranger.
            state.name = Uuid::now_v7();
            state.doubtful.extend(providers);
        }
    }

    /// Returns what must be read again although it is marked with the name, or was.
    pub(super) fn take_doubtful(&self) -> BTreeSet<Provider> {
        std::mem::take(&mut self.state().doubtful)
    }
}
