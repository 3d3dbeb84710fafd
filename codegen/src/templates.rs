//! Handlebars templates: the built-in ones and a user's folder, compiled once and rendered over [`crate::view`].
//!
//! A template folder is a tree of files. A name that ends in `.hbs` is a template; its output has the
//! same path without `.hbs`. Expressions in the path say how often it is rendered: once per version
//! when it names `{{version.…}}`, else once per type when it names `{{type.…}}`, else once per
//! provider when it names `{{provider.…}}`, else once. A file that starts with `_` is a partial: `_row.md.hbs`
//! is used as `{{> row}}`. Any other file is copied.

use std::collections::BTreeMap;
use std::{fs, io};

use camino::{Utf8Path, Utf8PathBuf};
use handlebars::{Context, Handlebars, Helper, HelperResult, RenderContext, RenderErrorReason, no_escape};
use radii_diagnostics::{Code, Diagnostic};
use rust_embed::RustEmbed;

use crate::generator::{Generator, Target};
use crate::view::{self, Properties};
use crate::{Input, Output};

const SYNTAX: Code = Code::new("radii/template-syntax");
const RENDER: Code = Code::new("radii/template-render");

#[derive(RustEmbed)]
#[folder = "../templates"]
struct Builtin;

/// Template files by path, as data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TemplateFolder {
    files: BTreeMap<String, String>,
}

impl TemplateFolder {
    /// Returns the templates that are built in, each below its target's name.
    pub fn builtin() -> Self {
        let text = |path: &str| {
            let file = Builtin::get(path).expect("rust-embed lists only files that it holds");
            String::from_utf8(file.data.into_owned()).expect("templates are checked in as UTF-8")
        };
        Self { files: Builtin::iter().map(|path| (path.to_string(), text(&path))).collect() }
    }

    /// Returns a folder of the given files; paths use `/`.
    pub fn from_files<P: Into<String>, T: Into<String>>(files: impl IntoIterator<Item = (P, T)>) -> Self {
        Self { files: files.into_iter().map(|(path, text)| (path.into(), text.into())).collect() }
    }

    /// Reads a folder from disk, with everything below it; hidden files are left out.
    ///
    /// # Errors
    /// A file or folder cannot be read, or is not UTF-8.
    pub fn read(folder: &Utf8Path) -> io::Result<Self> {
        let mut files = BTreeMap::new();
        let mut open = vec![folder.to_owned()];
        while let Some(current) = open.pop() {
            for entry in current.read_dir_utf8()? {
                let entry = entry?;
                if entry.file_name().starts_with('.') {
                    continue;
                }
                if entry.file_type()?.is_dir() {
                    open.push(entry.into_path());
                    continue;
                }
                let named = |error: io::Error| io::Error::new(error.kind(), format!("`{}`: {error}", entry.path()));
                let text = fs::read_to_string(entry.path()).map_err(named)?;
                let below = entry.path().strip_prefix(folder).unwrap_or(entry.path());
                files.insert(below.as_str().replace('\\', "/"), text);
            }
        }
        Ok(Self { files })
    }

    /// Returns the files below `folder`, with paths relative to it.
    #[must_use]
    pub fn below(&self, folder: &str) -> Self {
        let strip = |path: &str| path.strip_prefix(folder)?.strip_prefix('/').map(str::to_owned);
        Self { files: self.files.iter().filter_map(|(path, text)| Some((strip(path)?, text.clone()))).collect() }
    }

    /// Returns the files that stand below no target's name.
    #[must_use]
    pub fn custom(&self) -> Self {
        let is_target = |path: &str| path.split_once('/').is_some_and(|(first, _)| first.parse::<Target>().is_ok());
        let files = self.files.iter().filter(|(path, _)| !is_target(path));
        Self { files: files.map(|(path, text)| (path.clone(), text.clone())).collect() }
    }

    /// Adds the files of `other`; those of the same path are replaced.
    #[must_use]
    pub fn overridden_by(mut self, other: TemplateFolder) -> Self {
        self.files.extend(other.files);
        self
    }

    /// Returns the files, ordered by path.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// Whether there is no file.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }
}

/// How often a template is rendered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Scope {
    Run,
    Provider,
    Type,
    Version,
}

impl Scope {
    fn of(path: &str) -> Self {
        let names = |what: &str| path.contains(&format!("{{{{{what}."));
        match () {
            () if names("version") => Scope::Version,
            () if names("type") => Scope::Type,
            () if names("provider") => Scope::Provider,
            () => Scope::Run,
        }
    }
}

#[derive(Debug)]
struct Page {
    /// Path in the folder, which is also the name of the compiled template.
    source: String,
    /// Name of the compiled template of the output path.
    path: String,
    scope: Scope,
}

/// A compiled template folder.
#[derive(Debug)]
pub struct Renderer {
    handlebars: Handlebars<'static>,
    pages: Vec<Page>,
    copies: Vec<(String, String)>,
    diagnostics: Vec<Diagnostic>,
    /// Whether any template speaks of single properties, which are costly to prepare.
    properties: Properties,
}

impl Renderer {
    /// Compiles all templates of a folder; those with faults are reported by [`Renderer::diagnostics`] and left out.
    pub fn compile(folder: &TemplateFolder) -> Self {
        let mut handlebars = Handlebars::new();
        handlebars.set_strict_mode(true);
        handlebars.register_escape_fn(no_escape);
        handlebars.register_helper("json", Box::new(write_json));
        let lists = |(_, text): (&str, &str)| text.replace("properties_table", "").contains("properties");
        let properties = if folder.iter().any(lists) { Properties::Listed } else { Properties::Tabulated };
        let (pages, copies, diagnostics) = (Vec::new(), Vec::new(), Vec::new());
        let mut renderer = Self { handlebars, pages, copies, diagnostics, properties };
        for (path, text) in folder.iter() {
            renderer.add(path, text);
        }
        renderer
    }

    /// What was wrong with the templates.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    fn add(&mut self, path: &str, text: &str) {
        let Some(target) = path.strip_suffix(".hbs") else {
            self.copies.push((path.to_owned(), text.to_owned()));
            return;
        };
        let file_name = target.rsplit('/').next().unwrap_or(target);
        if let Some(partial) = file_name.strip_prefix('_') {
            let name = partial.split('.').next().unwrap_or(partial);
            self.register(name, path, text);
            return;
        }
        let page = Page { source: path.to_owned(), path: format!("{path}#path"), scope: Scope::of(target) };
        if self.register(path, path, text) && self.register(&page.path, path, target) {
            self.pages.push(page);
        }
    }

    fn register(&mut self, name: &str, path: &str, text: &str) -> bool {
        let Err(error) = self.handlebars.register_template_string(name, text) else { return true };
        let place = error.pos().map_or_else(String::new, |(line, column)| format!(":{line}:{column}"));
        let message = format!("template `{path}{place}` is not valid Handlebars: {}", error.reason());
        self.diagnostics.push(Diagnostic::error(SYNTAX, message).path(path));
        false
    }

    /// Renders every template as often as its path asks for.
    pub fn render(&self, input: &Input<'_>) -> Output {
        let mut output = Output { diagnostics: self.diagnostics.clone(), ..Output::default() };
        for (path, text) in &self.copies {
            output.artifacts.insert(path.clone(), text.clone());
        }
        if self.pages.is_empty() {
            return output;
        }
        let providers = view::providers(input, self.properties);
        self.pages_of(Scope::Run, &view::Run { providers: &providers }, &mut output);
        for provider in &providers {
            self.pages_of(Scope::Provider, &view::ProviderPage { provider }, &mut output);
            for resource_type in &provider.types {
                let page = view::TypePage { provider: &provider.header, resource_type };
                self.pages_of(Scope::Type, &page, &mut output);
                for version_page in page.versions() {
                    self.pages_of(Scope::Version, &version_page, &mut output);
                }
            }
        }
        output
    }

    fn pages_of(&self, scope: Scope, view: &impl serde::Serialize, output: &mut Output) {
        let mut pages = self.pages.iter().filter(|page| page.scope == scope).peekable();
        if pages.peek().is_none() {
            return;
        }
        let context = Context::wraps(view).expect("view structs hold nothing that JSON cannot");
        for page in pages {
            match self.page(page, &context) {
                Ok((path, text)) => {
                    if output.artifacts.insert(path.clone(), text).is_some() {
                        let message = format!("template `{}` writes `{path}` more than once", page.source);
                        let help = "name every provider, type or version that it is rendered for in its path";
                        output.diagnostics.push(Diagnostic::error(RENDER, message).path(&page.source).help(help));
                    }
                }
                Err(error) => output.diagnostics.push(render_fault(page, &error)),
            }
        }
    }

    fn page(&self, page: &Page, context: &Context) -> Result<(Utf8PathBuf, String), handlebars::RenderError> {
        let path = self.handlebars.render_with_context(&page.path, context)?;
        let text = self.handlebars.render_with_context(&page.source, context)?;
        Ok((path.into(), text))
    }
}

fn render_fault(page: &Page, error: &handlebars::RenderError) -> Diagnostic {
    let place = match (error.line_no, error.column_no) {
        (Some(line), Some(column)) => format!(":{line}:{column}"),
        _ => String::new(),
    };
    let (what, help) = match error.reason() {
        RenderErrorReason::MissingVariable(Some(name)) => {
            (format!("there is no `{name}` in the model"), Some("`docs/generators.md` lists what templates may use"))
        }
        reason => (reason.to_string(), None),
    };
    let diagnostic = Diagnostic::error(RENDER, format!("template `{}{place}` cannot be rendered: {what}", page.source));
    let diagnostic = diagnostic.path(&page.source);
    match help {
        Some(help) => diagnostic.help(help),
        None => diagnostic,
    }
}

/// `{{json value}}` writes a value as indented JSON.
fn write_json(
    helper: &Helper<'_>,
    _: &Handlebars<'_>,
    _: &Context,
    _: &mut RenderContext<'_, '_>,
    out: &mut dyn handlebars::Output,
) -> HelperResult {
    let value = helper.param(0).ok_or(RenderErrorReason::ParamNotFoundForIndex("json", 0))?;
    let text =
        serde_json::to_string_pretty(value.value()).map_err(|error| RenderErrorReason::NestedError(error.into()))?;
    out.write(&text)?;
    Ok(())
}

/// The generator that a template folder makes.
#[derive(Debug)]
pub struct UserTemplates {
    name: String,
    renderer: Renderer,
}

impl UserTemplates {
    /// Compiles a folder; `name` is the generator's name.
    pub fn new(name: impl Into<String>, folder: &TemplateFolder) -> Self {
        Self { name: name.into(), renderer: Renderer::compile(folder) }
    }
}

impl Generator for UserTemplates {
    fn name(&self) -> &str {
        &self.name
    }

    fn generate(&self, input: &Input<'_>) -> Output {
        self.renderer.render(input)
    }
}
