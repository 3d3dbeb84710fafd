//! Runs that a server left behind when it was killed: their program is told to end, and a state that it could not
//! store any more is taken over, so that the next run makes nothing twice.

use std::path::{Path, PathBuf};
use std::time::Duration;

use radii_runtime::recipe::Grant;
use serde_json::Value as Json;

use super::session::{ERRORED_STATE, MARK, folder_prefix};
use crate::tool;

/// How long a program that was told to end may take. Its server is gone: Terraform tries to store the state there several
/// times, seconds apart, before it writes it down beside itself (about 20 s), and goes on with the lock.
const FAREWELL: Duration = Duration::from_secs(120);

/// Ends what still runs for a state, removes its folders but `own`, and returns the newest state found in them.
///
/// Only the newest run of a state may write it, so whoever calls this has taken the state over already.
pub async fn settle(grant: &Grant, own: Option<&Path>) -> Option<String> {
    let mut newest: Option<(u64, String)> = None;
    for folder in find(&std::env::temp_dir(), grant).into_iter().filter(|folder| Some(&**folder) != own) {
        let left = || std::fs::read_to_string(folder.join(ERRORED_STATE)).ok();
        // Half of the state, while it is being written, is no JSON.
        let has_saved = || left().is_some_and(|state| serde_json::from_str::<Json>(&state).is_ok());
        tool::end_abandoned(&folder, FAREWELL, has_saved).await;
        if let Some(state) = left() {
            let serial = serial(&state);
            if newest.as_ref().is_none_or(|(known, _)| serial > *known) {
                newest = Some((serial, state));
            }
        }
        // What cannot be removed is tried again by the next run.
        if let Err(error) = std::fs::remove_dir_all(&folder) {
            tracing::warn!("Cannot remove the folder `{}` of an abandoned run: {error}", folder.display());
        }
    }
    newest.map(|(_, state)| state)
}

/// Whether a state that was left behind is newer than the one that is stored.
pub fn is_newer(left: &str, stored: Option<&str>) -> bool {
    let Some(stored) = stored else { return true };
    let lineage = |text: &str| serde_json::from_str::<Json>(text).unwrap_or_default()["lineage"].clone();
    lineage(left) == lineage(stored) && serial(left) > serial(stored)
}

/// Finds the folders of a state; those of the same key with another mark belong to another server on this host.
fn find(parent: &Path, grant: &Grant) -> Vec<PathBuf> {
    let prefix = folder_prefix(&grant.key);
    let entries = std::fs::read_dir(parent).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(&prefix))
        .map(|entry| entry.path())
        .filter(|folder| std::fs::read_to_string(folder.join(MARK)).is_ok_and(|mark| mark == grant.mark))
        .collect();
    found.sort();
    found
}

fn serial(state: &str) -> u64 {
    serde_json::from_str::<Json>(state).unwrap_or_default()["serial"].as_u64().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_another_server_are_left_alone() {
        let parent = tempfile::tempdir().unwrap();
        let folder = |name: &str, mark: Option<&str>| {
            let folder = parent.path().join(name);
            std::fs::create_dir(&folder).unwrap();
            if let Some(mark) = mark {
                std::fs::write(folder.join(MARK), mark).unwrap();
            }
            folder
        };
        let ours = folder("radii-terraform-k1-a", Some("ours"));
        folder("radii-terraform-k1-b", Some("theirs"));
        folder("radii-terraform-k1-c", None);
        folder("radii-terraform-k2-d", Some("ours"));
        let text = String::new;
        let grant =
            Grant { key: "k1".into(), mark: "ours".into(), address: text(), username: text(), password: text() };
        assert_eq!(find(parent.path(), &grant), [ours]);
    }

    #[test]
    fn only_a_later_state_of_the_same_line_is_newer() {
        let state =
            |lineage: &str, serial: u64| serde_json::json!({ "lineage": lineage, "serial": serial }).to_string();
        assert!(is_newer(&state("a", 1), None));
        assert!(is_newer(&state("a", 2), Some(&state("a", 1))));
        assert!(!is_newer(&state("a", 1), Some(&state("a", 1))));
        assert!(!is_newer(&state("b", 9), Some(&state("a", 1))));
    }
}
