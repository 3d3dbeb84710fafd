//! The configuration file, through the commands that change it. No server is asked.

use crate::server::Rad;

#[test]
fn a_workspace_is_made_listed_switched_and_deleted() {
    let rad = Rad::new("http://127.0.0.1:1");
    rad.ok("workspace create kubernetes one --group first --environment dev");
    rad.ok("workspace create kubernetes Two --group second");
    assert_eq!(
        rad.ok("workspace list"),
        "WORKSPACE  KIND        KUBECONTEXT  GROUP     ENVIRONMENT\n\
         one        kubernetes               first     dev\n\
         two        kubernetes               second\n"
    );
    assert_eq!(rad.ok("workspace switch one"), "Switching default workspace from two to one\n");
    assert_eq!(rad.ok("workspace switch one"), "Default workspace is already set to one\n");
    let config = rad.config();
    assert!(config.contains("scope: /planes/radius/local/resourceGroups/first"), "{config}");
    assert_eq!(rad.ok("workspace delete one --yes"), "Local workspace one deleted\n");
    assert!(rad.fails(1, "workspace show one").contains("the workspace `one` does not exist"));
    assert!(rad.ok("workspace show").starts_with("There is no workspace currently set."));
}

#[test]
fn an_existing_workspace_is_replaced_only_by_force() {
    let rad = Rad::new("http://127.0.0.1:1");
    rad.ok("workspace create kubernetes w --group a");
    assert!(rad.fails(1, "workspace create kubernetes w --group b").contains("add `--force`"));
    rad.ok("workspace create kubernetes w --group b --force");
    assert!(rad.config().contains("resourceGroups/b"));
}

#[test]
fn a_file_that_rad_of_radius_wrote_is_kept_but_for_the_change() {
    let rad = Rad::new("http://127.0.0.1:1");
    let original = "\
workspaces:
    default: local
    items:
        local:
            connection:
                context: \"\"
                kind: kubernetes
                overrides:
                    ucp: http://127.0.0.1:9000
            scope: /planes/radius/local/resourceGroups/default
        other:
            connection:
                context: \"\"
                kind: kubernetes
";
    rad.write_config(&format!("telemetry:\n    Level: 3\n{original}"));
    rad.ok("workspace switch other");
    let expected = original.replace("default: local", "default: other");
    assert_eq!(rad.config(), format!("telemetry:\n    Level: 3\n{expected}"));
}

#[test]
fn broken_files_are_refused_with_the_reason() {
    let rad = Rad::new("http://127.0.0.1:1");
    for (text, expected) in [
        ("workspaces: [", "is not usable"),
        ("workspaces: {extra: 1}", "unknown key `extra`"),
        ("workspaces: {default: b, items: {a: {}}}", "the workspace `b` does not exist"),
    ] {
        rad.write_config(text);
        let said = rad.fails(1, "env list");
        assert!(said.contains(expected), "{said}");
    }
}

#[test]
fn a_connection_that_cannot_be_used_is_explained() {
    let rad = Rad::without_url();
    for (connection, expected) in [
        ("", "it has no `connection`"),
        ("connection: {context: ''}", "`connection.kind` is missing"),
        ("connection: {kind: 3}", "`connection.kind` must be a string"),
        ("connection: {kind: docker}", "connections of kind `docker` are not supported"),
        ("connection: {kind: kubernetes, color: red}", "unknown key `color`"),
        ("connection: {kind: kubernetes, context: kind}", "names a Kubernetes context"),
        ("connection: {kind: kubernetes, overrides: {ucp: 'ftp://x'}}", "only http and https are supported"),
    ] {
        rad.write_config(&format!("workspaces: {{default: a, items: {{a: {{{connection}}}}}}}"));
        let said = rad.fails(1, "group list");
        assert!(said.contains(expected), "{said}");
    }
}

#[test]
fn nobody_is_asked_to_guess_without_a_terminal() {
    let rad = Rad::new("http://127.0.0.1:1");
    rad.ok("workspace create kubernetes w");
    let said = rad.fails(2, "workspace delete w");
    assert!(said.contains("There is no terminal") && said.contains("add `--yes`"), "{said}");
    assert!(rad.config().contains("default: w"));
}

#[test]
fn no_answering_server_has_an_exit_code_of_its_own() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let said = Rad::new(&url).fails(3, "group list");
    assert!(said.contains(&format!("no server answers at {url}")) && said.contains("`rad serve`"), "{said}");
}
