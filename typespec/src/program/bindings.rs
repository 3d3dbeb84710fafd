//! Which names are declared where, and what is in scope.

use std::collections::HashMap;

use radii_diagnostics::FileId;

use super::SymbolId;
use crate::ast::NodeId;

/// The names of a program's syntax.
#[derive(Clone, Debug, Default)]
pub struct Bindings {
    /// The symbol of each declaration. For `namespace A.B` that of `B`.
    pub symbol_of: HashMap<NodeId, SymbolId>,
    /// For each file its blockless namespace, with the node that opens it.
    pub file_namespace: HashMap<FileId, (SymbolId, NodeId)>,
    /// The `using`s of each file (by its root) and each block: the namespace, and the statement.
    pub usings: HashMap<NodeId, Vec<(SymbolId, NodeId)>>,
    /// Names that are declared more than once: each declaration.
    pub duplicates: Vec<NodeId>,
    /// Augmenting decorators of a declaration.
    pub augments: HashMap<NodeId, Vec<NodeId>>,
    /// Augmenting decorators of a member: by the node that has it, and its name.
    pub member_augments: HashMap<(NodeId, String), Vec<NodeId>>,
}
