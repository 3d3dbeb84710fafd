//! Operations on the resources of a type, as the Radius HTTP contract (parts 2.7, 3 and 4) has them.

use radii_model::ApiVersion;
use serde_json::{Value as Json, json};

/// The names of the type that operations are about.
#[derive(Clone, Copy)]
struct Names<'a> {
    name: &'a str,
    component: &'a str,
}

/// Where a server answers; the address is the reader's own.
pub(super) fn servers() -> Json {
    json!([{
        "url": "{baseUrl}",
        "description": "A registry server.",
        "variables": {"baseUrl": {"default": "http://localhost:8080/apis/api.ucp.dev/v1alpha3"}}
    }])
}

/// Returns the paths of a type with their operations.
pub(super) fn of_type(namespace: &str, name: &str, component: &str) -> [(String, Json); 3] {
    let described = Names { name, component };
    let plane = "/planes/radius/{planeName}";
    let group = format!("{plane}/resourceGroups/{{resourceGroupName}}");
    let kind = format!("providers/{namespace}/{}", described.name);
    let plane_parameter = parameter("planeName");
    let group_parameters = json!([parameter("planeName"), parameter("resourceGroupName")]);
    let resource_parameters =
        json!([parameter("planeName"), parameter("resourceGroupName"), parameter("resourceName")]);
    [
        (
            format!("{plane}/{kind}"),
            json!({"parameters": [plane_parameter], "get": list(described, "ByPlane", "of all resource groups")}),
        ),
        (
            format!("{group}/{kind}"),
            json!({"parameters": group_parameters, "get": list(described, "", "of a resource group")}),
        ),
        (
            format!("{group}/{kind}/{{resourceName}}"),
            json!({
                "parameters": resource_parameters,
                "get": get(described),
                "put": put(described),
                "delete": delete(described)
            }),
        ),
    ]
}

/// Returns the paths of a provider's operations: how they fare, and what came of them.
pub(super) fn of_provider(namespace: &str) -> Json {
    let base = format!("/planes/radius/{{planeName}}/providers/{namespace}/locations/{{location}}");
    let parameters = json!([parameter("planeName"), parameter("location"), parameter("operationId")]);
    let operation = |id: &str, summary: &str, responses: Json| {
        json!({
            "tags": ["operations"],
            "operationId": id,
            "summary": summary,
            "parameters": [parameter("apiVersion")],
            "responses": responses
        })
    };
    let status = json!({
        "200": answer("The operation's state; ask again while it is not terminal.", "OperationStatus"),
        "default": {"$ref": "#/components/responses/Error"}
    });
    let result = json!({
        "202": {"description": "The operation is under way.", "headers": async_headers()},
        "204": {"description": "The operation has ended, well or not."},
        "default": {"$ref": "#/components/responses/Error"}
    });
    json!({
        format!("{base}/operationStatuses/{{operationId}}"): {
            "parameters": parameters,
            "get": operation("OperationStatuses_Get", "Returns how an operation fares.", status)
        },
        format!("{base}/operationResults/{{operationId}}"): {
            "parameters": parameters,
            "get": operation("OperationResults_Get", "Returns whether an operation has ended.", result)
        }
    })
}

fn list(described: Names<'_>, suffix: &str, whose: &str) -> Json {
    let component = described.component;
    json!({
        "tags": [described.name],
        "operationId": format!("{component}_List{suffix}"),
        "summary": format!("Lists the {} {whose}.", described.name),
        "parameters": [parameter("apiVersion"), parameter("top"), parameter("skipToken")],
        "responses": {
            "200": answer("One page of resources.", &format!("{component}List")),
            "default": {"$ref": "#/components/responses/Error"}
        }
    })
}

fn get(described: Names<'_>) -> Json {
    let component = described.component;
    json!({
        "tags": [described.name],
        "operationId": format!("{component}_Get"),
        "summary": format!("Returns one of the {}.", described.name),
        "parameters": [parameter("apiVersion")],
        "responses": {
            "200": answer("The resource.", component),
            "default": {"$ref": "#/components/responses/Error"}
        }
    })
}

fn put(described: Names<'_>) -> Json {
    let component = described.component;
    let mut created = answer("Accepted: the operation's state is at the address in `Azure-AsyncOperation`.", component);
    created["headers"] = async_headers();
    json!({
        "tags": [described.name],
        "operationId": format!("{component}_CreateOrUpdate"),
        "summary": format!("Creates one of the {}, or replaces its properties.", described.name),
        "parameters": [parameter("apiVersion"), parameter("ifMatch"), parameter("ifNoneMatch")],
        "requestBody": {
            "required": true,
            "content": {"application/json": {"schema": schema_ref(component)}}
        },
        "responses": {
            "200": answer("Done at once.", component),
            "201": created,
            "default": {"$ref": "#/components/responses/Error"}
        }
    })
}

fn delete(described: Names<'_>) -> Json {
    let component = described.component;
    let mut accepted =
        answer("Accepted: the operation's state is at the address in `Azure-AsyncOperation`.", component);
    accepted["headers"] = async_headers();
    json!({
        "tags": [described.name],
        "operationId": format!("{component}_Delete"),
        "summary": format!("Deletes one of the {}.", described.name),
        "parameters": [parameter("apiVersion"), parameter("force"), parameter("ifMatch")],
        "responses": {
            "200": {"description": "Deleted at once."},
            "202": accepted,
            "204": {"description": "There is no such resource."},
            "default": {"$ref": "#/components/responses/Error"}
        }
    })
}

fn parameter(name: &str) -> Json {
    json!({"$ref": format!("#/components/parameters/{name}")})
}

fn schema_ref(name: &str) -> Json {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

fn answer(description: &str, component: &str) -> Json {
    json!({"description": description, "content": {"application/json": {"schema": schema_ref(component)}}})
}

fn async_headers() -> Json {
    let header = |name: &str| json!({"$ref": format!("#/components/headers/{name}")});
    json!({
        "Location": header("Location"),
        "Azure-AsyncOperation": header("AzureAsyncOperation"),
        "Retry-After": header("RetryAfter")
    })
}

pub(super) fn parameters(version: &ApiVersion) -> Json {
    let name_pattern = "^[A-Za-z]([-A-Za-z0-9]*[A-Za-z0-9])?$";
    let in_path = |name: &str, description: &str| {
        let schema = json!({"type": "string", "minLength": 1, "maxLength": 63, "pattern": name_pattern});
        json!({"name": name, "in": "path", "required": true, "description": description, "schema": schema})
    };
    let in_header = |name: &str, description: &str| json!({"name": name, "in": "header", "description": description, "schema": {"type": "string"}});
    let in_query = |name: &str, description: &str, schema: Json| json!({"name": name, "in": "query", "description": description, "schema": schema});
    let mut api_version = in_query(
        "api-version",
        "Version of the resource type.",
        json!({"type": "string", "enum": [version.to_string()]}),
    );
    api_version["required"] = true.into();
    json!({
        "planeName": in_path("planeName", "Name of the plane, usually `local`."),
        "resourceGroupName": in_path("resourceGroupName", "Name of the resource group."),
        "resourceName": in_path("resourceName", "Name of the resource."),
        "location": in_path("location", "Location of the provider, usually `global`."),
        "operationId": {
            "name": "operationId",
            "in": "path",
            "required": true,
            "description": "Id of the operation, from the address in `Azure-AsyncOperation`.",
            "schema": {"type": "string", "format": "uuid"}
        },
        "apiVersion": api_version,
        "top": in_query(
            "top",
            "Most resources on a page.",
            json!({"type": "integer", "minimum": 5, "maximum": 20, "default": 10}),
        ),
        "skipToken": in_query("skipToken", "Where the page starts, from `nextLink`.", json!({"type": "string"})),
        "force": in_query(
            "force",
            "Delete although another operation is under way.",
            json!({"type": "boolean", "default": false}),
        ),
        "ifMatch": in_header("If-Match", "Go on only if the resource still has this `ETag`; `*` for any."),
        "ifNoneMatch": in_header("If-None-Match", "`*`: go on only if there is no such resource."),
    })
}

pub(super) fn headers() -> Json {
    let address =
        |description: &str| json!({"description": description, "schema": {"type": "string", "format": "uri"}});
    json!({
        "Location": address("Address that answers 204 when the operation has ended."),
        "AzureAsyncOperation": address("Address of the operation's state."),
        "RetryAfter": {"description": "Seconds to wait before asking.", "schema": {"type": "integer", "minimum": 0}}
    })
}

pub(super) fn responses() -> Json {
    json!({"Error": answer("What went wrong.", "ErrorResponse")})
}

/// Returns the schema of a resource; `properties` is the reference of its properties' schema.
pub(super) fn resource_schema(full_type: &str, properties: &str) -> Json {
    json!({
        "type": "object",
        "required": ["properties"],
        "properties": {
            "id": {"type": "string", "description": "Id of the resource.", "readOnly": true},
            "name": {"type": "string", "description": "Name of the resource.", "readOnly": true},
            "type": {"type": "string", "description": "Type of the resource.", "enum": [full_type], "readOnly": true},
            "location": {"type": "string", "description": "Location of the resource."},
            "tags": {
                "type": "object",
                "description": "Labels of the author's choice.",
                "additionalProperties": {"type": "string"}
            },
            "properties": {"$ref": properties}
        }
    })
}

pub(super) fn list_schema(component: &str) -> Json {
    json!({
        "type": "object",
        "required": ["value"],
        "properties": {
            "value": {"type": "array", "description": "The resources of this page.", "items": schema_ref(component)},
            "nextLink": {
                "type": "string",
                "format": "uri",
                "description": "Address of the next page; absent on the last."
            }
        }
    })
}

pub(super) fn shared_schemas() -> [(&'static str, Json); 3] {
    let text = |description: &str| json!({"type": "string", "description": description});
    let time = |description: &str| json!({"type": "string", "format": "date-time", "description": description});
    [
        (
            "OperationStatus",
            json!({
                "type": "object",
                "required": ["id", "name", "status"],
                "properties": {
                    "id": text("Id of the operation's state."),
                    "name": text("Id of the operation."),
                    "status": {
                        "type": "string",
                        "description": "How far it is; `Succeeded`, `Failed` and `Canceled` are the end of it.",
                        "enum": [
                            "Accepted", "Creating", "Updating", "Deleting", "Provisioning", "Running", "Succeeded",
                            "Failed", "Canceled"
                        ]
                    },
                    "startTime": time("When it began."),
                    "endTime": time("When it ended."),
                    "error": {"$ref": "#/components/schemas/ErrorDetail"}
                }
            }),
        ),
        (
            "ErrorResponse",
            json!({
                "type": "object",
                "required": ["error"],
                "properties": {"error": {"$ref": "#/components/schemas/ErrorDetail"}}
            }),
        ),
        (
            "ErrorDetail",
            json!({
                "type": "object",
                "required": ["code", "message"],
                "properties": {
                    "code": text("A word for programs."),
                    "message": text("A sentence for people."),
                    "target": text("What the error is about."),
                    "details": {
                        "type": "array",
                        "description": "The errors it is made of.",
                        "items": {"$ref": "#/components/schemas/ErrorDetail"}
                    },
                    "additionalInfo": {"type": "array", "items": {"type": "object"}}
                }
            }),
        ),
    ]
}
