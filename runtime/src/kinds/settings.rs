//! What environments refer to and recipes are configured by: recipe packs and tool settings. They are only stored.

use async_trait::async_trait;
use radii_model::{ResourceId, TypeName};
use serde_json::{Map, Value as Json};

use super::shape;
use crate::Fault;
use crate::fault::code;
use crate::host::{Host, Kind, Mode, Step, Work};
use crate::recipe::check_backend;
use crate::store::Record;

/// The behaviour of recipe packs and of the settings of Terraform and Bicep.
pub(super) struct Settings;

#[async_trait]
impl Kind for Settings {
    fn types(&self) -> &'static [&'static str] {
        &["Radius.Core/recipePacks", "Radius.Core/terraformSettings", "Radius.Core/bicepSettings"]
    }

    fn mode(&self, _type_name: &str) -> Mode {
        Mode::Synchronous
    }

    fn check(&self, id: &ResourceId, type_name: &TypeName, body: &Map<String, Json>) -> Result<(), Fault> {
        shape::check_name(id)?;
        shape::check(type_name, body)
    }

    fn has_schema(&self) -> bool {
        false
    }

    async fn admit(&self, _host: &Host, record: &mut Record, _old: Option<&Record>) -> Result<(), Fault> {
        shape::strip(record);
        if record.type_name.eq_ignore_ascii_case("Radius.Core/terraformSettings") {
            let given = record.properties.entry("terraformrc").or_insert_with(|| Json::Object(Map::new()));
            drop_empty_lists(given);
            complete(given);
            if let Some(backend) = record.properties.get("backend") {
                check_backend(backend, "$.properties.backend")?;
            }
        }
        let logins = record.properties.get_mut("registryAuthentications").and_then(Json::as_object_mut);
        if let Some(logins) = logins {
            let entries = logins.values_mut().filter_map(Json::as_object_mut);
            entries.for_each(|login| login.retain(|_, value| value != ""));
            if logins.is_empty() {
                record.properties.shift_remove("registryAuthentications");
            }
        }
        let recipes = record.properties.get_mut("recipes").and_then(Json::as_object_mut);
        for entry in recipes.into_iter().flat_map(Map::values_mut).filter_map(Json::as_object_mut) {
            check_outputs(entry)?;
            entry.entry("plainHttp").or_insert(Json::Bool(false));
        }
        check_logins(&record.properties)
    }

    async fn execute(&self, _work: &Work<'_>, _record: &mut Record) -> Result<Step, Fault> {
        Ok(Step::Done)
    }

    async fn act(&self, _: &Host, _: &Record, _: &str, _: &Json) -> Result<Option<Json>, Fault> {
        Ok(None)
    }
}

/// Leaves out lists that say nothing.
fn drop_empty_lists(value: &mut Json) {
    if let Json::Object(members) = value {
        members.retain(|_, member| member.as_array().is_none_or(|items| !items.is_empty()));
        members.values_mut().for_each(drop_empty_lists);
    }
}

/// Shows what clients of Radius look for: the address of a mirror and the secret of a host, also where nobody gave them,
/// and credentials only where there are any.
fn complete(settings: &mut Json) {
    if let Some(mirror) = settings.pointer_mut("/providerInstallation/networkMirror").and_then(Json::as_object_mut) {
        mirror.entry("url").or_insert_with(|| "".into());
    }
    let Some(members) = settings.as_object_mut() else { return };
    let hosts = members.get_mut("credentials").and_then(Json::as_object_mut);
    if hosts.as_ref().is_some_and(|hosts| hosts.is_empty()) {
        members.shift_remove("credentials");
    } else if let Some(hosts) = hosts {
        for login in hosts.values_mut().filter_map(Json::as_object_mut) {
            login.entry("secret").or_insert_with(|| "".into());
        }
    }
}

/// What each way to log in to a registry needs, with the words for it.
const LOGINS: [(&str, &[&str], &str); 3] = [
    ("BasicAuth", &["basicAuthSecretId"], "basicAuthSecretId is"),
    ("AzureWI", &["azureWiClientId", "azureWiTenantId"], "azureWiClientId and azureWiTenantId are"),
    ("AwsIrsa", &["awsIamRoleArn"], "awsIamRoleArn is"),
];

/// Refuses logins of registries that lack what their way needs.
fn check_logins(properties: &Map<String, Json>) -> Result<(), Fault> {
    let logins = properties.get("registryAuthentications").and_then(Json::as_object);
    for (host, login) in logins.into_iter().flatten() {
        let method = login["authenticationMethod"].as_str().unwrap_or_default();
        let Some((_, needed, words)) = LOGINS.iter().find(|(known, _, _)| *known == method) else { continue };
        let is_missing = |name: &&str| login[*name].as_str().is_none_or(str::is_empty);
        if needed.iter().any(is_missing) {
            let message =
                format!("registryAuthentications[{host:?}]: {words} required when authenticationMethod is {method:?}.");
            return Err(Fault::bad_request(message));
        }
    }
    Ok(())
}

/// Refuses output mappings that would map nothing: outputs are named by texts, those of secrets one level deeper.
fn check_outputs(recipe: &Map<String, Json>) -> Result<(), Fault> {
    let refuse = |name: &str| {
        let message = format!("the recipe's `outputs.{name}` must name an output; give a string");
        Err(Fault::new(400, code::SPEC_VALIDATION, message))
    };
    for (name, output) in recipe.get("outputs").and_then(Json::as_object).into_iter().flatten() {
        match output {
            Json::String(_) if name != "secrets" => {}
            Json::Object(secrets) if name == "secrets" => {
                if let Some((secret, _)) = secrets.iter().find(|(_, output)| !output.is_string()) {
                    return refuse(&format!("secrets.{secret}"));
                }
            }
            _ => return refuse(name),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_settings_leave_out_is_shown_as_clients_of_radius_know_it() {
        for (given, shown) in [
            (json!({}), json!({})),
            (json!({ "providerInstallation": {} }), json!({ "providerInstallation": {} })),
            (
                json!({ "providerInstallation": { "networkMirror": {}, "direct": {} } }),
                json!({ "providerInstallation": { "networkMirror": { "url": "" }, "direct": {} } }),
            ),
            (json!({ "credentials": {} }), json!({})),
            (json!({ "credentials": { "h": {} } }), json!({ "credentials": { "h": { "secret": "" } } })),
            (
                json!({ "credentials": { "h": { "secret": "s" } } }),
                json!({ "credentials": { "h": { "secret": "s" } } }),
            ),
        ] {
            let mut settings = given.clone();
            complete(&mut settings);
            assert_eq!(settings, shown, "{given}");
        }
    }
}
