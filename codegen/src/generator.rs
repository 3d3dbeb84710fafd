//! The trait of all generators, and their names.

use std::fmt;
use std::str::FromStr;

use crate::bicep::Bicep;
use crate::docs::Docs;
use crate::emit::Revision;
use crate::json_schema::JsonSchema;
use crate::manifest_yaml::ManifestYaml;
use crate::openapi::OpenApi;
use crate::templates::{TemplateFolder, UserTemplates};
use crate::{Compat, Input, Output};

/// Turns manifests into files of one kind.
///
/// # Guarantees
/// The same input gives the same bytes, on every machine and at every time. What the target cannot
/// express is a diagnostic, never silence.
pub trait Generator: Sync {
    /// The name by which `rad generate --target` asks for it; also the folder of its files.
    fn name(&self) -> &str;

    /// Returns the files for all providers of the input.
    fn generate(&self, input: &Input<'_>) -> Output;
}

/// The built-in generators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Target {
    /// Bicep extension: `index.json`, `types.json`, `index.md`, `types.md`, `types.tgz`.
    Bicep,
    /// JSON Schema 2020-12, one per type and version.
    JsonSchema,
    /// OpenAPI documents, one per provider and version, operations included.
    OpenApi,
    /// Markdown reference.
    Docs,
    /// The manifest in its canonical YAML form.
    Manifest,
}

impl Target {
    /// All targets.
    pub const ALL: [Target; 5] = [Target::Bicep, Target::JsonSchema, Target::OpenApi, Target::Docs, Target::Manifest];

    /// The target's name on the command line, and the folder of its files.
    pub fn as_str(self) -> &'static str {
        match self {
            Target::Bicep => "bicep",
            Target::JsonSchema => "json-schema",
            Target::OpenApi => "openapi",
            Target::Docs => "docs",
            Target::Manifest => "manifest",
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// No generator has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no target `{0}`{meant}; targets are bicep, json-schema, openapi, docs and manifest", meant = meant(.0))]
pub struct UnknownTarget(pub String);

fn meant(name: &str) -> String {
    let parts: Vec<&str> = name.split([';', ' ', '|', '+', '/', '&']).filter(|part| !part.is_empty()).collect();
    if parts.len() > 1 && parts.iter().all(|part| part.parse::<Target>().is_ok()) {
        return format!(", did you mean `{}`?", parts.join(","));
    }
    let close = radii_model::closest(name, Target::ALL.into_iter().map(Target::as_str));
    close.map_or_else(String::new, |close| format!(", did you mean `{close}`?"))
}

impl FromStr for Target {
    type Err = UnknownTarget;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Target::ALL.into_iter().find(|target| target.as_str() == text).ok_or_else(|| UnknownTarget(text.to_owned()))
    }
}

/// What a run can choose.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Whether faults of the upstream Bicep converters are reproduced.
    pub compat: Compat,
    /// Which version of OpenAPI is written.
    pub openapi: Revision,
    /// The user's template folder (`--templates DIR`): files below a target's name replace that
    /// target's templates, all others make up a generator of their own.
    pub templates: Option<TemplateFolder>,
}

/// Returns the generator of a target.
pub fn generator(target: Target, options: &Options) -> Box<dyn Generator> {
    match target {
        Target::Bicep => Box::new(Bicep::new(options.compat)),
        Target::JsonSchema => Box::new(JsonSchema),
        Target::OpenApi => Box::new(OpenApi::new(options.openapi)),
        Target::Docs => Box::new(Docs::new(options.templates.as_ref())),
        Target::Manifest => Box::new(ManifestYaml),
    }
}

/// Runs the generators of several targets, and the user's templates if there are any.
///
/// The files of a target stand in a folder of its name, those of user templates in `templates`. Each generator has a
/// thread of its own; what they make is put together in the order of the targets.
pub fn generate(input: &Input<'_>, targets: &[Target], options: &Options) -> Output {
    let custom = options.templates.as_ref().map(TemplateFolder::custom).filter(|folder| !folder.is_empty());
    let builtin = targets.iter().map(|target| generator(*target, options));
    let own = custom.map(|folder| Box::new(UserTemplates::new("templates", &folder)) as Box<dyn Generator>);
    let generators: Vec<Box<dyn Generator>> = builtin.chain(own).collect();
    let mut output = Output { diagnostics: input.diagnostics().to_vec(), ..Output::default() };
    for (generator, made) in generators.iter().zip(run(&generators, input)) {
        output.artifacts.nest(generator.name(), made.artifacts);
        output.diagnostics.extend(made.diagnostics);
    }
    output
}

fn run(generators: &[Box<dyn Generator>], input: &Input<'_>) -> Vec<Output> {
    let Some((last, others)) = generators.split_last() else { return Vec::new() };
    std::thread::scope(|threads| {
        let running: Vec<_> = others.iter().map(|it| threads.spawn(move || it.generate(input))).collect();
        let last = last.generate(input);
        let joined = running.into_iter().map(|it| it.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        joined.chain([last]).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_that_are_joined_by_another_sign_are_written_out_with_commas() {
        for text in ["bicep json-schema", "bicep;json-schema", "bicep|json-schema"] {
            let said = text.parse::<Target>().unwrap_err().to_string();
            assert!(said.contains("did you mean `bicep,json-schema`?"), "{said}");
        }
        assert!("bicepp".parse::<Target>().unwrap_err().to_string().contains("did you mean `bicep`?"));
    }
}
