//! How far a run or a removal is: kept between two steps, and after a crash.

use indexmap::IndexMap;
use radii_runtime::Fault;
use radii_runtime::recipe::Deployments;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use uuid::Uuid;

/// How often something is tried to be deleted.
const ATTEMPTS: u32 = 3;

/// What a run does at the moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// Nothing, or nothing any more.
    #[default]
    Resting,
    /// The deployment runs.
    Deploying,
    /// What is made no more is being deleted.
    Collecting,
    /// Everything is being deleted.
    Destroying,
}

/// A run of a recipe, or what is left of it when it has ended: the ids of what it made.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Progress {
    /// The operation that runs it.
    pub operation: Uuid,
    /// Id of the deployment; empty when there is none.
    pub deployment: String,
    /// What it does.
    pub phase: Phase,
    /// What exists because of the recipe, as far as it is known.
    pub resources: Vec<String>,
    /// Outputs that the template marks as secret.
    pub sensitive: Vec<String>,
    /// What is being deleted.
    pub deletions: Deletions,
    /// The script that builds the template's image; empty when there is none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub script: String,
    /// The reference of the image that was built.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub image: String,
}

impl Progress {
    /// Reads a state; one that cannot be read is that of another kind of recipe.
    pub fn read(state: &Json) -> Self {
        serde_json::from_value(state.clone()).unwrap_or_default()
    }

    /// Whether there is a deployment to look at.
    pub fn is_begun(&self) -> bool {
        !self.deployment.is_empty()
    }

    /// Adds ids, each once whatever its casing.
    pub fn add_resources(&mut self, ids: &[String]) {
        for id in ids {
            if !super::contains(&self.resources, id) {
                self.resources.push(id.clone());
            }
        }
    }
}

/// Deletions in progress, by id.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Deletions(IndexMap<String, Deletion>);

/// One deletion.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Deletion {
    operation: Option<Uuid>,
    attempts: u32,
}

impl Deletions {
    /// Returns deletions that are still to be begun.
    pub fn of<'a>(ids: impl Iterator<Item = &'a String>) -> Self {
        Self(ids.map(|id| (id.clone(), Deletion::default())).collect())
    }

    /// Whether everything is gone.
    pub fn is_done(&self) -> bool {
        self.0.is_empty()
    }

    /// Ids of what is not gone yet.
    pub fn left(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }

    /// Begins what is not begun and looks at what goes on; all go on at once.
    ///
    /// # Errors
    /// The first one that failed too often; the others were still tried.
    pub async fn go_on(&mut self, deployments: &dyn Deployments) -> Result<(), Fault> {
        let mut first = None;
        for id in self.left() {
            let deletion = self.0.entry(id.clone()).or_default();
            match step(deployments, &id, deletion).await {
                Ok(true) => drop(self.0.shift_remove(&id)),
                Ok(false) => {}
                Err(fault) => drop(first.get_or_insert(fault)),
            }
        }
        first.map_or(Ok(()), Err)
    }
}

/// Returns whether it is gone.
async fn step(deployments: &dyn Deployments, id: &str, deletion: &mut Deletion) -> Result<bool, Fault> {
    let mut failure = None;
    if let Some(operation) = deletion.operation {
        match deployments.ended(operation).await? {
            None => return Ok(false),
            Some(Ok(())) => return Ok(true),
            Some(Err(fault)) => failure = Some(fault),
        }
        deletion.operation = None;
    }
    loop {
        if let Some(fault) = failure.take().filter(|_| deletion.attempts >= ATTEMPTS) {
            let message =
                format!("failed to delete resource after {ATTEMPTS} attempt(s), last error: {}", fault.message);
            return Err(Fault { message, ..fault.target(id) });
        }
        deletion.attempts += 1;
        match deployments.delete(id).await {
            Ok(None) => return Ok(true),
            Ok(Some(operation)) => {
                deletion.operation = Some(operation);
                return Ok(false);
            }
            Err(fault) => failure = Some(fault),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use async_trait::async_trait;
    use radii_runtime::recipe::Deployed;

    use super::*;

    /// Deletes what it holds, each after so many failures.
    struct Fake(Mutex<IndexMap<String, u32>>);

    #[async_trait]
    impl Deployments for Fake {
        async fn begin(&self, _: &str, _: &str, _: Json) -> Result<String, Fault> {
            Err(Fault::internal("not asked for"))
        }
        async fn look(&self, _: &str) -> Result<Option<Deployed>, Fault> {
            Ok(None)
        }
        async fn forget(&self, _: &str) -> Result<(), Fault> {
            Ok(())
        }
        async fn delete(&self, id: &str) -> Result<Option<Uuid>, Fault> {
            let mut left = self.0.lock().unwrap();
            let failures = left.get_mut(id).unwrap();
            if *failures == 0 {
                return Ok(None);
            }
            *failures -= 1;
            Ok(Some(Uuid::nil()))
        }
        async fn ended(&self, _: Uuid) -> Result<Option<Result<(), Fault>>, Fault> {
            Ok(Some(Err(Fault::internal("it is in use"))))
        }
    }

    async fn delete(failures: u32) -> (Result<(), Fault>, Deletions) {
        let fake = Fake(Mutex::new(IndexMap::from([("a".to_owned(), failures), ("b".to_owned(), 0)])));
        let mut deletions = Deletions::of(["a".to_owned(), "b".to_owned()].iter());
        for _ in 0..10 {
            if let Err(fault) = deletions.go_on(&fake).await {
                return (Err(fault), deletions);
            }
            if deletions.is_done() {
                break;
            }
        }
        (Ok(()), deletions)
    }

    #[tokio::test]
    async fn a_deletion_is_tried_three_times() {
        let (result, deletions) = delete(2).await;
        assert!(result.is_ok() && deletions.is_done());
        let (result, deletions) = delete(3).await;
        assert_eq!(
            result.unwrap_err().message,
            "failed to delete resource after 3 attempt(s), last error: it is in use"
        );
        assert_eq!(deletions.left(), ["a"]);
    }
}
