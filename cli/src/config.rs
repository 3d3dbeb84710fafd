//! The configuration file, in the format of Radius' `config.yaml` (Radius HTTP contract, part 1.1).
//!
//! Names and keys of workspaces are lower-case; whatever else stands in the file is kept as it is.

use std::fs::{self, File};
use std::io::{self, Write as _};

use camino::{Utf8Path, Utf8PathBuf};
use radii_diagnostics::FileId;
use radii_model::document::{Limits, parse_yaml};
use serde_json::{Map, Value as Json, json};

/// Why the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no home folder to look in.
    #[error("cannot find the configuration file: `HOME` is not set")]
    NoHome,
    /// The file cannot be read or written.
    #[error("cannot {doing} the configuration `{path}`")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// The file.
        path: Utf8PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// The file is no YAML, or not of the right shape.
    #[error("the configuration `{path}` is not usable: {message}")]
    Invalid {
        /// The file.
        path: Utf8PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// A workspace that does not exist.
    #[error("the workspace `{name}` does not exist in `{path}`")]
    NoSuchWorkspace {
        /// Its name.
        name: String,
        /// The file.
        path: Utf8PathBuf,
        /// The names that exist.
        known: Vec<String>,
    },
    /// A workspace without a name was to be changed.
    #[error("this needs a workspace, and none is set")]
    NoWorkspace,
}

impl Error {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoHome => Some("give the file with `--config FILE`".to_owned()),
            Self::NoSuchWorkspace { known, .. } if known.is_empty() => {
                Some("`rad workspace create kubernetes NAME --url URL` makes one".to_owned())
            }
            Self::NoSuchWorkspace { known, .. } => Some(format!("there are: {}", known.join(", "))),
            Self::NoWorkspace => Some(
                "choose one with `--workspace`, or make one with `rad workspace create kubernetes NAME --url URL`"
                    .to_owned(),
            ),
            Self::Io { .. } | Self::Invalid { .. } => None,
        }
    }
}

/// One workspace, as the file has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// Its name, in lower case.
    pub name: String,
    /// All it holds.
    pub body: Map<String, Json>,
}

impl Item {
    /// The scope, if one is set.
    pub fn scope(&self) -> Option<&str> {
        self.text("scope")
    }

    /// The environment, if one is set.
    pub fn environment(&self) -> Option<&str> {
        self.text("environment")
    }

    /// The connection, whatever its shape.
    pub fn connection(&self) -> Option<&Json> {
        self.body.get("connection")
    }

    fn text(&self, key: &str) -> Option<&str> {
        self.body.get(key).and_then(Json::as_str).filter(|text| !text.is_empty())
    }
}

/// The file's content.
#[derive(Clone, Debug)]
pub struct Config {
    path: Utf8PathBuf,
    root: Map<String, Json>,
}

impl Config {
    /// Returns the path of the file: the one given, or `$HOME/.rad/config.yaml`.
    pub fn path(given: Option<&Utf8Path>) -> Result<Utf8PathBuf, Error> {
        match given {
            Some(path) => Ok(path.to_owned()),
            None => {
                let home = std::env::var("HOME").ok().filter(|home| !home.is_empty()).ok_or(Error::NoHome)?;
                Ok(Utf8PathBuf::from(home).join(".rad/config.yaml"))
            }
        }
    }

    /// Reads the file; an absent one is an empty one.
    pub fn load(path: Utf8PathBuf) -> Result<Self, Error> {
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(source) => return Err(Error::Io { doing: "read", path, source }),
        };
        Self::parse(path, &text)
    }

    fn parse(path: Utf8PathBuf, text: &str) -> Result<Self, Error> {
        let invalid = |message: String| Error::Invalid { path: path.clone(), message };
        let root: Json = if text.trim().is_empty() {
            Json::Null
        } else {
            serde_saphyr::from_str(text).map_err(|error| invalid(unreadable(text, &error)))?
        };
        let mut root = match root {
            Json::Null => Map::new(),
            Json::Object(members) => members,
            _ => return Err(invalid("expected a mapping at the top".to_owned())),
        };
        if let Some(key) = root.keys().find(|key| key.eq_ignore_ascii_case("workspaces")).cloned()
            && let Some(section) = root.remove(&key)
        {
            root.insert("workspaces".to_owned(), check_section(lower_case(section)).map_err(invalid)?);
        }
        Ok(Self { path, root })
    }

    /// The name of the default workspace, if one is set.
    pub fn default_workspace(&self) -> Option<String> {
        let name = self.root.get("workspaces")?.get("default")?.as_str()?;
        (!name.is_empty()).then(|| name.to_ascii_lowercase())
    }

    /// All workspaces, sorted by name.
    pub fn items(&self) -> Vec<Item> {
        let items = self.root.get("workspaces").and_then(|section| section.get("items")).and_then(Json::as_object);
        let mut items: Vec<Item> = items
            .into_iter()
            .flatten()
            .map(|(name, body)| Item { name: name.clone(), body: body.as_object().cloned().unwrap_or_default() })
            .collect();
        items.sort_by(|a, b| a.name.cmp(&b.name));
        items
    }

    /// Returns the workspace of a name, in any casing.
    pub fn load_item(&self, name: &str) -> Result<Item, Error> {
        let items = self.items();
        let known = items.iter().map(|item| item.name.clone()).collect();
        items.into_iter().find(|item| item.name.eq_ignore_ascii_case(name)).ok_or_else(|| Error::NoSuchWorkspace {
            name: name.to_owned(),
            path: self.path.clone(),
            known,
        })
    }

    /// Sets the default workspace; an empty name unsets it.
    pub fn set_default(&mut self, name: &str) {
        self.section().insert("default".to_owned(), name.to_ascii_lowercase().into());
    }

    /// Adds or replaces a workspace.
    pub fn put_item(&mut self, item: Item) {
        let section = self.section();
        let items = section.entry("items").or_insert_with(|| json!({}));
        if !items.is_object() {
            *items = json!({});
        }
        if let Some(items) = items.as_object_mut() {
            items.insert(item.name.to_ascii_lowercase(), item.body.into());
        }
    }

    /// Removes a workspace; it is no longer the default one either.
    pub fn remove_item(&mut self, name: &str) {
        if self.default_workspace().is_some_and(|default| default.eq_ignore_ascii_case(name)) {
            self.set_default("");
        }
        if let Some(items) = self.section().get_mut("items").and_then(Json::as_object_mut) {
            items.remove(&name.to_ascii_lowercase());
        }
    }

    fn section(&mut self) -> &mut Map<String, Json> {
        let section = self.root.entry("workspaces").or_insert_with(|| json!({"default": "", "items": {}}));
        if !section.is_object() {
            *section = json!({"default": "", "items": {}});
        }
        section.as_object_mut().expect("the section was just made an object")
    }

    /// Changes the file: reads it again under its lock, applies the change, writes it as a whole.
    ///
    /// # Guarantees
    /// A reader sees the old file or the new one; two writers do not lose each other's changes.
    pub fn update(path: &Utf8Path, change: impl FnOnce(&mut Config) -> Result<(), Error>) -> Result<(), Error> {
        let failed = |doing: &'static str| move |source| Error::Io { doing, path: path.to_owned(), source };
        if let Some(folder) = path.parent().filter(|folder| !folder.as_str().is_empty()) {
            fs::create_dir_all(folder).map_err(failed("create the folder of"))?;
        }
        let lock = File::options().create(true).append(true).open(format!("{path}.lock")).map_err(failed("lock"))?;
        lock.lock().map_err(failed("lock"))?;
        let mut config = Self::load(path.to_owned())?;
        change(&mut config)?;
        let next = Utf8PathBuf::from(format!("{path}.new"));
        let write = || {
            let mut file = File::create(&next)?;
            file.write_all(config.to_yaml().as_bytes())?;
            file.sync_all()?;
            fs::rename(&next, path)
        };
        write().map_err(failed("write"))
    }

    fn to_yaml(&self) -> String {
        let value = crate::output::sorted(&Json::Object(self.root.clone()));
        crate::output::yaml(&value, 4)
    }
}

fn lower_case(value: Json) -> Json {
    match value {
        Json::Object(members) => {
            members.into_iter().map(|(key, value)| (key.to_ascii_lowercase(), lower_case(value))).collect()
        }
        other => other,
    }
}

/// Checks the shape of `workspaces`; what stands inside a workspace is checked when it is used.
fn check_section(section: Json) -> Result<Json, String> {
    let Json::Object(mut members) = section else {
        return if section.is_null() { Ok(json!({})) } else { Err("`workspaces` must be a mapping".to_owned()) };
    };
    if let Some(key) = members.keys().find(|key| !matches!(key.as_str(), "default" | "items")) {
        return Err(format!("`workspaces` has the unknown key `{key}`; it may hold `default` and `items`"));
    }
    match members.get("items") {
        None => {}
        Some(Json::Null) => {
            members.insert("items".to_owned(), json!({}));
        }
        Some(Json::Object(items)) => {
            if let Some((name, _)) = items.iter().find(|(_, item)| !item.is_object() && !item.is_null()) {
                return Err(format!("the workspace `{name}` must be a mapping"));
            }
        }
        Some(_) => return Err("`workspaces.items` must be a mapping of names to workspaces".to_owned()),
    }
    Ok(Json::Object(members))
}

/// Says where and why a text is no YAML, in one line.
fn unreadable(text: &str, error: &serde_saphyr::Error) -> String {
    let found = parse_yaml(FileId(0), text, Limits::default()).err();
    let first = found.as_deref().and_then(|found| found.first());
    let place = first.and_then(|diagnostic| diagnostic.primary.as_ref()).map(|label| label.span.start as usize);
    let (Some(first), Some(place)) = (first, place) else {
        return error.to_string().lines().next().unwrap_or_default().to_owned();
    };
    let before = text.get(..place).unwrap_or(text);
    let (line, column) =
        (before.matches('\n').count() + 1, before.chars().rev().take_while(|c| *c != '\n').count() + 1);
    let help = first.help.as_ref().map_or_else(String::new, |help| format!("; {help}"));
    format!("line {line}, column {column}: {}{help}", first.message)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
cloud: {Some: {Key: 1}}
workspaces:
  Default: Local
  items:
    Local:
      connection: {kind: kubernetes, context: \"\", overrides: {ucp: \"http://127.0.0.1:1\"}}
      Scope: /planes/radius/local/resourceGroups/g
      extra: kept
";

    fn config() -> Config {
        Config::parse("c.yaml".into(), TEXT).unwrap()
    }

    #[test]
    fn names_and_keys_of_workspaces_are_lower_cased() {
        let config = config();
        assert_eq!(config.default_workspace().as_deref(), Some("local"));
        assert_eq!(config.load_item("LOCAL").unwrap().scope(), Some("/planes/radius/local/resourceGroups/g"));
    }

    #[test]
    fn a_long_scope_stays_on_its_line() {
        let mut config = config();
        let scope = format!("/planes/radius/local/resourceGroups/{}", "g".repeat(80));
        config.root.insert("scope".into(), json!(scope));
        assert!(config.to_yaml().contains(&format!("scope: {scope}\n")), "{}", config.to_yaml());
    }

    #[test]
    fn what_is_not_understood_is_written_back() {
        let mut config = config();
        config.set_default("other");
        let again = Config::parse("c.yaml".into(), &config.to_yaml()).unwrap();
        assert_eq!(again.root["cloud"], json!({"Some": {"Key": 1}}));
        assert_eq!(again.load_item("local").unwrap().body["extra"], json!("kept"));
        assert_eq!(again.default_workspace().as_deref(), Some("other"));
    }

    #[test]
    fn an_unknown_key_below_workspaces_is_refused() {
        let error = Config::parse("c.yaml".into(), "workspaces: {extra: 1}").unwrap_err();
        assert!(error.to_string().contains("unknown key `extra`"), "{error}");
    }

    #[test]
    fn removing_the_default_workspace_unsets_the_default() {
        let mut config = config();
        config.remove_item("local");
        assert_eq!(config.default_workspace(), None);
        assert_eq!(config.items(), []);
    }
}
