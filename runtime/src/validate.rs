//! Bodies against registered schemas: validation, defaults, sensitive values.
//!
//! A schema is compiled when it is first needed and then shared ([`Validators`]). Whether a body is
//! valid is decided by a compiled JSON Schema; only a refused body is walked again to put every
//! violation into the protocol's words ([`radii_model::value`]).

mod immutable;
mod json_schema;
mod place;
mod read_only;
mod walk;

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use indexmap::IndexMap;
use radii_diagnostics::Span;
use radii_model::base::{self, BASIC_PROPERTIES};
use radii_model::cel::Rules;
use radii_model::document::Node;
use radii_model::extension::ENV_NAME;
use radii_model::schema::Schema;
use radii_model::{pattern, rules, value};
use regex::Regex;
use serde_json::{Map, Value as Json};

use crate::catalog;

pub use radii_model::cel::Broken;
pub use radii_model::value::Violation;

/// A compiled schema.
#[derive(Debug)]
pub struct Validator {
    schema: Schema,
    /// Decides; `None` accepts everything.
    compiled: Option<jsonschema::Validator>,
    patterns: HashMap<String, Regex>,
    defaults: Found,
    has_sensitive: bool,
    read_only: Found,
    has_immutable: bool,
    rules: Rules,
}

/// Where a schema has something of a kind, so that bodies are not searched where there is nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    Nowhere,
    /// In properties on the first level alone.
    OnTop,
    Anywhere,
}

impl Found {
    fn of(schema: &Schema, holds: &dyn Fn(&Schema) -> bool) -> Self {
        if !walk::any(schema, holds) {
            return Found::Nowhere;
        }
        let mut all = 0_usize;
        walk::each(schema, &mut |part| all += usize::from(holds(part)));
        let on_top = schema.properties.values().filter(|property| holds(&property.schema)).count();
        // What a reference leads to was not looked at.
        let has_references = walk::any(schema, &|part| part.reference.is_some());
        if all == on_top && !has_references { Found::OnTop } else { Found::Anywhere }
    }
}

impl Validator {
    /// Compiles a registered schema (OpenAPI 3.0 schema object; `{}` accepts everything).
    ///
    /// # Errors
    /// Says why the schema can validate nothing.
    pub fn compile(schema: &Json) -> Result<Self, String> {
        let (mut schema, diagnostics) = Schema::from_node(&Node::from_json(schema, Span::default()), "schema");
        let references = rules::check_references(&schema, "schema");
        if let Some(problem) = diagnostics.iter().chain(&references).find(|diagnostic| diagnostic.is_error()) {
            let place = problem.path.as_deref().unwrap_or("schema");
            let help = problem.help.as_deref().map(|help| format!("; {help}")).unwrap_or_default();
            return Err(format!("resource type schema validation failed: `{place}`: {}{help}", problem.message));
        }
        let accepts_all = schema.is_unrestricted();
        // Whoever registers a type through the command line has the base properties merged into it before.
        base::declare_server_properties(&mut schema);
        let patterns = compile_patterns(&schema)?;
        let compiled = if accepts_all { None } else { Some(json_schema::compile(&schema, &patterns)?) };
        Ok(Self {
            defaults: Found::of(&schema, &|schema| schema.default.is_some()),
            has_sensitive: walk::any(&schema, &|schema| schema.sensitive),
            read_only: Found::of(&schema, &|schema| schema.read_only),
            has_immutable: walk::any(&schema, &immutable::is_marked),
            rules: Rules::compile(&schema),
            schema,
            compiled,
            patterns,
        })
    }

    /// Fills in defaults: for absent properties that are neither required nor read-only, also inside
    /// objects, items and map values that are present (contract, part 5.1).
    pub fn apply_defaults(&self, properties: &mut Map<String, Json>) {
        match self.defaults {
            Found::Nowhere => {}
            Found::OnTop => self.schema.fill_own_defaults(properties),
            Found::Anywhere => self.schema.fill_defaults(&self.schema, properties),
        }
    }

    /// Returns every violation of the `properties` of a PUT; `None` stands for an absent `properties`.
    /// Empty means valid.
    pub fn validate(&self, properties: Option<&Json>) -> Vec<Violation> {
        let Some(compiled) = &self.compiled else { return Vec::new() };
        let body = properties.unwrap_or(&Json::Null);
        if compiled.is_valid(body) {
            return Vec::new();
        }
        let matches = |pattern: &str, text: &str| self.patterns.get(pattern).is_some_and(|regex| regex.is_match(text));
        let violations = value::violations_with(&self.schema, &self.schema, body, &matches);
        if !violations.is_empty() {
            return violations;
        }
        // Both are tested to agree; if they ever do not, the stricter one wins and says what it saw.
        let plain = |error: jsonschema::ValidationError<'_>| Violation {
            pointer: error.instance_path().to_string(),
            // The crate's own words repeat the value, which may be sensitive.
            message: error.masked().to_string(),
            hint: None,
        };
        compiled.iter_errors(body).map(plain).collect()
    }

    /// Returns violations of writing read-only properties with values that differ from what is stored.
    ///
    /// Clients may send back what they have read. A property that is required besides may be set as long
    /// as nothing is stored: the request could not be valid otherwise.
    pub fn validate_read_only(&self, new: &Map<String, Json>, stored: Option<&Map<String, Json>>) -> Vec<Violation> {
        let is_touched = match self.read_only {
            Found::Nowhere => false,
            Found::OnTop => read_only::names(&self.schema).any(|name| new.contains_key(name)),
            Found::Anywhere => true,
        };
        if is_touched { read_only::violations(&self.schema, new, stored) } else { Vec::new() }
    }

    /// Returns violations of changing, or removing, what is immutable and has a value.
    pub fn validate_immutable(&self, new: &Map<String, Json>, stored: &Map<String, Json>) -> Vec<Violation> {
        immutable::violations(&self.schema, new, stored)
    }

    /// Whether any property is immutable.
    pub fn has_immutable(&self) -> bool {
        self.has_immutable
    }

    /// Returns the rules (`x-radii-validations`) that valid properties do not keep; `stored` is what they replace.
    pub fn broken_rules(&self, new: &Json, stored: Option<&Map<String, Json>>) -> Vec<Broken> {
        if self.rules.is_empty() {
            return Vec::new();
        }
        // Only rules about a change look at what is stored.
        let stored = stored.filter(|_| self.rules.uses_old()).map(|stored| Json::Object(stored.clone()));
        self.rules.broken(new, stored.as_ref())
    }

    /// Whether there are rules.
    pub fn has_rules(&self) -> bool {
        !self.rules.is_empty()
    }

    /// Replaces sensitive values by null.
    pub fn redact(&self, properties: &mut Map<String, Json>) {
        if self.has_sensitive {
            walk::redact(&self.schema, &self.schema, properties);
        }
    }

    /// Whether any property is sensitive.
    pub fn has_sensitive(&self) -> bool {
        self.has_sensitive
    }

    /// Names of read-only properties on the first level: what recipe outputs may fill.
    pub fn outputs(&self) -> Vec<String> {
        let outputs = self
            .schema
            .properties
            .iter()
            .filter(|(name, property)| property.schema.read_only && !BASIC_PROPERTIES.contains(&name.as_str()));
        outputs.map(|(name, _)| name.clone()).collect()
    }

    /// Returns the environment variable that the author chose for a property of the first level, in connections to
    /// the resource.
    pub fn env_name(&self, property: &str) -> Option<&str> {
        self.schema.properties.get(property)?.schema.extensions.get(ENV_NAME)?.as_str()
    }
}

fn compile_patterns(schema: &Schema) -> Result<HashMap<String, Regex>, String> {
    let mut patterns: IndexMap<&str, ()> = IndexMap::new();
    walk::each(schema, &mut |schema| {
        patterns.extend(schema.pattern.as_deref().map(|pattern| (pattern, ())));
    });
    let compile = |pattern: &str| match pattern::compile(pattern) {
        Ok(regex) => Ok((pattern.to_owned(), regex)),
        Err(error) => Err(format!("resource type schema validation failed: error parsing regexp `{pattern}`: {error}")),
    };
    patterns.into_keys().map(compile).collect()
}

/// What became of compiling a schema.
pub(crate) type Compiled = Result<Arc<Validator>, String>;

/// So many validators are kept; another one costs tens of microseconds.
const KEPT: usize = 2_000;

/// The validators that were made last, so that schemas in use are not compiled again and again.
#[derive(Debug, Default)]
pub struct Validators {
    kept: Mutex<VecDeque<Arc<Compiled>>>,
}

impl Validators {
    /// Returns the compiled schema of a version, made when it is first asked for.
    ///
    /// # Errors
    /// As [`Validator::compile`].
    pub fn get(&self, schema: &catalog::Schema) -> Result<Arc<Validator>, String> {
        let mut is_new = false;
        let compiled = schema.compiled(|schema| {
            is_new = true;
            Validator::compile(schema).map(Arc::new)
        });
        if is_new {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            if kept.len() >= KEPT {
                kept.pop_front();
            }
            kept.push_back(Arc::clone(&compiled));
        }
        (*compiled).clone()
    }
}

#[cfg(test)]
mod tests;
