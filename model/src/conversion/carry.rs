//! One value from one version to another.

use serde_json::{Map, Number, Value as Json};

use super::lineage::{Holds, Level, Versions, holds};
use super::place::below;
use super::{Kept, VALUES_RENAMED_FROM};
use crate::schema::{Kind, Schema};
use crate::value;

/// Carries values between two versions.
pub(super) struct Carrier<'c, 't> {
    pub(super) versions: &'c Versions<'t>,
    pub(super) from: usize,
    pub(super) to: usize,
}

impl<'t> Carrier<'_, 't> {
    /// Carries a whole body; what the version cannot hold is returned beside it.
    pub(super) fn whole(&self, body: &Json) -> Option<(Json, Vec<Kept>)> {
        self.at(&self.versions.whole(), body, "")
    }

    /// Carries the value that stands at `pointer`; `None` when the version cannot hold it at all.
    pub(super) fn at(&self, level: &Level<'t>, value: &Json, pointer: &str) -> Option<(Json, Vec<Kept>)> {
        let mut kept = Vec::new();
        let carried = self.value(level, value, pointer, &mut kept)?;
        Some((carried, kept))
    }

    /// As [`Carrier::at`], for a value that was kept aside: its own version takes it whatever it is.
    pub(super) fn back(&self, level: &Level<'t>, value: &Json, pointer: &str) -> Option<(Json, Vec<Kept>)> {
        if self.from == self.to { Some((value.clone(), Vec::new())) } else { self.at(level, value, pointer) }
    }

    fn value(&self, level: &Level<'t>, value: &Json, pointer: &str, kept: &mut Vec<Kept>) -> Option<Json> {
        let (old, new) = (level.schemas[self.from], level.schemas[self.to]);
        if old.is_some_and(|schema| schema.sensitive) && new.is_some_and(|schema| schema.sensitive) {
            return Some(value.clone());
        }
        // A value that its own version should have refused is looked at as a whole.
        let takes = |kind: Kind| {
            let takes = |schema: Option<&Schema>| {
                !is_combined(schema)
                    && schema.and_then(|schema| schema.kind).is_none_or(|own| own == Kind::Any || own == kind)
            };
            takes(old) && takes(new)
        };
        match value {
            Json::Object(members) if takes(Kind::Object) => Some(self.object(level, members, pointer, kept)),
            Json::Array(items) if takes(Kind::Array) => self.list(level, items, pointer, kept),
            _ => self.whole_value(level, value, pointer, kept),
        }
    }

    fn object(&self, level: &Level<'t>, members: &Map<String, Json>, pointer: &str, kept: &mut Vec<Kept>) -> Json {
        let mut carried = Map::new();
        for (name, value) in members {
            let (names, member) = self.versions.member(level, self.from, name);
            let place = below(pointer, name);
            let to = names[self.to].as_deref();
            let fits = match (holds(level.schemas[self.from], Some(name)), holds(level.schemas[self.to], to)) {
                (Holds::Known(_), Holds::Known(_)) => self.value(&member, value, &place, kept),
                (Holds::Stray, Holds::Stray) => Some(value.clone()),
                _ => None,
            };
            match (fits, to) {
                (Some(value), Some(to)) => {
                    carried.insert(to.to_owned(), value);
                }
                _ => kept.push(self.keep(place, value.clone())),
            }
        }
        Json::Object(carried)
    }

    fn list(&self, level: &Level<'t>, items: &[Json], pointer: &str, kept: &mut Vec<Kept>) -> Option<Json> {
        let each = self.versions.items(level);
        let mut kept_below = Vec::new();
        let carried: Option<Vec<Json>> = (items.iter().enumerate())
            .map(|(at, item)| self.value(&each, item, &below(pointer, &at.to_string()), &mut kept_below))
            .collect();
        // A list with a hole would shift the items after it: it waits as a whole.
        let carried = Json::Array(carried?);
        let respelled = |entry: &Kept| entry.instead.is_some() && is_item_of(&entry.pointer, pointer);
        if kept_below.iter().any(respelled) {
            let whole = self.keep(pointer.to_owned(), Json::Array(items.to_vec()));
            kept.push(Kept { instead: Some(carried.clone()), ..whole });
        } else {
            kept.extend(kept_below);
        }
        Some(carried)
    }

    fn keep(&self, pointer: String, value: Json) -> Kept {
        Kept { version: self.versions.name(self.from).clone(), pointer, value: Some(value), instead: None }
    }

    /// Carries a value without looking into it; one that would not come back as it was is kept aside as well.
    fn whole_value(&self, level: &Level<'t>, value: &Json, pointer: &str, kept: &mut Vec<Kept>) -> Option<Json> {
        let there = self.one_way(level, value)?;
        let back = Carrier { versions: self.versions, from: self.to, to: self.from };
        let is_own = level.schemas[self.from].is_none_or(|own| back.accepts(own, value));
        if !is_own || there != self.renamed(level, value) || back.renamed(level, &there) != *value {
            kept.push(Kept { instead: Some(there.clone()), ..self.keep(pointer.to_owned(), value.clone()) });
        }
        Some(there)
    }

    fn one_way(&self, level: &Level<'t>, value: &Json) -> Option<Json> {
        let value = self.renamed(level, value);
        let Some(new) = level.schemas[self.to] else { return Some(value) };
        let fits = |candidate: &Json| self.accepts(new, candidate);
        if fits(&value) {
            return Some(value);
        }
        spellings(&value, new.kind?).into_iter().find(fits)
    }

    /// Whether a value is of a schema's type; bounds and patterns are the validator's business.
    fn accepts(&self, schema: &Schema, value: &Json) -> bool {
        if is_combined(Some(schema)) || value.is_array() || value.is_object() {
            return value::violations(schema, self.versions.root(self.to), value).is_empty();
        }
        let bare = Schema {
            kind: schema.kind,
            nullable: schema.nullable,
            enumeration: schema.enumeration.clone(),
            ..Schema::default()
        };
        value::violations(&bare, &bare, value).is_empty()
    }

    /// Returns the value under the name that the version has for it.
    fn renamed(&self, level: &Level<'t>, value: &Json) -> Json {
        let Json::String(text) = value else { return value.clone() };
        let mut name = text.as_str();
        if self.from < self.to {
            for schema in &level.schemas[self.from + 1..=self.to] {
                let heir =
                    old_names(*schema).and_then(|names| names.iter().find(|(_, old)| old.as_str() == Some(name)));
                name = heir.map_or(name, |(new, _)| new);
            }
        } else {
            for schema in level.schemas[self.to + 1..=self.from].iter().rev() {
                name = old_names(*schema).and_then(|names| names.get(name)).and_then(Json::as_str).unwrap_or(name);
            }
        }
        name.into()
    }

    /// Fills required properties that are missing with their defaults, and remembers what was filled in.
    pub(super) fn fill_in(&self, body: &mut Json, kept: &mut Vec<Kept>) {
        // Filling goes by the names of the new version: it is the present one from now on.
        self.fill(&self.versions.whole(), body, "", kept);
    }

    fn fill(&self, level: &Level<'t>, value: &mut Json, pointer: &str, kept: &mut Vec<Kept>) {
        match (value, level.schemas[self.to]) {
            (Json::Object(members), Some(schema)) => {
                for name in
                    schema.required.iter().filter(|name| !members.contains_key(*name)).cloned().collect::<Vec<_>>()
                {
                    let Some(property) = schema.properties.get(&name).filter(|property| !property.schema.read_only)
                    else {
                        continue;
                    };
                    if let Some(default) = &property.schema.default {
                        members.insert(name.clone(), default.clone());
                        self.note_filled(&below(pointer, &name), default, kept);
                    }
                }
                for (name, value) in members.iter_mut() {
                    let (_, member) = self.versions.member(level, self.to, name);
                    self.fill(&member, value, &below(pointer, name), kept);
                }
            }
            (Json::Array(items), Some(_)) => {
                let each = self.versions.items(level);
                for (at, item) in items.iter_mut().enumerate() {
                    self.fill(&each, item, &below(pointer, &at.to_string()), kept);
                }
            }
            _ => {}
        }
    }

    /// Remembers a filled-in value: with the value that waits for the same place, or on its own.
    fn note_filled(&self, pointer: &str, default: &Json, kept: &mut Vec<Kept>) {
        let path = super::tokens(pointer);
        let waiting = kept.iter_mut().find(|entry| {
            let Ok(origin) = self.versions.index(&entry.version) else { return false };
            let lineage = self.versions.locate(origin, &super::tokens(&entry.pointer));
            lineage.path_in(self.to) == Some(path.as_slice())
        });
        match waiting {
            Some(entry) => entry.instead = Some(default.clone()),
            None => kept.push(Kept {
                version: self.versions.name(self.to).clone(),
                pointer: pointer.to_owned(),
                value: None,
                instead: Some(default.clone()),
            }),
        }
    }
}

/// Whether a pointer leads to an item of the list at `list`.
fn is_item_of(pointer: &str, list: &str) -> bool {
    pointer.strip_prefix(list).and_then(|rest| rest.strip_prefix('/')).is_some_and(|index| !index.contains('/'))
}

fn is_combined(schema: Option<&Schema>) -> bool {
    schema.is_some_and(|schema| {
        let combined = &schema.composition;
        combined.not.is_some()
            || [&combined.all_of, &combined.any_of, &combined.one_of].into_iter().any(|list| !list.is_empty())
    })
}

fn old_names(schema: Option<&Schema>) -> Option<&Map<String, Json>> {
    schema?.extensions.get(VALUES_RENAMED_FROM)?.as_object()
}

/// Returns other ways to write a value, for a schema of another type.
fn spellings(value: &Json, kind: Kind) -> Vec<Json> {
    match (value, kind) {
        (Json::Number(number), Kind::String) => vec![number.to_string().into()],
        (Json::Bool(flag), Kind::String) => vec![flag.to_string().into()],
        (Json::String(text), Kind::Integer | Kind::Number) => {
            text.parse::<Number>().ok().map(Json::Number).into_iter().collect()
        }
        (Json::String(text), Kind::Boolean) => text.parse::<bool>().ok().map(Json::Bool).into_iter().collect(),
        (Json::Array(items), _) if items.len() == 1 && kind != Kind::Array => vec![items[0].clone()],
        (_, Kind::Array) if !value.is_array() && !value.is_null() => vec![Json::Array(vec![value.clone()])],
        _ => Vec::new(),
    }
}
