//! A cluster in memory: it keeps objects as an API server does, and rolls Deployments out at once.
//!
//! It knows server-side apply with owners and conflicts, what an API server fills in, the most usual refusals,
//! and what controllers make of Deployments. Nothing runs. Tests, the replay of recordings and
//! `rad serve --kubernetes memory` use it.

mod defaults;
mod fields;
mod kinds;
mod refusals;
mod rollout;
pub mod serve;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value as Json, json};
use tokio::sync::watch;

use crate::cluster::{Address, Cluster, Error, FIELD_MANAGER, KindName, Listed, LogQuery, Ownership, UNTYPED};
use crate::known;
use fields::{Owners, Shape};

/// A cluster whose objects live as long as the value; clones share them.
#[derive(Clone)]
pub struct MemoryCluster {
    state: Arc<Mutex<State>>,
    version: Arc<watch::Sender<u64>>,
}

/// All objects, and what the surroundings do to pods.
#[derive(Clone, Default)]
struct State {
    objects: BTreeMap<Address, Entry>,
    /// Kinds whose definition was removed.
    removed: BTreeSet<KindName>,
    /// Prefix of names → the state that pods and proxies with such names are in.
    states: Vec<(String, Json)>,
    /// Whether nobody can reach it over the network.
    is_down: bool,
    version: u64,
}

/// A stored object.
#[derive(Clone, Debug, Default)]
struct Entry {
    body: Json,
    owners: Owners,
    /// Hash of the pod template that the revision stands for.
    template: Option<String>,
    revision: u64,
}

impl State {
    fn addresses(&self, kind: &KindName) -> Vec<Address> {
        self.objects.keys().filter(|address| address.kind == *kind).cloned().collect()
    }

    /// Stores what a controller makes.
    fn keep(&mut self, address: Address, body: Json) {
        self.objects.entry(address).or_default().body = body;
    }

    /// The state that objects of a name are put into, if they are.
    fn state_of(&self, name: &str) -> Option<&Json> {
        self.states.iter().rev().find(|(prefix, _)| name.starts_with(prefix.as_str())).map(|(_, state)| state)
    }

    /// Checks that a kind is known and a namespace there; returns what the kind is.
    fn admit(&self, address: &Address, version: &str) -> Result<&'static kinds::Known, Error> {
        let known = kinds::find(&address.kind).filter(|_| !self.removed.contains(&address.kind));
        let known =
            known.ok_or_else(|| Error::NoSuchKind { kind: address.kind.clone(), version: version.to_owned() })?;
        let namespaces = KindName::new("", "Namespace");
        if known.namespaced && !self.objects.contains_key(&Address::new(namespaces, "", &address.namespace)) {
            return Err(not_found("namespaces", &address.namespace));
        }
        Ok(known)
    }

    fn remove(&mut self, address: &Address) -> bool {
        let known = self.objects.remove(address).is_some();
        let is_owned = |body: &Json, owner: &Address| {
            let owners = body.pointer("/metadata/ownerReferences").and_then(Json::as_array);
            owners
                .into_iter()
                .flatten()
                .any(|one| one["kind"] == owner.kind.kind.as_str() && one["name"] == owner.name.as_str())
        };
        let is_namespace = address.kind == KindName::new("", "Namespace");
        let dependents: Vec<Address> = self
            .objects
            .iter()
            .filter(|(other, entry)| match is_namespace {
                true => other.namespace == address.name,
                false => other.namespace == address.namespace && is_owned(&entry.body, address),
            })
            .map(|(other, _)| other.clone())
            .collect();
        for dependent in dependents {
            self.remove(&dependent);
        }
        known
    }
}

impl Default for MemoryCluster {
    fn default() -> Self {
        Self { state: Arc::default(), version: Arc::new(watch::channel(0).0) }
    }
}

impl MemoryCluster {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder of the lock panics")
    }

    /// Changes the state, lets the controllers follow, and tells those who wait.
    fn change<T>(&self, change: impl FnOnce(&mut State) -> Result<T, Error>) -> Result<T, Error> {
        let mut state = self.lock();
        let result = change(&mut state)?;
        state.version += 1;
        rollout::settle(&mut state);
        self.version.send_replace(state.version);
        Ok(result)
    }

    /// Returns a cluster with the namespaces that every new one has.
    pub fn furnished() -> Self {
        let cluster = Self::default();
        for name in ["default", "kube-node-lease", "kube-public", "kube-system"] {
            let namespace = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } });
            cluster.create(&namespace, "kube-apiserver").expect("an empty cluster takes a namespace");
        }
        cluster
    }

    /// Puts every pod and proxy whose name begins with `prefix` into a state; nothing makes them well again.
    pub fn set_state(&self, prefix: &str, given: Option<Json>) {
        let changed = self.change(|state| {
            state.states.retain(|(other, _)| other != prefix);
            state.states.extend(given.map(|given| (prefix.to_owned(), given)));
            Ok(())
        });
        changed.expect("changing states is never refused");
    }

    /// Lets requests over the network fail, or work again; those who share the value are not concerned.
    pub fn set_down(&self, is_down: bool) {
        self.lock().is_down = is_down;
    }

    /// Removes the definitions of a group's kinds, and their objects.
    pub fn remove_definitions(&self, group: &str) {
        let changed = self.change(|state| {
            let kinds = kinds::KINDS.iter().filter(|known| known.group == group).map(kinds::Known::name);
            state.removed.extend(kinds);
            state.objects.retain(|address, _| address.kind.group != group);
            Ok(())
        });
        changed.expect("removing definitions is never refused");
    }

    /// Creates an object as `manager`.
    ///
    /// # Errors
    /// What an API server refuses; an object that is there already.
    pub fn create(&self, object: &Json, manager: &str) -> Result<Json, Error> {
        let address = Address::of(object).ok_or_else(nameless)?;
        self.change(|state| {
            let known = state.admit(&address, object["apiVersion"].as_str().unwrap_or_default())?;
            if state.objects.contains_key(&address) {
                let message = format!("{} \"{}\" already exists", known.plural, address.name);
                return Err(Error::Refused { status: 409, reason: "AlreadyExists".to_owned(), message });
            }
            let mut entry = Entry::default();
            entry.owners.update(Shape::of_group(&address.kind.group), &Json::Null, object, manager);
            write(state, known, &address, entry, object.clone())
        })
    }

    /// Merges a patch (RFC 7386) into an object as `manager`; `status` may be merged too.
    ///
    /// # Errors
    /// What an API server refuses; an object that is not there.
    pub fn merge_patch(&self, address: &Address, patch: &Json, manager: &str) -> Result<Json, Error> {
        self.patch_with(address, manager, |body| merge_patch(body, patch))
    }

    fn patch_with(&self, address: &Address, manager: &str, patch: impl FnOnce(&mut Json)) -> Result<Json, Error> {
        self.change(|state| {
            let known = state.admit(address, "")?;
            let Some(entry) = state.objects.get(address) else { return Err(not_found(known.plural, &address.name)) };
            let mut entry = entry.clone();
            let before = entry.body.clone();
            let mut body = before.clone();
            patch(&mut body);
            entry.owners.update(Shape::of_group(&address.kind.group), &before, &body, manager);
            write(state, known, address, entry, body)
        })
    }

    fn find(&self, address: &Address) -> Option<Json> {
        self.lock().objects.get(address).map(|entry| entry.body.clone())
    }

    /// Returns all objects, in the order of kind, namespace and name.
    pub fn all(&self) -> Vec<Json> {
        self.lock().objects.values().map(|entry| entry.body.clone()).collect()
    }
}

/// Fills in, checks and stores an object.
fn write(
    state: &mut State,
    known: &kinds::Known,
    address: &Address,
    mut entry: Entry,
    mut body: Json,
) -> Result<Json, Error> {
    let before = state.objects.get(address).map(|entry| entry.body.clone());
    let metadata = fields::object(&mut body["metadata"]);
    metadata.entry("uid").or_insert_with(|| format!("{}-{}", known.kind, state.version + 1).into());
    metadata.insert("resourceVersion".to_owned(), (state.version + 1).to_string().into());
    defaults::fill(&mut body, state.version + 1);
    refusals::check(known, address, &body, before.as_ref(), &state.objects)?;
    let generation = before.as_ref().and_then(|before| before["metadata"]["generation"].as_u64()).unwrap_or(0);
    let is_changed = before.is_none_or(|before| before["spec"] != body["spec"]);
    body["metadata"]["generation"] = (generation + u64::from(is_changed)).into();
    entry.body = body.clone();
    state.objects.insert(address.clone(), entry);
    Ok(body)
}

fn merge_patch(target: &mut Json, patch: &Json) {
    let Json::Object(patch) = patch else { return *target = patch.clone() };
    let target = fields::object(target);
    for (name, value) in patch {
        match value {
            Json::Null => drop(target.shift_remove(name)),
            value => merge_patch(target.entry(name.clone()).or_insert(Json::Null), value),
        }
    }
}

/// What an API server says of an object that it cannot read; the status is the one that it gives.
fn untyped(why: &str) -> Error {
    let message = format!("{UNTYPED}: {why}");
    Error::Refused { status: 500, reason: "InternalError".to_owned(), message }
}

fn nameless() -> Error {
    let message = "the object lacks `apiVersion`, `kind` or `metadata.name`".to_owned();
    Error::Refused { status: 400, reason: "BadRequest".to_owned(), message }
}

fn not_found(plural: &str, name: &str) -> Error {
    let message = format!("{plural} \"{name}\" not found");
    Error::Refused { status: 404, reason: "NotFound".to_owned(), message }
}

/// Whether an object has all labels of a selector (`a=b,c=d`).
fn has_labels(object: &Json, selector: &str) -> bool {
    selector.split(',').filter(|part| !part.is_empty()).all(|part| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        object["metadata"]["labels"][name.trim()] == *value.trim_start_matches('=').trim()
    })
}

#[async_trait]
impl Cluster for MemoryCluster {
    async fn apply(&self, object: &Json, ownership: Ownership) -> Result<Json, Error> {
        self.apply_as(object, FIELD_MANAGER, ownership)
    }

    async fn rehearse(&self, object: &Json, ownership: Ownership) -> Result<Json, Error> {
        // A cluster of its own, with the same objects, that nobody sees.
        let twin = Self::default();
        *twin.lock() = self.lock().clone();
        twin.apply_as(object, FIELD_MANAGER, ownership)
    }

    async fn patch(&self, address: &Address, patch: &Json) -> Result<Json, Error> {
        let merged = std::cell::RefCell::new(Ok(()));
        let result =
            self.patch_with(address, FIELD_MANAGER, |body| *merged.borrow_mut() = crate::patch::merge(body, patch));
        merged.into_inner().map_err(|message| Error::Refused {
            status: 400,
            reason: "BadRequest".to_owned(),
            message,
        })?;
        result
    }

    async fn get(&self, address: &Address) -> Result<Option<Json>, Error> {
        if kinds::find(&address.kind).is_none() || self.lock().removed.contains(&address.kind) {
            return Err(Error::NoSuchKind { kind: address.kind.clone(), version: String::new() });
        }
        Ok(self.find(address))
    }

    async fn list(&self, kind: &KindName, namespace: &str, labels: &str) -> Result<Listed, Error> {
        let state = self.lock();
        let items = state
            .objects
            .iter()
            .filter(|(address, _)| address.kind == *kind && (namespace.is_empty() || address.namespace == namespace))
            .filter(|(_, entry)| has_labels(&entry.body, labels))
            .map(|(_, entry)| entry.body.clone())
            .collect();
        Ok(Listed { items, version: state.version.to_string() })
    }

    async fn is_ours(&self, address: &Address) -> Result<bool, Error> {
        Ok(self.lock().objects.get(address).is_none_or(|entry| entry.owners.has(FIELD_MANAGER)))
    }

    async fn delete(&self, address: &Address) -> Result<(), Error> {
        self.change(|state| {
            state.remove(address);
            Ok(())
        })
    }

    async fn changed(&self, _: &KindName, _: &str, _: &str, version: &str, at_most: Duration) {
        let seen: u64 = version.parse().unwrap_or(0);
        let mut versions = self.version.subscribe();
        // What is late is looked at again all the same.
        let _ = tokio::time::timeout(at_most, versions.wait_for(|version| *version > seen)).await;
    }

    async fn logs(&self, namespace: &str, pod: &str, _: &LogQuery) -> Result<String, Error> {
        let address = Address::new(KindName::new("", "Pod"), namespace, pod);
        // Nothing runs here, so nothing is ever written to a log.
        self.find(&address).map(|_| String::new()).ok_or_else(|| not_found("pods", pod))
    }
}

impl MemoryCluster {
    /// Applies an object server-side as `manager`.
    fn apply_as(&self, object: &Json, manager: &str, ownership: Ownership) -> Result<Json, Error> {
        let address = Address::of(object).ok_or_else(nameless)?;
        let shape = Shape::of_group(&address.kind.group);
        self.change(|state| {
            let known = state.admit(&address, object["apiVersion"].as_str().unwrap_or_default())?;
            if let Some(message) = fields::duplicates(shape, object) {
                return Err(untyped(&message));
            }
            if let Some(message) = known::undeclared(object) {
                return Err(untyped(&message));
            }
            let mut entry = state.objects.get(&address).cloned().unwrap_or_default();
            let mut body = match entry.body.is_null() {
                true => object.clone(),
                false => entry.body.clone(),
            };
            let force = ownership == Ownership::TakeOver;
            entry
                .owners
                .apply(shape, &mut body, object, manager, force)
                .map_err(|message| Error::Conflict { message })?;
            write(state, known, &address, entry, body)
        })
    }
}
