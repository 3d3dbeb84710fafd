//! From [`Expr`] to JSON.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use serde_json::{Map, Value as Json};

use super::{Expr, Text, parse};
use crate::deployment::functions::{self, Body};
use crate::deployment::template::Template;

/// How much one deployment may compute: values made, counted in JSON values and bytes of text.
///
/// Templates that double a value thirty times are stopped by this, not by the machine's memory.
const FUEL: u64 = 10_000_000;
/// Deepest nesting of variables and user functions that use each other.
const DEPTH: usize = 64;
/// Deepest nesting of a value: what is stored deeper, nobody reads again.
const NESTING: usize = 100;

/// Why an evaluation ended without a value.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::deployment) enum Stop {
    /// The template is wrong; the text says how.
    Error(String),
    /// Something outside must be known first; evaluate again when it is.
    Need(Need),
}

/// What must be known before an evaluation can go on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::deployment) enum Need {
    /// The resource of an id.
    Resource(String),
    /// What a POST action of a resource answers.
    Action(String, String),
}

impl From<String> for Stop {
    fn from(message: String) -> Self {
        Stop::Error(message)
    }
}

/// What a value may depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::deployment) enum Phase {
    /// Defaults of parameters: time and random ids, no variables, no resources.
    Default,
    /// Names, conditions and counts: known before anything is deployed.
    Start,
    /// Bodies and outputs: resources that are done.
    Run,
}

/// Deployed resources, as expressions see them.
pub(in crate::deployment) trait Resources {
    /// Returns what `reference(name)` is: of a symbol, a name or an id.
    fn reference(&self, name: &str, full: bool) -> Result<Json, Stop>;
    /// Returns what `references(symbol)` is: all instances of a loop.
    fn references(&self, symbol: &str) -> Result<Json, Stop>;
    /// Returns what `list…(name)` is.
    fn action(&self, name: &str, action: &str) -> Result<Json, Stop>;
    /// Returns the id of a symbol, a name or an id.
    fn id(&self, name: &str) -> Result<String, Stop>;
    /// Is told which parameters are read.
    fn reads_parameter(&self, _name: &str) {}
}

/// What all expressions of one deployment share.
pub(in crate::deployment) struct Scope<'a> {
    pub template: &'a Template,
    /// Values of the parameters, by the names in the template.
    pub parameters: &'a Map<String, Json>,
    pub phase: Phase,
    pub resources: &'a dyn Resources,
    pub surroundings: &'a functions::Surroundings,
    variables: RefCell<HashMap<String, Option<Json>>>,
    fuel: Cell<u64>,
}

impl<'a> Scope<'a> {
    pub(in crate::deployment) fn new(
        template: &'a Template,
        parameters: &'a Map<String, Json>,
        phase: Phase,
        resources: &'a dyn Resources,
        surroundings: &'a functions::Surroundings,
    ) -> Self {
        let (variables, fuel) = (RefCell::default(), Cell::new(FUEL));
        Self { template, parameters, phase, resources, surroundings, variables, fuel }
    }

    /// Counts a value that was made.
    fn spend(&self, value: &Json) -> Result<(), Stop> {
        let (weight, depth) = measure(value);
        nested(depth)?;
        let left = self.fuel.get().checked_sub(weight);
        let left = left.ok_or_else(|| Stop::Error("the template computes more data than a deployment may".into()))?;
        self.fuel.set(left);
        Ok(())
    }
}

/// Returns how much a value is, and how deep it is nested.
fn measure(value: &Json) -> (u64, usize) {
    let inside = |(weight, depth): (u64, usize), inner: &Json| {
        let (more, below) = measure(inner);
        (weight + more, depth.max(below + 1))
    };
    match value {
        Json::String(text) => (1 + text.len() as u64, 0),
        Json::Array(items) => items.iter().fold((1, 1), inside),
        Json::Object(members) => members
            .iter()
            .fold((1, 1), |(weight, depth), (key, inner)| inside((weight + key.len() as u64, depth), inner)),
        _ => (1, 0),
    }
}

/// Refuses what is nested too deep.
fn nested(depth: usize) -> Result<(), Stop> {
    if depth <= NESTING {
        return Ok(());
    }
    Err(Stop::Error(format!("a value is nested more than {NESTING} deep")))
}

/// Evaluates expressions at one place of a template.
pub(in crate::deployment) struct Evaluator<'s, 'a> {
    pub scope: &'s Scope<'a>,
    /// Loops that surround the place, innermost last, with the index of the current turn.
    pub loops: Vec<(String, u64)>,
    /// Variables of lambdas.
    locals: Vec<(String, Json)>,
    /// Arguments of the user function whose body is evaluated.
    arguments: Option<Map<String, Json>>,
    depth: usize,
    /// How many arrays and objects of the template are around the place.
    around: usize,
}

impl<'s, 'a> Evaluator<'s, 'a> {
    pub(in crate::deployment) fn new(scope: &'s Scope<'a>) -> Self {
        Self { scope, loops: Vec::new(), locals: Vec::new(), arguments: None, depth: 0, around: 0 }
    }

    /// Returns an evaluator inside a loop.
    pub(in crate::deployment) fn in_loop(scope: &'s Scope<'a>, name: &str, index: u64) -> Self {
        Self { loops: vec![(name.to_owned(), index)], ..Self::new(scope) }
    }

    /// Evaluates a value of the template: texts, keys, members and loops inside it.
    pub(in crate::deployment) fn value(&mut self, value: &Json) -> Result<Json, Stop> {
        if let Json::String(text) = value {
            let made = self.text(text)?;
            nested(self.around + measure(&made).1)?;
            return Ok(made);
        }
        nested(self.around)?;
        self.around += 1;
        let made = match value {
            Json::Array(items) => items.iter().map(|item| self.value(item)).collect(),
            Json::Object(members) => self.members(members).map(Json::Object),
            other => Ok(other.clone()),
        };
        self.around -= 1;
        made
    }

    fn text(&mut self, text: &str) -> Result<Json, Stop> {
        match Text::of(text) {
            Text::Plain(text) => Ok(text.into_owned().into()),
            Text::Expression(inner) => self.eval(&parse(inner)?),
        }
    }

    fn members(&mut self, members: &Map<String, Json>) -> Result<Map<String, Json>, Stop> {
        let mut result = Map::new();
        for (key, value) in members {
            if key == "copy" && is_copy(value) {
                for entry in value.as_array().into_iter().flatten() {
                    let name = entry["name"].as_str().unwrap_or_default();
                    let made = self.copy(name, &entry["count"], &entry["input"]).map_err(|stop| within(stop, name))?;
                    result.insert(name.to_owned(), made);
                }
                continue;
            }
            let key = match self.text(key)? {
                Json::String(key) => key,
                other => return Err(Stop::Error(format!("the key `{key}` is {}, not a string", kind_of(&other)))),
            };
            let value = self.value(value).map_err(|stop| within(stop, &key))?;
            result.insert(key, value);
        }
        Ok(result)
    }

    /// Evaluates `input` once per turn of a loop.
    pub(in crate::deployment) fn copy(&mut self, name: &str, count: &Json, input: &Json) -> Result<Json, Stop> {
        let count = count_of(&self.value(count)?, name)?;
        let mut items = Vec::new();
        for index in 0..count {
            self.loops.push((name.to_owned(), index));
            let item = self.value(input);
            self.loops.pop();
            items.push(item.map_err(|stop| within(stop, &index.to_string()))?);
        }
        Ok(Json::Array(items))
    }

    /// Evaluates an expression.
    pub(in crate::deployment) fn eval(&mut self, expr: &Expr) -> Result<Json, Stop> {
        match expr {
            Expr::Literal(value) => Ok(value.clone()),
            Expr::Call { name, args } => {
                let value = self.call(name, args)?;
                self.scope.spend(&value)?;
                Ok(value)
            }
            Expr::Member { of, key } => {
                let of = self.eval(of)?;
                let key = self.eval(key)?;
                member(&of, &key).map_err(Stop::Error)
            }
        }
    }

    fn call(&mut self, name: &str, args: &[Expr]) -> Result<Json, Stop> {
        if let Some(function) = self.scope.template.function(name) {
            return self.user_function(name, function, args);
        }
        let function = functions::find(name).ok_or_else(|| format!("there is no function `{name}`"))?;
        function.check_count(args.len())?;
        match function.body {
            Body::Pure(body) => {
                let values = args.iter().map(|arg| self.eval(arg)).collect::<Result<Vec<_>, _>>()?;
                body(&values).map_err(|message| Stop::Error(format!("`{name}`: {message}")))
            }
            Body::Special(body) => body(self, name, args),
        }
    }

    fn user_function(&mut self, name: &str, function: &Json, args: &[Expr]) -> Result<Json, Stop> {
        let declared = function["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
        if declared.len() != args.len() {
            return Err(Stop::Error(format!("`{name}` takes {} arguments, not {}", declared.len(), args.len())));
        }
        let mut arguments = Map::new();
        for (parameter, arg) in declared.iter().zip(args) {
            let value = self.eval(arg)?;
            arguments.insert(parameter["name"].as_str().unwrap_or_default().to_owned(), value);
        }
        let mut inner =
            Evaluator { arguments: Some(arguments), depth: self.deeper(name)?, ..Evaluator::new(self.scope) };
        inner.value(&function["output"]["value"])
    }

    /// Returns the value of a parameter, or of the argument that the function around the place was given.
    pub(in crate::deployment) fn parameter(&self, name: &str) -> Result<Json, Stop> {
        let values = self.arguments.as_ref().unwrap_or(self.scope.parameters);
        if self.arguments.is_none() {
            self.scope.resources.reads_parameter(name);
        }
        let found = functions::find_member(values, name);
        found.cloned().ok_or_else(|| Stop::Error(format!("there is no parameter `{name}`")))
    }

    /// Returns the value of a variable; each is evaluated once, when it is first needed.
    pub(in crate::deployment) fn variable(&mut self, name: &str) -> Result<Json, Stop> {
        let key = name.to_lowercase();
        match self.scope.variables.borrow().get(&key) {
            Some(Some(value)) => return Ok(value.clone()),
            Some(None) => return Err(Stop::Error(format!("the variable `{name}` is defined by itself"))),
            None => {}
        }
        let mut inner = Evaluator { depth: self.deeper(name)?, ..Evaluator::new(self.scope) };
        self.scope.variables.borrow_mut().insert(key.clone(), None);
        let value = self.scope.template.variable(name, &mut inner);
        self.scope.variables.borrow_mut().remove(&key);
        let value = value.map_err(|stop| match stop {
            Stop::Error(message) => Stop::Error(format!("in the variable `{name}`: {message}")),
            need => need,
        })?;
        self.scope.variables.borrow_mut().insert(key, Some(value.clone()));
        Ok(value)
    }

    fn deeper(&self, name: &str) -> Result<usize, Stop> {
        if self.depth < DEPTH {
            return Ok(self.depth + 1);
        }
        Err(Stop::Error(format!("`{name}` is defined through more than {DEPTH} others")))
    }

    /// Evaluates the body of `lambda('a', 'b', body)` with values for its variables; later ones may be left out.
    pub(in crate::deployment) fn lambda(&mut self, lambda: &Expr, values: &[Json]) -> Result<Json, Stop> {
        let parts = match lambda {
            Expr::Call { name, args } if name.eq_ignore_ascii_case("lambda") => args.split_last(),
            _ => None,
        };
        let Some((body, names)) = parts else {
            return Err(Stop::Error("a `lambda(…)` is expected as argument".into()));
        };
        let before = self.locals.len();
        for (name, value) in names.iter().zip(values) {
            self.locals.push((name.as_text().unwrap_or_default().to_owned(), value.clone()));
        }
        let result = self.eval(body);
        self.locals.truncate(before);
        result
    }

    /// Returns the value of a lambda's variable.
    pub(in crate::deployment) fn local(&self, name: &str) -> Result<Json, Stop> {
        let found = self.locals.iter().rev().find(|(local, _)| local.eq_ignore_ascii_case(name));
        found
            .map(|(_, value)| value.clone())
            .ok_or_else(|| Stop::Error(format!("there is no lambda variable `{name}`")))
    }
}

/// Whether the value of a member called `copy` is a list of loops.
pub(in crate::deployment) fn is_copy(value: &Json) -> bool {
    let is_loop = |entry: &Json| entry.get("name").is_some_and(Json::is_string) && entry.get("count").is_some();
    value.as_array().is_some_and(|entries| !entries.is_empty() && entries.iter().all(is_loop))
}

/// Most turns of one loop; the format's own limit.
const TURNS: i64 = 800;

/// Returns the number of turns of a loop.
pub(in crate::deployment) fn count_of(count: &Json, name: &str) -> Result<u64, Stop> {
    match count.as_i64() {
        Some(count @ 0..=TURNS) => Ok(count as u64),
        _ => Err(Stop::Error(format!("the count of the loop `{name}` is {count}; it must be from 0 to {TURNS}"))),
    }
}

/// Says where inside a value an evaluation ended.
pub(in crate::deployment) fn within(stop: Stop, key: &str) -> Stop {
    match stop {
        Stop::Error(message) => Stop::Error(match message.strip_prefix('.') {
            Some(_) => format!(".{key}{message}"),
            None => format!(".{key}: {message}"),
        }),
        need => need,
    }
}

/// The word for a value's type in messages.
pub(in crate::deployment) fn kind_of(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "a boolean",
        Json::Number(_) => "a number",
        Json::String(_) => "a string",
        Json::Array(_) => "an array",
        Json::Object(_) => "an object",
    }
}

/// Looks a property or an item up.
fn member(of: &Json, key: &Json) -> Result<Json, String> {
    match (of, key) {
        (Json::Object(members), Json::String(name)) => {
            functions::find_member(members, name).cloned().ok_or_else(|| {
                let names: Vec<&str> = members.keys().map(String::as_str).take(20).collect();
                match names.is_empty() {
                    true => format!("there is no property `{name}`; the object is empty"),
                    false => format!("there is no property `{name}`; there are `{}`", names.join("`, `")),
                }
            })
        }
        (Json::Array(items), Json::Number(at)) => {
            let item = at.as_u64().and_then(|at| items.get(at as usize));
            item.cloned().ok_or_else(|| format!("there is no item {at}; the array has {}", items.len()))
        }
        (of, Json::String(name)) => Err(format!("`{name}` is looked up in {}, which has no properties", kind_of(of))),
        (of, key) => Err(format!("{} cannot be indexed by {}", kind_of(of), kind_of(key))),
    }
}
