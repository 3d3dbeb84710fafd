//! Access control before the routes: tokens, issuers, roles, the audit log, limits, TLS.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Method, Request};
use http_body_util::BodyExt;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use radii_registry_server::access::limit::Rate;
use radii_registry_server::access::{hash_of, new_token};
use radii_registry_server::serve::{self, Exposure, Options, Server, Tls};
use serde_json::{Value as Json, json};
use tower::ServiceExt;

use crate::app::BASE;

const SHOP: &str = "/planes/radius/local/resourceGroups/shop";
const ISSUER: &str = "https://login.example.com";

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/api/fixtures/access").join(name)
}

/// A server with an access file, and what it writes.
struct Guarded {
    router: Router,
    folder: tempfile::TempDir,
}

struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Json,
}

impl Guarded {
    async fn new(access: &str) -> Self {
        Self::with(access, Options::default()).await
    }

    async fn with(access: &str, options: Options) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("access.yaml");
        std::fs::write(&file, access).unwrap();
        let options = Options { access: Some(file), audit: Some(folder.path().join("audit.log")), ..options };
        let (router, _) = serve::in_process(&options, Vec::new(), Vec::new()).await.unwrap();
        Self { router, folder }
    }

    async fn ask(&self, token: Option<&str>, method: Method, path: &str, body: Option<Json>) -> Answer {
        let mut request = Request::builder().method(method).uri(format!("{path}?api-version=2023-10-01-preview"));
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let body = body.map(|body| body.to_string());
        let request = request.header("content-type", "application/json");
        let request = request.body(body.map_or_else(Body::empty, Body::from)).unwrap();
        let (parts, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let body = serde_json::from_slice(&bytes).unwrap_or_else(|_| json!(String::from_utf8_lossy(&bytes)));
        Answer { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    async fn status(&self, token: &str, method: Method, path: &str) -> u16 {
        let body = (method == Method::PUT).then(|| json!({ "location": "global" }));
        self.ask(Some(token), method, &format!("{BASE}{path}"), body).await.status
    }

    fn audit(&self) -> Vec<Json> {
        let text = std::fs::read_to_string(self.folder.path().join("audit.log")).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

fn file_of_tokens(tokens: &[(&str, &str, &str, &str)]) -> String {
    let entries = tokens.iter().map(|(name, token, role, scope)| {
        format!("- name: {name}\n  sha256: {}\n  grants: [{{role: {role}, scope: {scope}}}]\n", hash_of(token))
    });
    format!("tokens:\n{}", entries.collect::<String>())
}

#[tokio::test]
async fn who_is_not_known_gets_401_everywhere_but_at_health_checks() {
    let server = Guarded::new(&file_of_tokens(&[("ci", "secret", "admin", "/")])).await;
    for path in ["/healthz", "/version"] {
        assert_eq!(server.ask(None, Method::GET, path, None).await.status, 200, "{path}");
    }
    for path in ["/metrics", "/dashboard", "/openapi/v3", &format!("{BASE}/planes/radius/local")] {
        for token in [None, Some("wrong"), Some("")] {
            let answer = server.ask(token, Method::GET, path, None).await;
            assert_eq!(answer.status, 401, "{path} {token:?}");
            assert_eq!(answer.body["error"]["code"], "AuthenticationFailed");
            assert!(answer.headers.contains_key("www-authenticate"));
        }
        assert!(server.ask(Some("secret"), Method::GET, path, None).await.status < 400, "{path}");
    }
}

#[tokio::test]
async fn a_role_in_a_group_is_good_for_that_group_only() {
    let tokens = [("shop", "s", "operator", SHOP), ("root", "r", "operator", "/"), ("types", "t", "author", "/")];
    let server = Guarded::new(&file_of_tokens(&tokens)).await;
    assert_eq!(server.status("s", Method::PUT, SHOP).await, 200);
    assert_eq!(server.status("s", Method::GET, SHOP).await, 200);
    assert_eq!(server.status("s", Method::PUT, &SHOP.replace("shop", "other")).await, 403);
    assert_eq!(server.status("s", Method::GET, "/planes/radius/local/resourceGroups").await, 403);
    assert_eq!(server.status("s", Method::GET, "/planes/radius/local/providers/Radius.Data").await, 200);
    assert_eq!(server.status("s", Method::DELETE, "/planes/radius/local").await, 403);
    let provider = "/planes/radius/local/providers/System.Resources/resourceproviders/Contoso.New";
    assert_eq!(server.status("s", Method::PUT, provider).await, 403);
    let body = Some(json!({ "location": "global", "properties": {} }));
    let registered = server.ask(Some("t"), Method::PUT, &format!("{BASE}{provider}"), body).await;
    assert!(registered.status < 300, "{}", registered.body);
    assert_eq!(server.status("t", Method::PUT, SHOP).await, 403);
    assert_eq!(server.status("r", Method::PUT, "/planes/radius/new").await, 403, "planes are an administrator's");
}

#[tokio::test]
async fn a_refusal_names_the_missing_role_and_the_place() {
    let server = Guarded::new(&file_of_tokens(&[("reports", "r", "reader", "/planes/radius/local")])).await;
    let answer = server.ask(Some("r"), Method::PUT, &format!("{BASE}{SHOP}"), Some(json!({}))).await;
    assert_eq!((answer.status, &answer.body["error"]["code"]), (403, &json!("AuthorizationFailed")));
    let said = answer.body["error"]["message"].as_str().unwrap();
    for part in ["token:reports", "operate", "/planes/radius/local/resourcegroups/shop", "`operator`"] {
        assert!(said.contains(part), "{part} is missing in {said}");
    }
}

#[tokio::test]
async fn changes_and_refusals_are_in_the_audit_log_and_reads_are_not() {
    let tokens = [("shop", "s", "operator", SHOP), ("reports", "r", "reader", "/")];
    let server = Guarded::new(&file_of_tokens(&tokens)).await;
    server.status("s", Method::PUT, SHOP).await;
    server.status("s", Method::GET, SHOP).await;
    server.status("r", Method::DELETE, SHOP).await;
    server.status("nobody-knows-this", Method::DELETE, SHOP).await;
    let entries: Vec<(Json, Json, Json, Json)> = server
        .audit()
        .into_iter()
        .map(|entry| {
            assert!(!entry["requestId"].as_str().unwrap().is_empty());
            assert_eq!(entry["path"], format!("{BASE}{SHOP}"));
            (entry["actor"].clone(), entry["method"].clone(), entry["allowed"].clone(), entry["status"].clone())
        })
        .collect();
    let expected = [
        (json!("token:shop"), json!("PUT"), json!(true), json!(200)),
        (json!("token:reports"), json!("DELETE"), json!(false), json!(403)),
        (json!("unknown"), json!("DELETE"), json!(false), json!(401)),
    ];
    assert_eq!(entries, expected);
    let text = std::fs::read_to_string(server.folder.path().join("audit.log")).unwrap();
    assert!(!text.contains("nobody-knows-this"), "tokens are not written down");
}

#[tokio::test]
async fn a_client_that_asks_too_much_is_told_to_wait() {
    let rate = Some(Rate { per_second: 0.1, burst: 2.0 });
    let file = file_of_tokens(&[("a", "a", "reader", "/"), ("b", "b", "reader", "/")]);
    let server = Guarded::with(&file, Options { rate, ..Options::default() }).await;
    for _ in 0..2 {
        assert_eq!(server.status("a", Method::GET, "/planes/radius/local").await, 200);
    }
    let answer = server.ask(Some("a"), Method::GET, &format!("{BASE}/planes/radius/local"), None).await;
    assert_eq!((answer.status, &answer.body["error"]["code"]), (429, &json!("TooManyRequests")));
    assert_eq!(answer.headers["retry-after"], "10");
    assert_eq!(server.status("b", Method::GET, "/planes/radius/local").await, 200);
}

#[test]
fn tokens_are_random_and_recognisable() {
    let (one, other) = (new_token(), new_token());
    assert_ne!(one, other);
    assert!(one.starts_with("radii_") && one.len() >= 48, "{one}");
    assert_eq!(hash_of("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

fn signing_key(name: &str) -> EncodingKey {
    EncodingKey::from_ec_der(&std::fs::read(fixture(name)).unwrap())
}

fn published_keys() -> Json {
    let mut key = Jwk::from_encoding_key(&signing_key("issuer.key.der"), Algorithm::ES256).unwrap();
    key.common.key_id = Some("one".to_owned());
    json!({ "keys": [key] })
}

fn signed(key: &str, claims: Json) -> String {
    let header = Header { kid: Some("one".to_owned()), ..Header::new(Algorithm::ES256) };
    jsonwebtoken::encode(&header, &claims, &signing_key(key)).unwrap()
}

fn claims() -> Json {
    let expires = jsonwebtoken::get_current_timestamp() + 600;
    json!({ "iss": ISSUER, "aud": "radii", "exp": expires, "sub": "alice", "groups": ["platform"] })
}

fn with(mut claims: Json, name: &str, value: Json) -> Json {
    claims[name] = value;
    claims
}

async fn with_issuer(keys: &str) -> Guarded {
    Guarded::new(&format!(
        "oidc:\n  issuer: {ISSUER}\n  audience: [radii]\n  keys: {keys}\n\
         grants:\n- user: alice\n  role: reader\n- group: platform\n  role: operator\n  scope: {SHOP}\n"
    ))
    .await
}

#[tokio::test]
async fn a_signed_token_speaks_for_its_user_and_their_groups() {
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("keys.json");
    std::fs::write(&keys, published_keys().to_string()).unwrap();
    let server = with_issuer(&keys.display().to_string()).await;
    let alice = signed("issuer.key.der", claims());
    assert_eq!(server.status(&alice, Method::GET, "/planes/radius/local").await, 200);
    assert_eq!(server.status(&alice, Method::PUT, SHOP).await, 200, "through the group");
    assert_eq!(server.status(&alice, Method::PUT, &SHOP.replace("shop", "x")).await, 403);
    let stranger = signed("issuer.key.der", with(with(claims(), "sub", json!("bob")), "groups", json!([])));
    assert_eq!(server.status(&stranger, Method::GET, SHOP).await, 403, "known, and granted nothing");
}

#[tokio::test]
async fn a_token_must_be_signed_by_the_issuer_for_us_and_now() {
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("keys.json");
    std::fs::write(&keys, published_keys().to_string()).unwrap();
    let server = with_issuer(&keys.display().to_string()).await;
    let good = signed("issuer.key.der", claims());
    let mut parts: Vec<String> = good.split('.').map(str::to_owned).collect();
    let other = signed("issuer.key.der", with(claims(), "sub", json!("root")));
    parts[1] = other.split('.').nth(1).unwrap().to_owned();
    let unsigned = jsonwebtoken::encode(
        &Header { kid: Some("one".into()), ..Header::new(Algorithm::HS256) },
        &claims(),
        &EncodingKey::from_secret(published_keys().to_string().as_bytes()),
    );
    for (what, token) in [
        ("foreign signature", signed("stranger.key.der", claims())),
        ("other issuer", signed("issuer.key.der", with(claims(), "iss", json!("https://else.example.com")))),
        ("other audience", signed("issuer.key.der", with(claims(), "aud", json!("else")))),
        ("expired", signed("issuer.key.der", with(claims(), "exp", json!(1_000_000)))),
        ("not yet valid", signed("issuer.key.der", with(claims(), "nbf", json!(9_000_000_000_u64)))),
        ("no user", signed("issuer.key.der", with(claims(), "sub", Json::Null))),
        ("symmetric signature with the public key", unsigned.unwrap()),
        ("changed claims", parts.join(".")),
        ("no signature", format!("{}.", good.rsplit_once('.').unwrap().0)),
        ("nonsense", "a.b.c".to_owned()),
    ] {
        assert_eq!(server.status(&token, Method::GET, "/planes/radius/local").await, 401, "{what}");
    }
}

/// Serves an issuer's documents at a free port; returns its address.
async fn issuer_on_the_network() -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let configuration = json!({ "issuer": format!("http://{address}"), "jwks_uri": format!("http://{address}/keys") });
    let routes = Router::new()
        .route("/.well-known/openid-configuration", axum::routing::get(async move || axum::Json(configuration)))
        .route("/keys", axum::routing::get(async || axum::Json(published_keys())));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    address
}

fn install_cryptography() {
    // An error says that another test installed it.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

#[tokio::test]
async fn an_issuers_keys_are_discovered() {
    install_cryptography();
    let issuer = format!("http://{}", issuer_on_the_network().await);
    let file = format!("oidc: {{issuer: '{issuer}', audience: [radii]}}\ngrants: [{{user: alice, role: reader}}]\n");
    let server = Guarded::new(&file).await;
    let token = signed("issuer.key.der", with(claims(), "iss", json!(issuer)));
    assert_eq!(server.status(&token, Method::GET, "/planes/radius/local").await, 200);
}

#[tokio::test]
async fn an_issuer_that_does_not_answer_is_no_verdict_on_a_token() {
    install_cryptography();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let server = with_issuer(&format!("http://{closed}/keys")).await;
    let token = signed("issuer.key.der", claims());
    assert_eq!(server.status(&token, Method::GET, "/planes/radius/local").await, 503);
}

async fn secret_page(certificate: &Path, url: &str) -> reqwest::Result<u16> {
    let certificate = reqwest::Certificate::from_pem(&std::fs::read(certificate).unwrap()).unwrap();
    let client = reqwest::Client::builder().tls_certs_only([certificate]).build().unwrap();
    Ok(client.get(format!("{url}/healthz")).send().await?.status().as_u16())
}

#[tokio::test]
async fn a_server_with_a_certificate_speaks_https_and_nothing_else() {
    install_cryptography();
    let tls = Tls { certificate: fixture("first.cert.pem"), key: fixture("first.key.pem") };
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let server = Server::start(Options { listen, tls: Some(tls), ..Options::default() }, Vec::new(), Vec::new());
    let server = server.await.unwrap();
    assert!(server.url().starts_with("https://127.0.0.1:"));
    assert_eq!(secret_page(&fixture("first.cert.pem"), &server.url()).await.unwrap(), 200);
    assert!(
        secret_page(&fixture("second.cert.pem"), &server.url()).await.is_err(),
        "another authority is not believed"
    );
    let plain = server.url().replace("https", "http");
    let answer = reqwest::Client::builder().tls_certs_only([]).build().unwrap().get(format!("{plain}/healthz")).send();
    assert!(answer.await.is_err(), "plain HTTP is not answered");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn an_access_file_opens_other_addresses_than_loopback() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("access.yaml");
    std::fs::write(&file, file_of_tokens(&[("ci", "s", "admin", "/")])).unwrap();
    let everywhere = Options { listen: SocketAddr::from(([0, 0, 0, 0], 0)), ..Options::default() };
    let refused = Server::start(everywhere.clone(), Vec::new(), Vec::new()).await.err().unwrap();
    assert!(refused.to_string().contains("--access"), "{refused}");
    assert_eq!(everywhere.exposure, Exposure::Loopback);
    let guarded = Options { access: Some(file), ..everywhere };
    Server::start(guarded, Vec::new(), Vec::new()).await.unwrap().stop().await.unwrap();
}
