//! Objects that a resource makes through a platform, without recipe.

use crate::Fault;
use crate::host::Work;
use crate::objects::{self, Recorder};
use crate::platform::{Object, ObjectRef, Platform, Target};
use crate::store::Record;

/// Applies objects, journalled first, and removes those that the resource made before and makes no more.
pub(super) async fn apply(
    work: &Work<'_>,
    record: &mut Record,
    platform: &dyn Platform,
    target: &Target,
    rendered: &[Object],
) -> Result<Vec<ObjectRef>, Fault> {
    let journal = Recorder::new(work.journal);
    objects::apply_all(platform, target, rendered, &journal).await?;
    let made = journal.made();
    objects::delete_all(work.host, &objects::stale(&record.private.journal, &made)).await?;
    record.private.journal.clone_from(&made);
    Ok(made)
}

/// Removes everything that the journal knows of. What a forced deletion leaves behind is logged.
pub(super) async fn remove(work: &Work<'_>, record: &Record) -> Result<(), Fault> {
    let force = work.payload.get("force").and_then(serde_json::Value::as_bool).unwrap_or(false);
    match objects::delete_all(work.host, &record.private.journal).await {
        Err(fault) if force => {
            tracing::warn!("The forced deletion of `{}` left something behind: {fault}", record.id);
            Ok(())
        }
        result => result,
    }
}
