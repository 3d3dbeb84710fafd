//! Rules over bodies in the Common Expression Language: `self.min <= self.max`.
//!
//! A rule goes through a scanner, a parser, and a checker that knows the schema, and becomes closures
//! that look at the body where it lies. What is wrong with a rule is said when it is written, at its
//! place in the text; what a rule may cost is bounded then, too. [`Rules`] holds those of a whole schema.

mod apply;
mod arithmetic;
mod ast;
mod check;
pub mod code;
mod compile;
pub mod editor;
mod functions;
mod node;
mod parse;
mod path;
mod problem;
mod rules;
mod scan;
mod time;
mod types;
mod value;
mod versions;
mod written;

use std::fmt;

use serde_json::Value as Json;

pub use check::{Old, Scope};
pub use problem::{At, Mend, Problem};
pub(crate) use rules::all_places;
pub use rules::{Broken, Rules, check, listed};
pub use value::Failure;
pub use versions::settle;
pub(crate) use written::places;
pub use written::{RulePlace, TextPlace, WrittenRule, locate, written};

use check::Checker;
use compile::{Frame, MOST_STEPS, Test};

/// The vendor extension that holds the rules of a schema: a list of `{rule, message?, path?, reason?, absent?}`.
pub const VALIDATIONS: &str = "x-radii-validations";

/// A compiled rule.
pub struct Program {
    test: Test,
    uses_old: bool,
}

/// What compiling a rule has found out.
#[derive(Debug)]
pub struct Compiled {
    /// The rule; none where a problem is an error.
    pub program: Option<Program>,
    /// What is wrong with it.
    pub problems: Vec<Problem>,
    /// A property of other versions that it uses without asking whether this one has it.
    pub missing: Option<String>,
    /// Properties of other versions that it asks for by `has`.
    pub asks_absent: Vec<String>,
    /// Steps that it takes at most.
    pub cost: u64,
}

/// Compiles a rule; `times` says how often it is evaluated for one body at most.
pub fn compile(text: &str, scope: Scope<'_>, times: u64) -> Compiled {
    let refused = |problems| Compiled { program: None, problems, missing: None, asks_absent: Vec::new(), cost: 0 };
    let expr = match parse::parse(text) {
        Ok(expr) => expr,
        Err(problem) => return refused(vec![problem]),
    };
    let mut checker = Checker::new(text, scope);
    let checked = checker.rule(&expr);
    let cost = checked.cost.saturating_mul(times.max(1));
    let mut problems = std::mem::take(&mut checker.problems);
    let is_wrong = problems.iter().any(Problem::is_error) || checker.missing.is_some();
    if !is_wrong && cost > MOST_STEPS {
        problems.push(too_dear(text, cost, times, &checker.blames));
    }
    problems.sort_by_key(|problem| problem.at.start);
    let is_wrong = is_wrong || problems.iter().any(Problem::is_error);
    let program = (!is_wrong).then(|| Program { test: compile::test(checked.node), uses_old: checker.uses_old });
    Compiled { program, problems, missing: checker.missing, asks_absent: checker.asks_absent, cost }
}

fn too_dear(text: &str, cost: u64, times: u64, blames: &[check::Blame]) -> Problem {
    let message = format!("the rule may take {cost} steps; at most {MOST_STEPS} are allowed");
    let Some(worst) = blames.iter().max_by_key(|blame| blame.steps) else {
        let help = match times > 1 {
            true => "the list or map around it has no bound: give it `@maxItems`, or put the rule further out",
            false => "split it, or compare less",
        };
        return Problem::error(code::RULE_COST, 0..text.len(), message, help);
    };
    let name = text.get(worst.at.clone()).unwrap_or_default();
    let message = format!("{message}: nothing bounds `{name}`");
    let help = format!("give what `{name}` holds a bound, such as `{}(100)`", worst.keyword);
    let help = if worst.keyword == "maxProperties" { help.replace("(100)", ": 100") } else { help };
    Problem::error(code::RULE_COST, worst.at.clone(), message, help)
}

impl Program {
    /// Whether the rule is about a change, and therefore only for updates.
    pub fn uses_old(&self) -> bool {
        self.uses_old
    }

    /// Says whether a value keeps the rule.
    ///
    /// # Errors
    /// Why the rule has no answer for the value.
    pub fn holds(&self, this: &Json, old: Option<&Json>) -> Result<bool, Failure> {
        (self.test)(&mut Frame::new(this, old))
    }
}

impl fmt::Debug for Program {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Program").field("uses_old", &self.uses_old).finish_non_exhaustive()
    }
}
