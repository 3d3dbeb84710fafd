//! Access control: who calls, what they may do, how often, and the record of it.
//!
//! One gate stands before all routes. It reads off a request what it [`demand`]s, finds out who sent it,
//! asks the [`policy`], and writes changes and refusals to the [`audit`] log. Once authentication is on,
//! whatever no grant allows is denied.

pub mod audit;
pub mod config;
mod demand;
mod gate;
mod issuer;
pub mod limit;
pub mod policy;
mod tokens;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use config::{AccessFile, Binding, ConfigError};
use issuer::{Issuer, Refusal, Subject};
use policy::{Actor, Grant};

pub use gate::{Gate, guard};
pub use tokens::{hash_of, new_token};

/// How often the access file is looked at for changes.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// Everybody who is known, as the access file says now.
pub struct Directory {
    path: PathBuf,
    known: RwLock<Arc<Known>>,
}

#[derive(Default)]
struct Known {
    /// By the hash of their tokens.
    tokens: HashMap<String, Actor>,
    issuer: Option<Issuer>,
    bindings: Vec<Binding>,
}

impl Known {
    fn new(file: AccessFile) -> Self {
        let tokens = file.tokens.into_iter().map(|token| {
            let actor = Actor { name: format!("token:{}", token.name), grants: token.grants };
            (token.sha256.to_ascii_lowercase(), actor)
        });
        Self { tokens: tokens.collect(), issuer: file.oidc.map(Issuer::new), bindings: file.grants }
    }

    fn grants_of(&self, subject: &Subject) -> Vec<Grant> {
        let concerns = |binding: &&Binding| match (&binding.user, &binding.group) {
            (Some(user), _) => *user == subject.user,
            (_, Some(group)) => subject.groups.contains(group),
            _ => false,
        };
        self.bindings.iter().filter(concerns).map(Binding::grant).collect()
    }
}

impl Directory {
    /// Reads the access file.
    ///
    /// # Errors
    /// When it is wrong.
    pub fn open(path: &Path) -> Result<Self, ConfigError> {
        let known = Known::new(AccessFile::read(path)?);
        Ok(Self { path: path.to_owned(), known: RwLock::new(Arc::new(known)) })
    }

    /// Reads the access file again; what was known stays known when it is wrong now.
    pub fn reload(&self) {
        match AccessFile::read(&self.path) {
            Ok(file) => {
                *self.known.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(Known::new(file));
                tracing::info!(file = %self.path.display(), "Read the access file again");
            }
            Err(error) => tracing::error!("Keeping the access rules as they were: {error}"),
        }
    }

    /// Reloads whenever the file was changed, for ever.
    pub async fn follow(self: Arc<Self>) {
        let changed = || std::fs::metadata(&self.path).and_then(|file| file.modified()).ok();
        let mut last: Option<SystemTime> = changed();
        loop {
            tokio::time::sleep(LOOK_AGAIN).await;
            let now = changed();
            if now.is_some() && now != last {
                last = now;
                self.reload();
            }
        }
    }

    /// Returns who bears a token: a static one, or one that the issuer signed.
    ///
    /// # Errors
    /// When nobody is known by it.
    pub(crate) async fn find(&self, token: &str) -> Result<Actor, Refusal> {
        let known = Arc::clone(&self.known.read().unwrap_or_else(PoisonError::into_inner));
        if let Some(actor) = known.tokens.get(&hash_of(token)) {
            return Ok(actor.clone());
        }
        let Some(issuer) = known.issuer.as_ref().filter(|_| token.matches('.').count() == 2) else {
            return Err(Refusal::Invalid("nobody is known by it".to_owned()));
        };
        let subject = issuer.check(token).await?;
        Ok(Actor { name: format!("user:{}", subject.user), grants: known.grants_of(&subject) })
    }
}
