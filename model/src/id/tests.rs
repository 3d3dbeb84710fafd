use proptest::prelude::*;

use super::*;

fn id(text: &str) -> ResourceId {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

const GROUP: &str = "/planes/radius/local/resourceGroups/g";

#[test]
fn a_resource_of_a_group_shows_its_parts() {
    let db = id("/planes/radius/local/resourcegroups/G1/providers/Contoso.Data/postgres/Db");
    assert_eq!(db.plane(), Some(("radius", "local")));
    assert_eq!(db.resource_group(), Some("G1"));
    assert_eq!(db.scope().to_string(), "/planes/radius/local/resourcegroups/G1");
    assert_eq!((db.namespace(), db.name()), (Some("Contoso.Data"), Some("Db")));
    assert_eq!(db.resource_type().unwrap().to_string(), "Contoso.Data/postgres");
    assert!(db.is_resource() && !db.is_scope() && !db.is_collection());
    assert_eq!(db.parent(), None);
}

#[test]
fn ids_are_compared_without_regard_to_casing() {
    let (one, two) = (id(GROUP), id("/PLANES/Radius/LOCAL/resourcegroups/G/"));
    assert_eq!(one, two);
    assert_eq!(one.key(), "/planes/radius/local/resourcegroups/g");
    assert_eq!(two.to_string(), "/planes/Radius/LOCAL/resourcegroups/G");
    assert!(id(&format!("{GROUP}/providers/A.B/c/d")).is_within(&two));
    assert!(!id("/planes/radius/local/resourceGroups/gg").is_within(&one));
    assert!(one.is_within(&one));
}

#[test]
fn scopes_and_their_collections_are_told_apart() {
    for (text, name) in
        [("/planes/radius/local", Some("local")), (GROUP, Some("g")), ("/planes", None), ("/planes/radius", None)]
    {
        let scope = id(text);
        assert!(scope.is_scope() && !scope.is_resource());
        assert_eq!((scope.name(), scope.is_collection()), (name, name.is_none()), "{text}");
        assert_eq!(scope.scope(), scope);
    }
    let groups = id("/planes/radius/local/resourceGroups");
    assert!(groups.is_collection());
    assert_eq!(groups.resource_group(), None);
    assert_eq!(id("/planes").plane(), None);
    assert_eq!(id("/planes/aws").plane(), None);
}

#[test]
fn collections_of_resources_have_a_type_and_no_name() {
    let all = id(&format!("{GROUP}/providers/A.B/things"));
    assert!(all.is_collection() && !all.is_resource() && !all.is_scope());
    assert_eq!(all.resource_type(), Some(TypeName::new("a.b", "THINGS")));
    assert_eq!(all.parent(), None);
}

#[test]
fn nested_resources_belong_to_their_parents() {
    let base = "/planes/radius/local/providers/System.Resources/resourceProviders/A.B/resourceTypes/t";
    let version = id(&format!("{base}/apiVersions/2025-01-01"));
    assert_eq!(version.resource_type().unwrap().name(), "resourceProviders/resourceTypes/apiVersions");
    assert_eq!(version.parent().unwrap().to_string(), base);
    assert_eq!(id(&format!("{base}/apiVersions")).parent().unwrap().to_string(), base);
    assert_eq!(id(base).child("apiVersions", "2025-01-01"), version);
    assert_eq!(version.scope().to_string(), "/planes/radius/local");
}

#[test]
fn extension_resources_belong_to_what_they_extend() {
    let db = format!("{GROUP}/providers/A.B/c/d");
    let lock = id(&format!("{db}/providers/E.F/locks/l"));
    assert_eq!(lock.namespace(), Some("E.F"));
    assert_eq!(lock.scope().to_string(), db);
    assert_eq!(lock.parent().unwrap().to_string(), db);
    assert_eq!(id(&db).resource(&TypeName::new("E.F", "locks"), "l"), lock);
}

#[test]
fn ids_of_azure_aws_and_kubernetes_are_ids() {
    let azure = id("/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/a");
    assert_eq!((azure.plane(), azure.resource_group()), (None, Some("g")));
    let aws = id("/planes/aws/aws/accounts/1/regions/eu-west-1/providers/AWS.S3/Bucket/b");
    assert_eq!((aws.plane(), aws.scopes().len()), (Some(("aws", "aws")), 3));
    let object = id("/planes/kubernetes/local/namespaces/ns/providers/apps/Deployment/web");
    assert_eq!((object.namespace(), object.name()), (Some("apps"), Some("web")));
    assert!(id("/providers/Microsoft.Management/managementGroups/m").is_resource());
    assert!(id("/subscriptions/s").is_scope());
}

#[test]
fn ids_are_built_from_scopes_and_types() {
    let plane = id("/planes/radius/local");
    let group = plane.child("resourceGroups", "g");
    assert_eq!(group.to_string(), GROUP);
    let nested = group.resource(&TypeName::new("A.B", "parents/children"), "p/c");
    assert_eq!(nested.to_string(), format!("{GROUP}/providers/A.B/parents/p/children/c"));
    let collection = group.resource(&TypeName::new("A.B", "parents/children"), "p");
    assert_eq!(collection.to_string(), format!("{GROUP}/providers/A.B/parents/p/children"));
}

#[test]
fn what_is_no_id_is_refused_with_the_shape_of_one() {
    let bad = [
        "",
        "/",
        "//",
        "planes/radius/local",
        "/planes//local",
        "/planes/radius/local//",
        "/planes/radius/local/providers",
        "/planes/radius/local/providers/A.B",
        "/planes/radius/local/providers/A.B/providers/C.D/e",
        "/foo/bar",
        "http://host/x",
    ];
    for text in bad {
        assert_eq!(text.parse::<ResourceId>(), Err(InvalidResourceId(text.to_owned())), "{text}");
    }
    assert!(InvalidResourceId("x".into()).to_string().contains("/planes/radius/local/resourceGroups/GROUP/providers"));
}

proptest! {
    #[test]
    fn any_text_is_an_id_or_refused_without_panic(text in any::<String>()) {
        if let Ok(id) = text.parse::<ResourceId>() {
            prop_assert_eq!(id.to_string().parse::<ResourceId>().unwrap(), id);
        }
    }

    #[test]
    fn ids_are_written_as_they_were_read(
        plane in "(/planes/radius/local|/subscriptions/s|/planes/aws/aws)",
        scopes in prop::collection::vec("/[a-zA-Z]{1,9}/[a-zA-Z0-9._ -]{1,9}", 0..3),
        types in prop::collection::vec("/(providers/[A-Z][a-z]{1,5}\\.[A-Z][a-z]{0,5}/)[a-z]{1,8}/[a-zA-Z0-9-]{1,8}(/[a-z]{1,8}/[a-z0-9]{1,8})?", 0..3),
        slash in "/?",
    ) {
        let text = format!("{plane}{}{}", scopes.concat(), types.concat());
        let id: ResourceId = format!("{text}{slash}").parse().unwrap();
        prop_assert_eq!(id.to_string(), text.clone());
        prop_assert_eq!(text.to_uppercase().parse::<ResourceId>().unwrap(), id.clone());
        prop_assert_eq!(id.is_resource(), !types.is_empty());
        prop_assert!(id.is_within(&id.scope()));
    }
}
