//! Container images that a recipe of `Radius.Compute/containerImages` has built: gitops-recipes.md part 3.5.
//!
//! Such a template carries a script in the variable `radiusContainerImagesBuildScript`, and says in its output
//! `imageBuild` with which flags it is called. The script builds and pushes the image and writes its reference into
//! the file that `RADIUS_EXEC_OUTPUT` names. Which registry is pushed to, and by which login, is the operator's to say.

use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use radii_runtime::Fault;
use radii_runtime::fault::code;
use radii_runtime::recipe::{Run, struck_out};
use serde_json::{Map, Value as Json, json};

use crate::tool::{Limits, Output, Tool};

/// The type whose recipes may build.
const TYPE: &str = "Radius.Compute/containerImages";
/// The variable that holds the script.
const SCRIPT: &str = "radiusContainerImagesBuildScript";
/// The output that asks for the script, by its flags.
const OUTPUT: &str = "imageBuild";
/// The value that the script answers.
const REFERENCE: &str = "imageReference";
/// Names the file for the answer to the script.
const ANSWER: &str = "RADIUS_EXEC_OUTPUT";
/// What the script is told that it is called.
const NAME: &str = "radius-container-images-build";
/// How long building may take.
const PATIENCE: Duration = Duration::from_secs(60 * 60);
/// Docker's own registry has another name in the file of logins.
const DOCKER_HUB: [&str; 3] = ["docker.io", "index.docker.io", "registry-1.docker.io"];

/// Returns the script of a template, if recipes of the resource's type may have one.
///
/// # Errors
/// When the variable is an expression: what runs on the server stands in the template as it is.
pub fn script(run: &Run<'_>, template: &Json) -> Result<String, Fault> {
    let kind = run.context["resource"]["type"].as_str().unwrap_or_default();
    match template["variables"][SCRIPT].as_str().filter(|_| kind.eq_ignore_ascii_case(TYPE)) {
        Some(script) if script.starts_with('[') && !script.starts_with("[[") => Err(refused(format!(
            "the variable `{SCRIPT}` of the recipe must hold the script itself, not an expression"
        ))),
        Some(script) => Ok(script.to_owned()),
        None => Ok(String::new()),
    }
}

/// Whether the outputs of a template ask for an image to be built.
pub fn is_wanted(run: &Run<'_>, outputs: &Map<String, Json>) -> bool {
    let kind = run.context["resource"]["type"].as_str().unwrap_or_default();
    kind.eq_ignore_ascii_case(TYPE) && outputs.contains_key(OUTPUT)
}

/// Puts the reference of a built image in the place of what asked for it.
pub fn answer(values: &mut Map<String, Json>, reference: &str) {
    values.shift_remove(OUTPUT);
    values.insert(REFERENCE.into(), reference.into());
}

/// Builds and pushes the image that the outputs ask for, and returns its reference.
///
/// # Errors
/// `RecipeDeploymentFailed`, with the end of what the script said.
pub async fn build(run: &Run<'_>, script: &str, outputs: &Map<String, Json>) -> Result<String, Fault> {
    if script.is_empty() {
        return Err(refused(format!(
            "the recipe returns `{OUTPUT}`, but its variable `{SCRIPT}`, which holds the script, is missing or empty"
        )));
    }
    let Some(inputs) = outputs.get(OUTPUT).and_then(Json::as_object) else {
        return Err(refused(format!("the output `{OUTPUT}` must be an object")));
    };
    let registry = registry(run)?;
    let mut inputs = inputs.clone();
    // Whatever a developer says, images go where the operator wants them.
    inputs.insert("registry".into(), registry.into());
    let flags = flags(&inputs)?;
    let folder = tempfile::Builder::new().prefix("radii-image-").tempdir();
    let folder = folder.map_err(|error| Fault::internal(format!("cannot make a folder to build in: {error}")))?;
    let mut hidden = run.around.hidden.to_vec();
    let mut tool = Tool::new(Path::new("/bin/sh"), folder.path(), Limits::new(PATIENCE));
    tool.env("HOME", folder.path().display().to_string());
    for name in ["BUILDKIT_HOST", "DOCKER_HOST", "CONTAINER_HOST"] {
        if let Ok(value) = std::env::var(name) {
            tool.env(name, value);
        }
    }
    for (name, value) in run.around.settings.env.iter().chain(&run.around.settings.secret_env) {
        tool.env(name, value);
    }
    tool.env("DOCKER_CONFIG", folder.path().join("docker").display().to_string());
    let answer = folder.path().join("result.json");
    tool.env(ANSWER, answer.display().to_string());
    write_login(run, registry, &folder.path().join("docker"), &mut hidden).await?;
    let mut arguments = vec!["-c".to_owned(), script.to_owned(), NAME.to_owned()];
    arguments.extend(flags);
    let resource = run.around.resource;
    let mut show = |line: &str| tracing::info!("Building the image of `{resource}`: {}", struck_out(line, &hidden));
    let ended = tool.run(&arguments, Output::Lines(&mut show), run.around.cancel).await;
    let ended = ended.map_err(|error| refused(format!("the script of `{OUTPUT}` failed: {error}")))?;
    if !ended.status.success() {
        let said = struck_out(ended.stderr.trim(), &hidden);
        return Err(refused(format!("the script of `{OUTPUT}` failed with {}:\n{said}", ended.status)));
    }
    read_answer(&answer)
}

fn refused(message: String) -> Fault {
    Fault::new(400, code::RECIPE_DEPLOYMENT, message)
}

/// Returns the registry that the operator names.
fn registry<'a>(run: &'a Run<'_>) -> Result<&'a str, Fault> {
    let given = run.recipe.operator_parameters().get("registry").and_then(Json::as_str);
    given.filter(|registry| !registry.is_empty()).ok_or_else(|| {
        refused(format!(
            "recipes of {TYPE} need the parameter `registry` from the recipe pack or the environment; what a resource says of it \
             does not count"
        ))
    })
}

/// Writes what the script is told as flags, sorted by name. What is false or empty says nothing.
fn flags(inputs: &Map<String, Json>) -> Result<Vec<String>, Fault> {
    let wrong = |place: &str, what: &str| refused(format!("`{place}` of the output `{OUTPUT}` must be {what}"));
    let mut names: Vec<&String> = inputs.keys().collect();
    names.sort();
    let mut flags = Vec::new();
    for name in names {
        let flag = format!("--{name}");
        match &inputs[name] {
            Json::String(text) => flags.extend([flag, text.clone()]),
            Json::Bool(true) => flags.push(flag),
            Json::Bool(false) => {}
            Json::Array(items) => {
                for item in items {
                    let text = item.as_str().ok_or_else(|| wrong(name, "a list of texts"))?;
                    flags.extend([flag.clone(), text.to_owned()]);
                }
            }
            Json::Object(members) => {
                let mut keys: Vec<&String> = members.keys().collect();
                keys.sort();
                for key in keys {
                    let text = members[key].as_str().ok_or_else(|| wrong(&format!("{name}.{key}"), "a text"))?;
                    flags.extend([flag.clone(), key.clone(), text.to_owned()]);
                }
            }
            Json::Null | Json::Number(_) => {
                return Err(wrong(name, "a text, a boolean, a list of texts or an object of texts"));
            }
        }
    }
    Ok(flags)
}

/// Writes the login of the registry where the script's tools look for it, if the operator names its Secret.
async fn write_login(run: &Run<'_>, registry: &str, folder: &Path, hidden: &mut Vec<String>) -> Result<(), Fault> {
    let name = match run.recipe.operator_parameters().get("registrySecretName") {
        None | Some(Json::Null) => return Ok(()),
        Some(Json::String(name)) if name.is_empty() => return Ok(()),
        Some(Json::String(name)) => name,
        Some(_) => return Err(refused("the parameter `registrySecretName` must be a text".to_owned())),
    };
    let namespace = &run.target.namespace;
    let missing = |what: &str| refused(format!("the login of the registry `{registry}`: {what}"));
    let platform = run.platform.ok_or_else(|| missing("this server has no driver for the environment's platform"))?;
    let found = platform.read_secret(run.target, namespace, name).await?;
    let found = found.ok_or_else(|| missing(&format!("there is no Secret `{name}` in the namespace `{namespace}`")))?;
    let text = |key: &str| {
        let value = found.get(key).and_then(|value| String::from_utf8(value.clone()).ok());
        value.ok_or_else(|| missing(&format!("the Secret `{namespace}/{name}` has no `{key}`")))
    };
    let (username, password) = (text("username")?, text("password")?);
    let login = STANDARD.encode(format!("{username}:{password}"));
    hidden.extend([password, login.clone()]);
    let host = registry.split('/').next().unwrap_or_default();
    let host = if DOCKER_HUB.contains(&host) { "https://index.docker.io/v1/" } else { host };
    let file = json!({ "auths": { host: { "auth": login } } }).to_string();
    let written = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(folder.join("config.json"), file));
    written.map_err(|error| Fault::internal(format!("cannot write the login of a registry: {error}")))
}

/// Reads what the script answered: `{ "imageReference": "…" }`.
fn read_answer(path: &Path) -> Result<String, Fault> {
    let text = std::fs::read_to_string(path).map_err(|_| {
        refused(format!(
            "the script of `{OUTPUT}` ended without writing `{REFERENCE}` into the file that {ANSWER} names"
        ))
    })?;
    let answered: Option<Map<String, Json>> = serde_json::from_str(&text).ok();
    let only = answered.filter(|members| members.len() == 1).and_then(|mut members| members.shift_remove(REFERENCE));
    let reference = only.as_ref().and_then(Json::as_str).filter(|reference| !reference.is_empty());
    reference.map(str::to_owned).ok_or_else(|| {
        refused(format!("the file that {ANSWER} names must hold `{{\"{REFERENCE}\": \"…\"}}` and nothing else"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_sorted_and_say_nothing_of_what_is_false_or_empty() {
        let inputs = json!({
            "tag": "v1", "push": true, "quiet": false, "platforms": ["linux/amd64", "linux/arm64"], "labels": [],
            "buildArgs": { "B": "2", "A": "1; rm -rf /" },
        });
        let flags = flags(inputs.as_object().unwrap()).unwrap();
        let wanted =
            "--buildArgs A 1; rm -rf / --buildArgs B 2 --platforms linux/amd64 --platforms linux/arm64 --push --tag v1";
        assert_eq!(flags.join(" "), wanted);
        assert_eq!(flags[2], "1; rm -rf /");
        for wrong in [json!({ "a": 1 }), json!({ "a": null }), json!({ "a": [1] }), json!({ "a": { "b": {} } })] {
            assert!(self::flags(wrong.as_object().unwrap()).is_err(), "{wrong}");
        }
    }
}
