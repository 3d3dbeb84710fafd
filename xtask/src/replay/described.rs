//! Our answers against the published OpenAPI description of planes, groups, registrations and credentials.

use anyhow::Context;
use camino::Utf8Path;
use serde_json::Value as Json;

use super::wire::Answer;

/// Where the description stands in the workspace.
const FOLDER: &str = "registry-server/swagger";
/// Where the protocol's paths begin.
const BASE: &str = "/apis/api.ucp.dev/v1alpha3";

/// The description, with the file that it refers to.
pub struct Description {
    own: Json,
    common: Json,
}

impl Description {
    /// Reads the description.
    ///
    /// # Errors
    /// When it is not where this runs.
    pub fn read() -> anyhow::Result<Self> {
        let read = |file: &str| -> anyhow::Result<Json> {
            let path = Utf8Path::new(FOLDER).join(file);
            let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read `{path}`"))?;
            serde_json::from_str(&text).with_context(|| format!("`{path}` is no JSON"))
        };
        Ok(Self { own: read("ucp-2023-10-01-preview.json")?, common: read("common-types-v3.json")? })
    }

    /// Returns what an answer breaks; `None` when the description does not speak of such requests.
    pub fn violations(&self, method: &str, path: &str, answer: &Answer) -> Option<Vec<String>> {
        let path = path.split('?').next()?.strip_prefix(BASE)?.trim_end_matches('/');
        let templates = self.own["paths"].as_object()?;
        let (_, methods) =
            templates.iter().filter(|(template, _)| fits(template, path)).min_by_key(|(template, _)| {
                // Fixed segments win over parameters.
                template.matches('{').count()
            })?;
        let responses = methods.get(method.to_ascii_lowercase())?.get("responses")?;
        let found = match responses.get(answer.status.to_string()) {
            Some(response) => response,
            None if answer.status >= 400 => responses.get("default")?,
            // The answer is the one that the client has.
            None if answer.status == 304 => return Some(Vec::new()),
            None => return Some(vec![format!("status {} is not described", answer.status)]),
        };
        let mut violations = Vec::new();
        let is_json = answer.header("content-type").is_none_or(|kind| kind.contains("json"));
        if let Some(schema) = found.get("schema").filter(|_| is_json) {
            match serde_json::from_str::<Json>(&answer.body) {
                Ok(body) => self.check(&self.own, schema, &body, "$", &mut violations),
                Err(_) => violations.push("the body is no JSON".to_owned()),
            }
        }
        Some(violations)
    }

    fn resolve<'a>(&'a self, mut document: &'a Json, mut schema: &'a Json) -> (&'a Json, &'a Json) {
        while let Some((file, pointer)) =
            schema.get("$ref").and_then(Json::as_str).and_then(|text| text.split_once('#'))
        {
            if !file.is_empty() {
                document = &self.common;
            }
            schema = document.pointer(pointer).unwrap_or(&Json::Null);
        }
        (document, schema)
    }

    fn check(&self, document: &Json, schema: &Json, value: &Json, path: &str, found: &mut Vec<String>) {
        let (document, schema) = self.resolve(document, schema);
        let wanted = schema.get("type").and_then(Json::as_str);
        if let Some(wanted) = wanted.filter(|wanted| !has_type(value, wanted)) {
            return found.push(format!("{path} must be of type {wanted}"));
        }
        let choices = schema.get("enum").and_then(Json::as_array);
        if choices.is_some_and(|choices| !choices.contains(value)) {
            found.push(format!("{path} is none of the values allowed"));
        }
        for part in schema.get("allOf").and_then(Json::as_array).into_iter().flatten() {
            self.check(document, part, value, path, found);
        }
        for name in schema.get("required").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str) {
            if value.get(name).is_none() {
                found.push(format!("{path}.{name} is missing"));
            }
        }
        for (name, member) in value.as_object().into_iter().flatten() {
            let own = schema.get("properties").and_then(|properties| properties.get(name));
            if let Some(schema) = own.or(schema.get("additionalProperties").filter(|schema| schema.is_object())) {
                self.check(document, schema, member, &format!("{path}.{name}"), found);
            }
        }
        if let Some(schema) = schema.get("items") {
            for (at, item) in value.as_array().into_iter().flatten().enumerate() {
                self.check(document, schema, item, &format!("{path}[{at}]"), found);
            }
        }
    }
}

fn fits(template: &str, path: &str) -> bool {
    let (template, path): (Vec<&str>, Vec<&str>) = (template.split('/').collect(), path.split('/').collect());
    let same = |(wanted, segment): (&&str, &&str)| {
        wanted.starts_with('{') && !segment.is_empty() || wanted.eq_ignore_ascii_case(segment)
    };
    template.len() == path.len() && template.iter().zip(&path).all(same)
}

fn has_type(value: &Json, wanted: &str) -> bool {
    match wanted {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn description() -> Description {
        let own = json!({"paths": {"/planes/{kind}": {"get": {"responses": {
            "200": {"schema": {"$ref": "#/definitions/List"}}, "default": {"schema": {"$ref": "x.json#/definitions/Error"}}}}}},
            "definitions": {"List": {"type": "object", "required": ["value"], "properties": {"value": {"type": "array"}}}}});
        let common = json!({"definitions": {"Error": {"type": "object", "required": ["error"]}}});
        Description { own, common }
    }

    fn violations(status: u16, body: &str) -> Option<Vec<String>> {
        let answer = Answer { status, body: body.to_owned(), ..Answer::default() };
        description().violations("GET", &format!("{BASE}/planes/radius?api-version=1"), &answer)
    }

    #[test]
    fn answers_are_held_against_their_schema() {
        assert_eq!(violations(200, r#"{"value":[]}"#), Some(vec![]));
        assert_eq!(violations(200, "{}"), Some(vec!["$.value is missing".to_owned()]));
        assert_eq!(violations(404, r#"{"error":{}}"#), Some(vec![]));
        assert_eq!(violations(404, "{}"), Some(vec!["$.error is missing".to_owned()]));
        assert_eq!(violations(202, "{}"), Some(vec!["status 202 is not described".to_owned()]));
    }

    #[test]
    fn other_paths_are_not_described() {
        let answer = Answer { status: 200, ..Answer::default() };
        assert_eq!(description().violations("GET", &format!("{BASE}/planes"), &answer), None);
        assert_eq!(description().violations("PUT", &format!("{BASE}/planes/radius"), &answer), None);
    }
}
