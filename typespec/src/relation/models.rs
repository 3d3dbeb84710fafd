//! Models, arrays and records against each other.

use std::sync::Arc;

use crate::ast::NodeId;
use crate::program::{Model, TypeId};
use crate::syntax::NodeKind;

use crate::checker::similar;

use super::RelationFailure;
use super::hints::Hint;
use super::rules::{Outcome, Relation, Source};

impl Relation<'_> {
    pub(super) fn relate_models(&mut self, source: TypeId, target: TypeId) -> Outcome {
        let program = self.program;
        let wants_index = program.model(target).is_some_and(|model| model.indexer.is_some());
        if !wants_index && program.is_array(source) {
            return Err(self.missing_index("integer", target));
        }
        if program.is_array(target) {
            if program.is_array(source) {
                return self.relate_indexers(source, target);
            }
            return self.check(false, source, target);
        }
        self.relate_properties(source, target)
    }

    fn relate_properties(&mut self, source: TypeId, target: TypeId) -> Outcome {
        let program = self.program;
        self.assume(source, target, Ok(()));
        let (Some(from), Some(to)) = (program.model(source), program.model(target)) else { return Ok(()) };
        let mut failures = Vec::new();
        let mut remaining: Vec<(&Arc<str>, TypeId)> = from.properties.iter().collect();
        for property in self.inherited_properties(target) {
            let Some(wanted) = program.property(property) else { continue };
            remaining.retain(|(name, _)| **name != wanted.name);
            failures.extend(self.relate_property(source, target, property));
        }
        match to.indexer {
            Some(indexer) => {
                for (_, property) in remaining {
                    let Some(ty) = program.property(property).map(|it| it.ty) else { continue };
                    if let Err(failure) = self.relate(Source::Type(ty), indexer.value) {
                        failures.push(failure);
                        break;
                    }
                }
                if !from.name.is_empty() {
                    failures.extend(self.relate_indexers(source, target).err());
                }
            }
            None => {
                let mut unexpected = self.unexpected_properties(source, from, target, &remaining);
                self.mean_the_missing(target, &remaining, &failures, &mut unexpected);
                // A misspelt key is one mistake, although the property that was meant is missing for it.
                let meant = unexpected.iter().filter_map(|failure| failure.hint.as_ref()?.replacement.as_ref());
                let meant: Vec<String> = meant.map(|name| format!("Property '{name}' is missing ")).collect();
                failures.retain(|failure| !meant.iter().any(|start| failure.message.starts_with(start)));
                failures.extend(unexpected);
            }
        }
        if failures.is_empty() {
            return Ok(());
        }
        Err(self.unrelated(source, target).at(program[source].node).because(failures))
    }

    /// Own properties first, then those of the bases that they do not replace.
    fn inherited_properties(&self, model: TypeId) -> Vec<TypeId> {
        let mut found: Vec<TypeId> = Vec::new();
        let mut names: Vec<&str> = Vec::new();
        let mut seen = Vec::new();
        let mut current = Some(model);
        while let Some(id) = current.filter(|id| !seen.contains(id)) {
            seen.push(id);
            let Some(model) = self.program.model(id) else { break };
            for (name, property) in model.properties.iter() {
                if !names.contains(&&**name) {
                    names.push(name);
                    found.push(property);
                }
            }
            current = model.base;
        }
        found
    }

    fn relate_property(&mut self, source: TypeId, target: TypeId, wanted: TypeId) -> Vec<RelationFailure> {
        let program = self.program;
        let Some(wanted) = program.property(wanted) else { return Vec::new() };
        let name = &wanted.name;
        let Some(id) = program.find_property(source, name) else {
            // What could not be understood when it was declared is no reason to complain here.
            if wanted.optional || name.is_empty() || program.is_error(wanted.ty) || self.is_broken(target) {
                return Vec::new();
            }
            let (from, to) = (program.type_name(source), program.type_name(target));
            let message = format!("Property '{name}' is missing on type '{from}' but required in '{to}'");
            let help = Some(format!("add `{name}: …`, a `{}`", program.type_name(wanted.ty)));
            let hint = Hint { help, replacement: None };
            return vec![RelationFailure::new("missing-property", message).at(program[source].node).meaning(hint)];
        };
        let Some(property) = program.property(id) else { return Vec::new() };
        let mut failures = Vec::new();
        if property.optional && !wanted.optional {
            let to = program.type_name(target);
            let message = format!("Property '{name}' is required in type '{to}' but here is optional.");
            failures.push(RelationFailure::new("property-required", message));
        }
        if let Err(failure) = self.relate(Source::Type(property.ty), wanted.ty) {
            let message = format!("Types of property '{name}' are incompatible");
            let outer = RelationFailure::new("property-unassignable", message);
            failures.push(outer.at(program[id].node.map(|node| self.value_behind(node))).because(vec![failure]));
        }
        failures
    }

    /// The value of a member of an object; any other node is its own.
    fn value_behind(&self, node: NodeId) -> NodeId {
        let ast = &self.program.ast;
        let value = ast.parts(node).nth(1).filter(|_| ast.kind(node) == NodeKind::ObjectProperty);
        value
            .filter(|value| !matches!(ast.kind(*value), NodeKind::ObjectLiteral | NodeKind::ArrayLiteral))
            .unwrap_or(node)
    }

    /// Object values may hold only what is asked for, so that a slip of the pen is noticed.
    fn unexpected_properties(
        &self,
        source: TypeId,
        from: &Model,
        target: TypeId,
        remaining: &[(&Arc<str>, TypeId)],
    ) -> Vec<RelationFailure> {
        let ast = &self.program.ast;
        let Some(literal) = self.program[source].node.filter(|node| ast.kind(*node) == NodeKind::ObjectLiteral) else {
            return Vec::new();
        };
        if !from.name.is_empty() || self.is_broken(target) {
            return Vec::new();
        }
        let is_written_here = |property: TypeId| {
            let node = self.program[property].node.filter(|node| ast.kind(*node) == NodeKind::ObjectProperty);
            let holder =
                node.and_then(|node| ast.ancestors(node).find(|outer| ast.kind(*outer) == NodeKind::ObjectLiteral));
            holder == Some(literal)
        };
        let unexpected = remaining.iter().filter(|(_, property)| is_written_here(*property));
        let to = self.program.type_name(target);
        unexpected
            .map(|(name, property)| {
                let message = format!(
                    "Object value may only specify known properties, and '{name}' does not exist in type '{to}'."
                );
                let failure = RelationFailure::new("unexpected-property", message);
                failure.at(self.program[*property].node).meaning(self.meant_property(from, target, name))
            })
            .collect()
    }

    /// The only unknown key of a value is meant to be the only one that is missing, if its value fits there.
    fn mean_the_missing(
        &mut self,
        target: TypeId,
        remaining: &[(&Arc<str>, TypeId)],
        failures: &[RelationFailure],
        unexpected: &mut [RelationFailure],
    ) {
        let ([failure], [(_, property)], [missing]) = (unexpected, remaining, failures) else { return };
        let has_guess = failure.hint.as_ref().is_some_and(|hint| hint.replacement.is_some());
        let name = missing.message.strip_prefix("Property '").and_then(|rest| rest.split('\'').next());
        let (false, "missing-property", Some(name)) = (has_guess, missing.code.as_str(), name) else { return };
        let wanted = self.program.find_property(target, name).and_then(|id| self.program.property(id)).map(|it| it.ty);
        let given = self.program.property(*property).map(|it| it.ty);
        let (Some(wanted), Some(given)) = (wanted, given) else { return };
        if self.relate(Source::Type(given), wanted).is_ok() {
            let help = Some(format!("did you mean `{name}`, which is missing?"));
            failure.hint = Some(Box::new(Hint { help, replacement: Some(name.to_owned()) }));
        }
    }

    /// Whether the parser complained about the declaration of a model: what it holds is not what was meant.
    fn is_broken(&self, model: TypeId) -> bool {
        self.program[model].node.is_some_and(|node| self.program.ast.node(node).has_error)
    }

    /// The known property that a name was meant to be.
    fn meant_property(&self, from: &Model, target: TypeId, name: &str) -> Hint {
        let known = self.inherited_properties(target);
        let names = known.iter().filter_map(|id| self.program.property(*id)).map(|property| &*property.name);
        let free: Vec<&str> = names.filter(|name| !from.properties.contains(name)).collect();
        match similar(name, free.iter().copied()) {
            Some(near) => Hint { help: Some(format!("did you mean `{near}`?")), replacement: Some(near) },
            None if free.is_empty() => Hint::default(),
            None => {
                let shown: Vec<String> = free.iter().take(8).map(|name| format!("`{name}`")).collect();
                Hint { help: Some(format!("there are {}", shown.join(", "))), replacement: None }
            }
        }
    }

    fn relate_indexers(&mut self, source: TypeId, target: TypeId) -> Outcome {
        let indexer = |id| self.program.model(id).and_then(|model| model.indexer);
        let Some(wanted) = indexer(target) else { return Ok(()) };
        match indexer(source).filter(|known| known.key == wanted.key) {
            Some(known) => self.relate(Source::Type(known.value), wanted.value),
            None => Err(self.missing_index(&self.program.type_name(wanted.key), source)),
        }
    }

    fn missing_index(&self, key: &str, holder: TypeId) -> RelationFailure {
        let holder = self.program.type_name(holder);
        let message = format!("Index signature for type '{key}' is missing in type '{holder}'.");
        RelationFailure::new("missing-index", message)
    }
}
