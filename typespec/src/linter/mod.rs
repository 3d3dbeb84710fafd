//! The linter: rules that a project asks for in its configuration (TypeSpec reference, parts 2.14 and 5.2).
//!
//! Rules look at a program without errors and only warn. Nothing is switched on by itself.

mod template_parameters;
mod usings;

use std::collections::BTreeSet;

use radii_diagnostics::{Code, Diagnostic, Span};

use crate::libraries;
use crate::program::{Origin, Program};
use crate::project::{LinterConfig, Project};
use crate::world::{self, World};

/// A rule: its name within the library, and what it says of a program.
struct Rule {
    name: &'static str,
    run: fn(&Program) -> Vec<Diagnostic>,
}

/// The library whose rules are built in.
const COMPILER: &str = "@typespec/compiler";

const RULES: [Rule; 2] = [
    Rule { name: "unused-using", run: usings::unused },
    Rule { name: "unused-template-parameter", run: template_parameters::unused },
];

/// Rules of other libraries that are known by name; they are about routes, which are not looked at.
const NAMED: [(&str, &str); 1] = [("@typespec/http", "op-reference-container-route")];

/// The set that holds every rule of a library.
const ALL: &str = "all";

/// Runs the rules that a project asks for.
pub(crate) fn lint(program: &mut Program, world: &dyn World, project: &Project) {
    let mut selection = Selection { world, path: &project.path, diagnostics: Vec::new() };
    let enabled = selection.enabled(&project.linter);
    let mut found = selection.diagnostics;
    for rule in RULES.iter().filter(|rule| enabled.contains(rule.name)) {
        found.extend((rule.run)(program));
    }
    program.diagnostics.extend(found);
}

/// Whether a file's author can do something about what a rule says of it.
fn is_linted(program: &Program, span: Span) -> bool {
    program.file(span.file).is_some_and(|file| file.origin == Origin::Project)
}

struct Selection<'a> {
    world: &'a dyn World,
    path: &'a str,
    diagnostics: Vec<Diagnostic>,
}

impl Selection<'_> {
    /// The rules of the compiler that are switched on.
    fn enabled(&mut self, config: &LinterConfig) -> BTreeSet<String> {
        let mut enabled = BTreeSet::new();
        for (set, span) in &config.extends {
            if self.has_rules(set, *span, Reference::Set) {
                enabled.extend(RULES.iter().map(|rule| rule.name.to_owned()));
            }
        }
        for ((rule, span), on) in &config.enable {
            if config.disable.iter().any(|(other, _)| other == rule) {
                let message = format!("Rule \"{rule}\" has been enabled and disabled in the same ruleset.");
                self.report("rule-enabled-disabled", message, *span, "keep it under `enable` or under `disable`");
            } else if self.has_rules(rule, *span, Reference::Rule) && *on {
                enabled.extend(own_rule(rule).map(str::to_owned));
            }
        }
        for (rule, span) in &config.disable {
            self.has_rules(rule, *span, Reference::Rule);
            if let Some(rule) = own_rule(rule) {
                enabled.remove(rule);
            }
        }
        enabled
    }

    fn report(&mut self, code: &'static str, message: String, span: Span, help: &str) {
        self.diagnostics.push(Diagnostic::error(Code::new(code), message).at(span).help(help));
    }

    /// Whether a reference leads to rules that are built in; one that leads nowhere is reported.
    fn has_rules(&mut self, reference: &str, span: Span, kind: Reference) -> bool {
        let Some((library, name)) = split(reference) else {
            let message = format!(
                "Reference \"{reference}\" is not a valid reference to a rule or ruleset. It must be in the following format: \"<library-name>:<rule-name>\""
            );
            self.report("invalid-rule-ref", message, span, "write `@typespec/compiler/unused-using`");
            return false;
        };
        if library != COMPILER && !self.is_installed(library) {
            let message = format!("Couldn't resolve import \"{library}\"");
            self.report("import-not-found", message, span, "install the package whose rules these are");
            return false;
        }
        if library != COMPILER && libraries::find(library).is_none() {
            // Rules that are scripts are not run; whether there are such rules is theirs to know.
            return false;
        }
        let rules: Vec<&str> = match library {
            COMPILER => RULES.iter().map(|rule| rule.name).collect(),
            other => NAMED.iter().filter(|(library, _)| *library == other).map(|(_, rule)| *rule).collect(),
        };
        let is_known = match kind {
            Reference::Set => name == ALL && !rules.is_empty(),
            Reference::Rule => rules.contains(&name),
        };
        if !is_known {
            self.unknown(library, name, &rules, span, kind);
        }
        is_known && library == COMPILER
    }

    fn unknown(&mut self, library: &str, name: &str, rules: &[&str], span: Span, kind: Reference) {
        let (code, what, known) = match kind {
            Reference::Set => ("unknown-rule-set", "Rule set", vec![ALL]),
            Reference::Rule => ("unknown-rule", "Rule", rules.to_vec()),
        };
        let message = format!("{what} \"{name}\" is not found in library \"{library}\"");
        let help = match crate::checker::similar(name, known.iter().copied()) {
            Some(meant) => format!("did you mean `{library}/{meant}`?"),
            None if rules.is_empty() => format!("`{library}` has no rules"),
            None => format!("there is {}", known.join(", ")),
        };
        self.report(code, message, span, &help);
    }

    fn is_installed(&self, library: &str) -> bool {
        if libraries::find(library).is_some() {
            return true;
        }
        let mut folder = world::folder(self.path).to_owned();
        loop {
            if self.world.is_directory(&world::join(&folder, &format!("node_modules/{library}"))) {
                return true;
            }
            match world::above(&folder) {
                Some(above) => folder = above,
                None => return false,
            }
        }
    }
}

/// What a reference names.
#[derive(Clone, Copy)]
enum Reference {
    Set,
    Rule,
}

/// `@scope/library/name` or `library/name` in its two parts.
fn split(reference: &str) -> Option<(&str, &str)> {
    let parts = reference.split('/').count();
    let wanted = if reference.starts_with('@') { 3 } else { 2 };
    reference.rsplit_once('/').filter(|(_, name)| parts == wanted && !name.is_empty())
}

fn own_rule(reference: &str) -> Option<&str> {
    split(reference).filter(|(library, _)| *library == COMPILER).map(|(_, name)| name)
}
