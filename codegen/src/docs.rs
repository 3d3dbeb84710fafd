//! The `docs` target: Markdown, written by the templates below `templates/docs`.

use std::sync::LazyLock;

use crate::templates::{Renderer, TemplateFolder};
use crate::{Generator, Input, Output, Target};

static BUILTIN: LazyLock<Renderer> =
    LazyLock::new(|| Renderer::compile(&TemplateFolder::builtin().below(Target::Docs.as_str())));

/// Writes one page per type, one per provider and a catalogue.
pub(crate) struct Docs {
    /// `None` as long as no template is overridden: then the built-in ones, compiled once, are used.
    overridden: Option<Renderer>,
}

impl Docs {
    pub(crate) fn new(templates: Option<&TemplateFolder>) -> Self {
        let name = Target::Docs.as_str();
        let user = templates.map(|folder| folder.below(name)).filter(|folder| !folder.is_empty());
        let overridden = user.map(|user| Renderer::compile(&TemplateFolder::builtin().below(name).overridden_by(user)));
        Self { overridden }
    }
}

impl Generator for Docs {
    fn name(&self) -> &str {
        Target::Docs.as_str()
    }

    fn generate(&self, input: &Input<'_>) -> Output {
        self.overridden.as_ref().unwrap_or(&BUILTIN).render(input)
    }
}
