//! The `manifest` target: each provider in the canonical YAML form that registries accept.

use crate::{Generator, Input, Output, Target};

/// Writes `<Namespace>.yaml`.
pub(crate) struct ManifestYaml;

impl Generator for ManifestYaml {
    fn name(&self) -> &str {
        Target::Manifest.as_str()
    }

    fn generate(&self, input: &Input<'_>) -> Output {
        let mut output = Output::default();
        for provider in input.providers() {
            output.artifacts.insert(format!("{}.yaml", provider.namespace.value), provider.to_yaml());
        }
        output
    }
}
