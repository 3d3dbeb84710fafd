//! From a template with values to the resources to be deployed, and who waits for whom.

use std::collections::{BTreeSet, HashMap};

use radii_model::ResourceId;
use serde_json::Value as Json;

use super::cluster;
use super::expression::{Evaluator, Expr, Scope, Stop, Text, count_of, parse};
use super::functions::{Surroundings, replace_scope, resource_id, unscoped_id};
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
    /// Positions of active nodes by what else may name them, in lower case: id, type and name, loop, name alone.
    by_name: [HashMap<String, Vec<usize>>; 4],
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
    plan.index(scope.template);
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
            true if resource.provider == Provider::Kubernetes => {
                cluster::id(resource, &mut evaluator, scope.surroundings)
                    .map_err(|stop| wrong("properties", message(stop)))?
            }
            true => id(scope.surroundings, resource, &mut evaluator).map_err(|stop| wrong("name", message(stop)))?,
            // The name of what is not deployed may be anything, even what cannot be evaluated.
            false => scope.surroundings.radius.clone(),
        };
        if active && resource.provider == Provider::Deployments {
            let named = scope.surroundings.id.key();
            if id.key() == named {
                return Err(wrong("name", format!("the nested deployment would be this one, `{}`", id)));
            }
        }
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
    pub(super) fn find(&self, name: &str) -> Vec<usize> {
        if let Some(found) = self.by_symbol.get(name) {
            return found.clone();
        }
        let lower = match name.parse::<ResourceId>() {
            Ok(id) => id.key(),
            Err(_) => name.to_ascii_lowercase(),
        };
        let ways = self.by_name.iter().filter_map(|names| names.get(&lower));
        ways.into_iter().next().cloned().unwrap_or_default()
    }

    /// Notes what active nodes may be called beside their symbols.
    fn index(&mut self, template: &Template) {
        for (at, node) in self.nodes.iter().enumerate().filter(|(_, node)| node.active) {
            let kind = &template.resources[node.resource].type_name;
            let name = node.id.name().unwrap_or_default().to_ascii_lowercase();
            let full = format!("{kind}/{name}").to_ascii_lowercase();
            let turn = node.turn.as_ref().map(|(name, _)| name.to_ascii_lowercase());
            for (names, name) in self.by_name.iter_mut().zip([Some(node.id.key()), Some(full), turn, Some(name)]) {
                if let Some(name) = name {
                    names.entry(name).or_default().push(at);
                }
            }
        }
    }

    /// Returns the positions of all nodes, each after those that it depends on.
    pub(super) fn order(&self) -> Vec<usize> {
        let (mut order, mut placed) = (Vec::new(), vec![false; self.nodes.len()]);
        for start in 0..self.nodes.len() {
            // A stack instead of recursion: chains may be as long as the template.
            let mut waiting = vec![start];
            while let Some(at) = waiting.last().copied() {
                let open = self.nodes[at].dependencies.iter().find(|dependency| !placed[**dependency]);
                match open.filter(|_| !placed[at]) {
                    Some(dependency) => waiting.push(*dependency),
                    None => {
                        waiting.pop();
                        if !std::mem::replace(&mut placed[at], true) {
                            order.push(at);
                        }
                    }
                }
            }
        }
        order
    }

    /// Returns for each node whether an active one depends on it.
    pub(super) fn wanted(&self) -> Vec<bool> {
        let mut wanted = vec![false; self.nodes.len()];
        for node in self.nodes.iter().filter(|node| node.active) {
            node.dependencies.iter().for_each(|dependency| wanted[*dependency] = true);
        }
        wanted
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
            let nodes = self.find(name);
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
        let mut open: Vec<usize> = self.nodes.iter().map(|node| node.dependencies.len()).collect();
        let mut dependents = vec![Vec::new(); self.nodes.len()];
        for (at, node) in self.nodes.iter().enumerate() {
            node.dependencies.iter().for_each(|dependency| dependents[*dependency].push(at));
        }
        let mut done = vec![false; self.nodes.len()];
        let mut ready: Vec<usize> = (0..open.len()).filter(|at| open[*at] == 0).collect();
        while let Some(at) = ready.pop() {
            done[at] = true;
            for dependent in &dependents[at] {
                open[*dependent] -= 1;
                if open[*dependent] == 0 {
                    ready.push(*dependent);
                }
            }
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
    let base = match resource.provider {
        Provider::Azure => surroundings.azure.as_ref().unwrap_or(&surroundings.radius),
        Provider::Deployments => &surroundings.deployments,
        _ => &surroundings.radius,
    };
    let mut scope = base.clone();
    for (member, kind) in [("subscriptionId", "subscriptions"), ("resourceGroup", "resourceGroups")] {
        if let Some(value) = resource.source.get(member) {
            let value = evaluator.value(value)?;
            scope = replace_scope(&scope, kind, value.as_str().unwrap_or_default());
        }
    }
    let written = resource.scope.as_ref().map(|scope| evaluator.value(scope)).transpose()?;
    match written.as_ref().and_then(Json::as_str).map(|text| text.trim_end_matches('/')) {
        Some(of) if !of.is_empty() => extension_id(&scope, of, &resource.type_name, &name).map_err(Stop::Error),
        _ => resource_id(&scope, &resource.type_name, &name).map_err(Stop::Error),
    }
}

/// Returns the id of a resource that belongs to another one, or lies in a scope that its own text names.
fn extension_id(base: &ResourceId, of: &str, kind: &str, name: &str) -> Result<ResourceId, String> {
    let of = match of.split_once('/') {
        Some(("", _)) => of.to_owned(),
        // `Namespace/type/name`: a resource beside this one.
        Some((namespace, rest)) if namespace.contains('.') => {
            let words: Vec<&str> = rest.split('/').collect();
            let (kinds, names) = words.split_at(words.len().div_ceil(2));
            resource_id(base, &format!("{namespace}/{}", kinds.join("/")), &names.join("/"))?.to_string()
        }
        _ => format!("{base}/{of}"),
    };
    let scope = of.parse::<ResourceId>().map_err(|error| error.to_string())?;
    if !scope.is_resource() {
        return resource_id(&scope, kind, name);
    }
    let below = unscoped_id(kind, &[name.to_owned()])?;
    format!("{of}{below}").parse().map_err(|_| format!("`{of}{below}` is not a resource id"))
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
            self.found.extend(self.plan.find(&name));
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
