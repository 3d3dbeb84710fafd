//! The templates of the pages, compiled once.

use handlebars::Handlebars;
use radii_runtime::Fault;
use rust_embed::RustEmbed;
use serde::Serialize;
use serde_json::{Value as Json, json};

#[derive(RustEmbed)]
#[folder = "../dashboard/pages"]
struct Templates;

/// All pages; what they are given is escaped for HTML.
pub(super) struct Pages {
    handlebars: Handlebars<'static>,
}

impl Pages {
    /// Compiles the built-in templates.
    ///
    /// # Panics
    /// When one of them is malformed: a fault of this program that every test of a page finds.
    pub(super) fn builtin() -> Self {
        let mut handlebars = Handlebars::new();
        handlebars.set_strict_mode(true);
        for name in Templates::iter() {
            let file = Templates::get(&name).expect("rust-embed lists only files that it holds");
            let text = std::str::from_utf8(&file.data).expect("templates are checked in as UTF-8");
            let name = name.strip_suffix(".hbs").unwrap_or(&name);
            handlebars.register_template_string(name, text).expect("the built-in templates are well formed");
        }
        Self { handlebars }
    }

    /// Renders a page over its view, to which the program's version is added.
    pub(super) fn render<T: Serialize>(&self, page: &str, view: &T) -> Result<String, Fault> {
        let failed = |error: &dyn std::fmt::Display| {
            tracing::error!(page, %error, "Cannot render page `{page}`");
            Fault::internal(format!("the page `{page}` cannot be shown; the server's log says why"))
        };
        let mut view = serde_json::to_value(view).map_err(|error| failed(&error))?;
        if let Json::Object(members) = &mut view {
            members.insert("version".to_owned(), json!(env!("CARGO_PKG_VERSION")));
        }
        self.handlebars.render(page, &view).map_err(|error| failed(&error))
    }
}
