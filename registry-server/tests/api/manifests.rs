use radii_model::manifest;
use radii_registry_server::registry;
use serde_json::json;

use crate::app::TestApp;

const MANIFEST: &str = "
namespace: Contoso.Shop
types:
  carts:
    description: Carts
    apiVersions:
      \"2025-01-01-preview\":
        schema:
          type: object
          properties:
            size: {type: string, enum: [S, M]}
";

#[tokio::test]
async fn a_manifest_is_registered_with_the_base_properties_and_only_once() {
    let app = TestApp::new().await;
    let (manifest, diagnostics) = manifest::parse(Default::default(), MANIFEST);
    let manifest = manifest.unwrap_or_else(|| panic!("{diagnostics:?}"));
    registry::register_manifest(&app.state, "local", &manifest).await.unwrap();
    let operator = app.operator();
    let summary = operator.get("/planes/radius/local/providers/Contoso.Shop").await.json();
    let schema = &summary["resourceTypes"]["carts"]["apiVersions"]["2025-01-01-preview"]["schema"];
    assert_eq!(schema["properties"]["size"]["enum"], json!(["S", "M"]));
    assert!(schema["properties"]["environment"].is_object());
    assert_eq!(summary["locations"], json!({ "global": {} }));
    let path = "/planes/radius/local/providers/System.Resources/resourceproviders/Contoso.Shop/resourcetypes/carts";
    let first = operator.get(path).await;
    assert_eq!(first.json()["type"], "System.Resources/resourceProviders/resourceTypes");
    registry::register_manifest(&app.state, "local", &manifest).await.unwrap();
    assert_eq!(operator.get(path).await.header("etag"), first.header("etag"));
    assert!(registry::register_manifest(&app.state, "none", &manifest).await.is_err());
}
