//! `rad watch`

use serde_json::{Value as Json, json};

use crate::args::Globals;
use crate::client::{Client, Event, Watch};
use crate::error::Error;
use crate::output::{Output, text, write_stdout};
use crate::registry::{PLANE, load_type, parse_type};
use crate::workspace::Workspace;

/// The types of what is registered.
pub const REGISTRATIONS: [&str; 4] = [
    "System.Resources/resourceProviders",
    "System.Resources/resourceProviders/resourceTypes",
    "System.Resources/resourceProviders/resourceTypes/apiVersions",
    "System.Resources/resourceProviders/locations",
];

/// What to watch.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only resources of these types, as NAMESPACE/TYPE [default: all resources]
    #[arg(value_name = "TYPE")]
    types: Vec<String>,
    /// Resource group [default: the workspace's]
    #[arg(short, long, conflicts_with = "all")]
    group: Option<String>,
    /// Everything in the plane: resources of all groups, registrations
    #[arg(short = 'A', long)]
    all: bool,
    /// API version to show resources in [default: the type's default version]
    #[arg(long, value_name = "VERSION")]
    api_version: Option<String>,
    /// Goes on behind this revision instead of showing first what is there; `now` shows changes only
    #[arg(long, value_name = "REVISION")]
    since: Option<String>,
    /// Ends after so many events
    #[arg(long, value_name = "NUMBER")]
    count: Option<usize>,
}

/// Prints what is there and what changes, until it is interrupted.
pub async fn run(args: &Args, globals: &Globals) -> Result<(), Error> {
    let workspace = Workspace::find(globals)?;
    let client = workspace.client(globals)?;
    let scope = if args.all { PLANE.to_owned() } else { workspace.scope(args.group.as_deref())? };
    let mut types = Vec::new();
    for name in &args.types {
        // Registrations are none of the registered types.
        let known = REGISTRATIONS.iter().find(|known| known.eq_ignore_ascii_case(name));
        types.push(match known {
            Some(known) => (*known).to_owned(),
            None => load_type(&client, &parse_type(name)?).await?.name.to_string(),
        });
    }
    let mut query = vec![("scope", scope)];
    query.extend(types.into_iter().map(|name| ("type", name)));
    query.extend(args.api_version.clone().map(|version| ("api-version", version)));
    query.extend(args.since.clone().map(|since| ("since", since)));
    follow(&client, &query, args.count, globals.output()).await
}

/// Prints the events of the feed: a line each, for people or as JSON.
pub async fn follow(
    client: &Client,
    query: &[(&str, String)],
    count: Option<usize>,
    output: Output,
) -> Result<(), Error> {
    let mut left = count;
    if left == Some(0) {
        return Ok(());
    }
    // A feed that is refused prints no heading.
    let mut is_headed = !output.is_table();
    client
        .follow(query, |event| {
            if event.name == "bookmark" {
                return Ok(Watch::On);
            }
            if !std::mem::replace(&mut is_headed, true) {
                write_stdout(&line(["EVENT", "RESOURCE", "TYPE", "GROUP", "STATE"]))?;
            }
            write_stdout(&shown(&event, output))?;
            left = left.map(|left| left.saturating_sub(1));
            Ok::<_, Error>(if left == Some(0) { Watch::Enough } else { Watch::On })
        })
        .await
}

fn shown(event: &Event, output: Output) -> String {
    let resource = event.data.get("resource").cloned().unwrap_or(Json::Null);
    if !output.is_table() {
        let event = json!({ "event": event.name, "revision": event.data["revision"], "resource": resource });
        return format!("{event}\n");
    }
    let id: Option<radii_model::ResourceId> = text(&resource, "/id").parse().ok();
    let group = id.as_ref().and_then(radii_model::ResourceId::resource_group).unwrap_or_default();
    let state = text(&resource, "/properties/provisioningState");
    line([&event.name, text(&resource, "/name"), text(&resource, "/type"), group, state])
}

/// Columns of a width that most names keep: what comes later is not known yet.
fn line(cells: [&str; 5]) -> String {
    let [event, name, kind, group, state] = cells;
    let line = format!("{event:<9} {name:<24} {kind:<36} {group:<16} {state}");
    format!("{}\n", line.trim_end())
}
