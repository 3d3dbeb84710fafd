//! The functions of template expressions.

mod cloud;
mod collection;
mod encoding;
mod hash;
mod logic;
mod loose;
mod moment;
mod network;
mod number;
mod order;
mod resource;
mod text;
mod time;

use radii_model::ResourceId;
use serde_json::{Map, Value as Json};

use super::expression::{Evaluator, Expr, Stop};
pub(super) use hash::guid;
pub(super) use resource::{replace_scope, resource_id, unscoped_id};

/// A function.
pub(super) struct Function {
    /// Its name; compared without regard to casing.
    pub name: &'static str,
    /// Fewest arguments.
    pub min: usize,
    /// Most arguments.
    pub max: usize,
    pub body: Body,
}

/// How a function is carried out.
#[derive(Clone, Copy)]
pub(super) enum Body {
    /// From the values of its arguments alone.
    Pure(fn(&[Json]) -> Result<Json, String>),
    /// With the evaluator: it takes lambdas, leaves arguments out, or looks around.
    Special(Special),
}

type Special = fn(&mut Evaluator<'_, '_>, &str, &[Expr]) -> Result<Json, Stop>;

/// Any number of arguments.
const ANY: usize = usize::MAX;

/// What functions such as `deployment()` and `resourceGroup()` tell.
#[derive(Clone, Debug)]
pub(super) struct Surroundings {
    /// The deployment's own id.
    pub id: ResourceId,
    /// Scope of Radius resources.
    pub radius: ResourceId,
    /// Scope of nested deployments.
    pub deployments: ResourceId,
    /// Scope of Azure resources, if one is configured.
    pub azure: Option<ResourceId>,
    /// Namespace of objects of a cluster that names none.
    pub namespace: Option<String>,
    /// Cluster of objects: the context of a kubeconfig; the server's own where there is none.
    pub cluster: Option<String>,
    /// When the deployment began.
    pub now: jiff::Timestamp,
}

impl Surroundings {
    /// Returns the Azure scope of a module that lies in another scope of deployments: subscription and group are exchanged
    /// in it as they are there.
    pub(super) fn azure_of(&self, module: &ResourceId) -> Option<ResourceId> {
        let mut azure = self.azure.clone()?;
        let other = module.scopes().iter().filter(|segment| !self.deployments.scopes().contains(segment));
        for segment in other.filter(|segment| AZURE.iter().any(|kind| kind.eq_ignore_ascii_case(&segment.kind))) {
            azure = replace_scope(&azure, &segment.kind, segment.name.as_deref().unwrap_or_default());
        }
        Some(azure)
    }
}

/// Kinds of scopes that Azure has as well.
const AZURE: [&str; 2] = ["subscriptions", "resourceGroups"];

const fn pure(name: &'static str, min: usize, max: usize, body: fn(&[Json]) -> Result<Json, String>) -> Function {
    Function { name, min, max, body: Body::Pure(body) }
}

const fn special(name: &'static str, min: usize, max: usize, body: Special) -> Function {
    Function { name, min, max, body: Body::Special(body) }
}

const TABLES: [&[Function]; 8] = [
    logic::TABLE,
    text::TABLE,
    collection::TABLE,
    encoding::TABLE,
    network::TABLE,
    time::TABLE,
    resource::TABLE,
    cloud::TABLE,
];

/// Finds a function by name; the namespaces `sys` and `az` may stand before it. Every name that begins with `list` is an action of a resource.
pub(super) fn find(name: &str) -> Option<&'static Function> {
    let name = name.strip_prefix("sys.").or_else(|| name.strip_prefix("az.")).unwrap_or(name);
    let found = TABLES.into_iter().flatten().find(|function| function.name.eq_ignore_ascii_case(name));
    let is_list = name.len() > 4 && name.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("list"));
    found.or_else(|| is_list.then_some(&resource::LIST))
}

/// Returns the known function whose name is most like `name`.
pub(super) fn similar(name: &str) -> Option<&'static str> {
    let names = TABLES.into_iter().flatten().map(|function| function.name);
    let ranked = names.map(|known| (distance(&known.to_lowercase(), &name.to_lowercase()), known));
    ranked.min().filter(|(distance, _)| *distance <= 2).map(|(_, known)| known)
}

/// Number of letters to change, add or remove between two words.
pub(super) fn distance(one: &str, two: &str) -> usize {
    let two: Vec<char> = two.chars().collect();
    let mut row: Vec<usize> = (0..=two.len()).collect();
    for (i, left) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, right) in two.iter().enumerate() {
            let substituted = diagonal + usize::from(left != *right);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[two.len()]
}

impl Function {
    /// Refuses a wrong number of arguments.
    pub(super) fn check_count(&self, count: usize) -> Result<(), String> {
        if (self.min..=self.max).contains(&count) {
            return Ok(());
        }
        let wanted = match (self.min, self.max) {
            (min, ANY) => format!("at least {min}"),
            (min, max) if min == max => min.to_string(),
            (min, max) => format!("{min} to {max}"),
        };
        Err(format!("`{}` takes {wanted} arguments, not {count}", self.name))
    }
}

/// Finds a member, in the exact casing first and in any other then.
pub(super) fn find_member<'m>(members: &'m Map<String, Json>, name: &str) -> Option<&'m Json> {
    let other = || members.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
    members.get(name).or_else(other)
}

fn wrong(value: &Json, wanted: &str) -> String {
    format!("{} stands where {wanted} is expected", super::expression::kind_of(value))
}

fn as_text(value: &Json) -> Result<&str, String> {
    value.as_str().ok_or_else(|| wrong(value, "a string"))
}

fn as_integer(value: &Json) -> Result<i64, String> {
    value.as_i64().ok_or_else(|| wrong(value, "an integer"))
}

fn as_bool(value: &Json) -> Result<bool, String> {
    value.as_bool().ok_or_else(|| wrong(value, "a boolean"))
}

fn as_array(value: &Json) -> Result<&Vec<Json>, String> {
    value.as_array().ok_or_else(|| wrong(value, "an array"))
}

fn as_object(value: &Json) -> Result<&Map<String, Json>, String> {
    value.as_object().ok_or_else(|| wrong(value, "an object"))
}

/// Returns a value as text the way templates print it: booleans with a capital, the rest as compact JSON.
fn print(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Bool(true) => "True".into(),
        Json::Bool(false) => "False".into(),
        Json::Null => String::new(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod facts;
#[cfg(test)]
mod tests;
