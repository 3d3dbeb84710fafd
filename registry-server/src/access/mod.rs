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

use radii_model::ResourceId;
use radii_runtime::Fault;
use radii_runtime::access::{Authority, Caller, Right};

use config::{AccessFile, Binding, ConfigError};
use demand::Demand;
use issuer::{Issuer, Refusal, Subject};
use policy::{Actor, Grant};

pub(crate) use demand::may_read;
pub use gate::Gate;
pub use tokens::{hash_of, new_token};

/// How often the access file is looked at for changes.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// What names of an issuer's users begin with, so that none is taken for a token's.
const USER: &str = "user:";

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
            let name = format!("token:{}", token.name);
            let actor = Actor { name, groups: Vec::new(), grants: token.grants };
            (token.sha256.to_ascii_lowercase(), actor)
        });
        Self { tokens: tokens.collect(), issuer: file.oidc.map(Issuer::new), bindings: file.grants }
    }

    fn grants_of(&self, user: &str, groups: &[String]) -> Vec<Grant> {
        let concerns = |binding: &&Binding| match (&binding.user, &binding.group) {
            (Some(own), _) => own == user,
            (_, Some(group)) => groups.contains(group),
            _ => false,
        };
        self.bindings.iter().filter(concerns).map(Binding::grant).collect()
    }

    /// Returns a caller with the rights that they have now; one who is not known any more has none.
    fn find(&self, caller: &Caller) -> Actor {
        let grants = match caller.name.strip_prefix(USER) {
            Some(user) if self.issuer.is_some() => self.grants_of(user, &caller.groups),
            Some(_) => Vec::new(),
            None => {
                let token = self.tokens.values().find(|actor| actor.name == caller.name);
                token.map(|actor| actor.grants.clone()).unwrap_or_default()
            }
        };
        Actor { name: caller.name.clone(), groups: caller.groups.clone(), grants }
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
        let Subject { user, groups } = issuer.check(token).await?;
        let grants = known.grants_of(&user, &groups);
        Ok(Actor { name: format!("{USER}{user}"), groups, grants })
    }
}

impl Authority for Directory {
    fn check(&self, caller: &Caller, right: Right<'_>, id: &ResourceId) -> Result<(), Fault> {
        let known = Arc::clone(&self.known.read().unwrap_or_else(PoisonError::into_inner));
        let actor = known.find(caller);
        match demand::of_right(right, id) {
            Demand::Allowed(action, scope) if !actor.may(action, &scope) => {
                Err(policy::forbidden(&actor, action, &scope))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHOP: &str = "/planes/radius/local/resourceGroups/shop";

    fn open(path: &Path) -> Directory {
        // The client that fetches an issuer's keys wants one, though nothing is fetched here.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        Directory::open(path).unwrap()
    }

    fn file(role: &str) -> String {
        format!(
            "tokens:\n- name: ci\n  sha256: {}\n  grants: [{{role: {role}, scope: {SHOP}}}]\n\
             oidc: {{issuer: 'https://login.example.com', audience: [radii]}}\n\
             grants:\n- {{group: shop, role: {role}, scope: {SHOP}}}\n",
            hash_of("secret")
        )
    }

    #[test]
    fn rights_are_looked_up_again_whenever_they_are_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("access.yaml");
        std::fs::write(&path, file("operator")).unwrap();
        let directory = open(&path);
        let token = Caller { name: "token:ci".into(), groups: Vec::new() };
        let user = Caller { name: "user:alice".into(), groups: vec!["shop".into()] };
        let thing = format!("{SHOP}/providers/A.B/c/d").parse::<ResourceId>().unwrap();
        let may = |caller: &Caller, right: Right<'_>| directory.check(caller, right, &thing).is_ok();
        for caller in [&token, &user] {
            for right in [Right::Read, Right::Write, Right::Secrets, Right::Act("listSecrets")] {
                assert!(may(caller, right), "{caller:?} {right:?}");
            }
        }
        std::fs::write(&path, file("reader")).unwrap();
        directory.reload();
        for caller in [&token, &user] {
            assert!(may(caller, Right::Read) && may(caller, Right::Act("getGraph")));
            for right in [Right::Write, Right::Secrets, Right::Act("listSecrets"), Right::Act("restart")] {
                assert!(!may(caller, right), "{caller:?} {right:?}");
            }
        }
    }

    #[test]
    fn names_that_are_not_known_have_no_rights_and_a_user_is_no_token() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("access.yaml");
        std::fs::write(&path, file("admin")).unwrap();
        let directory = open(&path);
        let group = SHOP.parse::<ResourceId>().unwrap();
        for name in ["token:gone", "user:token:ci", "user:ci", "ci", "anonymous"] {
            let caller = Caller { name: name.into(), groups: Vec::new() };
            let fault = directory.check(&caller, Right::Read, &group).unwrap_err();
            assert_eq!((fault.status, fault.code.as_str()), (403, "AuthorizationFailed"), "{name}");
        }
    }
}
