//! The request that starts a deployment (Radius HTTP contract, part 9.1).

use std::fmt::Write as _;

use radii_model::closest;
use serde_json::{Map, Value as Json, json};

use crate::error::Error;
use crate::output::text;
use crate::parameters::Parameters;

/// Where a template is deployed to.
#[derive(Debug, Default)]
pub struct Context {
    /// The scope of the resources.
    pub scope: String,
    /// The environment as the server has it.
    pub environment: Option<Json>,
    /// The id of the application.
    pub application: Option<String>,
}

/// Adds what the context knows to the parameters, and checks that none is missing.
///
/// # Errors
/// One message with every missing parameter and the flag that sets it.
pub fn check_parameters(
    file: &str,
    template: &Json,
    mut parameters: Parameters,
    context: &Context,
) -> Result<Parameters, Error> {
    let typed: Vec<String> = parameters.keys().cloned().collect();
    let environment = context.environment.as_ref().map(|environment| text(environment, "/id"));
    let mut missing = String::new();
    let declared = template.get("parameters").and_then(Json::as_object);
    let mut declared: Vec<_> = declared.into_iter().flatten().collect();
    declared.sort_by_key(|(name, _)| name.as_str());
    for (name, parameter) in declared {
        let injected = match name.as_str() {
            "environment" => environment,
            "application" => context.application.as_deref(),
            _ => None,
        };
        // Names of parameters are the same in every casing.
        if let Some(typed) = parameters.keys().find(|typed| typed.eq_ignore_ascii_case(name)).cloned() {
            if typed != *name
                && let Some(value) = parameters.shift_remove(&typed)
            {
                parameters.insert(name.clone(), value);
            }
            continue;
        }
        if let Some(value) = injected {
            parameters.insert(name.clone(), value.into());
        } else if parameter.get("defaultValue").is_none() && parameter.get("nullable") != Some(&Json::Bool(true)) {
            let remedy = match name.as_str() {
                "environment" => "name it with `--environment NAME`".to_owned(),
                "application" => "name it with `--application NAME`".to_owned(),
                name => match closest(name, typed.iter().map(String::as_str)) {
                    Some(typed) => format!("it has no parameter `{typed}`: did you mean `--parameters {name}=…`?"),
                    None => format!("give it with `--parameters {name}=VALUE`"),
                },
            };
            let _ = write!(missing, "\n  - the parameter `{name}` has no value; {remedy}");
        }
    }
    if missing.is_empty() {
        return Ok(parameters);
    }
    Err(Error::failed(format!("the template `{file}` cannot be deployed:{missing}")))
}

/// Returns the body of the request.
pub fn body(template: Json, parameters: Parameters, context: &Context) -> Json {
    let parameters: Map<String, Json> =
        parameters.into_iter().map(|(name, value)| (name, json!({"value": value}))).collect();
    json!({
        "properties": {
            "template": template,
            "providerconfig": provider_config(context),
            "parameters": parameters,
            "mode": "Incremental",
        },
        "tags": null,
    })
}

fn provider_config(context: &Context) -> Json {
    let mut config = json!({
        "radius": {"type": "Radius", "value": {"scope": context.scope}},
        "deployments": {"type": "Microsoft.Resources", "value": {"scope": context.scope}},
    });
    let Some(environment) = &context.environment else { return config };
    if let Some(scope) = azure_scope(environment) {
        config["az"] = json!({"type": "AzureResourceManager", "value": {"scope": scope}});
    }
    if let Some(scope) = aws_scope(environment) {
        config["aws"] = json!({"type": "AWS", "value": {"scope": scope}});
    }
    if let Some(cluster) = cluster(environment) {
        config["kubernetes"] = json!({"type": "Kubernetes", "value": {"context": cluster}});
    }
    config
}

/// Which cluster objects of a template go to, where the environment's is not the server's own.
fn cluster(environment: &Json) -> Option<&str> {
    environment.pointer("/properties/compute/context").and_then(Json::as_str).filter(|context| !context.is_empty())
}

fn azure_scope(environment: &Json) -> Option<String> {
    let azure = environment.pointer("/properties/providers/azure")?;
    let member = |name: &str| azure.get(name).and_then(Json::as_str).filter(|text| !text.is_empty());
    member("scope").map(str::to_owned).or_else(|| {
        Some(format!("/subscriptions/{}/resourceGroups/{}", member("subscriptionId")?, member("resourceGroupName")?))
    })
}

fn aws_scope(environment: &Json) -> Option<String> {
    let aws = environment.pointer("/properties/providers/aws")?;
    let member = |name: &str| aws.get(name).and_then(Json::as_str);
    member("scope")
        .map(str::to_owned)
        .or_else(|| Some(format!("/planes/aws/aws/accounts/{}/regions/{}", member("accountId")?, member("region")?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context() -> Context {
        Context {
            scope: "/planes/radius/local/resourceGroups/g".to_owned(),
            environment: Some(json!({"id": "/planes/…/e", "properties": {"providers": {
                "azure": {"scope": "/subscriptions/s/resourceGroups/r"},
                "aws": {"accountId": "1", "region": "eu"}}}})),
            application: None,
        }
    }

    #[test]
    fn cloud_scopes_come_from_either_family_of_environments() {
        let body = body(json!({}), Parameters::new(), &context());
        let config = &body["properties"]["providerconfig"];
        assert_eq!(config["az"]["value"]["scope"], "/subscriptions/s/resourceGroups/r");
        assert_eq!(config["aws"]["value"]["scope"], "/planes/aws/aws/accounts/1/regions/eu");
    }

    #[test]
    fn objects_go_to_the_cluster_of_the_environment() {
        let mut context = context();
        assert!(
            body(json!({}), Parameters::new(), &context)["properties"]["providerconfig"].get("kubernetes").is_none()
        );
        context.environment.as_mut().unwrap()["properties"]["compute"] =
            json!({"kind": "kubernetes", "context": "west"});
        let body = body(json!({}), Parameters::new(), &context);
        assert_eq!(body["properties"]["providerconfig"]["kubernetes"]["value"]["context"], "west");
    }

    #[test]
    fn the_environment_is_passed_to_templates_that_ask_for_it() {
        let template = json!({"parameters": {"environment": {"type": "string"}}});
        let parameters = check_parameters("t.json", &template, Parameters::new(), &context()).unwrap();
        assert_eq!(parameters["environment"], "/planes/…/e");
        let own = Parameters::from([("environment".to_owned(), json!("own"))]);
        assert_eq!(check_parameters("t.json", &template, own, &context()).unwrap()["environment"], "own");
    }

    #[test]
    fn all_missing_parameters_are_named_at_once() {
        let template = json!({"parameters": {"size": {"type": "string"}, "count": {"type": "int"},
            "with": {"type": "string", "defaultValue": "x"}, "application": {"type": "string"}}});
        let error = check_parameters("t.json", &template, Parameters::new(), &context()).unwrap_err().to_string();
        assert!(error.contains("`size`") && error.contains("`count`") && error.contains("--application"), "{error}");
        assert!(!error.contains("`with`"), "{error}");
    }
}
