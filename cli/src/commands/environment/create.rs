//! `rad environment create`

use clap::ValueEnum;
use serde_json::{Value as Json, json};

use super::{Found, default_pack};
use crate::client::{Client, NATIVE_VERSION};
use crate::error::Error;
use crate::flavour::{Flavour, PreviewFlag};
use crate::output::Output;
use crate::registry::checked;
use crate::workspace::{Workspace, environment_id, group_scope};

/// What the environment is.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Name of the environment
    #[arg(required_unless_present = "environment")]
    name: Option<String>,
    /// Name of the environment, as a flag
    #[arg(short, long, hide = true, conflicts_with = "name", value_name = "NAME")]
    environment: Option<String>,
    /// Resource group [default: the workspace's]
    #[arg(short, long)]
    group: Option<String>,
    /// Platform that runs the environment's containers
    #[arg(long, value_enum, default_value = "kubernetes")]
    kind: Kind,
    /// Accepts deployments and creates nothing on the platform
    #[arg(long)]
    simulated: bool,
    #[command(flatten)]
    settings: Settings,
    #[command(flatten)]
    preview: PreviewFlag,
}

/// Settings that `create` and `update` share.
#[derive(Debug, clap::Args)]
pub struct Settings {
    /// Namespace of the environment's objects [default: the environment's name]
    #[arg(long, alias = "namespace", value_name = "NAME")]
    pub kubernetes_namespace: Option<String>,
    /// Azure subscription to deploy to
    #[arg(long, value_name = "ID", requires = "azure_resource_group")]
    pub azure_subscription_id: Option<String>,
    /// Azure resource group to deploy to
    #[arg(long, value_name = "NAME", requires = "azure_subscription_id")]
    pub azure_resource_group: Option<String>,
    /// AWS region to deploy to
    #[arg(long, value_name = "REGION", requires = "aws_account_id")]
    pub aws_region: Option<String>,
    /// AWS account to deploy to
    #[arg(long, value_name = "ID", requires = "aws_region")]
    pub aws_account_id: Option<String>,
    /// Recipe packs, as names or ids (with --preview) [default: the pack `default` of the group `default`,
    /// which is created when it is not there]
    #[arg(long, value_delimiter = ',', value_name = "PACK")]
    pub recipe_packs: Vec<String>,
    /// Resource group of the recipe packs [default: that of the environment]
    #[arg(long, value_name = "GROUP", requires = "recipe_packs")]
    pub recipe_pack_group: Option<String>,
}

/// The platforms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// Kubernetes
    Kubernetes,
    /// Docker or Podman at hand
    Docker,
    /// Azure Container Instances
    Aci,
    /// Azure Container Apps
    Aca,
    /// AWS ECS on Fargate
    Ecs,
    /// Google Cloud Run
    Cloudrun,
    /// Knative
    Knative,
}

impl Settings {
    /// Refuses what only the other family of environments understands.
    pub fn check(&self, flavour: Flavour) -> Result<(), Error> {
        if flavour == Flavour::Applications && !self.recipe_packs.is_empty() {
            return Err(Error::usage("`--recipe-packs` is for Radius.Core environments")
                .hint("add `--preview`, or set RADIUS_PREVIEW=true"));
        }
        if let Some(id) = &self.azure_subscription_id
            && uuid::Uuid::parse_str(id).is_err()
        {
            return Err(Error::usage(format!("`{id}` is not a valid subscription id")).hint("it is a UUID"));
        }
        Ok(())
    }

    /// Writes the cloud providers that were given into an environment's properties.
    pub fn write_providers(&self, properties: &mut Json, flavour: Flavour) {
        let providers = [
            self.azure_subscription_id.as_deref().zip(self.azure_resource_group.as_deref()).map(|(id, group)| {
                let value = match flavour {
                    Flavour::Applications => json!({"scope": format!("/subscriptions/{id}/resourceGroups/{group}")}),
                    Flavour::Radius => json!({"subscriptionId": id, "resourceGroupName": group}),
                };
                ("azure", value)
            }),
            self.aws_account_id.as_deref().zip(self.aws_region.as_deref()).map(|(account, region)| {
                let value = match flavour {
                    Flavour::Applications => {
                        json!({"scope": format!("/planes/aws/aws/accounts/{account}/regions/{region}")})
                    }
                    Flavour::Radius => json!({"accountId": account, "region": region}),
                };
                ("aws", value)
            }),
        ];
        for (name, value) in providers.into_iter().flatten() {
            properties["providers"][name] = value;
        }
    }

    /// Returns the full ids of the recipe packs.
    pub fn pack_ids(&self, scope: &str) -> Result<Vec<String>, Error> {
        let scope = self.recipe_pack_group.as_deref().map_or_else(|| scope.to_owned(), group_scope);
        let id = |pack: &String| {
            if pack.starts_with('/') {
                return Ok(pack.clone());
            }
            Ok(format!("{scope}/providers/Radius.Core/recipePacks/{}", checked("recipe pack", pack)?))
        };
        self.recipe_packs.iter().map(id).collect()
    }
}

impl Args {
    /// Whether the environment gets the pack that all environments share: its recipes make Kubernetes objects.
    fn wants_default_recipes(&self, flavour: Flavour) -> bool {
        flavour == Flavour::Radius && self.kind == Kind::Kubernetes
    }

    /// Whether the environment is of a cloud alone, where nobody said what it is in a cluster.
    fn is_of_a_cloud(&self) -> bool {
        let settings = &self.settings;
        settings.kubernetes_namespace.is_none()
            && (settings.azure_subscription_id.is_some() || settings.aws_account_id.is_some())
    }
}

/// Creates the environment.
pub async fn run(args: Args, workspace: &Workspace, client: &Client, output: Output) -> Result<(), Error> {
    let flavour = args.preview.flavour();
    args.settings.check(flavour)?;
    let name =
        checked("environment", args.name.as_deref().or(args.environment.as_deref()).unwrap_or_default())?.to_owned();
    let scope = workspace.scope(args.group.as_deref())?;
    let found = Found { id: environment_id(&scope, &name, flavour), name, flavour };
    if client.find(&scope, NATIVE_VERSION).await?.is_none() {
        let group = crate::workspace::last_segment(&scope);
        return Err(Error::failed(format!("the resource group `{group}` could not be found"))
            .hint(format!("`rad group create {group}` makes it")));
    }
    let packs = args.settings.pack_ids(&scope)?;
    for pack in &packs {
        client.get(pack, flavour.api_version()).await?;
    }
    let chosen = match packs.is_empty() && args.wants_default_recipes(flavour) {
        true => vec![default_pack::find_or_create(client).await?],
        false => packs.clone(),
    };
    let mut properties = properties(&args, &found, &chosen);
    args.settings.write_providers(&mut properties, flavour);
    client.put(&found.id, flavour.api_version(), &json!({"location": "global", "properties": properties})).await?;
    for pack in &packs {
        refer(client, pack, &found).await?;
    }
    output.done(&format!("{} created", found.display()))
}

fn properties(args: &Args, found: &Found, packs: &[String]) -> Json {
    let namespace = args.settings.kubernetes_namespace.as_deref();
    let kind = args.kind.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
    let mut properties = match (found.flavour, args.kind) {
        (Flavour::Applications, Kind::Aci) => {
            let subscription = args.settings.azure_subscription_id.as_deref().unwrap_or_default();
            let group = args.settings.azure_resource_group.as_deref().unwrap_or_default();
            json!({"compute": {"kind": kind, "resourceGroup": format!("/subscriptions/{subscription}/resourceGroups/{group}")}})
        }
        (Flavour::Applications, _) => {
            json!({"compute": {"kind": kind, "namespace": namespace.unwrap_or(&found.name)}})
        }
        (Flavour::Radius, Kind::Kubernetes) if args.is_of_a_cloud() => json!({"providers": {}}),
        (Flavour::Radius, Kind::Kubernetes) => {
            json!({"providers": {"kubernetes": {"namespace": namespace.unwrap_or("default")}}})
        }
        (Flavour::Radius, _) => json!({"compute": {"kind": kind, "namespace": namespace.unwrap_or(&found.name)}}),
    };
    if args.simulated {
        properties["simulated"] = true.into();
    }
    if !packs.is_empty() {
        properties["recipePacks"] = packs.into();
    }
    properties
}

/// Notes in a recipe pack that an environment uses it: that list is kept by clients.
pub async fn refer(client: &Client, pack: &str, environment: &Found) -> Result<(), Error> {
    let version = environment.flavour.api_version();
    let mut body = client.get(pack, version).await?;
    let mut users: Vec<Json> =
        body.pointer("/properties/referencedBy").and_then(Json::as_array).cloned().unwrap_or_default();
    if users.iter().any(|user| user.as_str().is_some_and(|id| id.eq_ignore_ascii_case(&environment.id))) {
        return Ok(());
    }
    users.push(environment.id.clone().into());
    body["properties"]["referencedBy"] = users.into();
    super::update::drop_system_data(&mut body);
    client.put(pack, version, &body).await?;
    Ok(())
}
