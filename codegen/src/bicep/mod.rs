//! The `bicep` target: extensions that the Bicep compiler loads.

mod convert;
pub mod json;
pub mod markdown;
mod own;
pub mod package;
mod place;
pub mod types;
mod upstream;

use radii_diagnostics::{Code, Diagnostic};

pub use upstream::read as read_as_upstream;

use crate::{Generator, Input, Output, Provider, Target};
use json::{FileRef, Index, Layout, Setting};

const PACKAGE: Code = Code::new("radii/bicep-package");

/// Whose converter is imitated, faults included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compat {
    /// Nobody's: what Bicep can express is expressed, and what it cannot is reported.
    #[default]
    Off,
    /// The converter that the `rad` command line of Radius has built in.
    Go,
    /// Its predecessor, a Node program.
    TypeScript,
}

/// Makes one extension per provider, in a folder of the namespace's name.
pub(crate) struct Bicep {
    compat: Compat,
}

impl Bicep {
    pub(crate) fn new(compat: Compat) -> Self {
        Self { compat }
    }

    fn provider(&self, manifest: &Provider<'_>, output: &mut Output) -> Result<(), Box<Diagnostic>> {
        let converted = convert::provider(manifest, self.compat)?;
        let layout = if self.compat == Compat::TypeScript { Layout::TypeScript } else { Layout::Go };
        let file = |type_ref| FileRef { path: "types.json".to_owned(), type_ref };
        let index = Index {
            resources: converted.resources.into_iter().map(|(name, type_ref)| (name, file(type_ref))).collect(),
            settings: settings(&manifest.namespace.value, self.compat),
            ..Index::default()
        };
        let types_json = json::types(&converted.table, layout);
        let index_json = json::index(&index, layout);
        let archive = package::types_tgz(&index_json, &[("types.json", &types_json)])
            .map_err(|error| Diagnostic::error(PACKAGE, format!("cannot pack `types.tgz`: {error}")))?;

        let path = |name: &str| format!("{}/{name}", manifest.namespace.value);
        output.artifacts.insert(path("index.md"), markdown::index(&index, &[]));
        if self.compat == Compat::Off {
            // The upstream converters leave out the page that their own index links to.
            output.artifacts.insert(path("types.md"), markdown::types(&converted.table));
        }
        output.artifacts.insert(path("types.tgz"), archive);
        output.artifacts.insert(path("types.json"), types_json);
        output.artifacts.insert(path("index.json"), index_json);
        output.diagnostics.extend(converted.diagnostics);
        Ok(())
    }
}

impl Generator for Bicep {
    fn name(&self) -> &str {
        Target::Bicep.as_str()
    }

    fn generate(&self, input: &Input<'_>) -> Output {
        let mut output = Output::default();
        for provider in input.providers() {
            if let Err(refused) = self.provider(provider, &mut output) {
                output.diagnostics.push(*refused);
            }
        }
        output
    }
}

fn settings(namespace: &str, compat: Compat) -> Vec<(&'static str, Setting)> {
    let lower = namespace.to_lowercase();
    let name = match compat {
        Compat::TypeScript => lower.replacen('.', "", 1),
        Compat::Off | Compat::Go => lower.replace('.', ""),
    };
    vec![
        ("name", Setting::Text(format!("radius{name}"))),
        ("version", Setting::Text("0.0.1".to_owned())),
        ("isSingleton", Setting::Flag(false)),
    ]
}
