//! Compiling: everything from an entry file to a checked program.

use radii_diagnostics::{Diagnostic, Severity, SourceMap};

use crate::program::Program;
use crate::project;
use crate::registry::Registry;
use crate::world::World;

/// Stacks for the checker, the first that can be had: declarations lead into each other, and that may go deep.
/// Only what is used is taken.
const STACKS: [usize; 2] = [1 << 30, 1 << 26];

/// What a compilation may be told.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Features of the language that are on besides those of the project's configuration:
    /// `function-declarations`, `auto-decorators`, `declaration-expressions`, `union-extends`.
    pub features: Vec<String>,
}

/// What a compilation gives.
#[derive(Clone, Debug)]
pub struct Compilation {
    /// The program, as far as it could be understood.
    pub program: Program,
    /// What is wrong with it, suppressed warnings left out.
    pub diagnostics: Vec<Diagnostic>,
    /// The texts that diagnostics point into.
    pub sources: SourceMap,
}

impl Compilation {
    /// Whether there is an error.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }
}

/// Compiles an entry file, or the folder that it stands in, with all that it imports, as the nearest `tspconfig.yaml`
/// says.
///
/// It never fails: what is wrong is in the diagnostics, and the program holds the rest.
pub fn compile(world: &dyn World, entry: &str, options: &Options, registry: &Registry) -> Compilation {
    compile_after(SourceMap::new(), world, entry, options, registry)
}

/// As [`compile`], with files that were read before: the program's files get the numbers after theirs.
pub fn compile_after(
    sources: SourceMap,
    world: &dyn World,
    entry: &str,
    options: &Options,
    registry: &Registry,
) -> Compilation {
    let mut program = Program::new();
    program.sources = sources;
    let (project, problems) = project::read(world, entry, &mut program.sources);
    program.diagnostics = problems;
    let mut options = options.clone();
    options.features.extend(project.features.iter().cloned());
    crate::loader::load(&mut program, world, registry, entry, &project);
    check_on_own_stack(&mut program, registry, &options);
    if !program.diagnostics.iter().any(Diagnostic::is_error) {
        crate::linter::lint(&mut program, world, &project);
    }
    let diagnostics = std::mem::take(&mut program.diagnostics);
    let diagnostics = crate::checker::merge(crate::checker::without_follow_ups(diagnostics, &program.sources));
    let diagnostics = crate::checker::without_echoes(diagnostics, &program.sources);
    let diagnostics = crate::remedies::joined(&program, diagnostics);
    let mut diagnostics = crate::checker::suppress(&program, diagnostics);
    crate::remedies::propose(&program, &mut diagnostics);
    if project.warn_as_error {
        let warnings = diagnostics.iter_mut().filter(|diagnostic| diagnostic.severity == Severity::Warning);
        warnings.for_each(|warning| warning.severity = Severity::Error);
    }
    let sources = program.sources.clone();
    Compilation { program, diagnostics, sources }
}

fn check_on_own_stack(program: &mut Program, registry: &Registry, options: &Options) {
    for stack in STACKS {
        let checked = std::thread::scope(|threads| {
            let builder = std::thread::Builder::new().name("typespec".to_owned()).stack_size(stack);
            let handle = builder.spawn_scoped(threads, || check(program, registry, options)).ok()?;
            Some(handle.join())
        });
        match checked {
            Some(Ok(())) => return,
            Some(Err(panic)) => std::panic::resume_unwind(panic),
            // Where address space is rationed, less will do for most programs.
            None => {}
        }
    }
    check(program, registry, options);
}

fn check(program: &mut Program, registry: &Registry, options: &Options) {
    crate::checker::check(program, registry, options);
    for rule in registry.checks() {
        rule(program);
    }
    if !program.diagnostics.iter().any(Diagnostic::is_error) {
        for validate in registry.validators() {
            validate(program);
        }
    }
}
