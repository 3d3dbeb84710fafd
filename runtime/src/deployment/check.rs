//! What can be said about a template before its parameters are known: every expression is read.

use serde_json::{Map, Value as Json};

use super::expression::{Expr, Text, parse};
use super::functions::{self, find_member};
use super::template::{Problem, Provider, Resource, Template};

/// Returns everything that is wrong with a template's expressions, nested templates included.
pub(super) fn check(template: &Template, place: &str) -> Vec<Problem> {
    check_at(template, place, 0)
}

/// Deepest nesting of templates in each other.
const DEPTH: usize = 32;

fn check_at(template: &Template, place: &str, depth: usize) -> Vec<Problem> {
    if depth > DEPTH {
        return vec![Problem::new(place, format!("templates are nested more than {DEPTH} deep"))];
    }
    let mut checker = Checker { template, problems: Vec::new(), arguments: None, in_defaults: false, depth };
    checker.template(place);
    checker.problems
}

struct Checker<'a> {
    template: &'a Template,
    problems: Vec<Problem>,
    /// Parameters of the user function whose body is read.
    arguments: Option<Map<String, Json>>,
    in_defaults: bool,
    /// How many templates are around this one.
    depth: usize,
}

fn join(place: &str, key: &str) -> String {
    if place.is_empty() { key.to_owned() } else { format!("{place}.{key}") }
}

/// Most characters of an expression that a message quotes.
const QUOTED: usize = 200;

fn shortened(text: &str) -> String {
    match text.char_indices().nth(QUOTED) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

impl Checker<'_> {
    fn template(&mut self, place: &str) {
        let template = self.template;
        self.in_defaults = true;
        for (name, parameter) in &template.parameters {
            if let Some(default) = parameter.get("defaultValue") {
                self.value(default, &join(place, &format!("parameters.{name}.defaultValue")));
            }
        }
        self.in_defaults = false;
        for (name, variable) in &template.variables {
            self.value(variable, &join(place, &format!("variables.{name}")));
        }
        for (name, function) in &template.functions {
            let declared = function["parameters"].as_array().into_iter().flatten();
            let named = declared.filter_map(|parameter| Some((parameter["name"].as_str()?.to_owned(), Json::Null)));
            self.arguments = Some(named.collect());
            self.value(&function["output"]["value"], &join(place, &format!("functions.{name}.output.value")));
            self.arguments = None;
        }
        for resource in &template.resources {
            self.resource(resource, place);
        }
        for (section, entries) in [("outputs", &template.outputs), ("asserts", &template.asserts)] {
            for (name, entry) in entries {
                self.value(entry, &join(place, &format!("{section}.{name}")));
            }
        }
    }

    fn resource(&mut self, resource: &Resource, place: &str) {
        let place = join(place, &resource.place);
        self.value(&resource.own_text(), &place);
        self.dependencies(resource, &place);
        if resource.provider != Provider::Deployments || resource.existing {
            return;
        }
        let place = format!("{place}.properties.template");
        let Some(nested) = resource.nested() else {
            self.problems
                .push(Problem::new(place, "a nested deployment needs its template here; links are not followed"));
            return;
        };
        // Without a scope of its own its expressions were read as part of the resource.
        let in_own_scope = resource.is_inner();
        match Template::parse(nested, &place) {
            Ok(nested) if in_own_scope => self.problems.extend(check_at(&nested, &place, self.depth + 1)),
            Ok(_) => {}
            Err(problems) => self.problems.extend(problems),
        }
    }

    /// Checks that names in `dependsOn` exist; expressions are checked when they are evaluated.
    fn dependencies(&mut self, resource: &Resource, place: &str) {
        for (at, name) in resource.depends_on.iter().enumerate() {
            let place = format!("{place}.dependsOn[{at}]");
            match name.as_str().map(Text::of) {
                Some(Text::Plain(name)) if !self.knows(&name) => {
                    self.problems.push(Problem::new(place, format!("there is no resource `{name}` in the template")));
                }
                Some(_) => {}
                None => self.problems.push(Problem::new(place, "a dependency is a name")),
            }
        }
    }

    /// Whether a text may name a resource of the template.
    fn knows(&self, name: &str) -> bool {
        let symbol = name.split('[').next().unwrap_or(name);
        let by_symbol = |resource: &Resource| resource.symbol == symbol || resource.symbol == name;
        // Without symbolic names a resource is named by its id, its type and name, or its name alone.
        let classic = self.template.resources.iter().any(|resource| resource.symbol.starts_with("resources["));
        classic || name.starts_with('/') || self.template.resources.iter().any(by_symbol)
    }

    fn value(&mut self, value: &Json, place: &str) {
        match value {
            Json::String(text) => self.text(text, place),
            Json::Array(items) => {
                items.iter().enumerate().for_each(|(at, item)| self.value(item, &format!("{place}[{at}]")));
            }
            Json::Object(members) => {
                for (key, value) in members {
                    let place = join(place, key);
                    self.text(key, &place);
                    self.value(value, &place);
                }
            }
            _ => {}
        }
    }

    fn text(&mut self, text: &str, place: &str) {
        let Text::Expression(inner) = Text::of(text) else { return };
        match parse(inner) {
            Ok(expr) => {
                let mut messages = Vec::new();
                expr.walk(&mut |expr| messages.extend(self.call(expr)));
                self.problems.extend(messages.into_iter().map(|message| Problem::new(place, message)));
            }
            Err(message) => {
                self.problems.push(Problem::new(place, format!("`{}` is no expression: {message}", shortened(text))));
            }
        }
    }

    fn call(&self, expr: &Expr) -> Option<String> {
        let Expr::Call { name, args } = expr else { return None };
        if let Some(function) = self.template.function(name) {
            let wanted = function["parameters"].as_array().map_or(0, Vec::len);
            return (wanted != args.len()).then(|| format!("`{name}` takes {wanted} arguments, not {}", args.len()));
        }
        let Some(function) = functions::find(name) else {
            let hint = functions::similar(name).map_or_else(String::new, |known| format!("; did you mean `{known}`?"));
            return Some(format!("there is no function `{name}`{hint}"));
        };
        if let Err(message) = function.check_count(args.len()) {
            return Some(message);
        }
        self.arguments_of(function.name, args)
    }

    /// Checks names that are written out.
    fn arguments_of(&self, function: &str, args: &[Expr]) -> Option<String> {
        let name = args.first().and_then(Expr::as_text);
        match (function, name) {
            ("parameters", Some(name)) => {
                let known = self.arguments.as_ref().unwrap_or(&self.template.parameters);
                find_member(known, name).is_none().then(|| format!("there is no parameter `{name}`"))
            }
            ("variables", Some(name)) => {
                self.template.find_variable(name).is_none().then(|| format!("there is no variable `{name}`"))
            }
            ("reference" | "references" | "resourceInfo" | "list*", Some(name)) => {
                (!self.knows(name)).then(|| format!("there is no resource `{name}` in the template"))
            }
            ("newGuid" | "utcNow", _) if !self.in_defaults => {
                Some(format!("`{function}` is allowed in defaults of parameters only"))
            }
            _ => None,
        }
    }
}
