//! Members that nobody declared, and what was likely meant by them.

use super::walk::Walk;
use super::{MISSING_PROPERTY, UNKNOWN_PROPERTY, mend};
use crate::advice::Advice;
use crate::document::{Entry, edit};
use crate::path::Path;
use crate::schema::{Kind, Schema};
use crate::suggest::{abbreviated, closest, only, related};
use crate::value;

impl Walk<'_> {
    /// Reports a property that nobody declared; returns the declared one that was likely meant.
    pub(super) fn unknown(
        &mut self,
        schema: &Schema,
        members: &indexmap::IndexMap<String, Entry>,
        name: &str,
        entry: &Entry,
        path: &Path<'_>,
    ) -> Option<String> {
        let (help, meant) = self.instead_of(schema, members, name, entry);
        let message = format!("the type has no property `{name}` here");
        self.report(UNKNOWN_PROPERTY, entry.key_span, path, message, help, schema.span_of("properties"));
        meant
    }

    /// Warns of a property that nobody declared where others are let through; an error where it is a required one,
    /// misspelt.
    pub(super) fn undeclared(
        &mut self,
        schema: &Schema,
        members: &indexmap::IndexMap<String, Entry>,
        name: &str,
        entry: &Entry,
        path: &Path<'_>,
    ) -> Option<String> {
        let is_base = |name: &str| {
            crate::base::SERVER_PROPERTIES.contains(&name) || crate::base::base_schema().properties.contains_key(name)
        };
        if self.around.len() == 1 && is_base(name) {
            return None;
        }
        let (help, meant) = self.instead_of(schema, members, name, entry);
        let definition = schema.span_of("properties");
        match meant.filter(|meant| schema.required.contains(meant)) {
            Some(meant) => {
                let message = format!("the required property `{meant}` is missing; the type has no `{name}`");
                self.report(MISSING_PROPERTY, entry.key_span, path, message, help, definition);
                Some(meant)
            }
            None => {
                let message = format!("the type declares no property `{name}` here; it is kept, and nothing reads it");
                self.warn(UNKNOWN_PROPERTY, entry.key_span, path, message, help, definition);
                None
            }
        }
    }

    /// What to do about a property that nobody declared, and the declared one that was likely meant.
    fn instead_of(
        &self,
        schema: &Schema,
        members: &indexmap::IndexMap<String, Entry>,
        name: &str,
        entry: &Entry,
    ) -> (Advice, Option<String>) {
        let free = schema.properties.keys().map(String::as_str).filter(|known| !members.contains_key(*known));
        let elsewhere = self.home_of(schema, members, name, entry);
        let begun = free.clone().filter(|known| known.len() > 5 && name.starts_with(*known));
        let meant = closest(name, free.clone())
            .or_else(|| abbreviated(name, free).filter(|_| elsewhere.is_none()))
            .or_else(|| only(begun).filter(|_| elsewhere.is_none()))
            .or_else(|| self.sharing_words(schema, members, name, entry).filter(|_| elsewhere.is_none()))
            .or_else(|| self.only_missing(schema, members, name, entry).filter(|_| elsewhere.is_none()));
        if let Some(known) = meant {
            return (Advice::rename(known), Some(known.to_owned()));
        }
        let help = elsewhere.or_else(|| self.needless_object(schema, members, entry)).unwrap_or_else(|| {
            let known: Vec<String> = schema.properties.keys().take(20).map(|name| format!("`{name}`")).collect();
            let help = Advice::from(format!("remove it; known are {}", known.join(", ")));
            // A block without members would be null.
            let is_block = edit::column(self.text, entry.key_span.start as usize).is_some();
            match edit::whole_member(entry, self.text).filter(|_| members.len() > 1 || !is_block) {
                Some(span) => help.write_at(span, ""),
                None => help,
            }
        });
        (help, None)
    }

    /// Where an object that nobody declared stands around what is declared beside it.
    fn needless_object(
        &self,
        schema: &Schema,
        members: &indexmap::IndexMap<String, Entry>,
        entry: &Entry,
    ) -> Option<Advice> {
        let inner = entry.node.as_object().filter(|inner| !inner.is_empty())?;
        let mut is_free = inner.keys().map(|name| schema.properties.contains_key(name) && !members.contains_key(name));
        if !is_free.all(|is_free| is_free) {
            return None;
        }
        let help = Advice::from("write its members here, without the object around them");
        Some(match edit::unwrapped(entry, self.text) {
            Some((span, text)) => help.write_at(span, text).titled("remove the object around its members"),
            None => help,
        })
    }

    /// The only property that is free, has words of the name, and may have the value.
    fn sharing_words<'s>(
        &self,
        schema: &'s Schema,
        members: &indexmap::IndexMap<String, Entry>,
        name: &str,
        entry: &Entry,
    ) -> Option<&'s str> {
        let free = schema.properties.keys().map(String::as_str).filter(|known| !members.contains_key(*known));
        related(name, free).filter(|known| self.may_be(schema, known, entry))
    }

    /// The only required property that is missing, where nothing else that nobody declared stands beside a value that
    /// it may have.
    fn only_missing<'s>(
        &self,
        schema: &'s Schema,
        members: &indexmap::IndexMap<String, Entry>,
        name: &str,
        entry: &Entry,
    ) -> Option<&'s str> {
        let mut others = members.keys().filter(|own| *own != name);
        if others.any(|own| !schema.properties.contains_key(own)) {
            return None;
        }
        let missing = only(schema.required.iter().map(String::as_str).filter(|own| !members.contains_key(*own)))?;
        self.may_be(schema, missing, entry).then_some(missing)
    }

    /// Whether a member would be right if it were called by the name of a property.
    fn may_be(&self, schema: &Schema, name: &str, entry: &Entry) -> bool {
        let Some(property) = schema.properties.get(name).map(|property| &property.schema) else { return false };
        let json = entry.node.to_json();
        // What stands for another resource is an id, whatever else the type says of it.
        let is_id = json.as_str().is_some_and(|text| text.starts_with('/'));
        let is_likely = is_id || !(self.around.len() == 1 && crate::base::base_schema().properties.contains_key(name));
        let has_kind = property.reference.is_some() || property.kind.is_some_and(|kind| kind != Kind::Any);
        is_likely && has_kind && !property.read_only && value::violations(property, self.root, &json).is_empty()
    }

    /// Where a member that stands in the wrong object belongs: an object around, or one beside it.
    fn home_of(
        &self,
        schema: &Schema,
        members: &indexmap::IndexMap<String, Entry>,
        name: &str,
        entry: &Entry,
    ) -> Option<Advice> {
        let outer = self
            .around
            .iter()
            .rev()
            .skip(1)
            .find(|(outer, node)| outer.properties.contains_key(name) && node.get(name).is_none());
        if let Some((_, node)) = outer {
            let help = Advice::from("move it out of the object that it stands in");
            // An object without members would be left behind.
            let change = edit::moved(entry, node, self.text).filter(|_| members.len() > 1);
            return Some(match change {
                Some((span, text)) => help.write_at(span, text).titled("move it"),
                None => help,
            });
        }
        let place = mend::holder_of(schema, name).or_else(|| mend::holder_of(self.root, name))?;
        let help = Advice::from(format!("move it into `{place}`"));
        let own = members.get(place).filter(|_| schema.properties.contains_key(place));
        let change = match own {
            Some(own) if own.node.get(name).is_none() => edit::moved(entry, &own.node, self.text),
            None if schema.properties.contains_key(place) => edit::wrapped(entry, place, self.text),
            _ => None,
        };
        Some(match change {
            Some((span, text)) => help.write_at(span, text).titled("move it"),
            None => help,
        })
    }
}
