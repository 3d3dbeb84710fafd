//! The server's configuration file, and what is effective in the end.
//!
//! Every flag of `rad serve` is a key of the file. What the file says takes the place of the flags' defaults, so that
//! the order of precedence is: flag, environment, file, default.

use std::ffi::OsString;

use camino::{Utf8Path, Utf8PathBuf};
use clap::parser::ValueSource;
use clap::{ArgAction, ArgMatches, Command, CommandFactory as _};
use radii_diagnostics::{Code, Diagnostic};
use radii_model::closest;
use radii_model::document::{Node, Value};
use serde_json::{Value as Json, json};

use crate::args::Cli;
use crate::error::Error;
use crate::sources::Document;
use crate::table::Table;

const UNKNOWN_SETTING: Code = Code::new("radii/unknown-setting");
const WRONG_SETTING: Code = Code::new("radii/wrong-setting");

/// Flags that say how to begin, not how to serve.
const NOT_KEYS: [&str; 4] = ["server_config", "print_config", "help", "version"];
/// Settings of which only one can be: one that is closer to the user replaces the other.
const RIVALS: [&str; 2] = ["secret_key_file", "secret_key_command"];

/// A setting of the file.
struct Setting {
    /// The flag's id.
    id: String,
    /// As it would be written on the command line.
    values: Vec<String>,
}

/// What is effective, and where it comes from.
pub struct Effective {
    pub matches: ArgMatches,
    path: Option<Utf8PathBuf>,
    from_file: Vec<String>,
}

/// Reads the command line again over what the file says.
///
/// # Errors
/// A file that cannot be read, and diagnostics about what is wrong in it, which are printed.
pub fn read(path: Option<&Utf8Path>) -> Result<Effective, Error> {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    over(path, &arguments)
}

fn over(path: Option<&Utf8Path>, arguments: &[OsString]) -> Result<Effective, Error> {
    let settings = path.map(load).transpose()?.unwrap_or_default();
    let plain = matches_of(Cli::command(), arguments)?;
    let given = |id: &str| {
        let source = plain.try_contains_id(id).ok().and_then(|_| plain.value_source(id));
        source.is_some_and(|source| source != ValueSource::DefaultValue)
    };
    let is_beaten = |id: &str| RIVALS.contains(&id) && RIVALS.into_iter().any(given);
    let settings: Vec<Setting> = settings.into_iter().filter(|setting| !is_beaten(&setting.id)).collect();
    let from_file = settings.iter().map(|setting| setting.id.clone()).collect();
    let command = Cli::command().mut_subcommand("serve", |mut serve| {
        for Setting { id, values } in settings {
            // Defaults of a command live as long as it does, which is as long as the program.
            let values: Vec<&'static str> = values.into_iter().map(|value| &*value.leak()).collect();
            serve = serve.mut_arg(id, |arg| arg.default_values(values));
        }
        serve
    });
    Ok(Effective { matches: matches_of(command, arguments)?, path: path.map(Utf8Path::to_owned), from_file })
}

/// Returns what was typed after `serve`.
fn matches_of(command: Command, arguments: &[OsString]) -> Result<ArgMatches, Error> {
    let matches = command.try_get_matches_from(arguments).unwrap_or_else(|error| error.exit());
    match matches.subcommand_matches("serve") {
        Some(serve) => Ok(serve.clone()),
        None => Err(Error::usage("the command is not `rad serve`")),
    }
}

fn serve() -> Command {
    let cli = Cli::command();
    let serve = cli.find_subcommand("serve").cloned().unwrap_or_default();
    serve.no_binary_name(true)
}

/// The flags that the file may set.
fn keys(serve: &Command) -> impl Iterator<Item = &clap::Arg> {
    serve
        .get_arguments()
        .filter(|arg| arg.get_long().is_some() && !arg.is_global_set() && !NOT_KEYS.contains(&arg.get_id().as_str()))
}

fn load(path: &Utf8Path) -> Result<Vec<Setting>, Error> {
    let document = Document::read(path)?;
    let (settings, problems) = parse(&document.root);
    if problems.is_empty() {
        return Ok(settings);
    }
    Document::report(&document.map, &problems);
    Err(Error::Reported)
}

/// Returns the settings of a file, and what is wrong with it.
fn parse(root: &Node) -> (Vec<Setting>, Vec<Diagnostic>) {
    let (mut settings, mut problems) = (Vec::new(), Vec::new());
    let members = match &root.value {
        Value::Null => return (settings, problems),
        Value::Object(members) => members,
        _ => {
            let wrong = Diagnostic::error(WRONG_SETTING, "the configuration must be a mapping").at(root.span);
            return (settings, vec![wrong.help("write settings such as `listen: 127.0.0.1:8080`")]);
        }
    };
    let serve = serve();
    for (name, entry) in members {
        let Some(arg) = keys(&serve).find(|arg| arg.get_long() == Some(name)) else {
            problems.push(unknown(&serve, name).at(entry.key_span));
            continue;
        };
        match values(arg, &entry.node).and_then(|values| check(arg, &values).map(|()| values)) {
            Ok(values) => settings.push(Setting { id: arg.get_id().to_string(), values }),
            Err(reason) => {
                let problem = Diagnostic::error(WRONG_SETTING, format!("`{name}`: {reason}")).at(entry.node.span);
                problems.push(problem.help(format!("the setting is {}", about(arg))));
            }
        }
    }
    (settings, problems)
}

/// What the help says about a flag, in a sentence.
fn about(arg: &clap::Arg) -> String {
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let value = arg.get_value_names().map(|names| names.join(" ")).unwrap_or_else(|| "true or false".to_owned());
    format!("`{value}`: {help}")
}

fn unknown(serve: &Command, name: &str) -> Diagnostic {
    let known: Vec<&str> = keys(serve).filter_map(clap::Arg::get_long).collect();
    let similar = name.replace('_', "-").to_ascii_lowercase();
    let help = match closest(&similar, known.iter().copied()) {
        Some(close) => format!("did you mean `{close}`?"),
        None => "`rad serve --help` lists the settings: each flag is one".to_owned(),
    };
    Diagnostic::error(UNKNOWN_SETTING, format!("there is no setting `{name}`")).help(help)
}

/// Returns a value as it would be written on the command line.
fn values(arg: &clap::Arg, node: &Node) -> Result<Vec<String>, String> {
    let is_switch = matches!(arg.get_action(), ArgAction::SetTrue);
    let scalar = |value: &Json| match value {
        Json::Bool(_) if !is_switch => Err("a text or a number is wanted".to_owned()),
        Json::Bool(value) => Ok(value.to_string()),
        _ if is_switch => Err("`true` or `false` is wanted".to_owned()),
        Json::String(text) => Ok(text.clone()),
        Json::Number(number) => Ok(number.to_string()),
        _ => Err("a text or a number is wanted".to_owned()),
    };
    match node.to_json() {
        Json::Array(items) if arg.get_action().takes_values() && matches!(arg.get_action(), ArgAction::Append) => {
            items.iter().map(scalar).collect()
        }
        Json::Array(_) => Err("only one value is wanted".to_owned()),
        value => Ok(vec![scalar(&value)?]),
    }
}

/// Asks the flag itself whether it takes the values.
fn check(arg: &clap::Arg, values: &[String]) -> Result<(), String> {
    if matches!(arg.get_action(), ArgAction::SetTrue) {
        return Ok(());
    }
    let long = arg.get_long().unwrap_or_default();
    let arguments = values.iter().map(|value| format!("--{long}={value}"));
    let alone = Command::new("serve").no_binary_name(true).arg(arg.clone().required(false));
    match alone.try_get_matches_from(arguments) {
        Ok(_) => Ok(()),
        Err(error) => {
            let text = error.to_string();
            let first = text.lines().next().unwrap_or_default();
            let reason = first.rsplit_once("': ").map_or(first, |(_, reason)| reason);
            Err(reason.trim_start_matches("error: ").to_owned())
        }
    }
}

impl Effective {
    /// Returns all settings with their values and where these come from; secrets are hidden.
    pub fn describe(&self) -> Json {
        let serve = serve();
        let mut settings = serde_json::Map::new();
        for arg in keys(&serve).filter(|arg| !arg.is_hide_set()) {
            let (id, long) = (arg.get_id().as_str(), arg.get_long().unwrap_or_default());
            let (value, origin) = (self.value(arg), self.origin(arg, id, long));
            settings.insert(long.to_owned(), json!({ "value": value, "from": origin }));
        }
        if std::env::var_os("RADII_SECRET_KEY").is_some() {
            let hidden = json!({ "value": "(hidden)", "from": "environment RADII_SECRET_KEY" });
            settings.insert("secret-key".to_owned(), hidden);
        }
        Json::Object(settings)
    }

    fn value(&self, arg: &clap::Arg) -> Json {
        let id = arg.get_id().as_str();
        let raw: Vec<String> = self
            .matches
            .get_raw(id)
            .map(|values| values.map(|value| shown(id, &value.to_string_lossy())).collect())
            .unwrap_or_default();
        match arg.get_action() {
            ArgAction::SetTrue => self.matches.get_flag(id).into(),
            ArgAction::Append => json!(raw),
            _ => raw.first().map_or(Json::Null, |value| value.as_str().into()),
        }
    }

    fn origin(&self, arg: &clap::Arg, id: &str, long: &str) -> String {
        match self.matches.value_source(id) {
            Some(ValueSource::CommandLine) => format!("flag --{long}"),
            Some(ValueSource::EnvVariable) => {
                let name = arg.get_env().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
                format!("environment {name}")
            }
            _ if self.from_file.iter().any(|own| own == id) => {
                format!("file {}", self.path.as_ref().map_or("", |path| path.as_str()))
            }
            _ => "default".to_owned(),
        }
    }
}

/// Returns the table of [`Effective::describe`].
pub fn table(settings: &Json) -> Table {
    let mut table = Table::new(["SETTING", "VALUE", "FROM"]);
    for (name, entry) in settings.as_object().into_iter().flatten() {
        let value = match &entry["value"] {
            Json::Null => String::new(),
            Json::String(text) => text.clone(),
            Json::Array(items) => items.iter().filter_map(Json::as_str).collect::<Vec<_>>().join(", "),
            other => other.to_string(),
        };
        table.row([name.as_str(), &value, entry["from"].as_str().unwrap_or_default()]);
    }
    table
}

/// A value without what nobody may see: passwords in addresses, commands that may hold some.
fn shown(id: &str, value: &str) -> String {
    match id {
        "database" => value
            .parse::<radii_registry_server::serve::Database>()
            .map_or_else(|_| "(hidden)".to_owned(), |database| database.to_string()),
        "secret_key_command" | "otlp_headers" => "(hidden)".to_owned(),
        _ => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use radii_diagnostics::FileId;
    use radii_model::document::{Limits, parse_yaml};

    use super::*;

    fn messages(text: &str) -> Vec<(String, String)> {
        let root = parse_yaml(FileId(0), text, Limits::default()).unwrap();
        let said = parse(&root).1.into_iter().map(|problem| {
            let start = problem.primary.as_ref().map_or(0, |label| label.span.start as usize);
            let word: String = text[start..].chars().take_while(|c| !matches!(c, ':' | '\n')).collect();
            (word, format!("{} {}", problem.message, problem.help.unwrap_or_default()))
        });
        said.collect()
    }

    #[test]
    fn what_is_no_setting_is_named_with_its_place_and_what_was_meant() {
        let found = messages("listen: 127.0.0.1:1\ntrusted_proxy: [10.0.0.0/8]\nworkres: 3\nserver-config: x\n");
        let words: Vec<&str> = found.iter().map(|(word, _)| word.as_str()).collect();
        assert_eq!(words, ["trusted_proxy", "workres", "server-config"]);
        assert!(found[0].1.contains("did you mean `trusted-proxy`?"), "{found:?}");
        assert!(found[1].1.contains("did you mean `workers`?"), "{found:?}");
    }

    #[test]
    fn a_wrong_value_is_refused_as_its_flag_would_refuse_it() {
        for (text, expected) in [
            ("listen: nowhere", "invalid socket address syntax"),
            ("workers: many", "invalid digit found in string"),
            ("take-over: 3", "`true` or `false` is wanted"),
            ("workers: [1, 2]", "only one value is wanted"),
            ("database: true", "a text or a number is wanted"),
            ("log-format: xml", "xml"),
            ("trusted-proxy: [10.0.0.0/99]", "10.0.0.0/99"),
            ("- listen", "must be a mapping"),
        ] {
            let found = messages(text);
            assert!(found.len() == 1 && found[0].1.contains(expected), "{text}: {found:?}");
        }
        assert!(messages("").is_empty());
    }

    fn effective(text: &str, line: &str) -> Json {
        let folder = tempfile::tempdir().unwrap();
        let path = Utf8PathBuf::from_path_buf(folder.path().join("radii.yaml")).unwrap();
        std::fs::write(&path, text).unwrap();
        let arguments: Vec<OsString> = format!("rad serve {line}").split(' ').map(OsString::from).collect();
        over(Some(&path), &arguments).unwrap().describe()
    }

    #[test]
    fn flags_count_before_the_file_and_the_file_before_defaults() {
        let text = "workers: 3\nlog-format: json\ntake-over: true\ntrusted-proxy: [10.0.0.0/8, 127.0.0.1]\n\
                    database: postgres://radii:hunter2@db/radii\nsecret-key-file: /keys\n";
        let settings = effective(text, "--log-format text --secret-key-command print-keys");
        let value = |name: &str| settings[name]["value"].clone();
        assert_eq!(settings["workers"]["value"], "3");
        assert!(settings["workers"]["from"].as_str().unwrap().starts_with("file "), "{settings}");
        assert_eq!(settings["log-format"], json!({ "value": "text", "from": "flag --log-format" }));
        assert_eq!((value("take-over"), value("trusted-proxy")), (true.into(), json!(["10.0.0.0/8", "127.0.0.1"])));
        assert_eq!(settings["keep-operations"], json!({ "value": "30", "from": "default" }));
        assert_eq!((value("secret-key-file"), value("secret-key-command")), (Json::Null, "(hidden)".into()));
        assert!(!settings.to_string().contains("hunter2"), "{settings}");
    }
}
