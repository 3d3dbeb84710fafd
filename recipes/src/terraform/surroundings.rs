//! What Terraform finds around it: variables, its configuration file, logins for private sources.

use radii_runtime::Fault;
use radii_runtime::fault::code;
use radii_runtime::recipe::{Grant, Settings};
use serde_json::Value as Json;

use crate::tool::Tool;

/// Variables that recipes may not set: they change what the server reads, or where state goes.
const OWN: [&str; 8] = [
    "TF_INPUT",
    "TF_IN_AUTOMATION",
    "TF_CLI_CONFIG_FILE",
    "TF_WORKSPACE",
    "TF_DATA_DIR",
    "TF_REATTACH_PROVIDERS",
    "TF_APPEND_USER_AGENT",
    "TF_DISABLE_PLUGIN_TLS",
];
const OWN_PREFIXES: [&str; 4] = ["TF_LOG", "TF_VAR_", "TF_HTTP_", "TF_CLI_ARGS"];

/// Sets the variables of a run.
///
/// # Errors
/// When the environment sets one that is the server's own.
pub fn set(tool: &mut Tool, settings: &Settings, home: &str) -> Result<(), Fault> {
    for (name, value) in settings.env.iter().chain(&settings.secret_env) {
        if OWN.contains(&name.as_str()) || OWN_PREFIXES.iter().any(|prefix| name.starts_with(prefix)) {
            let message = format!("failed to set environment variables: manual setting of env var \"{name}\" detected");
            return Err(Fault::new(400, code::RECIPE_DEPLOYMENT, message));
        }
        tool.env(name, value);
    }
    for (name, value) in settings.backend.iter().flat_map(|backend| backend.variables()) {
        let given = settings.env.get(name).or_else(|| settings.secret_env.get(name));
        if given.is_some_and(|given| given != value) {
            let message = format!("the variable `{name}` is the backend's, and the environment gives it another value");
            return Err(Fault::new(400, code::RECIPE_DEPLOYMENT, message));
        }
        tool.env(name, value);
    }
    for (name, value) in [("CHECKPOINT_DISABLE", "1"), ("TF_IN_AUTOMATION", "1"), ("TF_INPUT", "0"), ("HOME", home)] {
        tool.env(name, value);
    }
    if let Ok(config) = std::env::var("KUBECONFIG") {
        tool.env("KUBE_CONFIG_PATH", config);
    }
    tool.env("TF_CLI_CONFIG_FILE", format!("{home}/.terraformrc"));
    set_git(tool, settings);
    Ok(())
}

/// Gives git the logins through its environment, for this process and its children alone.
fn set_git(tool: &mut Tool, settings: &Settings) {
    // `GIT_SSH_COMMAND` goes before this command.
    let mut entries: Vec<(String, String)> =
        vec![("safe.directory".into(), "*".into()), ("core.sshCommand".into(), "ssh -o BatchMode=yes".into())];
    for (host, login) in &settings.git {
        let user = if login.username.is_empty() { "oauth2" } else { &login.username };
        let url = format!("https://{}:{}@{host}/", percent(user), percent(&login.password));
        entries.push((format!("url.{url}.insteadOf"), format!("https://{host}/")));
    }
    tool.env("GIT_CONFIG_COUNT", entries.len().to_string());
    for (at, (key, value)) in entries.into_iter().enumerate() {
        tool.env(format!("GIT_CONFIG_KEY_{at}"), key);
        tool.env(format!("GIT_CONFIG_VALUE_{at}"), value);
    }
    tool.env("GIT_TERMINAL_PROMPT", "0");
    // Whatever `ssh` is called how: a host that is not known, or a key with a password, must not stop the run at a
    // question on the server's terminal. `false` answers each.
    tool.env("SSH_ASKPASS_REQUIRE", "force");
    tool.env("SSH_ASKPASS", "false");
    tool.env("GIT_CONFIG_NOSYSTEM", "1");
}

/// Tells where the state is, and the password of the run.
pub fn set_state(tool: &mut Tool, grant: &Grant) {
    tool.env("TF_HTTP_ADDRESS", &grant.address);
    tool.env("TF_HTTP_LOCK_ADDRESS", &grant.address);
    tool.env("TF_HTTP_UNLOCK_ADDRESS", &grant.address);
    tool.env("TF_HTTP_USERNAME", &grant.username);
    tool.env("TF_HTTP_PASSWORD", &grant.password);
    // The address lives as long as this server does: whoever waits longer for it after that only delays the next one.
    tool.env("TF_HTTP_RETRY_MAX", "3");
    tool.env("TF_HTTP_RETRY_WAIT_MIN", "1");
    // The state is served on this machine.
    tool.env("TF_HTTP_SKIP_CERT_VERIFICATION", "false");
}

/// Returns Terraform's configuration file: where providers come from, and tokens of registries.
pub fn configuration(settings: &Settings) -> String {
    let mut text = String::new();
    let mirror = &settings.installation["networkMirror"];
    let direct = &settings.installation["direct"];
    if mirror.is_object() || direct.is_object() {
        text.push_str("provider_installation {\n");
        if let Some(url) = mirror["url"].as_str() {
            text.push_str(&format!("  network_mirror {{\n    url = {}\n", quoted(url)));
            text.push_str(&patterns(mirror));
            text.push_str("  }\n");
        }
        if direct.is_object() {
            text.push_str(&format!("  direct {{\n{}  }}\n", patterns(direct)));
        }
        text.push_str("}\n");
    }
    for (host, token) in &settings.tokens {
        text.push_str(&format!("credentials {} {{\n  token = {}\n}}\n", quoted(host), quoted(token)));
    }
    text
}

fn patterns(block: &Json) -> String {
    let mut text = String::new();
    for name in ["include", "exclude"] {
        let items = block[name].as_array().into_iter().flatten().filter_map(Json::as_str).map(quoted);
        let items: Vec<String> = items.collect();
        if !items.is_empty() {
            text.push_str(&format!("    {name} = [{}]\n", items.join(", ")));
        }
    }
    text
}

/// Writes a text of the configuration language, without expressions in it.
fn quoted(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n").replace('\r', "\\r");
    format!("\"{}\"", super::config::escape(&escaped))
}

fn percent(text: &str) -> String {
    let keep = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
    text.bytes().map(|byte| if keep(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_configuration_file_is_as_recorded_and_texts_stay_texts() {
        let installation = json!({ "networkMirror": { "url": "https://mirror.example.com/", "include": ["*/*/*"], "exclude": ["x/y/*"] },
            "direct": { "include": ["a/b/*"], "exclude": ["*/*/*"] } });
        let mut settings = Settings { installation, ..Settings::default() };
        let expected = "provider_installation {\n  network_mirror {\n    url = \"https://mirror.example.com/\"\n    \
                        include = [\"*/*/*\"]\n    exclude = [\"x/y/*\"]\n  }\n  direct {\n    include = [\"a/b/*\"]\n    \
                        exclude = [\"*/*/*\"]\n  }\n}\n";
        assert_eq!(configuration(&settings), expected);
        settings.installation = Json::Null;
        settings.tokens.insert("mods.test".into(), "a\"b${c}".into());
        assert_eq!(configuration(&settings), "credentials \"mods.test\" {\n  token = \"a\\\"b$${c}\"\n}\n");
    }

    #[test]
    fn logins_are_safe_in_urls() {
        assert_eq!(percent("a b@c/d:é"), "a%20b%40c%2Fd%3A%C3%A9");
    }
}
