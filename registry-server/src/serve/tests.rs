use axum::body::Body;
use http::Request;
use http_body_util::BodyExt;
use radii_runtime::conformance;
use radii_runtime::store::{Expect, State, Write};
use serde_json::{Value as Json, json};
use tower::ServiceExt;

use super::*;

const GROUP: &str = "/planes/radius/local/resourceGroups/shop";

async fn server() -> (Router, AppState) {
    in_process(&Options::default(), Vec::new(), Vec::new()).await.unwrap()
}

async fn get(router: &Router, path: &str) -> (u16, String) {
    let request = Request::get(path).body(Body::empty()).unwrap();
    let answer = router.clone().oneshot(request).await.unwrap();
    let status = answer.status().as_u16();
    let bytes = answer.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(bytes.to_vec()).unwrap())
}

fn on(folder: &tempfile::TempDir) -> Options {
    let database = Database::File(folder.path().join("radii.db"));
    Options { listen: SocketAddr::from(([127, 0, 0, 1], 0)), database, ..Options::default() }
}

#[tokio::test]
async fn a_new_server_has_the_default_planes_and_the_builtin_types_without_addresses() {
    let (_, state) = server().await;
    let catalog = &state.host.parts.catalog;
    let namespaces: Vec<String> = catalog.list("local").iter().map(|provider| provider.namespace.clone()).collect();
    for namespace in ["Applications.Core", "Microsoft.Resources", "Radius.Core", "Radius.Compute", "Radius.Data"] {
        assert!(namespaces.iter().any(|own| own == namespace), "{namespace} is missing in {namespaces:?}");
    }
    let core = catalog.find("local", "Applications.Core").unwrap();
    assert_eq!(core.find_location("global").unwrap().address, None);
    assert_eq!(core.find_location("global").unwrap().resource_types.len(), core.types.len());
    let compute = catalog.find("local", "radius.compute").unwrap();
    assert_eq!(compute.types.len(), 4, "several manifests add to one provider: {:?}", compute.types.keys());
    for plane in ["/planes/radius/local", "/planes/aws/aws"] {
        assert!(state.host.parts.store.find(&plane.parse().unwrap()).await.unwrap().is_some());
    }
}

#[tokio::test]
async fn builtin_providers_are_registered_once_and_again_when_one_was_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let options = on(&folder);
    let revision = async |delete: bool| {
        let (state, store) = prepare(&options, Vec::new(), Vec::new(), None).await.unwrap();
        let id = "/planes/radius/local/providers/System.Resources/resourceProviders/Radius.Data";
        let record = state.host.parts.store.find(&id.parse().unwrap()).await.unwrap().expect("it is registered");
        if delete {
            let write = Write::Delete { id: record.id.clone(), expect: Expect::Any };
            store.engine.commit(vec![write]).await.unwrap();
        }
        store.engine.close().await;
        record.revision
    };
    let first = revision(false).await;
    assert_eq!(revision(true).await, first, "a second start changes nothing");
    assert!(revision(false).await > first, "what was deleted is registered again");
}

#[tokio::test]
async fn an_address_that_others_can_reach_needs_an_explicit_word() {
    let folder = tempfile::tempdir().unwrap();
    let everywhere = Options { listen: SocketAddr::from(([0, 0, 0, 0], 0)), ..on(&folder) };
    let error = Server::start(everywhere.clone(), Vec::new(), Vec::new()).await.err().unwrap();
    assert!(matches!(error, Error::Exposed { .. }), "{error}");
    assert!(!folder.path().join("radii.db").exists(), "nothing was made");
    let exposed = Options { exposure: Exposure::Anyone, ..everywhere };
    Server::start(exposed, Vec::new(), Vec::new()).await.unwrap().stop().await.unwrap();
}

#[tokio::test]
async fn a_stopped_server_frees_its_address_and_its_database() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(on(&folder), Vec::new(), Vec::new()).await.unwrap();
    let address = server.address();
    let taken = Options { listen: address, ..Options::default() };
    let error = Server::start(taken, Vec::new(), Vec::new()).await.err().unwrap();
    assert!(error.to_string().contains("--listen"), "{error}");
    server.run_until(async {}).await.unwrap();
    let again = Options { listen: address, ..on(&folder) };
    Server::start(again, Vec::new(), Vec::new()).await.unwrap().stop().await.unwrap();
}

#[tokio::test]
async fn readiness_means_that_store_catalogue_and_workers_are_there() {
    let (router, state) = server().await;
    assert_eq!(get(&router, "/healthz").await, (200, "ok\n".to_owned()));
    let (status, body) = get(&router, "/readyz").await;
    let body: Json = serde_json::from_str(&body).unwrap();
    let expected = json!({ "store": true, "catalog": true, "workers": false, "accepting": true });
    assert_eq!((status, &body["checks"]), (503, &expected), "nobody works in this test");
    let working = state.health.working();
    assert_eq!(get(&router, "/readyz").await.0, 200);
    drop(working);
    assert_eq!(get(&router, "/readyz").await.0, 503, "workers that died are noticed");
    let version: Json = serde_json::from_str(&get(&router, "/version").await.1).unwrap();
    assert_eq!(version["version"], concat!("v", env!("CARGO_PKG_VERSION")));
}

#[tokio::test]
async fn until_it_is_known_what_is_registered_the_server_says_that_it_lives_and_requests_wait() {
    let options = Options::default();
    let (state, opened) = open(&options, Vec::new(), Vec::new(), None).await.unwrap();
    let gate = gate(&options, &mut Vec::new()).unwrap();
    let router = router(front(state.clone(), &opened.feed, &options, gate));
    let mut asked = std::pin::pin!(get(&router, "/dashboard/types/local/Radius.Data/redisCaches"));
    assert!(futures_util::poll!(asked.as_mut()).is_pending());
    assert_eq!(get(&router, "/healthz").await.0, 200);
    assert_eq!(get(&router, "/metrics").await.0, 200);
    let (status, body) = get(&router, "/readyz").await;
    assert_eq!(
        (status, serde_json::from_str::<Json>(&body).unwrap()["checks"]["catalog"].clone()),
        (503, false.into())
    );
    assert!(futures_util::poll!(asked.as_mut()).is_pending(), "nobody knows yet that the type is registered");
    load(&state, &*opened.engine).await.unwrap();
    assert_eq!(asked.await.0, 200);
}

#[tokio::test]
async fn the_dashboard_shows_types_resources_and_failed_operations() {
    let (router, state) = server().await;
    let mut group = conformance::record(GROUP);
    group.type_name = "System.Resources/resourceGroups".into();
    let id = format!("{GROUP}/providers/Radius.Data/redisCaches/my <cache>");
    let mut cache = conformance::record(&id);
    cache.state = State::Failed;
    let operation = conformance::operation(&id, radii_runtime::Timestamp(1));
    let fault = Fault::bad_request("the <b>recipe</b> failed").details(vec![Fault::conflict("port 80 is taken")]);
    let failed = Write::Advance { id: operation.id, attempt: None, state: State::Failed, error: Some(fault) };
    let put = |record| Write::Put { record: Box::new(record), expect: Expect::Absent };
    let batch = vec![put(group), put(cache), Write::Enqueue(Box::new(operation)), failed];
    state.host.parts.store.commit(batch).await.unwrap();

    assert_eq!(get(&router, "/").await.0, 307);
    let (status, page) = get(&router, "/dashboard").await;
    assert_eq!(status, 200, "{page}");
    for text in ["my &lt;cache&gt;", "the &lt;b&gt;recipe", "port 80 is taken", "containers", "state Failed"] {
        assert!(page.contains(text), "{text} is missing in {page}");
    }
    let href = "/dashboard/resource/planes/radius/local/resourceGroups/shop/providers/Radius.Data/redisCaches/my%20%3Ccache%3E";
    assert!(page.contains(href), "{page}");
    let (status, page) = get(&router, href).await;
    assert_eq!(status, 200, "{page}");
    assert!(page.contains("port 80 is taken") && page.contains("/dashboard/types/local/Radius.Data/redisCaches"));
    assert_eq!(get(&router, "/dashboard/groups/local/SHOP").await.0, 200);
    assert_eq!(get(&router, "/dashboard/groups/local/other").await.0, 404);
    for asset in ["style.css", "live.js", "icon.svg"] {
        assert_eq!(get(&router, &format!("/dashboard/assets/{asset}")).await.0, 200);
    }
}

#[tokio::test]
async fn the_dashboard_has_a_page_for_every_builtin_type() {
    let (router, state) = server().await;
    for provider in state.host.parts.catalog.list("local") {
        for kind in provider.types.values() {
            let path = format!("/dashboard/types/local/{}/{}", provider.namespace, kind.name);
            let (status, page) = get(&router, &path).await;
            assert_eq!(status, 200, "{path}: {page}");
            for version in kind.api_versions.keys() {
                assert!(page.contains(&version.to_string()), "{path} lacks {version}");
            }
        }
    }
    assert_eq!(get(&router, "/dashboard/types/local/No.Such/thing").await.0, 404);
}

#[tokio::test]
async fn a_server_whose_store_cannot_be_written_is_not_ready() {
    let (state, opened) = prepare(&Options::default(), Vec::new(), Vec::new(), None).await.unwrap();
    let gate = gate(&Options::default(), &mut Vec::new()).unwrap();
    let router = router(front(state.clone(), &opened.feed, &Options::default(), gate));
    let _working = state.health.working();
    assert_eq!(get(&router, "/readyz").await.0, 200);
    opened.engine.close().await;
    let (status, body) = get(&router, "/readyz").await;
    assert_eq!((status, serde_json::from_str::<Json>(&body).unwrap()["checks"]["store"].clone()), (503, false.into()));
}

/// Reads from a connection until a text has come; returns all.
async fn read_until(connection: &mut tokio::net::TcpStream, text: &str) -> String {
    use tokio::io::AsyncReadExt as _;
    let mut all = Vec::new();
    while !String::from_utf8_lossy(&all).contains(text) {
        let read = connection.read_buf(&mut all).await.unwrap();
        assert!(read > 0, "the connection ended before `{text}`: {}", String::from_utf8_lossy(&all));
    }
    String::from_utf8(all).unwrap()
}

#[tokio::test]
async fn a_server_that_stops_finishes_what_it_has_begun_and_ends_watches() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let folder = tempfile::tempdir().unwrap();
    // Nothing here comes near it: what waited for it would be seen.
    let options = Options { grace: std::time::Duration::from_secs(600), ..on(&folder) };
    let server = Server::start(options, Vec::new(), Vec::new()).await.unwrap();
    let connect = || tokio::net::TcpStream::connect(server.address());
    let (mut watch, mut put) = (connect().await.unwrap(), connect().await.unwrap());
    let get = "GET /apis/api.ucp.dev/v1alpha3/watch?since=now HTTP/1.1\r\nHost: radii\r\n\r\n";
    watch.write_all(get.as_bytes()).await.unwrap();
    read_until(&mut watch, "\r\n\r\n").await;
    let body = r#"{"location":"global"}"#;
    let head = format!(
        "PUT /apis/api.ucp.dev/v1alpha3{GROUP}?api-version=2023-10-01-preview HTTP/1.1\r\nHost: radii\r\nExpect: 100-continue\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    put.write_all(head.as_bytes()).await.unwrap();
    read_until(&mut put, "100 Continue").await;
    let stopping = tokio::spawn(server.stop());
    let mut last = String::new();
    watch.read_to_string(&mut last).await.unwrap();
    assert!(last.contains("event: bookmark"), "{last}");
    put.write_all(body.as_bytes()).await.unwrap();
    assert!(read_until(&mut put, "\r\n\r\n").await.starts_with("HTTP/1.1 200"));
    drop(put);
    stopping.await.unwrap().unwrap();
    let (state, _) = prepare(&on(&folder), Vec::new(), Vec::new(), None).await.unwrap();
    assert!(state.host.parts.store.find(&GROUP.parse().unwrap()).await.unwrap().is_some(), "what was answered is kept");
}
