//! Values that somebody else computed of templates, and how many of ours are the same.
//!
//! The file is an object by the path of a template: `given` (parameters), and either `refused` (words of the mistake in it) or
//! `outputs` and `resources`. Resources are by their symbol; null are those whose condition is false, others have their
//! `id` and values by their JSON pointers. Values that need a cloud, a secret or chance are left out.

use std::collections::BTreeMap;
use std::path::Path;

use radii_runtime::Fault;
use radii_runtime::deployment::Foreseen;
use serde::Deserialize;
use serde_json::{Map, Value as Json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Expected {
    #[serde(default)]
    pub given: Map<String, Json>,
    /// Words of the mistake that the template has.
    pub refused: Option<String>,
    #[serde(default)]
    outputs: Map<String, Json>,
    #[serde(default)]
    resources: BTreeMap<String, Option<BTreeMap<String, Json>>>,
}

pub(super) fn read(file: &Path) -> BTreeMap<String, Expected> {
    let text = std::fs::read_to_string(file).expect("the file of expected values can be read");
    serde_json::from_str(&text).expect("the file has the form that `expected.rs` says")
}

/// How many values were compared, and which are wrong.
#[derive(Default)]
pub(super) struct Tally {
    right: usize,
    wrong: Vec<String>,
    templates: usize,
    /// Expected templates that are not in the folder.
    pub missing: Vec<String>,
}

type Evaluated = Result<(Vec<Foreseen>, Map<String, Json>), Fault>;

impl Tally {
    pub(super) fn compare(&mut self, name: &str, wanted: &Expected, evaluated: &Evaluated) {
        self.templates += 1;
        match (evaluated, &wanted.refused) {
            (Err(fault), Some(words)) => {
                self.count(fault.message.contains(words), || format!("{name}: refused for {}", fault.message))
            }
            (Err(fault), None) => self.count(false, || format!("{name}: {}", fault.message)),
            (Ok(_), Some(words)) => self.count(false, || format!("{name}: is not refused for {words}")),
            (Ok((resources, outputs)), None) => {
                for (output, value) in &wanted.outputs {
                    let place = format!("{name}: output {output}");
                    self.value(&place, outputs.get(output), value);
                }
                for (symbol, values) in &wanted.resources {
                    let found = resources.iter().find(|resource| resource.symbol == *symbol);
                    self.resource(&format!("{name}: {symbol}"), found, values.as_ref());
                }
            }
        }
    }

    fn resource(&mut self, place: &str, found: Option<&Foreseen>, values: Option<&BTreeMap<String, Json>>) {
        let (Some(found), Some(values)) = (found, values) else {
            return self.count(found.is_none() && values.is_none(), || {
                format!("{place} is {}there", if found.is_some() { "" } else { "not " })
            });
        };
        let (id, body) = (Json::from(found.id.to_string()), Json::from(found.body.clone()));
        for (pointer, value) in values {
            let own = if pointer == "id" { Some(&id) } else { body.pointer(pointer) };
            self.value(&format!("{place}: {pointer}"), own, value);
        }
    }

    fn value(&mut self, place: &str, own: Option<&Json>, wanted: &Json) {
        let own = own.unwrap_or(&Json::Null);
        self.count(own == wanted, || format!("{place} is {own}, not {wanted}"));
    }

    fn count(&mut self, is_right: bool, wrong: impl FnOnce() -> String) {
        match is_right {
            true => self.right += 1,
            false => self.wrong.push(wrong()),
        }
    }

    pub(super) fn is_right(&self) -> bool {
        self.wrong.is_empty() && self.missing.is_empty()
    }

    pub(super) fn print(&self) {
        if self.templates + self.missing.len() == 0 {
            return;
        }
        self.wrong.iter().for_each(|wrong| println!("    {wrong}"));
        self.missing.iter().for_each(|name| println!("    {name} is not in the folder"));
        let (right, all) = (self.right, self.right + self.wrong.len());
        println!(
            "{right} of {all} values right, in {} of {} templates",
            self.templates,
            self.templates + self.missing.len()
        );
    }
}
