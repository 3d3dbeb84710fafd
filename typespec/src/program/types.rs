//! Types: what declarations and type expressions become.

use std::sync::Arc;

use super::{Entity, MapperId, Members, TypeId, ValueId};
use crate::ast::NodeId;
use crate::numeric::Numeric;

/// A type.
#[derive(Clone, Debug)]
pub struct Type {
    /// What kind of type it is, with what that kind holds.
    pub kind: TypeKind,
    /// The declaration or expression that it comes from; `None` for what the compiler made up.
    pub node: Option<NodeId>,
    /// Decorators that apply to it, in the order in which they ran.
    pub decorators: Vec<Application>,
    /// The template arguments in force; set for instances and what stands inside them.
    pub mapper: Option<MapperId>,
    /// Whether it is complete and its decorators ran; template declarations never finish.
    pub is_finished: bool,
}

/// The kinds of types.
#[derive(Clone, Debug)]
pub enum TypeKind {
    /// `namespace N`; in a place of its own, since there are few of them and they are large.
    Namespace(Box<Namespace>),
    /// `model M`, `{…}`, `T[]`, `A & B`
    Model(Model),
    /// `p: T` of a model.
    ModelProperty(ModelProperty),
    /// `scalar S`
    Scalar(Scalar),
    /// `init name(…)` of a scalar.
    ScalarConstructor(ScalarConstructor),
    /// `enum E`
    Enum(Enum),
    /// A member of an enum.
    EnumMember(EnumMember),
    /// `union U`, `A | B`
    Union(Union),
    /// A variant of a union.
    UnionVariant(UnionVariant),
    /// `interface I`
    Interface(Interface),
    /// `op o`
    Operation(Operation),
    /// `[A, B]`
    Tuple(Vec<TypeId>),
    /// `"text"`
    String(Arc<str>),
    /// `1.5`
    Number(Number),
    /// `true`
    Boolean(bool),
    /// `"a ${b} c"`
    StringTemplate(StringTemplate),
    /// `unknown`, `never`, `void`, `null`, and the type of what is wrong.
    Intrinsic(Intrinsic),
    /// `T` of `model M<T>`
    TemplateParameter(TemplateParameter),
    /// `extern dec d(…)`
    Decorator(DecoratorDeclaration),
    /// `extern fn f(…)` and `fn (…) => R`
    Function(FunctionDeclaration),
    /// A parameter of a decorator, a function or a scalar's constructor.
    FunctionParameter(FunctionParameter),
}

/// Types that are always there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Intrinsic {
    /// Anything.
    Unknown,
    /// Nothing at all.
    Never,
    /// No result.
    Void,
    /// The value `null`.
    Null,
    /// Stands for what could not be understood; whoever meets it stays silent.
    Error,
}

/// A namespace, merged from all its blocks and files.
#[derive(Clone, Debug, Default)]
pub struct Namespace {
    /// Its own name; empty for the global namespace.
    pub name: Arc<str>,
    /// The namespace that it is in.
    pub namespace: Option<TypeId>,
    /// Namespaces in it, in the order of the source.
    pub namespaces: Vec<TypeId>,
    /// Models in it, template declarations included, in the order of the source; likewise below.
    pub models: Vec<TypeId>,
    /// Scalars in it.
    pub scalars: Vec<TypeId>,
    /// Enums in it.
    pub enums: Vec<TypeId>,
    /// Unions in it.
    pub unions: Vec<TypeId>,
    /// Interfaces in it.
    pub interfaces: Vec<TypeId>,
    /// Operations in it, not those of interfaces.
    pub operations: Vec<TypeId>,
    /// Decorator declarations in it.
    pub decorator_declarations: Vec<TypeId>,
    /// Function declarations in it.
    pub function_declarations: Vec<TypeId>,
}

/// A model, named or not. Arrays and records are instances of the library's templates, with an indexer.
#[derive(Clone, Debug, Default)]
pub struct Model {
    /// Its own name; empty for an expression.
    pub name: Arc<str>,
    /// The namespace that it is in.
    pub namespace: Option<TypeId>,
    /// Own properties: written, spread, or copied by `is`; not those of the base.
    pub properties: Members,
    /// What it extends.
    pub base: Option<TypeId>,
    /// The models that extend it.
    pub derived: Vec<TypeId>,
    /// What it `is`.
    pub source: Option<TypeId>,
    /// All models that properties were copied from.
    pub sources: Vec<SourceModel>,
    /// `integer` to the element for arrays, `string` to the value for records.
    pub indexer: Option<Indexer>,
}

/// A model that another one copied properties from.
#[derive(Clone, Copy, Debug)]
pub struct SourceModel {
    /// How.
    pub usage: SourceUsage,
    /// The model.
    pub model: TypeId,
}

/// How a model is the source of another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceUsage {
    /// `model A is B`
    Is,
    /// `...B`
    Spread,
    /// `A & B`
    Intersection,
}

/// What a model holds beside its named properties.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Indexer {
    /// `string` or `integer`.
    pub key: TypeId,
    /// The type of each element.
    pub value: TypeId,
}

/// A property of a model.
#[derive(Clone, Debug)]
pub struct ModelProperty {
    /// Its name.
    pub name: Arc<str>,
    /// The model that has it; `None` only while the model is being made.
    pub model: Option<TypeId>,
    /// Its type.
    pub ty: TypeId,
    /// Whether it may be left out.
    pub optional: bool,
    /// Its default.
    pub default: Option<ValueId>,
    /// The property that it was copied from.
    pub source: Option<TypeId>,
}

/// A scalar.
#[derive(Clone, Debug, Default)]
pub struct Scalar {
    /// Its own name.
    pub name: Arc<str>,
    /// The namespace that it is in.
    pub namespace: Option<TypeId>,
    /// What it extends.
    pub base: Option<TypeId>,
    /// The scalars that extend it.
    pub derived: Vec<TypeId>,
    /// Its constructors, inherited ones included.
    pub constructors: Members,
}

/// A constructor of a scalar.
#[derive(Clone, Debug)]
pub struct ScalarConstructor {
    /// Its name.
    pub name: Arc<str>,
    /// The scalar that it makes.
    pub scalar: TypeId,
    /// Its parameters.
    pub parameters: Vec<TypeId>,
}

/// An enum.
#[derive(Clone, Debug, Default)]
pub struct Enum {
    /// Its own name.
    pub name: Arc<str>,
    /// The namespace that it is in.
    pub namespace: Option<TypeId>,
    /// Its members.
    pub members: Members,
}

/// A member of an enum.
#[derive(Clone, Debug)]
pub struct EnumMember {
    /// Its name.
    pub name: Arc<str>,
    /// The enum that it belongs to.
    pub enumeration: TypeId,
    /// Its value, if one is written.
    pub value: Option<EnumValue>,
    /// The member that it was spread from.
    pub source: Option<TypeId>,
}

/// The value of an enum's member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EnumValue {
    /// A text.
    String(Arc<str>),
    /// A number.
    Number(Numeric),
}

/// A union, named or not.
#[derive(Clone, Debug, Default)]
pub struct Union {
    /// Its own name; `None` for an expression.
    pub name: Option<Arc<str>>,
    /// The namespace that it is in.
    pub namespace: Option<TypeId>,
    /// Its variants.
    pub variants: Vec<TypeId>,
    /// Whether it was written `A | B`.
    pub is_expression: bool,
    /// What every variant must be assignable to.
    pub base: Option<TypeId>,
}

/// A variant of a union.
#[derive(Clone, Debug)]
pub struct UnionVariant {
    /// Its name, if it has one.
    pub name: Option<Arc<str>>,
    /// The union that it belongs to.
    pub union: TypeId,
    /// Its type.
    pub ty: TypeId,
}

/// An interface.
#[derive(Clone, Debug, Default)]
pub struct Interface {
    /// Its own name.
    pub name: Arc<str>,
    /// The namespace that it is in.
    pub namespace: Option<TypeId>,
    /// Its operations, those of the interfaces that it extends included.
    pub operations: Members,
    /// The interfaces that it extends.
    pub sources: Vec<TypeId>,
}

/// An operation.
#[derive(Clone, Debug)]
pub struct Operation {
    /// Its own name.
    pub name: Arc<str>,
    /// The namespace that it is in; `None` inside an interface.
    pub namespace: Option<TypeId>,
    /// The interface that it is in.
    pub interface: Option<TypeId>,
    /// A model with its parameters as properties.
    pub parameters: TypeId,
    /// What it returns.
    pub return_type: TypeId,
    /// The operation that it `is`.
    pub source: Option<TypeId>,
}

/// A number, with the text that it was written as.
#[derive(Clone, Debug)]
pub struct Number {
    /// Its exact value.
    pub value: Numeric,
    /// How it was written.
    pub text: Arc<str>,
}

/// A text with interpolations.
#[derive(Clone, Debug)]
pub struct StringTemplate {
    /// Its parts in order.
    pub spans: Vec<TemplateSpan>,
    /// The whole text, if all its parts can be written as text.
    pub text: Option<Arc<str>>,
}

/// A part of a string template.
#[derive(Clone, Debug)]
pub enum TemplateSpan {
    /// What stands between interpolations.
    Text(Arc<str>),
    /// What is interpolated.
    Type(TypeId),
}

/// A parameter of a template.
#[derive(Clone, Debug)]
pub struct TemplateParameter {
    /// Its name.
    pub name: Arc<str>,
    /// What an argument must be.
    pub constraint: Option<Constraint>,
    /// What stands in when there is no argument.
    pub default: Option<Entity>,
}

/// A bound on types, values, or both: `T`, `valueof T`, `A | valueof B`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Constraint {
    /// Types must be assignable to this.
    pub ty: Option<TypeId>,
    /// Values must be of this type.
    pub value: Option<TypeId>,
}

impl Constraint {
    /// Returns a bound on types.
    pub fn of_type(ty: TypeId) -> Self {
        Self { ty: Some(ty), value: None }
    }

    /// Returns a bound on values.
    pub fn of_value(ty: TypeId) -> Self {
        Self { ty: None, value: Some(ty) }
    }
}

/// A declared decorator.
#[derive(Clone, Debug)]
pub struct DecoratorDeclaration {
    /// Its name without `@`.
    pub name: Arc<str>,
    /// The namespace that it is in.
    pub namespace: Option<TypeId>,
    /// What it may stand on.
    pub target: TypeId,
    /// Its further parameters.
    pub parameters: Vec<TypeId>,
    /// Whether it needs no implementation: its arguments are recorded.
    pub is_auto: bool,
}

/// A declared function, or a function type.
#[derive(Clone, Debug)]
pub struct FunctionDeclaration {
    /// Its name; empty for a function type.
    pub name: Arc<str>,
    /// The namespace that it is in.
    pub namespace: Option<TypeId>,
    /// Its parameters.
    pub parameters: Vec<TypeId>,
    /// What it returns.
    pub returns: Constraint,
}

/// A parameter of a decorator, a function or a scalar's constructor.
#[derive(Clone, Debug)]
pub struct FunctionParameter {
    /// Its name.
    pub name: Arc<str>,
    /// What an argument must be; for a rest parameter what each must be.
    pub constraint: Constraint,
    /// Whether it may be left out.
    pub optional: bool,
    /// Whether it takes all further arguments.
    pub rest: bool,
}

/// A decorator on a type.
#[derive(Clone, Debug)]
pub struct Application {
    /// The declaration of the decorator.
    pub declaration: TypeId,
    /// Its full name: `TypeSpec.doc`.
    pub name: Arc<str>,
    /// What it was given, in order; what was left out is missing.
    pub arguments: Vec<Argument>,
    /// The `@name(…)` or `@@name(…)`; `None` for what the compiler applied.
    pub node: Option<NodeId>,
}

/// An argument of a decorator.
#[derive(Clone, Debug)]
pub struct Argument {
    /// A value where the parameter is `valueof`, else a type.
    pub entity: Entity,
    /// Where it stands.
    pub node: Option<NodeId>,
}
