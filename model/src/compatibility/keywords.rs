//! Changes of the keywords of one schema.

use std::cmp::Ordering;

use serde_json::{Number, Value as Json};

use super::schema::{Direction, Pair};
use super::{Changes, Severity};
use crate::cel::{self, VALIDATIONS, WrittenRule};
use crate::extension;
use crate::path::Path;
use crate::schema::{SENSITIVE, Schema};

/// Compares all keywords that do not hold schemas.
pub(super) fn compare(pair: Pair<'_>, path: &Path<'_>, changes: &mut Changes) {
    let mut keywords = Keywords { pair, path, changes };
    keywords.access();
    keywords.secrecy();
    keywords.nullability();
    keywords.enumeration();
    keywords.bounds();
    keywords.lengths();
    keywords.patterns();
    keywords.defaults();
    keywords.extensions();
    keywords.rules();
    keywords.documentation();
}

struct Keywords<'k> {
    pair: Pair<'k>,
    path: &'k Path<'k>,
    changes: &'k mut Changes,
}

/// What a limit does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Limit {
    Lowest,
    Highest,
}

impl Keywords<'_> {
    fn report(
        &mut self,
        rule: &'static str,
        severity: Severity,
        keyword: &str,
        what: String,
        why: &'static str,
        values: (Option<Json>, Option<Json>),
    ) {
        let spans = (self.pair.old.span_of(keyword), self.pair.new.span_of(keyword));
        let path = self.path.key(keyword).to_string();
        self.changes.add(rule, severity, &path, what, why).at(spans.0, spans.1).values(values.0, values.1);
    }

    fn access(&mut self) {
        let (old, new) = (self.pair.old, self.pair.new);
        let values = |was: bool, is: bool| (Some(Json::Bool(was)), Some(Json::Bool(is)));
        match (old.read_only, new.read_only) {
            (false, true) => {
                let why = "bodies that set it are refused or lose the value";
                let what = "it became read-only".to_owned();
                self.report("became-read-only", Severity::Breaking, "readOnly", what, why, values(false, true));
            }
            (true, false) => {
                let why = "recipes may no longer set it, and authors have to";
                let what = "it is no longer read-only".to_owned();
                self.report("no-longer-read-only", Severity::Risky, "readOnly", what, why, values(true, false));
            }
            _ => {}
        }
        match (old.write_only, new.write_only) {
            (false, true) => {
                let why = "those who read it find nothing";
                let what = "it became write-only".to_owned();
                self.report("became-write-only", Severity::Breaking, "writeOnly", what, why, values(false, true));
            }
            (true, false) => {
                let why = "values that nobody could read can be read now";
                let what = "it is no longer write-only".to_owned();
                self.report("no-longer-write-only", Severity::Risky, "writeOnly", what, why, values(true, false));
            }
            _ => {}
        }
    }

    fn secrecy(&mut self) {
        let (old, new) = (self.pair.old.sensitive, self.pair.new.sensitive);
        let values = (Some(Json::Bool(old)), Some(Json::Bool(new)));
        if new && !old {
            let why = "answers no longer show the value, and values that are stored already are not encrypted";
            let what = "it became a secret".to_owned();
            self.report("became-secret", Severity::Breaking, SENSITIVE, what, why, values);
        } else if old && !new {
            let why = "values that were secret are shown from now on";
            let what = "it is no longer a secret".to_owned();
            self.report("no-longer-secret", Severity::Breaking, SENSITIVE, what, why, values);
        }
    }

    fn nullability(&mut self) {
        let (old, new) = (self.pair.old.nullable, self.pair.new.nullable);
        let values = (Some(Json::Bool(old)), Some(Json::Bool(new)));
        if old && !new {
            let severity = self.pair.direction.narrowed();
            self.report(
                "null-refused",
                severity,
                "nullable",
                "null is no longer allowed".to_owned(),
                "bodies with null are refused",
                values,
            );
        } else if new && !old {
            let why = "readers may meet null";
            self.report("null-allowed", Severity::Risky, "nullable", "null is allowed".to_owned(), why, values);
        }
    }

    fn enumeration(&mut self) {
        let allowed = |schema: &Schema| schema.enumeration.clone().filter(|values| !values.is_empty());
        let (old, new) = (allowed(self.pair.old), allowed(self.pair.new));
        match (old, new) {
            (Some(old), Some(new)) => {
                for gone in old.iter().filter(|value| !new.contains(value)) {
                    let why = "bodies with this value are refused";
                    let severity = self.pair.direction.narrowed();
                    let what = format!("the value {gone} was removed");
                    self.report("enum-value-removed", severity, "enum", what, why, (Some(gone.clone()), None));
                }
                for added in new.iter().filter(|value| !old.contains(value)) {
                    let why = "readers may meet a value that they do not know";
                    let severity = self.pair.direction.widened();
                    let what = format!("the value {added} was added");
                    self.report("enum-value-added", severity, "enum", what, why, (None, Some(added.clone())));
                }
            }
            (None, Some(new)) => {
                let why = "bodies with other values are refused";
                let what = "only listed values are allowed now".to_owned();
                let severity = self.pair.direction.narrowed();
                self.report("enum-introduced", severity, "enum", what, why, (None, Some(Json::Array(new))));
            }
            (Some(old), None) => {
                let why = "readers may meet a value that they do not know";
                let what = "all values are allowed, not only listed ones".to_owned();
                let severity = self.pair.direction.widened();
                self.report("enum-dropped", severity, "enum", what, why, (Some(Json::Array(old)), None));
            }
            (None, None) => {}
        }
    }

    fn bounds(&mut self) {
        let (old, new) = (&self.pair.old.number, &self.pair.new.number);
        let lowest = (edge(&old.minimum, old.exclusive_minimum), edge(&new.minimum, new.exclusive_minimum));
        self.limit("minimum", Limit::Lowest, lowest.0, lowest.1);
        let highest = (edge(&old.maximum, old.exclusive_maximum), edge(&new.maximum, new.exclusive_maximum));
        self.limit("maximum", Limit::Highest, highest.0, highest.1);
        if old.multiple_of != new.multiple_of {
            let severity = match (&old.multiple_of, &new.multiple_of) {
                (Some(_), None) => self.pair.direction.widened(),
                _ => self.pair.direction.narrowed(),
            };
            let values = (old.multiple_of.clone().map(Json::Number), new.multiple_of.clone().map(Json::Number));
            let what = "the step of allowed numbers changed".to_owned();
            self.report("step-changed", severity, "multipleOf", what, "bodies with other numbers are refused", values);
        }
    }

    fn lengths(&mut self) {
        let (old, new) = (self.pair.old, self.pair.new);
        let count = |value: Option<u64>| value.map(|value| (Number::from(value), false));
        for (keyword, limit, was, is) in [
            ("minLength", Limit::Lowest, old.min_length.filter(|min| *min > 0), new.min_length.filter(|min| *min > 0)),
            ("maxLength", Limit::Highest, old.max_length, new.max_length),
            ("minItems", Limit::Lowest, old.min_items.filter(|min| *min > 0), new.min_items.filter(|min| *min > 0)),
            ("maxItems", Limit::Highest, old.max_items, new.max_items),
            (
                "minProperties",
                Limit::Lowest,
                old.min_properties.filter(|min| *min > 0),
                new.min_properties.filter(|min| *min > 0),
            ),
            ("maxProperties", Limit::Highest, old.max_properties, new.max_properties),
        ] {
            self.limit(keyword, limit, count(was), count(is));
        }
        if old.unique_items != new.unique_items {
            let values = (Some(Json::Bool(old.unique_items)), Some(Json::Bool(new.unique_items)));
            let (severity, what) = match new.unique_items {
                true => (self.pair.direction.narrowed(), "items may no longer repeat"),
                false => (self.pair.direction.widened(), "items may repeat"),
            };
            let why = "lists with equal items are refused, or readers may meet them";
            self.report("uniqueness-changed", severity, "uniqueItems", what.to_owned(), why, values);
        }
    }

    /// Compares one limit; each is a number and whether the number itself is excluded.
    fn limit(&mut self, keyword: &'static str, limit: Limit, old: Option<(Number, bool)>, new: Option<(Number, bool)>) {
        if old == new {
            return;
        }
        let narrowed = match (&old, &new) {
            (None, _) => true,
            (_, None) => false,
            (Some((was, was_excluded)), Some((is, is_excluded))) => match (compare_numbers(is, was), limit) {
                (Ordering::Equal, _) if was_excluded == is_excluded => return,
                (Ordering::Equal, _) => *is_excluded,
                (Ordering::Greater, Limit::Lowest) | (Ordering::Less, Limit::Highest) => true,
                _ => false,
            },
        };
        let show = |edge: &Option<(Number, bool)>| match edge {
            None => "none".to_owned(),
            Some((number, false)) => number.to_string(),
            Some((number, true)) => format!("{number}, itself excluded"),
        };
        let what = format!("`{keyword}` changed from {} to {}", show(&old), show(&new));
        let values = (old.map(|edge| Json::Number(edge.0)), new.map(|edge| Json::Number(edge.0)));
        if narrowed {
            let why = "bodies with values beyond it are refused";
            self.report("limit-narrowed", self.pair.direction.narrowed(), keyword, what, why, values);
        } else {
            let why = "readers may meet values beyond the old limit";
            self.report("limit-widened", self.pair.direction.widened(), keyword, what, why, values);
        }
    }

    fn patterns(&mut self) {
        let (old, new) = (self.pair.old, self.pair.new);
        for (rule, keyword, was, is) in [
            ("pattern-changed", "pattern", &old.pattern, &new.pattern),
            ("format-changed", "format", &old.format, &new.format),
        ] {
            let severity = match (was, is) {
                _ if was == is => continue,
                (Some(was), Some(is)) if wider_format(was, is) => self.pair.direction.widened(),
                // Whether one expression allows all that another one does is not decided here.
                (Some(_), Some(_)) if keyword == "pattern" && self.pair.direction != Direction::Read => Severity::Risky,
                (_, Some(_)) => self.pair.direction.narrowed(),
                (_, None) => self.pair.direction.widened(),
            };
            let show = |value: &Option<String>| value.as_ref().map_or("none".to_owned(), |value| format!("`{value}`"));
            let what = format!("`{keyword}` changed from {} to {}", show(was), show(is));
            let why = "text that was accepted may be refused, or readers may meet other text";
            self.report(rule, severity, keyword, what, why, (json(was), json(is)));
        }
    }

    fn defaults(&mut self) {
        let (old, new) = (&self.pair.old.default, &self.pair.new.default);
        if old == new || self.pair.direction == Direction::Read {
            return;
        }
        let (rule, severity, what) = match (old, new) {
            (None, Some(is)) => ("default-added", Severity::Risky, format!("it has the default {is} now")),
            (Some(was), None) => ("default-removed", Severity::Breaking, format!("the default {was} was removed")),
            (Some(was), Some(is)) => ("default-changed", Severity::Breaking, format!("the default {was} became {is}")),
            (None, None) => return,
        };
        let why = "a body that leaves it out means something else from now on";
        self.report(rule, severity, "default", what, why, (old.clone(), new.clone()));
    }

    /// Compares the extensions that change how values are treated.
    fn extensions(&mut self) {
        let value = |schema: &Schema, name: &str| schema.extensions.get(name).cloned();
        for (name, rule, gained, lost, why) in [
            (
                extension::IMMUTABLE,
                "immutability-changed",
                Severity::Breaking,
                Severity::Compatible,
                "updates that change the value are refused",
            ),
            (
                extension::RESOURCE_REFERENCE,
                "reference-changed",
                Severity::Risky,
                Severity::Risky,
                "the value names a resource of another type",
            ),
            (
                extension::ENV_NAME,
                "environment-variable-changed",
                Severity::Breaking,
                Severity::Breaking,
                "connected containers get another environment variable",
            ),
            (
                extension::RENAMED_FROM,
                "conversion-changed",
                Severity::Risky,
                Severity::Risky,
                "values are carried over from other versions differently",
            ),
            (
                extension::VALUES_RENAMED_FROM,
                "conversion-changed",
                Severity::Risky,
                Severity::Risky,
                "values are carried over from other versions differently",
            ),
        ] {
            let (old, new) = (value(self.pair.old, name), value(self.pair.new, name));
            let off = |value: &Option<Json>| matches!(value, None | Some(Json::Bool(false) | Json::Null));
            if old == new || (off(&old) && off(&new)) {
                continue;
            }
            let severity = if off(&new) { lost } else { gained };
            let what = match (off(&old), off(&new)) {
                (true, _) => format!("`{name}` was added"),
                (_, true) => format!("`{name}` was removed"),
                _ => format!("`{name}` changed"),
            };
            self.report(rule, severity, name, what, why, (old, new));
        }
    }

    /// Compares the rules of bodies one by one: another message or reason refuses nothing more.
    fn rules(&mut self) {
        let (old, new) = (rules_of(self.pair.old), rules_of(self.pair.new));
        let has = |rules: &[WrittenRule], rule: &WrittenRule| rules.iter().any(|it| it.rule == rule.rule);
        let why = "bodies that break it are refused";
        for rule in new.iter().filter(|rule| !has(&old, rule)) {
            let severity =
                if self.pair.direction == Direction::Read { Severity::Compatible } else { Severity::Breaking };
            let what = format!("the rule `{}` was added", rule.rule);
            self.report("rule-added", severity, VALIDATIONS, what, why, (None, Some(rule.rule.as_str().into())));
        }
        for rule in old.iter().filter(|rule| !has(&new, rule)) {
            let what = format!("the rule `{}` was removed", rule.rule);
            let values = (Some(rule.rule.as_str().into()), None);
            self.report("rule-removed", Severity::Compatible, VALIDATIONS, what, "", values);
        }
        for rule in &new {
            let before = old.iter().find(|it| it.rule == rule.rule);
            if before.is_some_and(|before| before != rule) {
                let what = format!("what the rule `{}` says was changed", rule.rule);
                self.report("rule-reworded", Severity::Compatible, VALIDATIONS, what, "", (None, None));
            }
        }
    }

    fn documentation(&mut self) {
        let (old, new) = (self.pair.old, self.pair.new);
        for (keyword, changed) in [
            ("title", old.title != new.title),
            ("description", old.description != new.description),
            ("example", old.example != new.example),
        ] {
            if changed {
                let what = format!("the {keyword} changed");
                self.report("documentation-changed", Severity::Compatible, keyword, what, "", (None, None));
            }
        }
        if old.deprecated != new.deprecated {
            let what = if new.deprecated { "it is deprecated now" } else { "it is no longer deprecated" };
            self.report("deprecation-changed", Severity::Compatible, "deprecated", what.to_owned(), "", (None, None));
        }
    }
}

fn rules_of(schema: &Schema) -> Vec<WrittenRule> {
    cel::written(schema).into_iter().flatten().collect()
}

fn edge(number: &Option<Number>, exclusive: bool) -> Option<(Number, bool)> {
    number.clone().map(|number| (number, exclusive))
}

fn compare_numbers(a: &Number, b: &Number) -> Ordering {
    let exact = |number: &Number| number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
    match (exact(a), exact(b)) {
        (Some(a), Some(b)) => a.cmp(&b),
        _ => a.as_f64().partial_cmp(&b.as_f64()).unwrap_or(Ordering::Equal),
    }
}

/// Whether every value of one numeric format is one of another.
fn wider_format(was: &str, is: &str) -> bool {
    matches!((was, is), ("int32", "int64") | ("float", "double"))
}

fn json(value: &Option<String>) -> Option<Json> {
    value.as_deref().map(Json::from)
}
