//! What a module declares: variables, outputs and providers, from its `.tf` and `.tf.json` files, and OpenTofu's own.

use std::path::Path;

use serde_json::{Map, Value as Json, json};

use super::hcl::{self, Block};

/// Largest file that is read, and how many.
const FILE_LIMIT: u64 = 4 << 20;
const FILES: usize = 500;

/// What a module declares.
#[derive(Debug, Default, PartialEq)]
pub struct Module {
    /// In the order of files and lines.
    pub variables: Vec<Variable>,
    /// Name and whether it is sensitive.
    pub outputs: Vec<(String, bool)>,
    /// `required_providers`, with those that only resources imply.
    pub providers: Map<String, Json>,
    /// `configuration_aliases`, such as `aws.west`.
    pub aliases: Vec<String>,
}

/// A variable of a module.
#[derive(Debug, PartialEq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// What `getMetadata` says about it.
    pub description: Json,
}

/// Which files of a folder a program reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// `.tf` and `.tf.json`.
    Terraform,
    /// These, and `.tofu` and `.tofu.json`, which stand in for those of the same name.
    OpenTofu,
}

impl Dialect {
    /// Reads what `version` prints.
    pub fn of(version: &str) -> Self {
        if version.lines().any(|line| line.starts_with("OpenTofu v")) { Self::OpenTofu } else { Self::Terraform }
    }

    /// Whether programs of the two kinds read different files of these.
    pub fn matters(names: &[String]) -> bool {
        names.iter().any(|name| is_of_opentofu(name))
    }

    /// Keeps the files that are read, sorted.
    fn read(self, mut names: Vec<String>) -> Vec<String> {
        names.sort();
        let own: Vec<String> =
            names.iter().filter(|name| self == Self::OpenTofu && is_of_opentofu(name)).cloned().collect();
        names.retain(|name| own.contains(name) || stand_in(name).is_some_and(|other| !own.contains(&other)));
        names
    }
}

fn is_of_opentofu(name: &str) -> bool {
    name.ends_with(".tofu") || name.ends_with(".tofu.json")
}

/// The name of the file that OpenTofu reads in the place of a configuration file; `None` for other files.
fn stand_in(name: &str) -> Option<String> {
    let plain = name.strip_suffix(".tf").map(|base| format!("{base}.tofu"));
    plain.or_else(|| name.strip_suffix(".tf.json").map(|base| format!("{base}.tofu.json")))
}

/// Returns the names of what lies in a folder.
///
/// # Errors
/// When it cannot be read.
pub fn names(folder: &Path) -> std::io::Result<Vec<String>> {
    std::fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
}

impl Module {
    /// Reads a module's folder as a program does; `None` when it holds no configuration.
    ///
    /// # Errors
    /// When the folder or a file cannot be read.
    pub fn read(folder: &Path, shown: &str, dialect: Dialect) -> std::io::Result<Option<Self>> {
        let names = dialect.read(names(folder)?);
        if names.is_empty() {
            return Ok(None);
        }
        let mut module = Self::default();
        for name in names.iter().take(FILES) {
            let path = folder.join(name);
            if std::fs::metadata(&path)?.len() > FILE_LIMIT {
                continue;
            }
            let text = std::fs::read_to_string(&path)?;
            let blocks = if name.ends_with(".json") { json_blocks(&text) } else { hcl::parse(&text) };
            module.add(&blocks, &format!("{shown}/{name}"));
        }
        module.variables.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Some(module))
    }

    /// Whether the module has a variable of that name.
    pub fn has_variable(&self, name: &str) -> bool {
        self.variables.iter().any(|variable| variable.name == name)
    }

    /// Returns the names of the outputs.
    pub fn output_names(&self) -> Vec<&str> {
        self.outputs.iter().map(|(name, _)| name.as_str()).collect()
    }

    fn add(&mut self, blocks: &[Block], file: &str) {
        for block in blocks {
            match (block.kind.as_str(), block.labels.first()) {
                ("variable", Some(name)) => {
                    self.variables.push(Variable { name: name.clone(), description: describe(name, block, file) });
                }
                ("output", Some(name)) => {
                    let sensitive = block.constant("sensitive") == Some(Json::Bool(true));
                    self.outputs.push((name.clone(), sensitive));
                }
                ("terraform", _) => self.require(block),
                ("resource" | "data" | "ephemeral", Some(kind)) => {
                    let provider = kind.split('_').next().unwrap_or_default();
                    let explicit = block.attribute("provider").and_then(|text| text.split('.').next());
                    let provider = explicit.unwrap_or(provider).trim().to_owned();
                    self.providers.entry(provider).or_insert_with(|| json!({}));
                }
                _ => {}
            }
        }
    }

    fn require(&mut self, terraform: &Block) {
        for required in terraform.blocks.iter().filter(|block| block.kind == "required_providers") {
            for (name, text) in &required.attributes {
                let aliases = text.split_once("configuration_aliases").map(|(_, rest)| rest);
                let list = aliases.and_then(|rest| rest.split_once('[')?.1.split_once(']')).map(|(list, _)| list);
                self.aliases
                    .extend(list.into_iter().flat_map(|list| list.split(',')).map(|alias| alias.trim().to_owned()));
                self.aliases.retain(|alias| !alias.is_empty());
                let entry = without_aliases(text);
                let mut kept = Map::new();
                match entry {
                    Some(Json::String(version)) => drop(kept.insert("version".into(), version.into())),
                    Some(Json::Object(members)) => {
                        kept.extend(members.into_iter().filter(|(name, _)| name == "source" || name == "version"));
                    }
                    _ => {}
                }
                self.providers.insert(name.clone(), Json::Object(kept));
            }
        }
    }
}

/// Reads an entry of `required_providers`, whose aliases are no constants.
fn without_aliases(text: &str) -> Option<Json> {
    let cut = match text.split_once("configuration_aliases") {
        Some((before, rest)) => format!("{before}{}", rest.split_once(']')?.1),
        None => text.to_owned(),
    };
    hcl::constant(&cut)
}

fn describe(name: &str, block: &Block, file: &str) -> Json {
    let default = block.attribute("default").map(|text| hcl::constant(text).unwrap_or_else(|| text.into()));
    let text = |attribute: &str| block.constant(attribute).filter(Json::is_string).unwrap_or_else(|| "".into());
    json!({
        "name": name,
        "type": block.attribute("type").unwrap_or_default().trim_matches('"'),
        "description": text("description"),
        "defaultValue": default,
        "required": block.attribute("default").is_none(),
        "sensitive": block.constant("sensitive") == Some(Json::Bool(true)),
        "pos": { "filename": file, "line": block.line },
    })
}

/// Reads the JSON form of a configuration.
fn json_blocks(text: &str) -> Vec<Block> {
    let root: Json = serde_json::from_str(text).unwrap_or_default();
    let mut blocks = Vec::new();
    for kind in ["variable", "output"] {
        for (name, body) in members(&root[kind]) {
            blocks.push(json_block(kind, vec![name.clone()], body));
        }
    }
    for kind in ["resource", "data"] {
        blocks.extend(members(&root[kind]).map(|(name, _)| Block {
            kind: kind.to_owned(),
            labels: vec![name.clone()],
            ..Block::default()
        }));
    }
    for terraform in one_or_many(&root["terraform"]) {
        let mut block = json_block("terraform", Vec::new(), terraform);
        for required in one_or_many(&terraform["required_providers"]) {
            block.blocks.push(json_block("required_providers", Vec::new(), required));
        }
        blocks.push(block);
    }
    blocks
}

fn json_block(kind: &str, labels: Vec<String>, body: &Json) -> Block {
    let body = body.as_array().and_then(|bodies| bodies.first()).unwrap_or(body);
    // JSON values are constants of the language as well.
    let attributes = members(body).map(|(name, value)| (name.clone(), value.to_string())).collect();
    Block { kind: kind.to_owned(), labels, line: 1, attributes, blocks: Vec::new() }
}

fn members(value: &Json) -> impl Iterator<Item = (&String, &Json)> {
    value.as_object().into_iter().flatten()
}

fn one_or_many(value: &Json) -> Vec<&Json> {
    match value {
        Json::Array(items) => items.iter().collect(),
        Json::Object(_) => vec![value],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(files: &[(&str, &str)]) -> Option<Module> {
        read_as(Dialect::Terraform, files)
    }

    fn read_as(dialect: Dialect, files: &[(&str, &str)]) -> Option<Module> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        Module::read(folder.path(), "m", dialect).unwrap()
    }

    const HCL: &str = "terraform {\n  required_providers {\n    aws = {\n      source  = \"hashicorp/aws\"\n      version = \">= 5\"\n      \
                       configuration_aliases = [aws.west, aws.east]\n    }\n    old = \"~> 1.0\"\n  }\n}\n\
                       variable \"context\" { type = any }\nvariable \"a\" {\n  type = string\n  description = \"the a\"\n}\n\
                       resource \"terraform_data\" \"r\" {}\nresource \"random_id\" \"i\" { provider = acme.x }\n\
                       output \"result\" {\n  value = 1\n  sensitive = true\n}\noutput \"plain\" { value = 2 }\n";

    #[test]
    fn variables_outputs_and_providers_are_found() {
        let module = read(&[("main.tf", HCL)]).unwrap();
        assert!(module.has_variable("context") && module.has_variable("a") && !module.has_variable("r"));
        assert_eq!(module.outputs, [("result".to_owned(), true), ("plain".to_owned(), false)]);
        let providers = json!({ "aws": { "source": "hashicorp/aws", "version": ">= 5" }, "old": { "version": "~> 1.0" },
            "terraform": {}, "acme": {} });
        assert_eq!(Json::Object(module.providers), providers);
        assert_eq!(module.aliases, ["aws.west", "aws.east"]);
        let described = json!({ "name": "a", "type": "string", "description": "the a", "defaultValue": null,
            "required": true, "sensitive": false, "pos": { "filename": "m/main.tf", "line": 12 } });
        assert_eq!(module.variables[0].description, described);
    }

    #[test]
    fn the_json_form_says_the_same() {
        let text = r#"{ "variable": { "context": { "type": "any" }, "size": { "type": "number", "default": 1 } },
            "terraform": { "required_providers": { "aws": { "source": "hashicorp/aws" } } },
            "resource": { "terraform_data": { "db": {} } }, "output": { "result": { "sensitive": true, "value": 1 } } }"#;
        let module = read(&[("main.tf.json", text)]).unwrap();
        assert!(module.has_variable("context"));
        assert_eq!(module.variables[1].description["defaultValue"], json!(1));
        assert_eq!(module.variables[1].description["type"], json!("number"));
        assert_eq!(module.outputs, [("result".to_owned(), true)]);
        assert_eq!(Json::Object(module.providers), json!({ "terraform": {}, "aws": { "source": "hashicorp/aws" } }));
    }

    #[test]
    fn a_folder_without_configuration_is_no_module() {
        assert_eq!(read(&[("README", "x"), ("main.tofu", "output \"x\" { value = 1 }")]), None);
    }

    #[test]
    fn files_of_opentofu_stand_in_for_those_of_the_same_name_there_alone() {
        let files = [
            ("main.tf", "variable \"a\" {}"),
            ("main.tofu", "variable \"context\" {}"),
            ("more.tf", "variable \"b\" {}"),
            ("out.tf.json", r#"{ "output": { "old": { "value": 1 } } }"#),
            ("out.tofu.json", r#"{ "output": { "new": { "value": 1 } } }"#),
        ];
        let declared = |dialect| {
            let module = read_as(dialect, &files).unwrap();
            let variables = module.variables.iter().map(|variable| variable.name.clone());
            variables.chain(module.outputs.iter().map(|(name, _)| name.clone())).collect::<Vec<_>>()
        };
        assert_eq!(declared(Dialect::Terraform), ["a", "b", "old"]);
        assert_eq!(declared(Dialect::OpenTofu), ["b", "context", "new"]);
    }

    #[test]
    fn a_program_says_which_of_the_two_it_is() {
        assert_eq!(Dialect::of("Terraform v1.11.4\non linux_amd64\n"), Dialect::Terraform);
        assert_eq!(Dialect::of("\nWarning: x\n\nOpenTofu v1.12.6\non linux_amd64\n"), Dialect::OpenTofu);
    }
}
