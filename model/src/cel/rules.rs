//! The rules of a whole schema: compiled once, checked against bodies.

use radii_diagnostics::{Diagnostic, Fix, Span};
use serde_json::Value as Json;

use super::check::{Old, Scope};
use super::types::Type;
use super::value::Failure;
use super::written::{RulePlace, TextPlace, WrittenRule, written};
use super::{Compiled, Program, VALIDATIONS, code, compile, path};
use crate::base;
use crate::path::Path;
use crate::pointer;
use crate::schema::{Additional, Schema};

/// References are followed so far; what is deeper holds itself.
const DEEPEST: usize = 64;

/// The compiled rules of a schema.
#[derive(Debug, Default)]
pub struct Rules {
    root: Level,
    count: usize,
    uses_old: bool,
}

/// Rules of one place in the body, and those below it.
#[derive(Debug, Default)]
struct Level {
    own: Vec<Rule>,
    properties: Vec<(Box<str>, Level)>,
    items: Option<Box<Level>>,
    values: Option<Box<Level>>,
    /// Properties that a map's values are not.
    declared: Vec<Box<str>>,
}

#[derive(Debug)]
struct Rule {
    program: Program,
    text: String,
    message: Option<String>,
    reason: Option<String>,
    /// JSON pointer from the place of the rule to what it is about.
    target: String,
    place: Span,
}

/// A rule that a body does not keep.
#[derive(Clone, Debug, PartialEq)]
pub struct Broken {
    /// JSON pointer to what the rule is about; empty for the whole.
    pub pointer: String,
    /// What is wrong, in the author's words where there are any.
    pub message: String,
    /// The author's word for programs.
    pub reason: Option<String>,
    /// The rule's text.
    pub rule: String,
    /// Where the rule stands.
    pub place: Span,
    /// Why it has no answer, if that is what is wrong.
    pub failure: Option<Failure>,
}

/// A schema with rules, and where it stands.
pub(crate) struct Spot<'s> {
    pub(crate) steps: Vec<Step>,
    pub(crate) schema: &'s Schema,
    pub(crate) old: Old,
    /// How often a body can hold it.
    pub(crate) times: u64,
}

/// A step from a value to one in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Property(String),
    Items,
    Values,
}

impl Rules {
    /// Compiles the rules of a type's schema; those that cannot be are left out, and told by [`check`].
    pub fn compile(schema: &Schema) -> Self {
        let mut rules = Self::default();
        if !has_rules(schema) {
            return rules;
        }
        let root = base::with_base_properties(schema);
        for spot in spots(&root) {
            for (rule, place) in written(spot.schema).into_iter().zip(places_of(spot.schema)) {
                let Some(rule) = rule else { continue };
                let compiled = compile_at(&rule, &spot, &root, &rule.absent);
                let target = rule.path.as_deref().map(|path| path::parse(path, spot.schema, &root));
                if let (Some(program), None | Some(Ok(_))) = (compiled.program, &target) {
                    let target = target.and_then(Result::ok).unwrap_or_default();
                    rules.count += 1;
                    rules.uses_old |= program.uses_old();
                    rules.root.descend(&spot.steps, &root).own.push(Rule {
                        program,
                        text: rule.rule,
                        message: rule.message,
                        reason: rule.reason,
                        target,
                        place: place.rule.span,
                    });
                }
            }
        }
        rules
    }

    /// Whether there are none, so that nobody needs to look at the body.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Whether any of them is about a change.
    pub fn uses_old(&self) -> bool {
        self.uses_old
    }

    /// Returns the rules that `new` does not keep; `old` is what it replaces, where it replaces anything.
    pub fn broken(&self, new: &Json, old: Option<&Json>) -> Vec<Broken> {
        let mut found = Vec::new();
        if self.count > 0 {
            self.root.broken(new, old, &mut String::new(), &mut found);
        }
        found
    }
}

impl Level {
    /// The level at the end of steps, made where it is not there yet.
    fn descend(&mut self, steps: &[Step], schema: &Schema) -> &mut Level {
        let Some((first, rest)) = steps.split_first() else { return self };
        let schema = schema.followed(schema).unwrap_or(schema);
        match first {
            Step::Property(name) => {
                let at = match self.properties.iter().position(|(own, _)| **own == **name) {
                    Some(at) => at,
                    None => {
                        self.properties.push((name.as_str().into(), Level::default()));
                        self.properties.len() - 1
                    }
                };
                self.properties[at].1.descend(rest, schema)
            }
            Step::Items => self.items.get_or_insert_with(Box::default).descend(rest, schema),
            Step::Values => {
                self.declared = schema.properties.keys().map(|name| name.as_str().into()).collect();
                self.values.get_or_insert_with(Box::default).descend(rest, schema)
            }
        }
    }

    fn broken(&self, new: &Json, old: Option<&Json>, at: &mut String, found: &mut Vec<Broken>) {
        for rule in &self.own {
            rule.check(new, old, at, found);
        }
        match new {
            Json::Object(members) => {
                for (name, level) in &self.properties {
                    if let Some(value) = members.get(&**name).filter(|value| !value.is_null()) {
                        level.below(name, value, old.and_then(|old| old.get(&**name)), at, found);
                    }
                }
                let Some(level) = &self.values else { return };
                for (name, value) in members.iter().filter(|(_, value)| !value.is_null()) {
                    if !self.declared.iter().any(|own| **own == **name) {
                        level.below(name, value, old.and_then(|old| old.get(name.as_str())), at, found);
                    }
                }
            }
            Json::Array(items) => {
                let Some(level) = &self.items else { return };
                for (index, value) in items.iter().enumerate().filter(|(_, value)| !value.is_null()) {
                    level.below(&index.to_string(), value, None, at, found);
                }
            }
            _ => {}
        }
    }

    fn below(&self, name: &str, new: &Json, old: Option<&Json>, at: &mut String, found: &mut Vec<Broken>) {
        let length = at.len();
        pointer::push(at, name);
        self.broken(new, old.filter(|old| !old.is_null()), at, found);
        at.truncate(length);
    }
}

impl Rule {
    fn check(&self, new: &Json, old: Option<&Json>, at: &str, found: &mut Vec<Broken>) {
        if self.program.uses_old() && old.is_none() {
            return;
        }
        let failure = match self.program.holds(new, old) {
            Ok(true) => return,
            Ok(false) => None,
            Err(failure) => Some(failure),
        };
        let message = match (&self.message, &failure) {
            (Some(message), None) => message.clone(),
            (None, None) => format!("the rule `{}` does not hold", self.text),
            (Some(message), Some(failure)) => format!("{message} (the rule has no answer: {failure})"),
            (None, Some(failure)) => format!("the rule `{}` has no answer: {failure}", self.text),
        };
        found.push(Broken {
            pointer: format!("{at}{}", self.target),
            message,
            reason: self.reason.clone(),
            rule: self.text.clone(),
            place: self.place,
            failure,
        });
    }
}

/// Whether there are rules in a schema or below it.
pub(crate) fn has_rules(schema: &Schema) -> bool {
    if schema.extensions.contains_key(VALIDATIONS) {
        return true;
    }
    let values = match &schema.additional {
        Additional::Schema(values) => Some(&**values),
        _ => None,
    };
    let combined = &schema.composition;
    (schema.properties.values().map(|property| &property.schema))
        .chain(schema.items.as_deref())
        .chain(values)
        .chain([&combined.all_of, &combined.any_of, &combined.one_of].into_iter().flatten())
        .chain(combined.not.as_deref())
        .any(has_rules)
}

/// All rules of a schema with the place that each is about, as in `nodes[].min`; empty for the whole.
pub fn listed(schema: &Schema) -> Vec<(String, WrittenRule)> {
    if !has_rules(schema) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for spot in spots(schema) {
        let mut place = String::new();
        for step in &spot.steps {
            let (dot, name) = match step {
                Step::Property(name) => (".", name.as_str()),
                Step::Items => ("", "[]"),
                Step::Values => (".", "*"),
            };
            place += if place.is_empty() { "" } else { dot };
            place += name;
        }
        found.extend(written(spot.schema).into_iter().flatten().map(|rule| (place.clone(), rule)));
    }
    found
}

/// The literals of all rules in a schema.
pub(crate) fn all_places(schema: &Schema) -> Vec<Span> {
    if !has_rules(schema) {
        return Vec::new();
    }
    let spots = spots(schema);
    spots.iter().flat_map(|spot| &spot.schema.rule_places).map(|place| place.rule.span).collect()
}

/// Every schema with rules that is enforced, from the outside in.
pub(crate) fn spots(root: &Schema) -> Vec<Spot<'_>> {
    let mut found = Vec::new();
    let mut walk = Walk { root, open: Vec::new(), steps: Vec::new(), found: &mut found };
    walk.schema(root, Old::OnUpdate, 1);
    found
}

struct Walk<'s, 'f> {
    root: &'s Schema,
    /// References that are being followed.
    open: Vec<&'s str>,
    steps: Vec<Step>,
    found: &'f mut Vec<Spot<'s>>,
}

impl<'s> Walk<'s, '_> {
    fn schema(&mut self, schema: &'s Schema, old: Old, times: u64) {
        if let Some(reference) = &schema.reference {
            if self.open.contains(&reference.as_str()) || self.open.len() >= DEEPEST {
                return;
            }
            if let Some(target) = self.root.resolve(reference) {
                self.open.push(reference);
                self.schema(target, old, times);
                self.open.pop();
            }
            return;
        }
        if schema.extensions.contains_key(VALIDATIONS) {
            self.found.push(Spot { steps: self.steps.clone(), schema, old, times });
        }
        for (name, property) in &schema.properties {
            self.step(Step::Property(name.clone()), &property.schema, old, times);
        }
        let count = || Type::of(schema, self.root).size();
        if let Some(items) = &schema.items {
            let times = times.saturating_mul(count());
            self.step(Step::Items, items, Old::InList, times);
        }
        if let Additional::Schema(values) = &schema.additional {
            let times = times.saturating_mul(schema.max_properties.unwrap_or_else(count));
            self.step(Step::Values, values, old, times);
        }
    }

    fn step(&mut self, step: Step, schema: &'s Schema, old: Old, times: u64) {
        self.steps.push(step);
        self.schema(schema, old, times);
        self.steps.pop();
    }
}

pub(crate) fn compile_at(rule: &WrittenRule, spot: &Spot<'_>, root: &Schema, absent: &[String]) -> Compiled {
    let scope = Scope { root, this: spot.schema, old: spot.old, absent };
    compile(&rule.rule, scope, spot.times)
}

/// The places of a schema's rules, as many as there are rules.
pub(super) fn places_of(schema: &Schema) -> Vec<RulePlace> {
    let count = written(schema).len();
    let other = RulePlace { rule: TextPlace::of(schema.span), path: TextPlace::of(schema.span) };
    let known = schema.rule_places.iter().cloned();
    known.chain(std::iter::repeat(other)).take(count).collect()
}

/// Checks the rules of a type's schema; `path` is put before the paths of the diagnostics.
pub fn check(schema: &Schema, path: &str) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    if !has_rules(schema) {
        return found;
    }
    let root = base::with_base_properties(schema);
    let mut reached: Vec<Span> = Vec::new();
    for spot in spots(&root) {
        let text = shown_path(path, &spot.steps);
        check_spot(&spot, &root, &text, &mut found);
        reached.extend(spot.schema.rule_places.iter().map(|place| place.rule.span));
    }
    lost(schema, &Path::Root(path), &mut found);
    // A schema that is referred to from several places is told of once.
    let mut told = Vec::new();
    found.retain(|diagnostic: &Diagnostic| {
        let key = (diagnostic.primary.as_ref().map(|label| label.span), diagnostic.message.clone());
        let is_new = key.0.is_none_or(|span| span == Span::default()) || !told.contains(&key);
        told.push(key);
        is_new
    });
    found
}

fn shown_path(path: &str, steps: &[Step]) -> String {
    fn below(parent: &Path<'_>, steps: &[Step]) -> String {
        let Some((first, rest)) = steps.split_first() else { return parent.key(VALIDATIONS).to_string() };
        match first {
            Step::Property(name) => below(&parent.key("properties").key(name), rest),
            Step::Items => below(&parent.key("items"), rest),
            Step::Values => below(&parent.key("additionalProperties"), rest),
        }
    }
    below(&Path::Root(path), steps)
}

fn check_spot(spot: &Spot<'_>, root: &Schema, path: &str, found: &mut Vec<Diagnostic>) {
    if !spot.schema.extensions.get(VALIDATIONS).is_some_and(Json::is_array) {
        let span = spot.schema.rule_places.first().map_or(spot.schema.span, |place| place.rule.span);
        let message = format!("`{VALIDATIONS}` is not a list of rules");
        let help = "write `- rule: self.min <= self.max`, with `message`, `path` and `reason` as needed";
        found.push(Diagnostic::error(code::RULE_FORM, message).at(span).path(path).help(help));
        return;
    }
    for (at, (rule, place)) in written(spot.schema).into_iter().zip(places_of(spot.schema)).enumerate() {
        let path = format!("{path}[{at}]");
        let Some(rule) = rule else {
            let message = "the entry is not a rule";
            let help =
                "a rule has `rule` and may have `message`, `path`, `reason` (texts) and `absent` (a list of names)";
            found.push(Diagnostic::error(code::RULE_FORM, message).at(place.rule.span).path(path).help(help));
            continue;
        };
        let mut compiled = compile_at(&rule, spot, root, &rule.absent);
        if let Some(missing) = compiled.missing.take() {
            let message = format!("this version has no property `{missing}`");
            let help = format!("ask first: `has(self.{missing}) && …`; or leave the rule to the versions that have it");
            let diagnostic = Diagnostic::error(code::RULE_UNKNOWN_PROPERTY, message).at(place.rule.span);
            found.push(diagnostic.path(format!("{path}.rule")).help(help));
        }
        let problems = compiled.problems.into_iter().map(|problem| (problem, &place.rule, "rule"));
        let target = rule.path.as_deref().and_then(|text| path::parse(text, spot.schema, root).err());
        let problems = problems.chain(target.map(|problem| (problem, &place.path, "path")));
        found.extend(problems.map(|(problem, place, member)| told(problem, place, &format!("{path}.{member}"))));
        if let Some(reason) = rule.reason.filter(|reason| !is_word(reason)) {
            let message = format!("`{reason}` is no reason");
            let help = "write one word of letters and digits, such as `ReplicasNeedSizeL`: programs read it";
            let diagnostic = Diagnostic::error(code::RULE_FORM, message).at(place.rule.span);
            found.push(diagnostic.path(format!("{path}.reason")).help(help));
        }
    }
}

fn told(problem: super::Problem, place: &TextPlace, path: &str) -> Diagnostic {
    let diagnostic = Diagnostic::new(problem.code, problem.severity, problem.message);
    let diagnostic = diagnostic.at(place.part(&problem.at)).path(path).help(problem.help);
    match problem.mend.filter(|_| place.is_known()) {
        Some(mend) => {
            let title = match mend.replacement.as_str() {
                "" => "remove it".to_owned(),
                text => format!("write `{text}`"),
            };
            let span = place.part(&mend.at);
            diagnostic.fix(Fix { title, span, replacement: place.escaped(&mend.replacement), sure: mend.sure })
        }
        None => diagnostic,
    }
}

fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(|c| c.is_ascii_alphanumeric())
}

/// Tells of rules in variants: they would never be enforced.
fn lost(schema: &Schema, path: &Path<'_>, found: &mut Vec<Diagnostic>) {
    let combined = &schema.composition;
    for (keyword, list) in [("allOf", &combined.all_of), ("anyOf", &combined.any_of), ("oneOf", &combined.one_of)] {
        let path = path.key(keyword);
        for (at, variant) in list.iter().enumerate().filter(|(_, variant)| has_rules(variant)) {
            let message = "rules of a variant are not enforced";
            let help = "put the rule on the schema that has the variants";
            let span = variant.rule_places.first().map_or(variant.span, |place| place.rule.span);
            found.push(
                Diagnostic::error(code::RULE_PLACE, message).at(span).path(path.index(at).to_string()).help(help),
            );
        }
    }
    let properties = path.key("properties");
    for (name, property) in &schema.properties {
        lost(&property.schema, &properties.key(name), found);
    }
    if let Some(items) = &schema.items {
        lost(items, &path.key("items"), found);
    }
    if let Additional::Schema(values) = &schema.additional {
        lost(values, &path.key("additionalProperties"), found);
    }
}
