//! From a manifest to TypeSpec, as an author would have written it: the way back of [`crate::lower`].

mod decorators;
mod history;
mod model;
mod text;

use std::collections::BTreeSet;

use radii_diagnostics::{Code, Diagnostic, FileId};
use radii_model::manifest::{Manifest, ResourceType};
use radii_model::schema::Schema;
use radii_model::{ApiVersion, conversion};
use serde_json::Value as Json;

use model::Writer;
use radii_model::extension;
use text::{pascal, quoted, singular};

/// Something of a manifest that TypeSpec, or its way back, cannot say.
pub const NOT_CONVERTED: Code = Code::new("radii/not-converted");

/// A manifest's TypeSpec.
#[derive(Clone, Debug, Default)]
pub struct Raised {
    /// The text, formatted.
    pub text: String,
    /// What could not be carried over.
    pub diagnostics: Vec<Diagnostic>,
}

/// Writes a manifest as TypeSpec.
///
/// Lowering the text gives the manifest again; the diagnostics name what is different then.
pub fn raise(manifest: &Manifest) -> Raised {
    let versions = versions(manifest);
    let mut writer = Writer::new(&versions);
    let mut types = String::new();
    for (name, resource_type) in &manifest.types {
        types.push_str(&resource_type_text(&mut writer, name, resource_type));
    }
    let body = format!("{types}{}", writer.declarations());
    let text = format!("{}{}\n{body}", header(&writer, &body), namespace(manifest, &versions));
    let formatted = typespec::format(FileId::default(), &text);
    let mut diagnostics = writer.diagnostics;
    let text = formatted.unwrap_or_else(|errors| {
        // Only text that this module got wrong ends here; it is shown as it is, so that it can be mended by hand.
        diagnostics.extend(errors);
        text
    });
    Raised { text, diagnostics }
}

fn versions(manifest: &Manifest) -> Vec<ApiVersion> {
    let mut versions: Vec<ApiVersion> =
        manifest.types.values().flat_map(|it| it.api_versions.keys()).cloned().collect();
    versions.sort();
    versions.dedup();
    versions
}

fn header(writer: &Writer<'_>, body: &str) -> String {
    let mut imports = BTreeSet::from(["@radii/typespec", "@typespec/versioning"]);
    let mut usings = BTreeSet::from(["Radii", "TypeSpec.Versioning"]);
    if body.contains("@extension(") {
        imports.insert("@typespec/openapi");
        usings.insert("TypeSpec.OpenAPI");
    }
    if writer.uses_json_schema {
        imports.insert("@typespec/json-schema");
    }
    let imports: String = imports.iter().map(|name| format!("import \"{name}\";\n")).collect();
    let usings: String = usings.iter().map(|name| format!("using {name};\n")).collect();
    format!("{imports}\n{usings}\n")
}

fn namespace(manifest: &Manifest, versions: &[ApiVersion]) -> String {
    let mut out = String::from("@resourceProvider\n@versioned(ApiVersions)\n");
    for (name, address) in &manifest.locations {
        match address {
            Some(address) => out.push_str(&format!("@location({}, {})\n", quoted(name), quoted(address))),
            None => out.push_str(&format!("@location({})\n", quoted(name))),
        }
    }
    out.push_str(&format!("namespace {};\n\nenum ApiVersions {{\n", manifest.namespace.value));
    for version in versions {
        out.push_str(&format!("{}: {},\n", member(version), quoted(&version.to_string())));
    }
    out.push_str("}\n");
    out
}

/// The name of a version in the enum.
pub(super) fn member(version: &ApiVersion) -> String {
    format!("v{}", version.to_string().replace('-', "_"))
}

fn resource_type_text(writer: &mut Writer<'_>, name: &str, resource_type: &ResourceType) -> String {
    let mut present: Vec<(usize, &Schema)> = (resource_type.api_versions.iter())
        .filter_map(|(version, entry)| Some((writer.index(version)?, &entry.schema)))
        .collect();
    present.sort_by_key(|(index, _)| *index);
    let mut out = text::doc(resource_type.description.as_deref());
    out.push_str(&format!("@resourceType({})\n", quoted(name)));
    for capability in &resource_type.capabilities {
        let known = ["SupportsRecipes", "ManualResourceProvisioning"].contains(&capability.value.as_str());
        let written = if known { format!("Capability.{}", capability.value) } else { quoted(&capability.value) };
        out.push_str(&format!("@capability({written})\n"));
    }
    if let Some(version) = &resource_type.default_api_version {
        out.push_str(&format!("@defaultApiVersion({})\n", quoted(&version.value)));
    }
    let newest = present.last().map(|(_, schema)| *schema);
    if present.len() > 1 && !present.iter().any(|(_, schema)| conversion::is_declared(&schema.to_openapi())) {
        // TypeSpec means conversions where it has versions; this manifest does not.
        out.push_str(&format!("@extension({}, false)\n", quoted(conversion::CONVERTED)));
    }
    out.push_str(&newest.map(about).unwrap_or_default());
    out.push_str(&history::presence(writer, &present.iter().map(|(index, _)| *index).collect::<Vec<_>>(), None));
    let model = writer.reserve(&pascal(&singular(name)));
    if let Some(newest) = newest {
        out.push_str(&writer.model_decorators(newest, &model::CATALOGUE));
    }
    let says_nothing = present.iter().all(|(_, schema)| schema.is_unrestricted() && !schema.has_properties);
    if says_nothing {
        out.push_str(&format!("model {model} {{ ...Record<unknown>; }}\n\n"));
        return out;
    }
    let body = writer.body(&present, &model);
    out.push_str(&format!("model {model} {{\n{body}}}\n\n"));
    out
}

/// What the catalogue says about a type.
fn about(schema: &Schema) -> String {
    let text = |key: &str| schema.extensions.get(key).and_then(Json::as_str);
    let mut out = String::new();
    if let Some(maturity) = text(extension::MATURITY) {
        out.push_str(&format!("@maturity(Maturity.{maturity})\n"));
    }
    for (key, decorator) in [(extension::OWNER, "owner"), (extension::ICON, "icon"), (extension::CATEGORY, "category")]
    {
        if let Some(value) = text(key) {
            out.push_str(&format!("@{decorator}({})\n", quoted(value)));
        }
    }
    for recipe in schema.extensions.get(extension::RECIPES).and_then(Json::as_array).into_iter().flatten() {
        let field = |name: &str| quoted(recipe.get(name).and_then(Json::as_str).unwrap_or_default());
        let (platform, kind, path) = (field("platform"), field("kind"), field("path"));
        out.push_str(&format!("@recipe({platform}, #{{ kind: {kind}, path: {path} }})\n"));
    }
    out
}
