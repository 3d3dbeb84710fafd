//! Gateways, as objects of Contour and of the Gateway API.

use radii_platform_kubernetes::cluster::{Address, Cluster, KindName};
use radii_platform_kubernetes::{Clusters, KubernetesPlatform, MemoryCluster, Options};
use radii_runtime::Fault;
use radii_runtime::fault::code;
use radii_runtime::platform::{Gateway, Health, Named, Object, Piece, Platform, Route, Target, Tls};
use serde_json::{Value as Json, json};

use crate::render::target;
use crate::schema;

fn route(path: &str, service: &str) -> Route {
    Route {
        path: path.to_owned(),
        service: service.to_owned(),
        port: 3000,
        replace_prefix: String::new(),
        websockets: false,
        request_timeout: None,
        backend_timeout: None,
    }
}

fn gateway() -> Gateway {
    let id = "/planes/radius/local/resourceGroups/g/providers/Applications.Core/gateways/Gate".to_owned();
    let timed = Route {
        replace_prefix: "/v1".to_owned(),
        request_timeout: Some("1.5m".to_owned()),
        backend_timeout: Some("10s".to_owned()),
        ..route("/api", "back")
    };
    Gateway {
        resource: Named { id, name: "Gate".to_owned() },
        hostname: Some("shop.example.com".to_owned()),
        routes: vec![route("/", "front"), timed],
        ..Gateway::default()
    }
}

/// An environment whose `compute` has these members.
fn environment(compute: Json) -> Target {
    Target { compute: compute.as_object().unwrap().clone(), ..target("env-app") }
}

fn render(compute: Json, gateway: &Gateway) -> Result<Vec<Object>, Fault> {
    let rendered =
        KubernetesPlatform::default().render_piece(&environment(compute), &Piece::Gateway(gateway.clone()))?;
    schema::check(&rendered);
    Ok(rendered)
}

fn shared() -> Json {
    json!({ "ingress": "gateway-api", "parentRef": { "name": "edge", "namespace": "infra", "sectionName": "https" } })
}

fn own() -> Json {
    json!({ "ingress": "gateway-api", "gatewayClass": "envoy" })
}

#[test]
fn routes_go_to_the_gateway_that_the_environment_shares() {
    let objects = render(shared(), &gateway()).unwrap();
    assert_eq!(objects.len(), 1);
    insta::assert_json_snapshot!(objects[0].body);
}

#[test]
fn a_class_gives_each_gateway_a_gateway_of_its_own_with_its_certificate() {
    let tls = Some(Tls { secret: "certs/shop".to_owned(), minimum: "1.2".to_owned() });
    let objects = render(own(), &Gateway { tls, ..gateway() }).unwrap();
    let kinds: Vec<_> = objects.iter().map(|object| object.reference.kind.rsplit('/').next().unwrap()).collect();
    assert_eq!(kinds, ["ReferenceGrant", "Gateway", "HTTPRoute"]);
    insta::assert_json_snapshot!(objects.iter().map(|object| &object.body).collect::<Vec<_>>());
}

#[test]
fn encrypted_connections_are_passed_on_by_the_name_that_they_ask_for() {
    let passthrough = Gateway { passthrough: true, routes: vec![route("/", "front")], ..gateway() };
    let objects = render(own(), &passthrough).unwrap();
    let [entrance, route] = &objects[..] else { panic!("{objects:#?}") };
    assert_eq!(entrance.body["spec"]["listeners"][0]["tls"], json!({ "mode": "Passthrough" }));
    assert_eq!(route.body["kind"], "TLSRoute");
    assert_eq!(route.body["spec"]["hostnames"], json!(["shop.example.com"]));
    let nameless = render(own(), &Gateway { hostname: None, ..passthrough }).unwrap_err();
    assert!(nameless.message.contains("fullyQualifiedHostname"), "{}", nameless.message);
}

#[test]
fn what_an_ingress_cannot_do_is_refused_with_what_to_do_instead() {
    let tls = |minimum: &str| Some(Tls { secret: "certs/shop".to_owned(), minimum: minimum.to_owned() });
    let cases = [
        (shared(), Gateway { tls: tls("1.2"), ..gateway() }, "compute.gatewayClass"),
        (own(), Gateway { tls: tls("1.3"), ..gateway() }, "minimumProtocolVersion"),
        (own(), Gateway { internal: true, ..gateway() }, "compute.internalGatewayClass"),
        (json!({ "ingress": "none" }), gateway(), "`compute.ingress` is `none`"),
    ];
    for (compute, gateway, said) in cases {
        let fault = render(compute, &gateway).unwrap_err();
        assert_eq!(fault.code, code::PLATFORM_UNSUPPORTED);
        assert_eq!(fault.target.as_deref(), Some(gateway.resource.id.as_str()));
        assert!(fault.message.contains(said), "{}", fault.message);
    }
}

#[test]
fn an_environments_ingress_is_checked_with_the_environment() {
    let platform = KubernetesPlatform::default();
    let check = |compute: Json| platform.check_compute(compute.as_object().unwrap());
    for known in [json!({}), shared(), own(), json!({ "ingress": "contour" }), json!({ "ingress": "none" })] {
        check(known).unwrap();
    }
    for (wrong, member) in [
        (json!({ "ingress": "nginx" }), "compute.ingress"),
        (json!({ "ingress": "gateway-api" }), "compute.ingress"),
        (json!({ "ingress": "gateway-api", "parentRef": "edge" }), "compute.parentRef"),
        (json!({ "ingress": "gateway-api", "parentRef": { "name": "edge", "port": 1 } }), "compute.parentRef"),
        (json!({ "ingress": "gateway-api", "gatewayClass": 1 }), "compute.gatewayClass"),
    ] {
        let fault = check(wrong).unwrap_err();
        assert!(fault.message.contains(member), "{}", fault.message);
    }
}

#[test]
fn classes_choose_among_contours() {
    let classes = json!({ "ingress": "contour", "gatewayClass": "outside", "internalGatewayClass": "inside" });
    for (internal, class) in [(false, "outside"), (true, "inside")] {
        for object in render(classes.clone(), &Gateway { internal, ..gateway() }).unwrap() {
            assert_eq!(object.body["spec"]["ingressClassName"], class);
        }
    }
    for object in render(json!({}), &Gateway { internal: true, ..gateway() }).unwrap() {
        assert!(object.body["spec"].get("ingressClassName").is_none());
    }
}

async fn deploy(memory: &MemoryCluster, compute: Json) -> Result<Vec<Health>, Fault> {
    let platform = KubernetesPlatform::new(Clusters::Memory(memory.clone()), Options::default());
    let target = environment(compute);
    platform.prepare(&target).await?;
    let mut seen = Vec::new();
    for object in platform.render_piece(&target, &Piece::Gateway(gateway()))? {
        seen.push(platform.apply(&target, &object).await?.health);
    }
    Ok(seen)
}

#[tokio::test]
async fn a_gateway_works_when_its_controller_says_so() {
    let memory = MemoryCluster::default();
    assert_eq!(deploy(&memory, own()).await.unwrap(), [Health::Ready, Health::Ready]);
    let refused =
        json!({ "type": "Accepted", "status": "False", "reason": "InvalidParameters", "message": "no such pool" });
    memory.set_state("gate", Some(json!({ "gateway": { "conditions": [refused] } })));
    let fault = deploy(&memory, own()).await.unwrap_err();
    assert!(fault.message.contains("InvalidParameters: no such pool"), "{}", fault.message);
}

#[tokio::test]
async fn a_route_that_finds_no_service_says_so() {
    let memory = MemoryCluster::default();
    let conditions = json!([
        { "type": "Accepted", "status": "True", "reason": "Accepted", "message": "" },
        { "type": "ResolvedRefs", "status": "False", "reason": "BackendNotFound", "message": "no Service front" },
    ]);
    memory.set_state("gate", Some(json!({ "gateway": { "parents": [{ "conditions": conditions }] } })));
    let fault = deploy(&memory, shared()).await.unwrap_err();
    assert!(fault.message.contains("BackendNotFound: no Service front"), "{}", fault.message);
}

#[tokio::test]
async fn the_address_of_a_gateway_is_what_its_gateway_publishes() {
    let memory = MemoryCluster::default();
    let platform = KubernetesPlatform::new(Clusters::Memory(memory.clone()), Options::default());
    let named = gateway().resource;
    let address = async |compute: Json| platform.public_address(&environment(compute), &named, false).await.unwrap();
    assert_eq!(address(own()).await, None);
    let status = json!({ "gateway": { "addresses": [{ "type": "IPAddress", "value": "10.1.2.3" }] } });
    memory.set_state("gate", Some(status));
    deploy(&memory, json!({ "ingress": "contour" })).await.unwrap();
    assert_eq!(address(own()).await, None);
    let kind = KindName::new("gateway.networking.k8s.io", "Gateway");
    let entrance = json!({
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "Gateway",
        "metadata": { "name": "gate", "namespace": "env-app" },
        "spec": { "gatewayClassName": "envoy", "listeners": [] },
    });
    memory.apply(&entrance, radii_platform_kubernetes::cluster::Ownership::Respect).await.unwrap();
    assert!(memory.get(&Address::new(kind, "env-app", "gate")).await.unwrap().is_some());
    assert_eq!(address(own()).await.as_deref(), Some("10.1.2.3"));
}
