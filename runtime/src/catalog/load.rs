//! Reading registrations: all at the start, those of one provider, or the one that was just written.

use std::sync::Arc;

use futures_util::future::join;
use indexmap::IndexMap;
use radii_model::{ApiVersion, ResourceId, TypeName};
use serde_json::{Map, Value as Json};

use super::key::{Key, Quick};
use super::{Location, NAMESPACE, PROVIDERS, Provider, Providers, Schema, Type};
use crate::store::{self, ListQuery, Record, Store, Texts};
use crate::versions::Remembered;

/// So many registrations are read at once when all are: their texts then fit where those of the page before were, and no
/// fresh memory has to be cleared for them.
const PAGE: usize = 400;

/// What a registration is about, read off its id.
struct Place<'i> {
    plane: &'i str,
    namespace: &'i str,
    what: What<'i>,
}

enum What<'i> {
    Provider,
    Location(&'i str),
    Type(&'i str),
    Version(&'i str, &'i str),
}

impl<'i> Place<'i> {
    fn of(id: &'i str) -> Option<Self> {
        let mut segments = id.split('/');
        let mut is = |word: &str| segments.next().is_some_and(|segment| segment.eq_ignore_ascii_case(word));
        if !(is("") && is("planes") && is("radius")) {
            return None;
        }
        let plane = segments.next()?;
        let mut is = |word: &str| segments.next().is_some_and(|segment| segment.eq_ignore_ascii_case(word));
        if !(is("providers") && is(NAMESPACE) && is(PROVIDERS)) {
            return None;
        }
        let namespace = segments.next()?;
        let what = match [segments.next(), segments.next(), segments.next(), segments.next(), segments.next()] {
            [None, ..] => What::Provider,
            [Some(kind), Some(name), None, ..] if kind.eq_ignore_ascii_case("locations") => What::Location(name),
            [Some(_), Some(name), None, ..] => What::Type(name),
            [Some(_), Some(name), Some(_), Some(version), None] => What::Version(name, version),
            _ => return None,
        };
        Some(Self { plane, namespace, what })
    }
}

/// Where the properties of a registration come from.
enum Properties<'p> {
    Text(&'p str),
    Read(&'p Map<String, Json>),
}

impl Properties<'_> {
    fn read<T>(&self, read: impl FnOnce(&Map<String, Json>) -> T) -> T {
        match self {
            Properties::Text(text) => read(&serde_json::from_str(text).unwrap_or_default()),
            Properties::Read(properties) => read(properties),
        }
    }

    fn into_text(self) -> Box<str> {
        match self {
            Properties::Text(text) => text.into(),
            Properties::Read(properties) => serde_json::to_string(properties).unwrap_or_default().into(),
        }
    }
}

impl Provider {
    /// Takes over the registration of a location, a type or a version of this provider.
    fn add(&mut self, what: &What<'_>, properties: Properties<'_>) {
        match what {
            What::Provider => {}
            What::Location(name) => {
                let location = properties.read(Location::from_properties);
                self.locations.insert((*name).to_owned(), Arc::new(location));
            }
            What::Type(name) => {
                let mut kind = properties.read(|properties| Type::from_properties(name, properties));
                // Its versions are registered for themselves.
                if let Some(old) = self.types.get(*name) {
                    kind.api_versions.clone_from(&old.api_versions);
                }
                self.types.insert((*name).to_owned(), Arc::new(kind));
            }
            What::Version(name, version) => {
                if let (Ok(version), Some(kind)) = (version.parse::<ApiVersion>(), find_mut(&mut self.types, name)) {
                    let kind = Arc::make_mut(kind);
                    kind.api_versions.insert(version, Arc::new(Schema::registered(properties.into_text())));
                    kind.conversions = Remembered::default();
                }
            }
        }
    }

    /// Forgets a location, a type with its versions, or a version.
    fn remove(&mut self, what: &What<'_>) {
        match what {
            What::Provider => {}
            What::Location(name) => self.locations.retain(|known, _| !known.eq_ignore_ascii_case(name)),
            What::Type(name) => self.types.retain(|known, _| !known.eq_ignore_ascii_case(name)),
            What::Version(name, version) => {
                if let (Ok(version), Some(kind)) = (version.parse::<ApiVersion>(), find_mut(&mut self.types, name)) {
                    let kind = Arc::make_mut(kind);
                    kind.api_versions.shift_remove(&version);
                    kind.conversions = Remembered::default();
                }
            }
        }
    }
}

fn find_mut<'a, T>(map: &'a mut IndexMap<String, T>, name: &str) -> Option<&'a mut T> {
    // Looked up twice because a borrow that is returned lasts for the whole function.
    if map.contains_key(name) {
        return map.get_mut(name);
    }
    map.iter_mut().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// Reads the registrations of all providers.
pub(super) async fn all(store: &dyn Store) -> Result<Providers, store::Error> {
    let mut providers: IndexMap<Key<String>, Provider, Quick> = IndexMap::default();
    // Parents first: a child whose parent is not registered belongs to nothing and is left out.
    for kind in ["", "/locations", "/resourceTypes", "/resourceTypes/apiVersions"] {
        let kind = TypeName::new(NAMESPACE, format!("{PROVIDERS}{kind}"));
        let mut page = store.list_texts(&kind, None, PAGE).await?;
        loop {
            let next = page.next;
            let following = async {
                match next {
                    Some(after) => store.list_texts(&kind, Some(after), PAGE).await.map(Some),
                    None => Ok(None),
                }
            };
            // The database reads on while this page is taken over.
            let (following, ()) = join(following, async { take_over_all(&mut providers, &page) }).await;
            match following? {
                Some(following) => page = following,
                None => break,
            }
        }
    }
    Ok(providers.into_iter().map(|(key, provider)| (key, Arc::new(provider))).collect())
}

/// Takes a page of registrations of one kind over.
fn take_over_all(providers: &mut IndexMap<Key<String>, Provider, Quick>, page: &Texts) {
    for text in page.iter() {
        let Some(Place { plane, namespace, what }) = Place::of(text.id) else { continue };
        if let What::Provider = what {
            let key = Key(plane, namespace).owned();
            let (plane, namespace) = (plane.to_owned(), namespace.to_owned());
            providers.insert(key, Provider { plane, namespace, ..Provider::default() });
        } else if let Some(provider) = providers.get_mut(&Key(plane, namespace)) {
            provider.add(&what, Properties::Text(text.properties));
        }
    }
}

/// Reads the registrations of one provider; `None` when it is not registered.
pub(super) async fn provider(
    store: &dyn Store,
    plane: &str,
    namespace: &str,
) -> Result<Option<Provider>, store::Error> {
    let text = format!("/planes/radius/{plane}/providers/{NAMESPACE}/{PROVIDERS}/{namespace}");
    let Ok(id) = text.parse::<ResourceId>() else { return Ok(None) };
    let Some(record) = store.find_shared(&id).await? else { return Ok(None) };
    let registered = record.id.to_string();
    let Some(Place { plane, namespace, .. }) = Place::of(&registered) else { return Ok(None) };
    let mut provider = Provider { plane: plane.to_owned(), namespace: namespace.to_owned(), ..Provider::default() };
    let query = ListQuery { scope: Some(id), recursive: true, kind: None, after: None, limit: None };
    let mut children = store.list(&query).await?.records;
    // Types before their versions, whatever the order they were written in.
    children.sort_by_key(|child| child.id.types().len());
    for child in &children {
        let id = child.id.to_string();
        if let Some(place) = Place::of(&id) {
            provider.add(&place.what, Properties::Read(&child.properties));
        }
    }
    Ok(Some(provider))
}

/// Puts a registration that was written, or deleted, in its place among those that are known.
pub(super) fn take_over(providers: &mut Providers, id: &ResourceId, found: Option<&Record>) {
    let id = found.map_or(id, |record| &record.id).to_string();
    let Some(Place { plane, namespace, what }) = Place::of(&id) else { return };
    let key = Key(plane, namespace);
    match (what, found) {
        (What::Provider, None) => drop(providers.shift_remove(&key)),
        (What::Provider, Some(_)) => {
            let provider = || {
                let (plane, namespace) = (plane.to_owned(), namespace.to_owned());
                Arc::new(Provider { plane, namespace, ..Provider::default() })
            };
            providers.entry(key.owned()).or_insert_with(provider);
        }
        (what, found) => {
            let Some(provider) = providers.get_mut(&key) else { return };
            let provider = Arc::make_mut(provider);
            match found {
                Some(record) => provider.add(&what, Properties::Read(&record.properties)),
                None => provider.remove(&what),
            }
        }
    }
}
