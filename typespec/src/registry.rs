//! Behaviour that is written in Rust: decorators, functions and validations by full name.

use std::collections::HashMap;

use radii_diagnostics::{Code, Diagnostic, Span};

use crate::libraries::Library;
use crate::program::{Application, Argument, Entity, Program, TypeId};

/// What a decorator does to its target. Its arguments are checked already.
pub type DecoratorFn = fn(&mut Context<'_>, TypeId, &[Argument]);

/// What a function returns for its arguments; `None` after it reported why it cannot.
pub type FunctionFn = fn(&mut Context<'_>, &[Argument]) -> Option<Entity>;

/// What runs after checking, if there was no error.
pub type ValidateFn = fn(&mut Program);

/// Implementations by full name: `TypeSpec.doc`, `Radii.resourceType`.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    decorators: HashMap<String, DecoratorFn>,
    functions: HashMap<String, FunctionFn>,
    checks: Vec<ValidateFn>,
    validators: Vec<ValidateFn>,
    libraries: Vec<Library>,
}

impl Registry {
    /// Returns a registry without any behaviour.
    pub fn empty() -> Self {
        Self::default()
    }

    /// Returns a registry with what the embedded libraries do.
    pub fn standard() -> Self {
        let mut registry = Self::empty();
        crate::decorators::register(&mut registry);
        registry
    }

    /// Registers a decorator.
    pub fn decorator(&mut self, name: impl Into<String>, implementation: DecoratorFn) -> &mut Self {
        self.decorators.insert(name.into(), implementation);
        self
    }

    /// Registers a function.
    pub fn function(&mut self, name: impl Into<String>, implementation: FunctionFn) -> &mut Self {
        self.functions.insert(name.into(), implementation);
        self
    }

    /// Registers a rule of the language itself: it runs after checking, whether or not there were errors.
    pub fn on_checked(&mut self, check: ValidateFn) -> &mut Self {
        self.checks.push(check);
        self
    }

    /// Registers what runs after checking, if there was no error.
    pub fn on_validate(&mut self, validate: ValidateFn) -> &mut Self {
        self.validators.push(validate);
        self
    }

    /// Registers a library that imports find without `node_modules`.
    pub fn library(&mut self, library: Library) -> &mut Self {
        self.libraries.push(library);
        self
    }

    /// Returns a decorator's implementation.
    pub fn find_decorator(&self, name: &str) -> Option<DecoratorFn> {
        self.decorators.get(name).copied()
    }

    /// Returns a function's implementation.
    pub fn find_function(&self, name: &str) -> Option<FunctionFn> {
        self.functions.get(name).copied()
    }

    /// Returns a library by name: registered ones win over embedded ones.
    pub fn find_library(&self, name: &str) -> Option<Library> {
        let registered = self.libraries.iter().rev().find(|library| library.name == name).copied();
        registered.or_else(|| crate::libraries::find(name).copied())
    }

    /// What runs after checking in any case, in order.
    pub fn checks(&self) -> &[ValidateFn] {
        &self.checks
    }

    /// What runs after checking without errors, in order.
    pub fn validators(&self) -> &[ValidateFn] {
        &self.validators
    }
}

/// What an implementation works with.
pub struct Context<'a> {
    /// The program, as far as it is checked.
    pub program: &'a mut Program,
    /// The behaviour of decorators, for types that an implementation finishes itself.
    pub registry: &'a Registry,
    /// The application that runs; `None` in functions.
    pub application: Option<Application>,
    /// Where the decorator or the call stands.
    pub span: Option<Span>,
}

impl Context<'_> {
    /// Reports a problem.
    pub fn report(&mut self, diagnostic: Diagnostic) {
        self.program.report(diagnostic);
    }

    /// Reports an error at the decorator.
    pub fn error(&mut self, code: &'static str, message: impl Into<String>) {
        let diagnostic = Diagnostic::error(Code::new(code), message);
        self.report(match self.span {
            Some(span) => diagnostic.at(span),
            None => diagnostic,
        });
    }

    /// Reports a warning at the decorator.
    pub fn warning(&mut self, code: &'static str, message: impl Into<String>) {
        let diagnostic = Diagnostic::warning(Code::new(code), message);
        self.report(match self.span {
            Some(span) => diagnostic.at(span),
            None => diagnostic,
        });
    }

    /// Where an argument stands; the decorator where that is not known.
    pub fn argument_span(&self, argument: &Argument) -> Option<Span> {
        argument.node.map(|node| self.program.ast.span(node)).or(self.span)
    }

    /// Runs the decorators of a type that an implementation made, and marks it finished.
    pub fn finish(&mut self, target: TypeId) {
        finish(self.program, self.registry, target);
    }

    /// Returns a copy of a type with its decorators, not yet run, and with copies of its members.
    ///
    /// A copied property remembers its source. [`Context::finish`] completes the copy and its members.
    pub fn copy(&mut self, source: TypeId) -> TypeId {
        crate::program::copy(self.program, source)
    }
}

/// Runs a type's decorators, its members' first where they have not run, and marks it finished.
pub(crate) fn finish(program: &mut Program, registry: &Registry, target: TypeId) {
    for member in crate::program::member_types(program, target) {
        if !program[member].is_finished {
            finish(program, registry, member);
        }
    }
    program.apply_doc_comment(target);
    for application in program[target].decorators.clone() {
        apply(program, registry, target, application);
    }
    program[target].is_finished = true;
}

/// Runs one decorator.
pub(crate) fn apply(program: &mut Program, registry: &Registry, target: TypeId, application: Application) {
    let Some(implementation) = registry.find_decorator(&application.name) else { return };
    let span = application.node.map(|node| program.ast.span(node));
    let arguments = application.arguments.clone();
    let mut context = Context { program, registry, application: Some(application), span };
    implementation(&mut context, target, &arguments);
}
