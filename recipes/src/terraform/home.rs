//! Where the state of a run is kept: by the server, or by a backend that the environment names.

use std::path::{Component, Path};

use radii_runtime::Fault;
use radii_runtime::fault::code;
use radii_runtime::recipe::{Backend, Grant, States, Surroundings};
use serde_json::{Value as Json, json};

use super::config::escaped;
use super::session::{ERRORED_STATE, Session};
use super::{leftovers, state_key, states};

/// Where the state of one resource is.
pub enum Home<'a> {
    /// The server keeps it, and only this run may write it.
    Server(&'a dyn States, Grant),
    /// A backend keeps it, and locks it as it can.
    Elsewhere(&'a Backend),
}

impl<'a> Home<'a> {
    /// Opens the state of a run; what a killed server's run could not store any more is stored first.
    pub async fn open(around: &Surroundings<'a>, session: Option<&Session>) -> Result<Self, Fault> {
        if let Some(backend) = &around.settings.backend {
            return Ok(Home::Elsewhere(backend));
        }
        let states = states(around)?;
        let grant = states.grant(&state_key(around.resource)).await?;
        if let Some(left) = leftovers::settle(&grant, session.map(Session::folder)).await
            && leftovers::is_newer(&left, states.find(&grant.key).await?.as_deref())
        {
            tracing::warn!("The state that an abandoned run of `{}` left behind is stored now", around.resource);
            states.rescue(&grant, &left).await?;
        }
        Ok(Home::Server(states, grant))
    }

    /// The `backend` block of the root module.
    ///
    /// # Errors
    /// When it names a path of the server that no operator allowed.
    pub fn block(around: &Surroundings<'_>, folder: Option<&Path>) -> Result<Json, Fault> {
        let Some(backend) = &around.settings.backend else { return Ok(json!({ "http": {} })) };
        let mut block = backend.block(&state_key(around.resource));
        if let Some(Json::String(path)) = block.pointer_mut("/local/path") {
            *path = format!("{}.tfstate", own_path(path, folder)?);
        }
        Ok(escaped(&block))
    }

    /// Tells Terraform what it must know to reach the state.
    pub fn keep(&self, session: &mut Session) -> Result<(), Fault> {
        match self {
            Home::Server(_, grant) => session.keep_state(grant),
            Home::Elsewhere(_) => Ok(()),
        }
    }

    /// Stores a state that Terraform could not store itself.
    pub async fn rescue(&self, session: &Session, around: &Surroundings<'_>) -> Result<(), Fault> {
        let Some(state) = session.errored_state() else { return Ok(()) };
        tracing::warn!("Terraform could not store its state for `{}`; it is stored now", around.resource);
        match self {
            Home::Server(states, grant) => states.rescue(grant, &state).await,
            Home::Elsewhere(backend) => session.plain(&["state", "push", ERRORED_STATE]).await.map_err(|failure| {
                let message = format!(
                    "the backend `{}` did not take the state of what was made, so the next run will make it again: {failure}",
                    backend.kind
                );
                Fault::new(500, code::RECIPE_DEPLOYMENT, message)
            }),
        }
    }

    /// Whether anything is known to be there; a backend only knows when it is asked.
    pub async fn holds_anything(&self) -> Result<bool, Fault> {
        let Home::Server(states, grant) = self else { return Ok(true) };
        let state: Option<Json> =
            states.find(&grant.key).await?.map(|text| serde_json::from_str(&text).unwrap_or_default());
        Ok(state.is_some_and(|state| state["resources"].as_array().is_none_or(|resources| !resources.is_empty())))
    }

    /// Forgets the state of what was destroyed; that of a backend stays there, empty.
    pub async fn forget(&self) -> Result<(), Fault> {
        match self {
            Home::Server(states, grant) => states.remove(&grant.key).await,
            Home::Elsewhere(_) => Ok(()),
        }
    }
}

/// Returns a path of the server where states may be kept: below the operator's folder, as those of modules are.
fn own_path(path: &str, folder: Option<&Path>) -> Result<String, Fault> {
    let refuse = |why: &str| {
        let message = format!("the backend `local` keeps states on the server's disk, at `{path}`: {why}");
        Fault::new(400, code::RECIPE_DEPLOYMENT, message)
    };
    let Some(folder) = folder else {
        return Err(refuse("it may only do so below the folder that `rad serve --recipes DIR` names"));
    };
    if !Path::new(path).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) {
        return Err(refuse("give a path below the folder that `rad serve --recipes DIR` names, without `..`"));
    }
    let folder =
        std::fs::canonicalize(folder).map_err(|error| refuse(&format!("the folder cannot be read: {error}")))?;
    Ok(folder.join(path).display().to_string())
}

/// Refuses to look for a state where it is not: a backend cannot be changed under what stands.
///
/// # Errors
/// Names both places, and what to do.
pub fn check_place(previous: Option<&Json>, around: &Surroundings<'_>) -> Result<(), Fault> {
    let now = around.settings.backend.as_ref().map(Backend::place).unwrap_or_default();
    let Some(before) = previous.map(|state| &state["backend"]).filter(|before| **before != now) else { return Ok(()) };
    let name = |place: &Json| match place["type"].as_str() {
        Some(kind) => format!("in the backend `{kind}` ({})", place["config"]),
        None => "by the server".to_owned(),
    };
    let message = format!(
        "the state of what this recipe made is kept {}, and the environment now says that it is kept {}: \
         set `backend` of the Terraform settings back, or delete the resource first",
        name(before),
        name(&now)
    );
    Err(Fault::new(400, code::RECIPE_DEPLOYMENT, message))
}
