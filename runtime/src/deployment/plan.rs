//! From a template with values to the resources to be deployed, and who waits for whom.

use std::collections::{BTreeSet, HashMap};

use radii_model::ResourceId;
use serde_json::Value as Json;

use super::expression::{Evaluator, Expr, Scope, Stop, Text, count_of, parse};
use super::functions::{Surroundings, resource_id};
use super::parameters::message;
use super::template::{Problem, Provider, Resource, Template};

/// One resource of a deployment: each turn of a loop is one.
#[derive(Clone, Debug)]
pub(super) struct Node {
    /// Symbolic name, with the turn for loops: `web[0]`.
    pub symbol: String,
    /// Position in [`Template::resources`].
    pub resource: usize,
    /// Loop and turn.
    pub turn: Option<(String, u64)>,
    /// Whether the condition holds.
    pub active: bool,
    /// The id it will have.
    pub id: ResourceId,
    /// Positions of the nodes that must be done before.
    pub dependencies: BTreeSet<usize>,
}

/// All resources of a deployment.
#[derive(Clone, Debug, Default)]
pub(super) struct Plan {
    pub nodes: Vec<Node>,
    /// Positions by symbolic name; that of a loop stands for all its turns.
    by_symbol: HashMap<String, Vec<usize>>,
}

/// Works out what is to be deployed; the same template and values always give the same plan.
///
/// # Errors
/// Expressions that cannot be evaluated yet, unknown names, two resources with one id, circles.
pub(super) fn plan(scope: &Scope<'_>) -> Result<Plan, Vec<Problem>> {
    let mut plan = Plan::default();
    let mut problems = Vec::new();
    for (at, resource) in scope.template.resources.iter().enumerate() {
        if let Err(problem) = plan.expand(scope, at, resource) {
            problems.push(problem);
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    problems.extend(plan.twins(scope.template));
    problems.extend(plan.connect(scope));
    problems.extend(plan.find_circle());
    if problems.is_empty() { Ok(plan) } else { Err(problems) }
}

impl Plan {
    /// Adds the nodes of a resource.
    fn expand(&mut self, scope: &Scope<'_>, at: usize, resource: &Resource) -> Result<(), Problem> {
        let wrong = |place: &str, stop| Problem::new(format!("{}.{place}", resource.place), message(stop));
        let Some(copy) = &resource.copy else {
            return self.add(scope, at, resource, None);
        };
        let name = copy.get("name").and_then(Json::as_str).unwrap_or(&resource.symbol).to_owned();
        let count = Evaluator::new(scope).value(&copy["count"]).and_then(|count| count_of(&count, &name));
        let count = count.map_err(|stop| wrong("copy.count", stop))?;
        self.by_symbol.entry(resource.symbol.clone()).or_default();
        let serial = copy["mode"].as_str().is_some_and(|mode| mode.eq_ignore_ascii_case("serial"));
        let batch = copy["batchSize"].as_u64().unwrap_or(1).max(1) as usize;
        let first = self.nodes.len();
        for index in 0..count {
            self.add(scope, at, resource, Some((name.clone(), index)))?;
            let turn = index as usize;
            if serial && turn >= batch {
                let start = first + (turn / batch - 1) * batch;
                self.nodes[first + turn].dependencies.extend(start..start + batch);
            }
        }
        Ok(())
    }

    fn add(
        &mut self,
        scope: &Scope<'_>,
        at: usize,
        resource: &Resource,
        turn: Option<(String, u64)>,
    ) -> Result<(), Problem> {
        let wrong = |place: &str, message: String| Problem::new(format!("{}.{place}", resource.place), message);
        let mut evaluator = evaluator(scope, turn.as_ref());
        let active = match &resource.condition {
            None => true,
            Some(condition) => match evaluator.value(condition) {
                Ok(Json::Bool(active)) => active,
                Ok(other) => return Err(wrong("condition", format!("the condition is {other}, not true or false"))),
                Err(stop) => return Err(wrong("condition", message(stop))),
            },
        };
        let id = match active {
            true => id(scope.surroundings, resource, &mut evaluator).map_err(|stop| wrong("name", message(stop)))?,
            // The name of what is not deployed may be anything, even what cannot be evaluated.
            false => scope.surroundings.radius.clone(),
        };
        let symbol = match &turn {
            Some((_, index)) => format!("{}[{index}]", resource.symbol),
            None => resource.symbol.clone(),
        };
        let position = self.nodes.len();
        if turn.is_some() {
            self.by_symbol.entry(resource.symbol.clone()).or_default().push(position);
        }
        self.by_symbol.entry(symbol.clone()).or_default().push(position);
        self.nodes.push(Node { symbol, resource: at, turn, active, id, dependencies: BTreeSet::new() });
        Ok(())
    }

    /// Finds the nodes that a text names: by symbol, id, type and name, or name alone.
    pub(super) fn find(&self, name: &str, template: &Template) -> Vec<usize> {
        if let Some(found) = self.by_symbol.get(name) {
            return found.clone();
        }
        let positions = |matches: &dyn Fn(&Node) -> bool| -> Vec<usize> {
            let nodes = self.nodes.iter().enumerate().filter(|(_, node)| node.active && matches(node));
            nodes.map(|(at, _)| at).collect()
        };
        if let Ok(id) = name.parse::<ResourceId>() {
            return positions(&|node| node.id == id);
        }
        let lower = name.to_ascii_lowercase();
        let full = |node: &Node| {
            let resource = &template.resources[node.resource];
            format!("{}/{}", resource.type_name, node.id.name().unwrap_or_default()).to_ascii_lowercase()
        };
        let loops = |node: &Node| node.turn.as_ref().is_some_and(|(own, _)| own.to_ascii_lowercase() == lower);
        let own = |node: &Node| node.id.name().is_some_and(|own| own.to_ascii_lowercase() == lower);
        let by_type = |node: &Node| full(node) == lower;
        let ways: [&dyn Fn(&Node) -> bool; 3] = [&by_type, &loops, &own];
        ways.into_iter().map(|way| positions(way)).find(|found| !found.is_empty()).unwrap_or_default()
    }

    /// Two resources of one id would overwrite each other.
    fn twins(&self, template: &Template) -> Vec<Problem> {
        let mut seen: HashMap<String, &str> = HashMap::new();
        let mut problems = Vec::new();
        for node in self.nodes.iter().filter(|node| node.active) {
            let resource = &template.resources[node.resource];
            if resource.existing {
                continue;
            }
            if let Some(other) = seen.insert(node.id.key(), &node.symbol) {
                let message = format!("`{}` and `{other}` are both `{}`", node.symbol, node.id);
                problems.push(Problem::new(&resource.place, message));
            }
        }
        problems
    }

    /// Finds who waits for whom.
    fn connect(&mut self, scope: &Scope<'_>) -> Vec<Problem> {
        let mut problems = Vec::new();
        for at in 0..self.nodes.len() {
            let node = self.nodes[at].clone();
            if !node.active {
                continue;
            }
            let resource = &scope.template.resources[node.resource];
            match self.dependencies(scope, &node, resource) {
                Ok(mut found) => {
                    found.remove(&at);
                    self.nodes[at].dependencies.extend(found);
                }
                Err(problem) => problems.push(problem),
            }
        }
        problems
    }

    fn dependencies(&self, scope: &Scope<'_>, node: &Node, resource: &Resource) -> Result<BTreeSet<usize>, Problem> {
        let mut found = BTreeSet::new();
        for (index, name) in resource.depends_on.iter().enumerate() {
            let place = format!("{}.dependsOn[{index}]", resource.place);
            let name = evaluator(scope, node.turn.as_ref()).value(name);
            let name = name.map_err(|stop| Problem::new(&place, message(stop)))?;
            let name = name.as_str().unwrap_or_default();
            let nodes = self.find(name, scope.template);
            // An empty loop has a name and no nodes; a resource with a false condition has no id.
            let known =
                self.by_symbol.contains_key(name) || name.contains('/') || self.has_inactive(scope.template, name);
            if nodes.is_empty() && !known {
                return Err(Problem::new(place, format!("there is no resource `{name}` in the template")));
            }
            found.extend(nodes);
        }
        let mut names = Names { scope, node, plan: self, found, variables: BTreeSet::new() };
        names.value(&resource.own_text());
        Ok(names.found)
    }

    fn has_inactive(&self, template: &Template, name: &str) -> bool {
        let own = |node: &&Node| template.resources[node.resource].name.as_str() == Some(name);
        self.nodes.iter().filter(|node| !node.active).any(|node| own(&node))
    }

    /// Finds resources that wait for each other.
    fn find_circle(&self) -> Option<Problem> {
        let mut done = vec![false; self.nodes.len()];
        loop {
            let ready =
                |at: &usize| !done[*at] && self.nodes[*at].dependencies.iter().all(|dependency| done[*dependency]);
            let ready: Vec<usize> = (0..self.nodes.len()).filter(ready).collect();
            if ready.is_empty() {
                break;
            }
            ready.into_iter().for_each(|at| done[at] = true);
        }
        let start = done.iter().position(|done| !done)?;
        let mut path = vec![start];
        loop {
            let at = path[path.len() - 1];
            let next = *self.nodes[at].dependencies.iter().find(|dependency| !done[**dependency])?;
            if let Some(first) = path.iter().position(|at| *at == next) {
                let circle: Vec<&str> =
                    path[first..].iter().chain([&next]).map(|at| &*self.nodes[*at].symbol).collect();
                let message = format!("Circular dependency detected on resource: `{}`", circle.join("` → `"));
                return Some(Problem::new(format!("resources.{}", self.nodes[next].symbol), message));
            }
            path.push(next);
        }
    }
}

/// Returns an evaluator at the place of a resource.
pub(super) fn evaluator<'s, 'a>(scope: &'s Scope<'a>, turn: Option<&(String, u64)>) -> Evaluator<'s, 'a> {
    match turn {
        Some((name, index)) => Evaluator::in_loop(scope, name, *index),
        None => Evaluator::new(scope),
    }
}

fn id(surroundings: &Surroundings, resource: &Resource, evaluator: &mut Evaluator<'_, '_>) -> Result<ResourceId, Stop> {
    let name = match evaluator.value(&resource.name)? {
        Json::String(name) => name,
        other => return Err(Stop::Error(format!("the name is {other}, not a string"))),
    };
    let scope = match resource.provider {
        Provider::Azure => surroundings.azure.as_ref().unwrap_or(&surroundings.radius),
        Provider::Deployments => &surroundings.deployments,
        _ => &surroundings.radius,
    };
    resource_id(scope, &resource.type_name, &name).map_err(Stop::Error)
}

/// Collects the resources that expressions name.
struct Names<'n> {
    scope: &'n Scope<'n>,
    node: &'n Node,
    plan: &'n Plan,
    found: BTreeSet<usize>,
    /// Variables that were looked into already.
    variables: BTreeSet<String>,
}

impl Names<'_> {
    fn value(&mut self, value: &Json) {
        match value {
            Json::String(text) => self.text(text),
            Json::Array(items) => items.iter().for_each(|item| self.value(item)),
            Json::Object(members) => members.iter().for_each(|(key, value)| {
                self.text(key);
                self.value(value);
            }),
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        let Text::Expression(inner) = Text::of(text) else { return };
        let Ok(expr) = parse(inner) else { return };
        let mut calls = Vec::new();
        expr.walk(&mut |expr| {
            if let Expr::Call { name, args } = expr
                && let Some(first) = args.first()
            {
                calls.push((name.to_ascii_lowercase(), first.clone()));
            }
        });
        for (name, argument) in calls {
            match name.as_str() {
                "variables" => self.variable(&argument),
                name if matches!(name, "reference" | "references" | "resourceinfo") || name.starts_with("list") => {
                    self.target(&argument);
                }
                _ => {}
            }
        }
    }

    fn variable(&mut self, argument: &Expr) {
        let Some(name) = argument.as_text() else { return };
        if self.variables.insert(name.to_lowercase())
            && let Some(value) = self.scope.template.find_variable(name)
        {
            self.value(&value.clone());
        }
    }

    fn target(&mut self, argument: &Expr) {
        let known = evaluator(self.scope, self.node.turn.as_ref()).eval(argument);
        if let Ok(Json::String(name)) = known {
            self.found.extend(self.plan.find(&name, self.scope.template));
            return;
        }
        // A name that depends on a lambda or on a resource: any turn of the loop that it is written with may be meant.
        let mut symbols = Vec::new();
        argument.walk(&mut |expr| {
            symbols.extend(expr.as_text().and_then(|text| text.split('[').next()).map(str::to_owned))
        });
        for symbol in symbols {
            self.found.extend(self.plan.by_symbol.get(&symbol).into_iter().flatten());
        }
    }
}
