//! The types of a Bicep extension, as `types.json` knows them (Bicep contract, part 1.1).

use indexmap::IndexMap;

/// A type by its place in the same table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TypeRef(pub u32);

/// What may be done with a property; flags add up.
pub mod flags {
    /// A value must be given.
    pub const REQUIRED: u8 = 1;
    /// Set by the resource, never by the author.
    pub const READ_ONLY: u8 = 2;
    /// Cannot be read back.
    pub const WRITE_ONLY: u8 = 4;
    /// Known when the deployment starts.
    pub const DEPLOY_TIME_CONSTANT: u8 = 8;
    /// Part of the resource's identity.
    pub const IDENTIFIER: u8 = 16;
}

/// One element of `types.json`.
#[derive(Clone, Debug, PartialEq)]
pub enum Type {
    /// Anything.
    Any,
    /// The value `null`.
    Null,
    /// `true` or `false`.
    Boolean,
    /// A whole number.
    Integer {
        /// Smallest value.
        min: Option<i64>,
        /// Largest value.
        max: Option<i64>,
    },
    /// Text.
    String(StringType),
    /// One text.
    StringLiteral {
        /// The text.
        value: String,
        /// A key that only the Go writer has; no reader knows it.
        sensitive: bool,
    },
    /// A list.
    Array {
        /// Type of the items.
        item: TypeRef,
        /// Fewest items.
        min: Option<u64>,
        /// Most items.
        max: Option<u64>,
    },
    /// One of several types.
    Union(Vec<TypeRef>),
    /// An object.
    Object(ObjectType),
    /// An object whose shape depends on the value of one property.
    Discriminated {
        /// Name, for messages.
        name: String,
        /// The property that decides.
        discriminator: String,
        /// Properties of every shape.
        base: IndexMap<String, Property>,
        /// Value of the discriminator → object type.
        elements: IndexMap<String, TypeRef>,
    },
    /// A resource type in one version.
    Resource(ResourceType),
    /// A function of a resource.
    Function {
        /// Parameters.
        parameters: Vec<Parameter>,
        /// Result.
        output: TypeRef,
    },
    /// A function of the extension.
    NamespaceFunction(NamespaceFunction),
}

/// Text with bounds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct StringType {
    /// Whether Bicep treats it as secure.
    pub sensitive: bool,
    /// Fewest characters.
    pub min: Option<u64>,
    /// Most characters.
    pub max: Option<u64>,
    /// A .NET regular expression.
    pub pattern: Option<String>,
}

/// An object with properties, further properties, or both.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ObjectType {
    /// Name, for messages.
    pub name: String,
    /// Properties.
    pub properties: IndexMap<String, Property>,
    /// Type of further properties; without it there are none.
    pub additional: Option<TypeRef>,
    /// Whether Bicep treats it as secure.
    pub sensitive: bool,
}

/// A property of an object.
#[derive(Clone, Debug, PartialEq)]
pub struct Property {
    /// Its type.
    pub type_ref: TypeRef,
    /// Its [`flags`].
    pub flags: u8,
    /// What it is; `Some("")` is written by the TypeScript layout only.
    pub description: Option<String>,
    /// Whether the description is written before the type, as the TypeScript converter does for
    /// properties that come from a manifest.
    pub description_first: bool,
}

/// Where a resource may be deployed: the modern keys or the ones before mid-2025.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scopes {
    /// `readableScopes` and `writableScopes`.
    Modern {
        /// Scopes it can be read in.
        readable: u32,
        /// Scopes it can be written in.
        writable: u32,
    },
    /// `scopeType` and `flags`, as libraries before mid-2025 wrote them.
    Legacy {
        /// Scopes.
        scope: u32,
        /// Resource flags.
        flags: u32,
    },
}

/// A resource type in one version.
#[derive(Clone, Debug, PartialEq)]
pub struct ResourceType {
    /// `<Namespace>/<type>@<version>`.
    pub name: String,
    /// The object type of its body.
    pub body: TypeRef,
    /// Where it may be deployed.
    pub scopes: Scopes,
    /// Functions by name; the legacy form writes them even if there are none.
    pub functions: IndexMap<String, TypeRef>,
}

/// A parameter of a function.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// Name.
    pub name: String,
    /// Type.
    pub type_ref: TypeRef,
    /// What it is.
    pub description: Option<String>,
    /// Flags; parameters of namespace functions only.
    pub flags: Option<u8>,
}

/// A function of the extension.
#[derive(Clone, Debug, PartialEq)]
pub struct NamespaceFunction {
    /// Name.
    pub name: String,
    /// What it does.
    pub description: Option<String>,
    /// The template expression that a call becomes.
    pub expression: Option<String>,
    /// Parameters.
    pub parameters: Vec<Parameter>,
    /// Result.
    pub output: TypeRef,
    /// 1: `.bicep` only, 2: `.bicepparam` only.
    pub visible_in: Option<u8>,
}

/// Which equal types share one place of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sharing {
    /// As the Go factory: only `any`, `null` and booleans.
    Singletons,
    /// As the TypeScript factory: also equal strings and equal integers.
    Scalars,
}

/// The content of one `types.json`; a type's place is its identity.
#[derive(Clone, Debug)]
pub struct TypeTable {
    types: Vec<Type>,
    shared: Vec<TypeRef>,
    sharing: Sharing,
}

impl TypeTable {
    /// Returns a table without types.
    pub fn new(sharing: Sharing) -> Self {
        Self { types: Vec::new(), shared: Vec::new(), sharing }
    }

    /// Adds a type, or finds the equal one where such types are shared.
    pub fn add(&mut self, kind: Type) -> TypeRef {
        let shares = match kind {
            Type::Any | Type::Null | Type::Boolean => true,
            Type::String(_) | Type::Integer { .. } => self.sharing == Sharing::Scalars,
            _ => false,
        };
        if !shares {
            return self.push(kind);
        }
        // A table has few distinct scalars, so a search through them beats hashing.
        if let Some(known) = self.shared.iter().find(|known| *self.get(**known) == kind) {
            return *known;
        }
        let added = self.push(kind);
        self.shared.push(added);
        added
    }

    /// Returns the type at a place that this table gave out.
    pub fn get(&self, type_ref: TypeRef) -> &Type {
        &self.types[type_ref.0 as usize]
    }

    /// All types, in their order.
    pub fn types(&self) -> &[Type] {
        &self.types
    }

    fn push(&mut self, kind: Type) -> TypeRef {
        self.types.push(kind);
        TypeRef(u32::try_from(self.types.len() - 1).expect("a table has fewer types than 2^32"))
    }
}
