//! Changes between two schemas.

use serde_json::Value as Json;

use super::keywords;
use super::{Changes, Severity};
use crate::path::Path;
use crate::schema::{Additional, Kind, Property, Schema};

/// How deep references are followed; a recursive schema would never end.
const DEEPEST: usize = 64;

/// Compares two schemas that are documents of their own.
pub(super) fn compare(old: &Schema, new: &Schema, path: &Path<'_>, changes: &mut Changes) {
    let sides = Sides { old_root: old, new_root: new };
    sides.schema(Pair { old, new, direction: Direction::Both, depth: 0 }, path, changes);
}

/// Who meets a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    /// Authors write it and read it back.
    Both,
    /// Recipes set it, everybody reads it.
    Read,
    /// Authors write it, nobody reads it.
    Write,
}

impl Direction {
    fn of(self, old: &Schema, new: &Schema) -> Self {
        match self {
            Direction::Both if old.read_only && new.read_only => Direction::Read,
            Direction::Both if old.write_only && new.write_only => Direction::Write,
            other => other,
        }
    }

    /// How bad it is that fewer values are allowed than before.
    pub(super) fn narrowed(self) -> Severity {
        if self == Direction::Read { Severity::Compatible } else { Severity::Breaking }
    }

    /// How bad it is that more values are allowed than before.
    pub(super) fn widened(self) -> Severity {
        if self == Direction::Read { Severity::Risky } else { Severity::Compatible }
    }

    /// How bad it is that other values are allowed than before.
    fn replaced(self) -> Severity {
        Severity::Breaking
    }
}

/// A schema and the one in its place.
#[derive(Clone, Copy)]
pub(super) struct Pair<'s> {
    pub(super) old: &'s Schema,
    pub(super) new: &'s Schema,
    pub(super) direction: Direction,
    depth: usize,
}

struct Sides<'s> {
    old_root: &'s Schema,
    new_root: &'s Schema,
}

impl<'s> Sides<'s> {
    fn schema(&self, pair: Pair<'s>, path: &Path<'_>, changes: &mut Changes) {
        let (Some(old), Some(new)) = (pair.old.followed(self.old_root), pair.new.followed(self.new_root)) else {
            return;
        };
        if pair.depth > DEEPEST {
            return;
        }
        let direction = pair.direction.of(old, new);
        let pair = Pair { old, new, direction, depth: pair.depth + 1 };
        if kind(pair, path, changes) {
            return;
        }
        keywords::compare(pair, path, changes);
        self.items(pair, path, changes);
        self.properties(pair, &path.key("properties"), changes);
        self.additional(pair, &path.key("additionalProperties"), changes);
        self.composition(pair, path, changes);
    }

    fn below(&self, pair: Pair<'s>, old: &'s Schema, new: &'s Schema, path: &Path<'_>, changes: &mut Changes) {
        self.schema(Pair { old, new, ..pair }, path, changes);
    }

    fn items(&self, pair: Pair<'s>, path: &Path<'_>, changes: &mut Changes) {
        if let (Some(old), Some(new)) = (&pair.old.items, &pair.new.items) {
            self.below(pair, old, new, &path.key("items"), changes);
        }
    }

    fn properties(&self, pair: Pair<'s>, path: &Path<'_>, changes: &mut Changes) {
        let (old, new) = (pair.old, pair.new);
        for (name, was) in &old.properties {
            let path = path.key(name);
            let Some(is) = new.properties.get(name) else {
                removed(pair, name, was, &path, changes);
                continue;
            };
            presence(pair, name, was, is, &path, changes);
            self.below(pair, &was.schema, &is.schema, &path, changes);
        }
        for (name, is) in new.properties.iter().filter(|(name, _)| !old.properties.contains_key(*name)) {
            added(pair, name, is, &path.key(name), changes);
        }
    }

    fn additional(&self, pair: Pair<'s>, path: &Path<'_>, changes: &mut Changes) {
        let spans = (pair.old.span, pair.new.span);
        let open = |schema: &Schema| !matches!(schema.additional, Additional::Allowed(false, _));
        match (&pair.old.additional, &pair.new.additional) {
            (Additional::Schema(was), Additional::Schema(is)) => self.below(pair, was, is, path, changes),
            (_, Additional::Allowed(false, _)) if open(pair.old) => {
                let what = "unknown properties are no longer allowed".to_owned();
                let why = "bodies with other properties are refused";
                let severity = pair.direction.narrowed();
                changes.add("object-closed", severity, &path.to_string(), what, why).at(spans.0, spans.1);
            }
            (Additional::Absent | Additional::Allowed(true, _), Additional::Schema(values))
                if !values.is_unrestricted() =>
            {
                let what = "the values of unknown properties have a schema now".to_owned();
                let why = "bodies whose other properties do not fit are refused";
                let severity = pair.direction.narrowed();
                let change = changes.add("map-values-restricted", severity, &path.to_string(), what, why);
                change.at(spans.0, values.span);
            }
            (Additional::Allowed(false, _), _) if open(pair.new) => {
                let what = "unknown properties are allowed now".to_owned();
                let why = "readers may meet properties that they do not know";
                let severity = pair.direction.widened();
                changes.add("object-opened", severity, &path.to_string(), what, why).at(spans.0, spans.1);
            }
            (Additional::Schema(values), Additional::Absent | Additional::Allowed(true, _))
                if !values.is_unrestricted() =>
            {
                let what = "the values of unknown properties are no longer described".to_owned();
                let why = "readers may meet values that they do not expect";
                let change = changes.add("map-values-freed", Severity::Risky, &path.to_string(), what, why);
                change.at(values.span, spans.1);
            }
            _ => {}
        }
    }

    fn composition(&self, pair: Pair<'s>, path: &Path<'_>, changes: &mut Changes) {
        let (old, new) = (&pair.old.composition, &pair.new.composition);
        for (keyword, was, is) in [
            ("anyOf", &old.any_of, &new.any_of),
            ("oneOf", &old.one_of, &new.one_of),
            ("allOf", &old.all_of, &new.all_of),
        ] {
            let path = path.key(keyword);
            if was.len() == is.len() {
                for (at, (was, is)) in was.iter().zip(is).enumerate() {
                    self.below(pair, was, is, &path.index(at), changes);
                }
                continue;
            }
            let more = is.len() > was.len();
            // Every part of `allOf` restricts; every variant of the others allows.
            let narrowed = more == (keyword == "allOf") || was.is_empty();
            let severity = if narrowed { pair.direction.narrowed() } else { pair.direction.widened() };
            let what = format!("`{keyword}` has {} parts, not {}", is.len(), was.len());
            let why = "bodies that fitted may not fit any more, or readers may meet values that they do not know";
            changes.add("variants-changed", severity, &path.to_string(), what, why).at(pair.old.span, pair.new.span);
        }
        if plain(old.not.as_deref()) != plain(new.not.as_deref()) {
            let what = "`not` changed".to_owned();
            let path = path.key("not").to_string();
            let why = "bodies that fitted may be excluded";
            changes.add("exclusion-changed", Severity::Risky, &path, what, why).at(pair.old.span, pair.new.span);
        }
    }
}

fn plain(schema: Option<&Schema>) -> Option<Json> {
    schema.map(Schema::to_openapi)
}

/// Compares the types; returns whether nothing else can be compared.
fn kind(pair: Pair<'_>, path: &Path<'_>, changes: &mut Changes) -> bool {
    let (was, is) = (pair.old.kind.filter(|kind| *kind != Kind::Any), pair.new.kind.filter(|kind| *kind != Kind::Any));
    if was == is {
        return false;
    }
    let name = |kind: Option<Kind>| kind.map_or("any value", Kind::as_str);
    let (severity, why) = match (was, is) {
        (None, Some(_)) => (pair.direction.narrowed(), "values of other types are refused"),
        (Some(_), None) => (Severity::Risky, "readers may meet values of other types"),
        (Some(Kind::Integer), Some(Kind::Number)) => (Severity::Risky, "readers may meet fractions"),
        (Some(Kind::Number), Some(Kind::Integer)) => (pair.direction.narrowed(), "fractions are refused"),
        _ => (pair.direction.replaced(), "values of the old type are refused, and answers have values of the new one"),
    };
    let what = format!("the type `{}` became `{}`", name(was), name(is));
    let change = changes.add("type-changed", severity, &path.key("type").to_string(), what, why);
    let value = |kind: Option<Kind>| kind.map(|kind| Json::from(kind.as_str()));
    change.at(pair.old.span_of("type"), pair.new.span_of("type")).values(value(was), value(is));
    let comparable = matches!((was, is), (Some(Kind::Integer | Kind::Number), Some(Kind::Integer | Kind::Number)));
    !comparable && was.is_some() && is.is_some()
}

fn removed(pair: Pair<'_>, name: &str, was: &Property, path: &Path<'_>, changes: &mut Changes) {
    let what = format!("the property `{name}` was removed");
    let why = if was.schema.read_only {
        "those who read it find nothing"
    } else {
        "bodies that set it are refused or lose the value, and those who read it find nothing"
    };
    let change = changes.add("property-removed", Severity::Breaking, &path.to_string(), what, why);
    change.at(was.key_span, pair.new.span_of("properties"));
}

fn added(pair: Pair<'_>, name: &str, is: &Property, path: &Path<'_>, changes: &mut Changes) {
    let path = path.to_string();
    let spans = (pair.old.span_of("properties"), is.key_span);
    let demanded = pair.new.required.iter().any(|required| required == name);
    let reads = pair.direction == Direction::Read || is.schema.read_only;
    if demanded && !reads && is.schema.default.is_none() {
        let what = format!("the property `{name}` was added and is required");
        let why = "bodies without it are refused";
        changes.add("required-property-added", Severity::Breaking, &path, what, why).at(spans.0, spans.1);
    } else {
        changes.compatible("property-added", &path, format!("the property `{name}` was added")).at(spans.0, spans.1);
    }
}

/// Compares whether a property has to be there.
fn presence(pair: Pair<'_>, name: &str, was: &Property, is: &Property, path: &Path<'_>, changes: &mut Changes) {
    let demands = |schema: &Schema| schema.required.iter().any(|required| required == name);
    let (old, new) = (demands(pair.old), demands(pair.new));
    let spans = (was.key_span, is.key_span);
    let reads = pair.direction == Direction::Read || (was.schema.read_only && is.schema.read_only);
    let path = path.to_string();
    if new && !old {
        let severity = if reads || is.schema.default.is_some() { Severity::Compatible } else { Severity::Breaking };
        let what = format!("the property `{name}` became required");
        changes
            .add("property-became-required", severity, &path, what, "bodies without it are refused")
            .at(spans.0, spans.1);
    } else if old && !new {
        let severity = if reads { Severity::Breaking } else { Severity::Risky };
        let what = format!("the property `{name}` became optional");
        let why = "those who read it may find nothing";
        changes.add("property-became-optional", severity, &path, what, why).at(spans.0, spans.1);
    }
}
