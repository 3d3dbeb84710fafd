//! `rad run`

use futures_util::stream::LocalBoxStream;
use futures_util::{StreamExt as _, stream};
use serde_json::Value as Json;

use super::deploy;
use super::pods::{self, Pods};
use crate::args::Globals;
use crate::deployment::name_and_type;
use crate::error::Error;
use crate::output::{Output, text, write_stdout};
use crate::workspace::Workspace;

/// What to deploy and to watch.
pub type Args = deploy::Args;

/// Deploys a file, prints where its containers are reached, and shows what they write until it is interrupted.
pub async fn run(args: &Args, globals: &Globals) -> Result<(), Error> {
    if args.application.is_none() {
        return Err(Error::usage("no application is named")
            .hint("name one with `--application NAME`; it is created when it is absent"));
    }
    if args.dry_run {
        return deploy::run(args, globals).await;
    }
    let output = globals.output();
    let deployed = deploy::deploy(args, globals).await?;
    let client = Workspace::find(globals)?.client(globals)?;
    deploy::present(&deployed, &client, output).await?;
    let mut containers = Vec::new();
    for id in &deployed.resources {
        let (name, kind) = name_and_type(id);
        if let Some(flavour) = version_of(&kind) {
            containers.push((name, client.get(id, flavour).await?));
        }
    }
    if containers.is_empty() {
        return output.done("\nThere is no container whose log could be shown.");
    }
    addresses(&containers)?;
    follow(&containers, output).await
}

/// The API version of containers; `None` for every other type.
fn version_of(kind: &str) -> Option<&'static str> {
    match kind.to_ascii_lowercase().as_str() {
        "applications.core/containers" => Some("2023-10-01-preview"),
        "radius.compute/containers" => Some("2025-08-01-preview"),
        _ => None,
    }
}

/// Prints where ports are reached on this machine.
fn addresses(containers: &[(String, Json)]) -> Result<(), Error> {
    let mut lines = String::new();
    for (name, container) in containers {
        for (port, address) in
            container.pointer("/properties/status/endpoints").and_then(Json::as_object).into_iter().flatten()
        {
            lines.push_str(&format!("    {name:<15} {port:<10} {}\n", address.as_str().unwrap_or_default()));
        }
    }
    if lines.is_empty() { Ok(()) } else { write_stdout(&format!("\nForwarded ports:\n{lines}")) }
}

/// Namespaces and names of the containers on this machine's engine that a resource became.
#[cfg(any(feature = "docker", test))]
fn on_engine(container: &Json) -> Vec<(String, String)> {
    let made = container.pointer("/properties/status/outputResources").and_then(Json::as_array).into_iter().flatten();
    let ids = made.filter_map(|made| text(made, "/id").strip_prefix("/planes/docker/local/namespaces/"));
    let named = ids.filter_map(|rest| {
        let (namespace, rest) = rest.split_once("/providers/")?;
        let name = rest.strip_prefix("core/container/")?;
        Some((namespace.to_owned(), name.to_owned()))
    });
    named.collect()
}

/// Follows the logs of containers on this machine's engine.
#[cfg(feature = "docker")]
async fn on_this_machine<'a>(
    engine: &'a radii_platform_docker::Engine,
    containers: &'a [(String, Json)],
) -> Result<Vec<Lines<'a>>, Error> {
    let mut logs: Vec<Lines<'_>> = Vec::new();
    for (name, container) in containers {
        for (namespace, on_engine) in on_engine(container) {
            let lines = engine.follow(&namespace, &on_engine).await.map_err(|fault| Error::failed(fault.message))?;
            let lines = lines.map(move |line| (name.as_str(), line.map_err(|fault| Error::failed(fault.message))));
            logs.push(lines.boxed_local());
        }
    }
    Ok(logs)
}

/// Follows the logs of pods.
async fn on_kubernetes(containers: &[(String, Json)]) -> Result<Vec<Lines<'_>>, Error> {
    let pods = Pods::of_kubeconfig();
    let mut logs: Vec<Lines<'_>> = Vec::new();
    for (name, container) in containers {
        for deployed in pods::deployed(container) {
            match pods.follow(&deployed, &pods::Which::default()).await {
                Ok(streams) => {
                    logs.extend(
                        streams.into_iter().map(|lines| lines.map(move |line| (name.as_str(), line)).boxed_local()),
                    );
                }
                // It was deployed; that this machine cannot see its pods is no failure of that.
                Err(error) => crate::output::warn(&format!("the log of `{name}` cannot be followed: {error}")),
            }
        }
    }
    Ok(logs)
}

/// Lines of a container's log, with its name.
type Lines<'a> = LocalBoxStream<'a, (&'a str, Result<String, Error>)>;

async fn follow(containers: &[(String, Json)], output: Output) -> Result<(), Error> {
    #[cfg(feature = "docker")]
    let engine = radii_platform_docker::Engine::from_environment();
    #[cfg(feature = "docker")]
    let mut logs = on_this_machine(&engine, containers).await?;
    #[cfg(not(feature = "docker"))]
    let mut logs: Vec<Lines<'_>> = Vec::new();
    logs.extend(on_kubernetes(containers).await?);
    if logs.is_empty() {
        return output.done("\nThe containers do not run on this machine's engine; their platform shows their logs.");
    }
    output.done("\nStarting log stream... (Ctrl+C ends it; what was deployed goes on)\n")?;
    let mut logs = stream::select_all(logs);
    loop {
        tokio::select! {
            next = logs.next() => match next {
                Some((name, Ok(line))) => write_stdout(&format!("{name}+ {}\n", line.trim_end()))?,
                Some((name, Err(fault))) => crate::output::warn(&format!("the log of `{name}` ends: {fault}")),
                None => return Ok(()),
            },
            _ = tokio::signal::ctrl_c() => return Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn containers_of_this_machine_are_told_from_other_objects() {
        let id = |path: &str| json!({ "id": format!("/planes/{path}") });
        let container = json!({ "properties": { "status": { "outputResources": [
            id("docker/local/namespaces/dev/providers/core/network/dev"),
            id("docker/local/namespaces/dev/providers/core/container/web"),
            id("kubernetes/local/namespaces/dev/providers/apps/Deployment/web"),
        ] } } });
        assert_eq!(on_engine(&container), [("dev".to_owned(), "web".to_owned())]);
    }
}
