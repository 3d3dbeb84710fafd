//! `rad environment update`

use serde_json::Value as Json;

use super::Which;
use super::create::{Settings, refer};
use crate::client::Client;
use crate::error::Error;
use crate::output::Output;
use crate::workspace::Workspace;

/// What to change.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    settings: Settings,
    /// Forgets the Azure subscription
    #[arg(long, conflicts_with = "azure_subscription_id")]
    clear_azure: bool,
    /// Forgets the AWS account
    #[arg(long, conflicts_with = "aws_account_id")]
    clear_aws: bool,
    /// Forgets the Kubernetes namespace (with --preview)
    #[arg(long, conflicts_with = "kubernetes_namespace")]
    clear_kubernetes: bool,
}

impl Args {
    fn changes_nothing(&self) -> bool {
        let settings = &self.settings;
        settings.kubernetes_namespace.is_none()
            && settings.azure_subscription_id.is_none()
            && settings.aws_account_id.is_none()
            && settings.recipe_packs.is_empty()
            && !(self.clear_azure || self.clear_aws || self.clear_kubernetes)
    }
}

/// Reads the environment, changes it and writes it back.
pub async fn run(args: Args, workspace: &Workspace, client: &Client, output: Output) -> Result<(), Error> {
    use crate::flavour::Flavour::{Applications, Radius};
    let found = args.which.resolve(workspace)?;
    args.settings.check(found.flavour)?;
    if args.changes_nothing() {
        return Err(
            Error::usage("nothing to change was given").hint("`rad env update --help` lists what can be changed")
        );
    }
    if args.clear_kubernetes && found.flavour == Applications {
        return Err(Error::usage("`--clear-kubernetes` is for Radius.Core environments")
            .hint("add `--preview`, or set RADIUS_PREVIEW=true"));
    }
    let mut body = found.load(client).await?;
    let properties = &mut body["properties"];
    args.settings.write_providers(properties, found.flavour);
    if let Some(namespace) = &args.settings.kubernetes_namespace {
        match found.flavour {
            Applications => properties["compute"]["namespace"] = namespace.as_str().into(),
            Radius => properties["providers"]["kubernetes"]["namespace"] = namespace.as_str().into(),
        }
    }
    for (clear, name) in [(args.clear_azure, "azure"), (args.clear_aws, "aws"), (args.clear_kubernetes, "kubernetes")] {
        if clear && let Some(providers) = properties.get_mut("providers").and_then(Json::as_object_mut) {
            providers.remove(name);
        }
    }
    let scope = found.id.split("/providers/").next().unwrap_or_default();
    let packs = args.settings.pack_ids(scope)?;
    for pack in &packs {
        client.get(pack, found.flavour.api_version()).await?;
    }
    if !packs.is_empty() {
        properties["recipePacks"] = packs.as_slice().into();
    }
    drop_system_data(&mut body);
    client.put(&found.id, found.flavour.api_version(), &body).await?;
    for pack in &packs {
        refer(client, pack, &found).await?;
    }
    output.done(&format!("{} updated", found.display()))
}

/// Removes what the server alone writes, before a body goes back to it.
pub fn drop_system_data(body: &mut Json) {
    if let Some(members) = body.as_object_mut() {
        members.remove("systemData");
    }
}
