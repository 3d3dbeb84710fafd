//! Which property of one version is which of another.

use serde_json::Value as Json;

use super::{RENAMED_FROM, UnknownVersion};
use crate::ApiVersion;
use crate::schema::{Additional, Kind, Schema};

/// The versions of a type, oldest first, with their schemas.
#[derive(Clone, Debug)]
pub(super) struct Versions<'t> {
    list: Vec<(&'t ApiVersion, &'t Schema)>,
}

/// One place in a body, as each version describes it; `None` where a version says nothing about it.
#[derive(Clone, Debug)]
pub(super) struct Level<'t> {
    pub(super) schemas: Vec<Option<&'t Schema>>,
}

/// What a version makes of a member of an object.
#[derive(Clone, Copy, Debug)]
pub(super) enum Holds<'t> {
    /// The version knows it: by name, as a value of a map, or because the object is free.
    Known(Option<&'t Schema>),
    /// The version says nothing of it, but would not refuse it.
    Stray,
    /// The version refuses it.
    Refused,
}

/// A path, followed through all versions.
#[derive(Debug)]
pub(super) struct Lineage<'t> {
    /// What the path leads to.
    pub(super) level: Level<'t>,
    /// The path in each version, if there is a counterpart.
    paths: Vec<Option<Vec<String>>>,
    /// Whether each version knows every step of the path.
    known: Vec<Knowledge>,
}

/// How much a version knows of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Knowledge {
    Known,
    Stray,
    Refused,
}

impl<'t> Versions<'t> {
    pub(super) fn new(schemas: impl IntoIterator<Item = (&'t ApiVersion, &'t Schema)>) -> Self {
        let mut list: Vec<_> = schemas.into_iter().collect();
        list.sort_by_key(|(version, _)| *version);
        Self { list }
    }

    pub(super) fn index(&self, version: &ApiVersion) -> Result<usize, UnknownVersion> {
        self.list.iter().position(|(known, _)| *known == version).ok_or_else(|| {
            let known: Vec<_> = self.list.iter().map(|(version, _)| format!("`{version}`")).collect();
            UnknownVersion(version.clone(), known.join(", "))
        })
    }

    pub(super) fn name(&self, at: usize) -> &'t ApiVersion {
        self.list[at].0
    }

    /// The schema that references of a version count from.
    pub(super) fn root(&self, at: usize) -> &'t Schema {
        self.list[at].1
    }

    /// The whole body.
    pub(super) fn whole(&self) -> Level<'t> {
        Level { schemas: self.list.iter().map(|(_, schema)| schema.followed(schema)).collect() }
    }

    /// The member that the version `at` calls `name`: its names in all versions, and what they say of it.
    pub(super) fn member(&self, level: &Level<'t>, at: usize, name: &str) -> (Vec<Option<String>>, Level<'t>) {
        let names = self.names(level, at, name);
        let schemas = (level.schemas.iter().zip(&names).zip(&self.list))
            .map(|((schema, name), (_, root))| match holds(*schema, name.as_deref()) {
                Holds::Known(known) => known.and_then(|known| known.followed(root)),
                Holds::Stray | Holds::Refused => None,
            })
            .collect();
        (names, Level { schemas })
    }

    /// The items of a list.
    pub(super) fn items(&self, level: &Level<'t>) -> Level<'t> {
        let items = level.schemas.iter().zip(&self.list);
        let schemas = items.map(|(schema, (_, root))| schema.and_then(|schema| schema.item(root)));
        Level { schemas: schemas.collect() }
    }

    /// Follows a path of the version `origin`.
    pub(super) fn locate(&self, origin: usize, path: &[String]) -> Lineage<'t> {
        let count = self.list.len();
        let mut lineage =
            Lineage { level: self.whole(), paths: vec![Some(Vec::new()); count], known: vec![Knowledge::Known; count] };
        for token in path {
            let is_list = lineage.level.schemas[origin].is_some_and(|schema| schema.kind == Some(Kind::Array));
            if is_list {
                lineage.paths.iter_mut().flatten().for_each(|path| path.push(token.clone()));
                lineage.level = self.items(&lineage.level);
                continue;
            }
            let (names, level) = self.member(&lineage.level, origin, token);
            for (at, name) in names.into_iter().enumerate() {
                let knowledge = match holds(lineage.level.schemas[at], name.as_deref()) {
                    Holds::Known(_) => Knowledge::Known,
                    Holds::Stray => Knowledge::Stray,
                    Holds::Refused => Knowledge::Refused,
                };
                if lineage.known[at] == Knowledge::Known {
                    lineage.known[at] = knowledge;
                }
                match name {
                    Some(name) => lineage.paths[at].iter_mut().for_each(|path| path.push(name.clone())),
                    None => lineage.paths[at] = None,
                }
            }
            lineage.level = level;
        }
        lineage
    }

    /// Returns the member's name in each version; `None` where it has no counterpart.
    ///
    /// Each step is a bijection, so that the way back leads to where the way there began.
    fn names(&self, level: &Level<'t>, at: usize, name: &str) -> Vec<Option<String>> {
        let mut names = vec![None; self.list.len()];
        names[at] = Some(name.to_owned());
        for older in (0..at).rev() {
            let Some(newer) = &names[older + 1] else { break };
            names[older] = ancestor(level.schemas[older + 1], newer).map(str::to_owned);
        }
        for newer in at + 1..self.list.len() {
            let Some(older) = &names[newer - 1] else { break };
            names[newer] = heir(level.schemas[newer], older).map(str::to_owned);
        }
        names
    }
}

impl Lineage<'_> {
    /// Returns the path in a version, whether or not that version knows it; `None` when it has no counterpart there.
    pub(super) fn path_in(&self, version: usize) -> Option<&[String]> {
        self.paths[version].as_deref()
    }

    /// Whether a value that was kept aside by `origin` may stand in a body of `version`.
    pub(super) fn carries(&self, origin: usize, version: usize) -> bool {
        origin == version || (self.known[origin] == self.known[version] && self.known[version] != Knowledge::Refused)
    }
}

/// Returns what a schema says of the member `name`.
pub(super) fn holds<'t>(schema: Option<&'t Schema>, name: Option<&str>) -> Holds<'t> {
    let Some(name) = name else { return Holds::Refused };
    let Some(schema) = schema else { return Holds::Known(None) };
    if let Some(property) = schema.properties.get(name) {
        return Holds::Known(Some(&property.schema));
    }
    match &schema.additional {
        Additional::Schema(values) => Holds::Known(Some(values)),
        Additional::Allowed(false, _) => Holds::Refused,
        Additional::Absent | Additional::Allowed(true, _) if schema.properties.is_empty() => Holds::Known(None),
        Additional::Absent | Additional::Allowed(true, _) => Holds::Stray,
    }
}

/// Returns what the property `name` is called in the preceding version, where that is written down.
pub(super) fn renamed_from<'s>(schema: &'s Schema, name: &str) -> Option<&'s str> {
    schema.properties.get(name)?.schema.extensions.get(RENAMED_FROM).and_then(Json::as_str)
}

/// Returns the property that was called `old` in the preceding version.
fn renamed_to<'s>(schema: &'s Schema, old: &str) -> Option<&'s str> {
    schema.properties.keys().find(|name| renamed_from(schema, name) == Some(old)).map(String::as_str)
}

/// Returns what `old` became in the version of `newer`.
fn heir<'s>(newer: Option<&'s Schema>, old: &'s str) -> Option<&'s str> {
    let Some(schema) = newer else { return Some(old) };
    match renamed_to(schema, old) {
        Some(heir) => Some(heir),
        // Another property has taken the name.
        None => renamed_from(schema, old).is_none().then_some(old),
    }
}

/// Returns what the member `new` of a version was in the version before.
fn ancestor<'s>(newer: Option<&'s Schema>, new: &'s str) -> Option<&'s str> {
    let Some(schema) = newer else { return Some(new) };
    match renamed_from(schema, new) {
        Some(old) => Some(old),
        // The name belonged to another property.
        None => renamed_to(schema, new).is_none().then_some(new),
    }
}
