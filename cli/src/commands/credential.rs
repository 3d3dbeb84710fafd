//! `rad credential`: what the server may sign in to clouds with.

use clap::{Subcommand, ValueEnum};
use serde_json::{Map, Value as Json, json};

use crate::args::Globals;
use crate::client::{Client, Deleted, NATIVE_VERSION};
use crate::error::Error;
use crate::output::{Output, text};
use crate::table::Table;
use crate::workspace::Workspace;

/// The name that credentials are registered under.
const NAME: &str = "default";

/// Works on credentials for clouds.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Registers a credential, or replaces it
    #[command(subcommand)]
    Register(Register),
    /// Lists the clouds that have a credential
    List,
    /// Shows the credential of a cloud, without its secrets
    Show(Which),
    /// Removes the credential of a cloud
    Unregister(Which),
}

/// For which cloud.
#[derive(Debug, Subcommand)]
pub enum Register {
    /// For Azure
    #[command(subcommand)]
    Azure(Azure),
    /// For AWS
    #[command(subcommand)]
    Aws(Aws),
}

/// How to sign in to Azure.
#[derive(Debug, Subcommand)]
pub enum Azure {
    /// As a service principal
    Sp {
        /// Client ID of the service principal
        #[arg(long, value_name = "ID")]
        client_id: String,
        /// Client secret of the service principal
        #[arg(long, value_name = "SECRET")]
        client_secret: String,
        /// Tenant of the service principal
        #[arg(long, value_name = "ID")]
        tenant_id: String,
    },
    /// By workload identity
    Wi {
        /// Client ID of the identity
        #[arg(long, value_name = "ID")]
        client_id: String,
        /// Tenant of the identity
        #[arg(long, value_name = "ID")]
        tenant_id: String,
    },
}

/// How to sign in to AWS.
#[derive(Debug, Subcommand)]
pub enum Aws {
    /// With an access key
    AccessKey {
        /// ID of the access key
        #[arg(long, value_name = "ID")]
        access_key_id: String,
        /// The secret access key
        #[arg(long, value_name = "SECRET")]
        secret_access_key: String,
    },
    /// With an IAM role for service accounts
    Irsa {
        /// ARN of the role
        #[arg(long, value_name = "ARN")]
        iam_role: String,
    },
}

/// Which cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Cloud {
    /// Microsoft Azure.
    Azure,
    /// Amazon Web Services.
    Aws,
}

/// Which cloud's credential.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Which {
    /// The cloud
    #[arg(value_enum)]
    cloud: Cloud,
}

impl Cloud {
    const ALL: [Cloud; 2] = [Cloud::Azure, Cloud::Aws];

    fn name(self) -> &'static str {
        match self {
            Cloud::Azure => "azure",
            Cloud::Aws => "aws",
        }
    }

    fn collection(self) -> &'static str {
        match self {
            Cloud::Azure => "/planes/azure/azurecloud/providers/System.Azure/credentials",
            Cloud::Aws => "/planes/aws/aws/providers/System.AWS/credentials",
        }
    }

    fn path(self) -> String {
        format!("{}/{NAME}", self.collection())
    }
}

impl Register {
    /// The cloud, and what is to be stored of the credential.
    fn properties(&self) -> (Cloud, Json) {
        match self {
            Register::Azure(Azure::Sp { client_id, client_secret, tenant_id }) => (
                Cloud::Azure,
                json!({ "kind": "ServicePrincipal", "clientId": client_id, "clientSecret": client_secret,
                    "tenantId": tenant_id }),
            ),
            Register::Azure(Azure::Wi { client_id, tenant_id }) => {
                (Cloud::Azure, json!({ "kind": "WorkloadIdentity", "clientId": client_id, "tenantId": tenant_id }))
            }
            Register::Aws(Aws::AccessKey { access_key_id, secret_access_key }) => (
                Cloud::Aws,
                json!({ "kind": "AccessKey", "accessKeyId": access_key_id, "secretAccessKey": secret_access_key }),
            ),
            Register::Aws(Aws::Irsa { iam_role }) => (Cloud::Aws, json!({ "kind": "IRSA", "roleARN": iam_role })),
        }
    }
}

/// Runs `rad credential …`.
pub async fn run(command: Command, globals: &Globals) -> Result<(), Error> {
    let client = Workspace::find(globals)?.client(globals)?;
    let output = globals.output();
    match command {
        Command::Register(register) => {
            let (cloud, mut properties) = register.properties();
            properties["storage"] = json!({ "kind": "Internal" });
            let body = json!({ "location": "global", "properties": properties });
            client.put(&cloud.path(), NATIVE_VERSION, &body).await?;
            output.done(&format!("credential for {} registered", cloud.name()))
        }
        Command::List => list(&client, output).await,
        Command::Show(which) => show(which.cloud, &client, output).await,
        Command::Unregister(which) => {
            let cloud = which.cloud;
            match client.delete(&cloud.path(), NATIVE_VERSION).await? {
                Deleted::Gone => output.done(&format!("credential for {} removed", cloud.name())),
                Deleted::Absent => output.done(&format!("credential for {} not found", cloud.name())),
            }
        }
    }
}

async fn list(client: &Client, output: Output) -> Result<(), Error> {
    let mut registered = Vec::new();
    for cloud in Cloud::ALL {
        let credentials = client.list(cloud.collection(), NATIVE_VERSION).await?;
        if credentials.iter().any(|credential| text(credential, "/name") == NAME) {
            registered.push(json!({ "Name": cloud.name(), "Enabled": true }));
        }
    }
    output.value(&registered.clone().into(), || {
        let mut table = Table::new(["PROVIDER", "REGISTERED"]);
        registered.iter().for_each(|entry| table.row([text(entry, "/Name"), "true"]));
        table
    })
}

async fn show(cloud: Cloud, client: &Client, output: Output) -> Result<(), Error> {
    let Some(credential) = client.find(&cloud.path(), NATIVE_VERSION).await? else {
        return Err(Error::failed(format!("there is no credential for {}", cloud.name()))
            .hint(format!("`rad credential register {}` adds one", cloud.name())));
    };
    let properties = credential.get("properties").and_then(Json::as_object).cloned().unwrap_or_default();
    let kind = properties.get("kind").and_then(Json::as_str).unwrap_or_default().to_owned();
    output.value(&document(cloud, &kind, &properties), || {
        let mut columns = vec!["NAME".to_owned(), "REGISTERED".into(), "KIND".into()];
        let mut row = vec![cloud.name().to_owned(), "true".into(), kind.clone()];
        for (name, value) in shown(&properties) {
            columns.push(name.to_ascii_uppercase());
            row.push(value.to_owned());
        }
        let mut table = Table::with_columns(columns);
        table.row_of(&row);
        table
    })
}

/// The properties that tell one credential from another.
fn shown(properties: &Map<String, Json>) -> Vec<(&str, &str)> {
    let texts = properties.iter().filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)));
    texts.filter(|(name, _)| *name != "kind").collect()
}

/// Returns a credential in the shape that programs know from the stock command line.
fn document(cloud: Cloud, kind: &str, properties: &Map<String, Json>) -> Json {
    let text = |name: &str| properties.get(name).cloned().unwrap_or_default();
    let of_kind = |wanted: &str, value: Json| if kind == wanted { value } else { Json::Null };
    let azure = || {
        let both = json!({ "ClientID": text("clientId"), "Kind": kind, "TenantID": text("tenantId") });
        json!({
            "Kind": kind,
            "ServicePrincipal": of_kind("ServicePrincipal", both.clone()),
            "WorkloadIdentity": of_kind("WorkloadIdentity", both),
        })
    };
    let aws = || {
        json!({
            "Kind": kind,
            "AccessKey": of_kind("AccessKey", json!({ "Kind": null, "AccessKeyID": text("accessKeyId") })),
            "IRSA": of_kind("IRSA", json!({ "Kind": null, "RoleARN": text("roleARN") })),
        })
    };
    json!({
        "Name": cloud.name(),
        "Enabled": true,
        "AzureCredentials": if cloud == Cloud::Azure { azure() } else { Json::Null },
        "AWSCredentials": if cloud == Cloud::Aws { aws() } else { Json::Null },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_has_the_fields_that_programs_know() {
        let properties = json!({ "kind": "IRSA", "roleARN": "arn", "storage": {} });
        let shown = document(Cloud::Aws, "IRSA", properties.as_object().unwrap());
        let expected = json!({ "Name": "aws", "Enabled": true, "AzureCredentials": null,
            "AWSCredentials": { "Kind": "IRSA", "AccessKey": null, "IRSA": { "Kind": null, "RoleARN": "arn" } } });
        assert_eq!(shown, expected);
    }
}
