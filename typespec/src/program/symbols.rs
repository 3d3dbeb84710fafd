//! Declared names.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Entity, SymbolId, TypeId};
use crate::ast::NodeId;

/// What a name was declared as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "named after the declarations of the language")]
pub enum SymbolKind {
    Namespace,
    Model,
    Scalar,
    Enum,
    Union,
    Interface,
    Operation,
    Alias,
    Const,
    Decorator,
    Function,
}

/// A declared name.
#[derive(Clone, Debug)]
pub struct Symbol {
    /// The name; decorators start with `@`.
    pub name: Arc<str>,
    /// What it was declared as.
    pub kind: SymbolKind,
    /// The namespace that it is in; `None` for the global namespace.
    pub parent: Option<SymbolId>,
    /// Its declarations: several for namespaces, and for names that are taken twice.
    pub declarations: Vec<NodeId>,
    /// What it exports, for namespaces.
    pub exports: HashMap<Arc<str>, SymbolId>,
    /// The exports in the order of their declaration.
    pub order: Vec<SymbolId>,
    /// Whether only its own package may use it.
    pub is_internal: bool,
    /// The type of a declaration; for templates that with its parameters unbound.
    pub declared: Option<TypeId>,
    /// What an alias or a constant stands for.
    pub resolved: Option<Entity>,
}

impl Symbol {
    pub(crate) fn new(name: Arc<str>, kind: SymbolKind, parent: Option<SymbolId>) -> Self {
        Self {
            name,
            kind,
            parent,
            declarations: Vec::new(),
            exports: HashMap::new(),
            order: Vec::new(),
            is_internal: false,
            declared: None,
            resolved: None,
        }
    }
}
