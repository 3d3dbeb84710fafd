//! Objects of platforms that resources made: written down first, removed when nothing makes them any more.

use std::sync::Mutex;

use async_trait::async_trait;
use serde_json::{Value as Json, json};

use crate::Fault;
use crate::fault::code;
use crate::host::Host;
use crate::platform::{ComputeKind, Health, Object, ObjectRef, Observed, Platform, Target, cluster_of};
use crate::recipe::{Journal, Snapshot};

/// Where a record keeps the recipe's state of a run that has not ended well yet.
pub(crate) const RECIPE_STATE: &str = "recipeState";
/// Where a record keeps the snapshot of a run that has not ended well yet.
pub(crate) const RECIPE_RUN: &str = "recipeRun";

/// A journal that remembers what one run wrote down: all that the run makes.
pub(crate) struct Recorder<'a> {
    journal: &'a dyn Journal,
    made: Mutex<Vec<ObjectRef>>,
}

impl<'a> Recorder<'a> {
    pub(crate) fn new(journal: &'a dyn Journal) -> Self {
        Self { journal, made: Mutex::default() }
    }

    /// Returns the objects of this run, in the order in which they were written down.
    pub(crate) fn made(&self) -> Vec<ObjectRef> {
        self.made.lock().expect("no holder of the lock panics").clone()
    }
}

#[async_trait]
impl Journal for Recorder<'_> {
    async fn record(&self, objects: &[ObjectRef]) -> Result<(), Fault> {
        self.journal.record(objects).await?;
        let mut made = self.made.lock().expect("no holder of the lock panics");
        for object in objects {
            if !made.contains(object) {
                made.push(object.clone());
            }
        }
        Ok(())
    }

    async fn remember(&self, state: &Json) -> Result<(), Fault> {
        self.journal.remember(state).await
    }

    async fn begin(&self, snapshot: &Snapshot) -> Result<(), Fault> {
        self.journal.begin(snapshot).await
    }
}

/// Returns the driver of a platform.
///
/// # Errors
/// Says which platforms this server has drivers for.
pub(crate) fn driver(host: &Host, kind: ComputeKind) -> Result<&dyn Platform, Fault> {
    if let Some(platform) = host.platform(kind) {
        return Ok(&**platform);
    }
    let own: Vec<_> = host.parts.platforms.iter().map(|platform| platform.kind().as_str()).collect();
    let own = if own.is_empty() { "none".to_owned() } else { format!("`{}`", own.join("`, `")) };
    let message = format!(
        "this server has no driver for the compute kind `{kind}`: use an environment of a kind that it has ({own}), \
         a server that has a driver for `{kind}`, or an environment with `simulated: true`",
        kind = kind.as_str()
    );
    Err(Fault::new(400, code::PLATFORM_UNSUPPORTED, message))
}

/// Writes objects down and applies them in order; returns what was seen of each.
///
/// # Errors
/// The first object that will not work; what was applied before it stays in the journal.
pub(crate) async fn apply_all(
    platform: &dyn Platform,
    target: &Target,
    objects: &[Object],
    journal: &dyn Journal,
) -> Result<Vec<Observed>, Fault> {
    let references: Vec<_> = objects.iter().map(|object| object.reference.clone()).collect();
    journal.record(&references).await?;
    platform.prepare(target).await?;
    let mut seen = Vec::new();
    for object in objects {
        let observed = platform.apply(target, object).await?;
        if matches!(observed.health, Health::Failed | Health::Absent) {
            let reference = &object.reference;
            let message = format!("the {} `{}` does not work: {}", reference.kind, reference.name, observed.message);
            return Err(Fault::internal(message).target(reference.output_id()));
        }
        seen.push(observed);
    }
    Ok(seen)
}

/// Removes objects, the last one made first. Objects that are gone are no error.
///
/// # Errors
/// The first object that its platform would not remove; the others were still tried.
pub(crate) async fn delete_all(host: &Host, objects: &[ObjectRef]) -> Result<(), Fault> {
    let mut first = None;
    for object in objects.iter().rev() {
        let result = match driver(host, object.platform) {
            Ok(platform) => platform.delete(object).await,
            Err(fault) => Err(fault),
        };
        if let Err(fault) = result {
            let message = format!("cannot remove the {} `{}`: {}", object.kind, object.name, fault.message);
            first.get_or_insert(Fault { message, ..fault.target(object.output_id()) });
        }
    }
    first.map_or(Ok(()), Err)
}

/// Returns `old` without what is in `new`.
pub(crate) fn stale(old: &[ObjectRef], new: &[ObjectRef]) -> Vec<ObjectRef> {
    old.iter().filter(|object| !new.contains(object)).cloned().collect()
}

/// Returns the object that an entry of `status.outputResources` names, if it is one of a platform.
pub(crate) fn from_output_id(id: &str) -> Option<ObjectRef> {
    let mut parts = id.split('/').skip(1);
    let mut next = |wanted: Option<&str>| {
        let part = parts.next()?;
        wanted.is_none_or(|wanted| wanted.eq_ignore_ascii_case(part)).then_some(part)
    };
    next(Some("planes"))?;
    let platform = next(None).and_then(crate::environment::compute_kind)?;
    let cluster = cluster_of(next(None)?);
    next(Some("namespaces"))?;
    let namespace = next(None)?.to_owned();
    next(Some("providers"))?;
    let (group, kind, name) = (next(None)?, next(None)?, next(None)?.to_owned());
    // Kinds without groups stand below `core`, but for Kubernetes, whose objects are always named with one.
    let has_groups = matches!(platform, ComputeKind::Kubernetes | ComputeKind::Knative);
    let kind = if has_groups || group != "core" { format!("{group}/{kind}") } else { kind.to_owned() };
    next(None).is_none().then_some(ObjectRef { platform, cluster, kind, namespace, name })
}

/// Returns entries of `status.outputResources`.
pub(crate) fn output_resources(objects: &[ObjectRef], more: &[String]) -> Vec<Json> {
    let mut ids: Vec<String> = objects.iter().map(ObjectRef::output_id).collect();
    // What a recipe names twice stands there twice; what we applied for it is known already.
    ids.extend(
        more.iter().filter(|id| !objects.iter().any(|own| own.output_id().eq_ignore_ascii_case(id))).map(|id| tidy(id)),
    );
    ids.into_iter().map(|id| json!({ "localID": "", "id": id, "radiusManaged": true })).collect()
}

/// Writes the fixed words of an id in lower case, and leaves names as they are.
fn tidy(id: &str) -> String {
    let mut segments: Vec<&str> = id.split('/').collect();
    for (at, segment) in segments.iter_mut().enumerate() {
        match at {
            1 if segment.eq_ignore_ascii_case("planes") => *segment = "planes",
            _ if segment.eq_ignore_ascii_case("providers") => *segment = "providers",
            _ => {}
        }
    }
    segments.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_results_have_their_fixed_words_in_lower_case() {
        let listed =
            output_resources(&[], &["/planes/KUBERNETES/LOCAL/NAMESPACES/N/PROVIDERS/APPS/DEPLOYMENT/D".into()]);
        assert_eq!(listed[0]["id"], "/planes/KUBERNETES/LOCAL/NAMESPACES/N/providers/APPS/DEPLOYMENT/D");
        assert_eq!(
            tidy("/Subscriptions/s/ResourceGroups/g/Providers/A.b/c/d"),
            "/Subscriptions/s/ResourceGroups/g/providers/A.b/c/d"
        );
    }
}
