//! Deployments before they begin: what would be put, as far as that can be said.
//!
//! Resources are evaluated in the order of their dependencies. A reference to one that is not there yet sees what
//! would be put; what only its deployment can tell stays in the text as the expression that asks for it.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap};

use radii_model::ResourceId;
use serde_json::{Map, Value as Json, json};

use super::admit::{self, Checked};
use super::expression::{Evaluator, Phase, Resources, Scope, Stop, count_of, is_copy, within};
use super::functions::Surroundings;
use super::plan::{Plan, evaluator};
use super::result::value;
use super::template::{Form, Provider, Template};
use super::{outer, parameters};
use crate::{Fault, Timestamp};

/// A resource as a deployment would put it.
#[derive(Clone, Debug, PartialEq)]
pub struct Foreseen {
    /// Symbolic name; below those of the modules around it: `module/web[0]`.
    pub symbol: String,
    /// The id it has, or will have.
    pub id: ResourceId,
    /// The API version of the template.
    pub api_version: String,
    /// Whether the template only refers to it.
    pub existing: bool,
    /// `location`, `tags` and `properties`.
    pub body: Map<String, Json>,
    /// Whether no expression is left in the body.
    pub is_known: bool,
    /// Ids of what must be there before.
    pub depends_on: Vec<ResourceId>,
}

/// Returns what a template would deploy to a scope, without asking anybody; secret parameters are null.
///
/// # Errors
/// Templates and parameters that a deployment would be refused for.
pub fn foresee(template: &Json, given: &Map<String, Json>, scope: &ResourceId) -> Result<Vec<Foreseen>, Fault> {
    let (checked, around) = prepare(template, given, scope)?;
    let mut all = Vec::new();
    let mut foresight = Foresight::new(checked.without_secrets(), around, "");
    foresight.is_masked = true;
    foresight.alone(&mut all)?;
    Ok(all)
}

/// Returns the outputs of a template as far as they need no deployed resource: `{name: value}`.
///
/// # Errors
/// Those of [`foresee`].
pub fn foresee_outputs(
    template: &Json,
    given: &Map<String, Json>,
    scope: &ResourceId,
) -> Result<Map<String, Json>, Fault> {
    let (checked, around) = prepare(template, given, scope)?;
    let outputs = Foresight::new(checked, around, "").alone(&mut Vec::new())?;
    Ok(outputs.into_iter().map(|(name, mut output)| (name, output["value"].take())).collect())
}

fn prepare(template: &Json, given: &Map<String, Json>, scope: &ResourceId) -> Result<(Checked, Surroundings), Fault> {
    let kind = "Microsoft.Resources/deployments".parse().map_err(|error| Fault::internal(format!("{error}")))?;
    let mut around = admit::surroundings(&scope.resource(&kind, "foreseen"), &Json::Null, Timestamp(0))?;
    around.azure = scope.plane().is_none().then(|| scope.clone());
    let checked = admit::check_template(template, given, &around).map_err(|problems| admit::invalid(&problems))?;
    Ok((checked, around))
}

/// A deployment that is thought through.
pub(super) struct Foresight {
    pub template: Template,
    pub plan: Plan,
    pub surroundings: Surroundings,
    parameters: Map<String, Json>,
    /// Whether secrets are null instead of their values.
    is_masked: bool,
    /// Symbols of the modules around it, each with a slash.
    prefix: String,
    /// Nodes as references see them: exact where they are there, and will not change.
    seen: HashMap<usize, Seen>,
    /// Resources outside the template, by the key of their id; `None` for those that are not there.
    outside: HashMap<String, Option<Json>>,
    /// Keys of resources outside that were asked for and are not known.
    asked: RefCell<BTreeSet<String>>,
    /// POST actions that were asked for: key of the resource, and action.
    actions: RefCell<BTreeSet<(String, String)>>,
    /// Whether the last evaluation used what is not exact.
    uncertain: Cell<bool>,
    /// Whether the last evaluation used a secret that is null instead.
    masked: Cell<bool>,
}

struct Seen {
    resource: Json,
    is_exact: bool,
}

impl Foresight {
    pub(super) fn new(checked: Checked, surroundings: Surroundings, prefix: &str) -> Self {
        Self {
            template: checked.template,
            plan: checked.plan,
            surroundings,
            parameters: checked.parameters,
            is_masked: false,
            prefix: prefix.to_owned(),
            seen: HashMap::new(),
            outside: HashMap::new(),
            asked: RefCell::default(),
            actions: RefCell::default(),
            uncertain: Cell::new(false),
            masked: Cell::new(false),
        }
    }

    /// Thinks the deployment through without asking anybody; returns its outputs.
    pub(super) fn alone(mut self, all: &mut Vec<Foreseen>) -> Result<Map<String, Json>, Fault> {
        for at in self.plan.order() {
            let Some(resource) = self.resource(at)? else { continue };
            let outputs = match self.module(at, &resource)? {
                Some(module) => module.alone(all)?,
                None => Map::new(),
            };
            self.settle(at, &resource, None, outputs);
            all.push(resource);
        }
        self.outputs()
    }

    /// Evaluates a node, those that it depends on being settled; `None` when its condition is false.
    pub(super) fn resource(&self, at: usize) -> Result<Option<Foreseen>, Fault> {
        let node = &self.plan.nodes[at];
        let resource = &self.template.resources[node.resource];
        if !node.active {
            return Ok(None);
        }
        let (mut body, mut is_known) = (Map::new(), true);
        if !resource.existing {
            let scope = self.scope();
            let mut evaluator = evaluator(&scope, node.turn.as_ref());
            let made = self.partial(&mut evaluator, &resource.body(), &mut is_known);
            let made = made.map_err(|stop| self.refuse(&resource.place, stop))?;
            body = made.as_object().cloned().unwrap_or_default();
            if resource.provider != Provider::Kubernetes {
                body.entry("location").or_insert_with(|| "global".into());
            }
        }
        let depends_on = node.dependencies.iter().map(|at| &self.plan.nodes[*at]).filter(|node| node.active);
        Ok(Some(Foreseen {
            symbol: format!("{}{}", self.prefix, node.symbol),
            id: node.id.clone(),
            api_version: resource.api_version.clone(),
            existing: resource.existing,
            body,
            is_known,
            depends_on: depends_on.map(|node| node.id.clone()).collect(),
        }))
    }

    /// Returns the foresight of a nested deployment; `None` for every other resource.
    pub(super) fn module(&self, at: usize, foreseen: &Foreseen) -> Result<Option<Foresight>, Fault> {
        let node = &self.plan.nodes[at];
        let resource = &self.template.resources[node.resource];
        let Some(nested) = resource.nested().filter(|_| resource.provider == Provider::Deployments) else {
            return Ok(None);
        };
        let bound;
        let nested = if resource.is_inner() {
            nested
        } else {
            let scope = self.scope();
            bound = outer::bind(&mut evaluator(&scope, node.turn.as_ref()), nested)
                .map_err(|stop| self.refuse(&resource.place, stop))?;
            &bound
        };
        let given = foreseen.body.get("properties").and_then(|properties| properties["parameters"].as_object());
        let mut around = self.surroundings.clone();
        around.id = node.id.clone();
        let scope = node.id.scope();
        if scope != self.surroundings.deployments {
            around.azure = self.surroundings.azure_of(&scope);
            (around.radius, around.deployments) = (scope.clone(), scope);
        }
        let given = given.cloned().unwrap_or_default();
        // What is not known yet may be of any type, so the values of its parameters are not checked.
        let checked = match foreseen.is_known && !self.is_masked {
            true => admit::check_template(nested, &given, &around),
            false => admit::check_loosely(nested, &given, &around),
        };
        let checked = checked.map_err(|problems| {
            let fault = admit::invalid(&problems);
            Fault { message: format!("{}: {}", resource.place, fault.message), ..fault }
        })?;
        let module = Foresight::new(checked, around, &format!("{}{}/", self.prefix, node.symbol));
        Ok(Some(Foresight { is_masked: self.is_masked, ..module }))
    }

    /// Notes what references to a node see: `stored` when it is there and will not change, else what would be put.
    pub(super) fn settle(&mut self, at: usize, foreseen: &Foreseen, stored: Option<Json>, outputs: Map<String, Json>) {
        if let Some(resource) = stored {
            self.seen.insert(at, Seen { resource, is_exact: true });
            return;
        }
        if foreseen.existing {
            return;
        }
        let id = &foreseen.id;
        let mut resource = Json::Object(foreseen.body.clone());
        resource["id"] = id.to_string().into();
        resource["name"] = id.name().into();
        resource["type"] = id.resource_type().map(|kind| kind.to_string()).into();
        if !outputs.is_empty() {
            resource["properties"]["outputs"] = outputs.into();
        }
        self.seen.insert(at, Seen { resource, is_exact: false });
    }

    /// Returns keys of resources outside the template that were asked for, and forgets that they were.
    pub(super) fn wishes(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.borrow_mut()).into_iter().collect()
    }

    /// Returns POST actions that were asked for, and forgets that they were.
    pub(super) fn calls(&self) -> Vec<(String, String)> {
        std::mem::take(&mut *self.actions.borrow_mut()).into_iter().collect()
    }

    /// Names something in the template as messages do: below the modules around it.
    pub(super) fn place(&self, place: &str) -> String {
        format!("{}{place}", self.prefix)
    }

    /// Notes a resource outside the template.
    pub(super) fn learn(&mut self, key: String, resource: Option<Json>) {
        self.outside.insert(key, resource);
    }

    /// Evaluates the outputs that can be known: `{name: {type, value}}`.
    pub(super) fn outputs(&self) -> Result<Map<String, Json>, Fault> {
        let scope = self.scope();
        let mut outputs = Map::new();
        for (name, output) in &self.template.outputs {
            self.uncertain.set(false);
            let made = match value(&scope, output) {
                Ok(mut made) => made.get_mut("value").map(Json::take),
                Err(_) if self.uncertain.get() => None,
                Err(stop) => return Err(self.refuse(&format!("outputs.{name}"), stop)),
            };
            let kind = parameters::declaration(&self.template, output).get("type");
            if let Some(made) = made.filter(|made| !(made.is_null() && self.uncertain.get())) {
                outputs.insert(name.clone(), json!({ "type": admit::type_name(kind), "value": made }));
            }
        }
        Ok(outputs)
    }

    fn scope(&self) -> Scope<'_> {
        Scope::new(&self.template, &self.parameters, Phase::Run, self, &self.surroundings)
    }

    fn refuse(&self, place: &str, stop: Stop) -> Fault {
        let message = parameters::message(stop);
        let separator = if message.starts_with('.') { "" } else { ": " };
        let place = format!("{}{place}", self.prefix);
        Fault::new(400, admit::INVALID_TEMPLATE, format!("{place}{separator}{message}")).target(place)
    }

    /// Evaluates a value; texts that need what is not known yet stay as they are.
    fn partial(&self, evaluator: &mut Evaluator<'_, '_>, source: &Json, is_known: &mut bool) -> Result<Json, Stop> {
        match source {
            Json::Object(members) => self.members(evaluator, members, is_known),
            Json::Array(items) => items.iter().map(|item| self.partial(evaluator, item, is_known)).collect(),
            _ => {
                self.uncertain.set(false);
                self.masked.set(false);
                match evaluator.value(source) {
                    Ok(made) if !(made.is_null() && self.uncertain.get()) => Ok(made),
                    Err(stop) if !self.uncertain.get() && !self.masked.get() => Err(stop),
                    _ => {
                        *is_known = false;
                        Ok(source.clone())
                    }
                }
            }
        }
    }

    fn members(
        &self,
        evaluator: &mut Evaluator<'_, '_>,
        members: &Map<String, Json>,
        is_known: &mut bool,
    ) -> Result<Json, Stop> {
        let mut made = Map::new();
        for (key, source) in members {
            if key == "copy" && is_copy(source) {
                for entry in source.as_array().into_iter().flatten() {
                    let name = entry["name"].as_str().unwrap_or_default();
                    let items = self.turns(evaluator, name, entry, is_known).map_err(|stop| within(stop, name))?;
                    made.insert(name.to_owned(), items);
                }
                continue;
            }
            let name = self.partial(evaluator, &Json::from(key.as_str()), is_known)?;
            let name = name.as_str().unwrap_or(key).to_owned();
            let value = self.partial(evaluator, source, is_known).map_err(|stop| within(stop, &name))?;
            made.insert(name, value);
        }
        Ok(made.into())
    }

    /// Evaluates a loop over a property.
    fn turns(
        &self,
        evaluator: &mut Evaluator<'_, '_>,
        name: &str,
        entry: &Json,
        is_known: &mut bool,
    ) -> Result<Json, Stop> {
        let mut count_is_known = true;
        let count = self.partial(evaluator, &entry["count"], &mut count_is_known)?;
        if !count_is_known {
            *is_known = false;
            return Ok(entry["input"].clone());
        }
        let mut items = Vec::new();
        for index in 0..count_of(&count, name)? {
            evaluator.loops.push((name.to_owned(), index));
            let item = self.partial(evaluator, &entry["input"], is_known);
            evaluator.loops.pop();
            items.push(item?);
        }
        Ok(items.into())
    }

    fn unknown(&self, name: &str) -> Stop {
        self.uncertain.set(true);
        Stop::Error(format!("`{name}` is not known before the deployment"))
    }

    fn node(&self, at: usize, full: bool) -> Result<Json, Stop> {
        let node = &self.plan.nodes[at];
        if !node.active {
            let message = format!("`{}` is not deployed, because its condition is false", node.symbol);
            return Err(Stop::Error(message));
        }
        let seen = self.seen.get(&at).ok_or_else(|| self.unknown(&node.symbol))?;
        if !seen.is_exact {
            self.uncertain.set(true);
        }
        let is_whole = full || self.template.resources[node.resource].form == Form::Extensible;
        Ok(if is_whole { seen.resource.clone() } else { seen.resource["properties"].clone() })
    }
}

impl Resources for Foresight {
    fn reads_parameter(&self, name: &str) {
        let declared = super::functions::find_member(&self.template.parameters, name);
        if self.is_masked && declared.is_some_and(|declared| parameters::has_secrets(&self.template, declared)) {
            self.masked.set(true);
        }
    }

    fn reference(&self, name: &str, full: bool) -> Result<Json, Stop> {
        match self.plan.find(name).as_slice() {
            [at] => self.node(*at, full),
            [] if name.starts_with('/') => match self.outside.get(&name.to_ascii_lowercase()) {
                Some(Some(resource)) => Ok(if full { resource.clone() } else { resource["properties"].clone() }),
                Some(None) => Err(Stop::Error(format!("there is no resource `{name}`"))),
                None => {
                    self.asked.borrow_mut().insert(name.to_ascii_lowercase());
                    Err(self.unknown(name))
                }
            },
            [] => Err(Stop::Error(format!("there is no resource `{name}` in the template"))),
            _ => Err(Stop::Error(format!("`{name}` may be any of several resources"))),
        }
    }

    fn references(&self, symbol: &str) -> Result<Json, Stop> {
        self.plan.find(symbol).into_iter().map(|at| self.node(at, false)).collect()
    }

    // Actions may do something, and answer with secrets: they wait for the deployment.
    fn action(&self, name: &str, action: &str) -> Result<Json, Stop> {
        if let Ok(id) = self.id(name) {
            self.actions.borrow_mut().insert((id, action.to_owned()));
        }
        Err(self.unknown(name))
    }

    fn id(&self, name: &str) -> Result<String, Stop> {
        match self.plan.find(name).as_slice() {
            [at] => Ok(self.plan.nodes[*at].id.to_string()),
            _ if name.starts_with('/') => Ok(name.to_owned()),
            _ => Err(Stop::Error(format!("there is no single resource `{name}` in the template"))),
        }
    }
}
