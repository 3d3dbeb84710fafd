use serde_json::json;
use wiremock::matchers::{body_json, method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;

const RESOURCE: &str = "/planes/radius/local/resourceGroups/g/providers/Contoso.A/boxes/b";
const STATUS: &str = "/planes/radius/local/providers/Contoso.A/locations/global/operationStatuses/1";

fn at(path_below_base: &str) -> String {
    format!("{BASE_PATH}{path_below_base}")
}

async fn start() -> (MockServer, Client) {
    crate::install_tls_provider();
    // A server of its own, not one of the pool that other tests have had before.
    let server = MockServer::builder().start().await;
    let client = Client::new(&server.uri(), false).unwrap();
    (server, client)
}

fn answer(status: u16, body: Json) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_json(body)
}

async fn when(server: &MockServer, verb: &str, at_path: &str, response: ResponseTemplate) {
    Mock::given(method(verb)).and(path(at(at_path))).respond_with(response).mount(server).await;
}

fn begun(server: &MockServer, status: u16) -> ResponseTemplate {
    let link = format!("{}{}?api-version=v", server.uri(), at(STATUS));
    answer(status, json!({"properties": {"provisioningState": "Accepted"}}))
        .insert_header("azure-asyncoperation", link.as_str())
        .insert_header("retry-after", "0")
}

#[tokio::test]
async fn a_put_is_followed_until_its_operation_ends_and_answers_with_the_resource() {
    let (server, client) = start().await;
    when(&server, "PUT", RESOURCE, begun(&server, 201)).await;
    let running = answer(200, json!({"status": "Updating"})).insert_header("retry-after", "0");
    Mock::given(method("GET")).and(path(at(STATUS))).respond_with(running).up_to_n_times(2).mount(&server).await;
    when(&server, "GET", STATUS, answer(200, json!({"status": "Succeeded"}))).await;
    when(&server, "GET", RESOURCE, answer(200, json!({"name": "b"}))).await;
    assert_eq!(client.put(RESOURCE, "v", &json!({})).await.unwrap(), json!({"name": "b"}));
}

#[tokio::test]
async fn a_failed_operation_answers_with_its_own_error() {
    let (server, client) = start().await;
    when(&server, "PUT", RESOURCE, begun(&server, 201)).await;
    let failed = json!({"status": "Failed", "error": {"code": "RecipeDeploymentFailed", "message": "no room"}});
    when(&server, "GET", STATUS, answer(200, failed)).await;
    let Error::Refused { status: None, problem, .. } = client.put(RESOURCE, "v", &json!({})).await.unwrap_err() else {
        panic!("expected the operation's error")
    };
    assert_eq!((problem.code.as_str(), problem.message.as_str()), ("RecipeDeploymentFailed", "no room"));
}

#[tokio::test]
async fn a_resource_without_operation_is_watched_itself() {
    let (server, client) = start().await;
    let state = |state: &str| json!({"properties": {"provisioningState": state}});
    when(&server, "PUT", RESOURCE, answer(200, state("Updating"))).await;
    Mock::given(method("GET"))
        .and(path(at(RESOURCE)))
        .respond_with(answer(200, state("Updating")).insert_header("retry-after", "0"))
        .up_to_n_times(1)
        .mount(&server)
        .await;
    when(&server, "GET", RESOURCE, answer(200, state("Succeeded"))).await;
    assert_eq!(client.put(RESOURCE, "v", &json!({})).await.unwrap(), state("Succeeded"));
}

#[tokio::test]
async fn a_deletion_tells_what_was_there() {
    let (server, client) = start().await;
    when(&server, "DELETE", RESOURCE, begun(&server, 202)).await;
    when(&server, "GET", STATUS, answer(200, json!({"status": "Succeeded"}))).await;
    assert_eq!(client.delete(RESOURCE, "v").await.unwrap(), Deleted::Gone);
    when(&server, "DELETE", "/planes/radius/local/x", ResponseTemplate::new(204)).await;
    assert_eq!(client.delete("/planes/radius/local/x", "v").await.unwrap(), Deleted::Absent);
}

#[tokio::test]
async fn a_list_is_read_to_its_last_page_even_when_links_name_another_host() {
    let (server, client) = start().await;
    let link = "http://internal.example:1/planes/radius/local/list?api-version=v&skipToken=2";
    Mock::given(path(at("/planes/radius/local/list")))
        .and(query_param("skipToken", "2"))
        .respond_with(answer(200, json!({"value": [{"n": 2}]})))
        .mount(&server)
        .await;
    when(&server, "GET", "/planes/radius/local/list", answer(200, json!({"value": [{"n": 1}], "nextLink": link})))
        .await;
    assert_eq!(client.list("/planes/radius/local/list", "v").await.unwrap(), [json!({"n": 1}), json!({"n": 2})]);
}

#[tokio::test]
async fn an_empty_list_may_be_null() {
    let (server, client) = start().await;
    when(&server, "GET", "/planes/radius/local/list", answer(200, json!({"value": null}))).await;
    assert_eq!(client.list("/planes/radius/local/list", "v").await.unwrap(), Vec::<Json>::new());
}

#[tokio::test]
async fn a_busy_server_is_asked_again() {
    let (server, client) = start().await;
    Mock::given(method("PUT"))
        .and(body_json(json!({"a": 1})))
        .respond_with(ResponseTemplate::new(429).insert_header("retry-after", "0"))
        .up_to_n_times(2)
        .mount(&server)
        .await;
    when(&server, "PUT", RESOURCE, answer(200, json!({"name": "b"}))).await;
    assert_eq!(client.put(RESOURCE, "v", &json!({"a": 1})).await.unwrap(), json!({"name": "b"}));
}

#[tokio::test]
async fn a_client_mistake_is_not_repeated() {
    let (server, client) = start().await;
    let refused = answer(400, json!({"error": {"code": "BadRequest", "message": "no"}}));
    Mock::given(method("PUT")).respond_with(refused).expect(1).mount(&server).await;
    let error = client.put(RESOURCE, "v", &json!({})).await.unwrap_err();
    assert!(matches!(error, Error::Refused { status: Some(400), .. }), "{error:?}");
}

#[tokio::test]
async fn absence_is_told_from_a_server_that_is_none_of_ours() {
    let (server, client) = start().await;
    let absent = answer(404, json!({"error": {"code": "NotFound", "message": "no"}}));
    when(&server, "GET", RESOURCE, absent).await;
    assert_eq!(client.find(RESOURCE, "v").await.unwrap(), None);
    assert!(matches!(client.get(RESOURCE, "v").await, Err(Error::Refused { status: Some(404), .. })));
    let error = client.find("/planes/radius/local/elsewhere", "v").await.unwrap_err();
    assert!(matches!(error, Error::Foreign { status: 404, .. }), "{error}");
}

#[tokio::test]
async fn nobody_answering_names_the_server() {
    crate::install_tls_provider();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let client = Client::new(&format!("http://{address}"), false).unwrap().impatient();
    let error = client.get(RESOURCE, "v").await.unwrap_err();
    assert_eq!(error.to_string(), format!("no server answers at http://{address}"));
}

fn local_client() -> Client {
    Client::new("http://127.0.0.1:1234/prefix/", false).unwrap()
}

#[test]
fn the_base_path_follows_the_servers_own_prefix() {
    let url = local_client().url("/planes/radius/local", "v");
    assert_eq!(
        url.as_str(),
        "http://127.0.0.1:1234/prefix/apis/api.ucp.dev/v1alpha3/planes/radius/local?api-version=v"
    );
    assert_eq!(local_client().root(), "http://127.0.0.1:1234/prefix");
}

#[test]
fn names_cannot_break_out_of_their_segment() {
    let url = local_client().url("/planes/radius/local/resourceGroups/a b#c", "v");
    assert!(url.path().ends_with("/a%20b%23c"), "{url}");
}

#[test]
fn links_to_other_hosts_are_brought_back() {
    let link = "http://internal.rp:9000/planes/radius/local/providers/A.B/cs?api-version=v&skipToken=x";
    assert_eq!(
        local_client().localize(link).unwrap().as_str(),
        "http://127.0.0.1:1234/prefix/apis/api.ucp.dev/v1alpha3/planes/radius/local/providers/A.B/cs?api-version=v&skipToken=x"
    );
    assert!(local_client().localize("http://elsewhere/x").is_err());
}

#[test]
fn other_schemes_are_refused() {
    assert!(Client::new("ftp://127.0.0.1", false).is_err());
    assert!(Client::new("nothing", false).is_err());
}
