//! The checked program: types, values and names in arenas, addressed by numbers that are free to copy.
//!
//! Whoever consumes a program starts at [`Program::global_namespace`] or [`Program::user_namespaces`].

mod bindings;
mod copy;
mod docs;
mod ids;
mod members;
mod names;
mod navigate;
mod state;
mod symbols;
mod types;
mod values;

use std::collections::HashMap;
use std::ops::{Index, IndexMut};
use std::sync::Arc;

use radii_diagnostics::{Diagnostic, FileId, SourceMap, Span};

use crate::ast::{Ast, NodeId};

pub use bindings::Bindings;
pub(crate) use copy::{copy, member_types};
pub use docs::DocComment;
pub use ids::{MapperId, SymbolId, TypeId, ValueId};
pub use members::Members;
pub use state::State;
pub use symbols::{Symbol, SymbolKind};
pub use types::*;
pub use values::{ObjectProperty, Value, ValueKind};

/// Something that a name or an expression stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Entity {
    /// A type.
    Type(TypeId),
    /// A value.
    Value(ValueId),
    /// A literal that is a type or a value, whichever is asked for.
    Indeterminate(TypeId),
}

impl Entity {
    /// The type, where a type is meant or may be.
    pub fn as_type(self) -> Option<TypeId> {
        match self {
            Self::Type(ty) | Self::Indeterminate(ty) => Some(ty),
            Self::Value(_) => None,
        }
    }

    /// The value, where a value is meant.
    pub fn as_value(self) -> Option<ValueId> {
        match self {
            Self::Value(value) => Some(value),
            _ => None,
        }
    }
}

/// The arguments of a template's instance, or of what stands inside one.
#[derive(Clone, Debug)]
pub struct Mapper {
    /// The template's declaration.
    pub declaration: NodeId,
    /// Its parameters.
    pub parameters: Vec<TypeId>,
    /// What stands for each of them.
    pub arguments: Vec<Entity>,
    /// The instance around it: that of an operation's interface.
    pub parent: Option<MapperId>,
    /// Whether an argument is still a parameter of an enclosing template.
    pub is_partial: bool,
    /// How many instances enclose it.
    pub depth: u32,
}

/// A file of the program.
#[derive(Clone, Debug)]
pub struct File {
    /// Its number.
    pub id: FileId,
    /// Its path as the [`World`](crate::World) knows it; `library:…` for embedded ones.
    pub path: Arc<str>,
    /// Its root.
    pub root: NodeId,
    /// Where it comes from.
    pub origin: Origin,
    /// The package that it belongs to, for `internal` declarations.
    pub package: u32,
}

/// Where a file comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// The author's own files.
    Project,
    /// A package in `node_modules`.
    Package,
    /// A library that is part of this crate or registered with it.
    Embedded,
}

/// Types of the standard library that the language itself needs.
#[derive(Clone, Debug, Default)]
pub struct Standard {
    /// `Array<Element>`
    pub array: Option<SymbolId>,
    /// `Record<Element>`
    pub record: Option<SymbolId>,
    /// `TypeSpec`
    pub namespace: Option<SymbolId>,
    /// `TypeSpec.Reflection`
    pub reflection: Option<SymbolId>,
    /// Scalars by name.
    pub scalars: HashMap<Arc<str>, TypeId>,
}

/// A checked program.
#[derive(Clone, Debug)]
pub struct Program {
    /// The syntax of all files.
    pub ast: Ast,
    /// All files, in the order in which they were loaded; the library's come first.
    pub files: Vec<File>,
    /// The files' texts.
    pub sources: SourceMap,
    /// What decorators left behind.
    pub state: State,
    /// What is wrong with the program.
    pub diagnostics: Vec<Diagnostic>,
    /// Which names are declared where.
    pub bindings: Bindings,
    /// Types that the language itself needs.
    pub standard: Standard,
    /// Which declaration a name at a place stands for, for editors.
    pub definitions: HashMap<NodeId, NodeId>,
    /// The file that an import loaded, for editors.
    pub imports: HashMap<NodeId, FileId>,
    /// The message of `#deprecated`, by type.
    pub(crate) deprecations: HashMap<TypeId, Arc<str>>,
    pub(crate) docs: HashMap<TypeId, Arc<str>>,
    types: Vec<Type>,
    values: Vec<Value>,
    symbols: Vec<Symbol>,
    mappers: Vec<Mapper>,
    strings: HashMap<Arc<str>, TypeId>,
    numbers: HashMap<Arc<str>, TypeId>,
    booleans: [TypeId; 2],
    intrinsics: [TypeId; 5],
    pub(crate) global: SymbolId,
    pub(crate) type_of_node: HashMap<NodeId, TypeId>,
}

const INTRINSICS: [Intrinsic; 5] =
    [Intrinsic::Unknown, Intrinsic::Never, Intrinsic::Void, Intrinsic::Null, Intrinsic::Error];

impl Default for Program {
    fn default() -> Self {
        Self::new()
    }
}

impl Program {
    /// Returns a program without files.
    pub fn new() -> Self {
        let mut program = Self {
            ast: Ast::default(),
            files: Vec::new(),
            sources: SourceMap::new(),
            state: State::default(),
            diagnostics: Vec::new(),
            bindings: Bindings::default(),
            standard: Standard::default(),
            definitions: HashMap::new(),
            imports: HashMap::new(),
            deprecations: HashMap::new(),
            docs: HashMap::new(),
            types: Vec::new(),
            values: Vec::new(),
            symbols: Vec::new(),
            mappers: Vec::new(),
            strings: HashMap::new(),
            numbers: HashMap::new(),
            booleans: [TypeId(0); 2],
            intrinsics: [TypeId(0); 5],
            global: SymbolId(0),
            type_of_node: HashMap::new(),
        };
        program.intrinsics = INTRINSICS.map(|kind| program.add_literal(TypeKind::Intrinsic(kind)));
        program.booleans = [false, true].map(|truth| program.add_literal(TypeKind::Boolean(truth)));
        program.global = program.add_symbol(Symbol::new("".into(), SymbolKind::Namespace, None));
        program
    }

    fn add_literal(&mut self, kind: TypeKind) -> TypeId {
        self.add_type(Type { kind, node: None, decorators: Vec::new(), mapper: None, is_finished: true })
    }

    /// How many types there are; their numbers are below it.
    pub(crate) fn type_count(&self) -> usize {
        self.types.len()
    }

    /// Adds a type.
    pub fn add_type(&mut self, ty: Type) -> TypeId {
        self.types.push(ty);
        TypeId(self.types.len() as u32 - 1)
    }

    /// Adds a value.
    pub fn add_value(&mut self, value: Value) -> ValueId {
        self.values.push(value);
        ValueId(self.values.len() as u32 - 1)
    }

    pub(crate) fn add_symbol(&mut self, symbol: Symbol) -> SymbolId {
        self.symbols.push(symbol);
        SymbolId(self.symbols.len() as u32 - 1)
    }

    pub(crate) fn add_mapper(&mut self, mapper: Mapper) -> MapperId {
        self.mappers.push(mapper);
        MapperId(self.mappers.len() as u32 - 1)
    }

    /// Returns the type of a text.
    pub fn string_type(&mut self, text: &str) -> TypeId {
        if let Some(known) = self.strings.get(text) {
            return *known;
        }
        let text: Arc<str> = text.into();
        let id = self.add_literal(TypeKind::String(text.clone()));
        self.strings.insert(text, id);
        id
    }

    /// Returns the type of a number that was written as `text`; `None` if it is none.
    pub fn number_type(&mut self, text: &str) -> Option<TypeId> {
        if let Some(known) = self.numbers.get(text) {
            return Some(*known);
        }
        let value = crate::numeric::Numeric::parse(text)?;
        // Zero has no sign.
        let text: Arc<str> = if text == "-0" { "0".into() } else { text.into() };
        let id = self.add_literal(TypeKind::Number(Number { value, text: text.clone() }));
        self.numbers.insert(text, id);
        Some(id)
    }

    /// Returns the type of a truth.
    pub fn boolean_type(&self, truth: bool) -> TypeId {
        self.booleans[usize::from(truth)]
    }

    /// Returns a type that is always there.
    pub fn intrinsic(&self, kind: Intrinsic) -> TypeId {
        self.intrinsics[kind as usize]
    }

    /// The type of what could not be understood.
    pub fn error_type(&self) -> TypeId {
        self.intrinsic(Intrinsic::Error)
    }

    /// Whether a type is that of what could not be understood.
    pub fn is_error(&self, id: TypeId) -> bool {
        id == self.error_type()
    }

    /// Returns a scalar of the standard library by name.
    pub fn standard_scalar(&self, name: &str) -> Option<TypeId> {
        self.standard.scalars.get(name).copied()
    }

    /// Reports a problem.
    pub fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Where a type was written.
    pub fn span_of(&self, id: TypeId) -> Option<Span> {
        self[id].node.map(|node| self.ast.span(node))
    }

    /// Where the name of a declaration or member was written; the whole of what has none.
    pub fn span_of_name(&self, id: TypeId) -> Option<Span> {
        crate::decorators::arguments::name_span(self, id)
    }

    /// The type that a declaration or member node became; for templates that with its parameters unbound.
    pub fn type_of_node(&self, node: NodeId) -> Option<TypeId> {
        self.type_of_node.get(&node).copied()
    }

    /// The description: that of `@doc`, else of the doc comment.
    pub fn doc(&self, id: TypeId) -> Option<&str> {
        self.docs.get(&id).map(|text| &**text)
    }

    /// Sets the description.
    pub fn set_doc(&mut self, id: TypeId, text: impl Into<Arc<str>>) {
        self.docs.insert(id, text.into());
    }

    /// The message of `#deprecated`.
    pub fn deprecation(&self, id: TypeId) -> Option<&str> {
        self.deprecations.get(&id).map(|text| &**text)
    }

    /// The file of a number.
    pub fn file(&self, id: FileId) -> Option<&File> {
        // Files are numbered in the order of loading; configurations and manifests come in between.
        let at = self.files.binary_search_by_key(&id.0, |file| file.id.0).ok()?;
        self.files.get(at)
    }
}

impl Index<TypeId> for Program {
    type Output = Type;

    fn index(&self, id: TypeId) -> &Type {
        &self.types[id.index()]
    }
}

impl IndexMut<TypeId> for Program {
    fn index_mut(&mut self, id: TypeId) -> &mut Type {
        &mut self.types[id.index()]
    }
}

impl Index<ValueId> for Program {
    type Output = Value;

    fn index(&self, id: ValueId) -> &Value {
        &self.values[id.index()]
    }
}

impl Index<SymbolId> for Program {
    type Output = Symbol;

    fn index(&self, id: SymbolId) -> &Symbol {
        &self.symbols[id.index()]
    }
}

impl IndexMut<SymbolId> for Program {
    fn index_mut(&mut self, id: SymbolId) -> &mut Symbol {
        &mut self.symbols[id.index()]
    }
}

impl Index<MapperId> for Program {
    type Output = Mapper;

    fn index(&self, id: MapperId) -> &Mapper {
        &self.mappers[id.index()]
    }
}
