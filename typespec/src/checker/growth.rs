//! Limits of what a short text may grow into.
//!
//! Constants and aliases that use each other twice each double what they stand for with every step: sixty lines make more
//! than any memory holds. What is too large is refused where it becomes so, before it is written out.

use super::Checker;
use crate::ast::NodeId;
use crate::program::{Entity, TypeId, Value, ValueKind};

/// How many variants a union of unions may have.
const MAX_VARIANTS: usize = 10_000;

/// How many bytes a text that is put together may have.
const MAX_TEXT: usize = 1 << 20;

/// How many values an object or array value may hold, those inside of it included.
const MAX_VALUES: usize = 100_000;

impl Checker<'_> {
    /// Adds a value; refuses one that holds too many others.
    pub(super) fn composed(&mut self, value: Value, node: NodeId) -> Entity {
        let size = |id| self.value_sizes.get(id).copied().unwrap_or(1);
        let held: usize = match &value.kind {
            ValueKind::Array(items) => items.iter().map(size).sum(),
            ValueKind::Object(members) => members.iter().map(|member| size(&member.value)).sum(),
            _ => 0,
        };
        if held >= MAX_VALUES {
            let message = format!("The value grows to more than {MAX_VALUES} values.");
            self.too_large(node, &message, "constants that use each other several times each grow with every step");
            return self.error_entity();
        }
        let id = self.program.add_value(value);
        self.value_sizes.insert(id, held + 1);
        Entity::Value(id)
    }

    /// Whether a text may be that long; tells if not.
    pub(super) fn is_text_small(&mut self, length: usize, node: NodeId) -> bool {
        if length > MAX_TEXT {
            let message = format!("The text grows to more than {MAX_TEXT} bytes.");
            self.too_large(node, &message, "texts that use each other several times each grow with every step");
        }
        length <= MAX_TEXT
    }

    /// Whether a union may have that many variants; tells if not.
    pub(super) fn is_union_small(&mut self, variants: &[TypeId], node: NodeId) -> bool {
        if variants.len() > MAX_VARIANTS {
            let message = format!("The union grows to more than {MAX_VARIANTS} variants.");
            self.too_large(node, &message, "give a part of it a name of its own: `union Name { … }`");
        }
        variants.len() <= MAX_VARIANTS
    }

    /// Tells it once: what is made of something refused starts small and grows again.
    fn too_large(&mut self, node: NodeId, message: &str, help: &str) {
        if self.program.diagnostics.iter().any(|it| it.code.as_str() == "expansion-too-large") {
            return;
        }
        let span = self.program.ast.span(node);
        self.error_help("expansion-too-large", message, span, help);
    }
}
